"""How far one probability vector is from another, and what the best discriminator makes of the difference.

Probabilities lie on the last axis, axes before it broadcast, and the result loses the last axis. Values are
in nats, are not roots, and are infinite where the definition is; 0 log 0 = 0. A function whose name begins
with `empirical_` takes samples instead; `densities` holds the same divergences between densities.

**Precision.** Every sum below runs over terms that are non-negative one by one and are computed without
cancellation from y = (p - q) / (p + q). The value is therefore zero exactly where p = q, never negative, and
right to a few units in the last digits however near q is to p, where the textbook sum has none left.
Kullback-Leibler divergences add -p + q to each term for this: it sums to zero between probability vectors.

**Gradients** are finite wherever the value is, and never NaN. They are those of the terms as written here,
so that `kl` has d/dq = 1 - p/q where the textbook sum has -p/q: along the simplex, and so through a softmax,
the two are the same. Where a slope is -inf (the divergence falls infinitely fast as a missing outcome is
given its first mass), or too large for the dtype (1/p at a subnormal p), a finite number of the same sign
stands for it; where the value is infinite it is 0.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganlab.theory.probability import (
    ArrayLike,
    as_floating,
    frequencies,
    numbers_between,
    probability_vector,
    probability_vectors,
    steadying,
    weighed,
)

__all__ = [
    "empirical_jensen_shannon",
    "empirical_kl",
    "empirical_total_variation",
    "jensen_shannon",
    "kl",
    "mutual_information",
    "neyman_chi2",
    "optimal_discriminator",
    "pearson_chi2",
    "regret",
    "softened_reverse_kl",
    "squared_hellinger",
    "total_variation",
    "triangular_discrimination",
    "value",
]

_SERIES_BELOW = 0.1  # below it atanh(y) - y cancels, and eight terms of its series have every digit


def _sum_and_contrast(p: Tensor, q: Tensor, difference: Tensor) -> tuple[Tensor, Tensor]:
    total, scale = p + q, steadying(p, q)
    return total, scale * difference / torch.where(total > 0, scale * total, 1)


def _log_ratio(p: Tensor, q: Tensor) -> Tensor:
    """log(p/q) for q > 0, without overflow; at p = 0 the logarithm of the smallest normal number."""
    tiny = torch.finfo(p.dtype).tiny
    apart = torch.where(p > 0, p, tiny).log() - q.log()
    ratio = (p / q).detach()
    safe = (ratio > tiny) & ratio.isfinite()
    # The logarithm of the ratio has the digits; the difference of logarithms has the gradient (1/p, -1/q).
    correction = torch.where(safe, torch.where(safe, ratio, 1).log() - apart.detach(), 0)
    return apart + correction


def _kl_terms(p: Tensor, q: Tensor, difference: Tensor | None = None) -> Tensor:
    """p log(p/q) - p + q, each non-negative; `difference` is p - q where the caller knows it better."""
    difference = p - q if difference is None else difference
    total, y = _sum_and_contrast(p, q, difference)
    near = y.abs() < _SERIES_BELOW
    small = torch.where(near, y, 0)
    square = small.square()
    tail = torch.zeros_like(small)
    for k in range(17, 1, -2):  # (atanh(y) - y) / y^3 = 1/3 + y^2/5 + y^4/7 + ...
        tail = 1 / k + square * tail
    series = total * (small * small.atanh() + small * square * tail)
    far = p * _log_ratio(p, torch.where(q > 0, q, 1)) - difference
    finite = torch.where(near, series, far)
    return torch.where((q == 0) & (p > 0), torch.inf, finite)


def _contrast_information(y: Tensor, low: Tensor) -> Tensor:
    """(1+y) log(1+y) + (1-y) log(1-y), where `low` is 1 - |y| to its own relative precision."""
    near = low > 0.5
    small = torch.where(near, y, 0)
    series = 2 * small * small.atanh() + torch.log1p(-small.square())
    tail = low * torch.where(low > 0, low, torch.finfo(y.dtype).tiny).log()
    return torch.where(near, series, (2 - low) * torch.log1p(1 - low) + tail)


def _jensen_shannon_terms(p: Tensor, q: Tensor) -> Tensor:
    total, y = _sum_and_contrast(p, q, p - q)
    scale = steadying(p, q)
    low = 2 * scale * torch.where(p < q, p, q) / torch.where(total > 0, scale * total, 1)
    return total * _contrast_information(y, low) / 4


def kl(p: ArrayLike, q: ArrayLike) -> Tensor:
    """The Kullback-Leibler divergence KL(p to q) = sum p log(p/q), in nats.

    `p`, `q` (..., K) probabilities; returns (...,). It is +inf where q = 0 < p. The reverse divergence of a
    generator from the data is `kl(p_g, p_data)`.

    Raises `ValueError` where `p` or `q` is no probability vector, or they differ in length.
    Source: Kullback & Leibler 1951 [kullback1951].

    >>> kl([0.5, 0.5], [0.25, 0.75])  # log(2) - log(3)/2
    tensor(0.1438, dtype=torch.float64)
    >>> kl([0.5, 0.5], [1.0, 0.0]), kl([1.0, 0.0], [0.5, 0.5])
    (tensor(inf, dtype=torch.float64), tensor(0.6931, dtype=torch.float64))
    """
    return _kl_terms(*probability_vectors(p, q)).sum(-1)


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> Tensor:
    """The Jensen-Shannon divergence JSD(p, q) = KL(p to m)/2 + KL(q to m)/2 with m = (p+q)/2, in nats.

    `p`, `q` (..., K) probabilities; returns (...,), in [0, log 2]. It is log 2 for disjoint supports, and its
    square root is a metric. It is what a fair coin tells about itself through a sample that it chose from p
    or q (see `mutual_information`), and the value of the minimax game is 2 JSD - log 4.

    Raises `ValueError` where `p` or `q` is no probability vector, or they differ in length.
    Source: Lin 1991 [lin1991]; Endres & Schindelin 2003 [endres2003].

    >>> jensen_shannon([0.5, 0.5], [1.0, 0.0])  # half of the data's modes are dropped
    tensor(0.2158, dtype=torch.float64)
    """
    return _jensen_shannon_terms(*probability_vectors(p, q)).sum(-1)


def total_variation(p: ArrayLike, q: ArrayLike) -> Tensor:
    """The total variation TV(p, q) = sum |p - q| / 2, the largest difference in the probability of an event.

    `p`, `q` (..., K) probabilities; returns (...,), in [0, 1].

    Raises `ValueError` where `p` or `q` is no probability vector, or they differ in length.
    Source: Villani 2009 [villani2009].

    >>> total_variation([0.5, 0.5], [1.0, 0.0])
    tensor(0.5000, dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    return (p - q).abs().sum(-1) / 2


def pearson_chi2(p: ArrayLike, q: ArrayLike) -> Tensor:
    """Pearson's chi-squared divergence sum (p - q)^2 / q: the *second* argument divides.

    `p`, `q` (..., K) probabilities; returns (...,). It is +inf where q = 0 < p.

    Raises `ValueError` where `p` or `q` is no probability vector, or they differ in length.
    Source: Nowozin et al. 2016 [nowozin2016].

    >>> pearson_chi2([1.0, 0.0], [0.5, 0.5])
    tensor(1., dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    scale = _unit_scale(p, q)  # by terms, exactly: the slope has the square of q under it
    a, b = p * scale, q * scale
    difference = a - b
    far = (difference / torch.where(b > 0, b, 1)).detach().isinf()  # although its product may be a number
    near_terms = difference * (difference / torch.where((b > 0) & ~far, b, 1))
    far_terms = difference.square() / torch.where(far, b, 1)
    terms = torch.where(far, far_terms, near_terms) / scale
    return torch.where((q == 0) & (p > 0), torch.inf, terms).sum(-1)


def neyman_chi2(p: ArrayLike, q: ArrayLike) -> Tensor:
    """Neyman's chi-squared divergence sum (p - q)^2 / p: the *first* argument divides.

    `p`, `q` (..., K) probabilities; returns (...,). It is +inf where p = 0 < q.

    Raises `ValueError` where `p` or `q` is no probability vector, or they differ in length.
    Source: Nowozin et al. 2016 [nowozin2016].

    >>> neyman_chi2([0.5, 0.5], [1.0, 0.0])
    tensor(1., dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    return pearson_chi2(q, p)


def triangular_discrimination(p: ArrayLike, q: ArrayLike) -> Tensor:
    """The triangular discrimination sum (p - q)^2 / (p + q), the symmetric chi-squared divergence.

    `p`, `q` (..., K) probabilities; returns (...,), in [0, 2]. A least-squares game minimises it.

    Raises `ValueError` where `p` or `q` is no probability vector, or they differ in length.
    Source: Topsoe 2000 [topsoe2000]; Mao et al. 2017 [mao2017].

    >>> triangular_discrimination([0.5, 0.5], [1.0, 0.0])  # 1/6 + 1/2
    tensor(0.6667, dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    total, y = _sum_and_contrast(p, q, p - q)
    return (total * y.square()).sum(-1)


def squared_hellinger(p: ArrayLike, q: ArrayLike) -> Tensor:
    """The squared Hellinger distance sum (sqrt p - sqrt q)^2 = 2 - 2 sum sqrt(p q), without a factor 1/2.

    `p`, `q` (..., K) probabilities; returns (...,), in [0, 2].

    Raises `ValueError` where `p` or `q` is no probability vector, or they differ in length.
    Source: Nowozin et al. 2016 [nowozin2016].

    >>> squared_hellinger([0.5, 0.5], [1.0, 0.0])  # 2 - sqrt(2)
    tensor(0.5858, dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    total, y = _sum_and_contrast(p, q, p - q)
    scale = steadying(p, q)
    safe = torch.where(total > 0, scale * total, 1)
    tiny, shares = torch.finfo(p.dtype).tiny, (2 * scale * p / safe, 2 * scale * q / safe)
    product = shares[0] * shares[1]  # 1 - y^2
    known = product > tiny / torch.finfo(p.dtype).eps
    first, second = (torch.where(~known & (share > 0), share, tiny).sqrt() for share in shares)
    root = torch.where(known, torch.where(known, product, 1).sqrt(), first * second)
    return (total * y.square() / (1 + root)).sum(-1)


def softened_reverse_kl(p: ArrayLike, q: ArrayLike) -> Tensor:
    """The softened reverse Kullback-Leibler divergence 2 KL(m to p) = KL(q to p) - 2 JSD(p, q), m = (p+q)/2.

    `p`, `q` (..., K): the data and the generator; returns (...,), in nats. The generator of the
    non-saturating loss descends it while the discriminator is optimal. It is +inf where p = 0 < q (an
    invented sample) and finite where q = 0 < p (a dropped mode).

    Raises `ValueError` where `p` or `q` is no probability vector, or they differ in length.
    Source: Shannon et al. 2020 [shannon2020].

    >>> softened_reverse_kl([0.5, 0.5], [1.0, 0.0]), softened_reverse_kl([1.0, 0.0], [0.5, 0.5])
    (tensor(0.2616, dtype=torch.float64), tensor(inf, dtype=torch.float64))
    """
    p, q = probability_vectors(p, q)
    return 2 * _kl_terms((p + q) / 2, p, (q - p) / 2).sum(-1)


def empirical_kl(x: ArrayLike, y: ArrayLike, *, outcomes: int) -> Tensor:
    """The divergence KL of the frequencies of `x` from those of `y`, (), in nats.

    `x` (N,), `y` (M,): the outcomes drawn, integers in [0, outcomes). The plug-in estimate: biased upwards,
    and +inf where `x` has an outcome that `y` has not.

    Raises `TypeError` or `ValueError` where the samples are no integers in range.
    Source: Kullback & Leibler 1951 [kullback1951].

    >>> empirical_kl([0, 1, 0, 1], [0, 1, 1, 1], outcomes=2)
    tensor(0.1438, dtype=torch.float64)
    """
    return kl(frequencies(x, outcomes, name="x"), frequencies(y, outcomes, name="y"))


def empirical_jensen_shannon(x: ArrayLike, y: ArrayLike, *, outcomes: int) -> Tensor:
    """The Jensen-Shannon divergence of the frequencies of two samples, (), in nats.

    `x` (N,), `y` (M,): the outcomes drawn, integers in [0, outcomes). The plug-in estimate, biased upwards.

    Raises `TypeError` or `ValueError` where the samples are no integers in range.
    Source: Lin 1991 [lin1991].

    >>> empirical_jensen_shannon([0, 1], [0, 0], outcomes=2)
    tensor(0.2158, dtype=torch.float64)
    """
    return jensen_shannon(frequencies(x, outcomes, name="x"), frequencies(y, outcomes, name="y"))


def empirical_total_variation(x: ArrayLike, y: ArrayLike, *, outcomes: int) -> Tensor:
    """The total variation between the frequencies of two samples, ().

    `x` (N,), `y` (M,): the outcomes drawn, integers in [0, outcomes). The plug-in estimate, biased upwards.

    Raises `TypeError` or `ValueError` where the samples are no integers in range.
    Source: Villani 2009 [villani2009].

    >>> empirical_total_variation([0, 1], [0, 0], outcomes=2)
    tensor(0.5000, dtype=torch.float64)
    """
    return total_variation(frequencies(x, outcomes, name="x"), frequencies(y, outcomes, name="y"))


def mutual_information(joint: ArrayLike) -> Tensor:
    """The mutual information I(X; Y) of a joint law of two finite variables, in nats.

    I = KL(joint to the product of its marginals) = sum over y of P(y) KL(P(x | y) to P(x)). With a fair coin
    Y that says whether X was drawn from p or from q, the joint law is p/2 in one row and q/2 in the other,
    and I(X; Y) = JSD(p, q).
    `joint` (..., L, K): probabilities that sum to 1 over the last two axes; returns (...,).

    Raises `ValueError` where `joint` has fewer than two axes or is no probability table.
    Source: Lin 1991 [lin1991].

    >>> mutual_information([[0.25, 0.25], [0.5, 0.0]])  # JSD of (1/2, 1/2) and (1, 0)
    tensor(0.2158, dtype=torch.float64)
    """
    joint = as_floating(joint, name="joint")
    if joint.ndim < 2:
        raise ValueError(f"`joint` must have at least two axes, got shape {tuple(joint.shape)}")
    probability_vector(joint.flatten(-2), name="joint")
    given, marginal = joint.sum(-1, keepdim=True), joint.sum(-2, keepdim=True)
    conditional = torch.where(given > 0, joint / torch.where(given > 0, given, 1), marginal)
    return (given * _kl_terms(conditional, marginal)).sum((-2, -1))


def optimal_discriminator(
    p_data: ArrayLike, p_g: ArrayLike, *, real_label: float = 1.0, fake_label: float = 0.0
) -> Tensor:
    """The discriminator D* = p_data / (p_data + p_g) that maximises the value of the game at every point.

    With smoothed labels, alpha for real and beta for generated samples, the minimiser of the cross-entropy is
    D* = (alpha p_data + beta p_g) / (p_data + p_g).
    `p_data`, `p_g`: probabilities or densities at the same points, any shapes that broadcast; returns that
    shape. Where both vanish D* is arbitrary, no value of it changes the game, and the midpoint of the two
    labels (1/2) is returned.

    Raises `ValueError` where a density is negative or not finite, or a label leaves [0, 1].
    Source: Goodfellow et al. 2014, Prop. 1 [goodfellow2014]; Salimans et al. 2016 [salimans2016].

    >>> optimal_discriminator([0.6, 0.3, 0.1, 0.0], [0.4, 0.3, 0.4, 0.0])
    tensor([0.6000, 0.5000, 0.2000, 0.5000], dtype=torch.float64)
    """
    p, q = numbers_between(p_data, 0, math.inf, name="p_data"), numbers_between(p_g, 0, math.inf, name="p_g")
    _check_labels(real_label, fake_label)
    scale = steadying(p, q)
    p, q = p * scale, q * scale
    share = real_label * _share(p, q) + fake_label * _share(q, p)
    return torch.where(p + q > 0, share, (real_label + fake_label) / 2)


def value(
    p: ArrayLike, q: ArrayLike, d: ArrayLike, *, real_label: float = 1.0, fake_label: float = 0.0
) -> Tensor:
    """The value V(D) = sum p log D + q log(1 - D) of the minimax game for one discriminator, in nats.

    It is -log 4 + 2 JSD(p, q) for the best discriminator, and V(D)/2 + log 2 is below JSD for any other.
    Minus V is the discriminator's loss; with smoothed labels alpha and beta, V is the sum of
    p [alpha log D + (1 - alpha) log(1 - D)] + q [beta log D + (1 - beta) log(1 - D)].
    `p`, `q` (..., K) probabilities, the data's and the generator's; `d` (..., K) in [0, 1]; returns (...,),
    -inf where D is certain and wrong.

    Raises `ValueError` where `p` or `q` is no probability vector, or `d` or a label leaves [0, 1].
    Source: Goodfellow et al. 2014, eq. 1 [goodfellow2014]; Salimans et al. 2016 [salimans2016].

    >>> value([0.5, 0.5], [0.5, 0.5], [0.5, 0.5])  # -log 4
    tensor(-1.3863, dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    d = numbers_between(d, 0, 1, name="d")
    _check_labels(real_label, fake_label)
    real = real_label * p + fake_label * q
    fake = (1 - real_label) * p + (1 - fake_label) * q
    log_rest = torch.log1p(-torch.where(fake > 0, d, 0))
    return (weighed(real, torch.where(real > 0, d, 1).log()) + weighed(fake, log_rest)).sum(-1)


def regret(p: ArrayLike, q: ArrayLike, d: ArrayLike) -> Tensor:
    """What a discriminator loses against the best: V(D*) - V(D) = sum (p+q) KL(Bern(D*) to Bern(D)), in nats.

    `p`, `q` (..., K) probabilities, the data's and the generator's; `d` (..., K) in [0, 1]; returns (...,),
    +inf where D is certain and wrong.

    Raises `ValueError` where `p` or `q` is no probability vector, or `d` leaves [0, 1].
    Source: Goodfellow et al. 2014, Prop. 1 [goodfellow2014].

    >>> regret([0.5, 0.5], [1.0, 0.0], [0.5, 0.5])  # V(D*) - V(1/2) = 2 JSD
    tensor(0.4315, dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    d = numbers_between(d, 0, 1, name="d")
    difference = p * (1 - d) - q * d  # p - (p + q) d
    real = _kl_terms(p, (p + q) * d, difference)
    fake = _kl_terms(q, (p + q) * (1 - d), -difference)
    return (real + fake).sum(-1)


def _unit_scale(p: Tensor, q: Tensor) -> Tensor:
    """The power of two that brings the larger of each pair to about 1, as near as the dtype has one."""
    number, largest = torch.finfo(p.dtype), torch.maximum(p, q).detach()
    power = torch.frexp(largest)[1].clamp_min(round(math.log2(number.tiny)) + 2)
    return torch.ldexp(torch.ones_like(largest), -power)


def _share(p: Tensor, q: Tensor) -> Tensor:
    """p / (p + q), or 0 where both are, whose slope q / (p + q)^2 does not cancel where q is far below p."""
    total, large = p + q, p >= q
    ratio = torch.where(large, q, p) / torch.where(total > 0, torch.where(large, p, q), 1)
    sloped = torch.where(large, 1, ratio) / (1 + ratio)
    return (p / torch.where(total > 0, total, 1)).detach() + (sloped - sloped.detach())


def _check_labels(real_label: float, fake_label: float) -> None:
    for name, label in (("real_label", real_label), ("fake_label", fake_label)):
        if not 0 <= label <= 1:
            raise ValueError(f"`{name}` must lie in [0, 1], got {label}")
