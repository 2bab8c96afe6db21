"""What a network does that a game cannot allow, found by running it on a few samples before the first step.

A type tells much (`ganlab.lipschitz.refuse_batch_norm`), but a batch mean in a `forward` has none. So one
sample of a batch is changed, and no other's score may follow; the global random state is read before and
after, and must not move; each penalty is differentiated once. A probe leaves weights, buffers and random
states as they were. What holds only for other weights, as a coupling behind a gain of zero, no probe finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.dropout import _DropoutNd
from torch.utils._pytree import tree_leaves

from ganlab.lipschitz import mixes_samples, refuse_batch_norm
from ganlab.regularizers import GradientPenalty, sample_mix

__all__ = [
    "couples_samples",
    "refuse_coupling",
    "refuse_own_randomness",
    "refuse_without_second_derivative",
]


class _Call(NamedTuple):
    """One call of a layer: its path, its type, and what went in and came out, as copies."""

    path: str
    kind: str
    given: list[Tensor]
    returned: list[Tensor]
    drew: bool


def couples_samples(network: nn.Module, *inputs: Tensor) -> bool:
    """Whether the output for one sample changes with another sample of the batch.

    `inputs`: what `network` is called with, batches of at least two samples (N, ...); the first is changed.

    >>> class Centred(nn.Module):
    ...     def forward(self, x): return (x - x.mean(0)).sum(1)
    >>> couples_samples(Centred(), torch.eye(4)), couples_samples(nn.Linear(4, 1), torch.eye(4))
    (True, False)
    """
    if mixes_samples(network):
        return True
    plain, changed = (_run(network, given) for given in (inputs, _with_another_first(inputs)))
    return _others_differ(plain, changed, len(inputs[0]))


def refuse_coupling(network: nn.Module, *inputs: Tensor, penalty: str) -> None:
    """Raise `ValueError`, naming the layer, where `network` lets the samples of a batch see each other.

    By the types that `refuse_batch_norm` knows, and by what `network` does on `inputs`, as `couples_samples`
    finds it. The layer is the first whose samples go in apart and come out coupled. `penalty`: what needs a
    critic that treats samples one by one.

    >>> class Centred(nn.Module):
    ...     def forward(self, x): return x - x.mean(0)
    >>> refuse_coupling(nn.Sequential(Centred(), nn.Linear(2, 1)), torch.eye(2), penalty="r1")
    Traceback (most recent call last):
    ValueError: layer `0` is a Centred, which couples the samples of a batch; r1 needs a critic that treats
    them one by one: use LayerNorm, InstanceNorm or no normalisation
    """
    refuse_batch_norm(network, penalty=penalty)
    if not couples_samples(network, *inputs):
        return
    count = len(inputs[0])
    calls = zip(_calls(network, inputs), _calls(network, _with_another_first(inputs)), strict=True)
    found = next((one for one, other in calls if _mixed(one, other, count)), None)
    kind = found.kind if found else type(network).__name__
    raise ValueError(
        f"layer `{(found.path if found else '') or kind}` is a {kind}, which couples the samples of a batch; "
        f"{penalty} needs a critic that treats them one by one: use LayerNorm, InstanceNorm or no "
        "normalisation"
    )


def refuse_own_randomness(network: nn.Module, *inputs: Tensor, name: str) -> None:
    """Raise `ValueError`, naming the layer, where `network` draws random numbers of its own, as dropout does.

    It would draw them from PyTorch's global state, which no game owns or stores: a run could not be resumed
    bit for bit, repeated on another device, stacked over seeds or shared between processes, and a penalty
    would not be a function of its `mix`. Noise for a network comes with its latents. `name`: of the argument.
    Without `inputs` the types of the layers are all that is looked at.

    >>> refuse_own_randomness(nn.Sequential(nn.Dropout(0.5)), torch.ones(2, 2), name="generator")
    Traceback (most recent call last):
    ValueError: `generator` must draw no random numbers of its own, as its layer `0`, a Dropout, does: they
    would come from the global state, which a game neither owns nor stores; leave it out, or give noise in the
    latents
    """
    found = next(((path, layer) for path, layer in network.named_modules() if _drops(layer)), None)
    path, kind = (found[0], type(found[1]).__name__) if found else ("", type(network).__name__)
    if not found:
        if not inputs or not _draws(network, inputs):
            return
        call = next((call for call in _calls(network, inputs) if call.drew), None)
        path, kind = (call.path, call.kind) if call else (path, kind)
    raise ValueError(
        f"`{name}` must draw no random numbers of its own, as its layer `{path or kind}`, a "
        f"{kind}, does: they would come from the global state, which a game neither owns nor stores; "
        "leave it out, or give noise in the latents"
    )


def refuse_without_second_derivative(
    network: nn.Module, *inputs: Tensor, penalties: Sequence[GradientPenalty]
) -> None:
    """Raise `ValueError`, naming the penalty, where it cannot be differentiated in the weights of `network`.

    `inputs`: samples (N, ...) and what else `network` is called with. So it is for a layer that
    `torch.compile` has compiled, which is named, and for a function whose gradient has no derivative.

    >>> from ganlab.regularizers import r1
    >>> net = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    >>> refuse_without_second_derivative(net, torch.eye(2), penalties=[r1])
    """
    for penalty in penalties:
        path = next((path for path, layer in network.named_modules() if _compiled(layer)), None)
        if path is not None:
            raise ValueError(
                f"`discriminator` must not be compiled where {penalty.name} is to be differentiated, got "
                f"{f'layer `{path}`' if path else 'a compiled module'}: the gradient of a compiled function "
                "cannot be differentiated again; train an ensemble with `compiled=True`, which compiles "
                "whole steps"
            )
        _differentiate(network, inputs, penalty)


def _differentiate(network: nn.Module, inputs: tuple[Tensor, ...], penalty: GradientPenalty) -> None:
    points = inputs[0].detach()
    mix = sample_mix(penalty, points, rng=torch.Generator().manual_seed(0))
    weights = {name: value.detach().requires_grad_() for name, value in network.named_parameters()}
    with torch.enable_grad(), _untouched(network, inputs) as buffers:

        def critic(x: Tensor) -> Tensor:
            return functional_call(network, weights | buffers, (x, *inputs[1:]))

        value = penalty(critic, points, points.flip(0), mix=mix)
        if not value.requires_grad:
            return
        try:
            value.backward()  # and not autograd.grad, which skips what does not lead to a weight
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[0]
            raise ValueError(
                f"{penalty.name} needs a second derivative that the discriminator does not have: {reason}"
            ) from error


def _drops(layer: nn.Module) -> bool:
    share = layer.p if isinstance(layer, _DropoutNd) else 0.0
    if isinstance(layer, nn.MultiheadAttention | nn.RNNBase):
        share = layer.dropout
    return layer.training and (share > 0 or isinstance(layer, nn.RReLU))


def _compiled(layer: nn.Module) -> bool:
    return hasattr(layer, "_orig_mod") or getattr(layer, "_compiled_call_impl", None) is not None


@contextmanager
def _untouched(network: nn.Module, inputs: Sequence[Tensor]) -> Iterator[dict[str, Tensor]]:
    """Copies of the buffers to run `network` with; the random states are put back at the end."""
    devices = {x.device for x in inputs if x.device.type == "cuda"}
    with torch.random.fork_rng(devices=devices), torch.compiler.set_stance("force_eager"):
        yield {name: value.clone() for name, value in network.named_buffers()}


@torch.no_grad()
def _run(network: nn.Module, inputs: Sequence[Tensor]) -> list[Tensor]:
    with _untouched(network, inputs) as buffers:
        return _tensors(functional_call(network, buffers, tuple(inputs)))


@torch.no_grad()
def _draws(network: nn.Module, inputs: Sequence[Tensor]) -> bool:
    with _untouched(network, inputs) as buffers:
        before = _random_state(inputs[0].device)
        functional_call(network, buffers, tuple(inputs))
        return not torch.equal(before, _random_state(inputs[0].device))


def _calls(network: nn.Module, inputs: Sequence[Tensor]) -> list[_Call]:
    """All calls of layers, in the order in which they return: the inner ones first."""
    calls: list[_Call] = []
    begun: list[tuple[list[Tensor], Tensor]] = []
    device = inputs[0].device

    def begin(_: nn.Module, args: Any, kwargs: Any) -> None:
        begun.append(([x.clone() for x in _tensors((args, kwargs))], _random_state(device)))

    def finish(path: str) -> Callable[..., None]:
        def record(layer: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            given, before = begun.pop()
            drew = not torch.equal(before, _random_state(device))
            copies = [x.clone() for x in _tensors(output)]
            calls.append(_Call(path, type(layer).__name__, given, copies, drew))

        return record

    hooks = []
    try:
        for path, layer in network.named_modules():
            hooks.append(layer.register_forward_pre_hook(begin, with_kwargs=True))
            hooks.append(layer.register_forward_hook(finish(path), with_kwargs=True))
        _run(network, inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return calls


def _random_state(device: torch.device) -> Tensor:
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return torch.cat(states)


def _with_another_first(inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The same batches, in which the first sample of the first is another one."""
    changed = inputs[0].clone()
    changed[0] = 1.0 - 2.0 * changed[0]
    return (changed, *inputs[1:])


def _mixed(one: _Call, other: _Call, count: int) -> bool:
    apart = not _others_differ(one.given, other.given, count)
    return apart and _others_differ(one.returned, other.returned, count)


def _others_differ(first: Sequence[Tensor], second: Sequence[Tensor], count: int) -> bool:
    """Whether anything differs by more than rounding outside the rows of the first of `count` samples."""
    return any(_differ(x, y, count) for x, y in zip(first, second, strict=True))


def _differ(x: Tensor, y: Tensor, count: int) -> bool:
    if x.ndim == 0 or len(x) % count or not x.is_floating_point():
        return False
    x, y = x[len(x) // count :], y[len(y) // count :]
    rounding = 64 * torch.finfo(x.dtype).eps * max(1.0, float(x.abs().amax())) if x.numel() else 0.0
    return not torch.allclose(x, y, rtol=0, atol=rounding, equal_nan=True)


def _tensors(values: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]
