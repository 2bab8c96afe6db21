"""Make what the exhibits of the museum show when they move: each failure and its cure, as it goes on.

Run as `python book/pictures/exhibits.py [NAME ...]`; it writes `exhibits/NAME.json` beside the pages, in some
ten seconds. An exhibit is a curve of the number by which one knows the failure, broken and cured, over what
one turns or over the steps of a small run; or the points of the plane as two trainings move them. Where the
page gives a number, the curve ends on it.
"""

from __future__ import annotations

import base64
import json
import math
import sys
from collections.abc import Callable, Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ganlab import divergences, losses, regularizers, reproducible
from ganlab.networks.style import ModulatedConv
from ganlab.page import films

FOLDER = Path(__file__).parents[1] / "exhibits"
POINTS = 100
LOG_2 = math.log(2)


def curve(x: Iterable[float], names: tuple[str, str], broken: Any, cured: Any, **more: Any) -> dict[str, Any]:
    """An exhibit of two curves over `x`; `names` are those of the axes, `more` may hold `level` and `log`."""
    x = [float(value) for value in x]
    values = [
        [_six(one(at)) for at in x] if callable(one) else [_six(value) for value in one]
        for one in (broken, cured)
    ]
    words = {"xName": names[0], "yName": names[1]}
    return {"kind": "curve", "x": x, **words, "broken": values[0], "cured": values[1], **more}


def _six(value: Any) -> float | None:
    number = float(value) if abs(value) > 1e-12 else 0.0
    return float(f"{number:.6g}") if math.isfinite(number) else None


def sigmoid(a: float) -> float:
    """1 / (1 + exp(-a))."""
    return 1 / (1 + math.exp(-a))


def descent(
    slope: Callable[[float], float], start: float = 0.0, *, rate: float = 0.1, steps: int = 60
) -> list[float]:
    """Where plain steps down a slope lead: the start, and the place after each step."""
    return list(accumulate(range(steps), lambda at, _: at - rate * slope(at), initial=start))


# Losses

DOWN = np.linspace(4, -10, 57)


def saturation() -> dict[str, Any]:
    """The slope of both losses of the generator in the logit of a sample that is seen through."""
    names = ("logit of a generated sample", "size of the slope")
    return curve(DOWN, names, lambda a: sigmoid(a), lambda a: 1 - sigmoid(a))


def rounded() -> dict[str, Any]:
    """What a generated sample costs, from a rounded probability and from its logit."""

    def broken(a: float) -> float:
        probability = torch.tensor([a]).sigmoid()
        return functional.binary_cross_entropy(probability, torch.zeros(1)).item()

    grid = np.linspace(0, 20, 61)
    return curve(grid, ("logit of a generated sample", "loss"), broken, lambda a: math.log1p(math.exp(a)))


def doubled_sigmoid() -> dict[str, Any]:
    """The loss of both kinds, told apart ever better, with one sigmoid too many and without."""

    def of(a: float) -> float:
        return math.log1p(math.exp(-a)) + math.log1p(math.exp(-a))

    def broken(a: float) -> float:
        real, fake = sigmoid(a), sigmoid(-a)
        return math.log1p(math.exp(-real)) + math.log1p(math.exp(fake))

    grid = np.linspace(0, 20, 61)
    return curve(grid, ("logit, real above 0 and generated below", "D's loss"), broken, of)


def sign() -> dict[str, Any]:
    """The slope in the logit of a sample that D takes for real with a growing probability."""
    grid = np.linspace(0.1, 0.9, 41)
    names = ("D of a generated sample", "slope of the generator's loss")
    return curve(grid, names, lambda d: d, lambda d: d - 1)


