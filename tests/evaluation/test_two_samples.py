"""Truth here: SciPy's binomial law, laws whose best classifier is known, and simulation under equal laws."""

import itertools
import math

import pytest
import torch
from scipy import stats
from torch import nn

from ganlab.evaluation.two_samples import TwoSamples, tail_of_a_coin, two_sample_test


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("right", "tosses"),
    [(0, 1), (1, 1), (11, 20), (20, 20), (260, 500), (499, 999), (520, 1000), (2100, 4000)],
)
def test_the_tail_of_a_coin_is_that_of_scipy(right, tosses):
    expected = stats.binom.sf(right - 1, tosses, 0.5)
    assert tail_of_a_coin(right, tosses) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("right", [-1, 6])
def test_more_heads_than_tosses_are_refused(right):
    with pytest.raises(ValueError, match=f"`right` must be between 0 and 5 tosses, got {right}"):
        tail_of_a_coin(right, 5)


def test_under_equal_laws_the_right_pairs_follow_the_binomial_law():
    """250 tests of 60 pairs each: a chi-squared test against the law, and its level at 0.05."""
    rng = seeded(0)
    found = [two_sample_test(*torch.randn(2, 120, 2, generator=rng), rng=rng, steps=8) for _ in range(250)]
    rights = torch.tensor([test.right for test in found])
    edges = [0, 26, 28, 30, 32, 34, 61]
    seen = [int(((rights >= low) & (rights < high)).sum()) for low, high in itertools.pairwise(edges)]
    law = stats.binom(60, 0.5)
    expected = [law.cdf(high - 1) - law.cdf(low - 1) for low, high in itertools.pairwise(edges)]
    assert stats.chisquare(seen, [250 * share for share in expected]).pvalue > 0.01
    rejected = sum(test.p_value <= 0.05 for test in found)
    assert stats.binomtest(rejected, 250, 0.05, alternative="greater").pvalue > 0.01


def test_a_classifier_that_says_nothing_is_a_coin():
    class Silent(nn.Module):
        def __init__(self):
            super().__init__()
            self.score = nn.Parameter(torch.zeros(()))

        def forward(self, x):
            return self.score.expand(len(x))

    rng = seeded(1)
    real, fake = torch.zeros(2000, 1), torch.ones(2000, 1)
    told = two_sample_test(real, fake, rng=rng, steps=1, classifier=lambda shape, rng: Silent())
    assert told.pairs == 1000
    assert abs(told.right - 500) < 4 * math.sqrt(1000) / 2  # four standard deviations


def test_on_two_normal_laws_it_comes_near_to_the_best_that_there_is():
    """N(0, 1) and N(1, 1): the likelihood ratio orders a pair with probability Phi(1/sqrt 2) = 0.760."""
    rng = seeded(2)
    real, fake = torch.randn(2, 4000, 1, generator=rng)
    told = two_sample_test(real, fake + 1, rng=rng)
    assert told.pairs == 2000
    assert 0.72 < told.right / 2000 < stats.norm.cdf(1 / math.sqrt(2)) + 0.03


def test_it_sees_lost_modes_and_images():
    rng = seeded(3)
    both = torch.randn(600, 1, generator=rng) + 8 * torch.randint(2, (600, 1), generator=rng)
    assert two_sample_test(both, torch.randn(600, 1, generator=rng), rng=rng).p_value < 1e-6
    images = torch.rand(400, 1, 4, 4, generator=rng)
    darker = torch.rand(400, 1, 4, 4, generator=rng) * 0.8
    assert two_sample_test(images, darker, rng=rng).p_value < 1e-3


def test_the_units_of_the_samples_do_not_matter():
    real, fake = torch.randn(2, 200, 3, generator=seeded(4), dtype=torch.float64)
    one = two_sample_test(real, fake + 0.5, rng=seeded(5))
    other = two_sample_test(1024 * real + 7, 1024 * (fake + 0.5) + 7, rng=seeded(5))
    assert one == other
    assert two_sample_test(real.tolist(), (fake + 0.5).tolist(), rng=seeded(5)) == one


def test_it_reads_as_a_sentence():
    assert repr(TwoSamples(500, 1000, 0.5126)) == (
        "A fresh classifier is right on 500 of 1000 pairs; a coin does as well with probability 0.513."
    )


@pytest.mark.parametrize(
    ("real", "fake", "words"),
    [
        (torch.zeros(50, 2), torch.zeros(50, 3), r"one shape \(N, ...\), got \(50, 2\) and \(50, 3\)"),
        (torch.zeros(50), torch.zeros(50), r"one shape \(N, ...\), got \(50,\) and \(50,\)"),
        (torch.zeros(39, 2), torch.zeros(39, 2), "at least 40 samples each, got 39"),
        (torch.zeros(50, 2), torch.full((50, 2), math.nan), "`fake` must be finite"),
    ],
)
def test_what_are_no_samples_is_refused_by_name(real, fake, words):
    with pytest.raises(ValueError, match=words):
        two_sample_test(real, fake, rng=seeded(0))


def test_no_steps_are_refused():
    with pytest.raises(ValueError, match="`steps` must be at least 1, got 0"):
        two_sample_test(torch.zeros(50, 2), torch.zeros(50, 2), rng=seeded(0), steps=0)


def test_half_precision_tells_apart_what_single_precision_does(rng):
    real, fake = torch.randn(400, 3, generator=rng), torch.randn(400, 3, generator=rng) + 2
    real[:, 0] = fake[:, 0] = -1  # a feature that does not vary
    assert two_sample_test(real.half(), fake.half(), rng=rng).p_value < 1e-9
    assert two_sample_test(real.half(), fake.double(), rng=rng).p_value < 1e-9
