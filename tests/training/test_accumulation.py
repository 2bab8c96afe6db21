"""Batches that are taken in parts, against the whole batch: the same weights, averages and rows."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ganlab import data
from ganlab.cli import main
from ganlab.experiments import EXPERIMENTS, building, change, runs
from ganlab.losses import LOSSES, non_saturating
from ganlab.networks import mlp_discriminator, mlp_generator
from ganlab.training import (
    GAN,
    NonFiniteLossError,
    Unroll,
    cannot_stack,
    discriminator_step,
    draw_for_discriminator,
    train,
)
from ganlab.training.distributed import Group
from ganlab.training.shares import parts_of
from ganlab.training.states import state

SMALL = {"float64": True, "width": 8, "batch_size": 24, "steps": 5}
RING = change(EXPERIMENTS["ring"], **SMALL, ema=0.9)
SHARED = change(EXPERIMENTS["shared_ring_projection"], **SMALL)
DIGITS = change(EXPERIMENTS["digits"], **SMALL, schedule="cosine")
PENALTIES = {
    "wgan_gp": (("wgan_gp", 10.0),),
    "r1_r2": (("r1", 0.5), ("r2", 0.5)),
    "lazy": (("r1", 0.5, 2), ("wgan_gp", 1.0, 3)),
    "dragan": (("dragan", 1.0),),
}
CASES = {
    **{name: change(RING, loss=name) for name, loss in LOSSES.items() if not loss.whole_batch},
    **{name: change(RING, regularizers=found, n_critic=2) for name, found in PENALTIES.items()},
    "packed": change(RING, pack=2, regularizers=PENALTIES["wgan_gp"]),
    "noisy": change(RING, loss="hinge", instance_noise=0.3),
    "clipped": change(RING, loss="wasserstein", clip=0.05),
    "projection": SHARED,
    "guessed": change(SHARED, condition="auxiliary", class_weight=0.7),
    "augmented": change(DIGITS, augment=("translation",)),
    "styled": change(DIGITS, network="layered", discriminator_width=8, layer_noise=True, mixing=0.5),
    "two_sides": change(EXPERIMENTS["turned_rings"], **SMALL, pairs=3, move=2.0, ema=0.9),
}


def trained(experiment, steps=4):
    setup = building.build(experiment, seed=3)
    history = train(setup.gan, setup.batches, steps, n_critic=experiment.n_critic)
    return state(setup.gan) | {"history": history.values}


@pytest.mark.parametrize("parts", [2, 3])
@pytest.mark.parametrize("case", CASES)
def test_a_batch_in_parts_gives_the_weights_of_the_whole_batch(case, parts):
    truth, ours = trained(CASES[case]), trained(change(CASES[case], accumulate=parts))
    assert ours.keys() == truth.keys()
    for name, value in truth.items():
        assert_close(ours[name], value, rtol=1e-10, atol=1e-10, msg=lambda text, n=name: f"{n}: {text}")


def test_the_gradient_is_that_of_the_plain_mean():
    """Autograd on the mean over all scores at once, with no package in it."""
    rng = torch.Generator().manual_seed(1)
    generator = mlp_generator(3, (2,), width=8, rng=rng).double()
    discriminator = mlp_discriminator((2,), width=8, rng=rng).double()
    gan = GAN(generator, discriminator, non_saturating, rng, accumulate=4)
    stream = data.batches(data.ring(), 32, torch.Generator().manual_seed(2), dtype=torch.float64)
    drawn = draw_for_discriminator(gan, stream)
    parameters = list(discriminator.parameters())
    fake = generator(drawn.latents).detach()
    scores = torch.cat([-discriminator(drawn.real), discriminator(fake)])
    truth = torch.autograd.grad(2 * nn.functional.softplus(scores).mean(), parameters)
    found = []
    gan.d_optimizer.register_step_pre_hook(lambda *_: found.extend(p.grad.clone() for p in parameters))
    row = discriminator_step(gan, drawn)
    for ours, gradient in zip(found, truth, strict=True):
        assert_close(ours, gradient, rtol=1e-12, atol=1e-14)
    assert_close(row["d_loss"], 2 * nn.functional.softplus(scores).mean().detach(), rtol=1e-12, atol=0)
    assert all(p.grad is None for p in parameters)


def test_only_one_part_is_seen_at_a_time():
    rng, seen = torch.Generator().manual_seed(1), []
    generator, discriminator = mlp_generator(3, (2,), rng=rng), mlp_discriminator((2,), rng=rng)
    gan = GAN(generator, discriminator, non_saturating, rng, accumulate=4)
    discriminator.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    train(gan, data.batches(data.ring(), 32, rng, dtype=torch.float32), 1)
    assert seen == 4 * [16] + 4 * [8]  # real and generated together, then generated alone


def test_a_part_that_is_not_finite_stops_the_step_and_leaves_no_gradient():
    rng = torch.Generator().manual_seed(1)
    generator, discriminator = mlp_generator(3, (2,), rng=rng), mlp_discriminator((2,), rng=rng)
    gan = GAN(generator, discriminator, non_saturating, rng, accumulate=2)
    drawn = draw_for_discriminator(gan, data.batches(data.ring(), 8, rng, dtype=torch.float32))
    drawn.real[-1] = torch.nan  # of the second part
    before = [p.clone() for p in discriminator.parameters()]
    with pytest.raises(NonFiniteLossError, match="discriminator's non_saturating loss is nan"):
        discriminator_step(gan, drawn)
    for parameter, kept in zip(discriminator.parameters(), before, strict=True):
        assert torch.equal(parameter, kept)
        assert parameter.grad is None


def test_a_process_of_a_group_takes_its_own_slice_in_parts():
    gan = building.build(change(RING, accumulate=2), group=Group(1, 3)).gan
    whole = building.build(RING)
    stream = building.build(RING).batches
    parts = gan.turn("discriminator").parts(draw_for_discriminator(gan, stream))
    assert torch.equal(torch.cat([part.real for part in parts]), next(whole.batches)[8:16])
    assert [len(part.latents) for part in parts] == [4, 4]


def test_what_is_not_the_same_in_parts_is_refused_by_name():
    for settings, message in (
        ({"accumulate": 0}, "`accumulate` must be at least 1, got 0"),
        ({"accumulate": 5}, "`batch_size` must be a multiple of `accumulate`, 5, got 24"),
        ({"accumulate": 8, "pack": 2}, "multiple of `accumulate`, 8 x `pack`, 2, got 24"),
        ({"accumulate": 2, "unroll": (1, 0.1)}, "`accumulate` must be 1 beside `unroll`"),
        ({"accumulate": 2, "spectral_norm": True}, "`accumulate` must be 1 beside `spectral_norm`"),
        ({"accumulate": 2, "minibatch_std": True}, "`accumulate` must be 1 beside `minibatch_std`"),
    ):
        with pytest.raises(ValueError, match=message):
            change(RING, **settings)
    for settings, message in (
        ({"loss": LOSSES["relativistic_average"]}, "`loss` must not be relativistic_average where a batch"),
        ({"unroll": Unroll(1, 0.1)}, "`unroll` must be None where a batch is taken in parts"),
        ({"accumulate": -1}, "`accumulate` must be at least 1, got -1"),
    ):
        with pytest.raises(ValueError, match=message):
            game(**{"accumulate": 2} | settings)
    with pytest.raises(ValueError, match=r"`accumulate`, 3, x `pack`, 2, got 8"):
        parts_of(8, 3, multiple=2)


def game(loss=non_saturating, discriminator=None, **settings):
    rng = torch.Generator().manual_seed(1)
    generator = mlp_generator(3, (2,), width=8, rng=rng)
    return GAN(generator, discriminator or mlp_discriminator((2,), width=8, rng=rng), loss, rng, **settings)


def test_networks_that_see_the_batch_are_refused_in_parts():
    with_norm = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1), nn.Flatten(0))
    with pytest.raises(ValueError, match=r"BatchNorm1d.*a batch taken in parts"):
        game(discriminator=with_norm, accumulate=2)
    normalised = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 1)), nn.Flatten(0))
    with pytest.raises(ValueError, match="`accumulate` must be 1 beside spectral normalisation"):
        game(discriminator=normalised, accumulate=2)
    assert game(discriminator=normalised).accumulate == 1
    with pytest.raises(ValueError, match="`loss` must not be relativistic_average where a batch is taken in"):
        building.build(change(CASES["two_sides"], accumulate=2, loss="relativistic_average"))


def test_games_in_parts_are_trained_in_turn():
    gans = [building.build(change(RING, accumulate=2), seed=seed).gan for seed in (0, 1)]
    assert cannot_stack(gans[0]) == "it takes its batches in parts"
    assert cannot_stack(building.build(RING).gan) is None


def test_the_command_line_takes_batches_in_parts(tmp_path, capsys):
    """A run in parts ends where one with whole batches ends; a wrong number ends the request."""
    command = ["train", "--experiment", "ring_r1_r2", "--steps", "4", "--batch-size", "32"]
    for name, rest in (("whole", []), ("parts", ["--accumulate", "4"])):
        assert main([*command, *rest, "--out", str(tmp_path / name)]) == 0
    whole, parts = (runs.view(tmp_path / name)[1][0].generator for name in ("whole", "parts"))
    for ours, truth in zip(parts.parameters(), whole.parameters(), strict=True):
        assert_close(ours, truth, rtol=1e-10, atol=1e-10)
    assert main([*command, "--accumulate", "5", "--out", str(tmp_path / "wrong")]) == 2
    assert "`batch_size` must be a multiple of `accumulate`, 5, got 32" in capsys.readouterr().err
