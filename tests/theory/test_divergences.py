"""Divergences of probability vectors against their definitions, summed by mpmath over vectors that sum to 1
exactly, against closed forms, and under the laws that they obey."""

import itertools

import mpmath as mp
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from ganlab import divergences
from ganlab.theory.divergences import (
    empirical_jensen_shannon,
    empirical_kl,
    empirical_total_variation,
    jensen_shannon,
    kl,
    mutual_information,
    neyman_chi2,
    optimal_discriminator,
    pearson_chi2,
    regret,
    softened_reverse_kl,
    squared_hellinger,
    total_variation,
    triangular_discrimination,
    value,
)
from ganlab.theory.probability import pack

LOG2 = 0.6931471805599453


def _exact(x):
    """The float vector as mpmath numbers, divided by their exact sum."""
    numbers = [mp.mpf(float(v)) for v in x]
    total = mp.fsum(numbers)
    return [v / total for v in numbers]


def _mp_kl(p, q):
    return mp.fsum(a * mp.log(a / b) if b else mp.inf for a, b in zip(p, q, strict=True) if a)


def _mean(p, q):
    return [(a + b) / 2 for a, b in zip(p, q, strict=True)]


def _sum(term):
    def total(p, q):
        terms = [term(a, b) for a, b in zip(p, q, strict=True) if a or b]
        return mp.inf if mp.inf in terms else mp.fsum(terms)

    return total


DEFINITIONS = {
    "kl": _mp_kl,
    "jensen_shannon": lambda p, q: (_mp_kl(p, _mean(p, q)) + _mp_kl(q, _mean(p, q))) / 2,
    "total_variation": _sum(lambda a, b: abs(a - b) / 2),
    "pearson_chi2": _sum(lambda a, b: (a - b) ** 2 / b if b else mp.inf),
    "neyman_chi2": _sum(lambda a, b: (a - b) ** 2 / a if a else mp.inf),
    "triangular_discrimination": _sum(lambda a, b: (a - b) ** 2 / (a + b)),
    "squared_hellinger": _sum(lambda a, b: (mp.sqrt(a) - mp.sqrt(b)) ** 2),
    "softened_reverse_kl": lambda p, q: 2 * _mp_kl(_mean(p, q), p),
}
# Floats sum to 1 only roughly. These agree with the definitions where the sums are 1 and, unlike them, are
# not thrown off where they are 1 + 1e-16: the divergence from b of a that has another total mass.
_KL_OF_MASSES = _sum(lambda a, b: ((a * mp.log(a / b) if a else 0) - a + b) if b else mp.inf)
ON_ANY_NUMBERS = DEFINITIONS | {
    "kl": _KL_OF_MASSES,
    "softened_reverse_kl": lambda p, q: 2 * _KL_OF_MASSES(_mean(p, q), p),
}
BY_NAME = pytest.mark.parametrize("name", DEFINITIONS)
SYMMETRIC = ["jensen_shannon", "total_variation", "triangular_discrimination", "squared_hellinger"]


def _reference(name, p, q):
    with mp.workdps(60):
        if name == "total_variation":  # moves with the rounding of the sums, and needs no sum to be 1
            return float(DEFINITIONS[name]([mp.mpf(float(v)) for v in p], [mp.mpf(float(v)) for v in q]))
        return float(DEFINITIONS[name](_exact(p), _exact(q)))


def _vectors(size):
    weight = st.one_of(st.floats(1e-6, 1.0), st.just(0.0))
    return (
        st.lists(weight, min_size=size, max_size=size)
        .filter(lambda w: sum(w) > 0)
        .map(lambda w: torch.tensor(w) / torch.tensor(w).sum())
    )


def _pairs(count=2):
    return st.integers(1, 6).flatmap(lambda size: st.tuples(*[_vectors(size)] * count))


