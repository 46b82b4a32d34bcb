"""Hostile and odd picture files: each is decoded or refused with one sentence, never a crash."""

import contextlib
import io
import struct
import threading
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fmnist.errors import BadImage, ServerBusy
from fmnist.images import decoding
from fmnist.images.decoding import decode_image
from fmnist.images.formats import decoder_process
from tests.images.heic import TURNED


def encode(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes, checksum: int | None = None) -> bytes:
    checksum = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def png_header(width: int, height: int, bits: int = 8, *, between: bytes = b"") -> bytes:
    """A PNG that claims a size and brings no pixels: a decompression bomb's beginning."""
    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + between
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )


def run_length_encoded(width: int, height: int, runs: bytes) -> bytes:
    """A BMP of 8 bits, compression BI_RLE8 (Microsoft, BITMAPINFOHEADER)."""
    header = (40, width, height, 1, 8, 1, len(runs), 0, 0, 0, 0)
    start = 14 + 40 + 1024
    beginning = b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start)
    return beginning + struct.pack("<IiiHHIIiiII", *header) + bytes(range(256)) * 4 + runs


def with_scans(picture: bytes, count: int) -> bytes:
    """A progressive JPEG whose last scan comes `count` times more."""
    start = picture.rindex(b"\xff\xda")
    return picture[:-2] + picture[start:-2] * count + b"\xff\xd9"


def lossless_webp(width: int, height: int) -> bytes:
    """The header of a WebP (RFC 9649, 3.4 and 4.1), which is all that is read of a large one."""
    size = (width - 1 | (height - 1) << 14).to_bytes(4, "little")
    body = b"VP8L" + struct.pack("<I", 6) + b"\x2f" + size + b"\0"
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def tiff(tags: dict[int, list[int]], pixels: bytes = bytes(64)) -> bytes:
    """A TIFF (revision 6.0) of these tags, each of LONG numbers; its pixels are at 8."""
    body, entries = bytearray(pixels), b""
    for tag, numbers in sorted(tags.items()):
        value = struct.pack(f"<{len(numbers)}L", *numbers)
        if len(numbers) > 1:
            value, at = struct.pack("<L", 8 + len(body)), value
            body += at
        entries += struct.pack("<HHL", tag, 4, len(numbers)) + value
    head = b"II*\0" + struct.pack("<L", 8 + len(body)) + body
    return head + struct.pack("<H", len(tags)) + entries + bytes(4)


# width, height, bits, no compression, black is zero, strip at 8, one sample, rows of a strip, bytes
GREY = {256: [8], 257: [8], 258: [8], 259: [1], 262: [1], 273: [8], 277: [1], 278: [8], 279: [64]}
PHOTO = Image.effect_noise((300, 200), 60).convert("RGB")
BLANK = Image.new("RGB", (300, 200), "white")
JPEG, GIF = encode(PHOTO, "JPEG"), encode(PHOTO.convert("P"), "GIF")

