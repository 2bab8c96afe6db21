"""Weights to start from: those of another run, of which a new run keeps a copy in its own folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from ganlab import storage
from ganlab.experiments import requests
from ganlab.experiments.requests import Request
from ganlab.training.game import GAN

__all__ = ["FILE", "again", "begin", "keep"]

FILE = "init.safetensors"
"""The file of a run folder with the weights that the run started from.

>>> FILE
'init.safetensors'
"""

Weights = dict[str, Tensor]


def begin(request: Request, games: Sequence[GAN]) -> None:
    """Give the games the weights and buffers of the checkpoint that the request names; without one, nothing.

    All networks start from the last weights of that run, and nothing else of it is taken: optimizers, moving
    averages, random streams and steps are new. A run of one seed lends its weights to all, one of several
    seeds to as many, in their order.

    Raises `ValueError` naming the first layer that does not fit, `CheckpointError` where the checkpoint is
    damaged; no game is changed then.

    >>> from ganlab.experiments import EXPERIMENTS, build_game
    >>> begin(Request(EXPERIMENTS["ring"]), [build_game(EXPERIMENTS["ring"])])
    """
    if request.init is None:
        return
    origin = Path(request.init)
    tensors, _ = storage.load(origin)
    lent = len(requests.read(origin.parent)[0].seeds)
    parts = [
        {name: value if lent == 1 else value[index] for name, value in tensors.items()}
        for index in range(len(games))
    ]
    _give(games, parts)


def keep(folder: Path, request: Request, games: Sequence[GAN]) -> None:
    """Write the weights that the games start from into a run folder, where they were lent by another run."""
    if request.init is None:
        return
    from safetensors.torch import save

    tensors = {
        f"{index}.{name}": value for index, gan in enumerate(games) for name, value in _own(gan).items()
    }
    data = save({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
    storage.write_atomically(folder / FILE, data)


def again(folder: Path, request: Request, games: Sequence[GAN]) -> None:
    """Give the games the weights that their run started from, as `keep` left them.

    Raises `ValueError` where they are missing or damaged.
    """
    if request.init is None:
        return
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load((folder / FILE).read_bytes())
    except (OSError, SafetensorError) as error:
        raise ValueError(
            f"{folder / FILE} must hold the weights that the run started from ({error})"
        ) from None
    _give(games, [_group(tensors, f"{index}.") for index in range(len(games))])


def _own(gan: GAN) -> Weights:
    """The weights and buffers of all networks, by name, layer after layer."""
    return {
        f"{name}.{path}": value
        for name, player in gan.players.items()
        for path, value in player.network.state_dict().items()
    }


def _give(games: Sequence[GAN], parts: Sequence[Weights]) -> None:
    for gan, part in zip(games, parts, strict=True):
        _refuse_unfit(_own(gan), part, tuple(f"{name}." for name in gan.players))
    for gan, part in zip(games, parts, strict=True):
        for name, player in gan.players.items():
            player.network.load_state_dict(_group(part, f"{name}."))


def _refuse_unfit(wanted: Weights, got: Weights, own: tuple[str, ...]) -> None:
    """Name the first layer of the networks that the weights do not fit, or that they have and these not."""
    for name, value in wanted.items():
        shapes = [tuple(tensor.shape) for tensor in (value, got.get(name)) if tensor is not None]
        if len(shapes) < 2 or shapes[0] != shapes[1]:
            found = f"got {shapes[1]}" if len(shapes) == 2 else "which that run has not"
            raise ValueError(
                f"`--init` must be a run of the same networks: `{name}` must be of shape {shapes[0]}, {found}"
            )
    for name in got:
        if name.startswith(own) and name not in wanted:
            raise ValueError(f"`--init` must be a run of the same networks: it has `{name}`, these have not")


def _group(tensors: Weights, prefix: str) -> Weights:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
