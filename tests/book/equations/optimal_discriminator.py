"""What the chapter on the optimal discriminator claims: each equation, as printed, against another source."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import Any

import mpmath
import numpy as np
import torch

from equations import Equation, proved
from equations.oracles import entropies, entropy, information, jsd, kl, least, of_laws, only, pairs, vector
from equations.reading import holds, strictly, touches
from ganlab import divergences


def points(count: int = 20) -> Iterator[dict[str, Any]]:
    """Two densities at a point and an answer there, with the value that the package gives to all three.

    The package wants probability vectors: a second outcome takes the rest of the mass, and its share of the
    value is taken off.
    """
    random = Random(0)
    for _ in range(count):
        size = random.choice([1, 1, 1e-6])  # densities may be as small as one likes
        p, q = (mpmath.mpf(random.uniform(0.05, 0.9) * size) for _ in range(2))
        yield {"p": p, "q": q, "D": mpmath.mpf(random.uniform(0.05, 0.95)), "x": 0}


def pointwise(p: Any, q: Any, d: Any) -> float:
    """What the first of two outcomes adds to the package's value."""
    laws = [torch.tensor([float(x), 1 - float(x)], dtype=torch.float64) for x in (p, q)]
    whole = divergences.value(*laws, torch.tensor([float(d), 0.5], dtype=torch.float64))
    return float(whole + (laws[0][1] + laws[1][1]) * np.log(2))


def games(count: int = 3) -> Iterator[dict[str, Any]]:
    """Pairs of laws on four outcomes and random answers, as laws to average over and as the vectors p and q.

    Where neither law has mass, the best answer is any: 0.3.
    """
    rng = np.random.default_rng(1)
    for p, q in pairs(count):
        d = rng.uniform(0.05, 0.95, 4)
        middle = (p + q) / 2
        best = np.divide(p, 2 * middle, out=np.full(4, 0.3), where=middle > 0)
        yield {
            "vectors": (p, q, d),
            "best": best,
            "p_data": list(zip(p.tolist(), range(4), strict=True)),
            "p_g": list(zip(q.tolist(), range(4), strict=True)),
            "m": list(zip(middle.tolist(), range(4), strict=True)),
            "D": lambda x, d=d: mpmath.mpf(d[x]),
            "D*": lambda x, best=best: mpmath.mpf(best[x]),
            "G": object(),
        }


def value_of(p: Any, q: Any, d: Any) -> float:
    """The package's value."""
    return float(divergences.value(*(torch.from_numpy(vector(x)) for x in (p, q, d))))


def the_value_over_samples(latex: str) -> bool:
    """Against the package's value of probability vectors."""
    for game in games():
        assert holds(latex, **game, V=only(value_of(*game["vectors"]), game["D"], game["G"]))
    return True


def the_value_at_a_point(latex: str) -> bool:
    """Against the package's value of one outcome; the slope by differences of it in forty digits."""
    for point in points():
        p, q = point["p"], point["q"]
        assert abs(pointwise(p, q, point["D"]) - float(_integrand(p, q, point["D"]))) < 1e-9
        with mpmath.workdps(40):
            assert holds(latex, **point, V_x=lambda d, p=p, q=q: _integrand(p, q, d))
    return proved("optimal_discriminator")


def _integrand(p: Any, q: Any, d: Any) -> Any:
    return p * mpmath.log(d) + q * mpmath.log(1 - d)


def the_best_answer(latex: str) -> bool:
    """Against the answer at which the slope of the value falls through zero, where there is mass."""
    for game in games():
        p, q, _ = game["vectors"]
        laws = {"p_data": p.__getitem__, "p_g": q.__getitem__}
        for x in np.flatnonzero(p + q).tolist():
            found = _falls_through_zero(lambda d, p=p[x], q=q[x]: p / d - q / (1 - d))
            assert holds(latex, x=x, **laws, **{"D*": only(found, x)})
    return proved("optimal_discriminator") and proved("off_support")


