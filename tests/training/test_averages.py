"""Averages against PyTorch's own, where both average; norms of averaged layers by their singular values."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.testing import assert_close

from ganlab import data
from ganlab.lipschitz import spectral_norm
from ganlab.losses import non_saturating
from ganlab.networks import mlp_discriminator, mlp_generator
from ganlab.training import GAN, train
from ganlab.training.averages import MovingAverage


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
