"""Named, complete set-ups: data, networks, loss, regularizer, schedule and steps, in one plain dict."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from os import PathLike
from typing import Any, NamedTuple

import torch
from torch import nn

from ganlab import data
from ganlab.evaluation import judging
from ganlab.losses import LOSSES, GANLoss, label_smoothing
from ganlab.networks import NETWORKS
from ganlab.regularizers import REGULARIZERS
from ganlab.training.distributed import Group
from ganlab.training.game import GAN
from ganlab.training.players import Batches
from ganlab.training.rules import Penalty
from ganlab.training.unrolling import Unroll

__all__ = [
    "EXPERIMENTS",
    "SCHEDULES",
    "Experiment",
    "Setup",
    "build",
    "build_game",
    "change",
    "default",
    "from_dict",
    "load",
    "look_up",
    "to_dict",
]

Regularizer = tuple[str, float] | tuple[str, float, int]


def look_up(table: Collection[str], name: str, argument: str) -> str:
    """The name itself, if `table` has it.

    Raises `ValueError` naming the argument, the nearest spelling and all that exists.

    >>> look_up(("constant", "linear", "cosine"), "cosin", "schedule")
    Traceback (most recent call last):
    ValueError: `schedule` must be one of constant, linear, cosine, got 'cosin'; did you mean 'cosine'?
    """
    if name in table:
        return name
    near = difflib.get_close_matches(name, table, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"`{argument}` must be one of {', '.join(table)}, got {name!r}{hint}")


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

    `data`: a name in `ganlab.data.DATASETS`. `network`: a name in `ganlab.networks.NETWORKS`.
    `regularizers`: tuples of a name in `ganlab.regularizers.REGULARIZERS`, a weight, and, for one applied
    lazily, every how many discriminator steps. `width`: of both networks unless the discriminator has its
    own, None for the default of the architecture. `learning_rates`: of generator and discriminator.
    `smoothing`: one-sided label smoothing. `schedule`: a name in `SCHEDULES`. `instance_noise`: standard
    deviation at the first step of the noise on what the discriminator sees, falling linearly to 0 at the
    last. `pack`: how many samples the discriminator judges together. `minibatch_std`: whether it sees how far
    the batch is spread. `unroll`: how many steps ahead the generator sees the discriminator, and their size;
    see `ganlab.training.Unroll`.
    `float64`: whether to compute in double precision, as the point clouds do; `bf16`: whether the networks
    compute in bfloat16.

    Source: instance noise, Sonderby et al. 2017 [sonderby2017]; packing, Lin et al. 2018 [lin2018].
    """

    data: str
    network: str = "mlp"
    loss: str = "non_saturating"
    regularizers: tuple[Regularizer, ...] = ()
    latent_dim: int = 16
    width: int | tuple[int, ...] | None = 128
    discriminator_width: int | tuple[int, ...] | None = None
    steps: int = 3000
    batch_size: int = 128
    learning_rates: tuple[float, float] = (1e-3, 1e-3)
    betas: tuple[float, float] = (0.5, 0.999)
    schedule: str = "constant"
    n_critic: int = 1
    ema: float | None = None
    smoothing: float = 0.0
    instance_noise: float = 0.0
    pack: int = 1
    minibatch_std: bool = False
    unroll: tuple[int, float] | None = None
    float64: bool = False
    bf16: bool = False

    def facts(self) -> dict[str, Any]:
        """The settings as JSON can hold them."""
        return asdict(self)


def default(name: str) -> Experiment:
    """The set-up that a data set stands for, by its name in `ganlab.data.DATASETS`.

    Raises `ValueError` where there is no such data set, or its entry names a setting that there is none of.

    >>> default("grid").width
    128
    """
    look_up(data.DATASETS, name, "data")
    try:
        return Experiment(name, **data.DATASETS[name].default)
    except TypeError as error:
        raise ValueError(f"`default` of the data set {name} must hold settings: {error}") from None


_DEFAULTS = {name: default(name) for name in data.DATASETS}
_POINTS, _DIGITS, _FASHION = (_DEFAULTS[name] for name in ("ring", "digits", "fashion_mnist"))
_DCGAN = replace(
    _FASHION, network="dcgan", width=32, discriminator_width=None, batch_size=64, steps=4690, ema=0.999
)
_R1_R2 = {
    "loss": "relativistic_pairing",
    "regularizers": (("r1", 0.05), ("r2", 0.05)),
    "schedule": "cosine",
}
# The long runs that are compared with each other: one pair of networks, three games, ten seeds.
_LONG = replace(_POINTS, width=128, steps=8000, betas=(0.0, 0.9), schedule="cosine", ema=0.999, float64=False)
_LONG_GRID = replace(_LONG, data="grid", steps=25_000)
_PAIRING = {"loss": "relativistic_pairing", "regularizers": (("r1", 0.001), ("r2", 0.001))}
_WGAN_GP = {
    "loss": "wasserstein",
    "regularizers": (("wgan_gp", 0.1),),
    "n_critic": 5,
    "betas": (0.0, 0.9),
    "ema": 0.99,  # for the shortest of these runs: a longer memory would still hold its beginning
}

