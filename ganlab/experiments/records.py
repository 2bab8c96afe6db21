"""What came out of a study: its record, medians with exact intervals, differences, tables and dots."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ganlab.experiments import catalogue

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "MEASURES",
    "Difference",
    "Median",
    "Prices",
    "Record",
    "compare",
    "effect",
    "median",
    "path_of",
    "read",
    "rows",
    "show",
    "table",
]

LEVEL = 0.95
_OLD = {"unit": "scores", "apart": False}  # what a plan meant that lacks them
MEASURES = {
    "modes": "modes",
    "high_quality": "high quality",
    "reverse_kl": "reverse KL",
    "wasserstein_1": "W1",
    "right": "right",
    "arrived": "arrived",
    "least_right": "least right",
    "map_error": "map error",
    "cycle_error": "cycle error",
    "classifier_frechet": "Frechet",
    "obedience": "obedience",
    "class_modes": "modes of classes",
    "class_tv": "TV in a class",
    "class_wasserstein_1": "W1 in a class",
    "certain": "certain",
    "class_frechet": "Frechet in a class",
    "class_spread": "spread of a class",
    "least_class_spread": "least spread",
    "path_w": "path in W",
    "path_z": "path in Z",
    "detour_w": "detour in W",
    "detour_z": "detour in Z",
    "probe_w": "probe of W",
    "probe_z": "probe of Z",
    "noise_share": "share of noise",
    "nearest_known": "known neighbour",
    "known_above": "known above unseen",
    "score_gap": "gap of scores",
}
"""The measures of samples and what heads their columns; reverse KL in nats, W1 in units of the data. From
"obedience" on they are of samples that were asked for by class: see `ganlab.evaluation.obedience`. From
"path_w" on they are of styles: see `ganlab.experiments.styled`. From "nearest_known" on they are of what was
learnt by heart, where images are few: see `ganlab.experiments.unseen`.

