"""The parts of a script: a line that is said while a picture is seen, and a scene of such lines."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from matplotlib.figure import Figure

__all__ = ["RATE", "Line", "Picture", "Scene", "at"]

RATE = 12
"""Frames a second where something moves."""
PACE = 15.5
"""Characters a second at which a line can be read; the pictures want to be looked at too."""

Picture = Callable[[Figure, float], None]
"""Draws into a figure what is seen when a part of its movement, from 0 to 1, is over."""


class Line(NamedTuple):
    """What is said, and the picture that is seen meanwhile; it moves for so many seconds, or stands still.

    `steps`: how many pictures a movement has where it is no smooth one, such as the frames of a recording.
    """

    said: str
    picture: Picture
    moves: float = 0.0
    steps: int = 0

    @property
    def seconds(self) -> float:
        """How long the line stands, a whole number of frames; the end of a movement is held for a moment."""
        needed = max(2.5, 0.5 + len(self.said) / PACE, self.moves + 1 if self.moves else 0)
        return math.ceil(needed * RATE) / RATE


class Scene(NamedTuple):
    """A chapter of the film. `still`: the line whose picture stands for it, and `alt`: what that shows.

    `page`: the chapter of the book that has it at length.
    """

    title: str
    lines: tuple[Line, ...]
    still: int
    page: str
    alt: str

    @property
    def seconds(self) -> float:
        """How long the scene takes."""
        return sum(line.seconds for line in self.lines)


def at(picture: Picture, moved: float) -> Picture:
    """A picture that stands still at one moment of a movement."""
    return lambda figure, _: picture(figure, moved)
