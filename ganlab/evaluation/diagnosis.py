"""What the loss curves of a run can tell, and what they cannot.

A discriminator that gives every sample one and the same score, the best of these, has a loss that we call
the *baseline*: 2 log 2 for the logistic losses. No optimal discriminator is above it, and where the two
distributions are equal none is below it. The **edge** 1 - d_loss / baseline is therefore 0 for a
discriminator that tells nothing and 1 for one that tells all; up to its scale it is a lower bound on a
divergence (`divergence_bound`).

Curves say how the two players stand to each other. They do not say how good the samples are: a generator
that has collapsed before a discriminator that cannot follow shows the very numbers of the equilibrium. So
nothing here praises samples, and `diagnose` says "cannot tell" where the evidence is thin or at odds.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ganlab.evaluation.conventions import Reading, read_convention
from ganlab.losses import LOSSES, GANLoss, find
from ganlab.theory.probability import ArrayLike, as_floating

__all__ = ["PATTERNS", "Bound", "Diagnosis", "Landmarks", "diagnose", "divergence_bound", "landmarks"]

PATTERNS = (
    "healthy",
    "D too strong",
    "collapse suspected",
    "oscillation",
    "diverging",
    "critic not keeping up",
    "cannot tell",
)
"""The patterns that `diagnose` names.

