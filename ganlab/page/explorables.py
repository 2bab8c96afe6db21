"""Things that move on a page, with or without a kernel: a film of a training, curves to walk along, the lab.

Most functions return a `Part`, to be the last expression of a cell: plain data and the script that shows it,
with no other script and no network, and a picture where scripts may not run. `live` gives a part a line to
the kernel, and `panel` runs a training from the page; both need one.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import count
from typing import Any

from ganlab.data import Sampler
from ganlab.losses import LOSSES, level_name
from ganlab.page import parts, posters
from ganlab.page.explorers import Part, curves, densities, dirac
from ganlab.page.films import Recorder, Recording
from ganlab.page.mixers import mixer
from ganlab.page.planes import translation
from ganlab.page.sketches import sketch
from ganlab.training.game import GAN
from ganlab.training.history import History
from ganlab.training.loop import train
from ganlab.training.players import Batches

__all__ = [
    "Live",
    "Panel",
    "Part",
    "curves",
    "densities",
    "dirac",
    "guess",
    "lab",
    "live",
    "mixer",
    "panel",
    "player",
    "sketch",
    "speed",
    "translation",
]

Build = Callable[..., tuple[GAN, Batches, Sampler]]

LAB_PRESETS = ("healthy", "collapse", "saturation", "rotation", "weak_critic", "penalty")
_VIEW = "application/vnd.jupyter.widget-view+json"
_COUNT = count()
_SCORES = {"d_loss": ("discriminator", "discriminator", "solid"), "g_loss": ("generator", "fake", "dashed")}


def player(
    recordings: Recording | Mapping[str, Recording], *, start: int | None = None, alt: str | None = None
) -> Part:
    """A film of a training, or of two beside each other on one time axis, to scrub and to play.

    `recordings`: one, or up to two by title. `start`: the number of the frame it opens with, the first if not
    given. `alt`: what the poster shows; said from the data if not given.

    Raises `TypeError` where something is no recording, `ValueError` where there are none or more than two, or
    `start` is not the number of a frame.

    >>> from ganlab.page.films import stored
    >>> player({"a ring lost": stored("ring_lost")})
    Player: a ring lost, 36 frames up to step 1500, 150 points, 1 of 8 modes at the end
    """
    named = {"": recordings} if isinstance(recordings, Recording) else dict(recordings)
    if not 1 <= len(named) <= 2:
        raise ValueError(f"`recordings` must be one or two, got {len(named)}")
    for title, recording in named.items():
        if not isinstance(recording, Recording):
            raise TypeError(f"`recordings` must hold recordings, got {type(recording).__name__} at {title!r}")
    frames = len({step for recording in named.values() for step in recording.steps.tolist()})
    if start is not None and not 0 <= start < frames:
        raise ValueError(f"`start` must be the number of a frame, from 0 to {frames - 1}, got {start}")
    facts = [_facts(title, recording) for title, recording in named.items()]
    alt = alt or f"Real points as circles and generated ones as crosses: {'; '.join(facts)}."
    data = {"runs": [_run(title, recording) for title, recording in named.items()]}
    data |= {} if start is None else {"start": start}
    return Part("player", data, f"Player: {'; '.join(facts)}", alt, posters.clouds(named))


def _facts(title: str, recording: Recording) -> str:
    facts = [title] if title else []
    facts += [f"{len(recording.steps)} frames up to step {recording.steps[-1]}"]
    facts += [f"{recording.fake.shape[1]} points"]
    if "modes" in recording.curves and "modes" in recording.made:
        modes = recording.curves["modes"].values[-1]
        facts += [f"{modes:.0f} of {recording.made['modes']} modes at the end"]
    return ", ".join(facts)


def _run(title: str, recording: Recording) -> dict[str, Any]:
    """A recording as the script reads it: without what it does not show."""
    document = recording.to_json()
    run = {key: value for key, value in document.items() if key not in ("curves", "made", "loss")}
    run |= {"title": title, "middle": 127.5, "plots": []}
    columns = document["curves"]
    losses = [_line(columns[key], *words) for key, words in _SCORES.items() if key in columns]
    if losses:
        run["plots"].append(_losses(recording.loss, losses))
    if "modes" in columns:
        total = recording.made.get("modes")
        line = _line(columns["modes"], "modes reached", "real", "solid") | {"spoken": True, "of": total}
        most = max([y for y in line["y"] if y is not None] + [total or 1])
        marks = [{"name": f"all {total}", "y": total}] if total else []
        plot = {"name": "modes reached", "lines": [line], "landmarks": marks, "range": [0, 1.3 * most]}
        run["plots"].append(plot)
    if "reverse_kl" in columns and any(y is not None for y in columns["reverse_kl"]["values"]):
        line = _line(columns["reverse_kl"], "reverse KL", "other", "solid") | {"spoken": True}
        run["plots"].append({"name": "reverse KL over the modes, in nats", "lines": [line], "landmarks": []})
    return run


def _line(curve: Mapping[str, Any], name: str, role: str, dash: str) -> dict[str, Any]:
    return {"name": name, "role": role, "dash": dash, "x": curve["steps"], "y": curve["values"]}


def _losses(loss: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The plot of both losses, with the unit and the levels of a loss that is in the table."""
    known = [LOSSES[loss]] if loss in LOSSES else []
    levels = sorted({level for pair in known for level in pair.equilibrium if math.isfinite(level)})
    unit = "".join(f", in {pair.unit}" for pair in known if pair.unit)
    return {
        "name": f"loss{unit}",
        "lines": lines,
        "landmarks": [{"name": level_name(level), "y": level} for level in levels],
    }


