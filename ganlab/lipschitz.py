"""How steep a critic can be, and what keeps it from being steeper: clipping, spectral normalisation, bounds.

A function f is K-Lipschitz where |f(x) - f(y)| <= K ‖x - y‖ for all x and y. A lower bound of the smallest
such K is seen at points (`lipschitz_estimate`), an upper bound follows from the weights (`lipschitz_bound`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, normalize
from torch.nn.utils.parametrizations import _SpectralNorm

from ganlab.regularizers import input_gradient

__all__ = [
    "clip_weights",
    "convolution_norm",
    "lipschitz_bound",
    "lipschitz_estimate",
    "mixes_samples",
    "power_iteration",
    "refuse_batch_norm",
    "spectral_norm",
    "spectral_vectors",
]

Critic = Callable[[Tensor], Tensor]

_DENSE_LIMIT = 1024  # columns up to which a convolution is written out as a matrix
_BATCH_NORMS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.SyncBatchNorm,
    nn.LazyBatchNorm1d,
    nn.LazyBatchNorm2d,
    nn.LazyBatchNorm3d,
)
_SPECTRAL_LAYERS = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
    nn.Embedding,
    nn.EmbeddingBag,
)
_ATTENTION_WEIGHTS = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
_NOT_NORMALISED = (nn.RNNBase, nn.RNNCellBase, nn.Bilinear)
_ONE_LIPSCHITZ = (nn.ReLU, nn.Tanh, nn.Softplus, nn.LogSigmoid, nn.Sigmoid, nn.Identity, nn.Flatten)


def refuse_batch_norm(module: nn.Module, *, penalty: str = "a gradient penalty") -> None:
    """Refuse a module of which a layer is a batch normalisation, by an error that names the layer.

    Batch normalisation makes the score of one sample depend on the other samples, ∂f(x_i)/∂x_j ≠ 0, so that
    the gradient that a penalty measures is no longer that of one sample. So does any layer with the attribute
    `mixes_samples`, as minibatch statistics have it. Layer and instance normalisation do not.

    Raises `ValueError` naming the path and the type of the first such layer.
    Source: Gulrajani et al. 2017, section 4 [gulrajani2017].

    >>> refuse_batch_norm(nn.Sequential(nn.Linear(2, 8), nn.LayerNorm(8), nn.Linear(8, 1)))
    >>> refuse_batch_norm(nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8)), penalty="wgan_gp")
    Traceback (most recent call last):
    ValueError: layer `1` is a BatchNorm1d, which couples the samples of a batch; wgan_gp needs a critic that
    treats them one by one: use LayerNorm, InstanceNorm or no normalisation
    """
    found = _mixing_layer(module)
    if found:
        path, kind = found
        raise ValueError(
            f"layer `{path or kind}` is a {kind}, which couples the samples of a batch; {penalty} needs "
            "a critic that treats them one by one: use LayerNorm, InstanceNorm or no normalisation"
        )


def mixes_samples(module: nn.Module) -> bool:
    """Whether a layer of `module` lets the samples of a batch see each other, as batch normalisation does.

    >>> mixes_samples(nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8))), mixes_samples(nn.Linear(2, 8))
    (True, False)
    """
    return _mixing_layer(module) is not None


def clip_weights(parameters: Iterable[Tensor], bound: float) -> None:
    """Clamp each parameter, in place, to [-bound, bound].

    To be called after each step of the critic. The Lipschitz constant that results depends on depth and
    width: for l layers of M units with rectifiers it is at most bound^l M^(l - 1) sqrt(n), n the size of a
    sample, and far less where signs differ. Thirteen layers of 64 units leave gradients of about 1e-17 at
    `bound` 0.01.

    Raises `ValueError` where `bound` is not positive, `TypeError` where `parameters` is a module.
    Source: Arjovsky et al. 2017, algorithm 1, with `bound` 0.01 [arjovsky2017wgan].

    >>> layer = nn.Linear(2, 1)
    >>> clip_weights(layer.parameters(), 0.01)
    >>> bool(layer.weight.abs().max() <= 0.01)
    True
    """
    if not bound > 0:
        raise ValueError(f"`bound` must be positive, got {bound}")
    if isinstance(parameters, nn.Module):
        raise TypeError(
            f"`parameters` must be tensors, as `module.parameters()` gives, got {type(parameters).__name__}"
        )
    with torch.no_grad():
        for parameter in parameters:
            parameter.clamp_(-bound, bound)


def spectral_norm(
    module: nn.Module, *, power_iterations: int = 1, rng: torch.Generator | None = None
) -> nn.Module:
    """The same module, with the weight of each layer that is a matrix divided by its spectral norm.

    W / σ(W), σ the largest singular value of the weight as a matrix, estimated by power iteration: fifteen
    rounds when the layer is wrapped and `power_iterations` more in each forward pass in training mode. The
    estimate lies below σ, so the norm of what comes out lies slightly above 1. Linear and convolutional
    layers, embeddings, and the projections of `nn.MultiheadAttention` (the stacked one as one matrix) are
    divided; parameters of a module of your own are left as they are. The starting vectors come from `rng`,
    or from a fixed seed; they are buffers of the layer, and a training-mode forward pass changes them.

    **For a convolution this is not the norm of the layer.** The matrix is the kernel reshaped to
    (C_out, C_in · kh · kw), not the operator on images, whose norm can be larger by a factor of up to
    sqrt(kh · kw). A 3 x 3 kernel of ones has reshaped norm 3 and operator norm 9: the normalised layer still
    has the Lipschitz constant 3. `convolution_norm` gives the true one.

    Raises `ValueError` where the module holds no such layer, one that is already parametrised, one whose
    weights are matrices that this cannot divide (recurrent and bilinear layers), or one that starts at zero,
    whose norm it cannot be divided by.
    Source: Miyato et al. 2018, algorithm 1 [miyato2018].

    >>> layer = spectral_norm(nn.Linear(8, 8), power_iterations=100)
    >>> print(f"{torch.linalg.matrix_norm(layer.weight, 2):.3f}")
    1.000
    """
    weights = list(_spectral_weights(module))
    if not weights:
        raise ValueError(f"`module` must hold a linear or convolutional layer, got {type(module).__name__}")
    for path, layer, name in weights:
        if nn.utils.parametrize.is_parametrized(layer, name):
            raise ValueError(f"layer `{path}` is already parametrised")
        if not getattr(layer, name).any():
            raise ValueError(f"layer `{path}` must not be zero: there is no norm to divide its weight by")
    seed = 0 if rng is None else int(torch.randint(2**31, (), generator=rng))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _, layer, name in weights:
            nn.utils.parametrizations.spectral_norm(layer, name, n_power_iterations=power_iterations)
    return module


def _spectral_weights(module: nn.Module) -> Iterator[tuple[str, nn.Module, str]]:
    for path, layer in module.named_modules():
        if isinstance(layer, _NOT_NORMALISED):
            raise ValueError(
                f"`module` must have no recurrent or bilinear layer, whose weights this cannot divide, got "
                f"{type(layer).__name__} at `{path}`"
            )
        if isinstance(layer, _SPECTRAL_LAYERS):
            yield path, layer, "weight"
        elif isinstance(layer, nn.MultiheadAttention):
            yield from (
                (path, layer, name) for name in _ATTENTION_WEIGHTS if getattr(layer, name) is not None
            )


def spectral_vectors(module: nn.Module) -> set[str]:
    """The names of the buffers in which the spectral normalisation of `module` keeps its two vectors a layer.

    >>> sorted(spectral_vectors(spectral_norm(nn.Linear(2, 2))))
    ['parametrizations.weight.0._u', 'parametrizations.weight.0._v']
    """
    return {name for path, _ in _links(module) for name in (f"{path}._u", f"{path}._v")}


def power_iteration(
    module: nn.Module, weights: dict[str, Tensor], vectors: dict[str, Tensor]
) -> dict[str, Tensor]:
    """The vectors of spectral normalisation after what a training-mode pass of `module` does to them.

    u <- W v / ‖W v‖ and v <- Wᵀ u / ‖Wᵀ u‖, as often as each layer asks for. `weights`, `vectors`: parameters
    and buffers by name, in place of those of `module`, none of which is written. Pure, so that games side by
    side may each have their own; no gradient flows through it.
    Source: Miyato et al. 2018, algorithm 1 [miyato2018].

    >>> layer = spectral_norm(nn.Linear(2, 2))
    >>> told = dict(layer.named_parameters()) | {"parametrizations.weight.original": torch.eye(2)}
    >>> vectors = {name: torch.tensor([0.6, 0.8]) for name in spectral_vectors(layer)}
    >>> power_iteration(layer, told, vectors)["parametrizations.weight.0._u"]
    tensor([0.6000, 0.8000])
    """
    found = dict(vectors)
    for path, link in _links(module):
        weight = weights[f"{path.rpartition('.')[0]}.original"]
        matrix = link._reshape_weight_to_matrix(weight).detach()
        u, v = found[f"{path}._u"], found[f"{path}._v"]
        for _ in range(link.n_power_iterations):
            u = normalize(matrix @ v, dim=0, eps=link.eps)
            v = normalize(matrix.mT @ u, dim=0, eps=link.eps)
        found |= {f"{path}._u": u, f"{path}._v": v}
    return found


def _links(module: nn.Module) -> Iterator[tuple[str, _SpectralNorm]]:
    """The spectral normalisations of PyTorch in `module`, with their paths."""
    for path, link in module.named_modules():
        if isinstance(link, _SpectralNorm) and hasattr(link, "_u"):  # of a vector it needs none
            yield path, link


def convolution_norm(
    kernel: Tensor,
    input_size: tuple[int, int],
    *,
    stride: int = 1,
    padding: int | Literal["circular"] = "circular",
    groups: int = 1,
) -> Tensor:
    """The largest factor by which a convolution, as a map between images, can stretch its input.

    max ‖K * x‖ / ‖x‖ over images x (C_in, H, W), `input_size` = (H, W). `kernel`: (C_out, C_in / groups, kh,
    kw), the weight of a `torch.nn.Conv2d` of so many `groups`. Each group maps channels of its own, so that
    the largest norm of a group is that of all; of a depthwise kernel, that of a channel.
    Returns () in float64. `padding`: an integer is a border of that many zeros, as in `torch.nn.Conv2d`;
    "circular" joins opposite edges.

    Circular: exact, one small singular value problem per frequency. Zeros: exact where C_in · H · W is at
    most 1024; above that by power iteration, which approaches the norm from below, until it gains less than
    1e-10 of it in a round.

    Raises `ValueError` where the kernel is not of four axes or does not fit the image, its channels are not a
    multiple of `groups`, or the stride does not divide a circular image.
    Source: Sedghi et al. 2019, theorem 6 [sedghi2019]; for a stride, aliased frequencies are joined.

    >>> ones = torch.ones(1, 1, 3, 3)
    >>> circular, zeros = convolution_norm(ones, (28, 28)), convolution_norm(ones, (28, 28), padding=1)
    >>> print(f"{circular:.4f} {zeros:.4f} {torch.linalg.matrix_norm(ones.flatten(1), 2):.4f}")
    9.0000 8.9298 3.0000
    """
    kernel = kernel.detach().double()
    border = 0 if padding == "circular" else padding
    if kernel.ndim != 4:
        raise ValueError(f"`kernel` must have shape (C_out, C_in, kh, kw), got {tuple(kernel.shape)}")
    if groups < 1 or kernel.shape[0] % groups:
        raise ValueError(f"`groups` must divide the {kernel.shape[0]} channels of `kernel`, got {groups}")
    if groups > 1:
        parts = kernel.chunk(groups)
        return torch.stack(
            [convolution_norm(k, input_size, stride=stride, padding=padding) for k in parts]
        ).max()
    if border < 0 or stride < 1:
        raise ValueError(f"`padding` must be 0 or more and `stride` 1 or more, got {padding} and {stride}")
    if any(k > n + 2 * border for k, n in zip(kernel.shape[2:], input_size, strict=True)):
        raise ValueError(f"`kernel` {tuple(kernel.shape[2:])} must fit the padded image of size {input_size}")
    if padding == "circular":
        return _circular_norm(kernel, input_size, stride)
    if kernel.shape[1] * math.prod(input_size) <= _DENSE_LIMIT:
        return _dense_norm(kernel, input_size, stride, border)
    return _power_norm(kernel, input_size, stride, border)


def lipschitz_estimate(critic: Critic, points: Tensor, *, others: Tensor | None = None) -> Tensor:
    """A lower bound of the critic's Lipschitz constant: the steepest slope that is met.

    The largest gradient norm at `points` (N, ...) and, where `others` (N, ...) is given, the largest slope
    |f(x) - f(y)| / ‖x - y‖ of a pair. Every slope of a function is at most its Lipschitz constant, so this
    never exceeds it; how far it lies below depends on the points. `lipschitz_bound` bounds from above.
    Returns (), without a gradient.

    Raises as `input_gradient`, and `ValueError` where `others` has another shape.

    >>> x = torch.tensor([[0.0], [1.0]])
    >>> lipschitz_estimate(lambda x: x[:, 0] ** 2, x).item()
    2.0
    >>> lipschitz_estimate(lambda x: x[:, 0] ** 2, x, others=x + 3).item()
    5.0
    """
    slopes = _lengths(input_gradient(critic, points).detach())
    if others is None:
        return slopes.max()
    if others.shape != points.shape:
        raise ValueError(
            f"`others` must have the shape of `points`, {tuple(points.shape)}, got {tuple(others.shape)}"
        )
    with torch.no_grad():
        rise, run = (critic(points) - critic(others)).abs(), _lengths(points - others)
    secants = torch.where(run > 0, rise / run.clamp(min=torch.finfo(run.dtype).tiny), 0.0)
    return torch.maximum(slopes.max(), secants.max())


def lipschitz_bound(layers: Iterable[nn.Module]) -> Tensor:
    """An upper bound of the Lipschitz constant of layers applied in turn: the product of their norms.

    `layers`: an `nn.Sequential`, nested ones included, of linear layers and of activations with slope at most
    1. Returns (), without a gradient. A single linear layer attains the bound; several are usually far below.

    Raises `TypeError` for a layer whose norm is not known from its type, convolutions included
    (`convolution_norm` needs the image size).
    Source: Miyato et al. 2018, section 2.1 [miyato2018].

    >>> layer = nn.Linear(2, 2)
    >>> layer.weight = nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64))
    >>> print(f"{lipschitz_bound([layer, nn.ReLU(), layer]):.6f} = {5.4649857042**2:.6f}")
    29.866069 = 29.866069
    """
    return torch.stack([_layer_norm(layer) for layer in layers]).prod()


def _layer_norm(layer: nn.Module) -> Tensor:
    if isinstance(layer, nn.Sequential):
        return lipschitz_bound(layer)
    if isinstance(layer, nn.Linear):
        return torch.linalg.matrix_norm(layer.weight.detach().double(), 2)
    slope = {nn.LeakyReLU: "negative_slope", nn.ELU: "alpha"}.get(type(layer))
    steepest = max(1.0, abs(getattr(layer, slope))) if slope else 1.0
    if slope is None and not isinstance(layer, _ONE_LIPSCHITZ):
        raise TypeError(
            f"`layers` must be linear layers and 1-Lipschitz activations, got {type(layer).__name__}"
        )
    return torch.tensor(steepest, dtype=torch.float64)


def _mixing_layer(module: nn.Module) -> tuple[str, str] | None:
    """The path and the type of the first layer that couples the samples of a batch."""
    for path, layer in module.named_modules():
        if isinstance(layer, _BATCH_NORMS) or getattr(layer, "mixes_samples", False):
            return path, type(layer).__name__
    return None


def _circular_norm(kernel: Tensor, size: tuple[int, int], stride: int) -> Tensor:
    height, width = size
    if height % stride or width % stride:
        raise ValueError(f"`stride` must divide a circular image of size {size}, got {stride}")
    spectrum = torch.fft.fft2(kernel, s=size).permute(2, 3, 0, 1)  # (H, W, C_out, C_in)
    rows, columns = height // stride, width // stride
    aliased = spectrum.reshape(stride, rows, stride, columns, *kernel.shape[:2])
    joined = aliased.permute(1, 3, 4, 0, 2, 5).reshape(rows, columns, kernel.shape[0], -1)
    return torch.linalg.matrix_norm(joined, 2).max() / stride


def _dense_norm(kernel: Tensor, size: tuple[int, int], stride: int, border: int) -> Tensor:
    pixels = kernel.shape[1] * math.prod(size)
    basis = torch.eye(pixels, dtype=kernel.dtype, device=kernel.device).view(pixels, kernel.shape[1], *size)
    return torch.linalg.matrix_norm(conv2d(basis, kernel, stride=stride, padding=border).flatten(1), 2)


def _power_norm(
    kernel: Tensor, size: tuple[int, int], stride: int, border: int, rounds: int = 5000
) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(1, kernel.shape[1], *size, generator=rng, dtype=kernel.dtype).to(kernel.device)
    norm = torch.zeros((), dtype=kernel.dtype, device=kernel.device)
    for _ in range(rounds):
        previous, x = norm, x / torch.linalg.vector_norm(x)
        y = conv2d(x, kernel, stride=stride, padding=border)
        norm = torch.linalg.vector_norm(y)
        if norm - previous <= 1e-10 * norm:
            break
        rest = [(n + 2 * border - k) % stride for n, k in zip(size, kernel.shape[2:], strict=True)]
        x = conv_transpose2d(y, kernel, stride=stride, padding=border, output_padding=rest)
    return norm


def _lengths(vectors: Tensor) -> Tensor:
    """The Euclidean norm of each sample over all axes but the first."""
    return vectors.flatten(1).norm(dim=1)
