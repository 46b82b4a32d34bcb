"""Predictions kept after each epoch: written, read back, and what they tell of one image."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, recall_score

from fmnist.analysis.learning_dynamics import compute_course
from fmnist.charts.epoch_charts import (
    course_spec,
    course_table,
    path_spec,
    path_table,
)
from fmnist.runs.library import find_run
from fmnist.runs.predictions import (
    TEST_EPOCHS_FILE,
    VALIDATION_EPOCHS_FILE,
    count_epochs,
    load_epoch,
    load_image_epochs,
    load_predicted_classes,
    save_epoch_predictions,
)
from tests.conftest import load_epoch_predictions


def probabilities(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(10), 10_000)


def test_what_is_kept_is_read_within_half_a_byte(own_run):
    run = own_run()
    assert load_epoch_predictions(run).shape == (0, 10_000, 10)
    for seed in range(3):
        save_epoch_predictions(run.path, seed + 1, probabilities(seed))
    kept = load_epoch_predictions(run)
    assert (kept.shape, kept.dtype) == ((3, 10_000, 10), np.uint8)
    for seed in range(3):
        assert abs(kept[seed] / 255 - probabilities(seed)).max() <= 0.5 / 255 + 1e-9


def test_half_an_epoch_is_none_and_is_written_over(own_run):
    run = own_run()
    save_epoch_predictions(run.path, 1, probabilities(0))
    with (run.path / TEST_EPOCHS_FILE).open("ab") as file:
        file.write(b"x" * 70_000)
    assert len(load_epoch_predictions(run)) == 1
    save_epoch_predictions(run.path, 2, probabilities(1))
    assert (load_epoch_predictions(run)[1] == np.rint(probabilities(1) * 255)).all()
    assert len(load_epoch_predictions(run)) == 2


def test_another_number_of_images_is_refused(own_run):
    with pytest.raises(ValueError, match="10000"):
        save_epoch_predictions(own_run().path, 1, np.zeros((5, 10)))


def test_an_epoch_that_is_learnt_again_replaces_itself_and_what_came_after(own_run):
    run = own_run()
    for epoch in (1, 2, 3):
        save_epoch_predictions(run.path, epoch, probabilities(epoch))
    save_epoch_predictions(run.path, 2, probabilities(7))
    kept = load_epoch_predictions(run)
    assert len(kept) == 2
    assert (kept[0] == np.rint(probabilities(1) * 255)).all()
    assert (kept[1] == np.rint(probabilities(7) * 255)).all()


def test_validation_images_have_their_own_file(own_run):
    run = own_run()
    save_epoch_predictions(run.path, 1, probabilities(0)[:5_000], VALIDATION_EPOCHS_FILE)
    assert load_epoch_predictions(run, VALIDATION_EPOCHS_FILE).shape == (1, 5_000, 10)
    assert len(load_epoch_predictions(run)) == 0


def test_learnt_and_forgotten_by_hand():
    labels = np.zeros(5, int)
    right = np.array(  # rows: epochs, columns: images
        [[0, 1, 0, 1, 0], [0, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 1, 1, 0, 1]]
    )
    found = compute_course(1 - right, labels)
    assert found.learnt.tolist() == [0, 1, 2, 1, 4]
    assert found.forgotten.tolist() == [0, 0, 0, 2, 0]


def test_one_epoch_forgets_nothing():
    assert not compute_course(np.zeros((1, 4), int), np.ones(4, int)).forgotten.any()


def test_one_epoch_and_one_image_are_those_of_the_whole_file(own_run):
    run = own_run()
    assert (
        count_epochs(run),
        load_epoch(run, 1),
        len(load_image_epochs(run, 3)),
        len(load_predicted_classes(run)),
    ) == (0, None, 0, 0)
    for seed in range(3):
        save_epoch_predictions(run.path, seed + 1, probabilities(seed))
    whole = load_epoch_predictions(run)
    assert count_epochs(run) == 3
    for epoch in (1, 2, 3):
        np.testing.assert_array_equal(load_epoch(run, epoch), whole[epoch - 1])
    assert load_epoch(run, 4) is None
    assert load_epoch(run, 0) is None
    for index in (0, 17, 9_999):
        np.testing.assert_array_equal(load_image_epochs(run, index), whole[:, index])
    np.testing.assert_array_equal(load_predicted_classes(run), whole.argmax(axis=2))
    for index in (-1, 10_000):
        with pytest.raises(IndexError):
            load_image_epochs(run, index)


def test_torn_and_odd_files_are_as_many_epochs_as_are_whole(own_run):
    run = own_run()
    save_epoch_predictions(run.path, 1, probabilities(0))
    with (run.path / TEST_EPOCHS_FILE).open("ab") as file:
        file.write(b"x" * 99_999)
    assert (
        count_epochs(run),
        load_epoch(run, 2),
        len(load_image_epochs(run, 0)),
        len(load_predicted_classes(run)),
    ) == (1, None, 1, 1)
    with (run.path / TEST_EPOCHS_FILE).open("ab") as file:
        file.truncate(2_000 * 100_000)  # more than a run can have; sparse, so it takes no room
    assert count_epochs(run) == 1_000
    (run.path / TEST_EPOCHS_FILE).unlink()
    (run.path / TEST_EPOCHS_FILE).mkdir()
    assert (
        load_epoch(run, 1),
        len(load_image_epochs(run, 0)),
        len(load_epoch_predictions(run)),
    ) == (None, 0, 0)
    assert len(load_predicted_classes(run)) == 0


def test_course_of_a_run_is_scikit_learns(test_part):
    run = find_run("seed-cnn")
    labels = test_part.labels
    said = load_predicted_classes(run)
    found = compute_course(said, labels)
    for epoch in range(len(said)):
        assert found.accuracy[epoch] == accuracy_score(labels, said[epoch])
        expected = recall_score(labels, said[epoch], average=None)
        np.testing.assert_allclose(found.recall[epoch], expected)
    # right after an epoch: all that was won so far and not lost again
    right = np.cumsum(found.won - found.lost)
    np.testing.assert_array_equal(right, np.rint(found.accuracy * 10_000))
    assert found.lost[0] == 0
    assert found.forgotten.sum() == found.lost.sum()
    assert (found.learnt == 1).sum() == found.won[0]


def test_charts_have_the_columns_of_their_tables():
    tables = [
        (course_spec(), course_table(np.linspace(0.5, 0.9, 4), 2)),
        (path_spec(), path_table(np.full((4, 10), 0.1), [3, 3, 5], 2)),
    ]
    for spec, table in tables:
        assert "data" not in spec
        fields = {
            channel["field"]
            for layer in spec["layer"]
            for channels in layer["encoding"].values()
            for channel in (channels if isinstance(channels, list) else [channels])
            if "field" in channel
        }
        assert fields <= set(table.columns)
    compute_course, load_image_epochs = (table for _, table in tables)
    assert compute_course["epoch"][compute_course["chosen"]].tolist() == [2]
    assert set(load_image_epochs["class"][load_image_epochs["named"]]) == {"Dress", "Sandal"}
    assert set(load_image_epochs["epoch"][load_image_epochs["chosen"]]) == {2}
