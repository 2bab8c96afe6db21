"""Endless, seeded and resumable batches: fresh draws from a source, or shuffled epochs of an image set."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Protocol, cast

import torch
from torch import Tensor

from ganlab.data.checks import check_draw
from ganlab.data.images import Images

__all__ = ["FreshBatches", "Sampler", "ShuffledBatches", "as_sampler", "batches"]


class Sampler(Protocol):
    """Anything with `sample(n, rng, *, dtype=None)`, which returns n fresh draws (n, ...)."""

    def sample(self, n: int, rng: torch.Generator, *, dtype: torch.dtype | None = None) -> Tensor:
        """n independent draws (n, ...) in `dtype`, or in the default one."""
        ...


def as_sampler(source: object, name: str) -> Sampler:
    """The source itself, after a check that its `sample` can be called as that of `Sampler`.

    Raises `TypeError` naming the argument where it cannot: there is none, or it takes no `dtype`.

    >>> as_sampler([1, 2], "source")
    Traceback (most recent call last):
    TypeError: `source` must have `sample(n, rng, *, dtype=None)`, got a list without `sample`
    """
    sample, wanted = getattr(source, "sample", None), "`sample(n, rng, *, dtype=None)`"
    kind = type(source).__name__
    if not callable(sample):
        raise TypeError(f"`{name}` must have {wanted}, got a {kind} without `sample`")
    try:
        inspect.signature(sample).bind(1, None, dtype=None)
    except ValueError:  # a function that does not tell what it takes
        pass
    except TypeError:
        raise TypeError(f"`{name}` must have {wanted}, got `sample{inspect.signature(sample)}`") from None
    return cast("Sampler", source)


Batch = Tensor | tuple[Tensor, Tensor]


class FreshBatches:
    """An endless stream of fresh draws (B, ...) from a source. See `batches`."""

    def __init__(
        self,
        source: Sampler,
        batch_size: int,
        rng: torch.Generator,
        dtype: torch.dtype | None,
        *,
        labelled: bool = False,
    ):
        self.batch_size, self.rng, self.dtype = batch_size, rng, dtype
        self.draw: Callable[..., Batch] = source.draw if labelled else source.sample  # type: ignore[attr-defined] - `batches` has looked

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        return self.draw(self.batch_size, self.rng, dtype=self.dtype)

    def state_dict(self) -> dict[str, Tensor]:
        """All that the next batches depend on: the state of the random stream."""
        return {"rng": self.rng.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from the state, as if there had been no interruption."""
        self.rng.set_state(state["rng"])


class ShuffledBatches:
    """An endless stream of batches (B, C, H, W) from shuffled epochs of an image set. See `batches`."""

    def __init__(
        self,
        images: Images,
        batch_size: int,
        rng: torch.Generator,
        dtype: torch.dtype | None,
        *,
        labelled: bool = False,
    ):
        self.images, self.batch_size, self.rng = images, batch_size, rng
        self.dtype, self.labelled = dtype or torch.float32, labelled
        self.order = torch.arange(len(images))
        self.position = len(images)  # nothing is left of this epoch: the first batch shuffles

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        if self.position + self.batch_size > len(self.images):
            self.order = torch.randperm(len(self.images), generator=self.rng)
            self.position = 0
        index = self.order[self.position : self.position + self.batch_size]
        self.position += self.batch_size
        images = self.images.batch(index, dtype=self.dtype)
        return (images, self.images.labels[index]) if self.labelled else images

    def state_dict(self) -> dict[str, Tensor]:
        """All that the next batches depend on: the random stream, this epoch's order, the place in it."""
        return {"rng": self.rng.get_state(), "order": self.order, "position": torch.tensor(self.position)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from the state, as if there had been no interruption.

        Raises `ValueError` where the state belongs to a set of another size.
        """
        if len(state["order"]) != len(self.images):
            raise ValueError(f"`state` must be of {len(self.images)} images, got {len(state['order'])}")
        self.rng.set_state(state["rng"])
        self.order, self.position = state["order"].clone(), int(state["position"])


def batches(
    source: object,
    batch_size: int,
    rng: torch.Generator,
    *,
    dtype: torch.dtype | None = None,
    labelled: bool = False,
) -> FreshBatches | ShuffledBatches:
    """An endless iterator of batches (B, ...), with `state_dict` and `load_state_dict` to resume.

    `source`: anything with `sample(n, rng, *, dtype=None)`, as `Sampler` has it, or an image set, whose
    `batch(index, *, dtype)` gives a part of it, as that of `Images`.
    From a source of points, each batch is fresh, in the default dtype unless `dtype` says otherwise. From
    images, float32 unless `dtype` says otherwise, an epoch is a random order of the set; the remainder that
    does not fill a batch is left out of that epoch, so that a batch never holds an image twice.
    `labelled`: give pairs of samples (B, ...) and their labels (B,), the mode of a point or the class of an
    image, for a conditional GAN. `rng` should serve this stream alone: resuming sets it back.
    Raises `ValueError` where `batch_size` is not a positive integer or exceeds the number of images, or where
    labels are wanted of a source that has none, and `TypeError` where `rng` is no `torch.Generator` or
    `source` is neither of these.

    >>> from ganlab.data.points import ring
    >>> stream = batches(ring(), 64, torch.Generator().manual_seed(0))
    >>> next(stream).shape
    torch.Size([64, 2])
    """
    check_draw("batch_size", batch_size, rng)
    if not hasattr(source, "batch"):
        fresh = as_sampler(source, "source")
        if labelled and not hasattr(source, "draw"):
            raise ValueError(f"`labelled` needs a source that draws labels, got a {type(source).__name__}")
        return FreshBatches(fresh, batch_size, rng, dtype, labelled=labelled)
    images = cast("Images", source)
    if batch_size > len(images):
        raise ValueError(
            f"`batch_size` must be at most {len(images)}, the number of images, got {batch_size}"
        )
    return ShuffledBatches(images, batch_size, rng, dtype, labelled=labelled)
