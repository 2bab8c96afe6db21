"""Self-checks for the reader: the exercises of a chapter, and its quiz.

Questions, answers and hints are data: `ganlab/assets/quizzes/CHAPTER.yml`, part of the package, since a
notebook that is opened alone has no folder beside it.
"""

from __future__ import annotations

import hashlib
import html
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ganlab.page import parts

__all__ = ["Mark", "Quiz", "chapters", "check", "fields", "formulas", "quiz", "read"]

Entry = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """What is said about an answer: `right` or not, and a sentence, which is also how it is displayed."""

    right: bool
    message: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Quiz:
    """The questions of a chapter, displayed as a quiz that marks itself in the browser.

    Where scripts may not run, as in an untrusted notebook, it is a list whose choices unfold into right or
    wrong, and why. `questions`: one mapping each, as the file of the chapter holds them.
    """

    chapter: str
    title: str
    questions: tuple[Entry, ...]

    def __repr__(self) -> str:
        return f"Quiz: {self.title}, {len(self.questions)} questions"

    def _repr_html_(self) -> str:
        return self.html()

    def html(self, *, script: bool = True) -> str:
        """The HTML of the quiz; with `script` it is enough alone, without it the page brings the script.

        >>> [quiz("binary_cross_entropy").html(script=alone).count("</script>") for alone in (True, False)]
        [2, 1]
        """
        questions = [_shown(question) for question in self.questions]
        items = "\n".join(_question(question) for question in questions)
        fallback = f'<ol aria-label="Quiz: {html.escape(self.title)}">\n{items}\n</ol>'
        data = {"chapter": self.chapter, "title": self.title, "questions": questions}
        return parts.html("quiz", data, fallback=fallback, script=script)


def chapters() -> list[str]:
    """The chapters that have a quiz, in alphabetical order.

    >>> "binary_cross_entropy" in chapters()
    True
    """
    folder = files("ganlab") / "assets" / "quizzes"
    return sorted(entry.name[:-4] for entry in folder.iterdir() if entry.name.endswith(".yml"))


def check(name: str, answer: Any = None) -> Mark:
    """The verdict on the answer to one exercise: right, close, or wrong with the likely reason.

    `name`: chapter and number, as in ``binary_cross_entropy-1``. `answer`: a number, or what else the
    exercise asks for: a sympy expression, a function, or the letter of a choice; None gives the verdict that
    there is nothing to check yet. A number is right within the tolerance of the exercise and close within
    ten of them. A function is called with the arguments of each case, lists as float64 tensors, and right
    where every value is; what it raises is not caught.

    Raises `ValueError` where there is no such exercise or choice, `TypeError` where the answer is of the
    wrong kind.

    >>> check("binary_cross_entropy-1", 0.6224)
    Right. The two means are added, each over its own batch.
    >>> check("binary_cross_entropy-1", 0.3112)
    Not yet. This is half of it, the average of the two means. Our discriminator losses are sums.
    """
    exercise = _exercise(name)
    if answer is None:
        return Mark(False, f"Nothing to check yet: give `answer`, {_wanted(exercise)}.")
    given, compare = _read_answer(exercise, answer)
    if compare(given, exercise["answer"]) <= exercise.get("tolerance", 0):
        return Mark(True, f"Right. {exercise['right']}")
    for mistake in exercise["misconceptions"]:
        if compare(given, mistake["answer"]) <= exercise.get("tolerance", 0):
            return Mark(False, f"Not yet. {mistake['hint']}")
    if compare(given, exercise["answer"]) <= 10 * exercise.get("tolerance", 0):
        return Mark(False, f"Close, but not to {exercise['tolerance']:g}. {exercise['near']}")
    return Mark(False, f"Not yet. {exercise['otherwise']}")


