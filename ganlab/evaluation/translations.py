"""What a translation is worth where we know what is right: right targets, error of the map, cycle error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ganlab.data import Mixture, Unpaired, UnpairedClasses
from ganlab.evaluation import metrics

__all__ = ["labels_of", "symmetry", "translated"]

Map = Callable[[Tensor], Tensor]
_COUNT = {1: 10_000, 3: 898}  # samples by the number of axes of one; images are finitely many
_COUNT_OF_CLASSES = 2000


def labels_of(source: Unpaired, x: Tensor) -> Tensor:
    """The labels (N,) that samples (N, ...) of the source's side look like.

    Of points the mode whose centre is nearest, of images what the package's classifier says.

    >>> from ganlab.data import turned_rings
    >>> labels_of(turned_rings(), turned_rings().source.centers).tolist()
    [0, 1, 2, 3, 4]
    """
    domain = source.source
    if isinstance(domain, Mixture):
        return torch.cdist(x.double(), domain.centers.double()).argmin(1)
    from ganlab.evaluation.classifiers import load

    return load(domain.name).labels(x.float())


def translated(
    source: Unpaired | UnpairedClasses, there: Map, back: Map, rng: Generator, count: int | None = None
) -> dict[str, Any]:
    """How well `there` and `back` translate between both sides of `source`, as JSON can hold it.

    Each of `count` held-out samples x is translated, and the true map T is undone: x~ = T^-1(there(x)).
    `right`: the share of samples whose x~ has the label of x, where `labels_of` tells the label of x~.
    `map_error`: the root of the mean over the samples of |x~ - x|^2, in units of the source. `cycle_error`:
    the root of the mean of |back(there(x)) - x|^2. `real_right`: the share for x~ = x, that is for the true
    map. Of points, too, what the x~ make of the modes: `modes`, `high_quality`, and `symmetry`, see below.

    Where classes alone belong together, there is no T to undo, and the package's classifier says what
    there(x) is. `right`: the share that is of the class that belongs to that of x. `arrived`: the share that
    is of any class of the target. `least_right`: `right` of the class of the source where it is least.
    `real_right` and `real_arrived`: the same of real images of the target, each wanted to be of its own
    class: how often the judge errs. No translator and no judge has learnt from them.

    >>> from ganlab.data import turned_rings
    >>> rings, rng = turned_rings(), torch.Generator().manual_seed(0)
    >>> found = translated(rings, rings.ahead, rings.undo, rng)
    >>> found["right"], round(found["map_error"], 4), round(found["cycle_error"], 4), found["symmetry"]
    (1.0, 0.0, 0.0, 0)
    """
    if isinstance(source, UnpairedClasses):
        return _translated_classes(source, there, back, rng, count or _COUNT_OF_CLASSES)
    count = count or _COUNT[len(source.shape)]
    x, labels = source.held_out(count, rng, dtype=torch.float64)
    with torch.no_grad():
        y = there(x)
        again, undone = back(y).double(), source.undo(y.double())
    found: dict[str, Any] = {
        "right": _share(labels_of(source, undone) == labels),
        "real_right": _share(labels_of(source, x) == labels),
        "map_error": _root(undone - x),
        "cycle_error": _root(again - x),
        "samples": count,
    }
    if isinstance(source.source, Mixture):
        modes = metrics.mode_coverage(undone, source.source)
        found |= {"modes": modes.modes, "high_quality": modes.high_quality}
        found["symmetry"] = symmetry(labels, labels_of(source, undone), len(source.source.centers))
    return found


def symmetry(before: Tensor, after: Tensor, modes: int) -> int | None:
    """Which symmetry of the regular polygon with `modes` corners maps labels `before` to `after`, (N,) each.

    k for k -> j + k, a turn by j corners, is j; k -> j - k, a reflection, is `modes` + j; None where not all
    labels, but for one in a hundred, follow one of them.

    >>> k = torch.arange(5)
    >>> symmetry(k, (k + 2) % 5, 5), symmetry(k, (3 - k) % 5, 5), symmetry(k, k * 2 % 5, 5)
    (2, 8, None)
    """
    for number in range(2 * modes):
        j = number % modes
        image = (j + before if number < modes else j - before) % modes
        if _share(image == after) >= 0.99:
            return number
    return None


def _translated_classes(
    source: UnpairedClasses, there: Map, back: Map, rng: Generator, count: int
) -> dict[str, Any]:
    from ganlab.evaluation.classifiers import load

    judge, real = load(source.source.name), source.unseen_target
    x, labels = source.held_out(count, rng)
    with torch.no_grad():
        y = there(x)
        again = back(y)
    found: dict[str, Any] = _of_classes(source, judge.labels(y.float()), source.partners_of(labels))
    truth = _of_classes(source, judge.labels(real.batch(torch.arange(len(real)))), real.labels)
    found["cycle_error"] = _root(again.double() - x.double())
    return found | {f"real_{name}": truth[name] for name in ("right", "arrived")} | {"samples": count}


def _of_classes(source: UnpairedClasses, seen: Tensor, wanted: Tensor) -> dict[str, Any]:
    right, classes = seen == wanted, torch.tensor(list(source.partners.values()))
    return {
        "right": _share(right),
        "arrived": _share(torch.isin(seen, classes)),
        "least_right": min(_share(right[wanted == label]) for label in wanted.unique()),
    }


def _share(right: Tensor) -> float:
    return right.double().mean().item()


def _root(difference: Tensor) -> float:
    return difference.flatten(1).square().sum(1).mean().sqrt().item()
