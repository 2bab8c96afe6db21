"""What the chapter on the minimax game claims: each equation, as printed, against another source."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.integrate import quad
from scipy.linalg import fractional_matrix_power
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import norm

from equations import Equation, proved
from equations.oracles import kl, least, of_laws, only, pairs
from equations.reading import holds, sides, strictly, touches
from ganlab import divergences, dynamics, losses, transport
from ganlab.training.averages import MovingAverage

OUTCOMES = 4
CONSTANT = "a factor within the logarithm is a constant term, whose derivative is zero"


def sigma(a: Any) -> Any:
    """The sigmoid in any precision."""
    return 1 / (1 + mpmath.exp(-a))


def games(count: int = 10) -> Iterator[dict[str, Any]]:
    """Random laws on four outcomes, random answers, and a generator that maps eight latents to outcomes.

    A law is a list of pairs (weight, value). `logits` are what the package's losses are asked with, one real
    and one generated sample for each unit of weight.
    """
    rng = torch.Generator().manual_seed(0)
    for _ in range(count):
        counts = torch.randint(0, 9, (OUTCOMES,), generator=rng)
        image = torch.randint(OUTCOMES, (8,), generator=rng)
        a = 3 * torch.randn(OUTCOMES, generator=rng, dtype=torch.float64)
        p, q = counts.double() / counts.sum(), torch.bincount(image, minlength=OUTCOMES).double() / 8
        real = a.repeat_interleave(counts)
        yield {
            "p": p,
            "q": q,
            "a": a,
            "logits": (real, a[image]),
            "p_data": [(float(c) / int(counts.sum()), x) for x, c in enumerate(counts)],
            "p_z": [(1 / 8, z) for z in range(8)],
            "p_g": [(float(share), x) for x, share in enumerate(q)],
            "D": lambda x, a=a: sigma(mpmath.mpf(float(a[int(x)]))),
            "G": lambda z, image=image: int(image[int(z)]),
        }


def the_noise_bound(latex: str) -> bool:
    """An equality where the noise is nowhere on the data, and nowhere else."""
    for p, r in pairs():
        for epsilon in (0.01, 0.4, 0.99):
            judge = strictly if p @ r else touches
            assert judge(latex, p_data=p, r=r, epsilon=mpmath.mpf(epsilon), KL=of_laws(kl))
    return proved("mixed_with_noise")


def the_push_forward(latex: str) -> bool:
    """Where p_g is counted from the images of the latents, for random functions f."""
    return all(holds(latex, **game, f=lambda x, a=game["a"]: float(a[int(x)]) ** 3) for game in games())


def the_value(latex: str) -> bool:
    """Against the package's value of probability vectors, beside the derivation of both losses."""
    for game in games():
        known = divergences.value(game["p"], game["q"], game["a"].sigmoid())
        assert holds(latex, **game, V=only(float(known), game["D"], game["G"]))
    return proved("value_from_bce")


def the_losses(latex: str) -> bool:
    """Against the package's losses on batches with these frequencies."""
    for game in games():
        value = divergences.value(game["p"], game["q"], game["a"].sigmoid())
        assert holds(latex, **game, **_losses(game), V=only(float(value), game["D"], game["G"]))
    return proved("value_from_bce")


def _losses(game: dict[str, Any]) -> dict[str, float]:
    return {
        "L_D": float(losses.minimax.discriminator(*game["logits"])),
        "L_G": float(losses.minimax.generator(*game["logits"])),
        "L_ns": float(losses.non_saturating.generator(*game["logits"])),
    }


def the_sum_of_losses(latex: str) -> bool:
    """With the package's two losses on batches, and the mean over the data's law."""
    return the_loss_of_the_generator(latex) and proved("zero_sum")


def the_loss_of_the_generator(latex: str) -> bool:
    """With the package's losses on batches."""
    return all(holds(latex, **game, **_losses(game)) for game in games())


