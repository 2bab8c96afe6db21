"""What the networks learn from: point clouds with a known density, and small sets of images.

A source of points has `sample(n, rng)`; an image set is kept whole in memory, as bytes, and `batch(index)`
turns a part of it into numbers in [-1, 1]. `batches` makes an endless, seeded and resumable stream of
either. Randomness comes from the `torch.Generator` that is passed in and from nowhere else, on the CPU;
points are drawn in float64 and then rounded, so that a seed gives the same points in each precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import Any, Protocol

import torch
from torch import Tensor

from ganlab.data.idx import DataError, read_images

__all__ = [
    "DATASETS",
    "DataError",
    "FreshBatches",
    "Images",
    "Mixture",
    "Sampler",
    "ShuffledBatches",
    "Stacked",
    "SwissRoll",
    "batches",
    "check_images",
    "digits",
    "fashion_mnist",
    "grid",
    "mnist",
    "ring",
    "stacked",
    "swiss_roll",
]


class Sampler(Protocol):
    """Anything with `sample(n, rng, *, dtype=None)`, which returns n fresh draws (n, ...)."""

    def sample(self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None) -> Tensor:
        """n independent draws (n, ...) in `dtype`, or in the default one."""
        ...


# --- Points ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of K Gaussians in D dimensions with one common isotropic standard deviation.

        p(x) = sum_k weights_k N(x; centers_k, std^2 I)

    `centers` (K, D), pairwise distinct; `std` in the units of the points; `weights` (K,), positive with
    sum 1, or None for equal weights. Raises `ValueError` where one of these does not hold.

    >>> pair = Mixture(torch.tensor([[-1.0], [1.0]]), std=0.5)
    >>> pair.sample(3, torch.Generator().manual_seed(0)).shape
    torch.Size([3, 1])
    """

    centers: Tensor
    std: float
    weights: Tensor | None = None

    def __post_init__(self) -> None:
        if self.centers.ndim != 2 or 0 in self.centers.shape or not self.centers.isfinite().all():
            raise ValueError(
                f"`centers` must be finite numbers of shape (K, D), got {_described(self.centers)}"
            )
        if not 0 < self.std < math.inf:
            raise ValueError(f"`std` must be positive and finite, got {self.std}")
        _check_distinct(self.centers.double(), self.std)
        if self.weights is not None:
            _check_weights(self.weights, len(self.centers))

    @cached_property
    def probabilities(self) -> Tensor:
        """The weight of each mode, (K,) in float64, sum 1."""
        if self.weights is None:
            return torch.full((len(self.centers),), 1 / len(self.centers), dtype=torch.float64)
        return self.weights.double() / self.weights.double().sum()

    @cached_property
    def _centers(self) -> Tensor:
        return self.centers.double()

    def draw(
        self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, Tensor]:
        """n independent points (n, D), as `sample` gives them, and the modes (n,) that they come from."""
        _check_draw("n", n, rng)
        mode = torch.multinomial(self.probabilities, n, replacement=True, generator=rng)
        noise = torch.randn(n, self.centers.shape[1], dtype=torch.float64, generator=rng)
        points = self._centers.index_select(0, mode).add_(noise.mul_(self.std))
        return points.to(dtype or torch.get_default_dtype()), mode

    def sample(self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None) -> Tensor:
        """n independent points (n, D), drawn in float64 and given in `dtype`, or in the default one.

        Raises `ValueError` unless n is a positive integer, `TypeError` unless `rng` is a `torch.Generator`.
        """
        return self.draw(n, rng, dtype=dtype)[0]

    def log_density(self, x: Tensor) -> Tensor:
        """The logarithm of the density at each point, in nats, computed in float64.

        x: (n, D) -> (n,). Finite wherever x is: far from all modes the sum is taken in the logarithm.
        Raises `ValueError` where x is not (n, D).

        >>> single = Mixture(torch.zeros(1, 2), std=1.0)
        >>> print(f"{single.log_density(torch.zeros(1, 2)).item():.6f}")  # -log(2 pi)
        -1.837877
        """
        dim = self.centers.shape[1]
        if x.ndim != 2 or x.shape[1] != dim:
            raise ValueError(f"`x` must have shape (n, {dim}), got {tuple(x.shape)}")
        squared = (x.double()[:, None] - self.centers.double()).square().sum(-1)  # (n, K)
        exponents = self.probabilities.log() - squared / (2 * self.std**2)
        return exponents.logsumexp(-1) - dim / 2 * math.log(2 * math.pi * self.std**2)


