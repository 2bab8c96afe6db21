"""Sentences about the runs of a page's own cells, tied to the cell and to the numbers that it printed.

A check reads one line of the stored output: a *count*, as `8 of 10`, or a *range* over seeds, as `1.39 to
1.41`; `place` says which of the line. Counts of seeds are compared by their exact 95 % intervals (Clopper and
Pearson). Ranges of two times ten seeds that lie apart do so by chance in one case of 92 378.
"""

import re
from typing import NamedTuple

from oracles.pages import ROOT, bundles, cells
from scipy.stats import binomtest

from comparisons import BAD, COMPARING, FEWER, GOOD, GREATER, TOTAL, Check, failures

COUNT, RANGE = r"\b(\d+) of (\d+)\b", r"(-?\d+(?:\.\d+)?) to (-?\d+(?:\.\d+)?)"


class Told(NamedTuple):
    """A sentence, word for word, the page and the cell whose output carries it, and its checks."""

    sentence: str
    page: str
    cell: str
    checks: tuple[Check, ...]

    def failures(self, text: str | None = None) -> list[str]:
        return failures(self, printed(self.page, self.cell) if text is None else text)


def told(sentence, place, *checks):
    """`place`: page and cell, as `minimax_game#gam-13`."""
    page, cell = place.split("#")
    return Told(" ".join(sentence.split()), page, cell, checks)


def printed(page, name):
    """The stored text of a cell, as a terminal shows it."""
    (cell,) = [cell for cell in cells(ROOT / "book" / f"{page}.ipynb") if cell.get("id") == name]
    shown = [output.get("text", "") for output in cell.outputs]
    return "\n".join([*shown, *(data.get("text/plain", "") for data in bundles(cell))])


def read(text, line, place, pattern):
    """The numbers of the one line that begins with `line`: the match number `place` in what follows."""
    (rest,) = [found.removeprefix(line) for found in text.split("\n") if found.startswith(line)]
    return re.findall(pattern, rest)[place]


def interval(count):
    k, n = map(int, count)
    return binomtest(k, n).proportion_ci(0.95, method="exact")


def in_seeds(k, n, line, place=0):
    """The count is k of n."""
    return Check(
        lambda text: read(text, line, place, COUNT) == (str(k), str(n)),
        frozenset(TOTAL if k in (0, n) else ()),
        f"{line}: {k} of {n}",
    )


def oftener(line, place, other, other_place):
    """One count is above another, with the whole of its interval."""
    return Check(
        lambda text: (
            interval(read(text, line, place, COUNT)).low
            > interval(read(text, other, other_place, COUNT)).high
        ),
        frozenset(GREATER),
        f"{line}, number {place}, oftener than {other}, number {other_place}",
    )


def undecided(line, place=0):
    """So many pairs with one side ahead may be chance: one half is in the interval."""

    def holds(text):
        low, high = interval(read(text, line, place, COUNT))
        return low <= 0.5 <= high

    return Check(holds, frozenset(COMPARING), f"{line}: the count decides nothing")


def smaller_when_swapped(line, row, other):
    """The mean of `row` is below that of `other`, and under 5 % of swaps within pairs part them as far."""

    def number(text, start, pattern):
        return float(read(text, start, 0, pattern))

    return Check(
        lambda text: (
            number(text, line, r"share (\d\.\d+)") < 0.05
            and number(text, row, r"mean error (\d\.\d+)") < number(text, other, r"mean error (\d\.\d+)")
        ),
        frozenset(FEWER),
        f"{line}: the mean error of {row} below that of {other}",
    )


def undecided_when_swapped(line):
    """At least 5 % of swaps within pairs part the means as far: the order is not settled."""
    return Check(
        lambda text: float(read(text, line, 0, r"share (\d\.\d+)")) >= 0.05,
        frozenset(COMPARING),
        f"{line}: the swaps decide nothing",
    )


def at_least(value, line):
    """The line says `value` or more."""
    return Check(
        lambda text: float(read(text, line, 0, r"(\d+(?:\.\d+)?) or more")) == value,
        frozenset({"more"}),
        f"{line}: {value} or more",
    )


def spans(low, high, line, place=0):
    """The range over the seeds is as told."""
    return Check(
        lambda text: tuple(map(float, read(text, line, place, RANGE))) == (low, high),
        frozenset(TOTAL | {"more", "less"}),
        f"{line}: {low} to {high}",
    )


def below(line, other, place=0, *, least_is_good=True):
    """Each seed of one line lies below each seed of the other."""
    return Check(
        lambda text: float(read(text, line, place, RANGE)[1]) < float(read(text, other, place, RANGE)[0]),
        frozenset(FEWER | (GOOD if least_is_good else BAD)),
        f"{line} below {other}",
    )
