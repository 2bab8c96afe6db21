"""The lines of the derivations as the film shows them: the very objects that the book checks."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from film import stage
from film.lines import Picture
from ganlab import derivations

__all__ = ["Shown", "equation", "heading", "latex_of", "numbered", "reason", "right", "rows", "shown"]

CHAPTERS = Path(__file__).resolve().parents[2]


class Shown(NamedTuple):
    """A line of a derivation by its place, from 0; None is the claim."""

    derivation: str
    place: int | None


@cache
def _derivation(name: str) -> derivations.Derivation:
    return derivations.DERIVATIONS[name]()


@cache
def shown(name: str, place: int | None) -> str:
    """The LaTeX of a line of a derivation."""
    found = _derivation(name)
    return derivations.typeset(found.claim if place is None else found.lines[place].relation)


def right(name: str, place: int) -> str:
    """The LaTeX of what stands on the right of a line of a derivation."""
    return derivations.typeset(_derivation(name).lines[place].relation.rhs)


@cache
def equation(page: str, label: str) -> str:
    """The LaTeX of a numbered equation of a chapter, which a test of the book checks."""
    cells = json.loads((CHAPTERS / f"{page}.ipynb").read_text(encoding="utf-8"))["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    (found,) = re.findall(rf"\$\$((?:(?!\$\$).)*)\$\$\s*\({label}\)", text, re.DOTALL)
    return " ".join(found.split())


@cache
def heading(page: str) -> str:
    """The title of a chapter."""
    cells = json.loads((CHAPTERS / f"{page}.ipynb").read_text(encoding="utf-8"))["cells"]
    return "".join(cells[0]["source"]).splitlines()[0].removeprefix("# ").strip()


def reason(line: Shown, *, first: bool = False) -> str:
    """Why a line of a derivation holds, in its words; of a claim that stands first, what it is about."""
    found = _derivation(line.derivation)
    if line.place is None:
        return found.name if first else "Hence"
    return found.lines[line.place].reason


class _Rows(NamedTuple):
    lines: tuple[Shown, ...]

    def __call__(self, figure: Figure, moved: float) -> None:
        if len(self.lines) == 1:
            stage.words(figure, 0.5, 0.76, reason(self.lines[0], first=True), size=28, color=stage.QUIET)
            stage.formula(figure, 0.5, 0.53, shown(*self.lines[0]), size=56)
            return
        top, room = 0.89, (0.89 - stage.FLOOR) / len(self.lines)
        large, small = (44, 34) if len(self.lines) < 3 else (34, 30)
        for number, line in enumerate(self.lines):
            last = number == len(self.lines) - 1
            color = stage.INK if last else stage.QUIET
            y = top - room * number
            stage.words(
                figure,
                0.06,
                y - 0.02,
                reason(line, first=not number),
                size=26,
                color=stage.QUIET,
                ha="left",
                va="top",
            )
            stage.formula(
                figure, 0.5, y - 0.07 - room * 0.36, shown(*line), size=large if last else small, color=color
            )


def rows(*lines: Shown) -> Picture:
    """A picture of lines of derivations, each with its reason above it; the last one is the newest."""
    return _Rows(lines)


class _Numbered(NamedTuple):
    page: str
    label: str

    def __call__(self, figure: Figure, moved: float) -> None:
        stage.formula(figure, 0.5, 0.58, equation(self.page, self.label), size=52)


def numbered(page: str, label: str) -> Picture:
    """A picture of a numbered equation of a chapter."""
    return _Numbered(page, label)


def latex_of(picture: Picture) -> list[str]:
    """The LaTeX of the lines or of the equation that a picture shows; none where it is of another kind."""
    if isinstance(picture, _Numbered):
        return [equation(picture.page, picture.label)]
    return [shown(*line) for line in picture.lines] if isinstance(picture, _Rows) else []
