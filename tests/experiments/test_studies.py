"""Studies: the interval against the binomial law, the price against calls counted, the order of a run."""

import hashlib
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.stats
import torch

from ganlab import cli, data, facts
from ganlab.evaluation import nulls, obedience
from ganlab.experiments import EXPERIMENTS, building, draws, measured, studies, trials
from ganlab.experiments.studies import STUDIES, Record, Study, compare, cost, load, median
from ganlab.training.loop import train

TINY = replace(EXPERIMENTS["ring_collapse_small"], width=(8, 8), batch_size=16, float64=False)
METHODS = {
    "plain": {"": {}},
    "R1": {"0.1": {"regularizers": (("r1", 0.1),)}, "5": {"regularizers": (("r1", 5.0),)}},
    "D steps": {"2": {"n_critic": 2}},
}
SMALL = Study("Which?", TINY, METHODS, 20 * cost(TINY), (0, 1), (7, 8))


@pytest.fixture(autouse=True)
def _few_samples(monkeypatch):
    kind = trials.judging.KINDS["mixture"]
    monkeypatch.setitem(trials.judging.KINDS, "mixture", kind._replace(samples=60))


def without_time(record):
    cells = [{key: value for key, value in cell.items() if key != "seconds"} for cell in record.cells]
    return cells, record.nulls, record.chosen


# --- The interval ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [6, 7, 10, 12, 15, 20, 41])
def test_the_interval_of_the_median_covers_as_the_binomial_law_says(n):
    found = median(range(1, n + 1))
    k = int(found.low)
    assert found.high == n + 1 - k
    assert found.median == (n + 1) / 2
    assert found.level == pytest.approx(1 - 2 * scipy.stats.binom.cdf(k - 1, n, 0.5), rel=1e-12)
    assert found.level >= 0.95
    assert 1 - 2 * scipy.stats.binom.cdf(k, n, 0.5) < 0.95, "one value farther in would not do"


def test_the_interval_covers_the_median_of_a_skew_law_as_often_as_it_says():
    draws = np.random.default_rng(0).exponential(size=(4000, 10))
    inside = [found.low <= math.log(2) <= found.high for found in map(median, draws)]
    level = median(draws[0]).level
    assert np.mean(inside) == pytest.approx(level, abs=4 * math.sqrt(level * (1 - level) / 4000))


