"""Truth here: pulled styles written out, a generator whose noise is known, a clock of our own."""

import json
import math
import statistics
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from ganlab.data import digits
from ganlab.experiments import EXPERIMENTS, building, draws, styled, trials
from ganlab.experiments.draws import samples_of, stream
from ganlab.experiments.studies import STUDIES, load
from ganlab.experiments.styled import told_of_styles

SMALL = replace(EXPERIMENTS["digits_styles"], width=3, latent_dim=5, batch_size=6, float64=True)


def game(**settings):
    return building.build(replace(SMALL, **settings), seed=1).gan


def test_truncation_pulls_styles_to_their_mean():
    gan = game()
    network = gan.average.module
    network.strengths.data.fill_(0.3)
    rng = stream()
    z, noise = (torch.randn(7, n, generator=rng) for n in (5, network.noise_places))
    mean, own = network.mean_style(), network.styles(z)
    for share in (0.0, 0.4, 1.0):
        pulled = torch.stack([mean + share * (w - mean) for w in own])
        assert_close(samples_of(gan, 7, stream(), truncation=share), network.synthesize(pulled, noise))
    assert_close(samples_of(gan, 7, stream(), truncation=1.0), samples_of(gan, 7, stream()))
    for share in (-0.1, 1.1):
        with pytest.raises(ValueError, match=rf"`truncation` must be in \[0, 1\] .* got {share}"):
            samples_of(gan, 7, stream(), truncation=share)


def test_the_share_of_noise_is_that_of_the_variances():
    """With images 1 x u + 2 x n the noise has 4 / 5 of the variance."""
    gan = game()

    class Known(torch.nn.Module):
        latent_dim, noise_places, constant = 1, 1, torch.zeros(1)

        def forward(self, z, noise):
            return z + 2 * noise

    found = styled._noise(gan, Known(), torch.Generator().manual_seed(0))
    assert found["noise_share"] == pytest.approx(0.8, abs=0.05)
    silent = game(layer_noise=False)
    assert told_of_styles(silent, digits(), stream())["noise_share"] == 0.0


def test_what_is_told_of_styles_is_what_its_parts_say(monkeypatch):
    monkeypatch.setattr(styled, "PAIRS", 40)
    monkeypatch.setattr(styled, "PROBED", 60)
    monkeypatch.setattr(styled, "COMPARED", 30)
    gan, source = game(), digits()
    told = told_of_styles(gan, source, stream(3))
    assert told_of_styles(gan, source, stream(3)) == told
    assert [row[0] for row in told["truncation"]] == [1.0, 0.7, 0.5, 0.3]
    assert told["path_w"] > 0 < told["path_z"]
    if "survival" in told:
        assert told["survival"][-1][0] == 1.0
    assert json.loads(json.dumps(told)) == told


def test_a_detour_is_the_speed_over_the_distance_of_the_ends(monkeypatch):
    """With features 3 w the straight way has none; the arc from e to e', at right angles, pi^2 / 8."""
    monkeypatch.setattr(styled, "PAIRS", 4000)
    ends = torch.eye(2).repeat(2000, 1)

    class Known:
        latent_dim, style_layers, constant = 2, 1, torch.zeros(1)

        def styles(self, z):
            return z

        def synthesize(self, w):
            return w

        __call__ = synthesize

    class Tripled:
        def features(self, x):
            return 3 * x

    drawn = iter((ends, ends.flip(1)))
    monkeypatch.setattr(styled, "_latents", lambda *_: 2**0.5 * next(drawn))
    found = styled._ways(Known(), Tripled(), torch.Generator().manual_seed(0))
    assert found["detour_w"] == pytest.approx(1.0, rel=1e-3)
    assert found["detour_z"] == pytest.approx(math.pi**2 / 8, rel=1e-3)
    assert found["path_w"] == pytest.approx(9 * 4, rel=1e-3)


def test_both_generators_of_the_study_of_mapping_differ_in_nothing_else():
    study = STUDIES["mapping"]
    mapped, bare = (study.changed(method, "") for method in study.methods)
    assert replace(mapped, mapping=0) == bare
    assert mapped == replace(EXPERIMENTS["digits_styles"], mixing=0.0)
    assert {study.setting(method, "").steps for method in study.methods} == {1000}


def test_a_study_of_styles_keeps_what_is_told_of_them(tmp_path, monkeypatch):
    kind = trials.judging.KINDS["images"]
    monkeypatch.setitem(trials.judging.KINDS, "images", kind._replace(samples=50))
    for name in ("PAIRS", "PROBED", "COMPARED"):
        monkeypatch.setattr(styled, name, 30)
    plan = replace(STUDIES["styles"], base=SMALL, judging=(7,))
    prices = {name: {"": 0.5} for name in plan.methods}
    monkeypatch.setattr(trials, "_prices", lambda study, source: prices)
    record = trials.run("styles", replace(plan, budget=2.0), tmp_path / "styles.json")
    assert [cell["method"] for cell in record.cells] == list(plan.methods)
    for cell in record.cells:
        setup = building.build(plan.setting(cell["method"], "", {m: {"": 15.0} for m in prices}), seed=7)
        trials.train_all([setup.gan], [setup.batches], 4)
        told = told_of_styles(setup.gan, setup.source, draws.stream(3, seed=7))
        assert cell["path_w"] == pytest.approx(told["path_w"], rel=1e-4)
        assert cell["truncation"] == told["truncation"]


def test_a_game_that_grows_is_priced_over_its_growth(monkeypatch):
    now, steps = [0.0], []
    monkeypatch.setattr(trials.time, "process_time", lambda: now[0])

    def trained(games, streams, turns, *, n_critic):
        steps.append(games[0].step)
        now[0] += turns * (1 if games[0].step < 1500 else 3)

    monkeypatch.setattr(trials, "train_all", trained)
    plan = replace(STUDIES["styles"], base=replace(SMALL, steps=3000))
    assert trials._prices(plan, digits()) == {
        "skips": {"": 1.0},
        "skips, mixing": {"": 1.0},
        "growing": {"": 2.0},
    }
    assert steps[-32::4] == [188, 562, 938, 1312, 1688, 2062, 2438, 2812]


def test_what_the_chapter_says_of_the_times_of_its_study_is_stored():
    cells = load("styles").cells
    page = (Path(__file__).parents[2] / "book" / "style.ipynb").read_text("utf-8")
    taken = [cell["seconds"] for cell in cells]
    assert f"They took {min(taken):.0f} to {max(taken):.0f} seconds" in page
    skips, grown = (
        statistics.median(cell["seconds"] for cell in cells if cell["method"] == name)
        for name in ("skips", "growing")
    )
    assert round(100 * (grown / skips - 1)) == 5
    assert "a growing pair about five percent more than skips" in page
