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
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from fmnist.data import (
    BAG,
    BOOT,
    COAT,
    DRESS,
    PULLOVER,
    SANDAL,
    SHIRT,
    SNEAKER,
    TROUSER,
    TSHIRT,
)
from fmnist.errors import RunError
from fmnist.images.segmentation import border_of, lay_on_white
from fmnist.inference.second_networks.prediction import SecondPrediction
from fmnist.networks.litert import LiteRT

FILE = Path(__file__).parent / "efficientnet_lite0" / "model.tflite"
SIDE = 224
CLOSER = 0.7  # of the middle square's side: people put what they ask about in the middle
KEPT = 16  # answers, 12 kB each
LEAST_SIDE = 64  # pixels; the network can make nothing of a thumbnail or a tiny crop
# ImageNet's classes of clothing, counted from 0, and how well their name fits each of the ten,
# 0..1. Written down by name and then chosen among a few variants on the development pictures.
_NAMES: tuple[tuple[dict[int, str], dict[int, float]], ...] = (
    ({610: "jersey, T-shirt"}, {TSHIRT: 1, SHIRT: 0.3, PULLOVER: 0.2}),
    ({638: "swimsuit", 639: "tank suit"}, {TSHIRT: 1, DRESS: 1}),
    ({608: "jeans"}, {TROUSER: 1, SHIRT: 0.5}),  # which a worn shirt is seen with
    ({842: "swimming trunks"}, {TROUSER: 1}),
    ({841: "sweatshirt"}, {PULLOVER: 1, COAT: 0.5}),  # hooded or not
    ({474: "cardigan"}, {PULLOVER: 1, COAT: 0.3, SHIRT: 0.5}),
    ({411: "apron", 578: "gown", 601: "hoopskirt"}, {DRESS: 1}),
    ({655: "miniskirt", 689: "overskirt"}, {DRESS: 1}),
    ({775: "sarong"}, {DRESS: 1, TROUSER: 0.3}),
    ({399: "abaya"}, {DRESS: 1, COAT: 0.5}),
    ({400: "academic gown"}, {DRESS: 1, COAT: 1}),
    ({568: "fur coat"}, {COAT: 1}),
    # said of what is buttoned in front, too
    ({617: "lab coat"}, {COAT: 1, SHIRT: 0.3}),
    ({869: "trench coat"}, {COAT: 1, SHIRT: 0.2}),
    # said of whatever lies flat with its sleeves spread
    ({501: "cloak", 735: "poncho"}, {COAT: 1, PULLOVER: 1, SHIRT: 1}),
    ({887: "vestment"}, {DRESS: 1, COAT: 1, SHIRT: 1}),
    ({824: "stole"}, {COAT: 1, PULLOVER: 1, DRESS: 1}),
    ({834: "suit"}, {COAT: 1, SHIRT: 1, TROUSER: 1}),
    ({457: "bow tie", 906: "Windsor tie"}, {SHIRT: 1, COAT: 0.3}),
    ({614: "kimono"}, {COAT: 1, SHIRT: 1, DRESS: 1}),
    ({465: "bulletproof vest"}, {TSHIRT: 1, PULLOVER: 1, COAT: 1, SHIRT: 1}),
    (
        {885: "velvet", 911: "wool"},
        {TSHIRT: 1, TROUSER: 1, PULLOVER: 1, DRESS: 1, COAT: 1, SHIRT: 1},
    ),
    ({697: "pajamas"}, {SHIRT: 1, TROUSER: 0.3}),
    ({774: "sandal"}, {SANDAL: 1, SNEAKER: 0.2, BOOT: 0.2}),  # said of shoes from above, too
    ({770: "running shoe"}, {SNEAKER: 1}),
    ({514: "cowboy boot"}, {BOOT: 1}),
    ({630: "loafer"}, {SNEAKER: 1, BOOT: 0.5}),
    ({806: "sock"}, {SNEAKER: 1, BOOT: 1}),
    ({502: "clog"}, {BOOT: 1, SANDAL: 0.5, SNEAKER: 0.5}),
    ({788: "shoe shop"}, {SANDAL: 1, SNEAKER: 1, BOOT: 1}),
    ({414: "backpack", 636: "mailbag", 728: "plastic bag", 748: "purse"}, {BAG: 1}),
)
_NAME_OF = {number: name for names, _ in _NAMES for number, name in names.items()}
_CLOTHING = list(_NAME_OF)
_FITS = np.array([[fits.get(c, 0.0) for c in range(10)] for ns, fits in _NAMES for _ in ns])
_SHARES = (_FITS / _FITS.sum(axis=1, keepdims=True)).astype(np.float32)
# Garments that are none of the ten, though they look like one: three skirts, swimming trunks.
_OTHERS = (601, 655, 689, 842)
# Chosen on the development pictures, all of them on plateaus. Neither network is quite sure that it
# is not a class, and the Fashion-MNIST network is far too sure of photos: its say is a root.
PHOTO_FLOOR, FASHION_MNIST_FLOOR, FASHION_MNIST_SAY = 0.003, 0.01, 0.3
# Below so much clothing a photo may be called none, and below that no answer is confident.
LEAST_CLOTHING, SURE_CLOTHING = 0.05, 0.3
MOST_OTHERS = 0.3  # nor is it from so much of the others on
# Confident is what is as probable as this in each view; less will do where the Fashion-MNIST
# network is confident of the same class, and was given the garment alone.
THRESHOLD, AGREED = 0.48, 0.4


