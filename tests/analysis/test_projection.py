"""The map: PCA against scikit-learn's own, clusters kept together, and damaged files made again."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from fmnist.analysis import projection
from fmnist.runs.library import runs_directory


@pytest.fixture(scope="module")
def clusters():
    """Five clusters in 20 dimensions: (300, 20) float32 and (300,) their numbers."""
    rng = np.random.default_rng(0)
    kinds = np.repeat(range(5), 60)
    return (rng.normal(0, 6, (5, 20))[kinds] + rng.normal(0, 1, (300, 20))).astype(
        np.float32
    ), kinds


def test_pca_keeps_the_most_variance(clusters):
    features, _ = clusters
    centred = features - features.mean(axis=0)
    values = np.linalg.svd(centred.astype(np.float64), compute_uv=False)
    assert (projection.project_pca(features) ** 2).sum(axis=0) == pytest.approx(
        values[:2] ** 2, rel=1e-4
    )


def test_a_network_with_one_feature_has_a_map(clusters):
    line = clusters[0][:, :1]
    places = projection.project_pca(line)
    assert (places.shape, places.dtype) == ((len(line), 2), np.float32)
    np.testing.assert_allclose(np.abs(places[:, 0]), np.abs(line[:, 0] - line.mean()), rtol=1e-4)
    assert not places[:, 1].any()
    assert projection.project_tsne(line).shape == (len(line), 2)


def test_the_map_keeps_neighbours_together_and_is_the_same_again(clusters):
    features, kinds = clusters
    places = projection.project_tsne(features)
    assert (places.shape, places.dtype) == ((300, 2), np.float32)
    assert places.min(axis=0) == pytest.approx([-1, -1])
    assert places.max(axis=0) == pytest.approx([1, 1])
    assert KNeighborsClassifier(5).fit(places, kinds).score(places, kinds) > 0.98
    assert np.allclose(projection.project_tsne(features), places, atol=1e-3)


def test_kept_and_read_back(own_run):
    run = own_run()
    assert projection.read_projection(run, 40) is None
    places = np.random.default_rng(0).random((40, 2), np.float32)
    projection.write_projection(run, places)
    assert np.array_equal(projection.read_projection(run, 40), places)
    assert projection.read_projection(run, 41) is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", b"x" * 2000])
def test_a_damaged_map_is_none(own_run, content):
    run = own_run()
    projection.write_projection(run, np.zeros((40, 2), np.float32))
    (file,) = (runs_directory() / ".cache" / "map").iterdir()
    file.write_bytes(content)
    assert projection.read_projection(run, 40) is None


def test_inside_agrees_with_a_square_and_a_triangle():
    places = np.random.default_rng(0).uniform(-1, 1, (500, 2))
    square = [[0.25, 0.25], [0.25, 0.75], [0.75, 0.75], [0.75, 0.25]]
    found = projection.points_inside(places, square)
    assert np.array_equal(found, (np.abs(places) < 0.5).all(axis=1))
    below = projection.points_inside(places, [[0, 0], [1, 0], [1, 1]])
    assert np.array_equal(below, places[:, 1] < places[:, 0])


@pytest.mark.parametrize(
    "nonsense",
    [
        *(None, "abc", 3, {"a": 1}),
        *([], [[0, 1]], [[0, 0], [1, 1]], [[0, 0], [1], [2, 2]]),
        *([[0, 0, 0]] * 4, [["a", "b"]] * 4, [[0, 0], [1, 0], [float("nan"), 1]]),
        [[10**400, 1], [0, 0], [1, 1]],
        [[0, 0]] * 20_000,
    ],
)
def test_what_is_no_lasso_encloses_nothing(nonsense):
    assert projection.points_inside(np.zeros((5, 2)), nonsense) is None
