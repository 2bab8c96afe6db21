"""Losses against what is written in the papers: closed forms at 50 digits by mpmath, finite differences,
`torch.nn.BCELoss` where its clamp does not bite, and the laws that tell one family from another."""

import json
import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from torch.nn.functional import binary_cross_entropy
from torch.testing import assert_close

from ganlab.losses import (
    LOSSES,
    GANLoss,
    find,
    label_smoothing,
    level_name,
    minimax,
    non_saturating,
    softplus,
)

SCORES = [0.0, 1.0, -1.0, 30.0, -30.0, 120.0, -120.0, 200.0, -200.0]
BY_NAME = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
PLAIN = [name for name, loss in LOSSES.items() if not loss.relativistic]


def _log_sigmoid(a):
    """log sigmoid(a) to 200 digits, where 1 - sigmoid(200) still has a hundred of them."""
    return mpmath.log(1 / (1 + mpmath.exp(-a)))


def _log_one_minus_sigmoid(a):
    return mpmath.log(1 - 1 / (1 + mpmath.exp(-a)))


def _positive_part(x):
    return x if x > 0 else mpmath.mpf(0)


# The papers' formulas for one real score r and one generated score f; the oracle of everything below.
FORMULAS = {
    "minimax": (
        lambda r, f: -_log_sigmoid(r) - _log_one_minus_sigmoid(f),
        lambda r, f: _log_one_minus_sigmoid(f),
    ),
    "non_saturating": (
        lambda r, f: -_log_sigmoid(r) - _log_one_minus_sigmoid(f),
        lambda r, f: -_log_sigmoid(f),
    ),
    "least_squares": (lambda r, f: (r - 1) ** 2 / 2 + f**2 / 2, lambda r, f: (f - 1) ** 2 / 2),
    "wasserstein": (lambda r, f: f - r, lambda r, f: -f),
    "hinge": (lambda r, f: _positive_part(1 - r) + _positive_part(1 + f), lambda r, f: -f),
    "relativistic_average": (
        lambda r, f: -_log_sigmoid(r - f) - _log_one_minus_sigmoid(f - r),
        lambda r, f: -_log_sigmoid(f - r) - _log_one_minus_sigmoid(r - f),
    ),
    "relativistic_pairing": (lambda r, f: -_log_sigmoid(r - f), lambda r, f: -_log_sigmoid(f - r)),
}


# Derivatives of the same formulas in r and in f, worked by hand: s is the sigmoid.
def _s(a):
    return 1 / (1 + mpmath.exp(-a))


DERIVATIVES = {
    "minimax": (lambda r, f: (_s(r) - 1, _s(f)), lambda r, f: (0, -_s(f))),
    "non_saturating": (lambda r, f: (_s(r) - 1, _s(f)), lambda r, f: (0, _s(f) - 1)),
    "least_squares": (lambda r, f: (r - 1, f), lambda r, f: (0, f - 1)),
    "wasserstein": (lambda r, f: (-1, 1), lambda r, f: (0, -1)),
    "hinge": (lambda r, f: (-1 if r < 1 else 0, 1 if f > -1 else 0), lambda r, f: (0, -1)),
    "relativistic_average": (
        lambda r, f: (-2 * _s(f - r), 2 * _s(f - r)),
        lambda r, f: (2 * _s(r - f), -2 * _s(r - f)),
    ),
    "relativistic_pairing": (
        lambda r, f: (-_s(f - r), _s(f - r)),
        lambda r, f: (_s(r - f), -_s(r - f)),
    ),
}


@pytest.fixture(autouse=True)
def _digits():
    with mpmath.workdps(200):
        yield


