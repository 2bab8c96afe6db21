"""Runs that a chapter shows from a file, which begins as the code begins it and says what the page says."""

import importlib.util
import json

import pytest
import torch
from oracles.pages import ROOT

STORED = json.loads((ROOT / "ganlab" / "assets" / "runs" / "far_start.json").read_text(encoding="utf-8"))


def loaded(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "book" / "pictures" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def script():
    return loaded("far_start")


def test_the_stored_games_begin_as_the_code_begins_them():
    """Rounding grows over the whole training, by less than a tenth; two pairs differ by more than two."""
    games = loaded("game_states")
    stored = json.loads(games.PLACE.read_text(encoding="utf-8"))
    usual = torch.get_default_dtype()
    try:
        again, whole = games.trained(games.EARLY), games.trained()
    finally:
        torch.set_default_dtype(usual)
    early = torch.tensor(stored["early"], dtype=again.dtype)
    torch.testing.assert_close(again[:: len(games.SEEDS)], early, rtol=0, atol=1e-9)
    torch.testing.assert_close(whole, torch.tensor(stored["weights"], dtype=whole.dtype), rtol=0, atol=0.3)
    assert whole.shape == (30, 98)
    assert (stored["arms"], stored["steps"]) == ({k: list(v) for k, v in games.ARMS.items()}, games.STEPS)


def test_the_stored_far_start_begins_as_the_code_begins_it(script):
    again = script.record(steps=0)
    assert again["steps"] == STORED["steps"][:1]
    assert again.keys() == STORED.keys()
    for one, other in zip(again["distance"][0], STORED["distance"][0], strict=True):
        assert one == pytest.approx(other, abs=0.11)
    for one, other in zip(again["score"][0], STORED["score"][0], strict=True):
        assert one == pytest.approx(other, abs=1)


def test_of_ten_that_start_far_away_one_arrives_late_and_another_passes_by():
    near = {step: [d < 5 for d in row] for step, row in zip(STORED["steps"], STORED["distance"], strict=True)}
    assert sum(near[1200]) == 0
    assert [seed for seed in range(10) if near[1500][seed]] == [9]
    assert all(near[step][9] for step in STORED["steps"] if step >= 1500)
    assert near[3600][7]
    assert not near[4800][7]
    assert sum(distance > 20 for distance in STORED["distance"][-1]) == 8
