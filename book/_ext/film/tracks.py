"""Captions and chapters of the film as WebVTT, from its script."""

from __future__ import annotations

import textwrap

from film.script import Cue

__all__ = ["WIDEST", "clock", "halves", "vtt"]

WIDEST = 62
"""Letters in a line of a caption: in the letters of browsers such a line is as wide as the picture."""


def vtt(cues: list[Cue], *, wrapped: bool = True) -> str:
    """A text track, each cue in at most two lines of about one length."""
    blocks = ["WEBVTT"]
    for cue in cues:
        said = "\n".join(halves(cue.said)) if wrapped else cue.said
        said = said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{_time(cue.start)} --> {_time(cue.end)}\n{said}")
    return "\n\n".join(blocks) + "\n"


def halves(said: str) -> list[str]:
    """A caption in one line, or in two of about one length."""
    lines = -(-len(said) // WIDEST)
    width = WIDEST if lines == 1 else -(-len(said) // lines)
    while len(found := textwrap.wrap(said, width)) > lines:
        width += 1
    return found


def _time(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}.{whole % 1000:03d}"


def clock(seconds: float) -> str:
    """A time as one reads it on a clock, in minutes and seconds.

    >>> clock(75.4)
    '1:15'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
