"""The reader of displays, against arithmetic done in Python: it must accept what is true and nothing else."""

import math

import mpmath
import pytest
from equations.reading import Unreadable, holds, meets, normalise, sides, strictly, touches

TRUE = [
    (r"a + b = b + a", {"a": 2, "b": 3}),
    (r"a - b - b = -4", {"a": 2, "b": 3}),
    (r"-a b = -6", {"a": 2, "b": 3}),
    (r"a / b \cdot b = a", {"a": 2.0, "b": 3.0}),
    (r"\frac{a}{b} + \tfrac{1}{3} = 1", {"a": 2, "b": 3}),
    (r"a (1 - a)^2 = 2", {"a": 2}),
    (r"-a^{2} = -4", {"a": 2}),
    (r"\sqrt{a} = 2", {"a": 4}),
    (r"|a - b| = 1", {"a": 2, "b": 3}),
    (r"\log e^{a} = a", {"a": 2, "e": mpmath.e}),
    (r"\left( a + 1 \right) b = 9", {"a": 2, "b": 3}),
    (r"f(a) (a - 1) = 4", {"a": 2, "f": lambda x: x * x}),
    (r"D(x)^{y} = 9", {"D": lambda x: 3, "x": 0, "y": 2}),
    (r"P(y \mid x) = 0.5", {"P": lambda y, x: y / x, "y": 1, "x": 2}),
    (
        r"p_{\text{data}} + \operatorname{KL}(p, q) = 3",
        {"p_data": 1, "KL": lambda p, q: p * q, "p": 1, "q": 2},
    ),
    (r"\sum_{i=1}^{N} y_i^{2} = 14", {"N": 3, "y": [1, 2, 3]}),
    (r"\frac{1}{N} \sum_{i=1}^{N} i + 1 = 3", {"N": 3}),
    (r"\mathbb{E}_{x \sim p}[x^{2}] + 1 = 3.5", {"p": [(0.5, 1), (0.5, 2)]}),
    (r"\mathbb{E}_{(x, y) \sim m}[x y] = 7", {"m": [(0.5, (1, 2)), (0.5, (3, 4))]}),
    (r"\frac{\partial}{\partial a} a^{3} = 3 a^{2}", {"a": mpmath.mpf(2)}),
    (r"\frac{\partial^2}{\partial a^2} a^{3} = 6 a", {"a": mpmath.mpf(3)}),
    (r"\min_{D} (D - 1)^{2} = 0", {"min": lambda f: min(f(d) for d in range(4))}),
    (r"D^{*}(x) = D^*(x)", {"D*": lambda x: x, "x": 1}),
    (r"a < b \le 3 = b \ge a > 1", {"a": 2, "b": 3}),
    (r"\begin{aligned} a &= 1 + 1 \\ &= 2 \end{aligned}", {"a": 2}),
    (r"a = 2, \qquad b = 3.", {"a": 2, "b": 3}),
    (r"2 \cdot \|u\| - \|u - v\|^{2} = 8", {"u": mpmath.matrix([3, 4]), "v": mpmath.matrix([2, 3])}),
    (
        r"a u + v = w",
        {"a": 2, "u": mpmath.matrix([1, 2]), "v": mpmath.matrix([3, 4]), "w": mpmath.matrix([5, 8])},
    ),
    (r"\hat{x} = x + 1", {"hat x": 3, "x": 2}),
    (
        r"a + \int (x - y) \, dx \cdot b = 13",
        {"a": 1, "b": 2, "y": 1, "int": lambda of: sum(of(x) for x in range(5)) + 1},
    ),
    (r"(\|\nabla f(\hat{x})\| - 1)^{2} = 16", {"nabla f": lambda x: mpmath.matrix([x, 4]), "hat x": 3}),
    (r"\max(0, a - b)^{2} + \min(a, b) = 6", {"a": 4, "b": 2}),
    (
        r"\sup_{f \in \mathcal{F}} f(a) = 9",
        {"a": 3, "sup": lambda of: max(of(lambda x, k=k: k * x) for k in (1, 3))},
    ),
    (
        r"\frac{\partial}{\partial \theta} E(p_{\theta}) = 4",
        {"theta": 2, "p": lambda t: t * t, "E": lambda p: p},
    ),
]


