"""The register of comparing sentences: what a page says of methods, and the stored cells that carry it.

A `Claim` ties a sentence, word for word, to a study and to checks. A check holds or fails on the exact 95 %
interval of the study, and licenses words: a comparative needs a difference whose whole interval lies on one
side, "best" and "only" one against every other method, "every" all seeds. A sentence that says more than its
checks license fails, and so does one whose checks fail.

A sentence about the runs of a page's own cells is tied to the cell that printed them, see `cells`.

To register a sentence, add a line to the module of its page, or, of a page that has none, to `others`;
`test_comparisons.py` does the rest.
"""

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ganlab import facts
from ganlab.experiments.studies import Difference, Record, compare, effect, load, median, read

FEWER = {"lower", "smaller", "fewer", "less", "nearer", "closer", "faster"}
GREATER = {"higher", "larger", "more", "greater", "farther", "slower"}
GOOD = {"better", "evener", "beats", "beat", "helps", "help", "improves", "improve"}
BAD = {"worse"}
COMPARING = FEWER | GREATER | GOOD | BAD
MORE_IS_BETTER = {"modes", "high_quality", "right"}
LEAST, LARGEST = {"nearest", "least", "fewest"}, {"farthest", "most"}
SUPERLATIVE = LEAST | LARGEST | {"best", "evenest", "worst", "only"}
TOTAL = {"every", "all", "each", "none", "never", "always", "nothing", "no", "any", "both", "neither"}


class Check(NamedTuple):
    """`holds` of a record, or of what a cell printed; `words` that it licenses; `told`, what it asks.

    `difference`: of the record, where the check is about one between methods; a page prints it.
    """

    holds: Callable[[Any], bool]
    words: frozenset[str]
    told: str
    difference: Callable[[Record], Difference] | None = None


class Claim(NamedTuple):
    """A sentence of a page, word for word, the study behind it, and its checks."""

    sentence: str
    study: str
    checks: tuple[Check, ...]

    def failures(self, record: Record | None = None) -> list[str]:
        """What does not hold, and each strong word that no check licenses."""
        return failures(self, stored(self.study) if record is None else record)


def stored(name: str) -> Record:
    """The stored study of that name, or what `tests/benchmarks/peers.py` found, which has the form of one."""
    return read(facts.FILE.with_name(f"{name}.json")) if name.startswith("peers") else load(name)


def failures(claim: Any, record: Any) -> list[str]:
    """What does not hold of what the sentence stands on, and each strong word that no check licenses."""
    licensed = frozenset().union(*(check.words for check in claim.checks))
    said = set(re.findall(r"[a-z]+", claim.sentence.lower()))
    strong = said & (COMPARING | SUPERLATIVE | TOTAL)
    return [f"does not hold: {check.told}" for check in claim.checks if not check.holds(record)] + [
        f"no check licenses the word {word!r}" for word in sorted(strong - licensed)
    ]


def claim(sentence, study, *checks):
    return Claim(" ".join(sentence.split()), study, checks)


def one_way(measure, sign):
    """The words for a difference of this sign: a page that says it the wrong way round finds none."""
    good = (measure in MORE_IS_BETTER) == (sign > 0)
    return frozenset((GREATER if sign > 0 else FEWER) | (GOOD if good else BAD))


def of_all(measure, sign):
    """The words for a difference of this sign from every other row."""
    good = (measure in MORE_IS_BETTER) == (sign > 0)
    superlatives = (LARGEST if sign > 0 else LEAST) | ({"best", "evenest"} if good else {"worst"})
    return one_way(measure, sign) | superlatives | {"only", "any", "all"}


def less(row, other, measure, **levels):
    """The measure of `row` is less than that of `other`: the whole interval is below 0."""
    return Check(
        lambda record: compare(record, row, other, measure, **levels).sign < 0,
        one_way(measure, -1),
        f"{measure} of {row} less than of {other}",
        lambda record: compare(record, row, other, measure, **levels),
    )


def more(row, other, measure, **levels):
    """The measure of `row` is more than that of `other`: the whole interval is above 0."""
    return Check(
        lambda record: compare(record, row, other, measure, **levels).sign > 0,
        one_way(measure, 1),
        f"{measure} of {row} more than of {other}",
        lambda record: compare(record, row, other, measure, **levels),
    )


def on_average(pairs, measure, sign):
    """The mean difference over pairs of rows, the effect of a factor, has this sign; 0: none is shown."""
    words = one_way(measure, sign) if sign else frozenset({"no", "neither"} | COMPARING)
    return Check(
        lambda record: effect(record, pairs, measure).sign == sign,
        words,
        f"{measure}, mean over {len(pairs)} pairs such as {pairs[0]}: sign {sign}",
        lambda record: effect(record, pairs, measure),
    )


def not_shown(row, other, measure, **levels):
    """No difference is shown, which is what the sentence must say, and not that there is none."""
    return Check(
        lambda record: compare(record, row, other, measure, **levels).sign == 0,
        frozenset({"no", "neither"} | COMPARING),
        f"{measure} of {row} and of {other} not told apart",
        lambda record: compare(record, row, other, measure, **levels),
    )


def least(row, measure, among=None):
    """The measure of `row` is less than that of each other method, or of each of `among`."""

    def holds(record):
        others = record.plan["methods"] if among is None else among
        return all(compare(record, row, other, measure).sign < 0 for other in others if other != row)

    return Check(holds, of_all(measure, -1), f"{measure} of {row} the least")


def largest(row, measure, among=None):
    def holds(record):
        others = record.plan["methods"] if among is None else among
        return all(compare(record, row, other, measure).sign > 0 for other in others if other != row)

    return Check(holds, of_all(measure, 1), f"{measure} of {row} the largest")


def every(row, measure, value, *, level=None):
    """The measure is `value` in every seed, or satisfies it where it is a function."""
    right = value if callable(value) else (lambda found: found == value)
    return Check(
        lambda record: all(map(right, record.values(row, measure, level=level).values())),
        frozenset(TOTAL),
        f"{measure} of {row} as told in every seed",
    )


def seeds(count, row, measure, value, *, level=None):
    """The measure is `value`, or satisfies it, in exactly `count` seeds."""
    right = value if callable(value) else (lambda found: found == value)
    return Check(
        lambda record: sum(map(right, record.values(row, measure, level=level).values())) == count,
        frozenset({"all"} if count == 0 else ()),
        f"{measure} of {row} as told in {count} seeds",
    )


def about(row, measure, value, digits, *, level=None):
    """The median is `value` when rounded to `digits` decimals."""
    return Check(
        lambda record: round(middle(record, row, measure, level), digits) == value,
        frozenset(),
        f"median {measure} of {row} is {value}",
    )


def middle(record, row, measure, level=None):
    return median([v for v in record.values(row, measure, level=level).values() if not math.isnan(v)]).median
