"""Ways of judging samples that one asks for by name, each beside what real samples score.

`METRICS` is the one table: what a metric looks at, and what it returns. `measured` looks there. The measures
that are always taken are those of `ganlab.evaluation.judging`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from ganlab.data import Images
from ganlab.evaluation.distances import kernel_of_blocks, sliced_wasserstein
from ganlab.evaluation.histograms import classifier_score, joint_histograms, precision_recall_curve
from ganlab.evaluation.judging import CHUNK, kind_of
from ganlab.evaluation.neighbours import density_coverage, nearest_neighbour_accuracy, precision_recall

__all__ = ["METRICS", "MOST", "Metric", "measured"]

MOST = 2000  # samples of each kind, since neighbours cost the square of their number
_BLOCKS = 20

Measure = Callable[[Tensor, Tensor, Generator], dict[str, float]]


class Metric(NamedTuple):
    """A way of judging samples. `sees`: "samples", "features" or "logits", the last two of a classifier.

    `measure`: real ones, generated ones and an `rng` to numbers by name.
    """

    sees: str
    measure: Measure

    def facts(self) -> dict[str, Any]:
        """What is known without loading anything, as JSON can hold it."""
        return {"sees": self.sees}


def measured(source: Any, drawn: Tensor, rng: Generator, names: Sequence[str]) -> dict[str, Any]:
    """The numbers of the metrics of these names, and of each, as `real_...`, what real samples score.

    At most 2000 samples are judged, against as many real ones as leave others to compare with; `judged` says
    how many. Features are those of the classifier of the data set; of points they are the points.

    drawn: (N, ...) of the shape of the source's samples. Raises `ValueError` where there is no such metric,
    there are fewer than 10 samples, or a metric needs a classifier that the data have not.

    >>> from ganlab.data import ring
    >>> rng = torch.Generator().manual_seed(0)
    >>> found = measured(ring(), ring().sample(50, rng), rng, ["density_coverage"])
    >>> list(found)
    ['density', 'coverage', 'real_density', 'real_coverage', 'judged']
    """
    if unknown := [name for name in names if name not in METRICS]:
        raise ValueError(f"`names` must be some of {', '.join(METRICS)}, got {unknown[0]!r}")
    count = min(len(drawn), MOST, len(source) // 2 if isinstance(source, Images) else MOST)
    if count < 10:
        raise ValueError(f"`drawn` must be at least 10 samples to be judged by neighbours, got {count}")
    real, other = kind_of(source).real(source, 2 * count, rng).split(count)
    looks = _looks(source, {METRICS[name].sees for name in names})
    seen = {
        sees: [torch.cat([look(x) for x in part.split(CHUNK)]) for part in (real, other, drawn[:count])]
        for sees, look in looks.items()
    }
    found: dict[str, Any] = {}
    for name in names:
        metric = METRICS[name]
        first, second, fake = seen[metric.sees]
        found |= metric.measure(first, fake, rng)
        found |= {f"real_{key}": value for key, value in metric.measure(first, second, rng).items()}
    return found | {"judged": count}


def _looks(source: Any, asked: set[str]) -> dict[str, Callable[[Tensor], Tensor]]:
    """How samples are seen, of each way that is asked for."""
    from ganlab.evaluation.classifiers import CLASSIFIERS, load

    plain: dict[str, Callable[[Tensor], Tensor]] = {"samples": _flat, "features": _flat}
    if isinstance(source, Images) and source.name in CLASSIFIERS:
        classifier = load(source.name)
        plain |= {"features": classifier.features, "logits": classifier}
    elif len(source.shape) == 3:
        del plain["features"]
    if missing := asked - set(plain):
        raise ValueError(f"`names` must not ask for the {min(missing)} of a classifier: these data have none")
    return {sees: plain[sees] for sees in asked}


def _flat(samples: Tensor) -> Tensor:
    return samples.flatten(1)


def _score(_: Tensor, fake: Tensor, __: Generator) -> dict[str, float]:
    return {"classifier_score": classifier_score(fake)}


def _shares(real: Tensor, fake: Tensor, _: Generator) -> dict[str, float]:
    return precision_recall(real, fake)._asdict()


def _balls(real: Tensor, fake: Tensor, _: Generator) -> dict[str, float]:
    return density_coverage(real, fake)._asdict()


def _curve(real: Tensor, fake: Tensor, rng: Generator) -> dict[str, float]:
    clusters = min(20, len(real))
    curve = precision_recall_curve(*joint_histograms(real, fake, clusters=clusters, rng=rng))
    return {"f_recall": curve.f_recall, "f_precision": curve.f_precision}


def _neighbour(real: Tensor, fake: Tensor, _: Generator) -> dict[str, float]:
    return {"nearest_neighbour_accuracy": nearest_neighbour_accuracy(real, fake)}


def _sliced(real: Tensor, fake: Tensor, rng: Generator) -> dict[str, float]:
    return {"sliced_wasserstein": sliced_wasserstein(real, fake, rng=rng)}


def _blocks(real: Tensor, fake: Tensor, rng: Generator) -> dict[str, float]:
    found = kernel_of_blocks(real, fake, rng=rng, size=min(1000, len(real) // 2), blocks=_BLOCKS)
    return {"kernel_of_blocks": found.mean, "kernel_of_blocks_deviation": found.deviation}


METRICS: dict[str, Metric] = {
    "classifier_score": Metric("logits", _score),
    "precision_recall": Metric("features", _shares),
    "density_coverage": Metric("features", _balls),
    "precision_recall_curve": Metric("features", _curve),
    "nearest_neighbour_accuracy": Metric("features", _neighbour),
    "kernel_of_blocks": Metric("features", _blocks),
    "sliced_wasserstein": Metric("samples", _sliced),
}
"""The metrics that `ganlab evaluate --metrics` knows. A curve is told by its two F-scores; blocks are twenty,
of 1000 samples or of half of what is judged.

>>> list(METRICS)[1]
'precision_recall'
"""
