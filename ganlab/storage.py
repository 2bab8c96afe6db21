"""Checkpoints: tensors in a safetensors file, everything else in JSON, and never a half-written folder.

A checkpoint is a folder `step-00001000` inside a run folder. It is written under another name and renamed
when it is whole, so a folder of that name is complete whatever happened to the process; its JSON holds a
checksum over everything in it, so damage that comes later is found on reading. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "CheckpointError",
    "drop_after",
    "folder_of",
    "latest",
    "load",
    "save",
    "steps",
    "sweep",
    "write_atomically",
]

FORMAT = 2
_FOLDER = re.compile(r"step-(\d{8})")
_PARTIAL = re.compile(r"\..+\.\d+(\.old)?")
_BEFORE = re.compile(r"\.(step-\d{8})\.before")


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged, cut short or not one of ours; the message names the file."""


def save(run: Path, step: int, tensors: dict[str, Tensor], state: dict[str, Any], *, keep: int = 3) -> Path:
    """The folder of a new checkpoint, written whole or not at all; all but the last `keep` are removed.

    `tensors`: name to tensor, moved to the CPU. `state`: anything JSON can hold. `step`: a non-negative
    integer that names the folder; a checkpoint of the same step is replaced.

    Raises `ValueError` where `step` is negative or `keep` is not positive, `OSError` where the run folder
    cannot be written.

    >>> import tempfile, torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save(Path(folder), 7, {"w": torch.ones(2)}, {"note": "hello"})
    ...     tensors, state = load(path)
    >>> path.name, tensors["w"].tolist(), state
    ('step-00000007', [1.0, 1.0], {'note': 'hello'})
    """
    from safetensors.torch import save as serialise

    if step < 0:
        raise ValueError(f"`step` must be at least 0, got {step}")
    if keep < 1:
        raise ValueError(f"`keep` must be at least 1, got {keep}")
    data = serialise({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    document = {"format": FORMAT, "sha256": _checksum(data, state), "state": state}
    folder = folder_of(run, step)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _write_through(partial / "tensors.safetensors", data)
    _write_through(partial / "state.json", json.dumps(document).encode())
    _exchange(partial, folder)
    for old in steps(run)[:-keep]:
        _remove(folder_of(run, old))
    return folder


def load(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the state of one checkpoint folder, after checking that they are what was written.

    Raises `CheckpointError` where a file is missing, unreadable, of another format or of another checksum.

    >>> load(Path("nowhere"))
    Traceback (most recent call last):
    ganlab.storage.CheckpointError: nowhere is no checkpoint: nowhere/state.json is missing
    """
    from safetensors.torch import load as deserialise

    folder = Path(folder)
    document = _read_document(folder)
    try:
        data = (folder / "tensors.safetensors").read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"{folder} is damaged: {folder / 'tensors.safetensors'} is missing") from None
    if _checksum(data, document["state"]) != document["sha256"]:
        raise CheckpointError(
            f"{folder} is damaged: {folder / 'tensors.safetensors'} ({len(data)} bytes) and state.json "
            "have another checksum than what was written"
        )
    return deserialise(data), document["state"]


def latest(run: Path) -> tuple[dict[str, Tensor], dict[str, Any], Path]:
    """The newest checkpoint of a run folder: its tensors, its state and its path.

    Raises `CheckpointError` where there is none, or where the newest one is damaged: the message then names
    the newest one before it that is whole, if there is one.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for step in (1, 2):
    ...         _ = save(Path(folder), step, {}, {})
    ...     latest(Path(folder))[2].name
    'step-00000002'
    """
    found = steps(run)
    if not found:
        raise CheckpointError(f"{run} holds no checkpoint")
    newest = folder_of(run, found[-1])
    try:
        return *load(newest), newest
    except CheckpointError as error:
        whole = _last_whole(run, before=found[-1])
        rest = f"; {whole} before it is whole" if whole else "; no checkpoint before it is whole"
        raise CheckpointError(f"{error}{rest}") from None


def drop_after(run: Path, step: int) -> None:
    """Remove the checkpoints of later steps, so that the one of `step` is the newest.

    >>> drop_after(Path("nowhere"), 0)
    """
    for later in steps(run):
        if later > step:
            _remove(folder_of(run, later))


def sweep(run: Path) -> None:
    """Remove what processes that were killed left half-written in a run folder.

    A checkpoint that was about to be replaced by another of its step comes back where the other is missing.
    For whoever alone writes into the folder: it takes the unfinished work of others for left behind.

    >>> sweep(Path("nowhere"))
    """
    for entry in list(Path(run).glob(".*")):
        if (before := _BEFORE.fullmatch(entry.name)) and not (kept := entry.with_name(before[1])).exists():
            entry.rename(kept)
        elif before or _PARTIAL.fullmatch(entry.name):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def steps(run: Path) -> list[int]:
    """The steps of the checkpoints in a run folder, in rising order; empty where there are none.

    >>> steps(Path("nowhere"))
    []
    """
    if not Path(run).is_dir():
        return []
    matches = (_FOLDER.fullmatch(entry.name) for entry in Path(run).iterdir())
    return sorted(int(match[1]) for match in matches if match)


def folder_of(run: Path, step: int) -> Path:
    """Where in a run folder the checkpoint of a step lies, or would lie.

    >>> folder_of(Path("run"), 7).name
    'step-00000007'
    """
    return Path(run) / f"step-{step:08d}"


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path`, which holds what it held before where the writing fails.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "a.txt", b"hello")
    ...     (Path(folder) / "a.txt").read_text()
    'hello'
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write_through(partial, data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _read_document(folder: Path) -> dict[str, Any]:
    path = folder / "state.json"
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError:
        raise CheckpointError(f"{folder} is no checkpoint: {path} is missing") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{folder} is damaged: {path} is not JSON ({error})") from None
    if not isinstance(document, dict) or not {"format", "sha256", "state"} <= document.keys():
        raise CheckpointError(f"{folder} is no checkpoint of this package: {path} lacks its fields")
    if document["format"] != FORMAT:
        raise CheckpointError(f"{path} must be of format {FORMAT}, got {document['format']!r}")
    return document


def _last_whole(run: Path, *, before: int) -> Path | None:
    """The folder of the newest checkpoint before a step that can be read, None where there is none."""
    folders = (folder_of(run, step) for step in reversed(steps(run)) if step < before)
    return next((folder for folder in folders if _is_whole(folder)), None)


def _is_whole(folder: Path) -> bool:
    try:
        load(folder)
    except CheckpointError:
        return False
    return True


def _checksum(data: bytes, state: dict[str, Any]) -> str:
    as_read = json.loads(json.dumps(state))  # keys are text in JSON, and sort as text
    return hashlib.sha256(data + json.dumps(as_read, sort_keys=True).encode()).hexdigest()


def _remove(folder: Path) -> None:
    """Take the name away before the content, so that no folder of that name is ever half there."""
    if folder.exists():
        old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
        shutil.rmtree(old)


def _exchange(partial: Path, folder: Path) -> None:
    """Give a whole folder its name, and remove what had it before once that is done."""
    before = folder.with_name(f".{folder.name}.before")
    if folder.exists():
        shutil.rmtree(before, ignore_errors=True)
        folder.rename(before)
    try:
        partial.rename(folder)
    except OSError:
        if before.exists():
            before.rename(folder)
        raise
    _settle(folder.parent)
    shutil.rmtree(before, ignore_errors=True)


def _settle(folder: Path) -> None:
    """Let the names in a folder reach the disk, where the system can be asked for it."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write_through(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
