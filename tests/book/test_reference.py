"""How docstrings become pages, by small docstrings whose pages are known."""

import runpy
from pathlib import Path

import pytest

reading = runpy.run_path(str(Path(__file__).parents[2] / "book/_ext/reference.py"))["reading"]


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["The norm |x|, of p_g * q."], [r"The norm \|x\|, of p\_g \* q."]),
        (["**Bold.** Then, *with, commas*."], ["**Bold.** Then, *with, commas*."]),
        (["A *stressed* and a **loud word**."], ["A *stressed* and a **loud word**."]),
        (["2*a*b and f*"], [r"2\*a\*b and f\*"]),
        (["`a_b` and `c*`."], ["``a_b`` and ``c*``."]),
        (["A ``b`` stays."], ["A ``b`` stays."]),
        (["A `name that", "runs on` here."], ["A ``name that", "runs on`` here."]),
        (["Source: Lin 1991 [lin1991, villani2009]."], ["Source: Lin 1991 :cite:`lin1991,villani2009`."]),
        (["An interval [0, 1) and a list [a].", ""], ["An interval [0, 1) and a list [a]."]),
        (["One.", "Raises `E` where.", "Source: S."], ["One.", "", "Raises ``E`` where.", "", "Source: S."]),
        (["    L = |D|_2"], ["::", "", "    L = |D|_2"]),
        ([">>> f(`x`)", "|y|"], [">>> f(`x`)", "|y|"]),
    ],
)
def test_a_docstring_reads_as_it_was_meant(lines, shown):
    assert [line for line in reading(lines) if line] == [line for line in shown if line]


def test_blocks_stay_apart():
    assert reading(["One.", "", "", "Two."]) == ["One.", "", "", "Two.", "", ""]
