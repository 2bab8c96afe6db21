"""Truth here: losses of discriminators that are optimal by construction, minimised numbers, curves drawn by
hand, games whose orbits are known, and short trainings whose fault was built in.

The trainings use seeds that had no part in setting the thresholds, and allow one seed in four to be misread.
"""

import math
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from torch.testing import assert_close

from ganlab import dynamics, game
from ganlab.evaluation import diagnosis
from ganlab.evaluation.diagnosis import PATTERNS, Diagnosis, divergence_bound, landmarks
from ganlab.experiments import Experiment, build
from ganlab.losses import LOSSES, label_smoothing
from ganlab.training import train
from ganlab.training.ensembles import train_together

LOG2 = math.log(2)
diagnose = partial(diagnosis.diagnose, loss="non_saturating")
SIDED = [name for name, loss in LOSSES.items() if math.isfinite(loss.least)]  # the baseline has a scale


def scores(*values):
    return torch.tensor(values, dtype=torch.float64)


# --- Landmarks ---


@pytest.mark.parametrize(
    ("name", "baseline", "generator", "third"),
    [
        ("minimax", 2 * LOG2, -LOG2, math.log(4) / 3 + math.log(4 / 3)),
        ("non_saturating", 2 * LOG2, LOG2, math.log(4) / 3 + math.log(4 / 3)),
        ("least_squares", 1 / 4, 1 / 8, 1 / 8),  # D = 1/2; half of pq/(p+q), summed
        ("hinge", 2.0, math.nan, 2 / 3),  # 2 (1 - TV)
        ("wasserstein", 0.0, math.nan, math.nan),
        ("relativistic_average", 2 * LOG2, 2 * LOG2, LOG2 / 3),
        ("relativistic_pairing", LOG2, LOG2, LOG2 / 3),
    ],
)
def test_landmarks_are_the_closed_forms(name, baseline, generator, third):
    assert_close(landmarks(name), type(landmarks(name))(baseline, generator, third), equal_nan=True)


@pytest.mark.parametrize("name", SIDED)
def test_the_baseline_is_the_least_loss_of_one_score_for_all(name):
    def constant(score):
        return LOSSES[name].discriminator(scores(score), scores(score)).item()

    assert_close(optimize.minimize_scalar(constant).fun, landmarks(name).baseline, rtol=1e-9, atol=0)


@pytest.mark.parametrize("name", SIDED)
def test_third_is_the_least_loss_where_one_mode_in_three_is_kept(name):
    def loss(pair):  # one score on the mode that is kept, one on the two that are not
        kept, dropped = pair
        real, fake = scores(kept, dropped, dropped), scores(kept, kept, kept)
        return LOSSES[name].discriminator(real, fake).item()

    starts = (
        [0.0, 1.0],
        [-1.0, 0.0],
        [0.0, 8.0],
        [-2.0, 30.0],
    )  # the last two lie far out, where some minima are
    found = min(optimize.minimize(loss, x, method="Nelder-Mead", options={"xatol": 1e-8}).fun for x in starts)
    assert_close(found, landmarks(name).third, rtol=1e-5, atol=0)


def test_an_unknown_loss_has_no_landmarks():
    with pytest.raises(ValueError, match=r"`loss` must be one of minimax, .*, got 'elbo'"):
        landmarks("elbo")


# --- What a loss proves ---


def counts():
    """Two laws on four outcomes, as numbers of samples of twelve."""
    return st.lists(st.integers(0, 3), min_size=12, max_size=12).map(lambda x: np.bincount(x, minlength=4))


def best_scores(name, p, q):
    """Optimal scores where p + q > 0: the logit, the posterior, the sign."""
    with np.errstate(divide="ignore", invalid="ignore"):
        score = {
            "logistic": np.clip(np.log(p) - np.log(q), -300, 300),
            "least_squares": p / (p + q),
            "hinge": np.where(p >= q, 1.0, -1.0),
        }[name]
    return torch.from_numpy(np.nan_to_num(score))


def exact(name, p, q):
    m = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "logistic": (np.nansum(p * np.log(p / m)) + np.nansum(q * np.log(q / m))) / 2,
            "least_squares": np.nansum((p - q) ** 2 / (p + q)),
            "hinge": np.abs(p - q).sum() / 2,
        }[name]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("minimax", "logistic"),
        ("non_saturating", "logistic"),
        ("least_squares", "least_squares"),
        ("hinge", "hinge"),
    ],
)
@given(p=counts(), q=counts(), shift=st.floats(-2, 2))
@settings(max_examples=25, deadline=None)
def test_the_bound_is_the_divergence_for_the_best_discriminator_and_below_it_for_any_other(
    name, family, p, q, shift
):
    best = best_scores(family, p / 12, q / 12)
    other = best * 0.7 + shift * torch.tensor([1.0, -1.0, 0.5, 0.0])

    def bound(score):
        real, fake = (score.repeat_interleave(torch.from_numpy(n)) for n in (p, q))
        return divergence_bound(LOSSES[name].discriminator(real, fake).item(), loss=name).value

    truth = exact(family, p / 12, q / 12)
    assert_close(bound(best), truth, rtol=0, atol=1e-10)
    assert bound(other) <= truth + 1e-10


