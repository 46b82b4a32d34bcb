"""What visitors bring, by name: the bytes, and what every way in has to say of them."""

import io

from PIL import Image, ImageDraw


def _trousers() -> Image.Image:
    image = Image.new("RGB", (120, 200), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((30, 20, 55, 180), fill="black")
    pen.rectangle((65, 20, 90, 180), fill="black")
    pen.rectangle((30, 20, 90, 60), fill="black")
    return image


def _encoded(kind: str, **how) -> bytes:
    buffer = io.BytesIO()
    _trousers().save(buffer, kind, **how)
    return buffer.getvalue()


TROUSER, NO_PICTURE, FILM = "Trouser", "read as an image; use PNG,", "This is a film"
BROUGHT = {
    "a.jfif": (_encoded("JPEG"), TROUSER),
    "b.JPE": (_encoded("JPEG"), TROUSER),
    "c.avif": (_encoded("AVIF", speed=10), TROUSER),
    "d.tif": (_encoded("TIFF", compression="tiff_lzw"), TROUSER),
    "e.WEBP": (_encoded("WEBP"), TROUSER),
    "f.gif": (_encoded("GIF", save_all=True, append_images=[Image.new("L", (9, 9))]), TROUSER),
    "g.bmp": (_encoded("BMP"), TROUSER),
    "no ending": (_encoded("TIFF"), TROUSER),
    "a png.jpg": (_encoded("PNG"), TROUSER),
    "a png.zip": (_encoded("PNG"), TROUSER),
    "a jpeg.svg": (_encoded("JPEG"), TROUSER),
    "h.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG drawings can't be read"),
    "i.pdf": (b"%PDF-1.7\n" + bytes(64), "This is a PDF"),
    "j.text": (b"hello", NO_PICTURE),
    "k.m4v": (b"\0\0\0\x18ftypmp42" + bytes(64), FILM),
    "l.webm": (b"\x1aE\xdf\xa3" + bytes(64), FILM),
    "m.avi": (b"RIFF\0\1\0\0AVI LIST" + bytes(64), FILM),
    "n.ico": (_encoded("ICO"), NO_PICTURE),
    "o.ppm": (_encoded("PPM"), NO_PICTURE),
    "empty.png": (b"", "The file is empty"),
}
