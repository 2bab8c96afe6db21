"""From what a derivation displays to plain expressions: names, integrals, restrictions and cases resolved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sympy import (
    Abs,
    Add,
    Contains,
    Derivative,
    Dummy,
    Eq,
    Gt,
    Integer,
    Integral,
    Limit,
    Lt,
    MatrixBase,
    Max,
    Min,
    Subs,
    Tuple,
    expand,
    factor,
    oo,
    sign,
)
from sympy.core.function import AppliedUndef

from .normal_forms import normal
from .statements import Term

__all__ = ["Undecided", "cases", "evaluate", "pointwise", "ranges", "restrict", "under_the_integral"]


class Undecided(ValueError):
    """A relation that is false, or that the rules of proof do not reach."""


def evaluate(e: Any) -> Any:
    """`e` with its names, derivatives and limits carried out; integrals over unknown functions are kept."""
    if isinstance(e, MatrixBase):
        return e.applyfunc(evaluate)
    while e.has(Term):
        e = e.replace(lambda part: isinstance(part, Term), lambda part: part.args[1])
    kept = {i: Dummy() for i in e.atoms(Integral) if i.has(AppliedUndef)}
    e = e.xreplace(kept).replace(Limit, _limit)
    evaluated = e.replace(Subs, _value).doit()
    return evaluated.xreplace({dummy: integral for integral, dummy in kept.items()})


def _value(body: Any, old: Any, new: Any) -> Any:
    return body.doit().subs(list(zip(old, new, strict=True)))


def _limit(*args: Any) -> Any:
    """A limit, which may be in the value of an unknown function."""
    whole: Any = Tuple(*args)
    plain = {f: Dummy(f.func.__name__, real=True, positive=f.is_positive) for f in whole.atoms(AppliedUndef)}
    return Limit(*whole.xreplace(plain).args).doit().xreplace({dummy: f for f, dummy in plain.items()})


def ranges(given: tuple[Any, ...]) -> Iterator[tuple[Any, Any, Any]]:
    """Each restricted symbol with the open interval that it is restricted to."""
    for relation in given:
        symbol, bound = relation.args
        if isinstance(relation, Contains):
            interval: Any = bound
            yield symbol, interval.start, interval.end
        elif isinstance(relation, Gt) and symbol.is_Symbol:
            yield symbol, bound, oo
        elif isinstance(relation, Lt) and symbol.is_Symbol:
            yield symbol, -oo, bound


def restrict(e: Any, given: tuple[Any, ...]) -> Any:
    """`e` with each restricted symbol written through a positive one that is free."""
    for symbol, low, high in ranges(given):
        free = Dummy(positive=True)
        if high == oo:
            e = e.subs(symbol, low + free)
        else:
            e = e.subs(symbol, high - free if low == -oo else low + (high - low) * free / (1 + free))
    return e


def pointwise(e: Any, given: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """`e` with unknown functions and their derivatives read as symbols; and what is given of them."""
    plain = {d: Dummy(real=True) for d in e.atoms(Derivative) if d.has(AppliedUndef)}
    e = e.xreplace(plain)
    functions = set.union(*(part.atoms(AppliedUndef) for part in (e, *given)))
    plain = {f: Dummy(f.func.__name__, real=True, positive=f.is_positive) for f in functions}
    return e.xreplace(plain), tuple(g.xreplace(plain) for g in given)


def under_the_integral(e: Any, given: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Integrands whose being zero (or not negative) decides the same of `e`, and what is given of them."""
    integrals: dict[Any, Any] = {integral: Dummy() for integral in e.atoms(Integral)}
    totals = _totals(given)
    constant, weights = _tangent_in_integrals(e.xreplace(integrals), integrals)
    integrand = Add(*(weight * integral.function for integral, weight in weights.items()))
    one_domain = len({integral.limits for integral in [*integrals, *totals]}) == 1
    if integrand.free_symbols & set(integrals.values()) or not one_domain:
        return
    if not totals:
        if constant == 0:
            yield pointwise(integrand, given)
        return
    integrand, given = pointwise(integrand, given)
    densities = [total.function for total in _totals(given)]
    masses = [normal(restrict(integrand.diff(density), given)) for density in densities]
    masses = [mass if mass.is_number else Integer(0) for mass in masses]
    for carrier in [Add(*densities) / len(densities), *densities]:
        yield integrand + constant * carrier + _exchange(masses, densities, carrier), given
    if len(densities) == 2:
        yield _tangent(integrand + constant * densities[0], *densities), given


