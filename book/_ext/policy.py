"""The Sphinx extension for what a page may do: nothing that its own site does not hold.

Each page has a Content-Security-Policy of its own, made when it is written: scripts, pictures, fonts and
requests come from the site alone, and scripts within the page are those whose digest stands in the policy.
Styles may stand in the page, since KaTeX and the parts place what they draw so. Where a page proves,
WebAssembly may run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from sphinx.errors import ExtensionError

__all__ = ["guarded", "policy", "setup"]

_INLINE = re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*application/json)[^>]*>(.*?)</script>", re.DOTALL)
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="[^"]*">\n?')
_CHARSET = re.compile(r'<meta charset="utf-8"\s*/?>\n?', re.IGNORECASE)
_PRESSED = re.compile(r' onclick="(?:window\.)?(print|toggleFullScreen)\(\)"')
_HANDLER = re.compile(r'<[a-z][^<>]*\s(on[a-z]+)="|(?:href|src|action)="(javascript):')


def setup(app):
    app.connect("build-finished", _guard, priority=970)
    return {"version": "1", "parallel_read_safe": True}


def _guard(app, exception):
    if exception is not None or app.builder.name != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        if "_static" not in path.relative_to(app.outdir).parts:
            page = path.read_text(encoding="utf-8")
            changed = guarded(page)
            if match := _HANDLER.search(_INLINE.sub("", changed)):
                raise ExtensionError(
                    f"{path.name}: a browser will refuse {match[1] or match[2]} in {match[0][:80]}"
                )
            if changed != page:
                path.write_text(changed, encoding="utf-8", newline="")


def guarded(page: str) -> str:
    """A page with its policy, and what the theme writes into buttons said in a way that a policy allows.

    >>> guarded('<meta charset="utf-8"><button onclick="window.print()">')[-28:]
    '<button data-press="print">'
    """
    page = _PRESSED.sub(r' data-press="\1"', _POLICY.sub("", page))
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(page)}">\n'
    charset = _CHARSET.search(page)
    place = charset.end() if charset else 0
    return page[:place] + meta + page[place:]


def policy(page: str) -> str:
    """What a page may do, as the value of a Content-Security-Policy."""
    digests = sorted({_digest(script) for script in _INLINE.findall(page)})
    proves = ["'wasm-unsafe-eval'"] if 'class="prove' in page else []
    allowed = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *digests, *proves],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "media-src": ["'self'"],
        "connect-src": ["'self'"],
        "worker-src": ["blob:"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in allowed.items())


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
