"""Pieces of learning and judging, against Keras and scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from fmnist.settings import TrainSettings
from fmnist.training.steps import (
    compile_model,
    encode_targets,
    evaluate_predictions,
    fit_epoch,
    predict_probabilities,
)

LABELS = np.uint8([0, 3, 9])


def test_judge_is_scikit_learns_accuracy_and_log_loss():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), 500)
    labels = rng.integers(0, 10, 500, np.uint8)
    found = evaluate_predictions(probabilities, labels)
    assert found["accuracy"] == metrics.accuracy_score(labels, probabilities.argmax(axis=1))
    expected = metrics.log_loss(labels, probabilities, labels=range(10))
    assert found["loss"] == pytest.approx(expected, rel=1e-4)
    assert (
        evaluate_predictions(np.eye(10, dtype=np.float32)[[1]], np.uint8([0]))["loss"] < 17
    )  # not infinite


def test_targets_are_labels_or_one_hot():
    assert encode_targets(LABELS, TrainSettings()) is LABELS
    one_hot = encode_targets(LABELS, TrainSettings(label_smoothing=0.1))
    assert one_hot.dtype == np.float32
    np.testing.assert_array_equal(one_hot.argmax(axis=1), LABELS)
    np.testing.assert_array_equal(one_hot.sum(axis=1), 1)


@pytest.fixture(scope="module")
def some(test_part):
    return test_part.images[:96], test_part.labels[:96]


def new_model(settings):
    import keras

    from fmnist.networks.architectures import NETWORKS

    keras.utils.set_random_seed(settings.seed)
    model = NETWORKS[settings.network].builder()
    compile_model(model, settings)
    return model


# Keras 3.15 reads a variable through an __array__ that NumPy 2.4 calls outdated
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.slow
def test_an_epoch_of_the_specification_is_what_keras_fit_does(some):
    images, labels = some
    settings = TrainSettings(batch_size=32)
    ours, keras_own = new_model(settings), new_model(settings)
    values = fit_epoch(ours, images, labels, settings, 0)
    history = keras_own.fit(
        images[..., np.newaxis].astype(np.float32) / 255, labels, batch_size=32, shuffle=False,
        verbose=0,
    ).history  # fmt: skip
    for mine, its in zip(ours.get_weights(), keras_own.get_weights(), strict=True):
        np.testing.assert_allclose(mine, its, atol=1e-5)
    assert values["accuracy"] == pytest.approx(history["accuracy"][0], abs=1e-6)
    assert values["loss"] == pytest.approx(history["loss"][0], rel=1e-4)


@pytest.mark.slow
def test_smoothing_is_keras_own_loss_and_plain_cross_entropy_is_shown(some):
    import keras

    images, labels = some
    settings = TrainSettings(network="quick", label_smoothing=0.2, batch_size=96)
    model = new_model(settings)
    x = images[..., np.newaxis].astype(np.float32) / 255
    said = model(x, training=True)  # batch normalisation as in training, before anything is learnt
    one_hot = keras.utils.to_categorical(labels, 10)
    # Szegedy et al., arXiv 1512.00567, section 7: a fifth is spread over all ten classes
    smoothed = -np.mean(np.sum((0.8 * one_hot + 0.02) * np.log(said), axis=1))
    plain = keras.losses.CategoricalCrossentropy()(one_hot, said)
    learnt_with = model.compute_loss(x, encode_targets(labels, settings), said)
    assert float(learnt_with) == pytest.approx(float(smoothed), rel=1e-4)
    shown = fit_epoch(model, images, labels, settings, 0)
    assert shown["loss"] == pytest.approx(float(plain), rel=1e-3)
    assert float(plain) != pytest.approx(float(smoothed), rel=1e-2)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(
    ("network", "mirrored", "shift"),
    [("cnn", True, 0), ("quick", True, 3), ("quick", False, 2), ("accurate", True, 2)],
)
def test_looking_again_averages_the_logits_of_all_looks(some, network, mirrored, shift, tmp_path):
    import keras

    from fmnist.networks.architectures import with_tta

    images, _ = some
    model = new_model(TrainSettings(network=network))
    again = with_tta(model, mirrored, shift)
    assert again.count_params() == model.count_params()
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

    # in NumPy, and by moving instead of cutting: black moves in
    looks = [images]
    for down in {-shift, shift} - {0}:
        for right in (-shift, shift):
            moved = np.zeros_like(images)
            rows, columns = (slice(max(0, by), 28 + min(0, by)) for by in (down, right))
            from_rows, from_columns = (slice(max(0, -by), 28 + min(0, -by)) for by in (down, right))
            moved[:, rows, columns] = images[:, from_rows, from_columns]
            looks.append(moved)
    assert len(looks) == (5 if shift else 1)
    if mirrored:
        looks += [look[:, :, ::-1] for look in looks]
    mean = np.exp(np.mean([np.log(predict_probabilities(model, look)) for look in looks], axis=0))
    said = predict_probabilities(again, images)
    np.testing.assert_allclose(said, mean / mean.sum(axis=1, keepdims=True), atol=1e-5)
    assert abs(predict_probabilities(model, images) - said).max() > 1e-4
    if mirrored:
        np.testing.assert_allclose(
            said, predict_probabilities(again, images[:, :, ::-1]), atol=1e-5
        )
    if mirrored and not shift:  # as a training judges its epochs
        np.testing.assert_allclose(
            said, predict_probabilities(model, images, tta_flip=True), atol=1e-5
        )

    # it is saved and read as any other network, safe mode included
    again.save(tmp_path / "again.keras")
    read = keras.models.load_model(tmp_path / "again.keras", compile=False)
    np.testing.assert_allclose(predict_probabilities(read, images), said, atol=1e-6)
    assert read.get_layer("features").output.shape[0] is None
