"""Variants of the loss: pairs, averages, scores with a bound, pushes, and layers that are normalised."""

from __future__ import annotations

from sympy import Abs, Derivative, Function, Max, Symbol, cos, exp, log, sin

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
    "clipped_units",
    "hinge_with_a_slope",
    "norm_of_a_convolution",
    "pairing_jensen_shannon",
    "power_iteration",
    "pushes_of_the_best",
    "relativistic_average",
    "scale_free_step",
]

_soft = define(r"\operatorname{softplus}", lambda t: log(1 + exp(t)))
_sigma = define(r"\sigma", lambda t: 1 / (1 + exp(-t)))


def hinge_with_a_slope() -> Derivation:
    """The hinge loss of a score of slope at most one: at least 2 - W1, and at least 2 - 2 TV.

    Source: the derivation is ours; the loss is that of Lim & Ye 2017 [lim2017].

    >>> hinge_with_a_slope().check()
    True
    """
    p, q = densities("p", "q")
    score = Function("D", real=True)(p.args[0])
    distance = Symbol("W_1", positive=True)
    earned = Term("E", mean(p, score) - mean(q, score))
    loss = Term("L_D", mean(p, Max(0, 1 - score)) + mean(q, Max(0, 1 + score)))
    variation = Term(r"\operatorname{TV}", integral(Abs(p - q)) / 2)
    return Derivation(
        name="The hinge loss with a slope of at most one",
        claim=at_least(loss, 2 - distance),
        assumptions=(
            normalised(p),
            normalised(q),
            at_most(mean(p, score) - mean(q, score), distance),
            r"the score, here $D$, is 1-Lipschitz, so that it earns at most $W_1$",
        ),
        lines=(
            Definition(equal(loss, loss.args[1]), "The hinge loss"),
            Definition(equal(earned, earned.args[1]), "What the score earns"),
            Step(at_least(Max(0, 1 - score), 1 - score), "A hinge lies above its slanted part"),
            Step(at_least(loss, 2 - earned), "so that the loss is at least two less the earnings"),
            Definition(equal(variation, variation.args[1]), "The total variation"),
            Step(at_least(loss, 2 - 2 * variation), "No score at all pays less than this"),
        ),
        source="own derivation, for the loss of Lim & Ye 2017 [lim2017]",
    )


def pairing_jensen_shannon() -> Derivation:
    """The least loss of pairing: log 2 - JSD of the two orders of a pair, at a difference of log-ratios.

    Source: Jolicoeur-Martineau 2018 [jolicoeurmartineau2018].

    >>> pairing_jensen_shannon().check()
    True
    """
    p, q = densities("P", "Q")
    score = Function("f", real=True)(p.args[0])
    middle = (p + q) / 2
    first, second = Symbol("p_x", positive=True), Symbol("q_x", positive=True)
    third, fourth = Symbol("p_y", positive=True), Symbol("q_y", positive=True)
    pair, other = Term("P_{xy}", first * fourth), Term("Q_{xy}", second * third)
    logit = Term("r", log(pair / other))
    jsd = Term(r"\operatorname{JSD}", (mean(p, log(p / middle)) + mean(q, log(q / middle))) / 2)
    loss = define("L", lambda f: (mean(p, _soft(-f)) + mean(q, _soft(f))) / 2)
    at_a_pair = define(r"\ell", lambda f: (p * _soft(-f) + q * _soft(f)) / 2)
    best = Term("f^*", log(p / q))
    return Derivation(
        name="Pairing and the Jensen-Shannon divergence",
        claim=equal(loss(best), log(2) - jsd),
        assumptions=(
            normalised(p),
            normalised(q),
            r"$P$ and $Q$ are the densities of a pair (real, generated) and of the other order",
            r"$L(f)$ is the loss, JSD that of $P$ and $Q$, and $\operatorname{softplus}(t) = \log(1 + e^t)$",
            r"a pair in the other order has minus the score, so that half of the loss is over $Q$",
            r"$p_x$, $q_x$, $p_y$ and $q_y$ are the densities of data and samples at $x$ and at $y$",
        ),
        lines=(
            Definition(equal(at_a_pair(score), at_a_pair(score).args[1]), "What a pair adds to the loss"),
            Step(above(Derivative(at_a_pair(score), (score, 2)), 0), "is strictly convex in its score"),
            Step(at_least(at_a_pair(score), at_a_pair(best)), "and least at the log-ratio"),
            Definition(equal(pair, first * fourth), "A pair of independent samples"),
            Definition(equal(other, second * third), "and its density in the other order"),
            Definition(equal(logit, log(pair / other)), "Its log-ratio"),
            Step(
                equal(logit, log(first / second) - log(third / fourth)),
                "is a difference of two scores",
            ),
        ),
        source="Jolicoeur-Martineau 2018 [jolicoeurmartineau2018]",
    )


