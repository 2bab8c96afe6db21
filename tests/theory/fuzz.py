"""Losses, divergences, quadrature and transport against mpmath, on inputs drawn to be nasty.

    make fuzz        or        python tests/theory/fuzz.py [--seed 0] [--share 1]

Each case draws its input (scales from 1e-12 to 1e12, subnormal and zero probabilities, laws that nearly
agree, far modes of small mass, narrow spikes, heavy tails, both precisions), asks one function, and compares
the value, and the slopes where they exist, with a formula written here and evaluated by mpmath at the very
numbers that were drawn. A refusal must be a ValueError that names an argument; an infinite value with error 0
must be infinite. The script ends with the counts, and with status 1 where a value is wrong.
"""

from __future__ import annotations

import argparse
import collections
import math
import random
import re
import sys
from itertools import pairwise

import mpmath as mp
import torch
from torch.distributions import Cauchy, Laplace, Normal, StudentT

from ganlab import losses
from ganlab.theory import bayes_risks, densities, divergences, f_divergences, transport

DTYPES = (torch.float32, torch.float64)


class WrongError(AssertionError):
    """A value that is not what mpmath says."""


def big(x):
    return mp.mpf(float(x.detach()) if isinstance(x, torch.Tensor) else float(x))


def close(what, got, expected, *, rtol, atol=0.0):
    """Agreement, where a number beyond the dtype may be its largest or infinite."""
    got, expected = float(got.detach()), mp.mpf(expected)
    if mp.isinf(expected) or abs(expected) > 3e38:
        largest = 3.4e38 if abs(expected) < 1e300 else 1.7e308
        if (math.isinf(got) or abs(got) >= largest) and (got > 0) == (expected > 0):
            return
        if mp.isinf(expected):
            raise WrongError(f"{what}: {got!r} for {mp.nstr(expected, 17)}")
    if math.isnan(got) or abs(got - expected) > rtol * abs(expected) + atol:
        raise WrongError(f"{what}: {got!r} for {mp.nstr(expected, 17)}")


def scale(rng, low=-12, high=12):
    return 10 ** rng.uniform(low, high)


# --- Losses ---


def nasty_score(rng):
    if rng.random() < 0.2:
        return rng.choice([0.0, 1.0, -1.0, 37.0, -37.0, 88.7, -88.8, 103.0, -104.0, 709.8, -745.2])
    return rng.choice([-1, 1]) * scale(rng, *rng.choice([(-12, 12), (0, 3)]))


def mp_softplus(a):
    """Value, slope and bend; exp(-1e6) is nothing in any precision."""
    a = max(min(a, mp.mpf(10) ** 6), -(mp.mpf(10) ** 6)) if abs(a) > 1e6 else a
    z = mp.exp(-abs(a))
    return max(a, 0) + mp.log1p(z), 1 / (1 + mp.exp(-a)), z / (1 + z) ** 2


def softplus_case(rng):
    dtype = rng.choice(DTYPES)
    x = torch.tensor(nasty_score(rng), dtype=dtype, requires_grad=True)
    value = losses.softplus(x)
    (slope,) = torch.autograd.grad(value, x, create_graph=True)
    (bend,) = torch.autograd.grad(slope, x)
    expected = list(mp_softplus(big(x)))
    expected[0] = max(big(x), 0) + mp.log1p(mp.exp(-min(abs(big(x)), 10**6)))
    for what, got, truth in zip(("value", "slope", "bend"), (value, slope, bend), expected, strict=True):
        limits = torch.finfo(dtype)
        close(f"softplus({x.item()!r}) {what}", got, truth, rtol=8 * limits.eps, atol=limits.tiny)


def sp(a):
    return max(a, 0) + mp.log1p(mp.exp(-min(abs(a), 10**6)))


def mean(values):
    values = list(values)
    return mp.fsum(values) / len(values)


