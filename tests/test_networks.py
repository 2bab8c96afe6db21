"""Truth here: parameter counts by arithmetic, the forward pass written out in matrices, laws of the draw."""

import copy
import math
from functools import partial
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.nn.functional import conv2d
from torch.testing import assert_close

from ganlab.networks import (
    NETWORKS,
    MinibatchStd,
    conditional_generator,
    dcgan_discriminator,
    dcgan_generator,
    initialize,
    mlp_discriminator,
    mlp_generator,
    projection_discriminator,
    residual_discriminator,
    residual_generator,
    style_generator,
)
from ganlab.networks.layers import Flatten, Unflatten
from ganlab.networks.residual import ResidualBlock
from ganlab.networks.style import ModulatedConv

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


# --- What the plain pair refuses ---


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


# --- Every pair ---

IMAGES = [(1, 28, 28), (3, 28, 28), (1, 32, 32), (3, 32, 32), (2, 8, 8)]


def pair_of(name, shape, *, seed=0, width=4):
    rng, (generator, discriminator) = seeded(seed), NETWORKS[name]
    return generator(6, shape, rng=rng, width=width), discriminator(shape, rng=rng, width=width)


@pytest.mark.parametrize("shape", IMAGES)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_pair_goes_from_noise_to_bounded_images_to_raw_scores(name, shape, rng):
    generator, discriminator = pair_of(name, shape)
    for n in (1, 3):
        images = generator(torch.randn(n, generator.latent_dim, generator=rng))
        assert images.shape == (n, *shape)
        assert images.abs().max() <= 1
        scores = discriminator(images)
        assert scores.shape == (n,)
        gradients = torch.autograd.grad(scores.sum(), [*generator.parameters(), *discriminator.parameters()])
        assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_seed_alone_gives_the_pair_in_each_precision(name):
    torch.manual_seed(1)
    doubles, state = pair_of(name, (1, 8, 8), seed=7), torch.get_rng_state()
    torch.set_default_dtype(torch.float32)
    singles, others = pair_of(name, (1, 8, 8), seed=7), pair_of(name, (1, 8, 8), seed=8)
    assert torch.equal(torch.get_rng_state(), state)
    for double, single, other in zip(doubles, singles, others, strict=True):
        for a, b in zip(double.parameters(), single.parameters(), strict=True):
            assert (a.dtype, b.dtype) == (torch.float64, torch.float32)
            assert torch.equal(a.float(), b)
        assert any(
            not torch.equal(a, b) for a, b in zip(single.parameters(), other.parameters(), strict=True)
        )


@pytest.mark.parametrize("name", NETWORKS)
def test_the_critics_judge_each_sample_alone_so_that_any_penalty_may_be_put_on_them(name, rng):
    _, discriminator = pair_of(name, (1, 8, 8))
    x = torch.rand(4, 1, 8, 8, generator=rng) * 2 - 1
    alone = torch.cat([discriminator(image[None]) for image in x])
    assert_close(discriminator(x), alone, rtol=1e-12, atol=1e-14)


# --- DCGAN ---


def halvings(side):
    """Written out instead of computed, as the oracle of the sizes."""
    return {8: (4, 1), 10: (5, 1), 16: (4, 2), 20: (5, 2), 28: (7, 2), 32: (4, 3), 64: (4, 4)}[side]


@pytest.mark.parametrize(
    "shape", [(1, 28, 28), (3, 28, 28), (1, 32, 32), (3, 32, 32), (5, 8, 8), (1, 64, 64)]
)
def test_dcgan_parameters_are_counted_by_arithmetic(shape, rng):
    width, channels, (side, k) = 3, shape[0], halvings(shape[1])
    steps = [(width << i, width << (i + 1)) for i in range(k - 1)]
    coarse = width << (k - 1)
    up = sum(16 * fine * rough + 2 * fine for fine, rough in steps)  # kernel, batch norm
    generator = dcgan_generator(5, shape, rng=rng, width=width)
    first = 5 * coarse * side * side + 2 * coarse
    assert count(generator) == first + up + 16 * width * channels + channels
    down = sum(16 * fine * rough + rough for fine, rough in steps)  # kernel, bias
    discriminator = dcgan_discriminator(shape, rng=rng, width=width)
    head = coarse * side * side + 1
    assert count(discriminator) == 16 * channels * width + width + down + head
    normalised = dcgan_discriminator(shape, rng=rng, width=width, batch_norm=True)
    assert count(normalised) == count(discriminator) + sum(rough for _, rough in steps)


