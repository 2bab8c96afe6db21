"""The comparing sentences of the chapter `wgan_gp`."""

from comparisons import claim, less, more, not_shown, on_average

LOSSES = ("non-saturating", "Wasserstein", "hinge", "pairing")
CONDITIONS = ("none", "one-centred", "R1", "R1+R2", "clipping", "spectral norm")
RING, DISTANCE = "factorial_ring", "wasserstein_1"


def steps(*conditions):
    """Five discriminator steps and one, for each loss under these conditions."""
    return [(f"{loss}, {each}, 5", f"{loss}, {each}, 1") for loss in LOSSES for each in conditions]


def conditions(one, other="none"):
    """A condition and another with one discriminator step, for each loss."""
    return [(f"{loss}, {one}, 1", f"{loss}, {other}, 1") for loss in LOSSES]


CLAIMS = [
    claim(
        "At equal price, five steps are worse than one, in the mean over losses and conditions.",
        RING,
        on_average(steps(*CONDITIONS), DISTANCE, 1),
    ),
    claim(
        "with the Wasserstein loss and the one-centred penalty, five steps come nearer than one.",
        RING,
        less("Wasserstein, one-centred, 5", "Wasserstein, one-centred, 1", DISTANCE),
    ),
    claim(
        "Without a condition the Wasserstein loss is farther from the data than the non-saturating loss.",
        RING,
        more("Wasserstein, none, 1", "non-saturating, none, 1", DISTANCE),
    ),
    claim(
        "R1 and spectral normalisation bring the four losses nearer, in the mean.",
        RING,
        on_average(conditions("R1"), DISTANCE, -1),
        on_average(conditions("spectral norm"), DISTANCE, -1),
    ),
    claim(
        "For the one-centred penalty with one step no such gain is shown.",
        RING,
        on_average(conditions("one-centred"), DISTANCE, 0),
    ),
    claim(
        "Under R1 no difference between the Wasserstein loss and the non-saturating loss is shown.",
        RING,
        not_shown("Wasserstein, R1, 1", "non-saturating, R1, 1", DISTANCE),
    ),
    claim(
        "With R1 and one step the Wasserstein game is nearer than the shape without clusters.",
        RING,
        less("Wasserstein, R1, 1", "shape without modes", DISTANCE),
    ),
    claim(
        "With the one-centred penalty and five steps it is farther.",
        RING,
        more("Wasserstein, one-centred, 5", "shape without modes", DISTANCE),
    ),
]
