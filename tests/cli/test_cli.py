"""The command line as a user meets it: what a run leaves, what a bad request says, what a stop keeps."""

import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from scipy import linalg

import ganlab
from ganlab import cli, data, experiments, metrics, reports, storage
from ganlab.cli import arguments
from ganlab.evaluation import judging
from ganlab.experiments import studies
from ganlab.training import loop
from ganlab.training.history import History

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def unseen(monkeypatch):
    """Pictures take longer than the runs of these tests do."""
    monkeypatch.setattr(reports, "picture", lambda *_: None)
    monkeypatch.setitem(judging.KINDS, "mixture", judging.KINDS["mixture"]._replace(samples=100))


def train(*arguments):
    return cli.main(["train", *map(str, arguments)])


def refuse_the_network(monkeypatch):
    def refuse(*_, **__):
        raise OSError("no network here")

    monkeypatch.setattr("urllib.request.urlopen", refuse)


def interrupt_at(monkeypatch, step, times=1):
    """Ctrl-C, so many times, after the generator step of this number."""
    real_take = loop.take

    def take_and_interrupt(game, turn, drawn):
        row = real_take(game, turn, drawn)
        for _ in range(times if "generator" in turn.movers and game.step == step else 0):
            signal.raise_signal(signal.SIGINT)
        return row

    monkeypatch.setattr(loop, "take", take_and_interrupt)


@pytest.mark.parametrize("name", ["ring", "digits"])
def test_a_run_leaves_a_picture_a_history_and_a_checkpoint(name, capsys):
    assert train("--data", name, "--steps", 12, "--batch-size", 32) == 0
    folder = Path(f"runs/{name}-1")
    assert str(folder) in capsys.readouterr().out
    assert storage.steps(folder) == [12]
    assert len(History.load(folder / "history.json")) == 12
    with Image.open(folder / "samples.png") as picture:
        assert min(picture.size) > 300
        assert len(picture.convert("RGB").getcolors(10**7)) > 10
    result = json.loads((folder / "result.json").read_text())
    assert result["steps"] == 12
    assert ("reverse_kl" in result) == (name != "digits")


def test_a_point_run_reports_its_modes_beside_a_perfect_sampler(unseen, capsys):
    train("--steps", 5)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("5 steps in ")
    assert lines[1].startswith("modes ")
    assert lines[1].endswith(" (of 8)")
    assert lines[2].endswith("(a perfect sampler: 0.9889)")


def test_json_is_one_line_and_agrees_with_the_folder(unseen, capsys):
    train("--steps", 5, "--json")
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(Path("runs/ring-1/result.json").read_text())


def test_the_same_request_gives_the_same_numbers_and_another_folder(unseen):
    for _ in range(2):
        train("--steps", 8, "--seed", 3)
    train("--steps", 8, "--seed", 4)
    histories = [History.load(Path(f"runs/ring-{n}/history.json")).values for n in (1, 2, 3)]
    assert torch.equal(histories[0], histories[1])
    assert not torch.equal(histories[0], histories[2])


def test_settings_reach_the_run(unseen, tmp_path):
    train(
        *("--loss", "hinge", "--regularizer", "r1=0.5", "--regularizer", "r2=0.25:3", "--lr", 0.01),
        *("--n-critic", 2, "--batch-size", 16, "--steps", 4, "--out", tmp_path / "mine"),
    )
    stored = json.loads((tmp_path / "mine" / "request.json").read_text())["experiment"]
    wanted = {"loss": "hinge", "n_critic": 2, "batch_size": 16, "learning_rates": [0.01, 0.01]}
    assert wanted.items() <= stored.items()
    assert stored["regularizers"] == [["r1", 0.5], ["r2", 0.25, 3]]
    assert (History.load(tmp_path / "mine" / "history.json")["penalty"] > 0).all()


def test_a_run_in_bfloat16_goes_on_after_a_stop_bit_for_bit(unseen, tmp_path):
    command = ["--data", "digits", "--width", 16, "--checkpoint-every", 2]
    whole, stopped, plain = (tmp_path / name for name in ("whole", "stopped", "plain"))
    train(*command, "--bf16", "--steps", 4, "--out", whole)
    train(*command, "--bf16", "--steps", 2, "--out", stopped)
    assert cli.main(["resume", str(stopped), "--steps", "4"]) == 0
    train(*command, "--steps", 4, "--out", plain)
    truth, ours, other = (storage.load(run / "step-00000004")[0] for run in (whole, stopped, plain))
    for name, value in truth.items():
        assert torch.equal(ours[name], value), name
    weights = [name for name in truth if name.startswith("generator.")]
    assert all(truth[name].dtype == torch.float32 for name in weights)
    assert not all(torch.equal(other[name], truth[name]) for name in weights)


def request_of(folder):
    return json.loads(Path(folder, "request.json").read_text())["experiment"]


SETTINGS = {  # of each option of a setting: what is given, and what is kept
    "--lr": ("0.01,0.02", "learning_rates", [0.01, 0.02]),
    "--optimizer": ("rmsprop", "optimizer", "rmsprop"),
    "--schedule": ("linear", "schedule", "linear"),
    "--betas": ("0,0.9", "betas", [0.0, 0.9]),
    "--width": ("8,12", "width", [8, 12]),
    "--discriminator-width": ("6", "discriminator_width", 6),
    "--latent-dim": ("5", "latent_dim", 5),
    "--ema": ("none", "ema", None),
    "--clip": ("0.05", "clip", 0.05),
    "--pack": ("2", "pack", 2),
    "--unroll": ("2:0.1", "unroll", [2, 0.1]),
    "--minibatch-std": (None, "minibatch_std", True),
    "--spectral-norm": (None, "spectral_norm", True),
    "--conditional": (None, "conditional", True),
    "--class-weight": ("0.5", "class_weight", 0.5),
    "--smoothing": ("0.1", "smoothing", 0.1),
    "--fake-label": ("0.1", "fake_label", 0.1),
    "--instance-noise": ("0.3", "instance_noise", 0.3),
    "--accumulate": ("4", "accumulate", 4),
    "--no-float64": (None, "float64", False),
}


