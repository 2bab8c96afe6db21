"""Checkpoints: tensors in a safetensors file, everything else in JSON, and never a half-written folder.

A checkpoint is a folder `step-00001000` inside a run folder. It is written under another name and renamed
when it is whole, so a folder of that name is complete whatever happened to the process; its JSON holds the
checksum of its tensors, so damage that comes later is found on reading. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from torch import Tensor

__all__ = ["CheckpointError", "latest", "load", "save", "steps", "write_atomically"]

FORMAT = 1
_FOLDER = re.compile(r"step-(\d{8})")


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
    document = {"format": FORMAT, "sha256": hashlib.sha256(data).hexdigest(), "state": state}
    folder = Path(run) / f"step-{step:08d}"
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _write_through(partial / "tensors.safetensors", data)
    _write_through(partial / "state.json", json.dumps(document).encode())
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)
    for old in steps(run)[:-keep]:
        shutil.rmtree(Path(run) / f"step-{old:08d}")
    return folder


def load(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the state of one checkpoint folder, after checking that they are what was written.

    Raises `CheckpointError` where a file is missing, unreadable, of another format or of another checksum.

    >>> load(Path("nowhere"))
    Traceback (most recent call last):
    ganlab.checkpoints.CheckpointError: nowhere is no checkpoint: nowhere/state.json is missing
    """
    from safetensors.torch import load as deserialise

    folder = Path(folder)
    document = _read_document(folder)
    try:
        data = (folder / "tensors.safetensors").read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"{folder} is damaged: {folder / 'tensors.safetensors'} is missing") from None
    if hashlib.sha256(data).hexdigest() != document["sha256"]:
        raise CheckpointError(
            f"{folder} is damaged: {folder / 'tensors.safetensors'} is not the file that was written "
            f"({len(data)} bytes, another checksum)"
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
    found = [Path(run) / f"step-{step:08d}" for step in steps(run)]
    if not found:
        raise CheckpointError(f"{run} holds no checkpoint")
    try:
        return *load(found[-1]), found[-1]
    except CheckpointError as error:
        whole = next((folder for folder in reversed(found[:-1]) if _is_whole(folder)), None)
        rest = f"; {whole} is whole: remove {found[-1].name} to go on from it" if whole else ""
        raise CheckpointError(f"{error}{rest}") from None


def steps(run: Path) -> list[int]:
    """The steps of the checkpoints in a run folder, in rising order; empty where there are none.

    >>> steps(Path("nowhere"))
    []
    """
    if not Path(run).is_dir():
        return []
    matches = (_FOLDER.fullmatch(entry.name) for entry in Path(run).iterdir())
    return sorted(int(match[1]) for match in matches if match)


def write_atomically(path: Path, data: bytes) -> None:
    """None; `path` holds `data` afterwards, or what it held before where the writing failed.

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


def _is_whole(folder: Path) -> bool:
    try:
        load(folder)
    except CheckpointError:
        return False
    return True


def _write_through(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