@given(p=counts(), q=counts(), score=st.lists(st.floats(-5, 5), min_size=4, max_size=4))
@settings(max_examples=25, deadline=None)
def test_a_pair_and_the_swapped_pair_are_at_least_as_far_apart_as_the_pairing_loss_proves(p, q, score):
    score = torch.tensor(score)
    real, fake = (score.repeat_interleave(torch.from_numpy(n)) for n in (p, q))
    loss = LOSSES["relativistic_pairing"].discriminator(real.repeat_interleave(12), fake.repeat(12)).item()
    pair = np.outer(p / 12, q / 12)
    assert (
        divergence_bound(loss, loss="relativistic_pairing").value <= exact("logistic", pair, pair.T) + 1e-10
    )


def test_a_1_lipschitz_critic_on_the_line_proves_its_mean_difference():
    # Data at 3, fakes at 1, D(x) = x: W1 = 2, and the critic -x proves nothing.
    loss = LOSSES["wasserstein"].discriminator
    assert divergence_bound(loss(scores(3.0), scores(1.0)).item(), loss="wasserstein").value == 2.0
    assert divergence_bound(loss(scores(-3.0), scores(-1.0)).item(), loss="wasserstein").value == 0.0


def test_a_blind_discriminator_proves_nothing_and_a_certain_one_everything():
    for name, whole in (("non_saturating", LOG2), ("hinge", 1.0), ("least_squares", 2.0)):
        assert divergence_bound(landmarks(name).baseline, loss=name).value < 1e-15
        assert divergence_bound(0.0, loss=name).value == whole


def test_a_bound_reads_as_a_phrase():
    assert str(divergence_bound(0.5, loss="minimax")) == "Jensen-Shannon divergence at least 0.443 nats"
    assert str(divergence_bound(-2.0, loss="wasserstein")) == (
        "Wasserstein-1 distance at least 2, if the critic is 1-Lipschitz"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("relativistic_average", "relativistic_pairing to bound a divergence, got 'relativistic_average'"),
        ("elbo", "`loss` must be one of minimax, .*, got 'elbo'"),
    ],
)
def test_a_loss_that_bounds_nothing_is_refused(name, words):
    with pytest.raises(ValueError, match=words):
        divergence_bound(0.5, loss=name)


def test_a_loss_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="`d_loss` must be a number, got nan"):
        divergence_bound(math.nan, loss="minimax")


# --- Runs whose truth is known: an optimal discriminator on eight modes ---

STEPS, BATCH = 480, 128