@BY_NAME
@pytest.mark.parametrize("size", [1.0, 0.3, 0.11, 0.09, 1e-3, 1e-6])
def test_value_has_twelve_digits_however_close_the_two_laws_are(name, size, rng):
    for _ in range(5):
        p = torch.rand(6, generator=rng).square()
        q = p * torch.exp(size * torch.randn(6, generator=rng))
        p, q = p / p.sum(), q / q.sum()
        assert_close(getattr(divergences, name)(p, q).item(), _reference(name, p, q), rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", [n for n in DEFINITIONS if n != "total_variation"])
def test_value_has_twelve_digits_at_a_difference_of_one_part_in_ten_to_the_twelve(name):
    # dyadic vectors that sum to 1 exactly, so that the definition has one value
    p, q = [0.5, 0.25, 0.25], [0.5 + 2.0**-40, 0.25 - 2.0**-40, 0.25]
    expected = _reference(name, p, q)
    assert 0 < expected < 1e-22
    assert_close(getattr(divergences, name)(p, q).item(), expected, rtol=1e-12, atol=0)


@BY_NAME
@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([1e-300, 1.0], [1e-290, 1.0]),
        ([1e-290, 1.0], [1e-300, 1.0]),
        ([1.0, 0.0], [1.0, 1e-300]),
        ([0.5, 0.5, 0.0], [1e-300, 0.5, 0.5]),
        ([0.5, 0.5], [1.0, 0.0]),
        ([1.0, 0.0], [0.5, 0.5]),
        ([1.0, 0.0, 0.0], [0.0, 0.25, 0.75]),
        ([0.2, 0.3, 0.5, 0.0], [0.5, 0.3, 0.2, 0.0]),
    ],
)
def test_value_is_exact_at_tiny_and_at_zero_probabilities(name, p, q):
    with mp.workdps(700):
        exact = float(ON_ANY_NUMBERS[name]([mp.mpf(x) for x in p], [mp.mpf(x) for x in q]))
    assert_close(getattr(divergences, name)(p, q).item(), exact, rtol=1e-12, atol=0)


@BY_NAME
def test_equal_laws_are_at_distance_zero_exactly(name, rng):
    p = torch.rand(50, generator=rng)
    p = torch.cat([p / p.sum(), torch.zeros(3)])
    assert getattr(divergences, name)(p, p.clone()).item() == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kl", mp.inf),
        ("jensen_shannon", LOG2),
        ("total_variation", 1),
        ("pearson_chi2", mp.inf),
        ("neyman_chi2", mp.inf),
        ("triangular_discrimination", 2),
        ("squared_hellinger", 2),
        ("softened_reverse_kl", mp.inf),
    ],
)
def test_disjoint_supports_give_the_largest_value(name, expected):
    p, q = [0.25, 0.75, 0, 0, 0], [0, 0, 0.125, 0.375, 0.5]
    assert_close(getattr(divergences, name)(p, q).item(), float(expected), rtol=1e-15, atol=0)


def test_dropping_is_finite_and_inventing_infinite_for_the_non_saturating_divergence():
    half, one = [0.5, 0.5], [1.0, 0.0]
    with mp.workdps(30):
        log = mp.log
        drop = 2 * (mp.mpf(3) / 4 * log(mp.mpf(3) / 2) + mp.mpf(1) / 4 * log(mp.mpf(1) / 2))
        rare = 2 * _mp_kl(
            _mean([1 - mp.mpf("1e-3"), mp.mpf("1e-3")], [mp.mpf(1) / 2] * 2),
            [mp.mpf("0.999"), mp.mpf("0.001")],
        )
    assert_close(softened_reverse_kl(half, one).item(), float(drop), rtol=1e-12, atol=0)
    assert softened_reverse_kl(one, half) == torch.inf
    assert_close(softened_reverse_kl([0.999, 0.001], half).item(), float(rare), rtol=1e-12, atol=0)
    assert f"{float(drop):.10f} {float(rare):.10f}" == "0.2616240719 2.3365175760"


def test_dropping_half_costs_what_inventing_half_does_and_more_than_one_mode_in_addition():
    with mp.workdps(30):
        half = (mp.log(mp.mpf(4) / 3) + mp.log(mp.mpf(2) / 3) / 2 + mp.log(2) / 2) / 2
        two_to_three = _reference("jensen_shannon", [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3])
    assert_close(jensen_shannon([0.5, 0.5], [1.0, 0.0]).item(), float(half), rtol=1e-12, atol=0)
    assert_close(jensen_shannon([1.0, 0.0], [0.5, 0.5]).item(), float(half), rtol=1e-12, atol=0)
    assert_close(jensen_shannon([0.5, 0.5, 0], [1 / 3] * 3).item(), two_to_three, rtol=1e-12, atol=0)
    assert f"{float(half):.10f} {two_to_three:.10f}" == "0.2157615543 0.1323041247"