def guess(recordings: Mapping[str, Recording], *, more: str = "") -> Part:
    """The losses of two trainings, of which the reader says which one failed before both films play.

    `recordings`: two by title, each with losses and the modes that it reached. The one that ends with fewer
    modes has failed. `more`: what is said besides once the reader has chosen.

    Raises `ValueError` where there are not two, one has no losses or no modes, or both end with as many.

    >>> from ganlab.page.films import stored
    >>> guess({"A": stored("ring_lost"), "B": stored("ring_found")})
    Guess: A has failed: it ends with 1 of 8 modes, B with 8 of 8
    """
    if len(recordings) != 2:
        raise ValueError(f"`recordings` must be two, got {len(recordings)}")
    counts = []
    for title, recording in recordings.items():
        known = {*recording.curves, *recording.made}
        if not {"d_loss", "g_loss", "modes"} <= known or "modes" not in recording.made:
            raise ValueError(f"`recordings` must have losses and modes, got {sorted(known)} of {title!r}")
        counts.append((int(recording.curves["modes"].values[-1]), recording.made["modes"], title))
    (fewest, total, failed), (most, of, other) = sorted(counts)
    if fewest == most:
        raise ValueError(f"`recordings` must end with different numbers of modes, got {most} of both")
    verdict = f"{failed} has failed: it ends with {fewest} of {total} modes, {other} with {most} of {of}"
    question = "Which of these GANs has failed?"
    runs = [
        _run(title, recording) | {"said": _course(title, recording)}
        for title, recording in recordings.items()
    ]
    data = {"question": question, "runs": runs, "failed": failed, "verdict": f"{verdict}. {more}".strip()}
    alt = f"{' '.join(run['said'] for run in runs)} {question} {verdict}."
    return Part("guess", data, f"Guess: {verdict}", alt, posters.losses(recordings))


def _course(title: str, recording: Recording) -> str:
    steps = recording.curves["d_loss"].steps
    late = {
        name: recording.curves[name].values[steps > steps[-1] / 2].mean() for name in ("d_loss", "g_loss")
    }
    return (
        f"{title}: in the second half of {steps[-1]} steps the discriminator's loss is {late['d_loss']:.2f} "
        f"on average, the generator's {late['g_loss']:.2f}."
    )


def speed(stills: Mapping[str, Recording], *, setup: Mapping[str, Any] | None = None) -> Part:
    """The browser lab with one slider, the generator's speed from one to ten times the discriminator's.

    `stills`: recordings by title, whose ends stand there where scripts do not run. `setup`: settings that
    differ from the standard, by the lab's own names; the generator's rate is a multiple of `d_rate`.

    >>> from ganlab.page.films import stored
    >>> speed({"ten times as fast": stored("ring_lost")})
    Speed: a GAN that trains in this page, with the speed of its generator
    """
    facts = "; ".join(_facts(title, recording) for title, recording in stills.items())
    alt = f"Real points as circles and generated ones as crosses: {facts}."
    words = "Speed: a GAN that trains in this page, with the speed of its generator"
    return Part("speed", {"setup": dict(setup or {})}, words, alt, posters.clouds(stills))


