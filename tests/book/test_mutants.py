"""False formulas in the place of true ones: by hand, by the thousand, and what the maker of them makes."""

import re

import pytest
from equations import by_hand, corrections, entries
from equations.mutants import mutants, written
from equations.reading import marked, normalise
from equations.trial import PAGES, Formula, excused, formulas, trial, verdict

EQUATIONS = {equation.label: equation for page in PAGES for equation in entries(page).EQUATIONS}
FORMULAS = list(formulas())


def ids(cases):
    return [case[0] for case in cases]


HAND = [*by_hand.EQUATIONS, *by_hand.DYNAMICS]


@pytest.mark.parametrize(("label", "right", "wrong", "why"), HAND, ids=ids(HAND))
def test_a_false_equation_written_by_hand_is_refused(label, right, wrong, why):
    latex = normalise(EQUATIONS[label].latex)
    assert latex.count(right) == 1
    with pytest.raises(AssertionError, match="does not hold"):
        EQUATIONS[label].check(latex.replace(right, wrong))


@pytest.mark.parametrize(
    ("label", "right", "wrong", "why"), by_hand.CORRECTIONS, ids=ids(by_hand.CORRECTIONS)
)
def test_a_false_correction_written_by_hand_is_refused(label, right, wrong, why):
    entry = next(entry for entry in corrections.ENTRIES if entry.label == label)
    said, so = corrections.statements(entry.said), corrections.statements(entry.so)
    assert sum(latex.count(right) for latex in so) == 1
    with pytest.raises(AssertionError, match="hold"):
        corrections.CORRECTIONS[label](said, [latex.replace(right, wrong) for latex in so])


def test_there_are_forty_two_of_them_each_in_its_own_place():
    places = ids([*by_hand.EQUATIONS, *by_hand.CORRECTIONS])
    assert len(places) == len(set(places)) == 42


def test_every_equation_of_the_game_as_motion_has_one():
    assert sorted(ids(by_hand.DYNAMICS)) == sorted(e.label for e in entries("game_dynamics").EQUATIONS)


@pytest.mark.parametrize("formula", FORMULAS, ids=ids(FORMULAS))
def test_a_mutant_of_a_formula_is_refused_or_listed_as_the_same(formula):
    """One in five, and all that sharpen an inequality; `make mutants-equations` tries every one."""
    place = FORMULAS.index(formula)
    counts = trial(
        formula, lambda i, mutant: (i + place) % 5 == 0 or mutant.how in {"strict", "loose", "sharper"}
    )
    assert counts["survivors"] == counts["wrongly excused"] == 0


def test_what_is_listed_as_the_same_is_a_mutant_of_its_formula():
    for formula in FORMULAS:
        made = {mutant.statement for mutant in formula.mutants()}
        others = [other for other in FORMULAS if other.label.split()[0] == formula.label.split()[0]]
        made |= {mutant.statement for other in others for mutant in other.mutants()}
        assert set(formula.same) <= made, formula.label


def test_a_formula_that_may_be_anything_has_survivors():
    formula = Formula("loose", r"a \le b", lambda latex: True, {}, lambda: mutants(r"a \le b"))
    counts = trial(formula)
    assert counts["survivors"] == counts["accepted"] > 5
    assert counts["wrongly excused"] == 0


def test_a_reason_for_what_is_refused_is_reported():
    def refuse(latex):
        raise AssertionError("does not hold")

    formula = Formula("tight", "a = b", refuse, {"- a = b": "none"}, lambda: mutants("a = b"))
    assert trial(formula)["wrongly excused"] == 1
    assert [excused(formula, mutant) for mutant in mutants("a = b")].count(True) == 1


def test_what_the_maker_writes_is_read_as_what_it_read():
    for formula in FORMULAS:
        for tokens, _ in marked(formula.latex):
            assert marked(written(tokens))[0][0] == tokens
    assert written([r"\log", "2", "2", "a"]) == r"\log 2 2 a"
    assert written([r"\log", "(", "2", "a", ")"]) == r"\log(2 a)"


def test_an_error_is_no_acceptance():
    assert verdict(lambda latex: 1 / 0, "a = b") == "unreadable"


MADE = {
    r"a \le b": {
        r"a < b",
        r"a \ge b",
        r"a + |b|/100 \le b",
        r"a + 0.001 \le b",
        r"- a \le b",
        r"a \le 1.01\cdot b",
    },
    r"c = a \ge 0": {r"c = a > 0", r"c = a , \qquad a \ge 0 + 0.001", r"c = a \ge 0.01"},
    r"a < b": {r"a \le b", r"a > b"},
    r"a = D(G(z))": {r"a = G(z)"},
    r"a = \frac{1}{2} \sqrt{b}": {r"a = \frac{1}{2}{b}", r"a = \sqrt{b}", r"a = \frac{2}{1}\sqrt{b}"},
    r"a = b - c, \qquad b = c^{2}": {r"a = b + c, \qquad b = c^{2}", r"a = b, \qquad b = c^{2}"},
    r"c = H(Y \mid X)": {r"c = H(Y)", r"c = H(X\mid Y)"},
    r"c = \mathrm{KL}(p \| q)": {r"c = \mathrm{KL}(q\|p)", r"c = \mathrm{KL}(2{p}\|q)"},
    r"\log a = \mathbb{E}_{x \sim p}[x] + q": {
        r"\log{2 a} = \mathbb{E}_{x\sim p}[x] + q",
        r"\log a = \mathbb{E}_{x\sim q}[x] + q",
    },
    r"|a| = \|b\|": {r"{a} = \|b\|", r"|a| = \|b\|^{2}"},
}


@pytest.mark.parametrize("latex", MADE)
def test_a_display_is_broken_where_it_can_be(latex):
    made = [mutant.latex for mutant in mutants(latex)]
    assert MADE[latex] <= set(made)
    assert len(set(made)) == len(made)
    assert normalise(latex) not in made


def test_every_equation_is_broken_in_ten_ways_and_every_way_occurs():
    ways = set()
    for label, equation in EQUATIONS.items():
        made = list(mutants(equation.latex))
        assert len(made) >= 7, label
        ways |= {re.sub(r" of \S+", "", mutant.how) for mutant in made}
    assert ways == {
        "absolute value dropped",
        "argument dropped",
        "argument scaled",
        "arguments exchanged",
        "condition dropped",
        "conditions exchanged",
        "derivative dropped",
        "extremum",
        "factor dropped",
        "function dropped",
        "loose",
        "map dropped",
        "norm squared",
        "number",
        "partner",
        "power dropped",
        "root dropped",
        "scaled",
        "sharper",
        "sign",
        "strict",
        "term dropped",
        "turned",
        "upside down",
    }
