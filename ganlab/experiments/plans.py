"""What a study is: what it asks, fixes, varies and spends, and by which rule it judges; see `studies`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from ganlab import facts
from ganlab.experiments import catalogue
from ganlab.experiments.catalogue import Experiment
from ganlab.experiments.methods import Levels
from ganlab.experiments.records import MEASURES, Prices

__all__ = ["UNITS", "Study", "cost"]

UNITS = ("scores", "seconds")
"""What a budget can be counted in.

>>> UNITS
('scores', 'seconds')
"""


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

    >>> from ganlab.experiments.studies import STUDIES
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

        >>> from ganlab.experiments.studies import STUDIES
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

        >>> from ganlab.experiments.studies import STUDIES
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

        >>> from ganlab.experiments.studies import STUDIES
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

        >>> from ganlab.experiments.studies import STUDIES
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

    >>> from ganlab.experiments import EXPERIMENTS
    >>> cost(EXPERIMENTS["ring_collapse_small"]) / EXPERIMENTS["ring_collapse_small"].batch_size
    3.0
    """
    own = 2 + sum(Fraction(1, *every) for _, _, *every in experiment.regularizers)
    compares = facts.table("losses")[experiment.loss]["relativistic"]
    ahead = experiment.unroll[0] * own if experiment.unroll else 0
    return math.ceil(experiment.batch_size * (experiment.n_critic * own + 1 + compares + ahead))
