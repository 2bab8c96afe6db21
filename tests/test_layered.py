"""Truth here: parameter counts by arithmetic, the networks written out, means over blocks, convexity."""

import math
from itertools import pairwise

import pytest
import torch
from torch.nn.functional import conv2d
from torch.testing import assert_close

from ganlab.networks import layered_discriminator, layered_generator, level_of, mixed


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def made(shape=(1, 8, 8), *, seed=0, **settings):
    generator = layered_generator(6, shape, rng=seeded(seed), width=3, **settings)
    for parameter in generator.parameters():  # biases and strengths start at zero, where they show nothing
        if parameter.ndim == 1:
            parameter.data.normal_(generator=seeded(parameter.numel()))
    return generator


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def scales_of(shape, width):
    side, channels = shape[1], [width]
    while side % 2 == 0 and side >= 8:
        side, channels = side // 2, [2 * channels[0], *channels]
    return side, channels


def enlarged(x, times=2):
    return x.repeat_interleave(times, 2).repeat_interleave(times, 3)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (2, 8, 8)])
@pytest.mark.parametrize("grows", [False, True])
def test_parameters_are_counted_by_arithmetic(shape, grows, rng):
    dim, (side, channels) = 5, scales_of(shape, 4)
    generator = layered_generator(dim, shape, rng=rng, width=4, depth=3, noise=True, grows=grows)
    sizes = [channels[0]] + [c for c in channels for _ in range(2)]
    total = 3 * (dim * dim + dim) + channels[0] * side * side + 2 * len(channels)
    total += sum(9 * a * b + b + (dim + 1) * a for a, b in pairwise(sizes))
    total += sum((c + 1) * shape[0] for c in channels)
    assert count(generator) == total
    assert generator.style_layers == 2 * len(channels)
    places = sum(2 * (shape[1] >> k) * (shape[2] >> k) for k in range(len(channels)))
    assert generator.noise_places == places
    discriminator = layered_discriminator(shape, rng=rng, width=4, minibatch_std=True, grows=grows)
    readers = [(16 * shape[0] + 1) * c for c in channels[:-1]]
    total = sum(readers) + (9 * shape[0] + 1) * channels[0] if grows else readers[-1]
    total += sum(11 * c * c + 3 * c for c in channels[:-1])
    total += sum(b * a + a for a, b in pairwise(channels[:-1]))
    assert count(discriminator) == total + (channels[0] + 1) * side * side + 1


def layer(generator, index, x, style):
    """A modulated convolution written out, sample by sample."""
    own, found = generator.convolutions[index], []
    for n in range(len(x)):
        scale = 1 + own.scale(style[n])
        weight = own.convolution.weight * scale[None, :, None, None]
        weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        found.append(conv2d(x[n : n + 1], weight, own.convolution.bias, padding=1))
    return torch.cat(found)


