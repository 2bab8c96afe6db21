"""Sentences that compare, against the intervals of the studies or the cells that they stand on."""

import pytest
from comparisons import about, claim, every, largest, least, less, more, not_shown, seeds
from comparisons.cells import (
    at_least,
    below,
    in_seeds,
    oftener,
    smaller_when_swapped,
    spans,
    told,
    undecided,
    undecided_when_swapped,
)
from comparisons.pages import CLAIMS
from oracles.pages import PAGES, QUIZZES, bundles, code_cells, inside, prose

from ganlab.experiments.studies import Record, load

REGISTERED = [(page, one) for page, claims in CLAIMS.items() for one in claims]


def text(page):
    """The words of a page, or of the questions of a chapter: `quiz/SLUG`."""
    if page.startswith("quiz/"):
        (path,) = [path for path in QUIZZES if path.stem == page.removeprefix("quiz/")]
        return " ".join(path.read_text(encoding="utf-8").split())
    (path,) = [path for path in PAGES if inside(path) == page]
    return " ".join(prose(path).split())


@pytest.mark.parametrize(("page", "one"), REGISTERED, ids=[f"{p}: {c.sentence[:50]}" for p, c in REGISTERED])
def test_a_sentence_says_no_more_than_its_interval_carries(page, one):
    assert one.sentence in text(page), "the page does not say it"
    assert one.checks
    assert not one.failures()


PRINTS = {"wgan_gp"}
"""The pages that print each difference between two methods on which a sentence of theirs stands."""


@pytest.mark.parametrize(
    ("page", "one"), [(page, one) for page, one in REGISTERED if page in PRINTS and hasattr(one, "study")]
)
def test_what_a_sentence_stands_on_is_printed_on_its_page(page, one):
    """But for the null rows, which are drawn: a reader of a table finds the number of the sentence."""
    (path,) = [path for path in PAGES if inside(path) == page]
    shown = "\n".join(data.get("text/plain", "") for cell in code_cells(path) for data in bundles(cell))
    record = load(one.study)
    found = [
        check.difference(record) for check in one.checks if check.difference and "shape" not in check.told
    ]
    assert [str(each) for each in found if str(each) not in shown] == []


def test_the_register_has_sentences():
    assert len(REGISTERED) >= 10


# --- The register itself: what it must refuse -------------------------------------------------------------


def made(**rows):
    cells = [
        {"method": name, "level": "", "phase": "judging", "seed": seed, "seconds": 1, "wasserstein_1": value}
        for name, values in rows.items()
        for seed, value in enumerate(values)
    ]
    plan = {"methods": {name: {"": {}} for name in rows}}
    return Record("made", "", {}, plan, dict.fromkeys(rows, ""), cells, [])


FAR, NEAR, WIDE = [1.0] * 10, [0.5] * 10, [0.2] * 5 + [1.5] * 5
RECORD = made(a=NEAR, b=FAR, c=WIDE)