PLAYERS = {
    "minimax": (
        lambda r, f: mean(sp(-a) for a in r) + mean(sp(b) for b in f),
        lambda r, f: -mean(sp(b) for b in f),
    ),
    "non_saturating": (
        lambda r, f: mean(sp(-a) for a in r) + mean(sp(b) for b in f),
        lambda r, f: mean(sp(-b) for b in f),
    ),
    "least_squares": (
        lambda r, f: mean((a - 1) ** 2 for a in r) / 2 + mean(b**2 for b in f) / 2,
        lambda r, f: mean((b - 1) ** 2 for b in f) / 2,
    ),
    "wasserstein": (lambda r, f: mean(f) - mean(r), lambda r, f: -mean(f)),
    "hinge": (
        lambda r, f: mean(max(0, 1 - a) for a in r) + mean(max(0, 1 + b) for b in f),
        lambda r, f: -mean(f),
    ),
    "relativistic_average": (
        lambda r, f: mean(sp(mean(f) - a) for a in r) + mean(sp(b - mean(r)) for b in f),
        lambda r, f: mean(sp(mean(r) - b) for b in f) + mean(sp(a - mean(f)) for a in r),
    ),
    "relativistic_pairing": (
        lambda r, f: mean(sp(b - a) for a, b in zip(r, f, strict=True)),
        lambda r, f: mean(sp(a - b) for a, b in zip(r, f, strict=True)),
    ),
}


def loss_case(rng):
    name, dtype, n = rng.choice(list(PLAYERS)), rng.choice(DTYPES), rng.randint(1, 4)
    real, fake = (torch.tensor([nasty_score(rng) for _ in range(n)], dtype=dtype) for _ in range(2))
    r, f = [big(a) for a in real], [big(a) for a in fake]
    size = max([1, *map(abs, r), *map(abs, f)])
    size = size**2 if name == "least_squares" else size
    for player, formula in zip(("discriminator", "generator"), PLAYERS[name], strict=True):
        a, b = real.clone().requires_grad_(), fake.clone().requires_grad_()
        value = getattr(losses.LOSSES[name], player)(a, b)
        eps = torch.finfo(dtype).eps
        relative = 0 if "relativistic" in name or name in ("wasserstein", "hinge", "least_squares") else 1
        tiny = torch.finfo(dtype).tiny
        atol = tiny if relative and player == "generator" else 16 * eps * float(size)
        close(
            f"{name}.{player}({real.tolist()}, {fake.tolist()})",
            value,
            formula(r, f),
            rtol=32 * eps,
            atol=atol,
        )
        slopes = torch.autograd.grad(
            value, (a, b), create_graph=True, allow_unused=True, materialize_grads=True
        )
        both = sum(s.sum() for s in slopes)
        if both.requires_grad:
            slopes += torch.autograd.grad(both, (a, b), allow_unused=True, materialize_grads=True)
        if not all(s.isfinite().all() for s in slopes):
            raise WrongError(f"{name}.{player}({real.tolist()}, {fake.tolist()}): slopes {slopes}")


# --- Probability vectors ---


def nasty_vectors(rng):
    """Two probability vectors of one precision, their dtype."""
    dtype, size = rng.choice(DTYPES), rng.randint(2, 6)
    depth = (rng.choice([1, 20, 100]) if dtype == torch.float32 else rng.choice([1, 40, 740])) * math.log10(
        math.e
    )

    def draw():
        weights = [10 ** rng.uniform(-depth, 0) * (rng.random() > 0.1) for _ in range(size)]
        weights[rng.randrange(size)] = 1.0
        p = torch.tensor(weights, dtype=torch.float64)
        return (p / p.sum()).to(dtype)

    p, q = draw(), draw()
    if rng.random() < 0.3:
        noise = torch.tensor(
            [rng.gauss(0, 10 ** rng.uniform(-13, -3)) for _ in range(size)], dtype=torch.float64
        )
        q = p.double() * (1 + noise)
        q = (q / q.sum()).to(dtype)
    return p, q, dtype


def xlog(a, ratio):
    return a * mp.log(ratio) if a else mp.mpf(0)


def kl_term(a, b):
    return mp.inf if a and not b else (a * mp.log(a / b) if a else 0) - a + b


def over(numerator, b):
    return mp.mpf(0) if not numerator else (mp.inf if not b else numerator / b)


