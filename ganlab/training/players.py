"""A player of a game: a network, the rule by which it moves, and the average that it keeps of itself.

A game is some players, the random streams from which its draws come, and the turns that make up one step:
who moves, on what draw, down which objective. A GAN is two players; the loop, ensembles of seeds and
checkpoints ask for no more than a `Game`, and so train any number of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ganlab.lipschitz import clip_weights, power_iteration
from ganlab.training.averages import MovingAverage
from ganlab.training.distributed import Group
from ganlab.training.optimizers import Optimizer, adam
from ganlab.training.probes import refuse_own_randomness

__all__ = [
    "Batches",
    "Game",
    "Network",
    "NonFiniteLossError",
    "Player",
    "Turn",
    "descend",
    "frozen",
    "take",
]

Row = dict[str, Tensor]
Weights = dict[str, Tensor]


class NonFiniteLossError(ArithmeticError):
    """A loss became infinite or not a number; the message names the step, the loss and the module."""


class Batches(Protocol):
    """An endless source of real batches (batch_size, ...), whose place in the data can be stored."""

    batch_size: int

    def __next__(self) -> Tensor | tuple[Tensor, Tensor]:
        """The next samples (batch_size, ...), or a pair of samples and their labels (batch_size,)."""
        ...

    def state_dict(self) -> dict[str, Tensor]:
        """All that the next batches depend on, as tensors."""
        ...

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from a state, as if there had been no interruption."""
        ...


class Network:
    """A network as an objective sees it: a function of its inputs, under its own weights or under others.

    `weights`: by name, in place of the module's own. `vectors`: with them, those of its spectral
    normalisation, which each call replaces in this dict by what `lipschitz.power_iteration` makes of them,
    whatever weights it is called under; the module itself, whose normalisations are in evaluation mode then,
    is not written.

    >>> layer = nn.Linear(2, 1, bias=False)
    >>> still = Network(layer).at({"weight": torch.zeros(1, 2)})
    >>> still(torch.ones(3, 2)).flatten().tolist(), list(still.weights)
    ([0.0, 0.0, 0.0], ['weight'])
    """

    def __init__(
        self, module: nn.Module, weights: Weights | None = None, vectors: Weights | None = None
    ) -> None:
        self.module = module
        self._given = weights
        self._vectors = {} if vectors is None else vectors

    def __call__(self, *inputs: Any) -> Any:
        """What the network makes of its inputs."""
        if self._given is None:
            return self.module(*inputs)
        if self._vectors:
            self._vectors |= power_iteration(self.module, self._given, self._vectors)
        return functional_call(self.module, self._given | self._vectors, inputs)

    @property
    def weights(self) -> Weights:
        """The parameters by name."""
        return dict(self.module.named_parameters()) if self._given is None else self._given

    def at(self, weights: Weights) -> Network:
        """The same network under other weights."""
        return Network(self.module, weights, self._vectors)


@dataclass
class Player:
    """One player: `network`, the rule `optimizer` by which it moves, its `average` and its learning `rate`.

    `average`: decay of the network's `MovingAverage`, None for none. `bound`: after each step its weights are
    clipped to [-bound, bound], None for no bound. `taken` counts its steps. `stepper` is PyTorch's optimizer
    of the rule, `averaged` the averaged network or None. A parameter that asks for no gradient stays where it
    is.

    Raises `ValueError` where `rate` or `bound` is not positive, `average` is outside [0, 1), or a layer of
    the network is of a type that draws random numbers of its own, as dropout does.

    >>> player = Player(nn.Linear(2, 1), rate=0.1)
    >>> descend([player], player.network(torch.ones(4, 2)).mean())
    >>> player.taken
    1
    """

    network: nn.Module
    optimizer: Optimizer = field(default_factory=adam)
    average: float | None = None
    rate: float = 1e-3
    bound: float | None = None
    taken: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.average is not None and not 0 <= self.average < 1:
            raise ValueError(f"`average` must be in [0, 1), got {self.average}")
        if self.bound is not None and not self.bound > 0:
            raise ValueError(f"`bound` must be positive, got {self.bound}")
        refuse_own_randomness(self.network, name="network")
        self.stepper = self._own = self.optimizer.of(self.network.parameters(), self.rate)
        self.averaged = None
        if self.average is not None:
            self.averaged = MovingAverage(self.network, self.average)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "rate" and not value > 0:
            raise ValueError(f"`rate` must be positive, got {value}")
        object.__setattr__(self, name, value)
        if name == "rate" and "stepper" in self.__dict__:
            self.slow_to(1.0)

    @property
    def follows_its_rule(self) -> bool:
        """Whether `stepper` is still that of the rule `optimizer`, and was not replaced by another."""
        return self.stepper is self._own

    def slow_to(self, factor: float) -> None:
        """Let the next steps have `factor` times the player's rate."""
        for group in self.stepper.param_groups:
            group["lr"] = factor * self.rate


