"""The plan of a sweep, a small TOML file: networks, settings, and the seeds of each.

    name = "depth-width"      # or that of the file
    about = "What does more computation buy?"
    recipe = "quick"          # the settings to start from, by name; the specification's without
    networks = ["cnn", "quick"]
    seeds = 5                 # 0 to 4, or a list

    [settings]                # of every training
    epochs = 3

    [grid]                    # every combination of these values
    batch_size = [64, 256]

or, instead of networks and a grid, each variant by its name:

    [variants.deep]
    recipe = "accurate"       # the plan's where it names none
    epochs = 6

A combination without its seed is called a variant; every variant is trained once with each seed.
"""

import dataclasses
import itertools
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fmnist.errors import SettingsError, SweepError
from fmnist.files import quote_name, read_file
from fmnist.networks.architectures import NETWORKS
from fmnist.runs.run import RUN_NAME, SHIPPED_DIR
from fmnist.setting_fields import check_number, count_text
from fmnist.settings import LIMITS, SETTINGS, TrainSettings
from fmnist.training.recipes import RECIPES

PLANS_DIR = Path(__file__).parent / "plans"  # those that ship with the project
MAX_TRAININGS = 1_000  # of one sweep
MAX_BYTES = 2**16  # of a plan
LONGEST = 40  # characters of a variant's name
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")  # a run's name has room for a number behind it
APART = ("network", "seed")  # settings that a plan has entries of their own for


@dataclass(frozen=True)
class Training:
    """One training of a sweep: the name of its variant, and all its settings."""

    variant: str
    settings: TrainSettings


@dataclass(frozen=True)
class Plan:
    """What a sweep trains. Raises SweepError where nothing, too much or nonsense would be."""

    name: str
    about: str = ""
    recipe: str = ""
    networks: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0, 1, 2)
    settings: Mapping[str, Any] = field(default_factory=dict)
    grid: Mapping[str, tuple] = field(default_factory=dict)
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self):
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise SweepError(
                f"{quote_name(str(self.name))} cannot be a sweep's name: use 1 to 40 lower-case "
                "letters, digits, '_' and '-', beginning with a letter or digit."
            )
        if not isinstance(self.about, str):
            raise SweepError("The plan's about must be a sentence in quotes.")
        if not all(isinstance(one, str) for one in (self.recipe, *self.networks)):
            raise SweepError("The plan's recipe and networks must be names in quotes.")
        if self.recipe and self.recipe not in RECIPES:
            raise _unknown("recipe", self.recipe, RECIPES)
        if self.variants and (self.networks or self.grid):
            raise SweepError("A plan has either variants, or networks and a grid.")
        if not self.networks and not self.variants:
            object.__setattr__(self, "networks", (self._base(self.recipe).network,))
        self._check_variants()
        for network in self.networks:
            if network not in NETWORKS:
                raise _unknown("network", network, NETWORKS)
        for name in (*self.settings, *self.grid):
            if name in APART and not (name == "network" and self.variants):
                raise SweepError(f"The {name} of a plan stands in its list {name}s.")
            if name not in SETTINGS:
                raise _unknown("setting", name, [one for one in SETTINGS if one not in APART])
        lists = {"seeds": self.seeds, "networks": self.networks}
        lists |= {f"grid.{name}": values for name, values in self.grid.items()}
        for name, values in lists.items():
            if not values and not (name == "networks" and self.variants):
                raise _empty(name)
            if any(value in values[:at] for at, value in enumerate(values)):
                raise SweepError(f"The plan's list {name} has a value twice; each is trained once.")
        if both := set(self.settings) & set(self.grid):
            raise SweepError(f"The setting {both.pop()} stands in the plan's settings and grid.")
        combinations = len(self.networks) * math.prod(map(len, self.grid.values()))
        count = (len(self.variants) or combinations) * len(self.seeds)
        if count > MAX_TRAININGS:
            more = " or more" * (count == MAX_TRAININGS + 1)  # see `plan_from`
            raise SweepError(
                f"The plan has {count:,} trainings{more}; at most {MAX_TRAININGS:,} are taken."
            )
        try:
            for seed in self.seeds:
                check_number("seed", seed, *LIMITS["seed"])
            self._check_distinct()
        except SettingsError as error:
            raise SweepError(f"The plan cannot be trained: {error}") from None

    def _check_distinct(self) -> None:
        of_settings: dict[TrainSettings, str] = {}
        for variant, settings in self.settings_by_variant().items():
            if (other := of_settings.setdefault(settings, variant)) != variant:
                raise SweepError(
                    f"The plan's variants {other!r} and {variant!r} are the same training."
                )

    def _check_variants(self) -> None:
        for variant, own in self.variants.items():
            if not isinstance(own, Mapping):
                raise SweepError(f"The plan's variant {quote_name(variant)} must be a table.")
            if not variant or len(variant) > LONGEST:
                raise SweepError(f"A variant's name has 1 to {LONGEST} characters.")
            for name, value in own.items():
                if name == "recipe" and not (isinstance(value, str) and value in RECIPES):
                    raise _unknown("recipe", value, RECIPES)
                if name not in ("recipe", *SETTINGS) or name == "seed":
                    raise _unknown("setting", name, [one for one in SETTINGS if one != "seed"])

    def settings_by_variant(self) -> dict[str, TrainSettings]:
        """Variant -> its settings with the first seed, in the plan's order.

        Where the plan gives no names, it is called by what differs: "cnn, batch size 64".
        """
        found = {}
        for variant, own in (self.variants or self._combinations()).items():
            wanted = {**self.settings, **own, "seed": self.seeds[0]}
            base = self._base(wanted.pop("recipe", self.recipe))
            found[variant] = dataclasses.replace(base, **wanted)
            _check_initial(found[variant])
        return found

    def _combinations(self) -> dict[str, dict[str, Any]]:
        found = {}
        for network, *values in itertools.product(self.networks, *self.grid.values()):
            own = dict(zip(self.grid, values, strict=True))
            words = [f"{SETTINGS[name].name} {_in_words(value)}" for name, value in own.items()]
            if len(self.networks) > 1 or not words:
                words.insert(0, network)
            found[", ".join(words)] = {**own, "network": network}
        return found

    def trainings(self) -> list[Training]:
        """Every training: all variants with the first seed, then all with the next one."""
        variants = self.settings_by_variant()
        return [
            Training(variant, dataclasses.replace(settings, seed=seed))
            for seed in self.seeds
            for variant, settings in variants.items()
        ]

    @property
    def summary(self) -> str:
        """How much it is, and what for, in one line."""
        variants = len(self.settings_by_variant())
        seeds = len(self.seeds)
        counted = f"{count_text(variants * seeds, 'training')}: {count_text(variants, 'variant')}"
        return f"{counted} with {count_text(seeds, 'seed')} each. {self.about}".strip()

    def to_dict(self) -> dict:
        """Plain values, as they stand in the sweep's folder."""
        return {name: value for name, value in vars(self).items() if value}

    def _base(self, recipe: str) -> TrainSettings:
        return RECIPES[recipe].settings if recipe else TrainSettings()


