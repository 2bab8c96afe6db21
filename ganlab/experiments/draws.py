"""Samples of a game, and the random numbers from which they are drawn and judged.

Drawing here never touches the streams from which a run trains, so that looking changes nothing.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor, nn

from ganlab.data import Unpaired
from ganlab.evaluation.translations import translated
from ganlab.training import game
from ganlab.training.game import GAN
from ganlab.training.translation import Translation

__all__ = ["judged_as_map", "network_of", "samples_of", "stream"]

CHUNK = 1000  # samples made at once


def samples_of(gan: GAN | Translation, count: int, rng: Generator, *, average: bool | None = None) -> Tensor:
    """`count` samples (count, ...) of a game, on the CPU; no network and no stream of the game changes.

    `average`: of the averaged generator, or of the last one; None for the average where there is one. A
    conditional generator is asked for each class in turn; a translation translates samples of its source.

    Raises `ValueError` where `count` is not positive, or where an average is wanted and there is none.

    >>> from ganlab.experiments import EXPERIMENTS, build_game
    >>> samples_of(build_game(EXPERIMENTS["ring"]), 5, torch.Generator().manual_seed(0)).shape
    torch.Size([5, 2])
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1, got {count}")
    network = network_of(gan, average)
    if isinstance(gan, Translation):
        return gan.sample(count, rng, average=average).cpu()
    latents = torch.randn((count, gan.latent_dim), generator=rng, dtype=gan.dtype)
    labels = torch.arange(count) % gan.classes if gan.classes else None
    parts = []
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        given = None if labels is None else labels[part].to(gan.device)
        parts.append(game.sample(network, latents[part].to(gan.device), given).cpu())
    return torch.cat(parts)


def judged_as_map(game: GAN | Translation, source: object, rng: Generator) -> dict[str, Any]:
    """What a translation is worth as a map, as `translated` tells it; nothing of other games.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> judged_as_map(build(EXPERIMENTS["ring"]).gan, None, stream())
    {}
    """
    if not (isinstance(game, Translation) and isinstance(source, Unpaired)):
        return {}
    there, back = (game.shown_of(name) for name in ("there", "back"))

    def mapped(network: nn.Module, x: Tensor) -> Tensor:
        return network(x.to(game.device, game.dtype)).cpu()

    return translated(source, partial(mapped, there), partial(mapped, back), rng)


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
