"""Derivations on a reader's desk: lines as text and back, both sides at numbers, verdicts on changed lines.

Truth is the derivations as they were written, which are proved elsewhere, arithmetic in Python, and the rules
of the grammar.
"""

import json
import math
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sympy import Eq, Gt, Rational, Symbol, log, sqrt, symbols, sympify

from ganlab import exercises
from ganlab.derivations import DERIVATIONS
from ganlab.derivations.desk import CLAIM, Desk, answers, lines
from ganlab.derivations.formulas import Unreadable, names_in, read_expression, read_relation
from ganlab.derivations.marking import marked
from ganlab.derivations.values import holds, measured, over_outcomes
from ganlab.derivations.writing import name_of, write

every_derivation = pytest.mark.parametrize("name", DERIVATIONS)
p, q, D = symbols("p q D", positive=True)
NAMES = {"p": p, "q": q, "D": D}


def relations(name):
    derivation = DERIVATIONS[name]()
    return [derivation.claim, *(line.relation for line in derivation.lines)], derivation.given


# Text and back


@every_derivation
def test_each_line_is_read_back_from_its_text(name):
    written, assumed = relations(name)
    names = names_in([*written, *assumed])
    misread = [relation for relation in written if read_relation(write(relation), names) != relation]
    two_of_a_name = {"dirac_sublinear_rate": 3}  # there t is any number in some lines, and positive in others
    assert len(misread) == two_of_a_name.get(name, 0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 p q", 2 * p * q),
        ("p/(2 (1 + q))", p / 2 / (1 + q)),
        ("-p^2", -(p**2)),
        ("p^-1", 1 / p),
        ("p^q^2", p ** (q**2)),
        ("p - -q", p + q),
        ("p/q/2", p / q / 2),
        ("p/q 2", 2 * p / q),
        ("0.25 p", Rational(1, 4) * p),
        ("log p + log(1 − D)", log(p) + log(1 - D)),
        ("\\log p · q", q * log(p)),
        ("sqrt(p) × q²", sqrt(p) * q**2),
        ("|-p| + max(p, 1)", p + read_expression("max(p, 1)", NAMES)),
    ],
)
def test_what_a_reader_types_is_what_it_means(text, value):
    assert read_expression(text, NAMES) == value


REFUSED = {
    "": "Expected more, found the end.",
    "p": "Expected = or <= or >= or < or >, found the end.",
    "p = q = D": "“=” is left over: one relation makes a line.",
    "p = r": "“r” is no name of this derivation; the names are p, q, D.",
    "p = __import__('os')": "“'” is no sign of a formula.",
    "p = __import__(os)": "“__import__” is no name of this derivation; the names are p, q, D.",
    "p = p.func": "“.” is no sign of a formula.",
    "p = 'q'": "“'” is no sign of a formula.",
    "p = lambda": "“lambda” is no name of this derivation; the names are p, q, D.",
    "p = 9^9^9^9": "A power is at most 30.",
    "p = 1/0": "Nothing is divided by zero.",
    "p = 1234567890123": "A number has at most 12 digits.",
    "p = " + "(" * 50 + "q" + ")" * 50: "These brackets are nested too deep.",
    "p = " + "q + " * 200 + "q": "A line has at most 400 characters.",
    "p = max(q)": "max takes 2 arguments or more.",
    "p = at(q)": "at(...) needs a place, such as at(f, D = 1/2).",
    "p = d/dq q": "Expected (, found q.",
    "p = [q]": "A matrix is compared with a matrix only.",
    "p = 1 + [q]": "A matrix can only be a side of its own.",
    "[p] = [q; p, q]": "The rows of a matrix are of one length.",
    "p = (q": "Expected ), found the end.",
    "p = lim(q, q, 1)": "Expected + or -, found ).",
    "p = int(q, 2)": "“2” is no variable of this derivation.",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:20])
def test_what_is_not_of_the_grammar_is_refused_with_a_sentence(text):
    with pytest.raises(Unreadable) as refusal:
        read_relation(text, NAMES)
    assert str(refusal.value) == REFUSED[text]


