"""The options of `train` that change one setting of the set-up: how each is written, read and explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ganlab import facts

__all__ = ["SETTINGS", "Setting"]


class Setting(NamedTuple):
    """An option of `train` that changes one setting of the set-up.

    `field`: the name of the setting; of `learning_rates` it is `lr`. `form`: what is given, None for one that
    is on or off. `read(flag, value)`: the value of the setting.
    """

    field: str
    form: str | None
    help: str
    read: Callable[[str, Any], Any]


def _text(_: str, text: str) -> str:
    return text


def _switch(_: str, on: bool) -> bool:
    return on


def _whole(flag: str, text: str) -> int:
    return _read(flag, text, "a whole number", int)


def _number(flag: str, text: str) -> float:
    return _read(flag, text, "a number", float)


def _number_or_none(flag: str, text: str) -> float | None:
    return None if text == "none" else _read(flag, text, "a number or none", float)


def _whole_or_none(flag: str, text: str) -> int | None:
    return None if text == "none" else _read(flag, text, "a whole number or none", int)


def _names(_: str, text: str) -> tuple[str, ...]:
    return () if text == "none" else tuple(text.split(","))


def _rates(flag: str, text: str) -> tuple[float, float]:
    wanted = "a rate, or two with a comma, of the generator and of the discriminator, as 0.001,0.002"
    rates = _read(flag, text, wanted, _floats(1, 2))
    return rates[0], rates[-1]


def _betas(flag: str, text: str) -> tuple[float, float]:
    first, second = _read(flag, text, "two numbers with a comma, as 0.5,0.999", _floats(2))
    return first, second


def _width(flag: str, text: str) -> int | tuple[int, ...] | None:
    wanted = "a whole number, several with commas, one a layer, as 128,256, or none"
    widths = () if text == "none" else _read(flag, text, wanted, lambda given: _parts(int, given, ","))
    return widths if len(widths) > 1 else (*widths, None)[0]


def _unroll(flag: str, text: str) -> tuple[int, float] | None:
    def read(given: str) -> tuple[int, float]:
        steps, rate = given.split(":")
        return int(steps), float(rate)

    return None if text == "none" else _read(flag, text, "STEPS:RATE, as 1:0.1, or none", read)


def _floats(*counts: int) -> Callable[[str], tuple[float, ...]]:
    def read(text: str) -> tuple[float, ...]:
        found = _parts(float, text, ",")
        if len(found) not in counts:
            raise ValueError
        return found

    return read


def _parts(kind: Callable[[str], Any], text: str, between: str) -> tuple[Any, ...]:
    return tuple(kind(part) for part in text.split(between))


def _read(flag: str, text: str, wanted: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except ValueError:
        raise ValueError(f"`{flag}` must be {wanted}, got {text!r}") from None


SETTINGS = (
    Setting("network", "NAME", "the architecture of both networks", _text),
    Setting("latent_dim", "N", "numbers from which the generator makes a sample", _whole),
    Setting(
        "width", "N[,N...]", "of both networks, or of each layer of them; `none` for the usual one", _width
    ),
    Setting("discriminator_width", "N[,N...]", "of the discriminator alone", _width),
    Setting("conditional", None, "tell both networks the class of a sample", _switch),
    Setting("condition", "NAME", "how the discriminator is told it, or that it has to guess it", _text),
    Setting("class_weight", "W", "of the loss of the classes, where the discriminator guesses them", _number),
    Setting("spectral_norm", None, "divide each layer of the discriminator by its spectral norm", _switch),
    Setting("minibatch_std", None, "show the discriminator how far its batch is spread", _switch),
    Setting(
        "attention",
        "HEIGHT",
        "self-attention behind the maps of that height in both networks; `none` for none",
        _whole_or_none,
    ),
    Setting("layer_noise", None, "of the network layered: give each layer a map of noise", _switch),
    Setting("mixing", "P", "of the network layered: give a sample two styles with probability P", _number),
    Setting(
        "growing", "SHARE", "of the network layered: grow over that share of the steps; 0 for not", _number
    ),
    Setting(
        "mapping",
        "N",
        "of the network layered: layers that make a style of a latent; 0 for none",
        _whole,
    ),
    Setting("translator", "NAME", f"of a translation: {', '.join(facts.names('translators'))}", _text),
    Setting("cycle", "W", "of a translation: weight of the way there and back", _number),
    Setting("move", "W", "of a translation: weight of the squared move, which fades out", _number),
    Setting("pairs", "N", "of a translation: pairs that are known", _whole),
    Setting("loss", "NAME", "the loss of both players", _text),
    Setting("smoothing", "S", "the label of a real sample is 1 - S", _number),
    Setting("fake_label", "T", "the label of a generated sample, for the discriminator", _number),
    Setting(
        "instance_noise", "STD", "on what the discriminator sees, falling to 0 at the last step", _number
    ),
    Setting(
        "augment",
        "NAME[,NAME...]",
        f"what is done to all images that the discriminator sees: {', '.join(facts.names('augmentations'))}; "
        "`none` for nothing",
        _names,
    ),
    Setting(
        "few",
        "N",
        "learn from so many images of the set alone, drawn by the seed; `none` for all",
        _whole_or_none,
    ),
    Setting("pack", "N", "samples that the discriminator judges together", _whole),
    Setting("unroll", "STEPS:RATE", "let the generator see the discriminator so far ahead", _unroll),
    Setting("steps", "N", "generator steps", _whole),
    Setting("batch_size", "N", "samples in a batch", _whole),
    Setting("accumulate", "N", "parts of a batch whose gradients are added up, one after the other", _whole),
    Setting("n_critic", "N", "discriminator steps for each generator step", _whole),
    Setting("optimizer", "NAME", "the rule of both players", _text),
    Setting("lr", "G[,D]", "learning rate of both networks, or of each", _rates),
    Setting("betas", "B1,B2", "decays of Adam's two running means", _betas),
    Setting("schedule", "NAME", "how the learning rates fall over the run", _text),
    Setting(
        "clip",
        "BOUND",
        "keep the discriminator's weights in [-BOUND, BOUND]; `none` for no bound",
        _number_or_none,
    ),
    Setting("ema", "DECAY", "of the generator's moving average; `none` for no average", _number_or_none),
    Setting(
        "ema_batches",
        "N",
        "batches of latents from which the batch norms of the average are estimated anew",
        _whole,
    ),
    Setting("float64", None, "compute in double precision", _switch),
    Setting("bf16", None, "let the networks compute in bfloat16", _switch),
)
"""The settings of a set-up that `train` can change, and how each is written.

>>> len({setting.field for setting in SETTINGS}) == len(SETTINGS)
True
"""
