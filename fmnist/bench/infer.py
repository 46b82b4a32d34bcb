"""How fast a network answers, and what that costs: `python -m fmnist bench infer`.

Keras, LiteRT's bare interpreter and the app's classifier are each measured in a fresh process (this
module as a program), so that no one's memory or start-up counts for another. Every way is given
uint8 images and gives back NumPy's probabilities; scaling them is part of each.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import psutil

from fmnist.errors import RunError
from fmnist.networks.architectures import set_up_keras
from fmnist.processes import start_module
from fmnist.runs.library import find_run
from fmnist.runs.run import Run, check_run_file, find_keras_file

SIDES = ("keras", "litert", "classifier")
BATCH = 1_000  # images that are answered together
LEAST = 5  # times that a batch is answered


def measure_inference(run: str, times: int) -> dict[str, dict]:
    """Each of SIDES with the run of that name; `times`: answers to one image.

    A side has import_seconds, load_seconds (the network, until its first answer), bare_mib,
    memory_mib (resident before the import and after the first answer) and `ways`: name -> one
    (milliseconds for one image, each time) and images_per_second (batches of BATCH).

    Raises RunError where the run has not both networks, or a process failed.
    """
    chosen = find_run(run)
    find_keras_file(chosen)
    if not chosen.usable:
        raise RunError(f"The run {run!r} has no network to classify with ({chosen.state}).")
    return {side: _in_a_fresh_process(side, run, times) for side in SIDES}


def _in_a_fresh_process(side: str, run: str, times: int) -> dict:
    process = start_module(
        "fmnist.bench.infer",
        side,
        run,
        str(times),
        environment={"KERAS_BACKEND": "tensorflow"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            printed, errors = process.communicate()
        finally:
            process.kill()  # where it has not ended
    if process.returncode:
        last = errors.strip().splitlines()[-1:]
        raise RunError(f"Measuring {side} failed: {''.join(last) or process.returncode}")
    return json.loads(printed.splitlines()[-1])


# What follows runs in the process of one side.


def _side(side: str, run: Run, times: int) -> dict:
    from fmnist.data import load
    from fmnist.processes import quiet

    images = load("test").images[:BATCH]
    with quiet():
        bare = _resident()
        began = time.perf_counter()
        load_network = IMPORTS[side]()
        imported = time.perf_counter()
        ways = load_network(run)
        next(iter(ways.values()))(images[:1])
        loaded = time.perf_counter()
        memory = _resident()
        found = {name: _timed(name, way, images, times) for name, way in ways.items()}
    return {
        "import_seconds": round(imported - began, 2),
        "load_seconds": round(loaded - imported, 2),
        "bare_mib": bare,
        "memory_mib": memory,
        "ways": found,
    }


def _import_keras() -> Callable:
    set_up_keras()
    import keras
    import tensorflow as tf

    from fmnist.data import scale

    def load_network(run: Run) -> dict[str, Callable]:
        model = keras.models.load_model(find_keras_file(run), compile=False)
        compiled = tf.function(model)
        return {
            "model.predict": lambda x: model.predict(scale(x), batch_size=len(x), verbose=0),
            "model(x)": lambda x: model(scale(x)).numpy(),
            "tf.function(model)": lambda x: compiled(scale(x)).numpy(),
        }

    return load_network


def _import_litert() -> Callable:
    from ai_edge_litert.interpreter import Interpreter

    from fmnist.data import scale

    def load_network(run: Run) -> dict[str, Callable]:
        check_run_file(run, "model.tflite")
        interpreter = Interpreter(model_path=str(run.path / "model.tflite"), num_threads=2)
        interpreter.allocate_tensors()
        given = interpreter.get_input_details()[0]["index"]
        outputs = interpreter.get_output_details()
        output = next(one["index"] for one in outputs if one["shape"][-1] == 10)

        def one_by_one(x: np.ndarray) -> np.ndarray:
            answers = []
            for image in scale(x)[:, np.newaxis]:  # (1, 28, 28, 1)
                interpreter.set_tensor(given, image)
                interpreter.invoke()
                answers.append(interpreter.get_tensor(output))
            return np.concatenate(answers)

        return {"LiteRT, one by one": one_by_one}

    return load_network


def _import_classifier() -> Callable:
    from fmnist.inference.classifier import load_classifier

    def load_network(run: Run) -> dict[str, Callable]:
        classifier = load_classifier(run)  # imports LiteRT
        return {"LiteRT, the app's classifier": lambda x: classifier(x)[0]}

    return load_network


IMPORTS = {"keras": _import_keras, "litert": _import_litert, "classifier": _import_classifier}


def _timed(name: str, way: Callable, images: np.ndarray, times: int) -> dict:
    def seconds(x: np.ndarray) -> float:
        began = time.perf_counter()
        probabilities = way(x)
        took = time.perf_counter() - began
        assert probabilities.shape == (len(x), 10), (name, probabilities.shape)
        return took

    seconds(images[:1])  # the first answer to any number of images is slower
    one = [seconds(images[k % BATCH :][:1]) for k in range(times)]
    seconds(images)
    batches = [seconds(images) for _ in range(max(LEAST, times // 10))]
    return {
        "one": [round(1000 * value, 3) for value in one],
        "images_per_second": round(BATCH / statistics.median(batches)),
    }


def _resident() -> float:
    return round(psutil.Process().memory_info().rss / 2**20, 1)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    print(json.dumps(_side(sys.argv[1], find_run(sys.argv[2]), int(sys.argv[3]))))