SIGNS = "p q D + - * / ^ ( ) [ ] , ; | = < > . _ 0 1 2 log exp abs max at int lim d/dD d^2/dp^2 oo i pi 0+ <="
PIECES = st.sampled_from([" ", *SIGNS.split()])


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=12))
def test_any_text_is_a_relation_or_is_refused_with_a_sentence(text):
    try:
        relation, sentence = read_relation(text, NAMES), "."
    except Unreadable as refusal:
        relation, sentence = Eq(p, q, evaluate=False), str(refusal)
    assert sentence.endswith(".")
    assert relation.free_symbols <= {*NAMES.values(), Symbol("x", real=True)}


def test_a_function_of_the_derivation_may_be_taken_for_another_argument():
    names = names_in(relations("bce_in_logits")[0])
    read = read_relation("1 - sigma(a) = sigma(-a)", names)
    assert measured(read, {names["a"]: (0.3,)}) == pytest.approx((1 / (1 + math.exp(0.3)),) * 2)


def test_names_are_letters():
    assert name_of(r"\frac{1}{2} \frac{d}{dt} (\theta^2 + \psi^2)") == "1/2 d/dt(theta^2 + psi^2)"
    assert name_of(r"\operatorname{BCE}(y, \sigma(a))") == "BCE(y, sigma(a))"
    assert name_of(r"V\left(\frac{p}{p + q}\right)") == "V(p/(p + q))"


# Numbers


@every_derivation
def test_every_line_is_true_at_the_numbers_that_a_reader_finds(name):
    desk = Desk(name)
    places = [*range(len(desk.original.lines)), CLAIM]
    sides = {place: desk.sides(place) for place in places}
    assert {place: each for place, each in sides.items() if each["holds"] is not True or each["broken"]} == {}


def test_integrals_over_unknown_functions_are_sums_over_three_outcomes():
    desk = Desk("value_at_optimum")
    assert desk.put("p", (1.0, 1.0, 2.0)) == desk.put("q", (3.0, 1.0, 4.0)) == ""
    law, other = (0.25, 0.25, 0.5), (0.375, 0.125, 0.5)
    pairs = [(x / (x + y), x, y) for x, y in zip(law, other, strict=True)]
    value = sum(x * math.log(best) + y * math.log(1 - best) for best, x, y in pairs)
    sides = desk.sides(CLAIM)
    assert float(sides["left"]) == pytest.approx(value, rel=1e-5)
    assert float(sides["right"]) == pytest.approx(value, rel=1e-5)
    assert over_outcomes(desk.original.claim)


def test_numbers_that_a_variable_cannot_have_are_refused():
    desk = Desk("proper_scoring")
    assert desk.put("D", (1.0,)) == "D lies between 0 and 1."
    assert desk.put("D", ()) == "D needs 1 number."
    assert desk.put("D", (math.nan,)) == "D needs 1 number."
    assert Desk("packing_jensen_shannon").put("s", (-1.0,)) == "s is larger than 0."


def test_a_relation_is_true_of_two_values_up_to_rounding():
    assert holds(Eq(p, q, evaluate=False), 0.1 + 0.2, 0.3)
    assert not holds(Gt(p, q, evaluate=False), 0.1 + 0.2, 0.3)
    assert holds(Eq(p, q, evaluate=False), 1.0, None) is None
    assert not holds(Eq(p, q, evaluate=False), [[1.0, 2.0]], [[1.0, 3.0]])


# Answers of exercises

FORMULAS = {
    f"{chapter}-{number}": exercise
    for chapter in exercises.chapters()
    for number, exercise in exercises.formulas(chapter).items()
}


@pytest.mark.parametrize("name", FORMULAS)
def test_an_answer_is_marked_on_a_page_as_in_a_notebook(name):
    """The answer and each slip, as the file of the chapter has them and as a reader would expand them."""
    exercise = FORMULAS[name]
    for text in [exercise["answer"], *(slip["answer"] for slip in exercise["misconceptions"])]:
        said = exercises.check(name, sympify(text))
        told = marked(text, exercise)
        assert (told["right"], told["message"]) == (
            said.right,
            said.message.split(". ", 1)[1].replace("yet. ", ""),
        )
        assert marked(f"0 + ({text})/2 + ({text})/2", exercise)["message"] == told["message"]


