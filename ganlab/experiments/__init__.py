"""Experiments: complete set-ups by name, run folders that survive a stop, stored results, reports."""

from ganlab.experiments.catalogue import (
    EXPERIMENTS,
    SCHEDULES,
    Experiment,
    Setup,
    build,
    build_game,
    change,
    default,
    from_dict,
    load,
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
    "default",
    "from_dict",
    "load",
    "look_up",
    "to_dict",
]
