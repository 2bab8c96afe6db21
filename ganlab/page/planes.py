"""Two planes side by side, and an unpaired translation between them that trains in the page."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from ganlab.data import Mixture, turned_rings
from ganlab.page import posters
from ganlab.page.explorers import Part

__all__ = ["translation"]

PRESETS = ("cycle", "pairs", "none")


def translation(preset: str = "cycle") -> Part:
    """Two planes side by side, and an unpaired translation between them that trains in the page itself.

    The blobs of the source are a ring, those of the target the same ring, turned and stretched, as
    `ganlab.data.turned_rings` has them; the reader may move them, add some and remove some. A point that is
    carried over keeps the colour and the mark of its blob. The steps of the four players agree with those of
    `ganlab.training.Translation` to 1e-9. `preset`: one of cycle, pairs, none.

    Raises `ValueError` where there is no such preset.

    >>> translation("pairs")
    Translation: two planes and four networks that train in this page, with the preset pairs
    """
    if preset not in PRESETS:
        raise ValueError(f"`preset` must be one of {', '.join(PRESETS)}, got {preset!r}")
    rings = turned_rings()
    ring = cast("Mixture", rings.source)
    centres = ring.centers.double()
    sides = {"source": _written(centres), "target": _written(rings.ahead(centres))}
    matrix = _written(rings.ahead(torch.eye(2, dtype=torch.float64)).T)
    data = {"preset": preset, "planes": {**sides, "matrix": matrix, "std": ring.std}}
    words = f"Translation: two planes and four networks that train in this page, with the preset {preset}"
    alt = (
        "Two planes with five numbered blobs each: a round ring, and the same ring turned and stretched. "
        "Two translators learn here to carry the points of one plane to the other."
    )
    return Part("translation", data, words, alt, posters.blobs(sides))


def _written(matrix: Tensor) -> list[list[float]]:
    """The same text on every machine."""
    return [[round(x, 12) + 0.0 for x in row] for row in matrix.tolist()]
