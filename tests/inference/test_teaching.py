"""What taught pictures do to answers, against the formula written out and cases by hand."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fmnist.data import BAG, COAT, NOT_CLOTHING, SHIRT, TSHIRT
from fmnist.images.pipeline import Preprocessed
from fmnist.inference.answer import Answer, answer_image, answer_in_words
from fmnist.inference.classifier import load_classifier
from fmnist.inference.second_networks.drawing_network import DrawingPrediction
from fmnist.inference.second_networks.photo_network import PhotoPrediction
from fmnist.inference.teaching import (
    ALPHA,
    BETA,
    leave_one_out,
    make_example,
    teach_answer,
)
from fmnist.inference.tta import TTAPrediction
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions


def answered(features, class_id=SHIRT, probability=0.55, kind="photo", photo=None, **how) -> Answer:
    """An answer whose probabilities are `probability` for one class, the rest for the others."""
    probabilities = np.full(10, (1 - probability) / 9, np.float32)
    probabilities[class_id] = probability
    features = np.asarray([features], np.float32)
    tta = TTAPrediction(("as prepared",), probabilities[None], features, np.ones(1), None)
    pixels = np.zeros((28, 28), np.uint8)
    answer = Answer("", "", tta=tta, preprocessed=Preprocessed(pixels, None, kind))
    if photo is not None:
        answer = replace(answer, second=PhotoPrediction(np.asarray([photo], np.float32)))
    return answer_in_words(how.get("verdict", "unsure"), probabilities, answer)


def test_it_is_the_formula_of_the_paper():
    own, other = np.array([3.0, 4, 0]), np.array([0.0, 2, 0])
    photo, other_photo = np.zeros(1000), np.zeros(1000)
    photo[:2], other_photo[:2] = [0.5, 0.5], [0.9, 0.1]
    answer = answered(own, photo=photo)
    example = make_example(answered(other, photo=other_photo), COAT)
    cosine = own @ other / np.linalg.norm(own) / np.linalg.norm(other)
    coefficient = np.sqrt(photo * other_photo).sum()  # Bhattacharyya's
    support = ALPHA * np.exp(-BETA * (1 - (cosine + coefficient) / 2))
    expected = answer.probabilities + support * (np.arange(10) == COAT)
    taught = teach_answer(answer, [example])
    np.testing.assert_allclose(taught.probabilities, expected / expected.sum(), rtol=1e-5)
    assert taught.untaught is answer
    assert taught.alone is answer


def test_what_was_taught_itself_is_answered_with_its_label():
    answer = answered([1, 0, 0])
    taught = teach_answer(answer, [make_example(answer, COAT)])
    assert (taught.class_id, taught.verdict) == (COAT, "confident")
    assert taught.to_dict()["untaught"]["class_id"] == SHIRT
    assert answer.to_dict()["untaught"] is None
    # unless it is left out, as in a score
    assert teach_answer(answer, [make_example(answer, COAT)], but_itself=True) is answer


def test_what_is_unlike_changes_nothing():
    answer = answered([1, 0, 0])
    assert teach_answer(answer, [make_example(answered([0, 1, 0]), COAT)] * 3) is answer
    assert teach_answer(answer, []) is answer
    refused = Answer("refused", "No picture.")
    assert make_example(refused, COAT) is None
    assert teach_answer(refused, [make_example(answer, COAT)]) is refused


def test_of_many_examples_of_a_class_the_three_nearest_count():
    answer = answered([1, 0, 0], class_id=SHIRT, probability=0.55)
    near = [make_example(answered([1, 0.1 * n, 0]), COAT) for n in (3, 4, 5)]
    far = [make_example(answered([1, 2, 0]), COAT)] * 200  # each 0.012
    bags = [make_example(answered([1, 0.6, 0]), BAG)]
    taught = teach_answer(answer, [*far, *bags, *near])
    cosine = [1 / np.hypot(1, tall) for tall in (0.3, 0.4, 0.5, 0.6)]
    affinity = ALPHA * np.exp(-BETA * (1 - np.array(cosine)))
    expected = answer.probabilities.copy()
    expected[COAT] += affinity[:3].sum()
    expected[BAG] += affinity[3]
    np.testing.assert_allclose(taught.probabilities, expected / expected.sum(), rtol=1e-5)
    assert teach_answer(answer, far) is answer
    none = [replace(example, label_id=NOT_CLOTHING) for example in far]
    assert teach_answer(answer, none) is answer


def test_photos_and_drawings_teach_their_own():
    drawing = answered([1, 0, 0], kind="drawing")
    photo = answered([1, 0, 0])
    asked = answered([1, 0, 0], photo=np.full(1000, 0.001))
    # an enlarged digit: no drawing by its pixels, but the drawing network's
    digit = replace(photo, second=DrawingPrediction(np.eye(11)[10], np.ones(5, np.float32)))
    for answer in (drawing, photo, asked, digit):
        for other in (drawing, photo, asked, digit):
            taught = teach_answer(answer, [make_example(other, COAT)])
            assert (taught is not answer) == (other is answer)


def test_not_clothing_is_taught_and_unlearnt():
    answer = answered([1, 0, 0])
    taught = teach_answer(answer, [make_example(answer, NOT_CLOTHING)])
    assert taught.verdict == "not_clothing"
    rejected = answered([1, 0, 0], verdict="not_clothing")
    taught = teach_answer(rejected, [make_example(answer, COAT)])
    assert (taught.class_id, taught.verdict) == (COAT, "confident")
    little = teach_answer(rejected, [make_example(answered([0.9, 0.5, 0]), COAT)])
    assert little.verdict == "not_clothing"  # a little like a coat is not enough


def test_what_is_like_no_clothing_is_not_confident():
    answer = answered([1, 0, 0], verdict="confident", probability=0.95)
    nearly = make_example(answered([1, 0.2, 0]), NOT_CLOTHING)
    assert teach_answer(answer, [nearly]).verdict == "unsure"
    far = make_example(answered([0.7, 0.7, 0]), NOT_CLOTHING)
    assert teach_answer(answer, [far]).verdict == "confident"


def test_leave_one_out_counts_each_without_itself():
    alike = [answered([1, 0.1 * n, 0]) for n in range(3)]
    lonely = answered([0, 0, 1])
    labels = [COAT, COAT, COAT, COAT]
    assert leave_one_out([*alike, lonely], labels) == (4, 0, 3)
    assert leave_one_out([Answer("refused", ""), lonely], [COAT, SHIRT]) == (1, 1, 1)
    assert leave_one_out([], []) == (0, 0, 0)


def test_images_of_the_dataset_neither_teach_nor_are_taught(classifier, test_part):
    def answer(pixels):
        return answer_image(Image.fromarray(pixels).convert("RGBA"), classifier)

    image = test_part.images[0]
    assert make_example(answer(image), COAT) is None
    large = make_example(answer(image.repeat(10, axis=0).repeat(10, axis=1)), COAT)
    assert large.label_id == COAT
    in_a_corner = np.flatnonzero(test_part.images[:, ::27, ::27].any(axis=(1, 2)))
    assert len(in_a_corner) == 77  # trimmed and scaled, as they do not begin on black
    for pixels in test_part.images[[*range(50), *in_a_corner]]:
        before = answer(pixels)
        assert teach_answer(before, [large, replace(large, drawn=False)]) is before


@pytest.fixture(scope="module")
def classifier():
    return load_classifier(find_run("robust"))


def test_three_wrong_shirts_put_a_fourth_right(classifier, test_part):
    said = load_predictions(find_run("robust")).argmax(axis=1)  # of the smaller pictures
    shirts = np.flatnonzero((test_part.labels == SHIRT) & (said == TSHIRT))[:40]
    answers = [
        answer_image(
            Image.fromarray(test_part.images[at]).resize((280, 280)).convert("RGBA"), classifier
        )
        for at in shirts
    ]
    wrong = [answer for answer in answers if answer.class_id == TSHIRT]
    assert len(wrong) > 8
    shares = []
    for seed in range(20):  # it depends on the three
        order = np.random.default_rng(seed).permutation(len(wrong))
        examples = [make_example(wrong[at], SHIRT) for at in order[:3]]
        taught = [teach_answer(wrong[at], examples) for at in order[3:]]
        shares.append(np.mean([answer.class_id == SHIRT for answer in taught]))
    assert np.mean(shares) >= 0.5
