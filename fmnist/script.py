"""A training's settings as one Python file that runs without this project.

The network, the split, the order of the images and their augmentation are this package's own
source, read when the script is written, so they cannot drift; the rest is written out for the
settings, and nothing that they do not use. For the specification's recipe that makes 96 lines,
75 of them not blank.

On one machine, and with TensorFlow as Keras' backend, the script ends with the same weights as
`python -m fmnist train` does: bit for bit where the settings are deterministic.
"""

import ast
import inspect
import itertools
import shlex
import textwrap

from fmnist import data, machine, schedules
from fmnist.architectures import NETWORKS, looking_again
from fmnist.errors import SettingsError
from fmnist.fused_batch_norm import fused
from fmnist.settings import TrainSettings, arguments
from fmnist.standard_augmentation import augment, epoch_order

__all__ = ["FILE", "command_line", "script_text"]

FILE = "train_fashion_mnist.py"
WIDTH = 100  # characters a line
NEEDED = ("keras", "tensorflow", "numpy")


def command_line(settings: TrainSettings) -> str:
    """The command that trains as `settings` say, ready to be pasted into a shell."""
    return shlex.join(["python", "-m", "fmnist", "train", *arguments(settings)])


def script_text(settings: TrainSettings) -> str:
    """Plain Python that trains as `settings` say and needs Keras, its TensorFlow, and NumPy.

    It downloads the images through `keras.datasets`, prints the validation accuracy after every
    epoch and the test accuracy at the end, and writes model.keras into the folder it is run in.
    Raises SettingsError for settings that need more than that: renderings, or another run's
    weights to begin with.
    """
    if settings.renderings:
        raise SettingsError(
            "Renderings are some 500 lines of this project's own code, too many for a script; "
            "use the command, or mirror, shift and erasing instead."
        )
    if settings.initial:
        raise SettingsError(
            f"A script has no weights of {settings.initial} to begin with; use the command, or "
            "begin with new weights."
        )
    head = [_heading(settings), _imports(settings), _constants(settings)]
    pieces = ["\n\n".join(head), _builder(settings), *_functions(settings), _training(settings)]
    return "\n\n\n".join(pieces) + "\n"


def _heading(settings: TrainSettings) -> str:
    same = f"The same training as `{command_line(settings)}`."
    found = machine.versions()
    needed = ", ".join(f"{name} {found[name]}" if name in found else name for name in NEEDED)
    lines = [
        *textwrap.wrap(same, WIDTH, break_on_hyphens=False),
        "",
        f"Written by Fashion-MNIST Studio; needs {needed}.",
    ]
    title = f'"""Train a network on Fashion-MNIST: {NETWORKS[settings.network].title}.'
    return "\n".join([title, "", *lines, '"""'])


def _imports(settings: TrainSettings) -> str:
    standard = "import math\n\n" if settings.schedule == "one-cycle" else ""
    tensorflow = "\nimport tensorflow as tf" if settings.deterministic else ""
    return f"{standard}import keras\nimport numpy as np{tensorflow}"


def _constants(settings: TrainSettings) -> str:
    rates = [(1, settings.learning_rate), *settings.rate_changes]
    borders = [0, *settings.continued, settings.epochs]
    cycles = list(itertools.pairwise(borders))
    lines = [
        f"SEED = {settings.seed}  # of the weights, the order of the images and dropout",
        f"EPOCHS = {settings.epochs}",
        f"BATCH_SIZE = {settings.batch_size}",
        f"LEARNING_RATE = {settings.learning_rate}"
        if not settings.rate_changes
        else f"RATES = {rates}  # (from epoch 1, 2, ... on, learning rate)",
    ]
    if settings.continued and settings.schedule != "constant":
        lines.append(f"CYCLES = {cycles}  # (first epoch, one after the last) of each schedule")
    if settings.weight_decay:
        lines.append(f"WEIGHT_DECAY = {settings.weight_decay}")
    if settings.label_smoothing:
        lines.append(f"SMOOTHING = {settings.label_smoothing}")
    if settings.holdout:
        lines += [
            f"FRACTION = {settings.fraction}  # of the images that are not kept for validation",
            f"SPLIT_SEED = {data.SPLIT_SEED}",
            f"VALIDATION_SIZE = {data.VALIDATION_SIZE}",
            f'PART_SIZES = {{"train": {data.PART_SIZES["train"]}}}',
            f"CLASS_NAMES = range({len(data.CLASS_NAMES)})",
        ]
    return "\n".join(lines)


