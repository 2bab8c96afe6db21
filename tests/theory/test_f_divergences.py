"""Generators, conjugates and critics against their definitions: suprema found by search, mpmath's sums, and
the inequality of Fenchel and Young under hypothesis."""

import math

import mpmath as mp
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from ganlab.theory.f_divergences import (
    F_DIVERGENCES,
    dual_value,
    empirical_dual_value,
    f_divergence,
    optimal_witness,
)

BY_NAME = pytest.mark.parametrize("name", F_DIVERGENCES)


def _jsd(p, q):
    def information(a, b):
        return (a * mp.log(2 * a / (a + b)) if a else 0) + (b * mp.log(2 * b / (a + b)) if b else 0)

    return mp.fsum(information(a, b) for a, b in zip(p, q, strict=True)) / 2


# What each divergence is, written without its generator.
MEANINGS = {
    "gan": lambda p, q: 2 * _jsd(p, q) - mp.log(4),
    "jensen_shannon": lambda p, q: 2 * _jsd(p, q),
    "kl": lambda p, q: mp.fsum(a * mp.log(a / b) if b else mp.inf for a, b in zip(p, q, strict=True) if a),
    "reverse_kl": lambda p, q: mp.fsum(
        b * mp.log(b / a) if a else mp.inf for a, b in zip(p, q, strict=True) if b
    ),
    "pearson": lambda p, q: mp.fsum(
        (a - b) ** 2 / b if b else mp.inf for a, b in zip(p, q, strict=True) if a or b
    ),
    "squared_hellinger": lambda p, q: mp.fsum(
        (mp.sqrt(a) - mp.sqrt(b)) ** 2 for a, b in zip(p, q, strict=True)
    ),
    "total_variation": lambda p, q: mp.fsum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2,
}


# f'(u), differentiated by hand
_SLOPES = {
    "gan": lambda u: -mp.log1p(1 / u),
    "jensen_shannon": lambda u: mp.log(2) - mp.log1p(1 / u),
    "kl": lambda u: 1 + mp.log(u),
    "reverse_kl": lambda u: -1 / u,
    "pearson": lambda u: 2 * (u - 1),
    "squared_hellinger": lambda u: 1 - 1 / mp.sqrt(u),
    "total_variation": lambda u: mp.sign(u - 1) / 2,
}


def _meaning(name, p, q):
    with mp.workdps(40):
        return float(MEANINGS[name]([mp.mpf(float(x)) for x in p], [mp.mpf(float(x)) for x in q]))


def _laws(size):
    weight = st.one_of(st.floats(1e-3, 1.0), st.just(0.0))
    vector = st.lists(weight, min_size=size, max_size=size).filter(lambda w: sum(w) > 0)
    return vector.map(lambda w: torch.tensor(w) / torch.tensor(w).sum())


PAIRS = st.integers(1, 5).flatmap(lambda size: st.tuples(_laws(size), _laws(size)))


def test_the_meanings_cover_the_table():
    assert MEANINGS.keys() == F_DIVERGENCES.keys()


@BY_NAME
@given(pair=PAIRS)
@settings(max_examples=20, deadline=None)
def test_value_is_that_of_the_named_divergence(name, pair):
    assert_close(f_divergence(*pair, name).item(), _meaning(name, *pair), rtol=1e-12, atol=1e-14)


@BY_NAME
@pytest.mark.parametrize("small", [1e-320, 1e-310, 1e-200, 1e-20])
def test_value_and_critic_hold_where_the_ratio_of_probabilities_overflows(name, small):
    p, q = torch.tensor([1.0, small]), torch.tensor([small, 1.0])
    expected = _meaning(name, p, q)
    got = f_divergence(p, q, name).item()
    assert got == expected if math.isinf(expected) else abs(got - expected) <= 1e-13 * abs(expected) + 1e-15
    with mp.workdps(50):
        u = mp.mpf(1) / mp.mpf(small)
        critics = [float(_SLOPES[name](x)) for x in (u, 1 / u)]
    assert_close(optimal_witness(p, q, name).tolist(), critics, rtol=1e-11, atol=1e-11)


@BY_NAME
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("gap", [85.0, 90.0, 103.0])
def test_slopes_through_a_softmax_are_finite_where_its_probabilities_are_subnormal(name, turned, gap):
    logits = torch.tensor([0.0, gap], dtype=torch.float32, requires_grad=True)
    pair = [torch.softmax(logits, 0), torch.full((2,), 0.5, dtype=torch.float32)]
    distance = f_divergence(*(pair[::-1] if turned else pair), name)
    (slope,) = torch.autograd.grad(distance, logits)
    assert slope.isfinite().all()


@BY_NAME
@pytest.mark.parametrize("u", [1e-3, 0.3, 1.0, 2.5, 40.0])
def test_conjugate_is_the_supremum_found_by_search(name, u):
    entry = F_DIVERGENCES[name]
    t = entry.witness(torch.tensor(u))
    grid = torch.logspace(-9, 9, 400_001)
    found = (t * grid - entry.generator(grid)).max()
    assert_close(entry.conjugate(t), found, rtol=1e-7, atol=1e-7)


