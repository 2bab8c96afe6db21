"""Averages against PyTorch's own, where both average; norms of averaged layers by their singular values."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn
from torch.testing import assert_close

from ganlab import data
from ganlab.experiments import EXPERIMENTS, build_game, change
from ganlab.lipschitz import spectral_norm
from ganlab.losses import non_saturating
from ganlab.networks import (
    conditional_generator,
    dcgan_discriminator,
    dcgan_generator,
    mlp_discriminator,
    mlp_generator,
    projection_discriminator,
)
from ganlab.training import GAN, sample, train
from ganlab.training.averages import MovingAverage, with_statistics_of


def wander(network, rng):
    """One step as an optimizer would take it, and a forward pass that moves the buffers."""
    with torch.no_grad():
        for p in network.parameters():
            p.add_(torch.randn(p.shape, generator=rng, dtype=p.dtype), alpha=0.05)
        network(torch.randn(6, 3, generator=rng, dtype=p.dtype))


def largest(layer):
    return torch.linalg.svdvals(layer.weight.detach().flatten(1))[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_parameters_and_batch_statistics_are_averaged_as_pytorch_does(dtype, rng):
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).to(dtype)
    ours = MovingAverage(network, 0.9)
    theirs = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    for _ in range(8):
        wander(network, rng)
        ours.update_parameters(network)
        theirs.update_parameters(network)
    expected = theirs.state_dict()
    assert list(ours.state_dict()) == list(expected)
    for name, value in ours.state_dict().items():
        if value.is_floating_point() or name == "n_averaged":
            assert torch.equal(value, expected[name]), name


def test_what_is_no_weight_is_copied(rng):
    """A counter and a constant that the network replaces; the mean of neither means anything."""
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    network.register_buffer("angle", torch.zeros(2))
    average = MovingAverage(network, 0.9)
    for step in range(3):
        wander(network, rng)
        network.angle.fill_(step)
        average.update_parameters(network)
    assert average.module[1].num_batches_tracked.item() == 3
    assert average.module.angle.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("decay", [0.99, 0.999])
def test_the_average_of_a_normalised_network_has_norm_one_as_well(decay):
    rng = torch.Generator().manual_seed(0)
    generator = spectral_norm(mlp_generator(2, (2,), width=16, rng=rng).double(), rng=rng)
    discriminator = mlp_discriminator((2,), width=16, rng=rng).double()
    gan = GAN(generator, discriminator, non_saturating, rng, ema=decay)
    train(gan, data.batches(data.ring(), 32, rng, dtype=torch.float64), 300)
    layers = [m for m in gan.average.module.eval().modules() if parametrize.is_parametrized(m)]
    assert len(layers) == 4
    for layer in layers:
        assert_close(largest(layer).item(), 1.0, rtol=0.01, atol=0)


def test_a_round_of_power_iteration_leaves_the_modes_and_the_network_alone(rng):
    network = spectral_norm(nn.Sequential(nn.Linear(3, 4), nn.Tanh()))
    average = MovingAverage(network, 0.5)
    average.eval()
    for _ in range(3):
        wander(network, rng)
        before = {name: value.clone() for name, value in network.state_dict().items()}
        average.update_parameters(network)
    assert not any(module.training for module in average.modules())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize("decay", [-0.1, 1.0, float("nan")])
def test_a_decay_outside_its_range_is_refused(decay):
    with pytest.raises(ValueError, match=r"`decay` must be in \[0, 1\), got"):
        MovingAverage(nn.Linear(1, 1), decay)


def fit_by_pytorch(network, batches):
    fitted = deepcopy(network)
    update_bn([batch for (batch,) in batches], fitted)
    return fitted.eval()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_statistics_are_estimated_as_pytorch_estimates_them(dtype, rng):
    shape = nn.Linear(3, 8), nn.Unflatten(1, (2, 2, 2)), nn.BatchNorm2d(2), nn.ReLU()
    network = nn.Sequential(*shape, nn.Flatten(), nn.BatchNorm1d(8), nn.Linear(8, 2)).to(dtype)
    for _ in range(4):
        wander(network, rng)
    before = deepcopy(network.state_dict())
    batches = [(torch.randn(7, 3, generator=rng, dtype=dtype),) for _ in range(5)]
    ours, theirs = with_statistics_of(network, batches), fit_by_pytorch(network, batches)
    assert all(torch.equal(value, ours.state_dict()[name]) for name, value in theirs.state_dict().items())
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in before.items())
    assert network.training
    assert not any(layer.training for layer in ours.modules())
    assert [layer.momentum for layer in ours.modules() if hasattr(layer, "momentum")] == [0.1, 0.1]


def test_the_variance_behind_a_linear_layer_is_that_of_its_weights(rng):
    """Latents are N(0, 1), so that W z + b has the mean b and the variances of the rows of W."""
    network = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3)).double()
    fitted = with_statistics_of(
        network, ((torch.randn(100, 6, generator=rng, dtype=torch.float64),) for _ in range(100))
    )
    variance = network[0].weight.detach().square().sum(1)
    assert_close(
        fitted[1].running_mean, network[0].bias.detach(), rtol=0, atol=5 * 0.01 * variance.max() ** 0.5
    )
    assert_close(fitted[1].running_var, variance, rtol=5 * (2 / 10_000) ** 0.5, atol=0)


def test_estimating_statistics_moves_nothing_else(rng):
    """Neither the vectors of spectral normalisation nor the statistics of single images are of batches."""
    layers = nn.Conv2d(2, 3, 1), nn.InstanceNorm2d(3, track_running_stats=True), nn.BatchNorm2d(3)
    network = spectral_norm(nn.Sequential(*layers))
    fitted = with_statistics_of(network, [(torch.randn(4, 2, 3, 3, generator=rng),)])
    moved = {
        name for name, value in network.state_dict().items() if not value.equal(fitted.state_dict()[name])
    }
    assert moved == {"2.running_mean", "2.running_var", "2.num_batches_tracked"}


def test_statistics_of_nothing_are_refused():
    with pytest.raises(
        ValueError, match="`network` must have a batch normalisation that keeps statistics, got"
    ):
        with_statistics_of(nn.Sequential(nn.BatchNorm1d(2, track_running_stats=False)), [])
    with pytest.raises(ValueError, match="`batches` must hold at least one batch, got none"):
        with_statistics_of(nn.BatchNorm1d(2), [])


def normalised(ema_batches, *, classes=None, steps=0, **settings):
    """A game whose generator has batch norms, after some steps at a rate that moves its weights far."""
    rng = torch.Generator().manual_seed(0)
    options = {"rng": rng, "width": 4} | ({"classes": classes} if classes else {})
    make = (
        (conditional_generator, projection_discriminator)
        if classes
        else (dcgan_generator, dcgan_discriminator)
    )
    networks = make[0](3, (1, 8, 8), **options).double(), make[1]((1, 8, 8), **options).double()
    gan = GAN(
        *networks,
        non_saturating,
        rng,
        **{"ema": 0.9, "learning_rates": (0.05, 0.05)} | settings,
        ema_batches=ema_batches,
    )
    stream = data.batches(data.digits(), 16, rng, dtype=torch.float64, labelled=bool(classes))
    if steps:
        train(gan, stream, steps)
    return gan, stream


@pytest.mark.parametrize("classes", [None, 10])
def test_the_average_is_shown_with_statistics_of_its_own_weights(classes):
    """In evaluation mode what leaves a fitted batch norm has mean 0 and variance 1 on other latents too."""

    def spread(network):
        seen = []
        layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
        for layer in layers:  # gains and shifts come after what is looked at
            layer.register_forward_hook(
                lambda layer, _, y: seen.append((y - layer.bias[:, None, None]) / layer.weight[:, None, None])
            )
        rng = torch.Generator().manual_seed(5)
        given = [] if classes is None else [torch.arange(4000) % classes]
        sample(network, torch.randn(4000, 3, generator=rng, dtype=torch.float64), *given)
        return [(y.transpose(0, 1).flatten(1).var(1).log().abs().max().item()) for y in seen]

    plain, fitted = (normalised(count, classes=classes, steps=12)[0] for count in (0, 20))
    assert max(spread(fitted.shown)) < 0.15 < 0.6 < max(spread(plain.shown))


def test_estimating_statistics_changes_no_step_and_no_checkpoint():
    plain, mended = normalised(0)[0], normalised(4)[0]
    first, second = (normalised(0)[1] for _ in range(2))
    for _ in range(3):
        train(plain, first, 1)
        train(mended, second, 1)
        drawn = [mended.sample(5, torch.Generator().manual_seed(1)) for _ in range(2)]
    assert torch.equal(*drawn)
    assert not torch.equal(drawn[0], plain.sample(5, torch.Generator().manual_seed(1)))
    assert all(torch.equal(value, mended.state()[name]) for name, value in plain.state().items())
    resumed = normalised(4)[0]
    resumed.load_state(plain.state())
    assert torch.equal(resumed.sample(5, torch.Generator().manual_seed(1)), drawn[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"ema": None, "ema_batches": 3},
            "`ema_batches` needs an average, `ema`, whose statistics it mends, got 3",
        ),
        ({"ema_batches": -1}, "`ema_batches` must be at least 0, got -1"),
    ],
)
def test_statistics_of_no_average_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        normalised(**settings)


def test_a_generator_without_batch_norms_has_no_statistics_to_estimate():
    with pytest.raises(
        ValueError, match="`ema_batches` must be 0 where the generator has no batch normalisation"
    ):
        build_game(change(EXPERIMENTS["ring"], ema_batches=3))
