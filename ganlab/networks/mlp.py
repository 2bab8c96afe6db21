"""The plain pair: linear layers with an activation between each two, for points and for small images."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils import skip_init

from .layers import Discriminator, Generator, MinibatchStd, check_size, check_sizes, initialize

__all__ = ["mlp_discriminator", "mlp_generator"]

_leaky_relu = partial(nn.LeakyReLU, 0.2)


def mlp_generator(
    latent_dim: int,
    shape: Sequence[int],
    *,
    rng: torch.Generator,
    width: int | Sequence[int] = 128,
    depth: int = 3,
    activation: Callable[[], nn.Module] = nn.ReLU,
    bounded: bool | None = None,
) -> Generator:
    """A generator of `depth` hidden layers of `width` units, from (N, latent_dim) to (N, *shape).

    `width` may also list the hidden widths, as in (128, 256); `depth` is then not read. `bounded` ends the
    network in tanh, so that samples lie in [-1, 1]; None means: for images (C, H, W), and not for points.
    `activation` makes the module between two layers. Parameters, with w the widths from latent_dim to the
    size of a sample: sum of (w_i + 1) w_{i+1}. Raises `ValueError` where a size is not a positive integer.
    Source: Goodfellow et al. 2014, section 3 [goodfellow2014].

    >>> rng = torch.Generator().manual_seed(0)
    >>> generator = mlp_generator(100, (1, 28, 28), width=(128, 256), rng=rng)
    >>> sum(p.numel() for p in generator.parameters())
    247440
    >>> generator(torch.zeros(5, generator.latent_dim)).shape
    torch.Size([5, 1, 28, 28])
    """
    check_size("latent_dim", latent_dim)
    check_sizes("shape", shape)
    layers = _stack([latent_dim, *_hidden(width, depth), math.prod(shape)], activation)
    if len(shape) == 3 if bounded is None else bounded:
        layers.append(nn.Tanh())
    return Generator(initialize(nn.Sequential(*layers), rng), latent_dim, shape)


def mlp_discriminator(
    shape: Sequence[int],
    *,
    rng: torch.Generator,
    width: int | Sequence[int] = 128,
    depth: int = 3,
    activation: Callable[[], nn.Module] = _leaky_relu,
    minibatch_std: bool = False,
) -> Discriminator:
    """A discriminator (or critic) of `depth` hidden layers of `width` units, from (N, *shape) to (N,).

    `width` may also list the hidden widths, as in (256, 128); `depth` is then not read. Parameters, with w
    the widths from the size of a sample to 1: sum of (w_i + 1) w_{i+1}. No normalisation, so that a gradient
    penalty may be put on it. `minibatch_std` shows the last layer how far the batch is spread, by one
    parameter more; see `MinibatchStd`. Raises `ValueError` where a size is not a positive integer.
    Source: leaky rectifiers with slope 0.2 are those of Radford et al. 2016 [radford2016].

    >>> rng = torch.Generator().manual_seed(0)
    >>> discriminator = mlp_discriminator((1, 28, 28), width=(256, 128), rng=rng)
    >>> sum(p.numel() for p in discriminator.parameters())
    233985
    >>> discriminator(torch.zeros(5, 1, 28, 28)).shape
    torch.Size([5])
    """
    check_sizes("shape", shape)
    *widths, last = [math.prod(shape), *_hidden(width, depth)]
    layers = [*_stack([*widths, last], activation), activation()]
    if minibatch_std:
        layers.append(MinibatchStd())
    layers.append(skip_init(nn.Linear, last + minibatch_std, 1))
    if len(shape) > 1:
        layers.insert(0, nn.Flatten())
    return Discriminator(initialize(nn.Sequential(*layers), rng), shape)


def _stack(widths: Sequence[int], activation: Callable[[], nn.Module]) -> list[nn.Module]:
    """Linear layers with an activation between each two, not initialised: nothing is drawn."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [skip_init(nn.Linear, inputs, outputs), activation()]
    return layers[:-1]


def _hidden(width: int | Sequence[int], depth: int) -> Sequence[int]:
    if isinstance(width, Sequence):
        check_sizes("width", width)
        return width
    check_size("width", width)
    check_size("depth", depth)
    return [width] * depth
