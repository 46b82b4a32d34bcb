"""A run's model card, as model hubs read one: README.md with its metadata in YAML above the text.

The metadata follow Hugging Face's specification of model cards (model-index, as Papers with Code
defined it), the text Mitchell et al., Model Cards for Model Reporting (arXiv 1810.03993).
"""

import numpy as np

from fmnist.data import CLASS_NAMES, PART_SIZES, VALIDATION_SIZE
from fmnist.errors import RunError
from fmnist.metrics.report import Evaluation, evaluate_probabilities, wilson_interval
from fmnist.runs.progress_text import describe_settings
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text
from fmnist.training.interop.script import format_command

DATASET = "zalando-datasets/fashion_mnist"  # on Hugging Face
PLACES = {
    "test": "the 10,000 test images",
    "validation": "5,000 of the 60,000 training images, kept for validation",
}
KERAS = """\
import keras, numpy as np

model = keras.models.load_model("model.keras", compile=False)
probabilities = model.predict(images[..., np.newaxis].astype("float32") / 255)  # (N, 10)
"""
LITERT = """\
from ai_edge_litert.interpreter import Interpreter

run = Interpreter("model.tflite").get_signature_runner()
probabilities = run(image=images[..., np.newaxis].astype("float32") / 255)["probabilities"]
"""
BEGUN = "It began with weights that had been trained before: these are its last epochs only. "
WHERE_BEGUN = ", where the runs whose weights it begins with (`--initial`) are there, too"
LIMITS = (
    "It knows ten kinds of garments and nothing else: any picture gets one of these ten classes.",
    "It was trained on product photos of 28x28 grey pixels, light on black, one upright garment in "
    "the middle; other pictures have to be made like that first, and are answered worse.",
    "158 of the 10,000 test images have a near-duplicate among the training images, and some "
    "labels are wrong, so that an accuracy of 100 % is neither possible nor wanted.",
    "The intervals say how far other test images of the same kind would move the figures. A second "
    "training with another seed would move them, too, mostly by some tenths of a percent.",
)


def render_model_card(run: Run, probabilities: np.ndarray, labels: np.ndarray) -> str:
    """The card of a run: probabilities (10000, 10) on the test images as stored, labels (10000,).

    Raises RunError where the run has not ended or says nothing of its settings.
    """
    if not run.usable or run.settings is None:
        raise RunError(f"The run {run.name!r} has no card yet: {run.state}; train it to its end.")
    result = evaluate_probabilities(probabilities, labels)
    import yaml  # a tenth of a second, which no page needs before

    metadata = yaml.safe_dump(_metadata(run, result), sort_keys=False, allow_unicode=True)
    network = run.settings.architecture
    parts = [
        f"---\n{metadata}---",
        f"# {run.name}",
        f"{network.title}: {network.summary} It says which of ten kinds of garments a grey picture "
        "of 28x28 pixels shows.",
        "## Results",
        _table(
            ("measured on", "n", "accuracy", "95 % interval", "loss"),
            [
                (PLACES[part], f"{n:,}", f"{accuracy:.2%}", _percent(interval), f"{loss:.4f}")
                for part, (n, accuracy, interval, loss) in _scores(run, result).items()
            ],
        ),
        "This training looked at the labels of the test images once, at its end"
        f"{'; those before it looked, too' if run.settings.initial else ''}. Of each class it gets "
        "right:",
        _table(("class", "n", "right (recall)", "95 % interval"), _recalls(result)),
        "## Data and training",
        f"Fashion-MNIST (Xiao, Rasul and Vollgraf, arXiv 1708.07747): {_number(run, 'train_size')} "
        f"of the {PART_SIZES['train']:,} training images.",
        f"{describe_settings(run.settings)}. {_number(run, 'parameters')} parameters, seed "
        f"{run.settings.seed}, {_epochs(run.exported_epochs)} in "
        f"{_number(run, 'train_seconds')} seconds on {_facts(run, 'machine')}, with "
        f"{_facts(run, 'versions')}. {BEGUN if run.settings.initial else ''}"
        f"{_planned(run.settings.epochs, run.exported_epochs)}The same training by Fashion-MNIST "
        f"Studio{WHERE_BEGUN if run.settings.initial else ''}:",
        _code(format_command(run.settings), "sh"),
        "## Use",
        "`images` are (N, 28, 28), 0 (black) to 255, a light garment on black. The classes are, in "
        f"this order: {', '.join(CLASS_NAMES)}.",
        _code(KERAS, "python"),
        "or, without TensorFlow,",
        _code(LITERT, "python"),
        "## Limits",
        "\n".join(f"- {limit}" for limit in LIMITS),
    ]
    return "\n\n".join(parts) + "\n"


def _epochs(had: float | None) -> str:
    return "an unknown number of epochs" if had is None else count_text(had, "epoch")


def _planned(planned: int, had: float | None) -> str:
    """How many epochs the command below has, where this network has had fewer."""
    return f"It was to have {planned:,} epochs. " if had is not None and had < planned else ""


def _metadata(run: Run, result: Evaluation) -> dict:
    return {
        "license": "mit",
        "library_name": "keras",
        "pipeline_tag": "image-classification",
        "tags": ["fashion-mnist", "image-classification", "keras", "litert"],
        "datasets": [DATASET],
        "metrics": ["accuracy"],
        "model-index": [
            {
                "name": run.name,
                "results": [
                    {
                        "task": {"type": "image-classification", "name": "Image Classification"},
                        "dataset": {
                            "type": DATASET,
                            "name": f"Fashion-MNIST, {PLACES[part]}",
                            "split": {"test": "test", "validation": "train"}[part],
                        },
                        "metrics": [
                            {
                                "type": "accuracy",
                                "value": accuracy,
                                "name": f"Accuracy (95 % interval {_percent(interval)})",
                            },
                            {"type": "loss", "value": loss, "name": "Cross-entropy"},
                        ],
                    }
                    for part, (_, accuracy, interval, loss) in _scores(run, result).items()
                ],
            }
        ],
    }


def _scores(run: Run, result: Evaluation) -> dict[str, tuple]:
    """n, accuracy, its interval, loss on the test images, and on validation where that was kept."""
    found = {"test": (result.n, result.accuracy, result.interval, result.loss)}
    if {"validation_accuracy", "validation_loss"} <= run.scores.keys():
        accuracy, n = run.scores["validation_accuracy"], VALIDATION_SIZE
        interval = wilson_interval(round(accuracy * n), n)
        found["validation"] = (n, accuracy, interval, run.scores["validation_loss"])
    return found


def _recalls(result: Evaluation) -> list[tuple]:
    rows = []
    for at, name in enumerate(CLASS_NAMES):
        right, n = int(result.confusion[at, at]), int(result.confusion[at].sum())
        rows.append((name, f"{n:,}", f"{right / n:.1%}", _percent(wilson_interval(right, n))))
    return rows


def _percent(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.2%} to {interval[1]:.2%}"


def _table(head: tuple, rows: list[tuple]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _code(text: str, language: str) -> str:
    return f"```{language}\n{text.strip()}\n```"


def _number(run: Run, name: str) -> str:
    value = run.count(name)
    return "an unknown number" if value is None else f"{round(value):,}"


def _facts(run: Run, group: str) -> str:
    """What run.json says of the machine or the versions, as code: it may be anybody's words."""
    values = run.info.get(group)
    words = (f"{k} {v}" for k, v in values.items()) if isinstance(values, dict) else ["unknown"]
    plain = ", ".join(words).replace("`", "'")
    return f"`{' '.join(plain.split())[:400]}`"