>>> PATTERNS[-1]
'cannot tell'
"""

_LEAST_STEPS = 100
_STRONG = 0.9  # edge from which on the generator is told apart almost always
_WORSE = 0.1  # by which a stretch of d_loss lies above the baseline, of the scale, where D lags
_NEAR = 0.01  # edge below which equal distributions are as likely as a D that tells nothing
_CYCLE = 0.7  # correlation of both curves with themselves, one period later
_AGAIN = 0.4  # and two periods later
_ALIKE = 0.3  # by which the ratio of the two periods may miss 1/2, 1 or 2
_SWING = 0.05  # of the scale; a smaller ripple is no circling
_GROWTH = 5.0  # of the excursions, from the first to the last quarter
_FREE_GROWTH = 15.0  # the same for a loss without a bound, whose noise grows until the weights meet theirs
_LEAD = 0.1  # growth of the edge from the third to the last quarter
_COVERED = 3 / 4  # of the modes
_BLOCKS = 8  # of the last half
_FINE_BLOCKS = 128
_SIGMOID = (
    "The mean scores of real and of generated samples never leave [0, 1]: so look those of a discriminator "
    "that ends in a sigmoid, which this loss applies itself."
)


class Landmarks(NamedTuple):
    """Values of the two losses that theory knows; NaN where it knows none."""

    baseline: float  # d_loss of the best constant score, and of the best D where nothing can be told
    generator: float  # g_loss at that score
    third: float  # d_loss of the best D against a generator that keeps one mode in three


def landmarks(loss: str | GANLoss) -> Landmarks:
    """The landmarks of a loss: D's and G's at equilibrium, and D's where two modes in three are missing.

    `loss`: a pair, or its name. Of n equal modes the generator keeps the share m = 1/3, evenly and perfectly;
    an optimal D has then the loss m log((1+m)/m) + log(1+m) (logistic), 2m (hinge), m/(2(1+m)) (least
    squares), m log 2 (both relativistic losses), and one without a scale (Wasserstein). At equilibrium the
    value of the game is -d_loss = -log 4. `generator` is NaN for hinge and Wasserstein, where any (small)
    constant score is best. All of it stands on the loss: `GANLoss.equilibrium` and `GANLoss.third`.

    Raises `ValueError` where `loss` is a name, and none of `ganlab.losses.LOSSES`.
    Source: Goodfellow et al. 2014, theorem 1 [goodfellow2014]; Lim & Ye 2017 [lim2017]; Mao et al. 2017
    [mao2017].

    >>> print("{:.4f} {:.4f} {:.4f}".format(*landmarks("non_saturating")))  # 2 log 2, log 2
    1.3863 0.6931 0.7498
    """
    pair = find(loss)
    return Landmarks(*pair.equilibrium, pair.third)


class Bound(NamedTuple):
    """A lower bound on how far the two distributions are apart, and in which divergence.

    >>> print(divergence_bound(0.5, loss="minimax"))
    Jensen-Shannon divergence at least 0.443 nats
    """

    value: float
    divergence: str
    unit: str  # or the condition under which the bound holds

    def __str__(self) -> str:
        return f"{self.divergence} at least {self.value:.3g}{self.unit}"


def divergence_bound(d_loss: float, *, loss: str | GANLoss) -> Bound:
    """The least divergence of the data and the generator that a discriminator's loss leaves possible.

    No D has a lower loss than the best one, whose loss is a divergence turned over. So any D, good or bad,
    proves: JSD >= log 2 - d_loss/2 (minimax, non-saturating), TV >= 1 - d_loss/2 (hinge), the triangular
    discrimination sum (p-q)^2/(p+q) >= 2 - 8 d_loss (least squares), W1 >= -d_loss (Wasserstein, if D is
    1-Lipschitz), and JSD >= log 2 - d_loss between the distribution of a pair (real, fake) and that of the
    swapped pair (relativistic pairing). 0 where that is negative: such a D proves nothing. It speaks of
    expectations: of a mean over many batches, of samples that D was not trained on.

    `loss`: a pair, or its name. Raises `ValueError` where it has no such bound (relativistic average), or is
    unknown, or `d_loss` is NaN or below what any D can have.
    Source: Goodfellow et al. 2014, theorem 1 [goodfellow2014]; Lim & Ye 2017 [lim2017]; Mao et al. 2017
    [mao2017]; Arjovsky et al. 2017 [arjovsky2017wgan].

    >>> bound = divergence_bound(0.5, loss="non_saturating")
    >>> bound.value > 3 / 4 * math.log(4 / 3)  # further off than half of the modes dropped
    True
    """
    pair = find(loss)
    if pair.divergence is None:
        bounding = ", ".join(name for name, other in LOSSES.items() if other.divergence)
        raise ValueError(f"`loss` must be one of {bounding} to bound a divergence, got {pair.name!r}")
    if math.isnan(d_loss):
        raise ValueError("`d_loss` must be a number, got nan")
    if d_loss < pair.least:
        raise ValueError(f"`d_loss` must be at least {pair.least:g} for {pair.name}, got {d_loss}")
    name, offset, slope, unit = pair.divergence
    return Bound(max(0.0, offset - slope * d_loss), name, unit)


class Diagnosis(NamedTuple):
    """A pattern, what speaks for it, and the landmarks that it was read against.

    `pattern`: one of `PATTERNS`. `evidence`: sentences. `confident`: whether the run without its last fifth
    shows the same pattern; never for "cannot tell".
    """

    pattern: str
    evidence: tuple[str, ...]
    landmarks: Landmarks
    confident: bool

    def __repr__(self) -> str:
        hint = "" if self.confident or self.pattern == "cannot tell" else " (not yet settled)"
        return f"{self.pattern[0].upper()}{self.pattern[1:]}{hint}. {' '.join(self.evidence)}"


class _Curves(NamedTuple):
    """The finite numbers of one run: losses (T,), and what they are read against."""

    d_loss: np.ndarray
    g_loss: np.ndarray
    loss: GANLoss
    marks: Landmarks

    @property
    def bounded(self) -> bool:
        return math.isfinite(self.loss.least)

    @property
    def scale(self) -> float:
        """How far d_loss is at most from the baseline, where it is bounded."""
        return self.marks.baseline - self.loss.least

    def quarters(self) -> list[np.ndarray]:
        return np.array_split(self.d_loss, 4)

    def edge(self, d_loss: np.ndarray) -> float:
        return float(1 - (d_loss.mean() - self.loss.least) / self.scale)


_Finding = tuple[str, tuple[str, ...]]


def diagnose(
    d_loss: ArrayLike,
    g_loss: ArrayLike,
    *,
    loss: str | GANLoss,
    d_real: ArrayLike | None = None,
    d_fake: ArrayLike | None = None,
    coverage: float | None = None,
) -> Diagnosis:
    """The pattern that the loss curves of one run show, with the evidence for it.

    With quarters of the T steps, baseline and third from `landmarks`, and the edge 1 - d_loss/baseline of a
    mean over steps (Wasserstein, where the baseline is 0, has none), it is the first that holds of:

    1. cannot tell: fewer than 100 finite steps, a loss without landmarks, curves that fit the mean scores
       `d_real`, `d_fake` in no convention, a g_loss whose sign is turned, or logits whose means never leave
       [0, 1] (D ends in a sigmoid). Half sums and a turned sign of d_loss are mended before it is read.
    2. diverging: the 0.9-quantile of d_loss - baseline is 5 times that of the first quarter, larger than in
       the second, and above the baseline itself. (Wasserstein: that of |d_loss| is 15 times that of the first
       quarter, and larger than in the second; the mean step from one number to the next has grown as much.)
    3. oscillation: in the last half both curves repeat, with one period or one twice the other. Of their
       means over 128 blocks, less a straight line, the correlation with themselves one period later (at most
       a third of the half) is at least 0.7, two periods later 0.4, after one below -0.2; and d_loss swings by
       more than 5 % of the baseline, or of the mean |d_loss|.
    4. D too strong: the edge of the last quarter is above 0.9.
    5. critic not keeping up: over an eighth of the last half the mean d_loss is a tenth above the baseline.
    6. collapse suspected: d_loss of the last quarter is below third: the distributions are as far apart as if
       one mode in three were kept. Modes are missing or samples lie beside the data; losses cannot say which.
    7. cannot tell: D is pulling ahead; the edge grew by 0.1 from the third to the last quarter (Wasserstein:
       the last quarter is below half of the lowest sixteenth: the distance has not come down).
    8. cannot tell: the edge of the last quarter is below 0.01 (Wasserstein: -d_loss within its noise of 0).
       So it is where the distributions are equal, and where D cannot follow: `two_samples.two_sample_test`
       decides.
    9. healthy: none of these. It is no statement on the samples.

    Where no scores are given and the first d_loss is half (twice) that of scores of 0, the log may hold half
    sums (least squares without its factor 1/2): a pattern is named if both readings show it.

    `coverage`, the share of modes found at the end, decides where losses cannot: below 3/4 it turns 5 to 9
    into "collapse suspected", and from 3/4 on it contradicts 4 and 6, which become "cannot tell". A run with
    a number that is not finite is judged up to there, and is diverging or "cannot tell".

    `d_loss`, `g_loss`, `d_real`, `d_fake`: (T,), one number a step, the loss without penalty and the mean
    scores, as `History` has them. All shares and means are unchanged where each step is written down twice.
    The thresholds were set on runs of known truth, whose verdicts `ganlab.experiments.alarms` counts.

    Raises `ValueError` where the arrays are not (T,) of one length, only one of `d_real` and `d_fake` is
    given, or `coverage` is not in [0, 1].
    Source: Goodfellow et al. 2014, theorem 1 [goodfellow2014]; that a loss need not fall while samples get
    better, Fedus et al. 2018 [fedus2018].

    >>> step = np.arange(400)
    >>> d_loss, g_loss = 1.3 - 0.9 * np.exp(-step / 40), 0.75 + 0.5 * np.exp(-step / 40)
    >>> diagnose(d_loss, g_loss, loss="minimax").pattern
    'healthy'
    >>> diagnose(np.full(400, 0.05), np.full(400, 6.0), loss="minimax").pattern
    'D too strong'
    >>> diagnose([1.4, 1.3], [0.7, 0.8], loss="minimax")
    Cannot tell. There are 2 steps, and fewer than 100 show no pattern.
    """
    columns = {"d_loss": d_loss, "g_loss": g_loss, "d_real": d_real, "d_fake": d_fake}
    arrays = _arrays(columns)
    if coverage is not None and not 0 <= coverage <= 1:
        raise ValueError(f"`coverage` must be a share of modes in [0, 1], got {coverage}")
    if isinstance(loss, str) and loss not in LOSSES:
        known = f"A loss called {loss!r} has no landmarks here; these have: {', '.join(LOSSES)}."
        return Diagnosis("cannot tell", (known,), Landmarks(math.nan, math.nan, math.nan), False)
    finite, steps = _finite_steps(arrays), len(arrays["d_loss"])
    pair = find(loss)
    curves = _Curves(arrays["d_loss"][:finite], arrays["g_loss"][:finite], pair, landmarks(pair))
    arrays = {name: x[:finite] for name, x in arrays.items()}
    read = read_convention(arrays, pair) if finite >= _LEAST_STEPS else Reading()
    if not read.legible:
        return Diagnosis("cannot tell", read.said, curves.marks, False)
    if finite >= _LEAST_STEPS and pair.logistic and "d_real" in arrays and _squashed(arrays):
        return Diagnosis("cannot tell", (_SIGMOID,), curves.marks, False)
    broken = f"The curves are not finite from step {finite + 1} on." if finite < steps else ""
    pattern, evidence = _weigh(curves, read, broken, coverage)
    earlier = curves._replace(d_loss=_early(curves.d_loss), g_loss=_early(curves.g_loss))
    confident = pattern != "cannot tell" and pattern == _weigh(earlier, read, "", coverage)[0]
    return Diagnosis(pattern, evidence, curves.marks, confident)


def _weigh(curves: _Curves, read: Reading, broken: str, coverage: float | None) -> _Finding:
    """The pattern under the reading of the log, or under both where two are open."""
    finding = _with_coverage(_curve_pattern(_read(curves, read.factor)), coverage)
    if broken:
        pattern = "diverging" if finding[0] == "diverging" else "cannot tell"
        return pattern, (*(finding[1] if pattern == "diverging" else ()), broken)
    if read.perhaps is None or len(curves.d_loss) < _LEAST_STEPS:
        return finding[0], (*read.said, *finding[1])
    other = _with_coverage(_curve_pattern(_read(curves, read.perhaps)), coverage)
    if other[0] == finding[0]:
        return finding
    first = float(curves.d_loss[0])
    return "cannot tell", (
        f"The first d_loss, {first:.3g}, is that of an untrained D only if the log holds "
        f"{'half sums' if read.perhaps == 2 else 'twice the sums'}.",
        f"If so the curves say {other[0]}, and else {finding[0]}; the mean scores would decide it.",
    )


def _read(curves: _Curves, factor: float) -> _Curves:
    return curves._replace(d_loss=factor * curves.d_loss)


def _squashed(arrays: dict[str, np.ndarray]) -> bool:
    """Whether all mean scores look like probabilities; a logit's mean over generated samples is below 0."""
    return all(bool(((x >= 0) & (x <= 1)).all()) for x in (arrays["d_real"], arrays["d_fake"]))


