"""A style and a noise map for each layer, and an image at each scale, so that it can mix and grow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu

from .layers import Flatten, MinibatchStd, check_size, drawn, ladder
from .residual import ResidualBlock
from .style import ModulatedConv

__all__ = [
    "LayeredDiscriminator",
    "LayeredGenerator",
    "layered_discriminator",
    "layered_generator",
    "level_of",
    "mixed",
]

_GAIN = math.sqrt(2 / (1 + 0.2**2))  # keeps the mean square behind a leaky rectifier


class LayeredGenerator(nn.Module):
    """A learned constant that two modulated convolutions a scale make into an image. See `layered_generator`.

    `style_layers`: how many styles an image has. `noise_places`: how many numbers its noise has, 0 where it
    takes none. `level`: on which scale the images are, from 0, the coarsest; None where it does not grow.
    """

    level: Tensor | None

    def __init__(
        self,
        mapping: nn.Sequential,
        constant: nn.Parameter,
        convolutions: nn.ModuleList,
        pictures: nn.ModuleList,
        shape: Sequence[int],
        *,
        latent_dim: int,
        noise: bool,
        grows: bool,
    ):
        super().__init__()
        self.mapping, self.constant, self.convolutions = mapping, constant, convolutions
        self.pictures, self.style_layers, self.shape = pictures, len(convolutions), tuple(shape)
        self.latent_dim = latent_dim
        self.scales = len(pictures)
        sides = [(shape[1] >> k, shape[2] >> k) for k in range(self.scales)][::-1]
        self.sides = [side for side in sides for _ in range(2)]
        self.noise_places = sum(h * w for h, w in self.sides) if noise else 0
        self.strengths = nn.Parameter(torch.zeros(self.style_layers)) if noise else None
        self.register_buffer("level", torch.tensor(float(self.scales - 1)) if grows else None)

    def forward(
        self, z: Tensor, noise: Tensor | None = None, second: Tensor | None = None, cut: Tensor | None = None
    ) -> Tensor:
        """The images (N, C, H, W) that the latents z (N, latent_dim) stand for.

        `noise` (N, noise_places), None for its mean, zero. `second` (N, latent_dim) and `cut` (N,): other
        latents, whose styles the layers from `cut` on have; see `mixed`. Raises `ValueError` where one of the
        two is missing.
        """
        styles = self.styles(z)[:, None].expand(-1, self.style_layers, -1)
        if (second is None) != (cut is None):
            raise ValueError("`second` and `cut` must be given together: a mixture needs both")
        if second is not None and cut is not None:
            styles = mixed(styles, self.styles(second)[:, None].expand(-1, self.style_layers, -1), cut)
        return self.synthesize(styles, noise)

    def styles(self, z: Tensor) -> Tensor:
        """The styles (N, latent_dim) of latents z (N, latent_dim); the length of a latent does not matter."""
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ValueError(f"`z` must have shape (N, {self.latent_dim}), got {tuple(z.shape)}")
        return self.mapping(z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt())

    def synthesize(self, styles: Tensor, noise: Tensor | None = None) -> Tensor:
        """The images (N, C, H, W) in [-1, 1] under a style for each layer.

        `styles`: (N, style_layers, latent_dim), or (N, latent_dim) for one style in all of them. `noise`:
        (N, noise_places), None for zero.
        """
        if styles.ndim == 2:
            styles = styles[:, None].expand(-1, self.style_layers, -1)
        if styles.ndim != 3 or styles.shape[1:] != (self.style_layers, self.latent_dim):
            raise ValueError(
                f"`styles` must have shape (N, {self.style_layers}, {self.latent_dim}), "
                f"got {tuple(styles.shape)}"
            )
        maps = self._maps(noise, len(styles))
        level = None if self.level is None else float(self.level)
        # Kept as (h, w, c), since convolutions are fastest on maps whose channels lie side by side.
        x, found = self.constant.expand(len(styles), *self.constant.shape).permute(0, 3, 1, 2), []
        for scale in range(self.scales if level is None else math.ceil(level) + 1):
            x = interpolate(x, scale_factor=2) if scale else x
            for layer in (2 * scale, 2 * scale + 1):
                x = self.convolutions[layer](x, styles[:, layer])
                if maps is not None and self.strengths is not None:
                    x = x + self.strengths[layer] * maps[layer]
                x = _GAIN * leaky_relu(x, 0.2)
            found.append(self.pictures[scale](x))
        return _summed(found) if level is None else _faded(found, level, self.scales)

    def mean_style(self, count: int = 10_000) -> Tensor:
        """The mean style (latent_dim,) of `count` latents, which are always the same.

        To it styles are pulled by truncation: see `ganlab.experiments.draws.samples_of`.
        """
        rng = torch.Generator().manual_seed(count)
        z = torch.randn((count, self.latent_dim), generator=rng, dtype=torch.float64)
        with torch.no_grad():
            return self.styles(z.to(self.constant)).mean(0)

    def _maps(self, noise: Tensor | None, count: int) -> list[Tensor] | None:
        if noise is None:
            return None
        if noise.shape != (count, self.noise_places):
            raise ValueError(
                f"`noise` must have shape ({count}, {self.noise_places}), got {tuple(noise.shape)}"
            )
        parts = noise.split([h * w for h, w in self.sides], 1)
        return [part.reshape(count, 1, *side) for part, side in zip(parts, self.sides, strict=True)]


class LayeredDiscriminator(nn.Module):
    """A discriminator that reads its images at the scale of its `level`. See `layered_discriminator`."""

    level: Tensor | None

    def __init__(
        self,
        readers: nn.ModuleList,
        stages: nn.ModuleList,
        last: nn.Sequential,
        shape: Sequence[int],
        *,
        grows: bool,
    ):
        super().__init__()
        self.readers, self.stages, self.layers, self.shape = readers, stages, last, tuple(shape)
        self.scales = len(stages) + 2
        self.register_buffer("level", torch.tensor(float(self.scales - 1)) if grows else None)

    def forward(self, x: Tensor) -> Tensor:
        """The raw scores (N,) of samples x (N, C, H, W)."""
        return self.layers[-1](self.features(x)).squeeze(1)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer reads of samples x (N, C, H, W): (N, F)."""
        if tuple(x.shape[1:]) != self.shape:
            wanted = ", ".join(["N", *map(str, self.shape)])
            raise ValueError(f"`x` must have shape ({wanted}), got {tuple(x.shape)}")
        top = self.scales - 1
        level = top if self.level is None else float(self.level)
        finest = math.ceil(level)
        share = level - finest + 1  # of the finest scale; 1 where none is fading in
        x = avg_pool2d(x, 1 << (top - finest)) if finest < top else x
        features = self.readers[finest if self.level is not None else 0](x)
        place = max(finest - 1, 0)  # the scale on which the features lie
        if share < 1:
            coarser = self.readers[finest - 1](avg_pool2d(x, 2))
            if place > 0:
                features, place = self.stages[place - 1](features), place - 1
            features = share * features + (1 - share) * coarser
        for scale in range(place, 0, -1):
            features = self.stages[scale - 1](features)
        return self.layers[:-1](features)


