"""The Sphinx extension for symbols that light up: the list of them, made from the page of symbols.

Each row of a table of `notation` is an entry: its symbols, what they mean, their names in code, and in
italics their names in figures. A table below a link to a chapter holds in this chapter and its solutions
alone, where it comes before the others. `static/symbols.js` loads the list when a reader points at a symbol.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import minimax
import plain
from docutils import nodes
from sphinx import addnodes

__all__ = ["entries", "setup"]

PAGE = "book/notation"
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_HEAD = re.compile(r"(?:\{(?:[^{}]|\{[^{}]*\})*\}|[^\s(={}])+")
_LINKS = (addnodes.pending_xref, nodes.reference)


def setup(app):
    app.connect("doctree-read", _name_rows)
    app.connect("html-page-context", _offer)
    app.connect("html-collect-pages", _write)
    return {"version": "1", "parallel_read_safe": True}


def _rows(doctree: nodes.document) -> Iterator[tuple[str, nodes.row]]:
    """The rows of the tables of symbols, each with the chapter that it belongs to, "" for the whole book."""
    chapter = ""
    for node in doctree.findall(lambda node: isinstance(node, (nodes.paragraph, nodes.tbody, nodes.section))):
        if isinstance(node, nodes.tbody):
            yield from ((chapter, row) for row in node.children)
        elif isinstance(node, nodes.section):
            chapter = ""
        elif isinstance(node.parent, nodes.section):
            chapter = _linked(node) or chapter


def _linked(paragraph):
    """The chapter that a paragraph names in bold before a table; "" where it names none."""
    bold = next((child for child in paragraph.children if isinstance(child, nodes.strong)), None)
    links = () if bold is None else bold.findall(lambda node: isinstance(node, _LINKS))
    return next((PurePosixPath(link.get("reftarget") or link.get("refuri", "")).stem for link in links), "")


def _name_rows(app, doctree):
    """Each row gets an address."""
    if app.env.docname != PAGE:
        return
    taken: set[str] = set()
    for chapter, row in _rows(doctree):
        first = _said(next(iter(row[0].findall(nodes.math))).astext())
        name = "-".join(filter(None, ("symbol", chapter.replace("_", "-"), _slug(first))))
        while name in taken:
            name += "-2"
        taken.add(name)
        row["ids"].append(name)


def _slug(text):
    """What may stand in an address of a symbol as one says it: `p_θ` is `p-theta`.

    >>> _slug("p_θ"), _slug("D^*")
    ('p-theta', 'D-star')
    """
    said = (
        c if c.isascii() else f" {unicodedata.name(c).split()[-1].lower().replace('lamda', 'lambda')} "
        for c in text
    )
    return re.sub(r"[^a-z0-9A-Z]+", "-", "".join(said).replace("*", " star ")).strip("-")


def _said(latex):
    r"""A symbol as text, its accent in words.

    >>> _said(r"\hat{x}"), _said("p_g")
    ('x hat', 'p_g')
    """
    accent = re.match(r"\\(hat|bar|tilde)\b", latex)
    return plain.readable(latex) + (f" {accent[1]}" if accent else "")


def entries(doctree: nodes.document, rendered: Callable[[nodes.Node], str]) -> list[dict[str, Any]]:
    """The symbols of a resolved page of symbols; `rendered` gives the HTML of what stands in a cell.

    Each has its `html` and `text`, whether it is `applied`, that is, written with a bracket after it, the
    HTML of its `row` and `meaning`, what is `said` of it as text, its names in `code` and in `figures`, its
    `chapter` and the `id` of its row. Names in code that are as many as the symbols of a row belong to one
    each.
    """
    found = []
    for chapter, row in _rows(doctree):
        symbols, meaning, names = row.children
        heads: dict[str, str] = {}
        for latex in (node.astext() for node in symbols.findall(nodes.math)):
            head = _HEAD.match(latex)[0]
            if latex[len(head) :].startswith("(") or head not in heads:
                heads[head] = latex
        code = [text for node in names.findall(nodes.literal) if _NAME.fullmatch(text := node.astext())]
        figures = [node.astext() for node in names.findall(nodes.emphasis)]
        shared = {"row": rendered(symbols), "meaning": rendered(meaning), "said": plain.text(meaning)}
        shared |= {"figures": figures, "chapter": chapter, "id": row["ids"][0]}
        for i, (head, latex) in enumerate(heads.items()):
            applied = latex[len(head) :].startswith("(")
            twin = applied and any(each["head"] == head and each["chapter"] == chapter for each in found)
            drawn = latex if twin else head
            own = code[i : i + 1] if len(code) == len(heads) else code
            found.append(
                shared
                | {"head": head, "html": minimax.typeset(drawn), "text": _said(drawn)}
                | {"applied": applied, "code": own}
            )
    return found


def _offer(app, pagename, templatename, context, doctree):
    """A page with mathematics has button and script; the reference of the package has letters of its own."""
    body = context.get("body") or ""
    context["symbols_listed"] = listed = (
        app.builder.name == "html"
        and PAGE in app.env.found_docs
        and 'class="katex' in body
        and not pagename.startswith("book/api/")
    )
    if listed:
        chapter = PurePosixPath(pagename).name
        app.add_js_file("symbols.js", loading_method="defer", **{"data-chapter": chapter})


def _write(app):
    """The list of symbols, as a script, which a page opened from a disk may load too; it makes no page."""
    if app.builder.name == "html" and PAGE in app.env.found_docs:
        doctree = app.env.get_and_resolve_doctree(PAGE, app.builder)

        def rendered(cell):
            parts = (app.builder.render_partial(child)["fragment"] for child in cell.children)
            return re.sub(r"</?p>", "", "".join(parts)).strip()

        found = entries(doctree, rendered)
        known = {"page": app.builder.get_target_uri(PAGE), "symbols": found}
        known["code"] = sorted({name for symbol in found for name in symbol["code"]})
        folder = Path(app.outdir) / "_static" / "symbols"
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
        (folder / "list.js").write_text(f"globalThis.SYMBOLS = {text};\n", encoding="utf-8")
    return []
