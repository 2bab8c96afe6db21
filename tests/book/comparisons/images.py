"""The comparing sentences of the chapter on networks for pictures."""

from comparisons.cells import in_seeds, told, undecided

PAGE = "images#"
AVERAGES = PAGE + "img-c-averages-table"
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
]
