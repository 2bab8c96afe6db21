"""The slides of a chapter: its question, statements, labelled equations and figures, and what to take away.

They are one file of HTML with all that it needs inside: reveal.js and its style from `book/_teach/reveal`,
equations typeset by KaTeX as those of the book, the fonts, the notebook's figures. Nothing is loaded.
"""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path
from typing import NamedTuple

import minimax
from markdown_it import MarkdownIt

__all__ = ["Slide", "outline", "slides"]

ROOT = Path(__file__).resolve().parents[2]
REVEAL = ROOT / "book" / "_teach" / "reveal"
KATEX = ROOT / "book" / "static" / "katex"
STATEMENTS = "prf:definition|prf:theorem|prf:lemma|prf:proposition|prf:corollary"
_PART = re.compile(
    r"^(?P<fence>:{3,})\{(?P<kind>[\w:]+)\}(?P<title>[^\n]*)\n(?P<body>.*?)^(?P=fence)[ \t]*$"
    r"|\$\$(?P<latex>.+?)\$\$[ \t]*(?:\((?P<label>[\w:-]+)\))?"
    r"|^## (?P<heading>[^\n]+)$",
    re.M | re.S,
)
_DISPLAY = re.compile(r"\$\$(.+?)\$\$[ \t]*(?:\(([\w:-]+)\))?", re.S)
_MARKDOWN = MarkdownIt("commonmark")


class Slide(NamedTuple):
    """A slide: the heading above it and its content as HTML."""

    heading: str
    content: str


def slides(notebook, number: int) -> str:
    """The HTML of the slides of a chapter, `number` in the book, which opens without a network."""
    title, *_ = _first(notebook)
    shown = "\n".join(map(_section, outline(notebook, number)))
    style = (REVEAL / "reveal.css").read_text(encoding="utf-8") + _katex_style()
    style += (REVEAL / "slides.css").read_text(encoding="utf-8")
    script = (REVEAL / "reveal.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    begin = (
        "Reveal.initialize({ hash: true, controls: true, progress: true, slideNumber: 'c/t', center: false,"
        " transition: 'none', width: 1280, height: 720 });"
    )
    head = "\n".join(
        (
            '<meta charset="utf-8">',
            f"<title>{html.escape(title)}: slides</title>",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<link rel="icon" href="data:,">',
            f"<style>{style}</style>",
        )
    )
    body = f'<div class="reveal"><div class="slides">\n{shown}\n</div></div>'
    body += f"\n<script>{script}</script>\n<script>{begin}</script>"
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


def _section(slide: Slide) -> str:
    heading = f"<h2>{html.escape(slide.heading)}</h2>" if slide.heading else ""
    return f"<section>{heading}{slide.content}</section>"


def outline(notebook, number: int) -> list[Slide]:
    """The slides of a chapter in their order."""
    title, question = _first(notebook)
    numbers = _numbers(notebook, number)
    found = [Slide("", f"<h1>{html.escape(title)}</h1>{_text(question, numbers)}")]
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found += [Slide(heading, figure) for figure in _figures(cell)]
            continue
        for part in _PART.finditer(cell.source):
            if part["heading"]:
                heading = _plain(part["heading"])
            elif heading in ("Exercises", "Quiz"):
                continue
            elif part["label"]:
                found.append(Slide(heading, _equation(part["latex"], numbers[part["label"]])))
            elif part["kind"] and re.fullmatch(STATEMENTS, part["kind"]):
                found.append(Slide(heading, _statement(part, numbers)))
            elif part["kind"] and "$$" in part["body"]:
                found += [
                    Slide(heading, _equation(latex, numbers[label]))
                    for latex, label in _DISPLAY.findall(part["body"])
                    if label
                ]
    return [*_joined(found), Slide("To take away", _sized(_last(notebook), numbers))]


def _joined(found: list[Slide]) -> list[Slide]:
    """Equations below one heading that follow each other stand two on a slide."""
    joined: list[Slide] = []
    for slide in found:
        last = joined[-1] if joined else Slide("", "")
        single = last.content.count('class="equation"') == 1 and last.content.startswith(
            '<div class="equation"'
        )
        if single and slide.heading == last.heading and slide.content.startswith('<div class="equation"'):
            joined[-1] = Slide(last.heading, last.content + slide.content)
        else:
            joined.append(slide)
    return joined