def ring(modes: int = 8, *, radius: float = 2.0, std: float = 0.02) -> Mixture:
    """The mixture of equally likely Gaussians around a circle, at the angles 2 pi k / modes.

    Neighbouring centres are 2 radius sin(pi / modes) apart. Published code has placed "eight" modes at
    `linspace(0, 2 pi, 8)`, which holds both ends of the circle: seven modes, one with double weight.
    Raises `ValueError` unless `modes` is a positive integer and `radius` and `std` are positive.
    Source: the sizes are those of the toy data of Gulrajani et al. 2017 before scaling [gulrajani2017].

    >>> ring().centers.shape
    torch.Size([8, 2])
    >>> print(f"{torch.pdist(ring().centers).min():.6f}")  # 4 sin(pi / 8)
    1.530734
    """
    _check_count("modes", modes)
    _check_positive("radius", radius)
    angles = 2 * math.pi * torch.arange(modes, dtype=torch.float64) / modes
    return Mixture(radius * torch.stack([angles.cos(), angles.sin()], 1), std)


def grid(side: int = 5, *, spacing: float = 2.0, std: float = 0.05) -> Mixture:
    """The mixture of side^2 equally likely Gaussians on a square lattice around the origin.

    Raises `ValueError` unless `side` is a positive integer and `spacing` and `std` are positive.
    Source: the 25 modes of Lin et al. 2018 [lin2018].

    >>> grid().centers.shape, grid().centers.min().item(), grid().centers.max().item()
    (torch.Size([25, 2]), -4.0, 4.0)
    """
    _check_count("side", side)
    _check_positive("spacing", spacing)
    ticks = spacing * (torch.arange(side, dtype=torch.float64) - (side - 1) / 2)
    return Mixture(torch.cartesian_prod(ticks, ticks), std)


@dataclass(frozen=True, eq=False)
class SwissRoll:
    """A noisy spiral in the plane: data on a curve, which has no density when the noise is zero.

    (t cos t, t sin t) / scale for t uniform on [3 pi / 2, 9 pi / 2], plus Gaussian noise of standard
    deviation noise / scale.
    """

    noise: float = 0.25
    scale: float = 7.5

    def sample(self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None) -> Tensor:
        """n independent points (n, 2), drawn in float64 and given in `dtype`, or in the default one."""
        _check_draw("n", n, rng)
        t = 1.5 * math.pi * (1 + 2 * torch.rand(n, dtype=torch.float64, generator=rng))
        noise = self.noise * torch.randn(n, 2, dtype=torch.float64, generator=rng)
        curve = t[:, None] * torch.stack([t.cos(), t.sin()], 1)
        return ((curve + noise) / self.scale).to(dtype or torch.get_default_dtype())


def swiss_roll(*, noise: float = 0.25, scale: float = 7.5) -> SwissRoll:
    """The noisy spiral of the toy experiments, about 2 units in radius.

    Raises `ValueError` unless `noise` is not negative and `scale` is positive.
    Source: scikit-learn's roll seen from the side, with the sizes of Gulrajani et al. 2017 [gulrajani2017].

    >>> swiss_roll().sample(4, torch.Generator().manual_seed(0)).shape
    torch.Size([4, 2])
    """
    if not 0 <= noise < math.inf:
        raise ValueError(f"`noise` must be finite and not negative, got {noise}")
    _check_positive("scale", scale)
    return SwissRoll(noise, scale)


