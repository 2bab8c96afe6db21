"""Many seeds at once: the games of an ensemble are stacked and stepped as one computation.

Small networks leave a processor idle between operations, so ten seeds side by side cost far less than ten
runs. Each game draws from its own streams exactly what it would draw alone, and each ends as it would have
ended alone; a step that is compiled does the same in less time.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap
from torch.utils._pytree import tree_map

from ganlab.training.game import GAN, Batches, Draw, Rules, draw_for_discriminator, draw_for_generator
from ganlab.training.history import History
from ganlab.training.loop import (
    NonFiniteLossError,
    Row,
    discriminator_objective,
    generator_objective,
    unrolled,
)

__all__ = ["train_together"]

Weights = dict[str, Tensor]
Callback = Callable[[Sequence[GAN], History], None]
EPS = 1e-8  # Adam's default, as in torch.optim


class Side(NamedTuple):
    """One player of all games: its weights, Adam's two moments, each (S, ...), and its number of steps."""

    weights: Weights
    first: Weights
    second: Weights
    taken: Tensor


class Players(NamedTuple):
    """Both players of all games, and the generators' moving averages."""

    generator: Side
    discriminator: Side
    average: Weights | None


def train_together(
    gans: Sequence[GAN],
    batches: Sequence[Batches],
    steps: int,
    *,
    n_critic: int = 1,
    compiled: bool = False,
    history: History | None = None,
    callbacks: Sequence[Callback] = (),
    callback_every: int = 1000,
) -> History:
    """The history of all games, with columns (T, S), after training each as `training.train` would.

    `gans`, `batches`: one of each a seed, alike in everything but their numbers. `compiled`: compile the
    steps, which takes about a minute and pays on long runs; without a C++ compiler a warning says so and the
    steps run uncompiled. `callbacks`: functions of the games and the history, called every `callback_every`
    steps with the games up to date.

    Raises `ValueError` where the games differ in a setting or a shape, where a network has buffers, or where
    a number is out of range; `NonFiniteLossError`, naming the games, where a loss is infinite or
    not a number.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> setups = [build(EXPERIMENTS["ring"], seed=seed) for seed in (0, 1, 2)]
    >>> history = train_together([s.gan for s in setups], [s.batches for s in setups], 2)
    >>> history["g_loss"].shape
    (2, 3)
    """
    _check(gans, batches, steps=steps, n_critic=n_critic, callback_every=callback_every)
    history = History() if history is None else history
    lead, pairs = gans[0], list(zip(gans, batches, strict=True))
    generator, discriminator, average = _stack(gans)
    d_step, g_step = _steps(lead, compiled=compiled)
    row: Row = {}
    for _ in range(steps):
        g_rate, d_rate = _learning_rates(lead)
        for _ in range(n_critic):
            drawn = _stacked([draw_for_discriminator(*pair) for pair in pairs])
            discriminator, row = d_step(discriminator, generator.weights, drawn, d_rate, lead.rules)
            for gan in gans:
                gan.critic_step += 1
        drawn = _stacked([draw_for_generator(*pair) for pair in pairs])
        generator, g_loss = g_step(generator, discriminator.weights, drawn, g_rate, lead.rules)
        average = _average(gans, generator.weights, average)
        for gan in gans:
            gan.step += 1
        history.append(lead.step, row | {"g_loss": g_loss})
        if lead.step % 100 == 0:
            _stop_if_broken(history)
        if callbacks and lead.step % callback_every == 0:
            _unstack(Players(generator, discriminator, average), gans)
            for callback in callbacks:
                callback(gans, history)
    _stop_if_broken(history)
    _unstack(Players(generator, discriminator, average), gans)
    return history


