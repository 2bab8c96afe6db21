"""Run folders: however a run is stopped, it must end where the same run ends without a stop, to the bit."""

import json
import shutil
from dataclasses import replace

import pytest
import torch

from ganlab import runs, storage, training
from ganlab.experiments import EXPERIMENTS, build, change, requests
from ganlab.experiments.requests import Request
from ganlab.storage import CheckpointError

HARD = change(
    EXPERIMENTS["ring_r1_r2"],
    steps=12,
    batch_size=8,
    width=8,
    n_critic=2,
    regularizers=(("r1", 0.1, 3), ("r2", 0.1)),
    instance_noise=0.1,
)
IMAGES = change(EXPERIMENTS["digits"], steps=5, batch_size=512, width=4, discriminator_width=4, ema=0.9)
CONVOLUTIONS = change(IMAGES, network="dcgan", batch_size=8, steps=5)
RUNS = {
    "one": Request(HARD, seeds=(3,), checkpoint_every=5),
    "stacked": Request(HARD, seeds=(3, 5), checkpoint_every=4),
    "epochs": Request(IMAGES, seeds=(1,), checkpoint_every=2),
    "in_turn": Request(CONVOLUTIONS, seeds=(0, 7), checkpoint_every=2),
}


class Stop(Exception):
    pass


def stop_at(step):
    def watch(run):
        if run.step >= step:
            raise Stop

    return watch


def stored(folder):
    return storage.latest(folder)[0]


def assert_equal(folder, other):
    one, two = stored(folder), stored(other)
    assert one.keys() == two.keys()
    assert {name for name, value in one.items() if not torch.equal(value, two[name])} == set()


@pytest.fixture
def run(tmp_path):
    made = runs.create(tmp_path / "run", Request(HARD, seeds=(3,), checkpoint_every=4))
    runs.go_on(made)
    return made


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("saved", [False, True], ids=["killed", "saved"])
def test_a_stopped_run_ends_where_an_uninterrupted_one_does(tmp_path, name, saved):
    request = RUNS[name]
    runs.go_on(runs.create(tmp_path / "whole", request))
    cut = runs.create(tmp_path / "cut", request)
    for step in (3, 4):  # the second stop finds a run that was resumed
        with pytest.raises(Stop):
            runs.go_on(cut, stop_at(step))
        if saved:
            runs.save(cut)
        cut = runs.resume(tmp_path / "cut")
    runs.go_on(cut)
    assert cut.step == request.experiment.steps
    assert_equal(tmp_path / "whole", tmp_path / "cut")


@pytest.mark.parametrize("name", ["stacked", "in_turn"])
def test_each_of_several_seeds_goes_where_it_goes_alone(tmp_path, name):
    request = RUNS[name]
    together = runs.create(tmp_path / "together", request)
    runs.go_on(together)
    for index, seed in enumerate(request.seeds):
        setup = build(request.experiment, seed=seed)
        history = training.train(
            setup.gan, setup.batches, request.experiment.steps, n_critic=request.experiment.n_critic
        )
        torch.testing.assert_close(together.history.values[..., index], history.values, rtol=0, atol=1e-10)
        for key, value in setup.gan.state().items():
            torch.testing.assert_close(stored(together.folder)[key][index], value, rtol=0, atol=1e-10)


def test_a_checkpoint_is_the_one_that_training_reads(run):
    setup = build(HARD, seed=3)
    history = training.load_checkpoint(run.folder, setup.gan, setup.batches)
    assert setup.gan.step == len(history) == 12


def test_a_run_stopped_before_its_first_checkpoint_begins_again(tmp_path):
    cut = runs.create(tmp_path / "cut", RUNS["one"])
    with pytest.raises(Stop):
        runs.go_on(cut, stop_at(2))
    assert runs.resume(tmp_path / "cut").step == 0


def test_a_finished_run_has_nothing_left_to_do(run):
    again = runs.resume(run.folder)
    runs.go_on(again, stop_at(0))
    assert again.step == again.total == 12


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-5]), "is damaged.* another checksum"),
        (lambda path: path.unlink(), "tensors.safetensors is missing"),
        (lambda path: path.with_name("state.json").write_text("{"), "is not JSON"),
        (
            lambda path: path.with_name("state.json").write_text(
                path.with_name("state.json").read_text().replace("d_loss", "e_loss")
            ),
            "another checksum",
        ),
    ],
    ids=["truncated", "missing", "cut JSON", "altered JSON"],
)
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_offered(run, tmp_path, damage, message):
    whole = shutil.copytree(run.folder, tmp_path / "whole")
    damage(run.folder / "step-00000012" / "tensors.safetensors")
    with pytest.raises(CheckpointError, match=message) as caught:
        runs.resume(run.folder)
    assert "step-00000012" in str(caught.value)
    assert f"`ganlab resume {run.folder} --from step-00000008` goes on from" in str(caught.value)
    earlier = runs.resume(run.folder, start="step-00000008")
    assert earlier.step == 8
    assert storage.steps(run.folder) == [4, 8]
    runs.go_on(earlier)
    assert_equal(run.folder, whole)