def test_packing_sets_a_collapsed_generator_apart_from_an_uncollapsed_one_of_the_same_distance():
    p, collapsed = torch.full((4,), 0.25), torch.tensor([0.5, 0.5, 0, 0])
    spread = torch.tensor([3 / 4, 1 / 12, 1 / 12, 1 / 12])
    for m, tv, tv_spread in [(1, 0.5, 0.5), (2, 0.75, 0.5), (3, 0.875, 0.6875), (4, 0.9375, 0.6875)]:
        # the collapsed law is twice the uniform one on 2^-m of the tuples, and 0 elsewhere
        share = mp.mpf(2) ** -m
        with mp.workdps(30):
            ratio = mp.mpf(2) ** m
            exact = (
                share * mp.log(2 / (1 + ratio)) + (1 - share) * mp.log(2) + mp.log(2 * ratio / (1 + ratio))
            ) / 2
        assert_close(total_variation(pack(p, m), pack(collapsed, m)).item(), tv, rtol=1e-12, atol=0)
        assert_close(total_variation(pack(p, m), pack(spread, m)).item(), tv_spread, rtol=1e-12, atol=0)
        assert_close(jensen_shannon(pack(p, m), pack(collapsed, m)).item(), float(exact), rtol=1e-12, atol=0)


@BY_NAME
@given(pair=_pairs())
@settings(max_examples=25, deadline=None)
def test_value_is_not_negative_and_zero_only_for_equal_laws(name, pair):
    p, q = pair
    got = getattr(divergences, name)(p, q)
    assert got >= 0
    assert (got == 0) == torch.equal(p, q)


