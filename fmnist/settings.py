"""The settings of one training: a frozen dataclass, checked when it is made."""

import dataclasses
from dataclasses import dataclass

from fmnist.architectures import NETWORKS
from fmnist.data import SOURCES, default_source
from fmnist.errors import SettingsError

__all__ = ["LIMITS", "OPTIMIZERS", "PRECISIONS", "SCHEDULES", "TrainSettings", "arguments"]

# (least, most) for every number; the page's widgets and the check below read the same table.
LIMITS = {
    "epochs": (1, 1_000),
    "batch_size": (1, 4_096),
    "learning_rate": (1e-6, 1.0),
    "seed": (0, 2**32 - 1),
    "fraction": (0.01, 1.0),
    "weight_decay": (0.0, 1.0),
    "label_smoothing": (0.0, 0.5),
    "shift": (0, 8),
    "erasing": (0.0, 1.0),
}
OPTIMIZERS = {
    "adam": "Adam, or AdamW where weights decay",
    "sgd": "stochastic gradient descent with Nesterov's momentum of 0.9; its rates are some 30 "
    "times Adam's",
}
SCHEDULES = {
    "constant": "the same learning rate throughout",
    "one-cycle": "up to the learning rate over the first fifth, then down to zero (a cosine)",
    "step": "a tenth after half of the epochs, and again after three quarters",
}
PRECISIONS = {
    "float32": "single precision throughout",
    "bfloat16": "layers multiply 16-bit numbers, weights stay 32-bit; for processors that can",
}
MOST_FOR_ADAM = 0.1  # learning rate
# switched on by --NAME
FLAGS = ("renderings", "mirror", "second_look", "shifted_looks", "deterministic")


