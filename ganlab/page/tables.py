"""Tables of results, as a page and a terminal show them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Table", "table"]


@dataclass(frozen=True)
class Table:
    """Rows of text under a head, displayed as an HTML table, or in columns where there is no HTML.

    `columns`: the head. `rows`: as many texts each as there are columns; the first names its row.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        padded = [[text.ljust(width) for text, width in zip(line, widths, strict=True)] for line in lines]
        return "\n".join("  ".join(line).rstrip() for line in padded)

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in self.columns)
        body = "\n".join(f"<tr>{_row(row)}</tr>" for row in self.rows)
        return (
            f'<table class="dataframe">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>'
        )


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """The table with this head and these rows, whose entries are written as `str` writes them.

    Raises `ValueError` where there is no column or a row has more or fewer entries than there are columns.

    >>> table(["loss", "value"], [["of D", "1.386"], ["of G", 0.693]])
    loss  value
    of D  1.386
    of G  0.693
    """
    if not columns:
        raise ValueError("`columns` must name at least one column, got none")
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(
                f"`rows` must have {len(columns)} entries each, got {len(row)} in {tuple(row)!r}"
            )
    return Table(tuple(map(str, columns)), tuple(tuple(map(str, row)) for row in rows))


def _row(row: tuple[str, ...]) -> str:
    first, *others = (html.escape(text) for text in row)
    return f'<th scope="row">{first}</th>' + "".join(f"<td>{text}</td>" for text in others)
