"""What lives on a page without a server: films, explorers, quizzes, the lab, and their browser code."""
