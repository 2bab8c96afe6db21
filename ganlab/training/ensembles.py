"""Many seeds at once: the games of an ensemble are stacked and stepped as one computation.

Small networks leave a processor idle between operations, so ten seeds side by side cost far less than ten
runs. Each game draws from its own streams exactly what it would draw alone, and each ends as it would have
ended alone; a step that is compiled does the same in less time. Any game can be stacked whose networks have
no buffers but the vectors of spectral normalisation, with as many players as it has.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from types import FunctionType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import grad_and_value, vmap
from torch.utils._pytree import tree_map

from ganlab.lipschitz import spectral_vectors
from ganlab.training.history import History
from ganlab.training.loop import Callback, keep_freed_memory, train
from ganlab.training.optimizers import Optimizer
from ganlab.training.players import Batches, Game, Network, NonFiniteLossError, Player, Row, Turn, Weights

__all__ = ["cannot_stack", "train_all", "train_together"]


class Side(NamedTuple):
    """One player of all games, each tensor (S, ...): its weights, what its rule remembers, its average.

    `fixed`: the parameters that ask for no gradient. `taken`: the number of its steps. `vectors`: those of
    its spectral normalisation.
    """

    weights: Weights
    fixed: Weights
    slots: dict[str, Weights]
    average: Weights | None
    taken: Tensor
    vectors: Weights


Sides = dict[str, Side]
Stepped = tuple[Sides, Row, dict[str, Weights]]


def train_together(
    games: Sequence[Game],
    batches: Sequence[Batches],
    steps: int,
    *,
    n_critic: int = 1,
    compiled: bool = False,
    history: History | None = None,
    callbacks: Sequence[Callback] = (),
    callback_every: int = 1000,
) -> History:
    """The history of all games, with columns (T, S), after training each as `training.train` would.

    `games`, `batches`: one of each a seed, alike in everything but their numbers: the weights of penalties,
    the learning rates and the level of the instance noise may differ. `compiled`: compile the
    steps, which takes about a minute and pays on long runs; without a C++ compiler a warning says so and the
    steps run uncompiled. `callbacks`: functions of the games and the history, called every `callback_every`
    steps with the games up to date; they look, and what they write into a game is not gone on with.

    Raises `ValueError` where the games differ in a setting, a schedule or a shape, where one cannot be
    stacked, or where a number is out of range; `NonFiniteLossError`, naming the games, where a loss is
    infinite or not a number.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> setups = [build(EXPERIMENTS["ring"], seed=seed) for seed in (0, 1, 2)]
    >>> history = train_together([s.gan for s in setups], [s.batches for s in setups], 2)
    >>> history["g_loss"].shape
    (2, 3)
    """
    _check(games, batches, steps=steps, n_critic=n_critic, callback_every=callback_every)
    history = History() if history is None else history
    sides, step = _stack(games), _stepper(games[0], compiled=compiled)
    keep_freed_memory()
    try:
        for _ in range(steps):
            rates, row = _rates(games), {}
            for turns in zip(*(game.turns(n_critic) for game in games), strict=True):
                drawn = [turn.draw(*pair) for turn, *pair in zip(turns, games, batches, strict=True)]
                moved, values, vectors = step(sides, _stacked(drawn), rates, turns[0])
                row |= values
                sides = {name: side._replace(vectors=vectors[name]) for name, side in sides.items()}
                for name, side in moved.items():
                    players = [game.players[name] for game in games]
                    for player in players:
                        player.taken += 1
                    average = _averaged(players, side.weights, sides[name].average)
                    sides[name] = side._replace(average=average, vectors=vectors[name])
            now = games[0].step
            history.append(now, row)
            if now % 100 == 0:
                _stop_if_broken(history)
            if callbacks and now % callback_every == 0:
                _unstack(sides, games)
                for callback in callbacks:
                    callback(games, history)
        _stop_if_broken(history)
    finally:  # whatever ends it, weights and counts are those of one step
        _unstack(sides, games)
    return history


def train_all(
    games: Sequence[Game],
    batches: Sequence[Batches],
    steps: int,
    *,
    n_critic: int = 1,
    history: History | None = None,
    callbacks: Sequence[Callback] = (),
    callback_every: int = 1000,
) -> History:
    """The history of all games after `steps` more steps: of one alone, of many stacked, else in turn.

    Games that cannot be stacked take a step each, then the next. `callbacks` are called after every step, of
    stacked games every `callback_every` steps. A history of one game has columns (T,), of many (T, S).

    Raises as `train` and `train_together` do.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> setups = [build(EXPERIMENTS["ring"], seed=seed) for seed in (0, 1)]
    >>> train_all([s.gan for s in setups], [s.batches for s in setups], 2)["g_loss"].shape
    (2, 2)
    """
    _check_counts(games, batches, steps=steps, n_critic=n_critic, callback_every=callback_every)
    history = History() if history is None else history
    if len(games) == 1:
        return train(games[0], batches[0], steps, n_critic=n_critic, history=history, callbacks=callbacks)
    if cannot_stack(games[0]) is None:
        every = {"callbacks": callbacks, "callback_every": callback_every}
        return train_together(games, batches, steps, n_critic=n_critic, history=history, **every)
    for _ in range(steps):
        rows = [
            train(game, stream, 1, n_critic=n_critic) for game, stream in zip(games, batches, strict=True)
        ]
        values = torch.stack([row.values[-1] for row in rows], dim=-1)
        history.append(games[0].step, dict(zip(rows[0].columns, values, strict=True)))
        for callback in callbacks:
            callback(games, history)
    return history


def cannot_stack(game: Game) -> str | None:
    """Why the games of this kind cannot be one computation, None where they can.

    Buffers, as batch normalisation has them, would be written inside the step, where only the vectors of
    spectral normalisation are followed, and not those of an averaged network. A batch that processes share,
    one that is taken in parts, and computing in bfloat16 are not followed either.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> cannot_stack(build(EXPERIMENTS["ring"]).gan) is None
    True
    """
    for player in game.players.values():
        buffers, vectors = {name for name, _ in player.network.named_buffers()}, _vectors(player)
        if buffers != vectors or (vectors and player.averaged is not None):
            return "its networks have buffers"
    if not all(player.follows_its_rule for player in game.players.values()):
        return "one of its optimizers was replaced"
    if game.group:
        return "it shares its batches with other processes"
    if getattr(game, "accumulate", 1) > 1:
        return "it takes its batches in parts"
    if getattr(game, "bf16", False):
        return "it computes in bfloat16"
    ahead = getattr(game, "unroll", None) and getattr(game, "penalties", None)
    if ahead and any(map(_vectors, game.players.values())):
        return "it looks ahead through spectral normalisation and a penalty"
    return None


def _stepper(lead: Game, *, compiled: bool) -> Callable[[Sides, Any, dict[str, Tensor], Turn], Stepped]:
    """The step of a turn as a pure function of stacked sides and draws, learning rates and the turn.

    It returns the sides that moved, the row, and of each player the vectors of its spectral normalisation.
    """
    players = {
        name: Still(_still(player.network), player.optimizer, player.bound)
        for name, player in lead.players.items()
    }
    compiling = compiled and _has_compiler()
    known: dict[Any, Callable[..., Stepped]] = {}

    def step(sides: Sides, drawn: Any, rates: dict[str, Tensor], turn: Turn) -> Stepped:
        bare = {name: side._replace(average=None) for name, side in sides.items()}
        given = turn.movers, turn.objective, players, bare, drawn, rates, turn.rules
        if not compiling:
            return torch.no_grad()(_step)(*given)
        # A game may make its objectives anew for each turn: they share their code, and are compiled once.
        kind = turn.movers, getattr(turn.objective, "__code__", turn.objective), turn.rules
        kind += (tuple(part is None for part in drawn),)
        if kind not in known:
            known[kind] = _checked_once(_compiled(kind, bare, drawn, rates))
        return known[kind](*given)

    return step


class Still(NamedTuple):
    """What of a player is no number: the form of its network, its rule and the bound of its weights."""

    module: nn.Module
    rule: Optimizer
    bound: float | None


def _step(
    movers: tuple[str, ...],
    objective: Callable[..., Any],
    players: Mapping[str, Still],
    sides: Sides,
    drawn: Any,
    rates: dict[str, Tensor],
    rules: Any,
) -> Stepped:
    modules = {name: player.module for name, player in players.items()}
    gradients, row, vectors = _gradients(modules, movers, objective, sides, drawn, rules)
    moved = {
        name: _moved(sides[name], gradients[name], rates[name], players[name].rule, players[name].bound)
        for name in movers
    }
    return moved, row, vectors


def _gradients(
    modules: Mapping[str, nn.Module],
    movers: tuple[str, ...],
    descended: Callable[..., Any],
    sides: Sides,
    drawn: Any,
    rules: Any,
) -> tuple[dict[str, Weights], Row, dict[str, Weights]]:
    """The gradient of the objective in the weights of each mover, (S, ...), the row, (S,) a column, and the
    vectors of all players after it.
    """
    others = {name: side.weights | side.fixed for name, side in sides.items() if name not in movers}
    fixed = {name: sides[name].fixed for name in movers}
    vectors = {name: side.vectors for name, side in sides.items()}

    def objective(moving: dict[str, Weights], fixed: Any, others: Any, vectors: Any, drawn: Any) -> Any:
        weights = others | {name: moving[name] | fixed[name] for name in moving}
        kept = {
            name: dict(own) for name, own in vectors.items()
        }  # a network writes what its calls make of it
        networks = {name: Network(module, weights[name], kept[name]) for name, module in modules.items()}
        loss, row = descended(networks, drawn, rules)
        # A penalty calls the network inside a derivative of its own, whose wrapping a copy takes off.
        return loss, row, {name: {k: v.clone() for k, v in own.items()} for name, own in kept.items()}

    def total(moving: dict[str, Weights]) -> tuple[Tensor, tuple[Row, dict[str, Weights]]]:
        side_by_side = vmap(objective, in_dims=(0, 0, 0, 0, _axes(drawn)))
        values, row, kept = side_by_side(moving, fixed, others, vectors, drawn)
        return values.sum(), (row, kept)

    moving = {name: sides[name].weights for name in movers}
    gradients, (_, (row, kept)) = grad_and_value(total, has_aux=True)(moving)
    return gradients, row, kept


def _moved(side: Side, gradients: Weights, rate: Tensor, rule: Optimizer, bound: float | None) -> Side:
    """A side after one step of its rule, its weights in their bounds."""
    count = side.taken + 1
    weights: Weights = {}
    slots: dict[str, Weights] = {slot: {} for slot in rule.slots}
    for name, gradient in gradients.items():
        gradient = gradient.contiguous()  # as the weights are: a compiled step is compiled again otherwise
        remembered = {slot: side.slots[slot][name] for slot in rule.slots}
        own = rate.reshape(-1, *[1] * (gradient.ndim - 1)) if rate.ndim else rate
        weights[name], kept = rule.step(side.weights[name], gradient, remembered, count, own)
        if bound is not None:
            weights[name] = weights[name].clamp(-bound, bound)
        for slot, value in kept.items():
            slots[slot][name] = value
    return Side(weights, side.fixed, slots, None, count, side.vectors)


_COMPILED: dict[Any, Callable[..., Stepped]] = {}
_MOST = 64  # compiled steps that a process keeps


def _compiled(kind: Any, *numbers: Any) -> Callable[..., Stepped]:
    """The compiled step of a kind of turn on numbers of these shapes: compiled once in a process.

    The next games of the kind find it, and the compiler checks at their first step that all it has assumed
    of them, be it inside a network or an objective, still holds; else it compiles anew.
    """
    key = kind, str(tree_map(lambda leaf: leaf if leaf is None else (leaf.shape, leaf.dtype), numbers))
    if key not in _COMPILED:
        if len(_COMPILED) >= _MOST:
            _COMPILED.clear()
        # A code object of its own, by which the compiler tells apart what it has compiled.
        own = FunctionType(_step.__code__.replace(), _step.__globals__)
        _COMPILED[key] = torch.compile(own)
    return _COMPILED[key]


def _checked_once(step: Callable[..., Stepped]) -> Callable[..., Stepped]:
    """The compiled step, all of whose assumptions are checked at its first call alone.

    In one training run nothing of a kind changes but numbers, and to check all takes up to a tenth of a step.
    """
    seen = False

    def run(*given: Any) -> Stepped:
        nonlocal seen
        known, seen = seen, True
        with torch.no_grad(), torch.compiler.set_stance(skip_guard_eval_unsafe=known):
            return step(*given)

    return run


def _has_compiler() -> bool:
    names = (os.environ.get("CXX"), "g++", "clang++")
    if any(name and shutil.which(name) for name in names):
        return True
    warnings.warn("no C++ compiler was found: the steps of the ensemble run uncompiled", stacklevel=3)
    return False


def _stacked(draws: Sequence[Any]) -> Any:
    """The draws of all games with the seeds on a new first axis; what is None in all of them stays None."""
    first: Any = draws[0]
    if isinstance(first, tuple) and all(type(d) is type(first) and len(d) == len(first) for d in draws):
        parts = map(_stacked, zip(*draws, strict=True))
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    if all(draw is None for draw in draws):
        return None
    shapes = [tuple(draw.shape) if isinstance(draw, Tensor) else None for draw in draws]
    if None not in shapes and len(set(shapes)) == 1:
        return torch.stack(list(draws))
    raise ValueError(f"the games of an ensemble must draw alike, got draws of the shapes {shapes}")


def _axes(drawn: Any) -> Any:
    return tree_map(lambda leaf: None if leaf is None else 0, drawn)


def _rates(games: Sequence[Game]) -> dict[str, Tensor]:
    """The learning rates of each player: () where they are the same in all games, and else (S,)."""
    lead = games[0]
    factor = lead.schedule(lead.step) if lead.schedule else 1.0
    rates = {name: [factor * game.players[name].rate for game in games] for name in lead.players}
    return {
        name: torch.tensor(own if len(set(own)) > 1 else own[0], dtype=torch.float64)
        for name, own in rates.items()
    }


def _stack(games: Sequence[Game]) -> Sides:
    """The weights, the optimizers' memories and the averages of all games, stacked."""
    return {name: _side([game.players[name] for game in games]) for name in games[0].players}