def formulas(chapter: str) -> dict[str, Entry]:
    """For each exercise that asks for an expression, what is needed to mark one: {number: entry}.

    Raises `ValueError` that lists what exists where `chapter` has no exercises.

    >>> formulas("non_saturating_loss")["2"]["answer"]
    '-a'
    """
    exercises = _load(_known("chapter", chapter, chapters()))["exercises"]
    return {number: exercise for number, exercise in exercises.items() if exercise["kind"] == "expression"}


def fields(chapter: str) -> dict[str, str]:
    """For each exercise that asks for a number or a choice, the HTML of a field: {number: HTML}.

    What the field says is what `check` says. It brings no script: the page does, once.

    Raises `ValueError` that lists what exists where `chapter` has no exercises.

    >>> list(fields("binary_cross_entropy"))[:3]  # the second asks for an expression
    ['1', '3', '4']
    """
    exercises = _load(_known("chapter", chapter, chapters()))["exercises"]
    fallback = "<p>The notebook checks your number.</p>"
    return {
        number: parts.html("quiz", _field(chapter, number, exercise), fallback=fallback, script=False)
        for number, exercise in exercises.items()
        if exercise["kind"] in ("number", "choice")
    }


def quiz(chapter: str) -> Quiz:
    """The quiz of a chapter, to be displayed as the last expression of a cell.

    Raises `ValueError` that lists what exists where `chapter` has no quiz.

    >>> quiz("binary_cross_entropy")
    Quiz: Binary cross-entropy, 6 questions
    """
    record = _load(_known("chapter", chapter, chapters()))
    return Quiz(chapter, record["title"], tuple(record["questions"]))


# Files

_HEAD = {"id", "kind", "prompt"}
_OF_KIND = {
    "single": {"choices"},
    "multiple": {"choices"},
    "ordering": {"items"},
    "numeric": {"answer", "tolerance", "why", "misconceptions"},
}
_EXERCISE = {"kind", "answer", "right", "otherwise", "misconceptions"}
_OF_EXERCISE = {
    "number": {"tolerance", "near"},
    "expression": set(),
    "function": {"cases", "tolerance", "near"},
    "choice": set(),
}


def read(path: Path) -> Entry:
    """The `title`, `questions` and `exercises` of a quiz file, checked.

    Raises `ValueError` that names the file, the question and the fault: a key that is missing or not known,
    a choice without an explanation, a single question with other than one right answer, a tolerance that
    is no positive number, a name that occurs twice, a slip that the tolerance would take for the answer.
    """
    import yaml

    record = yaml.safe_load(path.read_text(encoding="utf-8"))
    fault = _fault(record)
    if fault:
        raise ValueError(f"`{path.name}` is no quiz: {fault}")
    return record


def _fault(record: Any) -> str | None:
    if fault := _keys(record, {"title", "questions", "exercises"}):
        return fault
    for question in record["questions"]:
        if fault := _question_fault(question):
            return f"question {question['id']!r}: {fault}" if "id" in question else f"{question!r}: {fault}"
    for number, exercise in record["exercises"].items():
        if fault := _exercise_fault(exercise):
            return f"exercise {number!r}: {fault}"
    names = [question["id"] for question in record["questions"]]
    twice = {name for name in names if names.count(name) > 1}
    return f"two questions are called {min(twice)!r}" if twice else None


def _question_fault(question: Any) -> str | None:
    if not isinstance(question, dict) or "id" not in question:
        return f"expected the keys {', '.join(sorted(_HEAD))}"
    kind = question.get("kind")
    if kind not in _OF_KIND:
        return f"`kind` must be one of {', '.join(_OF_KIND)}, got {kind!r}"
    if fault := _keys(question, _HEAD | _OF_KIND[kind], optional={"misconceptions"}):
        return fault
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", str(question["id"])):
        return "`id` must be of small letters, digits and hyphens"
    if kind == "numeric":
        return _number_fault(question)
    options = question["items" if kind == "ordering" else "choices"]
    optional = set() if kind == "ordering" else {"right"}
    for option in options:
        if fault := _keys(option, {"text", "why"} | optional, optional=optional):
            return f"in {str(option.get('text'))!r}: {fault}"
        if option.get("right", True) is not True:
            return f"in {option['text']!r}: `right` is true or absent, got {option['right']!r}"
    if len({option["text"] for option in options}) < max(len(options), 2):
        return "there must be two choices or more, no two of them alike"
    right = sum("right" in option for option in options)
    if kind == "single" and right != 1:
        return f"one choice must be right, got {right}"
    return (
        "some choices must be right, not all" if kind == "multiple" and right in (0, len(options)) else None
    )


