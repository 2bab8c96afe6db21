"""Studies: comparisons of methods whose rules are written down before their judging seeds run.

A study fixes a set-up, a budget and a rule. Each method has levels, its strengths, and each level changes
some settings of the set-up. Tuning seeds choose one level of each method by the rule; judging seeds, which
choose nothing, are what the methods are compared by. Null rows stand beside them: samples that no training
made, such as a perfect sampler's or those of one mode. All is kept in one small file: every cell, the tuned
ones too. `ganlab study NAME` makes it again.

The budget is the number of samples that a discriminator scores, so that five discriminator steps, or a step
that looks ahead, buy fewer turns of the game; processor time is noted beside it. Or it is processor seconds:
then the price of a turn of each method is measured first and kept in the file, and decides on the turns.

Nothing here loads a network: studies are run in `ganlab.experiments.trials`.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ganlab import facts
from ganlab.experiments import catalogue, methods
from ganlab.experiments.catalogue import EXPERIMENTS, Experiment
from ganlab.experiments.methods import Levels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "MEASURES",
    "STUDIES",
    "Difference",
    "Median",
    "Record",
    "Study",
    "compare",
    "cost",
    "effect",
    "load",
    "median",
    "read",
    "rows",
    "show",
    "table",
]

LEVEL = 0.95
UNITS = ("scores", "seconds")
_OLD = {"unit": "scores", "apart": False}  # what a plan meant that lacks them
MEASURES = {
    "modes": "modes",
    "high_quality": "high quality",
    "reverse_kl": "reverse KL",
    "wasserstein_1": "W1",
    "classifier_frechet": "Frechet",
}
"""The measures of samples and what heads their columns; reverse KL in nats, W1 in units of the data.

