"""Figures against the numbers that were put in: what is drawn where, in which colour and with which mark."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from ganlab import plotting
from ganlab.training.history import History


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_real_and_generated_points_differ_in_colour_and_in_mark(ax, rng):
    real, fake = torch.randn(20, 2, generator=rng), torch.randn(15, 2, generator=rng)
    plotting.samples(ax, real, fake)
    drawn_real, drawn_fake = ax.collections
    np.testing.assert_array_equal(drawn_real.get_offsets(), real)
    np.testing.assert_array_equal(drawn_fake.get_offsets(), fake)
    assert not np.array_equal(drawn_real.get_facecolor()[0][:3], drawn_fake.get_facecolor()[0][:3])
    assert drawn_real.get_paths()[0].vertices.shape != drawn_fake.get_paths()[0].vertices.shape
    assert ax.get_xlim()[1] > real.abs().max()


@pytest.mark.parametrize("kind", ["real", "fake"])
def test_a_point_alone_stands_out_from_the_paper(ax, kind):
    plotting.samples(ax, **{"real": None, "fake": None, kind: torch.zeros(1, 2)})
    (drawn,) = ax.collections
    *color, opacity = (drawn.get_facecolor() if kind == "real" else drawn.get_edgecolor())[0]
    seen = opacity * np.array(color) + (1 - opacity)  # on white paper
    linear = np.where(seen <= 0.04045, seen / 12.92, ((seen + 0.055) / 1.055) ** 2.4)
    assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= 3


def test_loss_curves_are_the_recorded_numbers_and_their_moving_average(ax):
    values = torch.tensor([[1.0, 5.0], [2.0, 6.0], [6.0, 7.0], [3.0, 8.0]])
    history = History.of(("d_loss", "g_loss"), [1, 2, 3, 4], values)
    plotting.loss_curves(ax, history, window=2)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1.5, 4.0, 4.5])
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [5.5, 6.5, 7.5])
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [2, 3, 4])
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()


def test_landmarks_are_drawn_only_when_asked_for(ax):
    history = History.of(("d_loss", "g_loss"), [1, 2], torch.ones(2, 2))
    plotting.loss_curves(ax, history)
    assert len(ax.lines) == 2
    plotting.loss_curves(ax, history, loss="least_squares")
    assert [line.get_ydata()[0] for line in (ax.lines[3], ax.lines[5])] == [1 / 4, 1 / 8]  # at D = 1/2


def test_a_level_that_may_be_any_number_is_not_drawn(ax):
    history = History.of(("d_loss", "g_loss"), [1, 2], torch.ones(2, 2))
    plotting.loss_curves(ax, history, loss="hinge")  # G's is minus any score in [-1, 1]
    assert [line.get_ydata()[0] for line in ax.lines] == [1.0, 2.0, 1.0]


def test_an_unknown_loss_is_refused_by_name(ax):
    history = History.of(("d_loss", "g_loss"), [1, 2], torch.ones(2, 2))
    with pytest.raises(ValueError, match=r"`loss` must be one of minimax, .*, got 'elbo'"):
        plotting.loss_curves(ax, history, loss="elbo")


def test_the_decision_surface_is_the_sigmoid_of_the_score_with_its_line_at_one_half(ax):
    plotting.decision_surface(ax, lambda x: x[:, 0] - 0.5 * x[:, 1], extent=3.0, resolution=7)
    field = ax.images[0].get_array()
    axis = np.linspace(-3, 3, 7)
    expected = 1 / (1 + np.exp(-(axis[None, :] - 0.5 * axis[:, None])))
    np.testing.assert_allclose(field, expected, rtol=1e-12)
    assert ax.images[0].origin == "lower"
    line = np.concatenate(ax.collections[0].get_paths()[0].to_polygons(closed_only=False))
    np.testing.assert_allclose(line[:, 0], 0.5 * line[:, 1], atol=0.05)


def test_a_surface_that_never_crosses_one_half_has_no_line(ax):
    plotting.decision_surface(ax, lambda x: 0 * x[:, 0] + 2, extent=1.0, resolution=3)
    assert len(ax.collections) == 0


def test_images_keep_their_order_and_their_range(ax):
    images = torch.stack([torch.full((1, 2, 2), value) for value in (-1.0, 0.0, 1.0)])
    plotting.image_grid(ax, images, columns=2)
    grid = ax.images[0].get_array()
    assert grid.shape == (7, 7, 3)
    np.testing.assert_allclose([grid[1, 1, 0], grid[1, 4, 0], grid[4, 1, 0]], [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(grid, plotting.tile(images, columns=2))


def test_colours_are_red_green_and_blue_in_the_order_of_the_channels():
    image = torch.full((1, 3, 2, 2), -1.0)
    image[0, 1] = 1.0
    np.testing.assert_array_equal(plotting.tile(image)[1, 1], [0.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda ax: plotting.samples(ax, torch.zeros(3, 3), None),
            r"`real` must be points of shape \(N, 2\)",
        ),
        (lambda ax: plotting.samples(ax, None, torch.zeros(2)), r"`fake` must be points of shape \(N, 2\)"),
        (lambda ax: plotting.loss_curves(ax, History()), r"`window` must be from 1 to the 0 steps"),
        (lambda ax: plotting.decision_surface(ax, abs, extent=0), "`extent` must be positive, got 0"),
        (
            lambda ax: plotting.decision_surface(ax, abs, extent=1, resolution=1),
            "`resolution` must be at least 2",
        ),
        (
            lambda ax: plotting.image_grid(ax, torch.zeros(2, 2, 4, 4)),
            r"shape \(N, 1 or 3, H, W\), got \(2, 2",
        ),
        (
            lambda ax: plotting.image_grid(ax, torch.full((1, 1, 2, 2), 1.5)),
            r"in \[-1, 1\], got values from 1.5",
        ),
        (
            lambda ax: plotting.image_grid(ax, torch.full((1, 1, 2, 2), torch.nan)),
            r"in \[-1, 1\], got values",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(ax, call, message):
    with pytest.raises(ValueError, match=message):
        call(ax)
