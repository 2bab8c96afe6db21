"""Symbols that light up: what a reader points at, taps or walks to is marked where it stands, and no other.

Truth is what a browser marks on a small book with a table of symbols of its own, and for the real table the
letters that stand in the chapters.
"""

import gzip
import json
import re

import nbformat
import pytest
from oracles.pages import CHAPTERS, ROOT
from oracles.sites import AXE, DESKTOP, LOOK, PHONE, WIDTH, built, parsed, served, small_book, visit

TABLE = "```{{table}}\n| symbol | meaning | in the code, *in figures* |\n|---|---|---|\n{}\n```\n"
GENERAL = r"""| $p$, $q$ | two distributions | `p`, `q` |
| $p_g$ | the law of what is made | `p_g`, `losses.hinge`, *generated* |
| $D$, $D(x)$ | the judge | `judge` |
| $D^{*}$ | the best judge | |
| $N$ | how many | |
| $N(\mu, \tau^{2})$, $\tau$ | a normal law | |
| $\mathbb{E}_{x \sim p}$ | a mean over $x$, see {eq}`one` | |
| $\hat{x}$ | a point between | |
| $\lambda$ | the weight of a penalty | `weight` |"""
OWN = "| $K$, $N$ | the number of modes, and of blobs | `modes`, `blobs` |"
NOTATION = "\n\n".join(
    [
        "# Notation",
        TABLE.format(GENERAL),
        "## Letters of one chapter",
        "**In [Second](second.md):**",
        TABLE.format(OWN),
    ]
)
FIRST = r"""# First

Here $p_g$ and $p$ and $D^{*}$ and $D(x)$, $D^{2}$ and $D'$, $N(0, \tau^{2})$ of $N$,
$p_h$, $\hat{x}$, `p_g`, $K$.

$$
\mathbb{E}_{x \sim p}[\log D^{*}(x)] = \frac{p}{p + p_g} + e^{-\lambda}
$$ (one)

Later $p_g$ again.

```python
loss = losses.hinge(p_g, weight=2) + other.p
```

<div class="part"><ul class="legend"><li>generated</li><li>regenerated</li><li>D*(x)</li></ul></div>
"""
PAGES = {
    "first": FIRST,
    "second": "# Second\n\nThe $K$ of $N$ and $N(0, 1)$, with $p_g$.\n",
    "notation": NOTATION,
    "plain": "# Plain\n\nNo formula.\n",
}
LIT = """() => [...document.querySelectorAll("article .lit")].map((node) => node.matches("code, pre *, li")
  ? node.textContent : node.closest(".katex").querySelector("annotation").textContent.trim())"""


@pytest.fixture(scope="module")
def little(tmp_path_factory):
    folder = small_book(tmp_path_factory.mktemp("b") / "b", PAGES)
    return built(folder)


@pytest.fixture(scope="module")
def home(little):
    with served(little) as address:
        yield f"{address}/book"


def symbol(tab, latex, nth=0):
    """What is drawn of a formula in the text, by its LaTeX."""
    formulas = tab.locator("article p .katex").filter(
        has=tab.locator("annotation", has_text=re.compile(f"^{re.escape(latex)}$"))
    )
    return formulas.nth(nth).locator(".katex-html .mord").first


def card(tab):
    return tab.get_by_role("region", name="Symbols")


def pointed(tab, latex):
    """What is marked when the mouse rests on a symbol, by its formulas, names and entries."""
    tab.mouse.move(2, 2)
    tab.locator(".lit").first.wait_for(state="hidden")
    symbol(tab, latex).hover()
    tab.locator("article .lit").first.wait_for()
    return tab.evaluate(LIT)


# What lights


EQUATION = r"\mathbb{E}_{x \sim p}[\log D^{*}(x)] = \frac{p}{p + p_g} + e^{-\lambda}"


def test_the_mouse_lights_a_symbol_in_equation_text_code_and_legend_and_no_other(browser, home):
    with visit(browser, f"{home}/first.html", viewport=DESKTOP) as tab:
        assert not [url for url in tab.visited if "/symbols/" in url]
        lit = pointed(tab, "p_g")
        assert lit == ["p_g", "p_g", EQUATION, "p_g", "losses", ".", "hinge", "p_g", "generated"]
        assert "the law of what is made" in card(tab).inner_text()
        assert "1 of 3 places" in card(tab).inner_text()
        assert (
            card(tab)
            .get_by_role("link", name="In the table of symbols")
            .get_attribute("href")
            .endswith("/book/notation.html#symbol-p-g")
        )
        assert pointed(tab, "p") == ["p", EQUATION, EQUATION, EQUATION]
        assert pointed(tab, "D^{*}") == ["D^{*}", EQUATION, "D*(x)"]
        assert pointed(tab, "D(x)") == ["D(x)", "D^{2}"]
        assert pointed(tab, r"\hat{x}") == [r"\hat{x}"]
        assert tab.complaints == []


