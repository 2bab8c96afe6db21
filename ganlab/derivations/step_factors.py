"""The factor of one step: what rates, brakes and turns make of the eigenvalues of a game."""

from __future__ import annotations

from sympy import Derivative, I, Subs, Symbol, exp, log, sqrt

from .derivation import Definition, Derivation, Step
from .statements import Term, above, below, define, equal

__all__ = [
    "best_step",
    "best_step_in_turns",
    "braked_steps",
    "drift_of_short_steps",
    "largest_step",
    "two_rates",
    "two_rates_with_r1",
]

_eta_g, _eta_d, _eta = (Symbol(name, positive=True) for name in ("eta_g", "eta_d", "eta"))
_omega, _c, _time = (Symbol(name, positive=True) for name in ("omega", "c", "T"))
_kappa = Symbol("kappa", complex=True)
_DIRAC = r"the players of the Dirac-GAN step at once, with the rates $\eta_g$ and $\eta_d$"


def two_rates() -> Derivation:
    """The factor of a step of the Dirac-GAN with two rates: sqrt(1 + eta_g eta_d/4), above one.

    Source: the derivation is ours; the game is that of Mescheder et al. 2018 [mescheder2018].

    >>> two_rates().check()
    True
    """
    polynomial = Term("P", (1 - _kappa) ** 2 - _eta_g / 2 * (-_eta_d / 2))
    turn = I * sqrt(_eta_g * _eta_d) / 2
    square = Term(r"|\kappa|^2", (1 + turn) * (1 - turn))
    modulus = Term(r"|\kappa|", sqrt(square))
    return Derivation(
        name="Two rates on the Dirac-GAN",
        claim=equal(modulus, sqrt(1 + _eta_g * _eta_d / 4)),
        assumptions=(
            _DIRAC,
            r"$P$ is the determinant of the matrix of the step, less $\kappa$ on its diagonal",
        ),
        lines=(
            Definition(equal(polynomial, polynomial.args[1]), "An eigenvalue is a root of this"),
            Step(
                equal(polynomial, (_kappa - (1 + turn)) * (_kappa - (1 - turn))),
                "Its roots are a complex pair",
            ),
            Definition(
                equal(square, (1 + turn) * (1 - turn)), "The squared modulus, a root times its conjugate"
            ),
            Step(equal(square, 1 + _eta_g * _eta_d / 4), "depends on the product of the rates alone"),
            Definition(equal(modulus, sqrt(square)), "The factor itself is the root"),
            Step(above(square, 1), "and no ratio of the rates makes it small"),
        ),
        source="own derivation, for the game of Mescheder et al. 2018 [mescheder2018]",
    )


def two_rates_with_r1() -> Derivation:
    """The squared factor of a step of the Dirac-GAN with R1: 1 + eta_g eta_d/4 - 2 lambda eta_d.

    Source: the derivation is ours; the penalty is that of Mescheder et al. 2018 [mescheder2018].

    >>> two_rates_with_r1().check()
    True
    """
    weight, psi = Symbol("lambda", positive=True), Symbol("psi", real=True)
    penalty = Term("r", weight * psi**2)
    last = 1 - 2 * weight * _eta_d
    polynomial = Term("P", (1 - _kappa) * (last - _kappa) + _eta_g * _eta_d / 4)
    middle = Term("a", 1 - weight * _eta_d)
    turn = Term("b^2", _eta_g * _eta_d / 4 - weight**2 * _eta_d**2)
    square = Term(r"|\kappa|^2", middle**2 + turn)
    return Derivation(
        name="Two rates and R1 on the Dirac-GAN",
        claim=equal(square, 1 + _eta_g * _eta_d / 4 - 2 * weight * _eta_d),
        assumptions=(
            _DIRAC,
            r"the score is $\psi x$, so that R1 with its weight is $r = \lambda \psi^2$",
            r"the eigenvalues are a pair $a \pm i b$ with $b^2 > 0$",
        ),
        lines=(
            Definition(equal(penalty, weight * psi**2), "The penalty"),
            Step(equal(Derivative(penalty, psi), 2 * weight * psi), "pulls the slope home with this force"),
            Definition(equal(polynomial, polynomial.args[1]), "which changes the last entry of the matrix"),
            Definition(equal(middle, 1 - weight * _eta_d), "The middle of the pair"),
            Definition(equal(turn, turn.args[1]), "and how far it lies off the axis, squared"),
            Step(equal(polynomial, (_kappa - middle) ** 2 + turn), "since this is the same polynomial"),
            Definition(equal(square, middle**2 + turn), "By Pythagoras"),
        ),
        source="own derivation, for the penalty of Mescheder et al. 2018 [mescheder2018]",
    )


