"""From the bytes of an upload to a decoded picture, or one sentence why not.

Everything here is hostile until decoded: the format is taken from the content against an
allow-list (never from the name), and whatever a decoder raises becomes a `BadImage`. Follows
Pillow's handbook, chapter "Security".

No picture takes more than two seconds or 400 MB. Its work and memory are bounded before a pixel is
decoded, in this process: another would take longer to start than most pictures to decode.
What a decoder can be made to do differs by format, so each has its bound:

    all     bytes, pixels, and how often the decoder's Python part reads (`_Source`)
    JPEG    scans, for each goes over all pixels; coefficients, where it has several
    PNG     chunks, those that say nothing about pixels are not shown to the decoder; its bits
    WebP    pixels: its decoder holds six copies of a picture
    AVIF, HEIC, TIFF    seconds and memory, by a process of its own
    BMP     pixels where it is run-length encoded, which is decoded in Python
    GIF, WebP, APNG     how many frames are looked at
"""

import contextlib
import io
import re
import threading
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image

from fmnist.errors import BadImage, ServerBusy
from fmnist.images.formats import IN_PIECES, decoder_process, jpeg, png
from fmnist.images.formats.exif import read_orientation

# As the handbook advises; for the whole process, since filters set for a while are not thread-safe.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

READ = "PNG, JPEG, HEIC, WebP, AVIF, TIFF, BMP or GIF"  # as people say it
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
ANIMATED = ("PNG", "WEBP", "GIF")  # some of them
MAX_BYTES = 20 * 2**20  # a 50-megapixel phone JPEG has 15 MB
MAX_PIXELS = 64_000_000  # the largest phone cameras; decoded it takes 256 MB, see `_reduce`
MAX_SIDE = 20_000
MAX_GREEDY_PIXELS = {
    "WEBP": 13_000_000,
    "PNG, 16 bits": 32_000_000,
    "BMP, run-length encoded": 6_000_000,
}
MAX_READS = 1_000_000  # a read takes less than a microsecond
MAX_COEFFICIENTS = 170_000_000  # two bytes each
MAX_SCANNED = 3_200_000_000  # of all scans together; ten are usual
MAX_FRAMES = 20  # that are looked at while those before show nothing
MAX_FRAME_PIXELS = 16_000_000  # of all those frames together
WORKING_SIDE = 512  # decoded pictures are reduced to this; 28x28 needs no more
STRIP = 2_000_000  # pixels that are converted at once

LARGE = 32_000_000  # bytes; what takes less to decode waits for nobody
PATIENCE = 1.0  # seconds to wait for the turn of a large picture
_TURNS = threading.Semaphore(2)  # fifty visitors with the largest picture each need no 13 GB

