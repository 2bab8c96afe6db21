"""What a set-up stands for: the networks, the game and the batches, all drawn from one seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from inspect import signature
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import nn

from ganlab import data
from ganlab.evaluation import judging
from ganlab.experiments.catalogue import SCHEDULES, Experiment, Regularizer, change, data_facts
from ganlab.folders import Folder
from ganlab.lipschitz import spectral_norm
from ganlab.losses import LOSSES, GANLoss, label_smoothing
from ganlab.networks import CONDITIONS, NETWORKS, TRANSLATORS, conditional_generator, level_of
from ganlab.regularizers import REGULARIZERS
from ganlab.training.distributed import Group
from ganlab.training.game import GAN
from ganlab.training.optimizers import OPTIMIZERS, Optimizer
from ganlab.training.players import Batches
from ganlab.training.rules import Penalty
from ganlab.training.translation import Translation
from ganlab.training.unrolling import Unroll

__all__ = ["Setup", "build", "build_game", "load_source"]


class Setup(NamedTuple):
    """What `build` makes of an experiment: the game, its batches, and the source of the real samples."""

    gan: Any  # a `GAN`, or a `Translation`, which has what is asked of both
    batches: Batches
    source: data.Source


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
    `source`: what `load_source` returned, so that several seeds share it; it is loaded where it is not given.
    `group`: the processes that share each batch, see `ganlab.training.distributed`.

    Raises `ValueError` where a setting is out of range or the data is not to be had.

    >>> from ganlab.experiments import EXPERIMENTS
    >>> setup = build(change(EXPERIMENTS["ring"], steps=10))
    >>> setup.gan.latent_dim, next(setup.batches).shape
    (2, torch.Size([256, 2]))
    """
    experiment = change(experiment)
    source = load_source(experiment, data_dir) if source is None else source
    if isinstance(source, data.Unpaired | data.UnpairedClasses):
        return _translation(experiment, seed, device, group, source)
    gan, data_rng = _deal(experiment, seed, device, group)
    settings = {"dtype": gan.dtype, "labelled": experiment.conditional}
    learnt = source if experiment.few is None else _few(source, experiment.few, data_rng)
    return Setup(gan, data.batches(learnt, experiment.batch_size, data_rng, **settings), source)


def _few(images: Any, count: int, rng: torch.Generator) -> data.Images:
    """So many images of a set, drawn without repetition."""
    if count > len(images):
        raise ValueError(f"`few` must be at most {len(images)}, the number of images, got {count}")
    kept = torch.randperm(len(images), generator=rng)[:count]
    return replace(images, pixels=images.pixels[kept], labels=images.labels[kept])


def load_source(experiment: Experiment, data_dir: str | PathLike[str] | None = None) -> data.Source:
    """The source of the real samples of an experiment; `data_dir` as in `build`.

    Of a folder of pictures, `data_dir` is another place of the same folder.

    Raises `DataError`, a `ValueError`, where files are missing, truncated or altered, and `ValueError` where
    the entry of the data set names no kind of `ganlab.evaluation.judging`, or a shape that it cannot show, or
    where a folder has other classes than its experiment says.

    >>> from ganlab.experiments import EXPERIMENTS
    >>> load_source(EXPERIMENTS["digits"]).shape
    (1, 8, 8)
    """
    entry = _entry(experiment.data)
    judging.check(entry.kind, entry.shape)
    return entry.load(data_dir)


def _entry(chosen: str | Folder) -> data.DataSet:
    """The entry of a data set; that of a folder is made here."""
    if isinstance(chosen, str):
        return data.DATASETS[chosen]

    def read(path: str | PathLike[str] | None) -> data.Images:
        if path is None and not Path(chosen.path).is_dir():
            raise ValueError(
                f"the pictures must be in {chosen.path}, as they were, and there is no such folder; "
                "`--data-dir` names another place where they lie"
            )
        images = data.folder(path or chosen.path, size=chosen.size, channels=chosen.channels)
        if images.classes != chosen.labels:
            was, now = (", ".join(names) or "none" for names in (chosen.labels, images.classes))
            raise ValueError(f"the classes of {path or chosen.path} must be {was}, as they were, got {now}")
        return images

    told = chosen.facts()
    return data.DataSet(told["kind"], tuple(told["shape"]), read, files=True, classes=told["classes"])


def build_game(experiment: Experiment, *, seed: int = 0, device: str = "cpu") -> GAN:
    """The game that `build` makes, without reading the data: enough to draw samples from stored weights.

    Raises `ValueError` where a setting is out of range.

    >>> from ganlab.experiments import EXPERIMENTS
    >>> build_game(EXPERIMENTS["mnist"]).sample_shape
    (1, 28, 28)
    """
    experiment = change(experiment)
    if data_facts(experiment.data)["kind"].startswith("unpaired"):
        return build(experiment, seed=seed, device=device).gan
    return _deal(experiment, seed, device)[0]


