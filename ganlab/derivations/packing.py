"""Packing: a discriminator that sees m samples at once tells a collapsed generator from a skewed one."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Limit, Rational, Subs, Symbol, binomial, log, oo

from .derivation import Definition, Derivation, Step
from .statements import Term, above, define, equal

__all__ = ["packing", "packing_jensen_shannon"]

_POINTS = (
    r"$p$ is uniform on $N$ points, $q$ on a share $\alpha < 1$ of them; "
    r"$p^m$, $q^m$ are the distributions of $m$ samples"
)
_m, _all = (Symbol(name, positive=True, integer=True) for name in ("m", "N"))
_alpha = Symbol("alpha", positive=True)


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
    """Total variation on packed samples: 1 - alpha^m for a generator that keeps a share alpha of the modes.

    A spread generator with the same total variation for one sample is slower: on four points q, uniform on
    two, has 1/2 and 3/4 for one and two samples, r = (3/4, 1/12, 1/12, 1/12) has 1/2 and 1/2.

    Source: the example is ours, after Lin et al. 2018 [lin2018].

    >>> packing().check()
    True
    """
    kept, lost = (_alpha * _all) ** _m, _all**_m - (_alpha * _all) ** _m
    above_p = Term("A", kept * ((_alpha * _all) ** (-_m) - _all ** (-_m)))
    below_p = Term("B", lost * _all ** (-_m))
    collapsed = define(r"\operatorname{TV}_q", lambda alpha, m: 1 - alpha**m)
    tv = Term(r"\operatorname{TV}(p^m, q^m)", (above_p + below_p) / 2)
    spread = {k: Term(rf"\operatorname{{TV}}_r({k})", _spread(k)) for k in (1, 2, 3, 4)}
    return Derivation(
        name="Packing and mode collapse",
        claim=equal(tv, 1 - _alpha**_m),
        assumptions=(
            _POINTS,
            r"$r = (\frac{3}{4}, \frac{1}{12}, \frac{1}{12}, \frac{1}{12})$ is spread out on $N = 4$",
        ),
        lines=(
            Definition(
                equal(above_p, above_p.args[1]), "The packs that q can make, which it makes too often"
            ),
            Step(equal(above_p, 1 - _alpha**_m), "In all, by the mass that p has elsewhere"),
            Definition(equal(below_p, below_p.args[1]), "The packs that q cannot make, under p"),
            Step(equal(below_p, 1 - _alpha**_m), "have that mass"),
            Definition(equal(tv, (above_p + below_p) / 2), "Half the sum is the total variation"),
            Definition(equal(collapsed(_alpha, _m), 1 - _alpha**_m), "As a function"),
            Step(
                equal(Limit(collapsed(Rational(1, 2), _m), _m, oo), 1), "In the end collapse is seen for sure"
            ),
            Definition(
                equal(collapsed(Rational(1, 2), 1), spread[1]), "One sample cannot tell it from spread"
            ),
            Definition(equal(spread[2], Rational(1, 2)), "Two samples see nothing new of the spread one"),
            Step(above(collapsed(Rational(1, 2), 2), spread[2]), "and more of the collapsed one"),
            Definition(equal(spread[3], Rational(11, 16)), "Three samples of the spread one"),
            Definition(equal(spread[4], Rational(11, 16)), "and four"),
        ),
        source="Lin et al. 2018 [lin2018], on our own example",
    )


def packing_jensen_shannon() -> Derivation:
    """The Jensen-Shannon divergence of packed samples from a generator that keeps a share alpha of the modes.

    With s = alpha^m: JSD = log 2 - ((1 + s) log(1 + s) - s log s)/2, which rises to log 2 with m.

    Source: the example is ours, after Lin et al. 2018 [lin2018].

    >>> packing_jensen_shannon().check()
    True
    """
    n, s = Symbol("n", positive=True), Symbol("s", positive=True)
    j = define("j", lambda p, q: p * log(2 * p / (p + q)) / 2 + q * log(2 * q / (p + q)) / 2)
    both = Term("A", s * n * j(1 / n, 1 / (s * n)))
    lost = Term("B", (n - s * n) / n * log(2) / 2)
    jsd = define(r"\operatorname{JSD}", lambda s: both + lost)
    closed = log(2) - ((1 + s) * log(1 + s) - s * log(s)) / 2
    return Derivation(
        name="Packing and the Jensen-Shannon divergence",
        claim=equal(jsd(s), closed),
        assumptions=(
            _POINTS,
            r"$s = \alpha^m$ is the share of the $n = N^m$ packs that $q$ can make",
            r"a pack of masses $p$ and $q$ adds $j(p, q)$",
        ),
        lines=(
            Definition(equal(both, s * n * j(1 / n, 1 / (s * n))), "The packs that both can make"),
            Step(
                equal(both, (s * log(2 * s / (1 + s)) + log(2 / (1 + s))) / 2),
                "add this, however many there are",
            ),
            Definition(equal(lost, (n - s * n) / n * log(2) / 2), "The others count half of log 2 each"),
            Step(equal(lost, (1 - s) * log(2) / 2), "by the mass of p on them"),
            Definition(equal(jsd(s), both + lost), "Together"),
            Step(
                equal(Subs(closed, s, Rational(1, 2)), 3 * log(2) / 2 - 3 * log(3) / 4),
                "One sample, for a half",
            ),
            Step(equal(Limit(closed, s, 0, "+"), log(2)), "With many samples it tends to its bound"),
        ),
        source="Lin et al. 2018 [lin2018], on our own example",
    )
