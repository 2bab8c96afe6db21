"""The f-divergences that a critic can reach: generator, conjugate and best critic of each.

D_f(p to q) = sum q f(p/q) = sup over T of E_p T - E_q f*(T): any critic T gives a lower bound, and
T = f'(p/q) attains it. Probabilities lie on the last axis, axes before it broadcast; values are in nats where
they have a unit, and infinite where the definition is. The functions here sum the definitions as they stand;
`ganlab.theory.divergences` computes the same numbers without cancellation, for p and q that are close.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from ganlab.losses import softplus
from ganlab.theory.probability import ArrayLike, as_floating, probability_vectors, weighed

__all__ = [
    "F_DIVERGENCES",
    "FDivergence",
    "dual_value",
    "empirical_dual_value",
    "f_divergence",
    "optimal_witness",
]

Pointwise = Callable[[Tensor], Tensor]
Pairwise = Callable[[Tensor, Tensor], Tensor]
_LOG2 = math.log(2)


@dataclass(frozen=True)
class FDivergence:
    """One f-divergence D_f(p to q) = sum q f(p/q): its generator, its conjugate and its optimal witness.

    `generator`: f on u >= 0, convex. `conjugate`: f*(t) = sup over u of u t - f(u), +inf outside its domain.
    `witness`: f'(u), the best critic where p/q = u; at a kink the midpoint of its slopes. `at_zero`: f(0),
    the price of what q invents. `slope_at_infinity`: the limit of f(u)/u, the price of what q drops.
    `activation`: an increasing map of all raw scores into the domain of f*, with which a network becomes a
    critic. `term`, `critic`: q f(p/q) and f'(p/q) from p > 0 and q > 0 themselves.

    Source: Nowozin et al. 2016 [nowozin2016].

    >>> kl = F_DIVERGENCES["kl"]
    >>> u = torch.tensor(2.0)
    >>> (u * kl.witness(u) - kl.conjugate(kl.witness(u)) - kl.generator(u)).item()  # Fenchel and Young
    0.0
    """

    generator: Pointwise
    conjugate: Pointwise
    witness: Pointwise
    at_zero: float
    slope_at_infinity: float
    activation: Pointwise
    term: Pairwise
    critic: Pairwise


def _logit(p: Tensor, q: Tensor) -> Tensor:
    ratio = (p / q).detach()
    safe = (ratio > torch.finfo(ratio.dtype).tiny) & ratio.isfinite()
    near = (torch.where(safe, p, 1) / torch.where(safe, q, 1)).log()
    return torch.where(safe, near, torch.where(safe, 1, p).log() - torch.where(safe, 1, q).log())


def _within(t: Tensor, inside: Tensor, conjugate: Pointwise, elsewhere: float) -> Tensor:
    return torch.where(inside, conjugate(torch.where(inside, t, elsewhere)), torch.inf)


def _jensen_shannon_generator(u: Tensor) -> Tensor:
    return torch.xlogy(u, u) - (u + 1) * ((u + 1) / 2).log()


def _gan_generator(u: Tensor) -> Tensor:
    return torch.xlogy(u, u) - (u + 1) * torch.log1p(u)


F_DIVERGENCES: dict[str, FDivergence] = {
    "gan": FDivergence(  # 2 JSD - log 4, the value of the minimax game; T = log D
        generator=_gan_generator,
        conjugate=lambda t: _within(t, t < 0, lambda s: -torch.log(-torch.expm1(s)), -1.0),
        witness=lambda u: -torch.log1p(1 / u),
        at_zero=0.0,
        slope_at_infinity=0.0,
        activation=logsigmoid,
        term=lambda p, q: p * (p / (p + q)).log() + q * (q / (p + q)).log(),
        critic=lambda p, q: -softplus(_logit(q, p)),
    ),
    "jensen_shannon": FDivergence(  # 2 JSD
        generator=_jensen_shannon_generator,
        conjugate=lambda t: _within(t, t < _LOG2, lambda s: -torch.log(2 - s.exp()), 0.0),
        witness=lambda u: _LOG2 - torch.log1p(1 / u),
        at_zero=_LOG2,
        slope_at_infinity=_LOG2,
        activation=lambda v: _LOG2 + logsigmoid(v),
        term=lambda p, q: p * (2 * (p / (p + q))).log() + q * (2 * (q / (p + q))).log(),
        critic=lambda p, q: _LOG2 - softplus(_logit(q, p)),
    ),
    "kl": FDivergence(
        generator=lambda u: torch.xlogy(u, u),
        conjugate=lambda t: (t - 1).exp(),
        witness=lambda u: 1 + u.log(),
        at_zero=0.0,
        slope_at_infinity=math.inf,
        activation=lambda v: v,
        term=lambda p, q: p * _logit(p, q),
        critic=lambda p, q: 1 + _logit(p, q),
    ),
    "reverse_kl": FDivergence(
        generator=lambda u: -u.log(),
        conjugate=lambda t: _within(t, t < 0, lambda s: -1 - torch.log(-s), -1.0),
        witness=lambda u: -1 / u,
        at_zero=math.inf,
        slope_at_infinity=0.0,
        activation=lambda v: -v.neg().exp(),
        term=lambda p, q: q * _logit(q, p),
        critic=lambda p, q: -q / p,
    ),
    "pearson": FDivergence(  # sum (p - q)^2 / q; f is convex on all reals, and f* is taken there
        generator=lambda u: (u - 1).square(),
        conjugate=lambda t: t + t.square() / 4,
        witness=lambda u: 2 * (u - 1),
        at_zero=1.0,
        slope_at_infinity=math.inf,
        activation=lambda v: v,
        term=lambda p, q: ((p - q) / q.sqrt()).square(),
        critic=lambda p, q: 2 * ((p - q) / q),
    ),
    "squared_hellinger": FDivergence(
        generator=lambda u: (u.sqrt() - 1).square(),
        conjugate=lambda t: _within(t, t < 1, lambda s: 1 / (1 - s) - 1, 0.0),
        witness=lambda u: 1 - u.rsqrt(),
        at_zero=1.0,
        slope_at_infinity=1.0,
        activation=lambda v: -torch.expm1(-v),
        term=lambda p, q: (p.sqrt() - q.sqrt()).square(),
        critic=lambda p, q: 1 - q.sqrt() / p.sqrt(),
    ),
    "total_variation": FDivergence(
        generator=lambda u: (u - 1).abs() / 2,
        conjugate=lambda t: _within(t, t.abs() <= 0.5, lambda s: s, 0.0),
        witness=lambda u: (u - 1).sign() / 2,
        at_zero=0.5,
        slope_at_infinity=0.5,
        activation=lambda v: v.tanh() / 2,
        term=lambda p, q: (p - q).abs() / 2,
        critic=lambda p, q: (p - q).sign() / 2,
    ),
}
"""The f-divergences by name, each with its generator, conjugate and optimal witness.