@BY_NAME
@given(pair=_pairs(), order=st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_relabelling_the_outcomes_changes_nothing(name, pair, order):
    p, q = pair
    shuffled = list(range(len(p)))
    order.shuffle(shuffled)
    divergence = getattr(divergences, name)
    assert_close(divergence(p[shuffled], q[shuffled]), divergence(p, q), rtol=1e-13, atol=0)


@BY_NAME
@given(pair=_pairs())
@settings(max_examples=25, deadline=None)
def test_merging_two_outcomes_never_sets_the_laws_further_apart(name, pair):
    p, q = (torch.cat([x / 2, x.flip(0) / 2]) for x in pair)
    merged = [torch.cat([(x[0] + x[1]).reshape(1), x[2:]]) for x in (p, q)]
    divergence = getattr(divergences, name)
    assert divergence(*merged) <= divergence(p, q) * (1 + 1e-12) + 1e-15  # of the sums p and q


@pytest.mark.parametrize("name", SYMMETRIC)
@given(pair=_pairs())
@settings(max_examples=15, deadline=None)
def test_the_symmetric_ones_are_symmetric(name, pair):
    p, q = pair
    divergence = getattr(divergences, name)
    assert_close(divergence(p, q), divergence(q, p), rtol=1e-14, atol=0)


@given(triple=_pairs(3))
@settings(max_examples=60, deadline=None)
def test_the_root_of_the_jensen_shannon_divergence_is_a_metric(triple):
    p, q, r = triple
    assert jensen_shannon(p, r).sqrt() <= jensen_shannon(p, q).sqrt() + jensen_shannon(q, r).sqrt() + 1e-15


@given(pair=_pairs())
@settings(max_examples=60, deadline=None)
def test_total_variation_holds_the_jensen_shannon_divergence_between_bounds(pair):
    tv, jsd = total_variation(*pair), jensen_shannon(*pair)
    assert tv.square() / 2 <= jsd * (1 + 1e-13)
    assert jsd <= tv * LOG2 * (1 + 1e-13)


@given(pair=_pairs())
@settings(max_examples=50, deadline=None)
def test_the_softened_divergence_is_the_reverse_one_less_twice_jensen_shannon(pair):
    p, q = pair
    reverse = kl(q, p)
    expected = reverse - 2 * jensen_shannon(p, q) if reverse < torch.inf else reverse
    assert_close(softened_reverse_kl(p, q), expected, rtol=1e-12, atol=1e-14)


def test_the_two_chi_squared_divergences_are_each_other_turned_round():
    p, q = [0.2, 0.8], [0.5, 0.5]
    assert_close(neyman_chi2(p, q), pearson_chi2(q, p), rtol=0, atol=0)
    assert_close(pearson_chi2(p, q).item(), 0.36, rtol=1e-14, atol=0)  # 2 * 0.09 / 0.5
    assert_close(neyman_chi2(p, q).item(), 0.5625, rtol=1e-14, atol=0)  # 0.09 / 0.2 + 0.09 / 0.8


def test_the_least_squares_game_at_its_best_discriminator_costs_the_triangular_discrimination(rng):
    p, q = (x / x.sum() for x in torch.rand(2, 5, generator=rng))
    score = 2 * p / (p + q) - 1  # targets 1 for real and -1 for generated, the generator's target 0
    cost = (p * score.square() + q * score.square()).sum()
    assert_close(triangular_discrimination(p, q), cost, rtol=1e-13, atol=0)


def test_leading_axes_are_a_batch_and_broadcast(rng):
    p, q = torch.rand(3, 1, 5, generator=rng), torch.rand(2, 5, generator=rng)
    p, q = p / p.sum(-1, keepdim=True), q / q.sum(-1, keepdim=True)
    for name in DEFINITIONS:
        got = getattr(divergences, name)(p, q)
        assert got.shape == (3, 2)
        assert_close(got[2, 1], getattr(divergences, name)(p[2, 0], q[1]), rtol=1e-14, atol=0)


@BY_NAME
def test_single_precision_comes_back_in_single_precision(name):
    p, q = torch.tensor([0.2, 0.8], dtype=torch.float32), torch.tensor([0.5, 0.5], dtype=torch.float32)
    got = getattr(divergences, name)(p, q)
    assert got.dtype == torch.float32
    assert_close(got.item(), _reference(name, p, q), rtol=1e-6, atol=0)


@BY_NAME
def test_slopes_along_the_simplex_match_finite_differences(name, rng):
    logits = torch.randn(2, 5, generator=rng, requires_grad=True)

    def through_softmax(logits):
        return getattr(divergences, name)(*logits.softmax(-1))

    assert torch.autograd.gradcheck(through_softmax, (logits,))


@BY_NAME
@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([0.5, 0.5, 0, 0], [0, 0.5, 0.5, 0]),
        ([1.0, 0], [1.0, 0]),
        ([0.5, 0.5], [1.0, 1e-300]),
        ([1.0, 0], [0.5, 0.5]),
    ],
)
def test_slopes_at_zero_probabilities_are_finite(name, p, q):
    p, q = torch.tensor(p, requires_grad=True), torch.tensor(q, requires_grad=True)
    for slope in torch.autograd.grad(getattr(divergences, name)(p, q), [p, q]):
        assert slope.isfinite().all()


@BY_NAME
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("gap", [85.0, 90.0, 103.0])
def test_slopes_through_a_softmax_are_finite_where_its_probabilities_are_subnormal(name, turned, gap):
    logits = torch.tensor([0.0, gap], dtype=torch.float32, requires_grad=True)
    half = torch.full((2,), 0.5, dtype=torch.float32)
    pair = [torch.softmax(logits, 0), half]
    distance = getattr(divergences, name)(*(pair[::-1] if turned else pair))
    (slope,) = torch.autograd.grad(distance, logits)
    assert slope.isfinite().all()
    assert slope[0] <= 0


def test_slope_of_an_integrable_root_at_a_subnormal_probability_is_that_of_the_formula():
    # d/dq of (sqrt p - sqrt q)^2 is 1 - sqrt(p/q)
    q = torch.tensor([1e-40, 1 - 1e-40], dtype=torch.float32, requires_grad=True)
    p = torch.tensor([0.5, 0.5], dtype=torch.float32)
    (slope,) = torch.autograd.grad(divergences.squared_hellinger(p, q), q)
    assert_close(slope[0].item(), float(1 - mp.sqrt(0.5 / mp.mpf(q[0].item()))), rtol=1e-5, atol=0)


