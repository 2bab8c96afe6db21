"""The comparing sentences of the chapter on networks for pictures."""

from comparisons import claim, least, less, more
from comparisons.cells import in_seeds, told, undecided

PAGE = "images#"
AVERAGES = PAGE + "img-c-averages-table"
STUDY, FRECHET, BLURRED = "architectures", "classifier_frechet", "blurred data"
LONG = 1  # of the two averages, the one with the longer memory

CLAIMS = [
    told(
        "With the statistics of the start both averages are far from the digits, in all ten games.",
        AVERAGES,
        in_seeds(10, 10, "of the start"),
        in_seeds(10, 10, "of the start", LONG),
    ),
    told(
        "With the short memory the other three kinds draw level.",
        AVERAGES,
        undecided("averaged"),
        undecided("of the newest weights"),
    ),
    told(
        """With the decay 0.99 the statistics taken anew come out ahead of the averaged ones in all ten games,
        and of those of the newest weights in all ten.""",
        AVERAGES,
        in_seeds(10, 10, "averaged", LONG),
        in_seeds(10, 10, "of the newest weights", LONG),
    ),
    claim(
        "After 30 seconds of one core the MLP is nearest, with a median of 49.9 [43, 55].",
        STUDY,
        least("MLP", FRECHET),
    ),
    claim(
        "The DCGAN, at 102 [98.1, 107], is nearer than the residual pair, at 185 [174, 204].",
        STUDY,
        less("DCGAN", "residual", FRECHET),
    ),
    claim(
        "The MLP and the DCGAN are nearer than blurred data; the residual pair is farther.",
        STUDY,
        less("MLP", BLURRED, FRECHET),
        less("DCGAN", BLURRED, FRECHET),
        more("residual", BLURRED, FRECHET),
    ),
    claim(
        "The distance with DiffAugment is larger, seed by seed: by 18.6 [9.49, 30.9].",
        "small_data",
        more("DiffAugment", "as they are", FRECHET),
    ),
]
