"""A folder of the reader's own pictures as an image set, read once and kept as bytes in the user's cache."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganlab import folders, storage
from ganlab.data.idx import DataError, cache_folder
from ganlab.data.images import Images
from ganlab.folders import FolderWarning, Listing

__all__ = ["checksum", "folder"]

_FORMAT = 1  # of the cache: a change of how pictures are read is a new one


def folder(path: str | os.PathLike[str], *, size: int = 28, channels: int = 3) -> Images:
    """The pictures of a folder as an image set (N, channels, size, size), of any sizes and formats.

    A file is taken for a picture where Pillow knows the ending of its name. It is turned as its camera says,
    laid on white where it is transparent, cut to the largest square around its middle and made `size` pixels
    wide; of a film the first frame is taken. `channels`: 3 in colour, 1 in grey.
    Sub-folders are classes: the labels are 0, 1, ... in the order of their names, which `classes` of the set
    holds; without them every label is 0. Sub-folders of these belong to the class.

    A file that cannot be read is left out, and a `FolderWarning` counts and names those. What was read is
    kept in `ganlab/folders` in the user's cache and taken from there as long as the names of the files, their
    sizes and their times stay the same.

    Raises `ValueError` where `path` is no folder, or one without pictures, or one with pictures beside
    folders of pictures, or where `size` or `channels` is out of range; `DataError`, where no picture of the
    folder, or none of one of its classes, can be read.

    >>> folder("nowhere")
    Traceback (most recent call last):
    ValueError: `path` must be a folder that exists, got nowhere
    """
    folders.check(size, channels)
    found = folders.listing(path)
    key = _key(found, size, channels)
    place = _place(found.root, size, channels)
    stored = _stored(place, key)
    if stored is None:
        stored = _read(found, size, channels)
        _keep(place, key, *stored)
    pixels, labels, notes = stored
    for note in (*found.notes, *notes):
        warnings.warn(f"{found.root}: {note}", FolderWarning, stacklevel=2)
    name = f"folder:{found.root.name}"
    return Images(name, pixels, labels, classes=found.classes)


def checksum(images: Images) -> str:
    """The SHA-256 checksum of the pixels and the labels of an image set.

    >>> from ganlab.data import digits
    >>> checksum(digits())[:8] == checksum(digits(split="test"))[:8]
    False
    """
    return _digest(images.pixels, images.labels)


def _digest(pixels: Tensor, labels: Tensor) -> str:
    found = hashlib.sha256(str(tuple(pixels.shape)).encode())
    for tensor in (pixels, labels):
        found.update(tensor.contiguous().numpy().data)
    return found.hexdigest()


def _read(found: Listing, size: int, channels: int) -> tuple[Tensor, Tensor, list[str]]:
    """The pixels, the labels and what is to be said of them, file by file."""
    content, labels, damaged, films = bytearray(), [], [], []
    for file, label in zip(found.files, found.labels, strict=True):
        try:
            square, film = folders.picture(found.root / file, size=size, channels=channels)
        except Exception as error:  # strangers' files meet some forty readers: each fails in its own way
            damaged.append(f"{file} ({_reason(error)})")
            continue
        content += square
        labels.append(label)
        films += [file] if film else []
    if not labels:
        raise DataError(
            f"`path` must be a folder of images, got {found.root}, whose {len(damaged)} cannot be read: "
            f"{folders.some(damaged)}"
        )
    for label, name in enumerate(found.classes):
        if label not in labels:
            raise DataError(f"no image of the class {name} can be read: {folders.some(damaged)}")
    rows = torch.frombuffer(content, dtype=torch.uint8).reshape(len(labels), size, size, channels)
    notes = []
    if damaged:
        many = f"{len(damaged)} of {len(found.files)} images cannot be read and are left out"
        notes.append(f"{many}: {folders.some(damaged)}")
    if films:
        notes.append(f"of {len(films)} with several frames the first is taken: {folders.some(films)}")
    return rows.permute(0, 3, 1, 2).contiguous(), torch.tensor(labels), notes


def _reason(error: Exception) -> str:
    """What is wrong with a file, without its path, which stands beside it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    kind = type(error).__name__
    return "it is no image" if kind == "UnidentifiedImageError" else " ".join(str(error).split()) or kind


def _key(found: Listing, size: int, channels: int) -> str:
    """A checksum of all that the pixels depend on, as far as a folder tells without reading its files."""
    import PIL

    about = [_FORMAT, PIL.__version__, size, channels, found.classes]
    listed = [[file, *_status(found.root / file)] for file in found.files]
    return hashlib.sha256(json.dumps([about, listed]).encode()).hexdigest()


def _status(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _place(root: Path, size: int, channels: int) -> Path:
    """The one file of the cache for this folder, so that a folder that changes does not fill the disk."""
    name = hashlib.sha256(f"{root}\n{size}\n{channels}".encode(errors="surrogateescape")).hexdigest()[:32]
    return cache_folder() / "folders" / f"{name}.safetensors"


def _stored(place: Path, key: str) -> tuple[Tensor, Tensor, list[str]] | None:
    """What is kept of the folder as it is; None where nothing is, or it is damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(place.read_bytes())
        about: dict[str, Any] = json.loads(bytes(tensors["about"].tolist()))
        pixels, labels = tensors["pixels"], tensors["labels"]
        if about["key"] != key or about["sha256"] != _digest(pixels, labels):
            return None
        return pixels, labels, about["notes"]
    except (OSError, SafetensorError, KeyError, ValueError):
        return None


def _keep(place: Path, key: str, pixels: Tensor, labels: Tensor, notes: list[str]) -> None:
    """Put what was read into the cache; where that cannot be written, the next run reads the files again."""
    from safetensors.torch import save

    about = json.dumps({"key": key, "sha256": _digest(pixels, labels), "notes": notes}).encode()
    tensors = {
        "pixels": pixels,
        "labels": labels,
        "about": torch.frombuffer(bytearray(about), dtype=torch.uint8),
    }
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        storage.write_atomically(place, save(tensors))
