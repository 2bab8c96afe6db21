"""What a reader is told. Truth is the arithmetic in the comments, and sympy for expressions."""

import itertools
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import sympy
import torch

from ganlab import exercises

NUMBER, EXPRESSION = "binary_cross_entropy-1", "binary_cross_entropy-2"
L_D = -(math.log(0.9) + math.log(0.5)) / 2 - math.log(0.8)  # 0.622398


# Numbers


@pytest.mark.parametrize(
    "answer",
    [L_D, L_D + 0.0004, torch.tensor(L_D), np.float32(L_D), sympy.Float(L_D), sympy.Rational(389, 625)],
)
def test_a_number_within_the_tolerance_is_right_whatever_its_type(answer):
    verdict = exercises.check(NUMBER, answer)
    assert verdict.right
    assert bool(verdict)
    assert repr(verdict) == "Right. The two means are added, each over its own batch."


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (L_D / 2, "half of it"),
        (-math.log(0.9 * 0.5 * 0.8) / 3, "mean over all three"),
        (-math.log(0.9 * 0.5 * 0.8), "adds up the samples"),
        (L_D / math.log(2), "in bits"),
        (-L_D, "wrong sign"),
        (-math.log(0.9 * 0.5) / 2 - math.log(0.2), "for the generated sample too"),
        (7.0, "Take −log D of each real sample"),
        (math.nan, "Take −log D of each real sample"),
        (math.inf, "Take −log D of each real sample"),
    ],
)
def test_a_usual_slip_is_recognised(answer, hint):
    verdict = exercises.check(NUMBER, answer)
    assert not verdict
    assert verdict.message.startswith("Not yet. ")
    assert hint in verdict.message


def test_a_near_miss_is_called_close():
    assert exercises.check(NUMBER, L_D + 0.002).message.startswith("Close, but not to 0.0005. Round later")
    assert exercises.check(NUMBER, L_D + 0.02).message.startswith("Not yet. ")


def test_no_answer_is_no_mistake():
    assert repr(exercises.check(NUMBER)) == "Nothing to check yet: give `answer`, a number."
    assert (
        repr(exercises.check(EXPRESSION, None)) == "Nothing to check yet: give `answer`, a sympy expression."
    )


# Expressions


def test_any_form_of_the_right_expression_is_right():
    a, y = sympy.symbols("a y", real=True)
    sigmoid = (1 + sympy.tanh(a / 2)) / 2
    for answer in (
        sympy.diff((1 / (1 + sympy.exp(-a)) - y) ** 2, a, 2),
        sympy.expand(sympy.diff((sigmoid - y) ** 2, a, 2)),
        2 * sympy.diff(sigmoid, a) ** 2 + 2 * (sigmoid - y) * sympy.diff(sigmoid, a, 2),
    ):
        assert exercises.check(EXPRESSION, answer)


def test_an_expression_with_the_usual_slip_is_recognised():
    a, y = sympy.symbols("a y")
    sigmoid = 1 / (1 + sympy.exp(-a))
    error, flat = (sigmoid - y) ** 2, sympy.diff(sigmoid, a)
    entropy = sympy.log(1 + sympy.exp(a)) - y * a
    assert "of the cross-entropy" in exercises.check(EXPRESSION, sympy.diff(entropy, a, 2)).message
    assert "the first derivative" in exercises.check(EXPRESSION, sympy.diff(error, a)).message
    assert "σ (1 − σ) depends" in exercises.check(EXPRESSION, 2 * flat * flat).message
    assert "σ − y depends" in exercises.check(EXPRESSION, 2 * (sigmoid - y) * sympy.diff(flat, a)).message


@pytest.mark.parametrize(
    "answer", [0.25, 1, sympy.Symbol("b"), sympy.Function("f")(sympy.Symbol("a")), sympy.nan]
)
def test_another_expression_is_wrong_and_nothing_worse(answer):
    assert exercises.check(EXPRESSION, answer).message.startswith("Not yet. Differentiate (σ(a)")


# Functions and choices

