"""Diagrams: the two players, their step and their losses, drawn as SVG in the page's own type and colours.

A diagram is a list of marks. Lines and letters take the colour of the text around them, so that a diagram is
the same in a light page and in a dark one; the three roles have the colours that they have everywhere. Each
says in words what it shows.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ganlab import facts
from ganlab.plotting import COLORS

__all__ = ["DIAGRAMS", "Diagram", "diagram"]

WIDTH = 360  # of the drawing: a phone shows it without scaling
LINE = 15  # from one line of letters to the next
_DASHES = {"forward": "", "back": "5 4", "none": "2 4"}


@dataclass(frozen=True)
class Diagram:
    """A drawing with its title and, in words, what it shows; displayed as SVG.

    `marks`: pieces of SVG; `height`: of the drawing, which is 360 wide.
    """

    name: str
    title: str
    told: str
    marks: tuple[str, ...]
    height: int

    def __repr__(self) -> str:
        return f"Diagram: {self.title}. {self.told}"

    def _repr_html_(self) -> str:
        heads = "".join(_head(role, color) for role, color in _ink().items())
        return (
            f'<figure style="margin:1em 0"><svg role="img" viewBox="0 0 {WIDTH} {self.height}" '
            f'xmlns="http://www.w3.org/2000/svg" aria-label="{html.escape(f"{self.title}. {self.told}")}" '
            f'style="width:100%;max-width:{1.5 * WIDTH:g}px;height:auto;display:block;margin:auto;'
            'font:13px system-ui,sans-serif" fill="currentColor" stroke="none">'
            f"<title>{html.escape(self.title)}</title><desc>{html.escape(self.told)}</desc>"
            f"<defs>{heads}</defs>{''.join(self.marks)}</svg></figure>"
        )


def diagram(name: str) -> Diagram:
    """The diagram of that name.

    Raises `ValueError` naming those there are where there is none of that name.

    >>> diagram("players").title
    'The two players'
    """
    if name not in DIAGRAMS:
        raise ValueError(f"`name` must be one of {', '.join(DIAGRAMS)}, got {name!r}")
    return DIAGRAMS[name]()


# --- Marks ----------------------------------------------------------------------------------------------


def _ink() -> dict[str, str]:
    return {"neutral": "currentColor"} | {
        role: COLORS[role] for role in ("real", "fake", "discriminator", "other")
    }


def _head(role: str, color: str) -> str:
    return (
        f'<marker id="head-{role}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="{color}"/></marker>'
    )


def _text(x: float, y: float, *lines: str, at: str = "middle", weight: int = 400, size: int = 13) -> str:
    rows = "".join(
        f'<tspan x="{x:g}" y="{y + LINE * row:g}">{html.escape(line)}</tspan>'
        for row, line in enumerate(lines)
    )
    return f'<text text-anchor="{at}" font-weight="{weight}" font-size="{size}">{rows}</text>'


def _box(x: float, y: float, w: float, h: float, *lines: str, role: str = "neutral") -> str:
    middle = y + h / 2 + 4.5 - LINE * (len(lines) - 1) / 2
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="5" fill="{_ink()[role]}" '
        f'fill-opacity="0.09" stroke="{_ink()[role]}" stroke-width="1.5"/>' + _text(x + w / 2, middle, *lines)
    )


def _arrow(*points: tuple[float, float], role: str = "neutral", kind: str = "forward") -> str:
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    return (
        f'<path d="{path}" fill="none" stroke="{_ink()[role]}" stroke-width="1.6" '
        f'stroke-dasharray="{_DASHES[kind]}" marker-end="url(#head-{role})"/>'
    )


def _cut(x: float, y: float) -> str:
    """Two short bars: here no gradient passes."""
    bars = "".join(f"M{x + dx:g} {y - 9:g}L{x + dx - 4:g} {y + 9:g}" for dx in (-1, 6))
    return f'<path d="{bars}" fill="none" stroke="{COLORS["other"]}" stroke-width="2.4"/>'


def _curve(points: Iterable[tuple[float, float]], role: str) -> str:
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="{path}" fill="none" stroke="{_ink()[role]}" stroke-width="2"/>'


def _dot(x: float, y: float, role: str = "real", radius: float = 4) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{_ink()[role]}"/>'


def _cross(x: float, y: float, size: float = 4) -> str:
    lines = f"M{x - size:.1f} {y - size:.1f}L{x + size:.1f} {y + size:.1f}"
    lines += f"M{x - size:.1f} {y + size:.1f}L{x + size:.1f} {y - size:.1f}"
    return f'<path d="{lines}" stroke="{COLORS["fake"]}" stroke-width="1.8" fill="none"/>'


# --- The diagrams ---------------------------------------------------------------------------------------


def _players() -> Diagram:
    def row(y: float, loss: str) -> list[str]:
        return [
            _text(24, y + 24, "z"),
            _arrow((32, y + 20), (58, y + 20)),
            _box(60, y, 66, 40, "G", role="fake"),
            _arrow((126, y + 14), (198, y + 14), role="fake"),
            _box(200, y, 66, 40, "D", role="discriminator"),
            _arrow((266, y + 14), (302, y + 14), role="discriminator"),
            _box(304, y, 48, 40, loss),
        ]

    marks = [
        _text(4, 16, "The discriminator's step", at="start", weight=600),
        *row(44, "L_D"),
        _text(162, 50, "fake"),
        _cut(162, 58),
        _text(162, 98, "detach"),
        _box(60, 112, 66, 34, "data", role="real"),
        _arrow((126, 129), (233, 129), (233, 86), role="real"),
        _text(180, 123, "real"),
        _arrow((304, 74), (268, 74), kind="back"),
        _text(286, 100, "moves D"),
        _text(4, 186, "The generator's step", at="start", weight=600),
        *row(210, "L_G"),
        _text(162, 216, "fake"),
        _arrow((304, 240), (268, 240), kind="back"),
        _arrow((200, 240), (128, 240), kind="back"),
        _text(233, 268, "frozen"),
        _text(93, 268, "moves G"),
        _text(180, 296, "solid: values, forward    dashed: gradients, back", size=12),
    ]
    told = (
        "In the discriminator's step real and generated samples go through D to the loss L_D, and the "
        "gradient comes back to D alone: detach cuts the way to G. In the generator's step generated "
        "samples go through D to the loss L_G, and the gradient goes back through D to G: D passes it on, "
        "but its weights stand still."
    )
    return Diagram("players", "The two players", told, tuple(marks), 306)


def _numbers() -> Diagram:
    rows = (
        ("V(D, G)", "D makes it large", "G makes it small", "minimax"),
        ("L_D = -V", "D makes it small", "", "both games"),
        ("-E log D(G(z))", "", "G makes it small", "non-saturating"),
    )
    marks = [
        _text(62, 16, "number", weight=600),
        _text(178, 16, "discriminator", weight=600),
        _text(298, 16, "generator", weight=600),
    ]
    for place, (number, by_d, by_g, game) in enumerate(rows):
        y = 30 + 68 * place
        marks += [_box(4, y, 116, 52, number, game)]
        for x, player, role in ((126, by_d, "discriminator"), (246, by_g, "fake")):
            if player:
                up = "large" in player
                ends = ((x + 12, y + 44), (x + 12, y + 8)) if up else ((x + 12, y + 8), (x + 12, y + 44))
                marks += [_arrow(*ends, role=role), _text(x + 22, y + 22, *player.split(" it "), at="start")]
    told = (
        "The value V is made large by the discriminator and, in the minimax game, small by the generator. "
        "The discriminator's loss is minus the value. In the non-saturating game the generator makes "
        "another number small, minus the mean logarithm of D at its samples."
    )
    return Diagram("numbers", "Who makes which number small", told, tuple(marks), 236)


def _step() -> Diagram:
    lanes = (
        (
            "discriminator",
            ("draw real x", "draw z, make G(z)", "score both with D", "L_D backward", "move D"),
        ),
        ("fake", ("draw a new z", "make G(z)", "score it with D", "L_G backward", "move G")),
    )
    marks = [
        _text(90, 16, "1. discriminator", weight=600),
        _text(270, 16, "2. generator", weight=600),
    ]
    for lane, (role, acts) in enumerate(lanes):
        x = 10 + 180 * lane
        for place, act in enumerate(acts):
            y = 28 + 48 * place
            marks.append(_box(x, y, 160, 32, act, role=role))
            if place < len(acts) - 1:
                marks.append(_arrow((x + 80, y + 32), (x + 80, y + 46), role=role))
    marks += [_arrow((170, 236), (180, 236), (180, 44), (188, 44))]
    told = (
        "First the discriminator: draw real samples, draw latents and generate, "
        "score both, take the gradient of its loss, move. Then the generator: draw new latents, generate, "
        "let the discriminator score, take the gradient of its loss, move. The generator meets the "
        "discriminator that has just moved."
    )
    return Diagram("step", "One alternating step", told, tuple(marks), 266)


def _shortcut() -> Diagram:
    def ring(cx: float, cy: float) -> list[tuple[float, float]]:
        turns = [math.tau * k / 8 for k in range(8)]
        return [(cx + 62 * math.cos(t), cy - 62 * math.sin(t)) for t in turns]

    clump = [(-5, -6), (4, -3), (-2, 5), (6, 6), (0, 0)]
    marks = [
        _text(90, 16, "a slow D: one push", weight=600),
        _text(270, 16, "a D that keeps up", weight=600),
    ]
    slow, quick = ring(90, 108), ring(270, 108)
    marks += [_dot(x, y) for x, y in (*slow, *quick)]
    x, y = slow[0]
    for dx, dy in clump:
        marks += [
            _cross(x - 14 + 1.6 * dx, y + 1.6 * dy, 3),
            _arrow(
                (x - 14 + 1.6 * dx, y - 4 + 1.6 * dy), (x - 26 + 1.6 * dx, y - 26 + 1.6 * dy), role="fake"
            ),
        ]
    for x, y in quick:
        inward = (270 + 0.62 * (x - 270), 108 + 0.62 * (y - 108))
        outward = (270 + 0.9 * (x - 270), 108 + 0.9 * (y - 108))
        marks += [_cross(*inward, 3), _arrow(inward, outward, role="fake")]
    marks += [
        _text(90, 200, "all arrows alike:", "the clump moves as one"),
        _text(270, 200, "arrows differ:", "the clump comes apart"),
    ]
    told = (
        "Left, a discriminator that is slow and smooth pushes all generated "
        "samples in one direction, so that a clump hops from mode to mode as one. Right, a discriminator "
        "that keeps up pushes samples in different directions, towards different modes."
    )
    return Diagram("shortcut", "Collapse as a short cut", told, tuple(marks), 226)


def _critic() -> Diagram:
    def panel(left: float, title: str, height: Callable[[float], float], note: Sequence[str]) -> list[str]:
        xs = [left + 150 * k / 60 for k in range(61)]
        return [
            _text(left + 75, 16, title, weight=600),
            _arrow((left, 130), (left + 156, 130)),
            _curve([(x, 130 - height((x - left) / 150)) for x in xs], "discriminator"),
            *[_dot(left + 122 + 9 * k, 130) for k in (-1, 0, 1)],
            *[_cross(left + 22 + 9 * k, 130) for k in (-1, 0, 1)],
            _text(left + 75, 158, *note),
        ]

    marks = panel(
        8,
        "classifier",
        lambda t: 84 / (1 + math.exp(-34 * (t - 0.5))),
        ["flat at the crosses:", "no slope to follow"],
    )
    marks += panel(
        194, "critic", lambda t: 12 + 72 * t, ["slope one all the way:", "its rise is the distance"]
    )
    told = (
        "Generated samples as crosses on the left of a line, real samples as dots on the right. The "
        "probability that a good classifier gives is flat at the crosses, so that the generator has no "
        "slope to follow. A critic of slope at most one rises all the way from the crosses to the dots, "
        "by the distance between them."
    )
    return Diagram("critic", "A classifier and a critic", told, tuple(marks), 186)


def _family() -> Diagram:
    losses, penalties = facts.table("losses"), facts.table("regularizers")
    kinds = {
        "one score at a time": [told["title"] for told in losses.values() if not told["relativistic"]],
        "a score against others": [told["title"] for told in losses.values() if told["relativistic"]],
    }
    marks, y = [_text(4, 16, "Losses", at="start", weight=600)], 26
    for kind, titles in kinds.items():
        height = 14 + LINE * len(titles)
        marks += [
            f'<rect x="4" y="{y}" width="352" height="{height}" rx="5" fill="none" stroke="currentColor"/>',
            _text(14, y + 18, kind, at="start", weight=600),
            _text(346, y + 18, *titles, at="end"),
        ]
        y += height + 8
    marks.append(_text(4, y + 18, "Penalties: a place and a price", at="start", weight=600))
    y += 28
    prices = list(dict.fromkeys(told["price"] for told in penalties.values()))
    columns = [186 + 68 * place for place in range(len(prices))]
    marks += [
        _text(x, y + 12, price.replace("^2", "²"), size=10) for x, price in zip(columns, prices, strict=True)
    ]
    for place in dict.fromkeys(told["place"] for told in penalties.values()):
        y += 26
        marks.append(_text(4, y + 12, place, at="start", size=11))
        for x, price in zip(columns, prices, strict=True):
            here = [
                name for name, told in penalties.items() if (told["place"], told["price"]) == (place, price)
            ]
            marks += [_box(x - 32, y - 4, 64, 22, *here, role="other")] if here else [_text(x, y + 12, "·")]
    told = (
        f"The losses of the package: {', '.join(kinds['one score at a time'])} look at one score at a time; "
        f"{', '.join(kinds['a score against others'])} compare scores. The penalties by where they ask the "
        "critic and what they charge for the length n of its gradient: "
        + ", ".join(f"{name} {told['price']} {told['place']}" for name, told in penalties.items())
        + "."
    )
    return Diagram("family", "The family of losses and of penalties", told, tuple(marks), y + 30)


def _symptoms() -> Diagram:
    rows = (
        ("samples in one place,", "hopping", "a faster D; R1 and R2;", "packs; looking ahead"),
        ("G's loss rises, D is sure,", "nothing moves", "non-saturating loss;", "a critic with a penalty"),
        ("losses swing wider", "and wider", "R1 and R2; lower rates;", "an average of weights"),
        ("critic's loss grows", "without end", "a condition on its slope:", "penalty, spectral norm"),
        ("loss looks settled,", "samples are wrong", "count modes; test with", "a fresh discriminator"),
    )
    marks = [_text(82, 16, "you see", weight=600), _text(276, 16, "try", weight=600)]
    for place, (*seen, first, second) in enumerate(rows):
        y = 28 + 54 * place
        marks += [
            _box(2, y, 164, 42, *seen, role="fake"),
            _arrow((166, y + 21), (192, y + 21)),
            _box(194, y, 164, 42, first, second, role="discriminator"),
        ]
    told = " ".join(f"You see: {' '.join(seen)}. Try: {first} {second}." for *seen, first, second in rows)
    return Diagram("symptoms", "From symptoms to remedies", told, tuple(marks), 300)


DIAGRAMS: dict[str, Callable[[], Diagram]] = {
    "players": _players,
    "numbers": _numbers,
    "step": _step,
    "shortcut": _shortcut,
    "critic": _critic,
    "family": _family,
    "symptoms": _symptoms,
}
"""The diagrams by name.

>>> list(DIAGRAMS)[:2]
['players', 'numbers']
"""
