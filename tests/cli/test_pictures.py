"""The reader's own pictures from the command line: trained on, gone on with, drawn, judged, or refused."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganlab import cli, data, experiments, reports, storage
from ganlab.experiments import requests
from ganlab.folders import Folder

SMALL = ("--width", 4, "--steps", 2, "--batch-size", 4)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(reports, "picture", lambda *_: None)


def fill(folder, count, seed=0):
    """So many pictures of different sizes."""
    rng = np.random.default_rng(seed)
    Path(folder).mkdir(parents=True)
    for number in range(count):
        pixels = rng.integers(0, 256, (12 + number, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(Path(folder) / f"{number}.png")


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def test_a_folder_is_trained_on_resumed_sampled_and_judged(capsys, monkeypatch):
    fill("pets/cats", 5)
    fill("pets/dogs", 4, seed=1)
    command = ("train", "--data", "folder:pets", "--conditional", *SMALL, "--checkpoint-every", 1)
    assert run(*command) == 0
    caught = capsys.readouterr()
    assert "the run is in runs/pets-1" in caught.out
    assert caught.err == ""
    stored = json.loads(Path("runs/pets-1/request.json").read_text())
    wanted = {"path": str(Path("pets").resolve()), "size": 28, "channels": 3, "labels": ["cats", "dogs"]}
    assert stored["experiment"]["data"] == wanted
    assert stored["experiment"]["network"] == "dcgan"
    shutil.copytree("runs/pets-1", "cut")
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert run("resume", "../cut", "--from", "step-00000001") == 0
    monkeypatch.chdir("..")
    one, two = storage.latest(Path("cut"))[0], storage.latest(Path("runs/pets-1"))[0]
    assert all(torch.equal(value, two[name]) for name, value in one.items())
    assert run("evaluate", "cut", "--samples", 9, "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["samples"] == 9
    shutil.rmtree("pets")
    assert run("sample", "cut", "--count", 6, "--out", "a.npy") == 0
    assert np.load("a.npy").shape == (6, 3, 28, 28)


def test_pictures_are_augmented_attended_to_gone_on_with_and_lent_to_another_run(capsys):
    fill("pets/cats", 5)
    fill("pets/dogs", 4, seed=1)
    average = ("--ema", 0.9, "--ema-batches", 2)
    seen = ("--augment", "colour,translation,cutout", "--attention", 14)
    command = ("train", "--data", "folder:pets", "--conditional", *SMALL, *average, *seen)
    assert run(*command, "--out", "whole") == 0
    assert run(*command, "--steps", 1, "--out", "cut") == 0
    assert run("resume", "cut", "--steps", 2) == 0
    one, two = (storage.latest(Path(folder))[0] for folder in ("whole", "cut"))
    assert one.keys() == two.keys()
    assert all(torch.equal(value, two[name]) for name, value in one.items())
    assert run(*command, "--init", "whole", "--out", "lent") == 0
    capsys.readouterr()
    assert run(*command, "--attention", "none", "--init", "whole", "--out", "unlike") == 2
    assert "`--init` must be a run of the same networks" in capsys.readouterr().err
    assert not Path("unlike").exists()


def draw(folder, count, *, upright, seed=0):
    """So many noisy pictures of one stripe, upright or not, each at a place of its own."""
    rng = np.random.default_rng(seed)
    Path(folder).mkdir(parents=True)
    for number in range(count):
        pixels = rng.integers(0, 60, (16, 16), dtype=np.uint8)
        place = rng.integers(2, 13)
        pixels[:, place : place + 2] = 230
        Image.fromarray(pixels if upright else pixels.T.copy()).save(Path(folder) / f"{number}.png")


GREY = ("--size", 16, "--channels", 1, "--network", "mlp", "--conditional")


def test_a_judge_of_the_classes_of_a_folder_is_trained_when_it_is_asked_for(capsys):
    draw("stripes/lying", 60, upright=False)
    draw("stripes/standing", 68, upright=True, seed=1)
    assert run("train", "--data", "folder:stripes", *GREY, *SMALL, "--seeds", 2, "--out", "run") == 0
    capsys.readouterr()
    assert run("evaluate", "run", "--samples", 40, "--json") == 0
    assert "obedience" not in json.loads(capsys.readouterr().out)["each"][0]
    command = ("evaluate", "run", "--samples", 40, "--judge")
    assert run(*command, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    judge = told["judge"]
    assert (judge["seen"], judge["unseen"], judge["commonest"]) == (96, 32, 17 / 32)
    assert judge["accuracy"] > 0.9
    for seed in told["each"]:
        assert seed["real_obedience"] == judge["accuracy"]
        assert seed["obedience"] == pytest.approx(0.5, abs=0.4)  # two steps teach no obedience
    assert run(*command, "--seed", 1) == 0
    said = capsys.readouterr().out
    assert re.search(rf"samples of the asked class +{told['each'][1]['obedience']:.4g} \(real images", said)
    assert f"from 96 of the pictures: it names {judge['accuracy']:.1%} of 32 others, of which" in said
    assert "the commonest class is 53.1%" in said


def test_what_has_no_judge_is_refused_by_name(capsys):
    draw("stripes/lying", 30, upright=False)
    draw("stripes/standing", 19, upright=True)
    draw("alone/lying", 25, upright=False)
    draw("alike/a", 60, upright=True)
    draw("alike/b", 60, upright=True, seed=1)
    for name in ("stripes", "alone", "alike"):
        assert run("train", "--data", f"folder:{name}", *GREY, *SMALL, "--out", f"of_{name}") == 0
    assert run("train", "--data", "folder:stripes", *GREY[:-1], *SMALL, "--out", "untold") == 0
    assert run("train", "--data", "digits", "--conditional", *SMALL, "--out", "digits") == 0
    refusals = {
        "of_stripes": "each class of folder:stripes must have at least 20 images .* got standing with 19$",
        "of_alone": "`--judge` needs at least two classes to tell apart, got lying alone$",
        "of_alike": r"told apart by the judge, got one that names \d+ of 30 held-out images, where",
        "untold": "`--judge` must be left out for a run without `--conditional`: it asks for no class$",
        "digits": "`--judge` must be left out for digits: it is for a folder of class folders$",
    }
    capsys.readouterr()
    for name, message in refusals.items():
        assert run("evaluate", name, "--samples", 10, "--judge") == 2
        caught = capsys.readouterr()
        assert caught.out == ""
        assert re.search(message, caught.err.strip()), caught.err


def test_size_and_colour_can_be_chosen_and_any_network_takes_what_it_takes():
    fill("mine", 4)
    for network, size in (("dcgan", 8), ("residual", 16), ("style", 8), ("mlp", 5)):
        command = ("train", "--data", "folder:mine", "--size", size, "--channels", 1, "--network", network)
        assert run(*command, *SMALL, "--out", network) == 0
        assert run("sample", network, "--count", 2, "--out", "a.npy") == 0
        assert np.load("a.npy").shape == (2, 1, size, size)


def test_a_run_learns_from_the_pictures_of_the_folder_each_once_an_epoch():
    fill("mine", 6)
    setup = experiments.build(experiments.change(experiments.default("folder:mine"), batch_size=6, width=4))
    seen = next(setup.batches)
    known = data.folder("mine").batch(torch.arange(6))
    assert torch.equal(seen.sum((1, 2, 3)).sort().values, known.sum((1, 2, 3)).sort().values)


def test_the_set_up_of_a_folder_is_that_of_fashion_images_in_batches_that_it_can_fill():
    for count, batch_size in ((1, 1), (3, 2), (70, 32), (71, 64)):
        fill(f"of{count}", count)
        found = experiments.default(f"folder:of{count}")
        like = experiments.change(experiments.EXPERIMENTS["fashion_mnist_dcgan"], data=found.data)
        assert found == experiments.change(like, batch_size=batch_size)
        assert isinstance(found.data, Folder)
        assert experiments.from_dict(json.loads(json.dumps(experiments.to_dict(found)))) == found


def test_a_folder_with_a_damaged_picture_fills_the_batches_of_its_set_up(capsys):
    fill("mine", 64)
    broken = min(Path("mine").iterdir())
    broken.write_bytes(b"no picture")
    assert run("train", "--data", "folder:mine", "--width", 4, "--steps", 1) == 0
    assert broken.name in capsys.readouterr().err


def test_one_picture_is_learnt_from():
    fill("mine", 1)
    assert run("train", "--data", "folder:mine", "--width", 4, "--steps", 1) == 0


def test_a_damaged_file_is_a_line_and_a_run(capsys):
    fill("mine", 5)
    Path("mine/3.png").write_text("no")
    assert run("train", "--data", "folder:mine", *SMALL, "--out", "run") == 0
    said = capsys.readouterr().err.splitlines()
    root = Path("mine").resolve()
    assert said == [f"ganlab: {root}: 1 of 5 images cannot be read and are left out: 3.png (it is no image)"]


def test_a_run_goes_on_with_its_own_pictures_wherever_they_lie(capsys):
    fill("mine", 5)
    run("train", "--data", "folder:mine", *SMALL, "--checkpoint-every", 1, "--out", "run")
    assert requests.read(Path("run"))[0].pictures == data.checksum(data.folder("mine"))
    Path("mine").rename("moved")
    capsys.readouterr()
    again = ("resume", "run", "--from", "step-00000001")
    assert run(*again) == 2
    assert "there is no such folder; `--data-dir` names another place" in capsys.readouterr().err
    fill("mine", 5, seed=7)
    assert run(*again) == 2
    said = capsys.readouterr().err
    assert "must be those that the run began with, and some have changed; `--data-dir` names" in said
    assert storage.steps(Path("run")) == [1, 2]
    assert run(*again, "--data-dir", "moved") == 0
    fill("classes/a", 5)
    assert run("evaluate", "run", "--samples", 4, "--data-dir", "classes") == 2
    assert "must be none, as they were, got a" in capsys.readouterr().err


BAD = [
    (["--data", "folder:nowhere"], "`--data` must be a folder that exists, got nowhere"),
    (["--data", "folder:"], "`data` must be folder:PATH, with a path, got 'folder:'"),
    (["--data", "folder:a.txt"], "`--data` must be a folder of images, got the file a.txt"),
    (["--data", "folder:empty"], "`--data` must be a folder of images, got empty, which holds none$"),
    (["--data", "folder:both"], "`--data` must hold images, or folders of images, one a class, but not both"),
    (["--data", "folders:mine"], "`--data` must be one of ring, .*, folder:PATH, got 'folders:mine'"),
    (["--data", "folder:mine", "--size", "0"], "`size` must be a whole number from 1 to 1024, got 0"),
    (
        ["--data", "folder:mine", "--size", "27"],
        "`size` must be even and at least 8 for the network dcgan, got 27",
    ),
    (
        ["--data", "folder:mine", "--size", "6", "--network", "style"],
        "at least 8 for the network style, got 6",
    ),
    (["--data", "folder:mine", "--channels", "2"], "`channels` must be 3, in colour, or 1, in grey, got 2"),
    (["--data", "folder:mine", "--conditional"], "or a folder of class folders, got folder:"),
    (
        ["--data", "folder:mine", "--data-dir", "x"],
        "`--data-dir` must be left out beside `--data folder:PATH`",
    ),
    (
        ["--data", "folder:mine", "--experiment", "ring"],
        "`--experiment` must be left out beside `--data folder",
    ),
    (["--size", "8"], "`--size` must be left out unless `--data` is folder:PATH, got 8"),
    (["--data", "digits", "--channels", "3"], "`--channels` must be left out unless `--data` is folder:PATH"),
]
LATE = [
    (
        ["--data", "folder:mine", "--batch-size", "9"],
        "`batch_size` must be at most 3, the number of images, got 9",
    ),
    (["--data", "folder:broken"], "whose 2 cannot be read: a.png"),
]


@pytest.fixture
def places():
    fill("mine", 3)
    fill("both/cats", 1)
    shutil.copy("mine/0.png", "both")
    for name in ("empty", "broken"):
        Path(name).mkdir()
    for name in ("a.txt", "broken/a.png", "broken/b.gif"):
        Path(name).write_text("no picture")


@pytest.mark.parametrize(("arguments", "message"), BAD + LATE)
def test_a_bad_request_is_one_sentence_and_writes_nothing(places, arguments, message, capsys):
    before = sorted(Path().rglob("*"))
    assert run("train", *arguments) == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert len(caught.err.splitlines()) == 1
    assert pytest.raises(ValueError, match=message).matches(ValueError(caught.err.strip()))
    left = [path for path in sorted(Path().rglob("*")) if path not in before and path.parts[0] != "cache"]
    assert not left


def test_a_folder_is_looked_at_before_torch_is_loaded(places):
    code = """
import contextlib, io, json, sys
from ganlab import cli
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stderr(io.StringIO()):
        got = cli.main(["train", *arguments])
    loaded = {"torch", "numpy", "scipy", "matplotlib", "sklearn"} & set(sys.modules)
    assert got == 2 and not loaded, (arguments, got, loaded)
"""
    asked = json.dumps([arguments for arguments, _ in BAD])
    subprocess.run([sys.executable, "-c", code, asked], check=True)


def test_list_names_a_folder(capsys):
    assert run("list") == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("folder:PATH"))
    assert row.split() == ["folder:PATH", "images", "3x28x28", "sub-folders"]


def test_a_home_folder_is_found_by_its_sign(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    fill("mine", 2)
    os.mkdir("elsewhere")
    monkeypatch.chdir("elsewhere")
    assert experiments.default("folder:~/mine").data.path == str((tmp_path / "mine").resolve())
