"""Every formula of the pages on trial: each of its mutants is refused, or listed as the same with a reason.

`make mutants-equations` runs this as a program, which tries all of them and counts; the tests try a share.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from equations import corrections, entries
from equations.mutants import Mutant, mutants

__all__ = ["SYMMETRIC", "Formula", "excused", "formulas", "trial", "verdict"]

PAGES = (
    "notation",
    "binary_cross_entropy",
    "minimax_game",
    "optimal_discriminator",
    "non_saturating_loss",
    "mode_collapse",
    "wgan_gp",
    "game_dynamics",
    "images",
    "variants",
    "tricks",
    "conditional",
    "unpaired",
    "style",
    "evaluation",
    "at_scale",
)
VERDICTS = ("refused", "unreadable", "accepted")
SYMMETRIC = {
    f"arguments of {name} exchanged" for name in ("JSD", "jsd", "TV", "W_1", "J", "I", r"\Delta", "h")
}


class Formula(NamedTuple):
    """A formula of a page, with the check that a wrong one in its place must not pass."""

    label: str
    latex: str
    check: Callable[[str], object]
    same: Mapping[str, str]
    mutants: Callable[[], Iterator[Mutant]]


def formulas() -> Iterator[Formula]:
    """The labelled equations, then what is said to be so in the corrections, then what is said."""
    for page in PAGES:
        for label, latex, check, same in entries(page).EQUATIONS:
            yield Formula(label, latex, check, same, lambda latex=latex: mutants(latex))
    for entry in corrections.ENTRIES:
        check, same = corrections.CORRECTIONS[entry.label], corrections.SAME.get(entry.label, {})
        said, so = corrections.statements(entry.said), corrections.statements(entry.so)
        for i, latex in enumerate(so):
            yield Formula(
                f"{entry.label} {i}",
                latex,
                lambda new, i=i, said=said, so=so, check=check: check(said, _with(so, i, new)),
                same,
                lambda latex=latex: mutants(latex),
            )
        true = [Mutant("what is so, as said", latex, latex) for latex in so]
        for i, latex in enumerate(said):
            yield Formula(
                f"{entry.label} said {i}",
                latex,
                lambda new, i=i, said=said, so=so, check=check: check(_with(said, i, new), so),
                {},
                lambda true=true: iter(true),
            )


def _with(formulas: list[str], i: int, new: str) -> list[str]:
    return [*formulas[:i], new, *formulas[i + 1 :]]


def verdict(check: Callable[[str], object], latex: str) -> str:
    """What a check makes of a display: "accepted", "refused", or "unreadable" where it stops in between."""
    try:
        check(latex)
    except AssertionError:
        return "refused"
    except Exception:  # an argument that no oracle takes, a name without a value
        return "unreadable"
    return "accepted"


def excused(formula: Formula, mutant: Mutant) -> bool:
    """Whether a mutant is said to be the same: two arguments exchanged that may be, or a reason is given."""
    return mutant.how in SYMMETRIC or mutant.statement in formula.same


def trial(formula: Formula, share: Callable[[int, Mutant], bool] = lambda i, mutant: True) -> Counter[str]:
    """The verdicts on the mutants of a formula, counted.

    Under "survivors" stand those accepted that nobody excuses, under "wrongly excused" the reverse.
    """
    counts: Counter[str] = Counter()
    for i, mutant in enumerate(formula.mutants()):
        if not share(i, mutant):
            continue
        found = verdict(formula.check, mutant.latex)
        counts[found] += 1
        if (found == "accepted") is not excused(formula, mutant):
            counts["survivors" if found == "accepted" else "wrongly excused"] += 1
            print(f"{formula.label}: {found}, {mutant.how}: {mutant.statement}")
    return counts


def main() -> int:
    start, total, number = time.process_time(), Counter[str](), 0
    for formula in formulas():
        counts = trial(formula)
        number, total = number + 1, total + counts
        print(f"{formula.label:26}", *(f"{name} {count:3} " for name, count in sorted(counts.items())))
    made, excuses = sum(total[name] for name in VERDICTS), total["accepted"] - total["survivors"]
    print(f"\n{number} formulas, {made} mutants:", *(f"{total[name]} {name}," for name in VERDICTS))
    print(f"of these {excuses} for a reason and {total['survivors']} without one;")
    print(f"{total['wrongly excused']} not accepted although a reason is given.")
    print(f"{time.process_time() - start:.0f} s of processor time.")
    return int(total["survivors"] + total["wrongly excused"] > 0)


if __name__ == "__main__":
    sys.exit(main())
