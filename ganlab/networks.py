"""The two players as modules: a generator from noise to samples, a discriminator from samples to raw scores.

No network here knows a loss: a discriminator returns one real number a sample, (N,), and whoever holds the
loss decides whether that is a logit or a critic's value. Weights come from the `torch.Generator` passed in
and from nothing else, drawn in float64 and rounded, so that a seed gives the same network in each precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

__all__ = ["MLPDiscriminator", "MLPGenerator", "initialize", "mlp_discriminator", "mlp_generator"]

_leaky_relu = partial(nn.LeakyReLU, 0.2)


class MLPGenerator(nn.Module):
    """A stack of linear layers from latents (N, latent_dim) to samples (N, *shape). See `mlp_generator`."""

    def __init__(self, layers: nn.Sequential, latent_dim: int, shape: tuple[int, ...]):
        super().__init__()
        self.layers, self.latent_dim, self.shape = layers, latent_dim, shape

    def forward(self, z: Tensor) -> Tensor:
        """The samples (N, *shape) that the latents z (N, latent_dim) stand for."""
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ValueError(f"`z` must have shape (N, {self.latent_dim}), got {tuple(z.shape)}")
        return self.layers(z).reshape(z.shape[0], *self.shape)


class MLPDiscriminator(nn.Module):
    """A stack of linear layers from samples (N, *shape) to raw scores (N,). See `mlp_discriminator`."""

    def __init__(self, layers: nn.Sequential, shape: tuple[int, ...]):
        super().__init__()
        self.layers, self.shape = layers, shape

    def forward(self, x: Tensor) -> Tensor:
        """The raw scores (N,) of samples x (N, *shape): logits or a critic's values, no probabilities."""
        if tuple(x.shape[1:]) != self.shape:
            wanted = ", ".join(["N", *map(str, self.shape)])
            raise ValueError(f"`x` must have shape ({wanted}), got {tuple(x.shape)}")
        return self.layers(x.flatten(1)).squeeze(1)


def mlp_generator(
    latent_dim: int,
    shape: Sequence[int],
    *,
    rng: torch.Generator,
    width: int | Sequence[int] = 128,
    depth: int = 3,
    activation: Callable[[], nn.Module] = nn.ReLU,
    bounded: bool | None = None,
) -> MLPGenerator:
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
    _check_size("latent_dim", latent_dim)
    _check_sizes("shape", shape)
    layers = _linear_stack([latent_dim, *_hidden(width, depth), math.prod(shape)], activation)
    if len(shape) == 3 if bounded is None else bounded:
        layers.append(nn.Tanh())
    return MLPGenerator(initialize(layers, rng), latent_dim, tuple(shape))


def mlp_discriminator(
    shape: Sequence[int],
    *,
    rng: torch.Generator,
    width: int | Sequence[int] = 128,
    depth: int = 3,
    activation: Callable[[], nn.Module] = _leaky_relu,
) -> MLPDiscriminator:
    """A discriminator (or critic) of `depth` hidden layers of `width` units, from (N, *shape) to (N,).

    `width` may also list the hidden widths, as in (256, 128); `depth` is then not read. Parameters, with w
    the widths from the size of a sample to 1: sum of (w_i + 1) w_{i+1}. No normalisation, so that a gradient
    penalty may be put on it. Raises `ValueError` where a size is not a positive integer.
    Source: leaky rectifiers with slope 0.2 are those of Radford et al. 2016 [radford2016].

    >>> rng = torch.Generator().manual_seed(0)
    >>> discriminator = mlp_discriminator((1, 28, 28), width=(256, 128), rng=rng)
    >>> sum(p.numel() for p in discriminator.parameters())
    233985
    >>> discriminator(torch.zeros(5, 1, 28, 28)).shape
    torch.Size([5])
    """
    _check_sizes("shape", shape)
    layers = _linear_stack([math.prod(shape), *_hidden(width, depth), 1], activation)
    return MLPDiscriminator(initialize(layers, rng), tuple(shape))


def initialize(network: nn.Sequential, rng: torch.Generator) -> nn.Sequential:
    """The network itself, with the weights and biases of its linear layers drawn from U(-b, b).

    b = 1 / sqrt(inputs of the layer): the distribution in which PyTorch starts a linear layer, drawn from
    `rng` instead of the global stream. Raises `TypeError` where `rng` is no `torch.Generator`.

    >>> layer = initialize(nn.Sequential(nn.Linear(4, 1000)), torch.Generator().manual_seed(0))[0]
    >>> print(f"{layer.weight.abs().max().item():.2f}")  # 1 / sqrt(4)
    0.50
    """
    if not isinstance(rng, torch.Generator):
        raise TypeError(f"`rng` must be a torch.Generator, got {type(rng).__name__}")
    with torch.no_grad():
        for layer in network:
            if isinstance(layer, nn.Linear):
                bound = layer.in_features**-0.5
                for parameter in layer.parameters():
                    draw = torch.empty_like(parameter, dtype=torch.float64)
                    parameter.copy_(draw.uniform_(-bound, bound, generator=rng))
    return network


def _linear_stack(widths: Sequence[int], activation: Callable[[], nn.Module]) -> nn.Sequential:
    """Linear layers with an activation between each two, not initialised: nothing is drawn."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [skip_init(nn.Linear, inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


def _hidden(width: int | Sequence[int], depth: int) -> Sequence[int]:
    if isinstance(width, Sequence):
        _check_sizes("width", width)
        return width
    _check_size("width", width)
    _check_size("depth", depth)
    return [width] * depth


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _check_size(name: str, value: object) -> None:
    if not _is_size(value):
        raise ValueError(f"`{name}` must be a positive integer, got {value!r}")


def _check_sizes(name: str, sizes: object) -> None:
    if not isinstance(sizes, Sequence) or not sizes or not all(map(_is_size, sizes)):
        raise ValueError(f"`{name}` must hold positive integers, got {sizes!r}")
