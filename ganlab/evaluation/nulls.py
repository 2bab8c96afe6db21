"""Samplers that no training made: what a method has to beat before its numbers mean anything."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ganlab.data import Mixture

__all__ = ["samplers"]

Sampler = Callable[[int, Generator], Tensor]
BLUR = 5.0  # times the width of a mode: the samples still lie about the modes, and few of them near


def samplers(source: Any) -> dict[str, Sampler]:
    """The null rows of a source, by name, each a function of a count and an `rng`.

    Of a mixture: a "perfect sampler"; its "shape without modes", the circle on which all centres lie, or the
    box that they span, uniformly; "one mode"; "half of the modes", evenly; and "blurred data", each mode five
    times as wide. Of other data: a "perfect sampler".

    >>> from ganlab.data import ring
    >>> rng = torch.Generator().manual_seed(0)
    >>> [f"{sampler(100, rng).norm(dim=1).mean():.1f}" for sampler in samplers(ring()).values()]
    ['2.0', '2.0', '2.0', '2.0', '2.0']
    """
    perfect: dict[str, Sampler] = {"perfect sampler": lambda count, rng: source.sample(count, rng)}
    if not isinstance(source, Mixture):
        return perfect
    centers, std = source.centers, source.std
    return perfect | {
        "shape without modes": _shape(centers),
        "one mode": Mixture(centers[:1], std).sample,
        "half of the modes": Mixture(centers[: (len(centers) + 1) // 2], std).sample,
        "blurred data": Mixture(centers, BLUR * std, source.weights).sample,
    }


def _shape(centers: Tensor) -> Sampler:
    middle = centers.mean(0)
    away = (centers - middle).norm(dim=1)
    if centers.shape[1] == 2 and bool((away - away.mean()).abs().max() < 1e-6 * away.mean()):

        def circle(count: int, rng: Generator) -> Tensor:
            turn = 2 * math.pi * torch.rand(count, generator=rng, dtype=centers.dtype)
            return middle + away.mean() * torch.stack([turn.cos(), turn.sin()], 1)

        return circle
    low, high = centers.amin(0), centers.amax(0)

    def box(count: int, rng: Generator) -> Tensor:
        return low + (high - low) * torch.rand(count, centers.shape[1], generator=rng, dtype=centers.dtype)

    return box