def test_dcgan_has_its_known_number_of_parameters_at_full_width(rng):
    # 100 * 128 * 49 + 256, 16 * 128 * 64 + 128, 16 * 64 + 1
    assert count(dcgan_generator(100, (1, 28, 28), rng=rng)) == 627_456 + 131_200 + 1_025 == 759_681
    # 16 * 64 + 64, 16 * 64 * 128 + 128, 128 * 49 + 1
    assert count(dcgan_discriminator((1, 28, 28), rng=rng)) == 1_088 + 131_200 + 6_273 == 138_561
    # 100 * 256 * 16 + 512, 16 * 256 * 128 + 256, 16 * 128 * 64 + 128, 16 * 64 * 3 + 3
    assert count(dcgan_generator(100, (3, 32, 32), rng=rng)) == 410_112 + 524_544 + 131_200 + 3_075


@pytest.mark.parametrize("sides", [(28, 28), (32, 32), (8, 16), (20, 28), (64, 64)])
def test_the_discriminator_sees_the_scales_that_the_generator_builds(sides, rng):
    shape = (1, *sides)
    generator, discriminator = (
        dcgan_generator(5, shape, rng=rng, width=2),
        dcgan_discriminator(shape, rng=rng, width=2),
    )

    def scales(network, x):
        seen = []
        for layer in network.layers:
            x = layer(x)
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | Unflatten):
                seen.append(tuple(x.shape[1:]))
        return seen

    up = scales(generator, torch.zeros(2, 5))
    down = scales(discriminator, torch.zeros(2, *shape))
    assert up[-1] == down[0] == shape
    assert up[::-1] == down


def test_dcgan_weights_are_normal_with_deviation_two_hundredths_and_biases_zero(rng):
    networks = [
        dcgan_generator(100, (3, 28, 28), rng=rng, width=32),
        dcgan_discriminator((3, 28, 28), rng=rng, width=32),
    ]
    for network in networks:
        for layer in network.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                weights = layer.weight.detach().flatten().numpy()
                assert stats.kstest(weights, stats.norm(0, 0.02).cdf).pvalue > 1e-4
                assert layer.bias is None or not layer.bias.any()


