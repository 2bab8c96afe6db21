"""The Dirac-GAN as it is: which of the losses moves it towards its equilibrium, and how fast."""

from __future__ import annotations

from typing import Any

from sympy import (
    Abs,
    Derivative,
    I,
    ImmutableMatrix,
    Integral,
    Limit,
    Rational,
    Symbol,
    cos,
    exp,
    log,
    oo,
    pi,
    sin,
    sqrt,
    tanh,
)

from .derivation import Definition, Derivation, Step
from .dirac_game import (
    GAME,
    PSI,
    SOURCE,
    THETA,
    VALUE,
    T,
    characteristic,
    f,
    factors,
    growth,
    jacobian_at_rest,
    named,
    slope,
    velocity_field,
)
from .statements import Term, at_most, define, equal

__all__ = ["dirac_gan", "dirac_non_saturating", "dirac_sublinear_rate", "dirac_wasserstein"]


def _numbers(*rows: list[Any]) -> ImmutableMatrix:
    return ImmutableMatrix(list(rows))


def dirac_gan() -> Derivation:
    """The saturating game: eigenvalues +-i/2, and the norm of (theta, psi) is conserved: it never converges.

    Source: Mescheder et al. 2018, Lemma 2.2 and 2.3 [mescheder2018].

    >>> dirac_gan().check()
    True
    """
    field = velocity_field(-Derivative(VALUE, THETA), Derivative(VALUE, PSI))
    jacobian = jacobian_at_rest(field)
    return Derivation(
        name="The Dirac-GAN",
        claim=equal(characteristic(jacobian), factors(I / 2, -I / 2)),
        assumptions=(GAME,),
        lines=(
            Definition(equal(f(T), -log(1 + exp(-T))), "The loss of one score"),
            Step(equal(Derivative(f(T), T), slope(T)), "Its slope, with value 1/2 at 0"),
            *named(field, "The generator descends V", "and the discriminator climbs it"),
            Step(equal(field[0], -PSI * slope(THETA * PSI)), "The velocity of the generator"),
            Step(equal(field[1], THETA * slope(THETA * PSI)), "and that of the discriminator"),
            Definition(equal(growth(field), THETA * field[0] + PSI * field[1]), "Half the squared norm"),
            Step(equal(growth(field), 0), "is conserved"),
            Definition(
                equal(jacobian, _numbers([0, -Rational(1, 2)], [Rational(1, 2), 0])),
                "Near the equilibrium the flow is a rotation",
            ),
        ),
        source=SOURCE,
    )


def dirac_non_saturating() -> Derivation:
    """The non-saturating game: the same linearisation, +-i/2, but the norm falls with the fourth power.

    d/dt (theta^2 + psi^2)/2 = -theta psi tanh(theta psi/2) <= 0.

    Source: Mescheder et al. 2018, Lemma 2.2 and App. [mescheder2018].

    >>> dirac_non_saturating().check()
    True
    """
    toward = Derivative(log(1 + exp(THETA * PSI)), THETA)
    field = velocity_field(-toward, Derivative(VALUE, PSI))
    jacobian = jacobian_at_rest(field)

    product = define("g", lambda t: -t * tanh(t / 2))
    return Derivation(
        name="The non-saturating Dirac-GAN",
        claim=equal(growth(field), -THETA * PSI * tanh(THETA * PSI / 2)),
        assumptions=(GAME, r"the generator descends $-f(-\theta\psi)$ instead"),
        lines=(
            *named(field, "The generator descends its own loss", "and the discriminator climbs V"),
            Step(equal(field[0], -PSI * slope(-THETA * PSI)), "The velocity of the generator"),
            Step(equal(field[1], THETA * slope(THETA * PSI)), "and that of the discriminator, as before"),
            Definition(
                equal(characteristic(jacobian), characteristic(jacobian).args[1]), "At the equilibrium"
            ),
            Definition(
                equal(jacobian, _numbers([0, -Rational(1, 2)], [Rational(1, 2), 0])),
                "the linearisation is that of the saturating game",
            ),
            Step(equal(characteristic(jacobian), factors(I / 2, -I / 2)), "hence the same eigenvalues"),
            Step(equal(slope(T), slope(-T) - tanh(T / 2)), "But the two slopes differ"),
            Definition(equal(product(T), -T * tanh(T / 2)), "With t for the product of the two"),
            Step(equal(product(T), -Abs(T) * tanh(Abs(T) / 2)), "only its size counts"),
            Step(at_most(-Abs(T) * tanh(Abs(T) / 2), 0), "and the norm never grows"),
        ),
        source=SOURCE,
    )


