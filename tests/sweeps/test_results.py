"""What came of a sweep, against SciPy and G*Power."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import stats

from fmnist.runs.run import write_run_info
from fmnist.sweeps.plan import PLANS_DIR, plan_from, read_plan, shipped_examples
from fmnist.sweeps.results import (
    Variant,
    compare_variants,
    correct_holm,
    describe_result,
    seeds_needed,
    summarise_sweep,
    summarise_variants,
)
from fmnist.sweeps.sweep import open_sweep
from fmnist.sweeps.tables import list_runs_of, read_example, write_table

RNG = np.random.default_rng(0)


def variant(name, accuracies, seeds=None):
    seeds = tuple(range(len(accuracies)) if seeds is None else seeds)
    count = len(accuracies)
    return Variant(
        name, seeds, tuple(accuracies), (1.0,) * count, ("run",) * count, (0.9,) * count, 1000
    )


def described(*variants):
    return describe_result(variants, compare_variants(variants), "validation")


def test_intervals_and_tests_are_scipys():
    a, b = 0.9 + RNG.normal(0, 0.01, 8), 0.88 + RNG.normal(0, 0.01, 8)
    first, second = variant("a", a), variant("b", b)
    assert first.deviation == pytest.approx(a.std(ddof=1))
    expected = stats.t.interval(0.95, 7, a.mean(), stats.sem(a))
    assert first.interval == pytest.approx(expected)
    (found,) = compare_variants([second, first])
    test = stats.ttest_rel(a, b)
    assert (found.better, found.other, found.n) == ("a", "b", 8)
    assert found.p_value == pytest.approx(test.pvalue)
    assert found.interval == pytest.approx(tuple(test.confidence_interval()))
    assert found.mean == pytest.approx((a - b).mean())


def test_only_seeds_of_both_are_compared():
    (found,) = compare_variants([variant("a", [0.9, 0.91, 0.5]), variant("b", [0.6, 0.7], [0, 1])])
    assert found.n == 2
    assert found.mean == pytest.approx(((0.9 - 0.6) + (0.91 - 0.7)) / 2)


def test_what_is_ahead_by_other_seeds_alone_is_not_the_better_one():
    lucky, better = variant("lucky", [0.9, 0.911, 0.99]), variant("better", [0.92, 0.9305])
    (found,) = compare_variants([lucky, better])
    assert (found.better, found.other) == ("better", "lucky")
    assert found.mean == pytest.approx((0.02 + 0.0195) / 2)
    assert "“better” is better than “lucky” by 1.97 points" in described(lucky, better)
    # with a third that has one seed only, that one ranks them; these two have two in common
    first, *_ = compare_variants([lucky, better, variant("third", [0.8])])
    assert (first.better, first.other, first.n) == ("better", "lucky", 2)
    # a pair's own seeds may say otherwise than those that all have
    a, b = variant("a", [0.91, 0.80, 0.80]), variant("b", [0.90, 0.90, 0.91])
    assert all(one.mean >= 0 for one in compare_variants([a, b, variant("c", [0.7])]))


def test_all_pairs_are_corrected_together():
    # statsmodels' multipletests([0.01, 0.04, 0.03, 0.005], method="holm")
    assert correct_holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    columns = [0.9 + RNG.normal(0, 0.01, 5) for _ in range(3)]
    variants = [variant(name, column) for name, column in zip("abc", columns, strict=True)]
    alone = [stats.ttest_rel(columns[i], columns[j]).pvalue for i, j in ((0, 1), (0, 2), (1, 2))]
    best = max(range(3), key=lambda at: columns[at].mean())
    pairs = [pair for pair in ((0, 1), (0, 2), (1, 2)) if best in pair]
    by_pair = dict(zip(((0, 1), (0, 2), (1, 2)), correct_holm(alone), strict=True))
    found = sorted(one.p_value for one in compare_variants(variants))
    assert found == pytest.approx(sorted(by_pair[pair] for pair in pairs))


@pytest.mark.parametrize(
    ("effect", "needed"),
    # G*Power 3.1, difference between two dependent means, two tails, 0.05, power 0.8
    [(0.5, 34), (0.8, 15), (1.0, 10), (0.1, None)],
)
def test_the_seeds_needed_are_gpowers(effect, needed):
    assert seeds_needed(effect) == needed


def test_the_seeds_needed_find_the_effect_four_times_out_of_five():
    needed = seeds_needed(0.7)
    found = stats.ttest_1samp(RNG.normal(0.7, 1, (needed, 20_000)), 0).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.03)
    assert (stats.ttest_1samp(RNG.normal(0.7, 1, (needed - 2, 20_000)), 0).pvalue < 0.05).mean() < (
        0.8
    )


def test_sentences():
    assert described() == "No training of this sweep is done yet."
    assert described(variant("a", [0.9])) == (
        "“a” reaches 90.00% validation accuracy with one seed; at least two are needed to estimate "
        "the variation."
    )
    assert described(variant("a", [0.90, 0.91, 0.92])) == (
        "“a” reaches 91.00% validation accuracy on average over 3 seeds (95 % interval 88.52% to "
        "93.48%). Two single trainings of it differ by up to 6.08 points by chance alone, 19 times "
        "out of 20."
    )
    assert described(variant("a", [0.9]), variant("b", [0.8])) == (
        "“a” is ahead of “b” by 10.00 points of validation accuracy, with 1 seed in "
        "common; at least two are needed to tell that from chance."
    )
    assert described(variant("a", [0.90, 0.91, 0.92]), variant("b", [0.80, 0.81, 0.83])) == (
        "“a” is better than “b” by 9.67 points of validation accuracy on average over "
        "3 seeds (95 % interval 8.23 to 11.10). Between equally good settings, a difference this "
        "large occurs 12 times out of 10,000."
    )
    assert described(variant("a", [0.90, 0.91, 0.92]), variant("b", [0.90, 0.90, 0.91])) == (
        "“a” is ahead of “b” by 0.67 points of validation accuracy on average over 3 seeds (95 % "
        "interval -0.77 to 2.10). Between equally good settings, a difference this large occurs 18 "
        "times out of 100: this does not show that one is better. If the difference is as large as "
        "it looks, 6 more seeds of both (12 trainings) would show it four times out of five."
    )
    three = (variant(name, [end, end + 0.01]) for name, end in (("a", 0.9), ("b", 0.8), ("c", 0.7)))
    assert described(*three).startswith("“a” is better than “b”, the next best, by 10.00 points")
    nearly = [variant("a", [0.90, 0.92, 0.91]), variant("b", [0.92, 0.90, 0.9099])]
    assert described(*nearly).endswith(
        "More than 200 seeds would be needed to settle it; take what costs less."
    )
    assert described(variant("a", [0.9, 0.91]), variant("b", [0.9, 0.91])) == (
        "“a” and “b” are equally good on average over 2 seeds (95 % interval -0.07 to 0.07)."
    )
    alike = (variant(name, [end, end + 0.03]) for name, end in (("a", 0.9), ("b", 0.9), ("c", 0.8)))
    assert "equally good" in described(*alike)
    three = (
        variant(name, accuracies)
        for name, accuracies in (("a", [0.90, 0.92]), ("b", [0.90, 0.91]), ("c", [0.88, 0.90]))
    )
    assert (
        "a difference this large occurs, corrected for 3 pairs, 50 times out of 100"
        in described(*three)
    )


def test_one_image_more_on_two_seeds_is_no_certainty():
    """Accuracies are whole numbers of 5,000 images, so such differences are often the same."""
    found = compare_variants([variant("a", [0.9226, 0.9220]), variant("b", [0.9224, 0.9218])])
    (low, high), chance = found[0].interval, found[0].p_value
    assert low < 0 < 0.0002 < high
    assert chance > 0.1


def test_the_interval_of_an_accuracy_ends_at_all_of_the_images():
    low, high = variant("a", [0.93, 0.915]).interval
    assert (round(low, 3), high) == (0.827, 1.0)


def test_the_same_accuracy_twice_is_no_certainty_either():
    low, high = variant("a", [0.9, 0.9]).interval
    assert 0.899 < low < 0.8999 < 0.9001 < high < 0.901
    assert "by up to 0.00 points" not in described(variant("a", [0.9, 0.9]))
    # of three variants, two with a seed in common, one pair was tested
    one = [variant("a", [0.9, 0.91]), variant("b", [0.89, 0.9]), variant("c", [0.8])]
    assert "corrected" not in described(*one)


def test_a_sweep_is_summarised_from_the_runs_that_are_its_own(own_run):
    plan = plan_from({"name": "s", "networks": ["cnn", "quick"], "seeds": 2})
    sweep = open_sweep(plan)
    scores = {"validation_accuracy": 0.91, "test_accuracy": 0.9}
    for at, training in enumerate(plan.trainings()[:3]):
        run = own_run(f"r{at}", settings=training.settings.to_dict(), scores=scores, sweep="s")
        write_run_info(run.path, parameters=10, train_seconds=90.0, train_size=55_000)
    settings = plan.trainings()[3].settings.to_dict()
    own_run("other", settings=settings, scores=scores, sweep="t")  # another sweep's
    own_run("own", settings=settings, scores=scores)  # nobody's
    own_run("half", settings=settings, scores=scores, sweep="s", state="stopped")
    result = summarise_sweep(sweep)
    assert [(one.name, one.runs, one.mean) for one in result.variants] == [
        ("cnn", ("r0", "r2"), 0.91),
        ("quick", ("r1",), 0.91),
    ]
    assert result.missing == 1
    assert result.measure == "validation"
    assert list_runs_of(result)[0] == {
        "variant": "cnn",
        "seed": 0,
        "run": "r0",
        "measured_on": "validation",
        "n": 5000,
        "accuracy": 0.91,
        "low": 0.9017,  # Wilson's interval of 4,550 of 5,000
        "high": 0.9176,
        "test_accuracy": 0.9,
        "images": 55_000,
        "parameters": 10,
        "minutes": 1.5,
    }


@pytest.mark.parametrize("name", shipped_examples())
def test_a_shipped_plan_comes_with_its_result(name, command):
    result, plan = read_example(name), read_plan(name)
    assert [one.name for one in result.variants] == list(plan.settings_by_variant())
    assert {one.seeds for one in result.variants} == {plan.seeds}
    assert (result.measure, result.missing) == ("validation", 0)
    assert write_table(result) == command("sweep", name, "--example", "--csv").stdout
    assert (PLANS_DIR / f"{name}.csv").read_text() == write_table(result)
    assert command("sweep", name, "--example").stdout.endswith(f"\n{result.sentence}\n")


def test_a_variant_that_begins_like_a_formula_is_none_in_a_spreadsheet():
    result = summarise_variants((variant("=HYPERLINK(1)", [0.9]),), "validation")
    header, line = write_table(result).splitlines()
    assert header.startswith("variant,seed,run,measured_on,n,accuracy,low,high,")
    assert line.startswith("'=HYPERLINK(1),0,run,validation,5000,0.9,")


def test_a_plan_of_ones_own_has_no_example(command):
    said = command("sweep", "x.toml", "--example").stderr
    known = ", ".join(shipped_examples())
    assert said == f"fmnist: The plan 'x.toml' has no example; choose one of: {known}.\n"


def test_a_sweep_over_shares_of_the_images_has_a_learning_curve():
    def share(images):
        error = 3 * images**-0.5 + 0.05
        name = f"{images}"
        return Variant(
            name, (0, 1), (1 - error,) * 2, (1.0,) * 2, ("a", "b"), (0.9,) * 2, 9, images
        )

    result = summarise_variants(tuple(map(share, (500, 1000, 5000, 50_000))), "validation")
    assert result.curve.exponent == pytest.approx(0.5)
    assert result.to_dict()["curve"]["floor"] == pytest.approx(0.05)
    assert result.curve.sentence in result.sentence
    same = [dataclasses.replace(share(500), name=name) for name in "abcd"]
    assert summarise_variants(tuple(same), "validation").curve is None


def test_the_result_is_printed_as_a_table_json_or_csv(own_run, tmp_path, command):
    file = tmp_path / "s.toml"
    file.write_text('networks = ["cnn"]\nseeds = 2\n')
    for training in open_sweep(read_plan(file)).plan.trainings():
        scores = {"validation_accuracy": 0.91 + training.settings.seed / 100, "test_accuracy": 0.9}
        settings = training.settings.to_dict()
        about = {"scores": scores, "sweep": "s", "parameters": 1234, "train_seconds": 90.0}
        own_run(f"r{training.settings.seed}", settings=settings, **about)
    done = command("sweep", file, "--result")
    assert done.returncode == 0
    assert [" ".join(line.split()) for line in done.stdout.splitlines()[:2]] == [
        "validation accuracy n mean sd best 95 % interval test minutes parameters",
        "cnn 2 91.50% 0.71 92.00% 85.15% to 97.85% 90.00% 1.5 1,234",
    ]
    assert done.stdout.splitlines()[-1].startswith("“cnn” reaches 91.50% validation accuracy")
    (variant,) = json.loads(command("sweep", file, "--result", "--json").stdout)["variants"]
    assert (variant["variant"], variant["mean"], variant["runs"]) == ("cnn", 0.915, ["r0", "r1"])
    assert command("sweep", file, "--result", "--csv").stdout.splitlines() == [
        "variant,seed,run,measured_on,n,accuracy,low,high,test_accuracy,images,parameters,minutes",
        "cnn,0,r0,validation,5000,0.91,0.9017,0.9176,0.9,,1234,1.5",
        "cnn,1,r1,validation,5000,0.92,0.9122,0.9272,0.9,,1234,1.5",
    ]
    file.write_text('name = "none"\nseeds = 1\n')
    said = command("sweep", file, "--result").stderr
    assert said == "fmnist: There is no sweep 'none' here; start it first.\n"
