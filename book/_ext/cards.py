"""The Sphinx extension of the corrections: each is a card with an address, and says what was computed for it.

What the tests compute for a formula is in `cards.json`, which `pictures/run_it.py` writes. Below an entry
stand a fold with both sides at each place, and a link to the entry alone, to be passed on.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from pathlib import Path

from docutils import nodes
from minimax import typeset

__all__ = ["setup", "table"]

BOOK = Path(__file__).resolve().parents[1]
PAGE, LABEL = "book/corrections", "corr-"
_NAMES = {"lambda": r"\lambda", "mu": r"\mu", "sigma": r"\sigma", "gamma": r"\gamma", "theta": r"\theta"}
_COMPUTED = "What the tests compute"
_RELATION = re.compile(r"(=|\\le(?![a-z])|\\ge(?![a-z])|<|>)")
_SIGNS = {r"\le": "≤", r"\ge": "≥"}


def setup(app):
    app.add_config_value("cards_sources", _digest(), "env", types=[str])
    app.connect("doctree-read", _complete)
    app.connect("html-page-context", _load)
    return {"version": "1", "parallel_read_safe": True}


def _digest():
    return hashlib.sha256((BOOK / "cards.json").read_bytes()).hexdigest()


def _load(app, pagename, templatename, context, doctree):
    if pagename == PAGE:
        app.add_js_file("cards.js", loading_method="defer")


def _complete(app, doctree):
    if app.env.docname != PAGE:
        return
    cards = json.loads((BOOK / "cards.json").read_text(encoding="utf-8"))
    for section in list(doctree.findall(nodes.section)):
        labels = [name for name in section["ids"] if name.startswith(LABEL)]
        if labels:
            section["classes"].append("card-of-one")
            section.append(nodes.raw(text=_foot(labels[0], cards.get(labels[0], [])), format="html"))


def _foot(label, rows):
    link = f'<a class="share" href="#{label}">Link to this card</a>'
    fold = ""
    if rows:
        ran = f'<div class="ran" tabindex="0" role="group" aria-label="{_COMPUTED}">{table(rows)}</div>'
        fold = f"<details><summary>Run it: what the tests compute</summary>{ran}</details>"
    return f'<div class="card-foot">{fold}{link}</div>'


def table(rows: list[dict]) -> str:
    """The rows of a card as an HTML table: below each formula its places, both sides, and the verdict."""
    head = "".join(f'<th scope="col">{text}</th>' for text in ("At", "Computed", "Holds"))
    bodies: dict[str, str] = {}
    for row in rows:
        said = f"{row['field']}: {typeset(row['formula'])}"
        verdict = "yes" if row["holds"] else "no"
        cells = (_place(row["at"]), _computed(row), f"<b>{verdict}</b>")
        bodies[said] = bodies.get(said, "") + f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    body = "".join(
        f'<tbody><tr><th colspan="3" scope="rowgroup">{said}</th></tr>{lines}</tbody>'
        for said, lines in bodies.items()
    )
    return f"<table><thead><tr>{head}</tr></thead>{body}</table>"


def _place(at):
    names = (f"{typeset(_name(name))} = {_text(value)}" for name, value in at.items())
    return ", ".join(names) or "&nbsp;"


def _name(name):
    first, _, below = name.partition("_")
    head = _NAMES.get(first, first if len(first) == 1 else rf"\text{{{first}}}")
    return rf"{head}_{{\text{{{below}}}}}" if below else head


def _computed(row):
    signs = [_SIGNS.get(sign, sign) for sign in _RELATION.findall(row["formula"])]
    first, *others = map(_text, row["sides"])
    signs = signs[: len(others)] if len(signs) >= len(others) else ["="] * len(others)
    shown = "".join(f" {sign} {value}" for sign, value in zip(signs, others, strict=True))
    return html.escape(first + shown) + ("" if row["holds"] else " ?")


def _text(value):
    return f"{value:.4g}".replace("-", "−").replace("inf", "∞")
