"""The two planes of unpaired translation: their steps in Node beside PyTorch, their use in a browser.

Truth of a step is `ganlab.training.Translation`, which is held to a plain loop elsewhere; truth of what a map
is worth is `ganlab.evaluation.translations`, on the same points and maps; the data are held to their law.
"""

import functools
import json
import math
import shutil
import subprocess

import pytest
import torch
from oracles.scripts import FOLDER, NODE, run
from torch.nn.utils import parameters_to_vector
from torch.testing import assert_close

from ganlab import data, explorables, facts
from ganlab.evaluation.translations import translated
from ganlab.losses import non_saturating
from ganlab.networks import mlp_discriminator, mlp_translator
from ganlab.training import Translation, train

RINGS = data.turned_rings()
PLANES = explorables.translation().data["planes"]

# Parity

STEPS, BATCH, WIDTH, DEPTH, RATE = 40, 8, 6, 2, 2e-3
KEPT = (1, 10, 40)
CASES = {
    "cycle": {"cycle": 10.0, "pairs": 0},
    "pairs": {"cycle": 10.0, "pairs": 5},
    "none": {"cycle": 0.0, "pairs": 0},
}
NAMES = {"there": "there", "back": "back", "sourceCritic": "source_critic", "targetCritic": "target_critic"}


@functools.cache
def draws():
    """For each step two times a sample of both sides: for the critics and for the translators."""
    rng = torch.Generator().manual_seed(3)
    return [RINGS.draw(BATCH, rng, dtype=torch.float64) for _ in range(2 * STEPS)]


def players():
    rng = torch.Generator().manual_seed(7)
    sizes = {"width": WIDTH, "depth": DEPTH, "rng": rng}
    made = [mlp_translator((2,), **sizes) for _ in range(2)]
    return [network.double() for network in (*made, *(mlp_discriminator((2,), **sizes) for _ in range(2)))]


def weights_of(networks):
    return [parameters_to_vector(network.parameters()).detach().clone() for network in networks]


def pairs_of(case):
    count = CASES[case]["pairs"]
    rng = torch.Generator().manual_seed(5)
    return RINGS.pairs(count, rng, dtype=torch.float64) if count else None


@functools.cache
def torch_run(case):
    networks = players()
    game = Translation(
        *networks,
        non_saturating,
        given=lambda n, rng: RINGS.source.sample(n, rng, dtype=torch.float64),
        cycle=CASES[case]["cycle"],
        pairs=pairs_of(case),
        learning_rates=(RATE, RATE),
        schedule=lambda step: 1 - step / (2 * STEPS),
    )
    kept = {}

    def keep(games, history):
        if len(history) in KEPT:
            kept[len(history)] = weights_of(networks)

    history = train(game, iter(draws()), STEPS, callbacks=[keep])
    return torch.tensor([history[name].tolist() for name in ("d_loss", "g_loss", "cycle")]).T, kept


RUN = """
const flat = (rows) => Float64Array.from(rows.flat());
const g = engine.fourPlayers(input.setup, Float64Array);
for (const [name, values] of Object.entries(input.weights)) g[name].theta.set(values);
[g.pairs.known, g.pairs.wanted] = input.pairs.map(flat);
const result = { rows: [], kept: {} };
for (let step = 0; step < input.draws.length / 2; step++) {
  const rate = input.rate * (1 - step / input.draws.length);
  [engine.criticsStep, engine.translatorsStep].forEach((turn, i) =>
    turn(g, ...input.draws[2 * step + i].map(flat), rate));
  result.rows.push([g.row.d_loss, g.row.g_loss, g.row.cycle]);
  if (input.kept.includes(step + 1))
    result.kept[step + 1] = Object.keys(input.weights).map((name) => [...g[name].theta]);
}
return result;
"""


def lab_run(case, folder=None):
    sizes = {"width": WIDTH, "depth": DEPTH, "batch": BATCH, "seed": 0}
    known = pairs_of(case) or (torch.zeros(0, 2), torch.zeros(0, 2))
    question = {
        "setup": sizes | {"cycle": CASES[case]["cycle"], "paired": 10, "most": len(known[0])},
        "weights": dict(zip(NAMES, [w.tolist() for w in weights_of(players())], strict=True)),
        "pairs": [side.tolist() for side in known],
        "draws": [[side.tolist() for side in draw] for draw in draws()],
        "rate": RATE,
        "kept": KEPT,
    }
    return run(RUN, question, folder)


def disagreement(ours, theirs):
    """The largest difference, relative to the largest entry."""
    theirs = theirs.double()
    return float((torch.tensor(ours, dtype=torch.float64) - theirs).abs().max() / theirs.abs().max())


def compare(case, folder=None):
    ours, (rows, kept) = lab_run(case, folder), torch_run(case)
    found = [disagreement(ours["rows"], rows)]
    for step, networks in kept.items():
        found += [
            disagreement(one, other) for one, other in zip(ours["kept"][str(step)], networks, strict=True)
        ]
    return max(found)


