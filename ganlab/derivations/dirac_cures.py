"""What is done to the Dirac-GAN so that it converges, and which of it does not help."""

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
    Subs,
    Symbol,
    cos,
    exp,
    log,
    oo,
    pi,
    sin,
    sqrt,
)

from .derivation import Definition, Derivation, Step
from .dirac_game import (
    GAME,
    GAMMA,
    LAMBDA,
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
from .statements import Term, above, below, define, equal, inside

__all__ = ["dirac_clipping", "dirac_consensus", "dirac_instance_noise", "dirac_penalty", "dirac_r1"]


def _numbers(*rows: list[Any]) -> ImmutableMatrix:
    return ImmutableMatrix(list(rows))


def dirac_clipping() -> Derivation:
    """Weight clipping: inside |psi| < c the flow is a rotation, and along the wall the norm falls to c.

    The orbit ends on the circle of radius c, or stays on a smaller one: it never converges.

    Source: Mescheder et al. 2018, sec. 3 [mescheder2018].

    >>> dirac_clipping().check()
    True
    """
    r, c = Symbol("r", positive=True), Symbol("c", positive=True)
    home = Symbol("theta", positive=True)
    x, y = define(r"\theta", lambda t: r * cos(t)), define(r"\psi", lambda t: r * sin(t))
    push, along = Term(r"\dot\psi", home), Term(r"\theta\dot\theta", home * -c)
    norm, radius = Term("n", home**2 + c**2), Term("n_0", x(T) ** 2 + y(T) ** 2)
    return Derivation(
        name="The clipped Dirac-GAN",
        claim=equal(Term(r"\frac{1}{2} \frac{d}{dt} n_0", Derivative(x(T) ** 2 + y(T) ** 2, T) / 2), 0),
        assumptions=(
            r"$\dot\theta = -\psi$ and $\dot\psi = \theta$ while $|\psi| < c$; $\psi$ is held at the wall",
        ),
        lines=(
            Definition(equal(x(T), r * cos(T)), "Inside, a circle"),
            Definition(equal(y(T), r * sin(T)), "of radius r"),
            Step(equal(Derivative(x(T), T), -y(T)), "solves the flow"),
            Step(equal(Derivative(y(T), T), x(T)), "in both players"),
            Definition(equal(radius, x(T) ** 2 + y(T) ** 2), "Its squared norm"),
            Step(equal(radius, r**2), "stays: a circle of radius at most c never meets the wall"),
            Definition(equal(push, home), r"On the wall $\psi = c$ with $\theta > 0$"),
            Step(above(push, 0), "the push is outward"),
            Definition(
                equal(along, home * -c), "so that psi stays, and half the squared norm has this speed"
            ),
            Step(below(along, 0), "It falls"),
            Definition(equal(norm, home**2 + c**2), "The squared norm on the wall"),
            Step(equal(Limit(norm, home, 0), c**2), "until theta is 0 and the norm is c"),
        ),
        source=SOURCE,
    )


def dirac_penalty() -> Derivation:
    """The penalty gamma/2 (|psi| - g)^2: inside the strip |psi| < g the norm grows, away from 0.

    At psi = 0 the velocity of psi jumps from -gamma g to gamma g: the equilibrium is not a stationary point.

    Source: Mescheder et al. 2018, sec. 3 and App. [mescheder2018].

    >>> dirac_penalty().check()
    True
    """
    goal = Symbol("g", positive=True)
    penalty = GAMMA / 2 * (Abs(PSI) - goal) ** 2
    field = velocity_field(-PSI, THETA - Derivative(penalty, PSI))
    at_rest = Term(r"\dot\psi|_{\theta = 0}", Subs(field[1], THETA, 0).doit())
    return Derivation(
        name="The Dirac-GAN under a two-sided penalty",
        claim=above(growth(field), 0),
        assumptions=(
            inside(PSI, 0, goal),
            r"$V = \theta\psi$ less the penalty $\frac{\gamma}{2} (|\psi| - g)^2$",
            r"negative $\psi$ is the mirror image",
        ),
        lines=(
            *named(field, "The generator descends", "and the critic climbs V less the penalty"),
            Step(equal(field[1], THETA - GAMMA * (PSI - goal)), "The critic, for positive psi"),
            Definition(equal(at_rest, at_rest.args[1]), "Where the generator is at home"),
            Step(equal(Limit(at_rest, PSI, 0, "+"), GAMMA * goal), "the critic is pushed away from 0"),
            Step(equal(Limit(at_rest, PSI, 0, "-"), -GAMMA * goal), "from either side"),
            Step(equal(growth(field), GAMMA * PSI * (goal - PSI)), "How the norm moves"),
        ),
        source=SOURCE,
    )


def _damped(trace: Any) -> tuple[Any, Any]:
    """The roots of lambda^2 + trace lambda + 1/4."""
    root = sqrt(trace**2 / 4 - Rational(1, 4))
    return -trace / 2 + root, -trace / 2 - root


def dirac_r1() -> Derivation:
    """The penalty R1, gamma/2 psi^2: eigenvalues -gamma/2 +- sqrt(gamma^2/4 - 1/4), so linear convergence.

    The damping is critical at gamma = 1.

    Source: Mescheder et al. 2018, sec. 4 [mescheder2018].

    >>> dirac_r1().check()
    True
    """
    field = velocity_field(-Derivative(VALUE, THETA), Derivative(VALUE - GAMMA / 2 * PSI**2, PSI))
    jacobian = jacobian_at_rest(field)

    trace = Term(r"\operatorname{tr} J", jacobian[0, 0] + jacobian[1, 1])
    inside_root = Term("r", GAMMA**2 / 4 - Rational(1, 4))
    return Derivation(
        name="The Dirac-GAN under R1",
        claim=equal(characteristic(jacobian), factors(*_damped(GAMMA))),
        assumptions=(GAME, r"$\gamma > 0$ weighs $\frac{\gamma}{2}\psi^2$"),
        lines=(
            *named(field, "The generator descends V", "and the discriminator climbs it"),
            Step(equal(field[1], THETA * slope(THETA * PSI) - GAMMA * PSI), "The penalty brakes psi"),
            Definition(equal(growth(field), THETA * field[0] + PSI * field[1]), "Half the squared norm"),
            Step(equal(growth(field), -GAMMA * PSI**2), "falls wherever psi is not 0"),
            Definition(
                equal(jacobian, _numbers([0, -Rational(1, 2)], [Rational(1, 2), -GAMMA])),
                "The linearisation at the equilibrium",
            ),
            Definition(equal(trace, jacobian[0, 0] + jacobian[1, 1]), "Its trace"),
            Step(below(trace, 0), "is negative"),
            Step(above(jacobian.det(), 0), "and its determinant positive: both real parts are negative"),
            Definition(equal(inside_root, GAMMA**2 / 4 - Rational(1, 4)), "Under the root"),
            Step(equal(Subs(inside_root, GAMMA, 1), 0), "The damping is critical at 1"),
        ),
        source=SOURCE,
    )


def dirac_instance_noise() -> Derivation:
    """Noise of variance s on real and fake: eigenvalues -s/4 +- sqrt(s^2/16 - 1/4), as R1 with gamma = s/2.

    Source: Mescheder et al. 2018, sec. 3 and App. [mescheder2018].

    >>> dirac_instance_noise().check()
    True
    """
    e, s = Symbol("e", real=True), Symbol("s", positive=True)
    law = exp(-(e**2) / (2 * s)) / sqrt(2 * pi * s)
    noisy = -log(1 + exp(-PSI * (THETA + e))) - log(1 + exp(PSI * e))

    def second(first: Any, then: Any) -> Any:
        at_rest = noisy.diff(first, then).subs({THETA: 0, PSI: 0})
        return Integral(at_rest * law, (e, -oo, oo))

    mixed, own = (
        Term(r"\partial_\theta\partial_\psi V", second(THETA, PSI)),
        Term(r"\partial_\psi^2 V", second(PSI, PSI)),
    )

    variance, inside_root = (
        Term("E[e^2]", Integral(e**2 * law, (e, -oo, oo))),
        Term("r", s**2 / 16 - Rational(1, 4)),
    )
    return Derivation(
        name="The Dirac-GAN under instance noise",
        claim=equal(LAMBDA * (LAMBDA - own) + mixed**2, factors(*_damped(s / 2))),
        assumptions=(
            r"real and fake carry noise $e \sim N(0, s)$: $V = E f(\psi(\theta + e)) + E f(-\psi e)$",
            r"at 0 the Jacobian has rows $(0, -\partial_\theta\partial_\psi V)$",
            r"and $(\partial_\theta\partial_\psi V, \partial_\psi^2 V)$",
        ),
        lines=(
            Definition(equal(f(T), -log(1 + exp(-T))), "The loss of one score"),
            Step(
                equal(Subs(Derivative(f(PSI * e), (PSI, 2)), PSI, 0), -(e**2) / 4),
                "A noisy point bends V in psi by its square",
            ),
            Definition(equal(variance, Integral(e**2 * law, (e, -oo, oo))), "whose mean"),
            Step(equal(variance, s), "is the variance"),
            Step(equal(own, -s / 2), "Real and fake bend it alike"),
            Step(equal(mixed, Rational(1, 2)), "The rotation is as without noise"),
            Step(below(own, 0), "The trace is negative: linear convergence"),
            Definition(equal(inside_root, s**2 / 16 - Rational(1, 4)), "Under the root"),
            Step(equal(Subs(inside_root, s, 2), 0), "The damping is critical at variance 2"),
        ),
        source=SOURCE,
    )


def dirac_consensus() -> Derivation:
    """Consensus optimisation, v less gamma times the gradient of |v|^2/2: eigenvalues -gamma/4 +- i/2.

    Source: Mescheder et al. 2017 [mescheder2017].

    >>> dirac_consensus().check()
    True
    """
    plain = (-PSI / (1 + exp(THETA * PSI)), THETA / (1 + exp(THETA * PSI)))
    energy = Term("E", (plain[0] ** 2 + plain[1] ** 2) / 2)
    field = velocity_field(
        plain[0] - GAMMA * Derivative(energy, THETA), plain[1] - GAMMA * Derivative(energy, PSI)
    )
    jacobian = jacobian_at_rest(field)

    trace = Term(r"\operatorname{tr} J", jacobian[0, 0] + jacobian[1, 1])
    return Derivation(
        name="The Dirac-GAN under consensus optimisation",
        claim=equal(characteristic(jacobian), factors(-GAMMA / 4 + I / 2, -GAMMA / 4 - I / 2)),
        assumptions=(
            GAME,
            r"both players also descend $\gamma E$, half the squared speed of the plain flow",
        ),
        lines=(
            Definition(equal(energy, energy.args[1]), "Half the squared speed of the plain flow"),
            Step(equal(energy, (THETA**2 + PSI**2) * slope(THETA * PSI) ** 2 / 2), "in terms of the slope"),
            Definition(
                equal(
                    jacobian,
                    _numbers([-GAMMA / 4, -Rational(1, 2)], [Rational(1, 2), -GAMMA / 4]),
                ),
                "The rotation is kept, and both players are braked",
            ),
            Definition(equal(trace, jacobian[0, 0] + jacobian[1, 1]), "The trace"),
            Step(below(trace, 0), "is negative"),
            Step(above(jacobian.det(), 0), "and the determinant positive: linear convergence"),
        ),
        source="Mescheder et al. 2017 [mescheder2017]",
    )
