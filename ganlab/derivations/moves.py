"""What a move of a player changes: the sum of both losses, a tilted answer, a wrong gradient, a step."""

from __future__ import annotations

from sympy import Derivative, I, Rational, Subs, Symbol, log

from .derivation import Definition, Derivation, Step
from .statements import Term, above, define, densities, equal, inside, mean

__all__ = ["growth_of_a_step", "leftover_gradient", "tilted_answer", "zero_sum"]

_HALF = Rational(1, 2)


def zero_sum() -> Derivation:
    """The sum of the two losses: E_p[-log D], which no generator changes.

    Source: Goodfellow et al. 2014, eq. 1 [goodfellow2014].

    >>> zero_sum().check()
    True
    """
    p, q, d = densities("p", "q", "D")
    bce = define(r"\operatorname{BCE}", lambda y, d: -y * log(d) - (1 - y) * log(1 - d))
    of_d = Term("L_D", mean(p, bce(1, d)) + mean(q, bce(0, d)))
    of_g = Term("L_G", mean(q, log(1 - d)))
    rest = mean(p, -log(d))
    moved = Term("L_G'", of_g - rest)
    return Derivation(
        name="The sum of the two losses",
        claim=equal(of_d + of_g, rest),
        assumptions=(r"$p$ and $q$ are the densities of real and fake, and $0 < D < 1$",),
        lines=(
            Definition(equal(of_d, of_d.args[1]), "The discriminator pays for real and for fake"),
            Definition(equal(of_g, mean(q, log(1 - d))), "The generator pays for the fakes alone"),
            Step(
                equal(mean(q, bce(0, d)), -of_g), "and its loss is what the discriminator pays, turned round"
            ),
            Step(equal(of_d, rest - of_g), "So one term of the discriminator's loss is left"),
            Definition(equal(moved, of_g - rest), "No generator changes it: subtract it"),
            Step(equal(moved, -of_d), "and one player loses what the other one gains"),
        ),
        source="Goodfellow et al. 2014, eq. 1 [goodfellow2014]",
    )


def tilted_answer() -> Derivation:
    """How the value moves when D answers 1/2 + delta on an event: at first by 2 (p(B) - q(B)) delta.

    Source: Goodfellow et al. 2014, sec. 4 [goodfellow2014].

    >>> tilted_answer().check()
    True
    """
    p, q = Symbol("p_B", positive=True), Symbol("q_B", positive=True)
    delta = Symbol("delta", real=True)
    value = define("v", lambda delta: p * log(_HALF + delta) + q * log(_HALF - delta))
    slope = Derivative(value(delta), delta)
    return Derivation(
        name="An answer that is tilted on an event",
        claim=equal(slope, p / (_HALF + delta) - q / (_HALF - delta)),
        assumptions=(
            r"$p_B$ and $q_B$ are the probabilities of the event $B$ under the data and the generator",
            r"$D$ answers $1/2 + \delta$ on $B$, with $-1/2 < \delta < 1/2$",
        ),
        lines=(
            Definition(
                equal(value(delta), p * log(_HALF + delta) + q * log(_HALF - delta)),
                "What the event adds to the value",
            ),
            Step(
                equal(Derivative(log(_HALF + delta), delta), 1 / (_HALF + delta)),
                "The slope of the real half",
            ),
            Step(
                equal(Derivative(log(_HALF - delta), delta), -1 / (_HALF - delta)),
                "and of the other one, where the chain rule gives a minus",
            ),
            Step(
                equal(Subs(slope, delta, 0), 2 * (p - q)),
                "From one half it pays to answer more where there is more of the data",
            ),
        ),
        source="Goodfellow et al. 2014, sec. 4 [goodfellow2014]",
    )


def leftover_gradient() -> Derivation:
    """Where a discriminator rests that also descends the generator's loss: at D = 2/3 and not at 1/2.

    At a point where real and fake are equally frequent it minimises -2 log D - log(1 - D), since two of the
    three terms say "real".

    Source: the statement is ours, for the losses of Goodfellow et al. 2014, sec. 3 [goodfellow2014].

    >>> leftover_gradient().check()
    True
    """
    d = Symbol("D", real=True)
    loss = define(r"\ell", lambda d: -2 * log(d) - log(1 - d))
    slope = Derivative(loss(d), d)
    return Derivation(
        name="A gradient that is left over",
        claim=equal(slope, (3 * d - 2) / ((1 - d) * d)),
        assumptions=(inside(d, 0, 1), "real and fake are equally frequent at the point"),
        lines=(
            Definition(equal(loss(d), -2 * log(d) - log(1 - d)), "Two terms say real, and one says fake"),
            Step(equal(slope, -2 / d + 1 / (1 - d)), "The slope, term by term"),
            Step(equal(-2 / d + 1 / (1 - d), (3 * d - 2) / ((1 - d) * d)), "over a common denominator"),
            Step(equal(Subs(slope, d, Rational(2, 3)), 0), "is zero at two thirds"),
            Step(above(Derivative(loss(d), (d, 2)), 0), "and it rises: the sum is least there"),
        ),
        source="own statement, for the losses of Goodfellow et al. 2014, sec. 3 [goodfellow2014]",
    )


def growth_of_a_step() -> Derivation:
    """The stretch of a step with the eigenvalue kappa: |1 + eta kappa|^2 = 1 + 2 eta Re + |kappa|^2 eta^2.

    Source: Mescheder et al. 2017 [mescheder2017].

    >>> growth_of_a_step().check()
    True
    """
    r, s = Symbol("r", real=True), Symbol("s", real=True)
    eta = Symbol("eta", positive=True)
    kappa, real = Term(r"\kappa", r + I * s), Term(r"\operatorname{Re}(\kappa)", r)
    size = Term(r"|\kappa|^2", r**2 + s**2)
    factor = Term(r"\mu", 1 + eta * kappa)
    grown = Term(r"|1 + \eta \kappa|^2", (1 + eta * r) ** 2 + (eta * s) ** 2)
    return Derivation(
        name="The stretch of a step",
        claim=equal(grown, 1 + 2 * eta * real + size * eta**2),
        assumptions=(r"a step of size $\eta > 0$ multiplies by $1 + \eta \kappa$",),
        lines=(
            Definition(equal(kappa, r + I * s), "The eigenvalue has a real and an imaginary part"),
            Definition(equal(factor, 1 + eta * kappa), "What a step multiplies by"),
            Step(
                equal(factor, (1 + eta * r) + I * (eta * s)),
                r"has the real part $1 + \eta r$ and the imaginary part $\eta s$",
            ),
            Definition(equal(grown, (1 + eta * r) ** 2 + (eta * s) ** 2), "Square both, and add"),
            Step(
                equal(grown, 1 + 2 * eta * r + eta**2 * (r**2 + s**2)),
                "Multiply out: the squares of r and s have the same factor",
            ),
            Definition(equal(size, r**2 + s**2), "which is the square of the size of the eigenvalue"),
        ),
        source="Mescheder et al. 2017 [mescheder2017]",
    )
