"""Critics of bounded slope: where they fall, what they earn and teach, and how clipping bounds them."""

from __future__ import annotations

from sympy import Abs, Derivative, Function, Subs, Symbol, sqrt

from .derivation import Definition, Derivation, Step
from .statements import Term, at_least, at_most, define, densities, equal, inside, mean

__all__ = [
    "clipped_slope",
    "critic_follows_the_plan",
    "descent_of_the_distance",
    "penalty_on_a_wrong_norm",
    "sorted_pairs",
    "steep_critic",
]


def critic_follows_the_plan() -> Derivation:
    """Complementary slackness: where a best plan moves mass, a best critic falls by the length of the way.

    Source: Villani 2009, ch. 5 [villani2009].

    >>> critic_follows_the_plan().check()
    True
    """
    mass, way, others = (Symbol(name, positive=True) for name in ("m", "d", "c"))
    short, rest, value = (Symbol(name, real=True) for name in ("r", "s", "b"))
    at_y = Term("f^*(y)", value)
    at_x = Term("f^*(x)", value + way - short**2)
    cost = Term("C", mass * way + others)
    earned = Term("E", mass * (at_x - at_y) + others - rest**2)
    return Derivation(
        name="The critic follows the plan",
        claim=at_most(mass * (way - (at_x - at_y)), cost - earned),
        assumptions=(
            r"the plan moves the mass $m > 0$ from $x$ to $y$, by the way $d = \|x - y\|$",
            r"$f^*$ is 1-Lipschitz: over this way it falls by $r^2$ less than $d$",
            r"the other moves cost $c$ in all, and there $f^*$ earns $s^2$ less",
        ),
        lines=(
            Definition(equal(cost, mass * way + others), "What the plan costs"),
            Definition(equal(earned, mass * (at_x - at_y) + others - rest**2), "What the critic earns"),
            Step(at_most(at_x - at_y, way), "On no way it falls by more than its length"),
            Step(
                equal(cost - earned, mass * (way - (at_x - at_y)) + rest**2),
                "The cost is more by what it falls short of",
            ),
            Step(
                at_least(mass * (way - (at_x - at_y)), 0),
                "For the cheapest plan and a best critic C = E, and this, never negative, is zero",
            ),
        ),
        source="Villani 2009, ch. 5 [villani2009]",
    )


def descent_of_the_distance() -> Derivation:
    """The slope of W1 in the generator's parameter: minus that of the mean score of a best critic.

    Source: Arjovsky et al. 2017, Thm. 3 [arjovsky2017wgan].

    >>> descent_of_the_distance().check()
    True
    """
    theta = Symbol("theta", real=True)
    real = Symbol("a", real=True)
    score, gap = (Function(name, real=True)(theta) for name in ("m", "h"))
    earned = Term("E", real - score)
    distance = Term("W_1", earned + gap**2)
    return Derivation(
        name="The generator descends the distance",
        claim=equal(Subs(Derivative(distance, theta), gap, 0), -Derivative(score, theta)),
        assumptions=(
            r"$f^*$, held fixed, has the mean score $a$ on the data and $m$ on $q_\theta$",
            r"$W_1$ exceeds what it earns by $h^2$; $m$ and $h$ have a slope in $\theta$",
            r"at the present $\theta$ the critic is best: there $h = 0$",
        ),
        lines=(
            Definition(equal(earned, real - score), "What the fixed critic earns"),
            Definition(equal(distance, earned + gap**2), "The distance, written from it up"),
            Step(at_least(distance, earned), "No critic earns more than the distance"),
            Step(
                equal(
                    Derivative(distance, theta), -Derivative(score, theta) + 2 * gap * Derivative(gap, theta)
                ),
                "Both slopes in the parameter, the data standing still",
            ),
            Step(
                equal(Subs(2 * gap * Derivative(gap, theta), gap, 0), 0), "Where they touch the gap has none"
            ),
        ),
        source="Arjovsky et al. 2017, Thm. 3 [arjovsky2017wgan]",
    )


def steep_critic() -> Derivation:
    """A K-Lipschitz critic earns at most K W1.

    Source: Villani 2009, ch. 5 [villani2009].

    >>> steep_critic().check()
    True
    """
    (plan,) = densities("gamma")
    steep = Symbol("K", positive=True)
    way = Function("d", positive=True)(plan.args[0])
    short = Function("s", real=True)(plan.args[0])
    falls = Term("e", steep * way - short**2)
    earned, distance = Term("E", mean(plan, falls)), Term("W_1", mean(plan, way))
    return Derivation(
        name="The scale of the critic",
        claim=at_most(earned, steep * distance),
        assumptions=(
            r"$\gamma$ is the cheapest plan, a density over moves of the lengths $d$",
            r"$f$ is $K$-Lipschitz: over a move it falls by $e$, which is $s^2$ less than $K d$",
        ),
        lines=(
            Definition(equal(falls, steep * way - short**2), "What the critic earns with a move"),
            Step(at_most(falls, steep * way), "is at most K times its length"),
            Definition(equal(earned, mean(plan, falls)), "The difference of its means, move by move"),
            Definition(equal(distance, mean(plan, way)), "The distance is the mean length"),
            Step(equal(earned, steep * distance - mean(plan, short**2)), "In the mean the same is true"),
        ),
        source="Villani 2009, ch. 5 [villani2009]",
    )


