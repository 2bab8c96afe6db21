"""The moving average of a network: which of its numbers are averaged, and what becomes of the others.

A mean of weights is a set of weights. A mean of what is *computed from* weights need not be one: the two
vectors u and v of spectral normalisation are unit vectors that belong to one weight, and a mean of such
vectors belongs to none and is shorter than 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import _SpectralNorm

from ganlab.lipschitz import spectral_vectors

__all__ = ["MovingAverage", "keeps_statistics", "with_statistics_of"]


class MovingAverage(nn.Module):
    """A copy of `network` that follows it slowly: `module`, after `n_averaged` calls of `update_parameters`.

    w_average <- decay · w_average + (1 - decay) · w, and at the first call w_average <- w.

    That is done to the **parameters**, and to the running **statistics** of batch and instance normalisation:
    they are themselves moving averages of what the layer saw, under the weights of the same steps that the
    averaged weights come from, while the newest alone belong to the newest weights. Yet a mean of statistics
    is not what the averaged weights make of their inputs: `with_statistics_of` estimates that anew.
    The vectors of **spectral normalisation** are neither averaged nor copied. The average has a weight of its
    own, so it runs a power iteration of its own, one round a call, from where the last one ended; so its
    layers have norm 1 as those of the network do. **All other buffers** are copied: counters, constants, and
    whatever else is known to the network alone.

    `decay`: in [0, 1). A state dict has the names of `torch.optim.swa_utils.AveragedModel`.

    Raises `ValueError` where `decay` is outside [0, 1).
    Source: Karras et al. 2018, appendix A.1, for the average [karras2018]; Miyato et al. 2018, algorithm 1,
    for the power iteration [miyato2018].

    >>> layer = nn.Linear(1, 1, bias=False)
    >>> average = MovingAverage(layer, 0.75)
    >>> for weight in (4.0, 8.0):
    ...     _ = nn.init.constant_(layer.weight, weight)
    ...     average.update_parameters(layer)
    >>> average.module.weight.item(), average.n_averaged.item()
    (5.0, 2)
    """

    n_averaged: Tensor

    def __init__(self, network: nn.Module, decay: float):
        super().__init__()
        if not 0 <= decay < 1:
            raise ValueError(f"`decay` must be in [0, 1), got {decay}")
        self.module, self.decay = deepcopy(network), decay
        self.register_buffer("n_averaged", torch.tensor(0, device=next(network.parameters()).device))

    @torch.no_grad()
    def update_parameters(self, network: nn.Module) -> None:
        """Let the average follow `network`, of the same architecture, by one step."""
        first = int(self.n_averaged) == 0
        mean, own = _averaged(self.module), spectral_vectors(self.module)
        theirs = dict(_tensors(network))
        for name, value in _tensors(self.module):
            if first or not (name in mean or name in own):
                value.copy_(theirs[name])
            elif name in mean:
                value.lerp_(theirs[name].to(value.device), 1 - self.decay)
        if own and not first:
            _iterate(self.module)
        self.n_averaged += 1


@torch.no_grad()
def with_statistics_of(network: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> nn.Module:
    """A copy of `network` whose batch normalisations have the statistics of what they see on `batches`.

    mean = (1 / B) sum over b of mean_b,  variance = (1 / B) sum over b of variance_b

    for each channel and the B batches, where variance_b is divided by one less than the number of values.
    Each layer sees what the layers before it make of the batch when they are normalised by the batch itself,
    as in training. `batches`: what the network is called with, each (N, ...). All other layers are in
    evaluation mode, so that nothing else of the copy changes, and instance normalisations keep what they
    have; it comes back in evaluation mode. `network` is left as it is.

    Raises `ValueError` where there are no batches, or no layer that keeps statistics of batches.
    Source: Izmailov et al. 2018, section 3.2 [izmailov2018].

    >>> network = nn.Sequential(nn.BatchNorm1d(1))
    >>> fitted = with_statistics_of(network, [(torch.tensor([[1.0], [3.0]]),)])
    >>> fitted[0].running_mean.item(), fitted[0].running_var.item(), network[0].running_mean.item()
    (2.0, 2.0, 0.0)
    """
    fitted = deepcopy(network).eval()
    layers = list(_keeping(fitted))
    if not layers:
        raise ValueError(
            f"`network` must have a batch normalisation that keeps statistics, got {type(network).__name__} "
            "without one"
        )
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # PyTorch's way of asking for the plain mean over the batches
        layer.train()
    seen = 0
    for batch in batches:
        fitted(*batch)
        seen += 1
    if not seen:
        raise ValueError("`batches` must hold at least one batch, got none")
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    return fitted.eval()


def keeps_statistics(network: nn.Module) -> bool:
    """Whether a layer of `network` keeps running statistics of the batches that it sees.

    >>> keeps_statistics(nn.Sequential(nn.BatchNorm1d(1))), keeps_statistics(nn.Linear(1, 1))
    (True, False)
    """
    return any(True for _ in _keeping(network))


def _keeping(network: nn.Module) -> Iterator[_BatchNorm]:
    for layer in network.modules():
        if isinstance(layer, _BatchNorm) and layer.running_mean is not None:
            yield layer


def _tensors(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from network.named_parameters()
    yield from network.named_buffers()


def _averaged(network: nn.Module) -> set[str]:
    """The names of the parameters, and of the running statistics of normalisations."""
    names = {name for name, _ in network.named_parameters()}
    for path, layer in network.named_modules():
        if isinstance(layer, _NormBase):
            names |= {_join(path, name) for name in ("running_mean", "running_var")}
    return names


def _iterate(network: nn.Module) -> None:
    """One round of power iteration in each spectral normalisation, as a training-mode pass takes it."""
    for layer in network.modules():
        if not parametrize.is_parametrized(layer):
            continue
        for name, chain in layer.parametrizations.items():  # type: ignore[union-attr] - a ModuleDict
            spectral = [link for link in chain if isinstance(link, _SpectralNorm)]
            modes = [link.training for link in spectral]
            for link in spectral:
                link.train()
            getattr(layer, name)
            for link, mode in zip(spectral, modes, strict=True):
                link.train(mode)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