>>> len(F_DIVERGENCES)
7
"""


def f_divergence(p: ArrayLike, q: ArrayLike, name: str) -> Tensor:
    """The f-divergence D_f(p to q) = sum q f(p/q), with q f(p/q) = p f'(inf) where q = 0.

    `p`, `q` (..., K) probabilities; `name`: a key of `F_DIVERGENCES`; returns (...,).

    Raises `ValueError` where `p` or `q` is no probability vector, or the name is unknown.
    Source: Nowozin et al. 2016, eq. 2 [nowozin2016].

    >>> f_divergence([0.5, 0.5], [1.0, 0.0], "jensen_shannon")  # 2 JSD
    tensor(0.4315, dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    f = _named(name)
    both = (p > 0) & (q > 0)
    inside = torch.where(both, f.term(torch.where(both, p, 1), torch.where(both, q, 1)), 0)
    invented = weighed(torch.where(p == 0, q, 0), torch.as_tensor(f.at_zero, dtype=q.dtype))
    dropped = weighed(torch.where(q == 0, p, 0), torch.as_tensor(f.slope_at_infinity, dtype=p.dtype))
    return (inside + invented + dropped).sum(-1)


def optimal_witness(p: ArrayLike, q: ArrayLike, name: str) -> Tensor:
    """The critic T* = f'(p/q) that attains the f-divergence of `p` from `q`.

    `p`, `q` (..., K) probabilities; `name`: a key of `F_DIVERGENCES`; returns (..., K), infinite where the
    best critic is. Where p = q = 0 it is arbitrary, and f'(1) is returned.

    Raises `ValueError` where `p` or `q` is no probability vector, or the name is unknown.
    Source: Nguyen et al. 2010 [nguyen2010]; Nowozin et al. 2016, eq. 5 [nowozin2016].

    >>> optimal_witness([0.5, 0.5], [0.25, 0.75], "total_variation")
    tensor([ 0.5000, -0.5000], dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    nowhere = (p == 0) & (q == 0)
    return _named(name).critic(torch.where(nowhere, 1, p), torch.where(nowhere, 1, q))


def dual_value(p: ArrayLike, q: ArrayLike, t: ArrayLike, name: str) -> Tensor:
    """The lower bound E_p T - E_q f*(T) of the f-divergence of `p` from `q` that the critic T reaches.

    `p`, `q` (..., K) probabilities; `t` (..., K), the critic at each outcome; `name`: a key of
    `F_DIVERGENCES`; returns (...,), -inf where T leaves the domain of f* and q has mass there.

    Raises `ValueError` where `p` or `q` is no probability vector, or the name is unknown.
    Source: Nguyen et al. 2010 [nguyen2010]; Nowozin et al. 2016, eq. 4 [nowozin2016].

    >>> p, q = [0.5, 0.5], [0.25, 0.75]
    >>> dual_value(p, q, optimal_witness(p, q, "kl"), "kl")  # KL(p to q)
    tensor(0.1438, dtype=torch.float64)
    """
    p, q = probability_vectors(p, q)
    t = as_floating(t, name="t")
    conjugate = _named(name).conjugate
    return (weighed(p, t) - weighed(q, conjugate(t))).sum(-1)


def empirical_dual_value(t_real: ArrayLike, t_fake: ArrayLike, name: str) -> Tensor:
    """The mean of T over real samples minus the mean of f*(T) over generated ones, ().

    An unbiased estimate of a lower bound of D_f(p_data to p_g), whatever the critic.
    `t_real` (N,), `t_fake` (M,): the critic's values, already in the domain of f*.

    Raises `ValueError` where a batch is empty or not one-dimensional, or the name is unknown.
    Source: Nowozin et al. 2016, eq. 6 [nowozin2016].

    >>> empirical_dual_value([0.5, 0.5], [-0.5, 0.5], "total_variation")
    tensor(0.5000, dtype=torch.float64)
    """
    t_real, t_fake = as_floating(t_real, name="t_real"), as_floating(t_fake, name="t_fake")
    for name_, t in (("t_real", t_real), ("t_fake", t_fake)):
        if t.ndim != 1 or t.numel() == 0:
            raise ValueError(f"`{name_}` must be one-dimensional and not empty, got shape {tuple(t.shape)}")
    return t_real.mean() - _named(name).conjugate(t_fake).mean()


def _named(name: str) -> FDivergence:
    if name not in F_DIVERGENCES:
        raise ValueError(f"`name` must be one of {', '.join(F_DIVERGENCES)}, got {name!r}")
    return F_DIVERGENCES[name]
