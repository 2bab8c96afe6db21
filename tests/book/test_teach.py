"""The editions for a course. Truth is the book that they are made from, and arithmetic for the second set."""

import contextlib
import itertools
import re
import subprocess
from math import comb, erf, exp, log, sqrt

import mpmath
import nbformat
import numpy as np
import pytest
import slides
import teach
import yaml
from equations.at_scale import spread_of_parts
from equations.unpaired import agreeing, symmetric_orders
from oracles.pages import CHAPTERS, QUIZZES, ROOT, cells, named, prose, record, tags
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import entropy, norm, wasserstein_distance


def read(path):
    return nbformat.read(path, as_version=4)


def of(folder, path):
    return yaml.safe_load(
        (ROOT / "book" / "_teach" / folder / f"{path.stem}.yml").read_text(encoding="utf-8")
    )


# The students' edition


@named(CHAPTERS)
def test_students_get_every_task_and_check_and_no_output_or_solution(path):
    made, book = teach.for_students(read(path)), read(path)
    assert len(made.cells) == len(book.cells)
    assert made.cells[-1].source == book.cells[-1].source
    shown = [cell for cell in made.cells if cell.get("outputs")]
    assert [cell for cell in made.cells if tags(cell) & {"quiz", "remove-input"}] == shown
    assert "quiz" in tags(shown[-1])
    text = "\n".join(cell.source for cell in made.cells)
    assert "solutions/" not in text
    assert "[Solution]" not in text
    assert not re.search(r"[Ss]olutions (?:stand|have|are)\b", text)
    for each in (r":::\{exercise\}", r'exercises\.check\("[\w-]+", None\)', r"exercises\.quiz\("):
        assert len(re.findall(each, text)) == len(re.findall(each, "\n".join(c.source for c in book.cells)))
    assert any(
        cell.get("outputs") for cell in book.cells if not tags(cell) & {"quiz", "remove-input"}
    )  # the book is as it was


def test_the_first_page_of_the_students_shows_its_guess_and_promises_no_solutions():
    book = read(ROOT / "book" / "intro.ipynb")
    made = teach.for_students(book)
    drawn = [cell for cell in made.cells if "remove-input" in tags(cell)]
    assert len(drawn) == 2
    assert all(cell.outputs for cell in drawn)
    assert "solutions" in "\n".join(cell.source for cell in book.cells)
    assert "solutions" not in "\n".join(cell.source for cell in made.cells)


def test_an_edition_that_does_not_exist_is_refused(capsys):
    assert teach.main(["pupils"]) == 2
    assert capsys.readouterr().err == "No edition is called pupils: there are students, teachers\n"


def test_a_link_to_a_solution_goes_and_its_words_stay():
    text = ":::{exercise}\n\nTask.\n\n[Solution](solutions/a.ipynb#exercise-1)\n\n:::\n\n"
    text += "See [the end](../solutions/a.ipynb)."
    wanted = ":::{exercise}\n\nTask.\n\n:::\n\nSee the end."
    assert teach._without_solutions(text) == wanted


def test_what_an_edition_lacks_is_named_and_not_linked():
    text = "See {doc}`api/losses`, {doc}`the judge <api/judging>` and {doc}`lab`."
    assert teach._without_reference(text) == "See `losses`, the judge and {doc}`lab`."
    text = "See {numref}`a-fig-b`, {ref}`the waves <a-fig-c>` and {eq}`a-figure`."
    assert teach._without_figures(text) == "See the figure, the waves and {eq}`a-figure`."


