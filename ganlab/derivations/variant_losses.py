"""Hinge and least squares: what their best discriminator is, and what its loss measures."""

from __future__ import annotations

from sympy import Abs, Derivative, Function, Max, Min, Rational, Subs, Symbol, log, sign

from .derivation import Definition, Derivation, Step
from .statements import (
    Term,
    above,
    at_least,
    below,
    define,
    densities,
    equal,
    integral,
    mean,
    normalised,
)

__all__ = [
    "hinge_total_variation",
    "least_squares_generator",
    "least_squares_pearson",
    "least_squares_value",
]

_p, _q = densities("p", "q")
_score = Function("D", real=True)(_p.args[0])
_DENSITIES = r"$p$ and $q$ are the densities of real and fake, positive where they are compared"
_TV = Term(r"\operatorname{TV}", integral(Abs(_p - _q)) / 2)


def hinge_total_variation() -> Derivation:
    """The least hinge loss of the discriminator: 2 (1 - TV(p, q)), reached at D* = sign(p - q).

    Source: Lim & Ye 2017 [lim2017].

    >>> hinge_total_variation().check()
    True
    """
    ell = define(r"\ell", lambda d: _p * Max(0, 1 - d) + _q * Max(0, 1 + d))
    loss = define(r"\mathcal{L}", lambda d: mean(_p, Max(0, 1 - d)) + mean(_q, Max(0, 1 + d)))
    best = sign(_p - _q)
    return Derivation(
        name="The hinge loss and total variation",
        claim=at_least(loss(_score), 2 * (1 - _TV)),
        assumptions=(normalised(_p), normalised(_q), r"$D$ is any real score", _DENSITIES),
        lines=(
            Step(equal(loss(_score), integral(ell(_score))), "The loss is an integral over points"),
            Definition(equal(ell(1), 2 * _q), "At the score 1 only fakes pay"),
            Definition(equal(ell(-1), 2 * _p), "At the score -1 only real samples pay"),
            Step(at_least(ell(_score), 2 * Min(_p, _q)), "No score pays less than the better of the two"),
            Step(equal(ell(best), 2 * Min(_p, _q)), "which is the sign of the difference"),
            Step(equal(integral(Min(_p, _q)), 1 - _TV), "The overlap is one minus the total variation"),
        ),
        source="Lim & Ye 2017 [lim2017]",
    )


def least_squares_pearson() -> Derivation:
    """The generator's least-squares loss at D*: the integral of (p - q)^2/(p + q) if b - c = 1, b - a = 2.

    D aims at b on real and at a on fake, the generator at c on both. Mao calls the value the Pearson
    divergence of p + q and 2q, the squares being divided by p + q. It is symmetric in p and q.

    Source: Mao et al. 2017, Thm. 1 [mao2017].

    >>> least_squares_pearson().check()
    True
    """
    p, q = _p, _q
    b = Symbol("b", real=True)
    a, c = Term("a", b - 2), Term("c", b - 1)
    best = (b * p + a * q) / (p + q)
    shown = Term("D^*", best)
    loss = define(r"\ell", lambda d: (p * (d - b) ** 2 + q * (d - a) ** 2) / 2)
    cost = Term("2C", mean(p, (shown - c) ** 2) + mean(q, (shown - c) ** 2))
    return Derivation(
        name="Least squares and the Pearson divergence",
        claim=equal(cost, integral((p - q) ** 2 / (p + q))),
        assumptions=(
            normalised(p),
            normalised(q),
            r"targets $a = b - 2$, $c = b - 1$",
            _DENSITIES,
        ),
        lines=(
            Definition(equal(loss(_score), (p * (_score - b) ** 2 + q * (_score - a) ** 2) / 2), "The loss"),
            Definition(equal(shown, (b * p + a * q) / (p + q)), "A mixture of the targets"),
            Step(at_least(loss(_score), loss(shown)), "is the best score of the discriminator"),
            Step(equal(shown - c, (p - q) / (p + q)), "Its distance from the aim of the generator"),
            Step(equal(cost, mean(p + q, (shown - c) ** 2)), "Real and fake pay alike"),
            Step(below(cost, 2), "It is bounded, unlike the divergence with q below"),
        ),
        source="Mao et al. 2017, Thm. 1 [mao2017]",
    )