def test_the_generator_normalises_every_layer_but_the_last_and_the_critic_none(rng):
    generator, discriminator = pair_of("dcgan", (1, 32, 32))
    weighted = [m for m in generator.modules() if isinstance(m, nn.Linear | nn.ConvTranspose2d)]
    norms = [m for m in generator.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == len(weighted) - 1
    assert not list(discriminator.buffers())
    asked = dcgan_discriminator((1, 32, 32), rng=rng, width=4, batch_norm=True)
    assert [m.num_features for m in asked.modules() if isinstance(m, nn.BatchNorm2d)] == [8, 16]


def test_images_have_unit_scale_inside_the_generator_whatever_the_latents(rng):
    generator = dcgan_generator(10, (1, 28, 28), rng=rng, width=8)
    hidden = generator.layers[:3](7 + 5 * torch.randn(64, 10, generator=rng))
    assert_close(hidden.mean((0, 2, 3)), torch.zeros(16), rtol=0, atol=1e-10)
    assert_close(hidden.var((0, 2, 3), correction=0), torch.ones(16), rtol=1e-3, atol=0)


# --- Minibatch standard deviation ---


def test_minibatch_std_appends_the_mean_deviation_by_hand():
    x = torch.tensor([[0.0, 1.0, 7.0], [2.0, 5.0, 7.0]])  # deviations 1, 2, 0, so 1 on average
    expected = torch.tensor([[0.0, 1.0, 7.0, 1.0], [2.0, 5.0, 7.0, 1.0]])
    assert_close(MinibatchStd()(x), expected, rtol=0, atol=1e-4 / 3 + 1e-8)  # the root of the constant 1e-8


def test_minibatch_std_of_maps_is_numpys_and_the_same_at_each_place(rng):
    x = torch.randn(5, 3, 4, 6, generator=rng)
    y = MinibatchStd()(x)
    assert y.shape == (5, 4, 4, 6)
    assert torch.equal(y[:, :3], x)
    assert_close(y[:, 3], torch.full((5, 4, 6), x.numpy().std(0).mean()), rtol=1e-7, atol=0)


def test_minibatch_std_has_a_finite_gradient_where_all_samples_are_equal(rng):
    for n in (1, 4):
        x = torch.ones(n, 3, 2, 2, requires_grad=True)
        y = MinibatchStd()(x)
        assert_close(y[:, 3], torch.full((n, 2, 2), 1e-4), rtol=1e-10, atol=0)
        (gradient,) = torch.autograd.grad(y[:, 3].sum(), x)
        assert torch.equal(gradient, torch.zeros_like(x))


@pytest.mark.parametrize(
    "build",
    [
        lambda rng, **asked: mlp_discriminator((1, 8, 8), rng=rng, width=6, **asked),
        lambda rng, **asked: dcgan_discriminator((1, 8, 8), rng=rng, width=6, **asked),
        lambda rng, **asked: residual_discriminator((1, 8, 8), rng=rng, width=6, **asked),
    ],
)
def test_one_keyword_lets_a_discriminator_see_the_spread_of_its_batch(build, rng):
    plain, seeing = build(seeded()), build(seeded(), minibatch_std=True)
    extra = 16 if any(isinstance(layer, nn.Conv2d) for layer in plain.layers) else 1
    assert count(seeing) == count(plain) + extra  # one more feature at each of the 4x4 places
    x = torch.rand(4, 1, 8, 8, generator=rng)
    near, far = x.clone(), x.clone()
    far[1:] += 1
    assert_close(plain(near)[0], plain(far)[0], rtol=1e-12, atol=1e-14)
    assert (seeing(near)[0] - seeing(far)[0]).abs() > 1e-6
    assert any(getattr(module, "mixes_samples", False) for module in seeing.modules())
    assert not any(getattr(module, "mixes_samples", False) for module in plain.modules())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("generator", "discriminator"),
    [(dcgan_generator, dcgan_discriminator), (residual_generator, residual_discriminator)],
)
def test_maps_and_their_gradients_keep_the_channels_of_a_place_together(
    generator, discriminator, channels, rng
):
    shape, together = (channels, 16, 16), []
    players = generator(5, shape, rng=rng, width=4), discriminator(shape, rng=rng, width=4)

    def look(x):
        together.append(x.stride(1) == 1)

    def look_at_both(module, given, output):
        look(output)
        output.register_hook(look)

    for player in players:
        for layer in player.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.out_channels > 1:
                layer.register_forward_hook(look_at_both)
    players[1](players[0](torch.randn(2, 5, generator=rng))).sum().backward()
    assert len(together) >= 6
    assert all(together)


def test_rows_of_maps_list_place_after_place_and_become_the_maps_again(rng):
    maps = torch.rand(2, 3, 4, 5, generator=rng)
    rows = [[maps[n, c, i, j] for i in range(4) for j in range(5) for c in range(3)] for n in range(2)]
    assert Flatten()(maps).tolist() == torch.tensor(rows).tolist()
    assert Unflatten((3, 4, 5))(torch.tensor(rows)).equal(maps)


# --- Residual ---


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (2, 8, 8)])
def test_residual_parameters_are_counted_by_arithmetic(shape, depth, rng):
    width, channels, (side, k) = 4, shape[0], halvings(shape[1])
    scales = [width << i for i in range(k)]
    blocks = depth * sum((c * c + c) + (9 * c * c + c) + (c * c + c) for c in scales)
    coarse = scales[-1] * side * side
    generator = residual_generator(5, shape, rng=rng, width=width, depth=depth)
    halving = sum(2 * c * c + c for c in scales[:-1])
    assert count(generator) == 5 * coarse + coarse + blocks + halving + 16 * width * channels + channels
    discriminator = residual_discriminator(shape, rng=rng, width=width, depth=depth)
    doubling = sum(2 * c * c + 2 * c for c in scales[:-1])
    assert count(discriminator) == 16 * channels * width + width + blocks + doubling + coarse + 1