TERMS = {
    "kl": kl_term,
    "jensen_shannon": lambda a, b: (xlog(a, 2 * a / (a + b)) + xlog(b, 2 * b / (a + b))) / 2 if a + b else 0,
    "total_variation": lambda a, b: abs(a - b) / 2,
    "pearson_chi2": lambda a, b: over((a - b) ** 2, b),
    "neyman_chi2": lambda a, b: over((a - b) ** 2, a),
    "triangular_discrimination": lambda a, b: over((a - b) ** 2, a + b),
    "squared_hellinger": lambda a, b: (mp.sqrt(a) - mp.sqrt(b)) ** 2,
    "softened_reverse_kl": lambda a, b: 2 * kl_term((a + b) / 2, a),
}
SLOPES = {  # in p and in q, as the module has them, where p and q are positive
    "kl": (lambda a, b: mp.log(a / b), lambda a, b: 1 - a / b),
    "jensen_shannon": (lambda a, b: mp.log(2 * a / (a + b)) / 2, lambda a, b: mp.log(2 * b / (a + b)) / 2),
    "squared_hellinger": (lambda a, b: 1 - mp.sqrt(b / a), lambda a, b: 1 - mp.sqrt(a / b)),
    "pearson_chi2": (lambda a, b: 2 * (a / b - 1), lambda a, b: 1 - (a / b) ** 2),
}


def total(terms):
    terms = list(terms)
    return mp.inf if any(mp.isinf(t) for t in terms) else mp.fsum(terms)


def divergence_case(rng):
    name = rng.choice(list(TERMS))
    p, q, dtype = nasty_vectors(rng)
    a, b = p.clone().requires_grad_(), q.clone().requires_grad_()
    value, limits = getattr(divergences, name)(a, b), torch.finfo(dtype)
    pairs = [(big(x), big(y)) for x, y in zip(p, q, strict=True)]
    what = f"{name}({p.tolist()}, {q.tolist()}, {dtype})"
    close(what, value, total(TERMS[name](x, y) for x, y in pairs), rtol=64 * limits.eps, atol=limits.tiny)
    slopes = torch.autograd.grad(value, (a, b))
    if not all(s.isfinite().all() for s in slopes):
        raise WrongError(f"{what}: slopes {slopes}")
    if not value.isfinite():
        return
    for i, (x, y) in enumerate(pairs):
        for slope, formula in zip(slopes, SLOPES.get(name, ()), strict=bool(SLOPES.get(name))):
            if x > 0 and y > 0:
                close(
                    f"{what} slope {i}", slope[i], formula(x, y), rtol=1e4 * limits.eps, atol=64 * limits.eps
                )


F_TERMS = {
    "gan": lambda a, b: xlog(a, a / (a + b)) + xlog(b, b / (a + b)),
    "jensen_shannon": lambda a, b: xlog(a, 2 * a / (a + b)) + xlog(b, 2 * b / (a + b)),
    "kl": lambda a, b: mp.inf if a and not b else xlog(a, a / b if b else 1),
    "reverse_kl": lambda a, b: mp.inf if b and not a else xlog(b, b / a if a else 1),
    "pearson": lambda a, b: over((a - b) ** 2, b),
    "squared_hellinger": lambda a, b: (mp.sqrt(a) - mp.sqrt(b)) ** 2,
    "total_variation": lambda a, b: abs(a - b) / 2,
}
WITNESSES = {
    "gan": lambda a, b: mp.log(a / (a + b)),
    "jensen_shannon": lambda a, b: mp.log(2 * a / (a + b)),
    "kl": lambda a, b: 1 + mp.log(a / b),
    "reverse_kl": lambda a, b: -b / a,
    "pearson": lambda a, b: 2 * (a - b) / b,
    "squared_hellinger": lambda a, b: 1 - mp.sqrt(b / a),
    "total_variation": lambda a, b: mp.sign(a - b) / 2,
}


def f_divergence_case(rng):
    name = rng.choice(list(F_TERMS))
    p, q, dtype = nasty_vectors(rng)
    limits, a, b = torch.finfo(dtype), p.clone().requires_grad_(), q.clone().requires_grad_()
    pairs = [(big(x), big(y)) for x, y in zip(p, q, strict=True)]
    what = f"f_divergence({p.tolist()}, {q.tolist()}, {name}, {dtype})"
    value = f_divergences.f_divergence(a, b, name)
    expected = total(F_TERMS[name](x, y) for x, y in pairs if x or y)
    close(what, value, expected, rtol=64 * limits.eps, atol=256 * limits.eps)
    if any(s.isnan().any() for s in torch.autograd.grad(value, (a, b))):
        raise WrongError(f"{what}: a slope is nan")
    for got, (x, y) in zip(f_divergences.optimal_witness(p, q, name), pairs, strict=True):
        if x > 0 and y > 0:
            truth = WITNESSES[name](x, y)
            close(f"witness {what}", got, truth, rtol=64 * limits.eps, atol=64 * limits.eps)


