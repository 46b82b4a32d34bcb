"""The Dataset page: the wall, one image with its like, classes, making, pairs and defects."""

import numpy as np
import pytest

from fmnist.analysis.dataset.catalogue import load_catalogue
from fmnist.analysis.dataset.duplicates import differing_labels, load_duplicate_pairs
from fmnist.analysis.label_issues import find_label_issues
from fmnist.data import CLASS_NAMES, load
from fmnist.images.decoding import decode_image
from fmnist.images.pipeline import preprocess_image
from fmnist.runs import library
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions
from pages.parts.dataset import making
from tests.pages.test_pages import open_app, texts

VIEWS = ("Browse", "Classes", "How they were made", "Near-duplicates", "Defects and source")


def page(data: str = "Browse", **query):
    return open_app("dataset", data=data, **query)


def sentence(app, begin: str) -> str:
    return next(m.value for m in app.markdown if m.value.startswith(begin))


def test_the_wall_shows_all_images_until_it_is_filtered():
    app = page()
    assert "**70,000** of 70,000 images" in texts(app)
    app.multiselect(key="dataset_class").set_value([5, 9])
    app.segmented_control(key="dataset_split").set_value("Validation").run()
    assert not app.exception
    assert "**1,000** of 70,000 images" in texts(app)


def test_an_image_in_the_address_is_shown_with_its_like():
    catalogue = load_catalogue()
    number = 60_042
    found, _ = catalogue.nearest(catalogue.take([number])[0], 9)
    label = catalogue.labels[number]
    same = int((catalogue.labels[found[1:]] == label).sum())
    app = page(image="test 42")
    words = texts(app)
    assert f"**Test 42**  \nLabel: **{CLASS_NAMES[label]}** ({label})" in words
    assert "Split: **Test**. For the final test" in words
    assert f"({same} of 8 have its label)" in words
    app.text_input(key="image").set_value("train 12").run()
    assert "Split: **Training**. A network learns from it." in texts(app)


def test_the_doubts_about_a_label_are_said():
    probabilities = load_predictions(find_run("seed-cnn"))
    suspects = np.flatnonzero(find_label_issues(probabilities, load("test").labels))
    answer = CLASS_NAMES[probabilities[suspects[0]].argmax()]
    app = page(image=f"test {suspects[0]}", run="seed-cnn")
    assert f"“The specification's CNN” says {answer}: a label issue" in texts(app)
    catalogue, pairs = load_catalogue(), load_duplicate_pairs()
    one, other = pairs.numbers[differing_labels(pairs, catalogue)][0]
    app.text_input(key="image").set_value(f"train {one}").run()
    assert f"is labelled {CLASS_NAMES[catalogue.labels[other]]}." in texts(app)
    trusted = next(n for n in range(100) if n not in suspects and not pairs.partners(60_000 + n))
    app.text_input(key="image").set_value(f"test {trusted}").run()
    assert "label?" not in texts(app)


@pytest.mark.parametrize("name", ["test 10000", "<script>", "é" * 3_000])
def test_a_name_without_an_image_is_one_sentence(name):
    app = page(image=name)
    (error,) = app.error
    assert error.value.startswith("There is no such image; write train 0 to train 59999")


def test_classes_have_their_numbers():
    app = page("Classes")
    table = app.dataframe[0].value
    assert list(table["class"]) == list(CLASS_NAMES)
    for split, count in (("Training", 5_500), ("Validation", 500), ("Test", 1_000)):
        assert (table[split] == count).all()
    train = load("train")
    inside = train.images[train.labels == 8] > 8
    assert np.isclose(table["fill"][8], inside.mean())


@pytest.mark.parametrize("example", making.EXAMPLES)
def test_the_seven_steps_are_shown_on_an_example(example):
    app = page("How they were made", dataset_example=example)
    titles = [m.value.split("**")[1] for m in app.markdown if m.value.startswith("**")]
    assert [title[0] for title in titles[:8]] == ["T", *"1234567"]


def test_the_shops_photo_ends_as_the_datasets_images_are():
    picture = decode_image(making.EXAMPLES["A shop's photo"]().getvalue())
    pixels = preprocess_image(picture, making.PUBLISHED).pixels
    rows, columns = (np.flatnonzero(pixels.max(axis=axis) > 4) for axis in (1, 0))
    # trimmed to 28 before rows are skipped, and a sleeve's tip may lie in those
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (26, 27, 28)
    assert pixels[::27, ::27].max() <= 2  # the shop's background is not quite white
    catalogue = load_catalogue()
    nearest = catalogue.labels[catalogue.nearest(pixels)[0]]
    assert np.bincount(nearest).argmax() == 0  # T-shirt


def test_pairs_are_counted_and_filtered():
    app = page("Near-duplicates")
    assert "**1,049 pairs** of images are nearly the same; none has the same pixels" in texts(app)
    assert "**158 of the 10,000 test images**" in texts(app)
    app.segmented_control(key="dataset_pairs").set_value("Two labels").run()
    assert not app.exception
    (one, *_) = [m for m in app.markdown if "48 pairs carry two" in m.value]
    assert one


def test_defects_name_their_sources_and_the_models_label_issues():
    app = page("Defects and source", run="seed-cnn")
    words = texts(app)
    for source in ("1906.08255", "1912.05283", "issues/44", "issues/166", "1708.07747", "MIT"):
        assert source in words
    probabilities = load_predictions(find_run("seed-cnn"))
    count = int(find_label_issues(probabilities, load("test").labels).sum())
    assert f"finds **{count} label issues** among the 10,000 test" in words


@pytest.mark.parametrize("view", VIEWS)
def test_without_the_files_each_view_says_one_sentence(view, monkeypatch, tmp_path):
    monkeypatch.setenv("FMNIST_DATA_DIR", str(tmp_path))
    app = page(view)
    (error,) = app.error
    assert "train-images-idx3-ubyte.gz is missing" in error.value
    assert str(tmp_path) not in error.value


@pytest.mark.parametrize("view", VIEWS)
def test_no_trained_network_is_needed(view, monkeypatch, tmp_path):
    monkeypatch.setattr(library, "SHIPPED_DIR", tmp_path / "none")
    app = page(view, image="test 0")
    assert not app.error
    assert "label?" not in texts(app)