SLOPES = {  # of one term in a and in b, by hand; those of kl are of a log(a/b) - a + b
    "kl": lambda a, b: (mp.log(a / b), 1 - a / b),
    "jensen_shannon": lambda a, b: (mp.log(2 * a / (a + b)) / 2, mp.log(2 * b / (a + b)) / 2),
    "total_variation": lambda a, b: (mp.sign(a - b) / 2, mp.sign(b - a) / 2),
    "pearson_chi2": lambda a, b: (2 * (a / b - 1), 1 - (a / b) ** 2),
    "neyman_chi2": lambda a, b: (1 - (b / a) ** 2, 2 * (b / a - 1)),
    "triangular_discrimination": lambda a, b: (
        (a - b) * (a + 3 * b) / (a + b) ** 2,
        (b - a) * (b + 3 * a) / (a + b) ** 2,
    ),
    "squared_hellinger": lambda a, b: (1 - mp.sqrt(b / a), 1 - mp.sqrt(a / b)),
    "softened_reverse_kl": lambda a, b: (mp.log((a + b) / (2 * a)) + 1 - b / a, mp.log((a + b) / (2 * a))),
}


@BY_NAME
@pytest.mark.parametrize("size", [1e-310, 1e-300, 1e-150, 0.01])
def test_value_and_slopes_are_those_of_the_formula_at_two_probabilities_of_any_size(name, size):
    """One outcome of size a in p and b in q beside one that is sure: a term with nothing to hide it."""
    for ratio in (0.95, 1.2, 3.0, 1 / 3, 20.0):
        p = torch.tensor([size, 1 - size], requires_grad=True)
        q = torch.tensor([ratio * size, 1 - ratio * size], requires_grad=True)
        got = getattr(divergences, name)(p, q)
        slopes = torch.autograd.grad(got, [p, q])
        (a, rest), (b, others) = ([mp.mpf(x) for x in side.tolist()] for side in (p, q))
        with mp.workdps(700):
            exact = float(ON_ANY_NUMBERS[name]([a, rest], [b, others]))
            expected = [float(slope) for slope in SLOPES[name](a, b)]
        assert_close(got.item(), exact, rtol=1e-12, atol=1e-322)
        assert_close([slope[0].item() for slope in slopes], expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", ["kl", "jensen_shannon", "triangular_discrimination", "squared_hellinger"])
def test_value_and_slope_hold_where_the_ratio_of_two_probabilities_overflows(name):
    p = torch.tensor([0.5, 0.5], requires_grad=True)
    q = torch.tensor([1e-310, 1.0])
    got = getattr(divergences, name)(p, q)
    (slope,) = torch.autograd.grad(got, p)
    with mp.workdps(700):
        a, b = mp.mpf(0.5), mp.mpf(1e-310)
        exact = float(ON_ANY_NUMBERS[name]([a, a], [b, mp.mpf(1)]))
        expected = float(SLOPES[name](a, b)[0])
    assert_close(got.item(), exact, rtol=1e-13, atol=0)
    assert_close(slope[0].item(), expected, rtol=1e-13, atol=0)


def test_pearson_is_a_number_where_only_its_ratio_overflows():
    p, q = torch.tensor([0.5, 0.5], dtype=torch.float32), torch.tensor([8.2e-40, 1], dtype=torch.float32)
    expected = 0.25 / q[0].item() + 0.25
    assert_close(divergences.pearson_chi2(p, q).item(), expected, rtol=1e-6, atol=0)


def test_the_first_mass_is_worth_more_at_a_dropped_outcome_than_at_an_invented_one():
    p, q = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([1.0, 0.0, 0.0], requires_grad=True)
    (slope,) = torch.autograd.grad(jensen_shannon(p, q), q)
    assert_close(slope[0].item(), float(mp.log(mp.mpf(4) / 3) / 2), rtol=1e-14, atol=0)
    assert slope[1] < -100  # stands for -inf
    assert_close(slope[2].item(), LOG2 / 2, rtol=1e-14, atol=0)


def test_kl_slope_is_that_of_the_textbook_sum_plus_a_constant(rng):
    p, q = (x / x.sum() for x in torch.rand(2, 5, generator=rng))
    (slope,) = torch.autograd.grad(kl(p, q.requires_grad_()), q)
    assert_close(slope, 1 - p / q.detach(), rtol=1e-13, atol=1e-13)


def test_samples_are_compared_by_their_frequencies():
    x, y = [0, 1, 1, 1], [0, 0, 1, 1]
    p, q = [0.25, 0.75, 0.0], [0.5, 0.5, 0.0]
    assert_close(empirical_kl(x, y, outcomes=3).item(), _reference("kl", p, q), rtol=1e-13, atol=0)
    assert_close(
        empirical_jensen_shannon(x, y, outcomes=3).item(),
        _reference("jensen_shannon", p, q),
        rtol=1e-13,
        atol=0,
    )
    assert empirical_total_variation(x, y, outcomes=3) == 0.25


def test_samples_out_of_range_are_refused_by_name():
    with pytest.raises(ValueError, match=r"`y` must lie in \[0, 2\), got 2"):
        empirical_kl([0, 1], [0, 2], outcomes=2)
    with pytest.raises(TypeError, match="`x` must be integers"):
        empirical_total_variation([0.0, 1.0], [0, 1], outcomes=2)


@given(pair=_pairs())
@settings(max_examples=50, deadline=None)
def test_what_a_sample_tells_about_a_fair_coin_is_the_jensen_shannon_divergence(pair):
    p, q = pair
    assert_close(mutual_information(torch.stack([p, q]) / 2), jensen_shannon(p, q), rtol=1e-9, atol=1e-15)


def test_mutual_information_is_entropy_less_conditional_entropy():
    joint = [[0.1, 0.2, 0.0], [0.05, 0.25, 0.4]]

    def entropy(masses):
        return -mp.fsum(mp.mpf(x) * mp.log(mp.mpf(x)) for x in masses if x)

    with mp.workdps(30):
        rows = [mp.fsum(mp.mpf(x) for x in row) for row in joint]
        columns = [mp.fsum(mp.mpf(row[k]) for row in joint) for k in range(3)]
        expected = entropy(rows) + entropy(columns) - entropy(itertools.chain(*joint))
    assert_close(mutual_information(joint).item(), float(expected), rtol=1e-12, atol=0)


def test_mutual_information_is_exact_for_a_rare_pair():
    with mp.workdps(700):
        rare = mp.mpf(10) ** -300
        expected = float(-rare * mp.log(mp.mpf(1e-300)))
    assert_close(mutual_information([[1.0, 0.0], [0.0, 1e-300]]).item(), expected, rtol=2e-3, atol=0)
    assert mutual_information([[1.0, 0.0], [0.0, 0.0]]) == 0


@pytest.mark.parametrize(
    ("joint", "message"),
    [([0.5, 0.5], "`joint` must have at least two axes"), ([[0.5, 0.6], [0, 0]], "`joint` must sum to 1")],
)
def test_what_is_no_joint_law_is_refused(joint, message):
    with pytest.raises(ValueError, match=message):
        mutual_information(joint)


def test_a_joint_law_that_holds_no_numbers_is_refused_by_name():
    with pytest.raises(TypeError, match=r"^`joint` must be numbers"):
        mutual_information([["a", 0], [0, 0]])


def test_the_best_discriminator_is_the_posterior_of_real():
    p_data, p_g = torch.tensor([0.6, 0.3, 0.1]), torch.tensor([0.4, 0.3, 0.4])
    best = optimal_discriminator(p_data, p_g)
    assert_close(best, torch.tensor([0.6, 0.5, 0.2]), rtol=1e-15, atol=0)
    assert_close(best / (1 - best), torch.tensor([1.5, 1.0, 0.25]), rtol=1e-14, atol=0)  # the density ratio


@pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-300, 1.0, 1e300, 8.9e307])
def test_the_best_discriminator_and_its_slope_hold_at_densities_of_any_size(size):
    p = torch.tensor([size, 2 * size], requires_grad=True)
    best = divergences.optimal_discriminator(p, [size, size])
    assert_close(best.detach(), torch.tensor([1 / 2, 2 / 3]), rtol=1e-15, atol=0)
    (slope,) = torch.autograd.grad(best.sum(), p)  # q / (p + q)^2
    largest = torch.finfo(torch.float64).max
    expected = [float(min(mp.mpf(largest), 1 / (share * mp.mpf(size)))) for share in (4, 9)]
    assert_close(slope.tolist(), expected, rtol=1e-14, atol=5e-324)


