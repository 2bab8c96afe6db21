"""The mathematics of the two games, run in Node. Truth is SciPy on the line, dense sums, and PyTorch.

Two clouds of normal noise differ along one axis only, so that what holds for them on the line holds in the
plane. A border by hand is held to the polygons of Matplotlib and to distances from densely sampled strokes.
"""

import functools
import itertools
import json
import math
import random
import re

import numpy as np
import pytest
import torch
from matplotlib.path import Path as Polygon
from oracles.duel import links, node
from scipy import integrate, optimize, stats
from scipy.special import expit, logsumexp

from ganlab.theory import divergences

NOISE = {"generator": 0.35, "discriminator": 0.6}
SIDES = {"generator": 48, "discriminator": 80}
every_player = pytest.mark.parametrize("who", list(NOISE))


def both(who, data, points):
    """What the page finds of two sets of points: the divergence and the total variation."""
    body = """
    const grid = duel.lattice(input.side);
    const [p, q] = [input.data, input.points].map((set) => duel.smoothed(grid, set, input.std));
    return [duel.divergence(grid, p, q), duel.difference(grid, p, q)];
    """
    return node(body, {"side": SIDES[who], "std": NOISE[who], "data": data, "points": points})


def log_densities(at, points, std):
    squares = ((at[:, None] - np.array(points)) ** 2).sum(-1)
    return logsumexp(-squares / (2 * std**2), axis=1) - math.log(2 * math.pi * std**2 * len(points))


@functools.cache
def dense(side=700, span=6.5):
    """Places of a fine lattice, and the area that each stands for."""
    ticks = np.linspace(-span, span, side)
    return np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2), (ticks[1] - ticks[0]) ** 2


def jensen_shannon(log_p, log_q, area):
    log_m = np.logaddexp(log_p, log_q) - math.log(2)
    return 0.5 * area * (np.exp(log_p) @ (log_p - log_m) + np.exp(log_q) @ (log_q - log_m))


# Divergences


@every_player
@pytest.mark.parametrize("distance", [0.0, 0.3, 1.0, 3.0])
def test_two_clouds_have_the_divergence_and_the_variation_of_two_normal_laws(who, distance):
    turn = np.array([math.cos(0.7), math.sin(0.7)]) / 2
    found = both(who, [(distance * turn).tolist()] * 20, [(-distance * turn).tolist()] * 20)
    p, q = stats.norm(0, NOISE[who]), stats.norm(distance, NOISE[who])

    def loss(x):
        log_m = np.logaddexp(p.logpdf(x), q.logpdf(x)) - math.log(2)
        return (p.pdf(x) * (p.logpdf(x) - log_m) + q.pdf(x) * (q.logpdf(x) - log_m)) / 2

    exact, _ = integrate.quad(loss, -5, distance + 5, points=[0, distance], limit=300)
    assert found[0] == pytest.approx(exact, abs=2e-5)
    assert found[1] == pytest.approx(2 * stats.norm.cdf(distance / 2 / NOISE[who]) - 1, abs=4e-3)


@every_player
def test_scattered_points_have_the_divergence_of_a_dense_sum(who):
    rng = np.random.default_rng(3)
    data, points = rng.uniform(-2.6, 2.6, (2, 20, 2))
    at, area = dense()
    exact = jensen_shannon(*(log_densities(at, one, NOISE[who]) for one in (data, points)), area)
    assert both(who, data.tolist(), points.tolist())[0] == pytest.approx(exact, abs=2e-5)


def test_twenty_points_on_the_data_have_none_and_on_one_of_four_far_clouds_that_of_a_lost_share():
    corners = [[2.5, 2.5], [2.5, -2.5], [-2.5, 2.5], [-2.5, -2.5]] * 5
    shuffled = random.Random(0).sample(corners, 20)
    assert both("generator", corners, shuffled)[0] == pytest.approx(0, abs=1e-12)
    share = 0.25
    middle = (1 + share) / 2
    exact = (share * math.log(share / middle) + 3 * share * math.log(2) + math.log(1 / middle)) / 2
    assert both("generator", corners, corners[:1] * 20)[0] == pytest.approx(exact, abs=1e-4)


# Discriminators

LINE = """
const grid = duel.lattice(input.side);
const [p, q] = [input.data, input.points].map((set) => duel.smoothed(grid, set, input.std));
const signed = duel.signedDistance(grid, input.strokes, p, q);
const most = 36;
const best = duel.bestScale(grid, p, q, signed, most);
const at = (sure) => [duel.valueOf(grid, p, q, signed, sure), duel.regretOf(grid, p, q, signed, sure)];
const found = [...input.sure, best].map(at);
return { best, found, signed: [...signed], p: [...p], q: [...q], step: grid.step };
"""


