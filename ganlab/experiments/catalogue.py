"""Named, complete set-ups: data, networks, loss, regularizer, schedule and steps, in one plain dict.

A set-up is names and numbers, and is checked against what `ganlab.facts` knows of the names: nothing here
loads a network. What a set-up stands for is built in `ganlab.experiments.building`.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ganlab import facts, folders
from ganlab.experiments.limits import check_normalised, check_numbers, check_smoothing
from ganlab.folders import Folder

__all__ = [
    "EXPERIMENTS",
    "FOLDER",
    "SCHEDULES",
    "Experiment",
    "change",
    "data_facts",
    "default",
    "for_network",
    "from_dict",
    "look_up",
    "of_folder",
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

    `data`: a name in `ganlab.data.DATASETS`, or a `ganlab.folders.Folder` of pictures. `network`: a name in
    `ganlab.networks.NETWORKS`. `loss`: a name in `ganlab.losses.LOSSES`. `steps`: generator steps, each after
    `n_critic` discriminator steps. `ema`: decay of the generator's moving average, None for none;
    `ema_batches`: from how many batches of latents the batch norms of the average are estimated anew, 0 for
    the average of their statistics. `regularizers`: tuples of a name in `ganlab.regularizers.REGULARIZERS`, a
    weight, and, for one applied lazily, every how many discriminator steps. `width`: of both networks unless
    the discriminator has its own, None for the default of the architecture. `learning_rates`: of generator
    and discriminator. `smoothing`: how far the label of real samples is below 1, and `fake_label`: that of
    generated ones, for the discriminator alone. `schedule`: a name in `SCHEDULES`.
    `instance_noise`: standard deviation at the first step of the noise on what the discriminator sees,
    falling linearly to 0 at the last. `augment`: names in `ganlab.training.augmentations.AUGMENTATIONS`, of
    what is done to all images that it sees. `few`: how many images of the set are learnt from, drawn by the
    seed; None for all. `pack`: how many samples the discriminator judges together. `minibatch_std`: whether
    it sees how far the batch is spread. `unroll`: how many steps ahead the generator sees the discriminator,
    and their size; see `ganlab.training.Unroll`. `optimizer`: a name in `ganlab.training.OPTIMIZERS`; `betas`
    are Adam's. `attention`: the height of the maps, in both networks, behind which self-attention stands,
    None for none. `clip`: the weights of the discriminator are kept in [-clip, clip]. `spectral_norm`:
    whether each of its layers is divided by its spectral norm. `conditional`: whether both networks are told
    the class of a sample, which the data set has to have, and `condition`: how the discriminator is, a name
    in `ganlab.networks.CONDITIONS`; `class_weight`: of the loss of the classes, where it guesses them.
    `translator`, `cycle`, `move`, `pairs`: of unpaired translation alone: a name in
    `ganlab.networks.TRANSLATORS`; the weight of the cycle error; that of the squared move, which falls
    linearly to 0 at half of the steps; and how many pairs are known. See `ganlab.training.Translation`.
    `layer_noise`, `mixing`, `growing`, `mapping`: of the network "layered" alone: whether its layers take
    noise; the probability with which a sample in training has the styles of two latents; the share of the
    steps over which both networks grow, from the coarsest scale to the finest, 0 for networks that have all
    of them; and how many layers make a style of a latent, 0 for none: then the scaled latent is the style.
    `float64`: whether to compute in double precision, as the point clouds do; `bf16`: whether the networks
    compute in bfloat16. `accumulate`: in how many equal parts of the batch the gradient of a step is taken.

    Source: instance noise, Sonderby et al. 2017 [sonderby2017]; packing, Lin et al. 2018 [lin2018].
    """

    data: str | Folder
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
    optimizer: str = "adam"
    clip: float | None = None
    spectral_norm: bool = False
    conditional: bool = False
    ema_batches: int = 0
    attention: int | None = None
    augment: tuple[str, ...] = ()
    fake_label: float = 0.0
    few: int | None = None
    translator: str = "mlp"
    cycle: float = 0.0
    move: float = 0.0
    pairs: int = 0
    condition: str = "projection"
    class_weight: float = 1.0
    layer_noise: bool = False
    mixing: float = 0.0
    growing: float = 0.0
    mapping: int = 2
    accumulate: int = 1

    def facts(self) -> dict[str, Any]:
        """The settings as JSON can hold them."""
        return asdict(self)


