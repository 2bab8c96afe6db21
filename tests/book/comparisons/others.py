"""The comparing sentences of the museum, of the corrections, of the other pages and of the quizzes."""

CLAIMS = {}
