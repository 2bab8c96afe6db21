"""Runs whose truth is known, and what `diagnose` says of them: how often it is right, and how often it errs.

Each kind of run has its truth built in, on each of two sets of data. An equilibrium is a generator that
draws from the distribution of the data itself, with a discriminator that trains against it; a discriminator
is outrun since its rate was made small. Where the truth is a result, the modes that were served say whether
it came about. The thresholds of `diagnose` were set on the seeds of `TUNING`; those of `JUDGING` were looked
at when the rule was written, and the tables are of them. Equilibria have more: false alarms are rare.

    python -m ganlab.experiments.alarms       makes the stored runs again, in three minutes of one processor
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.func import vmap

from ganlab.data import Mixture, grid, ring
from ganlab.evaluation.diagnosis import PATTERNS, diagnose
from ganlab.losses import LOSSES
from ganlab.storage import write_atomically

__all__ = [
    "COLUMNS",
    "DATA",
    "JUDGING",
    "KINDS",
    "RUNS",
    "TRUTHS",
    "TUNING",
    "WAYS",
    "Case",
    "Kind",
    "Known",
    "drawn",
    "false_alarms",
    "load",
    "main",
    "make",
    "table",
    "tally",
]

TUNING, JUDGING = range(3), range(3, 18)
COLUMNS = ("d_loss", "g_loss", "d_real", "d_fake")
TRUTHS = {
    "equilibrium": ("healthy", "cannot tell"),
    "healthy": ("healthy", "cannot tell"),
    "few modes": ("collapse suspected", "D too strong", "cannot tell"),
    "collapsed": ("collapse suspected", "critic not keeping up", "cannot tell"),
    "dominated": ("D too strong", "collapse suspected", "cannot tell"),
    "lagging": ("critic not keeping up", "collapse suspected", "cannot tell"),
    "oscillating": ("oscillation", "cannot tell"),
    "diverging": ("diverging", "critic not keeping up", "cannot tell"),
    "drawn": ("healthy", "cannot tell"),
}
"""The truths, and for each what is right to say of it; the last, that it cannot tell, is never wrong."""

DATA: dict[str, Mixture] = {"ring": ring(std=0.5), "grid": grid(3, std=0.5)}
"""The data of the runs of two networks, by name: eight modes that touch, and nine that lie apart."""

_STEPS, _BATCH, _WIDTH, _CLIP = 240, 64, 24, 0.2
_SAMPLES, _SINGLE = 8 * _BATCH, torch.float32
_LINE = "line"  # the data of a game of two numbers, which has no modes
_FIRST = 100  # seed of the first pair of `RUNS`


class Kind(NamedTuple):
    """How runs of one kind are made.

    `kept`: the generator is not trained, and draws from that share of the modes of the data, exactly; None
    for one that is trained. `rates`: Adam's, of generator and discriminator. `r1`: the weight of
    E||grad D||^2 on the data. `clip`: the bound of the weights of a critic whose loss has no infimum, None
    for no bound. `on_a_line`: one number plays against one slope, by plain gradient steps. `seeds`: how many.
    """

    truth: str
    rates: tuple[float, float] = (1e-3, 1e-3)
    betas: tuple[float, float] = (0.5, 0.999)
    r1: float = 0.0
    kept: float | None = None
    clip: float | None = _CLIP
    on_a_line: bool = False
    seeds: int = 8


KINDS: dict[str, Kind] = {
    "equilibrium": Kind("equilibrium", (0, 2e-3), kept=1, seeds=JUDGING.stop),
    "healthy": Kind("healthy", (5e-3, 1e-2), (0.0, 0.9), r1=0.1),
    "hopping": Kind("collapsed", (5e-3, 5e-4)),
    "oscillating": Kind("oscillating", (0.4, 0.4), on_a_line=True),
    "dominated": Kind("dominated", (1e-5, 1e-2)),
    "few": Kind("few modes", (0, 3e-3), kept=1 / 4),
    "diverging": Kind("diverging", (5e-2, 5e-2), (0.9, 0.9), clip=None),
    "lagging": Kind("lagging", (5e-3, 1e-4)),
}
"""The kinds of run, each made with every loss and every seed."""

RUNS: list[tuple[str, str]] = [
    (name, data)
    for data in (*DATA, _LINE)
    for name, kind in KINDS.items()
    if kind.on_a_line == (data == _LINE)
]
"""Kind and data of all runs; the place of a pair gives its random numbers."""


@dataclass(frozen=True)
class Known:
    """The runs of one kind: `log` (4, losses, seeds, T), and `modes` (2, losses, seeds), the share served.

    The rows of `log` are `COLUMNS`; `modes` is measured at half time and at the end.
    """

    log: np.ndarray
    modes: np.ndarray


def make(name: str, data: str, *, steps: int = _STEPS) -> Known:
    """The runs of one kind on some data, with every loss and seed, trained side by side in float32.

    `name`, `data`: of `RUNS`. `steps`: fewer than all for the beginning of the same runs. Raises `ValueError`
    on another pair.

    >>> make("oscillating", "line", steps=2).log.shape
    (4, 7, 8, 2)
    """
    if (name, data) not in RUNS:
        raise ValueError(f"`name` and `data` must be a pair of `RUNS`, got {name!r} and {data!r}")
    kind = KINDS[name]
    rng = torch.Generator().manual_seed(_FIRST + RUNS.index((name, data)))
    play = _on_a_line if kind.on_a_line else partial(_of_networks, DATA[data])
    log, modes = play(kind, steps, rng)
    shape = (len(LOSSES), kind.seeds)
    return Known(log.reshape(4, *shape, -1), modes.reshape(2, *shape))


# --- Two networks in the plane --------------------------------------------------------------------------


def _weights(sizes: Sequence[int], runs: int, rng: torch.Generator) -> list[Tensor]:
    made = []
    for a, b in itertools.pairwise(sizes):
        made += [
            (torch.rand(runs, a, b, generator=rng, dtype=_SINGLE) * 2 - 1) / math.sqrt(a),
            torch.zeros(runs, 1, b, dtype=_SINGLE),
        ]
    return [w.requires_grad_() for w in made]


def _network(weights: list[Tensor], x: Tensor) -> Tensor:
    """All networks at once: (runs, N, in) to (runs, N, out)."""
    for k in range(0, len(weights), 2):
        x = torch.baddbmm(weights[k + 1], x, weights[k])
        if k + 2 < len(weights):
            x = torch.nn.functional.leaky_relu(x, 0.2)
    return x


def _points(data: Mixture, runs: int, rng: torch.Generator, kept: float = 1) -> Tensor:
    centers = data.centers.float()
    middle = centers[torch.randint(round(kept * len(centers)), (runs, _BATCH), generator=rng)]
    return middle + data.std * torch.randn(runs, _BATCH, 2, generator=rng, dtype=_SINGLE)


def _each(side: str, real: Tensor, fake: Tensor) -> Tensor:
    """The loss of each run from its scores (runs, N); the runs stand in the order of `LOSSES`."""
    real, fake = (x.view(len(LOSSES), -1, x.shape[-1]) for x in (real, fake))
    parts = [
        vmap(getattr(loss, side))(real[place], fake[place]) for place, loss in enumerate(LOSSES.values())
    ]
    return torch.cat(parts)


def _unbounded(seeds: int) -> Tensor:
    return torch.tensor([not math.isfinite(loss.least) for loss in LOSSES.values() for _ in range(seeds)])


def _of_networks(
    data: Mixture, kind: Kind, steps: int, rng: torch.Generator
) -> tuple[np.ndarray, np.ndarray]:
    runs, free = len(LOSSES) * kind.seeds, _unbounded(kind.seeds)
    critic = _weights([2, _WIDTH, _WIDTH, 1], runs, rng)
    maker = [] if kind.kept else _weights([8, _WIDTH, _WIDTH, 2], runs, rng)
    adam = partial(torch.optim.Adam, betas=kind.betas, fused=True)
    d_rule, g_rule = adam(critic, lr=kind.rates[1]), adam(maker, lr=kind.rates[0]) if maker else None

    def made() -> Tensor:
        if kind.kept:
            return _points(data, runs, rng, kind.kept)
        return _network(maker, torch.randn(runs, _BATCH, 8, generator=rng, dtype=_SINGLE))

    log, modes = [], []
    for step in range(steps):
        with torch.no_grad():
            fake = made()
        real = _points(data, runs, rng)
        d_loss, scores = _critic_step(kind, critic, d_rule, real, fake, free)
        g_loss = _maker_step(critic, maker, g_rule, real, made, scores)
        means = (scores[:, :_BATCH].mean(1), scores[:, _BATCH:].mean(1))
        log.append(torch.stack([d_loss, g_loss, *means]))
        if step + 1 in (_STEPS // 2, _STEPS):
            modes.append(_served(data, made))
    return torch.stack(log, 2).numpy(), torch.stack(modes or [torch.zeros(runs)] * 2).numpy()


def _critic_step(
    kind: Kind, critic: list[Tensor], rule: torch.optim.Optimizer, real: Tensor, fake: Tensor, free: Tensor
) -> tuple[Tensor, Tensor]:
    if kind.r1:
        real.requires_grad_()
    scores = _network(critic, torch.cat([real, fake], 1))[..., 0]
    d_loss = _each("discriminator", scores[:, :_BATCH], scores[:, _BATCH:])
    objective = d_loss.sum()
    if kind.r1:
        (slope,) = torch.autograd.grad(scores[:, :_BATCH].sum(), real, create_graph=True)
        objective = objective + kind.r1 * slope.square().sum(2).mean(1).sum()
    rule.zero_grad()
    objective.backward()
    rule.step()
    if kind.clip and not kind.r1:
        with torch.no_grad():
            for weight in critic:
                weight[free] = weight[free].clamp(-kind.clip, kind.clip)
    return d_loss.detach(), scores.detach()


def _maker_step(
    critic: list[Tensor],
    maker: list[Tensor],
    rule: torch.optim.Optimizer | None,
    real: Tensor,
    made: Callable[[], Tensor],
    scores: Tensor,
) -> Tensor:
    if rule is None:
        return _each("generator", scores[:, :_BATCH], scores[:, _BATCH:])
    with torch.no_grad():
        d_real = _network(critic, real)[..., 0]
    g_loss = _each("generator", d_real, _network(critic, made())[..., 0])
    for weight, slope in zip(maker, torch.autograd.grad(g_loss.sum(), maker), strict=True):
        weight.grad = slope
    rule.step()
    return g_loss.detach()


def _served(data: Mixture, made: Callable[[], Tensor]) -> Tensor:
    """The share of modes that hold a third of their samples each, within three standard deviations."""
    with torch.no_grad():
        x = torch.cat([made() for _ in range(_SAMPLES // _BATCH)], 1)
    count = len(data.centers)
    distance, nearest = torch.cdist(x, data.centers.float().expand(len(x), count, 2)).min(2)
    found = [
        torch.bincount(which[far < 3 * data.std], minlength=count) >= _SAMPLES / count / 3
        for far, which in zip(distance, nearest, strict=True)
    ]
    return torch.stack([modes.float().mean() for modes in found])


# --- One number against one slope -----------------------------------------------------------------------


def _on_a_line(kind: Kind, steps: int, rng: torch.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Data at 0, samples at theta, D(x) = psi x: both with a little noise. The players circle each other."""
    runs, noise, (rate, _) = len(LOSSES) * kind.seeds, 0.1, kind.rates
    theta = (1 + torch.rand(runs, generator=rng, dtype=_SINGLE)).requires_grad_()
    psi = torch.rand(runs, generator=rng, dtype=_SINGLE).requires_grad_()
    middles = [low if low == high else 0.0 for low, high in (loss.blind for loss in LOSSES.values())]
    offset = torch.tensor(middles, dtype=_SINGLE).repeat_interleave(kind.seeds)[:, None]
    log = []
    for _ in range(steps):
        real, z = noise * torch.randn(2, runs, _BATCH, generator=rng, dtype=_SINGLE)
        d_real, d_fake = psi[:, None] * real + offset, psi[:, None] * (z + theta[:, None]).detach() + offset
        d_loss = _each("discriminator", d_real, d_fake)
        (slope,) = torch.autograd.grad(d_loss.sum(), psi)
        with torch.no_grad():
            psi -= rate * slope
        now = psi.detach()[:, None]
        fresh = noise * torch.randn(runs, _BATCH, generator=rng, dtype=_SINGLE) + theta[:, None]
        g_loss = _each("generator", now * real + offset, now * fresh + offset)
        (slope,) = torch.autograd.grad(g_loss.sum(), theta)
        with torch.no_grad():
            theta -= rate * slope
        log.append(torch.stack([x.detach() for x in (d_loss, g_loss, d_real.mean(1), d_fake.mean(1))]))
    return torch.stack(log, 2).numpy(), np.zeros((2, runs))