def _falls_through_zero(slope: Any) -> float:
    """The answer up to which the slope is positive, by halving the unit interval."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if 0 < middle < 1 and slope(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def the_posterior(latex: str) -> bool:
    """Against the normalised column of the joint table, for several shares of real samples."""
    for game in games(5):
        p, q, _ = game["vectors"]
        for share in (0.1, 0.5, 0.75):
            joint = np.stack([(1 - share) * q, share * p])
            laws = {"p_data": p.__getitem__, "p_g": q.__getitem__}
            for x in np.flatnonzero(p + q).tolist():
                given = joint[:, x] / joint[:, x].sum()
                at = {"P": lambda y, z, given=given, x=x: given[int(y)] if z == x else math.nan}
                assert holds(latex, x=x, pi=share, **at, **laws)
    return True


def the_ratio_from_the_posterior(latex: str) -> bool:
    """From the normalised columns of the joint table back to the two laws, in fifty digits."""
    for game in games(5):
        p, q, _ = game["vectors"]
        laws = {"p_data": p.__getitem__, "p_g": q.__getitem__}
        for share in (mpmath.mpf(1) / 10, mpmath.mpf(1) / 2, mpmath.mpf(3) / 4):
            for x in np.flatnonzero(p * q).tolist():
                with mpmath.workdps(50):
                    column = (1 - share) * mpmath.mpf(q[x]), share * mpmath.mpf(p[x])
                    given = [weight / sum(column) for weight in column]
                    at = {"P": lambda y, z, given=given, x=x: given[int(y)] if z == x else math.nan}
                    assert holds(latex, x=x, pi=share, **at, **laws)
    return proved("posterior_odds")


def the_sum_of_mean_answers(latex: str) -> bool:
    """With the answers at which the slope of the value falls through zero."""
    for game in games():
        p, q, _ = game["vectors"]
        best = [
            _falls_through_zero(lambda d, p=a, q=b: p / d - q / (1 - d)) for a, b in zip(p, q, strict=True)
        ]
        assert holds(latex, p_data=game["p_data"], p_g=game["p_g"], **{"D*": lambda x, best=best: best[x]})
    return proved("mean_answers")


def the_density_ratio(latex: str) -> bool:
    """With the package's best discriminator and its logit, for random densities."""
    for point in points():
        best = divergences.optimal_discriminator(float(point["p"]), float(point["q"]))
        at = {
            "p_data": lambda x, p=point["p"]: p,
            "p_g": lambda x, q=point["q"]: q,
            "D*": lambda x, best=best: float(best),
            "a*": lambda x, best=best: float(best.logit()),
        }
        assert holds(latex, x=0, **at)
    return proved("optimal_discriminator") and proved("logistic_risk")


def the_value_at_the_best(latex: str) -> bool:
    """Against a search over all discriminators."""
    for game in games():
        p, q, _ = game["vectors"]
        answers = {
            "V": lambda d, g, p=p, q=q, game=game: value_of(p, q, d) if g is game["G"] else math.nan,
            "max": lambda value: -least(lambda d: -value(d), 4),
            "D*": game["best"],
        }
        assert holds(latex, p_data=p, p_g=q, G=game["G"], JSD=jsd, **answers)
    return proved("value_at_optimum")


def the_regret(latex: str) -> bool:
    """With the package's values: nothing is lost by the best discriminator, and something by another."""
    for game in games():
        p, q, d = game["vectors"]
        nothing = game | {"D": lambda x, best=game["best"]: best[x]}
        for judge, at, answers in ((strictly, game, d), (touches, nothing, game["best"])):
            values = {at["D*"]: value_of(p, q, game["best"]), at["D"]: value_of(p, q, answers)}
            known = {"V": lambda d, g, values=values, G=at["G"]: values[d] if g is G else math.nan}
            assert judge(latex, **at, **known, kl=lambda s, t: kl([s, 1 - s], [t, 1 - t]))
    return proved("value_lower_bound")


def tv(p: Any, q: Any) -> float:
    """The total variation, as the largest difference in the probability of an event, over all events."""
    difference = vector(p) - vector(q)
    events = [[bool(number >> i & 1) for i in range(len(p))] for number in range(2 ** len(p))]
    return max(abs(float(difference[event].sum())) for event in events)


