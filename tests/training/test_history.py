"""Recorded histories against plain lists of numbers, and files that are not one."""

import numpy as np
import pytest
import torch

from ganlab.training.history import History


def recorded(steps=3, runs=None):
    history = History()
    for step in range(1, steps + 1):
        shape = () if runs is None else (runs,)
        history.append(step, {"a": torch.full(shape, 0.1 * step), "b": torch.full(shape, -1.0 * step)})
    return history


def test_columns_are_the_appended_numbers_over_many_chunks():
    history = recorded(2500)
    np.testing.assert_array_equal(history["a"], [0.1 * step for step in range(1, 2501)])
    np.testing.assert_array_equal(history["b"], [-1.0 * step for step in range(1, 2501)])
    np.testing.assert_array_equal(history.steps, range(1, 2501))
    assert len(history) == 2500


def test_runs_side_by_side_keep_their_axis():
    assert recorded(3, runs=4)["a"].shape == (3, 4)


def test_a_row_does_not_keep_the_graph_or_change_afterwards():
    history, value = History(), torch.tensor(1.0, requires_grad=True)
    history.append(1, {"a": value * 2})
    assert not history.values.requires_grad
    with torch.no_grad():
        value.fill_(9.0)
    assert history["a"].tolist() == [2.0]


@pytest.mark.parametrize("runs", [None, 2])
def test_a_saved_history_comes_back_bit_for_bit(tmp_path, runs):
    history = recorded(5, runs=runs)
    history.save(tmp_path / "history.json")
    loaded = History.load(tmp_path / "history.json")
    assert loaded.columns == history.columns
    assert torch.equal(loaded.values, history.values)
    np.testing.assert_array_equal(loaded.steps, history.steps)


def test_an_empty_history_comes_back_empty(tmp_path):
    History().save(tmp_path / "history.json")
    assert len(History.load(tmp_path / "history.json")) == 0


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"steps": [1], "columns": {"a": [1, 2]}}'])
def test_a_file_that_holds_no_history_is_named(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"other.json must hold a recorded history"):
        History.load(path)


def test_rows_that_do_not_fit_are_refused():
    history = recorded(2)
    with pytest.raises(ValueError, match=r"must have the columns \('a', 'b'\), got \('a',\)"):
        history.append(3, {"a": torch.tensor(1.0)})
    with pytest.raises(ValueError, match=r"`step` must be larger than the last one, 2, got 2"):
        history.append(2, {"a": torch.tensor(1.0), "b": torch.tensor(1.0)})
    with pytest.raises(KeyError, match="no column 'c'; this history has a, b"):
        history["c"]
    with pytest.raises(ValueError, match=r"must be of shape \(2, 1\).*got \(3, 1\)"):
        History.of(("a",), [1, 2], torch.zeros(3, 1))