>>> list(MEASURES)[-1]
'classifier_frechet'
"""
Prices = Mapping[str, Mapping[str, float]]
_WORST = {"modes": 0.0, "high_quality": 0.0, "wasserstein_1": math.inf, "classifier_frechet": math.inf}


@dataclass(frozen=True)
class Study:
    """A comparison of methods: what is asked, what is fixed, what is varied, and how it is judged.

    `base`: the set-up; its own number of steps is not used. `methods`: of each method its levels, and of each
    level the settings that it changes; a method of one level is not tuned. `budget`: how many samples a
    discriminator scores in one run, see `cost`, or its processor seconds; `unit`, "scores" or "seconds", says
    which. `tuning`, `judging`: seeds, none of them in both. `rule`: the measure whose mean over the tuning
    seeds is least at the level that is chosen. `every_level`: whether the judging seeds run at each level,
    and not at the chosen one alone. `levels_of`: the name of a study with the same methods, which has run,
    and whose chosen levels are judged here: nothing is tuned then. `apart`: whether games that could run side
    by side run one after the other, where what one of them takes alone is to be compared.

    Raises `ValueError` where a seed would tune and judge, a level has a wrong setting, or the budget does not
    buy one turn.

    >>> STUDIES["cures_ring"].judging[0]
    100
    """

    question: str
    base: Experiment
    methods: Mapping[str, Levels]
    budget: float
    tuning: tuple[int, ...] = (0, 1, 2)
    judging: tuple[int, ...] = tuple(range(100, 110))
    rule: str = "wasserstein_1"
    every_level: bool = False
    levels_of: str | None = None
    unit: str = "scores"
    apart: bool = False

    def __post_init__(self) -> None:
        if both := set(self.tuning) & set(self.judging):
            raise ValueError(f"`judging` must have no seed of `tuning`, got {sorted(both)} in both")
        catalogue.look_up(MEASURES, self.rule, "rule")
        catalogue.look_up(dict.fromkeys(UNITS), self.unit, "unit")
        if self.unit == "seconds" and not self.budget > 0:
            raise ValueError(f"`budget` must be a positive number of seconds, got {self.budget}")
        for method, levels in self.methods.items():
            if not levels:
                raise ValueError(f"`methods` must give each method a level, got none for {method!r}")
            for level in levels:
                changed = self.changed(method, level)
                if self.unit == "scores" and self.budget < cost(changed):
                    raise ValueError(
                        f"`budget` must buy a turn of {method}, {cost(changed)} scores, got {self.budget}"
                    )

    def changed(self, method: str, level: str) -> Experiment:
        """The set-up with the settings of a method at a level; its steps are those of the base.

        >>> STUDIES["cures_ring"].changed("packs", "2").pack
        2
        """
        catalogue.look_up(self.methods, method, "method")
        catalogue.look_up(self.methods[method], level, "level")
        return catalogue.change(self.base, **self.methods[method][level])

    def setting(self, method: str, level: str, prices: Prices | None = None) -> Experiment:
        """The set-up of a method at a level, with the steps that the budget buys, at least one.

        `prices`: the processor seconds of a turn by method and level, which a budget of seconds needs.

        Raises `ValueError` on another method or level, and where there is no price.

        >>> study = STUDIES["cures_ring"]
        >>> study.setting("no cure", "").steps, study.setting("D steps", "5").steps
        (1500, 409)
        """
        changed = self.changed(method, level)
        price = cost(changed) if self.unit == "scores" else (prices or {}).get(method, {}).get(level)
        if not price:
            raise ValueError(f"`prices` must have the seconds of a turn of {method} {level}".strip())
        return replace(changed, steps=max(1, int(self.budget / price)))

    def short(self, share: float) -> Study:
        """The study with its first two methods, two seeds of each kind and a share of the budget.

        >>> len(STUDIES["cures_ring"].short(0.01).methods)
        2
        """
        methods = dict(list(self.methods.items())[:2])
        shortened = share * self.budget
        return replace(
            self, methods=methods, budget=shortened, tuning=self.tuning[:2], judging=self.judging[:2]
        )

    def facts(self) -> dict[str, Any]:
        """What is known of it in a list of studies."""
        return {"question": self.question, "data": self.base.data}

    def plan(self) -> dict[str, Any]:
        """What is fixed, varied and ruled, as JSON can hold it.

        >>> STUDIES["cures_ring"].plan()["rule"]
        'of each method, the level with the least mean wasserstein_1 over the tuning seeds'
        """
        return {
            "question": self.question,
            "base": catalogue.to_dict(self.base),
            "methods": {
                name: {key: dict(v) for key, v in levels.items()} for name, levels in self.methods.items()
            },
            "budget": self.budget,
            "unit": self.unit,
            "apart": self.apart,
            "tuning": list(self.tuning),
            "judging": list(self.judging),
            "rule": f"of each method, the level that {self.levels_of} chose"
            if self.levels_of
            else f"of each method, the level with the least mean {self.rule} over the tuning seeds",
            "measure": self.rule,
            "every_level": self.every_level,
        }


def cost(experiment: Experiment) -> int:
    """How many samples a discriminator scores in one turn of the game: its own steps and the generator's.

    A discriminator step scores the real and the generated batch, and one more batch for each penalty, or its
    share of one where the penalty is lazy: then the mean over the turns is meant, rounded up. The generator's
    step scores its own, the real one too where the loss compares, and all of a discriminator step for each
    step that it looks ahead. Scores from which a second derivative is taken count once.

    >>> cost(EXPERIMENTS["ring_collapse_small"]) / EXPERIMENTS["ring_collapse_small"].batch_size
    3.0
    """
    own = 2 + sum(Fraction(1, *every) for _, _, *every in experiment.regularizers)
    compares = facts.table("losses")[experiment.loss]["relativistic"]
    ahead = experiment.unroll[0] * own if experiment.unroll else 0
    return math.ceil(experiment.batch_size * (experiment.n_critic * own + 1 + compares + ahead))


# --- What came out --------------------------------------------------------------------------------------


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

        >>> load("cures_ring").values("perfect sampler", "modes")[100]
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


def load(name: str, folder: Path | None = None) -> Record:
    """The stored study of that name, from `folder` or the package's own files.

    Raises `ValueError` naming the studies there are where there is none of that name or it has not run.

    >>> load("cures_ring").name
    'cures_ring'
    """
    catalogue.look_up(STUDIES, name, "name")
    path = path_of(name, folder)
    if not path.is_file():
        raise ValueError(f"`name` must be a study that has run, got {name!r}: {path.name} is missing")
    return read(path)


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

    >>> compare(load("cures_ring"), "R1+R2", "no cure", "wasserstein_1").sign
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
    >>> effect(load("factorial_ring"), pairs, "wasserstein_1").sign
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

    >>> rows(load("cures_ring"), ["no cure", "perfect sampler"], ["modes"])[1]
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

    >>> print(table(load("cures_ring"), ["no cure"], ["wasserstein_1"]))
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
    >>> show(ax, load("cures_ring"), "wasserstein_1", rows=["no cure", "R1+R2"])
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


# --- The studies ----------------------------------------------------------------------------------------


_RING = replace(EXPERIMENTS["ring_collapse_small"], float64=False)
_CURES = Study(
    "Which cures end the collapse of a fast generator, at which strength and at what price?",
    _RING,
    methods.cures(),
    1500 * cost(_RING),
)
_GRID_BUDGET = 2000 * cost(_RING)  # it has three times as many modes
_GAME = replace(
    EXPERIMENTS["ring"],
    latent_dim=16,
    width=(64, 64),
    batch_size=128,
    learning_rates=(1e-3, 1e-3),
    betas=(0.0, 0.9),
    ema=0.99,
    float64=False,
)
_PARTS = Study(
    "What is due to the loss, what to the condition on the discriminator, what to the number of its steps?",
    _GAME,
    methods.factorial((0.1, 1.0)),
    1500 * cost(_GAME),
)
_GRID = replace(_CURES, base=replace(_RING, data="grid"), budget=_GRID_BUDGET)
_IMAGES = replace(
    EXPERIMENTS["fashion_mnist_non_saturating"],
    betas=(0.0, 0.9),
    batch_size=64,
    discriminator_width=(256, 128),
)
_VARIANTS = Study(
    "Which of the published variants is nearer to the data, if each has as many trials and as much time?",
    _GAME,
    methods.variants(
        clips=(0.03, 0.1), one_centred=(0.1, 1.0), around=(0.1, 1.0), both=(0.1, 1.0), critic_steps=5
    ),
    6.0,
    tuning=(0, 1),
    unit="seconds",
)
_HEALTHY = replace(_RING, learning_rates=(2e-3, 2e-3))  # the discriminator keeps up
_PICTURES = replace(  # whatever the defaults of this set-up become
    EXPERIMENTS["fashion_mnist_dcgan"],
    learning_rates=(1e-3, 1e-3),
    betas=(0.5, 0.999),
    batch_size=64,
    ema=None,
    ema_batches=0,
    steps=1000,
)
_SIX = tuple(range(100, 106))
STUDIES: dict[str, Study] = {
    "cures_ring": replace(_CURES, every_level=True),
    "cures_ring_wide": replace(_CURES, base=replace(_RING, width=(128, 128))),
    "cures_grid": _GRID,
    "cures_grid_wide": replace(_GRID, base=replace(_GRID.base, width=(128, 128)), levels_of="cures_grid"),
    "factorial_ring": _PARTS,
    "factorial_grid": replace(
        _PARTS, base=replace(_GAME, data="grid"), budget=_GRID_BUDGET, levels_of="factorial_ring"
    ),
    "from_gan_to_wgan_gp": Study(
        "What is each change on the road to WGAN-GP worth on images?",
        _IMAGES,
        methods.road(),
        3000 * cost(_IMAGES),
        tuning=(0, 1),
        judging=_SIX,
        rule="classifier_frechet",
    ),
    "variants_ring": _VARIANTS,
    "variants_grid": replace(_VARIANTS, base=replace(_GAME, data="grid")),
    "variants_fashion": replace(
        _VARIANTS,
        base=_IMAGES,
        methods=methods.variants(
            clips=(0.01, 0.03), one_centred=(10.0, 30.0), around=(1.0, 10.0), both=(0.05, 0.5), critic_steps=1
        ),
        budget=18.0,
        tuning=(0,),
        judging=_SIX,
        rule="classifier_frechet",
    ),
    "tricks_healthy": Study(
        "What does each trick do, alone, to a game that trains well?",
        _HEALTHY,
        {**methods.tricks(), **methods.tricks_of_sampling(2e-3), **methods.lazily(0.1, 1, 4, 16)},
        1500 * cost(_HEALTHY),
        every_level=True,
    ),
    "tricks_collapsing": Study(
        "What does each trick do, alone, to a game that collapses?",
        _RING,
        {**methods.tricks(), **methods.lazily(10.0, 1, 4, 16)},
        1500 * cost(_RING),
        every_level=True,
    ),
    "architectures": Study(
        "Which pair of networks makes the best pictures of clothes in the same time?",
        _PICTURES,
        methods.architectures((2e-4, 1e-3, 3e-3)),
        30.0,
        tuning=(0,),
        judging=_SIX,
        rule="classifier_frechet",
        unit="seconds",
        apart=True,
    ),
    "small_data": Study(
        "Does changing what the discriminator sees help where there are few pictures to learn from?",
        replace(_PICTURES, few=50, width=16, batch_size=32, ema=0.99, ema_batches=20),
        methods.augmented((5e-4, 1e-3)),
        40.0,
        tuning=(0,),
        judging=_SIX,
        rule="classifier_frechet",
        unit="seconds",
    ),
}
"""The studies by name: the cures of collapse on the ring and on the grid, with networks of two widths; the
game taken apart into loss, condition and discriminator steps, on the ring and on the grid, and its four most
telling combinations on images of clothes; the published variants, with equal trials and equal seconds, on the
ring, on the grid and on the images; and tricks, one at a time, on a game that trains well and on one that
collapses, where the cures' own study has the tricks that are cures; and, for images,
three pairs of networks in the same time, and few images with and without changes of what the discriminator
sees.

>>> list(STUDIES)[0]
'cures_ring'
"""
