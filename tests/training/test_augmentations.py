"""Truth here: each change written out pixel by pixel, finite differences, and what a network is shown."""

import numpy as np
import pytest
import torch
from oracles.games import same_side_by_side
from torch import nn
from torch.autograd import gradcheck
from torch.func import vmap
from torch.testing import assert_close

from ganlab import data
from ganlab.experiments import EXPERIMENTS, build, build_game, change
from ganlab.losses import non_saturating, relativistic_pairing
from ganlab.networks import mlp_generator
from ganlab.regularizers import r1, r2
from ganlab.training import (
    GAN,
    Penalty,
    discriminator_objective,
    draw_for_discriminator,
    draw_for_generator,
    generator_objective,
    train,
)
from ganlab.training.augmentations import AUGMENTATIONS, augment, check_policy, numbers_of
from ganlab.training.distributed import Group

ALL = tuple(AUGMENTATIONS)
SHAPES = [(4, 3, 8, 6), (3, 1, 28, 28), (5, 2, 5, 7), (2, 1, 1, 1)]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def images(*shape, seed=1):
    return 2 * torch.rand(shape, generator=seeded(seed), dtype=torch.float64) - 1


def numbers(count, policy, seed=2):
    return torch.rand((count, numbers_of(policy)), generator=seeded(seed), dtype=torch.float64)


def colour_by_hand(x, u):
    x = x + u[0] - 0.5
    grey = x.sum(0) / len(x)
    x = np.stack([grey + (x[c] - grey) * u[1] * 2 for c in range(len(x))])
    middle = x.sum() / x.size
    return middle + (x - middle) * (u[2] + 0.5)


def translation_by_hand(x, u):
    sides, y = x.shape[1:], np.zeros_like(x)
    most = [int(side * 0.125 + 0.5) for side in sides]
    s, t = (int(u[axis] * (2 * most[axis] + 1)) - most[axis] for axis in (0, 1))
    for i in range(sides[0]):
        for j in range(sides[1]):
            if 0 <= i + s < sides[0] and 0 <= j + t < sides[1]:
                y[:, i, j] = x[:, i + s, j + t]
    return y


def cutout_by_hand(x, u):
    sides, y = x.shape[1:], x.copy()
    size = [int(side * 0.5 + 0.5) for side in sides]
    middle = [int(u[axis] * (sides[axis] + 1 - size[axis] % 2)) for axis in (0, 1)]
    for a in range(size[0]):
        for b in range(size[1]):
            i, j = middle[0] - size[0] // 2 + a, middle[1] - size[1] // 2 + b
            if 0 <= i < sides[0] and 0 <= j < sides[1]:
                y[:, i, j] = 0
    return y


