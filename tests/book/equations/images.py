"""What the chapter on networks for pictures claims: each equation, as printed, against another source."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.linalg import expm
from scipy.stats import chi2, norm
from torch import nn

from equations import Equation, proved
from equations.reading import holds, strictly, touches

STACKS = (
    [(4, 2), (4, 2)],
    [(4, 2), (3, 1), (2, 2), (3, 1)],
    [(3, 1), (3, 1), (3, 2), (5, 1)],
    [(7, 3), (1, 1), (3, 2)],
)


def the_bytes(latex: str) -> bool:
    """By the straight line through two points, at every byte."""
    for v in range(256):
        assert holds(latex, v=v, x=float(np.interp(v, [0, 255], [-1, 1])))
    return True


# What a layer sees


def _pixels(stack: list[tuple[int, int]], place: int) -> np.ndarray:
    """The pixels on a line that move one place of the last map, by automatic differentiation."""
    x = torch.zeros(1, 1, 400, dtype=torch.float64, requires_grad=True)
    y = x
    for kernel, stride in stack:
        y = nn.functional.conv1d(y, torch.ones(1, 1, kernel, dtype=torch.float64), stride=stride)
    (slope,) = torch.autograd.grad(y[0, 0, place], x)
    return slope[0, 0].nonzero().flatten().numpy()


def the_field(latex: str) -> bool:
    """Counted: how many pixels a place depends on, and how far apart the first pixels of neighbours are."""
    for stack in STACKS:
        before = {"r": 1, "j": 1}
        for depth in range(1, len(stack) + 1):
            seen, next_seen = (_pixels(stack[:depth], place) for place in (4, 5))
            kernel, stride = stack[depth - 1]
            after = {"r": len(seen), "j": int(next_seen[0] - seen[0])}
            new = {f"{name}_new": value for name, value in after.items()}
            assert seen[-1] - seen[0] + 1 == len(seen)
            assert holds(latex, k=kernel, s=stride, **before, **new)
            before = after
    return proved("receptive_field")


def _critic(rng: torch.Generator) -> nn.Module:
    """Two convolutions of kernel 4 and stride 2, and a linear layer: a place of the last map sees ten."""
    layers = [nn.Conv2d(1, 5, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(5, 7, 4, 2, 1), nn.LeakyReLU(0.2)]
    critic = nn.Sequential(*layers, nn.Flatten(), nn.Linear(7 * 49, 1)).double()
    for weight in critic.parameters():
        nn.init.normal_(weight, std=0.3, generator=rng)
    return critic


def apart(latex: str) -> bool:
    """Scores of a convolutional network on pictures with two details, one at each side; not those of a
    network whose units see the whole picture."""
    rng = torch.Generator().manual_seed(0)
    wide = nn.Sequential(nn.Flatten(), nn.Linear(784, 9), nn.Tanh(), nn.Linear(9, 1)).double()

    def score(network: nn.Module, u: float, v: float) -> float:
        x = torch.zeros(1, 1, 28, 28, dtype=torch.float64)
        x[..., 10:15, 6:8], x[..., 13:17, 19:21] = u, v
        with torch.no_grad():
            return network(x).item()

    details = {"u_1": 0.7, "v_1": -0.4, "u_2": -1.0, "v_2": 0.9}
    for critic in (_critic(rng) for _ in range(4)):
        assert holds(latex, f=lambda u, v, c=critic: score(c, float(u), float(v)), **details)
    try:
        holds(latex, f=lambda u, v: score(wide, float(u), float(v)), **details)
    except AssertionError:
        return True
    return False


def blind(latex: str) -> bool:
    """The loss of scores g(u) + h(v), by the definition of the loss; an equality where all are 0."""

    def loss(g: Any, h: Any) -> Any:
        def softplus(a: Any) -> Any:
            return mpmath.log1p(mpmath.exp(a))

        real, fake = (g[0] + h[0], g[1] + h[1]), (g[0] + h[1], g[1] + h[0])
        return (sum(softplus(-a) for a in real) + sum(softplus(a) for a in fake)) / 2

    rng = np.random.default_rng(0)
    for size in (0.01, 1.0, 5.0):
        for _ in range(10):
            g, h = (list(map(mpmath.mpf, size * rng.normal(size=2))) for _ in range(2))
            assert strictly(latex, L_D=loss(g, h))
    return touches(latex, L_D=loss((mpmath.mpf(0),) * 2, (mpmath.mpf(0),) * 2)) and proved(
        "blind_to_agreement"
    )


# Statistics


def mixed(latex: str) -> bool:
    """The mean and the variance of two samples of one size, put together."""
    rng = np.random.default_rng(1)
    for shift, scale in ((0.0, 1.0), (3.0, 0.5), (-1.0, 4.0)):
        real, fake = rng.normal(1.0, 1.3, 400), rng.normal(shift, scale, 400)
        both = np.concatenate([real, fake])
        env = {"mu_r": real.mean(), "mu_f": fake.mean(), "tau_r": real.std(), "tau_f": fake.std()}
        assert holds(latex, mu=both.mean(), tau=both.std(), **env)
    return proved("mixed_batch")


def remembered(latex: str) -> bool:
    """The recursion of PyTorch's own average, step by step."""
    weights = [2.0, -1.0, 0.5, 7.0, 3.0]
    for beta in (0.3, 0.9, 0.999):
        average = nn.Parameter(torch.tensor([1.5], dtype=torch.float64), requires_grad=False)
        for n, weight in enumerate(weights, 1):
            new = torch.tensor([weight], dtype=torch.float64)
            average.lerp_(new, 1 - beta)
            assert holds(latex, n=n, beta=beta, u_n=average.item(), u_0=1.5, theta=weights)
    return proved("average_of_weights")


