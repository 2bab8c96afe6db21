"""What all networks share: the two players around a stack of layers, and where weights come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils import skip_init
from torch.nn.utils.parametrize import is_parametrized

__all__ = ["Discriminator", "Generator", "MinibatchStd", "initialize"]

Network = TypeVar("Network", bound=nn.Module)

_WEIGHTED = (nn.Linear, _ConvNd, nn.Embedding)


class Generator(nn.Module):
    """A stack of layers from latents (N, latent_dim) to samples (N, *shape)."""

    def __init__(self, layers: nn.Sequential, latent_dim: int, shape: Sequence[int]):
        super().__init__()
        self.layers, self.latent_dim, self.shape = layers, latent_dim, tuple(shape)

    def forward(self, z: Tensor) -> Tensor:
        """The samples (N, *shape) that the latents z (N, latent_dim) stand for."""
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ValueError(f"`z` must have shape (N, {self.latent_dim}), got {tuple(z.shape)}")
        return self.layers(z).reshape(z.shape[0], *self.shape)


class Discriminator(nn.Module):
    """A stack of layers from samples (N, *shape) to raw scores (N,); the last of them is linear."""

    def __init__(self, layers: nn.Sequential, shape: Sequence[int]):
        super().__init__()
        self.layers, self.shape = layers, tuple(shape)

    def forward(self, x: Tensor) -> Tensor:
        """The raw scores (N,) of samples x (N, *shape): logits or a critic's values, no probabilities."""
        return self.layers[-1](self.features(x)).squeeze(1)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer reads of samples x (N, *shape): (N, F)."""
        if tuple(x.shape[1:]) != self.shape:
            wanted = ", ".join(["N", *map(str, self.shape)])
            raise ValueError(f"`x` must have shape ({wanted}), got {tuple(x.shape)}")
        return self.layers[:-1](x)


class Flatten(nn.Module):
    """Maps (N, C, H, W) as rows (N, H W C), the channels of a place side by side.

    Convolutions on a CPU are fastest on maps that lie so in memory (`torch.channels_last`), and neither this
    order of the row nor that of `Unflatten` moves them.

    >>> Flatten()(torch.tensor([[[[1, 2]], [[3, 4]]]])).tolist()  # two channels, each of 1 x 2 places
    [[1, 3, 2, 4]]
    """

    def forward(self, x: Tensor) -> Tensor:
        """The rows (N, H W C) of the maps x (N, C, H, W)."""
        return x.permute(0, 2, 3, 1).flatten(1)


class Unflatten(nn.Module):
    """Rows (N, H W C) as maps (N, C, H, W) of the given (C, H, W). It undoes `Flatten`.

    >>> maps = torch.arange(24).reshape(2, 3, 2, 2)
    >>> Unflatten((3, 2, 2))(Flatten()(maps)).equal(maps)
    True
    """

    def __init__(self, shape: Sequence[int]):
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: Tensor) -> Tensor:
        """The maps (N, C, H, W) of the rows x (N, H W C)."""
        channels, *sides = self.shape
        return x.unflatten(1, (*sides, channels)).permute(0, 3, 1, 2)

    def extra_repr(self) -> str:
        """The shape of one map."""
        return f"shape={self.shape}"


class MinibatchStd(nn.Module):
    """The input with one more feature: how far the samples of the batch are apart, the same for all of them.

    s = mean over features and places of sqrt(variance over the batch + 1e-8)

    The variance is divided by N, so that a batch of one has s = 1e-4, as has a batch of equal samples, where
    the gradient is finite. (N, F) becomes (N, F + 1), (N, C, H, W) becomes (N, C + 1, H, W). A generator that
    collapses gives itself away by a small s. The score of a sample then depends on the rest of its batch
    (`mixes_samples`), so that the gradient a penalty takes is no longer that of one sample.
    Source: Karras et al. 2018, section 3 [karras2018].

    >>> MinibatchStd()(torch.tensor([[1.0, 5.0], [3.0, 5.0]]))
    tensor([[1.0000, 5.0000, 0.5001],
            [3.0000, 5.0000, 0.5001]])
    """

    mixes_samples = True

    def forward(self, x: Tensor) -> Tensor:
        """The features x (N, C, ...) with the statistic of their batch behind them: (N, C + 1, ...)."""
        variance = (x - x.mean(0)).square().mean(0)
        statistic = (variance + 1e-8).sqrt().mean()
        return torch.cat([x, statistic.expand_as(x[:, :1])], 1)


def initialize(network: Any, rng: torch.Generator, *, std: float | None = None) -> Any:
    """The network itself, with the weights of its linear, convolution and embedding layers drawn from `rng`.

    With `std`, weights are N(0, std^2) and biases 0. Without it, weights and biases of linear layers and
    convolutions are U(-b, b) with b = 1 / sqrt(inputs of the layer), the distribution in which PyTorch starts
    them, and embeddings are N(0, 1). Normalisations keep gain 1 and shift 0. The draws are made in float64,
    layer by layer, and rounded. Raises `TypeError` where `rng` is no `torch.Generator`, `ValueError` where
    `std` is negative or a layer is parametrised, as by spectral normalisation, which belongs after the draw.

    >>> layer = initialize(nn.Linear(4, 1000), torch.Generator().manual_seed(0))
    >>> print(f"{layer.weight.abs().max().item():.2f}")  # 1 / sqrt(4)
    0.50
    """
    if not isinstance(rng, torch.Generator):
        raise TypeError(f"`rng` must be a torch.Generator, got {type(rng).__name__}")
    if std is not None and not std >= 0:
        raise ValueError(f"`std` must be at least 0, got {std}")
    for name, layer in network.named_modules():
        if isinstance(layer, _WEIGHTED):
            if is_parametrized(layer):
                raise ValueError(f"`network` must not be parametrised before its draw, got layer `{name}`")
            _draw(layer, rng, std)
    return network


def drawn(
    kind: type[Network], *sizes: int, rng: torch.Generator, std: float | None = None, **settings: Any
) -> Network:
    """A layer of this kind and these sizes, whose weights `initialize` has drawn from `rng` alone.

    >>> drawn(nn.Linear, 4, 2, rng=torch.Generator().manual_seed(0), std=0.0).weight.any().item()
    False
    """
    return initialize(cast(Network, skip_init(kind, *sizes, **settings)), rng, std=std)


@torch.no_grad()
def _draw(layer: nn.Module, rng: torch.Generator, std: float | None) -> None:
    for name, parameter in layer.named_parameters():
        draw = torch.zeros(parameter.shape, dtype=torch.float64)
        if std is None and not isinstance(layer, nn.Embedding):
            bound = layer.get_parameter("weight")[0].numel() ** -0.5
            draw.uniform_(-bound, bound, generator=rng)
        elif name == "weight":
            draw.normal_(0, 1 if std is None else std, generator=rng)
        parameter.copy_(draw)


def ladder(shape: Sequence[int], width: int) -> list[int]:
    """The channels on each scale below the image, from fine to coarse: width, 2 width, 4 width, ...

    The sides are halved as long as both stay integers of at least 4. Raises `ValueError` where `shape` is no
    (C, H, W) or cannot be halved once.

    >>> ladder((1, 28, 28), 64), ladder((3, 32, 32), 64)
    ([64, 128], [64, 128, 256])
    """
    check_sizes("shape", shape)
    if len(shape) != 3:
        raise ValueError(f"`shape` must be (C, H, W), got {tuple(shape)}")
    channels, sides = [], shape[1:]
    while all(side % 2 == 0 and side >= 8 for side in sides):
        channels.append(width << len(channels))
        sides = [side // 2 for side in sides]
    if not channels:
        raise ValueError(f"`shape` must have even sides of at least 8 pixels, got {tuple(shape)}")
    return channels


def is_size(value: object) -> bool:
    """Whether the value is a positive integer."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def check_size(name: str, value: object) -> None:
    """Refuse a value that is no positive integer, by a `ValueError`."""
    if not is_size(value):
        raise ValueError(f"`{name}` must be a positive integer, got {value!r}")


def check_sizes(name: str, sizes: object) -> None:
    """Refuse a value that is no sequence of positive integers, by a `ValueError`."""
    if not isinstance(sizes, Sequence) or not sizes or not all(map(is_size, sizes)):
        raise ValueError(f"`{name}` must hold positive integers, got {sizes!r}")
