"""JPEG files by their segments (ITU-T T.81, annex B)."""

import re

from PIL import Image

from fmnist.errors import BadImage
from fmnist.images.formats import IN_PIECES, MAX_PARTS

JPEG = b"\xff\xd8\xff"
SOS, EOI = b"\xff\xda", b"\xff\xd9"  # start of a scan, end of the image
MARKER = re.compile(rb"\xff[^\0\1\xd0-\xd8\xff]")  # without those that stand alone


def keep_pixels(data: bytes) -> tuple[bytes, bytes, int]:
    """A JPEG of the segments that pixels are made of, its EXIF data and its number of scans.

    It has an end, too; `check_end` looks whether anything else is missing.
    """
    kept, exif, at = [data[:2]], b"", 2
    for _ in range(MAX_PARTS):
        found = MARKER.search(data, at)
        if found is None or found[0] == EOI:
            return data, exif, 1  # Pillow says what is wrong
        code, begin = found[0][1], found.end()
        if found[0] == SOS:
            scans = count_scans(data, found.start())
            return b"".join([*kept, data[found.start() :], EOI]), exif, scans
        at = begin + int.from_bytes(data[begin : begin + 2])
        said = data[begin + 2 : at]
        if 0xC3 <= code <= 0xCF and code not in (0xC4, 0xC8):  # C4: its Huffman tables
            raise BadImage("This rare kind of JPEG is not supported; save it as an ordinary JPEG.")
        if code == 0xE1 and said.startswith(b"Exif\0\0"):
            exif = exif or said
        of_colours = (b"JFIF\0", 14) if code == 0xE0 else (b"Adobe", 12)
        if code < 0xE0 or (said.startswith(of_colours[0]) and len(said) >= of_colours[1]):
            kept.append(data[begin - 2 : at])
    raise BadImage(IN_PIECES)


def count_scans(data: bytes, at: int) -> int:
    """How many scans a JPEG has from `at` to its end; a phone may keep a film behind that."""
    if data.count(SOS, at) == 1:
        return 1
    scans = 0
    for _ in range(MAX_PARTS):
        found = MARKER.search(data, at)
        if found is None or found[0] == EOI:
            return scans
        scans += found[0] == SOS
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
    raise BadImage(IN_PIECES)


def check_end(image: Image.Image, data: bytes) -> None:
    """Refuse a JPEG that was cut short: its decoder makes grey of all that is missing.

    One that lacks its end and hardly more is shown, as browsers do.
    """
    if data.find(EOI, data.rfind(SOS)) < 0:
        last = image.crop((0, image.height - 1, *image.size)).getextrema()
        bands = last if image.mode != "L" else (last,)
        if all(band in ((127, 127), (128, 128)) for band in bands):
            raise BadImage("The picture is damaged or cut short; save it again and try once more.")
