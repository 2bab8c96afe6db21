"""What is told of a run: pictures of its samples, sentences with its numbers, a log for TensorBoard.

The numbers come from `ganlab.evaluation.judging`; how samples are shown stands in `PICTURES`, by the way of
showing that their kind names there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Generator, Tensor

from ganlab import plotting
from ganlab.data import Sampler, Source
from ganlab.evaluation import diagnosis, metrics
from ganlab.evaluation.judging import kind_of
from ganlab.experiments.draws import samples_of, stream
from ganlab.losses import GANLoss
from ganlab.storage import write_atomically
from ganlab.training.history import History

if TYPE_CHECKING:
    from ganlab.experiments.runs import Run

__all__ = [
    "PICTURES",
    "Picture",
    "board",
    "diagnosed",
    "picture",
    "require_tensorboard",
    "sentences",
    "spreads",
    "write_samples",
]

PANELS = 10  # seeds shown of a run of many
MEASURES = {
    "modes": ("modes", "of {}", "modes_total"),
    "high_quality": ("high quality", "a perfect sampler: {}", "perfect_high_quality"),
    "reverse_kl": ("reverse KL in nats", "real samples: {}", "real_reverse_kl"),
    "jensen_shannon": ("JSD of the modes in nats", "", ""),
    "wasserstein_1": ("Wasserstein-1", "real samples: {}", "real_wasserstein_1"),
    "classifier_frechet": ("Frechet distance of features", "real samples: {}", "real_classifier_frechet"),
    "classifier_kernel": ("kernel distance of features", "real samples: {}", "real_classifier_kernel"),
    "kernel_of_blocks": ("the same over blocks", "real samples: {}", "real_kernel_of_blocks"),
    "classifier_score": ("classifier score", "real samples: {}", "real_classifier_score"),
    "precision": ("precision", "real samples: {}", "real_precision"),
    "recall": ("recall", "real samples: {}", "real_recall"),
    "density": ("density", "real samples: {}", "real_density"),
    "coverage": ("coverage", "real samples: {}", "real_coverage"),
    "f_recall": ("F-score for recall", "real samples: {}", "real_f_recall"),
    "f_precision": ("F-score for precision", "real samples: {}", "real_f_precision"),
    "nearest_neighbour_accuracy": (
        "1-nearest-neighbour accuracy",
        "real samples: {}",
        "real_nearest_neighbour_accuracy",
    ),
    "sliced_wasserstein": ("sliced Wasserstein-1", "real samples: {}", "real_sliced_wasserstein"),
    "obedience": ("samples of the asked class", "real images: {}", "real_obedience"),
    "class_modes": ("modes of classes", "of {}", "class_modes_total"),
    "class_tv": ("TV of the modes in a class", "", ""),
    "class_wasserstein_1": ("Wasserstein-1 in a class", "real samples: {}", "real_class_wasserstein_1"),
    "certain": ("at modes of one class alone", "real samples: {}", "real_certain"),
    "class_frechet": ("Frechet distance in a class", "real samples: {}", "real_class_frechet"),
    "class_spread": ("spread of a class to that of real ones", "", ""),
    "least_class_spread": ("that of the class with the least", "", ""),
    "fid": ("FID", "", ""),
    "kid": ("KID", "", ""),
    "right": ("right translations", "the truth: {}", "real_right"),
    "arrived": ("of a class of the target", "real images: {}", "real_arrived"),
    "least_right": ("right ones of the class with the fewest", "", ""),
    "map_error": ("error of the map", "", ""),
    "cycle_error": ("error of the cycle", "", ""),
    "best": ("best of the run", "at step {}", "best_step"),
    "d_loss": ("last loss of the discriminator", "", ""),
    "g_loss": ("last loss of the generator", "", ""),
}


class Picture(NamedTuple):
    """A way of showing samples (N, ...): how many of them, on axes, or as pixels (H, W, 3) in [0, 1].

    Both functions are called with the samples, the source of the real ones or None, and an `rng`.
    `over_real`: whether real samples are drawn below.
    """

    samples: int
    onto: Callable[[Any, Tensor, Any, Generator], None]
    pixels: Callable[[Tensor, Any, Generator], Any]
    over_real: bool = False

    def facts(self) -> dict[str, Any]:
        """What is known without loading anything, as JSON can hold it."""
        return {"samples": self.samples}


def diagnosed(history: History, index: int, *, loss: str | GANLoss, found: dict[str, Any]) -> dict[str, Any]:
    """What the loss curves of one seed tell, as JSON can hold it: see `diagnosis.diagnose`.

    `index`: the place of the seed on the seed axis. `loss`: the pair, or the name of one of
    `ganlab.losses.LOSSES`; a smoothed pair has no such name. `found`: the numbers of its samples.

    >>> import torch
    >>> history = History.of(("d_loss", "g_loss"), [1, 2], torch.ones(2, 2))
    >>> diagnosed(history, 0, loss="minimax", found={})["pattern"]
    'cannot tell'
    """
    columns = {
        name: history[name] if history[name].ndim == 1 else history[name][:, index]
        for name in ("d_loss", "g_loss", "d_real", "d_fake")
        if name in history.columns
    }
    share = found["modes"] / found["modes_total"] if "modes" in found else None
    told = diagnosis.diagnose(**columns, loss=loss, coverage=share)
    return {"pattern": told.pattern, "evidence": list(told.evidence), "confident": told.confident}


def spreads(each: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The spread of each number over the seeds, as `metrics.spread` gives it and JSON can hold it.

    A number that a seed does not know, None, makes the mean and its standard error unknown.

    >>> spreads([{"modes": 6}, {"modes": 8}])["modes"]["standard_error"]
    1.0
    """
    numbers = {
        name: [math.nan if seed[name] is None else seed[name] for seed in each]
        for name in each[0]
        if name in MEASURES
    }
    spreads = {name: metrics.spread(values)._asdict() for name, values in numbers.items()}
    return {name: {key: _known(value) for key, value in row.items()} for name, row in spreads.items()}


