"""Make the stored run of a generator that starts far from the data: `python book/pictures/far_start.py`.

Ten saturating generators begin 28 units away, before a discriminator that has had 300 steps. The chapter on
the non-saturating loss repeats the first 300 steps, and shows the rest from
`ganlab/assets/runs/far_start.json`. It takes about a minute of one processor.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import ganlab
from ganlab import experiments, training
from ganlab.storage import write_atomically
from ganlab.training import ensembles

SHIFT, HEAD_START, EVERY, STEPS = 20, 300, 300, 4800
PLACE = Path(__file__).parents[2] / "ganlab" / "assets" / "runs" / "far_start.json"


def record(steps: int = STEPS) -> dict[str, Any]:
    """The run, a row every 300 steps: how far the mean sample is from the data, the score, the gradient."""
    rng = ganlab.reproducible(0)
    probe = training.Draw(None, torch.randn(256, 2, generator=rng))
    preset = experiments.change(
        experiments.EXPERIMENTS["ring"],
        loss="minimax",
        width=(32, 32),
        ema=None,
        batch_size=32,
        learning_rates=(1e-3, 5e-3),
    )
    setups = [experiments.build(preset, seed=seed) for seed in range(10)]
    gans, batches = [s.gan for s in setups], [s.batches for s in setups]
    for gan in gans:
        gan.generator.layers[-1].bias.data += SHIFT
    history = ensembles.train_together(gans, batches, 1, n_critic=HEAD_START)
    run: dict[str, Any] = {"command": "python book/pictures/far_start.py", "loss": "minimax", "shift": SHIFT}
    run |= {"head_start": HEAD_START, "seeds": list(range(10)), "torch": torch.__version__}
    run |= {"steps": [], "distance": [], "score": [], "gradient": []}
    for step in range(0, steps + 1, EVERY):
        away = [training.sample(gan.generator, probe.latents).mean(0).norm() for gan in gans]
        pull = [training.generator_gradient_norm(gan, probe) for gan in gans]
        run["steps"].append(step)
        run["distance"].append([round(float(distance), 1) for distance in away])
        run["score"].append([round(float(score)) for score in Tensor(history["d_fake"][-1])])
        run["gradient"].append([float(f"{float(length):.0e}") for length in pull])
        if step < steps:
            ensembles.train_together(gans, batches, EVERY, history=history)
    return run


if __name__ == "__main__":
    text = json.dumps(record(), indent=None, separators=(", ", ": "))
    write_atomically(PLACE, (text + "\n").encode())
