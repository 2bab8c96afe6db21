"""What a generator cannot help, and what is forgiven: the samples in a gap, and a share of noise."""

from __future__ import annotations

from sympy import Derivative, Symbol, erf, exp, log, pi, sqrt

from .derivation import Definition, Derivation, Step
from .statements import (
    Term,
    above,
    at_least,
    at_most,
    below,
    define,
    densities,
    equal,
    inside,
    mean,
    normalised,
)

__all__ = ["mixed_with_noise", "thin_bridge"]


def mixed_with_noise() -> Derivation:
    """What a likelihood forgives: KL(p, eps p + (1 - eps) r) is at most -log eps, whatever r.

    Source: Theis et al. 2016 [theis2016].

    >>> mixed_with_noise().check()
    True
    """
    p, r = densities("p", "r")
    epsilon = Symbol("epsilon", real=True)
    model = Term("q", epsilon * p + (1 - epsilon) * r)
    return Derivation(
        name="What a likelihood forgives",
        claim=at_most(mean(p, log(p / model)), -log(epsilon)),
        assumptions=(
            inside(epsilon, 0, 1),
            normalised(p),
            r"$p$ is the density of the data, and $r$ any other that is positive there",
        ),
        lines=(
            Definition(
                equal(model, epsilon * p + (1 - epsilon) * r), "A share of the samples is from the data"
            ),
            Step(above(model, epsilon * p), "The model has at least that much density"),
            Step(below(p / model, 1 / epsilon), "so that the ratio is never larger than this"),
            Step(below(log(p / model), -log(epsilon)), "nor its logarithm than that, nor the mean of it"),
        ),
        source="Theis et al. 2016 [theis2016]",
    )


def thin_bridge() -> Derivation:
    """How many samples a continuous generator puts into a gap: at least Phi(c + l/K) - Phi(c).

    Normal noise below c lands on one side, noise above b on the other. To cross a gap of length l with a
    stretch of at most K takes noise of length l/K, so that b > c + l/K or equal.

    Source: Borell 1975 [borell1975], of which this is the case of one dimension.

    >>> thin_bridge().check()
    True
    """
    b, c, z = (Symbol(name, real=True) for name in "bcz")
    length, stretch = Symbol("ell", positive=True), Symbol("K", positive=True)
    cdf = define(r"\Phi", lambda z: (1 + erf(z / sqrt(2))) / 2)
    density = define(r"\varphi", lambda z: exp(-(z**2) / 2) / sqrt(2 * pi))
    gap = Term(r"P_{\text{gap}}", cdf(b) - cdf(c))
    edge = c + length / stretch
    return Derivation(
        name="How thin a bridge can be",
        claim=at_least(gap, cdf(edge) - cdf(c)),
        assumptions=(
            r"$G$ stretches by at most $K$: to cross a gap of length $\ell$ takes noise of length $\ell/K$",
            r"normal noise up to $c$ lands on one side of it, and noise from $b$ on the other, with",
            above(b, edge),
        ),
        lines=(
            Definition(equal(gap, cdf(b) - cdf(c)), "What lies between them lands in the gap"),
            Step(
                equal(Derivative(cdf(z), z), density(z)), "The slope of $\\Phi$ is the density of the noise"
            ),
            Step(above(density(z), 0), "It is positive, so that $\\Phi$ rises"),
            Step(above(cdf(b), cdf(edge)), "and is larger where the other side is reached"),
        ),
        source="Borell 1975 [borell1975], in one dimension",
    )
