"""What the chapter on the non-saturating loss claims: each equation, as printed, against another source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.stats import norm

from equations import Equation, proved
from equations.oracles import jsd as finite_jsd
from equations.oracles import kl as finite_kl
from equations.oracles import pairs
from equations.reading import holds, sides, strictly, touches
from ganlab import dynamics, losses


class Density:
    """The density of a law on the line, which a display can scale and mix."""

    def __init__(self, at: Callable[[Any], Any]) -> None:
        self.at = at

    def __call__(self, x: Any) -> Any:
        return self.at(x)

    def __rmul__(self, factor: Any) -> Density:
        return Density(lambda x: factor * self.at(x))

    def __radd__(self, nothing: int) -> Density:
        return self


def sigma(a: Any) -> Any:
    """The sigmoid in any precision."""
    return 1 / (1 + mpmath.exp(-a))


def normal(mean: Any, std: Any) -> Density:
    """The density of a normal law in any precision."""
    return Density(lambda x: mpmath.exp(-(((x - mean) / std) ** 2) / 2) / (std * mpmath.sqrt(2 * mpmath.pi)))


# Batches and points


def batches(count: int = 10) -> Iterator[dict[str, Any]]:
    """Six generated samples, each with an answer of the discriminator."""
    rng = torch.Generator().manual_seed(0)
    for _ in range(count):
        scores = 4 * torch.randn(6, generator=rng, dtype=torch.float64)
        answers = [sigma(mpmath.mpf(score)) for score in scores.tolist()]
        law = [(mpmath.mpf(1) / 6, i) for i in range(6)]
        yield {"scores": scores, "D": lambda i, d=answers: d[i], "G": lambda z: z, "p_z": law}


def the_loss(latex: str, name: str, pair: losses.GANLoss) -> bool:
    """Against the package's loss on random batches."""
    for env in batches():
        value = float(pair.generator(env["scores"], env["scores"]))
        assert holds(latex, **env, **{name: value})
    return True


def points(count: int = 20) -> Iterator[dict[str, Any]]:
    """Answers and logits, and logits `of` a parameter, which depend on it as those of a network do."""
    random = Random(0)
    for _ in range(count):
        u, v, w = (mpmath.mpf(random.uniform(-3, 3)) for _ in range(3))
        yield {
            "D": mpmath.mpf(random.uniform(0.01, 0.99)),
            "a": mpmath.mpf(random.uniform(-12, 12)),
            "theta": mpmath.mpf(random.uniform(-1, 1)),
            "of": lambda theta, u=u, v=v, w=w: u * mpmath.tanh(v * theta + w) - v * theta,
            "e": mpmath.e,
            "sigma": sigma,
        }


def at_points(latex: str, *names: str) -> bool:
    """By numerical differentiation in forty digits, beside the derivations that the page names."""
    with mpmath.workdps(40):
        assert all(holds(latex, **point) for point in points())
    return all(proved(name) for name in names)


def of_a_parameter(latex: str) -> bool:
    """By numerical differentiation in forty digits, with the logit as a function of the parameter."""
    with mpmath.workdps(40):
        assert all(holds(latex, **{**point, "a": point["of"]}) for point in points())
    return proved("saturating_gradient") and proved("non_saturating_gradient")


@cache
def steps_of_adam() -> tuple[tuple[dict[str, Any], Any], ...]:
    """PyTorch's averages and its steps of the rate one, for gradients that grow or shrink by one factor."""
    found = []
    for r in (0.97, 1.01, 1.05):
        place = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        adam = torch.optim.Adam([place], lr=1, eps=0)
        for step in range(1, 121):
            before, place.grad = place.item(), torch.tensor([r**step], dtype=torch.float64)
            adam.step()
            if step in (2, 7, 120):
                kept = adam.state[place]
                known = {"u_t": kept["exp_avg"].item(), "s_t": kept["exp_avg_sq"].item(), "r": r, "t": step}
                exact = {name: mpmath.mpf(value) for name, value in known.items()}
                usual = {"beta_1": mpmath.mpf("0.9"), "beta_2": mpmath.mpf("0.999")}
                found.append((exact | usual, mpmath.mpf(before - place.item())))
    return tuple(found)


def by_adam(latex: str) -> bool:
    """For PyTorch's own averages, whose quotient is its step."""
    for known, length in steps_of_adam():
        assert holds(latex, **known)
        assert mpmath.almosteq(sides(latex, **known)[0], length, rel_eps=1e-9), "no step of Adam"
    return True


