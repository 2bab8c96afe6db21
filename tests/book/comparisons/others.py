"""The comparing sentences of the museum, of the corrections, of the other pages and of the quizzes."""

from comparisons import claim, less, on_average
from comparisons.wgan_gp import DISTANCE, RING, steps

CLAIMS = {
    "corrections": [
        claim(
            """In our study on the ring, with equally many scores to spend, five steps came nearer to the data
            in that game, and ended farther away under R1 and under spectral normalisation.""",
            RING,
            less("Wasserstein, one-centred, 5", "Wasserstein, one-centred, 1", DISTANCE),
            on_average(steps("R1"), DISTANCE, 1),
            on_average(steps("spectral norm"), DISTANCE, 1),
        )
    ]
}