def labels() -> dict[str, Any]:
    """The mean of D over data as it learns from N(0, 1) against N(1, 1), its labels swapped or right."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    x, y, weights = map(torch.from_numpy, (nodes, nodes + 1, weights / weights.sum()))

    def means(real: float) -> list[float]:
        w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        found = []
        for _ in range(61):
            scores = [w[0] * points + w[1] for points in (x, y)]
            found.append((scores[0].sigmoid() @ weights).item())
            signs = (1 - 2 * real, 2 * real - 1)
            loss = sum(functional.softplus(s * a) @ weights for s, a in zip(signs, scores, strict=True))
            (gradient,) = torch.autograd.grad(loss, w)
            w = (w - 1.0 * gradient).detach().requires_grad_()
        return found

    return curve(range(61), ("step of the discriminator", "mean of D over the data"), means(0.0), means(1.0))


# Points that move


def plane(name: str, counter: tuple[str, str], runs: dict[str, films.Recording]) -> dict[str, Any]:
    """An exhibit of points: the real ones, the generated ones of both runs frame by frame, and a number."""
    extent = max(run.extent for run in runs.values())
    steps = {key: run.steps.tolist() for key, run in runs.items()}
    column, words = counter

    def number(run: films.Recording) -> list[float | None]:
        line = run.curves[column]
        at = np.searchsorted(line.steps, run.steps, side="right") - 1
        return [_six(line.values[max(i, 0)]) for i in at]

    return {
        "kind": "plane",
        "extent": extent,
        "real": _packed(runs["broken"].real[:POINTS], extent),
        "counter": words,
        "steps": steps,
        **{key: _packed(run.fake[:, :POINTS], extent) for key, run in runs.items()},
        "numbers": {key: number(run) for key, run in runs.items()},
    }


def _packed(points: np.ndarray, extent: float) -> str:
    levels = np.rint(127 * (points / (1.25 * extent)).clip(-1, 1)).astype(np.int8)
    return base64.b64encode(levels.tobytes()).decode()


def collapse() -> dict[str, Any]:
    """Two stored trainings: the generator ten times as fast, and half as fast as its discriminator."""
    runs = {"broken": films.stored("ring_lost"), "cured": films.stored("ring_found")}
    return plane("collapse", ("modes", "modes of 8"), runs)


def ring() -> dict[str, Any]:
    """How far apart neighbours of eight centres on a circle are, as the last angle is put where."""

    def gap(ends: bool) -> list[float]:
        found = []
        for count in range(2, 9):
            turns = np.linspace(0, 1, count, endpoint=ends)
            centres = 2 * np.exp(2j * np.pi * turns)
            found.append(min(abs(a - b) for i, a in enumerate(centres) for b in centres[:i]))
        return found

    names = ("number of centres", "least distance of two centres")
    return curve(range(2, 9), names, gap(True), gap(False))


def beyond() -> dict[str, Any]:
    """How near a generator can come to a mode of the ring that turns, with and without a tanh at its end."""

    def nearest(angle: float) -> float:
        x, y = 2 * math.cos(math.radians(angle)), 2 * math.sin(math.radians(angle))
        return math.hypot(max(abs(x) - 1, 0), max(abs(y) - 1, 0))

    grid = np.linspace(0, 90, 61)
    names = ("angle of the mode, in degrees", "least distance of a sample")
    return curve(grid, names, nearest, lambda angle: 0.0)


def rotation() -> dict[str, Any]:
    """The place of the generator in the smallest game, both in turn, with and without R1."""

    def places(weight: float) -> list[float]:
        theta, psi, found = 1.0, 0.0, []
        for _ in range(190):
            found.append(theta)
            psi += 0.1 * (theta - 2 * weight * psi)
            theta -= 0.1 * psi
        return found

    level = {"name": "data", "y": 0.0}
    names = ("step of 0.1", "place of the generator")
    return curve(range(190), names, places(0.0), places(0.25), level=level)


def weak() -> dict[str, Any]:
    """The loss of a discriminator that learns N(0, 1) against N(0, 3^2): linear, and with a square."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    x, weights = torch.from_numpy(nodes), torch.from_numpy(weights / weights.sum())

    def course(square: float) -> list[float]:
        w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        found = []
        for _ in range(101):
            real, fake = (w[0] + w[1] * p + square * w[2] * p**2 for p in (x, 3 * x))
            loss = losses.softplus(-real) @ weights + losses.softplus(fake) @ weights
            found.append(loss.item())
            (gradient,) = torch.autograd.grad(loss, w)
            w = (w - 0.05 * gradient).detach().requires_grad_()
        return found

    level = {"name": "2 log 2", "y": 2 * LOG_2}
    names = ("step of the discriminator", "D's loss")
    return curve(range(101), names, course(0.0), course(1.0), level=level)


