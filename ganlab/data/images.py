"""Small sets of labelled images, kept whole in memory as bytes, and digits stacked three at a time.

An image is (C, H, W) in [-1, 1], and `check_images` refuses what is none at the border.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Any, ClassVar

import torch
from torch import Tensor

from ganlab.data.checks import check_choice, check_draw, check_tensor, described
from ganlab.data.entry import DataSet
from ganlab.data.idx import read_images

__all__ = ["IMAGES", "Images", "Stacked", "check_images", "digits", "fashion_mnist", "mnist", "stacked"]


@dataclass(frozen=True, eq=False)
class Images:
    """A labelled image set held in memory as bytes: a quarter of what float32 would take.

    `pixels` (N, C, H, W) uint8 between 0 and `maximum`; `labels` (N,) int64. `classes`: the names of the
    labels, where they have names.
    """

    kind: ClassVar[str] = "images"
    name: str
    pixels: Tensor
    labels: Tensor
    maximum: int = 255
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_tensor("pixels", self.pixels)
        check_tensor("labels", self.labels)
        if self.pixels.ndim != 4 or self.pixels.dtype != torch.uint8:
            raise ValueError(f"`pixels` must be uint8 of shape (N, C, H, W), got {described(self.pixels)}")
        _check_channels("pixels", self.pixels)
        if self.labels.shape != self.pixels.shape[:1]:
            raise ValueError(
                f"`labels` must have shape ({len(self.pixels)},), got {tuple(self.labels.shape)}"
            )
        if self.pixels.numel() == 0 or self.pixels.max() > self.maximum:
            raise ValueError(f"`pixels` must not be empty nor go above `maximum`, {self.maximum}")

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape (C, H, W) of one image."""
        return tuple(self.pixels.shape[1:])

    def batch(self, index: Tensor, *, dtype: torch.dtype = torch.float32) -> Tensor:
        """The images with these numbers, in [-1, 1]: 0 becomes exactly -1 and `maximum` exactly 1.

        index: (B,) integers -> (B, C, H, W).
        """
        return self.pixels[index].to(dtype).div_(self.maximum / 2).sub_(1)


def digits(*, split: str = "train") -> Images:
    """The 1797 handwritten digits of 8x8 pixels that ship with scikit-learn, (N, 1, 8, 8).

    `split`: "train" (the first 1437), "test" (the last 360) or "all". The cut is ours and follows the order
    of the file, which goes by writer. Raises `ValueError` on another split.
    Source: Pedregosa et al. 2011 [pedregosa2011].

    >>> images = digits()
    >>> len(images), images.shape, images.maximum
    (1437, (1, 8, 8), 16)
    """
    parts = {"train": slice(0, 1437), "test": slice(1437, None), "all": slice(None)}
    check_choice("split", split, parts)
    from sklearn.datasets import load_digits

    bunch: Any = load_digits()
    pixels = torch.from_numpy(bunch.images).to(torch.uint8)[:, None]
    labels = torch.from_numpy(bunch.target).long()
    return Images("digits", pixels[parts[split]], labels[parts[split]], maximum=16)


def fashion_mnist(root: str | PathLike[str] | None = None, *, split: str = "train") -> Images:
    """The Fashion-MNIST images of ten kinds of clothing, (N, 1, 28, 28): 60000 to train on, 10000 to test.

    The files are looked for in `root`, if given, and otherwise in the folder that the environment variable
    GANLAB_DATA names, in `/usr/share/datasets` (Debian's package dataset-fashion-mnist), and in the user's
    cache, into which they are downloaded when they are nowhere. In each folder the layout may be
    torchvision's (`FashionMNIST/raw`), Debian's (`fashion-mnist`), or flat; compressed or not.
    Raises `DataError` where a file is missing, truncated or altered, `ValueError` on an unknown split.
    Source: Xiao et al. 2017 [xiao2017].
    """
    check_choice("split", split, ("train", "test"))
    pixels, labels = read_images("FashionMNIST", split, root)
    return Images("fashion_mnist", pixels, labels)


def mnist(root: str | PathLike[str] | None = None, *, split: str = "train") -> Images:
    """The MNIST handwritten digits, (N, 1, 28, 28): 60000 to train on, 10000 to test.

    Looked for where `fashion_mnist` looks, in the folders `MNIST/raw` or `mnist`, or flat.
    Raises `DataError` where a file is missing, truncated or altered, `ValueError` on an unknown split.
    Source: LeCun et al. 1998 [lecun1998].
    """
    check_choice("split", split, ("train", "test"))
    pixels, labels = read_images("MNIST", split, root)
    return Images("mnist", pixels, labels)


