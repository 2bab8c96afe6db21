"""Draw the moving picture of the README: two stored trainings, their points above, their losses below.

Run as `python book/pictures/moving.py`, or `make pictures`;
it writes `moving.gif` beside itself in half a minute.
"""

import io
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from ganlab import films
from ganlab.plotting import COLORS

RUNS = {"ring_lost": "calm losses", "ring_found": "losses far off"}
TARGET = Path(__file__).with_name("moving.gif")
COUNT, PAUSE, REST = 64, 120, 2500  # colours; milliseconds a frame, and at the end
LEVELS = {"log 2": math.log(2), "2 log 2": 2 * math.log(2)}


def draw() -> None:
    """Draw every frame of both recordings, and write them as one picture that repeats."""
    runs = {title: films.stored(name) for name, title in RUNS.items()}
    frames = [_frame(runs, index) for index in range(len(next(iter(runs.values())).steps))]
    palette = frames[-1].quantize(COUNT, dither=Image.Dither.NONE)
    first, *others = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    pauses = [PAUSE] * len(others) + [REST]
    first.save(TARGET, save_all=True, append_images=others, duration=pauses, loop=0, optimize=True)


def _frame(runs: dict[str, films.Recording], index: int) -> Image.Image:
    figure = Figure(figsize=(7.2, 5.0), layout="constrained", dpi=100)
    axes = figure.subplots(2, 2, height_ratios=(2.4, 1))
    for (above, below), (title, run) in zip(axes.T, runs.items(), strict=True):
        modes = int(run.curves["modes"].values[index])
        _points(above, run, index)
        above.set_title(f"{title}: {modes} of {run.made['modes']} clusters", fontsize=11)
        _losses(below, run, run.steps[index])
    axes[1, 0].set_ylabel("losses")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")


def _points(ax, run: films.Recording, index: int) -> None:
    axis = np.linspace(-run.extent, run.extent, run.field.shape[1])
    green = [COLORS["discriminator"]]
    for level in (0.25, 0.5, 0.75):
        ax.contourf(axis, axis, run.field[index], [level, 1.01], colors=green, alpha=0.12)
    ax.plot(*run.real.T, "o", color=COLORS["real"], markersize=3)
    ax.plot(*run.fake[index].T, "x", color=COLORS["fake"], markersize=4, markeredgewidth=0.9)
    ax.set(
        xlim=(-run.extent, run.extent), ylim=(-run.extent, run.extent), aspect="equal", xticks=[], yticks=[]
    )


def _losses(ax, run: films.Recording, step: int) -> None:
    for name, role, dash in (("d_loss", "discriminator", "-"), ("g_loss", "fake", "--")):
        curve = run.curves[name]
        ax.plot(curve.steps, curve.values, dash, color=COLORS[role], linewidth=1.2)
    for words, level in LEVELS.items():
        ax.axhline(level, color=COLORS["neutral"], linewidth=0.8, linestyle=":")
        ax.text(run.steps[-1], level, words, fontsize=7, ha="right", va="bottom")
    ax.axvline(step, color="black", linewidth=0.8)
    ax.set(xlim=(0, run.steps[-1]), ylim=(0.4, 2.4), xlabel="step")
    ax.tick_params(labelsize=8)


if __name__ == "__main__":
    draw()