CHOICES = [{"text": "p", "why": "w", "right": True}, {"text": "q", "why": "w"}]
QUESTION = {"id": "q", "kind": "single", "prompt": "p", "choices": CHOICES}


@pytest.fixture
def asked(monkeypatch):
    """A chapter with one exercise that asks for a function and one that asks for a choice."""
    odds = {
        "kind": "function",
        "cases": [[[0.0, 2.0]], [[-1.0, 1.0]]],
        "answer": [math.log(2) / 2 + math.log1p(math.exp(2)) / 2, 0.5 + math.log1p(math.exp(-1))],
        "tolerance": 1e-6,
        "near": "Compute in float64.",
        "right": "The mean of softplus.",
        "otherwise": "Take the mean.",
        "misconceptions": [
            {
                "answer": [math.log(2) + math.log1p(math.exp(2)), 1 + 2 * math.log1p(math.exp(-1))],
                "hint": "A sum.",
            }
        ],
    }
    fault = {"kind": "choice", "answer": "b", "right": "Yes.", "otherwise": "Read it again."}
    fault["misconceptions"] = [{"answer": "c", "hint": "No c."}, {"answer": "a", "hint": "No a."}]
    chapter = {"title": "T", "questions": [QUESTION], "exercises": {"1": odds, "2": fault}}
    assert exercises._fault(chapter) is None
    monkeypatch.setattr(exercises, "chapters", lambda: ["some"])
    monkeypatch.setattr(exercises, "_load", lambda chapter_name: chapter)
    return chapter["exercises"]


def test_a_function_is_right_where_its_values_are(asked):
    softplus = torch.nn.functional.softplus
    assert exercises.check("some-1", lambda a: softplus(a).mean())
    assert exercises.check("some-1", lambda a: softplus(a).mean().item())
    assert exercises.check("some-1", lambda a: softplus(a).sum()).message == "Not yet. A sum."
    assert exercises.check("some-1", lambda a: softplus(a)).message == "Not yet. Take the mean."
    assert exercises.check("some-1", lambda a: a.mean() / 0).message == "Not yet. Take the mean."
    assert exercises.check("some-1", lambda a: softplus(a).mean() + 5e-6).message.startswith(
        "Close, but not to"
    )
    assert repr(exercises.check("some-1")) == "Nothing to check yet: give `answer`, a function."
    with pytest.raises(TypeError, match="`answer` must be a function, got float"):
        exercises.check("some-1", 0.5)


def test_a_choice_is_right_or_told_why_not_in_a_notebook_and_by_its_field(asked):
    assert repr(exercises.check("some-2", "b")) == "Right. Yes."
    assert repr(exercises.check("some-2", "a")) == "Not yet. No a."
    assert repr(exercises.check("some-2")) == "Nothing to check yet: give `answer`, one of a, b, c."
    with pytest.raises(ValueError, match="`answer` must be one of a, b, c, got 'd'"):
        exercises.check("some-2", "d")
    assert list(exercises.fields("some")) == ["2"]
    data = json.loads(re.search(r'json">(.*?)</script>', exercises.fields("some")["2"])[1])
    told = [(choice["text"], choice["why"], "right" in choice) for choice in data["questions"][0]["choices"]]
    assert told == [("a", "No a.", False), ("b", "Yes.", True), ("c", "No c.", False)]


@pytest.mark.parametrize(
    ("number", "change", "message"),
    [
        ("1", {"answer": [1.0]}, "each answer must be a list of 2 values, one a case"),
        ("1", {"tolerance": -1}, "`tolerance` must be positive, got -1"),
        ("1", {"cases": []}, "nothing given for 'cases'"),
        ("2", {"answer": "a"}, "the choices must be abc"),
        ("2", {"tolerance": 1}, "unknown key 'tolerance'"),
    ],
)
def test_a_function_or_a_choice_with_a_fault_is_refused_with_the_reason(number, change, message, asked):
    broken = {"title": "T", "questions": [QUESTION], "exercises": {number: asked[number] | change}}
    assert exercises._fault(broken) == f"exercise {number!r}: {message}"


# Errors