# --- Images ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Images:
    """A labelled image set held in memory as bytes: a quarter of what float32 would take.

    `pixels` (N, C, H, W) uint8 between 0 and `maximum`; `labels` (N,) int64.
    """

    name: str
    pixels: Tensor
    labels: Tensor
    maximum: int = 255

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or self.pixels.dtype != torch.uint8:
            raise ValueError(f"`pixels` must be uint8 of shape (N, C, H, W), got {_described(self.pixels)}")
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
    _check_choice("split", split, parts)
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
    _check_choice("split", split, ("train", "test"))
    pixels, labels = read_images("FashionMNIST", split, root)
    return Images("fashion_mnist", pixels, labels)


def mnist(root: str | PathLike[str] | None = None, *, split: str = "train") -> Images:
    """The MNIST handwritten digits, (N, 1, 28, 28): 60000 to train on, 10000 to test.

    Looked for where `fashion_mnist` looks, in the folders `MNIST/raw` or `mnist`, or flat.
    Raises `DataError` where a file is missing, truncated or altered, `ValueError` on an unknown split.
    Source: LeCun et al. 1998 [lecun1998].
    """
    _check_choice("split", split, ("train", "test"))
    pixels, labels = read_images("MNIST", split, root)
    return Images("mnist", pixels, labels)


DATASETS: dict[str, Callable[..., Mixture | SwissRoll | Images]] = {
    "ring": ring,
    "grid": grid,
    "swiss_roll": swiss_roll,
    "digits": digits,
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
}
"""The function that returns each data set, by name.

>>> DATASETS["ring"] is ring
True
"""


@dataclass(frozen=True, eq=False)
class Stacked:
    """Three digits, drawn independently, in the three channels of one image: 1000 modes."""

    images: Images

    def draw(
        self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, Tensor]:
        """n fresh images (n, 3, H, W) in [-1, 1] and their modes (n,), 100 a + 10 b + c in channel order."""
        _check_draw("n", n, rng)
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

    Raises `TypeError` where x is not floating-point, `ValueError` where the shape or the range is wrong or a
    value is NaN. A tanh generator that meets data in [0, 1] can be told apart by the range alone.

    >>> check_images(torch.full((1, 1, 2, 2), 255.0))
    Traceback (most recent call last):
    ...
    ValueError: `x` must lie within [-1, 1], got values from 255 to 255
    """
    if not x.is_floating_point():
        raise TypeError(f"`x` must be floating-point images in [-1, 1], got {x.dtype}")
    if x.ndim != 4 or x.numel() == 0:
        raise ValueError(f"`x` must have shape (N, C, H, W), not empty, got {tuple(x.shape)}")
    if x.isnan().any():
        raise ValueError(f"`x` must not hold NaN, got {int(x.isnan().sum())} of them")
    low, high = x.aminmax()
    if low < -1 or high > 1:
        raise ValueError(f"`x` must lie within [-1, 1], got values from {low:g} to {high:g}")
    return x


# --- Endless batches ------------------------------------------------------------------------------------


Batch = Tensor | tuple[Tensor, Tensor]


class FreshBatches:
    """An endless stream of fresh draws (B, ...) from a source. See `batches`."""

    def __init__(
        self,
        source: Sampler,
        batch_size: int,
        rng: torch.Generator,
        dtype: torch.dtype | None,
        *,
        labelled: bool = False,
    ):
        self.batch_size, self.rng, self.dtype = batch_size, rng, dtype
        self.draw: Callable[..., Batch] = source.draw if labelled else source.sample  # type: ignore[attr-defined] - `batches` has looked

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        return self.draw(self.batch_size, self.rng, dtype=self.dtype)

    def state_dict(self) -> dict[str, Tensor]:
        """All that the next batches depend on: the state of the random stream."""
        return {"rng": self.rng.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from the state, as if there had been no interruption."""
        self.rng.set_state(state["rng"])