FOLDER = "folder:"
"""What the name of a folder of pictures begins with, where a data set is named: `folder:PATH`.

>>> FOLDER
'folder:'
"""


def data_facts(data: str | Folder) -> dict[str, Any]:
    """What is known of a data set without loading it: its kind, the shape of a sample, how many classes.

    >>> data_facts("ring")["kind"]
    'mixture'
    """
    return data.facts() if isinstance(data, Folder) else facts.table("data")[data]


def default(name: str) -> Experiment:
    """The set-up that a data set stands for, by its name in `ganlab.data.DATASETS`, or as `folder:PATH`.

    That of a folder is `fashion_mnist_dcgan` with its pictures, 28x28 in colour, and in smaller batches where
    it holds fewer than 64.

    Raises `ValueError` where there is no such data set, or its entry names a setting that there is none of.

    >>> default("grid").width
    128
    """
    if name.startswith(FOLDER):
        return of_folder(name.removeprefix(FOLDER))
    look_up(facts.names("data"), name, "data")
    settings = facts.table("data")[name]["default"]
    try:
        return Experiment(name, **{key: _tuples(value) for key, value in settings.items()})
    except TypeError as error:
        raise ValueError(f"`default` of the data set {name} must hold settings: {error}") from None


def of_folder(path: str, *, size: int = 28, channels: int = 3) -> Experiment:
    """The set-up of a folder of pictures, made `size` pixels wide, in colour or, of one channel, in grey.

    A batch has room in the folder even where one in ten of its files turns out to be damaged.

    Raises what `ganlab.folders.look` raises: `ValueError` where there is no such folder of pictures.

    >>> of_folder("nowhere")
    Traceback (most recent call last):
    ValueError: `path` must be a folder that exists, got nowhere
    """
    if not path:
        raise ValueError(f"`data` must be folder:PATH, with a path, got {FOLDER!r}")
    folder, count = folders.look(path, size=size, channels=channels)
    whole = count - count // 10
    batch_size = min(_DCGAN.batch_size, 1 << (whole.bit_length() - 1))
    return replace(_DCGAN, data=folder, batch_size=batch_size)


def _tuples(value: Any) -> Any:
    return (
        tuple(_tuples(item) for item in value)
        if isinstance(value, Sequence) and not isinstance(value, str)
        else value
    )


_DEFAULTS = {name: default(name) for name in facts.names("data")}
_POINTS, _DIGITS, _FASHION = (_DEFAULTS[name] for name in ("ring", "digits", "fashion_mnist"))
_TUNED: dict[str, dict[str, Any]] = {  # what `architectures` chose for each pair of networks
    "mlp": {name: getattr(_FASHION, name) for name in ("learning_rates", "ema", "ema_batches")},
    "dcgan": {"learning_rates": (3e-3, 3e-3), "ema": 0.99, "ema_batches": 20},
    "residual": {"learning_rates": (1e-3, 1e-3), "ema": None, "ema_batches": 0},
}
_USUAL = {"learning_rates": (2e-4, 2e-4), "ema": 0.99, "ema_batches": 0}  # where no rate was tried
_DCGAN = replace(_FASHION, network="dcgan", width=32, discriminator_width=None, **_TUNED["dcgan"])
# The games on the road from a plain GAN to WGAN-GP, at the rate that was usual.
_ROAD = replace(_FASHION, learning_rates=(2e-4, 2e-4), batch_size=128)
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
_UNROLLED = {"unroll": (1, 0.1)}

