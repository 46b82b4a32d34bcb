"""A second network for photographs: what EfficientNet-Lite0 says, and what both say together.

A network that has seen 60,000 thumbnails of product photos knows no pair of shoes on a floor; one
that has seen the 1.2 million photographs of ImageNet does. It has names of its own for garments;
`_NAMES` translates them. It knows nothing of Fashion-MNIST's images and has no part in any number
about them.

`networks/efficientnet_lite0.py` made the file in `efficientnet_lite0/`; its licence and origin lie
beside it.
"""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fmnist.data import (
    BAG,
    BOOT,
    CLASS_NAMES,
    COAT,
    DRESS,
    PULLOVER,
    SANDAL,
    SHIRT,
    SNEAKER,
    TROUSER,
    TSHIRT,
)
from fmnist.errors import RunError, hide_folders
from fmnist.images.segmentation import lay_on_white
from fmnist.processes import quiet

FILE = Path(__file__).parent / "efficientnet_lite0" / "model.tflite"
SIDE = 224
CLOSER = 0.7  # of the middle square's side: people put what they ask about in the middle
KEPT = 16  # answers, 12 kB each
# ImageNet's classes of clothing, counted from 0, and how well their name fits each of the ten,
# 0..1. Written down by name and then chosen among a few variants on the development pictures.
_TORSO = {TSHIRT: 1.0, PULLOVER: 1, DRESS: 1, COAT: 1, SHIRT: 1}
_NAMES: tuple[tuple[tuple[int, ...], dict[int, float]], ...] = (
    ((610,), {TSHIRT: 1, SHIRT: 0.3, PULLOVER: 0.2}),  # jersey, T-shirt
    ((638, 639), {TSHIRT: 1, DRESS: 1}),  # maillot
    ((608,), {TROUSER: 1, SHIRT: 0.5}),  # jean, which a worn shirt is seen with
    ((841,), {PULLOVER: 1, COAT: 0.5}),  # sweatshirt, hooded or not
    ((474,), {PULLOVER: 1, COAT: 0.5, SHIRT: 0.5}),  # cardigan
    ((411, 578, 601, 655, 689, 775), {DRESS: 1}),  # apron, gown, hoopskirt, skirts, sarong
    ((399,), {DRESS: 1, COAT: 0.5}),  # abaya
    ((400,), {DRESS: 1, COAT: 1}),  # academic gown
    ((568, 617, 869), {COAT: 1}),  # fur coat, lab coat, trench coat
    # cloak, poncho, vestment: said of whatever lies flat with its sleeves spread
    ((501, 735), {COAT: 1, PULLOVER: 1, SHIRT: 1}),
    ((887,), {DRESS: 1, COAT: 1, SHIRT: 1}),
    ((824,), {COAT: 1, PULLOVER: 1, DRESS: 1}),  # stole
    ((457, 834, 906), {COAT: 1, SHIRT: 1}),  # bow tie, suit, Windsor tie
    ((614,), {COAT: 1, SHIRT: 1, DRESS: 1}),  # kimono
    ((465,), {TSHIRT: 1, PULLOVER: 1, COAT: 1, SHIRT: 1}),  # bulletproof vest
    ((885, 911), _TORSO),  # velvet, wool
    ((697,), {SHIRT: 1, TROUSER: 0.3}),  # pajama
    ((774,), {SANDAL: 1, SNEAKER: 0.2, BOOT: 0.2}),  # said of shoes from above, too
    ((770,), {SNEAKER: 1}),  # running shoe
    ((514,), {BOOT: 1}),  # cowboy boot
    ((630,), {SNEAKER: 1, BOOT: 0.5}),  # loafer
    ((806,), {SNEAKER: 1, BOOT: 1}),  # sock
    ((502,), {BOOT: 1, SANDAL: 0.5, SNEAKER: 0.5}),  # clog
    ((788,), {SANDAL: 1, SNEAKER: 1, BOOT: 1}),  # shoe shop
    ((414, 636, 728, 748), {BAG: 1}),  # backpack, mailbag, plastic bag, purse
)
_CLOTHING = [number for numbers, _ in _NAMES for number in numbers]
_FITS = np.array([[fits.get(c, 0.0) for c in range(10)] for ns, fits in _NAMES for _ in ns])
# The Fashion-MNIST network is far too sure of photos: its probabilities are flattened by a root,
# and none is below this where it decides between classes that have one name.
DOUBT = 0.2
# Chosen on the development pictures: below so much clothing a photo may be called none, below that
# no answer is confident, and confident is from this probability of both together on.
LEAST_CLOTHING, SURE_CLOTHING = 0.25, 0.3
THRESHOLD = 0.52


@dataclass(frozen=True)
class PhotoPrediction:
    """What the photo network says of one picture.

    imagenet: (1000,) float32, the probabilities of its own classes, the mean over the views
    """

    imagenet: np.ndarray

    @property
    def clothing(self) -> float:
        """Its probability of all names together that fit one of the ten, 0..1."""
        return float(self.imagenet[_CLOTHING].sum())

    @property
    def probabilities(self) -> np.ndarray:
        """(10,) float32 that add up to `clothing`; a name's are divided by how well it fits."""
        return self.imagenet[_CLOTHING] @ _shares(np.ones(10))

    @property
    def class_id(self) -> int:
        """Its best guess among the ten."""
        return int(self.probabilities.argmax())

    @property
    def class_name(self) -> str:
        """Its best guess by name."""
        return CLASS_NAMES[self.class_id]

    @property
    def probability(self) -> float:
        """Its probability of its best guess, 0..1."""
        return float(self.probabilities[self.class_id])

    def to_dict(self) -> dict:
        """Plain values under the names that `classify --json` promises."""
        names = ("class_id", "class_name", "probability", "clothing")
        values = {name: getattr(self, name) for name in names}
        return {**values, "probabilities": self.probabilities.tolist()}


