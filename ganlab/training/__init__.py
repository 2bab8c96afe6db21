"""Training: the state of a game, the two objectives, the loop, many seeds at once, many processes as one."""

from ganlab.training.game import (
    GAN,
    Draw,
    Penalty,
    Rules,
    Unroll,
    draw_for_discriminator,
    draw_for_generator,
    pack,
    sample,
)
from ganlab.training.history import History
from ganlab.training.loop import (
    NonFiniteLossError,
    discriminator_objective,
    discriminator_step,
    frozen,
    generator_gradient_norm,
    generator_objective,
    generator_step,
    load_checkpoint,
    save_checkpoint,
    train,
    unrolled,
)

__all__ = [
    "GAN",
    "Draw",
    "History",
    "NonFiniteLossError",
    "Penalty",
    "Rules",
    "Unroll",
    "discriminator_objective",
    "discriminator_step",
    "draw_for_discriminator",
    "draw_for_generator",
    "frozen",
    "generator_gradient_norm",
    "generator_objective",
    "generator_step",
    "load_checkpoint",
    "pack",
    "sample",
    "save_checkpoint",
    "train",
    "unrolled",
]
