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

from .derivation import Derivation, Step
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
    slope,
    velocity_field,
)
from .statements import Term, at_most, equal

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
        steps=(
            Step(equal(Derivative(f(T), T), slope(T)), "The slope of f, with value 1/2 at 0"),
            Step(equal(field[0], -PSI * slope(THETA * PSI)), "The generator descends"),
            Step(equal(field[1], THETA * slope(THETA * PSI)), "The discriminator climbs"),
            Step(equal(growth(field), 0), "The norm is conserved"),
            Step(
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
    return Derivation(
        name="The non-saturating Dirac-GAN",
        claim=equal(growth(field), -THETA * PSI * tanh(THETA * PSI / 2)),
        assumptions=(GAME, r"the generator descends $-f(-\theta\psi)$ instead"),
        steps=(
            Step(equal(field[0], -PSI * slope(-THETA * PSI)), "The generator"),
            Step(equal(field[1], THETA * slope(THETA * PSI)), "The discriminator, as before"),
            Step(
                equal(jacobian, _numbers([0, -Rational(1, 2)], [Rational(1, 2), 0])),
                "The same linearisation as that of the saturating game",
            ),
            Step(equal(characteristic(jacobian), factors(I / 2, -I / 2)), "hence the same eigenvalues"),
            Step(equal(slope(T) - slope(-T), -tanh(T / 2)), "But the two slopes differ"),
            Step(
                equal(-T * tanh(T / 2), -Abs(T) * tanh(Abs(T) / 2)),
                "Only the size of the product counts",
            ),
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
    return Derivation(
        name="The sublinear rate of the non-saturating game",
        claim=equal(Limit(sqrt(solution) / sqrt(8 / t), t, oo), 1),
        assumptions=(
            r"$\theta = r\cos\varphi$, $\psi = r\sin\varphi$, $R = r^2$, to leading order in $r$",
            r"the fast angle is averaged over a turn, and $k$ depends on the start",
        ),
        steps=(
            Step(equal(Limit(turning, T, 0), Rational(1, 2)), r"The angle turns at speed 1/2"),
            Step(
                equal(Limit(T * tanh(T / 2) / T**2, T, 0), Rational(1, 2)),
                "The friction is quadratic",
            ),
            Step(
                equal(Integral(product**2 / 2, (phi, 0, 2 * pi)) / (2 * pi), r**4 / 16),
                "Its average over a turn takes this from half the square of the norm",
            ),
            Step(equal(solution, 8 / (t + k)), "With R for the square of the norm"),
            Step(equal(Derivative(solution, t), -(solution**2) / 8), "this solves the averaged equation"),
            Step(equal(Limit(t * solution, t, oo), 8), "so that R falls like 8/t, no faster"),
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
        steps=(
            Step(equal(field[0], -PSI), "The generator descends"),
            Step(equal(field[1], THETA), "The critic climbs"),
            Step(equal(growth(field), 0), "The norm is conserved"),
            Step(equal(jacobian, _numbers([0, -1], [1, 0])), "The flow is a rotation everywhere"),
        ),
        source=SOURCE,
    )