def the_equilibrium(latex: str) -> bool:
    """Against random deviations of either player, with a point off the data where D is below 1/2.

    The left one costs nothing where D stays as it is, the right one where the samples stay on the data.
    """
    rng = np.random.default_rng(2)
    p, best = np.array([0.2, 0.5, 0.3, 0.0]), np.array([0.5, 0.5, 0.5, 0.4])

    def value(d: Any, q: Any) -> float:
        return float(p[:3] @ np.log(d[:3]) + q @ np.log(1 - d))

    for _ in range(20):
        d, q = rng.uniform(0.01, 0.99, 4), rng.dirichlet(np.ones(4))
        on_the_data = np.append(rng.dirichlet(np.ones(3)), 0)
        known = {"V": value, "hat D": best, "hat G": p}
        assert strictly(latex, D=d, G=q, **known)
        assert touches(latex, 0, D=np.append(best[:3], d[3]), G=q, **known)
        assert touches(latex, 1, D=d, G=on_the_data, **known)
    return proved("nash_equilibrium")


def the_balance_of_mass(latex: str) -> bool:
    """Zero for equal laws, and above zero for all others, some of which have outcomes without mass."""
    for p, q in pairs():
        best = [a / (a + b) if a + b else 0.3 for a, b in zip(p, q, strict=True)]
        laws = {"p_data": p, "p_g": q, "m": (p + q) / 2}
        env = {name: [(float(w), x) for x, w in enumerate(law)] for name, law in laws.items()}
        judge = touches if (p == q).all() else strictly
        assert judge(latex, **env, **{"D*": lambda x, best=best: best[int(x)]})
    return proved("nash_converse")


def the_value_of_the_game(latex: str) -> bool:
    """By two searches over logits: of the discriminator inside, of the generator's law outside."""
    p = np.array([0.2, 0.5, 0.3])

    def best(value_of: Any) -> float:
        return -least(lambda d: -value_of(d), 3)

    def lowest(value_of: Any) -> float:
        start = np.array([1.0, 0.0, -1.0])
        found = minimize(
            lambda a: value_of(np.exp(a) / np.exp(a).sum()),
            start,
            method="Nelder-Mead",
            options={"xatol": 1e-7, "fatol": 1e-13, "maxiter": 600},
        )
        return float(found.fun)

    def value(d: Any, q: Any) -> float:
        return float(p @ np.log(d) + q @ np.log(1 - d))

    assert holds(latex, V=value, min=lowest, max=best)
    return proved("nash_equilibrium")


def the_spiral(latex: str) -> bool:
    """For the states that the package's simultaneous steps visit, at several steps eta."""
    for eta in (0.05, 0.5, 2.0):
        path = dynamics.trajectory(dynamics.bilinear(), torch.tensor([1.0, -0.3]), 5, step_size=eta)
        for (x, y), (after_x, after_y) in zip(path[:-1].tolist(), path[1:].tolist(), strict=True):
            known = {"theta_t": x, "psi_t": y, "theta_t+1": after_x, "psi_t+1": after_y}
            assert holds(latex, eta=eta, **known)
    return proved("bilinear_simultaneous")


def the_growth(latex: str) -> bool:
    """For eigenvalues that NumPy finds; where they are a pair, the square is the determinant of the step."""
    rng = np.random.default_rng(4)
    for _ in range(20):
        jacobian, eta = rng.normal(size=(2, 2)), float(rng.uniform(0.05, 2))
        for kappa in np.linalg.eigvals(jacobian):
            known = {"kappa": mpmath.mpc(complex(kappa)), "eta": eta, "Re": lambda k: mpmath.mpc(k).real}
            assert holds(latex, **known)
            if kappa.imag:
                step = np.linalg.det(np.eye(2) + eta * jacobian)
                assert all(math.isclose(side, step) for side in sides(latex, **known))
    return proved("growth_of_a_step")


def the_dirac_field(latex: str) -> bool:
    """Against the package's field, which is automatic differentiation of its losses."""
    field = dynamics.dirac_gan(losses.minimax)
    rng = torch.Generator().manual_seed(3)
    for theta, psi in torch.randn(20, 2, generator=rng, dtype=torch.float64).tolist():
        v = field(torch.tensor([theta, psi], dtype=torch.float64)).tolist()
        assert holds(latex, theta=theta, psi=psi, sigma=sigma, v_theta=v[0], v_psi=v[1])
    return proved("dirac_gan")


