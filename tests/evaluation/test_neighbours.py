"""Truth here: loops in NumPy, torch-fidelity, scikit-learn, and expectations by enumeration."""

import itertools
import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch_fidelity.metric_prc import prc_features_to_metric

from ganlab.evaluation.neighbours import (
    copying,
    density_coverage,
    expected_coverage,
    nearest_neighbour_accuracy,
    precision_recall,
)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def two_clouds(seed, n=40, m=30, features=3):
    rng = seeded(seed)
    real = torch.randn(n, features, generator=rng, dtype=torch.float64)
    return real, 0.7 * torch.randn(m, features, generator=rng, dtype=torch.float64) + 0.4


def balls(real, k):
    """Squared radii of scikit-learn's k-nearest neighbours, of which the first is the point itself."""
    return NearestNeighbors(n_neighbors=k + 1).fit(real).kneighbors(real)[0][:, k]


@pytest.mark.parametrize(("seed", "k"), [(0, 1), (1, 3), (2, 5)])
def test_precision_and_recall_are_those_of_torch_fidelity(seed, k):
    real, fake = two_clouds(seed)
    found = precision_recall(real, fake, k=k)
    peer = prc_features_to_metric(
        fake, real, prc_neighborhood=k, prc_batch_size=1000, save_cpu_ram=False, verbose=False
    )
    assert found == pytest.approx((peer["precision"], peer["recall"]), abs=1e-6)
    assert found.precision != found.recall, "so that exchanged ones would be seen"


@pytest.mark.parametrize(("seed", "k"), [(0, 1), (1, 3), (2, 5)])
def test_density_and_coverage_are_counted_ball_by_ball(seed, k):
    real, fake = (x.numpy() for x in two_clouds(seed))
    radii = balls(real, k)
    inside = [[np.linalg.norm(y - x) <= r for y in fake] for x, r in zip(real, radii, strict=True)]
    found = density_coverage(real, fake, k=k)
    assert found.density == pytest.approx(np.sum(inside) / (k * len(fake)), rel=1e-12)
    assert found.coverage == pytest.approx(np.mean(np.any(inside, axis=1)), rel=1e-12)


@pytest.mark.parametrize(("n", "m", "k"), [(4, 3, 1), (4, 3, 2), (5, 2, 3), (3, 4, 2)])
def test_the_expected_coverage_is_the_mean_over_all_orders_on_a_line(n, m, k):
    """Around one real point at 0, the others in every order of their distances."""
    others = ["real"] * (n - 1) + ["fake"] * m
    orders = list(itertools.permutations(range(len(others))))
    empty = [all(others[i] == "real" for i in order[:k]) for order in orders]
    assert expected_coverage(n, m, k) == pytest.approx(1 - np.mean(empty), rel=1e-12)


def test_density_is_one_and_coverage_as_expected_on_average_whatever_the_law():
    rng = seeded(3)
    for law in (torch.randn, lambda *size, **kw: torch.rand(*size, **kw).square()):
        draws = [law(2, 12, 2, generator=rng, dtype=torch.float64) for _ in range(1500)]
        found = torch.tensor([density_coverage(*pair, k=2) for pair in draws])
        error = found.std(0) / len(draws) ** 0.5
        wanted = torch.tensor([1.0, expected_coverage(12, 12, 2)])
        assert ((found.mean(0) - wanted).abs() < 4 * error).all()


def test_an_outlier_among_the_real_ones_lets_bad_samples_in_and_density_counts_it_once():
    real = torch.cat([torch.zeros(20, 1) + torch.arange(20)[:, None] / 100, torch.tensor([[10.0]])])
    bad = torch.linspace(3, 8, 50)[:, None]
    assert precision_recall(real, bad).precision == 1
    assert density_coverage(real, bad, k=3).density == pytest.approx(1 / 3)