GAPS = {
    "logistic": F_TERMS["jensen_shannon"],
    "brier": lambda a, b: over((a - b) ** 2, a + b) / 4,
    "exponential": TERMS["squared_hellinger"],
    "hinge": lambda a, b: abs(a - b),
}


def bayes_case(rng):
    loss = rng.choice(list(GAPS))
    p, q, dtype = nasty_vectors(rng)
    limits = torch.finfo(dtype)
    expected = total(GAPS[loss](big(x), big(y)) for x, y in zip(p, q, strict=True) if x or y)
    what = f"({p.tolist()}, {q.tolist()}, {loss}, {dtype})"
    a, b = p.clone().requires_grad_(), q.clone().requires_grad_()
    gap, risk = bayes_risks.bayes_gap(a, b, loss), bayes_risks.bayes_risk(a, b, loss)
    close("bayes_gap" + what, gap, expected, rtol=64 * limits.eps, atol=limits.tiny)
    whole = {"logistic": mp.log(2), "brier": mp.mpf(1) / 4, "exponential": 1, "hinge": 1}[loss]
    masses = mp.fsum(big(x) for x in torch.cat([p, q]))
    close("bayes_risk" + what, risk, whole * masses - expected, rtol=0, atol=256 * limits.eps)
    if any(s.isnan().any() for s in torch.autograd.grad(gap, (a, b))):
        raise WrongError(f"bayes_gap{what}: a slope is nan")


def discriminator_case(rng):
    low = rng.choice([-323, -300, -12, 200])
    p, q = (torch.tensor(10 ** rng.uniform(low, min(low + 200, 308.2)), requires_grad=True) for _ in range(2))
    p, q = (x.detach().double().requires_grad_() for x in (p.double(), q.double()))
    if not (p.isfinite() and q.isfinite() and p + q > 0):
        return
    best = divergences.optimal_discriminator(p, q)
    a, b = big(p), big(q)
    what = f"optimal_discriminator({p.item()!r}, {q.item()!r})"
    close(what, best, a / (a + b), rtol=1e-15, atol=1e-300)
    (slope,) = torch.autograd.grad(best, p)
    close(f"{what} slope", slope, b / (a + b) ** 2, rtol=1e-13, atol=1e-300)


# --- Densities ---


def number(x):
    return torch.tensor(float(x), dtype=torch.float64)


def normal(mean, std):
    return Normal(number(mean), number(std)).log_prob


def within(what, result, expected, *, vague=1e-2):
    """The value inside its error; an error of more than a hundredth is counted as a failure to answer."""
    value, expected = result.value.item(), mp.mpf(expected)
    if math.isinf(value):
        if mp.isinf(expected) or (result.error == math.inf and expected > 1e308):
            return
        raise WrongError(f"{what}: {result} for {mp.nstr(expected, 17)}")
    if not abs(value - expected) <= result.error + 1e-15 * abs(expected):
        raise WrongError(f"{what}: {result} for {mp.nstr(expected, 17)}")
    if result.error > vague * max(abs(expected), 1e-3):
        raise WrongError(f"{what}: {result} says nothing of {mp.nstr(expected, 17)}")


def kl_normals(m, s, n, t):
    return mp.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - mp.mpf(1) / 2


def chi2_normals(m, s, n, t):
    """int p^2/q - 1 for p = N(m, s^2) and q = N(n, t^2)."""
    if 2 * t**2 <= s**2:
        return mp.inf
    return t**2 / (s * mp.sqrt(2 * t**2 - s**2)) * mp.exp((m - n) ** 2 / (2 * t**2 - s**2)) - 1


def hellinger_normals(m, s, n, t):
    return 2 - 2 * mp.sqrt(2 * s * t / (s**2 + t**2)) * mp.exp(-((m - n) ** 2) / (4 * (s**2 + t**2)))


NORMALS = {
    "kl_density": kl_normals,
    "pearson_chi2_density": chi2_normals,
    "neyman_chi2_density": lambda m, s, n, t: chi2_normals(n, t, m, s),
    "squared_hellinger_density": hellinger_normals,
}


