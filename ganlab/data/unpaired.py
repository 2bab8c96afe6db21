"""Two sets of samples with a map between them that we know and the players do not: unpaired translation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor

from ganlab.data.checks import check_draw, check_positive, described
from ganlab.data.entry import DataSet
from ganlab.data.images import Images, digits
from ganlab.data.points import Mixture, ring

__all__ = ["UNPAIRED", "Unpaired", "inverted_digits", "turned_rings"]

Domain = Mixture | Images


@dataclass(frozen=True, eq=False)
class Unpaired:
    """Samples x of a source, samples y = T(x') of a target, and the map T, which judges and does not teach.

    `source`: where x comes from. `others`: where x' comes from, with the distribution of the source; of
    images these are other images, so that no y belongs to an x that is learnt from. `ahead`: T, of samples
    (N, ...); `undo`: its inverse. A sample of this source is one of the target.

    >>> rings = turned_rings()
    >>> x, y = rings.draw(4, torch.Generator().manual_seed(0))
    >>> x.shape, y.shape, bool(torch.allclose(rings.undo(rings.ahead(x)), x, atol=1e-6))
    (torch.Size([4, 2]), torch.Size([4, 2]), True)
    """

    source: Domain
    others: Domain
    ahead: Callable[[Tensor], Tensor]
    undo: Callable[[Tensor], Tensor]

    @property
    def kind(self) -> str:
        """What it is a translation of: "unpaired" of points, "unpaired_images" of images."""
        return "unpaired_images" if isinstance(self.source, Images) else "unpaired"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample, of either side."""
        return self.source.shape

    def draw(
        self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, Tensor]:
        """n samples of the source and, independent of them, n of the target, (n, ...) each."""
        return _drawn(self.source, n, rng, dtype)[0], self.sample(n, rng, dtype=dtype)

    def sample(self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None) -> Tensor:
        """n independent samples of the target, (n, ...)."""
        return self.ahead(_drawn(self.others, n, rng, dtype)[0])

    def pairs(
        self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, Tensor]:
        """n samples of the source and the target's samples that belong to them, (n, ...) each."""
        x = _drawn(self.source, n, rng, dtype)[0]
        return x, self.ahead(x)

    def held_out(
        self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, Tensor]:
        """n samples of the source's distribution that a translator never saw, and their labels (n,)."""
        return _drawn(self.others, n, rng, dtype)


def turned_rings(
    turn: float = 36.0,
    *,
    stretch: tuple[float, float] = (1.5, 0.75),
    modes: int = 5,
    radius: float = 1.0,
    std: float = 0.05,
) -> Unpaired:
    """A ring of Gaussians, and the same ring turned by `turn` degrees and then stretched along both axes.

    T(x) = A x with A = diag(stretch) R, where R turns by that angle, against the clock.
    Raises `ValueError` where a stretch is not positive, or as `ring` does.

    >>> turned_rings(90.0, stretch=(2.0, 1.0)).ahead(torch.tensor([[1.0, 0.0], [0.0, 1.0]])).round()
    tensor([[ 0.,  1.],
            [-2.,  0.]])
    """
    for size in stretch:
        check_positive("stretch", size)
    angle = math.radians(turn)
    cos, sin = math.cos(angle), math.sin(angle)
    turned = torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)
    matrix = torch.diag(torch.tensor(stretch, dtype=torch.float64)) @ turned
    own = ring(modes, radius=radius, std=std)
    return Unpaired(own, own, partial(_mapped, matrix), partial(_mapped, torch.linalg.inv(matrix)))


def inverted_digits() -> Unpaired:
    """The handwritten digits of 8x8 pixels, and others of them in negative: T(x) = -x.

    Half of the 1797 digits, every second one, are the source, and the others, in negative, the target.

    >>> len(inverted_digits().source), len(inverted_digits().others)
    (899, 898)
    """
    every = digits(split="all")
    halves = [
        replace(every, pixels=every.pixels[start::2], labels=every.labels[start::2]) for start in (0, 1)
    ]
    return Unpaired(halves[0], halves[1], torch.neg, torch.neg)


def _mapped(matrix: Tensor, x: Tensor) -> Tensor:
    if x.ndim != 2 or x.shape[1] != len(matrix):
        raise ValueError(f"`x` must have shape (N, {len(matrix)}), got {described(x)}")
    return x @ matrix.to(x.device, x.dtype).T


def _drawn(domain: Domain, n: int, rng: torch.Generator, dtype: torch.dtype | None) -> tuple[Tensor, Tensor]:
    """n independent samples and their labels; of images, drawn with repetition."""
    check_draw("n", n, rng)
    if hasattr(domain, "draw"):
        return cast("Mixture", domain).draw(n, rng, dtype=dtype)
    images = cast("Images", domain)
    index = torch.randint(len(images), (n,), generator=rng)
    return images.batch(index, dtype=dtype or torch.get_default_dtype()), images.labels[index]


def _entry(kind: str, shape: tuple[int, ...], make: Any, default: dict[str, Any]) -> DataSet:
    return DataSet(kind, shape, make, default)


_POINTS = {
    "width": 64,
    "batch_size": 128,
    "steps": 1500,
    "learning_rates": [1e-3, 1e-3],
    "schedule": "linear",
    "cycle": 10.0,
}
_IMAGES = _POINTS | {
    "translator": "convolutions",
    "width": 32,
    "discriminator_width": [256, 128],
    "batch_size": 64,
    "steps": 1500,
}

UNPAIRED: dict[str, DataSet] = {
    "turned_rings": _entry("unpaired", (2,), turned_rings, _POINTS),
    "turned_rings_20": _entry("unpaired", (2,), partial(turned_rings, 20.0), _POINTS),
    "inverted_digits": _entry("unpaired_images", (1, 8, 8), inverted_digits, _IMAGES),
}
"""The data sets of two unpaired sides, by name; their part of `ganlab.data.DATASETS`.

>>> UNPAIRED["turned_rings"].kind
'unpaired'
"""