def _still(network: nn.Module) -> nn.Module:
    """The form of a network: a copy without numbers, whose normalisations do not iterate by themselves."""
    still = deepcopy(network).to("meta")
    for path in spectral_vectors(still):
        still.get_submodule(path.rpartition(".")[0]).eval()
    return still


def _vectors(player: Player) -> set[str]:
    """The vectors of spectral normalisation that a pass of the player's network changes."""
    names = spectral_vectors(player.network)
    return {name for name in names if player.network.get_submodule(name.rpartition(".")[0]).training}


def _side(players: Sequence[Player]) -> Side:
    lead = players[0]
    asking = {name: parameter.requires_grad for name, parameter in lead.network.named_parameters()}
    weights = _weights([player.network for player in players])
    moving = {name: value for name, value in weights.items() if asking[name]}
    states = {
        name: [player.stepper.state.get(player.network.get_parameter(name), {}) for player in players]
        for name in moving
    }
    slots = {
        slot: {
            name: torch.stack([state[slot] for state in each]) if each[0] else torch.zeros_like(moving[name])
            for name, each in states.items()
        }
        for slot in lead.optimizer.slots
    }
    counts = [each[0]["step"].double().cpu() for each in states.values() if "step" in each[0]]
    taken = counts[0] if counts else torch.tensor(float(lead.taken), dtype=torch.float64)
    averages = [player.averaged.module for player in players if player.averaged is not None]
    average = (
        {name: value for name, value in _weights(averages).items() if asking[name]} if averages else None
    )
    fixed = {name: value for name, value in weights.items() if not asking[name]}
    vectors = {
        name: torch.stack([player.network.get_buffer(name) for player in players])
        for name in sorted(_vectors(lead))
    }
    return Side(moving, fixed, slots, average, taken, vectors)


