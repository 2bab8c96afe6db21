"""What the chapter on the dynamics of games claims: each equation, as printed, against another source."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.optimize import minimize_scalar

from equations import Equation, proved
from equations.reading import holds, meets, strictly, touches
from ganlab import dynamics, losses, regularizers

LOGISTIC = (losses.minimax, losses.non_saturating)
ZERO = torch.zeros(2, dtype=torch.float64)
MIRRORED = "a number and its image in the real or the imaginary axis have one modulus"


def turning(speed: float, brake: float = 0.0) -> np.ndarray:
    """The Jacobian of two players who turn, the second with a brake."""
    return np.array([[0.0, speed], [-speed, -brake]])


def largest(matrix: np.ndarray) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())


# Discrete and continuous time


def one_step(latex: str) -> bool:
    """By the length of a point on the circle after a step along the tangent, which Pythagoras knows."""
    for eta, omega in ((0.1, 0.5), (1.5, 2.0), (3.0, 0.2)):
        after = largest(np.eye(2) + eta * turning(omega))
        assert holds(latex, i=1j, eta=eta, omega=omega)
        assert abs(abs(1 + 1j * eta * omega) - after) < 1e-12
    return proved("bilinear_simultaneous")


def the_drift(latex: str) -> bool:
    """An equality where nothing turns, strict elsewhere, and sharp for short steps."""
    for eta, omega, time in ((0.5, 0.5, 100), (0.1, 2.0, 7), (1.0, 1.0, 3)):
        assert strictly(latex, eta=mpmath.mpf(eta), omega=mpmath.mpf(omega), T=time, e=mpmath.e)
    assert touches(latex, eta=mpmath.mpf("0.3"), omega=mpmath.mpf(0), T=9, e=mpmath.e)
    tiny = {"eta": mpmath.mpf("1e-14"), "omega": mpmath.mpf("1.3"), "T": mpmath.mpf("2e14"), "e": mpmath.e}
    with mpmath.workdps(40):
        return touches(latex, **tiny) and proved("drift_of_short_steps")


# Rules


def look_ahead(latex: str) -> bool:
    """The spectrum of the package's rule by automatic differentiation, and a derivation."""
    for eta in (0.3, 0.8, 1.9):
        for field, omega in ((dynamics.bilinear(), 1.0), (dynamics.dirac_gan(losses.minimax), 0.5)):
            step = {"rule": dynamics.extragradient, "step_size": eta}
            for value in dynamics.spectrum(field, ZERO, **step):
                assert holds(latex, mu=complex(value), eta=eta, omega=omega)
    return proved("bilinear_extragradient")


def looking_back(latex: str) -> bool:
    """The largest modulus of the matrix on two positions, up to the angle one half."""
    for eta, omega in ((0.2, 0.5), (0.8, 0.5), (0.499, 1.0), (0.1, 3.0)):
        unit, move = np.eye(2), eta * turning(omega)
        matrix = np.block([[unit + 2 * move, -move], [unit, 0 * unit]])
        values = np.linalg.eigvals(matrix)
        assert holds(latex, mu=complex(values[abs(values).argmax()]), eta=eta, omega=omega)
    return proved("bilinear_optimistic")


def _modulus(matrix: Any) -> Any:
    """The largest modulus of a small matrix in any precision, of the eigenvalue that is nearest to 1."""
    values = mpmath.eig(mpmath.matrix(matrix), left=False, right=False)
    return abs(min(values, key=lambda value: abs(value - 1)))


def with_memory(latex: str) -> bool:
    """The limit of (|mu|^2 - 1)/x^2 as x goes to 0, from the matrices of both rules in 60 digits."""
    with mpmath.workdps(60):
        x = mpmath.mpf("1e-9")
        for beta in map(mpmath.mpf, ("0.5", "-0.5", "0.9", "-0.3", "0")):
            once = [[1 + beta, x, -beta, 0], [-x, 1 + beta, 0, -beta], [1, 0, 0, 0], [0, 1, 0, 0]]
            turns = [row[:] for row in once]
            turns[1] = [-x * (1 + beta), 1 + beta - x * x, x * beta, -beta]
            found = [(_modulus(matrix) ** 2 - 1) / x**2 for matrix in (once, turns)]
            assert holds(latex, beta=beta, g_once=found[0], g_turns=found[1])
    return proved("bilinear_momentum")


