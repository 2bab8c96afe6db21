"""Run folders: what a training run was asked for, where it stands, and how it goes on after any stop.

A folder holds the request as JSON and the newest checkpoints. A run that was stopped, by Ctrl-C or by a loss
of power, goes on from its newest checkpoint and makes the numbers that it would have made without the stop.
Several seeds share one folder: their history and their checkpoints have one more axis.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganlab import storage
from ganlab.data import checksum
from ganlab.experiments import best, building, catalogue, requests, starting
from ganlab.experiments.building import Setup
from ganlab.experiments.requests import Request
from ganlab.folders import Folder
from ganlab.storage import CheckpointError
from ganlab.training.distributed import Group
from ganlab.training.ensembles import train_all
from ganlab.training.game import GAN
from ganlab.training.history import History
from ganlab.training.players import NonFiniteLossError

__all__ = ["Request", "Run", "create", "go_on", "locked", "resume", "save", "view"]

TICK = 50  # the most steps that seeds side by side take between two looks at the clock


@dataclass
class Run:
    """A run folder at work: the games of its seeds, the history so far, and the step last saved.

    `identity`: a checksum of what was asked for, by which a checkpoint of another run is told. `group`: the
    processes that share each batch; the first of them alone writes.
    """

    folder: Path
    request: Request
    setups: list[Setup]
    identity: str
    group: Group | None = None
    history: History = field(default_factory=History)
    saved: int = 0

    @property
    def writes(self) -> bool:
        """Whether this process writes and speaks for the run."""
        return self.group is None or self.group.first

    @property
    def games(self) -> list[GAN]:
        """The game of each seed."""
        return [setup.gan for setup in self.setups]

    @property
    def step(self) -> int:
        """The generator steps taken."""
        return self.setups[0].gan.step

    @property
    def total(self) -> int:
        """The generator steps asked for."""
        return self.request.total


def create(folder: Path, request: Request, *, group: Group | None = None) -> Run:
    """A new run at step 0, with its request stored in `folder`, which is made if need be.

    `group`: the processes that share each batch; all of them call this.

    Raises `ValueError` where the request cannot be met; nothing is written then.

    >>> import tempfile
    >>> request = Request(catalogue.EXPERIMENTS["ring"], seeds=(3, 5))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = create(Path(folder) / "mine", request)
    >>> run.step, run.total, len(run.games)
    (0, 5000, 2)
    """
    setups = _setups(request, group)
    starting.begin(request, [setup.gan for setup in setups])
    request = replace(request, pictures=_checksum(request, setups))
    run = Run(folder, request, setups, "", group)
    document = json.loads(json.dumps(asdict(request)))
    run.identity = requests.identity(document)
    if not run.writes:
        return run
    try:
        folder.mkdir(parents=True, exist_ok=True)
        starting.keep(folder, request, run.games)
        storage.write_atomically(folder / "request.json", (json.dumps(document, indent=1) + "\n").encode())
    except OSError as error:
        raise ValueError(
            f"`--out` must be a folder that can be written, got {folder} ({error.strerror})"
        ) from None
    return run


def resume(
    folder: Path,
    *,
    start: str | None = None,
    data_dir: str | None = None,
    device: str | None = None,
    steps: int | None = None,
    group: Group | None = None,
) -> Run:
    """The run of a folder as it stands at its newest checkpoint, or at step 0 where there is none.

    `start`: the name of an earlier checkpoint to go on from, or "start" for step 0; those after it are
    removed, since the run will make them again. `data_dir`, `device`: instead of those asked for at first; a
    run that was made on a GPU goes on without one where `device` is "auto" or "cpu".
    `steps`: go on to so many, more than were asked for at first; the request remembers it. Where the learning
    rates stay the same, the run ends where one ends that was asked for so many at first, to the bit; a
    schedule has ended, and the later steps are taken at its last rates.
    `group`: the processes that share each batch from now on, as many as one likes.

    Raises `ValueError` where the folder is no run or was asked for more steps, `CheckpointError` where the
    checkpoint is damaged or of another run: the message then names the one before it that can be used.

    >>> resume(Path("nowhere"))
    Traceback (most recent call last):
    ValueError: `RUN` must be a run folder, got nowhere: nowhere/request.json is missing
    """
    request, identity = requests.read(folder)
    requests.check_steps(request, steps)
    request = replace(
        request,
        data_dir=data_dir or request.data_dir,
        device=device or request.device,
        steps=steps or request.steps,
    )
    step = requests.start(folder, start)
    run = Run(folder, request, _setups(request, group), identity, group)
    _refuse_other_pictures(run)
    if not step:
        starting.again(folder, request, run.games)
    if step:
        tensors, state = _read(folder, step, identity)
        _restore(run.games, tensors, folder, step)
        for index, setup in enumerate(run.setups):
            setup.batches.load_state_dict(_part(tensors, "batches.", index, len(run.games)))
        run.history, run.saved = _history(tensors, state), step
    if start is not None and run.writes:
        storage.drop_after(folder, step)
    if steps is not None and run.writes:
        requests.lengthen(folder, steps)
    return run


def view(folder: Path, *, at_best: bool = False) -> tuple[Request, list[GAN], History]:
    """The request of a run, its games at the newest checkpoint, and its history; without reading the data.

    `at_best`: each game at the best checkpoint of its seed instead. Nothing is locked or changed. Raises as
    `resume` does, and `CheckpointError` where there is no checkpoint.

    >>> view(Path("nowhere"))
    Traceback (most recent call last):
    ValueError: `RUN` must be a run folder, got nowhere: nowhere/request.json is missing
    """
    request, identity = requests.read(folder)
    found = storage.steps(folder)
    if not found:
        raise CheckpointError(f"{folder} holds no checkpoint yet; `ganlab resume {folder}` goes on with it")
    tensors, state = _read(folder, found[-1], identity)
    games = [building.build_game(request.experiment, seed=seed) for seed in request.seeds]
    _restore(games, tensors, folder, found[-1])
    if at_best:
        best.restore(folder, request, games, identity)
    return request, games, _history(tensors, state)


def go_on(run: Run, watch: Callable[[Run], None] = lambda run: None) -> None:
    """Train to the steps asked for, with checkpoints on the way and at the end.

    `watch` is called after every step, or every few steps of seeds side by side, and at the end, and may
    raise to stop: the games are then between two steps, and `save` can be called. Checkpoints lie at
    multiples of the interval, so that a resumed run saves where an uninterrupted one does.

    Raises `NonFiniteLossError` where a loss is infinite or not a number.

    >>> import tempfile
    >>> request = Request(catalogue.change(catalogue.EXPERIMENTS["ring"], steps=2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = create(Path(folder), request)
    ...     go_on(run)
    >>> run.step, run.saved, run.history["g_loss"].shape
    (2, 2, (2,))
    """

    def after(*_: Any) -> None:
        if run.request.best and run.writes and run.step % run.request.best_every == 0:
            best.keep(run.folder, run.request, run.setups, run.identity)
        if run.step % run.request.checkpoint_every == 0:
            save(run)
        watch(run)

    if run.step < run.total:
        _train(run, run.total - run.step, after)
        save(run)
        watch(run)


def save(run: Run) -> None:
    """Write a checkpoint of the step at which the run stands.

    Raises `NonFiniteLossError`, and keeps what is there, where the last loss is not finite.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = create(Path(folder), Request(catalogue.EXPERIMENTS["ring"]))
    ...     save(run)  # nothing has been done that could be lost
    ...     storage.steps(run.folder)
    []
    """
    if run.saved == run.step:
        return
    values = run.history.values
    broken = [name for name, value in zip(run.history.columns, values[-1], strict=True) if not _finite(value)]
    if broken:
        raise NonFiniteLossError(f"step {run.step}: {broken[0]} is not finite; nothing is saved")
    if not run.writes:
        run.saved = run.step
        return
    states = [setup.gan.state() | _prefixed("batches.", setup.batches.state_dict()) for setup in run.setups]
    tensors = {name: _joined([state[name] for state in states]) for name in states[0]}
    tensors |= {"history.values": values, "history.steps": torch.from_numpy(run.history.steps)}
    state = {"columns": run.history.columns, "request": run.identity}
    storage.save(run.folder, run.step, tensors, state)
    run.saved = run.step


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """A context in which no other process may go on with the run; it ends when the process does.

    Raises `ValueError` where the folder is no run or another process holds it. On Windows nothing is held.

    >>> with locked(Path("nowhere")):
    ...     pass
    Traceback (most recent call last):
    ValueError: `RUN` must be a run folder, got nowhere: nowhere/request.json is missing
    """
    requests.require(folder)
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"`RUN` must be a run that no other process works on, got {folder}") from None
        storage.sweep(folder)
        yield


# --- Training -------------------------------------------------------------------------------------------


def _setups(request: Request, group: Group | None) -> list[Setup]:
    if group and len(request.seeds) > 1:
        raise ValueError(f"`--seeds` must be one seed where processes share a batch, got {request.seeds}")
    device = _device(request)
    source = building.load_source(catalogue.change(request.experiment), request.data_dir)
    return [
        building.build(request.experiment, seed=seed, device=device, source=source, group=group)
        for seed in request.seeds
    ]


def _checksum(request: Request, setups: list[Setup]) -> str | None:
    """The checksum of the pictures of a folder, None for other data."""
    source = setups[0].source
    return checksum(source) if isinstance(request.experiment.data, Folder) else None  # type: ignore[arg-type] - `Images`


def _refuse_other_pictures(run: Run) -> None:
    if run.request.pictures != _checksum(run.request, run.setups):
        place = run.request.data_dir or run.request.experiment.data.path  # type: ignore[union-attr] - a `Folder`
        raise ValueError(
            f"the pictures in {place} must be those that the run began with, and some have changed; "
            "`--data-dir` names another place where they lie"
        )


def _device(request: Request) -> str:
    """The name of the device, as torch has it, after a check that this machine has it."""
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)  # two threads beside another busy process are many times slower than one
    name = request.device
    requests.check_device(name, request.experiment)
    kind, _, number = name.partition(":")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "cuda" and int(number or 0) >= count:
        others = f"has {count} of them, from cuda:0 on" if count else "has no CUDA device"
        raise ValueError(f"`--device` must be cpu or auto on this machine, which {others}, got {name!r}")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ValueError(
            f"`--device` must be cpu or auto on this machine, which has no Apple GPU, got {name!r}"
        )
    return ("cuda" if count else "cpu") if name == "auto" else name


def _train(run: Run, steps: int, after: Callable[..., None]) -> None:
    """Take the steps, with a call of `after` often enough that every checkpoint is met."""
    every = run.request.checkpoint_every
    if run.request.best:
        every = math.gcd(every, run.request.best_every)
    tick = next(count for count in range(min(every, TICK), 0, -1) if every % count == 0)
    streams = [setup.batches for setup in run.setups]
    settings = {"history": run.history, "callbacks": [after], "callback_every": tick}
    train_all(run.games, streams, steps, n_critic=run.request.experiment.n_critic, **settings)


# --- What is stored -------------------------------------------------------------------------------------


def _read(folder: Path, step: int, identity: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        return _read_own(folder, step, identity)
    except CheckpointError as error:
        raise CheckpointError(f"{error}; {_offer(folder, step, identity)}") from None


def _read_own(folder: Path, step: int, identity: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    path = storage.folder_of(folder, step)
    tensors, state = storage.load(path)
    if state.get("request") != identity:
        raise CheckpointError(f"{path} is of another run: it was not made for {folder / 'request.json'}")
    return tensors, state


def _offer(folder: Path, before: int, identity: str) -> str:
    """How to go on without the checkpoint of a step."""
    for step in reversed([step for step in storage.steps(folder) if step < before]):
        try:
            _read_own(folder, step, identity)
        except CheckpointError:
            continue
        name = storage.folder_of(folder, step).name
        return f"`ganlab resume {folder} --from {name}` goes on from the one before it"
    return f"none before it can be used, `ganlab resume {folder} --from start` begins again"


def _restore(games: list[GAN], tensors: dict[str, Tensor], folder: Path, step: int) -> None:
    try:
        for index, gan in enumerate(games):
            gan.load_state(_part(tensors, "", index, len(games)))
    except (KeyError, ValueError, RuntimeError) as error:
        path = storage.folder_of(folder, step)
        raise CheckpointError(f"{path} does not fit the networks of its request: {error}") from None


def _part(tensors: dict[str, Tensor], prefix: str, index: int, count: int) -> dict[str, Tensor]:
    """The tensors of one game, or, by their prefix, of its batches: of several, one place on the axis."""
    shared = () if prefix else ("batches.", "history.")
    return {
        name.removeprefix(prefix): tensor if count == 1 else tensor[index].clone()  # streams want no view
        for name, tensor in tensors.items()
        if name.startswith(prefix) and not name.startswith(shared)
    }


def _history(tensors: dict[str, Tensor], state: dict[str, Any]) -> History:
    return History.of(tuple(state["columns"]), tensors["history.steps"].tolist(), tensors["history.values"])


def _prefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


def _joined(tensors: list[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.stack(tensors)


def _finite(value: Tensor) -> bool:
    return bool(value.isfinite().all())