def test_a_checkpoint_of_another_run_is_refused_though_it_would_fit(run, tmp_path):
    other = runs.create(tmp_path / "other", Request(change(HARD, steps=16), seeds=(4,), checkpoint_every=16))
    runs.go_on(other)
    shutil.copytree(other.folder / "step-00000016", run.folder / "step-00000016")
    with pytest.raises(CheckpointError, match=r"step-00000016 is of another run: .* --from step-00000012`"):
        runs.resume(run.folder)
    with pytest.raises(CheckpointError, match="is of another run"):
        runs.view(run.folder)


def test_where_nothing_can_be_used_the_beginning_is_offered(run):
    for step in storage.steps(run.folder):
        (storage.folder_of(run.folder, step) / "state.json").unlink()
    with pytest.raises(CheckpointError, match="--from start` begins again"):
        runs.resume(run.folder)
    assert runs.resume(run.folder, start="start").step == 0
    assert storage.steps(run.folder) == []


def test_an_unknown_checkpoint_is_answered_with_those_there_are(run):
    names = "step-00000004, step-00000008, step-00000012, start"
    with pytest.raises(ValueError, match=f"`--from` must be one of {names}, got 'step-7'"):
        runs.resume(run.folder, start="step-7")


def test_weights_that_do_not_fit_are_refused_by_the_name_of_their_checkpoint(run):
    tensors, state, path = storage.latest(run.folder)
    weight = "generator.layers.0.weight"
    storage.save(run.folder, 12, tensors | {weight: tensors[weight][:-1]}, state)
    with pytest.raises(
        CheckpointError, match=f"{path.name} does not fit the networks of its request: .*shape"
    ):
        runs.resume(run.folder)


def test_a_loss_that_is_not_finite_is_never_saved(run, monkeypatch):
    monkeypatch.setattr(run, "saved", 0)
    run.history.append(13, {name: torch.tensor(float("nan")) for name in run.history.columns})
    with pytest.raises(training.NonFiniteLossError, match="step 12: d_loss is not finite; nothing is saved"):
        runs.save(run)


def test_two_processes_do_not_go_on_with_one_run(run):
    with (
        runs.locked(run.folder),
        pytest.raises(ValueError, match="`RUN` must be a run that no other process works on"),
        runs.locked(run.folder),
    ):
        pass
    with runs.locked(run.folder):
        pass


def test_what_a_killed_process_left_half_written_is_swept_up(run):
    (run.folder / ".step-00000016.4711").mkdir()
    (run.folder / ".step-00000016.4711" / "tensors.safetensors").write_bytes(b"half")
    (run.folder / ".request.json.4711").write_text("{")
    with runs.locked(run.folder):
        names = {path.name for path in run.folder.iterdir()}
    assert {name for name in names if name.startswith(".")} == {".lock"}


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"experiment": {"data": "rnig"}, "seeds": [0]}'], ids=range(4)
)
def test_a_request_that_cannot_be_read_is_named(run, text):
    (run.folder / "request.json").write_text(text)
    with pytest.raises(ValueError, match=r"request.json must hold the request of a run, got"):
        runs.resume(run.folder)


def test_a_request_of_an_earlier_version_of_the_package_is_read_with_defaults(run):
    path = run.folder / "request.json"
    document = json.loads(path.read_text())
    del document["experiment"]["pack"], document["tensorboard"]
    path.write_text(json.dumps(document))
    request, _ = requests.read(run.folder)
    assert request == run.request


def test_a_view_needs_no_data_and_changes_nothing(run, monkeypatch):
    monkeypatch.setattr("ganlab.experiments.building.load_source", None)
    before = sorted(run.folder.iterdir())
    request, (gan,), history = runs.view(run.folder)
    assert (request, gan.step, len(history)) == (run.request, 12, 12)
    assert torch.equal(gan.state()["average.n_averaged"], torch.tensor(12))
    assert sorted(run.folder.iterdir()) == before


def test_a_view_of_a_run_without_a_checkpoint_says_how_to_go_on(tmp_path):
    runs.create(tmp_path / "new", RUNS["one"])
    with pytest.raises(CheckpointError, match="holds no checkpoint yet; `ganlab resume "):
        runs.view(tmp_path / "new")