def lab(preset: str = "healthy", *, compact: bool = False, setup: Mapping[str, Any] | None = None) -> Part:
    """The browser lab: a GAN in the plane that trains in the page itself.

    `preset`: one of healthy, collapse, saturation, rotation, weak_critic, penalty. `compact`: the small
    form, for the middle of a chapter. `setup`: settings that differ from those of the preset, by the lab's
    own names.

    Raises `ValueError` where there is no such preset.

    >>> lab("collapse", compact=True)
    Lab: a GAN that trains in this page, set up for collapse
    """
    if preset not in LAB_PRESETS:
        raise ValueError(f"`preset` must be one of {', '.join(LAB_PRESETS)}, got {preset!r}")
    words = f"Lab: a GAN that trains in this page, set up for {preset.replace('_', ' ')}"
    alt = "The browser lab, in which a GAN in the plane trains and can be stopped and changed."
    return Part("lab", {"preset": preset, "compact": compact, "setup": dict(setup or {})}, words, alt)


class Live:
    """A part with a line to the kernel: it shows what `show` is given, and tells what the reader does to it.

    Made by `live`. Without anywidget, and in Colab, it is a picture that changes and tells nothing.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.widget = _screen(part)

    def show(self, part: Part) -> None:
        """Show `part`, another one of the same kind, in its place.

        Raises `ValueError` where it is of another kind.
        """
        if part.kind != self.part.kind:
            raise ValueError(f"`part` must be a {self.part.kind}, as before, got a {part.kind}")
        self.part = part
        if hasattr(self.widget, "data"):
            self.widget.data = part.data
        else:
            self.widget.value = part.picture()

    @property
    def state(self) -> dict[str, Any]:
        """What the reader last did, such as {"step": 120}; empty before that."""
        return dict(getattr(self.widget, "state", {}))

    def listen(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Call `listener` with the state whenever the reader changes it."""
        if hasattr(self.widget, "state"):
            self.widget.observe(lambda change: listener(dict(change["new"])), "state")

    def __repr__(self) -> str:
        return f"Live: {self.part.kind}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self.part.html(), _VIEW: _view(self.widget)}


def live(source: Part | Recorder, *, title: str = "") -> Live:
    """A part, or the film of a recorder as it grows, with a line to the kernel.

    Display it, then train with the recorder as a callback: each frame appears when it is taken. `title`: of
    the film.

    >>> live(curves({"x squared": lambda x: x**2}, [0.0, 1.0, 2.0]))
    Live: curves
    """
    if isinstance(source, Part):
        return Live(source)
    screen = Live(player({title: source.recording()}))
    source.listeners.append(lambda recorder: screen.show(player({title: recorder.recording()})))
    return screen


class Panel:
    """Controls that build a GAN, train it and can stop it, and the film of the training as it grows.

    Made by `panel`. The training runs in a thread of its own, so that the buttons answer meanwhile.
    """

    def __init__(
        self, build: Build, losses: Sequence[str], rates: tuple[float, float], steps: int, twin: Part | None
    ) -> None:
        import ipywidgets

        self.build, self.steps, self.twin = build, steps, twin
        self.screen: Live | None = None
        self._stop, self._thread = threading.Event(), None
        wide = {"description_width": "10em"}
        self.loss = ipywidgets.Dropdown(options=list(losses), description="loss", style=wide)
        self.rates = [
            ipywidgets.FloatLogSlider(rate, min=-5, max=-1, step=0.1, description=name, style=wide)
            for name, rate in zip(("generator's rate", "discriminator's rate"), rates, strict=True)
        ]
        self.seed = ipywidgets.BoundedIntText(0, min=0, max=10**6, description="seed", style=wide)
        self.run = ipywidgets.Button(description="Run")
        self.halt = ipywidgets.Button(description="Stop", disabled=True)
        self.status = ipywidgets.Label("Ready.")
        self.run.on_click(lambda _: self.start())
        self.halt.on_click(lambda _: self._stop.set())
        buttons = ipywidgets.HBox([self.run, self.halt, self.status])
        rows = [self.loss, *self.rates, self.seed, buttons]
        self.widget = ipywidgets.VBox(rows, model_id=_name("panel"))

    def start(self) -> None:
        """Begin a training with the values of the controls, unless one is running."""
        if self._thread is not None and self._thread.is_alive():
            return
        choices = {
            "loss": self.loss.value,
            "learning_rates": tuple(slider.value for slider in self.rates),
            "seed": self.seed.value,
        }
        self._stop.clear()
        self._busy(True)
        self._thread = threading.Thread(target=self._train, args=(choices,), daemon=True)
        self._thread.start()

    def wait(self) -> str:
        """What the panel says when the training is over."""
        if self._thread is not None:
            self._thread.join()
        return self.status.value

    def _train(self, choices: dict[str, Any]) -> None:
        try:
            gan, batches, source = self.build(**choices)
            recorder = Recorder(gan, source, steps=self.steps)
            recorder.listeners.append(self._show)
            self._show(recorder)
            train(gan, batches, self.steps, callbacks=[recorder, self._look])
            self.status.value = f"Done, {self.steps} steps."
        except _StoppedError as stopped:
            self.status.value = str(stopped)
        except (ArithmeticError, TypeError, ValueError) as error:
            self.status.value = f"Not possible: {error}"
        finally:
            self._busy(False)

    def _look(self, games: Sequence[GAN], history: History) -> None:
        if self._stop.is_set():
            raise _StoppedError(f"Stopped after {games[0].step} steps.")

    def _show(self, recorder: Recorder) -> None:
        part = player(recorder.recording())
        if self.screen is None:
            self.screen = Live(part)
            self.widget.children = (*self.widget.children, self.screen.widget)
        self.screen.show(part)

    def _busy(self, busy: bool) -> None:
        self.run.disabled, self.halt.disabled = busy, not busy
        self.status.value = "Training." if busy else self.status.value

    def __repr__(self) -> str:
        return f"Panel: loss, learning rates and seed of a training of {self.steps} steps; it needs a kernel"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        still = (
            self.twin.html() if self.twin else "<p>This panel trains with a kernel: open the notebook.</p>"
        )
        return {"text/plain": repr(self), "text/html": still, _VIEW: _view(self.widget)}