_COLLAPSE = replace(
    _POINTS,
    latent_dim=16,
    width=(128, 128),
    batch_size=128,
    steps=1500,
    learning_rates=(2e-3, 2e-4),
    ema=None,
)
_SMALL_COLLAPSE = replace(_COLLAPSE, width=(64, 64))
_CALM = (("r1", 0.05), ("r2", 0.05))
_CHANGES = {
    "small": {},
    "minimax": {"loss": "minimax"},
    "equal_rates": {"learning_rates": (1e-3, 1e-3)},
    "two_rates": {"learning_rates": (1e-3, 2e-3)},
    "packed": {"pack": 2},
    "batch_spread": {"minibatch_std": True},
    "noise": {"instance_noise": 0.3},
    "r1_r2": {"regularizers": _CALM},
    "pairing": {"loss": "relativistic_pairing", "regularizers": _CALM},
    "unrolled": {"unroll": (1, 0.1)},
}
_WIDE = ("two_rates", "packed", "unrolled")

EXPERIMENTS: dict[str, Experiment] = {
    **_DEFAULTS,
    "ring_r1_r2": replace(_POINTS, **_R1_R2),
    "ring_non_saturating": _LONG,
    "ring_pairing": replace(_LONG, **_PAIRING),
    "ring_wgan_gp": replace(_LONG, **_WGAN_GP, steps=2000),
    "grid_non_saturating": _LONG_GRID,
    "grid_pairing": replace(_LONG_GRID, **_PAIRING),
    "grid_wgan_gp": replace(_LONG_GRID, **_WGAN_GP, steps=9000),
    "ring_collapse": _COLLAPSE,
    **{f"ring_collapse_{name}": replace(_SMALL_COLLAPSE, **settings) for name, settings in _CHANGES.items()},
    **{f"ring_collapse_wide_{name}": replace(_COLLAPSE, **_CHANGES[name]) for name in _WIDE},
    "fashion_mnist_non_saturating": replace(_FASHION, ema=0.99),
    "fashion_mnist_wgan_gp": replace(
        _FASHION, **_WGAN_GP | {"regularizers": (("wgan_gp", 10.0),)}, steps=1500
    ),
    "fashion_mnist_dcgan": _DCGAN,
    "mnist_dcgan": replace(_DCGAN, data="mnist"),
}
"""The set-ups by name, that of each data set first. In `ring_collapse` the generator learns ten times as fast
as the discriminator, and collapses; each `ring_collapse_wide_...` is that with one thing changed, and each
other `ring_collapse_...` is `ring_collapse_small`, of half the width, with one thing changed. 4690 steps are
ten passes over 60 000 training images in batches of 128, and five in batches of 64.

>>> EXPERIMENTS["ring"].loss
'non_saturating'
"""


class Setup(NamedTuple):
    """What `build` makes of an experiment: the game, its batches, and the source of the real samples."""

    gan: GAN
    batches: Batches
    source: data.Source


def change(experiment: Experiment, **settings: Any) -> Experiment:
    """The experiment with other settings, after checking every name and number in it.

    Raises `ValueError` naming the setting where a name is unknown or a number is out of range.

    >>> change(EXPERIMENTS["ring"], steps=10).steps
    10
    """
    changed = replace(experiment, **settings)
    look_up(data.DATASETS, changed.data, "data")
    look_up(NETWORKS, changed.network, "network")
    look_up(LOSSES, changed.loss, "loss")
    look_up(SCHEDULES, changed.schedule, "schedule")
    for entry in changed.regularizers:
        _penalty(entry)
    for name in ("steps", "batch_size", "n_critic", "latent_dim", "pack"):
        if getattr(changed, name) < 1:
            raise ValueError(f"`{name}` must be at least 1, got {getattr(changed, name)}")
    if changed.batch_size % changed.pack:
        raise ValueError(
            f"`batch_size` must be a multiple of `pack`, {changed.pack}, got {changed.batch_size}"
        )
    if any(not rate > 0 for rate in changed.learning_rates):
        raise ValueError(f"`learning_rates` must be positive, got {changed.learning_rates}")
    if changed.network != "mlp" and len(data.DATASETS[changed.data].shape) != 3:
        raise ValueError(f"`network` must be mlp for the points of {changed.data}, got {changed.network!r}")
    if changed.unroll:
        Unroll(*changed.unroll)
    if not changed.instance_noise >= 0:
        raise ValueError(f"`instance_noise` must be at least 0, got {changed.instance_noise}")
    _loss(changed)
    return changed


