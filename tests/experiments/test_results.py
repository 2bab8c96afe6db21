"""Stored runs against the code of today: their first steps again, their settings, and their sums."""

import json
import statistics
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch.testing import assert_close

from ganlab import data, experiments, metrics, reports, results
from ganlab.experiments.results import SEEDS, load, make, save
from ganlab.training import train

THREE = [{"modes": x, "high_quality": 8.0, "reverse_kl": None} for x in (1, 2, 3)]
POINTS = [name for name in SEEDS if not name.startswith("fashion")]


@pytest.mark.parametrize("name", SEEDS)
def test_the_first_steps_of_a_stored_run_are_those_of_todays_code(name):
    """Float32 and another order of sums: equal to a part in a thousand for as long as nothing has grown.

    Five critic steps a turn, of an Adam without momentum, let it grow to a part in a hundred, and on the grid
    beyond that after the sixth turn. Of the scores only the gap is compared where the loss sees differences
    alone: it leaves their common shift, and with it a critic's mean score of generated samples, to rounding,
    which Adam then follows.
    """
    result = load(name)
    torch.set_default_dtype(torch.float32)
    setup = experiments.build(result.experiment, seed=result.seeds[0])
    steps, rtol = 6 if name == "grid_wgan_gp" else 8, 1e-3 if result.experiment.n_critic == 1 else 1e-2
    history = train(setup.gan, setup.batches, steps, n_critic=result.experiment.n_critic)
    assert set(history.columns) == set(result.prefix)
    for column in ("d_loss", "penalty", "g_loss"):
        if (result.experiment.loss, column) != ("wasserstein", "g_loss"):
            assert_close(history[column], result.prefix[column][:steps], rtol=rtol, atol=1e-6)
    gap = result.prefix["d_real"] - result.prefix["d_fake"]
    assert_close(history["d_real"] - history["d_fake"], gap[:steps], rtol=rtol, atol=1e-5)


@pytest.mark.parametrize("name", SEEDS)
def test_a_record_is_of_the_set_up_and_the_seeds_that_it_names(name):
    result = load(name)
    assert result.name == name
    assert result.experiment == experiments.EXPERIMENTS[name]
    assert result.seeds == SEEDS[name] == tuple(numbers["seed"] for numbers in result.each)
    assert result.command == f"python -m ganlab.experiments.results {name}"
    assert {"python", "torch"} <= set(result.versions)
    assert 0 < result.seconds < 3600
    assert results._path(name).stat().st_size < 1_000_000