@dataclass(frozen=True, eq=False)
class Stacked:
    """Three digits, drawn independently, in the three channels of one image: 1000 modes."""

    kind: ClassVar[str] = "stacked"
    images: Images

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape (3, H, W) of one image."""
        return (3, *self.images.shape[1:])

    def draw(
        self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, Tensor]:
        """n fresh images (n, 3, H, W) in [-1, 1] and their modes (n,), 100 a + 10 b + c in channel order."""
        check_draw("n", n, rng)
        index = torch.randint(len(self.images), (n, 3), generator=rng)
        pictures = self.images.batch(index.flatten(), dtype=dtype or torch.float32)
        modes = self.images.labels[index] @ torch.tensor([100, 10, 1])
        return pictures.reshape(n, 3, *self.images.shape[1:]), modes

    def sample(self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None) -> Tensor:
        """n fresh images (n, 3, H, W) in [-1, 1], float32 unless `dtype` says otherwise."""
        return self.draw(n, rng, dtype=dtype)[0]


def stacked(images: Images) -> Stacked:
    """The source of images with three of the given digits, one a channel: 1000 modes to count.

    Raises `ValueError` unless the images have one channel and labels 0 to 9.
    Source: Srivastava et al. 2017 [srivastava2017]; Metz et al. 2017 [metz2017].

    >>> pictures, modes = stacked(digits()).draw(5, torch.Generator().manual_seed(0))
    >>> pictures.shape, bool((modes < 1000).all())
    (torch.Size([5, 3, 8, 8]), True)
    """
    if images.shape[0] != 1:
        raise ValueError(f"`images` must have one channel, got {images.shape[0]}")
    low, high = int(images.labels.min()), int(images.labels.max())
    if low < 0 or high > 9:
        raise ValueError(f"`images` must have labels 0 to 9, got {low} to {high}")
    return Stacked(images)


def check_images(x: Tensor) -> Tensor:
    """The images x themselves, after the check that they are (N, C, H, W) and within [-1, 1].

    Raises `TypeError` where x is no floating-point tensor, `ValueError` where the shape or the range is
    wrong, the channels come last, or a value is NaN. A tanh generator that meets data in [0, 1] can be told
    apart by the range alone.

    >>> check_images(torch.full((1, 1, 2, 2), 255.0))
    Traceback (most recent call last):
    ...
    ValueError: `x` must lie within [-1, 1], got values from 255 to 255
    """
    check_tensor("x", x)
    if not x.is_floating_point():
        raise TypeError(f"`x` must be floating-point images in [-1, 1], got {x.dtype}")
    if x.ndim != 4 or x.numel() == 0:
        raise ValueError(f"`x` must have shape (N, C, H, W), not empty, got {tuple(x.shape)}")
    _check_channels("x", x)
    if x.isnan().any():
        raise ValueError(f"`x` must not hold NaN, got {int(x.isnan().sum())} of them")
    low, high = x.aminmax()
    if low < -1 or high > 1:
        raise ValueError(f"`x` must lie within [-1, 1], got values from {low:g} to {high:g}")
    return x


def _check_channels(name: str, x: Tensor) -> None:
    """Refuse (N, H, W, C), which would be images of H channels."""
    colours = (1, 3, 4)
    if x.shape[3] in colours and x.shape[1] not in colours and x.shape[1] >= 8:
        raise ValueError(
            f"`{name}` must have shape (N, C, H, W), got {tuple(x.shape)}: x.permute(0, 3, 1, 2) of a "
            "tensor, x.transpose(0, 3, 1, 2) of an array, puts the channels first"
        )


_DEFAULT = {
    "latent_dim": 100,
    "width": (128, 256),
    "discriminator_width": (256, 128),
    "learning_rates": (2e-4, 2e-4),
}

_CHOSEN = _DEFAULT | {"learning_rates": (3e-3, 3e-3), "batch_size": 64, "ema": 0.99, "steps": 4690}
"""Chosen on Fashion-MNIST by the studies `architectures` and `full_length`."""

IMAGES: dict[str, DataSet] = {
    "digits": DataSet("images", (1, 8, 8), digits, _DEFAULT | {"steps": 3000, "batch_size": 64}, classes=10),
    "fashion_mnist": DataSet("images", (1, 28, 28), fashion_mnist, _CHOSEN, files=True, classes=10),
    "mnist": DataSet("images", (1, 28, 28), mnist, _CHOSEN, files=True, classes=10),
    "stacked": DataSet(
        "stacked",
        (3, 8, 8),
        lambda: stacked(digits()),
        _DEFAULT | {"steps": 10_000, "ema": 0.999},
        classes=1000,
    ),
}
"""The data sets of images, by name; their part of `ganlab.data.DATASETS`. `stacked` is three of the small
digits in three channels. 4690 steps are ten passes over 60 000 training images in batches of 128.

>>> IMAGES["mnist"].shape
(1, 28, 28)
"""
