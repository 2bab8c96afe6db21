"""The file of facts against the live tables, and what it costs to read it."""

import json
import subprocess
import sys

import pytest

from ganlab import data, facts, losses, networks, regularizers, training
from ganlab.experiments import EXPERIMENTS, SCHEDULES, inventory

LIVE = {
    "losses": losses.LOSSES,
    "regularizers": regularizers.REGULARIZERS,
    "networks": networks.NETWORKS,
    "optimizers": training.OPTIMIZERS,
    "schedules": SCHEDULES,
    "experiments": EXPERIMENTS,
}


def stored():
    return json.loads(facts.FILE.read_text(encoding="utf-8"))


def test_the_file_holds_what_the_live_tables_hold():
    assert facts.FILE.read_text(encoding="utf-8") == inventory.text(), "run `make facts`"


@pytest.mark.parametrize("kind", LIVE)
def test_the_file_names_every_entry_in_its_order(kind):
    assert list(stored()[kind]) == list(LIVE[kind])


def test_the_file_names_every_data_set():
    assert set(stored()["data"]) >= set(data.DATASETS)


def test_the_facts_of_a_setup_are_its_settings():
    for name, experiment in EXPERIMENTS.items():
        told = stored()["experiments"][name]
        assert told["data"] == experiment.data
        assert tuple(told["betas"]) == experiment.betas
        assert [tuple(entry) for entry in told["regularizers"]] == list(experiment.regularizers)


def test_an_entry_that_is_added_while_a_program_runs_counts(monkeypatch):
    monkeypatch.setitem(losses.LOSSES, "another", losses.hinge)
    assert facts.names("losses") == [*stored()["losses"], "another"]


def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(ValueError, match=r"`kind` must be one of losses, .*, got 'loss'"):
        facts.names("loss")


def test_names_are_known_before_anything_heavy_is_loaded():
    code = (
        "import sys; from ganlab import facts; print([facts.names(kind) for kind in facts.KINDS]);"
        "print(sorted({'torch', 'numpy', 'sympy', 'yaml'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    known, loaded = told.splitlines()
    assert known == str([list(stored()[kind]) for kind in facts.KINDS])
    assert loaded == "[]"
