"""A game as named tensors, from which it goes on as if there had been no interruption."""

from __future__ import annotations

import json
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganlab.training.players import Game, Player

__all__ = ["load_state", "state"]


class _Names(NamedTuple):
    network: str
    optimizer: str
    average: str


_SHORT = {
    "generator": _Names("generator", "g_optimizer", "average"),
    "discriminator": _Names("discriminator", "d_optimizer", "d_average"),
}
"""How the two players of a GAN are stored; any other player's names begin with its own."""


def state(game: Game) -> dict[str, Tensor]:
    """All that the steps change, copied, as named tensors: weights, optimizers' memories, averages, streams.

    `steps` counts each player's steps, and `settings` holds the game's settings as JSON in bytes. Learning
    rates and a schedule belong to the game that goes on, and are not stored.

    Raises `ValueError` where an optimizer was replaced by one of another rule: no game could go on from that.
    """
    tensors = {f"streams.{name}": stream.get_state() for name, stream in game.streams.items()}
    tensors["steps"] = torch.tensor([player.taken for player in game.players.values()])
    tensors["settings"] = torch.frombuffer(bytearray(_settings(game)), dtype=torch.uint8)
    for name, module in _modules(game):
        tensors |= {f"{name}.{path}": value.clone() for path, value in module.state_dict().items()}
    for name, player in _steppers(game):
        for index, slots in player.stepper.state_dict()["state"].items():
            kept = {slot: value for slot, value in slots.items() if value is not None}
            if odd := sorted(kept.keys() - {*player.optimizer.slots, "step"}):
                raise ValueError(
                    f"the {name} must be of the game's rule, {player.optimizer.name}, to be stored; it was "
                    f"replaced by one that remembers `{odd[0]}`"
                )
            tensors |= {f"{name}.{index}.{slot}": value.clone() for slot, value in kept.items()}
    return tensors


def load_state(game: Game, tensors: dict[str, Tensor]) -> None:
    """Let the game go on from `tensors`, as `state` gave them.

    Raises `ValueError` naming what does not fit where they belong to other networks or settings; nothing is
    changed then. A state that was stored without its settings is held to the networks alone.
    """
    groups = _grouped(tensors)
    for name, module in _modules(game):
        _check_fit(name, module.state_dict(), groups.get(name, {}))
    for name, player in _steppers(game):
        _check_slots(name, player, groups.get(name, {}))
    _check_settings(game, tensors)
    odd = sorted(game.streams.keys() ^ groups.get("streams", {}).keys())
    if odd:
        raise ValueError(f"the stored state does not fit the streams: `{odd[0]}` is in only one of them")
    if "steps" not in tensors or len(tensors["steps"]) != len(game.players):
        raise ValueError(f"the stored state must count the steps of {len(game.players)} players")
    for name, module in _modules(game):
        module.load_state_dict(groups[name])
    for name, player in _steppers(game):
        player.stepper.load_state_dict(player.stepper.state_dict() | {"state": _slots(groups.get(name, {}))})
    for name, stream in game.streams.items():
        stream.set_state(groups["streams"][name])
    for player, taken in zip(game.players.values(), tensors["steps"].tolist(), strict=True):
        player.taken = taken


def _names(name: str) -> _Names:
    return _SHORT.get(name, _Names(name, f"{name}_optimizer", f"{name}_average"))


def _modules(game: Game) -> list[tuple[str, nn.Module]]:
    networks = [(_names(name).network, player.network) for name, player in game.players.items()]
    averages = [(_names(name).average, player.averaged) for name, player in game.players.items()]
    return networks + [(name, average) for name, average in averages if average is not None]


def _steppers(game: Game) -> list[tuple[str, Player]]:
    return [(_names(name).optimizer, player) for name, player in game.players.items()]


def _settings(game: Game) -> bytes:
    return json.dumps(game.settings(), sort_keys=True, default=str).encode()


def _check_settings(game: Game, tensors: dict[str, Tensor]) -> None:
    if "settings" not in tensors:
        return
    stored = json.loads(bytes(tensors["settings"].tolist()))
    wanted = json.loads(_settings(game))
    for name in sorted(stored.keys() | wanted.keys()):
        if stored.get(name) != wanted.get(name):
            raise ValueError(
                f"the stored state is of a game with other settings: `{name}` was {stored.get(name)}, "
                f"and is {wanted.get(name)}"
            )


def _grouped(tensors: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The tensors by the first part of their names: {"generator": {"layers.0.weight": ...}, ...}."""
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        group, _, path = name.partition(".")
        groups.setdefault(group, {})[path] = tensor
    return groups


def _check_fit(name: str, wanted: dict[str, Tensor], got: dict[str, Tensor]) -> None:
    if wanted.keys() != got.keys():
        odd = sorted(wanted.keys() ^ got.keys())[0]
        raise ValueError(f"the stored state does not fit the {name}: `{odd}` is in only one of them")
    for path, tensor in wanted.items():
        if tensor.shape != got[path].shape:
            raise ValueError(
                f"the stored state does not fit the {name}: `{path}` must be of shape {tuple(tensor.shape)}, "
                f"got {tuple(got[path].shape)}"
            )
        if tensor.dtype != got[path].dtype:
            raise ValueError(
                f"the stored state does not fit the {name}: `{path}` must be of {tensor.dtype}, got "
                f"{got[path].dtype}"
            )


def _slots(paths: dict[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """What an optimizer remembers, by the number of the parameter."""
    slots: dict[int, dict[str, Tensor]] = {}
    for path, value in paths.items():
        index, slot = path.split(".", 1)
        slots.setdefault(int(index), {})[slot] = value.clone()
    return slots


def _check_slots(name: str, player: Player, paths: dict[str, Tensor]) -> None:
    shapes = [parameter.shape for parameter in player.network.parameters()]
    allowed = {*player.optimizer.slots, "step"}
    for index, slots in _slots(paths).items():
        for slot, value in slots.items():
            fits = (
                index < len(shapes) and slot in allowed and (slot == "step" or value.shape == shapes[index])
            )
            if not fits:
                raise ValueError(
                    f"the stored state does not fit the {name}: `{index}.{slot}` of shape "
                    f"{tuple(value.shape)} is no part of {player.optimizer.name} on this network"
                )
        if missing := sorted(set(player.optimizer.slots) - slots.keys()):
            raise ValueError(f"the stored state does not fit the {name}: `{index}.{missing[0]}` is missing")