def _weights(modules: Sequence[nn.Module]) -> Weights:
    names = [name for name, _ in modules[0].named_parameters()]
    return {name: torch.stack([module.get_parameter(name).detach() for module in modules]) for name in names}


def _averaged(players: Sequence[Player], weights: Weights, average: Weights | None) -> Weights | None:
    """The moving averages after one more step: a copy the first time, as a `MovingAverage` is."""
    decay, lead = players[0].average, players[0].averaged
    if average is None or decay is None or lead is None:
        return None
    first = int(lead.n_averaged) == 0
    for player in players:
        if player.averaged is not None:
            player.averaged.n_averaged += 1
    if first:
        return {name: value.clone() for name, value in weights.items()}
    return {name: torch.lerp(average[name], value, 1 - decay) for name, value in weights.items()}


def _unstack(sides: Sides, games: Sequence[Game]) -> None:
    """Put the stacked numbers back into the games, as if each had been trained alone."""
    for name, side in sides.items():
        for index, game in enumerate(games):
            player = game.players[name]
            _copy(side.weights, index, player.network)
            for path, value in side.vectors.items():
                player.network.get_buffer(path).copy_(value[index])
            if player.averaged is not None and side.average is not None:
                _copy(side.average, index, player.averaged.module)
            _remember(side, index, player)


