"""A test of whether two sets of samples come from one law: can a fresh classifier tell them apart?

The discriminator of a run is no judge of its generator: the generator was trained against it, and it may lag.
A classifier that has seen neither learns on one half of the samples, and is judged on the other. Where the
two laws are equal it does no better than a coin, whatever it has learnt, and the law of a coin is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn

from ganlab.losses import non_saturating
from ganlab.networks import mlp_discriminator
from ganlab.theory.probability import ArrayLike, as_floating

__all__ = ["TwoSamples", "tail_of_a_coin", "two_sample_test"]

_LEAST = 20  # pairs to learn from, and as many to be judged on
_BATCH = 128
_RATE = 2e-3


class TwoSamples(NamedTuple):
    """What a fresh classifier made of pairs of one real and one generated sample that it had never seen.

    `right`: in how many of the `pairs` the real one got the higher score. `p_value`: the probability that a
    coin does as well or better, which is what the classifier is where the laws are equal.

    >>> TwoSamples(right=60, pairs=100, p_value=tail_of_a_coin(60, 100))
    A fresh classifier is right on 60 of 100 pairs; a coin does as well with probability 0.0284.
    """

    right: int
    pairs: int
    p_value: float

    def __repr__(self) -> str:
        return (
            f"A fresh classifier is right on {self.right} of {self.pairs} pairs; a coin does as well with "
            f"probability {self.p_value:.3g}."
        )


def two_sample_test(
    real: ArrayLike,
    fake: ArrayLike,
    *,
    rng: Generator,
    steps: int = 300,
    classifier: Callable[[Sequence[int], Generator], nn.Module] | None = None,
) -> TwoSamples:
    """How well a fresh classifier tells real from generated samples, with the p-value under equal laws.

    Half of the samples, drawn by lot, train it for `steps` steps of cross-entropy. From the other half come
    pairs of one real and one generated sample; it is right where the real one has the higher score, and a
    coin decides where both have the same. If the laws are equal, each pair is as likely the other way round:
    the number of right pairs is binomial (n, 1/2) exactly, whatever was learnt. A p-value below 0.05 is met
    with probability 0.05 at most then. A large one is no proof of equal laws: more samples, or a better
    classifier, may see a difference.

    `real`, `fake`: (N, ...) samples, of one shape and independent of each other; samples that the generator
    or its discriminator were trained on are not. `classifier`: a function of the shape of a sample and an
    `rng` that returns a network from (N, ...) to scores (N,); two hidden layers of 64 units unless said.
    Samples are shifted and scaled to mean 0 and deviation 1, entry by entry, as those that it learns from.

    Raises `ValueError` where the shapes differ, there are fewer than 40 samples of each, one is not finite,
    or `steps` is not positive.
    Source: Lopez-Paz & Oquab 2017, section 3, who count single samples and use a normal law [lopezpaz2017].

    >>> rng = torch.Generator().manual_seed(0)
    >>> real, fake, other = torch.randn(3, 400, 2, generator=rng)
    >>> two_sample_test(real, fake + 1, rng=rng).p_value < 1e-6
    True
    """
    x, y = _checked(real, fake)
    if steps < 1:
        raise ValueError(f"`steps` must be at least 1, got {steps}")
    half = len(x) // 2
    (seen_x, new_x), (seen_y, new_y) = ((s[_lot(s, rng)][: 2 * half]).split(half) for s in (x, y))
    seen = torch.cat([seen_x, seen_y])
    middle, spread = seen.mean(0), seen.std(0).clamp(min=1e-12)
    shape = tuple(x.shape[1:])
    network = (classifier or _plain)(shape, rng).to(seen.dtype)
    _learn(network, (seen_x - middle) / spread, (seen_y - middle) / spread, steps, rng)
    with torch.no_grad():
        ahead = network((new_x - middle) / spread) - network((new_y - middle) / spread)
    coins = torch.rand(half, generator=rng) < 0.5
    right = int(torch.where(ahead == 0, coins, ahead > 0).sum())
    return TwoSamples(right, half, tail_of_a_coin(right, half))


def tail_of_a_coin(right: int, tosses: int) -> float:
    """The probability of at least `right` heads in `tosses` tosses of a fair coin, from exact integers.

        sum over k from `right` to n of (n over k) / 2^n

    Raises `ValueError` unless 0 <= right <= tosses.

    >>> tail_of_a_coin(2, 2), tail_of_a_coin(0, 5)
    (0.25, 1.0)
    """
    if not 0 <= right <= tosses:
        raise ValueError(f"`right` must be between 0 and {tosses} tosses, got {right}")
    ways, total = 1, 0
    for tails in range(tosses - right + 1):
        total += ways
        ways = ways * (tosses - tails) // (tails + 1)
    return total / 2**tosses if tosses < 1000 else (total << 100 >> tosses) / 2**100


def _plain(shape: Sequence[int], rng: Generator) -> nn.Module:
    return mlp_discriminator(shape, rng=rng, width=64, depth=2)


def _lot(samples: Tensor, rng: Generator) -> Tensor:
    return torch.randperm(len(samples), generator=rng)


def _learn(network: nn.Module, x: Tensor, y: Tensor, steps: int, rng: Generator) -> None:
    rule = torch.optim.Adam(network.parameters(), lr=_RATE, fused=True)
    for _ in range(steps):
        some = torch.randint(len(x), (min(_BATCH, len(x)),), generator=rng)
        other = torch.randint(len(y), some.shape, generator=rng)
        rule.zero_grad()
        non_saturating.discriminator(network(x[some]), network(y[other])).backward()
        rule.step()


def _checked(real: ArrayLike, fake: ArrayLike) -> tuple[Tensor, Tensor]:
    x, y = (as_floating(s, name=name).detach().cpu() for s, name in ((real, "real"), (fake, "fake")))
    if x.ndim < 2 or x.shape != y.shape:
        raise ValueError(
            f"`real` and `fake` must have one shape (N, ...), got {tuple(x.shape)} and {tuple(y.shape)}"
        )
    if len(x) < 2 * _LEAST:
        raise ValueError(f"`real` and `fake` must hold at least {2 * _LEAST} samples each, got {len(x)}")
    for name, samples in (("real", x), ("fake", y)):
        if not samples.isfinite().all():
            raise ValueError(f"`{name}` must be finite, got infinite or undefined numbers")
    wide = torch.promote_types(x.dtype, torch.float32)  # a spread of 1e-12 is none in half precision
    return x.to(wide), y.to(wide)