def test_too_few_values_and_no_numbers_are_refused():
    with pytest.raises(ValueError, match="`values` must be at least 6 for an interval of 95 %, got 5"):
        median([1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match="`values` must be numbers, got 2 that are not"):
        median([1, 2, 3, 4, math.nan, math.nan])


# --- The plan -------------------------------------------------------------------------------------------

PRICED = {
    "plain": {},
    "five steps": {"n_critic": 5},
    "a penalty": {"regularizers": (("wgan_gp", 1.0),)},
    "two, and two steps": {"regularizers": (("r1", 1.0), ("r2", 1.0)), "n_critic": 2},
    "pairing": {"loss": "relativistic_pairing", "regularizers": (("r1", 1.0),)},
    "unrolled": {"unroll": (2, 0.1)},
    "unrolled with a penalty": {"unroll": (1, 0.1), "regularizers": (("zero_gp", 1.0),)},
    "packs": {"pack": 4},
    "guessed classes": {"conditional": True, "condition": "twin"},
}


@pytest.mark.parametrize("name", PRICED)
def test_a_turn_costs_as_many_scores_as_its_discriminator_gives(name):
    setting = replace(TINY, **PRICED[name])
    gan, batches, _ = building.build(setting, seed=0)
    scored = []
    gan.discriminator.register_forward_hook(lambda _, given, __: scored.append(len(given[0]) * gan.pack))
    train(gan, batches, 3, n_critic=setting.n_critic)
    assert sum(scored) == 3 * cost(setting)


def test_a_lazy_penalty_costs_its_share_of_a_batch():
    setting = replace(TINY, regularizers=(("r1", 1.0, 4), ("r2", 1.0)), n_critic=2)
    gan, batches, _ = building.build(setting, seed=0)
    scored = []
    gan.discriminator.register_forward_hook(lambda _, given, __: scored.append(len(given[0])))
    train(gan, batches, 6, n_critic=setting.n_critic)
    assert sum(scored) == 6 * cost(setting) == 6 * 16 * (2 * 3.25 + 1)
    assert cost(replace(setting, batch_size=1, n_critic=1)) == 5, "4.25 scores, rounded up"


SAID = {  # what the name of a trick says of its setting, by its first word
    "real": lambda setting, label: 1 - setting.smoothing == pytest.approx(label),
    "labels": lambda setting, *labels: (1 - setting.smoothing, setting.fake_label) == pytest.approx(labels),
    "betas": lambda setting, *betas: setting.betas == betas,
    "average": lambda setting, decay: setting.ema == decay,
    "cosine": lambda setting, *decay: (setting.schedule, setting.ema) == ("cosine", *(decay or (None,))),
    "linear": lambda setting: setting.schedule == "linear",
    "batch": lambda setting, *size: setting.minibatch_std if not size else (setting.batch_size,) == size,
    "bfloat16": lambda setting: setting.bf16,
    "packs": lambda setting, size: setting.pack == size,
    "noise": lambda setting, std: setting.instance_noise == std,
    "unrolled": lambda setting, steps, rate: setting.unroll == (steps, rate),
    "2": lambda setting, steps: setting.n_critic == steps,
    "5": lambda setting, steps: setting.n_critic == steps,
    "D's": lambda setting, by: max(quotient(setting), 1 / quotient(setting)) == pytest.approx(by),
    "G's": lambda setting, by: quotient(setting) == pytest.approx(by),
    "R1": lambda setting, *every: setting.regularizers[0][2:] == every,
}


def quotient(setting):
    """How many times as fast the discriminator learns as the generator."""
    return setting.learning_rates[1] / setting.learning_rates[0]


@pytest.mark.parametrize("name", ["tricks_healthy", "tricks_collapsing"])
def test_a_trick_is_what_its_name_says_and_changes_nothing_else(name):
    study = STUDIES[name]
    assert next(iter(study.methods)) == "no trick"
    for method in list(study.methods)[1:]:
        setting = study.setting(method, "")
        numbers = [float(found) for found in re.findall(r"(?<![A-Zt\d])\d+(?:\.\d+)?", method)]
        assert SAID[method.split()[0]](setting, *numbers), method
        changed = {key for key, value in vars(setting).items() if value != vars(study.base)[key]} - {"steps"}
        assert len(changed) == (2 if re.match("labels|cosine rates,", method) else 1), method


def test_both_games_of_the_tricks_differ_in_the_rate_of_the_discriminator_alone():
    healthy, collapsing = (STUDIES[f"tricks_{name}"] for name in ("healthy", "collapsing"))
    assert replace(healthy.base, learning_rates=(2e-3, 2e-4)) == collapsing.base == STUDIES["cures_ring"].base
    assert healthy.budget == collapsing.budget == STUDIES["cures_ring"].budget


def test_every_level_of_every_study_spends_the_budget_to_less_than_a_turn():
    for study in (study for study in STUDIES.values() if study.unit == "scores"):
        for method, levels in study.methods.items():
            for level in levels:
                setting = study.setting(method, level)
                assert 0 <= study.budget - setting.steps * cost(setting) < cost(setting)


def test_no_seed_tunes_and_judges():
    with pytest.raises(ValueError, match=r"`judging` must have no seed of `tuning`, got \[1\] in both"):
        replace(SMALL, judging=(1, 2))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rule": "beauty"}, "`rule` must be one of modes, .*, got 'beauty'"),
        ({"methods": {"none": {}}}, "must give each method a level, got none for 'none'"),
        ({"methods": {"odd": {"": {"loss": "hing"}}}}, "did you mean 'hinge'"),
        ({"budget": 47}, "`budget` must buy a turn of plain, 48 scores, got 47"),
        ({"unit": "hours"}, "`unit` must be one of scores, seconds, got 'hours'"),
        ({"unit": "seconds", "budget": 0}, "`budget` must be a positive number of seconds, got 0"),
    ],
)
def test_a_bad_plan_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **changed)


# --- A run ----------------------------------------------------------------------------------------------


def test_levels_that_differ_in_numbers_alone_run_side_by_side():
    both = replace(
        SMALL,
        methods={
            "rates": {"1": {"learning_rates": (1e-3, 1e-3)}, "2": {"learning_rates": (1e-3, 2e-3)}},
            "noise": {"0": {}, "1": {"instance_noise": 0.1}, "2": {"instance_noise": 0.2}},
            "unlike": {"1": {"regularizers": (("r1", 1.0),)}, "2": {"regularizers": (("r2", 1.0),)}},
        },
    )
    assert trials._groups(both, "rates", ["1", "2"]) == [["1", "2"]]
    assert trials._groups(both, "noise", ["0", "1", "2"]) == [["0"], ["1", "2"]]
    assert trials._groups(both, "unlike", ["1", "2"]) == [["1"], ["2"]]


def test_a_cell_is_the_run_that_its_setting_makes_alone(tmp_path):
    record = trials.run("small", SMALL, tmp_path / "small.json")
    setting = SMALL.setting("R1", "5")
    gan, batches, source = building.build(setting, seed=1)
    train(gan, batches, setting.steps)
    drawn = trials.reports.samples_of(gan, 60, trials.reports.stream(seed=1))
    expected = measured.judged(source, drawn, trials.reports.stream(1, seed=1))
    found = record.values("R1", "wasserstein_1", level="5", phase="tuning")[1]
    assert found == pytest.approx(expected["wasserstein_1"], rel=1e-3)


