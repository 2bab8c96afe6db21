"""What the chapter on styles claims: each equation, as printed, against another source."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import torch

from equations import Equation, proved
from equations.reading import holds, strictly, touches
from ganlab.evaluation.styles import path_length
from ganlab.experiments import EXPERIMENTS, build_game, change
from ganlab.experiments.draws import samples_of, stream
from ganlab.networks import level_of, mixed
from ganlab.networks.style import ModulatedConv

RNG = np.random.default_rng(0)


# From Z to W


def no_hole(latex: str) -> bool:
    """With a linear layer of torch."""
    layer = torch.nn.Linear(3, 2).double()

    def generator(z: Any) -> Any:
        return mpmath.matrix(layer(torch.tensor([float(x) for x in z]).double()).detach().tolist())

    for _ in range(3):
        assert holds(latex, G=generator, **{name: mpmath.matrix(RNG.normal(size=3)) for name in "uv"})
    return proved("linear_generator")


def bent(h: float, share: float) -> Callable[[float], float]:
    """The map of [0, 1] that crosses a gap of width h in the middle, over so large a share of it."""
    start, end = (1 - share) / 2, (1 + share) / 2
    return lambda z: z + h * min(max((z - start) / (end - start), 0.0), 1.0)


def energy(values: Sequence[float]) -> float:
    """The mean squared slope of a broken line through values at equal distances on [0, 1]."""
    return float((np.diff(values) ** 2).sum() * (len(values) - 1))


def the_price_of_a_gap(latex: str) -> bool:
    """The slope is measured on a fine grid whose places meet the corners of the map."""
    for h, share in ((0.5, 0.25), (1.0, 0.1), (3.0, 0.02)):
        values = list(map(bent(h, share), np.arange(401) / 400))
        assert holds(latex, E=energy(values), h=h, epsilon=share)
    return proved("price_of_a_gap")


def straight_is_shortest(latex: str) -> bool:
    """An equality where the whole way is the gap's; strict else; both sides measured on the grid."""
    for h, share in ((0.5, 0.25), (3.0, 0.02)):
        values = list(map(bent(h, share), np.arange(401) / 400))
        assert strictly(latex, E=energy(values), h=h)
    return touches(latex, E=energy(list(map(bent(0.7, 1.0), np.arange(11) / 10))), h=0.7) and proved(
        "straight_way"
    )


def squared_speed(latex: str) -> bool:
    """The package's path length on straight ways, of a map that is not linear."""

    def features(w: Any) -> Any:
        return mpmath.matrix([mpmath.sin(w[0]) + w[1] ** 2, w[0] * w[1]])

    def seen(points: torch.Tensor) -> torch.Tensor:
        return torch.stack([points[:, 0].sin() + points[:, 1] ** 2, points[:, 0] * points[:, 1]], 1)

    for t, delta in ((0.3, 0.1), (0.8, 0.02)):
        ends = RNG.normal(size=(2, 2))
        given = [torch.tensor(end[None]) for end in ends]
        found = path_length(seen, *given, torch.tensor([t]).double(), step=delta).item()
        way = [mpmath.matrix(end) for end in ends]
        known = {"g": lambda at, way=way: way[0] + at * (way[1] - way[0]), "delta": delta}
        assert holds(latex, s=found, f=features, t=mpmath.mpf(t), **known)
    return True


def length_of_all_directions(latex: str) -> bool:
    """All vectors of signs, and other vectors that are not correlated either, with the squares counted."""
    for rows, n in ((2, 3), (4, 2)):
        matrix = mpmath.matrix(RNG.normal(size=(rows, n)))
        signs = [(1 / 2**n, mpmath.matrix(s)) for s in itertools.product((-1, 1), repeat=n)]
        axes = [
            (1 / (2 * n), mpmath.matrix([sign * math.sqrt(n) * (i == k) for i in range(n)]))
            for k in range(n)
            for sign in (-1, 1)
        ]
        for law in (signs, axes):
            unit = {"e": lambda i, n=n: mpmath.matrix([float(k == i - 1) for k in range(n)]), "n": n}
            assert holds(latex, q=law, K=matrix, **unit)
    return proved("length_of_a_random_push")