TURNS = {  # EXIF orientation -> what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
PICTURE = re.compile(  # how those of FORMATS begin
    rb"\x89PNG\r\n|\xff\xd8\xff|RIFF.{4}WEBP|BM.{4}\0{4}|GIF8[79]a", re.DOTALL
)
WHAT_IT_IS = {  # how files begin that people take for pictures
    rb"....ftypcrx ": "A camera's raw pictures can't be read; save the picture as JPEG.",
    rb"....ftyp|RIFF....AVI |\x1aE\xdf\xa3": "This is a film or a sound; take a picture instead.",
    rb"\xff\x0a|\0\0\0\x0cJXL ": "JPEG XL pictures can't be read; save the picture as JPEG.",
    rb"\s*%PDF": "This is a PDF; save the page as a PNG or JPEG picture.",
    rb"PK\x03\x04": "This is a zip file; unpack it and take a picture in it.",
    rb"(?i).{,500}<svg": "SVG drawings can't be read; export the drawing as PNG.",
}


def decode_image(data: bytes) -> Image.Image:
    """Return the picture upright, in mode RGBA, its longest edge at most 512.

    EXIF rotation is undone, palettes and 16-bit grey are converted, of an animation the first
    frame counts that shows something. Raises BadImage with one sentence on anything that is not
    such a picture, ServerBusy where it is large and others' large pictures are being decoded.
    """
    if not data:
        raise BadImage(f"The file is empty; choose a {READ}.")
    if len(data) > MAX_BYTES:
        raise too_large(len(data))
    try:
        return _decode(data)
    except (BadImage, ServerBusy):
        raise
    except Image.UnidentifiedImageError:
        raise BadImage(_not_a_picture(data)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # in the header
        raise BadImage("The picture has more than 64 megapixels; save it smaller.") from None
    except MemoryError:
        raise BadImage("The picture is too large to decode; save it smaller.") from None
    except Exception as error:  # decoders raise OSError, ValueError, SyntaxError, struct.error ...
        raise BadImage(
            f"The picture is damaged or cut short ({type(error).__name__}); save it again and "
            "try once more."
        ) from None


def begins_as_picture(data: bytes) -> bool:
    """Whether a file's first 16 bytes are those of a format that is read."""
    return bool(PICTURE.match(data)) or decoder_process.find_kind(data) is not None


def too_large(size: int) -> BadImage:
    """The error of a file of so many bytes, more than MAX_BYTES."""
    return BadImage(
        f"The file is larger than {MAX_BYTES // 2**20} MB (it has {-(-size // 2**20)} MB); save "
        "the picture smaller."
    )


class _Source(io.BytesIO):
    """Bytes that can be read in no more than so many pieces."""

    _left = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise BadImage(IN_PIECES)
        return super().read(size)


def _decode(data: bytes) -> Image.Image:
    if (kind := decoder_process.find_kind(data)) is not None:
        with _turn(LARGE):
            data = decoder_process.convert_to_png(data, kind, WORKING_SIDE * 2)
    shown, exif, scans = data, b"", 1
    if data.startswith(png.PNG):
        shown, exif = png.keep_pixels(data)
    elif data.startswith(jpeg.JPEG):
        shown, exif, scans = jpeg.keep_pixels(data)
    with Image.open(_Source(shown), formats=FORMATS) as image:
        beside = _check_size(image, scans)
        image.draft("RGB", (WORKING_SIDE * 2, WORKING_SIDE * 2))  # JPEG: decode at a fraction
        with _turn(beside + 4 * image.width * image.height):
            image.load()
            if image.format == "JPEG":
                jpeg.check_end(image, data)
            plain = _reduce(image)
            if image.format in ANIMATED and _is_blank(plain):
                plain = _later_frame(image, data) or plain
        exif = exif or image.info.get("exif", b"")
    if (turn := TURNS.get(read_orientation(exif))) is not None:
        plain = plain.transpose(turn)
    plain.info.clear()  # a colour profile of megabytes would go wherever the picture goes
    return plain


def _check_size(image: Image.Image, scans: int) -> int:
    """The bytes that decoding takes beside the pixels. From the header: none is decoded yet."""
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise BadImage(
            f"The picture has {width} x {height} pixels; the limits are 64 megapixels "
            f"and {MAX_SIDE:,} pixels a side, so save it smaller."
        )
    kind = str(image.format)
    for codec, _, _, raw in getattr(image, "tile", ()):
        if codec == "bmp_rle":
            kind = "BMP, run-length encoded"
        elif ";16" in str(raw):
            kind = f"{image.format}, 16 bits"
    if width * height > (most := MAX_GREEDY_PIXELS.get(kind, MAX_PIXELS)):
        raise BadImage(
            f"The picture has {width} x {height} pixels, and of this kind ({kind}) "
            f"{most // 10**6} megapixels are the limit; save it smaller or as JPEG."
        )
    if kind in MAX_GREEDY_PIXELS:
        return 20 * width * height
    if kind != "JPEG" or not (scans > 1 or image.info.get("progressive")):
        return 0
    # all coefficients are kept until the last scan
    layers = [across * down for _, across, down, _ in image.layer]  # type: ignore[attr-defined]
    coefficients = width * height * sum(layers) // max(layers)
    if coefficients > MAX_COEFFICIENTS or scans * coefficients > MAX_SCANNED:
        raise BadImage(
            "The picture is a progressive JPEG that is too large or comes in too many scans; save "
            "it as an ordinary JPEG."
        )
    return 2 * coefficients


@contextlib.contextmanager
def _turn(size: int) -> Iterator[None]:
    """Wait for a turn before `size` bytes are taken. Raises ServerBusy where others keep theirs."""
    if size < LARGE:
        yield
        return
    if not _TURNS.acquire(timeout=PATIENCE):
        raise ServerBusy("The server is busy with other large pictures; try again in a moment.")
    try:
        yield
    finally:
        _TURNS.release()


def _to_rgba(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        # 16-bit grey: Pillow's own conversion clips at 255 instead of scaling
        levels = image.convert("I")
        grey = levels.point(lambda value: value / 257).convert("L")
        grey.info.pop("transparency", None)  # of which only 256 are left here
        rgba = grey.convert("RGBA")
        if isinstance(clear := image.info.get("transparency"), int):  # one of the 65,536 levels
            rgba.putalpha(
                Image.fromarray(np.where(np.asarray(levels) == clear, 0, 255).astype("u1"))
            )
        return rgba
    return image.convert("RGBA")  # knows palettes with transparency, grey, CMYK


def _reduce(image: Image.Image) -> Image.Image:
    """Shrink to the working size, averaging, as RGBA; colours under full transparency do not bleed.

    In strips, so that a picture of 256 MB is never there a second time in another mode.
    """
    if max(image.size) <= WORKING_SIDE:
        return _to_rgba(image)
    width, height = image.size
    factor = WORKING_SIDE / max(image.size)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    by = max(1, width // size[0] // 2), max(1, height // size[1] // 2)  # the rest below: exactly
    tall = by[1] * max(1, STRIP // width // by[1])
    half = Image.new("RGBa", (-(-width // by[0]), -(-height // by[1])))
    for top in range(0, height, tall):
        strip = image
        if tall < height:
            strip = image.crop((0, top, width, min(top + tall, height)))
        # "RGBa" has colours multiplied by alpha, which is what may be averaged
        strip = _to_rgba(strip).convert("RGBa")
        half.paste(strip if by == (1, 1) else strip.reduce(by), (0, top // by[1]))
    box = (0, 0, width / by[0], height / by[1])
    return half.resize(size, Image.Resampling.BOX, box).convert("RGBA")


def _is_blank(picture: Image.Image) -> bool:
    """Whether an RGBA picture is of one colour on white, and its transparency shows nothing."""
    alpha = np.asarray(picture.getchannel("A"))
    if alpha.min() < 128 and alpha.max() > 8:  # the garment is found by it, a white one too
        return False
    pixels = np.asarray(Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture))
    return bool((pixels == pixels[0, 0]).all())


def _later_frame(image: Image.Image, data: bytes) -> Image.Image | None:
    """The first frame that shows something, after the first; None where this is no animation."""
    if image.format == "PNG" and png.ANIMATION[0] in data:
        image = Image.open(
            _Source(png.keep_pixels(data, (png.TRANSPARENCY, *png.ANIMATION))[0]), formats=["PNG"]
        )
    if not getattr(image, "is_animated", False):
        return None
    frames = min(MAX_FRAMES, MAX_FRAME_PIXELS // (image.width * image.height))
    seen = 1
    while seen < frames:
        try:
            image.seek(seen)
        except EOFError:
            break
        seen += 1
        _check_size(image, 1)
        if not _is_blank(frame := _reduce(image)):
            return frame
    looked_at = f"{seen} frames" if seen > 1 else "frame"
    raise BadImage(
        f"Nothing can be seen in the first {looked_at} of the animation; save the frame that shows "
        "the garment as a picture."
    )


def _not_a_picture(data: bytes) -> str:
    found = (words for start, words in WHAT_IT_IS.items() if re.match(start, data[:600], re.DOTALL))
    return next(found, f"This file can't be read as an image; use {READ}.")