def _remember(side: Side, index: int, player: Player) -> None:
    """What the rule remembers of each weight, where PyTorch's optimizer looks for it."""
    for name in side.weights if side.slots else ():
        slots = {slot: values[name][index].clone() for slot, values in side.slots.items()}
        step = {"step": side.taken.float()}  # of each weight its own: PyTorch counts it up in place
        player.stepper.state[player.network.get_parameter(name)] = step | slots


@torch.no_grad()
def _copy(weights: Weights, index: int, module: nn.Module) -> None:
    for name, value in weights.items():
        module.get_parameter(name).copy_(value[index])


def _stop_if_broken(history: History) -> None:
    last = history.values[-1]
    if not bool(last.isfinite().all()):
        columns, seeds = (~last.isfinite()).nonzero(as_tuple=True)
        raise NonFiniteLossError(
            f"step {history.steps[-1]}: the {history.columns[int(columns[0])]} of the games "
            f"{sorted(set(seeds.tolist()))} is not finite"
        )


def _check_counts(games: Sequence[Game], batches: Sequence[Batches], **counts: int) -> None:
    if not games or len(games) != len(batches):
        raise ValueError(
            f"`games` and `batches` must be as many, and some, got {len(games)} and {len(batches)}"
        )
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"`{name}` must be at least 1, got {count}")