def the_certificate(latex: str) -> bool:
    """An equality for the best discriminator, and for no other."""
    for game in games():
        p, q, d = game["vectors"]
        for judge, answers in ((strictly, d), (touches, game["best"])):
            value = value_of(p, q, answers)
            known = {"V": only(value, game["D"], game["G"]), "L_D": -value, "JSD": jsd}
            assert judge(latex, **(game | known | {"p_data": p, "p_g": q}))
    return proved("value_lower_bound")


def the_accuracy(latex: str) -> bool:
    """Counting right answers: an equality if real is said where there is more of it, strict if not."""
    for game in games():
        p, q, d = game["vectors"]
        for said_real in (d > 0.5, p > q, np.full(4, True)):
            accuracy = float(p[said_real].sum() + q[~said_real].sum()) / 2
            best = np.all(np.where(said_real, p >= q, q >= p))
            known = {"p_data": p, "p_g": q, "TV": tv, "A": only(accuracy, game["D"])}
            assert (touches if best else strictly)(latex, **(game | known))
    return proved("accuracy_bound")


def the_bounds_by_total_variation(latex: str) -> bool:
    """The lower bound is reached by coins that mirror each other, the upper one if p is q or one of them 0.

    For laws that are equal or do not meet both are; for the other pairs neither is.
    """
    known = {"TV": tv, "JSD": jsd, "h": lambda d: entropy([float(d), float(1 - d)])}
    for p, q in pairs():
        apart = not p @ q
        assert (touches if apart or (p == q).all() else strictly)(latex, p=p, q=q, **known)
    for share in (0.0, 0.1, 0.3, 0.5, 0.9):
        coin = np.array([share, 1 - share])
        assert touches(latex, 0, p=coin, q=coin[::-1], **known)
        assert touches(
            latex, 1, p=np.array([share, 1 - share, 0]), q=np.array([share, 0, 1 - share]), **known
        )
    return proved("fano_bound") and proved("overlap_bound")


def the_envelope(latex: str) -> bool:
    """For families with one parameter, by differences in forty digits of both sides."""

    def softmax(scores: Any) -> list[Any]:
        weights = [mpmath.exp(score) for score in scores]
        return [weight / sum(weights) for weight in weights]

    rng = np.random.default_rng(6)
    with mpmath.workdps(40):
        for _ in range(4):
            base, way, data = ([mpmath.mpf(x) for x in row] for row in rng.normal(size=(3, 4)))
            at, p = mpmath.mpf(rng.normal()), softmax(data)

            def family(theta: Any, base: Any = base, way: Any = way) -> list[Any]:
                return softmax([b + theta * w for b, w in zip(base, way, strict=True)])

            def value(d: Any, q: Any, p: Any = p) -> Any:
                return sum(_integrand(*three) for three in zip(p, q, d, strict=True))

            best = [a / (a + b) for a, b in zip(p, family(at), strict=True)]
            known = {"V": value, "JSD": _precise_jsd, "D*": best, "p_data": p, "G": family, "q": family}
            assert holds(latex, theta=at, **known)
    return proved("envelope_theorem")


def _precise_jsd(p: Any, q: Any) -> Any:
    """The divergence as a mean of entropies, in the precision of its arguments."""

    def entropy_of(law: Any) -> Any:
        return -sum(x * mpmath.log(x) for x in law)

    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return entropy_of(middle) - (entropy_of(p) + entropy_of(q)) / 2


def the_step(latex: str) -> bool:
    """For random steps and discriminators: regrets as mean divergences of coins; one law with a hole."""
    rng = np.random.default_rng(5)
    for number in range(10):
        p, before, after = rng.dirichlet(np.ones(4), 3)
        if number % 2:
            after = np.append(after[:3] / after[:3].sum(), 0.0)
        d = rng.uniform(0.05, 0.95, 4)
        env = {"p": p, "q_0": before, "q_1": after, "JSD": of_laws(jsd)}
        for i, q in enumerate((before, after)):
            best = p / (p + q)
            coins = [kl([s, 1 - s], [t, 1 - t]) for s, t in zip(best, d, strict=True)]
            env[f"V_{i}"] = float(p @ np.log(d) + q @ np.log(1 - d))
            env[f"R_{i}"] = float((p + q) @ coins)
        assert holds(latex, **env)
    return proved("divergence_after_a_step")