def normals_case(rng):
    """Two normal laws of any width and place, named or not; the place is no farther than a float resolves."""
    width = scale(rng)
    place = rng.choice([0.0, 1.0, rng.gauss(0, 1)]) * width * 10 ** rng.uniform(0, 7)
    m, s = place, width * rng.uniform(0.5, 2)
    n, t = (
        place + width * rng.gauss(0, 1) * rng.choice([0, 1, 10]),
        width * rng.choice([1, 0.5**0.5, 2**0.5, rng.uniform(0.5, 2), 30]),
    )
    name = rng.choice(list(NORMALS))
    cuts = rng.choice([[], sorted({m, n}), [place]])
    what = f"{name}(N({m!r}, {s!r}), N({n!r}, {t!r}), {cuts})"
    result = getattr(densities, name)(normal(m, s), normal(n, t), breakpoints=cuts)
    within(what, result, NORMALS[name](*map(big, (m, s, n, t))))


def bounded_case(rng):
    """JSD and TV of normals, by mpmath in the unit of the first, of any width and place."""
    width, ratio, shift = scale(rng), rng.choice([1, 2, 0.5, 20]), rng.choice([0.5, 3.0, 40.0])
    place = rng.choice([0.0, 1.0, -1.0]) * width * 10 ** rng.uniform(0, 9)
    m, s, n, t = place, width, place + shift * width, ratio * width
    u, v = (big(n) - big(m)) / big(s), big(t) / big(s)
    name = rng.choice(
        ["jensen_shannon_density", "total_variation_density", "triangular_discrimination_density"]
    )
    term = {"jensen": TERMS["jensen_shannon"], "total_": TERMS["total_variation"]}.get(
        name[:6], TERMS["triangular_discrimination"]
    )
    with mp.workdps(20):
        crossing = [1 - 1 / v**2, 2 * u / v**2, -((u / v) ** 2) - 2 * mp.log(v)]
        while crossing and not crossing[0]:
            crossing = crossing[1:]
        roots = [mp.re(r) for r in mp.polyroots(crossing)] if len(crossing) > 1 else []
        ends = [-12, -5, 0, 5, 12, u - 12 * v, u - 5 * v, u, u + 5 * v, u + 12 * v, *roots]
        inside = sorted({e for e in ends if min(-12, u - 12 * v) <= e <= max(12, u + 12 * v)})
        expected = mp.quad(lambda x: term(mp.npdf(x), mp.npdf(x, u, v)), inside)
    what = f"{name}(N({m!r}, {s!r}), N({n!r}, {t!r}))"
    result = getattr(densities, name)(
        normal(m, s), normal(n, t), breakpoints=rng.choice([[], sorted({m, n})])
    )
    if abs(result.value.item() - expected) > result.error + 1e-13:
        raise WrongError(f"{what}: {result} for {mp.nstr(expected, 17)}")


def mixture(weight, first, second):
    return lambda x: torch.logaddexp(math.log1p(-weight) + first(x), math.log(weight) + second(x))


def far_mode_case(rng):
    """A mode of small mass where nothing is left of the rest, whose divergence is mass times distance."""
    weight, place = 10 ** rng.uniform(-30, -1), rng.choice([-1, 1]) * 10 ** rng.uniform(1.9, 6)
    width, unit = 10 ** rng.uniform(-1, 0.3), scale(rng, -6, 6)
    p = mixture(weight, normal(0, unit), normal(place * unit, width * unit))
    w, d, s = big(weight), big(place * unit) / big(unit), big(width * unit) / big(unit)
    expected = (1 - w) * mp.log(1 - w) + w * (mp.log(w) - mp.log(s) + (s**2 + d**2 - 1) / 2)
    what = f"kl_density(far mode {weight!r} at {place!r} of width {width!r}, unit {unit!r})"
    within(what, densities.kl_density(p, normal(0, unit)), expected)
    bounded = densities.jensen_shannon_density(p, normal(0, unit))
    a = 1 - w
    truth = (a * mp.log(2 * a / (1 + a)) + mp.log(2 / (1 + a)) + w * mp.log(2)) / 2
    if abs(bounded.value.item() - truth) > bounded.error + 1e-15:
        raise WrongError(f"JSD, {what}: {bounded} for {mp.nstr(truth, 17)}")


