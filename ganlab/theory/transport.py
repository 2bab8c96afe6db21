"""Distances that see the geometry: optimal transport and integral probability metrics.

An f-divergence of two laws that do not overlap says only that they do not. The distances here also say how
far apart they lie: the Wasserstein-1 distance (the least mean way to carry one law onto the other, and the
supremum of E_p f - E_q f over 1-Lipschitz f), the squared Frechet distance (the same with squared ways,
between Gaussians) and the squared maximum mean discrepancy (the supremum over the unit ball of a kernel,
squared). A plain name takes probability vectors over given points, `..._gaussian` takes means and
covariances, `empirical_...` takes samples.
"""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from ganlab.theory.probability import ArrayLike, as_floating, probability_vector, probability_vectors

__all__ = [
    "empirical_frechet",
    "empirical_squared_mmd",
    "empirical_wasserstein_1",
    "frechet_gaussian",
    "kantorovich_potential",
    "squared_mmd",
    "squared_mmd_gaussian",
    "transport_cost",
    "wasserstein_1",
    "wasserstein_1_gaussian",
]


def wasserstein_1(p: ArrayLike, q: ArrayLike, points: ArrayLike) -> Tensor:
    """The Wasserstein-1 distance of two laws on the same points, in the unit of the points.

    On the line it is exact, the integral of |F_p - F_q|, batched and differentiable; in more dimensions it is
    the optimal value of the transport problem with Euclidean ways, solved by POT for one pair.
    `p`, `q` (..., K) probabilities; `points` (K,) on the line, in any order, or (K, dim); returns (...,).

    Raises `ValueError` where `p` or `q` is no probability vector, or there are not K finite points.
    Source: Villani 2009 [villani2009]; Vallender 1974 [vallender1974].

    >>> wasserstein_1([0.2, 0.0, 0.5, 0.3, 0.0], [0.0, 0.6, 0.0, 0.0, 0.4], [-1.0, 0.0, 0.5, 2.0, 3.0])
    tensor(0.9500, dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    points = _finite(points, "points")
    if points.ndim not in (1, 2) or points.shape[0] != p.shape[-1]:
        raise ValueError(
            f"`points` must be (K,) or (K, dim) for K = {p.shape[-1]} outcomes, got {tuple(points.shape)}"
        )
    if points.ndim == 2:
        return transport_cost(p, q, torch.cdist(points, points, compute_mode=_EXACT))
    line, order = torch.sort(points)
    above = (p - q)[..., order].cumsum(-1)[..., :-1]
    return (above.abs() * line.diff()).sum(-1)


def kantorovich_potential(p: ArrayLike, q: ArrayLike, points: ArrayLike) -> Tensor:
    """A best critic on the line: the 1-Lipschitz f at the points with E_p f - E_q f = W1(p, q).

    Its slope is sign(F_q - F_p) between neighbouring points, 0 where the two agree; f is 0 at the leftmost.
    `p`, `q` (..., K) probabilities; `points` (K,), in any order; returns (..., K).

    Raises `ValueError` where `p` or `q` is no probability vector, or there are not K finite points.
    Source: Villani 2009 [villani2009].

    >>> kantorovich_potential([1.0, 0.0], [0.0, 1.0], [0.0, 3.0])
    tensor([ 0., -3.], dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    points = _finite(points, "points")
    if points.shape != p.shape[-1:]:
        raise ValueError(f"`points` must be ({p.shape[-1]},), got {tuple(points.shape)}")
    line, order = torch.sort(points)
    steps = (q - p)[..., order].cumsum(-1)[..., :-1].sign() * line.diff()
    climb = torch.cat([steps.new_zeros((*steps.shape[:-1], 1)), steps.cumsum(-1)], -1)
    return climb[..., order.argsort()]


def transport_cost(p: ArrayLike, q: ArrayLike, cost: ArrayLike) -> Tensor:
    """The least cost of carrying `p` onto `q`: the minimum of sum P_ij cost_ij over couplings P.

    An exact linear programme, solved by POT (`ot.emd2`); differentiable in `p`, `q` (by the potentials, which
    are the slopes along the simplex) and in `cost` (by the optimal plan).
    `p` (N,), `q` (M,) probabilities; `cost` (N, M); returns ().

    Raises `ValueError` where `p` or `q` is no probability vector, or `cost` is not (N, M) and finite.
    Source: Villani 2009 [villani2009]; Flamary et al. 2021 [flamary2021].

    >>> transport_cost([0.5, 0.5], [1.0], [[1.0], [3.0]])
    tensor(2., dtype=torch.float64)
    """
    with warnings.catch_warnings():  # of how its docstrings are spelt, where its bytecode is not kept
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        import ot

    p, q, cost = probability_vector(p, name="p"), probability_vector(q, name="q"), _finite(cost, "cost")
    if p.ndim != 1 or q.ndim != 1 or cost.shape != (len(p), len(q)):
        raise ValueError(
            f"`cost` must be (N, M) for `p` (N,) and `q` (M,), got {tuple(cost.shape)} "
            f"for {tuple(p.shape)} and {tuple(q.shape)}"
        )
    return torch.as_tensor(ot.emd2(p, q, cost, numItermax=10_000_000))


def wasserstein_1_gaussian(
    mean_p: ArrayLike, std_p: ArrayLike, mean_q: ArrayLike, std_q: ArrayLike
) -> Tensor:
    """The Wasserstein-1 distance of two Gaussians on the line, in their unit.

    It is E|m + s Z| with m = mean_p - mean_q, s = std_p - std_q and Z standard normal: the mean of a folded
    normal, |s| sqrt(2/pi) exp(-m^2/(2 s^2)) + |m| erf(|m|/(|s| sqrt 2)).
    All four (...,), broadcast; standard deviations, not variances; 0 is a point mass.

    Raises `ValueError` where a number is not finite or a standard deviation is negative.
    Source: Vallender 1974 [vallender1974].

    >>> wasserstein_1_gaussian(0.0, 1.0, 1.0, 2.0)
    tensor(1.1666, dtype=torch.float64)
    """
    mean_p, std_p = _finite(mean_p, "mean_p"), _finite(std_p, "std_p")
    mean_q, std_q = _finite(mean_q, "mean_q"), _finite(std_q, "std_q")
    for name, std in (("std_p", std_p), ("std_q", std_q)):
        if (std < 0).any():
            raise ValueError(f"`{name}` must not be negative, got {std.min().item():.6g}")
    m, s = (mean_p - mean_q).abs(), (std_p - std_q).abs()
    safe = torch.where(s > 0, s, 1)
    ratio = (m / safe).clamp_max(1e3)  # beyond it the second term alone is left
    folded = safe * math.sqrt(2 / math.pi) * (-ratio.square() / 2).exp() + m * (ratio / math.sqrt(2)).erf()
    return torch.where(s > 0, folded, m)


def empirical_wasserstein_1(
    x: ArrayLike, y: ArrayLike, *, x_weights: ArrayLike | None = None, y_weights: ArrayLike | None = None
) -> Tensor:
    """The Wasserstein-1 distance of two samples, (), in their unit.

    On the line it is exact, the integral of the difference of the two quantile functions, and differentiable
    in the samples; in more dimensions POT solves the transport problem with Euclidean ways.
    `x` (N,) or (N, dim), `y` (M,) or (M, dim); `x_weights` (N,), `y_weights` (M,): probabilities, equal if
    not given.

    Raises `ValueError` where a sample is empty or not finite, the two differ in dimension, or the weights are
    no probabilities of the samples.
    Source: Villani 2009 [villani2009]; Vallender 1974 [vallender1974].

    >>> empirical_wasserstein_1([0.0, 1.0], [5.0, 6.0, 5.0, 6.0])
    tensor(5., dtype=torch.float64)
    """
    x, y = _samples(x, y)
    p, q = _weights(x, x_weights, "x_weights"), _weights(y, y_weights, "y_weights")
    if x.ndim == 2:
        return transport_cost(p, q, torch.cdist(x, y, compute_mode=_EXACT))
    x, x_order = torch.sort(x)
    y, y_order = torch.sort(y)
    x_levels, y_levels = p[x_order].cumsum(0), q[y_order].cumsum(0)
    levels = torch.cat([x_levels, y_levels]).clamp(max=1).sort().values
    left = torch.cat([levels.new_zeros(1), levels[:-1]])
    middle = ((left + levels) / 2).detach()
    x_index = torch.searchsorted(x_levels.detach(), middle).clamp(max=len(x) - 1)
    y_index = torch.searchsorted(y_levels.detach(), middle).clamp(max=len(y) - 1)
    return ((x[x_index] - y[y_index]).abs() * (levels - left)).sum()


def frechet_gaussian(mean_p: ArrayLike, cov_p: ArrayLike, mean_q: ArrayLike, cov_q: ArrayLike) -> Tensor:
    """The *squared* Frechet distance of two Gaussians, the squared Wasserstein-2 distance.

    |mean_p - mean_q|^2 + tr(C_p + C_q - 2 (C_p^(1/2) C_q C_p^(1/2))^(1/2)), computed as the smallest
    |A - B O|^2 over rotations O, with C_p = A A^T and C_q = B B^T: a sum of squares, exact for close laws.
    `mean_p`, `mean_q` (..., dim); `cov_p`, `cov_q` (..., dim, dim), symmetric and positive semi-definite;
    returns (...,). Differentiable where both covariances are definite.

    Raises `ValueError` where shapes disagree, or a covariance is not symmetric or not positive semi-definite.
    Source: Dowson & Landau 1982 [dowson1982]; Heusel et al. 2017, eq. 6 [heusel2017].

    >>> frechet_gaussian([0.0], [[1.0]], [3.0], [[4.0]])  # 3^2 + (1 - 2)^2
    tensor(10., dtype=torch.float64)
    """
    mean_p, cov_p = _gaussian(mean_p, cov_p, "p")
    mean_q, cov_q = _gaussian(mean_q, cov_q, "q")
    _same_dimension(mean_p, mean_q)
    root_p, root_q = _factor(cov_p, "cov_p"), _factor(cov_q, "cov_q")
    left, _, right = torch.linalg.svd((root_p.mT @ root_q).detach())
    rotation = right.mT @ left.mT  # the best one; by the envelope theorem its own slope does not count
    return (mean_p - mean_q).square().sum(-1) + (root_p - root_q @ rotation).square().sum((-2, -1))


def empirical_frechet(x: ArrayLike, y: ArrayLike) -> Tensor:
    """The squared Frechet distance of the Gaussians fitted to two samples, ().

    Means and unbiased covariances (divided by N - 1). Biased upwards, more so for few samples.
    `x` (N, dim), `y` (M, dim), with at least two rows each.

    Raises `ValueError` where a sample is not (N, dim), has fewer than two rows, or is not finite.
    Source: Heusel et al. 2017, eq. 6 [heusel2017].

    >>> empirical_frechet([[0.0], [2.0]], [[3.0], [5.0]])
    tensor(9., dtype=torch.float64)
    """
    x, y = _samples(x, y)
    for name, sample in (("x", x), ("y", y)):
        if sample.ndim != 2 or len(sample) < 2:
            raise ValueError(f"`{name}` must be (N, dim) with N at least 2, got {tuple(sample.shape)}")
    covariances = (torch.atleast_2d(torch.cov(sample.T)) for sample in (x, y))
    cov_x, cov_y = covariances
    return frechet_gaussian(x.mean(0), cov_x, y.mean(0), cov_y)


def squared_mmd(p: ArrayLike, q: ArrayLike, points: ArrayLike, *, bandwidth: float) -> Tensor:
    """The squared maximum mean discrepancy (p - q)^T K (p - q) of two laws on the same points.

    The kernel is Gaussian, k(x, y) = exp(-|x - y|^2 / (2 bandwidth^2)).
    `p`, `q` (..., K) probabilities; `points` (K,) or (K, dim); `bandwidth` in the unit of the points; returns
    (...,), in [0, 2].

    Raises `ValueError` where `p` or `q` is no probability vector, there are not K finite points, or the
    bandwidth is not positive.
    Source: Gretton et al. 2012 [gretton2012].

    >>> squared_mmd([1.0, 0.0], [0.0, 1.0], [0.0, 1.0], bandwidth=1.0)  # 2 - 2 exp(-1/2)
    tensor(0.7869, dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    points = _finite(points, "points")
    if points.ndim not in (1, 2) or points.shape[0] != p.shape[-1]:
        raise ValueError(
            f"`points` must be (K,) or (K, dim) for K = {p.shape[-1]} outcomes, got {tuple(points.shape)}"
        )
    kernel = _gaussian_kernel(points, points, bandwidth)
    return ((p - q) * ((p - q) @ kernel)).sum(-1).clamp_min(0)


def squared_mmd_gaussian(
    mean_p: ArrayLike, cov_p: ArrayLike, mean_q: ArrayLike, cov_q: ArrayLike, *, bandwidth: float
) -> Tensor:
    """The squared maximum mean discrepancy of two Gaussians under a Gaussian kernel, in closed form.

    E k(X, X') - 2 E k(X, Y) + E k(Y, Y'), where k(x, y) = exp(-|x - y|^2 / (2 b^2)) and, for independent X
    and Y, E k(X, Y) = det(I + S/b^2)^(-1/2) exp(-d^T (b^2 I + S)^(-1) d / 2) with S = C_p + C_q and
    d = mean_p - mean_q.
    `mean_p`, `mean_q` (..., dim); `cov_p`, `cov_q` (..., dim, dim); `bandwidth` b > 0; returns (...,).

    Raises `ValueError` where shapes disagree, a covariance is not symmetric or not positive semi-definite, or
    the bandwidth is not positive.
    Source: Gretton et al. 2012 [gretton2012].

    >>> squared_mmd_gaussian([0.0], [[1.0]], [1.0], [[1.0]], bandwidth=1.0)  # 2 (1 - exp(-1/6)) / sqrt(3)
    tensor(0.1773, dtype=torch.float64)
    """
    mean_p, cov_p = _gaussian(mean_p, cov_p, "p")
    mean_q, cov_q = _gaussian(mean_q, cov_q, "q")
    _same_dimension(mean_p, mean_q)
    for name, cov in (("cov_p", cov_p), ("cov_q", cov_q)):
        _factor(cov.detach(), name)
    _check_bandwidth(bandwidth)
    nothing = torch.zeros_like(mean_p - mean_q)
    within_p = _mean_kernel(nothing, 2 * cov_p, bandwidth)
    within_q = _mean_kernel(nothing, 2 * cov_q, bandwidth)
    return within_p + within_q - 2 * _mean_kernel(mean_p - mean_q, cov_p + cov_q, bandwidth)


def empirical_squared_mmd(x: ArrayLike, y: ArrayLike, *, bandwidth: float) -> Tensor:
    """The unbiased estimate of the squared maximum mean discrepancy from two samples, ().

    The mean of k over pairs of different x, plus the same for y, minus twice the mean over pairs (x, y), with
    k(x, y) = exp(-|x - y|^2 / (2 bandwidth^2)). It is negative about as often as not where the laws agree.
    `x` (N,) or (N, dim), `y` (M,) or (M, dim), at least two of each.

    Raises `ValueError` where a sample has fewer than two points or is not finite, the two differ in
    dimension, or the bandwidth is not positive.
    Source: Gretton et al. 2012 [gretton2012].

    >>> empirical_squared_mmd([0.0, 0.0], [1.0, 1.0], bandwidth=1.0)  # 2 - 2 exp(-1/2)
    tensor(0.7869, dtype=torch.float64)
    """
    x, y = _samples(x, y)
    if min(len(x), len(y)) < 2:
        raise ValueError(f"`x` and `y` must hold at least 2 samples each, got {len(x)} and {len(y)}")
    within_x, within_y = (
        (_gaussian_kernel(z, z, bandwidth).sum() - len(z)) / (len(z) * (len(z) - 1)) for z in (x, y)
    )
    return within_x + within_y - 2 * _gaussian_kernel(x, y, bandwidth).mean()


_EXACT = "donot_use_mm_for_euclid_dist"  # the fast way loses half of the digits of small distances


def _finite(x: ArrayLike, name: str) -> Tensor:
    x = as_floating(x, name=name)
    if not x.isfinite().all():
        raise ValueError(f"`{name}` must be finite, got {x[~x.isfinite()][0].item()}")
    return x


def _samples(x: ArrayLike, y: ArrayLike) -> tuple[Tensor, Tensor]:
    first, second = _finite(x, "x"), _finite(y, "y")
    for name, sample in (("x", first), ("y", second)):
        if sample.ndim not in (1, 2) or sample.numel() == 0:
            raise ValueError(f"`{name}` must be (N,) or (N, dim) and not empty, got {tuple(sample.shape)}")
    if first.shape[1:] != second.shape[1:]:
        raise ValueError(
            f"`y` must have the dimension of `x`, got {tuple(second.shape)} and {tuple(first.shape)}"
        )
    return first, second


def _weights(samples: Tensor, weights: ArrayLike | None, name: str) -> Tensor:
    if weights is None:
        return samples.new_full((len(samples),), 1 / len(samples))
    weights = probability_vector(weights, name=name)
    if weights.shape != samples.shape[:1]:
        raise ValueError(f"`{name}` must be ({len(samples)},), got {tuple(weights.shape)}")
    return weights


def _gaussian(mean: ArrayLike, cov: ArrayLike, law: str) -> tuple[Tensor, Tensor]:
    mean, cov = _finite(mean, f"mean_{law}"), _finite(cov, f"cov_{law}")
    if mean.ndim < 1 or cov.ndim < 2 or cov.shape[-2:] != (mean.shape[-1], mean.shape[-1]):
        raise ValueError(
            f"`cov_{law}` must be (..., dim, dim) for `mean_{law}` (..., dim), "
            f"got {tuple(cov.shape)} and {tuple(mean.shape)}"
        )
    if not torch.allclose(cov, cov.mT):
        raise ValueError(
            f"`cov_{law}` must be symmetric, got a difference of {(cov - cov.mT).abs().max():.3g}"
        )
    return mean, cov


def _same_dimension(mean_p: Tensor, mean_q: Tensor) -> None:
    if mean_p.shape[-1] != mean_q.shape[-1]:
        raise ValueError(
            f"`mean_q` must have the dimension of `mean_p`, got {mean_q.shape[-1]} and {mean_p.shape[-1]}"
        )


def _factor(cov: Tensor, name: str) -> Tensor:
    """A with A A^T = cov: Cholesky's of each that is definite, from the eigenvectors of each other.

    Where one way is not taken it gets a matrix for which it has a gradient: otherwise 0 times NaN is NaN.
    """
    factor, failed = torch.linalg.cholesky_ex(cov)
    if not failed.any():
        return factor
    singular, size = failed.bool()[..., None, None], cov.shape[-1]
    one, spread = torch.eye(size).to(cov), torch.arange(1, size + 1).diag().to(cov)
    factor = torch.linalg.cholesky(torch.where(singular, one, cov))
    values, vectors = torch.linalg.eigh(torch.where(singular, cov, spread))
    lowest = values.detach().amin(-1)
    if (lowest < -1e3 * torch.finfo(cov.dtype).eps * values.detach().abs().amax(-1)).any():
        raise ValueError(f"`{name}` must be positive semi-definite, got an eigenvalue {lowest.min():.6g}")
    return torch.where(singular, vectors * values.clamp_min(0).sqrt().unsqueeze(-2), factor)


def _check_bandwidth(bandwidth: float) -> None:
    if not 0 < bandwidth < math.inf:
        raise ValueError(f"`bandwidth` must be positive and finite, got {bandwidth}")


def _gaussian_kernel(x: Tensor, y: Tensor, bandwidth: float) -> Tensor:
    _check_bandwidth(bandwidth)
    x, y = (z.unsqueeze(-1) if z.ndim == 1 else z for z in (x, y))
    return (-((x.unsqueeze(1) - y.unsqueeze(0)) / bandwidth).square().sum(-1) / 2).exp()


def _mean_kernel(d: Tensor, total: Tensor, bandwidth: float) -> Tensor:
    """E exp(-|Z|^2 / (2 b^2)) for a Gaussian Z of mean `d` and covariance `total`."""
    d, total = d / bandwidth, total / bandwidth / bandwidth  # the square itself may underflow
    widened = torch.eye(d.shape[-1], dtype=total.dtype) + total
    distance = (d * torch.linalg.solve(widened, d.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return (-distance / 2).exp() * torch.linalg.det(widened).rsqrt()
