"""The film: its script, its tracks, its pictures and its page. Truth is the stored files read as they are,
closed forms, other libraries, and what a browser shows."""

import functools
import http.server
import io
import itertools
import json
import re
import shutil
import subprocess
import threading

import numpy as np
import policy
import pytest
import scipy.integrate
import serving
from film import page, projection, proofs, script, stage, tracks, values
from film.lines import RATE
from matplotlib.text import Text
from oracles.pages import ROOT
from oracles.sites import build, parsed, small_book
from PIL import Image

from ganlab import derivations

LINES = [(scene, line) for scene in script.scenes() for line in scene.lines]
RUNS = ROOT / "ganlab" / "assets" / "runs"


def stored(name):
    return json.loads((RUNS / f"{name}.json").read_text(encoding="utf-8"))


# The script


def test_the_film_takes_about_eight_minutes():
    assert 7 * 60 < script.duration() < 9 * 60
    assert len(script.chapters()) == 7


def test_every_caption_can_be_read_in_its_time_and_in_two_lines():
    for cue in script.cues():
        assert len(cue.said) / (cue.end - cue.start) <= 17, cue
        lines = tracks.halves(cue.said)
        assert len(lines) <= 2, cue
        assert max(map(len, lines)) <= tracks.WIDEST, cue


@pytest.mark.parametrize("kind", ["cues", "chapters"])
def test_a_track_covers_the_film_without_gap_or_overlap(kind):
    text = tracks.vtt(getattr(script, kind)())
    assert text.startswith("WEBVTT\n\n")
    stamps = re.findall(r"^(\d\d):(\d\d):(\d\d)\.(\d{3}) --> (\d\d):(\d\d):(\d\d)\.(\d{3})$", text, re.M)
    times = [[int(x) for x in stamp] for stamp in stamps]
    spans = [[3600 * t[i] + 60 * t[i + 1] + t[i + 2] + t[i + 3] / 1000 for i in (0, 4)] for t in times]
    assert len(spans) == len(getattr(script, kind)())
    assert spans[0][0] == 0
    assert spans[-1][1] == pytest.approx(script.duration(), abs=0.001)
    for (start, end), (following, _) in zip(spans, [*spans[1:], (spans[-1][1], 0)], strict=True):
        assert start < end == following


# Its numbers and formulas


def test_a_number_is_never_written_by_hand():
    for scene in script.WRITTEN:
        for said in [scene.alt, *(line.said for line in scene.lines)]:
            bare = re.sub(r"\{\w+\}|\blog [24]\b|D = 1/2|D = 1\b", "", said)
            assert not re.search(r"\d", bare), said


def recomputed():
    """The numbers of the script, from the files and by other libraries."""
    lost, found = stored("ring_lost.recording"), stored("ring_found.recording")
    many = {name: stored(name) for name in ("ring_collapse_small", "ring_collapse_two_rates")}
    there = stored("ring_non_saturating")
    words = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    rates = {name: run["experiment"]["learning_rates"] for name, run in many.items()}
    kept = {name: [row["modes"] for row in run["each"]] for name, run in many.items()}

    def half(run):
        curve = run["curves"]["d_loss"]["values"]
        return f"{np.mean(curve[len(curve) // 2 :]):.2f}"

    def part(x, near, far):
        p, q = (np.exp(-((x - m) ** 2) / 2) / np.sqrt(2 * np.pi) for m in (near, far))
        return p * np.log(2 * p / (p + q)) / 2 if p > 0 else 0.0

    far = 2 * scipy.integrate.quad(part, -10, 10, (0.0, 6.0), epsabs=1e-10, points=[3])[0]
    return {
        "p": "0.75",
        "q": "0.25",
        "best": f"{0.75 / (0.75 + 0.25):g}",
        "clusters": words[found["made"]["modes"]],
        "log_2": f"{np.log(2):.2f}",
        "two_log_2": f"{2 * np.log(2):.2f}",
        "log_4": f"{np.log(4):.2f}",
        "far": "six",
        "far_jsd": f"{far:.3f}",
        "most_jsd": f"{np.log(2):.3f}",
        "there_loss": f"{there['history']['d_loss'][-1][0]:.2f}",
        "there_modes": words[min(row["modes"] for row in there["each"])],
        "there_runs": words[len(there["each"])],
        "lost_loss": half(lost),
        "found_loss": half(found),
        "lost_modes": words[int(lost["curves"]["modes"]["values"][-1])],
        "found_modes": words[int(found["curves"]["modes"]["values"][-1])],
        "lost_least": words[min(kept["ring_collapse_small"])],
        "lost_most": words[max(kept["ring_collapse_small"])],
        "found_least": words[min(kept["ring_collapse_two_rates"])],
        "runs": words[len(kept["ring_collapse_small"])],
        "times": words[round(rates["ring_collapse_small"][0] / rates["ring_collapse_small"][1])],
        "quick": words[round(rates["ring_collapse_two_rates"][1] / rates["ring_collapse_two_rates"][0])],
        "lost_top": words[int(max(lost["curves"]["modes"]["values"]))],
        "steps": str(lost["steps"][-1]),
        "sure": "0.05",
        "stronger": "19",
    }


