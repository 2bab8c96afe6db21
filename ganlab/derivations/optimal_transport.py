"""The Wasserstein distance in closed form: on the line, on parallel lines, and for a clipped critic."""

from __future__ import annotations

from sympy import Abs, Derivative, Integral, Limit, Max, Rational, Subs, Symbol, exp, log, oo, sign

from .derivation import Definition, Derivation, Step
from .statements import Term, above, at_most, define, equal, inside

__all__ = ["clipped_critic", "kantorovich_rubinstein", "parallel_lines"]


def kantorovich_rubinstein() -> Derivation:
    """Both sides of the duality on the line, for two exponential laws: W1 is the area between the F's.

    With rates alpha > beta: the coupling that maps quantile to quantile costs 1/beta - 1/alpha, the critic
    f(x) = -x, of slope one, earns as much, and so does the area. No coupling costs less than any such critic
    earns, so that all are W1.

    Source: Villani 2009, ch. 5 and 6 [villani2009].

    >>> kantorovich_rubinstein().check()
    True
    """
    x, y, t = Symbol("x", positive=True), Symbol("y", positive=True), Symbol("t", positive=True)
    s = Symbol("s", positive=True)
    alpha, beta = Symbol("alpha", positive=True), Symbol("beta", positive=True)
    cdf = define("F_p", lambda x: 1 - exp(-alpha * x)), define("F_q", lambda x: 1 - exp(-beta * x))
    area = Integral(cdf[0](x) - cdf[1](x), (x, 0, oo))
    cost = Integral((s / beta - s / alpha) * exp(-s), (s, 0, oo))
    earned = Integral(beta * x * exp(-beta * x), (x, 0, oo)) - Integral(
        alpha * x * exp(-alpha * x), (x, 0, oo)
    )

    plan, between = Term("C", cost), define("F_t", lambda x: 1 - exp(-t * x))

    crossed, critic = Term("n", Integral(1, (t, x, y))), define("f", lambda x: -x)
    return Derivation(
        name="Kantorovich and Rubinstein on the line",
        claim=equal(area, earned),
        assumptions=(r"$p$ and $q$ are exponential distributions of rates $\alpha > \beta > 0$, on $x > 0$",),
        lines=(
            Definition(
                equal(crossed, Integral(1, (t, x, y))), "The points that a move from x up to y crosses"
            ),
            Step(equal(crossed, y - x), "are as many as it is long"),
            Step(
                equal(Derivative(cdf[0](x), x), alpha * exp(-alpha * x)), "The density of p is the slope of F"
            ),
            Definition(
                equal(cdf[0](s / alpha), 1 - exp(-s)), r"The quantile $1 - e^{-s}$ of p is $s/\alpha$"
            ),
            Definition(equal(cdf[1](s / beta), 1 - exp(-s)), r"The same quantile of q is $s/\beta$"),
            Definition(equal(plan, cost), "The cost of the coupling that joins equal quantiles"),
            Step(equal(plan, 1 / beta - 1 / alpha), "is the difference of the means"),
            Definition(equal(between(x), 1 - exp(-t * x)), "A distribution of any rate t"),
            Step(
                above(Derivative(between(x), t), 0),
                "F grows with the rate, so that no absolute value is needed",
            ),
            Step(equal(area, 1 / beta - 1 / alpha), "The area between them is that cost"),
            Definition(equal(critic(x), -x), "A critic"),
            Step(at_most(critic(x), critic(y) + Abs(x - y)), "gains at most the distance of a move"),
            Step(equal(earned, 1 / beta - 1 / alpha), "and this one earns the whole cost"),
        ),
        source="Villani 2009, ch. 5 and 6 [villani2009]",
    )