def a_hidden_real_part(latex: str) -> bool:
    """What the exact motion would need for the modulus of a very short step, in 60 digits, by a logarithm.

    The turning is so fast that the real part is about one, although the angle of a step is tiny.
    """
    with mpmath.workdps(60):
        for eta, omega in (("1e-18", "7e8"), ("4e-20", "9e9")):
            eta, omega = mpmath.mpf(eta), mpmath.mpf(omega)
            x = eta * omega
            rules = {
                1: [[1, x], [-x, 1]],
                0: [[1, x], [-x, 1 - x * x]],
                -1: [[1 - x * x, x], [-x, 1 - x * x]],
            }
            for growth, matrix in rules.items():
                real = mpmath.log(_modulus(matrix)) / eta
                exact = {"kappa": mpmath.mpc(real, omega), "Re": lambda k: k.real}
                assert holds(latex, g=growth, eta=eta, omega=omega, **exact)
    return True


def pulled_together(latex: str) -> bool:
    """The field that consensus follows, differentiated by the package at steps of one."""
    for gamma in (0.3, 1.0, 2.5):
        for field, omega in ((dynamics.bilinear(), 1.0), (dynamics.dirac_gan(losses.minimax), 0.5)):
            rule = partial(dynamics.consensus, strength=gamma)
            for factor in dynamics.spectrum(field, ZERO, rule=rule, step_size=1.0):
                parts = {"Re": lambda k: k.real, "Im": lambda k: k.imag}
                kappa = complex(factor) - 1
                assert holds(latex, kappa=kappa, gamma=gamma, omega=omega, **parts)
    return proved("dirac_consensus")


# Brakes


def the_brakes(latex: str) -> bool:
    """Minus the trace of the game's Jacobian, for both logistic losses."""

    def brake(game: Any) -> float:
        return -float(dynamics.jacobian(game, ZERO).trace())

    for loss in LOGISTIC:
        for weight, noise in ((0.2, 0.8), (0.7, 1.5), (1.3, 0.3)):

            def penalised(penalty: Any, loss: Any = loss, weight: float = weight) -> float:
                return brake(dynamics.dirac_gan(loss, penalty=penalty, weight=weight))

            known = {name: penalised(regularizers.REGULARIZERS[name.lower()]) for name in ("R1", "R2")}
            env = {f"c_{name}": value for name, value in known.items()}
            env |= {
                "c_both": sum(known.values()),
                "c_noise": brake(dynamics.dirac_gan(loss, instance_noise=noise)),
            }
            assert abs(penalised(regularizers.zero_gp) - known["R1"]) < 1e-12
            assert holds(latex, nu=noise, **{"lambda": weight}, **env)
    return proved("dirac_r1") and proved("dirac_instance_noise")


KAPPAS = (-0.2 + 0.46j, -1.5 + 0.2j, -0.05 - 3j, complex(-2, 0))


def the_limit(latex: str) -> bool:
    """Whether a step is attracted, from a path; and the edge, where the modulus is one."""
    for kappa in KAPPAS:
        edge = -2 * kappa.real / abs(kappa) ** 2
        env = {"kappa": kappa, "Re": lambda k: k.real}
        assert abs(abs(1 + edge * kappa) - 1) < 1e-12
        assert meets(latex, eta=edge, **env)
        for share in (0.2, 0.99, 1.01, 3.0):
            attracted = abs((1 + share * edge * kappa) ** 50) < 1
            try:
                said = holds(latex, eta=share * edge, **env)
            except AssertionError:
                said = False
            assert said == attracted, f"does not hold, or holds where it should not, at {share} of the edge"
    return proved("largest_step")


def the_best(latex: str) -> bool:
    """By a numerical search for the step that leaves least."""
    for kappa in KAPPAS:

        def left(eta: float, kappa: complex = kappa) -> float:
            return abs(1 + eta * kappa) ** 2

        found = minimize_scalar(left, bounds=(0, 4 / abs(kappa)), method="bounded", options={"xatol": 1e-14})
        exact = float(mpmath.findroot(lambda eta, left=left: mpmath.diff(left, eta), found.x))
        parts = {"Re": lambda k: k.real, "Im": lambda k: k.imag}
        assert holds(latex, kappa=kappa, **{"eta*": exact}, **parts)
    return proved("best_step")


