"""Truth here: torch-fidelity, scikit-learn, SciPy's entropies, and histograms that are done by hand."""

import math

import numpy as np
import pytest
import scipy.stats
import torch
from sklearn.cluster import KMeans
from torch_fidelity.metric_isc import isc_features_to_metric

from ganlab.evaluation.histograms import (
    class_coverage,
    classifier_score,
    joint_histograms,
    precision_recall_curve,
)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("parts", [1, 7, 10])
def test_the_score_is_the_inception_score_of_torch_fidelity(parts):
    logits = 3 * torch.randn(205, 10, generator=seeded(0))
    peer = isc_features_to_metric(logits, splits=parts, shuffle=False)["inception_score_mean"]
    assert classifier_score(logits, parts=parts) == pytest.approx(peer, rel=1e-12)


def test_the_score_is_the_exponential_of_the_mutual_information():
    logits = torch.randn(40, 5, generator=seeded(1), dtype=torch.float64)
    p = logits.softmax(1).numpy()
    mutual = scipy.stats.entropy(p.mean(0)) - np.mean([scipy.stats.entropy(row) for row in p])
    assert math.log(classifier_score(logits)) == pytest.approx(mutual, rel=1e-12)


def test_sure_answers_of_any_size_stay_finite():
    assert classifier_score(1e5 * torch.eye(4)) == pytest.approx(4, rel=1e-12)


def test_the_classes_and_the_reverse_divergence_of_their_histogram():
    labels, weights = [0, 0, 0, 2], [0.5, 0.25, 0.25]
    found = class_coverage(labels, weights)
    assert (found.classes, found.total) == (2, 3)
    assert found.reverse_kl == pytest.approx(scipy.stats.entropy([0.75, 0, 0.25], weights), rel=1e-12)
    assert class_coverage([0, 1], [1.0, 0.0]).reverse_kl == math.inf


def test_the_divergence_of_the_data_themselves_is_about_half_the_classes_over_the_samples():
    weights = torch.full((40,), 1 / 40, dtype=torch.float64)
    rng = seeded(2)
    found = [
        class_coverage(torch.randint(40, (2000,), generator=rng), weights).reverse_kl for _ in range(300)
    ]
    error = np.std(found) / 300**0.5
    assert abs(np.mean(found) - 39 / 4000) < 4 * error + 0.02 * 39 / 4000


def test_the_curve_is_that_of_the_definition_and_its_ends_are_the_shared_masses():
    p, q = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.0, 0.2, 0.2, 0.6])
    curve = precision_recall_curve(p, q, angles=99)
    for i, angle in enumerate(np.arange(1, 100) * np.pi / 200):
        assert curve.precision[i].item() == pytest.approx(np.minimum(np.tan(angle) * p, q).sum(), rel=1e-9)
        assert curve.recall[i].item() == pytest.approx(np.minimum(p, q / np.tan(angle)).sum(), rel=1e-9)
    assert curve.precision.max().item() == pytest.approx(0.4, rel=1e-3), "mass of q where p has some"
    assert curve.recall.max().item() == pytest.approx(0.5, rel=1e-9), "mass of p where q has some"


def test_equal_histograms_reach_one_and_disjoint_ones_nothing():
    same = precision_recall_curve([0.25, 0.75], [0.25, 0.75])
    assert same.f_recall == pytest.approx(1)
    assert same.f_precision == pytest.approx(1)
    assert precision_recall_curve([1.0, 0.0], [0.0, 1.0])[2:] == (0, 0)


def test_what_is_missing_costs_the_score_of_recall_and_what_is_wrong_that_of_precision():
    lost = precision_recall_curve([0.5, 0.5], [1.0, 0.0])
    added = precision_recall_curve([1.0, 0.0], [0.5, 0.5])
    assert lost.f_precision > 0.9 > 0.6 > lost.f_recall
    assert added.f_recall > 0.9 > 0.6 > added.f_precision
    by_hand = 65 * 1 * 0.5 / (64 * 1 + 0.5)  # F_8 at the corner of the curve, precision 1 and recall 1/2
    assert lost.f_recall == pytest.approx(by_hand, rel=2e-3)


def test_far_clusters_are_those_of_scikit_learn():
    rng = seeded(3)
    centers = 50 * torch.eye(4)
    real = centers.repeat_interleave(torch.tensor([10, 20, 30, 40]), 0) + torch.randn(100, 4, generator=rng)
    fake = centers.repeat_interleave(torch.tensor([0, 5, 0, 45]), 0) + torch.randn(50, 4, generator=rng)
    wanted = KMeans(4, n_init=10, random_state=0).fit_predict(torch.cat([real, fake]).numpy())
    expected = sorted(
        zip(
            np.bincount(wanted[:100], minlength=4) / 100,
            np.bincount(wanted[100:], minlength=4) / 50,
            strict=True,
        )
    )
    starts = (joint_histograms(real, fake, clusters=4, rng=seeded(seed)) for seed in range(20))
    found = [sorted(zip(p.tolist(), q.tolist(), strict=True)) for p, q in starts]
    assert any(np.allclose(one, expected) for one in found), "k-means may be caught by a bad start"
    assert all(sum(q for _, q in one) == pytest.approx(1) for one in found)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: classifier_score(torch.zeros(3)), r"`logits` must be finite and have shape \(N, K\)"),
        (lambda: classifier_score(torch.zeros(3, 2), parts=4), "`parts` must be between 1 and 3"),
        (lambda: class_coverage([0, 3], [0.5, 0.5]), "`fake_labels` must be from 0 to 1, got 3"),
        (lambda: class_coverage([0.5], [0.5, 0.5]), "`fake_labels` must be whole numbers"),
        (lambda: precision_recall_curve([1.0], [1.0], angles=0), "`angles` must be at least 1, got 0"),
        (lambda: precision_recall_curve([[1.0]], [[1.0]]), r"`p` and `q` must have shape \(K,\)"),
        (
            lambda: joint_histograms(torch.zeros(3, 1), torch.zeros(2, 2), rng=seeded(0)),
            r"must be \(N, F\) and \(M, F\)",
        ),
        (
            lambda: joint_histograms(torch.zeros(3, 1), torch.zeros(2, 1), rng=seeded(0)),
            "`clusters` must be between 1 and 5, got 20",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("real", "fake"), [(0, 4), (4, 0)])
def test_histograms_of_no_features_are_refused(real, fake, rng):
    with pytest.raises(ValueError, match=f"features of both kinds, got {real} real and {fake} generated"):
        joint_histograms(torch.zeros(real, 2), torch.zeros(fake, 2), clusters=2, rng=rng)