class ShuffledBatches:
    """An endless stream of batches (B, C, H, W) from shuffled epochs of an image set. See `batches`."""

    def __init__(
        self,
        images: Images,
        batch_size: int,
        rng: torch.Generator,
        dtype: torch.dtype | None,
        *,
        labelled: bool = False,
    ):
        self.images, self.batch_size, self.rng = images, batch_size, rng
        self.dtype, self.labelled = dtype or torch.float32, labelled
        self.order = torch.arange(len(images))
        self.position = len(images)  # nothing is left of this epoch: the first batch shuffles

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        if self.position + self.batch_size > len(self.images):
            self.order = torch.randperm(len(self.images), generator=self.rng)
            self.position = 0
        index = self.order[self.position : self.position + self.batch_size]
        self.position += self.batch_size
        images = self.images.batch(index, dtype=self.dtype)
        return (images, self.images.labels[index]) if self.labelled else images

    def state_dict(self) -> dict[str, Tensor]:
        """All that the next batches depend on: the random stream, this epoch's order, the place in it."""
        return {"rng": self.rng.get_state(), "order": self.order, "position": torch.tensor(self.position)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from the state, as if there had been no interruption.

        Raises `ValueError` where the state belongs to a set of another size.
        """
        if len(state["order"]) != len(self.images):
            raise ValueError(f"`state` must be of {len(self.images)} images, got {len(state['order'])}")
        self.rng.set_state(state["rng"])
        self.order, self.position = state["order"].clone(), int(state["position"])


def batches(
    source: Sampler | Images,
    batch_size: int,
    rng: torch.Generator,
    *,
    dtype: torch.dtype | None = None,
    labelled: bool = False,
) -> FreshBatches | ShuffledBatches:
    """An endless iterator of batches (B, ...), with `state_dict` and `load_state_dict` to resume.

    From a source of points, each batch is fresh, in the default dtype unless `dtype` says otherwise. From
    images, float32 unless `dtype` says otherwise, an epoch is a random order of the set; the remainder that
    does not fill a batch is left out of that epoch, so that a batch never holds an image twice.
    `labelled`: give pairs of samples (B, ...) and their labels (B,), the mode of a point or the class of an
    image, for a conditional GAN. `rng` should serve this stream alone: resuming sets it back.
    Raises `ValueError` where `batch_size` is not a positive integer or exceeds the number of images, or where
    labels are wanted of a source that has none, and `TypeError` where `rng` is no `torch.Generator`.

    >>> stream = batches(ring(), 64, torch.Generator().manual_seed(0))
    >>> next(stream).shape
    torch.Size([64, 2])
    """
    _check_draw("batch_size", batch_size, rng)
    if not isinstance(source, Images):
        if labelled and not hasattr(source, "draw"):
            raise ValueError(f"`labelled` needs a source that draws labels, got a {type(source).__name__}")
        return FreshBatches(source, batch_size, rng, dtype, labelled=labelled)
    if batch_size > len(source):
        raise ValueError(
            f"`batch_size` must be at most {len(source)}, the number of images, got {batch_size}"
        )
    return ShuffledBatches(source, batch_size, rng, dtype, labelled=labelled)


# --- Checks at the door ---------------------------------------------------------------------------------


def _described(x: Tensor) -> str:
    return f"{x.dtype} of shape {tuple(x.shape)}"


def _check_count(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer, got {value!r}")


def _check_draw(name: str, value: object, rng: object) -> None:
    _check_count(name, value)
    if not isinstance(rng, torch.Generator):
        raise TypeError(f"`rng` must be a torch.Generator, got {type(rng).__name__}")


def _check_positive(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"`{name}` must be positive and finite, got {value}")


def _check_distinct(centers: Tensor, std: float) -> None:
    if len(centers) > 1 and (nearest := torch.pdist(centers).min().item()) <= 1e-6 * std:
        raise ValueError(f"`centers` must be pairwise distinct, got two at distance {nearest:.3g}")


def _check_weights(weights: Tensor, modes: int) -> None:
    if weights.shape != (modes,) or not (weights > 0).all() or abs(weights.double().sum() - 1) > 1e-6:
        raise ValueError(f"`weights` must be ({modes},), positive, with sum 1, got {weights.tolist()}")


def _check_choice(name: str, value: str, choices: Collection[str]) -> None:
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {', '.join(choices)}, got {value!r}")
