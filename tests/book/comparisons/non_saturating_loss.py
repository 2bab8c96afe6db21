"""The comparing sentences of the chapter `non_saturating_loss`."""

from comparisons import COMPARING, Check
from comparisons.cells import below, in_seeds, oftener, spans, told

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


CLAIMS = [
    told(
        "From an ordinary start the two losses look alike under Adam.",
        START,
        not_told_apart(NEAR, NEAR_NS),
    ),
    told(
        """From the far start, the non-saturating generators come from a distance of 28 to between 1.2 and
        3.8. No saturating generator comes closer than 23.8.""",
        START,
        spans(1.2, 3.8, FAR_NS, 1),
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
        "Both hold in every saturating run from the far start, and in no other run.",
        START,
        *(in_seeds(10, 10, FAR, place) for place in (1, 2)),
        *(in_seeds(0, 10, line, place) for line in (FAR_NS, NEAR, NEAR_NS) for place in (1, 2)),
    ),
    told(
        "The other eight are still beyond 20 after 4800 steps.",
        LONGER,
        in_seeds(8, 10, "4800", 1),
    ),
]