def test_the_residual_critic_starts_as_an_affine_function_and_does_not_stay_one(rng):
    critic = residual_discriminator((1, 28, 28), rng=rng, width=4, depth=2)
    x, y = torch.randn(2, 3, 1, 28, 28, generator=rng)
    middle = (critic(x) + critic(y)) / 2
    assert_close(critic((x + y) / 2), middle, rtol=1e-10, atol=1e-12)
    with torch.no_grad():
        for block in critic.modules():
            if isinstance(block, ResidualBlock):
                block.branch[-1].weight.normal_(generator=rng)
    assert not torch.allclose(critic((x + y) / 2), (critic(x) + critic(y)) / 2, rtol=1e-2)


def test_a_residual_block_adds_its_branch_to_its_input(rng):
    block = ResidualBlock(3, rng, blocks=1)
    x = torch.randn(2, 3, 5, 5, generator=rng)
    assert torch.equal(block(x), x)
    first, second, third = [m for m in block.modules() if isinstance(m, nn.Conv2d)]
    initialize(third, rng)
    y = conv2d(x, first.weight, first.bias)
    y = conv2d(torch.maximum(y, 0.2 * y), second.weight, second.bias, padding=1)
    y = conv2d(torch.maximum(y, 0.2 * y), third.weight, third.bias)
    assert_close(block(x), x + y, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("blocks", [1, 2, 16])
def test_the_branch_starts_with_he_deviations_shrunk_by_the_fourth_root_of_the_blocks(blocks, rng):
    block = ResidualBlock(48, rng, blocks=blocks)
    first, second, third = [m for m in block.modules() if isinstance(m, nn.Conv2d)]
    for layer, inputs in ((first, 48), (second, 9 * 48)):
        deviation = math.sqrt(2 / (1 + 0.2**2) / inputs) / blocks ** (1 / 4)
        weights = layer.weight.detach().flatten().numpy()
        assert stats.kstest(weights, stats.norm(0, deviation).cdf).pvalue > 1e-4
    assert not any(p.any() for p in (third.weight, third.bias, first.bias, second.bias))


def test_the_first_images_of_the_residual_generator_have_unit_scale_before_tanh(rng):
    image = residual_generator(8, (2, 28, 28), rng=rng).layers[-2]
    x = torch.randn(64, 32, 14, 14, generator=rng)
    pixels = image(x)[:, :, 1:-1, 1:-1]
    assert_close(pixels.var((0, 2, 3)), torch.ones(2), rtol=0.25, atol=0)  # 512 weights a channel, 3 errors


@pytest.mark.parametrize("name", NETWORKS)
def test_after_one_step_a_gradient_reaches_every_weight(name, rng):
    networks = nn.ModuleList(pair_of(name, (1, 28, 28)))
    z = torch.randn(8, 6, generator=rng)
    optimizer = torch.optim.SGD(networks.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        networks[1](networks[0](z)).square().mean().backward()
        optimizer.step()
    for path, parameter in networks.named_parameters():
        assert parameter.grad.any(), path


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "dcgan"])
def test_a_stack_of_pairs_is_each_of_them_under_vmap(name, rng):
    pairs = [pair_of(name, (1, 8, 8), seed=seed) for seed in range(2)]
    z = torch.randn(3, 6, generator=rng)
    slopes = []
    for generator, discriminator in pairs:
        x = generator(z).detach().requires_grad_()
        (slope,) = torch.autograd.grad(discriminator(x).sum(), x)
        slopes.append(slope)

    def slope_of(generating, judging):
        x = functional_call(pairs[0][0], generating, (z,))
        return grad(lambda x: functional_call(pairs[0][1], judging, (x,)).sum())(x)

    generating, judging = (stack_module_state(list(networks))[0] for networks in zip(*pairs, strict=True))
    assert_close(vmap(slope_of)(generating, judging), torch.stack(slopes), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("critic", [dcgan_discriminator, residual_discriminator])
def test_the_penalty_on_a_slope_has_the_right_gradient_in_the_weights(critic, rng):
    """Double backward against finite differences along one direction."""
    critic = critic((1, 8, 8), rng=rng, width=3)
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=rng), alpha=0.1)
    x = torch.randn(4, 1, 8, 8, generator=rng)
    weights = {name: parameter.detach() for name, parameter in critic.named_parameters()}
    direction = {name: torch.randn(w.shape, generator=rng) for name, w in weights.items()}

    def penalty(t):
        moved = {name: w + t * direction[name] for name, w in weights.items()}
        slope = grad(lambda x: functional_call(critic, moved, (x,)).sum())(x)
        return slope.square().sum()

    step = torch.tensor(1e-6)
    difference = (penalty(step) - penalty(-step)) / (2 * step)
    assert_close(grad(penalty)(torch.tensor(0.0)), difference, rtol=1e-5, atol=0)