def test_a_letter_with_an_index_a_star_or_a_hat_is_not_lit_by_the_letter(browser, home):
    with visit(browser, f"{home}/first.html", viewport=DESKTOP) as tab:
        pointed(tab, "p")
        drawn = tab.locator("article p .katex .lit").all_text_contents()
        assert drawn == ["p"]
        others = ["p_g", "D^{*}", "p_h", "D'", r"\hat{x}"]
        for latex in others:
            formula = symbol(tab, latex).locator("xpath=ancestor::*[contains(@class, 'katex-html')]")
            assert formula.locator(".lit").count() == 0, latex
        for latex in ("p_h", "D'", "K"):  # of no row, or of another chapter's
            symbol(tab, latex).hover()
            tab.wait_for_timeout(400)
            assert card(tab).count() == 0 or card(tab).is_hidden(), latex


def test_a_letter_before_a_bracket_may_be_another(browser, home):
    with visit(browser, f"{home}/first.html", viewport=DESKTOP) as tab:
        assert pointed(tab, "N") == ["N"]
        assert "how many" in card(tab).inner_text()
        assert pointed(tab, r"N(0, \tau^{2})") == [r"N(0, \tau^{2})"]
        assert "a normal law" in card(tab).inner_text()


def test_a_chapter_shows_its_own_meaning_of_a_letter(browser, home):
    with visit(browser, f"{home}/second.html", viewport=DESKTOP) as tab:
        assert pointed(tab, "K") == ["K"]
        assert "the number of modes, and of blobs" in card(tab).inner_text()
        assert card(tab).locator("code").all_inner_texts() == ["modes"]
        assert pointed(tab, "N") == ["N", "N(0, 1)"]
        assert "of blobs" in card(tab).inner_text()


def test_the_sign_is_a_frame_and_stays_where_the_pointer_goes_to_the_card(browser, home):
    with visit(browser, f"{home}/first.html", viewport=DESKTOP, reduced_motion="reduce") as tab:
        before = tab.evaluate("document.documentElement.scrollHeight")
        pointed(tab, "p_g")
        assert tab.evaluate("document.documentElement.scrollHeight") == before
        assert tab.locator(".lit").first.evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
        assert tab.evaluate("document.getAnimations().length") == 0
        card(tab).hover()
        tab.wait_for_timeout(500)
        assert card(tab).is_visible()
        card(tab).get_by_role("button", name="Next").click()
        assert "2 of 3 places" in card(tab).inner_text()
        tab.keyboard.press("Escape")
        assert card(tab).is_hidden()
        assert tab.locator(".lit").count() == 0


# By keyboard and by touch


def test_one_button_opens_the_list_and_the_arrows_walk_it(browser, home):
    with visit(browser, f"{home}/first.html", viewport=DESKTOP) as tab:
        button = tab.get_by_role("button", name="Symbols on this page")
        button.focus()
        tab.keyboard.press("Enter")
        chips = tab.get_by_role("toolbar", name="Symbols on this page").get_by_role("button")
        chips.first.wait_for()
        names = [chip.get_attribute("aria-label") for chip in chips.all()]
        assert names[0] == "p_g: the law of what is made"
        assert [chip.get_attribute("tabindex") for chip in chips.all()].count("0") == 1
        tab.keyboard.press("ArrowRight")
        assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == "p: two distributions"
        assert tab.evaluate(LIT) == ["p", EQUATION, EQUATION, EQUATION]
        tab.keyboard.press("Enter")
        assert "1 of 4 places" in card(tab).inner_text()
        tab.keyboard.press("End")
        last = tab.evaluate("document.activeElement.getAttribute('aria-label')")
        assert last == names[-1]
        tab.keyboard.press("Escape")
        assert card(tab).is_hidden()
        assert button.evaluate("(e) => e === document.activeElement")
        assert tab.complaints == []


def test_the_words_of_a_formula_are_no_stop_of_the_tab_key(browser, home):
    with visit(browser, f"{home}/first.html", viewport=DESKTOP) as tab:
        symbol(tab, "p_g").hover()
        tab.locator("article .lit").first.wait_for()
        assert tab.locator("article .katex [tabindex], article .katex [role=button]").count() == 0
        assert card(tab).locator("[aria-live], [role=status], [role=alert]").count() == 0


