"""Samples of a game, and the random numbers from which they are drawn and judged.

Drawing here never touches the streams from which a run trains, so that looking changes nothing.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor, nn

from ganlab.data import Unpaired, UnpairedClasses
from ganlab.evaluation.translations import translated
from ganlab.training import game
from ganlab.training.game import GAN
from ganlab.training.translation import Translation

__all__ = ["judged_as_map", "labels_of", "network_of", "samples_of", "stream", "truncated"]

CHUNK = 1000  # samples made at once


def samples_of(
    gan: GAN | Translation,
    count: int,
    rng: Generator,
    *,
    average: bool | None = None,
    label: int | None = None,
    truncation: float | None = None,
) -> Tensor:
    """`count` samples (count, ...) of a game, on the CPU; no network and no stream of the game changes.

    `average`: of the averaged generator, or of the last one; None for the average where there is one. A
    conditional generator is asked for the class `label`, or for each class in turn, see `labels_of`; a
    translation translates samples of its source.
    `truncation`: the bound within which all latents lie, None for none; see `truncated`. Of a generator with
    styles it is the share psi of the way from the mean style to its own that each style keeps:

        w' = mean + psi (w - mean)

    Raises `ValueError` where `count` is not positive, an average is wanted and there is none, or a class or a
    bound is out of range.
    Source: truncation of styles, Karras et al. 2019, appendix B [karras2019].

    >>> from ganlab.experiments import EXPERIMENTS, build_game
    >>> samples_of(build_game(EXPERIMENTS["ring"]), 5, torch.Generator().manual_seed(0)).shape
    torch.Size([5, 2])
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1, got {count}")
    network, labels = network_of(gan, average), labels_of(gan, count, label)
    if isinstance(gan, Translation):
        return gan.sample(count, rng, average=average).cpu()
    latents = torch.randn((count, gan.latent_dim), generator=rng, dtype=gan.dtype)
    noise, made = game.maps(gan, count, rng), network
    if truncation is not None and hasattr(network, "mean_style"):
        made = _pulled(network, truncation)
    elif truncation is not None:
        latents = truncated(latents, truncation)
    parts = []
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        given = None if labels is None else labels[part].to(gan.device)
        maps = None if noise is None else noise[part]
        parts.append(game.sample(made, latents[part].to(gan.device), given, maps).cpu())
    return torch.cat(parts)


class _Pulled(nn.Module):
    """A generator whose styles keep a share of their way from the mean style."""

    def __init__(self, network: Any, share: float, mean: Tensor):
        super().__init__()
        self.network, self.share, self.mean = network, share, mean

    def forward(self, z: Tensor, *noise: Tensor) -> Tensor:
        styles = self.mean + self.share * (self.network.styles(z) - self.mean)
        return self.network.synthesize(styles, *noise)


def _pulled(network: Any, share: float) -> nn.Module:
    if not 0 <= share <= 1:
        raise ValueError(f"`truncation` must be in [0, 1] for a generator with styles, got {share}")
    return _Pulled(network, share, network.mean_style())


def judged_as_map(game: GAN | Translation, source: object, rng: Generator) -> dict[str, Any]:
    """What a translation is worth, as `translated` tells it; nothing of other games.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> judged_as_map(build(EXPERIMENTS["ring"]).gan, None, stream())
    {}
    """
    if not (isinstance(game, Translation) and isinstance(source, Unpaired | UnpairedClasses)):
        return {}
    there, back = (game.shown_of(name) for name in ("there", "back"))

    def mapped(network: nn.Module, x: Tensor) -> Tensor:
        return network(x.to(game.device, game.dtype)).cpu()

    return translated(source, partial(mapped, there), partial(mapped, back), rng)


def labels_of(gan: GAN | Translation, count: int, label: int | None = None) -> Tensor | None:
    """The classes (count,) that `samples_of` asks for: the one, or each in turn; None without classes.

    Raises `ValueError` where the game has no such class.

    >>> from ganlab.experiments import EXPERIMENTS, build_game
    >>> labels_of(build_game(EXPERIMENTS["shared_ring_projection"]), 6).tolist()
    [0, 1, 2, 3, 0, 1]
    """
    classes = getattr(gan, "classes", None)
    if label is not None and not 0 <= label < (classes or 0):
        wanted = f"from 0 to {classes - 1}" if classes else "left out for networks without classes"
        raise ValueError(f"`label` must be {wanted}, got {label}")
    if not classes:
        return None
    return torch.arange(count) % classes if label is None else torch.full((count,), label)


def truncated(latents: Tensor, bound: float) -> Tensor:
    """The latents drawn together into (-bound, bound), so that they have the truncated normal distribution.

        z' = Phi^-1(Phi(-bound) + (1 - 2 Phi(-bound)) Phi(z)),  Phi the normal distribution function

    If z is N(0, 1), z' has the density of N(0, 1) between the bounds, scaled up, and nothing outside. Drawing
    anew until a number falls between the bounds has the same distribution; here the same latents serve every
    bound, and one sample can be followed as it shrinks. Computed in float64.

    Raises `ValueError` unless `bound` is positive.
    Source: Brock et al. 2019, section 3.1 [brock2019].

    >>> truncated(torch.tensor([-9.0, -1.0, 0.0, 1.0, 9.0]), 0.5).tolist()[2]
    0.0
    >>> print(f"{truncated(torch.tensor([-9.0, 9.0]), 0.5).abs().max().item():.4f}")
    0.5000
    """
    if not bound > 0:
        raise ValueError(f"`truncation` must be positive, got {bound}")
    below = torch.special.ndtr(torch.tensor(-bound, dtype=torch.float64))
    share = below + (1 - 2 * below) * torch.special.ndtr(latents.double())
    return torch.special.ndtri(share).clamp(-bound, bound).to(latents.dtype)


def network_of(gan: GAN | Translation, average: bool | None = None) -> nn.Module:
    """The generator of a game that is sampled from: the averaged one, or the last one.

    `average`: which of them; None for the average where there is one. Raises `ValueError` where an average is
    wanted and there is none.

    >>> from ganlab.experiments import EXPERIMENTS, build_game
    >>> gan = build_game(EXPERIMENTS["ring"])
    >>> network_of(gan, average=False) is gan.generator
    True
    """
    if average and gan.average is None:
        raise ValueError("`average` must be left out: this game keeps no moving average of its generator")
    return gan.generator if average is False else gan.shown


def stream(draw: int = 0, *, seed: int | None = None) -> Generator:
    """The random numbers from which samples of a game are drawn and judged, by the number of the draw.

    They are no seed of a run: whoever judges a run by the numbers from which its weights came sees latents
    that the first layer has already met. `seed`: that of a run which is judged by numbers of its own, so that
    what is said over seeds holds for another draw of the judge's too.

    >>> torch.equal(torch.randn(3, generator=stream(0)), torch.randn(3, generator=stream(1)))
    False
    """
    own = "" if seed is None else f", seed {seed}"
    digest = hashlib.sha256(f"samples, draw {draw}{own}".encode()).digest()
    return Generator().manual_seed(int.from_bytes(digest[:4]))
