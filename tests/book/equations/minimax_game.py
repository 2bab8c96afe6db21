"""What the chapter on the minimax game claims: each equation, as printed, against another source."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.optimize import minimize
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from equations import Equation
from equations.reading import holds
from ganlab import derivations, divergences, dynamics, losses

OUTCOMES = 4


def sigma(a: Any) -> Any:
    """The sigmoid in any precision."""
    return 1 / (1 + mpmath.exp(-a))


def jsd(p: Any, q: Any) -> float:
    """SciPy's Jensen-Shannon distance, squared: in nats."""
    return float(jensenshannon(p, q) ** 2)


def tv(p: Any, q: Any) -> float:
    """The total variation, as the largest difference in the probability of an event, over all events."""
    difference = np.asarray(p, dtype=float) - np.asarray(q, dtype=float)
    events = [[bool(number >> i & 1) for i in range(len(p))] for number in range(2 ** len(p))]
    return max(float(difference[event].sum()) for event in events)


def games(count: int = 10) -> Iterator[dict[str, Any]]:
    """Random laws on four outcomes, random answers, and a generator that maps eight latents to outcomes.

    A law is a list of pairs (weight, value). `logits` are what the package's losses are asked with, one real
    and one generated sample for each unit of weight.
    """
    rng = torch.Generator().manual_seed(0)
    for _ in range(count):
        counts = torch.randint(1, 9, (OUTCOMES,), generator=rng)
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
    """For random laws, with SciPy's divergence."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        p, r = rng.dirichlet(np.ones(6)), rng.dirichlet(np.ones(6))
        kl = {"KL": lambda p, q: float(entropy(p, np.asarray(q, dtype=float)))}
        assert holds(latex, p_data=p, r=r, epsilon=mpmath.mpf(rng.uniform(0.01, 0.99)), **kl)
    return True


def the_push_forward(latex: str) -> bool:
    """Where p_g is counted from the images of the latents, for random functions f."""
    return all(holds(latex, **game, f=lambda x, a=game["a"]: float(a[int(x)]) ** 3) for game in games())


def the_value(latex: str) -> bool:
    """Against the package's value of probability vectors, beside the derivation of both losses."""
    for game in games():
        known = divergences.value(game["p"], game["q"], game["a"].sigmoid())
        assert holds(latex, **game, V=lambda d, g, known=known: float(known))
    return derivations.value_from_bce().check()


def the_losses(latex: str) -> bool:
    """Against the package's losses on batches with these frequencies."""
    for game in games():
        value = divergences.value(game["p"], game["q"], game["a"].sigmoid())
        assert holds(latex, **game, **_losses(game), V=lambda d, g, value=value: float(value))
    return True


def _losses(game: dict[str, Any]) -> dict[str, float]:
    return {
        "L_D": float(losses.minimax.discriminator(*game["logits"])),
        "L_G": float(losses.minimax.generator(*game["logits"])),
        "L_ns": float(losses.non_saturating.generator(*game["logits"])),
    }


def the_sum_of_losses(latex: str) -> bool:
    """With the package's two losses on batches, and the mean over the data's law."""
    return all(holds(latex, **game, **_losses(game)) for game in games())


def the_certificate(latex: str) -> bool:
    """For random discriminators and for the best one, with SciPy's divergence."""
    for game in games():
        p, q = game["p"], game["q"]
        for d in (game["a"].sigmoid(), divergences.optimal_discriminator(p, q)):
            value = float(divergences.value(p, q, d))
            known = {"V": lambda d, g, value=value: value, "L_D": -value, "JSD": jsd}
            assert holds(latex, **(game | known | {"p_data": p, "p_g": q}))
    return derivations.value_lower_bound().check()


def the_accuracy(latex: str) -> bool:
    """For random discriminators, counting right answers, and the largest difference of an event."""
    for game in games():
        p, q, said_real = game["p"], game["q"], game["a"] > 0
        accuracy = float(p[said_real].sum() + q[~said_real].sum()) / 2
        laws = {"p_data": p, "p_g": q, "TV": tv}
        assert holds(latex, **(game | laws), A=lambda d, accuracy=accuracy: accuracy)
        assert math.isclose(float(torch.maximum(p, q).sum()) / 2, (1 + tv(p, q)) / 2)
    return True


def the_bounds_by_total_variation(latex: str) -> bool:
    """For random pairs of laws, with SciPy's divergence and entropy; near and far from each other."""
    rng = np.random.default_rng(1)
    for sharpness in (0.1, 1.0, 10.0):
        for _ in range(20):
            p, q = rng.dirichlet(np.full(5, sharpness), 2)
            coin = {"h": lambda d: float(entropy([float(d), float(1 - d)]))}
            assert holds(latex, p=p, q=q, TV=tv, JSD=jsd, **coin)
    return True


