"""Best losses against a search over scores, mpmath's closed forms of the divergences they show, and laws."""

import mpmath as mp
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from ganlab.theory.bayes_risks import (
    BAYES_LOSSES,
    bayes_accuracy,
    bayes_gap,
    bayes_risk,
    jensen_shannon_bounds,
    optimal_score,
    risk,
)

BY_LOSS = pytest.mark.parametrize("loss", BAYES_LOSSES)


def _information(a, b):
    return (a * mp.log(2 * a / (a + b)) if a else 0) + (b * mp.log(2 * b / (a + b)) if b else 0)


# 2 JSD, a quarter of the triangular discrimination, the squared Hellinger distance and 2 TV, point by point.
GAPS = {
    "logistic": _information,
    "brier": lambda a, b: (a - b) ** 2 / (a + b) / 4 if a or b else mp.mpf(0),
    "exponential": lambda a, b: (mp.sqrt(a) - mp.sqrt(b)) ** 2,
    "hinge": lambda a, b: abs(a - b),
}
UNINFORMED = {"logistic": 2 * mp.log(2), "brier": mp.mpf(1) / 2, "exponential": 2, "hinge": 2}


def _gap(loss, p, q):
    with mp.workdps(40):
        return float(
            mp.fsum(GAPS[loss](mp.mpf(float(a)), mp.mpf(float(b))) for a, b in zip(p, q, strict=True))
        )


def _laws(size):
    weight = st.one_of(st.floats(1e-3, 1.0), st.just(0.0))
    vector = st.lists(weight, min_size=size, max_size=size).filter(lambda w: sum(w) > 0)
    return vector.map(lambda w: torch.tensor(w) / torch.tensor(w).sum())


PAIRS = st.integers(1, 5).flatmap(lambda size: st.tuples(_laws(size), _laws(size)))


def test_the_closed_forms_cover_the_table():
    assert GAPS.keys() == BAYES_LOSSES.keys()


@BY_LOSS
@given(pair=PAIRS)
@settings(max_examples=25, deadline=None)
def test_the_best_loss_falls_short_by_its_divergence(loss, pair):
    expected = _gap(loss, *pair)
    assert_close(bayes_gap(*pair, loss).item(), expected, rtol=1e-12, atol=0)
    assert_close(bayes_risk(*pair, loss).item(), float(UNINFORMED[loss]) - expected, rtol=1e-12, atol=1e-14)
    assert BAYES_LOSSES[loss].uninformed == float(UNINFORMED[loss])


@BY_LOSS
def test_no_score_does_better_than_the_best_one(loss):
    p, q = torch.tensor([0.5, 0.2, 0.3]), torch.tensor([0.1, 0.6, 0.3])
    grid = torch.linspace(-6, 6, 120_001).unsqueeze(-1)
    entry = BAYES_LOSSES[loss]
    found = (p * entry.real(grid) + q * entry.fake(grid)).min(0).values.sum()
    assert_close(bayes_risk(p, q, loss), found, rtol=1e-8, atol=0)
    assert_close(risk(p, q, optimal_score(p, q, loss), loss), found, rtol=1e-8, atol=0)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("logistic", [0.0, mp.log(4), -mp.log(4)]),
        ("brier", [0.5, 0.8, 0.2]),
        ("exponential", [0.0, mp.log(2), -mp.log(2)]),
        ("hinge", [0.0, 1.0, -1.0]),
    ],
)
def test_best_scores_at_four_to_one(loss, expected):
    p, q = [0.5, 0.4, 0.1], [0.5, 0.1, 0.4]
    assert_close(
        optimal_score(p, q, loss), torch.tensor([float(x) for x in expected]), rtol=1e-13, atol=1e-15
    )


@BY_LOSS
def test_gaps_keep_twelve_digits_for_close_and_for_nearly_disjoint_laws(loss):
    for p, q in [([0.5, 0.5], [0.5 + 2.0**-40, 0.5 - 2.0**-40]), ([1 - 1e-14, 1e-14], [1e-14, 1 - 1e-14])]:
        assert_close(bayes_gap(p, q, loss).item(), _gap(loss, p, q), rtol=1e-12, atol=0)
    assert bayes_gap([0.3, 0.7, 0.0], [0.3, 0.7, 0.0], loss) == 0


