"""Write down what the tests of the corrections compute: for each formula its two sides, and whether it holds.

Run as `python book/pictures/run_it.py`; it writes `cards.json` beside the pages, in half a minute.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "book" / "cards.json"
KEPT = 3
"""At how many places a formula is shown."""

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "book")]

from equations import corrections, reading  # noqa: E402

ASKED = ("holds", "touches", "strictly")


def card(label: str) -> list[dict[str, Any]]:
    """What the check of an entry computes, in rows: field, formula, place, both sides, whether it holds."""
    entry = next(entry for entry in corrections.ENTRIES if entry.label == label)
    said, so = corrections.statements(entry.said), corrections.statements(entry.so)
    with _watched() as seen:
        corrections.CORRECTIONS[label](said, so)
    rows = []
    for field, formulas in (("Said", said), ("So", so)):
        for latex in formulas:
            found = [row for row in seen if row["formula"] == latex]
            rows += [{"field": field} | row for row in _apart(found)[:KEPT]]
    return rows


def _apart(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows without those that say the same again."""
    return list({json.dumps(row): row for row in rows}.values())


@contextmanager
def _watched():
    """A context in which whatever the checks evaluate is written down."""
    seen: list[dict[str, Any]] = []
    before = {name: getattr(corrections, name) for name in ASKED}

    def watched(judge: Callable[..., bool]) -> Callable[..., bool]:
        def ask(latex: str, *which: int, **environment: Any) -> bool:
            seen.extend(_row(latex, environment))
            return judge(latex, *which, **environment)

        return ask

    for name, judge in before.items():
        setattr(corrections, name, watched(judge))
    try:
        yield seen
    finally:
        for name, judge in before.items():
            setattr(corrections, name, judge)


def _row(latex: str, environment: dict[str, Any]) -> list[dict[str, Any]]:
    """The row of one evaluation; none where a side is no number."""
    try:
        sides = [_number(side) for side in reading.sides(latex, **environment)]
        holds = reading.holds(latex, **environment)
    except AssertionError:
        holds = False
    except (TypeError, ValueError):
        return []
    at = {name: _number(value) for name, value in environment.items() if _plain(value)}
    return [{"formula": latex, "at": at, "sides": sides, "holds": holds}]


def _plain(value: Any) -> bool:
    try:
        return _number(value) is not None and not callable(value)
    except (TypeError, ValueError):
        return False


def _number(value: Any) -> float:
    return float(f"{float(value):.6g}")


def main() -> None:
    """Write the cards of all entries that compute something."""
    cards = {entry.label: card(entry.label) for entry in corrections.ENTRIES}
    kept = {label: rows for label, rows in cards.items() if rows}
    lines = ",\n".join(
        f"{json.dumps(label)}: {json.dumps(rows, ensure_ascii=False)}" for label, rows in kept.items()
    )
    TARGET.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
