"""What the chapter on tricks claims: each equation, as printed, against another source."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.optimize import brentq

from equations import Equation, proved
from equations.reading import holds
from ganlab import regularizers
from ganlab.experiments import EXPERIMENTS, building
from ganlab.networks import mlp_discriminator
from ganlab.training.loop import train

# The study


def shown_by_chance(latex: str) -> bool:
    """All patterns of ten signs are counted whose second and ninth number, in order, have one sign."""
    patterns = np.sort(list(itertools.product((-1, 1), repeat=10)), axis=1)
    share = (patterns[:, 1] == patterns[:, 8]).mean()
    return holds(latex, epsilon=mpmath.mpf(float(share)))


def turns_of_a_budget(latex: str) -> bool:
    """By counting what a discriminator scores in a run that a hook watches."""
    for steps, penalties, batches in (
        (1, (), 0),
        (3, (("r1", 1.0), ("r2", 1.0)), 2),
        (2, (("r1", 1.0, 4),), mpmath.mpf("0.25")),
    ):
        base = replace(EXPERIMENTS["ring_collapse_small"], width=(8, 8), float64=False)
        setting = replace(base, batch_size=16, n_critic=steps, regularizers=penalties)
        gan, stream, _ = building.build(setting, seed=0)
        scored: list[int] = []
        gan.discriminator.register_forward_hook(lambda _, given, __, into=scored: into.append(len(given[0])))
        train(gan, stream, 4, n_critic=steps)
        assert holds(latex, n=4, N=16, k=steps, ell=batches, B=sum(scored))
    return proved("turns_of_a_budget")


# Labels


def the_push_that_is_left(latex: str) -> bool:
    """The slope of the best smoothed logit in the best unsmoothed one, by mpmath's differences."""
    for s, t in (("0.1", "0.1"), ("0.3", "0"), ("0.05", "0.2"), ("0", "0")):
        real, fake = 1 - mpmath.mpf(s), mpmath.mpf(t)

        def smoothed(score: Any, real: Any = real, fake: Any = fake) -> Any:
            answer = real / (1 + mpmath.exp(-score)) + fake / (1 + mpmath.exp(score))
            return mpmath.log(answer / (1 - answer))

        for score in (-6, mpmath.mpf("-0.7"), 0, 2):
            plain = 1 / (1 + mpmath.exp(-mpmath.mpf(score)))
            hat = 1 / (1 + mpmath.exp(-smoothed(score)))
            env = {"D": plain, "hat D": hat, "s": mpmath.mpf(s), "t": fake}
            assert holds(latex, h=mpmath.diff(smoothed, score), **env)
    return proved("smoothed_push")


# Memories


GIVEN = (0.7, -1.3, 2.2, 0.4, 3.1)


def the_memory_of_adam(latex: str) -> bool:
    """The running mean that PyTorch's optimizer keeps after gradients that are given."""
    for beta in (0.5, 0.9, 0.0):
        weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.Adam([weight], betas=(beta, 0.999))
        for n, gradient in enumerate(GIVEN, 1):
            weight.grad = torch.tensor([gradient], dtype=torch.float64)
            optimizer.step()
            kept = float(optimizer.state[weight]["exp_avg"])
            base = mpmath.mpf(beta)
            assert holds(latex, m=lambda _, kept=kept: kept, beta=base, n=n, g=lambda i: GIVEN[int(i) - 1])
    return proved("memory_of_gradients")


def the_weights_of_a_memory(latex: str) -> bool:
    return all(
        holds(latex, beta=mpmath.mpf(beta), n=n) for beta in ("0.5", "0.99", "0.3") for n in (1, 2, 7, 40)
    ) and proved("weights_of_a_memory")


def the_age_of_a_memory(latex: str) -> bool:
    """The mean of the ages, each with its weight, as a series that mpmath sums."""
    for beta in map(mpmath.mpf, ("0.5", "0.9", "0.2", "0.99")):
        age = mpmath.nsum(lambda j, beta=beta: (1 - beta) * j * beta**j, [0, mpmath.inf])
        assert holds(latex, beta=beta, A=age)
    return proved("age_of_a_memory")


def what_is_left_of_a_circle(latex: str) -> bool:
    """The average of a point that runs on the unit circle, after it has forgotten its start."""
    for beta, angle in ((0.9, 0.3), (0.99, 1.0), (0.5, 2.5), (0.8, 0.01)):
        average, point = 0j, 1 + 0j
        for _ in range(4000):
            point *= complex(mpmath.expj(angle))
            average = beta * average + (1 - beta) * point
        env = {"beta": mpmath.mpf(beta), "x": mpmath.mpf(angle), "e": mpmath.e, "i": 1j}
        assert holds(latex, gamma=abs(average), **env)
    return proved("running_mean_of_a_circle")


# Noise, lazy penalties, precision