# --- Styles ---


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (2, 8, 8)])
def test_style_parameters_are_counted_by_arithmetic(shape, rng):
    latent_dim, width, (side, k) = 5, 4, halvings(shape[1])
    generator = style_generator(latent_dim, shape, rng=rng, width=width, depth=3)
    scales = [width << i for i in reversed(range(k))]
    total = 3 * (latent_dim * latent_dim + latent_dim) + scales[0] * side * side
    for inputs, outputs in pairwise([scales[0], *scales, shape[0]]):
        total += 9 * inputs * outputs + outputs + latent_dim * inputs + inputs
    assert count(generator) == total


@pytest.mark.parametrize("demodulated", [True, False])
def test_a_modulated_convolution_has_weights_of_its_own_for_each_sample(demodulated, rng):
    layer = ModulatedConv(3, 2, 4, rng, demodulated=demodulated)
    layer.convolution.bias.data.normal_(generator=rng)
    layer.scale.bias.data.normal_(generator=rng)
    x, style = torch.randn(5, 3, 6, 6, generator=rng), torch.randn(5, 4, generator=rng)
    together = layer(x, style)
    layer.requires_grad_(False)
    for n in range(5):
        s = [1 + float(layer.scale.weight[i] @ style[n]) + float(layer.scale.bias[i]) for i in range(3)]
        weight = layer.convolution.weight.detach().clone()
        for j in range(2):
            for i in range(3):
                weight[j, i] *= s[i]
            if demodulated:
                weight[j] /= math.sqrt(float(weight[j].square().sum()) + 1e-8)
        alone = conv2d(x[n : n + 1], weight, layer.convolution.bias, padding=1)
        assert_close(together[n : n + 1], alone, rtol=1e-10, atol=1e-12)


def test_demodulation_gives_unit_variance_for_independent_unit_inputs(rng):
    layer = ModulatedConv(8, 4, 3, rng)
    x = torch.randn(300, 8, 12, 12, generator=rng)
    style = 3 * torch.randn(1, 3, generator=rng).expand(300, 3)
    inside = layer(x, style)[:, :, 1:-1, 1:-1]  # padding takes inputs away at the rim
    # 30 000 values a channel, 9 neighbours alike: 5 standard errors are below 5 sqrt(2 * 9 / 30 000)
    assert_close(inside.var((0, 2, 3)), torch.ones(4), rtol=0.12, atol=0)


def test_the_length_of_a_latent_does_not_matter_to_its_style(rng):
    generator = style_generator(6, (1, 8, 8), rng=rng, width=4)
    z = torch.randn(3, 6, generator=rng)
    assert_close(generator(7 * z), generator(z), rtol=1e-6, atol=1e-8)
    assert not torch.allclose(generator(-z), generator(z), rtol=1e-3)


def test_images_are_made_from_styles_alone(rng):
    generator = style_generator(6, (1, 8, 8), rng=rng, width=4)
    z = torch.randn(3, 6, generator=rng)
    styles = generator.styles(z)
    unit = z / z.square().mean(1, keepdim=True).sqrt()
    first, second = linears(generator.mapping)
    hidden = unit @ first.weight.T + first.bias
    hidden = torch.maximum(hidden, 0.2 * hidden) @ second.weight.T + second.bias
    assert_close(styles, torch.maximum(hidden, 0.2 * hidden), rtol=1e-6, atol=1e-8)
    assert torch.equal(generator.synthesize(styles), generator(z))
    alike = generator.synthesize(styles[:1].expand(4, 6))
    assert_close(alike, alike[:1].expand(4, 1, 8, 8), rtol=1e-12, atol=1e-14)


