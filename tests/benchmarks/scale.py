"""Processor seconds of a step by width, batch, seeds stacked and processes: what the cost model is held to.

    python tests/benchmarks/scale.py [OUT]        writes ganlab/assets/costs.json unless OUT is given

A figure is the least processor time a step over interleaved short blocks, since whatever disturbs a block
makes it longer. One thread a process, float32, the ring. Processes are started by torchrun; the seconds are
those that the first process computes, waiting apart.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ganlab.experiments import EXPERIMENTS, building, change
from ganlab.experiments.costs import count
from ganlab.training import train, train_together
from ganlab.training.distributed import Group, join

torch.set_num_threads(1)
OUT = Path(__file__).parents[2] / "ganlab" / "assets" / "costs.json"
BLOCK, ROUNDS = 0.03, 12  # seconds of one block, and how often each is measured
WIDTHS, BATCHES = (32, 64, 128, 256, 512), (64, 128, 256, 512, 1024)
SEEDS, PROCESSES = (2, 4, 8, 16), (1, 2, 4)
STACKED = ((32, 256), (64, 256))
SHARED = ((64, 1024), (256, 1024), (512, 1024))


def setup(width: int, batch: int, seed: int = 0, group: Any = None) -> Any:
    ring = change(EXPERIMENTS["ring"], float64=False, width=width, batch_size=batch, ema=None)
    return building.build(ring, seed=seed, group=group)


def alone(width: int, batch: int, group: Any = None) -> Callable[[int], Any]:
    made = setup(width, batch, group=group)
    return lambda steps: train(made.gan, made.batches, steps)


def together(width: int, batch: int, seeds: int) -> Callable[[int], Any]:
    made = [setup(width, batch, seed) for seed in range(seeds)]
    games, batches = [each.gan for each in made], [each.batches for each in made]
    return lambda steps: train_together(games, batches, steps)


def least(sides: dict[Any, Callable[[int], Any]], *, steps: int = 1) -> dict[Any, float]:
    """The least processor seconds a step of each side, over rounds in which each has a short block.

    `steps`: in a block at least, so that what is done once a block, as stacking, does not count.
    """
    sizes = {}
    for name, side in sides.items():
        side(2)
        started = time.process_time()
        side(2)
        sizes[name] = max(steps, round(2 * BLOCK / (time.process_time() - started)))
    found: dict[Any, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            started = time.process_time()
            side(sizes[name])
            found[name].append((time.process_time() - started) / sizes[name])
    return {name: min(values) for name, values in found.items()}


def counted(sides: dict[Any, Callable[[int], Any]]) -> dict[Any, Any]:
    """The counts of one step: what three steps do beyond one, over two."""
    found = {}
    for name, side in sides.items():
        one, three = (count(lambda side=side, n=n: side(n)) for n in (1, 3))
        found[name] = {key: (b - a) / 2 for key, a, b in zip(one._fields, one, three, strict=True)}
    return found


def shared(out: Path) -> None:
    """What one process of a group writes, if it is the first: its seconds for each setting."""
    with join() as group:
        sides = {case: alone(*case, group=group) for case in SHARED}
        found: dict[Any, list[float]] = {case: [] for case in sides}
        for _ in range(ROUNDS + 1):
            for case, side in sides.items():
                steps = 5
                started = time.process_time()
                side(steps)
                found[case].append((time.process_time() - started) / steps)
        if group is None or group.first:
            out.write_text(json.dumps([min(values[1:]) for values in found.values()]))


def counted_share(width: int, batch: int, size: int) -> dict[str, float]:
    """What one process of so many is asked for in a step, with nobody to speak to."""
    group = Group(0, size) if size > 1 else None
    side, speak = alone(width, batch, group), Group._reduce
    Group._reduce = lambda *_: None  # type: ignore[method-assign] - what is sent is no operation
    try:
        return counted({size: side})[size]
    finally:
        Group._reduce = speak  # type: ignore[method-assign] - as it was


def processes() -> list[dict[str, Any]]:
    found = []
    for size in PROCESSES:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "seconds.json"
            command = [sys.executable, __file__, "--shared", str(out)]
            if size > 1:
                start = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(size)]
                command = [sys.executable, *start, *command[1:]]
            subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
            for (width, batch), value in zip(SHARED, json.loads(out.read_text()), strict=True):
                weights = sum(p.numel() for player in setup(width, batch).gan.players.values()
                              for p in player.network.parameters())  # fmt: skip
                part = counted_share(width, batch, size)
                known = {"width": width, "batch": batch, "processes": size, "weights": weights}
                found.append(known | part | {"seconds": value})
    return found


def machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": name or platform.processor(),
        "vector": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "threads": 1,
        "torch": torch.__version__.split("+")[0],
        "dtype": "float32",
        "load": round(os.getloadavg()[0]),
        "time": "processor seconds, the least of some ten short blocks",
    }


def main(out: Path) -> None:
    grid = {(w, b): alone(w, b) for w in WIDTHS for b in BATCHES}
    stack = {(w, b, s): together(w, b, s) for w, b in STACKED for s in SEEDS}
    took, took_stacked = least(grid), least(stack, steps=20)
    counts, counts_stacked = counted(grid), counted(stack)
    document = {
        "machine": machine(),
        "steps": [{"width": w, "batch": b} | counts[w, b] | {"seconds": took[w, b]} for w, b in grid],
        "stacked": [
            dict(zip(("width", "batch", "seeds"), key, strict=True))
            | counts_stacked[key]
            | {"seconds": took_stacked[key]}
            for key in stack
        ],
        "processes": processes(),
    }
    out.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--shared"]:
        shared(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]) if sys.argv[1:] else OUT)