REFUSED = {
    "a difference the wrong way": ("b is nearer than a", less("b", "a", "wasserstein_1")),
    "a difference within the interval": ("c is nearer than b", less("c", "b", "wasserstein_1")),
    "a true difference, told the wrong way round": ("a is farther than b", less("a", "b", "wasserstein_1")),
    "a distance that is less, called worse": ("a is worse than b", less("a", "b", "wasserstein_1")),
    "the nearest, called the farthest": ("of two, a is farthest", least("a", "wasserstein_1", among=["b"])),
    "none where there is one": ("a is no nearer than b", not_shown("a", "b", "wasserstein_1")),
    "the best of all, by a difference from one": ("a is nearest", less("a", "b", "wasserstein_1")),
    "the best, not shown against all": ("a is nearest", least("a", "wasserstein_1")),
    "the worst, not shown against all": ("b is farthest", largest("b", "wasserstein_1")),
    "only, by a difference": ("only a is nearer than b", less("a", "b", "wasserstein_1")),
    "nothing, by an interval": ("nothing is told", not_shown("b", "c", "wasserstein_1")),
    "every seed, where one differs": ("c does it in every seed", every("c", "wasserstein_1", 0.2)),
    "every seed, by a count": ("a does it in every seed", seeds(10, "a", "wasserstein_1", 0.5)),
    "another count": ("c does it in 6 seeds", seeds(6, "c", "wasserstein_1", 0.2)),
    "another median": ("a is at 0.4", about("a", "wasserstein_1", 0.4, 1)),
    "a comparative with a number alone": ("a, at 0.5, is better", about("a", "wasserstein_1", 0.5, 1)),
}
ACCEPTED = {
    "a difference": ("a is nearer than b", less("a", "b", "wasserstein_1")),
    "a better one": ("a is better than b", less("a", "b", "wasserstein_1")),
    "a worse one": ("b is worse than a", more("b", "a", "wasserstein_1")),
    "the other way round": ("b is farther than a", more("b", "a", "wasserstein_1")),
    "no difference": ("c is no nearer than b", not_shown("c", "b", "wasserstein_1")),
    "the best among some": ("of two, a is nearest", least("a", "wasserstein_1", among=["b"])),
    "the worst among some": ("of two, b is farthest", largest("b", "wasserstein_1", among=["a"])),
    "every seed": ("a does it in every seed", every("a", "wasserstein_1", lambda v: v < 1)),
    "a count": ("c does it in 5 seeds", seeds(5, "c", "wasserstein_1", 0.2)),
    "a median": ("a is at 0.5", about("a", "wasserstein_1", 0.5, 1)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_sentence_that_says_too_much_is_refused(name):
    sentence, check = REFUSED[name]
    assert claim(sentence, "made", check).failures(RECORD)


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_sentence_that_its_interval_carries_is_accepted(name):
    sentence, check = ACCEPTED[name]
    assert not claim(sentence, "made", check).failures(RECORD)


PRINTED = """seeds that fell   first     second
one               10 of 10  0 of 10
two               9 of 10   4 of 10
one is ahead in 9 of 10 seeds
two is ahead in 8 of 10 seeds
small    1.01 to 1.02  1.39
large    1.39 to 1.41  1.39
between  1.02 to 1.39  1.39
it rises in 10 of 10, to 3.2 or more
first: mean error 0.2
second: mean error 0.3
swaps of these: share 0.012
swaps of others: share 0.120"""
REFUSED_OF_CELLS = {
    "another count": ("one falls in 9 seeds", in_seeds(9, 10, "one  ")),
    "every seed, by nine": ("two falls in every seed", in_seeds(9, 10, "two  ")),
    "oftener, where the intervals meet": ("two falls in more seeds", oftener("two  ", 0, "two  ", 1)),
    "oftener, the wrong way": ("it falls in fewer seeds", oftener("one  ", 0, "one  ", 1)),
    "undecided, where it is decided": ("one is not closer", undecided("one is ahead in")),
    "another range": ("1.0 to 1.2", spans(1.0, 1.2, "small")),
    "another bound": ("to 3 or more", at_least(3.0, "it rises")),
    "below, where the ranges meet": ("between is lower", below("between", "large")),
    "below, called higher": ("small is higher", below("small", "large")),
    "a comparative, by a count": ("one is better", in_seeds(10, 10, "one  ")),
    "smaller, where a swap does as much": (
        "smaller",
        smaller_when_swapped("swaps of others", "first", "second"),
    ),
    "undecided, where few swaps do as much": ("not closer", undecided_when_swapped("swaps of these")),
    "smaller, the wrong way": ("smaller", smaller_when_swapped("swaps of these", "second", "first")),
    "smaller, called larger": ("larger", smaller_when_swapped("swaps of these", "first", "second")),
}
ACCEPTED_BY_CELLS = {
    "a count": ("two falls in 9 seeds", in_seeds(9, 10, "two  ")),
    "every seed": ("one falls in every seed", in_seeds(10, 10, "one  ")),
    "none": ("one does so in none", in_seeds(0, 10, "one  ", 1)),
    "smaller, by swaps": ("smaller", smaller_when_swapped("swaps of these", "first", "second")),
    "undecided, by swaps": ("not settled", undecided_when_swapped("swaps of others")),
    "oftener": ("it falls in more seeds", oftener("one  ", 0, "one  ", 1)),
    "undecided": ("closer in 8 seeds, not told apart", undecided("two is ahead in")),
    "a range": ("1.01 or more in every seed", spans(1.01, 1.02, "small")),
    "a bound": ("to 3.2 or more", at_least(3.2, "it rises")),
    "below": ("small is lower", below("small", "large")),
}


@pytest.mark.parametrize("name", REFUSED_OF_CELLS)
def test_a_sentence_that_says_more_than_its_cell_is_refused(name):
    sentence, check = REFUSED_OF_CELLS[name]
    assert told(sentence, "made#cell", check).failures(PRINTED)


@pytest.mark.parametrize("name", ACCEPTED_BY_CELLS)
def test_a_sentence_that_its_cell_carries_is_accepted(name):
    sentence, check = ACCEPTED_BY_CELLS[name]
    assert not told(sentence, "made#cell", check).failures(PRINTED)


def test_a_line_that_is_not_printed_or_printed_twice_carries_nothing():
    for line in ("three", "one"):
        with pytest.raises(ValueError, match="unpack"):
            told("it falls", "made#cell", in_seeds(10, 10, line)).failures(PRINTED)