BY_HAND = {"colour": colour_by_hand, "translation": translation_by_hand, "cutout": cutout_by_hand}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("policy", [*((name,) for name in ALL), ALL, ("cutout", "colour")], ids=",".join)
def test_each_change_is_the_one_written_out_pixel_by_pixel(policy, shape):
    x, u = images(*shape), numbers(shape[0], policy)
    expected = []
    for image, own in zip(x.numpy(), u.numpy(), strict=True):
        for name in policy:
            count = {"colour": 3, "translation": 2, "cutout": 2}[name]
            image, own = BY_HAND[name](image, own[:count]), own[count:]
        expected.append(image)
    assert_close(augment(x, u, policy), torch.from_numpy(np.stack(expected)), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("side", [4, 8, 28, 32])
def test_all_shifts_up_to_an_eighth_are_equally_likely(side):
    most = int(side / 8 + 0.5)
    count = 2 * most + 1
    u = torch.full((count, 2), 0.5)
    u[:, 0] = (torch.arange(count) + 0.5) / count
    rows = torch.arange(1.0, side + 1).reshape(1, 1, side, 1).expand(count, 1, side, side)
    seen = augment(rows, u, ("translation",))[:, 0, side // 2, 0] - (side // 2 + 1)
    assert seen.tolist() == list(range(-most, most + 1))


def test_a_cut_takes_a_quarter_where_it_lies_inside_and_every_middle_is_possible():
    u = (torch.cartesian_prod(torch.arange(9), torch.arange(9)) + 0.5) / 9
    kept = augment(torch.ones(81, 1, 8, 8), u, ("cutout",)).sum((1, 2, 3)).reshape(9, 9)
    cut = torch.tensor([min(o + 2, 8) - max(o - 2, 0) for o in range(9)])
    assert kept.tolist() == (64 - cut[:, None] * cut).tolist()
    assert kept.min() == 48


@pytest.mark.parametrize("side", range(4, 40))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_ends_of_the_interval_are_the_ends_of_the_law(side, dtype):
    most = int(side / 8 + 0.5)
    u = torch.tensor([[0.0, 0.5], [1 - torch.finfo(dtype).eps / 2, 0.5]], dtype=dtype)
    assert (u < 1).all()
    rows = torch.arange(1, side + 1, dtype=dtype).reshape(1, 1, side, 1).expand(2, 1, side, side)
    seen = augment(rows, u, ("translation",))[:, 0, side // 2, 0] - (side // 2 + 1)
    assert seen.tolist() == [-most, most]
    kept = augment(torch.ones_like(rows), u.flip(1), ("cutout",))[:, 0, side // 2]
    assert [kept[0, 0].item(), kept[1, -1].item()] == [0, 0]


def test_the_middle_of_the_interval_changes_no_colour_and_shifts_nothing():
    x = images(3, 3, 8, 8)
    u = torch.full((3, 5), 0.5, dtype=torch.float64)
    assert_close(augment(x, u, ("colour", "translation")), x, rtol=0, atol=1e-14)


@pytest.mark.parametrize("policy", [*((name,) for name in ALL), ALL], ids=",".join)
def test_the_gradient_is_that_of_finite_differences(policy):
    x, u = images(2, 2, 4, 5).requires_grad_(), numbers(2, policy)
    assert gradcheck(lambda x: augment(x, u, policy), x)


def test_stacked_games_change_their_images_as_each_does_alone():
    x, u = images(3, 2, 1, 8, 8), numbers(6, ALL).reshape(3, 2, -1)
    together = vmap(lambda x, u: augment(x, u, ALL))(x, u)
    assert torch.equal(together, torch.stack([augment(*pair, ALL) for pair in zip(x, u, strict=True)]))


# --- In a game ---


class Square(nn.Module):
    """A discriminator whose slope at x is w x, the score w/2 |x|^2. It keeps what it is shown."""

    def __init__(self):
        super().__init__()
        self.weight, self.shown = nn.Parameter(torch.tensor(0.25, dtype=torch.float64)), []

    def forward(self, x):
        self.shown.append(x.detach())
        return self.weight / 2 * x.square().flatten(1).sum(1)


def game(policy=ALL, loss=non_saturating, **settings):
    generator = mlp_generator(3, (1, 8, 8), width=4, rng=seeded()).double()
    gan = GAN(generator, Square(), loss, seeded(), augment=policy, **settings)
    gan.discriminator.shown.clear()
    return gan, data.batches(data.digits(), 4, seeded(7), dtype=torch.float64)


@pytest.mark.parametrize("loss", [non_saturating, relativistic_pairing])
def test_everything_that_the_discriminator_is_shown_is_changed_real_and_generated_alike(loss):
    """There is no way to ask for one side: in all four places a cut of the known numbers is seen."""
    gan, batches = game(("cutout",), loss)
    shown = gan.discriminator.shown

    def cut(x, u):
        return torch.from_numpy(np.stack([cutout_by_hand(*pair) for pair in zip(x.numpy(), u, strict=True)]))

    for draw in (draw_for_discriminator, draw_for_generator):
        drawn = draw(gan, batches)
        fake = gan.generator(drawn.latents).detach()
        shown.clear()
        if draw is draw_for_discriminator:
            discriminator_objective(gan.discriminator, fake, drawn, gan.rules)
        else:
            generator_objective(gan.discriminator, fake, drawn, gan.rules)
        expected = cut(fake, drawn.augment[1].numpy())
        if drawn.real is not None:
            expected = torch.cat([cut(drawn.real, drawn.augment[0].numpy()), expected])
        assert torch.equal(torch.cat(shown), expected)


def test_numbers_for_one_side_alone_are_refused():
    gan, batches = game()
    drawn = draw_for_discriminator(gan, batches)
    for odd in (None, drawn.augment[:1]):
        with pytest.raises(ValueError, match="`drawn` must hold numbers for both the real and the generated"):
            discriminator_objective(gan.discriminator, drawn.real, drawn._replace(augment=odd), gan.rules)
    with pytest.raises(ValueError, match=r"`u` must have shape \(4, 7\) for colour, translation, cut"):
        augment(drawn.real, drawn.augment[0, :, :5], ALL)


def test_penalties_are_taken_at_the_images_that_the_discriminator_is_shown():
    """The slope of w/2 |x|^2 is w x, so that R1 and R2 are w^2 times the mean square of what is shown."""
    gan, batches = game(penalties=[Penalty(r1, 1.0), Penalty(r2, 1.0)])
    drawn = draw_for_discriminator(gan, batches)
    fake = gan.generator(drawn.latents).detach()
    _, row = discriminator_objective(gan.discriminator, fake, drawn, gan.rules)
    sides = [augment(x, u, ALL) for x, u in zip((drawn.real, fake), drawn.augment, strict=True)]
    expected = sum(0.25**2 * x.square().flatten(1).sum(1).mean() for x in sides)
    assert_close(row["penalty"], expected, rtol=1e-12, atol=0)


def test_the_generator_is_taught_through_the_change():
    gan, batches = game(("translation", "cutout"))
    drawn = draw_for_generator(gan, batches)
    fake = gan.generator(drawn.latents).detach().requires_grad_()
    generator_objective(gan.discriminator, fake, drawn, gan.rules).backward()
    moved = augment(torch.ones_like(fake), drawn.augment[1], ("translation", "cutout"))
    assert 0 < (fake.grad != 0).sum() == moved.sum() < fake.numel()


def test_augmentation_has_streams_of_its_own_and_moves_no_other():
    plain, changed = game(()), game()
    for gan, batches in (plain, changed):
        for _ in range(2):
            gan.drawn = draw_for_discriminator(gan, batches), draw_for_generator(gan, batches)
    for ours, theirs in zip(changed[0].drawn, plain[0].drawn, strict=True):
        assert ours.augment.shape == (2, 4, 7)
        assert theirs.augment is None
        assert torch.equal(ours.latents, theirs.latents)
    assert not torch.equal(changed[0].drawn[0].augment[0], changed[0].drawn[0].augment[1])
    assert not torch.equal(changed[0].drawn[0].augment, changed[0].drawn[1].augment)
    assert changed[0].streams.keys() - plain[0].streams.keys() == {"d_augment", "g_augment"}


def test_a_state_is_refused_by_a_game_with_another_policy():
    with pytest.raises(ValueError, match=r"`augment` was \['cutout'\], and is \['colour'\]"):
        game(("colour",))[0].load_state(game(("cutout",))[0].state())


def test_processes_share_the_numbers_as_they_share_the_batch():
    drawn = [draw_for_discriminator(*game(group=group)) for group in (None, Group(0, 2), Group(1, 2))]
    assert torch.equal(torch.cat([drawn[1].augment, drawn[2].augment], 1), drawn[0].augment)


# --- In a set-up ---

TINY = change(
    EXPERIMENTS["digits"],
    width=4,
    discriminator_width=4,
    batch_size=8,
    latent_dim=3,
    augment=ALL,
)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"network": "dcgan", "regularizers": (("wgan_gp", 0.1), ("dragan", 0.1))},
        {"conditional": True, "instance_noise": 0.1},
        {"pack": 2, "unroll": (1, 0.1)},
        {"bf16": True, "loss": "relativistic_pairing"},
        {"data": "stacked"},
    ],
    ids=lambda settings: " ".join(settings) or "plain",
)
def test_a_set_up_with_augmentation_trains_and_goes_on_bit_for_bit(settings):
    runs = [build(change(TINY, **settings), seed=1) for _ in range(2)]
    train(runs[0].gan, runs[0].batches, 2)
    stored = {name: value.clone() for name, value in runs[0].gan.state().items()}
    place = runs[0].batches.state_dict()
    expected = train(runs[0].gan, runs[0].batches, 1).values
    runs[1].gan.load_state(stored)
    runs[1].batches.load_state_dict(place)
    assert expected.isfinite().all()
    assert torch.equal(train(runs[1].gan, runs[1].batches, 1).values, expected)


def test_seeds_side_by_side_are_each_as_alone():
    setup = change(TINY, loss="relativistic_pairing", regularizers=(("r1", 0.1),), float64=True)
    same_side_by_side(setup)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"augment": ("color",)},
            "`augment` must be one of colour, translation, cutout, got 'color'; did you",
        ),
        ({"augment": ("cutout", "cutout")}, "`augment` must name each change once, got cutout, cutout"),
        ({"data": "ring"}, "`augment` must be left out for the points of ring: it changes images"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=message):
        build_game(change(TINY, **settings))


@pytest.mark.parametrize(
    ("policy", "shape", "message"),
    [
        (("colour",), (2,), r"`augment` must be left out for samples of shape \(2,\): it changes images"),
        (("flip",), (1, 8, 8), "`augment` must hold some of colour, translation, cutout, got 'flip'"),
        (("colour", "colour"), (1, 8, 8), "`augment` must name each change once, got colour, colour"),
    ],
)
def test_a_game_refuses_what_a_set_up_refuses(policy, shape, message):
    with pytest.raises(ValueError, match=message):
        check_policy(policy, shape)
    check_policy((), shape)
