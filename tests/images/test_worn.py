"""A garment off the person who wears it: a drawn person, whose every pixel is known."""

import cv2
import numpy as np
import pytest
from PIL import Image

from fmnist.images.options import PreprocessingOptions
from fmnist.images.pipeline import preprocess_image
from fmnist.images.worn import pose
from fmnist.images.worn.cutting import cut_garment

SKIN, HAIR, RED, GREEN, JEANS = (
    (222, 170, 140),
    (60, 40, 30),
    (180, 40, 40),
    (40, 120, 60),
    (40, 60, 110),
)
GARMENT, REST = 1, 2


def person(garment=RED, trousers=JEANS, sleeve=0.5, hem=300, ground=(245, 245, 245), skin=SKIN):
    """A photo of somebody, (480, 360, 3) uint8, and (480, 360) bool, which pixels are the garment.

    sleeve: how much of the arm it covers; hem: its last row; trousers: what is below it
    """
    photo = np.full((480, 360, 3), ground, np.uint8)
    parts = np.zeros((480, 360), np.uint8)

    def polygon(points, colour, part):
        for image, value in ((photo, colour), (parts, part)):
            cv2.fillPoly(image, [np.array(points, np.int32)], value)

    def limb(start, end, width, colour, part):
        for image, value in ((photo, colour), (parts, part)):
            cv2.line(image, start, end, value, width)

    limb((155, 290), (150, 479), 46, trousers, REST)
    limb((205, 290), (210, 479), 46, trousers, REST)
    polygon([(130, 270), (230, 270), (228, 320), (132, 320)], trousers, REST)
    for side in (-1, 1):
        shoulder, elbow, wrist = (180 + side * x for x in (58, 78, 80))
        limb((shoulder, 140), (elbow, 220), 30, skin, REST)
        limb((elbow, 220), (wrist, 305), 26, skin, REST)
        limb((wrist, 305), (wrist, 320), 26, skin, REST)
        end = round(shoulder + sleeve * (wrist - shoulder)), round(140 + sleeve * 155)
        limb((shoulder, 140), end, 38, garment, GARMENT)
    limb((180, 90), (180, 130), 34, skin, REST)
    front = [(122, 132), (160, 118), (180, 132), (200, 118), (238, 132), (230, hem), (130, hem)]
    polygon(front, garment, GARMENT)
    _head(photo, skin)
    parts[:118] = np.where(parts[:118] == GARMENT, GARMENT, 0)
    rng = np.random.default_rng(0)
    folds = 1 + 0.12 * np.sin(np.linspace(0, 9, 360))[np.newaxis, :, np.newaxis]
    shaded = photo * np.where((parts > 0)[..., np.newaxis], folds, 1)
    noisy = np.clip(shaded + rng.normal(0, 4, photo.shape), 0, 255).astype(np.uint8)
    return cv2.GaussianBlur(noisy, (3, 3), 0), parts == GARMENT


def _head(photo, skin):
    cv2.ellipse(photo, (180, 62), (33, 44), 0, 0, 360, HAIR, cv2.FILLED)
    cv2.ellipse(photo, (180, 70), (28, 37), 0, 0, 360, skin, cv2.FILLED)
    for x in (168, 192):
        cv2.ellipse(photo, (x, 64), (6, 3), 0, 0, 360, (255, 255, 255), cv2.FILLED)
        cv2.circle(photo, (x, 64), 3, (40, 30, 20), cv2.FILLED)
        cv2.line(photo, (x - 7, 55), (x + 7, 54), HAIR, 3)
    cv2.line(photo, (180, 66), (177, 80), (190, 135, 110), 2)
    cv2.ellipse(photo, (180, 91), (10, 4), 0, 0, 180, (170, 70, 70), cv2.FILLED)


WORN = {
    "short sleeves": {},
    "long sleeves": {"sleeve": 1.0},
    "another colour": {"garment": GREEN},
    "a dress and bare legs": {"hem": 420, "trousers": SKIN},
    "dark skin": {"skin": (120, 80, 60)},
    "a grey wall": {"ground": (200, 205, 210)},
}


@pytest.mark.parametrize("how", WORN.values(), ids=WORN)
def test_of_a_person_the_garment_is_left(how):
    photo, garment = person(**how)
    mask = cut_garment(photo)
    assert (mask & garment).sum() / (mask | garment).sum() > 0.93


def test_where_the_throat_was_is_no_hole():
    photo, garment = person()
    mask = cut_garment(photo)
    collar = np.s_[122:132, 160:201]  # between the tips of the collar
    assert not garment[collar].all()
    assert mask[collar].all()


def test_a_smaller_part_of_the_picture_gives_the_same_part():
    photo, _ = person()
    wide = cv2.copyMakeBorder(photo, 30, 10, 200, 100, cv2.BORDER_CONSTANT, value=(245, 245, 245))
    moved = cut_garment(wide)[30:-10, 200:-100]
    still = cut_garment(photo)
    assert (moved & still).sum() / (moved | still).sum() > 0.95


def test_the_joints_are_where_they_were_drawn():
    joints = pose.find_pose(person()[0]).joints
    drawn = {pose.NOSE: (178, 78), pose.LEFT_SHOULDER: (238, 140), pose.RIGHT_SHOULDER: (122, 140)}
    for joint, place in drawn.items():
        assert np.linalg.norm(joints[joint] - place) < 20


def test_a_garment_alone_is_on_nobody():
    photo, garment = person()
    photo[~garment] = 245
    assert cut_garment(photo) is None
    assert cut_garment(np.random.default_rng(0).integers(0, 256, (300, 200, 3), np.uint8)) is None


def test_the_pipeline_takes_the_garment_only():
    photo, garment = person()
    found = preprocess_image(Image.fromarray(photo).convert("RGBA"))
    rows, columns = np.flatnonzero(garment.any(axis=1)), np.flatnonzero(garment.any(axis=0))
    drawn = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    assert (found.decided.segment, found.kind) == ("worn", "photo")
    assert np.abs(np.subtract(found.box, drawn)).max() <= 8
    by_hand = preprocess_image(
        Image.fromarray(photo).convert("RGBA"), PreprocessingOptions(segment="plain")
    )
    assert by_hand.box[3] == 480  # all of the person, down to the edge
