"""Self-checks for the reader: the exercises of a chapter, and its quiz with fold-out answers.

Questions, answers and hints are data: `ganlab/assets/quizzes/CHAPTER.yml`, part of the package, since a
notebook that is opened alone has no folder beside it.
"""

from __future__ import annotations

import html
import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from typing import Any

__all__ = ["Quiz", "Verdict", "check", "quiz"]

Record = dict[str, Any]
_POINTS = ("-2.7", "-0.6", "0.3", "1.9")


@dataclass(frozen=True)
class Verdict:
    """What is said about an answer: `right` or not, and a sentence, which is also how it is displayed."""

    right: bool
    message: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Quiz:
    """The questions of a chapter, displayed as a list whose choices unfold into right or wrong, and why.

    `questions`: one mapping each, with `id`, `kind` (single, multiple or numeric), `prompt`, and `choices`
    (each with `text`, `why` and, where it is so, `right`) or `answer` and `why`.
    """

    title: str
    questions: tuple[Record, ...]

    def __repr__(self) -> str:
        return f"Quiz: {self.title}, {len(self.questions)} questions"

    def _repr_html_(self) -> str:
        items = "\n".join(_question(question) for question in self.questions)
        return f'<ol class="quiz" aria-label="Quiz: {html.escape(self.title)}">\n{items}\n</ol>'


def check(name: str, answer: Any = None) -> Verdict:
    """The verdict on the answer to one exercise: right, close, or wrong with the likely reason.

    `name`: chapter and number, as in ``binary_cross_entropy-1``. `answer`: a number, or a sympy expression
    where the exercise asks for one; None gives the verdict that there is nothing to check yet. A number is
    right within the tolerance of the exercise and close within ten of them.

    Raises `ValueError` where there is no such exercise, `TypeError` where the answer is of the wrong kind.

    >>> check("binary_cross_entropy-1", 0.6224)
    Right. The two means are added, each over its own batch.
    >>> check("binary_cross_entropy-1", 0.3112)
    Not yet. This is half of it, the average of the two means. Our discriminator losses are sums.
    """
    exercise = _exercise(name)
    if answer is None:
        return Verdict(False, f"Nothing to check yet: give `answer`, {_wanted(exercise)}.")
    compare = _distance if exercise["kind"] == "number" else _difference
    if compare(answer, exercise["answer"]) <= exercise.get("tolerance", 0):
        return Verdict(True, f"Right. {exercise['right']}")
    for mistake in exercise["misconceptions"]:
        if compare(answer, mistake["answer"]) <= exercise.get("tolerance", 0):
            return Verdict(False, f"Not yet. {mistake['hint']}")
    if compare(answer, exercise["answer"]) <= 10 * exercise.get("tolerance", 0):
        return Verdict(False, f"Close, but not to {exercise['tolerance']:g}. {exercise['near']}")
    return Verdict(False, f"Not yet. {exercise['otherwise']}")


def quiz(chapter: str) -> Quiz:
    """The quiz of a chapter, to be displayed as the last expression of a cell.

    Raises `ValueError` that lists what exists where `chapter` has no quiz.

    >>> quiz("binary_cross_entropy")
    Quiz: Binary cross-entropy, 6 questions
    """
    record = _load(_known("chapter", chapter, _chapters()))
    return Quiz(record["title"], tuple(record["questions"]))


# Files


def _chapters() -> list[str]:
    folder = files("ganlab") / "assets" / "quizzes"
    return sorted(entry.name[:-4] for entry in folder.iterdir() if entry.name.endswith(".yml"))


def _load(chapter: str) -> Record:
    import yaml

    path = files("ganlab") / "assets" / "quizzes" / f"{chapter}.yml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _exercise(name: str) -> Record:
    exercises = {
        f"{chapter}-{number}": exercise
        for chapter in _chapters()
        for number, exercise in _load(chapter)["exercises"].items()
    }
    return exercises[_known("name", name, sorted(exercises))]


def _known(argument: str, value: str, choices: list[str]) -> str:
    if value in choices:
        return value
    nearest = get_close_matches(str(value), choices, n=1, cutoff=0)
    raise ValueError(
        f"`{argument}` must be one of {', '.join(choices)}, got {value!r}; the nearest is {nearest[0]!r}"
    )


# Answers


def _wanted(exercise: Record) -> str:
    return "a number" if exercise["kind"] == "number" else "a sympy expression"


def _distance(answer: Any, truth: float) -> float:
    """How far a number is from the truth; infinite where it is no number at all, such as NaN."""
    if isinstance(answer, (bool, str)):
        raise TypeError(f"`answer` must be a number, got {answer!r}")
    try:
        distance = abs(float(answer) - truth)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"`answer` must be a number, got {type(answer).__name__}") from None
    return math.inf if math.isnan(distance) else distance


def _difference(answer: Any, truth: str) -> float:
    """Zero where two expressions agree at several points, infinite where they do not."""
    import sympy

    if isinstance(answer, (bool, str)) or not isinstance(answer, (sympy.Expr, int, float)):
        raise TypeError(f"`answer` must be a sympy expression, got {answer!r}")
    given: Any = sympy.sympify(answer)
    plain = {
        symbol: sympy.Symbol(symbol.name) for symbol in given.free_symbols if isinstance(symbol, sympy.Symbol)
    }
    difference = given.xreplace(plain) - sympy.sympify(truth)
    names: list[Any] = sorted(difference.free_symbols, key=str)
    for shift in range(len(_POINTS)):
        at = {name: sympy.Rational(_POINTS[(shift + i) % len(_POINTS)]) for i, name in enumerate(names)}
        value = sympy.N(difference.subs(at), 30)
        if not value.is_number or not value.is_finite or abs(value) > 1e-20:
            return math.inf
    return 0.0


# Display

_ASKED = {"single": "Choose one.", "multiple": "Choose all that hold.", "numeric": "Work it out."}


def _question(question: Record) -> str:
    if question["kind"] == "numeric":
        folds = _fold("Show the answer", f"{question['answer']:.6g}. {question['why']}")
    else:
        folds = "".join(
            _fold(choice["text"], f"{'Right.' if choice.get('right') else 'No.'} {choice['why']}")
            for choice in question["choices"]
        )
    return (
        f"<li><p>{_text(question['prompt'])} <em>{_ASKED[question['kind']]}</em></p>\n<ul>{folds}</ul></li>"
    )


def _fold(summary: str, inside: str) -> str:
    return f"<li><details><summary>{_text(summary)}</summary><p>{_text(inside)}</p></details></li>"


def _text(markdown: str) -> str:
    """Escaped text, with code between backticks set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(markdown, quote=False))
