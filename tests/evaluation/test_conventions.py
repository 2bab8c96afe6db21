"""Truth here: scores drawn by hand, losses written down from them in each convention."""

import numpy as np
import pytest
import torch

from ganlab.evaluation.conventions import read_convention
from ganlab.evaluation.diagnosis import diagnose
from ganlab.losses import LOSSES, label_smoothing

T = 240
BOUNDED = [name for name, loss in LOSSES.items() if np.isfinite(loss.least)]


def a_run(name, *, apart=1.2, spread=1.0, seed=0):
    """Batches of 64 scores whose means move apart from 0 in the first fifty steps."""
    loss = LOSSES[name]
    rng = torch.Generator().manual_seed(seed)
    gap = apart * torch.linspace(0, 1, T).mul(5).clamp(max=1)[:, None]
    middle = 0.5 if name == "least_squares" else 0.0
    real, fake = torch.randn(2, T, 64, generator=rng) * (0.1 + spread * gap)
    real, fake = real + gap + middle, fake - gap + middle
    rows = [
        [loss.discriminator(r, f), loss.generator(r, f), r.mean(), f.mean()]
        for r, f in zip(real, fake, strict=True)
    ]
    columns = np.array([[float(x) for x in row] for row in rows]).T
    return dict(zip(("d_loss", "g_loss", "d_real", "d_fake"), columns, strict=True))


def as_logged(run, *, factor=1.0, scores=True):
    kept = run if scores else {name: run[name] for name in ("d_loss", "g_loss")}
    return kept | {"d_loss": factor * run["d_loss"]}


@pytest.mark.parametrize("name", LOSSES)
def test_sums_are_read_as_they_are(name):
    reading = read_convention(a_run(name), LOSSES[name])
    assert (reading.factor, reading.perhaps, reading.said, reading.legible) == (1.0, None, (), True)


@pytest.mark.parametrize("name", BOUNDED)
def test_half_sums_are_found_by_the_scores(name):
    reading = read_convention(as_logged(a_run(name), factor=0.5), LOSSES[name])
    assert reading.factor == 2.0
    assert reading.said == ("The log holds half sums: d_loss is read as twice the number.",)


@pytest.mark.parametrize("name", BOUNDED)
def test_twice_the_sums_are_found_by_the_scores(name):
    reading = read_convention(as_logged(a_run(name), factor=2.0), LOSSES[name])
    assert reading.factor == 0.5


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("scores", [True, False])
def test_a_turned_sign_is_found_where_the_loss_has_an_infimum_or_there_are_scores(name, scores):
    reading = read_convention(as_logged(a_run(name), factor=-1.0, scores=scores), LOSSES[name])
    found = scores or name in BOUNDED
    assert reading.factor == (-1.0 if found else 1.0)
    assert reading.said == (("The log holds d_loss with its sign turned.",) if found else ())


def test_half_sums_with_a_turned_sign_are_both():
    reading = read_convention(as_logged(a_run("minimax"), factor=-0.5), LOSSES["minimax"])
    assert (reading.factor, len(reading.said)) == (-2.0, 2)


@pytest.mark.parametrize(("factor", "perhaps"), [(0.5, 2.0), (1.0, None), (2.0, 0.5)])
@pytest.mark.parametrize("name", ["minimax", "hinge", "relativistic_pairing"])
def test_without_scores_the_first_loss_leaves_a_reading_open(name, factor, perhaps):
    """The scores begin near 0, where an untrained discriminator has them."""
    reading = read_convention(as_logged(a_run(name), factor=factor, scores=False), LOSSES[name])
    assert (reading.factor, reading.perhaps) == (1.0, perhaps)


def test_a_penalty_in_the_loss_of_a_critic_is_no_turned_sign():
    run = a_run("wasserstein")
    run["d_loss"] = run["d_loss"] + 0.3
    assert read_convention(run, LOSSES["wasserstein"]).factor == 1.0


@pytest.mark.parametrize("name", LOSSES)
def test_a_generator_that_helps_the_discriminator_is_found_by_the_scores(name):
    run = a_run(name)
    run["g_loss"] = -run["g_loss"]
    reading = read_convention(run, LOSSES[name])
    assert not reading.legible
    assert reading.said[0].endswith("its sign is turned, in the log or in the training.")
    assert diagnose(**run, loss=name).pattern == "cannot tell"


def test_another_loss_is_refused_with_how_often_it_breaks_the_bound():
    run = a_run("hinge")
    run["d_loss"] = run["d_loss"] / 5
    told = diagnose(**run, loss="hinge")
    assert told.pattern == "cannot tell"
    assert "% of the steps d_loss is below the hinge loss of the mean scores" in told.evidence[0]


@pytest.mark.parametrize("factor", [0.5, 2.0, -1.0])
@pytest.mark.parametrize("name", BOUNDED)
def test_with_scores_every_convention_gets_the_same_verdict(name, factor):
    run = a_run(name)
    one, other = diagnose(**run, loss=name), diagnose(**as_logged(run, factor=factor), loss=name)
    assert one.pattern == other.pattern
    assert other.evidence[0].startswith("The log holds")


def test_without_scores_a_pattern_is_named_only_if_both_readings_show_it():
    run = as_logged(a_run("minimax", apart=1.0), factor=0.5, scores=False)
    told = diagnose(**run, loss="minimax")
    assert told.pattern == "cannot tell"
    assert "only if the log holds half sums" in told.evidence[0]
    strong = as_logged(a_run("minimax", apart=9.0, spread=0.2), factor=0.5, scores=False)
    assert diagnose(**strong, loss="minimax").pattern == "D too strong"


def test_numbers_that_were_rounded_break_no_bound():
    run = {name: np.round(x, 3) for name, x in a_run("non_saturating", apart=0.0).items()}
    assert read_convention(run, LOSSES["non_saturating"]).factor == 1.0


def test_a_smoothed_label_has_a_convention_too():
    loss = label_smoothing(LOSSES["minimax"], 0.1)
    zeros = np.zeros(T)
    run = {"d_loss": zeros + np.log(2), "g_loss": zeros, "d_real": zeros, "d_fake": zeros}
    assert read_convention(run, loss).factor == 2.0
