"""Studies: comparisons of methods whose rules are written down before their judging seeds run.

A study fixes a set-up, a budget and a rule. Each method has levels, its strengths, and each level changes
some settings of the set-up. Tuning seeds choose one level of each method by the rule; judging seeds, which
choose nothing, are what the methods are compared by. Null rows stand beside them: samples that no training
made, such as a perfect sampler's or those of one mode. All is kept in one small file: every cell, the tuned
ones too. `ganlab study NAME` makes it again.

The budget is the number of samples that a discriminator scores, so that five discriminator steps, or a step
that looks ahead, buy fewer turns of the game; processor time is noted beside it. Or it is processor seconds:
then the price of a turn of each method is measured first and kept in the file, and decides on the turns.

Nothing here loads a network: studies are run in `ganlab.experiments.trials`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ganlab.experiments import catalogue, methods
from ganlab.experiments.catalogue import EXPERIMENTS
from ganlab.experiments.plans import Study, cost
from ganlab.experiments.records import (
    MEASURES,
    Difference,
    Median,
    Record,
    compare,
    effect,
    median,
    path_of,
    read,
    rows,
    show,
    table,
)

__all__ = [
    "MEASURES",
    "STUDIES",
    "Difference",
    "Median",
    "Record",
    "Study",
    "compare",
    "cost",
    "effect",
    "load",
    "median",
    "read",
    "rows",
    "show",
    "table",
]


def load(name: str, folder: Path | None = None) -> Record:
    """The stored study of that name, from `folder` or the package's own files.

    Raises `ValueError` naming the studies there are where there is none of that name or it has not run.

    >>> load("cures_ring").name
    'cures_ring'
    """
    catalogue.look_up(STUDIES, name, "name")
    path = path_of(name, folder)
    if not path.is_file():
        raise ValueError(f"`name` must be a study that has run, got {name!r}: {path.name} is missing")
    return read(path)


# --- The studies ----------------------------------------------------------------------------------------


_RING = replace(EXPERIMENTS["ring_collapse_small"], float64=False)
_CURES = Study(
    "Which cures end the collapse of a fast generator, at which strength and at what price?",
    _RING,
    methods.cures(),
    1500 * cost(_RING),
    every_level=True,
)
_GRID_BUDGET = 2000 * cost(_RING)  # it has three times as many modes
_SMALL: methods.Settings = {
    "latent_dim": 16,
    "width": (64, 64),
    "batch_size": 128,
    "ema": 0.99,
    "float64": False,
}
_GAME = replace(EXPERIMENTS["ring"], learning_rates=(1e-3, 1e-3), betas=(0.0, 0.9), **_SMALL)
_PARTS = Study(
    "What is due to the loss, what to the condition on the discriminator, what to the number of its steps?",
    _GAME,
    methods.factorial((0.1, 1.0)),
    1500 * cost(_GAME),
)
_GRID = replace(_CURES, base=replace(_RING, data="grid"), budget=_GRID_BUDGET)
_IMAGES = replace(
    EXPERIMENTS["fashion_mnist_non_saturating"],
    betas=(0.0, 0.9),
    batch_size=64,
    discriminator_width=(256, 128),
)
_VARIANTS = Study(
    "Which of the published variants is nearer to the data, if each has as many trials and as much time?",
    _GAME,
    methods.variants(
        clips=(0.03, 0.1), one_centred=(0.1, 1.0), around=(0.1, 1.0), both=(0.1, 1.0), critic_steps=5
    ),
    6.0,
    tuning=(0, 1),
    unit="seconds",
)
_HEALTHY = replace(_RING, learning_rates=(2e-3, 2e-3))  # the discriminator keeps up
_PICTURES = replace(  # whatever the defaults of this set-up become
    EXPERIMENTS["fashion_mnist_dcgan"],
    learning_rates=(1e-3, 1e-3),
    betas=(0.5, 0.999),
    batch_size=64,
    ema=None,
    ema_batches=0,
    steps=1000,
)
_LASTING = ("0.0002, 0.999", "0.001, 0.99", "0.001, 0.999", "0.003, 0.99", "0.003, 0.999")
_WIDE: methods.Settings = {"width": (128, 256), "discriminator_width": (256, 128), "ema": 0.99}
_FEW = replace(_PICTURES, network="mlp", few=100, **_WIDE)
_HEART = Study(
    "What is learnt by heart of many and of few images, and what do two cures change?",
    _FEW,
    methods.few_images((30_000, 100), (1e-3, 3e-3), 0.5),
    800 * cost(_FEW),
    tuning=(1,),
    judging=tuple(range(200, 206)),
    rule="classifier_frechet",
)
_STACKED = replace(
    EXPERIMENTS["stacked"],
    loss="relativistic_pairing",
    regularizers=(("r1", 0.2), ("r2", 0.2)),
    width=(256, 512),
    batch_size=128,
    betas=(0.0, 0.9),
    ema=0.999,
)
_LAZY = replace(_STACKED, regularizers=(("r1", 0.2, 4), ("r2", 0.2, 4)), schedule="cosine")
_SIZES = methods.discriminator_sizes(512, 128, rates=(5e-4, 1e-3, 2e-3), weights=(0.05, 0.2))
_RATES = methods.discriminator_sizes(512, rates=(5e-4, 1e-3, 2e-3, 4e-3, 8e-3), weights=(0.05, 0.2, 0.8))
_TRIALS = Study(
    "Which rate and which weight of R1 and R2 are best for stacked digits in a short game?",
    _LAZY,
    _SIZES,
    2200 * cost(_LAZY),
    tuning=(0, 1),
    judging=(),
    rule="reverse_kl",
)
_TUNED = Study(
    "How many of a thousand modes are found in equally many turns, once rate and weight are chosen?",
    _LAZY,
    _SIZES,
    12_000 * cost(_LAZY),
    tuning=(),
    rule="reverse_kl",
    levels_of="stacked_trials",
)
_TRANSLATIONS = Study(
    "What makes two translators find the map between a ring and the same ring, turned and stretched?",
    EXPERIMENTS["turned_rings"],
    methods.translations(),
    1500 * cost(EXPERIMENTS["turned_rings"]),
    rule="map_error",
)
_SIX = tuple(range(100, 106))
_LABELS = replace(EXPERIMENTS["shared_ring_projection"], betas=(0.0, 0.9), **_SMALL)
_ASKED = replace(EXPERIMENTS["digits_conditional"], batch_size=64, betas=(0.0, 0.9), **_WIDE)
_CLOTHES = replace(
    EXPERIMENTS["fashion_mnist_non_saturating"], conditional=True, batch_size=64, betas=(0.0, 0.9)
)
_MAPPED = replace(EXPERIMENTS["digits_styles"], mixing=0.0)
STUDIES: dict[str, Study] = {
    "cures_ring": _CURES,
    "cures_ring_wide": replace(_CURES, base=replace(_RING, width=(128, 128))),
    "cures_grid": _GRID,
    "cures_grid_wide": replace(_GRID, base=replace(_GRID.base, width=(128, 128)), levels_of="cures_grid"),
    "factorial_ring": _PARTS,
    "factorial_grid": replace(
        _PARTS, base=replace(_GAME, data="grid"), budget=_GRID_BUDGET, levels_of="factorial_ring"
    ),
    "from_gan_to_wgan_gp": Study(
        "What is each change on the road to WGAN-GP worth on images?",
        _IMAGES,
        methods.road(),
        3000 * cost(_IMAGES),
        tuning=(0, 1),
        judging=_SIX,
        rule="classifier_frechet",
    ),
    "variants_ring": _VARIANTS,
    "variants_grid": replace(_VARIANTS, base=replace(_GAME, data="grid")),
    "variants_fashion": replace(
        _VARIANTS,
        base=_IMAGES,
        methods=methods.variants(
            clips=(0.01, 0.03), one_centred=(10.0, 30.0), around=(1.0, 10.0), both=(0.05, 0.5), critic_steps=1
        ),
        budget=18.0,
        tuning=(0,),
        judging=_SIX,
        rule="classifier_frechet",
    ),
    "variants_weights": Study(
        "What do nine trials of rate and weight change for the variants with a penalty?",
        _GAME,
        methods.variants_weighed(
            (1e-3, 3e-3, 1e-2),
            one_centred=(0.1, 1.0, 10.0),
            around=(0.01, 0.1, 1.0),
            both=(0.01, 0.1, 1.0),
            critic_steps=5,
        ),
        1_700_000,  # about as many scores as six seconds bought these three
        tuning=(2, 3),
        judging=tuple(range(200, 210)),
    ),
    "tricks_healthy": Study(
        "What does each trick do, alone, to a game that trains well?",
        _HEALTHY,
        {**methods.tricks(), **methods.tricks_of_sampling(2e-3), **methods.lazily(0.1, 1, 4, 16)},
        1500 * cost(_HEALTHY),
        every_level=True,
    ),
    "tricks_collapsing": Study(
        "What does each trick do, alone, to a game that collapses?",
        _RING,
        {**methods.tricks(), **methods.lazily(10.0, 1, 4, 16)},
        1500 * cost(_RING),
        every_level=True,
    ),
    "architectures": Study(
        "Which pair of networks makes the best pictures of clothes in the same time?",
        _PICTURES,
        methods.architectures((2e-4, 1e-3, 3e-3)),
        30.0,
        tuning=(0,),
        judging=_SIX,
        rule="classifier_frechet",
        unit="seconds",
        apart=True,
    ),
    "full_length": Study(
        "Which rate and which average are best for an MLP on clothes in a game of full length?",
        _PICTURES,
        {"MLP": {level: methods.architectures((2e-4, 1e-3, 3e-3))["MLP"][level] for level in _LASTING}},
        4690 * cost(_PICTURES),
        tuning=(6, 7),
        judging=(),
        rule="classifier_frechet",
        apart=True,
    ),
    "small_data": Study(
        "Does changing what the discriminator sees help where there are few pictures to learn from?",
        replace(_PICTURES, few=50, width=16, batch_size=32, ema=0.99, ema_batches=20),
        methods.augmented((5e-4, 1e-3)),
        40.0,
        tuning=(0,),
        judging=_SIX,
        rule="classifier_frechet",
        unit="seconds",
    ),
    "few_images": _HEART,
    "fewer_images": replace(
        _HEART,
        question="How much is learnt by heart of a thousand images, and of a quarter of these?",
        methods=methods.few_images((1000, 250), (3e-3,), None),
        tuning=(),
    ),
    "stacked_sizes": Study(
        "How many of a thousand modes are found with a discriminator at full and at quarter width?",
        _STACKED,
        methods.discriminator_sizes(512, 128),
        145.0,
        tuning=(),
        judging=(100, 101, 102),
        rule="reverse_kl",
        unit="seconds",
    ),
    "stacked_trials": _TRIALS,
    "stacked_tuned": _TUNED,
    "stacked_rates": replace(
        _TRIALS,
        question="Is a higher rate or another weight better for stacked digits in a short game?",
        methods=_RATES,
    ),
    "stacked_faster": replace(
        _TUNED,
        question="How far do stacked digits come at the rate and weight of the second trials?",
        methods=_RATES,
        judging=tuple(range(120, 130)),
        levels_of="stacked_rates",
    ),
    "translations_36": _TRANSLATIONS,
    "translations_20": replace(
        _TRANSLATIONS,
        base=EXPERIMENTS["turned_rings_20"],
        methods={name: methods.translations()[name] for name in ("cycle", "move", "cycle, move")},
    ),
    "translators": Study(
        "What decides which map two translators find between digits and digits in negative?",
        EXPERIMENTS["inverted_digits"],
        methods.translators(),
        1000 * cost(EXPERIMENTS["inverted_digits"]),
        judging=_SIX,
        rule="map_error",
    ),
    "translators_fashion": Study(
        "Do two translators bring shoes to shoes and tops to tops, and what of their losses makes them?",
        EXPERIMENTS["shoes_and_tops"],
        methods.translations_of_classes(),
        400 * cost(EXPERIMENTS["shoes_and_tops"]),
        tuning=(),
        rule="classifier_frechet",
        apart=True,
    ),
    "conditions_ring": Study(
        "How is a discriminator best told the class, where some points have no sure class?",
        _LABELS,
        methods.conditions((1e-3, 2e-3), (0.5, 1.0, 2.0)),
        1500 * cost(_LABELS),
        tuning=(0, 1),
        rule="class_wasserstein_1",
    ),
    "conditions_digits": Study(
        "How is a discriminator best told which digit it sees?",
        _ASKED,
        methods.conditions((1e-3, 2e-3), (1.0,)),
        1000 * cost(_ASKED),
        tuning=(0,),
        judging=_SIX,
        rule="class_frechet",
    ),
    "conditions_fashion": Study(
        "How is a discriminator best told which piece of clothing it sees, where some kinds look alike?",
        _CLOTHES,
        {
            name: levels
            for name, levels in methods.conditions((1e-3, 3e-3), (1.0,)).items()
            if name in ("embedding", "projection", "auxiliary 1")
        },
        1000 * cost(_CLOTHES),
        tuning=(0,),
        judging=_SIX,
        rule="class_frechet",
        apart=True,
    ),
    "styles": Study(
        "What do mixing and growing do to pictures of clothes and to their styles, in the same time?",
        replace(EXPERIMENTS["fashion_mnist_styles"], learning_rates=(2e-3, 2e-3), steps=3000),
        methods.styles(),
        60.0,
        tuning=(),
        judging=tuple(range(100, 105)),
        rule="classifier_frechet",
        unit="seconds",
        apart=True,
    ),
    "mapping": Study(
        "Does a mapping network make the space straighter that the synthesis network sees?",
        _MAPPED,
        methods.mappings(),
        1000 * cost(_MAPPED),
        tuning=(),
        judging=_SIX,
        rule="classifier_frechet",
    ),
}
"""The studies by name: the cures of collapse on the ring and on the grid, with networks of two widths; the
game taken apart into loss, condition and discriminator steps, on the ring and on the grid, and its four most
telling combinations on images of clothes; the published variants, with equal trials and equal seconds, on the
ring, on the grid and on the images, and those with a penalty with more trials, on the ring; and tricks, one
at a time, on a game that trains well and on one that collapses, where the cures' own study has the tricks
that are cures; and, for images, three pairs of networks in the same time, one of them in games of full
length, few images with and without changes of what the discriminator sees, and what is learnt by heart of few
images and of many, with two cures and without, and of two numbers between; and, for stacked digits,
discriminators of two sizes in the same time, untuned, and with a rate and a weight that were chosen in short
games, of the larger one in two rounds. Four are of unpaired translation: what is asked of the translators, of
rings turned by much and by little and of classes of clothes, and how they are built, of digits. Three are of
the ways of telling the class, on a ring whose classes share modes, on digits and on clothes. Two are of
generators with a style for each layer: how they are trained, and whether a network maps latents to styles.

>>> list(STUDIES)[0]
'cures_ring'
"""