def judged(strokes, data, points, sure=()):
    value = {"side": 80, "std": 0.6, "strokes": strokes, "data": data, "points": points, "sure": list(sure)}
    return node(LINE, value)


def apart(distance):
    return [[distance / 2, 0.0]] * 20, [[-distance / 2, 0.0]] * 20


UPRIGHT = [[[0.0, -1.0], [0.0, 1.0]]]


@pytest.mark.parametrize("distance", [0.5, 1.5, 3.0])
def test_a_straight_border_with_the_right_slope_is_the_best_answer_and_any_other_slope_has_a_regret(distance):
    std = 0.6
    right = distance / std**2  # the log-ratio of the densities is this times the place
    sure = [right, 0.4 * right, 3.0, 12.0]
    found = judged(UPRIGHT, *apart(distance), sure)
    p, q = stats.norm(distance / 2, std), stats.norm(-distance / 2, std)
    for k, (value, regret) in zip(sure, found["found"], strict=False):
        earned = integrate.quad(
            lambda x, k=k: -p.pdf(x) * np.logaddexp(0, -k * x) - q.pdf(x) * np.logaddexp(0, k * x),
            -8,
            8,
            points=[-1, 0, 1],
        )
        coins = integrate.quad(lambda x, k=k: coin(right * x, k * x) * (p.pdf(x) + q.pdf(x)), -8, 8)
        assert value == pytest.approx(earned[0], abs=1e-5)
        assert regret == pytest.approx(coins[0], abs=1e-5)
    assert found["found"][0][1] == pytest.approx(0, abs=1e-6)
    assert found["best"] == pytest.approx(right, rel=2e-2)


def coin(a, b):
    """The divergence of a coin with the logit b from one with the logit a."""
    return expit(a) * (np.logaddexp(0, -b) - np.logaddexp(0, -a)) + expit(-a) * (
        np.logaddexp(0, b) - np.logaddexp(0, a)
    )


BENT = [[[-2.0, 1.0], [0.0, 0.5], [0.4, -0.3], [1.5, -1.5]]]


def test_the_regret_of_a_bent_border_is_that_of_the_package_and_its_best_slope_that_of_scipy():
    rng = np.random.default_rng(5)
    data, points = (rng.normal(centre, 0.8, (20, 2)).clip(-2.6, 2.6).tolist() for centre in (1, -1))
    found = judged(BENT, data, points, [0.5, 3.0])
    p, q = (np.array(found[name]) * found["step"] ** 2 for name in "pq")
    p, q = p / p.sum(), q / q.sum()
    signed = np.array(found["signed"])
    for sure, (value, regret) in zip([0.5, 3.0], found["found"], strict=False):
        d = torch.tensor(expit(sure * signed))
        assert regret == pytest.approx(divergences.regret(p, q, d).item(), abs=1e-5)
        assert value == pytest.approx(divergences.value(p, q, d).item(), abs=1e-5)

    def lost(sure):
        return p @ np.logaddexp(0, -sure * signed) + q @ np.logaddexp(0, sure * signed)

    best = optimize.minimize_scalar(lost, bounds=(0, 36), method="bounded", options={"xatol": 1e-6})
    assert found["best"] == pytest.approx(best.x, abs=0.02)
    regrets = [regret for _, regret in found["found"]]
    assert regrets[-1] == min(regrets) > 0


# Borders


def oriented(strokes):
    """Signed distances on the lattice for data above everything, so that only the borders matter."""
    body = """
    const grid = duel.lattice(80);
    const [p, q] = [input.data, input.points].map((set) => duel.smoothed(grid, set, 0.6));
    return { ticks: [...grid.ticks], signed: [...duel.signedDistance(grid, input.strokes, p, q)] };
    """
    found = node(
        body, {"strokes": strokes, "data": [[0.0, 0.0]] * 20, "points": [[2.5, 2.5], [-2.5, -2.5]] * 10}
    )
    ticks = np.array(found["ticks"])
    return np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2), np.array(found["signed"])


def along(points, closed=False):
    """Many points of a broken line."""
    points = np.array([*points, points[0]] if closed else points)
    return np.concatenate([np.linspace(a, b, 400) for a, b in itertools.pairwise(points)])


