"""The Dirac-GAN: one real point at 0, one fake at theta, a discriminator of slope psi; a flow in the plane.

V(theta, psi) = f(theta psi) + f(0) with f(t) = -log(1 + e^(-t)); the generator descends V and the
discriminator climbs it. The sign convention is that of Mescheder et al. 2018: a larger score means fake.
"""

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
    tanh,
)

from .derivation import Derivation, Step
from .statements import Term, above, at_most, below, define, equal, inside

__all__ = [
    "dirac_clipping",
    "dirac_consensus",
    "dirac_gan",
    "dirac_instance_noise",
    "dirac_non_saturating",
    "dirac_penalty",
    "dirac_r1",
    "dirac_sublinear_rate",
    "dirac_wasserstein",
]

_theta, _psi, _lambda = (Symbol(name, real=True) for name in ("theta", "psi", "lambda"))
_gamma, _t = Symbol("gamma", positive=True), Symbol("t", real=True)
_f = define("f", lambda t: -log(1 + exp(-t)))
_slope = define("f'", lambda t: 1 / (1 + exp(t)))
_V = Term("V", -log(1 + exp(-_theta * _psi)) - log(2))
_SOURCE = "Mescheder et al. 2018 [mescheder2018]"
_GAME = r"$V = f(\theta\psi) + f(0)$, $f(t) = -\log(1 + e^{-t})$; the dot is the derivative in time"


def _field(toward_theta: Any, toward_psi: Any) -> tuple[Term, Term]:
    return Term(r"\dot\theta", toward_theta), Term(r"\dot\psi", toward_psi)


def _jacobian(field: tuple[Term, Term]) -> ImmutableMatrix:
    """The derivatives of the field at the origin, each displayed by its name."""

    def entry(velocity: Term, symbol: Any) -> Term:
        name = rf"\partial_\{symbol.name}{velocity.args[0]}"
        return Term(name, velocity.doit().diff(symbol).subs({_theta: 0, _psi: 0}))

    return ImmutableMatrix([[entry(velocity, symbol) for symbol in (_theta, _psi)] for velocity in field])


def _characteristic(jacobian: ImmutableMatrix) -> Term:
    return Term(r"\det(\lambda - J)", (_lambda * ImmutableMatrix.eye(2) - jacobian).det())


def _factors(root: Any, other: Any) -> Any:
    return (_lambda - root) * (_lambda - other)


def _growth(field: tuple[Term, Term]) -> Any:
    """Half the speed of the squared norm."""
    return _theta * field[0] + _psi * field[1]


def _numbers(*rows: list[Any]) -> ImmutableMatrix:
    return ImmutableMatrix(list(rows))


def dirac_gan() -> Derivation:
    """The saturating game: eigenvalues +-i/2, and the norm of (theta, psi) is conserved: it never converges.

    Source: Mescheder et al. 2018, Lemma 2.2 and 2.3 [mescheder2018].

    >>> dirac_gan().check()
    True
    """
    field = _field(-Derivative(_V, _theta), Derivative(_V, _psi))
    jacobian = _jacobian(field)
    return Derivation(
        name="The Dirac-GAN",
        claim=equal(_characteristic(jacobian), _factors(I / 2, -I / 2)),
        assumptions=(_GAME,),
        steps=(
            Step(equal(Derivative(_f(_t), _t), _slope(_t)), "The slope of f, with value 1/2 at 0"),
            Step(equal(field[0], -_psi * _slope(_theta * _psi)), "The generator descends"),
            Step(equal(field[1], _theta * _slope(_theta * _psi)), "The discriminator climbs"),
            Step(equal(_growth(field), 0), "The norm is conserved"),
            Step(
                equal(jacobian, _numbers([0, -Rational(1, 2)], [Rational(1, 2), 0])),
                "Near the equilibrium the flow is a rotation",
            ),
        ),
        source=_SOURCE,
    )


