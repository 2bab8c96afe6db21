"""What samples are worth, as numbers beside what real samples score: which ones, the kind of the data says.

`KINDS` is the one table: how samples of a kind are judged, by how many of them, and how they are shown. A
source says of what kind it is, and `quality`, `coverage` and `fidelity` look there; nothing here asks for the
type or the name of a source.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Generator, Tensor

from ganlab.data import Images, Mixture, Sampler, Stacked, Unpaired, UnpairedClasses, folder
from ganlab.evaluation import metrics, moments, obedience
from ganlab.theory.divergences import kl

if TYPE_CHECKING:
    from ganlab.evaluation.learnt import Judge

__all__ = ["KINDS", "Kind", "asked", "check", "coverage", "fidelity", "kind_of", "quality"]

TRANSPORTED = 1000  # points of each kind in a Wasserstein distance, whose cost grows with their cube
CHUNK = 1000  # images whose features are found at once

Numbers = dict[str, Any]


class Kind(NamedTuple):
    """How samples of data of one kind are judged and shown.

    `judge`: all that can be said of samples against the source, see `quality`. `samples`: how many are judged
    unless it is said. `real`: so many real samples, no two of them the same where the set is finite. `shown`:
    as a "scatter" of points or a "grid" of images. `coverage`: what can be said at a glance, if anything.
    `swift`: `judge` without what takes long, where something does. `asked`: what can be said of samples of
    classes that were asked for.
    """

    judge: Callable[[Any, Tensor, Generator], Numbers]
    samples: int
    real: Callable[[Any, int, Generator], Tensor]
    shown: str
    coverage: Callable[[Any, Tensor], Numbers] | None = None
    swift: Callable[[Any, Tensor, Generator], Numbers] | None = None
    asked: Callable[..., Numbers] | None = None

    def facts(self) -> dict[str, Any]:
        """What is known without loading anything, as JSON can hold it."""
        return {"samples": self.samples, "shown": self.shown}


def kind_of(source: object) -> Kind:
    """The entry of `KINDS` that the source names in `kind`; one that names none is taken for "points".

    Raises `ValueError` where there is no such kind.

    >>> from ganlab.data import ring
    >>> kind_of(ring()).shown
    'scatter'
    """
    name = getattr(source, "kind", "points")
    if name not in KINDS:
        raise ValueError(f"`kind` must be one of {', '.join(KINDS)}, got {name!r}")
    return KINDS[name]


def check(kind: str, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` unless there is such a kind and samples of this shape can be shown as it wants.

    >>> check("mixture", (3,))
    Traceback (most recent call last):
    ValueError: `shape` must be (2,) for data of the kind mixture, shown as a scatter, got (3,)
    """
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {', '.join(KINDS)}, got {kind!r}")
    shown = KINDS[kind].shown
    fits = shape == (2,) if shown == "scatter" else len(shape) == 3 and shape[0] in (1, 3)
    if not fits:
        wanted = "(2,)" if shown == "scatter" else "(1 or 3, H, W)"
        raise ValueError(
            f"`shape` must be {wanted} for data of the kind {kind}, shown as a {shown}, got {shape}"
        )


def coverage(source: object, drawn: Tensor) -> Numbers:
    """What the samples make of the modes of a mixture, as JSON can hold it; empty for data of another kind.

    `perfect_high_quality` is what the mixture's own samples score. A `reverse_kl` or `jensen_shannon`, in
    nats, is None where no sample is of high quality: unknown, and not zero. See `metrics.mode_coverage`.

    >>> from ganlab.data import ring
    >>> found = coverage(ring(), ring().centers)
    >>> found["modes"], found["modes_total"], found["high_quality"]
    (8, 8, 1.0)
    """
    measure = kind_of(source).coverage
    return measure(source, drawn) if measure else {}


