"""AVIF files, made small PNG files by a process of its own.

Their header need not say how large the frames inside are, so nothing bounds before decoding what
that takes; the system does. A process takes a tenth of a second, and AVIF is rare.
"""

import subprocess
import sys

from fmnist.errors import BadImage

AVIF = (b"ftypavif", b"ftypavis")  # after the length of the first box
MAX_MEMORY = 600 * 2**20  # bytes of addresses, half of them Python's own and the libraries'
MAX_SECONDS = 2  # of one processor
MOST_WAITING = 20  # seconds; on a busy machine

CONVERT = """
import resource, sys
from PIL import AvifImagePlugin, Image
memory, seconds, pixels, side = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
image = Image.open(sys.stdin.buffer, formats=["AVIF"])
if image.width * image.height > pixels:
    sys.exit("large")
exif = image.info.get("exif", b"")
small = image.reduce(max(1, max(image.size) // side))
small.save(sys.stdout.buffer, "PNG", exif=exif, compress_level=1)
"""


def convert_to_png(data: bytes, pixels: int, side: int) -> bytes:
    """A PNG of an AVIF picture of at most so many pixels, its longest edge less than twice `side`.

    Raises BadImage where it is damaged or takes too much, or this Pillow reads no AVIF.
    """
    limits = map(str, (MAX_MEMORY, MAX_SECONDS, pixels, side))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", CONVERT, *limits],
            input=data,
            capture_output=True,
            timeout=MOST_WAITING,
            check=True,
        )
    except subprocess.SubprocessError:
        raise BadImage(
            "This AVIF picture is damaged or takes too much to decode; save it as PNG or JPEG."
        ) from None
    return done.stdout
