"""The game of two networks as a field: their weights in one state, on samples that are held fixed.

With fixed samples the losses are functions of the weights alone, and what `dynamics` says of small games,
velocity, Jacobian, spectrum and path, can be asked of networks that are small enough for dense matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ganlab.losses import GANLoss
from ganlab.regularizers import GradientPenalty
from ganlab.theory.dynamics import Field

__all__ = ["network_game"]


def network_game(
    loss: GANLoss,
    generator: nn.Module,
    discriminator: nn.Module,
    *,
    real: Tensor,
    latents: Tensor,
    penalties: Sequence[tuple[GradientPenalty, float]] = (),
) -> tuple[Field, Tensor]:
    """The field of the game of two networks on fixed samples, and the state (d,) of their present weights.

    The state holds the generator's parameters and then the discriminator's, flattened in the order of
    `parameters()`, in float64. `real` (N, ...) and `latents` (N, latent_dim) are all the samples there are.
    `penalties`: each with its weight, added to the discriminator's loss; its points move with the weights,
    but no gradient of a penalty reaches the generator, as in training.

    Raises `ValueError` where a penalty draws random numbers or has a negative weight, or where the batches
    differ in length.

    >>> from ganlab.losses import wasserstein
    >>> line = nn.Linear(1, 1, bias=False)  # the generator θ z
    >>> score = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Flatten(0))  # the score ψ x
    >>> one = torch.ones(1, 1, dtype=torch.float64)
    >>> field, state = network_game(wasserstein, line, score, real=0 * one, latents=one)
    >>> field(torch.tensor([2.0, 3.0], dtype=torch.float64)).tolist(), state.shape
    ([3.0, -2.0], torch.Size([2]))
    """
    if len(real) != len(latents):
        raise ValueError(f"`latents` must be as many as `real`, {len(real)}, got {len(latents)}")
    for penalty, weight in penalties:
        if penalty.place.draw is not None or weight < 0:
            raise ValueError(
                "`penalties` must look at the data or at generated samples, with weights of 0 or more, "
                f"got {penalty} with {weight}"
            )
    real, latents = real.detach().double(), latents.detach().double()
    networks = (generator, discriminator)
    states = [torch.cat([w.detach().double().flatten() for w in net.parameters()]) for net in networks]
    sizes = (len(states[0]), len(states[1]))
    makes, judges = _player(generator), _player(discriminator)

    def played(state: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        theta, psi = state.split(sizes)
        return makes(theta)(latents), judges(psi)

    def generator_loss(state: Tensor) -> Tensor:
        fake, score = played(state)
        return loss.generator(score(real), score(fake))

    def discriminator_loss(state: Tensor) -> Tensor:
        fake, score = played(state)
        value = loss.discriminator(score(real), score(fake))
        for penalty, weight in penalties:
            value = value + weight * penalty.at(score, penalty.place.points(real, fake, None))
        return value

    return Field((generator_loss, discriminator_loss), sizes), torch.cat(states)


def _player(network: nn.Module) -> Callable[[Tensor], Callable[[Tensor], Tensor]]:
    """From the weights of a network, flattened, to the function that it is with them."""
    names = [name for name, _ in network.named_parameters()]
    shapes = [weight.shape for weight in network.parameters()]
    buffers = {name: b.double() if b.is_floating_point() else b for name, b in network.named_buffers()}

    def with_weights(flat: Tensor) -> Callable[[Tensor], Tensor]:
        pieces = flat.split([shape.numel() for shape in shapes])
        weights = {n: piece.view(shape) for n, piece, shape in zip(names, pieces, shapes, strict=True)}

        def played(x: Tensor) -> Tensor:
            kept = {name: buffer.clone() for name, buffer in buffers.items()}  # a pass may write into them
            return functional_call(network, weights | kept, (x,))

        return played

    return with_weights