def quality(source: object, drawn: Tensor, rng: Generator, *, swift: bool = False) -> Numbers:
    """All that can be said of samples (N, ...) against the source of the real ones, as JSON can hold it.

    Points: the Wasserstein-1 distance of at most 1000 of them to as many real ones, and, of a mixture,
    `coverage`. Images of a set whose classifier the package has: Frechet and kernel distance of its features,
    to as many real images as leave others to compare with. Stacked digits: how many of the 1000 modes the
    classifier sees, and the divergence of their histogram from that of the data. Translations are judged as
    samples of their source after the true map is undone, or, where classes alone belong together, as samples
    of their target. Beside each, under a name with `real_`, what real samples score against real samples;
    `samples`: how many were judged.

    Raises `ValueError` where the source is of a kind that `KINDS` has not, or the samples are of another
    shape than its own.

    >>> from ganlab.data import digits
    >>> images, rng = digits(), torch.Generator().manual_seed(0)
    >>> found = quality(images, torch.zeros(100, 1, 8, 8), rng)
    >>> found["classifier_frechet"] > 10 * found["real_classifier_frechet"]
    True
    """
    shape = getattr(source, "shape", drawn.shape[1:])
    if drawn.ndim < 2 or len(drawn) == 0 or drawn.shape[1:] != shape:
        wanted = ", ".join(("N", *map(str, shape)))
        raise ValueError(f"`drawn` must have shape ({wanted}) with N at least 1, got {tuple(drawn.shape)}")
    kind = kind_of(source)
    return ((swift and kind.swift) or kind.judge)(source, drawn, rng)


def asked(
    source: object, drawn: Tensor, labels: Tensor | None, rng: Generator, *, judge: Judge | None = None
) -> Numbers:
    """What samples (N, ...) make of the classes `labels` (N,) that were asked for, as JSON can hold it.

    See `obedience.of_points` and `obedience.of_images`. Empty where no class was asked for, or the package
    has no judge of it and none is given: `judge`, of images alone, as `learnt.judge_of` trains it.

    Raises `ValueError` where the labels do not fit.

    >>> from ganlab.data import ring
    >>> found = asked(ring(), ring().centers, torch.arange(8).flip(0), torch.Generator().manual_seed(0))
    >>> found["obedience"], found["class_modes"]
    (0.0, 0)
    """
    told = kind_of(source).asked
    given: Numbers = {} if judge is None else {"judge": judge}
    return {} if labels is None or told is None else told(source, drawn, labels, rng, **given)


def fidelity(
    source: object,
    drawn: Tensor,
    rng: Generator,
    *,
    weights: Path | None = None,
    against: Path | None = None,
    kept: Path | None = None,
) -> dict[str, float | None]:
    """FID and KID of images (N, C, H, W) against as many real ones, by the package torch-fidelity.

    `kid_std` is None where there were not images enough for several subsets: unknown, and not zero.
    `weights`: the file of the network's weights, None for those that torch-fidelity keeps. `against`: instead
    of the source, a folder of pictures, of which at most N are taken, or a `.npz` file of stored statistics,
    see `moments.read`, for which there is no KID. `kept`: the file where the statistics of the real images
    are stored.

    Raises `ValueError` where the samples are no images, the package is missing, or the statistics are those
    of other features, `OSError` where the weights of its network, or the files, cannot be had.
    """
    if drawn.ndim != 4:
        raise ValueError("`--fid` must be left out for a run on points: it compares images")
    given: Numbers = {} if weights is None else {"weights": weights}
    try:
        if against is not None and not against.is_dir():
            stored = moments.read(against)
            own = moments.of_features(metrics.inception_features(drawn, **given))
            return {"fid": moments.frechet(stored, own)}
        if against is None:
            real = kind_of(source).real(source, len(drawn), rng)
        else:
            pictures = folder(against, size=drawn.shape[-1], channels=drawn.shape[1])
            real = _different(pictures, min(len(pictures), len(drawn)), rng)
        if kept is not None:
            moments.write(kept, moments.of_features(metrics.inception_features(real, **given)))
        found = metrics.fid_kid(real, drawn, **given)
    except ImportError as error:
        raise ValueError(str(error)) from None
    return {
        "fid": found.fid,
        "kid": found.kid,
        "kid_std": None if math.isnan(found.kid_std) else found.kid_std,
    }


# --- Each kind ------------------------------------------------------------------------------------------


def _modes(source: Mixture, drawn: Tensor) -> Numbers:
    found = metrics.mode_coverage(drawn, source)
    return {
        "modes": found.modes,
        "modes_total": found.total,
        "high_quality": found.high_quality,
        "perfect_high_quality": metrics.perfect_sampler_share(source.centers.shape[1]),
        "reverse_kl": found.reverse_kl if found.modes else None,
        "jensen_shannon": found.jensen_shannon if found.modes else None,
        "samples": len(drawn),
    }


