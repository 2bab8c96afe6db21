"""The losses of the two players, as pairs of functions on raw scores.

Every discriminator (or critic) in this package returns raw scores: numbers on the whole real line, before
any sigmoid. Every function here takes the scores of a batch of real samples and of a batch of generated
ones, in that order, and returns a scalar that its player *minimises*. Discriminator losses are the **sum**
of the mean over the real and the mean over the generated batch, so that the logistic ones are 2 log 2 (and
not log 2) for a discriminator that cannot tell the two apart. All logarithms are natural; losses are in nats.

Nothing here computes a probability. A sigmoid followed by a logarithm loses the gradient where the
discriminator is confident; `log_sigmoid` keeps it at any finite score.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, relu

__all__ = [
    "LOSSES",
    "GANLoss",
    "hinge",
    "label_smoothing",
    "least_squares",
    "minimax",
    "non_saturating",
    "relativistic_average",
    "relativistic_pairing",
    "wasserstein",
]

Loss = Callable[[Tensor, Tensor], Tensor]


class GANLoss(NamedTuple):
    """The two losses of one game: `loss.discriminator(d_real, d_fake)` and `loss.generator(d_real, d_fake)`.

    `d_real` (N,) and `d_fake` (M,): raw scores. Both functions return a scalar () to be minimised.
    `logistic`: the scores are logits, sigmoid(score) is a probability, and labels can be smoothed.
    `relativistic`: the generator's loss reads the real scores too, and the loss of a batch is not the mean
    of the losses of its halves where it compares with a batch mean.
    """

    name: str
    discriminator: Loss
    generator: Loss
    logistic: bool = False
    relativistic: bool = False
