"""The examples are pictures that the app itself can read, and the zip file's labels are right."""

import io

import numpy as np
import pytest
from PIL import Image

from fmnist.collections import examples
from fmnist.collections.archives import Archive
from fmnist.inference.answer import answer_bytes
from fmnist.inference.classifier import load_classifier
from fmnist.inference.second_networks.networks import load_second_networks
from fmnist.runs.library import find_run


@pytest.mark.parametrize("which", range(len(examples.DRAWINGS)))
def test_a_drawing_is_white_on_black_and_the_drawings_count_round(which):
    drawing = examples.draw_example(which)
    image = Image.open(io.BytesIO(drawing))
    assert image.size == (280, 280)
    levels = np.asarray(image.convert("L"))
    assert levels[0].max() == 0
    assert 3_000 < (levels > 200).sum() < 20_000  # lines, not a filled shape
    assert examples.draw_example(which + len(examples.DRAWINGS)) == drawing
    assert examples.is_example(drawing)
    assert not examples.is_example(drawing + b"0")


def test_the_photo_is_green_on_brown_and_answered_with_confidence():
    file = examples.render_photo().getvalue()
    photo = Image.open(io.BytesIO(file))
    assert photo.format == "JPEG"
    red, green, _ = photo.getpixel((225, 300))
    assert green > red + 30
    red, green, blue = photo.getpixel((20, 20))
    assert red > green > blue
    # by the network and with the options that a visitor has at first
    answer = answer_bytes(file, load_classifier(find_run("robust")), second=load_second_networks())
    assert (answer.verdict, answer.class_name) == ("confident", "Dress")
    assert answer.second is not None


def test_the_zip_file_has_two_labelled_test_images_of_each_class(test_part):
    archive = Archive(examples.pack_test_images().getvalue())
    assert sorted(member.label_id for member in archive.members) == sorted([*range(10), *range(10)])
    for member in archive.members:
        index = int(member.name.removeprefix("test-").removesuffix(".png"))
        assert test_part.labels[index] == member.label_id
        pixels = np.asarray(Image.open(io.BytesIO(archive.read(member.name))))
        np.testing.assert_array_equal(pixels, test_part.images[index])


def test_the_mean_image_is_the_mean_of_its_class(test_part):
    pixels = np.asarray(Image.open(io.BytesIO(examples.mean_image(1))))
    assert pixels[14, 14] == int(test_part.images[test_part.labels == 1][:, 14, 14].mean())
