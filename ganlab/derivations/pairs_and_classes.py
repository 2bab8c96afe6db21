"""Samples with classes: what a pair adds to a sample, the form of its best score, a classifier's bias."""

from __future__ import annotations

from sympy import Derivative, Symbol, exp, log

from .derivation import Definition, Derivation, Step
from .statements import Term, define, equal, inside

__all__ = [
    "bias_of_a_classifier",
    "divergence_of_pairs",
    "log_ratio_of_pairs",
    "projection_score",
    "rest_of_a_classifier",
]

_a, _b = Symbol("a", real=True), Symbol("b", real=True)
_weight = Symbol("lambda", positive=True)
_COINS = r"the data go to the own mode with the share $a$, the generator with $b$, both between 0 and 1"
_SHARED = r"at a shared mode the classifier costs $\lambda \log 2$, at the own mode nothing"


def divergence_of_pairs() -> Derivation:
    """The Jensen-Shannon divergence of pairs: that of the samples, and what is left of the class.

    Source: the derivation is ours, after Gong et al. 2019 [gong2019].

    >>> divergence_of_pairs().check()
    True
    """
    p1, p2, q1, q2 = (Symbol(name, positive=True) for name in ("p_1", "p_2", "q_1", "q_2"))
    g = define("g", lambda u: -u * log(u))
    j = define("j", lambda u, v: u * log(2 * u / (u + v)) / 2 + v * log(2 * v / (u + v)) / 2)
    left = define("k", lambda u, v: -u * log(u / (u + v)) - v * log(v / (u + v)))
    middle = (p1 + q1) / 2, (p2 + q2) / 2
    return Derivation(
        name="The divergence of pairs",
        claim=equal(
            j(p1, q1) + j(p2, q2), j(p1 + p2, q1 + q2) + left(*middle) - left(p1, p2) / 2 - left(q1, q2) / 2
        ),
        assumptions=(
            r"$p_y = p(x, y)$ and $q_y = q(x, y)$ at a sample $x$, for two classes $y$",
            r"masses $u$ and $v$ add $j(u, v)$ to a Jensen-Shannon divergence",
            r"$k(u, v)$ is what two classes of the masses $u$ and $v$ add to $H(Y \mid X)$",
        ),
        lines=(
            Definition(equal(g(p1), -p1 * log(p1)), "What a mass adds to an entropy"),
            Step(
                equal(j(p1, q1), g(middle[0]) - g(p1) / 2 - g(q1) / 2),
                "A divergence is the entropy of the mixture less the mean of two",
            ),
            Definition(equal(left(p1, p2), left(p1, p2).args[1]), "What is left of the class"),
            Step(
                equal(left(p1, p2), g(p1) + g(p2) - g(p1 + p2)),
                "is the entropy of the pair less that of the sample",
            ),
        ),
        source="own derivation, after Gong et al. 2019 [gong2019]",
    )


def log_ratio_of_pairs() -> Derivation:
    """The log-ratio of joint densities: that of the samples and that of two classifiers.

    Source: Miyato & Koyama 2018, sec. 3 [miyato2018cgans].

    >>> log_ratio_of_pairs().check()
    True
    """
    joint_p, joint_q, p, q = (Symbol(name, positive=True) for name in ("P", "Q", "p", "q"))
    of_data, of_samples = Term("P_{y|x}", joint_p / p), Term("Q_{y|x}", joint_q / q)
    return Derivation(
        name="The log-ratio of pairs",
        claim=equal(log(joint_p / joint_q), log(p / q) + log(of_data / of_samples)),
        assumptions=(
            r"$P$ and $Q$ are the densities of a pair, real and generated, $p$ and $q$ those of its sample",
        ),
        lines=(
            Definition(equal(of_data, joint_p / p), "The probability of the class, given the sample"),
            Step(equal(log(joint_p / joint_q), log(joint_p) - log(joint_q)), "The logarithm of a quotient"),
            Definition(equal(of_samples, joint_q / q), "The same for generated pairs"),
            Step(
                equal(log(of_data / of_samples), log(joint_p) - log(joint_q) - (log(p) - log(q))),
                "The two classifiers lack what the sample tells",
            ),
        ),
        source="Miyato & Koyama 2018, sec. 3 [miyato2018cgans]",
    )


