"""Curves to draw before they are shown: what stands on the axes, the true curve, and what is easily missed.

The reader draws a guess; then the page shows the curve and the mean absolute difference of the two over the
samples, in the unit of the axis. The curves come from the package's own formulas; the page knows none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal

from ganlab import losses
from ganlab.page import posters
from ganlab.page.explorers import Part
from ganlab.theory import divergences, transport
from ganlab.theory.densities import jensen_shannon_density

__all__ = ["sketch"]


def sketch(name: str) -> Part:
    """Empty axes on which the reader draws a curve before it is shown, with how far the guess is away.

    `name`: best_answer (D* between two densities), saturating_slope (of the saturating loss, in the logit) or
    two_distances (twice the Jensen-Shannon divergence beside the Wasserstein distance of two normal laws).

    Raises `ValueError` where there is no such curve.
    Source: Goodfellow et al. 2014, section 4.1 and 3 [goodfellow2014]; Arjovsky et al. 2017, example 1
    [arjovsky2017wgan].

    >>> sketch("saturating_slope")
    Sketch: the slope of log(1 - D), to be drawn over the logit a from -10 to 6
    """
    if name not in _SKETCHES:
        raise ValueError(f"`name` must be one of {', '.join(_SKETCHES)}, got {name!r}")
    data = _SKETCHES[name]()
    x = data["x"]
    summary = f"Sketch: {data['name']}, to be drawn over {data['xName']} from {x[0]:g} to {x[-1]:g}"
    rows = [*data["given"], {key: data[key] for key in ("name", "role", "dash")} | {"y": data["truth"]}]
    drawn = [row | {"values": row["y"][::2]} for row in rows]
    poster = posters.lines({"x": x[::2], "xName": data["xName"], "functions": drawn, "y": data["y"]})
    alt = f"The curve of {data['name']} over {data['xName']}. {data['missed']}"
    return Part("sketch", data, summary, alt, poster)


def _best_answer() -> dict[str, Any]:
    x = torch.linspace(-5, 5, 81, dtype=torch.float64)
    bumps = ((0.4, -2.0), (0.6, 1.0))
    p = sum((share * Normal(mean, 0.7).log_prob(x).exp() for share, mean in bumps), torch.zeros_like(x))
    q = Normal(0.5, 1.2).log_prob(x).exp()
    given = [
        {"name": "density of the data", "role": "real", "dash": "solid", "y": _numbers(p)},
        {"name": "density of the generator", "role": "fake", "dash": "dashed", "y": _numbers(q)},
    ]
    return {
        "task": "What does the best discriminator answer at each x?",
        "name": "D*",
        "role": "discriminator",
        "dash": "solid",
        "x": _numbers(x),
        "xName": "x",
        "y": [0.0, 1.0],
        "unit": "",
        "truth": _numbers(divergences.optimal_discriminator(p, q)),
        "given": given,
        "landmarks": [{"name": "1/2", "y": 0.5}],
        "missed": "Easily missed: the answer follows the ratio of the two densities and not their height. It "
        "is 1/2 wherever they cross. At both ends they are nearly zero, and yet the answer falls there: the "
        "wider one, the generator's, is left.",
    }


def _saturating_slope() -> dict[str, Any]:
    a = torch.linspace(-10, 6, 81, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(len(a) * losses.minimax.generator(a, a), a)
    return {
        "task": "How steep is the saturating loss log(1 - D) in the logit a of a generated sample?",
        "name": "the slope of log(1 - D)",
        "role": "fake",
        "dash": "solid",
        "x": _numbers(a),
        "xName": "the logit a",
        "y": [-1.2, 0.4],
        "unit": " nats per unit of a",
        "truth": _numbers(slope),
        "given": [],
        "landmarks": [{"name": "flat", "y": 0.0}],
        "missed": "Easily missed: the loss is flat on the left, where the discriminator is sure that the "
        "sample is generated. What most needs a push gets the smallest one.",
    }


def _two_distances() -> dict[str, Any]:
    theta = torch.linspace(0, 3, 61, dtype=torch.float64)
    p = Normal(torch.tensor(0.0, dtype=torch.float64), 0.25)
    twice = [
        2 * jensen_shannon_density(p.log_prob, Normal(p.loc + t, 0.25).log_prob).value.clamp(min=0)
        for t in theta
    ]
    w1 = [transport.wasserstein_1_gaussian(0.0, 0.25, float(t), 0.25) for t in theta]
    return {
        "task": "Two narrow normal distributions move apart. How does 2 JSD grow?",
        "name": "2 JSD",
        "role": "discriminator",
        "dash": "solid",
        "x": _numbers(theta),
        "xName": "their distance",
        "y": [0.0, 2.0],
        "unit": " nats",
        "truth": _numbers(torch.stack(twice)),
        "given": [
            {"name": "Wasserstein distance", "role": "real", "dash": "dashed", "y": _numbers(torch.stack(w1))}
        ],
        "landmarks": [],
        "missed": "Easily missed: it has a ceiling, 2 log 2, and is there while the distributions are still "
        "near. From then on nothing in it says how far they are apart.",
    }


_SKETCHES: dict[str, Callable[[], dict[str, Any]]] = {
    "best_answer": _best_answer,
    "saturating_slope": _saturating_slope,
    "two_distances": _two_distances,
}


def _numbers(values: Tensor) -> list[float]:
    """Six digits behind the point, without a negative zero."""
    return [round(value, 6) + 0.0 for value in values.detach().tolist()]
