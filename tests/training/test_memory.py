"""What a step frees serves the next one: the system gives no page twice, and clears none anew.

Counted in a process of its own, since the memory that any other test has freed would serve as well.
"""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import torch
from ganlab import data
from ganlab.losses import non_saturating
from ganlab.networks import mlp_discriminator, mlp_generator
from ganlab.training import GAN, train
from ganlab.training.ensembles import train_together

stacked, width, seeds = sys.argv[1] == "stacked", int(sys.argv[2]), 4
games, batches = [], []
for seed in range(seeds):
    rng = torch.Generator().manual_seed(seed)
    networks = mlp_generator(2, (2,), width=width, rng=rng), mlp_discriminator((2,), width=width, rng=rng)
    games.append(GAN(*networks, non_saturating, rng))
    batches.append(data.batches(data.ring(), 2048, rng))


def some(steps):
    if stacked:
        train_together(games, batches, steps)
    else:
        train(games[0], batches[0], steps)


def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


some(5)
before = faults()
some(20)
print((faults() - before) / 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another library gives memory back otherwise")
@pytest.mark.parametrize(("kind", "width"), [("alone", 128), ("stacked", 32)])
def test_a_step_takes_its_memory_from_the_step_before(kind, width):
    command = [sys.executable, "-c", FAULTS, kind, str(width)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(said) < 100  # pages of 4 KiB; of a MiB that comes anew it is 256
