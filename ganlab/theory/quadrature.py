"""Integrals over the line with an error bound, differentiable in whatever the integrand closes over.

The support is cut at the breakpoints; each piece is mapped by a double exponential substitution, which
crowds points at both ends of it, down to distances of 1e-90 and out to 1e90, and is then bisected wherever
Gauss's rule of 20 points and Lobatto's of 11 disagree, or a panel and its two halves. The first gives the
value, the larger disagreement the error. Lobatto's rule has points at the ends of a panel, where a kink or a
jump would otherwise hide; the halves catch what the two rules miss by a coincidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["LINE", "Integrals", "Quadrature", "Support", "integrate"]

Rows = Callable[[Tensor], Tensor]
Support = tuple[float, float]
"""The interval on which a density lives, infinite ends allowed."""

LINE: Support = (-math.inf, math.inf)
"""The whole real line.

>>> LINE
(-inf, inf)
"""
_REACH = math.asinh(207 * 2 / math.pi)  # exp(207) = 1e90, whose third power is still a number
_FIRST_PANELS, _MOST_PANELS, _MOST_ROUNDS = 32, 4000, 60
_FINE, _COARSE = 20, 11
_RTOL, _FLOOR = 1e-13, 5e-13


class Quadrature(NamedTuple):
    """An integral and a bound of its error: `value` () in float64, `error` a float."""

    value: Tensor
    error: float


class Integrals(NamedTuple):
    """Integrals of R rows at once: `values` (R,), `errors` (R,), and what may lie beyond the last points.

    `unresolved` estimates that for the first row by the power law which it follows there, and is inf where
    the integral diverges.
    """

    values: Tensor
    errors: Tensor
    unresolved: float


def integrate(
    rows: Rows, support: Support = LINE, breakpoints: Sequence[float] = (), *, refined: int | None = None
) -> Integrals:
    """The integrals of the rows of a non-negative integrand over `support`, refined together.

    `rows`: points (...) in float64 to (R, ...). `breakpoints`: jumps, poles and spikes inside the support.
    Panels are bisected until the two rules agree to 1e-13 of each of the first `refined` integrals (by
    default of all), or there are 4000 of them; the errors say which, and are never below 5e-13 of a value.
    Gradients flow through the values; the panels are chosen without them.

    Raises `ValueError` where the support is empty or a breakpoint lies outside of it.
    Source: Takahasi & Mori 1974 [takahasi1974].

    >>> round(integrate(lambda x: torch.exp(-x.square()).unsqueeze(0)).values.square().item(), 12)  # pi
    3.14159265359
    """
    _check(support, breakpoints)
    pieces = list(pairwise([support[0], *sorted(breakpoints), support[1]]))
    panels = _first_panels(len(pieces))
    with torch.no_grad():
        fine, error = _judge(rows, _rule(panels, pieces))
        panels, fine, error = _refine(rows, pieces, panels, fine, error, panels[:, 0] >= 0)
        unresolved = _beyond(rows, pieces, float(fine[0].sum()))
        judged = fine.sum(-1).isfinite()
        judged[0] &= math.isfinite(unresolved)
        judged[refined or len(judged) :] = False
        for _ in range(_MOST_ROUNDS):
            poor = _poor(fine[judged], error[judged])
            if not poor.any() or len(panels) + int(poor.sum()) > _MOST_PANELS:
                break
            panels, fine, error = _refine(rows, pieces, panels, fine, error, poor)
    x, dx = _rule(panels, pieces)
    values = (rows(x) * dx)[..., :_FINE].sum((-2, -1))
    errors = torch.maximum(error.sum(-1), _FLOOR * values.detach().abs())
    return Integrals(values, errors, unresolved)


def _first_panels(pieces: int) -> Tensor:
    cuts = torch.linspace(-_REACH, _REACH, _FIRST_PANELS + 1, dtype=torch.float64)
    return torch.cat(
        [torch.stack([torch.full_like(cuts[1:], i), cuts[:-1], cuts[1:]], -1) for i in range(pieces)]
    )


def _poor(fine: Tensor, error: Tensor) -> Tensor:
    """The panels (P,) with more than their share of the error of a row that is not yet good enough."""
    allowed = _RTOL * fine.sum(-1, keepdim=True)
    return ((error > allowed / fine.shape[-1]) & (error.sum(-1, keepdim=True) > allowed)).any(0)


@cache
def _gauss(n: int) -> tuple[Tensor, Tensor]:
    """Gauss-Legendre nodes and weights on [-1, 1]: eigenvalues of the Jacobi matrix, then one Newton step."""
    k = torch.arange(1, n, dtype=torch.float64)
    off = k / (4 * k.square() - 1).sqrt()
    x = torch.linalg.eigvalsh(torch.diag(off, 1) + torch.diag(off, -1))
    value, slope = _legendre(n, x)
    x = x - value / slope
    return x, 2 / ((1 - x.square()) * _legendre(n, x)[1].square())


@cache
def _lobatto(n: int) -> tuple[Tensor, Tensor]:
    """Gauss-Lobatto nodes and weights on [-1, 1], both ends among the nodes."""
    k = torch.arange(1, n - 2, dtype=torch.float64)
    off = (k * (k + 2) / ((2 * k + 1) * (2 * k + 3))).sqrt()
    one = torch.ones(1, dtype=torch.float64)
    x = torch.cat([-one, torch.linalg.eigvalsh(torch.diag(off, 1) + torch.diag(off, -1)), one])
    return x, 2 / (n * (n - 1) * _legendre(n - 1, x)[0].square())


def _legendre(n: int, x: Tensor) -> tuple[Tensor, Tensor]:
    below, here = torch.ones_like(x), x
    for j in range(1, n):
        below, here = here, ((2 * j + 1) * x * here - j * below) / (j + 1)
    return here, n * (x * here - below) / (x.square() - 1)


def _points(t: Tensor, left: float, right: float) -> tuple[Tensor, Tensor]:
    """The double exponential substitution: t in the plane of the rule, x in (left, right), and dx/dt."""
    s, rate = math.pi / 2 * t.sinh(), math.pi / 2 * t.cosh()
    if math.isinf(left) and math.isinf(right):
        return s.sinh(), s.cosh() * rate
    if math.isinf(right):
        return _inside(left + s.exp(), left, right), s.exp() * rate
    if math.isinf(left):
        return _inside(right - s.neg().exp(), left, right), s.neg().exp() * rate
    width, low, high = right - left, (2 * s).sigmoid(), (-2 * s).sigmoid()
    x = torch.where(t < 0, left + width * low, right - width * high)
    return _inside(x, left, right), width * low * high * 2 * rate


def _inside(x: Tensor, left: float, right: float) -> Tensor:
    return x.clamp(math.nextafter(left, right), math.nextafter(right, left))


def _rule(panels: Tensor, pieces: Sequence[Support]) -> tuple[Tensor, Tensor]:
    """Points and weights (P, 31) on panels (P, 3), each the index of a piece and the ends of a stretch of t.

    The fine rule comes first, the coarse one that judges it behind it.
    """
    nodes, weights = (torch.cat(pair) for pair in zip(_gauss(_FINE), _lobatto(_COARSE), strict=True))
    half = (panels[:, 2:] - panels[:, 1:2]) / 2
    t = (panels[:, 1:2] + half) + half * nodes
    x, dx = torch.empty_like(t), torch.empty_like(t)
    for index, (left, right) in enumerate(pieces):
        own = panels[:, 0] == index
        x[own], dx[own] = _points(t[own], left, right)
    return x, dx * half * weights


def _refine(
    rows: Rows, pieces: Sequence[Support], panels: Tensor, fine: Tensor, error: Tensor, poor: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Panels, values and errors with the poor panels halved, and the halves judged by their sum too."""
    piece, low, high = panels[poor].unbind(-1)
    middle = (low + high) / 2
    halves = torch.cat([torch.stack([piece, low, middle], -1), torch.stack([piece, middle, high], -1)])
    new_fine, new_error = _judge(rows, _rule(halves, pieces))
    change = (fine[:, poor] - sum(new_fine.chunk(2, -1))).abs() / 2
    new_error = torch.maximum(new_error, torch.cat([change, change], -1))
    return (
        torch.cat([panels[~poor], halves]),
        torch.cat([fine[:, ~poor], new_fine], -1),
        torch.cat([error[:, ~poor], new_error], -1),
    )


