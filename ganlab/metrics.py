"""How good the two players are, where the truth is known: modes of the one, error of the other.

Counting modes alone hides collapse: a generator can touch all eight and put half of its mass on one. So the
count never comes without the divergence of the mode histogram from the true weights, nor without what a
perfect sampler would score. Nothing is random here, and a NaN among the samples is an error, not a miss.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ganlab.data import Mixture
from ganlab.divergences import jensen_shannon, kl

__all__ = [
    "DiscriminatorError",
    "ModeCoverage",
    "discriminator_error",
    "mode_coverage",
    "perfect_sampler_share",
]


class ModeCoverage(NamedTuple):
    """What samples make of the modes of a mixture, by the rule in `mode_coverage`."""

    modes: int  # captured, of `total`
    total: int
    high_quality: float  # share of all samples
    reverse_kl: float  # nats
    jensen_shannon: float  # nats
    counts: Tensor  # (K,) high-quality samples nearest to each mode


def mode_coverage(samples: Tensor, mixture: Mixture, *, radius: float = 3.0) -> ModeCoverage:
    """The modes of the mixture that the samples capture, and how evenly they do.

    A sample is of high quality if it lies within `radius` standard deviations (Euclidean) of its nearest
    centre; a mode is captured if it is the nearest of at least one such sample. With h the histogram of the
    high-quality samples over the modes and w the mode weights, `reverse_kl` = KL(h || w) and `jensen_shannon`
    = JSD(h, w), in nats: the first is log K for all mass on one of K equal modes. Where no sample is of high
    quality there is no histogram, and both are NaN: unknown, which is worse than any value, and not zero.

    samples: (N, D). The usual N is 2500 in the literature and 10 000 in our tables; beside the share of
    high-quality samples read `perfect_sampler_share`. Raises `ValueError` where the shape is not (N, D) with
    N at least 1, a sample is NaN, or `radius` is not positive; samples at infinity are merely far away.
    Source: Srivastava et al. 2017 [srivastava2017]; Lin et al. 2018 [lin2018].

    >>> from ganlab.data import ring
    >>> coverage = mode_coverage(ring().centers[:4], ring())
    >>> coverage.modes, coverage.total, coverage.high_quality
    (4, 8, 1.0)
    >>> print(f"{coverage.reverse_kl:.6f}")  # half of the modes, evenly: log 2
    0.693147
    """
    if not radius > 0:
        raise ValueError(f"`radius` must be positive, in standard deviations, got {radius}")
    _check_points(samples, mixture.centers.shape[1])
    offsets = samples.detach().double()[:, None] - mixture.centers.double()
    distance, nearest = offsets.norm(dim=-1).min(-1)
    near = distance <= radius * mixture.std
    counts = torch.bincount(nearest[near], minlength=len(mixture.centers))
    share, unknown = near.double().mean().item(), not near.any()
    histogram = counts.double() / counts.sum()
    return ModeCoverage(
        modes=int((counts > 0).sum()),
        total=len(counts),
        high_quality=share,
        reverse_kl=math.nan if unknown else kl(histogram, mixture.probabilities).item(),
        jensen_shannon=math.nan if unknown else jensen_shannon(histogram, mixture.probabilities).item(),
        counts=counts,
    )


def perfect_sampler_share(dim: int = 2, radius: float = 3.0) -> float:
    """The share of high-quality samples that the mixture's own samples reach: below 1 for any finite radius.

    P(chi_dim <= radius): the probability that a Gaussian in `dim` dimensions falls within `radius` standard
    deviations of its centre, 1 - exp(-radius^2 / 2) in the plane. Modes near each other share their samples'
    tails, so that it is a lower bound; with centres 3 radius apart, or more, it is exact to nine digits.
    Raises `ValueError` where `dim` is no positive integer or `radius` is not positive.

    >>> print(f"{perfect_sampler_share():.6f}")  # 1 - exp(-9/2)
    0.988891
    """
    if isinstance(dim, bool) or not isinstance(dim, int) or dim < 1:
        raise ValueError(f"`dim` must be a positive integer, got {dim!r}")
    if not radius > 0:
        raise ValueError(f"`radius` must be positive, in standard deviations, got {radius}")
    half_dim, half_square = torch.tensor([dim / 2, radius**2 / 2], dtype=torch.float64)
    return torch.special.gammainc(half_dim, half_square).item()


class DiscriminatorError(NamedTuple):
    """How far scores are from the log-density ratio that the optimal discriminator returns."""

    correlation: float  # Pearson's, in [-1, 1]
    mean_absolute: float  # nats


def discriminator_error(scores: Tensor, log_ratio: Tensor) -> DiscriminatorError:
    """The error of a discriminator's logits against those of the optimal one, log p_data(x) - log p_g(x).

    `correlation` is Pearson's, NaN where either side is constant; `mean_absolute` is mean |score - log
    ratio| in nats. A discriminator can order points well (correlation near 1) and be far off in scale.
    scores, log_ratio: (N,), N at least 2, finite. Raises `ValueError` where they are not.
    Source: D* = p_data / (p_data + p_g), Goodfellow et al. 2014, proposition 1 [goodfellow2014].

    >>> error = discriminator_error(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 3.0]))
    >>> print(f"{error.correlation:.6f} {error.mean_absolute:.6f}")
    1.000000 1.500000
    """
    if scores.ndim != 1 or len(scores) < 2 or scores.shape != log_ratio.shape:
        shapes = f"{tuple(scores.shape)} and {tuple(log_ratio.shape)}"
        raise ValueError(f"`scores` and `log_ratio` must both have shape (N,), N at least 2, got {shapes}")
    pair = torch.stack([scores.detach().double(), log_ratio.detach().double()])
    if not pair.isfinite().all():
        raise ValueError("`scores` and `log_ratio` must be finite, got infinity or NaN")
    centered = pair - pair.mean(1, keepdim=True)
    norms = centered.norm(dim=1)
    correlation = (centered[0] @ centered[1] / norms.prod()).clamp(-1, 1).item()
    return DiscriminatorError(correlation, (pair[0] - pair[1]).abs().mean().item())


def _check_points(samples: Tensor, dim: int) -> None:
    if samples.ndim != 2 or len(samples) == 0 or samples.shape[1] != dim:
        shape = tuple(samples.shape)
        raise ValueError(f"`samples` must have shape (N, {dim}) with N at least 1, got {shape}")
    if samples.isnan().any():
        count = int(samples.isnan().any(1).sum())
        raise ValueError(f"`samples` must not hold NaN, got it in {count} of {len(samples)} points")
