"""Stacked games against the same games trained one by one, which are held to a plain loop elsewhere."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ganlab import data, ensembles
from ganlab.lipschitz import spectral_norm
from ganlab.losses import LOSSES, hinge, non_saturating, relativistic_pairing
from ganlab.networks import mlp_discriminator, mlp_generator
from ganlab.regularizers import dragan, r1, r2, wgan_gp
from ganlab.training import GAN, NonFiniteLossError, Penalty, Unroll, train
from ganlab.training.distributed import Group
from ganlab.training.ensembles import train_all, train_together
from ganlab.training.optimizers import sgd

SEEDS = (3, 4, 5)
SETTINGS = {
    "plain": {},
    "wgan_gp": {"penalties": [Penalty(wgan_gp, 0.1)]},
    "r1_r2_lazy": {"penalties": [Penalty(r1, 0.1, every=3), Penalty(r2, 0.1)]},
    "dragan": {"penalties": [Penalty(dragan, 0.1)]},
    "ema_schedule_noise": {
        "ema": 0.9,
        "schedule": lambda step: 1 / (1 + step / 50),
        "instance_noise": lambda step: 0.2 / (1 + step),
        "betas": (0.0, 0.9),
        "learning_rates": (1e-3, 2e-3),
    },
}


def game(seed, loss=non_saturating, width=8, depth=2, pack=1, **settings):
    rng = torch.Generator().manual_seed(seed)
    generator = mlp_generator(2, (2,), width=width, depth=depth, rng=rng).double()
    discriminator = mlp_discriminator((2 * pack,), width=width, depth=depth, rng=rng).double()
    gan = GAN(generator, discriminator, loss, rng, pack=pack, **settings)
    return gan, data.batches(data.ring(), 16, torch.Generator().manual_seed(seed + 100), dtype=torch.float64)


def games(**settings):
    return zip(*(game(seed, **settings) for seed in SEEDS), strict=True)


def assert_alike(together, alone, history, histories, tolerance=1e-10):
    for index, (ours, theirs, single) in enumerate(zip(together, alone, histories, strict=True)):
        for column in single.columns:
            assert_close(history[column][:, index], single[column], rtol=0, atol=tolerance)
        state, expected = ours.state(), theirs.state()
        assert state.keys() == expected.keys()
        for name, value in expected.items():
            assert_close(state[name], value, rtol=0, atol=tolerance, msg=lambda m, name=name: f"{name}: {m}")


OWN = [
    {"penalties": [Penalty(r1, 0.1, every=2), Penalty(wgan_gp, 0.5)], "learning_rates": (1e-3, 1e-4)},
    {"penalties": [Penalty(r1, 3.0, every=2), Penalty(wgan_gp, 0.1)], "learning_rates": (2e-3, 1e-3)},
    {"penalties": [Penalty(r1, 0.0, every=2), Penalty(wgan_gp, 9.0)], "learning_rates": (1e-3, 2e-3)},
]


@pytest.mark.parametrize("shared", [{}, {"unroll": Unroll(2, 0.1)}, {"optimizer": sgd()}])
def test_games_side_by_side_have_their_own_weights_of_penalties_and_learning_rates(shared):
    gans, batches = zip(*(game(5, **own, **shared) for own in OWN), strict=True)
    alone, alone_batches = zip(*(game(5, **own, **shared) for own in OWN), strict=True)
    history = train_together(gans, batches, 40, n_critic=2)
    histories = [train(*pair, 40, n_critic=2) for pair in zip(alone, alone_batches, strict=True)]
    assert_alike(gans, alone, history, histories)
    last = history["d_loss"][-1]
    assert len(set(last.tolist())) == 3, "one seed and three settings: they must part"


def test_games_side_by_side_have_their_own_level_of_noise():
    levels = (0.1, 0.5, 2.0)
    gans, batches = zip(*(game(5, instance_noise=level) for level in levels), strict=True)
    alone, alone_batches = zip(*(game(5, instance_noise=level) for level in levels), strict=True)
    history = train_together(gans, batches, 20)
    histories = [train(*pair, 20) for pair in zip(alone, alone_batches, strict=True)]
    assert_alike(gans, alone, history, histories)


@pytest.mark.parametrize("name", SETTINGS)
def test_each_seed_goes_where_it_goes_alone_over_200_steps(name):
    gans, batches = games(**SETTINGS[name])
    alone, alone_batches = games(**SETTINGS[name])
    history = train_together(gans, batches, 200)
    histories = [train(*pair, 200) for pair in zip(alone, alone_batches, strict=True)]
    assert history["g_loss"].shape == (200, 3)
    assert_alike(gans, alone, history, histories)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_every_loss_stacks(loss):
    gans, batches = games(loss=loss)
    alone, alone_batches = games(loss=loss)
    history = train_together(gans, batches, 10, n_critic=2)
    histories = [train(*pair, 10, n_critic=2) for pair in zip(alone, alone_batches, strict=True)]
    assert_alike(gans, alone, history, histories)


def test_looking_ahead_stacks():
    settings = {"unroll": Unroll(2, 0.3), "penalties": [Penalty(r1, 0.1)]}
    gans, batches = games(**settings)
    alone, alone_batches = games(**settings)
    history = train_together(gans, batches, 10)
    histories = [train(*pair, 10) for pair in zip(alone, alone_batches, strict=True)]
    assert_alike(gans, alone, history, histories)


SPECTRAL = {
    "hinge": {"loss": hinge},
    "a penalty, which calls the network inside another derivative": {"penalties": [Penalty(wgan_gp, 0.5)]},
    "pairing and looking ahead": {"loss": relativistic_pairing, "unroll": Unroll(2, 0.3)},
}


@pytest.mark.parametrize("name", SPECTRAL)
def test_spectral_normalisation_stacks_with_its_vectors(name):
    def normalised():
        setups = [game(seed, **SPECTRAL[name]) for seed in SEEDS]
        for gan, _ in setups:
            spectral_norm(gan.discriminator, rng=torch.Generator().manual_seed(1))
        return zip(*(retold(gan, batches, **SPECTRAL[name]) for gan, batches in setups), strict=True)

    def retold(gan, batches, loss=non_saturating, **settings):
        rng = torch.Generator().manual_seed(7)
        return GAN(gan.generator, gan.discriminator, loss, rng, **settings), batches

    (gans, batches), (alone, alone_batches) = normalised(), normalised()
    before = [gan.discriminator.layers[0].parametrizations.weight[0]._u.clone() for gan in gans]
    history = train_together(gans, batches, 20, n_critic=2)
    histories = [train(*pair, 20, n_critic=2) for pair in zip(alone, alone_batches, strict=True)]
    assert_alike(gans, alone, history, histories)
    for gan, old in zip(gans, before, strict=True):
        for layer in (each for each in gan.discriminator.layers if isinstance(each, nn.Linear)):
            link = layer.parametrizations.weight[0]
            assert link.training, "the network itself stays as it was"
            assert_close(torch.linalg.matrix_norm(layer.weight, 2).item(), 1.0, rtol=0, atol=0.05)
        assert not torch.equal(gan.discriminator.layers[0].parametrizations.weight[0]._u, old)


def test_an_average_of_a_network_with_spectral_normalisation_is_refused():
    setups = [game(seed) for seed in SEEDS]
    for gan, _ in setups:
        spectral_norm(gan.generator)
    gans = [GAN(gan.generator, gan.discriminator, hinge, torch.Generator(), ema=0.9) for gan, _ in setups]
    with pytest.raises(ValueError, match="in game 0, its networks have buffers"):
        train_together(gans, [batches for _, batches in setups], 1)


def test_a_run_can_go_on_alone_together_and_alone_again():
    gans, batches = games(loss=relativistic_pairing, ema=0.9, pack=2)
    alone, alone_batches = games(loss=relativistic_pairing, ema=0.9, pack=2)
    for pair in zip(gans, batches, strict=True):
        train(*pair, 5)
    train_together(gans, batches, 5)
    for pair in zip(gans, batches, strict=True):
        train(*pair, 5)
    histories = [train(*pair, 15) for pair in zip(alone, alone_batches, strict=True)]
    for ours, theirs in zip(gans, alone, strict=True):
        for name, value in theirs.state().items():
            assert_close(ours.state()[name], value, rtol=0, atol=1e-10)
    assert len(histories[0]) == 15


def test_a_compiled_step_equals_the_eager_one():
    gans, batches = games(depth=1, penalties=[Penalty(wgan_gp, 0.1)])
    eager, eager_batches = games(depth=1, penalties=[Penalty(wgan_gp, 0.1)])
    history = train_together(gans, batches, 20, compiled=True)
    expected = train_together(eager, eager_batches, 20)
    assert_close(history.values, expected.values, rtol=0, atol=1e-10)


def test_compiled_steps_keep_apart_what_changes_from_step_to_step_and_from_run_to_run():
    lazy, other = {"penalties": [Penalty(r1, 0.1, every=2)]}, {"loss": hinge}
    for settings in (lazy, other, lazy):
        (gans, batches), (eager, eager_batches) = games(depth=1, **settings), games(depth=1, **settings)
        history = train_together(gans, batches, 4, compiled=True)
        expected = train_together(eager, eager_batches, 4)
        assert_close(history.values, expected.values, rtol=0, atol=1e-10)


def test_a_step_is_compiled_once_for_all_games_of_its_kind(monkeypatch):
    compiled = []
    monkeypatch.setattr(ensembles, "_COMPILED", {})
    monkeypatch.setattr(ensembles.torch, "compile", lambda step: compiled.append(step) or step)
    for seeds, settings, count in [
        ((3, 4), {}, 2),
        ((5, 6), {}, 2),  # other games of the kind: nothing new
        ((5, 6), {"loss": hinge}, 4),
        ((5, 6), {"width": 12}, 6),
        ((5, 6, 7), {}, 8),
    ]:
        gans, batches = zip(*(game(seed, **settings) for seed in seeds), strict=True)
        for _ in range(2):
            train_together(gans, batches, 1, compiled=True)
        assert len(compiled) == count


class Bent(nn.Module):
    """A layer whose number stands neither among its parameters nor in its printed form."""

    def __init__(self, slope):
        super().__init__()
        self.slope = slope

    def forward(self, x):
        return torch.where(x > 0, x, self.slope * x)


def bent(seed, slope):
    gan, batches = game(seed, depth=1)
    gan.discriminator.layers[1] = Bent(slope)
    return gan, batches


def test_games_that_print_alike_but_compute_otherwise_do_not_share_a_step():
    for slope in (0.1, 0.9):
        gans, batches = zip(*(bent(seed, slope) for seed in SEEDS), strict=True)
        eager, eager_batches = zip(*(bent(seed, slope) for seed in SEEDS), strict=True)
        history = train_together(gans, batches, 3, compiled=True)
        expected = train_together(eager, eager_batches, 3)
        assert_close(history.values, expected.values, rtol=0, atol=1e-10)


def capped(loss, cap):
    return loss._replace(generator=lambda d_real, d_fake: loss.generator(d_real, d_fake).clamp(max=cap))


def test_losses_and_penalties_of_one_name_that_compute_otherwise_are_not_stacked():
    elsewhere = replace(r1, place=r2.place)
    others = {
        "loss": [{"loss": capped(non_saturating, 1.0)}, {"loss": capped(non_saturating, 2.0)}],
        "penalties": [{"penalties": [Penalty(function, 0.1)]} for function in (r1, elsewhere)],
    }
    for name, settings in others.items():
        pair, batches = zip(*(game(3, **each) for each in settings), strict=True)
        with pytest.raises(ValueError, match=f"got another `{name}` in game 1"):
            train_together(pair, batches, 1)


def test_losses_that_were_made_anew_for_each_game_are_alike():
    pair, batches = zip(*(game(seed, capped(non_saturating, 1.0)) for seed in SEEDS), strict=True)
    assert len(train_together(pair, batches, 1)) == 1


def test_looking_ahead_through_spectral_normalisation_under_a_penalty_is_not_stacked():
    gan, _ = game(3, unroll=Unroll(2, 0.1), penalties=[Penalty(r1, 0.1)])
    gan.discriminator.layers[0] = spectral_norm(gan.discriminator.layers[0])
    assert "spectral normalisation and a penalty" in ensembles.cannot_stack(gan)


def test_without_a_compiler_the_steps_run_all_the_same(monkeypatch):
    monkeypatch.setattr(ensembles.shutil, "which", lambda _: None)
    gans, batches = games()
    with pytest.warns(UserWarning, match=r"no C\+\+ compiler was found"):
        history = train_together(gans, batches, 2, compiled=True)
    assert len(history) == 2


def test_callbacks_see_games_that_are_up_to_date():
    seen = []

    def look(gans, history):
        seen.append((gans[0].step, len(history), next(gans[1].generator.parameters()).sum().item()))

    gans, batches = games()
    train_together(gans, batches, 5, callbacks=[look], callback_every=2)
    alone, alone_batches = game(SEEDS[1])
    train(alone, alone_batches, 4)
    assert [entry[:2] for entry in seen] == [(2, 2), (4, 4)]
    assert_close(seen[1][2], next(alone.generator.parameters()).sum().item(), rtol=1e-10, atol=0)


def test_a_broken_game_is_named():
    gans, batches = games()
    with torch.no_grad():
        gans[2].discriminator.layers[0].weight[0, 0] = math.nan
    with pytest.raises(NonFiniteLossError, match=r"step 3: the d_loss of the games \[2\] is not finite"):
        train_together(gans, batches, 3)


def as_after(steps, gan):
    alone, batches = game(SEEDS[0], ema=0.9)
    train(alone, batches, steps)
    for name, value in alone.state().items():
        assert_close(gan.state()[name], value, rtol=0, atol=1e-10, msg=lambda m, name=name: f"{name}: {m}")


def test_a_loss_that_breaks_leaves_weights_and_counts_of_one_step():
    gans, batches = games(ema=0.9)
    with torch.no_grad():
        next(gans[2].discriminator.parameters()).fill_(math.nan)
    with pytest.raises(NonFiniteLossError):
        train_together(gans, batches, 7)
    as_after(7, gans[0])


def test_a_draw_that_fails_leaves_weights_and_counts_of_one_step():
    class Ending:
        batch_size = 16

        def __init__(self, stream):
            self.stream, self.left = stream, 6

        def __next__(self):
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            return next(self.stream)

    gans, batches = games(ema=0.9)
    with pytest.raises(KeyboardInterrupt):
        train_together(gans, [Ending(stream) for stream in batches], 9)
    as_after(6, gans[0])


def test_games_that_differ_are_refused():
    for settings, name in (
        ({"loss": LOSSES["hinge"]}, "loss"),
        ({"width": 9}, "generator"),
        ({"ema": 0.5}, "ema"),
        ({"penalties": [Penalty(r1, 1.0)]}, "penalties"),
    ):
        gans, batches = zip(game(1), game(2, **settings), strict=True)
        with pytest.raises(ValueError, match=rf"must be alike, got another `{name}` in game 1"):
            train_together(gans, batches, 1)


def test_games_that_draw_unlike_are_refused():
    gans, batches = zip(game(1), game(2, instance_noise=0.3), strict=True)
    with pytest.raises(ValueError, match=r"must draw alike, got .* \[None, \(2, 16, 2\)\]"):
        train_together(gans, batches, 1)
    gans, batches = map(list, zip(game(1), game(2), strict=True))
    batches[1] = data.batches(data.ring(), 8, torch.Generator().manual_seed(0), dtype=torch.float64)
    with pytest.raises(ValueError, match=r"must draw alike, got .* \[\(16, 2\), \(8, 2\)\]"):
        train_together(gans, batches, 1)


def test_networks_with_buffers_are_refused():
    gan, batches = game(1)
    gan.generator.layers.append(nn.BatchNorm1d(2).double())
    with pytest.raises(ValueError, match="in game 0, its networks have buffers"):
        train_together([gan], [batches], 1)


def test_games_in_bfloat16_or_on_shared_batches_are_refused():
    setups = [game(seed, group=Group(0, 2)) for seed in SEEDS]
    with pytest.raises(ValueError, match="in game 0, it shares its batches with other processes"):
        train_together(*zip(*setups, strict=True), 1)
    setups = [game(seed) for seed in SEEDS]
    setups[0][0].bf16 = True
    with pytest.raises(ValueError, match="in game 0, it computes in bfloat16"):
        train_together(*zip(*setups, strict=True), 1)


@pytest.mark.parametrize("train_them", [train_together, train_all])
def test_bad_numbers_are_refused(train_them):
    gan, batches = game(1)
    with pytest.raises(ValueError, match="must be as many, and some, got 0 and 0"):
        train_them([], [], 1)
    with pytest.raises(ValueError, match="must be as many, and some, got 1 and 2"):
        train_them([gan], [batches, batches], 1)
    for name in ("steps", "n_critic", "callback_every"):
        settings = {"steps": 1, name: 0}
        with pytest.raises(ValueError, match=f"`{name}` must be at least 1, got 0"):
            train_them([gan], [batches], settings.pop("steps"), **settings)
