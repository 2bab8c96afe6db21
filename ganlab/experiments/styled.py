"""What is measured of a generator with a style for each layer, beside the worth of its samples.

Ways, probes and labels are those without noise; the judge is the small classifier of the data.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor, nn

from ganlab.data import Images
from ganlab.evaluation import classifiers, neighbours, styles
from ganlab.experiments import draws
from ganlab.training.game import GAN

__all__ = ["SHARES", "told_of_styles"]

SHARES = (1.0, 0.7, 0.5, 0.3)
"""The shares of truncation at which precision and recall are taken.

>>> SHARES[0]
1.0
"""
CHUNK = 500  # images made at once
STEP = 1e-2  # of a way: long enough for differences in single precision
PAIRS = 500  # whose ways are measured, and whose labels
PROBED = 2000  # images from which a probe learns, and as many more by which it is judged
COMPARED = 1000  # images of each kind for precision and recall


def told_of_styles(gan: GAN, source: object, rng: Generator) -> dict[str, Any]:
    """The numbers of the styles of a game; none where there are no styles, or nothing judges the data.

    `path_w`, `path_z`: the mean squared speed of the features on straight ways between styles, and on arcs
    between latents. `detour_w`, `detour_z`: the same over the mean squared distance of the ends, so that 1 is
    a straight line at one speed. `probe_w`, `probe_z`: the share of labels that a linear probe names.
    `survival`: see `ganlab.evaluation.styles.label_survival`, and `survival_of`, of how many pairs.
    `truncation`: rows of the share, precision and recall. `noise_share`: what part of the variance of pixels
    is due to the noise.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> told_of_styles(build(EXPERIMENTS["ring"]).gan, None, draws.stream())
    {}
    """
    if not isinstance(source, Images) or source.name not in classifiers.CLASSIFIERS:
        return {}
    network = draws.network_of(gan)
    if not hasattr(network, "style_layers"):
        return {}
    classifier = classifiers.load(source.name)
    with torch.no_grad():
        found = _ways(network, classifier, rng) | _probes(network, classifier, rng)
        found |= _survival(network, classifier, rng) | _noise(gan, network, rng)
        return found | {"truncation": _truncation(gan, source, classifier, rng)}


def _ways(network: Any, classifier: nn.Module, rng: Generator) -> dict[str, float]:
    z, other = (_latents(network, PAIRS, rng) for _ in range(2))
    share = torch.rand(PAIRS, generator=rng, dtype=torch.float64).to(z.dtype)
    seen_w = partial(_seen, network.synthesize, classifier)
    seen_z = partial(_seen, network, classifier)
    ends = network.styles(z), network.styles(other)
    in_w = styles.path_length(seen_w, *ends, share, step=STEP)
    in_z = styles.path_length(seen_z, z, other, share, between=styles.spherical_between, step=STEP)
    apart = (seen_w(ends[0]) - seen_w(ends[1])).square().sum(1).mean().item()
    found = {"path_w": in_w.mean().item(), "path_z": in_z.mean().item()}
    return found | ({f"detour_{name[-1]}": value / apart for name, value in found.items()} if apart else {})


def _probes(network: Any, classifier: nn.Module, rng: Generator) -> dict[str, float]:
    z = _latents(network, 2 * PROBED, rng)
    labels = _labels(network, classifier, network.styles(z))
    unit = z * z.square().mean(1, keepdim=True).rsqrt()
    halves = labels[:PROBED], labels[PROBED:]
    return {
        name: styles.linear_probe(x[:PROBED], halves[0], x[PROBED:], halves[1])
        for name, x in (("probe_w", network.styles(z)), ("probe_z", unit))
    }


def _survival(network: Any, classifier: nn.Module, rng: Generator) -> dict[str, Any]:
    pairs = [
        network.styles(_latents(network, PAIRS, rng))[:, None].expand(-1, network.style_layers, -1)
        for _ in range(2)
    ]
    try:
        matrix, count = styles.label_survival(lambda own: _labels(network, classifier, own), *pairs)
    except ValueError:  # all images have one label
        return {}
    return {"survival": [[round(share, 4) for share in row] for row in matrix], "survival_of": count}


def _noise(gan: GAN, network: Any, rng: Generator) -> dict[str, float]:
    """The mean variance over noise at given styles, over the variance over both."""
    if not network.noise_places:
        return {"noise_share": 0.0}
    few, draws_of = 50, 20
    z = _latents(network, few, rng).repeat_interleave(draws_of, 0)
    noise = torch.randn((len(z), network.noise_places), generator=rng, dtype=z.dtype)
    images = network(z, noise).double().unflatten(0, (few, draws_of))
    within = images.var(1).mean()
    return {"noise_share": (within / images.flatten(0, 1).var(0).mean()).item()}


def _truncation(gan: GAN, source: Images, classifier: Any, rng: Generator) -> list[list[float]]:
    real = source.batch(torch.randperm(len(source), generator=rng)[:COMPARED])
    known, state = classifier.features(real), rng.get_state()
    rows = []
    for share in SHARES:
        rng.set_state(state)  # the same latents and noise at each share
        drawn = draws.samples_of(gan, COMPARED, rng, truncation=share)
        told = neighbours.precision_recall(known, classifier.features(drawn))
        rows.append([share, *(round(value, 4) for value in told)])
    return rows


def _latents(network: Any, count: int, rng: Generator) -> Tensor:
    return torch.randn((count, network.latent_dim), generator=rng, dtype=torch.float64).to(network.constant)


def _seen(make: Any, classifier: Any, points: Tensor) -> Tensor:
    """The features of the images that `make` makes of points, in double precision for their differences."""
    return torch.cat([classifier.features(make(part)).double() for part in points.split(CHUNK)])


def _labels(network: Any, classifier: Any, own: Tensor) -> Tensor:
    return torch.cat([classifier.labels(network.synthesize(part)) for part in own.split(CHUNK)])
