"""Integrals over the line with an estimated error, differentiable in whatever the integrand closes over.

The support is cut at the breakpoints; each piece is mapped by a double exponential substitution, which
crowds points at both ends of it, down to distances of 1e-90 and out to 1e90, and is then bisected wherever
Gauss's rule of 20 points and Lobatto's of 11 disagree, or a panel and its two halves. The first gives the
value, the larger disagreement the error. Lobatto's rule has points at the ends of a panel, where a kink or a
jump would otherwise hide; the halves catch what the two rules miss by a coincidence.

The error is an estimate, not a bound: nothing that only evaluates an integrand can know what it does between
the points. `narrow_peaks` looks for what it may do there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = [
    "LINE",
    "Integrals",
    "Quadrature",
    "Support",
    "first_points",
    "integrate",
    "narrow_peaks",
    "values_at",
]

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
_LADDER = 6  # points towards an end, by which the power law of the integrand there is read
_FALLS, _FLAT = 0.02, 1e-4
_MOST_PEAKS, _PEAK_ROUNDS, _PEAK_STEPS, _FINER = 16, 3, 120, 8


class Quadrature(NamedTuple):
    """An integral and an estimate of its error: `value` () in float64, `error` a float.

    An error of 0 beside an infinite value says that the integral diverges, an infinite error that it is too
    large for a float.
    """

    value: Tensor
    error: float


class Integrals(NamedTuple):
    """Integrals of R rows at once: `values` (R,), `errors` (R,), and what may lie beyond the last points.

    `unresolved` estimates that for the first row by the power law which it follows there, is inf where the
    integrand does not fall fast enough to have an integral, and nan where the points do not tell. `beyond`
    (R,) is the same of each row.
    """

    values: Tensor
    errors: Tensor
    unresolved: float
    beyond: Tensor


def integrate(
    rows: Rows, support: Support = LINE, breakpoints: Sequence[float] = (), *, refined: int | None = None
) -> Integrals:
    """The integrals of the rows of a non-negative integrand over `support`, refined together.

    `rows`: points (...) in float64 to (R, ...). `breakpoints`: jumps, poles and spikes inside the support.
    Panels are bisected until the two rules agree to 1e-13 of each of the first `refined` integrals (by
    default of all), or there are 4000 of them; the errors say which, and are never below 5e-13 of a value.
    What the rounding of the points is worth is part of them. No point lies outside the support.
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
        beyond = _beyond(rows, pieces, fine.sum(-1))
        judged = fine.sum(-1).isfinite()
        judged[0] &= bool(beyond[0].isfinite())
        judged[refined or len(judged) :] = False
        for _ in range(_MOST_ROUNDS):
            poor = _poor(fine[judged], error[judged])
            if not poor.any() or len(panels) + int(poor.sum()) > _MOST_PANELS:
                break
            panels, fine, error = _refine(rows, pieces, panels, fine, error, poor)
    x, dx = (part[:, :_FINE] for part in _rule(panels, pieces))
    parts = rows(x)
    values = (parts * dx).sum((-2, -1))
    with torch.no_grad():
        moved = (rows(_neighbours(x, panels, pieces)) - parts).nan_to_num(0, 0, 0).abs() * dx
    errors = torch.maximum(error.sum(-1), _FLOOR * values.detach().abs()) + moved.sum((-2, -1)) / 2
    return Integrals(values, errors, float(beyond[0]), beyond)


def first_points(support: Support = LINE, breakpoints: Sequence[float] = ()) -> Tensor:
    """The points at which `integrate` first asks an integrand, (N,), sorted.

    Raises `ValueError` where the support is empty or a breakpoint lies outside of it.

    >>> len(first_points((0.0, 1.0), [0.5])) > 1000
    True
    """
    _check(support, breakpoints)
    pieces = list(pairwise([support[0], *sorted(set(breakpoints)), support[1]]))
    return _rule(_first_panels(len(pieces)), pieces)[0].flatten().unique()


def narrow_peaks(logs: Rows, support: Support = LINE, breakpoints: Sequence[float] = ()) -> list[float]:
    """The places inside `support` where a row has a peak so narrow that the first points step over it.

    `logs`: points (...) in float64 to the logarithms (R, ...) of what will be integrated. A peak is climbed
    from a point that stands out among those around it, eight times as many as the rule asks, and counts if it
    towers e^8-fold above what the rule has at both sides. A peak is seen if its logarithm is not hidden under
    that of something wider at the points beside it: a narrow normal law far out in the normal tail of another
    is, one on top of a heavy tail is not.

    Raises `ValueError` where the support is empty or a breakpoint lies outside of it.

    >>> from torch.distributions import Normal
    >>> [round(peak, 6) for peak in narrow_peaks(lambda x: Normal(1e6, 0.125).log_prob(x).unsqueeze(0))]
    [1000000.0]
    """
    _check(support, breakpoints)
    found: list[float] = []
    with torch.no_grad():
        for _ in range(_PEAK_ROUNDS):
            x = first_points(support, [*breakpoints, *found])
            new = [peak for peak in _climb(logs, x) if _apart(peak, [*breakpoints, *found, *support])]
            found += [peak for i, peak in enumerate(new) if _apart(peak, new[:i])]
            if not new or len(found) >= _MOST_PEAKS:
                break
    return sorted(found[:_MOST_PEAKS])


def _apart(x: float, others: Sequence[float]) -> bool:
    return all(abs(x - other) > 256 * math.ulp(x) for other in others)


