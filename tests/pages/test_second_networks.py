"""Second networks on the Classify page: what each says, and the switch that leaves them out."""

import io
import zipfile

import pytest

from fmnist.images.options import PreprocessingOptions
from fmnist.inference.answer import answer_bytes
from fmnist.inference.classifier import load_classifier
from fmnist.inference.second_networks.networks import load_second_networks
from fmnist.runs.library import find_run
from tests.inference.test_answer import hazy, plain
from tests.pages.test_pages import open_app, texts, upload
from tests.pages.test_preprocessing_view import change, legs
from tests.pages.test_report_page import metrics

PHOTO = hazy(20)
PNG = "image/png"
HEADLINES = {"confident": "Confident", "unsure": "Not sure", "not_clothing": "Not clothing"}


def expected(picture=PHOTO, **how):
    return answer_bytes(picture, load_classifier(find_run("robust")), **how)


def guesses(alone, both):
    """What the table's rows say: of the second network, the share of what it takes for clothing."""
    second = both.second
    shares = (alone, alone.probability), (second, second.probability / second.clothing)
    return [f"{one.class_name} {share:.0%}" for one, share in (*shares, (both, both.probability))]


def test_a_photo_has_three_answers_and_a_switch():
    both, alone = expected(second=load_second_networks()), expected()
    app = upload(open_app(way="Upload"), ("shirt.png", PHOTO, PNG))
    (table,) = [one.value for one in app.markdown if "| Photo network |" in one.value]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]
    ]
    assert [row[1] for row in rows] == guesses(alone, both)
    assert [row[2] for row in rows] == [
        HEADLINES[alone.verdict].lower(),
        f"clothing: {both.second.clothing:.0%}",
        HEADLINES[both.verdict].lower(),
    ]
    assert HEADLINES[both.verdict] in metrics(app)
    assert (both.verdict == "unsure") == ("I can't tell: this doesn't look like" in texts(app))

    app.toggle(key="second_network_asked").set_value(False).run()
    assert "Photo network" not in texts(app)
    assert HEADLINES[alone.verdict] in metrics(app)

    # it stays off where another way to bring a picture was looked at meanwhile
    for way in ("Draw", "Upload"):
        app.segmented_control(key="way").set_value(way).run()
    assert app.toggle(key="second_network_asked").value is False


def test_a_drawing_is_shown_to_the_drawing_network():
    both, alone = expected(plain(), second=load_second_networks()), expected(plain())
    app = upload(open_app(way="Upload"), ("legs.png", plain(), PNG))
    (table,) = [one.value for one in app.markdown if "| Drawing network |" in one.value]
    assert [line.split("|")[2].strip() for line in table.splitlines()[2:]] == guesses(alone, both)
    assert f"clothing: {both.second.clothing:.0%}" in table
    assert "Photo network" not in texts(app)
    assert HEADLINES[both.verdict] in metrics(app)

    app.toggle(key="second_network_asked").set_value(False).run()
    assert "Drawing network" not in texts(app)
    assert HEADLINES[alone.verdict] in metrics(app)


def test_a_score_has_a_column_for_the_fashion_mnist_network_alone():
    pictures = [hazy(seed) for seed in (20, 21, 22)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for index, picture in enumerate(pictures):
            file.writestr(f"0_tshirt/{index}.png", picture)
    app = upload(open_app(way="Upload"), ("shirts.zip", buffer.getvalue(), "application/zip"))
    by_class = next(frame.value for frame in app.dataframe if "Class" in frame.value)
    together, alone = (
        [one.class_id == 0 and one.verdict != "not_clothing" for one in answers]
        for answers in (
            [expected(picture, second=load_second_networks()) for picture in pictures],
            [expected(picture) for picture in pictures],
        )
    )
    assert list(by_class["Share"]) == pytest.approx([100 * sum(together) / 3])
    assert list(by_class["Alone"]) == pytest.approx([100 * sum(alone) / 3])
    assert "right with a second network?" in app.header[0].value

    app.toggle(key="second_network_asked").set_value(False).run()
    by_class = next(frame.value for frame in app.dataframe if "Class" in frame.value)
    assert list(by_class["Share"]) == pytest.approx([100 * sum(alone) / 3])
    assert "Alone" not in by_class
    assert app.header[0].value.endswith("get right?")


def test_other_options_are_compared_without_the_network_that_one_of_them_leaves_out():
    app = change(legs(PHOTO), "method", "resize")
    options = PreprocessingOptions(method="resize")
    before, after = expected(), expected(options=options, second=load_second_networks())
    assert after.second is None
    assert f"Before, automatic] {before.class_name} {before.probability:.1%}" in texts(app)
    assert f"After, by hand] {after.class_name} {after.probability:.1%}" in texts(app)
    both = expected(second=load_second_networks())
    mirrored = change(legs(PHOTO), "mirror", True)
    assert f"Before, automatic] {both.class_name} {both.probability:.1%}" in texts(mirrored)


def test_why_shows_what_each_network_looks_at():
    app = upload(open_app(way="Upload"), ("shirt.png", PHOTO, PNG))
    app.session_state["upload-why"] = True
    app.run()
    assert not app.exception
    second = expected(second=load_second_networks()).second
    (word, share), *_ = second.names
    assert f"In its own words: {word} {share:.0%}" in texts(app)
    both = ("**The photo network**", "**The Fashion-MNIST network**")
    assert all(words in texts(app) for words in both)
    (box,) = (one for one in app.selectbox if one.label == "Highlight the pixels that support")
    assert box.value == expected(second=load_second_networks()).class_id
    app.toggle(key="second_network_asked").set_value(False).run()
    assert not any(words in texts(app) for words in both)
    app = upload(open_app(way="Upload"), ("legs.png", plain(), PNG))  # a drawing
    app.session_state["upload-why"] = True
    app.run()
    assert "Highlight the pixels that support" in [one.label for one in app.selectbox]
    assert not any(words in texts(app) for words in both)
