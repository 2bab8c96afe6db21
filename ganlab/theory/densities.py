"""How far one density on the line is from another, by quadrature with an estimate of the error.

A density is given by its logarithm, a function from a float64 tensor (N,) of points to (N,), -inf outside
its support: the ratio of two densities is then exact where both are too small to be written down. Values are
in nats, are not roots, and are infinite where the integral diverges.

The rule of `quadrature` needs no help with smooth densities of ordinary width, kinks and heavy tails, and
finds a narrow peak by the logarithms at the points beside it. Name as `breakpoints` the places where a
density jumps or has a pole, and spikes that stand on something wider.

**Errors** are estimates: the disagreement of two rules, the rounding of the points and of the logarithms, and
what the power law at each end leaves over. The two densities are integrated along with the divergence, and
what that misses of their masses is part of the error of the divergences that it bounds; more than a millionth
is refused. The others (Kullback-Leibler, both chi-squared, the softened one) may gain any amount from any
mass, and are refused where more than 1e-11 of it is not accounted for. An infinite value has error 0 where
the divergence is infinite (one density is zero where the other is not, or the integrand does not fall towards
an end) and an infinite error where it is too large for a float. Where the points do not tell whether the
integral converges, the pair is refused. A density is asked inside its support only.

**Poles.** The distance to an end that is not 0 is no smaller than the spacing of floating-point numbers
there. A density with a strong pole at such an end (Beta(0.1, 0.2) at 1) must be passed in another variable,
for instance the logit: divergences of this module do not change under an invertible map of the line.

**Gradients** flow to whatever parameters the two functions close over; the error is that of the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ganlab.losses import softplus
from ganlab.theory.quadrature import (
    LINE,
    Integrals,
    Quadrature,
    Support,
    integrate,
    narrow_peaks,
    values_at,
)
from ganlab.theory.quantiles import wasserstein_1_quantile

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
_MASS_TOLERANCE, _MASS_ACCOUNTED = 1e-6, 1e-11


def _divergence(
    term: Term,
    log_p: LogDensity,
    log_q: LogDensity,
    support: Support,
    breakpoints: Sequence[float],
    *,
    dearest: int | None = None,
    squared: bool = False,
) -> Quadrature:
    """The integral of `term(log p, log q, log p - log q)`, if both densities integrate to 1.

    `dearest`: 0 or 1, the density whose mass may cost any amount where the other is small. `squared`: the
    term has the square of that density over the other, which has peaks where neither has.
    """
    void = False

    def logs(x: Tensor) -> Tensor:
        return torch.stack([values_at(log_p, x, "log_p"), values_at(log_q, x, "log_q")])

    def scouted(x: Tensor) -> Tensor:
        both = logs(x)
        if dearest is None or not squared:
            return both
        dear, cheap = both[dearest], both[1 - dearest]
        cheap = torch.where(cheap == -math.inf, 0, cheap)
        # Far out the two may cancel to nothing but rounding, whose peaks are none.
        quotient = 2 * dear - cheap - 1024 * torch.finfo(x.dtype).eps * (2 * dear.abs() + cheap.abs())
        quotient = torch.where(dear == -math.inf, -math.inf, quotient.clamp_max(700))
        return torch.stack([*both, quotient])

    def terms_at(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        p, q = logs(x)
        ratio = torch.where(p == -math.inf, -800.0, torch.where(q == -math.inf, 800.0, p - q))
        ratio = torch.where((p == -math.inf) & (q == -math.inf), 0.0, ratio)
        return term(p, q, ratio), p, q, ratio

    def alone(x: Tensor) -> Tensor:
        terms, p, q, _ = terms_at(x)
        return terms.isinf() & ((p == -math.inf) ^ (q == -math.inf))

    def rows(x: Tensor) -> Tensor:
        nonlocal void
        terms, p, q, ratio = terms_at(x)
        if terms.isinf().any():
            x, everywhere = _beside_zeros(alone, x, support)
            void, (terms, p, q, ratio) = void or everywhere, terms_at(x)
        return torch.stack([terms, p.exp(), q.exp(), _rounding(term, p, q, ratio, terms)])

    cuts = sorted({*breakpoints, *narrow_peaks(scouted, support, breakpoints)})
    found = integrate(rows, support, cuts, refined=3)
    _check_masses(found, dearest)
    return _outcome(found, void)


def _outcome(found: Integrals, void: bool) -> Quadrature:
    """The divergence that the integrals tell; `void`: the term is infinite all around a point."""
    value = found.values[0]
    if void or found.unresolved == math.inf:
        return Quadrature(torch.full_like(value.detach(), math.inf), 0.0)
    if not value.isfinite():
        return Quadrature(torch.full_like(value.detach(), math.inf), math.inf)
    if math.isnan(found.unresolved):
        raise ValueError(
            "`log_p` and `log_q` must fall so fast towards the ends of `support` and the breakpoints that it "
            "shows whether their divergence is finite, got an integrand close to the inverse distance"
        )
    rounding = float(found.values[3].detach())
    masses = (found.values[1:3].detach() - 1).abs().tolist()
    unseen = sum(m for m in masses if m > 1e-12) * max(1.0, float(value.detach()))
    return Quadrature(value, float(found.errors[0]) + found.unresolved + rounding + unseen)


def _check_masses(found: Integrals, dearest: int | None) -> None:
    masses = found.values[1:3].detach().tolist()
    for i, (name, mass) in enumerate(zip(("log_p", "log_q"), masses, strict=True)):
        if not abs(mass - 1) <= _MASS_TOLERANCE:
            raise ValueError(
                f"`{name}` must integrate to 1 over `support`, got {mass:.6g}: widen `support`, "
                "name jumps, poles and spikes in `breakpoints`, or change the variable"
            )
        accounted = float(found.errors[1 + i] + found.beyond[1 + i]) + _MASS_ACCOUNTED
        if i == dearest and not 1 - mass <= accounted:
            raise ValueError(
                f"`{name}` must integrate to 1 over `support` up to {accounted:.1g}, since this divergence "
                f"may gain any amount from mass that is missed, got 1 - {1 - mass:.2g}: widen `support`, "
                "name jumps, poles and spikes in `breakpoints`, or give its parameters in float64"
            )


def _beside_zeros(alone: Callable[[Tensor], Tensor], x: Tensor, support: Support) -> tuple[Tensor, bool]:
    """`x` moved off single points where one density vanishes, and whether it does so all around a point.

    The first costs nothing, the second everything.
    """
    off = (x.abs() * 1e-9).clamp_min(1e-60)
    inner = math.nextafter(support[0], math.inf), math.nextafter(support[1], -math.inf)
    infinite, above, below = alone(x), (x + off).clamp(*inner), (x - off).clamp(*inner)
    single = infinite & ~alone(above) & ~alone(below)
    return torch.where(single, above, x), bool((infinite & ~single).any())


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
    far = p * (_LOG2 - softplus(-r)) + q * (_LOG2 - softplus(r))
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
    ratio = torch.where(r.abs() < 1, near, softplus(-r) - _LOG2)
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
    return _divergence(_kl_term, log_p, log_q, support, breakpoints, dearest=0)


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
    return _divergence(_pearson_term, log_p, log_q, support, breakpoints, dearest=0, squared=True)


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
    return _divergence(_neyman_term, log_p, log_q, support, breakpoints, dearest=1, squared=True)


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
    return _divergence(_softened_reverse_kl_term, log_p, log_q, support, breakpoints, dearest=1)
