"""Judges against what the samples are known to be: real ones, shifted ones, one mode, nothing at all."""

import json
import math
import types

import pytest
import torch
from scipy import stats

from ganlab import data, metrics
from ganlab.evaluation import judging


def test_real_points_score_what_a_perfect_sampler_does(rng, monkeypatch):
    monkeypatch.setattr(judging, "TRANSPORTED", 300)
    source = data.grid()
    found = judging.quality(source, source.sample(5000, rng), rng)
    assert (found["modes"], found["modes_total"], found["samples"]) == (25, 25, 5000)
    assert found["high_quality"] == pytest.approx(found["perfect_high_quality"], abs=0.0075)  # 5 errors
    assert found["reverse_kl"] < 25 / 5000
    assert found["wasserstein_1"] < 2 * found["real_wasserstein_1"]
    far = judging.quality(source, source.sample(300, rng) + torch.tensor([30.0, 0.0]), rng)
    assert far["wasserstein_1"] == pytest.approx(30, abs=1)
    assert far["reverse_kl"] is None
    json.dumps(far, allow_nan=False)


def test_a_curve_has_no_modes_but_a_distance(rng):
    found = judging.quality(data.swiss_roll(), torch.zeros(100, 2), rng)
    assert found.keys() == {"wasserstein_1", "real_wasserstein_1", "samples"}
    assert found["wasserstein_1"] > 2 * found["real_wasserstein_1"]


def test_real_images_are_no_further_from_real_images_than_real_images_are(rng):
    source = data.digits()
    images = source.batch(torch.randperm(1437, generator=rng)[:700])
    found = judging.quality(source, images, rng)
    assert found["classifier_frechet"] < 2 * found["real_classifier_frechet"]
    assert found["samples"] == 700
    one = judging.quality(source, source.batch(torch.arange(700))[source.labels[:700] == 3], rng)
    assert one["classifier_frechet"] > 10 * one["real_classifier_frechet"]


def test_images_that_no_classifier_knows_are_counted_and_no_more(rng):
    pixels = torch.zeros(20, 1, 28, 28, dtype=torch.uint8)
    source = data.Images("mnist", pixels, torch.zeros(20, dtype=torch.int64))
    assert judging.quality(source, torch.zeros(5, 1, 28, 28), rng) == {"samples": 5}


def test_stacked_digits_of_one_kind_are_one_mode_of_a_thousand(rng):
    source = data.stacked(data.digits())
    images = source.sample(3000, rng)
    whole = judging.quality(source, images, rng)
    assert whole["modes_total"] == 1000
    assert whole["modes"] > 900  # 1000 (1 - exp(-3)) = 950 in the mean
    assert whole["reverse_kl"] == pytest.approx(whole["real_reverse_kl"], rel=0.2)
    one = judging.quality(source, images[:1].expand(100, 3, 8, 8), rng)
    assert one["modes"] == 1
    assert one["reverse_kl"] == pytest.approx(math.log(1000), abs=0.2)  # the ten digits are nearly even


def test_more_real_images_than_there_are_cannot_be_compared(rng):
    with pytest.raises(
        ValueError, match="`--samples` must be at most 1437, the number of real ones, got 2000"
    ):
        judging.fidelity(data.digits(), torch.zeros(2000, 1, 8, 8), rng)


def test_the_perfect_share_is_that_of_the_dimension_of_the_mixture():
    """P(chi_3 <= 3), by SciPy: in space fewer of a Gaussian's samples are within three deviations."""
    mixture = data.Mixture(torch.zeros(1, 3), 1.0)
    found = judging.coverage(mixture, torch.zeros(10, 3))
    assert found["perfect_high_quality"] == pytest.approx(stats.chi(3).cdf(3), abs=1e-12)
    assert found["perfect_high_quality"] < 0.975


def test_a_source_of_an_unknown_kind_is_refused_by_name(rng):
    graph = types.SimpleNamespace(kind="graph", sample=None)
    for judge in (lambda: judging.coverage(graph, torch.zeros(2, 2)), lambda: judging.kind_of(graph)):
        with pytest.raises(
            ValueError, match=r"`kind` must be one of mixture, points, images, stacked, .*got 'graph'"
        ):
            judge()


@pytest.mark.parametrize(
    ("source", "drawn", "message"),
    [
        (data.ring(), torch.zeros(5, 3), r"`drawn` must have shape \(N, 2\) with N at least 1, got \(5, 3\)"),
        (data.digits(), torch.zeros(5, 1, 28, 28), r"shape \(N, 1, 8, 8\) .* got \(5, 1, 28, 28\)"),
        (data.swiss_roll(), torch.zeros(0, 2), r"shape \(N, 2\) .* got \(0, 2\)"),
        (data.stacked(data.digits()), torch.zeros(5, 1, 8, 8), r"shape \(N, 3, 8, 8\) .* got \(5, 1, 8, 8\)"),
    ],
)
def test_samples_of_another_shape_than_the_data_are_refused(source, drawn, message, rng):
    with pytest.raises(ValueError, match=message):
        judging.quality(source, drawn, rng)


def test_a_spread_of_kid_that_is_unknown_is_none_and_not_a_number(rng, monkeypatch):
    monkeypatch.setattr(metrics, "fid_kid", lambda *_: metrics.Fidelity(1.0, 0.5, math.nan))
    found = judging.fidelity(data.digits(), torch.zeros(5, 1, 8, 8), rng)
    assert json.loads(json.dumps(found, allow_nan=False)) == {"fid": 1.0, "kid": 0.5, "kid_std": None}
