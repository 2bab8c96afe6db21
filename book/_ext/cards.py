"""The Sphinx extension of the corrections: each is a card with a page of its own, which computes it.

What the tests compute for a formula is in `cards.json`, which `pictures/run_it.py` writes; a fold below an
entry holds both sides at each place. `run_it.yml` says what the page of a card computes again when asked. The
page of an entry is made of the entry, so that nothing is written twice; the search finds the entry alone.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from pathlib import Path, PurePosixPath

import plain
import yaml
from docutils import nodes
from minimax import typeset

__all__ = ["address", "pages", "setup", "table"]

BOOK = Path(__file__).resolve().parents[1]
PAGE, LABEL = "book/corrections", "corr-"
_SOURCES = ("cards.json", "run_it.yml")
_NAMES = {"lambda": r"\lambda", "mu": r"\mu", "sigma": r"\sigma", "gamma": r"\gamma", "theta": r"\theta"}
_COMPUTED = "What the tests compute"
_RELATION = re.compile(r"(=|\\le(?![a-z])|\\ge(?![a-z])|<|>)")
_NUMBER = re.compile(r'<span class="section-number">.*?</span>')
_SIGNS = {r"\le": "≤", r"\ge": "≥"}
_LONGEST = 160


def setup(app):
    app.add_config_value("cards_sources", _digest(), "env", types=[str])
    app.connect("doctree-read", _complete)
    app.connect("html-collect-pages", pages)
    app.connect("html-page-context", _load, priority=400)
    return {"version": "1", "parallel_read_safe": True}


def _digest():
    return hashlib.sha256(b"".join((BOOK / name).read_bytes() for name in _SOURCES)).hexdigest()


def _load(app, pagename, templatename, context, doctree):
    if pagename in getattr(app, "cards", ()):
        app.add_js_file("cards.js", loading_method="defer")
    if 'class="prove-run"' in (context.get("body") or ""):
        app.add_js_file("prove.js", loading_method="defer")
        app.add_js_file("run.js", loading_method="defer")


def _page_of(label):
    return f"{PurePosixPath(PAGE).parent}/correction-{label.removeprefix(LABEL)}"


def address(label: str) -> str:
    """The address of the page of a card, as seen from the page of all.

    >>> address("corr-minus")
    'correction-minus.html'
    """
    return f"{PurePosixPath(_page_of(label)).name}.html"


def _entries(doctree):
    """The entries of the page, each with its label."""
    for section in list(doctree.findall(nodes.section)):
        for name in section["ids"]:
            if name.startswith(LABEL):
                yield name, section


# The page of all


def _complete(app, doctree):
    if app.env.docname != PAGE:
        return
    cards = json.loads((BOOK / "cards.json").read_text(encoding="utf-8"))
    for label, section in _entries(doctree):
        section["classes"].append("card-of-one")
        section.append(nodes.raw(text=_foot(label, cards.get(label, [])), format="html", classes=["foot"]))


def _foot(label, rows):
    link = f'<a class="alone" href="{address(label)}">The page of this card</a>'
    return f'<div class="card-foot">{_fold(rows)}{link}</div>'


def _fold(rows):
    if not rows:
        return ""
    ran = f'<div class="ran" tabindex="0" role="group" aria-label="{_COMPUTED}">{table(rows)}</div>'
    return f"<details><summary>Run it: what the tests compute</summary>{ran}</details>"


# The page of one


def pages(app):
    """The page of each card: its name, its context and its template."""
    app.cards = []
    if PAGE not in app.env.found_docs or app.builder.name != "html":
        return
    doctree = app.env.get_and_resolve_doctree(PAGE, app.builder)
    whole = app.builder.get_relative_uri(_page_of("x"), PAGE)
    asked = yaml.safe_load((BOOK / "run_it.yml").read_text(encoding="utf-8"))
    entries = list(_entries(doctree))
    for place, (label, section) in enumerate(entries):
        app.cards.append(_page_of(label))
        title = plain.text(section[0])
        alone = _alone(section, whole)
        beside = [entries[at] for at in (place - 1, place + 1) if 0 <= at < len(entries)]
        steps = "".join(
            f'<a href="{address(one)}">{html.escape(plain.text(of[0]))}</a>' for one, of in beside
        )
        entry = _NUMBER.sub("", app.builder.render_partial(alone)["fragment"])
        body = entry + _run(label, asked, _home(app))
        every = f'<a href="{whole}#{label}">All corrections</a>'
        body += f'<nav class="card-steps" aria-label="Cards">{every}{steps}</nav>'
        yield _page_of(label), {"title": title, "body": body, "description": _described(section)}, "page.html"


def _home(app):
    return f"{'../' * PAGE.count('/')}_static/prover/"


def _alone(section, whole):
    """An entry as a page: without the link to itself, and with links that leave it."""
    alone = section.deepcopy()
    for link in alone.findall(nodes.reference):
        if link.get("refid"):
            link["refuri"] = f"{whole}#{link['refid']}"
            del link["refid"]
    for foot in list(
        alone.findall(lambda node: "foot" in getattr(node, "attributes", {}).get("classes", ()))
    ):
        text = re.sub(
            r'<a class="alone".*?</a>', '<a class="share" href="">Link to this card</a>', foot.astext()
        )
        foot.replace_self(nodes.raw(text=text, format="html"))
    return alone


def _run(label, asked, home):
    """The place where the page computes, or which library it would need."""
    if found := asked["run"].get(label):
        data = html.escape(json.dumps(found, ensure_ascii=False))
        return f'<div class="prove-run" data-home="{home}" data-run="{data}"></div>'
    if library := asked["needs"].get(label):
        return f"<p>The tests compute this with {library}, which no page loads: what they found stands.</p>"
    return ""


def _described(section):
    """What is so, in the length of a description."""
    said = " ".join(plain.text(node) for node in section.findall(nodes.definition))
    text = f"{plain.text(section[0])}. Often said: {said}"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


# What was computed


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