def _curve_pattern(curves: _Curves) -> _Finding:
    """The first pattern of the list in `diagnose` that the two losses alone show."""
    steps = len(curves.d_loss)
    if steps < _LEAST_STEPS:
        return "cannot tell", (f"There are {steps} steps, and fewer than {_LEAST_STEPS} show no pattern.",)
    for look in (_divergence, _oscillation, _strength, _lag, _distance, _lead, _landmark):
        if finding := look(curves):
            return finding
    return "healthy", (
        f"{_level(curves)}, and D is not pulling ahead.",
        "That is no statement on the samples: a run can look so with modes missing.",
    )


def _divergence(curves: _Curves) -> _Finding | None:
    excess = np.maximum(curves.d_loss - curves.marks.baseline, 0) if curves.bounded else np.abs(curves.d_loss)
    first, second, _, last = (float(np.quantile(x, 0.9)) for x in np.array_split(excess, 4))
    growth = _GROWTH if curves.bounded else _FREE_GROWTH
    if last <= growth * first or last <= second or (curves.bounded and last <= curves.scale):
        return None
    noise = [float(np.abs(np.diff(x)).mean()) for x in curves.quarters()]
    if not curves.bounded and noise[-1] <= growth * noise[0]:  # it measures a distance, at a fixed scale
        return None
    what = "d_loss above its landmark" if curves.bounded else "|d_loss|"
    return "diverging", (
        f"The 0.9-quantile of {what} grew from {first:.3g} in the first quarter to {last:.3g} in the last.",
    )


