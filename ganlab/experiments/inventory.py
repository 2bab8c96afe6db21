"""The file of facts as the live tables have it: `python -m ganlab.experiments.inventory`, or `make facts`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ganlab import facts
from ganlab.storage import write_atomically

__all__ = ["main", "text"]


def text() -> str:
    """The content of `ganlab/assets/facts.json`, as the live tables have it.

    Raises `ValueError` where a fact is none that JSON can hold, such as NaN.

    >>> text() == facts.FILE.read_text(encoding="utf-8")
    True
    """
    for module, _ in facts.KINDS.values():
        import_module(module)
    tables = (f' "{kind}": {{\n{_lines(facts.table(kind))}\n }}' for kind in facts.KINDS)
    return "{\n" + ",\n".join(tables) + "\n}\n"


def _lines(table: Mapping[str, Any]) -> str:
    """One line an entry, so that a change of one thing is one line."""
    return ",\n".join(f'  "{name}": {json.dumps(told, ensure_ascii=False)}' for name, told in table.items())


def main() -> None:
    """Write the file of facts."""
    write_atomically(facts.FILE, text().encode())


if __name__ == "__main__":
    main()
