"""What the chapter on scale claims: each equation, as printed, against another source."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import torch
from torch import nn
from torch.nn.functional import batch_norm, softplus
from torch.utils.flop_counter import FlopCounterMode

from equations import Equation, proved
from equations.reading import holds
from ganlab.experiments import costs

# What a step costs


def dense(sizes: Sequence[int]) -> nn.Sequential:
    layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def counted_flops(generator: Sequence[int], discriminator: Sequence[int], batch: int) -> int:
    """By PyTorch's own counter, while one step of both players runs."""
    g, d = dense(generator), dense(discriminator)
    real, z = torch.ones(batch, generator[-1]), torch.ones(batch, generator[0])
    with FlopCounterMode(display=False) as counter:
        with torch.no_grad():
            fake = g(z)
        (softplus(-d(real)).mean() + softplus(d(fake)).mean()).backward()
        d.requires_grad_(False)
        softplus(-d(g(z))).mean().backward()
    return counter.get_total_flops()


def weights(sizes: Sequence[int]) -> int:
    return sum(a * b for a, b in pairwise(sizes))


def the_products_of_a_step(latex: str) -> bool:
    for g, d, n in (
        ((2, 64, 64, 2), (2, 64, 64, 1), 256),
        ((7, 5, 9, 3), (3, 11, 1), 10),
        ((4, 6), (6, 1), 3),
    ):
        known = {"W_G": weights(g), "W_D": weights(d), "w_G": g[0] * g[1], "w_D": d[0] * d[1]}
        assert holds(latex, F=counted_flops(g, d, n), n=n, **known)
    return proved("products_of_a_step")


def the_price_of_a_step(latex: str) -> bool:
    for n, f, size, a, r, b in ((300.0, 5e6, 2e6, 3e-6, 4e10, 8e9), (2.0, 3.0, 5.0, 0.5, 7.0, 11.0)):
        t = costs.seconds(costs.Counts(n, f, size), costs.Prices(a, 1 / r, 1 / b))
        assert holds(latex, t=t, N=n, F=f, B=size, a=a, r=r, b=b)
    return True


# Parts of a batch


def the_mean_of_the_parts(latex: str) -> bool:
    """Autograd on the whole batch, and on each of its parts, for losses of scores of a small network."""
    rng = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    for size, m in ((12, 3), (10, 5), (8, 1)):
        x = torch.randn(size, 2, generator=rng, dtype=torch.float64)

        def slope(x: Any) -> torch.Tensor:
            gradient = torch.autograd.grad(softplus(-net(x)).mean(), net.parameters())
            return torch.cat([part.flatten() for part in gradient])

        whole, parts = slope(x), [slope(part) for part in x.chunk(m)]
        for k in (0, 7, len(whole) - 1):
            own = [float(part[k]) for part in parts]
            assert holds(latex, **{"hat g": float(whole[k])}, g=own, m=m)
    return proved("mean_of_parts")