def layered_generator(
    latent_dim: int,
    shape: Sequence[int],
    *,
    rng: torch.Generator,
    width: int = 8,
    depth: int = 2,
    noise: bool = False,
    grows: bool = False,
) -> LayeredGenerator:
    """A generator with a style for each layer, from (N, latent_dim) to (N, C, H, W).

    `depth` linear layers of `latent_dim` units map each latent, scaled to unit mean square, to its style, and
    of depth 0 the scaled latent is the style. A learned map, the same for all samples, passes two
    `ModulatedConv` on each scale, with `width` channels on the finest and twice as many on each coarser one;
    between two scales pixels are repeated. The scales are the image's own and those of `dcgan_generator`.
    Each layer has a style; with `noise` it adds a map of random numbers, times one learned strength, which
    starts at 0. A 1x1 convolution a scale makes an image, and the image of the network is tanh of their sum,
    each enlarged to full size ("skips"). With `grows` it is the image of the scale at the buffer `level`
    alone; between two scales, at level s - 1 + a, it is a times the finer image and 1 - a times the enlarged
    coarser one.

    Parameters, with l = latent_dim, k scales of c_1, ..., c_k channels from the coarsest, and h by w places
    on the coarsest: depth (l^2 + l) + c_1 h w, and 9 a b + b + (l + 1) a for each convolution from a to b
    channels, C (c + 1) for each image, and 2 k of noise. 28x28 in one channel from 32 latents: 35 411.

    Raises `ValueError` unless the sides are even and at least 8 and every size is a positive integer; `depth`
    may be 0.
    Source: Karras et al. 2019 [karras2019], styles, noise and mixing; Karras et al. 2020, section 4
    [karras2020], skips; Karras et al. 2018, section 2 [karras2018], growing.

    >>> rng = torch.Generator().manual_seed(0)
    >>> generator = layered_generator(32, (1, 28, 28), rng=rng)
    >>> sum(p.numel() for p in generator.parameters()), generator.style_layers
    (35411, 6)
    >>> generator(torch.zeros(5, generator.latent_dim)).shape
    torch.Size([5, 1, 28, 28])
    """
    channels = _channels(shape, width)
    check_size("latent_dim", latent_dim)
    if depth != 0:
        check_size("depth", depth)
    scales = len(channels)
    mapping = nn.Sequential()
    for _ in range(depth):
        std = nn.init.calculate_gain("leaky_relu", 0.2) * latent_dim**-0.5
        mapping.extend([drawn(nn.Linear, latent_dim, latent_dim, rng=rng, std=std), nn.LeakyReLU(0.2)])
    coarse = (*(side >> (scales - 1) for side in shape[1:]), channels[0])
    constant = torch.randn(coarse, dtype=torch.float64, generator=rng).to(torch.get_default_dtype())
    sizes = [channels[0]] + [size for size in channels for _ in range(2)]
    convolutions = [ModulatedConv(sizes[i], sizes[i + 1], latent_dim, rng) for i in range(len(sizes) - 1)]
    pictures = [
        drawn(nn.Conv2d, size, shape[0], 1, rng=rng, std=(size * (1 if grows else scales)) ** -0.5)
        for size in channels
    ]
    parts = nn.ModuleList(convolutions), nn.ModuleList(pictures)
    return LayeredGenerator(
        mapping, nn.Parameter(constant), *parts, shape, latent_dim=latent_dim, noise=noise, grows=grows
    )


