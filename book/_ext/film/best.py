"""The third and the fourth scene: the best discriminator, and what it leaves to the generator."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from matplotlib.figure import Figure
from torch.distributions import Normal

from film import stage, values
from film.lines import Line, Scene, at
from film.proofs import Shown, numbered, rows, shown
from ganlab import divergences
from ganlab.plotting import COLORS

__all__ = ["BEST", "LEFT"]

_TITLES = "3   The best discriminator", "4   What is left for the generator"
P, Q = values.POINT
_START, _GRID = 3.0, np.linspace(-4, 6, 401)


def _one_point(figure: Figure, moved: float, *, walks: bool = True) -> None:
    """The value of one point over D, and a dot that climbs it, passes the top and comes back."""
    d = np.linspace(0.01, 0.99, 300)

    def value(at):
        return P * np.log(at) + Q * np.log(1 - at)

    window = {"xlim": (0, 1), "ylim": (-2.2, 0), "names": ("D", "value")}
    axes = stage.chart(figure, (0.13, 0.34, 0.5, 0.5), **window, ticks=((0, 0.5, 1), (-2, -1, 0)))
    axes.plot(d, value(d), color=COLORS["discriminator"], lw=5)
    best = float(divergences.optimal_discriminator(P, Q))
    at = 0.1 + (0.93 - 0.1) * moved if walks else best
    axes.plot([at], [value(at)], "o", color=stage.INK, markersize=16, zorder=4)
    if not walks:
        axes.plot([best, best], [-2.2, value(best)], ":", color=stage.INK, lw=3)
    stage.words(figure, 0.66, 0.76, f"$p = {P}$", ha="left", size=34, color=COLORS["real"])
    stage.words(figure, 0.66, 0.65, f"$q = {Q}$", ha="left", size=34, color=COLORS["fake"])
    said = f"$D = {at:.2f}$" if walks else f"best: $D = {best:g}$"
    stage.words(figure, 0.66, 0.5, said, ha="left", size=34, color=COLORS["discriminator"])


def _densities(figure: Figure, moved: float) -> None:
    """Two densities and the best discriminator, as the generated points come nearer."""
    apart = _START * (1 - moved)
    x = torch.from_numpy(_GRID)
    p, q = (Normal(mean, 1.0).log_prob(x).exp().numpy() for mean in (0.0, apart))
    window = {"xlim": (-4, 6), "ylim": (0, 1.05)}
    axes = stage.chart(figure, (0.1, 0.3, 0.6, 0.57), **window, ticks=((), (0, 0.5, 1)))
    for law, role, dash in ((p, "real", "-"), (q, "fake", "--")):
        axes.fill_between(_GRID, law, color=COLORS[role], alpha=0.2, lw=0)
        axes.plot(_GRID, law, dash, color=COLORS[role], lw=4)
    best = divergences.optimal_discriminator(p, q).numpy()
    axes.plot(_GRID, best, color=COLORS["discriminator"], lw=6)
    for y, role, said in ((0.78, "real", "p: real"), (0.68, "fake", "q: generated")):
        stage.words(figure, 0.73, y, said, ha="left", size=28, color=COLORS[role])
    stage.words(figure, 0.73, 0.58, "best D", ha="left", size=28, color=COLORS["discriminator"])


def _formula(figure: Figure, moved: float) -> None:
    stage.formula(figure, 0.5, 0.6, shown("value_at_optimum", 0), size=72)
    stage.words(
        figure, 0.5, 0.34, "p: density of real points,  q: of generated ones", size=30, color=stage.QUIET
    )


_D = "optimal_discriminator"
BEST = Scene(
    _TITLES[0],
    (
        Line("Hold G still for a while. How good can D become?", at(_densities, 0.0)),
        Line(
            "The value is an integral over all points, and D may answer each of them freely.",
            rows(Shown(_D, 0)),
        ),
        Line(
            "So look at one point alone. There p and q are two numbers, and D is a third one.",
            rows(Shown(_D, 0), Shown(_D, 1)),
        ),
        Line(
            "Move D from left to right: the value of the point rises, and then it falls.", _one_point, moves=6
        ),
        Line(
            "Where is the top? The slope has one zero, where the numerator is zero.",
            rows(Shown(_D, 1), Shown(_D, 2)),
        ),
        Line("That is at p over p plus q.", rows(Shown(_D, 2), Shown(_D, 3))),
        Line(
            "The second derivative there is negative, so this is a maximum.", rows(Shown(_D, 3), Shown(_D, 4))
        ),
        Line("And it is negative everywhere, so there is no other.", rows(Shown(_D, 4), Shown(_D, 5))),
        Line(
            "In our example p is {p}, q is {q}, and the top is at {best}.",
            partial(_one_point, walks=False),
        ),
        Line("This is the best discriminator: p over p plus q. It holds at each point by itself.", _formula),
        Line(
            "Where real points alone are found it says one, where generated ones are, zero; "
            "where both are as likely, one half.",
            at(_densities, 0.0),
        ),
        Line(
            "Now let the generated points come nearer. Step by step, the best D has less to say.",
            _densities,
            moves=8,
        ),
        Line("Where q is p, even the best D can do no more than toss a coin.", at(_densities, 1.0)),
    ),
    still=10,
    page="optimal_discriminator",
    alt="Densities of real and generated points, two bells side by side, and the best D: one on the left, "
    "falling to zero on the right, one half where the bells cross.",
)


def _distance(figure: Figure, moved: float, *, far: bool = False) -> None:
    """The Jensen-Shannon divergence of two Gaussians over their distance."""
    apart = np.linspace(0, values.FAR, 61)
    at = values.FAR if far else values.FAR * (1 - moved)
    window = {"xlim": (0, values.FAR), "ylim": (0, 0.8), "names": ("distance of q from p", "JSD")}
    axes = stage.chart(figure, (0.13, 0.36, 0.54, 0.5), **window, ticks=((0, 2, 4, 6), (0, 0.4, 0.8)))
    axes.plot(apart, [values.divergence(round(x, 6)) for x in apart], color=stage.INK, lw=5)
    axes.axhline(np.log(2), color=stage.QUIET, lw=3, ls=":")
    axes.plot(
        [at],
        [np.interp(at, apart, [values.divergence(round(x, 6)) for x in apart])],
        "o",
        markersize=16,
        color=COLORS["fake"],
        zorder=4,
        clip_on=False,
    )
    stage.words(figure, 0.7, 0.79, "log 2 = {most_jsd}".format(**values.numbers()), ha="left", size=28)
    if far:
        stage.words(
            figure,
            0.7,
            0.66,
            "here {far_jsd}:".format(**values.numbers()),
            ha="left",
            size=28,
            color=COLORS["fake"],
        )
        stage.words(figure, 0.7, 0.58, "the curve is flat", ha="left", size=28, color=COLORS["fake"])


GAME = numbered("minimax_game", "game-theorem-value")
_V = "value_at_optimum"
LEFT = Scene(
    _TITLES[1],
    (
        Line("Suppose that D always gives the best answer. What does G make small then?", rows(Shown(_V, 0))),
        Line("Put p over p plus q into the value.", rows(Shown(_V, 0), Shown(_V, 1))),
        Line("Compare both densities with m, the middle of the two.", rows(Shown(_V, 1), Shown(_V, 2))),
        Line("Since p plus q is twice m, each logarithm gives up a log 2.", rows(Shown(_V, 2), Shown(_V, 3))),
        Line(
            "Each density integrates to one. So two log 2 come out of the integrals.",
            rows(Shown(_V, 3), Shown(_V, 4)),
        ),
        Line(
            "What stays inside says how far p and q are from their middle. "
            "It is twice the Jensen-Shannon divergence, JSD.",
            rows(Shown(_V, 4), Shown(_V, 5)),
        ),
        Line(
            "So this is what G makes small against the best D: a divergence of q from p.",
            rows(Shown(_V, None)),
        ),
        Line(
            "Let q come nearer to p, here two bells on the line. The divergence falls to zero.",
            _distance,
            moves=7,
        ),
        Line(
            "It is zero where q is p and nowhere else. Then V is minus log 4, about minus {log_4}.",
            rows(Shown("jensen_shannon_bounds", 4), Shown(_V, None)),
        ),
        Line("In one line, as it is often written: what D makes largest, G makes least.", GAME),
        Line(
            "The divergence is never more than log 2, however far away q is.",
            rows(Shown("jensen_shannon_bounds", None)),
        ),
        Line(
            "At {far} standard deviations it is {far_jsd}, of at most {most_jsd}: "
            "from there, the best D hardly shows G a way.",
            partial(_distance, far=True),
        ),
    ),
    still=6,
    page="optimal_discriminator",
    alt="The value at the best discriminator is twice the Jensen-Shannon divergence minus log 4.",
)
