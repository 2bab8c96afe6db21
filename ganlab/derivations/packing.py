"""Packing: a discriminator that sees m samples at once tells a collapsed generator from a skewed one."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Limit, Rational, Subs, Symbol, binomial, log, oo

from .derivation import Derivation, Step
from .statements import Term, above, define, equal

__all__ = ["packing", "packing_jensen_shannon"]

_POINTS = r"$p$ is uniform on four points and $q$ on two of them; $p^m$, $q^m$ are the laws of $m$ samples"


def _spread(m: int) -> Any:
    """The total variation of m samples of p from those of r = (3/4, 1/12, 1/12, 1/12)."""
    terms = (
        binomial(m, k)
        * 3 ** (m - k)
        * Abs(Rational(3, 4) ** k * Rational(1, 12) ** (m - k) - Rational(1, 4) ** m)
        for k in range(m + 1)
    )
    return sum(terms, Rational(0)) / 2


def packing() -> Derivation:
    """Total variation on packed samples: 1 - 2^(-m) for a collapsed generator, slower for a spread one.

    p is uniform on four points; q is uniform on two of them (collapsed), r = (3/4, 1/12, 1/12, 1/12) is
    spread; one sample tells both from p with total variation 1/2, two samples with 3/4 and 1/2.

    Source: the example is ours, after Lin et al. 2018 [lin2018].

    >>> packing().check()
    True
    """
    m = Symbol("m", positive=True, integer=True)
    kept, lost = 2**m, 4**m - 2**m
    collapsed = define(
        r"\operatorname{TV}_q", lambda m: (2**m * (2 ** (-m) - 4 ** (-m)) + (4**m - 2**m) * 4 ** (-m)) / 2
    )
    spread = {k: Term(rf"\operatorname{{TV}}_r({k})", _spread(k)) for k in (1, 2, 3, 4)}
    return Derivation(
        name="Packing and mode collapse",
        claim=above(collapsed(2), spread[2]),
        assumptions=(
            _POINTS,
            r"$r = (\frac{3}{4}, \frac{1}{12}, \frac{1}{12}, \frac{1}{12})$ is spread out",
        ),
        steps=(
            Step(
                equal(collapsed(m), (kept * (2 ** (-m) - 4 ** (-m)) + lost * 4 ** (-m)) / 2 + 0),
                "Tuples that q can make, and those it cannot",
            ),
            Step(equal(collapsed(m), 1 - 2 ** (-m)), "The two parts are equal"),
            Step(equal(collapsed(1), spread[1]), "One sample cannot tell collapse from spread"),
            Step(equal(spread[1], Rational(1, 2)), "Both are at one half"),
            Step(equal(collapsed(2), Rational(3, 4)), "Two samples see the collapse"),
            Step(equal(spread[2], Rational(1, 2)), "and nothing new of the spread one"),
            Step(equal(spread[3], Rational(11, 16)), "Three samples of the spread one"),
            Step(equal(spread[4], Rational(11, 16)), "and four"),
            Step(equal(Limit(collapsed(m), m, oo), 1), "In the end collapse is seen for sure"),
        ),
        source="Lin et al. 2018 [lin2018], on our own example",
    )


def packing_jensen_shannon() -> Derivation:
    """The Jensen-Shannon divergence of packed samples from a generator that has lost half of the points.

    With s = 2^(-m): JSD = log 2 - ((1 + s) log(1 + s) - s log s)/2, which rises to log 2 with m.

    Source: the example is ours, after Lin et al. 2018 [lin2018].

    >>> packing_jensen_shannon().check()
    True
    """
    m = Symbol("m", positive=True, integer=True)
    s = Symbol("s", positive=True)
    j = define("j", lambda p, q: p * log(2 * p / (p + q)) / 2 + q * log(2 * q / (p + q)) / 2)
    jsd = define(r"\operatorname{JSD}", lambda s: j(s**2, s) / s + (1 - s) * log(2) / 2)
    closed = log(2) - ((1 + s) * log(1 + s) - s * log(s)) / 2
    return Derivation(
        name="Packing and the Jensen-Shannon divergence",
        claim=equal(jsd(s), closed),
        assumptions=(
            _POINTS,
            r"$s = 2^{-m}$: a tuple has mass $s^2$ under $p^m$ and, on $1/s$ of them, $s$ under $q^m$",
            r"a tuple of masses $p$ and $q$ adds $j(p, q)$",
        ),
        steps=(
            Step(equal(Subs(s**2, s, 2 ** (-m)), 4 ** (-m)), "The mass of a tuple under p"),
            Step(
                equal(j(s**2, s) / s, (s * log(2 * s / (1 + s)) + log(2 / (1 + s))) / 2),
                "The tuples that both can make",
            ),
            Step(equal((1 / s**2 - 1 / s) * s**2, 1 - s), "The mass of p on the others"),
            Step(equal(jsd(s), j(s**2, s) / s + (1 - s) * log(2) / 2), "which count half of log 2 each"),
            Step(equal(jsd(Rational(1, 2)), 3 * log(2) / 2 - 3 * log(3) / 4), "One sample"),
            Step(equal(Limit(closed, s, 0, "+"), log(2)), "With many samples it tends to its bound"),
        ),
        source="Lin et al. 2018 [lin2018], on our own example",
    )
