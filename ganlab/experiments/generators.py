"""Loading the generators that the package holds, and training them, each of its set-up and for a stated time.

    python -m ganlab.experiments.generators                 makes all of them again
    python -m ganlab.experiments.generators ring grid       makes two

A set-up gets the steps that its budget buys by a measured price. A generator that is made again gets the
seed and the steps that it had, so that the same weights come out on a like machine; `--priced` measures anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from ganlab.evaluation import judging
from ganlab.experiments import building, catalogue, draws, measured, pretrained, trials
from ganlab.experiments.catalogue import EXPERIMENTS, Experiment
from ganlab.experiments.draws import judged_as_map
from ganlab.experiments.pretrained import Row
from ganlab.experiments.records import MEASURES
from ganlab.storage import write_atomically
from ganlab.training.loop import train
from ganlab.training.players import NonFiniteLossError
from ganlab.training.translation import Translation

__all__ = ["DRAWS", "game_of", "judged", "load", "main", "make", "save", "with_weights"]

DRAWS = 5
"""How often a stored generator is judged, each time by samples and real samples of their own.

>>> DRAWS
5
"""

Weights = Mapping[str, Tensor]


def load(name: str) -> Any:
    """The stored generator of a set-up, in evaluation mode and in float64, its weights frozen.

    In double precision what it makes is the same on every machine to many digits.

    Raises what `game_of` raises, and `ValueError` where the set-up has two translators instead.

    >>> load("ring")(torch.zeros(5, 2, dtype=torch.float64)).shape
    torch.Size([5, 2])
    """
    game = game_of(name)
    if isinstance(game, Translation):
        raise ValueError(f"`name` must be that of one generator, got {name!r}, which has two translators")
    return game.generator.double().requires_grad_(False).eval()


def game_of(name: str) -> Any:
    """The game of a set-up whose generator is the stored one: to be drawn from and judged, not to go on.

    Raises `ValueError` where there is no such generator, or its file is not the one that was stored, and
    `OSError` where the file is missing.

    >>> from ganlab.experiments import reports
    >>> reports.samples_of(game_of("ring"), 5, reports.stream()).shape
    torch.Size([5, 2])
    """
    told, path = pretrained.row(name), pretrained.path_of(name)
    stored = path.read_bytes()
    if hashlib.sha256(stored).hexdigest() != told.sha256:
        raise ValueError(f"{path} is damaged: its SHA-256 is not {told.sha256[:8]}...")
    return with_weights(told.experiment, safetensors.torch.load(stored))


def with_weights(experiment: Experiment, weights: Weights) -> Any:
    """The game of a set-up, without an average, whose generator or translators have these weights.

    Each is named after its player; as the package once wrote them, without one, they are the generator's.

    Raises `ValueError` where they are not those of its networks.

    >>> with_weights(EXPERIMENTS["ring"], {})
    Traceback (most recent call last):
    ValueError: `weights` must be those of the generator of this set-up, got none of generator
    """
    game = building.build_game(catalogue.change(experiment, ema=None, ema_batches=0))
    makers = _makers(game)
    bare = not any(key.split(".")[0] in makers for key in weights)
    for player, network in makers.items():
        prefix = "" if bare and player == "generator" else f"{player}."
        own = {key.removeprefix(prefix): w for key, w in weights.items() if key.startswith(prefix)}
        if not own:
            raise ValueError(f"`weights` must be those of the generator of this set-up, got none of {player}")
        try:
            network.load_state_dict(own)
        except RuntimeError as error:
            raise ValueError(f"`weights` must be those of the generator of this set-up: {error}") from None
    return game


def make(
    name: str, *, steps: int | None = None, seed: int = pretrained.SEED, data_dir: str | None = None
) -> tuple[Row, dict[str, Tensor]]:
    """The row of a set-up that was trained for its budget, and its weights, in half precision.

    `steps`: so many, and not those that the budget buys. What is judged is the generator that is stored: its
    average where the set-up keeps one, rounded.

    Raises `ValueError` where there is no such set-up or its data are not to be had, and
    `NonFiniteLossError` where it breaks down.
    """
    catalogue.look_up(EXPERIMENTS, name, "name")
    source = building.load_source(EXPERIMENTS[name], data_dir)
    seconds = pretrained.budget(EXPERIMENTS[name])
    if steps is None:
        priced = building.build(EXPERIMENTS[name], seed=pretrained.SEED, source=source)
        steps = max(1, int(seconds / trials.price_of([priced], EXPERIMENTS[name])))
    experiment = catalogue.change(EXPERIMENTS[name], steps=steps)
    setup = building.build(experiment, seed=seed, source=source)
    started = time.process_time()
    train(setup.gan, setup.batches, steps, n_critic=experiment.n_critic)
    taken = time.process_time() - started
    weights = _rounded(setup.gan)
    game, count = with_weights(experiment, weights), judging.kind_of(source).samples
    found = [judged(game, source, count, draw) for draw in range(DRAWS)]
    known = [key for key in found[0] if all(key in numbers for numbers in found)]
    measures = {key: tuple(numbers[key] for numbers in found) for key in known}
    stored = safetensors.torch.save(weights)
    digest = hashlib.sha256(stored).hexdigest()
    return Row(experiment, seconds, round(taken, 1), count, measures, len(stored), digest, seed), weights


def judged(game: Any, source: Any, count: int, draw: int) -> dict[str, float]:
    """What `count` samples of a game are worth, by the measures of the studies; those that are unknown not.

    `draw`: the number that fixes the samples and the real ones.
    """
    rng = draws.stream(draw)
    drawn = draws.samples_of(game, count, rng)
    found = measured.judged(source, drawn, rng, draws.labels_of(game, count))
    found |= {key: value for key, value in judged_as_map(game, source, rng).items() if key in MEASURES}
    return {key: float(f"{value:.6g}") for key, value in found.items() if value is not None}


def save(name: str, told: Row, weights: Weights, folder: Path | None = None) -> None:
    """Store the weights and then the row of a set-up, in `folder` or among the package's own files.

    Each file is whole or as it was. A row of the same name is replaced; all stand in the order of the
    catalogue.
    """
    file = pretrained.FILE if folder is None else folder / pretrained.FILE.name
    place = pretrained.path_of(name, folder)
    place.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(place, safetensors.torch.save(dict(weights)))
    kept = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.is_file() else {}
    kept[name] = asdict(told)
    document = {
        "command": "python -m ganlab.experiments.generators",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(kept[key])}" for key in EXPERIMENTS if key in kept]
    head = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in document.items())
    write_atomically(file, ("{\n" + head + ' "rows": {\n' + ",\n".join(lines) + "\n }\n}\n").encode())


def main(arguments: Sequence[str]) -> int:
    """The exit code after making and storing the generators that are named, or again all that are kept.

    1 where one broke down or cannot be made: it is told, and keeps what was stored before.
    """
    parser = argparse.ArgumentParser(prog="python -m ganlab.experiments.generators", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="set-ups (default: all that are kept)")
    parser.add_argument("--priced", action="store_true", help="price the steps anew (default: off)")
    parser.add_argument("--steps", type=int, help="train for so many, whatever the budget buys")
    parser.add_argument("--data-dir", help="where the image files lie, if not in the usual places")
    parser.add_argument("--out", type=Path, help="the folder to write into (default: the package's own)")
    wanted = parser.parse_args(arguments)
    torch.set_num_threads(1)
    code, known = 0, pretrained.rows()
    for name in wanted.names or known:
        kept = known.get(name)
        steps = kept.experiment.steps if kept and not wanted.priced else None
        steps = steps if wanted.steps is None else wanted.steps
        seed = kept.seed if kept else pretrained.SEED
        try:
            told, weights = make(name, steps=steps, seed=seed, data_dir=wanted.data_dir)
        except (ValueError, NonFiniteLossError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            code = 1
            continue
        save(name, told, weights, wanted.out)
        numbers = ", ".join(f"{MEASURES[key]} {value:.3g}" for key, (value, *_) in told.measures.items())
        print(f"{name}: {told.experiment.steps} steps in {told.seconds} s; {numbers}", flush=True)
    return code


def _makers(game: Any) -> dict[str, nn.Module]:
    """What makes samples: the generator of a GAN, or both translators, whose map is judged."""
    names = ("there", "back") if isinstance(game, Translation) else ("generator",)
    return {name: game.players[name].network for name in names}


def _rounded(game: Any) -> dict[str, Tensor]:
    """The weights and buffers of what is shown of a game, in half precision.

    Raises `ValueError` where a number is too large for it.
    """
    shown = (
        {name: game.shown_of(name) for name in ("there", "back")}
        if isinstance(game, Translation)
        else {"generator": game.shown}
    )
    found = {}
    for player, network in shown.items():
        for key, value in network.state_dict().items():
            kept = value.half() if value.is_floating_point() else value
            if not kept.isfinite().all():
                raise ValueError(f"{player}.{key} holds numbers that half precision cannot")
            found[f"{player}.{key}"] = kept.contiguous()
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