def test_each_seed_is_judged_by_a_draw_of_its_own_that_all_rows_share(tmp_path, monkeypatch):
    real, judged = {}, measured.empirical_wasserstein_1

    def seen(one, other):
        real.setdefault(hashlib.sha256(one.numpy().tobytes()).digest(), []).append(other)
        return judged(one, other)

    monkeypatch.setattr(measured, "empirical_wasserstein_1", seen)
    record = trials.run("small", replace(SMALL, methods={"plain": {"": {}}}), tmp_path / "small.json")
    assert len(real) == len(SMALL.judging)
    rows = 1 + len({cell["null"] for cell in record.nulls})
    assert all(len(judged_by_it) == rows for judged_by_it in real.values())


def test_the_rule_and_the_choice_stand_in_the_file_before_a_judging_seed_runs(tmp_path):
    path = tmp_path / "small.json"
    seen = []

    def watch(line):
        seen.append((line, json.loads(path.read_text())))

    record = trials.run("small", SMALL, path, watch=watch)
    first = next(index for index, (line, _) in enumerate(seen) if "judging" in line)
    before = seen[first - 1][1]
    assert {cell["phase"] for cell in before["cells"]} == {"tuning"}
    assert before["plan"]["rule"].startswith("of each method, the level with the least mean wasserstein_1")
    assert seen[first][1]["chosen"] == record.chosen
    tuned = {
        level: np.mean([*record.values("R1", "wasserstein_1", level=level, phase="tuning").values()])
        for level in ("0.1", "5")
    }
    assert record.chosen == {"plain": "", "R1": min(tuned, key=tuned.get), "D steps": "2"}
    judged = {(cell["method"], cell["level"]) for cell in record.cells if cell["phase"] == "judging"}
    assert judged == set(record.chosen.items())


def test_a_study_that_was_stopped_goes_on_where_it_was(tmp_path):
    whole = trials.run("small", SMALL, tmp_path / "whole.json")
    path, lines = tmp_path / "stopped.json", []

    def stop(line):
        lines.append(line)
        if len(lines) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trials.run("small", SMALL, path, watch=stop)
    again = []
    record = trials.run("small", SMALL, path, watch=again.append)
    assert without_time(record) == without_time(whole)
    assert not set(lines) & set(again), "no cell runs twice"
    assert trials.run("small", SMALL, path, watch=again.append).cells == record.cells


def test_the_file_of_another_plan_is_left_as_it_is(tmp_path):
    path = tmp_path / "small.json"
    trials.run("small", replace(SMALL, methods={"plain": {"": {}}}), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="must hold small as it is planned now, got another"):
        trials.run("small", SMALL, path)
    path.with_name("broken.json").write_text("{}")
    with pytest.raises(ValueError, match="must hold a study, got TypeError"):
        trials.run("small", SMALL, path.with_name("broken.json"))
    assert path.read_bytes() == before


def test_a_run_that_breaks_down_is_the_worst_and_spares_the_others(tmp_path, monkeypatch):
    build = building.build

    def broken(setting, *, seed, source):
        setup = build(setting, seed=seed, source=source)
        if seed == 8 and setting.n_critic == 2:
            torch.nn.init.constant_(next(setup.gan.discriminator.parameters()), math.nan)
        return setup

    monkeypatch.setattr(trials.building, "build", broken)
    record = trials.run("small", SMALL, tmp_path / "small.json")
    assert record.values("D steps", "wasserstein_1")[8] == math.inf
    assert record.values("D steps", "modes")[8] == 0
    assert math.isnan(record.values("D steps", "reverse_kl")[8])
    assert math.isfinite(record.values("D steps", "wasserstein_1")[7])
    assert "inf" in studies.table(record) or "(2 of 2)" in studies.table(record)


def test_levels_that_another_study_chose_are_judged_and_nothing_is_tuned(tmp_path, monkeypatch):
    record = trials.run("small", SMALL, tmp_path / "small.json")
    monkeypatch.setattr(trials.studies, "load", {"small": record}.__getitem__)
    after = replace(SMALL, base=replace(TINY, data="grid"), levels_of="small")
    found = trials.run("after", after, tmp_path / "after.json")
    assert found.chosen == record.chosen
    assert {cell["phase"] for cell in found.cells} == {"judging"}
    assert found.plan["rule"] == "of each method, the level that small chose"


# --- Comparing ------------------------------------------------------------------------------------------


def made(**rows):
    cells = [
        {
            "method": name,
            "level": "",
            "phase": "judging",
            "seed": seed,
            "seconds": 1.0,
            "wasserstein_1": value,
        }
        for name, values in rows.items()
        for seed, value in enumerate(values)
    ]
    plan = {"methods": {name: {"": {}} for name in rows}}
    return Record("made", "", {}, plan, dict.fromkeys(rows, ""), cells, [])