def test_an_image_grows_from_the_constant_scale_by_scale(rng):
    generator = style_generator(6, (1, 28, 28), rng=rng, width=4)
    styles = torch.randn(2, 6, generator=rng)
    first, second, last = generator.convolutions
    x = first(generator.constant.expand(2, 8, 7, 7), styles)
    x = torch.maximum(x, 0.2 * x).repeat_interleave(2, 2).repeat_interleave(2, 3)
    x = second(x, styles)
    x = torch.maximum(x, 0.2 * x).repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert_close(generator.synthesize(styles), last(x, styles).tanh(), rtol=1e-10, atol=1e-12)
    assert [layer.demodulated for layer in (first, second, last)] == [True, True, False]


# --- Classes ---

CONDITIONED = [(2,), (1, 28, 28), (3, 32, 32)]


def told(shape, *, seed=0, **settings):
    """A small pair that knows five classes."""
    rng = seeded(seed)
    generator = conditional_generator(3, shape, classes=5, rng=rng, width=4, **settings)
    return generator, projection_discriminator(shape, classes=5, rng=rng, width=4)


@pytest.mark.parametrize("shape", CONDITIONED)
def test_a_pair_with_classes_takes_labels_and_says_how_many_there_are(shape, rng):
    generator, discriminator = told(shape)
    assert (generator.classes, discriminator.classes, generator.latent_dim) == (5, 5, 3)
    for labels in (torch.tensor([2]), torch.tensor([0, 4, 4])):
        samples = generator(torch.randn(len(labels), 3, generator=rng), labels)
        assert samples.shape == (len(labels), *shape)
        scores = discriminator(samples, labels)
        assert scores.shape == labels.shape
        gradients = torch.autograd.grad(scores.sum(), [*generator.parameters(), *discriminator.parameters()])
        assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_without_labels_have_no_classes(name):
    assert not any(hasattr(network, "classes") for network in pair_of(name, (1, 8, 8)))


def test_the_projection_is_linear_in_the_vector_of_the_class(rng):
    _, discriminator = told((2,))
    x, table = torch.randn(6, 2, generator=rng), discriminator.embedding.weight.data
    table[0] = 0
    table[3] = 2 * table[1] - 5 * table[2]
    none, one, two, three = (discriminator(x, torch.full((6,), y)) for y in range(4))
    assert_close(three - none, 2 * (one - none) - 5 * (two - none), rtol=1e-10, atol=1e-12)
    assert_close(none, discriminator.inner(x), rtol=1e-12, atol=1e-14)
    features = discriminator.inner.layers[:-1](x)
    assert_close(one - two, features @ (table[1] - table[2]), rtol=1e-10, atol=1e-12)


def test_the_slope_of_the_score_is_that_of_both_its_terms(rng):
    _, discriminator = told((2,))
    x = torch.randn(6, 2, generator=rng)
    labels, step = torch.tensor([0, 1, 2, 3, 4, 4]), 1e-6 * torch.randn(6, 2, generator=rng)
    slope = grad(lambda x: discriminator(x, labels).sum())(x)
    rise = discriminator(x + step, labels).sum() - discriminator(x - step, labels).sum()
    assert_close((slope * step).sum(), rise / 2, rtol=1e-5, atol=0)


@pytest.mark.parametrize("shape", CONDITIONED)
def test_a_vector_of_a_class_has_the_size_of_the_features_and_unit_length_at_the_start(shape):
    _, discriminator = told(shape)
    features = discriminator.inner.layers[-1].in_features
    assert discriminator.embedding.weight.shape == (5, features)
    lengths = projection_discriminator(shape, classes=2_000, rng=seeded(), width=4).embedding.weight
    # The mean of 2 000 F squares of N(0, 1 / F), within 5 standard errors
    assert_close(
        lengths.square().sum(1).mean().item(), 1.0, rtol=0, atol=5 * math.sqrt(2 / (2_000 * features))
    )


