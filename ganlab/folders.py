"""A folder of pictures as it lies on a disk: which files are pictures, of which class, and their bytes.

Nothing here needs more than Pillow, so that a folder is looked at before torch is loaded. A data set is made
of it by `ganlab.data.folder`.
"""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["LARGEST", "Folder", "FolderWarning", "Listing", "check", "listing", "look", "picture", "some"]

LARGEST = 1024
"""The most pixels on a side: a set is kept whole in memory.

>>> LARGEST
1024
"""

_NAMED = 5  # files, or folders, that a sentence names
_LEFT_OUT = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}  # no pictures, or read by other programs
_LAYERED = {"MPO", "PSD"}  # their further pictures are parts or other views of the first


class FolderWarning(UserWarning):
    """Something in a folder of pictures was left out, or read in a way that its owner should know of."""


@dataclass(frozen=True)
class Folder:
    """A folder of pictures as a data set: all that is known of it without reading a picture.

    `path`: absolute. `size`: pixels on a side. `channels`: 3 in colour, 1 in grey. `labels`: the names of its
    classes, in the order of the labels 0, 1, ...; none where the pictures have no classes.

    >>> print(Folder("pictures", size=32))
    folder:pictures
    """

    path: str
    size: int = 28
    channels: int = 3
    labels: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"folder:{self.path}"

    @property
    def name(self) -> str:
        """The last part of the path."""
        return Path(self.path).name or "folder"

    def facts(self) -> dict[str, Any]:
        """What is known of the data set, as `ganlab.facts` tells it of those with a name.

        >>> Folder("pictures", labels=("cat", "dog")).facts()["shape"]
        [3, 28, 28]
        """
        shape = [self.channels, self.size, self.size]
        return {"kind": "images", "shape": shape, "classes": len(self.labels) or None}