REFUSED = {
    "empty file": (b"", "empty"),
    "text": (b"hello", "read as an image"),
    "SVG": (b'<?xml version="1.0"?><svg xmlns="x"/>', "SVG"),
    "HTML with a script": (b"<html><script>alert(1)</script>", "read as an image"),
    "HEIC without a picture": (b"\0\0\0\x18ftypheic" + bytes(64), "This HEIC picture is damaged"),
    "HEIC cut short": (TURNED[:1_150], "This HEIC picture is damaged"),
    "HEIF of neither kind": (b"\0\0\0\x14ftypmif1" + bytes(64), "This HEIC picture is damaged"),
    "PDF": (b"%PDF-1.7\n" + bytes(64), "PDF"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "read as an image"),
    "TIFF without a picture": (b"II*\0" + bytes(64), "This TIFF picture is damaged"),
    "TIFF cut short": (encode(PHOTO, "TIFF")[:20_000], "This TIFF picture is damaged"),
    "TIFF of five colours": (tiff({**GREY, 258: [8] * 5, 277: [5]}), "of a rare kind"),
    "JPEG XL": (b"\xff\x0a" + bytes(64), "JPEG XL"),
    "film": (b"\x00\x00\x00\x18ftypmp42" + bytes(64), "This is a film"),
    "raw": (b"\x00\x00\x00\x18ftypcrx " + bytes(64), "A camera's raw pictures can't be read"),
    "zip file": (b"PK\x03\x04" + bytes(64), "This is a zip file;"),
    "bomb of 900 megapixels": (png_header(30_000, 30_000), "64 megapixels"),
    "bomb of 100 megapixels": (png_header(10_000, 10_000), "64 megapixels"),
    "long and thin": (png_header(100_000, 2), "20,000 pixels a side"),
    "PNG cut short": (encode(PHOTO, "PNG")[:2_000], "damaged or cut short"),
    "JPEG cut short": (encode(PHOTO, "JPEG")[:2_000], "damaged or cut short"),
    "PNG without pixels": (png_header(100, 100), "damaged or cut short"),
    "JPEG with the lower half missing": (
        encode(PHOTO, "JPEG")[: len(encode(PHOTO, "JPEG")) // 2],
        "cut short",
    ),
    "JPEG of another coding": (
        encode(PHOTO, "JPEG").replace(b"\xff\xc0", b"\xff\xc9"),
        "rare kind of JPEG is not supported",
    ),
    "JPEG of many scans": (
        with_scans(encode(Image.new("L", (3_000, 3_000)), "JPEG", progressive=True), 400),
        "many scans",
    ),
    "JPEG of many comments": (
        JPEG[:2] + b"\xff\xfe\x00\x02" * 50_001 + JPEG[2:],
        "too many pieces",
    ),
    "PNG of many chunks": (
        png_header(100, 100, between=chunk(b"tEXt", b"a\0b") * 50_001),
        "too many pieces",
    ),
    "PNG of 16 bits, 49 megapixels": (png_header(7_000, 7_000, 16), "32 megapixels"),
    "WebP of 16 megapixels": (lossless_webp(4_000, 4_000), "13 megapixels"),
    "run-length encoded BMP": (run_length_encoded(8_000, 8_000, b"\0\1"), "6 megapixels"),
    "run-length encoded BMP that gets nowhere": (
        run_length_encoded(80, 80, b"\0\2\0\0" * 500_001),
        "too many pieces",
    ),
    "GIF of many pieces": (
        GIF.replace(b"\x2c", b"\x21\xfe" + b"\1a" * 1_000_001 + b"\0\x2c", 1),
        "too many pieces",
    ),
    "animation of one colour": (
        encode(BLANK, "GIF", save_all=True, append_images=[Image.new("RGB", (300, 200), "red")]),
        "in the first 2 frames of the animation",
    ),
    "AVIF cut short": (encode(PHOTO, "AVIF", speed=10)[:1_000], "This AVIF picture is damaged"),
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
    "AVIF": encode(PHOTO, "AVIF", speed=10),
    "TIFF": encode(PHOTO, "TIFF"),
    "BigTIFF": encode(PHOTO, "TIFF", big_tiff=True),
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


# each of the others takes a process
SEEDS = [data for data in ACCEPTED.values() if decoder_process.find_kind(data) is None]


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


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and one.tobytes() == other.tobytes()


def odd_exif(orientation: int) -> bytes:
    """EXIF data with an orientation, after a tag of no known kind that leads out of the file."""
    tags = struct.pack("<HHLL", 0x0100, 77, 2**31, 2**32 - 1)
    tags += struct.pack("<HHLL", 0x0112, 3, 1, orientation)
    return b"Exif\0\0II*\0" + struct.pack("<LH", 8, 2) + tags + bytes(4)


BROKEN_EXIF = {
    "cut short": odd_exif(6)[:26],
    "endless": odd_exif(6)[:14] + b"\xff" * 40,
    "no": b"?",
}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_only_the_orientation_is_read(kind):
    plain = encode(PHOTO, kind, lossless=True)
    turned = decode_image(plain).transpose(Image.Transpose.ROTATE_270)
    assert same(decode_image(encode(PHOTO, kind, exif=odd_exif(6), lossless=True)), turned)
    for exif in BROKEN_EXIF.values():
        found = decode_image(encode(PHOTO, kind, exif=exif, lossless=True))
        assert same(found, decode_image(plain))


def test_an_avif_is_turned_and_of_the_right_colours():
    picture = Image.new("RGBA", (2_100, 1_000), (200, 30, 30, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 1_050, 1_000))
    found = decode_image(encode(picture, "AVIF", exif=odd_exif(6), speed=10))
    assert found.size == (244, 512)
    assert found.getpixel((100, 100))[3] == 0
    assert np.abs(np.subtract(found.getpixel((100, 400)), (200, 30, 30, 255))).max() <= 3


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"heix"])
def test_a_heic_is_turned_and_of_the_right_colours(brand):
    found = decode_image(TURNED[:8] + brand + TURNED[12:])
    assert found.size == (48, 64)
    assert found.info == {}
    # turned clockwise, the upper left quarter is the upper right one; red is green, see `heic`
    quarters = [found.getpixel((x, y)) for x in (10, 38) for y in (14, 50)]
    expected = [(40, 40, 40, 255)] * 2 + [(40, 230, 40, 255), (40, 40, 40, 255)]
    assert np.abs(np.subtract(quarters, expected)).max() <= 12


