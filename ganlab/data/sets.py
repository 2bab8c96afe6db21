"""The data sets: one entry each, with all that the rest of the package has to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, ClassVar, Protocol

from ganlab.data.images import digits, fashion_mnist, mnist, stacked
from ganlab.data.points import grid, ring, swiss_roll

__all__ = ["DATASETS", "DataSet", "Source"]


class Source(Protocol):
    """What the real samples come from: it says of what kind they are, and the shape of one of them.

    `kind`: how samples are judged and drawn, a name in `ganlab.evaluation.judging.KINDS`. A source has
    `sample`, as `ganlab.data.Sampler` has it, or `batch`, `labels` and a length, as `ganlab.data.Images`.
    """

    kind: ClassVar[str]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        ...


@dataclass(frozen=True)
class DataSet:
    """An entry of `DATASETS`.

    `kind`: how samples are judged and drawn, a name in `ganlab.evaluation.judging.KINDS`. `shape`: of one
    sample. `make`: the function that returns the source. `default`: the settings in which the set-up of this
    name differs from a bare `ganlab.experiments.Experiment`. `files`: whether `make` reads files, and takes
    the folder that they lie in.
    """

    kind: str
    shape: tuple[int, ...]
    make: Callable[..., Source]
    default: Mapping[str, Any] = field(default_factory=dict)
    files: bool = False

    def load(self, folder: str | PathLike[str] | None = None) -> Source:
        """The source; where it reads files, from `folder`, or from the usual places where that is None.

        Raises `DataError` where a file is missing or damaged, `ValueError` where the source is of another
        kind or shape than the entry says.

        >>> DATASETS["digits"].load().shape
        (1, 8, 8)
        """
        source = self.make(folder) if self.files else self.make()
        for name in ("kind", "shape"):
            if (found := getattr(source, name, None)) != getattr(self, name):
                wanted = getattr(self, name)
                raise ValueError(f"`{name}` must be {wanted!r}, as the entry says, got a source of {found!r}")
        return source

    def facts(self) -> dict[str, Any]:
        """What is known without loading anything, as JSON can hold it.

        >>> DATASETS["grid"].facts()["kind"]
        'mixture'
        """
        return {"kind": self.kind, "shape": list(self.shape), "default": dict(self.default)}


_POINTS = {"latent_dim": 2, "width": 64, "batch_size": 256, "steps": 5000, "ema": 0.99, "float64": True}
_IMAGES = {
    "latent_dim": 100,
    "width": (128, 256),
    "discriminator_width": (256, 128),
    "learning_rates": (2e-4, 2e-4),
}

DATASETS: dict[str, DataSet] = {
    "ring": DataSet("mixture", (2,), ring, _POINTS),
    "grid": DataSet("mixture", (2,), grid, _POINTS | {"width": 128}),
    "swiss_roll": DataSet("points", (2,), swiss_roll, _POINTS),
    "digits": DataSet("images", (1, 8, 8), digits, _IMAGES | {"steps": 3000, "batch_size": 64}),
    "fashion_mnist": DataSet("images", (1, 28, 28), fashion_mnist, _IMAGES | {"steps": 4690}, files=True),
    "mnist": DataSet("images", (1, 28, 28), mnist, _IMAGES | {"steps": 4690}, files=True),
    "stacked": DataSet(
        "stacked", (3, 8, 8), lambda: stacked(digits()), _IMAGES | {"steps": 10_000, "ema": 0.999}
    ),
}
"""The data sets by name. `stacked` is three of the small digits in three channels. 4690 steps are ten passes
over 60 000 training images in batches of 128.

>>> DATASETS["ring"].shape
(2,)
"""
