"""The drawing network: what it says of drawings, both networks together, and when it is asked."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

from fmnist.augmentation.outliers import make_drawn_outliers
from fmnist.augmentation.sketches import draw_sketches
from fmnist.data import BAG, BOOT, COAT, load
from fmnist.errors import RunError
from fmnist.images.options import PreprocessingOptions
from fmnist.inference.answer import answer_bytes
from fmnist.inference.classifier import load_classifier
from fmnist.inference.second_networks.drawing_network import (
    FASHION_MNIST_SHARE,
    FILE,
    LEAST_CLOTHING,
    SURE_CLOTHING,
    THRESHOLD,
    DrawingNetwork,
    DrawingPrediction,
)
from fmnist.inference.second_networks.networks import SecondNetworks, load_second_networks
from fmnist.inference.tta import make_tta_variants
from fmnist.networks.litert import LiteRT
from fmnist.runs.library import find_run
from tests.inference.test_answer import PICTURES, png


def said(clothing=1.0, **shares):
    """A prediction with so much of the ten, divided as given by "c" and the class."""
    found = np.zeros(11, np.float32)
    for name, share in shares.items():
        found[int(name.removeprefix("c"))] = share * clothing
    found[10] = 1 - clothing
    return DrawingPrediction(found, np.array([3, 4], np.float32))


def of(class_id, probability=0.9):
    """What the Fashion-MNIST network says that takes something for this class."""
    found = np.full(10, (1 - probability) / 9, np.float32)
    found[class_id] = probability
    return found


def drawing(*box):
    image = Image.new("L", (300, 300))
    image.paste(255, box or (100, 40, 200, 260))
    return png(image)


@pytest.fixture(scope="module")
def classifier():
    return load_classifier(find_run("robust"))


def test_it_is_right_about_drawn_test_images_and_knows_what_is_no_garment():
    test, rng, network = load("test"), np.random.default_rng(0), load_second_networks().drawing
    drawn = draw_sketches(test.images[:300], test.labels[:300], rng)
    right = [
        network(pixels).class_id == label
        for pixels, label in zip(drawn, test.labels[:300], strict=True)
    ]
    assert np.mean(right) > 0.85
    clothing = [network(pixels).clothing for pixels in drawn]
    others = [network(pixels).clothing for pixels in make_drawn_outliers(300, rng)]
    assert np.mean(np.array(clothing) >= LEAST_CLOTHING) > 0.97
    assert np.mean(np.array(others) < SURE_CLOTHING) > 0.9


def test_it_says_the_mean_over_the_variants():
    """Against LiteRT's interpreter, one variant at a time."""
    pixels = draw_sketches(*(part[:1] for part in _test()), np.random.default_rng(1))[0]
    interpreter = LiteRT(FILE, "it").interpreter
    names = ("as prepared", "mirrored", "turned left", "mirrored, turned right")
    each = []
    for variant in make_tta_variants(pixels, names):
        scaled = variant[np.newaxis, ..., np.newaxis].astype(np.float32) / 255
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], scaled)
        interpreter.invoke()
        tensors = [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]
        each.append(next(values[0] for values in tensors if values.shape == (1, 11)))
    found = DrawingNetwork()(pixels)
    np.testing.assert_allclose(found.shares, np.mean(each, axis=0), atol=1e-5)
    assert found.probabilities.sum() == pytest.approx(found.clothing, abs=1e-5)
    assert np.linalg.norm(found.direction) == pytest.approx(1, abs=1e-5)


def _test():
    test = load("test")
    return test.images, test.labels


