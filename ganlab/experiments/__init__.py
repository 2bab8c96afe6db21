"""Experiments: complete set-ups by name, run folders that survive a stop, stored results, reports."""

from ganlab.experiments.catalogue import (
    DEFAULTS,
    EXPERIMENTS,
    SCHEDULES,
    SHAPES,
    SOURCES,
    Experiment,
    Setup,
    Source,
    build,
    build_game,
    change,
    from_dict,
    load,
    look_up,
    to_dict,
)

__all__ = [
    "DEFAULTS",
    "EXPERIMENTS",
    "SCHEDULES",
    "SHAPES",
    "SOURCES",
    "Experiment",
    "Setup",
    "Source",
    "build",
    "build_game",
    "change",
    "from_dict",
    "load",
    "look_up",
    "to_dict",
]
