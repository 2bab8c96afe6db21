"""A game of four players: two generators map two rings to each other and back, with a critic of each ring.

Truth is the same game written out with PyTorch's own optimizers, run alone, run without a stop, and the rule
of a moving average.
"""

import copy
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ganlab import data, storage
from ganlab.losses import minimax, non_saturating
from ganlab.networks import mlp_discriminator, mlp_generator
from ganlab.training import (
    GAN,
    NonFiniteLossError,
    Player,
    Turn,
    Unroll,
    adam,
    load_checkpoint,
    rmsprop,
    save_checkpoint,
    sgd,
    train,
)
from ganlab.training.ensembles import train_all, train_together
from ganlab.training.states import load_state, state


class Pair(NamedTuple):
    source: torch.Tensor
    target: torch.Tensor
    noise: torch.Tensor


class Rings:
    """Batches of pairs that do not belong together: a point of each of two rings."""

    batch_size = 16

    def __init__(self, seed=0):
        self.streams = [
            data.batches(data.ring(modes, radius=1.0), 16, torch.Generator().manual_seed(seed + modes))
            for modes in (5, 7)
        ]

    def __next__(self):
        return tuple(next(stream).double() for stream in self.streams)

    def state_dict(self):
        return {
            f"{index}.{name}": value
            for index, stream in enumerate(self.streams)
            for name, value in stream.state_dict().items()
        }

    def load_state_dict(self, stored):
        for index, stream in enumerate(self.streams):
            prefix = f"{index}."
            part = {name.removeprefix(prefix): v for name, v in stored.items() if name.startswith(prefix)}
            stream.load_state_dict(part)


def drawn(game, batches):
    source, target = next(batches)
    return Pair(source, target, torch.randn(16, 2, generator=game.streams["noise"], dtype=torch.float64))


def there_and_back(networks, pair, rules):
    """Both generators at once: each fools its critic, and both together lead back to where one began."""
    there, back = networks["there"], networks["back"]
    target, source = there(pair.source), back(pair.target)
    cycle = (back(target) - pair.source).abs().mean() + (there(source) - pair.target).abs().mean()
    fooled = sum(
        non_saturating.generator(networks[critic](made).detach(), networks[critic](made))
        for critic, made in (("target_critic", target), ("source_critic", source))
    )
    return fooled + rules * cycle, {"g_loss": fooled, "cycle": cycle}


def judged(critic, generator, real, given):
    def objective(networks, pair, rules):
        fake = networks[generator](getattr(pair, given)) + 0.1 * pair.noise
        loss = non_saturating.discriminator(networks[critic](getattr(pair, real)), networks[critic](fake))
        return loss, {critic: loss}

    return objective


@dataclass
class Translation:
    """Four players, with rules of three kinds, two averages, a bound, a schedule and one stream."""

    seed: int = 0
    players: dict = field(init=False)
    schedule: object = None
    group: object = None

    def __post_init__(self):
        rng = torch.Generator().manual_seed(self.seed)
        there, back = (mlp_generator(2, (2,), width=8, depth=1, rng=rng).double() for _ in range(2))
        critics = [mlp_discriminator((2,), width=8, depth=1, rng=rng).double() for _ in range(2)]
        self.players = {
            "there": Player(there, adam((0.5, 0.9)), 0.9, 2e-3),
            "back": Player(back, adam((0.0, 0.9)), 0.5, 1e-3),
            "source_critic": Player(critics[0], sgd(), None, 5e-2),
            "target_critic": Player(critics[1], rmsprop(), None, 1e-3, bound=0.5),
        }
        self.streams = {"noise": torch.Generator().manual_seed(self.seed + 100)}

    @property
    def step(self):
        return self.players["there"].taken

    def turns(self, n_critic):
        for _ in range(n_critic):
            yield Turn(("target_critic",), drawn, judged("target_critic", "there", "target", "source"))
            yield Turn(("source_critic",), drawn, judged("source_critic", "back", "source", "target"))
        yield Turn(("there", "back"), drawn, there_and_back, 10.0, "translation loss")

    def settings(self):
        return {"optimizers": [(p.optimizer.name, p.optimizer.settings) for p in self.players.values()]}


def numbers(game):
    return {name: value.clone() for name, value in state(game).items()}


def assert_same(ours, truth, **tolerance):
    assert ours.keys() == truth.keys()
    for name in truth:
        named = {"msg": lambda text, name=name: f"{name}: {text}"}
        assert_close(ours[name], truth[name], check_dtype=False, **named, **tolerance)