def dirac_non_saturating() -> Derivation:
    """The non-saturating game: the same linearisation, +-i/2, but the norm falls with the fourth power.

    d/dt (theta^2 + psi^2)/2 = -theta psi tanh(theta psi/2) <= 0.

    Source: Mescheder et al. 2018, Lemma 2.2 and App. [mescheder2018].

    >>> dirac_non_saturating().check()
    True
    """
    toward = Derivative(log(1 + exp(_theta * _psi)), _theta)
    field = _field(-toward, Derivative(_V, _psi))
    jacobian = _jacobian(field)
    return Derivation(
        name="The non-saturating Dirac-GAN",
        claim=equal(_growth(field), -_theta * _psi * tanh(_theta * _psi / 2)),
        assumptions=(_GAME, r"the generator descends $-f(-\theta\psi)$ instead"),
        steps=(
            Step(equal(field[0], -_psi * _slope(-_theta * _psi)), "The generator"),
            Step(equal(field[1], _theta * _slope(_theta * _psi)), "The discriminator, as before"),
            Step(
                equal(jacobian, _numbers([0, -Rational(1, 2)], [Rational(1, 2), 0])),
                "The same linearisation as that of the saturating game",
            ),
            Step(equal(_characteristic(jacobian), _factors(I / 2, -I / 2)), "hence the same eigenvalues"),
            Step(equal(_slope(_t) - _slope(-_t), -tanh(_t / 2)), "But the two slopes differ"),
            Step(
                equal(-_t * tanh(_t / 2), -Abs(_t) * tanh(Abs(_t) / 2)),
                "Only the size of the product counts",
            ),
            Step(at_most(-Abs(_t) * tanh(Abs(_t) / 2), 0), "and the norm never grows"),
        ),
        source=_SOURCE,
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
    turning = cos(phi) ** 2 * _slope(_t) + sin(phi) ** 2 * _slope(-_t)
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
            Step(equal(Limit(turning, _t, 0), Rational(1, 2)), r"The angle turns at speed 1/2"),
            Step(
                equal(Limit(_t * tanh(_t / 2) / _t**2, _t, 0), Rational(1, 2)),
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
    field = _field(-Derivative(_theta * _psi, _theta), Derivative(_theta * _psi, _psi))
    jacobian = _jacobian(field)
    return Derivation(
        name="The Wasserstein Dirac-GAN",
        claim=equal(_characteristic(jacobian), _factors(I, -I)),
        assumptions=(r"$V = \theta\psi$; the dot is the derivative in time",),
        steps=(
            Step(equal(field[0], -_psi), "The generator descends"),
            Step(equal(field[1], _theta), "The critic climbs"),
            Step(equal(_growth(field), 0), "The norm is conserved"),
            Step(equal(jacobian, _numbers([0, -1], [1, 0])), "The flow is a rotation everywhere"),
        ),
        source=_SOURCE,
    )


def dirac_clipping() -> Derivation:
    """Weight clipping: inside |psi| < c the flow is a rotation, and along the wall the norm falls to c.

    The orbit ends on the circle of radius c, or stays on a smaller one: it never converges.

    Source: Mescheder et al. 2018, sec. 3 [mescheder2018].

    >>> dirac_clipping().check()
    True
    """
    r, c = Symbol("r", positive=True), Symbol("c", positive=True)
    home = Symbol("theta", positive=True)
    field = _field(-_psi, _theta)
    return Derivation(
        name="The clipped Dirac-GAN",
        claim=equal(_growth(field), 0),
        assumptions=(
            r"$\dot\theta = -\psi$ and $\dot\psi = \theta$ while $|\psi| < c$; $\psi$ is held at the wall",
        ),
        steps=(
            Step(
                equal(Derivative(r * cos(_t), _t), -r * sin(_t)),
                r"Inside, $\theta = r \cos t$ and $\psi = r \sin t$",
            ),
            Step(equal(Derivative(r * sin(_t), _t), r * cos(_t)), "solve the flow: circles"),
            Step(
                equal((r * cos(_t)) ** 2 + (r * sin(_t)) ** 2, r**2),
                "A circle of radius at most c never meets the wall",
            ),
            Step(
                above(Term(r"\dot\psi", home), 0),
                r"On the wall $\psi = c$ with $\theta > 0$ the push is outward",
            ),
            Step(below(home * -c + c * 0, 0), "so that psi stays and the norm falls"),
            Step(equal(Limit(home**2 + c**2, home, 0), c**2), "until theta is 0 and the norm is c"),
        ),
        source=_SOURCE,
    )


def dirac_penalty() -> Derivation:
    """The penalty gamma/2 (|psi| - g)^2: inside the strip |psi| < g the norm grows, away from 0.

    At psi = 0 the velocity of psi jumps from -gamma g to gamma g: the equilibrium is not a stationary point.

    Source: Mescheder et al. 2018, sec. 3 and App. [mescheder2018].

    >>> dirac_penalty().check()
    True
    """
    goal = Symbol("g", positive=True)
    penalty = _gamma / 2 * (Abs(_psi) - goal) ** 2
    field = _field(-_psi, _theta - Derivative(penalty, _psi))
    at_rest = Term(r"\dot\psi|_{\theta = 0}", Subs(field[1], _theta, 0).doit())
    return Derivation(
        name="The Dirac-GAN under a two-sided penalty",
        claim=above(_growth(field), 0),
        assumptions=(
            inside(_psi, 0, goal),
            r"$V = \theta\psi$ less the penalty $\frac{\gamma}{2} (|\psi| - g)^2$",
            r"negative $\psi$ is the mirror image",
        ),
        steps=(
            Step(equal(field[0], -_psi), "The generator rests at psi = 0 only"),
            Step(equal(field[1], _theta - _gamma * (_psi - goal)), "The critic, for positive psi"),
            Step(equal(Limit(at_rest, _psi, 0, "+"), _gamma * goal), "There it is pushed away from 0"),
            Step(equal(Limit(at_rest, _psi, 0, "-"), -_gamma * goal), "from either side"),
            Step(equal(_growth(field), _gamma * _psi * (goal - _psi)), "How the norm moves"),
        ),
        source=_SOURCE,
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
    field = _field(-Derivative(_V, _theta), Derivative(_V - _gamma / 2 * _psi**2, _psi))
    jacobian = _jacobian(field)
    return Derivation(
        name="The Dirac-GAN under R1",
        claim=equal(_characteristic(jacobian), _factors(*_damped(_gamma))),
        assumptions=(_GAME, r"$\gamma > 0$ weighs $\frac{\gamma}{2}\psi^2$"),
        steps=(
            Step(equal(field[1], _theta * _slope(_theta * _psi) - _gamma * _psi), "The penalty brakes psi"),
            Step(equal(_growth(field), -_gamma * _psi**2), "The norm falls wherever psi is not 0"),
            Step(
                equal(jacobian, _numbers([0, -Rational(1, 2)], [Rational(1, 2), -_gamma])),
                "The linearisation at the equilibrium",
            ),
            Step(below(jacobian[0, 0] + jacobian[1, 1], 0), "Its trace is negative"),
            Step(above(jacobian.det(), 0), "and its determinant positive: both real parts are negative"),
            Step(equal(Subs(_gamma**2 / 4 - Rational(1, 4), _gamma, 1), 0), "The damping is critical at 1"),
        ),
        source=_SOURCE,
    )


def dirac_instance_noise() -> Derivation:
    """Noise of variance s on real and fake: eigenvalues -s/4 +- sqrt(s^2/16 - 1/4), as R1 with gamma = s/2.

    Source: Mescheder et al. 2018, sec. 3 and App. [mescheder2018].

    >>> dirac_instance_noise().check()
    True
    """
    e, s = Symbol("e", real=True), Symbol("s", positive=True)
    law = exp(-(e**2) / (2 * s)) / sqrt(2 * pi * s)
    noisy = -log(1 + exp(-_psi * (_theta + e))) - log(1 + exp(_psi * e))

    def second(first: Any, then: Any) -> Any:
        at_rest = noisy.diff(first, then).subs({_theta: 0, _psi: 0})
        return Integral(at_rest * law, (e, -oo, oo))

    mixed, own = (
        Term(r"\partial_\theta\partial_\psi V", second(_theta, _psi)),
        Term(r"\partial_\psi^2 V", second(_psi, _psi)),
    )
    return Derivation(
        name="The Dirac-GAN under instance noise",
        claim=equal(_lambda * (_lambda - own) + mixed**2, _factors(*_damped(s / 2))),
        assumptions=(
            r"real and fake carry noise $e \sim N(0, s)$: $V = E f(\psi(\theta + e)) + E f(-\psi e)$",
            r"at 0 the Jacobian has rows $(0, -\partial_\theta\partial_\psi V)$",
            r"and $(\partial_\theta\partial_\psi V, \partial_\psi^2 V)$",
        ),
        steps=(
            Step(
                equal(Subs(Derivative(_f(_psi * e), (_psi, 2)), _psi, 0), -(e**2) / 4),
                "A noisy point bends V in psi by its square",
            ),
            Step(equal(Integral(e**2 * law, (e, -oo, oo)), s), "whose mean is the variance"),
            Step(equal(own, -s / 2), "Real and fake bend it alike"),
            Step(equal(mixed, Rational(1, 2)), "The rotation is as without noise"),
            Step(below(own, 0), "The trace is negative: linear convergence"),
            Step(equal(Subs(s**2 / 16 - Rational(1, 4), s, 2), 0), "The damping is critical at variance 2"),
        ),
        source=_SOURCE,
    )


def dirac_consensus() -> Derivation:
    """Consensus optimisation, v less gamma times the gradient of |v|^2/2: eigenvalues -gamma/4 +- i/2.

    Source: Mescheder et al. 2017 [mescheder2017].

    >>> dirac_consensus().check()
    True
    """
    plain = (-_psi / (1 + exp(_theta * _psi)), _theta / (1 + exp(_theta * _psi)))
    energy = Term("E", (plain[0] ** 2 + plain[1] ** 2) / 2)
    field = _field(
        plain[0] - _gamma * Derivative(energy, _theta), plain[1] - _gamma * Derivative(energy, _psi)
    )
    jacobian = _jacobian(field)
    return Derivation(
        name="The Dirac-GAN under consensus optimisation",
        claim=equal(_characteristic(jacobian), _factors(-_gamma / 4 + I / 2, -_gamma / 4 - I / 2)),
        assumptions=(
            _GAME,
            r"both players also descend $\gamma E$, half the squared speed of the plain flow",
        ),
        steps=(
            Step(
                equal(energy, (_theta**2 + _psi**2) * _slope(_theta * _psi) ** 2 / 2),
                "The speed of the plain flow",
            ),
            Step(
                equal(
                    jacobian,
                    _numbers([-_gamma / 4, -Rational(1, 2)], [Rational(1, 2), -_gamma / 4]),
                ),
                "The rotation is kept, and both players are braked",
            ),
            Step(below(jacobian[0, 0] + jacobian[1, 1], 0), "The trace is negative"),
            Step(above(jacobian.det(), 0), "and the determinant positive: linear convergence"),
        ),
        source="Mescheder et al. 2017 [mescheder2017]",
    )
