"""What a CUDA device changes: the tests that need one, seconds a training step, and two runs by time.

    python tests/benchmarks/gpu.py [--device cuda] [--seconds 540]

Each part has a share of the seconds and is printed as it goes; where one fails, its row says so and the next
one begins. A step is measured on one thread of the processor and on the device, by the clock on the wall,
which waits for the device. With `--device cpu` the same code runs on the processor alone, to try it; then
`--seconds 5` is enough.

Exit codes: 0 all parts are done; 1 one of them failed; 2 the request was wrong.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
import training

from ganlab import data, networks
from ganlab.evaluation import judging
from ganlab.experiments import EXPERIMENTS, building, change, reports
from ganlab.losses import non_saturating
from ganlab.training import GAN, train

TESTS = Path(__file__).parents[1]
NEEDS = re.compile(
    r"@pytest\.mark\.skipif\(\s*not torch\.cuda\.is_available\(\).*?\ndef (test_\w+)", re.DOTALL
)
SEEDS = 16
LONG = 300  # seconds of all parts from which compiled steps are measured too: to compile takes a minute
HEAD = ("part", "what", "unit", "processor", "device", "processor / device")
Row = tuple[str, str, float | None, float | None]  # what, unit, on the processor, on the device


def tests_of_cuda() -> list[str]:
    """The tests that are left out where there is no CUDA device, as pytest names them."""
    return [
        f"{path.relative_to(TESTS.parent)}::{name}"
        for path in sorted(TESTS.rglob("test_*.py"))
        for name in NEEDS.findall(path.read_text(encoding="utf-8"))
    ]


def tests(device: str, seconds: float) -> Iterator[Row]:
    """How many of the tests that need a CUDA device pass."""
    names = tests_of_cuda()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *names]
    ran = subprocess.run(
        command, cwd=TESTS.parent, timeout=max(seconds, 60), capture_output=True, text=True, check=False
    )
    counts = {
        kind: int(count) for count, kind in re.findall(r"(\d+) (passed|failed|skipped|error)", ran.stdout)
    }
    for kind in ("passed", "failed", "error", "skipped"):
        if kind in counts:
            yield f"of {len(names)} that need CUDA, {kind}", "tests", None, float(counts[kind])
    if ran.returncode:
        raise RuntimeError(f"{' '.join(ran.stdout.split()[-12:]) or ran.stderr[-200:]}")


def steps_of_ring(device: str, seconds: float) -> Iterator[Row]:
    """Microseconds a seed-step on the ring, of one seed, of many stacked, and compiled."""
    ways: dict[str, Callable[[str], tuple[training.Side, int]]] = {
        "plain": lambda place: (_plain_ring(place), 1),
        "ours, one seed": lambda place: (training.alone(*_ring(0, place)), 1),
        f"ours, {SEEDS} stacked": lambda place: (_stacked(place, compiled=False), SEEDS),
    }
    if seconds > LONG / 4:
        ways[f"ours, {SEEDS} compiled"] = lambda place: (_stacked(place, compiled=True), SEEDS)
    yield from _compared(ways, device, seconds, 20)


def steps_of_dcgan(device: str, seconds: float) -> Iterator[Row]:
    """Microseconds a step of a DCGAN, as the scripts have it, ours, and ours in bfloat16."""
    images = data.Images(
        "noise",
        torch.randint(256, (4096, 1, 28, 28), dtype=torch.uint8),
        torch.zeros(4096, dtype=torch.long),
    )
    real = images.batch(torch.arange(4096))

    def ours(place: str, *, bf16: bool = False) -> tuple[training.Side, int]:
        rng = torch.Generator().manual_seed(0)
        pair = (
            networks.dcgan_generator(100, (1, 28, 28), rng=rng),
            networks.dcgan_discriminator((1, 28, 28), rng=rng),
        )
        gan = GAN(*pair, non_saturating, rng, bf16=bf16, device=place)
        return training.alone(gan, data.batches(images, 64, torch.Generator().manual_seed(1))), 1

    def plain(place: str) -> tuple[training.Side, int]:
        scripts = [network.to(place) for network in training.plain_dcgan()]
        return training.plain(*scripts, real, 64, device=place), 1

    ways = {"plain": plain, "ours": ours, "ours, bf16": lambda place: ours(place, bf16=True)}
    yield from _compared(ways, device, seconds, 3)


def run_by_time(name: str) -> Callable[[str, float], Iterator[Row]]:
    """A part: the named set-up, trained for equal seconds on the processor and on the device."""

    def part(device: str, seconds: float) -> Iterator[Row]:
        experiment = change(EXPERIMENTS[name], steps=10**6)
        try:
            source = building.load_source(experiment)
        except ValueError:  # no such files here: digits come with scikit-learn
            experiment = change(experiment, data="digits")
            source = building.load_source(experiment)
        places = ("cpu", device) if device != "cpu" else ("cpu",)
        found = [_trained(experiment, source, place, 0.7 * seconds / len(places)) for place in places]
        on = [found[0], found[-1] if device != "cpu" else (None, None)]
        about = f"{name} on {experiment.data}"
        yield f"{about}, in {0.7 * seconds / len(places):.3g} s", "steps", on[0][0], on[1][0]
        yield f"{about}, then", "Frechet", on[0][1], on[1][1]

    return part


PARTS: dict[str, tuple[float, Callable[[str, float], Iterator[Row]]]] = {
    "tests": (0.2, tests),
    "ring": (0.25, steps_of_ring),
    "dcgan": (0.15, steps_of_dcgan),
    "DCGAN run": (0.2, run_by_time("fashion_mnist_dcgan_quick")),
    "style run": (0.2, run_by_time("fashion_mnist_styles")),
}
"""The parts by name: their shares of the seconds, and what they do with a device and so many seconds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code after printing the table, part by part."""
    parser = argparse.ArgumentParser(
        prog="python tests/benchmarks/gpu.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, ... or cpu, to try it (cuda)")
    parser.add_argument("--seconds", type=float, default=540.0, help="for all parts together (540)")
    wanted = parser.parse_args(arguments)
    if wanted.device != "cpu" and not re.fullmatch(r"cuda(:\d+)?", wanted.device):
        parser.error(f"`--device` must be cuda, cuda:N or cpu, got {wanted.device!r}")
    if not 1 <= wanted.seconds <= 3600:
        parser.error(f"`--seconds` must be from 1 to 3600, got {wanted.seconds:g}")
    if wanted.device != "cpu" and not torch.cuda.is_available():
        parser.error("`--device` must be one of this machine, which has no CUDA device; cpu tries the script")
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float32)
    named = "" if wanted.device == "cpu" else f", {torch.cuda.get_device_name(wanted.device)}"
    print(f"torch {torch.__version__}, one thread{named}; {wanted.seconds:g} s for all parts")
    print(_line(HEAD), flush=True)
    failures = [name for name in PARTS if not _printed(name, wanted.device, wanted.seconds)]
    print(f"failed: {', '.join(failures)}" if failures else "all parts are done")
    return 1 if failures else 0


def _printed(name: str, device: str, seconds: float) -> bool:
    """Whether a part got to its end, after printing its rows."""
    share, part = PARTS[name]
    try:
        for what, unit, ours, theirs in part(device, share * seconds):
            ratio = f"{ours / theirs:.2f}" if ours and theirs else ""
            shown = ["" if value is None else f"{value:.4g}" for value in (ours, theirs)]
            print(_line((name, what, unit, *shown, ratio)), flush=True)
    except Exception as error:  # whatever it is: the other parts do not depend on it
        print(_line((name, f"failed: {type(error).__name__}: {' '.join(str(error).split())}")), flush=True)
        return False
    return True


def _line(cells: Sequence[str]) -> str:
    widths = (10, 54, 9, 10, 10, 0)
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)).rstrip()


def _compared(
    ways: dict[str, Callable[[str], tuple[training.Side, int]]], device: str, seconds: float, steps: int
) -> Iterator[Row]:
    """Microseconds a seed-step of each way on the processor, and on the device where that is another."""
    places = ("cpu", device) if device != "cpu" else ("cpu",)
    each = seconds / len(ways) / len(places)
    for name, make in ways.items():
        found = [1e6 * _measured(*make(place), each, steps, place) for place in places]
        yield name, "us a step", found[0], found[1] if len(found) > 1 else None


def _measured(side: training.Side, seeds: int, seconds: float, steps: int, place: str) -> float:
    """The median seconds a seed-step of rounds of so many steps: as many as the time allows, two at least."""
    started = time.perf_counter()
    side(2)
    rounds: list[float] = []
    while len(rounds) < 2 or time.perf_counter() - started < seconds:
        begun = _now(place)
        side(steps)
        rounds.append((_now(place) - begun) / steps / seeds)
    return statistics.median(rounds)


def _now(place: str) -> float:
    if place != "cpu":
        torch.cuda.synchronize(place)
    return time.perf_counter()


def _ring(seed: int, place: str):
    return training.ring_game(seed, torch.float32, 32, False, place)


def _plain_ring(place: str) -> training.Side:
    gan, _ = _ring(0, place)
    real = data.ring().sample(60_000, torch.Generator().manual_seed(0), dtype=torch.float32)
    return training.plain(gan.generator, gan.discriminator, real, 256, device=place)


def _stacked(place: str, *, compiled: bool) -> training.Side:
    return training.together([_ring(seed, place) for seed in range(SEEDS)], compiled=compiled)


def _trained(experiment, source, place: str, seconds: float) -> tuple[float, float]:
    """The steps that fit into the seconds, and the Frechet distance of what the generator then makes."""
    gan, batches, _ = building.build(experiment, seed=0, device=place, source=source)
    begun = _now(place)
    while _now(place) - begun < seconds:
        train(gan, batches, 5)
    count = 1000 if seconds < 10 else judging.kind_of(source).samples
    drawn = reports.samples_of(gan, count, reports.stream()).cpu()
    told = judging.quality(source, drawn, reports.stream(1), swift=True)
    return float(gan.step), told["classifier_frechet"]


if __name__ == "__main__":
    sys.exit(main())
