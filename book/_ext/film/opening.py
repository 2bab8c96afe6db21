"""The first two scenes: who plays, and for what."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from film import stage, values
from film.lines import Line, Scene
from film.proofs import Shown, right, rows, shown
from ganlab.plotting import COLORS

__all__ = ["OBJECTIVE", "SET_UP"]

_TITLES = "1   The set-up", "2   The objective, from scratch"
_PLANE = (0.31, 0.23, 0.66)
_MIDDLE = 0.55


def _players(
    figure: Figure,
    moved: float,
    *,
    frame: int | None = 0,
    real: bool = True,
    g: bool = False,
    d: bool = False,
    field: bool = False,
    push: bool = False,
) -> None:
    """The two networks around the plane; without a `frame` the recorded run goes by as the time moves."""
    run = values.recording("ring_found")
    if frame is None:
        frame = round(moved * (len(run.steps) - 1))
        stage.words(figure, 0.17, 0.86, f"step {run.steps[frame]}", color=stage.QUIET)
    axes = stage.plane(figure, _PLANE, run.extent)
    if field:
        stage.ground(axes, run.field[frame])
    stage.points(axes, run.real if real else None, run.fake[frame] if g else None)
    if push:
        where, way = run.fake[frame][: run.arrows.shape[1]], run.arrows[frame]
        longest = np.linalg.norm(way, axis=1).max()
        axes.quiver(*where.T, *(way / longest).T, color=stage.INK, width=0.008, scale=5, zorder=3)
    if real:
        stage.words(figure, 0.17, 0.33, "real: p", color=COLORS["real"])
    if g:
        stage.words(figure, 0.17, 0.25, "generated: q", color=COLORS["fake"])
        stage.words(figure, 0.03, _MIDDLE, "$z$", size=40)
        stage.arrow(figure, (0.055, _MIDDLE), (0.105, _MIDDLE))
        stage.box(figure, 0.17, _MIDDLE, "G", COLORS["fake"])
        stage.arrow(figure, (0.23, _MIDDLE), (0.3, _MIDDLE))
    if d:
        stage.arrow(figure, (0.69, _MIDDLE), (0.745, _MIDDLE))
        stage.box(figure, 0.81, _MIDDLE, "D", COLORS["discriminator"])
        stage.arrow(figure, (0.87, _MIDDLE), (0.915, _MIDDLE))
        stage.words(figure, 0.955, _MIDDLE, "0…1", size=26)
        stage.words(figure, 0.83, 0.7, "real or generated?", color=stage.QUIET, size=24)


def _set_up(**show):
    def picture(figure: Figure, moved: float) -> None:
        _players(figure, moved, **show)

    return picture


def _title(figure: Figure, moved: float) -> None:
    stage.words(figure, 0.5, 0.78, "The Minimax Game", size=58)
    stage.box(figure, 0.36, 0.48, "G", COLORS["fake"])
    stage.box(figure, 0.64, 0.48, "D", COLORS["discriminator"])
    stage.arrow(figure, (0.43, 0.52), (0.57, 0.52))
    stage.arrow(figure, (0.57, 0.44), (0.43, 0.44))
    stage.words(figure, 0.5, 0.28, "two networks, one game", size=30, color=stage.QUIET)


def _aims(figure: Figure, moved: float) -> None:
    stage.box(figure, 0.2, 0.7, "D", COLORS["discriminator"])
    stage.words(figure, 0.3, 0.7, "wants to tell the two kinds apart", ha="left", size=34)
    stage.box(figure, 0.2, 0.4, "G", COLORS["fake"])
    stage.words(figure, 0.3, 0.4, "wants its points taken for real", ha="left", size=34)


_ALL = {"g": True, "d": True}
SET_UP = Scene(
    _TITLES[0],
    (
        Line("Two networks play a game. This film tells its rules, and derives what they lead to.", _title),
        Line(
            "These are data: points of the plane, in {clusters} clusters. We call their distribution p.",
            _set_up(),
        ),
        Line("The first network, the generator G, never sees them.", _set_up(real=False, g=True)),
        Line(
            "It is given random numbers z, and turns them into points of its own. "
            "Their distribution is called q.",
            _set_up(real=False, g=True),
        ),
        Line("At first the crosses have nothing to do with the circles.", _set_up(g=True)),
        Line("The second network, the discriminator D, is shown points of both kinds.", _set_up(**_ALL)),
        Line(
            "For each it gives one number between zero and one: how probable it is that this point is real.",
            _set_up(**_ALL),
        ),
        Line(
            "Here the ground is green where D takes a point for a real one.",
            _set_up(**_ALL, field=True, frame=9),
        ),
        Line("D wants to tell the two kinds apart. G wants its points to be taken for real.", _aims),
        Line(
            "What G learns of the data it learns from D alone: arrows show where D would send its points.",
            _set_up(**_ALL, field=True, frame=9, push=True),
        ),
        Line(
            "Each move of one player changes the task of the other. "
            "This is a real run, from the first step to the last.",
            _set_up(**_ALL, field=True, frame=None),
            moves=12,
            steps=36,
        ),
        Line(
            "So much for the players. Now for what they play for.",
            _set_up(**_ALL, field=True, frame=-1),
        ),
    ),
    still=9,
    page="minimax_game",
    alt="G makes orange crosses from random numbers z, D gives each point a number; in the plane between "
    "them blue circles in {clusters} clusters, the crosses with arrows, green ground where D says real.",
)


def _coin(figure: Figure, moved: float, *, labels: bool = False) -> None:
    for x, side, label, said, role in (
        (0.28, "heads", 1, "a real point", "real"),
        (0.72, "tails", 0, "a generated point", "fake"),
    ):
        stage.words(figure, x, 0.78, side, color=stage.QUIET, size=30)
        stage.words(figure, x, 0.65, said, size=36, color=COLORS[role])
        if labels:
            stage.words(figure, x, 0.45, f"$y = {label}$", size=52)


def _costs(figure: Figure, moved: float, *, guess: bool = False) -> None:
    """The cross-entropy of both labels over what D says."""
    window = {"xlim": (0, 1), "ylim": (0, 4), "names": ("D", "cost"), "ticks": ((0, 0.5, 1), (0, 2, 4))}
    axes = stage.chart(figure, (0.12, 0.34, 0.56, 0.52), **window)
    d = np.linspace(0.001, 0.999, 400)
    axes.plot(d, -np.log(d), color=COLORS["real"], lw=5)
    axes.plot(d, -np.log(1 - d), "--", color=COLORS["fake"], lw=5)
    for y, place, role, said in ((0.8, 1, "real", "real, costs"), (0.61, 2, "fake", "generated, costs")):
        stage.words(figure, 0.72, y, said, ha="left", size=26, color=COLORS[role])
        stage.formula(figure, 0.72, y - 0.085, right(_VALUE, place), size=36, ha="left", color=COLORS[role])
    if guess:
        cost = np.log(2)
        axes.plot([0.5], [cost], "o", color=stage.INK, markersize=14, zorder=4)
        axes.plot([0, 0.5], [cost, cost], ":", color=stage.INK, lw=3)
        stage.words(figure, 0.72, 0.42, "log 2 = {log_2}".format(**values.numbers()), ha="left", size=30)


def _minimax(figure: Figure, moved: float) -> None:
    stage.formula(figure, 0.5, 0.76, shown(_VALUE, 0), size=42)
    stage.box(figure, 0.2, 0.52, "D", COLORS["discriminator"])
    stage.words(figure, 0.3, 0.52, "makes V large", ha="left", size=34)
    stage.box(figure, 0.2, 0.3, "G", COLORS["fake"])
    stage.words(figure, 0.3, 0.3, "makes q, and so makes V small", ha="left", size=34)


def _batches(figure: Figure, moved: float) -> None:
    stage.formula(figure, 0.5, 0.74, shown("value_from_bce", 3), size=38)
    for x, role, said in (
        (0.38, "real", "a batch\nof real points"),
        (0.72, "fake", "a batch\nof generated points"),
    ):
        stage.words(figure, x, 0.5, said, size=30, color=COLORS[role])


_LIKELY = "bce_from_likelihood"
_VALUE = "value_from_bce"
OBJECTIVE = Scene(
    _TITLES[1],
    (
        Line("Toss a coin. Heads: show D a real point. Tails: show it a generated one.", _coin),
        Line(
            "The label y is one for real and zero for generated. D is the chance it gives to a one.",
            partial(_coin, labels=True),
        ),
        Line(
            "How likely did D hold the label that came? D, if the point was real, and one minus D if not.",
            rows(Shown(_LIKELY, 0), Shown(_LIKELY, 1)),
        ),
        Line(
            "Take the logarithm and change the sign: what seemed likely is cheap. This is the cross-entropy.",
            rows(Shown(_LIKELY, 2), Shown(_LIKELY, None)),
        ),
        Line("Sure and right costs next to nothing. Sure and wrong costs without bound.", _costs),
        Line("Who says one half pays log 2 = {log_2}, whatever comes.", partial(_costs, guess=True)),
        Line(
            "Labels of many points are independent. Their likelihoods multiply, so their costs add.",
            rows(Shown(_LIKELY, 3), Shown(_LIKELY, 4)),
        ),
        Line(
            "On average D pays two means: one over the real points, and one over the generated ones.",
            rows(Shown(_VALUE, 1), Shown(_VALUE, 2), Shown(_VALUE, 3)),
        ),
        Line(
            "With its sign turned, this sum is called the value of the game, V.",
            rows(Shown(_VALUE, 0), Shown(_VALUE, None)),
        ),
        Line("D makes V large. G wants the opposite, and has a hand in it: q is what G makes.", _minimax),
        Line("A program needs no more than this: a batch of each kind gives both means.", _batches),
        Line(
            "A D that knows nothing and says one half pays two log 2 = {two_log_2}. Remember this number.",
            rows(Shown(_VALUE, 6)),
        ),
    ),
    still=5,
    page="binary_cross_entropy",
    alt="The cost of a point over what D says of it: for a real one it falls from above to zero at D = 1, "
    "for a generated one it rises from zero; at D = 1/2 both are log 2.",
)
