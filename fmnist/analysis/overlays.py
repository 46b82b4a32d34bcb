"""An explanation laid over the picture it explains, in two colours that all eyes tell apart."""

import numpy as np

from fmnist.images.display import enlarge

__all__ = ["overlay_attribution"]

# The orange and the blue of Okabe & Ito's palette (Wong, Nature Methods 8 (2011) 441), which
# people with any colour blindness tell apart.
SPEAKS_FOR, SPEAKS_AGAINST = (255, 159, 0), (0, 114, 220)
DIMMED = 0.6  # of the picture's own brightness, so that the colours lead
STRONGEST = 0.9  # opacity of the largest value
POWER = 0.7  # below 1, so that one strong spot does not hide the rest


def overlay_attribution(pixels: np.ndarray, values: np.ndarray, factor: int) -> np.ndarray:
    """Lay values over a picture: (28, 28) uint8, (28, 28) float32 -> (28 f, 28 f, 3) uint8.

    Positive values are orange, negative ones blue; the largest of either sign is the strongest.
    """
    largest = float(np.abs(values).max())
    share = np.abs(values[..., np.newaxis]) / (largest or 1)  # (28, 28, 1)
    opacity = STRONGEST * share**POWER
    colour = np.where(values[..., np.newaxis] > 0, SPEAKS_FOR, SPEAKS_AGAINST)  # (28, 28, 3)
    mixed = (1 - opacity) * DIMMED * pixels[..., np.newaxis] + opacity * colour
    channels = np.moveaxis(mixed.round().astype(np.uint8), -1, 0)
    return np.stack([enlarge(channel, factor) for channel in channels], axis=-1)