def test_the_best_discriminator_is_certain_where_one_law_is_alone_and_undecided_where_none_is():
    assert optimal_discriminator([0.5, 0.0, 0.0], [0.0, 2.0, 0.0]).tolist() == [1.0, 0.0, 0.5]
    slopes = torch.autograd.functional.jacobian(
        lambda p: optimal_discriminator(p, torch.zeros(2)).sum(), torch.zeros(2)
    )
    assert slopes.isfinite().all()


@given(pair=_pairs(), other=st.lists(st.just(0.0) | st.floats(1e-290, 1.0), min_size=6, max_size=6))
@settings(max_examples=60, deadline=None)
def test_no_discriminator_beats_the_best_one_whose_value_is_jensen_shannon(pair, other):
    p, q = pair
    best = value(p, q, optimal_discriminator(p, q))
    assert_close(best, -2 * LOG2 + 2 * jensen_shannon(p, q), rtol=1e-13, atol=1e-14)
    d = torch.tensor(other[: len(p)])
    assert value(p, q, d) <= best + 1e-14
    lost = regret(p, q, d)
    assert_close(lost, best - value(p, q, d), rtol=1e-10, atol=1e-13)


def test_the_best_discriminator_is_where_the_slope_of_the_value_vanishes(rng):
    p, q = (x / x.sum() for x in torch.rand(2, 5, generator=rng))
    d = optimal_discriminator(p, q).requires_grad_()
    (slope,) = torch.autograd.grad(value(p, q, d), d)
    assert_close(slope, torch.zeros(5), rtol=0, atol=1e-14)
    curvature = torch.autograd.functional.hessian(lambda d: value(p, q, d), d.detach()).diagonal()
    assert_close(curvature, -((p + q) ** 3) / (p * q), rtol=1e-12, atol=0)