@BY_NAME
@pytest.mark.parametrize("u", [1e-3, 0.3, 0.99, 2.5, 40.0])
def test_witness_is_the_slope_of_the_generator(name, u):
    u = torch.tensor(u, requires_grad=True)
    (slope,) = torch.autograd.grad(F_DIVERGENCES[name].generator(u), u)
    assert_close(F_DIVERGENCES[name].witness(u.detach()), slope, rtol=1e-11, atol=1e-12)


@BY_NAME
def test_the_ends_are_the_limits_of_the_generator(name):
    entry = F_DIVERGENCES[name]
    for limit, sequence in [
        (entry.at_zero, entry.generator(torch.tensor([1e-10, 1e-14]))),
        (entry.slope_at_infinity, entry.generator(torch.tensor([1e10, 1e14])) / torch.tensor([1e10, 1e14])),
    ]:
        if math.isinf(limit):
            assert sequence[1] > sequence[0] > 20
        else:
            assert_close(sequence[1].item(), limit, rtol=1e-6, atol=1e-6)


@BY_NAME
def test_activation_rises_into_the_domain_of_the_conjugate(name):
    entry = F_DIVERGENCES[name]
    t = entry.activation(torch.linspace(-30, 30, 1001))
    assert entry.conjugate(t[t < entry.activation(torch.tensor(29.0))]).isfinite().all()
    assert (t.diff() >= 0).all()


@BY_NAME
@given(pair=PAIRS)
@settings(max_examples=20, deadline=None)
def test_the_optimal_witness_attains_the_divergence(name, pair):
    attained = dual_value(*pair, optimal_witness(*pair, name), name)
    assert_close(attained.item(), _meaning(name, *pair), rtol=1e-10, atol=1e-12)


@BY_NAME
@given(pair=PAIRS, scores=st.lists(st.floats(-5, 5), min_size=5, max_size=5))
@settings(max_examples=20, deadline=None)
def test_no_critic_exceeds_the_divergence(name, pair, scores):
    t = F_DIVERGENCES[name].activation(torch.tensor(scores[: len(pair[0])]))
    assert dual_value(*pair, t, name).item() <= _meaning(name, *pair) + 1e-11


@pytest.mark.parametrize(
    ("name", "outside"),
    [
        ("gan", 0.0),
        ("jensen_shannon", math.log(2) + 1e-9),
        ("reverse_kl", 0.5),
        ("squared_hellinger", 1.0),
        ("total_variation", 0.6),
        ("total_variation", -0.6),
    ],
)
def test_a_critic_outside_the_domain_is_worth_nothing_where_q_has_mass(name, outside):
    t = torch.tensor([outside, -0.25], requires_grad=True)
    assert dual_value([0.5, 0.5], [0.5, 0.5], t, name) == -torch.inf
    inside = dual_value([0.5, 0.5], [0.0, 1.0], t, name)
    assert inside.isfinite()
    assert torch.autograd.grad(inside, t)[0].isfinite().all()


@BY_NAME
def test_slopes_of_the_dual_match_finite_differences(name, rng):
    p, q = (x / x.sum() for x in torch.rand(2, 4, generator=rng))
    scores = torch.randn(4, generator=rng, requires_grad=True)
    activation = F_DIVERGENCES[name].activation
    assert torch.autograd.gradcheck(lambda v: dual_value(p, q, activation(v), name), (scores,))


def test_a_witness_where_neither_law_has_mass_is_that_of_equal_laws():
    witness = optimal_witness([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], "jensen_shannon")
    assert witness.tolist() == [math.log(2), -math.inf, 0.0]


def test_the_critic_of_the_minimax_game_is_the_logarithm_of_the_best_discriminator(rng):
    p, q = (x / x.sum() for x in torch.rand(2, 5, generator=rng))
    assert_close(optimal_witness(p, q, "gan"), (p / (p + q)).log(), rtol=1e-13, atol=0)


@BY_NAME
def test_the_empirical_dual_is_the_dual_of_the_frequencies(name):
    t = F_DIVERGENCES[name].activation(torch.tensor([-1.0, 0.5, 2.0]))
    x, y = torch.tensor([0, 0, 1, 2]), torch.tensor([1, 1, 2, 2])
    expected = dual_value([0.5, 0.25, 0.25], [0.0, 0.5, 0.5], t, name)
    assert_close(empirical_dual_value(t[x], t[y], name), expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: f_divergence([1.0], [1.0], "js"),
            "`name` must be one of gan, jensen_shannon, kl, .* got 'js'",
        ),
        (lambda: f_divergence([0.9], [1.0], "kl"), "`p` must sum to 1"),
        (lambda: empirical_dual_value([], [1.0], "kl"), "`t_real` must be one-dimensional and not empty"),
        (lambda: empirical_dual_value([1.0], [[1.0]], "kl"), r"`t_fake` must be .* got shape \(1, 1\)"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
