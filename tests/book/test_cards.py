"""The cards of the corrections: what stands in them is what the checks of the entries compute, and what the
page of a card computes again says the same."""

import inspect
import json
import math
import re
import runpy
from pathlib import Path

import cards
import pytest
import yaml
from equations.corrections import CORRECTIONS, ENTRIES, statements, words_only
from oracles.sites import AXE, DESKTOP, LOOK, PHONE, WIDTH, built, parsed, served, small_book, visit

from ganlab.derivations.formulas import Unreadable
from ganlab.derivations.weighing import weighed

BOOK = Path(__file__).parents[2] / "book"
CARDS = json.loads((BOOK / "cards.json").read_text(encoding="utf-8"))
AGAIN = ["corr-label-zero", "corr-log-mean", "corr-zero-value"]


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.label for entry in ENTRIES])
def test_a_card_refutes_what_is_said_and_confirms_what_is_so(entry):
    rows = CARDS.get(entry.label, [])
    given = {"Said": statements(entry.said), "So": statements(entry.so)}
    for row in rows:
        assert row["formula"] in given[row["field"]]
        assert row["holds"] == (row["field"] == "So")
    if CORRECTIONS[entry.label] is words_only:
        assert rows == []


def test_most_entries_with_a_formula_have_a_card():
    with_formula = {entry.label for entry in ENTRIES if statements(entry.said) + statements(entry.so)}
    assert set(CARDS) <= with_formula
    assert len(CARDS) > 0.8 * len(with_formula)


@pytest.mark.parametrize("label", AGAIN)
def test_the_checks_compute_what_stands_in_the_card(label):
    made = runpy.run_path(str(BOOK / "pictures" / "run_it.py"))["card"](label)
    assert json.loads(json.dumps(made)) == CARDS[label]


def test_a_table_names_its_columns_and_says_what_does_not_hold():
    table = cards.table(CARDS["corr-label-zero"])
    assert table.count('<th scope="col">') == 3
    assert "−0.05129 = 0.05129 ?" in table
    assert table.count("<b>no</b>") == table.count("<b>yes</b>") == 3


# What a page computes again

ASKED = yaml.safe_load((BOOK / "run_it.yml").read_text(encoding="utf-8"))
RUN = ASKED["run"]


@pytest.mark.parametrize("label", RUN)
def test_what_a_page_computes_refutes_what_is_said_and_confirms_what_is_so(label):
    asked = RUN[label]
    told = {field: [weighed(t, asked["numbers"]) for t in asked.get(field, [])] for field in ("said", "so")}
    assert [each["holds"] for each in told["said"]] == [False] * len(told["said"])
    assert [each["holds"] for each in told["so"]] == [True] * len(told["so"])
    assert told["said"] + told["so"]


SCALAR = {
    label: [row for row in rows if row["at"] and set(row["at"]) == set(RUN[label]["numbers"])]
    for label, rows in CARDS.items()
    if label in RUN
}
SCALAR = {label: rows for label, rows in SCALAR.items() if rows}


@pytest.mark.parametrize("label", SCALAR)
def test_a_page_computes_what_the_tests_computed_at_the_same_place(label):
    """The formulas are read by two grammars, from LaTeX and from a line of text."""
    for row in SCALAR[label]:
        texts = RUN[label].get(row["field"].lower(), [])
        latex = list(dict.fromkeys(r["formula"] for r in CARDS[label] if r["field"] == row["field"]))
        if len(texts) != len(latex):
            continue
        told = weighed(texts[latex.index(row["formula"])], {name: [at] for name, at in row["at"].items()})
        for computed, stored in zip((told["left"], told["right"]), row["sides"], strict=True):
            assert math.isclose(computed, stored, rel_tol=2e-5, abs_tol=1e-5)


def test_most_rows_of_one_place_are_computed_again():
    assert len(SCALAR) >= 8
    assert len(RUN) > 25


NEEDS = {
    "PyTorch": r"\b(torch|losses|regularizers|networks|studies|results)\b",
    "SciPy": r"\b(quad|norm|jsd|kl|least)\b|_",
}


def test_an_entry_that_no_page_computes_says_what_it_needs():
    labels = {entry.label for entry in ENTRIES}
    assert set(RUN) | set(ASKED["needs"]) <= labels
    assert not set(RUN) & set(ASKED["needs"])
    for label in labels - set(RUN):
        check = CORRECTIONS[label]
        source = "" if check is words_only else inspect.getsource(check)
        if label in CARDS or re.search(NEEDS["PyTorch"], source):
            assert label in ASKED["needs"], label
        if label in ASKED["needs"]:
            assert re.search(NEEDS[ASKED["needs"][label]], source), label


@pytest.mark.parametrize(
    ("text", "numbers", "reason"),
    [
        ("BCE(1, D) = __import__", {"D": [0.5]}, "is no name"),
        ("KL(p, q) = 0", {"p": [1, 1, 1], "q": [1, 0, 1]}, "shares of q are larger than 0"),
        ("D = 1", {"D": [float("nan")]}, "D needs one number"),
        ("D = 1", {"D": [None]}, "D needs one number"),
        ("D = 1", {"D": [0.1, 0.2]}, "D needs 3 numbers"),
        ("D", {"D": [0.5]}, "Expected"),
    ],
)
def test_what_is_no_formula_of_these_numbers_is_refused(text, numbers, reason):
    with pytest.raises(Unreadable, match=reason):
        weighed(text, numbers)