def heart() -> dict[str, Any]:
    """What a loss claims, in nats, on eight points of each kind, a twentieth apart, and on fresh ones."""
    rng = reproducible(0)
    gap = 0.0
    while gap < 0.05:
        real, fake = (torch.randn(8, 1, generator=rng, dtype=torch.float64) + shift for shift in (0, 1))
        gap = functional.pdist(torch.cat([real, fake])).min().item()
    fresh = [torch.randn(4000, 1, generator=rng, dtype=torch.float64) + shift for shift in (0, 1)]
    net = nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1)).double()
    net[0].weight.data *= 10  # neighbours on the list are told apart
    steps = torch.optim.Adam(net.parameters(), 1e-2)

    def claim(pair: Any) -> torch.Tensor:
        r, f = (net(points).flatten() for points in pair)
        return LOG_2 - (losses.softplus(-r).mean() + losses.softplus(f).mean()) / 2

    found = []
    for step in range(1501):
        if step % 25 == 0:
            with torch.no_grad():
                found.append([claim((real, fake)).item(), max(claim(fresh).item(), -1.0)])
        steps.zero_grad()
        (-claim((real, fake))).backward()
        steps.step()
    listed, unseen = zip(*found, strict=True)
    names = ("step of the discriminator", "divergence that the loss claims, in nats")
    return curve(range(0, 1501, 25), names, listed, unseen)


def clipping() -> dict[str, Any]:
    """The slope of a chain of seven layers as its bound grows by a third, and of one layer."""
    grid = np.linspace(1, 4 / 3, 41)
    names = ("bound, in parts of the first one", "slope, in parts of the first one")
    return curve(grid, names, lambda c: c**7, lambda c: 1.0)


def critic_sign() -> dict[str, Any]:
    """Where the sample goes whose critic has its sign turned, and one whose critic has not."""
    grid = range(51)
    return curve(grid, ("step of 0.01", "place of the sample"), lambda t: 1 + t / 100, lambda t: 1 - t / 100)


def scale() -> dict[str, Any]:
    """The slope of a linear critic over 1000 steps of a tenth, without a penalty and with one of 0.1."""
    free = [0.1 * t for t in range(1001)]
    held = descent(lambda w: -1 + 2 * 0.1 * (w - 1), steps=1000)
    return curve(range(0, 1001, 20), ("step of the critic", "slope of the critic"), free[::20], held[::20])


def one_layer() -> dict[str, Any]:
    """The slope of a chain of three layers as the first two grow, one of them normalised or all."""
    grid = np.linspace(1, 3, 41)
    names = ("factor of the first two layers", "slope of the critic")
    return curve(grid, names, lambda w: w * w, lambda w: 1.0)


def lag() -> dict[str, Any]:
    """Where the sample runs, its critic one or five steps ahead, under a penalty of 0.1."""

    def way(n_critic: int) -> list[float]:
        place, slope, found = 1.0, -1.0, [1.0]
        for _ in range(100):
            for _ in range(n_critic):
                slope += 0.1 * (-place - 0.2 * (abs(slope) - 1) * (1 if slope > 0 else -1))
            place += 0.1 * slope
            found.append(place)
        return found

    return curve(range(101), ("step of the generator", "place of the sample, data at 0"), way(1), way(5))


def batch_norm() -> dict[str, Any]:
    """How far apart the mean scores of two kinds are, 3 apart before a last layer of slope 2."""
    norm = nn.BatchNorm1d(1, affine=False, track_running_stats=False).double()
    x = torch.linspace(-1, 1, 64, dtype=torch.float64)[:, None]

    def broken(apart: float) -> float:
        return (2 * (norm(x + apart).mean() - norm(x).mean())).item()

    names = ("distance of the means of the two kinds", "distance of their mean scores")
    return curve(np.linspace(0, 3, 41), names, broken, lambda apart: 2 * apart)