def test_a_heic_with_a_damaged_colour_profile_is_shown_as_it_is():
    at = TURNED.index(b"acsp")
    found = decode_image(TURNED[:at] + b"????" + TURNED[at + 4 :])
    assert np.abs(np.subtract(found.getpixel((38, 14)), (230, 40, 40, 255))).max() <= 12


LEFT_RED = Image.new("RGB", (64, 48), (40, 60, 80))
LEFT_RED.paste((250, 10, 20), (0, 0, 32, 48))
RAMP = np.linspace(0, 1, 64)[None].repeat(48, axis=0)
TIFFS = {  # what is written, how, and what has to be seen of it
    **{
        how or "raw": (LEFT_RED, {"compression": how}, LEFT_RED)
        for how in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
    },
    "grey": (LEFT_RED.convert("L"), {}, LEFT_RED.convert("L")),
    "palette": (LEFT_RED.quantize(4), {}, LEFT_RED),
    "CMYK": (LEFT_RED.convert("CMYK"), {}, LEFT_RED),
    "1 bit": (LEFT_RED.convert("1", dither=0), {}, LEFT_RED.convert("1", dither=0)),
    "1 bit, fax": (Image.new("1", (64, 48), 1), {"compression": "group4"}, "white"),
    "16 bits": (Image.fromarray((RAMP * 40_000).astype(np.uint16)), {}, RAMP * 40_000 / 257),
    "float": (Image.fromarray(np.float32(RAMP * 7 - 3)), {}, RAMP * 255),
    "32 bits": (Image.fromarray(np.int32(RAMP * 2e9 - 1e9)), {}, RAMP * 255),
    "float of one value": (Image.fromarray(np.full((48, 64), 7, np.float32)), {}, "black"),
    "two pages": (LEFT_RED, {"save_all": True, "append_images": [BLANK]}, LEFT_RED),
    "turned": (LEFT_RED, {"tiffinfo": {274: 6}}, LEFT_RED.transpose(Image.Transpose.ROTATE_270)),
}


@pytest.mark.parametrize("name", TIFFS)
def test_a_tiff_is_of_the_right_colours(name):
    written, how, seen = TIFFS[name]
    if isinstance(seen, str):
        seen = Image.new("RGB", written.size, seen)
    elif isinstance(seen, np.ndarray):
        seen = Image.fromarray(seen.astype(np.uint8))
    found = decode_image(encode(written, "TIFF", **how))
    assert found.size == seen.size
    off = np.subtract(found, seen.convert("RGBA"), dtype=int)
    assert np.abs(off).max() <= (12 if name == "jpeg" else 1)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_whose_zero_is_white(bits):
    grey = (RAMP * 250).astype(np.uint8) if bits == 8 else (RAMP * 64_250).astype(np.uint16)
    written = encode(Image.fromarray(grey), "TIFF")
    is_black, is_white = (b"\x06\x01\x03\x00\x01\x00\x00\x00" + end for end in (b"\1\0", b"\0\0"))
    assert written.count(is_black) == 1
    found = decode_image(written.replace(is_black, is_white)).convert("L")
    assert np.abs(np.asarray(found, int) - (255 - RAMP * 250)).max() <= 1


