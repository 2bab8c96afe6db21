"""Both sides of a relation at numbers: a derivation's variables, each with a number that a reader may change.

An unknown function of x is a law on three outcomes: it has three numbers, an integral over it is a sum over
the outcomes, and a relation without an integral is looked at in the first of them. A density of known mass is
divided by its sum. Any other unknown function, and each derivative of one, is one number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sympy import Contains, Derivative, Dummy, Eq, Float, Ge, Gt, Integer, Integral, Lt, Symbol, nan, oo
from sympy.core.function import AppliedUndef

from .reading import evaluate, ranges
from .typeset import typeset
from .writing import name_of, spelled

__all__ = ["OUTCOMES", "Variable", "holds", "measured", "over_outcomes", "variables"]

OUTCOMES = 3
"""The number of outcomes that stand for the values of x."""

_X = Symbol("x", real=True)
_FREE = (0.7, 0.4, 0.9, 0.3, 0.8, 0.6, 0.5)
_SHARES = (0.3, 0.6, 0.45, 0.8, 0.2, 0.7)
_LAWS = ((0.5, 0.3, 0.2), (0.2, 0.3, 0.5), (0.3, 0.4, 0.3), (0.6, 0.2, 0.2))


@dataclass(frozen=True)
class Variable:
    """A symbol or an unknown function of a derivation, its name, where it may lie, and numbers to begin with.

    `start` has one number, or one for each outcome. Those of a density with `mass` are divided by their sum.
    """

    what: Any
    name: str
    latex: str
    start: tuple[float, ...]
    low: float = -math.inf
    high: float = math.inf
    whole: bool = False
    mass: bool = False

    def refusal(self, numbers: tuple[float, ...]) -> str:
        """Why these numbers are none for the variable, as a sentence; "" where they are.

        >>> Variable(None, "D", "D", (0.3,), 0, 1).refusal((1.5,))
        'D lies between 0 and 1.'
        """
        if len(numbers) != len(self.start) or not all(map(math.isfinite, numbers)):
            return f"{self.name} needs {len(self.start)} number{'s' * (len(self.start) > 1)}."
        if self.whole and any(number != int(number) for number in numbers):
            return f"{self.name} is a whole number."
        if all(self.low < number < self.high for number in numbers):
            return ""
        if math.isinf(self.high):
            return f"{self.name} is larger than {self.low:g}."
        low = "" if math.isinf(self.low) else f"{self.low:g}"
        return (
            f"{self.name} lies between {low} and {self.high:g}." if low else f"{self.name} < {self.high:g}."
        )


def variables(relations: Iterable[Any], given: tuple[Any, ...]) -> list[Variable]:
    """The variables of these relations, with numbers that the assumptions allow.

    >>> D = Symbol("D", real=True)
    >>> [(v.name, v.start, v.low, v.high) for v in variables([Gt(D, 0, evaluate=False)], (Gt(D, 2),))]
    [('D', (2.7,), 2.0, inf)]
    """
    parts = [_resolved(side) for relation in relations for side in (relation.lhs, relation.rhs)]
    parts += [part for relation in given for part in relation.args if not isinstance(relation, Contains)]
    parts += [relation.args[0] for relation in given]
    found: set[Any] = set()
    for part in parts:
        found |= _unknown(part)
    return [_variable(what, place, given) for place, what in enumerate(sorted(found, key=_order))]


def measured(relation: Any, numbers: Mapping[Any, tuple[float, ...]]) -> tuple[Any, Any]:
    """The values of both sides, each a number, a list of rows, or None where a side has none there.

    >>> x, y = Symbol("a"), Symbol("b")
    >>> measured(Eq(x**2, x + y, evaluate=False), {x: (3.0,), y: (6.0,)})
    (9.0, 9.0)
    """
    left, right = (_resolved(side) for side in (relation.lhs, relation.rhs))
    return _value(left, numbers), _value(right, numbers)


def over_outcomes(relation: Any) -> bool:
    """Whether a side is a sum over the outcomes, and not of the first alone."""
    sides = [_resolved(side) for side in (relation.lhs, relation.rhs)]
    return any(integral.has(AppliedUndef) for side in sides for integral in side.atoms(Integral))


def holds(relation: Any, left: Any, right: Any) -> bool | None:
    """Whether the relation is true of two values, up to rounding; None where it cannot be said.

    >>> a = Symbol("a")
    >>> holds(Ge(a, 1, evaluate=False), 1.0, 1.0), holds(Gt(a, 1, evaluate=False), 1.0, 1.0)
    (True, False)
    """
    if left is None or right is None:
        return None
    if isinstance(left, list):
        pairs = zip(_flat(left), _flat(right), strict=False)
        return all(_near(one, other) for one, other in pairs)
    if isinstance(left, complex) or isinstance(right, complex):
        return _near(left, right) if isinstance(relation, Eq) else None
    if isinstance(relation, Eq):
        return _near(left, right)
    if isinstance(relation, (Ge, Gt)):
        left, right = right, left
    strict = isinstance(relation, (Gt, Lt))
    return (
        left < right
        if strict and not _near(left, right)
        else not strict and (left < right or _near(left, right))
    )


def _near(one: Any, other: Any) -> bool:
    return one == other or abs(one - other) <= 1e-9 * max(abs(one), abs(other)) + 1e-12


def _flat(rows: Any) -> list[Any]:
    return [entry for row in rows for entry in row] if isinstance(rows, list) else [rows]


@lru_cache(maxsize=256)
def _resolved(e: Any) -> Any:
    """`e` without names; derivatives of unknown functions stay, and integrals over these."""
    e = evaluate(e)
    if not hasattr(e, "atoms"):
        return e
    plain = {i: Integral(evaluate(i.function), *i.limits) for i in e.atoms(Integral) if i.has(AppliedUndef)}
    return e.xreplace(plain)


def _unknown(e: Any) -> set[Any]:
    derivatives = {d for d in e.atoms(Derivative) if d.has(AppliedUndef)}
    rest = e.xreplace({d: Dummy() for d in derivatives})
    functions = rest.atoms(AppliedUndef)
    symbols = {
        s for s in rest.xreplace({f: Dummy() for f in functions}).free_symbols if s != _X or not functions
    }
    return derivatives | functions | {s for s in symbols if not isinstance(s, Dummy)}


def _order(what: Any) -> tuple[int, str]:
    return (0 if isinstance(what, AppliedUndef) else 1 if what.is_Symbol else 2, str(what))


def _variable(what: Any, place: int, given: tuple[Any, ...]) -> Variable:
    latex = typeset(what)
    low = 0.0 if what.is_positive or what.is_nonnegative else -math.inf
    high = math.inf
    for symbol, least, most in [*ranges(given), *_bounds_of_functions(given)]:
        if symbol == what:
            low = max(low, _edge(least))
            high = min(high, _edge(most))
    name = spelled(what) if isinstance(what, Derivative) else name_of(latex)
    shared = {"what": what, "name": name, "latex": latex, "low": low, "high": high}
    if what.is_integer:
        return Variable(**shared, start=(float(2 + place % 2 + max(low, 0)),), whole=True)
    if isinstance(what, AppliedUndef) and what.args == (_X,):
        mass = any(isinstance(r, Eq) and r.lhs == Integral(what, _X) and r.rhs == 1 for r in given)
        law = _LAWS[place % len(_LAWS)]
        law = law if all(low < number < high for number in law) else (_start(low, high, place),) * OUTCOMES
        return Variable(**shared, start=law, mass=mass)
    return Variable(**shared, start=(_start(low, high, place),))


def _bounds_of_functions(given: tuple[Any, ...]) -> Iterator[tuple[Any, Any, Any]]:
    for relation in given:
        if isinstance(relation, (Gt, Lt)) and isinstance(relation.lhs, AppliedUndef):
            above = isinstance(relation, Gt)
            yield relation.lhs, relation.rhs if above else -oo, oo if above else relation.rhs


def _edge(end: Any) -> float:
    """An end of a range as a number; where another variable is the end, one below that variable's start."""
    if end.is_number:
        return float(end)
    return float(end.subs(dict.fromkeys(end.free_symbols, Float(min(_FREE)))))