def relativistic_average() -> Derivation:
    """The slope of the relativistic average loss in one score, which is zero at its best score.

    Source: Jolicoeur-Martineau 2018 [jolicoeurmartineau2018].

    >>> relativistic_average().check()
    True
    """
    p, q, p2, q2 = (Symbol(name, positive=True) for name in ("p", "q", "p_2", "q_2"))
    f, other = Symbol("f", real=True), Symbol("f_2", real=True)
    mean_p, mean_q = Term("M_p", p * f + p2 * other), Term("M_q", q * f + q2 * other)
    loss = Term(
        "L_D",
        p * _soft(mean_q - f)
        + p2 * _soft(mean_q - other)
        + q * _soft(f - mean_p)
        + q2 * _soft(other - mean_p),
    )
    a = Term("A", p * _sigma(mean_q - f) + p2 * _sigma(mean_q - other))
    b = Term("B", q * _sigma(f - mean_p) + q2 * _sigma(other - mean_p))
    t = Symbol("t", real=True)
    return Derivation(
        name="The relativistic average",
        claim=equal(Derivative(loss, f), q * (_sigma(f - mean_p) + a) - p * (_sigma(mean_q - f) + b)),
        assumptions=(
            r"$f$ is the score at a place of the masses $p$ and $q$; one other place has $f_2$, $p_2$, $q_2$",
            r"$M_p$ and $M_q$ are the mean scores; the best $f$ is where the slope of the loss is zero",
            r"$\operatorname{softplus}(t) = \log(1 + e^t)$ and $\sigma(t) = 1/(1 + e^{-t})$",
        ),
        lines=(
            Definition(equal(loss, loss.args[1]), "Each score against the mean of the other kind"),
            Step(equal(Derivative(_soft(t), t), _sigma(t)), "The slope of softplus"),
            Definition(equal(mean_q, mean_q.args[1]), "A mean score over generated samples"),
            Step(equal(Derivative(mean_q, f), q), "moves with the score by the mass there"),
            Definition(equal(mean_p, mean_p.args[1]), "One over real samples"),
            Step(equal(Derivative(mean_p, f), p), "does so too"),
            Definition(equal(a, a.args[1]), "All real samples feel the one mean"),
            Definition(equal(b, b.args[1]), "and all generated samples the other"),
        ),
        source="Jolicoeur-Martineau 2018 [jolicoeurmartineau2018]",
    )


def clipped_units() -> Derivation:
    """What a clipped critic of one hidden layer earns: at most M c times the best unit.

    Source: the derivation is ours; clipping is from Arjovsky et al. 2017 [arjovsky2017wgan].

    >>> clipped_units().check()
    True
    """
    c, units, best = (Symbol(name, positive=True) for name in ("c", "M", "m"))
    last, t = Symbol("v", real=True), Symbol("t", real=True)
    real = Symbol("u_p", real=True)
    fake = Term("u_q", real - t * best)
    unit = Term("e", real - fake)
    earned = Term("E", units * last * unit)
    return Derivation(
        name="The units of a clipped critic",
        claim=at_most(earned, units * c * best),
        assumptions=(
            inside(last, -c, c),
            inside(t, -1, 1),
            r"a unit $u$ with the last weight $v$ has the means $u_p$ and $u_q$ on data and samples",
            r"they differ by $t m$, where $m$ is the most, in size, for any unit",
        ),
        lines=(
            Definition(equal(fake, real - t * best), "The mean of a unit on samples, from that on data"),
            Definition(equal(unit, real - fake), "The difference is what it earns"),
            Definition(equal(earned, units * last * unit), "M units that do the same earn"),
            Step(at_most(last * unit, c * Abs(unit)), "The best last weight has the sign of the unit"),
            Step(at_most(Abs(unit), best), "No unit earns more than the best"),
        ),
        source="own derivation, for the clipping of Arjovsky et al. 2017 [arjovsky2017wgan]",
    )