def inwards(latex: str) -> bool:
    """The package's field on one generated point, strict but where an axis is met."""
    field = dynamics.dirac_gan(losses.non_saturating)
    random = Random(0)
    for _ in range(20):
        state = [random.uniform(-3, 3), random.uniform(-3, 3)]
        assert strictly(latex, **at_the_state(field, state))
    assert all(touches(latex, **at_the_state(field, state)) for state in ([0.0, 1.5], [-2.0, 0.0]))
    return proved("dirac_non_saturating")


def at_the_state(field: dynamics.Field, state: list[float]) -> dict[str, Any]:
    """The players of the smallest game, their velocities and the logit of the generated sample."""
    of_generator, of_discriminator = field(torch.tensor(state, dtype=torch.float64)).tolist()
    known = {"v_theta": of_generator, "v_psi": of_discriminator, "sigma": sigma}
    return {**known, "theta": state[0], "psi": state[1], "a": state[0] * state[1]}


_MULTIPLE = "the logarithm of a multiple has the same derivative"

# Laws


def nodes(width: float = 10, step: float = 0.1) -> list[Any]:
    """The points of the trapezoidal rule, exponentially exact for what decays like a normal density."""
    count = round(width / step)
    return [mpmath.mpf(i) * width / count for i in range(-count, count + 1)]


NODES = nodes()


def kl(p: Density, q: Density) -> Any:
    """The integral of p log(p/q) over the line."""
    return (NODES[1] - NODES[0]) * mpmath.fsum(p(x) * mpmath.log(p(x) / q(x)) for x in NODES)


def jsd(p: Density, q: Density) -> Any:
    """The Jensen-Shannon divergence from its definition."""
    middle = mixture(p, q)
    return (kl(p, middle) + kl(q, middle)) / 2


def mixture(p: Density, q: Density) -> Density:
    return Density(lambda x: (p(x) + q(x)) / 2)


FAMILIES: list[tuple[Callable[[Any, Any], Any], Callable[[Any], Density]]] = [
    (lambda z, theta: z / 2 + theta, lambda theta: normal(theta, mpmath.mpf(1) / 2)),
    (lambda z, theta: theta * z + 1 - theta, lambda theta: normal(1 - theta, theta)),
]


def at_the_best_discriminator(latex: str, name: str) -> bool:
    """For a law that is moved and one that is widened, D* held at the present parameter."""
    p_data, noise = normal(0, 1), normal(0, 1)
    law = [((NODES[1] - NODES[0]) * noise(z), z) for z in NODES]
    for theta, (generator, family) in zip((mpmath.mpf("0.8"), mpmath.mpf("1.3")), FAMILIES, strict=True):
        q = family(theta)
        env = {"p_data": p_data, "q": family, "theta": theta, "p_z": law, "G": generator}
        best = {"D*": lambda x, q=q: p_data(x) / (p_data(x) + q(x))}
        assert holds(latex, **env, **best, KL=kl, JSD=jsd)
    return proved(name)


def the_pathwise_step(latex: str) -> bool:
    """For functions without a jump and both families, by quadrature; a jump at 0 breaks it by its height."""
    for theta, (generator, family) in zip((mpmath.mpf("0.8"), mpmath.mpf("1.3")), FAMILIES, strict=True):
        env = {
            "theta": theta,
            "q": lambda t, family=family: weighed(family(t)),
            "p_z": weighed(normal(0, 1)),
            "G": generator,
        }
        for function in (mpmath.tanh, lambda x: -mpmath.log(sigma(1 - x))):
            assert holds(latex, **env, F=function)
    return proved("pathwise_gradient")


def weighed(density: Density) -> list[tuple[Any, Any]]:
    """The law as weights at the nodes."""
    return [((NODES[1] - NODES[0]) * density(x), x) for x in NODES]


def softened(latex: str) -> bool:
    """For finite laws and for normal densities on a grid: zero where they are equal, and nowhere else."""
    known = {"KL": finite_kl, "JSD": finite_jsd}
    for p, q in pairs():
        if q[p == 0].sum() == 0:  # otherwise infinite on both sides
            assert (touches if (p == q).all() else strictly)(latex, p=p, q=q, m=(p + q) / 2, **known)
    grid = np.linspace(-13, 13, 1041)
    for mean, std in ((1, 1), (0, 1.5), (-2, 1.2)):
        p, q = (norm(m, s).pdf(grid) / 40 for m, s in ((0, 1), (mean, std)))
        assert strictly(latex, p=p, q=q, m=(p + q) / 2, **known)
    return proved("reverse_kl_minus_jsd") and proved("softened_reverse_kl")


# Keys