def the_bounds(latex: str) -> bool:
    """Zero for equal laws, log 2 for disjoint ones, and strictly between for all others."""
    for p, q in pairs():
        if (p == q).all():
            assert touches(latex, 0, p=p, q=q, JSD=jsd)
        elif not p @ q:
            assert touches(latex, 1, p=p, q=q, JSD=jsd)
        else:
            assert strictly(latex, p=p, q=q, JSD=jsd)
    return proved("jensen_shannon_bounds")


def the_processing(latex: str) -> bool:
    """An equality where nothing that tells the two apart is merged, and strict where it is."""
    rng = np.random.default_rng(7)
    merged = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    for _ in range(5):
        p, q = rng.dirichlet(np.ones(4), 2)
        same = np.array([p[0], p[0] * q[1] / q[0], p[2], p[3]])  # the first two outcomes have one ratio
        same /= same.sum()
        for judge, way, law in (
            (touches, np.eye(4)[rng.permutation(4)], p),
            (touches, merged, same),
            (strictly, merged, p),
            (strictly, rng.dirichlet(np.ones(5), 4).T, p),
            (strictly, np.ones((1, 4)), p),
            (touches, rng.dirichlet(np.ones(5), 4).T, q),
        ):
            env = {"p": law, "q": q, "p_T": way @ law, "q_T": way @ q}
            assert judge(latex, **env, JSD=jsd)
    return proved("data_processing")


def the_information(latex: str) -> bool:
    """With the entropies of the joint table of label and sample, from their definitions."""
    for game in games():
        p, q, _ = game["vectors"]
        joint = np.stack([q, p]) / 2
        told = float(divergences.mutual_information(torch.from_numpy(joint)))
        known = {"JSD": jsd, "I": information(told), "H": entropies(joint), "X": "X", "Y": "Y"}
        assert holds(latex, p_data=p, p_g=q, **known)
    return proved("mutual_information")


def the_past(latex: str) -> bool:
    """An equality if all generators have one distribution, and strict if they have several."""

    def distance(p: Any, q: Any) -> float:
        return of_laws(jsd)(list(p), list(q))

    rng = np.random.default_rng(8)
    for count in (2, 5):
        p, *past = rng.dirichlet(np.ones(4), count + 1)
        for judge, laws in ((strictly, past), (touches, [past[0]] * count)):
            env = {"q": [mpmath.matrix(law) for law in laws], "bar q": mpmath.matrix(np.mean(laws, 0))}
            assert judge(latex, p=p, n=count, JSD=distance, **env)
    return proved("past_generators")


def the_incentive(latex: str) -> bool:
    """Where the integrand is written with SciPy's relative entropy of numbers, p log(p/m) - p + m."""
    from scipy.special import kl_div

    def integrand(p: Any, q: Any) -> Any:
        middle = (p + q) / 2
        plain = (p * mpmath.log(p / middle) + q * mpmath.log(q / middle)) / 2
        known = (kl_div(float(p), float(middle)) + kl_div(float(q), float(middle))) / 2
        assert abs(plain - known) < 1e-12
        return plain

    for point in points():
        with mpmath.workdps(40):
            assert holds(latex, p=point["p"], q=point["q"], jsd=integrand)
    return proved("jensen_shannon_bounds")


def disjoint_points(latex: str) -> bool:
    """For two points on a grid: the distance is the area between the two distribution functions."""
    places = np.arange(-20, 21) / 4
    for theta in (-4.0, 0.25, 3.0):
        laws = {"delta_0": (places == 0).astype(float), "delta_theta": (places == theta).astype(float)}

        def distance(p: Any, q: Any) -> float:
            return float(np.abs((vector(p) - vector(q)).cumsum()).sum() / 4)

        assert holds(latex, theta=theta, JSD=jsd, W_1=distance, **laws)
    return proved("parallel_lines")


