"""The API reference: docstrings, which are plain text for a reader of code, as pages of the book.

Our docstrings hold formulas in plain text (`E||grad||^2`, `p_g`), which reStructuredText would read as
markup. Before autodoc parses them, prose is escaped, `code` becomes literal, keys in square brackets become
citations, and indented formulas become literal blocks. Examples stay what they are.
"""

from __future__ import annotations

import re

__all__ = ["reading", "setup"]

_KEYS = re.compile(r"\[([a-z]+\d{4}[a-z]*(?:, [a-z]+\d{4}[a-z]*)*)\]")
_CODE = re.compile(r"`+([^`]+)`+")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,2}[A-Za-z][^*`]*\*{1,2})(?![\w*])")
_MARKUP = re.compile(r"([\\*_|<>])")


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-skip-member", _skip)
    return {"version": "1", "parallel_read_safe": True}


def _process(app, what, name, object_, options, lines):
    lines[:] = reading(lines)


def _skip(app, what, name, object_, skip, options):
    """Fields of a tuple are in its signature; what Python says of them says nothing."""
    return True if str(object_.__doc__).startswith("Alias for field number") else None


def reading(lines: list[str]) -> list[str]:
    """The lines of a docstring as reStructuredText that shows them as they were meant."""
    out: list[str] = []
    for block in _blocks(lines):
        if block[0].lstrip().startswith(">>>"):
            out += block
        elif all(line.startswith("    ") for line in block):
            out += ["::", "", *block]
        else:
            out += _paragraphs(block)
        out.append("")
    return out


def _blocks(lines: list[str]) -> list[list[str]]:
    """The runs of lines between blank ones."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _paragraphs(block: list[str]) -> list[str]:
    """Prose, with `Raises` and `Source:` as paragraphs of their own wherever they begin a line."""
    starts = [i for i, line in enumerate(block) if i == 0 or re.match(r"Raises |Source:|Returns ", line)]
    out: list[str] = []
    for start, end in zip(starts, [*starts[1:], len(block)], strict=True):
        out += [*_inline("\n".join(block[start:end])).split("\n"), ""]
    return out


def _inline(line: str) -> str:
    parts = _CODE.split(line)  # prose, code, prose, code, ...
    return "".join(f"``{part}``" if index % 2 else _prose(part) for index, part in enumerate(parts))


def _prose(text: str) -> str:
    pieces = _KEYS.split(text)
    return "".join(
        ":cite:`" + piece.replace(", ", ",") + "`" if index % 2 else _escaped(piece)
        for index, piece in enumerate(pieces)
    )


def _escaped(text: str) -> str:
    pieces = _EMPHASIS.split(text)  # plain, *stressed*, plain, ...
    return "".join(piece if index % 2 else _MARKUP.sub(r"\\\1", piece) for index, piece in enumerate(pieces))
