"""The Sphinx extension for what lives on a page: quizzes, checks of exercises, the lab, the line of facts.

`{quiz} CHAPTER`, `{lab}`, `{duel}` and `{progress}` put a part where they stand; `{checked} PAGE` says what
was run.
A chapter needs none of them: below an exercise that asks for a number or a choice stands a field that checks
it, the quiz of a cell is the quiz of the page, and the last line of a page made from a notebook says what
was run.

A page loads the script of a part once, as a plain script, which a page opened from a disk may load too. A
large part that stands far down waits until its reader comes near, and so do its data where they are many.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from datetime import date
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import ganlab
from ganlab import exercises
from ganlab import parts as live

__all__ = ["setup"]

HERE = Path(__file__).parent
BOOK = HERE.parent
# they come when their reader is near
_WAITING = {"densities", "dirac", "lab", "player", "sketch", "translation"}
_MODULE = re.compile(r'\s*<script type="module" data-module="\w+">.*?</script>', re.DOTALL)
_HELD = re.compile(
    r'(<div class="part" id="([\w-]+)" data-part="(\w+)")>'
    r'(<script type="application/json">)(.*?)(</script>)',
    re.DOTALL,
)
_MANY = 8_000  # characters of data
_PART = re.compile(r'data-part="(\w+)"')
_CHECK = re.compile(r'exercises\.check\("([\w-]+)", None\)')

_STILL = (
    "Two planes with eight blue clusters on a circle. On the left the generated crosses cover all of the "
    "clusters, on the right they form one smear that touches none."
)
_DUEL = (
    "<noscript><p>Here you drag points against a discriminator that trains in the page, or draw the border "
    "yourself, which needs JavaScript.</p></noscript>"
)
_ON_THE_PAGE = (
    "<p>What this exercise asks for is checked by a notebook and not by a page: open the notebook, put your "
    "answer in the place of <code>None</code>, and run the cell.</p>"
)

logger = logging.getLogger(__name__)


def setup(app):
    for directive in (Quiz, Lab, Duel, Progress, Checked):
        app.add_directive(directive.__name__.lower(), directive)
    app.add_config_value("parts_sources", _digest(), "env", types=[str])
    app.connect("config-inited", _write_scripts, priority=100)
    app.connect("doctree-read", _complete_a_notebook)
    app.connect("doctree-resolved", _complete_the_progress)
    app.connect("html-page-context", _load_scripts)
    app.connect("html-page-context", _set_data_aside)
    return {"version": "1", "parallel_read_safe": True}


def _digest():
    package = Path(ganlab.__file__).parent
    sources = [
        *package.glob("page/browser/**/*.*s"),
        *package.glob("assets/quizzes/*.yml"),
        *BOOK.glob("**/checked/*.json"),
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()


# Directives


class Quiz(SphinxDirective):
    """The quiz of a chapter."""

    required_arguments = 1

    def run(self):
        try:
            return [_raw(exercises.quiz(self.arguments[0]).html(script=False))]
        except ValueError as error:
            raise self.error(str(error)) from None


class Lab(SphinxDirective):
    """The browser lab; the body, if there is one, is its set-up as YAML."""

    has_content = True

    def run(self):
        data = yaml.safe_load("\n".join(self.content)) or {}
        still = f"{'../' * self.env.docname.count('/')}_static/ring.png"
        sentence = (
            "<noscript><p>Here a GAN trains in the page, which needs JavaScript. Two runs end so:</p>"
            f'<img src="{still}" alt="{_STILL}" width="1200" height="630" loading="lazy"></noscript>'
        )
        try:
            return [_raw(live.html("lab", data, fallback=sentence, script=False))]
        except ValueError as error:
            raise self.error(str(error)) from None


class Duel(SphinxDirective):
    """The games in which the reader is one of the two networks."""

    def run(self):
        return [_raw(live.html("duel", {}, fallback=_DUEL, script=False))]


class Progress(SphinxDirective):
    """The reader's progress over all chapters."""

    def run(self):
        return [nodes.raw(text="", format="html", classes=["live", "readers-progress"])]


class Checked(SphinxDirective):
    """The line of facts of a page that is made from a notebook."""

    required_arguments = 1

    def run(self):
        line = _facts(BOOK / self.arguments[0])
        if line is None:
            raise self.error(f"no facts about {self.arguments[0]!r} in checked; make notebooks writes them")
        return [line]


def _raw(text):
    return nodes.raw(text=text, format="html", classes=["live"])


# Pages made from notebooks


def _complete_a_notebook(app, doctree):
    """Each part without its script, a field below each exercise that asks for a number, the line of facts."""
    for raw in doctree.findall(nodes.raw):
        if _PART.search(raw.astext()):
            raw.children = [nodes.Text(_MODULE.sub("", raw.astext()))]
    for cell in doctree.findall(lambda node: "tag_exercise" in _classes(node)):
        if asked := _CHECK.search(cell.astext()):
            chapter, number = asked[1].rsplit("-", 1)
            field = exercises.fields(chapter).get(number) or _formula(app, chapter, number) or _ON_THE_PAGE
            cell.children[-1].children = [_raw(field)]
    path = Path(app.env.doc2path(app.env.docname))
    line = _facts(path) if path.suffix == ".ipynb" else None
    if line is not None:
        next(iter(doctree.findall(nodes.section))).append(line)