def _start(low: float, high: float, place: int) -> float:
    if math.isfinite(low) and math.isfinite(high):
        return round(low + (high - low) * _SHARES[place % len(_SHARES)], 4)
    step = _FREE[place % len(_FREE)]
    if math.isfinite(low):
        return round(low + step, 4)
    return round(high - step, 4) if math.isfinite(high) else step


def _value(e: Any, numbers: Mapping[Any, tuple[float, ...]]) -> Any:
    if hasattr(e, "tolist"):
        return [[_value(entry, numbers) for entry in row] for row in e.tolist()]
    sums = {i: _total(i, numbers) for i in e.atoms(Integral) if i.has(AppliedUndef)}
    value = _at(e.xreplace(sums), numbers, 0).evalf(17)
    if value in (oo, -oo):
        return math.inf if value == oo else -math.inf
    if value == nan or not value.is_number or value.is_finite is False:
        return None
    try:
        number = complex(value)
    except TypeError:
        return None
    return number.real if abs(number.imag) < 1e-12 * (1 + abs(number)) else number


def _total(integral: Any, numbers: Mapping[Any, tuple[float, ...]]) -> Any:
    return sum((_at(integral.function, numbers, outcome) for outcome in range(OUTCOMES)), Integer(0))


def _at(e: Any, numbers: Mapping[Any, tuple[float, ...]], outcome: int) -> Any:
    exact = {what: Float(each[outcome % len(each)], 17) for what, each in numbers.items()}
    derivatives = {what: value for what, value in exact.items() if isinstance(what, Derivative)}
    functions = {what: value for what, value in exact.items() if isinstance(what, AppliedUndef)}
    e = e.xreplace(derivatives).xreplace(functions).xreplace(exact)
    return e.xreplace({_X: Integer(outcome)})
