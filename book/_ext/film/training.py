"""The last three scenes: the equilibrium, the alternating steps, and what goes wrong."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from film import stage, values
from film.lines import Line, Scene
from film.proofs import Shown, heading, rows, shown
from ganlab.plotting import COLORS

__all__ = ["EQUILIBRIUM", "TURNS", "WRONG"]

_TITLES = (
    "5   What the equilibrium looks like",
    "6   The alternating procedure",
    "7   What goes wrong, and where to read on",
)
RUNS = {"A": "ring_lost", "B": "ring_found", "C": "ring_non_saturating"}
"""The three runs that are compared: two recordings, and the first seed of a stored result."""
_LEFTS = (0.09, 0.4, 0.71)
_GREEN = COLORS["discriminator"]


def _curve(name: str) -> tuple[np.ndarray, np.ndarray]:
    if name == "ring_non_saturating":
        found = values.result(name)
        return found.steps, found.history["d_loss"][:, 0]
    curve = values.recording(name).curves["d_loss"]
    return curve.steps, curve.values


def _losses(figure: Figure, moved: float) -> None:
    """The loss of D in each of the three runs, beside the number of the equilibrium."""
    level = 2 * math.log(2)
    for left, (letter, name) in zip(_LEFTS, RUNS.items(), strict=True):
        steps, curve = _curve(name)
        window = {"xlim": (0, steps[-1]), "ylim": (0.6, 1.8)}
        ticks = ((), (1, 1.4)) if letter == "A" else ((), ())
        axes = stage.chart(figure, (left, 0.32, 0.26, 0.42), **window, ticks=ticks)
        axes.axhline(level, color=stage.INK, ls=":", lw=3)
        axes.plot(steps, curve, color=_GREEN, lw=3)
        stage.words(figure, left + 0.13, 0.81, letter, size=40)
        stage.words(figure, left + 0.13, 0.26, "steps", size=24, color=stage.QUIET)
    stage.words(figure, 0.97, 0.94, "loss of D; dotted: 2 log 2", ha="right", size=26, color=stage.QUIET)


def _ends(figure: Figure, moved: float) -> None:
    """The points at the end of the three runs, with how many clusters they hold and D's loss."""
    told = values.numbers()
    held = (told["lost_modes"], told["found_modes"], told["there_modes"])
    losses = (told["lost_loss"], told["found_loss"], told["there_loss"])
    extent = values.recording("ring_lost").extent
    for left, (letter, name), modes, loss in zip(_LEFTS, RUNS.items(), held, losses, strict=True):
        axes = stage.plane(figure, (left, 0.38, 0.44), extent)
        if name == "ring_non_saturating":
            stage.points(
                axes, values.recording("ring_lost").real, values.result(name).samples[0][:150], size=5
            )
        else:
            run = values.recording(name)
            stage.ground(axes, run.field[-1])
            stage.points(axes, run.real, run.fake[-1], size=5)
        stage.words(figure, left + 0.124, 0.87, letter, size=36)
        stage.words(figure, left + 0.124, 0.33, f"clusters: {modes}", size=28)
        stage.words(figure, left + 0.124, 0.26, f"loss of D: {loss}", size=26, color=stage.QUIET)


def _blind(figure: Figure, moved: float) -> None:
    """What D says over the plane at the end of run A."""
    run = values.recording("ring_lost")
    axes = stage.plane(figure, (0.12, 0.25, 0.63), run.extent)
    stage.ground(axes, run.field[-1])
    stage.points(axes, run.real, run.fake[-1])
    stage.words(figure, 0.55, 0.72, "run A, at its end", ha="left", size=32)
    low, high = run.field[-1].min(), run.field[-1].max()
    stage.words(figure, 0.55, 0.6, f"D says {low:.2f} to {high:.2f},", ha="left", size=32, color=_GREEN)
    stage.words(figure, 0.55, 0.51, "wherever it is asked", ha="left", size=32, color=_GREEN)