def by_hand(steps):
    """The same game with PyTorch's optimizers and one plain loop."""
    game, batches = Translation(), Rings()
    there, back, source_critic, target_critic = (player.network for player in game.players.values())
    rules = [
        torch.optim.Adam(there.parameters(), 2e-3, (0.5, 0.9), fused=True),
        torch.optim.Adam(back.parameters(), 1e-3, (0.0, 0.9), fused=True),
        torch.optim.SGD(source_critic.parameters(), 5e-2),
        torch.optim.RMSprop(target_critic.parameters(), 1e-3),
    ]
    bce = nn.functional.binary_cross_entropy_with_logits
    one, zero = torch.ones(16, dtype=torch.float64), torch.zeros(16, dtype=torch.float64)
    averages = [copy.deepcopy(there), copy.deepcopy(back)]
    for step in range(steps):
        for critic, made_by, rule in ((target_critic, there, rules[3]), (source_critic, back, rules[2])):
            pair = drawn(game, batches)
            given, real = (
                (pair.source, pair.target) if critic is target_critic else (pair.target, pair.source)
            )
            fake = made_by(given).detach() + 0.1 * pair.noise
            rule.zero_grad()
            (bce(critic(real), one) + bce(critic(fake), zero)).backward()
            rule.step()
            if critic is target_critic:
                with torch.no_grad():
                    for weight in critic.parameters():
                        weight.clamp_(-0.5, 0.5)
        pair = drawn(game, batches)
        target, source = there(pair.source), back(pair.target)
        cycle = (back(target) - pair.source).abs().mean() + (there(source) - pair.target).abs().mean()
        for rule in rules[:2]:
            rule.zero_grad()
        (bce(target_critic(target), one) + bce(source_critic(source), one) + 10 * cycle).backward()
        for rule in rules[:2]:
            rule.step()
        for average, network, decay in zip(averages, (there, back), (0.9, 0.5), strict=True):
            with torch.no_grad():
                for old, new in zip(average.parameters(), network.parameters(), strict=True):
                    old.copy_(new if step == 0 else decay * old + (1 - decay) * new)
    return [there, back, source_critic, target_critic], averages


def test_four_players_move_as_a_plain_loop_moves_them():
    game = Translation()
    history = train(game, Rings(), 7)
    assert history.columns == ("target_critic", "source_critic", "g_loss", "cycle")
    networks, averages = by_hand(7)
    for player, network in zip(game.players.values(), networks, strict=True):
        for ours, truth in zip(player.network.parameters(), network.parameters(), strict=True):
            assert_close(ours, truth, rtol=1e-12, atol=1e-14)
    for name, average in zip(("there", "back"), averages, strict=True):
        averaged = game.players[name].averaged.module
        for ours, truth in zip(averaged.parameters(), average.parameters(), strict=True):
            assert_close(ours, truth, rtol=1e-12, atol=1e-14)