def _exercise_fault(exercise: Any) -> str | None:
    kind = exercise.get("kind") if isinstance(exercise, dict) else exercise
    if kind not in _OF_EXERCISE:
        return f"`kind` must be one of {', '.join(_OF_EXERCISE)}, got {kind!r}"
    if fault := _keys(exercise, _EXERCISE | _OF_EXERCISE[kind]):
        return fault
    if kind == "number":
        return _number_fault(exercise)
    fault = _slips_fault(exercise)
    if fault or kind == "expression":
        return fault
    answers = [exercise["answer"], *(slip["answer"] for slip in exercise["misconceptions"])]
    if kind == "choice":
        letters = "abcdefgh"[: len(answers)]
        return None if sorted(map(str, answers)) == list(letters) else f"the choices must be {letters}"
    cases = exercise["cases"]
    if not all(isinstance(values, list) and len(values) == len(cases) for values in answers):
        return f"each answer must be a list of {len(cases)} values, one a case"
    return None if exercise["tolerance"] > 0 else f"`tolerance` must be positive, got {exercise['tolerance']}"


def _number_fault(question: Entry) -> str | None:
    for key in ("answer", "tolerance"):
        if not isinstance(question[key], (int, float)) or not math.isfinite(question[key]):
            return f"`{key}` must be a number, got {question[key]!r}"
    if question["tolerance"] <= 0:
        return f"`tolerance` must be positive, got {question['tolerance']}"
    if fault := _slips_fault(question):
        return fault
    slips = [slip["answer"] for slip in question.get("misconceptions", ())]
    taken = [slip for slip in slips if abs(slip - question["answer"]) <= 2 * question["tolerance"]]
    return f"the slip {taken[0]} is within two tolerances of the answer" if taken else None


def _slips_fault(question: Entry) -> str | None:
    faults = (_keys(slip, {"answer", "hint"}) for slip in question.get("misconceptions", ()))
    return next((f"in a misconception: {fault}" for fault in faults if fault), None)


def _keys(record: Any, wanted: set[str], *, optional: Iterable[str] = ()) -> str | None:
    if not isinstance(record, dict):
        return f"expected the keys {', '.join(sorted(wanted))}, got {record!r}"
    if unknown := set(record) - wanted:
        return f"unknown key {min(map(str, unknown))!r}"
    if missing := {key for key in wanted - set(optional) if record.get(key) in (None, "", [])}:
        return f"nothing given for {min(missing)!r}"
    return None


@cache
def _load(chapter: str) -> Entry:
    return read(Path(str(files("ganlab") / "assets" / "quizzes" / f"{chapter}.yml")))