def test_copies_of_all_real_samples_are_perfect_to_each_of_the_four():
    real, _ = two_clouds(4)
    assert precision_recall(real, real) == (1, 1)
    assert density_coverage(real, real).coverage == 1
    assert nearest_neighbour_accuracy(real, real) < 0.01


@pytest.mark.parametrize("n", [2, 3])
def test_one_nearest_neighbour_is_right_as_often_as_enumeration_says(n):
    """Which of the others is nearest is equally likely for all of them, by symmetry: (N - 1) / (2 N - 1)."""
    rng, found = seeded(5), []
    for _ in range(4000):
        found.append(nearest_neighbour_accuracy(*torch.randn(2, n, 3, generator=rng, dtype=torch.float64)))
    error = np.std(found) / len(found) ** 0.5
    assert abs(np.mean(found) - (n - 1) / (2 * n - 1)) < 4 * error


def test_one_nearest_neighbour_is_that_of_scikit_learn():
    real, fake = two_clouds(6, n=30, m=30)
    both = torch.cat([real, fake]).numpy()
    nearest = NearestNeighbors(n_neighbors=2).fit(both).kneighbors(both)[1][:, 1]
    right = (nearest < 30) == (np.arange(60) < 30)
    assert nearest_neighbour_accuracy(real, fake) == pytest.approx(right.mean(), rel=1e-12)


def test_equal_distances_count_for_their_parts():
    line = torch.tensor([[0.0], [2.0]])
    assert nearest_neighbour_accuracy(line, torch.tensor([[1.0], [3.0]])) == pytest.approx(0.0)
    assert nearest_neighbour_accuracy(line, torch.tensor([[-2.0], [4.0]])) == pytest.approx(0.25)


def test_planted_copies_are_counted():
    """Far from each other, each sample is nearest to itself; every other one is a copy of a known one."""
    known, held_out = torch.arange(0.0, 100, 2)[:, None], torch.arange(1.0, 101, 2)[:, None]
    fake = torch.cat([known[:30], held_out[:10]])
    found = copying(fake, known, held_out)
    assert (found.known, found.copied, found.samples) == (0.75, 0.5, 40)
    tie = copying(torch.tensor([[0.5]]), torch.tensor([[0.0]]), torch.tensor([[1.0]]))
    assert tie.known == 0.5


def test_a_share_of_copies_raises_the_known_share_by_half_of_it():
    rng, found = seeded(7), []
    for _ in range(200):
        known, held_out, fresh = torch.randn(3, 50, 4, generator=rng, dtype=torch.float64)
        found.append(copying(torch.cat([known[:20], fresh[:30]]), known, held_out).known)
    error = np.std(found) / len(found) ** 0.5
    assert abs(np.mean(found) - (1 + 0.4) / 2) < 4 * error


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: precision_recall(x, x, k=0), "`k` must be at least 1, got 0"),
        (lambda x: density_coverage(x, x, k=-1), "`k` must be at least 1, got -1"),
        (lambda x: precision_recall(x[:3], x), r"`real_features` must have shape \(N, F\) with N at least 4"),
        (lambda x: precision_recall(x, x[:3]), r"`fake_features` must have shape \(N, F\) with N at least 4"),
        (lambda x: density_coverage(x, x[:0]), r"`fake_features` must have shape \(N, F\) with N at least 1"),
        (lambda x: density_coverage(x, x[:, :1]), "`fake_features` must have 2 columns, as `real_features`"),
        (lambda x: precision_recall(x * math.nan, x), "`real_features` must be finite, got infinity or NaN"),
        (lambda x: nearest_neighbour_accuracy(x, x[1:]), "`fake_features` must be as many as the real ones"),
        (lambda x: copying(x, x, x[1:]), "`held_out_features` must be as many as the known, 9, got 8"),
        (lambda x: copying(x, x[0], x), r"`known_features` must have shape \(N, F\) with N at least 1"),
        (lambda _: expected_coverage(5, 3, 5), "`real` must be greater than `k`"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.randn(9, 2, generator=seeded(0)))