def test_a_stop_and_a_resume_leave_no_trace_bit_for_bit(tmp_path):
    whole, batches = Translation(), Rings()
    train(whole, batches, 9, n_critic=2)
    cut, stream = Translation(), Rings()
    save_checkpoint(tmp_path, cut, stream, train(cut, stream, 4, n_critic=2))
    late, rest = Translation(seed=5), Rings(seed=5)
    history = load_checkpoint(tmp_path, late, rest)
    train(late, rest, 5, n_critic=2, history=history)
    assert len(history) == 9
    assert_same(numbers(late), numbers(whole), rtol=0, atol=0)
    assert_same(rest.state_dict(), batches.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("compiled", [False, pytest.param(True, id="compiled")])
def test_seeds_of_four_players_side_by_side_are_those_seeds_alone(compiled):
    games, streams = [Translation(seed) for seed in (0, 1, 2)], [Rings(seed) for seed in (0, 1, 2)]
    together = train_together(games, streams, 6, n_critic=2, compiled=compiled)
    for index, seed in enumerate((0, 1, 2)):
        alone = Translation(seed)
        history = train(alone, Rings(seed), 6, n_critic=2)
        assert_same(numbers(games[index]), numbers(alone), rtol=1e-10, atol=1e-12)
        assert_close(together.of_run(index).values, history.values, rtol=1e-10, atol=1e-12)
    more = train_together(games, streams, 3, n_critic=2)
    assert len(more) == 3


def test_a_schedule_slows_all_players_in_both_loops():
    slow = [Translation(seed, schedule=lambda step: 0.5**step) for seed in (0, 1)]
    train_together(slow, [Rings(0), Rings(1)], 4)
    alone = Translation(1, schedule=lambda step: 0.5**step)
    train(alone, Rings(1), 4)
    assert_same(numbers(slow[1]), numbers(alone), rtol=1e-10, atol=1e-12)
    steady = Translation(1)
    train(steady, Rings(1), 4)
    apart = numbers(steady)["there.layers.0.weight"] - numbers(alone)["there.layers.0.weight"]
    assert apart.abs().max() > 1e-4


def test_a_rate_that_is_set_is_obeyed_by_both_loops():
    games = [Translation(seed) for seed in (0, 1)]
    before = numbers(games[0])
    for game in games:
        game.players["source_critic"].rate = 1e-300
    train(games[0], Rings(0), 2)
    train_together(games[1:], [Rings(1)], 2)
    assert_close(numbers(games[0])["source_critic.layers.0.weight"], before["source_critic.layers.0.weight"])
    fresh = numbers(Translation(1))["source_critic.layers.0.weight"]
    assert_close(numbers(games[1])["source_critic.layers.0.weight"], fresh, rtol=0, atol=1e-290)


def test_frozen_parameters_stay_where_they_are_in_both_loops():
    games = [Translation(seed) for seed in (0, 1, 1)]
    for game in games:
        game.players["there"].network.layers[0].weight.requires_grad_(False)
    before = [numbers(game)["there.layers.0.weight"] for game in games]
    train_together(games[:2], [Rings(0), Rings(1)], 3)
    train(games[2], Rings(1), 3)
    for game, weight in zip(games, before, strict=True):
        assert_close(numbers(game)["there.layers.0.weight"], weight, rtol=0, atol=0)
    assert_same(numbers(games[1]), numbers(games[2]), rtol=1e-10, atol=1e-12)


def nearer(networks, pair, rules):
    """A second objective of both generators: to lead to the other ring, point by point."""
    far = (networks["there"](pair.source) - pair.target).square().mean()
    far = far + (networks["back"](pair.target) - pair.source).square().mean()
    return far, {"far": far}


def test_two_objectives_of_the_same_movers_are_kept_apart_in_both_loops(monkeypatch):
    once = Translation.turns

    def twice(game, n_critic):
        yield from once(game, n_critic)
        yield Turn(("there", "back"), drawn, nearer)

    monkeypatch.setattr(Translation, "turns", twice)
    games = [Translation(seed) for seed in (0, 1)]
    together = train_together(games, [Rings(0), Rings(1)], 3)
    alone = Translation(1)
    history = train(alone, Rings(1), 3)
    assert together.columns == history.columns
    assert "far" in history.columns
    assert_same(numbers(games[1]), numbers(alone), rtol=1e-10, atol=1e-12)


def test_a_loss_that_breaks_names_all_movers_and_moves_none():
    game = Translation()
    game.players["back"].network.layers[-1].bias.data.fill_(torch.nan)
    before = numbers(game)
    with pytest.raises(NonFiniteLossError, match=r"step 1: the source_critic's objective is nan; `back"):
        train(game, Rings(), 1)
    for name in ("there.layers.0.weight", "back.layers.0.weight", "source_critic.layers.0.weight"):
        assert_close(numbers(game)[name], before[name], rtol=0, atol=0)


def test_games_that_cannot_be_stacked_are_trained_in_turn_and_told_why():
    def normed(seed):
        game = Translation(seed)
        game.players["there"].network.layers.append(nn.BatchNorm1d(2, dtype=torch.float64))
        return game

    with pytest.raises(ValueError, match="in game 0, its networks have buffers"):
        train_together([normed(0), normed(1)], [Rings(0), Rings(1)], 1)
    games = [normed(0), normed(1)]
    seen = []
    history = train_all(
        games, [Rings(0), Rings(1)], 3, callbacks=[lambda gs, h: seen.append((gs is games, len(h)))]
    )
    assert history["g_loss"].shape == (3, 2)
    assert seen == [(True, 1), (True, 2), (True, 3)]
    alone = normed(1)
    train(alone, Rings(1), 3)
    assert_same(numbers(games[1]), numbers(alone), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("rule", "other"), [(adam((0.5, 0.9)), adam((0.5, 0.99))), (sgd(), rmsprop()), (rmsprop(0.9), rmsprop())]
)
def test_rules_are_alike_where_their_names_and_settings_are(rule, other):
    assert rule == copy.copy(rule)
    assert hash(rule) == hash(copy.copy(rule))
    assert rule != other
    assert rule != rule.name


@pytest.mark.parametrize(
    "rule", [adam((0.9, 0.99)), adam((0.0, 0.9)), sgd(), rmsprop(0.9)], ids=lambda r: r.name
)
def test_a_rule_as_a_function_is_the_optimizer_of_pytorch(rule, rng):
    weight = torch.randn(5, generator=rng).requires_grad_()
    stepper = rule.of([weight], 0.01)
    ours, slots = weight.detach().clone(), {slot: torch.zeros(5) for slot in rule.slots}
    for count in range(1, 6):
        gradient = torch.randn(5, generator=rng)
        weight.grad = gradient
        stepper.step()
        ours, slots = rule.step(ours, gradient, slots, torch.tensor(float(count)), torch.tensor(0.01))
        assert_close(ours, weight.detach(), rtol=1e-13, atol=1e-15)


def gan(loss=minimax, **settings):
    rng = torch.Generator().manual_seed(0)
    networks = mlp_generator(2, (2,), width=4, rng=rng), mlp_discriminator((2,), width=4, rng=rng)
    return GAN(*(network.double() for network in networks), loss, rng, **settings)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"loss": non_saturating}, "`loss` was minimax, and is non_saturating"),
        ({"betas": (0.0, 0.9)}, "`optimizer` was"),
        ({"optimizer": sgd()}, "`optimizer` was"),
        ({"clip": 0.1}, "`clip` was None, and is 0.1"),
    ],
    ids=["loss", "betas", "optimizer", "clip"],
)
def test_a_state_of_other_settings_is_refused_by_name_and_changes_nothing(settings, name):
    other = gan(**settings)
    before = numbers(other)
    with pytest.raises(ValueError, match=name):
        load_state(other, state(gan()))
    assert_same(numbers(other), before, rtol=0, atol=0)


