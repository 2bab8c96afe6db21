"""What the package offers, by name and with what is known of it, for who must not load it to know.

A table of names is kept in the module whose subject it is: the losses in `ganlab.losses`, the set-ups in
`ganlab.experiments`. The command line, which refuses a wrong name before torch is loaded, and the pages,
which run where there is no Python, read the same facts in `ganlab/assets/facts.json`; `make facts` writes
that file from the live tables. Where a table is loaded, it answers itself, so that an entry added while a
program runs counts at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["KINDS", "names", "table"]

FILE = Path(__file__).with_name("assets") / "facts.json"

KINDS: dict[str, tuple[str, str]] = {
    "losses": ("ganlab.losses", "LOSSES"),
    "regularizers": ("ganlab.regularizers", "REGULARIZERS"),
    "data": ("ganlab.data", "DATASETS"),
    "networks": ("ganlab.networks", "NETWORKS"),
    "translators": ("ganlab.networks", "TRANSLATORS"),
    "conditions": ("ganlab.networks", "CONDITIONS"),
    "optimizers": ("ganlab.training.optimizers", "OPTIMIZERS"),
    "augmentations": ("ganlab.training.augmentations", "AUGMENTATIONS"),
    "kinds": ("ganlab.evaluation.judging", "KINDS"),
    "metrics": ("ganlab.evaluation.by_name", "METRICS"),
    "pictures": ("ganlab.experiments.reports", "PICTURES"),
    "schedules": ("ganlab.experiments.catalogue", "SCHEDULES"),
    "experiments": ("ganlab.experiments.catalogue", "EXPERIMENTS"),
    "studies": ("ganlab.experiments.studies", "STUDIES"),
}
"""The kinds of things that have names: of each, the module and the table in it.

>>> KINDS["losses"]
('ganlab.losses', 'LOSSES')
"""


def table(kind: str) -> dict[str, dict[str, Any]]:
    """The facts of each entry of a table, by its name, as JSON can hold them.

    `kind`: one of `KINDS`. The live table answers where its module is loaded, else the file. An entry with a
    method `facts` says what is known of it; of any other the name is all.

    Raises `ValueError` where there is no such kind, or an entry tells what JSON cannot hold, such as NaN.

    >>> table("experiments")["ring"]["steps"]
    5000
    """
    live = _live(kind)
    if live is None:
        return _stored()[kind]
    told = {name: getattr(entry, "facts", dict)() for name, entry in live.items()}
    return json.loads(json.dumps(told, allow_nan=False))


def names(kind: str) -> list[str]:
    """The names in a table, in its order; arguments and errors are those of `table`.

    >>> names("schedules")
    ['constant', 'linear', 'cosine']
    """
    live = _live(kind)
    return list(_stored()[kind] if live is None else live)


def _live(kind: str) -> Mapping[str, Any] | None:
    """The table itself, where its module is loaded."""
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {', '.join(KINDS)}, got {kind!r}")
    module, name = KINDS[kind]
    return getattr(sys.modules.get(module), name, None)


@cache
def _stored() -> dict[str, dict[str, dict[str, Any]]]:
    return json.loads(FILE.read_text(encoding="utf-8"))
