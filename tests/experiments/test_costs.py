"""What a step costs: counts against closed forms and PyTorch's counter, prices against known ones."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from equations.at_scale import counted_flops, weights
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ganlab.experiments import EXPERIMENTS, building, change, costs
from ganlab.experiments.costs import Counts, Prices
from ganlab.training import train, train_together

SMALL = change(EXPERIMENTS["ring"], float64=False, width=8, batch_size=16)


def test_a_product_is_counted_by_its_three_sides_and_all_by_their_bytes():
    a, b = torch.ones(5, 3, dtype=torch.float32), torch.ones(3, 7, dtype=torch.float32)
    assert costs.count(lambda: a @ b) == Counts(1, 2 * 5 * 3 * 7, 4 * (15 + 21 + 35))
    assert costs.count(lambda: a + a) == Counts(1, 0, 4 * 45)
    assert costs.count(lambda: a.double() @ b.double()).bytes == 12 * (15 + 21) + 8 * (15 + 21 + 35)
    batched = costs.count(lambda: torch.bmm(a.expand(4, 5, 3), b.expand(4, 3, 7)))
    assert batched.flops == 4 * 2 * 5 * 3 * 7
    layer = nn.Linear(3, 7, dtype=torch.float32)
    assert costs.count(lambda: layer(a)).flops == 2 * 5 * 3 * 7


def test_a_view_is_called_and_moves_nothing():
    assert costs.count(lambda: torch.ones(0).view(0).detach()).bytes == 0
    x = torch.ones(4, 6)
    assert costs.count(lambda: x.T).bytes == 0
    assert costs.count(lambda: x.T).operations == 1


@pytest.mark.parametrize("stacked", [1, 3])
def test_a_step_of_the_game_has_the_products_of_pytorchs_counter(stacked):
    setups = [building.build(SMALL, seed=seed) for seed in range(stacked)]
    games, streams = [s.gan for s in setups], [s.batches for s in setups]

    def step():
        if stacked == 1:
            train(games[0], streams[0], 1)
        else:
            train_together(games, streams, 1)

    found = costs.count(step)
    sizes = [[m.in_features for m in net.modules() if isinstance(m, nn.Linear)]
             for net in (games[0].generator, games[0].discriminator)]  # fmt: skip
    assert found.flops == stacked * counted_flops([*sizes[0], 2], [*sizes[1], 1], 16)
    if stacked == 1:
        with FlopCounterMode(display=False) as counter:
            step()
        assert found.flops == counter.get_total_flops()


def test_prices_that_made_the_times_are_found(rng):
    prices = Prices(3e-6, 2e-11, 7e-11)
    table = np.exp(torch.rand(6, 3, generator=rng).numpy() * 5) * [100, 1e6, 1e6]
    counts = [Counts(*row) for row in table]
    found = costs.fitted(counts, [costs.seconds(c, prices) for c in counts])
    np.testing.assert_allclose(found, prices, rtol=1e-9)


def test_no_price_is_negative_and_errors_are_relative():
    """A thousandfold time that is a tenth too long weighs as much as a short one."""
    counts = [Counts(1, 0, 0), Counts(1000, 0, 0), Counts(1000, 0, 0)]
    price = costs.fitted(counts, [1.0, 1100.0, 1000.0]).operation
    ratios = np.array([1, 1 / 1.1, 1])
    assert price == pytest.approx(ratios.sum() / (ratios**2).sum())
    falling = costs.fitted([Counts(1, 1, 0), Counts(1, 2, 0), Counts(1, 3, 0)], [3.0, 2.0, 1.0])
    assert min(falling) >= 0
    assert falling.flop == 0


def test_what_cannot_be_fitted_is_refused():
    one = Counts(1, 1, 1)
    with pytest.raises(ValueError, match="three steps or more, got 2 and 2"):
        costs.fitted([one, one], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"`measured` must be positive, got 0\.0"):
        costs.fitted([one, one, one], [1.0, 0.0, 1.0])


def test_the_stored_steps_have_the_counts_of_the_game():
    stored = costs.measured()
    assert {len(stored[kind]) for kind in ("steps",)} == {25}
    for step in stored["steps"]:
        width, batch = step["width"], step["batch"]
        made = building.build(change(SMALL, width=width, batch_size=batch))
        layers = [[m.in_features for m in net.modules() if isinstance(m, nn.Linear)]
                  for net in (made.gan.generator, made.gan.discriminator)]  # fmt: skip
        g, d = [*layers[0], 2], [*layers[1], 1]
        first = 2 * g[0] * g[1] + 4 * d[0] * d[1]
        assert step["flops"] == batch * (8 * weights(g) + 16 * weights(d) - first)
        assert step["seconds"] > 0
    assert all(value not in ("", None) for value in stored["machine"].values())


def test_what_the_chapter_says_of_stored_costs_is_stored():
    """The prose of `at_scale`: calls of stacked seeds, and one setting that was measured twice."""
    stored = costs.measured()
    page = (Path(__file__).parents[2] / "book" / "at_scale.ipynb").read_text("utf-8")
    calls = {(each["width"], each["seeds"]): each["operations"] for each in stored["stacked"]}
    assert all(calls[w, n] - calls[w, m] == 8 * (n - m) for w in (32, 64) for n in (4, 8, 16) for m in (2,))
    assert "each seed adds eight" in page
    once = {(each["width"], each["batch"]): each["seconds"] for each in stored["steps"]}
    again = [each for each in stored["processes"] if each["processes"] == 1]
    apart = max(once[each["width"], each["batch"]] / each["seconds"] - 1 for each in again)
    told = re.search(r"measured twice, differ by ([^\\]+)", page)[1].split(", ")
    assert max(told, key=lambda share: int(share.rstrip("%"))) == f"{100 * apart:.0f}%"
