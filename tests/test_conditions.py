"""Discriminators that are told the class in other ways than by projection, or that guess it."""

import math
from functools import partial

import pytest
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap
from torch.testing import assert_close

from ganlab import facts
from ganlab.networks import (
    CONDITIONS,
    auxiliary_discriminator,
    dcgan_discriminator,
    joined_discriminator,
    mlp_discriminator,
    residual_discriminator,
    untold_discriminator,
)

SHAPES = [(2,), (1, 8, 8), (3, 28, 28)]
LABELS = torch.tensor([0, 4, 4, 2])


def rng_of(seed=0):
    return torch.Generator().manual_seed(seed)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", CONDITIONS)
def test_each_way_gives_a_score_for_each_sample_and_reaches_all_weights(name, shape):
    network = CONDITIONS[name].make(shape, classes=5, rng=rng_of(), width=4)
    x = torch.randn(4, *shape, generator=rng_of(1))
    scores = network(x, LABELS)
    assert (scores.shape, network.classes, network.shape) == ((4,), 5, shape)
    guess = (True,) if CONDITIONS[name].classifies else ()
    told = network(x, LABELS, *guess)
    total = sum(part.sum() for part in told) if guess else told.sum()
    gradients = torch.autograd.grad(total, list(network.parameters()))
    assert all(gradient.isfinite().all() and gradient.any() for gradient in gradients)
    assert facts.table("conditions")[name]["classifies"] == bool(guess) == hasattr(network, "classifies")


@pytest.mark.parametrize("name", [name for name, way in CONDITIONS.items() if way.classifies] + ["nothing"])
def test_scores_do_not_hear_the_class_where_it_is_guessed_or_not_told(name):
    network = CONDITIONS[name].make((2,), classes=5, rng=rng_of(), width=4)
    x = torch.randn(4, 2, generator=rng_of(1))
    assert torch.equal(network(x, LABELS), network(x, LABELS.flip(0)))
    assert torch.equal(network(x, LABELS), network.inner(x))


def test_beside_a_point_the_class_moves_the_biases_of_the_first_layer_alone():
    network = joined_discriminator((2,), classes=5, rng=rng_of(), width=6).double()
    x = torch.randn(4, 2, generator=rng_of(1), dtype=torch.float64)
    first, *rest = network.inner.layers
    hidden = x @ first.weight[:, :2].T + first.bias + first.weight[:, 2:].T[LABELS]
    assert_close(network(x, LABELS), nn.Sequential(*rest)(hidden).squeeze(1), rtol=1e-12, atol=1e-14)


def test_learned_numbers_of_a_class_stand_beside_the_point():
    network = joined_discriminator((2,), classes=5, rng=rng_of(), width=6, learned=True)
    x = torch.randn(4, 2, generator=rng_of(1))
    assert network.embedding.weight.shape == (5, 16)
    joined = torch.cat([x, network.embedding.weight[LABELS]], 1)
    assert torch.equal(network(x, LABELS), network.inner(joined))


def test_beside_an_image_a_class_is_constant_channels_or_one_learned_channel():
    x = torch.randn(4, 1, 8, 8, generator=rng_of(1))
    network = joined_discriminator((1, 8, 8), classes=5, rng=rng_of(), width=4)
    told = torch.zeros(4, 5, 8, 8)
    for row, label in enumerate(LABELS):
        told[row, label] = 1.0
    assert torch.equal(network(x, LABELS), network.inner(torch.cat([x, told], 1)))
    network = joined_discriminator((1, 8, 8), classes=5, rng=rng_of(), width=4, learned=True)
    planes = network.embedding.weight[LABELS].reshape(4, 1, 8, 8)
    assert torch.equal(network(x, LABELS), network.inner(torch.cat([x, planes], 1)))