def _climb(logs: Rows, x: Tensor) -> list[float]:
    """The narrow peaks of each row near the sorted points x (N,), from the highest down."""
    fine = _between(x)
    values = logs(fine)
    here = values[:, _FINER:-_FINER]
    left, right = values[:, : -2 * _FINER], values[:, 2 * _FINER :]  # a step of the rule away
    top_of_two = (here > values[:, _FINER - 1 : -_FINER - 1]) & (here >= values[:, _FINER + 1 : 1 - _FINER])
    stands_out = top_of_two & (here - torch.minimum(left, right) > 2)
    row, place = stands_out.nonzero(as_tuple=True)
    if not len(row):
        return []
    low, top, high = (fine[place + _FINER + step] for step in (-1, 0, 1))
    height, beside = here[row, place], torch.maximum(left, right)[row, place]
    index = torch.arange(len(row))
    for _ in range(_PEAK_STEPS):
        upwards = high - top > top - low
        probe = torch.where(upwards, top + (high - top) / 2, top - (top - low) / 2)
        value = logs(probe)[row, index]
        better = value > height
        low = torch.where(better & upwards, top, torch.where(~better & ~upwards, probe, low))
        high = torch.where(better & ~upwards, top, torch.where(~better & upwards, probe, high))
        top, height = torch.where(better, probe, top), torch.where(better, value, height)
    narrow = (height - beside > 8) & height.isfinite()
    order = height[narrow].argsort(descending=True)
    return top[narrow][order].tolist()


def _between(x: Tensor) -> Tensor:
    """The sorted points x and those that cut each step between them into `_FINER`."""
    shares = torch.arange(_FINER, dtype=x.dtype) / _FINER
    inner = x[:-1, None] + (x[1:] - x[:-1])[:, None] * shares
    return torch.cat([inner.flatten(), x[-1:]])


def _neighbours(x: Tensor, panels: Tensor, pieces: Sequence[Support]) -> Tensor:
    """The number beside each point of panels (P, n), towards the middle of its piece."""
    middles = [
        max(left, min(right, 0.0)) if math.isinf(left) or math.isinf(right) else left / 2 + right / 2
        for left, right in pieces
    ]
    middle = torch.tensor(middles, dtype=x.dtype)[panels[:, 0].long()].unsqueeze(-1)
    beside = torch.nextafter(x, middle.expand_as(x))
    ends = torch.tensor(pieces, dtype=x.dtype)[panels[:, 0].long()]
    inside = (beside > ends[:, :1]) & (beside < ends[:, 1:])
    return torch.where(inside, beside, x)


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


def _beyond(rows: Rows, pieces: Sequence[Support], totals: Tensor) -> Tensor:
    """What each row may hold beyond the last points of each piece: inf where it diverges, nan if in doubt."""
    missed = torch.zeros_like(totals)
    for piece in pieces:
        for side in (0, 1):
            x, distance = _last_points(piece, side)
            if len(x) < 3:
                continue
            counted = math.isfinite(piece[side]) and piece[side] != 0  # as if constant from the last point on
            for row, content in enumerate((rows(x) * distance).tolist()):
                tail = _tail(content, distance.log().tolist(), float(totals[row]), counted=counted)
                overflows = math.isfinite(piece[side]) and math.inf in content
                missed[row] += math.nan if overflows else tail  # a peak too high for a float is no pole
    return missed


def _tail(content: Sequence[float], scale: Sequence[float], total: float, *, counted: bool) -> float:
    """The integral beyond the last point by the power law of f(x) |x - end|, given towards the end."""
    outer = content[-1]
    if math.isfinite(outer) and outer <= _RTOL * total:
        return 0.0
    decays = []
    for i in range(max(len(content) - 4, 0), len(content) - 1):
        inner, further = content[i], content[i + 1]
        falls = 0 < inner < math.inf and 0 < further < math.inf
        step = abs(scale[i + 1] - scale[i])
        decays.append(math.log(inner / further) / step if falls else -1.0)
    slowest, fastest = min(decays), max(decays)
    if fastest <= _FLAT:
        return math.inf
    if slowest < _FALLS:
        return math.nan
    return outer * max(abs(1 / decay - counted) for decay in decays)


def _last_points(piece: Support, side: int) -> tuple[Tensor, Tensor]:
    """Points towards an end of the piece, up to the last one, and their distances from it or from 0."""
    end, other = piece[side], piece[1 - side]
    steps = torch.arange(_LADDER - 1, -1, -1, dtype=torch.float64)
    if math.isinf(end) or end == 0:
        t = (2 * side - 1) * (_REACH - 0.2 * steps)
        x, dx = _points(t, *piece)
        return x, dx / (math.pi / 2 * t.cosh())
    spacing = abs(math.nextafter(end, other) - end)
    distance = spacing * 16**steps
    distance = distance[distance < abs(other - end) / 2]
    return end + (1 - 2 * side) * distance, distance


def _check(support: Support, breakpoints: Sequence[float]) -> None:
    left, right = support
    if not left < right:
        raise ValueError(f"`support` must be (left, right) with left < right, got {support}")
    outside = [b for b in breakpoints if not left < b < right]
    if outside:
        raise ValueError(f"`breakpoints` must lie inside the support {support}, got {outside[0]}")


def values_at(function: Rows, x: Tensor, name: str) -> Tensor:
    """The values of the function `name` at the points `x`, in float64 and of their shape.

    `function`: points (N,) to as many values. Raises `ValueError` where it is not, or a value is nan.

    >>> values_at(torch.sqrt, torch.tensor([[4.0]]), "root")
    tensor([[2.]], dtype=torch.float64)
    """
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
