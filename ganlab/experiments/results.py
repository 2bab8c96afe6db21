"""Runs that take longer than a minute, kept as small files: what was run, what came out, how to repeat it.

A result holds the command, the versions and the processor time that made it, the numbers of every seed, a
thinned history, samples to look at, and the first steps of its first seed to the last digit. A test repeats
those steps on every change, so that a result cannot outlive the code that it stands for.

    python -m ganlab.experiments.results                  makes all of them again
    python -m ganlab.experiments.results ring_pairing       makes one
"""

from __future__ import annotations

import base64
import io
import json
import math
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ganlab import plotting
from ganlab.evaluation import judging
from ganlab.experiments import building, catalogue, reports
from ganlab.experiments.building import Setup
from ganlab.experiments.catalogue import EXPERIMENTS, Experiment
from ganlab.storage import write_atomically
from ganlab.training.ensembles import cannot_stack, train_together
from ganlab.training.history import History
from ganlab.training.loop import train

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SEEDS", "Result", "load", "make", "save", "show", "table"]

TEN = tuple(range(10, 20))
SEEDS: dict[str, tuple[int, ...]] = {
    "ring_pairing": TEN,
    "ring_non_saturating": TEN,
    "ring_wgan_gp": TEN,
    "grid_pairing": TEN,
    "grid_non_saturating": TEN,
    "grid_wgan_gp": tuple(range(20, 30)),  # its length was set when 10 to 19 had been seen at another
    "fashion_mnist": (10, 11, 12),
    "fashion_mnist_non_saturating": (10, 11, 12),
    "fashion_mnist_wgan_gp": (10, 11, 12),
    "fashion_mnist_dcgan": (10, 11, 12),
    **{name: TEN for name in EXPERIMENTS if name.startswith("ring_collapse_")},
}
"""The seeds of each stored run, by the name of its set-up; none of them was used to choose a setting.

>>> len(SEEDS["ring_pairing"])
10
"""

PREFIX = 20  # steps kept to the last digit
ROWS = 200  # of the thinned history
POINTS = 500  # shown of each seed
PICTURES = 36
_COLUMN_TITLES = {
    "modes": "modes",
    "high_quality": "high quality",
    "reverse_kl": "reverse KL",
    "wasserstein_1": "W1",
    "classifier_frechet": "Frechet",
}


@dataclass(frozen=True)
class Result:
    """A stored run. `each`: the numbers of each seed; `spread`: mean, standard error, lowest and highest.

    `seconds`: processor time a seed, on one thread. `prefix`: the first steps of the first seed, one array a
    column. `history`: means over equal stretches of steps, (T, S) a column, at the steps `steps`. `samples`:
    (S, n, ...) of the averaged generators, images as bytes.
    """

    name: str
    command: str
    versions: dict[str, str]
    experiment: Experiment
    seeds: tuple[int, ...]
    seconds: float
    each: tuple[dict[str, Any], ...]
    spread: dict[str, dict[str, Any]]
    prefix: dict[str, np.ndarray]
    steps: np.ndarray
    history: dict[str, np.ndarray]
    samples: np.ndarray

    def __repr__(self) -> str:
        return f"{self.name}: {len(self.seeds)} seeds, {self.experiment.steps} steps, {self.command}"


def load(name: str) -> Result:
    """The stored run of that name, from the package's own files.

    Raises `ValueError` naming the results there are where there is none of that name.

    >>> load("rign_pairing")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: `name` must be one of ring_pairing, ..., got 'rign_pairing'; did you mean 'ring_pairing'?
    """
    catalogue.look_up(SEEDS, name, "name")
    document = json.loads(_path(name).read_text())
    fields = document | {
        "experiment": catalogue.from_dict(document["experiment"]),
        "seeds": tuple(document["seeds"]),
        "each": tuple(document["each"]),
        "prefix": {key: np.array(values) for key, values in document["prefix"].items()},
        "steps": np.array(document["steps"]),
        "history": {key: np.array(values) for key, values in document["history"].items()},
        "samples": _unpacked(document["samples"]),
    }
    return Result(**fields)


