"""A training as a film: where the points are, what the discriminator thinks, where the generator is pushed.

A `Recorder` is a callback of `ganlab.training.train`. It looks at the networks with latents, real points and
a grid of its own, so that a recorded run is the unrecorded one bit for bit, and two frames differ by what the
networks learnt alone. What it leaves is a `Recording`, which `ganlab.page.explorables.player` shows.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as a_field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganlab import storage
from ganlab.data import Sampler
from ganlab.data.streams import as_sampler
from ganlab.evaluation import judging
from ganlab.training.game import GAN
from ganlab.training.history import History
from ganlab.training.objectives import generator_objective
from ganlab.training.players import frozen
from ganlab.training.rules import Draw

__all__ = ["Curve", "Recorder", "Recording", "generator_push", "load", "schedule", "stored"]

MOST_POINTS = 1000
_LEVELS = 4095
_BINS = 200


@dataclass(frozen=True)
class Curve:
    """A quantity over the steps: `steps` (T,) and `values` (T,), NaN or infinite where there was no number.

    Raises `ValueError` where the two differ in length or there is nothing.

    >>> len(Curve(np.array([1, 2]), np.array([0.5, math.nan])).values)
    2
    """

    steps: np.ndarray
    values: np.ndarray

    def __post_init__(self) -> None:
        if not len(self.steps) or self.steps.shape != self.values.shape or self.steps.ndim != 1:
            raise ValueError(
                "`steps` and `values` must both have shape (T,) with T at least 1, "
                f"got {self.steps.shape} and {self.values.shape}"
            )


@dataclass(frozen=True)
class Recording:
    """The frames of one training of a GAN in the plane, and the curves that go with them.

    `steps` (F,) rises. `real` (N, 2) stays, `fake` (F, M, 2) moves. `field` (F, R, R) in [0, 1]: what the
    discriminator says on a grid over [-extent, extent]^2, its first axis upwards; `reads` names the quantity.
    `arrows` (F, A, 2): minus the gradient of the generator's loss at the first A generated points, as
    `generator_push` gives it. `curves`: by column, see `ganlab.training.history`, and by metric. `loss`: its
    name. `made`: how the recording came about, whatever is worth keeping.

    Raises `ValueError` where there is no frame, a shape is another, a number is not finite, or there are more
    than 1000 points.
    """

    steps: np.ndarray
    real: np.ndarray
    fake: np.ndarray
    field: np.ndarray
    arrows: np.ndarray
    extent: float
    reads: str = "probability of real"
    loss: str = ""
    curves: Mapping[str, Curve] = a_field(default_factory=dict)
    made: Mapping[str, Any] = a_field(default_factory=dict)

    def __post_init__(self) -> None:
        frames = len(self.steps)
        if not frames:
            raise ValueError("`steps` must hold at least one frame, got none")
        if (np.diff(self.steps) <= 0).any():
            raise ValueError(f"`steps` must rise, got {self.steps.tolist()}")
        for name, wanted, right in (
            ("real", "(N, 2)", self.real.ndim == 2 and self.real.shape[1] == 2),
            ("fake", f"({frames}, M, 2)", _is(self.fake, frames) and self.fake.shape[2] == 2),
            ("field", f"({frames}, R, R), R at least 2", _is(self.field, frames) and _square(self.field)),
            ("arrows", f"({frames}, A, 2), A at most M", _is(self.arrows, frames) and self._arrows_fit()),
        ):
            value = getattr(self, name)
            if not right or (name != "arrows" and 0 in value.shape):
                raise ValueError(f"`{name}` must have the shape {wanted}, got {value.shape}")
            if not np.isfinite(value).all():
                raise ValueError(f"`{name}` must be finite, got {self._culprit(value)}")
        for name, count in (("real", len(self.real)), ("fake", self.fake.shape[1])):
            if count > MOST_POINTS:
                raise ValueError(f"`{name}` must be at most {MOST_POINTS} points, got {count}")
        if not (self.field.min() >= 0 and self.field.max() <= 1):
            raise ValueError(
                f"`field` must lie in [0, 1], got {self.field.min():.3g} to {self.field.max():.3g}"
            )
        if not 0 < self.extent < math.inf:
            raise ValueError(f"`extent` must be positive and finite, got {self.extent}")

    def _arrows_fit(self) -> bool:
        return self.arrows.shape[2] == 2 and self.arrows.shape[1] <= self.fake.shape[1]

    def _culprit(self, value: np.ndarray) -> str:
        bad = ~np.isfinite(value)
        where = f" at step {self.steps[bad.reshape(len(bad), -1).any(1)][0]}" if value.ndim == 3 else ""
        return f"{value[bad][0]}{where}"

    def to_json(self) -> dict[str, Any]:
        """The recording as JSON can hold it, with its numbers on levels: 4096 a coordinate, 256 else.

        Points further out than 1.25 extents are kept at that distance. Arrows keep their direction, and the
        square root of their length as a part of the longest one.
        """
        reach = 1.25 * self.extent
        lengths = np.linalg.norm(self.arrows, axis=-1, keepdims=True)
        longest = _digits(float(lengths.max(initial=0.0)))
        scale = np.sqrt(lengths * longest)
        arrows = np.divide(self.arrows, scale, out=np.zeros_like(self.arrows), where=scale > 0)
        return {
            "steps": self.steps.tolist(),
            "extent": self.extent,
            "reach": reach,
            "real": _text(_packed(self.real, reach)),
            "fake": _text(_packed(self.fake, reach)),
            "resolution": self.field.shape[1],
            "field": _text(np.rint(255 * self.field).astype(np.uint8)),
            "arrows": _text(np.rint(127 * arrows.clip(-1, 1)).astype(np.int8)),
            "longest": longest,
            "reads": self.reads,
            "loss": self.loss,
            "curves": {
                name: {"steps": curve.steps.tolist(), "values": [_number(v) for v in curve.values.tolist()]}
                for name, curve in self.curves.items()
            },
            "made": dict(self.made),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Recording:
        """The recording that `to_json` wrote, its numbers on their levels.

        Raises `ValueError` where the document is no recording.
        """
        try:
            frames, resolution = len(document["steps"]), int(document["resolution"])
            arrows = _from_text(document["arrows"], np.int8).reshape(frames, -1, 2) / 127
            arrows = arrows * np.linalg.norm(arrows, axis=-1, keepdims=True) * document["longest"]
            curves = {
                name: Curve(np.array(curve["steps"]), np.array(curve["values"], dtype=np.float64))
                for name, curve in document["curves"].items()
            }
            return cls(
                np.array(document["steps"], dtype=np.int64),
                _unpacked(document["real"], document["reach"]),
                _unpacked(document["fake"], document["reach"]).reshape(frames, -1, 2),
                _from_text(document["field"], np.uint8).reshape(frames, resolution, resolution) / 255,
                arrows,
                float(document["extent"]),
                document["reads"],
                document["loss"],
                curves,
                document["made"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"`document` must hold a recording, got {error!r}") from error

    def save(self, path: Path) -> None:
        """Write the recording to `path` as JSON, whole or not at all.

        Raises `OSError` where the file cannot be written.
        """
        storage.write_atomically(Path(path), (json.dumps(self.to_json()) + "\n").encode())


def load(path: Path) -> Recording:
    """The recording that `Recording.save` left in `path`.

    Raises `ValueError` naming the file where it holds something else, `FileNotFoundError` where there is
    none.

    >>> load(Path("nowhere.json"))
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.json'
    """
    text = Path(path).read_text(encoding="utf-8")
    try:
        return Recording.from_json(json.loads(text))
    except ValueError as error:
        raise ValueError(f"{path} must hold a recording, got {error}") from error


def stored(name: str) -> Recording:
    """A recording that comes with the package, by the name of its file in `ganlab/assets/runs`.

    Raises `ValueError` that lists what exists where there is none of that name.

    >>> stored("nothing")
    Traceback (most recent call last):
    ValueError: `name` must be one of ring_found, ring_lost, got 'nothing'
    """
    folder = files("ganlab") / "assets" / "runs"
    suffix = ".recording.json"
    names = sorted(
        entry.name.removesuffix(suffix) for entry in folder.iterdir() if entry.name.endswith(suffix)
    )
    if name not in names:
        raise ValueError(f"`name` must be one of {', '.join(names)}, got {name!r}")
    return Recording.from_json(json.loads((folder / f"{name}{suffix}").read_text(encoding="utf-8")))


def schedule(steps: int, frames: int = 40) -> list[int]:
    """The steps at which frames are taken: 0, then ever further apart, the last one `steps` itself.

    round(steps (i / (frames - 1))^2): much happens early, little late. Fewer than
    `frames` where steps are few.

    Raises `ValueError` where `steps` is not positive or `frames` is below 2.

    >>> schedule(1000, 5)
    [0, 62, 250, 562, 1000]
    """
    if steps < 1:
        raise ValueError(f"`steps` must be at least 1, got {steps}")
    if frames < 2:
        raise ValueError(f"`frames` must be at least 2, got {frames}")
    return sorted({round(steps * i * i / (frames - 1) ** 2) for i in range(frames)})


def generator_push(gan: GAN, real: Tensor, latents: Tensor) -> tuple[Tensor, Tensor]:
    """The generated points (M, ...) and, at each, minus the gradient of its share of the generator's loss.

    -M dL_G/dx_i for a loss that is a mean over M points: where the generator would send the point if it could
    move it alone. The loss is that of `ganlab.training.generator_objective`, with both networks in evaluation
    mode and neither changed. `real` (M, ...) is read by relativistic losses alone.
    `latents`: (M, latent_dim).

    Source: Goodfellow et al. 2014, algorithm 1 [goodfellow2014].

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> points, push = generator_push(gan, next(batches), torch.zeros(256, 2, dtype=torch.float64))
    >>> points.shape, push.shape
    (torch.Size([256, 2]), torch.Size([256, 2]))
    """
    with _still(gan.generator, gan.discriminator), frozen(gan.discriminator):
        with torch.no_grad():
            fake = gan.generator(latents)
        fake = fake.detach().requires_grad_(True)
        drawn = Draw(real if gan.loss.relativistic else None, latents)
        loss = generator_objective(gan.discriminator, fake, drawn, gan.rules)
        (gradient,) = torch.autograd.grad(loss, fake)
    return fake.detach(), -len(fake) * gradient


class Recorder:
    """A callback for `train` that takes a frame now and at the steps of its schedule.

    `source`: where the real points come from; of a mixture, modes and reverse KL are counted as well, on
    `measured` points. `steps`: how many the training will take; `frames`: of the film, see `schedule`.
    `points`: of each kind shown; `arrows`: on how many of them; `resolution`: of the field, along a side.
    `extent`: half the width of the window, 1.4 times the largest coordinate of a real point if not given.
    `seed`: of the recorder's own latents and real points; the run's streams are not touched.

    It shows the generator that plays, not its moving average.

    `listeners`: functions of the recorder, called after each new frame.

    Raises `ValueError` where a number is out of range, or the GAN does not make points of the plane that its
    discriminator judges one by one.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> from ganlab.training import train
    >>> gan, batches, source = build(EXPERIMENTS["ring"])
    >>> recorder = Recorder(gan, source, steps=4, frames=3)
    >>> _ = train(gan, batches, 4, callbacks=[recorder])
    >>> recorder.recording().steps.tolist()
    [0, 1, 4]
    """

    def __init__(
        self,
        gan: GAN,
        source: Sampler,
        *,
        steps: int,
        frames: int = 40,
        points: int = 300,
        arrows: int = 60,
        resolution: int = 24,
        extent: float | None = None,
        measured: int = 2500,
        seed: int = 0,
    ) -> None:
        _check(gan, points, arrows, resolution)
        rng = torch.Generator().manual_seed(seed)
        self.due = {gan.step + step for step in schedule(steps, frames)}
        self.real = as_sampler(source, "source").sample(points, rng, dtype=gan.dtype).to(gan.device)
        count = max(points, measured)
        self.latents = torch.randn(count, gan.latent_dim, generator=rng, dtype=gan.dtype).to(gan.device)
        self.points, self.arrows = points, arrows
        self.extent = extent or _digits(1.4 * float(self.real.abs().max()), 2)
        self.grid = _grid(self.extent, resolution).to(self.real)
        self.source = source
        self.counts = judging.kind_of(source).coverage is not None
        self.gan, self.history = gan, History()
        self.listeners: list[Callable[[Recorder], None]] = []
        self.loss = gan.loss
        self._index = 0
        self._frames: list[tuple[int, tuple[np.ndarray, ...]]] = []
        self._found: list[dict[str, Any]] = []  # of each frame, what the modes of its samples are
        self._take(gan)

    def __call__(self, games: Sequence[GAN], history: History) -> None:
        """Take a frame if one is due of the recorder's own GAN, which must be one of `games`."""
        index = next((index for index, game in enumerate(games) if game is self.gan), None)
        if index is None:
            raise ValueError("`games` must hold the GAN for which the recorder was made")
        self.history, self._index = history, index
        if self.gan.step in self.due and self.gan.step > self._frames[-1][0]:
            self._take(self.gan)
            for listener in self.listeners:
                listener(self)

    def _take(self, gan: GAN) -> None:
        fake, push = generator_push(gan, self.real, self.latents[: self.points])
        with torch.no_grad(), _still(gan.generator, gan.discriminator):
            scores = gan.discriminator(self.grid)
            many = gan.generator(self.latents) if self.counts else None
        side = math.isqrt(len(scores))
        self._found.append({} if many is None else judging.coverage(self.source, many.cpu()))
        row = (fake, push[: self.arrows], gan.loss.read(scores).reshape(side, side))
        self._frames.append((gan.step, tuple(part.cpu().double().numpy() for part in row)))

    def recording(self) -> Recording:
        """What has been recorded so far; the curves go up to the last frame."""
        steps = np.array([step for step, _ in self._frames])
        fake, arrows, plane = (np.stack(part) for part in zip(*(row for _, row in self._frames), strict=True))
        curves = _binned(self.history.of_run(self._index), int(steps[-1])) if len(self.history) else {}
        for name in ("modes", "reverse_kl"):
            if name in self._found[0]:
                values = [math.nan if row[name] is None else row[name] for row in self._found]
                curves[name] = Curve(steps, np.array(values, dtype=np.float64))
        return Recording(
            steps,
            self.real.cpu().double().numpy(),
            fake,
            plane,
            arrows,
            self.extent,
            self.loss.reads,
            self.loss.name,
            curves,
            {"modes": self._found[0]["modes_total"]} if "modes_total" in self._found[0] else {},
        )