# Upsampling and latents


def copies(latex: str) -> bool:
    """How many ones a transposed convolution adds up at a pixel away from the border."""
    for k, s in (*itertools.product(range(1, 8), range(1, 5)), (101, 1), (202, 2)):
        ones = torch.ones(1, 1, k + 12, dtype=torch.float64)
        kernel = torch.ones(1, 1, k, dtype=torch.float64)
        row = nn.functional.conv_transpose1d(ones, kernel, stride=s)[0, 0]
        for i in range(s):
            middle = {i: row[(k + 4) * s + i].item()}
            assert holds(latex, k=k, s=s, i=i, floor=mpmath.floor, c=middle.__getitem__)
    return True


def _normal(dimension: int) -> list[tuple[float, Any]]:
    """A law on finitely many points with the moments of a normal one up to the ninth in each coordinate."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    weights = weights / math.sqrt(2 * math.pi)
    return [
        (float(np.prod([weights[i] for i in index])), mpmath.matrix([nodes[i] for i in index]))
        for index in itertools.product(range(5), repeat=dimension)
    ]


def the_shell(latex: str) -> bool:
    """By quadrature that is exact for polynomials of this degree, in one to three dimensions."""
    return all(holds(latex, d=d, p_z=_normal(d)) for d in (1, 2, 3)) and proved("latent_shell")


def the_line(latex: str) -> bool:
    """By the same quadrature for two independent latents."""
    for d in (1, 2):
        law = [(a * b, (z, y)) for a, z in _normal(d) for b, y in _normal(d)]
        for alpha in (0.0, 0.25, 0.5, 0.9):
            assert holds(latex, alpha=alpha, d=d, p=law)
    return proved("latent_line")


def the_arc(latex: str) -> bool:
    """By the rotation of the plane of both latents, as an exponential of a matrix."""
    rng = np.random.default_rng(2)
    for _ in range(4):
        one, other = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 5)))
        phi = math.acos(one @ other)
        across = other - (other @ one) * one
        across /= np.linalg.norm(across)
        turn = np.outer(across, one) - np.outer(one, across)

        def turned(alpha: Any, one: Any = one, phi: Any = phi, turn: Any = turn) -> Any:
            return mpmath.matrix(expm(float(alpha) * phi * turn) @ one)

        ends = {"z_0": mpmath.matrix(one), "z_1": mpmath.matrix(other), "sin": mpmath.sin}
        for alpha in (0.0, 0.2, 0.5, 1.0):
            assert holds(latex, alpha=alpha, phi=phi, z=turned, **ends)
    return proved("latent_arc")


# Keys


def _side(stack: list[tuple[int, int]]) -> int:
    return len(_pixels(stack, 2))


def _apart(stack: list[tuple[int, int]]) -> int:
    return int(_pixels(stack, 3)[0] - _pixels(stack, 2)[0])


def _inside() -> list[int]:
    """The first and the last byte that a loader with mean and deviation 1/2 and 1/4 leaves in [-1, 1]."""
    kept = np.flatnonzero(abs((np.arange(256) / 255 - 0.5) / 0.25) <= 1)
    return [int(kept[0]), int(kept[-1])]


def _gap(shift: float, one: float, other: float) -> float:
    """How far apart two normalised kinds are, from the quantiles of both."""
    grid = norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    grid = grid / grid.std()
    return shift / np.concatenate([shift + one * grid, other * grid]).std()


def _most(kernel: int, stride: int) -> tuple[int, int]:
    ones = torch.ones(1, 1, 12, 12, dtype=torch.float64)
    weight = torch.ones(1, 1, kernel, kernel, dtype=torch.float64)
    picture = nn.functional.conv_transpose2d(ones, weight, stride=stride)[0, 0, 10:-10, 10:-10]
    return int(picture.max()), int(picture.min())


def _covered() -> list[tuple[int, int]]:
    return [_most(*layer) for layer in ((3, 2), (4, 2), (5, 2), (5, 3), (2, 2))]


def _needed(apart: int) -> int:
    """How many layers of kernel 3 it takes, each reading places so far apart, by counting pixels."""
    return next(n for n in range(20) if _dilated([[4, 2, 1], [4, 2, 1]] + [[3, 1, 1]] * n, apart=apart) >= 28)


TWO = [(4, 2), (4, 2)]
DILATED: list[list[list[int]]] = [
    [],
    [[4, 2, 1], [4, 2, 1]],
    [[3, 1, 1], [3, 1, 2], [3, 1, 4]],
    [[1, 1, 5]],
    [[3, 2, 2], [3, 1, 1], [2, 2, 1]],
]


def _dilated(stack: list[list[int]], dilations: bool = True, apart: int | None = None) -> int:
    """From the first to the last pixel that a place can read: sums of the steps that the kernels can take.

    `apart`: what a slip takes for the distance of the places that a layer of kernel 3 reads.
    """
    step, last = 1, 0
    for kernel, stride, dilation in stack:
        between = apart if apart and kernel == 3 else step
        last += max(range(kernel)) * (dilation if dilations else 1) * between
        step *= stride
    return last + 1


Check = Callable[[], Any]
EXERCISES: dict[str, Check] = {
    "1": lambda: [int((abs((np.arange(256) / 255 - 0.5) / 0.25) > 1).sum()), 64, 127],
    "2": lambda: [_side([(4, 2)] * 4), _side([(4, 2)] * 3), 16, 64],
    "3": lambda: [_needed(4), _needed(1), _needed(4) - 1],
    "4": lambda: [_gap(2, 1, 2), 2 / math.sqrt(2.5), 2 / math.sqrt(6.5), 0],
    "5": lambda: [_most(5, 3)[0], math.sqrt(_most(5, 3)[0]), 25 / 9],
    "6": lambda: [mpmath.root(mpmath.mpf("0.01"), 850), 1 - 1 / mpmath.mpf(850)],
    "7": lambda: [50 / chi2(100).std(), 0.25, (10 - mpmath.sqrt(50)) / mpmath.sqrt(0.5)],
    "8": lambda: [[most / least for most, least in _covered()], [math.sqrt(a / b) for a, b in _covered()]],
    "13": lambda: [[_dilated(stack) for stack in DILATED], [_dilated(stack, False) for stack in DILATED]],
}
QUIZ: dict[str, Check] = {
    "quarter-way": lambda: [64 * (0.75**2 + 0.25**2), 64, 32, 64 * 0.75**2],
    "order-of-kernels": lambda: [most / least for most, least in (_most(k, 2) for k in (4, 7, 5, 3))],
}
SAID: dict[str, Check] = {
    "quarter-way": lambda: [0.75**2, 0.25**2, 0.75**2 + 0.25**2],
    "exercise 1": lambda: _inside(),
    "exercise 2": lambda: [_side([(4, 2)] * depth) for depth in (1, 2, 3, 4)],
    "exercise 3": lambda: [
        _apart(TWO),
        _side([*TWO, (3, 1)]) - _side(TWO),
        _side(TWO),
        _side([*TWO, (3, 1), (3, 1)]),
    ],
    "exercise 7": lambda: [chi2(100).mean(), chi2(100).var()],
    "exercise 9": lambda: [100],
    "exercise 4": lambda: [(2 / _gap(2, 1, 2)) ** 2],
}

SAME_LINE = {
    r"(1 - \alpha) + \alpha z_1": "a one in each coordinate is as long as a latent is on average",
    r"(1 - \alpha)z_0 + \alpha": "a one in each coordinate is as long as a latent is on average",
    r" - (1 - \alpha)z_0 + \alpha z_1": "a latent and its mirror image have one distribution",
    r"(1 - \alpha)z_0 - \alpha z_1": "a latent and its mirror image have one distribution",
}


def _line_with(mean: str) -> str:
    """The display of the line with another point on it, as a mutant writes it."""
    start = r"\mathbb{E}_{(z_0 , z_1)\sim p}"
    return start + rf"[\|{mean}\|^{{2}}] = ((1 - \alpha)^{{2}} + \alpha^{{2}})d"


EQUATIONS = [
    Equation("img-range", r"x = \frac{2 v}{255} - 1, \qquad v = \frac{255 (x + 1)}{2}", the_bytes),
    Equation("img-field", r"r_{\text{new}} = r + (k - 1) \, j, \qquad j_{\text{new}} = s \, j", the_field),
    Equation("img-apart", r"f(u_1, v_1) + f(u_2, v_2) = f(u_1, v_2) + f(u_2, v_1)", apart),
    Equation("img-blind", r"L_D \ge 2 \log 2", blind),
    Equation(
        "img-mixed",
        r"""
        \mu = \frac{\mu_r + \mu_f}{2}, \qquad
        \tau^{2} = \frac{\tau_r^{2} + \tau_f^{2}}{2} + \frac{(\mu_r - \mu_f)^{2}}{4}
        """,
        mixed,
    ),
    Equation(
        "img-memory",
        r"u_n = \beta^{n} u_0 + (1 - \beta) \sum_{i=1}^{n} \beta^{n-i} \theta_i",
        remembered,
    ),
    Equation("img-overlap", r"c_i = \operatorname{floor}(\frac{k - 1 - i}{s}) + 1", copies),
    Equation(
        "img-norm",
        r"""
        \mathbb{E}_{z \sim p_z}[\|z\|^{2}] = d, \qquad
        \mathbb{E}_{z \sim p_z}[(\|z\|^{2} - d)^{2}] = 2 d
        """,
        the_shell,
    ),
    Equation(
        "img-line",
        r"""
        \mathbb{E}_{(z_0, z_1) \sim p}[\|(1 - \alpha) z_0 + \alpha z_1\|^{2}]
        = ((1 - \alpha)^{2} + \alpha^{2}) \, d
        """,
        the_line,
        {_line_with(mean): why for mean, why in SAME_LINE.items()},
    ),
    Equation(
        "img-arc",
        r"""
        z_{\alpha} = \frac{\operatorname{sin}((1 - \alpha) \phi)}{\operatorname{sin}(\phi)} z_0
        + \frac{\operatorname{sin}(\alpha \phi)}{\operatorname{sin}(\phi)} z_1
        """,
        the_arc,
    ),
]
