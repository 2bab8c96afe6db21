"""A data set that is added here, by one entry and nowhere else, is right everywhere or refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganlab import cli, data, experiments, facts, results, training
from ganlab.data import DataSet
from ganlab.evaluation import judging
from ganlab.page.films import Recorder

POINTS = {"latent_dim": 3, "width": 8, "batch_size": 16, "steps": 4, "float64": True}
PICTURES = {"latent_dim": 5, "width": (8,), "batch_size": 16, "steps": 4}


class Segment:
    """Points on a line from (-1, 0) to (1, 0): a source of a class that the package has never seen."""

    kind = "points"
    shape = (2,)

    def sample(self, n, rng, *, dtype=None):
        x = 2 * torch.rand(n, 1, dtype=torch.float64, generator=rng) - 1
        return torch.cat([x, torch.zeros_like(x)], 1).to(dtype or torch.get_default_dtype())


def triangle():
    return data.Mixture(torch.tensor([[0.0, 1.0], [-1.0, -1.0], [1.0, -1.0]]), 0.1)


def stripes():
    """Eighty pictures of six rows and four columns, of which row i % 6 is white."""
    pixels = torch.zeros(80, 1, 6, 4, dtype=torch.uint8)
    rows = torch.arange(80) % 6
    pixels[torch.arange(80), 0, rows] = 255
    return data.Images("stripes", pixels, rows)


def new_digits():
    return data.stacked(data.digits(split="test"))


NEW = {
    "segment": DataSet("points", (2,), Segment, POINTS),
    "triangle": DataSet("mixture", (2,), triangle, POINTS),
    "stripes": DataSet("images", (1, 6, 4), stripes, PICTURES),
    "new_digits": DataSet("stacked", (3, 8, 8), new_digits, PICTURES),
}
MEASURED = {
    "segment": {"wasserstein_1", "real_wasserstein_1"},
    "triangle": {
        *("modes", "modes_total", "high_quality", "perfect_high_quality", "reverse_kl", "jensen_shannon"),
        *("wasserstein_1", "real_wasserstein_1"),
    },
    "stripes": set(),  # no classifier knows them
    "new_digits": {"modes", "modes_total", "reverse_kl", "real_modes", "real_reverse_kl"},
}
ALWAYS = {"run", "steps", "seed", "samples", "verdict"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=NEW)
def name(request, monkeypatch):
    monkeypatch.setitem(data.DATASETS, request.param, NEW[request.param])
    return request.param


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def told(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_it_is_built_and_trained_from_its_default(name):
    setup = experiments.build(experiments.default(name))
    assert next(setup.batches).shape == (16, *NEW[name].shape)
    assert setup.gan.sample_shape == NEW[name].shape
    history = training.train(setup.gan, setup.batches, 2)
    assert np.isfinite(history["g_loss"]).all()
    assert experiments.from_dict(experiments.to_dict(experiments.default(name))) == experiments.default(name)


def test_the_command_line_knows_trains_resumes_and_samples_it(name, capsys):
    assert name in facts.names("data")
    assert run("list", "--json") == 0
    assert name in told(capsys)["data"]
    assert run("train", "--data", name, "--out", "run", "--checkpoint-every", 2, "--json") == 0
    result = told(capsys)
    assert result["steps"] == 4
    assert (result.get("modes_total") == 3) == ("high_quality" in result) == (name == "triangle")
    assert run("resume", "run", "--from", "step-00000002") == 0
    for file in ("run/samples.png", "run/drawn.png"):
        assert file.startswith("run/s") or run("sample", "run") == 0
        with Image.open(file) as picture:
            assert min(picture.size) > 300
    assert run("sample", "run", "--count", 7, "--out", "x.npy") == 0
    assert np.load("x.npy").shape == (7, *NEW[name].shape)


def test_its_samples_are_judged_as_its_kind_is(name, capsys):
    assert run("train", "--data", name, "--out", "run") == 0
    capsys.readouterr()
    assert run("evaluate", "run", "--samples", 60, "--json") == 0
    result = told(capsys)
    assert set(result) == ALWAYS | MEASURED[name]
    assert result["samples"] == 60
    if name == "triangle":
        assert result["modes_total"] == 3
    fid = run("evaluate", "run", "--samples", 60, "--fid")
    if name in ("segment", "triangle"):
        assert fid == 2
        assert "`--fid` must be left out for a run on points" in capsys.readouterr().err


def test_its_real_samples_score_what_real_samples_do(name, rng):
    source, kind = NEW[name].load(), judging.KINDS[NEW[name].kind]
    found = judging.quality(source, kind.real(source, 60, rng), rng)
    for measure in ("wasserstein_1", "modes", "reverse_kl"):
        if f"real_{measure}" in found:
            assert found[measure] == pytest.approx(found[f"real_{measure}"], rel=0.5)
    if name == "triangle":
        assert found["modes"] == 3


def test_points_are_filmed_and_images_refused_by_name(name):
    setup = experiments.build(experiments.default(name))
    arguments = {"steps": 2, "frames": 2, "points": 8, "arrows": 2, "measured": 50}
    if len(NEW[name].shape) == 3:
        with pytest.raises(ValueError, match="`gan` must make points of the plane"):
            Recorder(setup.gan, setup.source, **arguments)
        return
    film = Recorder(setup.gan, setup.source, **arguments).recording()
    assert film.made == ({"modes": 3} if name == "triangle" else {})
    assert set(film.curves) == ({"modes", "reverse_kl"} if name == "triangle" else set())


def test_a_result_of_it_is_made_stored_and_read_again(name, tmp_path, monkeypatch):
    monkeypatch.setitem(experiments.EXPERIMENTS, name, experiments.default(name))
    monkeypatch.setitem(results.SEEDS, name, (1, 2))
    kind = NEW[name].kind
    monkeypatch.setitem(judging.KINDS, kind, judging.KINDS[kind]._replace(samples=60))
    path = results.save(results.make(name), tmp_path)
    monkeypatch.setattr(results, "_path", lambda _: path)
    stored = results.load(name)
    assert all(set(numbers) == {"seed", "samples"} | MEASURED[name] for numbers in stored.each)
    assert stored.samples.shape[2:] == NEW[name].shape
    assert results.table([stored]).splitlines()[1].startswith(name)


def test_seeds_stand_side_by_side_in_one_picture(name, capsys):
    assert run("train", "--data", name, "--seeds", 2, "--steps", 2, "--out", "run") == 0
    with Image.open(Path("run/samples.png")) as picture:
        assert picture.width > 1.5 * picture.height / 1.2


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (DataSet("graph", (2,), Segment, POINTS), "`kind` must be one of mixture, points, images, stacked"),
        (
            DataSet("mixture", (2,), Segment, POINTS),
            "`kind` must be 'mixture', as the entry says",
        ),
        (DataSet("images", (1, 8, 8), stripes, PICTURES), "`shape` must be (1, 8, 8), as the entry says"),
        (DataSet("points", (3,), Segment, POINTS), "`shape` must be (2,) for data of the kind points"),
        (
            DataSet("images", (2,), Segment, POINTS),
            "`shape` must be (1 or 3, H, W) for data of the",
        ),
        (DataSet("points", (2,), Segment, {"colour": 1}), "`default` of the data set odd must hold settings"),
        (DataSet("points", (2,), Segment, {"steps": 0}), "`steps` must be at least 1, got 0"),
        (DataSet("points", (2,), object, POINTS), "`kind` must be 'points', as the entry says, got a source"),
    ],
)
def test_an_entry_that_does_not_fit_is_refused_by_name_before_anything_is_written(
    entry, message, monkeypatch, capsys
):
    monkeypatch.setitem(data.DATASETS, "odd", entry)
    assert run("train", "--data", "odd", "--out", "run") == 2
    assert message in capsys.readouterr().err
    assert not Path("run").exists()