def test_the_sources_of_the_two_editions_hold_what_they_should(tmp_path):
    students, teachers = tmp_path / "students", tmp_path / "teachers"
    for folder, write in ((students, teach.students_sources), (teachers, teach.teachers_sources)):
        folder.mkdir()
        write(ROOT, folder)
        assert "api" not in (folder / "_toc.yml").read_text()
        assert not re.search(r"\{doc\}`[^`]*\bapi/", "".join(p.read_text() for p in folder.glob("book/*.md")))
    assert (
        not list(students.rglob("solutions"))
        + list(students.rglob("checked"))
        + list(students.rglob("teach"))
    )
    assert "Solutions" not in (students / "_toc.yml").read_text()
    toc = yaml.safe_load((teachers / "_toc.yml").read_text())
    captions = [part["caption"] for part in toc["parts"]]
    assert captions.index("For teachers") == captions.index("Solutions") + 1
    listed = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    assert {path.stem for path in (teachers / "book" / "teach").iterdir()} == {path.stem for path in CHAPTERS}
    assert [name for name in listed if "/teach/" in name] == [f"book/teach/{path.stem}" for path in CHAPTERS]
    assert "title: The Minimax Game, for teachers" in (teachers / "_config.yml").read_text()


# The second set


def coins(answers, p, q):
    """The value of a discriminator over finitely many outcomes."""
    return sum(pi * log(d) + qi * log(1 - d) for d, pi, qi in zip(answers, p, q, strict=True))


def jsd(p, q):
    m = (np.asarray(p) + q) / 2
    return sum(a * log(a / c) for part in (p, q) for a, c in zip(part, m, strict=True) if a) / 2


def in_pairs(p, q):
    """The least loss of pairing: which of two is real, by the best score, the log-ratio."""
    a = np.log(np.divide(p, q))
    return float(np.outer(p, q).flatten() @ np.log1p(np.exp(a[None] - a[:, None])).flatten())


def least(price):
    """Where a function between zero and one is least."""
    return minimize_scalar(price, bounds=(1e-9, 1 - 1e-9), method="bounded", options={"xatol": 1e-12})


def turns_until_home():
    x, y, turns = 2.0, 3.0, 0
    while turns == 0 or (x, y) != (2.0, 3.0):
        x = x - y
        y, turns = y + x, turns + 1
    return turns


def both_at_once():
    x, y = 1.0, 0.0
    for _ in range(100):
        x, y = x - 0.1 * y, y + 0.1 * x
    return float(np.hypot(x, y))


def averaged(updates):
    average = 0.0
    for _ in range(updates):
        average = 0.99 * average + 0.01
    return average


def adam(gradient):
    import torch

    weight = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([weight], lr=1.0)
    weight.grad = torch.tensor(gradient, dtype=torch.float64)
    optimizer.step()
    return abs(weight.item())


def gradients():
    from sympy import Rational, exp, symbols
    from sympy import log as ln

    a, b = symbols("a b")
    at = {a: -ln(9), b: -ln(4)}
    sat = sum(ln(1 - 1 / (1 + exp(-v))) for v in (a, b)) / 2
    non = sum(-ln(1 / (1 + exp(-v))) for v in (a, b)) / 2
    one, other = (loss.diff(a).subs(at) - 3 * loss.diff(b).subs(at) for loss in (sat, non))
    return Rational(other / one)