def with_a_brake(latex: str) -> bool:
    """Pairs that turn, of the package's game with R1, for two rates."""
    for loss in LOGISTIC:
        for weight, rates in ((0.1, (0.3, 0.5)), (0.2, (0.4, 0.2)), (0.05, (1.0, 0.9))):
            game = dynamics.dirac_gan(loss, penalty=regularizers.r1, weight=weight)
            step = {"step_size": torch.tensor(rates, dtype=torch.float64)}
            found = [
                complex(dynamics.spectrum(game, ZERO, rule=rule, **step)[0])
                for rule in (dynamics.simultaneous, dynamics.alternating)
            ]
            assert all(abs(value.imag) > 1e-3 for value in found)
            env = {"mu_once": found[0], "mu_turns": found[1], "c": 2 * weight, "omega": 0.5}
            assert holds(latex, eta_g=rates[0], eta_d=rates[1], **env)
    return proved("braked_steps")


def best_in_turns(latex: str) -> bool:
    """By going through steps a ten-thousandth apart, for brakes up to one half; there both factors are half
    of the trace, a negative number."""
    for brake in (0.1, 0.25, 0.4, 0.5):
        steps = np.arange(1, 40_001) / 10_000
        trace, determinant = 2 - steps * brake - steps**2 / 4, 1 - steps * brake
        root = np.sqrt((trace**2 - 4 * determinant).astype(complex))
        moduli = np.maximum(abs(trace + root), abs(trace - root)) / 2
        place = moduli.argmin()
        assert abs(abs(trace[place] / 2) - moduli[place]) < 1e-6
        mu = round(float(trace[place] / 2), 6)
        assert holds(latex, c=brake, mu=mu, **{"eta*": round(float(steps[place]), 4)})
    return proved("best_step_in_turns")


# Keys


def _steps_until_twice(growth: float, power: int) -> int:
    distance, steps = 1.0, 0
    while distance < 2**power:
        distance, steps = distance * growth, steps + 1
    return steps


def _in_turns(beta: float) -> float:
    first = np.array([1 + beta, -0.5, -beta, 0])
    second = np.array([0, 1 + beta, 0, -beta]) + 0.5 * first
    return largest(np.stack([first, second, [1, 0, 0, 0], [0, 1, 0, 0]]))


def _at_once(beta: float) -> float:
    return float(abs(np.roots([1, -(1 + 0.5j + beta), beta])).max())


def _share() -> list[Any]:
    matrix = turning(0.5, 1.0)
    part = (matrix - matrix.T) / 2
    share = np.linalg.norm(part) / np.linalg.norm(matrix)
    return [share, share**2, np.linalg.norm(part)]


def _largest_steps() -> list[Any]:
    """By bisection on the moduli themselves."""
    cases = ([-1, -0.2 + 1j, -0.2 - 1j], [-0.5], [0.1 + 1j, -1])

    def limit(values: Any) -> float:
        low, high = 0.0, 100.0
        if max(abs(1 + 1e-9 * np.array(values))) >= 1:
            return 0.0
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if max(abs(1 + middle * np.array(values))) < 1 else (low, middle)
        return low

    each = [[limit([value]) for value in values] for values in cases]
    return [
        [limit(values) for values in cases],
        [limit(values) / 2 for values in cases],
        [max(limits) for limits in each],
    ]


def _factors() -> list[Any]:
    """With the halves of a step as products of matrices, and optimism as a recursion on two positions."""
    turn, held = turning(1.0), turning(1.0, 0.5)
    three = np.array([[0, 0.5, 0], [-0.5, -0.4, 0.1], [0, 0.1, -1]])

    def halves(matrix: Any, eta: float) -> float:
        unit = np.eye(len(matrix))
        first, second = unit.copy(), unit.copy()
        first[:1] += eta * matrix[:1]
        second[1:] += eta * matrix[1:]
        return largest(second @ first)

    def once(matrix: Any, eta: float) -> float:
        return largest(np.eye(len(matrix)) + eta * matrix)

    unit = np.eye(3)
    back = largest(np.block([[unit + 0.8 * three, -0.4 * three], [unit, 0 * unit]]))
    ahead = largest(np.eye(2) + 0.5 * held @ (np.eye(2) + 0.5 * held))
    return [
        [once(turn, 0.5), halves(turn, 0.5), ahead, halves(three, 0.8), back],
        [once(turn, 0.5), once(turn, 0.5), ahead, once(three, 0.8), back],
    ]