def least_squares_value() -> Derivation:
    """The least loss with targets 1 and 0: 1/4 minus an eighth of the integral of (p - q)^2/(p + q).

    Source: Mao et al. 2017 [mao2017].

    >>> least_squares_value().check()
    True
    """
    p, q = _p, _q
    best = p / (p + q)
    loss = define(r"\mathcal{L}", lambda d: (mean(p, (d - 1) ** 2) + mean(q, d**2)) / 2)
    ell = define(r"\ell", lambda d: (p * (d - 1) ** 2 + q * d**2) / 2)
    triangular = Term(r"\Delta", integral((p - q) ** 2 / (p + q)))
    shown = Term("D^*", best)
    return Derivation(
        name="Least squares with targets one and zero",
        claim=equal(loss(shown), Rational(1, 4) - triangular / 8),
        assumptions=(normalised(p), normalised(q), r"$D$ is any real score", _DENSITIES),
        lines=(
            Definition(
                equal(ell(_score), (p * (_score - 1) ** 2 + q * _score**2) / 2), "The loss at a point"
            ),
            Step(equal(Derivative(ell(_score), _score), (p + q) * _score - p), "The slope in the score"),
            Step(equal(Subs(Derivative(ell(_score), _score), _score, best), 0), "vanishes at p over p + q"),
            Step(at_least(loss(_score), loss(shown)), "which is the minimum: the loss is a parabola"),
            Step(equal(ell(shown), p * q / (p + q) / 2), "Its value at a point"),
            Step(
                equal(p * q / (p + q), (p + q) / 4 - (p - q) ** 2 / (4 * (p + q))),
                "The harmonic mean falls short of the arithmetic one",
            ),
            Definition(
                equal(triangular, integral((p - q) ** 2 / (p + q))), "by the triangular discrimination"
            ),
        ),
        source="Mao et al. 2017 [mao2017]",
    )


def least_squares_generator() -> Derivation:
    """What the generator's least-squares loss (D - 1)^2/2 descends at the frozen D*, with targets 1 and 0.

    The gradient is that of an f-divergence in u = q/p with f'' = u/(1 + u)^3: again not the divergence that
    the discriminator's value measures.

    Source: the derivation is ours; the loss is that of Mao et al. 2017 [mao2017].

    >>> least_squares_generator().check()
    True
    """
    p, theta = Symbol("p", positive=True), Symbol("theta", real=True)
    q, d = Function("q", positive=True)(theta), Symbol("D", real=True)
    u = Symbol("u", positive=True)
    f = define("f", lambda u: u / 2 - log((1 + u) / 2) - 1 / (2 * (1 + u)) - Rational(1, 4))
    moved = Derivative(q, theta)
    best = Term("D^*", p / (p + q))

    loss = Term(r"\ell", q * (d - 1) ** 2 / 2)
    return Derivation(
        name="What the least-squares generator descends",
        claim=equal(Derivative(p * f(q / p), theta), (best - 1) ** 2 / 2 * moved),
        assumptions=(r"$p$ and $q = q_\theta$ are densities at a point, $q$ differentiable in $\theta$",),
        lines=(
            Definition(equal(best, p / (p + q)), "The optimal discriminator"),
            Definition(equal(loss, q * (d - 1) ** 2 / 2), "The loss at a point, for any D"),
            Step(equal(Derivative(loss, theta), (d - 1) ** 2 / 2 * moved), "With D frozen"),
            Step(equal((best - 1) ** 2 / 2, (q / p) ** 2 / (1 + q / p) ** 2 / 2), "in terms of u = q/p"),
            Step(equal(Derivative(f(u), u), u**2 / (2 * (1 + u) ** 2)), "is the slope of f"),
            Definition(equal(f(1), 0), "which vanishes where the densities agree"),
            Step(equal(Derivative(f(u), (u, 2)), u / (1 + u) ** 3), "and has this second derivative"),
            Step(above(Derivative(f(u), (u, 2)), 0), "so that it is strictly convex"),
        ),
        source="own derivation, for the loss of Mao et al. 2017 [mao2017]",
    )
