"""Experiments: complete set-ups by name, run folders that survive a stop, stored results, reports.

The names of `catalogue` and of `building` stand here too; each module loads when a name of it is first used,
so that whoever only asks what there is loads no network.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganlab.experiments.building import Setup, build, build_game, load_source
    from ganlab.experiments.catalogue import (
        EXPERIMENTS,
        SCHEDULES,
        Experiment,
        change,
        data_facts,
        default,
        from_dict,
        look_up,
        to_dict,
    )

__all__ = [
    "EXPERIMENTS",
    "SCHEDULES",
    "Experiment",
    "Setup",
    "build",
    "build_game",
    "change",
    "data_facts",
    "default",
    "from_dict",
    "load_source",
    "look_up",
    "to_dict",
]

_BUILT = ("Setup", "build", "build_game", "load_source")


def __getattr__(name: str) -> Any:
    if name in __all__:
        module = import_module(f"{__name__}.{'building' if name in _BUILT else 'catalogue'}")
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