QUIZ = {
    "posterior": lambda: mpmath.mpf("0.3") / (mpmath.mpf("0.3") + mpmath.mpf("0.1")),
    "from-value": lambda: (mpmath.log(4) - 1) / 2,
    "loss-of-a-half": lambda: mpmath.log(2) - mpmath.mpf("0.8") / 2,
    "from-accuracy": lambda: 2 * mpmath.mpf("0.9") - 1,
}


def _normal_laws(distance: Any) -> Any:
    """The divergence of two normal laws of variance 1, by mpmath's quadrature."""

    def density(x: Any, mean: int) -> Any:
        return mpmath.npdf(x, mean, 1)

    def term(x: Any) -> Any:
        p, q = density(x, 0), density(x, distance)
        return (p * mpmath.log(2 * p / (p + q)) + q * mpmath.log(2 * q / (p + q))) / 2

    return mpmath.quad(term, [-12, -4, 0, distance, 4 + distance, 12 + distance])


def _merged() -> list[Any]:
    p, q = np.array([0.5, 0.5, 0]), np.array([0.25, 0.25, 0.5])
    assert math.isclose(jsd(p, q), jsd([1, 0], [0.5, 0.5]))
    return [jsd(p, q), 2 * jsd(p, q), jsd(p, q) / np.log(2), kl(p, q)]


def _weighted() -> list[Any]:
    """At rest the weight times (1 - 0.73) is 0.54, to the two decimals of the log."""
    real, fake = mpmath.mpf("0.73"), mpmath.mpf("0.54")
    return [fake / (1 - real), (1 - real) / fake, real / fake, real + fake]


def _kept() -> list[Any]:
    """The certificates of rows of the log: the best, that of training points, the last, twice, the row."""
    best, seen, last, row = (mpmath.log(2) - mpmath.mpf(x) / 2 for x in ("1.33", "0.45", "3.95", "0.98"))
    return [best, seen, last, 2 * best, row]


def _noisy() -> list[Any]:
    answer = _normal_laws(mpmath.sqrt(2))
    return [answer, _normal_laws(2), _normal_laws(1), answer / mpmath.log(2)]


def _two_ends() -> list[Any]:
    """Each end as the divergence of a pair that reaches it; then the entropy, bits, and a coin not halved."""
    low, high = jsd([0.8, 0.2], [0.2, 0.8]), jsd([0.4, 0.6, 0], [0.4, 0, 0.6])
    assert np.isclose([tv([0.8, 0.2], [0.2, 0.8]), tv([0.4, 0.6, 0], [0.4, 0, 0.6])], 0.6).all()
    fair, biased = (entropy([x, 1 - x]) for x in (0.2, 0.4))
    return [low, high, fair, low / np.log(2), np.log(2) - biased]


def _held() -> list[Any]:
    """The slope of twice the divergence by differences; turned, halved, of the other loss, in bits."""

    def twice(t: Any) -> Any:
        mass = [(mpmath.mpf(1) / 2, q) for q in (t, 1 - t)]
        return mpmath.fsum(a * mpmath.log(2 * a / (a + q)) + q * mpmath.log(2 * q / (a + q)) for a, q in mass)

    slope, (first, second) = mpmath.diff(twice, mpmath.mpf(1) / 4), (mpmath.mpf(2) / 3, mpmath.mpf(2) / 5)
    return [slope, -slope, slope / 2, mpmath.log(second / first), slope / mpmath.log(2)]


def _wrong_side() -> list[Any]:
    """By definition the change of the regret; then of the value, of twice the divergence, and slips."""
    answers, steps = [0.3, 0.6], ([0.25, 0.75], [0.125, 0.875])

    def value(q: list[float]) -> float:
        return math.fsum(math.log(d) / 2 + b * math.log(1 - d) for b, d in zip(q, answers, strict=True))

    def regret(q: list[float]) -> float:
        shares = [(0.5 + b, 0.5 / (0.5 + b), d) for b, d in zip(q, answers, strict=True)]
        return math.fsum(mass * kl([best, 1 - best], [d, 1 - d]) for mass, best, d in shares)

    of_regret, of_value = (rule(steps[1]) - rule(steps[0]) for rule in (regret, value))
    moved = 2 * (jsd([0.5, 0.5], steps[1]) - jsd([0.5, 0.5], steps[0]))
    return [of_regret, of_value, moved, moved / 2 - of_value, moved + of_value]


