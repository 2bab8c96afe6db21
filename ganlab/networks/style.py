"""The style-modulated generator: latents do not enter the image, they steer the convolutions that make it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, leaky_relu

from .layers import check_size, drawn, ladder

__all__ = ["ModulatedConv", "StyleGenerator", "style_generator"]


class ModulatedConv(nn.Module):
    """A 3x3 convolution whose weights depend on the sample, through its style.

        w'_jik = s_i w_jik / sqrt(sum over i, k of (s_i w_jik)^2 + 1e-8),  s = 1 + A style + a

    for output channel j, input channel i and place k in the kernel. The division, left out where
    `demodulated` is False, gives every output unit variance when the inputs are independent with unit
    variance. x (N, inputs, H, W) and style (N, style_dim) give (N, outputs, H, W). Parameters:
    9 inputs outputs + outputs + (style_dim + 1) inputs.
    Source: Karras et al. 2020, section 2.2 [karras2020].

    >>> rng = torch.Generator().manual_seed(0)
    >>> ModulatedConv(4, 8, 6, rng)(torch.zeros(5, 4, 7, 7), torch.zeros(5, 6)).shape
    torch.Size([5, 8, 7, 7])
    """

    def __init__(
        self, inputs: int, outputs: int, style_dim: int, rng: torch.Generator, *, demodulated: bool = True
    ):
        super().__init__()
        self.demodulated = demodulated
        self.convolution = drawn(nn.Conv2d, inputs, outputs, 3, rng=rng, std=(9 * inputs) ** -0.5, padding=1)
        self.scale = drawn(nn.Linear, style_dim, inputs, rng=rng, std=style_dim**-0.5)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """The maps (N, outputs, H, W) that the maps x give under the style of each sample."""
        weight, scale = self.convolution.weight, 1 + self.scale(style)
        y = conv2d(x * scale[:, :, None, None], weight, padding=1)
        if self.demodulated:  # to scale what goes in and comes out is to scale the weights, at less cost
            squares = scale.square() @ weight.square().sum((2, 3)).T
            y = y * (squares + 1e-8).rsqrt()[:, :, None, None]
        return y + self.convolution.bias[:, None, None]  # type: ignore[index] - there is a bias


class StyleGenerator(nn.Module):
    """A learned constant that grows into an image under the styles of the latents. See `style_generator`."""

    def __init__(
        self,
        mapping: nn.Sequential,
        constant: nn.Parameter,
        convolutions: nn.ModuleList,
        shape: Sequence[int],
    ):
        super().__init__()
        self.mapping, self.constant, self.convolutions = mapping, constant, convolutions
        self.latent_dim, self.shape = mapping[0].get_parameter("weight").shape[1], tuple(shape)

    def forward(self, z: Tensor) -> Tensor:
        """The images (N, C, H, W) that the latents z (N, latent_dim) stand for."""
        return self.synthesize(self.styles(z))

    def styles(self, z: Tensor) -> Tensor:
        """The styles (N, latent_dim) of latents z (N, latent_dim); the length of a latent does not matter."""
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ValueError(f"`z` must have shape (N, {self.latent_dim}), got {tuple(z.shape)}")
        return self.mapping(z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt())

    def synthesize(self, styles: Tensor) -> Tensor:
        """The images (N, C, H, W) in [-1, 1] under `styles` (N, latent_dim)."""
        x = self.constant.expand(styles.shape[0], *self.constant.shape)
        for index, convolution in enumerate(self.convolutions):
            x = leaky_relu(x, 0.2) if index else x
            x = interpolate(x, scale_factor=2) if index else x
            x = convolution(x, styles)
        return x.tanh()


def style_generator(
    latent_dim: int, shape: Sequence[int], *, rng: torch.Generator, width: int = 32, depth: int = 2
) -> StyleGenerator:
    """A style-modulated generator, from (N, latent_dim) to (N, C, H, W).

    `depth` linear layers of `latent_dim` units map each latent, scaled to unit mean square, to its style. A
    learned map, the same for all samples, passes a `ModulatedConv`; then on each finer scale, pixels are
    repeated and another follows. The scales and channels are those of `dcgan_generator`; the last
    convolution makes the image, without the division by the norm, through tanh. Of the paper we leave out
    the noise in each layer, the skips to the image and the penalty on path lengths: a forward pass draws
    nothing, and no sample sees another.

    Parameters, with l = latent_dim, c_i the channels from the finest of k scales to the coarsest, of h by w
    places: depth (l^2 + l) + c_k h w, and 9 a b + b + (l + 1) a for each convolution from a to b channels:
    (c_k, c_k), (c_k, c_{k-1}), ..., (c_1, C). 28x28 in one channel from 100 latents: 95 177.

    Raises `ValueError` unless the sides are even and at least 8 and every size is a positive integer.
    Source: Karras et al. 2019 [karras2019]; Karras et al. 2020 [karras2020].

    >>> rng = torch.Generator().manual_seed(0)
    >>> generator = style_generator(100, (1, 28, 28), rng=rng)
    >>> sum(p.numel() for p in generator.parameters())
    95177
    >>> generator(torch.zeros(5, generator.latent_dim)).shape
    torch.Size([5, 1, 28, 28])
    """
    check_size("latent_dim", latent_dim)
    check_size("width", width)
    check_size("depth", depth)
    channels = ladder(shape, width)[::-1]
    coarse = (channels[0], *(side >> len(channels) for side in shape[1:]))
    mapping = nn.Sequential()
    for _ in range(depth):
        std = nn.init.calculate_gain("leaky_relu", 0.2) * latent_dim**-0.5
        mapping.extend([drawn(nn.Linear, latent_dim, latent_dim, rng=rng, std=std), nn.LeakyReLU(0.2)])
    constant = torch.randn(coarse, dtype=torch.float64, generator=rng).to(torch.get_default_dtype())
    sizes = [channels[0], *channels, shape[0]]
    convolutions = [
        ModulatedConv(sizes[i], sizes[i + 1], latent_dim, rng, demodulated=i + 2 < len(sizes))
        for i in range(len(sizes) - 1)
    ]
    return StyleGenerator(mapping, nn.Parameter(constant), nn.ModuleList(convolutions), shape)
