"""The second networks that are asked, one for each kind of picture."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from fmnist.inference.second_networks.drawing_network import DrawingNetwork
from fmnist.inference.second_networks.photo_network import SIDE, PhotoNetwork
from fmnist.processes import quiet


@dataclass(frozen=True)
class SecondNetworks:
    """Those to ask; None where one is left out."""

    photo: PhotoNetwork | None = None
    drawing: DrawingNetwork | None = None


NONE = SecondNetworks()


# one of each
shared_photo_network, shared_drawing_network = cache(PhotoNetwork), cache(DrawingNetwork)


def load_second_networks(photo: bool = True, drawing: bool = True) -> SecondNetworks:
    """Those that ship, the same for all of a process; each file is read when first asked."""
    return SecondNetworks(
        shared_photo_network() if photo else None, shared_drawing_network() if drawing else None
    )


def load_second_networks_for_command(photo: bool = True, drawing: bool = True) -> SecondNetworks:
    """The same for a command: LiteRT's notices are dropped."""
    networks = load_second_networks(photo, drawing)
    with quiet():  # LiteRT says a word on its first call
        if networks.photo:
            networks.photo(np.zeros((1, SIDE, SIDE, 3), np.uint8))
        if networks.drawing:
            networks.drawing(np.zeros((28, 28), np.uint8))
    return networks
