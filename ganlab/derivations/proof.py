"""How a relation is decided: shown by exact algebra and sign rules, or not accepted at all.

A relation is first tried at a few rational points, which refutes most false ones at once. It is then shown
in one of these ways, each of which is a proof:

* equality: the difference is zero in a normal form (logarithms expanded, fractions cancelled);
* order: the assumptions of the symbols give the sign of a normal form, or the difference is convex with a
  stationary point of known sign, or falls and then rises about such a point, or is monotone from a limit of
  known sign;
* absolute values, maxima and signs are split into cases;
* an integral over densities is decided under the integral sign, with each density integrating to one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sympy import (
    QQ,
    Abs,
    Add,
    Contains,
    Derivative,
    Dummy,
    Eq,
    Function,
    Ge,
    Gt,
    I,
    Integer,
    Integral,
    Le,
    Limit,
    Lt,
    MatrixBase,
    Max,
    Min,
    Mul,
    NumberSymbol,
    Pow,
    Rational,
    Subs,
    Tuple,
    exp,
    expand,
    expand_log,
    factor,
    fraction,
    ilcm,
    lex,
    limit,
    log,
    nan,
    oo,
    sign,
    simplify,
    solve,
    together,
    zoo,
)
from sympy.core.function import AppliedUndef
from sympy.functions.elementary.hyperbolic import HyperbolicFunction
from sympy.polys.fields import field

from .statements import Term

__all__ = ["Undecided", "prove"]

_SAMPLES = (
    (Rational(3, 7), Rational(5, 3), Rational(2, 9), Rational(7, 4), Rational(4, 5), Rational(11, 8)),
    (Rational(9, 4), Rational(1, 6), Rational(6, 5), Rational(2, 7), Rational(8, 3), Rational(1, 9)),
    (Rational(1, 50), Rational(13, 6), Rational(31, 8), Rational(1, 11), Rational(10, 7), Rational(1, 3)),
)


class Undecided(ValueError):
    """A relation that is false, or that the rules of this module do not reach."""


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
    lhs, rhs = _evaluate(relation.lhs), _evaluate(relation.rhs)
    if isinstance(relation, Eq) and lhs == rhs and not lhs.has(nan, zoo):
        return
    if isinstance(relation, (Le, Lt)):
        lhs, rhs = rhs, lhs
    for entry in _entries(lhs - rhs):
        rest = _refuse(relation, entry, given)
        if rest is not None:
            raise Undecided(f"could not show {_plain(relation)}; what remained: {rest}")


def _plain(relation: Any) -> str:
    return f"{relation.lhs} {relation.rel_op.replace('==', '=')} {relation.rhs}"


def _entries(difference: Any) -> Iterator[Any]:
    if isinstance(difference, MatrixBase):
        yield from difference
    else:
        yield difference


def _refuse(relation: Any, difference: Any, given: tuple[Any, ...]) -> Any:
    """None when the difference is as the relation says, else what remains of it."""
    if difference.has(nan, zoo) or (isinstance(relation, Eq) and difference.has(oo)):
        return difference
    decide = _decision(relation)
    if any(integral.has(AppliedUndef) for integral in difference.atoms(Integral)):
        integrands = _under_the_integral(difference, given)
        shown = any(all(decide(*case) for case in _cases(*integrand)) for integrand in integrands)
        return None if shown else difference
    for case, free in _cases(*_pointwise(difference, given)):
        if not decide(case, free):
            return _shortest(case)
    return None


def _decision(relation: Any) -> Callable[..., bool]:
    if isinstance(relation, Eq):
        return _vanishes
    return _positive if isinstance(relation, (Gt, Lt)) else _nonnegative


def _shortest(e: Any) -> Any:
    return min((e, expand(_logs(e))), key=lambda form: form.count_ops())


# --- reading an expression ------------------------------------------------------------------------


def _evaluate(e: Any) -> Any:
    """`e` with its names, derivatives and limits carried out; integrals over unknown functions are kept."""
    while e.has(Term):
        e = e.replace(lambda part: isinstance(part, Term), lambda part: part.args[1])
    kept = {i: Dummy() for i in e.atoms(Integral) if i.has(AppliedUndef)}
    e = e.xreplace(kept).replace(Limit, _limit)
    evaluated = e.replace(
        Subs, lambda body, old, new: body.doit().subs(list(zip(old, new, strict=True)))
    ).doit()
    return evaluated.xreplace({dummy: integral for integral, dummy in kept.items()})


def _limit(*args: Any) -> Any:
    """A limit, which may be in the value of an unknown function."""
    whole = Tuple(*args)
    plain = {f: Dummy(f.func.__name__, real=True, positive=f.is_positive) for f in whole.atoms(AppliedUndef)}
    return Limit(*whole.xreplace(plain)).doit().xreplace({dummy: f for f, dummy in plain.items()})


def _restrict(e: Any, given: tuple[Any, ...]) -> Any:
    """`e` with each restricted symbol written through a positive one that is free."""
    for relation in given:
        free = Dummy(positive=True)
        if isinstance(relation, Contains):
            symbol, interval = relation.args
            e = e.subs(symbol, interval.start + (interval.end - interval.start) * free / (1 + free))
        elif isinstance(relation, Gt) and relation.lhs.is_Symbol:
            e = e.subs(relation.lhs, relation.rhs + free)
        elif isinstance(relation, Lt) and relation.lhs.is_Symbol:
            e = e.subs(relation.lhs, relation.rhs - free)
    return e


def _pointwise(e: Any, given: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """`e` with unknown functions and their derivatives read as symbols; and what is given of them."""
    plain = {d: Dummy(real=True) for d in e.atoms(Derivative) if d.has(AppliedUndef)}
    e = e.xreplace(plain)
    functions = set.union(*(part.atoms(AppliedUndef) for part in (e, *given)))
    plain = {f: Dummy(f.func.__name__, real=True, positive=f.is_positive) for f in functions}
    return e.xreplace(plain), tuple(g.xreplace(plain) for g in given)


def _under_the_integral(e: Any, given: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Integrands whose being zero (or not negative) decides the same of `e`, and what is given of them."""
    integrals = {integral: Dummy() for integral in e.atoms(Integral)}
    linear = e.xreplace(integrals)
    constant = linear.subs(dict.fromkeys(integrals.values(), 0))
    integrand = Add(*(linear.diff(dummy) * integral.function for integral, dummy in integrals.items()))
    if integrand.free_symbols & set(integrals.values()) or len({i.variables[0] for i in integrals}) > 1:
        return
    integrand, given = _pointwise(integrand, given)
    densities = [g.lhs.function for g in given if isinstance(g, Eq) and isinstance(g.lhs, Integral)]
    if not densities:
        return
    masses = [_normal(integrand.diff(density)) for density in densities]
    masses = [mass if mass.is_number else Integer(0) for mass in masses]
    for carrier in [sum(densities, Integer(0)) / len(densities), *densities]:
        yield integrand + constant * carrier + _exchange(masses, densities, carrier), given
    if len(densities) == 2:
        yield _tangent(integrand + constant * densities[0], *densities), given


