"""The script of the film: its scenes in their order, with their numbers, and when each line is said."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import NamedTuple

from film import values
from film.best import BEST, LEFT
from film.lines import Line, Scene
from film.opening import OBJECTIVE, SET_UP
from film.training import EQUILIBRIUM, TURNS, WRONG

__all__ = ["WRITTEN", "Cue", "chapters", "cues", "digest", "duration", "scenes"]

WRITTEN = (SET_UP, OBJECTIVE, BEST, LEFT, EQUILIBRIUM, TURNS, WRONG)
"""The scenes as they are written, with names in braces where numbers will stand."""


class Cue(NamedTuple):
    """Words and the time in which they are shown, in seconds from the beginning."""

    start: float
    end: float
    said: str


@cache
def scenes() -> tuple[Scene, ...]:
    """The scenes with their numbers."""
    return tuple(
        scene._replace(
            alt=scene.alt.format(**values.numbers()),
            lines=tuple(_filled(line) for line in scene.lines),
        )
        for scene in WRITTEN
    )


def _filled(line: Line) -> Line:
    said = line.said.format(**values.numbers())
    return line._replace(said=said[0].upper() + said[1:])


def cues() -> list[Cue]:
    """The captions, one a line, without a gap."""
    found, now = [], 0.0
    for line in (line for scene in scenes() for line in scene.lines):
        found.append(Cue(now, now + line.seconds, line.said))
        now = found[-1].end
    return found


def chapters() -> list[Cue]:
    """The scenes as chapters, each with its number and title."""
    found, now = [], 0.0
    for scene in scenes():
        found.append(Cue(now, now + scene.seconds, " ".join(scene.title.split())))
        now = found[-1].end
    return found


def duration() -> float:
    """How long the film takes, in seconds."""
    return sum(scene.seconds for scene in scenes())


def digest() -> str:
    """A fingerprint of what is said and when: a film of another script is not shown with these captions."""
    said = [[round(cue.start, 3), round(cue.end, 3), cue.said] for cue in [*cues(), *chapters()]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