@pytest.mark.parametrize("player", ["discriminator", "generator"])
@BY_NAME
def test_value_and_gradient_equal_the_closed_form_at_extreme_scores(loss, player):
    which = ("discriminator", "generator").index(player)
    for r in SCORES:
        for f in SCORES:
            if loss.name == "hinge" and which == 0 and (r == 1 or f == -1):
                continue  # the kink has no derivative
            d_real = torch.tensor([r], requires_grad=True)
            d_fake = torch.tensor([f], requires_grad=True)
            value = getattr(loss, player)(d_real, d_fake)
            gradient = torch.autograd.grad(value, (d_real, d_fake), allow_unused=True)
            expected = FORMULAS[loss.name][which](mpmath.mpf(r), mpmath.mpf(f))
            slopes = DERIVATIVES[loss.name][which](mpmath.mpf(r), mpmath.mpf(f))
            assert_close(value.item(), float(expected), rtol=1e-12, atol=0)
            for got, slope in zip(gradient, slopes, strict=True):
                got = 0.0 if got is None else got.item()
                assert_close(got, float(slope), rtol=1e-12, atol=0)


@pytest.mark.parametrize("player", ["discriminator", "generator"])
@BY_NAME
def test_gradients_match_finite_differences_to_second_order(loss, player, rng):
    scores = [torch.randn(5, generator=rng).requires_grad_() for _ in range(2)]
    assert torch.autograd.gradcheck(getattr(loss, player), scores)
    assert torch.autograd.gradgradcheck(getattr(loss, player), scores)


@pytest.mark.parametrize(
    ("name", "at_zero"),
    [  # score 0 is D = 1/2; the arithmetic is in the papers' formulas above
        ("minimax", (2 * mpmath.log(2), -mpmath.log(2))),
        ("non_saturating", (2 * mpmath.log(2), mpmath.log(2))),
        ("least_squares", (0.5, 0.5)),
        ("wasserstein", (0, 0)),
        ("hinge", (2, 0)),
        ("relativistic_average", (2 * mpmath.log(2), 2 * mpmath.log(2))),
        ("relativistic_pairing", (mpmath.log(2), mpmath.log(2))),
    ],
)
def test_a_blind_discriminator_pays_the_known_value(name, at_zero):
    zeros = torch.zeros(7)
    loss = LOSSES[name]
    assert_close(loss.discriminator(zeros, zeros).item(), float(at_zero[0]), rtol=1e-15, atol=0)
    assert_close(loss.generator(zeros, zeros).item(), float(at_zero[1]), rtol=1e-15, atol=0)


@settings(deadline=None)
@given(st.floats(-300, 300))
def test_non_saturating_gradient_is_exp_minus_a_times_the_saturating_one(a):
    def slope(loss):
        score = torch.tensor([a], requires_grad=True)
        return torch.autograd.grad(loss.generator(torch.zeros(1), score), score)[0].item()

    ratio = mpmath.mpf(slope(non_saturating)) / mpmath.mpf(slope(minimax))
    assert float(abs(ratio / mpmath.exp(-a) - 1)) < 1e-12


@settings(deadline=None)
@given(st.floats(-700, 700))
def test_softplus_is_exact_at_every_score(x):
    with mpmath.workdps(400):
        value = mpmath.log1p(mpmath.exp(x))
        slope = 1 / (1 + mpmath.exp(-x))
    point = torch.tensor(x, requires_grad=True)
    got = softplus(point)
    assert_close(got.item(), float(value), rtol=1e-14, atol=0)
    assert_close(torch.autograd.grad(got, point)[0].item(), float(slope), rtol=1e-14, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_second_derivative_of_softplus_is_exact_where_exp_overflows_and_where_it_underflows(dtype):
    # around -37 the formula changes; 95 and 800 are where exp of a float32 and of a float64 overflow
    places = [0, 1, 17, 36.5, 37, 37.5, 60, 89, 95, 200, 709, 745, 800, 1e4, 3e38]
    x = torch.tensor([-p for p in places] + places, dtype=dtype, requires_grad=True)
    value = softplus(x)
    (slope,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), x)
    for point, *got in torch.stack([x, value, slope, bend], 1).tolist():
        with mpmath.workdps(50 + int(min(abs(point), 1e4))):
            a = mpmath.mpf(point) if abs(point) < 1e5 else mpmath.mpf(1e5 if point > 0 else -1e5)
            z = mpmath.exp(-abs(a))
            expected = [
                mpmath.mpf(max(point, 0)) + mpmath.log1p(z),
                1 / (1 + mpmath.exp(-a)),
                z / (1 + z) ** 2,
            ]
        tiny = torch.finfo(dtype).tiny
        assert_close(got, [float(e) for e in expected], rtol=8 * torch.finfo(dtype).eps, atol=tiny)


