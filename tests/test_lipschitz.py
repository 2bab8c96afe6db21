"""Operator norms against the convolution written out pixel by pixel and against the eigenvalues of its
second-difference matrix; bounds against slopes; layers that couple samples against their own gradients."""

import math
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ganlab import lipschitz
from ganlab.lipschitz import (
    clip_weights,
    convolution_norm,
    lipschitz_bound,
    lipschitz_estimate,
    mixes_samples,
    power_iteration,
    refuse_batch_norm,
    spectral_norm,
    spectral_vectors,
)
from ganlab.networks import mlp_discriminator
from ganlab.regularizers import input_gradient


def _critic(seed=0, width=8, inputs=2):
    """Three layers, smooth, so that finite differences apply."""
    torch.manual_seed(seed)
    layers = nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1)
    return nn.Sequential(*layers, nn.Flatten(0))


def _linear(slope, shape, rng):
    """x -> <w, x> + 1 with ‖w‖ = slope, over all axes but the first."""
    w = torch.randn(shape[1:], generator=rng)
    w = slope * w / w.square().sum().sqrt()
    return lambda x: (x * w).flatten(1).sum(1) + 1


def _pair(shape, rng):
    return torch.randn(shape, generator=rng), torch.randn(shape, generator=rng)


# Batch normalisation