def test_twelve_bits_are_scaled_to_white():
    # two numbers in three bytes, all of them 0xFFF
    pixels = b"\xff" * (8 * 8 * 12 // 8)
    found = decode_image(tiff({**GREY, 258: [12], 279: [96]}, pixels))
    assert found.getpixel((3, 3)) == (255, 255, 255, 255)


def test_what_is_clear_in_a_tiff_stays_so_when_it_is_reduced():
    picture = Image.new("RGBA", (2_100, 1_000), (200, 30, 30, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 1_050, 1_000))
    found = decode_image(encode(picture, "TIFF", compression="tiff_lzw"))
    assert found.size == (512, 244)
    assert found.getpixel((100, 100))[3] == 0
    assert found.getpixel((400, 100)) == (200, 30, 30, 255)


@pytest.mark.parametrize(("mode", "expected"), [("1", (127, 127, 127)), ("P", (127, 0, 127))])
def test_what_is_averaged_in_a_tiff_is_colours_and_not_their_numbers(mode, expected):
    columns = np.zeros((20, 2_100), np.uint8)
    columns[:, 1::2] = 2
    picture = Image.fromarray(columns)
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    if mode == "1":
        picture = Image.fromarray(columns > 0)
    found = decode_image(encode(picture, "TIFF")).getpixel((100, 1))
    assert np.abs(np.subtract(found[:3], expected)).max() <= 1


def test_a_tiff_is_shown_by_its_colour_profile():
    # that of the HEIC, in which red is green
    at = TURNED.index(b"acsp") - 36
    profile = TURNED[at : at + int.from_bytes(TURNED[at : at + 4])]
    for picture, expected in (
        (LEFT_RED, (10, 250, 20, 255)),
        (LEFT_RED.convert("RGBA"), (10, 250, 20, 255)),
        (LEFT_RED.convert("CMYK"), (250, 10, 20, 255)),  # it is none of CMYK
    ):
        found = decode_image(encode(picture, "TIFF", icc_profile=profile)).getpixel((10, 10))
        assert np.abs(np.subtract(found, expected)).max() <= 3, picture.mode


IN_A_PROCESS = {"AVIF": ACCEPTED["AVIF"], "HEIC": TURNED, "TIFF": ACCEPTED["TIFF"]}


@pytest.mark.parametrize("kind", IN_A_PROCESS)
@pytest.mark.parametrize(("limit", "few"), [("MAX_MEMORY", 20 * 2**20), ("MAX_SECONDS", 0)])
def test_what_takes_too_much_to_decode_is_refused(kind, limit, few, monkeypatch):
    monkeypatch.setattr(decoder_process, limit, few)
    with pytest.raises(BadImage, match=f"This {kind} picture .* takes too much to decode"):
        decode_image(IN_A_PROCESS[kind])


@pytest.mark.parametrize("kind", IN_A_PROCESS)
def test_too_many_pixels_are_not_decoded(kind, monkeypatch):
    monkeypatch.setitem(decoder_process.MAX_PIXELS, kind, 3_000)
    with pytest.raises(BadImage, match=rf"the limit of this kind \({kind}\)"):
        decode_image(IN_A_PROCESS[kind])


def test_chunks_beside_the_pixels_refuse_no_png():
    plain = encode(PHOTO, "PNG")
    start = 8 + 25  # after IHDR
    for odd in (
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2_000_000))),
        chunk(b"tEXt", b"Comment\0text", checksum=1),
        *(chunk(kind, b"?") for kind in (b"tIME", b"eXIf", b"gAMA", b"pHYs", b"iCCP", b"sRGB")),
        *(chunk(kind, b"") for kind in (b"tRNS", b"cHRM", b"acTL", b"fcTL", b"iTXt", b"bKGD")),
        chunk(b"tRNS", bytes(6), checksum=1),
    ):
        assert same(decode_image(plain[:start] + odd + plain[start:]), decode_image(plain)), odd[
            4:8
        ]
    assert same(decode_image(plain[:-12]), decode_image(plain))  # without IEND
    with pytest.raises(BadImage):
        decode_image(plain[:start] + chunk(b"IDAT", b"?", checksum=1) + plain[start:])


def test_segments_beside_the_pixels_refuse_no_jpeg():
    for odd in (b"JFIF\0", b"Exif\0\0", b"MPF\0", b"ICC_PROFILE\0", b"Photoshop 3.0\0", b"Adobe"):
        for number in range(0xE0, 0xF0):
            segment = struct.pack(">BBH", 0xFF, number, len(odd) + 2) + odd
            assert same(decode_image(JPEG[:2] + segment + JPEG[2:]), decode_image(JPEG))


