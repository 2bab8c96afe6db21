"""Probability vectors against counting by hand, exact fractions and the refusals at the door."""

from fractions import Fraction
from itertools import product

import pytest
import torch
from torch.testing import assert_close

from ganlab.theory.bayes_risks import risk
from ganlab.theory.divergences import (
    empirical_kl,
    kl,
    mutual_information,
    optimal_discriminator,
    value,
)
from ganlab.theory.f_divergences import dual_value, empirical_dual_value
from ganlab.theory.probability import (
    as_floating,
    frequencies,
    numbers_between,
    pack,
    probability_vector,
    probability_vectors,
    weighed,
)
from ganlab.theory.transport import empirical_squared_mmd


def test_lists_and_integers_are_read_in_float64_and_tensors_keep_their_precision():
    assert as_floating([1, 2]).dtype == torch.float64
    assert as_floating(torch.tensor([1, 2])).dtype == torch.float64
    assert as_floating(torch.ones(2, dtype=torch.float32)).dtype == torch.float32


def test_a_pair_takes_the_wider_precision():
    p, q = probability_vectors(torch.tensor([0.5, 0.5], dtype=torch.float32), [0.25, 0.75])
    assert p.dtype == q.dtype == torch.float64


@pytest.mark.parametrize("m", [1, 2, 3])
def test_a_pack_holds_the_products_over_all_tuples(m):
    p = [Fraction(1, 2), Fraction(1, 8), Fraction(3, 8)]
    expected = []
    for draws in product(p, repeat=m):
        probability = Fraction(1)
        for draw in draws:
            probability *= draw
        expected.append(float(probability))
    assert pack([float(x) for x in p], m).tolist() == expected


def test_packs_are_made_along_the_last_axis_of_a_batch():
    p = torch.tensor([[0.25, 0.75], [1.0, 0.0]])
    assert_close(pack(p, 2), torch.tensor([[1 / 16, 3 / 16, 3 / 16, 9 / 16], [1.0, 0, 0, 0]]), rtol=0, atol=0)


def test_frequencies_are_shares_of_the_whole_sample():
    assert frequencies([3, 1, 1, 1], 5).tolist() == [0, 0.75, 0, 0.25, 0]


def test_weighing_by_zero_gives_zero_and_no_nan_slope():
    x = torch.tensor([-torch.inf, 2.0], requires_grad=True)
    weight = torch.tensor([0.0, 0.5], requires_grad=True)
    total = weighed(weight, x).sum()
    slopes = torch.autograd.grad(total, [weight, x])
    assert total == 1
    assert [s.tolist() for s in slopes] == [[0, 2], [0, 0.5]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: probability_vector([0.5, 0.47]), r"`p` must sum to 1 along the last axis, got 0\.97"),
        (lambda: probability_vector([[0.5, 0.5], [1.0, 0.5]]), r"`p` must sum to 1 .* got 1\.5"),
        (lambda: probability_vector([1.1, -0.1]), r"`p` must not be negative, and be finite, got -0\.1"),
        (lambda: probability_vector([1.0, float("nan")]), "`p` must not be negative, and be finite, got nan"),
        (lambda: probability_vector([]), r"`p` must have at least one outcome .* got shape \(0,\)"),
        (lambda: probability_vector(1.0), r"`p` must have at least one outcome .* got shape \(\)"),
        (
            lambda: probability_vectors([1.0], [0.5, 0.5]),
            "`q` must have as many outcomes as `p`, got 2 and 1",
        ),
        (lambda: probability_vectors([1.0], [2.0]), "`q` must sum to 1"),
        (
            lambda: numbers_between([0.5, 2.0], 0, 1, name="d"),
            r"`d` must lie in \[0, 1\], and be finite, got 2",
        ),
        (lambda: pack([0.5, 0.5], 0), "`m` must be at least 1 .* got 0 draws"),
        (
            lambda: pack([0.1] * 10, 7),
            "`m` must be at least 1 and give at most 4194304 tuples, got 7 draws of 10",
        ),
        (lambda: frequencies([0, 3], 3), r"`samples` must lie in \[0, 3\), got 3"),
        (lambda: frequencies([-1, 1], 3), r"`samples` must lie in \[0, 3\), got -1"),
        (lambda: frequencies([], 3), "`samples` must be one-dimensional and not empty"),
        (lambda: frequencies([[0]], 3), "`samples` must be one-dimensional and not empty"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_samples_that_are_no_indices_are_refused():
    with pytest.raises(
        TypeError, match=r"`samples` must be integers, the indices of outcomes, got torch.float64"
    ):
        frequencies([0.5], 3)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: kl(x, [1.0]), "p"),
        (lambda x: kl([1.0], x), "q"),
        (lambda x: value([1.0], [1.0], x), "d"),
        (lambda x: optimal_discriminator([1.0], x), "p_g"),
        (lambda x: mutual_information(x), "joint"),
        (lambda x: empirical_kl([0], x, outcomes=2), "y"),
        (lambda x: dual_value([1.0], [1.0], x, "kl"), "t"),
        (lambda x: empirical_dual_value(x, [0.5], "kl"), "t_real"),
        (lambda x: empirical_dual_value([0.5], x, "kl"), "t_fake"),
        (lambda x: risk([1.0], [1.0], x, "hinge"), "score"),
        (lambda x: empirical_squared_mmd([0.0, 1.0], x, bandwidth=1.0), "y"),
    ],
)
def test_what_holds_no_numbers_is_refused_by_the_name_of_its_argument(call, name):
    for wrong in (["a", "b"], "ab", None):
        with pytest.raises(TypeError, match=f"^`{name}` must be numbers, in a tensor, an array or lists"):
            call(wrong)
    with pytest.raises(ValueError, match=f"^`{name}` must be numbers, in a tensor, an array or lists"):
        call([[1.0], [0.5, 0.5]])
