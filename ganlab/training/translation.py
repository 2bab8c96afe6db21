"""Unpaired translation: two GANs that share a cycle, four players in one game.

`there` maps the source to the target and `back` the target to the source; each has a critic on the side where
it arrives. Two turns make a step: both critics move at once, then both translators. The loop, ensembles of
seeds and checkpoints train this game as they train any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganlab.losses import GANLoss
from ganlab.training import states
from ganlab.training.averages import MovingAverage
from ganlab.training.demands import made_of
from ganlab.training.distributed import Group
from ganlab.training.game import sample
from ganlab.training.optimizers import Optimizer, adam
from ganlab.training.players import Batches, Network, Player, Row, Turn
from ganlab.training.scores import check_scores
from ganlab.training.shares import parts_of, refuse_uncuttable

__all__ = ["Crossing", "Translation", "critics_objective", "translators_objective"]

Given = Callable[[int, torch.Generator], Tensor]


class Crossing(NamedTuple):
    """All the randomness of one turn of a translation.

    `source`, `target`: (N, ...) samples of both sides that do not belong together. `pairs`: x (P, ...) and
    T(x) (P, ...) that do, None without. `weights`: (3,) of the cycle, of the move and of the pairs.
    """

    source: Tensor
    target: Tensor
    pairs: tuple[Tensor, Tensor] | None
    weights: Tensor


class Translation:
    """Two translators and two critics, their loss, and what else is asked of the translators.

    `there`, `back`: map samples of the source to the target, and back, (N, ...) to (N, ...). `source_critic`,
    `target_critic`: map samples of a side to raw scores (N,). `given(n, rng)`: n samples of the source, from
    which `sample` translates. `cycle`: weight of the mean absolute cycle error

        E|back(there(x)) - x| + E|there(back(y)) - y|.

    `move`: weight of the mean squared move, E(there(x) - x)^2 + E(back(y) - y)^2; a number or a function of
    the step. `pairs`: samples x and T(x) that belong together, whose squared errors E(there(x) - T(x))^2 +
    E(back(T(x)) - x)^2 are added with the weight `paired`; None for none. All are means over the batch and
    over the numbers of a sample. `learning_rates`: of the translators and of the critics. `ema`: decay of the
    translators' moving averages, None for none. `clip`: bound of the critics' weights. `accumulate`: in how
    many equal parts of the batch the gradient of a turn is taken, and `group`: the processes that share each
    batch, both as in `ganlab.training.GAN`; the pairs are not cut, since each part has all of them.

    `step` counts the translators' steps. There are no random numbers but those of the batches, which give
    tuples (x, y): `streams` is empty.

    Raises `ValueError` where a weight is negative, `pairs` do not pair, a translator changes the shape of a
    sample, or a critic does not return (N,) scores, and where processes that share a batch, or a batch in
    parts, would not do what one does with the whole: under the relativistic average loss and layers that mix
    samples.

    Source: Zhu et al. 2017, eq. 3 [zhu2017]; Kim et al. 2017 [kim2017].

    >>> from ganlab.data import batches, turned_rings
    >>> from ganlab.losses import non_saturating
    >>> from ganlab.networks import mlp_discriminator, mlp_translator
    >>> rng, rings = torch.Generator().manual_seed(0), turned_rings()
    >>> translators = [mlp_translator((2,), rng=rng) for _ in range(2)]
    >>> critics = [mlp_discriminator((2,), rng=rng) for _ in range(2)]
    >>> given = lambda n, rng: rings.source.sample(n, rng)
    >>> game = Translation(*translators, *critics, non_saturating, given=given, cycle=10.0)
    >>> from ganlab.training import train
    >>> train(game, batches(rings, 16, rng, labelled=True), 2).columns
    ('d_loss', 'd_real', 'd_fake', 'g_loss', 'cycle', 'move')
    """

    classes = None
    bf16 = False
    pack = 1

    def __init__(
        self,
        there: nn.Module,
        back: nn.Module,
        source_critic: nn.Module,
        target_critic: nn.Module,
        loss: GANLoss,
        *,
        given: Given,
        cycle: float = 0.0,
        move: float | Callable[[int], float] = 0.0,
        pairs: tuple[Tensor, Tensor] | None = None,
        paired: float = 10.0,
        learning_rates: tuple[float, float] = (1e-3, 1e-3),
        optimizer: Optimizer | None = None,
        schedule: Callable[[int], float] | None = None,
        ema: float | None = None,
        clip: float | None = None,
        accumulate: int = 1,
        group: Group | None = None,
        device: str = "cpu",
    ) -> None:
        self.loss, self.given, self.cycle, self.move = loss, given, cycle, move
        self.schedule, self.device, self.accumulate, self.group = schedule, device, accumulate, group
        self.streams: dict[str, torch.Generator] = {}
        rule = optimizer or adam((0.5, 0.999))
        translators = {"there": there.to(device), "back": back.to(device)}
        critics = {"source_critic": source_critic.to(device), "target_critic": target_critic.to(device)}
        self.players = {
            **{name: Player(net, rule, ema, learning_rates[0]) for name, net in translators.items()},
            **{name: Player(net, rule, None, learning_rates[1], clip) for name, net in critics.items()},
        }
        self.dtype = next(there.parameters()).dtype
        self.pairs = None if pairs is None else (self._placed(pairs[0]), self._placed(pairs[1]))
        self.paired = 0.0 if pairs is None else paired
        for name, weight in (("cycle", cycle), ("move", self._move()), ("paired", paired)):
            if not weight >= 0:
                raise ValueError(f"`{name}` must be at least 0, got {weight}")
        self.sample_shape = self._probe()
        self._check_pairs()
        x = self._placed(given(4, torch.Generator().manual_seed(0)))
        networks = [(player.network, (x,)) for player in self.players.values()]
        refuse_uncuttable(loss, networks, group=group, accumulate=accumulate)

    @property
    def step(self) -> int:
        """The number of steps of the translators."""
        return self.players["there"].taken

    @property
    def average(self) -> MovingAverage | None:
        """The moving average of the translator to the target, None where none is kept."""
        return self.players["there"].averaged

    @property
    def generator(self) -> nn.Module:
        """The translator to the target: what makes the samples."""
        return self.players["there"].network

    @property
    def shown(self) -> nn.Module:
        """The translator to the target that is sampled from: its average where there is one."""
        return self.shown_of("there")

    def shown_of(self, name: str) -> nn.Module:
        """The average of a player where it keeps one, else its network."""
        player = self.players[name]
        return player.network if player.averaged is None else player.averaged.module

    def turns(self, n_critic: int) -> Iterator[Turn]:
        """The turns of the next step: `n_critic` of both critics at once, then one of both translators."""
        rest = self.loss, self._title, self._parts if self.accumulate > 1 else None
        for _ in range(n_critic):
            yield Turn(("source_critic", "target_critic"), self.draw, critics_objective, *rest)
        yield Turn(("there", "back"), self.draw, translators_objective, *rest)

    def settings(self) -> dict[str, object]:
        """By name, the settings in which a game and a stored one must agree."""
        there, critic = self.players["there"], self.players["target_critic"]
        return {
            "loss": self.loss.name,
            "cycle": self.cycle,
            "pairs": 0 if self.pairs is None else len(self.pairs[0]),
            "paired": self.paired,
            "optimizer": (there.optimizer.name, there.optimizer.settings),
            "ema": there.average,
            "clip": critic.bound,
        }

    def alike(self) -> dict[str, object]:
        """By name, the settings in which the games of one ensemble must agree."""
        return self.settings() | {"loss": made_of(self.loss)}

    def _check_pairs(self) -> None:
        shapes = [tuple(side.shape) for side in self.pairs or ()]
        if shapes and not (shapes[0] == shapes[1] and shapes[0][1:] == tuple(self.sample_shape)):
            raise ValueError(
                f"`pairs` must be two tensors of as many samples of shape {tuple(self.sample_shape)}, got "
                f"the shapes {shapes[0]} and {shapes[1]}"
            )

    def draw(self, _: Translation, batches: Batches) -> Crossing:
        """The draw of the next turn: a sample of each side, the pairs, and the weights at this step.

        Raises `TypeError` where the batches give no pairs of samples.
        """
        drawn = next(batches)
        if not isinstance(drawn, tuple):
            raise TypeError("`batches` must give samples of both sides: `data.batches(..., labelled=True)`")
        source, target = map(self._placed, drawn)
        weights = torch.tensor([self.cycle, self._move(), self.paired], dtype=self.dtype, device=self.device)
        crossing = Crossing(source, target, self.pairs, weights)
        return _cut(crossing, self.group) if self.group else crossing

    def _parts(self, drawn: Crossing) -> list[Crossing]:
        """The draws of the parts in which a batch is taken."""
        return [_cut(drawn, group) for group in parts_of(len(drawn.source), self.accumulate)]

    def sample(self, count: int, rng: torch.Generator, *, average: bool | None = None) -> Tensor:
        """`count` samples of the source, translated, (count, ...), in evaluation mode; no graph is built.

        `average`: of the averaged translator, or of the last one; None for the average where there is one.
        """
        network = self.generator if average is False else self.shown
        return sample(network, self._placed(self.given(count, rng)))

    def state(self) -> dict[str, Tensor]:
        """Everything that the next steps depend on, as named tensors; see `ganlab.training.states`."""
        return states.state(self)

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Let the game go on from `tensors` as if there had been no interruption.

        Raises `ValueError` naming what does not fit; nothing is changed then.
        """
        states.load_state(self, tensors)

    @property
    def _title(self) -> str:
        return f"{self.loss.name} loss"

    def _placed(self, x: Tensor) -> Tensor:
        return x.to(self.device, self.dtype)

    def _move(self) -> float:
        if callable(self.move):
            return self.move(self.step if hasattr(self, "players") else 0)
        return self.move

    def _probe(self) -> tuple[int, ...]:
        x = self._placed(self.given(2, torch.Generator().manual_seed(0)))
        with torch.no_grad():
            for name in ("there", "back"):
                made = self.players[name].network(x)
                if made.shape != x.shape:
                    raise ValueError(
                        f"`{name}` must keep the shape of a sample, {tuple(x.shape[1:])}, "
                        f"got {tuple(made.shape[1:])}"
                    )
        for name in ("source_critic", "target_critic"):
            critic = self.players[name].network
            with torch.no_grad():
                scores = critic(x)
            if scores.shape != (2,):
                raise ValueError(f"`{name}` must return raw scores of shape (N,), got {tuple(scores.shape)}")
            check_scores(critic, self.loss, tuple(x.shape[1:]), None)
        return tuple(x.shape[1:])