def _check(gan: GAN, points: int, arrows: int, resolution: int) -> None:
    if gan.sample_shape != (2,):
        raise ValueError(
            f"`gan` must make points of the plane, (2,), got samples of shape {gan.sample_shape}"
        )
    if gan.classes:
        raise ValueError(f"`gan` must be unconditional to be drawn, got one with {gan.classes} classes")
    if gan.pack != 1:
        raise ValueError(f"`gan` must judge its points one by one to be drawn, got `pack` = {gan.pack}")
    if not 1 <= points <= MOST_POINTS:
        raise ValueError(f"`points` must be from 1 to {MOST_POINTS}, got {points}")
    if not 0 <= arrows <= points:
        raise ValueError(f"`arrows` must be from 0 to `points` = {points}, got {arrows}")
    if not 2 <= resolution <= 64:
        raise ValueError(f"`resolution` must be from 2 to 64, got {resolution}")


@contextmanager
def _still(*networks: nn.Module) -> Iterator[None]:
    """A context in which the networks are in evaluation mode; afterwards each module is as it was."""
    modes = [(module, module.training) for network in networks for module in network.modules()]
    for network in networks:
        network.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _grid(extent: float, resolution: int) -> Tensor:
    axis = torch.linspace(-extent, extent, resolution, dtype=torch.float64)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