def _oscillation(curves: _Curves) -> _Finding | None:
    half = len(curves.d_loss) // 2
    d_loss, g_loss = curves.d_loss[half:], curves.g_loss[half:]
    scale = curves.scale if curves.bounded else float(np.abs(d_loss).mean())
    (repeat, period, swing), (g_repeat, g_period, _) = (_cycle(x) for x in (d_loss, g_loss))
    alike = period > 0 and min(abs(g_period / period - times) for times in (0.5, 1, 2)) < _ALIKE
    if min(repeat, g_repeat) < _CYCLE or swing <= _SWING * scale or not alike:
        return None
    return "oscillation", (
        f"Both losses repeat about every {period * len(d_loss):.0f} steps (correlation {repeat:.2f} and "
        f"{g_repeat:.2f}); d_loss swings by {swing:.2g}.",
        "The players circle each other, and more steps of the same kind will not end it.",
    )


def _strength(curves: _Curves) -> _Finding | None:
    if not curves.bounded or curves.edge(curves.quarters()[-1]) <= _STRONG:
        return None
    last = float(np.array_split(curves.g_loss, 4)[-1].mean())
    there = (
        f" (at equilibrium: {curves.marks.generator:.3g})" if math.isfinite(curves.marks.generator) else ""
    )
    gradient = (
        f"the {curves.loss.name} generator gets almost no gradient there"
        if curves.loss.saturates
        else "what gradient reaches the generator depends on how steep D is there"
    )
    return "D too strong", (
        f"{_level(curves)}: D tells almost every sample.",
        f"g_loss ends near {last:.3g}{there}; {gradient}.",
    )


