"""Named, complete set-ups: data, networks, loss, regularizer, schedule and steps, in one plain dict."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike
from typing import Any, NamedTuple

import torch

from ganlab import data, networks
from ganlab.game import GAN, Batches, Penalty
from ganlab.losses import LOSSES, label_smoothing
from ganlab.regularizers import REGULARIZERS

__all__ = ["DEFAULTS", "EXPERIMENTS", "Experiment", "Setup", "build", "change", "look_up"]

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "linear": lambda done: max(1 - done, 0.01),
    "cosine": lambda done: 0.01 + 0.99 * (1 + math.cos(math.pi * min(done, 1.0))) / 2,
}
"""Factor on the learning rates as a function of the share of the steps that is done; it ends at 1 %.

>>> SCHEDULES["cosine"](1.0)
0.01
"""


@dataclass(frozen=True)
class Experiment:
    """A complete set-up of one training run; everything but the seed and the machine.

    `regularizers`: pairs of a name in `ganlab.regularizers.REGULARIZERS` and a weight. `learning_rates`: of
    generator and discriminator. `smoothing`: one-sided label smoothing. `schedule`: a name in `SCHEDULES`.
    `float64`: whether to compute in double precision, as the point clouds do.
    """

    data: str
    loss: str = "non_saturating"
    regularizers: tuple[tuple[str, float], ...] = ()
    latent_dim: int = 16
    width: int | tuple[int, ...] = 128
    discriminator_width: int | tuple[int, ...] | None = None
    steps: int = 3000
    batch_size: int = 128
    learning_rates: tuple[float, float] = (1e-3, 1e-3)
    betas: tuple[float, float] = (0.5, 0.999)
    schedule: str = "constant"
    n_critic: int = 1
    ema: float | None = None
    smoothing: float = 0.0
    float64: bool = False


_POINTS = Experiment("ring", latent_dim=2, width=64, batch_size=256, steps=5000, ema=0.99, float64=True)
_IMAGES = Experiment(
    "digits", latent_dim=100, width=(128, 256), discriminator_width=(256, 128), learning_rates=(2e-4, 2e-4)
)

EXPERIMENTS: dict[str, Experiment] = {
    "ring": _POINTS,
    "grid": replace(_POINTS, data="grid", width=128),
    "swiss_roll": replace(_POINTS, data="swiss_roll"),
    "ring_r1_r2": replace(
        _POINTS, loss="relativistic_pairing", regularizers=(("r1", 0.05), ("r2", 0.05)), schedule="cosine"
    ),
    "ring_collapse": replace(
        _POINTS,
        latent_dim=16,
        width=(128, 128),
        batch_size=128,
        steps=1500,
        learning_rates=(2e-3, 2e-4),
        ema=None,
    ),
    "digits": replace(_IMAGES, steps=3000, batch_size=64),
    "fashion_mnist": replace(_IMAGES, data="fashion_mnist", steps=4690),
    "mnist": replace(_IMAGES, data="mnist", steps=4690),
}
"""The set-ups by name. In `ring_collapse` the generator learns ten times as fast as the discriminator, and
collapses; 4690 steps of 128 images are ten passes over the 60 000 training images.

>>> EXPERIMENTS["ring"].loss
'non_saturating'
"""

DEFAULTS: dict[str, str] = {
    name: name for name in ("ring", "grid", "swiss_roll", "digits", "fashion_mnist", "mnist")
}
"""The set-up that a data set alone stands for.