>>> list(MEASURES)[0]
'modes'
"""
Prices = Mapping[str, Mapping[str, float]]
_WORST = {
    "modes": 0.0,
    "high_quality": 0.0,
    "wasserstein_1": math.inf,
    "right": 0.0,
    "arrived": 0.0,
    "least_right": 0.0,
    "map_error": math.inf,
    "cycle_error": math.inf,
    "classifier_frechet": math.inf,
    "obedience": 0.0,
    "class_modes": 0.0,
    "class_wasserstein_1": math.inf,
    "class_frechet": math.inf,
    "class_spread": 0.0,
    "least_class_spread": 0.0,
}


@dataclass(frozen=True)
class Record:
    """A study that has run. `plan`: its facts. `cells`: one mapping for each run, with its method, level,
    phase ("tuning" or "judging"), seed, steps, processor seconds and measures. `nulls`: the same of each null
    row. `chosen`: the level of each method. `prices`: the processor seconds of a turn, by method and level,
    where the budget is one of seconds. A judging cell of such a study has `along`: the measure of the rule
    after a quarter, a half and all of its turns.
    """

    name: str
    command: str
    versions: Mapping[str, str]
    plan: Mapping[str, Any]
    chosen: Mapping[str, str]
    cells: Sequence[Mapping[str, Any]]
    nulls: Sequence[Mapping[str, Any]]
    prices: Prices = field(default_factory=dict)

    def __repr__(self) -> str:
        hours = sum(cell["seconds"] for cell in self.cells) / 3600
        return f"{self.name}: {len(self.cells)} runs, {hours:.2f} hours of one core, {self.command}"

    @property
    def rows(self) -> list[str]:
        """The methods and the null rows, in the order of the study."""
        return [*self.plan["methods"], *dict.fromkeys(cell["null"] for cell in self.nulls)]

    def values(
        self, row: str, measure: str, *, level: str | None = None, phase: str = "judging"
    ) -> dict[int, float]:
        """The measure of a method or a null row, by seed; NaN where a run does not know it.

        `level`: of the method, the chosen one unless given. A run whose loss was not finite has the worst
        value there is.

        Raises `ValueError` where there is no such row or no such run.

        >>> read(path_of("cures_ring")).values("perfect sampler", "modes")[100]
        8.0
        """
        catalogue.look_up(self.rows, row, "row")
        level = self.chosen.get(row, "") if level is None else level
        found = [
            cell
            for cell in (*self.cells, *self.nulls)
            if cell.get("null") == row
            or (cell.get("method"), cell.get("level"), cell.get("phase")) == (row, level, phase)
        ]
        if not found:
            raise ValueError(f"`level` must be one that ran in {phase}, got {level!r} for {row}")
        return {cell["seed"]: _number(cell, measure) for cell in found}


def read(path: Path) -> Record:
    """The study that is stored in a file.

    A plan that an earlier version of the package wrote lacks what was added since, which then has its
    default.

    Raises `KeyError`, `TypeError` or `ValueError` where the file holds something else.

    >>> read(path_of("cures_ring")).plan["base"]["data"]
    'ring'
    """
    record = Record(**json.loads(path.read_text(encoding="utf-8")))
    base = catalogue.to_dict(catalogue.from_dict(record.plan["base"]))
    return replace(record, plan={**_OLD, **record.plan, "base": json.loads(json.dumps(base))})


def path_of(name: str, folder: Path | None = None) -> Path:
    """Where a study is stored: in `folder`, or among the package's own files.

    >>> path_of("cures_ring").name
    'cures_ring.json'
    """
    return (Path(str(files("ganlab") / "assets" / "studies")) if folder is None else folder) / f"{name}.json"


class Median(NamedTuple):
    """A median with an exact interval: `level` is the least probability that the interval covers."""

    median: float
    low: float
    high: float
    level: float
    seeds: int

    def __str__(self) -> str:
        return f"{self.median:.3g} [{self.low:.3g}, {self.high:.3g}]"


def median(values: Sequence[float]) -> Median:
    """The median of independent values, with the shortest symmetric interval that covers at least 95 %.

    The values x_(k) and x_(n+1-k) enclose the median of any continuous distribution with the probability
    1 - 2 P(B < k), where B is binomial with n trials and probability 1/2; k is the largest with which that is
    at least 0.95. With ten values it is the second and the ninth, and covers 97.9 %.

    Raises `ValueError` where there are fewer than six values, which no interval of this kind suffices for, or
    one of them is no number.

    Source: Conover 1999, section 3.2 [conover1999].

    >>> print(median(range(1, 11)))
    5.5 [2, 9]
    """
    ordered, n = sorted(map(float, values)), len(values)
    if unknown := sum(map(math.isnan, ordered)):
        raise ValueError(f"`values` must be numbers, got {unknown} that are not")
    if n < 6:
        raise ValueError(f"`values` must be at least 6 for an interval of 95 %, got {n}")
    covers = [1 - 2 * sum(math.comb(n, j) for j in range(k)) / 2**n for k in range(1, n // 2 + 1)]
    k = max(k for k, level in enumerate(covers, 1) if level >= LEVEL)
    return Median(statistics.median(ordered), ordered[k - 1], ordered[n - k], covers[k - 1], n)


class Difference(NamedTuple):
    """The median over paired seeds of one row less another, its exact interval, and what follows from it."""

    median: float
    low: float
    high: float
    level: float
    seeds: int

    @property
    def sign(self) -> int:
        """1 or -1 where the whole interval lies on that side of 0, and else 0: not shown."""
        return int(self.low > 0) - int(self.high < 0)

    def __str__(self) -> str:
        return f"{self.median:+.3g} [{self.low:+.3g}, {self.high:+.3g}]"


def compare(
    record: Record,
    row: str,
    other: str,
    measure: str,
    *,
    level: str | None = None,
    other_level: str | None = None,
) -> Difference:
    """The measure of one row less that of another, over the seeds of both that know it.

    `row`, `other`: methods or null rows; `level`, `other_level`: of the methods, the chosen ones unless
    given.

    Raises `ValueError` where fewer than six seeds know both.

    >>> compare(read(path_of("cures_ring")), "R1+R2", "no cure", "wasserstein_1").sign
    -1
    """
    left = record.values(row, measure, level=level)
    right = record.values(other, measure, level=other_level)
    pairs = [(left[seed], right[seed]) for seed in left if seed in right]
    known = [_less(*pair) for pair in pairs if not any(map(math.isnan, pair))]
    return Difference(*median(known))


def effect(record: Record, pairs: Sequence[tuple[str, str]], measure: str) -> Difference:
    """What changes between the rows of all pairs: the mean of their differences, seed by seed.

    `pairs`: rows that differ in one factor alone, such as a method with one and with five steps of the
    discriminator, for every loss. The mean over them is the main effect of that factor at the levels of the
    others; a factor may still help here and harm there, which only the pairs tell, one by one.

    Raises `ValueError` where there is no pair, or fewer than six seeds know all rows.

    >>> pairs = [(f"{loss}, R1, 5", f"{loss}, R1, 1") for loss in ("hinge", "pairing")]
    >>> effect(read(path_of("factorial_ring")), pairs, "wasserstein_1").sign
    1
    """
    if not pairs:
        raise ValueError("`pairs` must name at least one pair of rows, got none")
    sides = [(record.values(row, measure), record.values(other, measure)) for row, other in pairs]
    shared = set.intersection(*(set(values) for side in sides for values in side))
    means = {
        seed: statistics.fmean(_less(left[seed], right[seed]) for left, right in sides) for seed in shared
    }
    return Difference(*median([mean for mean in means.values() if not math.isnan(mean)]))


def rows(
    record: Record, names: Sequence[str] | None = None, measures: Sequence[str] | None = None
) -> tuple[list[str], list[list[str]]]:
    """The head of a table, and a line for each row: its level, each measure, and what the budget bought.

    `names`: all methods and null rows unless given. A measure is its median and interval; where some seed
    does not know it, with the number of those that do. "all modes": how many seeds have as many as a perfect
    sampler. "turns": generator steps within the budget, the price of a method at equal scores.

    >>> rows(read(path_of("cures_ring")), ["no cure", "perfect sampler"], ["modes"])[1]
    [['no cure', '', '0 of 10', '1 [1, 1]', '1500'], ['perfect sampler', '', '10 of 10', '8 [8, 8]', '']]
    """
    measures = [name for name in MEASURES if name in record.cells[0]] if measures is None else measures
    counted = ["all modes"] if "modes" in measures else []
    lines = []
    for name in record.rows if names is None else names:
        turns = [
            str(cell["steps"])
            for cell in record.cells
            if (cell["method"], cell["level"], cell["phase"]) == (name, record.chosen.get(name), "judging")
        ]
        cells = [*([_complete(record, name)] if counted else []), *(_cell(record, name, m) for m in measures)]
        lines.append([name, record.chosen.get(name, ""), *cells, turns[0] if turns else ""])
    return ["row", "level", *counted, *(MEASURES[name] for name in measures), "turns"], lines


def table(record: Record, names: Sequence[str] | None = None, measures: Sequence[str] | None = None) -> str:
    """The table of `rows`, whose arguments these are, as text.

    >>> print(table(read(path_of("cures_ring")), ["no cure"], ["wasserstein_1"]))
    row      level  W1                 turns
    no cure         2.49 [2.19, 2.7]  1500
    """
    head, lines = rows(record, names, measures)
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in (head, *lines))


def show(
    ax: Axes,
    record: Record,
    measure: str,
    *,
    rows: Sequence[str] | None = None,
    nulls: Sequence[str] = ("perfect sampler",),
) -> None:
    """Draw into `ax` a dot for each judging seed, and the median of each row with its interval.

    `rows`: the methods unless given, from top to bottom. `nulls`: null rows, drawn as lines across.

    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> show(ax, read(path_of("cures_ring")), "wasserstein_1", rows=["no cure", "R1+R2"])
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['no cure', 'R1+R2']
    >>> plt.close(figure)
    """
    shown = list(record.plan["methods"]) if rows is None else list(rows)
    for place, row in enumerate(shown):
        values = [v for v in record.values(row, measure).values() if math.isfinite(v)]
        ax.plot(values, [place] * len(values), "o", color="0.6", markersize=3, zorder=1)
        if len(values) >= 6:
            found = median(values)
            ax.plot([found.low, found.high], [place, place], color="tab:blue", linewidth=2, zorder=2)
            ax.plot(found.median, place, "D", color="tab:blue", markersize=5, zorder=3)
    for null in nulls:
        middle = statistics.median([v for v in record.values(null, measure).values() if math.isfinite(v)])
        ax.axvline(middle, color="0.3", linestyle=":", linewidth=1)
        above = {"xycoords": ax.get_xaxis_transform(), "ha": "center", "va": "bottom"}
        ax.annotate(null, (middle, 1.01), fontsize=7, color="0.3", **above)
    ax.set_yticks(range(len(shown)), shown)
    ax.set_ylim(len(shown) - 0.5, -0.7)
    ax.set_xlabel(MEASURES[measure])


def _less(left: float, right: float) -> float:
    return 0.0 if left == right else left - right


def _number(cell: Mapping[str, Any], measure: str) -> float:
    if cell.get("failed"):
        return _WORST.get(measure, math.nan)
    value = cell.get(measure)
    return math.nan if value is None else float(value)


def _complete(record: Record, row: str) -> str:
    whole = max(record.values("perfect sampler", "modes").values())
    found = record.values(row, "modes").values()
    return f"{sum(modes == whole for modes in found)} of {len(found)}"


def _cell(record: Record, row: str, measure: str) -> str:
    values = list(record.values(row, measure).values())
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return "unknown"
    if len(known) < 6:
        return f"{statistics.median(known):.3g} ({len(known)} of {len(values)})"
    return str(median(known)) + (f" ({len(known)} of {len(values)})" if len(known) < len(values) else "")
