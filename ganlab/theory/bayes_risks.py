"""What the best classifier of real and generated samples gets wrong, loss by loss.

Every loss of the two labels has a best score at p and q, and the best loss falls short of what it is for
p = q by an f-divergence: the discriminator's loss decides which divergence its game measures. Losses are the
sum of the mean over real and the mean over generated samples. Probabilities lie on the last axis, axes
before it broadcast; logarithms are natural.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ganlab.losses import softplus
from ganlab.theory.probability import (
    ArrayLike,
    as_floating,
    numbers_between,
    probability_vectors,
    steadying,
    weighed,
)

__all__ = [
    "BAYES_LOSSES",
    "BayesLoss",
    "Interval",
    "bayes_accuracy",
    "bayes_gap",
    "bayes_risk",
    "jensen_shannon_bounds",
    "optimal_score",
    "risk",
]

Pointwise = Callable[[Tensor], Tensor]
Pairwise = Callable[[Tensor, Tensor], Tensor]
_LOG2 = math.log(2)


@dataclass(frozen=True)
class BayesLoss:
    """A classification loss of the two labels, its best score, and the f-divergence that the best loss shows.

    `real`, `fake`: the loss of a score for a real and for a generated sample. `score`: the best score at p
    and q, neither of them zero together. `uninformed`: the best loss where p = q, for one real and one
    generated sample. `gap`: what one outcome adds to the f-divergence by which the best loss falls below
    that.

    Source: Nguyen et al. 2009 [nguyen2009]; Reid & Williamson 2011 [reid2011].

    >>> hinge = BAYES_LOSSES["hinge"]
    >>> hinge.real(torch.tensor([-1.0, 1.0])), hinge.fake(torch.tensor([-1.0, 1.0]))
    (tensor([2., 0.]), tensor([0., 2.]))
    """

    real: Pointwise
    fake: Pointwise
    score: Pairwise
    uninformed: float
    gap: Pairwise


def _contrast(p: Tensor, q: Tensor) -> Tensor:
    total, scale = p + q, steadying(p, q)
    return scale * (p - q) / torch.where(total > 0, scale * total, 1)


def _hellinger_terms(p: Tensor, q: Tensor) -> Tensor:
    tiny, total = torch.finfo(p.dtype).tiny, p + q
    root = torch.where(p > 0, p, tiny).sqrt() * torch.where(q > 0, q, tiny).sqrt()
    scale = steadying(p, q)
    share = 2 * scale * root / torch.where(total > 0, scale * total, 1)
    return total * _contrast(p, q).square() / (1 + share)


def _information(y: Tensor) -> Tensor:
    """(1+y) log(1+y) + (1-y) log(1-y), which is 2 (log 2 - h((1+y)/2)), in nats."""
    near = y.abs() < 0.5
    small = torch.where(near, y, 0)
    series = 2 * small * small.atanh() + torch.log1p(-small.square())
    low = 1 - y.abs()
    tail = low * low.clamp_min(torch.finfo(y.dtype).tiny).log()  # its slope at y = 1 is finite, not -inf
    return torch.where(near, series, (2 - low) * (2 - low).log() + tail)


BAYES_LOSSES: dict[str, BayesLoss] = {
    "logistic": BayesLoss(  # scores are logits; the gap is 2 JSD
        real=lambda a: softplus(-a),
        fake=softplus,
        score=lambda p, q: p.log() - q.log(),
        uninformed=2 * _LOG2,
        gap=lambda p, q: (p + q) * _information(_contrast(p, q)) / 2,
    ),
    "brier": BayesLoss(  # scores are probabilities; the gap is a quarter of the triangular discrimination
        real=lambda d: (1 - d).square(),
        fake=lambda d: d.square(),
        score=lambda p, q: p / (p + q),
        uninformed=0.5,
        gap=lambda p, q: (p + q) * _contrast(p, q).square() / 4,
    ),
    "exponential": BayesLoss(  # scores are half logits; the gap is the squared Hellinger distance
        real=lambda a: a.neg().exp(),
        fake=lambda a: a.exp(),
        score=lambda p, q: (p.log() - q.log()) / 2,
        uninformed=2.0,
        gap=_hellinger_terms,
    ),
    "hinge": BayesLoss(  # the gap is 2 TV
        real=lambda a: (1 - a).relu(),
        fake=lambda a: (1 + a).relu(),
        score=lambda p, q: (p - q).sign(),
        uninformed=2.0,
        gap=lambda p, q: (p - q).abs(),
    ),
}
"""The discriminator losses whose best value is known in closed form, by name.