def test_threads_do_not_mix_their_answers():
    drawn = draw_sketches(*(part[:4] for part in _test()), np.random.default_rng(2))
    network, found = DrawingNetwork(), {}
    expected = [DrawingNetwork()(pixels).shares for pixels in drawn]
    threads = [
        threading.Thread(target=lambda at=at: found.update({at: network(drawn[at]).shares}))
        for at in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for at in range(4):
        np.testing.assert_allclose(found[at], expected[at], atol=1e-6)


def test_a_damaged_file_is_one_sentence(tmp_path):
    (tmp_path / "model.tflite").write_bytes(b"no network")
    for path in (tmp_path / "model.tflite", tmp_path / "gone.tflite"):
        with pytest.raises(RunError, match="cannot be loaded"):
            DrawingNetwork(path)(np.zeros((28, 28), np.uint8))


def test_both_together_as_by_hand():
    rng = np.random.default_rng(1)
    for _ in range(20):
        logits = rng.normal(0, 2, 11)
        drawn = DrawingPrediction(softmax(logits).astype(np.float32), np.ones(2, np.float32))
        own = rng.dirichlet(np.full(10, 0.3)).astype(np.float32)
        # without the eleventh class the others are the softmax of their own logits
        expected = FASHION_MNIST_SHARE * own + (1 - FASHION_MNIST_SHARE) * softmax(logits[:10])
        np.testing.assert_allclose(drawn.combine(own), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("second", "own", "verdict"),
    [
        (said(c9=1), of(BOOT), "confident"),
        (said(c9=1), of(BAG), "unsure"),  # the other one sees something else
        (said(c9=0.6, c4=0.4), of(BOOT), "unsure"),
        (said(SURE_CLOTHING + 0.01, c9=1), of(BOOT), "confident"),
        (said(SURE_CLOTHING - 0.01, c9=1), of(BOOT), "unsure"),
        (said(LEAST_CLOTHING + 0.01, c9=1), of(BOOT), "unsure"),
        (said(LEAST_CLOTHING - 0.01, c9=1), of(BOOT), "not_clothing"),
    ],
)
def test_verdicts_of_both(second, own, verdict):
    for alone in ("confident", "unsure", "not_clothing"):
        assert second.decide(own, alone) == verdict
    assert (second.combine(own).max() >= THRESHOLD) or verdict != "confident"


# --- in an answer


def recorder(asked):
    """A drawing network that remembers what it was shown and sees coats everywhere."""

    def say(pixels):
        asked.append(pixels)
        return said(0.9, c4=1)

    return SecondNetworks(drawing=say)


def test_a_drawing_is_shown_to_both(classifier):
    asked = []
    answer = answer_bytes(drawing(), classifier, second=recorder(asked))
    alone = answer_bytes(drawing(), classifier)
    assert len(asked) == 1
    np.testing.assert_array_equal(asked[0], alone.pixels)
    assert answer.alone.to_dict() == alone.to_dict()
    together = 0.3 * alone.probabilities
    together[COAT] += 0.7
    np.testing.assert_allclose(answer.probabilities, together, atol=1e-5)
    assert answer.class_id == COAT
    written = answer.to_dict()
    assert written["drawing"]["class_name"] == "Coat"
    assert written["drawing"]["clothing"] == pytest.approx(0.9)
    assert written["photo"] is None
    assert written["fashion_mnist"]["class_name"] == alone.class_name
    assert answer.verdict == "unsure"  # 0.7 of the drawing network's certainty
    assert "A closed shape" in answer.tip
    for class_id, word in ((BOOT, "One shoe"), (BAG, "The bag")):
        assert word in replace(answer, class_id=class_id).tip
    assert replace(answer, verdict="confident").tip is None


@pytest.mark.parametrize(
    ("picture", "options"),
    [
        (PICTURES[4], {}),  # a photo
        (drawing(), {"method": "resize"}),
        (drawing(), {"method": "published"}),
        (png(Image.new("RGB", (300, 300), "white")), {}),  # nothing found
        (b"no picture", {}),
    ],
    ids=["photo", "resize", "published", "empty", "refused"],
)
def test_it_is_not_asked(classifier, picture, options):
    asked = []
    how = PreprocessingOptions(**options)
    answer = answer_bytes(picture, classifier, how, recorder(asked))
    assert answer.second is None
    assert asked == []


def test_what_is_like_it_to_one_network_teaches_by_both(classifier):
    """The drawing network's features count as much as the other's."""
    from fmnist.inference.teaching import make_example, teach_answer

    first = answer_bytes(drawing(), classifier, second=load_second_networks())
    other = answer_bytes(drawing(98, 40, 204, 262), classifier, second=load_second_networks())
    example = make_example(first, BAG)
    np.testing.assert_array_equal(example.second, first.second.direction)
    taught = teach_answer(other, [example])
    assert taught.probabilities[BAG] > other.probabilities[BAG]
