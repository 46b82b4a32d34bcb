"""A training's settings as one Python file that runs without this project.

The network, the split, the order of the images and their augmentation are this package's own
source, read when the script is written, so they cannot drift; only what the settings use is
written out. For the specification's recipe that makes 97 lines, 76 of them not blank.

On one machine, and with TensorFlow as Keras' backend, the script ends with the same weights as
`python -m fmnist train` does: bit for bit where the settings are deterministic.
"""

import ast
import inspect
import itertools
import shlex
import textwrap
from collections.abc import Callable
from typing import Any

from fmnist import data, machine
from fmnist.augmentation.standard import augment_images, shift_images, shuffle_epoch
from fmnist.errors import SettingsError
from fmnist.networks.architectures import with_tta
from fmnist.networks.fused_batch_norm import fuse_batch_norm
from fmnist.networks.own_network import write_builder
from fmnist.networks.whitening import whiten_first_layer
from fmnist.settings import TrainSettings, arguments
from fmnist.training import schedules

SCRIPT_FILE = "train_fashion_mnist.py"
WIDTH = 100  # characters a line
NEEDED = ("keras", "tensorflow", "numpy")


def format_command(settings: TrainSettings) -> str:
    """Write the command that trains as `settings` say, ready to be pasted into a shell."""
    return shlex.join(["python", "-m", "fmnist", "train", *arguments(settings)])


