"""The game of one real point at 0 and one fake at theta: its symbols, its flow and the linearisation of it.

V(theta, psi) = f(theta psi) + f(0) with f(t) = -log(1 + e^(-t)); the generator descends V and the
discriminator climbs it. The sign convention is that of Mescheder et al. 2018: a larger score means fake.
"""

from __future__ import annotations

from typing import Any

from sympy import ImmutableMatrix, Symbol, exp, log

from .derivation import Definition
from .statements import Term, define, equal

__all__ = [
    "characteristic",
    "factors",
    "growth",
    "jacobian_at_rest",
    "named",
    "velocity_field",
]

THETA, PSI, LAMBDA, T = (Symbol(name, real=True) for name in ("theta", "psi", "lambda", "t"))
GAMMA = Symbol("gamma", positive=True)
f = define("f", lambda t: -log(1 + exp(-t)))
slope = define("f'", lambda t: 1 / (1 + exp(t)))
VALUE = Term("V", -log(1 + exp(-THETA * PSI)) - log(2))
SOURCE = "Mescheder et al. 2018 [mescheder2018]"
GAME = r"$V = f(\theta\psi) + f(0)$, $f(t) = -\log(1 + e^{-t})$; the dot is the derivative in time"


def velocity_field(toward_theta: Any, toward_psi: Any) -> tuple[Term, Term]:
    """The velocities of theta and psi, displayed with a dot."""
    return Term(r"\dot\theta", toward_theta), Term(r"\dot\psi", toward_psi)


def jacobian_at_rest(field: tuple[Term, Term]) -> ImmutableMatrix:
    """The derivatives of the field at the origin, each displayed by its name.

    >>> jacobian_at_rest(velocity_field(-PSI, THETA)).doit()
    Matrix([
    [0, -1],
    [1,  0]])
    """

    def entry(velocity: Term, symbol: Any) -> Term:
        name = rf"\partial_\{symbol.name}{velocity.args[0]}"
        return Term(name, velocity.doit().diff(symbol).subs({THETA: 0, PSI: 0}))

    return ImmutableMatrix([[entry(velocity, symbol) for symbol in (THETA, PSI)] for velocity in field])


def characteristic(jacobian: ImmutableMatrix) -> Term:
    """The characteristic polynomial in lambda.

    >>> characteristic(ImmutableMatrix([[0, -1], [1, 0]])).doit()
    lambda**2 + 1
    """
    return Term(r"\det(\lambda - J)", (LAMBDA * ImmutableMatrix.eye(2) - jacobian).det())


def factors(root: Any, other: Any) -> Any:
    """The polynomial in lambda with the two roots."""
    return (LAMBDA - root) * (LAMBDA - other)


def growth(field: tuple[Term, Term]) -> Term:
    """Half the speed of the squared norm of (theta, psi)."""
    return Term(r"\frac{1}{2} \frac{d}{dt} (\theta^2 + \psi^2)", THETA * field[0] + PSI * field[1])


def named(field: tuple[Term, Term], *reasons: str) -> tuple[Definition, Definition]:
    """The lines that say what the two velocities are."""
    theta, psi = (
        Definition(equal(velocity, velocity.args[1]), reason)
        for velocity, reason in zip(field, reasons, strict=True)
    )
    return theta, psi