def _growing_steps() -> Any:
    """The end of 200 steps of Adam without a small number in its divisor, written out.

    The gradient of the saturating loss is in proportion to the mean of e^(2x), as long as D is small.
    """
    rng = torch.Generator().manual_seed(0)
    theta, first, second = 0.0, 0.0, 0.0
    for step in range(1, 201):
        noise = torch.randn(128, generator=rng, dtype=torch.float64)
        slope = -float((2 * (theta + 0.1 * noise)).exp().mean())
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        theta -= 0.01 * first / (1 - 0.9**step) / (second / (1 - 0.999**step)) ** 0.5
    return mpmath.mpf(theta)


def _odds(d: Any) -> Any:
    return (1 - mpmath.mpf(d)) / mpmath.mpf(d)


def _exercise_1() -> list[Any]:
    d = mpmath.mpf("0.2")
    return [_odds("0.2"), mpmath.log(d) / mpmath.log(1 - d), 1 / _odds("0.2"), 1 / d, 1 - d]


def _slopes_at(a: int) -> list[Any]:
    """The sizes of four slopes: of log(1 - D) and -log D in the logit, then of the same in D."""
    d = sigma(mpmath.mpf(a))
    return [d, 1 - d, 1 / (1 - d), 1 / d]


def _moved_by_adam(start: int, weight: Callable[[Any], Any]) -> Any:
    """How far 200 steps of 0.01 take a logit from there, if each slope is minus this weight of D."""
    logit, first, second = mpmath.mpf(start), 0, 0
    for step in range(1, 201):
        slope = -weight(sigma(logit))
        first, second = (9 * first + slope) / 10, (999 * second + slope**2) / 1000
        size = mpmath.sqrt(second / (1 - mpmath.mpf("0.999") ** step)) + mpmath.mpf("1e-8")
        logit -= mpmath.mpf("0.01") * first / (1 - mpmath.mpf("0.9") ** step) / size
    return logit - start


def _under_adam() -> list[Any]:
    saturating, other = (lambda d: d), (lambda d: 1 - d)
    assert _moved_by_adam(-40, saturating) < 0.001 < 1.9 < _moved_by_adam(-40, other) < 2.1
    assert _moved_by_adam(-10, saturating) > _moved_by_adam(-10, other)
    assert abs(_moved_by_adam(-10, lambda d: d / 10) / _moved_by_adam(-10, saturating) - 1) < 0.01
    assert _moved_by_adam(-10, lambda d: d / 10**9) < 0.1  # below eps a constant factor counts
    assert mpmath.exp(-40) < 1e-8 / 1e6
    return [-10, -40, 1e-8]


def _exercise_6() -> list[Any]:
    angle = mpmath.atan(mpmath.mpf(1) / 10)
    return [2 * angle / mpmath.pi, angle / mpmath.pi, angle, 1 - 2 * angle / mpmath.pi]


def _exercise_7() -> list[Any]:
    """The rate after which 200 steps have taken e^10 away, if each takes 4, 1 or 2 times the rate."""
    return [mpmath.exp(10) / (200 * times) for times in (4, 1, 2)] + [mpmath.mpf("0.1")]


def _exercise_8() -> list[Any]:
    """Where D (1 - D)/(D + 1e-8) is half of the slope without the small number."""
    kept = mpmath.mpf("1e-8")
    half = mpmath.findroot(lambda a: sigma(a) / (sigma(a) + kept) - mpmath.mpf(1) / 2, -18)
    return [half, -mpmath.log(kept), mpmath.log10(kept), -25]


def _exercise_9() -> list[Any]:
    """The slopes in the first of four scores, by differences in the whole loss."""

    def answers(a: Any) -> list[Any]:
        return [sigma(score) for score in (a, -10, -10, 0)]

    with mpmath.workdps(30):
        of_mean = mpmath.diff(lambda a: -mpmath.log(mpmath.fsum(answers(a)) / 4), -10)
        of_each = mpmath.diff(lambda a: -mpmath.fsum(map(mpmath.log, answers(a))) / 4, -10)
        return [of_mean, of_each, of_mean / 4, -mpmath.diff(sigma, -10), -of_mean]


def _exercise_10() -> list[Any]:
    return [mpmath.mpf("1e-13") * _odds(sigma(mpmath.mpf(-33))), mpmath.mpf("1e-13"), 33, 1]


def _exercise_11() -> list[Any]:
    slope = mpmath.diff(lambda a: -mpmath.log(sigma(a)), mpmath.mpf("-6.2"))
    return [
        slope,
        mpmath.diff(lambda a: mpmath.log(1 - sigma(a)), mpmath.mpf("-6.2")),
        -slope,
        mpmath.mpf("-6.2"),
    ]


