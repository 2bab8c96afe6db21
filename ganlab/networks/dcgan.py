"""The convolutional pair: strided convolutions down, transposed convolutions up, a batch norm to each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils import skip_init

from .attention import SelfAttention, scale_of
from .layers import Discriminator, Flatten, Generator, MinibatchStd, Unflatten, check_size, initialize, ladder

__all__ = ["dcgan_discriminator", "dcgan_generator"]

STD = 0.02


def dcgan_generator(
    latent_dim: int,
    shape: Sequence[int],
    *,
    rng: torch.Generator,
    width: int = 64,
    attention: int | None = None,
) -> Generator:
    """A generator of transposed convolutions with batch normalisation, from (N, latent_dim) to (N, C, H, W).

    A linear layer makes the coarsest map, and each 4x4 transposed convolution doubles its sides and halves
    its channels; the last of them makes the image from `width` channels and ends in tanh. The sides are
    doubled as often as they can be from at least 4: 28 = 7 * 2 * 2, 32 = 4 * 2 * 2 * 2. Weights are
    N(0, 0.02^2). `attention` puts a `SelfAttention` behind the maps of that height, one of the scales; its
    weights are its own.

    Parameters, with k doublings and c = width 2^(k-1) channels on the coarsest map of h by w places:
    latent_dim c h w + 2 c + sum over i = 1 .. k-1 of (8 c_i^2 + c_i) with c_i = c / 2^(i-1), and
    16 width C + C for the image, and those of the attention. 28x28 in one channel from 100 latents at width
    64: 759 681.

    Raises `ValueError` unless the sides are even and at least 8, every size is a positive integer and
    `attention` is the height of a scale.
    Source: Radford et al. 2016, section 3 [radford2016]; attention, Zhang et al. 2019 [zhang2019sagan].

    >>> rng = torch.Generator().manual_seed(0)
    >>> generator = dcgan_generator(100, (1, 28, 28), rng=rng)
    >>> sum(p.numel() for p in generator.parameters())
    759681
    >>> generator(torch.zeros(5, generator.latent_dim)).shape
    torch.Size([5, 1, 28, 28])
    """
    check_size("latent_dim", latent_dim)
    check_size("width", width)
    scale = scale_of(attention, shape)
    *channels, last = [*reversed(ladder(shape, width)), shape[0]]
    coarse = [side >> len(channels) for side in shape[1:]]
    layers = [
        skip_init(nn.Linear, latent_dim, channels[0] * coarse[0] * coarse[1], bias=False),
        Unflatten((channels[0], *coarse)),
        nn.BatchNorm2d(channels[0]),
        nn.ReLU(inplace=True),
    ]
    for inputs, outputs in pairwise(channels):
        layers += [
            skip_init(nn.ConvTranspose2d, inputs, outputs, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    layers += [skip_init(nn.ConvTranspose2d, channels[-1], last, 4, stride=2, padding=1), nn.Tanh()]
    stack = initialize(nn.Sequential(*layers), rng, std=STD)
    if scale is not None:
        above = len(channels) - 1 - scale  # coarser scales, of three layers each
        stack.insert(4 + 3 * above, SelfAttention(channels[above], rng))
    return Generator(stack, latent_dim, shape)


def dcgan_discriminator(
    shape: Sequence[int],
    *,
    rng: torch.Generator,
    width: int = 64,
    batch_norm: bool = False,
    minibatch_std: bool = False,
    attention: int | None = None,
) -> Discriminator:
    """A discriminator (or critic) of strided convolutions, from (N, C, H, W) to (N,).

    The mirror of `dcgan_generator`: each 4x4 convolution halves the sides, `width` channels after the first
    and twice as many after each other, with leaky rectifiers of slope 0.2; a linear layer reads the coarsest
    map. Weights are N(0, 0.02^2).

    `batch_norm` puts a batch normalisation behind each convolution but the first, as the paper has it. We
    leave it out unless asked: it makes the score of one sample depend on the others, which every gradient
    penalty forbids, and a critic that serves every loss and regularizer is the better default.
    `minibatch_std` shows the last layer how far the batch is spread; see `MinibatchStd`. `attention` puts a
    `SelfAttention` behind the maps of that height, one of the scales; any gradient penalty may be put on it.

    Parameters, with k halvings and c_i = width 2^(i-1) channels after the i-th: 16 C width + width, plus
    the sum over i = 2 .. k of (8 c_i^2 + c_i), or (8 c_i^2 + 2 c_i) with `batch_norm`, plus
    (c_k + 1 if `minibatch_std`) h w + 1 for the coarsest map of h by w places, and those of the attention.
    28x28 in one channel at width 64: 138 561.

    Raises `ValueError` unless the sides are even and at least 8, every size is a positive integer and
    `attention` is the height of a scale.
    Source: Radford et al. 2016, section 3 [radford2016]; attention, Zhang et al. 2019 [zhang2019sagan].

    >>> rng = torch.Generator().manual_seed(0)
    >>> discriminator = dcgan_discriminator((1, 28, 28), rng=rng)
    >>> sum(p.numel() for p in discriminator.parameters())
    138561
    >>> discriminator(torch.zeros(5, 1, 28, 28)).shape
    torch.Size([5])
    """
    check_size("width", width)
    scale, channels = scale_of(attention, shape), ladder(shape, width)
    layers = [
        *(Flatten(), Unflatten(shape)),  # the same images, their channels side by side
        skip_init(nn.Conv2d, shape[0], width, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2, inplace=True),
    ]
    for inputs, outputs in pairwise(channels):
        layers.append(skip_init(nn.Conv2d, inputs, outputs, 4, stride=2, padding=1, bias=not batch_norm))
        layers += [nn.BatchNorm2d(outputs)] if batch_norm else []
        layers.append(nn.LeakyReLU(0.2, inplace=True))
    layers += [MinibatchStd()] if minibatch_std else []
    places = (shape[1] >> len(channels)) * (shape[2] >> len(channels))
    layers += [Flatten(), skip_init(nn.Linear, (channels[-1] + minibatch_std) * places, 1)]
    stack = initialize(nn.Sequential(*layers), rng, std=STD)
    if scale is not None:
        stack.insert(4 + (2 + batch_norm) * scale, SelfAttention(channels[scale], rng))
    return Discriminator(stack, shape)
