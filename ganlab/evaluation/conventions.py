"""In which convention a log was written: sums or half sums, signs as they are or turned.

The loss of D is convex in its scores. So it is never below the loss of the mean scores, whatever the batch: a
log that is shows another convention, or another loss. An untrained discriminator gives scores near 0, and
shows the convention by its first loss where no scores were kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch.func import vmap

from ganlab.losses import GANLoss

__all__ = ["Reading", "read_convention"]

_HALF, _TWICE = (0.35, 0.74), (1.6, 2.4)  # the first loss, beside that of scores of 0
_ROOM = 0.02  # by which rounded or smoothed numbers may leave a bound
_ROUNDED = 2e-3  # by which numbers of a log that was rounded may break a bound
_TURNED = -0.9  # correlation of g_loss with what it should be


class Reading(NamedTuple):
    """How a log is to be read: `factor` times d_loss, or perhaps `perhaps` times.

    `perhaps`: another factor that nothing in the log excludes, None for none. `said`: sentences that say what
    was found. `legible`: False where the losses do not fit the scores in any convention.
    """

    factor: float = 1.0
    perhaps: float | None = None
    said: tuple[str, ...] = ()
    legible: bool = True


def read_convention(arrays: Mapping[str, np.ndarray], loss: GANLoss) -> Reading:
    """The convention of a log, from mean scores where there are some, else from the first loss.

    `arrays`: finite numbers (T,), `d_loss`, `g_loss` and perhaps `d_real` and `d_fake`, the mean scores. With
    L the loss of the mean scores: half sums are never below L/2 and now and then below L; twice the sums, as
    least squares without their factor 1/2, never below 2 L; a loss with its sign turned is below its own
    infimum, or, where it has none, equal to -L. Without scores a first loss that is half (twice) that of
    scores of 0 leaves both readings open.

    >>> zeros = np.zeros(200)
    >>> flat = {"d_loss": zeros + np.log(2), "g_loss": zeros + np.log(2), "d_real": zeros, "d_fake": zeros}
    >>> from ganlab.losses import non_saturating
    >>> read_convention(flat, non_saturating).said
    ('The log holds half sums: d_loss is read as twice the number.',)
    """
    d_loss = arrays["d_loss"]
    room = _ROOM * abs(_untrained(loss) - loss.least)
    if (
        math.isfinite(loss.least)
        and d_loss.max() < loss.least + room / 10
        and d_loss.min() < loss.least - room
    ):
        found = read_convention({**arrays, "d_loss": -d_loss}, loss)
        return found._replace(
            factor=-found.factor,
            perhaps=None if found.perhaps is None else -found.perhaps,
            said=("The log holds d_loss with its sign turned.", *found.said),
        )
    return _by_scores(arrays, loss) if "d_real" in arrays else _by_the_first(d_loss, loss)


def _by_the_first(d_loss: np.ndarray, loss: GANLoss) -> Reading:
    start = _untrained(loss)
    if start <= 0 or not math.isfinite(loss.least):
        return Reading()
    share = float(d_loss[0]) / start
    if _HALF[0] < share < _HALF[1]:
        return Reading(perhaps=2.0)
    return Reading(perhaps=0.5) if _TWICE[0] < share < _TWICE[1] else Reading()


def _by_scores(arrays: Mapping[str, np.ndarray], loss: GANLoss) -> Reading:
    d_loss = arrays["d_loss"]
    means = (torch.from_numpy(arrays[name])[:, None] for name in ("d_real", "d_fake"))
    real, fake = (x.double() for x in means)
    least, g_means = (vmap(f)(real, fake).numpy() for f in (loss.discriminator, loss.generator))
    g_loss = arrays["g_loss"]
    if len(g_loss) > 2 and _moves(g_loss) and _moves(g_means):
        along = float(np.corrcoef(g_loss, g_means)[0, 1])
        if along < _TURNED:
            said = f"g_loss falls where it should rise with the scores (correlation {along:.2f}): "
            return Reading(said=(said + "its sign is turned, in the log or in the training.",), legible=False)
    if not math.isfinite(loss.least):
        return _signed(d_loss, least)
    below = d_loss < least - _ROUNDED * (1 + np.abs(least))
    far = np.abs(least - loss.least) > 0.2 * (_untrained(loss) - loss.least)  # there a ratio means something
    lowest = float((d_loss[far] / least[far]).min()) if far.any() else 1.0
    if not below.any():
        said = ("The log holds twice the sums: d_loss is read as half of the number.",)
        return Reading(factor=0.5, said=said) if abs(lowest - 2) < 5 * _ROOM else Reading()
    if not (2 * d_loss < least - _ROUNDED * (1 + np.abs(least))).any():
        return Reading(factor=2.0, said=("The log holds half sums: d_loss is read as twice the number.",))
    said = f"In {below.mean():.0%} of the steps d_loss is below the {loss.name} loss of the mean scores, "
    return Reading(
        said=(said + "which no scores allow.", "The curves are of another loss, or of another convention."),
        legible=False,
    )


def _moves(x: np.ndarray) -> bool:
    """Whether a curve has more than the rounding of a constant, which can have any correlation."""
    return bool(x.std() > _ROUNDED * (1 + np.abs(x).max()))


def _signed(d_loss: np.ndarray, expected: np.ndarray) -> Reading:
    """A loss without a bound is linear in the scores, and known from their means, up to a penalty."""
    size = np.abs(expected).mean()
    for factor in (1.0, 0.5, 2.0):
        if np.abs(d_loss + factor * expected).mean() < _ROOM * size:
            said = "The log holds d_loss with its sign turned."
            return Reading(factor=-1.0, said=(said,))
    return Reading()


def _untrained(loss: GANLoss) -> float:
    zero = torch.zeros(1, dtype=torch.float64)
    return loss.discriminator(zero, zero).item()
