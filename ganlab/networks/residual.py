"""The residual pair without normalisation: each block starts at zero, so that depth does no harm at first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from .attention import SelfAttention, scale_of
from .layers import Discriminator, Flatten, Generator, MinibatchStd, Unflatten, check_size, drawn, ladder

__all__ = ["residual_discriminator", "residual_generator"]


class ResidualBlock(nn.Module):
    """The input plus a branch of 1x1, 3x3 and 1x1 convolutions with leaky rectifiers of slope 0.2 between.

    The last convolution starts at zero, so that the block starts as the identity; the others start as
    N(0, g^2 / n) with n the inputs of a unit and g^2 = 2 / (1.04 sqrt(blocks)), where `blocks` is how many
    there are in the network. (N, C, H, W) stays (N, C, H, W). Parameters: 11 C^2 + 3 C.
    """

    def __init__(self, channels: int, rng: torch.Generator, *, blocks: int):
        super().__init__()
        gain = nn.init.calculate_gain("leaky_relu", 0.2) * blocks**-0.25
        self.branch = nn.Sequential(
            _convolution(channels, channels, rng, gain=gain),
            nn.LeakyReLU(0.2, inplace=True),
            _convolution(channels, channels, rng, size=3, padding=1, gain=gain),
            nn.LeakyReLU(0.2, inplace=True),
            _convolution(channels, channels, rng, gain=0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The maps x (N, C, H, W) and what the branch adds to them."""
        return x + self.branch(x)


def residual_generator(
    latent_dim: int,
    shape: Sequence[int],
    *,
    rng: torch.Generator,
    width: int = 32,
    depth: int = 1,
    attention: int | None = None,
) -> Generator:
    """A generator of residual blocks without normalisation, from (N, latent_dim) to (N, C, H, W).

    The scales and channels are those of `dcgan_generator`. On each scale stand `depth` residual blocks;
    between two scales a 1x1 convolution halves the channels and each pixel is repeated; a 4x4 transposed
    convolution makes the image, through tanh. No layer looks at more than one sample, and nothing but
    parameters is stored, so that an ensemble of them can be stacked. `attention` puts a `SelfAttention`
    behind the blocks whose maps have that height, one of the scales.

    Parameters, with k scales, c_i = width 2^(i-1) channels on the i-th from the finest, and h by w places on
    the coarsest: (latent_dim + 1) c_k h w + depth sum over i of (11 c_i^2 + 3 c_i) + sum over i = 2 .. k of
    (c_i^2 + c_i) / 2 + 16 width C + C, and those of the attention. 28x28 in one channel from 100 latents:
    375 937.

    Raises `ValueError` unless the sides are even and at least 8, every size is a positive integer and
    `attention` is the height of a scale.
    Source: Huang et al. 2024 [huang2024], much smaller and with tanh; the start, Zhang et al. 2019
    [zhang2019fixup]; attention, Zhang et al. 2019 [zhang2019sagan].

    >>> rng = torch.Generator().manual_seed(0)
    >>> generator = residual_generator(100, (1, 28, 28), rng=rng)
    >>> sum(p.numel() for p in generator.parameters())
    375937
    >>> generator(torch.zeros(5, generator.latent_dim)).shape
    torch.Size([5, 1, 28, 28])
    """
    check_size("latent_dim", latent_dim)
    check_size("width", width)
    check_size("depth", depth)
    scale, channels = scale_of(attention, shape), ladder(shape, width)[::-1]
    blocks, attended = depth * len(channels), None if scale is None else channels[len(channels) - 1 - scale]
    coarse = (channels[0], *(side >> len(channels) for side in shape[1:]))
    first = drawn(nn.Linear, latent_dim, math.prod(coarse), rng=rng, std=latent_dim**-0.5)
    layers: list[nn.Module] = [first, Unflatten(coarse)]
    for rough, fine in pairwise(channels):
        layers += _stage(rough, depth, rng, blocks=blocks, attends=rough == attended)
        layers += [_convolution(rough, fine, rng), nn.Upsample(scale_factor=2)]
    layers += _stage(width, depth, rng, blocks=blocks, attends=width == attended)
    spread = (4 * width) ** -0.5  # 4 of the 16 places of a kernel reach a pixel
    layers += [drawn(nn.ConvTranspose2d, width, shape[0], 4, rng=rng, std=spread, stride=2, padding=1)]
    layers += [nn.Tanh()]
    return Generator(nn.Sequential(*layers), latent_dim, shape)


