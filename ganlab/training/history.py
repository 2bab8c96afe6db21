"""What a training run records: one row a step, a few named columns, kept as one block of numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganlab import storage

__all__ = ["History"]

_CHUNK = 1024


class History:
    """The recorded quantities of a run: `history["g_loss"]` is an array with one entry a step.

    `history.steps`: (T,) the generator steps, counted from 1. A column is a float64 array (T,), or (T, S) for
    S runs side by side. Rows stay on the device they came from until a column is read, so that recording does
    not make a GPU wait.

    >>> history = History()
    >>> for step in (1, 2):
    ...     history.append(step, {"d_loss": torch.tensor(1.5), "g_loss": torch.tensor(0.5 * step)})
    >>> history["g_loss"].tolist(), history.steps.tolist(), history.columns
    ([0.5, 1.0], [1, 2], ('d_loss', 'g_loss'))
    """

    def __init__(self) -> None:
        self.columns: tuple[str, ...] = ()
        self._steps: list[int] = []
        self._chunks: list[Tensor] = []

    def append(self, step: int, row: Mapping[str, Tensor]) -> None:
        """Add a row. Each value is a scalar (), or (S,) for S runs side by side.

        Raises `ValueError` where the columns are not those of the first row, or `step` does not rise.

        >>> History().append(1, {"d_loss": torch.tensor(1.0)})
        """
        columns = tuple(row)
        if self._steps and columns != self.columns:
            raise ValueError(f"`row` must have the columns {self.columns}, got {columns}")
        if self._steps and step <= self._steps[-1]:
            raise ValueError(f"`step` must be larger than the last one, {self._steps[-1]}, got {step}")
        values = torch.stack([row[name].detach() for name in columns])
        position = len(self._steps) % _CHUNK
        if position == 0:
            self._chunks.append(values.new_empty((_CHUNK, *values.shape), dtype=torch.float64))
        self._chunks[-1][position] = values
        self.columns = columns
        self._steps.append(step)

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.columns:
            raise KeyError(f"no column {name!r}; this history has {', '.join(self.columns) or 'none yet'}")
        return self.values[:, self.columns.index(name)].numpy()

    @property
    def steps(self) -> np.ndarray:
        """The generator step of each row, (T,)."""
        return np.array(self._steps, dtype=np.int64)

    @property
    def values(self) -> Tensor:
        """All rows, float64 on the CPU: (T, columns), or (T, columns, S) for S runs side by side."""
        if not self._chunks:
            return torch.zeros(0, 0, dtype=torch.float64)
        return torch.cat(self._chunks)[: len(self)].cpu()

    @classmethod
    def of(cls, columns: tuple[str, ...], steps: list[int], values: Tensor) -> History:
        """The history with these columns, steps (T,) and values (T, columns) or (T, columns, S).

        Raises `ValueError` where the shapes do not fit each other.

        >>> History.of(("d_loss",), [5, 6], torch.ones(2, 1))["d_loss"].tolist()
        [1.0, 1.0]
        """
        if values.ndim < 2 or values.shape[:2] != (len(steps), len(columns)):
            raise ValueError(
                f"`values` must be of shape ({len(steps)}, {len(columns)}), one row a step and one column a "
                f"name, got {tuple(values.shape)}"
            )
        history = cls()
        for step, row in zip(steps, values, strict=True):
            history.append(int(step), dict(zip(columns, row, strict=True)))
        return history

    def of_run(self, index: int) -> History:
        """The history of one of S runs side by side; this one where there is but one.

        >>> History.of(("d_loss",), [1], torch.tensor([[[0.5, 0.25]]])).of_run(1)["d_loss"].tolist()
        [0.25]
        """
        return (
            self if self.values.ndim < 3 else History.of(self.columns, self._steps, self.values[..., index])
        )

    def save(self, path: Path) -> None:
        """Write the history into `path` as JSON, whole or not at all.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     History.of(("d_loss",), [1], torch.ones(1, 1)).save(Path(folder) / "history.json")
        ...     len(History.load(Path(folder) / "history.json"))
        1
        """
        columns = {name: self[name].tolist() for name in self.columns}
        document = {"steps": self._steps, "columns": columns}
        storage.write_atomically(Path(path), json.dumps(document).encode())

    @classmethod
    def load(cls, path: Path) -> History:
        """The history that `save` left in `path`.

        Raises `ValueError` naming the file where it holds something else, `FileNotFoundError` where there is
        no such file.

        >>> History.load(Path("nowhere.json"))
        Traceback (most recent call last):
        FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.json'
        """
        try:
            document: dict[str, Any] = json.loads(Path(path).read_text())
            columns = document["columns"]
            if not columns:
                return cls()
            values = torch.tensor([columns[name] for name in columns], dtype=torch.float64)
            return cls.of(tuple(columns), document["steps"], values.movedim(0, 1))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} must hold a recorded history, got {error!r}") from error