# --- Curves that mean nothing ---------------------------------------------------------------------------


def drawn(loss: str, *, seed: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Curves (d_loss, g_loss) of 240 steps without any game behind them, by name, at the level of a fair one.

    A fair one is a fifth below the loss of a D that tells nothing, or at -1 where that is 0. Lines, decays,
    ripples of a hundredth, white and red noise, a saw and a step.

    >>> sorted(drawn("hinge"))[:3]
    ['a decay', 'a falling line', 'a ripple']
    """
    pair, rng = LOSSES[loss], np.random.default_rng(seed)
    blind = pair.equilibrium[0] if math.isfinite(pair.least) else 0.0
    scale = blind - pair.least if blind else 1.0
    t, noise = np.linspace(0, 1, _STEPS), rng.standard_normal((2, _STEPS))
    red = np.zeros((2, _STEPS))
    for step in range(1, _STEPS):
        red[:, step] = 0.95 * red[:, step - 1] + 0.31 * noise[:, step]
    shapes = {
        "a falling line": -0.2 * t,
        "a rising line": 0.15 * t - 0.1,
        "a decay": 0.15 * np.exp(-5 * t),
        "a ripple": 0.01 * np.sin(60 * t),
        "a ripple on a line": 0.01 * np.sin(60 * t) - 0.2 * t,
        "white noise": 0.02 * noise,
        "red noise": 0.03 * red,
        "a saw": 0.02 * ((8 * t) % 1),
        "a step": 0.1 * (t > 0.6),
    }
    pairs = {name: x if x.ndim == 2 else np.stack([x, -x]) for name, x in shapes.items()}
    return {name: (blind + scale * (d - (0.2 if blind else 1.0)), 1 + g) for name, (d, g) in pairs.items()}


# --- What is said of them -------------------------------------------------------------------------------


def _smoothed(x: np.ndarray, keep: float = 0.9) -> np.ndarray:
    """A running mean with that memory, corrected for its start, as TensorBoard draws it."""
    mean, weight, out = 0.0, 0.0, np.empty_like(x)
    for place, value in enumerate(x):
        mean, weight = keep * mean + (1 - keep) * value, keep * weight + 1 - keep
        out[place] = mean / weight
    return out


def _with(x: dict[str, np.ndarray], *, d: float = 1.0, scores: bool = False) -> dict[str, np.ndarray]:
    kept = COLUMNS if scores else COLUMNS[:2]
    return {name: d * x[name] if name == "d_loss" else x[name] for name in kept}


Log = dict[str, np.ndarray]
WAYS: dict[str, Callable[[Log], Log]] = {
    "as it is": _with,
    "with mean scores": lambda x: _with(x, scores=True),
    "smoothed": lambda x: {name: _smoothed(y) for name, y in _with(x).items()},
    "half sums": lambda x: _with(x, d=0.5),
    "half sums, with scores": lambda x: _with(x, d=0.5, scores=True),
    "sign turned, with scores": lambda x: _with(x, d=-1.0, scores=True),
    "its first half": lambda x: {name: y[: len(y) // 2] for name, y in _with(x).items()},
}
"""The ways in which a run is written down before it is read."""


def load() -> dict[tuple[str, str], Known]:
    """The stored runs, by kind and data.

    >>> load()["few", "grid"].log.shape
    (4, 7, 8, 240)
    """
    document = json.loads(_path().read_text())
    with np.load(io.BytesIO(base64.b64decode(document["runs"])), allow_pickle=False) as arrays:
        return {(name, data): _restored(arrays, f"{name}.{data}") for name, data in RUNS}


def _stored(known: Known, key: str) -> dict[str, np.ndarray]:
    """The arrays of some runs in half precision, each column in a unit in which it has no overflow."""
    unit = np.maximum(1, np.abs(known.log).max(-1, keepdims=True) / 6e4)
    half = {"log": known.log / unit, "modes": known.modes}
    return {f"{key}.unit": unit} | {f"{key}.{name}": x.astype(np.float16) for name, x in half.items()}


def _restored(arrays: Mapping[str, np.ndarray], key: str) -> Known:
    return Known(arrays[f"{key}.log"] * arrays[f"{key}.unit"], arrays[f"{key}.modes"])


class Case(NamedTuple):
    """Of which logs verdicts are counted: their truth, data and loss, and how they are written down."""

    truth: str
    data: str
    loss: str
    way: str


def _logs(seeds: Sequence[int], *, at_half: bool) -> Iterator[tuple[str, str, str, Log]]:
    """Truth, data, loss and log: of the stored runs whose truth came about, and of drawn curves."""
    for (name, data), known in load().items():
        truth = KINDS[name].truth
        for place, loss in enumerate(LOSSES):
            for seed in (seed for seed in seeds if seed < KINDS[name].seeds):
                modes = known.modes[0 if at_half else 1, place, seed]
                if (truth == "healthy" and modes < 1) or (truth == "collapsed" and modes > 1 / 2):
                    continue
                log = known.log[:, place, seed].astype(np.float64)
                yield truth, data, loss, dict(zip(COLUMNS, log, strict=True))
    for loss in LOSSES:
        for d_loss, g_loss in drawn(loss, seed=seeds[0]).values():
            yield "drawn", "", loss, {"d_loss": d_loss, "g_loss": g_loss}


def tally(seeds: Sequence[int] = JUDGING, ways: Sequence[str] = tuple(WAYS)) -> dict[Case, Counter]:
    """How often each pattern is said of the logs of one truth, data and loss, written down in one way.

    `seeds`: of `TUNING` or of `JUDGING`. Drawn curves have no data, no scores and no start, and are read in
    one convention.
    """
    counts: dict[Case, Counter] = {}
    for way in ways:
        for truth, data, loss, log in _logs(seeds, at_half=way == "its first half"):
            if truth == "drawn" and ("scores" in way or "sums" in way):
                continue
            read = WAYS[way](log)
            d_real, d_fake = read.get("d_real"), read.get("d_fake")
            said = diagnose(read["d_loss"], read["g_loss"], loss=loss, d_real=d_real, d_fake=d_fake).pattern
            counts.setdefault(Case(truth, data, loss, way), Counter())[said] += 1
    return counts


def _said(counts: dict[Case, Counter], **only: str) -> Counter:
    """All verdicts on the cases that have these fields."""
    chosen = (said for case, said in counts.items() if only.items() <= case._asdict().items())
    return sum(chosen, Counter())


def _wrong(said: Counter, truth: str) -> int:
    return sum(times for pattern, times in said.items() if pattern not in TRUTHS[truth])


def table(counts: dict[Case, Counter] | None = None) -> str:
    """The verdicts by truth, in percent of the logs: each pattern, and what is wrong among them, by data too.

    `counts`: of `tally`, that of the judging seeds unless given. A verdict is wrong where `TRUTHS` does not
    have it; on an equilibrium, a healthy run and a drawn curve, that is a false alarm.
    """
    counts = tally() if counts is None else counts
    rows = [["truth", "logs", *PATTERNS, "wrong", *(f"on the {data}" for data in DATA)]]
    for truth in TRUTHS:
        said = _said(counts, truth=truth)
        if total := said.total():
            shares = [said[pattern] / total for pattern in PATTERNS] + [_wrong(said, truth) / total]
            parts = [_said(counts, truth=truth, data=data) for data in DATA]
            shown = [f"{100 * _wrong(part, truth) / part.total():.0f}" if part else "-" for part in parts]
            rows.append([truth, str(total), *(f"{100 * share:.0f}" for share in shares), *shown])
    return _aligned(rows)


def false_alarms(counts: dict[Case, Counter] | None = None, *, truth: str = "equilibrium") -> str:
    """The false alarms on runs without a fault, by loss and data: how many of how many logs.

    `counts`: of `tally`, that of the judging seeds unless given.
    """
    counts = tally() if counts is None else counts
    rows = [["loss", *DATA]]
    for loss in LOSSES:
        told = [_said(counts, truth=truth, loss=loss, data=data) for data in DATA]
        rows.append([loss, *(f"{_wrong(said, truth)} of {said.total()}" for said in told)])
    return _aligned(rows)


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )


def main(folder: Path | None = None) -> int:
    """The exit code 0 after making all runs and writing their file, whole or not at all."""
    torch.set_num_threads(1)
    started, arrays = time.process_time(), {}
    for name, data in RUNS:
        arrays |= _stored(make(name, data), f"{name}.{data}")
        print(f"{name} on the {data}: {time.process_time() - started:.0f} s", flush=True)
    store(arrays, time.process_time() - started, folder)
    return 0


def store(arrays: dict[str, np.ndarray], seconds: float, folder: Path | None = None) -> Path:
    """The file that now holds the runs, with the command, versions and processor seconds that made them."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[reportArgumentType] - no kind has the name of an option
    document = {
        "command": "python -m ganlab.experiments.alarms",
        "versions": {"torch": torch.__version__, "numpy": np.__version__},
        "seconds": round(seconds, 1),
        "runs": base64.b64encode(buffer.getvalue()).decode(),
    }
    path = _path() if folder is None else Path(folder) / _path().name
    write_atomically(path, (json.dumps(document, separators=(",", ":")) + "\n").encode())
    return path


def _path() -> Path:
    return Path(str(files("ganlab") / "assets" / "runs" / "alarms.json"))


if __name__ == "__main__":
    sys.exit(main())