def dirac_sublinear_rate() -> Derivation:
    """How slowly the non-saturating flow converges: norm ~ sqrt(8/t), by averaging over a turn.

    Near the equilibrium the angle moves at speed 1/2 while R = theta^2 + psi^2 obeys R' = -R^2/8 on average.

    Source: the averaging is ours; the flow is that of Mescheder et al. 2018 [mescheder2018].

    >>> dirac_sublinear_rate().check()
    True
    """
    phi, k = Symbol("phi", real=True), Symbol("k", positive=True)
    r, t = Symbol("r", positive=True), Symbol("t", positive=True)
    turning = cos(phi) ** 2 * slope(T) + sin(phi) ** 2 * slope(-T)
    product = r**2 * cos(phi) * sin(phi)
    solution = Term("R(t)", 8 / (t + k))

    speed, friction = Term(r"\omega", turning), Term("c", T * tanh(T / 2) / T**2)
    average = Term("A", Integral(product**2 / 2, (phi, 0, 2 * pi)) / (2 * pi))
    return Derivation(
        name="The sublinear rate of the non-saturating game",
        claim=equal(Limit(sqrt(solution) / sqrt(8 / t), t, oo), 1),
        assumptions=(
            r"$\theta = r\cos\varphi$, $\psi = r\sin\varphi$, $R = r^2$, to leading order in $r$",
            r"the fast angle is averaged over a turn, and $k$ depends on the start",
        ),
        lines=(
            Definition(equal(speed, turning), "The speed of the angle, with t for the product"),
            Step(equal(Limit(speed, T, 0), Rational(1, 2)), r"is 1/2 near the equilibrium"),
            Definition(equal(friction, T * tanh(T / 2) / T**2), "The friction, by the square of the product"),
            Step(equal(Limit(friction, T, 0), Rational(1, 2)), "is quadratic"),
            Definition(equal(average, average.args[1]), "Its average over a turn"),
            Step(equal(average, r**4 / 16), "is taken from half the square of the norm"),
            Definition(equal(solution, 8 / (t + k)), "With R for the square of the norm"),
            Step(equal(Derivative(solution, t), -(solution**2) / 8), "this solves the averaged equation"),
            Step(equal(Limit(solution, t, oo), 0), "and falls to zero"),
        ),
        source="own averaging of the flow of Mescheder et al. 2018 [mescheder2018]",
    )


def dirac_wasserstein() -> Derivation:
    """The Wasserstein game without a constraint: eigenvalues +-i, and the norm is conserved.

    Source: Mescheder et al. 2018, Lemma 2.4 [mescheder2018].

    >>> dirac_wasserstein().check()
    True
    """
    field = velocity_field(-Derivative(THETA * PSI, THETA), Derivative(THETA * PSI, PSI))
    jacobian = jacobian_at_rest(field)
    return Derivation(
        name="The Wasserstein Dirac-GAN",
        claim=equal(characteristic(jacobian), factors(I, -I)),
        assumptions=(r"$V = \theta\psi$; the dot is the derivative in time",),
        lines=(
            *named(field, "The generator descends V", "and the discriminator climbs it"),
            Step(equal(field[0], -PSI), "The velocity of the generator"),
            Step(equal(field[1], THETA), "and that of the critic"),
            Definition(equal(growth(field), THETA * field[0] + PSI * field[1]), "Half the squared norm"),
            Step(equal(growth(field), 0), "is conserved"),
            Definition(equal(jacobian, _numbers([0, -1], [1, 0])), "The flow is a rotation everywhere"),
        ),
        source=SOURCE,
    )