def the_spread_of_a_step(latex: str) -> bool:
    """The variance that one more step leaves as it is, by iterating it."""
    for eta, xi, count, curvature in ((0.1, 2.0, 4, 1.5), (0.5, 1.0, 1, 3.0), (0.02, 3.0, 64, 0.7)):
        variance = 1.0
        for _ in range(5000):
            variance = (1 - eta * curvature) ** 2 * variance + eta**2 * xi**2 / count
        assert holds(latex, tau=mpmath.sqrt(variance), eta=eta, xi=xi, N=count, c=curvature)
    return proved("spread_of_steps")


def _gradients() -> tuple[float, float]:
    """Of a small discriminator: one entry of the gradient of its mean score, and of R1."""
    rng = torch.Generator().manual_seed(0)
    network = mlp_discriminator((2,), rng=rng, width=4).double()
    x = torch.randn(8, 2, generator=rng, dtype=torch.float64)
    first = next(network.parameters())
    (plain,) = torch.autograd.grad(network(x).mean(), first)
    (penalty,) = torch.autograd.grad(regularizers.r1(network, x, x), first)
    return float(plain[0, 0]), float(penalty[0, 0])


def the_mean_of_lazy_steps(latex: str) -> bool:
    return _over_steps(latex, lambda given: given) and proved("lazy_penalty")


def the_square_of_lazy_steps(latex: str) -> bool:
    return _over_steps(latex, lambda given: given**2) and proved("lazy_penalty_with_adam")


def _over_steps(latex: str, of: Callable[[float], float]) -> bool:
    """The mean over the steps, one by one, is what both sides say."""
    plain, penalty = _gradients()
    for every, weight in ((16, 0.3), (4, 10.0), (1, 0.7)):
        steps = [plain + (every * weight * penalty if step == 0 else 0.0) for step in range(every)]
        env = {"L": every, "lambda": weight, "u": plain, "r": penalty}
        assert holds(latex, **env)
        assert holds(latex.split("=")[0] + "= x", x=float(np.mean([of(step) for step in steps])), **env)
    return True


def the_spacing_of_bfloat16(latex: str) -> bool:
    """From a number to the next one that has another bit pattern, by counting patterns up by one."""
    for exponent in (-9, -1, 0, 3):
        for share in (1.0, 1.37, 1.99):
            number = torch.tensor([share * 2.0**exponent]).to(torch.bfloat16)
            after = (number.view(torch.int16) + 1).view(torch.bfloat16)
            assert holds(latex, Delta=float(after.double() - number.double()), j=exponent)
    return True


# Keys


def _left(real: str, fake: str, answer: str = "0.01") -> list[Any]:
    """The slope of the smoothed logit in the other one, and what is left without the factor of the labels."""
    s, t, plain = (mpmath.mpf(number) for number in (real, fake, answer))

    def smoothed(score: Any) -> Any:
        said = (1 - s) / (1 + mpmath.exp(-score)) + t / (1 + mpmath.exp(score))
        return mpmath.log(said / (1 - said))

    slope = mpmath.diff(smoothed, mpmath.log(plain / (1 - plain)))
    return [slope, slope / (1 - s - t)]


def _until(decay: float, share: float) -> int:
    weight, steps = 1.0, 0
    while weight >= share:
        weight, steps = weight * decay, steps + 1
    return steps


def _shrunk(every: int, plain: float, penalty: float) -> list[float]:
    """Root mean squares over one round of steps."""
    lazy = np.array([plain + every * penalty] + [plain] * (every - 1))
    factor = abs(plain + penalty) / np.sqrt(np.mean(lazy**2))
    return [factor, factor**2, 1 / factor, 1 / np.sqrt(every)]


def _by_chance() -> list[Any]:
    shown = mpmath.mpf(2 * sum(mpmath.binomial(10, k) for k in (0, 1))) / 2**10
    return [1 - (1 - shown) ** 30, 30 * shown, 1 - (1 - shown / 2) ** 30]


def _bought() -> list[Any]:
    """By paying turn after turn."""

    def turns(budget: int, batch: int, steps: int, penalties: int, every: int, own: int = 1) -> int:
        price = mpmath.mpf(batch) * (steps * (2 + mpmath.mpf(penalties) / every) + own)
        paid, count = price, 0
        while paid <= budget:
            paid, count = paid + price, count + 1
        return count

    cases = [(1, 0, 1), (5, 0, 1), (1, 1, 16), (2, 2, 8)]
    return [
        [turns(576_000, 128, *case) for case in cases],
        [turns(576_000, 128, steps, penalties, 1) for steps, penalties, _ in cases],
        [turns(576_000, 128, *case, own=0) for case in cases],
    ]


def _memory(angle: float) -> float:
    def radius(beta: float) -> float:
        terms = (1 - beta) * np.sum(beta ** np.arange(40_000) * np.exp(-1j * angle * np.arange(40_000)))
        return float(abs(terms)) - 0.1

    return float(brentq(radius, 0.9, 0.9999))


STILL = [(1.0, 0.003), (1.0, 0.005), (0.125, 0.0004), (3.0, 0.005), (0.3125, 0.001)]


