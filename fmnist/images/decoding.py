"""From the bytes of an upload to a decoded picture, or one sentence why not.

Everything here is hostile until decoded: the format is taken from the content against an
allow-list (never from the name), the size is checked before a pixel is decoded, and whatever a
decoder raises becomes a `BadImage`. Follows Pillow's handbook, chapter "Security".
"""

import io
import threading
import warnings

from PIL import Image, ImageOps

from fmnist.errors import BadImage

# As the handbook advises; for the whole process, since filters set for a while are not thread-safe.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
EXTENSIONS = ("png", "jpg", "jpeg", "webp", "bmp", "gif")  # for the upload dialog only
MAX_BYTES = 20 * 2**20  # a 50-megapixel phone JPEG has 15 MB
MAX_PIXELS = 64_000_000  # the largest phone cameras; decoded as RGBA it takes 256 MB
MAX_SIDE = 20_000
_TURNS = threading.Semaphore(2)  # fifty visitors with the largest picture each need no 13 GB
WORKING_SIDE = 512  # decoded pictures are reduced to this; 28x28 needs no more


def decode_image(data: bytes) -> Image.Image:
    """Return the picture upright, in mode RGBA, its longest edge at most 512.

    EXIF rotation is undone, palettes and 16-bit grey are converted, of an animation the first
    frame counts. Raises BadImage with one sentence on anything that is not such a picture.
    """
    if not data:
        raise BadImage("The file is empty; choose a PNG, JPEG, WebP, BMP or GIF picture.")
    if len(data) > MAX_BYTES:
        raise BadImage(
            f"The file is larger than {MAX_BYTES // 2**20} MB; save the picture smaller."
        )
    try:
        with _TURNS:
            return _decode(data)
    except BadImage:
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


def _decode(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        width, height = image.size  # from the header: no pixel is decoded yet
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
            raise BadImage(
                f"The picture has {width} x {height} pixels; the limits are 64 megapixels "
                f"and {MAX_SIDE:,} pixels a side, so save it smaller."
            )
        image.draft("RGB", (WORKING_SIDE * 2, WORKING_SIDE * 2))  # JPEG: decode at a fraction
        image.seek(0)
        image.load()
        upright = ImageOps.exif_transpose(image)
        plain = _reduce(_to_rgba(upright))
        plain.info.clear()  # a colour profile of megabytes would go wherever the picture goes
        return plain


def _to_rgba(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        # 16-bit grey: Pillow's own conversion clips at 255 instead of scaling
        grey = image.convert("I").point(lambda value: value / 257)
        return grey.convert("L").convert("RGBA")
    return image.convert("RGBA")  # knows palettes with transparency, grey, CMYK


def _reduce(image: Image.Image) -> Image.Image:
    """Shrink to the working size, averaging; colours under full transparency do not bleed."""
    if max(image.size) <= WORKING_SIDE:
        return image
    factor = WORKING_SIDE / max(image.size)
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    # "RGBa" has colours multiplied by alpha, which is what may be averaged
    return image.convert("RGBa").resize(size, Image.Resampling.BOX, reducing_gap=2).convert("RGBA")


def _not_a_picture(data: bytes) -> str:
    head = data[:512].lstrip().lower()
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc", b"ftypmsf1"):
        return "HEIC pictures can't be read; export the photo as JPEG and upload that."
    if b"<svg" in head:
        return "SVG drawings can't be read; export the drawing as PNG and upload that."
    if head.startswith(b"%pdf"):
        return "This is a PDF; save the page as a PNG or JPEG picture and upload that."
    return "This file can't be read as an image; use PNG, JPEG, WebP, BMP or GIF."
