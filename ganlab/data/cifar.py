"""CIFAR-10: colour photographs of ten kinds of things, from the files in which torchvision keeps them.

The files are pickles, and to load a pickle can be to run what somebody put into it. Nothing of these is run:
a batch is read only if its checksum is the known one, and then by a reader that knows three names, those by
which NumPy writes an array, and puts in the place of each a record that does nothing.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
import tempfile
import zlib
from http.client import HTTPException
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganlab.data.checks import check_choice
from ganlab.data.entry import DataSet
from ganlab.data.idx import DataError, places
from ganlab.data.images import Images

__all__ = ["CIFAR", "cifar10"]

MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
"""The checksums of the six batches, as torchvision has them; the last is of the images to test on.

>>> list(MD5)[-1]
'test_batch'
"""

ARCHIVE, BATCHES = "cifar-10-python.tar.gz", "cifar-10-batches-py"
_FOLDERS = (".", "CIFAR10", "cifar10")
_SHAPE = (3, 32, 32)


def cifar10(root: str | os.PathLike[str] | None = None, *, split: str = "train") -> Images:
    """The CIFAR-10 photographs of ten kinds of things, (N, 3, 32, 32): 50000 to train on, 10000 to test.

    Looked for where `fashion_mnist` looks: in `root`, if given, and otherwise in the folder that the
    environment variable GANLAB_DATA names, in `/usr/share/datasets`, and in the user's cache, into which the
    archive is downloaded from torchvision's address when it is nowhere. In each folder, or in `CIFAR10` or
    `cifar10` in it, lies the folder `cifar-10-batches-py` or the archive `cifar-10-python.tar.gz`, as
    torchvision leaves both. The labels 0 to 9 are airplane, automobile, bird, cat, deer, dog, frog, horse,
    ship and truck. The package has no classifier of them, so that `ganlab evaluate` judges by FID and KID
    alone, with `--fid`.

    Raises `DataError` where a file is missing, damaged or altered, `ValueError` on an unknown split.
    Source: Krizhevsky 2009 [krizhevsky2009].
    """
    check_choice("split", split, ("train", "test"))
    names = [name for name in MD5 if (name == "test_batch") == (split == "test")]
    parts = [_batch(name, *found) for name, found in zip(names, _contents(names, root), strict=True)]
    pixels, labels = (torch.cat(part) for part in zip(*parts, strict=True))
    return Images("cifar10", pixels, labels)


def _contents(names: list[str], root: str | os.PathLike[str] | None) -> list[tuple[bytes, Path]]:
    """The bytes of each of the files, and where they come from."""
    searched = [Path(root).expanduser()] if root is not None else places()
    for place in searched:
        for folder in (place / name for name in _FOLDERS):
            paths = [folder / BATCHES / name for name in names]
            if all(path.is_file() for path in paths):
                return [(_read(path), path) for path in paths]
            if (folder / ARCHIVE).is_file():
                return _unpacked(folder / ARCHIVE, names)
    if root is not None:
        raise DataError(
            f"`root` must hold the folder {BATCHES} or the archive {ARCHIVE}, got {searched[0]} without "
            "them; leave `root` out to look in the usual places and to download"
        )
    return _unpacked(_download(searched[-1]), names)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _damaged(path, f"cannot be read ({error})") from error


def _unpacked(archive: Path, names: list[str]) -> list[tuple[bytes, Path]]:
    """The files out of the archive, of which nothing is written anywhere."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive) as members:
            for member in members:
                name = member.name.removeprefix("./").removeprefix(f"{BATCHES}/")
                file = members.extractfile(member) if member.isfile() and name in names else None
                if file is not None:
                    found[name] = file.read()
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise _damaged(archive, f"cannot be read ({error})") from error
    if missing := [name for name in names if name not in found]:
        raise _damaged(archive, f"is no whole archive of CIFAR-10: it has no {BATCHES}/{missing[0]}")
    return [(found[name], archive) for name in names]


def _download(cache: Path) -> Path:
    """The archive in the cache, once torchvision has fetched and checked it beside it."""
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import download_url

    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".download-") as scratch:
            download_url(CIFAR10.url, scratch, ARCHIVE, CIFAR10.tgz_md5)
            return (Path(scratch) / ARCHIVE).replace(cache / ARCHIVE)
    except (OSError, RuntimeError, HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"CIFAR-10 is in none of {', '.join(map(str, places()))}, and it could not be downloaded "
            f"({reason}); connect to the network, or name a folder with {ARCHIVE} by --data-dir or "
            "GANLAB_DATA"
        ) from error


def _batch(name: str, content: bytes, path: Path) -> tuple[Tensor, Tensor]:
    """The pixels (N, 3, 32, 32) uint8 and the labels (N,) int64 of one file, after every check we know."""
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != MD5[name]:
        raise _damaged(path, f"has a {name} whose content is not that of CIFAR-10 (MD5 differs)")
    try:
        document = _Reader(io.BytesIO(content), encoding="bytes").load()
        data, labels = document[b"data"], torch.tensor(document[b"labels"], dtype=torch.int64)
        _, shape, kind, columns_first, numbers = data.state
        rows, size = shape
        if kind.given[0] not in (b"u1", "u1") or columns_first or size != 3 * 32 * 32:
            raise ValueError(f"rows of {size} numbers of type {kind.given[0]!r}")
        if len(numbers) != rows * size or labels.shape != (rows,):
            raise ValueError(f"{len(numbers)} bytes and {len(labels)} labels for {rows} images")
        pixels = torch.frombuffer(bytearray(numbers), dtype=torch.uint8).reshape(rows, *_SHAPE)
    except (ValueError, TypeError, KeyError, AttributeError, EOFError, pickle.UnpicklingError) as error:
        raise _damaged(path, f"has a {name} that holds no images of 3x32x32 bytes ({error})") from error
    return pixels, labels


class _Reader(pickle.Unpickler):
    """A reader of pickles that makes numbers, texts, lists and dicts of them, and arrays as records."""

    def find_class(self, module: str, name: str) -> Any:
        known = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}
        if (module, name) not in known | {("numpy._core.multiarray", "_reconstruct")}:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not read")
        return _Record


class _Record:
    """What a pickle says of an array or of its type: what it is made from, and its state."""

    def __init__(self, *given: Any) -> None:
        self.given, self.state = given, None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _damaged(path: Path, fault: str) -> DataError:
    return DataError(f"{path} {fault}; delete or replace it, and CIFAR-10 will be looked for again")


CIFAR: dict[str, DataSet] = {
    "cifar10": DataSet(
        "images",
        _SHAPE,
        cifar10,
        {
            "network": "dcgan",
            "latent_dim": 100,
            "width": 64,
            "batch_size": 64,
            "steps": 7810,
            "learning_rates": (2e-4, 2e-4),
            "ema": 0.999,
            "ema_batches": 10,
        },
        files=True,
        classes=10,
    )
}
"""CIFAR-10 by its name; its part of `ganlab.data.DATASETS`. 7810 steps are ten passes over 50 000 training
images in batches of 64.

>>> CIFAR["cifar10"].shape
(3, 32, 32)
"""