def residual_discriminator(
    shape: Sequence[int],
    *,
    rng: torch.Generator,
    width: int = 32,
    depth: int = 1,
    minibatch_std: bool = False,
    attention: int | None = None,
) -> Discriminator:
    """A discriminator (or critic) of residual blocks without normalisation, from (N, C, H, W) to (N,).

    The mirror of `residual_generator`: a 4x4 convolution of stride 2 reads the image; on each scale stand
    `depth` residual blocks; between two scales a 1x1 convolution doubles the channels and 2x2 places are
    averaged; a linear layer reads the coarsest map. Any gradient penalty may be put on it.
    `minibatch_std` shows the last layer how far the batch is spread; see `MinibatchStd`. `attention` is that
    of `residual_generator`.

    Parameters, in the letters of `residual_generator`: 16 C width + width + depth sum over i of
    (11 c_i^2 + 3 c_i) + sum over i = 2 .. k of (c_i^2 / 2 + c_i) + (c_k + 1 if `minibatch_std`) h w + 1, and
    those of the attention. 28x28 in one channel: 62 401.

    Raises `ValueError` unless the sides are even and at least 8, every size is a positive integer and
    `attention` is the height of a scale.
    Source: Huang et al. 2024 [huang2024], much smaller; the start, Zhang et al. 2019 [zhang2019fixup];
    attention, Zhang et al. 2019 [zhang2019sagan].

    >>> rng = torch.Generator().manual_seed(0)
    >>> discriminator = residual_discriminator((1, 28, 28), rng=rng)
    >>> sum(p.numel() for p in discriminator.parameters())
    62401
    >>> discriminator(torch.zeros(5, 1, 28, 28)).shape
    torch.Size([5])
    """
    check_size("width", width)
    check_size("depth", depth)
    scale, channels = scale_of(attention, shape), ladder(shape, width)
    blocks, attended = depth * len(channels), None if scale is None else channels[scale]
    layers: list[nn.Module] = [Flatten(), Unflatten(shape)]  # the same images, their channels side by side
    layers += [_convolution(shape[0], width, rng, size=4, stride=2, padding=1)]
    layers += _stage(width, depth, rng, blocks=blocks, attends=width == attended)
    for fine, rough in pairwise(channels):
        layers += [nn.AvgPool2d(2), _convolution(fine, rough, rng)]
        layers += _stage(rough, depth, rng, blocks=blocks, attends=rough == attended)
    layers += [MinibatchStd()] if minibatch_std else []
    places = (shape[1] >> len(channels)) * (shape[2] >> len(channels))
    features = (channels[-1] + minibatch_std) * places
    layers += [Flatten(), drawn(nn.Linear, features, 1, rng=rng, std=features**-0.5)]
    return Discriminator(nn.Sequential(*layers), shape)


def _stage(channels: int, depth: int, rng: torch.Generator, *, blocks: int, attends: bool) -> list[nn.Module]:
    """The layers of one scale: its blocks, and attention behind them."""
    stage: list[nn.Module] = [ResidualBlock(channels, rng, blocks=blocks) for _ in range(depth)]
    return [*stage, SelfAttention(channels, rng)] if attends else stage


def _convolution(
    inputs: int,
    outputs: int,
    rng: torch.Generator,
    *,
    size: int = 1,
    stride: int = 1,
    padding: int = 0,
    gain: float = 1.0,
) -> nn.Conv2d:
    """A convolution with biases 0 and weights N(0, gain^2 / (inputs of a unit))."""
    std = gain / (size * math.sqrt(inputs))
    return drawn(nn.Conv2d, inputs, outputs, size, rng=rng, std=std, stride=stride, padding=padding)