def layered_discriminator(
    shape: Sequence[int],
    *,
    rng: torch.Generator,
    width: int = 8,
    minibatch_std: bool = False,
    grows: bool = False,
) -> LayeredDiscriminator:
    """A discriminator (or critic) whose scales are those of `layered_generator`, from (N, C, H, W) to (N,).

    A 4x4 convolution of stride 2 reads the image, onto the next coarser scale. On each scale from there to
    the coarsest stands a residual block; between two, 2x2 places are averaged and a 1x1 convolution doubles
    the channels; a linear layer reads the coarsest map. With `grows` it has a reader for each scale, on the
    coarsest a 3x3 convolution, and sees the image at the scale of the buffer `level`, made smaller by means
    of pixels; between two scales, at level s - 1 + a, the features are a times those of the finer path and
    1 - a times those that the coarser reader finds. No layer looks at more than one sample, but for
    `minibatch_std`, which shows the last layer how far its batch is spread.

    Parameters, in the letters of `layered_generator`: (16 C + 1) c for the reader of a scale, with c the
    channels of the next coarser one, and (9 C + 1) c_1 for that of the coarsest; 11 c^2 + 3 c for each block;
    2 c^2 + 2 c for each step from c channels to 2 c; (c_1 + 1 if `minibatch_std`) h w + 1. 28x28 in one
    channel: 16 609.

    Raises `ValueError` unless the sides are even and at least 8 and every size is a positive integer.
    Source: Karras et al. 2018, section 2 [karras2018], growing; the blocks are those of
    `residual_discriminator`.

    >>> rng = torch.Generator().manual_seed(0)
    >>> discriminator = layered_discriminator((1, 28, 28), rng=rng)
    >>> sum(p.numel() for p in discriminator.parameters())
    16609
    >>> discriminator(torch.zeros(5, 1, 28, 28)).shape
    torch.Size([5])
    """
    channels = _channels(shape, width)
    blocks, places = len(channels) - 1, math.prod(side >> (len(channels) - 1) for side in shape[1:])
    read = partial(drawn, nn.Conv2d, shape[0], rng=rng, padding=1)
    readers = [read(size, 4, std=shape[0] ** -0.5 / 4, stride=2) for size in channels[:-1]]
    readers = [read(channels[0], 3, std=shape[0] ** -0.5 / 3), *readers] if grows else readers[-1:]
    stages = [
        nn.Sequential(
            ResidualBlock(fine, rng, blocks=blocks),
            nn.AvgPool2d(2),
            drawn(nn.Conv2d, fine, rough, 1, rng=rng, std=fine**-0.5),
        )
        for rough, fine in pairwise(channels[:-1])
    ]
    features = (channels[0] + minibatch_std) * places
    last = nn.Sequential(
        ResidualBlock(channels[0], rng, blocks=blocks),
        *([MinibatchStd()] if minibatch_std else []),
        Flatten(),
        drawn(nn.Linear, features, 1, rng=rng, std=features**-0.5),
    )
    return LayeredDiscriminator(nn.ModuleList(readers), nn.ModuleList(stages), last, shape, grows=grows)


