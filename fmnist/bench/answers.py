"""From a photo's bytes to its answer: `python -m fmnist bench answers`."""

import io
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from fmnist.data import Part, load, scale
from fmnist.networks.architectures import set_up_keras
from fmnist.runs.library import find_run
from fmnist.runs.run import find_keras_file

if TYPE_CHECKING:
    from fmnist.inference.second_networks.networks import SecondNetworks

PHOTOS = {"1 megapixel": (1152, 868), "12 megapixels": (4000, 3000)}  # width, height
JPEG_QUALITY = 90


def measure_answers(
    run: str, photos: int, second: "SecondNetworks"
) -> tuple[dict[str, int], dict[str, list[float]]]:
    """The photos' median sizes in bytes, and the milliseconds of each answer, by size in words.

    run: name of the run that answers; photos: how many of each size; second: are
    asked as well. Raises RunError.
    """
    from tqdm import tqdm

    from fmnist.inference.answer import answer_bytes
    from fmnist.inference.classifier import load_classifier_for_command

    rng = np.random.default_rng(0)
    test = load("test")
    classifier = load_classifier_for_command(run)
    times, sizes = {}, {}
    for name, size in PHOTOS.items():
        pictures = [
            photo(test.images[index], size, rng)
            for index in rng.integers(0, len(test.images), photos)
        ]
        sizes[name] = int(np.median([len(picture) for picture in pictures]))

        def answer(picture: bytes) -> None:
            answer_bytes(picture, classifier, second=second)

        answer(pictures[0])  # the first call of anything is slower
        bar = tqdm(pictures, desc=name, unit="photo", disable=None, leave=False)
        times[name] = _timed(answer, bar)
    times["model.predict, plain resize, 1 megapixel"] = _predict(run, photos, test, rng)
    return sizes, times


def photo(garment: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> bytes:
    """A JPEG of (28, 28) uint8 as a coloured garment on a noisy floor; size is width, height."""
    import cv2

    width, height = size
    floor = cv2.resize(rng.integers(90, 160, (24, 32, 3), np.uint8), size)
    noise = rng.integers(0, 16, (height // 4, width // 4, 3), np.uint8)
    picture = floor + cv2.resize(noise, size, interpolation=cv2.INTER_NEAREST)
    side = int(0.8 * height)
    cloth = cv2.resize(garment, (side, side), interpolation=cv2.INTER_CUBIC)[..., np.newaxis]
    top, left = (height - side) // 2, (width - side) // 2
    place = picture[top : top + side, left : left + side]
    dye = np.array([60, 40, 140], np.uint8)
    place[:] = np.where(cloth > 12, (cloth.astype(np.uint16) * dye // 255).astype(np.uint8), place)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def _timed(work: Callable[[bytes], object], pictures: Iterable[bytes]) -> list[float]:
    """Milliseconds for each picture."""
    taken = []
    for picture in pictures:
        began = time.perf_counter()
        work(picture)
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def _predict(run: str, photos: int, test: Part, rng: np.random.Generator) -> list[float]:
    """What most programs do: Pillow opens and resizes, `model.predict` answers one image."""
    from PIL import Image

    from fmnist.processes import quiet

    with quiet():
        set_up_keras()
        import keras

        model = keras.models.load_model(find_keras_file(find_run(run)), compile=False)

    def work(picture: bytes) -> None:
        small = Image.open(io.BytesIO(picture)).convert("L").resize((28, 28))
        model.predict(scale(255 - np.asarray(small)[np.newaxis]), verbose=0)

    pictures = [
        photo(test.images[index], PHOTOS["1 megapixel"], rng)
        for index in rng.integers(0, len(test.images), photos)
    ]
    work(pictures[0])
    return _timed(work, pictures)