@dataclass(frozen=True)
class PhotoPrediction(SecondPrediction):
    """What the photo network says of one picture.

    by_view: (V, 1000) float32, the probabilities of its own classes in each view
    """

    kind: ClassVar[str] = "photo"
    by_view: np.ndarray

    @property
    def imagenet(self) -> np.ndarray:
        """The mean over the views, (1000,) float32."""
        return self.by_view.mean(axis=0)

    @property
    def clothing(self) -> float:
        """Its probability of all names together that fit one of the ten, 0..1."""
        return float(self.imagenet[_CLOTHING].sum())

    @property
    def names(self) -> list[tuple[str, float]]:
        """Its names of clothing with their probabilities, 0..1, the most probable first."""
        found = [(name, float(self.imagenet[number])) for number, name in _NAME_OF.items()]
        return sorted(found, key=lambda one: -one[1])

    @property
    def probabilities(self) -> np.ndarray:
        """(10,) float32 that add up to `clothing`; a name's are divided by how well it fits."""
        return _translate(self.imagenet)

    @property
    def direction(self) -> np.ndarray:
        """The roots of its probabilities, (1000,) float32."""
        return np.sqrt(self.imagenet)

    def combine(self, fashion_mnist: np.ndarray) -> np.ndarray:
        """The product of what both say: (10,) float32 that add up to 1.

        A product of experts (Hinton, doi 10.1162/089976602760128018): a class is as probable as
        both find it. Where this network's names fit several classes, or none, the other decides.
        """
        return _multiply(self.imagenet, fashion_mnist)

    def decide(self, fashion_mnist: np.ndarray, verdict: str, cut_out: bool = False) -> str:
        """The verdict of both; not clothing is only what is none for both."""
        if verdict == "not_clothing" and self.clothing < LEAST_CLOTHING:
            return "not_clothing"
        class_id = self.combine(fashion_mnist).argmax()
        by_view = _multiply(self.by_view, fashion_mnist)[:, class_id]
        named = self.clothing >= SURE_CLOTHING and self.imagenet[list(_OTHERS)].sum() < MOST_OTHERS
        agree = verdict == "confident" and fashion_mnist.argmax() == class_id
        threshold = AGREED if agree and cut_out else THRESHOLD
        return "confident" if named and by_view.min() >= threshold else "unsure"