def the_pull_of_the_other_loss(latex: str) -> bool:
    """Against the package's field; none where a sample or a score is 0."""
    field = dynamics.dirac_gan(losses.non_saturating)
    rng = torch.Generator().manual_seed(5)
    states = torch.randn(20, 2, generator=rng, dtype=torch.float64).tolist()
    for theta, psi in [*states, [0.0, 1.3], [-0.7, 0.0]]:
        v = field(torch.tensor([theta, psi], dtype=torch.float64)).tolist()
        known = {"theta": theta, "psi": psi, "sigma": sigma, "v_theta": v[0], "v_psi": v[1]}
        assert (strictly if theta * psi else touches)(latex, **known)
    return proved("dirac_non_saturating")


def the_bridge(latex: str) -> bool:
    """The mass of the gap by quadrature: an equality for a straight map, strict for one that bends."""
    known = {"Phi": lambda at: norm.cdf(float(at))}
    for steep, c, width in itertools.product((0.5, 2.0, 6.0), (-1.0, 0.3), (0.1, 0.3)):
        edges = {
            touches: c + width / steep,
            strictly: math.atanh(math.tanh(c) + width / steep) if width < 0.3 * steep else None,
        }
        for judge, edge in edges.items():
            if edge is not None:
                gap = quad(norm.pdf, c, edge)[0]
                assert judge(latex, P_gap=gap, c=c, ell=width, K=steep, **known)
    return proved("thin_bridge")


def the_safe_discriminator(latex: str) -> bool:
    """Against the package's value of the undecided answers, and nothing for another generator."""
    for game in games():

        def value(d: Any, generator: Any, game: Any = game) -> float:
            same = torch.full((OUTCOMES,), float(d), dtype=torch.float64)
            known = generator is game["G"]
            return float(divergences.value(game["p"], game["q"], same)) if known else float("nan")

        assert holds(latex, V=value, G=game["G"])
    return proved("nash_equilibrium")


def the_safe_generator(latex: str) -> bool:
    """An equality for the answer 1/2 to all data, whatever is said elsewhere, and for no other."""
    for game in games():
        p, logits = game["p"], game["a"].clone()
        half = torch.where(p > 0, torch.zeros_like(logits), logits)
        for judge, a in ((strictly, logits), (touches, half)):
            known = float(p @ torch.nn.functional.logsigmoid(a) + p @ torch.nn.functional.logsigmoid(-a))
            answer = lambda x, a=a: sigma(mpmath.mpf(float(a[int(x)])))  # noqa: E731 - D of this case
            env = {"p_data": game["p_data"], "D": answer}
            assert judge(latex, V=only(known, answer, game["p_data"]), **env)
    return proved("nash_equilibrium")


def the_tilt(latex: str) -> bool:
    """Both sides against a difference of the value of a discriminator that answers more on the event."""
    for p, q in pairs():
        for event in (np.arange(4) < 1, np.arange(4) % 2 == 0, np.array([False, True, True, False])):

            def value(delta: float, p: Any = p, q: Any = q, event: Any = event) -> float:
                d = 0.5 + delta * event
                return float(p @ np.log(d) + q @ np.log(1 - d))

            for delta in (0.0, 0.1, -0.2):
                env = {"delta": mpmath.mpf(delta), "B": event}
                env |= {"p_data": lambda b, p=p: float(p[b].sum()), "p_g": lambda b, q=q: float(q[b].sum())}
                assert holds(latex, **env)
                slope = (value(delta + 1e-5) - value(delta - 1e-5)) / 2e-5
                assert all(math.isclose(side, slope, abs_tol=1e-6) for side in sides(latex, **env))
    return proved("tilted_answer")


def the_left_over(latex: str) -> bool:
    """The slope by numerical differentiation, whose zero is where SciPy finds the least sum."""
    for d in (0.1, 0.5, 0.65, 0.9):
        assert holds(latex, D=mpmath.mpf(d))
    found = minimize_scalar(lambda d: -2 * math.log(d) - math.log1p(-d), bounds=(0, 1), method="bounded").x
    assert abs(sides(latex, D=mpmath.mpf(float(found)))[1]) < 1e-3
    assert math.isclose(found, 2 / 3, rel_tol=1e-5)
    return proved("leftover_gradient")