def _cut(drawn: Crossing, group: Group) -> Crossing:
    """The part of a draw that one of a group works on."""
    return drawn._replace(source=group.part(drawn.source), target=group.part(drawn.target))


def critics_objective(networks: Mapping[str, Network], drawn: Crossing, loss: GANLoss) -> tuple[Tensor, Row]:
    """What both critics minimise, the sum of their two losses, and the row of the means over both games.

    >>> import math
    >>> from ganlab.losses import non_saturating
    >>> flat = lambda x: torch.zeros(len(x))
    >>> networks = {"there": torch.neg, "back": torch.neg, "source_critic": flat, "target_critic": flat}
    >>> x = torch.ones(3, 2)
    >>> total, row = critics_objective(networks, Crossing(x, x, None, torch.zeros(3)), non_saturating)
    >>> math.isclose(total.item(), 4 * math.log(2), rel_tol=1e-6)  # two games, 2 log 2 each
    True
    """
    made = {
        "target_critic": (drawn.target, networks["there"](drawn.source)),
        "source_critic": (drawn.source, networks["back"](drawn.target)),
    }
    scores = [(networks[name](real), networks[name](fake)) for name, (real, fake) in made.items()]
    total = loss.discriminator(*scores[0]) + loss.discriminator(*scores[1])
    real, fake = ((first.mean() + second.mean()) / 2 for first, second in zip(*scores, strict=True))
    return total, {"d_loss": total / 2, "d_real": real, "d_fake": fake}