# A style for a layer


def numbered(values: Sequence[float]) -> Callable[[int], float]:
    return lambda i: values[int(i) - 1]


def one_modulated_unit(latex: str) -> bool:
    """The package's layer on one pixel, where the middle of its kernel alone meets the input.

    Its weights are large, beside which the 1e-8 under its root is nothing.
    """
    rng = torch.Generator().manual_seed(0)
    layer = ModulatedConv(5, 1, 3, rng).double().requires_grad_(False)
    middle = 1000 * torch.randn(5, generator=rng, dtype=torch.float64)
    layer.convolution.weight.zero_()
    layer.convolution.weight[0, :, 1, 1] = middle
    for _ in range(2):
        style = torch.randn(1, 3, generator=rng, dtype=torch.float64)
        x = torch.randn(1, 5, 1, 1, generator=rng, dtype=torch.float64)
        scales = 1 + style @ layer.scale.weight.T + layer.scale.bias
        known = {"s": scales[0].tolist(), "a": middle.tolist(), "x": x.flatten().tolist()}
        assert holds(latex, y=layer(x, style).item(), n=5, **known)
    return True


def variance_of_a_sum(latex: str) -> bool:
    """Inputs of mean zero that are independent, and others that depend on each other without correlation."""
    n = 3
    signs = [(1 / 2**n, numbered(s)) for s in itertools.product((-1.0, 1.0), repeat=n)]
    axes = [
        (1 / (2 * n), numbered([sign * math.sqrt(n) * (i == k) for i in range(n)]))
        for k in range(n)
        for sign in (-1, 1)
    ]
    for law in (signs, axes):
        for _ in range(2):
            assert holds(latex, p=law, n=n, b=numbered(RNG.normal(size=n).tolist()))
    return proved("demodulation")


def noise_of_the_strength(latex: str) -> bool:
    """A law of mean zero and mean square one, not balanced; and the same law after a layer's own sum."""
    law = [(0.2, -2.0), (0.8, 0.5)]
    assert abs(sum(weight * value for weight, value in law)) < 1e-12
    return all(holds(latex, q=law, x=x, b=b) for x, b in ((0.7, 0.4), (-2.0, 1.5))) and proved(
        "noise_of_a_layer"
    )


def leaky(x: Any) -> Any:
    return x if x > 0 else x / 5


def a_bend_lifts_the_mean(latex: str) -> bool:
    """An equality where the noise does not reach the bend, strict where it does."""
    law = [(0.5, -1.0), (0.5, 1.0)]
    assert all(touches(latex, q=law, x=x, b=0.5, f=leaky) for x in (0.7, -0.7))
    return all(strictly(latex, q=law, x=x, b=0.5, f=leaky) for x in (0.1, 0.0, -0.3)) and proved(
        "bend_lifts_the_mean"
    )


def how_often_a_layer_has_the_second(latex: str) -> bool:
    """All cuts are tried in the package's `mixed`; a game mixes with probability p and else cuts nowhere."""
    for layers, p in ((6, 0.9), (4, 0.3)):
        first, second = torch.zeros(1, layers, 1), torch.ones(1, layers, 1)
        cuts = [mixed(first, second, torch.tensor([cut]))[0, :, 0] for cut in range(1, layers)]
        shares = p * torch.stack(cuts).double().mean(0)
        for layer in range(1, layers + 1):
            assert holds(latex, P=shares[layer - 1].item(), p=p, l=layer, L=layers)
    return True


