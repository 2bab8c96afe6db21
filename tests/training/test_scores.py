"""Squashed scores are refused or warned of; raw ones, of every network that we have, are let through."""

import warnings

import pytest
import torch
from torch import nn

from ganlab import data
from ganlab.experiments import EXPERIMENTS, build, change
from ganlab.lipschitz import spectral_norm
from ganlab.losses import LOSSES, non_saturating
from ganlab.networks import NETWORKS, mlp_generator, projection_discriminator
from ganlab.training.game import GAN
from ganlab.training.scores import check_scores

RAW = [name for name, loss in LOSSES.items() if loss.targets != (1, 0)]


class Ending(nn.Module):
    """A small discriminator that ends in a function or in a module."""

    def __init__(self, end):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
        self.end = end

    def forward(self, x):
        return self.end(self.body(x)).squeeze(1)


def game(discriminator, loss, rng):
    return GAN(mlp_generator(2, (2,), rng=rng), discriminator, loss, rng)


@pytest.mark.parametrize("name", RAW)
def test_a_sigmoid_at_the_end_is_refused_by_name(name, rng):
    with pytest.raises(ValueError, match=rf"raw scores for the {name} loss, got one that ends in a Sigmoid"):
        game(Ending(nn.Sigmoid()), LOSSES[name], rng)


@pytest.mark.parametrize("name", [name for name in RAW if name != "hinge"])
def test_a_tanh_is_refused_where_scores_have_no_bound(name, rng):
    with pytest.raises(ValueError, match=rf"for the {name} loss, got one that ends in a Tanh"):
        game(Ending(nn.Tanh()), LOSSES[name], rng)


@pytest.mark.parametrize(("name", "end"), [("least_squares", nn.Sigmoid()), ("hinge", nn.Tanh())])
def test_an_interval_that_holds_the_targets_is_let_through(name, end, rng):
    game(Ending(end), LOSSES[name], rng)


def test_the_last_of_several_squashing_modules_counts(rng):
    inner = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    game(inner, non_saturating, rng)  # within, a tanh is an activation like any other
    with pytest.raises(ValueError, match="ends in a LogSigmoid"):
        game(nn.Sequential(*inner, nn.LogSigmoid()), non_saturating, rng)


@pytest.mark.parametrize(
    ("end", "words"), [(torch.sigmoid, r"lie in \[0, 1\]"), (torch.tanh, r"lie in \[-1, 1\]")]
)
def test_a_function_that_squashes_is_warned_of_by_its_range(end, words, rng):
    with pytest.warns(UserWarning, match=rf"for the non_saturating loss, and seems to squash .* {words}"):
        game(Ending(end), non_saturating, rng)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("small", [1.0, 1e-3])
def test_raw_scores_of_every_network_are_let_through(network, small, rng):
    shape = (2,) if network == "mlp" else (1, 8, 8)
    discriminator = NETWORKS[network].discriminator(shape, rng=rng, width=8)
    with torch.no_grad():
        for parameter in discriminator.parameters():
            parameter.mul_(small)
    check_scores(discriminator, non_saturating, shape)


def test_a_normalised_a_linear_and_a_constant_critic_are_let_through(rng):
    normalised = spectral_norm(NETWORKS["mlp"].discriminator((2,), rng=rng))
    constant = Ending(lambda scores: 0 * scores)
    for discriminator in (normalised, nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)), constant):
        check_scores(discriminator, LOSSES["wasserstein"], (2,))


def test_a_conditional_discriminator_is_asked_with_a_label(rng):
    discriminator = projection_discriminator((1, 8, 8), classes=3, rng=rng, width=8)
    check_scores(discriminator, non_saturating, (1, 8, 8), torch.zeros(2, dtype=torch.long))


def test_looking_leaves_no_trace(rng):
    discriminator = Ending(nn.Sequential(nn.BatchNorm1d(1), nn.Dropout(0.5)))
    discriminator.body.eval()
    before = {name: value.clone() for name, value in discriminator.state_dict().items()}
    state = torch.get_rng_state()
    check_scores(discriminator, non_saturating, (2,))
    assert all(torch.equal(value, before[name]) for name, value in discriminator.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert discriminator.training
    assert not discriminator.body.training
    assert all(parameter.grad is None for parameter in discriminator.parameters())
    assert not any(module._forward_hooks for module in discriminator.modules())


def test_every_setup_of_points_is_built_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, experiment in EXPERIMENTS.items():
            if isinstance(experiment.data, str) and experiment.data in data.DATASETS and "ring" in name:
                build(change(experiment, steps=1))