@pytest.mark.parametrize("twin", [False, True])
def test_guesses_are_log_probabilities_of_the_labels_by_a_softmax_on_the_features(twin):
    network = auxiliary_discriminator((2,), classes=5, rng=rng_of(), width=6, twin=twin).double()
    x = torch.randn(4, 2, generator=rng_of(1), dtype=torch.float64)
    scores, guesses = network(x, LABELS, True)
    assert torch.equal(scores, network(x, LABELS))
    assert guesses.shape == (1 + twin, 4)
    features = network.inner.features(x).detach()
    for head, found in zip(network.heads, guesses, strict=True):
        logits = features @ head.weight.T + head.bias
        for row, label in enumerate(LABELS.tolist()):
            chances = [math.exp(value) for value in logits[row].tolist()]
            assert found[row].item() == pytest.approx(math.log(chances[label] / sum(chances)), abs=1e-12)


def test_what_each_way_costs_in_parameters():
    point, image = {"rng": rng_of(), "width": 8}, {"rng": rng_of(), "width": 4}
    plain = count(mlp_discriminator((2,), **point))
    assert count(untold_discriminator((2,), classes=5, **point)) == plain
    assert count(joined_discriminator((2,), classes=5, **point)) == plain + 5 * 8
    assert count(joined_discriminator((2,), classes=5, learned=True, **point)) == plain + 16 * 8 + 5 * 16
    assert count(auxiliary_discriminator((2,), classes=5, **point)) == plain + 9 * 5
    assert count(auxiliary_discriminator((2,), classes=5, twin=True, **point)) == plain + 2 * 9 * 5
    larger = count(dcgan_discriminator((2, 8, 8), **image))
    assert count(joined_discriminator((1, 8, 8), classes=5, learned=True, **image)) == larger + 5 * 64


def test_another_architecture_may_be_told():
    for name, way in CONDITIONS.items():
        network = way.make((1, 8, 8), classes=5, rng=rng_of(), width=4, architecture=residual_discriminator)
        assert network(torch.zeros(4, 1, 8, 8), LABELS).shape == (4,), name


@pytest.mark.parametrize("name", CONDITIONS)
def test_stacked_networks_are_each_of_them_under_vmap(name):
    networks = [CONDITIONS[name].make((2,), classes=5, rng=rng_of(seed), width=4) for seed in (0, 1)]
    x = torch.randn(4, 2, generator=rng_of(2))
    guess = (True,) if CONDITIONS[name].classifies else ()
    weights, buffers = stack_module_state(networks)
    assert not buffers

    def call(own):
        return functional_call(networks[0], own, (x, LABELS, *guess))

    found, alone = vmap(call)(weights), [network(x, LABELS, *guess) for network in networks]
    parts = zip(found, *alone, strict=True) if guess else [(found, *alone)]
    for stacked, *single in parts:
        assert_close(stacked, torch.stack(single))


def test_a_seed_gives_the_same_network():
    for way in CONDITIONS.values():
        same, again, other = (way.make((2,), classes=3, rng=rng_of(seed), width=4) for seed in (0, 0, 1))
        pairs = zip(same.parameters(), again.parameters(), other.parameters(), strict=True)
        for a, b, c in pairs:
            assert torch.equal(a, b)
            assert not torch.equal(a, c)


@pytest.mark.parametrize(
    "build",
    [
        joined_discriminator,
        partial(joined_discriminator, learned=True),
        auxiliary_discriminator,
        untold_discriminator,
    ],
)
def test_bad_sizes_and_inputs_are_refused_by_name(build):
    with pytest.raises(ValueError, match="`classes` must be a positive integer, got 0"):
        build((2,), classes=0, rng=rng_of())
    with pytest.raises(ValueError, match="`shape` must hold positive integers, got 2"):
        build(2, classes=5, rng=rng_of())
    network = build((2,), classes=5, rng=rng_of(), width=4)
    with pytest.raises(ValueError, match=r"`x` must have shape \(N, 2\), got \(4, 3\)"):
        network(torch.zeros(4, 3), LABELS)
    with pytest.raises(ValueError, match=r"`labels` must be int64 of shape \(4,\), got torch.float32"):
        network(torch.zeros(4, 2), LABELS.float())
    if isinstance(network, type(joined_discriminator((2,), classes=5, rng=rng_of()))):
        with pytest.raises(ValueError, match=r"`labels` must lie in 0 \.\. 4, got values from 0 to 5"):
            network(torch.zeros(4, 2), torch.tensor([0, 1, 2, 5]))