@dataclass(frozen=True)
class TrainSettings:
    """How a network is trained. Raises SettingsError where a value cannot be trained with."""

    network: str = "cnn"  # the specification's ten layers
    epochs: int = 10  # the specification's
    batch_size: int = 64  # 32 takes twice as long an epoch on a CPU for no better accuracy
    optimizer: str = "adam"  # the specification's
    learning_rate: float = 1e-3  # Adam's default, which the specification means
    seed: int = 0  # weights, order of the batches and dropout; not the split, which is fixed
    fraction: float = 1.0  # share of the training images, class by class
    holdout: bool = True  # keep 5,000 of the 60,000 for validation; False trains on all
    schedule: str = "constant"  # the specification's; "one-cycle" learns more in few epochs
    weight_decay: float = 0.0  # decoupled, as AdamW's; 0 is none
    label_smoothing: float = 0.0  # share of the target spread over all ten classes
    mirror: bool = False  # every second image left for right, in every epoch others
    second_look: bool = False  # answer with the mean over the image and its mirror image
    shift: int = 0  # pixels that images move at most
    # the finished network's answers are the mean over the image and four copies, moved diagonally
    shifted_looks: bool = False
    erasing: float = 0.0  # share of the images with a box of noise
    renderings: bool = False  # also show mirrored, outlined, worn ... versions (renderings.py)
    precision: str = "float32"  # "bfloat16" is faster where network and processor suit it
    deterministic: bool = False  # the same digits again on the same machine
    # name of the run whose weights it begins with, or names with commas between: their mean;
    # "" for new ones
    initial: str = ""
    continued: tuple[int, ...] = ()  # after which epochs a finished run was given more
    rate_changes: tuple[tuple[int, float], ...] = ()  # from epoch (1, 2, ...) on this rate
    source: str = dataclasses.field(default_factory=default_source)

    def __post_init__(self):
        choices = {
            "network": NETWORKS,
            "dataset source": SOURCES,
            "schedule": SCHEDULES,
            "optimizer": OPTIMIZERS,
            "precision": PRECISIONS,
        }
        for label, known in choices.items():
            value = getattr(self, label.split()[-1])
            if not isinstance(value, str) or value not in known:
                raise SettingsError(
                    f"There is no {label} {value!r}; choose one of: {', '.join(known)}."
                )
        if not isinstance(self.initial, str):
            raise SettingsError(f"initial must be the name of a run, got {self.initial!r}.")
        for name in ("holdout", *FLAGS):
            if not isinstance(getattr(self, name), bool):
                raise SettingsError(f"{name} must be true or false, got {getattr(self, name)!r}.")
        for name in LIMITS:
            _check_number(name.replace("_", " "), getattr(self, name), *LIMITS[name])
        self._check_changes()
        self._check_combinations()

    def _check_changes(self) -> None:
        for name in ("continued", "rate_changes"):
            value = getattr(self, name)
            if not isinstance(value, tuple | list):
                raise SettingsError(f"{name.replace('_', ' ')} must be a list, got {value!r}.")
        # JSON has no tuples
        pairs = tuple(
            tuple(pair) if isinstance(pair, tuple | list) else (pair,) for pair in self.rate_changes
        )
        object.__setattr__(self, "continued", tuple(self.continued))
        object.__setattr__(self, "rate_changes", pairs)
        for epoch in self.continued:
            _check_number("continued after epoch", epoch, 1, LIMITS["epochs"][1])
        for pair in pairs:
            if len(pair) != 2:
                raise SettingsError(f"A rate change is an epoch and a rate, got {pair!r}.")
            _check_number("epoch of a rate change", pair[0], 1, LIMITS["epochs"][1])
            _check_number("learning rate", pair[1], *LIMITS["learning_rate"])
        if list(self.continued) != sorted(set(self.continued)) or any(
            epoch >= self.epochs for epoch in self.continued
        ):
            raise SettingsError(
                f"The epochs after which a run was continued must rise and end before its last, "
                f"{self.epochs}; got {', '.join(map(str, self.continued))}."
            )

    def _check_combinations(self) -> None:
        if self.fraction < 1 and not self.holdout:
            raise SettingsError(
                "A part of the data always leaves the 5,000 validation images out; "
                "train on all 60,000 or choose a fraction, not both."
            )
        if self.renderings and (self.mirror or self.shift or self.erasing):
            raise SettingsError(
                "Renderings mirror, shift and erase already; choose them or those, not both."
            )
        if self.second_look and not (self.mirror or self.renderings):
            raise SettingsError(
                "A second look is at the mirror image, which the network has to know; train it "
                "with mirror or renderings, too."
            )
        if self.shifted_looks and self.renderings:
            raise SettingsError(
                "Shifted looks need shift, which renderings exclude; leave one of them out."
            )
        if self.shifted_looks and not self.shift:
            raise SettingsError(
                "Shifted looks are at moved images, which the network has to know; train it with "
                "shift, too."
            )
        if self.precision == "bfloat16" and not NETWORKS[self.network].bfloat16_helps:
            able = [name for name, network in NETWORKS.items() if network.bfloat16_helps]
            raise SettingsError(
                f"bfloat16 makes the network {self.network!r} no faster; use float32, or one of "
                f"the networks {', '.join(able)}."
            )
        fastest = max(self.learning_rate, *(rate for _, rate in self.rate_changes), 0)
        if self.optimizer == "adam" and fastest > MOST_FOR_ADAM:
            raise SettingsError(
                f"Adam learns nothing with a learning rate above {MOST_FOR_ADAM:g}, got "
                f"{fastest:g}; 0.001 is usual. Such rates are for sgd."
            )

    @property
    def looks_again(self) -> bool:
        """Whether the finished network answers with the mean over several looks."""
        return self.second_look or self.shifted_looks

    @property
    def looks_shift(self) -> int:
        """How many pixels its shifted looks are moved by; 0 where it has none."""
        return self.shift if self.shifted_looks else 0

    def options_in_words(self) -> str:
        """Whatever beside the numbers differs from the specification's recipe; "" where nothing."""
        words = []
        if self.optimizer != "adam":
            words.append(self.optimizer)
        if self.schedule != "constant":
            words.append(self.schedule)
        if self.weight_decay:
            words.append(f"weight decay {self.weight_decay:g}")
        if self.label_smoothing:
            words.append(f"smoothing {self.label_smoothing:g}")
        if self.mirror:
            words.append("mirror")
        if self.second_look:
            words.append("second look")
        if self.shift:
            words.append(f"shift {self.shift}")
        if self.shifted_looks:
            words.append("shifted looks")
        if self.erasing:
            words.append(f"erasing {self.erasing:g}")
        if self.renderings:
            words.append("renderings")
        if self.precision != "float32":
            words.append(self.precision)
        if self.deterministic:
            words.append("deterministic")
        if self.initial:
            words.append(f"from {self.initial}")
        words += [f"rate {rate:g} from epoch {epoch}" for epoch, rate in self.rate_changes]
        words += [f"continued after epoch {epoch}" for epoch in self.continued]
        return ", ".join(words)

    def to_dict(self) -> dict:
        """Plain values, as they stand in run.json."""
        values = dataclasses.asdict(self)
        values["continued"] = list(self.continued)
        values["rate_changes"] = [list(pair) for pair in self.rate_changes]
        return values

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


def arguments(settings: TrainSettings) -> list[str]:
    """What stands behind `python -m fmnist train` for these settings: what is not the default."""
    default = TrainSettings()
    words = []
    for field in dataclasses.fields(settings):
        name, value = field.name, getattr(settings, field.name)
        if value == getattr(default, name):
            continue
        option = f"--{name.replace('_', '-')}"
        if name == "holdout":
            words.append("--all")
        elif name in FLAGS:
            words.append(option)
        elif name == "continued":
            words += [word for epoch in value for word in (option, str(epoch))]
        elif name == "rate_changes":
            words += [
                word for epoch, rate in value for word in ("--rate-change", f"{epoch}:{rate:g}")
            ]
        else:
            words += [option, str(value)]
    return words


def _check_number(label: str, value: object, least: float, most: float) -> None:
    whole = isinstance(least, int)
    legal = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not legal or not least <= value <= most:
        kind = "a whole number" if whole else "a number"
        raise SettingsError(f"{label} must be {kind} from {least:g} to {most:g}, got {value!r}.")
