"""The command line as a user meets it: what a run leaves, what a bad request says, what a stop keeps."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from ganlab import checkpoints, cli, training
from ganlab.history import History

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def train(*arguments):
    return cli.main(["train", *map(str, arguments)])


@pytest.mark.parametrize("name", ["ring", "grid", "digits"])
def test_a_run_leaves_a_picture_a_history_and_a_checkpoint(name, capsys):
    assert train("--data", name, "--steps", 12, "--batch-size", 32) == 0
    folder = Path(f"runs/{name}-1")
    assert str(folder) in capsys.readouterr().out
    assert checkpoints.steps(folder) == [12]
    assert len(History.load(folder / "history.json")) == 12
    with Image.open(folder / "samples.png") as picture:
        assert min(picture.size) > 300
        assert len(picture.convert("RGB").getcolors(10**7)) > 10
    result = json.loads((folder / "result.json").read_text())
    assert result["steps"] == 12
    assert ("reverse_kl" in result) == (name != "digits")


def test_a_point_run_reports_its_modes_beside_a_perfect_sampler(capsys):
    train("--steps", 5)
    out = capsys.readouterr().out
    assert "/8, high quality " in out
    assert "(a perfect sampler: 98.9%), reverse KL " in out


def test_json_is_one_line_and_agrees_with_the_folder(capsys):
    train("--steps", 5, "--json")
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(Path("runs/ring-1/result.json").read_text())


def test_the_same_request_gives_the_same_numbers_and_another_folder():
    for _ in range(2):
        train("--steps", 8, "--seed", 3)
    train("--steps", 8, "--seed", 4)
    histories = [History.load(Path(f"runs/ring-{n}/history.json")).values for n in (1, 2, 3)]
    assert torch.equal(histories[0], histories[1])
    assert not torch.equal(histories[0], histories[2])


def test_settings_reach_the_run(tmp_path):
    train(
        *("--loss", "hinge", "--regularizer", "r1=0.5", "--regularizer", "r2=0.25", "--lr", 0.01),
        *("--n-critic", 2, "--batch-size", 16, "--steps", 4, "--out", tmp_path / "mine"),
    )
    stored = json.loads((tmp_path / "mine" / "request.json").read_text())["experiment"]
    wanted = {"loss": "hinge", "n_critic": 2, "batch_size": 16, "learning_rates": [0.01, 0.01]}
    assert wanted.items() <= stored.items()
    assert stored["regularizers"] == [["r1", 0.5], ["r2", 0.25]]
    assert (History.load(tmp_path / "mine" / "history.json")["penalty"] > 0).all()


@pytest.mark.skipif(
    not FASHION_MNIST.exists() and not os.environ.get("CI"),
    reason="the Debian package dataset-fashion-mnist is not installed",
)
def test_fashion_mnist_on_disk_is_found_and_trained_on_without_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    assert train("--data", "fashion_mnist", "--steps", 3, "--batch-size", 16) == 0
    assert Path("runs/fashion_mnist-1/samples.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "rnig"], "`--data` must be one of ring, .* got 'rnig'; did you mean 'ring'"),
        (["--loss", "hing"], "`loss` must be one of minimax, .* did you mean 'hinge'"),
        (["--experiment", "rings"], "`--experiment` must be one of ring, .* did you mean 'ring'"),
        (["--experiment", "ring", "--data", "grid"], "`--data` must be ring for the set-up ring, got 'grid'"),
        (["--regularizer", "r3=1"], "`regularizer` must be one of wgan_gp, .* got 'r3'; did you mean 'r"),
        (["--regularizer", "r1"], "`--regularizer` must be NAME=WEIGHT or none, got 'r1'"),
        (["--regularizer", "r1=-1"], "the weight of `r1` must be at least 0, got -1"),
        (["--batch-size", "0"], "`batch_size` must be at least 1, got 0"),
        (["--steps", "0"], "`steps` must be at least 1, got 0"),
        (["--n-critic", "0"], "`n_critic` must be at least 1, got 0"),
        (["--lr", "0"], "`learning_rates` must be positive"),
        (["--seed", "-1"], "`--seed` must be at least 0, got -1"),
        (["--checkpoint-every", "0"], "`--checkpoint-every` must be at least 1, got 0"),
        (["--device", "gpu"], "`--device` must be one of auto, cpu, cuda, got 'gpu'"),
        (["--data", "digits", "--batch-size", "100000"], "`batch_size` must be at most"),
    ],
)
def test_a_bad_request_is_one_sentence_and_writes_nothing(arguments, message, capsys, tmp_path):
    assert train(*arguments) == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert len(caught.err.splitlines()) == 1
    assert pytest.raises(ValueError, match=message).matches(ValueError(caught.err))
    assert not list(tmp_path.iterdir())


def test_missing_data_without_network_is_one_sentence(monkeypatch, capsys, tmp_path):
    def refuse(*_, **__):
        raise OSError("no network here")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert train("--data", "mnist", "--out", tmp_path / "run") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_a_folder_in_use_is_not_touched(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    assert train("--out", tmp_path / "mine", "--steps", 2) == 2
    assert "must be a new or an empty folder" in capsys.readouterr().err
    assert os.listdir(tmp_path / "mine") == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert train("--out", tmp_path / "file" / "run", "--steps", 2) == 2
    assert "`--out` must be a folder that can be written" in capsys.readouterr().err


def test_a_loss_that_is_not_finite_fails_the_run(capsys):
    assert train("--lr", 1e200, "--steps", 50) == 1
    assert "loss is" in capsys.readouterr().err


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(monkeypatch, capsys):
    train("--steps", 12, "--checkpoint-every", 4, "--out", "whole")

    real_train, calls = training.train, []

    def dies_in_the_second_piece(*arguments, **settings):
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        return real_train(*arguments, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(training, "train", dies_in_the_second_piece)
        with pytest.raises(MemoryError):
            train("--steps", 12, "--checkpoint-every", 4, "--out", "cut")
    assert cli.main(["resume", "cut"]) == 0
    whole, cut = (checkpoints.latest(Path(name))[0] for name in ("whole", "cut"))
    assert whole.keys() == cut.keys()
    assert all(torch.equal(value, cut[name]) for name, value in whole.items())
    assert cli.main(["resume", "cut"]) == 0, "a finished run has nothing to do and says so"


def test_resume_names_what_is_no_run(tmp_path, capsys):
    assert cli.main(["resume", str(tmp_path)]) == 2
    assert "`RUN` must be a run folder" in capsys.readouterr().err


def test_ctrl_c_saves_says_how_to_go_on_and_exits_130(tmp_path):
    command = [sys.executable, "-m", "ganlab", "train", "--steps", "100000", "--out", "run"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "run" / "request.json").exists():
        assert process.poll() is None
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert "go on with: ganlab resume run" in process.stderr.read()
    process.stderr.close()
    (step,) = checkpoints.steps(tmp_path / "run")
    assert len(History.load(tmp_path / "run" / "history.json")) == step > 0


def test_list_names_everything_there_is(capsys):
    assert cli.main(["list"]) == 0
    text = capsys.readouterr().out
    for name in ("fashion_mnist", "relativistic_pairing", "dragan", "ring_r1_r2"):
        assert name in text
    assert cli.main(["list", "--json"]) == 0
    assert {"data", "losses", "regularizers", "experiments"} == json.loads(capsys.readouterr().out).keys()


def test_help_shows_the_defaults(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["train", "--help"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.count("(default: ") == 8