def test_softplus_of_infinite_scores_is_its_limit():
    assert softplus([-math.inf, math.inf]).tolist() == [0.0, math.inf]
    assert softplus([math.nan]).isnan().all()


def test_softplus_under_vmap_and_twice_differentiated_agrees_with_itself_alone(rng):
    x = 60 * torch.randn(3, 40, generator=rng)
    twice = torch.func.grad(torch.func.grad(softplus))
    bend = torch.func.vmap(torch.func.vmap(twice))(x)
    z = (-x.abs()).exp()
    assert_close(bend, z / (1 + z).square(), rtol=1e-12, atol=1e-300)
    slopes = torch.autograd.functional.jacobian(softplus, x[0], vectorize=True)
    assert_close(slopes, torch.diag(1 / (1 + (-x[0]).exp())), rtol=1e-12, atol=1e-300)
    hessian = torch.autograd.functional.hessian(lambda y: softplus(y).sum(), x[0], vectorize=True)
    assert_close(hessian, torch.diag(bend[0]), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("player", ["discriminator", "generator"])
@BY_NAME
def test_a_second_derivative_in_a_weight_is_finite_for_confident_scores(loss, player):
    weight = torch.tensor(1.0, dtype=torch.float32, requires_grad=True)
    real, fake = weight * torch.tensor([0.3, 95.0]), weight * torch.tensor([-0.2, -97.0])
    (slope,) = torch.autograd.grad(getattr(loss, player)(real, fake), weight, create_graph=True)
    if slope.requires_grad:
        assert torch.autograd.grad(slope, weight, allow_unused=True, materialize_grads=True)[0].isfinite()


@BY_NAME
def test_arrays_and_lists_are_taken_where_a_tensor_is(loss):
    real, fake = [1.0, -2.0], [0.5, 3.0]
    for player in (loss.discriminator, loss.generator):
        expected = player(torch.tensor(real), torch.tensor(fake))
        assert_close(player(real, fake), expected, rtol=0, atol=0)
        assert_close(player(np.array(real), tuple(fake)), expected, rtol=0, atol=0)
        whole = player(torch.tensor([1, -2]), [0, 3])
        assert_close(whole, player(torch.tensor([1.0, -2.0]), torch.tensor([0.0, 3.0])), rtol=0, atol=0)
    with pytest.raises(
        TypeError, match="`d_real` must be a tensor, an array or a list of numbers, got 'real'"
    ):
        loss.discriminator("real", fake)
    with pytest.raises(TypeError, match="`d_fake` must be a tensor, an array or a list of numbers, got None"):
        loss.generator(real, None)
    with pytest.raises(TypeError, match=r"`d_fake` must hold real numbers, got torch\.bool"):
        loss.generator(real, [True, False])


@pytest.mark.parametrize(("x", "dtype"), [([True], r"torch\.bool"), ([1j], r"torch\.complex128")])
def test_softplus_of_what_is_no_real_number_is_refused_by_name(x, dtype):
    with pytest.raises(TypeError, match=f"^`x` must hold real numbers, got {dtype}$"):
        softplus(x)


def test_labels_are_smoothed_for_arrays_too():
    smoothed = label_smoothing(minimax, 0.1)
    expected = smoothed.discriminator(torch.tensor([1.0]), torch.tensor([2.0]))
    assert_close(smoothed.discriminator(np.array([1.0]), [2.0]), expected, rtol=0, atol=0)


@BY_NAME
def test_adding_a_constant_to_all_scores_matters_only_where_scores_are_absolute(loss, rng):
    d_real, d_fake = torch.randn(2, 6, generator=rng).unbind()
    moved = loss.discriminator(d_real + 3, d_fake + 3)
    invariant = loss.relativistic or loss.name == "wasserstein"
    assert torch.isclose(moved, loss.discriminator(d_real, d_fake), rtol=1e-12) == invariant
    moved = loss.generator(d_real + 3, d_fake + 3)
    assert torch.isclose(moved, loss.generator(d_real, d_fake), rtol=1e-12) == loss.relativistic


@BY_NAME
def test_every_term_is_the_mean_over_the_batch(loss, rng):
    d_real, d_fake = torch.randn(2, 6, generator=rng).unbind()
    for player in (loss.discriminator, loss.generator):
        assert_close(player(d_real.repeat(3), d_fake.repeat(3)), player(d_real, d_fake), rtol=1e-14, atol=0)


@BY_NAME
def test_a_better_discriminator_has_a_lower_loss(loss):
    right, wrong = torch.full((4,), 0.7), torch.full((4,), -0.7)
    assert loss.discriminator(right, wrong) < loss.discriminator(wrong, right)


@BY_NAME
def test_only_relativistic_generators_look_at_real_scores(loss, rng):
    d_real, d_fake = torch.randn(2, 6, generator=rng).unbind()
    d_real.requires_grad_()
    value = loss.generator(d_real, d_fake.requires_grad_())
    assert (torch.autograd.grad(value, d_real, allow_unused=True)[0] is not None) == loss.relativistic


@BY_NAME
def test_the_generator_wants_higher_scores(loss, rng):
    """At scores below 1, and above it unless it holds; the least-squares generator alone pulls those down."""
    d_real = torch.randn(6, generator=rng)
    for start, sign in ((-0.5, -1), (2.0, 1 if loss.name == "least_squares" else -1)):
        d_fake = torch.full((6,), start, requires_grad=True)
        (slope,) = torch.autograd.grad(loss.generator(d_real, d_fake), d_fake)
        assert bool((slope * sign >= 0).all())
        assert bool(slope.any()) or start > 1


@pytest.mark.parametrize("name", ["relativistic_average", "relativistic_pairing"])
def test_relativistic_players_mirror_each_other(name, rng):
    d_real, d_fake = torch.randn(2, 6, generator=rng).unbind()
    loss = LOSSES[name]
    assert_close(loss.discriminator(d_real, d_fake), loss.generator(d_fake, d_real), rtol=0, atol=0)


def test_relativistic_average_players_differ_by_twice_the_gap_of_the_means(rng):
    d_real, d_fake = torch.randn(2, 9, generator=rng).unbind()
    loss = LOSSES["relativistic_average"]
    gap = loss.generator(d_real, d_fake) - loss.discriminator(d_real, d_fake)
    assert_close(gap, 2 * (d_real.mean() - d_fake.mean()), rtol=1e-12, atol=0)


def test_hinge_stops_pushing_beyond_the_margin():
    d_real = torch.tensor([1.5, 0.5], requires_grad=True)
    d_fake = torch.tensor([-1.5, -0.5], requires_grad=True)
    real, fake = torch.autograd.grad(LOSSES["hinge"].discriminator(d_real, d_fake), (d_real, d_fake))
    assert_close(real, torch.tensor([0.0, -0.5]), rtol=0, atol=0)
    assert_close(fake, torch.tensor([0.0, 0.5]), rtol=0, atol=0)


@pytest.mark.parametrize("loss", [minimax, non_saturating], ids=lambda loss: loss.name)
def test_logistic_losses_equal_bce_loss_on_probabilities_in_its_safe_range(loss, rng):
    d_real, d_fake = (torch.rand(2, 64, generator=rng) * 24 - 12).unbind()
    p_real, p_fake = d_real.sigmoid(), d_fake.sigmoid()
    ones, zeros = torch.ones(64), torch.zeros(64)
    on_probabilities = binary_cross_entropy(p_real, ones) + binary_cross_entropy(p_fake, zeros)
    assert_close(loss.discriminator(d_real, d_fake), on_probabilities, rtol=1e-11, atol=0)
    generator = {
        "minimax": -binary_cross_entropy(p_fake, zeros),
        "non_saturating": binary_cross_entropy(p_fake, ones),
    }[loss.name]
    assert_close(loss.generator(d_real, d_fake), generator, rtol=1e-11, atol=0)


@pytest.mark.parametrize(("a", "through_probability"), [(-30.0, -0.0936), (-40.0, -4.25e-6)])
def test_bce_loss_on_probabilities_saturates_where_ours_does_not(a, through_probability):
    """`BCELoss` divides by max(D (1 - D), 1e-12), so below log 1e-12 = -27.6 its gradient is e^a / 1e-12."""
    score = torch.tensor([a], dtype=torch.float32, requires_grad=True)
    ours = torch.autograd.grad(non_saturating.generator(torch.zeros(1), score), score)[0].item()
    theirs = torch.autograd.grad(binary_cross_entropy(score.sigmoid(), torch.ones(1).float()), score)[
        0
    ].item()
    assert_close(ours, -1.0, rtol=1e-6, atol=0)
    assert_close(theirs, through_probability, rtol=2e-3, atol=0)
    assert_close(theirs, -float(mpmath.exp(a) / mpmath.mpf("1e-12")), rtol=1e-3, atol=0)


def test_bce_loss_on_probabilities_is_stuck_when_confidently_wrong():
    """In float32 sigmoid(20) is exactly 1: the loss of a fake is clamped at 100, its gradient 0."""
    score = torch.tensor([20.0], dtype=torch.float32, requires_grad=True)
    theirs = binary_cross_entropy(score.sigmoid(), torch.zeros(1, dtype=torch.float32))
    assert theirs.item() == 100
    assert torch.autograd.grad(theirs, score)[0].item() == 0
    ours = minimax.discriminator(torch.full((1,), 200.0), score)
    assert_close(ours.item(), 20.0, rtol=1e-6, atol=0)


@BY_NAME
def test_float32_agrees_with_float64_to_float32_precision(loss):
    d_real, d_fake = torch.tensor([-200.0, -3.0, 0.1, 200.0]), torch.tensor([200.0, 2.0, -0.3, -200.0])
    for player in (loss.discriminator, loss.generator):
        single = player(d_real.float(), d_fake.float())
        assert single.dtype == torch.float32
        assert_close(single.double(), player(d_real, d_fake), rtol=1e-6, atol=2e-5)  # sums of +-200


@BY_NAME
def test_stacked_ensembles_equal_one_call_per_member(loss, rng):
    d_real, d_fake = torch.randn(2, 3, 5, generator=rng).unbind()
    for player in (loss.discriminator, loss.generator):
        stacked = torch.func.vmap(player)(d_real, d_fake)
        one_by_one = torch.stack([player(r, f) for r, f in zip(d_real, d_fake, strict=True)])
        assert_close(stacked, one_by_one, rtol=1e-14, atol=0)


@settings(deadline=None)
@given(st.floats(-30, 30), st.floats(0, 0.99))
def test_smoothed_loss_is_the_cross_entropy_with_a_soft_label(a, s):
    got = label_smoothing(non_saturating, s).discriminator(torch.tensor([a]), torch.tensor([-1.0])).item()
    expected = -(1 - s) * _log_sigmoid(a) - s * _log_one_minus_sigmoid(a) - _log_one_minus_sigmoid(-1)
    assert_close(got, float(expected), rtol=1e-12, atol=1e-15)


@settings(deadline=None)
@given(st.floats(-30, 30), st.floats(0, 0.45), st.floats(0, 0.45))
def test_both_labels_are_those_of_the_cross_entropy(a, s, t):
    smoothed = label_smoothing(minimax, s, fake=t)
    got = smoothed.discriminator(torch.tensor([-a]), torch.tensor([a])).item()
    real = -(1 - s) * _log_sigmoid(-a) - s * _log_one_minus_sigmoid(-a)
    fake = -t * _log_sigmoid(a) - (1 - t) * _log_one_minus_sigmoid(a)
    assert_close(got, float(real + fake), rtol=1e-12, atol=1e-15)
    assert smoothed.generator is minimax.generator


def test_a_pair_with_two_smoothed_labels_says_so():
    smoothed = label_smoothing(minimax, 0.1, fake=0.2)
    assert smoothed.name == "minimax, labels 0.9 and 0.2"
    assert smoothed.title == "saturating (minimax), labels 0.9 and 0.2"
    assert label_smoothing(minimax, 0.0, fake=0.2).divergence is None


def test_labels_are_smoothed_once():
    with pytest.raises(ValueError, match=r"labels that are not smoothed yet, got minimax, real label 0\.9"):
        label_smoothing(label_smoothing(minimax, 0.1), 0.1)


def test_smoothing_moves_the_optimum_and_touches_only_the_real_label_of_the_discriminator(rng):
    smoothed = label_smoothing(minimax, 0.1)
    logit = mpmath.log(mpmath.mpf("0.45") / mpmath.mpf("0.55"))  # D* = 0.9 p / (p + q) at p = q
    score = torch.tensor([float(logit)], requires_grad=True)
    value = smoothed.discriminator(score, score)
    assert_close(torch.autograd.grad(value, score)[0].item(), 0.0, rtol=0, atol=1e-15)
    assert_close(value.item(), float(-2 * mpmath.log("0.55") - mpmath.mpf("0.9") * logit), rtol=1e-14, atol=0)
    assert smoothed.generator is minimax.generator
    assert smoothed.logistic
    assert smoothed.name == "minimax, real label 0.9"


def test_no_smoothing_is_the_loss_itself(rng):
    d_real, d_fake = torch.randn(2, 6, generator=rng).unbind()
    plain = label_smoothing(minimax, 0.0)
    assert_close(plain.discriminator(d_real, d_fake), minimax.discriminator(d_real, d_fake), rtol=0, atol=0)
    assert plain.divergence == minimax.divergence


@pytest.mark.parametrize("name", ["least_squares", "wasserstein", "hinge", *list(LOSSES)[5:]])
def test_smoothing_is_refused_without_a_label_to_smooth(name):
    with pytest.raises(ValueError, match=rf"`loss` must be one of minimax, non_saturating .* got {name}"):
        label_smoothing(LOSSES[name], 0.1)


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, float("nan")])
def test_smoothing_outside_its_range_is_refused(smoothing):
    with pytest.raises(ValueError, match=r"`smoothing` must be in \[0, 1\), got"):
        label_smoothing(minimax, smoothing)


