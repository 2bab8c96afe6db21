"""Normal forms of an expression, and its value at a few points: exact ways to see zero and to see signs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sympy import (
    QQ,
    Add,
    Dummy,
    Function,
    I,
    Integer,
    Mul,
    NumberSymbol,
    Pow,
    Rational,
    exp,
    expand,
    expand_log,
    factor,
    ilcm,
    lex,
    log,
    together,
)
from sympy.functions.elementary.hyperbolic import HyperbolicFunction
from sympy.polys.fields import field

__all__ = ["expand_logs", "forms", "normal", "of_the_same_sign", "sampled"]

_SAMPLES = (
    (Rational(3, 7), Rational(5, 3), Rational(2, 9), Rational(7, 4), Rational(4, 5), Rational(11, 8)),
    (Rational(9, 4), Rational(1, 6), Rational(6, 5), Rational(2, 7), Rational(8, 3), Rational(1, 9)),
    (Rational(1, 50), Rational(13, 6), Rational(31, 8), Rational(1, 11), Rational(10, 7), Rational(1, 3)),
)


def sampled(e: Any, bad: Callable[[Any], bool]) -> bool:
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


def expand_logs(e: Any) -> Any:
    """`e` with each logarithm of a product written as a sum, exponentials as powers of positive symbols."""
    e = e.rewrite(HyperbolicFunction, exp)
    for symbol in sorted((s for s in e.free_symbols if s.is_real), key=str):
        if any(power.args[0].has(symbol) for power in e.atoms(exp)):
            power = Dummy(positive=True)
            trial = e.subs(symbol, log(1 + power if symbol.is_positive else power))
            e = e if trial.has(exp) else trial
    return e.replace(log, lambda argument: expand_log(log(factor(together(argument)))))


def normal(e: Any) -> Any:
    """`e` as one cancelled fraction of polynomials in its symbols, logarithms and roots."""
    e = expand_logs(e)
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


def forms(e: Any) -> Iterator[Any]:
    """Equal ways to write `e`, in one of which its sign may be plain."""
    yield e
    cancelled = normal(e)
    yield cancelled
    yield factor(cancelled)
    yield _log_ratios(cancelled)


def of_the_same_sign(e: Any) -> Any:
    """What has the sign of `e` where that is c log(u): c (u - 1), or None where `e` is no such product.

    >>> from sympy import Symbol
    >>> p, q = Symbol("p", positive=True), Symbol("q", positive=True)
    >>> factor(of_the_same_sign(log(p) - log(p + q)))
    -q/(p + q)
    """
    joined = _log_ratios(normal(e)) if e.has(log) else e
    logs = joined.atoms(log)
    if len(logs) != 1:
        return None
    single = logs.pop()
    weight = joined / single
    return None if weight.has(log) else weight * normal(single.args[0] - 1)


_WRITTEN_OUT = 16  # the highest power of a sum that is written out


def _log_ratios(e: Any) -> Any:
    """`e` with the logarithms that share a factor joined to one, such as p log(1 + q/p)."""
    joined: dict[Any, list[tuple[Any, Any]]] = {}
    rest = Integer(0)
    for term in Add.make_args(expand(e)):
        logs = [part for part in Mul.make_args(term) if isinstance(part, log)]
        if len(logs) == 1:
            number, shared = (term / logs[0]).as_coeff_Mul()
            joined.setdefault(shared, []).append((logs[0].args[0], number))
        else:
            rest += term
    return rest + Add(*(shared * _one_log(powers) for shared, powers in joined.items()))


def _one_log(powers: list[tuple[Any, Any]]) -> Any:
    """The sum of number * log(base), joined to one logarithm unless a power would fill pages."""
    scale = ilcm(1, *(number.q for _, number in powers if number.is_Rational))
    if any(abs(number * scale) > _WRITTEN_OUT for _, number in powers if number.is_Rational):
        return Add(*(number * log(base) for base, number in powers))
    return log(expand(Mul(*(base ** (number * scale) for base, number in powers)))) / scale
