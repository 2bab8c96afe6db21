"""The Sphinx extension for what others see of a page: its title, its description, its address.

The address of the site follows from that of the repository, as GitHub Pages has it. While that is not set, no
page has a canonical address, and there is no sitemap.
"""

from __future__ import annotations

import html
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import plain
from minimax import PLACEHOLDER

__all__ = ["setup", "site_of"]

HERE = Path(__file__).resolve().parent
SUBJECT = "GANs derived, trained and tested"
PICTURE = "ring.png"
_TITLES = {"search": "Search", "genindex": "Index"}
_DESCRIPTIONS = {
    "search": "Search the book: its chapters, failures, corrections, words and the reference of the package.",
    "genindex": "All names of the package and all terms of the book, in alphabetical order.",
    "prf-prf": "All definitions, theorems and lemmas of the book, in alphabetical order.",
    "py-modindex": "The modules of the package that goes with the book.",
    "404": "There is no page at this address.",
}


def setup(app):
    app.connect("config-inited", _set_address, priority=50)  # before the links to the placeholder are dropped
    app.connect("html-collect-pages", _missing_page)
    app.connect("doctree-read", _remember, priority=900)  # once all that a page says stands there
    app.connect("html-page-context", _describe, priority=800)
    app.connect("build-finished", _copy_picture)
    app.connect("build-finished", _write_sitemap)
    return {"version": "1", "parallel_read_safe": True}


def site_of(repository: str) -> str:
    """Where GitHub Pages serves the site of a repository; "" for the placeholder.

    >>> site_of("https://github.com/you/game"), site_of("https://github.com/you/you.github.io")
    ('https://you.github.io/game/', 'https://you.github.io/')
    """
    if repository == PLACEHOLDER:
        return ""
    owner, name = urlsplit(repository).path.strip("/").split("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def _set_address(app, config):
    config.html_baseurl = site_of(config.html_theme_options.get("repository_url", PLACEHOLDER))


def _missing_page(app):
    """A page for addresses that do not exist, with all that a page has around its text."""
    body = (HERE / "templates" / "missing.html").read_text(encoding="utf-8")
    return [("404", {"title": "There is no such page", "body": body}, "page.html")]


def _remember(app, doctree):
    app.env.metadata[app.env.docname]["first_sentences"] = plain.first_sentences(doctree)


def _describe(app, pagename, templatename, context, doctree):
    book = app.config.html_title
    title = plain.text(app.env.titles[pagename]) if pagename in app.env.titles else context.get("title")
    title = title or _TITLES.get(pagename, pagename)
    front = pagename == app.config.root_doc
    context["page_title"] = f"{book}: {SUBJECT}" if front else f"{html.unescape(title)} — {book} (GANs)"
    context["base_path"] = urlsplit(app.config.html_baseurl).path or "/"
    context["base_host"] = urlsplit(app.config.html_baseurl).netloc
    if pagename == "404":
        context["pageurl"] = None
    description = context.get("description") or _DESCRIPTIONS.get(pagename, "")
    if pagename in app.env.found_docs:
        description = app.env.metadata[pagename]["first_sentences"]
    tags = {"description": description, **_card(app, pagename, context, description)}
    lines = [_meta(name, content) for name, content in tags.items() if content]
    context["metatags"] = (context.get("metatags") or "") + "\n" + "\n".join(lines)


def _meta(name, content):
    kind = "property" if name.startswith("og:") else "name"
    return f'<meta {kind}="{name}" content="{html.escape(content)}" />'


def _card(app, pagename, context, description):
    """What a link to the page shows where it is shared."""
    base = app.config.html_baseurl
    return {
        "og:title": context["page_title"],
        "og:description": description,
        "og:type": "website" if pagename == app.config.root_doc else "article",
        "og:site_name": app.config.html_title,
        "og:url": (context.get("pageurl") or "") if base else "",
        "og:image": f"{base}_static/{PICTURE}" if base else "",
        "robots": "noindex" if pagename in ("404", "search") else "",
    }


def _copy_picture(app, exception):
    """The picture of a shared link, and of the lab where no script runs."""
    if exception is None and app.builder.format == "html":
        shutil.copy(HERE.parent / "pictures" / PICTURE, Path(app.outdir) / "_static" / PICTURE)


def _write_sitemap(app, exception):
    base = app.config.html_baseurl
    if exception is not None or app.builder.name != "html" or not base:
        return
    written = [*app.env.collect_relations(), *getattr(app, "cards", ())]
    pages = [app.builder.get_target_uri(page) for page in written]
    entries = "".join(f"<url><loc>{html.escape(base + page)}</loc></url>\n" for page in pages)
    schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
    out = Path(app.outdir)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{schema}">\n{entries}</urlset>\n'
    (out / "sitemap.xml").write_text(text, encoding="utf-8")
    (out / "robots.txt").write_text(f"User-agent: *\nSitemap: {base}sitemap.xml\n", encoding="utf-8")