# The page of a card

FIELDS = "Said\n: {}\n\nWhy one believes it\n: It is near at hand.\n\nSo\n: {}\n\nShown\n: [here](#{})\n"
LITTLE = "# Corrections\n\n## Twelve\n\n" + "\n".join(
    f"({label})=\n### Card {number}\n\n" + FIELDS.format(said, so, "twelve")
    for number, (label, said, so) in enumerate(
        [
            ("corr-label-zero", r"The label 0, $\log(1 - D) = \mathrm{BCE}(0, D)$.", "Its negative."),
            ("corr-elbo", "A bound is the density.", "It lies below it."),
            ("corr-log-mean", "A mean of logarithms is the logarithm of a mean.", "It is at most that."),
        ]
    )
)
SLOW = 300_000  # milliseconds: the machine may do other things


@pytest.fixture(scope="module")
def little(tmp_path_factory):
    pages = {"corrections": LITTLE, "other": "# Other\n\nText.\n"}
    folder = small_book(tmp_path_factory.mktemp("b") / "b", pages, url="https://github.com/you/game")
    return built(folder)


@pytest.fixture(scope="module")
def home(little):
    with served(little) as address:
        yield f"{address}/book"


ALONE = ["correction-label-zero", "correction-elbo", "correction-log-mean"]


@pytest.mark.parametrize("name", ALONE)
def test_a_card_has_an_address_a_title_and_a_place_among_the_others(name, little):
    page = parsed(little / "book" / f"{name}.html")
    whole = parsed(little / "book" / "corrections.html")
    label = name.replace("correction", "corr")
    assert page.select_one('link[rel="canonical"]')["href"] == f"https://you.github.io/game/book/{name}.html"
    assert len(page.select("article h1")) == 1
    assert page.title.string.strip().startswith(f"Card {ALONE.index(name)} — ")
    described = page.select_one('meta[name="description"]')["content"]
    assert "Often said" in described
    assert 25 <= len(described) <= 160
    assert whole.select_one(f'a.alone[href="{name}.html"]')
    links = [
        link["href"]
        for link in page.select("article a[href]")
        if link["href"] and "#" not in link["href"][:1]
    ]
    assert f"corrections.html#{label}" in links
    for link in links:
        path, _, anchor = link.partition("#")
        target = parsed(little / "book" / path)
        assert not anchor or target.find(id=anchor), link


def test_the_sitemap_has_each_card_and_the_search_has_none_twice(little):
    sitemap = (little / "sitemap.xml").read_text(encoding="utf-8")
    found = re.findall("<loc>https://you.github.io/game/book/(.*?).html</loc>", sitemap)
    assert found == ["corrections", "other", *ALONE]
    entries = (little / "_static" / "search" / "entries.js").read_text(encoding="utf-8")
    assert "correction-" not in entries
    assert entries.count("Card 1") == 1


def test_a_click_on_the_page_of_a_card_computes_it_and_numbers_can_be_changed(browser, home):
    with visit(browser, f"{home}/correction-label-zero.html", viewport=DESKTOP) as tab:
        tab.set_default_timeout(SLOW)
        assert not [url for url in tab.visited if "prover/" in url]
        tab.get_by_role("button", name="Run it here").focus()
        tab.keyboard.press("Enter")
        tab.get_by_text("Computed here").wait_for()
        lines = tab.locator(".prove-run li")
        assert [line.get_attribute("data-state") for line in lines.all()] == ["fails", "holds"]
        assert lines.first.locator("b").all_inner_texts() == ["-0.0512933", "0.0512933"]
        field = tab.get_by_label("D", exact=True)
        field.fill("0.5")
        field.press("Enter")
        tab.locator(".prove-run b", has_text="-0.693147").first.wait_for()
        field.fill("none")
        field.press("Enter")
        tab.get_by_text("D needs one number.").wait_for()
        assert tab.complaints == []
        origin = home.removesuffix("/book")
        assert [url for url in tab.visited if not url.startswith((origin, "blob:", "data:"))] == []


def test_on_a_phone_a_tap_computes_a_card_of_distributions(browser, home):
    with visit(
        browser, f"{home}/correction-log-mean.html", viewport=PHONE, has_touch=True, is_mobile=True
    ) as tab:
        tab.set_default_timeout(SLOW)
        tab.get_by_role("button", name="Run it here").tap()
        tab.get_by_text("Computed here").wait_for()
        assert tab.locator(".prove-run input").count() == 6
        needed, available = tab.evaluate(WIDTH)
        assert needed <= available
        for theme in ("light", "dark"):
            tab.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
            tab.evaluate(AXE)
            assert tab.evaluate(LOOK, [[[".katex"]], False]) == []


def test_a_card_that_needs_more_than_a_page_has_says_so_by_name(browser, home):
    with visit(browser, f"{home}/correction-elbo.html", viewport=DESKTOP) as tab:
        assert tab.get_by_text("The tests compute this with SciPy, which no page loads").is_visible()
        assert tab.get_by_role("button", name="Run it here").count() == 0
        tab.locator("summary").click()
        assert tab.locator(".card-foot td").first.is_visible()
        assert tab.complaints == []
