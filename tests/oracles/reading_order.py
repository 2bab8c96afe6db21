"""What is defined where: the pages as a reader meets them, one paragraph after the other.

A *piece* is a paragraph, the caption of a figure, the code of a cell or what a cell prints. What is folded
away, the quiz, the fields of the exercises and the sources are not looked at.
"""

import re
from pathlib import Path
from typing import NamedTuple

import nbformat
import yaml

from oracles.pages import NAMES, ROOT, _read, bundles, cells, tags

REGISTER = ROOT / "tests" / "book" / "reading_order.yml"
FORMULAS = ("loss", "cure", "divergence", "distance")
ORDER = [Path(name).name for name in NAMES[: next(i for i, n in enumerate(NAMES) if "/solutions/" in n)]]
"""The pages that are read in a row, from the first to the last chapter."""


class Thing(NamedTuple):
    """Something that is defined once: its `name`, `kind` and page `home`; `mention` finds it in a text."""

    name: str
    kind: str
    home: str
    mention: re.Pattern


class Piece(NamedTuple):
    """A piece of a page: its `kind` (text, code, output), its source, whether it is on the first screen."""

    kind: str
    source: str
    first: bool


def things(register=None):
    """All that is registered, in the order of the file."""
    register = register or yaml.safe_load(REGISTER.read_text(encoding="utf-8"))
    return [
        Thing(name, kind, home, _mention(name, more))
        for home, kinds in register.items()
        if home != "known"
        for kind, entries in kinds.items()
        for name, more in map(_entry, entries)
    ]


def _entry(entry):
    return next(iter(entry.items())) if isinstance(entry, dict) else (entry, [])


def _mention(name, more):
    """A name in its plural as well, with spaces for hyphens; `only` gives patterns in its place."""
    own = [] if isinstance(more, dict) else [rf"\b{re.sub('[ -]', '[ -]', name)}(?:s|es)?\b"]
    return re.compile("|".join([*own, *(more["only"] if isinstance(more, dict) else more)]), re.I)


# Pages as pieces


def pieces(page):
    """The pieces of a page, given as its cells."""
    found, first = [], True
    for cell in page:
        hidden = tags(cell)
        if cell.cell_type == "markdown":
            for block in re.split(r"\n\s*\n", cell.source):
                first = first and not block.startswith("## ")
                if not block.startswith("**Sources.**"):
                    found.append(Piece("text", block, first))
        elif not hidden & {"hide-cell", "remove-cell", "quiz", "exercise"}:
            if not hidden & {"hide-input", "remove-input"}:
                found.append(Piece("code", cell.source, first))
            if not hidden & {"hide-output", "remove-output"}:
                found += [Piece("output", text, first) for text in _printed(cell) if text.strip()]
            words = cell.metadata.get("mystnb", {})
            caption = words.get("figure", {}).get("caption")
            found += [Piece("text", caption, first)] if caption else []
    return found


def _printed(cell):
    for output in cell.get("outputs", ()):
        yield output.get("text", "")
    for data in bundles(cell):
        yield (
            _read(data["text/html"])
            if "text/html" in data
            else data.get("text/latex", data.get("text/plain", ""))
        )


def said(source):
    """A text without its addresses, citations and labels."""
    text = re.sub(r"\]\([^)]*\)", "]", source)
    text = re.sub(r"\{(?:cite|eq)(?::\w)?\}`[^`]*`", "", text)
    text = re.sub(r"\{[\w:]+\}`([^`<]*) <[^`>]*>`", r"\1", text)
    text = re.sub(r"\{(?:ref|prf:ref|numref|doc)\}`[^`]*`", "", text)
    return re.sub(r"^:(?:label|name|class):.*$|^\(\S+\)=$|\$\$\s*\([\w:-]+\)", "", text, flags=re.M)


MARKS = (
    r"\*\*(.+?)\*\*",
    r"(?<![*\w])\*([^*\n][^*]*?)\*(?![*\w])",
    r"^#+ (.*)",
    r"^:::+\{[\w:]+\} (.*)",
    r"\{term\}`([^`]*)`",
)


def introduces(piece, thing):
    """Whether a piece gives a thing its name: in italics or bold, in a heading or a title, or as a term."""
    if piece.kind != "text":
        return False
    named = (match[1] for mark in MARKS for match in re.finditer(mark, piece.source, re.M | re.S))
    return any(thing.mention.search(words) for words in named)


