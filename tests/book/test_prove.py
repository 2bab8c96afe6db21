"""Proofs that a reader runs on a page: what a mark loads, what the page then says, and what it never does.

Truth is what a browser shows of a small book with the equations of the real one, the derivations as their own
tests prove them, and the checks of the equations, which name the derivations that they rely on.
"""

import contextlib
import importlib
import json
import re

import prover
import pytest
from oracles.sites import AXE, DESKTOP, LOOK, PHONE, WIDTH, built, parsed, served, small_book, visit

from ganlab.derivations import DERIVATIONS

SLOW = 300_000  # milliseconds: the machine may do other things
ALL = " ".join(DERIVATIONS)
ANSWER = json.dumps({"answer": "-a", "misconceptions": [], "right": "So it is.", "otherwise": "Use D."})
PAGES = {
    "first": "# First\n\n$$\n\\mathrm{BCE}(y, \\sigma(a)) = y\n$$ (bce-logits)\n\nThen.\n\n"
    "$$\nV_x(D) = p\n$$ (opt-best)\n\nAnd.\n\n$$\nx = 1\n$$ (other)\n",
    "answer": "# Answer\n\n"
    f'<div class="prove-answer" data-home="../_static/prover/" data-exercise=\'{ANSWER}\'></div>\n',
    "all": "# All\n\n$$\nx = 1\n$$ (every)\n\n"
    f'<div class="prove" data-home="../_static/prover/" data-proofs="{ALL}">'
    '<button type="button" hidden>prove</button></div>\n',
}


@pytest.fixture(scope="module")
def little(tmp_path_factory):
    folder = small_book(tmp_path_factory.mktemp("b") / "b", PAGES)
    return built(folder)


@pytest.fixture(scope="module")
def home(little):
    with served(little) as address:
        yield f"{address}/book"


@contextlib.contextmanager
def patient(browser, address, **context):
    with visit(browser, address, **context) as tab:
        tab.set_default_timeout(SLOW)
        yield tab


def mark(tab, number):
    return tab.get_by_role("button", name=f"prove equation {number} here")


def state(panel, line):
    return panel.get_by_role("listitem").filter(has_text=re.compile(line)).first.get_attribute("data-state")


# What belongs to an equation


def test_a_mark_runs_the_derivations_that_the_check_of_its_equation_relies_on(monkeypatch):
    asked, relied = [], {}
    for slug in sorted({path.stem for path in (prover.BOOK / "checked").glob("*.json")}):
        with contextlib.suppress(ModuleNotFoundError):
            module = importlib.import_module(f"equations.{slug}")
            monkeypatch.setattr(module, "proved", lambda name: asked.append(name) or True, raising=False)
            for equation in module.EQUATIONS:
                asked.clear()
                equation.check(equation.latex)
                relied |= {equation.label: list(dict.fromkeys(asked))} if asked else {}
    assert prover.proofs() == relied
    assert len(relied) > 40


def test_a_derivation_that_does_not_exist_is_no_proof(tmp_path):
    (tmp_path / "proofs.yml").write_text("bce-loss: [bce_from_likelihood, nothing]\n")
    with pytest.raises(ValueError, match="bce-loss names no derivation: nothing"):
        prover.proofs(tmp_path / "proofs.yml")


def test_a_mark_stands_after_each_equation_with_a_proof_and_no_other(little):
    page = parsed(little / "book" / "first.html")
    marks = page.select("div.prove")
    assert [each.find_previous_sibling("div")["id"] for each in marks] == [
        "equation-bce-logits",
        "equation-opt-best",
    ]
    assert marks[1]["data-proofs"] == "optimal_discriminator off_support"
    assert len(page.select('script[src*="marks.js"]')) == 1


# In a browser


def test_a_click_proves_line_by_line_and_a_changed_sign_turns_its_line_red(browser, home, little):
    with patient(browser, f"{home}/first.html", viewport=DESKTOP) as tab:
        assert not [url for url in tab.visited if "prover" in url or "prove." in url]
        mark(tab, "(1)").click()
        panel = tab.get_by_role("region", name="Proof of equation (1)")
        panel.get_by_text("Proven: each of the 7 lines holds.").wait_for()
        assert panel.locator("li[data-state=holds]").count() == 7
        panel.get_by_text("left side").wait_for()
        left, right = panel.locator(".sides b").all_inner_texts()
        assert left == right
        panel.get_by_label("a", exact=True).fill("2")
        panel.get_by_label("a", exact=True).press("Enter")
        tab.wait_for_function(
            "(before) => document.querySelector('.sides b').textContent !== before", arg=left
        )
        panel.get_by_role("button", name="Change line 2").click()
        panel.get_by_role("button", name="Change a sign").click()
        panel.get_by_text("Not proven: line 2.").wait_for()
        assert state(panel, "at a = 2 the left side is -2.12693 and the right side 2.12693") == "fails"
        assert panel.locator("li[data-state=holds]").count() == 6
        panel.get_by_label("line 2 as text").fill("-log(1 - sigma(a)) = exec('x')")
        panel.get_by_role("button", name="Check this line").click()
        panel.get_by_text("is no sign of a formula.").wait_for()
        panel.get_by_role("button", name="All as in the book").click()
        panel.get_by_text("Proven: each of the 7 lines holds.").wait_for()
        assert tab.complaints == []
        assert [url for url in tab.visited if not url.startswith((home.removesuffix("/book"), "blob:"))] == []
        for theme in ("light", "dark"):
            tab.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
            tab.evaluate(AXE)
            assert tab.evaluate(LOOK, [[[".katex"]], False]) == []


