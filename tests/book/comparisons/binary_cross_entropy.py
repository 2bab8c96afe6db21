"""The comparing sentences of the chapter on binary cross-entropy, which stand on its own cells."""

from comparisons.cells import in_seeds, oftener, smaller_when_swapped, told, undecided_when_swapped

CLOSER = "binary_cross_entropy#binary-cross-entropy-37"
TRIANGLES = "binary_cross_entropy#binary-cross-entropy-37-t"
ROUND = "binary_cross_entropy#binary-cross-entropy-39-d1"
ENTROPY, SQUARED = "cross-entropy", "squared error"
SGD, NEW, OLD = range(3)

CLAIMS = [
    told(
        """So the mean error of cross-entropy is smaller here, and the difference is unlikely to be
        chance.""",
        CLOSER,
        smaller_when_swapped("1024 ways to swap pairs", "cross-entropy:", "least squares:"),
    ),
    told(
        "For this task ten seeds do not settle the order.",
        TRIANGLES,
        undecided_when_swapped("1024 ways to swap pairs"),
    ),
    told(
        "With the cross-entropy every discriminator recovers, under each of the three optimisers.",
        ROUND,
        *(in_seeds(10, 10, ENTROPY, rule) for rule in (SGD, NEW, OLD)),
    ),
    told(
        """With the squared error the optimiser decides: no seed recovers under SGD at this rate or under the
        old Adam, and all ten recover under a new one.""",
        ROUND,
        in_seeds(0, 10, SQUARED, SGD),
        in_seeds(0, 10, SQUARED, OLD),
        in_seeds(10, 10, SQUARED, NEW),
        *(oftener(SQUARED, NEW, SQUARED, other) for other in (SGD, OLD)),
    ),
]