def hidden_spike_case(rng):
    """A spike on a heavy tail: found where it is named, else refused or inside the error."""
    weight, width, place = (
        10 ** rng.uniform(-10, -3),
        10 ** rng.uniform(-6, -3),
        rng.choice([-1, 1]) * scale(rng, 0, 4),
    )
    base = rng.choice([StudentT(number(3)).log_prob, Cauchy(number(0), number(1)).log_prob])
    p, named = mixture(weight, base, normal(place, width)), rng.random() < 0.5
    cuts = [place] if named else []
    what = f"spike {weight!r} at {place!r} of width {width!r}, named {named}"
    w = big(weight)
    truth = w * 1  # TV of the mixture from its base: the spike stands alone
    result = densities.total_variation_density(p, base, breakpoints=cuts)
    under = 20 * big(width) * w  # what the base has under the spike is not more
    if abs(result.value.item() - truth) > result.error + under + 1e-15:
        raise WrongError(f"TV, {what}: {result} for {mp.nstr(truth, 17)}")
    alone = weight / width > 1e5 * base(number(place).unsqueeze(0)).exp().item()
    if alone:
        found = densities.kl_density(p, base, breakpoints=cuts)
        height = (
            mp.log(w / width)
            - mp.log(2 * mp.pi) / 2
            - mp.mpf(1) / 2
            - big(base(number(place).unsqueeze(0))[0])
        )
        expected = w * height + (1 - w) * mp.log(1 - w)
        if abs(found.value.item() - expected) > found.error + 0.01 * abs(expected):
            raise WrongError(f"KL, {what}: {found} for {mp.nstr(expected, 17)}")


def closed_forms_case(rng):
    """Laws of other kinds whose divergence has a closed form."""
    a, b, unit = rng.uniform(0.3, 3), rng.uniform(0.3, 3), scale(rng)
    kind = rng.choice(["exponential", "cauchy", "laplace", "pareto", "power", "uniform"])
    ma, mb, support, cuts = big(a), big(b), densities.LINE, []
    if kind == "exponential":
        first, second = ((lambda x, r=r: math.log(r / unit) - r * x / unit) for r in (a, b))
        support, expected = (0.0, math.inf), mp.log(ma / mb) + mb / ma - 1
    elif kind == "cauchy":
        first, second = (Cauchy(number(0), number(r * unit)).log_prob for r in (a, b))
        expected = mp.log((ma + mb) ** 2 / (4 * ma * mb))
    elif kind == "laplace":
        first, second = (Laplace(number(0), number(r * unit)).log_prob for r in (a, b))
        expected = mp.log(mb / ma) + ma / mb - 1
    elif kind == "pareto":  # of the distance from 1, so that the end is 0
        first, second = ((lambda x, r=r: math.log(r) - (r + 1) * torch.log1p(x)) for r in (a, b))
        support, expected = (0.0, math.inf), mp.log(ma / mb) + mb / ma - 1
    elif kind == "power":
        first, second = ((lambda x, r=r: math.log(r) + (r - 1) * x.log()) for r in (a, b))
        support, expected = (0.0, 1.0), mp.log(ma / mb) + mb / ma - 1
    else:
        left, right = unit, unit * (1 + a)
        first = lambda x: torch.where((x > left) & (x < right), -math.log(right - left), -math.inf)  # noqa: E731 - a formula, not a step
        far = unit * (1 + a + b)
        second = lambda x: torch.where((x > left) & (x < far), -math.log(far - left), -math.inf)  # noqa: E731 - a formula, not a step
        support = rng.choice([(left, far), (0.0, math.inf), densities.LINE])
        cuts = [c for c in (left, right, far) if support[0] < c < support[1]]
        expected = mp.log((big(far) - big(left)) / (big(right) - big(left)))
    what = f"kl_density({kind} {a!r}, {b!r}, unit {unit!r}, {support}, {cuts})"
    within(what, densities.kl_density(first, second, support=support, breakpoints=cuts), expected)


# --- Transport ---


