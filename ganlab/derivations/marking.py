"""What is said of a formula that a reader hands in on a page: right, or wrong with the likely reason."""

from __future__ import annotations

import re
from typing import Any

from sympy import N, Rational, Symbol, exp

from .formulas import Names, read_expression
from .reading import evaluate
from .statements import define
from .typeset import typeset
from .writing import FUNCTIONS

__all__ = ["agree", "marked"]

_POINTS = ("-2.7", "-0.6", "0.3", "1.9")
_SIGMA = define(r"\sigma", lambda a: 1 / (1 + exp(-a)))
_NOT_NAMES = {*FUNCTIONS, "sqrt"}


def agree(one: Any, other: Any) -> bool:
    """Whether two expressions have the same value at several points, each symbol in another order of them.

    >>> from sympy.abc import a, b
    >>> agree((a - b) ** 2, a**2 - 2 * a * b + b**2), agree(a - b, b - a)
    (True, False)
    """
    difference = one - other
    names: list[Any] = sorted(difference.free_symbols, key=str)
    for shift in range(len(_POINTS)):
        at = {name: Rational(_POINTS[(shift + i) % len(_POINTS)]) for i, name in enumerate(names)}
        value = N(difference.subs(at), 30)
        if not value.is_number or not value.is_finite or abs(value) > 1e-20:
            return False
    return True


def marked(text: str, exercise: dict[str, Any]) -> dict[str, Any]:
    """Whether a text is the answer of an exercise, what is said of it, and the LaTeX of how it was read.

    `exercise`: its `answer`, a formula or a number, its `misconceptions` (each an `answer` and a `hint`), and
    what is said of a `right` answer and of any other, `otherwise`.

    Raises `Unreadable` where the text is no formula, or names what the exercise does not.

    >>> exercise = {"answer": "-a", "misconceptions": [], "right": "Yes.", "otherwise": "Use D."}
    >>> marked("log(sigma(-a)) - log(sigma(a))", exercise)["message"]
    'Yes.'
    """
    names = _names(exercise)
    given = read_expression(text, names)
    plain = evaluate(given)
    slips = [(slip["answer"], slip["hint"]) for slip in exercise["misconceptions"]]
    for answer, message in [(exercise["answer"], exercise["right"]), *slips]:
        if agree(plain, evaluate(read_expression(str(answer), names))):
            return {"right": message == exercise["right"], "message": message, "latex": typeset(given)}
    return {"right": False, "message": exercise["otherwise"], "latex": typeset(given)}


def _names(exercise: dict[str, Any]) -> Names:
    """The names of the answer and of the slips, and the logistic function."""
    texts = [exercise["answer"], *(slip["answer"] for slip in exercise["misconceptions"])]
    found = {name for text in texts for name in re.findall(r"[A-Za-z]\w*", str(text))} - _NOT_NAMES
    names: Names = {name: Symbol(name) for name in sorted(found)}
    first = next(iter(names), "a")
    return names | {f"sigma({first})": _SIGMA(names.get(first, Symbol(first)))}
