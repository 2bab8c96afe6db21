"""The museum of failures: mistakes of code that raise no error, or one that explains little, and their cures.

Each is written as it stands in loops of plain PyTorch, and so is its cure. What tells one from the other is a
number with a closed form, which the page gives and `NUMBERS` computes.
"""

import math
import re
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ganlab import losses

LOG_2 = math.log(2)
FLOOR = math.log1p(math.exp(-1))
"""The loss of a real sample whose "logit" is a probability, at its best: log(1 + 1/e)."""


def label(scores, value):
    """The cross-entropy of scores with one label for all."""
    return binary_cross_entropy_with_logits(scores, torch.full_like(scores, value))


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


# Losses


@pytest.mark.parametrize(("squashed", "floor"), [(True, FLOOR + LOG_2), (False, 0.0)])
def test_a_doubled_sigmoid_rests_on_a_floor_and_logits_have_none(squashed, floor):
    """A real sample at 1 and a generated one at -1: nothing is easier to tell apart."""
    line = nn.Linear(1, 1)
    discriminator = nn.Sequential(line, nn.Sigmoid()) if squashed else line
    adam = torch.optim.Adam(discriminator.parameters(), lr=0.1)
    for _ in range(200):
        adam.zero_grad()
        loss = label(discriminator(torch.ones(1, 1)), 1.0) + label(discriminator(-torch.ones(1, 1)), 0.0)
        loss.backward()
        adam.step()
    assert floor < loss.item() < floor + 0.01


def test_what_a_doubled_sigmoid_takes_for_a_probability_lies_between_a_half_and_three_quarters():
    certain = torch.tensor([-1e3, 1e3]).sigmoid()
    torch.testing.assert_close(certain.sigmoid(), torch.tensor([0.5, sigmoid(1)]), rtol=1e-14, atol=0)
    torch.testing.assert_close(label(certain[1:], 1.0).item(), FLOOR, rtol=1e-14, atol=0)
    torch.testing.assert_close(label(certain[:1], 0.0).item(), LOG_2, rtol=1e-14, atol=0)


# Steps

TWO_THIRDS = (2 / 3, -math.log(2 / 3) - math.log(1 / 3), -math.log(2 / 3))
BASELINES = (1 / 2, 2 * LOG_2, LOG_2)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize(("cleared", "rest"), [(False, TWO_THIRDS), (True, BASELINES)])
def test_gradients_left_by_the_other_step_hold_the_discriminator_at_two_thirds(optimizer, cleared, rest):
    """The samples have the law of the data, so that one logit is all that a discriminator can say."""
    logit = torch.zeros(1, requires_grad=True)
    steps = optimizer([logit], lr=0.05)
    for _ in range(300):
        if cleared:
            steps.zero_grad()
        d_loss = label(logit, 1.0) + label(logit, 0.0)
        d_loss.backward()
        steps.step()
        steps.zero_grad()
        g_loss = label(logit, 1.0)
        g_loss.backward()  # the generator moves, and leaves this in the discriminator
    torch.testing.assert_close(
        (logit.sigmoid().item(), d_loss.item(), g_loss.item()), rest, rtol=0, atol=1e-3
    )


@pytest.mark.parametrize(
    ("loss", "held", "low", "high"),
    [
        (losses.non_saturating, True, 2 / 3 - 5e-3, 2 / 3 + 5e-3),
        (losses.minimax, True, 0.9, 1.0),
        (losses.non_saturating, False, 0.5 - 1e-6, 0.5 + 1e-6),
        (losses.minimax, False, 0.5 - 1e-6, 0.5 + 1e-6),
    ],
)
def test_an_optimizer_that_holds_both_networks_moves_the_discriminator_off_one_half(loss, held, low, high):
    """As above, with plain steps. The minimax loss takes back what D learns of fakes: D goes to 1."""
    logit, weight = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    d_steps = torch.optim.SGD([logit], lr=0.05)
    g_steps = torch.optim.SGD([weight, logit] if held else [weight], lr=0.05)
    for _ in range(300):
        d_steps.zero_grad()
        loss.discriminator(logit, logit).backward()
        d_steps.step()
        d_steps.zero_grad()
        g_steps.zero_grad()
        loss.generator(logit, logit + 0 * weight).backward()
        g_steps.step()
    assert low < logit.sigmoid().item() < high


@pytest.mark.parametrize(
    ("loss", "detached", "push"),
    [
        (losses.non_saturating, False, lambda d: 2 * d - 1),
        (losses.minimax, False, lambda d: 0 * d),
        (losses.non_saturating, True, lambda d: d - 1),
        (losses.minimax, True, lambda d: -d),
    ],
)
def test_a_discriminator_step_without_detach_takes_the_push_from_the_generator(loss, detached, push):
    """The discriminator is 1 · x, and does not move here; the generator moves the samples themselves.

    Its gradients are cleared after its own step, as in many loops, and so not in between."""
    weight, place = torch.ones(1, requires_grad=True), torch.tensor([0.1, 0.5, 0.9]).logit().requires_grad_()
    fake = place.detach() if detached else place
    loss.discriminator(0 * weight, weight * fake).backward()
    loss.generator(0 * weight, weight * place).backward()
    torch.testing.assert_close(3 * place.grad, push(place.detach().sigmoid()))


@pytest.mark.parametrize("detached", [True, False])
def test_a_generator_whose_samples_are_detached_in_its_own_step_never_moves(detached):
    """Adam leaves alone what has no gradient, and nothing is said."""
    generator, discriminator = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    before = generator.weight.detach().clone()
    adam = torch.optim.Adam(generator.parameters(), lr=0.1)
    for _ in range(5):
        fake = generator(torch.randn(8, 2))
        adam.zero_grad()
        label(discriminator(fake.detach() if detached else fake), 1.0).backward()
        adam.step()
    assert (generator.weight.grad is None) is detached
    assert bool((generator.weight - before).norm() == 0) is detached


# The page

NUMBERS = {
    "fail-doubled-sigmoid": lambda: [FLOOR, LOG_2, FLOOR + LOG_2, 1 / 2, sigmoid(1)],
    "fail-left-over": lambda: [*TWO_THIRDS, 1 / 2, 2 * LOG_2, LOG_2],
    "fail-holds-both": lambda: [*TWO_THIRDS],
    "fail-no-detach": lambda: [2 * 0.9 - 1, 0.9 - 1],
}
"""What stands in decimals in the field *Number* of an exhibit, in its order."""

PAGE = (Path(__file__).parents[2] / "book" / "failures.md").read_text(encoding="utf-8")
GIVEN = dict(re.findall(r"^\((fail-[\w-]+)\)=\n(?:(?!^\().*\n)*?Number\n: ((?:.+\n)+)", PAGE, re.M))


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_the_number_of_an_exhibit_is_the_computed_one(name):
    given = re.findall(r"(?<![\w.])-?\d+\.\d+", GIVEN[name])
    assert given == [
        f"{value:.{len(text.split('.')[1])}f}" for text, value in zip(given, NUMBERS[name](), strict=True)
    ]


def test_every_exhibit_with_a_number_is_computed():
    assert set(GIVEN) >= set(NUMBERS)
    assert {name for name, words in GIVEN.items() if re.search(r"\d\.\d", words)} == set(NUMBERS)
