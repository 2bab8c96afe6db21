"""Shares of a batch: that of each process, and the parts that one process takes one after the other.

The gradient of a mean over samples is the mean of the gradients over equal shares. What is no such mean is
refused: a loss that needs all scores at once, and layers that let the samples of a batch see each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn

from ganlab.lipschitz import spectral_vectors
from ganlab.losses import GANLoss
from ganlab.training.distributed import Group
from ganlab.training.probes import refuse_coupling
from ganlab.training.rules import Draw

__all__ = ["cut", "parts_of", "refuse_uncuttable"]


def refuse_uncuttable(
    loss: GANLoss,
    networks: Sequence[tuple[nn.Module, Sequence[Tensor]]],
    *,
    group: Group | None = None,
    accumulate: int = 1,
) -> None:
    """Raise `ValueError`, naming the reason, where the shares of a batch would not do what the whole does.

    `networks`: each with what it can be called with, batches of at least two samples. `group`: the processes
    that share each batch. `accumulate`: the parts that one process takes one after the other. Nothing is
    refused where the batch is whole. In parts, spectral normalisation is refused as well, whose vectors move
    at each pass.

    >>> from ganlab.losses import relativistic_average
    >>> refuse_uncuttable(relativistic_average, [])
    >>> refuse_uncuttable(relativistic_average, [], accumulate=2)
    Traceback (most recent call last):
    ValueError: `loss` must not be relativistic_average where a batch is taken in parts, `accumulate`: it
    needs all of its scores; use a loss that is a mean over samples, or one process and the whole batch
    """
    if accumulate < 1:
        raise ValueError(f"`accumulate` must be at least 1, got {accumulate}")
    if not group and accumulate == 1:
        return
    where = "processes share a batch" if group else "a batch is taken in parts, `accumulate`"
    if loss.whole_batch:
        raise ValueError(
            f"`loss` must not be {loss.name} where {where}: it needs all of its "
            "scores; use a loss that is a mean over samples, or one process and the whole batch"
        )
    if accumulate > 1 and any(spectral_vectors(network) for network, _ in networks):
        raise ValueError(
            "`accumulate` must be 1 beside spectral normalisation, whose vectors move at each pass, "
            f"got {accumulate}"
        )
    cut_batch = "a batch shared between processes" if group else "a batch taken in parts"
    for network, inputs in networks:
        refuse_coupling(network, *inputs, penalty=cut_batch)


def parts_of(batch: int, count: int, *, multiple: int = 1) -> list[Group]:
    """The `count` parts of a batch that one process takes one after the other, as groups that cut draws.

    Raises `ValueError` where the batch cannot be cut into so many equal parts, each a multiple of `multiple`.

    >>> import torch
    >>> [group.part(torch.arange(6)).tolist() for group in parts_of(6, 3)]
    [[0, 1], [2, 3], [4, 5]]
    """
    if batch % (count * multiple):
        wanted = f"`accumulate`, {count}" + (f", x `pack`, {multiple}" if multiple > 1 else "")
        raise ValueError(f"the batch of a process must be a multiple of {wanted}, got {batch}")
    return [Group(rank, count) for rank in range(count)]


def cut(drawn: Draw, group: Group, packed: int = 1) -> Draw:
    """The share of a draw that one of a group works on; all of one kind for each sample or pack.

    Raises `ValueError` where the batch cannot be cut into equal shares of whole packs.

    >>> import torch
    >>> cut(Draw(None, torch.arange(4.0)[:, None]), Group(1, 2)).latents.tolist()
    [[2.0], [3.0]]
    """
    part = partial(_part, group, packed)
    noise, numbers = (
        None if x is None else part(x.transpose(0, 1)).transpose(0, 1) for x in (drawn.noise, drawn.augment)
    )
    mixes = tuple(None if mix is None else group.part(mix) for mix in drawn.mixes)
    shared = {name: part(getattr(drawn, name)) for name in ("real", "latents", "labels")}
    styling = tuple(map(part, drawn.styling))
    return drawn._replace(mixes=mixes, noise=noise, augment=numbers, styling=styling, **shared)


def _part(group: Group, multiple: int, x: Any) -> Any:
    return None if x is None else group.part(x, multiple=multiple)