def test_a_loop_parts_inside_from_outside_at_the_distance_of_its_nearest_point():
    angle = np.linspace(0, 2 * np.pi, 17)[:-1]
    star = (1.2 + 0.3 * np.cos(3 * angle))[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    at, signed = oriented([star.tolist()])
    inside = Polygon(np.concatenate([star, star[:1]])).contains_points(at)
    assert ((signed > 0) == inside).all()
    near = np.sqrt(((at[:, None] - along(star, closed=True)[::8]) ** 2).sum(-1)).min(1)
    assert abs(abs(signed) - near).max() < 0.02


def test_an_open_stroke_goes_on_to_the_frame_at_both_ends():
    at, signed = oriented([[[-0.6, -1.0], [0.0, -0.9], [0.6, -1.0]]])
    slope = 0.1 / 0.6
    above = at[:, 1] > -0.9 - slope * abs(at[:, 0])
    assert ((signed > 0) == above).all()


def test_two_strokes_make_a_strip_and_a_stroke_that_crosses_itself_breaks_nothing():
    at, signed = oriented([[[-1.0, 1.0], [1.0, 1.0]], [[-1.0, -1.03], [1.0, -1.03]]])
    assert ((signed > 0) == (abs(at[:, 1] + 0.015) < 1.015)).all()
    _, signed = oriented([[[-1.0, -1.0], [1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]]])
    assert np.isfinite(signed).all()


def test_a_stroke_is_kept_as_points_equally_far_along_it():
    rng = np.random.default_rng(1)
    stroke = np.cumsum(rng.normal(0, 0.2, (40, 2)), 0)
    kept = np.array(node("return duel.tidied(input)", stroke.tolist()))
    assert 2 <= len(kept) <= 24
    assert np.allclose(kept[[0, -1]], stroke[[0, -1]])
    pieces = np.linalg.norm(np.diff(stroke, axis=0), axis=1)
    places = np.concatenate([[0], pieces.cumsum()])
    wanted = [[np.interp(share * places[-1], places, stroke[:, k]) for k in (0, 1)]
              for share in np.linspace(0, 1, len(kept))]  # fmt: skip
    assert np.allclose(kept, wanted)
    assert node("return duel.tidied(input)", [[0, 0], [0.1, 0.1]]) is None


def test_the_border_of_two_equal_clouds_is_the_line_between_them():
    body = """
    const grid = duel.lattice(80);
    const [p, q] = [[[1, 0.5]], [[-1, -0.5]]].map((set) => duel.smoothed(grid, set, 0.6));
    return duel.zeros(grid, duel.bestLogits(p, q));
    """
    ends = np.array(node(body)).reshape(-1, 2)
    assert len(ends) > 100
    assert abs(ends @ [1, 0.5]).max() < 1e-9
    assert np.ptp(ends[:, 1]) > 11


# The generator's move

PUSH = """
const grid = duel.lattice(80);
const [p, q] = [input.data, input.points].map((set) => duel.smoothed(grid, set, 0.6));
const signed = duel.signedDistance(grid, input.strokes, p, q);
const asked = { grid, signed, segments: duel.segmentsOf(input.strokes), ...input };
return duel.pushed(input.points, asked);
"""


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("sure", [0.7, 3.0])
def test_points_move_along_the_slope_of_what_is_said_of_them(sure, frozen):
    """The slope is measured: on the loss at the distance from the border's densely sampled points."""
    rng = np.random.default_rng(2)
    points = rng.uniform(-1.6, 1.6, (20, 2))
    data = [[1.5, 1.5]] * 20
    asked = {"data": data, "points": points.tolist(), "strokes": BENT, "sure": sure, "frozen": frozen}
    moves = np.array(node(PUSH, asked)) - points
    (a, b), (c, d) = np.array(BENT[0][:2]), np.array(BENT[0][-2:])
    whole = np.array([a + 9 * (a - b), *BENT[0], d + 9 * (d - c)])
    real = Polygon([*whole, [9, 9]])

    def said(at):
        pieces = itertools.pairwise(whole)
        distance = min(distance_to(at, start, end) for start, end in pieces)
        logit = sure * distance * (1 if real.contains_point(at) else -1)
        return -np.logaddexp(0, -logit) if not frozen else np.logaddexp(0, logit)

    for point, move in zip(points, moves, strict=True):
        slope = np.array([(said(point + h) - said(point - h)) / 2e-5 for h in 1e-5 * np.eye(2)])
        step = 0.25 * slope
        step *= min(1, 0.9 / np.linalg.norm(step))
        assert np.allclose((point + move), (point + step).clip(-2.6, 2.6), atol=2e-4)


def distance_to(at, start, end):
    way = end - start
    share = np.clip((at - start) @ way / (way @ way), 0, 1)
    return np.linalg.norm(at - start - share * way)


def test_a_generator_that_saturates_stands_still_before_a_sure_border():
    asked = {"data": [[2.0, 0.0]] * 20, "points": [[-2.0, 0.0]] * 20, "strokes": UPRIGHT, "sure": 8.0}
    still, moved = (np.array(node(PUSH, asked | {"frozen": frozen})) for frozen in (True, False))
    assert np.allclose(still, [-2, 0], atol=1e-6)
    assert np.allclose(moved, [-1.1, 0])


# The discriminator that trains

TEACH = """
const judge = duel.trainer(input.data, 0.35, 4);
const before = [...judge.net.theta];
duel.teach(judge, input.points);
const { net, batch } = judge;
return { before, batch: [...batch], gradient: [...net.gradient], after: [...net.theta],
         slopes: duel.slopesAt(judge, input.points) };
"""


def network(weights):
    """The discriminator in PyTorch, with weights in the order of the page."""
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 24),
        torch.nn.Tanh(),
        torch.nn.Linear(24, 24),
        torch.nn.Tanh(),
        torch.nn.Linear(24, 1),
    ).double()
    torch.nn.utils.vector_to_parameters(torch.tensor(weights, dtype=torch.float64), net.parameters())
    return net


