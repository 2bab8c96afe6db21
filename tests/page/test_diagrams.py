"""The diagrams: well-formed, told in words, and in a browser no word leaves its box or covers another."""

from itertools import combinations
from xml.etree import ElementTree

import pytest
from oracles.pages import CHAPTERS, code_cells

from ganlab import facts
from ganlab.page.diagrams import DIAGRAMS, diagram

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_diagram_is_well_formed_and_says_what_it_shows(name):
    figure = ElementTree.fromstring(diagram(name)._repr_html_())
    drawn = figure.find(f"{SVG}svg")
    assert drawn.get("role") == "img"
    assert drawn.get("aria-label") == f"{diagram(name).title}. {diagram(name).told}"
    assert drawn.find(f"{SVG}title").text == diagram(name).title
    assert len(diagram(name).told.split()) > 25
    arrows = {path.get("marker-end") for path in drawn.iter(f"{SVG}path")} - {None}
    heads = {f"url(#{head.get('id')})" for head in drawn.iter(f"{SVG}marker")}
    assert arrows <= heads


def test_the_family_names_every_loss_and_every_penalty():
    drawn, told = diagram("family")._repr_html_(), diagram("family").told
    for loss in facts.table("losses").values():
        assert f">{loss['title']}<" in drawn
        assert loss["title"] in told
    for name, penalty in facts.table("regularizers").items():
        assert f">{name}<" in drawn
        assert f"{name} {penalty['price']} {penalty['place']}" in told


def test_an_unknown_diagram_is_refused_by_name():
    with pytest.raises(ValueError, match=r"`name` must be one of players, .*, got 'playres'"):
        diagram("playres")


@pytest.mark.parametrize("name", DIAGRAMS)
def test_every_diagram_is_used_by_a_chapter(name):
    sources = "\n".join(cell.source for path in CHAPTERS for cell in code_cells(path))
    assert f'diagram("{name}")' in sources


@pytest.mark.parametrize("name", DIAGRAMS)
def test_no_word_leaves_its_box_or_the_drawing_or_covers_another(browser, name):
    page = browser.new_page(viewport={"width": 380, "height": 800})
    page.set_content(f"<body style='margin:10px'>{diagram(name)._repr_html_()}</body>")
    boxes = page.evaluate(
        """() => {
          const box = (node) => (({x, y, width, height}) => [x, y, x + width, y + height])(node.getBBox());
          const all = (what) => [...document.querySelectorAll(what)];
          const size = document.querySelector("svg").getAttribute("viewBox").split(" ").map(Number);
          return {
            view: size,
            words: all("tspan").map((node) => [node.textContent, box(node)]),
            held: all("g[data-box]").map((g) => [g.textContent, box(g.querySelector("text")),
                                                  box(g.querySelector("rect"))]),
          };
        }"""
    )
    page.close()

    def inside(inner, outer):
        return all(outer[k] <= inner[k] and inner[k + 2] <= outer[k + 2] for k in (0, 1))

    assert [word for word, where in boxes["words"] if not inside(where, boxes["view"])] == []
    assert [word for word, where, rect in boxes["held"] if not inside(where, rect)] == []
    for (one, a), (other, b) in combinations(boxes["words"], 2):
        overlap = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        assert min(overlap) < 3, f"{one!r} and {other!r} cover each other"
