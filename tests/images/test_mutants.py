"""Damaged picture and zip files, made at random: each is decoded, or refused with a sentence.

`pytest -m long tests/images/test_mutants.py -s` tries 20,000 of each kind, `-k PNG` of one. A kind
in SLOWER takes some 20 minutes, another a few. It prints its seed; FMNIST_SEED repeats it.
"""

import io
import os
import random
import resource
import secrets
import signal
import warnings
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from fmnist.collections.archives import Archive
from fmnist.errors import FmnistError
from fmnist.images.decoding import decode_image
from tests.images.heic import TURNED

SECONDS, MEMORY = 2.0, 400 * 2**20  # of the processor and of bytes that a picture may take
# each decoded in a process of its own, which has its own limits
SLOWER = {"AVIF": 15, "HEIC": 15, "TIFF": 15, "TIFF of 16 bits": 15}
ODD = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\x20\0", b"\x20\0", b"\xff\xd8")


def make_pictures() -> dict[str, bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 4), np.uint8)
    noise[10:40, 10:50] = 200
    rgba, rgb = Image.fromarray(noise), Image.fromarray(noise[..., :3])
    grey = Image.fromarray(noise[..., 0].astype(np.uint16) * 200)
    kinds = {
        "PNG": (rgba, {"format": "PNG"}),
        "PNG of a palette": (rgb.quantize(16), {"format": "PNG"}),
        "JPEG": (rgb, {"format": "JPEG"}),
        "progressive JPEG": (rgb, {"format": "JPEG", "progressive": True}),
        "WebP": (rgb, {"format": "WEBP"}),
        "lossless WebP": (rgba, {"format": "WEBP", "lossless": True}),
        "AVIF": (rgb, {"format": "AVIF"}),
        "TIFF": (rgb, {"format": "TIFF", "compression": "tiff_lzw"}),
        "TIFF of 16 bits": (grey, {"format": "TIFF", "tiffinfo": {274: 6}}),
        "BMP": (rgb, {"format": "BMP"}),
        "GIF": (rgb.quantize(32), {"format": "GIF", "save_all": True, "append_images": [rgb]}),
    }
    files = {}
    for name, (image, how) in kinds.items():
        buffer = io.BytesIO()
        image.save(buffer, **how)
        files[name] = buffer.getvalue()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("labels.csv", "path,label_id,kind\na.png,3,upload\nb.jpg,1,camera\n")
        file.writestr("a.png", files["PNG of a palette"])
        file.writestr("b.jpg", files["JPEG"])
    return {**files, "HEIC": TURNED, "zip": buffer.getvalue()}


FILES = make_pictures()


def mutate(data: bytes, rng: random.Random) -> bytes:
    """The file with one to eight changes."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at, reach = rng.randrange(len(changed) + 1), rng.choice((1, 2, 4, 16, 200))
        kind = rng.randrange(6)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[at : at + reach] = rng.randbytes(reach)
        elif kind == 2:
            del changed[at : at + reach]
        elif kind == 3:
            odd = rng.choice(ODD)
            changed[at : at + len(odd)] = odd
        elif kind == 4:
            changed[at:at] = changed[at : at + reach] * rng.choice((1, 2, 50))
        elif rng.random() < 0.2:
            del changed[at:]
    return bytes(changed)


def open_zip(data: bytes) -> None:
    archive = Archive(data)
    for member in archive.members:
        try:
            decode_image(archive.read(member.name))
        except FmnistError:  # one bad picture among good ones
            continue


class TooLong(BaseException):
    """Out of every decoder's `except Exception`."""


def try_mutants(name: str, count: int, seed: int) -> None:
    """Open mutants; `name` with `seed` and a number says which one did what it must not."""
    work: Callable = open_zip if name == "zip" else decode_image
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    opened = 0

    def too_long(*_) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, too_long)
    try:
        for number in range(count):
            data = mutate(FILES[name], random.Random(f"{name} {seed} {number}"))
            signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
            said, image = ".", None
            try:
                with warnings.catch_warnings(action="ignore"):  # of Pillow's, for damaged EXIF
                    image = work(data)
                opened += 1
            except FmnistError as error:
                said = str(error)
            except (Exception, TooLong) as error:
                raise AssertionError(f"{name} {seed} {number}: {error!r}") from error
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            assert said.endswith((".", ")")), f"{name} {seed} {number}: {said}"
            assert image is None or max(image.size) <= 512, f"{name} {seed} {number}"
    finally:
        signal.signal(signal.SIGVTALRM, before)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1024
    assert grown <= MEMORY, f"{name} {seed}: {grown / 2**20:.0f} MB"
    print(f"{name}, seed {seed}: {opened} of {count} opened")


@pytest.mark.parametrize("name", FILES)
def test_mutants_are_decoded_or_refused(name):
    try_mutants(name, 150 // SLOWER.get(name, 1), seed=0)


@pytest.mark.long
@pytest.mark.parametrize("name", FILES)
def test_twenty_thousand_mutants_are_decoded_or_refused(name):
    try_mutants(name, 20_000, int(os.environ.get("FMNIST_SEED") or secrets.randbelow(2**32)))
