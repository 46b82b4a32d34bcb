"""Predictions kept after each epoch: written, read back, and what they tell of one image."""

import numpy as np
import pytest

from fmnist import epochs
from fmnist.epochs import append, learning, read


def probabilities(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(10), 10_000)


def test_what_is_kept_is_read_within_half_a_byte(own_run):
    run = own_run()
    assert read(run).shape == (0, 10_000, 10)
    for seed in range(3):
        append(run.path, probabilities(seed))
    kept = read(run)
    assert (kept.shape, kept.dtype) == ((3, 10_000, 10), np.uint8)
    for seed in range(3):
        assert abs(kept[seed] / 255 - probabilities(seed)).max() <= 0.5 / 255 + 1e-9


def test_half_an_epoch_is_none_and_is_written_over(own_run):
    run = own_run()
    append(run.path, probabilities(0))
    with (run.path / epochs.FILE).open("ab") as file:
        file.write(b"x" * 70_000)
    assert len(read(run)) == 1
    append(run.path, probabilities(1))
    assert (read(run)[1] == np.rint(probabilities(1) * 255)).all()
    assert len(read(run)) == 2


def test_another_number_of_images_is_refused(own_run):
    with pytest.raises(ValueError, match="10000"):
        append(own_run().path, np.zeros((5, 10)))


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