@pytest.mark.parametrize("how", [{}, {"progressive": True}], ids=["baseline", "progressive"])
def test_a_jpeg_needs_no_end(how):
    whole = encode(PHOTO, "JPEG", **how)
    assert same(decode_image(whole[:-2]), decode_image(whole))
    assert same(decode_image(whole + with_scans(whole, 99)), decode_image(whole))  # a phone's film


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_the_first_frame_that_shows_something_counts(kind):
    clear = Image.new("RGBA", (300, 200))
    for first in (BLANK, clear):
        frames = [first, PHOTO, PHOTO.rotate(180)]
        data = encode(first, kind, save_all=True, append_images=frames, lossless=True, duration=50)
        found = np.asarray(decode_image(data).convert("RGB"), int)
        expected = np.asarray(PHOTO.quantize().convert("RGB") if kind == "GIF" else PHOTO, int)
        assert np.abs(found - expected).mean() < 20


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_a_white_garment_on_transparency_shows_something(kind):
    garment = Image.new("RGBA", (300, 200))
    garment.paste("white", (100, 50, 200, 150))
    frames = [garment, garment.rotate(90), PHOTO]
    data = encode(garment, kind, save_all=True, append_images=frames[1:], lossless=True)
    assert same(decode_image(data).getchannel("A"), garment.getchannel("A"))


def clear_png(bits: int, colour: int, rows: list[bytes], clear: bytes) -> bytes:
    """A PNG of 40x40 in which one level of grey (colour 0), or one colour (2), is transparent."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 40, bits, colour, 0, 0, 0))
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    body = chunk(b"tRNS", clear) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + body


@pytest.mark.parametrize("colour", [0, 2])
def test_the_transparent_one_of_65536_levels(colour):
    channels = 3 if colour else 1
    clear, other = (struct.pack(">H", level) * channels for level in (200, 200 * 257))
    rows = [clear * 40] * 10 + [other * 40] * 30
    found = decode_image(clear_png(16, colour, rows, clear))
    assert found.getpixel((0, 0))[3] == 0
    assert found.getpixel((0, 15)) == (200, 200, 200, 255)  # which is 200 * 257 of 65,535


@pytest.mark.parametrize("bits", [2, 4])
def test_the_transparent_one_of_few_levels(bits):
    levels = range(2**bits)
    packed = [int(f"{level:0{bits}b}" * (8 // bits), 2) for level in levels]
    rows = [bytes([packed[at % 2**bits]]) * (40 * bits // 8) for at in range(40)]
    for clear in levels:
        found = decode_image(clear_png(bits, 0, rows, struct.pack(">H", clear)))
        assert [found.getpixel((0, at))[3] for at in levels] == [
            255 * (at != clear) for at in levels
        ]
        assert [found.getpixel((0, at))[0] for at in levels] == [
            255 * at // levels[-1] for at in levels
        ]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_picture_of_no_numbers_is_refused(value):
    pixels = np.float32(RAMP)
    pixels[0, 0] = value
    with pytest.raises(BadImage, match="damaged"):
        decode_image(encode(Image.fromarray(pixels), "TIFF"))


def test_it_is_reduced_in_strips_as_in_one_piece(monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (1037, 2051, 4), np.uint8)
    data = encode(Image.fromarray(pixels), "PNG", compress_level=0)
    whole = Image.fromarray(pixels).convert("RGBa")
    whole = whole.resize((512, 259), Image.Resampling.BOX, reducing_gap=2).convert("RGBA")
    for strip in (2051, 10_000, 10**9):
        monkeypatch.setattr(decoding, "STRIP", strip)
        assert same(decode_image(data), whole)


def test_a_large_picture_waits_for_its_turn_and_a_small_one_does_not(monkeypatch):
    monkeypatch.setattr(decoding, "PATIENCE", 0.01)
    monkeypatch.setattr(decoding, "_TURNS", threading.Semaphore(1))
    large = encode(Image.new("L", (4_000, 3_000)), "PNG")
    with decoding._TURNS:
        with pytest.raises(ServerBusy, match="try again in a moment"):
            decode_image(large)
        assert decode_image(JPEG).size == (300, 200)
    for _ in range(2):  # a turn is given back
        assert decode_image(large).size == (512, 384)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_nothing_but_pixels_is_left(format):
    picture = decode_image(encode(PHOTO.convert("RGB"), format, icc_profile=b"x" * 5_000))
    assert picture.info == {}