class _Square:
    """A symmetric or other square matrix as the reader multiplies, adds and takes roots of it."""

    def __init__(self, numbers: np.ndarray) -> None:
        self.numbers = numbers

    def __mul__(self, other: Any) -> _Square:
        product = self.numbers @ other.numbers if isinstance(other, _Square) else self.numbers * float(other)
        return _Square(product)

    def __rmul__(self, other: Any) -> _Square:
        return _Square(float(other) * self.numbers)

    def __add__(self, other: Any) -> _Square:
        return _Square(self.numbers + (other.numbers if isinstance(other, _Square) else float(other)))

    __radd__ = __add__

    def __pow__(self, exponent: Any) -> _Square:
        return _Square(np.real(fractional_matrix_power(self.numbers, float(exponent))))


def the_distance_of_features(latex: str) -> bool:
    """Against the eigenvalues of the product of both covariances, and the package's sum of squares."""
    rng = np.random.default_rng(6)
    for _ in range(5):
        means, roots = rng.normal(size=(2, 3)), rng.normal(size=(2, 3, 3))
        p, q = (root @ root.T for root in roots)
        shared = np.sqrt(np.linalg.eigvals(p @ q).real).sum()
        known = ((means[0] - means[1]) ** 2).sum() + np.trace(p) + np.trace(q) - 2 * shared
        assert math.isclose(known, float(transport.frechet_gaussian(means[0], p, means[1], q)), rel_tol=1e-9)
        env = {"mu_p": mpmath.matrix(means[0]), "mu_q": mpmath.matrix(means[1])}
        env |= {"C_p": _Square(p), "C_q": _Square(q), "tr": lambda of: float(np.trace(of.numbers))}
        assert holds(latex, FD=known, **env)
    return True


def the_average(latex: str) -> bool:
    """For a weight that the package's moving average follows."""
    layer = torch.nn.Linear(1, 1, bias=False, dtype=torch.float64)
    for beta in (0.5, 0.99):
        average = MovingAverage(layer, beta)
        average.update_parameters(layer)
        for weight in (1.0, -2.0, 0.3):
            before = average.module.weight.item()
            torch.nn.init.constant_(layer.weight, weight)
            average.update_parameters(layer)
            after = average.module.weight.item()
            assert holds(latex, beta=beta, **{"u_t": before, "theta_t+1": weight, "u_t+1": after})
    return True


def _exercise_1() -> list[Any]:
    """The value of the answers 0.8 and 0.3, and its slips."""
    real, fake = mpmath.log(mpmath.mpf("0.8")), mpmath.log1p(-mpmath.mpf("0.3"))
    answer = real + fake
    return [answer, -answer, real + mpmath.log(mpmath.mpf("0.3")), answer / 2, answer / mpmath.log(2)]


def _average_of(weights: list[float], beta: float) -> mpmath.mpf:
    """By the shares of the steps: beta^k of the first, and (1 - beta) beta^k of one that is k steps old."""
    n = len(weights) - 1
    shares = [
        mpmath.mpf(beta) ** n,
        *((1 - mpmath.mpf(beta)) * mpmath.mpf(beta) ** (n - k) for k in range(1, n + 1)),
    ]
    return mpmath.fsum(share * weight for share, weight in zip(shares, weights, strict=True))


def _averages() -> list[list[Any]]:
    cases = [([1.0, 0.0, 0.0], 0.5), ([2.0, 4.0, 8.0], 0.75)]
    from_zero = [_average_of([0.0, *weights], beta) for weights, beta in cases]
    swapped = [_average_of(weights, 1 - beta) for weights, beta in cases]
    return [[_average_of(*case) for case in cases], from_zero, swapped]


def _bridge() -> list[Any]:
    reach = norm.ppf(0.505)
    return [1 / reach, 2 / reach, 1 / norm.ppf(0.51)]


def _chase() -> list[Any]:
    """In the long run: the mean of turns between two outcomes, without the half, one outcome, the data."""
    data = [mpmath.mpf("0.5"), mpmath.mpf("0.3"), mpmath.mpf("0.2")]

    def apart(law: list[float]) -> mpmath.mpf:
        return mpmath.fsum(abs(a - b) for a, b in zip(law, data, strict=True)) / 2

    return [apart([0.5, 0.5, 0]), 2 * apart([0.5, 0.5, 0]), apart([1, 0, 0]), 0]


