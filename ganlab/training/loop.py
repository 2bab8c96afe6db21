"""Training: one discriminator step, one generator step, and the loop that takes the turns of any game.

A step is a function of the networks and of a draw of all its randomness. A discriminator step leaves no
gradient in the generator and a generator step none in the discriminator, and each clears its own when it is
done. On the CPU a loss that is not finite stops the run before it reaches a weight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from ganlab import storage
from ganlab.training.game import GAN
from ganlab.training.history import History
from ganlab.training.players import Batches, Game, Network, Row, frozen, take
from ganlab.training.rules import Draw
from ganlab.training.states import load_state, state

__all__ = [
    "Callback",
    "discriminator_step",
    "generator_gradient_norm",
    "generator_step",
    "load_checkpoint",
    "save_checkpoint",
    "train",
]

Callback = Callable[[Sequence, History], None]
"""A function of the games that train side by side, of one game where there is one, and of their history."""


def discriminator_step(gan: GAN, drawn: Draw) -> Row:
    """The row of `discriminator_objective` before the step, after taking one step down its gradient.

    The generator keeps no gradient and builds no graph. Raises `NonFiniteLossError` before any weight is
    changed.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> from ganlab.training.game import draw_for_discriminator
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> list(discriminator_step(gan, draw_for_discriminator(gan, batches)))
    ['d_loss', 'penalty', 'd_real', 'd_fake']
    """
    return take(gan, gan.turn("discriminator"), drawn)


def generator_step(gan: GAN, drawn: Draw) -> Row:
    """`g_loss`, the generator's objective as it was before the step, after taking one step down its gradient.

    The discriminator is frozen before it is run, so that it neither keeps activations for its weights nor
    receives a gradient; the scores still carry their gradient to the generator. Raises `NonFiniteLossError`
    before any weight is changed.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> from ganlab.training.game import draw_for_generator
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> list(generator_step(gan, draw_for_generator(gan, batches)))
    ['g_loss']
    """
    return take(gan, gan.turn("generator"), drawn)


def generator_gradient_norm(gan: GAN, drawn: Draw) -> Tensor:
    """The length of the gradient of the generator's objective in all parameters that ask for one, ().

    Nothing is stepped, nothing keeps a gradient, and no buffer moves. A parameter that the objective does not
    touch, as in a layer that has yet to grow, has the gradient zero. In units of the loss per unit of a
    parameter; it is what plain gradient descent multiplies by its rate, and what Adam divides by.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> from ganlab.training.game import draw_for_generator
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> bool(generator_gradient_norm(gan, draw_for_generator(gan, batches)) > 0)
    True
    """
    parameters = [parameter for parameter in gan.generator.parameters() if parameter.requires_grad]
    networks = {name: Network(player.network) for name, player in gan.players.items()}
    buffers = [buffer for player in gan.players.values() for buffer in player.network.buffers()]
    before = [buffer.clone() for buffer in buffers]
    with frozen(gan.discriminator):
        objective, _ = gan.turn("generator").objective(networks, drawn, gan.rules)
        gradients = torch.autograd.grad(objective, parameters, materialize_grads=True)
    for buffer, value in zip(buffers, before, strict=True):
        buffer.copy_(value)
    return torch.cat([gradient.flatten() for gradient in gradients]).norm()


def train(
    game: Game,
    batches: Batches,
    steps: int,
    *,
    n_critic: int = 1,
    history: History | None = None,
    callbacks: Sequence[Callback] = (),
) -> History:
    """The history of `steps` more steps of a game, each with `n_critic` turns of its critics.

    `batches`: an endless iterator of real samples with a `batch_size`: `ganlab.data.batches` makes one of a
    source, `ganlab.data.from_loader` one of a `DataLoader`, and whatever else has `__next__`, `batch_size`,
    `state_dict` and `load_state_dict` is one. `history`: one to go on with.
    `callbacks`: functions of the games, here of a list of this one, and of the history, called after every
    step. The columns of a GAN are `d_loss`, `penalty`, `d_real`, `d_fake` (of the last discriminator step)
    and `g_loss`. Up to 64 MiB of memory that a step has freed stay with the process (`keep_freed_memory`).

    Raises `ValueError` where `steps` or `n_critic` is not positive, `NonFiniteLossError` where a loss on the
    CPU is infinite or not a number.

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
    keep_freed_memory()
    for _ in range(steps):
        _set_rates(game)
        row: Row = {}
        for turn in game.turns(n_critic):
            row |= take(game, turn, turn.draw(game, batches))
        history.append(game.step, row)
        for callback in callbacks:
            callback([game], history)
    return history


@cache
def keep_freed_memory() -> None:
    """Let glibc keep what a step frees for the next step, up to 64 MiB, from now on in this process.

    A large block comes from the system, which clears each page when it is first written, and goes back when
    it is freed: a training step would pay for that each time, up to a seventh of its own. Once a block of
    nearly 32 MiB has been freed, glibc keeps all that are smaller, as mallopt(3) says of M_MMAP_THRESHOLD.
    The block here is never written and takes no memory. Without glibc nothing changes.

    >>> keep_freed_memory()
    """
    torch.empty(2**25 - 2**13, dtype=torch.uint8)


def _set_rates(game: Game) -> None:
    """Slow the players of a game to what its schedule says of the next step; do nothing without one."""
    if game.schedule is None:
        return
    factor = game.schedule(game.step)
    for player in game.players.values():
        player.slow_to(factor)


def save_checkpoint(run: Path, game: Game, batches: Batches, history: History) -> Path:
    """The folder, inside the run folder, of a checkpoint from which `load_checkpoint` goes on bit for bit.

    Raises `OSError` where the run folder cannot be written.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(Path(folder), gan, batches, train(gan, batches, 2)).name
    'step-00000002'
    """
    tensors = state(game) | {f"batches.{name}": value for name, value in batches.state_dict().items()}
    tensors["history.values"] = history.values
    tensors["history.steps"] = torch.from_numpy(history.steps)
    return storage.save(run, game.step, tensors, {"columns": history.columns})


def load_checkpoint(run: Path, game: Game, batches: Batches) -> History:
    """The history of the newest checkpoint of a run; the game and the batches go on from there.

    `game` and `batches`: built as they were for the run. Raises `CheckpointError` where there is no whole
    checkpoint, `ValueError` where it belongs to other networks or settings; what the batches refuse leaves
    the game as it was.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = save_checkpoint(Path(folder), gan, batches, train(gan, batches, 2))
    ...     len(load_checkpoint(Path(folder), *build(EXPERIMENTS["ring"])[:2]))
    2
    """
    tensors, about, _ = storage.latest(run)
    before = {name: tensor.clone() for name, tensor in state(game).items()}
    load_state(
        game,
        {name: tensor for name, tensor in tensors.items() if not name.startswith(("batches.", "history."))},
    )
    stream = {
        name.removeprefix("batches."): tensor
        for name, tensor in tensors.items()
        if name.startswith("batches.")
    }
    try:
        batches.load_state_dict(stream)
    except Exception:
        load_state(game, before)
        raise
    return History.of(tuple(about["columns"]), tensors["history.steps"].tolist(), tensors["history.values"])