def _binned(history: History, last: int) -> dict[str, Curve]:
    """The columns up to step `last` as means over equal stretches of steps, at most 200 of them."""
    steps = history.steps[history.steps <= last]
    if not len(steps):
        return {}
    edges = np.unique(np.linspace(0, len(steps), min(_BINS, len(steps)) + 1).round().astype(int))
    ends, counts = edges[1:] - 1, np.diff(edges)

    def means(column: np.ndarray) -> np.ndarray:
        return np.add.reduceat(column[: len(steps)], edges[:-1], axis=0) / counts

    names = [name for name in history.columns if history[name].ndim == 1 and name != "penalty"]
    return {name: Curve(steps[ends], means(history[name])) for name in names}


def _is(value: np.ndarray, frames: int) -> bool:
    return value.ndim == 3 and len(value) == frames


def _square(value: np.ndarray) -> bool:
    return value.shape[1] == value.shape[2] >= 2


def _digits(value: float, count: int = 6) -> float:
    return float(f"{value:.{count}g}")


def _number(value: float) -> float | None:
    return _digits(value, 5) if math.isfinite(value) else None


def _packed(points: np.ndarray, reach: float) -> np.ndarray:
    """Two coordinates of twelve bits in three bytes."""
    levels = np.rint((points / reach).clip(-1, 1) * _LEVELS / 2 + _LEVELS / 2).astype(np.uint16)
    x, y = levels[..., 0], levels[..., 1]
    return np.stack([x >> 4, (x & 15) << 4 | y >> 8, y & 255], -1).astype(np.uint8)


def _unpacked(text: str, reach: float) -> np.ndarray:
    parts = _from_text(text, np.uint8).reshape(-1, 3).astype(np.int64)
    x, y = parts[:, 0] << 4 | parts[:, 1] >> 4, (parts[:, 1] & 15) << 8 | parts[:, 2]
    return (2 * np.stack([x, y], 1) / _LEVELS - 1) * reach


def _text(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _from_text(text: str, dtype: type) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), dtype)
