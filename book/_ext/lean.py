"""The Sphinx extension that keeps pages light and still: the icons that are used, and scripts that wait.

The theme brings all icons of a large collection, as a script and as fonts. Its templates lose the script in
`templates/`; here the fonts are cut down to the icons that the theme itself places on a page.
"""

from __future__ import annotations

import io
import posixpath
import re
from pathlib import Path

import pydata_sphinx_theme
from docutils import nodes
from fontTools import subset
from fontTools.ttLib import TTFont
from myst_nb.sphinx_ import HideCodeCellNode
from PIL import Image

__all__ = [
    "codepoints",
    "compact",
    "cut",
    "in_use",
    "is_drawing",
    "make_lighter",
    "moved",
    "png_size",
    "setup",
    "without_icons",
    "without_idle_properties",
    "without_measuring",
]

HERE = Path(__file__).parent
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
FONTS = THEME / "vendor" / "fontawesome" / "webfonts"
ICONS = {
    *(
        "angle-left",
        "angle-right",
        "arrow-up",
        "bars",
        "chevron-down",
        "circle-half-stroke",
        "list",
        "outdent",
    ),
    *(
        "code",
        "download",
        "expand",
        "file",
        "file-pdf",
        "home",
        "lightbulb",
        "magnifying-glass",
        "moon",
        "sun",
    ),
    *("pencil-alt", "play", "rocket", "bitbucket", "github", "gitlab"),
}
_RULE = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"\\?([^"]*)"\}')
_AT_ONCE = ("documentation_options.js",)
_LATER = ("clipboard.min.js", "copybutton.js")  # with the first sign of a reader


def setup(app):
    app.connect("config-inited", _write_icons, priority=100)
    app.connect("doctree-resolved", _set_folds)
    app.connect("html-page-context", _defer_scripts, priority=900)
    app.connect("html-page-context", _finish_body, priority=900)
    app.connect("build-finished", _finish_site, priority=950)  # after the theme wrote the colours of code
    return {"version": "1", "parallel_read_safe": True}


# Icons


def codepoints(style: str) -> dict[str, int]:
    """The characters of the icons that a page may show, by name, as the style sheet of the theme has them."""
    found = dict(re.findall(r"--pst-icon-([\w-]+):\s*\"(.)\"", style))
    for selectors, escape in _RULE.findall(style):
        for name in re.findall(r"\.fa-([\w-]+):before", selectors):
            if name in ICONS:
                found[name] = chr(int(escape, 16))
    if missing := ICONS - set(found):
        raise ValueError(f"the theme has no icon called {', '.join(sorted(missing))}")
    return {name: ord(character) for name, character in sorted(found.items())}


def without_icons(style: str) -> str:
    """The style sheet of the theme without its rules for icons that no page shows."""

    def kept(match):
        return match[0] if set(re.findall(r"\.fa-([\w-]+):", match[1])) & ICONS else ""

    return _RULE.sub(kept, style)


def cut(font: Path, characters: set[int]) -> tuple[bytes, set[int]]:
    """A font with some characters of another, as WOFF, and which of them it has."""
    options = subset.Options(flavor="woff", hinting=False, layout_features=[], notdef_outline=False)
    loaded = TTFont(font)
    held = characters & set(loaded.getBestCmap())
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=held)
    subsetter.subset(loaded)
    loaded.flavor = "woff"
    buffer = io.BytesIO()
    loaded.save(buffer)
    return buffer.getvalue(), held