def test_regret_of_a_wrong_discriminator_is_the_weighted_divergence_of_its_coin():
    p, q, d = [0.1, 0.2, 0.3, 0.4], [0.25] * 4, [0.5, 0.5, 0.6, 0.6]
    with mp.workdps(40):
        exact = mp.mpf(0)
        for a, b, guess in zip(map(mp.mpf, p), map(mp.mpf, q), map(mp.mpf, d), strict=True):
            best = a / (a + b)
            coin = best * mp.log(best / guess) + (1 - best) * mp.log((1 - best) / (1 - guess))
            exact += (a + b) * coin
    assert_close(regret(p, q, d).item(), float(exact), rtol=1e-12, atol=0)
    assert f"{float(exact):.10f}" == "0.0396779128"


def test_being_certain_and_wrong_costs_everything():
    assert value([0.5, 0.5], [0.5, 0.5], [0.0, 0.5]) == -torch.inf
    assert regret([0.5, 0.5], [0.5, 0.5], [0.5, 1.0]) == torch.inf
    assert regret([0.5, 0.5, 0], [0, 0.5, 0.5], [1.0, 0.5, 0.0]) == 0


def test_value_has_the_slopes_of_its_formula_and_none_where_there_is_no_mass():
    p, q = torch.tensor([0.5, 0.5, 0, 0]), torch.tensor([0, 0.25, 0.75, 0])
    d = torch.tensor([1.0, 0.5, 0.0, 0.0], requires_grad=True)
    (slope,) = torch.autograd.grad(value(p, q, d), d)
    assert_close(slope, torch.tensor([0.5, 0.5, -0.75, 0.0]), rtol=1e-14, atol=0)


def test_smoothed_labels_move_the_best_discriminator_and_its_loss():
    p = [0.5, 0.5]
    best = optimal_discriminator(p, p, real_label=0.9)
    with mp.workdps(30):
        d = mp.mpf("0.45")
        loss = -(mp.mpf("0.9") * mp.log(d) + mp.mpf("1.1") * mp.log(1 - d))
    assert_close(best, torch.tensor([0.45, 0.45]), rtol=1e-15, atol=0)
    assert_close(-value(p, p, best, real_label=0.9).item(), float(loss), rtol=1e-12, atol=0)
    assert f"{float(loss):.10f}" == "1.3762776274"