def test_a_tap_near_a_symbol_lights_it_and_nothing_is_wider_than_the_phone(browser, home):
    with visit(browser, f"{home}/first.html", viewport=PHONE, has_touch=True, is_mobile=True) as tab:
        box = symbol(tab, "p_g").bounding_box()
        tab.touchscreen.tap(box["x"] + box["width"] + 4, box["y"] + box["height"] / 2)
        card(tab).wait_for()
        assert "the law of what is made" in card(tab).inner_text()
        sheet = card(tab).bounding_box()
        assert sheet["y"] + sheet["height"] == PHONE["height"]
        assert min(b.bounding_box()["height"] for b in card(tab).get_by_role("button").all()) >= 44
        needed, available = tab.evaluate(WIDTH)
        assert needed <= available
        tab.locator("article h1").tap()
        assert card(tab).is_hidden()
        tab.get_by_role("button", name="Symbols on this page").tap()
        tab.get_by_role("toolbar", name="Symbols on this page").get_by_role("button").nth(2).tap()
        assert "the best judge" in card(tab).inner_text()
        assert tab.complaints == []


def test_nothing_keeps_a_reader_out_of_the_list(browser, home):
    with visit(browser, f"{home}/first.html", viewport=DESKTOP) as tab:
        tab.get_by_role("button", name="Symbols on this page").click()
        card(tab).wait_for()
        for theme in ("light", "dark"):
            tab.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
            tab.evaluate(AXE)
            assert tab.evaluate(LOOK, [[[".katex"], ["pre"]], False]) == []


# What is loaded


def test_it_works_from_a_disk_and_asks_no_other_site(browser, little):
    with visit(browser, (little / "book" / "first.html").as_uri(), viewport=DESKTOP) as tab:
        assert "p_g" in pointed(tab, "p_g")
        assert not [url for url in tab.visited if not url.startswith(("file:", "data:"))]
        assert tab.complaints == []


def test_a_page_holds_little_of_it_and_a_page_without_mathematics_nothing(little):
    static = little / "_static"
    assert len(gzip.compress((static / "symbols.js").read_bytes())) < 1000
    assert parsed(little / "book" / "first.html").select("script[src*='symbols.js'][defer]")
    bare = parsed(little / "book" / "plain.html")
    assert not bare.select("script[src*='symbols.js'], .symbols-button")


# The real table


LINKED = re.compile(r"\*\*In \[[^\]]+\]\((\w+)\.ipynb\):\*\*(.*?)(?=\*\*In \[|\n## |\Z)", re.S)


def rows():
    """The chapters of the table with the first cells of their rows."""
    text = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
    for chapter, tables in LINKED.findall(text):
        for cell in re.findall(r"^\| (\$.*?) \| ", tables, re.M):
            yield chapter, re.findall(r"\$([^$]+)\$", cell)


def test_the_letters_of_a_chapter_stand_in_it():
    known = {path.stem: path for path in CHAPTERS}
    missed = []
    for chapter, letters in rows():
        cells = nbformat.read(known[chapter], as_version=4).cells
        maths = " ".join(
            one
            for cell in cells
            if cell.cell_type == "markdown"
            for one in re.findall(r"\$\$.+?\$\$|\$[^$\n]+\$", cell.source, re.S)
        )
        maths = re.sub(r"_\{(\w)\}|\^\{(\w)\}", lambda m: f"_{m[1]}" if m[1] else f"^{m[2]}", maths)
        missed += [
            (chapter, letter)
            for letter in letters
            if (head := re.sub(r"_\{(\w)\}|\^\{(\w)\}", lambda m: f"_{m[1]}" if m[1] else f"^{m[2]}", letter))
            and not re.search(rf"(?<![A-Za-z\\]){re.escape(head.split('(')[0])}(?![A-Za-z])", maths)
        ]
    assert missed == []
    assert len({chapter for chapter, _ in rows()}) > 10


def test_the_list_has_each_symbol_once_in_a_chapter(little):
    text = (little / "_static" / "symbols" / "list.js").read_text(encoding="utf-8")
    listed = json.loads(text.removeprefix("globalThis.SYMBOLS = ").removesuffix(";\n"))["symbols"]
    names = [(symbol["chapter"], symbol["text"], symbol["applied"]) for symbol in listed]
    assert len(set(names)) == len(names)
    assert ("second", "K", False) in names
    assert ("", "N(μ, τ^2)", True) in names
    assert all(re.fullmatch(r"symbol(-[\w-]+)?", symbol["id"]) for symbol in listed)