def quantile_case(rng):
    unit, kind = scale(rng), rng.choice(["two points", "uniform", "normal", "exponential", "pareto"])
    if kind == "two points":
        low, gap = rng.uniform(0.001, 0.9), 10 ** rng.uniform(-9, -1.1)
        high = low + gap
        first, second = ((lambda u, c=c: torch.where(u > c, unit, 0.0)) for c in (low, high))
        expected = big(unit) * (big(high) - big(low))
    elif kind == "uniform":
        a, b = rng.uniform(0, 2), rng.uniform(1, 3)
        first, second = (lambda u: unit * (100 + a * u)), (lambda u: unit * (100 + b * u))
        expected = abs(big(a) - big(b)) * big(unit) / 2
    elif kind == "normal":
        m, s, t = rng.gauss(0, 2), rng.uniform(0.5, 2), rng.uniform(0.5, 2)
        first, second = (
            Normal(number(0), number(s * unit)).icdf,
            Normal(number(m * unit), number(t * unit)).icdf,
        )
        d, e = abs(big(m * unit)), abs(big(s * unit) - big(t * unit))
        expected = e * mp.sqrt(2 / mp.pi) * mp.exp(-((d / e) ** 2) / 2) + d * mp.erf(d / e / mp.sqrt(2))
    elif kind == "exponential":
        a, b = rng.uniform(0.3, 3), rng.uniform(0.3, 3)
        first, second = ((lambda u, r=r: -unit * r * torch.log1p(-u)) for r in (a, b))
        expected = big(unit) * abs(big(a) - big(b))
    else:
        power = rng.choice([0.5, 0.9, 1.0, 1.02, 1.2, 1.5, 3.0])
        first, second = (lambda u: unit * (1 - u) ** (-1 / power)), torch.zeros_like
        expected = big(unit) * power / (big(power) - 1) if power > 1 else mp.inf
    what = f"wasserstein_1_quantile({kind}, unit {unit!r}, {expected})"
    result = densities.wasserstein_1_quantile(first, second)
    value = result.value.item()
    right = math.isinf(value) == bool(mp.isinf(expected))
    # a quantile is known to a few units of its last digits, which the error of the quadrature cannot see
    digits = 1e-12 * abs(expected) if not mp.isinf(expected) else 0
    if not right or (math.isfinite(value) and abs(value - expected) > result.error + digits):
        raise WrongError(f"{what}: {result}")


def line_case(rng):
    p, q, dtype = nasty_vectors(rng)
    unit = scale(rng)
    points = torch.tensor([unit * rng.gauss(0, 1) for _ in p], dtype=dtype)
    order = sorted(range(len(p)), key=lambda i: points[i].item())
    above, expected, reach = mp.mpf(0), mp.mpf(0), big(points.max()) - big(points.min())
    for i, j in pairwise(order):
        above += big(p[i]) - big(q[i])
        expected += abs(above) * (big(points[j]) - big(points[i]))
    atol = 16 * torch.finfo(dtype).eps * float(reach)
    what = f"wasserstein_1({p.tolist()}, {q.tolist()}, {points.tolist()})"
    close(what, transport.wasserstein_1(p, q, points), expected, rtol=0, atol=atol)
    bandwidth = unit * 10 ** rng.uniform(-1, 1)
    pairs = [(big(x) - big(y), big(z)) for x, y, z in zip(p, q, points, strict=True)]
    mmd = mp.fsum(a * b * mp.exp(-(((x - y) / big(bandwidth)) ** 2) / 2) for a, x in pairs for b, y in pairs)
    got = transport.squared_mmd(p, q, points, bandwidth=bandwidth)
    close(f"squared_mmd, {what}", got, mmd, rtol=0, atol=256 * torch.finfo(dtype).eps)


def gaussian_case(rng):
    dtype, unit = rng.choice(DTYPES), scale(rng)
    m, n = (torch.tensor(unit * rng.gauss(0, 3), dtype=dtype) for _ in range(2))
    s, t = (torch.tensor(unit * rng.choice([0, 1, rng.uniform(0.5, 2), 1e-6]), dtype=dtype) for _ in range(2))
    eps, what = torch.finfo(dtype).eps, f"({m.item()!r}, {s.item()!r}, {n.item()!r}, {t.item()!r}, {dtype})"
    d, e = abs(big(m) - big(n)), abs(big(s) - big(t))
    expected = (
        e * mp.sqrt(2 / mp.pi) * mp.exp(-((d / e) ** 2) / 2) + d * mp.erf(d / e / mp.sqrt(2)) if e else d
    )
    got = transport.wasserstein_1_gaussian(m, s, n, t)
    size = float(max(abs(big(x)) for x in (m, n, s, t)))
    close("wasserstein_1_gaussian" + what, got, expected, rtol=16 * eps, atol=4 * eps * size)
    v, w = s.square(), t.square()
    squared = (big(m) - big(n)) ** 2 + (mp.sqrt(big(v)) - mp.sqrt(big(w))) ** 2
    got = transport.frechet_gaussian(m.view(1), v.view(1, 1), n.view(1), w.view(1, 1))
    close(
        "frechet_gaussian" + what,
        got,
        squared,
        rtol=64 * eps,
        atol=64 * (eps * size) ** 2 + torch.finfo(dtype).tiny,
    )
    b = unit * 10 ** rng.uniform(-1, 1)

    def kernel(d, total):
        return mp.exp(-(d**2) / (2 * (big(b) ** 2 + total))) / mp.sqrt(1 + total / big(b) ** 2)

    mmd = kernel(0, 2 * big(v)) + kernel(0, 2 * big(w)) - 2 * kernel(big(m) - big(n), big(v) + big(w))
    got = transport.squared_mmd_gaussian(m.view(1), v.view(1, 1), n.view(1), w.view(1, 1), bandwidth=b)
    close("squared_mmd_gaussian" + what, got, mmd, rtol=0, atol=1e4 * eps)


