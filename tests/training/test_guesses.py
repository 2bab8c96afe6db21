"""The loss of the guessed classes: against its formula, in a game, stacked, resumed and shared."""

import math

import pytest
import torch
from torch.testing import assert_close

from ganlab.experiments import EXPERIMENTS, build, change
from ganlab.losses import non_saturating
from ganlab.networks import auxiliary_discriminator, conditional_generator
from ganlab.training.game import GAN, draw_for_discriminator, draw_for_generator
from ganlab.training.guesses import discriminator_guessing, generator_guessing
from ganlab.training.objectives import discriminators_turn, generators_turn
from ganlab.training.players import Network

SMALL = change(EXPERIMENTS["shared_ring_auxiliary"], width=8, batch_size=12, float64=True)


def networks(gan):
    return {name: Network(player.network) for name, player in gan.players.items()}


def test_the_two_losses_are_means_of_logarithms():
    real = torch.tensor([[0.5, 0.25], [0.1, 0.2]]).log()
    fake = torch.tensor([[0.8, 0.4], [0.3, 0.6]]).log()
    first = -(math.log(0.5) + math.log(0.25)) / 2 - (math.log(0.8) + math.log(0.4)) / 2
    assert discriminator_guessing(real[:1], fake[:1]).item() == pytest.approx(first)
    twin = -(math.log(0.3) + math.log(0.6)) / 2
    assert discriminator_guessing(real, fake).item() == pytest.approx(first + twin)
    hit = -(math.log(0.8) + math.log(0.4)) / 2
    assert generator_guessing(fake[:1]).item() == pytest.approx(hit)
    assert generator_guessing(fake).item() == pytest.approx(hit - twin)


@pytest.mark.parametrize("loss", ["non_saturating", "relativistic_pairing"])
@pytest.mark.parametrize("condition", ["auxiliary", "twin"])
def test_both_players_descend_their_loss_and_the_weighted_guesses(condition, loss):
    gan, batches, _ = build(change(SMALL, condition=condition, class_weight=0.7, loss=loss))
    drawn = draw_for_discriminator(gan, batches)
    fake = gan.generator(drawn.latents, drawn.labels)
    scores = [gan.discriminator(x, drawn.labels) for x in (drawn.real, fake)]
    told = [gan.discriminator(x, drawn.labels, True)[1] for x in (drawn.real, fake)]
    objective, row = discriminators_turn(networks(gan), drawn, gan.rules)
    assert_close(row["d_loss"], gan.loss.discriminator(*scores))
    assert_close(row["d_guess"], discriminator_guessing(*told))
    assert_close(objective, row["d_loss"] + 0.7 * row["d_guess"])
    drawn = draw_for_generator(gan, batches)
    fake = gan.generator(drawn.latents, drawn.labels)
    d_fake, told = gan.discriminator(fake, drawn.labels, True)
    d_real = d_fake if drawn.real is None else gan.discriminator(drawn.real, drawn.labels)
    objective, row = generators_turn(networks(gan), drawn, gan.rules)
    assert_close(row["g_loss"], gan.loss.generator(d_real, d_fake))
    assert_close(row["g_guess"], generator_guessing(told))
    assert_close(objective, row["g_loss"] + 0.7 * row["g_guess"])


def test_the_class_reaches_the_generator_through_the_guesses_alone():
    gan, batches, _ = build(SMALL)
    drawn = draw_for_generator(gan, batches)
    fake = gan.generator(drawn.latents, drawn.labels).detach().requires_grad_(True)
    others = drawn.labels.roll(1)
    for guess, differs in ((False, False), (True, True)):
        slopes = []
        for labels in (drawn.labels, others):
            found = gan.discriminator(fake, labels, guess)
            slopes.append(torch.autograd.grad(found[1].sum() if guess else found.sum(), fake)[0])
        assert torch.equal(*slopes) != differs


def test_a_weight_that_is_not_positive_is_refused_and_other_pairs_have_none():
    rng = torch.Generator().manual_seed(0)
    pair = (
        conditional_generator(2, (2,), classes=3, rng=rng),
        auxiliary_discriminator((2,), classes=3, rng=rng),
    )
    with pytest.raises(ValueError, match="`class_weight` must be positive, got 0"):
        GAN(*pair, non_saturating, rng, class_weight=0.0)
    with pytest.raises(ValueError, match="`class_weight` must be positive, got -1"):
        change(SMALL, class_weight=-1.0)
    assert build(change(SMALL, condition="projection")).gan.rules.class_weight == 0.0


def test_a_stored_game_of_another_weight_is_refused():
    state = build(SMALL).gan.state()
    with pytest.raises(ValueError, match=r"`class_weight` was 1\.0, and is 2\.0"):
        build(change(SMALL, class_weight=2.0)).gan.load_state(state)
