"""What there is by name, as tables that a person can read and as JSON; nothing of it is loaded."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from ganlab import facts
from ganlab.experiments import catalogue, pretrained
from ganlab.experiments.catalogue import Experiment

__all__ = ["as_json", "text"]

Rows = dict[str, list[str]]
COLUMNS = 110


def as_json() -> str:
    """The names of what there is, every set-up with all of its settings, and the question of every study.

    Of each generator that the package holds, what it is worth.

    >>> json.loads(as_json())["experiments"]["grid"]["width"]
    128
    """
    kinds = (
        "data",
        "networks",
        "conditions",
        "losses",
        "regularizers",
        "optimizers",
        "schedules",
        "augmentations",
    )
    names: dict[str, Any] = {kind: facts.names(kind) for kind in kinds}
    tables = {kind: facts.table(kind) for kind in ("experiments", "studies")}
    stored = {name: row.facts() for name, row in pretrained.rows().items()}
    return json.dumps(names | tables | {"pretrained": stored})


def text() -> str:
    """The same as tables, a row a name; of a set-up, the settings that are no defaults.

    >>> text().splitlines()[1].split()
    ['ring', 'mixture', '2', '8']
    """
    losses = {name: _loss(told) for name, told in facts.table("losses").items()}
    data = {
        name: [told["kind"], "x".join(map(str, told["shape"])), _plain(told["classes"])]
        for name, told in facts.table("data").items()
    }
    data["folder:PATH"] = ["images", "3x28x28", "sub-folders"]  # unless `--size` and `--channels` say else
    regularizers = {
        name: [_plain(told.get(fact)) for fact in ("place", "price")]
        for name, told in facts.table("regularizers").items()
    }
    kinds = ("networks", "conditions", "optimizers", "schedules", "augmentations", "studies")
    width = max(map(len, kinds))
    return "\n\n".join(
        [
            _table("data", ["kind", "sample", "labels"], data),
            _table("losses", ["at the equilibrium D, G", "one score is a", "compares", "needs"], losses),
            _table("regularizers", ["place", "price, of the length n of the slope"], regularizers),
            "\n".join(_names(kind, width) for kind in kinds),
            _pretrained(),
            _setups(),
        ]
    )


def _names(kind: str, width: int) -> str:
    text = f"{kind:<{width}}  {', '.join(facts.names(kind))}"
    return textwrap.fill(text, COLUMNS, subsequent_indent=" " * (width + 2))


def _loss(told: dict[str, Any]) -> list[str]:
    ends = [None if end is None else end["name"] for end in told["equilibrium"]]
    return [
        ", ".join(end.replace("\u2212", "-") if end else "any" for end in ends),
        told["reads"].split(",")[0],
        "pairs" if told["relativistic"] else "",
        "the whole batch" if told["whole_batch"] else "",
    ]


def _pretrained() -> str:
    """The generators that the package holds, without their checksums."""
    (_, *heads), lines = pretrained.table()
    rows = {name: cells[:-1] for name, *cells in lines}
    return _table("pretrained", [heading.replace(" ", "_") for heading in heads[:-1]], rows)


def _setups() -> str:
    """The set-ups: of each its data and the settings that are no defaults, which stand below."""
    usual = {field.name: field.default for field in fields(Experiment) if field.name != "data"}
    found = catalogue.EXPERIMENTS
    width = max(map(len, found))
    lines = ["experiments"]
    for name, one in found.items():
        changed = [
            f"{key} {_setting(one, key)}" for key, value in usual.items() if getattr(one, key) != value
        ]
        lines += textwrap.wrap(
            f"{name:<{width}}  {'; '.join([str(one.data), *changed])}",
            COLUMNS,
            subsequent_indent=" " * (width + 4),
        )
    left_out = "; ".join(f"{key} {_plain(value)}" for key, value in usual.items())
    return "\n".join([*lines, "", *textwrap.wrap(f"left out, being the default: {left_out}", COLUMNS)])


def _table(title: str, columns: Sequence[str], rows: Rows) -> str:
    """Columns of one width each; a heading of several words stands on several lines."""
    heads = [heading.split("_") for heading in (title, *columns)]
    depth = max(map(len, heads))
    above = [[head[line] if line < len(head) else "" for head in heads] for line in range(depth)]
    lines = above + [[name, *cells] for name, cells in rows.items()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _setting(experiment: Experiment, name: str) -> str:
    value = getattr(experiment, name)
    return f"{value[0]}:{value[1]}" if name == "unroll" else _plain(value)


def _plain(value: Any) -> str:
    """A setting in one word: (0.5, 0.999) as 0.5,0.999, True as yes, None as none."""
    if isinstance(value, tuple | list):
        return ",".join(_plain_item(item) for item in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _plain_item(item: Any) -> str:
    return f"{item[0]}={':'.join(map(str, item[1:]))}" if isinstance(item, tuple | list) else str(item)