@pytest.mark.parametrize("fake", [-0.1, 0.9, float("nan")])
def test_a_fake_label_outside_its_range_is_refused(fake):
    with pytest.raises(ValueError, match=r"`fake` must be at least 0 and below the real label, 0\.9, got"):
        label_smoothing(minimax, 0.1, fake=fake)


@BY_NAME
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_scores_of_a_wrong_shape_are_refused_by_name(loss: GANLoss, player):
    good = torch.zeros(4)
    for bad, shape in (
        (torch.zeros(4, 1), r"\(4, 1\); squeeze the last axis first$"),
        (torch.zeros(()), r"\(\)$"),
        (torch.zeros(4, 2), r"\(4, 2\)$"),
        (torch.zeros(1, 4, 1), r"\(1, 4, 1\)$"),
        (torch.zeros(0), r"\(0,\)$"),
    ):
        with pytest.raises(ValueError, match=rf"`d_real` must be raw scores of shape \(N,\).*got {shape}"):
            getattr(loss, player)(bad, good)
        with pytest.raises(ValueError, match=rf"`d_fake` must be raw scores of shape \(N,\).*got {shape}"):
            getattr(loss, player)(good, bad)


def test_pairing_refuses_batches_of_unequal_length():
    with pytest.raises(ValueError, match=r"^`d_real` and `d_fake` must have the same length, .*got 3 and 4$"):
        LOSSES["relativistic_pairing"].discriminator(torch.zeros(3), torch.zeros(4))


