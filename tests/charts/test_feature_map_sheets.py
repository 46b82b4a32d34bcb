"""The sheets of filters and of what they find."""

import numpy as np

from fmnist.charts import feature_map_sheets
from fmnist.training.feature_maps import FeatureMaps


def test_tiles_stand_in_order_with_hard_edges():
    pictures = np.arange(5 * 28 * 28).reshape(5, 28, 28).astype(np.uint8)
    sheet = feature_map_sheets.tiles(pictures, ground=7, columns=3)
    step = 28 * 3 + feature_map_sheets.GAP
    assert sheet.shape == (2 * step - feature_map_sheets.GAP, 3 * step - feature_map_sheets.GAP)
    fifth = sheet[step : step + 84, step : step + 84]
    np.testing.assert_array_equal(fifth[1::3, 2::3], pictures[4])
    assert (sheet[84 : 84 + feature_map_sheets.GAP] == 7).all()


def test_sheets_of_feature_maps():
    filters = np.zeros((2, 3, 3), np.float32)
    filters[1, 0, 0], filters[1, 2, 2] = -2, 1
    activations = np.zeros((2, 14, 14), np.float32)
    activations[0, 0, 0], activations[1, 0, 0] = 4, 1
    maps = FeatureMaps(filters, activations)
    sheet = feature_map_sheets.filter_sheet(maps)
    assert set(np.unique(sheet[:84, :84])) == {128}  # a filter of nothing
    second = sheet[:84, 84 + feature_map_sheets.GAP :][:, :84]
    assert (second[0, 0], second[40, 40], second[83, 83]) == (28, 128, 178)
    found = feature_map_sheets.activation_sheet(maps)
    assert (found[0, 0], found[0, 84 + feature_map_sheets.GAP], found[50, 50]) == (255, 128, 0)