def _builder(settings: TrainSettings) -> str:
    builder = NETWORKS[settings.network].builder
    function = getattr(builder, "func", builder)
    return _source(function).replace(f"def {function.__name__}(", "def build(", 1)


def _build_call(settings: TrainSettings) -> str:
    builder = NETWORKS[settings.network].builder
    words = [_quoted(value) for value in getattr(builder, "args", ())]
    words += [f"{name}={_quoted(v)}" for name, v in getattr(builder, "keywords", {}).items()]
    return f"build({', '.join(words)})"


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _functions(settings: TrainSettings) -> list[str]:
    found = [_source(data.split)] if settings.holdout else []
    found.append(_source(epoch_order))
    if _augments(settings):
        found.append(_source(augment))
    found.append(_source(data.scale))
    if _rate_changes(settings):
        found.append(_learning_rate(settings))
    if NETWORKS[settings.network].normalised:
        found.append(_source(fused))
    if settings.looks_again:
        found.append(_source(looking_again))
    return [*found, TWICE if settings.second_look else ONCE]


def _source(function) -> str:
    """A function as it stands in this package, its docstring cut to the first line."""
    lines = inspect.getsource(function).splitlines()
    (tree,) = ast.parse("\n".join(lines)).body
    words = tree.body[0]
    first = lines[words.lineno - 1].removesuffix('"""')
    lines[words.lineno - 1 : words.end_lineno] = [f'{first}"""']
    return "\n".join(lines)


def _augments(settings: TrainSettings) -> bool:
    return bool(settings.mirror or settings.shift or settings.erasing)


def _rate_changes(settings: TrainSettings) -> bool:
    return settings.schedule != "constant" or bool(settings.rate_changes)


def _learning_rate(settings: TrainSettings) -> str:
    """What `schedules.learning_rate` does for these settings; a test compares them."""
    lines = [
        "def learning_rate(step, steps):",
        '    """The rate of step 0, 1, ... where an epoch has so many steps."""',
    ]
    cycles = settings.continued and settings.schedule != "constant"
    if settings.rate_changes or cycles:
        lines.append("    epoch = step // steps")
    if settings.rate_changes:
        lines.append(
            "    peak = next(rate for first, rate in reversed(RATES) if epoch + 1 >= first)"
        )
    else:
        lines.append("    peak = LEARNING_RATE")
    if cycles:
        lines.append("    begin, end = next(cycle for cycle in CYCLES if epoch < cycle[1])")
        lines.append("    at, length = step - begin * steps, (end - begin) * steps")
    elif settings.schedule != "constant":
        lines.append("    at, length = step, EPOCHS * steps")
    lines.append(RATE_ENDS[settings.schedule])
    return "\n".join(lines)


RATE_ENDS = {
    "constant": "    return peak",
    "one-cycle": f"""\
    warmup = max(1, int(length * {schedules.WARMUP}))
    if at < warmup:
        return peak / {schedules.START} + (peak - peak / {schedules.START}) * at / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (at - warmup) / max(1, length - warmup)))""",
    "step": f"""\
    shares = {list(schedules.STEPS)}  # (until this share, so much of it)
    return peak * next(share for until, share in shares if at < until * length)""",
}

ONCE = '''\
def accuracy(images, labels):
    """The share of (N, 28, 28) uint8, N a multiple of 500, that the network gets right."""
    said = [model.predict_on_batch(scale(part)) for part in np.split(images, len(images) // 500)]
    return (np.concatenate(said).argmax(axis=1) == labels).mean()'''
TWICE = '''\
def accuracy(images, labels):
    """The share of (N, 28, 28) uint8, N a multiple of 500, right with the mirror image's look."""
    said = []
    for part in np.split(images, len(images) // 500):
        x = scale(part)
        mirrored = np.ascontiguousarray(x[:, :, ::-1])
        said.append(model.predict_on_batch(x) * model.predict_on_batch(mirrored))
    return (np.concatenate(said).argmax(axis=1) == labels).mean()'''