_N = "nash_equilibrium"
EQUILIBRIUM = Scene(
    _TITLES[0],
    (
        Line("Suppose that q is p, and that D says one half everywhere.", rows(Shown(_N, None))),
        Line(
            "Against a D that says one half, every generator has the same value, minus log 4.",
            rows(Shown(_N, 0)),
        ),
        Line("And against q = p, no D reaches more.", rows(Shown(_N, 1), Shown(_N, 2))),
        Line(
            "So nobody gains by moving alone. That is an equilibrium, and it is the only one.",
            rows(Shown("nash_converse", None)),
        ),
        Line(
            "The loss of D is then two log 2 = {two_log_2}: the number to remember.",
            rows(Shown("value_from_bce", 6)),
        ),
        Line(
            "Is a game won, then, when the loss of D lies there? Here are three runs on the same data.",
            _losses,
        ),
        Line(
            "In the second half, A lies at {lost_loss} and B at {found_loss}. C ends at {there_loss}.",
            _losses,
        ),
        Line("Which of the three would you trust? Take your time.", _losses),
        Line("Now look at the points.", _ends),
        Line(
            "C is nearly there. It holds {there_modes} clusters, as in all {there_runs} runs of its kind.",
            _ends,
        ),
        Line("B holds {found_modes} too, though its loss is far from the dotted line.", _ends),
        Line("A only looks like an equilibrium. Its points are one clump.", _ends),
        Line("In A, G learns {times} times as fast as D. D falls behind, and hardly knows anything.", _blind),
        Line(
            "{runs} runs of the kind of A ended with {lost_most} clusters at most, "
            "as many of the kind of B with {found_least} each.",
            _ends,
        ),
        Line(
            "One half everywhere is what the equilibrium looks like. "
            "It is also what ignorance looks like. So look at the points.",
            _blind,
        ),
    ),
    still=8,
    page="minimax_game",
    alt="The ends of three runs. A: loss of D {lost_loss}, clusters {lost_modes}; B: {found_loss}, "
    "{found_modes}; C: {there_loss}, {there_modes}.",
)


def _round(figure: Figure, moved: float, *, mover: str = "") -> None:
    """The two players in their turn; who does not move is pale."""
    pale = "#bdbdbd"
    stage.box(figure, 0.3, 0.62, "D", _GREEN if mover in ("", "D") else pale)
    stage.box(figure, 0.7, 0.62, "G", COLORS["fake"] if mover in ("", "G") else pale)
    stage.arrow(figure, (0.38, 0.66), (0.62, 0.66))
    stage.arrow(figure, (0.62, 0.58), (0.38, 0.58))
    stage.words(figure, 0.3, 0.42, "a step down\nits own loss", size=30)
    stage.words(figure, 0.7, 0.42, "a step down\nits own loss", size=30)


def _turn(figure: Figure, moved: float, *, mover: str = "", push: bool = False, done: int = 0) -> None:
    """One turn of a real run. `done`: how many of the two steps are over before this one."""
    shot = values.moment()
    after = moved >= 0.5 if mover else False
    axes = stage.plane(figure, (0.05, 0.23, 0.68), shot.extent)
    stage.ground(axes, shot.fields[1 if done or (mover == "D" and after) else 0])
    fake = shot.moved if (mover == "G" and not push and after) else shot.fake
    stage.points(axes, shot.real, fake)
    if push:
        longest = np.linalg.norm(shot.push, axis=1).max()
        way = shot.push / longest
        axes.quiver(*shot.fake.T, *way.T, color=stage.INK, width=0.007, scale=6, zorder=3)
    for x, letter, color in ((0.6, "D", _GREEN), (0.82, "G", COLORS["fake"])):
        stage.box(figure, x, 0.74, letter, color if mover in ("", letter) else "#bdbdbd")
    told = values.numbers()
    rows = {"D": ("d_before", "d_after"), "G": ("g_before", "g_after")}
    if mover and not push:
        shown = told[rows[mover][1 if after else 0]]
        stage.words(figure, 0.71, 0.5, f"loss of {mover} on its batch", size=28, color=stage.QUIET)
        stage.words(figure, 0.71, 0.39, shown, size=48)
    if push:
        stage.words(figure, 0.71, 0.5, "arrows: where D's\nnumber rises", size=28, color=stage.QUIET)