def test_the_numbers_are_those_of_the_files_and_of_other_libraries():
    told, again = values.numbers(), recomputed()
    assert {name: told[name] for name in again} == again
    assert set(told) - set(again) == {"visited", "slow", "d_before", "d_after", "g_before", "g_after"}
    assert len(stored("ring_collapse_two_rates")["each"]) == len(stored("ring_collapse_small")["each"])
    assert {row["modes"] for row in stored("ring_collapse_two_rates")["each"]} == {8}


def test_the_clump_is_counted_where_nine_in_ten_of_its_points_lie():
    """By angles: on a ring, the nearest of eight clusters is the one in whose eighth of the plane one is."""
    fake = values.recording("ring_lost").fake
    eighths = np.rint(np.arctan2(fake[..., 1], fake[..., 0]) / (np.pi / 4)).astype(int) % 8
    full = {int(np.median(row)) for row in eighths if (row == np.median(row)).mean() >= 0.9}
    assert len(full) == values.visited(values.recording("ring_lost")) == 7


def test_one_round_of_a_real_run_lowers_the_loss_of_who_moves_and_moves_nothing_else():
    shot = values.moment(3)
    assert shot.d_loss[1] < shot.d_loss[0]
    assert shot.g_loss[1] < shot.g_loss[0]
    assert (shot.fields[0] != shot.fields[1]).any()
    assert (shot.moved != shot.fake).any()
    history = stored("ring_collapse_two_rates")["prefix"]  # one seed's first steps, as they were stored
    assert shot.d_loss[0] == pytest.approx(history["d_loss"][3], abs=1e-9)
    assert shot.g_loss[0] == pytest.approx(history["g_loss"][3], abs=1e-9)


def shown_derivations():
    lines = {shown for _, line in LINES for shown in getattr(line.picture, "lines", ())}
    return sorted({shown.derivation for shown in lines})


@pytest.mark.parametrize("name", shown_derivations())
def test_what_is_derived_in_the_film_is_proved(name):
    assert derivations.DERIVATIONS[name]().check()


def test_a_numbered_equation_is_read_from_its_chapter():
    assert proofs.equation("minimax_game", "game-theorem-value") == r"\min_{G} \max_{D} V(D, G) = -\log 4"


# Its pictures


@pytest.mark.parametrize("number", range(len(script.scenes())))
def test_pictures_leave_room_for_captions_and_have_letters_for_a_phone(number):
    scene = script.scenes()[number]
    for line in scene.lines:
        for moved in (0.0, 0.5) if line.moves else (1.0,):
            figure = stage.blank(scene.title)
            line.picture(figure, moved)
            sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_text().strip()]
            assert min(sizes) >= 23.9, line.said
            picture = stage.drawn(figure, 320)
            assert picture.shape == (180, 320, 3)
            assert (picture[int(180 * (1 - stage.FLOOR)) + 2 :] == 255).all(), line.said
            for edge in (picture[:, :2], picture[:, -2:], picture[:2]):
                assert (edge == 255).all(), line.said
            assert (picture != 255).any()