def _training(settings: TrainSettings) -> str:
    paragraphs = [_set_up(settings), _images(settings), _model(settings), _loop(settings)]
    if NETWORKS[settings.network].normalised:
        lines = [
            "# what is kept is of Keras' own layers, in 32 bits",
            "learnt = model.get_weights()",
            f"model = {_build_call(settings)}",
            "model.set_weights(learnt)",
        ]
        if settings.precision != "float32":
            lines.insert(2, 'keras.mixed_precision.set_global_policy("float32")')
        paragraphs.append("\n".join(lines))
    lines = ['print(f"test accuracy {accuracy(test_images, test_labels):.2%}")']
    if settings.looks_again:
        shift = settings.looks_shift
        again = f"model = looking_again(model, mirrored={settings.second_look}, shift={shift})"
        # shifted looks have to be there when the test images are answered; `accuracy` looks at the
        # mirror image by itself
        lines.insert(0 if shift else 1, again)
    paragraphs.append("\n".join([*lines, 'model.save("model.keras")']))
    return "\n\n".join(paragraphs)


def _set_up(settings: TrainSettings) -> str:
    lines = ["keras.utils.set_random_seed(SEED)"]
    if settings.precision != "float32":
        lines.append('keras.mixed_precision.set_global_policy("mixed_bfloat16")')
    if settings.deterministic:
        lines.append("tf.config.experimental.enable_op_determinism()")
    return "\n".join(lines)


def _images(settings: TrainSettings) -> str:
    lines = [
        "(images, labels), (test_images, test_labels) = keras.datasets.fashion_mnist.load_data()"
    ]
    if settings.holdout:
        lines += [
            "chosen, held_out = split(labels, FRACTION)",
            "validation_images, validation_labels = images[held_out], labels[held_out]",
            "images, labels = images[chosen], labels[chosen]",
        ]
    if settings.label_smoothing:
        lines.append("targets = np.eye(10, dtype=np.float32)[labels]")
    return "\n".join(lines)


def _model(settings: TrainSettings) -> str:
    values = [] if _rate_changes(settings) else ["LEARNING_RATE"]
    decays = "weight_decay=WEIGHT_DECAY" if settings.weight_decay else ""
    if settings.optimizer == "sgd":
        kind, values = "SGD", [*values, "momentum=0.9", "nesterov=True"]
    else:
        kind = "AdamW" if settings.weight_decay else "Adam"
    values = ", ".join([*values, *filter(None, [decays])])
    loss = (
        "keras.losses.CategoricalCrossentropy(label_smoothing=SMOOTHING)"
        if settings.label_smoothing
        else '"sparse_categorical_crossentropy"'
    )
    network = _build_call(settings)
    if NETWORKS[settings.network].normalised:
        network = f"fused({network})"
    lines = [f"model = {network}", f"optimizer = keras.optimizers.{kind}({values})"]
    if settings.weight_decay:
        lines.append('optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])')
    return "\n".join([*lines, f"model.compile(optimizer, {loss})"])


def _loop(settings: TrainSettings) -> str:
    wanted = "targets" if settings.label_smoothing else "labels"
    lines = ["for epoch in range(EPOCHS):", "    order = epoch_order(len(images), SEED, epoch)"]
    shown = "scale(images[batch])"
    if _augments(settings):
        names = [name for name in ("mirror", "shift", "erasing") if getattr(settings, name)]
        options = ", ".join(f"{name}={getattr(settings, name)}" for name in names)
        lines += [
            "    rng = np.random.default_rng([SEED, epoch, 1])",
            f"    shown = augment(images[order], rng, {options})",
        ]
        shown = "scale(shown[start : start + BATCH_SIZE])"
    if _rate_changes(settings):
        lines.insert(0, "steps = -(-len(images) // BATCH_SIZE)  # in an epoch")
        lines += [
            "    for step, start in enumerate(range(0, len(order), BATCH_SIZE), epoch * steps):",
            "        optimizer.learning_rate = learning_rate(step, steps)",
        ]
    else:
        lines.append("    for start in range(0, len(order), BATCH_SIZE):")
    lines += [
        "        batch = order[start : start + BATCH_SIZE]",
        f"        model.train_on_batch({shown}, {wanted}[batch])",
    ]
    said = "done"
    if settings.holdout:
        lines.append("    right = accuracy(validation_images, validation_labels)")
        said = "validation accuracy {right:.2%}"
    lines.append(f'    print(f"epoch {{epoch + 1}} of {{EPOCHS}}: {said}")')
    return "\n".join(lines)