def by_hand(generator, styles, noise):
    """The images of all scales of an 8x8 generator, before they are joined."""
    x = generator.constant.permute(2, 0, 1)[None].repeat(len(styles), 1, 1, 1)
    images, start = [], 0
    for index, side in enumerate((4, 4, 8, 8)):
        x = enlarged(x) if index == 2 else x
        x = layer(generator, index, x, styles[:, index])
        own = noise[:, start : start + side * side].reshape(-1, 1, side, side)
        x = x + generator.strengths[index] * own
        x, start = math.sqrt(2 / 1.04) * torch.maximum(x, 0.2 * x), start + side * side
        if index % 2:
            images.append(
                conv2d(x, generator.pictures[index // 2].weight, generator.pictures[index // 2].bias)
            )
    return images


def test_an_image_is_the_sum_over_the_scales_under_a_style_and_a_noise_map_for_each_layer(rng):
    generator = made(noise=True)
    styles = torch.randn(3, 4, 6, generator=rng)
    noise = torch.randn(3, generator.noise_places, generator=rng)
    coarse, fine = by_hand(generator, styles, noise)
    assert_close(generator.synthesize(styles, noise), (enlarged(coarse) + fine).tanh(), rtol=1e-8, atol=1e-10)
    silent = generator.synthesize(styles, torch.zeros_like(noise))
    assert_close(generator.synthesize(styles), silent, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_while_a_scale_fades_in_the_image_is_a_convex_combination(share, rng):
    generator = made(noise=True, grows=True)
    styles = torch.randn(3, 4, 6, generator=rng)
    noise = torch.randn(3, generator.noise_places, generator=rng)
    coarse, fine = (image.tanh() for image in by_hand(generator, styles, noise))
    generator.level.fill_(0)
    assert_close(generator.synthesize(styles, noise), enlarged(coarse), rtol=1e-8, atol=1e-10)
    generator.level.fill_(share)
    expected = share * fine + (1 - share) * enlarged(coarse)
    assert_close(generator.synthesize(styles, noise), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0, 1.7])
def test_a_level_shows_the_generator_as_blocks_and_the_discriminator_their_means(level, rng):
    generator = made((1, 28, 28), grows=True)
    discriminator = layered_discriminator((1, 28, 28), rng=rng, width=4, grows=True)
    generator.level.fill_(level), discriminator.level.fill_(level)
    finest = math.ceil(level)
    block = 4 >> finest
    images = generator(torch.randn(3, 6, generator=rng))
    assert_close(images, enlarged(images[:, :, ::block, ::block], block), rtol=0, atol=0)
    x = torch.randn(5, 1, 28, 28, generator=rng)
    seen = x.unflatten(2, (-1, block)).unflatten(4, (-1, block)).mean((3, 5))
    assert_close(discriminator(x), discriminator(enlarged(seen, block)), rtol=1e-9, atol=1e-11)
    scores = discriminator(x)
    if block > 1:
        return
    finer = x + torch.randn(5, 1, 28, 28, generator=rng)
    assert not torch.allclose(discriminator(finer), scores)


def test_a_scale_fades_in_without_a_jump(rng):
    generator = made((1, 28, 28), grows=True)
    discriminator = layered_discriminator((1, 28, 28), rng=rng, width=4, grows=True)
    for layer_of in discriminator.modules():  # a block begins as the identity, which would hide a wrong order
        if hasattr(layer_of, "branch"):
            layer_of.branch[-1].weight.data.normal_(generator=rng)
    z, x = torch.randn(3, 6, generator=rng), torch.randn(3, 1, 28, 28, generator=rng)
    for level in (0.0, 1.0):
        found = []
        for at in (level, level + 1e-7):
            generator.level.fill_(at), discriminator.level.fill_(at)
            found.append((generator(z), discriminator(x)))
        assert_close(found[1], found[0], rtol=1e-5, atol=1e-5)
        generator.level.fill_(level + 1), discriminator.level.fill_(level + 1)
        assert not torch.allclose(generator(z), found[0][0], atol=1e-3)
        assert not torch.allclose(discriminator(x), found[0][1], atol=1e-3)


def test_at_its_last_level_a_discriminator_that_grew_is_one_that_did_not(rng):
    grown = layered_discriminator((1, 28, 28), rng=rng, width=4, grows=True)
    plain = layered_discriminator((1, 28, 28), rng=rng, width=4)
    state = {
        name: value for name, value in grown.state_dict().items() if not name.startswith(("readers", "level"))
    }
    state |= {f"readers.0.{name}": value for name, value in grown.readers[2].state_dict().items()}
    plain.load_state_dict(state)
    x = torch.randn(3, 1, 28, 28, generator=rng)
    assert torch.equal(grown(x), plain(x))


def test_layers_from_the_cut_on_have_the_other_style(rng):
    generator = made()
    z, other = torch.randn(5, 6, generator=rng), torch.randn(5, 6, generator=rng)
    w, v = generator.styles(z), generator.styles(other)
    for cut in range(5):
        rows = [[(w if index < cut else v)[n] for index in range(4)] for n in range(5)]
        expected = generator.synthesize(torch.stack([torch.stack(row) for row in rows]))
        assert_close(generator(z, None, other, torch.full((5,), cut)), expected, rtol=1e-12, atol=1e-14)
    assert torch.equal(generator(z, None, other, torch.full((5,), 4)), generator(z))
    each = mixed(w[:, None].expand(-1, 4, -1), v[:, None].expand(-1, 4, -1), torch.arange(5))
    assert_close(each[3, :, 0], torch.stack([w[3, 0]] * 3 + [v[3, 0]]), rtol=0, atol=0)


def test_a_coarse_style_moves_the_coarse_image_and_a_fine_one_does_not(rng):
    generator = made(grows=True)
    generator.level.fill_(0)
    styles = torch.randn(2, 4, 6, generator=rng)
    fine = torch.cat([styles[:, :2], torch.randn(2, 2, 6, generator=rng)], 1)
    assert torch.equal(generator.synthesize(styles), generator.synthesize(fine))
    assert not torch.allclose(generator.synthesize(styles), generator.synthesize(fine.flip(0)))


@pytest.mark.parametrize("scales", [2, 3, 5])
def test_growth_waits_and_fades_in_equal_parts(scales):
    part = 1 / (2 * (scales - 1))
    for scale in range(scales - 1):
        start = 2 * scale * part
        assert level_of(start + 0.5 * part, scales) == pytest.approx(scale, abs=1e-12)
        assert level_of(start + 1.5 * part, scales) == pytest.approx(scale + 0.5, abs=1e-12)
    shares = [k / 1000 for k in range(1001)]
    levels = [level_of(share, scales) for share in shares]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, scales - 1)
    assert max(b - a for a, b in pairwise(levels)) < 2.01 * (scales - 1) / 1000


def test_the_mean_style_is_that_of_many_latents(rng):
    generator = made()
    found = generator.styles(torch.randn(40_000, 6, generator=rng))
    error = found.std(0) * (1 / 40_000 + 1 / 10_000) ** 0.5
    assert ((generator.mean_style() - found.mean(0)).abs() < 5 * error).all()
    assert torch.equal(generator.mean_style(), generator.mean_style())


def test_without_a_mapping_the_style_is_the_latent_at_mean_square_one(rng):
    generator = made(depth=0)
    z = torch.randn(5, 6, generator=rng)
    styles = generator.styles(z)
    lengths = [sum(float(x) ** 2 for x in row) for row in styles]
    assert lengths == pytest.approx([6.0] * 5, rel=1e-6)
    for own, style in zip(z, styles, strict=True):
        assert_close(style / style[0], own / own[0], rtol=1e-9, atol=1e-12)
        assert style[0] * own[0] > 0
    assert_close(generator(z), generator.synthesize(styles), rtol=0, atol=0)
    assert_close(generator(3 * z), generator(z), rtol=1e-5, atol=1e-6)
    mapped = made(depth=2)
    assert count(mapped) - count(generator) == 2 * (6 * 6 + 6)
    assert not list(generator.mapping.parameters())
    with pytest.raises(ValueError, match="`depth` must be a positive integer, got -1"):
        made(depth=-1)


def test_wrong_shapes_are_refused():
    generator = made(noise=True)
    with pytest.raises(ValueError, match=r"`z` must have shape \(N, 6\), got \(2, 5\)"):
        generator(torch.zeros(2, 5))
    with pytest.raises(ValueError, match=r"`styles` must have shape \(N, 4, 6\), got \(2, 3, 6\)"):
        generator.synthesize(torch.zeros(2, 3, 6))
    with pytest.raises(ValueError, match=r"`noise` must have shape \(2, 160\), got \(2, 64\)"):
        generator(torch.zeros(2, 6), torch.zeros(2, 64))
    discriminator = layered_discriminator((1, 8, 8), rng=seeded())
    with pytest.raises(ValueError, match=r"`x` must have shape \(N, 1, 8, 8\), got \(2, 1, 8, 4\)"):
        discriminator(torch.zeros(2, 1, 8, 4))


def test_a_second_style_needs_to_know_where_it_begins(rng):
    generator = layered_generator(4, (1, 8, 8), width=2, rng=rng)
    z = torch.randn(3, 4, generator=rng)
    for given in ({"second": z}, {"cut": torch.ones(3, dtype=torch.long)}):
        with pytest.raises(ValueError, match="`second` and `cut` must be given together"):
            generator(z, **given)
