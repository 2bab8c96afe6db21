"""What the pictures of the film are drawn with: words, formulas and axes at places of one frame.

Places are parts of the frame, from its lower left corner. What lies below `FLOOR` is left to the captions.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from matplotlib.patches import FancyBboxPatch

from ganlab.plotting import COLORS

__all__ = [
    "FLOOR",
    "INK",
    "QUIET",
    "arrow",
    "blank",
    "box",
    "chart",
    "drawn",
    "formula",
    "ground",
    "plane",
    "points",
    "words",
]

WIDTH, HEIGHT = 12.8, 7.2
FLOOR = 0.2
"""The part of the height below which nothing is drawn."""
INK, QUIET = "#1a1a1a", "#5c5c5c"
SMALLEST = 24
"""The size of the smallest letters, in points of a frame that is 1280 pixels wide."""

NARROW = 29
"""Below this size a formula breaks at its sign of equality."""

_STYLE = {"font.family": "DejaVu Sans", "mathtext.fontset": "cm", "axes.unicode_minus": True}
# What mathtext calls otherwise, or sets too close.
_SPOKEN = {
    r"\le ": r"\leq ",
    r"\ge ": r"\geq ",
    r"\int ": r"\int\;\, ",
    r"\log": r"\,\log",
    "^*": r"^{\ast}",
    "2 \\operator": r"2\,\operator",
}
_GREEN = LinearSegmentedColormap.from_list("said_real", ["#ffffff", COLORS["discriminator"]])


def blank(title: str = "") -> Figure:
    """An empty frame, with the title of its scene in the corner."""
    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
    if title:
        words(figure, 0.03, 0.95, title, size=SMALLEST, color=QUIET, ha="left")
    return figure


def drawn(figure: Figure, width: int = 1280) -> np.ndarray:
    """The frame as an array (height, width, 3) of bytes."""
    figure.set_dpi(width / WIDTH)
    canvas = FigureCanvasAgg(figure)
    with rc_context(_STYLE):
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def words(figure: Figure, x: float, y: float, said: str, *, size: float = 28, **style: Any) -> None:
    """Write words around a place; formulas may stand in them between dollar signs."""
    style = {"ha": "center", "va": "center", "color": INK} | style
    with rc_context(_STYLE):
        figure.text(x, y, said, fontsize=max(size, SMALLEST), **style)


def formula(
    figure: Figure, x: float, y: float, latex: str, *, size: float = 40, width: float = 0.92, **style: Any
) -> None:
    """Write a formula around a place, as large as `size` and small enough for a part of the frame's width."""
    lines = [mathtext(latex)]
    if fitting(lines[0], size, width) < min(NARROW, size) and " = " in latex:
        left, right = lines[0].replace("dfrac", "frac").split(" = ", 1)
        lines, size, y = [left, rf"\quad = {right}"], min(size, NARROW), y - 0.025
    size = min(fitting(line, size, width) for line in lines)
    for number, line in enumerate(lines):
        below = 0.12 * (number - (len(lines) - 1) / 2)
        words(figure, x, y - below, f"${line}$", size=size, **style)


def fitting(latex: str, size: float, width: float) -> float:
    """The size of letters, at most `size`, in which a formula takes no more than a part of the width."""
    return min(size, size * width * WIDTH / inches(latex, size))


def mathtext(latex: str) -> str:
    """A formula in the dialect that matplotlib reads."""
    for ours, theirs in _SPOKEN.items():
        latex = latex.replace(ours, theirs)
    at = r"|_{D = \dfrac"
    return latex.replace(r"\frac", r"\dfrac").replace(at, at.replace("dfrac", "frac"))


@lru_cache(maxsize=1000)
def inches(latex: str, size: float) -> float:
    """The width of a formula in letters of so many points."""
    with rc_context(_STYLE):
        parsed = MathTextParser("path").parse(f"${latex}$", 72, FontProperties(size=size))
    return max(parsed[0] / 72, 1e-6)


def box(figure: Figure, x: float, y: float, said: str, color: str, *, size: float = 40) -> None:
    """Draw a network: a box with its letter, around a place."""
    half = (0.055, 0.09)
    patch = FancyBboxPatch(
        (x - half[0], y - half[1]),
        2 * half[0],
        2 * half[1],
        boxstyle="round,pad=0,rounding_size=0.015",
        transform=figure.transFigure,
        facecolor=color,
        edgecolor="none",
    )
    figure.add_artist(patch)
    words(figure, x, y, said, size=size, color="white", weight="bold")


def arrow(figure: Figure, start: tuple[float, float], end: tuple[float, float], color: str = INK) -> None:
    """Draw an arrow from one place to another."""
    axes = figure.add_axes((0, 0, 1, 1), zorder=-1)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    style = {"arrowstyle": "-|>,head_width=0.5,head_length=0.9", "lw": 3.5, "color": color}
    axes.annotate("", end, start, arrowprops=style | {"shrinkA": 0, "shrinkB": 0})


def chart(
    figure: Figure,
    place: tuple[float, float, float, float],
    *,
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    names: tuple[str, str] = ("", ""),
    ticks: tuple[tuple[float, ...], tuple[float, ...]] = ((), ()),
) -> Axes:
    """Axes at a place (left, bottom, width, height), with names that can be read and few ticks."""
    with rc_context(_STYLE):
        axes = figure.add_axes(place)
        axes.set(xlim=xlim, ylim=ylim, xticks=ticks[0], yticks=ticks[1])
        axes.set_xlabel(names[0], fontsize=SMALLEST, color=INK)
        axes.set_ylabel(names[1], fontsize=SMALLEST, color=INK)
        axes.tick_params(labelsize=SMALLEST, colors=INK, length=6, width=1.5)
    axes.spines[["top", "right"]].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(linewidth=1.5, color=QUIET)
    return axes


def plane(figure: Figure, place: tuple[float, float, float], extent: float) -> Axes:
    """A square of the plane, [-extent, extent] wide; `place`: left, bottom, and its height."""
    left, bottom, height = place
    axes = figure.add_axes((left, bottom, height * HEIGHT / WIDTH, height))
    axes.set(xlim=(-extent, extent), ylim=(-extent, extent), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(linewidth=1.5, color="#999999")
    return axes


def points(axes: Axes, real: np.ndarray | None, fake: np.ndarray | None, *, size: float = 7) -> None:
    """Draw real points as blue circles and generated ones as vermilion crosses."""
    if real is not None:
        axes.plot(*real.T, "o", color=COLORS["real"], markersize=size, alpha=0.75, markeredgewidth=0)
    if fake is not None:
        axes.plot(*fake.T, "x", color=COLORS["fake"], markersize=size + 1, markeredgewidth=2)


def ground(axes: Axes, field: np.ndarray) -> None:
    """Colour the ground of a plane green where the discriminator takes a point for a real one."""
    window = (*axes.get_xlim(), *axes.get_ylim())
    style = {"cmap": _GREEN, "vmin": 0, "vmax": 1, "alpha": 0.6, "interpolation": "bilinear"}
    axes.imshow(field, extent=window, origin="lower", aspect="auto", zorder=0, **style)