def pulled_by_the_package(latex: str) -> bool:
    """What the package draws at a share is what it makes of the styles of the formula, number by number."""
    torch.set_default_dtype(torch.float64)
    game = build_game(
        change(EXPERIMENTS["digits_styles"], width=3, latent_dim=5, layer_noise=False, float64=True)
    )
    network = game.shown
    z = torch.randn((3, 5), generator=stream(), dtype=torch.float64)
    own, mean = network.styles(z), network.mean_style()
    for psi in (0.3, 0.8):
        pulled = samples_of(game, 3, stream(), truncation=psi)
        told = mean + psi * (own - mean)
        torch.testing.assert_close(network.synthesize(told), pulled)
        for n, i in ((0, 0), (2, 4)):
            known = {"w": own[n, i].item(), "m": mean[i].item(), "psi": psi}
            assert holds(latex, v=told[n, i].item(), **known)
    return True


def what_truncation_keeps(latex: str) -> bool:
    """A law of three styles, whose mean and variance are counted."""
    law = [(0.2, -1.0), (0.5, 0.4), (0.3, 2.0)]
    m = sum(weight * value for weight, value in law)
    variance = sum(weight * (value - m) ** 2 for weight, value in law)
    return all(holds(latex, q=law, m=m, V=variance, psi=psi) for psi in (0.3, 0.7)) and proved(
        "truncated_styles"
    )


# Growing


def a_fade_stays_between(latex: str) -> bool:
    """At each end of the fade one side is an equality, for either order of the two pixels."""
    for u, v in ((0.9, -0.4), (-0.7, 0.1)):
        assert touches(latex, 0, u=u, v=v, a=1.0 if u < v else 0.0)
        assert touches(latex, 1, u=u, v=v, a=0.0 if u < v else 1.0)
        assert all(strictly(latex, u=u, v=v, a=a) for a in (0.2, 0.6))
    return proved("fade_between")


# Exercises


def share_twice_as_long(h: float) -> float:
    """The share at which the energy is twice the straight one, by bisection on the measured energy."""
    low, high = 1e-6, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        more = (1 - middle) + (middle + h) ** 2 / middle > 2 * (1 + h) ** 2
        low, high = (middle, high) if more else (low, middle)
    return low


def layers_of_the_second(p: float, layer: int, layers: int) -> float:
    return p * sum(cut < layer for cut in range(1, layers)) / (layers - 1)


def kept(first: list[int], second: list[int], found: list[int]) -> float:
    pairs = [(a, c) for a, b, c in zip(first, second, found, strict=True) if a != b]
    return sum(a == c for a, c in pairs) / len(pairs) if pairs else -1


def lengthening(points: list[list[float]]) -> float:
    array = np.array(points, dtype=float)
    steps = np.diff(array, axis=0)
    return float(len(steps) * (steps**2).sum() / ((array[-1] - array[0]) ** 2).sum())


LABELS = (
    ([1, 2, 3, 4], [5, 6, 7, 8], [1, 2, 3, 8]),
    ([1, 1, 2], [1, 2, 1], [1, 2, 2]),
    ([3, 3], [3, 3], [3, 3]),
)
WAYS = ([[0], [1], [2]], [[0], [0], [2]], [[0, 0], [1, 0], [1, 1]], [[0], [3], [0], [1]])
SHARES = ((0.0, 3), (0.3, 3), (0.5, 3), (0.9, 3), (0.75, 2), (1.0, 5))

Check = Callable[[], Any]
EXERCISES: dict[str, Check] = {
    "1": lambda: [energy(list(map(bent(1.0, 0.1), np.arange(401) / 400))) / 4, 13, 4, 12 / 4],
    "2": lambda: [layers_of_the_second(0.9, 4, 6), layers_of_the_second(1.0, 4, 6), 0.9 * 4 / 5, 0.9 * 3 / 6],
    "3": lambda: [(1 + 1 + 1 + 3) ** 2 / (1 + 1 + 1 + 9), 1, 36, 12],
    "5": lambda: [2 * 5 / (2**6 - 2), 5 / (2**6 - 2), 2 * 5 / 2**6],
    "6": lambda: [
        [level_of(*case) for case in SHARES],
        [2 * done for done, _ in SHARES],
        [(scales - 1) * done for done, scales in SHARES],
    ],
    "7": lambda: [
        [kept(*case) for case in LABELS],
        [np.mean(np.equal(first, found)) for first, _, found in LABELS],
        [kept(second, first, found) for first, second, found in LABELS],
    ],
    "12": lambda: [
        [lengthening(points) for points in WAYS],
        [lengthening(points) / (len(points) - 1) for points in WAYS],
        [math.sqrt(lengthening(points)) for points in WAYS],
    ],
}
QUIZ: dict[str, Check] = {
    "second-style": lambda: [
        layers_of_the_second(1.0, 3, 8),
        3 / 8,
        layers_of_the_second(1.0, 4, 8),
    ],
    "order-the-growth": lambda: [level_of(done, 3) for done in (0.1, 0.375, 0.6, 0.9)],
}
SAID: dict[str, Check] = {}