@pytest.mark.parametrize(("latex", "environment"), TRUE, ids=[latex for latex, _ in TRUE])
def test_a_true_display_holds(latex, environment):
    assert holds(latex, **environment)


FALSE = [
    (r"a + b = a b", {"a": 2, "b": 3}),
    (r"a < 2", {"a": 2}),
    (r"a = 2, \qquad b = 4", {"a": 2, "b": 3}),
    (r"a = 2 = 3", {"a": 2}),
    (r"\begin{aligned} a &= 2 \\ &= 3 \end{aligned}", {"a": 2}),
    (r"a = 2.000001", {"a": 2}),
    (r"\mathbb{E}_{x \sim p}[\log x] = \log \mathbb{E}_{x \sim p}[x]", {"p": [(0.5, 1), (0.5, 2)]}),
    (r"a = b", {"a": math.nan, "b": math.nan}),
    (r"u = v", {"u": mpmath.matrix([1, 2]), "v": mpmath.matrix([1, 2.000001])}),
    (r"\|u\| = 1 + \|u\|", {"u": mpmath.matrix([3, 4])}),
    (r"\hat{x} = x", {"hat x": 3, "x": 2}),
    (r"\max(0, a) = a", {"a": -1}),
    (r"\int x \, dx = 11", {"int": lambda of: sum(of(x) for x in range(5))}),
    (r"\log a = \log a", {"a": -1}),
]


@pytest.mark.parametrize(("latex", "environment"), FALSE, ids=[latex for latex, _ in FALSE])
def test_a_false_display_does_not_hold(latex, environment):
    with pytest.raises(AssertionError, match="does not hold in"):
        holds(latex, **environment)


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        ("a + 1", "no relation, or nothing left over"),
        ("a = (1", r"expected \), found the end"),
        ("a = 1)", r"no relation, or \) left over"),
        ("a = c", "no value for c; the environment gives a"),
        (r"a = \int x", r"no value for int"),
        (r"a = \int x \, dx", r"no value for int"),
        ("a = ! 1", "cannot read !"),
        (r"a = \sum_{i=1}^{1.5} i", "a sum must end at a whole number, got 1.5"),
        (r"a = \frac{1 = 1}{1}", "= left over"),
    ],
)
def test_what_cannot_be_read_is_an_error_and_not_a_pass(latex, message):
    with pytest.raises(Unreadable, match=message):
        holds(latex, a=1)


def test_only_what_cannot_be_seen_is_normalised():
    assert normalise("\n  a  =\n  b .\n") == "a = b"
    assert normalise("a = b") != normalise("a = B")


def test_an_inequality_touches_where_its_sides_are_equal_and_is_strict_elsewhere():
    chain = r"a \le b \le c"
    assert touches(chain, a=1, b=1, c=1)
    assert touches(chain, 0, a=1, b=1, c=2)
    assert touches(chain, 1, a=1, b=2, c=2)
    assert strictly(chain, a=1, b=2, c=3)
    assert strictly(chain, 1, a=1, b=1, c=3)
    for judge, values in (
        (touches, (1, 1, 2)),
        (strictly, (1, 1, 2)),
        (touches, (2, 1, 1)),
        (strictly, (3, 2, 1)),
    ):
        with pytest.raises(AssertionError, match="does not hold"):
            judge(chain, **dict(zip("abc", values, strict=True)))
    with pytest.raises(AssertionError, match="does not hold"):
        touches("a < b", a=1, b=1)


def test_the_edge_of_a_strict_inequality_is_where_its_sides_meet():
    assert meets("1 + a > 1", a=0)
    with pytest.raises(AssertionError, match="does not hold"):
        meets("1 + a > 1", a=0.1)
    with pytest.raises(AssertionError, match="does not hold strictly"):
        meets(r"1 + a \ge 1", a=0)
    assert sides(r"1 + a > 1 \ge a", a=0.5) == [1.5, 1, 0.5]