def test_the_generator_reads_the_vector_of_the_class_beside_the_latents(rng):
    generator, _ = told((2,), embedding_dim=7)
    z = torch.randn(4, 3, generator=rng)
    vectors = generator.embedding.weight[[1, 1, 0, 4]]
    assert vectors.shape == (4, 7)
    samples = generator(z, torch.tensor([1, 1, 0, 4]))
    assert_close(samples, generator.inner(torch.cat([z, vectors], 1)), rtol=1e-12, atol=1e-14)
    assert not torch.allclose(samples, generator(z, torch.tensor([2, 2, 2, 2])))


def test_a_class_that_is_not_in_the_batch_gets_no_gradient(rng):
    generator, discriminator = told((2,))
    labels = torch.tensor([1, 3, 3])
    discriminator(generator(torch.randn(3, 3, generator=rng), labels), labels).sum().backward()
    for network in (generator, discriminator):
        reached = network.embedding.weight.grad.any(1)
        assert reached.tolist() == [False, True, False, True, False]


def test_classes_cost_their_vectors_and_the_wider_input(rng):
    generator = conditional_generator(100, (1, 28, 28), classes=10, rng=rng)
    assert count(generator) == count(dcgan_generator(116, (1, 28, 28), rng=rng)) + 10 * 16
    discriminator = projection_discriminator((1, 28, 28), classes=10, rng=rng)
    assert count(discriminator) == count(dcgan_discriminator((1, 28, 28), rng=rng)) + 10 * 128 * 7 * 7
    pointwise = projection_discriminator((2,), classes=8, rng=rng)
    assert count(pointwise) == count(mlp_discriminator((2,), rng=rng)) + 8 * 128


def test_another_architecture_may_be_told_the_classes(rng):
    generator = conditional_generator(
        3, (1, 8, 8), classes=5, rng=rng, architecture=partial(residual_generator, width=4)
    )
    discriminator = projection_discriminator(
        (1, 8, 8), classes=5, rng=rng, width=4, architecture=residual_discriminator
    )
    labels = torch.tensor([0, 4])
    assert discriminator(generator(torch.zeros(2, 3), labels), labels).shape == (2,)


def test_a_stack_of_pairs_with_classes_is_each_of_them_under_vmap(rng):
    pairs = [told((2,), seed=seed) for seed in range(2)]
    z, labels = torch.randn(6, 3, generator=rng), torch.tensor([0, 1, 2, 3, 4, 4])
    alone = torch.stack([judge(made(z, labels), labels) for made, judge in pairs])

    def scores(generating, judging):
        x = functional_call(pairs[0][0], generating, (z, labels))
        return functional_call(pairs[0][1], judging, (x, labels))

    generating, judging = (stack_module_state(list(networks))[0] for networks in zip(*pairs, strict=True))
    assert_close(vmap(scores)(generating, judging), alone, rtol=1e-12, atol=1e-14)


def test_a_seed_alone_gives_the_pair_with_classes():
    for one, same, other in zip(told((2,)), told((2,)), told((2,), seed=1), strict=True):
        for a, b, c in zip(one.parameters(), same.parameters(), other.parameters(), strict=True):
            assert torch.equal(a, b)
            assert not torch.equal(a, c)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (torch.tensor([0, 5]), r"`labels` must lie in 0 \.\. 4, got values from 0 to 5"),
        (torch.tensor([-1, 1]), r"`labels` must lie in 0 \.\. 4, got values from -1 to 1"),
        (torch.tensor([1]), r"`labels` must be int64 of shape \(2,\), got torch\.int64 of shape \(1,\)"),
        (torch.tensor([[0], [1]]), r"`labels` must be int64 of shape \(2,\), got .* of shape \(2, 1\)"),
        (torch.ones(2), r"`labels` must be int64 of shape \(2,\), got torch\.float32"),
    ],
)
def test_labels_that_are_none_are_refused(labels, message):
    generator, discriminator = told((2,))
    with pytest.raises(ValueError, match=message):
        generator(torch.zeros(2, 3), labels)
    with pytest.raises(ValueError, match=message):
        discriminator(torch.zeros(2, 2), labels)