def _check(games: Sequence[Game], batches: Sequence[Batches], *, steps: int, **counts: int) -> None:
    _check_counts(games, batches, steps=steps, **counts)
    first, factors = _settings(games[0]), _factors(games[0], steps)
    for index, game in enumerate(games):
        if reason := cannot_stack(game):
            raise ValueError(
                f"the games of an ensemble must be such that can be stacked: in game {index}, {reason}"
            )
        odd = next((key for key, value in _settings(game).items() if value != first[key]), None)
        if odd:
            raise ValueError(f"the games of an ensemble must be alike, got another `{odd}` in game {index}")
        if _factors(game, steps) != factors:
            raise ValueError(
                f"the games of an ensemble must be alike, got another `schedule` in game {index}"
            )


def _factors(game: Game, steps: int) -> list[float] | None:
    return [game.schedule(game.step + ahead) for ahead in range(steps)] if game.schedule else None


def _settings(game: Game) -> dict[str, Any]:
    """Everything in which the games of one ensemble must agree, in a form that can be compared."""
    players = game.players.items()
    return (
        getattr(game, "alike", game.settings)()
        | {"step": [player.taken for _, player in players]}
        | {name: _anatomy(player.network) for name, player in players}
    )


def _anatomy(module: nn.Module) -> str:
    """What a network is made of; its printed form stands for how its layers are joined."""
    parts = [(name, value.shape, value.dtype, value.device) for name, value in module.named_parameters()]
    return f"{module} {parts} {[value.requires_grad for value in module.parameters()]}"