def drift_of_short_steps() -> Derivation:
    """How far simultaneous steps lead from a circle until the time T: by less than exp(eta omega^2 T/2).

    Source: the derivation is ours; the spiral is in Mescheder et al. 2017, sec. 3 [mescheder2017].

    >>> drift_of_short_steps().check()
    True
    """
    square = Symbol("s", positive=True)
    omega = Term(r"\omega", sqrt(square) / _eta)
    factor = Term("F", 1 + _eta**2 * omega**2)
    growth = Term("G", factor ** (_time / (2 * _eta)))
    return Derivation(
        name="The drift of short steps",
        claim=below(log(growth), _eta * omega**2 * _time / 2),
        assumptions=(
            r"$G$ is the growth of the distance in $T / \eta$ steps of the length $\eta$",
            r"$\omega = \sqrt{s} / \eta$, so that $s = \eta^2 \omega^2$",
            r"$G < e^{\eta \omega^2 T / 2}$ is the claim with the logarithm taken of both sides",
        ),
        lines=(
            Definition(
                equal(factor, 1 + _eta**2 * omega**2),
                r"One step multiplies the square of the distance by $|1 + i \eta \omega|^2$",
            ),
            Step(below(factor, exp(_eta**2 * omega**2)), "A line lies below the exponential that it touches"),
            Definition(
                equal(growth, factor ** (_time / (2 * _eta))), "T over eta steps, and the root of each"
            ),
            Step(equal(log(growth), _time / (2 * _eta) * log(factor)), "The logarithm counts the steps"),
            Step(
                below(_time / (2 * _eta) * log(factor), _time / (2 * _eta) * _eta**2 * omega**2),
                "so that the bound of one step is multiplied by their number",
            ),
        ),
        source="own derivation, for the spiral of Mescheder et al. 2017 [mescheder2017]",
    )


_r, _m = Symbol("r", positive=True), Symbol("m", real=True)
_modulus = Term(r"|\kappa|^2", _r**2 + _m**2)
_FACTOR = define("F", lambda eta: (1 - eta * _r) ** 2 + (eta * _m) ** 2)
_PAIR = r"$\kappa = -r + i m$ with $r = -\operatorname{Re}(\kappa) > 0$ and $m = \operatorname{Im}(\kappa)$"
_SQUARED = r"$F(\eta) = |1 + \eta \kappa|^2$"


def largest_step() -> Derivation:
    """The step up to which an eigenvalue of negative real part contracts: eta < -2 Re(kappa)/|kappa|^2.

    Source: Mescheder et al. 2017, Lemma 4 [mescheder2017].

    >>> largest_step().check()
    True
    """
    largest = Term(r"\eta_{\max}", 2 * _r / _modulus)
    return Derivation(
        name="The largest step",
        claim=equal(1 - _FACTOR(_eta), _eta * _modulus * (largest - _eta)),
        assumptions=(_PAIR, _SQUARED),
        lines=(
            Definition(
                equal(_FACTOR(_eta), (1 - _eta * _r) ** 2 + (_eta * _m) ** 2),
                "Real and imaginary part, squared",
            ),
            Definition(equal(_modulus, _r**2 + _m**2), "The same without the step"),
            Step(equal(_FACTOR(_eta), 1 - 2 * _eta * _r + _eta**2 * _modulus), "Multiplied out"),
            Definition(equal(largest, 2 * _r / _modulus), "The step at which this is one again"),
            Step(
                equal(_eta**2 * _modulus - 2 * _eta * _r, -_eta * _modulus * (largest - _eta)),
                "What a step adds to one is negative exactly below it",
            ),
        ),
        source="Mescheder et al. 2017, Lemma 4 [mescheder2017]",
    )


def best_step() -> Derivation:
    """The best step for one eigenvalue: -Re(kappa)/|kappa|^2, which leaves the factor |Im(kappa)|/|kappa|.

    Source: the derivation is ours, after Mescheder et al. 2017, Lemma 4 [mescheder2017].

    >>> best_step().check()
    True
    """
    best = Term(r"\eta^*", _r / _modulus)
    return Derivation(
        name="The best step",
        claim=equal(_FACTOR(best), _m**2 / _modulus),
        assumptions=(_PAIR, _SQUARED),
        lines=(
            Definition(
                equal(_FACTOR(_eta), (1 - _eta * _r) ** 2 + (_eta * _m) ** 2),
                "Real and imaginary part, squared",
            ),
            Definition(equal(_modulus, _r**2 + _m**2), "The same without the step"),
            Step(
                equal(Derivative(_FACTOR(_eta), _eta), 2 * (_eta * _modulus - _r)),
                "How it changes with the step",
            ),
            Definition(equal(best, _r / _modulus), "It is stationary at"),
            Step(
                equal(_FACTOR(_eta), _FACTOR(best) + _modulus * (_eta - best) ** 2),
                "and least there, being a parabola",
            ),
        ),
        source="own derivation, after Mescheder et al. 2017, Lemma 4 [mescheder2017]",
    )


