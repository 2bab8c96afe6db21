"""The comparing sentences of the chapter on binary cross-entropy, which stand on its own cells."""

from comparisons.cells import in_seeds, oftener, smaller_when_swapped, told, undecided

CLOSER = "binary_cross_entropy#binary-cross-entropy-37"
ROUND = "binary_cross_entropy#binary-cross-entropy-39-d1"
ENTROPY, SQUARED = "cross-entropy", "squared error"
SGD, NEW, OLD = range(3)

CLAIMS = [
    told(
        "Cross-entropy is closer in 8 of 10 seeds. By this count alone the two losses cannot be told apart",
        CLOSER,
        in_seeds(8, 10, "cross-entropy is closer in"),
        undecided("cross-entropy is closer in"),
    ),
    told(
        "So in this experiment the mean error of cross-entropy is smaller.",
        CLOSER,
        smaller_when_swapped("1024 ways to swap pairs", "cross-entropy:", "least squares:"),
    ),
    told(
        "With the cross-entropy every discriminator comes round, under each of the three optimisers.",
        ROUND,
        *(in_seeds(10, 10, ENTROPY, rule) for rule in (SGD, NEW, OLD)),
    ),
    told(
        """With the squared error the optimiser decides: no seed comes round under SGD at this rate, one under
        the old Adam, and all ten under a new one.""",
        ROUND,
        in_seeds(0, 10, SQUARED, SGD),
        in_seeds(1, 10, SQUARED, OLD),
        in_seeds(10, 10, SQUARED, NEW),
        *(oftener(SQUARED, NEW, SQUARED, other) for other in (SGD, OLD)),
    ),
]