def samples_case(rng):
    unit, dtype = scale(rng), rng.choice(DTYPES)
    x, y = (
        torch.tensor([unit * rng.gauss(0, 1) for _ in range(rng.randint(1, 5))], dtype=dtype)
        for _ in range(2)
    )
    n, m = len(x), len(y)
    a, b = sorted(big(z) for z in x), sorted(big(z) for z in y)
    levels = sorted({mp.mpf(i) / n for i in range(n + 1)} | {mp.mpf(j) / m for j in range(m + 1)})
    expected = mp.fsum(
        abs(a[int((lo + hi) / 2 * n)] - b[int((lo + hi) / 2 * m)]) * (hi - lo) for lo, hi in pairwise(levels)
    )
    size = float(max(map(abs, [*a, *b])))
    what = f"empirical_wasserstein_1({x.tolist()}, {y.tolist()})"
    close(
        what,
        transport.empirical_wasserstein_1(x, y),
        expected,
        rtol=0,
        atol=32 * torch.finfo(dtype).eps * size,
    )


FAMILIES = {  # name: (case, how many at share 1)
    "softplus": (softplus_case, 300),
    "losses": (loss_case, 300),
    "divergences": (divergence_case, 500),
    "f-divergences": (f_divergence_case, 350),
    "Bayes risks": (bayes_case, 150),
    "best discriminator": (discriminator_case, 150),
    "normal densities": (normals_case, 250),
    "bounded divergences": (bounded_case, 60),
    "far modes": (far_mode_case, 120),
    "hidden spikes": (hidden_spike_case, 80),
    "closed forms": (closed_forms_case, 150),
    "quantiles": (quantile_case, 150),
    "laws on the line": (line_case, 150),
    "Gaussians": (gaussian_case, 150),
    "samples": (samples_case, 80),
}


def named_refusal(error):
    if not re.match(r"`\w+`", str(error)):
        raise WrongError(f"a refusal that names no argument: {error}") from error


def run(seed, share=1.0, report=None):
    """The counts of each family and what was wrong: {name: Counter}, [(family, number of the case, what)]."""
    counts, wrong = {}, []
    for name, (case, number_of_cases) in FAMILIES.items():
        counts[name] = collections.Counter()
        for i in range(max(1, round(share * number_of_cases))):
            rng = random.Random(f"{seed} {name} {i}")
            try:
                with mp.workdps(60):
                    case(rng)
                counts[name]["right"] += 1
            except WrongError as error:
                wrong.append((name, i, str(error)))
                counts[name]["wrong"] += 1
            except ValueError as error:
                try:
                    named_refusal(error)
                    counts[name]["refused"] += 1
                except WrongError as unnamed:
                    wrong.append((name, i, str(unnamed)))
                    counts[name]["wrong"] += 1
            except Exception as error:
                wrong.append((name, i, f"{type(error).__name__}: {error}"))
                counts[name]["wrong"] += 1
        if report:
            report(name, counts[name])
    return counts, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of cases")
    parser.add_argument("--show", type=int, default=20, help="how many wrong values to write out")
    options = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)

    def report(name, count):
        print(
            f"{name:22}{count['right']:6} right{count['refused']:5} refused{count['wrong']:5} wrong",
            flush=True,
        )

    counts, wrong = run(options.seed, options.share, report)
    sums = sum(counts.values(), collections.Counter())
    print(
        f"{sums.total()} cases with seed {options.seed}: "
        f"{sums['refused']} refused by name, {sums['wrong']} wrong"
    )
    for name, i, what in wrong[: options.show]:
        print(f"\n{name} {i}: {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
