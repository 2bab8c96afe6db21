"""Truth here: maps whose speed is known, classes a line can tell and cannot, layers that hold a label."""

import math

import pytest
import torch
from torch.testing import assert_close

from ganlab.evaluation.styles import (
    label_survival,
    linear_probe,
    path_length,
    spherical_between,
)


def test_the_speed_of_a_linear_map_is_the_length_of_its_image(rng):
    matrix = torch.randn(7, 4, generator=rng)
    start, end = torch.randn(5, 4, generator=rng), torch.randn(5, 4, generator=rng)
    found = path_length(lambda w: w @ matrix.T, start, end, torch.rand(5, generator=rng))
    assert_close(found, ((end - start) @ matrix.T).square().sum(1), rtol=1e-6, atol=0)


def test_an_arc_keeps_its_length_and_its_speed(rng):
    start, end = 3 * torch.randn(6, 4, generator=rng), torch.randn(6, 4, generator=rng)
    share = torch.rand(6, generator=rng)
    on = spherical_between(start, end, share)
    assert_close(on.square().sum(1), torch.full((6,), 4.0), rtol=1e-12, atol=0)
    cosine = (start * end).sum(1) / start.norm(dim=1) / end.norm(dim=1)
    speed = path_length(lambda z: z, start, end, share, between=spherical_between)
    assert_close(speed, 4 * cosine.acos() ** 2, rtol=1e-6, atol=0)
    for at, ends in ((0.0, start), (1.0, end)):
        expected = 2 * ends / ends.norm(dim=1, keepdim=True)
        assert_close(spherical_between(start, end, torch.full((6,), at)), expected, rtol=1e-9, atol=1e-9)
    with pytest.raises(ValueError, match="`start` and `end` must differ in direction"):
        spherical_between(start, -2 * start, share)


def test_a_detour_is_longer_than_the_straight_way_on_average():
    """Of the way t + a sin(2 pi t) the mean squared speed is 1 + 2 pi^2 a^2, by integration."""
    share = (torch.arange(4000) + 0.5) / 4000
    start, end, a = torch.zeros(4000, 1), torch.ones(4000, 1), 0.3
    found = path_length(lambda w: w + a * (2 * math.pi * w).sin(), start, end, share).mean()
    assert found.item() == pytest.approx(1 + 2 * math.pi**2 * a**2, rel=1e-4)
    assert path_length(lambda w: w, start, end, share).mean().item() == pytest.approx(1)
    with pytest.raises(ValueError, match="`step` must be positive, got 0"):
        path_length(lambda w: w, start, end, share, step=0)


def test_a_probe_reads_what_lies_on_a_line_and_not_what_lies_on_a_circle(rng):
    x = torch.randn(4000, 2, generator=rng)
    side, ring = (x[:, 0] > 0.5).long(), (x.square().sum(1) > 2 * math.log(2)).long()
    assert linear_probe(x[:2000], side[:2000], x[2000:], side[2000:]) > 0.9
    assert abs(linear_probe(x[:2000], ring[:2000], x[2000:], ring[2000:]) - 0.5) < 0.06
    shuffled = side[torch.randperm(4000, generator=rng)]
    most = max(side.double().mean().item(), 1 - side.double().mean().item())
    assert linear_probe(x[:2000], shuffled[:2000], x[2000:], shuffled[2000:]) == pytest.approx(most, abs=0.04)


def test_a_probe_is_the_ridge_regression_of_the_normal_equations(rng):
    x, labels = torch.randn(30, 3, generator=rng), torch.arange(30) % 3
    known = torch.cat([x, torch.ones(30, 1)], 1)
    tall = torch.cat([known, (0.7 * 30) ** 0.5 * torch.eye(4)])
    target = torch.cat([torch.eye(3)[labels], torch.zeros(4, 3)])
    weights = torch.linalg.lstsq(tall, target).solution  # ridge as more rows of a plain least squares
    expected = ((known @ weights).argmax(1) == labels).double().mean().item()
    assert linear_probe(x, labels, x, labels, ridge=0.7) == expected
    with pytest.raises(ValueError, match="`ridge` must be positive, got 0"):
        linear_probe(x, labels, x, labels, ridge=0)


def test_a_label_survives_where_the_layers_that_hold_it_do(rng):
    first, second = (torch.randn(400, 4, 3, generator=rng) for _ in range(2))
    second[:50] = first[:50]  # pairs of one label do not count
    by_one = label_survival(lambda styles: (styles[:, 2, 0] > 0).long(), first, second)
    apart = ((first[:, 2, 0] > 0) != (second[:, 2, 0] > 0)).sum().item()
    assert by_one == ([[0.0] * 4, [0.0] * 4, [1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 0.0]], apart)
    matrix, _ = label_survival(lambda styles: (styles[:, 1:3, 0].sum(1) > 0).long(), first, second)
    assert matrix[2][:2] == matrix[3][:2] == [1.0, 1.0]
    assert 0.3 < matrix[1][1] < 0.8
    assert matrix[0][0] == matrix[3][3] == 0.0
    with pytest.raises(ValueError, match="must hold a pair of different labels"):
        label_survival(lambda styles: torch.zeros(len(styles)), first, second)


def test_a_probe_of_undefined_features_is_refused():
    x, labels = torch.zeros(4, 2), torch.tensor([0, 1, 0, 1])
    x[1, 0] = math.nan
    for seen, unseen in ((x, torch.zeros(4, 2)), (torch.zeros(4, 2), x)):
        with pytest.raises(ValueError, match="`seen` and `unseen` must be finite"):
            linear_probe(seen, labels, unseen, labels)
