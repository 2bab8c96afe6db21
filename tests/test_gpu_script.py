"""The script that says what a GPU changes, tried on a processor: what it finds, prints and refuses."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "benchmarks"))
    monkeypatch.delitem(sys.modules, "training", raising=False)
    spec = importlib.util.spec_from_file_location("gpu", ROOT / "tests" / "benchmarks" / "gpu.py")
    module = importlib.util.module_from_spec(spec)
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    spec.loader.exec_module(module)
    yield module
    torch.set_num_threads(threads)
    torch.set_default_dtype(dtype)


def test_every_test_that_asks_for_a_device_is_found(gpu):
    marks = [
        path.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for _ in re.findall(r"^@pytest\.mark\.skipif\(\s*not torch\.cuda", path.read_text("utf-8"), re.M)
    ]
    found = gpu.tests_of_cuda()
    one = "test_a_run_on_a_gpu_sees_the_numbers_of_a_run_on_the_processor"
    assert f"tests/experiments/test_runs.py::{one}" in found
    assert sorted(Path(name.split("::")[0]).name for name in found) == sorted(marks)


@pytest.mark.slow
def test_the_short_version_measures_every_step_and_run_on_the_processor(gpu, monkeypatch, capsys):
    monkeypatch.setitem(
        gpu.PARTS, "tests", (0.0, lambda *_: iter([("of 1 that need CUDA", "tests", None, 1.0)]))
    )
    monkeypatch.setattr(gpu, "SEEDS", 2)
    assert gpu.main(["--device", "cpu", "--seconds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {
        re.split(r"  +", line)[1]: float(re.split(r"  +", line)[3])
        for line in lines
        if line.startswith(("ring", "dcgan"))
    }
    assert list(rows) == ["plain", "ours, one seed", "ours, 2 stacked", "ours", "ours, bf16"]
    assert all(value > 0 for value in rows.values())
    steps = [line for line in lines if line.startswith(("DCGAN run", "style run")) and " steps " in line]
    assert len(steps) == 2
    assert all(int(re.search(r"steps +(\d+)", line)[1]) % 5 == 0 for line in steps)
    assert lines[-1] == "all parts are done"


def test_a_part_that_fails_is_said_and_the_others_go_on(gpu, monkeypatch, capsys):
    def broken(device, seconds):
        yield "first", "us a step", 6.0, 2.0
        raise RuntimeError("out of\nmemory")

    seen = []
    parts = {"one": (0.5, broken), "two": (0.25, lambda *given: iter(seen.append(given) or []))}
    monkeypatch.setattr(gpu, "PARTS", parts)
    assert gpu.main(["--device", "cpu", "--seconds", "8"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert re.split(r"  +", told[2]) == ["one", "first", "us a step", "6", "2", "3.00"]
    assert re.split(r"  +", told[3]) == ["one", "failed: RuntimeError: out of memory"]
    assert told[-1] == "failed: one"
    assert seen == [("cpu", 2.0)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "`--device` must be one of this machine, which has no CUDA device; cpu tries the script"),
        (["--device", "gpu"], "`--device` must be cuda, cuda:N or cpu, got 'gpu'"),
        (["--device", "cpu", "--seconds", "0"], "`--seconds` must be from 1 to 3600, got 0"),
    ],
)
def test_a_wrong_request_is_one_sentence_and_the_exit_code_2(gpu, monkeypatch, capsys, arguments, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit) as ended:
        gpu.main(arguments)
    assert ended.value.code == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert caught.err.strip().endswith(message)