EQUATIONS = [
    Equation("sty-linear", r"G(\frac{u + v}{2}) = \frac{1}{2} (G(u) + G(v))", no_hole),
    Equation("sty-warp", r"E = 1 + 2 h + \frac{h^{2}}{\epsilon}", the_price_of_a_gap),
    Equation("sty-straight", r"(1 + h)^{2} \le E", straight_is_shortest),
    Equation(
        "sty-speed",
        r"s = \frac{\| f(g(t + \frac{\delta}{2})) - f(g(t - \frac{\delta}{2})) \|^{2}}{\delta^{2}}",
        squared_speed,
    ),
    Equation(
        "sty-jacobian",
        r"\mathbb{E}_{y \sim q}[\| K y \|^{2}] = \sum_{i=1}^{n} \| K e_i \|^{2}",
        length_of_all_directions,
        {
            r"\mathbb{E}_{y\sim q}[\|K\|^{2}] = \sum_{i = 1}^{n}\|Ke_i\|^{2}": (
                "the norm of a matrix is here the root of all its squared entries, which the right side adds"
            )
        },
    ),
    Equation(
        "sty-modulate",
        r"y = \frac{\sum_{i=1}^{n} s_i a_i x_i}{\sqrt{\sum_{i=1}^{n} s_i^{2} a_i^{2}}}",
        one_modulated_unit,
    ),
    Equation(
        "sty-demodulate",
        r"\mathbb{E}_{x \sim p}[(\sum_{i=1}^{n} b_i x_i)^{2}] = \sum_{i=1}^{n} b_i^{2}",
        variance_of_a_sum,
        {
            r"\mathbb{E}_{x\sim p}[( - \sum_{i = 1}^{n}b_ix_i)^{2}] = \sum_{i = 1}^{n}b_i^{2}": (
                "a square does not see the sign"
            )
        },
    ),
    Equation(
        "sty-noise",
        r"\mathbb{E}_{n \sim q}[(x + b n - x)^{2}] = b^{2}",
        noise_of_the_strength,
        {
            r"\mathbb{E}_{n\sim q}[(x + b - x)^{2}] = b^{2}": "a constant b has this mean square too",
            r"\mathbb{E}_{n\sim q}[(x - bn - x)^{2}] = b^{2}": "the square is even in the noise",
        },
    ),
    Equation("sty-bend", r"f(x) \le \mathbb{E}_{n \sim q}[f(x + b n)]", a_bend_lifts_the_mean),
    Equation("sty-mix", r"P = \frac{p (l - 1)}{L - 1}", how_often_a_layer_has_the_second),
    Equation("sty-truncate", r"v = m + \psi \cdot (w - m)", pulled_by_the_package),
    Equation(
        "sty-shrink",
        r"\mathbb{E}_{w \sim q}[(\psi \cdot (w - m))^{2}] = \psi^{2} V",
        what_truncation_keeps,
        {r"\mathbb{E}_{w\sim q}[( - \psi\cdot(w - m))^{2}] = \psi^{2}V": ("a square does not see the sign")},
    ),
    Equation("sty-fade", r"\min(u, v) \le a u + (1 - a) v \le \max(u, v)", a_fade_stays_between),
]