def packs(k, modes=8):
    """Twice the divergence of packs, counted tuple by tuple, of a generator that serves half of the modes."""
    p, q = np.full(modes, 1 / modes), np.r_[np.full(modes // 2, 2 / modes), np.zeros(modes // 2)]
    for _ in range(k - 1):
        p, q = (
            np.outer(p, np.full(modes, 1 / modes)).ravel(),
            np.outer(q, np.r_[np.full(modes // 2, 2 / modes), np.zeros(modes // 2)]).ravel(),
        )
    return 2 * jsd(p, q)


def turning(brake):
    return np.abs(np.linalg.eigvals([[0, -0.5], [0.5, -brake]]).imag).max()


def largest(matrix):
    return np.abs(np.linalg.eigvals(matrix)).max()


def players(speed, brake):
    return np.array([[0, speed], [-speed, -brake]])


def optimist(step, speed):
    move, unit = step * players(speed, 0), np.eye(2)
    return largest(np.block([[unit + 2 * move, -move], [unit, 0 * unit]]))


def painted(kernel, stride, places):
    """What a transposed convolution of ones makes of a row of places."""
    return np.convolve(np.kron(places, np.eye(stride)[0]), np.ones(kernel))


FOUR = np.array([[0, 0, 1, 0], [0, 0, 0, 2], [-1, 0, -0.5, 0], [0, -2, 0, -0.5]])
ENTROPY = least(lambda d: -0.9 * log(d) - 0.1 * log(1 - d)).fun
ODDS = [3 / 4, 1 / 4], [1 / 4, 3 / 4]


def smoothed_logit(a, real, fake):
    answer = real / (1 + mpmath.exp(-a)) + fake / (1 + mpmath.exp(a))
    return mpmath.log(answer / (1 - answer))


def settled(step):
    value = 1.0
    for _ in range(1000):
        value = step(value)
    return value


def corners_moved(degrees):
    """The mean squared move of the corners of a pentagon, as complex numbers."""
    corners = np.exp(2j * np.pi * np.arange(5) / 5)
    turned = corners * np.exp(1j * np.radians(degrees))
    return (abs(1.5 * turned.real + 0.75j * turned.imag - corners) ** 2).mean()


ANSWERS = {
    "binary_cross_entropy": [
        lambda: -(log(4 / 5) + log(3 / 5)) / 2 - log(3 / 4),
        lambda: (
            least(
                lambda d: -0.7 * (0.9 * log(d) + 0.1 * log(1 - d)) - 0.3 * (0.1 * log(d) + 0.9 * log(1 - d))
            ).x
        ),
        lambda: brentq(lambda a: -96 / (1 + np.exp(a)) + 32 / (1 + np.exp(-a)), -9, 9),
        lambda: 2 * ENTROPY,
    ],
    "minimax_game": [
        both_at_once,
        turns_until_home,
        lambda: coins([3 / 4, 1 / 2, 1 / 4], [0.5, 0.5, 0], [0, 0.5, 0.5]),
        lambda: averaged(100),
    ],
    "optimal_discriminator": [
        lambda: brentq(lambda x: norm.pdf(x) - 3 * norm.pdf(x, 2), -5, 5),
        lambda: jsd(*ODDS),
        lambda: coins([3 / 4, 1 / 4], *ODDS) - coins([3 / 5, 2 / 5], *ODDS),
        lambda: (1 + mpmath.quad(lambda x: abs(mpmath.npdf(x) - mpmath.npdf(x, 2)), [-12, 1, 14]) / 2) / 2,
    ],
    "non_saturating_loss": [
        lambda: (1 / 0.02) * (1 - 0.02),
        gradients,
        lambda: adam(1e-8),
        lambda: 2 * (0.75 * log(0.75 / 0.5) + 0.25 * log(0.25 / 0.5)),
    ],
    "mode_collapse": [
        lambda: sum(h * log(h * 8) for h in (0.5, 0.25, 0.25)),
        lambda: packs(3),
        lambda: brentq(lambda c: (turning(c) > 1e-6) - 0.5, 0.5, 2),
        lambda: float(mpmath.quad(lambda r: r * mpmath.exp(-r * r / 2), [0, 3])),
    ],
    "wgan_gp": [
        lambda: wasserstein_distance([0, 4], [1, 2]),
        lambda: max(abs(v * w) * 3 for v in (-0.01, 0.01) for w in (-0.01, 0.01)),
        lambda: 10 * (np.hypot(1, 2) - 1) ** 2,
        lambda: np.linalg.svd([[3, 0], [4, 5]])[1][0],
    ],
    "game_dynamics": [
        lambda: next(n for n in range(99) if largest(np.eye(2) + 1.2 * players(0.5, 0.6)) ** n < 1e-3),
        lambda: brentq(lambda h: optimist(h, 3) - 1, 0.15, 0.25),
        lambda: largest(players(0.5, 0.3) - np.diag([0.3, 0])),
        lambda: brentq(lambda h: largest(np.eye(4) + h * FOUR) - 1, 0.01, 0.4),
    ],
    "images": [
        lambda: len(np.flatnonzero(painted(4, 2, painted(4, 2, painted(4, 2, np.ones(1)))))),
        lambda: 2 / np.concatenate([np.tile([1.0, -1.0], 24), 2 + np.tile([1.0, -1.0], 8)]).std(),
        lambda: brentq(lambda share: (1 - share) ** 2 + share**2 - 0.68, 0, 0.5),
        lambda: np.mean(np.outer(*2 * [painted(6, 4, np.ones(12))[8:40]]) == 4),
    ],
    "variants": [
        lambda: 2 * np.minimum([0.7, 0.2, 0.1], [0.1, 0.2, 0.7]).sum(),
        lambda: sum(a * b / (a + b) for a, b in ((0.8, 0.4), (0.2, 0.6))) / 2,
        lambda: in_pairs([0.5, 0.3, 0.2], [0.2, 0.3, 0.5]),
        lambda: np.linalg.norm(np.ones(2 * 2)) ** 3,
    ],
    "tricks": [
        lambda: mpmath.diff(lambda a: smoothed_logit(a, 0.8, 0.2), log(0.1 / 0.9)),
        lambda: sum(1 for turn in range(1, 2000) if turn * (2 * (128 + 128 + 128) + 128) <= 576_000),
        lambda: abs(sum(0.1 * 0.9**age * (-1) ** age for age in range(500))),
        lambda: settled(lambda variance: (1 - 0.15) ** 2 * variance + 0.01 * 4 / 8),
    ],
    "conditional": [
        lambda: 0.1 / (0.1 + 0.2),
        lambda: np.square([0.4, 0.3, 0.2, 0.1]).sum(),
        lambda: brentq(lambda b: log((0.5 + b) / 0.5 * 0.5 / (1.5 - b)) - 0.5 * log(2), 0.1, 0.99),
        lambda: 0.2 * log(2),
    ],
    "unpaired": [
        lambda: len(symmetric_orders(6, (2, 1, 1, 2, 1, 1))),
        lambda: sum(agreeing([one, two], 6) == 1 for one in range(6) for two in range(6)) / 36,
        lambda: corners_moved(50) - corners_moved(-22),
        lambda: len(symmetric_orders(4, (1, 1, 1, 1))),
    ],
    "style": [
        lambda: brentq(lambda share: 1 + 2 * 2 + 4 / share - 25, 1e-6, 1),
        lambda: 0.5 * sum(cut <= 6 for cut in range(2, 9)) / 7,
        lambda: sum(2 ** (2 * k) for k in range(3)) / (3 * 16),
        lambda: brentq(lambda psi: 4 * psi**2 - 1, 0, 1),
    ],
    "evaluation": [
        lambda: np.mean([order[0] in (0, 4) for order in itertools.permutations(range(5))]),
        lambda: exp(entropy([0.2] * 5) - entropy([0.5, 0.5])),
        lambda: 1 - comb(99, 3) / comb(149, 3),
        lambda: brentq(lambda copies: copies + (1 - copies) / 2 - 0.545, 0, 1),
    ],
    "at_scale": [
        lambda: 16 / (8 + 16),
        lambda: quad(lambda x: 10 * x * norm.pdf(x) * norm.cdf(x) ** 9, -10, 10)[0],
        lambda: 1 / sqrt(spread_of_parts([-1.0, 0.0, 1.0], [1.0, 1.0, 1.0])),
        lambda: brentq(lambda n: sqrt(4 / n) - 1 / 5, 1, 1000),
    ],
}
SAID = {
    ("tricks", 0): {"0.26": lambda: 0.8 / 10 + 0.2 * 9 / 10},
    ("binary_cross_entropy", 0): {"0.3406": lambda: -(log(0.8) + log(0.6) + log(0.75)) / 3},
    ("binary_cross_entropy", 3): {"0.65": lambda: 2 * ENTROPY},
    ("minimax_game", 3): {"69": lambda: next(n for n in range(1000) if averaged(n) > 0.5)},
    ("optimal_discriminator", 3): {"0.8413": lambda: (1 + erf(1 / sqrt(2))) / 2},
    ("non_saturating_loss", 2): {"1/11": lambda: adam(1e-9)},
    ("mode_collapse", 1): {"0.4315": lambda: packs(1)},
}


@named(CHAPTERS)
def test_the_answers_of_the_second_set_come_out(path):
    second = of("exercises", path)
    for exercise, computed in zip(second, ANSWERS[path.stem], strict=True):
        digits = len(str(exercise["answer"]).partition(".")[2])
        assert abs(exercise["answer"] - float(computed())) <= 0.5 * 10**-digits + 1e-9, exercise["title"]
    for (slug, place), said in SAID.items():
        for written, computed in said.items() if slug == path.stem else ():
            assert written in second[place]["solution"]
            value = eval(written)
            assert float(computed()) == pytest.approx(
                value, abs=0.5 * 10 ** -len(written.partition(".")[2] or "0000")
            )


@named(CHAPTERS)
def test_the_second_set_asks_what_the_book_does_not(path):
    second = of("exercises", path)
    assert len(second) == 4
    public = "\n".join(prose(page) for page in (path, path.parent / "solutions" / path.name))
    quiz = next(quiz for quiz in QUIZZES if quiz.stem == path.stem)
    answers = [entry["answer"] for entry in record(quiz)["exercises"].values() if entry["kind"] == "number"]
    for exercise in second:
        assert re.search(r"\((by hand|code|debug|log|longer)\)$", exercise["title"])
        assert exercise["task"].strip() not in public
        assert all(abs(exercise["answer"] - other) > 1e-4 for other in answers), exercise["title"]
    assert not list((ROOT / "book").rglob("teach"))  # nothing of it is built in public


# Lesson plans


@named(CHAPTERS)
def test_a_lesson_plan_fills_its_time_and_names_places_that_exist(path):
    plan = of("plans", path)
    text = prose(path)
    for minutes in (50, 90):
        assert sum(row[0] for row in plan[minutes]) == minutes
        for _, what, where in plan[minutes]:
            assert re.search(r"[.?]$", what)
            for label in re.findall(r"\{(?:eq|prf:ref)\}`([^`]*)`", where):
                assert f"({label})" in text or f":label: {label}\n" in text, label
    page = teach.lesson_page(ROOT, path)
    assert page.count("\n### ") == 4
    assert all(exercise["solution"].split()[0] in page for exercise in of("exercises", path))


# Slides


@named(CHAPTERS)
def test_the_slides_hold_each_equation_and_figure_and_load_nothing(path):
    text = slides.slides(read(path), CHAPTERS.index(path) + 1)
    labels = re.findall(r"\$\$\s*\(([\w:-]+)\)", prose(path).split("## Exercises")[0])
    shown = "".join(slide.content for slide in slides.outline(read(path), CHAPTERS.index(path) + 1))
    for place in range(1, len(labels) + 1):
        assert f"({CHAPTERS.index(path) + 1}.{place})</span>" in shown, labels[place - 1]
    figures = [cell for cell in cells(path) if "figure" in cell.metadata.get("mystnb", {})]
    assert shown.count("<img") == len(figures)
    body = text[text.index('<div class="reveal">') : text.index("<script>")]
    assert not re.search(r"\$|\{[a-z:]+\}`|:::", re.sub(r"<annotation.*?</annotation>", "", body, flags=re.S))
    assert not re.findall(
        r"""(?:src|href)=["'](?!data:)[^"']*|url\((?!data:|#)[^)]*\)|@import""",
        text[: text.index("<script>")],
    )


@named(CHAPTERS)
def test_slides_open_in_a_browser_fit_and_can_be_paged_through(path, browser, tmp_path):
    (tmp_path / "s.html").write_text(slides.slides(read(path), 1), encoding="utf-8")
    with contextlib.closing(
        browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    ) as context:
        tab = context.new_page()
        complaints, asked = [], []
        tab.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto((tmp_path / "s.html").as_uri())
        number = tab.locator(".slides > section").count()
        heights = []
        for _ in range(number):
            heights.append(tab.locator("section.present").evaluate("(s) => [s.scrollHeight, s.scrollWidth]"))
            tab.keyboard.press("ArrowRight")
        assert tab.evaluate("Reveal.getIndices().h") == number - 1
        assert max(height for height, _ in heights) <= 720
        assert max(width for _, width in heights) <= 1280
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert complaints == []


def test_make_teach_is_offered():
    helped = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.search(r"^make teach\s", helped.stdout, re.M)
