"""Test-time augmentation, against plain NumPy."""

import numpy as np
import pytest

from fmnist.inference.tta import TTA_VARIANTS, make_tta_variants, predict_tta


class Counting:
    """A classifier whose answer is the brighter half: class 0 left, class 1 right."""

    def __call__(self, images):
        left = images[:, :, :14].mean(axis=(1, 2))
        right = images[:, :, 14:].mean(axis=(1, 2))
        share = (left + 1) / (left + right + 2)
        probabilities = np.zeros((len(images), 10), np.float32)
        probabilities[:, 0], probabilities[:, 1] = share, 1 - share
        return probabilities, np.stack([left, right], axis=1).astype(np.float32)


@pytest.fixture
def shoe():
    """Brighter on its left."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[8:20, 2:26] = 60
    pixels[8:20, 2:10] = 220
    return pixels


def test_every_variant_is_a_picture_of_the_same_kind(shoe):
    shown = make_tta_variants(shoe)
    assert shown.shape == (len(TTA_VARIANTS), 28, 28)
    assert shown.dtype == np.uint8
    assert np.array_equal(shown[0], shoe)
    names = list(TTA_VARIANTS)
    assert np.array_equal(shown[names.index("mirrored")], np.fliplr(shoe))


def test_negated_turns_the_fabric_and_not_the_background(shoe):
    negated = TTA_VARIANTS["negated"](shoe)
    assert (negated[shoe == 0] == 0).all()
    assert negated[10, 4] == 275 - 220
    assert negated[10, 20] == 275 - 60


def test_turning_keeps_the_garment(shoe):
    for name in ("turned left", "mirrored, turned right"):
        turned = TTA_VARIANTS[name](shoe)
        assert turned.any()
        assert abs(int((turned > 8).sum()) / int((shoe > 8).sum()) - 0.95**2) < 0.15


def test_the_prediction_is_the_mean_and_counts_who_agrees(shoe):
    dark = np.fliplr(shoe)
    predicted = predict_tta(
        np.stack([shoe, dark]), Counting(), ("as prepared", "mirrored", "turned left")
    )
    assert predicted.by_variant.shape == (2, 3, 10)
    np.testing.assert_allclose(predicted.probabilities, predicted.by_variant.mean(axis=1))
    assert predicted.features.shape == (2, 2)
    assert predicted.agreement[0] == pytest.approx(2 / 3)
    first = Counting()(make_tta_variants(shoe, ("as prepared", "mirrored", "turned left")))[0]
    np.testing.assert_allclose(predicted.by_variant[0], first)
