"""PNG files by their chunks (PNG specification, third edition, 5.3 and 11.3)."""

import struct
import zlib

import numpy as np

from fmnist.errors import BadImage
from fmnist.images.formats import IN_PIECES, MAX_PARTS

PNG = b"\x89PNG\r\n\x1a\n"
END = b"\0\0\0\0IEND\xaeB`\x82"
TRANSPARENCY = b"tRNS"
ANIMATION = (b"acTL", b"fcTL", b"fdAT")
# bits and kind of colour (grey, RGB) -> what Pillow multiplies pixels with, but not this chunk
LEVELS = {(2, 0): 255 / 3, (4, 0): 255 / 15, (16, 2): 1 / 256}


def _scale_levels(chunk: bytes, factor: float) -> bytes:
    """A chunk that names a transparent colour, its levels times `factor`."""
    levels = np.frombuffer(chunk, ">u2", 1 if factor > 1 else 3, offset=8) * factor
    body = TRANSPARENCY + levels.astype(">u2").tobytes()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def keep_pixels(data: bytes, used: tuple[bytes, ...] = (TRANSPARENCY,)) -> tuple[bytes, bytes]:
    """A PNG of the chunks that pixels are made of, and its EXIF data.

    As browsers do: a text, a time or a profile cannot refuse a picture, whatever is wrong with it.
    """
    kept, exif, at = [PNG], b"", len(PNG)
    for _ in range(MAX_PARTS):
        if at + 12 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        begin, end = at, at + 12 + length
        at = end
        if kind == b"IEND":
            break
        chunk = data[begin:end]
        if not kind[0] & 0x20:  # a capital letter: it is critical
            kept.append(chunk)
        elif kind in (*used, b"eXIf") and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:]):
            if kind == b"eXIf":
                exif = chunk[8:-4]
            elif kind != TRANSPARENCY:
                kept.append(chunk)
            elif {0: 2, 2: 6}.get(data[25], 1) <= length <= 256:
                factor = LEVELS.get((data[24], data[25]))
                kept.append(_scale_levels(chunk, factor) if factor else chunk)
    else:
        raise BadImage(IN_PIECES)
    if at <= len(data):  # the last chunk was whole
        kept.append(END)
    return b"".join(kept), exif
