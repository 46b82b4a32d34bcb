"""The settings of one training: a frozen dataclass, checked when it is made.

What is to be known of a setting stands once, at its field: the checks, the options of the command
`train`, the command line of given settings, the page's widgets and the words are made from it.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from fmnist.data import SOURCES, default_source
from fmnist.errors import SettingsError
from fmnist.networks.architectures import CUSTOM, NETWORKS, Network, own_network
from fmnist.networks.layers import Layer
from fmnist.networks.own_network import SPECIFICATION, read_layers, read_option, write_layers
from fmnist.setting_fields import RATE_CHANGE, as_tuple, check_number, describe, described

MOST_FOR_ADAM = 0.1  # learning rate


@dataclass(frozen=True)
class TrainSettings:
    """How a network is trained. Raises SettingsError where a value cannot be trained with."""

    network: str = described(
        "cnn",  # the specification's ten layers
        "Which network is trained.",
        choices={name: network.summary for name, network in NETWORKS.items()},
    )
    layers: tuple[Layer, ...] = described(
        (),
        "The layers of the network custom: a file of JSON, or JSON itself.",
        metavar="FILE",
        read=read_option,
        write=write_layers,
    )
    epochs: int = described(  # the specification's
        10, "How often the network sees every training image.", limits=(1, 1_000)
    )
    batch_size: int = described(
        64,  # 32 takes twice as long an epoch on a CPU for no better accuracy
        "Images a step. Larger batches are faster but learn less from each image.",
        limits=(1, 4_096),
    )
    optimizer: str = described(
        "adam",  # the specification's
        "How a step is made of the gradient.",
        choices={
            "adam": "Adam, or AdamW where weights decay",
            "sgd": "stochastic gradient descent with Nesterov's momentum of 0.9; its rates are "
            "some 30 times Adam's",
        },
        words="{}",
    )
    learning_rate: float = described(
        1e-3,  # Adam's default, which the specification means
        "How far a step goes. Too far: training never settles; too little: it takes for ever.",
        limits=(1e-6, 1.0),
    )
    seed: int = described(  # not of the split, which is fixed
        0,
        "Fixes weights, batch order, augmentation and dropout, so that two trainings can be "
        "compared.",
        limits=(0, 2**32 - 1),
    )
    fraction: float = described(
        1.0,
        "How much is trained on, class by class; a small share makes a demonstration of a minute. "
        "5,000 of the 60,000 images are kept for validation.",
        label="Share of the training images",
        limits=(0.01, 1.0),
    )
    holdout: bool = described(
        True,
        "Keep no images for validation. Then nothing but the test images says how good the network "
        "is.",
        label="Train on all 60,000",
        option="--all",
    )
    schedule: str = described(
        "constant",  # the specification's; one-cycle learns more in few epochs
        "How the learning rate changes.",
        choices={
            "constant": "the same learning rate throughout",
            "one-cycle": "up to the learning rate over the first fifth, then down to zero (a "
            "cosine)",
            "step": "a tenth after half of the epochs, and again after three quarters",
        },
        words="{}",
    )
    weight_decay: float = described(
        0.0, "Shrinks weights, as in AdamW; 0 is off.", limits=(0.0, 1.0), words="weight decay {:g}"
    )
    label_smoothing: float = described(
        0.0,
        "This share of the target is spread over all ten classes, so that the network does not "
        "grow too sure.",
        limits=(0.0, 0.5),
        words="smoothing {:g}",
    )
    mirror: bool = described(
        False, "Mirror a random half of the images in every epoch.", words="mirror"
    )
    tta_flip: bool = described(
        False,
        "Test-time augmentation: answer with the mean over the image and its mirror image. No more "
        "parameters, mostly some tenths of a percent more accuracy, twice the time for an answer.",
        name="TTA flip",
        label="TTA flip",
        words="TTA flip",
    )
    shift: int = described(
        0,
        "Move each image by up to this many pixels in each direction.",
        limits=(0, 8),
        words="shift {}",
    )
    tta_shift: bool = described(
        False,
        "Let the finished network answer with the mean over the image and four copies of it, moved "
        "diagonally by the shift: no more parameters, five times the time for an answer, ten times "
        "with TTA flip. The accuracy after each epoch is measured without it.",
        name="TTA shift",
        label="TTA shift",
        words="TTA shift",
    )
    erasing: float = described(
        0.0,
        "Overwrite a box with noise in this share of the images (random erasing).",
        limits=(0.0, 1.0),
        words="erasing {:g}",
    )
    stylised: bool = described(
        False,
        "Show each training image in other styles too, new ones in every epoch: mirrored, as an "
        "outline, as a silhouette, worn, in pairs, with sleeves spread, bent, in other cuts, with "
        "other brightness. The network then needs more epochs, and knows more of your own "
        "pictures.",
        words="stylised",
    )
    precision: str = described(
        "float32",
        "How exact the arithmetic is.",
        choices={
            "float32": "single precision throughout",
            "bfloat16": "layers multiply 16-bit numbers, weights stay 32-bit; for processors that "
            "can",
        },
        words="{}",
    )
    deterministic: bool = described(
        False,
        "Bit-identical results on the same machine. It hardly takes longer, if at all.",
        words="deterministic",
    )
    initial: str = described(
        "",
        "Begin with the weights of this run, which must be of the same network, instead of new "
        "ones; several names, separated by commas, stand for the mean of their weights.",
        words="from {}",
        metavar="RUN",
    )
    rate_changes: tuple[tuple[int, float], ...] = described(
        (),
        "From this epoch (1, 2, ...) on another learning rate; can be given several times.",
        option="--rate-change",
        **RATE_CHANGE,
    )
    continued: tuple[int, ...] = described(
        (),
        "Start the schedule again after this epoch, as a continued run does; can be given "
        "several times.",
        words="continued after epoch {}",
        metavar="EPOCH",
        item=int,
    )
    source: str = described(
        default_source, "Where the images come from.", name="dataset source", choices=SOURCES
    )

    def __post_init__(self):
        for name, setting in SETTINGS.items():
            setting.check(getattr(self, name))
        self._check_layers()
        self._check_changes()
        self._check_combinations()

    def _check_layers(self) -> None:
        layers: tuple[Layer, ...] = ()
        if self.network == CUSTOM:
            layers = read_layers(self.layers or SPECIFICATION, self.batch_size)
        elif self.layers:
            raise SettingsError(f"Only the network {CUSTOM!r} can be given layers; choose it, too.")
        object.__setattr__(self, "layers", layers)

    def _check_changes(self) -> None:
        pairs = tuple(map(as_tuple, self.rate_changes))  # JSON has none
        object.__setattr__(self, "continued", tuple(self.continued))
        for epoch in self.continued:
            check_number("continued after epoch", epoch, 1, LIMITS["epochs"][1])
        for pair in pairs:
            if len(pair) != 2:
                raise SettingsError(f"A rate change is an epoch and a rate, got {pair!r}.")
            check_number("epoch of a rate change", pair[0], 1, LIMITS["epochs"][1])
            check_number("learning rate", pair[1], *LIMITS["learning_rate"])
        # of two for one epoch the later wish counts
        object.__setattr__(self, "rate_changes", tuple(sorted(pairs, key=lambda pair: pair[0])))
        if list(self.continued) != sorted(set(self.continued)) or any(
            epoch >= self.epochs for epoch in self.continued
        ):
            raise SettingsError(
                f"The epochs after which a run was continued must rise and end before its last, "
                f"{self.epochs}; got {', '.join(map(str, self.continued))}."
            )

    def _check_combinations(self) -> None:
        able = [name for name, network in NETWORKS.items() if network.bfloat16_helps]
        fastest = max(self.learning_rate, *(rate for _, rate in self.rate_changes), 0)
        wrong = {
            "A part of the data always leaves the 5,000 validation images out; train on all 60,000 "
            "or choose a fraction, not both.": self.fraction < 1 and not self.holdout,
            "Stylised images are mirrored, shifted and erased already; choose stylised or those, "
            "not both.": (self.stylised and (self.mirror or self.shift or self.erasing)),
            "TTA flip needs a network trained with mirrored images; choose mirror or stylised, "
            "too.": (self.tta_flip and not (self.mirror or self.stylised)),
            "TTA shift needs shift, which stylised excludes; leave one of them out.": (
                self.tta_shift and self.stylised
            ),
            "TTA shift needs a network trained with shifts; choose shift, too.": self.tta_shift
            and not self.shift,
            f"bfloat16 makes the network {self.network!r} no faster; use float32, or one of the "
            f"networks {', '.join(able)}.": (
                self.precision == "bfloat16" and self.network not in able
            ),
            f"Adam learns nothing with a learning rate above {MOST_FOR_ADAM:g}, got {fastest:g}; "
            "0.001 is usual. Such rates are for sgd.": (
                self.optimizer == "adam" and fastest > MOST_FOR_ADAM
            ),
        }
        for sentence, is_so in wrong.items():
            if is_so:
                raise SettingsError(sentence)

    @property
    def architecture(self) -> Network:
        """The network that is trained: its title and what builds it."""
        return own_network(self.layers) if self.layers else NETWORKS[self.network]

    @property
    def uses_tta(self) -> bool:
        """Whether the finished network answers with test-time augmentation."""
        return self.tta_flip or self.tta_shift

    @property
    def tta_shift_pixels(self) -> int:
        """How many pixels TTA shift moves by; 0 without it."""
        return self.shift if self.tta_shift else 0

    def changed(self) -> dict[str, Any]:
        """Name -> value of all that is not the specification's."""
        default = TrainSettings()
        values = {name: getattr(self, name) for name in SETTINGS}
        return {name: value for name, value in values.items() if value != getattr(default, name)}

    def options_in_words(self) -> str:
        """Whatever beside the numbers differs from the specification's recipe; "" where nothing."""
        changed = self.changed().items()
        return ", ".join(word for name, value in changed for word in SETTINGS[name].in_words(value))

    def to_dict(self) -> dict:
        """Plain values, as they stand in run.json."""
        values = dataclasses.asdict(self)
        values["layers"] = [layer.to_dict() for layer in self.layers]
        values["continued"] = list(self.continued)
        values["rate_changes"] = [list(pair) for pair in self.rate_changes]
        return values

    @classmethod
    def from_dict(cls, values: object) -> "TrainSettings":
        """Read what `to_dict` wrote. Raises SettingsError on anything else."""
        if not isinstance(values, dict) or not set(values) <= set(SETTINGS):
            raise SettingsError("The settings are not those of a training.")
        try:
            return cls(**values)
        except TypeError as error:
            raise SettingsError(f"The settings cannot be read ({error}).") from None


SETTINGS = {field.name: describe(field) for field in dataclasses.fields(TrainSettings)}
# (least, most) of every number
LIMITS = {name: setting.limits for name, setting in SETTINGS.items() if setting.limits}


def arguments(settings: TrainSettings) -> list[str]:
    """What stands behind `python -m fmnist train` for these settings: what is not the default."""
    changed = settings.changed().items()
    return [word for name, value in changed for word in SETTINGS[name].as_arguments(value)]
