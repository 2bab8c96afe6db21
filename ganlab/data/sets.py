"""The data sets by name."""

from __future__ import annotations

from collections.abc import Callable

from ganlab.data.images import Images, digits, fashion_mnist, mnist
from ganlab.data.points import Mixture, SwissRoll, grid, ring, swiss_roll

__all__ = ["DATASETS"]

DATASETS: dict[str, Callable[..., Mixture | SwissRoll | Images]] = {
    "ring": ring,
    "grid": grid,
    "swiss_roll": swiss_roll,
    "digits": digits,
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
}
"""The function that returns each data set, by name.

>>> DATASETS["ring"] is ring
True
"""