def pushes_of_the_best() -> Derivation:
    """Where three losses push a sample under their best discriminators: along v, with different weights.

    Source: the derivation is ours, after Goodfellow et al. 2014 [goodfellow2014]; Mao et al. 2017 [mao2017].

    >>> pushes_of_the_best().check()
    True
    """
    x = Symbol("x", real=True)
    ratio = Function("r", real=True)(x)
    best = Term("D^*", _sigma(ratio))
    slope = Derivative(ratio, x)
    saturating, other = log(1 - best), -log(best)
    squares = (best - 1) ** 2 / 2
    return Derivation(
        name="The pushes of three losses",
        claim=equal(-Derivative(squares, x), (1 - best) ** 2 * best * slope),
        assumptions=(
            r"$r = \log(p / q)$ is the log-ratio at $x$, and $v = dr/dx$ its slope",
            r"a push is minus the slope of the price of a sample at $x$; $\sigma(t) = 1/(1 + e^{-t})$",
        ),
        lines=(
            Definition(equal(best, _sigma(ratio)), "The best discriminator"),
            Step(equal(Derivative(best, x), best * (1 - best) * slope), "Its slope"),
            Definition(equal(Term(r"\ell_{sat}", saturating), saturating), "The saturating price"),
            Step(equal(Derivative(saturating, x), -best * slope), "pushes with the weight D"),
            Definition(equal(Term(r"\ell_{ns}", other), other), "The non-saturating price"),
            Step(equal(Derivative(other, x), -(1 - best) * slope), "pushes with what is left of D"),
        ),
        source="own derivation, after Goodfellow et al. 2014 [goodfellow2014] and Mao et al. 2017 [mao2017]",
    )


def power_iteration() -> Derivation:
    """A round of power iteration turns a vector: its tangent is multiplied by (sigma_2/sigma_1)^2.

    Source: Miyato et al. 2018, App. A [miyato2018].

    >>> power_iteration().check()
    True
    """
    large, small = Symbol("sigma_1", positive=True), Symbol("sigma_2", positive=True)
    turn, start, k = Symbol("alpha", real=True), Symbol("t", real=True), Symbol("k", positive=True)
    w11, w12 = Term("w_{11}", large * cos(turn)), Term("w_{12}", -small * sin(turn))
    w21, w22 = Term("w_{21}", large * sin(turn)), Term("w_{22}", small * cos(turn))
    tangent = define("T", lambda k: (small / large) ** (2 * k) * start)
    first, last = Term("g_{11}", w11**2 + w21**2), Term("g_{22}", w12**2 + w22**2)
    mixed = Term("g_{12}", w11 * w12 + w21 * w22)
    return Derivation(
        name="Rounds of power iteration",
        claim=equal(tangent(k + 1), last / first * tangent(k)),
        assumptions=(
            r"in its singular directions $W$ stretches by $\sigma_1$ and $\sigma_2$, then turns by $\alpha$",
            r"its entries are $w_{11} = \sigma_1 \cos\alpha$, $w_{12} = -\sigma_2 \sin\alpha$,"
            r" $w_{21} = \sigma_1 \sin\alpha$, $w_{22} = \sigma_2 \cos\alpha$",
            r"$g_{ij}$ are the entries of $W^\top W$; $T(k) = \tan(\varphi_k)$ and $t = \tan(\varphi_0)$",
        ),
        lines=(
            Definition(equal(first, w11**2 + w21**2), "A round multiplies the first part by"),
            Step(equal(first, large**2), "the square of the first stretch,"),
            Definition(equal(last, w12**2 + w22**2), "and the second part by"),
            Step(equal(last, small**2), "that of the second"),
            Definition(equal(mixed, 0), "Between the two directions nothing is mixed"),
            Definition(equal(tangent(k), (small / large) ** (2 * k) * start), "The tangent after k rounds"),
        ),
        source="Miyato et al. 2018, App. A [miyato2018]",
    )