>>> list(BAYES_LOSSES)
['logistic', 'brier', 'exponential', 'hinge']
"""


def risk(p: ArrayLike, q: ArrayLike, score: ArrayLike, loss: str) -> Tensor:
    """The loss of a classifier: the mean over real samples plus the mean over generated ones, (...,).

    `p`, `q` (..., K) probabilities, the data's and the generator's; `score` (..., K); `loss`: a key of
    `BAYES_LOSSES`. A loss is counted where there is mass: a score may be infinite elsewhere.

    Raises `ValueError` where `p` or `q` is no probability vector, or the loss is unknown.
    Source: Reid & Williamson 2011 [reid2011].

    >>> risk([0.5, 0.5], [0.5, 0.5], [0.0, 0.0], "logistic")  # 2 log 2
    tensor(1.3863, dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    score, entry = as_floating(score, name="score"), _named(loss)
    return (weighed(p, entry.real(score)) + weighed(q, entry.fake(score))).sum(-1)


def optimal_score(p: ArrayLike, q: ArrayLike, loss: str) -> Tensor:
    """The score at each outcome that minimises the loss: the discriminator of that game at its best.

    `p`, `q` (..., K) probabilities, the data's and the generator's; `loss`: a key of `BAYES_LOSSES`; returns
    (..., K), infinite where the best score is. Where p = q = 0 any score is best, and that of p = q is
    returned. For the hinge loss, any score beyond +-1 is as good where only one of p and q has mass.

    Raises `ValueError` where `p` or `q` is no probability vector, or the loss is unknown.
    Source: Nguyen et al. 2009 [nguyen2009].

    >>> optimal_score([0.5, 0.5, 0.0], [0.25, 0.5, 0.25], "hinge")
    tensor([ 1.,  0., -1.], dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    nowhere = (p == 0) & (q == 0)
    return _named(loss).score(torch.where(nowhere, 1, p), torch.where(nowhere, 1, q))


def bayes_risk(p: ArrayLike, q: ArrayLike, loss: str) -> Tensor:
    """The smallest loss that any classifier reaches, the sum of its means over real and generated samples.

    2 log 2 - 2 JSD for the logistic loss, 1/2 - (triangular discrimination)/4 for Brier's, 2 - (squared
    Hellinger distance) for the exponential and 2 - 2 TV for the hinge loss.
    `p`, `q` (..., K) probabilities; `loss`: a key of `BAYES_LOSSES`; returns (...,).

    Raises `ValueError` where `p` or `q` is no probability vector, or the loss is unknown.
    Source: Nguyen et al. 2009 [nguyen2009]; Reid & Williamson 2011 [reid2011].

    >>> bayes_risk([0.5, 0.5], [1.0, 0.0], "hinge")
    tensor(1., dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    return risk(p, q, optimal_score(p, q, loss), loss)


def bayes_gap(p: ArrayLike, q: ArrayLike, loss: str) -> Tensor:
    """The f-divergence by which the best loss falls below what it is for p = q, without cancellation.

    2 JSD for the logistic loss, (triangular discrimination)/4 for Brier's, the squared Hellinger distance for
    the exponential and 2 TV for the hinge loss.
    `p`, `q` (..., K) probabilities; `loss`: a key of `BAYES_LOSSES`; returns (...,).

    Raises `ValueError` where `p` or `q` is no probability vector, or the loss is unknown.
    Source: Nguyen et al. 2009 [nguyen2009]; Reid & Williamson 2011 [reid2011].

    >>> bayes_gap([0.5, 0.5], [1.0, 0.0], "hinge")
    tensor(1., dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    return _named(loss).gap(p, q).sum(-1)


def bayes_accuracy(p: ArrayLike, q: ArrayLike) -> Tensor:
    """The best probability of telling, from one sample, whether it came from `p` or `q`: 1/2 + TV(p, q)/2.

    Either source is as likely as the other. `p`, `q` (..., K) probabilities; returns (...,), in [1/2, 1].

    Raises `ValueError` where `p` or `q` is no probability vector, or they differ in length.
    Source: Reid & Williamson 2011 [reid2011].

    >>> bayes_accuracy([0.5, 0.5], [1.0, 0.0])
    tensor(0.7500, dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    return (1 + (p - q).abs().sum(-1) / 2) / 2


class Interval(NamedTuple):
    """A lower and an upper bound of one number."""

    lower: Tensor
    upper: Tensor


def jensen_shannon_bounds(tv: ArrayLike) -> Interval:
    """The interval in which the Jensen-Shannon divergence lies, given the total variation, in nats.

    log 2 - h((1 - TV)/2) <= JSD <= TV log 2, with the binary entropy h; the lower bound is at least TV^2/2.
    A discriminator that is right with probability a shows TV >= 2a - 1, with equality for the best one.
    `tv` (...,) in [0, 1]; both bounds (...,).

    Raises `ValueError` where `tv` leaves [0, 1].
    Source: Lin 1991 [lin1991].

    >>> jensen_shannon_bounds(0.4)
    Interval(lower=tensor(0.0823, dtype=torch.float64), upper=tensor(0.2773, dtype=torch.float64))
    """
    tv = numbers_between(tv, 0, 1, name="tv")
    return Interval(_information(tv) / 2, tv * _LOG2)


def _named(loss: str) -> BayesLoss:
    if loss not in BAYES_LOSSES:
        raise ValueError(f"`loss` must be one of {', '.join(BAYES_LOSSES)}, got {loss!r}")
    return BAYES_LOSSES[loss]
