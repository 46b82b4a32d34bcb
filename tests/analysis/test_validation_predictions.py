"""What a learning network predicts for the validation images, and the panel that shows it."""

import itertools
import os

import numpy as np
from sklearn.metrics import confusion_matrix

from fmnist.analysis.validation_predictions import (
    EPOCH_BYTES,
    MAX_EPOCHS,
    SelectedPredictions,
    find_version,
    load_newest,
    load_selected,
    select_images,
)
from fmnist.charts.panels import render_validation_panel
from fmnist.data import CLASS_NAMES
from fmnist.metrics.report import count_confusions
from fmnist.runs.predictions import (
    VALIDATION_EPOCHS_FILE,
    save_epoch_predictions,
)
from tests.conftest import load_epoch_predictions


def said(seed):
    return np.random.default_rng(seed).dirichlet(np.ones(10), 5_000)


def test_newest_answers_are_those_that_were_kept(own_run):
    run = own_run()
    assert find_version(run).epochs == 0
    assert load_newest(run, 0) == []
    for number in (1, 2, 3):
        save_epoch_predictions(run.path, number, said(number), VALIDATION_EPOCHS_FILE)
    everything = load_epoch_predictions(run, VALIDATION_EPOCHS_FILE)
    version = find_version(run)
    assert version.epochs == 3
    np.testing.assert_array_equal(load_newest(run, 3), everything[1:])
    np.testing.assert_array_equal(load_newest(run, 1), everything[:1])
    # written anew, as a training does that goes on: the same length and yet something new
    os.utime(run.path / VALIDATION_EPOCHS_FILE, ns=(1, 1))
    assert find_version(run) != version


def test_panel_follows_two_images_of_each_class(own_run):
    run = own_run()
    labels = np.random.default_rng(0).integers(0, 10, 5_000)
    chosen = select_images(labels)
    assert labels[chosen].tolist() == np.repeat(np.arange(10), 2).tolist()
    for class_id in range(10):
        assert chosen[2 * class_id] == np.flatnonzero(labels == class_id)[0]
    for number in (1, 2, 3):
        save_epoch_predictions(run.path, number, said(number), VALIDATION_EPOCHS_FILE)
    everything = load_epoch_predictions(run, VALIDATION_EPOCHS_FILE)
    selected = load_selected(run, 3, chosen, 10)
    assert selected.epochs.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(selected.probabilities, everything[:, chosen])
    # the file was shortened meanwhile
    assert load_selected(run, 9, chosen, 10).epochs.tolist() == [1, 2, 3]
    (run.path / VALIDATION_EPOCHS_FILE).unlink()
    assert load_selected(run, 3, chosen, 10).probabilities.shape == (0, 20, 10)


def test_panel_of_many_epochs_is_thinned_and_those_shown_stay(own_run):
    run = own_run()
    size = EPOCH_BYTES
    with (run.path / VALIDATION_EPOCHS_FILE).open("wb") as file:
        file.truncate(100 * size)  # sparse
    shown = [load_selected(run, n, np.arange(2), 100).epochs.tolist() for n in range(1, 101)]
    assert shown[0] == [1]
    assert all(each[-1] == at for at, each in enumerate(shown, 1))
    assert max(map(len, shown)) <= MAX_EPOCHS
    for earlier, later in itertools.pairwise(shown):
        assert set(earlier[:-1]) <= set(later)


def test_confusion_of_the_newest_epoch(own_run):
    run = own_run()
    save_epoch_predictions(run.path, 1, said(0), VALIDATION_EPOCHS_FILE)
    labels = np.random.default_rng(1).integers(0, 10, 5_000)
    (newest,) = load_newest(run, 1)
    expected = confusion_matrix(labels, (said(0) * 255).round().argmax(axis=1), labels=range(10))
    np.testing.assert_array_equal(count_confusions(labels, newest.argmax(axis=1)), expected)
    assert len(CLASS_NAMES) == len(expected)


def test_panel_in_html_says_what_was_answered():
    images = np.zeros((2, 28, 28), np.uint8)
    answers = np.zeros((2, 2, 10), np.uint8)
    answers[0, :, 4] = 204  # both were coats
    answers[1, 0, 4] = 153
    answers[1, 1, 6] = 255
    predictions = SelectedPredictions(np.array([1, 2]), answers)
    html = render_validation_panel(images, np.array([6, 6]), predictions, 10)
    first, second = html.split("<figure")[1:]
    assert 'class="wrong"' in first
    assert "✗</span> 60% Coat" in first
    assert 'aria-label="epoch 1: Coat 80%; epoch 2: Coat 60%"' in first
    assert "good" not in first
    assert 'class="right"' in second
    assert "✓</span> 100%" in second
    assert second.count('class="good"') == 1
    # bars end at the planned epochs' share of the width
    assert "left:10.00%;width:8.50%" in second
    assert "height:100%" in second

    empty = SelectedPredictions(np.array([], int), np.zeros((0, 2, 10), np.uint8))
    assert render_validation_panel(images, np.array([6, 6]), empty, 10).count("no answer yet") == 2