_STYLES = {
    "network": "layered",
    "loss": "relativistic_pairing",
    "regularizers": (("r1", 0.05, 4), ("r2", 0.05, 4)),
    "latent_dim": 32,
    "width": 8,
    "discriminator_width": None,
    "batch_size": 32,
    "learning_rates": (5e-3, 5e-3),
    "betas": (0.0, 0.9),
    "ema": 0.99,
    "layer_noise": True,
    "mixing": 0.9,
}
_FASHION_STYLES = replace(_FASHION, **_STYLES, steps=800)

_SHARED = replace(_DEFAULTS["shared_ring"], conditional=True, betas=(0.0, 0.9))
_TOLD = {"conditional": True, "betas": (0.0, 0.9)}

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
    "ring_collapse_small": _SMALL_COLLAPSE,
    "ring_collapse_minimax": replace(_SMALL_COLLAPSE, loss="minimax"),
    "ring_collapse_equal_rates": replace(_SMALL_COLLAPSE, learning_rates=(1e-3, 1e-3)),
    "ring_collapse_two_rates": replace(_SMALL_COLLAPSE, learning_rates=(1e-3, 2e-3)),
    "ring_collapse_packed": replace(_SMALL_COLLAPSE, pack=2),
    "ring_collapse_r1_r2": replace(_SMALL_COLLAPSE, regularizers=(("r1", 0.05), ("r2", 0.05))),
    "ring_collapse_unrolled": replace(_SMALL_COLLAPSE, **_UNROLLED),
    "ring_collapse_wide_unrolled": replace(_COLLAPSE, **_UNROLLED),
    "fashion_mnist_non_saturating": _ROAD,
    "fashion_mnist_wgan_gp": replace(_ROAD, **_WGAN_GP | {"regularizers": (("wgan_gp", 10.0),)}, steps=1500),
    "fashion_mnist_dcgan": _DCGAN,
    "fashion_mnist_dcgan_quick": replace(_DCGAN, steps=631),
    "mnist_dcgan": replace(_DCGAN, data="mnist"),
    "turned_rings_adversarial": replace(_DEFAULTS["turned_rings"], cycle=0.0),
    "turned_rings_still": replace(_DEFAULTS["turned_rings"], translator="still"),
    "turned_rings_five_pairs": replace(_DEFAULTS["turned_rings"], pairs=5),
    "turned_rings_20_moves": replace(_DEFAULTS["turned_rings_20"], cycle=0.0, move=1.0),
    "shoes_and_tops_moves": replace(_DEFAULTS["shoes_and_tops"], cycle=0.0, move=1.0),
    "ring_conditional": replace(_POINTS, conditional=True),
    "shared_ring_projection": _SHARED,
    "shared_ring_auxiliary": replace(_SHARED, condition="auxiliary"),
    "digits_conditional": replace(_DIGITS, **_TOLD),
    "digits_auxiliary": replace(_DIGITS, **_TOLD, condition="auxiliary"),
    "fashion_mnist_conditional": replace(_DCGAN, conditional=True, steps=631),
    "digits_styles": replace(_DIGITS, **_STYLES, steps=1000),
    "fashion_mnist_styles": _FASHION_STYLES,
    "fashion_mnist_grown": replace(_FASHION_STYLES, mixing=0.0, growing=0.6),
}
"""The set-ups by name, that of each data set first. In `ring_collapse` the generator learns ten times as fast
as the discriminator, and collapses; `ring_collapse_wide_unrolled` is that with one thing changed, and each
other `ring_collapse_...` is `ring_collapse_small`, of half the width, with one thing changed. 4690 steps are
five passes over 60 000 training images in batches of 64, and ten in batches of 128. `turned_rings_...` is
`turned_rings`, a game of four players, with one thing changed, and `turned_rings_20_moves` and
`shoes_and_tops_moves` have a cost on the move for the cycle.
`fashion_mnist` and `fashion_mnist_dcgan` have the rates and averages that the study `architectures` chose,
`fashion_mnist_dcgan_quick` lasts half a minute of one core, and `fashion_mnist_conditional` is that with
classes. `..._styles` have a style and noise for each layer and mix them; `fashion_mnist_grown` grows from 7x7
pixels instead, and does not mix.

>>> EXPERIMENTS["ring"].loss
'non_saturating'
"""


