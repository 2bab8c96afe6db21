"""Truth here: parameter counts by arithmetic, the forward pass written out in matrices, laws of the draw."""

import copy
import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call, stack_module_state, vmap
from torch.testing import assert_close

from ganlab.networks import initialize, mlp_discriminator, mlp_generator

SHAPES = [(2,), (1, 8, 8), (3, 4, 6)]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def both(*, seed=0):
    """A small pair for points, from one stream."""
    rng = seeded(seed)
    return mlp_generator(3, (2,), width=8, depth=2, rng=rng), mlp_discriminator(
        (2,), width=8, depth=2, rng=rng
    )


def linears(network):
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear)]


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


# --- Sizes ---


def test_the_classic_pair_for_28_by_28_images_has_its_known_number_of_parameters(rng):
    # (100 + 1) 128 + (128 + 1) 256 + (256 + 1) 784 and (784 + 1) 256 + (256 + 1) 128 + (128 + 1)
    assert (
        count(mlp_generator(100, (1, 28, 28), width=(128, 256), rng=rng))
        == 12_928 + 33_024 + 201_488
        == 247_440
    )
    assert (
        count(mlp_discriminator((1, 28, 28), width=(256, 128), rng=rng)) == 200_960 + 32_896 + 129 == 233_985
    )