def generate_script(settings: TrainSettings) -> str:
    """Write plain Python that trains as `settings` say and needs Keras, its TensorFlow, and NumPy.

    It downloads the images through `keras.datasets`, prints the validation accuracy after every
    epoch and the test accuracy at the end, and writes model.keras into the folder it is run in.
    Raises SettingsError for settings that need more than that: stylised, or another run's
    weights to begin with.
    """
    if settings.stylised:
        raise SettingsError(
            "Stylised images need 500 lines of this project's own code, too many for a script; "
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
    same = f"The same training as `{format_command(settings)}`."
    found = machine.versions()
    needed = ", ".join(f"{name} {found[name]}" if name in found else name for name in NEEDED)
    lines = [
        *textwrap.wrap(same, WIDTH, break_on_hyphens=False, break_long_words=False),
        "",
        f"Written by Fashion-MNIST Studio; needs {needed}.",
    ]
    title = f'"""Train a network on Fashion-MNIST: {settings.architecture.title}.'
    return "\n".join([title, "", *lines, '"""'])


def _imports(settings: TrainSettings) -> str:
    standard = "import math\n\n" if settings.schedule == "one-cycle" else ""
    tensorflow = "\nimport tensorflow as tf" if settings.deterministic else ""
    return f"{standard}import keras\nimport numpy as np{tensorflow}"


def _constants(settings: TrainSettings) -> str:
    rates, cycles = [(1, settings.learning_rate), *settings.rate_changes], _cycles(settings)
    lines = [
        f"SEED = {settings.seed}  # of the weights, the order of the images and dropout",
        f"EPOCHS = {settings.epochs}",
        f"BATCH_SIZE = {settings.batch_size}",
        f"RATES = {rates}  # (from epoch 1, 2, ... on, learning rate)"
        if settings.rate_changes
        else f"LEARNING_RATE = {settings.learning_rate}",
        cycles and f"CYCLES = {cycles}  # (first epoch, one after the last) of each schedule",
        settings.weight_decay and f"WEIGHT_DECAY = {settings.weight_decay}",
        settings.label_smoothing and f"SMOOTHING = {settings.label_smoothing}",
    ]
    if settings.holdout:
        lines += [
            f"FRACTION = {settings.fraction}  # of the images that are not kept for validation",
            f"SPLIT_SEED = {data.SPLIT_SEED}",
            f"VALIDATION_SIZE = {data.VALIDATION_SIZE}",
            f'PART_SIZES = {{"train": {data.PART_SIZES["train"]}}}',
            f"CLASS_NAMES = range({len(data.CLASS_NAMES)})",
        ]
    return _lines(*lines)


def _lines(*lines: Any) -> str:
    """The lines, without those that the settings do not need: False, 0, () ..."""
    return "\n".join(line for line in lines if line)


def _cycles(settings: TrainSettings) -> list[tuple[int, int]]:
    """The first epoch and the one after the last of each schedule; [] for one or none."""
    if settings.schedule == "constant" or not settings.continued:
        return []
    return list(itertools.pairwise([0, *settings.continued, settings.epochs]))


def _builder(settings: TrainSettings) -> str:
    if settings.layers:
        return write_builder(settings.layers)
    function = getattr(settings.architecture.builder, "func", settings.architecture.builder)
    return _source(function).replace(f"def {function.__name__}(", "def build_network(", 1)


def _build_call(settings: TrainSettings) -> str:
    builder = settings.architecture.builder
    words = [repr(value) for value in getattr(builder, "args", ())]
    words += [f"{name}={value!r}" for name, value in getattr(builder, "keywords", {}).items()]
    return f"build_network({', '.join(words)})".replace("'", '"')


def _functions(settings: TrainSettings) -> list[str]:
    augments = settings.mirror or settings.shift or settings.erasing
    sources = [
        settings.holdout and _source(data.split),
        _source(shuffle_epoch),
        *(_source(one) for one in (shift_images, augment_images) if augments),
        _source(data.scale),
        _rate_changes(settings) and _learning_rate(settings),
        settings.architecture.batch_norm and _source(fuse_batch_norm),
        settings.architecture.whitens and _source(whiten_first_layer),
        settings.uses_tta and _source(with_tta),
        FLIPPED if settings.tta_flip else ACCURACY,
    ]
    return [source for source in sources if source]


def _source(function: Callable) -> str:
    """A function as it stands in this package, its docstring cut to the first line."""
    lines = inspect.getsource(function).splitlines()
    tree: Any = ast.parse("\n".join(lines)).body[0]
    words = tree.body[0]
    first = lines[words.lineno - 1].removesuffix('"""')
    lines[words.lineno - 1 : words.end_lineno] = [f'{first}"""']
    return "\n".join(lines)


def _rate_changes(settings: TrainSettings) -> bool:
    return settings.schedule != "constant" or bool(settings.rate_changes)


def _learning_rate(settings: TrainSettings) -> str:
    """What `schedules.learning_rate` does for these settings; a test compares them."""
    cycles, changes = _cycles(settings), settings.rate_changes
    peak = "LEARNING_RATE"
    if changes:
        peak = "next(rate for first, rate in reversed(RATES) if epoch + 1 >= first)"
    whole = settings.schedule != "constant" and not cycles
    return _lines(
        "def learning_rate(step, steps):",
        '    """The rate of step 0, 1, ... where an epoch has so many steps."""',
        (changes or cycles) and "    epoch = step // steps",
        f"    peak = {peak}",
        cycles and "    begin, end = next(cycle for cycle in CYCLES if epoch < cycle[1])",
        cycles and "    at, length = step - begin * steps, (end - begin) * steps",
        whole and "    at, length = step, EPOCHS * steps",
        RATE_ENDS[settings.schedule],
    )


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

ACCURACY = '''\
def accuracy(images, labels):
    """The share of (N, 28, 28) uint8, N a multiple of 500, that the network gets right."""
    parts = np.split(images, len(images) // 500)
    probabilities = [model.predict_on_batch(scale(part)) for part in parts]
    return (np.concatenate(probabilities).argmax(axis=1) == labels).mean()'''
FLIPPED = '''\
def accuracy(images, labels):
    """The share of (N, 28, 28) uint8, N a multiple of 500, right with mirrored images, too."""
    products = []
    for part in np.split(images, len(images) // 500):
        x = scale(part)
        mirrored = np.ascontiguousarray(x[:, :, ::-1])
        products.append(model.predict_on_batch(x) * model.predict_on_batch(mirrored))
    return (np.concatenate(products).argmax(axis=1) == labels).mean()'''


def _training(settings: TrainSettings) -> str:
    paragraphs = [_set_up(settings), _images(settings), _model(settings), _loop(settings)]
    if settings.architecture.batch_norm:
        half = settings.precision != "float32"
        paragraphs += [
            _lines(
                "# what is saved is of Keras' own layers, in 32 bits",
                "weights = model.get_weights()",
                half and 'keras.mixed_precision.set_global_policy("float32")',
                f"model = {_build_call(settings)}",
                "model.set_weights(weights)",
            )
        ]
    flip, shift = settings.tta_flip, settings.tta_shift_pixels
    tta = f"model = with_tta(model, mirrored={flip}, shift={shift})"
    end = _lines(
        shift and tta,
        'print(f"test accuracy {accuracy(test_images, test_labels):.2%}")',
        settings.uses_tta and not shift and tta,  # `accuracy` mirrors by itself
        'model.save("model.keras")',
    )
    return "\n\n".join([*paragraphs, end])


def _set_up(settings: TrainSettings) -> str:
    half = settings.precision != "float32"
    return _lines(
        "keras.utils.set_random_seed(SEED)",
        half and 'keras.mixed_precision.set_global_policy("mixed_bfloat16")',
        settings.deterministic and "tf.config.experimental.enable_op_determinism()",
    )


def _images(settings: TrainSettings) -> str:
    loaded, hold = "(images, labels), (test_images, test_labels)", settings.holdout
    return _lines(
        f"{loaded} = keras.datasets.fashion_mnist.load_data()",
        hold and "chosen, held_out = split(labels, FRACTION)",
        hold and "validation_images, validation_labels = images[held_out], labels[held_out]",
        hold and "images, labels = images[chosen], labels[chosen]",
        settings.label_smoothing and "targets = np.eye(10, dtype=np.float32)[labels]",
    )


def _model(settings: TrainSettings) -> str:
    sgd = settings.optimizer == "sgd"
    kind = "SGD" if sgd else "AdamW" if settings.weight_decay else "Adam"
    options = [
        not _rate_changes(settings) and "LEARNING_RATE",
        sgd and "momentum=0.9, nesterov=True",
        settings.weight_decay and "weight_decay=WEIGHT_DECAY",
    ]
    values = ", ".join(option for option in options if option)
    loss = '"sparse_categorical_crossentropy"'
    if settings.label_smoothing:
        loss = "keras.losses.CategoricalCrossentropy(label_smoothing=SMOOTHING)"
    network = _build_call(settings)
    if settings.architecture.batch_norm:
        network = f"fuse_batch_norm({network})"
    exclude = 'optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])'
    return _lines(
        f"model = {network}",
        f"optimizer = keras.optimizers.{kind}({values})",
        settings.weight_decay and exclude,
        f"model.compile(optimizer, {loss})",
        settings.architecture.whitens and "whiten_first_layer(model, images)",
    )


def _loop(settings: TrainSettings) -> str:
    names = [name for name in ("mirror", "shift", "erasing") if getattr(settings, name)]
    augments, changing = bool(names), _rate_changes(settings)
    options = ", ".join(f"{name}={getattr(settings, name)}" for name in names)
    batches = "range(0, len(order), BATCH_SIZE)"
    x = "augmented[start : start + BATCH_SIZE]" if augments else "images[batch]"
    y = "targets" if settings.label_smoothing else "labels"
    score = "validation accuracy {score:.2%}" if settings.holdout else "done"
    return _lines(
        changing and "steps = -(-len(images) // BATCH_SIZE)  # in an epoch",
        "for epoch in range(EPOCHS):",
        "    order = shuffle_epoch(len(images), SEED, epoch)",
        augments and "    rng = np.random.default_rng([SEED, epoch, 1])",
        augments and f"    augmented = augment_images(images[order], rng, {options})",
        f"    for step, start in enumerate({batches}, epoch * steps):"
        if changing
        else f"    for start in {batches}:",
        changing and "        optimizer.learning_rate = learning_rate(step, steps)",
        "        batch = order[start : start + BATCH_SIZE]",
        f"        model.train_on_batch(scale({x}), {y}[batch])",
        settings.holdout and "    score = accuracy(validation_images, validation_labels)",
        f'    print(f"epoch {{epoch + 1}} of {{EPOCHS}}: {score}")',
    )
