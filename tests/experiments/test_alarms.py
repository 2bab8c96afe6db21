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


def said_of(counts, **only):
    """All verdicts on the cases with these fields."""
    chosen = (
        said for case, said in counts.items() if all(getattr(case, name) == x for name, x in only.items())
    )
    return sum(chosen, Counter())


def wrong(said, truth):
    return sum(times for pattern, times in said.items() if pattern not in alarms.TRUTHS[truth])


# The runs


def test_no_seed_is_for_tuning_and_for_judging():
    assert not set(alarms.TUNING) & set(alarms.JUDGING)


@pytest.mark.parametrize("pair", [("equilibrium", "grid"), ("oscillating", "line")], ids=str)
def test_the_stored_runs_begin_as_they_are_made_now(pair):
    stored, now = alarms.load()[pair].log[..., :3], alarms.make(*pair, steps=3).log
    np.testing.assert_allclose(now, stored, rtol=5e-3, atol=5e-3)


def test_the_data_differ_in_their_modes():
    """Eight on a circle, each with two neighbours; nine on a lattice, of which one has four."""

    def neighbours(data):
        apart = np.linalg.norm(data.centers[:, None] - data.centers, axis=-1)
        near = apart < 1.1 * apart[apart > 0].min()
        return sorted(near.sum(1) - 1)

    assert neighbours(alarms.DATA["ring"]) == [2] * 8
    assert neighbours(alarms.DATA["grid"]) == [2] * 4 + [3] * 4 + [4]


@pytest.mark.parametrize("data", alarms.DATA)
def test_what_was_built_in_came_about(data):
    runs = alarms.load()
    assert (runs["equilibrium", data].modes == 1).all()
    assert (runs["few", data].modes <= 1 / 2).all()  # tails of those that are served reach the neighbours
    assert (runs["healthy", data].modes[1] == 1).mean() > 0.9
    assert (runs["hopping", data].modes[1] <= 1 / 2).mean() > 0.9


@pytest.mark.parametrize("data", alarms.DATA)
def test_an_equilibrium_has_no_loss_below_its_landmark_in_the_mean(data):
    """No D is better than one score for all where nothing can be told; hinge and least squares are noisy."""
    log = alarms.load()["equilibrium", data].log.astype(float)
    for place, loss in enumerate(LOSSES.values()):
        baseline = loss.equilibrium[0]
        late = log[0, place, :, 120:]
        error = late.std() / np.sqrt(late.size)
        assert late.mean() > baseline - 4 * error
        assert abs(late.mean() - baseline) < 0.05 * (baseline - loss.least if np.isfinite(loss.least) else 1)


def test_curves_are_drawn_for_every_loss_and_stay_within_its_range():
    for name, loss in LOSSES.items():
        curves = alarms.drawn(name)
        assert len(curves) == 9
        assert all((d > loss.least).all() for d, _ in curves.values())


# The verdicts


@pytest.mark.parametrize("truth", CALM)
def test_at_most_one_in_twenty_logs_without_a_fault_alarms(counts, truth):
    for way in alarms.WAYS:
        for data in (*alarms.DATA, ""):
            said = said_of(counts, truth=truth, way=way, data=data)
            assert wrong(said, truth) <= 0.05 * max(said.total(), 20), (way, data, said)


@pytest.mark.parametrize("loss", LOSSES)
def test_at_most_one_in_twenty_equilibria_of_any_loss_alarms(counts, loss):
    said = said_of(counts, truth="equilibrium", loss=loss)
    assert said.total() == len(alarms.DATA) * len(alarms.JUDGING) * len(alarms.WAYS)
    assert wrong(said, "equilibrium") <= 0.05 * said.total(), said


def test_every_log_of_every_truth_is_counted(counts):
    for name, kind in alarms.KINDS.items():
        if kind.truth in ("healthy", "collapsed"):
            continue  # a result, which does not always come about
        data = sum(of == name for of, _ in alarms.RUNS)
        seeds = len([seed for seed in alarms.JUDGING if seed < kind.seeds])
        assert said_of(counts, truth=kind.truth).total() == data * len(LOSSES) * seeds * len(alarms.WAYS)
    assert said_of(counts, truth="drawn").total() == 9 * len(LOSSES) * 3


def test_the_table_has_a_row_a_truth_and_says_what_is_wrong_and_on_which_data(counts):
    rows = alarms.table(counts).splitlines()
    assert [row[:11].strip() for row in rows] == ["truth", *alarms.TRUTHS]
    few = {
        alarms.Case("equilibrium", "ring", "hinge", "as it is"): Counter({"healthy": 3, "oscillation": 1}),
        alarms.Case("equilibrium", "grid", "hinge", "smoothed"): Counter({"cannot tell": 4}),
    }
    line = alarms.table(few).splitlines()[1].split()
    assert line == ["equilibrium", "8", "38", "0", "0", "12", "0", "0", "50", "12", "25", "0"]
    assert len(PATTERNS) == 7
    rows = [row.split("  ") for row in alarms.false_alarms(few).splitlines()]
    told = {row[0]: [entry.strip() for entry in row[1:] if entry] for row in rows}
    assert told["hinge"] == ["1 of 4", "0 of 4"]
    assert told["minimax"] == ["0 of 0", "0 of 0"]


def test_a_straight_line_is_no_oscillation():
    t = np.arange(1000)
    line = 1.3 - 0.4 * t / 1000, 0.75 + 0.5 * t / 1000
    assert diagnose(*line, loss="non_saturating").pattern == "healthy"
    for seed in range(3):
        for loss in LOSSES:
            for name, curves in alarms.drawn(loss, seed=seed).items():
                assert diagnose(*curves, loss=loss).pattern in alarms.TRUTHS["drawn"], (loss, name)


# The file


def test_the_file_holds_what_was_given(tmp_path, monkeypatch):
    given = {
        f"{name}.{data}.{what}": np.full((2, 3), place, np.float16)
        for place, (name, data) in enumerate(alarms.RUNS)
        for what in ("log", "modes")
    } | {f"{name}.{data}.unit": np.full((2, 1), 1e5, np.float32) for name, data in alarms.RUNS}
    path = alarms.store(given, 1.0, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["alarms.json"]
    monkeypatch.setattr(alarms, "_path", lambda: path)
    for place, known in enumerate(alarms.load().values()):
        assert (known.log == 1e5 * place).all()
        assert (known.modes == place).all()


@pytest.mark.parametrize(
    "pair", [("sound", "ring"), ("equilibrium", "line"), ("oscillating", "ring")], ids=str
)
def test_another_kind_or_another_set_of_data_is_refused(pair):
    with pytest.raises(ValueError, match=r"`name` and `data` must be a pair of `RUNS`, got '\w+' and '\w+'"):
        alarms.make(*pair)
