"""How a relation is decided: shown by exact algebra and sign rules, or not accepted at all.

A relation is first tried at a few rational points, which refutes most false ones at once. It is then shown
in one of these ways, each of which is a proof:

* equality: the difference is zero in a normal form (logarithms expanded, fractions cancelled);
* order: the assumptions of the symbols give the sign of a normal form (of a logarithm, that of its argument
  less one), or the difference is convex with a stationary point of known sign, or falls and then rises about
  such a point, or is monotone from a limit of known sign;
* absolute values, maxima and signs are split into cases;
* an integral over densities is decided under the integral sign, with each density integrating to one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sympy import (
    Dummy,
    Eq,
    Function,
    Ge,
    Gt,
    Integral,
    Le,
    Lt,
    MatrixBase,
    Pow,
    Rational,
    cos,
    cosh,
    erf,
    exp,
    expand,
    fraction,
    limit,
    log,
    nan,
    oo,
    simplify,
    sin,
    sinh,
    solve,
    tanh,
    together,
    zoo,
)
from sympy.core.function import AppliedUndef
from sympy.functions.elementary.hyperbolic import HyperbolicFunction

from .normal_forms import expand_logs, forms, normal, of_the_same_sign, sampled
from .reading import Undecided, cases, evaluate, pointwise, ranges, restrict, under_the_integral

__all__ = ["Undecided", "prove"]

_SMOOTH = (log, exp, erf, tanh, sinh, cosh, sin, cos)


def prove(relation: Any, given: tuple[Any, ...] = ()) -> None:
    """Nothing, when `relation` holds identically; `given` are relations that may be used.

    Raises `Undecided` when the relation is false, cannot be decided, or has nothing to decide.

    >>> from sympy import Symbol
    >>> p, q = Symbol("p", positive=True), Symbol("q", positive=True)
    >>> prove(Ge(p * log(2 * p / (p + q)) + q * log(2 * q / (p + q)), 0, evaluate=False))
    """
    if not isinstance(relation, (Eq, Ge, Gt, Le, Lt)):
        raise Undecided(f"{relation} is not an open relation")
    if relation.lhs == relation.rhs:
        raise Undecided(f"both sides read {relation.lhs}")
    try:
        rest = _remainder(relation, given)
    except NotImplementedError as error:
        raise Undecided(f"could not show {_plain(relation)}: {error}") from None
    if rest is not None and not _follows_from_one(relation, given):
        raise Undecided(f"could not show {_plain(relation)}; what remained: {rest}")


def _follows_from_one(relation: Any, given: tuple[Any, ...]) -> bool:
    """Whether an inequality that is given leaves something easier to show: the difference of the two gaps.

    An equality is shown by its two inequalities.
    """
    facts = [fact for fact in given if isinstance(fact, (Ge, Le))]
    if isinstance(relation, Eq):
        halves = [bound(relation.lhs, relation.rhs, evaluate=False) for bound in (Ge, Le)]
        return bool(facts) and all(
            _remainder(half, given) is None or _follows_from_one(half, given) for half in halves
        )
    bound = Gt if isinstance(relation, (Gt, Lt)) else Ge
    gaps = (_gap(relation) - _gap(fact) for fact in facts)
    return any(_remainder(bound(gap, 0, evaluate=False), given) is None for gap in gaps)


def _gap(relation: Any) -> Any:
    """What the larger side has more than the smaller one."""
    small, large = _sides(relation)
    return large - small


def _sides(relation: Any) -> tuple[Any, Any]:
    """The smaller side and the larger one."""
    sides = relation.lhs, relation.rhs
    return sides[::-1] if isinstance(relation, (Ge, Gt)) else sides


def _remainder(relation: Any, given: tuple[Any, ...]) -> Any:
    """The first part of the relation that could not be shown, or None where it holds."""
    lhs, rhs = evaluate(relation.lhs), evaluate(relation.rhs)
    if isinstance(relation, Eq) and lhs == rhs and not lhs.has(nan, zoo):
        return None
    if isinstance(relation, (Le, Lt)):
        lhs, rhs = rhs, lhs
    refused = (_refuse(relation, entry, given) for entry in _entries(lhs - rhs))
    return next((rest for rest in refused if rest is not None), None)


def _plain(relation: Any) -> str:
    return f"{relation.lhs} {relation.rel_op.replace('==', '=')} {relation.rhs}"


def _entries(difference: Any) -> Iterator[Any]:
    yield from difference.flat() if isinstance(difference, MatrixBase) else [difference]


def _refuse(relation: Any, difference: Any, given: tuple[Any, ...]) -> Any:
    """What remains of the difference, or None where it is as the relation says."""
    if difference.has(nan, zoo) or (isinstance(relation, Eq) and difference.has(oo)):
        return difference
    decide = _decision(relation)
    if any(integral.has(AppliedUndef) for integral in difference.atoms(Integral)):
        integrands = under_the_integral(difference, given)
        shown = any(all(decide(*case) for case in cases(*integrand)) for integrand in integrands)
        return None if shown else difference
    for case, free in cases(*pointwise(difference, given)):
        if not decide(case, free):
            return _shortest(case)
    return None


def _decision(relation: Any) -> Callable[..., bool]:
    if isinstance(relation, Eq):
        return _vanishes
    return _positive if isinstance(relation, (Gt, Lt)) else _nonnegative


def _shortest(e: Any) -> Any:
    return min((e, expand(expand_logs(e))), key=lambda form: form.count_ops())


def _vanishes(e: Any, given: tuple[Any, ...] = ()) -> bool:
    e = restrict(e, given)
    if sampled(e, lambda value: abs(value) > 1e-20):
        return False
    return e == 0 or normal(e) == 0 or simplify(e) == 0 or simplify(expand_logs(e)) == 0


class _Refuted(Exception):
    """The sign is another one at an admissible point, so that no search among the others helps."""


def _nonnegative(e: Any, given: tuple[Any, ...] = ()) -> bool:
    return _decided(e, given, 0, strict=False)


def _positive(e: Any, given: tuple[Any, ...] = (), depth: int = 0) -> bool:
    return _decided(e, given, depth, strict=True)


def _decided(e: Any, given: tuple[Any, ...], depth: int, *, strict: bool) -> bool:
    try:
        return _shown(e, given, depth, strict=strict)
    except _Refuted:
        return False


def _shown(e: Any, given: tuple[Any, ...], depth: int, *, strict: bool) -> bool:
    return _has_sign(e, given, strict=strict) or _from_a_valley(e, given, depth, strict=strict)


def _has_sign(e: Any, given: tuple[Any, ...], *, strict: bool) -> bool:
    e = restrict(e, given)
    if _signed(e, strict):
        return True
    return not sampled(e, lambda value: value < -1e-20) and any(_signed(form, strict) for form in _forms(e))


def _forms(e: Any) -> Iterator[Any]:
    """Ways to write `e`, and something plainer that has its sign."""
    yield from forms(e)
    alike = of_the_same_sign(e)
    if alike is not None:
        yield alike


def _signed(e: Any, strict: bool) -> bool:
    if (e.is_positive if strict else e.is_nonnegative) is True:
        return True
    top, bottom = (expand(part) for part in fraction(together(e)))
    if bottom.is_negative:
        top, bottom = -top, -bottom
    return bottom.is_positive is True and (top.is_positive if strict else top.is_nonnegative) is True


def _from_a_valley(e: Any, given: tuple[Any, ...], depth: int, *, strict: bool) -> bool:
    """Whether the least value of `e` in one symbol, the others fixed, has the sign that is wanted.

    Raises `_Refuted` where `e` has another sign at an admissible point.
    """
    plain = restrict(e, given)
    if sampled(plain, lambda value: value < -1e-20):
        _refute(given)
        return False
    if depth > 2 or not _is_smooth(plain):
        return False
    for symbol in sorted((s for s in e.free_symbols if _is_interval(s)), key=str):
        slope = simplify(e.diff(symbol)) if e.has(exp, HyperbolicFunction) else normal(e.diff(symbol))
        for point in _stationary(e, slope, symbol, given):
            least = e.subs(symbol, point)
            if strict and _vanishes(least, given):
                _refute(given)
            if _shown(least, given, depth + 1, strict=strict):
                return True
        if _rises_from_a_limit(e, slope, symbol, given, depth, strict=strict):
            return True
    return False


def _refute(given: tuple[Any, ...]) -> None:
    """Ends the search, unless one symbol ends the range of another: points are then not always admissible."""
    if all(end.is_number for _, *ends in ranges(given) for end in ends):
        raise _Refuted


def _is_interval(symbol: Any) -> bool:
    """Whether `symbol` runs through all positive or all real numbers."""
    whole = symbol.is_integer is None and symbol.is_positive == symbol.is_nonnegative == symbol.is_nonzero
    return symbol.is_real and whole


def _is_smooth(e: Any) -> bool:
    """Whether `e` has no pole, jump or kink at an admissible point, so that its slope tells how it moves."""
    bases = [power.base for power in e.atoms(Pow) if not (power.exp.is_Integer and power.exp.is_positive)]
    arguments = [function.args[0] for function in e.atoms(log)]
    return all(isinstance(function, _SMOOTH) for function in e.atoms(Function)) and all(
        _has_sign(part, (), strict=True) or _has_sign(-part, (), strict=True) for part in {*bases, *arguments}
    )


def _stationary(e: Any, slope: Any, symbol: Any, given: tuple[Any, ...]) -> Iterator[Any]:
    """Admissible points below which the slope is not positive, and above which it is not negative."""
    for point in _candidates(e, slope, symbol):
        if _admits(symbol, point, given) and _vanishes(slope.subs(symbol, point), given):
            alike = of_the_same_sign(slope)
            rising = [slope.diff(symbol), *(part / (symbol - point) for part in (slope, alike) if part)]
            if any(_has_sign(part, given, strict=False) for part in rising):
                yield point


def _candidates(e: Any, slope: Any, symbol: Any) -> Iterator[Any]:
    simple = [Rational(1), Rational(0), *sorted(e.free_symbols - {symbol}, key=str)]
    yield from simple
    if slope.is_rational_function(symbol):
        yield from (point for point in solve(slope, symbol) if point not in simple)
        return
    alike = of_the_same_sign(slope)
    if alike is not None and alike.is_rational_function(symbol):
        yield from (point for point in solve(alike, symbol) if point not in simple)
        return
    power = Dummy(positive=True)
    powers = slope.rewrite(HyperbolicFunction, exp).subs(symbol, log(power))
    if powers.is_rational_function(power):
        yield from (log(point) for point in solve(powers, power) if point.is_positive)


def _admits(symbol: Any, point: Any, given: tuple[Any, ...]) -> bool:
    """Whether `point` lies where `symbol` may be."""
    for restricted, low, high in ranges(given):
        if restricted == symbol:
            ends = [end for end in (point - low, high - point) if end.is_finite is not False]
            return all(_positive(distance, given, depth=2) for distance in ends)
    return point.is_real is True and (not symbol.is_positive or _has_sign(point, given, strict=True))


def _rises_from_a_limit(
    e: Any, slope: Any, symbol: Any, given: tuple[Any, ...], depth: int, *, strict: bool
) -> bool:
    whole = (symbol, 0 if symbol.is_positive else -oo, oo)
    _, low, high = next((each for each in ranges(given) if each[0] == symbol), whole)
    if _has_sign(slope, given, strict=strict):
        end = (low, "+")
    elif _has_sign(-slope, given, strict=strict):
        end = (high, "-")
    else:
        return False
    try:
        start = limit(e, symbol, *end)
    except (NotImplementedError, ValueError):
        return False
    return start.is_finite is True and _shown(start, given, depth + 1, strict=False)
