"""Truth here: the binomial law of a draw, streams that stay apart, and games that have to be each other."""

from dataclasses import replace

import pytest
import torch
from oracles.games import same_side_by_side
from torch.testing import assert_close

from ganlab.experiments import EXPERIMENTS, build, build_game, change
from ganlab.networks import level_of, mlp_discriminator
from ganlab.training import GAN, cannot_stack, draw_for_discriminator, draw_for_generator, train
from ganlab.training.distributed import Group

SMALL = replace(EXPERIMENTS["digits_styles"], width=3, latent_dim=5, batch_size=6, float64=True)
PLAIN = replace(SMALL, mixing=0.0, layer_noise=False)


def test_so_many_samples_are_mixed_and_each_layer_is_a_cut_as_often():
    setup = build(replace(SMALL, batch_size=1000, mixing=0.7))
    drawn = [draw_for_generator(setup.gan, setup.batches).styling for _ in range(6)]
    noise, second, cut = (torch.cat(parts) for parts in zip(*drawn, strict=True))
    assert second.shape == (6000, 5)
    shares = [(cut == layer).double().mean().item() for layer in range(5)]
    for layer, chance in enumerate((0, 0.7 / 3, 0.7 / 3, 0.7 / 3, 0.3)):
        assert shares[layer] == pytest.approx(chance, abs=5 * (0.25 / 6000) ** 0.5)
    assert (noise.mean().abs(), noise.var()) < (0.01, 1.01)


def test_styles_and_maps_have_streams_of_their_own():
    """The latents of a later draw are still those of a game without styles."""
    players = (draw_for_discriminator, draw_for_generator)
    games = [build(setting) for setting in (PLAIN, SMALL)]
    draws = [[draw(one.gan, one.batches) for _ in range(2) for draw in players] for one in games]
    for plain, styled in zip(*draws, strict=True):
        assert torch.equal(plain.latents, styled.latents)
        assert torch.equal(plain.real, styled.real)
        assert plain.styling == ()
    first, second, *_ = draws[1]
    assert not torch.equal(first.styling[0], second.styling[0])
    assert not torch.equal(first.styling[1], first.latents)


def test_a_step_trains_on_what_was_drawn():
    setup = build(SMALL)
    setup.gan.generator.strengths.data.fill_(0.5)
    drawn = draw_for_generator(setup.gan, setup.batches)
    fake = setup.gan.generator(drawn.latents, *drawn.styling)
    loss = setup.gan.loss.generator(setup.gan.discriminator(drawn.real), setup.gan.discriminator(fake))
    found, _ = setup.gan.turn("generator").objective(
        {name: player.network for name, player in setup.gan.players.items()}, drawn, setup.gan.rules
    )
    assert_close(found, loss, rtol=1e-10, atol=1e-12)
    other = setup.gan.generator(drawn.latents, drawn.styling[0])
    assert not torch.allclose(other, fake)


def test_games_side_by_side_are_the_same_as_alone():
    same_side_by_side(SMALL)


def test_two_processes_split_what_one_draws():
    whole = build(SMALL)
    drawn = draw_for_generator(whole.gan, whole.batches)
    parts = []
    for rank in range(2):
        own = build(SMALL, group=Group(rank, 2))
        parts.append(draw_for_generator(own.gan, own.batches).styling)
    for all_of_it, *pieces in zip(drawn.styling, *parts, strict=True):
        assert torch.equal(torch.cat(pieces), all_of_it)


def test_a_game_grows_by_its_steps_and_its_average_with_it():
    setup = build(replace(PLAIN, growing=0.5, steps=8))
    assert cannot_stack(setup.gan) == "its networks have buffers"
    seen = []
    train(setup.gan, setup.batches, 8, callbacks=[lambda games, _: seen.append(levels(games[0]))])
    expected = [level_of(step / 4, 2) for step in range(8)]
    assert [own[0] for own in seen] == expected == [0, 0, 0, 0.5, 1, 1, 1, 1]
    assert all(len(set(own)) == 1 for own in seen)


def levels(gan):
    return [float(net.level) for net in (gan.generator, gan.discriminator, gan.average.module)]


@pytest.mark.parametrize("setting", [SMALL, replace(PLAIN, growing=1.0)])
def test_a_game_goes_on_as_if_it_had_not_been_stopped(setting):
    whole, begun, resumed = (build(replace(setting, steps=6)) for _ in range(3))
    train(whole.gan, whole.batches, 6)
    train(begun.gan, begun.batches, 3)
    resumed.gan.load_state(begun.gan.state())
    resumed.batches.load_state_dict(begun.batches.state_dict())
    train(resumed.gan, resumed.batches, 3)
    for name, value in whole.gan.state().items():
        assert torch.equal(value, resumed.gan.state()[name]), name


def test_samples_have_noise_and_no_mixing():
    gan = build_game(SMALL)
    gan.average.module.strengths.data.fill_(0.5)
    found = gan.sample(4, torch.Generator().manual_seed(3))
    rng = torch.Generator().manual_seed(3)
    latents, noise = (torch.randn(4, n, generator=rng) for n in (5, gan.generator.noise_places))
    assert_close(found, gan.average.module(latents, noise), rtol=0, atol=0)


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_a_set_up_has_as_many_layers_of_mapping_as_it_says(layers):
    setup = build(replace(SMALL, mapping=layers))
    linear = [part for part in setup.gan.generator.mapping if isinstance(part, torch.nn.Linear)]
    assert len(linear) == layers
    train(setup.gan, setup.batches, 2)
    assert torch.isfinite(setup.gan.sample(3, torch.Generator().manual_seed(0))).all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="`network` must be layered to have `mixing`, got 'mlp'"):
        change(EXPERIMENTS["digits"], mixing=0.5)
    with pytest.raises(ValueError, match="`network` must be layered to have `layer_noise`, got 'mlp'"):
        change(EXPERIMENTS["ring"], layer_noise=True)
    with pytest.raises(ValueError, match="`layer_noise` must be left out where `conditional` is on"):
        change(SMALL, conditional=True)
    with pytest.raises(ValueError, match="`network` must be layered to have `mapping`, got 'mlp'"):
        change(EXPERIMENTS["digits"], mapping=0)
    with pytest.raises(ValueError, match="`mapping` must be at least 0, got -1"):
        change(SMALL, mapping=-1)
    for name in ("mixing", "growing"):
        with pytest.raises(ValueError, match=rf"`{name}` must be in \[0, 1\], got 1.5"):
            change(SMALL, **{name: 1.5})
    gan, rng = build_game(PLAIN), torch.Generator().manual_seed(0)
    grown = build_game(replace(PLAIN, growing=0.5))
    dense = mlp_discriminator((1, 8, 8), rng=rng)
    with pytest.raises(ValueError, match="`discriminator` must grow as `growth` says, got a Discriminator"):
        GAN(grown.generator, dense, gan.loss, rng, growth=lambda step: 0.0)
    with pytest.raises(
        ValueError, match="`generator` must have a `growth` to follow, got a LayeredGenerator"
    ):
        GAN(grown.generator, grown.discriminator, gan.loss, rng)
    with pytest.raises(ValueError, match=r"`mixing` must be in \[0, 1\], got -1"):
        GAN(gan.generator, gan.discriminator, gan.loss, rng, mixing=-1)
    ring = build_game(EXPERIMENTS["ring"])
    with pytest.raises(ValueError, match="`mixing` must be 0 for a generator without styles of layers"):
        GAN(ring.generator, ring.discriminator, gan.loss, rng, mixing=0.5)
