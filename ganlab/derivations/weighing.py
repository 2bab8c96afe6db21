"""A formula at a reader's numbers: what a card of the corrections has its page compute.

A name with one number is a letter, one with three a function of three outcomes: a distribution, whose numbers
are divided by their sum, or any other function of the outcome, such as the answers `D` of a discriminator.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Abs, Function, Rational, Symbol, exp, log

from .formulas import Names, Unreadable, read_relation
from .statements import define, integral
from .typeset import typeset
from .values import OUTCOMES, holds, measured, over_outcomes

__all__ = ["DISTRIBUTIONS", "weighed"]

DISTRIBUTIONS = ("p", "q", "r")
"""The names whose three numbers are shares."""

_X = Symbol("x", real=True)
_HALF = Rational(1, 2)


def _kl(p: Any, q: Any) -> Any:
    return integral(p * log(p / q))


def _jsd(p: Any, q: Any) -> Any:
    return _HALF * _kl(p, (p + q) / 2) + _HALF * _kl(q, (p + q) / 2)


_QUANTITIES = {
    "sigma": (r"\sigma", "a", lambda a: 1 / (1 + exp(-a))),
    "BCE": (r"\mathrm{BCE}", "y D", lambda y, d: -y * log(d) - (1 - y) * log(1 - d)),
    "h": ("h", "t", lambda t: -t * log(t) - (1 - t) * log(1 - t)),
    "KL": (r"\mathrm{KL}", "p q", _kl),
    "JSD": (r"\mathrm{JSD}", "p q", _jsd),
    "TV": (r"\mathrm{TV}", "p q", lambda p, q: integral(Abs(p - q)) / 2),
}


def weighed(text: str, numbers: Mapping[str, Sequence[float | None]]) -> dict[str, Any]:
    """Both sides of the relation that `text` says, whether it is true, and its LaTeX.

    `numbers`: one or three for each name in it, None for what is no number. Sides are None where they have no
    value.

    Raises `Unreadable` where the text is no relation of these names, or a name has other numbers.

    >>> weighed("BCE(1, D) = D", {"D": [0.5]})["holds"]
    False
    >>> weighed("KL(q, p) - 2 JSD(p, q) = 2 KL((p + q)/2, p)", {"p": [2, 1, 1], "q": [1, 1, 2]})["holds"]
    True
    """
    names: Names = {name: _named(name, values) for name, values in numbers.items()}
    at = {names[name]: _values(name, values) for name, values in numbers.items()}
    relation = read_relation(text, names | _quantities(names))
    try:
        left, right = measured(relation, at)
    except (TypeError, ValueError, ZeroDivisionError, NotImplementedError, AttributeError):
        left = right = None
    told = {"left": left, "right": right, "holds": holds(relation, left, right)}
    return told | {"latex": typeset(relation), "outcomes": OUTCOMES if over_outcomes(relation) else 1}


def _named(name: str, values: Sequence[float | None]) -> Any:
    return Symbol(name, real=True) if len(values) == 1 else Function(name, positive=True)(_X)


def _values(name: str, values: Sequence[float | None]) -> tuple[float, ...]:
    found = tuple(math.nan if value is None else float(value) for value in values)
    if len(found) not in (1, OUTCOMES) or not all(map(math.isfinite, found)):
        raise Unreadable(f"{name} needs {'one number' if len(found) < 2 else f'{OUTCOMES} numbers'}.")
    if name not in DISTRIBUTIONS or len(found) == 1:
        return found
    if min(found) <= 0:
        raise Unreadable(f"The shares of {name} are larger than 0.")
    return tuple(value / sum(found) for value in found)


def _quantities(names: Names) -> Names:
    """The named quantities, each with arguments that are replaced by those of the text."""
    found: Names = {}
    for name, (latex, letters, body) in _QUANTITIES.items():
        places = [names.get(letter, Symbol(letter, positive=True)) for letter in letters.split()]
        if all(letter in names for letter in letters.split()) or name in ("sigma", "h", "BCE"):
            found |= dict(zip(letters.split(), places, strict=True))
            found[f"{name}({', '.join(letters.split())})"] = define(latex, body)(*places)
    return found
