"""The two players as modules: a generator from noise to samples, a discriminator from samples to raw scores.

No network here knows a loss: a discriminator returns one real number a sample, (N,), and whoever holds the
loss decides whether that is a logit or a critic's value. Weights come from the `torch.Generator` passed in
and from nothing else, drawn in float64 and rounded, so that a seed gives the same network in each precision.
`NETWORKS` holds the pairs by name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any, NamedTuple

import torch

from .attention import SelfAttention
from .conditional import (
    CONDITIONS,
    AuxiliaryDiscriminator,
    Condition,
    ConditionalGenerator,
    JoinedDiscriminator,
    ProjectionDiscriminator,
    UntoldDiscriminator,
    auxiliary_discriminator,
    conditional_generator,
    joined_discriminator,
    projection_discriminator,
    untold_discriminator,
)
from .dcgan import dcgan_discriminator, dcgan_generator
from .layered import (
    LayeredDiscriminator,
    LayeredGenerator,
    layered_discriminator,
    layered_generator,
    level_of,
    mixed,
)
from .layers import Discriminator, Generator, MinibatchStd, initialize
from .mlp import mlp_discriminator, mlp_generator
from .residual import residual_discriminator, residual_generator
from .style import StyleGenerator, style_generator
from .translators import (
    TRANSLATORS,
    Translator,
    convolutional_translator,
    mlp_translator,
    still_translator,
)

__all__ = [
    "CONDITIONS",
    "NETWORKS",
    "TRANSLATORS",
    "AuxiliaryDiscriminator",
    "Condition",
    "ConditionalGenerator",
    "Discriminator",
    "Generator",
    "JoinedDiscriminator",
    "LayeredDiscriminator",
    "LayeredGenerator",
    "MinibatchStd",
    "Pair",
    "ProjectionDiscriminator",
    "SelfAttention",
    "StyleGenerator",
    "Translator",
    "UntoldDiscriminator",
    "auxiliary_discriminator",
    "conditional_generator",
    "convolutional_translator",
    "dcgan_discriminator",
    "dcgan_generator",
    "initialize",
    "joined_discriminator",
    "layered_discriminator",
    "layered_generator",
    "level_of",
    "mixed",
    "mlp_discriminator",
    "mlp_generator",
    "mlp_translator",
    "projection_discriminator",
    "residual_discriminator",
    "residual_generator",
    "still_translator",
    "style_generator",
    "untold_discriminator",
]


class Pair(NamedTuple):
    """The functions that return the two players of one architecture.

    `generator(latent_dim, shape, rng=, width=)` and `discriminator(shape, rng=, width=)`; each has a default
    width and may have further options.
    """

    generator: Callable[..., Any]
    discriminator: Callable[..., Any]

    def facts(self) -> dict[str, Any]:
        """What is known without loading anything, as JSON can hold it.

        What both can have, and whether the discriminator has weights that start at zero, which have no norm.

        >>> NETWORKS["dcgan"].facts()
        {'attention': True, 'grows': False, 'starts_at_zero': False}
        """
        both = {
            name: all(name in signature(make).parameters for make in self) for name in ("attention", "grows")
        }
        return both | {"starts_at_zero": _starts_at_zero(self.discriminator)}


@cache
def _starts_at_zero(discriminator: Callable[..., Any]) -> bool:
    made = discriminator((1, 8, 8), rng=torch.Generator().manual_seed(0))
    return any(weight.ndim > 1 and not weight.any() for weight in made.parameters())


NETWORKS: dict[str, Pair] = {
    "mlp": Pair(mlp_generator, mlp_discriminator),
    "dcgan": Pair(dcgan_generator, dcgan_discriminator),
    "residual": Pair(residual_generator, residual_discriminator),
    "style": Pair(style_generator, residual_discriminator),
    "layered": Pair(layered_generator, layered_discriminator),
}
"""The architectures by name. "mlp" takes samples of any shape; the others take images (C, H, W) with even
sides of at least 8 pixels.

>>> generator, discriminator = NETWORKS["dcgan"]
>>> generator is dcgan_generator, discriminator is dcgan_discriminator
(True, True)
"""