def make(name: str, *, data_dir: str | None = None) -> Result:
    """The run of that name, trained from the start and judged: minutes to an hour of processor time.

    Games on points whose networks have no buffers are trained side by side, in compiled steps where the run
    is long; others one after another.

    Raises `ValueError` where there is no such result or its data is not to be had.
    """
    catalogue.look_up(SEEDS, name, "name")
    experiment, seeds = EXPERIMENTS[name], SEEDS[name]
    source = building.load_source(experiment, data_dir)
    setups = [building.build(experiment, seed=seed, source=source) for seed in seeds]
    started = time.process_time()
    history = _trained(setups, experiment)
    seconds = (time.process_time() - started) / len(seeds)
    count = judging.kind_of(source).samples
    drawn = [reports.samples_of(s.gan, count, torch.Generator().manual_seed(0)) for s in setups]
    each = [
        {"seed": seed} | judging.quality(source, samples, torch.Generator().manual_seed(1))
        for seed, samples in zip(seeds, drawn, strict=True)
    ]
    steps, thinned = _thinned(history)
    return Result(
        name=name,
        command=f"python -m ganlab.experiments.results {name}",
        versions={"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        experiment=experiment,
        seeds=seeds,
        seconds=seconds,
        each=tuple(each),
        spread=reports.spreads(each),
        prefix={column: history[column][:PREFIX, 0] for column in history.columns},
        steps=steps,
        history=thinned,
        samples=np.stack([_shown(samples) for samples in drawn]),
    )


def save(result: Result, folder: Path | None = None) -> Path:
    """The file, in `folder` or among the package's own, that now holds the result; whole or not at all."""
    document = {
        "name": result.name,
        "command": result.command,
        "versions": result.versions,
        "experiment": catalogue.to_dict(result.experiment),
        "seeds": result.seeds,
        "seconds": round(result.seconds, 1),
        "each": [{key: _short(value, 6) for key, value in numbers.items()} for numbers in result.each],
        "spread": {
            name: {key: _short(value, 6) for key, value in row.items()} for name, row in result.spread.items()
        },
        "prefix": {key: values.tolist() for key, values in result.prefix.items()},
        "steps": result.steps.tolist(),
        "history": {
            key: [[_short(value, 4) for value in row] for row in values.tolist()]
            for key, values in result.history.items()
        },
        "samples": _packed(result.samples),
    }
    path = _path(result.name) if folder is None else Path(folder) / f"{result.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(document, separators=(",", ":")) + "\n").encode())
    return path


def table(results: Sequence[Result]) -> str:
    """A table of what was measured: a row a result, mean +- standard error over its seeds, and its cost.

    Columns are the measures that all of them have; the last is the processor time a seed, in seconds. The
    last row is what real samples score, as far as that was measured.

    Raises `ValueError` where the results are of several data sets, or there are none.

    >>> print(table([load("fashion_mnist_dcgan")]))
                         Frechet      seconds
    fashion_mnist_dcgan  51.3 +- 2.9  230
    real samples         0.623
    """
    if len({result.experiment.data for result in results}) != 1:
        names = ", ".join(result.name for result in results) or "none"
        raise ValueError(f"`results` must be of one data set, got {names}")
    names = [name for name in _COLUMN_TITLES if all(name in result.spread for result in results)]
    real = [results[0].each[0].get(reports.MEASURES[name][2]) for name in names]
    rows = [
        ["", *(_COLUMN_TITLES[name] for name in names), "seconds"],
        *([result.name, *_cells(result, names), f"{result.seconds:.0f}"] for result in results),
        ["real samples", *("" if value is None else f"{value:.3g}" for value in real), ""],
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def show(ax: Axes, result: Result, index: int = 0) -> None:
    """Draw into `ax` the samples that are kept of the seed of that index, with its number as the title.

    Raises `ValueError` where there is no such seed.

    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> show(ax, load("fashion_mnist"), 1)
    >>> ax.get_title()
    'fashion_mnist, seed 11'
    >>> plt.close(figure)
    """
    if not 0 <= index < len(result.seeds):
        raise ValueError(f"`index` must be in 0 to {len(result.seeds) - 1}, got {index}")
    samples = torch.from_numpy(result.samples[index]).float()
    if samples.ndim == 2:
        plotting.samples(ax, None, samples, extent=1.2 * float(samples.abs().quantile(0.99)), size=6)
        if legend := ax.get_legend():
            legend.remove()
    else:
        plotting.image_grid(ax, samples / 127.5 - 1)
    ax.set_title(f"{result.name}, seed {result.seeds[index]}")


def main(names: Sequence[str]) -> int:
    """The exit code 0 after making and storing the results of these names, or all where none is named."""
    torch.set_num_threads(1)
    for name in names or SEEDS:
        result = make(name)
        path = save(result)
        print(f"{path.name}: {result.seconds:.0f} s a seed, {path.stat().st_size / 1000:.0f} kB")
        print(reports.sentences({"each": result.each, "spread": result.spread}), flush=True)
    return 0


def _trained(setups: Sequence[Setup], experiment: Experiment) -> History:
    """The history (T, S) of all seeds after training them to the end."""
    gans, batches = [setup.gan for setup in setups], [setup.batches for setup in setups]
    if cannot_stack(gans[0]) is None and len(gans[0].sample_shape) == 1:  # on images stacking saves no time
        long = experiment.steps > 1500  # else compiling takes longer than it saves
        return train_together(gans, batches, experiment.steps, n_critic=experiment.n_critic, compiled=long)
    alone = [
        train(gan, stream, experiment.steps, n_critic=experiment.n_critic)
        for gan, stream in zip(gans, batches, strict=True)
    ]
    values = torch.stack([history.values for history in alone], -1)
    return History.of(alone[0].columns, alone[0].steps.tolist(), values)


def _thinned(history: History) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Means over at most `ROWS` equal stretches, and the last step of each; a remainder is left out."""
    length = max(1, len(history) // ROWS)
    rows = len(history) // length
    columns = {
        name: history[name][: rows * length].reshape(rows, length, -1).mean(1) for name in history.columns
    }
    return history.steps[length - 1 : rows * length : length], columns


def _shown(samples: Tensor) -> np.ndarray:
    """Some samples of one seed, as they are kept: points in half precision, images as bytes."""
    if samples.ndim == 2:
        return samples[:POINTS].to(torch.float16).numpy()
    return ((samples[:PICTURES] + 1) * 127.5).round().to(torch.uint8).numpy()


def _packed(array: np.ndarray) -> str:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, samples=array)
    return base64.b64encode(buffer.getvalue()).decode()


def _unpacked(text: str) -> np.ndarray:
    return np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False)["samples"]


def _cells(result: Result, names: Sequence[str]) -> list[str]:
    spread = [result.spread[name] for name in names]
    return [
        "unknown" if row["mean"] is None else _rounded(row["mean"], row["standard_error"]) for row in spread
    ]


def _rounded(mean: float, error: float) -> str:
    """Both to the second digit of the error; to a whole number where that comes first."""
    if error == 0:
        return f"{mean:.3g} +- 0"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{mean:.{digits}f} +- {error:.{digits}f}"


def _short(value: Any, digits: int) -> Any:
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def _path(name: str) -> Path:
    return Path(str(files("ganlab") / "assets" / "runs" / f"{name}.json"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
