"""Where a person's joints are in a photo, by BlazePose (arXiv 2006.10204) in LiteRT form.

`pose_landmark_lite.tflite` is Google's, unchanged; its licence and origin lie beside it. It was
made for crops around one person, which product photos are.
"""

import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from fmnist.networks.litert import open_litert

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


class PoseNetwork:
    """The network; may be shared by threads: calls wait for one another."""

    def __init__(self, path: Path = FILE) -> None:
        """Load it. Raises RunError where the file cannot be used."""
        self._interpreter = open_litert(path, "The pose network")
        self._input = self._interpreter.get_input_details()[0]["index"]
        details = self._interpreter.get_output_details()
        self._outputs = {one["name"]: one["index"] for one in details}
        self._lock = threading.Lock()  # an interpreter's tensors belong to one call at a time

    def __call__(self, square: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
        """(256, 256, 3) uint8 -> joints (39, 5), presence 0..1, the person's logits (256, 256)."""
        with self._lock:
            self._interpreter.set_tensor(self._input, square[np.newaxis] / np.float32(255))
            self._interpreter.invoke()
            joints, presence, person = (
                self._interpreter.get_tensor(self._outputs[name])[0]
                for name in ("Identity", "Identity_1", "Identity_2")
            )
        return joints.reshape(39, 5), float(presence[0]), person[..., 0]


_load = cache(PoseNetwork)


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
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    square = np.full((SIDE, SIDE, 3), np.median(edge, axis=0), np.uint8)
    top, left = (SIDE - down) // 2, (SIDE - across) // 2
    inside = np.s_[top : top + down, left : left + across]
    square[inside] = small
    found, presence, logits = _load()(square)
    if presence < LEAST_PRESENCE:
        return None
    # from the square of 256 pixels back to the photo
    joints = (found[:33, :2] - (left, top)) / scale
    person = cv2.resize((logits[inside] > 0).astype(np.uint8), (width, height)) > 0
    visible = 1 / (1 + np.exp(-np.clip(found[:33, 3], -30, 30)))
    return Pose(joints.astype(np.float32), visible.astype(np.float32), person)
