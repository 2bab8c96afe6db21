"""Training a GAN: one discriminator step, one generator step, and the loop that alternates them.

A step is a function of the networks and of a draw of all its randomness. A discriminator step leaves no
gradient in the generator and a generator step none in the discriminator, and each clears its own when it is
done. A loss that is not finite stops the run before it reaches a weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.func import grad as gradient_of

from ganlab import storage
from ganlab.training.game import (
    GAN,
    Batches,
    Draw,
    Penalty,
    Rules,
    draw_for_discriminator,
    draw_for_generator,
    pack,
    sample,
)
from ganlab.training.history import History

__all__ = [
    "GAN",
    "Draw",
    "History",
    "NonFiniteLossError",
    "Penalty",
    "discriminator_objective",
    "discriminator_step",
    "frozen",
    "generator_gradient_norm",
    "generator_objective",
    "generator_step",
    "load_checkpoint",
    "sample",
    "save_checkpoint",
    "train",
    "unrolled",
]

Row = dict[str, Tensor]
Weights = dict[str, Tensor]
Player = Callable[[Tensor], Tensor]
Callback = Callable[[GAN, History], None]


class NonFiniteLossError(ArithmeticError):
    """A loss became infinite or not a number; the message names the step, the loss and the module."""


def discriminator_objective(
    discriminator: Player, fake: Tensor, drawn: Draw, rules: Rules
) -> tuple[Tensor, Row]:
    """What the discriminator minimises, a scalar, and the row that its step records.

    `discriminator`: maps samples to raw scores (N,). `fake`: (N, ...) generated samples, without a graph.
    Pure: the same arguments give the same numbers, so that it runs under `torch.func` transforms and in a
    compiled step. Penalties see the discriminator in its own precision, whatever the scores are computed in.
    The row holds `d_loss` without the penalties, `penalty` with its weights, and the mean
    scores `d_real` and `d_fake`.

    Source: Goodfellow et al. 2014, algorithm 1 [goodfellow2014].

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> drawn = draw_for_discriminator(gan, batches)
    >>> objective, row = discriminator_objective(gan.discriminator, drawn.real, drawn, gan.rules)
    >>> bool(objective == row["d_loss"] + row["penalty"])
    True
    """
    real, fake = _seen(drawn, fake, rules.pack)
    d_real, d_fake = _scores(discriminator, real, fake, rules)
    loss = rules.loss.discriminator(d_real, d_fake)
    penalty = torch.zeros_like(loss)
    for rule, mix in zip(rules.penalties, drawn.mixes, strict=True):
        penalty = penalty + rule.every * rule.weight * rule.function(discriminator, real, fake, mix=mix)
    row = {"d_loss": loss, "penalty": penalty, "d_real": d_real.mean(), "d_fake": d_fake.mean()}
    return loss + penalty, row


def generator_objective(discriminator: Player, fake: Tensor, drawn: Draw, rules: Rules) -> Tensor:
    """What the generator minimises, a scalar. Pure, as `discriminator_objective` is.

    `fake`: (N, ...) samples that carry their graph to the generator.

    Source: Goodfellow et al. 2014, algorithm 1 [goodfellow2014].

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> drawn = draw_for_generator(gan, batches)
    >>> generator_objective(gan.discriminator, gan.generator(drawn.latents), drawn, gan.rules).shape
    torch.Size([])
    """
    real, fake = _seen(drawn, fake, rules.pack)
    if rules.loss.relativistic:
        return rules.loss.generator(*_scores(discriminator, real, fake, rules))
    d_fake = (_in_bf16(discriminator) if rules.bf16 else discriminator)(fake)
    return rules.loss.generator(d_fake.detach(), d_fake)


def unrolled(
    score: Callable[[Weights, Tensor], Tensor], weights: Weights, fake: Tensor, drawn: Draw, rules: Rules
) -> Player:
    """The discriminator as it would be after the steps of `rules.unroll`, with its graph to `fake`.

    `score`: raw scores (N,) of samples under given weights; `weights`: those of the discriminator, by name.
    Each step is weights - rate * gradient of `discriminator_objective`, with the same draw each time. Pure;
    what it returns is a function of samples.

    Source: Metz et al. 2017, eqs. 5 to 8 [metz2017].

    >>> from ganlab.training.game import Unroll
    >>> from ganlab.losses import wasserstein
    >>> def score(weights, x): return weights["w"] * x[:, 0]
    >>> drawn = Draw(torch.full((4, 1), 3.0), torch.zeros(4, 1))
    >>> rules = Rules(wasserstein, unroll=Unroll(2, 0.1))
    >>> ahead = unrolled(score, {"w": torch.zeros(())}, torch.ones(4, 1), drawn, rules)
    >>> print(f"{ahead(torch.ones(1, 1)).item():.6f}")  # two steps of 0.1 up the slope 3 - 1
    0.400000
    """
    if rules.unroll is None:
        return lambda x: score(weights, x)

    def objective(weights: Weights) -> Tensor:
        return discriminator_objective(lambda x: score(weights, x), fake, drawn, rules)[0]

    for _ in range(rules.unroll.steps):
        slopes = gradient_of(objective)(weights)
        weights = {name: value - rules.unroll.rate * slopes[name] for name, value in weights.items()}
    return lambda x: score(weights, x)


def discriminator_step(gan: GAN, drawn: Draw) -> Row:
    """The row of `discriminator_objective` before the step, after taking one step down its gradient.

    The generator keeps no gradient and builds no graph. Raises `NonFiniteLossError` before any weight is
    changed.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> list(discriminator_step(gan, draw_for_discriminator(gan, batches)))
    ['d_loss', 'penalty', 'd_real', 'd_fake']
    """
    with torch.no_grad():
        fake = _generated(gan, drawn)
    critic = _given(gan.discriminator, drawn.labels)
    objective, row = discriminator_objective(critic, fake, drawn, gan.rules)
    row = {name: value.detach() for name, value in row.items()}
    _update(gan, "discriminator", objective, row)
    gan.critic_step += 1
    return row


def generator_step(gan: GAN, drawn: Draw) -> Row:
    """`g_loss`, the generator's objective as it was before the step, after taking one step down its gradient.

    The discriminator is frozen before it is run, so that it neither keeps activations for its weights nor
    receives a gradient; the scores still carry their gradient to the generator. Raises `NonFiniteLossError`
    before any weight is changed.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> list(generator_step(gan, draw_for_generator(gan, batches)))
    ['g_loss']
    """
    with frozen(gan.discriminator):
        fake = _generated(gan, drawn)
        critic = _ahead(gan, fake, drawn) if gan.unroll else _given(gan.discriminator, drawn.labels)
        objective = generator_objective(critic, fake, drawn, gan.rules)
        row = {"g_loss": objective.detach().clone()}
        _update(gan, "generator", objective, row)
    gan.step += 1
    if gan.average:
        gan.average.update_parameters(gan.generator)
    return row


def generator_gradient_norm(gan: GAN, drawn: Draw) -> Tensor:
    """The length of the gradient of the generator's objective in all of its parameters, ().

    Nothing is stepped and nothing keeps a gradient. In units of the loss per unit of a parameter; it is what
    plain gradient descent multiplies by its rate, and what Adam divides by.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> bool(generator_gradient_norm(gan, draw_for_generator(gan, batches)) > 0)
    True
    """
    parameters = list(gan.generator.parameters())
    with frozen(gan.discriminator):
        fake = _generated(gan, drawn)
        critic = _ahead(gan, fake, drawn) if gan.unroll else _given(gan.discriminator, drawn.labels)
        objective = generator_objective(critic, fake, drawn, gan.rules)
        gradients = torch.autograd.grad(objective, parameters)
    return torch.cat([gradient.flatten() for gradient in gradients]).norm()


def train(
    gan: GAN,
    batches: Batches,
    steps: int,
    *,
    n_critic: int = 1,
    history: History | None = None,
    callbacks: Sequence[Callback] = (),
) -> History:
    """The history of `steps` generator steps, each after `n_critic` discriminator steps.

    `batches`: an endless iterator of real samples, see `ganlab.data.batches`. `history`: one to go on with.
    `callbacks`: functions of the GAN and the history, called after every generator step. The columns are
    `d_loss`, `penalty`, `d_real`, `d_fake` (of the last discriminator step) and `g_loss`.

    Raises `ValueError` where `steps` or `n_critic` is not positive, `NonFiniteLossError` where a loss is
    infinite or not a number.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> len(train(gan, batches, 3)), gan.step, gan.critic_step
    (3, 3, 3)
    """
    if steps < 1:
        raise ValueError(f"`steps` must be at least 1, got {steps}")
    if n_critic < 1:
        raise ValueError(f"`n_critic` must be at least 1, got {n_critic}")
    history = History() if history is None else history
    for _ in range(steps):
        _set_learning_rates(gan)
        row: Row = {}
        for _ in range(n_critic):
            row = discriminator_step(gan, draw_for_discriminator(gan, batches))
        row |= generator_step(gan, draw_for_generator(gan, batches))
        history.append(gan.step, row)
        for callback in callbacks:
            callback(gan, history)
    return history


def save_checkpoint(run: Path, gan: GAN, batches: Batches, history: History) -> Path:
    """The folder, inside the run folder, of a checkpoint from which `load_checkpoint` goes on bit for bit.

    Raises `OSError` where the run folder cannot be written.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(Path(folder), gan, batches, train(gan, batches, 2)).name
    'step-00000002'
    """
    tensors = gan.state() | {f"batches.{name}": value for name, value in batches.state_dict().items()}
    tensors["history.values"] = history.values
    tensors["history.steps"] = torch.from_numpy(history.steps)
    return storage.save(run, gan.step, tensors, {"columns": history.columns})


def load_checkpoint(run: Path, gan: GAN, batches: Batches) -> History:
    """The history of the newest checkpoint of a run; the game and the batches go on from there.

    `gan` and `batches`: built as they were for the run. Raises `CheckpointError` where there is no whole
    checkpoint, `ValueError` where it belongs to other networks.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = save_checkpoint(Path(folder), gan, batches, train(gan, batches, 2))
    ...     len(load_checkpoint(Path(folder), *build(EXPERIMENTS["ring"])[:2]))
    2
    """
    tensors, state, _ = storage.latest(run)
    gan.load_state(
        {name: tensor for name, tensor in tensors.items() if not name.startswith(("batches.", "history."))}
    )
    batches.load_state_dict(
        {
            name.removeprefix("batches."): tensor
            for name, tensor in tensors.items()
            if name.startswith("batches.")
        }
    )
    return History.of(tuple(state["columns"]), tensors["history.steps"].tolist(), tensors["history.values"])


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """A context in which no parameter of `module` asks for a gradient; afterwards each is as it was.

    >>> layer = nn.Linear(2, 2)
    >>> with frozen(layer):
    ...     layer.weight.requires_grad
    False
    >>> layer.weight.requires_grad
    True
    """
    asking = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in asking:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in asking:
            parameter.requires_grad_(True)


def _seen(drawn: Draw, fake: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The real and the generated samples as the discriminator sees them: with noise, in packs."""
    real = fake.detach() if drawn.real is None else drawn.real
    if drawn.noise is not None:
        real, fake = real + drawn.noise[0], fake + drawn.noise[1]
    return pack(real, count), pack(fake, count)