def columns() -> dict[str, Any]:
    """The mean distance of mixed points from their segment, one number a column or one a sample."""
    rng = reproducible(0)
    numbers = torch.rand(4000, 2, generator=rng, dtype=torch.float64)
    away = (numbers[:, 0] - numbers[:, 1]).abs() / math.sqrt(2)
    counts = [round(x) for x in np.geomspace(10, 4000, 40)]
    means = [away[:n].mean().item() for n in counts]
    level = {"name": "1 / (3 √2)", "y": 1 / (3 * math.sqrt(2))}
    names = ("pairs", "mean distance from the segment")
    return curve(counts, names, means, [0.0] * len(counts), level=level)


def penalty() -> dict[str, Any]:
    """The slope at which a critic rests under a penalty on the gradient of the mean, and of the sum."""

    def rest(count: float) -> list[float]:
        return descent(lambda w: 2 * (w / count - 1) / count, 2.0, rate=count**2 / 10, steps=60)

    return curve(range(61), ("step", "slope of the critic, 64 samples in a batch"), rest(64.0), rest(1.0))


def ignored() -> dict[str, Any]:
    """What perfect samples of two classes are charged whose labels are right ever less often, in nats."""
    data = torch.tensor([0.5, 0.0, 0.0, 0.5], dtype=torch.float64)

    def charged(right: float) -> float:
        wrong = (1 - right) / 2
        made = torch.tensor([right / 2, wrong, wrong, right / 2], dtype=torch.float64)
        return divergences.jensen_shannon(data, made).item()

    names = ("share of samples of the class that was asked for", "divergence that D sees, in nats")
    return curve([1 - k / 80 for k in range(41)], names, lambda right: 0.0, charged)


# Pictures


def loud() -> dict[str, Any]:
    """How many times as large maps are under a style that scales all channels by two, layer after layer."""
    rng = reproducible(0)
    layers = [ModulatedConv(8, 8, 4, rng).double() for _ in range(6)]

    def sizes(divided: bool, factor: float) -> list[float]:
        x = torch.ones(1, 8, 7, 7, dtype=torch.float64)
        found = [x.square().mean().sqrt().item()]
        for layer in layers:
            layer.demodulated = divided
            layer.scale.weight.data.zero_()
            layer.scale.bias.data.fill_(factor - 1)
            x = functional.leaky_relu(layer(x, torch.zeros(1, 4, dtype=torch.float64)), 0.2)
            found.append(x.square().mean().sqrt().item())
        return found

    def ratio(divided: bool) -> list[float]:
        return [two / one for two, one in zip(sizes(divided, 2.0), sizes(divided, 1.0), strict=True)]

    names = ("layers that the style has steered", "size of the maps, in parts of that without the factor")
    return curve(range(7), names, ratio(False), ratio(True))


def checkerboard() -> dict[str, Any]:
    """How many copies of a kernel a pixel of a row gets: kernel 3 with stride 2, and kernel 4."""

    def copies(kernel: int) -> list[float]:
        ones = torch.ones(1, 1, 9, 9, dtype=torch.float64)
        weight = torch.ones(1, 1, kernel, kernel, dtype=torch.float64)
        return functional.conv_transpose2d(ones, weight, stride=2, padding=1)[0, 0, 7, 1:17].tolist()

    return curve(range(16), ("pixel of a row", "copies of the kernel"), copies(3), copies(4))


def sight() -> dict[str, Any]:
    """The loss where agreement of two details is all that counts: a sum of terms, and one term of both."""
    pairs = torch.tensor([[1.0, 1], [-1, -1], [1, -1], [-1, 1]], dtype=torch.float64)

    def course(product: float) -> list[float]:
        w = torch.tensor([0.8, -0.6, 0.1], dtype=torch.float64, requires_grad=True)
        found = []
        for _ in range(61):
            scores = pairs @ w[:2] + product * w[2] * pairs.prod(1)
            loss = losses.softplus(-scores[:2]).mean() + losses.softplus(scores[2:]).mean()
            found.append(loss.item())
            (gradient,) = torch.autograd.grad(loss, w)
            w = (w - 0.5 * gradient).detach().requires_grad_()
        return found

    level = {"name": "2 log 2", "y": 2 * LOG_2}
    return curve(range(61), ("step of the discriminator", "D's loss"), course(0.0), course(1.0), level=level)


