"""Curves to walk along, and densities to move: what `explorables` shows of functions of one variable.

Values and slopes are sampled here, by the functions that the tests hold, and the page moves from sample to
sample: it knows no second formula. Two exceptions are tested against the package: the quadrature of
`densities` against `ganlab.theory.densities`, the steps of `dirac` against `ganlab.theory.dynamics`.
"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganlab import losses, regularizers
from ganlab.page import parts, posters
from ganlab.theory import dynamics
from ganlab.theory.densities import jensen_shannon_density

__all__ = ["Part", "curves", "densities", "dirac"]

MOST_SAMPLES = 2001
_ROLES = ("real", "fake", "discriminator", "other", "neutral")
_DASHES = ("solid", "dashed", "dotted", "dashdot")


@dataclass(frozen=True, eq=False)
class Part:
    """One thing that moves: `kind`, the script that shows `data`; `summary`, one line of plain text.

    `alt` says what the `poster`, an SVG picture, shows; both stand in for the part where scripts do not run.
    """

    kind: str
    data: Mapping[str, Any]
    summary: str
    alt: str
    poster: str = ""

    def __repr__(self) -> str:
        return self.summary

    def html(self, *, script: bool = True) -> str:
        """The HTML of the part; with `script` it is enough alone, without it the page brings the script."""
        words = f"<noscript><p>{html.escape(self.alt)} With JavaScript this figure moves.</p></noscript>"
        return parts.html(self.kind, self.data, fallback=self.picture() + words, script=script)

    def picture(self) -> str:
        """The poster as HTML; nothing where there is none."""
        picture = base64.b64encode(self.poster.encode()).decode()
        words = html.escape(self.alt)
        return f'<img src="data:image/svg+xml;base64,{picture}" alt="{words}">' if picture else ""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.summary, "text/html": self.html()}


Samples = Sequence[float] | np.ndarray | Tensor
Function = Callable[[Tensor], Tensor] | Samples | tuple[Samples, Samples]
Law = Sequence[float] | Sequence[Sequence[float]]


def curves(
    functions: Mapping[str, Function],
    x: Sequence[float] | np.ndarray | Tensor,
    *,
    at: float | None = None,
    x_name: str = "x",
    y_name: str = "value",
    unit: str = "",
    y: tuple[float, float] | None = None,
    slopes: bool = True,
    slope_range: tuple[float, float] | None = None,
    landmarks: Mapping[str, float] | None = None,
    styles: Mapping[str, tuple[str, str]] | None = None,
    alt: str | None = None,
) -> Part:
    """Functions of one variable to walk along: value, slope and tangent at a point that the reader drags.

    `functions` by name: a callable from a float64 tensor (N,) to (N,), whose slope autograd gives; sampled
    values (N,), whose slope is the quotient of neighbouring differences; or a pair of both. `x` (N,): the
    samples, rising, at most 2001; the point moves on them, so that the page shows numbers that were computed
    here and knows no formula. `at`: where it starts, the middle if not given. `x_name`, `y_name`, `unit` (of
    the values): words for the axes. `y`, `slope_range`: the windows, all that is finite if not given.
    `slopes`: whether they have a panel of their own. `landmarks`: named levels. `styles`: by function, a role
    of `ganlab.plotting.COLORS` and one of solid, dashed, dotted, dashdot.

    Raises `ValueError` where there is no function, a shape is another, `x` does not rise, or a function is
    nowhere finite; `TypeError` where a function returns no tensor.

    >>> curves({"x squared": lambda x: x**2}, torch.linspace(-1, 1, 5), at=0.5)
    Explorer: x squared over x from -1 to 1; at x = 0.5: x squared 0.25, slope 1
    """
    grid = _grid(x)
    if not functions:
        raise ValueError("`functions` must hold at least one function, got none")
    index = len(grid) // 2 if at is None else _nearest(grid, at)
    unknown = sorted((styles or {}).keys() - functions.keys())
    if unknown:
        raise ValueError(f"`styles` must name functions that are given, got {', '.join(unknown)}")
    rows = []
    for i, (name, function) in enumerate(functions.items()):
        role, dash = (styles or {}).get(name, (_ROLES[i % len(_ROLES)], _DASHES[i % len(_DASHES)]))
        if role not in _ROLES or dash not in _DASHES:
            raise ValueError(
                f"`styles` must be a role of {', '.join(_ROLES)} and one of {', '.join(_DASHES)}, "
                f"got {role!r} and {dash!r} for {name!r}"
            )
        value, slope = _sampled(name, function, grid)
        rows.append({"name": name, "role": role, "dash": dash} | {"values": value, "slopes": slope})
    marks = [{"name": name, "y": float(level)} for name, level in (landmarks or {}).items()]
    data = {
        "x": [_to_six_digits(v) for v in grid.tolist()],
        "xName": x_name,
        "yName": y_name,
        "unit": unit,
        "at": index,
    }
    data |= {"functions": rows, "landmarks": marks, "y": y, "slopes": slopes, "slopeRange": slope_range}
    here = [
        f"{row['name']} {_in_words(row['values'][index])}, slope {_in_words(row['slopes'][index])}"
        for row in rows
    ]
    where = f"{', '.join(functions)} over {x_name} from {grid[0]:.4g} to {grid[-1]:.4g}"
    summary = f"Explorer: {where}; at {x_name} = {grid[index]:.4g}: {'; '.join(here)}"
    return Part("curves", data, summary, alt or f"Curves of {where}.", posters.lines(data))


def _grid(x: Sequence[float] | np.ndarray | Tensor) -> Tensor:
    grid = torch.as_tensor(x, dtype=torch.float64).detach().cpu()
    if grid.ndim != 1 or not 2 <= len(grid) <= MOST_SAMPLES:
        raise ValueError(f"`x` must have shape (N,), N from 2 to {MOST_SAMPLES}, got {tuple(grid.shape)}")
    if not (grid.isfinite().all() and (grid.diff() > 0).all()):
        raise ValueError("`x` must be finite and rise from sample to sample")
    return grid


def _nearest(grid: Tensor, at: float) -> int:
    if not grid[0] <= at <= grid[-1]:
        raise ValueError(f"`at` must lie in `x`, from {grid[0]:.4g} to {grid[-1]:.4g}, got {at}")
    return int((grid - at).abs().argmin())


def _sampled(name: str, function: Function, grid: Tensor) -> tuple[list[Any], list[Any]]:
    """Values and slopes on the grid, to six digits, as JSON can hold them."""
    if callable(function):
        points = grid.clone().requires_grad_(True)
        value = function(points)
        if not isinstance(value, Tensor):
            raise TypeError(f"`functions` must return tensors, got {type(value).__name__} from {name!r}")
        _check_shape(name, value, grid)
        slope = torch.zeros_like(grid)
        if value.requires_grad:
            (slope,) = torch.autograd.grad(value.sum(), points)
    elif isinstance(function, tuple) and isinstance(function[0], Tensor | np.ndarray):
        value, slope = (torch.as_tensor(samples).detach().double() for samples in function)
        _check_shape(name, value, grid)
        _check_shape(name, slope, grid)
    else:
        value = torch.as_tensor(function, dtype=torch.float64)
        _check_shape(name, value, grid)
        (slope,) = torch.gradient(value, spacing=(grid,))
    if not value.isfinite().any():
        raise ValueError(f"`functions` must be finite somewhere on `x`, got no such value of {name!r}")
    return [_to_six_digits(v) for v in value.tolist()], [_to_six_digits(v) for v in slope.tolist()]


def _check_shape(name: str, value: Tensor, grid: Tensor) -> None:
    if value.shape != grid.shape:
        raise ValueError(
            f"`functions` must give one value a sample, {tuple(grid.shape)}, "
            f"got {tuple(value.shape)} of {name!r}"
        )


def _to_six_digits(value: float) -> float | str | None:
    """Six digits; an infinity by name, None for what is not a number; no negative zero."""
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return float(f"{value:.6g}") + 0.0


def _in_words(value: float | str | None) -> str:
    return "no number" if value is None else value if isinstance(value, str) else f"{value:.4g}"


def densities(
    p_data: Law,
    p_g: Law,
    *,
    x: tuple[float, float] = (-5.0, 5.0),
    at: float = 0.0,
    names: tuple[str, str] = ("data p", "generator q"),
    alt: str | None = None,
) -> Part:
    """Two densities on the line that the reader moves and widens, with D*, V(D*) and JSD as they change.

    `p_data`, `p_g`: a normal law (mean, standard deviation), or a mixture of rows (weight, mean, standard
    deviation), moved and widened as a whole. `x`: the window. `at`: where D* is read off first. The page
    integrates by itself, in nats, and agrees with `ganlab.theory.densities.jensen_shannon_density` to 1e-6.

    Raises `ValueError` where a law is none, its weights do not sum to 1, or the window is empty.
    Source: D* = p / (p + q), V(D*) = 2 JSD - log 4, Goodfellow et al. 2014, section 4.1 [goodfellow2014].

    >>> densities((-1.0, 1.0), (1.0, 1.0))
    Densities: data p and generator q; JSD 0.3368, V(D*) -0.7126 nats
    """
    low, high = map(float, x)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"`x` must be a window (low, high), got {x}")
    if not low <= at <= high:
        raise ValueError(f"`at` must lie in `x`, from {low:g} to {high:g}, got {at}")
    laws = [_law("p_data", p_data), _law("p_g", p_g)]
    styles = zip(names, ("real", "fake"), ("solid", "dashed"), laws, strict=True)
    rows = [{"name": name, "role": role, "dash": dash, "parts": law} for name, role, dash, law in styles]
    jsd = jensen_shannon_density(*(_log_density(law) for law in laws)).value.item()
    data = {"laws": rows, "x": [low, high], "at": float(at)}
    summary = f"Densities: {' and '.join(names)}; JSD {jsd:.4f}, V(D*) {2 * jsd - math.log(4):.4f} nats"
    grid = torch.linspace(low, high, 201, dtype=torch.float64)
    drawn = [
        row | {"values": _log_density(law)(grid).exp().tolist()} for row, law in zip(rows, laws, strict=True)
    ]
    poster = posters.lines({"x": grid.tolist(), "xName": "x", "functions": drawn, "y": None, "landmarks": []})
    return Part("densities", data, summary, alt or f"The densities {' and '.join(names)} over x.", poster)


def _law(name: str, law: Law) -> list[list[float]]:
    rows = np.atleast_2d(np.asarray(law, dtype=np.float64))
    rows = np.insert(rows, 0, 1.0, axis=1) if rows.shape == (1, 2) else rows
    if rows.ndim != 2 or rows.shape[1] != 3 or not np.isfinite(rows).all():
        raise ValueError(
            f"`{name}` must be (mean, standard deviation) or rows (weight, mean, standard deviation), "
            f"got {law}"
        )
    if not (rows[:, 0] > 0).all() or abs(rows[:, 0].sum() - 1) > 1e-9 or not (rows[:, 2] > 0).all():
        raise ValueError(
            f"`{name}` must have positive weights that sum to 1 and positive deviations, got {law}"
        )
    return rows.tolist()


def _log_density(law: list[list[float]]) -> Callable[[Tensor], Tensor]:
    weights, means, stds = torch.tensor(law, dtype=torch.float64).T
    normal = torch.distributions.Normal(means, stds)
    return lambda x: torch.logsumexp(weights.log() + normal.log_prob(x[..., None]), -1)


def dirac(
    *,
    rate: float = 0.8,
    weight: float = 0.0,
    rule: str = "at once",
    start: tuple[float, float] = (0.5, 0.0),
    steps: int = 80,
    alt: str | None = None,
) -> Part:
    """The Dirac-GAN with a rate and a penalty that the reader drags: its eigenvalues, and where it goes.

    The loss is the minimax one, and `weight` that of R1. `rule`: "at once" or "in turns". `start`: the places
    of generator and discriminator, within 1.6 of 0. The page steps by itself, and agrees with
    `ganlab.theory.dynamics` to 1e-9.

    Raises `ValueError` where a number is out of the range of its slider, or there is no such rule.
    Source: Mescheder et al. 2018, lemma 2.3 [mescheder2018].

    >>> dirac(weight=0.2)
    Dirac-GAN: rate 0.8, R1 with weight 0.2, at once; the largest factor of a step is 0.9165
    """
    rules = {"at once": dynamics.simultaneous, "in turns": dynamics.alternating}
    if rule not in rules:
        raise ValueError(f"`rule` must be at once or in turns, got {rule!r}")
    if not 0.05 <= rate <= 4:
        raise ValueError(f"`rate` must be from 0.05 to 4, got {rate}")
    if not 0 <= weight <= 1.5:
        raise ValueError(f"`weight` must be from 0 to 1.5, got {weight}")
    if len(start) != 2 or not all(abs(place) <= 1.6 for place in start):
        raise ValueError(f"`start` must be two numbers from -1.6 to 1.6, got {start}")
    if not 1 <= steps <= 1000:
        raise ValueError(f"`steps` must be from 1 to 1000, got {steps}")
    game = dynamics.dirac_gan(losses.minimax, penalty=regularizers.r1, weight=weight)
    origin, at = torch.zeros(2, dtype=torch.float64), torch.tensor(start, dtype=torch.float64)
    largest = dynamics.spectrum(game, origin, rule=rules[rule], step_size=rate).abs().max().item()
    way = dynamics.trajectory(game, at, steps, rule=rules[rule], step_size=rate)
    data = {"rate": rate, "weight": weight, "rule": rule, "start": list(start), "steps": steps}
    words = f"Dirac-GAN: rate {rate:g}, R1 with weight {weight:g}, {rule}"
    summary = f"{words}; the largest factor of a step is {largest:.4f}"
    grid = list(range(len(way)))
    lines = [
        {"name": name, "role": role, "dash": dash, "values": column}
        for name, role, dash, column in (
            ("θ", "fake", "solid", way[:, 0].clamp(-2, 2).tolist()),
            ("ψ", "discriminator", "dashed", way[:, 1].clamp(-2, 2).tolist()),
        )
    ]
    poster = posters.lines({"x": grid, "xName": "step", "functions": lines, "y": None, "landmarks": []})
    return Part("dirac", data, summary, alt or f"{words}: both players over {steps} steps.", poster)
