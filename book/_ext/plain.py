"""Pages as plain text: what a search index, a title and a description hold of them.

An equation is written as one would say it in a line of text, `E[log D(x)]`, and once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from docutils import nodes
from sphinx import addnodes

__all__ = ["Section", "first_sentences", "readable", "sections", "text"]

_GREEK = "alpha beta gamma delta epsilon varepsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau "
_GREEK += "phi varphi chi psi omega"
_LETTERS = dict(zip(_GREEK.split(), "αβγδεεζηθκλμνξπρστφφχψω", strict=True))
_LETTERS |= {name.capitalize(): letter.upper() for name, letter in _LETTERS.items()}
_NAMES = (
    "sim ~ le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ infty ∞ to → cdot · times × partial ∂ nabla ∇ int ∫ sum Σ prod Π "
)
_NAMES += "in ∈ mid | | ‖ lVert ‖ rVert ‖ approx ≈ pm ± ldots … dots … star * ast *"
_SIGNS = dict(zip(_NAMES.split()[::2], _NAMES.split()[1::2], strict=True))
_SIGNS |= dict.fromkeys(("quad", "qquad", ",", ";", ":", " "), " ") | {"!": ""}
_STYLE = re.compile(
    r"\\(?:math(?:bb|cal|rm|bf|it)|operatorname\*?|text\w*|boldsymbol|hat|bar|(?:wide)?tilde|overline)\b\s*"
    r"|\\(?:left|right|[bB]igg?)[lr]?\b"
)
_ROWS = re.compile(r"\\(?:begin|end)\{\w+\*?\}(?:\{[^}]*\})?|\\\\|[&$]")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_LEFT_OUT = (
    nodes.comment,
    nodes.raw,
    nodes.literal_block,
    nodes.image,
    nodes.system_message,
    nodes.target,
    nodes.substitution_definition,
    nodes.doctest_block,
    addnodes.index,
    addnodes.toctree,
    addnodes.desc,
)
_HIDDEN = {"solution", "cell_input", "tag_remove-cell", "tag_exercise", "checked"}


class Section(NamedTuple):
    """A section of a page: its `anchor` ("" for the page itself), `title`, `words`, and its `kind`."""

    anchor: str
    title: str
    words: str
    kind: str


def readable(latex: str) -> str:
    """LaTeX as one line of plain text."""
    line = _STYLE.sub("", _ROWS.sub(" ", latex))
    while (shorter := _FRACTION.sub(r"\1/\2", line)) != line:
        line = shorter
    line = re.sub(r"\\([A-Za-z]+|.)", lambda m: _LETTERS.get(m[1]) or _SIGNS.get(m[1], m[1]), line)
    return re.sub(r"\s+", " ", re.sub(r"[{}]", "", line)).strip()


def text(node: nodes.Node) -> str:
    """What one reads of a node, without the sections below it, code, and what is folded or scripted."""
    return re.sub(r"\s+", " ", "".join(_pieces(node))).strip()


def _pieces(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Text):
        yield str(node)
    elif getattr(node, "attributes", {}).get("refdomain") == "cite":
        return  # a key, which becomes author and year when the page is written
    elif isinstance(node, (nodes.math, nodes.math_block)):
        yield readable(node.astext())
    elif not isinstance(node, _LEFT_OUT) and not _HIDDEN & set(
        getattr(node, "attributes", {}).get("classes", ())
    ):
        for child in node.children:
            if not (_is_titled(child) or (_is_titled(node) and isinstance(child, nodes.title))):
                yield from _pieces(child)
        if isinstance(
            node, (nodes.paragraph, nodes.title, nodes.math_block, nodes.list_item, nodes.term, nodes.entry)
        ):
            yield " "


def _is_titled(node: nodes.Node) -> bool:
    """Whether a node is a section that a reader sees as one; the inside of a theorem is another."""
    return isinstance(node, nodes.section) and isinstance(node[0], nodes.title)


def sections(doctree: nodes.Node) -> list[Section]:
    """The sections of a page, the terms that it defines, and what it documents, each once."""
    found = []
    for section in filter(_is_titled, doctree.findall(nodes.section)):
        anchor = "" if section.parent is doctree else section["ids"][0]
        found.append(Section(anchor, text(section[0]), text(section), "section"))
    for term in doctree.findall(nodes.term):
        if term["ids"] and isinstance(term.parent.parent.parent, addnodes.glossary):
            found.append(Section(term["ids"][0], text(term), text(term.parent[-1]), "term"))
    for name in doctree.findall(addnodes.desc_signature):
        if name["ids"] and not isinstance(name.parent.parent.parent, addnodes.desc):
            meaning = " ".join(text(paragraph) for paragraph in name.parent[-1].findall(nodes.paragraph))
            found.append(Section(name["ids"][0], name["ids"][0].removeprefix("ganlab."), meaning, "object"))
    return [section for section in found if section.title]


def first_sentences(doctree: nodes.Node, most: int = 160) -> str:
    """The first sentences of a page, up to `most` characters; one that is longer ends at a word."""
    paragraphs = (text(node) for node in doctree.findall(nodes.paragraph) if _in_the_text(node))
    found = ""
    for sentence in (s for paragraph in paragraphs for s in re.split(r"(?<=[.?!])\s+", paragraph) if s):
        if len(found) >= 50 and len(found) + 1 + len(sentence) > most:
            break
        found = f"{found} {sentence}".strip()
    return found if len(found) <= most else found[: most - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def _in_the_text(node: nodes.Node) -> bool:
    above = node.parent
    while above is not None:
        if isinstance(above, (nodes.Admonition, nodes.table, nodes.footnote, nodes.caption, *_LEFT_OUT[:-1])):
            return False
        above = above.parent
    return True