def _cross_gradient(norm):
    """max |∂f(x_0)/∂x_j| over j != 0."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 6), norm, nn.Tanh(), nn.Linear(6, 1), nn.Flatten(0))
    x = torch.randn(5, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(net(x)[0], x)
    return gradient[1:].abs().max().item()


def test_batch_norm_couples_the_samples_and_layer_norm_does_not():
    assert _cross_gradient(nn.BatchNorm1d(6)) > 1e-3
    assert _cross_gradient(nn.LayerNorm(6)) == 0.0


@pytest.mark.parametrize(
    "norm",
    [nn.BatchNorm1d(4), nn.BatchNorm2d(4), nn.BatchNorm3d(4), nn.SyncBatchNorm(4), nn.LazyBatchNorm2d()],
)
def test_batch_norm_is_refused_by_the_path_of_its_layer(norm):
    net = nn.Sequential(nn.Linear(2, 4), nn.ModuleDict({"inner": nn.Sequential(nn.ReLU(), norm)}))
    with pytest.raises(ValueError, match=rf"layer `1\.inner\.1` is a {type(norm).__name__}.*wgan_gp needs"):
        refuse_batch_norm(net, penalty="wgan_gp")
    with pytest.raises(ValueError, match=f"layer `{type(norm).__name__}`"):
        refuse_batch_norm(norm)


def test_normalisations_that_keep_samples_apart_are_let_through():
    refuse_batch_norm(nn.Sequential(nn.LayerNorm(4), nn.InstanceNorm2d(4), nn.GroupNorm(2, 4)))


# Weights


def test_clipping_clamps_every_parameter_in_place():
    net = _critic()
    before = [p.detach().clone() for p in net.parameters()]
    clip_weights(net.parameters(), 0.1)
    for old, new in zip(before, net.parameters(), strict=True):
        assert torch.equal(new.detach(), torch.tensor(np.clip(old.numpy(), -0.1, 0.1)))
        assert new.requires_grad


@pytest.mark.parametrize(("bound", "predicted"), [(0.01, 1.5e-17), (0.1, 1.5e-4), (0.3, 241)])
def test_thirteen_clipped_layers_make_gradients_vanish_by_orders_of_magnitude(bound, predicted, rng):
    """Clipping leaves weights at the bound with both signs: most paths cancel, and a layer gives c sqrt(M/2).

    With all signs alike the slope is the bound c^13 64^12 sqrt(2), which no training comes near.
    """
    sizes = [2, *[64] * 12, 1]
    layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())][:-1]
    net = nn.Sequential(*layers, nn.Flatten(0))
    x = torch.randn(64, 2, generator=rng)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn(p.shape, generator=rng))
    clip_weights(net.parameters(), bound)
    mean = input_gradient(net, x).flatten(1).norm(dim=1).mean()
    assert math.isclose(predicted, math.sqrt(2) * bound * (bound * math.sqrt(32)) ** 12, rel_tol=0.05)
    assert predicted / 5 < mean < 5 * predicted
    for p in net.parameters():
        p.data.fill_(bound)
    corner = input_gradient(net, x.abs()).flatten(1).norm(dim=1)
    assert_close(corner, torch.full_like(corner, math.sqrt(2) * bound**13 * 64**12))


@pytest.mark.parametrize(
    "make", [lambda: nn.Linear(7, 5), lambda: nn.Conv2d(3, 4, 3), lambda: nn.ConvTranspose2d(3, 4, 3)]
)
def test_spectral_norm_divides_by_the_largest_singular_value_of_the_matrix(make, rng):
    layer = make()
    with torch.no_grad():
        layer.weight.normal_(generator=rng)
    weight = layer.weight.detach().clone()
    matrix = weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else weight
    largest = torch.linalg.svdvals(matrix.flatten(1))[0]
    assert spectral_norm(layer, power_iterations=2000) is layer
    assert_close(layer.weight.detach(), weight / largest, rtol=1e-6, atol=0)


@pytest.mark.parametrize("rounds", [1, 3])
def test_a_power_iteration_is_what_a_training_pass_of_pytorch_does_and_writes_nothing(rounds, rng):
    net = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.ReLU(), nn.ConvTranspose2d(3, 4, 2), nn.Flatten(), nn.LazyLinear(5)
    )
    x = torch.randn(2, 2, 6, 6, generator=rng)
    net(x)
    spectral_norm(net, power_iterations=rounds)
    names = spectral_vectors(net)
    assert len(names) == 6
    weights = {name: torch.randn(w.shape, generator=rng) for name, w in net.named_parameters()}
    for name, value in weights.items():
        net.get_parameter(name).data.copy_(value)
    before = {name: net.get_buffer(name).clone() for name in names}
    found = power_iteration(net, weights, before)
    assert all(torch.equal(net.get_buffer(name), before[name]) for name in names)
    net(x)
    for name in names:
        assert_close(found[name], net.get_buffer(name), rtol=0, atol=1e-12)
        assert not torch.allclose(found[name], before[name], atol=1e-3)


def test_spectral_norm_reaches_attention_and_embeddings(rng):
    critic = nn.ModuleDict(
        {
            "one": nn.MultiheadAttention(6, 2),
            "apart": nn.MultiheadAttention(6, 2, kdim=3, vdim=5),
            "classes": nn.Embedding(4, 6),
            "bag": nn.EmbeddingBag(4, 6),
        }
    )
    with torch.no_grad():
        for weight in critic.parameters():
            weight.copy_(3 * torch.randn(weight.shape, generator=rng))
    spectral_norm(critic, power_iterations=1000)
    x = torch.randn(5, 1, 6, generator=rng)
    critic["one"](x, x, x)
    critic["classes"](torch.tensor([1]))
    matrices = [
        critic["one"].in_proj_weight,
        critic["one"].out_proj.weight,
        critic["apart"].q_proj_weight,
        critic["apart"].k_proj_weight,
        critic["apart"].v_proj_weight,
        critic["classes"].weight,
        critic["bag"].weight,
    ]
    for matrix in matrices:
        assert_close(np.linalg.norm(matrix.detach().numpy(), 2), 1.0, rtol=1e-5, atol=0)


@pytest.mark.parametrize("layer", [nn.LSTM(2, 2), nn.GRUCell(2, 2), nn.Bilinear(2, 2, 2)])
def test_spectral_norm_refuses_matrices_that_it_would_leave(layer):
    critic = nn.Sequential(nn.Linear(2, 2), layer)
    with pytest.raises(ValueError, match=rf"`module` must have no .* got {type(layer).__name__} at `1`"):
        spectral_norm(critic)
    assert not nn.utils.parametrize.is_parametrized(critic[0])


def test_spectral_norm_refuses_a_layer_that_starts_at_zero():
    critic = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    nn.init.zeros_(critic[1].weight)
    with pytest.raises(ValueError, match="layer `1` must not be zero"):
        spectral_norm(critic)
    assert not nn.utils.parametrize.is_parametrized(critic[0])


def test_spectral_norm_of_a_two_by_two_matrix():
    layer = nn.Linear(2, 2)
    layer.weight = nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    spectral_norm(layer)
    assert_close(layer.weight[1, 1].item(), 4 / 5.4649857042, rtol=1e-9, atol=0)


def test_spectral_norm_wraps_every_layer_and_reads_no_global_randomness(rng):
    state = torch.random.get_rng_state()
    nets = [spectral_norm(_critic(), rng=torch.Generator().manual_seed(4)) for _ in range(2)]
    torch.random.set_rng_state(state)
    net = _critic()
    after = torch.random.get_rng_state()
    spectral_norm(net)
    assert torch.equal(torch.random.get_rng_state(), after)
    for layer in (net[0], net[2], net[4]):
        assert 0.999 < torch.linalg.svdvals(layer.weight)[0] < 1.2
    assert all(torch.equal(a, b) for a, b in zip(*(n.state_dict().values() for n in nets), strict=True))


# Convolutions


def _written_out(kernel, height, width, stride, border):
    """The convolution as a matrix, one input pixel at a time, by its definition; border None wraps around."""
    c_out, c_in, kh, kw = kernel.shape
    pad = 0 if border is None else border
    rows = height // stride if border is None else (height + 2 * pad - kh) // stride + 1
    columns = width // stride if border is None else (width + 2 * pad - kw) // stride + 1
    matrix = np.zeros((c_out, rows, columns, c_in, height, width))
    for i, j, di, dj in product(range(rows), range(columns), range(kh), range(kw)):
        y, x = i * stride + di - pad, j * stride + dj - pad
        if border is None:
            y, x = y % height, x % width
        if 0 <= y < height and 0 <= x < width:
            matrix[:, i, j, :, y, x] += kernel[:, :, di, dj].numpy()
    return matrix.reshape(c_out * rows * columns, -1)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("border", [None, 0, 1, 2])
@pytest.mark.parametrize("shape", [(1, 1, 3, 3), (3, 2, 3, 2), (2, 3, 4, 4)], ids=str)
def test_convolution_norm_is_the_largest_singular_value_of_the_map_written_out(shape, border, stride, rng):
    kernel = torch.randn(shape, generator=rng)
    expected = np.linalg.svd(_written_out(kernel, 6, 4, stride, border), compute_uv=False)[0]
    padding = "circular" if border is None else border
    assert_close(
        convolution_norm(kernel, (6, 4), stride=stride, padding=padding).item(), expected, rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("padding", ["circular", 1])
@pytest.mark.parametrize(("groups", "channels"), [(4, 4), (2, 4), (4, 8)])
def test_the_norm_of_a_grouped_convolution_is_that_of_its_matrix(groups, channels, padding, rng):
    kernel = torch.randn(channels, 4 // groups, 3, 3, generator=rng)
    basis = torch.eye(4 * 25).view(100, 4, 5, 5)
    if padding == "circular":
        basis = nn.functional.pad(basis, (1, 1, 1, 1), mode="circular")
    columns = nn.functional.conv2d(basis, kernel, padding=0 if padding == "circular" else 1, groups=groups)
    expected = np.linalg.norm(columns.flatten(1).numpy(), 2)
    got = convolution_norm(kernel, (5, 5), padding=padding, groups=groups)
    assert_close(got.item(), expected, rtol=1e-10, atol=0)
    with pytest.raises(ValueError, match="`groups` must divide the"):
        convolution_norm(kernel, (5, 5), groups=3)


@pytest.mark.parametrize(("stride", "border"), [(1, 1), (2, 1), (2, 0), (3, 2)])
def test_power_iteration_reaches_the_same_norm_from_below(stride, border, rng, monkeypatch):
    kernel = torch.randn(3, 2, 3, 3, generator=rng)
    exact = convolution_norm(kernel, (8, 7), stride=stride, padding=border)
    monkeypatch.setattr(lipschitz, "_DENSE_LIMIT", 0)
    estimate = convolution_norm(kernel, (8, 7), stride=stride, padding=border)
    assert_close(estimate, exact, rtol=1e-6, atol=0)
    assert estimate <= exact * (1 + 1e-14)


@pytest.mark.parametrize("n", [4, 8, 28])
def test_a_kernel_of_ones_stretches_nine_or_almost_nine_while_its_matrix_says_three(n):
    """With zeros around, the map is the Kronecker square of tridiag(1, 1, 1): (1 + 2 cos(π / (n + 1)))^2."""
    ones = torch.ones(1, 1, 3, 3)
    assert_close(convolution_norm(ones, (n, n)).item(), 9.0, rtol=1e-12, atol=0)
    expected = (1 + 2 * math.cos(math.pi / (n + 1))) ** 2
    assert_close(convolution_norm(ones, (n, n), padding=1).item(), expected, rtol=1e-12, atol=0)
    assert_close(torch.linalg.svdvals(ones.flatten(1))[0].item(), 3.0)


def test_a_spectrally_normalised_convolution_still_stretches_by_three():
    layer = nn.Conv2d(1, 1, 3, padding=1)
    layer.weight = nn.Parameter(torch.ones(1, 1, 3, 3))
    spectral_norm(layer)
    assert_close(convolution_norm(layer.weight, (8, 8)).item(), 3.0, rtol=1e-9, atol=0)


# Lipschitz constants


def test_the_estimate_of_a_linear_critic_is_its_slope(rng):
    critic = _linear(1.7, (5, 2, 3, 3), rng)
    x, y = _pair((5, 2, 3, 3), rng)
    assert_close(lipschitz_estimate(critic, x).item(), 1.7, rtol=1e-12, atol=0)
    assert_close(lipschitz_estimate(critic, x, others=y).item(), 1.7, rtol=1e-12, atol=0)


def test_secants_raise_the_estimate_and_equal_points_do_no_harm():
    """f = |x|^3 has slopes 0 and 3 at 0 and 1, and a chord of slope 4 from 0 to 2."""
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [1.0]])
    assert_close(lipschitz_estimate(lambda x: x[:, 0].abs() ** 3, x, others=y).item(), 4.0)
    assert_close(lipschitz_estimate(lambda x: x[:, 0].abs() ** 3, x).item(), 3.0)


def test_the_estimate_never_exceeds_the_bound_and_meets_it_for_one_layer(rng):
    points = 2 * torch.randn(200, 2, generator=rng)
    for seed in range(5):
        net = _critic(seed)
        assert 0 < lipschitz_estimate(net, points) <= lipschitz_bound(net)
    weights = torch.randn(1, 4, generator=rng)
    layer = nn.Linear(4, 1)
    layer.weight = nn.Parameter(weights)
    assert_close(lipschitz_bound([layer]).item(), weights.square().sum().sqrt().item())
    estimate = lipschitz_estimate(lambda x: layer(x)[:, 0], torch.zeros(3, 4))
    assert_close(estimate, lipschitz_bound([layer]))


def test_the_bound_counts_activations_steeper_than_one_and_nested_sequences():
    layer = nn.Linear(2, 2)
    layer.weight = nn.Parameter(2 * torch.eye(2))
    inner = nn.Sequential(layer, nn.LeakyReLU(3.0))
    assert lipschitz_bound(nn.Sequential(inner, nn.ELU(alpha=0.5), layer)).item() == 12.0


# Errors


def _sum(x):
    return x.flatten(1).sum(1)


def test_weights_and_convolutions_refuse_bad_requests():
    with pytest.raises(ValueError, match="`bound` must be positive, got 0"):
        clip_weights([torch.zeros(2)], 0)
    with pytest.raises(TypeError, match=r"`parameters` must be tensors.*got Linear"):
        clip_weights(nn.Linear(2, 2), 0.1)
    with pytest.raises(ValueError, match="`module` must hold a linear or convolutional layer, got ReLU"):
        spectral_norm(nn.ReLU())
    with pytest.raises(ValueError, match="layer `0` is already parametrised"):
        spectral_norm(spectral_norm(nn.Sequential(nn.Linear(2, 2))))
    with pytest.raises(ValueError, match=r"`kernel` must have shape .*got \(3, 3\)"):
        convolution_norm(torch.ones(3, 3), (8, 8))
    with pytest.raises(ValueError, match=r"`kernel` \(3, 3\) must fit the padded image of size \(2, 8\)"):
        convolution_norm(torch.ones(1, 1, 3, 3), (2, 8))
    with pytest.raises(ValueError, match="`padding` must be 0 or more and `stride` 1 or more, got -1 and 1"):
        convolution_norm(torch.ones(1, 1, 3, 3), (8, 8), padding=-1)
    with pytest.raises(ValueError, match=r"`stride` must divide a circular image of size \(8, 8\), got 3"):
        convolution_norm(torch.ones(1, 1, 3, 3), (8, 8), stride=3)
    with pytest.raises(TypeError, match="1-Lipschitz activations, got Conv2d"):
        lipschitz_bound([nn.Conv2d(1, 1, 3)])
    with pytest.raises(ValueError, match=r"`others` must have the shape of `points`, \(4, 2\), got \(3, 2\)"):
        lipschitz_estimate(_sum, torch.zeros(4, 2), others=torch.zeros(3, 2))


def test_minibatch_statistics_are_refused_like_batch_norm(rng):
    critic = mlp_discriminator((2,), minibatch_std=True, rng=rng)
    assert mixes_samples(critic)
    assert not mixes_samples(mlp_discriminator((2,), rng=rng))
    with pytest.raises(ValueError, match="is a MinibatchStd, which couples the samples of a batch; r1 needs"):
        refuse_batch_norm(critic, penalty="r1")
