"""Where a person's joints are in a photo, by BlazePose (arXiv 2006.10204) in LiteRT form.

`pose_landmark_lite.tflite` is Google's, unchanged; its licence and origin lie beside it. It was
made for crops around one person, which product photos are.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from fmnist.images.segmentation import border_of
from fmnist.networks.litert import LiteRT

FILE = Path(__file__).parent / "pose_landmark_lite.tflite"
SIDE = 256
LEAST_PRESENCE = 0.9  # garments alone often get 0.5: they look like somebody

# of the 33 joints, those that are needed
NOSE, LEFT_EYE, RIGHT_EYE, LEFT_EAR, RIGHT_EAR, MOUTH_LEFT, MOUTH_RIGHT = 0, 2, 5, 7, 8, 9, 10
LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 11, 12, 23, 24


@dataclass(frozen=True)
class Pose:
    """A person in a photo.

    joints: (33, 2) float32, x and y in the photo's pixels; may lie outside of it
    visible: (33,) float32, the probability that a joint is in the photo and not hidden, 0..1
    person: (H, W) bool, where somebody is, roughly
    """

    joints: np.ndarray
    visible: np.ndarray
    person: np.ndarray


@cache
def load_pose_network(path: Path = FILE) -> LiteRT:
    """The network, loaded once. Raises RunError where the file cannot be used."""
    return LiteRT(path, "The pose network")


def find_pose(rgb: np.ndarray) -> Pose | None:
    """Find the joints of the person in (H, W, 3) uint8; None where there is surely none.

    Raises RunError where the network's file cannot be used.
    """
    height, width = rgb.shape[:2]
    scale = SIDE / max(height, width)
    down, across = max(1, round(height * scale)), max(1, round(width * scale))
    filtering = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(rgb, (across, down), interpolation=filtering)
    # the square around a photo has the colour that is usual along its edge
    square = np.full((SIDE, SIDE, 3), np.median(border_of(small), axis=0), np.uint8)
    top, left = (SIDE - down) // 2, (SIDE - across) // 2
    inside = np.s_[top : top + down, left : left + across]
    square[inside] = small
    network = load_pose_network()
    places = [network.outputs[name]["index"] for name in ("Identity", "Identity_1", "Identity_2")]
    found, presence, logits = network(square[np.newaxis] / np.float32(255), places)
    if presence.item() < LEAST_PRESENCE:
        return None
    found, logits = found.reshape(39, 5), logits[0, ..., 0]
    # from the square of 256 pixels back to the photo
    joints = (found[:33, :2] - (left, top)) / scale
    person = cv2.resize((logits[inside] > 0).astype(np.uint8), (width, height)) > 0
    visible = 1 / (1 + np.exp(-np.clip(found[:33, 3], -30, 30)))
    return Pose(joints.astype(np.float32), visible.astype(np.float32), person)