def optimal_run(kept, *, name="non_saturating", seed=0):
    """Losses of batches under the best D: for a quarter of the run no mode is met, then `kept` of eight."""
    rng = torch.Generator().manual_seed(seed)
    d_loss, g_loss = [], []
    for step in range(STEPS):
        share = (kept if step > STEPS // 4 else 0) / 8
        on_kept = torch.rand(BATCH, generator=rng) < share  # real samples that fall where fakes are
        logit = math.log(share) if share else -20.0
        d_real = torch.where(on_kept, logit, 20.0)
        d_fake = torch.full((BATCH,), logit)
        d_loss.append(LOSSES[name].discriminator(d_real, d_fake))
        g_loss.append(LOSSES[name].generator(d_real, d_fake))
    return torch.stack(d_loss), torch.stack(g_loss)


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
@pytest.mark.parametrize(
    ("kept", "pattern"),
    [
        (0, "D too strong"),
        (1, "collapse suspected"),
        (2, "collapse suspected"),
        (4, "healthy"),
        (8, "cannot tell"),  # the distributions are equal, and D tells nothing
    ],
)
def test_under_an_optimal_discriminator_the_pattern_follows_from_the_modes_that_are_kept(kept, pattern, name):
    found = diagnose(*optimal_run(kept, name=name), loss=name)
    assert (found.pattern, found.confident) == (pattern, pattern != "cannot tell")


def test_half_of_the_modes_missing_looks_healthy_until_the_coverage_is_known():
    run = optimal_run(4)
    assert diagnose(*run).pattern == "healthy"
    assert diagnose(*run, coverage=0.5).pattern == "collapse suspected"


# --- Curves drawn by hand ---


def noise(level, *, steps=480, seed=0):
    return level * np.random.default_rng(seed).standard_normal(steps)


def near(name, edge, *, steps=480, level=0.02):
    """A d_loss whose edge falls from a high one to `edge`, with noise, in units of the loss's landmark."""
    blind = landmarks(name).baseline
    fall = edge + (0.75 - edge) * np.exp(-np.arange(steps) / 60)
    return blind * (1 - fall + noise(level, steps=steps))


def flat(value, *, steps=480, seed=1):
    return value + noise(0.01, steps=steps, seed=seed)


@pytest.mark.parametrize("name", SIDED)
@pytest.mark.parametrize(
    ("edge", "pattern"),
    [(0.1, "healthy"), (0.3, "healthy"), (0.86, "collapse suspected"), (0.97, "D too strong")],
)
def test_where_the_loss_settles_decides(name, edge, pattern):
    found = diagnose(near(name, edge), flat(1.0), loss=name)
    assert (found.pattern, found.confident) == (pattern, True)
    assert found.landmarks == pytest.approx(landmarks(name), nan_ok=True)


@pytest.mark.parametrize("name", SIDED)
def test_a_discriminator_that_tells_nothing_leaves_it_open(name):
    """At equal distributions the best D is here, and a blind one is too."""
    blind = landmarks(name).baseline
    for d_loss in (np.full(480, blind), blind * (1 + noise(0.02)), blind * (1.05 + noise(0.02))):
        found = diagnose(untrained(d_loss, name), flat(LOG2), loss=name)
        assert found.pattern == "cannot tell"
        assert "`two_sample_test` on samples of both tells them apart" in repr(found)
    assert diagnose(untrained(blind * (0.98 + noise(0.001)), name), flat(1.0), loss=name).pattern == "healthy"


def untrained(d_loss, name):
    """The curve, begun by a discriminator that gives 0 to all: so a log shows that it holds sums."""
    start = LOSSES[name].discriminator(scores(0.0), scores(0.0)).item()
    return np.concatenate([[start], d_loss[1:]])


@pytest.mark.parametrize("name", SIDED)
def test_a_discriminator_that_loses_to_one_score_for_all_does_not_keep_up(name):
    blind = landmarks(name).baseline
    hops = np.where(np.arange(480) // 40 % 2, 0.3, -0.3)
    found = diagnose(untrained(blind * (1 + hops), name), flat(1.0), loss=name)
    assert found.pattern == "critic not keeping up"
    assert "D does worse there than with one score for all" in repr(found)


@pytest.mark.parametrize(("above", "pattern"), [(0.09, "healthy"), (0.11, "critic not keeping up")])
def test_an_eighth_of_the_last_half_a_tenth_above_the_baseline_is_too_much(above, pattern):
    d_loss = np.full(480, 1.2)
    d_loss[330:360] = 2 * LOG2 * (1 + above)
    assert diagnose(d_loss, flat(0.8)).pattern == pattern
    early = np.roll(d_loss, -200)
    assert diagnose(early, flat(0.8)).pattern == "healthy"  # what has passed is no fault of the end


def test_a_wasserstein_critic_that_loses_is_not_convicted_since_its_loss_has_no_level():
    d_loss = np.where(np.arange(480) < 240, -0.3, noise(0.1))
    assert diagnose(d_loss, flat(1.0), loss="wasserstein").pattern == "cannot tell"
    turned = diagnose(2 + noise(0.1), flat(1.0), loss="wasserstein")
    assert "or its sign is turned" in turned.evidence[0]


def test_a_distance_that_does_not_come_down_says_nothing_without_its_scale():
    found = diagnose(-10 + noise(0.1), flat(1.0), loss="wasserstein")
    assert found.pattern == "cannot tell"
    assert "has not halved since" in repr(found)


@pytest.mark.parametrize(("last", "halved"), [(-0.99, True), (-1.0, True), (-1.01, False)])
def test_a_distance_has_come_down_once_its_last_quarter_is_half_of_its_largest_sixteenth(last, halved):
    d_loss = np.full(480, -1.2)
    d_loss[:30], d_loss[360:] = -2, last
    d_loss[100:120] -= 1  # a dip that is shorter than a sixteenth: with its neighbours -1.87
    found = diagnose(d_loss, flat(0.0), loss="wasserstein")
    assert found.pattern == ("healthy" if halved else "cannot tell")
    if not halved:
        assert found.evidence == (
            "d_loss ends near -1.01, and was -2 at its lowest: what the critic measures has not halved "
            "since.",
            "That says nothing without its scale: `two_sample_test` on samples of both does.",
        )


@pytest.mark.parametrize(("share", "pattern"), [(0.9, "cannot tell"), (1.1, "healthy")])
def test_a_distance_within_three_standard_errors_of_zero_in_the_last_quarter_is_open(share, pattern):
    last = noise(1.0, steps=120)
    last = (last - last.mean()) / last.std()
    d_loss = np.concatenate([np.full(360, -1.0), last - share * 3 / math.sqrt(120)])
    assert diagnose(d_loss, flat(0.0), loss="wasserstein").pattern == pattern


@pytest.mark.parametrize(
    ("third", "last", "pattern"), [(0.2, 0.008, "cannot tell"), (0.008, 0.012, "healthy")]
)
def test_the_last_quarter_decides_whether_a_discriminator_tells_nothing(third, last, pattern):
    edges = np.repeat([0.2, 0.2, third, last], 120)
    assert diagnose(landmarks("minimax").baseline * (1 - edges), flat(0.7), loss="minimax").pattern == pattern


def test_a_wasserstein_estimate_that_falls_and_stays_on_its_side_is_healthy():
    estimate = 1.3 + 8 * np.exp(-np.arange(480) / 40)
    found = diagnose(-estimate + noise(0.01), flat(20.0), loss="wasserstein")
    assert found.pattern == "healthy"
    assert "Wasserstein-1 distance at least 1.3" in repr(found)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_that_grow_without_end_diverge(name):
    blind, scale = landmarks(name).baseline, landmarks(name).baseline or 1.0
    growth = np.exp(np.arange(480) / 80)
    assert diagnose(blind + scale * growth / 50, growth, loss=name).pattern == "diverging"


def test_a_critic_that_nothing_holds_diverges_downwards():
    assert diagnose(-(np.arange(1.0, 481) ** 3), flat(0.0), loss="wasserstein").pattern == "diverging"


def test_noise_that_grows_until_the_weights_meet_their_bound_is_no_divergence():
    """As of a clipped critic whose generator has the distribution of the data: only the scale of it moves."""
    size = np.exp(np.arange(480) / 160)
    assert diagnose(size * noise(1.0), flat(0.0), loss="wasserstein").pattern == "cannot tell"
    assert diagnose(size**2 * noise(1.0), flat(0.0), loss="wasserstein").pattern == "diverging"


@pytest.mark.parametrize(
    ("sizes", "pattern"), [((1, 1, 1, 40), "diverging"), ((1, 60, 30, 20), "cannot tell")], ids=str
)
def test_what_was_larger_before_does_not_diverge(sizes, pattern):
    d_loss = np.repeat(np.array(sizes, dtype=float), 120) * noise(1.0)
    assert diagnose(d_loss, flat(0.0), loss="wasserstein").pattern == pattern


@pytest.mark.parametrize(
    ("name", "levels", "diverges"),
    [
        ("hinge", (1, 1, 1, 5), False),  # five times the first quarter, and no more
        ("hinge", (1, 1, 1, 5.01), True),
        ("hinge", (1, 6, 1, 6), False),  # as large in the second
        ("hinge", (1, 6, 1, 6.01), True),
        ("hinge", (0.1, 0.1, 0.1, 2), False),  # the baseline itself is 2
        ("hinge", (0.1, 0.1, 0.1, 2.01), True),
        ("wasserstein", (1, 1, 1, 15), False),
        ("wasserstein", (1, 1, 1, 15.01), True),
        ("wasserstein", (1, 3, 3, 20), True),  # the noise too is compared with the first quarter
    ],
    ids=str,
)
def test_what_diverges_is_above_each_of_its_three_bounds(name, levels, diverges):
    excess = np.repeat(np.array(levels, dtype=float), 120)
    d_loss = 2 + excess if name == "hinge" else excess * np.where(np.arange(480) % 2, 1, -1)
    assert (diagnose(d_loss, flat(0.0), loss=name).pattern == "diverging") is diverges


def test_a_distance_that_grows_under_the_same_noise_does_not_diverge():
    d_loss = noise(0.5) - np.maximum(0, np.arange(480) - 120) / 18
    assert diagnose(d_loss, flat(0.0), loss="wasserstein").pattern == "cannot tell"


def test_a_critic_that_says_nothing_at_all_leaves_it_open():
    found = diagnose(np.zeros(480), flat(0.0), loss="wasserstein")
    assert found.pattern == "cannot tell"
    assert found.evidence[1].startswith("So it is where the two distributions are equal, and also where D ")


@pytest.mark.parametrize(
    ("name", "what"), [("hinge", "d_loss above its landmark"), ("wasserstein", "|d_loss|")]
)
def test_growth_is_told_by_the_quantiles_of_the_first_and_the_last_quarter(name, what):
    growth = np.exp(np.arange(480) / 80)
    first, last = (np.quantile(quarter, 0.9) for quarter in (growth[:120], growth[360:]))
    found = diagnose(landmarks(name).baseline + growth, flat(1.0), loss=name)
    assert found.evidence == (
        f"The 0.9-quantile of {what} grew from {first:.3g} in the first quarter to {last:.3g} in the last.",
    )


def test_a_discriminator_that_pulls_ahead_leaves_it_open():
    found = diagnose(1.35 - 0.6 * np.arange(480) / 480 + noise(0.01), flat(1.0))
    assert found.pattern == "cannot tell"
    assert "still pulling ahead: d_loss fell from 0.97" in repr(found)
    rising = diagnose(-(1 + np.arange(480) / 100) + noise(0.02), flat(1.0), loss="wasserstein")
    assert rising.pattern == "cannot tell"


@pytest.mark.parametrize("period", [20, 45, 70])
@pytest.mark.parametrize("name", LOSSES)
def test_a_cycle_of_both_players_is_an_oscillation_and_its_period_is_read(name, period):
    blind, scale = landmarks(name).baseline, landmarks(name).baseline or 1.0
    wave = np.sin(2 * np.pi * np.arange(480) / period)
    found = diagnose(blind + scale * (0.1 * wave - 0.2 + noise(0.01)), 0.7 - 0.1 * wave, loss=name)
    assert found.pattern == "oscillation"
    read = int(found.evidence[0].split("every ")[1].split(" steps")[0])
    assert abs(read - period) <= 3


def test_a_cycle_of_one_player_alone_or_one_too_small_to_matter_is_none():
    wave = np.sin(2 * np.pi * np.arange(480) / 40)
    assert diagnose(1.2 + 0.1 * wave, flat(0.8)).pattern == "healthy"
    assert diagnose(1.2 + 0.004 * wave, 0.8 + 0.1 * wave).pattern == "healthy"
    assert diagnose(1.2 + 0.04 * wave, 0.8 + 0.1 * wave).pattern == "oscillation"
    # a critic's loss has no landmark but 0: its swings are measured by its own size
    assert diagnose(-10 + 0.04 * wave, 0.8 + 0.1 * wave, loss="wasserstein").pattern == "cannot tell"
    assert diagnose(-1 + 0.04 * wave, 0.8 + 0.1 * wave, loss="wasserstein").pattern == "oscillation"


@pytest.mark.parametrize(
    ("first", "second", "pattern"),
    [(30, 60, "oscillation"), (60, 30, "oscillation"), (20, 60, "healthy")],
)
def test_one_loss_may_take_twice_the_time_of_the_other_and_not_three_times(first, second, pattern):
    d_loss, g_loss = (np.sin(2 * np.pi * np.arange(480) / period) / 10 for period in (first, second))
    assert diagnose(1.2 + d_loss, 0.8 + g_loss).pattern == pattern


def test_a_cycle_counts_from_half_time_on():
    steps = np.arange(480)
    wave = 0.1 * np.sin(2 * np.pi * steps / 40) + noise(0.001)
    late = np.where(steps < 240, 0, wave), np.where(steps < 240, 0.5, 0)
    assert diagnose(1.2 + late[0] - late[1], 0.8 + late[0] + late[1]).pattern == "oscillation"
    early = np.where(steps < 240, wave, noise(0.001))
    assert diagnose(1.2 + early, 0.8 + early).pattern == "healthy"


@pytest.mark.parametrize("name", ["minimax", "wasserstein"])
def test_the_dirac_game_that_circles_for_ever_is_read_as_an_oscillation(name):
    starts = torch.tensor([[1.0, 0.5], [0.0, 2.0], [-1.5, 1.0]])
    field = dynamics.dirac_gan(LOSSES[name])
    path = dynamics.trajectory(field, starts, 800, rule=dynamics.alternating, step_size=0.1)
    real, fake = torch.zeros(1), path.prod(-1)  # the data is at 0, so is its score
    for run in fake.unbind(1):
        d_loss = torch.stack([LOSSES[name].discriminator(real, score[None]) for score in run])
        g_loss = torch.stack([LOSSES[name].generator(real, score[None]) for score in run])
        shaken = (x.numpy() + noise(0.01, steps=801, seed=5) for x in (d_loss, g_loss))
        assert diagnose(*shaken, loss=name).pattern == "oscillation"


# --- Laws ---

EXAMPLES = {
    "healthy": (near("non_saturating", 0.1), flat(0.8)),
    "strong": (near("non_saturating", 0.97), flat(6.0)),
    "collapse": (near("non_saturating", 0.7), flat(2.0)),
    "blind": (2 * LOG2 * (1 + noise(0.02)), flat(LOG2)),
    "cycle": (1.3 + 0.1 * np.sin(np.arange(480) / 5), 0.8 - 0.1 * np.sin(np.arange(480) / 5)),
    "diverging": (1.4 + np.exp(np.arange(480) / 80) / 20, flat(0.1)),
    "leading": (1.35 - 0.6 * np.arange(480) / 480, flat(1.0)),
}


@pytest.mark.parametrize("run", EXAMPLES.values(), ids=EXAMPLES)
@pytest.mark.parametrize("times", [2, 5])
def test_writing_each_step_down_several_times_changes_nothing(run, times):
    one, other = diagnose(*run), diagnose(*(np.repeat(x, times) for x in run))
    assert (one.pattern, one.confident) == (other.pattern, other.confident)


@pytest.mark.parametrize("run", EXAMPLES.values(), ids=EXAMPLES)
def test_keeping_every_third_step_keeps_the_pattern(run):
    assert diagnose(*run).pattern == diagnose(*(x[::3] for x in run)).pattern


@pytest.mark.parametrize("run", [EXAMPLES[name] for name in ("healthy", "strong", "collapse", "blind")])
def test_the_order_of_the_steps_within_a_few_does_not_matter(run):
    order = np.arange(480).reshape(-1, 6)[:, ::-1].ravel()
    assert diagnose(*run).pattern == diagnose(*(x[order] for x in run)).pattern


@given(unit=st.floats(1e-3, 1e3), offset=st.floats(-100, 100))
@settings(max_examples=20, deadline=None)
def test_the_unit_of_a_wasserstein_critic_and_its_offset_do_not_matter(unit, offset):
    wave = np.sin(np.arange(480) / 6)
    for d_loss, g_loss in (
        (-1 - 5 * np.exp(-np.arange(480) / 50) + noise(0.1), flat(3.0)),
        (wave, wave),
        (noise(1.0), flat(3.0)),
        (-np.exp(np.arange(480) / 60), flat(3.0)),
    ):
        found = diagnose(unit * d_loss, unit * g_loss + offset, loss="wasserstein")
        assert found.pattern == diagnose(d_loss, g_loss, loss="wasserstein").pattern


def test_lists_arrays_and_tensors_are_read_alike():
    d_loss, g_loss = EXAMPLES["healthy"]
    same = diagnose(d_loss, g_loss)
    assert diagnose(d_loss.tolist(), g_loss.tolist()) == same
    assert diagnose(torch.tensor(d_loss, requires_grad=True), torch.tensor(g_loss)) == same
    assert diagnose(d_loss.astype("float32"), torch.tensor(g_loss).float()).pattern == same.pattern


# --- When it cannot tell ---


def test_too_few_steps_show_nothing():
    found = diagnose(np.full(99, 0.01), np.full(99, 5.0))
    assert repr(found) == "Cannot tell. There are 99 steps, and fewer than 100 show no pattern."
    assert diagnose(np.full(100, 0.01), np.full(100, 5.0)).pattern == "D too strong"


def test_a_hundred_steps_are_read_with_their_convention_and_their_scores():
    assert "sign turned" in diagnose(np.full(100, -1.2), np.full(100, 0.8)).evidence[0]
    scores = {"d_real": np.full(100, 0.9), "d_fake": np.full(100, 0.1)}
    assert "never leave [0, 1]" in repr(diagnose(np.full(100, 1.2), np.full(100, 0.8), **scores))


def test_a_verdict_that_rests_on_the_last_steps_is_not_confident():
    before_the_last_fifth = np.where(np.arange(480) < 285, 1.2, 0.05)  # a quarter of 384 steps is low
    found = diagnose(before_the_last_fifth, flat(1.0))
    assert (found.pattern, found.confident) == ("D too strong", True)
    d_loss = np.where(np.arange(480) < 365, 1.2, 0.05)
    found = diagnose(d_loss, flat(1.0))
    assert (found.pattern, found.confident) == ("D too strong", False)
    assert repr(found).startswith("D too strong (not yet settled). ")


@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_number_that_is_not_finite_leaves_it_open(bad, column):
    run = [x.copy() for x in EXAMPLES["healthy"]]
    run[column][300] = bad
    found = diagnose(*run)
    assert repr(found) == "Cannot tell. The curves are not finite from step 301 on."
    assert not found.confident


def test_a_run_that_grew_before_it_broke_was_diverging():
    d_loss, g_loss = (x.copy() for x in EXAMPLES["diverging"])
    d_loss[400:] = math.nan
    found = diagnose(d_loss, g_loss)
    assert found.pattern == "diverging"
    assert found.evidence[0].startswith("The 0.9-quantile of d_loss above its landmark grew from ")
    assert found.evidence[1:] == ("The curves are not finite from step 401 on.",)


def test_curves_without_a_finite_step_are_open_too():
    assert diagnose([math.nan] * 200, [1.0] * 200).pattern == "cannot tell"


@pytest.mark.parametrize("name", ["elbo", label_smoothing(LOSSES["non_saturating"], 0.1).name])
def test_a_loss_without_landmarks_cannot_be_read(name):
    found = diagnose(*EXAMPLES["healthy"], loss=name)
    assert found.pattern == "cannot tell"
    assert f"A loss called '{name}' has no landmarks here; these have: minimax," in repr(found)
    assert all(map(math.isnan, found.landmarks))
    assert found.confident is False


def test_losses_that_no_scores_allow_are_read_as_nothing():
    scores = {"d_real": np.full(200, 2.0), "d_fake": np.full(200, -2.0)}  # their loss is 2 softplus(-2), 0.25
    found = diagnose(np.full(200, 0.01), np.full(200, 2.1), loss="non_saturating", **scores)
    assert (found.pattern, found.confident) == ("cannot tell", False)
    assert found.evidence[0] == (
        "In 100% of the steps d_loss is below the non_saturating loss of the mean scores, which no scores "
        "allow."
    )


@pytest.mark.parametrize("level", [2.2, 2.13, 0.7, 1 / 3, 1e3 / 7])
@pytest.mark.parametrize("score", [2.0, 1.3, 0.7])
def test_the_rounding_of_a_constant_loss_has_no_sign(level, score):
    scores = {"d_real": np.full(200, score), "d_fake": np.full(200, -score)}
    found = diagnose(np.full(200, 1.3), np.full(200, level), loss="non_saturating", **scores)
    assert not any("sign is turned" in sentence for sentence in found.evidence)


def scored_run(name):
    """Two hundred batches of scores, and what the loss makes of them."""
    rng = torch.Generator().manual_seed(0)
    real, fake = torch.randn(200, 32, generator=rng) + 1, torch.randn(200, 32, generator=rng) - 1
    real[0], fake[0] = 0, 0  # an untrained discriminator
    d_loss = torch.stack([LOSSES[name].discriminator(r, f) for r, f in zip(real, fake, strict=True)])
    return d_loss, real.mean(1), fake.mean(1)


@pytest.mark.parametrize("name", LOSSES)
def test_no_scores_contradict_their_own_loss(name):
    d_loss, d_real, d_fake = scored_run(name)
    alone = diagnose(d_loss, torch.ones(200), loss=name)
    assert diagnose(d_loss, torch.ones(200), loss=name, d_real=d_real, d_fake=d_fake) == alone


def test_half_the_sum_is_found_out_by_the_scores_and_read_as_the_sum():
    d_loss, d_real, d_fake = scored_run("hinge")
    whole = diagnose(d_loss, torch.ones(200), loss="hinge", d_real=d_real, d_fake=d_fake)
    found = diagnose(d_loss / 2, torch.ones(200), loss="hinge", d_real=d_real, d_fake=d_fake)
    assert found.pattern == whole.pattern
    assert found.evidence == ("The log holds half sums: d_loss is read as twice the number.", *whole.evidence)
    other, d_real, d_fake = scored_run("non_saturating")
    found = diagnose(other, torch.ones(200), loss="hinge", d_real=d_real, d_fake=-3 - d_fake)
    assert found.pattern != "cannot tell"  # a bound that is kept proves nothing


# --- Coverage decides ---


@pytest.mark.parametrize(
    ("run", "coverage", "pattern"),
    [
        ("healthy", 0.5, "collapse suspected"),
        ("healthy", 1.0, "healthy"),
        ("blind", 0.125, "collapse suspected"),
        ("blind", 1.0, "cannot tell"),
        ("collapse", 0.25, "collapse suspected"),
        ("collapse", 1.0, "cannot tell"),
        ("strong", 0.0, "D too strong"),
        ("strong", 0.75, "cannot tell"),
        ("leading", 0.1, "collapse suspected"),
        ("leading", 0.9, "cannot tell"),
        ("cycle", 0.1, "oscillation"),
        ("diverging", 0.1, "diverging"),
    ],
)
def test_coverage_decides_where_losses_cannot_and_contradicts_them_where_they_err(run, coverage, pattern):
    found = diagnose(*EXAMPLES[run], coverage=coverage)
    assert found.pattern == pattern
    assert pattern in PATTERNS


def test_the_evidence_says_that_the_coverage_decided():
    found = diagnose(*EXAMPLES["blind"], coverage=0.25)
    assert found.evidence[0] == "25% of the modes are covered, which decides it."
    assert found.confident
    assert diagnose(*EXAMPLES["strong"], coverage=1.0).evidence == (
        "The losses alone say D too strong, but 100% of the modes are covered.",
        "Samples beside the data, or a D that knows its data by heart, do that.",
    )


@pytest.mark.parametrize("run", ["healthy", "blind", "collapse", "leading"])
def test_where_the_coverage_decided_nothing_more_is_asked_of_it(run):
    alone, found = diagnose(*EXAMPLES[run]), diagnose(*EXAMPLES[run], coverage=0.1)
    assert found.evidence[1:] == alone.evidence[:1]
    assert not re.search(r"no statement|would say which|tells them apart", repr(found))


# --- How it reads ---


@pytest.mark.parametrize("run", EXAMPLES.values(), ids=EXAMPLES)
def test_a_diagnosis_reads_as_a_name_and_one_to_three_sentences(run):
    found = diagnose(*run)
    assert isinstance(found, Diagnosis)
    assert 1 <= len(found.evidence) <= 3
    assert all(
        sentence[0].isupper() or sentence.startswith(("d_loss", "g_loss")) for sentence in found.evidence
    )
    assert all(sentence.endswith(".") for sentence in found.evidence)
    assert repr(found).lower().startswith(found.pattern.lower())


@pytest.mark.parametrize("run", EXAMPLES.values(), ids=EXAMPLES)
def test_a_diagnosis_says_distribution_and_baseline_as_the_glossary_does(run):
    glossary = (Path(__file__).resolve().parents[2] / "book" / "glossary.md").read_text("utf-8")
    said = repr(diagnose(*run))
    assert not re.search(r"\blaws?\b|\bblind\b", said)
    for term in ("distribution", "baseline"):
        assert f"\n{term}\n" in glossary


def test_healthy_is_said_without_praise_of_the_samples():
    found = diagnose(np.full(400, 1.2), np.full(400, 0.8))
    assert repr(found) == (
        "Healthy. d_loss ends near 1.2 (baseline: 1.39), Jensen-Shannon divergence at least 0.0931 nats, and "
        "D is not pulling ahead. That is no statement on the samples: a run can look so with modes missing."
    )


@pytest.mark.parametrize(
    ("loss", "gradient"),
    [
        ("minimax", "the minimax generator gets almost no gradient there."),
        ("non_saturating", "what gradient reaches the generator depends on how steep D is there."),
    ],
)
def test_a_strong_discriminator_is_read_with_what_it_leaves_of_the_gradient(loss, gradient):
    quarter = np.repeat([1.0, 2.0, 3.0, 4.0], 100)  # only the last quarter is the end of the run
    found = diagnose(0.05 + quarter / 1000, quarter, loss=loss)
    assert found.pattern == "D too strong"
    assert found.evidence[0].startswith("d_loss ends near 0.054 (baseline: 1.39)")
    assert found.evidence[1].startswith("g_loss ends near 4 (at equilibrium: ")
    assert found.evidence[1].endswith(gradient)


def test_a_level_of_the_generator_that_theory_does_not_know_is_not_told():
    found = diagnose(np.full(400, 0.05), np.full(400, 3.0), loss="hinge")
    assert found.pattern == "D too strong"
    assert found.evidence[1] == (
        "g_loss ends near 3; what gradient reaches the generator depends on how steep D is there."
    )


def test_a_critic_that_does_not_keep_up_is_told_its_worst_stretch():
    d_loss = np.full(400, 1.2)
    d_loss[300:325] = 1.7
    found = diagnose(d_loss, flat(0.7, steps=400))
    assert found.pattern == "critic not keeping up"
    assert found.evidence[0].startswith(
        "Over an eighth of the last half the mean of d_loss is 1.7, above 1.386:"
    )
    assert len(found.evidence) == 2


# --- Bad input ---


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        (
            {"d_loss": np.ones((5, 2))},
            r"`d_loss` must be \(T,\), one run with one number a step, got \(5, 2\)",
        ),
        ({"g_loss": np.ones(4)}, r"`g_loss` must be \(T,\), .* got \(4,\) for d_loss \(5,\)"),
        ({"d_loss": [], "g_loss": []}, r"`d_loss` must be \(T,\), .* got \(0,\)"),
        ({"d_real": np.ones(5)}, "`d_real` and `d_fake` must be given together or not at all"),
        ({"d_real": np.ones(5), "d_fake": np.ones(3)}, r"`d_fake` must be \(T,\), .* got \(3,\)"),
        ({"coverage": 1.5}, r"`coverage` must be a share of modes in \[0, 1\], got 1.5"),
        ({"coverage": math.nan}, r"`coverage` must be a share of modes in \[0, 1\], got nan"),
    ],
)
def test_what_are_no_curves_is_refused_by_name(given_, message):
    arguments = {"d_loss": np.ones(5), "g_loss": np.ones(5)} | given_
    with pytest.raises(ValueError, match=message):
        diagnose(**arguments)