def _translation(experiment: Experiment, seed: int, device: str, group: Group | None, source: Any) -> Setup:
    """The game of two translators and two critics, and its batches, each a sample of both sides."""
    rng, steps = torch.Generator().manual_seed(seed), experiment.steps
    dtype = torch.float64 if experiment.float64 else torch.float32
    wide = experiment.width, experiment.discriminator_width or experiment.width
    widths = [{} if width is None else {"width": width} for width in wide]
    translator, critic = TRANSLATORS[experiment.translator], NETWORKS[experiment.network].discriminator
    with _default_dtype(dtype):
        there, back = (translator(source.shape, rng=rng, **widths[0]) for _ in range(2))
        critics = [critic(source.shape, rng=rng, **widths[1]) for _ in range(2)]
    data_rng, pair_rng = (
        torch.Generator().manual_seed(int(torch.randint(2**62, (), generator=rng))) for _ in range(2)
    )
    game = Translation(
        there,
        back,
        critics[0],
        critics[1],
        _loss(experiment),
        given=lambda n, rng: source.held_out(n, rng, dtype=dtype)[0],
        cycle=experiment.cycle,
        move=(lambda step: experiment.move * max(0.0, 1 - 2 * step / steps)) if experiment.move else 0.0,
        pairs=source.pairs(experiment.pairs, pair_rng, dtype=dtype) if experiment.pairs else None,
        learning_rates=experiment.learning_rates,
        optimizer=_optimizer(experiment),
        schedule=_schedule(experiment),
        ema=experiment.ema,
        clip=experiment.clip,
        accumulate=experiment.accumulate,
        group=group,
        device=device,
    )
    batches = data.batches(source, experiment.batch_size, data_rng, dtype=dtype, labelled=True)
    return Setup(game, batches, cast("data.Source", source))


def _penalty(entry: Regularizer) -> Penalty:
    name, weight, every = (*entry, 1) if len(entry) == 2 else entry
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
        optimizer=_optimizer(experiment),
        schedule=_schedule(experiment),
        ema=experiment.ema,
        ema_batches=experiment.ema_batches,
        clip=experiment.clip,
        instance_noise=_noise(experiment),
        pack=experiment.pack,
        augment=experiment.augment,
        unroll=Unroll(*experiment.unroll) if experiment.unroll else None,
        bf16=experiment.bf16,
        class_weight=experiment.class_weight,
        mixing=experiment.mixing,
        growth=_growth(experiment, getattr(generator, "scales", 1)),
        accumulate=experiment.accumulate,
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
    pair, about = NETWORKS[experiment.network], data_facts(experiment.data)
    shape = tuple(about["shape"])
    packed = (experiment.pack * shape[0], *shape[1:])
    extra: dict[str, Any] = {} if experiment.attention is None else {"attention": experiment.attention}
    extra |= {"grows": True} if experiment.growing else {}
    styled = {"noise": experiment.layer_noise, "depth": experiment.mapping} if pair.facts()["grows"] else {}
    made = partial(pair.generator, **extra, **styled)
    judged = partial(pair.discriminator, minibatch_std=experiment.minibatch_std, **extra)
    if experiment.conditional:
        told = {"classes": about["classes"]}
        made = partial(conditional_generator, architecture=made, **told)
        judged = partial(CONDITIONS[experiment.condition].make, architecture=judged, **told)
    widths = [
        {} if width is None else {"width": width}
        for width in (experiment.width, experiment.discriminator_width or experiment.width)
    ]
    generator = made(experiment.latent_dim, shape, rng=rng, **widths[0])
    discriminator = judged(packed, rng=rng, **widths[1])
    return generator, spectral_norm(discriminator, rng=rng) if experiment.spectral_norm else discriminator


def _optimizer(experiment: Experiment) -> Optimizer:
    rule = OPTIMIZERS[experiment.optimizer]
    return rule(experiment.betas) if "betas" in signature(rule).parameters else rule()


def _loss(experiment: Experiment) -> GANLoss:
    loss = LOSSES[experiment.loss]
    if not (experiment.smoothing or experiment.fake_label):
        return loss
    return label_smoothing(loss, experiment.smoothing, fake=experiment.fake_label)


def _schedule(experiment: Experiment) -> Callable[[int], float] | None:
    if experiment.schedule == "constant":
        return None
    shape = SCHEDULES[experiment.schedule]
    return lambda step: shape(step / experiment.steps)


def _growth(experiment: Experiment, scales: int) -> Callable[[int], float] | None:
    last = experiment.growing * experiment.steps
    return (lambda step: level_of(step / last, scales)) if last else None


def _noise(experiment: Experiment) -> float | Callable[[int], float]:
    level, steps = experiment.instance_noise, experiment.steps
    return (lambda step: level * max(0.0, 1 - step / steps)) if level else 0.0