class PhotoNetwork:
    """EfficientNet-Lite0 in LiteRT form. May be shared by threads: calls wait for one another.

    The file is read at the first call, which a drawing never makes.
    """

    def __init__(self, path: Path = FILE):
        self._path = path
        self._interpreter: Any = None
        self._lock = threading.Lock()  # an interpreter's tensors belong to one call at a time
        # the newest answers: other preprocessing options ask about the same picture again
        self._known: OrderedDict[bytes, np.ndarray] = OrderedDict()

    def __call__(self, views: np.ndarray) -> np.ndarray:
        """(V, 224, 224, 3) uint8 RGB -> probabilities (V, 1000) float32.

        Raises RunError where the file cannot be used.
        """
        key = hashlib.sha256(views.tobytes()).digest()
        with self._lock:
            if key not in self._known:
                self._load()
                self._known[key] = np.stack([self._invoke(view) for view in views])
                self._known[key].flags.writeable = False
                if len(self._known) > KEPT:
                    self._known.popitem(last=False)
            return self._known[key]

    def _load(self) -> None:
        if self._interpreter is not None:
            return
        from ai_edge_litert.interpreter import Interpreter

        try:
            interpreter = Interpreter(model_path=str(self._path), num_threads=2)
            interpreter.allocate_tensors()
            self._input = interpreter.get_input_details()[0]["index"]
            outputs = interpreter.get_output_details()
            self._output = next(one["index"] for one in outputs if one["shape"][-1] == 1000)
        except (ValueError, RuntimeError, StopIteration) as error:
            words = hide_folders(str(error))
            raise RunError(f"The photo network cannot be loaded ({words}).") from None
        self._interpreter = interpreter

    def _invoke(self, view: np.ndarray) -> np.ndarray:
        scaled = (view.astype(np.float32) - 127) / 128  # as it was trained
        self._interpreter.set_tensor(self._input, scaled[np.newaxis])
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)[0]


@cache
def load_photo_network() -> PhotoNetwork:
    """The network that ships, the same one for all of a process."""
    return PhotoNetwork()


def load_photo_network_for_command() -> PhotoNetwork:
    """The same for a command: LiteRT's notices are dropped."""
    with quiet():
        network = load_photo_network()
        network(np.zeros((1, SIDE, SIDE, 3), np.uint8))  # LiteRT says a word on its first call
    return network


def predict_photo(image: Image.Image, network: PhotoNetwork) -> PhotoPrediction:
    """What the network says of a decoded picture, RGBA; the mean over its views."""
    return PhotoPrediction(network(make_views(image)).mean(axis=0))


def make_views(image: Image.Image) -> np.ndarray:
    """A picture's middle square, that square from closer, and all of it: (3, 224, 224, 3) uint8.

    The square around all of a picture has the colour that is usual along its edge. In a square
    picture it is the middle square, and left out.
    """
    picture = Image.fromarray(lay_on_white(np.asarray(image.convert("RGBA"))))
    long, short = max(picture.size), min(picture.size)
    squares = [_middle_square(picture, short), _middle_square(picture, max(1, int(CLOSER * short)))]
    if long > short:
        pixels = np.asarray(picture)
        edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        whole = Image.new("RGB", (long, long), tuple(map(int, np.median(edge, axis=0))))
        whole.paste(picture, ((long - picture.width) // 2, (long - picture.height) // 2))
        squares.append(whole)
    resized = [square.resize((SIDE, SIDE), Image.Resampling.BICUBIC) for square in squares]
    return np.stack([np.asarray(view) for view in resized])


def _middle_square(picture: Image.Image, side: int) -> Image.Image:
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def combine_predictions(photo: PhotoPrediction, fashion_mnist: np.ndarray) -> np.ndarray:
    """What both say together: (10,) float32 that add up to 1.

    fashion_mnist: (10,) probabilities of the Fashion-MNIST network

    Each name that the photo network gives stands for some of the ten classes; between these, and
    where it names no clothing, the Fashion-MNIST network decides.
    """
    flattened = np.sqrt(fashion_mnist)
    flattened /= flattened.sum()
    named = photo.imagenet[_CLOTHING]
    together = named @ _shares(flattened + DOUBT) + (1 - named.sum()) * flattened
    return together.astype(np.float32)


def decide_on_photo(photo: PhotoPrediction, together: np.ndarray, verdict: str) -> str:
    """The verdict of both: "confident", "unsure" or "not_clothing".

    together: what `combine_predictions` made of both networks' predictions, (10,)
    verdict: the Fashion-MNIST network's; not clothing is only what is none for both
    """
    if verdict == "not_clothing" and photo.clothing < LEAST_CLOTHING:
        return "not_clothing"
    sure = together.max() >= THRESHOLD and photo.clothing >= SURE_CLOTHING
    return "confident" if sure else "unsure"


def _shares(prior: np.ndarray) -> np.ndarray:
    """How the probability of each of `_CLOTHING` is divided among the ten: rows add up to 1.

    prior: (10,), > 0; how probable the ten are without the name
    """
    shares = _FITS * prior
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