def test_the_table_holds_the_losses_under_their_own_names():
    assert FORMULAS.keys() == DERIVATIVES.keys() == LOSSES.keys()
    assert all(name == loss.name for name, loss in LOSSES.items())


# What is known of a pair: each fact against its own two functions, or against an optimiser that is not ours.


def constant(loss, score):
    """D's loss where every sample has one score."""
    return loss.discriminator(torch.tensor([score]), torch.tensor([score])).item()


@BY_NAME
def test_the_blind_scores_are_those_that_cost_a_constant_discriminator_least(loss):
    low, high = (min(max(end, -5.0), 5.0) for end in loss.blind)
    inside = [constant(loss, low + share * (high - low)) for share in (0.0, 0.3, 1.0)]
    assert_close(inside, [loss.equilibrium[0]] * 3, rtol=1e-14, atol=1e-15)
    for end, step in ((loss.blind[0], -1e-3), (loss.blind[1], 1e-3)):
        if math.isfinite(end):
            assert constant(loss, end + step) > loss.equilibrium[0]


@BY_NAME
def test_the_generators_level_is_known_only_where_no_blind_score_changes_it(loss):
    ends = [torch.tensor([min(max(end, -3.0), 3.0)]) for end in loss.blind]
    first, last = (loss.generator(end, end).item() for end in ends)
    if math.isnan(loss.equilibrium[1]):
        assert first != last
    else:
        assert_close([first, last], [loss.equilibrium[1]] * 2, rtol=1e-14, atol=0)


