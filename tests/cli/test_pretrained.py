"""The commands on a generator that the package holds, in place of a run."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganlab import classifiers, cli, data, metrics
from ganlab.evaluation import judging
from ganlab.experiments import pretrained


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.set_default_dtype(torch.float32)


def test_points_are_drawn_where_the_data_lie():
    assert cli.main(["sample", "--pretrained", "ring", "--count", "2000", "--out", "a.npy"]) == 0
    found = metrics.mode_coverage(np.load("a.npy"), data.ring())
    assert found.high_quality > 0.5, "of fresh weights it is near zero"


def test_a_picture_goes_beside_under_the_name_of_the_generator(capsys):
    assert cli.main(["sample", "--pretrained", "digits", "--count", "4"]) == 0
    steps = pretrained.row("digits").experiment.steps
    assert capsys.readouterr().out == f"4 samples of step {steps}, of digits, in digits-drawn.png\n"
    with Image.open("digits-drawn.png") as picture:
        assert picture.width >= 512
    assert [path.name for path in Path().iterdir()] == ["digits-drawn.png"]
    assert cli.main(["walk", "--pretrained", "digits", "--stops", "2", "--frames", "2"]) == 0
    with Image.open("digits-walk.gif") as film, Image.open("digits-walk.png") as strip:
        assert (film.n_frames, strip.width >= 512) == (4, True)


def test_a_class_is_asked_for_and_latents_are_cut():
    spread = {}
    for bound in (None, "0.1"):
        cut = ["--truncation", bound] if bound else []
        asked = ["--label", "3", "--count", "200", "--out", "a.npy", *cut]
        assert cli.main(["sample", "--pretrained", "digits_conditional", *asked]) == 0
        images = torch.from_numpy(np.load("a.npy"))
        labels = classifiers.load("digits").labels(images)
        assert (labels == 3).float().mean() > 0.5, "a tenth of them by chance"
        spread[bound] = images.var(0).sum()
    assert spread["0.1"] < 0.2 * spread[None]


def test_a_stored_generator_is_judged_without_curves(capsys, monkeypatch):
    monkeypatch.setitem(judging.KINDS, "mixture", judging.KINDS["mixture"]._replace(samples=500))
    assert cli.main(["evaluate", "--pretrained", "ring", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pretrained"], found["seed"]) == ("ring", pretrained.SEED)
    assert found["steps"] == pretrained.row("ring").experiment.steps
    assert found["modes"] == pretrained.row("ring").measures["modes"][0]
    assert not {"run", "verdict", "each"} & found.keys()
    assert cli.main(["evaluate", "--pretrained", "ring"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{found['steps']} steps; ring of the package\n")
    assert "loss curves" not in told


def test_a_translation_is_drawn_from_and_judged_as_a_map(capsys):
    assert cli.main(["sample", "--pretrained", "turned_rings", "--count", "7", "--out", "a.npy"]) == 0
    assert np.load("a.npy").shape == (7, 2)
    assert cli.main(["evaluate", "--pretrained", "turned_rings", "--samples", "100", "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"map_error", "cycle_error"} <= found.keys()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", "--pretrained", "rnig"], "`--pretrained` must be one of ring, .* did you mean 'ring'?"),
        (["evaluate", "--pretrained", "mnist"], "`--pretrained` must be one of ring, .*, got 'mnist'"),
        (["walk", "--pretrained", "digit"], "`--pretrained` must be one of ring, .* did you mean 'digits'?"),
        (["sample"], "`RUN`, a run folder, or `--pretrained NAME` must be given, got neither"),
        (["sample", "run", "--pretrained", "ring"], "`RUN` must be left out beside `--pretrained`"),
        (["sample", "--pretrained", "ring", "--seed", "0"], "`--seed` must be left out beside `--pretr"),
        (["evaluate", "--pretrained", "ring", "--best"], "`--best` must be left out beside `--pretrained`"),
        (["sample", "--pretrained", "ring", "--last"], "`--last` must be left out beside `--pretrained`"),
        (["walk", "--pretrained", "digits", "--average"], "`--average` must be left out beside `--pretrain"),
        (["walk", "--pretrained", "ring"], "`RUN` must be a run on images, got one on the points of ring"),
        (["sample", "--pretrained", "ring", "--label", "1"], "`--label` must be left out for a run without"),
        (["sample", "--pretrained", "ring", "--out", "a.jpg"], "`--out` must end in one of .png, .npy"),
        (["evaluate", "--pretrained", "ring", "--fid"], "`--fid` must be left out for a run on points"),
    ],
)
def test_what_cannot_be_asked_of_a_stored_generator_is_one_sentence(arguments, message, capsys):
    assert cli.main(arguments) == 2
    caught = capsys.readouterr()
    assert re.search(message, caught.err)
    assert (caught.out, len(caught.err.splitlines())) == ("", 1)
    assert not list(Path().iterdir())


def test_the_list_says_which_set_ups_have_a_generator(capsys):
    assert cli.main(["list"]) == 0
    (part,) = [part for part in capsys.readouterr().out.split("\n\n") if part.startswith("pretrained")]
    assert [line.split()[0] for line in part.splitlines()[1:] if not line.startswith(" ")] == list(
        pretrained.rows()
    )
    assert cli.main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["pretrained"]
    assert found.keys() == pretrained.rows().keys()
    assert found["ring"]["sha256"] == pretrained.row("ring").sha256
