"""The bridge from a `torch.utils.data.DataLoader`: its batches as an endless, seeded and resumable stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ganlab.data.images import check_images

__all__ = ["LoaderBatches", "from_loader"]

Batch = Tensor | tuple[Tensor, Tensor]


class LoaderBatches:
    """An endless stream of the full batches of a `DataLoader`, epoch after epoch. See `from_loader`."""

    def __init__(self, loader: DataLoader[Any], *, labelled: bool):
        self.loader, self.labelled = loader, labelled
        self.batch_size: int = loader.batch_size  # type: ignore[assignment] - `from_loader` has looked
        self.rng: torch.Generator = loader.generator  # type: ignore[assignment] - `from_loader` has looked
        self.start, self.position = self.rng.get_state(), 0
        self._epoch: Iterator[Any] | None = None
        self._seen = False

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        for _ in range(2):  # what is left of this epoch, and a whole one
            for drawn in self._begin() if self._epoch is None else self._epoch:
                self.position += 1
                samples, labels = _parts(drawn, labelled=self.labelled)
                if len(samples) == self.batch_size:
                    self._look(samples)
                    return samples if labels is None else (samples, labels)
            self._epoch = None
        raise ValueError(f"`loader` must give batches of {self.batch_size}, got none in a whole epoch")

    def state_dict(self) -> dict[str, Tensor]:
        """All that the next batches depend on: the random stream before this epoch, and the place in it."""
        return {"rng": self.start, "position": torch.tensor(self.position)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from the state, as if there had been no interruption; the epoch is read again up to there.

        Raises `ValueError` where an epoch is shorter than that: the state belongs to another loader.
        """
        self.rng.set_state(state["rng"])
        done, epoch = int(state["position"]), self._begin()
        for self.position in range(1, done + 1):
            if next(epoch, None) is None:
                raise ValueError(f"`state` must be of this loader, got one after {done} batches of an epoch")

    def _begin(self) -> Iterator[Any]:
        self.start, self.position = self.rng.get_state(), 0
        self._epoch = iter(self.loader)
        return self._epoch

    def _look(self, samples: Tensor) -> None:
        """Of the first batch, if it is of images: whether they are in [-1, 1]."""
        if samples.ndim == 4 and not self._seen:
            if (low := check_images(samples).min()) >= 0 and samples.max() > low:
                raise ValueError(
                    "`loader` must give images in [-1, 1], got none below 0: images in [0, 1], as ToTensor "
                    "makes them, become such by Normalize(0.5, 0.5)"
                )
            self._seen = True


def from_loader(loader: DataLoader[Any], *, labelled: bool = False) -> LoaderBatches:
    """The batches of a `DataLoader` as `ganlab.training.train` takes them, with `state_dict` to resume.

    A batch is a tensor (B, ...), or a list whose first part are the samples and whose second, with
    `labelled`, the labels (B,); images must lie in [-1, 1]. A last batch that is not full is left out.
    The loader must have a generator of its own, from which alone it shuffles: its state is what is stored.
    So a data set whose transforms draw from the global stream does not come back the same after a stop.
    For sets that fit into memory `batches` of `Images` is faster.

    Raises `TypeError` where `loader` is no `DataLoader`, `ValueError` where it has no generator or no fixed
    batch size, and, at the first batch, where that is none of tensors.

    >>> from torch.utils.data import TensorDataset
    >>> own = torch.Generator().manual_seed(0)
    >>> points = TensorDataset(torch.randn(100, 2, generator=own))
    >>> stream = from_loader(DataLoader(points, batch_size=32, shuffle=True, generator=own))
    >>> next(stream).shape
    torch.Size([32, 2])
    """
    if not isinstance(loader, DataLoader):
        raise TypeError(f"`loader` must be a torch.utils.data.DataLoader, got a {type(loader).__name__}")
    if loader.batch_size is None:
        raise ValueError("`loader` must have a `batch_size`, got one that leaves it to something else")
    if not isinstance(loader.generator, torch.Generator):
        raise ValueError(
            "`loader` must have a generator of its own, got none: "
            "DataLoader(..., generator=torch.Generator().manual_seed(0))"
        )
    return LoaderBatches(loader, labelled=labelled)


def _parts(drawn: Any, *, labelled: bool) -> tuple[Tensor, Tensor | None]:
    parts = drawn if isinstance(drawn, list | tuple) else [drawn]
    wanted = parts[: 1 + labelled]
    if len(wanted) < 1 + labelled or not all(isinstance(part, Tensor) for part in wanted):
        kinds = ", ".join(type(part).__name__ for part in parts)
        what = "samples and labels" if labelled else "samples"
        raise ValueError(f"`loader` must give batches of tensors, {what}, got {kinds}")
    return wanted[0], wanted[1] if labelled else None