def test_every_setting_of_a_set_up_has_an_option(capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", "--help"])
    said = set(re.findall(r"--[a-z0-9-]+", capsys.readouterr().out))
    names = {field.name for field in fields(experiments.Experiment)}
    names = names - {"learning_rates", "regularizers"} | {"lr", "regularizer"}
    assert {f"--{name.replace('_', '-')}" for name in names} <= said


@pytest.mark.parametrize("flag", SETTINGS)
def test_each_setting_reaches_the_run(flag, unseen):
    given, name, kept = SETTINGS[flag]
    arguments = [flag] if given is None else [flag, given]
    small = [] if flag == "--width" else ["--width", 8]
    assert train("--steps", 2, "--batch-size", 8, *small, *arguments, "--out", "run") == 0
    assert request_of("run")[name] == kept
    plain = request_of_a_plain_run()
    changed = {key for key, value in request_of("run").items() if value != plain[key]}
    assert changed == {name} | {"width"}


def request_of_a_plain_run():
    settings = json.loads(json.dumps(experiments.to_dict(experiments.EXPERIMENTS["ring"])))
    return settings | {"steps": 2, "batch_size": 8}


def test_several_seeds_of_a_conditional_run_stop_go_on_and_are_judged(unseen, capsys):
    settings = ("--conditional", "--spectral-norm", "--loss", "hinge", "--lr", "0.001,0.004", "--width", 8)
    command = ("--steps", 4, "--batch-size", 8, "--seeds", 2, "--checkpoint-every", 2)
    assert train(*command, *settings, "--out", "whole") == 0
    shutil.copytree("whole", "cut")
    assert cli.main(["resume", "cut", "--from", "step-00000002"]) == 0
    assert_equal("whole", "cut")
    assert cli.main(["sample", "cut", "--seed", "1", "--count", "16", "--out", "a.npy"]) == 0
    assert np.load("a.npy").shape == (16, 2)
    capsys.readouterr()
    assert cli.main(["evaluate", "cut", "--samples", "80", "--json"]) == 0
    assert [found["seed"] for found in json.loads(capsys.readouterr().out)["each"]] == [0, 1]


def test_a_game_that_guesses_goes_on_is_drawn_by_class_and_judged_by_class(unseen, capsys):
    command = ("--data", "shared_ring", "--condition", "twin", "--class-weight", "0.5", "--width", 8)
    assert train(*command, "--steps", 4, "--batch-size", 8, "--checkpoint-every", 2, "--out", "whole") == 0
    kept = request_of("whole")
    assert (kept["conditional"], kept["condition"], kept["class_weight"]) == (True, "twin", 0.5)
    shutil.copytree("whole", "cut")
    assert cli.main(["resume", "cut", "--from", "step-00000002"]) == 0
    assert_equal("whole", "cut")
    one = ("--count", "8", "--label", "2", "--truncation", "0.5", "--out", "a.npy")
    assert cli.main(["sample", "cut", *one]) == 0
    assert "8 samples of class 2 of step 4" in capsys.readouterr().out
    assert np.load("a.npy").shape == (8, 2)
    assert cli.main(["evaluate", "cut", "--samples", "80", "--truncation", "0.5", "--json"]) == 0
    judged = json.loads(capsys.readouterr().out)
    assert judged["truncation"] == 0.5
    assert 0 <= judged["obedience"] <= 1
    assert judged["class_modes_total"] == 12
    assert cli.main(["sample", "cut", "--label", "4"]) == 2
    assert "`--label` must be from 0 to 3, got 4" in capsys.readouterr().err
    assert cli.main(["evaluate", "cut", "--truncation", "0"]) == 2
    assert "`--truncation` must be positive, got 0.0" in capsys.readouterr().err


@pytest.mark.parametrize("settings", [(), ("--mixing", 0, "--no-layer-noise", "--growing", "0.8")])
def test_a_game_of_styles_mixes_or_grows_goes_on_and_is_drawn_with_its_styles_pulled(
    settings, unseen, capsys, monkeypatch
):
    monkeypatch.setitem(judging.KINDS, "images", judging.KINDS["images"]._replace(samples=100))
    small = ("--width", 3, "--latent-dim", 5, "--batch-size", 8, "--steps", 4, "--checkpoint-every", 2)
    assert train("--experiment", "digits_styles", *small, *settings, "--out", "whole") == 0
    shutil.copytree("whole", "cut")
    assert cli.main(["resume", "cut", "--from", "step-00000002"]) == 0
    assert_equal("whole", "cut")
    assert cli.main(["sample", "cut", "--count", "8", "--truncation", "0.001", "--out", "a.npy"]) == 0
    spread = np.load("a.npy").std(0).max()
    assert cli.main(["sample", "cut", "--count", "8", "--out", "b.npy"]) == 0
    assert spread < 0.2 * np.load("b.npy").std(0).max()
    capsys.readouterr()
    assert cli.main(["sample", "cut", "--truncation", "1.5"]) == 2
    assert "`truncation` must be in [0, 1] for a generator with styles, got 1.5" in capsys.readouterr().err


def test_images_are_conditional_too(unseen):
    small = ("--data", "digits", "--network", "dcgan", "--width", 4, "--steps", 1, "--batch-size", 4)
    assert train(*small, "--conditional", "--minibatch-std", "--optimizer", "sgd", "--out", "run") == 0
    assert request_of("run")["discriminator_width"] is None


@pytest.mark.parametrize(
    ("asked", "fitted"),
    [
        ("--data fashion_mnist --network dcgan", 20),
        ("--data fashion_mnist --network dcgan --ema none", 0),
        ("--data fashion_mnist --network dcgan --ema-batches 3", 3),
        ("--data fashion_mnist --network residual", 0),
        ("--data digits --network dcgan", 0),  # whose set-up keeps no average
        ("--experiment fashion_mnist_dcgan", 20),
        ("--experiment fashion_mnist_dcgan --network mlp", 0),
        ("--experiment fashion_mnist_dcgan --ema none", 0),
        ("--data mnist --network dcgan", 20),
    ],
)
def test_an_average_has_new_statistics_where_its_network_keeps_some(asked, fitted):
    _, found = arguments.requested(arguments.parser().parse_args(["train", *asked.split()]))
    assert found.ema_batches == fitted


@pytest.mark.parametrize(("pair", "network"), [("MLP", "mlp"), ("DCGAN", "dcgan"), ("residual", "residual")])
def test_each_network_has_what_was_chosen_for_it_and_another_the_usual_rate(pair, network):
    def asked(*options):
        return arguments.requested(arguments.parser().parse_args(["train", *options]))[1]

    names = "learning_rates", "ema", "ema_batches"
    record, study = studies.load("architectures"), studies.STUDIES["architectures"]
    chosen = study.changed(pair, record.chosen[pair])
    for base in ("fashion_mnist", "fashion_mnist_dcgan"):
        found = asked("--experiment", base, "--network", network)
        assert [getattr(found, name) for name in names] == [getattr(chosen, name) for name in names]
        assert asked("--experiment", base, "--network", network, "--lr", "0.01").learning_rates == (
            0.01,
            0.01,
        )
    assert asked("--data", "fashion_mnist", "--network", "style").learning_rates == (2e-4, 2e-4)
    assert asked("--experiment", "fashion_mnist_wgan_gp", "--network", network).learning_rates == (2e-4, 2e-4)


def test_one_width_is_that_of_both_networks(unseen):
    assert train("--data", "digits", "--steps", 1, "--batch-size", 4, "--width", 8, "--out", "run") == 0
    assert (request_of("run")["width"], request_of("run")["discriminator_width"]) == (8, None)


def test_an_architecture_comes_with_widths_of_its_own(unseen):
    assert train("--data", "digits", "--network", "dcgan", "--steps", 1, "--batch-size", 4) == 0
    stored = json.loads(Path("runs/digits-1/request.json").read_text())["experiment"]
    assert (stored["network"], stored["width"], stored["discriminator_width"]) == ("dcgan", None, None)


# Several seeds


def test_several_seeds_share_a_folder_and_are_told_apart(capsys):
    assert train("--steps", 4, "--batch-size", 16, "--seeds", "3,5,8", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert [numbers["seed"] for numbers in result["each"]] == [3, 5, 8]
    losses = np.array([numbers["g_loss"] for numbers in result["each"]])
    assert len(set(losses)) == 3
    over = result["spread"]["g_loss"]
    assert over["mean"] == pytest.approx(losses.mean(), rel=1e-12)
    assert over["standard_error"] == pytest.approx(losses.std(ddof=1) / 3**0.5, rel=1e-12)
    assert (over["lowest"], over["highest"]) == (losses.min(), losses.max())
    assert History.load(Path("runs/ring-1/history.json"))["g_loss"].shape == (4, 3)
    train("--steps", 4, "--batch-size", 16, "--seed", 5, "--json")
    assert json.loads(capsys.readouterr().out)["g_loss"] == pytest.approx(losses[1], rel=1e-10)


def test_a_number_of_seeds_counts_from_zero_and_prints_a_table(unseen, capsys):
    assert train("--steps", 2, "--batch-size", 8, "--seeds", 2) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0][:4] == ["2", "steps", "of", "2"]
    assert [row[0] for row in rows[1:]] == ["seed", "0", "1", "mean", "standard", "lowest", "highest"]


# Stopping and going on


def tensors_of(folder):
    return storage.latest(Path(folder))[0]


def assert_equal(one, two):
    one, two = tensors_of(one), tensors_of(two)
    assert one.keys() == two.keys()
    assert {name for name, value in one.items() if not torch.equal(value, two[name])} == set()


def start(*arguments, cwd):
    return subprocess.Popen(
        [sys.executable, "-m", "ganlab", *arguments], cwd=cwd, stderr=subprocess.PIPE, text=True
    )


def wait_for_a_checkpoint(process, folder, after):
    deadline = time.monotonic() + 600
    while (storage.steps(folder) or [0])[-1] <= after:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_run_killed_at_random_moments_ends_where_an_uninterrupted_one_does(unseen, tmp_path, capsys):
    """With a schedule, an average, two critic steps and a lazy penalty, each of which could be lost."""
    settings = ["--experiment", "ring_r1_r2", "--n-critic", "2", "--batch-size", "16", "--steps", "320"]
    settings += ["--regularizer", "r1=0.05:5", "--regularizer", "r2=0.05", "--checkpoint-every", "10"]
    moments = random.Random(0)
    command, after = ["train", *settings, "--out", "cut"], 0
    for _ in range(2):
        process = start(*command, cwd=tmp_path)
        wait_for_a_checkpoint(process, tmp_path / "cut", after)
        time.sleep(moments.uniform(0, 0.06))
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
        process.stderr.close()
        command, after = ["resume", "cut"], storage.steps(tmp_path / "cut")[-1]
    assert after < 320
    assert cli.main(["resume", "cut"]) == 0
    assert train(*settings, "--out", "whole") == 0
    assert_equal("whole", "cut")
    assert len(History.load(Path("cut/history.json"))) == 320
    capsys.readouterr()
    assert cli.main(["resume", "cut"]) == 0
    assert capsys.readouterr().out.startswith(
        "nothing is left to do: all 320 steps were done; `--steps N` asks "
    )


def test_ctrl_c_saves_says_how_to_go_on_and_exits_130(unseen, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5)
        assert train("--steps", 9, "--batch-size", 8, "--out", "cut") == 130
    assert "stopped at step 5 of 9, and saved; go on with: ganlab resume cut" in capsys.readouterr().err
    assert storage.steps(Path("cut")) == [5]
    assert len(History.load(Path("cut/history.json"))) == 5
    assert cli.main(["resume", "cut"]) == 0
    assert capsys.readouterr().out.startswith("4 steps in ")


def test_a_finished_run_goes_on_to_more_steps_and_says_what_has_ended(unseen, capsys):
    assert train("--experiment", "ring_r1_r2", "--steps", 3, "--batch-size", 8, "--out", "run") == 0
    capsys.readouterr()
    assert cli.main(["resume", "run", "--steps", "2"]) == 2
    said = capsys.readouterr().err
    assert said == "ganlab: `--steps` must be at least 3, which the run was asked for before, got 2\n"
    assert cli.main(["resume", "run", "--steps", "5", "--json"]) == 0
    caught = capsys.readouterr()
    assert caught.err.startswith(
        "ganlab: the cosine schedule ended at step 3: from there on each rate stays at 1 %"
    )
    assert json.loads(caught.out)["steps"] == json.loads(Path("run/result.json").read_text())["steps"] == 5
    assert len(History.load(Path("run/history.json"))) == 5
    assert cli.main(["resume", "run"]) == 0
    assert capsys.readouterr().out.startswith(
        "nothing is left to do: all 5 steps were done; `--steps N` asks "
    )


@pytest.mark.parametrize("damage", ["stale", "broken", "no object"])
def test_what_a_killed_run_left_of_an_earlier_end_is_written_anew(unseen, damage, capsys):
    """As where a process is killed between its last checkpoint and the writing of its result."""
    told = ("result.json", "history.json")
    assert train("--steps", 3, "--batch-size", 8, "--out", "run") == 0
    before = {name: Path("run", name).read_bytes() for name in told}
    assert cli.main(["resume", "run", "--steps", "5"]) == 0
    after = {name: Path("run", name).read_bytes() for name in told}
    for name, content in before.items():
        Path("run", name).write_bytes(content)
    if damage != "stale":
        Path("run/result.json").write_text("{" if damage == "broken" else "[]")
    capsys.readouterr()
    assert cli.main(["resume", "run"]) == 0
    assert json.loads(Path("run/result.json").read_text())["steps"] == 5
    assert Path("run/history.json").read_bytes() == after["history.json"]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_what_does_not_fit_into_memory_is_one_sentence(unseen, monkeypatch, error, capsys):
    def full(*_, **__):
        raise error

    monkeypatch.setattr("ganlab.experiments.building.build", full)
    assert train("--steps", 1, "--out", "run") == 1
    assert capsys.readouterr().err.startswith("ganlab: there is not enough memory for numbers or networks")


@pytest.mark.parametrize(
    "message", ["shapes differ", "Overflow when unpacking long", "cannot allocate a name"]
)
def test_another_error_at_run_time_is_not_taken_for_a_lack_of_memory(unseen, monkeypatch, message):
    def wrong(*_, **__):
        raise RuntimeError(message)

    monkeypatch.setattr("ganlab.experiments.building.build", wrong)
    with pytest.raises(RuntimeError, match=message):
        train("--steps", 1, "--out", "run")


def test_a_request_whose_set_up_is_no_object_is_named(unseen, capsys):
    assert train("--steps", 1, "--batch-size", 8, "--out", "run") == 0
    stored = json.loads(Path("run/request.json").read_text())
    Path("run/request.json").write_text(json.dumps(stored | {"experiment": "ring"}))
    capsys.readouterr()
    assert cli.main(["sample", "run"]) == 2
    assert "run/request.json must hold the request of a run" in capsys.readouterr().err


def test_a_closed_output_is_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["list"]) == 0