class PhotoNetwork:
    """EfficientNet-Lite0 in LiteRT form. May be shared by threads: calls wait for one another.

    The file is read at the first call.
    """

    def __init__(self, path: Path = FILE):
        self._path = path
        self._lock = threading.Lock()  # of what is known
        # the newest answers: other preprocessing options ask about the same picture again
        self._known: OrderedDict[bytes, np.ndarray] = OrderedDict()

    def __call__(self, views: np.ndarray) -> np.ndarray:
        """(V, 224, 224, 3) uint8 RGB -> probabilities (V, 1000) float32.

        Raises RunError where the file cannot be used.
        """
        key = hashlib.sha256(views.tobytes()).digest()
        with self._lock:
            if key not in self._known:
                self._known[key] = self.predict(views)
                self._known[key].flags.writeable = False
                if len(self._known) > KEPT:
                    self._known.popitem(last=False)
            return self._known[key]

    def predict(self, views: np.ndarray) -> np.ndarray:
        """The same, and not remembered."""
        scaled = (views.astype(np.float32) - 127) / 128  # as it was trained
        run, wanted = self._network
        return np.concatenate([run(view[np.newaxis], wanted)[0] for view in scaled])

    @cached_property
    def _network(self) -> tuple[LiteRT, list[int]]:
        """The network, and where its probabilities are."""
        network = LiteRT(self._path, "The photo network")
        wanted = [one["index"] for one in network.outputs.values() if 1000 in one["shape"]]
        if not wanted:
            raise RunError("The photo network cannot be loaded (no thousand probabilities).")
        return network, wanted


def predict_photo(image: Image.Image, network: PhotoNetwork) -> PhotoPrediction:
    """What the network says of a decoded picture, RGBA."""
    return PhotoPrediction(network(make_views(image)))


def make_views(image: Image.Image) -> np.ndarray:
    """A picture's middle square, that square from closer, and all of it: (3, 224, 224, 3) uint8.

    The square around all of a picture has the colour that is usual along its edge. In a square
    picture it is the middle square, and left out.
    """
    picture = Image.fromarray(lay_on_white(np.asarray(image.convert("RGBA"))))
    long, short = max(picture.size), min(picture.size)
    squares = [_middle_square(picture, short), _middle_square(picture, max(1, int(CLOSER * short)))]
    if long > short:
        usual = np.median(border_of(np.asarray(picture)), axis=0)
        whole = Image.new("RGB", (long, long), tuple(map(int, usual)))
        whole.paste(picture, ((long - picture.width) // 2, (long - picture.height) // 2))
        squares.append(whole)
    resized = [square.resize((SIDE, SIDE), Image.Resampling.BICUBIC) for square in squares]
    return np.stack([np.asarray(view) for view in resized])


def view_of_all(views: np.ndarray) -> np.ndarray:
    """Of what `make_views` returned the one that shows all of the picture: (224, 224, 3) uint8."""
    return views[2] if len(views) == 3 else views[0]


def _middle_square(picture: Image.Image, side: int) -> Image.Image:
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def log_factors(imagenet: np.ndarray) -> np.ndarray:
    """(..., 1000) probabilities -> (..., 10): what `combine` multiplies a class by, in nats."""
    return np.log(_factors(imagenet))


def _factors(imagenet: np.ndarray) -> np.ndarray:
    """What its own (..., 1000) probabilities multiply each class by: (..., 10)."""
    return _translate(imagenet) + PHOTO_FLOOR


def _translate(imagenet: np.ndarray) -> np.ndarray:
    """(..., 1000) probabilities -> (..., 10), a name's divided by how well it fits."""
    return imagenet[..., _CLOTHING] @ _SHARES


def _multiply(imagenet: np.ndarray, fashion_mnist: np.ndarray) -> np.ndarray:
    """(..., 1000) of the photo network and (10,) -> the product of both, (..., 10) float32."""
    product = _factors(imagenet) * (fashion_mnist + FASHION_MNIST_FLOOR) ** FASHION_MNIST_SAY
    return (product / product.sum(axis=-1, keepdims=True)).astype(np.float32)