@pytest.mark.parametrize("number", [0, 6], ids=["a run goes by", "a clump goes round"])
def test_nothing_flashes_and_every_frame_is_counted(number):
    scene = script.scenes()[number]
    tones, held = zip(
        *(
            (picture.astype(float) @ [0.2126, 0.7152, 0.0722], n)
            for picture, n in projection.frames([scene], width=80)
        ),
        strict=True,
    )
    assert sum(held) == round(scene.seconds * RATE)
    now = np.cumsum([0, *held[:-1]])
    large = [
        t
        for t, one, other in zip(now[1:], tones, tones[1:], strict=False)
        if (abs(one - other) > 25.5).mean() > 0.25
    ]
    assert all(later - earlier >= RATE / 3 for earlier, later in itertools.pairwise(large))


def test_a_change_of_the_picture_is_no_cut():
    scene = script.scenes()[1]
    two = scene._replace(lines=scene.lines[:2])
    pictures = list(projection.frames([two], width=80))
    assert [n for _, n in pictures[1:-1]] == [1] * projection.FADE
    steps = [abs(one.astype(int) - other).max() for (one, _), (other, _) in itertools.pairwise(pictures)]
    assert max(steps) <= 64


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_two_seconds_become_a_film_that_a_browser_plays(tmp_path):
    pictures = [(np.full((90, 160, 3), tone, np.uint8), RATE) for tone in (255, 200)]
    projection.encode(pictures, tmp_path / "film.mp4", size=(160, 90))
    asked = "format=duration:stream=codec_name,width,height,pix_fmt"
    command = ["ffprobe", "-v", "error", "-show_entries", asked, "-of", "json", tmp_path / "film.mp4"]
    found = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert found["streams"] == [{"codec_name": "h264", "width": 160, "height": 90, "pix_fmt": "yuv420p"}]
    assert float(found["format"]["duration"]) == pytest.approx(2, abs=0.1)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_without_ffmpeg_the_command_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(projection.shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="ffmpeg"):
        projection.encode([], tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


# Its page


def bare(text):
    return " ".join(text.split())


def test_the_transcript_is_the_script():
    told = re.sub(
        r"\$\$.*?\$\$|^## .*$|^<figure.*$|^At length: .*$", "", page.transcript(), flags=re.M | re.S
    )
    told = re.sub(r"\$\$.*?\$\$", "", page.transcript(), flags=re.S)
    told = "\n".join(line for line in told.splitlines() if not re.match(r"## |<figure|At length: ", line))
    assert bare(told) == bare(" ".join(cue.said for cue in script.cues()))
    titles = [cue.said.split(" ", 1)[1] for cue in script.chapters()]
    assert re.findall(r"^## (.*)$", page.transcript(), re.M) == titles


def test_a_film_of_another_script_is_not_shown(tmp_path):
    assert page.film(tmp_path) is None
    (tmp_path / "film.mp4").write_bytes(b"film")
    assert page.film(tmp_path) is None
    for made, there in ((script.digest(), True), ("another", False)):
        (tmp_path / "film.json").write_text(json.dumps({"script": made}))
        assert (page.film(tmp_path) is not None) == there


@pytest.mark.parametrize("there", [True, False], ids=["made", "not made"])
def test_the_page_has_the_film_or_says_in_a_sentence_that_it_has_not(there, monkeypatch, tmp_path):
    monkeypatch.setattr(page, "film", lambda: tmp_path if there else None)
    source = [(ROOT / "book" / "film.md").read_text(encoding="utf-8")]
    page._fill(None, page.PAGE, source)
    assert "% the" not in source[0]
    assert ("<video" in source[0]) == there
    assert ("`make film`" in source[0]) != there
    assert all(f"## {cue.said.split(' ', 1)[1]}" in source[0] for cue in script.chapters())


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small book with the page of the film, and what its transcript leads to."""
    folder = tmp_path_factory.mktemp("film")
    chapters = {scene.page for scene in script.scenes()}
    pages = {"intro": "# A book\n", "film": "# The film\n\n% the player\n\n% the transcript\n"}
    pages |= {name: f"# {name}\n" for name in sorted(chapters)}
    code, log = build(small_book(folder / "source", pages), folder / "site")
    assert code == 0, log
    return folder / "site" / "_build" / "html"


def test_the_built_page_has_every_word_every_still_and_every_formula(small):
    document = parsed(small / "book" / "film.html")
    article = document.select_one("article")
    assert bool(article.select("video")) == (page.film() is not None)
    stills = article.select("figure.film-still img")
    assert len(stills) == len(script.scenes())
    for still in stills:
        assert len(still["alt"]) > 40
        assert (small / "book" / still["src"]).stat().st_size < 60_000
    assert sum((small / "book" / still["src"]).stat().st_size for still in stills) < 300_000
    shown = sum(len(proofs.latex_of(line.picture)) for _, line in LINES)
    assert 0.4 * shown < len(article.select("div.math")) <= shown
    text = bare(article.get_text(" "))
    assert all(bare(line.said) in text for scene, line in LINES[:3])
    for name, kind in (("captions.vtt", "cues"), ("chapters.vtt", "chapters")):
        text = (small / "_static" / "film" / name).read_text(encoding="utf-8")
        assert text.count("-->") == len(getattr(script, kind)())


_SHEET = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>The film</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="../_static/minimax.css"><script src="../_static/film.js" defer></script>
</head><body><main>{player}</main></body></html>"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where a page with the player is served, with a film of two seconds; and what was asked for."""
    folder = tmp_path_factory.mktemp("player")
    (folder / "book").mkdir()
    home = folder / "_static" / "film"
    home.mkdir(parents=True)
    if shutil.which("ffmpeg"):
        pictures = [(np.full((90, 160, 3), 255, np.uint8), 200 * RATE)]
        projection.encode(pictures, home / "film.mp4", size=(160, 90))
    else:
        (home / "film.mp4").write_bytes(bytes(2000))
    poster = page.still(script.scenes()[0], 0)
    poster.save(home / "poster.png")
    page.dark(poster).save(home / "poster-dark.png")
    (home / "captions.vtt").write_text(tracks.vtt(script.cues()), encoding="utf-8")
    (home / "chapters.vtt").write_text(tracks.vtt(script.chapters(), wrapped=False), encoding="utf-8")
    for name in ("film.js", "minimax.css"):
        shutil.copy(ROOT / "book" / "static" / name, folder / "_static" / name)
    document = _SHEET.format(player=page.player(True))
    (folder / "book" / "film.html").write_text(policy.guarded(document), encoding="utf-8")
    asked = []

    class Handler(serving.Handler):
        def log_message(self, *_):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=folder)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def until(tab, wanted):
    """Wait for what an expression says; the policy of the page lets no other way of asking."""
    for _ in range(200):
        if tab.evaluate(wanted):
            return
        tab.wait_for_timeout(50)
    pytest.fail(f"never: {wanted}")


