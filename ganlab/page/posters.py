"""Still pictures of what moves, as SVG: the poster of a part where scripts may not run.

They are written from the same rounded numbers as the part, without a plotting library, so that a poster is
the same text on every machine.
"""

from __future__ import annotations

import html
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganlab.page.films import Recording
from ganlab.plotting import COLORS

__all__ = ["blobs", "clouds", "lines", "losses"]

_SIDE, _GAP, _HEAD = 300, 20, 28
_DASHES = {"solid": "none", "dashed": "7 4", "dotted": "2 3", "dashdot": "8 3 2 3"}


def clouds(recordings: Mapping[str, Recording]) -> str:
    """The last frame of each recording, side by side: circles for real points, crosses for generated ones.

    >>> clouds({})[:4]
    '<svg'
    """
    panels = [
        f'<g transform="translate({i * (_SIDE + _GAP)} 0)">{_cloud(title, recording)}</g>'
        for i, (title, recording) in enumerate(recordings.items())
    ]
    width = len(panels) * (_SIDE + _GAP) - _GAP if panels else 1
    return _svg(max(width, 1), _SIDE + _HEAD, "".join(panels))


def lines(data: Mapping[str, Any]) -> str:
    """The curves of an explorer on a frame with the ends of its axes.

    `data`: `x` (N,), `functions` with `values` (N,), `y` the window or None, as `explorables.curves` has it.

    >>> row = {"name": "f", "role": "real", "dash": "solid", "values": [0.0, 1.0]}
    >>> "M40.0 200.0L590.0 10.0" in lines({"x": [0, 1], "xName": "x", "functions": [row], "y": (0, 1)})
    True
    """
    x, rows = data["x"], data["functions"]
    known = [v for row in rows for v in row["values"] if isinstance(v, float | int)]
    low, high = data["y"] or (min(known), max(known))
    high = high if high > low else low + 1
    body = '<path d="M40 10V200H590" fill="none" stroke="#999"/>'
    for place, text in (("38,14", high), ("38,200", low)):
        left, top = place.split(",")
        body += f'<text x="{left}" y="{top}" text-anchor="end" font-size="11">{text:.3g}</text>'
    for left, text in ((40, x[0]), (590, x[-1])):
        body += f'<text x="{left}" y="216" text-anchor="middle" font-size="11">{text:.4g}</text>'
    for i, row in enumerate(rows):
        color, dash = COLORS[row["role"]], _DASHES[row["dash"]]
        style = f'fill="none" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"'
        body += f'<path d="{_path(x, row["values"], low, high)}" {style}/>'
        body += f'<path d="M60 {236 + 18 * i}h26" {style}/>'
        body += f'<text x="94" y="{240 + 18 * i}" font-size="13">{html.escape(row["name"])}</text>'
    return _svg(610, 240 + 18 * len(rows), body)


def losses(recordings: Mapping[str, Recording]) -> str:
    """The losses of each recording, one picture below the other, with one range for all.

    >>> losses({})[:4]
    '<svg'
    """
    names = {"d_loss": ("discriminator", "solid", "discriminator"), "g_loss": ("fake", "dashed", "generator")}
    all_values = [recording.curves[name].values for recording in recordings.values() for name in names]
    window = (min(v.min() for v in all_values), max(v.max() for v in all_values)) if all_values else None
    panels = []
    for i, (title, recording) in enumerate(recordings.items()):
        rows = [
            {"role": role, "dash": dash, "name": words, "values": recording.curves[name].values.tolist()}
            for name, (role, dash, words) in names.items()
        ]
        data = {
            "x": recording.curves["d_loss"].steps.tolist(),
            "xName": "step",
            "functions": rows,
            "y": window,
        }
        heading = f'<text x="305" y="18" text-anchor="middle">{html.escape(title)}</text>'
        picture = f'<g transform="translate(0 24)">{lines(data)}</g>'
        panels.append(f'<g transform="translate(0 {310 * i})">{heading}{picture}</g>')
    return _svg(610, max(310 * len(panels), 1), "".join(panels))


def blobs(sides: Mapping[str, Sequence[Sequence[float]]]) -> str:
    """The blobs of each side, side by side, by their middles: at most five, each with its number.

    >>> blobs({})[:4]
    '<svg'
    """
    inks = [COLORS[role] for role in ("real", "fake", "discriminator", "other")] + ["#1a1a1a"]
    body = ""
    for place, (title, middles) in enumerate(sides.items()):
        left = place * (_SIDE + _GAP)
        body += f'<text x="{left + _SIDE // 2}" y="18" text-anchor="middle">{html.escape(title)}</text>'
        body += f'<rect x="{left}" y="{_HEAD}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#999"/>'
        for k, (x, y) in enumerate(middles):
            across, down = left + _SIDE * (0.5 + x / 4), _HEAD + _SIDE * (0.5 - y / 4)
            body += f'<circle cx="{across:.1f}" cy="{down:.1f}" r="8" fill="{inks[k]}"/>'
            body += f'<text x="{across + 12:.1f}" y="{down - 6:.1f}">{k + 1}</text>'
    return _svg(max(len(sides) * (_SIDE + _GAP) - _GAP, 1), _SIDE + _HEAD, body)


def _path(x: list[float], values: list[Any], low: float, high: float) -> str:
    """The line through what is finite and in the window, broken elsewhere; many samples are thinned."""
    points, thin = [], max(1, len(x) // 200)
    for a, b in zip(x[::thin], values[::thin], strict=True):
        if isinstance(b, float | int) and low <= b <= high:
            left, up = 550 * (a - x[0]) / (x[-1] - x[0]), 190 * (b - low) / (high - low)
            points.append(f"{round(40 + left, 6):.1f} {round(200 - up, 6):.1f}")
        else:
            points.append("")
    runs = (list(run) for drawn, run in itertools.groupby(points, bool) if drawn)
    return "".join("M" + "L".join(run) for run in runs)


def _cloud(title: str, recording: Recording) -> str:
    real, fake = (_pixels(points, recording.extent) for points in (recording.real, recording.fake[-1]))
    dots = "".join(f"M{x} {y}h0" for x, y in real)
    crosses = "".join(f"M{x - 3} {y - 3}l6 6m0-6l-6 6" for x, y in fake)
    return (
        f'<text x="{_SIDE // 2}" y="18" text-anchor="middle">{html.escape(title)}</text>'
        f'<svg y="{_HEAD}" width="{_SIDE}" height="{_SIDE}">'
        '<rect width="100%" height="100%" fill="none" stroke="#999"/>'
        f'<path d="{dots}" stroke="{COLORS["real"]}" stroke-width="5" stroke-linecap="round" opacity=".5"/>'
        f'<path d="{crosses}" stroke="{COLORS["fake"]}" fill="none"/></svg>'
    )


def _pixels(points: np.ndarray, extent: float) -> list[list[int]]:
    seen = points[(np.abs(points) <= extent).all(1)]
    return np.rint((seen * [1, -1] / extent + 1) * _SIDE / 2).astype(int).tolist()


def _svg(width: int, height: int, content: str) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" font-size="14">'
        f'<rect width="100%" height="100%" fill="#fff"/>{content}</svg>'
    )