def _write_icons(app, config):
    folder = Path(app.doctreedir) / "icons"
    folder.mkdir(parents=True, exist_ok=True)
    style = (THEME / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf-8")
    wanted = set(codepoints(style).values())
    rules = []
    for family, weight, name in (("Free", 900, "fa-solid-900"), ("Brands", 400, "fa-brands-400")):
        font, held = cut(FONTS / f"{name}.ttf", wanted)
        (folder / f"{name}.woff").write_bytes(font)
        span = ", ".join(f"U+{character:X}" for character in sorted(held))
        rules.append(
            f'@font-face {{ font-family: "Font Awesome 6 {family}"; font-weight: {weight}; '
            f'font-display: block; src: url("{name}.woff") format("woff"); unicode-range: {span}; }}\n'
        )
    (folder / "icons.css").write_text("".join(rules), encoding="utf-8")
    config.html_static_path.append(str(folder))
    config.html_css_files.append("icons.css")
    config.templates_path.insert(0, str(HERE / "templates"))


# Scripts


_NEEDED_FOR = {
    "design-tabs.js": "sd-tab-set",
    "togglebutton.js": "toggle|dropdown",
    "copybutton.js": "highlight",
    "clipboard.min.js": "highlight",
    "sphinx_highlight.js": "(?!)",  # it marks the words of a search that ours does not send
}


def _defer_scripts(app, pagename, templatename, context, doctree):
    """A script waits until the page stands, save where a script in the page needs what it defines.

    One whose work a page does not have stays away.
    """
    if pagename != "search":
        body = context.get("body") or ""
        files = [script for script in context["script_files"] if _needed(script, body)]
        later = " ".join(name for name in map(_name, files) if name in _LATER)
        now = [script for script in files if _name(script) not in _LATER]
        context["script_files"] = [_deferred(script, later) for script in now]


def _name(script):
    return str(getattr(script, "filename", None) or "").rpartition("/")[2].partition("?")[0]


def _needed(script, body):
    need = _NEEDED_FOR.get(_name(script))
    return need is None or re.search(rf'class="[^"]*(?:{need})', body)


def _deferred(script, later):
    if not getattr(script, "filename", None) or str(script.filename).endswith(_AT_ONCE):
        return script
    attributes = script.attributes | {"defer": "defer"}  # the pages share the object itself
    if _name(script) == "scrolling.js":
        attributes["data-later"] = f"scripts/bootstrap.js {later}".strip()
    return type(script)(script.filename, priority=script.priority, **attributes)


# The text of a page


def _set_folds(app, doctree, name):
    """Folded code stands below the figure that it made, and a cell that is nothing but a fold has a class.

    A page that is still coming must not move, as it did where a style asked what a cell holds: less at first.
    """
    for cell in doctree.findall(nodes.container):
        if not isinstance(next(iter(cell), None), HideCodeCellNode):
            continue
        fold, output = cell[0], cell[-1]
        if output is fold:
            cell["classes"].append("only-folded")
        elif _is_a_figure(output):
            cell.remove(fold)
            cell.append(fold)


def _is_a_figure(output):
    """Whether an output holds a figure, set by Sphinx or its own; a part that is alive is no figure."""
    text = output.astext()
    return 'class="part"' not in text and ("<figure" in text or any(output.findall(nodes.figure)))


_EMPTY = {
    ' aria-label="Toggle hidden content"': "",
    ' role="doc-biblioentry"': "",
    ' role="list" class="citation-list"': "",
    '<th class="head"><p></p></th>': "<td></td>",
}
_IMAGE = re.compile(r'<img (?=[^>]*src="[^"]*_images/([^"/]+\.png)")(?![^>]*\bwidth=)')


def _finish_body(app, pagename, templatename, context, doctree):
    """Pictures have room before they come, and come when they are near; what has a role has a meaning."""
    if "generate_toctree_html" in context:
        context["generate_toctree_html"] = _named(context["generate_toctree_html"])
    app.lean_styles = [style.filename for style in context["css_files"]]
    context["styles_version"] = app.config.minimax_sources[:8]
    sources = {name: app.srcdir / source for source, name in app.builder.images.items()}
    lazy = ' loading="lazy"' if app.builder.name == "html" else ""

    def with_room(match):
        width, height = png_size(sources[match[1]])
        kind = "drawing" if is_drawing(sources[match[1]]) else "photograph"
        return f'<img width="{width}" height="{height}"{lazy} data-kind="{kind}" '

    body = context.get("body") or ""
    for empty, plain in _EMPTY.items():
        body = body.replace(empty, plain)
    context["body"] = _IMAGE.sub(with_room, body)


def _named(list_of_pages):
    """The theme's function for the list of pages, with a name for what unfolds a part of it."""

    def named(*arguments, **options):
        pages = list_of_pages(*arguments, **options)
        if options.get("kind") == "raw":
            return pages
        return str(pages or "").replace("<summary>", '<summary aria-label="More pages">')

    return named


def is_drawing(path: Path) -> bool:
    """Whether a picture is lines and points on white paper, without the dark areas of photographs."""
    with Image.open(path) as picture:
        tones = picture.convert("L").histogram()
    return sum(tones[:60]) < 0.05 * sum(tones) and sum(tones[250:]) > 0.5 * sum(tones)


def make_lighter(path: Path) -> None:
    """Write a drawing with a table of its 256 commonest tones, where that takes less room."""
    with Image.open(path) as picture:
        if picture.mode == "P":
            return
        flat = Image.new("RGB", picture.size, "white")
        flat.paste(picture, mask=picture.convert("RGBA").getchannel("A"))
    written = io.BytesIO()
    flat.quantize(256, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
    if len(written.getvalue()) < path.stat().st_size:
        path.write_bytes(written.getvalue())


def png_size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG in pixels, from its header."""
    header = path.read_bytes()[:24]
    return int.from_bytes(header[16:20]), int.from_bytes(header[20:24])


# The site


def _finish_site(app, exception):
    """One style sheet, and no file that no page asks for; where no page was written, all that is there."""
    if exception is not None or app.builder.format != "html" or not hasattr(app, "lean_styles"):
        return
    static = Path(app.outdir) / "_static"
    styles = ["_static/styles/theme.css", "_static/styles/pydata-sphinx-theme.css", *app.lean_styles]
    joined = "".join(_whole(Path(app.outdir), name) for name in styles)
    classes, asked = _spoken_of(Path(app.outdir))
    style = without_idle_properties(in_use(without_icons(joined), classes), asked)
    (static / "book.css").write_text(compact(style), encoding="utf-8")
    script = static / "scripts" / "pydata-sphinx-theme.js"
    script.write_text(without_measuring(script.read_text(encoding="utf-8")), encoding="utf-8")
    for pattern in ("*.map", "fontawesome.js*", "fa-*.ttf"):
        for path in static.rglob(pattern):
            path.unlink()
    for path in (Path(app.outdir) / "_images").glob("*.png"):
        if is_drawing(path):
            make_lighter(path)


_MEASURED = re.compile(r'document\.querySelectorAll\(\["pre",[^\]]*\]\.join\(", "\)\)')


def without_measuring(script: str) -> str:
    """The theme's script without its search for boxes that scroll, at each change of a page: `scrolling.js`.

    It measures and changes one box after the other, which lays out a long page as many times.
    """
    lighter, found = _MEASURED.subn("[]", script)
    if found != 1:
        raise ValueError(f"the theme's script must look for boxes that scroll in one place, got {found}")
    return lighter


_WORD = re.compile(r"[A-Za-z_][\w-]*")
_CLASSES = re.compile(r'\bclass="([^"]*)"')
_BLOCK = re.compile(r"([^{}]+)(\{[^{}]*\})")
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
_BEYOND = re.compile(r"@|\\|:(?:is|where|has)\(|:not\([^()]*\(")
_MADE_BY_SCRIPTS = re.compile(
    r"bs-tooltip|tooltip|dropdown|(?:show|showing|fade|active|collapsed|collapsing)$"
)
_OF_ITS_OWN = ("bootstrap.js", "entries.js", "minisearch.js", "katex.min.js", "pyodide.js")


def _spoken_of(site: Path) -> tuple[set[str], set[str]]:
    """The classes that a page or a script names, and the properties of style that one asks for.

    A script of others names many classes that no page has; what such a script makes is known by name.
    """
    classes, asked = set(), set()
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        classes.update(name for names in _CLASSES.findall(text) for name in names.split())
        asked.update(_PROPERTY.findall(text))
    for script in (site / "_static").rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        asked.update(_PROPERTY.findall(text))
        if script.name not in _OF_ITS_OWN:
            classes.update(_WORD.findall(text))
    return classes, asked


def in_use(style: str, words: set[str]) -> str:
    """A style sheet without the rules for classes that are not among the words of any page or script."""

    def applies(selector):
        return all(name in words or _MADE_BY_SCRIPTS.match(name) for name in _CLASS.findall(selector))

    def kept(match):
        if _BEYOND.search(match[1]):
            return match[0]
        selectors = re.sub(r":not\([^()]*\)", "", match[1]).split(",")
        return match[0] if any(map(applies, selectors)) else ""

    return re.sub(r"@(?:media|supports)[^{}]*\{\s*\}", "", _BLOCK.sub(kept, style))


_PROPERTY = re.compile(r"--[A-Za-z][\w-]*")
_ASKED = re.compile(r"var\(\s*(--[\w-]+)")
_INSIDE = r"\"[^\"]*\"|'[^']*'|\((?:[^()\"']|\"[^\"]*\"|'[^']*'|\([^()]*\))*\)"
_SET = re.compile(rf"(?<![\w-])(--[\w-]+)\s*:((?:{_INSIDE}|[^;{{}}\"'()])*)(?:;|(?=\}}))")
_BLANK = re.compile(rf"({_INSIDE})|\s*([{{}};,])\s*|\s+")


def without_idle_properties(style: str, asked: set[str]) -> str:
    """A style sheet without the properties of style that nothing asks for, here or elsewhere.

    >>> without_idle_properties(":root{--a:1;--b:var(--a);--c:2}p{top:var(--b)}", {"--d"})
    ':root{--a:1;--b:var(--a);}p{top:var(--b)}'
    """
    while True:
        known = asked | set(_ASKED.findall(style))
        lighter = _SET.sub(lambda match, known=known: match[0] if match[1] in known else "", style)
        if lighter == style:
            return style
        style = lighter


def compact(style: str) -> str:
    r"""A style sheet without blanks that say nothing.

    >>> compact('a  b {\n  color : red;\n  content: "x ;  y" ;\n}\n')
    'a b{color : red;content: "x ;  y"}'
    """
    style = _BLANK.sub(lambda match: match[1] or match[2] or " ", style)
    return style.replace(";}", "}").strip()


_ADDRESS = re.compile(r"""url\(\s*(["']?)(?!data:|#)([^)"']+)""")
_IMPORT = re.compile(r"""@import\s+(?:url\()?["']([^"']+)["']\)?;""")


def _whole(site, name):
    """A style sheet and what it imports, as a part of one that is in `_static`."""
    folder = posixpath.dirname(name)
    text = (site / name).read_text(encoding="utf-8")
    imported = (posixpath.normpath(f"{folder}/{path}") for path in _IMPORT.findall(text))
    return "".join(_whole(site, path) for path in imported) + moved(_IMPORT.sub("", text), name)


def moved(style: str, name: str) -> str:
    """A style sheet that was at `_static/...`, with its addresses as seen from `_static`."""
    folder = posixpath.dirname(name).removeprefix("_static").lstrip("/")
    plain = re.sub(r"/\*.*?\*/|@charset[^;]*;", "", style, flags=re.DOTALL)
    return (
        _ADDRESS.sub(lambda m: f"url({m[1]}{posixpath.normpath(posixpath.join(folder, m[2]))}", plain) + "\n"
    )