>>> DEFAULTS["mnist"]
'mnist'
"""


class Setup(NamedTuple):
    """What `build` makes of an experiment: the game, its batches, and the source of the real samples."""

    gan: GAN
    batches: Batches
    source: data.Mixture | data.SwissRoll | data.Images


def look_up(table: Collection[str], name: str, argument: str) -> str:
    """The name itself, if `table` has it.

    Raises `ValueError` naming the argument, the nearest spelling and all that exists.

    >>> look_up(EXPERIMENTS, "rign", "experiment")
    Traceback (most recent call last):
    ValueError: `experiment` must be one of ring, grid, swiss_roll, ring_r1_r2, ring_collapse, digits,
    fashion_mnist, mnist, got 'rign'; did you mean 'ring'?
    """
    if name in table:
        return name
    near = difflib.get_close_matches(name, table, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"`{argument}` must be one of {', '.join(table)}, got {name!r}{hint}")


def change(experiment: Experiment, **settings: Any) -> Experiment:
    """The experiment with other settings, after checking every name and number in it.

    Raises `ValueError` naming the setting where a name is unknown or a number is out of range.

    >>> change(EXPERIMENTS["ring"], steps=10).steps
    10
    """
    changed = replace(experiment, **settings)
    look_up(data.DATASETS, changed.data, "data")
    look_up(LOSSES, changed.loss, "loss")
    look_up(SCHEDULES, changed.schedule, "schedule")
    for name, weight in changed.regularizers:
        look_up(REGULARIZERS, name, "regularizer")
        if not weight >= 0:
            raise ValueError(f"the weight of `{name}` must be at least 0, got {weight}")
    for name in ("steps", "batch_size", "n_critic", "latent_dim"):
        if getattr(changed, name) < 1:
            raise ValueError(f"`{name}` must be at least 1, got {getattr(changed, name)}")
    if any(not rate > 0 for rate in changed.learning_rates):
        raise ValueError(f"`learning_rates` must be positive, got {changed.learning_rates}")
    label_smoothing(LOSSES["minimax"], changed.smoothing)
    return changed


def build(
    experiment: Experiment,
    *,
    seed: int = 0,
    data_dir: str | PathLike[str] | None = None,
    device: str = "cpu",
) -> Setup:
    """The game and the batches of an experiment; `seed` fixes the networks, the data and every draw.

    `data_dir`: where image files lie; see `ganlab.data`. `device`: of the networks, "cpu" or "cuda".

    Raises `ValueError` where a setting is out of range or the data is not to be had.

    >>> setup = build(change(EXPERIMENTS["ring"], steps=10))
    >>> setup.gan.latent_dim, next(setup.batches).shape
    (2, torch.Size([256, 2]))
    """
    experiment = change(experiment)
    rng = torch.Generator().manual_seed(seed)
    source = _load(experiment.data, data_dir)
    dtype = torch.float64 if experiment.float64 else torch.float32
    shape = source.shape if isinstance(source, data.Images) else (2,)
    generator = networks.mlp_generator(experiment.latent_dim, shape, width=experiment.width, rng=rng)
    discriminator = networks.mlp_discriminator(
        shape, width=experiment.discriminator_width or experiment.width, rng=rng
    )
    data_rng = torch.Generator().manual_seed(int(torch.randint(2**62, (), generator=rng)))
    batches = data.batches(source, experiment.batch_size, data_rng, dtype=dtype)
    gan = GAN(
        generator.to(dtype),
        discriminator.to(dtype),
        _loss(experiment),
        rng,
        penalties=[Penalty(REGULARIZERS[name], weight) for name, weight in experiment.regularizers],
        learning_rates=experiment.learning_rates,
        betas=experiment.betas,
        schedule=_schedule(experiment),
        ema=experiment.ema,
        device=device,
    )
    return Setup(gan, batches, source)


def to_dict(experiment: Experiment) -> dict[str, Any]:
    """The settings as JSON can hold them.

    >>> to_dict(EXPERIMENTS["ring"])["data"]
    'ring'
    """
    return asdict(experiment)


def from_dict(settings: dict[str, Any]) -> Experiment:
    """The experiment that `to_dict` wrote down.

    Raises `ValueError` where a setting is unknown or out of range.

    >>> from_dict(to_dict(EXPERIMENTS["digits"])) == EXPERIMENTS["digits"]
    True
    """
    known = {name: _tuples(value) for name, value in settings.items()}
    try:
        return change(Experiment(**known))
    except TypeError as error:
        raise ValueError(f"the stored settings must be those of an experiment: {error}") from None


def _tuples(value: Any) -> Any:
    return (
        tuple(_tuples(item) for item in value)
        if isinstance(value, Sequence) and not isinstance(value, str)
        else value
    )


def _load(name: str, data_dir: str | PathLike[str] | None) -> data.Mixture | data.SwissRoll | data.Images:
    loader = data.DATASETS[name]
    return loader(data_dir) if name in ("mnist", "fashion_mnist") else loader()


def _loss(experiment: Experiment):
    loss = LOSSES[experiment.loss]
    return label_smoothing(loss, experiment.smoothing) if experiment.smoothing else loss


def _schedule(experiment: Experiment) -> Callable[[int], float] | None:
    if experiment.schedule == "constant":
        return None
    shape = SCHEDULES[experiment.schedule]
    return lambda step: shape(step / experiment.steps)