def _exercise_12() -> list[Any]:
    """Step 50 from the two averages, written as sums."""
    ages = range(50)
    first = mpmath.fsum(
        mpmath.mpf("0.1") * mpmath.mpf("0.9") ** age * mpmath.mpf("1.05") ** -age for age in ages
    )
    second = mpmath.fsum(
        mpmath.mpf("0.001") * mpmath.mpf("0.999") ** age * mpmath.mpf("1.05") ** (-2 * age) for age in ages
    )
    bare = first / mpmath.sqrt(second)
    kept = (1 - mpmath.mpf("0.9") ** 50) / mpmath.sqrt(1 - mpmath.mpf("0.999") ** 50)
    return [bare / kept, mpmath.mpf(1), bare]


QUIZ = {"ratio": lambda: _odds("0.1"), "slopes-in-order": lambda: _slopes_at(-6)}
SAID = {
    "ratio": lambda: [mpmath.log("0.1") / mpmath.log("0.9")],
    "under-adam": _under_adam,
    "same-equilibrium": lambda: [1 / 2],
    "exercise 3": lambda: [200, 0.01, 1e-30, 1e-8],
    "exercise 5": lambda: [1 / 2, -1 / 2],
    "exercise 6": lambda: [1 / 10],
    "exercise 7": lambda: [1 / 2, 10, 200, 4, 200 * 4],
    "exercise 8": lambda: [1e-8],
    "exercise 9": lambda: [4],
}
EXERCISES = {
    "1": _exercise_1,
    "3": lambda: [_growing_steps(), mpmath.mpf(0), mpmath.mpf(2)],
    "6": _exercise_6,
    "7": _exercise_7,
    "8": _exercise_8,
    "9": _exercise_9,
    "10": _exercise_10,
    "11": _exercise_11,
    "12": _exercise_12,
}

