"""How far one density on the line is from another, by quadrature with an error bound.

A density is given by its logarithm, a function from a float64 tensor (N,) of points to (N,), -inf outside
its support: the ratio of two densities is then exact where both are too small to be written down. Values are
in nats, are not roots, and are infinite where the integral diverges.

The rule of `quadrature` needs no help with smooth densities of ordinary width, kinks and heavy tails.
Name as `breakpoints` the places where a density jumps, has a pole, or is a narrow spike. The two densities
are integrated along with the divergence: a rule that misses more than a millionth of either mass is refused,
and what it misses below that is part of the error, as are the disagreement of two rules and the rounding.

**Poles.** The distance to an end that is not 0 is no smaller than the spacing of floating-point numbers
there. A density with a strong pole at such an end (Beta(0.1, 0.2) at 1) must be passed in another variable,
for instance the logit: divergences of this module do not change under an invertible map of the line.

**Gradients** flow to whatever parameters the two functions close over; the error bound is that of the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ganlab.theory.quadrature import LINE, Quadrature, Support, integrate

__all__ = [
    "jensen_shannon_density",
    "kl_density",
    "neyman_chi2_density",
    "pearson_chi2_density",
    "softened_reverse_kl_density",
    "squared_hellinger_density",
    "total_variation_density",
    "triangular_discrimination_density",
    "wasserstein_1_quantile",
]

LogDensity = Callable[[Tensor], Tensor]
Term = Callable[[Tensor, Tensor, Tensor], Tensor]

_LOG2 = math.log(2)
_MASS_TOLERANCE = 1e-6


def _at(function: LogDensity, x: Tensor, name: str) -> Tensor:
    values = torch.as_tensor(function(x.flatten()), dtype=torch.float64)
    if values.shape != (x.numel(),):
        raise ValueError(
            f"`{name}` must map points ({x.numel()},) to as many values, got {tuple(values.shape)}"
        )
    if values.isnan().any():
        raise ValueError(
            f"`{name}` must be a number on its support, got nan at {x.flatten()[values.isnan()][0]}"
        )
    return values.reshape(x.shape)


def _divergence(
    term: Term, log_p: LogDensity, log_q: LogDensity, support: Support, breakpoints: Sequence[float]
) -> Quadrature:
    """The integral of `term(log p, log q, log p - log q)`, if both densities integrate to 1."""

    def rows(x: Tensor) -> Tensor:
        p, q = _at(log_p, x, "log_p"), _at(log_q, x, "log_q")
        ratio = torch.where(p == -math.inf, -800.0, torch.where(q == -math.inf, 800.0, p - q))
        ratio = torch.where((p == -math.inf) & (q == -math.inf), 0.0, ratio)
        terms = term(p, q, ratio)
        return torch.stack([terms, p.exp(), q.exp(), _rounding(term, p, q, ratio, terms)])

    value, error, ends = integrate(rows, support, breakpoints, refined=3)
    masses = value[1:3].detach() - 1
    for name, missing in zip(("log_p", "log_q"), masses.tolist(), strict=True):
        if not abs(missing) <= _MASS_TOLERANCE:
            raise ValueError(
                f"`{name}` must integrate to 1 over `support`, got {1 + missing:.6g}: widen `support`, "
                "name jumps, poles and spikes in `breakpoints`, or change the variable"
            )
    if not value[0].isfinite() or ends == math.inf:
        return Quadrature(torch.full_like(value[0].detach(), math.inf), 0.0)
    rounding = float(value[3].detach())
    unseen = sum(m for m in masses.abs().tolist() if m > 1e-12)
    return Quadrature(value[0], float(error[0]) + ends + rounding + unseen)


def _rounding(term: Term, log_p: Tensor, log_q: Tensor, r: Tensor, terms: Tensor) -> Tensor:
    """What the last digits of the two logarithms are worth: their difference is no better known."""
    with torch.no_grad():
        digits = torch.finfo(r.dtype).eps * (log_p.abs() + log_q.abs())
        known = terms.isfinite() & digits.isfinite()
        moved = term(log_p, log_q, r + torch.where(known, digits, 0))
        return torch.where(known, (moved - terms).abs(), 0)


def _kl_term(log_p: Tensor, log_q: Tensor, r: Tensor) -> Tensor:
    """p log(p/q) - p + q = p (r - 1 + exp(-r)); the series has every digit where the difference has few."""
    p, q = log_p.exp(), log_q.exp()
    near = r.abs() < 0.1
    small = torch.where(near, r, 0)
    tail = torch.zeros_like(small)
    for k in range(13, 2, -1):
        tail = (1 - small * tail) / k
    finite = torch.where(near, p * small.square() * (1 - small * tail) / 2, p * r - p + q)
    return torch.where((log_q == -math.inf) & (p > 0), math.inf, finite)


def _jensen_shannon_term(log_p: Tensor, log_q: Tensor, r: Tensor) -> Tensor:
    p, q = log_p.exp(), log_q.exp()
    near = r.abs() < 1
    small = torch.where(near, r, 0)
    contrast = (small / 2).tanh()
    series = (p + q) / 4 * (contrast * small + torch.log1p(-contrast.square()))
    zero = r.new_zeros(())
    far = p * (_LOG2 - torch.logaddexp(-r, zero)) + q * (_LOG2 - torch.logaddexp(r, zero))
    return torch.where(near, series, far / 2)


def _total_variation_term(log_p: Tensor, log_q: Tensor, r: Tensor) -> Tensor:
    return torch.logaddexp(log_p, log_q).exp() * (r / 2).tanh().abs() / 2


def _triangular_term(log_p: Tensor, log_q: Tensor, r: Tensor) -> Tensor:
    return (log_p.exp() + log_q.exp()) * (r / 2).tanh().square()


def _squared_hellinger_term(log_p: Tensor, log_q: Tensor, r: Tensor) -> Tensor:
    half = r.clamp(-700, 700) / 2
    return (log_p.exp() + log_q.exp()) * half.tanh().square() / (1 + 1 / half.cosh())


def _pearson_term(log_p: Tensor, log_q: Tensor, r: Tensor) -> Tensor:
    """(p - q)^2 / q; where p > q it is p^2/q - 2p + q, since p may be too small to be a number."""
    below = log_q.exp() * torch.where(r < 1, r, 0).expm1().square()
    ratio = torch.where(log_p == -math.inf, -math.inf, 2 * log_p - torch.where(r < 1, 0, log_q))
    above = ratio.exp() - 2 * log_p.exp() + log_q.exp()
    return torch.where(r < 1, below, above)


def _neyman_term(log_p: Tensor, log_q: Tensor, r: Tensor) -> Tensor:
    return _pearson_term(log_q, log_p, -r)


def _softened_reverse_kl_term(log_p: Tensor, log_q: Tensor, r: Tensor) -> Tensor:
    log_m = torch.logaddexp(log_p, log_q) - _LOG2
    near = torch.log1p(torch.where(r.abs() < 1, -r, 0).expm1() / 2)
    ratio = torch.where(r.abs() < 1, near, torch.logaddexp(-r, r.new_zeros(())) - _LOG2)
    return 2 * _kl_term(log_m, log_p, ratio)


def kl_density(
    log_p: LogDensity, log_q: LogDensity, *, support: Support = LINE, breakpoints: Sequence[float] = ()
) -> Quadrature:
    """The Kullback-Leibler divergence KL(p to q) of two densities on the line, in nats, with its error.

    The integral of p log(p/q). `log_p`, `log_q`: log-densities (N,) to (N,), -inf outside the support.

    Raises `ValueError` where a density does not integrate to 1 over `support` or is nan, or a breakpoint lies
    outside.
    Source: Kullback & Leibler 1951 [kullback1951]; Takahasi & Mori 1974 [takahasi1974].

    >>> from torch.distributions import Normal
    >>> round(kl_density(Normal(0.0, 1.0).log_prob, Normal(50.0, 1.0).log_prob).value.item(), 9)  # 50^2 / 2
    1250.0
    """
    return _divergence(_kl_term, log_p, log_q, support, breakpoints)


def jensen_shannon_density(
    log_p: LogDensity, log_q: LogDensity, *, support: Support = LINE, breakpoints: Sequence[float] = ()
) -> Quadrature:
    """The Jensen-Shannon divergence of two densities on the line, in nats, with its error.

    The integral of p log(p/m)/2 + q log(q/m)/2 with m = (p+q)/2; in [0, log 2].
    `log_p`, `log_q`: log-densities (N,) to (N,), -inf outside the support.

    Raises `ValueError` as `kl_density` does.
    Source: Lin 1991 [lin1991].

    >>> from torch.distributions import Normal
    >>> p, q = Normal(0.0, 1.0), Normal(1.0, 1.0)
    >>> round(jensen_shannon_density(p.log_prob, q.log_prob).value.item(), 9)
    0.111421482
    """
    return _divergence(_jensen_shannon_term, log_p, log_q, support, breakpoints)


def total_variation_density(
    log_p: LogDensity, log_q: LogDensity, *, support: Support = LINE, breakpoints: Sequence[float] = ()
) -> Quadrature:
    """The total variation of two densities on the line, with its error.

    The integral of |p - q| / 2; in [0, 1].
    `log_p`, `log_q`: log-densities (N,) to (N,), -inf outside the support.

    Raises `ValueError` as `kl_density` does.
    Source: Villani 2009 [villani2009].

    >>> from torch.distributions import Normal
    >>> p, q = Normal(0.0, 1.0), Normal(1.0, 1.0)
    >>> round(total_variation_density(p.log_prob, q.log_prob).value.item(), 9)  # erf(1 / sqrt(8))
    0.382924923
    """
    return _divergence(_total_variation_term, log_p, log_q, support, breakpoints)


def pearson_chi2_density(
    log_p: LogDensity, log_q: LogDensity, *, support: Support = LINE, breakpoints: Sequence[float] = ()
) -> Quadrature:
    """Pearson's chi-squared divergence of two densities on the line, with its error.

    The integral of (p - q)^2 / q: the second argument divides.
    `log_p`, `log_q`: log-densities (N,) to (N,), -inf outside the support.

    Raises `ValueError` as `kl_density` does.
    Source: Nowozin et al. 2016 [nowozin2016].

    >>> from torch.distributions import Normal
    >>> p, q = Normal(0.0, 1.0), Normal(1.0, 1.0)
    >>> round(pearson_chi2_density(p.log_prob, q.log_prob).value.item(), 9)  # e - 1
    1.718281828
    """
    return _divergence(_pearson_term, log_p, log_q, support, breakpoints)


def neyman_chi2_density(
    log_p: LogDensity, log_q: LogDensity, *, support: Support = LINE, breakpoints: Sequence[float] = ()
) -> Quadrature:
    """Neyman's chi-squared divergence of two densities on the line, with its error.

    The integral of (p - q)^2 / p: the first argument divides.
    `log_p`, `log_q`: log-densities (N,) to (N,), -inf outside the support.

    Raises `ValueError` as `kl_density` does.
    Source: Nowozin et al. 2016 [nowozin2016].

    >>> from torch.distributions import Normal
    >>> p, q = Normal(0.0, 1.0), Normal(1.0, 1.0)
    >>> round(neyman_chi2_density(p.log_prob, q.log_prob).value.item(), 9)  # e - 1
    1.718281828
    """
    return _divergence(_neyman_term, log_p, log_q, support, breakpoints)


def triangular_discrimination_density(
    log_p: LogDensity, log_q: LogDensity, *, support: Support = LINE, breakpoints: Sequence[float] = ()
) -> Quadrature:
    """The triangular discrimination of two densities on the line, with its error.

    The integral of (p - q)^2 / (p + q); in [0, 2].
    `log_p`, `log_q`: log-densities (N,) to (N,), -inf outside the support.

    Raises `ValueError` as `kl_density` does.
    Source: Topsoe 2000 [topsoe2000].

    >>> from torch.distributions import Normal
    >>> p, q = Normal(0.0, 1.0), Normal(1.0, 1.0)
    >>> round(triangular_discrimination_density(p.log_prob, q.log_prob).value.item(), 9)
    0.408108531
    """
    return _divergence(_triangular_term, log_p, log_q, support, breakpoints)


def squared_hellinger_density(
    log_p: LogDensity, log_q: LogDensity, *, support: Support = LINE, breakpoints: Sequence[float] = ()
) -> Quadrature:
    """The squared Hellinger distance of two densities on the line, with its error.

    The integral of (sqrt p - sqrt q)^2, without a factor 1/2; in [0, 2].
    `log_p`, `log_q`: log-densities (N,) to (N,), -inf outside the support.

    Raises `ValueError` as `kl_density` does.
    Source: Nowozin et al. 2016 [nowozin2016].

    >>> from torch.distributions import Normal
    >>> p, q = Normal(0.0, 1.0), Normal(1.0, 1.0)
    >>> round(squared_hellinger_density(p.log_prob, q.log_prob).value.item(), 9)  # 2 - 2 exp(-1/8)
    0.235006195
    """
    return _divergence(_squared_hellinger_term, log_p, log_q, support, breakpoints)


def softened_reverse_kl_density(
    log_p: LogDensity, log_q: LogDensity, *, support: Support = LINE, breakpoints: Sequence[float] = ()
) -> Quadrature:
    """The softened reverse divergence 2 KL(m to p), m = (p+q)/2, of two densities, in nats, with its error.

    It is KL(q to p) - 2 JSD(p, q): what the non-saturating generator descends while D is optimal.
    `log_p`, `log_q`: log-densities (N,) to (N,), -inf outside the support.

    Raises `ValueError` as `kl_density` does.
    Source: Shannon et al. 2020 [shannon2020].

    >>> from torch.distributions import Normal
    >>> p, q = Normal(0.0, 1.0), Normal(1.0, 1.0)
    >>> round(softened_reverse_kl_density(p.log_prob, q.log_prob).value.item(), 9)
    0.277157036
    """
    return _divergence(_softened_reverse_kl_term, log_p, log_q, support, breakpoints)


def wasserstein_1_quantile(
    quantile_p: LogDensity, quantile_q: LogDensity, *, breakpoints: Sequence[float] = ()
) -> Quadrature:
    """The Wasserstein-1 distance of two laws on the line, from their quantile functions, with its error.

    The integral over u in (0, 1) of |Q_p(u) - Q_q(u)|, in the unit of the line.
    `quantile_p`, `quantile_q`: inverse distribution functions, (N,) to (N,), asked no closer to 0 and 1 than
    2^-53; what lies beyond is put into the error by the power law of the last decades, or makes the distance
    infinite where that is u^-0.98 or steeper (no mean). `breakpoints`: levels at which a quantile jumps.

    Raises `ValueError` where a quantile is nan, or a breakpoint lies outside (0, 1).
    Source: Vallender 1974 [vallender1974].

    >>> from torch.distributions import Normal
    >>> round(wasserstein_1_quantile(Normal(0.0, 1.0).icdf, Normal(3.0, 1.0).icdf).value.item(), 9)
    3.0
    """

    def rows(u: Tensor) -> Tensor:
        u = u.clamp(2**-53, 1 - 2**-53)
        return (_at(quantile_p, u, "quantile_p") - _at(quantile_q, u, "quantile_q")).abs().unsqueeze(0)

    value, error, _ = integrate(rows, (0.0, 1.0), breakpoints)
    beyond = 0.0
    with torch.no_grad():
        for levels in ([2**-30, 2**-50], [1 - 2**-30, 1 - 2**-50]):
            inner, outer = rows(torch.tensor(levels, dtype=torch.float64))[0].tolist()
            power = math.log2(outer / inner) / 20 if inner > 0 else 0.0
            beyond += outer * 2**-50 / (1 - power) if power < 0.98 else math.inf
    if beyond == math.inf:
        return Quadrature(torch.full_like(value[0].detach(), math.inf), 0.0)
    return Quadrature(value[0], float(error[0]) + beyond)
