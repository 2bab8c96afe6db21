"""Samplers that no training made: what a method has to beat before its numbers mean anything."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import avg_pool2d

from ganlab.data import Images, Mixture, Unpaired

__all__ = ["maps", "samplers"]

Sampler = Callable[[int, Generator], Tensor]
Map = Callable[[Tensor], Tensor]
BLUR = 5  # times the width of a mode: the samples still lie about the modes, and few of them near


def samplers(source: Any) -> dict[str, Sampler]:
    """The null rows of a source, by name, each a function of a count and an `rng`.

    Of a mixture: a "perfect sampler"; its "shape without modes", the circle on which all centres lie, or the
    box that they span, uniformly; "one mode"; "half of the modes", evenly; and "blurred data", each mode five
    times as wide. Of labelled images: "one class", "half of the classes", and "blurred data", each image the
    mean over squares of five by five pixels; a perfect sampler is real images that were held out, which the
    judge draws itself. Of other data: a "perfect sampler". Points are float64, images float32.

    >>> from ganlab.data import ring
    >>> rng = torch.Generator().manual_seed(0)
    >>> [f"{sampler(100, rng).norm(dim=1).mean():.1f}" for sampler in samplers(ring()).values()]
    ['2.0', '2.0', '2.0', '2.0', '2.0']
    """
    if isinstance(source, Images):
        return _of_images(source)
    made: dict[str, Any] = {"perfect sampler": source}
    if isinstance(source, Mixture):
        centers, std = source.centers, source.std
        made |= {
            "shape without modes": _Shape(centers),
            "one mode": Mixture(centers[:1], std),
            "half of the modes": Mixture(centers[: (len(centers) + 1) // 2], std),
            "blurred data": Mixture(centers, BLUR * std, source.weights),
        }
    return {name: partial(one.sample, dtype=torch.float64) for name, one in made.items()}


def maps(source: Unpaired) -> dict[str, tuple[Map, Map]]:
    """The null rows of a translation, by name: the map there and the map back.

    The "true map" and its inverse, and "no move", the identity both ways.

    >>> from ganlab.data import turned_rings
    >>> list(maps(turned_rings()))
    ['true map', 'no move']
    """
    return {"true map": (source.ahead, source.undo), "no move": (lambda x: x, lambda x: x)}


def _of_images(source: Images) -> dict[str, Sampler]:
    classes = source.labels.unique()

    def some(kept: Tensor) -> Sampler:
        index = torch.isin(source.labels, kept).nonzero().squeeze(1)
        return lambda count, rng: source.batch(index[torch.randint(len(index), (count,), generator=rng)])

    def blurred(count: int, rng: Generator) -> Tensor:
        return avg_pool2d(some(classes)(count, rng), BLUR, 1, BLUR // 2, count_include_pad=False)

    half = classes[: (len(classes) + 1) // 2]
    return {"one class": some(classes[:1]), "half of the classes": some(half), "blurred data": blurred}


class _Shape:
    """The circle on which all centres lie, where there is one, or the box that they span, uniformly."""

    def __init__(self, centers: Tensor) -> None:
        self.centers = centers.double()

    def sample(self, n: int, rng: Generator, *, dtype: torch.dtype | None = None) -> Tensor:
        middle = self.centers.mean(0)
        away = (self.centers - middle).norm(dim=1)
        uniform = torch.rand(n, self.centers.shape[1], generator=rng, dtype=torch.float64)
        if self.centers.shape[1] == 2 and bool((away - away.mean()).abs().max() < 1e-6 * away.mean()):
            turn = 2 * math.pi * uniform[:, 0]
            points = middle + away.mean() * torch.stack([turn.cos(), turn.sin()], 1)
        else:
            low, high = self.centers.amin(0), self.centers.amax(0)
            points = low + (high - low) * uniform
        return points.to(dtype or torch.get_default_dtype())