def build(
    experiment: Experiment,
    *,
    seed: int = 0,
    data_dir: str | PathLike[str] | None = None,
    device: str = "cpu",
    source: data.Source | None = None,
    group: Group | None = None,
) -> Setup:
    """The game and the batches of an experiment; `seed` fixes the networks, the data and every draw.

    `data_dir`: where image files lie; see `ganlab.data`. `device`: of the networks, "cpu" or "cuda".
    `source`: what `load` returned, so that several seeds share it; it is loaded where it is not given.
    `group`: the processes that share each batch, see `ganlab.training.distributed`.

    Raises `ValueError` where a setting is out of range or the data is not to be had.

    >>> setup = build(change(EXPERIMENTS["ring"], steps=10))
    >>> setup.gan.latent_dim, next(setup.batches).shape
    (2, torch.Size([256, 2]))
    """
    experiment = change(experiment)
    source = source or load(experiment, data_dir)
    gan, data_rng = _deal(experiment, seed, device, group)
    return Setup(gan, data.batches(source, experiment.batch_size, data_rng, dtype=gan.dtype), source)


def load(experiment: Experiment, data_dir: str | PathLike[str] | None = None) -> data.Source:
    """The source of the real samples of an experiment; `data_dir` as in `build`.

    Raises `DataError`, a `ValueError`, where files are missing, truncated or altered, and `ValueError` where
    the entry of the data set names no kind of `ganlab.evaluation.judging`, or a shape that it cannot show.

    >>> load(EXPERIMENTS["digits"]).shape
    (1, 8, 8)
    """
    entry = data.DATASETS[experiment.data]
    judging.check(entry.kind, entry.shape)
    return entry.load(data_dir)


def build_game(experiment: Experiment, *, seed: int = 0, device: str = "cpu") -> GAN:
    """The game that `build` makes, without reading the data: enough to draw samples from stored weights.

    Raises `ValueError` where a setting is out of range.

    >>> build_game(EXPERIMENTS["mnist"]).sample_shape
    (1, 28, 28)
    """
    return _deal(change(experiment), seed, device)[0]


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


def _penalty(entry: Regularizer) -> Penalty:
    name, weight, every = (*entry, 1) if len(entry) == 2 else entry
    look_up(REGULARIZERS, name, "regularizer")
    if not weight >= 0:
        raise ValueError(f"the weight of `{name}` must be at least 0, got {weight}")
    if not isinstance(every, int) or every < 1:
        raise ValueError(f"the interval of `{name}` must be a positive integer, got {every}")
    return Penalty(REGULARIZERS[name], weight, every)


def _deal(
    experiment: Experiment, seed: int, device: str, group: Group | None = None
) -> tuple[GAN, torch.Generator]:
    """The game, and the random stream that is left for its data."""
    rng = torch.Generator().manual_seed(seed)
    dtype = torch.float64 if experiment.float64 else torch.float32
    with _default_dtype(dtype):  # so that a seed gives the same weights whatever the default is
        generator, discriminator = _networks(experiment, rng)
    data_rng = torch.Generator().manual_seed(int(torch.randint(2**62, (), generator=rng)))
    gan = GAN(
        generator,
        discriminator,
        _loss(experiment),
        rng,
        penalties=[_penalty(entry) for entry in experiment.regularizers],
        learning_rates=experiment.learning_rates,
        betas=experiment.betas,
        schedule=_schedule(experiment),
        ema=experiment.ema,
        instance_noise=_noise(experiment),
        pack=experiment.pack,
        unroll=Unroll(*experiment.unroll) if experiment.unroll else None,
        bf16=experiment.bf16,
        group=group,
        device=device,
    )
    return gan, data_rng


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    previous = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(previous)


def _networks(experiment: Experiment, rng: torch.Generator) -> tuple[nn.Module, nn.Module]:
    """Both networks; the discriminator looks at `pack` samples, joined along their first axis."""
    pair, shape = NETWORKS[experiment.network], data.DATASETS[experiment.data].shape
    packed = (experiment.pack * shape[0], *shape[1:])
    widths = [
        {} if width is None else {"width": width}
        for width in (experiment.width, experiment.discriminator_width or experiment.width)
    ]
    generator = pair.generator(experiment.latent_dim, shape, rng=rng, **widths[0])
    statistic = experiment.minibatch_std
    return generator, pair.discriminator(packed, rng=rng, minibatch_std=statistic, **widths[1])


def _loss(experiment: Experiment) -> GANLoss:
    loss = LOSSES[experiment.loss]
    return label_smoothing(loss, experiment.smoothing) if experiment.smoothing else loss


def _schedule(experiment: Experiment) -> Callable[[int], float] | None:
    if experiment.schedule == "constant":
        return None
    shape = SCHEDULES[experiment.schedule]
    return lambda step: shape(step / experiment.steps)


def _noise(experiment: Experiment) -> float | Callable[[int], float]:
    level, steps = experiment.instance_noise, experiment.steps
    return (lambda step: level * max(0.0, 1 - step / steps)) if level else 0.0
