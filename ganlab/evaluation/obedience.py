"""Whether samples are of the class that they were asked for, and whether a class still has all of its spread.

A conditional generator can fail in two ways that no judge without labels sees: it does not obey, or it obeys
and makes less of a class than the data holds.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import torch
from torch import Generator, Tensor

from ganlab.data import Images, Mixture
from ganlab.evaluation import metrics
from ganlab.theory.transport import empirical_wasserstein_1

if TYPE_CHECKING:
    from ganlab.evaluation.learnt import Judge

__all__ = ["asked_against_seen", "of_images", "of_points"]

TRANSPORTED = 1000  # points of all classes in the distances of theirs
CHUNK = 1000

Numbers = dict[str, Any]


def asked_against_seen(labels: Tensor, seen: Tensor, classes: int, kinds: int | None = None) -> Tensor:
    """How many samples of each asked class are seen as each kind: (classes, kinds) int64, a row a class.

    `labels` (N,): what was asked for. `seen` (N,): what a judge saw, a class or a mode from 0 on. `kinds`:
    how many there are of these, as many as classes unless given.

    Raises `ValueError` where the two differ in length or a number is out of range.

    >>> asked_against_seen(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    kinds = classes if kinds is None else kinds
    if labels.shape != seen.shape or labels.ndim != 1:
        raise ValueError(
            f"`seen` must have the shape (N,) of `labels`, {tuple(labels.shape)}, got {tuple(seen.shape)}"
        )
    for name, values, bound in (("labels", labels, classes), ("seen", seen, kinds)):
        if len(values) and not 0 <= int(values.min()) <= int(values.max()) < bound:
            raise ValueError(f"`{name}` must be from 0 to {bound - 1}, got up to {int(values.max())}")
    return torch.bincount(labels * kinds + seen, minlength=classes * kinds).reshape(classes, kinds)


def of_points(source: Mixture, drawn: Tensor, labels: Tensor, rng: Generator) -> Numbers:
    """What samples (N, D) that were asked for the classes `labels` (N,) make of a mixture with labels.

    A sample is seen as of its nearest mode. `obedience`: the share that is seen at a mode of its class.
    `class_modes`: at how many of the modes of its own each class has a sample, counted over the classes, of
    `class_modes_total`. `class_tv`: the total variation between the modes that a class is seen at and those
    that it has, its mean over the classes. `class_wasserstein_1`: the mean over the classes of the distance
    W1 from the samples of a class to real points of it; beside it, under `real_...`, that of other real
    points. Where modes are shared, `certain`: the share that is seen at a mode of one class alone.

    Raises `ValueError` where the labels do not fit.

    >>> from ganlab.data import shared_ring
    >>> ring, rng = shared_ring(), torch.Generator().manual_seed(0)
    >>> found = of_points(ring, *ring.draw(1000, rng, dtype=torch.float64), rng)
    >>> found["obedience"], found["class_modes"], found["class_modes_total"]
    (1.0, 12, 12)
    """
    joint = source.joint
    classes, modes = joint.shape
    x = drawn.double()
    distances = torch.cdist(x, source.centers.double(), compute_mode="donot_use_mm_for_euclid_dist")
    nearest = distances.argmin(1)
    seen = asked_against_seen(labels, nearest, classes, modes)
    own = joint > 0
    asked = seen.sum(1, keepdim=True).clamp_min(1)
    wanted = joint / joint.sum(1, keepdim=True)
    found: Numbers = {
        "obedience": float(seen[own].sum() / len(x)),
        "class_modes": int((seen[own] > 0).sum()),
        "class_modes_total": int(own.sum()),
        "class_tv": float((seen / asked - wanted).abs().sum(1).mean() / 2),
    }
    sole = own.sum(0) == 1
    if not bool(sole.all()):
        found |= {
            "certain": float(sole[nearest].double().mean()),
            "real_certain": float(joint[:, sole].sum()),
        }
    return found | _transported(source, x, labels, rng)


def of_images(
    source: Images, drawn: Tensor, labels: Tensor, rng: Generator, *, judge: Judge | None = None
) -> Numbers:
    """What images (N, C, H, W) that were asked for the classes `labels` (N,) make of a labelled set.

    The package's classifier of the set is the judge, unless one is given; without either nothing is said.
    `obedience`: the share that it sees as of the asked class; beside it, under `real_...`, its accuracy on
    real images that it has not learnt from. `class_frechet`: the mean over the classes of the Frechet
    distance between the features of the samples of a class and of as many real images of it, at most half of
    them; beside it that of the other half. `class_spread`: the trace of the covariance of a class's features
    as a share of the real trace, its mean over the classes; `least_class_spread`: that of the class where it
    is least. Where a class was asked for only once, obedience is all that is said.

    Raises `ValueError` where the labels do not fit.

    Source: the distance, Miyato & Koyama 2018, section 5.1 [miyato2018cgans].
    """
    from ganlab.evaluation.classifiers import CLASSIFIERS, load

    if judge is not None:
        classifier, right = judge.classifier, judge.accuracy
    elif source.name in CLASSIFIERS:
        classifier, right = load(source.name), _accuracy(source.name)
    else:
        return {}
    classes = classifier.layers[-1].get_parameter("bias").numel()
    features = torch.cat([classifier.features(part) for part in drawn.split(CHUNK)])
    seen = asked_against_seen(labels, classifier.layers[-1](features).argmax(1), classes)
    obeyed = {"obedience": float(seen.diag().sum() / len(drawn)), "real_obedience": right}
    if int(labels.unique(return_counts=True)[1].min()) < 2:  # one sample has no spread
        return obeyed
    rows = {"class_frechet": [], "real_class_frechet": [], "class_spread": []}
    order = torch.randperm(len(source), generator=rng)
    for label in labels.unique().tolist():
        fake = features[labels == label]
        places = order[source.labels[order] == label]
        count = min(len(fake), len(places) // 2)
        real, other = (
            classifier.features(source.batch(part)) for part in (places[:count], places[count : 2 * count])
        )
        rows["class_frechet"].append(metrics.classifier_frechet(real, fake[:count]))
        rows["real_class_frechet"].append(metrics.classifier_frechet(real, other))
        rows["class_spread"].append(_trace(fake[:count]) / _trace(torch.cat([real, other])))
    means = {name: sum(values) / len(values) for name, values in rows.items()}
    return {**obeyed, **means, "least_class_spread": min(rows["class_spread"])}


def _transported(source: Mixture, x: Tensor, labels: Tensor, rng: Generator) -> Numbers:
    classes = len(source.joint)
    count = max(1, min(len(x), TRANSPORTED) // classes)
    real, own = source.draw(8 * count * classes, rng, dtype=torch.float64)
    far: list[tuple[Tensor, Tensor]] = []
    for label in labels.unique().tolist():
        some, true = x[labels == label][:count], real[own == label][: 2 * count]
        far.append(
            (
                empirical_wasserstein_1(some, true[:count]),
                empirical_wasserstein_1(true[count:], true[:count]),
            )
        )
    means = torch.tensor(far, dtype=torch.float64).mean(0).tolist()
    return dict(zip(("class_wasserstein_1", "real_class_wasserstein_1"), means, strict=True))


def _trace(features: Tensor) -> float:
    """The trace of the covariance of features (N, F), divided by N."""
    return float(features.double().var(0, unbiased=False).sum())


def _accuracy(name: str) -> float:
    about: dict[str, Any] = json.loads(
        files("ganlab").joinpath(f"assets/weights/{name}.json").read_text(encoding="utf-8")
    )
    return about["accuracy"]