class Listing(NamedTuple):
    """The pictures of a folder, by their names.

    `files`: relative to `root`, in the order of their names. `labels`: of each, the place of its class in
    `classes`, 0 where there are none. `notes`: what was left out, as sentences.
    """

    root: Path
    files: tuple[str, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def look(path: str | os.PathLike[str], *, size: int = 28, channels: int = 3) -> tuple[Folder, int]:
    """The folder as a data set, with its classes, and how many pictures lie in it.

    Raises `ValueError` where `size` or `channels` is out of range, and what `listing` raises.

    >>> look("nowhere")
    Traceback (most recent call last):
    ValueError: `path` must be a folder that exists, got nowhere
    """
    check(size, channels)
    found = listing(path)
    return Folder(str(found.root), size, channels, found.classes), len(found.files)


def check(size: int, channels: int) -> None:
    """Raise `ValueError` unless pictures can be made so large, and of so many channels.

    >>> check(28, 4)
    Traceback (most recent call last):
    ValueError: `channels` must be 3, in colour, or 1, in grey, got 4
    """
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LARGEST:
        raise ValueError(f"`size` must be a whole number from 1 to {LARGEST}, got {size!r}")
    if channels not in (1, 3):
        raise ValueError(f"`channels` must be 3, in colour, or 1, in grey, got {channels!r}")


def listing(path: str | os.PathLike[str]) -> Listing:
    """The pictures of a folder, by the endings of their names, and the classes that sub-folders stand for.

    A file is taken for a picture where Pillow knows its ending; others, and what begins with a point, are
    left alone. Pictures in sub-folders have the first of these for a class, however deep they lie; classes
    are numbered in the order of their names. Links are followed, and each folder is visited once, so that a
    circle of links has an end.

    Raises `ValueError` where there is no such folder, where it holds no picture, or pictures beside folders
    of pictures, and `OSError` where a folder may not be read.

    >>> listing("nowhere")
    Traceback (most recent call last):
    ValueError: `path` must be a folder that exists, got nowhere
    """
    root = Path(path).expanduser()
    if not root.exists():
        raise ValueError(f"`path` must be a folder that exists, got {path}")
    if not root.is_dir():
        raise ValueError(f"`path` must be a folder of images, got the file {path}")
    root = root.resolve()
    files: list[str] = []
    again: list[str] = []
    others = _visit(root, "", files, again, set())
    alone = [file for file in files if "/" not in file]
    inside = [file for file in files if "/" in file]
    if not files:
        besides = f", but {others} other file{'s' * (others > 1)}" if others else ""
        raise ValueError(f"`path` must be a folder of images, got {path}, which holds none{besides}")
    if alone and inside:
        raise ValueError(
            "`path` must hold images, or folders of images, one a class, but not both, "
            f"got {alone[0]} beside {inside[0]} in {path}"
        )
    classes = tuple(dict.fromkeys(file.split("/")[0] for file in inside))
    labels = tuple(classes.index(file.split("/")[0]) if classes else 0 for file in files)
    return Listing(root, tuple(files), labels, classes, _notes(root, classes, again))


def _visit(root: Path, place: str, files: list[str], again: list[str], seen: set[tuple[int, int]]) -> int:
    """How many files are no pictures, after adding those that are to `files`."""
    folder, others = root / place, 0
    status = folder.stat()
    if (status.st_dev, status.st_ino) in seen:
        again.append(place)
        return 0
    seen.add((status.st_dev, status.st_ino))
    for name in sorted(os.listdir(folder)):
        if name.startswith(".") or name == "__MACOSX":
            continue
        if os.path.isdir(folder / name):
            others += _visit(root, f"{place}{name}/", files, again, seen)
        elif os.path.splitext(name)[1].lower() in _endings():
            files.append(f"{place}{name}")
        else:
            others += 1
    return others


def _notes(root: Path, classes: tuple[str, ...], again: list[str]) -> tuple[str, ...]:
    notes = []
    if again:
        notes.append(f"links lead back to folders that were met already, and are not followed: {some(again)}")
    if classes:
        folders = [name for name in sorted(os.listdir(root)) if os.path.isdir(root / name)]
        empty = [
            name for name in folders if name not in classes and name[0] != "." and f"{name}/" not in again
        ]
        if empty:
            notes.append(f"folders without an image are no class: {some(empty)}")
    return tuple(notes)


def some(names: list[str]) -> str:
    """The first of the names, and how many there are besides.

    >>> some(list("abcdefg"))
    'a, b, c, d, e and 2 more'
    """
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def picture(path: Path, *, size: int, channels: int) -> tuple[bytes, bool]:
    """The bytes (size, size, channels) of a picture, row by row, and whether only its first frame was taken.

    The picture is turned as its camera says, laid on white where it is transparent, cut to the largest square
    around its middle, and made `size` pixels wide by bicubic interpolation, which averages where it shrinks.
    Grey is 0.299 R + 0.587 G + 0.114 B; a grey picture in colour has three equal channels. Of 16 bits the
    upper 8 are kept.

    Raises `OSError`, `ValueError` or another of the errors of Pillow's many readers where the file is none
    that it can read.
    """
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path, formats=_formats()) as opened:
            plain = _plain(ImageOps.exif_transpose(opened), channels)
            frames = 1
            with suppress(Exception):  # the first frame is whole, whatever the others are
                frames = getattr(opened, "n_frames", 1) if opened.format not in _LAYERED else 1
    side = min(plain.size)
    left, top = (plain.width - side) // 2, (plain.height - side) // 2
    square = plain.crop((left, top, left + side, top + side))
    return square.resize((size, size), Image.Resampling.BICUBIC).tobytes(), frames > 1


def _plain(image: Image, channels: int) -> Image:
    """The image in grey or in colour, opaque, with 8 bits a channel."""
    from PIL import Image as images

    if image.mode == "F":
        raise ValueError("it holds floating-point numbers, of which black and white are not known")
    if image.mode.startswith("I"):
        wide = image.convert("I")
        low, high = wide.getextrema()
        if not 0 <= low <= high < 2**16:  # type: ignore[operator] - one band
            raise ValueError(f"it holds numbers from {low} to {high}, which are not those of 16 bits")
        image = wide.point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = images.alpha_composite(images.new("RGBA", clear.size, "white"), clear)
    image = image.convert("RGB")  # from which every mode has a way to grey
    return image if channels == 3 else image.convert("L")


@cache
def _formats() -> tuple[str, ...]:
    from PIL import Image

    Image.init()
    return tuple(name for name in Image.OPEN if name not in _LEFT_OUT)


@cache
def _endings() -> frozenset[str]:
    from PIL import Image

    formats = set(_formats())
    return frozenset(end for end, name in Image.registered_extensions().items() if name in formats)
