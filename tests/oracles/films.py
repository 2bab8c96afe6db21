"""A film of nothing, for tests of what shows films."""

import numpy as np

from ganlab.page.films import Recording


def film(frames=3, points=5, side=4, **changes):
    """A recording made of random numbers."""
    rng = np.random.default_rng(0)
    parts = {
        "steps": np.arange(frames) * 10,
        "real": rng.uniform(-1, 1, (points, 2)),
        "fake": rng.uniform(-1, 1, (frames, points, 2)),
        "field": rng.uniform(0, 1, (frames, side, side)),
        "arrows": rng.normal(size=(frames, 2, 2)),
        "extent": 1.0,
    }
    return Recording(**parts | changes)
