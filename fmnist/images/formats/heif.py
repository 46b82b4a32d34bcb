"""HEIF files (ISO/IEC 23008-12), AVIF and HEIC, made small PNG files by a process of its own.

Their header need not say how large the frames inside are, so nothing bounds before decoding what
that takes; the system does. A process takes a tenth of a second and its decoders' memory with it.
"""

import subprocess
import sys

from fmnist.errors import BadImage

AVIF = (b"avif", b"avis")
BRANDS = (
    *AVIF,
    *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"),
    *(b"mif1", b"msf1"),  # either; a compatible brand says which
)
MAX_PIXELS = {"AVIF": 13_000_000, "HEIC": 26_000_000}  # phones make HEIC of 12 and 24 megapixels
MAX_MEMORY = 600 * 2**20  # bytes of addresses, half of them Python's own and the libraries'
MAX_SECONDS = 2  # of one processor
MOST_WAITING = 20  # seconds; on a busy machine
TOO_LARGE = 3  # the status of a process that has not decoded so many pixels

# A decoder turns the picture as its container says; EXIF data only repeat that.
CONVERT = """
import contextlib, io, resource, sys
from PIL import Image
kind, (memory, seconds, pixels, side, too_large) = sys.argv[1], map(int, sys.argv[2:])
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
if kind == "AVIF":
    from PIL import AvifImagePlugin
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
else:
    import pi_heif
    only = dict.fromkeys(("thumbnails", "depth_images", "aux_images"), False)
    pi_heif.register_heif_opener(decode_threads=1, **only)
image = Image.open(sys.stdin.buffer, formats=["AVIF" if kind == "AVIF" else "HEIF"])
if image.width * image.height > pixels:
    sys.exit(too_large)
exif, profile = image.info.get("exif", b""), image.info.get("icc_profile")
small = image.reduce(max(1, max(image.size) // side))
if profile:  # a phone's colours are wider than those of a screen
    with contextlib.suppress(Exception):
        from PIL import ImageCms
        given, srgb = ImageCms.getOpenProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        small = ImageCms.profileToProfile(small, given, srgb)
small.save(sys.stdout.buffer, "PNG", exif=exif, icc_profile=None, compress_level=1)
"""


def is_heif(data: bytes) -> bool:
    """Whether a file begins as an AVIF or HEIC picture does."""
    return data[4:8] == b"ftyp" and data[8:12] in BRANDS


def convert_to_png(data: bytes, side: int) -> bytes:
    """A PNG of an AVIF or HEIC picture, its longest edge less than twice `side`.

    Raises BadImage where it has too many pixels, is damaged or takes too much to decode.
    """
    brands = data[8 : min(int.from_bytes(data[:4]), 200)]
    kind = "AVIF" if any(brand in brands for brand in AVIF) else "HEIC"
    limits = map(str, (MAX_MEMORY, MAX_SECONDS, MAX_PIXELS[kind], side, TOO_LARGE))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", CONVERT, kind, *limits],
            input=data,
            capture_output=True,
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
            f"This {kind} picture is damaged or takes too much to decode; save it as PNG or JPEG."
        ) from None
    return done.stdout
