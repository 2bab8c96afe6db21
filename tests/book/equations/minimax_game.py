"""What the chapter on the minimax game claims: each equation, as printed, against another source."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.optimize import minimize, minimize_scalar

from equations import Equation, proved
from equations.oracles import kl, least, of_laws, only, pairs
from equations.reading import holds, strictly, touches
from ganlab import divergences, dynamics, losses

OUTCOMES = 4


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
    return True


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
        known = {"V": value, "D*": best, "G*": p}
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
    """For the states that the package's simultaneous steps visit, at several steps h."""
    for h in (0.05, 0.5, 2.0):
        path = dynamics.trajectory(dynamics.bilinear(), torch.tensor([1.0, -0.3]), 5, step_size=h)
        for (x, y), (after_x, after_y) in zip(path[:-1].tolist(), path[1:].tolist(), strict=True):
            assert holds(latex, h=h, x_t=x, y_t=y, **{"x_t+1": after_x, "y_t+1": after_y})
    return proved("bilinear_simultaneous")


def the_dirac_field(latex: str) -> bool:
    """Against the package's field, which is automatic differentiation of its losses."""
    field = dynamics.dirac_gan(losses.minimax)
    rng = torch.Generator().manual_seed(3)
    for theta, psi in torch.randn(20, 2, generator=rng, dtype=torch.float64).tolist():
        v = field(torch.tensor([theta, psi], dtype=torch.float64)).tolist()
        assert holds(latex, theta=theta, psi=psi, sigma=sigma, v_theta=v[0], v_psi=v[1])
    return proved("dirac_gan")


def _exercise_1() -> list[Any]:
    """The value of the answers 0.8 and 0.3, and its slips."""
    real, fake = mpmath.log(mpmath.mpf("0.8")), mpmath.log1p(-mpmath.mpf("0.3"))
    answer = real + fake
    return [answer, -answer, real + mpmath.log(mpmath.mpf("0.3")), answer / 2, answer / mpmath.log(2)]


EXERCISES = {
    "1": _exercise_1,
    "3": lambda: [
        mpmath.sqrt(1 + mpmath.mpf("0.5") ** 2 / 4),
        mpmath.sqrt(1 + mpmath.mpf("0.5") ** 2),
        1,
        1 + mpmath.mpf("0.5") ** 2 / 4,
    ],
}


def _off_the_data() -> list[Any]:
    """What D answers on the data: off them the generator is drawn to whatever is larger."""
    best = minimize_scalar(lambda d: -math.log(d) - math.log1p(-d), bounds=(0, 1), method="bounded").x
    return [round(float(best), 7)]


def _loss_of_nothing() -> list[Any]:
    assert mpmath.almosteq(-mpmath.log(mpmath.mpf(1) / 2), mpmath.log(2))
    return [1 / 2]


SAID = {
    "zero-sum": _loss_of_nothing,
    "off-the-data": _off_the_data,
    "exercise 1": lambda: [0.8, 1 - 0.3, 4],
    "exercise 3": lambda: [sigma(mpmath.mpf(0))],
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
        "game-nash",
        r"V(D, G^{*}) \le V(D^{*}, G^{*}) \le V(D^{*}, G)",
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
