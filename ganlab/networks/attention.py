"""A layer in which every place of a map looks at every other: self-attention between convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .layers import check_size, drawn, ladder

__all__ = ["SelfAttention", "scale_of"]


class SelfAttention(nn.Module):
    """The input plus, scaled by a learned gamma, what each place finds by looking at all places.

        beta_ji = exp(f(x_i) . g(x_j)) / sum over i of exp(f(x_i) . g(x_j)),
        o_j = v(sum over i of beta_ji h(x_i)),  y_j = x_j + gamma o_j

    for the channels x_j at place j of a map. f, g and h are 1x1 convolutions to C / 8 channels, at least one,
    v is one back to C; none has a bias, and each starts as N(0, 1 / (inputs of a unit)). gamma starts at
    zero, so that the layer starts as the identity. A convolution carries no further than its kernel; here
    any two places are one step apart, at a cost that grows with the square of their number.
    `ganlab.lipschitz.spectral_norm` divides the four convolutions, and leaves gamma alone.

    (N, C, H, W) stays (N, C, H, W). Parameters: 4 C max(1, C // 8) + 1.
    Raises `ValueError` where `channels` is no positive integer.
    Source: Zhang et al. 2019, eqs. 1 to 3 [zhang2019sagan].

    >>> layer = SelfAttention(8, torch.Generator().manual_seed(0))
    >>> x = torch.arange(64.0).reshape(2, 8, 2, 2)
    >>> layer(x).equal(x), layer.weights(x).shape
    (True, torch.Size([2, 4, 4]))
    """

    def __init__(self, channels: int, rng: torch.Generator):
        super().__init__()
        check_size("channels", channels)
        inner = max(1, channels // 8)
        self.f, self.g, self.h = (_pointwise(channels, inner, rng) for _ in range(3))
        self.v = _pointwise(inner, channels, rng)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """The maps x (N, C, H, W) and what their places find in each other."""
        found = self.weights(x) @ _rows(self.h(x))
        return x + self.gamma * self.v(found.transpose(1, 2).unflatten(2, x.shape[2:]))

    def weights(self, x: Tensor) -> Tensor:
        """How much place j looks at place i of the maps x (N, C, H, W): (N, j, i), with sum 1 over i.

        The places are counted row by row.
        """
        return (_rows(self.g(x)) @ _rows(self.f(x)).transpose(1, 2)).softmax(2)


def scale_of(attention: int | None, shape: Sequence[int]) -> int | None:
    """The number of the scale, from 0 for the finest, on which the maps of images (C, H, W) are so high.

    None where `attention` is None. Raises `ValueError` where no scale below the image has maps of that
    height, naming the heights that there are.

    >>> scale_of(14, (1, 28, 28)), scale_of(4, (3, 32, 32))
    (0, 2)
    """
    heights = [shape[1] >> scale + 1 for scale in range(len(ladder(shape, 1)))]
    if attention is None:
        return None
    if attention not in heights:
        raise ValueError(
            f"`attention` must be None or the height of a scale of {tuple(shape)}, "
            f"{' or '.join(map(str, heights))}, got {attention!r}"
        )
    return heights.index(attention)


def _pointwise(inputs: int, outputs: int, rng: torch.Generator) -> nn.Conv2d:
    return drawn(nn.Conv2d, inputs, outputs, 1, rng=rng, std=inputs**-0.5, bias=False)


def _rows(maps: Tensor) -> Tensor:
    """The places of maps (N, C, H, W) as rows (N, H W, C)."""
    return maps.flatten(2).transpose(1, 2)