def test_a_lesson_is_a_step_of_adam_on_the_loss_of_the_discriminator():
    rng = np.random.default_rng(7)
    data, points = rng.uniform(-2, 2, (2, 20, 2)).tolist()
    found = node(TEACH, {"data": data, "points": points})
    net = network(found["before"])
    batch = torch.tensor(found["batch"]).double().reshape(-1, 2)
    noise = batch - torch.tensor([*data * 3, *points * 3]).double()
    assert noise.std().item() == pytest.approx(0.35, abs=0.05)
    adam = torch.optim.Adam(net.parameters(), lr=0.006, betas=(0.5, 0.999))
    scores = net(batch).squeeze(1)
    softplus = torch.nn.functional.softplus
    (softplus(-scores[:60]).mean() + softplus(scores[60:]).mean()).backward()
    gradient = torch.cat([weight.grad.flatten() for weight in net.parameters()])
    assert torch.allclose(gradient, torch.tensor(found["gradient"]).double(), atol=1e-12)
    adam.step()
    after = torch.nn.utils.parameters_to_vector(net.parameters())
    assert torch.allclose(after, torch.tensor(found["after"]).double(), atol=1e-9)
    at = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    scores = network(found["after"])(at).squeeze(1)
    (slope,) = torch.autograd.grad(scores.sum(), at)
    assert np.allclose([row["score"] for row in found["slopes"]], scores.tolist(), atol=1e-9)
    assert np.allclose([row["slope"] for row in found["slopes"]], slope.tolist(), atol=1e-9)


def test_what_the_discriminator_finds_is_less_than_there_is_and_nearly_all_of_it_in_the_end():
    """Four clouds with all points on one of them: JSD less half the regret, which is log 2 + V / 2."""
    body = """
    const { data } = duel.dealt("generator", 3, 1);
    const [grid, points] = [duel.lattice(48), data.map(() => data[0])];
    const [p, q] = [data, points].map((set) => duel.smoothed(grid, set, 0.35));
    const judge = duel.trainer(data, 0.35, 1);
    return [0, 120, 300].map((steps) => {
      for (let i = 0; i < steps; i++) duel.teach(judge, points);
      return duel.divergence(grid, p, q) - duel.regretOf(grid, p, q, duel.logitsOn(judge, grid)) / 2;
    });
    """
    first, early, late = node(body)
    share, middle = 0.25, 0.625
    exact = (share * math.log(share / middle) + 3 * share * math.log(2) + math.log(1 / middle)) / 2
    assert first < 0.1
    assert exact - 0.05 < early < late + 0.02
    assert exact - 0.02 < late < exact


# Levels and links