@pytest.mark.parametrize("case", CASES)
def test_forty_steps_of_four_players_are_those_of_pytorch(case):
    assert compare(case) < 1e-9


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("fooling[i] + returning[i]", "fooling[i]"),
        ("(2 * setup.paired", "(setup.paired"),
        ("Math.sign(off)", "off"),
        ("[y, pairs.wanted]", "[x, pairs.wanted]"),
    ],
)
def test_the_comparison_convicts_a_term_that_is_wrong(right, wrong, tmp_path):
    folder = tmp_path / "page" / "browser"
    shutil.copytree(FOLDER, folder)
    (tmp_path / "assets").mkdir()
    shutil.copy(facts.FILE, tmp_path / "assets")
    path = folder / "training" / "translation.js"
    text = path.read_text(encoding="utf-8")
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    assert compare("pairs", folder) > 1e-4


def test_a_loss_that_is_no_number_moves_no_weight():
    body = """
    const g = engine.fourPlayers({ width: 4, depth: 1, batch: 2, seed: 0, cycle: 1, most: 0 }, Float64Array);
    const [x, bad] = [Float64Array.of(0, 1, 2, 3), Float64Array.of(0, NaN, 0, 0)];
    const before = ["there", "sourceCritic"].map((name) => [...g[name].theta]);
    const said = [engine.criticsStep, engine.translatorsStep].map((turn) => {
      try { turn(g, x, bad, 0.1); } catch (error) { return error.message; }
    });
    return [said, before, ["there", "sourceCritic"].map((name) => [...g[name].theta])];
    """
    said, before, after = run(body)
    assert said == [
        "step 1: the loss of the critics is NaN",
        "step 1: the loss of the translators is NaN",
    ]
    assert after == before


# Data, and what a map is worth


def test_the_planes_are_the_rings_of_the_package():
    """A turn by 36 degrees, then a stretch by 1.5 and 0.75: by hand."""
    cos, sin = math.cos(math.pi / 5), math.sin(math.pi / 5)
    assert_close(
        torch.tensor(PLANES["matrix"]), torch.tensor([[1.5 * cos, -1.5 * sin], [0.75 * sin, 0.75 * cos]])
    )
    corners = [(math.cos(0.4 * math.pi * k), math.sin(0.4 * math.pi * k)) for k in range(5)]
    assert_close(torch.tensor(PLANES["source"]), torch.tensor(corners))
    turned = [(math.cos(math.pi * (0.4 * k + 0.2)), math.sin(math.pi * (0.4 * k + 0.2))) for k in range(5)]
    assert_close(torch.tensor(PLANES["target"]), torch.tensor(turned) * torch.tensor([1.5, 0.75]))
    assert PLANES["std"] == RINGS.source.std


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_batch_has_the_law_of_its_side(side):
    """The mean of each blob and its covariance, to five standard errors of 4000 points each."""
    body = """
    const points = engine.batchOf(input.planes, input.side, new Float64Array(40000), engine.stream(1, 2));
    return [...points];
    """
    points = torch.tensor(run(body, {"planes": PLANES, "side": side}), dtype=torch.float64).reshape(-1, 2)
    centres, matrix = torch.tensor(PLANES[side]).double(), torch.tensor(PLANES["matrix"]).double()
    shape = matrix if side == "target" else torch.eye(2, dtype=torch.float64)
    wanted = PLANES["std"] ** 2 * shape @ shape.T
    blob = torch.cdist(points, centres).argmin(1)
    assert (blob.bincount(minlength=5) / 20_000 - 0.2).abs().max() < 5 * (0.2 * 0.8 / 20_000) ** 0.5
    for k in range(5):
        own = points[blob == k]
        assert ((own.mean(0) - centres[k]).abs() < 5 * (wanted.diag() / len(own)).sqrt()).all()
        spread = (wanted.diag()[:, None] * wanted.diag() + wanted**2).sqrt() / len(own) ** 0.5
        assert ((own.T.cov() - wanted).abs() < 5 * spread).all()


JUDGED = """
const found = engine.judged(input.planes, input.points, input.made.flat(), input.again.flat());
return { ...found, symmetry: engine.symmetryOf(found.goes) };
"""


def judged(x, labels, made, again, planes=PLANES):
    off = (x - torch.tensor(PLANES["source"])[labels]).tolist()
    points = [{"blob": blob, "off": o} for blob, o in zip(labels.tolist(), off, strict=True)]
    made, again = made.tolist(), again.tolist()
    return run(JUDGED, {"planes": planes, "points": points, "made": made, "again": again})


def moved(j, reflected):
    """The true map after a turn of the source by j blobs, and before it perhaps a reflection."""
    angle = torch.tensor(0.4 * math.pi * j, dtype=torch.float64)
    turn = torch.stack([torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])])
    flip = torch.diag(torch.tensor([1.0, -1.0 if reflected else 1.0], dtype=torch.float64))
    return lambda x: RINGS.ahead(x @ (turn @ flip).T)


