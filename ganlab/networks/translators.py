"""Translators: networks from samples to samples of the same shape, for unpaired translation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from .layers import check_size, check_sizes, initialize
from .mlp import mlp_generator

_leaky_relu = partial(nn.LeakyReLU, 0.2)

__all__ = ["TRANSLATORS", "Translator", "convolutional_translator", "mlp_translator", "still_translator"]


class Translator(nn.Module):
    """A stack of layers from samples (N, *shape) to samples (N, *shape); with `still`, x plus what they make.

    Where `still` is set, the last layer starts at zero, so that the translator starts as the identity.
    """

    def __init__(self, layers: nn.Sequential, shape: Sequence[int], *, still: bool = False):
        super().__init__()
        self.layers, self.shape, self.still = layers, tuple(shape), still

    def forward(self, x: Tensor) -> Tensor:
        """The samples (N, *shape) that x (N, *shape) is translated into."""
        if tuple(x.shape[1:]) != self.shape:
            wanted = ", ".join(["N", *map(str, self.shape)])
            raise ValueError(f"`x` must have shape ({wanted}), got {tuple(x.shape)}")
        made = self.layers(x).reshape(x.shape)
        return x + made if self.still else made


def mlp_translator(
    shape: Sequence[int], *, rng: torch.Generator, width: int | Sequence[int] = 128, depth: int = 3
) -> Translator:
    """A translator of `depth` hidden layers of `width` units, each of which sees the whole sample.

    `width` may also list the hidden widths; `depth` is then not read. For images (C, H, W) it ends in tanh.
    Raises `ValueError` where a size is not a positive integer.

    >>> mlp_translator((2,), rng=torch.Generator().manual_seed(0))(torch.zeros(5, 2)).shape
    torch.Size([5, 2])
    """
    return Translator(_dense(shape, rng, width, depth), shape)


def still_translator(
    shape: Sequence[int], *, rng: torch.Generator, width: int | Sequence[int] = 128, depth: int = 3
) -> Translator:
    """A translator x + f(x) that starts as the identity: the last layer of f, an `mlp_translator`, is zero.

    >>> x = torch.randn(5, 2)
    >>> still_translator((2,), rng=torch.Generator().manual_seed(0))(x).equal(x)
    True
    """
    layers = _dense(shape, rng, width, depth, bounded=False)
    for parameter in layers[-1].parameters():
        nn.init.zeros_(parameter)
    return Translator(layers, shape, still=True)


def convolutional_translator(
    shape: Sequence[int], *, rng: torch.Generator, width: int = 32, depth: int = 3
) -> Translator:
    """A translator of images: `depth` layers of `width` channels and a last one, 3x3 and as large as x.

    A pixel of the result depends on pixels at most `depth` + 1 places away, and how is the same everywhere
    but at the border. It ends in tanh.
    Raises `ValueError` where a size is not a positive integer or `shape` is no (C, H, W).

    >>> translator = convolutional_translator((1, 8, 8), rng=torch.Generator().manual_seed(0))
    >>> translator(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 1, 8, 8])
    """
    check_sizes("shape", shape)
    check_size("width", width)
    check_size("depth", depth)
    if len(shape) != 3:
        raise ValueError(f"`shape` must be (C, H, W) for convolutions, got {tuple(shape)}")
    channels = [shape[0], *[width] * depth, shape[0]]
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(channels):
        layers += [skip_init(nn.Conv2d, inputs, outputs, 3, padding=1), _leaky_relu()]
    layers[-1] = nn.Tanh()
    return Translator(initialize(nn.Sequential(*layers), rng), shape)


def _dense(
    shape: Sequence[int],
    rng: torch.Generator,
    width: int | Sequence[int],
    depth: int,
    *,
    bounded: bool | None = None,
) -> nn.Sequential:
    check_sizes("shape", shape)
    sizes = {"width": width, "depth": depth, "activation": _leaky_relu, "bounded": bounded}
    return nn.Sequential(nn.Flatten(), *mlp_generator(math.prod(shape), shape, rng=rng, **sizes).layers)


TRANSLATORS: dict[str, Callable[..., Any]] = {
    "mlp": mlp_translator,
    "still": still_translator,
    "convolutions": convolutional_translator,
}
"""The translators by name; "still" starts as the identity.

>>> list(TRANSLATORS)
['mlp', 'still', 'convolutions']
"""
