"""Two sets of samples for unpaired translation: what belongs together we know, and the players do not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike
from typing import Any, ClassVar, cast

import torch
from torch import Tensor

from ganlab.data.checks import check_draw, check_positive, described
from ganlab.data.entry import DataSet
from ganlab.data.images import Images, digits, fashion_mnist
from ganlab.data.points import Mixture, ring

__all__ = [
    "UNPAIRED",
    "Unpaired",
    "UnpairedClasses",
    "inverted_digits",
    "shoes_and_tops",
    "turned_rings",
]

Domain = Mixture | Images


def _shape(sides: Unpaired | UnpairedClasses) -> tuple[int, ...]:
    """The shape of one sample, of either side."""
    return sides.source.shape


def _draw(
    sides: Unpaired | UnpairedClasses, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None
) -> tuple[Tensor, Tensor]:
    """n samples of the source and, independent of them, n of the target, (n, ...) each."""
    return _drawn(sides.source, n, rng, dtype)[0], sides.sample(n, rng, dtype=dtype)


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
    shape = property(_shape)
    draw = _draw

    @property
    def kind(self) -> str:
        """What it is a translation of: "unpaired" of points, "unpaired_images" of images."""
        return "unpaired_images" if isinstance(self.source, Images) else "unpaired"

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


@dataclass(frozen=True, eq=False)
class UnpairedClasses:
    """Images of some classes, images of others, and which class of the target belongs to which of the source.

    There is no map of images that would be the true one: a translation is right where it is of the class that
    belongs to that of its image. `partners`: that class of the target, by the class of the source. `source`,
    `target`: the images to learn from. `unseen`: others of the source, which judge, and `unseen_target`,
    others of the target. The image sets keep the labels and the name of the set that they are part of.

    Raises `ValueError` where a set has other classes than the partners say, or another shape than the rest.
    """

    kind: ClassVar[str] = "unpaired_classes"
    source: Images
    target: Images
    unseen: Images
    unseen_target: Images
    partners: dict[int, int] = field(default_factory=dict)
    shape = property(_shape)
    draw = _draw

    def __post_init__(self) -> None:
        for name in ("source", "target", "unseen", "unseen_target"):
            images: Images = getattr(self, name)
            wanted = sorted(self.partners.values() if "target" in name else self.partners)
            found = images.labels.unique().tolist()
            if found != wanted:
                raise ValueError(f"`{name}` must have the classes {wanted} of the partners, got {found}")
            if images.shape != self.source.shape:
                raise ValueError(f"`{name}` must have the shape {self.source.shape}, got {images.shape}")

    def sample(self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None) -> Tensor:
        """n independent samples of the target, (n, ...)."""
        return _drawn(self.target, n, rng, dtype)[0]

    def held_out(
        self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, Tensor]:
        """n images of the source's classes that a translator never saw, and their labels (n,)."""
        return _drawn(self.unseen, n, rng, dtype)

    def partners_of(self, labels: Tensor) -> Tensor:
        """The classes of the target (N,) that belong to classes of the source (N,)."""
        table = torch.full((max(self.partners) + 1,), -1)
        for label, partner in self.partners.items():
            table[label] = partner
        return table[labels]


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


def shoes_and_tops(root: str | PathLike[str] | None = None) -> UnpairedClasses:
    """Sneakers and T-shirts, to be ankle boots and pullovers: classes of Fashion-MNIST.

    A shoe belongs to a shoe and a top to a top; the players are not told. Of each class 6000 images are
    learnt from, and 1000 of the test images judge. `root` and what is raised are those of `fashion_mnist`.
    """
    seen, unseen = (fashion_mnist(root, split=split) for split in ("train", "test"))
    partners = {_SNEAKER: _BOOT, _T_SHIRT: _PULLOVER}
    before, after = list(partners), list(partners.values())
    return UnpairedClasses(
        source=_of_classes(seen, before),
        target=_of_classes(seen, after),
        unseen=_of_classes(unseen, before),
        unseen_target=_of_classes(unseen, after),
        partners=partners,
    )


_T_SHIRT, _PULLOVER, _SNEAKER, _BOOT = 0, 2, 7, 9


def _of_classes(images: Images, classes: list[int]) -> Images:
    kept = torch.isin(images.labels, torch.tensor(classes))
    return replace(images, pixels=images.pixels[kept], labels=images.labels[kept])


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


def _entry(
    kind: str, shape: tuple[int, ...], make: Any, default: dict[str, Any], *, files: bool = False
) -> DataSet:
    return DataSet(kind, shape, make, default, files)


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

_CLOTHES = _IMAGES | {"translator": "mlp", "width": [256, 256], "batch_size": 32, "steps": 600}

UNPAIRED: dict[str, DataSet] = {
    "turned_rings": _entry("unpaired", (2,), turned_rings, _POINTS),
    "turned_rings_20": _entry("unpaired", (2,), partial(turned_rings, 20.0), _POINTS),
    "inverted_digits": _entry("unpaired_images", (1, 8, 8), inverted_digits, _IMAGES),
    "shoes_and_tops": _entry("unpaired_classes", (1, 28, 28), shoes_and_tops, _CLOTHES, files=True),
}
"""The data sets of two unpaired sides, by name; their part of `ganlab.data.DATASETS`.

>>> UNPAIRED["turned_rings"].kind
'unpaired'
"""
