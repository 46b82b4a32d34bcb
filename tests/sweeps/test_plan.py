"""Plans: what they expand to, and one sentence for each that is wrong."""

import json

import pytest

from fmnist.errors import SweepError
from fmnist.networks.layers import Flatten
from fmnist.settings import SETTINGS, TrainSettings
from fmnist.sweeps import plan as plans
from fmnist.sweeps.plan import plan_from, read_plan, shipped_plans
from fmnist.training.recipes import QUICK, RECIPES

NETWORKS = "cnn, quick, robust, accurate, deep, custom"
BESIDE = ", ".join(name for name in SETTINGS if name not in ("network", "seed"))


def test_every_variant_is_trained_with_every_seed():
    plan = plan_from(
        {
            "name": "x",
            "networks": ["cnn", "quick"],
            "seeds": 2,
            "settings": {"epochs": 3},
            "grid": {"batch_size": [32, 64], "mirror": [False, True]},
        }
    )
    trainings = plan.trainings()
    assert len(trainings) == 2 * 2 * 2 * 2
    assert len({one.settings for one in trainings}) == 16
    first, last = trainings[0], trainings[-1]
    assert first.variant == "cnn, batch size 32, mirror off"
    assert first.settings == TrainSettings(epochs=3, batch_size=32, seed=0)
    assert last.variant == "quick, batch size 64, mirror on"
    assert last.settings == TrainSettings(
        network="quick", epochs=3, batch_size=64, mirror=True, seed=1
    )
    assert [one.settings.seed for one in trainings] == [0] * 8 + [1] * 8  # a seed at a time
    assert plan_from(plan.to_dict()) == plan


def test_a_plan_starts_from_a_recipe():
    (only,) = plan_from({"name": "x", "recipe": "quick", "seeds": [7]}).trainings()
    assert only.variant == "quick"
    assert only.settings == TrainSettings(**{**QUICK.to_dict(), "seed": 7})


def test_variants_have_names_and_recipes_of_their_own():
    plan = plan_from(
        {
            "name": "x",
            "seeds": 2,
            "settings": {"fraction": 0.1},
            "variants": {
                "fast": {"recipe": "quick", "epochs": 2},
                "tiny": {"network": "custom", "layers": [{"kind": "flatten"}]},
            },
        }
    )
    assert [(one.variant, one.settings.seed) for one in plan.trainings()] == [
        ("fast", 0),
        ("tiny", 0),
        ("fast", 1),
        ("tiny", 1),
    ]
    fast, tiny = plan.settings_by_variant().values()
    assert fast == TrainSettings(**{**QUICK.to_dict(), "epochs": 2, "fraction": 0.1})
    assert (tiny.network, tiny.layers, tiny.fraction) == ("custom", (Flatten(),), 0.1)
    assert plan_from(json.loads(json.dumps(plan.to_dict()))).trainings() == plan.trainings()


@pytest.mark.parametrize("name", ["data-share", "depth-width", "seeds"])
def test_shipped_plans_can_be_trained(name):
    assert set(shipped_plans()) == {"data-share", "depth-width", "seeds"}
    plan = read_plan(name)
    assert plan.name == name
    assert 6 <= len(plan.trainings()) <= 18
    assert plan.summary.startswith(f"{len(plan.trainings())} trainings: ")
    assert plan.summary.endswith(plan.about)


