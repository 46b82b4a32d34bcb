"""The settings of one training: a frozen dataclass, checked when it is made."""

import dataclasses
from dataclasses import dataclass

from fmnist.architectures import NETWORKS
from fmnist.data import SOURCES, default_source
from fmnist.errors import SettingsError

__all__ = ["LIMITS", "SCHEDULES", "TrainSettings"]

# (least, most) for every number; the page's widgets and the check below read the same table.
LIMITS = {
    "epochs": (1, 1_000),
    "batch_size": (1, 4_096),
    "learning_rate": (1e-6, 1.0),
    "seed": (0, 2**32 - 1),
    "fraction": (0.01, 1.0),
    "weight_decay": (0.0, 1.0),
}
SCHEDULES = {
    "constant": "the same learning rate throughout",
    "one-cycle": "up to the learning rate over the first fifth, then down to zero (a cosine)",
}


@dataclass(frozen=True)
class TrainSettings:
    """How a network is trained. Raises SettingsError where a value cannot be trained with."""

    network: str = "cnn"  # the specification's ten layers
    epochs: int = 10  # the specification's
    batch_size: int = 64  # 32 takes twice as long an epoch on a CPU for no better accuracy
    learning_rate: float = 1e-3  # Adam's default, which the specification means
    seed: int = 0  # weights, order of the batches and dropout; not the split, which is fixed
    fraction: float = 1.0  # share of the training images, class by class
    holdout: bool = True  # keep 5,000 of the 60,000 for validation; False trains on all
    schedule: str = "constant"  # the specification's; "one-cycle" learns more in few epochs
    weight_decay: float = 0.0  # decoupled, AdamW's; 0 is plain Adam
    renderings: bool = False  # also show mirrored, outlined, worn ... versions (renderings.py)
    # name of the run whose weights it begins with, or names with commas between: their mean;
    # "" for new ones
    initial: str = ""
    source: str = dataclasses.field(default_factory=default_source)

    def __post_init__(self):
        if self.network not in NETWORKS:
            raise SettingsError(
                f"There is no network {self.network!r}; choose one of: {', '.join(NETWORKS)}."
            )
        if self.source not in SOURCES:
            raise SettingsError(
                f"There is no dataset source {self.source!r}; choose one of: {', '.join(SOURCES)}."
            )
        if self.schedule not in SCHEDULES:
            raise SettingsError(
                f"There is no schedule {self.schedule!r}; choose one of: {', '.join(SCHEDULES)}."
            )
        if not isinstance(self.initial, str):
            raise SettingsError(f"initial must be the name of a run, got {self.initial!r}.")
        for name in ("holdout", "renderings"):
            if not isinstance(getattr(self, name), bool):
                raise SettingsError(f"{name} must be true or false, got {getattr(self, name)!r}.")
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            whole = isinstance(least, int)
            legal = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
            if not legal or not least <= value <= most:
                kind = "a whole number" if whole else "a number"
                label = name.replace("_", " ")
                raise SettingsError(
                    f"{label} must be {kind} from {least:g} to {most:g}, got {value!r}."
                )
        if self.fraction < 1 and not self.holdout:
            raise SettingsError(
                "A part of the data always leaves the 5,000 validation images out; "
                "train on all 60,000 or choose a fraction, not both."
            )

    def options_in_words(self) -> str:
        """Whatever beside the numbers differs from the specification's recipe; "" where nothing."""
        words = []
        if self.schedule != "constant":
            words.append(self.schedule)
        if self.weight_decay:
            words.append(f"weight decay {self.weight_decay:g}")
        if self.renderings:
            words.append("renderings")
        if self.initial:
            words.append(f"from {self.initial}")
        return ", ".join(words)

    def to_dict(self) -> dict:
        """Plain values, as they stand in run.json."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: object) -> "TrainSettings":
        """Read what `to_dict` wrote. Raises SettingsError on anything else."""
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(values, dict) or not set(values) <= names:
            raise SettingsError("The settings are not those of a training.")
        try:
            return cls(**values)
        except TypeError as error:
            raise SettingsError(f"The settings cannot be read ({error}).") from None
