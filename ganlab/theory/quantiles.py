"""The Wasserstein-1 distance of two laws on the line, from their quantile functions.

Quantiles do not decrease: what a law does between two levels is bounded by what it does at both, so that a
jump cannot hide, and the value is held between bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from ganlab.theory.quadrature import Quadrature, first_points, integrate, values_at

__all__ = ["wasserstein_1_quantile"]

Quantile = Callable[[Tensor], Tensor]

_NO_MEAN = 0.955, 1 - 1e-4  # powers of a tail between them do not show whether there is a mean
_JUMP_ROUNDS, _MOST_JUMPS, _HALVINGS = 6, 200, 56


def wasserstein_1_quantile(
    quantile_p: Quantile, quantile_q: Quantile, *, breakpoints: Sequence[float] = ()
) -> Quadrature:
    """The Wasserstein-1 distance of two laws on the line, from their quantile functions, with its error.

    The integral over u in (0, 1) of |Q_p(u) - Q_q(u)|, in the unit of the line.
    `quantile_p`, `quantile_q`: inverse distribution functions, (N,) to (N,), asked no closer to 0 and 1 than
    2^-53; what lies beyond is put into the error by the power law of the last decades, or makes the distance
    infinite where that is u^-1 or steeper (no mean). `breakpoints`: levels at which a quantile jumps; those
    that are not named are looked for, which quantiles allow since they do not decrease.

    Raises `ValueError` where a quantile is nan or decreases, a breakpoint lies outside (0, 1), or the
    difference grows so nearly as 1/u that it does not show whether the distance is finite.
    Source: Vallender 1974 [vallender1974].

    >>> from torch.distributions import Normal
    >>> round(wasserstein_1_quantile(Normal(0.0, 1.0).icdf, Normal(3.0, 1.0).icdf).value.item(), 9)
    3.0
    """

    def quantiles(u: Tensor) -> Tensor:
        u = u.clamp(2**-53, 1 - 2**-53)
        return torch.stack([values_at(quantile_p, u, "quantile_p"), values_at(quantile_q, u, "quantile_q")])

    def rows(u: Tensor) -> Tensor:
        p, q = quantiles(u)
        return torch.stack([(p - q).abs(), 2 * torch.finfo(p.dtype).eps * (p.abs() + q.abs())])

    with torch.no_grad():
        beyond = sum(_beyond(rows, side) for side in (0, 1))
        cuts, least, most = _jumps(quantiles, breakpoints)
    value, error, *_ = integrate(rows, (0.0, 1.0), cuts, refined=1)
    if beyond == math.inf:
        return Quadrature(torch.full_like(value[0].detach(), math.inf), 0.0)
    got, spread = float(value[0].detach()), float(error[0]) + beyond + float(value[1].detach())
    outside = max(least - got - spread, got - most - spread, 0.0)
    return Quadrature(value[0], spread + outside)


def _beyond(rows: Callable[[Tensor], Tensor], side: int) -> float:
    """What the distance may gain beyond the last level on one side, by the power law of the levels before."""
    levels = torch.tensor([2.0**-20, 2.0**-30, 2.0**-40, 2.0**-50], dtype=torch.float64)
    ladder, noise = rows(1 - levels if side else levels)
    if ladder[-1] <= 2 * noise[-1]:
        return float(noise[-1]) * 2**-50
    powers = [
        math.log2(float(outer / inner)) / 10 if inner > 0 and outer > 0 else 0.0
        for inner, outer in pairwise(ladder)
    ]
    if max(powers[:2]) >= _NO_MEAN[1]:  # at the last level a quantile of heavy tails has few digits
        return math.inf
    power = max(powers)
    if power > _NO_MEAN[0]:
        raise ValueError(
            f"`quantile_p` and `quantile_q` must differ by less than u^-{_NO_MEAN[0]} towards 0 and 1, or by "
            f"u^-1 and more, for it to show whether their distance is finite, got u^-{power:.4g}"
        )
    return 2 * float(ladder[-1]) * 2**-50 / (1 - power)


def _jumps(
    quantiles: Callable[[Tensor], Tensor], breakpoints: Sequence[float]
) -> tuple[list[float], float, float]:
    """The named levels and those at which a quantile jumps, and bounds of the distance.

    A quantile rises by the same between two levels whatever it does between them: where halving the stretch
    again and again leaves the rise in one half, it jumps. From what the two rise on each stretch follow
    bounds of the integral, which hold for all laws.
    """
    cuts, least, most = sorted(breakpoints), 0.0, math.inf
    for turn in range(_JUMP_ROUNDS):
        u = first_points((0.0, 1.0), cuts).clamp(2**-53, 1 - 2**-53).unique()
        at = quantiles(u)
        if turn == 0:
            _check_rising(u, at)
        rise, step = at.diff(dim=-1), u.diff()
        low, high = at[0, :-1] - at[1, 1:], at[0, 1:] - at[1, :-1]  # of the difference, on each stretch
        most = float((torch.maximum(low.abs(), high.abs()) * step).sum())
        least = float((torch.maximum(low, -high).clamp_min(0) * step).sum())
        new = _halved(quantiles, u, at, (rise * step > 1e-13 * most) & (step > 4e-16))
        if not new or len(cuts) + len(new) > _MOST_JUMPS:
            break
        cuts = sorted({*cuts, *new})
    return cuts, least, most


def _check_rising(u: Tensor, at: Tensor) -> None:
    for name, q in zip(("quantile_p", "quantile_q"), at, strict=True):
        falls = q.diff() < -1e-9 * torch.maximum(q[1:].abs(), q[:-1].abs())
        if falls.any():
            i = int(falls.nonzero()[0])
            raise ValueError(
                f"`{name}` must not decrease, got {q[i]:.6g} at level {u[i]:.6g} and then {q[i + 1]:.6g}"
            )


def _halved(quantiles: Callable[[Tensor], Tensor], u: Tensor, at: Tensor, where: Tensor) -> list[float]:
    """The levels at which a quantile keeps its rise while the stretch around it is halved to nothing."""
    law, place = where.nonzero(as_tuple=True)
    if not len(law):
        return []
    low, high, index = u[place], u[place + 1], torch.arange(len(law))
    q_low, q_high = at[law, place], at[law, place + 1]
    rise = q_high - q_low
    for _ in range(_HALVINGS):
        middle = low + (high - low) / 2
        q = quantiles(middle)[law, index]
        upper = q_high - q > q - q_low
        low, q_low = torch.where(upper, middle, low), torch.where(upper, q, q_low)
        high, q_high = torch.where(upper, high, middle), torch.where(upper, q_high, q)
    jumps = (q_high - q_low > 1e-4 * rise) & (low > 2**-53) & (high < 1 - 2**-53)
    return low[jumps].unique().tolist()
