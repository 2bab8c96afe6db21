"""The objectives of the two players of a GAN, as pure functions of networks and of a draw.

The same arguments give the same numbers, so that one function serves a single step, a step of many seeds at
once, a compiled step and a discriminator some steps ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from ganlab.training.augmentations import augment
from ganlab.training.guesses import discriminator_guessing, generator_guessing
from ganlab.training.players import Network, Row
from ganlab.training.rules import Draw, Rules, pack
from ganlab.training.unrolling import unrolled

__all__ = ["discriminator_objective", "discriminators_turn", "generator_objective", "generators_turn"]

Score = Callable[..., Any]


def discriminator_objective(
    discriminator: Score, fake: Tensor, drawn: Draw, rules: Rules
) -> tuple[Tensor, Row]:
    """What the discriminator minimises, a scalar, and the row that its step records.

    `discriminator`: maps samples to raw scores (N,), and, where the classes are guessed, as
    `discriminator(x, True)` to the log-probabilities (H, N) of the labels too. `fake`: (N, ...) generated
    samples, without a graph unless a `torch.func` transform differentiates.
    Pure: the same arguments give the same numbers, so that it runs under `torch.func` transforms and in a
    compiled step. Penalties see the discriminator in its own precision, whatever the scores are computed in,
    at the samples that it sees: those that are augmented and noisy, where it is trained.
    The row holds `d_loss` without the penalties, `penalty` with its weights, the mean
    scores `d_real` and `d_fake`, and, where the classes are guessed, `d_guess` without its weight.

    Raises `ValueError` where `drawn` holds no real samples.

    Source: Goodfellow et al. 2014, algorithm 1 [goodfellow2014].

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> from ganlab.training.game import draw_for_discriminator
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> drawn = draw_for_discriminator(gan, batches)
    >>> objective, row = discriminator_objective(gan.discriminator, drawn.real, drawn, gan.rules)
    >>> bool(objective == row["d_loss"] + row["penalty"])
    True
    """
    _ask_for_real_samples(drawn)
    real, fake = _seen(drawn, fake, rules)
    (d_real, d_fake), guesses = _scores(discriminator, real, fake, rules)
    loss = rules.loss.discriminator(d_real, d_fake)
    charged = torch.zeros_like(loss)
    weights = drawn.weights or tuple(penalty.weight for penalty in rules.penalties)
    for penalty, mix, weight in zip(rules.penalties, drawn.mixes, weights, strict=True):
        price = penalty.function(discriminator, real, fake, mix=mix)
        charged = charged + penalty.every * weight * price
    row = {"d_loss": loss, "penalty": charged, "d_real": d_real.mean(), "d_fake": d_fake.mean()}
    if guesses is None:
        return loss + charged, row
    guessing = discriminator_guessing(*guesses)
    return loss + charged + rules.class_weight * guessing, row | {"d_guess": guessing}


def generator_objective(discriminator: Score, fake: Tensor, drawn: Draw, rules: Rules) -> Tensor:
    """What the generator minimises, a scalar. Pure, as `discriminator_objective` is.

    `fake`: (N, ...) samples that carry their graph to the generator.

    Source: Goodfellow et al. 2014, algorithm 1 [goodfellow2014].

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> from ganlab.training.game import draw_for_generator
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> drawn = draw_for_generator(gan, batches)
    >>> generator_objective(gan.discriminator, gan.generator(drawn.latents), drawn, gan.rules).shape
    torch.Size([])
    """
    loss, guessing = _generators(discriminator, fake, drawn, rules)
    return loss if guessing is None else loss + rules.class_weight * guessing


def discriminators_turn(networks: Mapping[str, Network], drawn: Draw, rules: Rules) -> tuple[Tensor, Row]:
    """`discriminator_objective` of the networks `generator` and `discriminator` on a draw."""
    fake = _generated(networks["generator"], drawn, rules)
    return discriminator_objective(_given(networks["discriminator"], drawn), fake, drawn, rules)


def generators_turn(networks: Mapping[str, Network], drawn: Draw, rules: Rules) -> tuple[Tensor, Row]:
    """`generator_objective` of the networks `generator` and `discriminator`, and its row.

    The row holds `g_loss`, and, where the classes are guessed, `g_guess` without its weight, which `g_loss`
    has no part of. The discriminator is seen as far ahead as `rules.unroll` says.
    """
    fake, critic = _generated(networks["generator"], drawn, rules), networks["discriminator"]

    def asked(critic: Network) -> Tensor:
        return discriminator_objective(_given(critic, drawn), fake, drawn, rules)[0]

    if rules.unroll:
        critic = unrolled(critic, asked, rules.unroll)
    loss, guessing = _generators(_given(critic, drawn), fake, drawn, rules)
    if guessing is None:
        return loss, {"g_loss": loss}
    return loss + rules.class_weight * guessing, {"g_loss": loss, "g_guess": guessing}


def _generators(
    discriminator: Score, fake: Tensor, drawn: Draw, rules: Rules
) -> tuple[Tensor, Tensor | None]:
    """The loss of the generator by the scores, and that by the guesses, where there are some."""
    if rules.loss.relativistic:
        _ask_for_real_samples(drawn)
    real, fake = _seen(drawn, fake, rules)
    if rules.loss.relativistic:
        scores, guesses = _scores(discriminator, real, fake, rules)
        return rules.loss.generator(*scores), None if guesses is None else generator_guessing(guesses[1])
    d_fake, guess = _heard(discriminator, fake, rules)
    return rules.loss.generator(d_fake.detach(), d_fake), None if guess is None else generator_guessing(guess)


def _ask_for_real_samples(drawn: Draw) -> None:
    if drawn.real is None:
        raise ValueError(
            "`drawn` must hold real samples, `real`, since they are scored here: see `draw_for_discriminator`"
        )


def _seen(drawn: Draw, fake: Tensor, rules: Rules) -> tuple[Tensor, Tensor]:
    """The real and the generated samples as the discriminator sees them: augmented, with noise, in packs."""
    real = fake.detach() if drawn.real is None else drawn.real
    if rules.augment:
        if drawn.augment is None or len(drawn.augment) != 2:
            raise ValueError(
                "`drawn` must hold numbers for both the real and the generated samples, `augment`"
            )
        real, fake = (
            augment(x, u, rules.augment) for x, u in zip((real, fake), drawn.augment.unbind(), strict=True)
        )
    if drawn.noise is not None:
        real, fake = real + drawn.noise[0], fake + drawn.noise[1]
    return pack(real, rules.pack), pack(fake, rules.pack)


def _given(network: Network, drawn: Draw) -> Score:
    """The network as a function of one argument, its labels given."""
    labels = drawn.labels
    return network if labels is None else lambda x, *guess: network(x, labels, *guess)


def _generated(generator: Network, drawn: Draw, rules: Rules) -> Tensor:
    made = _given(generator, drawn)
    return (_in_bf16(made) if rules.bf16 else made)(drawn.latents, *drawn.styling)


def _in_bf16(network: Score) -> Score:
    """The network computing in bfloat16 by autocast, from float32 to float32."""

    def play(x: Tensor, *others: Any) -> Any:
        with torch.autocast(x.device.type, torch.bfloat16):
            return tree_map(torch.Tensor.float, network(x, *others))

    return play


def _heard(discriminator: Score, x: Tensor, rules: Rules) -> tuple[Tensor, Tensor | None]:
    """The scores of samples, and, where classes are guessed, the log-probabilities of their labels."""
    score = _in_bf16(discriminator) if rules.bf16 else discriminator
    return score(x, True) if rules.class_weight else (score(x), None)


def _scores(
    discriminator: Score, real: Tensor, fake: Tensor, rules: Rules
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor] | None]:
    """The scores of the real and of the generated samples, and the guesses of their labels, if any."""
    if not rules.joint:
        (d_real, of_real), (d_fake, of_fake) = (_heard(discriminator, x, rules) for x in (real, fake))
        return (d_real, d_fake), None if of_real is None or of_fake is None else (of_real, of_fake)
    scores, _ = _heard(discriminator, torch.cat([real, fake]), rules)
    d_real, d_fake = scores.split([len(real), len(fake)])
    return (d_real, d_fake), None
