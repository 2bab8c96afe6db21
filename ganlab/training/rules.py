"""What a step of a GAN is made of, before there are networks: penalties with weights, draws, packs, rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from ganlab.losses import GANLoss
from ganlab.regularizers import GradientPenalty
from ganlab.training.unrolling import Unroll

__all__ = ["Draw", "Penalty", "Rules", "pack"]


@dataclass(frozen=True)
class Penalty:
    """A penalty in use: with its weight, and applied in every `every`-th discriminator step.

    `function`: a `ganlab.regularizers.GradientPenalty`. `weight`: its factor; for R1 and R2, whose usual
    form is (gamma / 2) E||grad||^2, give gamma / 2. Applied lazily, the weight is multiplied by `every`, so
    that its mean over the steps stays the same (Karras et al. 2020, appendix B [karras2020]).

    Raises `TypeError` where `function` is no such penalty, `ValueError` where the weight is negative or
    `every` is not positive.

    >>> from ganlab.regularizers import r1
    >>> Penalty(r1, 0.05).every
    1
    """

    function: GradientPenalty
    weight: float
    every: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.function, GradientPenalty):
            raise TypeError(
                f"`function` must be a GradientPenalty, a place and a price, got {self.function!r}"
            )
        if not self.weight >= 0:
            raise ValueError(f"`weight` must be at least 0, got {self.weight}")
        if self.every < 1:
            raise ValueError(f"`every` must be at least 1, got {self.every}")


class Rules(NamedTuple):
    """What the two objectives are, at one step.

    `loss`: the pair of losses. `penalties`: those that are due. `pack`: how many samples are judged together.
    `unroll`: how far ahead the generator sees the discriminator. `bf16`: whether the networks compute in
    bfloat16; losses and penalties never do. `joint`: whether real and generated samples may pass through the
    discriminator in one batch, which is faster, and the same where no layer lets samples see each other.
    `augment`: names in `ganlab.training.augmentations.AUGMENTATIONS`, of what is done to all that it sees.
    `class_weight`: of the loss of the classes, 0 where the discriminator does not guess them.
    """

    loss: GANLoss
    penalties: tuple[Penalty, ...] = ()
    pack: int = 1
    unroll: Unroll | None = None
    bf16: bool = False
    joint: bool = False
    augment: tuple[str, ...] = ()
    class_weight: float = 0.0


class Draw(NamedTuple):
    """All the randomness of one step, already on the device of the networks.

    `real`: (N, ...) real samples, None where neither they nor their labels are looked at. `latents`:
    (N, latent_dim). `mixes`: for each penalty of this step its random numbers. `noise`: (2, N, ...) instance
    noise for the real and the generated samples, None without. `labels`: (N,) the classes of the samples,
    the same for the real and the generated ones, None where the networks know none. `weights`: for each
    penalty of this step its weight (), so that games side by side may differ in it; () for the weights that
    the rules have. `augment`: (2, N, K) the numbers by which the real and the generated samples are changed,
    uniform on [0, 1), None where they are not. `styling`: what the generator is given behind its latents, the
    noise of its layers (N, P), other latents and the layers from which they count, (N,), each None where it
    is not used; () for a generator of latents alone.
    """

    real: Tensor | None
    latents: Tensor
    mixes: tuple[Tensor | None, ...] = ()
    noise: Tensor | None = None
    labels: Tensor | None = None
    weights: tuple[Tensor, ...] = ()
    augment: Tensor | None = None
    styling: tuple[Tensor | None, ...] = ()


def pack(x: Tensor, count: int) -> Tensor:
    """Groups of `count` samples, joined along the first axis behind the batch.

    `x`: (N, C, ...) with N a multiple of `count`; returns (N / count, count * C, ...).
    Source: Lin et al. 2018, section 3 [lin2018].

    >>> import torch
    >>> pack(torch.arange(8).reshape(4, 2), 2).tolist()
    [[0, 1, 2, 3], [4, 5, 6, 7]]
    """
    return x if count == 1 else x.reshape(x.shape[0] // count, count * x.shape[1], *x.shape[2:])