@pytest.mark.parametrize("name", ["d_loss", "g_loss", "d_real", "d_fake"])
def test_a_column_that_holds_no_numbers_is_refused_by_name(name):
    columns = dict.fromkeys(("d_loss", "g_loss", "d_real", "d_fake"), np.ones(2))
    with pytest.raises(TypeError, match=f"^`{name}` must be numbers, in a tensor, an array or lists, got"):
        diagnose(**columns | {name: ["a", "b"]})


# --- Trainings with a built-in fault ---

SEEDS = range(2000, 2004)
PLAIN = Experiment("ring", latent_dim=4, width=16, batch_size=64, float64=True)
TRAININGS = {
    "D too strong": replace(PLAIN, learning_rates=(1e-5, 5e-3), steps=120),
    "critic not keeping up": replace(PLAIN, learning_rates=(5e-3, 2e-4), steps=200),
    "diverging": replace(PLAIN, loss="wasserstein", learning_rates=(1e-4, 5e-3), steps=120),
    "healthy": replace(PLAIN, regularizers=(("r1", 0.1),), learning_rates=(2e-3, 2e-3), steps=300),
}


@pytest.mark.parametrize(("pattern", "experiment"), TRAININGS.items(), ids=TRAININGS)
def test_real_runs_are_named_for_the_fault_that_was_built_in(pattern, experiment):
    setups = [build(experiment, seed=seed) for seed in SEEDS]
    history = train_together([s.gan for s in setups], [s.batches for s in setups], experiment.steps)
    found = [
        diagnose(
            *(history[name][:, seed] for name in ("d_loss", "g_loss")),
            loss=experiment.loss,
            d_real=history["d_real"][:, seed],
            d_fake=history["d_fake"][:, seed],
        ).pattern
        for seed in range(len(SEEDS))
    ]
    also = "cannot tell" if pattern == "critic not keeping up" else pattern  # half of them hide, see `alarms`
    assert sum(name in (pattern, also) for name in found) >= 3, found
    assert pattern in found


