"""Settings that are worth starting from, by name: what the page offers and the benchmark races."""

from dataclasses import dataclass, replace

from fmnist.networks.layers import Dropout
from fmnist.networks.own_network import SPECIFICATION
from fmnist.settings import TrainSettings


@dataclass(frozen=True)
class Recipe:
    """A title and a sentence for people, and the settings; watch: what to look at meanwhile."""

    title: str
    summary: str
    settings: TrainSettings
    watch: str = ""


QUICK = TrainSettings(
    network="quick",
    epochs=9,
    batch_size=512,
    learning_rate=0.03,
    schedule="one-cycle",
    weight_decay=0.05,
    label_smoothing=0.1,
    mirror=True,
    tta_flip=True,
)
RECIPES = {
    "specification": Recipe(
        "Specification",
        "The plain CNN with Adam at 0.001, ten epochs: about 91.5 %.",
        TrainSettings(),
    ),
    "quick": Recipe(
        "Quick",
        "A lean network for a live demonstration.",
        QUICK,
    ),
    "accurate": Recipe(
        "Accurate",
        "A residual network, for as long as the specification's ten epochs take.",
        replace(
            QUICK, network="accurate", batch_size=128, learning_rate=0.01, precision="bfloat16"
        ),
    ),
}
# not to get a good network, and neither planned nor raced
DEMONSTRATIONS = {
    "overfit": Recipe(
        "Overfit on purpose",
        "The plain CNN without dropout learns 1,100 images by heart, in a minute or two.",
        TrainSettings(
            network="custom",
            layers=tuple(layer for layer in SPECIFICATION if not isinstance(layer, Dropout)),
            epochs=40,
            batch_size=32,
            fraction=0.02,
        ),
        "Watch the training accuracy go to 100 % while that of validation stays behind and its "
        "loss rises: from there on the network learns its images by heart.",
    ),
}


def find_watch(settings: TrainSettings) -> str:
    """What to look at while settings are trained that are a demonstration's; "" for others."""
    for one in DEMONSTRATIONS.values():
        if replace(one.settings, source=settings.source) == settings:
            return one.watch
    return ""
