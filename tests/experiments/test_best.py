"""The best checkpoint of a run: which it is, that keeping it changes nothing, and what it survives."""

import json

import numpy as np
import pytest
import torch

from ganlab import runs, storage
from ganlab.evaluation import judging
from ganlab.experiments import EXPERIMENTS, best, build, change, reports, requests
from ganlab.experiments.requests import Request
from ganlab.storage import CheckpointError

RING = change(EXPERIMENTS["ring"], steps=8, batch_size=8, width=8)
IMAGES = change(EXPERIMENTS["digits"], steps=2, batch_size=16, width=4, discriminator_width=4)
STACKED = change(EXPERIMENTS["stacked"], steps=2, batch_size=16, width=4, discriminator_width=4)


@pytest.fixture(autouse=True)
def _few_samples(monkeypatch):
    for name, kind in judging.KINDS.items():
        monkeypatch.setitem(judging.KINDS, name, kind._replace(samples=60))


def made(folder, experiment, **settings):
    run = runs.create(folder, Request(experiment, **settings))
    runs.go_on(run)
    return run


def script(monkeypatch, values):
    """Let the measure take these values, one a look."""
    left = list(values)
    monkeypatch.setattr(best, "measure", lambda *_: left.pop(0))


def test_a_run_ends_in_the_same_numbers_with_a_best_checkpoint_and_without(tmp_path):
    for seeds in ((3,), (3, 5)):
        kept = made(tmp_path / f"kept{seeds}", RING, seeds=seeds, best="wasserstein_1", best_every=3)
        plain = made(tmp_path / f"plain{seeds}", RING, seeds=seeds)
        one, two = storage.latest(kept.folder)[0], storage.latest(plain.folder)[0]
        assert one.keys() == two.keys()
        assert all(torch.equal(value, two[name]) for name, value in one.items())
        assert [best.kept(kept.folder, seed)["step"] in (3, 6) for seed in seeds] == [True] * len(seeds)


def test_the_average_is_measured_with_the_batch_norms_that_are_estimated_anew():
    """The measure is that of the samples which are shown, and no number that a run keeps is changed by it."""
    small = change(IMAGES, network="dcgan", ema=0.9, ema_batches=2)
    setup = build(small)
    request, before = Request(small, best="classifier_frechet"), setup.gan.state()
    before = {name: value.clone() for name, value in before.items()}
    anew = best.measure(request, setup, 0)
    assert all(torch.equal(value, before[name]) for name, value in setup.gan.state().items())
    setup.gan.ema_batches = 0
    assert best.measure(request, setup, 0) != pytest.approx(anew, rel=1e-3)


@pytest.mark.parametrize(
    ("measure", "values", "step"),
    [
        ("wasserstein_1", [0.5, 0.25, 0.25, 0.75], 4),
        ("modes", [1, 3, 3, 2], 4),
        ("wasserstein_1", [0.1, 0.2, 0.3, 0.4], 2),
        ("high_quality", [0.1, 0.2, 0.3, 0.4], 8),
        ("reverse_kl", [None, None, 2.0, None], 6),
    ],
)
def test_the_first_of_the_best_is_kept(tmp_path, monkeypatch, measure, values, step):
    script(monkeypatch, values)
    run = made(tmp_path / "run", RING, best=measure, best_every=2)
    about = best.kept(run.folder, 0)
    value = [known for known in values if known is not None]
    wanted = max(value) if measure in ("modes", "high_quality") else min(value)
    assert (about["step"], about["value"], about["measure"]) == (step, wanted, measure)
    _, (gan,), history = runs.view(run.folder, at_best=True)
    assert (gan.step, len(history)) == (step, 8)
    alone = made(tmp_path / "alone", change(RING, steps=step))
    for name, tensor in alone.games[0].state().items():
        assert torch.equal(gan.state()[name], tensor), name


@pytest.mark.parametrize("experiment", [RING, IMAGES, STACKED, change(RING, data="swiss_roll")])
def test_every_measure_of_the_data_can_be_asked_for(tmp_path, experiment):
    kind = {"digits": "images", "stacked": "stacked", "swiss_roll": "points"}.get(experiment.data, "mixture")
    for name, told in requests.BEST.items():
        if kind in told.kinds:
            requests.check_best(name, experiment)
            run = runs.create(tmp_path / f"{experiment.data}-{name}", Request(experiment, best=name))
            value = best.measure(run.request, run.setups[0], 0)
            assert value is None or np.isfinite(value)


def test_what_is_compared_is_the_measure_of_evaluate_on_other_numbers(tmp_path):
    run = made(tmp_path / "run", RING, best="wasserstein_1", best_every=4)
    value = best.measure(run.request, run.setups[0], 0)
    assert value == best.measure(run.request, run.setups[0], 0), "the same numbers at each look"
    rng = best.stream(0)
    drawn = reports.samples_of(run.games[0], 60, rng)
    assert value == judging.quality(run.setups[0].source, drawn, rng)["wasserstein_1"]
    seeds = {best.stream(seed).initial_seed() for seed in range(20)}
    assert len(seeds) == 20
    assert not seeds & {reports.stream(draw).initial_seed() for draw in range(20)}


def test_a_run_that_is_stopped_keeps_the_best_that_it_would_have_kept(tmp_path):
    class Stop(Exception):
        pass

    def watch(run):
        if run.step == 5:
            raise Stop

    request = Request(RING, seeds=(1, 2), checkpoint_every=2, best="wasserstein_1", best_every=1)
    whole = runs.create(tmp_path / "whole", request)
    runs.go_on(whole)
    cut = runs.create(tmp_path / "cut", request)
    with pytest.raises(Stop):
        runs.go_on(cut, watch)
    runs.go_on(runs.resume(tmp_path / "cut"))
    for seed in (1, 2):
        assert best.kept(tmp_path / "cut", seed) == best.kept(tmp_path / "whole", seed)


def test_a_best_checkpoint_that_is_missing_damaged_or_of_another_run_is_named(tmp_path):
    none = made(tmp_path / "none", RING, best="modes", best_every=100)
    with pytest.raises(CheckpointError, match="none has kept no best checkpoint of seed 0 yet"):
        runs.view(none.folder, at_best=True)
    run = made(tmp_path / "run", RING, best="wasserstein_1", best_every=4)
    (path,) = (run.folder / "best" / "seed-0").glob("step-*")
    document = json.loads((path / "state.json").read_text())
    storage.save(
        path.parent, document["state"]["step"], storage.load(path)[0], document["state"] | {"request": "x"}
    )
    with pytest.raises(CheckpointError, match="is of another run"):
        runs.view(run.folder, at_best=True)
    (path / "tensors.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match="is damaged"):
        runs.view(run.folder, at_best=True)
