"""Games that are trained in two ways, of which each has to be the other."""

from torch.testing import assert_close

from ganlab.experiments import build
from ganlab.training import train, train_together


def same_side_by_side(setup, *, seeds=(3, 4), steps=3):
    """Assert that games trained side by side have the state of each trained alone."""
    together, alone = ([build(setup, seed=seed) for seed in seeds] for _ in range(2))
    train_together([one.gan for one in together], [one.batches for one in together], steps)
    for ours, theirs in zip(together, alone, strict=True):
        train(theirs.gan, theirs.batches, steps)
        for name, value in theirs.gan.state().items():
            assert_close(ours.gan.state()[name], value, rtol=0, atol=1e-9)
