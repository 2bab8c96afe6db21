"""The pair that is told a class: the generator by an embedding, the discriminator in one of several ways."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from .dcgan import dcgan_discriminator, dcgan_generator
from .layers import Discriminator, Generator, check_size, check_sizes, drawn
from .mlp import mlp_discriminator, mlp_generator

__all__ = [
    "CONDITIONS",
    "AuxiliaryDiscriminator",
    "Condition",
    "ConditionalGenerator",
    "JoinedDiscriminator",
    "ProjectionDiscriminator",
    "UntoldDiscriminator",
    "auxiliary_discriminator",
    "conditional_generator",
    "joined_discriminator",
    "projection_discriminator",
    "untold_discriminator",
]


_LEARNED = 16  # numbers of a class beside a point


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
        return self.inner(torch.cat([z, _embedded(self.embedding.weight, labels, len(z))], 1))


class ProjectionDiscriminator(nn.Module):
    """A discriminator whose last layer has weights of each class. See `projection_discriminator`."""

    def __init__(self, inner: Discriminator, embedding: nn.Embedding):
        super().__init__()
        self.inner, self.embedding = inner, embedding
        self.shape, self.classes = inner.shape, embedding.num_embeddings

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """The raw scores (N,) of samples x (N, *shape) as members of the classes labels (N,)."""
        features = self.inner.features(x)
        projection = (_embedded(self.embedding.weight, labels, len(x)) * features).sum(1)
        return self.inner.layers[-1](features).squeeze(1) + projection


class JoinedDiscriminator(nn.Module):
    """A discriminator that reads the class beside the sample, as more inputs. See `joined_discriminator`."""

    def __init__(
        self, inner: Discriminator, shape: Sequence[int], classes: int, embedding: nn.Embedding | None
    ):
        super().__init__()
        self.inner, self.embedding = inner, embedding
        self.shape, self.classes = tuple(shape), classes

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """The raw scores (N,) of samples x (N, *shape) as members of the classes labels (N,)."""
        if tuple(x.shape[1:]) != self.shape:
            wanted = ", ".join(["N", *map(str, self.shape)])
            raise ValueError(f"`x` must have shape ({wanted}), got {tuple(x.shape)}")
        places = self.shape[1:]
        if self.embedding is None:
            table = torch.eye(self.classes, dtype=x.dtype, device=x.device)
            told = _embedded(table, labels, len(x)).reshape(len(x), -1, *[1] * len(places))
            told = told.expand(-1, -1, *places)
        else:
            told = _embedded(self.embedding.weight, labels, len(x)).reshape(len(x), -1, *places)
        return self.inner(torch.cat([x, told], 1))


class AuxiliaryDiscriminator(nn.Module):
    """A discriminator that guesses the class instead of being told it. See `auxiliary_discriminator`.

    `classifies` is what a game looks for: such a pair learns the classes from a loss of their own.
    """

    classifies = True

    def __init__(self, inner: Discriminator, heads: nn.ModuleList, classes: int):
        super().__init__()
        self.inner, self.heads = inner, heads
        self.shape, self.classes = inner.shape, classes

    def forward(self, x: Tensor, labels: Tensor, guess: bool = False) -> Tensor | tuple[Tensor, Tensor]:
        """The raw scores (N,) of samples x (N, *shape), which do not depend on the labels (N,).

        With `guess` also the log-probabilities (H, N) that the H classifiers give the label of each sample.
        """
        features = self.inner.features(x)
        scores = self.inner.layers[-1](features).squeeze(1)
        _check_form(labels, len(x))
        if not guess:
            return scores
        told = [head(features).log_softmax(1).gather(1, labels[:, None]).squeeze(1) for head in self.heads]
        return scores, torch.stack(told)


class UntoldDiscriminator(nn.Module):
    """A discriminator that is given the class and does not look at it. See `untold_discriminator`."""

    def __init__(self, inner: Discriminator, classes: int):
        super().__init__()
        self.inner, self.shape, self.classes = inner, inner.shape, classes

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """The raw scores (N,) of samples x (N, *shape), whatever the labels (N,) are."""
        _check_form(labels, len(x))
        return self.inner(x)


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
    inner, features = _ordinary(shape, classes, rng, width, architecture)
    table = drawn(nn.Embedding, classes, features, rng=rng, std=features**-0.5)
    return ProjectionDiscriminator(inner, table)


def joined_discriminator(
    shape: Sequence[int],
    *,
    classes: int,
    rng: torch.Generator,
    width: int | Sequence[int] | None = None,
    learned: bool = False,
    architecture: Callable[..., Discriminator] | None = None,
) -> JoinedDiscriminator:
    """A discriminator (or critic) that reads the class as more inputs: (N, *shape) and (N,) to (N,).

        score(x, y) = D(x joined with t_y)

    t_y is the indicator of the class, `classes` numbers of which one is 1; beside an image (C, H, W) these
    are as many more channels, each constant. `learned`: numbers of the class that are learned instead,
    N(0, 1) at the start: 16 of them beside a point, and one channel (H, W) beside an image. `architecture`
    makes the ordinary network, of the larger shape; None means `dcgan_discriminator` for images and
    `mlp_discriminator` for points, and no `width` means its usual one.

    To the first layer, where it is linear, the class of a point is a change of its biases and no more.

    Raises `ValueError` where a size is not a positive integer or the architecture refuses one.
    Source: Mirza & Osindero 2014, section 3 [mirza2014].

    >>> rng = torch.Generator().manual_seed(0)
    >>> discriminator = joined_discriminator((1, 8, 8), classes=3, rng=rng)
    >>> discriminator.inner.shape, discriminator(torch.zeros(2, 1, 8, 8), torch.tensor([0, 2])).shape
    ((4, 8, 8), torch.Size([2]))
    """
    check_size("classes", classes)
    check_sizes("shape", shape)
    make = architecture or (dcgan_discriminator if len(shape) == 3 else mlp_discriminator)
    more = classes if not learned else 1 if len(shape) > 1 else _LEARNED
    inner = make((shape[0] + more, *shape[1:]), rng=rng, **_given(width=width))
    table = drawn(nn.Embedding, classes, more * math.prod(shape[1:]), rng=rng) if learned else None
    return JoinedDiscriminator(inner, shape, classes, table)


def auxiliary_discriminator(
    shape: Sequence[int],
    *,
    classes: int,
    rng: torch.Generator,
    width: int | Sequence[int] | None = None,
    twin: bool = False,
    architecture: Callable[..., Discriminator] | None = None,
) -> AuxiliaryDiscriminator:
    """A discriminator with a classifier on its features: it scores samples, and guesses their classes.

    The scores do not depend on the class. A second linear layer on the same features gives logits of the
    classes; with `twin` there is a third, which a game trains on generated samples alone. `architecture` and
    `width` as in `projection_discriminator`.

    Parameters: those of the ordinary discriminator, and (F + 1) classes for each classifier.
    Raises `ValueError` where a size is not a positive integer or the architecture refuses one.
    Source: Odena et al. 2017, section 3 [odena2017]; the twin, Gong et al. 2019, section 3.2 [gong2019].

    >>> rng = torch.Generator().manual_seed(0)
    >>> discriminator = auxiliary_discriminator((2,), classes=8, rng=rng)
    >>> scores, guesses = discriminator(torch.zeros(5, 2), torch.tensor([0, 1, 2, 3, 7]), True)
    >>> scores.shape, guesses.shape
    (torch.Size([5]), torch.Size([1, 5]))
    """
    inner, features = _ordinary(shape, classes, rng, width, architecture)
    heads = [drawn(nn.Linear, features, classes, rng=rng) for _ in range(1 + twin)]
    return AuxiliaryDiscriminator(inner, nn.ModuleList(heads), classes)


def untold_discriminator(
    shape: Sequence[int],
    *,
    classes: int,
    rng: torch.Generator,
    width: int | Sequence[int] | None = None,
    architecture: Callable[..., Discriminator] | None = None,
) -> UntoldDiscriminator:
    """A discriminator that takes the class and does not use it: what the others have to beat.

    Against it a generator learns the data and has no reason to obey. `architecture` and `width` as in
    `projection_discriminator`.

    Raises `ValueError` where a size is not a positive integer or the architecture refuses one.

    >>> rng = torch.Generator().manual_seed(0)
    >>> discriminator = untold_discriminator((2,), classes=3, rng=rng)
    >>> scores = discriminator(torch.zeros(3, 2), torch.tensor([0, 1, 2]))
    >>> bool(torch.allclose(scores, scores[0]))
    True
    """
    return UntoldDiscriminator(_ordinary(shape, classes, rng, width, architecture)[0], classes)


class Condition(NamedTuple):
    """A way of telling a discriminator the class.

    `make(shape, classes=, rng=, width=, architecture=)` returns it. `classifies`: whether it guesses the
    class instead, so that both players get a loss of the guesses.
    """

    make: Callable[..., Any]
    classifies: bool = False

    def facts(self) -> dict[str, Any]:
        """What is known without loading anything, as JSON can hold it."""
        return {"classifies": self.classifies}


CONDITIONS: dict[str, Condition] = {
    "projection": Condition(projection_discriminator),
    "concatenation": Condition(joined_discriminator),
    "embedding": Condition(partial(joined_discriminator, learned=True)),
    "auxiliary": Condition(auxiliary_discriminator, classifies=True),
    "twin": Condition(partial(auxiliary_discriminator, twin=True), classifies=True),
    "nothing": Condition(untold_discriminator),
}
"""The ways of telling a discriminator the class, by name: vectors of the classes on its features; the
indicator of the class, or learned numbers, beside the sample; a classifier, alone or with its twin; and none,
by which the others are measured.