def _mixture(source: Mixture, drawn: Tensor, rng: Generator) -> Numbers:
    return _modes(source, drawn) | _points(source, drawn, rng)


def _points(source: Sampler, drawn: Tensor, rng: Generator) -> Numbers:
    distance = metrics.empirical_distance_to_data(drawn[:TRANSPORTED], source, rng)
    far = {"wasserstein_1": distance.samples.mean, "real_wasserstein_1": distance.perfect.mean}
    return far | {"samples": len(drawn)}


def _images(source: Images, drawn: Tensor, rng: Generator, *, kernel: bool = True) -> Numbers:
    from ganlab.evaluation.classifiers import CLASSIFIERS, load

    if source.name not in CLASSIFIERS:
        return {"samples": len(drawn)}
    classifier = load(source.name)
    count = min(len(drawn), len(source) // 2)
    pictures = (*_different(source, 2 * count, rng).split(count), drawn[:count])
    real, other, fake = (torch.cat([classifier.features(x) for x in part.split(CHUNK)]) for part in pictures)
    distances = {"classifier_frechet": metrics.classifier_frechet}
    if kernel:
        distances["classifier_kernel"] = metrics.classifier_kernel
    found: Numbers = {}
    for name, distance in distances.items():
        found |= {name: distance(real, fake), f"real_{name}": distance(real, other)}
    return found | {"samples": count}


def _stacked(source: Stacked, drawn: Tensor, rng: Generator) -> Numbers:
    """Modes and reverse KL(h || w), with h the histogram that the classifier sees and w that of the data."""
    from ganlab.evaluation.classifiers import load

    classifier = load(source.images.name)
    share = torch.bincount(source.images.labels, minlength=10).double() / len(source.images)
    weights = torch.einsum("a,b,c->abc", share, share, share).flatten()
    found = {}
    for prefix, images in (("", drawn), ("real_", source.sample(len(drawn), rng))):
        labels = torch.stack([classifier.labels(images[:, channel : channel + 1]) for channel in range(3)], 1)
        histogram = torch.bincount(labels @ torch.tensor([100, 10, 1]), minlength=1000).double() / len(images)
        found[f"{prefix}modes"] = int((histogram > 0).sum())
        found[f"{prefix}reverse_kl"] = kl(histogram, weights).item()
    return found | {"modes_total": 1000, "samples": len(drawn)}


def _undone(judge: Callable[..., Numbers], source: Unpaired, drawn: Tensor, *rng: Generator) -> Numbers:
    """What translations are worth as samples of the source, once the true map is undone."""
    return judge(source.source, source.undo(drawn), *rng)


def _arrived(
    judge: Callable[..., Numbers], source: UnpairedClasses, drawn: Tensor, *rng: Generator
) -> Numbers:
    """What translations are worth as samples of the target, where there is no map to undo."""
    return judge(source.target, drawn, *rng)


def _fresh(source: Sampler, count: int, rng: Generator) -> Tensor:
    return source.sample(count, rng)


def _different(source: Images, count: int, rng: Generator) -> Tensor:
    if count > len(source):
        raise ValueError(f"`--samples` must be at most {len(source)}, the number of real ones, got {count}")
    return source.batch(torch.randperm(len(source), generator=rng)[:count])


KINDS: dict[str, Kind] = {
    "mixture": Kind(_mixture, 10_000, _fresh, "scatter", _modes, asked=obedience.of_points),
    "points": Kind(_points, 10_000, _fresh, "scatter"),
    "images": Kind(
        _images,
        10_000,
        _different,
        "grid",
        swift=partial(_images, kernel=False),
        asked=obedience.of_images,
    ),
    "stacked": Kind(_stacked, 26_000, _fresh, "grid"),
    "unpaired": Kind(partial(_undone, _mixture), 10_000, _fresh, "scatter", partial(_undone, _modes)),
    "unpaired_images": Kind(
        partial(_undone, _images),
        1000,
        _fresh,
        "grid",
        swift=partial(_undone, partial(_images, kernel=False)),
    ),
    "unpaired_classes": Kind(
        partial(_arrived, _images),
        1000,
        _fresh,
        "grid",
        swift=partial(_arrived, partial(_images, kernel=False)),
    ),
}
"""How data of each kind is judged and shown. The modes of stacked digits are counted among 26 000 samples, as
the literature does.

Source: Srivastava et al. 2017 [srivastava2017].

>>> KINDS["stacked"].samples
26000
"""