Check = Callable[[], Any]
EXERCISES: dict[str, Check] = {
    "1": lambda: [
        mpmath.mpf(n)
        for n in (_steps_until_twice(1.09, 2), _steps_until_twice(1.09, 1), _steps_until_twice(1.01, 2))
    ],
    "3": lambda: [mpmath.mpf("0.2") / mpmath.mpf("0.37"), 1, mpmath.mpf("0.1") / mpmath.mpf("0.37"), 20],
    "4": lambda: [mpmath.sqrt(2), 2, 1],
    "5": _share,
    "6": lambda: [_in_turns(-0.3), _at_once(-0.3), _in_turns(0.3), 1],
    "7": _largest_steps,
    "11": lambda: [(1 - mpmath.power("5.235e-6", 1 / mpmath.mpf(n))) / mpmath.mpf("0.2") for n in (200, 400)],
    "12": _factors,
}


def _optimism() -> Any:
    unit, move = np.eye(2), turning(0.4)
    return largest(np.block([[unit + 2 * move, -move], [unit, 0 * unit]]))


def _ahead() -> Any:
    move = turning(0.4)
    return largest(np.eye(2) + move + move @ move)


def _numbers() -> list[Any]:
    return [-1, _growth(-0.5), 0, 1, _growth(0.5)]


def _growth(beta: float) -> Any:
    b = mpmath.mpf(beta)
    return 2 * b / (1 - b) ** 3


QUIZ: dict[str, Check] = {
    "optimism-factor": lambda: [_optimism(), _ahead(), _optimism() ** 2],
    "order-of-rules": _numbers,
}
SAID: dict[str, Check] = {
    "exercise 1": lambda: [
        largest(np.eye(2) + 0.1 * turning(3.0)) ** 2,
        _steps_until_twice(1.09, 2) - 1,
        0.1 * 3.0,
    ],
    "exercise 11": lambda: [0.2],
}

EQUATIONS = [
    Equation(
        "dyn-discrete",
        r"|1 + i \eta \omega|^{2} = 1 + \eta^{2} \omega^{2}",
        one_step,
        {
            r"| - 1 + i\eta\omega|^{2} = 1 + \eta^{2}\omega^{2}": MIRRORED,
            r"|1 - i\eta\omega|^{2} = 1 + \eta^{2}\omega^{2}": MIRRORED,
        },
    ),
    Equation(
        "dyn-drift", r"(1 + \eta^{2} \omega^{2})^{T / (2 \eta)} \le e^{\eta \omega^{2} T / 2}", the_drift
    ),
    Equation("dyn-extragradient", r"|\mu|^{2} = 1 - \eta^{2} \omega^{2} + \eta^{4} \omega^{4}", look_ahead),
    Equation(
        "dyn-optimistic", r"|\mu|^{2} = \frac{1}{2} (1 + \sqrt{1 - 4 \eta^{2} \omega^{2}})", looking_back
    ),
    Equation(
        "dyn-momentum",
        r"""
        g_{\text{once}} = \frac{1 + \beta}{(1 - \beta)^{3}}, \qquad
        g_{\text{turns}} = \frac{2 \beta}{(1 - \beta)^{3}}
        """,
        with_memory,
    ),
    Equation(
        "dyn-hidden",
        r"\operatorname{Re}(\kappa) = \frac{1}{2} \, g \, \eta \, \omega^{2}",
        a_hidden_real_part,
    ),
    Equation(
        "dyn-consensus",
        r"\operatorname{Re}(\kappa) = -\gamma \omega^{2}, \qquad |\operatorname{Im}(\kappa)| = \omega",
        pulled_together,
    ),
    Equation(
        "dyn-brakes",
        r"""
        c_{\mathrm{R1}} = c_{\mathrm{R2}} = 2 \lambda, \qquad c_{\text{both}} = 4 \lambda, \qquad
        c_{\text{noise}} = \frac{\nu^{2}}{2}
        """,
        the_brakes,
    ),
    Equation("dyn-largest", r"\eta < -\frac{2 \operatorname{Re}(\kappa)}{|\kappa|^{2}}", the_limit),
    Equation(
        "dyn-best",
        r"""
        \eta^{*} = -\frac{\operatorname{Re}(\kappa)}{|\kappa|^{2}}, \qquad
        |1 + \eta^{*} \kappa| = \frac{|\operatorname{Im}(\kappa)|}{|\kappa|}
        """,
        the_best,
    ),
    Equation(
        "dyn-braked",
        r"""
        |\mu_{\text{once}}|^{2} = 1 - c \, \eta_d + \eta_g \eta_d \omega^{2}, \qquad
        |\mu_{\text{turns}}|^{2} = 1 - c \, \eta_d
        """,
        with_a_brake,
    ),
    Equation("dyn-turns", r"\eta^{*} = 4 (1 - c), \qquad |\mu| = 1 - 2 c", best_in_turns),
]