def sorted_pairs() -> Derivation:
    """On the line two moves that keep the order cost no more than two that cross: sorting is best.

    Source: Vallender 1974 [vallender1974].

    >>> sorted_pairs().check()
    True
    """
    x, y = Symbol("x", real=True), Symbol("y", real=True)
    a, b = Symbol("a", positive=True), Symbol("b", positive=True)
    x1, y1 = Term("x_1", x), Term("y_1", y)
    x2, y2 = Term("x_2", x + a), Term("y_2", y + b)
    share = Term("s", a / (a + b))
    crossing = Abs(y2 - x1), Abs(y1 - x2)
    return Derivation(
        name="Sorting is enough on the line",
        claim=at_most(Abs(y1 - x1) + Abs(y2 - x2), crossing[0] + crossing[1]),
        assumptions=(
            r"$x_1 < x_2$ are quantiles of $p$, $a$ apart; $y_1 < y_2$ the same ones of $q$, $b$ apart",
        ),
        lines=(
            Definition(equal(share, a / (a + b)), "A share of the two distances"),
            Step(
                equal(y1 - x1, share * (y2 - x1) + (1 - share) * (y1 - x2)),
                "A move in order is a mixture of the two that cross",
            ),
            Step(
                at_most(Abs(y1 - x1), share * crossing[0] + (1 - share) * crossing[1]),
                "so that it is at most as long as the mixture of their lengths",
            ),
            Step(
                equal(y2 - x2, (1 - share) * (y2 - x1) + share * (y1 - x2)),
                "The other one is the opposite mixture",
            ),
            Step(
                at_most(Abs(y2 - x2), (1 - share) * crossing[0] + share * crossing[1]),
                "and is as bounded; in the sum the shares are gone",
            ),
        ),
        source="Vallender 1974 [vallender1974]",
    )


def clipped_slope() -> Derivation:
    """The slope of a critic of L layers of M units, clipped to [-c, c]: at most c^L M^(L - 1) sqrt(n).

    Source: the derivation is ours; clipping is from Arjovsky et al. 2017, Alg. 1 [arjovsky2017wgan].

    >>> clipped_slope().check()
    True
    """
    c, units, n = (Symbol(name, positive=True) for name in ("c", "M", "n"))
    depth, layer = Symbol("ell", positive=True), Symbol("k", positive=True)
    weight, h, t = (Symbol(name, real=True) for name in ("v", "h", "t"))
    slope = define("s", lambda k: c**k * units ** (k - 1))
    unit = Term("u", weight * h)
    one = Term("g", t * slope(depth))
    norm = Term(r"\|\nabla f\|", sqrt(n * one**2))
    return Derivation(
        name="The slope of a clipped critic",
        claim=at_most(norm, c**depth * units ** (depth - 1) * sqrt(n)),
        assumptions=(
            inside(weight, -c, c),
            inside(t, -1, 1),
            r"$s(k)$ bounds the slope of a unit of layer $k$ in one of the $n$ coordinates",
            r"$g = t \, s(\ell)$ is that of the score; rectifiers make no slope larger",
        ),
        lines=(
            Definition(equal(unit, weight * h), "A unit of slope h, seen through a weight v"),
            Step(at_most(unit, c * Abs(h)), "counts at most c times"),
            Definition(equal(slope(layer), c**layer * units ** (layer - 1)), "A bound for layer k"),
            Step(
                equal(slope(layer + 1), units * c * slope(layer)),
                "The next layer adds up M units, c times each",
            ),
            Definition(equal(norm, sqrt(n * one**2)), "The length of n slopes of one size"),
        ),
        source="own derivation, for the clipping of Arjovsky et al. 2017 [arjovsky2017wgan]",
    )


def penalty_on_a_wrong_norm() -> Derivation:
    """Where the slope settles if the penalty pulls a w to one: 1/a + delta/(2 lambda a^2).

    A norm of the mean gradient has a = 1/N, a norm over the whole batch a = sqrt(N).

    Source: the derivation is ours; the penalty is that of Gulrajani et al. 2017 [gulrajani2017].

    >>> penalty_on_a_wrong_norm().check()
    True
    """
    w = Symbol("w", real=True)
    a, delta, weight, batch = (Symbol(name, positive=True) for name in ("a", "Delta", "lambda", "N"))
    loss = define("J", lambda w: -w * delta + weight * (a * w - 1) ** 2)
    settled = Term("w^*", 1 / a + delta / (2 * weight * a**2))
    return Derivation(
        name="A penalty on a wrong norm",
        claim=at_least(loss(w), loss(settled)),
        assumptions=(
            r"the critic is $w x$, the means are $\Delta$ apart, and the penalty pulls $a w > 0$ to one",
            r"$J(w) = -w \Delta + \lambda (a w - 1)^2$ is the loss",
        ),
        lines=(
            Definition(equal(settled, settled.args[1]), "Where the slope settles"),
            Step(
                equal(Derivative(loss(w), w), -delta + 2 * weight * a * (a * w - 1)), "The slope of the loss"
            ),
            Step(
                equal(loss(w), loss(settled) + weight * a**2 * (w - settled) ** 2),
                "It is a parabola about its lowest point",
            ),
            Step(
                equal(Subs(settled, a, 1 / batch), batch + batch**2 * delta / (2 * weight)),
                "The mean of N gradients has the length w/N",
            ),
            Step(
                equal(Subs(settled, a, sqrt(batch)), 1 / sqrt(batch) + delta / (2 * weight * batch)),
                r"N equal gradients together have the length $\sqrt{N} \, w$",
            ),
        ),
        source="own derivation, for the penalty of Gulrajani et al. 2017 [gulrajani2017]",
    )
