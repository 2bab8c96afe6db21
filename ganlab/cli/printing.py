"""What the command line says: results on standard output, complaints on standard error."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ganlab.folders import FolderWarning

__all__ = ["complain", "note", "tell", "warned"]


def tell(result: dict[str, Any], *, as_json: bool) -> None:
    """Print the result of a run: its numbers as sentences, or all of it as one line of JSON."""
    if as_json:
        print(json.dumps(result))
        return
    seeds = f" of {len(result['each'])} seeds" if "each" in result else ""
    time_taken = f" in {result['seconds']} s" if "seconds" in result else ""
    steps = f"{result['steps'] - result.get('first_step', 1) + 1} steps"
    run = f"the run is in {result['run']}" if "run" in result else f"{result['pretrained']} of the package"
    print(f"{steps}{seeds}{time_taken}; {run}")
    from ganlab.experiments import reports

    print(reports.sentences(result))


def complain(error: Exception | str, code: int) -> int:
    """The exit code itself, after saying in one line of standard error what is wrong.

    >>> complain("interrupted", 130)
    130
    """
    print(f"ganlab: {' '.join(str(error).split())}", file=sys.stderr)
    return code


@contextmanager
def warned() -> Iterator[None]:
    """A context in which what is to be said of a folder of pictures is a line of standard error.

    >>> with warned():
    ...     pass
    """
    with warnings.catch_warnings():
        warnings.simplefilter("always", FolderWarning)
        show = warnings.showwarning

        def say(message: Warning | str, category: type[Warning], *rest: Any) -> None:
            if issubclass(category, FolderWarning):
                note(str(message))
            else:
                show(message, category, *rest)

        warnings.showwarning = say
        yield


def note(text: str) -> None:
    """Print on standard error a line that is no complaint."""
    print(f"ganlab: {text}", file=sys.stderr)