def _mended_scale() -> list[Any]:
    """What three times the best logits of N(0, 1) and N(2, 1) certify less than the best ones; slips."""

    def price(x: Any) -> Any:
        return mpmath.npdf(x) * mpmath.log1p(mpmath.exp(-3 * (2 - 2 * x)))

    before = mpmath.log(2) - mpmath.quad(price, [-12, -4, 0, 1, 4, 12])  # both kinds cost the same
    after = _normal_laws(2)
    return [after - before, after, before, before - after]


EXERCISES = {
    "1": lambda: [
        -mpmath.log(2),
        (mpmath.log(4) - mpmath.log(2)) / 2,
        mpmath.log(2),
        -mpmath.log(4),
        -mpmath.log(2) / 2,
        -1,
    ],
    "2": _two_ends,
    "4": _merged,
    "6": _weighted,
    "7": _kept,
    "8": lambda: [mpmath.log(3), mpmath.mpf(3) / 4, 3, mpmath.log(4), -mpmath.log(3)],
    "9": lambda: [11, 1, 5, 6, 12],
    "10": _held,
    "11": _noisy,
    "12": _mended_scale,
    "13": _wrong_side,
}


def _certified() -> list[Any]:
    """By the losses on training points and on fresh ones: each certificate, and their mean."""
    seen, fresh = (mpmath.log(2) - mpmath.mpf(loss) / 2 for loss in ("0.1", "2.5"))
    assert fresh < 0 < seen
    return [seen, (seen + fresh) / 2]


SAID = {
    "by-heart": _certified,
    "from-value": lambda: [4],
    "from-accuracy": lambda: [90 / 100, 1 / 2],
    "exercise 1": lambda: [4],
    "exercise 6": lambda: [1, 2],
    "exercise 8": lambda: [3, 4],
    "exercise 11": lambda: [2, 1],
}


