"""Point clouds: mixtures of Gaussians, whose density is known, and a spiral, which has none.

Points are drawn in float64 and then rounded, so that a seed gives the same points in each precision.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from ganlab.data.checks import check_count, check_draw, check_positive, check_tensor, described
from ganlab.data.entry import DataSet

__all__ = ["POINTS", "Mixture", "SwissRoll", "grid", "ring", "shared_ring", "swiss_roll"]


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of K Gaussians in D dimensions with one common isotropic standard deviation.

        p(x) = sum_k weights_k N(x; centers_k, std^2 I)

    `centers` (K, D), pairwise distinct, by more than their rounding and than a thousandth of `std`; `std` in
    the units of the points; `weights` (K,), positive with sum 1, or None for equal weights. `labels` (K, C):
    with which probability a point of each mode has each of C labels, rows with sum 1; None where the label of
    a point is its mode. Raises `ValueError` where one of these does not hold, `TypeError` where one is no
    tensor.

    >>> pair = Mixture(torch.tensor([[-1.0], [1.0]]), std=0.5)
    >>> pair.sample(3, torch.Generator().manual_seed(0)).shape
    torch.Size([3, 1])
    """

    kind: ClassVar[str] = "mixture"
    centers: Tensor
    std: float
    weights: Tensor | None = None
    labels: Tensor | None = None

    def __post_init__(self) -> None:
        check_tensor("centers", self.centers)
        if self.centers.ndim != 2 or 0 in self.centers.shape or not self.centers.isfinite().all():
            raise ValueError(
                f"`centers` must be finite numbers of shape (K, D), got {described(self.centers)}"
            )
        if not 0 < self.std < math.inf:
            raise ValueError(f"`std` must be positive and finite, got {self.std}")
        _check_distinct(self.centers, self.std)
        if self.weights is not None:
            check_tensor("weights", self.weights)
            _check_weights(self.weights, len(self.centers))
        if self.labels is not None:
            check_tensor("labels", self.labels)
            _check_labels(self.labels, len(self.centers))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape (D,) of one point."""
        return tuple(self.centers.shape[1:])

    @cached_property
    def probabilities(self) -> Tensor:
        """The weight of each mode, (K,) in float64, sum 1."""
        if self.weights is None:
            return torch.full((len(self.centers),), 1 / len(self.centers), dtype=torch.float64)
        return self.weights.double() / self.weights.double().sum()

    @cached_property
    def joint(self) -> Tensor:
        """The probability of each label together with each mode, (C, K) in float64, sum 1."""
        if self.labels is None:
            return self.probabilities.diag()
        return (self.labels.double() * self.probabilities[:, None]).T

    @cached_property
    def _centers(self) -> Tensor:
        return self.centers.double()

    def draw(
        self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, Tensor]:
        """n independent points (n, D), as `sample` gives them, and their labels (n,)."""
        check_draw("n", n, rng)
        mode = torch.multinomial(self.probabilities, n, replacement=True, generator=rng)
        noise = torch.randn(n, self.centers.shape[1], dtype=torch.float64, generator=rng)
        points = self._centers.index_select(0, mode).add_(noise.mul_(self.std))
        label = mode
        if self.labels is not None:
            label = torch.multinomial(self.labels.double()[mode], 1, generator=rng).squeeze(1)
        return points.to(dtype or torch.get_default_dtype()), label

    def sample(self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None) -> Tensor:
        """n independent points (n, D), drawn in float64 and given in `dtype`, or in the default one.

        Raises `ValueError` unless n is a positive integer, `TypeError` unless `rng` is a `torch.Generator`.
        """
        return self.draw(n, rng, dtype=dtype)[0]

    def log_density(self, x: Tensor) -> Tensor:
        """The logarithm of the density at each point, in nats, computed in float64.

        x: (n, D) -> (n,). Finite wherever x is: far from all modes the sum is taken in the logarithm.
        Raises `TypeError` where x is no tensor, `ValueError` where it is not (n, D).

        >>> single = Mixture(torch.zeros(1, 2), std=1.0)
        >>> print(f"{single.log_density(torch.zeros(1, 2)).item():.6f}")  # -log(2 pi)
        -1.837877
        """
        dim = self.centers.shape[1]
        check_tensor("x", x)
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
    check_count("modes", modes)
    check_positive("radius", radius)
    angles = 2 * math.pi * torch.arange(modes, dtype=torch.float64) / modes
    return Mixture(radius * torch.stack([angles.cos(), angles.sin()], 1), std)


def shared_ring(modes: int = 8, *, radius: float = 2.0, std: float = 0.02) -> Mixture:
    """The points of `ring` with half as many labels, which share modes: class c has 2c, 2c + 1 and 2c + 2.

    A point of an odd mode has one label for sure. A point of an even mode has one of two labels by a fair
    coin, so that nothing tells its class. A class has half of its points in its own mode and a quarter in
    each of the two that it shares with its neighbours.
    Raises `ValueError` unless `modes` is even and at least 4, and `radius` and `std` are positive.

    >>> shared_ring().joint[0].tolist()  # class 0: modes 0, 1 and 2
    [0.0625, 0.125, 0.0625, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    check_count("modes", modes)
    if modes % 2 or modes < 4:
        raise ValueError(f"`modes` must be even and at least 4, got {modes}")
    labels = torch.zeros(modes, modes // 2, dtype=torch.float64)
    for label in range(modes // 2):
        labels[2 * label + 1, label] = 1.0
        labels[2 * label, label] = labels[(2 * label + 2) % modes, label] = 0.5
    found = ring(modes, radius=radius, std=std)
    return Mixture(found.centers, std, labels=labels)


def grid(side: int = 5, *, spacing: float = 2.0, std: float = 0.05) -> Mixture:
    """The mixture of side^2 equally likely Gaussians on a square lattice around the origin.

    Raises `ValueError` unless `side` is a positive integer and `spacing` and `std` are positive.
    Source: the 25 modes of Lin et al. 2018 [lin2018].

    >>> grid().centers.shape, grid().centers.min().item(), grid().centers.max().item()
    (torch.Size([25, 2]), -4.0, 4.0)
    """
    check_count("side", side)
    check_positive("spacing", spacing)
    ticks = spacing * (torch.arange(side, dtype=torch.float64) - (side - 1) / 2)
    return Mixture(torch.cartesian_prod(ticks, ticks), std)


@dataclass(frozen=True, eq=False)
class SwissRoll:
    """A noisy spiral in the plane: data on a curve, which has no density when the noise is zero.

    (t cos t, t sin t) / scale for t uniform on [3 pi / 2, 9 pi / 2], plus Gaussian noise of standard
    deviation noise / scale.

    Raises `ValueError` unless `scale` is positive and `noise` at least 0.
    """

    kind: ClassVar[str] = "points"
    noise: float = 0.25
    scale: float = 7.5

    def __post_init__(self) -> None:
        check_positive("scale", self.scale)
        if not 0 <= self.noise < math.inf:
            raise ValueError(f"`noise` must be at least 0 and finite, got {self.noise}")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape (2,) of one point."""
        return (2,)

    def sample(self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None) -> Tensor:
        """n independent points (n, 2), drawn in float64 and given in `dtype`, or in the default one."""
        check_draw("n", n, rng)
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
    check_positive("scale", scale)
    return SwissRoll(noise, scale)


_DEFAULT = {"latent_dim": 2, "width": 64, "batch_size": 256, "steps": 5000, "ema": 0.99, "float64": True}

POINTS: dict[str, DataSet] = {
    "ring": DataSet("mixture", (2,), ring, _DEFAULT, classes=8),
    "grid": DataSet("mixture", (2,), grid, _DEFAULT | {"width": 128}, classes=25),
    "swiss_roll": DataSet("points", (2,), swiss_roll, _DEFAULT),
    "shared_ring": DataSet("mixture", (2,), shared_ring, _DEFAULT, classes=4),
}
"""The data sets of points, by name; their part of `ganlab.data.DATASETS`.

>>> POINTS["ring"].shape
(2,)
"""


def _check_distinct(centers: Tensor, std: float) -> None:
    """Refuse two modes in one place: nearer than their spread can tell, or than the dtype can."""
    eps = torch.finfo(centers.dtype).eps if centers.is_floating_point() else 0.0
    least = max(1e-3 * std, 8 * eps * centers.abs().max().item())  # 8 > 2 pi: an angle off by eps of a turn
    if len(centers) > 1 and (nearest := torch.pdist(centers.double()).min().item()) <= least:
        raise ValueError(f"`centers` must be pairwise distinct, got two at distance {nearest:.3g}")


def _check_weights(weights: Tensor, modes: int) -> None:
    if weights.shape != (modes,) or not (weights > 0).all() or abs(weights.double().sum() - 1) > 1e-6:
        raise ValueError(f"`weights` must be ({modes},), positive, with sum 1, got {weights.tolist()}")


def _check_labels(labels: Tensor, modes: int) -> None:
    if labels.ndim != 2 or len(labels) != modes or 0 in labels.shape:
        raise ValueError(f"`labels` must have shape ({modes}, C), a row a mode, got {described(labels)}")
    sums = labels.double().sum(1)
    if not (labels >= 0).all() or not torch.allclose(sums, torch.ones_like(sums), rtol=0, atol=1e-6):
        raise ValueError(f"`labels` must be probabilities with sum 1 in each row, got {described(labels)}")