def change(experiment: Experiment, **settings: Any) -> Experiment:
    """The experiment with other settings, after checking every name and number in it.

    Raises `ValueError` naming the setting where a name is unknown or a number is out of range.

    >>> change(EXPERIMENTS["ring"], steps=10).steps
    10
    """
    changed = replace(experiment, **settings)
    if isinstance(changed.data, Folder):
        folders.check(changed.data.size, changed.data.channels)
    else:
        look_up(facts.names("data"), changed.data, "data")
    for name, kind in _NAMED.items():
        look_up(facts.names(kind), getattr(changed, name), name)
    for entry in changed.regularizers:
        _check_regularizer(entry)
    check_numbers(changed)
    _check_translation(changed)
    _check_networks(changed)
    _check_styles(changed)
    if changed.smoothing or changed.fake_label:
        check_smoothing(changed)
    return changed


def for_network(experiment: Experiment, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from new settings of a set-up, unless it is among them: another network, other widths.

    It also has rates and an average of its own where those of the set-up were tuned for the network that it
    had; the usual ones where none were tuned for it. Without an average no batch norms are estimated anew.

    >>> for_network(EXPERIMENTS["fashion_mnist"], {"network": "residual"})["learning_rates"]
    (0.001, 0.001)
    >>> for_network(EXPERIMENTS["fashion_mnist_wgan_gp"], {"network": "residual"})
    {'width': None, 'discriminator_width': None, 'ema_batches': 0}
    """
    found: dict[str, Any] = {}
    network = settings.get("network", experiment.network)
    if network != experiment.network:
        found = {"width": None, "discriminator_width": None, "ema_batches": 0}
        tuned = _TUNED.get(experiment.network, {"network": None})
        if all(getattr(experiment, name) == value for name, value in tuned.items()):
            found |= _TUNED.get(network, _USUAL)
    ema = settings.get("ema", found.get("ema", experiment.ema))
    return found if ema is not None else found | {"ema_batches": 0}


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
        if isinstance(known.get("data"), dict):
            known["data"] = Folder(**{key: _tuples(value) for key, value in known["data"].items()})
        return change(Experiment(**known))
    except TypeError as error:
        raise ValueError(f"the stored settings must be those of an experiment: {error}") from None


_NAMED = {
    "network": "networks",
    "condition": "conditions",
    "loss": "losses",
    "translator": "translators",
    "optimizer": "optimizers",
    "schedule": "schedules",
}


def _check_regularizer(entry: Regularizer) -> None:
    name, weight, every = (*entry, 1) if len(entry) == 2 else entry
    look_up(facts.names("regularizers"), name, "regularizer")
    if not weight >= 0:
        raise ValueError(f"the weight of `{name}` must be at least 0, got {weight}")
    if not isinstance(every, int) or every < 1:
        raise ValueError(f"the interval of `{name}` must be a positive integer, got {every}")


def _check_translation(changed: Experiment) -> None:
    """Hold the settings of translation to data of two sides, and refuse there what its game does not know."""
    usual, unpaired = Experiment(changed.data), data_facts(changed.data)["kind"].startswith("unpaired")
    for name in _FOREIGN if unpaired else _TRANSLATING:
        if getattr(changed, name) != getattr(usual, name):
            sides = "has two sides" if unpaired else "has no two sides to translate between"
            raise ValueError(
                f"`{name}` must be left out for {changed.data}, which {sides}, got {getattr(changed, name)}"
            )
    for name in ("cycle", "move", "pairs"):
        if not getattr(changed, name) >= 0:
            raise ValueError(f"`{name}` must be at least 0, got {getattr(changed, name)}")
    if changed.translator == "convolutions" and len(data_facts(changed.data)["shape"]) != 3:
        raise ValueError(f"`translator` must not be convolutions for the points of {changed.data}")
    if changed.pairs and data_facts(changed.data)["kind"] == "unpaired_classes":
        raise ValueError(
            f"`pairs` must be 0 for {changed.data}, of which none are known, got {changed.pairs}"
        )


_TRANSLATING = ("translator", "cycle", "move", "pairs")
_FOREIGN = (
    "regularizers", "instance_noise", "pack", "minibatch_std", "unroll", "bf16", "spectral_norm",
    "conditional", "ema_batches", "attention", "augment", "few", "layer_noise", "mixing", "growing",
    "mapping",
)  # fmt: skip


def _check_networks(changed: Experiment) -> None:
    entry = data_facts(changed.data)
    side = entry["shape"][-1]
    if isinstance(changed.data, Folder) and changed.network != "mlp" and (side < 8 or side % 2):
        raise ValueError(
            f"`size` must be even and at least 8 for the network {changed.network}, got {side}; mlp takes any"
        )
    if changed.network != "mlp" and len(entry["shape"]) != 3:
        raise ValueError(f"`network` must be mlp for the points of {changed.data}, got {changed.network!r}")
    for name in ("width", "discriminator_width"):
        width = getattr(changed, name)
        several = isinstance(width, tuple)
        if several and changed.network != "mlp":
            raise ValueError(f"`{name}` must be one number for the network {changed.network}, got {width}")
        if width is not None and any(not size >= 1 for size in (width if several else (width,))):
            raise ValueError(f"`{name}` must be at least 1, got {width}")
    for name in changed.augment:
        look_up(facts.names("augmentations"), name, "augment")
    if len(set(changed.augment)) < len(changed.augment):
        raise ValueError(f"`augment` must name each change once, got {', '.join(changed.augment)}")
    if changed.augment and len(entry["shape"]) != 3:
        raise ValueError(f"`augment` must be left out for the points of {changed.data}: it changes images")
    if changed.few is not None:
        if entry["kind"] != "images":
            raise ValueError(
                f"`few` must be none for {changed.data}, which is no set of images, got {changed.few}"
            )
        if changed.few < changed.batch_size:
            raise ValueError(
                f"`few` must be at least `batch_size`, {changed.batch_size}, or none, got {changed.few}"
            )
    if changed.attention is not None:
        able = [name for name, told in facts.table("networks").items() if told["attention"]]
        if changed.network not in able:
            raise ValueError(
                f"`network` must be {' or '.join(able)} to have `attention`, got {changed.network!r}"
            )
        if changed.attention < 1:
            raise ValueError(f"`attention` must be at least 1, got {changed.attention}")
    if changed.spectral_norm:
        check_normalised(changed)
    if changed.conditional and not entry["classes"]:
        labelled = ", ".join(name for name, told in facts.table("data").items() if told["classes"])
        raise ValueError(
            f"`conditional` needs data with labels, one of {labelled}, or a folder of class folders, "
            f"got {changed.data}"
        )
    if not changed.conditional and changed.condition != "projection":
        raise ValueError(
            f"`condition` must be left out where `conditional` is off, got {changed.condition!r}"
        )
    if not changed.class_weight > 0:
        raise ValueError(f"`class_weight` must be positive, got {changed.class_weight}")
    if changed.conditional and changed.pack > 1:
        raise ValueError(
            f"`pack` must be 1 where `conditional` is on: a pack has no one label, got {changed.pack}"
        )


def _check_styles(changed: Experiment) -> None:
    """Hold the settings of styles to networks that have a style for each layer, and are told no classes."""
    layered, usual = facts.table("networks")[changed.network]["grows"], Experiment(changed.data)
    for name in ("layer_noise", "mixing", "growing", "mapping"):
        if getattr(changed, name) != getattr(usual, name) and not layered:
            able = [name for name, told in facts.table("networks").items() if told["grows"]]
            raise ValueError(
                f"`network` must be {' or '.join(able)} to have `{name}`, got {changed.network!r}"
            )
        if changed.conditional and getattr(changed, name) != getattr(usual, name):
            raise ValueError(
                f"`{name}` must be left out where `conditional` is on, got {getattr(changed, name)}"
            )