>>> [name for name, condition in CONDITIONS.items() if condition.classifies]
['auxiliary', 'twin']
"""


def _ordinary(
    shape: Sequence[int],
    classes: int,
    rng: torch.Generator,
    width: int | Sequence[int] | None,
    architecture: Callable[..., Discriminator] | None,
) -> tuple[Discriminator, int]:
    """An ordinary discriminator, and how many features its last layer reads."""
    check_size("classes", classes)
    check_sizes("shape", shape)
    make = architecture or (dcgan_discriminator if len(shape) == 3 else mlp_discriminator)
    inner = make(shape, rng=rng, **_given(width=width))
    return inner, inner.layers[-1].get_parameter("weight").shape[1]


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _embedded(table: Tensor, labels: Tensor, count: int) -> Tensor:
    """The rows of the labels, (N, D); their range is left to the look-up, which costs nothing more."""
    _check_form(labels, count)
    try:
        return embedding(labels, table)
    except IndexError:
        raise ValueError(
            f"`labels` must lie in 0 .. {len(table) - 1}, got values from {int(labels.min())} to "
            f"{int(labels.max())}"
        ) from None


def _check_form(labels: Tensor, count: int) -> None:
    if labels.shape != (count,) or labels.dtype != torch.int64:
        raise ValueError(
            f"`labels` must be int64 of shape ({count},), got {labels.dtype} of shape {tuple(labels.shape)}"
        )