# --- Scores that were squashed ---


class Squashed(torch.nn.Module):
    """A discriminator that ends in a sigmoid, as most first ones do."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return torch.sigmoid(self.network(x))


def test_a_run_whose_discriminator_ends_in_a_sigmoid_is_not_called_healthy():
    """Its losses are between log(1 + 1/e) + log 2 = 1.006 and 2 log 2 = 1.386, as healthy ones are."""
    settings = Experiment("ring", latent_dim=2, width=32, batch_size=64, float64=True)
    gan, batches, _ = build(settings, seed=5)
    with pytest.warns(UserWarning, match="seems to squash"):
        squashed = game.GAN(gan.generator, Squashed(gan.discriminator), gan.loss, torch.Generator())
    log = train(squashed, batches, 300)
    columns = {name: log[name] for name in ("d_loss", "g_loss", "d_real", "d_fake")}
    told = diagnose(**columns)
    assert told.pattern == "cannot tell"
    assert "so look those of a discriminator that ends in a sigmoid" in told.evidence[0]


def test_logits_that_are_once_below_zero_are_not_taken_for_probabilities():
    d_loss, g_loss, steps = 1.25 + noise(0.01), flat(0.8), 480
    likely, d_fake = np.full(steps, 1.0), np.full(steps, 0.0)
    told = diagnose(d_loss, g_loss, d_real=likely, d_fake=d_fake)
    assert "never leave [0, 1]" in told.evidence[0]
    d_fake[7] = -0.01
    assert diagnose(d_loss, g_loss, d_real=likely, d_fake=d_fake).pattern == "healthy"
    d_fake[7] = 0
    assert "never leave" not in repr(diagnose(d_loss, g_loss, loss="hinge", d_real=likely, d_fake=d_fake))


def test_a_loss_that_no_discriminator_can_have_bounds_nothing():
    for name in ("minimax", "hinge", "least_squares"):
        with pytest.raises(ValueError, match=f"`d_loss` must be at least 0 for {name}, got -1"):
            divergence_bound(-1.0, loss=name)
    assert divergence_bound(-1.0, loss="wasserstein").value == 1