def test_a_pair_with_classes_refuses_bad_sizes_and_inputs_by_name(rng):
    for name in ("latent_dim", "classes", "embedding_dim"):
        sizes = {"latent_dim": 3, "classes": 5, "embedding_dim": 4} | {name: 0}
        with pytest.raises(ValueError, match=f"`{name}` must be a positive integer, got 0"):
            conditional_generator(sizes.pop("latent_dim"), (2,), rng=rng, **sizes)
    with pytest.raises(ValueError, match="`classes` must be a positive integer, got 0"):
        projection_discriminator((2,), classes=0, rng=rng)
    for build in (projection_discriminator, partial(conditional_generator, 3)):
        with pytest.raises(ValueError, match="`shape` must hold positive integers, got 2"):
            build(2, classes=5, rng=rng)
    generator, discriminator = told((2,))
    with pytest.raises(ValueError, match=r"`z` must have shape \(N, 3\), got \(1, 4\)"):
        generator(torch.zeros(1, 4), torch.tensor([0]))
    with pytest.raises(ValueError, match=r"`x` must have shape \(N, 2\), got \(1, 3\)"):
        discriminator(torch.zeros(1, 3), torch.tensor([0]))


# --- What is refused ---


@pytest.mark.parametrize(
    "build", [dcgan_discriminator, lambda shape, rng: dcgan_generator(4, shape, rng=rng)]
)
@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2,), r"`shape` must be \(C, H, W\), got \(2,\)"),
        ((28, 28), r"`shape` must be \(C, H, W\), got \(28, 28\)"),
        ((1, 6, 6), r"`shape` must have even sides of at least 8 pixels, got \(1, 6, 6\)"),
        ((1, 28, 27), r"`shape` must have even sides of at least 8 pixels, got \(1, 28, 27\)"),
        ((1, 0, 8), r"`shape` must hold positive integers, got \(1, 0, 8\)"),
    ],
)
def test_images_that_cannot_be_halved_are_refused(build, shape, message, rng):
    with pytest.raises(ValueError, match=message):
        build(shape, rng=rng)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_pair_refuses_bad_sizes_inputs_and_streams_by_name(name, rng):
    generator, discriminator = NETWORKS[name]
    with pytest.raises(ValueError, match="`latent_dim` must be a positive integer, got 0"):
        generator(0, (1, 8, 8), rng=rng)
    for build in (discriminator, lambda shape, **settings: generator(4, shape, **settings)):
        with pytest.raises(ValueError, match=r"`width` must be a positive integer, got 2\.5"):
            build((1, 8, 8), rng=rng, width=2.5)
        with pytest.raises(TypeError, match=r"`rng` must be a torch\.Generator, got int"):
            build((1, 8, 8), rng=0)
    made, judge = pair_of(name, (1, 8, 8))
    with pytest.raises(ValueError, match=r"`z` must have shape \(N, 6\), got \(2, 5\)"):
        made(torch.zeros(2, 5))
    with pytest.raises(ValueError, match=r"`x` must have shape \(N, 1, 8, 8\), got \(2, 1, 8, 9\)"):
        judge(torch.zeros(2, 1, 8, 9))


def test_a_negative_deviation_is_refused(rng):
    with pytest.raises(ValueError, match=r"`std` must be at least 0, got -0\.1"):
        initialize(nn.Linear(2, 2), rng, std=-0.1)


@pytest.mark.parametrize("kind", [nn.Conv1d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose3d])
def test_convolutions_of_any_dimension_are_drawn_from_the_stream_alone(kind):
    def drawn(seed):
        torch.manual_seed(seed)
        return initialize(kind(2, 3, 3), torch.Generator().manual_seed(0)).weight

    assert torch.equal(drawn(0), drawn(1))


def test_a_parametrised_layer_is_not_drawn():
    network = nn.Sequential(nn.Linear(2, 2), nn.utils.parametrizations.spectral_norm(nn.Linear(2, 2)))
    with pytest.raises(ValueError, match="must not be parametrised before its draw, got layer `1`"):
        initialize(network, torch.Generator().manual_seed(0), std=0.02)