@BY_LOSS
def test_disjoint_laws_are_told_apart_without_loss(loss):
    assert bayes_risk([0.5, 0.5, 0, 0], [0, 0, 0.25, 0.75], loss) == 0
    assert_close(bayes_gap([1.0, 0], [0, 1.0], loss).item(), float(UNINFORMED[loss]), rtol=1e-15, atol=0)


@BY_LOSS
def test_slopes_of_the_gap_match_finite_differences_and_are_finite_at_zero(loss, rng):
    logits = torch.randn(2, 4, generator=rng, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: bayes_gap(*v.softmax(-1), loss), (logits,))
    p = torch.tensor([0.5, 0.5, 0, 0], requires_grad=True)
    q = torch.tensor([0, 0.5, 0.5, 0], requires_grad=True)
    for slope in torch.autograd.grad(bayes_gap(p, q, loss), [p, q]):
        assert slope.isfinite().all()


def test_the_hinge_loss_at_its_best_is_twice_one_minus_total_variation():
    p, q = [0.2, 0.5, 0.3], [0.4, 0.1, 0.5]
    assert_close(bayes_risk(p, q, "hinge").item(), 2 * (1 - 0.4), rtol=1e-14, atol=0)
    generator = -(torch.tensor(q) * optimal_score(p, q, "hinge")).sum()
    assert_close(generator.item(), 0.8, rtol=1e-14, atol=0)  # -(-0.4 + 0.1 - 0.5)


def test_where_one_law_is_alone_any_hinge_score_beyond_the_margin_is_as_good():
    p, q = [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]
    for score in ([1.0, 0.0, -1.0], [7.0, 0.5, -3.0]):
        assert risk(p, q, score, "hinge") == bayes_risk(p, q, "hinge") == 1


def test_the_best_accuracy_is_that_of_the_best_guess_at_every_outcome(rng):
    p, q = (x / x.sum() for x in torch.rand(2, 6, generator=rng))
    assert_close(bayes_accuracy(p, q), torch.maximum(p, q).sum() / 2, rtol=1e-14, atol=0)


@pytest.mark.parametrize(
    ("accuracy", "lower", "upper"),
    [
        (0.98, "0.595108", "0.665421"),
        (0.85, "0.270438", "0.485203"),
        (0.7, "0.082283", "0.277259"),
        (0.52, "0.000800", "0.027726"),
    ],
)
def test_an_accuracy_holds_the_jensen_shannon_divergence_in_an_interval(accuracy, lower, upper):
    tv = 2 * accuracy - 1
    with mp.workdps(30):
        t = mp.mpf(tv)
        entropy = -sum(x * mp.log(x) for x in ((1 - t) / 2, (1 + t) / 2))
        expected = float(mp.log(2) - entropy), float(t * mp.log(2))
    bounds = jensen_shannon_bounds(tv)
    assert_close(bounds.lower.item(), expected[0], rtol=1e-12, atol=0)
    assert_close(bounds.upper.item(), expected[1], rtol=1e-12, atol=0)
    assert (f"{expected[0]:.6f}", f"{expected[1]:.6f}") == (lower, upper)


@given(pair=PAIRS)
@settings(max_examples=80, deadline=None)
def test_the_jensen_shannon_divergence_lies_between_its_bounds(pair):
    p, q = pair
    tv = ((p - q).abs().sum() / 2).clamp(max=1)
    bounds, jsd = jensen_shannon_bounds(tv), _gap("logistic", p, q) / 2
    assert tv.square() / 2 <= bounds.lower * (1 + 1e-13)
    assert bounds.lower * (1 - 1e-13) <= jsd <= bounds.upper * (1 + 1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: bayes_risk([1.0], [1.0], "square"),
            "`loss` must be one of logistic, brier, .* got 'square'",
        ),
        (lambda: risk([1.0], [0.5], [0.0], "hinge"), "`q` must sum to 1"),
        (lambda: jensen_shannon_bounds(1.5), r"`tv` must lie in \[0, 1\], and be finite, got 1\.5"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
