"""Draw the still picture of the book, for links and for the lab without scripts: a ring found, and one lost.

Run as `python book/pictures/ring.py`; it writes `ring.png` beside itself, in about a minute.
"""

from pathlib import Path

import torch
from matplotlib.figure import Figure

from ganlab import experiments, metrics, plotting, training

PANELS = {
    "ring": "equal learning rates",
    "ring_collapse": "a generator ten times as fast",
}


def draw() -> None:
    """Train, draw and write both panels."""
    figure = Figure(figsize=(8, 4.2), layout="constrained", dpi=150)
    for ax, (name, title) in zip(figure.subplots(1, 2), PANELS.items(), strict=True):
        gan, batches, source = experiments.build(experiments.EXPERIMENTS[name], seed=0)
        training.train(gan, batches, experiments.EXPERIMENTS[name].steps)
        rng = torch.Generator().manual_seed(0)
        fake = gan.sample(10_000, rng)
        found = metrics.mode_coverage(fake, source)
        plotting.samples(ax, source.sample(500, rng, dtype=fake.dtype), fake[:500], extent=2.9)
        ax.set_title(f"{title}: {found.modes} of {found.total} modes")
    figure.savefig(Path(__file__).with_name("ring.png"))


if __name__ == "__main__":
    draw()
