"""The orientation of a picture in its EXIF data, whatever else that says (EXIF 2.32, 4.6)."""

import contextlib
import struct

ORIENTATION = 0x0112
SHORT, LONG = 3, 4


def read_orientation(exif: bytes) -> int:
    """The orientation that EXIF data gives, 1 without one. Nothing else of it is read."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    with contextlib.suppress(struct.error):
        if order:
            (at,) = struct.unpack_from(f"{order}L", exif, 4)
            (tags,) = struct.unpack_from(f"{order}H", exif, at)
            for place in range(at + 2, at + 2 + 12 * tags, 12):
                tag, kind = struct.unpack_from(f"{order}HH", exif, place)
                if tag == ORIENTATION and kind in (SHORT, LONG):
                    return struct.unpack_from(order + "HL"[kind - SHORT], exif, place + 8)[0]
    return 1