@BY_NAME
def test_targets_are_the_scores_of_a_discriminator_that_is_sure(loss):
    """With targets, D's loss is least there and nowhere within; without, a shift changes nothing."""
    if loss.targets is None:
        real, fake = torch.tensor([1.5, 0.2]), torch.tensor([-0.3, 0.7])
        moved = loss.discriminator(real + 7, fake + 7)
        assert_close(moved, loss.discriminator(real, fake), rtol=1e-12, atol=1e-12)
        return
    ends = [torch.tensor([min(max(target, -800.0), 800.0)]) for target in loss.targets]
    assert_close(loss.discriminator(*ends).item(), loss.least, rtol=0, atol=1e-300)
    for share in (0.0, 0.5, 0.99):
        assert loss.discriminator(*(share * end for end in ends)).item() > loss.least or loss.logistic


@BY_NAME
def test_no_scores_cost_the_discriminator_less_than_the_least(loss, rng):
    real, fake = (1000 * torch.randn(2, 400, 3, generator=rng)).unbind()
    costs = torch.func.vmap(loss.discriminator)(real, fake)
    assert costs.min() < -500 if math.isinf(loss.least) else costs.min() >= loss.least


@BY_NAME
def test_the_discriminators_loss_is_convex_in_the_scores(loss, rng):
    (a, b), (c, d) = torch.randn(2, 2, 5, generator=rng) * 3
    middle = loss.discriminator((a + c) / 2, (b + d) / 2)
    assert middle <= (loss.discriminator(a, b) + loss.discriminator(c, d)) / 2 + 1e-12


