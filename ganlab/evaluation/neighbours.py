"""Judging samples by their nearest neighbours among real ones: how good, how varied, how much copied.

A set of features stands for the region that its balls cover: around each feature the ball that reaches to its
k-th nearest neighbour of the same set. Precision asks how many generated samples lie in the region of the
real ones, recall the reverse; density counts balls, and coverage counts those that are not empty. None of
them is 1 for a perfect generator, see `expected_coverage`, so that each is read beside that of real samples.

Distances are Euclidean, taken entry by entry in float64, so that equal features are at distance 0 exactly.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ganlab.theory.probability import ArrayLike, as_floating

__all__ = [
    "Copying",
    "DensityCoverage",
    "PrecisionRecall",
    "copying",
    "density_coverage",
    "expected_coverage",
    "nearest_neighbour_accuracy",
    "precision_recall",
]

_EXACT = "donot_use_mm_for_euclid_dist"


class PrecisionRecall(NamedTuple):
    """Precision: the share of generated samples within reach of real ones. Recall: the reverse."""

    precision: float
    recall: float


def precision_recall(real_features: ArrayLike, fake_features: ArrayLike, *, k: int = 3) -> PrecisionRecall:
    """The shares of generated samples in the region of the real ones, and of real ones in that of the others.

    With r_k(x) the distance of x to its k-th nearest neighbour among the other features of its set X, the
    region of X is the union of the balls of radius r_k(x) around its members, edges included:

        precision = share of y in Y with |y - x| <= r_k(x) for some x in X, recall = the same with X and Y
        exchanged

    The two differ from precision and recall of Sajjadi et al. 2018, which are a curve of two histograms: see
    `ganlab.evaluation.histograms.precision_recall_curve`. One outlier among the real ones makes a large ball,
    which many bad samples may enter.

    real_features (N, F), fake_features (M, F), N and M greater than `k`. Raises `ValueError` where they are
    not, `k` is not positive, or a feature is not finite.
    Source: Kynkaanniemi et al. 2019, eqs. 1 and 2, who take k = 3 [kynkaanniemi2019].

    >>> line = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
    >>> precision_recall(line, line[:2] / 2, k=1)  # balls of radius 1, and of radius 1/2 around 0 and 1/2
    PrecisionRecall(precision=1.0, recall=0.5)
    """
    real, fake = _checked(real_features, fake_features, (_more_than(k), _more_than(k)))
    apart = _distances(real, fake)
    precision = (apart <= _radii(real, k)[:, None]).any(0).double().mean()
    recall = (apart <= _radii(fake, k)[None, :]).any(1).double().mean()
    return PrecisionRecall(precision.item(), recall.item())


class DensityCoverage(NamedTuple):
    """Density: how many real balls hold a generated sample, over k. Coverage: the share of balls in use."""

    density: float  # may be greater than 1
    coverage: float


def density_coverage(real_features: ArrayLike, fake_features: ArrayLike, *, k: int = 5) -> DensityCoverage:
    """How many balls of real samples a generated one lies in, over k, and the share of balls that hold one.

    With r_k(x) the distance of x to its k-th nearest neighbour among the other real features X:

        density = 1/(k M) * number of pairs (x, y) with |y - x| <= r_k(x), coverage = share of x with such a y

    For independent samples of one law, with no two distances equal, the expected density is 1 and the
    expected coverage `expected_coverage(N, M, k)`, whatever the law and the number of features.

    real_features (N, F), fake_features (M, F), N greater than `k` and M at least 1. Raises `ValueError` where
    they are not, `k` is not positive, or a feature is not finite.
    Source: Naeem et al. 2020, eqs. 3 and 4, who take k = 5 [naeem2020]. There a ball is open in the code and
    closed in the paper; here it is closed.

    >>> line = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
    >>> density_coverage(line, torch.tensor([[0.5], [0.6]]), k=1)
    DensityCoverage(density=2.0, coverage=0.5)
    """
    real, fake = _checked(real_features, fake_features, (_more_than(k), 1))
    inside = _distances(real, fake) <= _radii(real, k)[:, None]
    density = inside.sum().item() / (k * len(fake))
    return DensityCoverage(density, inside.any(1).double().mean().item())


def expected_coverage(real: int, fake: int, k: int = 5) -> float:
    """The coverage that a perfect generator has on average, whatever the law of the features.

    1 - (N - 1) ... (N - k) / ((N + M - 1) ... (N + M - k)): a ball stays empty if the k nearest of the other
    N - 1 + M samples are all real. `real` N, greater than `k`, and `fake` M, at least 1.
    Raises `ValueError` where they are not, or `k` is not positive.
    Source: Naeem et al. 2020, section 3.3 [naeem2020].

    >>> expected_coverage(2, 1, 1)
    0.5
    """
    if k < 1 or real <= k or fake < 1:
        raise ValueError(
            f"`real` must be greater than `k`, and `k` and `fake` positive, got {real}, {k}, {fake}"
        )
    return 1 - math.prod((real - i) / (real + fake - i) for i in range(1, k + 1))


def nearest_neighbour_accuracy(real_features: ArrayLike, fake_features: ArrayLike) -> float:
    """The share of samples of both kinds whose nearest neighbour, among all others, is of their own kind.

    For equal laws and N samples of each kind the expectation is (N - 1) / (2 N - 1), a little below 1/2.
    Above it the kinds can be told apart; below it each sample has a partner of the other kind, as copies of
    the real samples have. Of several nearest neighbours at one distance each counts for its part.

    real_features, fake_features: (N, F), N at least 2. Raises `ValueError` where they are not, or a feature
    is not finite.
    Source: Lopez-Paz & Oquab 2017, section 3 [lopezpaz2017]; Xu et al. 2018, section 2.1 [xu2018].

    >>> nearest_neighbour_accuracy(torch.tensor([[0.0], [1.0]]), torch.tensor([[0.1], [1.1]]))
    0.0
    """
    real, fake = _checked(real_features, fake_features, (2, 2))
    if len(real) != len(fake):
        raise ValueError(f"`fake_features` must be as many as the real ones, {len(real)}, got {len(fake)}")
    both = torch.cat([real, fake])
    apart = _distances(both, both).fill_diagonal_(math.inf)
    nearest = (apart == apart.amin(1, keepdim=True)).double()
    kind = torch.arange(len(both)) < len(real)
    own = (kind[:, None] == kind[None, :]).double()
    return ((nearest * own).sum(1) / nearest.sum(1)).mean().item()


class Copying(NamedTuple):
    """How often the nearest real sample is one that the generator was trained on, of `samples`.

    `known`: the share. `copied`: the share of copies that this would be, 2 known - 1, if what is no copy is
    as near to either set; it may be negative by chance.
    """

    known: float
    copied: float
    samples: int


def copying(fake_features: ArrayLike, known_features: ArrayLike, held_out_features: ArrayLike) -> Copying:
    """How often a generated sample is nearer to the samples that were trained on than to as many held out.

    The share of y with min |y - known| < min |y - held out|; equal distances count one half. A generator that
    does not depend on which of the two sets it was trained on has 1/2 on average. One that copies a share c
    of its samples has (1 + c) / 2, if the others are independent of what was known. The samples share their
    neighbours, so that they need not scatter as coins do: measure what is usual with samples that are no
    copies.

    fake_features (M, F), known_features and held_out_features (N, F). Raises `ValueError` where they are not,
    or a feature is not finite.
    Source: after Meehan et al. 2020, section 3, who compare with fresh real samples [meehan2020].

    >>> known, held_out = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [3.0]])
    >>> copying(torch.tensor([[0.0], [2.1], [2.9], [0.5]]), known, held_out)
    Copying(known=0.625, copied=0.25, samples=4)
    """
    known, fake = _checked(known_features, fake_features, (1, 1), "known_features")
    held_out, _ = _checked(held_out_features, fake_features, (1, 1), "held_out_features")
    if len(known) != len(held_out):
        raise ValueError(
            f"`held_out_features` must be as many as the known, {len(known)}, got {len(held_out)}"
        )
    nearest = [_distances(fake, real).amin(1) for real in (known, held_out)]
    share = ((nearest[0] < nearest[1]).double() + (nearest[0] == nearest[1]).double() / 2).mean().item()
    return Copying(share, 2 * share - 1, len(fake))


def _radii(features: Tensor, k: int) -> Tensor:
    """The distance of each to its k-th nearest neighbour among the others."""
    return _distances(features, features).fill_diagonal_(math.inf).kthvalue(k, dim=1).values


def _distances(x: Tensor, y: Tensor) -> Tensor:
    return torch.cdist(x, y, compute_mode=_EXACT)


def _more_than(k: int) -> int:
    if k < 1:
        raise ValueError(f"`k` must be at least 1, got {k}")
    return k + 1


def _checked(
    real_features: ArrayLike, fake_features: ArrayLike, least: tuple[int, int], name: str = "real_features"
) -> tuple[Tensor, Tensor]:
    """Both in float64, if there are at least so many of each."""
    real, fake = (
        _points(x, title, count)
        for x, title, count in zip(
            (real_features, fake_features), (name, "fake_features"), least, strict=True
        )
    )
    if real.shape[1] != fake.shape[1]:
        raise ValueError(
            f"`fake_features` must have {real.shape[1]} columns, as `{name}`, got {fake.shape[1]}"
        )
    return real, fake


def _points(features: ArrayLike, name: str, least: int) -> Tensor:
    x = as_floating(features, name=name).detach().double()
    if x.ndim != 2 or len(x) < least or x.shape[1] == 0:
        raise ValueError(f"`{name}` must have shape (N, F) with N at least {least}, got {tuple(x.shape)}")
    if not x.isfinite().all():
        raise ValueError(f"`{name}` must be finite, got infinity or NaN")
    return x
