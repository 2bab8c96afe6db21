"""Processes that share a batch, against one process on the whole batch: the same gradients, and the same end.

Run as a script this file is one of the processes, started by torchrun; imported it is the test. One process
computes the truth with no group at all.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.testing import assert_close

from ganlab import data, runs, storage
from ganlab.cli import main
from ganlab.experiments import EXPERIMENTS, building, change
from ganlab.losses import LOSSES, non_saturating, relativistic_average
from ganlab.networks import mlp_discriminator, mlp_generator
from ganlab.regularizers import dragan, r1, r2, wgan_gp
from ganlab.training import GAN, Penalty, Unroll, draw_for_discriminator, draw_for_generator, train
from ganlab.training.distributed import Group, join

SHARED = [name for name, loss in LOSSES.items() if not loss.whole_batch]
PENALTIES = {
    "none": (),
    "wgan_gp": (Penalty(wgan_gp, 10.0),),
    "r1": (Penalty(r1, 0.5),),
    "r1_r2": (Penalty(r1, 0.5), Penalty(r2, 0.5)),
    "lazy": (Penalty(r1, 0.5, every=2), Penalty(wgan_gp, 1.0, every=3)),
    "dragan": (Penalty(dragan, 1.0),),
}
CASES = {
    **{f"{loss}-{name}": (loss, {"penalties": PENALTIES[name]}) for loss in SHARED for name in PENALTIES},
    "packed": ("non_saturating", {"pack": 2, "penalties": PENALTIES["wgan_gp"]}),
    "noisy": ("hinge", {"instance_noise": 0.3}),
}
SMALL = {"float64": True, "width": 8, "batch_size": 24}
TOLD = change(EXPERIMENTS["shared_ring_projection"], **SMALL)
SIDES = change(EXPERIMENTS["turned_rings"], **SMALL, pairs=3, move=2.0)
STYLED = change(EXPERIMENTS["digits_styles"], **SMALL)
SETUPS = {
    "projection": TOLD,
    "guessed": change(TOLD, condition="auxiliary", class_weight=0.7, regularizers=(("r1", 0.5),)),
    "digits_told": change(EXPERIMENTS["digits_conditional"], **SMALL),
    "two_sides": SIDES,
    "two_sides_pairing": change(SIDES, loss="relativistic_pairing"),
    "parts": change(EXPERIMENTS["ring_r1_r2"], **SMALL, accumulate=3),
    "two_sides_parts": change(SIDES, accumulate=2),
    "styled": STYLED,
    "styled_parts": change(STYLED, accumulate=2),
    "grown": change(STYLED, mixing=0.0, growing=1.0, steps=3),
}


def game(loss, group=None, pack=1, **settings):
    rng = torch.Generator().manual_seed(1)
    generator = mlp_generator(3, (2,), width=8, depth=2, rng=rng).double()
    discriminator = mlp_discriminator((2 * pack,), width=8, depth=2, rng=rng).double()
    return GAN(generator, discriminator, LOSSES[loss], rng, group=group, pack=pack, ema=0.9, **settings)


def record(case, group=None):
    """Every gradient that reached an optimizer in two steps of two, and what the run recorded."""
    if case in SETUPS:
        return record_setup(SETUPS[case], group)
    loss, settings = CASES[case]
    gan, found = game(loss, group, **settings), {}
    batches = data.batches(data.ring(), 16, torch.Generator().manual_seed(2), dtype=torch.float64)
    for player, optimizer in (("g", gan.g_optimizer), ("d", gan.d_optimizer)):

        def keep(optimizer, *_, player=player):
            for index, parameter in enumerate(optimizer.param_groups[0]["params"]):
                found[f"{player}.{index}.{gan.step}.{gan.critic_step}"] = parameter.grad.clone()

        optimizer.register_step_pre_hook(keep)
    history = train(gan, batches, 2, n_critic=2)
    return found | {"history": history.values.contiguous()}


def record_setup(experiment, group):
    """The same of a set-up by name: of every player, in its turn."""
    gan, batches, _ = building.build(experiment, seed=1, group=group)
    found = {}
    for player in gan.players.values():

        def keep(optimizer, *_, player=player):
            moving = {n: p for n, p in player.network.named_parameters() if p.grad is not None}
            for name, parameter in moving.items():  # scales that a grown network does not have yet have none
                key = next(name for name, each in gan.players.items() if each is player)
                found[f"{key}.{name}.{player.taken}"] = parameter.grad.clone()

        player.stepper.register_step_pre_hook(keep)
    history = train(gan, batches, 2, n_critic=2)
    return found | {"history": history.values.contiguous()}


def start(processes, *arguments):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*command, *map(str, arguments)], text=True, env=environment, **pipes)


def torchrun(processes, *arguments):
    job = start(processes, __file__, *arguments)
    _, errors = job.communicate(timeout=600)
    return job.returncode, errors


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    code, errors = torchrun(2, "record", folder)
    assert code == 0, errors[-2000:]
    return folder


@pytest.mark.parametrize("case", [*CASES, *SETUPS])
@pytest.mark.parametrize("rank", [0, 1])
def test_two_processes_have_the_gradients_of_one_on_the_joined_batch(shared, case, rank):
    truth, ours = record(case), load_file(shared / f"{case}.{rank}")
    assert ours.keys() == truth.keys()
    assert len(truth) > 20
    near = 1e-10 if "style" in case or case == "grown" else 1e-12  # deeper, and with the longest steps
    for name, gradient in truth.items():
        if name != "history":
            assert_close(ours[name], gradient, rtol=near, atol=near)
    if case in SETUPS:
        assert_close(ours["history"], truth["history"], rtol=1e-10, atol=1e-10)
        return
    assert_close(seen(ours["history"]), seen(truth["history"]), rtol=1e-12, atol=1e-12)
    assert_close(ours["history"], truth["history"], rtol=1e-10, atol=1e-10)


def seen(history):
    """Loss, penalty and gap of the mean scores: a loss of differences leaves their shift to rounding."""
    d_loss, penalty, d_real, d_fake, _ = history.unbind(1)
    return torch.stack([d_loss, penalty, d_real - d_fake])


def test_two_hosts_have_the_gradients_of_one_process(hosts, tmp_path):
    """A torchrun on each of two network namespaces, which share nothing but a cable between them."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1"]
    command += ["--master-addr", ADDRESSES[0], "--master-port", "29511"]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    jobs = []
    for number, (host, cable) in enumerate(zip(hosts, CABLES, strict=True)):
        environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": cable}
        there = ["ip", "netns", "exec", host, *command, "--node-rank", str(number)]
        there += [__file__, "record_one", str(tmp_path)]
        jobs.append(subprocess.Popen(there, env=environment, **pipes))
    ends = [(job.communicate(timeout=600)[1], job.returncode) for job in jobs]
    assert [code for _, code in ends] == [0, 0], "\n".join(errors[-2000:] for errors, _ in ends)
    truth = record(ONE)
    for rank in (0, 1):
        ours = load_file(tmp_path / f"{ONE}.{rank}")
        assert ours.keys() == truth.keys()
        for name, value in truth.items():
            assert_close(ours[name], value, rtol=1e-10, atol=1e-10, msg=lambda m, name=name: f"{name}: {m}")


