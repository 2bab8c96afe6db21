"""The training loops that a reader may copy: they run by themselves, on PyTorch alone.

Each is cells of a chapter, which are run here in an empty namespace, with few steps.
"""

import re

import pytest
import torch
from oracles.pages import ROOT, cells

LOOPS = {"minimax_game": ("gam-29", "gam-29c")}


def source(page, names):
    """The code of these cells in their order, with two steps in place of many."""
    code = {
        cell.id: cell.source for cell in cells(ROOT / "book" / f"{page}.ipynb") if cell.cell_type == "code"
    }
    return re.sub(r"range\(\d{3,}\)", "range(2)", "\n\n".join(code[name] for name in names))


@pytest.fixture
def same_defaults():
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("page", LOOPS)
def test_a_loop_runs_on_its_own_and_moves_both_players(page, same_defaults):
    code = source(page, LOOPS[page])
    assert "ganlab" not in code
    before, after = {}, {}
    exec(code.replace("range(2)", "range(0)"), before)
    exec(code, after)
    for player in ("G", "D"):
        start, end = (list(space[player].parameters()) for space in (before, after))
        assert all(torch.isfinite(weight).all() for weight in end)
        assert any(not torch.equal(a, b) for a, b in zip(start, end, strict=True))


def test_the_loop_of_the_game_is_about_thirty_lines():
    code = source("minimax_game", LOOPS["minimax_game"])
    lines = [line for line in code.split("\n") if line.strip() and not line.strip().startswith("#")]
    assert 20 <= len(lines) <= 35
    assert ".detach()" in code
    assert "no_grad" not in code
