import numpy as np
from sklearn.preprocessing import StandardScaler

from fmnist.analysis.dataset.class_statistics import BINS, measure_classes
from fmnist.analysis.slices import GARMENT
from fmnist.data import load


def test_mean_and_spread_are_those_of_scikit_learn():
    part = load("test")
    found = measure_classes(part)
    for class_id in (0, 5, 9):
        scaler = StandardScaler().fit(part.images[part.labels == class_id].reshape(-1, 784) / 1.0)
        np.testing.assert_allclose(found.mean[class_id].ravel(), scaler.mean_, atol=1e-4)
        wanted = np.sqrt(scaler.var_)
        np.testing.assert_allclose(found.spread[class_id].ravel(), wanted, atol=1e-4)


def test_brightness_and_fill_are_those_of_the_pixels():
    part = load("test")
    found = measure_classes(part)
    for class_id in (1, 8):
        pixels = part.images[part.labels == class_id]
        garment = pixels[pixels > GARMENT]
        assert np.isclose(found.fill[class_id], len(garment) / pixels.size)
        assert np.isclose(found.brightness[class_id], garment.mean())
        counts, _ = np.histogram(garment, BINS, (0, 256))
        np.testing.assert_allclose(found.histogram[class_id], counts / len(garment))
