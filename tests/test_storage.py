"""Checkpoints against what a crash, a bad disk or a stranger's file does to them."""

import json
import os
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from ganlab import storage
from ganlab.storage import CheckpointError


@pytest.fixture
def run(tmp_path):
    for step in (1, 2, 3):
        storage.save(tmp_path, step, {"w": torch.full((3,), float(step))}, {"step": step})
    return tmp_path


def test_everything_comes_back_bit_for_bit(tmp_path):
    tensors = {
        "double": torch.randn(3, 2),
        "single": torch.randn(4).float(),
        "bytes": torch.Generator().manual_seed(3).get_state(),
        "count": torch.tensor(7),
        "transposed": torch.randn(2, 3).T,
        "empty": torch.zeros(0, 2),
    }
    state = {"numbers": [0.1, 1e-300], "names": {"a": "ä"}}
    loaded, loaded_state = storage.load(storage.save(tmp_path, 12, tensors, state))
    assert loaded_state == state
    assert loaded.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert_close(loaded[name], tensor, rtol=0, atol=0)


def test_the_last_three_are_kept_and_the_newest_is_latest(run):
    storage.save(run, 10, {}, {})
    assert storage.steps(run) == [2, 3, 10]
    assert storage.latest(run)[2].name == "step-00000010"
    assert sorted(os.listdir(run)) == ["step-00000002", "step-00000003", "step-00000010"]


def test_saving_a_step_again_replaces_it(run):
    storage.save(run, 3, {"w": torch.zeros(1)}, {"step": "again"})
    tensors, state, _ = storage.latest(run)
    assert state == {"step": "again"}
    assert_close(tensors["w"], torch.zeros(1))


@pytest.mark.parametrize("killed", [False, True])
def test_a_checkpoint_that_was_about_to_be_replaced_is_not_lost(run, monkeypatch, killed):
    rename = Path.rename

    def fail(path, target):
        if path.name.startswith(".") and (killed or not path.name.endswith(".before")):
            raise KeyboardInterrupt if killed else OSError("no room")
        return rename(path, target)

    monkeypatch.setattr("pathlib.Path.rename", fail)
    with pytest.raises(KeyboardInterrupt if killed else OSError):
        storage.save(run, 3, {"w": torch.zeros(1)}, {"step": "again"})
    monkeypatch.undo()
    storage.sweep(run)
    assert storage.steps(run) == [1, 2, 3]
    assert storage.latest(run)[1] != {"step": "again"}
    assert [name for name in os.listdir(run) if name.startswith(".")] == []


def test_a_process_that_dies_while_writing_leaves_the_last_one_in_place(run, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.rename", die)
    with pytest.raises(KeyboardInterrupt):
        storage.save(run, 4, {"w": torch.ones(3)}, {})
    monkeypatch.undo()
    assert storage.latest(run)[2].name == "step-00000003"
    storage.save(run, 4, {"w": torch.ones(3)}, {})
    assert storage.latest(run)[2].name == "step-00000004"


def test_a_flipped_byte_is_found_and_the_one_before_is_offered(run):
    path = run / "step-00000003" / "tensors.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        CheckpointError, match=r"step-00000003 is damaged: .*another checksum.*step-00000002 before it is"
    ):
        storage.latest(run)


@pytest.mark.parametrize(("old", "new"), [('"step": 3', '"step": 4'), ('"format": 2', '"format": 3')])
def test_an_altered_document_is_found(run, old, new):
    path = run / "step-00000003" / "state.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(CheckpointError, match="step-00000003"):
        storage.load(path.parent)


def test_a_state_comes_back_though_json_writes_its_keys_as_text(tmp_path):
    folder = storage.save(tmp_path, 1, {}, {"by_seed": {2: 1.0, 10: (1, 2)}})
    assert storage.load(folder)[1] == {"by_seed": {"2": 1.0, "10": [1, 2]}}


def test_a_process_that_dies_while_removing_leaves_no_half_checkpoint(run, monkeypatch):
    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda path, ignore_errors=False: None if ignore_errors else die())
        with pytest.raises(KeyboardInterrupt):
            storage.save(run, 4, {}, {})
    assert all(storage.load(storage.folder_of(run, step)) for step in storage.steps(run))
    assert storage.latest(run)[2].name == "step-00000004"
    storage.sweep(run)
    assert sorted(os.listdir(run)) == ["step-00000002", "step-00000003", "step-00000004"]


def test_later_checkpoints_can_be_dropped(run):
    storage.drop_after(run, 1)
    assert os.listdir(run) == ["step-00000001"]


def test_sweeping_leaves_what_it_does_not_know(run):
    for name in (".lock", ".hidden.txt", "notes.12"):
        (run / name).write_text("")
    (run / ".step-00000009.77").mkdir()
    (run / ".history.json.77").write_text("")
    storage.sweep(run)
    assert sorted(os.listdir(run))[:2] == [".hidden.txt", ".lock"]
    assert {"notes.12", "step-00000003"} < set(os.listdir(run))
    assert not [name for name in os.listdir(run) if name.endswith(".77")]


def test_a_truncated_file_is_found(run):
    path = run / "step-00000003" / "tensors.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CheckpointError, match="step-00000003 is damaged"):
        storage.latest(run)


def test_without_a_whole_one_nothing_is_offered(tmp_path):
    folder = storage.save(tmp_path, 1, {}, {})
    (folder / "tensors.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"is missing; no checkpoint before it is whole$"):
        storage.latest(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "lacks its fields"),
        ('{"weights": 1}', "lacks its fields"),
        (json.dumps({"format": 99, "sha256": "", "state": {}}), "must be of format 2, got 99"),
    ],
)
def test_a_foreign_or_cut_document_is_refused_by_name(run, text, message):
    path = run / "step-00000003" / "state.json"
    path.write_text(text)
    with pytest.raises(CheckpointError, match=message) as caught:
        storage.load(path.parent)
    assert str(path) in str(caught.value)


def test_a_folder_without_checkpoints_says_so(tmp_path):
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        storage.latest(tmp_path)


@pytest.mark.parametrize(("step", "keep", "name"), [(-1, 3, "step"), (1, 0, "keep")])
def test_bad_arguments_are_refused_before_anything_is_written(tmp_path, step, keep, name):
    with pytest.raises(ValueError, match=f"`{name}` must be at least"):
        storage.save(tmp_path, step, {}, {}, keep=keep)
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "history.json"
    storage.write_atomically(path, b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        storage.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["history.json"]
