"""The comparing sentences of the chapter `evaluation`."""

from comparisons.cells import in_seeds, told

MATRIX, BIAS = "evaluation#eval-c-matrix-read", "evaluation#eval-c-bias-table"


def words(check, *said):
    """The check, which licenses these words too: the printed line counts just what they say."""
    return check._replace(words=check.words | {*said})


CLAIMS = [
    told(
        "Precision sees the noise in 10 of 10 and the lost class in 1 of 10.",
        MATRIX,
        in_seeds(10, 10, "noise, precision"),
        in_seeds(1, 10, "one class lost, precision"),
    ),
    told(
        "Recall sees the lost class in 10 of 10 and the noise in 1 of 10.",
        MATRIX,
        in_seeds(10, 10, "one class lost, recall"),
        in_seeds(1, 10, "noise, recall"),
    ),
    told(
        "The other 13 call them worse in 1 of 130 verdicts, and better in 6.",
        MATRIX,
        words(in_seeds(1, 130, "all copied, the other 13 metrics"), "worse"),
        words(in_seeds(6, 130, "all copied, the other 13 metrics", 1), "better"),
    ),
    told(
        """At 50 pictures perfect samples are farther from the data by the Fréchet distance than noisy samples
        at 400, in 10 of 10 splits.""",
        BIAS,
        words(in_seeds(10, 10, "perfect at 50 farther than noise at 400"), "farther"),
    ),
    told(
        "In the matrix below it calls the light blur worse, each time.",
        MATRIX,
        words(in_seeds(10, 10, "light blur, sliced W1"), "worse"),
    ),
    told(
        "F for precision sees five lost classes in 7 of 10 and the noise in 1.",
        MATRIX,
        in_seeds(7, 10, "five classes lost, F for precision"),
        in_seeds(1, 10, "noise, F for precision"),
    ),
    told(
        "The Fréchet distance sees it in 0 of 10 cases.",
        "evaluation#eval-c-moments",
        in_seeds(0, 10, "Fréchet"),
    ),
]