def _given(network: nn.Module, labels: Tensor | None) -> Player:
    """The network as a function of one argument, its labels given."""
    return network if labels is None else lambda x: network(x, labels)


def _generated(gan: GAN, drawn: Draw) -> Tensor:
    generator = _given(gan.generator, drawn.labels)
    return (_in_bf16(generator) if gan.bf16 else generator)(drawn.latents)


def _in_bf16(network: Player) -> Player:
    """The network computing in bfloat16 by autocast, from float32 to float32."""

    def play(x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return network(x).float()

    return play


def _ahead(gan: GAN, fake: Tensor, drawn: Draw) -> Player:
    """The discriminator as the generator sees it when it is unrolled."""
    labels = () if drawn.labels is None else (drawn.labels,)
    weights: Weights = dict(gan.discriminator.named_parameters())
    return unrolled(
        lambda weights, x: functional_call(gan.discriminator, weights, (x, *labels)),
        weights,
        fake,
        drawn,
        gan.rules,
    )


def _scores(discriminator: Player, real: Tensor, fake: Tensor, rules: Rules) -> tuple[Tensor, Tensor]:
    """The scores of the real and of the generated samples."""
    score = _in_bf16(discriminator) if rules.bf16 else discriminator
    if not rules.joint:
        return score(real), score(fake)
    d_real, d_fake = score(torch.cat([real, fake])).split([len(real), len(fake)])
    return d_real, d_fake


def _update(gan: GAN, player: str, loss: Tensor, row: Row) -> None:
    """One optimizer step of one player down the gradient of its loss, which is cleared afterwards.

    Where processes share the batch, the gradient and the row become their means over all of them.
    """
    module = getattr(gan, player)
    optimizer = gan.g_optimizer if player == "generator" else gan.d_optimizer
    if gan.group is None:
        _stop_if_broken(gan, player, loss)
        loss.backward()
    else:
        loss.backward()
        gradients = [parameter.grad for parameter in module.parameters() if parameter.grad is not None]
        shared = loss.detach().clone()
        gan.group.average([*gradients, *row.values(), shared])
        _stop_if_broken(gan, player, shared)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def _stop_if_broken(gan: GAN, player: str, loss: Tensor) -> None:
    if loss.device.type == "cpu" and not torch.isfinite(loss):
        raise NonFiniteLossError(_diagnosis(gan, player, loss))


def _diagnosis(gan: GAN, player: str, loss: Tensor) -> str:
    """Which step, which loss, and the first parameter that is not finite, or that none is."""
    parameters = {
        f"{name}.{path}": tensor
        for name, module in (("generator", gan.generator), ("discriminator", gan.discriminator))
        for path, tensor in module.named_parameters()
    }
    broken = next((name for name, tensor in parameters.items() if not tensor.isfinite().all()), None)
    where = f"`{broken}` is not finite" if broken else "every weight is still finite"
    return f"step {gan.step + 1}: the {player}'s {gan.loss.name} loss is {loss.item()}; {where}"


def _set_learning_rates(gan: GAN) -> None:
    if gan.schedule is None:
        return
    factor = gan.schedule(gan.step)
    for optimizer, rate in zip((gan.g_optimizer, gan.d_optimizer), gan.learning_rates, strict=True):
        optimizer.param_groups[0]["lr"] = factor * rate