def read_plan(file: str | Path) -> Plan:
    """The plan in a TOML file, or a shipped one by its name. Raises SweepError."""
    path = Path(file)
    if not path.is_file() and str(file) in shipped_plans():
        path = shipped_plans()[str(file)]
    try:
        text = read_file(path, MAX_BYTES).decode("utf-8")
        entries = tomllib.loads(text)
    except OSError as error:
        raise SweepError(
            f"The plan {quote_name(str(file))} cannot be read ({error.strerror}); name a TOML "
            f"file, or one of: {', '.join(shipped_plans())}."
        ) from None
    except (ValueError, RecursionError) as error:
        raise SweepError(f"The plan {quote_name(str(file))} is no TOML file ({error}).") from None
    return plan_from({"name": path.stem, **entries})


def plan_from(entries: object) -> Plan:
    """A plan of plain values, as a file has them. Raises SweepError."""
    if not isinstance(entries, dict):
        raise SweepError("The plan is not a table of entries.")
    known = {one.name for one in dataclasses.fields(Plan)}
    for name in entries:
        if name not in known:
            raise _unknown("entry", name, sorted(known))
    values = dict(entries)
    for name in ("settings", "grid", "variants"):
        if not isinstance(values.get(name, {}), dict):
            raise SweepError(f"The plan's {name} must be a table: [{name}].")
    seeds = values.get("seeds", [0, 1, 2])
    if isinstance(seeds, str) or (type(seeds) is int and seeds < 1):
        raise SweepError(f"The plan's seeds must be a number from 1 or a list, got {seeds!r}.")
    if type(seeds) is int:
        values["seeds"] = range(min(seeds, MAX_TRAININGS + 1))
    lists = {name: values[name] for name in ("seeds", "networks") if name in values}
    lists |= {f"grid.{name}": choices for name, choices in values.get("grid", {}).items()}
    for name, choices in lists.items():
        if not isinstance(choices, list | tuple | range):
            raise SweepError(f"The plan's {name} must be a list, got {choices!r}.")
    values |= {name: tuple(values[name]) for name in ("seeds", "networks") if name in values}
    if "networks" in values and not values["networks"]:
        raise _empty("networks")
    values["grid"] = {name: tuple(each) for name, each in values.get("grid", {}).items()}
    return Plan(**values)


def shipped_plans() -> dict[str, Path]:
    """Name -> file of the plans that ship with the project."""
    return {path.stem: path for path in sorted(PLANS_DIR.glob("*.toml"))}


def shipped_examples() -> dict[str, Path]:
    """Name -> table of the shipped plans that come with a result (`fmnist.sweeps.tables`)."""
    return {path.stem: path for path in sorted(PLANS_DIR.glob("*.csv"))}


def _check_initial(settings: TrainSettings) -> None:
    for name in filter(None, settings.initial.split(",")):
        if not RUN_NAME.fullmatch(name.strip()) or not (SHIPPED_DIR / name.strip()).is_dir():
            raise SweepError(
                f"A sweep can begin with the weights of shipped runs only, not of "
                f"{name.strip()!r}, which a worker elsewhere does not have."
            )


def _in_words(value: Any) -> str:
    return ("off", "on")[value] if isinstance(value, bool) else str(value)


def _empty(name: str) -> SweepError:
    return SweepError(f"The plan's list {name} is empty; give it a value, or leave it out.")


def _unknown(kind: str, name: object, known: Any) -> SweepError:
    return SweepError(
        f"The plan has the {kind} {quote_name(str(name))}, which does not exist; choose one of: "
        f"{', '.join(known)}."
    )