class Turn(NamedTuple):
    """A turn of a game: who moves, what is drawn for it, and the objective that the movers descend.

    `movers`: names of players, which move at once. `draw(game, batches)` returns all the randomness of the
    turn, a tuple of tensors, tuples and Nones. `objective(networks, drawn, rules)` returns a scalar and the
    row that the turn records; `networks` has each player's `Network` by name, and the objective is pure, so
    that it can be stacked over seeds and compiled. `rules`: what changes from turn to turn without being a
    tensor, hashable. `title`: the objective's name in messages. `parts(drawn)`: draws of equal parts of the
    batch, whose gradients are taken one after the other and averaged before the step; None for one draw.
    """

    movers: tuple[str, ...]
    draw: Callable[[Any, Any], Any]
    objective: Callable[[Mapping[str, Network], Any, Any], tuple[Tensor, Row]]
    rules: Any = None
    title: str = "objective"
    parts: Callable[[Any], Sequence[Any]] | None = None


class Game(Protocol):
    """What the loop, ensembles and checkpoints ask of a game.

    `players` by name; `streams`: the random streams of its draws; `schedule`: factor on all learning rates as
    a function of the step, None for none; `group`: the processes that share each batch, None for one.
    """

    players: dict[str, Player]
    streams: dict[str, torch.Generator]
    schedule: Callable[[int], float] | None
    group: Group | None

    @property
    def step(self) -> int:
        """The number of steps taken."""
        ...

    def turns(self, n_critic: int) -> Iterator[Turn]:
        """The turns of the next step, each made when it comes up; `n_critic` counts the critics' turns."""
        ...

    def settings(self) -> dict[str, Any]:
        """By name, all settings in which the games of one ensemble, and a stored game, must agree."""
        ...


def take(game: Game, turn: Turn, drawn: Any) -> Row:
    """Move the movers of a turn one step down its objective; the row of the objective before the step.

    All other players are frozen: they build no graph and receive no gradient, and the movers' gradients are
    cleared afterwards. Where the turn has parts, the graph of one is freed before that of the next is built,
    and the row is the mean over them.

    Raises `NonFiniteLossError` before any weight is changed, as `descend` does.
    """
    with ExitStack() as stack:
        for name, player in game.players.items():
            if name not in turn.movers:
                stack.enter_context(frozen(player.network))
        networks = {name: Network(player.network) for name, player in game.players.items()}
        movers = [game.players[name] for name in turn.movers]
        _forget_gradients(movers)
        if turn.parts is not None:
            return _take_in_parts(game, turn, turn.parts(drawn), networks)
        objective, row = turn.objective(networks, drawn, turn.rules)
        row = {name: value.detach().clone() for name, value in row.items()}
        descend(movers, objective, game.group, row, lambda loss: _diagnosis(game, turn, loss))
    return row