def parallel_lines() -> Derivation:
    """Two parallel segments at distance |theta|: W1 = |theta|, while JSD = log 2 and KL is infinite.

    Source: Arjovsky et al. 2017, Example 1 [arjovsky2017wgan].

    >>> parallel_lines().check()
    True
    """
    theta, x = Symbol("theta", real=True, nonzero=True), Symbol("x", real=True)
    z = Symbol("z", real=True)
    p, q = Symbol("p", positive=True), Symbol("q", positive=True)
    critic = define("f", lambda x: sign(theta) * x)
    j = p * log(2 * p / (p + q)) / 2 + q * log(2 * q / (p + q)) / 2

    local, reverse = Term("j", j), Term("k", p * log(p / q))
    jsd = Term(r"\operatorname{JSD}", 2 * Integral(log(2) / 2, (z, 0, 1)))
    return Derivation(
        name="Two parallel lines",
        claim=equal(Integral(Abs(theta - 0), (z, 0, 1)), critic(theta) - critic(0)),
        assumptions=(
            r"real points are $(0, z)$, fakes $(\theta, z)$, with $z$ uniform on $[0, 1]$ and $\theta \ne 0$",
        ),
        lines=(
            Step(equal(Integral(Abs(theta), (z, 0, 1)), Abs(theta)), "Moving each point straight across"),
            Step(equal(Derivative(critic(x), x), sign(theta)), "The critic f has slope one across the lines"),
            Step(equal(critic(theta) - critic(0), Abs(theta)), "and tells them apart by as much"),
            Step(equal(Derivative(Abs(theta), theta), sign(theta)), "W1 has a gradient that leads home"),
            Definition(equal(local, j), "What a point adds to JSD"),
            Step(equal(Limit(local, q, 0, "+"), p * log(2) / 2), "Real points without fakes: half of log 2"),
            Step(equal(Limit(local, p, 0, "+"), q * log(2) / 2), "Fakes without real points: the other half"),
            Definition(equal(jsd, 2 * Integral(log(2) / 2, (z, 0, 1))), "The two halves, over the lines"),
            Step(equal(jsd, log(2)), "JSD is constant: it has no gradient"),
            Definition(
                equal(reverse, p * log(p / q)), "What a point adds to the Kullback-Leibler divergence"
            ),
            Step(equal(Limit(reverse, q, 0, "+"), oo), "is infinite"),
        ),
        source="Arjovsky et al. 2017, Example 1 [arjovsky2017wgan]",
    )


def clipped_critic() -> Derivation:
    """What a critic with weights clipped to [-c, c] earns: at most c^L W1 for L layers of width one.

    What the critic earns is linear in each output weight, so that it is greatest with the weight at a corner;
    for two point masses at distance delta a linear critic of L layers earns c^L delta, which dies with depth
    for c < 1.

    Source: the derivation is ours; clipping is from Arjovsky et al. 2017, Alg. 1 [arjovsky2017wgan].

    >>> clipped_critic().check()
    True
    """
    c, delta, depth = Symbol("c", positive=True), Symbol("delta", positive=True), Symbol("L", positive=True)
    v, w, h = Symbol("v", real=True), Symbol("w", real=True), Symbol("h", real=True)
    earned = define("f", lambda v, w, x: v * Max(0, w * x))

    unit, corner = define("e", lambda v: v * h), Term("e_c", c * sign(h) * h)
    deep = define("E", lambda depth: c**depth * delta)
    return Derivation(
        name="The clipped critic",
        claim=at_most(earned(v, w, delta) - earned(v, w, 0), c**2 * delta),
        assumptions=(
            inside(v, -c, c),
            inside(w, -c, c),
            r"the point masses are at $\delta = W_1 > 0$ and at 0, and $f(v, w, x) = v \max(0, w x)$",
            r"$h$ is what one unit of a wider layer earns",
        ),
        lines=(
            Definition(equal(unit(v), v * h), "What a unit earns with the output weight v"),
            Step(equal(Derivative(unit(v), (v, 2)), 0), "is linear in the weight"),
            Step(at_most(unit(v), c * Abs(h)), "so that it is bounded by its value at a corner"),
            Definition(equal(corner, c * sign(h) * h), "The weight at the corner of the right sign"),
            Step(equal(corner, c * Abs(h)), "attains the bound"),
            Definition(
                equal(earned(c, c, delta) - earned(c, c, 0), c**2 * delta), "Two layers at the corner"
            ),
            Definition(equal(deep(depth), c**depth * delta), "and L of them"),
            Step(equal(deep(depth), c * deep(depth - 1)), "Each layer more is a factor c more"),
            Step(
                equal(Limit(Subs(deep(depth), c, Rational(1, 100)), depth, oo), 0),
                "so that a deep critic, here with c = 0.01, is blind",
            ),
        ),
        source="own derivation, for the clipping of Arjovsky et al. 2017 [arjovsky2017wgan]",
    )
