"""What the studies compare: methods, the levels of each, and the settings that a level changes.

A method is a mapping of levels, and a level one of settings of an `Experiment`; see `studies.Study`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = [
    "Levels",
    "architectures",
    "augmented",
    "conditions",
    "cures",
    "discriminator_sizes",
    "factorial",
    "few_images",
    "lazily",
    "mappings",
    "road",
    "styles",
    "translations",
    "translations_of_classes",
    "translators",
    "tricks",
    "tricks_of_sampling",
    "variants",
    "variants_weighed",
]

Settings = Mapping[str, Any]
Levels = Mapping[str, Settings]
Pair = tuple[float, float]


def _weights(*names: str, strengths: Sequence[float]) -> dict[str, Settings]:
    return {f"{w:g}": {"regularizers": tuple((name, w) for name in names)} for w in strengths}


def _with(levels: Levels, **settings: Any) -> dict[str, Settings]:
    return {level: {**changed, **settings} for level, changed in levels.items()}


def cures() -> dict[str, Levels]:
    """Each cure of collapse with its strengths; the generator's rate is 2e-3 and the discriminator's 2e-4.

    >>> list(cures()["D steps"])
    ['2', '5', '10']
    """
    strengths = (0.1, 0.5, 2.0, 10.0)
    rates = {
        f"{g:g}, {d:g}": {"learning_rates": (g, d)}
        for g in (2e-3, 1e-3, 2e-4)
        for d in (2e-4, 1e-3, 2e-3, 4e-3)
        if (g, d) != (2e-3, 2e-4)
    }
    return {
        "no cure": {"": {}},
        "R1+R2": _weights("r1", "r2", strengths=strengths),
        "R1": _weights("r1", strengths=strengths),
        "R2": _weights("r2", strengths=strengths),
        "zero-centred penalty": _weights("zero_gp", strengths=strengths),
        "one-centred penalty": _weights("wgan_gp", strengths=strengths),
        "D's rate": {k: v for k, v in rates.items() if k.startswith("0.002,")},
        "G's rate": {k: v for k, v in rates.items() if k.endswith(", 0.0002")},
        "both rates": rates,
        "D steps": {str(n): {"n_critic": n} for n in (2, 5, 10)},
        "packs": {str(n): {"pack": n} for n in (2, 4)},
        "batch spread": {"": {"minibatch_std": True}},
        "instance noise": {f"{std:g}": {"instance_noise": std} for std in (0.3, 1.0, 2.0)},
        "pairing": {"": {"loss": "relativistic_pairing"}},
        "pairing, R1+R2": _with(_weights("r1", "r2", strengths=strengths), loss="relativistic_pairing"),
        "unrolling": {f"{n} x {rate:g}": {"unroll": (n, rate)} for n, rate in ((1, 0.1), (1, 0.3), (5, 0.1))},
        "spectral norm": {"": {"spectral_norm": True}},
    }


def factorial(strengths: Sequence[float]) -> dict[str, Levels]:
    """Loss, condition on the discriminator and number of its steps, each with each.

    `strengths`: the weights of the penalties.

    >>> len(factorial([0.1]))
    48
    """
    conditions: dict[str, Levels] = {
        "none": {"": {}},
        "one-centred": _weights("wgan_gp", strengths=strengths),
        "R1": _weights("r1", strengths=strengths),
        "R1+R2": _weights("r1", "r2", strengths=strengths),
        "clipping": {f"{c:g}": {"clip": c} for c in (0.03, 0.1)},
        "spectral norm": {"": {"spectral_norm": True}},
    }
    losses = {
        "non-saturating": "non_saturating",
        "Wasserstein": "wasserstein",
        "hinge": "hinge",
        "pairing": "relativistic_pairing",
    }
    return {
        f"{title}, {condition}, {n}": _with(levels, loss=loss, n_critic=n)
        for title, loss in losses.items()
        for condition, levels in conditions.items()
        for n in (1, 5)
    }


def road() -> dict[str, Levels]:
    """Penalty, loss and steps, added one after the other to the non-saturating game; rates and weights.

    >>> list(road())[-1]
    'and five steps'
    """
    rates = {f"{rate:g}": {"learning_rates": (rate, rate)} for rate in (2e-4, 1e-3, 3e-3)}
    penalised = {
        f"{rate}, {weight:g}": {**rates[rate], "regularizers": (("wgan_gp", weight),)}
        for rate, weight in (("0.0002", 10.0), ("0.001", 10.0), ("0.003", 10.0), ("0.001", 1.0))
    }
    return {
        "non-saturating": rates,
        "with the penalty": penalised,
        "and the Wasserstein loss": _with(penalised, loss="wasserstein"),
        "and five steps": _with(penalised, loss="wasserstein", n_critic=5),
    }


def variants(
    *, clips: Pair, one_centred: Pair, around: Pair, both: Pair, critic_steps: int
) -> dict[str, Levels]:
    """The games by the names under which they were published, each with four trials of its own.

    A game without a strength is tried at four rates, which are those of both players. One with a strength is
    tried at two rates and two strengths: `clips` bound the weights, `one_centred` and `around` weigh the
    penalties of WGAN-GP and of DRAGAN, `both` weighs R1 and R2. `critic_steps`: of WGAN-GP.

    >>> pair = (0.1, 1.0)
    >>> found = variants(clips=pair, one_centred=pair, around=pair, both=pair, critic_steps=5)
    >>> {len(levels) for levels in found.values()}, list(found["WGAN-GP"])
    ({4}, ['0.001, 0.1', '0.001, 1', '0.003, 0.1', '0.003, 1'])
    """
    four = {f"{rate:g}": {"learning_rates": (rate, rate)} for rate in (3e-4, 1e-3, 3e-3, 1e-2)}

    def tried(strengths: Pair, settings: Callable[[float], Settings]) -> dict[str, Settings]:
        return {
            f"{rate:g}, {strength:g}": {"learning_rates": (rate, rate), **settings(strength)}
            for rate in (1e-3, 3e-3)
            for strength in strengths
        }

    penalised = {
        "WGAN-GP": tried(one_centred, lambda weight: {"regularizers": (("wgan_gp", weight),)}),
        "DRAGAN": tried(around, lambda weight: {"regularizers": (("dragan", weight),)}),
        "pairing, R1+R2": tried(both, lambda weight: {"regularizers": (("r1", weight), ("r2", weight))}),
    }
    return {
        "saturating": _with(four, loss="minimax"),
        "non-saturating": _with(four, loss="non_saturating"),
        "least squares": _with(four, loss="least_squares"),
        "hinge": _with(four, loss="hinge"),
        "relativistic average": _with(four, loss="relativistic_average"),
        "hinge, spectral norm": _with(four, loss="hinge", spectral_norm=True),
        "WGAN, clipping": _with(tried(clips, lambda c: {"clip": c}), loss="wasserstein"),
        "WGAN-GP": _with(penalised["WGAN-GP"], loss="wasserstein", n_critic=critic_steps),
        "DRAGAN": _with(penalised["DRAGAN"], loss="non_saturating"),
        "pairing, R1+R2": _with(penalised["pairing, R1+R2"], loss="relativistic_pairing"),
    }


def variants_weighed(
    rates: Sequence[float],
    *,
    one_centred: Sequence[float],
    around: Sequence[float],
    both: Sequence[float],
    critic_steps: int,
) -> dict[str, Levels]:
    """The variants with a penalty at each of three rates with each of three weights, and as they were before.

    The trial in the middle is the one that `variants` had chosen. It is judged as a method of its own, "as
    before", so that it can be compared with what nine trials choose. The weights are named as in `variants`.

    >>> three = (0.1, 1.0, 10.0)
    >>> found = variants_weighed(
    ...     (1e-3, 3e-3, 1e-2), one_centred=three, around=three, both=three, critic_steps=5
    ... )
    >>> list(found)[:2], list(found["WGAN-GP, as before"])
    (['WGAN-GP', 'WGAN-GP, as before'], ['0.003, 1'])
    """
    games: dict[str, tuple[Settings, tuple[str, ...], Sequence[float]]] = {
        "WGAN-GP": ({"loss": "wasserstein", "n_critic": critic_steps}, ("wgan_gp",), one_centred),
        "DRAGAN": ({"loss": "non_saturating"}, ("dragan",), around),
        "pairing, R1+R2": ({"loss": "relativistic_pairing"}, ("r1", "r2"), both),
    }
    found: dict[str, Levels] = {}
    for name, (game, penalties, weights) in games.items():
        levels = {
            f"{rate:g}, {weight:g}": {
                "learning_rates": (rate, rate),
                "regularizers": tuple((penalty, weight) for penalty in penalties),
                **game,
            }
            for rate in rates
            for weight in weights
        }
        middle = f"{rates[1]:g}, {weights[1]:g}"
        found |= {name: levels, f"{name}, as before": {middle: levels[middle]}}
    return found


def tricks() -> dict[str, Levels]:
    """Tricks that any game can be trained with, at the sizes at which they are met; nothing is tuned.

    Each size is a method of its own, so that all of them are judged: labels, Adam's memories, the moving
    average, falling rates, the batch, and bfloat16.

    >>> list(tricks())[:2]
    ['no trick', 'real label 0.9']
    """
    return _each(
        {
            "no trick": {},
            "real label 0.9": {"smoothing": 0.1},
            "real label 0.7": {"smoothing": 0.3},
            "labels 0.9 and 0.1": {"smoothing": 0.1, "fake_label": 0.1},
            "labels 0.7 and 0.3": {"smoothing": 0.3, "fake_label": 0.3},
            "betas 0, 0.9": {"betas": (0.0, 0.9)},
            "betas 0, 0.999": {"betas": (0.0, 0.999)},
            "betas 0.9, 0.999": {"betas": (0.9, 0.999)},
            **{f"average {decay:g}": {"ema": decay} for decay in (0.99, 0.999, 0.9999)},
            "linear rates": {"schedule": "linear"},
            "cosine rates": {"schedule": "cosine"},
            "cosine rates, average 0.99": {"schedule": "cosine", "ema": 0.99},
            "batch 64": {"batch_size": 64},
            "batch 512": {"batch_size": 512},
            "bfloat16": {"bf16": True},
        }
    )


def tricks_of_sampling(rate: float) -> dict[str, Levels]:
    """Tricks that change what D sees or how often it moves: on a collapsing game they are `cures`.

    `rate`: of both players where no trick changes it.

    >>> list(tricks_of_sampling(0.002))[:3]
    ['2 D steps', '5 D steps', "D's rate x 5"]
    """
    return _each(
        {
            "2 D steps": {"n_critic": 2},
            "5 D steps": {"n_critic": 5},
            "D's rate x 5": {"learning_rates": (rate, 5 * rate)},
            "D's rate / 5": {"learning_rates": (rate, rate / 5)},
            "G's rate / 2": {"learning_rates": (rate / 2, rate)},
            "packs of 2": {"pack": 2},
            "packs of 4": {"pack": 4},
            "batch spread": {"minibatch_std": True},
            "noise 0.3": {"instance_noise": 0.3},
            "noise 1": {"instance_noise": 1.0},
            "unrolled 1 x 0.1": {"unroll": (1, 0.1)},
            "unrolled 5 x 0.1": {"unroll": (5, 0.1)},
        }
    )


def lazily(weight: float, *intervals: int) -> dict[str, Levels]:
    """R1 of a weight, applied every so many discriminator steps with as many times the weight.

    >>> list(lazily(0.1, 1, 16))
    ['R1', 'R1 every 16']
    """
    return _each(
        {
            f"R1 every {n}" if n > 1 else "R1": {
                "regularizers": (("r1", weight, n),) if n > 1 else (("r1", weight),)
            }
            for n in intervals
        }
    )


def _each(settings: Mapping[str, Settings]) -> dict[str, Levels]:
    return {name: {"": changed} for name, changed in settings.items()}


def architectures(rates: Sequence[float]) -> dict[str, Levels]:
    """Three pairs of networks for images, at each rate with the last weights and with two averages of them.

    The batch norms of an averaged generator, where it has some, are estimated anew.

    >>> list(architectures([1e-3])["DCGAN"])
    ['0.001, last', '0.001, 0.99', '0.001, 0.999']
    """
    pairs: dict[str, Settings] = {
        "MLP": {"network": "mlp", "width": (128, 256), "discriminator_width": (256, 128)},
        "DCGAN": {"network": "dcgan", "width": 32, "discriminator_width": None},
        "residual": {"network": "residual", "width": 32, "discriminator_width": None},
    }
    memories: Levels = {"last": {"ema": None, "ema_batches": 0}} | {
        f"{decay:g}": {"ema": decay, "ema_batches": 20} for decay in (0.99, 0.999)
    }
    levels: Levels = {
        f"{rate:g}, {memory}": {"learning_rates": (rate, rate), **settings}
        for rate in rates
        for memory, settings in memories.items()
    }
    without = {"ema_batches": 0}  # there is no batch norm in these
    return {
        name: _with(levels, **networks, **({} if name == "DCGAN" else without))
        for name, networks in pairs.items()
    }


def augmented(rates: Sequence[float]) -> dict[str, Levels]:
    """Images as they are, and shifted and partly covered before the discriminator sees them, at each rate.

    >>> list(augmented([1e-3]))
    ['as they are', 'DiffAugment']
    """
    levels = {f"{rate:g}": {"learning_rates": (rate, rate)} for rate in rates}
    return {"as they are": levels, "DiffAugment": _with(levels, augment=("translation", "cutout"))}


def few_images(sizes: Sequence[int], rates: Sequence[float], weight: float | None) -> dict[str, Levels]:
    """So many images to learn from, with no cure, with changes of what D sees, and with R1 and R2.

    Each is tried at each rate, which is that of both players. `weight`: of both penalties; without one, there
    are no cures.

    >>> list(few_images([100], [1e-3], 0.5))
    ['100, no cure', '100, DiffAugment', '100, R1+R2']
    """
    levels: Levels = {f"{rate:g}": {"learning_rates": (rate, rate)} for rate in rates}
    cured: dict[str, Settings] = {"no cure": {}}
    if weight is not None:
        cured["DiffAugment"] = {"augment": ("translation", "cutout")}
        cured["R1+R2"] = {"regularizers": (("r1", weight), ("r2", weight))}
    return {
        f"{size}, {name}": _with(levels, few=size, **settings)
        for size in sizes
        for name, settings in cured.items()
    }


def discriminator_sizes(
    *widths: int, rates: Sequence[float] = (), weights: Sequence[float] = ()
) -> dict[str, Levels]:
    """Discriminators with two hidden layers, by the width of the first, which is twice that of the second.

    Each is tried at each rate, that of both players, with R1 and R2 of each weight at every fourth step.

    >>> discriminator_sizes(512)["D of 512 and 256"][""]["discriminator_width"]
    (512, 256)
    >>> list(discriminator_sizes(512, rates=[1e-3], weights=[0.05, 0.2])["D of 512 and 256"])
    ['0.001, 0.05', '0.001, 0.2']
    """
    levels: Levels = {
        f"{rate:g}, {weight:g}": {
            "learning_rates": (rate, rate),
            "regularizers": (("r1", weight, 4), ("r2", weight, 4)),
        }
        for rate in rates
        for weight in weights
    } or {"": {}}
    return {f"D of {n} and {n // 2}": _with(levels, discriminator_width=(n, n // 2)) for n in widths}


def translations() -> dict[str, Levels]:
    """What can be asked of two translators besides fooling their critics; nothing is tuned.

    >>> list(translations())[:3]
    ['adversarial alone', 'cycle', 'cycle, still start']
    """
    return _each(
        {
            "adversarial alone": {"cycle": 0.0},
            "cycle": {"cycle": 10.0},
            "cycle, still start": {"cycle": 10.0, "translator": "still"},
            "cycle, one pair": {"cycle": 10.0, "pairs": 1},
            "cycle, five pairs": {"cycle": 10.0, "pairs": 5},
            "move": {"cycle": 0.0, "move": 1.0},
            "cycle, move": {"cycle": 10.0, "move": 1.0},
        }
    )


def translators() -> dict[str, Levels]:
    """Two architectures of translators of images, each with the cycle and without.

    >>> list(translators())
    ['dense, cycle', 'dense', 'convolutions, cycle', 'convolutions']
    """
    dense, local = {"translator": "mlp", "width": (128, 128)}, {"translator": "convolutions", "width": 16}
    return _each(
        {
            "dense, cycle": {**dense, "cycle": 10.0},
            "dense": {**dense, "cycle": 0.0},
            "convolutions, cycle": {**local, "cycle": 10.0},
            "convolutions": {**local, "cycle": 0.0},
        }
    )


def translations_of_classes() -> dict[str, Levels]:
    """What can be asked of two translators whose sides have classes that belong together, and no pairs.

    >>> list(translations_of_classes())
    ['adversarial alone', 'cycle', 'move']
    """
    return {name: translations()[name] for name in ("adversarial alone", "cycle", "move")}


def conditions(rates: Sequence[float], weights: Sequence[float]) -> dict[str, Levels]:
    """The ways of telling a discriminator the class, each at every rate, which is that of both players.

    A classifier is there with each weight of its loss, as a method of its own; its twin with weight 1. In
    "not told" the discriminator is not told at all.

    >>> list(conditions([1e-3], [0.5, 1.0]))
    ['not told', 'concatenation', 'embedding', 'projection', 'auxiliary 0.5', 'auxiliary 1', 'twin']
    """
    tried: Levels = {f"{rate:g}": {"learning_rates": (rate, rate)} for rate in rates}
    told = {"not told": "nothing"} | {name: name for name in ("concatenation", "embedding", "projection")}
    return {
        **{title: _with(tried, condition=name) for title, name in told.items()},
        **{f"auxiliary {w:g}": _with(tried, condition="auxiliary", class_weight=w) for w in weights},
        "twin": _with(tried, condition="twin", class_weight=1.0),
    }


def styles() -> dict[str, Levels]:
    """Ways of making images with a style for each layer: all scales at once, mixed or not, and growing.

    >>> list(styles())
    ['skips', 'skips, mixing', 'growing']
    """
    return _each(
        {
            "skips": {"mixing": 0.0},
            "skips, mixing": {"mixing": 0.9},
            "growing": {"mixing": 0.0, "growing": 0.6},
        }
    )


def mappings() -> dict[str, Levels]:
    """Styles that two layers make of the latents, or the latents themselves, scaled to mean square one.

    >>> mappings()["no mapping"][""]["mapping"]
    0
    """
    return _each({"mapping": {"mapping": 2}, "no mapping": {"mapping": 0}})
