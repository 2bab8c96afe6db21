"""Generators that are wrong on purpose, made of real pictures, and the verdict of a metric on samples.

A metric is trusted where it sees a fault that was put there, and leaves in peace what is perfect. Faults are
made of pictures that the metric does not know; `verdict` says whether a value is usual for a perfect
generator, whose values under other splits of the data are the measure of what is usual.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor
from torch.nn.functional import avg_pool2d

from ganlab.data import Images, check_images

__all__ = ["Parts", "blurred", "copied", "noisy", "of_classes", "parts", "verdict"]


class Parts(NamedTuple):
    """Three parts of a set of images that share no image, each in [-1, 1].

    `known` (N, C, H, W): what a generator is trained on. `held_out` (N, C, H, W): what it is compared with.
    `fresh`: the others, of which perfect and faulty samples are made, with their classes `labels`.
    """

    known: Tensor
    held_out: Tensor
    fresh: Tensor
    labels: Tensor


def parts(images: Images, count: int, rng: Generator, *, dtype: torch.dtype = torch.float64) -> Parts:
    """The images, parted by lot: `count` known, as many held out, and the rest.

    Raises `ValueError` unless 1 <= 2 `count` < the number of images.

    >>> from ganlab.data import digits
    >>> [len(part) for part in parts(digits(split="all"), 400, torch.Generator().manual_seed(0))]
    [400, 400, 997, 997]
    """
    if not 1 <= 2 * count < len(images):
        raise ValueError(f"`count` must be at least 1 and less than {len(images) / 2:g}, got {count}")
    order = torch.randperm(len(images), generator=rng)
    known, held_out, rest = order.split([count, count, len(images) - 2 * count])
    first, second, third = (images.batch(index, dtype=dtype) for index in (known, held_out, rest))
    return Parts(first, second, third, images.labels[rest])


def blurred(pictures: Tensor, weight: float = 1.0) -> Tensor:
    """The pictures (N, C, H, W), mixed with the means over three by three pixels: (1 - w) x + w mean(x).

    At the border the mean is over the pixels that are there. Raises `ValueError` where the pictures leave
    [-1, 1] or `weight` leaves [0, 1].

    >>> blurred(torch.tensor([[[[-1.0, 1.0]]]]), 0.5)
    tensor([[[[-0.5000,  0.5000]]]])
    """
    check_images(pictures)
    _check_share("weight", weight)
    means = avg_pool2d(pictures, 3, 1, 1, count_include_pad=False)
    return (1 - weight) * pictures + weight * means


def noisy(pictures: Tensor, std: float, rng: Generator) -> Tensor:
    """The pictures with normal noise of standard deviation `std` on each pixel, cut off at -1 and 1.

    Raises `ValueError` where the pictures leave [-1, 1] or `std` is negative.

    >>> noisy(torch.ones(1, 1, 2, 2), 0.0, torch.Generator().manual_seed(0)).mean()
    tensor(1.)
    """
    check_images(pictures)
    if not std >= 0:
        raise ValueError(f"`std` must not be negative, got {std}")
    noise = torch.randn(pictures.shape, generator=rng, dtype=pictures.dtype)
    return (pictures + std * noise).clamp(-1, 1)


def of_classes(
    pictures: Tensor, labels: Tensor, classes: Sequence[int], count: int, rng: Generator
) -> Tensor:
    """`count` pictures of these classes by lot, without repetition where there are enough of them.

    Raises `ValueError` where there is no picture of these classes.

    >>> pictures, labels = torch.arange(4.0)[:, None], torch.tensor([0, 1, 0, 1])
    >>> of_classes(pictures, labels, [1], 2, torch.Generator().manual_seed(0)).sort(0).values
    tensor([[1.],
            [3.]])
    """
    kept = torch.isin(labels, torch.as_tensor(classes)).nonzero()[:, 0]
    if len(kept) == 0:
        raise ValueError(f"`classes` must be some that occur in `labels`, got {list(classes)}")
    drawn = [kept[torch.randperm(len(kept), generator=rng)] for _ in range(math.ceil(count / len(kept)))]
    return pictures[torch.cat(drawn)[:count]]


def copied(pictures: Tensor, known: Tensor, share: float, rng: Generator) -> Tensor:
    """The pictures, a share of which is replaced by known ones, no known one twice.

    The first round(share N) are copies. Raises `ValueError` where `share` leaves [0, 1] or there are fewer
    known ones than copies.

    >>> copied(torch.zeros(4, 1), torch.ones(4, 1), 0.5, torch.Generator().manual_seed(0)).sum()
    tensor(2.)
    """
    _check_share("share", share)
    count = round(share * len(pictures))
    if count > len(known):
        raise ValueError(f"`known` must be at least {count} for so many copies, got {len(known)}")
    return torch.cat([known[torch.randperm(len(known), generator=rng)[:count]], pictures[count:]])


def verdict(value: float, usual: Sequence[float], *, better: int) -> int:
    """-1 where a value is worse than all that are usual, +1 where it is better than all of them, else 0.

    If the value is one more draw of the law of the R usual ones, it falls outside with the probability
    2 / (R + 1) at most, and with just that where no two values are equal: 39 give a level of 0.05.

    `better`: +1 where more is better, -1 where less is. Raises `ValueError` where it is another, there is no
    usual value, or one is NaN.
    It is a test by simulation.

    >>> [verdict(value, [1.0, 2.0, 3.0], better=1) for value in (0.5, 2.5, 3.5)]
    [-1, 0, 1]
    """
    if better not in (-1, 1):
        raise ValueError(f"`better` must be 1 or -1, got {better}")
    if not usual or any(math.isnan(x) for x in (value, *usual)):
        raise ValueError(f"`value` and `usual` must be numbers, got {value} and {len(usual)} usual ones")
    return better * (int(value > max(usual)) - int(value < min(usual)))


def _check_share(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"`{name}` must lie within [0, 1], got {share}")
