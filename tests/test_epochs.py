"""Predictions kept after each epoch: written, read back, and what they tell of one image."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from fmnist import epochs
from fmnist.epochs import confusion_at, keep, learning, read


def probabilities(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(10), 10_000)


def test_what_is_kept_is_read_within_half_a_byte(own_run):
    run = own_run()
    assert read(run).shape == (0, 10_000, 10)
    for seed in range(3):
        keep(run.path, seed + 1, probabilities(seed))
    kept = read(run)
    assert (kept.shape, kept.dtype) == ((3, 10_000, 10), np.uint8)
    for seed in range(3):
        assert abs(kept[seed] / 255 - probabilities(seed)).max() <= 0.5 / 255 + 1e-9


def test_half_an_epoch_is_none_and_is_written_over(own_run):
    run = own_run()
    keep(run.path, 1, probabilities(0))
    with (run.path / epochs.FILE).open("ab") as file:
        file.write(b"x" * 70_000)
    assert len(read(run)) == 1
    keep(run.path, 2, probabilities(1))
    assert (read(run)[1] == np.rint(probabilities(1) * 255)).all()
    assert len(read(run)) == 2


def test_another_number_of_images_is_refused(own_run):
    with pytest.raises(ValueError, match="10000"):
        keep(own_run().path, 1, np.zeros((5, 10)))


def test_an_epoch_that_is_learnt_again_replaces_itself_and_what_came_after(own_run):
    run = own_run()
    for epoch in (1, 2, 3):
        keep(run.path, epoch, probabilities(epoch))
    keep(run.path, 2, probabilities(7))
    kept = read(run)
    assert len(kept) == 2
    assert (kept[0] == np.rint(probabilities(1) * 255)).all()
    assert (kept[1] == np.rint(probabilities(7) * 255)).all()


def test_validation_images_have_their_own_file(own_run):
    run = own_run()
    keep(run.path, 1, probabilities(0)[:5_000], epochs.VALIDATION_FILE)
    assert read(run, epochs.VALIDATION_FILE).shape == (1, 5_000, 10)
    assert len(read(run)) == 0


def test_confusion_of_an_epoch_is_scikit_learns():
    rng = np.random.default_rng(0)
    kept, labels = rng.integers(0, 256, (500, 10), np.uint8), rng.integers(0, 10, 500, np.uint8)
    expected = confusion_matrix(labels, kept.argmax(axis=1), labels=range(10))
    np.testing.assert_array_equal(confusion_at(kept, labels), expected)


def test_learnt_and_forgotten_by_hand():
    labels = np.zeros(5, int)
    right = np.array(  # rows: epochs, columns: images
        [[0, 1, 0, 1, 0], [0, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 1, 1, 0, 1]]
    )
    kept = np.zeros((4, 5, 10), np.uint8)
    kept[..., 0] = np.where(right, 200, 20)
    kept[..., 1] = 100
    found = learning(kept, labels)
    assert found.learnt.tolist() == [0, 1, 2, 1, 4]
    assert found.forgotten.tolist() == [0, 0, 0, 2, 0]


def test_one_epoch_forgets_nothing():
    assert not learning(np.zeros((1, 4, 10), np.uint8), np.ones(4, int)).forgotten.any()