def scale_free_step() -> Derivation:
    """Where only the direction of W counts, the gradient is at a right angle to W: a step makes it longer.

    Source: the derivation is ours; normalised layers are in Miyato et al. 2018 [miyato2018].

    >>> scale_free_step().check()
    True
    """
    x, y, eta = Symbol("x", positive=True), Symbol("y", real=True), Symbol("eta", positive=True)
    force = Symbol("g", real=True)
    direction = Term("u", y / x)
    along, across = (Term(f"L_{s}", force * Derivative(direction, s)) for s in (x, y))
    product = Term("s", x * along + y * across)
    return Derivation(
        name="A step where the scale does not count",
        claim=equal(
            (x - eta * along) ** 2 + (y - eta * across) ** 2,
            x**2 + y**2 + (eta * along) ** 2 + (eta * across) ** 2,
        ),
        assumptions=(
            r"$W = (x, y)$, and the loss depends on the direction $u = y/x$ alone, with the slope $g$ in it",
            r"$L_x$ and $L_y$ are the parts of its gradient",
        ),
        lines=(
            Definition(equal(direction, y / x), "The direction"),
            Step(equal(Derivative(direction, x), -y / x**2), "changes with the one weight"),
            Step(equal(Derivative(direction, y), 1 / x), "and with the other"),
            Definition(equal(along, along.args[1]), "By the chain rule, the gradient in x"),
            Definition(equal(across, across.args[1]), "and in y"),
            Definition(equal(product, x * along + y * across), "Its product with W"),
            Step(equal(product, 0), "is zero: a right angle, and the claim is that of Pythagoras"),
        ),
        source="own derivation, for the layers of Miyato et al. 2018 [miyato2018]",
    )


def norm_of_a_convolution() -> Derivation:
    """A convolution stretches an image by at most sqrt(n) times the norm of its kernel, for n = 2 places.

    Source: Tsuzuku et al. 2018 [tsuzuku2018].

    >>> norm_of_a_convolution().check()
    True
    """
    r1, r2, x1, x2, x3 = (Symbol(name, real=True) for name in ("r_1", "r_2", "x_1", "x_2", "x_3"))
    kernel, image = Term("R", r1**2 + r2**2), Term("X", x1**2 + x2**2 + x3**2)
    outputs = Term("Y", (r1 * x1 + r2 * x2) ** 2 + (r1 * x2 + r2 * x3) ** 2 + (r1 * x3 + r2 * x1) ** 2)
    patches = Term("P", (x1**2 + x2**2) + (x2**2 + x3**2) + (x3**2 + x1**2))
    lost = Term("s", (r1 * x2 - r2 * x1) ** 2 + (r1 * x3 - r2 * x2) ** 2 + (r1 * x1 - r2 * x3) ** 2)
    single = Term("S", (r1 * 1 + r2 * 0) ** 2 + (r1 * 0 + r2 * 1) ** 2)
    return Derivation(
        name="The norm of a convolution",
        claim=equal(outputs, 2 * kernel * image - lost),
        assumptions=(
            r"a kernel $(r_1, r_2)$ on a circle of three pixels; a pixel lies in $n = 2$ patches",
            r"$R = \sigma_1(R)^2$, since the kernel is one row, and $X$, $Y$ are the squared lengths of"
            r" image and output",
        ),
        lines=(
            Definition(equal(outputs, outputs.args[1]), "Each output is the kernel times its patch"),
            Step(
                equal((r1 * x1 + r2 * x2) ** 2, kernel * (x1**2 + x2**2) - (r1 * x2 - r2 * x1) ** 2),
                "and never longer than the norm of the one times the length of the other",
            ),
            Definition(equal(patches, 2 * image), "All patches together hold each pixel twice"),
            Definition(equal(lost, lost.args[1]), "What all outputs fall short of, a sum of squares"),
            Step(at_least(lost, 0), "is never negative, which is the bound above"),
            Definition(
                equal(single, kernel), "One pixel alone meets both places of the kernel: the bound below"
            ),
        ),
        source="Tsuzuku et al. 2018 [tsuzuku2018]",
    )