@pytest.mark.parametrize("width", [360, 1280])
def test_by_keyboard_a_chapter_begins_and_the_film_is_asked_for_then(width, browser, address):
    origin, asked = address
    asked.clear()
    tab = browser.new_page(viewport={"width": width, "height": 740})
    foreign, complaints = [], []
    tab.on(
        "request", lambda request: foreign.append(request.url) if not request.url.startswith(origin) else None
    )
    tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    tab.goto(f"{origin}/book/film.html")
    until(tab, "document.querySelector('track').track.cues?.length")
    assert tab.evaluate("document.querySelector('track').track.cues.length") == len(script.cues())
    assert not [path for path in asked if "film.mp4" in path]
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    links = tab.locator(".film-chapters a")
    assert links.count() == len(script.chapters())
    links.nth(2).focus()
    tab.keyboard.press("Enter")
    begin = script.chapters()[2].start
    until(tab, f"Math.abs(document.querySelector('video').currentTime - {begin}) < 30")
    assert tab.url.endswith("/book/film.html")
    if shutil.which("ffmpeg"):
        until(tab, "document.querySelector('video').readyState >= 2")
        assert [path for path in asked if "film.mp4" in path]
        assert links.nth(2).get_attribute("aria-current") == "true"
    assert [url for url in foreign if not url.startswith("data:")] == []
    assert complaints == []
    tab.close()


