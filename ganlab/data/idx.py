"""The files of MNIST and Fashion-MNIST: where they may lie, how they are fetched, what makes them whole.

Both sets come as four files in the IDX format (a magic number, the dimensions, the bytes). No file is
trusted: what is read must have the known SHA-256 checksum, and a download is moved into the cache only when
it is complete. Nothing here draws, scales or shuffles; see `ganlab.data` for the sets themselves.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import struct
import tempfile
import zlib
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import torch
from torch import Tensor

__all__ = ["DataError", "cache_folder", "places", "read_images"]

# Of the uncompressed content: the archives vary, since Debian's have another gzip header.
_SHA256 = {
    "MNIST": {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    "FashionMNIST": {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
}
_FOLDERS = {"MNIST": ("MNIST/raw", "mnist", "."), "FashionMNIST": ("FashionMNIST/raw", "fashion-mnist", ".")}
_SYSTEM = Path("/usr/share/datasets")


class DataError(ValueError):
    """A data set cannot be had: a file is missing or damaged and no good copy can be fetched."""


def read_images(name: str, split: str, root: str | os.PathLike[str] | None = None) -> tuple[Tensor, Tensor]:
    """The pixels (N, 1, 28, 28) uint8 and the labels (N,) int64 of "MNIST" or "FashionMNIST".

    `split`: "train" or "test". They are looked for in `root`, if given, and otherwise in the folder that the
    environment variable GANLAB_DATA names, in `/usr/share/datasets`, and in `ganlab` in the user's cache, to
    which they are downloaded when they are nowhere. Raises `DataError` where a file is missing or damaged.
    """
    prefix = {"train": "train", "test": "t10k"}[split]
    stems = [f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"]
    pixels, labels = (_read_idx(path, name) for path in _located(name, stems, root))
    return pixels[:, None], labels.long()


def _located(name: str, stems: list[str], root: str | os.PathLike[str] | None) -> list[Path]:
    searched = [Path(root).expanduser()] if root is not None else places()
    for place in searched:
        paths = [path for stem in stems if (path := _file(place, name, stem))]
        if len(paths) == len(stems):
            return paths
    if root is not None:
        missing = next(stem for stem in stems if not _file(searched[0], name, stem))
        raise DataError(
            f"`root` must hold {missing} or {missing}.gz, in it or in {_FOLDERS[name][0]}, got {searched[0]} "
            "without it; leave `root` out to look in the usual places and to download"
        )
    _download(name, searched[-1])
    return _located(name, stems, searched[-1])


def places() -> list[Path]:
    """The folders in which data is looked for without being told, the cache last.

    That which the environment variable GANLAB_DATA names, `/usr/share/datasets`, and `ganlab` in the user's
    cache.
    """
    named = os.environ.get("GANLAB_DATA")
    return [*([Path(named).expanduser()] if named else []), _SYSTEM, cache_folder()]


def cache_folder() -> Path:
    """Where the package keeps what it would not fetch or compute twice: `ganlab` in the user's cache.

    >>> cache_folder().name
    'ganlab'
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ganlab"


def _file(place: Path, name: str, stem: str) -> Path | None:
    candidates = (place / folder / (stem + ending) for folder in _FOLDERS[name] for ending in ("", ".gz"))
    return next((path for path in candidates if path.is_file()), None)


def _download(name: str, cache: Path) -> None:
    """Fetch the four files through torchvision beside the cache, and move in only what is complete."""
    import torchvision

    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".download-") as scratch:
            getattr(torchvision.datasets, name)(scratch, download=True)
            target = cache / name / "raw"
            target.mkdir(parents=True, exist_ok=True)
            for path in (Path(scratch) / name / "raw").iterdir():
                path.replace(target / path.name)
    except (OSError, RuntimeError, HTTPException) as error:
        with suppress(OSError):
            cache.rmdir()  # only where it is empty
        raise DataError(
            f"{name} is in none of {', '.join(map(str, places()))}, and it could not be downloaded "
            f"({_one_line(error)}); connect to the network, or name a folder with its files by --data-dir "
            f"or GANLAB_DATA{'; Debian has them: apt-get install dataset-fashion-mnist' * (name != 'MNIST')}"
        ) from error


def _read_idx(path: Path, name: str) -> Tensor:
    """The bytes of an IDX file as a tensor, (N,) or (N, H, W), after every check we know."""
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
    except (EOFError, OSError, zlib.error) as error:
        raise _damaged(path, name, f"cannot be read ({_one_line(error)})") from error
    stem = path.name.removesuffix(".gz")
    dimensions = 3 if "idx3" in stem else 1
    start = 4 * (1 + dimensions)
    if len(content) < start or content[:4] != bytes([0, 0, 8, dimensions]):
        raise _damaged(path, name, f"is no IDX file of {dimensions}-D bytes, it starts {content[:4].hex()}")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise _damaged(path, name, f"holds {len(content) - start} bytes of {math.prod(shape)}")
    if hashlib.sha256(content).hexdigest() != _SHA256[name][stem]:
        raise _damaged(path, name, f"is complete, but its content is not that of {name} (SHA-256 differs)")
    return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=start).reshape(shape)


def _damaged(path: Path, name: str, fault: str) -> DataError:
    return DataError(f"{path} {fault}; delete or replace it, and {name} will be looked for again")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
