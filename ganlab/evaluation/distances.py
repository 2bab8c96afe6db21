"""Distances of two sets of samples: over directions, over blocks, and as the samples grow in number.

The distances themselves are those of `ganlab.evaluation.metrics`; here is what their bias and their scatter
ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from ganlab.evaluation.metrics import classifier_frechet, classifier_kernel
from ganlab.theory.probability import ArrayLike, as_floating

__all__ = ["Blocks", "Extrapolated", "frechet_of_many", "kernel_of_blocks", "sliced_wasserstein"]


def sliced_wasserstein(x: ArrayLike, y: ArrayLike, *, rng: Generator, directions: int = 100) -> float:
    """The mean over random directions of the Wasserstein-1 distance of the two samples' shadows.

    A shadow is the inner products with a unit vector; on the line the distance of N numbers to N others is
    the mean difference of the sorted ones, so that N may be large. It is biased upwards, less than the
    distance in many dimensions, and at most that distance.

    x, y: (N, ...) as many of each, flattened to N points. Directions are uniform on the sphere. Raises
    `ValueError` where the shapes differ, there is no sample, one is not finite, or `directions` is not
    positive.
    Source: Bonneel et al. 2015 [bonneel2015]. The distance of that name in Karras et al. 2018 [karras2018] is
    one of patches at several scales, which are standardised first.

    >>> x = torch.tensor([[0.0], [1.0]])
    >>> print(f"{sliced_wasserstein(x, x + 2, rng=torch.Generator().manual_seed(0)):.3f}")  # on the line
    2.000
    """
    first, second = (as_floating(z, name=n).detach().double() for z, n in ((x, "x"), (y, "y")))
    if first.shape != second.shape or first.ndim < 2 or first.numel() == 0:
        shapes = f"{tuple(first.shape)} and {tuple(second.shape)}"
        raise ValueError(f"`x` and `y` must have one shape (N, ...), got {shapes}")
    if not (first.isfinite().all() and second.isfinite().all()):
        raise ValueError("`x` and `y` must be finite, got infinity or NaN")
    if directions < 1:
        raise ValueError(f"`directions` must be at least 1, got {directions}")
    first, second = first.flatten(1), second.flatten(1)
    units = torch.randn(first.shape[1], directions, generator=rng, dtype=torch.float64)
    units = units / units.norm(dim=0)
    shadows = [(z @ units).sort(dim=0).values for z in (first, second)]
    return (shadows[0] - shadows[1]).abs().mean().item()


class Blocks(NamedTuple):
    """The mean of a distance over blocks, and the standard deviation of its values there (M - 1)."""

    mean: float
    deviation: float
    blocks: int


def kernel_of_blocks(
    real_features: ArrayLike,
    fake_features: ArrayLike,
    *,
    rng: Generator,
    size: int = 1000,
    blocks: int = 100,
) -> Blocks:
    """The kernel distance over blocks of `size` features a side, drawn without repetition inside a block.

    Each block is one value of `classifier_kernel`, which is unbiased, and so is their mean. Blocks share
    samples, so that the deviation is that of one value, and no standard error of the mean.

    real_features (N, F), fake_features (M, F). Raises `ValueError` where `size` is not between 2 and the
    smaller of N and M, there are not at least 2 `blocks`, or a feature is not finite.
    Source: Binkowski et al. 2018, section 4, with 100 blocks of 1000 [binkowski2018].

    >>> rng = torch.Generator().manual_seed(0)
    >>> x = torch.randn(50, 3, generator=rng)
    >>> found = kernel_of_blocks(x, x + 1, rng=rng, size=20, blocks=5)
    >>> found.blocks, found.mean > 0
    (5, True)
    """
    real, fake = (as_floating(z).detach().double() for z in (real_features, fake_features))
    if not 2 <= size <= min(len(real), len(fake)):
        most = min(len(real), len(fake))
        raise ValueError(f"`size` must be between 2 and {most}, the number of samples, got {size}")
    if blocks < 2:
        raise ValueError(f"`blocks` must be at least 2, got {blocks}")
    if not (real.isfinite().all() and fake.isfinite().all()):
        raise ValueError("`real_features` and `fake_features` must be finite, got infinity or NaN")
    values = [classifier_kernel(_some(real, size, rng), _some(fake, size, rng)) for _ in range(blocks)]
    found = torch.tensor(values, dtype=torch.float64)
    return Blocks(found.mean().item(), found.std().item(), blocks)


class Extrapolated(NamedTuple):
    """What a straight line in 1 / N says: its value at infinitely many samples, and its slope in 1 / N."""

    limit: float
    slope: float


def frechet_of_many(
    real_features: ArrayLike, fake_features: ArrayLike, *, sizes: Sequence[int], rng: Generator
) -> Extrapolated:
    """The Frechet distance as it would be with infinitely many samples of both kinds, by a straight line.

    At each size N the distance of N features of either kind, drawn without repetition; the line a + b / N by
    least squares. The distance is a + b / N to first order, see `classifier_frechet`; the limit may be
    negative, by chance or where sizes are too small for a line.

    `sizes`: at least two different ones, from 2 to the smaller number of features. Raises `ValueError` where
    they are not.
    Source: Chong & Forsyth 2020, who vary the generated ones alone [chong2020].

    >>> rng = torch.Generator().manual_seed(0)
    >>> x, y = torch.randn(2, 4000, 4, generator=rng)
    >>> found = frechet_of_many(x, y, sizes=[100, 200, 400, 800], rng=rng)
    >>> classifier_frechet(x[:100], y[:100]) > 0.1 > abs(found.limit)
    True
    """
    real, fake = (as_floating(z).detach().double() for z in (real_features, fake_features))
    most = min(len(real), len(fake))
    if len(set(sizes)) < 2 or min(sizes) < 2 or max(sizes) > most:
        raise ValueError(f"`sizes` must be at least two numbers from 2 to {most}, got {list(sizes)}")
    values = [classifier_frechet(_some(real, n, rng), _some(fake, n, rng)) for n in sizes]
    slope, limit = np.polyfit([1 / n for n in sizes], values, 1)
    return Extrapolated(float(limit), float(slope))


def _some(x: Tensor, count: int, rng: Generator) -> Tensor:
    return x[torch.randperm(len(x), generator=rng)[:count]]