def test_every_level_can_be_won_by_points_that_a_link_can_carry_and_begins_far_away():
    body = """
    const found = [];
    for (const [who, levels] of Object.entries(duel.LEVELS)) {
      levels.forEach(({ note }, i) => {
        for (const seed of [0, 1, 9999]) {
          const deal = duel.dealt(who, i + 1, seed);
          const grid = duel.lattice(48);
          const p = duel.smoothed(grid, deal.data, duel.NOISE[who]);
          const far = (points) => duel.divergence(grid, p, duel.smoothed(grid, points, duel.NOISE[who]));
          found.push({ note, who, ...deal, won: far(duel.rounded(deal.data)), begun: far(deal.start) });
        }
      });
    }
    return found;
    """
    found = node(body)
    assert len(found) == 3 * (5 + 4)
    for level in found:
        assert level["won"] < 1e-3
        assert level["begun"] > (0.5 if level["who"] == "generator" else 0.3)
        assert len(level["data"]) == len(level["start"]) == 20
        assert len(level["real"]) == len(level["offsets"]) == 60
        assert np.abs(level["data"]).max() <= 2.6
        assert level["note"].endswith((".", "!"))
    starts = {json.dumps(level["data"]) for level in found}
    assert len(starts) == 15  # five kinds of data from three seeds


READ = """
return input.map((link) => {
  const read = duel.fromLink(link);
  return read && { ...read, again: duel.fromLink(duel.toLink(read.game)) };
});
"""


def test_a_link_carries_a_game_of_either_player():
    rng = np.random.default_rng(9)
    points = rng.uniform(-2.5, 2.5, (20, 2)).tolist()
    strokes = rng.uniform(-2.5, 2.5, (2, 5, 2)).tolist()
    body = """
    const points = duel.rounded(input.points);
    const rounds = [{ sure: 3.4, strokes: input.strokes.map(duel.rounded) }, { sure: 0, strokes: [] }];
    const games = [{ who: "generator", level: 5, seed: 77, points, rounds: [] },
                   { who: "discriminator", level: 4, seed: 0, points: null, rounds }];
    return games.map((game) => [game, duel.toLink(game), duel.fromLink("#" + duel.toLink(game))]);
    """
    for game, link, back in node(body, {"points": points, "strokes": strokes}):
        assert back == {"game": game, "notice": ""}
        assert re.fullmatch(r"play1(--[a-z]+-\w+)+", link)
        assert len(link) < 400


STANDARD = {"who": "generator", "level": 1, "seed": 0, "points": None, "rounds": []}
ODD = {
    "#play2--level-3": ({}, "The link could not be read: here is a new game."),
    "#play1x": ({}, "The link could not be read: here is a new game."),
    "#play1--as-constructor--level-2": ({"level": 2}, "Not taken as the link had it: as."),
    "#play1--as-discriminator--level-5--seed-3": (
        {"who": "discriminator", "seed": 3},
        "Not taken as the link had it: level.",
    ),
    "#play1--level-0": ({}, "Not taken as the link had it: level."),
    "#play1--seed-1e9--seed-12345": ({}, "Not taken as the link had it: seed, seed."),
    "#play1--points-zz": ({}, "Not taken as the link had it: points."),
    "#play1--__proto__-1--toString-2": ({}, "Not taken as the link had it: __proto__-1, toString-2."),
    "#play1--round-999": ({}, "Not taken as the link had it: round."),
    "#play1--as-discriminator--round-30_00": (
        {"who": "discriminator"},
        "Not taken as the link had it: round.",
    ),
}


def test_a_link_that_cannot_be_taken_is_met_with_a_sentence():
    for (link, (change, notice)), read in zip(ODD.items(), node(READ, list(ODD)), strict=True):
        assert read["notice"] == notice, link
        assert read["game"] == STANDARD | change, link


def test_a_fragment_of_another_kind_is_left_alone():
    assert node(READ, ["", "#", "#play", "#what-the-score-means", "#lab1--seed-3"]) == [None] * 5


def test_no_link_breaks_a_game():
    for read in filter(None, node(READ, list(links(400)))):
        game = read["game"]
        assert set(game) == set(STANDARD)
        assert game["who"] in NOISE
        assert 1 <= game["level"] <= (5 if game["who"] == "generator" else 4)
        assert 0 <= game["seed"] <= 9999
        assert game["points"] is None or np.array(game["points"]).shape == (20, 2)
        assert np.abs(game["points"] or [[0, 0]]).max() <= 2.6
        assert len(game["rounds"]) <= 5
        for made in game["rounds"]:
            assert 0 <= made["sure"] <= 12
            assert len(made["strokes"]) <= 6
            assert all(2 <= len(stroke) <= 24 for stroke in made["strokes"])
        assert read["again"] == {"game": game, "notice": ""}
