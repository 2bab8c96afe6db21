"""The comparing sentences of the chapter `at_scale`."""

from comparisons.cells import in_seeds, told

CLAIMS = [
    told(
        "Three prices from four settings predict all 21 others within 20 %.",
        "at_scale#scale-c-errors",
        in_seeds(21, 21, "width and batch"),
    ),
    told(
        "With these two prices the other six settings are predicted within 20 %.",
        "at_scale#scale-c-stacked-errors",
        in_seeds(6, 6, "seeds stacked"),
    ),
    told(
        """With it the five others that exchange are predicted within 20 %, and so are the three that do
        not.""",
        "at_scale#scale-c-processes",
        in_seeds(8, 8, "processes"),
    ),
]