def _forget_gradients(movers: Sequence[Player]) -> None:
    """Let no gradient of before, of a reader's own pass or of an interrupted step, be added to the next."""
    for player in movers:
        for group in player.stepper.param_groups:
            for parameter in group["params"]:
                parameter.grad = None


def _take_in_parts(game: Game, turn: Turn, parts: Sequence[Any], networks: Mapping[str, Network]) -> Row:
    """The mean row of the parts, after one step down the mean of their gradients."""
    movers = [game.players[name] for name in turn.movers]
    rows: list[Row] = []
    losses: list[Tensor] = []
    try:
        for part in parts:
            objective, row = turn.objective(networks, part, turn.rules)
            rows.append({name: value.detach().clone() for name, value in row.items()})
            losses.append(objective.detach())
            if game.group is None:
                _stop_if_broken(objective, lambda loss: _diagnosis(game, turn, loss))
            (objective / len(parts)).backward()
        told = {name: torch.stack([row[name] for row in rows]).mean(0) for name in rows[0]}
        _move(movers, torch.stack(losses).mean(), game.group, told, lambda loss: _diagnosis(game, turn, loss))
    except NonFiniteLossError:
        for player in movers:
            player.stepper.zero_grad(set_to_none=True)
        raise
    return told


def descend(
    movers: Sequence[Player],
    loss: Tensor,
    group: Group | None = None,
    row: Row | None = None,
    diagnosis: Callable[[Tensor], str] = lambda loss: f"the loss is {loss.item()}",
) -> None:
    """Take one step of each mover down the gradient of `loss`, and bring the averages up to date.

    `group`: where processes share the batch, the gradients and the entries of `row` become their means over
    all of them. `diagnosis`: what to say of a loss that is not finite.

    Raises `NonFiniteLossError` before any weight is changed where the loss is on the CPU. On a GPU it is not
    looked at, since that would make the processor wait at each step.
    """
    if group is None:
        _stop_if_broken(loss, diagnosis)
    loss.backward()
    _move(movers, loss.detach(), group, row, diagnosis)


def _move(
    movers: Sequence[Player],
    loss: Tensor,
    group: Group | None,
    row: Row | None,
    diagnosis: Callable[[Tensor], str],
) -> None:
    """Take the step, down the gradients that the movers' weights hold."""
    if group is not None:
        parameters = [parameter for player in movers for parameter in player.network.parameters()]
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        shared = loss.clone()
        group.average([*gradients, *(row or {}).values(), shared])
        _stop_if_broken(shared, diagnosis)
    for player in movers:
        player.stepper.step()
        player.stepper.zero_grad(set_to_none=True)
        if player.bound is not None:
            clip_weights((each for each in player.network.parameters() if each.requires_grad), player.bound)
        player.taken += 1
        if player.averaged is not None:
            player.averaged.update_parameters(player.network)


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """A context in which no parameter of `module` asks for a gradient; afterwards each is as it was.

    >>> layer = nn.Linear(2, 2)
    >>> with frozen(layer):
    ...     layer.weight.requires_grad
    False
    >>> layer.weight.requires_grad
    True
    """
    asking = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in asking:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in asking:
            parameter.requires_grad_(True)


def _stop_if_broken(loss: Tensor, diagnosis: Callable[[Tensor], str]) -> None:
    if loss.device.type == "cpu" and not torch.isfinite(loss):
        raise NonFiniteLossError(diagnosis(loss))


def _diagnosis(game: Game, turn: Turn, loss: Tensor) -> str:
    """Which step, which loss, and the first parameter that is not finite, if there is one."""
    parameters = {
        f"{name}.{path}": tensor
        for name, player in game.players.items()
        for path, tensor in player.network.named_parameters()
    }
    broken = next((name for name, tensor in parameters.items() if not tensor.isfinite().all()), None)
    where = f"`{broken}` is not finite" if broken else "every weight is still finite"
    return f"step {game.step + 1}: the {' and '.join(turn.movers)}'s {turn.title} is {loss.item()}; {where}"