def test_the_keyboard_alone_proves_and_changes_a_line(browser, home):
    with patient(browser, f"{home}/first.html", viewport=DESKTOP) as tab:
        mark(tab, "(2)").focus()
        tab.keyboard.press("Enter")
        panel = tab.get_by_role("region", name="Proof of equation (2)")
        panel.get_by_text("Proven:").wait_for()
        tab.keyboard.press("Tab")  # the first of two proofs
        tab.keyboard.press("Tab")
        tab.keyboard.press("Enter")
        panel.get_by_text("Proven: each of the 11 lines holds.").wait_for()
        panel.get_by_role("button", name="Change line 1").focus()
        tab.keyboard.press("Enter")
        tab.keyboard.press("ControlOrMeta+a")
        tab.keyboard.type("d/dD(at(v(D), p = 0)) > 0")
        tab.keyboard.press("Enter")
        panel.get_by_text("Not proven: line 1.").wait_for()
        assert tab.complaints == []


def test_on_a_phone_three_taps_break_a_proof_and_nothing_is_wider_than_the_screen(browser, home):
    with patient(browser, f"{home}/first.html", viewport=PHONE, has_touch=True, is_mobile=True) as tab:
        mark(tab, "(1)").tap()
        panel = tab.get_by_role("region", name="Proof of equation (1)")
        panel.get_by_text("Proven:").wait_for()
        panel.get_by_role("button", name="Change line 1").tap()
        panel.get_by_role("button", name="Change a sign").tap()
        panel.get_by_text("Not proven: line 1.").wait_for()
        needed, available = tab.evaluate(WIDTH)
        assert needed <= available
        assert tab.complaints == []


def test_the_answer_of_an_exercise_is_marked_on_the_page(browser, home):
    with patient(browser, f"{home}/answer.html", viewport=PHONE) as tab:
        assert not [url for url in tab.visited if "prover/" in url]
        tab.get_by_label("Your formula").fill("log(sigma(-a)) - log(sigma(a))")
        tab.get_by_label("Your formula").press("Enter")
        tab.get_by_text("Right. So it is.").wait_for()
        tab.get_by_label("Your formula").fill("a b")
        tab.get_by_role("button", name="Check").click()
        tab.get_by_text("“b” is no name of this derivation").wait_for()
        tab.evaluate(AXE)
        assert tab.evaluate(LOOK, [[[".katex"]], False]) == []
        assert tab.complaints == []


def test_every_derivation_of_the_book_proves_in_the_page(browser, home):
    with patient(browser, f"{home}/all.html", viewport=DESKTOP) as tab:
        mark(tab, "(4)").click()
        panel = tab.get_by_role("region", name="Proof of equation (4)")
        tabs = panel.get_by_role("group", name="Which proof").get_by_role("button")
        tabs.nth(len(DERIVATIONS) - 1).wait_for()
        assert tabs.count() == len(DERIVATIONS)
        refused = []
        for each in tabs.all():
            each.click()
            name = each.inner_text()
            panel.get_by_role("status").first.filter(
                has_text=re.compile("^(Proven|Not proven|One line)")
            ).wait_for()
            if not panel.get_by_text("Proven: each of the").count():
                refused.append(name)
        assert refused == []
        assert tab.complaints == []


# Where something is missing


def test_a_page_from_a_disk_says_what_a_proof_needs(browser, little):
    with patient(browser, (little / "book" / "first.html").as_uri()) as tab:
        mark(tab, "(1)").click()
        tab.get_by_text("A browser runs a proof only on a page that a server sends.").wait_for()
        assert tab.complaints == []


def test_a_copy_without_what_proves_says_so_below_the_lines(browser, home, little):
    files = little / "_static" / "prover" / "files.json"
    whole = files.read_text()
    files.write_text(json.dumps({"katex.min.js": 1}))
    try:
        with patient(browser, f"{home}/first.html") as tab:
            mark(tab, "(1)").click()
            tab.get_by_text("This copy of the book was built without what proves").wait_for()
            assert tab.locator(".proof-panel li.step").count() == 6
            assert tab.complaints == []
    finally:
        files.write_text(whole)


def test_a_build_says_why_it_has_no_interpreter_and_trusts_no_other(tmp_path, monkeypatch):
    monkeypatch.setenv("npm_config_offline", "true")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(prover.Unavailable, match=rf"npm brings no pyodide {prover.PYODIDE}: \S+"):
        prover.package(tmp_path, tmp_path)
    (tmp_path / f"pyodide-{prover.PYODIDE}.tgz").write_bytes(b"something else")
    with pytest.raises(prover.Unavailable, match="not the one whose digest is pinned"):
        prover.package(tmp_path, tmp_path)
    assert not list(tmp_path.glob("*.tgz"))


def test_what_is_loaded_weighs_what_one_click_may(little):
    sizes = json.loads((little / "_static" / "prover" / "files.json").read_text())
    assert set(sizes) >= {*prover.CORE, "algebra.zip", "derivations.zip", "katex.min.js", "NOTICE.txt"}
    assert sum(sizes.values()) < 20e6
