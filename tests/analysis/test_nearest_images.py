"""What is near what: against distances computed one by one."""

import numpy as np
import pytest

from fmnist.analysis.neighbours import NearestImages


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return 1 - float(a @ b) / float(np.linalg.norm(a) * np.linalg.norm(b))


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(0).random((60, 12), np.float32)


def test_nearest_is_the_smallest_angle_among_those_allowed(features):
    relations = NearestImages(features)
    among = np.random.default_rng(1).random(60) < 0.5
    for index in range(60):
        expected = sorted(
            (cosine(features[index], features[other]), other)
            for other in np.flatnonzero(among)
            if other != index
        )[:3]
        found, distances = relations.nearest(index, among, 3)
        assert found.tolist() == [other for _, other in expected]
        assert distances == pytest.approx([distance for distance, _ in expected], abs=1e-5)


def test_fewer_than_wanted_are_all_there_are(features):
    among = np.zeros(60, bool)
    among[[4, 7]] = True
    found, _ = NearestImages(features).nearest(4, among, 5)
    assert found.tolist() == [7]
    assert len(NearestImages(features).nearest(4, np.zeros(60, bool))[0]) == 0


def test_an_image_without_direction_is_no_nan():
    features = np.zeros((3, 4), np.float32)
    _, distances = NearestImages(features).nearest(0, np.ones(3, bool), 2)
    assert distances.tolist() == [1, 1]
