"""Changed test images: each does what it says, more of it with more strength, and is kept."""

import json
import shutil

import numpy as np
import pytest

from fmnist.analysis import corruptions
from fmnist.analysis.corruptions import (
    CORRUPTIONS,
    STRENGTHS,
    corrupt_images,
    measure_corruptions,
    read_corruptions,
    write_corruptions,
)
from fmnist.files import write_json
from fmnist.inference.classifier import load_classifier
from fmnist.runs.library import find_run


@pytest.fixture(scope="module")
def images(request):
    from fmnist.data import load

    return load("test").images[:200]


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_form_is_kept_and_the_images_untouched(images, name):
    before = images.copy()
    assert corrupt_images(images, name, 0) is images
    for strength in range(1, STRENGTHS + 1):
        changed = corrupt_images(images, name, strength)
        assert (changed.shape, changed.dtype) == (images.shape, np.uint8)
        assert np.array_equal(
            corrupt_images(images, name, strength), changed
        )  # the same every time
    assert np.array_equal(images, before)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_more_strength_is_further_away(images, name):
    away = [
        np.abs(corrupt_images(images, name, s).astype(int) - images).mean()
        for s in range(STRENGTHS + 1)
    ]
    assert away == sorted(away)
    assert away[0] == 0 < away[1]


def test_shift_moves_by_so_many_pixels():
    dot = np.zeros((50, 28, 28), np.uint8)
    dot[:, 14, 14] = 255
    for strength in range(1, STRENGTHS + 1):
        _, y, x = np.nonzero(corrupt_images(dot, "Shift", strength))
        assert {max(abs(a - 14), abs(b - 14)) for a, b in zip(y, x, strict=True)} == {strength}
        assert len({(a, b) for a, b in zip(y, x, strict=True)}) == 8


def test_ends_are_the_whole_change(images):
    assert np.array_equal(corrupt_images(images, "Mirror", 5), images[:, :, ::-1])
    assert np.array_equal(corrupt_images(images, "Inversion", 5), 255 - images)
    mirrored = (corrupt_images(images, "Mirror", 2) != images).any(axis=(1, 2))
    assert mirrored.sum() <= 80
    assert abs(corrupt_images(images, "Low contrast", 5).astype(float) - 0.2 * images).max() <= 0.5


@pytest.mark.parametrize("strength", [-1, 6])
def test_other_strengths_are_refused(images, strength):
    with pytest.raises(ValueError, match="from 0 to 5"):
        corrupt_images(images, "Blur", strength)


def test_measure_counts_what_the_network_says(images, test_part):
    classifier, labels = load_classifier(find_run("seed-cnn")), test_part.labels[:200]
    found = list(measure_corruptions(classifier, images, labels))
    assert len(found) == 1 + len(CORRUPTIONS) * STRENGTHS
    assert found[0][:2] == ("", 0)
    by = {(name, strength): count for name, strength, count in found}
    said, _ = classifier(255 - images)
    assert by["Inversion", 5] == (said.argmax(axis=1) == labels).sum()
    assert by["Blur", 5] < by["", 0]


def sheet_of(run):
    changed = [(name, s, 6 - s) for name in CORRUPTIONS for s in range(1, 6)]
    return write_corruptions(run, [("", 0, 180), *changed], 200)


def test_a_sheet_is_kept_with_its_network(own_run):
    run = own_run()
    assert read_corruptions(run) is None
    sheet = sheet_of(run)
    assert (sheet["n"], sheet["plain"]) == (200, 180)
    assert sheet["right"] == {name: [5, 4, 3, 2, 1] for name in CORRUPTIONS}
    assert read_corruptions(run) == sheet
    assert (run.path / "robustness.json").is_file()
    other = {**sheet, "network": "0" * 64}
    write_json(run.path / "robustness.json", other)
    assert read_corruptions(run) is None  # the run was trained anew


@pytest.mark.parametrize(
    "change",
    [
        {"plain": 201},
        {"plain": "many"},
        {"n": 0},
        {"n": "many"},
        {"n": None},
        {"right": {}},
        {"right": {name: [1] for name in CORRUPTIONS}},
        {"right": {name: [1, 2, 3, 4, -5] for name in CORRUPTIONS}},
    ],
)
def test_a_damaged_sheet_is_none(own_run, change):
    run = own_run()
    (run.path / "robustness.json").write_text(json.dumps({**sheet_of(run), **change}))
    assert read_corruptions(run) is None
    (run.path / "robustness.json").write_text("{")
    assert read_corruptions(run) is None


def test_a_sheet_of_no_network_is_none(own_run):
    run = own_run()
    sheet = sheet_of(run)
    del sheet["network"]
    (run.path / "robustness.json").write_text(json.dumps(sheet))
    assert read_corruptions(run) is None


def test_a_run_that_was_deleted_while_it_was_measured_stays_deleted(own_run):
    run = own_run()
    shutil.rmtree(run.path)
    sheet = sheet_of(run)
    assert not run.path.exists()
    assert read_corruptions(run) == sheet


def test_where_the_run_cannot_be_written_it_is_kept_beside(own_run, monkeypatch):
    run = own_run()
    real = write_json

    def refuse(path, value):
        if path.parent == run.path:
            raise PermissionError(13, "Permission denied")
        real(path, value)

    monkeypatch.setattr(corruptions, "write_json", refuse)
    sheet = sheet_of(run)
    assert not (run.path / "robustness.json").exists()
    assert read_corruptions(run) == sheet