EQUATIONS = [
    Equation(
        "opt-value",
        r"V(D, G) = \mathbb{E}_{x \sim p_{\text{data}}}[\log D(x)] + \mathbb{E}_{x \sim p_g}[\log(1 - D(x))]",
        the_value_over_samples,
    ),
    Equation(
        "opt-pointwise",
        r"""
        V_x(D) = p \log D + q \log(1 - D), \qquad
        \frac{\partial}{\partial D} V_x(D) = \frac{p - (p + q) D}{(1 - D) D}
        """,
        the_value_at_a_point,
    ),
    Equation(
        "opt-concave",
        r"\frac{\partial^2}{\partial D^2} V_x(D) = -\frac{p}{D^{2}} - \frac{q}{(1 - D)^{2}} < 0",
        the_value_at_a_point,
        {
            r"\frac{\partial^2}{\partial D^2}V_x(D) = - \frac{p}{D^{2}} - \frac{q}{(1 - D)^{2}} < 0.01": (
                "weaker, and so true: zero is approached as both densities vanish, and never reached"
            ),
            r"\frac{\partial^2}{\partial D^2}V_x(D) = - \frac{p}{D^{2}} - \frac{q}{(1 - D)^{2}} \le 0": (
                "weaker, and so true"
            ),
        },
    ),
    Equation(
        "opt-best",
        r"D^{*}(x) = \frac{p_{\text{data}}(x)}{p_{\text{data}}(x) + p_g(x)}",
        the_best_answer,
    ),
    Equation(
        "opt-posterior",
        r"P(1 \mid x) = \frac{\pi \, p_{\text{data}}(x)}{\pi \, p_{\text{data}}(x) + (1 - \pi) \, p_g(x)}",
        the_posterior,
    ),
    Equation(
        "opt-prior",
        r"\frac{p_{\text{data}}(x)}{p_g(x)} = \frac{P(1 \mid x)}{1 - P(1 \mid x)} \cdot \frac{1 - \pi}{\pi}",
        the_ratio_from_the_posterior,
    ),
    Equation(
        "opt-sum",
        r"\mathbb{E}_{x \sim p_{\text{data}}}[D^{*}(x)] + \mathbb{E}_{x \sim p_g}[D^{*}(x)] = 1",
        the_sum_of_mean_answers,
    ),
    Equation(
        "opt-ratio",
        r"""
        \frac{D^{*}(x)}{1 - D^{*}(x)} = \frac{p_{\text{data}}(x)}{p_g(x)}, \qquad
        a^{*}(x) = \log \frac{p_{\text{data}}(x)}{p_g(x)}
        """,
        the_density_ratio,
    ),
    Equation(
        "opt-theorem",
        r"\max_{D} V(D, G) = V(D^{*}, G) = -\log 4 + 2 \, \mathrm{JSD}(p_{\text{data}}, p_g)",
        the_value_at_the_best,
    ),
    Equation(
        "opt-regret",
        r"V(D^{*}, G) - V(D, G) = 2 \, \mathbb{E}_{x \sim m}[\mathrm{kl}(D^{*}(x), D(x))] \ge 0",
        the_regret,
    ),
    Equation(
        "opt-certificate",
        r"\log 2 - \frac{1}{2} L_D = \frac{1}{2} V(D, G) + \log 2 \le \mathrm{JSD}(p_{\text{data}}, p_g)",
        the_certificate,
    ),
    Equation(
        "opt-accuracy",
        r"A(D) \le \frac{1}{2} + \frac{1}{2} \mathrm{TV}(p_{\text{data}}, p_g)",
        the_accuracy,
    ),
    Equation(
        "opt-tv",
        r"\log 2 - h(\tfrac{1}{2} (1 - \mathrm{TV}(p, q))) \le \mathrm{JSD}(p, q)"
        r" \le \mathrm{TV}(p, q) \log 2",
        the_bounds_by_total_variation,
        {
            r"\log 2 - h(\tfrac{1}{2}(1 + \mathrm{TV}(p , q))) \le \mathrm{JSD}(p , q)"
            r" \le \mathrm{TV}(p , q)\log 2": "a coin and the coin turned over have the same entropy",
        },
    ),
    Equation(
        "opt-envelope",
        r"\frac{\partial}{\partial \theta} V(D^{*}, G_\theta)"
        r" = \frac{\partial}{\partial \theta} 2 \, \mathrm{JSD}(p_{\text{data}}, q_\theta)",
        the_envelope,
    ),
    Equation("opt-processing", r"\mathrm{JSD}(p_T, q_T) \le \mathrm{JSD}(p, q)", the_processing),
    Equation(
        "opt-past",
        r"""
        \mathrm{JSD}(p, \bar{q}) \le \frac{1}{n} \sum_{i=1}^{n} \mathrm{JSD}(p, q_i), \qquad
        \bar{q} = \frac{1}{n} \sum_{i=1}^{n} q_i
        """,
        the_past,
    ),
    Equation(
        "opt-step",
        r"2 \, \mathrm{JSD}(p, q_1) - 2 \, \mathrm{JSD}(p, q_0) = (V_1 - V_0) + (R_1 - R_0)",
        the_step,
    ),
    Equation("opt-bounds", r"0 \le \mathrm{JSD}(p, q) \le \log 2", the_bounds),
    Equation(
        "opt-information",
        r"\mathrm{JSD}(p_{\text{data}}, p_g) = I(X; Y) = H(Y) - H(Y \mid X)",
        the_information,
    ),
    Equation(
        "opt-incentive",
        r"""
        \mathrm{jsd}(p, q) = \frac{p}{2} \log \frac{2 p}{p + q} + \frac{q}{2} \log \frac{2 q}{p + q}, \qquad
        \frac{\partial}{\partial q} \mathrm{jsd}(p, q) = \frac{1}{2} \log \frac{2 q}{p + q}
        """,
        the_incentive,
    ),
    Equation(
        "opt-disjoint",
        r"\mathrm{JSD}(\delta_{0}, \delta_{\theta}) = \log 2,"
        r" \qquad W_{1}(\delta_{0}, \delta_{\theta}) = |\theta|",
        disjoint_points,
    ),
]
