"""AVIF, HEIC and TIFF files, made small PNG files by a process of its own, see `decoder`.

AVIF and HEIC (HEIF, ISO/IEC 23008-12) need not say in their header how large the frames inside are,
and a TIFF may have any number of tags, strips and tiles: nothing bounds before decoding what that
takes. The system does. A process takes a tenth of a second and its decoders' memory with it.
"""

import re
import subprocess
import sys
from pathlib import Path

from fmnist.errors import BadImage

AVIF = (b"avif", b"avis")
BRANDS = (
    *AVIF,
    *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"),
    *(b"mif1", b"msf1"),  # either; a compatible brand says which
)
TIFF = re.compile(rb"II[*+]\0|MM\0[*+]")  # with + a BigTIFF; cameras' raw files begin so, too
MAX_PIXELS = {
    "AVIF": 13_000_000,
    "HEIC": 26_000_000,  # phones make them of 12 and 24 megapixels
    "TIFF": 36_000_000,  # a page of A4 at 600 dots an inch
}
MAX_MEMORY = 400 * 2**20  # bytes of addresses; a HEIC of 24 megapixels takes less than 250
MAX_SECONDS = 2  # of one processor
MOST_WAITING = 20  # seconds; on a busy machine
TOO_LARGE = 3  # the status of a process that has not decoded so many pixels
DECODER = Path(__file__).with_name("decoder.py")


def find_kind(data: bytes) -> str | None:
    """How a file begins: as "AVIF", "HEIC" or "TIFF"; None for as none of them."""
    if TIFF.match(data):
        return "TIFF"
    if data[4:8] != b"ftyp" or data[8:12] not in BRANDS:
        return None
    brands = data[8 : min(int.from_bytes(data[:4]), 200)]
    return "AVIF" if any(brand in brands for brand in AVIF) else "HEIC"


def convert_to_png(data: bytes, kind: str, side: int) -> bytes:
    """A PNG of a picture of that kind, of its first frame, its longest edge less than twice `side`.

    Raises BadImage where it has too many pixels, is damaged or takes too much to decode.
    """
    limits = map(str, (MAX_MEMORY, MAX_SECONDS, MAX_PIXELS[kind], side, TOO_LARGE))
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(DECODER), kind, *limits],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=MOST_WAITING,
            check=True,
        )
    except subprocess.SubprocessError as error:
        if getattr(error, "returncode", 0) == TOO_LARGE:
            raise BadImage(
                f"The picture has more than {MAX_PIXELS[kind] // 10**6} megapixels, the limit of "
                f"this kind ({kind}); save it smaller or as JPEG."
            ) from None
        raise BadImage(
            f"This {kind} picture is damaged, of a rare kind, or takes too much to decode; save it "
            "as PNG or JPEG."
        ) from None
    return done.stdout
