"""A table of pictures, each with some layers of the picture of its row and the others of its column."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from ganlab.page.explorers import Part

__all__ = ["mixer"]

GAP = 4  # pixels between the heads and the table
LEVELS = 32  # of grey: enough for small pictures, and half the size


def mixer(images: Tensor, groups: Sequence[str], said: Sequence[str], *, start: int = 0) -> Part:
    """A table of pictures in which the reader chooses, for each group of layers, the row or the column.

    `images` (2^G, rows, columns, 1, S, S) in [-1, 1], for the G `groups`: entry `code` has group g from the
    picture at the head of the column where bit g of `code` is 1, and else from that of the row. So entry 0 is
    the pictures of the rows, and the last entry those of the columns. `said`: a sentence for each code.
    `start`: the code that is shown first.

    Raises `ValueError` where there are not as many entries and sentences as codes, or the pictures are not
    square and grey.

    >>> import torch
    >>> mixer(torch.zeros(4, 2, 3, 1, 8, 8), ["coarse", "fine"], ["a", "b", "c", "d"])
    Mixer: 2 x 3 pictures, each with the layers coarse and fine of its row or of its column
    """
    codes = 1 << len(groups)
    if images.ndim != 6 or images.shape[3] != 1 or images.shape[4] != images.shape[5]:
        raise ValueError(
            f"`images` must have shape (codes, rows, columns, 1, S, S), got {tuple(images.shape)}"
        )
    if len(images) != codes or len(said) != codes:
        raise ValueError(f"`images` and `said` must have {codes} entries, got {len(images)} and {len(said)}")
    if not 0 <= start < codes:
        raise ValueError(f"`start` must be from 0 to {codes - 1}, got {start}")
    rows, columns, side = images.shape[1], images.shape[2], images.shape[4]
    grey = _levels(images)
    sheet = grey[:, :, :, 0].transpose(0, 1, 3, 2, 4).reshape(codes * rows * side, columns * side)
    alt = f"A table of {rows} rows and {columns} columns of small pictures, each a mixture of two."
    data = {
        "rows": rows,
        "columns": columns,
        "side": side,
        "groups": list(groups),
        "said": list(said),
        "start": start,
        "alt": alt,
        "sheet": f"data:image/png;base64,{_png(sheet)}",
    }
    names = ", ".join(groups[:-1]) + (" and " if len(groups) > 1 else "") + groups[-1]
    words = f"Mixer: {rows} x {columns} pictures, each with the layers {names} of its row or of its column"
    return Part("mixer", data, words, f"{alt} {said[start]}", _poster(grey, start))


def _levels(images: Tensor) -> np.ndarray:
    """The pictures in so many levels of grey, as bytes."""
    share = (images.detach().double().numpy() + 1) / 2
    return np.rint(np.rint(share.clip(0, 1) * (LEVELS - 1)) * 255 / (LEVELS - 1)).astype(np.uint8)


def _png(pixels: np.ndarray) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _poster(grey: np.ndarray, code: int) -> str:
    """The table as it stands before scripts run: heads of rows and columns, and the pictures of one code."""
    rows, columns, side = grey.shape[1], grey.shape[2], grey.shape[4]
    table = np.full(((rows + 1) * side + GAP, (columns + 1) * side + GAP), 255, np.uint8)
    tiles = {(0, j + 1): grey[-1, 0, j, 0] for j in range(columns)}
    tiles |= {(i + 1, 0): grey[0, i, 0, 0] for i in range(rows)}
    tiles |= {(i + 1, j + 1): grey[code, i, j, 0] for i in range(rows) for j in range(columns)}
    for (i, j), tile in tiles.items():
        top, left = (place * side + (GAP if place else 0) for place in (i, j))
        table[top : top + side, left : left + side] = tile
    height, width = (2 * size for size in table.shape)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}"><image href="data:image/png;base64,{_png(table)}" width="{width}" '
        f'height="{height}" style="image-rendering:pixelated"/></svg>'
    )