def _goes_by(figure: Figure, moved: float, *, name: str) -> None:
    """A recorded run, with what D says, and how many clusters the points hold."""
    run = values.recording(name)
    frame = round(moved * (len(run.steps) - 1))
    axes = stage.plane(figure, (0.05, 0.23, 0.68), run.extent)
    stage.ground(axes, run.field[frame])
    stage.points(axes, run.real, run.fake[frame])
    stage.words(figure, 0.71, 0.72, f"step {run.steps[frame]}", size=34)
    held = int(run.curves["modes"].values[frame])
    stage.words(figure, 0.71, 0.58, f"clusters held: {held} of {run.made['modes']}", size=30)


def _slopes(figure: Figure, moved: float) -> None:
    """The size of both slopes in the logit, over what D says of a generated point."""
    window = {"xlim": (0, 1), "ylim": (0, 1.05), "names": ("D of a generated point", "size of the slope")}
    axes = stage.chart(figure, (0.12, 0.36, 0.5, 0.5), **window, ticks=((0, 0.5, 1), (0, 0.5, 1)))
    d = np.linspace(0, 1, 50)
    axes.plot(d, d, color=stage.QUIET, lw=5)
    axes.plot(d, 1 - d, "--", color=COLORS["fake"], lw=5)
    axes.axvline(values.SURE, color=stage.INK, lw=2, ls=":")
    for y, said, color in ((0.78, r"$\log(1 - D)$", stage.QUIET), (0.62, r"$-\log D$", COLORS["fake"])):
        stage.words(figure, 0.68, y, said, ha="left", size=36, color=color)
    told = values.numbers()
    stage.words(figure, 0.68, 0.46, f"at D = {told['sure']}:", ha="left", size=28)
    stage.words(figure, 0.68, 0.39, f"{told['stronger']} times", ha="left", size=28)


TURNS = Scene(
    _TITLES[1],
    (
        Line(
            "The proofs let D finish before G moves. A program cannot wait so long: the two take turns.",
            _round,
        ),
        Line(
            "Here is one round of a real run, after {slow} steps: a batch of real points, and one of G.",
            _turn,
        ),
        Line(
            "D goes first. G stands still: to D, the crosses are data like any others.",
            partial(_turn, mover="D"),
        ),
        Line(
            "D takes one small step down its loss. On this batch it falls from {d_before} to {d_after}.",
            partial(_turn, mover="D"),
            moves=4,
            steps=2,
        ),
        Line(
            "Then G. D stands still, but its slope is used: arrows show where its number rises for a point.",
            partial(_turn, mover="G", push=True, done=1),
        ),
        Line(
            "These slopes go back through G into its weights. G takes one step: its loss falls "
            "from {g_before} to {g_after}.",
            partial(_turn, mover="G", done=1),
            moves=5,
            steps=2,
        ),
        Line("That was one round. Then new batches are drawn, and D goes again.", _round),
        Line(
            "{steps} such rounds make the whole run.",
            partial(_goes_by, name="ring_found"),
            moves=12,
            steps=36,
        ),
        Line(
            "One thing is changed in practice. Early on, D sees through the crosses: it says nearly zero.",
            _slopes,
        ),
        Line(
            "There the loss of the game has almost no slope in the logit a, the score behind D.",
            rows(Shown("saturating_gradient", None), Shown("saturating_gradient", 4)),
        ),
        Line(
            "So most programs let G make minus log D small. Its slope is full where a cross is seen through.",
            rows(Shown("non_saturating_gradient", None), Shown("non_saturating_gradient", 4)),
        ),
        Line("At D = {sure} it is {stronger} times as strong.", _slopes),
        Line(
            "The aim is the same, and where D says one half, so is the slope.",
            rows(Shown("gradient_ratio", 3), Shown("gradient_ratio", 6)),
        ),
    ),
    still=4,
    page="non_saturating_loss",
    alt="One round of a real run: blue circles, orange crosses with arrows that point to where the green of "
    "D is stronger; D stands still while G moves.",
)