@pytest.mark.parametrize("name", SEEDS)
def test_the_spread_is_that_of_the_seeds(name):
    result = load(name)
    for measure, row in result.spread.items():
        values = [numbers[measure] for numbers in result.each]
        if None in values:
            assert row["mean"] is None
            continue
        assert_close(row["mean"], statistics.fmean(values), rtol=1e-5, atol=1e-8)
        error = statistics.stdev(values) / len(values) ** 0.5
        assert_close(row["standard_error"], error, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", POINTS)
def test_the_kept_samples_agree_with_the_judgement_of_all(name):
    """500 of the 10 000 samples: the share of high quality within five standard errors of the full share."""
    result = load(name)
    mixture = getattr(data, result.experiment.data)()
    for points, numbers in zip(result.samples, result.each, strict=True):
        share = metrics.mode_coverage(torch.from_numpy(points).double(), mixture).high_quality
        full = numbers["high_quality"]
        assert abs(share - full) <= 5 * (full * (1 - full) / len(points)) ** 0.5 + 0.005


@pytest.mark.parametrize("name", SEEDS)
def test_the_thinned_history_covers_the_whole_run(name):
    result = load(name)
    assert result.steps[-1] > 0.97 * result.experiment.steps
    assert len(set(np.diff(result.steps))) == 1
    for values in result.history.values():
        assert values.shape == (len(result.steps), len(result.seeds))
        assert np.isfinite(values).all()


def test_a_record_that_is_made_and_stored_comes_back_the_same(tmp_path, monkeypatch):
    short = replace(experiments.EXPERIMENTS["fashion_mnist"], data="digits", steps=24, float64=True)
    monkeypatch.setitem(experiments.EXPERIMENTS, "fashion_mnist", short)
    monkeypatch.setitem(SEEDS, "fashion_mnist", (1, 2))
    made = make("fashion_mnist")
    path = save(made, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["fashion_mnist.json"]
    monkeypatch.setattr(results, "_path", lambda _: path)
    stored = load("fashion_mnist")
    assert stored.experiment == made.experiment
    assert (stored.seeds, stored.command) == (made.seeds, made.command)
    assert np.array_equal(stored.samples, made.samples)
    for column, values in made.prefix.items():
        assert np.array_equal(stored.prefix[column], values)
    setup = experiments.build(short, seed=1)
    history = train(setup.gan, setup.batches, 24)
    assert_close(stored.prefix["g_loss"], history["g_loss"][:20], rtol=1e-12, atol=0)
    assert_close(stored.history["g_loss"][:, 0], history["g_loss"], rtol=1e-3, atol=1e-6)
    assert repr(stored).startswith("fashion_mnist: 2 seeds, 24 steps")


def test_long_histories_are_thinned_to_means():
    values = torch.arange(1000, dtype=torch.float64).reshape(1000, 1, 1)
    steps, thinned = results._thinned(results.History.of(("x",), list(range(1, 1001)), values))
    assert len(steps) == results.ROWS
    assert (steps[0], steps[-1]) == (5, 1000)
    assert thinned["x"][0, 0] == 2.0


def test_an_unknown_record_is_refused_by_name():
    with pytest.raises(ValueError, match=r"`name` must be one of .*did you mean 'ring_pairing'"):
        load("ring_paring")
    with pytest.raises(ValueError, match="`name` must be one of"):
        make("nothing")


def test_files_hold_plain_json_and_nothing_that_is_run(tmp_path):
    for name in SEEDS:
        json.loads(results._path(name).read_text(), parse_constant=lambda text: pytest.fail(text))


def test_a_table_tells_records_to_the_second_digit_of_the_error():
    """Three values with the mean 2 and the standard error 1 / sqrt(3) = 0.577; all alike, and unknown."""
    spread = reports.spreads(THREE)
    rows = [
        replace(load("ring_pairing"), name=name, spread={"modes": row}, seconds=63.6)
        for name, row in zip(("odd", "even", "lost"), spread.values(), strict=True)
    ]
    lines = [line.split("  ") for line in results.table(rows).splitlines()]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert cells == [
        ["modes", "seconds"],
        ["odd", "2.00 +- 0.58", "64"],
        ["even", "8 +- 0", "64"],
        ["lost", "unknown", "64"],
        ["real samples", "8"],
    ]
    assert results._rounded(218.3, 35.1) == "218 +- 35"
    assert results._rounded(0.00479, 0.0012) == "0.0048 +- 0.0012"


def test_a_table_of_several_data_sets_or_of_nothing_is_refused():
    """Ring and grid share their measures, but not what real samples score."""
    mixed = [load("ring_pairing"), load("grid_pairing")]
    with pytest.raises(ValueError, match="`results` must be of one data set, got ring_pairing, grid_pairing"):
        results.table(mixed)
    with pytest.raises(ValueError, match="`results` must be of one data set, got none"):
        results.table([])


def test_a_record_shows_the_points_of_one_seed_or_its_pictures():
    figure, (left, right) = plt.subplots(1, 2)
    points = load("ring_pairing")
    results.show(left, points, 3)
    drawn = left.collections[0].get_offsets().data
    assert_close(drawn, points.samples[3].astype(float), rtol=0, atol=1e-3)
    assert left.get_title() == "ring_pairing, seed 13"
    results.show(right, load("fashion_mnist"))
    assert right.images[0].get_array().shape[:2] == (6 * 29 + 1, 6 * 29 + 1)
    with pytest.raises(ValueError, match="`index` must be in 0 to 9, got 10"):
        results.show(left, points, 10)
    plt.close(figure)
