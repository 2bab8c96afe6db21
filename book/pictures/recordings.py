"""Record the runs that a page shows beside its own and has no time to repeat.

Run as `python book/pictures/recordings.py`; it writes `ganlab/assets/runs/*.recording.json` in half a minute.
Each is one run of a set-up whose ten runs are stored, of the first of their seeds.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

import ganlab
from ganlab import experiments, films, training

FOLDER = Path(__file__).resolve().parents[2] / "ganlab" / "assets" / "runs"
SEED = 10
RUNS = {"ring_lost": "ring_collapse_small", "ring_found": "ring_collapse_two_rates"}
FILM = {"frames": 36, "points": 150, "arrows": 30, "resolution": 22}


def record(name: str, steps: int | None = None) -> films.Recording:
    """The film of one run, or of its first steps; a frame is taken when the whole run would take it."""
    ganlab.reproducible(SEED)
    experiment = experiments.EXPERIMENTS[RUNS[name]]
    gan, batches, source = experiments.build(experiment, seed=SEED)
    recorder = films.Recorder(gan, source, steps=experiment.steps, seed=SEED, **FILM)
    started = time.perf_counter()
    training.train(
        gan, batches, steps or experiment.steps, n_critic=experiment.n_critic, callbacks=[recorder]
    )
    recording = recorder.recording()
    made = {
        "command": "python book/pictures/recordings.py",
        "experiment": RUNS[name],
        "seed": SEED,
        "seconds": round(time.perf_counter() - started),
        "torch": torch.__version__.split("+")[0],
        "python": ".".join(map(str, sys.version_info[:2])),
    }
    return replace(recording, made=dict(recording.made) | made)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in RUNS:
        record(name).save(FOLDER / f"{name}.recording.json")