ONE = "non_saturating-r1_r2"
ADDRESSES = ("10.77.77.1", "10.77.77.2")
CABLES = ("minimax-a", "minimax-b")


@pytest.fixture
def hosts():
    """The names of two network namespaces that a cable joins; skipped where none can be made."""
    names = [f"minimax-{os.getpid()}-{end}" for end in "ab"]

    def ip(*words):
        return subprocess.run(["ip", *words], capture_output=True, text=True, check=True)

    try:
        for name in names:
            ip("netns", "add", name)
        ip("link", "add", CABLES[0], "netns", names[0], "type", "veth", "peer", "name", CABLES[1],
           "netns", names[1])  # fmt: skip
        for name, cable, address in zip(names, CABLES, ADDRESSES, strict=True):
            ip("-n", name, "address", "add", f"{address}/24", "dev", cable)
            ip("-n", name, "link", "set", cable, "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or error
        pytest.skip(f"two network namespaces as two hosts cannot be made here: {reason}")
    finally:
        for name in names:
            with suppress(OSError):
                subprocess.run(["ip", "netns", "del", name], capture_output=True)


def test_a_process_that_dies_ends_the_job_with_its_reason():
    code, errors = torchrun(2, "die")
    assert code != 0
    assert "LostProcessError: process 0 of 2 lost another process" in errors


COMMAND = ["train", "--experiment", "ring_r1_r2", "--batch-size", "32", "--steps", "400"]


def test_a_run_whose_process_was_killed_goes_on_with_another_number_of_them(tmp_path, capsys):
    """One of two is killed by SIGKILL; one process goes on, and ends where it would have been alone."""
    together, alone = tmp_path / "together", tmp_path / "alone"
    job = start(2, "-m", "ganlab", *COMMAND, "--checkpoint-every", "20", "--out", together)
    deadline = time.monotonic() + 600
    while not storage.steps(together):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(worker_of(job.pid), signal.SIGKILL)
    _, errors = job.communicate(timeout=600)
    assert job.returncode != 0
    assert "lost another process" in errors
    assert f"`ganlab resume {together}`, with any number of processes, goes on from step" in errors

    assert storage.steps(together)[-1] < 400
    assert main(["resume", str(together)]) == 0
    assert main([*COMMAND, "--out", str(alone)]) == 0
    capsys.readouterr()
    ours, truth = (storage.load(folder / "step-00000400")[0] for folder in (together, alone))
    assert ours.keys() == truth.keys()
    for name, value in truth.items():
        assert_close(ours[name], value, rtol=1e-6, atol=1e-9, msg=lambda m, name=name: f"{name}: {m}")


def worker_of(launcher):
    """The process number of one of the two that torchrun started."""
    found = subprocess.run(["pgrep", "-P", str(launcher)], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[-1])


def test_several_seeds_on_shared_batches_are_refused(tmp_path):
    request = runs.Request(EXPERIMENTS["ring"], seeds=(1, 2))
    with pytest.raises(ValueError, match="`--seeds` must be one seed where processes share a batch"):
        runs.create(tmp_path / "run", request, group=Group(0, 2))
    assert not (tmp_path / "run").exists()


def test_only_the_first_process_writes(tmp_path):
    request = runs.Request(change(EXPERIMENTS["ring"], steps=3))
    run = runs.create(tmp_path / "run", request, group=Group(1, 2))
    assert not (tmp_path / "run").exists()
    runs.save(run)
    assert not (tmp_path / "run").exists()
    runs.create(tmp_path / "run", request, group=Group(0, 2))
    assert (tmp_path / "run" / "request.json").is_file()


def test_the_parts_of_a_batch_are_the_batch():
    batch = torch.arange(24).reshape(12, 2)
    for size in (1, 2, 3, 4):
        parts = [Group(rank, size).part(batch) for rank in range(size)]
        assert torch.equal(torch.cat(parts), batch)
        assert len({len(part) for part in parts}) == 1


def test_batches_that_cannot_be_shared_evenly_are_refused():
    with pytest.raises(ValueError, match="batch size must be a multiple of 3 processes, got 16"):
        Group(0, 3).part(torch.zeros(16))
    with pytest.raises(ValueError, match=r"multiple of 2 processes x `pack` = 3, got 16"):
        Group(0, 2).part(torch.zeros(16), multiple=3)
    with pytest.raises(ValueError, match="`rank` must be in 0 to 1, got 2"):
        Group(2, 2)


def test_noise_and_mixes_are_cut_like_the_samples_they_belong_to():
    draws = []
    for group in (None, Group(0, 2), Group(1, 2)):
        gan = game("hinge", group, instance_noise=0.5, penalties=PENALTIES["wgan_gp"])
        batches = data.batches(data.ring(), 8, torch.Generator().manual_seed(2), dtype=torch.float64)
        draws.append((draw_for_discriminator(gan, batches), draw_for_generator(gan, batches)))
    for whole, first, second in zip(*draws, strict=True):
        assert torch.equal(torch.cat([first.noise, second.noise], 1), whole.noise)
        assert torch.equal(torch.cat([first.latents, second.latents]), whole.latents)
    whole, first, second = (d_draw for d_draw, _ in draws)
    assert torch.equal(torch.cat([first.mixes[0], second.mixes[0]]), whole.mixes[0])
    assert torch.equal(torch.cat([first.real, second.real]), whole.real)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "relativistic_average"}, "must not be relativistic_average where processes share a batch"),
        (
            {"loss": "minimax", "unroll": Unroll(1, 0.1)},
            "`unroll` must be None where processes share a batch",
        ),
    ],
)
def test_what_needs_the_whole_batch_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        game(group=Group(0, 2), **settings)
    assert game("relativistic_average").loss is relativistic_average


def test_batch_norm_in_either_player_is_refused():
    rng = torch.Generator().manual_seed(1)
    generator = mlp_generator(3, (2,), width=8, rng=rng)
    generator.layers.insert(1, nn.BatchNorm1d(8))
    discriminator = mlp_discriminator((2,), width=8, rng=rng)
    with pytest.raises(ValueError, match=r"layers\.1` is a BatchNorm1d.*a batch shared between processes"):
        GAN(generator, discriminator, non_saturating, rng, group=Group(0, 2))


def test_alone_there_is_no_group(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with join() as group:
        assert group is None


def _process(mode, folder=None):
    torch.set_default_dtype(torch.float64)  # as tests/conftest.py has it
    torch.set_num_threads(1)
    with join(timeout=20) as group:
        if mode == "die":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun's, which would end it before it speaks
            if group.rank == 1:
                os._exit(3)
            group.any(False)
        elif mode == "record_one":
            save_file(record(ONE, group), Path(folder) / f"{ONE}.{group.rank}")
        else:
            for case in [*CASES, *SETUPS]:
                save_file(record(case, group), Path(folder) / f"{case}.{group.rank}")


if __name__ == "__main__":
    _process(*sys.argv[1:])
