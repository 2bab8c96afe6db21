"""The cards of the corrections: what stands in them is what the checks of the entries compute."""

import json
import runpy
from pathlib import Path

import cards
import pytest
from equations.corrections import CORRECTIONS, ENTRIES, statements, words_only

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
