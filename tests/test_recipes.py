"""The recipes of CONTRIBUTING.md for a loss, a penalty and a data set, followed in a copy of the repository.

What is put into the files, and where, is read off the page: a block goes where its first line says."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from oracles.repository import ROOT

BLOCK = re.compile(r"^```python\n# (\S+), (above|last in) (\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
RECIPES = BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))

FOLLOWED = """
import json, math, sys
from ganlab.experiments import inventory

inventory.main()  # `make facts`

from ganlab import cli, experiments, facts, losses, training
from ganlab.evaluation.diagnosis import landmarks

setup = experiments.change(
    experiments.default("pair"), loss="squared_hinge", regularizers=(("gp0", 0.5),), width=8, batch_size=16
)
built = experiments.build(setup)
history = training.train(built.gan, built.batches, 4)
pair = losses.LOSSES["squared_hinge"]
told = {
    "finite": all(math.isfinite(value) for value in history["d_loss"]),
    "penalty": min(history["penalty"]),
    "source": len(built.source.centers),
    "equilibrium": pair.equilibrium,
    "landmarks": landmarks(pair),
}

import mpmath, torch, test_losses

torch.set_default_dtype(torch.float64)
wrong = pair._replace(discriminator=lambda d_real, d_fake: pair.discriminator(d_real, -d_fake))

def passes(loss, player):
    try:
        test_losses.test_value_and_gradient_equal_the_closed_form_at_extreme_scores(loss, player)
    except AssertionError:
        return False
    return True

with mpmath.workdps(200):
    players = ("discriminator", "generator")
    told["seen"] = {
        name: [passes(loss, player) for player in players]
        for name, loss in (("right", pair), ("wrong", wrong))
    }
torch.set_default_dtype(torch.float32)
print(json.dumps(told))
chosen = "--data pair --loss squared_hinge --regularizer gp0=0.5 --steps 4 --batch-size 16 --out run --json"
sys.exit(cli.main(["train", *chosen.split()]))
"""
COPIED = ("ganlab", "tests/test_losses.py")


def put(text, where, name, block):
    """The text of a module with a block above an assignment, or behind the last entry of the table in it."""
    assigned = next(
        node
        for node in ast.parse(text).body
        for target in getattr(node, "targets", [getattr(node, "target", None)])
        if getattr(target, "id", "") == name
    )
    lines = text.splitlines(keepends=True)
    if where == "above":
        line, column, block = assigned.lineno - 1, 0, f"{block}\n\n"
    else:
        tables = (node for node in ast.walk(assigned) if isinstance(node, ast.Dict | ast.Tuple))
        table = max(tables, key=lambda node: len(getattr(node, "values", None) or node.elts))
        last = (table.values if isinstance(table, ast.Dict) else table.elts)[-1]
        line, column, block = last.end_lineno - 1, last.end_col_offset, f", {block.rstrip()}"
    lines[line] = lines[line].encode()[:column].decode() + block + lines[line].encode()[column:].decode()
    return "".join(lines)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of what the recipes name, with all of their blocks in it."""
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        (folder / name).parent.mkdir(exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "weights")
            )
        else:
            shutil.copy(ROOT / name, folder / name)
    for name, where, assigned, block in RECIPES:
        path = folder / name
        path.write_text(put(path.read_text(encoding="utf-8"), where, assigned, block), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def followed(copy):
    """What is said after `make facts` of a game with all three, by Python and by the command line."""
    places = os.pathsep.join([str(copy), str(copy / "tests")])
    environment = os.environ | {"PYTHONPATH": places, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", FOLLOWED], cwd=copy, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_the_recipes_of_three_things_put_something_into_the_modules_that_they_name():
    assert {name for name, *_ in RECIPES} == {
        *("ganlab/losses.py", "ganlab/regularizers.py", "ganlab/data/points.py", "tests/test_losses.py")
    }


def test_a_new_loss_trains_and_knows_its_landmarks(followed):
    """The best D says (p - q) / (p + q): it pays 2 at p = q, and 4 pq / (p + q) = 1 where a third is kept."""
    told, _ = followed
    assert told["finite"]
    assert told["equilibrium"] == [2.0, 0.0]
    assert told["landmarks"] == pytest.approx([2.0, 0.0, 1.0], rel=1e-15)


def test_a_new_penalty_is_charged(followed):
    assert followed[0]["penalty"] > 0


def test_a_new_data_set_is_drawn_and_judged_as_its_kind_is(followed):
    told, result = followed
    assert told["source"] == result["modes_total"] == 2


def test_what_was_added_is_known_before_it_is_loaded(copy, followed):
    names = json.loads((copy / "ganlab" / "assets" / "facts.json").read_text(encoding="utf-8"))
    assert "squared_hinge" in names["losses"]
    assert names["regularizers"]["gp0"]["price"] == "n^2"
    assert names["data"]["pair"]["shape"] == [2]
    assert names["experiments"]["pair"]["data"] == "pair"


def test_the_command_line_keeps_a_run_with_all_three(copy, followed):
    assert followed[1]["steps"] == 4
    request = json.loads((copy / "run" / "request.json").read_text(encoding="utf-8"))
    assert request["experiment"]["loss"] == "squared_hinge"
    assert request["experiment"]["data"] == "pair"


def test_the_test_that_a_recipe_writes_passes_and_sees_a_wrong_sign(followed):
    assert followed[0]["seen"] == {"right": [True, True], "wrong": [False, True]}