def _still() -> list[Any]:
    def rounded(weight: float, step: float) -> float:
        kept = torch.tensor(weight).to(torch.bfloat16)
        return float(torch.tensor(float(kept) + step).to(torch.bfloat16) == kept)

    def gap(weight: float) -> float:
        number = torch.tensor([weight]).to(torch.bfloat16)
        return float((number.view(torch.int16) + 1).view(torch.bfloat16).double() - number.double())

    return [
        [rounded(*case) for case in STILL],
        [float(step < gap(weight)) for weight, step in STILL],
        [float(step < weight * 2**-8) for weight, step in STILL],
    ]


def _means() -> list[Any]:
    """As weighted means of all values, the weights written out."""
    cases = [([2.0], 0.9, True), ([1.0] * 3, 0.9, False), ([0.0, 1.0, 2.0], 0.5, True)]
    cases.append(([3.0, -1.0], 0.99, True))

    def total(values: list[float], beta: float) -> tuple[float, float]:
        weights = (1 - beta) * beta ** np.arange(len(values))[::-1]
        return float(weights @ values), float(weights.sum())

    def started(values: list[float], beta: float) -> float:
        rest, weight = total(values[1:], beta)
        return rest + (1 - weight) * values[0]

    sums = [total(values, beta) for values, beta, _ in cases]
    return [
        [whole / weight if case[2] else whole for (whole, weight), case in zip(sums, cases, strict=True)],
        [whole for whole, _ in sums],
        [started(values, beta) for values, beta, _ in cases],
    ]


Check = Callable[[], Any]
EXERCISES: dict[str, Check] = {
    "1": lambda: [_left("0.1", "0.1")[0], _left("0.1", "0")[0], _left("0.1", "0.1")[1]],
    "2": lambda: [
        _until(0.999, 0.01),
        _until(0.999, 0.01) - 1,
        mpmath.mpf("0.999") / (1 - mpmath.mpf("0.999")),
    ],
    "3": lambda: _shrunk(16, 1.0, 1.0),
    "4": _by_chance,
    "5": _bought,
    "6": lambda: [_memory(2 * np.pi / 200), _memory(1 / 200), mpmath.mpf(200) / 201],
    "10": lambda: (
        [mpmath.power(mpmath.mpf("0.4149") / mpmath.mpf("3.0812"), 1 / mpmath.mpf(n)) for n in (400, 4)]
        + [1 - mpmath.mpf("0.995")]
    ),
    "11": _still,
    "12": _means,
}
QUIZ: dict[str, Check] = {
    "weight-of-the-start": lambda: [
        mpmath.power("0.999", 1500),
        1 - mpmath.mpf("0.999"),
        1 - mpmath.power("0.999", 1500),
    ],
    "turns-of-a-budget": lambda: [4500 / mpmath.mpf(n) for n in ("11", "5", "4", "3.0625", "3")],
}
SAID: dict[str, Check] = {}

EQUATIONS = [
    Equation("trick-chance", r"\epsilon = 2 \cdot \frac{1 + 10}{2^{10}} = \frac{11}{512}", shown_by_chance),
    Equation("trick-turns", r"n = \frac{B}{(k (2 + \ell) + 1) N}", turns_of_a_budget),
    Equation(
        "trick-push",
        r"h = \frac{(1 - s - t) (1 - D) D}{(1 - \hat{D}) \hat{D}}",
        the_push_that_is_left,
    ),
    Equation("trick-memory", r"m_n = (1 - \beta) \sum_{i=1}^{n} \beta^{n - i} g_i", the_memory_of_adam),
    Equation(
        "trick-weights",
        r"(1 - \beta) \sum_{i=1}^{n} \beta^{n - i} = 1 - \beta^{n}",
        the_weights_of_a_memory,
    ),
    Equation("trick-age", r"A = \frac{\beta}{1 - \beta}", the_age_of_a_memory),
    Equation(
        "trick-damping",
        r"\gamma = \frac{1 - \beta}{|1 - \beta e^{-i x}|}",
        what_is_left_of_a_circle,
        {
            r"\gamma = \frac{1 - \beta}{|1 - \beta e^{ + ix}|}": "a conjugate has the same modulus",
        },
    ),
    Equation("trick-noise", r"\tau^{2} = \frac{\eta \, \xi^{2}}{N c \, (2 - \eta c)}", the_spread_of_a_step),
    Equation(
        "trick-lazy",
        r"\frac{1}{L} \left( (L - 1) u + (u + L \lambda r) \right) = u + \lambda r",
        the_mean_of_lazy_steps,
    ),
    Equation(
        "trick-lazy-adam",
        r"""
        \frac{1}{L} \left( (L - 1) u^{2} + (u + L \lambda r)^{2} \right)
        = (u + \lambda r)^{2} + (L - 1) \lambda^{2} r^{2}
        """,
        the_square_of_lazy_steps,
    ),
    Equation("trick-bf16", r"\Delta = 2^{j - 7}", the_spacing_of_bfloat16),
]