@BY_NAME
def test_a_loss_needs_the_whole_batch_where_it_is_not_the_mean_over_its_halves(loss, rng):
    real, fake = torch.randn(2, 8, generator=rng).unbind()
    halves = [player(real[part], fake[part]) for player in (loss.discriminator, loss.generator)
              for part in (slice(4), slice(4, 8))]  # fmt: skip
    whole = [loss.discriminator(real, fake), loss.generator(real, fake)]
    same = torch.allclose(torch.stack(halves).view(2, 2).mean(1), torch.stack(whole), rtol=1e-12)
    assert same is not loss.whole_batch


@BY_NAME
def test_a_generator_saturates_where_its_slope_vanishes_before_a_sure_discriminator(loss):
    fake = torch.tensor([-50.0], requires_grad=True)
    (slope,) = torch.autograd.grad(loss.generator(torch.tensor([50.0]), fake), fake)
    assert (slope.abs().item() < 1e-9) is loss.saturates


@BY_NAME
def test_a_generators_loss_reads_real_scores_only_where_the_pair_is_relativistic(loss):
    fake = torch.tensor([0.3, -0.2])
    one, other = (loss.generator(torch.full((2,), real), fake) for real in (0.0, 2.0))
    assert bool(one != other) is loss.relativistic


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("minimax", [1 / (1 + math.e), 1 / 2, 1 / (1 + math.exp(-3))]),
        ("least_squares", [0, 0, 1]),
        ("hinge", [0, 1 / 2, 1]),  # beyond the margin the discriminator asks for nothing
        ("wasserstein", [0, 1 / 4, 1]),
        ("relativistic_pairing", [0, 1 / 4, 1]),
    ],
)
def test_a_score_is_read_as_its_loss_means_it(name, expected):
    read = LOSSES[name].read(torch.tensor([-1.0, 0.0, 3.0]))
    assert_close(read, torch.tensor(expected, dtype=read.dtype), rtol=1e-14, atol=0)