def _steps(gan: GAN, *, compiled: bool) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The two steps as pure functions of stacked weights, draws and a learning rate."""
    generator, discriminator = deepcopy(gan.generator).to("meta"), deepcopy(gan.discriminator).to("meta")
    betas = gan.betas

    def generated(weights: Weights, drawn: Draw) -> Tensor:
        return functional_call(generator, weights, _inputs(drawn.latents, drawn))

    def score(weights: Weights, x: Tensor, drawn: Draw) -> Tensor:
        return functional_call(discriminator, weights, _inputs(x, drawn))

    def d_step(side: Side, g_weights: Weights, drawn: Draw, rate: Tensor, rules: Rules) -> tuple[Side, Row]:
        fake = vmap(generated, in_dims=(0, _axes(drawn)))(g_weights, drawn)

        def objective(weights: Weights, fake: Tensor, drawn: Draw) -> tuple[Tensor, Row]:
            return discriminator_objective(lambda x: score(weights, x, drawn), fake, drawn, rules)

        def total(weights: Weights) -> tuple[Tensor, Row]:
            values, row = vmap(objective, in_dims=(0, 0, _axes(drawn)))(weights, fake, drawn)
            return values.sum(), row

        gradients, (_, row) = grad_and_value(total, has_aux=True)(side.weights)
        return _adam(side, gradients, rate, betas), row

    def g_step(
        side: Side, d_weights: Weights, drawn: Draw, rate: Tensor, rules: Rules
    ) -> tuple[Side, Tensor]:
        def objective(weights: Weights, d_weights: Weights, drawn: Draw) -> Tensor:
            fake = generated(weights, drawn)
            critic = unrolled(lambda w, x: score(w, x, drawn), d_weights, fake, drawn, rules)
            return generator_objective(critic, fake, drawn, rules)

        def total(weights: Weights) -> tuple[Tensor, Tensor]:
            values = vmap(objective, in_dims=(0, 0, _axes(drawn)))(weights, d_weights, drawn)
            return values.sum(), values

        gradients, (_, values) = grad_and_value(total, has_aux=True)(side.weights)
        return _adam(side, gradients, rate, betas), values

    if compiled and _has_compiler():
        return _checked_once(torch.compile(d_step)), _checked_once(torch.compile(g_step))
    return torch.no_grad()(d_step), torch.no_grad()(g_step)


def _checked_once(step: Callable[..., Any]) -> Callable[..., Any]:
    """The compiled step, all of whose assumptions are checked at the first call of each kind.

    Later calls check only what tells the kinds apart, since in one training run nothing else changes, and to
    check all takes up to a tenth of a step. A kind is a set of rules (a lazy penalty comes and goes) and what
    the draw holds (instance noise may fade to none).
    """
    seen = set()

    def run(side: Side, weights: Weights, drawn: Draw, rate: Tensor, rules: Rules) -> Any:
        kind = rules, *(leaf is None for leaf in drawn)
        known = kind in seen
        seen.add(kind)
        with torch.compiler.set_stance(skip_guard_eval_unsafe=known):
            return step(side, weights, drawn, rate, rules)

    return run


def _adam(side: Side, gradients: Weights, rate: Tensor, betas: tuple[float, float]) -> Side:
    """One step of Adam (Kingma & Ba 2015, algorithm 1 [kingma2015]), as a function of its state."""
    count = side.taken + 1
    first_scale, second_scale = (1 - beta**count for beta in betas)
    weights, first, second = {}, {}, {}
    for name, gradient in gradients.items():
        gradient = gradient.contiguous()  # as the weights are: a compiled step is compiled again otherwise
        first[name] = torch.lerp(side.first[name], gradient, 1 - betas[0])
        second[name] = betas[1] * side.second[name] + (1 - betas[1]) * gradient.square()
        scale = (second[name] / second_scale.to(gradient.dtype)).sqrt() + EPS
        weights[name] = side.weights[name] - (rate / first_scale).to(gradient.dtype) * first[name] / scale
    return Side(weights, first, second, count)


def _has_compiler() -> bool:
    names = (os.environ.get("CXX"), "g++", "clang++")
    if any(name and shutil.which(name) for name in names):
        return True
    warnings.warn("no C++ compiler was found: the steps of the ensemble run uncompiled", stacklevel=3)
    return False


def _stacked(draws: Sequence[Draw]) -> Draw:
    """The draws of all games with the seeds on a new first axis; what is None stays None."""
    return tree_map(lambda *leaves: None if leaves[0] is None else torch.stack(leaves), *draws)


def _inputs(x: Tensor, drawn: Draw) -> tuple[Tensor, ...]:
    return (x,) if drawn.labels is None else (x, drawn.labels)


def _axes(drawn: Draw) -> Draw:
    return tree_map(lambda leaf: None if leaf is None else 0, drawn)


def _learning_rates(gan: GAN) -> tuple[Tensor, Tensor]:
    factor = gan.schedule(gan.step) if gan.schedule else 1.0
    g_rate, d_rate = (torch.tensor(factor * rate, dtype=torch.float64) for rate in gan.learning_rates)
    return g_rate, d_rate


def _stack(gans: Sequence[GAN]) -> Players:
    """The weights and the optimizer states of all games, stacked, and the averages if there are any."""
    averages = [gan.average.module for gan in gans if gan.average is not None]
    return Players(
        _side([gan.generator for gan in gans], [gan.g_optimizer for gan in gans]),
        _side([gan.discriminator for gan in gans], [gan.d_optimizer for gan in gans]),
        _weights(averages) if averages else None,
    )


def _unstack(players: Players, gans: Sequence[GAN]) -> None:
    """Put the stacked numbers back into the games, as if each had been trained alone."""
    for index, gan in enumerate(gans):
        _restore(players.generator, index, gan.generator, gan.g_optimizer)
        _restore(players.discriminator, index, gan.discriminator, gan.d_optimizer)
        if gan.average is not None and players.average is not None:
            _copy(players.average, index, gan.average.module)


def _side(modules: Sequence[nn.Module], optimizers: Sequence[torch.optim.Optimizer]) -> Side:
    weights = _weights(modules)
    first, second, count = {}, {}, torch.zeros((), dtype=torch.float64)
    for name in weights:
        states = [
            optimizer.state.get(module.get_parameter(name), {})
            for module, optimizer in zip(modules, optimizers, strict=True)
        ]
        if states[0]:
            first[name] = torch.stack([state["exp_avg"] for state in states])
            second[name] = torch.stack([state["exp_avg_sq"] for state in states])
            count = states[0]["step"].double().cpu()
        else:
            first[name], second[name] = torch.zeros_like(weights[name]), torch.zeros_like(weights[name])
    return Side(weights, first, second, count)


def _restore(side: Side, index: int, module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    _copy(side.weights, index, module)
    for name in side.weights:
        optimizer.state[module.get_parameter(name)] = {
            "step": side.taken.float(),
            "exp_avg": side.first[name][index].clone(),
            "exp_avg_sq": side.second[name][index].clone(),
        }


def _weights(modules: Sequence[nn.Module]) -> Weights:
    names = [name for name, _ in modules[0].named_parameters()]
    return {name: torch.stack([module.get_parameter(name).detach() for module in modules]) for name in names}


@torch.no_grad()
def _copy(weights: Weights, index: int, module: nn.Module) -> None:
    for name, value in weights.items():
        module.get_parameter(name).copy_(value[index])


def _average(gans: Sequence[GAN], weights: Weights, average: Weights | None) -> Weights | None:
    """The moving averages after one more step: a copy the first time, as a `MovingAverage` is."""
    decay, lead = gans[0].ema, gans[0].average
    if average is None or decay is None or lead is None:
        return None
    first = int(lead.n_averaged) == 0
    for gan in gans:
        if gan.average is not None:
            gan.average.n_averaged += 1
    if first:
        return {name: value.clone() for name, value in weights.items()}
    return {name: torch.lerp(average[name], value, 1 - decay) for name, value in weights.items()}


def _stop_if_broken(history: History) -> None:
    last = history.values[-1]
    if not bool(last.isfinite().all()):
        columns, seeds = (~last.isfinite()).nonzero(as_tuple=True)
        raise NonFiniteLossError(
            f"step {history.steps[-1]}: the {history.columns[int(columns[0])]} of the games "
            f"{sorted(set(seeds.tolist()))} is not finite"
        )


def _check(gans: Sequence[GAN], batches: Sequence[Batches], **counts: int) -> None:
    if not gans or len(gans) != len(batches):
        raise ValueError(
            f"`gans` and `batches` must be as many, and some, got {len(gans)} and {len(batches)}"
        )
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"`{name}` must be at least 1, got {count}")
    for index, gan in enumerate(gans):
        if any(True for network in (gan.generator, gan.discriminator) for _ in network.buffers()):
            raise ValueError(f"the networks of an ensemble must have no buffers, got some in game {index}")
        if gan.group or gan.bf16:
            raise ValueError("the games of an ensemble must have neither `group` nor `bf16`")
        odd = next((key for key, value in _settings(gan).items() if value != _settings(gans[0])[key]), None)
        if odd:
            raise ValueError(f"the games of an ensemble must be alike, got another `{odd}` in game {index}")


def _settings(gan: GAN) -> dict[str, Any]:
    """Everything in which the games of one ensemble must agree, in a form that can be compared."""
    return {
        "loss": gan.loss.name,
        "penalties": tuple(gan.penalties),
        "learning_rates": gan.learning_rates,
        "betas": gan.betas,
        "ema": gan.ema,
        "pack": gan.pack,
        "unroll": gan.unroll,
        "device": gan.device,
        "step": (gan.step, gan.critic_step),
        "generator": _anatomy(gan.generator),
        "discriminator": _anatomy(gan.discriminator),
    }


def _anatomy(module: nn.Module) -> str:
    return f"{module} {[(name, value.shape, value.dtype) for name, value in module.named_parameters()]}"