def _formula(app, chapter, number):
    """The field for an answer that is a formula, which what proves marks; "" where none is asked for."""
    exercise = exercises.formulas(chapter).get(number)
    if exercise is None:
        return ""
    home = f"{'../' * app.env.docname.count('/')}_static/prover/"
    kept = {key: exercise[key] for key in ("answer", "misconceptions", "right", "otherwise")}
    data = html.escape(json.dumps(kept, ensure_ascii=False))
    return f'<div class="prove-answer" data-home="{home}" data-exercise="{data}">{_ON_THE_PAGE}</div>'


def _classes(node):
    return getattr(node, "attributes", {}).get("classes", ())


def _facts(page):
    """The line of facts of a page, as a paragraph; None where nothing is known of it."""
    path = page.parent / "checked" / f"{page.stem}.json"
    if not path.exists():
        return None
    facts = json.loads(path.read_text(encoding="utf-8"))
    day = date.fromisoformat(facts["date"])
    versions = f"Python {facts['python']} and PyTorch {facts['torch']}"
    line = (
        f"Run on {day.day} {day:%B %Y} with {versions}, in {facts['seconds']} seconds of one processor. "
        f"The tests run it again and compare the outputs of {facts['cells']} cells"
    )
    line += f"; they check its {facts['equations']} equations." if facts["equations"] else "."
    return nodes.paragraph("", "", nodes.strong("", "Checked. "), nodes.Text(line), classes=["checked"])


# Pages as they are written


def _complete_the_progress(app, doctree, docname):
    """The chapters of the progress are known when every page has been read."""
    for raw in doctree.findall(nodes.raw):
        if "readers-progress" in _classes(raw):
            raw.children = [nodes.Text(_progress(app, docname))]


def _progress(app, here):
    found = []
    for page in app.env.collect_relations():
        chapter = Path(page).name
        if chapter in exercises.chapters() and Path(page).parent.name != "solutions":
            quiz = exercises.quiz(chapter)
            names = [f"{chapter}/{question['id']}" for question in quiz.questions]
            names += [f"{chapter}/exercise-{number}" for number in exercises.fields(chapter)]
            href = app.builder.get_relative_uri(here, page)
            found.append({"title": quiz.title, "href": href, "names": names})
    return live.html("quiz", {"chapters": found}, fallback=_empty_table(found), script=False)


def _empty_table(chapters):
    """The table as the script will draw it, so that nothing moves when it does."""
    rows = "".join(
        f'<tr><th scope="row"><a href="{chapter["href"]}">{chapter["title"]}</a></th>'
        f'<td><progress max="1" value="0" aria-label="{chapter["title"]}"></progress></td>'
        f"<td>0 of {len(chapter['names'])}</td></tr>"
        for chapter in chapters
    )
    head = "".join(f'<th scope="col">{text}</th>' for text in ("Chapter", "Answered rightly", "Count"))
    room = (
        '<div class="controls" style="visibility: hidden"><span class="button">Save</span></div><p>&nbsp;</p>'
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="part-quiz"><style>{live.style("quiz")}</style>{table}{room}</div>'


def _load_scripts(app, pagename, templatename, context, doctree):
    raw = doctree.findall(nodes.raw) if doctree and app.builder.name == "html" else ()
    names = {name for node in raw for name in _PART.findall(node.astext())}
    for name in sorted(names - _WAITING):
        app.add_js_file(f"parts/{name}.js", loading_method="defer")
    if waiting := names & _WAITING:
        app.add_js_file("near.js", loading_method="defer", **{"data-parts": " ".join(sorted(waiting))})


def _set_data_aside(app, pagename, templatename, context, doctree):
    """Many data of a part that waits stand in a script of their own, which `near.js` brings with the part."""
    if app.builder.name != "html" or not context.get("body"):
        return
    folder = Path(app.outdir) / "_static" / "data"

    def set_aside(match):
        place, name, part, begin, data, end = match.groups()
        if part not in _WAITING or len(data) < _MANY:
            return match[0]
        folder.mkdir(parents=True, exist_ok=True)
        text = f"(globalThis.partData ??= {{}})[{json.dumps(name)}] = {data};\n"
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
        source = f"{'../' * pagename.count('/')}_static/data/{name}.js"
        return f'{place} data-src="{source}">{begin}{end}'

    context["body"] = _HELD.sub(set_aside, context["body"])


# Scripts


def _write_scripts(app, config):
    folder = Path(app.doctreedir) / "static"
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    for name in live.names():
        (folder / "parts" / f"{name}.js").write_text(live.plain(name), encoding="utf-8")
    config.html_static_path.append(str(folder))