def translators_objective(
    networks: Mapping[str, Network], drawn: Crossing, loss: GANLoss
) -> tuple[Tensor, Row]:
    """What both translators minimise, and the row: `g_loss`, the mean over both games; `cycle` and `move`.

    The two generator losses, and with their weights the cycle error, the squared move and the squared errors
    on the pairs, as `Translation` has them.

    >>> from ganlab.losses import non_saturating
    >>> flat = lambda x: torch.zeros(len(x))
    >>> networks = {"there": torch.neg, "back": torch.neg, "source_critic": flat, "target_critic": flat}
    >>> x = torch.ones(3, 2)
    >>> _, row = translators_objective(networks, Crossing(x, x, None, torch.zeros(3)), non_saturating)
    >>> row["cycle"].item(), row["move"].item()  # -(-x) is x, and each coordinate moves by 2, both ways
    (0.0, 8.0)
    """
    there, back, x, y = networks["there"], networks["back"], drawn.source, drawn.target
    target, source = there(x), back(y)
    fooled = torch.zeros_like(drawn.weights[0])
    for critic, real, fake in (("target_critic", y, target), ("source_critic", x, source)):
        judge = networks[critic]
        d_fake = judge(fake)
        fooled = fooled + loss.generator(judge(real) if loss.relativistic else d_fake.detach(), d_fake)
    cycle = (back(target) - x).abs().mean() + (there(source) - y).abs().mean()
    move = (target - x).square().mean() + (source - y).square().mean()
    total = fooled + drawn.weights[0] * cycle + drawn.weights[1] * move
    if drawn.pairs is not None:
        given, wanted = drawn.pairs
        apart = (there(given) - wanted).square().mean() + (back(wanted) - given).square().mean()
        total = total + drawn.weights[2] * apart
    return total, {"g_loss": fooled / 2, "cycle": cycle, "move": move}