def _first(notebook) -> tuple[str, str]:
    """The title of a chapter and the question below it."""
    blocks = re.split(r"\n\s*\n", notebook.cells[0].source)
    return _plain(blocks[0].removeprefix("# ")), blocks[1] if len(blocks) > 1 else ""


def _last(notebook) -> str:
    """The points of `To take away`."""
    prose = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    points = re.search(r"^## To take away$(.*?)(?=^\*\*Sources|^## |\Z)", prose, re.M | re.S)
    return points[1] if points else ""


def _numbers(notebook, chapter: int) -> dict[str, str]:
    """The number of each labelled equation, as in the book: 1.1, 1.2 and so on."""
    prose = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    labels = [label for _, label in _DISPLAY.findall(prose) if label]
    return {label: f"{chapter}.{place}" for place, label in enumerate(labels, 1)}


def _figures(cell) -> list[str]:
    """The figures that a cell shows, each with its caption, as HTML."""
    words = cell.metadata.get("mystnb", {})
    alt = html.escape(words.get("image", {}).get("alt", ""))
    caption = re.sub(r"</?p>\n?", "", _text(words.get("figure", {}).get("caption", ""), {}))
    found = []
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        if "image/png" in data:
            image = f'<img src="data:image/png;base64,{"".join(data["image/png"].split())}" alt="{alt}">'
            found.append(f"<figure>{image}<figcaption>{caption}</figcaption></figure>")
        elif data.get("text/html", "").lstrip().startswith("<figure") and "<script" not in data["text/html"]:
            found.append(data["text/html"])
    return found


def _statement(part, numbers) -> str:
    kind = part["kind"].removeprefix("prf:").capitalize()
    title = _plain(part["title"].strip())
    body = re.sub(r"^:\w+:.*$", "", part["body"], flags=re.M)
    return f'<div class="statement"><h3>{kind}: {html.escape(title)}</h3>{_sized(body, numbers)}</div>'


def _equation(latex: str, number: str) -> str:
    typeset = minimax.typeset(latex.strip(), {"displayMode": True})
    label = f'<span class="number">({number})</span>' if number else ""
    return f'<div class="equation">{typeset}{label}</div>'


def _sized(markdown: str, numbers: dict[str, str]) -> str:
    """A text as HTML, in smaller type if it is long."""
    size = "long" if len(markdown) > 550 else "short"
    return f'<div class="{size}">{_text(markdown, numbers)}</div>'


def _text(markdown: str, numbers: dict[str, str]) -> str:
    """Markdown with formulas and roles as HTML; a citation is left out."""
    kept: list[str] = []

    def keep(piece: str) -> str:
        kept.append(piece)
        return f"\ue000{len(kept) - 1}\ue001"

    text = re.sub(r"\s*\{cite(?::\w)?\}`[^`]*`", "", markdown)
    text = _DISPLAY.sub(lambda m: "\n\n" + keep(_equation(m[1], numbers.get(m[2], ""))) + "\n\n", text)
    text = re.sub(r"\$([^$]+)\$", lambda m: keep(minimax.typeset(m[1])), text)
    text = re.sub(r"\{eq\}`([^`]*)`", lambda m: f"({numbers[m[1]]})" if m[1] in numbers else "above", text)
    text = re.sub(r"\{[\w:]+\}`([^`<]*?)(?: <[^`]*)?`", lambda m: m[1].split("-theorem-")[-1], text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    made = _MARKDOWN.render(text)
    made = re.sub(r"<p>\ue000(\d+)\ue001</p>", "\ue000\\1\ue001", made)
    return re.sub(r"\ue000(\d+)\ue001", lambda m: kept[int(m[1])], made)


def _plain(markdown: str) -> str:
    return re.sub(r"[*`]|\{[\w:]+\}", "", markdown).strip()


def _katex_style() -> str:
    style = (KATEX / "katex.min.css").read_text(encoding="utf-8")

    def embedded(match):
        font = base64.b64encode((KATEX / match[1]).read_bytes()).decode()
        return f"url(data:font/woff2;base64,{font})"

    return re.sub(r"url\(([\w./-]+\.woff2)\)", embedded, style)