def _lag(curves: _Curves) -> _Finding | None:
    if not curves.bounded:
        return None
    half = curves.d_loss[len(curves.d_loss) // 2 :]
    highest = float(_means(half, _BLOCKS).max())
    if highest - curves.marks.baseline <= _WORSE * curves.scale:
        return None
    return "critic not keeping up", (
        f"Over an eighth of the last half the mean of d_loss is {highest:.3g}, above "
        f"{curves.marks.baseline:.4g}: D does worse there than with one score for all.",
        "At an equilibrium batch noise does not do that: the generator outruns D, and may have collapsed.",
    )


def _distance(curves: _Curves) -> _Finding | None:
    if not curves.quarters()[-1].mean() < curves.marks.third:
        return None
    return "collapse suspected", (
        f"{_level(curves)}; below {curves.marks.third:.3g} the generator is as far from the data as if it "
        "kept one mode in three.",
        "Modes are missing or samples lie beside the data: the coverage would say which.",
    )


def _lead(curves: _Curves) -> _Finding | None:
    *_, third, last = curves.quarters()
    if not curves.bounded:
        return _still(curves)
    if curves.edge(last) - curves.edge(third) <= _LEAD:
        return None
    return "cannot tell", (
        f"D is still pulling ahead: d_loss fell from {third.mean():.3g} in the third quarter to "
        f"{last.mean():.3g} in the last.",
    )


def _still(curves: _Curves) -> _Finding | None:
    """A loss without a bound that has not come down by half from where it was lowest."""
    last, lowest = float(curves.quarters()[-1].mean()), float(_means(curves.d_loss, 2 * _BLOCKS).min())
    if last >= lowest / 2 or lowest >= 0:
        return None
    return "cannot tell", (
        f"d_loss ends near {last:.3g}, and was {lowest:.3g} at its lowest: what the critic measures has not "
        "halved since.",
        "That says nothing without its scale: `two_sample_test` on samples of both does.",
    )


def _landmark(curves: _Curves) -> _Finding | None:
    """Where D tells nothing: the distributions are equal, or it cannot follow them."""
    last = curves.quarters()[-1]
    if curves.bounded:
        if curves.edge(last) >= _NEAR:
            return None
        where = f"{_level(curves)}: D is hardly better than one score for all."
    elif last.mean() <= -3 * last.std() / math.sqrt(len(last)) and last.mean() < 0:
        return None
    else:
        where = f"{_level(curves)}: the critic finds no difference, or its sign is turned."
    return "cannot tell", (
        where,
        "So it is where the two distributions are equal, and also where D cannot follow the generator. "
        "`two_sample_test` on samples of both tells them apart.",
    )


def _with_coverage(finding: _Finding, coverage: float | None) -> _Finding:
    pattern, evidence = finding
    if coverage is None or pattern in ("diverging", "oscillation"):
        return finding
    if coverage < _COVERED:
        found = f"{coverage:.0%} of the modes are covered, which decides it."
        told = evidence if pattern == "critic not keeping up" else evidence[:1]  # the rest asks for the modes
        return finding if pattern == "D too strong" else ("collapse suspected", (found, *told))
    if pattern in ("D too strong", "collapse suspected"):
        found = f"The losses alone say {pattern}, but {coverage:.0%} of the modes are covered."
        return "cannot tell", (
            found,
            "Samples beside the data, or a D that knows its data by heart, do that.",
        )
    return pattern, (*evidence, f"{coverage:.0%} of the modes are covered.")


def _level(curves: _Curves) -> str:
    """Where d_loss ends, beside its landmark, and what follows from it."""
    mean = float(curves.quarters()[-1].mean())
    against = f"d_loss ends near {mean:.3g} (baseline: {curves.marks.baseline:.3g})"
    return f"{against}, {divergence_bound(mean, loss=curves.loss)}" if curves.loss.divergence else against


def _means(x: np.ndarray, blocks: int) -> np.ndarray:
    """The means of `x` over that many equal stretches, whose ends may fall within a step."""
    area = np.concatenate([[0.0], x.cumsum()])
    ends = np.linspace(0, len(x), min(blocks, len(x)) + 1)
    return np.diff(np.interp(ends, np.arange(len(area)), area)) / np.diff(ends)


def _cycle(x: np.ndarray) -> tuple[float, float, float]:
    """The correlation of `x` with itself at its first peak after a trough, that lag, and the swing.

    The lag is a share of `x`. The correlation is 0 unless there is a second peak two lags away; the swing is
    that of the means over blocks, less a straight line.
    """
    means = _means(x, _FINE_BLOCKS)
    count, place = len(means), np.arange(len(means))
    rest = means - np.polyval(np.polyfit(place, means, 1), place)
    if rest.std() <= 1e-9 * max(np.abs(means).max(), 1e-300):
        return 0.0, 0.0, 0.0
    swing = float(np.ptp(rest))
    lags = np.correlate(rest, rest, "full")[count - 1 :] / (rest @ rest) * count / (count - place)
    near = lags[: count // 3].copy()
    troughs = np.flatnonzero(near < -0.2)
    if not len(troughs):
        return 0.0, 0.0, swing
    near[: troughs[0]] = -1
    up = int((near > 0).argmax())
    down = up + int((np.append(near[up:], -1) <= 0).argmax())
    best = up + int(near[up : max(down, up + 1)].argmax())
    again = lags[2 * best - best // 4 : 2 * best + best // 4 + 1]
    return (float(near[best]) if again.max() >= _AGAIN else 0.0), best / count, swing


def _early(x: np.ndarray) -> np.ndarray:
    return x[: len(x) * 4 // 5]


def _finite_steps(arrays: dict[str, np.ndarray]) -> int:
    """How many steps there are before the first number that is not finite."""
    broken = ~np.all([np.isfinite(x) for x in arrays.values()], axis=0)
    return int(broken.argmax()) if broken.any() else len(broken)


def _arrays(columns: dict[str, ArrayLike | None]) -> dict[str, np.ndarray]:
    given = {name: x for name, x in columns.items() if x is not None}
    if ("d_real" in given) != ("d_fake" in given):
        raise ValueError("`d_real` and `d_fake` must be given together or not at all, got one of them")
    arrays = {name: as_floating(x, name=name).detach().double().cpu().numpy() for name, x in given.items()}
    for name, x in arrays.items():
        if x.ndim != 1 or len(x) == 0 or x.shape != arrays["d_loss"].shape:
            shapes = f"{tuple(x.shape)} for d_loss {tuple(arrays['d_loss'].shape)}"
            raise ValueError(f"`{name}` must be (T,), one run with one number a step, got {shapes}")
    return arrays