def test_a_state_without_an_average_is_no_state_of_a_game_that_keeps_one():
    with pytest.raises(ValueError, match="does not fit the average"):
        load_state(gan(ema=0.9), state(gan()))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rate": 0.0}, "`rate` must be positive, got 0.0"),
        ({"average": 1.0}, r"`average` must be in \[0, 1\), got 1.0"),
        ({"bound": 0.0}, "`bound` must be positive, got 0.0"),
    ],
)
def test_a_player_refuses_numbers_that_mean_nothing(settings, message):
    with pytest.raises(ValueError, match=message):
        Player(nn.Linear(1, 1), **settings)


def test_checkpoints_of_today_are_read_by_their_old_names(tmp_path):
    stored = state(gan(ema=0.5))
    kept = {name: value for name, value in stored.items() if name != "settings"}
    storage.save(tmp_path, 0, kept, {})
    again = gan(ema=0.5)
    load_state(again, storage.latest(tmp_path)[0])
    heads = {name.split(".")[0] for name in stored}
    assert heads == {"streams", "steps", "settings", "generator", "discriminator", "average"}


def test_an_optimizer_that_was_replaced_is_followed_alone_and_refused_side_by_side():
    games = [gan(), gan()]
    games[1].d_optimizer = torch.optim.SGD(games[1].discriminator.parameters(), lr=0.0)
    before = numbers(games[1])["discriminator.layers.0.weight"]
    streams = [data.batches(data.ring(), 8, torch.Generator().manual_seed(3)) for _ in games]
    with pytest.raises(ValueError, match="in game 1, one of its optimizers was replaced"):
        train_together(games, streams, 1)
    train(games[1], streams[1], 1)
    assert_close(numbers(games[1])["discriminator.layers.0.weight"], before, rtol=0, atol=0)


def test_a_replaced_optimizer_that_remembers_something_else_cannot_be_stored():
    game = gan()
    game.g_optimizer = torch.optim.SGD(game.generator.parameters(), lr=0.1, momentum=0.9)
    train(game, data.batches(data.ring(), 8, torch.Generator().manual_seed(3)), 1)
    with pytest.raises(ValueError, match=r"g_optimizer must be of the game's rule.* `momentum_buffer`"):
        state(game)


def test_a_bound_leaves_a_frozen_weight_where_it_is():
    game = gan(clip=0.01)
    fixed = game.discriminator.layers[0].weight.requires_grad_(False)
    before = fixed.clone()
    train(game, data.batches(data.ring(), 8, torch.Generator().manual_seed(3)), 1)
    assert torch.equal(fixed, before)
    assert fixed.abs().max() > 0.01 >= game.discriminator.layers[-1].weight.abs().max()


def test_rates_are_set_both_or_not_at_all():
    game = gan(learning_rates=(1e-3, 2e-3))
    with pytest.raises(ValueError, match="`learning_rates` must be positive"):
        game.learning_rates = (5.0, 0.0)
    assert game.learning_rates == (1e-3, 2e-3)


def test_a_state_without_what_its_rule_remembers_is_refused():
    game = gan()
    train(game, data.batches(data.ring(), 8, torch.Generator().manual_seed(3)), 1)
    stored = {name: value for name, value in state(game).items() if not name.endswith("exp_avg_sq")}
    with pytest.raises(ValueError, match=r"does not fit the g_optimizer: `0\.exp_avg_sq` is missing"):
        load_state(gan(), stored)


def test_steps_ahead_are_not_taken_with_weights_that_stand_still():
    rng = torch.Generator().manual_seed(0)
    critic = mlp_discriminator((2,), width=4, rng=rng).double()
    critic.layers[0].weight.requires_grad_(False)
    with pytest.raises(ValueError, match="each parameter of D must ask for a gradient"):
        GAN(mlp_generator(2, (2,), width=4, rng=rng).double(), critic, minimax, rng, unroll=Unroll(1, 0.1))