def sentences(result: dict[str, Any]) -> str:
    """The numbers of a run as text: a line a measure, or, of several seeds, a table with their spread.

    `result`: numbers by name, or `each`, a list of them by seed, with `spread` over the seeds. `judge`: what
    is known of a classifier that was trained for it.

    >>> print(sentences({"modes": 7, "modes_total": 8, "reverse_kl": None}))
    modes               7 (of 8)
    reverse KL in nats  unknown
    """
    if "each" in result:
        return "\n".join([_table(result["each"], result["spread"]), *_told_of_judge(result)])
    found = [(name, *MEASURES[name]) for name in MEASURES if name in result]
    width = max((len(label) for _, label, _, _ in found), default=0)
    lines = [
        f"{label:<{width}}  {_number(result[name])}"
        + (f" ({beside.format(_number(result[other]))})" if other in result else "")
        for name, label, beside, other in found
    ]
    return "\n".join(lines + _told_of_judge(result) + _told(result))


def picture(path: Path, run: Run, drawn: Sequence[Tensor], rng: Generator) -> None:
    """Write a picture of the samples of each seed, and, of a single one, of its loss curves.

    `drawn`: (N, ...) samples of each seed.
    """
    from matplotlib.figure import Figure

    source = run.setups[0].source
    way = PICTURES[kind_of(source).shown]
    if len(drawn) == 1:
        figure = Figure(figsize=(9, 4.5), layout="constrained", dpi=150)
        left, right = figure.subplots(1, 2)
        way.onto(left, drawn[0][: way.samples], source, rng)
        if len(run.history):
            window, loss = min(50, len(run.history)), run.games[0].loss
            plotting.loss_curves(right, run.history, loss=loss, window=window)
    else:
        shown = min(len(drawn), PANELS)
        columns = min(shown, 5)
        rows = -(-shown // columns)
        figure = Figure(figsize=(2.6 * columns, 2.9 * rows), layout="constrained", dpi=150)
        axes = figure.subplots(rows, columns, squeeze=False).flat
        for ax, samples, seed in zip(axes, drawn, run.request.seeds, strict=False):
            way.onto(ax, samples[: way.samples], source, rng)
            ax.set_title(f"seed {seed}")
            if legend := ax.get_legend():
                legend.remove()
        for ax in list(axes)[shown:]:
            ax.set_axis_off()
    _write_figure(path, figure)


def write_samples(path: Path, drawn: Tensor, source: Source | None = None) -> None:
    """Write the samples (N, ...) in the form that the ending of `path` names.

    `.npy` and `.safetensors` (one tensor, `samples`) hold the numbers. `.png` shows images side by side, each
    pixel as large as makes the whole at least 512 wide, and points as a scatter, over real ones if
    `source` is given.

    Raises `ValueError` where the ending is another or the samples cannot be shown.
    """
    writers = {".png": _write_png, ".npy": _write_numpy, ".safetensors": _write_safetensors}
    if path.suffix not in writers:
        raise ValueError(f"`--out` must end in one of {', '.join(writers)}, got {str(path)!r}")
    writers[path.suffix](path, drawn, source)


@contextmanager
def board(run: Run) -> Iterator[Callable[[], None]]:
    """A context with a function that, called between steps, logs the run for TensorBoard if that was asked.

    Every `run.request.tensorboard` generator steps it adds the columns of the history, and at every
    checkpoint a picture of samples that all come from the same latents. A run that goes on replaces what was
    logged after the step from which it does.

    Raises `ValueError` where the package tensorboard is missing.
    """
    every = run.request.tensorboard
    if every is None:
        yield lambda: None
        return
    writer = require_tensorboard()(str(run.folder / "tensorboard"), purge_step=run.step + 1)
    logged = shown = run.step

    def log() -> None:
        nonlocal logged, shown
        if run.step // every > logged // every:
            logged = run.step
            for name in run.history.columns:
                _add_scalars(writer, run, name)
        if run.saved > shown:
            shown = run.saved
            _add_pictures(writer, run)

    try:
        yield log
    finally:
        writer.close()


def require_tensorboard() -> Callable[..., Any]:
    """The class that writes logs for TensorBoard.

    Raises `ValueError` where the package tensorboard is missing.

    >>> require_tensorboard().__name__
    'SummaryWriter'
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ValueError(
            "`--tensorboard` needs the package tensorboard, which is not installed: "
            'pip install "ganlab-book[tensorboard]"'
        ) from None
    return SummaryWriter


def _told_of_judge(result: dict[str, Any]) -> list[str]:
    if "judge" not in result:
        return []
    about = result["judge"]
    return [
        f"classes are told by a classifier that learnt from {about['seen']} of the pictures: it names "
        f"{about['accuracy']:.1%} of {about['unseen']} others, of which the commonest class is "
        f"{about['commonest']:.1%}"
    ]


def _told(result: dict[str, Any]) -> list[str]:
    told = result.get("verdict")
    if told is None:
        return []
    settled = "" if told["confident"] or told["pattern"] == "cannot tell" else " (not yet settled)"
    return [f"the loss curves say: {told['pattern']}{settled}. {' '.join(told['evidence'])}"]


def _table(each: Sequence[dict[str, Any]], over: dict[str, dict[str, Any]]) -> str:
    """A row a seed, and below them the spread; a column a measure."""
    names = [name for name in MEASURES if name in each[0]]
    rows = [["seed", *names]]
    rows += [[str(numbers["seed"]), *(_number(numbers[name]) for name in names)] for numbers in each]
    for kind in ("mean", "standard_error", "lowest", "highest"):
        rows.append([kind.replace("_", " "), *(_number(over[name][kind]) for name in names)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        + [f"seed {numbers['seed']}: {line}" for numbers in each for line in _told(numbers)]
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _number(value: float | None) -> str:
    if isinstance(value, int):
        return str(value)
    return "unknown" if value is None else f"{value:.4g}"


def _add_scalars(writer: Any, run: Run, name: str) -> None:
    last = run.history.values[-1, run.history.columns.index(name)]
    if last.ndim == 0:
        writer.add_scalar(name, last.item(), run.step)
    for seed, value in zip(run.request.seeds, last.tolist() if last.ndim else [], strict=False):
        writer.add_scalar(f"{name}/seed {seed}", value, run.step)


def _add_pictures(writer: Any, run: Run) -> None:
    for seed, setup in zip(run.request.seeds, run.setups, strict=True):
        way, rng = PICTURES[kind_of(setup.source).shown], stream()
        pixels = way.pixels(samples_of(setup.gan, way.samples, rng), setup.source, rng)
        writer.add_image(f"samples/seed {seed}", pixels, run.step, dataformats="HWC")


def _scattered(ax: Any, drawn: Tensor, source: Sampler | None, rng: Generator) -> None:
    """Points, over as many real ones where there is a source."""
    real = source.sample(_POINTS, rng, dtype=drawn.dtype) if source is not None else None
    plotting.samples(ax, real, drawn)


def _gridded(ax: Any, drawn: Tensor, source: object, rng: Generator) -> None:
    plotting.image_grid(ax, drawn)


def _scatter(drawn: Tensor, source: Sampler | None, rng: Generator) -> Any:
    """The picture of points as an array (H, W, 3) in [0, 1]."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout="constrained", dpi=150)
    canvas = FigureCanvasAgg(figure)
    _scattered(figure.subplots(), drawn, source, rng)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255


def _tile(drawn: Tensor, source: object, rng: Generator) -> Any:
    return plotting.tile(drawn)


def _write_png(path: Path, drawn: Tensor, source: Source | None) -> None:
    from PIL import Image

    way = PICTURES["grid" if drawn.ndim == 4 else "scatter"]
    pixels = way.pixels(drawn, source, stream())
    factor = max(1, -(-512 // pixels.shape[1]))
    image = Image.fromarray((255 * pixels).round().astype("uint8"))
    buffer = BytesIO()
    image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST).save(buffer, "png")
    write_atomically(path, buffer.getvalue())


def _write_numpy(path: Path, drawn: Tensor, _: Source | None) -> None:
    import numpy as np

    buffer = BytesIO()
    np.save(buffer, drawn.numpy())
    write_atomically(path, buffer.getvalue())


def _write_safetensors(path: Path, drawn: Tensor, _: Source | None) -> None:
    from safetensors.torch import save

    write_atomically(path, save({"samples": drawn.contiguous()}))


def _write_figure(path: Path, figure: Any) -> None:
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    write_atomically(path, buffer.getvalue())


_POINTS = 1000
PICTURES: dict[str, Picture] = {
    "scatter": Picture(_POINTS, _scattered, _scatter, over_real=True),
    "grid": Picture(64, _gridded, _tile),
}
"""How samples are shown, by the name that their kind has for it in `ganlab.evaluation.judging.KINDS`.

>>> PICTURES["grid"].samples
64
"""
