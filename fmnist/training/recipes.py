"""Settings that are worth starting from, by name: what the page offers and the benchmark races."""

from dataclasses import dataclass, replace

from fmnist.settings import TrainSettings


@dataclass(frozen=True)
class Recipe:
    """A title and a sentence for people, and the settings."""

    title: str
    summary: str
    settings: TrainSettings


QUICK = TrainSettings(
    network="quick",
    epochs=9,
    batch_size=256,
    learning_rate=0.02,
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
