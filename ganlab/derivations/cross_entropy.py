"""Binary cross-entropy: where it comes from, what it rewards, and how the value of the game is made of it."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Limit, Rational, S, Subs, Symbol, exp, log, oo

from .derivation import Definition, Derivation, Step
from .statements import (
    Term,
    above,
    at_least,
    at_most,
    define,
    densities,
    equal,
    inside,
    integral,
    mean,
    normalised,
)

__all__ = [
    "bce_from_likelihood",
    "bce_in_logits",
    "label_smoothing",
    "mean_of_logarithms",
    "proper_scoring",
    "squared_error_gradient",
    "squared_price",
    "two_sided_label_smoothing",
    "two_sigmoids",
    "value_from_bce",
]

_bce = define(r"\operatorname{BCE}", lambda y, d: -y * log(d) - (1 - y) * log(1 - d))
_sigma = define(r"\sigma", lambda a: 1 / (1 + exp(-a)))
_softplus = define(r"\operatorname{softplus}", lambda a: log(1 + exp(a)))


def bce_from_likelihood() -> Derivation:
    """Binary cross-entropy as the negative log-likelihood of a label.

    -log( D^y (1 - D)^(1 - y) ) = -y log D - (1 - y) log(1 - D), for the probability D that the label is 1.

    Source: Goodfellow, Bengio & Courville 2016, ch. 3 and 5 [goodfellow2016].

    >>> bce_from_likelihood().check()
    True
    """
    y, d, other_y, other_d = (Symbol(name, real=True) for name in ("y", "D", "y'", "D'"))
    likelihood = define("L", lambda y, d: d**y * (1 - d) ** (1 - y))

    pair = Term(r"\ell_2", -log(likelihood(y, d) * likelihood(other_y, other_d)))
    return Derivation(
        name="Cross-entropy from maximum likelihood",
        claim=equal(-log(likelihood(y, d)), _bce(y, d)),
        assumptions=(inside(d, 0, 1), inside(other_d, 0, 1), r"the label $y$ is 1 with probability $D$"),
        lines=(
            Definition(equal(likelihood(1, d), d), "The likelihood of the label 1 is D"),
            Definition(equal(likelihood(0, d), 1 - d), "The likelihood of the label 0 is 1 - D"),
            Step(
                equal(-log(likelihood(y, d)), -(y * log(d) + (1 - y) * log(1 - d))),
                "The logarithm turns powers into factors",
            ),
            Definition(
                equal(pair, -log(likelihood(y, d) * likelihood(other_y, other_d))),
                "Two labels that are independent multiply",
            ),
            Step(equal(pair, _bce(y, d) + _bce(other_y, other_d)), "so that their losses add"),
        ),
        source="Goodfellow, Bengio & Courville 2016 [goodfellow2016]",
    )


def bce_in_logits() -> Derivation:
    """Binary cross-entropy as a function of the logit a, where D = sigma(a).

    BCE(y, sigma(a)) = softplus(a) - y a, with derivative sigma(a) - y and a positive second derivative.

    Source: Goodfellow, Bengio & Courville 2016, sec. 6.2.2.2 [goodfellow2016].

    >>> bce_in_logits().check()
    True
    """
    y, a = Symbol("y", real=True), Symbol("a", real=True)
    loss = _softplus(a) - y * a
    return Derivation(
        name="Cross-entropy in logits",
        claim=equal(_bce(y, _sigma(a)), loss),
        assumptions=(r"$a$ and $y$ are real numbers",),
        lines=(
            Step(equal(-log(_sigma(a)), _softplus(a) - a), "The loss of the label 1"),
            Step(equal(-log(1 - _sigma(a)), _softplus(a)), "The loss of the label 0"),
            Step(
                equal(_bce(y, _sigma(a)), y * (_softplus(a) - a) + (1 - y) * _softplus(a)),
                "The label weighs the two losses",
            ),
            Step(equal(Derivative(loss, a), _sigma(a) - y), "The derivative is prediction minus label"),
            Step(
                equal(Derivative(loss, (a, 2)), _sigma(a) * (1 - _sigma(a))),
                "The second derivative does not depend on the label",
            ),
            Step(above(Derivative(loss, (a, 2)), 0), "Hence the loss is strictly convex in the logit"),
        ),
        source="Goodfellow, Bengio & Courville 2016 [goodfellow2016]",
    )


def proper_scoring() -> Derivation:
    """Cross-entropy as a strictly proper score: the expected loss is least at the true probability alone.

    With R(D) = -pi log D - (1 - pi) log(1 - D): R'(pi) = 0 and R'' > 0, hence R(D) >= R(pi).

    Source: Gneiting & Raftery 2007 [gneiting2007].

    >>> proper_scoring().check()
    True
    """
    pi, d = Symbol("pi", real=True), Symbol("D", real=True)
    risk = define("R", lambda d: -pi * log(d) - (1 - pi) * log(1 - d))
    excess = pi * log(pi / d) + (1 - pi) * log((1 - pi) / (1 - d))
    return Derivation(
        name="Cross-entropy is strictly proper",
        claim=at_least(risk(d), risk(pi)),
        assumptions=(inside(pi, 0, 1), inside(d, 0, 1), r"the label is 1 with probability $\pi$"),
        lines=(
            Definition(equal(risk(d), pi * _bce(1, d) + (1 - pi) * _bce(0, d)), "The expected loss"),
            Step(
                equal(Derivative(risk(d), d), (d - pi) / (d * (1 - d))),
                "It falls below the truth, rises above",
            ),
            Step(equal(Subs(Derivative(risk(d), d), d, pi), 0), "First order: stationary at the truth"),
            Step(above(Derivative(risk(d), (d, 2)), 0), "Second order: strictly convex, so nowhere else"),
            Step(
                equal(risk(d) - risk(pi), excess),
                r"The excess is the divergence KL(Bern($\pi$), Bern($D$))",
            ),
            Step(at_least(excess, 0), "A divergence is not negative"),
        ),
        source="Gneiting & Raftery 2007 [gneiting2007]",
    )


def squared_error_gradient() -> Derivation:
    """The gradient of the squared error through a sigmoid, against that of cross-entropy.

    d/da (sigma(a) - y)^2 = 2 sigma(a) (1 - sigma(a)) (sigma(a) - y): the cross-entropy gradient times a
    factor of at most 1/2 that vanishes with confidence, right or wrong.

    Source: Goodfellow, Bengio & Courville 2016, sec. 6.2.2.2 [goodfellow2016].

    >>> squared_error_gradient().check()
    True
    """
    y, a = Symbol("y", real=True), Symbol("a", real=True)
    squared, cross = (_sigma(a) - y) ** 2, _softplus(a) - y * a
    factor = 2 * _sigma(a) * (1 - _sigma(a))
    return Derivation(
        name="Squared error through a sigmoid",
        claim=equal(Derivative(squared, a), factor * Derivative(cross, a)),
        assumptions=(r"$a$ and $y$ are real numbers",),
        lines=(
            Step(equal(Derivative(_sigma(a), a), _sigma(a) * (1 - _sigma(a))), "The slope of the sigmoid"),
            Step(equal(Derivative(squared, a), factor * (_sigma(a) - y)), "The chain rule"),
            Step(equal(Derivative(cross, a), _sigma(a) - y), "Cross-entropy has no such factor"),
            Step(at_most(factor, Rational(1, 2)), "The factor is largest at the logit 0"),
            Step(
                equal(Limit(Subs(factor * (_sigma(a) - y), y, 1), a, -oo), 0),
                "Sure and wrong about a label 1: squared error stops learning",
            ),
            Step(
                equal(Limit(Subs(_sigma(a) - y, y, 1), a, -oo), -1),
                "while cross-entropy keeps its full slope",
            ),
        ),
        source="Goodfellow, Bengio & Courville 2016 [goodfellow2016]",
    )


def mean_of_logarithms() -> Derivation:
    r"""Jensen's inequality for the logarithm: the mean of log D is at most the logarithm of the mean of D.

    log D <= log c + (D - c)/c for every c > 0, and the mean of the right side at c = E D is log E D.

    Source: Goodfellow, Bengio & Courville 2016, ch. 3 [goodfellow2016].

    >>> mean_of_logarithms().check()
    True
    """
    p, d = densities("p", "D")
    c = Symbol("c", positive=True)
    average = Term(r"\bar{D}", mean(p, d))
    tangent = define("t", lambda d: log(c) + (d - c) / c)
    return Derivation(
        name="The mean of the logarithms",
        claim=at_most(mean(p, log(d)), log(average)),
        assumptions=(normalised(p), r"$p$ is the density of the samples, and their answers $D$ are positive"),
        lines=(
            Definition(equal(average, mean(p, d)), "The mean answer"),
            Definition(equal(tangent(d), log(c) + (d - c) / c), "The tangent of the logarithm at any c"),
            Step(at_most(log(d), tangent(d)), "lies above it, since the logarithm is concave"),
            Step(at_most(mean(p, log(d)), tangent(average)), "and so it does on the mean"),
            Step(
                equal(Subs(tangent(average), c, average), log(average)),
                "At the mean answer it is the logarithm of that mean",
            ),
        ),
        source="Goodfellow, Bengio & Courville 2016, ch. 3 [goodfellow2016]",
    )


def squared_price() -> Derivation:
    """The squared error as a strictly proper price: pi (1 - pi) + (d - pi)^2 on average, least at d = pi.

    Source: Gneiting & Raftery 2007 [gneiting2007].

    >>> squared_price().check()
    True
    """
    pi, d = Symbol("pi", real=True), Symbol("d", real=True)
    price = define("R", lambda d: pi * (d - 1) ** 2 + (1 - pi) * d**2)
    return Derivation(
        name="The squared error is strictly proper",
        claim=equal(price(d), pi * (1 - pi) + (d - pi) ** 2),
        assumptions=(r"a share $\pi$ of the samples is real, and each is answered $d$",),
        lines=(
            Definition(equal(price(d), pi * (d - 1) ** 2 + (1 - pi) * d**2), "The mean price of the answer"),
            Step(equal(price(d), d**2 - 2 * pi * d + pi), "Multiply out: the two weights add up to one"),
            Step(
                equal((d - pi) ** 2, d**2 - 2 * pi * d + pi**2),
                "The square with the same terms in d",
            ),
            Step(equal(price(pi), pi * (1 - pi)), "At the truth the square is zero, and this is left"),
            Step(at_least(price(d), price(pi)), "so that the truth has the lowest price"),
        ),
        source="Gneiting & Raftery 2007 [gneiting2007]",
    )


def two_sigmoids() -> Derivation:
    """What two sigmoids in a row cost at least and at most, since softplus rises and answers lie in (0, 1).

    Source: the statement is ours; the loss in logits is in Goodfellow, Bengio & Courville 2016, sec. 6.2.2.2
    [goodfellow2016].

    >>> two_sigmoids().check()
    True
    """
    a, real, fake = Symbol("a", real=True), Symbol("D_r", real=True), Symbol("D_g", real=True)
    cost = _softplus(-real) + _softplus(fake)
    return Derivation(
        name="Two sigmoids in a row",
        claim=at_most(_softplus(-1) + log(2), cost),
        assumptions=(
            inside(real, 0, 1),
            inside(fake, 0, 1),
            r"a real sample with the answer $D_r$ costs $\operatorname{softplus}(-D_r)$,",
            r"and a generated one with the answer $D_g$ costs $\operatorname{softplus}(D_g)$",
        ),
        lines=(
            Definition(equal(_softplus(a), log(1 + exp(a))), "What a generated sample of the score a costs"),
            Step(equal(Derivative(_softplus(a), a), _sigma(a)), "The slope is the sigmoid"),
            Step(above(_sigma(a), 0), "which is positive, so that softplus rises"),
            Step(at_least(_softplus(-real), _softplus(-1)), "A real sample costs least at the answer 1"),
            Step(at_least(_softplus(fake), log(2)), "a generated one at the answer 0"),
            Step(
                at_most(cost, log(2) + _softplus(1)),
                "Both cost most where they are wrong and sure",
            ),
        ),
        source="own statement, for the loss of Goodfellow, Bengio & Courville 2016 [goodfellow2016]",
    )


def value_from_bce() -> Derivation:
    """The value of the game as cross-entropy: L_D = -V = 2 BCE.

    V(D) = E_p log D + E_q log(1 - D). The discriminator's loss, the sum of the means over real (label 1) and
    fake (label 0), is -V; the mean over a batch that is half real and half fake is half of that.

    Source: Goodfellow et al. 2014, eq. 1 [goodfellow2014].

    >>> value_from_bce().check()
    True
    """
    p, q, d = densities("p", "q", "D")
    value = define("V", lambda d: mean(p, log(d)) + mean(q, log(1 - d)))
    loss = define(r"\mathcal{L}", lambda d: mean(p, _bce(1, d)) + mean(q, _bce(0, d)))
    mixed = integral((p * _bce(1, d) + q * _bce(0, d)) / 2)

    half = Term(r"\mathcal{L}_{1/2}", mixed)
    return Derivation(
        name="The value of the game is cross-entropy",
        claim=equal(loss(d), -value(d)),
        assumptions=(
            normalised(p),
            normalised(q),
            r"$p$ and $q$ are the densities of real and fake, and $0 < D < 1$",
        ),
        lines=(
            Definition(equal(value(d), mean(p, log(d)) + mean(q, log(1 - d))), "The value of the game"),
            Definition(equal(_bce(1, d), -log(d)), "The loss of a real sample"),
            Definition(equal(_bce(0, d), -log(1 - d)), "The loss of a fake sample"),
            Step(equal(loss(d), -mean(p, log(d)) - mean(q, log(1 - d))), "The sum of the two means"),
            Definition(equal(half, mixed), "The mean over half real, half fake"),
            Step(equal(half, loss(d) / 2), "is half the sum"),
            Step(equal(loss(S.Half), 2 * log(2)), "An ignorant discriminator pays log 2 for each mean"),
        ),
        source="Goodfellow et al. 2014, eq. 1 [goodfellow2014]",
    )


def _smoothed(alpha: Any, beta: Any) -> tuple[Any, Any, Any, Any]:
    """p, q and D at a point, and the loss there with targets alpha for real and beta for fake."""
    p, q = Symbol("p", positive=True), Symbol("q", positive=True)
    d = Symbol("D", real=True)
    return p, q, d, define(r"\ell", lambda d: p * _bce(alpha, d) + q * _bce(beta, d))


def label_smoothing() -> Derivation:
    """The best discriminator under one-sided label smoothing: D* = alpha p / (p + q).

    Real targets are alpha < 1, fake targets stay 0. At p = q the best output is alpha/2, not 1/2.

    Source: Salimans et al. 2016, sec. 3.4 [salimans2016].

    >>> label_smoothing().check()
    True
    """
    alpha = Symbol("alpha", real=True)
    p, q, d, loss = _smoothed(alpha, S.Zero)
    best = alpha * p / (p + q)
    return Derivation(
        name="One-sided label smoothing",
        claim=at_least(loss(d), loss(best)),
        assumptions=(inside(alpha, 0, 1), inside(d, 0, 1), r"$p$, $q > 0$ are the densities at a point"),
        lines=(
            Step(
                equal(loss(d), -alpha * p * log(d) - ((1 - alpha) * p + q) * log(1 - d)),
                r"Real pays $\operatorname{BCE}(\alpha, D)$, fake pays $\operatorname{BCE}(0, D)$",
            ),
            Step(
                equal(Derivative(loss(d), d), ((p + q) * d - alpha * p) / (d * (1 - d))),
                "The slope has one zero",
            ),
            Step(equal(Subs(Derivative(loss(d), d), d, best), 0), r"It is $D^* = \alpha p / (p + q)$"),
            Step(above(Derivative(loss(d), (d, 2)), 0), "The loss is strictly convex in D"),
            Step(equal(Subs(best, q, p), alpha / 2), "Where real and fake agree the output is not one half"),
        ),
        source="Salimans et al. 2016, sec. 3.4 [salimans2016]",
    )


def two_sided_label_smoothing() -> Derivation:
    """The best discriminator with both targets smoothed: D* = (alpha p + beta q) / (p + q).

    Where there is no real data, D* is the fake target beta: with beta > 0 fakes are paid for being there.

    Source: Salimans et al. 2016, sec. 3.4 [salimans2016].

    >>> two_sided_label_smoothing().check()
    True
    """
    alpha, beta = Symbol("alpha", real=True), Symbol("beta", real=True)
    p, q, d, loss = _smoothed(alpha, beta)
    best = (alpha * p + beta * q) / (p + q)
    return Derivation(
        name="Two-sided label smoothing",
        claim=at_least(loss(d), loss(best)),
        assumptions=(
            inside(alpha, 0, 1),
            inside(beta, 0, 1),
            inside(d, 0, 1),
            r"$p$, $q > 0$ are the densities at a point",
        ),
        lines=(
            Step(
                equal(Derivative(loss(d), d), ((p + q) * d - alpha * p - beta * q) / (d * (1 - d))),
                "The slope has one zero",
            ),
            Step(
                equal(Subs(Derivative(loss(d), d), d, best), 0), r"It is $D^* = (\alpha p + \beta q)/(p + q)$"
            ),
            Step(above(Derivative(loss(d), (d, 2)), 0), "The loss is strictly convex in D"),
            Step(equal(Limit(best, p, 0), beta), "Where no real data is, the output is the fake target"),
            Step(
                equal(Subs(best, q, p), (alpha + beta) / 2),
                "Where real and fake agree it is the middle of the targets",
            ),
        ),
        source="Salimans et al. 2016, sec. 3.4 [salimans2016]",
    )