def projection_score() -> Derivation:
    """The best score of a pair, if both classifiers are linear with a softmax: linear in the features.

    Source: Miyato & Koyama 2018, sec. 3 [miyato2018cgans].

    >>> projection_score().check()
    True
    """
    p, q, norm_p, norm_q = (Symbol(name, positive=True) for name in ("p", "q", "Z_p", "Z_q"))
    f1, f2, a1, a2, b1, b2 = (
        Symbol(name, real=True) for name in ("phi_1", "phi_2", "a_1", "a_2", "b_1", "b_2")
    )
    of_data = Term("P_{y|x}", exp(a1 * f1 + a2 * f2) / norm_p)
    of_samples = Term("Q_{y|x}", exp(b1 * f1 + b2 * f2) / norm_q)
    v1, v2 = Term("v_1", a1 - b1), Term("v_2", a2 - b2)
    free = Term(r"\psi", log(p / q) - log(norm_p / norm_q))
    best = Term("f^*", log(p / q) + log(of_data / of_samples))
    return Derivation(
        name="The projection score",
        claim=equal(best, free + v1 * f1 + v2 * f2),
        assumptions=(
            r"$\phi_1$ and $\phi_2$ are features of $x$; the class $y$ has the weights $a_j$ and $b_j$",
            r"$p$, $q$ and the normalisers $Z_p$, $Z_q$ depend on $x$ alone",
        ),
        lines=(
            Definition(equal(best, best.args[1]), "The log-ratio of pairs, split"),
            Definition(equal(of_data, of_data.args[1]), "The classifier of the data, a softmax"),
            Definition(equal(of_samples, of_samples.args[1]), "and that of the generated pairs"),
            Step(
                equal(
                    log(of_data / of_samples),
                    (a1 * f1 + a2 * f2) - (b1 * f1 + b2 * f2) - log(norm_p / norm_q),
                ),
                "Their log-ratio is a difference of scores, but for the normalisers",
            ),
            Definition(equal(v1, a1 - b1), "The weights subtract"),
            Definition(equal(v2, a2 - b2), "for each feature"),
            Definition(equal(free, free.args[1]), "What does not depend on the class"),
            Step(
                equal(v1 * f1 + v2 * f2, (a1 * f1 + a2 * f2) - (b1 * f1 + b2 * f2)),
                "The rest is a product with the features",
            ),
        ),
        source="Miyato & Koyama 2018, sec. 3 [miyato2018cgans]",
    )


def bias_of_a_classifier() -> Derivation:
    """Where the minimax game with a classifier balances: the slope of its objective in the share b.

    Source: the example is ours; the bias is in Shu et al. 2017 [shu2017].

    >>> bias_of_a_classifier().check()
    True
    """
    twice = Term(
        "J",
        _a * log(2 * _a / (_a + _b))
        + _b * log(2 * _b / (_a + _b))
        + (1 - _a) * log(2 * (1 - _a) / (2 - _a - _b))
        + (1 - _b) * log(2 * (1 - _b) / (2 - _a - _b)),
    )
    cost = Term("c", _weight * (1 - _b) * log(2))
    ratio = Term("R", _b * (2 - _a - _b) / ((1 - _b) * (_a + _b)))
    return Derivation(
        name="The bias of a classifier",
        claim=equal(Derivative(twice + cost, _b), log(ratio) - _weight * log(2)),
        assumptions=(inside(_a, 0, 1), inside(_b, 0, 1), _COINS, _SHARED),
        lines=(
            Definition(equal(twice, twice.args[1]), "Twice the divergence of the two coins"),
            Step(
                equal(Derivative(twice, _b), log(2 * _b / (_a + _b)) - log(2 * (1 - _b) / (2 - _a - _b))),
                "Its slope, as if the discriminator stood still",
            ),
            Definition(equal(ratio, ratio.args[1]), "The two logarithms make one"),
            Step(
                equal(log(2 * _b / (_a + _b)) - log(2 * (1 - _b) / (2 - _a - _b)), log(ratio)),
                "of this ratio",
            ),
            Definition(equal(cost, cost.args[1]), "What the classifier costs on average"),
            Step(
                equal(Derivative(cost, _b), -_weight * log(2)),
                r"Its slope; the sum is zero exactly where $R = 2^\lambda$",
            ),
        ),
        source="own example, for the bias of Shu et al. 2017 [shu2017]",
    )


def rest_of_a_classifier() -> Derivation:
    """Where the non-saturating game with a classifier rests: both modes have one price.

    Source: the example is ours; the bias is in Shu et al. 2017 [shu2017].

    >>> rest_of_a_classifier().check()
    True
    """
    own, shared = Term("D_1", _a / (_a + _b)), Term("D_2", (1 - _a) / (1 - _a + (1 - _b)))
    price_own, price_shared = Term("c_1", -log(own)), Term("c_2", -log(shared) + _weight * log(2))
    ratio = Term("R", (1 - _a) * (_a + _b) / (_a * (2 - _a - _b)))
    return Derivation(
        name="The rest of a classifier",
        claim=equal(price_own - price_shared, log(ratio) - _weight * log(2)),
        assumptions=(inside(_a, 0, 1), inside(_b, 0, 1), _COINS, _SHARED),
        lines=(
            Definition(equal(own, _a / (_a + _b)), "The best discriminator at the own mode"),
            Definition(equal(price_own, -log(own)), "What a sample costs there"),
            Step(equal(price_own, log(1 + _b / _a)), "by the ratio of the shares"),
            Definition(equal(shared, shared.args[1]), "The best discriminator at the shared modes"),
            Definition(equal(price_shared, price_shared.args[1]), "What a sample costs there, and its guess"),
            Step(
                equal(price_shared, log(1 + (1 - _b) / (1 - _a)) + _weight * log(2)),
                "by the ratio of the other shares",
            ),
            Definition(
                equal(ratio, ratio.args[1]), r"Moving mass gains nothing exactly where $R = 2^\lambda$"
            ),
        ),
        source="own example, for the bias of Shu et al. 2017 [shu2017]",
    )