def test_differences_are_paired_by_seed():
    worse = [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    found = compare(made(a=worse, b=[value - 0.5 for value in worse]), "a", "b", "wasserstein_1")
    assert found[:3] == (0.5, 0.5, 0.5)
    assert (found.sign, found.seeds) == (1, 10)
    assert compare(made(a=worse, b=worse[::-1]), "a", "b", "wasserstein_1").sign == 0


def test_one_seed_of_ten_does_not_undo_a_difference_and_two_do():
    base = [0.0] * 10
    assert compare(made(a=[-1.0] * 9 + [9], b=base), "a", "b", "wasserstein_1").sign == -1
    assert compare(made(a=[-1.0] * 8 + [9, 9], b=base), "a", "b", "wasserstein_1").sign == 0


def test_what_a_seed_does_not_know_is_left_out_and_counted():
    found = compare(made(a=[None, *range(1, 8)], b=[0.0] * 8), "a", "b", "wasserstein_1")
    assert found.seeds == 7
    assert found.median == 4
    with pytest.raises(ValueError, match="at least 6"):
        compare(made(a=[None] * 3 + [1.0] * 5, b=[0.0] * 8), "a", "b", "wasserstein_1")


def test_an_effect_is_the_mean_over_pairs_seed_by_seed():
    rows = {name: np.random.default_rng(k).normal(size=10) for k, name in enumerate("abcd")}
    record = made(**{name: values.tolist() for name, values in rows.items()})
    by_seed = (rows["a"] - rows["b"] + rows["c"] - rows["d"]) / 2
    found = studies.effect(record, [("a", "b"), ("c", "d")], "wasserstein_1")
    assert found.median == pytest.approx(np.median(by_seed))
    assert (found.low, found.high) == pytest.approx(tuple(np.sort(by_seed)[[1, -2]]))
    assert studies.effect(record, [("a", "b")], "wasserstein_1") == compare(record, "a", "b", "wasserstein_1")
    with pytest.raises(ValueError, match="`pairs` must name at least one pair of rows, got none"):
        studies.effect(record, [], "wasserstein_1")


def test_a_line_counts_the_seeds_that_know_and_says_what_the_budget_bought():
    record = load("cures_ring")
    head, lines = studies.rows(record, ["no cure", "D steps", "perfect sampler"], ["modes", "reverse_kl"])
    assert head == ["row", "level", "all modes", "modes", "reverse KL", "turns"]
    known = [v for v in record.values("no cure", "reverse_kl").values() if not math.isnan(v)]
    assert len(known) == 9
    assert lines[0][4] == f"{median(known)} (9 of 10)"
    full = sum(modes == 8 for modes in record.values("D steps", "modes").values())
    assert lines[1][2] == f"{full} of 10"
    bought = STUDIES["cures_ring"].setting("D steps", record.chosen["D steps"]).steps
    assert [line[-1] for line in lines] == ["1500", str(bought), ""]


def test_an_unknown_row_or_level_is_named():
    record = made(a=[1.0] * 6)
    with pytest.raises(ValueError, match="`row` must be one of a, got 'b'"):
        record.values("b", "modes")
    with pytest.raises(ValueError, match="`level` must be one that ran in judging, got '3' for a"):
        record.values("a", "modes", level="3")


def test_a_study_without_judging_seeds_chooses_and_ends(tmp_path):
    record = trials.run("small", replace(SMALL, judging=()), tmp_path / "small.json")
    assert {(cell["method"], cell["phase"]) for cell in record.cells} == {("R1", "tuning")}
    assert record.chosen.keys() == SMALL.methods.keys()
    assert record.nulls == []


# --- Null rows ------------------------------------------------------------------------------------------


def test_held_out_stacks_are_of_digits_that_no_game_and_no_classifier_saw():
    rows, rng = nulls.samplers(data.stacked(data.digits())), torch.Generator().manual_seed(0)
    assert list(rows) == ["perfect sampler", "held-out digits"]
    parts = {split: data.digits(split=split) for split in ("train", "test")}
    known = {
        split: {tuple(x.flatten().tolist()) for x in p.batch(torch.arange(len(p)))}
        for split, p in parts.items()
    }
    for row, split in zip(rows, known, strict=True):
        drawn = rows[row](500, rng).float().reshape(1500, 64)
        assert {tuple(x.tolist()) for x in drawn} <= known[split]


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_the_null_rows_score_what_their_laws_say(name):
    source, rng = getattr(data, name)(), torch.Generator().manual_seed(0)
    count, modes = 20_000, len(source.centers)
    judged = {
        row: trials.judging.coverage(source, sampler(count, rng))
        for row, sampler in nulls.samplers(source).items()
    }
    perfect = 1 - math.exp(-4.5)  # within three standard deviations in the plane
    error = 4 * math.sqrt(perfect * (1 - perfect) / count)
    for row in ("perfect sampler", "one mode", "half of the modes"):
        assert judged[row]["high_quality"] == pytest.approx(perfect, abs=error)
    assert judged["blurred data"]["high_quality"] == pytest.approx(1 - math.exp(-4.5 / 25), abs=0.02)
    assert judged["one mode"]["reverse_kl"] == pytest.approx(math.log(modes), abs=1e-9)
    half = math.log(modes / ((modes + 1) // 2))
    assert judged["half of the modes"]["reverse_kl"] == pytest.approx(half, abs=2e-3)
    assert judged["perfect sampler"]["reverse_kl"] < 2 * modes / count


def test_the_shape_without_modes_of_the_ring_is_its_circle_and_of_the_grid_its_box():
    rng = torch.Generator().manual_seed(0)
    circle = nulls.samplers(data.ring())["shape without modes"](5000, rng)
    assert torch.allclose(circle.norm(dim=1), torch.full((5000,), 2.0, dtype=circle.dtype), atol=1e-6)
    assert circle.mean(0).norm() < 0.15
    box = nulls.samplers(data.grid())["shape without modes"](5000, rng)
    side = data.grid().centers.abs().max()
    assert box.abs().max() <= side
    assert box.var(0).tolist() == pytest.approx([side.item() ** 2 / 3] * 2, rel=0.06)


def test_data_without_modes_have_the_perfect_sampler_alone():
    assert list(nulls.samplers(data.swiss_roll())) == ["perfect sampler"]


def test_null_rows_have_one_form_whatever_the_default_is():
    for source in (data.ring(), data.grid(), data.swiss_roll()):
        for sampler in nulls.samplers(source).values():
            assert sampler(3, torch.Generator().manual_seed(0)).dtype == torch.float64


def test_the_null_rows_of_images_are_of_the_classes_that_they_name():
    images = data.digits()
    by_pixels = {
        picture.numpy().tobytes(): int(label) for picture, label in zip(*_all_of(images), strict=True)
    }
    classes = {}
    for name in ("one class", "half of the classes"):
        drawn = nulls.samplers(images)[name](600, torch.Generator().manual_seed(0))
        classes[name] = {by_pixels[picture.numpy().tobytes()] for picture in drawn}
    assert classes == {"one class": {0}, "half of the classes": {0, 1, 2, 3, 4}}


def test_blurred_images_are_the_means_of_squares_of_five_by_five():
    flat = data.Images("flat", torch.eye(9, dtype=torch.uint8)[None, None], torch.zeros(1).long(), maximum=1)
    (drawn,) = nulls.samplers(flat)["blurred data"](1, torch.Generator().manual_seed(0))
    sharp = flat.batch(torch.arange(1))[0, 0].numpy()
    expected = [
        [np.mean(sharp[max(0, i - 2) : i + 3, max(0, j - 2) : j + 3]) for j in range(9)] for i in range(9)
    ]
    assert np.allclose(drawn[0].numpy(), expected, atol=1e-6)


def _all_of(images):
    return images.batch(torch.arange(len(images))), images.labels


def test_a_conditional_study_judges_what_was_asked_for_and_has_null_rows_with_labels(tmp_path):
    study = replace(
        STUDIES["conditions_ring"],
        methods={"projection": {"": {}}, "twin": {"": {"condition": "twin"}}},
        budget=2 * cost(STUDIES["conditions_ring"].base),
        tuning=(0,),
        judging=(100, 101),
    )
    record = trials.run("conditions_ring", study, tmp_path / "study.json")
    for cell in record.cells:
        setup = building.build(study.setting(cell["method"], ""), seed=cell["seed"])
        train(setup.gan, setup.batches, 2)
        drawn = draws.samples_of(setup.gan, 60, draws.stream(seed=cell["seed"]))
        found = obedience.of_points(setup.source, drawn, torch.arange(60) % 4, draws.stream(1))
        assert cell["obedience"] == pytest.approx(found["obedience"], rel=1e-4)
        assert cell["certain"] == pytest.approx(found["certain"], rel=1e-4)
    nulls_of = {row: record.values(row, "obedience")[100] for row in record.rows if row not in study.methods}
    assert nulls_of.pop("label ignored") == pytest.approx(3 / 8, abs=0.3)
    assert nulls_of == dict.fromkeys(("perfect sampler", "one mode a class", "modes of one class alone"), 1.0)


def test_a_study_of_images_has_held_out_images_for_a_perfect_sampler(monkeypatch):
    images, counts = data.digits(), []
    kind = trials.judging.KINDS["images"]
    monkeypatch.setitem(trials.judging.KINDS, "images", kind._replace(samples=200))
    monkeypatch.setattr(trials.judging.metrics, "classifier_kernel", lambda *_: counts.append(1))
    found = measured.null_rows(replace(SMALL, rule="classifier_frechet"), images)
    rows = {cell["null"]: cell["classifier_frechet"] for cell in found if cell["seed"] == 7}
    assert list(rows) == ["perfect sampler", "one class", "half of the classes", "blurred data"]
    assert rows["perfect sampler"] < rows["half of the classes"] < rows["one class"]
    assert len(found) == 4 * len(SMALL.judging)
    assert not counts, "the kernel distance takes long, and no study keeps it"


# --- A budget of seconds --------------------------------------------------------------------------------


def test_a_budget_of_seconds_buys_turns_by_their_price(tmp_path, monkeypatch):
    prices = {"plain": {"": 0.01}, "R1": {"0.1": 0.02, "5": 0.02}, "D steps": {"2": 0.1}}
    timed = replace(SMALL, unit="seconds", budget=0.5)
    with pytest.raises(ValueError, match="`prices` must have the seconds of a turn of plain"):
        timed.setting("plain", "")
    monkeypatch.setattr(trials, "_prices", lambda study, source: prices)
    record = trials.run("timed", timed, tmp_path / "timed.json")
    assert record.prices == prices == studies.read(tmp_path / "timed.json").prices
    assert {cell["method"]: cell["steps"] for cell in record.cells} == {"plain": 50, "R1": 25, "D steps": 5}
    for cell in record.cells:
        assert ("along" in cell) == (cell["phase"] == "judging")


def test_the_way_of_a_judged_run_is_what_shorter_runs_end_with(tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "_prices", lambda study, source: {"plain": {"": 0.01}})
    plain = {"plain": SMALL.methods["plain"]}
    timed = replace(SMALL, unit="seconds", budget=1.0, methods=plain)
    cell = trials.run("timed", timed, tmp_path / "long.json").cells[0]
    assert [step for step, _ in cell["along"]] == [24, 50, 100]
    assert cell["along"][-1][1] == cell["wasserstein_1"]
    short = replace(SMALL, budget=24 * cost(SMALL.base), methods=plain)
    alone = trials.run("short", short, tmp_path / "short.json").cells[0]
    assert (alone["steps"], alone["seed"]) == (24, cell["seed"])
    assert cell["along"][0][1] == pytest.approx(alone["wasserstein_1"], rel=1e-4)


@pytest.fixture
def clock(monkeypatch):
    """Processor time that only tests move."""
    now = [0.0]
    monkeypatch.setattr(trials.time, "process_time", lambda: now[0])
    return now


def test_a_price_is_the_least_time_of_a_turn_and_a_game(monkeypatch, clock):
    calls = []

    def trained(games, streams, turns, *, n_critic):
        calls.append(turns)
        slow = 7 if len(calls) % 4 in (1, 2) else 1  # the first turns, and one of the three that count
        clock[0] += slow * turns * len(games) * n_critic / 4

    monkeypatch.setattr(trials, "train_all", trained)
    twice = {"once": {"": {}}, "many": {"": {"n_critic": 8}}}
    timed = replace(SMALL, unit="seconds", budget=1.0, methods=twice)
    found = trials._prices(timed, building.load_source(SMALL.base))
    assert found == {"once": {"": 0.25}, "many": {"": 2.0}}


def test_the_seconds_of_a_run_leave_out_what_looking_at_it_took(tmp_path, monkeypatch, clock):
    look = trials._judged

    def dear(*given):
        clock[0] += 100
        return look(*given)

    monkeypatch.setattr(trials, "_judged", dear)
    monkeypatch.setattr(trials, "_prices", lambda study, source: {"plain": {"": 0.01}})
    timed = replace(SMALL, unit="seconds", budget=1.0, methods={"plain": SMALL.methods["plain"]})
    record = trials.run("timed", timed, tmp_path / "timed.json")
    assert {cell["seconds"] for cell in record.cells} == {0.0}
    assert clock[0] == 3 * 100 * len(record.cells)


def test_games_that_are_timed_apart_run_one_after_the_other(tmp_path, monkeypatch):
    sizes, whole = [], trials.train_all

    def counted(games, *arguments, **settings):
        sizes.append(len(games))
        return whole(games, *arguments, **settings)

    monkeypatch.setattr(trials, "train_all", counted)
    for apart in (True, False):
        timed = replace(SMALL, unit="seconds", budget=0.01, apart=apart)
        record = trials.run("timed", timed, tmp_path / f"{apart}.json")
        assert (max(sizes) == 1) == apart
        assert record.plan["apart"] == apart
        sizes.clear()


def test_pairs_of_networks_are_tried_at_the_same_rates_and_averages():
    study = STUDIES["architectures"]
    networks = {"network", "width", "discriminator_width", "ema_batches"}
    for level in study.methods["DCGAN"]:
        settings = [vars(study.changed(method, level)) for method in study.methods]
        for other in settings[1:]:
            assert {key for key in other if other[key] != settings[0][key]} <= networks
        rate, memory = level.split(", ")
        assert settings[0]["learning_rates"] == (float(rate), float(rate))
        assert settings[0]["ema"] == (None if memory == "last" else float(memory))
        batches = {s["network"]: s["ema_batches"] for s in settings}
        assert batches == {"mlp": 0, "residual": 0, "dcgan": 0 if memory == "last" else 20}


@pytest.mark.parametrize(("pair", "name"), [("MLP", "fashion_mnist"), ("DCGAN", "fashion_mnist_dcgan")])
def test_the_set_ups_of_images_are_what_the_studies_chose(pair, name):
    record, own = load("architectures"), EXPERIMENTS[name]
    chosen = STUDIES["architectures"].setting(pair, record.chosen[pair], record.prices)
    assert own == replace(chosen, steps=own.steps)
    if pair == "MLP":  # at full length too
        assert own == STUDIES["full_length"].setting(pair, load("full_length").chosen[pair])
    else:
        assert chosen == EXPERIMENTS["fashion_mnist_dcgan_quick"]


def test_fewer_images_are_learnt_from_as_a_hundred_are_and_at_the_rate_that_was_chosen_for_these():
    few, study, record = STUDIES["few_images"], STUDIES["fewer_images"], load("few_images")
    assert (study.judging, study.rule) == (few.judging, few.rule)
    assert {record.chosen[method] for method in few.methods} == {"0.003"}
    hundred = few.setting("100, no cure", "0.003")
    own = {name: study.setting(name, "0.003") for name in study.methods}
    assert own == {f"{size}, no cure": replace(hundred, few=size) for size in (1000, 250)}


def test_variants_are_weighed_around_what_four_trials_chose_with_seeds_of_their_own():
    before, study, record = STUDIES["variants_ring"], STUDIES["variants_weights"], load("variants_ring")
    assert not {*study.tuning, *study.judging} & {*before.tuning, *before.judging}
    for method in ("WGAN-GP", "DRAGAN", "pairing, R1+R2"):
        old = before.changed(method, record.chosen[method])
        ((level, _),) = study.methods[f"{method}, as before"].items()
        assert study.changed(f"{method}, as before", level) == study.changed(method, level) == old
        pairs = [tuple(map(float, key.split(", "))) for key in study.methods[method]]
        rates, weights = ({pair[place] for pair in pairs} for place in (0, 1))
        assert len(pairs) == len(rates) * len(weights) == 9
        assert sorted(rates)[1] == old.learning_rates[0]
        assert sorted(weights)[1] == old.regularizers[0][1]
        for key, (rate, weight) in zip(study.methods[method], pairs, strict=True):
            own = study.changed(method, key)
            kinds = tuple((name, weight) for name, *_ in old.regularizers)
            assert own == replace(old, learning_rates=(rate, rate), regularizers=kinds)


def test_few_images_are_learnt_from_with_and_without_changes_alone():
    study = STUDIES["small_data"]
    plain, changed = (study.changed(method, "0.001") for method in study.methods)
    assert replace(plain, augment=("translation", "cutout")) == changed
    assert plain.few == 50


def test_a_study_of_chosen_levels_goes_on_to_every_level(tmp_path):
    path = tmp_path / "study.json"
    first = trials.run("grown", SMALL, path)
    told = []
    grown = trials.run("grown", replace(SMALL, every_level=True), path, watch=told.append)
    assert grown.cells[: len(first.cells)] == first.cells
    assert (grown.chosen, grown.nulls) == (first.chosen, first.nulls)
    judged = [(c["method"], c["level"], c["seed"]) for c in grown.cells if c["phase"] == "judging"]
    levels = [("plain", ""), ("R1", "0.1"), ("R1", "5"), ("D steps", "2")]
    assert sorted(judged) == sorted((*level, seed) for level in levels for seed in SMALL.judging)
    left_out = ({"0.1", "5"} - {first.chosen["R1"]}).pop()
    assert [line.split(",")[0] for line in told] == [f"R1 {left_out}"]


# --- What is stored -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STUDIES)
def test_a_stored_study_is_the_one_that_is_planned_and_lacks_no_cell(name):
    record, study = load(name), STUDIES[name]
    assert record.plan == json.loads(json.dumps(study.plan()))
    have = {(c["method"], c["level"], c["phase"], c["seed"]) for c in record.cells}
    tuned = {
        (method, level, "tuning", seed)
        for method, levels in study.methods.items()
        if len(levels) > 1 and not study.levels_of
        for level in levels
        for seed in study.tuning
    }
    judged = {
        (method, level, "judging", seed)
        for method, levels in study.methods.items()
        for level in (levels if study.every_level else [record.chosen[method]])
        for seed in study.judging
    }
    assert have == tuned | judged
    assert len(record.cells) == len(have)
    for cell in record.cells:
        assert cell["steps"] == study.setting(cell["method"], cell["level"], record.prices).steps
    rows = {(cell["null"], cell["seed"]) for cell in record.nulls}
    asked = {"conditions_ring": 4} | dict.fromkeys(("stacked_sizes", "stacked_tuned", "stacked_faster"), 2)
    asked |= dict.fromkeys(("few_images", "fewer_images"), 5)
    asked |= dict.fromkeys(("conditions_digits", "conditions_fashion", "translators_fashion"), 3)
    asked |= dict.fromkeys(("translations_36", "translations_20", "translators"), 2)
    names = asked.get(name) or (4 if study.rule == "classifier_frechet" else 5)
    assert len(rows) == len(record.nulls) == names * len(study.judging)


@pytest.mark.parametrize("name", ["peers", "peers_60"])
def test_what_peers_scored_is_whole_and_no_seed_of_it_chose_a_set_up(name):
    record = studies.read(facts.FILE.with_name(f"{name}.json"))
    sides, seeds = record.plan["methods"], record.plan["judging"]
    assert {(c["method"], c["seed"]) for c in record.cells} == {(s, seed) for s in sides for seed in seeds}
    assert len(record.cells) == len(sides) * len(seeds)
    assert len(seeds) >= 6
    assert {c["seconds"] for c in record.cells} == {record.plan["budget"]}
    for study in STUDIES.values():
        assert not {*seeds} & {*study.tuning, *study.judging}
    ours = [side for side in sides if "rate" not in side]
    assert ours == ["fashion_mnist", "fashion_mnist_dcgan"]
    assert record.versions.keys() == {"torch", *(side.split(",")[0] for side in sides if side not in ours)}


def test_a_study_stored_before_a_setting_was_there_is_still_the_one_that_is_planned(tmp_path):
    plan = json.loads(json.dumps(STUDIES["cures_ring"].plan()))
    kept = json.loads(studies.path_of("cures_ring").read_text())
    for change in ({}, {"clip": 0.5}):
        kept["plan"]["base"] = {name: v for name, v in plan["base"].items() if name != "clip"} | change
        path = studies.path_of("cures_ring", tmp_path)
        path.write_text(json.dumps(kept))
        assert (load("cures_ring", tmp_path).plan == plan) == (not change)
        if change:
            with pytest.raises(ValueError, match="must hold cures_ring as it is planned now"):
                trials._begun("cures_ring", plan, path)
        else:
            assert len(trials._begun("cures_ring", plan, path).cells) == len(kept["cells"])


@pytest.mark.parametrize("name", STUDIES)
def test_the_chosen_level_is_what_the_rule_picks(name):
    record = load(name)
    if STUDIES[name].levels_of:
        assert record.chosen == load(STUDIES[name].levels_of).chosen
        return
    for method, levels in record.plan["methods"].items():
        means = {
            level: np.mean(
                [
                    math.inf if cell.get("failed") else cell[record.plan["measure"]]
                    for cell in record.cells
                    if (cell["method"], cell["level"], cell["phase"]) == (method, level, "tuning")
                ]
                or 0.0
            )
            for level in levels
        }
        assert means[record.chosen[method]] == min(means.values())


def test_the_short_study_comes_out_as_it_is_stored(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(
        trials.judging.KINDS, "mixture", trials.judging.KINDS["mixture"]._replace(samples=10_000)
    )
    assert cli.main(["study", "cures_ring", "--short", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "no cure, judging: W1" in told
    assert "perfect sampler" in told
    found = json.loads((tmp_path / "cures_ring.json").read_text())
    kept = json.loads((Path(__file__).parent / "stored" / "cures_ring_short.json").read_text())
    assert [cell["steps"] for cell in found["cells"]] == [cell["steps"] for cell in kept["cells"]]
    for ours, theirs in zip(found["cells"], kept["cells"], strict=True):
        for measure in ("wasserstein_1", "push_cosine", "score_sd"):
            assert ours[measure] == pytest.approx(theirs[measure], rel=0.02), (ours, measure)


def test_the_command_refuses_before_it_trains(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["study", "cure_ring"]) == 2
    assert "did you mean 'cures_ring'?" in capsys.readouterr().err
    (tmp_path / "taken").write_text("")
    assert cli.main(["study", "cures_ring", "--out", "taken"]) == 2
    assert "`--out` must be a folder, got the file taken" in capsys.readouterr().err
    assert not (tmp_path / "studies").exists()


def test_the_list_of_studies_has_their_questions():
    assert facts.table("studies")["cures_ring"]["data"] == "ring"
    assert all(told["question"].endswith("?") for told in facts.table("studies").values())


def test_the_picture_has_a_dot_for_every_seed_and_the_exact_interval():
    record = load("cures_ring")
    figure, ax = plt.subplots()
    studies.show(ax, record, "wasserstein_1", rows=["no cure", "R1+R2"], nulls=["one mode"])
    dots, line, middle = ax.get_lines()[:3]
    values = [*record.values("no cure", "wasserstein_1").values()]
    assert sorted(dots.get_xdata()) == sorted(values)
    assert tuple(line.get_xdata()) == (sorted(values)[1], sorted(values)[-2])
    assert middle.get_xdata()[0] == pytest.approx(np.median(values))
    (name,) = ax.texts
    assert name.get_window_extent().y0 > ax.get_window_extent().y1, "no line goes through it"
    plt.close(figure)