EXERCISES = {
    "1": _exercise_1,
    "2": lambda: [mpmath.log("1.25"), mpmath.log("1.2"), -mpmath.log("0.4"), 0],
    "3": _bridge,
    "5": lambda: [mpmath.mpf("0.5") / mpmath.mpf("0.3125"), mpmath.mpf("0.25") / mpmath.mpf("0.3125"), 8],
    "6": lambda: [mpmath.mpf(3) / 4, mpmath.mpf(2) / 3, mpmath.mpf(1) / 2],
    "7": lambda: [
        mpmath.sqrt(1 + mpmath.mpf("0.5") ** 2 / 4),
        mpmath.sqrt(1 + mpmath.mpf("0.5") ** 2),
        1,
        1 + mpmath.mpf("0.5") ** 2 / 4,
    ],
    "8": _averages,
    "12": lambda: [2 * mpmath.log(2), mpmath.log(2), mpmath.log(2) / 2],
    "13": lambda: [2 * mpmath.log(2), mpmath.log(2), mpmath.log(3) - mpmath.log(mpmath.mpf(2) / 3), 0],
    "14": _chase,
}


def _off_the_data() -> list[Any]:
    """What D answers on the data: off them the generator is drawn to whatever is larger."""
    best = minimize_scalar(lambda d: -math.log(d) - math.log1p(-d), bounds=(0, 1), method="bounded").x
    return [round(float(best), 7)]


def _loss_of_nothing() -> list[Any]:
    assert mpmath.almosteq(-mpmath.log(mpmath.mpf(1) / 2), mpmath.log(2))
    return [1 / 2]


SAID = {
    "eigenvalue": lambda: [abs(3j) ** 2],
    "zero-sum": _loss_of_nothing,
    "off-the-data": _off_the_data,
    "exercise 1": lambda: [0.8, 1 - 0.3, 4],
    "exercise 2": lambda: [mpmath.mpf(2) / 5, sigma(mpmath.mpf(0))],
    "exercise 5": lambda: [mpmath.mpf(1) / 16 + mpmath.mpf(1) / 4],
    "exercise 7": lambda: [sigma(mpmath.mpf(0))],
    "exercise 9": lambda: [sigma(mpmath.mpf(0))],
    "exercise 11": lambda: [mpmath.mpf(2) / 3, sigma(mpmath.mpf(0))],
}