def _tangent_in_integrals(e: Any, integrals: dict[Any, Any]) -> tuple[Any, dict[Any, Any]]:
    """What `e` has beside its integrals, and the weight of each: `e` is linear in them, or its tangent is.

    An integral c inside a function, positive since its integrand is, has a letter in the weights: with c for
    it, f(c) is f(c) + f'(c) (integral - c), whatever f. The letter may then be any positive number.
    """
    letters = {}
    for number, (integral, dummy) in enumerate(integrals.items()):
        positive = integral.function.is_positive and len(integral.limits[0]) == 1
        if positive and e.diff(dummy).free_symbols & set(integrals.values()):
            letters[dummy] = Dummy(f"c_{number}", positive=True)
    slopes = {integral: e.diff(dummy).xreplace(letters) for integral, dummy in integrals.items()}
    start = e.xreplace(letters).subs({dummy: 0 for dummy in integrals.values() if dummy not in letters})
    return start - Add(*(slopes[i] * letters[d] for i, d in integrals.items() if d in letters)), slopes


def _totals(given: tuple[Any, ...]) -> list[Any]:
    """The integrals of densities that are known to be one."""
    return [relation.lhs for relation in given if isinstance(relation, Eq) and relation.rhs == 1]


def _exchange(masses: list[Any], densities: list[Any], carrier: Any) -> Any:
    """Zero once integrated: each linear part c p is moved to c times the carrier."""
    return Add(*(mass * (carrier - density) for mass, density in zip(masses, densities, strict=True)))


def _tangent(e: Any, p: Any, q: Any) -> Any:
    """`e` plus the multiple of p - q, zero once integrated, that makes it stationary in q at q = p."""
    slope = normal(e.diff(q).subs(q, p))
    return e + slope * (p - q) if slope.is_number else e


def cases(e: Any, given: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """`e` without absolute values, signs, maxima and minima, and what is still given, case by case."""
    e = e.replace(Max, lambda *a: _extreme(a, 1)).replace(Min, lambda *a: _extreme(a, -1))
    if not e.has(Abs, sign):
        yield e, given
        return
    e = restrict(e, given)
    e = e.replace(Abs, lambda u: Abs(factor(u))).replace(sign, lambda u: sign(factor(u)))
    kinks = sorted(e.atoms(Abs, sign), key=lambda kink: (kink.count_ops(), str(kink)))
    if not kinks:
        yield e, ()
        return
    for point in _three_ways(kinks[0].args[0]):
        yield from cases(e.subs(*point), ())


def _extreme(args: tuple[Any, ...], side: int) -> Any:
    value, *others = args
    for other in others:
        value = (value + other + side * Abs(value - other)) / 2
    return value


def _three_ways(u: Any) -> list[tuple[Any, Any]]:
    """Substitutions that make `u` positive, zero and negative, and together cover every admissible point."""
    for symbol in sorted(u.free_symbols, key=str):
        edge = expand(symbol - u / u.diff(symbol)) if u.diff(symbol).is_number else None
        if edge is None:
            continue
        free = Dummy(positive=True)
        if symbol.is_positive and edge.is_positive and edge.is_Symbol:
            return [(symbol, edge + free), (symbol, edge), (edge, symbol + free)]
        if symbol.is_positive and edge.is_positive:
            return [(symbol, edge + free), (symbol, edge), (symbol, edge * free / (1 + free))]
        if symbol.is_real and symbol.is_positive is None:
            middle = [] if edge == 0 and symbol.is_nonzero else [(symbol, edge)]
            return [(symbol, edge + free), *middle, (symbol, edge - free)]
    raise Undecided(f"could not split the cases of {u}")