def mixed(first: Tensor, second: Tensor, cut: Tensor) -> Tensor:
    """The styles (N, L, D) of `first` in the layers before `cut`, and those of `second` from it on.

    `first`, `second`: (N, L, D); `cut`: (N,), 0 for all of `second`, L for all of `first`.
    Source: Karras et al. 2019, section 3.1 [karras2019].

    >>> ones, cut = torch.ones(3, 4, 1), torch.tensor([0, 1, 4])
    >>> mixed(ones, 0 * ones, cut)[:, :, 0].tolist()
    [[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]]
    """
    before = torch.arange(first.shape[1], device=first.device) < cut[:, None]
    return torch.where(before[:, :, None], first, second)


def level_of(done: float, scales: int) -> float:
    """The level of a network with so many scales when the share `done` of its growth is over.

    The growth has 2 (scales - 1) equal parts: on a scale nothing changes for one part, and the next scale
    fades in over the part behind it. At 1 the finest scale, `scales` - 1, is reached, and stays.

    Source: Karras et al. 2018, section 3 and appendix A.1 [karras2018].

    >>> [level_of(done, 3) for done in (0.0, 0.25, 0.375, 0.5, 0.7, 1.0, 2.0)]
    [0.0, 0.0, 0.5, 1.0, 1.0, 2.0, 2.0]
    """
    part = 2 * (scales - 1) * min(max(done, 0.0), 1.0)
    whole = math.floor(part / 2)
    return whole + max(0.0, part - 2 * whole - 1)


def _channels(shape: Sequence[int], width: int) -> list[int]:
    """The channels on each scale, from the coarsest to the image's own."""
    check_size("width", width)
    return [2 * size for size in ladder(shape, width)[::-1]] + [width]


def _enlarged(image: Tensor, factor: int) -> Tensor:
    return image if factor == 1 else interpolate(image, scale_factor=factor)


def _summed(found: Sequence[Tensor]) -> Tensor:
    """tanh of the sum of the images of all scales, each enlarged."""
    total = found[0]
    for picture in found[1:]:
        total = _enlarged(total, 2) + picture
    return total.tanh()


def _faded(found: Sequence[Tensor], level: float, scales: int) -> Tensor:
    """The image at a level: between two scales a convex combination of theirs."""
    share, image = level - len(found) + 2, found[-1].tanh()
    if len(found) > 1 and share < 1:
        image = share * image + (1 - share) * _enlarged(found[-2].tanh(), 2)
    return _enlarged(image, 1 << (scales - len(found)))