EQUATIONS = [
    Equation(
        "game-noise",
        r"\mathrm{KL}(p_{\text{data}} \| \epsilon \, p_{\text{data}} + (1 - \epsilon) \, r)"
        r" \le -\log \epsilon",
        the_noise_bound,
    ),
    Equation(
        "game-push-forward",
        r"\mathbb{E}_{x \sim p_g}[f(x)] = \mathbb{E}_{z \sim p_z}[f(G(z))]",
        the_push_forward,
    ),
    Equation(
        "game-value",
        r"V(D, G) = \mathbb{E}_{x \sim p_{\text{data}}}[\log D(x)]"
        r" + \mathbb{E}_{z \sim p_z}[\log(1 - D(G(z)))]",
        the_value,
    ),
    Equation(
        "game-losses",
        r"L_D = -V(D, G), \qquad L_G = \mathbb{E}_{z \sim p_z}[\log(1 - D(G(z)))]",
        the_losses,
    ),
    Equation(
        "game-non-saturating",
        r"L_{\text{ns}} = \mathbb{E}_{z \sim p_z}[-\log D(G(z))]",
        the_loss_of_the_generator,
    ),
    Equation(
        "game-zero-sum",
        r"L_D + L_G = \mathbb{E}_{x \sim p_{\text{data}}}[-\log D(x)]",
        the_sum_of_losses,
    ),
    Equation(
        "game-nash",
        r"V(D, \hat{G}) \le V(\hat{D}, \hat{G}) \le V(\hat{D}, G)",
        the_equilibrium,
    ),
    Equation(
        "game-balance",
        r"\mathbb{E}_{x \sim p_{\text{data}}}[D^{*}(x)] - \mathbb{E}_{x \sim p_g}[D^{*}(x)]"
        r" = \mathbb{E}_{x \sim m}[(2 D^{*}(x) - 1)^{2}] \ge 0",
        the_balance_of_mass,
    ),
    Equation(
        "game-theorem-value",
        r"\min_{G} \max_{D} V(D, G) = -\log 4",
        the_value_of_the_game,
    ),
    Equation(
        "game-spiral",
        r"\theta_{t+1}^{2} + \psi_{t+1}^{2} = (1 + \eta^{2}) (\theta_{t}^{2} + \psi_{t}^{2})",
        the_spiral,
    ),
    Equation(
        "game-growth",
        r"|1 + \eta \kappa|^{2} = 1 + 2 \eta \operatorname{Re}(\kappa) + |\kappa|^{2} \eta^{2}",
        the_growth,
    ),
    Equation(
        "game-dirac-ns",
        r"""
        \theta \, v_{\theta} + \psi \, v_{\psi} = (1 - 2 \sigma(\theta \psi)) \, \theta \psi
        = -\theta \psi \tanh(\tfrac{1}{2} \theta \psi) \le 0
        """,
        the_pull_of_the_other_loss,
    ),
    Equation(
        "game-bridge",
        r"P_{\text{gap}} \ge \Phi(c + \frac{\ell}{K}) - \Phi(c)",
        the_bridge,
    ),
    Equation("game-safe-d", r"V(\tfrac{1}{2}, G) = -\log 4", the_safe_discriminator),
    Equation(
        "game-safe-g",
        r"V(D, p_{\text{data}}) = \mathbb{E}_{x \sim p_{\text{data}}}[\log(D(x) (1 - D(x)))] \le -\log 4",
        the_safe_generator,
    ),
    Equation(
        "game-tilt",
        r"""
        \frac{\partial}{\partial \delta} (p_{\text{data}}(B) \log(\tfrac{1}{2} + \delta)
        + p_g(B) \log(\tfrac{1}{2} - \delta))
        = \frac{p_{\text{data}}(B)}{\tfrac{1}{2} + \delta} - \frac{p_g(B)}{\tfrac{1}{2} - \delta}
        """,
        the_tilt,
        {
            r"\frac{\partial}{\partial\delta}(p_{\text{data}}(B)\log{2(\tfrac{1}{2} + \delta)}"
            r" + p_g(B)\log(\tfrac{1}{2} - \delta))"
            r" = \frac{p_{\text{data}}(B)}{\tfrac{1}{2} + \delta}"
            r" - \frac{p_g(B)}{\tfrac{1}{2} - \delta}": CONSTANT,
            r"\frac{\partial}{\partial\delta}(p_{\text{data}}(B)\log(\tfrac{1}{2} + \delta)"
            r" + p_g(B)\log{2(\tfrac{1}{2} - \delta)})"
            r" = \frac{p_{\text{data}}(B)}{\tfrac{1}{2} + \delta}"
            r" - \frac{p_g(B)}{\tfrac{1}{2} - \delta}": CONSTANT,
        },
    ),
    Equation(
        "game-leftover",
        r"\frac{\partial}{\partial D} (-2 \log D - \log(1 - D)) = \frac{3 D - 2}{(1 - D) D}",
        the_left_over,
        {
            r"\frac{\partial}{\partial D}( - 2\log{2 D} - \log(1 - D)) = \frac{3 D - 2}{(1 - D)D}": CONSTANT,
            r"\frac{\partial}{\partial D}( - 2\log D - \log{2(1 - D)}) = \frac{3 D - 2}{(1 - D)D}": CONSTANT,
        },
    ),
    Equation(
        "game-frechet",
        r"\mathrm{FD} = \|\mu_p - \mu_q\|^{2}"
        r" + \operatorname{tr}(C_p + C_q - 2 (C_p^{1/2} C_q C_p^{1/2})^{1/2})",
        the_distance_of_features,
    ),
    Equation(
        "game-average",
        r"u_{t+1} = \beta \, u_t + (1 - \beta) \, \theta_{t+1}",
        the_average,
    ),
    Equation(
        "game-dirac",
        r"""
        v_{\theta} = \psi \, \sigma(\theta \psi), \qquad v_{\psi} = -\theta \, \sigma(\theta \psi), \qquad
        \theta \, v_{\theta} + \psi \, v_{\psi} = 0
        """,
        the_dirac_field,
    ),
]