EVEN = {"schedule": "constant", "instance_noise": 0.0}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_made_longer_ends_where_one_does_that_was_asked_for_as_much(tmp_path, name):
    request = RUNS[name]
    experiment = change(request.experiment, **EVEN)
    runs.go_on(runs.create(tmp_path / "whole", replace(request, experiment=experiment)))
    short = replace(request, experiment=change(experiment, steps=2))
    runs.go_on(runs.create(tmp_path / "longer", short))
    for steps in (4, experiment.steps):
        runs.go_on(runs.resume(tmp_path / "longer", steps=steps))
    assert_equal(tmp_path / "whole", tmp_path / "longer")
    assert runs.resume(tmp_path / "longer").total == experiment.steps
    assert requests.read(tmp_path / "longer")[0].experiment.steps == 2, "the set-up stays what it was"


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_a_schedule_and_a_noise_that_ended_do_not_begin_again(tmp_path, schedule):
    """What happens at each step is read from the optimizer; a stop on the way changes none of it."""
    rates, noise = [], []

    def watch(run):
        game = run.games[0]
        rates.append(game.g_optimizer.param_groups[0]["lr"] / game.learning_rates[0])
        noise.append(game.noise_level)

    request = Request(change(HARD, schedule=schedule, steps=4), checkpoint_every=20)
    runs.go_on(runs.create(tmp_path / "run", request), watch)
    before = rates[:4]
    rates.clear()
    runs.go_on(runs.resume(tmp_path / "run", start="start", steps=7), watch)
    assert rates[:4] == before
    assert rates[4:7] == pytest.approx([0.01] * 3, rel=1e-12)
    assert noise[-3:] == [0.0] * 3
    assert before[-1] > 0.01
    told = requests.ended(runs.resume(tmp_path / "run").request)
    assert told.startswith(f"the {schedule} schedule ended at step 4: from there on each rate stays at 1 %")
    assert told.endswith("; the instance noise ended at step 4")
    assert requests.ended(request) is None
    assert requests.ended(Request(change(HARD, **EVEN), steps=99)) is None


def test_a_run_is_not_made_shorter(run):
    before = (run.folder / "request.json").read_bytes()
    with pytest.raises(
        ValueError, match="`--steps` must be at least 12, which the run was asked for before, got 11"
    ):
        runs.resume(run.folder, steps=11)
    assert (run.folder / "request.json").read_bytes() == before
    assert runs.resume(run.folder, steps=12).total == 12


def test_a_run_that_cannot_be_gone_on_with_is_not_written_to(run, monkeypatch):
    (run.folder / "step-00000012" / "state.json").unlink()
    before = (run.folder / "request.json").read_bytes()
    with pytest.raises(CheckpointError):
        runs.resume(run.folder, steps=20)
    assert (run.folder / "request.json").read_bytes() == before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_a_run_on_a_gpu_sees_the_numbers_of_a_run_on_the_processor(tmp_path):
    first = []
    for device in ("cpu", "cuda"):
        run = runs.create(tmp_path / device, Request(HARD, device=device))
        with pytest.raises(Stop):
            runs.go_on(run, stop_at(1))
        first.append(run.history.values)
    torch.testing.assert_close(first[0], first[1], rtol=1e-6, atol=1e-6)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_there_is_refused(tmp_path, device):
    with pytest.raises(ValueError, match=f"which has no CUDA device, got '{device}'"):
        runs.create(tmp_path / "run", Request(HARD, device=device))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("device", "found"),
    [
        ("auto", "cuda"),
        ("cpu", "cpu"),
        ("cuda", "cuda"),
        ("cuda:0", "cuda:0"),
        ("cuda:1", "cuda:1"),
        ("cuda:2", ""),
    ],
)
def test_a_device_is_the_one_that_is_named_if_the_machine_has_it(monkeypatch, device, found):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    if found:
        assert runs._device(Request(HARD, device=device)) == found
        return
    with pytest.raises(ValueError, match="which has 2 of them, from cuda:0 on, got 'cuda:2'"):
        runs._device(Request(HARD, device=device))


def test_an_apple_gpu_computes_in_single_precision_where_there_is_one(monkeypatch):
    single = Request(change(HARD, float64=False), device="mps")
    for there in (True, False):
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda there=there: there)
        if there:
            assert runs._device(single) == "mps"
            continue
        with pytest.raises(ValueError, match="which has no Apple GPU, got 'mps'"):
            runs._device(single)
    with pytest.raises(ValueError, match="must not be mps for a set-up in double precision"):
        runs._device(Request(HARD, device="mps"))