def _held(figure: Figure, moved: float) -> None:
    """How many clusters the points of runs A and B hold at once, over the steps."""
    window = {
        "ylim": (0, 8.5),
        "names": ("step", "clusters held"),
        "ticks": ((0, 500, 1000), (0, 4, 8)),
    }
    axes = stage.chart(figure, (0.12, 0.36, 0.6, 0.5), xlim=(0, 1500), **window)
    for name, color, dash in (("ring_lost", stage.INK, "--"), ("ring_found", COLORS["real"], "-")):
        curve = values.recording(name).curves["modes"]
        axes.plot(curve.steps, curve.values, dash, color=color, lw=4)
    stage.words(figure, 0.76, 0.8, "B", ha="left", size=40, color=COLORS["real"])
    stage.words(figure, 0.76, 0.42, "A", ha="left", size=40)


def _chapters(figure: Figure, moved: float) -> None:
    names = ("binary_cross_entropy", "minimax_game", "optimal_discriminator")
    names += ("non_saturating_loss", "mode_collapse", "wgan_gp")
    for number, name in enumerate(names):
        stage.words(
            figure, 0.1, 0.84 - 0.105 * number, f"{number + 1}", ha="left", size=32, color=stage.QUIET
        )
        stage.words(figure, 0.16, 0.84 - 0.105 * number, heading(name), ha="left", size=32)


def _checked(figure: Figure, moved: float) -> None:
    stage.formula(figure, 0.5, 0.76, shown("optimal_discriminator", 3), size=40)
    stage.formula(figure, 0.5, 0.56, shown("value_at_optimum", None), size=40)
    stage.formula(figure, 0.5, 0.4, shown("saturating_gradient", None), size=40)
    stage.words(figure, 0.5, 0.27, "each of them proved by the book's tests", size=30, color=stage.QUIET)


WRONG = Scene(
    _TITLES[2],
    (
        Line("The proofs speak of best answers. Training takes small steps, and there it can fail.", _round),
        Line(
            "This is run A again. Watch the clump.",
            partial(_goes_by, name="ring_lost"),
            moves=12,
            steps=36,
        ),
        Line(
            "G runs to where D says real at this moment. D learns that place, and G runs on.",
            partial(_goes_by, name="ring_lost"),
        ),
        Line(
            "In the frames of this run the clump lay next to {visited} of {clusters} clusters, "
            "and never held more than {lost_top}.",
            _held,
        ),
        Line(
            "This is mode collapse, and a chase. The losses do not tell; a count of the clusters does.", _held
        ),
        Line("B has the same networks and the same seed. There, D learns {quick} times as fast as G.", _held),
        Line(
            "There are more cures, and each has its price. The chapters measure them.",
            _chapters,
        ),
        Line("They begin where this film began, with one label and what it costs.", _chapters),
        Line(
            "Computer algebra proved each line of the derivations. "
            "Each number comes from a run or from theory.",
            _checked,
        ),
        Line(
            "In the chapters you can have such a proof run again, change a sign, and see it fail.", _checked
        ),
        Line("Or go to the lab, and let two networks play.", partial(_goes_by, name="ring_found")),
    ),
    still=3,
    page="mode_collapse",
    alt="The number of clusters that the points hold, over {steps} steps: run B comes to {found_modes}, run "
    "A is never above {lost_top}.",
)
