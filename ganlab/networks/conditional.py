"""The pair that is told a class: the generator by an embedding, the discriminator by a projection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .dcgan import dcgan_discriminator, dcgan_generator
from .layers import Discriminator, Generator, check_size, check_sizes, drawn
from .mlp import mlp_discriminator, mlp_generator

__all__ = [
    "ConditionalGenerator",
    "ProjectionDiscriminator",
    "conditional_generator",
    "projection_discriminator",
]


class ConditionalGenerator(nn.Module):
    """A generator that reads an embedding of the class beside its latents. See `conditional_generator`."""

    def __init__(self, inner: Generator, embedding: nn.Embedding):
        super().__init__()
        self.inner, self.embedding = inner, embedding
        self.latent_dim = inner.latent_dim - embedding.embedding_dim
        self.shape, self.classes = inner.shape, embedding.num_embeddings

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        """The samples (N, *shape) of the classes labels (N,) that the latents z (N, latent_dim) stand for."""
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ValueError(f"`z` must have shape (N, {self.latent_dim}), got {tuple(z.shape)}")
        return self.inner(torch.cat([z, _embedded(self.embedding, labels, len(z))], 1))


class ProjectionDiscriminator(nn.Module):
    """A discriminator whose last layer has weights of each class. See `projection_discriminator`."""

    def __init__(self, inner: Discriminator, embedding: nn.Embedding):
        super().__init__()
        self.inner, self.embedding = inner, embedding
        self.shape, self.classes = inner.shape, embedding.num_embeddings

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """The raw scores (N,) of samples x (N, *shape) as members of the classes labels (N,)."""
        features = self.inner.features(x)
        projection = (_embedded(self.embedding, labels, len(x)) * features).sum(1)
        return self.inner.layers[-1](features).squeeze(1) + projection


def conditional_generator(
    latent_dim: int,
    shape: Sequence[int],
    *,
    classes: int,
    rng: torch.Generator,
    width: int | Sequence[int] | None = None,
    embedding_dim: int = 16,
    architecture: Callable[..., Generator] | None = None,
) -> ConditionalGenerator:
    """A generator of a wanted class: `generator(z, labels)` takes (N, latent_dim) and (N,) to (N, *shape).

    Each of the `classes` has a learned vector of `embedding_dim` numbers, N(0, 1) at the start, which is
    joined to the latents and read by an ordinary generator. `architecture` makes that one; None means
    `dcgan_generator` for images and `mlp_generator` for points, and no `width` means its usual one. The
    number of classes is the attribute `classes`, which networks without labels do not have.

    Parameters: those of the ordinary generator from latent_dim + embedding_dim latents, and
    classes embedding_dim.
    Raises `ValueError` where a size is not a positive integer or the architecture refuses one.
    Source: Mirza & Osindero 2014 [mirza2014].

    >>> rng = torch.Generator().manual_seed(0)
    >>> generator = conditional_generator(2, (2,), classes=8, rng=rng)
    >>> generator(torch.zeros(5, 2), torch.tensor([0, 1, 2, 3, 7])).shape
    torch.Size([5, 2])
    """
    for name, size in {"latent_dim": latent_dim, "classes": classes, "embedding_dim": embedding_dim}.items():
        check_size(name, size)
    check_sizes("shape", shape)
    make = architecture or (dcgan_generator if len(shape) == 3 else mlp_generator)
    inner = make(latent_dim + embedding_dim, shape, rng=rng, **_given(width=width))
    return ConditionalGenerator(inner, drawn(nn.Embedding, classes, embedding_dim, rng=rng))


def projection_discriminator(
    shape: Sequence[int],
    *,
    classes: int,
    rng: torch.Generator,
    width: int | Sequence[int] | None = None,
    architecture: Callable[..., Discriminator] | None = None,
) -> ProjectionDiscriminator:
    """A discriminator (or critic) of samples with their classes: (N, *shape) and (N,) to (N,).

        score(x, y) = psi(phi(x)) + <e_y, phi(x)>

    phi is all but the last layer of an ordinary discriminator and psi is that last layer, which is linear:
    the vector e_y of a class is added to its weights. `architecture` makes the ordinary one; None means
    `dcgan_discriminator` for images and `mlp_discriminator` for points, and no `width` means its usual one.
    With F features, e_y is N(0, 1 / F) at the start. `classes` is an attribute too.

    Parameters: those of the ordinary discriminator, and classes F.
    Raises `ValueError` where a size is not a positive integer or the architecture refuses one.
    Source: Miyato & Koyama 2018 [miyato2018cgans].

    >>> rng = torch.Generator().manual_seed(0)
    >>> discriminator = projection_discriminator((2,), classes=8, rng=rng)
    >>> discriminator(torch.zeros(5, 2), torch.tensor([0, 1, 2, 3, 7])).shape
    torch.Size([5])
    """
    check_size("classes", classes)
    check_sizes("shape", shape)
    make = architecture or (dcgan_discriminator if len(shape) == 3 else mlp_discriminator)
    inner = make(shape, rng=rng, **_given(width=width))
    features = inner.layers[-1].get_parameter("weight").shape[1]
    embedding = drawn(nn.Embedding, classes, features, rng=rng, std=features**-0.5)
    return ProjectionDiscriminator(inner, embedding)


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _embedded(embedding: nn.Embedding, labels: Tensor, count: int) -> Tensor:
    """The vectors of the labels, (N, D); their range is left to the look-up, which costs nothing more."""
    if labels.shape != (count,) or labels.dtype != torch.int64:
        raise ValueError(
            f"`labels` must be int64 of shape ({count},), got {labels.dtype} of shape {tuple(labels.shape)}"
        )
    try:
        return embedding(labels)
    except IndexError:
        raise ValueError(
            f"`labels` must lie in 0 .. {embedding.num_embeddings - 1}, "
            f"got values from {int(labels.min())} to {int(labels.max())}"
        ) from None