def _judge(rows: Rows, rule: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Fine value and disagreement of each row on each panel, (R, P) both."""
    parts = rows(rule[0]) * rule[1]
    fine, coarse = parts[..., :_FINE].sum(-1), parts[..., _FINE:].sum(-1)
    return fine, (fine - coarse).abs()


def _beyond(rows: Rows, pieces: Sequence[Support], total: float) -> float:
    """What the first row may hold beyond the last points of each piece."""
    missed = 0.0
    for piece in pieces:
        for side in (0, 1):
            x, distance = _last_points(piece, side)
            inner, outer = (rows(x)[0] * distance).tolist()
            if outer <= _RTOL * total:
                continue
            scale = abs(math.log(float(distance[1] / distance[0])))
            decay = math.log(inner / outer) / scale if 0 < inner < math.inf else -1.0
            missed += outer / decay if decay > 1e-4 else math.inf
    return missed


def _last_points(piece: Support, side: int) -> tuple[Tensor, Tensor]:
    """Two points near an end of the piece, the second the last one, and their distances from it or 0."""
    end = piece[side]
    if math.isinf(end) or end == 0:
        t = (2 * side - 1) * torch.tensor([_REACH - 0.2, _REACH], dtype=torch.float64)
        x, dx = _points(t, *piece)
        return x, dx / (math.pi / 2 * t.cosh())
    spacing = abs(math.nextafter(end, piece[1 - side]) - end)
    distance = spacing * torch.tensor([2.0**20, 1.0], dtype=torch.float64)
    return end + (1 - 2 * side) * distance, distance


def _check(support: Support, breakpoints: Sequence[float]) -> None:
    left, right = support
    if not left < right:
        raise ValueError(f"`support` must be (left, right) with left < right, got {support}")
    outside = [b for b in breakpoints if not left < b < right]
    if outside:
        raise ValueError(f"`breakpoints` must lie inside the support {support}, got {outside[0]}")
