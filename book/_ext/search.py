"""The Sphinx extension that makes the search of the book: one entry a section, in a reader's words.

`_static/search/entries.js` holds the entries and the words of `book/search.yml`; `book/static/search.js`
ranks them with MiniSearch, whose words are stemmed by the script that Sphinx brings for its own index.
"""

from __future__ import annotations

import json
from pathlib import Path

import plain
import yaml
from sphinx.util import logging

__all__ = ["entries", "setup"]

logger = logging.getLogger(__name__)
WORDS = "book/search.yml"
_UNUSED = ("searchindex.js", "_static/searchtools.js")


def setup(app):
    app.connect("doctree-read", _remember, priority=900)  # once all that a page says stands there
    app.connect("build-finished", _write_entries)
    return {"version": "1", "parallel_read_safe": True}


def entries(env, address=lambda page: f"{page}.html") -> list[dict]:
    """What can be found, in the order of the book: for each section its url, page, title, text and kind."""
    found = []
    for page in env.collect_relations():
        parts = env.metadata[page]["sections"]
        first = parts[0].title if parts else page
        for part in parts:
            url = address(page) + (f"#{part.anchor}" if part.anchor else "")
            kind = part.kind if part.kind != "section" else _kind(env, page)
            found.append({"url": url, "page": first, "title": part.title, "text": part.words, "kind": kind})
    return found


def _remember(app, doctree):
    app.env.metadata[app.env.docname]["sections"] = plain.sections(doctree)


def _kind(env, page):
    if page.startswith("book/api/"):
        return "reference"
    if page.startswith("book/solutions/"):
        return "solution"
    return "chapter" if env.doc2path(page).endswith(".ipynb") else "section"


def _write_entries(app, exception):
    if exception is not None or app.builder.name != "html":
        return
    found = entries(app.env, app.builder.get_target_uri)
    deepest_first = sorted(app.env.found_docs, key=lambda page: -page.count("/"))
    pages = {Path(page).name: app.builder.get_target_uri(page) for page in deepest_first}
    known = words(Path(app.srcdir) / WORDS)
    if unknown := set(known["asked"]) - set(pages):
        logger.warning("%s names no page: %s", WORDS, ", ".join(sorted(unknown)))
    asked = {pages[page]: phrases for page, phrases in known["asked"].items() if page in pages}
    book = {"entries": found, "same": known["same"], "asked": asked}
    text = json.dumps(book, ensure_ascii=False, separators=(",", ":"))
    folder = Path(app.outdir) / "_static" / "search"
    folder.mkdir(exist_ok=True)
    (folder / "entries.js").write_text(f"globalThis.BOOK = {text};\n", encoding="utf-8")
    for name in _UNUSED:
        (Path(app.outdir) / name).unlink(missing_ok=True)


def words(path: Path) -> dict:
    """The phrases that mean the same, and those that a page is asked for; none without the file."""
    record = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    asked = {page: [str(phrase) for phrase in phrases] for page, phrases in record.get("asked", {}).items()}
    return {"same": [[str(phrase) for phrase in group] for group in record.get("same", [])], "asked": asked}
