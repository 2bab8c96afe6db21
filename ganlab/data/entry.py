"""What an entry of a data set holds: all that the rest of the package has to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, ClassVar, Protocol

__all__ = ["DataSet", "Source"]


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
    """An entry of `ganlab.data.DATASETS`.

    `kind`: how samples are judged and drawn, a name in `ganlab.evaluation.judging.KINDS`. `shape`: of one
    sample. `make`: the function that returns the source. `default`: the settings in which the set-up of this
    name differs from a bare `ganlab.experiments.Experiment`. `files`: whether `make` reads files, and takes
    the folder that they lie in. `classes`: how many labels its samples have, from 0 on, None for none.
    """

    kind: str
    shape: tuple[int, ...]
    make: Callable[..., Source]
    default: Mapping[str, Any] = field(default_factory=dict)
    files: bool = False
    classes: int | None = None

    def load(self, folder: str | PathLike[str] | None = None, **settings: Any) -> Source:
        """The source; where it reads files, from `folder`, or from the usual places where that is None.

        `settings`: others of the function that makes it, such as `split`.

        Raises `DataError` where a file is missing or damaged, `ValueError` where the source is of another
        kind or shape than the entry says.

        >>> from ganlab.data import DATASETS
        >>> DATASETS["digits"].load().shape
        (1, 8, 8)
        """
        source = self.make(folder, **settings) if self.files else self.make(**settings)
        for name in ("kind", "shape"):
            if (found := getattr(source, name, None)) != getattr(self, name):
                wanted = getattr(self, name)
                raise ValueError(f"`{name}` must be {wanted!r}, as the entry says, got a source of {found!r}")
        return source

    def facts(self) -> dict[str, Any]:
        """What is known without loading anything, as JSON can hold it.

        >>> from ganlab.data import DATASETS
        >>> DATASETS["grid"].facts()["kind"]
        'mixture'
        """
        return {
            "kind": self.kind,
            "shape": list(self.shape),
            "classes": self.classes,
            "default": dict(self.default),
        }
