"""A run folder that an earlier version of the package left: it goes on to what that version reached.

`stored/ring` was made at commit 2de6b1c, when the package was flat: three of six steps of `ring_r1_r2` at
width 4, with all that could be lost (a schedule, an average, two critic steps, a lazy penalty, noise, packs).
`reached.safetensors` is what that code had after six, each random stream as its SHA-256.
"""

import hashlib
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ganlab import runs, storage
from ganlab.experiments import requests
from ganlab.experiments.requests import Request

STORED = Path(__file__).with_name("stored") / "ring"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(STORED, tmp_path / "ring"))


@pytest.fixture
def tolerance(tmp_path):
    """0 where this machine's arithmetic is that of the machine that made the run, as its first steps tell."""
    request, _ = requests.read(STORED)
    experiment, seeds = request.experiment, request.seeds
    again = runs.create(tmp_path / "again", Request(experiment, seeds, device="cpu", checkpoint_every=3))

    def stop(run):
        if run.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runs.go_on(again, stop)
    first, stored = (storage.latest(path)[0] for path in (again.folder, STORED))
    same = all(torch.equal(first[name], value) for name, value in stored.items())
    return 0.0 if same else 1e-9


def slim(tensor):
    if tensor.dtype != torch.uint8:
        return tensor
    return torch.frombuffer(bytearray(hashlib.sha256(bytes(tensor.tolist())).digest()), dtype=torch.uint8)


def test_a_run_of_an_earlier_version_ends_where_that_version_ended(folder, tolerance):
    run = runs.resume(folder)
    assert (run.step, run.total) == (3, 6)
    runs.go_on(run)
    reached, expected = storage.latest(folder)[0], load_file(STORED / "reached.safetensors")
    assert expected.keys() <= reached.keys()
    for name, value in expected.items():
        torch.testing.assert_close(slim(reached[name]), value, rtol=0, atol=tolerance, msg=name)


def test_its_samples_can_be_drawn_without_going_on(folder):
    _, (gan,), history = runs.view(folder)
    assert (gan.step, len(history)) == (3, 3)
    assert torch.equal(gan.state()["steps"], torch.tensor([3, 6]))