def test_smoothed_labels_on_both_sides_give_the_mean_label_of_each_point(rng):
    p, q = (x / x.sum() for x in torch.rand(2, 5, generator=rng))
    best = optimal_discriminator(p, q, real_label=0.9, fake_label=0.2).requires_grad_()
    (slope,) = torch.autograd.grad(value(p, q, best, real_label=0.9, fake_label=0.2), best)
    assert_close(slope, torch.zeros(5), rtol=0, atol=1e-14)
    assert optimal_discriminator(0.0, 0.0, real_label=0.9, fake_label=0.3) == pytest.approx(0.6, rel=1e-15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kl([0.5, 0.4], [0.5, 0.5]), r"`p` must sum to 1 along the last axis, got 0\.9"),
        (lambda: squared_hellinger([1.0], [0.5, 0.5]), "`q` must have as many outcomes as `p`, got 2 and 1"),
        (lambda: value([1.0], [1.0], [1.5]), r"`d` must lie in \[0, 1\], and be finite, got 1\.5"),
        (lambda: regret([1.0], [1.0], [-0.5]), r"`d` must lie in \[0, 1\]"),
        (lambda: optimal_discriminator([-1.0], [1.0]), "`p_data` must not be negative"),
        (lambda: optimal_discriminator([1.0], [float("inf")]), "`p_g` must not be negative, and be finite"),
        (
            lambda: optimal_discriminator([1.0], [1.0], real_label=1.2),
            r"`real_label` must lie in \[0, 1\], got 1\.2",
        ),
        (
            lambda: value([1.0], [1.0], [0.5], fake_label=-1.0),
            r"`fake_label` must lie in \[0, 1\], got -1\.0",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_batches_keep_their_axes():
    """Each of these reduces the last axis (or two) of a batch and no other."""
    p, q, d = (torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(s)) for s in (1, 2, 3))
    p, q = p / p.sum(-1, keepdim=True), q / q.sum(-1, keepdim=True)
    for function in (divergences.value, divergences.regret):
        alone = torch.stack(
            [
                torch.stack([function(*row) for row in zip(*rows, strict=True)])
                for rows in zip(p, q, d, strict=True)
            ]
        )
        assert_close(function(p, q, d), alone, rtol=1e-14, atol=0)
    joint = torch.stack([p / 2, q / 2], dim=2)  # (2, 3, 2, 4)
    alone = torch.stack(
        [torch.stack([divergences.mutual_information(table) for table in row]) for row in joint]
    )
    assert_close(divergences.mutual_information(joint), alone, rtol=1e-14, atol=0)


def test_a_table_with_an_impossible_row_has_the_information_of_the_others():
    table = torch.tensor([[0.3, 0.2], [0.0, 0.0], [0.1, 0.4]])
    information = divergences.mutual_information(table.requires_grad_())
    assert_close(information, divergences.mutual_information(table[[0, 2]]))
    assert torch.autograd.grad(information, table)[0].isfinite().all()


@pytest.mark.parametrize("slip", [1e-3, 1e-6, -1e-9])
def test_a_small_regret_keeps_its_digits(slip):
    p, q = [0.5, 0.25, 0.25], [0.25, 0.5, 0.25]
    d = [float(mp.mpf(a) / (a + b) + slip) for a, b in zip(p, q, strict=True)]
    with mp.workdps(60):
        exact = mp.mpf(0)
        for a, b, x in zip(p, q, d, strict=True):
            a, b, x = mp.mpf(a), mp.mpf(b), mp.mpf(x)
            exact += a * mp.log(a / ((a + b) * x)) + b * mp.log(b / ((a + b) * (1 - x)))
    assert_close(divergences.regret(p, q, d).item(), float(exact), rtol=1e-6, atol=0)


def test_the_logarithm_of_a_ratio_of_tiny_numbers_keeps_its_digits():
    """Far from 1 the two logarithms are in the hundreds, and their difference has lost three digits."""
    p, q = [3e-200, 1.0], [1e-200, 1.0]
    with mp.workdps(60):
        a, b = mp.mpf(p[0]), mp.mpf(q[0])
        exact = a * mp.log(a / b) - a + b
    assert_close(divergences.kl(p, q).item(), float(exact), rtol=3e-15, atol=0)


@pytest.mark.parametrize("function", [empirical_kl, empirical_jensen_shannon, empirical_total_variation])
def test_samples_are_named_when_they_are_refused(function):
    with pytest.raises(ValueError, match=r"`x` "):
        function([0, 5], [0, 1], outcomes=2)
    with pytest.raises(ValueError, match=r"`y` "):
        function([0, 1], [0, 5], outcomes=2)