def _exchange(masses: list[Any], densities: list[Any], carrier: Any) -> Any:
    """Zero once integrated: each linear part c p is moved to c times the carrier."""
    return sum(mass * (carrier - density) for mass, density in zip(masses, densities, strict=True))


def _tangent(e: Any, p: Any, q: Any) -> Any:
    """`e` plus the multiple of p - q, zero once integrated, that makes it stationary in q at q = p."""
    slope = _normal(e.diff(q).subs(q, p))
    return e + slope * (p - q) if slope.is_number else e


def _cases(e: Any, given: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """`e` without absolute values, signs, maxima and minima, and what is still given, case by case."""
    e = e.replace(Max, lambda *a: _extreme(a, 1)).replace(Min, lambda *a: _extreme(a, -1))
    if not e.has(Abs, sign):
        yield e, given
        return
    e = _restrict(e, given)
    e = e.replace(Abs, lambda u: Abs(factor(u))).replace(sign, lambda u: sign(factor(u)))
    kinks = sorted(e.atoms(Abs, sign), key=lambda kink: (kink.count_ops(), str(kink)))
    if not kinks:
        yield e, ()
        return
    for point in _three_ways(kinks[0].args[0]):
        yield from _cases(e.subs(*point), ())


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
        if symbol.is_positive and edge.is_positive:
            return [(symbol, edge + free), (symbol, edge), (symbol, edge * free / (1 + free))]
        if symbol.is_real and symbol.is_positive is None:
            middle = [] if edge == 0 and symbol.is_nonzero else [(symbol, edge)]
            return [(symbol, edge + free), *middle, (symbol, edge - free)]
    raise Undecided(f"could not split the cases of {u}")


# --- refuting -------------------------------------------------------------------------------------


def _sampled(e: Any, bad: Callable[[Any], bool]) -> bool:
    """Whether the value of `e` is bad at one of a few admissible points."""
    values = (_at(e, sample) for sample in _SAMPLES)
    return any(value is not None and bad(value) for value in values)


def _at(e: Any, sample: tuple[Any, ...]) -> Any:
    """The value of `e` at a point made of the sample, or None where that is not a finite real number."""
    point = {}
    for index, symbol in enumerate(sorted(e.free_symbols, key=lambda s: (s.name, str(s.assumptions0)))):
        number = sample[index % len(sample)] + index // len(sample)
        number = number if symbol.is_positive or index % 2 else -number
        point[symbol] = 1 + index + number.p % 3 if symbol.is_integer else number
    value = e.subs(point).evalf(30)
    return value if value.is_Float or value.is_Rational else None


# --- deciding -------------------------------------------------------------------------------------


def _logs(e: Any) -> Any:
    """`e` with each logarithm of a product written as a sum, exponentials as powers of positive symbols."""
    e = e.rewrite(HyperbolicFunction, exp)
    for symbol in sorted((s for s in e.free_symbols if s.is_real), key=str):
        if any(power.args[0].has(symbol) for power in e.atoms(exp)):
            power = Dummy(positive=True)
            trial = e.subs(symbol, log(1 + power if symbol.is_positive else power))
            e = e if trial.has(exp) else trial
    return e.replace(log, lambda argument: expand_log(log(factor(together(argument)))))


def _normal(e: Any) -> Any:
    """`e` as one cancelled fraction of polynomials in its symbols, logarithms and roots."""
    e = _logs(e)
    whole = (part for part in e.atoms(Function, Pow, NumberSymbol) if not _is_whole_power(part))
    parts = {part: Dummy(**part.assumptions0) for part in whole}
    e = e.xreplace(parts)
    generators = sorted(e.free_symbols, key=str)
    if not generators or e.has(I) or not e.is_rational_function(*generators):
        return e.xreplace({dummy: part for part, dummy in parts.items()})
    fraction_of = field(generators, QQ, lex)[0].from_expr(e)
    top, bottom = fraction_of.numer.as_expr(), fraction_of.denom.as_expr()
    return (top / bottom).xreplace({dummy: part for part, dummy in parts.items()})


def _is_whole_power(part: Any) -> bool:
    return isinstance(part, Pow) and part.exp.is_Integer


def _forms(e: Any) -> Iterator[Any]:
    yield e
    normal = _normal(e)
    yield normal
    yield factor(normal)
    yield _log_ratios(normal)


def _log_ratios(e: Any) -> Any:
    """`e` with the logarithms that share a factor joined to one, such as p log(1 + q/p)."""
    joined: dict[Any, list[tuple[Any, Any]]] = {}
    rest = Integer(0)
    for term in Add.make_args(expand(e)):
        logs = [factor for factor in Mul.make_args(term) if isinstance(factor, log)]
        if len(logs) == 1:
            number, shared = (term / logs[0]).as_coeff_Mul()
            joined.setdefault(shared, []).append((logs[0].args[0], number))
        else:
            rest += term
    return rest + Add(*(shared * _one_log(powers) for shared, powers in joined.items()))


def _one_log(powers: list[tuple[Any, Any]]) -> Any:
    scale = ilcm(1, *(number.q for _, number in powers if number.is_Rational))
    return log(expand(Mul(*(base ** (number * scale) for base, number in powers)))) / scale


def _vanishes(e: Any, given: tuple[Any, ...] = ()) -> bool:
    e = _restrict(e, given)
    if _sampled(e, lambda value: abs(value) > 1e-20):
        return False
    return e == 0 or _normal(e) == 0 or simplify(e) == 0 or simplify(_logs(e)) == 0


def _nonnegative(e: Any, given: tuple[Any, ...] = (), depth: int = 0) -> bool:
    return _has_sign(e, given, strict=False) or _from_a_valley(e, given, depth, strict=False)


def _positive(e: Any, given: tuple[Any, ...] = (), depth: int = 0) -> bool:
    return _has_sign(e, given, strict=True) or _from_a_valley(e, given, depth, strict=True)


def _has_sign(e: Any, given: tuple[Any, ...], *, strict: bool) -> bool:
    e = _restrict(e, given)
    return not _sampled(e, lambda value: value < -1e-20) and any(_signed(form, strict) for form in _forms(e))


def _signed(e: Any, strict: bool) -> bool:
    if (e.is_positive if strict else e.is_nonnegative) is True:
        return True
    top, bottom = (expand(part) for part in fraction(together(e)))
    if bottom.is_negative:
        top, bottom = -top, -bottom
    return bottom.is_positive is True and (top.is_positive if strict else top.is_nonnegative) is True


def _from_a_valley(e: Any, given: tuple[Any, ...], depth: int, *, strict: bool) -> bool:
    """Whether the least value of `e` in one symbol, the others fixed, has the sign that is wanted."""
    if depth > 2 or _sampled(_restrict(e, given), lambda value: value < -1e-20):
        return False
    decide = _positive if strict else _nonnegative
    for symbol in sorted((s for s in e.free_symbols if _is_interval(s)), key=str):
        slope = simplify(e.diff(symbol)) if e.has(exp, HyperbolicFunction) else _normal(e.diff(symbol))
        for point in _stationary(e, slope, symbol, given):
            if decide(e.subs(symbol, point), given, depth + 1):
                return True
        if _rises_from_a_limit(e, slope, symbol, given, depth, strict=strict):
            return True
    return False


def _is_interval(symbol: Any) -> bool:
    """Whether `symbol` runs through all positive or all real numbers."""
    return symbol.is_real and symbol.is_integer is None and symbol.is_positive == symbol.is_nonnegative


def _stationary(e: Any, slope: Any, symbol: Any, given: tuple[Any, ...]) -> Iterator[Any]:
    """Admissible points below which the slope is not positive, and above which it is not negative."""
    for point in _candidates(e, slope, symbol):
        if _admits(symbol, point, given) and _vanishes(slope.subs(symbol, point), given):
            rising = (slope.diff(symbol), slope / (symbol - point))
            if any(_has_sign(part, given, strict=False) for part in rising):
                yield point


def _candidates(e: Any, slope: Any, symbol: Any) -> Iterator[Any]:
    simple = [Rational(1), Rational(0), *sorted(e.free_symbols - {symbol}, key=str)]
    yield from simple
    if slope.is_rational_function(symbol):
        yield from (point for point in solve(slope, symbol) if point not in simple)
        return
    power = Dummy(positive=True)
    powers = slope.rewrite(HyperbolicFunction, exp).subs(symbol, log(power))
    if powers.is_rational_function(power):
        yield from (log(point) for point in solve(powers, power) if point.is_positive)


def _admits(symbol: Any, point: Any, given: tuple[Any, ...]) -> bool:
    """Whether `point` lies where `symbol` may be."""
    for relation in given:
        if isinstance(relation, Contains) and relation.args[0] == symbol:
            interval = relation.args[1]
            ends = (point - interval.start, interval.end - point)
            return all(_positive(distance, given, depth=2) for distance in ends)
        if isinstance(relation, (Gt, Lt)) and relation.lhs == symbol:
            distance = point - relation.rhs if isinstance(relation, Gt) else relation.rhs - point
            return _positive(distance, given, depth=2)
    return point.is_real is True and (not symbol.is_positive or _has_sign(point, given, strict=True))


def _rises_from_a_limit(
    e: Any, slope: Any, symbol: Any, given: tuple[Any, ...], depth: int, *, strict: bool
) -> bool:
    if any(isinstance(relation, (Contains, Gt, Lt)) and relation.args[0] == symbol for relation in given):
        return False
    if _has_sign(slope, given, strict=strict):
        end = (0 if symbol.is_positive else -oo, "+")
    elif _has_sign(-slope, given, strict=strict):
        end = (oo, "-")
    else:
        return False
    try:
        start = limit(e, symbol, *end)
    except (NotImplementedError, ValueError):
        return False
    return start.is_finite is True and _nonnegative(start, given, depth + 1)