def test_any_other_answer_is_wrong_and_no_formula_is_no_answer():
    exercise = FORMULAS["non_saturating_loss-2"]
    assert marked("a + 1", exercise) == {"right": False, "message": exercise["otherwise"], "latex": "1 + a"}
    assert marked("log((1 - sigma(a))/sigma(a))", exercise)["right"]
    with pytest.raises(Unreadable, match="“b” is no name"):
        marked("b", exercise)


# Verdicts


def verdicts(name, **changes):
    request = {
        "do": "prove",
        "proof": name,
        "texts": {key.removeprefix("line"): changes[key] for key in changes},
    }
    return {part["place"]: part["fault"] for part in map(json.loads, answers(json.dumps(request)))}


def test_a_changed_sign_makes_its_line_fail_with_numbers_and_no_other():
    found = verdicts("bce_in_logits", line1="-log(1 - sigma(a)) = -softplus(a)")
    assert [place for place, fault in found.items() if fault] == [1]
    where, left, right = re.fullmatch(
        r"It is false: at a = (\S+) the left side is (\S+) and the right side (\S+)\.", found[1]
    ).groups()
    softplus = math.log(1 + math.exp(float(where)))
    assert (float(left), float(right)) == pytest.approx((softplus, -softplus), rel=1e-5)
    assert set(verdicts("bce_in_logits", line1="-log(1 - sigma(a)) = softplus(a)").values()) == {""}


def test_what_is_true_and_out_of_place_is_not_accepted_either():
    name = "bce_in_logits"
    assert verdicts(name, line1="y^2 - 1 = (y - 1) (y + 1)")[1].startswith(
        "This may be true, but it starts from"
    )
    assert verdicts(name, line1="y = y")[1].startswith("This says no more than")
    assert verdicts("bce_from_likelihood", line0="L(1, D) = 1 - D")[0].startswith("A definition says")


def flipped(text):
    """The texts with one sign of the right side changed, but for the side of a limit."""
    start = re.search(r" (?:=|<=|>=|<|>) ", text).end()
    for sign in re.finditer(r"(?<!\d)[-+](?=[ \w(])", text[start:]):
        at = start + sign.start()
        yield f"{text[:at]}{'+' if text[at] == '-' else '-'}{text[at + 1 :]}"


@every_derivation
def test_a_false_line_is_refused(name):
    """The first sign of the right side of each equation that has one; a true variant is none to refuse."""
    desk = Desk(name)
    for place, line in enumerate(desk.original.lines):
        if isinstance(line.relation, Eq) and (texts := list(flipped(write(line.relation)))):
            desk.change(place, texts[0])
            if desk.sides(place)["holds"] is False:
                faults = {verdict["place"]: verdict["fault"] for verdict in desk.verdicts()}
                assert faults[place], texts[0]
                return
            desk.change(place, write(line.relation))
    assert not any(
        flipped(write(line.relation)) for line in desk.original.lines if not isinstance(line.relation, Eq)
    )


def test_a_page_is_told_what_it_shows():
    shown = lines(DERIVATIONS["value_at_optimum"]())
    assert [line["kind"] for line in shown].count("given") == 3
    assert shown[0]["text"] == "V(D^*) = 2 JSD - log(4)"
    request = {"do": "sides", "proof": "value_at_optimum", "place": "claim", "numbers": {"p": [0]}}
    assert json.loads(next(answers(json.dumps(request))))["refused"] == "p needs 3 numbers."


def test_a_card_is_told_both_sides_of_each_of_its_formulas():
    asked = {"do": "weigh", "texts": ["BCE(1, D) = D", "BCE(1, D) = -log D"], "numbers": {"D": [0.5]}}
    told = [json.loads(answer) for answer in answers(json.dumps(asked))]
    assert [(each["left"], each["right"], each["holds"]) for each in told] == [
        ("0.693147", "0.5", False),
        ("0.693147", "0.693147", True),
    ]
    asked |= {"texts": ["D = ?"]}
    assert [json.loads(answer) for answer in answers(json.dumps(asked))] == [
        {"refused": "“?” is no sign of a formula."}
    ]