@pytest.mark.parametrize("reflected", [False, True])
@pytest.mark.parametrize("j", range(5))
def test_a_map_is_worth_what_the_package_says(j, reflected):
    """Each symmetric map, with noise and a way back that goes astray."""
    noise = 0.04 * torch.randn(400, 2, generator=torch.Generator().manual_seed(j), dtype=torch.float64)
    there, back = (lambda x: moved(j, reflected)(x) + noise), (lambda y: RINGS.undo(y) + 0.1)
    told = translated(RINGS, there, back, torch.Generator().manual_seed(9), 400)
    x, labels = RINGS.held_out(400, torch.Generator().manual_seed(9), dtype=torch.float64)
    found = judged(x, labels, there(x), back(there(x)))
    assert found["right"] == told["right"]
    assert found["reached"] == told["modes"]
    assert found["error"] == pytest.approx(told["cycle_error"], rel=1e-9)
    assert found["symmetry"] == told["symmetry"] == j + 5 * reflected


def test_a_torn_blob_goes_nowhere_and_what_is_not_known_has_no_share():
    x, labels = RINGS.held_out(200, torch.Generator().manual_seed(2), dtype=torch.float64)
    made = RINGS.ahead(x)
    half = (labels == 3).nonzero().flatten()[::2]
    made[half] = torch.tensor(PLANES["target"][0], dtype=torch.float64)
    found = judged(x, labels, made, x)
    assert found["goes"] == [0, 1, 2, None, 4]
    assert (found["symmetry"], found["error"]) == (None, 0)
    assert found["right"] == pytest.approx(1 - len(half) / 200)
    fewer = judged(x, labels, made, x, {**PLANES, "target": PLANES["target"][:4]})
    assert fewer["right"] is None
    assert fewer["goes"][:3] == [0, 1, 2]


# The game of the part

GAME = """
import fs from "node:fs";
const { folder, input } = JSON.parse(fs.readFileSync(0, "utf8"));
const game = await import(`${folder}/translation/game.js`);
const { PRESETS } = await import(`${folder}/translation/setups.js`);
const told = input.games.map(({ preset, seed, planes, moved, at }) => {
  const g = game.begun({ ...PRESETS[preset].setup, seed }, planes);
  while (!game.isOver(g)) {
    if (g.players.step === at) game.laid(g, moved);
    game.advance(g);
  }
  const { goes, right, reached, error, symmetry } = game.looked(g);
  return { step: g.players.step, goes, right, reached, error, symmetry };
});
process.stdout.write(JSON.stringify(told));
"""


def ends(*games):
    """How each game ends: of a preset and a seed, on planes that may be moved after the step `at`."""
    games = [{"seed": 0, "planes": PLANES, "moved": None, "at": None} | one for one in games]
    ran = subprocess.run(
        [NODE, "--input-type=module", "--eval", GAME],
        input=json.dumps({"folder": str(FOLDER), "input": {"games": games}}),
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_the_presets_end_as_their_notes_say():
    """The true map with pairs; another one and the way home by the cycle alone; without it, not even that."""
    told = dict(zip(CASES, ends(*[{"preset": name} for name in CASES]), strict=True))
    assert {name: end["step"] for name, end in told.items()} == dict.fromkeys(CASES, 1000)
    assert {name: end["reached"] for name, end in told.items()} == dict.fromkeys(CASES, 5)
    assert (told["pairs"]["right"], told["pairs"]["symmetry"]) == (1, 0)
    assert told["cycle"]["symmetry"] > 0
    assert max(told["cycle"]["error"], told["pairs"]["error"]) < 0.1
    assert told["none"]["error"] > 0.3


@pytest.mark.parametrize("seed", range(3))
def test_with_a_blob_less_two_share_a_place_and_both_come_home(seed):
    """As the page tells its reader to expect."""
    fewer = {**PLANES, "target": PLANES["target"][:4]}
    (end,) = ends({"preset": "cycle", "seed": seed, "planes": fewer})
    assert sorted(end["goes"].count(k) for k in range(4)) == [1, 1, 1, 2]
    assert end["reached"] == 4
    assert end["error"] < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_after_a_blob_has_been_moved_past_another_five_are_reached_again(seed):
    """The second blob of the target goes across the third, to the far side of it."""
    target = [list(point) for point in PLANES["target"]]
    target[1] = [target[2][0] - 0.2, target[2][1] - 0.5]
    moved = {**PLANES, "target": target}
    (end,) = ends({"preset": "cycle", "seed": seed, "moved": moved, "at": 400})
    assert end["step"] == 1400
    assert end["reached"] == 5
    assert sorted(end["goes"]) == [0, 1, 2, 3, 4]