@pytest.mark.parametrize("answer", ["0.6224", True, [0.6], torch.zeros(2), sympy.Symbol("a"), 1j])
def test_an_answer_that_is_no_number_is_refused(answer):
    with pytest.raises(TypeError, match=r"`answer` must be a number, got "):
        exercises.check(NUMBER, answer)


@pytest.mark.parametrize("answer", ["a", True, [1], torch.zeros(())])
def test_an_answer_that_is_no_expression_is_refused(answer):
    with pytest.raises(TypeError, match=r"`answer` must be a sympy expression, got "):
        exercises.check(EXPRESSION, answer)


def test_an_unknown_exercise_or_chapter_is_named_with_all_that_exists_and_the_nearest():
    message = "`name` must be one of at_scale-1, "
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        exercises.check("binary_crossentropy-2", 1)
    assert str(error.value).endswith("got 'binary_crossentropy-2'; the nearest is 'binary_cross_entropy-2'")
    with pytest.raises(ValueError, match=r"`chapter` must be one of at_scale.*, got 'bce'; the nearest"):
        exercises.quiz("bce")


# Display


class Outline(HTMLParser):
    """The elements of a page in order, and how many are still open."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def fallback(quiz):
    """What stands on a page that runs no script."""
    return quiz.html(script=False).split('<div class="fallback">')[1]


def test_every_choice_of_a_quiz_unfolds_and_every_element_is_closed():
    quiz = exercises.quiz("binary_cross_entropy")
    outline = Outline(quiz._repr_html_())
    assert outline.open == []
    unfolding = Outline("<div><div>" + fallback(quiz))
    folds = sum(len(q.get("choices", q.get("items", "1"))) for q in quiz.questions)
    assert unfolding.elements.count("details") == unfolding.elements.count("summary") == folds
    text = " ".join(unfolding.text)
    kinds = {"Choose one.": 3, "Choose all that hold.": 1, "Work it out.": 1, "Put them in order.": 1}
    assert {asked: text.count(asked) for asked in kinds} == kinds
    assert text.count("Right. ") == sum("right" in c for q in quiz.questions for c in q.get("choices", ()))


def test_a_quiz_is_displayed_the_same_twice_and_described_in_a_line():
    one, other = exercises.quiz("binary_cross_entropy"), exercises.quiz("binary_cross_entropy")
    assert one._repr_html_() == other._repr_html_()
    assert repr(one) == "Quiz: Binary cross-entropy, 6 questions"


def test_what_is_to_be_ordered_is_never_shown_in_order():
    for items in itertools.permutations("abc"):
        question = {
            "id": "q",
            "kind": "ordering",
            "prompt": "p",
            "items": [{"text": t, "why": "w"} for t in items],
        }
        shown = re.findall("<summary>(.)</summary>", fallback(exercises.Quiz("c", "T", (question,))))
        assert sorted(shown) == ["a", "b", "c"]
        assert tuple(shown) != items


def test_text_is_escaped_and_code_is_set_as_code():
    question = {
        "id": "q",
        "kind": "single",
        "prompt": "Is `a < b` & c?",
        "choices": [{"text": "</script><b>", "why": "x", "right": True}],
    }
    quiz = exercises.Quiz("c", "<T>", (question,))
    assert "Is <code>a &lt; b</code> &amp; c?" in fallback(quiz)
    assert "&lt;/script&gt;&lt;b&gt;" in fallback(quiz)
    assert 'aria-label="Quiz: &lt;T&gt;"' in fallback(quiz)
    assert quiz.html(script=False).count("</script>") == 1


def test_a_field_is_there_for_each_exercise_that_asks_for_a_number():
    numbers = ["1", *map(str, range(3, 14))]  # the second asks for an expression
    assert list(exercises.fields("binary_cross_entropy")) == numbers
    assert all(
        '<script type="module"' not in html for html in exercises.fields("binary_cross_entropy").values()
    )
    with pytest.raises(ValueError, match=r"`chapter` must be one of .*, got 'bce'; the nearest"):
        exercises.fields("bce")
