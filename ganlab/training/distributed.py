"""Several processes that train one GAN: each takes its part of every batch, and the gradients are averaged.

Every process draws the whole batch and all its noise from the same streams and works on a slice of it, so
that two processes do what one does with the whole batch, and a run can go on with another number of them.
Gradients are averaged in one reduction after the backward pass, whatever the loss and its penalties are:
the wrapper that PyTorch offers, DistributedDataParallel, hooks into the backward pass of its own forward call
and misses the gradient of a penalty that is computed apart from it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

__all__ = ["Group", "LostProcessError", "join"]


class LostProcessError(RuntimeError):
    """A process of the group ended or fell silent; the message says which one noticed, and what."""


@dataclass(frozen=True)
class Group:
    """The processes that share each batch: `rank` is the number of this one, of `size` in all.

    >>> Group(rank=1, size=2).part(torch.arange(6)).tolist()
    [3, 4, 5]
    """

    rank: int
    size: int

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.size:
            raise ValueError(f"`rank` must be in 0 to {self.size - 1}, got {self.rank}")

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and speaks for all."""
        return self.rank == 0

    def part(self, x: Tensor, *, multiple: int = 1) -> Tensor:
        """The slice of `x` (N, ...) that this process works on, (N / size, ...).

        Raises `ValueError` where N cannot be cut into `size` equal parts, each a multiple of `multiple`.
        """
        count, rest = divmod(len(x), self.size)
        if rest or count % multiple:
            wanted = f"{self.size} processes" + (f" x `pack` = {multiple}" if multiple > 1 else "")
            raise ValueError(f"the batch size must be a multiple of {wanted}, got {len(x)}")
        return x[self.rank * count : (self.rank + 1) * count]

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Put in place of each tensor its mean over the processes, by one sum of all their entries.

        Raises `LostProcessError` where another process is gone.
        """
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        self._reduce(flat, dist.ReduceOp.SUM)
        flat /= self.size
        for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(mean.view_as(tensor))

    def any(self, flag: bool) -> bool:
        """Whether `flag` is set in one process at least: the same answer in all of them.

        Raises `LostProcessError` where another process is gone.
        """
        raised = torch.tensor(int(flag))
        self._reduce(raised, dist.ReduceOp.MAX)
        return bool(raised)

    def of_first(self, text: str) -> str:
        """The text that the first process holds.

        Raises `LostProcessError` where another process is gone.
        """
        held = [text]
        with self._watching():
            dist.broadcast_object_list(held, src=0)
        return held[0]

    def _reduce(self, x: Tensor, operation: dist.ReduceOp.RedOpType) -> None:
        with self._watching():
            dist.all_reduce(x, operation)

    @contextmanager
    def _watching(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[0]
            raise LostProcessError(
                f"process {self.rank} of {self.size} lost another process: {reason}"
            ) from error


@contextmanager
def join(*, timeout: float = 60.0) -> Iterator[Group | None]:
    """The group of processes that torchrun started, for as long as the block runs; None for a single process.

    They speak through gloo, and through nccl about what lies on CUDA devices: each process takes the device
    of its number on its machine. `timeout`: seconds after which a silent process counts as lost. Reads the
    variables that torchrun sets (RANK, LOCAL_RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT).

    Raises `LostProcessError` where the other processes do not come in time.

    >>> with join() as group:
    ...     print(group)
    None
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield None
        return
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        backend = "cpu:gloo,cuda:nccl"
    try:
        dist.init_process_group(backend, timeout=timedelta(seconds=timeout))
    except (RuntimeError, ValueError) as error:
        raise LostProcessError(f"the group of {size} processes did not form: {error}") from error
    try:
        yield Group(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()