def test_equal_scores_without_an_origin_are_in_the_middle():
    assert LOSSES["wasserstein"].read(torch.full((3,), 8.0)).tolist() == [0.5] * 3


@settings(deadline=None)
@given(st.floats(0.01, 0.9), st.sampled_from([0.0, 0.1, 0.7]))
def test_what_is_known_of_a_smoothed_pair_is_what_an_optimiser_finds(s, share):
    loss = label_smoothing(non_saturating, s, fake=share * (1 - s))
    found = optimize.minimize_scalar(lambda score: constant(loss, score), bounds=(-30, 30), method="bounded")
    assert_close(loss.blind[0], found.x, rtol=0, atol=1e-4)
    assert_close(loss.equilibrium[0], found.fun, rtol=1e-9, atol=0)

    def alone(real, fake):  # each of the two samples has a score of its own
        return loss.discriminator(torch.tensor([real]), torch.tensor([fake])).item()

    ends = {"bounds": (-40, 40), "method": "bounded"}
    real = optimize.minimize_scalar(lambda score: alone(score, 0.0), **ends)
    fake = optimize.minimize_scalar(lambda score: alone(0.0, score), **ends)
    assert_close(loss.least, real.fun + fake.fun - alone(0.0, 0.0), rtol=1e-8, atol=1e-12)

    def third(pair):  # one score on the mode that is kept, one on the two that are not
        kept, dropped = (torch.tensor([score]) for score in pair)
        return loss.discriminator(torch.cat([kept, dropped, dropped]), kept).item()

    least = optimize.minimize(
        third, [-1.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12}
    )
    assert_close(loss.third, least.fun, rtol=1e-7, atol=0)
    assert loss.divergence is None


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (math.log(4), "2 log 2"),
        (math.log(2), "log 2"),
        (-math.log(2), "−log 2"),
        (0.25, "1/4"),
        (0.0, "0"),
        (2.0, "2"),
        (0.3, "0.3"),
        (1 / 16, "1/16"),
        (1 / 32, "0.03125"),  # nobody reads it as a share
    ],
)
def test_a_level_is_named_by_what_it_is(value, name):
    assert level_name(value) == name


TOLD = {  # by hand: what JSON has no number for is null
    "wasserstein": {
        "name": "wasserstein",
        "title": "Wasserstein",
        "targets": None,
        "blind": [None, None],
        "least": None,
        "third": None,
        "unit": "units of the data",
        "divergence": {
            "name": "Wasserstein-1 distance",
            "offset": 0.0,
            "slope": 1.0,
            "unit": ", if the critic is 1-Lipschitz",
        },
        "relativistic": False,
        "whole_batch": False,
        "saturates": False,
        "logistic": False,
        "reads": "score, lowest to highest",
        "equilibrium": [{"value": 0.0, "name": "0"}, None],
    },
    "relativistic_average": {
        "name": "relativistic_average",
        "title": "relativistic average",
        "targets": None,
        "blind": [None, None],
        "least": 0.0,
        "third": math.log(2) / 3,
        "unit": "nats",
        "divergence": None,
        "relativistic": True,
        "whole_batch": True,
        "saturates": False,
        "logistic": False,
        "reads": "score, lowest to highest",
        "equilibrium": [{"value": 2 * math.log(2), "name": "2 log 2"}] * 2,
    },
}


@pytest.mark.parametrize(("name", "told"), TOLD.items(), ids=TOLD)
def test_the_facts_of_a_pair_are_all_that_is_known_of_it_as_json_holds_it(name, told):
    facts = LOSSES[name].facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == told


def test_finite_scores_that_tell_the_kinds_apart_are_told():
    assert LOSSES["least_squares"].facts()["targets"] == [1.0, 0.0]
    assert LOSSES["minimax"].facts()["targets"] == [None, None]


def test_a_pair_is_found_by_name_or_is_itself():
    smoothed = label_smoothing(minimax, 0.1)
    assert find("minimax") is minimax
    assert find(smoothed) is smoothed
    with pytest.raises(ValueError, match=r"`loss` must be one of minimax, .*, got 'elbo'"):
        find("elbo")
