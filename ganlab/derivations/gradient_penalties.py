"""The penalty on the norm of the critic's gradient: its gradient, its bias, and what does not imply it."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Derivative, Integral, Max, Piecewise, Rational, Subs, Symbol, sqrt

from .derivation import Definition, Derivation, Step
from .statements import Term, above, at_least, at_most, define, equal

__all__ = ["norm_one_is_not_implied", "penalty_bias", "penalty_gradient"]


def penalty_gradient() -> Derivation:
    """The gradient of the penalty for a linear critic w.x: 2 lambda (n - 1) w/n, where n is the norm of w.

    Source: Gulrajani et al. 2017, eq. 3 [gulrajani2017].

    >>> penalty_gradient().check()
    True
    """
    w1, w2 = Symbol("w_1", real=True, nonzero=True), Symbol("w_2", real=True)
    x1, x2 = Symbol("x_1", real=True), Symbol("x_2", real=True)
    weight = Symbol("lambda", positive=True)
    norm = Term("n", sqrt(w1**2 + w2**2))
    critic = w1 * x1 + w2 * x2
    penalty = weight * (norm - 1) ** 2

    shown = Term("D(x)", critic)
    return Derivation(
        name="The gradient of the penalty",
        claim=equal(Derivative(penalty, w1), 2 * weight * (norm - 1) * w1 / norm),
        assumptions=(r"the critic is $D(x) = w_1 x_1 + w_2 x_2$ with $w \ne 0$",),
        lines=(
            Definition(equal(shown, critic), "The critic"),
            Step(equal(Derivative(shown, x1), w1), "The first part of the gradient in the input"),
            Step(equal(Derivative(shown, x2), w2), "The second part: the gradient is w at every point"),
            Definition(equal(norm, sqrt(w1**2 + w2**2)), "Its norm"),
            Step(equal(Derivative(norm, w1), w1 / norm), "grows along w"),
            Step(
                equal(Derivative(penalty, w2), 2 * weight * (norm - 1) * w2 / norm),
                "The other part of the gradient of the penalty",
            ),
            Step(
                equal(
                    Subs(penalty, (w1, w2, weight), (Rational(6, 5), Rational(4, 5), 10)),
                    Rational(154, 5) - 8 * sqrt(13),
                ),
                r"A worked value: $w = (1.2, 0.8)$ and $\lambda = 10$",
            ),
        ),
        source="Gulrajani et al. 2017, eq. 3 [gulrajani2017]",
    )


def penalty_bias() -> Derivation:
    """The slope that a soft penalty settles for: 1 + delta/(2 lambda), above the bound it stands for.

    A linear critic w x on the line, with means delta apart: the loss -w delta + lambda (|w| - 1)^2.

    Source: the derivation is ours; the penalty is that of Gulrajani et al. 2017 [gulrajani2017].

    >>> penalty_bias().check()
    True
    """
    w, s = Symbol("w", real=True), Symbol("s", positive=True)
    delta, weight = Symbol("delta", positive=True), Symbol("lambda", positive=True)
    loss = define("J", lambda w: -w * delta + weight * (Abs(w) - 1) ** 2)
    best = 1 + delta / (2 * weight)

    settled = Term("w^*", best)
    return Derivation(
        name="The bias of the soft penalty",
        claim=at_least(loss(w), loss(settled)),
        assumptions=(r"the critic is $w x$, the means are $\delta > 0$ apart, and $s = |w| > 0$",),
        lines=(
            Definition(equal(settled, best), "Where the slope settles"),
            Step(equal(Derivative(loss(s), s), -delta + 2 * weight * (s - 1)), "The slope of the loss"),
            Step(
                equal(loss(s), loss(settled) + weight * (s - settled) ** 2),
                "It is a parabola about its lowest point",
            ),
            Step(above(loss(-s), loss(s)), "A critic of the wrong sign does worse"),
            Step(above(settled, 1), "The lowest point breaks the bound it stands for"),
            Step(
                equal(loss(settled), -delta - delta**2 / (4 * weight)), "and the distance is over-estimated"
            ),
            Step(
                equal(Subs(settled, (delta, weight), (1, 10)), Rational(21, 20)),
                r"For $\delta = 1$ and $\lambda = 10$",
            ),
        ),
        source="own derivation, for the penalty of Gulrajani et al. 2017 [gulrajani2017]",
    )


def norm_one_is_not_implied() -> Derivation:
    """An optimal critic that pays the penalty: its gradient has norm one on transport rays alone.

    p is uniform on {0, 10}, q on {1, 9}; the best coupling moves by one each. Both potentials earn 1 = W1 and
    have slopes of at most one, but over independent pairs the one that is flat on [1, 9] pays 4/9 and |x - 5|
    pays 0.

    Source: own example; cf. Gulrajani et al. 2017, Prop. 1 [gulrajani2017], Petzka et al. 2018 [petzka2018].

    >>> norm_one_is_not_implied().check()
    True
    """
    x, y = Symbol("x", real=True), Symbol("y", real=True)
    flat = define("f", lambda x: Max(0, 1 - x, x - 9))
    kinked = define("g", lambda x: Abs(x - 5))
    slope = Piecewise((1, x < 1), (0, x < 9), (1, True))
    paid = define(r"\rho", lambda start, end: Integral((slope - 1) ** 2, (x, start, end)) / (end - start))

    def earned(f: Any) -> Any:
        return (f(0) + f(10)) / 2 - (f(1) + f(9)) / 2

    bends = Term(r"\rho_g", Integral((Abs(Derivative(kinked(x), x)) - 1) ** 2, (x, 0, 10)))
    return Derivation(
        name="Norm one is not implied",
        claim=equal((paid(0, 1) + paid(0, 9) + paid(1, 10) + paid(9, 10)) / 4, Rational(4, 9)),
        assumptions=(
            r"$p$ is uniform on $\{0, 10\}$, $q$ on $\{1, 9\}$; a pair is any real and any fake point",
            r"$f(x) = \max(0, 1 - x, x - 9)$ and $g(x) = |x - 5|$",
            r"$\rho(a, b)$ is the mean of $(|f'| - 1)^2$ between $a$ and $b$",
        ),
        lines=(
            Definition(equal((Term("|0 - 1|", 1) + Term("|10 - 9|", 1)) / 2, 1), "The best coupling costs"),
            Definition(equal(earned(flat), 1), "The flat potential earns as much"),
            Definition(equal(earned(kinked), 1), "and so does the kinked one"),
            Step(at_most(flat(x), flat(y) + Abs(x - y)), "The flat one has slopes of at most one"),
            Step(at_most(kinked(x), kinked(y) + Abs(x - y)), "and so has the kinked one"),
            Step(equal(paid(0, 1), 0), "The flat one pays nothing on the first ray"),
            Step(equal(paid(9, 10), 0), "nor on the second"),
            Step(
                equal(paid(0, 9), Integral(1, (x, 1, 9)) / 9),
                "It pays for eight parts of nine between 0 and 9",
            ),
            Step(equal(paid(1, 10), Integral(1, (x, 1, 9)) / 9), "and as much between 1 and 10"),
            Definition(equal(bends, bends.args[1]), "What the kinked one pays along the whole line"),
            Step(equal(bends, 0), "is nothing"),
        ),
        source="own example, cf. Gulrajani et al. 2017 [gulrajani2017] and Petzka et al. 2018 [petzka2018]",
    )
