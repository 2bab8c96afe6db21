"""Training: players and games, the two objectives of a GAN, the loop, many seeds at once, many processes."""

from ganlab.training.ensembles import cannot_stack, train_all, train_together
from ganlab.training.game import GAN, draw_for_discriminator, draw_for_generator, maps, sample
from ganlab.training.guesses import discriminator_guessing, generator_guessing
from ganlab.training.history import History
from ganlab.training.loop import (
    discriminator_step,
    generator_gradient_norm,
    generator_step,
    load_checkpoint,
    save_checkpoint,
    train,
)
from ganlab.training.objectives import discriminator_objective, generator_objective
from ganlab.training.optimizers import OPTIMIZERS, adam, rmsprop, sgd
from ganlab.training.players import Game, Network, NonFiniteLossError, Player, Turn, frozen
from ganlab.training.rules import Draw, Penalty, Rules, pack
from ganlab.training.translation import Translation
from ganlab.training.unrolling import Unroll, unrolled

__all__ = [
    "GAN",
    "OPTIMIZERS",
    "Draw",
    "Game",
    "History",
    "Network",
    "NonFiniteLossError",
    "Penalty",
    "Player",
    "Rules",
    "Translation",
    "Turn",
    "Unroll",
    "adam",
    "cannot_stack",
    "discriminator_guessing",
    "discriminator_objective",
    "discriminator_step",
    "draw_for_discriminator",
    "draw_for_generator",
    "frozen",
    "generator_gradient_norm",
    "generator_guessing",
    "generator_objective",
    "generator_step",
    "load_checkpoint",
    "maps",
    "pack",
    "rmsprop",
    "sample",
    "save_checkpoint",
    "sgd",
    "train",
    "train_all",
    "train_together",
    "unrolled",
]
