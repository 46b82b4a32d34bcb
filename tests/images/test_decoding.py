"""Hostile and odd picture files: each is decoded or refused with one sentence, never a crash."""

import contextlib
import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fmnist.errors import BadImage
from fmnist.images import decoding
from fmnist.images.decoding import decode_image


def encode(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and brings no pixels: a decompression bomb's beginning."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


PHOTO = Image.effect_noise((300, 200), 60).convert("RGB")

REFUSED = {
    "empty file": (b"", "empty"),
    "text": (b"hello", "read as an image"),
    "SVG": (b'<?xml version="1.0"?><svg xmlns="x"/>', "SVG"),
    "HTML with a script": (b"<html><script>alert(1)</script>", "read as an image"),
    "HEIC": (b"\x00\x00\x00\x18ftypheic" + bytes(64), "HEIC"),
    "PDF": (b"%PDF-1.7\n" + bytes(64), "PDF"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "read as an image"),
    "TIFF, not accepted": (encode(PHOTO, "TIFF"), "read as an image"),
    "bomb of 900 megapixels": (png_header(30_000, 30_000), "64 megapixels"),
    "bomb of 100 megapixels": (png_header(10_000, 10_000), "64 megapixels"),
    "long and thin": (png_header(100_000, 2), "20,000 pixels a side"),
    "PNG cut short": (encode(PHOTO, "PNG")[:2_000], "damaged or cut short"),
    "JPEG cut short": (encode(PHOTO, "JPEG")[:2_000], "damaged or cut short"),
    "PNG without pixels": (png_header(100, 100), "damaged or cut short"),
    "too many bytes": (b"\x89PNG" + bytes(decoding.MAX_BYTES), "larger than 20 MB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_one_sentence(name):
    data, words = REFUSED[name]
    with pytest.raises(BadImage) as caught:
        decode_image(data)
    message = str(caught.value)
    assert words in message
    assert "\n" not in message
    assert message.endswith(".")


ACCEPTED = {
    "PNG": encode(PHOTO, "PNG"),
    "JPEG": encode(PHOTO, "JPEG"),
    "CMYK JPEG": encode(PHOTO.convert("CMYK"), "JPEG"),
    "WebP": encode(PHOTO, "WEBP"),
    "BMP": encode(PHOTO, "BMP"),
    "GIF": encode(PHOTO.convert("P"), "GIF"),
    "1 bit": encode(PHOTO.convert("1"), "PNG"),
    "16 bit grey": encode(Image.fromarray(np.full((200, 300), 40_000, np.uint16)), "PNG"),
    "palette with transparency": encode(PHOTO.convert("P"), "PNG", transparency=0),
    "grey with alpha": encode(PHOTO.convert("LA"), "PNG"),
    "two frames": encode(PHOTO, "GIF", save_all=True, append_images=[PHOTO.rotate(90)]),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name):
    picture = decode_image(ACCEPTED[name])
    assert picture.mode == "RGBA"
    assert picture.size == (300, 200)


def test_sixteen_bits_are_scaled_not_clipped():
    assert decode_image(ACCEPTED["16 bit grey"]).getpixel((0, 0))[0] == 40_000 // 257


def test_name_and_content_need_not_agree():
    assert decode_image(encode(PHOTO, "WEBP")).size == (300, 200)  # whatever the file was called


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(orientation):
    # a picture with a bright upper left corner, stored as a camera would store it
    upright = Image.new("L", (40, 20))
    upright.paste(255, (0, 0, 10, 10))
    turn = {  # what Image.transpose makes of the upright one, by the EXIF specification
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = upright
    for step in turn.get(orientation, []):
        stored = stored.transpose(step)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode_image(encode(stored, "PNG", exif=exif))
    assert picture.size == (40, 20)
    assert picture.getpixel((5, 5))[0] == 255
    assert picture.getpixel((35, 15))[0] == 0


def test_large_pictures_are_reduced_without_distortion():
    picture = decode_image(encode(Image.new("RGB", (4000, 3000), "red"), "JPEG"))
    assert picture.size == (512, 384)


def test_hidden_colours_do_not_bleed_when_reduced():
    # white under full transparency around an opaque black square
    pixels = np.full((1024, 1024, 4), (255, 255, 255, 0), np.uint8)
    pixels[255:769, 255:769] = (0, 0, 0, 255)
    picture = np.asarray(decode_image(encode(Image.fromarray(pixels), "PNG")))
    assert picture[..., :3][picture[..., 3] > 0].max() == 0


def test_decoding_warns_nobody():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decode_image(encode(Image.new("RGB", (9500, 6700)), "JPEG", quality=30))  # 63 megapixels


SEEDS = list(ACCEPTED.values())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_damaged_bytes_are_decoded_or_refused(seed, data):
    damaged = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    damaged = bytes(damaged[: data.draw(st.integers(1, len(damaged)))])
    with contextlib.suppress(BadImage):  # anything else fails the test
        assert max(decode_image(damaged).size) <= 512


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_nothing_but_pixels_is_left(format):
    picture = decode_image(encode(PHOTO.convert("RGB"), format, icc_profile=b"x" * 5_000))
    assert picture.info == {}
