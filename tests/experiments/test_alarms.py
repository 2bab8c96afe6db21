"""What `diagnose` says of runs whose truth was built in, and that the truth came about."""

from collections import Counter

import numpy as np
import pytest

from ganlab.evaluation.diagnosis import PATTERNS, diagnose
from ganlab.experiments import alarms
from ganlab.losses import LOSSES

CALM = ("equilibrium", "healthy", "drawn")


@pytest.fixture(scope="module")
def counts():
    return alarms.tally()


def said_of(counts, truth, way=None):
    return sum(
        (said for (of, how), said in counts.items() if of == truth and how in (way or how,)), Counter()
    )


# The runs


def test_no_seed_is_for_tuning_and_for_judging():
    assert not set(alarms.TUNING) & set(alarms.JUDGING)


@pytest.mark.parametrize("name", ["equilibrium", "oscillating"])
def test_the_stored_runs_begin_as_they_are_made_now(name):
    stored, now = alarms.load()[name].log[..., :3], alarms.make(name, steps=3).log
    np.testing.assert_allclose(now, stored, rtol=5e-3, atol=5e-3)


def test_what_was_built_in_came_about():
    runs = alarms.load()
    assert (runs["equilibrium"].modes == 8).all()
    assert (runs["few"].modes <= 4).all()  # two are served, and their tails reach the neighbours
    assert (runs["healthy"].modes[1] == 8).mean() > 0.9
    assert (runs["hopping"].modes[1] <= 4).mean() > 0.9


def test_an_equilibrium_has_no_loss_below_its_landmark_in_the_mean():
    """No D is better than one score for all where the laws are equal; hinge and least squares are noisy."""
    log = alarms.load()["equilibrium"].log.astype(float)
    for place, loss in enumerate(LOSSES.values()):
        blind = loss.equilibrium[0]
        late = log[0, place, :, 120:]
        error = late.std() / np.sqrt(late.size)
        assert late.mean() > blind - 4 * error
        assert abs(late.mean() - blind) < 0.05 * (blind - loss.least if np.isfinite(loss.least) else 1)


def test_curves_are_drawn_for_every_loss_and_stay_within_its_range():
    for name, loss in LOSSES.items():
        curves = alarms.drawn(name)
        assert len(curves) == 9
        assert all((d > loss.least).all() for d, _ in curves.values())


# The verdicts


@pytest.mark.parametrize("truth", CALM)
def test_at_most_one_in_twenty_logs_without_a_fault_alarms(counts, truth):
    for way in alarms.WAYS:
        said = said_of(counts, truth, way)
        wrong = sum(times for pattern, times in said.items() if pattern not in alarms.TRUTHS[truth])
        assert wrong <= 0.05 * max(said.total(), 20), (way, said)


def test_every_log_of_every_truth_is_counted(counts):
    for truth in ("equilibrium", "few modes", "dominated", "lagging", "oscillating", "diverging"):
        assert said_of(counts, truth).total() == len(LOSSES) * len(alarms.JUDGING) * len(alarms.WAYS)
    assert said_of(counts, "drawn").total() == 9 * len(LOSSES) * 3


def test_the_table_has_a_row_a_truth_and_says_what_is_wrong(counts):
    rows = alarms.table(counts).splitlines()
    assert [row[:11].strip() for row in rows] == ["truth", *alarms.TRUTHS]
    few = {("equilibrium", "as it is"): Counter({"healthy": 3, "oscillation": 1})}
    line = alarms.table(few).splitlines()[1].split()
    assert line == ["equilibrium", "4", "75", "0", "0", "25", "0", "0", "0", "25"]
    assert len(PATTERNS) == 7


def test_a_straight_line_is_no_oscillation():
    t = np.arange(1000)
    line = 1.3 - 0.4 * t / 1000, 0.75 + 0.5 * t / 1000
    assert diagnose(*line, loss="non_saturating").pattern == "healthy"
    for seed in range(3):
        for loss in LOSSES:
            for name, curves in alarms.drawn(loss, seed=seed).items():
                assert diagnose(*curves, loss=loss).pattern in alarms.TRUTHS["drawn"], (loss, name)


# The file


def test_the_file_holds_what_was_given(tmp_path):
    arrays = {f"{name}.log": np.ones((4, 7, 8, 2), np.float16) for name in alarms.KINDS}
    arrays |= {f"{name}.modes": np.ones((2, 7, 8), np.uint8) for name in alarms.KINDS}
    path = alarms.store(arrays, 1.0, tmp_path)
    assert path.name == "alarms.json"
    assert [file.name for file in tmp_path.iterdir()] == ["alarms.json"]


def test_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"`name` must be one of equilibrium, .*, got 'sound'"):
        alarms.make("sound")


def test_the_few_false_alarms_at_an_equilibrium_are_of_critics_whose_loss_has_no_level():
    known = alarms.load()["equilibrium"].log.astype(float)
    for place, (name, loss) in enumerate(LOSSES.items()):
        told = [diagnose(*known[:2, place, seed], loss=name).pattern for seed in alarms.JUDGING]
        wrong = [pattern for pattern in told if pattern not in alarms.TRUTHS["equilibrium"]]
        assert wrong == [] or (wrong == ["diverging"] and not np.isfinite(loss.least))
