"""Judging samples by how they spread over classes or clusters: scores of histograms.

A classifier turns each sample into probabilities of its classes, and a set of samples into a histogram. What
is lost on the way is lost for good: pictures of one class are all the same here, be they copies of one.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from ganlab.theory.divergences import kl
from ganlab.theory.probability import ArrayLike, as_floating, probability_vectors

__all__ = [
    "ClassCoverage",
    "PrecisionRecallCurve",
    "class_coverage",
    "classifier_score",
    "joint_histograms",
    "precision_recall_curve",
]

_ROUNDS = 100  # of Lloyd's algorithm, at most


def classifier_score(logits: ArrayLike, *, parts: int = 1) -> float:
    """The exponential of the mean divergence of a sample's class probabilities from their mean. No real data.

        exp(mean over x of KL(p(y | x) || p(y))), p(y) the mean of p(y | x)

    which is the exponential of the mutual information of sample and label: from 1, where all samples get the
    same answer, to the number of classes, where each answer is sure and the classes are even. One picture of
    each class gets the most there is. With the logits of Inception v3 it is the inception score.

    logits: (N, K), finite. `parts`: the score is the mean over so many consecutive parts, 10 in the source;
    few samples a part lower it. Raises `ValueError` where the shape is another, a logit is not finite, or
    there are not `parts` samples.
    Source: Salimans et al. 2016, section 4 [salimans2016]; its faults, Barratt & Sharma 2018 [barratt2018].

    >>> print(f"{classifier_score(1000 * torch.eye(10)):.3f} {classifier_score(torch.zeros(5, 10)):.3f}")
    10.000 1.000
    """
    logits = as_floating(logits, name="logits").detach().double()
    if logits.ndim != 2 or logits.shape[1] == 0 or not logits.isfinite().all():
        raise ValueError(f"`logits` must be finite and have shape (N, K), got {tuple(logits.shape)}")
    if not 1 <= parts <= len(logits):
        raise ValueError(f"`parts` must be between 1 and {len(logits)}, the number of samples, got {parts}")
    ends = [part * len(logits) // parts for part in range(parts + 1)]
    scores = [_score(logits[a:b].log_softmax(1)) for a, b in pairwise(ends)]
    return sum(scores) / parts


def _score(log_p: Tensor) -> float:
    p = log_p.exp()
    log_mean = log_p.logsumexp(0) - math.log(len(log_p))
    return (p * (log_p - log_mean)).nan_to_num(0.0).sum(1).mean().exp().item()


class ClassCoverage(NamedTuple):
    """How many classes occur among samples, and KL(h || w) of their histogram from the data's, in nats."""

    classes: int
    total: int
    reverse_kl: float


def class_coverage(fake_labels: ArrayLike, weights: ArrayLike) -> ClassCoverage:
    """How many classes occur among labels (N,), and how far their histogram h is from that of the data, w.

    `reverse_kl` = KL(h || w), in nats, infinite where a class occurs that the data has not. For N samples of
    the data themselves it is about (K - 1) / (2 N) on average, and not 0: the mean of its second-order term.

    fake_labels: whole numbers from 0 to K - 1; `weights`: (K,), nonnegative, of sum 1. Raises `ValueError`
    where they are not.
    Source: Srivastava et al. 2017 [srivastava2017].

    >>> class_coverage([0, 0, 1, 1], [0.25, 0.25, 0.25, 0.25]).classes
    2
    """
    labels = torch.as_tensor(fake_labels).detach()
    w = as_floating(weights, name="weights").detach().double()
    if labels.ndim != 1 or len(labels) == 0 or labels.is_floating_point():
        raise ValueError(f"`fake_labels` must be whole numbers of shape (N,), got {tuple(labels.shape)}")
    if labels.min() < 0 or labels.max() >= w.shape[-1]:
        raise ValueError(f"`fake_labels` must be from 0 to {w.shape[-1] - 1}, got {int(labels.max())}")
    histogram = torch.bincount(labels, minlength=len(w)).double() / len(labels)
    return ClassCoverage(int((histogram > 0).sum()), len(w), kl(histogram, w).item())


class PrecisionRecallCurve(NamedTuple):
    """Points of the curve, `precision` and `recall` (A,), with the largest F-scores on it.

    `f_recall` weighs recall eight times as much as precision (F_8), `f_precision` the reverse (F_1/8).
    """

    precision: Tensor
    recall: Tensor
    f_recall: float
    f_precision: float