BAD = [
    (
        {"networks": ["cnn", "vgg"]},
        f"The plan has the network 'vgg', which does not exist; choose one of: {NETWORKS}.",
    ),
    (
        {"settings": {"momentum": 0.9}},
        f"The plan has the setting 'momentum', which does not exist; choose one of: {BESIDE}.",
    ),
    (
        {"grid": {"depth": [1, 2]}},
        f"The plan has the setting 'depth', which does not exist; choose one of: {BESIDE}.",
    ),
    (
        {"recipe": "best"},
        "The plan has the recipe 'best', which does not exist; choose one of: "
        f"{', '.join(RECIPES)}.",
    ),
    (
        {"trials": 3},
        "The plan has the entry 'trials', which does not exist; choose one of: about, grid, "
        "name, networks, recipe, seeds, settings, variants.",
    ),
    (
        {"grid": {"batch_size": []}},
        "The plan's list grid.batch_size is empty; give it a value, or leave it out.",
    ),
    ({"networks": []}, "The plan's list networks is empty; give it a value, or leave it out."),
    ({"seeds": []}, "The plan's list seeds is empty; give it a value, or leave it out."),
    ({"seeds": 0}, "The plan's seeds must be a number from 1 or a list, got 0."),
    ({"seeds": -1}, "The plan's seeds must be a number from 1 or a list, got -1."),
    (
        {"seeds": 1000, "grid": {"epochs": list(range(1, 1001))}},
        "The plan has 1,000,000 trainings; at most 1,000 are taken.",
    ),
    ({"seeds": 10**30}, "The plan has 1,001 trainings or more; at most 1,000 are taken."),
    (
        {"seeds": [1, 1]},
        "The plan's list seeds has a value twice; each is trained once.",
    ),
    (
        {"seeds": [-1]},
        "The plan cannot be trained: seed must be a whole number from 0 to 4294967295, got -1.",
    ),
    ({"seeds": "3"}, "The plan's seeds must be a number from 1 or a list, got '3'."),
    ({"grid": {"epochs": 3}}, "The plan's grid.epochs must be a list, got 3."),
    ({"grid": [1]}, "The plan's grid must be a table: [grid]."),
    ({"settings": 1}, "The plan's settings must be a table: [settings]."),
    ({"variants": []}, "The plan's variants must be a table: [variants]."),
    ({"variants": {"a": 3}}, "The plan's variant 'a' must be a table."),
    ({"variants": {"": {}}}, "A variant's name has 1 to 40 characters."),
    (
        {"variants": {"a": {}}, "networks": ["cnn"]},
        "A plan has either variants, or networks and a grid.",
    ),
    (
        {"variants": {"a": {"recipe": "best"}}},
        "The plan has the recipe 'best', which does not exist; choose one of: "
        f"{', '.join(RECIPES)}.",
    ),
    (
        {"variants": {"a": {"seed": 1}}},
        f"The plan has the setting 'seed', which does not exist; choose one of: network, {BESIDE}.",
    ),
    ({"variants": {"a": {}, "b": {}}}, "The plan's variants 'a' and 'b' are the same training."),
    ({"networks": [["cnn"]]}, "The plan's recipe and networks must be names in quotes."),
    ({"recipe": ["quick"]}, "The plan's recipe and networks must be names in quotes."),
    (
        {"settings": {"initial": "/etc"}},
        "A sweep can begin with the weights of shipped runs only, not of '/etc', which a worker "
        "elsewhere does not have.",
    ),
    ({"settings": {"seed": 1}}, "The seed of a plan stands in its list seeds."),
    ({"grid": {"network": ["cnn"]}}, "The network of a plan stands in its list networks."),
    (
        {"settings": {"epochs": 1}, "grid": {"epochs": [1, 2]}},
        "The setting epochs stands in the plan's settings and grid.",
    ),
    (
        {"grid": {"epochs": [1, 0]}},
        "The plan cannot be trained: epochs must be a whole number from 1 to 1000, got 0.",
    ),
    (
        {"settings": {"tta_flip": True}, "grid": {"mirror": [True, False]}},
        "The plan cannot be trained: TTA flip needs a network trained with mirrored images; choose "
        "mirror or stylised, too.",
    ),
    (
        {"settings": {"initial": "mine"}},
        "A sweep can begin with the weights of shipped runs only, not of 'mine', which a worker "
        "elsewhere does not have.",
    ),
    (
        {"name": "../x"},
        "'../x' cannot be a sweep's name: use 1 to 40 lower-case letters, digits, '_' and '-', "
        "beginning with a letter or digit.",
    ),
]


@pytest.mark.parametrize(("entries", "sentence"), BAD)
def test_a_bad_plan_is_one_sentence(entries, sentence):
    with pytest.raises(SweepError) as raised:
        plan_from({"name": "x", **entries})
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "The plan 'x.toml' cannot be read (No such file or directory); name a TOML file, or "
         "one of: data-share, depth-width, seeds."),
        (b"seeds = ", "The plan 'x.toml' is no TOML file (Invalid value (at end of document))."),
        (b"\xff", "The plan 'x.toml' is no TOML file ('utf-8' codec can't decode byte 0xff in "
         "position 0: invalid start byte)."),
        (b"#" * (plans.MAX_BYTES + 1), "The plan 'x.toml' cannot be read (more than 0 MB); name a "
         "TOML file, or one of: data-share, depth-width, seeds."),
    ],
)  # fmt: skip
def test_a_file_that_is_no_plan_is_one_sentence(tmp_path, monkeypatch, command, content, sentence):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "x.toml").write_bytes(content)
    done = command("sweep", "x.toml")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"fmnist: {sentence}\n")