def test_a_full_disk_fails_the_run_and_says_from_where_it_goes_on(unseen, monkeypatch, capsys):
    real_save = storage.save

    def save_and_fill(folder, step, *state):
        if step > 3:
            raise OSError(28, "No space left on device")
        return real_save(folder, step, *state)

    monkeypatch.setattr(storage, "save", save_and_fill)
    assert train("--steps", 9, "--batch-size", 8, "--checkpoint-every", 3, "--out", "cut") == 1
    said = capsys.readouterr().err
    assert "No space left on device; `ganlab resume cut` goes on from step 3, the last one saved" in said


def test_a_second_ctrl_c_ends_at_once_and_saves_nothing_half_done(unseen, monkeypatch, capsys):
    interrupt_at(monkeypatch, 5, times=2)
    assert train("--steps", 9, "--batch-size", 8, "--checkpoint-every", 3, "--out", "cut") == 130
    said = capsys.readouterr().err
    assert "stopped at once; `ganlab resume cut` goes on from step 3, the last one saved" in said
    assert storage.steps(Path("cut")) == [3]


def test_ctrl_c_means_what_it_meant_before_once_a_run_is_over(unseen):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    train("--steps", 1)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_run_made_on_a_gpu_goes_on_without_one_where_that_is_asked(unseen, capsys):
    train("--steps", 2, "--batch-size", 8, "--checkpoint-every", 1, "--device", "cpu", "--out", "run")
    path = Path("run/request.json")
    path.write_text(path.read_text().replace('"device": "cpu"', '"device": "cuda"'))
    capsys.readouterr()
    back = ["resume", "run", "--from", "step-00000001"]
    assert cli.main(back) == 2
    assert "`--device` must be cpu or auto on this machine" in capsys.readouterr().err
    assert cli.main([*back, "--device", "auto"]) == 0
    assert json.loads(Path("run/result.json").read_text())["steps"] == 2


