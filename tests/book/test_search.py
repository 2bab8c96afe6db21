"""Pages as plain text, as the search and the descriptions of pages have them."""

import plain
import pytest
from docutils import nodes

LATEX = {
    r"\mathbb{E}_{x \sim p}\left[\log D(x)\right] \le \tfrac{1}{2}": "E_x ~ p[log D(x)] ≤ 1/2",
    r"\begin{aligned} a &= b \\ &= \frac{\alpha}{\sigma} \end{aligned}": "a = b = α/σ",
    r"\operatorname{KL}(p \,\|\, q) \neq \infty": "KL(p ‖ q) ≠ ∞",
    r"p_{\text{data}}": "p_data",
}


@pytest.mark.parametrize("latex", LATEX)
def test_an_equation_is_a_line_of_text_without_commands_or_braces(latex):
    assert plain.readable(latex) == LATEX[latex]


def page(*sections):
    """A page of sections, (title, its nodes), the first of which holds the others."""
    made = [
        nodes.section("", nodes.title("", title), *inside, ids=[title.lower()]) for title, *inside in sections
    ]
    made[0] += made[1:]
    doctree = nodes.document(None, None)
    doctree += made[0]
    return doctree


def test_each_section_is_found_once_with_its_own_words():
    inside = nodes.section("", nodes.paragraph("", "of a theorem"), ids=["proof-content"])
    code = nodes.literal_block("", "import torch")
    math = nodes.paragraph("", "", nodes.Text("Here "), nodes.math("", r"\alpha"))
    doctree = page(("First", nodes.paragraph("", "One.")), ("Second", math, inside, code))
    assert plain.sections(doctree) == [
        ("", "First", "One.", "section"),
        ("second", "Second", "Here α of a theorem", "section"),
    ]


def test_a_description_is_whole_sentences_or_ends_at_a_word():
    short = "This is the first sentence of a page, and it has a length of its own."
    assert plain.first_sentences(page(("T", nodes.paragraph("", f"{short} {'x' * 150}.")))) == short
    long = plain.first_sentences(page(("T", nodes.paragraph("", "word " * 60))))
    assert long.endswith("word…")
    assert len(long) <= 160