def mixed() -> dict[str, Any]:
    """How far apart a layer shows two kinds in two batches, and by its running numbers."""
    norm = nn.BatchNorm1d(1, affine=False, track_running_stats=False).double()
    x = torch.tensor([[-1.0], [1.0]], dtype=torch.float64).repeat(32, 1)

    def broken(apart: float) -> float:
        return (norm(x + apart).mean() - norm(x).mean()).item()

    names = ("distance of the means before the layer", "distance of the means behind it")
    return curve(np.linspace(0, 2, 41), names, broken, lambda apart: apart)


def damaged() -> dict[str, Any]:
    """How many of four files have been read, the third being damaged: opened one by one, or all before."""
    return curve(range(5), ("files that were asked for", "files read"), [0, 1, 2, 2, 2], [0, 1, 2, 2, 3])


# Steps


def _rest(extra: Callable[[float], float]) -> list[float]:
    """D of a sample whose logit goes down the slope of its own loss and of what is added to it."""
    logits = descent(lambda a: (sigmoid(a) - 1) + sigmoid(a) + extra(a), steps=100)
    return [sigmoid(a) for a in logits]


def left_over() -> dict[str, Any]:
    """Where D comes to rest before equal laws, with the gradient of the other step and without."""
    names = ("step of 0.1 in the logit", "D")
    return curve(range(101), names, _rest(lambda a: sigmoid(a) - 1), _rest(lambda a: 0.0))


def holds_both() -> dict[str, Any]:
    """Where D comes to rest before equal laws, moved by both optimizers or by its own."""

    def way(both: bool) -> list[float]:
        a, found = 0.0, [0.5]
        for _ in range(1000):
            a -= 0.01 * (2 * sigmoid(a) - 1)
            a -= 0.01 * (sigmoid(a) - 1) if both else 0.0
            found.append(sigmoid(a))
        return found[::20]

    return curve(range(0, 1001, 20), ("round, steps of 0.01 in the logit", "D"), way(True), way(False))


def no_detach() -> dict[str, Any]:
    """The push on a sample, with the gradient of the discriminator's loss in it and without."""
    grid = np.linspace(0.1, 0.9, 41)
    return curve(grid, ("D of the sample", "slope in its logit"), lambda d: 2 * d - 1, lambda d: d - 1)


def detach() -> dict[str, Any]:
    """How far the generator's weight has moved, its samples cut off or not."""

    def way(cut: bool) -> list[float]:
        weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        steps = torch.optim.SGD([weight], 0.1)
        found = []
        for _ in range(61):
            found.append(weight.item())
            sample = weight.detach() if cut else weight
            slope = torch.ones((), dtype=torch.float64, requires_grad=True)  # of a discriminator
            losses.softplus(-slope * sample).sum().backward()
            steps.step()
            steps.zero_grad()
        return found

    return curve(range(61), ("step of the generator", "way of its weight"), way(True), way(False))


def no_grad() -> dict[str, Any]:
    """How many tensors of a generator have a gradient, layer after layer on the way back."""
    layers = [nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2)]

    def count(depth: int) -> int:
        net = nn.Sequential(*layers[: 2 * depth - 1])
        net.zero_grad()
        net(torch.ones(1, 2)).sum().backward()
        return sum(p.grad is not None for p in net.parameters())

    counts = [0, *(count(depth) for depth in (1, 2, 3))]
    names = ("layers of the generator", "tensors with a gradient")
    return curve(range(4), names, [0] * 4, counts)


def stale_scores() -> dict[str, Any]:
    """The slope of w tanh(w x) at 1 as the weights grow: outer new and inner old, and both new."""

    def slope(outer: float, inner: float) -> float:
        return outer * inner / math.cosh(inner) ** 2

    grid = np.linspace(1, 2, 41)
    names = ("weight after the step, 1 before it", "slope at 1")
    return curve(grid, names, lambda w: w * w / math.cosh(1.0) ** 2, lambda w: slope(w, w))