def the_equilibrium(latex: str) -> bool:
    """Against random deviations of either player, with a point off the data where D is below 1/2."""
    rng = np.random.default_rng(2)
    p, best = np.array([0.2, 0.5, 0.3, 0.0]), np.array([0.5, 0.5, 0.5, 0.4])

    def value(d: Any, q: Any) -> float:
        return float(p[:3] @ np.log(d[:3]) + q @ np.log(1 - d))

    for _ in range(100):
        d, q = rng.uniform(0.01, 0.99, 4), rng.dirichlet(np.ones(4))
        assert holds(latex, V=value, D=d, G=q, **{"D*": best, "G*": p})
    return derivations.nash_equilibrium().check()


def the_value_of_the_game(latex: str) -> bool:
    """By two searches over logits: of the discriminator inside, of the generator's law outside."""
    p = np.array([0.2, 0.5, 0.3])

    def best(value_of: Any) -> float:
        found = minimize(lambda a: -value_of(1 / (1 + np.exp(-a))), np.zeros(3), tol=1e-14)
        return -float(found.fun)

    def least(value_of: Any) -> float:
        start = np.array([1.0, 0.0, -1.0])
        found = minimize(
            lambda a: value_of(np.exp(a) / np.exp(a).sum()),
            start,
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-14, "maxiter": 600},
        )
        return float(found.fun)

    def value(d: Any, q: Any) -> float:
        return float(p @ np.log(d) + q @ np.log(1 - d))

    assert holds(latex, V=value, min=least, max=best)
    return derivations.nash_equilibrium().check()


def the_spiral(latex: str) -> bool:
    """For the states that the package's simultaneous steps visit, at several steps h."""
    for h in (0.05, 0.5, 2.0):
        path = dynamics.trajectory(dynamics.bilinear(), torch.tensor([1.0, -0.3]), 5, step_size=h)
        for (x, y), (after_x, after_y) in zip(path[:-1].tolist(), path[1:].tolist(), strict=True):
            assert holds(latex, h=h, x_t=x, y_t=y, **{"x_t+1": after_x, "y_t+1": after_y})
    return derivations.bilinear_simultaneous().check()


def the_dirac_field(latex: str) -> bool:
    """Against the package's field, which is automatic differentiation of its losses."""
    field = dynamics.dirac_gan(losses.minimax)
    rng = torch.Generator().manual_seed(3)
    for theta, psi in torch.randn(20, 2, generator=rng, dtype=torch.float64).tolist():
        v = field(torch.tensor([theta, psi], dtype=torch.float64)).tolist()
        assert holds(latex, theta=theta, psi=psi, sigma=sigma, v_theta=v[0], v_psi=v[1])
    return derivations.dirac_gan().check()


QUIZ = {
    "loss-of-a-half": lambda: mpmath.log(2) - mpmath.mpf("0.8") / 2,
    "from-accuracy": lambda: 2 * mpmath.mpf("0.9") - 1,
}


def _exercise_1() -> list[Any]:
    answer = mpmath.log(2) - mpmath.mpf("0.9") / 2
    averaged = mpmath.log(2) - mpmath.mpf("0.9")
    return [answer, averaged, answer / mpmath.log(2), 2 * answer, -answer, mpmath.mpf("0.9") / 2]


EXERCISES = {
    "1": _exercise_1,
    "3": lambda: [
        mpmath.sqrt(1 + mpmath.mpf("0.5") ** 2 / 4),
        mpmath.sqrt(1 + mpmath.mpf("0.5") ** 2),
        1,
        1 + mpmath.mpf("0.5") ** 2 / 4,
    ],
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
        the_sum_of_losses,
    ),
    Equation(
        "game-zero-sum",
        r"L_D + L_G = \mathbb{E}_{x \sim p_{\text{data}}}[-\log D(x)]",
        the_sum_of_losses,
    ),
    Equation(
        "game-bound",
        r"\log 2 - \frac{1}{2} L_D = \frac{1}{2} V(D, G) + \log 2 \le \mathrm{JSD}(p_{\text{data}}, p_g)",
        the_certificate,
    ),
    Equation(
        "game-accuracy",
        r"A(D) \le \frac{1}{2} + \frac{1}{2} \mathrm{TV}(p_{\text{data}}, p_g)",
        the_accuracy,
    ),
    Equation(
        "game-tv",
        r"\log 2 - h(\tfrac{1}{2} (1 - \mathrm{TV}(p, q))) \le \mathrm{JSD}(p, q)"
        r" \le \mathrm{TV}(p, q) \log 2",
        the_bounds_by_total_variation,
    ),
    Equation(
        "game-nash",
        r"V(D, G^{*}) \le V(D^{*}, G^{*}) \le V(D^{*}, G)",
        the_equilibrium,
    ),
    Equation(
        "game-theorem-value",
        r"\min_{G} \max_{D} V(D, G) = -\log 4",
        the_value_of_the_game,
    ),
    Equation(
        "game-spiral",
        r"x_{t+1}^{2} + y_{t+1}^{2} = (1 + h^{2}) (x_{t}^{2} + y_{t}^{2})",
        the_spiral,
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
