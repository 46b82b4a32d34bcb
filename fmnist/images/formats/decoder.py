"""A program: decodes an AVIF, HEIC or TIFF file within limits and writes a small PNG.

    python decoder.py KIND MEMORY SECONDS PIXELS SIDE TOO_LARGE <FILE >PNG

See `decoder_process`, which runs it. It imports nothing but the decoder that it needs.
"""

import contextlib
import io
import math
import resource
import sys

from PIL import Image

BITS_PER_SAMPLE, PHOTOMETRIC = 258, 262  # tags of TIFF
WHITE_IS_ZERO = 0  # a value of the second


def main(kind: str, memory: int, seconds: int, pixels: int, side: int, too_large: int) -> None:
    """Decode standard input's first frame; exits with `too_large` where it has more pixels.

    memory, seconds: bytes of addresses, and of one processor, that this process may take
    side: the PNG's longest edge is less than twice that
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    Image.MAX_IMAGE_PIXELS = None  # below
    with _open(kind) as image:
        if image.width * image.height > pixels:
            sys.exit(too_large)
        # A decoder turns the picture as its container says; EXIF data only repeat that.
        exif, profile = image.info.get("exif", b""), image.info.get("icc_profile")
        small = _reduce(image, max(1, max(image.size) // side))
    if profile:  # a phone's colours are wider than those of a screen
        with contextlib.suppress(Exception):
            small = _to_srgb(small, profile)
    if small.mode not in ("L", "LA", "RGB", "RGBA"):
        small = small.convert("RGB")  # CMYK, YCbCr, LAB
    small.save(sys.stdout.buffer, "PNG", exif=exif, icc_profile=None, compress_level=1)


def _open(kind: str) -> Image.Image:
    if kind == "AVIF":
        from PIL import AvifImagePlugin

        AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    elif kind == "TIFF":
        from PIL import TiffImagePlugin  # noqa: F401  # or Pillow would look into all others
    elif kind == "HEIC":
        import pi_heif  # type: ignore[import-untyped]

        only = dict.fromkeys(("thumbnails", "depth_images", "aux_images"), False)
        pi_heif.register_heif_opener(decode_threads=1, **only)
    return Image.open(sys.stdin.buffer, formats=["HEIF" if kind == "HEIC" else kind])


def _reduce(image: Image.Image, factor: int) -> Image.Image:
    """The picture shrunk, averaging, in a mode that has eight bits and no palette."""
    mode, tags = image.mode, getattr(image, "tag_v2", {})
    bits = tags.get(BITS_PER_SAMPLE, (16,))[0]
    if mode == "1":
        image = image.convert("L")
    elif mode in ("P", "PA"):
        image = image.convert("RGBA")
    elif mode == "La":
        image = image.convert("LA")
    elif mode.startswith("I;16"):
        image = image.convert("I")
    small = image.reduce(factor)
    if small.mode not in ("I", "F"):
        return small
    if mode.startswith("I;16"):
        darkest, brightest = 0.0, 2.0**bits - 1
        if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:  # which Pillow turns round for 8 bits alone
            darkest, brightest = brightest, darkest
    else:  # numbers of any range: floats, 32 bits, with a sign
        darkest, brightest = map(float, small.getextrema())  # type: ignore[arg-type]
    if not math.isfinite(brightest - darkest):
        sys.exit("It holds values that are no numbers.")
    scale = 255 / ((brightest - darkest) or 1)
    return small.convert("F").point(lambda value: value * scale - darkest * scale).convert("L")


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    from PIL import ImageCms

    given, srgb = ImageCms.getOpenProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    return ImageCms.profileToProfile(image, given, srgb, outputMode=mode) or image


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