def second_time() -> dict[str, Any]:
    """Backward passes through the generator over some rounds."""
    return curve(range(11), ("round", "backward passes through G"), lambda t: 2 * t, lambda t: t)


def compiled() -> dict[str, Any]:
    """What a linear critic pays as its slope grows: nothing can be had, and the square."""

    def pays(w: float) -> float:
        critic = torch.tensor([w], dtype=torch.float64)
        points = torch.zeros(4, 1, dtype=torch.float64)
        return regularizers.OFF_ONE.of(critic.expand(4, 1)).mean().item() + 0 * points.sum().item()

    grid = np.linspace(0, 3, 41)
    names = ("slope of the critic", "what it pays")
    return curve(grid, names, [math.nan] * 41, pays)


def still() -> dict[str, Any]:
    """The change of the losses if one translator alone leaves the identity, under two weights of a cycle."""
    names = ("shift of one translator alone", "change of the losses")
    shifts = [step / 20 for step in range(-20, 21)]
    return curve(shifts, names, lambda u: 200 * abs(u) - 30 * u, lambda u: 20 * abs(u) - 30 * u)


def average() -> dict[str, Any]:
    """How much of the first weights an average holds, with a decay of 0.999 and of 0.9."""
    names = ("step", "part of the first weights")
    return curve(range(0, 201, 4), names, lambda t: 0.999**t, lambda t: 0.9**t)


def buffers() -> dict[str, Any]:
    """The mean behind a layer that keeps its first running numbers, and one whose numbers follow."""

    def way(follows: bool) -> list[float]:
        layer = nn.BatchNorm1d(1, affine=False).double()
        frozen = nn.BatchNorm1d(1, affine=False).double().eval()
        batch = 2 + 3 * torch.tensor([[-1.0], [1.0]], dtype=torch.float64).repeat(32, 1)
        found = []
        for _ in range(61):
            used = layer.eval() if follows else frozen
            found.append(used(batch).mean().item())
            layer.train()
            layer(batch)
        return found

    names = ("batch", "mean behind the layer, inputs at 2")
    return curve(range(61), names, way(False), way(True))


def mode() -> dict[str, Any]:
    """The mean with which a layer works after some batches, in evaluation and in training."""
    layer = nn.BatchNorm1d(1, affine=False).double()
    batch = 2 + 3 * torch.tensor([[-1.0], [1.0]], dtype=torch.float64).repeat(32, 1)
    found = []
    for _ in range(11):
        found.append(layer.running_mean.item())
        layer(batch)
    return curve(range(11), ("batches seen", "mean that the layer takes away"), found, lambda t: 2.0)


def seed() -> dict[str, Any]:
    """How many different latents there have been, with a seed inside the loop and before it."""
    names = ("step of 64 latents", "different latents so far")
    return curve(range(101), names, lambda t: min(64 * t, 64), lambda t: 64 * t)


EXHIBITS = {
    "saturation": saturation,
    "sigmoid": rounded,
    "doubled-sigmoid": doubled_sigmoid,
    "sign": sign,
    "labels": labels,
    "collapse": collapse,
    "ring": ring,
    "range": beyond,
    "rotation": rotation,
    "weak": weak,
    "heart": heart,
    "clipping": clipping,
    "critic-sign": critic_sign,
    "scale": scale,
    "one-layer": one_layer,
    "lag": lag,
    "batch-norm": batch_norm,
    "columns": columns,
    "penalty": penalty,
    "ignored": ignored,
    "loud": loud,
    "checkerboard": checkerboard,
    "sight": sight,
    "mixed": mixed,
    "damaged": damaged,
    "left-over": left_over,
    "holds-both": holds_both,
    "no-detach": no_detach,
    "detach": detach,
    "no-grad": no_grad,
    "stale-scores": stale_scores,
    "second-time": second_time,
    "compiled": compiled,
    "still": still,
    "average": average,
    "buffers": buffers,
    "mode": mode,
    "seed": seed,
}
"""What makes each exhibit, by its label on the page."""


def main(names: list[str]) -> None:
    """Write the named exhibits, or all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name in names or EXHIBITS:
        text = json.dumps(EXHIBITS[name](), separators=(",", ":"), ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