def braked_steps() -> Derivation:
    """The squared factors of a braked pair: 1 - c eta_d, and at once eta_g eta_d omega^2 more.

    Source: the derivation is ours, after Gidel et al. 2019 [gidel2019].

    >>> braked_steps().check()
    True
    """
    a, b = Symbol("a", real=True), Symbol("b", real=True)
    mu = Symbol("mu", complex=True)
    polynomial = Term("P", (mu - (a + I * b)) * (mu - (a - I * b)))
    theta, psi = Symbol("theta", real=True), Symbol("psi", real=True)
    moved = Term(r"\theta'", theta + _eta_g * _omega * psi)
    once = Term(r"\psi'_1", psi - _c * _eta_d * psi - _eta_d * _omega * theta)
    turns = Term(r"\psi'_2", psi - _c * _eta_d * psi - _eta_d * _omega * moved)

    def determinant(name: str, after: Term) -> Term:
        straight = Derivative(moved, theta) * Derivative(after, psi)
        return Term(name, straight - Derivative(moved, psi) * Derivative(after, theta))

    at_once = determinant(r"|\mu_{\text{once}}|^2", once)
    in_turns = determinant(r"|\mu_{\text{turns}}|^2", turns)
    return Derivation(
        name="A brake, at once and in turns",
        claim=equal(at_once, in_turns + _eta_g * _eta_d * _omega**2),
        assumptions=(r"the eigenvalues are a pair $a \pm i b$, the roots of $P$",),
        lines=(
            Definition(equal(polynomial, polynomial.args[1]), "A pair and its polynomial"),
            Step(
                equal(Subs(polynomial, mu, 0), a**2 + b**2),
                "Its value at 0, the determinant, is the squared modulus",
            ),
            Definition(equal(moved, moved.args[1]), "The step of the generator"),
            Definition(equal(once, once.args[1]), "That of the discriminator at once, with the brake c"),
            Definition(equal(turns, turns.args[1]), "and in turns, where it sees the new place"),
            Definition(equal(at_once, at_once.args[1]), "The determinant at once"),
            Step(equal(at_once, 1 - _c * _eta_d + _eta_g * _eta_d * _omega**2), "is this"),
            Definition(equal(in_turns, in_turns.args[1]), "The determinant in turns"),
            Step(equal(in_turns, 1 - _c * _eta_d), "has no growth for the brake to overcome"),
        ),
        source="own derivation, after Gidel et al. 2019 [gidel2019]",
    )


def best_step_in_turns() -> Derivation:
    """The best step in turns, for one rate, omega = 1/2 and a brake c <= 1/2: 4 (1 - c), factor 1 - 2c.

    Source: the derivation is ours, after Gidel et al. 2019 [gidel2019].

    >>> best_step_in_turns().check()
    True
    """
    trace = Term("t", 2 - _c * _eta - _eta**2 / 4)
    square = Term(r"|\mu|^2", 1 - _c * _eta)
    discriminant = Term("d", trace**2 - 4 * square)
    best = Term(r"\eta^*", 4 * (1 - _c))
    return Derivation(
        name="The best braked step in turns",
        claim=equal(Subs(square, _eta, best), (1 - 2 * _c) ** 2),
        assumptions=(
            r"in turns, with one rate $\eta$ and $\omega = 1/2$; the brake is $c \le 1/2$",
            r"$t$ and $|\mu|^2$ are the trace and the determinant of the step",
        ),
        lines=(
            Definition(equal(trace, 2 - _c * _eta - _eta**2 / 4), "The trace"),
            Definition(equal(square, 1 - _c * _eta), "The determinant"),
            Definition(equal(discriminant, trace**2 - 4 * square), "Below zero the factors are a pair"),
            Step(
                equal(discriminant, _eta**2 * ((_c + _eta / 4) ** 2 - 1)),
                "It changes its sign where the bracket does",
            ),
            Definition(equal(best, 4 * (1 - _c)), "Where the bracket is zero"),
            Step(equal(Subs(discriminant, _eta, best), 0), "Up to this step the factors are a pair"),
            Step(equal(Derivative(square, _eta), -_c), "So far the squared modulus falls"),
            Step(
                below(Derivative(trace, _eta), 0),
                "Beyond, the factors are real, and half their sum lies ever farther below zero",
            ),
        ),
        source="own derivation, after Gidel et al. 2019 [gidel2019]",
    )