def two_spreads(latex: str) -> bool:
    """The variances by which PyTorch's batch normalisation divides: of the whole batch, and of each part."""
    x = torch.randn(24, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2 + 0.7

    def seen(x: torch.Tensor) -> tuple[float, float]:
        mean, variance = torch.zeros(1).double(), torch.zeros(1).double()
        batch_norm(x, mean, variance, training=True, momentum=1.0)
        return float(mean), float(variance) * (len(x) - 1) / len(x)  # what is kept is divided by n - 1

    for m in (2, 4, 6):
        means, variances = zip(*map(seen, x.chunk(m)), strict=True)
        mean, variance = seen(x)
        assert holds(latex, **{"hat v": variance, "hat mu": mean}, v=variances, mu=means, m=m)
    return proved("spread_of_parts")


def the_slope_at_rest(latex: str) -> bool:
    """The least of the penalty of equal slopes, on a grid that is refined, with one norm over each part."""
    for n, m in ((64, 1), (64, 4), (9, 3), (8, 8)):

        def price(s: Any, n: int = n, m: int = m) -> Any:
            return (mpmath.norm([s] * (n // m)) - 1) ** 2

        rest = mpmath.findroot(lambda s: mpmath.diff(price, s), 0.9)
        assert holds(latex, s=rest, n=n, m=m)
    return proved("one_norm_for_a_part")


# Processes


def sent_by_one(processes: int, numbers: int) -> int:
    """The numbers that each process sends in an all-reduce around a ring, which is played; its sums hold."""
    held = [np.arange(numbers, dtype=float) + 10 * rank for rank in range(processes)]
    total, cuts = sum(held), np.array_split(np.arange(numbers), processes)
    sent = [0] * processes
    for turn in range(2 * (processes - 1)):
        gather = turn >= processes - 1
        blocks = [(rank - turn + gather) % processes for rank in range(processes)]
        if gather:
            blocks = [(rank + 1 - (turn - (processes - 1))) % processes for rank in range(processes)]
        messages = [held[rank][cuts[blocks[rank]]].copy() for rank in range(processes)]
        for rank, message in enumerate(messages):
            to, place = (rank + 1) % processes, cuts[blocks[rank]]
            held[to][place] = message if gather else held[to][place] + message
            sent[rank] += len(message)
    assert all(np.array_equal(one, total) for one in held)
    assert len(set(sent)) == 1
    return sent[0]


def around_the_ring(latex: str) -> bool:
    for processes, numbers in ((2, 10), (4, 100), (5, 15), (1, 7)):
        assert holds(latex, Q=4 * sent_by_one(processes, numbers), P=processes, W=numbers)
    return True


# The best checkpoint


def the_better_of_two(latex: str) -> bool:
    """The mean of the larger of two normal numbers, by quadrature over the plane."""

    def product(x: Any, tau: float) -> Any:
        return 2 * x * mpmath.npdf(x, 0, tau) * mpmath.ncdf(x, 0, tau)

    for tau in (1.0, 0.3):
        mean = mpmath.quad(lambda x, tau=tau: product(x, tau), [-12 * tau, 0, 12 * tau])
        assert holds(latex, beta=mean, tau=tau, pi=mpmath.pi)
    return proved("better_of_two")


# The best logit


def normal_score(mu: float, tau: float) -> Callable[[Any], Any]:
    return lambda x: (mu - x) / mpmath.mpf(tau) ** 2


def mixed(x: Any) -> Any:
    return mpmath.mpf("0.3") * mpmath.npdf(x, -1, 0.5) + mpmath.mpf("0.7") * mpmath.npdf(x, 2, 1)


def mixed_score(x: Any) -> Any:
    """The derivative of the mixture, written out, over the mixture."""
    first, second = mpmath.mpf("0.3") * mpmath.npdf(x, -1, 0.5), mpmath.mpf("0.7") * mpmath.npdf(x, 2, 1)
    return (first * normal_score(-1, 0.5)(x) + second * normal_score(2, 1)(x)) / (first + second)


def the_slope_of_the_best_logit(latex: str) -> bool:
    """The derivative of the log ratio of a mixture and a normal density, by finite differences."""

    def logit(x: Any) -> Any:
        return mpmath.log(mixed(x) / mpmath.npdf(x, 0.5, 2))

    known = {"nabla f*": lambda x: mpmath.diff(logit, x), "s_p": mixed_score, "s_q": normal_score(0.5, 2)}
    return all(holds(latex, x=mpmath.mpf(x), **known) for x in (-1.3, 0.2, 1.9)) and proved(
        "slope_of_the_best_logit"
    )


def divergence(first: tuple[Any, Any], second: tuple[Any, Any]) -> Any:
    """The Kullback-Leibler divergence of two normal distributions, each given by its mean and deviation."""
    (mu, tau), (nu, rho) = first, second
    return mpmath.log(rho / tau) + (tau**2 + (mu - nu) ** 2) / (2 * rho**2) - mpmath.mpf(1) / 2


def the_slope_of_the_divergence(latex: str) -> bool:
    """G(z) = theta z + c, so that both are normal; means over z by a quadrature that is exact for squares."""
    nodes, shares = np.polynomial.hermite_e.hermegauss(8)
    law = [(share / math.sqrt(2 * math.pi), node) for share, node in zip(shares, nodes, strict=True)]
    for theta, shift, mu, tau in ((0.7, 0.4, 0.1, 1.2), (2.0, -1.0, 0.5, 0.8)):
        known: dict[str, Any] = {"KL": divergence, "p": (mu, tau), "theta": mpmath.mpf(theta), "u": law}
        known |= {"q": lambda scale, shift=shift: (shift, scale), "nabla G": lambda z: z}
        known |= {"G": lambda z, theta=theta, shift=shift: theta * z + shift}
        assert holds(latex, s_q=normal_score(shift, theta), s_p=normal_score(mu, tau), **known)
    return proved("divergence_along_samples") and proved("pathwise_gradient")


# Exercises


def spread_of_parts(means: Sequence[float], variances: Sequence[float]) -> float:
    """By two-point parts of these means and variances, whose variance is taken at once."""
    points = [
        mean + sign * math.sqrt(v) for mean, v in zip(means, variances, strict=True) for sign in (-1, 1)
    ]
    return float(np.var(points))


PARTS = (
    ([0.0, 0.0], [1.0, 3.0]),
    ([0.0, 2.0], [1.0, 1.0]),
    ([1.0, 2.0, 6.0], [0.0, 0.0, 0.0]),
    ([5.0], [2.0]),
)
STEPS = (((2, 64, 64, 2), (2, 64, 64, 1), 256), ((4, 6), (6, 1), 3), ((7, 5, 9, 3), (3, 11, 1), 10))
RINGS = ((2, 10), (4, 100), (5, 15), (1, 7))


def all_backward(g: Sequence[int], d: Sequence[int], n: int) -> int:
    return n * (8 * weights(g) + 16 * weights(d))


Check = Callable[[], Any]
EXERCISES: dict[str, Check] = {
    "1": lambda: [
        counted_flops((2, 32, 32, 2), (2, 32, 32, 1), 64),
        all_backward((2, 32, 32, 2), (2, 32, 32, 1), 64),
        64 * (8 * weights((2, 32, 32, 2)) + 12 * weights((2, 32, 32, 1)) - 2 * 64 - 4 * 64),
    ],
    "2": lambda: [3 / mpmath.sqrt(mpmath.pi), 3 / mpmath.sqrt(2 * mpmath.pi), 0],
    "4": lambda: [4 * sent_by_one(4, 1_000_000) / 1e6, 4 * 1_000_000 / 1e6, 2 * 4 * 1_000_000 / 1e6],
    "5": lambda: [
        [spread_of_parts(*case) for case in PARTS],
        [float(np.mean(variances)) for _, variances in PARTS],
        [float(np.mean(v)) + float(np.var(mu, ddof=1) if len(mu) > 1 else 0) for mu, v in PARTS],
    ],
    "6": lambda: [
        [counted_flops(*case) for case in STEPS],
        [all_backward(*case) for case in STEPS],
    ],
    "12": lambda: [
        [sent_by_one(*case) for case in RINGS],
        [numbers * (processes - 1) for processes, numbers in RINGS],
        [sent_by_one(*case) / 2 for case in RINGS],
    ],
}
QUIZ: dict[str, Check] = {}
SAID: dict[str, Check] = {}
PUBLISHED = {
    "2.75": "huang2024",
    "3.78": "huang2024",
    "2.09": "huang2024",
    "2.62": "yin2024dmd",
    "1.28": "yin2024dmd2",
    "1.54": "deng2026",
    "1.61": "deng2026",
}

EQUATIONS = [
    Equation("scale-flops", r"F = n (8 W_G + 16 W_D - 2 w_G - 4 w_D)", the_products_of_a_step),
    Equation("scale-time", r"t = a N + \frac{F}{r} + \frac{B}{b}", the_price_of_a_step),
    Equation("scale-shares", r"\hat{g} = \frac{1}{m} \sum_{j=1}^{m} g_j", the_mean_of_the_parts),
    Equation(
        "scale-spread",
        r"\hat{v} = \frac{1}{m} \sum_{j=1}^{m} \left( v_j + (\mu_j - \hat{\mu})^{2} \right)",
        two_spreads,
    ),
    Equation("scale-norm", r"s = \sqrt{\frac{m}{n}}", the_slope_at_rest),
    Equation("scale-sent", r"Q = 8 W \cdot \frac{P - 1}{P}", around_the_ring),
    Equation("scale-best", r"\beta = \frac{\tau}{\sqrt{\pi}}", the_better_of_two),
    Equation("scale-logit", r"\nabla f^{*}(x) = s_p(x) - s_q(x)", the_slope_of_the_best_logit),
    Equation(
        "scale-distilled",
        r"""
        \frac{\partial}{\partial \theta} \mathrm{KL}(q_\theta \,\|\, p)
        = \mathbb{E}_{z \sim u}[(s_q(G(z)) - s_p(G(z))) \cdot \nabla G(z)]
        """,
        the_slope_of_the_divergence,
    ),
]
