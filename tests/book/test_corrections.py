"""The page of corrections: what is said is refuted, what is so is confirmed, and no decimal stands unchecked.

Truth is in `equations.corrections`, which computes each entry another way than the chapters do.
"""

import re
from decimal import Decimal

import pytest
from equations.corrections import CORRECTIONS, ENTRIES, ENTRY, PAGE, RELATION, statements, words_only
from oracles.pages import decimals, is_shown, outside_code

REFERENCE = r"\{(?:eq|ref|prf:ref|numref|doc)\}`[\w/-]+`|\]\(\w+\.ipynb#[\w-]+\)"


by_entry = pytest.mark.parametrize("entry", ENTRIES, ids=[entry.label for entry in ENTRIES])


def test_every_entry_of_the_page_has_its_check_and_its_place():
    assert re.findall(r"^\((.+)\)=$", PAGE, re.M) == [entry.label for entry in ENTRIES]
    assert [entry.label for entry in ENTRIES] == list(CORRECTIONS)
    assert len({entry.title for entry in ENTRIES}) == len(ENTRIES) == PAGE.count("\n### ")


@by_entry
def test_the_entry_is_as_its_check_says(entry):
    numbers = CORRECTIONS[entry.label](statements(entry.said), statements(entry.so))
    shown = [Decimal(f"{float(number):.15f}") for number in numbers]
    written = decimals(entry.said) + decimals(entry.so)
    assert [number for number in written if not is_shown(number, shown)] == []


@by_entry
def test_the_check_would_convict_another_formula(entry):
    """One statement at a time is spoilt: what is said becomes true, or what is so becomes false."""
    check, said, so = CORRECTIONS[entry.label], statements(entry.said), statements(entry.so)
    for i in range(len(said)):
        with pytest.raises(AssertionError):
            check([*said[:i], "1 = 1", *said[i + 1 :]], so)
    for i, latex in enumerate(so):
        for relation in re.finditer(RELATION, latex):
            wrong = {"=": "= 1 +", r"\le": ">", r"\ge": "<", "<": r"\ge", ">": r"\le"}[relation[0]]
            broken = latex[: relation.start()] + wrong + latex[relation.end() :]
            with pytest.raises(AssertionError):
                check(said, [*so[:i], broken, *so[i + 1 :]])


@by_entry
def test_the_entry_says_where_it_is_shown(entry):
    """The build holds that the places exist; what has no computation must have one."""
    places = re.findall(REFERENCE, entry.shown)
    assert places
    if CORRECTIONS[entry.label] is words_only:
        assert not decimals(entry.said + entry.so)


def test_twelve_come_first_and_each_says_in_words_why_one_believes_it():
    assert PAGE.index("## Cross-entropy and labels") > PAGE.index(f"({ENTRIES[11].label})=")
    assert PAGE.index("## Cross-entropy and labels") < PAGE.index(f"({ENTRIES[12].label})=")
    assert [entry.label for entry in ENTRIES if decimals(entry.believed) or statements(entry.believed)] == []
    assert all(entry.believed.endswith(".") for entry in ENTRIES)


def test_outside_the_entries_the_page_has_no_decimal():
    assert decimals(ENTRY.sub("", outside_code(PAGE))) == []