@given(latent_dim=st.integers(1, 9), size=st.integers(1, 9), width=st.integers(1, 9), depth=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_parameters_are_counted_by_the_formula_of_the_docstring(latent_dim, size, width, depth):
    def by_formula(widths):
        return sum((inputs + 1) * outputs for inputs, outputs in pairwise(widths))

    rng, hidden = seeded(), [width] * depth
    generator = mlp_generator(latent_dim, (size,), width=width, depth=depth, rng=rng)
    assert count(generator) == by_formula([latent_dim, *hidden, size])
    discriminator = mlp_discriminator((size,), width=width, depth=depth, rng=rng)
    assert count(discriminator) == by_formula([size, *hidden, 1])


@pytest.mark.parametrize("shape", SHAPES)
def test_noise_goes_to_samples_and_samples_to_one_raw_score_each(shape, rng):
    generator, discriminator = mlp_generator(5, shape, rng=rng), mlp_discriminator(shape, rng=rng)
    samples = generator(torch.randn(7, generator.latent_dim, generator=rng))
    assert samples.shape == (7, *shape)
    assert discriminator(samples).shape == (7,)


def test_one_sample_and_none_keep_their_batch_axis(rng):
    generator, discriminator = both()
    for n in (0, 1):
        assert generator(torch.zeros(n, 3)).shape == (n, 2)
        assert discriminator(torch.zeros(n, 2)).shape == (n,)


# --- What they compute ---


def test_the_generator_is_linear_maps_with_rectifiers_between(rng):
    generator, _ = both()
    z = torch.randn(6, 3, generator=rng)
    first, second, last = linears(generator)
    hidden = (z @ first.weight.T + first.bias).clamp_min(0)
    hidden = (hidden @ second.weight.T + second.bias).clamp_min(0)
    assert_close(generator(z), hidden @ last.weight.T + last.bias, rtol=1e-12, atol=1e-14)


def test_the_discriminator_is_linear_maps_with_leaky_rectifiers_between(rng):
    discriminator = mlp_discriminator((1, 2, 2), width=(5, 3), rng=rng)
    x = torch.randn(6, 1, 2, 2, generator=rng)
    first, second, last = linears(discriminator)
    hidden = x.reshape(6, 4) @ first.weight.T + first.bias
    hidden = torch.maximum(hidden, 0.2 * hidden) @ second.weight.T + second.bias
    hidden = torch.maximum(hidden, 0.2 * hidden)
    assert_close(discriminator(x), (hidden @ last.weight.T + last.bias)[:, 0], rtol=1e-12, atol=1e-14)


def test_another_activation_takes_the_place_of_the_usual_one(rng):
    networks = [
        mlp_generator(3, (2,), rng=rng, activation=nn.Tanh),
        mlp_discriminator((2,), rng=rng, activation=nn.Tanh),
    ]
    for network in networks:
        kinds = [type(layer) for layer in network.layers]
        assert kinds == [nn.Linear, nn.Tanh] * 3 + [nn.Linear]


@pytest.mark.parametrize(
    ("shape", "bounded", "ends_in_tanh"),
    [((2,), None, False), ((1, 4, 4), None, True), ((2,), True, True), ((1, 4, 4), False, False)],
)
def test_images_are_bounded_by_tanh_and_points_are_not_unless_asked(shape, bounded, ends_in_tanh, rng):
    generator = mlp_generator(3, shape, rng=rng, bounded=bounded)
    samples = generator(1e4 * torch.randn(50, 3, generator=rng))
    assert (samples.abs().max() <= 1) == ends_in_tanh
    plain = mlp_generator(3, shape, rng=seeded(1), bounded=False)
    squashed = mlp_generator(3, shape, rng=seeded(1), bounded=True)
    z = torch.randn(5, 3, generator=rng)
    assert_close(squashed(z), plain(z).tanh(), rtol=1e-12, atol=1e-14)


def test_the_score_of_a_sample_does_not_depend_on_its_neighbours_in_the_batch(rng):
    _, discriminator = both()
    x = torch.randn(6, 2, generator=rng)
    alone = torch.cat([discriminator(row[None]) for row in x])
    assert_close(discriminator(x), alone, rtol=1e-12, atol=1e-14)


def test_gradients_and_second_gradients_match_finite_differences(rng):
    # Rectifiers have no second derivative to compare; a smooth activation shows that the graph is whole.
    generator = mlp_generator(3, (2,), width=4, depth=2, rng=rng, activation=nn.Tanh)
    discriminator = mlp_discriminator((2,), width=4, depth=2, rng=rng, activation=nn.Tanh)
    z = torch.randn(3, 3, generator=rng, requires_grad=True)
    assert gradcheck(lambda z: discriminator(generator(z)), z)
    assert gradgradcheck(lambda z: discriminator(generator(z)), z)


def test_a_stack_of_networks_is_each_of_them_under_vmap(rng):
    networks = [both(seed=seed)[1] for seed in range(3)]
    parameters, buffers = stack_module_state(networks)
    blueprint = copy.deepcopy(networks[0]).to("meta")
    x = torch.randn(5, 2, generator=rng)
    scores = vmap(lambda p, b: functional_call(blueprint, (p, b), (x,)))(parameters, buffers)
    assert_close(scores, torch.stack([network(x) for network in networks]), rtol=1e-12, atol=1e-14)


# --- Where the weights come from ---


def test_a_seed_alone_gives_the_network():
    torch.manual_seed(1)
    first = both(seed=7)
    torch.manual_seed(2)
    for one, other in zip(first, both(seed=7), strict=True):
        for a, b in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.equal(a, b)
    assert not torch.equal(next(first[0].parameters()), next(both(seed=8)[0].parameters()))


def test_building_leaves_the_global_random_stream_alone():
    before = torch.get_rng_state()
    both()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_seed_gives_the_same_network_in_each_precision():
    doubles = both()
    torch.set_default_dtype(torch.float32)
    for double, single in zip(doubles, both(), strict=True):
        for a, b in zip(double.parameters(), single.parameters(), strict=True):
            assert (a.dtype, b.dtype) == (torch.float64, torch.float32)
            assert torch.equal(a.float(), b)


@pytest.mark.parametrize("inputs", [1, 4, 100])
def test_weights_and_biases_are_uniform_within_one_over_the_root_of_the_inputs(inputs, rng):
    layer = initialize(nn.Sequential(nn.Linear(inputs, 4_000)), rng)[0]
    bound = 1 / math.sqrt(inputs)
    for parameter in (layer.weight[:, 0], layer.bias):
        assert parameter.abs().max() <= bound
        assert stats.kstest(parameter.detach().numpy(), stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-4


def test_every_weight_and_bias_is_drawn(rng):
    generator, discriminator = both()
    for parameter in [*generator.parameters(), *discriminator.parameters()]:
        assert parameter.requires_grad
        assert parameter.is_leaf
        assert len(parameter.unique()) == parameter.numel()


# --- What is refused ---


@pytest.mark.parametrize(
    ("shape", "came"), [((4, 2), r"\(4, 2\)"), ((3,), r"\(3,\)"), ((4, 3, 1), r"\(4, 3, 1\)"), ((), r"\(\)")]
)
def test_latents_of_the_wrong_shape_are_refused_by_name(shape, came):
    with pytest.raises(ValueError, match=rf"`z` must have shape \(N, 3\), got {came}"):
        both()[0](torch.zeros(shape))


@pytest.mark.parametrize(
    ("shape", "came"), [((4, 3), r"\(4, 3\)"), ((2,), r"\(2,\)"), ((4, 2, 1), r"\(4, 2, 1\)"), ((), r"\(\)")]
)
def test_samples_of_the_wrong_shape_are_refused_by_name(shape, came):
    with pytest.raises(ValueError, match=rf"`x` must have shape \(N, 2\), got {came}"):
        both()[1](torch.zeros(shape))


def test_an_image_of_the_right_size_and_the_wrong_shape_is_refused(rng):
    discriminator = mlp_discriminator((1, 4, 6), rng=rng)
    with pytest.raises(ValueError, match=r"`x` must have shape \(N, 1, 4, 6\), got \(2, 1, 6, 4\)"):
        discriminator(torch.zeros(2, 1, 6, 4))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda rng: mlp_generator(0, (2,), rng=rng), "`latent_dim` must be a positive integer, got 0"),
        (lambda rng: mlp_generator(2.0, (2,), rng=rng), "`latent_dim` must be a positive integer, got 2.0"),
        (lambda rng: mlp_generator(2, (), rng=rng), r"`shape` must hold positive integers, got \(\)"),
        (lambda rng: mlp_generator(2, 2, rng=rng), "`shape` must hold positive integers, got 2"),
        (lambda rng: mlp_generator(2, (2,), width=0, rng=rng), "`width` must be a positive integer, got 0"),
        (lambda rng: mlp_generator(2, (2,), depth=0, rng=rng), "`depth` must be a positive integer, got 0"),
        (lambda rng: mlp_discriminator((2, -1), rng=rng), r"`shape` must hold .*integers, got \(2, -1\)"),
        (
            lambda rng: mlp_discriminator((2,), width=(4, 0.5), rng=rng),
            r"`width` must hold .*, got \(4, 0.5\)",
        ),
        (lambda rng: mlp_discriminator((2,), width=(), rng=rng), r"`width` must hold .*, got \(\)"),
        (lambda rng: mlp_discriminator((2,), depth=True, rng=rng), "`depth` must be .*, got True"),
    ],
)
def test_sizes_that_are_no_positive_integers_are_refused_by_name(build, message, rng):
    with pytest.raises(ValueError, match=message):
        build(rng)


def test_a_seed_in_place_of_a_stream_is_refused():
    with pytest.raises(TypeError, match=r"`rng` must be a torch\.Generator, got int"):
        mlp_generator(2, (2,), rng=0)
