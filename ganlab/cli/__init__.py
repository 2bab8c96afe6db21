"""The command line: what can be asked, and what answers."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command line `arguments`, those of the process unless given.

    >>> main(["train", "--data", "rnig"])
    2
    """
    from ganlab.cli import commands

    return commands.main(arguments)
