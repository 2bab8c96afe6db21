"""A run that starts from another run's weights: which numbers it takes, keeps, and refuses."""

import shutil

import pytest
import torch

from ganlab import runs, storage
from ganlab.experiments import EXPERIMENTS, change, requests, starting
from ganlab.experiments.requests import Request
from ganlab.storage import CheckpointError

RING = change(EXPERIMENTS["ring"], steps=6, batch_size=8, width=8)
DCGAN = change(EXPERIMENTS["digits"], steps=2, batch_size=8, network="dcgan", width=4, discriminator_width=4)


def made(folder, experiment, **settings):
    run = runs.create(folder, Request(experiment, **settings))
    runs.go_on(run)
    return run


def lent(run, seeds=(0,)):
    return requests.origin(run.folder, seeds)


def weights(gan):
    return {**gan.generator.state_dict(), **{f"d.{k}": v for k, v in gan.discriminator.state_dict().items()}}


def equal(one, two):
    one, two = weights(one), weights(two)
    return one.keys() == two.keys() and all(torch.equal(value, two[name]) for name, value in one.items())


@pytest.mark.parametrize("experiment", [RING, change(RING, spectral_norm=True, ema=0.9), DCGAN])
def test_both_networks_start_from_the_last_weights_and_nothing_else_is_taken(tmp_path, experiment):
    first = made(tmp_path / "first", experiment)
    other = change(experiment, loss="hinge", learning_rates=(1e-4, 1e-4))
    second = runs.create(tmp_path / "second", Request(other, seeds=(5,), init=lent(first)))
    assert equal(first.games[0], second.games[0])
    fresh = runs.create(tmp_path / "fresh", Request(other, seeds=(5,)))
    assert not equal(fresh.games[0], second.games[0])
    for name, stream in fresh.games[0].streams.items():
        assert torch.equal(stream.get_state(), second.games[0].streams[name].get_state())
    assert second.step == 0
    assert not second.games[0].g_optimizer.state
    runs.go_on(second)
    assert not equal(first.games[0], second.games[0])


def test_a_step_from_given_weights_is_the_step_that_gradient_descent_takes(tmp_path):
    """One step of SGD with rate r from w goes to w - r times the gradient there, whoever computes it."""
    plain = change(RING, optimizer="sgd", ema=None, learning_rates=(0.5, 0.5), steps=3)
    first = made(tmp_path / "first", plain)
    second = runs.create(tmp_path / "second", Request(change(plain, steps=1), init=lent(first)))
    before = {name: value.clone() for name, value in second.games[0].discriminator.named_parameters()}
    real, latents = None, None
    streams = {name: stream.clone_state() for name, stream in second.games[0].streams.items()}
    source, batch = second.setups[0].source, second.setups[0].batches.rng.clone_state()
    real = source.sample(8, batch, dtype=torch.float64)
    latents = torch.randn((8, 2), generator=streams["d_latents"], dtype=torch.float64)
    gan = second.games[0]
    softplus = torch.nn.functional.softplus
    loss = softplus(-gan.discriminator(real)).mean()
    loss = loss + softplus(gan.discriminator(gan.generator(latents).detach())).mean()
    gradients = torch.autograd.grad(loss, list(gan.discriminator.parameters()))
    wanted = [value - 0.5 * gradient for value, gradient in zip(before.values(), gradients, strict=True)]
    runs.go_on(second)
    for got, value in zip(gan.discriminator.parameters(), wanted, strict=True):
        torch.testing.assert_close(got, value, rtol=1e-12, atol=1e-14)


def test_a_run_that_is_begun_again_starts_from_the_same_weights_though_the_other_run_is_gone(tmp_path):
    first = made(tmp_path / "first", RING)
    second = runs.create(tmp_path / "second", Request(RING, seeds=(4,), init=lent(first)))
    start = {name: value.clone() for name, value in weights(second.games[0]).items()}
    shutil.rmtree(first.folder)
    again = runs.resume(tmp_path / "second")
    assert all(torch.equal(value, start[name]) for name, value in weights(again.games[0]).items())
    runs.go_on(again)
    whole = storage.latest(again.folder)[0]
    runs.go_on(runs.resume(again.folder, start="start"))
    assert all(torch.equal(value, whole[name]) for name, value in storage.latest(again.folder)[0].items())
    (again.folder / starting.FILE).unlink()
    with pytest.raises(ValueError, match=r"init.safetensors must hold the weights that the run started from"):
        runs.resume(again.folder, start="start")


def test_one_seed_lends_to_all_and_several_to_as_many(tmp_path):
    one, two = made(tmp_path / "one", RING), made(tmp_path / "two", RING, seeds=(0, 1))
    to_three = runs.create(tmp_path / "a", Request(RING, seeds=(7, 8, 9), init=lent(one, (7, 8, 9))))
    assert all(equal(one.games[0], gan) for gan in to_three.games)
    to_two = runs.create(tmp_path / "b", Request(RING, seeds=(7, 8), init=lent(two, (7, 8))))
    assert [equal(a, b) for a in two.games for b in to_two.games] == [True, False, False, True]
    again = runs.resume(tmp_path / "b")
    assert all(equal(a, b) for a, b in zip(again.games, to_two.games, strict=True))
    with pytest.raises(ValueError, match=r"`--init` must be a run of one seed or of 3, got .*two of 2"):
        lent(two, (1, 2, 3))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 9}, r"`generator.layers.0.weight` must be of shape \(9, 2\), got \(8, 2\)"),
        ({"latent_dim": 3}, r"`generator.layers.0.weight` must be of shape \(8, 3\), got \(8, 2\)"),
        (
            {"discriminator_width": 5},
            r"`discriminator.layers.0.weight` must be of shape \(5, 2\), got \(8, 2\)",
        ),
        (
            {"minibatch_std": True},
            r"`discriminator.layers.7.weight` must be of shape \(1, 9\), which that run",
        ),
        ({"spectral_norm": True}, r"`discriminator.layers.0.*` must be of shape .*, which that run has not"),
        ({"width": (8, 8)}, r"`generator.layers.4.weight` must be of shape \(2, 8\), got \(8, 8\)"),
    ],
)
def test_the_first_layer_that_does_not_fit_is_named_and_nothing_is_written(tmp_path, changes, message):
    first = made(tmp_path / "first", RING)
    with pytest.raises(ValueError, match=f"`--init` must be a run of the same networks: {message}"):
        runs.create(tmp_path / "second", Request(change(RING, **changes), init=lent(first)))
    assert not (tmp_path / "second").exists()


def test_a_layer_too_many_is_named(tmp_path):
    first = made(tmp_path / "first", change(RING, conditional=True))
    with pytest.raises(ValueError, match="must be a run of the same networks: "):
        runs.create(tmp_path / "second", Request(RING, init=lent(first)))


def test_a_run_without_a_checkpoint_or_with_a_damaged_one_lends_nothing(tmp_path):
    runs.create(tmp_path / "new", Request(RING))
    with pytest.raises(
        ValueError, match=r"`--init` must be a run with a checkpoint, got .*new, which has none"
    ):
        requests.origin(tmp_path / "new", (0,))
    first = made(tmp_path / "first", RING)
    path = first.folder / "step-00000006" / "tensors.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="is damaged"):
        runs.create(tmp_path / "second", Request(RING, init=lent(first)))
    assert not (tmp_path / "second").exists()
