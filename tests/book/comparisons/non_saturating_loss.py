"""The comparing sentences of the chapter `non_saturating_loss`."""

from comparisons import COMPARING, Check
from comparisons.cells import RANGE, below, in_seeds, oftener, read, spans, told

START, LONGER = "non_saturating_loss#non-saturating-loss-31", "non_saturating_loss#non-saturating-loss-33-a"
FAR, FAR_NS, NEAR, NEAR_NS = (
    f"{start}, {loss}" for start in ("far", "near") for loss in ("saturating", "non-saturating")
)


def not_told_apart(line, other, place=0):
    """Neither count is above the other with the whole of its interval."""
    both = oftener(line, place, other, place), oftener(other, place, line, place)
    return Check(
        lambda text: not any(one.holds(text) for one in both),
        frozenset(COMPARING),
        f"{line} and {other} not told apart",
    )


def apart(high, low, line, others, place):
    """The range of the one line ends at `high`, and the least of the ranges of the others begins at `low`."""

    def holds(text):
        rows = [tuple(map(float, read(text, row, place, RANGE))) for row in (line, *others)]
        return rows[0][1] == high < low == min(row[0] for row in rows[1:])

    return Check(holds, frozenset({"most", "least"}), f"{line} up to {high}, the others from {low} on")


CLAIMS = [
    told(
        "From an ordinary start the two losses look alike under Adam.",
        START,
        not_told_apart(NEAR, NEAR_NS),
    ),
    told(
        """From the far start, the non-saturating generators come from a distance of 28 to between 1.2 and
        3.9. No saturating generator is closer than 23.8 by then.""",
        START,
        spans(1.2, 3.9, FAR_NS, 1),
        spans(23.8, 28.9, FAR, 1),
        below(FAR_NS, FAR, 1),
    ),
    told(
        "After 300 steps none of the twenty has arrived.",
        START,
        in_seeds(0, 10, FAR),
        in_seeds(0, 10, FAR_NS),
    ),
    told(
        """From the near start eight saturating and six non-saturating generators have arrived; ten seeds
        cannot tell eight from six.""",
        START,
        in_seeds(8, 10, NEAR),
        in_seeds(6, 10, NEAR_NS),
        not_told_apart(NEAR, NEAR_NS),
    ),
    told(
        """*D sure* counts the runs in which the mean logit of the samples is below $-10$: every saturating
        run from the far start, and no other run.""",
        START,
        in_seeds(10, 10, FAR, 1),
        *(in_seeds(0, 10, line, 1) for line in (FAR_NS, NEAR, NEAR_NS)),
    ),
    told(
        "It is at most 0.012 in these runs, and at least 0.169 in the others.",
        START,
        apart(0.012, 0.169, FAR, (FAR_NS, NEAR, NEAR_NS), 2),
    ),
    told(
        "Two of the ten generators come within 5 of the centre on the way.",
        LONGER,
        in_seeds(2, 10, "3600"),
    ),
    told(
        "The other eight are still beyond 20 after 4800 steps.",
        LONGER,
        in_seeds(8, 10, "4800", 1),
    ),
]
