"""Label issues, held to what cleanlab finds in the same predictions."""

import numpy as np
import pytest

from fmnist.analysis.label_issues import find_label_issues, normalized_margin
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions


@pytest.fixture(scope="module")
def stored():
    return load_predictions(find_run("seed-cnn")).astype(np.float64)


def test_normalised_margin_is_cleanlabs_on_another_scale(stored, test_part):
    from cleanlab.rank import get_normalized_margin_for_each_label  # seconds for who only collects

    expected = get_normalized_margin_for_each_label(test_part.labels.astype(int), stored)  # 0 to 1
    assert normalized_margin(stored, test_part.labels) == pytest.approx(2 * expected - 1, abs=1e-6)


def test_label_issues_are_those_that_cleanlab_finds(stored, test_part):
    from cleanlab import filter as cleanlab

    labels = test_part.labels.astype(int)
    expected = cleanlab.find_label_issues(labels, stored, filter_by="confident_learning", n_jobs=1)
    assert 0 < expected.sum() < 1000
    assert find_label_issues(stored, labels).tolist() == expected.tolist()


def test_a_class_that_no_label_names_accuses_nobody():
    probabilities = np.array([[0.2, 0.05, 0.75], [0.05, 0.2, 0.75]])
    assert not find_label_issues(probabilities, np.array([0, 1])).any()


def test_a_wrong_label_is_found_among_sure_answers(stored, test_part):
    labels = test_part.labels.copy()
    sure = np.flatnonzero((stored.argmax(axis=1) == labels) & (stored.max(axis=1) > 0.99))[:100]
    labels[sure] = (labels[sure] + 1) % 10
    assert find_label_issues(stored, labels)[sure].all()
    assert set(np.argsort(normalized_margin(stored, labels))[:80]) <= set(sure) | set(
        np.flatnonzero(normalized_margin(stored, labels) < -0.95)
    )