def _exercise(name: str) -> Entry:
    exercises = {
        f"{chapter}-{number}": exercise
        for chapter in chapters()
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


def _wanted(exercise: Entry) -> str:
    if exercise["kind"] == "choice":
        return f"one of {', '.join(_letters(exercise))}"
    return {"number": "a number", "expression": "a sympy expression", "function": "a function"}[
        exercise["kind"]
    ]


def _letters(exercise: Entry) -> list[str]:
    return sorted([exercise["answer"], *(slip["answer"] for slip in exercise["misconceptions"])])


def _read_answer(exercise: Entry, answer: Any) -> tuple[Any, Any]:
    """The answer in the form that is compared, and what compares it."""
    if exercise["kind"] == "number":
        return answer, _distance
    if exercise["kind"] == "expression":
        return answer, _difference
    if exercise["kind"] == "function":
        return _values(answer, exercise["cases"]), _farthest
    if answer not in _letters(exercise):
        raise ValueError(f"`answer` must be {_wanted(exercise)}, got {answer!r}")
    return answer, lambda given, truth: float(given != truth)


def _values(function: Any, cases: list[list[Any]]) -> list[Any]:
    import torch

    if not callable(function):
        raise TypeError(f"`answer` must be a function, got {type(function).__name__}")

    def read(argument: Any) -> Any:
        return torch.tensor(argument, dtype=torch.float64) if isinstance(argument, list) else argument

    return [function(*map(read, case)) for case in cases]


def _farthest(given: list[Any], truth: list[Any]) -> float:
    """The largest distance of any value from its truth; infinite where one has another shape."""
    import torch

    farthest = 0.0
    for one, other in zip(given, truth, strict=True):
        value = torch.as_tensor(one, dtype=torch.float64).detach()
        wanted = torch.tensor(other, dtype=torch.float64)
        if value.shape != wanted.shape or not torch.isfinite(value).all():
            return math.inf
        farthest = max(farthest, (value - wanted).abs().max().item())
    return farthest


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

    from ganlab.derivations.marking import agree

    if isinstance(answer, (bool, str)) or not isinstance(answer, (sympy.Expr, int, float)):
        raise TypeError(f"`answer` must be a sympy expression, got {answer!r}")
    given: Any = sympy.sympify(answer)
    plain = {
        symbol: sympy.Symbol(symbol.name) for symbol in given.free_symbols if isinstance(symbol, sympy.Symbol)
    }
    return 0.0 if agree(given.xreplace(plain), sympy.sympify(truth)) else math.inf


# Display

_ASKED = {
    "single": "Choose one.",
    "multiple": "Choose all that hold.",
    "numeric": "Work it out.",
    "ordering": "Put them in order.",
}


def _field(chapter: str, number: str, exercise: Entry) -> Entry:
    if exercise["kind"] == "choice":
        choices = [{"text": slip["answer"], "why": slip["hint"]} for slip in exercise["misconceptions"]]
        choices.append({"text": exercise["answer"], "why": exercise["right"], "right": True})
        choices.sort(key=lambda choice: choice["text"])
        question = {"id": f"exercise-{number}", "kind": "single", "prompt": f"Check of exercise {number}"}
        return {"chapter": chapter, "questions": [question | {"choices": choices}], "exercise": True}
    question = {key: exercise[key] for key in ("answer", "tolerance", "misconceptions", "near", "otherwise")}
    question |= {"id": f"exercise-{number}", "kind": "numeric", "why": exercise["right"]}
    return {
        "chapter": chapter,
        "questions": [question | {"prompt": f"Check of exercise {number}"}],
        "exercise": True,
    }


def _shown(question: Entry) -> Entry:
    """A question as a page shows it: in an order that tells nothing and is the same each time."""
    if question["kind"] == "ordering":
        items = [item | {"place": place} for place, item in enumerate(question["items"])]
        mixed = sorted(items, key=_mixing)
        return question | {"items": mixed if mixed != items else mixed[::-1]}
    if question["kind"] == "numeric":
        return question
    numbers = all(re.fullmatch(r"-?\d+(\.\d+)?", choice["text"]) for choice in question["choices"])
    key = (lambda choice: float(choice["text"])) if numbers else _mixing
    return question | {"choices": sorted(question["choices"], key=key)}


def _mixing(option: Entry) -> bytes:
    return hashlib.sha256(option["text"].encode()).digest()


def _question(question: Entry) -> str:
    if question["kind"] == "numeric":
        folds = _fold("Show the answer", f"{question['answer']:.6g}. {question['why']}")
    elif question["kind"] == "ordering":
        folds = "".join(_fold(i["text"], f"Number {i['place'] + 1}. {i['why']}") for i in question["items"])
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
