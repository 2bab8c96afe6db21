"""Penalties against critics of known slope, closed forms and finite differences."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.testing import assert_close

from ganlab.regularizers import (
    AROUND_DATA,
    BETWEEN,
    OFF_ONE,
    REGULARIZERS,
    dragan,
    input_gradient,
    r1,
    r2,
    sample_mix,
    wgan_gp,
    wgan_lp,
)

SHAPES = [(4, 2), (5, 1, 3, 4), (4, 2, 3, 3), (6, 3, 4, 2)]
BY_NAME = pytest.mark.parametrize("penalty", REGULARIZERS.values(), ids=REGULARIZERS.keys())
EXACT = {"rtol": 1e-12, "atol": 1e-12}


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


def _mix(penalty, real, rng):
    return sample_mix(penalty, real, rng=rng)


# Values


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("slope", [0.0, 1.0, 2.0])
def test_a_linear_critic_of_known_slope_pays_what_the_formula_says(slope, shape, rng):
    real, fake = _pair(shape, rng)
    critic = _linear(slope, shape, rng)
    expected = {
        wgan_gp: (slope - 1) ** 2,
        wgan_lp: max(0.0, slope - 1) ** 2,
        dragan: (slope - 1) ** 2,
        r1: slope**2,
        r2: slope**2,
    }
    for penalty, value in expected.items():
        assert_close(penalty(critic, real, fake, rng=rng), torch.tensor(value), **EXACT)


def test_worked_example_of_a_critic_with_slopes_1_2_and_0_8(rng):
    """n = sqrt(2.08): 10 (n - 1)^2 and 20 (n - 1) w / n."""
    w = torch.tensor([1.2, 0.8], requires_grad=True)
    real, fake = _pair((7, 2), rng)
    penalty = 10 * wgan_gp(lambda x: x @ w, real, fake, rng=rng)
    (slope,) = torch.autograd.grad(penalty, w)
    assert_close(penalty.item(), 1.9555897963, rtol=0, atol=5e-11)
    assert_close(slope, torch.tensor([7.3589941132, 4.9059960755]), rtol=0, atol=5e-11)


def test_a_quadratic_critic_pays_the_mean_over_its_analytic_gradient_norms(rng):
    """∇(x^T A x) = (A + A^T) x, written out in NumPy at points interpolated by hand."""
    a = torch.randn(3, 3, generator=rng)
    real, fake = _pair((6, 3), rng)
    mix = _mix(wgan_gp, real, rng)
    points = np.array(
        [
            [m * x + (1 - m) * y for x, y in zip(*p, strict=True)]
            for m, *p in zip(mix, real, fake, strict=True)
        ]
    )
    b = (a + a.T).numpy()

    def norms(x):
        return np.sqrt(((x @ b) ** 2).sum(1))

    def critic(x):
        return torch.einsum("ni,ij,nj->n", x, a, x)

    noise = _mix(dragan, real, rng)
    expected = {
        wgan_gp: ((norms(points) - 1) ** 2).mean(),
        wgan_lp: (np.maximum(norms(points) - 1, 0) ** 2).mean(),
        dragan: ((norms((real + noise).numpy()) - 1) ** 2).mean(),
        r1: (norms(real.numpy()) ** 2).mean(),
        r2: (norms(fake.numpy()) ** 2).mean(),
    }
    for penalty, value in expected.items():
        given = noise if penalty is dragan else mix
        assert_close(penalty(critic, real, fake, mix=given).item(), value, rtol=1e-12, atol=0)


def test_norm_is_per_sample_not_per_pixel_channel_or_batch(rng):
    """A unit slope costs nothing; norms taken over one axis or over the batch charge for it."""
    shape = (4, 2, 3, 3)
    real, fake = _pair(shape, rng)
    critic = _linear(1.0, shape, rng)
    assert wgan_gp(critic, real, fake, rng=rng).item() < 1e-24
    gradient = input_gradient(critic, real)
    assert ((gradient.norm(2, dim=1) - 1) ** 2).mean() > 0.1
    assert (gradient.norm(2) - 1) ** 2 > 0.9


def test_samples_of_different_slope_are_averaged_after_squaring():
    """Slopes 0 and 2: E (n - 1)^2 = 1, while (E n - 1)^2 = 0."""
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    assert_close(wgan_gp(lambda x: x[:, 0] ** 2, x, x, mix=torch.zeros(2)).item(), 1.0)
    assert_close(r1(lambda x: x[:, 0] ** 2, x, x).item(), 2.0)


def test_weighted_one_lipschitz_critic_minimum_is_overshot_by_the_soft_penalty():
    """argmin over w of -w Δ + λ (|w| - 1)^2 is 1 + Δ / (2 λ): with Δ = 1 and λ = 10 it is 1.05."""
    w = torch.tensor(1.05, requires_grad=True)
    real, fake = torch.ones(4, 1), torch.zeros(4, 1)
    loss = -w + 10 * wgan_gp(lambda x: w * x[:, 0], real, fake, mix=torch.full((4,), 0.5))
    assert_close(torch.autograd.grad(loss, w)[0], torch.tensor(0.0), rtol=0, atol=1e-12)


# Points


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_interpolates_lie_on_their_own_segment_with_their_own_coefficient(shape, rng):
    real, fake = _pair(shape, rng)
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.flatten(1).sum(1)

    mix = torch.linspace(0, 1, shape[0])
    wgan_gp(critic, real, fake, mix=mix)
    for coefficient, x, y, point in zip(mix.tolist(), real, fake, seen[0], strict=True):
        assert_close(point, y + coefficient * (x - y), rtol=1e-12, atol=1e-14)
    assert_close(seen[0][0], fake[0], rtol=0, atol=0)
    assert_close(seen[0][-1], real[-1], rtol=0, atol=0)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_two_samples_draw_different_coefficients_from_the_whole_interval(shape, rng):
    mix = _mix(wgan_gp, torch.zeros(1000, *shape[1:]), rng)
    assert mix.shape == (1000,)
    assert len(mix.unique()) == 1000
    assert 0 <= mix.min() < 0.01 < 0.99 < mix.max() <= 1


def test_penalty_is_an_expectation_over_interpolates_not_over_the_real_samples(rng):
    """f = x^2 / 2 has slope x; between 0 and 1, x̂ is uniform and E (x̂ - 1)^2 = 1/3; at real it is 0."""
    real, fake = torch.ones(200_000, 1), torch.zeros(200_000, 1)
    value = wgan_gp(lambda x: 0.5 * x[:, 0] ** 2, real, fake, rng=rng).item()
    assert abs(value - 1 / 3) < 5 * math.sqrt(1 / 5 - 1 / 9) / math.sqrt(200_000)  # five standard errors


def test_dragan_noise_is_independent_and_has_half_the_spread_of_the_data(rng):
    real = 3 + 2 * torch.randn(100, 2, 20, 20, generator=rng)
    noise = _mix(dragan, real, rng)
    assert noise.shape == real.shape
    assert_close(noise.mean().item(), 0.0, rtol=0, atol=5 / math.sqrt(real.numel()))
    assert_close(
        noise.std().item(), 0.5 * real.std(correction=0).item(), rtol=5 / math.sqrt(2 * real.numel()), atol=0
    )
    assert noise[0, 0].unique().numel() == 400


@BY_NAME
def test_penalty_is_pure_given_mix_and_repeats_given_a_seed(penalty, rng):
    critic = _critic()
    real, fake = _pair((5, 2), rng)
    state = torch.random.get_rng_state()
    mix = _mix(penalty, real, rng)
    assert_close(penalty(critic, real, fake, mix=mix), penalty(critic, real, fake, mix=mix), rtol=0, atol=0)
    first, second = (penalty(critic, real, fake, rng=torch.Generator().manual_seed(3)) for _ in range(2))
    assert_close(first, second, rtol=0, atol=0)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_each_penalty_reads_the_samples_it_is_named_for(rng):
    critic, (real, fake), far = _critic(), _pair((5, 2), rng), torch.full((5, 2), 3.0)
    assert_close(r1(critic, real, fake), r1(critic, real, far), rtol=0, atol=0)
    assert_close(r2(critic, real, fake), r2(critic, far, fake), rtol=0, atol=0)
    assert_close(r1(critic, real, fake), r2(critic, fake, real), rtol=0, atol=0)
    noise = _mix(dragan, real, rng)
    assert_close(dragan(critic, real, fake, mix=noise), dragan(critic, real, far, mix=noise), rtol=0, atol=0)
    assert abs(r1(critic, real, fake) - r1(critic, far, fake)) > 1e-3


# Derivatives


def test_second_derivative_of_a_linear_critic_is_2_n_minus_1_times_the_unit_vector(rng):
    """d (‖w‖ - 1)^2 / dw = 2 (n - 1) w / n, n = ‖w‖; and d ‖w‖^2 / dw = 2 w."""
    real, fake = _pair((4, 2, 3, 3), rng)
    w = torch.randn(2, 3, 3, generator=rng, requires_grad=True)

    def critic(x):
        return (x * w).flatten(1).sum(1)

    n = w.detach().square().sum().sqrt()
    expected = 2 * (n - 1) * w.detach() / n
    for penalty, slope in {
        wgan_gp: expected,
        wgan_lp: expected,
        dragan: expected,
        r1: 2 * w.detach(),
        r2: 2 * w.detach(),
    }.items():
        (got,) = torch.autograd.grad(penalty(critic, real, fake, rng=rng), w)
        assert_close(got, slope, **EXACT)


@BY_NAME
def test_gradients_of_first_and_second_order_match_finite_differences(penalty, rng):
    net = _critic(width=3)
    real, fake = _pair((4, 2), rng)
    mix = _mix(penalty, real, rng)
    names = list(dict(net.named_parameters()))
    steep = 6  # the one-sided penalty is zero on a gentle critic
    values = [(steep * p).detach().requires_grad_() for p in net.parameters()]

    def value(*parameters):
        state = dict(zip(names, parameters, strict=True))
        return penalty(lambda x: functional_call(net, state, (x,)), real, fake, mix=mix)

    assert value(*values) > 0.01
    assert gradcheck(value, values)
    assert gradgradcheck(value, values)


@BY_NAME
def test_gradient_with_respect_to_the_samples_matches_finite_differences(penalty, rng):
    net = _critic(width=4)
    real, fake = (x.requires_grad_() for x in _pair((3, 2), rng))
    mix = _mix(penalty, real.detach(), rng)
    assert gradcheck(lambda x, y: penalty(net, x, y, mix=mix), (real, fake))


@BY_NAME
@pytest.mark.parametrize("dead", ["weights are zero", "every unit is dead", "only a bias", "constant"])
def test_a_flat_critic_has_a_finite_gradient_and_an_unbiased_value(penalty, dead, rng):
    net = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1), nn.Flatten(0))
    with torch.no_grad():
        net[0].bias.fill_(-100.0)
        for p in net.parameters():
            p.mul_(0.0 if dead == "weights are zero" else 1.0)
    critics = {"only a bias": lambda x: net[2].bias.expand(len(x)), "constant": lambda x: torch.zeros(len(x))}
    critic = critics.get(dead, net)
    value = penalty(critic, *_pair((4, 2), rng), rng=rng)
    expected = 1.0 if penalty.price is OFF_ONE else 0.0
    assert value.item() == expected
    if value.requires_grad:
        for slope in torch.autograd.grad(value, list(net.parameters()), allow_unused=True):
            assert slope is None or torch.equal(slope, torch.zeros_like(slope))


def test_one_sided_penalty_is_smooth_where_the_critic_is_flat(rng):
    """Its second derivative there is 0, not NaN, although the norm has none."""
    real, fake = _pair((4, 2), rng)
    hessian = torch.autograd.functional.hessian(
        lambda w: wgan_lp(lambda x: x @ w, real, fake, mix=torch.zeros(4)), torch.zeros(2)
    )
    assert_close(hessian, torch.zeros(2, 2), rtol=0, atol=0)


# Transforms


@BY_NAME
def test_stacked_critics_by_vmap_equal_separate_calls(penalty, rng):
    nets = [_critic(seed) for seed in range(3)]
    real, fake = (torch.randn(3, 5, 2, generator=rng) for _ in range(2))
    mixes = [_mix(penalty, x, rng) for x in real]
    parameters, _ = stack_module_state(nets)

    def one(state, x, y, mix=None):
        return penalty(lambda z: functional_call(nets[0], state, (z,)), x, y, mix=mix)

    stacked = (parameters, real, fake) if mixes[0] is None else (parameters, real, fake, torch.stack(mixes))
    values, slopes = vmap(one)(*stacked), vmap(grad(one))(*stacked)
    for i, net in enumerate(nets):
        value = penalty(net, real[i], fake[i], mix=mixes[i])
        assert_close(values[i], value, **EXACT)
        expected = torch.autograd.grad(
            value, list(net.parameters()), materialize_grads=True, allow_unused=True
        )
        for got, want in zip(slopes.values(), expected, strict=True):
            assert_close(got[i], want, **EXACT)


def test_input_gradient_inside_a_transform_has_the_sign_of_the_slope():
    x = torch.tensor([[1.0, -2.0], [3.0, 0.5]])
    assert_close(vmap(lambda y: input_gradient(lambda z: z.square().sum(1), y[None])[0])(x), 2 * x, **EXACT)
    assert_close(input_gradient(lambda z: z.square().sum(1), x), 2 * x, **EXACT)


@BY_NAME
def test_eager_and_functional_gradients_agree_to_the_last_bit(penalty, rng):
    net = _critic()
    real, fake = _pair((5, 2), rng)
    mix = _mix(penalty, real, rng)
    penalty(net, real, fake, mix=mix).backward()
    slopes = grad(lambda p: penalty(lambda x: functional_call(net, p, (x,)), real, fake, mix=mix))(
        dict(net.named_parameters())
    )
    for name, p in net.named_parameters():
        expected = torch.zeros_like(p) if p.grad is None else p.grad
        assert_close(slopes[name], expected, rtol=0, atol=0)


@BY_NAME
def test_a_functional_step_compiles_whole_and_agrees(penalty, rng):
    net = _critic()
    real, fake = _pair((5, 2), rng)
    mix = _mix(penalty, real, rng)
    parameters = {name: p.detach() for name, p in net.named_parameters()}

    def step(p):
        return grad(lambda p: penalty(lambda x: functional_call(net, p, (x,)), real, fake, mix=mix))(p)

    compiled = torch.compile(step, fullgraph=True, backend="aot_eager")(parameters)
    for name, expected in step(parameters).items():
        assert_close(compiled[name], expected, **EXACT)


def test_no_graph_is_kept_where_gradients_are_switched_off(rng):
    with torch.no_grad():
        assert not input_gradient(_critic(), _pair((4, 2), rng)[0]).requires_grad


def test_the_penalty_reaches_only_the_critic_when_samples_are_detached(rng):
    net, (real, fake) = _critic(), _pair((4, 2), rng)
    wgan_gp(net, real, fake, rng=rng).backward()
    assert real.grad is None
    assert fake.grad is None
    assert net[0].weight.grad.abs().max() > 0


# Errors


def _sum(x):
    return x.flatten(1).sum(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda p, x: p(_sum, x, x[:3], mix=torch.rand(4)),
            r"`fake` must have the shape of `real`, \(4, 2\), got \(3, 2\)",
        ),
        (
            lambda p, x: p(_sum, x, torch.zeros(4, 3), mix=torch.rand(4)),
            r"`fake` must have the shape of `real`.*\(4, 3\)",
        ),
        (
            lambda p, x: p(_sum, x, x, mix=torch.rand(3)),
            r"`mix` must hold one coefficient a sample, \(4,\), got \(3,\)",
        ),
        (
            lambda p, x: p(_sum, x, x, mix=torch.rand(4, 1)),
            r"`mix` must hold one coefficient a sample.*\(4, 1\)",
        ),
        (
            lambda p, x: p(_sum, x, x, mix=torch.tensor([0, 0.5, 1, 1.5])),
            r"`mix` must lie in \[0, 1\], got 0 to 1.5",
        ),
        (
            lambda p, x: p(_sum, x, x, mix=torch.tensor([0, 0.5, 1, -1])),
            r"`mix` must lie in \[0, 1\], got -1 to 1",
        ),
        (lambda p, x: p(_sum, x, x, mix=torch.full((4,), torch.nan)), r"`mix` must lie in \[0, 1\], got nan"),
        (lambda p, x: p(_sum, x, x), "give `mix` or `rng`"),
    ],
)
@pytest.mark.parametrize("penalty", [wgan_gp, wgan_lp])
def test_interpolating_penalties_refuse_what_does_not_pair_up(penalty, call, message):
    with pytest.raises(ValueError, match=message):
        call(penalty, torch.zeros(4, 2))


@BY_NAME
def test_every_penalty_refuses_bad_batches_and_bad_critics(penalty, rng):
    x = torch.zeros(4, 2)
    with pytest.raises(ValueError, match=r"`critic` must return one score a sample, \(4,\), got \(4, 1\)"):
        penalty(lambda x: x[:, :1], x, x, rng=rng)
    with pytest.raises(ValueError, match=r"must be a batch \(N, ...\) of at least one sample, got \(0, 2\)"):
        penalty(_sum, x[:0], x[:0], rng=rng)
    with pytest.raises(ValueError, match=r"must be a batch \(N, ...\) of at least one sample, got \(4,\)"):
        penalty(_sum, x[:, 0], x[:, 0], rng=rng)
    with pytest.raises(TypeError, match=r"must be floating point, got torch\.int64"):
        penalty(_sum, x.long(), x.long(), rng=rng)


def test_a_gradient_names_the_points_that_it_refuses():
    with pytest.raises(ValueError, match=r"^`points` must be a batch .*, got \(3,\)$"):
        input_gradient(_sum, torch.zeros(3))
    with pytest.raises(TypeError, match=r"^`points` must be floating point, got torch\.int64$"):
        input_gradient(_sum, torch.zeros(3, 2, dtype=torch.int64))


def test_dragan_refuses_noise_of_another_shape_and_no_randomness():
    x = torch.zeros(4, 2)
    with pytest.raises(
        ValueError, match=r"`mix` is the noise and must have the shape of `real`, \(4, 2\), got \(4,\)"
    ):
        dragan(_sum, x, x, mix=torch.zeros(4))
    with pytest.raises(ValueError, match="give `mix` or `rng`"):
        dragan(_sum, x, x)
    with pytest.raises(TypeError, match="must be a GradientPenalty, a place and a price, got <function"):
        sample_mix(_sum, x, rng=None)


@pytest.mark.parametrize(("penalty", "name"), [(r1, "real"), (r2, "fake")])
def test_the_zero_centred_penalties_name_the_batch_they_refuse(penalty, name):
    good, empty = torch.zeros(4, 2), torch.zeros(0, 2)
    batches = (empty, good) if name == "real" else (good, empty)
    with pytest.raises(ValueError, match=rf"`{name}` "):
        penalty(lambda x: x.sum(1), *batches)


@pytest.mark.parametrize("penalty", [wgan_gp, dragan])
def test_random_numbers_have_the_type_of_the_batch_and_not_the_default(penalty, rng):
    single = torch.randn(8, 2, generator=rng).float()
    assert sample_mix(penalty, single, rng=rng).dtype == torch.float32


def test_the_noise_of_dragan_has_half_the_deviation_of_the_batch(rng):
    """sqrt(mean of squares) of (0, 4) is a deviation of 2, by N and not by N - 1."""
    real = torch.tensor([[0.0], [4.0]]).repeat(1, 50_000)
    noise = sample_mix(dragan, real, rng=rng)
    assert_close(noise.std(), torch.tensor(1.0), rtol=0, atol=5 / math.sqrt(2 * 100_000))
    few = torch.tensor([[0.0], [4.0]])
    same = sample_mix(dragan, few, rng=torch.Generator().manual_seed(1))
    drawn = torch.randn(2, 1, generator=torch.Generator().manual_seed(1))
    assert_close(same, drawn, rtol=1e-14, atol=0)


def test_the_nodes_of_a_place_have_the_moments_of_what_it_draws():
    """Five nodes are exact up to degree 9: E u^k = 1 / (k + 1), and E δ^k = (k - 1)!! c^k for even k."""
    (uniform, shares), (noise, weights) = BETWEEN.nodes(5, 3.0), AROUND_DATA.nodes(5, 3.0)
    assert (uniform.shape, noise.shape) == ((5, 1), (5, 1, 1))
    c = 3.0 / 2
    for k, odd in enumerate([1, 0, 1, 0, 3, 0, 15, 0, 105, 0]):
        assert_close((shares @ uniform.flatten() ** k).item(), 1 / (k + 1), rtol=1e-13, atol=0)
        assert_close((weights @ noise.flatten() ** k).item(), odd * c**k, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("penalty", [wgan_gp, dragan])
def test_random_numbers_are_drawn_on_the_cpu_and_moved_to_the_batch(penalty, rng):
    elsewhere = torch.zeros(4, 2, device="meta")
    assert sample_mix(penalty, elsewhere, rng=rng).device.type == "meta"


def test_a_penalty_tells_its_place_its_price_and_what_it_draws():
    told = {"place": "around the data", "price": "(n - 1)^2", "reads": ["real"], "draws": True}
    assert dragan.facts() == told
    assert r2.facts() == {
        "place": "at the generated samples",
        "price": "n^2",
        "reads": ["fake"],
        "draws": False,
    }


# What a critic and its samples may be


class Attentive(nn.Module):
    """Scores a sequence by attention of its places to each other."""

    def __init__(self):
        super().__init__()
        self.read, self.score = nn.Linear(3, 12), nn.Linear(4, 1)

    def attend(self, q, k, v):
        return nn.functional.scaled_dot_product_attention(q, k, v)

    def forward(self, x):
        return self.score(self.attend(*self.read(x).split(4, -1)).mean(1)).squeeze(1)


class WrittenOut(Attentive):
    """The same by its formula, softmax(q k^T / sqrt(4)) v."""

    def attend(self, q, k, v):
        return (q @ k.mT / 2).softmax(-1) @ v


@BY_NAME
def test_attention_is_differentiated_twice_as_its_formula_is(penalty, rng):
    net, written = Attentive(), WrittenOut()
    written.load_state_dict(net.state_dict())
    real, fake = (4 * x for x in _pair((4, 5, 3), rng))
    mix = _mix(penalty, real, rng)
    for critic in (net, written):
        penalty(critic, real, fake, mix=mix).backward()
    transformed = grad(lambda p: penalty(lambda x: functional_call(net, p, (x,)), real, fake, mix=mix))
    slopes = transformed(dict(net.named_parameters()))
    for (name, ours), theirs in zip(net.named_parameters(), written.parameters(), strict=True):
        if theirs.grad is not None:
            assert_close(ours.grad, theirs.grad, rtol=1e-9, atol=1e-12)
            assert_close(slopes[name], theirs.grad, rtol=1e-9, atol=1e-12)


@BY_NAME
def test_an_attached_sample_is_refused_where_it_would_carry_a_gradient(penalty, rng):
    generator, critic = nn.Linear(2, 2), _critic()
    real, latents = _pair((4, 2), rng)
    mix = _mix(penalty, real, rng)
    if "fake" in penalty.place.reads:
        with pytest.raises(
            ValueError, match=rf"`fake` must be detached, .* {penalty.name} would send a grad"
        ):
            penalty(critic, real, generator(latents), mix=mix)
    else:
        penalty(critic, real, generator(latents), mix=mix).backward()
    penalty(critic, real, generator(latents).detach(), mix=mix).backward()
    assert all(p.grad is None for p in generator.parameters())
    with torch.no_grad():
        penalty(critic, real, generator(latents), mix=mix)
    slopes = grad(  # a transform names what it differentiates: a graph does no harm there
        lambda p: penalty(lambda x: functional_call(critic, p, (x,)), real, generator(latents), mix=mix)
    )(dict(critic.named_parameters()))
    critic.zero_grad()
    penalty(critic, real, generator(latents).detach(), mix=mix).backward()
    for name, p in critic.named_parameters():
        if p.grad is not None:
            assert_close(slopes[name], p.grad, **EXACT)


@pytest.mark.parametrize("kind", ["module", "function", "in place"])
def test_a_compiled_critic_is_refused_by_name(kind):
    net, x = _critic(), torch.zeros(4, 2)
    compiled = {
        "module": lambda: torch.compile(net, backend="aot_eager"),
        "function": lambda: torch.compile(lambda x: net(x), backend="aot_eager"),
        "in place": lambda: net.compile(backend="aot_eager") or net,
    }[kind]()
    with pytest.raises(TypeError, match="`critic` must not be compiled: the gradient of a compiled function"):
        r1(compiled, x, x)
    with torch.no_grad():
        assert_close(r1(compiled, x, x), r1(_critic(), x, x).detach())
