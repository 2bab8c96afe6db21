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

from ganlab.networks import (
    NETWORKS,
    MinibatchStd,
    dcgan_discriminator,
    dcgan_generator,
    initialize,
    mlp_discriminator,
    mlp_generator,
)

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
            if isinstance(layer, nn.Unflatten | nn.Conv2d | nn.ConvTranspose2d):
                seen.append(tuple(x.shape[1:]))
        return seen

    up = scales(generator, torch.zeros(2, 5))
    down = scales(discriminator, torch.zeros(2, *shape))
    assert up[-1] == shape
    assert up[-2::-1] == down


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
    ],
)
def test_one_keyword_lets_a_discriminator_see_the_spread_of_its_batch(build, rng):
    plain, seeing = build(seeded()), build(seeded(), minibatch_std=True)
    extra = {"Linear": 1, "Conv2d": 16}["Conv2d" if isinstance(plain.layers[0], nn.Conv2d) else "Linear"]
    assert count(seeing) == count(plain) + extra  # one more feature at each of the 4x4 places
    x = torch.rand(4, 1, 8, 8, generator=rng)
    near, far = x.clone(), x.clone()
    far[1:] += 1
    assert_close(plain(near)[0], plain(far)[0], rtol=1e-12, atol=1e-14)
    assert (seeing(near)[0] - seeing(far)[0]).abs() > 1e-6
    assert any(getattr(module, "mixes_samples", False) for module in seeing.modules())
    assert not any(getattr(module, "mixes_samples", False) for module in plain.modules())


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


def test_a_deviation_that_is_not_positive_is_refused(rng):
    with pytest.raises(ValueError, match="`std` must be positive, got 0"):
        initialize(nn.Linear(2, 2), rng, std=0.0)