def test_a_damaged_checkpoint_exits_2_and_the_command_it_offers_works(unseen, capsys):
    train("--steps", 6, "--batch-size", 8, "--checkpoint-every", 2, "--out", "run")
    expected = tensors_of("run")
    tensors = Path("run/step-00000006/tensors.safetensors")
    tensors.write_bytes(tensors.read_bytes()[:-1])
    capsys.readouterr()
    assert cli.main(["resume", "run"]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    command = said.split("`ganlab ")[1].split("`")[0].split()
    assert command == ["resume", "run", "--from", "step-00000004"]
    assert cli.main(command) == 0
    assert all(torch.equal(value, expected[name]) for name, value in tensors_of("run").items())


def test_resume_names_what_is_no_run_and_leaves_it_alone(tmp_path, capsys):
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert cli.main(["resume", str(folder)]) == 2
        assert "`RUN` must be a run folder" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_not_finite_fails_the_run(unseen, capsys):
    assert train("--lr", 1e200, "--steps", 50) == 1
    assert "loss is" in capsys.readouterr().err


# Looking at a run


@pytest.fixture
def digits(unseen):
    train("--data", "digits", "--steps", 3, "--batch-size", 8, "--seeds", "2,4", "--out", "digits")
    return Path("digits")


def test_images_are_drawn_as_pixels_numbers_or_tensors(digits, capsys):
    for name in ("a.png", "a.npy", "a.safetensors"):
        assert cli.main(["sample", "digits", "--count", "5", "--draw", "1", "--out", name]) == 0
    assert "5 samples of step 3, of the last generator, in a.safetensors" in capsys.readouterr().out
    array, tensors = np.load("a.npy"), load_file("a.safetensors")
    assert array.shape == (5, 1, 8, 8)
    np.testing.assert_array_equal(array, tensors["samples"])
    with Image.open("a.png") as picture:
        factor = picture.width // 28  # three columns of eight pixels, and four lines between
        assert picture.size == (28 * factor, 19 * factor)
        assert picture.width >= 512
        pixel = picture.getpixel((factor * 3, factor * 4))[0]
    assert pixel == round(255 * (float(array[0, 0, 3, 2]) + 1) / 2)


def test_a_seed_of_several_can_be_named(digits, capsys):
    drawn = {}
    for seed in ("2", "4"):
        cli.main(["sample", "digits", "--seed", seed, "--out", "a.npy"])
        drawn[seed] = np.load("a.npy")
    assert drawn["2"].shape == (64, 1, 8, 8)
    assert not np.array_equal(drawn["2"], drawn["4"])
    assert cli.main(["sample", "digits", "--seed", "3"]) == 2
    said = capsys.readouterr().err
    assert "`--seed` must be one of 2, 4, the seeds of the run, got 3; other samples of the same" in said
    assert cli.main(["sample", "digits", "--of", "2"]) == 2
    assert "`--of` is now called `--seed`: give `--seed 2`" in capsys.readouterr().err
    assert cli.main(["evaluate", "digits", "--seed", "4", "--samples", "60", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seed"] == 4


def test_each_number_of_a_draw_gives_other_samples_and_the_same_ones_again(digits):
    for name, draw in {"a": "0", "b": "1", "c": "1"}.items():
        assert cli.main(["sample", "digits", "--draw", draw, "--count", "5", "--out", f"{name}.npy"]) == 0
    a, b, c = (np.load(f"{name}.npy") for name in "abc")
    assert not np.array_equal(a, b)
    np.testing.assert_array_equal(b, c)


def test_a_run_is_judged_by_numbers_from_which_no_weight_was_drawn(unseen, capsys):
    train("--steps", 3, "--batch-size", 8, "--out", "run", "--json")
    result = json.loads(capsys.readouterr().out)
    assert cli.main(["evaluate", "run", "--samples", "100", "--json"]) == 0
    judged = json.loads(capsys.readouterr().out)
    assert judged["high_quality"] == result["high_quality"], "both look at draw 0"
    seeds = {torch.Generator().manual_seed(seed).get_state().numpy().tobytes() for seed in range(1000)}
    assert not {reports.stream(draw).get_state().numpy().tobytes() for draw in range(5)} & seeds


def test_points_are_drawn_from_the_average_unless_the_last_is_asked_for(unseen, capsys):
    train("--steps", 4, "--batch-size", 8, "--out", "run")
    before = Path("run/step-00000004/tensors.safetensors").read_bytes()
    for flags in ([], ["--average"], ["--last"]):
        assert cli.main(["sample", "run", *flags, "--out", f"drawn{''.join(flags)}.npy"]) == 0
    averaged, asked, last = (np.load(name) for name in ("drawn.npy", "drawn--average.npy", "drawn--last.npy"))
    np.testing.assert_array_equal(averaged, asked)
    assert averaged.shape == (1000, 2)
    assert not np.array_equal(averaged, last)
    assert cli.main(["sample", "run"]) == 0
    assert Path("run/drawn.png").stat().st_size > 10_000
    assert Path("run/step-00000004/tensors.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "a.jpg"], "`--out` must end in one of .png, .npy, .safetensors, got 'a.jpg'"),
        (["--count", "0"], "`--count` must be at least 1, got 0"),
        (["--draw", "-1"], "`--draw` must be at least 0, got -1"),
        (["--average"], "`--average` asks for what this run has not"),
        (["--out", "nowhere/a.png"], "`--out` must be a file in a folder that exists, got nowhere/a.png"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(digits, arguments, message, capsys):
    assert cli.main(["sample", "digits", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_run_on_points_is_judged_beside_real_points(unseen, capsys):
    train("--steps", 3, "--batch-size", 8, "--out", "run")
    capsys.readouterr()
    assert cli.main(["evaluate", "run", "--samples", "300", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["samples"] == 300
    assert result["wasserstein_1"] > result["real_wasserstein_1"] > 0
    assert result["perfect_high_quality"] == pytest.approx(1 - np.exp(-4.5), rel=1e-12)
    assert cli.main(["evaluate", "run", "--samples", "300"]) == 0
    said = capsys.readouterr().out
    assert f"(real samples: {result['real_wasserstein_1']:.4g})" in said
    assert cli.main(["evaluate", "run", "--samples", "0"]) == 2


def test_a_run_on_images_is_judged_by_a_classifier_and_its_curves_are_read(digits, capsys):
    capsys.readouterr()
    assert cli.main(["evaluate", "digits", "--samples", "200", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    for found in result["each"]:
        assert found["samples"] == 200
        assert found["classifier_frechet"] > 10 * found["real_classifier_frechet"] > 0
        assert found["classifier_kernel"] > 10 * abs(found["real_classifier_kernel"])
        assert found["verdict"]["pattern"] == "cannot tell"  # of three steps
    mean = np.mean([found["classifier_frechet"] for found in result["each"]])
    assert result["spread"]["classifier_frechet"]["mean"] == pytest.approx(mean, rel=1e-12)
    assert cli.main(["evaluate", "digits", "--samples", "200"]) == 0
    said = capsys.readouterr().out
    assert "seed 4: the loss curves say: cannot tell. There are 3 steps" in said


def test_metrics_are_asked_for_by_name_and_stand_beside_those_of_real_samples(digits, capsys):
    capsys.readouterr()
    asked = "classifier_score,precision_recall,density_coverage,sliced_wasserstein"
    arguments = ["evaluate", "digits", "--seed", "4", "--samples", "200", "--metrics", asked]
    assert cli.main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["judged"] == 200
    assert found["precision"] < found["real_precision"] <= 1
    assert found["coverage"] < found["real_coverage"] < 1
    assert found["sliced_wasserstein"] > 2 * found["real_sliced_wasserstein"] > 0
    assert found["classifier_score"] < found["real_classifier_score"] < 10
    assert "f_recall" not in found
    assert cli.main(arguments) == 0
    assert re.search(r"^coverage +0[.\d]* \(real samples: 0\.\d+\)$", capsys.readouterr().out, re.M)
    assert cli.main(["evaluate", "digits", "--metrics", "precision"]) == 2
    assert "`--metrics` must be one of classifier_score, precision_recall," in capsys.readouterr().err


def test_what_a_classifier_sees_is_not_asked_of_points(unseen, capsys):
    train("--steps", 1, "--batch-size", 8, "--out", "points")
    capsys.readouterr()
    arguments = ["evaluate", "points", "--samples", "60", "--json", "--metrics"]
    assert cli.main([*arguments, "nearest_neighbour_accuracy"]) == 0
    assert json.loads(capsys.readouterr().out)["nearest_neighbour_accuracy"] > 0.9
    assert cli.main([*arguments, "classifier_score"]) == 2
    assert "the logits of a classifier: these data have none" in capsys.readouterr().err


def test_fid_is_asked_of_images_and_its_package_is_named_where_it_is_missing(digits, monkeypatch, capsys):
    train("--steps", 1, "--batch-size", 8, "--out", "points")
    assert cli.main(["evaluate", "points", "--samples", "50", "--fid"]) == 2
    assert "`--fid` must be left out for a run on points" in capsys.readouterr().err
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "torch_fidelity", None)
        assert cli.main(["evaluate", "digits", "--samples", "50", "--fid"]) == 2
    assert 'pip install "ganlab-book[fidelity]"' in capsys.readouterr().err
    asked = []

    def fid_kid(real, fake):
        asked.append((real, fake))
        return metrics.Fidelity(1.5, 0.25, 0.0)

    monkeypatch.setattr(metrics, "fid_kid", fid_kid)
    assert cli.main(["evaluate", "digits", "--samples", "50", "--fid", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["spread"]["fid"]["mean"] == 1.5
    real, fake = asked[0]
    assert real.shape == fake.shape == (50, 1, 8, 8)
    assert len(real.unique(dim=0)) == 50


def test_fid_is_measured_by_given_weights_against_a_file_or_a_folder(digits, monkeypatch, capsys):
    """The features are stood in for by the means of the halves of an image; SciPy tells the distance."""

    def halves(images, *, weights):
        assert weights == Path("weights.pth")
        return torch.stack([half.mean((1, 2, 3)) for half in images.double().chunk(2, 2)], 1)

    def fid_kid(real, fake, *, weights):
        asked.append(real)
        return metrics.Fidelity(1.5, 0.25, 0.0)

    monkeypatch.setattr(metrics, "inception_features", halves)
    monkeypatch.setattr(metrics, "fid_kid", fid_kid)
    Path("weights.pth").write_bytes(b"stood in for")
    asked, count = [], ["evaluate", "digits", "--seed", "2", "--samples", "50", "--json"]
    given = ["--fid", "--fid-weights", "weights.pth"]
    assert cli.main([*count, *given, "--fid-keep", "real.npz"]) == 0
    real = asked.pop()
    with np.load("real.npz") as stored:
        kept = stored["mu"], stored["sigma"]
    seen = halves(real, weights=Path("weights.pth")).numpy()
    np.testing.assert_allclose(kept[0], seen.mean(0), rtol=1e-12)
    np.testing.assert_allclose(kept[1], np.cov(seen, rowvar=False), rtol=1e-12)
    capsys.readouterr()
    assert cli.main([*count, *given, "--fid-against", "real.npz"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "kid" not in found
    assert cli.main(["sample", "digits", "--seed", "2", "--count", "50", "--out", "a.npy"]) == 0
    drawn = halves(torch.from_numpy(np.load("a.npy")), weights=Path("weights.pth")).numpy()
    cov = np.cov(drawn, rowvar=False)
    apart = ((drawn.mean(0) - kept[0]) ** 2).sum()
    wanted = apart + np.trace(cov + kept[1] - 2 * linalg.sqrtm(cov @ kept[1]).real)
    assert found["fid"] == pytest.approx(wanted, rel=1e-6)
    Path("mine").mkdir()
    for number in range(3):
        Image.fromarray(np.full((8, 8), 90 * number, dtype=np.uint8)).save(f"mine/{number}.png")
    assert cli.main([*count, *given, "--fid-against", "mine"]) == 0
    assert sorted(asked.pop().flatten(1).mean(1).tolist()) == pytest.approx(
        [-1, 90 / 127.5 - 1, 180 / 127.5 - 1]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fid-against", "."], "`--fid-against` must be left out without `--fid`, got ."),
        (["--fid-weights", "digits"], "`--fid-weights` must be left out without `--fid`, got digits"),
        (["--fid", "--fid-weights", "none.pth"], "`--fid-weights` must be a file that exists, got none.pth"),
        (["--fid", "--fid-against", "no.npz"], "`--fid-against` must be a folder or a .npz file that exists"),
        (["--fid", "--fid-against", "digits/request.json"], "`--fid-against` must be a folder or a .npz fi"),
        (
            ["--fid", "--fid-keep", "a.txt"],
            "`--fid-keep` must be a .npz file in a folder that exists, got a.",
        ),
        (["--fid", "--fid-keep", "no/a.npz"], "`--fid-keep` must be a .npz file in a folder that exists, go"),
        (
            ["--fid", "--fid-keep", "b.npz", "--fid-against", "a.npz"],
            "`--fid-keep` must be left out beside a",
        ),
        (["--fid", "--fid-against", "a.npz"], "a.npz must be a .npz file with `mu` and `sigma`: "),
    ],
)
def test_files_of_fid_that_are_no_such_are_one_sentence(digits, arguments, message, capsys):
    Path("a.npz").write_bytes(b"no archive")
    before = sorted(Path().rglob("*"))
    capsys.readouterr()
    assert cli.main(["evaluate", "digits", "--samples", "50", *arguments]) == 2
    caught = capsys.readouterr()
    assert message in caught.err
    assert (caught.out, len(caught.err.splitlines())) == ("", 1)
    assert sorted(Path().rglob("*")) == before


# What a run shows while it goes on


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_the_rate_and_the_time_left_and_a_file_sees_nothing(unseen, monkeypatch, capsys):
    train("--steps", 3, "--batch-size", 8)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys, "stderr", Terminal())
    train("--steps", 3, "--batch-size", 8)
    last = sys.stderr.getvalue().split("\r")[-1]
    assert "3/3" in last
    assert "<00:00" in last
    assert "step/s" in last or "s/step" in last


def test_tensorboard_reads_the_history_and_sees_samples(unseen, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    settings = ("--data", "digits", "--steps", 9, "--batch-size", 8, "--checkpoint-every", 4)
    with monkeypatch.context() as patch:
        interrupt_at(patch, 6)
        assert train(*settings, "--tensorboard", 3, "--out", "logged") == 130
    assert cli.main(["resume", "logged", "--from", "step-00000004"]) == 0
    events = EventAccumulator("logged/tensorboard")
    events.Reload()
    history = History.load(Path("logged/history.json"))
    assert [event.step for event in events.Scalars("g_loss")] == [3, 6, 9], "no step is logged twice"
    for column in history.columns:
        scalars = {event.step: event.value for event in events.Scalars(column)}
        assert scalars == pytest.approx({step: history[column][step - 1] for step in (3, 6, 9)}, rel=1e-6)
    images = events.Images("samples/seed 0")
    assert [event.step for event in images] == [4, 8, 9]
    assert images[0].width == images[0].height == 8 * 9 + 1
    train(*settings, "--out", "silent")
    assert_equal("logged", "silent")


def test_without_the_package_tensorboard_the_cure_is_named_and_nothing_is_written(
    monkeypatch, capsys, tmp_path
):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert train("--steps", 1, "--tensorboard") == 2
    assert 'pip install "ganlab-book[tensorboard]"' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# Data and requests


on_disk = pytest.mark.skipif(
    not FASHION_MNIST.exists() and not os.environ.get("CI"),
    reason="the Debian package dataset-fashion-mnist is not installed",
)


@on_disk
def test_fashion_mnist_on_disk_is_found_and_trained_on_without_network(monkeypatch):
    refuse_the_network(monkeypatch)
    assert train("--data", "fashion_mnist", "--steps", 3, "--batch-size", 16) == 0
    assert Path("runs/fashion_mnist-1/samples.png").stat().st_size > 10_000


SMALL_CLOTHES = ("--batch-size", 8, "--checkpoint-every", 2, "--schedule", "constant")


@on_disk
def test_clothes_are_asked_for_by_class(unseen, capsys):
    small = ("--experiment", "fashion_mnist_conditional", "--width", 4, *SMALL_CLOTHES)
    assert train(*small, "--steps", 4, "--out", "whole") == 0
    shutil.copytree("whole", "cut")
    assert cli.main(["resume", "cut", "--from", "step-00000002"]) == 0
    assert_equal("whole", "cut")
    capsys.readouterr()
    assert cli.main(["sample", "cut", "--label", "9", "--count", "8", "--out", "boots.npy"]) == 0
    assert "8 samples of class 9 of step 4" in capsys.readouterr().out
    assert np.load("boots.npy").shape == (8, 1, 28, 28)
    assert cli.main(["evaluate", "cut", "--samples", "100", "--json"]) == 0
    judged = json.loads(capsys.readouterr().out)
    assert 0 <= judged["obedience"] <= 1
    assert {"class_frechet", "class_spread", "least_class_spread"} <= judged.keys()


@on_disk
@pytest.mark.parametrize("name", ["shoes_and_tops", "shoes_and_tops_moves"])
def test_shoes_and_tops_are_translated_by_name(name, unseen, capsys):
    small = ("--experiment", name, "--width", 8, *SMALL_CLOTHES)
    assert train(*small, "--steps", 4, "--out", "whole") == 0
    shutil.copytree("whole", "cut")
    assert cli.main(["resume", "cut", "--from", "step-00000002"]) == 0
    assert_equal("whole", "cut")
    assert cli.main(["sample", "cut", "--count", "8", "--out", "drawn.npy"]) == 0
    assert np.load("drawn.npy").shape == (8, 1, 28, 28)
    capsys.readouterr()
    assert cli.main(["evaluate", "cut", "--samples", "100", "--json"]) == 0
    judged = json.loads(capsys.readouterr().out)
    assert {"right", "arrived", "least_right", "cycle_error", "classifier_frechet"} <= judged.keys()
    assert 0.85 < judged["real_right"] <= judged["real_arrived"] < 1
    assert cli.main(["evaluate", "cut", "--samples", "100"]) == 0
    assert "right translations" in capsys.readouterr().out
    assert train("--experiment", name, "--pairs", 2, "--steps", 1, "--out", "known") == 2
    assert "`pairs` must be 0 for shoes_and_tops, of which none are known, got 2" in capsys.readouterr().err


BAD = [
    (["--data", "rnig"], "`--data` must be one of ring, .* got 'rnig'; did you mean 'ring'"),
    (["--loss", "hing"], "`loss` must be one of minimax, .* did you mean 'hinge'"),
    (["--network", "dcgna"], "`network` must be one of mlp, .* did you mean 'dcgan'"),
    (["--experiment", "rings"], "`--experiment` must be one of ring, .* did you mean 'ring'"),
    (["--experiment", "ring", "--data", "grid"], "`--data` must be ring for the set-up ring, got 'grid'"),
    (["--regularizer", "r3=1"], "`regularizer` must be one of wgan_gp, .* got 'r3'; did you mean 'r"),
    (["--regularizer", "r1"], r"`--regularizer` must be NAME=WEIGHT\[:EVERY\] or none, got 'r1'"),
    (["--regularizer", "r1=1:x"], r"`--regularizer` must be NAME=WEIGHT\[:EVERY\] or none, got 'r1=1:x'"),
    (["--regularizer", "r1=-1"], "the weight of `r1` must be at least 0, got -1"),
    (["--batch-size", "0"], "`batch_size` must be at least 1, got 0"),
    (["--steps", "0"], "`steps` must be at least 1, got 0"),
    (["--n-critic", "0"], "`n_critic` must be at least 1, got 0"),
    (["--lr", "0"], "`--lr` must be positive"),
    (["--lr", "nan"], r"`--lr` must be finite, got \(nan, nan\)"),
    (["--lr", "1e400"], r"`--lr` must be finite, got \(inf, inf\)"),
    (["--instance-noise", "inf"], "`instance_noise` must be finite, got inf"),
    (["--regularizer", "r1=inf"], r"`regularizers` must be finite, got \(\('r1', inf\),\)"),
    (["--unroll", "1:inf"], r"`unroll` must be finite, got \(1, inf\)"),
    (["--lr", "1,2,3"], "`--lr` must be a rate, or two with a comma, .* as 0.001,0.002, got '1,2,3'"),
    (["--lr", "fast"], "`--lr` must be a rate, or two with a comma, .* got 'fast'"),
    (["--steps", "ten"], "`--steps` must be a whole number, got 'ten'"),
    (["--betas", "0.5"], "`--betas` must be two numbers with a comma, as 0.5,0.999, got '0.5'"),
    (["--betas", "0,1"], r"`betas` must be two numbers in \[0, 1\), got \(0.0, 1.0\)"),
    (["--betas", "0,0.9", "--optimizer", "sgd"], "`--betas` must be left out: sgd has none"),
    (["--optimizer", "adams"], "`optimizer` must be one of adam, sgd, rmsprop, got 'adams'; did you mean"),
    (["--schedule", "cosin"], "`schedule` must be one of constant, linear, cosine, got 'cosin'; did you"),
    (["--width", "8,x"], "`--width` must be a whole number, several with commas, .* got '8,x'"),
    (["--width", "0"], "`width` must be at least 1, got 0"),
    (["--discriminator-width", "8,-1"], r"`discriminator_width` must be at least 1, got \(8, -1\)"),
    (["--data", "digits", "--network", "dcgan", "--width", "8,8"], "`width` must be one number for the net"),
    (["--latent-dim", "0"], "`latent_dim` must be at least 1, got 0"),
    (["--ema", "1"], r"`ema` must be in \[0, 1\), got 1.0"),
    (["--ema", "much"], "`--ema` must be a number or none, got 'much'"),
    (["--clip", "-1"], "`clip` must be positive, got -1.0"),
    (["--clip", "1", "--spectral-norm"], "`clip` must be left out beside `spectral_norm`"),
    (["--pack", "3"], "`batch_size` must be a multiple of `pack`, 3, got 256"),
    (["--pack", "2", "--conditional"], "`pack` must be 1 where `conditional` is on"),
    (
        ["--conditional", "--data", "swiss_roll"],
        "`conditional` needs data with labels, one of ring, .* got s",
    ),
    (["--unroll", "1"], "`--unroll` must be STEPS:RATE, as 1:0.1, or none, got '1'"),
    (["--unroll", "0:0.1"], "`unroll` must be at least one step and a positive rate, got"),
    (["--smoothing", "0.1", "--loss", "hinge"], "`loss` must be one of minimax, non_saturating to have labe"),
    (["--fake-label", "1"], "`fake_label` must be at least 0 and below the real label, 1, got"),
    (["--instance-noise", "-1"], "`instance_noise` must be at least 0, got -1.0"),
    (["--bf16"], "`bf16` needs networks in float32: `float64` must be off"),
    (["--seed", "-1"], "`--seed` must be at least 0, got -1"),
    (["--seeds", "0"], "`--seeds` must be a number up to 10000, or distinct seeds .* got '0'"),
    (["--seeds", "1,1"], "`--seeds` must be a number up to 10000, or distinct seeds .* got '1,1'"),
    (["--seeds", "99999999999999"], "`--seeds` must be a number up to 10000, or .* got '99999999999999'"),
    (["--seed", "99999999999999999999"], r"a seed must be below 2\^63, got 99999999999999999999"),
    (["--seeds", "1,99999999999999999999"], r"a seed must be below 2\^63, got 99999999999999999999"),
    (["--init", "nowhere"], r"`--init` must be a run folder, got nowhere without a request\.json"),
    (
        ["--data", "digits", "--network", "residual", "--spectral-norm"],
        "`spectral_norm` must be left out for the network residual: layers of its discriminator start",
    ),
    (["--seeds", "a"], "`--seeds` must be a number up to 10000, or distinct seeds .* got 'a'"),
    (["--checkpoint-every", "0"], "`--checkpoint-every` must be at least 1, got 0"),
    (["--tensorboard", "0"], "`--tensorboard` must be at least 1, got 0"),
    (["--device", "gpu"], "`--device` must be one of auto, cpu, cuda, cuda:1, mps, got 'gpu'"),
    (["--device", "cuda:x"], "`--device` must be one of auto, cpu, cuda, cuda:1, mps, got 'cuda:x'"),
    (
        ["--device", "mps"],
        "`--device` must not be mps for a set-up in double precision: `--no-float64` is not",
    ),
    (["--best", "fid"], "`--best` must be one of modes, high_quality, .*, wasserstein_1, got 'fid'"),
    (
        ["--best", "modes", "--data", "digits"],
        "`--best` must be one of classifier_frechet, classifier_kernel, got",
    ),
    (
        ["--best", "modes", "--data", "mnist"],
        "`--best` must be left out for mnist: the package has no measure",
    ),
    (["--best", "modes", "--best-every", "0"], "`--best-every` must be at least 1, got 0"),
    (["--data", "digits", "--batch-size", "100000"], "`batch_size` must be at most"),
    (["--data", "fashion_mnist", "--data-dir", "."], "`--data-dir` must hold train-images-idx3-ubyte or"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_a_bad_request_is_one_sentence_and_writes_nothing(arguments, message, capsys, tmp_path):
    assert train(*arguments) == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert len(caught.err.splitlines()) == 1
    assert pytest.raises(ValueError, match=message).matches(ValueError(caught.err))
    assert not list(tmp_path.iterdir())


def test_missing_data_without_network_is_one_sentence(monkeypatch, capsys, tmp_path):
    refuse_the_network(monkeypatch)
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


def test_list_names_everything_there_is(capsys):
    assert cli.main(["list"]) == 0
    text = capsys.readouterr().out
    for name in (*data.DATASETS, "relativistic_pairing", "dragan", "dcgan", "r1=0.05,r2=0.05"):
        assert name in text
    assert cli.main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    kinds = (
        "data",
        "networks",
        "conditions",
        "losses",
        "regularizers",
        "optimizers",
        "schedules",
        "augmentations",
    )
    assert found.keys() == {*kinds, "experiments", "studies", "pretrained"}
    assert found["studies"]["cures_ring"]["question"].endswith("?")


def test_list_tells_of_a_setup_what_is_no_default_and_fits_a_screen(capsys):
    cli.main(["list"])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 110
    parts = text.split("\n\n")
    setups = next(part for part in parts if part.startswith("experiments"))
    rows = {line.split()[0]: line for line in re.sub(r"\n {5,}", " ", setups).splitlines()[1:]}
    told = {name: re.split(r"; ?", row.split(maxsplit=1)[1]) for name, row in rows.items()}
    assert list(told) == list(experiments.EXPERIMENTS)
    assert "width 64" in told["ring"]
    assert told["grid"][0] == "grid"
    assert not any(item.startswith("width") for item in told["grid"]), "128 is the default"
    assert "regularizers r1=0.001,r2=0.001" in told["ring_pairing"]
    assert "learning_rates 0.002,0.0002" in told["ring_collapse"]
    assert "unroll 1:0.1" in told["ring_collapse_unrolled"]
    assert not any(item.startswith("unroll") for item in told["ring_collapse_small"])
    left_out = " ".join(parts[-1].split())
    assert left_out.startswith("left out, being the default: network mlp; loss non_saturating; ")
    assert len(left_out.split("; ")) == len(fields(experiments.Experiment)) - 1


def test_list_ends_well_when_nobody_reads_on():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "ganlab", "list"]
    ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")


LIGHT = [
    (["--help"], 0),
    (["--version"], 0),
    *(
        ([command, "--help"], 0)
        for command in ("train", "resume", "sample", "walk", "evaluate", "study", "list")
    ),
    (["list"], 0),
    (["list", "--json"], 0),
    ([], 2),
    (["train", "--colour", "blue"], 2),
    *((["train", *arguments], 2) for arguments, _ in BAD[:-2]),  # the last two look at images
    (["train", "--out", "taken"], 2),
    (["train", "--init", "nowhere"], 2),
    (["train", "--init", "run"], 2),
    (["sample", "run", "--best"], 2),
    (["walk", "nowhere"], 2),
    (["walk", "run"], 2),  # of points
    (["evaluate", "run", "--best"], 2),
    (["resume", "nowhere"], 2),
    (["resume", "run", "--from", "step-7"], 2),
    (["resume", "run", "--device", "gpu"], 2),
    (["resume", "run", "--device", "mps"], 2),
    (["resume", "run", "--steps", "4999"], 2),
    (["sample", "nowhere"], 2),
    (["sample"], 2),
    (["sample", "--pretrained", "rnig"], 2),
    (["walk", "--pretrained", "ring"], 2),
    (["evaluate", "run", "--pretrained", "ring"], 2),
    (["sample", "run", "--count", "0"], 2),
    (["sample", "run", "--seed", "5"], 2),
    (["sample", "run", "--of", "3"], 2),
    (["sample", "run", "--out", "a.jpg"], 2),
    (["sample", "run", "--average"], 2),
    (["evaluate", "run", "--fid"], 2),
    (["evaluate", "run", "--fid-weights", "nowhere"], 2),
    (["evaluate", "run", "--samples", "0"], 2),
    (["evaluate", "run", "--metrics", "precision_recall,presision"], 2),
]


def test_what_needs_no_network_is_answered_without_torch(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("all of it")
    (tmp_path / "run").mkdir()
    settings = experiments.to_dict(experiments.change(experiments.EXPERIMENTS["ring"], ema=None))
    document = {"experiment": settings, "seeds": [3]}
    (tmp_path / "run" / "request.json").write_text(json.dumps(document))
    code = """
import contextlib, io, json, sys
from ganlab import cli
for arguments, code in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            got = cli.main(arguments)
        except SystemExit as ended:
            got = ended.code
    loaded = {"torch", "numpy", "scipy", "matplotlib", "sklearn"} & set(sys.modules)
    assert got == code and not loaded, (arguments, got, loaded)
"""
    subprocess.run([sys.executable, "-c", code, json.dumps(LIGHT)], cwd=tmp_path, check=True)


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"ganlab {ganlab.__version__}\n"


@pytest.mark.parametrize(
    ("command", "defaults"), [("train", 15), ("sample", 8), ("walk", 8), ("evaluate", 10), ("resume", 5)]
)
def test_help_shows_the_defaults(command, defaults, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    assert " ".join(capsys.readouterr().out.split()).count("default") == defaults


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ([], "`ganlab COMMAND --help` the options of one"),
        (["train", "--draw", "1"], "`ganlab COMMAND --help` the options of one"),
        (["train", "--steps"], "`ganlab train --help` explains each option"),
    ],
    ids=["nothing", "an option of another command", "an option without its number"],
)
def test_a_line_that_cannot_be_read_is_told_where_to_look(asked, told, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(asked)
    assert caught.value.code == 2
    assert capsys.readouterr().err.endswith(f"{told}\n")


def test_help_says_what_the_exit_codes_mean(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    said = capsys.readouterr().out
    for code in ("0 done", "1 the run failed", "2 the request was wrong", "130 interrupted"):
        assert code in said


def test_a_run_starts_from_another_ones_weights_or_names_the_layer_that_does_not_fit(unseen, capsys):
    small = ("--steps", 2, "--batch-size", 8)
    assert train(*small, "--width", 8, "--out", "first") == 0
    assert (
        train(*small, "--width", 8, "--loss", "hinge", "--data", "grid", "--init", "first", "--out", "a") == 0
    )
    assert json.loads(Path("a/request.json").read_text())["init"] == str(
        Path("first/step-00000002").resolve()
    )
    capsys.readouterr()
    assert train(*small, "--width", 9, "--init", "first", "--out", "b") == 2
    said = capsys.readouterr().err
    assert said.startswith(
        "ganlab: `--init` must be a run of the same networks: `generator.layers.0.weight` must "
    )
    assert len(said.splitlines()) == 1
    assert not Path("b").exists()


def test_the_best_checkpoint_is_kept_told_drawn_and_judged(unseen, capsys):
    command = ("--steps", 6, "--batch-size", 8, "--width", 8, "--best", "wasserstein_1", "--best-every", 2)
    assert train(*command, "--out", "run") == 0
    said = capsys.readouterr().out
    result = json.loads(Path("run/result.json").read_text())
    assert result["best_step"] in (2, 4, 6)
    assert re.search(rf"best of the run +{result['best']:.4g} \(at step {result['best_step']}\)", said)
    assert cli.main(["sample", "run", "--best", "--count", "4", "--out", "a.npy"]) == 0
    assert f"4 samples of step {result['best_step']}, of the averaged generator" in capsys.readouterr().out
    assert cli.main(["evaluate", "run", "--best", "--samples", "50", "--json"]) == 0
    judged = json.loads(capsys.readouterr().out)
    assert (judged["steps"], judged["step"]) == (6, result["best_step"])
    train("--steps", 1, "--batch-size", 8, "--out", "plain")
    assert cli.main(["sample", "plain", "--best"]) == 2
    assert "`--best` asks for what this run has not: it was trained without" in capsys.readouterr().err


def test_a_walk_leaves_a_strip_and_a_film(digits, capsys):
    capsys.readouterr()
    assert cli.main(["walk", "digits", "--stops", "3", "--seed", "4"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == (
        "3 stops with 8 images from each to the next, at step 3, of the last generator, in digits/walk.png"
    )
    with Image.open("digits/walk.png") as strip:
        factor = strip.width // 82  # nine columns of eight pixels, and ten lines between
        assert strip.size == (82 * factor, 28 * factor)
    with Image.open("digits/walk.gif") as film:
        assert film.n_frames == 3 * 24
    assert cli.main(["walk", "digits", "--frames", "2", "--draw", "1", "--out", "a.gif"]) == 0
    with Image.open("a.gif") as film:
        assert film.n_frames == 4 * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stops", "1"], "`--stops` must be at least 2, got 1"),
        (["--frames", "0"], "`--frames` must be at least 1, got 0"),
        (["--out", "a.jpg"], "`--out` must end in one of .png, .gif"),
        (
            ["--out", "a.mp4"],
            "`--out` must end in one of .png, .gif, and .mp4 where ffmpeg is on the path, got 'a.mp4",
        ),
        (["--label", "3"], "`--label` must be left out for a run without `--conditional`, got 3"),
        (["--average"], "`--average` asks for what this run has not"),
        (["--seed", "3"], "`--seed` must be one of 2, 4, the seeds of the run, got 3"),
        (["--draw", "-1"], "`--draw` must be at least 0, got -1"),
        (["--best"], "`--best` asks for what this run has not"),
    ],
)
def test_what_cannot_be_walked_is_one_sentence(digits, arguments, message, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    before = sorted(Path().rglob("*"))
    assert cli.main(["walk", "digits", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert sorted(Path().rglob("*")) == before


def test_a_walk_among_points_is_refused_by_name(unseen, capsys):
    train("--steps", 1, "--batch-size", 8, "--out", "run")
    capsys.readouterr()
    assert cli.main(["walk", "run"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        "ganlab: `RUN` must be a run on images, got one on the points of ring: `ganlab sample`"
    )
    assert len(said.splitlines()) == 1


def test_a_translation_is_trained_resumed_judged_and_drawn_from_by_name(tmp_path, capsys):
    small = ("--experiment", "turned_rings", "--width", 8, "--batch-size", 8, "--seeds", 2)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert train(*small, "--steps", 6, "--schedule", "constant", "--out", whole) == 0
    assert train(*small, "--steps", 4, "--schedule", "constant", "--out", cut) == 0
    assert cli.main(["resume", str(cut), "--steps", "6"]) == 0
    ends = [storage.load(folder / "step-00000006")[0] for folder in (whole, cut)]
    for name, value in ends[0].items():
        assert torch.equal(value, ends[1][name]), name
    assert {"there.layers.1.weight", "back.layers.1.weight"} <= ends[0].keys()
    capsys.readouterr()
    assert cli.main(["evaluate", str(whole), "--samples", "50", "--json"]) == 0
    (first, _) = json.loads(capsys.readouterr().out)["each"]
    assert {"right", "map_error", "cycle_error", "modes", "wasserstein_1"} <= first.keys()
    assert cli.main(["sample", str(whole), "--count", "7", "--out", str(tmp_path / "drawn.npy")]) == 0
    assert np.load(tmp_path / "drawn.npy").shape == (7, 2)
    assert cli.main(["walk", str(whole)]) == 2