def labels(page):
    """The labels on a page, given as its cells."""
    text = "\n".join(cell.source for cell in page if cell.cell_type == "markdown")
    names = [cell.metadata.get("mystnb", {}).get("figure", {}).get("name") for cell in page]
    written = (label for found in re.findall(_LABEL, text, re.M) for label in found)
    return set(filter(None, (*written, *names)))


_LABEL = r"^:label: (\S+)|^\((\S+)\)=$|\$\$\s*\(([\w:-]+)\)"


def leads(piece, thing, there, *, here=False):
    """Whether a text links to the place of a thing: its page, or a label in `there`; a word may be a term.

    A link whose words name the thing leads to it, whatever its page.
    `here`: the text is on the page of the thing, where a link to a section leads there too.
    """
    home = rf"\]\((?:\.\./)?{thing.home}\.(?:ipynb|md)(?:#[^)]*)?\)" + (r"|\]\(#[^)]*\)" if here else "")
    roles = re.findall(r"\{(?:eq|ref|prf:ref|numref)\}`(?:[^`<]*<)?([^`>]+)>?`", piece.source)
    terms = re.findall(r"\{term\}`([^`]*)`", piece.source) if thing.kind == "term" else []
    linked = re.findall(r"\[([^\]]*)\]\([\w./]+\.(?:ipynb|md)", piece.source)
    return (
        re.search(home, piece.source) is not None
        or any(thing.mention.search(words) for words in linked)
        or any(role in there for role in roles)
        or any(thing.mention.search(term) for term in terms)
    )


# What is used too early


def early(page, order, registered, places):
    """The things that a page uses before their own page, without a link to it: {name: where}.

    `page`: its pieces; `order`: the names of the pages from this one on; `places`: the labels of each page.
    """
    faults = {}
    for thing in registered:
        if thing.home in order[1:]:
            at = next((i for i, piece in enumerate(page) if thing.mention.search(said(piece.source))), None)
            if at is not None and not any(
                leads(piece, thing, places.get(thing.home, ())) for piece in _around(page, at)
            ):
                faults[thing.name] = _excerpt(page[at], thing)
    return faults


def unmarked(page, home, registered, places):
    """The things at home on a page that are used there before they get their name: {name: where}."""
    faults = {}
    for thing in registered:
        if thing.home == home:
            place = next((i for i, piece in enumerate(page) if introduces(piece, thing)), None)
            for i, piece in enumerate(page[: place if place is not None else len(page)]):
                if piece.first or not thing.mention.search(said(piece.source)):
                    continue
                if not any(leads(one, thing, places.get(home, ()), here=True) for one in _around(page, i)):
                    faults[thing.name] = _excerpt(piece, thing)
                break
            if place is None:
                faults.setdefault(thing.name, "nowhere in italics or bold, in a heading or as a term")
    return faults


def unwritten(page, home, registered):
    """The losses, cures, divergences and distances of a page without formula or code where they are named."""
    faults = []
    for thing in registered:
        if thing.home == home and thing.kind in FORMULAS:
            places = [i for i, piece in enumerate(page) if introduces(piece, thing)]
            if places and not any(_formula(piece) for i in places for piece in page[i : i + 6]):
                faults.append(thing.name)
    return faults


def _around(page, at):
    """A paragraph alone; of code and of what it prints, the paragraphs before and after as well."""
    if page[at].kind == "text":
        return [page[at]]
    texts = [i for i, piece in enumerate(page) if piece.kind == "text"]
    before, after = [i for i in texts if i < at][-1:], [i for i in texts if i > at][:1]
    return [page[i] for i in (*before, *after)]


def _formula(piece):
    return piece.kind == "code" or re.search(
        r"\$[^$]*(?:=|\\to|\\sum|\\mathbb)[^$]*\$|^```", piece.source, re.M
    )


def _excerpt(piece, thing):
    text = " ".join(said(piece.source).split())
    at = thing.mention.search(text)
    start = max(at.start() - 40, 0) if at else 0
    return f"{piece.kind}: ...{text[start : start + 110]}"


def read(name):
    """The cells of a page of the reading order, by its name."""
    path = next(path for kind in ("md", "ipynb") if (path := ROOT / "book" / f"{name}.{kind}").exists())
    return cells(path)


def markdown(*blocks):
    """Cells of a page in Markdown, for trials."""
    return [nbformat.v4.new_markdown_cell("\n\n".join(blocks))]