EQUATIONS = [
    Equation(
        "ns-saturating",
        r"L_{\text{sat}} = \mathbb{E}_{z \sim p_z}[\log(1 - D(G(z)))]",
        lambda latex: the_loss(latex, "L_sat", losses.minimax),
    ),
    Equation(
        "ns-non-saturating",
        r"L_{\text{ns}} = \mathbb{E}_{z \sim p_z}[-\log D(G(z))]",
        lambda latex: the_loss(latex, "L_ns", losses.non_saturating),
    ),
    Equation(
        "ns-output",
        r"\frac{\partial}{\partial D} \log(1 - D) = -\frac{1}{1 - D}, \qquad"
        r" \frac{\partial}{\partial D} (-\log D) = -\frac{1}{D}",
        lambda latex: at_points(latex, "saturating_gradient", "non_saturating_gradient"),
        {
            r"\frac{\partial}{\partial D}\log{2(1 - D)} = - \frac{1}{1 - D}": _MULTIPLE,
            r"\frac{\partial}{\partial D}( - \log{2 D}) = - \frac{1}{D}": _MULTIPLE,
        },
    ),
    Equation(
        "ns-logit",
        r"\frac{\partial}{\partial a} \log(1 - \sigma(a)) = -\sigma(a), \qquad"
        r" \frac{\partial}{\partial a} (-\log \sigma(a)) = -(1 - \sigma(a))",
        lambda latex: at_points(latex, "saturating_gradient", "non_saturating_gradient"),
        {
            r"\frac{\partial}{\partial a}\log{2(1 - \sigma(a))} = - \sigma(a)": _MULTIPLE,
            r"\frac{\partial}{\partial a}( - \log{2\sigma(a)}) = - (1 - \sigma(a))": _MULTIPLE,
        },
    ),
    Equation(
        "ns-parameters",
        r"""
        \begin{aligned}
        \frac{\partial}{\partial \theta} \log(1 - \sigma(a_\theta))
          &= -\sigma(a_\theta) \, \frac{\partial}{\partial \theta} a_\theta, \\
        \frac{\partial}{\partial \theta} (-\log \sigma(a_\theta))
          &= -(1 - \sigma(a_\theta)) \, \frac{\partial}{\partial \theta} a_\theta
        \end{aligned}
        """,
        of_a_parameter,
        {
            r"\frac{\partial}{\partial\theta}\log{2(1 - \sigma(a_\theta))}"
            r" = - \sigma(a_\theta)\frac{\partial}{\partial\theta}a_\theta": _MULTIPLE,
            r"\frac{\partial}{\partial\theta}( - \log{2\sigma(a_\theta)})"
            r" = - (1 - \sigma(a_\theta))\frac{\partial}{\partial\theta}a_\theta": _MULTIPLE,
        },
    ),
    Equation(
        "ns-ratio",
        r"\frac{1 - \sigma(a)}{\sigma(a)} = e^{-a}",
        lambda latex: at_points(latex, "gradient_ratio"),
    ),
    Equation(
        "ns-adam",
        r"""
        \frac{u_t / (1 - \beta_1^{t})}{\sqrt{s_t / (1 - \beta_2^{t})}} =
          \frac{1 - \beta_1}{1 - \beta_1^{t}} \cdot \frac{1 - (\beta_1 / r)^{t}}{1 - \beta_1 / r}
          \sqrt{\frac{1 - \beta_2^{t}}{1 - \beta_2}
          \cdot \frac{1 - \beta_2 / r^{2}}{1 - (\beta_2 / r^{2})^{t}}}
        """,
        by_adam,
    ),
    Equation(
        "ns-sum",
        r"\log(1 - \sigma(a)) + (-\log \sigma(a)) = \log \frac{1 - \sigma(a)}{\sigma(a)} = -a",
        lambda latex: at_points(latex, "sum_of_gradients"),
    ),
    Equation(
        "ns-inwards",
        r"2 \theta v_\theta + 2 \psi v_\psi = 2 a \, (1 - 2 \sigma(a)) \le 0",
        inwards,
    ),
    Equation(
        "ns-envelope",
        r"\mathbb{E}_{z \sim p_z}\left[\frac{\partial}{\partial \theta} \log(1 - D^{*}(G(z; \theta)))\right]"
        r" = \frac{\partial}{\partial \theta} 2 \, \mathrm{JSD}(p_{\text{data}}, q_\theta)",
        lambda latex: at_the_best_discriminator(latex, "envelope_theorem"),
        {
            r"\mathbb{E}_{z\sim p_z}[\frac{\partial}{\partial\theta}\log{2(1 - D^{*}(G(z;\theta)))}]"
            r" = \frac{\partial}{\partial\theta}2\mathrm{JSD}(p_{\text{data}} , q_\theta)": _MULTIPLE,
        },
    ),
    Equation(
        "ns-divergence",
        r"""
        \begin{aligned}
        &\mathbb{E}_{z \sim p_z}\left[\frac{\partial}{\partial \theta} (-\log D^{*}(G(z; \theta)))\right] \\
        &\qquad = \frac{\partial}{\partial \theta} \left( \mathrm{KL}(q_\theta \,\|\, p_{\text{data}})
            - 2 \, \mathrm{JSD}(p_{\text{data}}, q_\theta) \right)
        \end{aligned}
        """,
        lambda latex: at_the_best_discriminator(latex, "non_saturating_divergence"),
        {
            r"\mathbb{E}_{z\sim p_z}[\frac{\partial}{\partial\theta}( - \log{2 D^{*}(G(z;\theta))})]"
            r" = \frac{\partial}{\partial\theta}(\mathrm{KL}(q_\theta\|p_{\text{data}})"
            r" - 2\mathrm{JSD}(p_{\text{data}} , q_\theta))": _MULTIPLE,
            r"\mathbb{E}_{z\sim p_z}[\frac{\partial}{\partial\theta}( - \log D^{*}(G(z;\theta)))]"
            r" = \frac{\partial}{\partial\theta}(\mathrm{KL}(q_\theta\|1.01\cdot p_{\text{data}})"
            r" - 2\mathrm{JSD}(p_{\text{data}} , q_\theta))": _MULTIPLE,
            r"\mathbb{E}_{z\sim p_z}[\frac{\partial}{\partial\theta}( - \log D^{*}(G(z;\theta)))]"
            r" = \frac{\partial}{\partial\theta}(\mathrm{KL}(q_\theta\|2{p_{\text{data}}})"
            r" - 2\mathrm{JSD}(p_{\text{data}} , q_\theta))": _MULTIPLE,
        },
    ),
    Equation(
        "ns-pathwise",
        r"\mathbb{E}_{z \sim p_z}\left[\frac{\partial}{\partial \theta} F(G(z; \theta))\right]"
        r" = \frac{\partial}{\partial \theta} \mathbb{E}_{x \sim q_\theta}[F(x)]",
        the_pathwise_step,
    ),
    Equation(
        "ns-softened",
        r"\mathrm{KL}(q \,\|\, p) - 2 \, \mathrm{JSD}(p, q) = 2 \, \mathrm{KL}(m \,\|\, p) \ge 0",
        softened,
    ),
]