def panel(
    build: Build,
    *,
    losses: Sequence[str] | None = None,
    learning_rates: tuple[float, float] = (1e-3, 1e-3),
    steps: int = 1000,
    twin: Part | None = None,
) -> Panel:
    """Controls for the loss, the learning rates and the seed of a training, with Run, Stop and its film.

    `build`: called with the keywords `loss`, `learning_rates` (generator, discriminator) and `seed`, returns
    the GAN, its batches and the source of its points, as `ganlab.experiments.build` does. `losses`: names to
    choose from, all unless given. `twin`: the part that stands on the page where there is no kernel.

    Raises `ValueError` where there is no loss to choose or `steps` is not positive.

    >>> from ganlab import experiments
    >>> ring = experiments.EXPERIMENTS["ring"]
    >>> panel(lambda seed, **chosen: experiments.build(experiments.change(ring, **chosen), seed=seed))
    Panel: loss, learning rates and seed of a training of 1000 steps; it needs a kernel
    """
    losses = list(LOSSES) if losses is None else losses
    if not losses:
        raise ValueError("`losses` must name at least one loss, got none")
    if steps < 1:
        raise ValueError(f"`steps` must be at least 1, got {steps}")
    return Panel(build, losses, learning_rates, steps, twin)


class _StoppedError(Exception):
    """The reader pressed Stop."""


_ANYWIDGET = """
export default {
  render({ model, el }) {
    const send = (state) => { model.set("state", state); model.save_changes(); };
    let part = mount(el, model.get("data"), { send });
    const changed = () => {
      if (part.update) return part.update(model.get("data"));
      part.destroy();
      part = mount(el, model.get("data"), { send });
    };
    model.on("change:data", changed);
    return () => { model.off("change:data", changed); part.destroy(); };
  },
};
"""


def _screen(part: Part) -> Any:
    """A widget that shows the part: by its own script where anywidget is at hand, else as a picture."""
    import ipywidgets

    if "google.colab" in sys.modules or find_spec("anywidget") is None:
        return ipywidgets.HTML(part.picture(), model_id=_name(part.kind))
    return _screens(part.kind)(data=part.data, model_id=_name(part.kind))


@cache
def _screens(kind: str) -> Any:
    import anywidget
    import traitlets

    synced = {"data": traitlets.Dict().tag(sync=True), "state": traitlets.Dict().tag(sync=True)}
    return type(
        f"{kind.title()}Screen", (anywidget.AnyWidget,), {"_esm": parts.module(kind) + _ANYWIDGET} | synced
    )


def _name(kind: str) -> str:
    """A name that is the same in each execution of a notebook, where a widget's own is random."""
    return f"ganlab-{kind}-{next(_COUNT)}"


def _view(widget: Any) -> dict[str, Any]:
    return {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