def test_a_dark_poster_is_a_drawing_as_the_style_sheet_turns_it(browser, tmp_path):
    """Truth is the filter of a browser, on a picture of eight colours."""
    colours = [(r, g, b) for r in (40, 220) for g in (60, 250) for b in (0, 200)]
    picture = Image.fromarray(np.array([colours] * 8, np.uint8).repeat(8, 0).repeat(8, 1))
    picture.save(tmp_path / "picture.png")
    (tmp_path / "p.html").write_text(
        '<body style="margin:0"><img src="picture.png" style="filter:invert(0.93) hue-rotate(180deg)">'
    )
    tab = browser.new_page(viewport={"width": 64, "height": 64})
    tab.goto((tmp_path / "p.html").as_uri())
    seen = np.asarray(Image.open(io.BytesIO(tab.screenshot())).convert("RGB")).astype(int)
    assert abs(seen - np.asarray(page.dark(picture).convert("RGB"))).max() <= 4
    tab.close()
    sheet = (ROOT / "book" / "static" / "minimax.css").read_text(encoding="utf-8")
    assert "filter: invert(0.93) hue-rotate(180deg);" in sheet


POSTER = """async () => {
  const picture = new Image();
  picture.src = document.querySelector("video").poster;
  await picture.decode();
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_before_it_is_played_the_film_has_the_colours_of_the_page(theme, browser, address):
    """Of the poster, which is on white: the mean brightness of what is seen in the place of the film."""
    origin, _ = address
    tab = browser.new_page(viewport={"width": 640, "height": 600})
    tab.goto(f"{origin}/book/film.html")
    tab.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    until(tab, f"document.querySelector('video').poster.includes('dark') === {str(theme == 'dark').lower()}")
    tab.evaluate(POSTER)
    tab.wait_for_timeout(500)  # the poster itself tells nobody that it is there
    seen = Image.open(io.BytesIO(tab.locator(".film video").screenshot())).convert("L")
    upper = np.asarray(seen)[: seen.height // 2]  # below are the controls
    assert bool(upper.mean() < 60) is (theme == "dark")
    assert bool(upper.mean() > 195) is (theme == "light")
    assert seen.width / seen.height == pytest.approx(16 / 9, rel=0.02)
    tab.close()


def test_from_a_disk_where_no_track_is_read_the_captions_are_there_too(browser, tmp_path):
    shutil.copy(ROOT / "book" / "static" / "film.js", tmp_path / "film.js")
    document = _SHEET.format(player=page.player(True)).replace("../_static/film.js", "film.js")
    (tmp_path / "film.html").write_text(policy.guarded(document), encoding="utf-8")
    tab = browser.new_page()
    tab.goto((tmp_path / "film.html").as_uri())
    shown = "[...document.querySelector('video').textTracks].filter((one) => one.cues?.length)"
    until(tab, f"{shown}.length")
    cues = tab.evaluate(f"[...{shown}[0].cues].map((cue) => [cue.startTime, cue.endTime, cue.text])")
    assert [bare(said) for _, _, said in cues] == [cue.said for cue in script.cues()]
    assert cues[-1][1] == pytest.approx(script.duration(), abs=0.001)
    tab.close()
