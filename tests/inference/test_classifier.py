"""LiteRT against Keras and against the stored predictions, on all 10,000 test images."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fmnist.data import scale
from fmnist.errors import RunError
from fmnist.inference.classifier import load_classifier
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions
from fmnist.runs.run import read_run
from tests.conftest import SEED, run_python


@pytest.fixture(scope="module")
def classifier():
    return load_classifier(find_run("seed-cnn"))


@pytest.fixture(scope="module")
def answers(classifier, test_part):
    return classifier(test_part.images)


def test_agrees_with_the_stored_predictions(answers):
    stored = load_predictions(find_run("seed-cnn"))
    assert np.abs(answers[0] - stored).max() < 1e-4
    np.testing.assert_array_equal(answers[0].argmax(axis=1), stored.argmax(axis=1))


# Keras 3.15 reads a variable through an __array__ that NumPy 2.4 calls outdated
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.slow
def test_agrees_with_keras(answers, test_part):
    import keras

    model = keras.models.load_model(SEED / "model.keras", compile=False)
    both = keras.Model(model.inputs, [model.outputs[0], model.get_layer("features").output])
    batches = [both.predict_on_batch(scale(part)) for part in np.split(test_part.images, 20)]
    probabilities, features = (np.concatenate(each) for each in zip(*batches, strict=True))
    assert np.abs(answers[0] - probabilities).max() < 1e-4
    np.testing.assert_array_equal(answers[0].argmax(axis=1), probabilities.argmax(axis=1))
    np.testing.assert_allclose(answers[1], features, atol=1e-3)


def test_batches_of_any_size_agree(classifier, answers, test_part):
    for size in (1, 3, 101):
        probabilities, features = classifier(test_part.images[:size])
        np.testing.assert_allclose(probabilities, answers[0][:size], atol=1e-6)
        assert features.shape == (size, 256)
    assert classifier(test_part.images[:0])[0].shape == (0, 10)


def test_threads_do_not_mix_their_answers(classifier, answers, test_part):
    def one(index):
        size = 1 + index % 3
        return classifier(test_part.images[index : index + size])[0]

    with ThreadPoolExecutor(16) as pool:
        for index, probabilities in enumerate(pool.map(one, range(300))):
            np.testing.assert_allclose(
                probabilities, answers[0][index : index + len(probabilities)], atol=1e-6
            )


@pytest.mark.parametrize(
    "images",
    [np.zeros((28, 28), np.uint8), np.zeros((1, 28, 28)), np.zeros((1, 32, 32), np.uint8)],
)
def test_other_shapes_and_types_are_refused(classifier, images):
    with pytest.raises(ValueError, match="expected"):
        classifier(images)


def test_its_memory_is_known_about(test_part):
    classifier = load_classifier(find_run("seed-cnn"))
    classifier(test_part.images[:1])
    small = classifier.nbytes
    assert small > (SEED / "model.tflite").stat().st_size
    classifier(test_part.images[:100])
    most = classifier.nbytes
    assert most > small + 64 * 28 * 28 * 4 * 99  # the first layer's
    classifier(test_part.images[:1])
    assert classifier.nbytes == most  # it is not given back


IN_A_NEW_PROCESS = """
import numpy, psutil
from fmnist.inference.classifier import load_classifier
from fmnist.runs.library import find_run
before = psutil.Process().memory_info().rss
classifier = load_classifier(find_run("seed-cnn"))
classifier(numpy.zeros((100, 28, 28), "uint8"))
print(psutil.Process().memory_info().rss - before, classifier.nbytes)
"""


def test_its_memory_is_what_the_process_takes():
    out = run_python("-c", IN_A_NEW_PROCESS)  # this process may have what others gave back
    taken, known = map(int, out.stdout.split())
    assert 0.3 * taken < known < 3 * taken


def test_changed_network_is_refused_before_native_code_reads_it(own_run):
    run = own_run()
    (run.path / "model.tflite").write_bytes(b"TFL3" + bytes(1000))
    with pytest.raises(RunError, match=r"model\.tflite was changed"):
        load_classifier(run)


def test_file_that_is_no_network_is_refused(own_run):
    run = own_run(files={"model.tflite": "", "test.npz": ""})
    (run.path / "model.tflite").write_bytes(b"nonsense")
    info = json.loads((run.path / "run.json").read_text())
    from fmnist.files import sha256_of, write_json

    info["files"]["model.tflite"] = sha256_of(run.path / "model.tflite")
    write_json(run.path / "run.json", info)
    with pytest.raises(RunError, match="cannot be loaded"):
        load_classifier(read_run(run.path))


def test_run_without_a_network_says_its_state(own_run):
    with pytest.raises(RunError, match="stopped"):
        load_classifier(own_run(state="stopped", files={}))