def precision_recall_curve(p: ArrayLike, q: ArrayLike, *, angles: int = 1001) -> PrecisionRecallCurve:
    """What share of q can be mass of p, against what share of p that covers, for two histograms.

        precision(l) = sum_i min(l p_i, q_i), recall(l) = sum_i min(p_i, q_i / l), l = tan(angle)

    at `angles` angles evenly inside (0, pi/2). With F_b = (1 + b^2) P R / (b^2 P + R), `f_recall` is the
    largest F_8 on the curve, `f_precision` the largest F_1/8.

    p: the histogram (K,) of the real samples, q: that of generated ones. Raises `ValueError` where they are
    no probability vectors, or `angles` is not positive.
    Source: Sajjadi et al. 2018, eqs. 6 and 7 [sajjadi2018], who cluster features first: `joint_histograms`.

    >>> curve = precision_recall_curve([0.5, 0.5], [1.0, 0.0])  # one of two modes: precise, half recalled
    >>> print(f"{curve.precision.max():.2f} {curve.recall.max():.2f}")
    1.00 0.50
    """
    p, q = probability_vectors(p, q)
    if p.ndim != 1:
        raise ValueError(f"`p` and `q` must have shape (K,), got {tuple(p.shape)}")
    if angles < 1:
        raise ValueError(f"`angles` must be at least 1, got {angles}")
    steps = torch.arange(1, angles + 1, dtype=torch.float64) / (angles + 1)
    slope = (steps * math.pi / 2).tan()[:, None]
    precision = torch.minimum(slope * p.double(), q.double()).sum(1)
    recall = precision / slope[:, 0]
    scores = [_f_score(precision, recall, beta) for beta in (8.0, 1 / 8)]
    return PrecisionRecallCurve(precision, recall, *scores)


def _f_score(precision: Tensor, recall: Tensor, beta: float) -> float:
    below = (beta**2 * precision + recall).clamp(min=torch.finfo(torch.float64).tiny)
    return ((1 + beta**2) * precision * recall / below).max().item()


def joint_histograms(
    real_features: ArrayLike, fake_features: ArrayLike, *, clusters: int = 20, rng: Generator
) -> tuple[Tensor, Tensor]:
    """The histograms (K,) of real and of generated features over clusters of both kinds together.

    Lloyd's k-means in float64, from `clusters` samples by lot, until no sample changes its cluster. The
    source has mini-batches and means over ten starts; a start is one draw of `rng` here.

    real_features (N, F), fake_features (M, F), none empty, together at least `clusters`. Raises `ValueError`
    where they are not, or a feature is not finite.
    Source: Sajjadi et al. 2018, section 3.4, with 20 clusters [sajjadi2018].

    >>> rng = torch.Generator().manual_seed(0)
    >>> real, fake = torch.tensor([[0.0], [5.0]]), torch.tensor([[0.1], [5.2]])
    >>> p, q = joint_histograms(real, fake, clusters=2, rng=rng)
    >>> p.tolist() == q.tolist()
    True
    """
    real, fake = (as_floating(x).detach().double() for x in (real_features, fake_features))
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        shapes = f"{tuple(real.shape)} and {tuple(fake.shape)}"
        raise ValueError(f"`real_features` and `fake_features` must be (N, F) and (M, F), got {shapes}")
    if not (len(real) and len(fake)):
        raise ValueError(
            f"there must be features of both kinds, got {len(real)} real and {len(fake)} generated"
        )
    both = torch.cat([real, fake])
    if not both.isfinite().all():
        raise ValueError("`real_features` and `fake_features` must be finite, got infinity or NaN")
    if not 1 <= clusters <= len(both):
        raise ValueError(f"`clusters` must be between 1 and {len(both)}, got {clusters}")
    nearest = _clustered(both, clusters, rng)
    counts = (
        torch.bincount(part, minlength=clusters).double() for part in nearest.split([len(real), len(fake)])
    )
    p, q = (count / count.sum() for count in counts)
    return p, q


def _clustered(x: Tensor, clusters: int, rng: Generator) -> Tensor:
    centers = x[torch.randperm(len(x), generator=rng)[:clusters]]
    nearest = torch.full((len(x),), -1)
    for _ in range(_ROUNDS):
        before = nearest
        nearest = torch.cdist(x, centers, compute_mode="donot_use_mm_for_euclid_dist").argmin(1)
        if torch.equal(before, nearest):
            break
        counts = torch.bincount(nearest, minlength=clusters).double()
        sums = torch.zeros_like(centers).index_add_(0, nearest, x)
        centers = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], centers)
    return nearest
