"""Zip files: the layouts, what is left out, and what is refused without being unpacked."""

import io
import struct
import unicodedata
import zipfile
import zlib
from functools import partial

import pytest
from PIL import Image

from fmnist.collections import zips
from fmnist.collections.archives import Archive, Member
from fmnist.collections.folders import list_labelled_images
from fmnist.collections.labels import Row, read_table, write_table
from fmnist.collections.scoring import LabelledImage, score_images
from fmnist.data import NOT_CLOTHING
from fmnist.errors import BadArchive, BadImage, LabelsError
from fmnist.images.decoding import MAX_BYTES
from fmnist.inference.answer import answer_bytes
from fmnist.inference.classifier import load_classifier
from fmnist.runs.library import DEFAULT_RUN, find_run


def packed(*members, method=zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of (name, bytes or text) pairs; a name alone has a few bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for member in members:
            name, data = (member, "x") if isinstance(member, str) else member
            file.writestr(name, data)
    return buffer.getvalue()


def members(*names, **how) -> list[tuple]:
    return [
        (member.name, member.label_id, member.kind)
        for member in Archive(packed(*names, **how)).members
    ]


def test_without_labels_it_is_many_pictures():
    assert members("b.png", "a.png") == [("a.png", None, ""), ("b.png", None, "")]
    names = ("my holiday/b.png", "my holiday/deep/a.png")
    assert members(*names) == [("b.png", None, ""), ("deep/a.png", None, "")]
    assert members("x/a.png", "y/b.png") == [("x/a.png", None, ""), ("y/b.png", None, "")]
    assert members("only.png") == [("only.png", None, "")]


def test_a_table_labels_it():
    text = "kind,path,label_id\nphoto,b.png,3\n,./deep/a.png,-1\n"
    expected = [("b.png", 3, "photo"), ("deep/a.png", NOT_CLOTHING, "")]
    content = [("labels.csv", text), "b.png", "deep/a.png", "not-listed.png"]
    assert members(*content) == expected
    # the folder itself was packed
    enclosed = [("mine/labels.csv", text), "mine/b.png", "mine/deep/a.png", "__MACOSX/mine/._b.png"]
    assert members(*enclosed) == expected
    # and its name happens to begin with a class id
    enclosed = [("2 june/labels.csv", text), "2 june/b.png", "2 june/deep/a.png"]
    assert members(*enclosed) == expected


def test_subfolders_label_it():
    names = ("9_boot/b.PNG", "9_boot/deep/a.jpg", "Ankle boot/c", "ood/x.png", "notes.txt", "z.JPE")
    expected = [
        ("9_boot/b.PNG", 9, ""),
        ("9_boot/deep/a.jpg", 9, ""),
        ("Ankle boot/c", 9, ""),
        ("ood/x.png", NOT_CLOTHING, ""),
        ("z.JPE", None, ""),  # in no folder, so its label is still to be given
    ]
    assert members(*names) == expected
    assert members(*(f"mine/{name}" for name in names)) == expected
    assert members("bag/a.png", "bag/b.png") == [("bag/a.png", 8, ""), ("bag/b.png", 8, "")]
    # around class folders, a name that is a class's or begins with a number says nothing
    for around in ("9 photos", "others", "1"):
        inside = members(f"{around}/Sneaker/a.png", f"{around}/Bag/b.png")
        assert inside == [("Bag/b.png", 8, ""), ("Sneaker/a.png", 7, "")]
    # inside a class folder, numbers and words that are no class say nothing
    for inner in (("1", "2"), ("1_left", "2_right"), ("other", "nike")):
        inside = members(*(f"Bag/{folder}/a.png" for folder in inner))
        assert [label for _, label, _ in inside] == [8, 8]
    assert members("9 photos/a.png", "9 photos/b.png") == [("a.png", None, ""), ("b.png", None, "")]
    assert members(("x/Labels.csv", "path,label_id\na.png,3\n"), "x/a.png") == [("a.png", 3, "")]


def test_a_picture_beside_the_class_folders_needs_no_ending():
    start = b"\x89PNG\r\n\x1a\n"
    files = ("bag/a.png", ("scan", b"II*\0"), ("drawing", start), ("BMW", b"BM is a car's name"))
    assert [name for name, *_ in members(*files)] == ["bag/a.png", "drawing", "scan"]


def test_a_subfolder_of_no_class_refuses_nothing():
    archive = Archive(packed("bag/a.png", "hats/b.png", "c.png"))
    assert [(member.name, member.label_id) for member in archive.members] == [
        ("bag/a.png", 8),
        ("c.png", None),
        ("hats/b.png", None),
    ]
    assert archive.unknown == ("hats",)
    assert Archive(packed("bag/a.png", "c.png")).unknown == ()


def test_what_nobody_put_there_is_left_out():
    hidden = (
        "bag/Icon\r",
        "bag/@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg",
        "#recycle/a.png",
        "bag/ehthumbs.db",
        "bag/Picasa.ini",
        "bag/IMG_1.AAE",
        "bag/IMG_1.MOV",
        "__MACOSX/._a.png",
        ".git/x.png",
        "bag/.cache/z.png",
        "bag/.DS_Store",
        "bag/Thumbs.db",
        "bag/a.png.json",
        "bag/a.xmp",
        "notes.txt",
        "bag/",
        "empty/",
    )
    assert members("bag/a.png", *hidden) == [("bag/a.png", 8, "")]
    with pytest.raises(BadArchive, match=r"no pictures in it\."):
        Archive(packed(*hidden))


def test_names_of_other_programs():
    assert members("bag\\a.png", "bag\\") == [("bag/a.png", 8, "")]
    data = packed("bag/aaaa.png")
    utf8 = data.replace(b"aaaa", "ü€".encode()[:4].ljust(4, b"_"))
    assert b"\xc3\xbc" in utf8
    assert Archive(utf8).members[0].name.startswith("bag/")
    unflagged = data.replace(b"aaaa", "üö".encode())  # as macOS packs it: UTF-8 without the bit
    assert Archive(unflagged).members[0].name == "bag/üö.png"
    old = data.replace(b"aaaa", b"a\x81\xffb")
    (member,) = Archive(old).members
    assert member.name == "bag/aü\xa0b.png"
    assert Archive(old).read(member.name) == b"x"


class RawName(zipfile.ZipInfo):
    """A member whose name is some bytes, in no encoding that the file names."""

    def _encodeFilenameFlags(self):  # noqa: N802
        return self.raw, 0


def renamed(name: bytes, data: bytes = b"x", extra: bytes = b"") -> tuple[RawName, bytes]:
    info = RawName(name.hex())
    info.raw, info.extra = name, extra
    return info, data


def in_code_page(*members) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for info, data in members:
            file.writestr(info, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("写真/表.png", "cp932"),  # its second character ends in a backslash
        ("ソ.png", "cp932"),
        ("照片/鞋子.png", "gbk"),
        ("사진/신발.png", "euc-kr"),
        ("Köln/schön.png", "cp437"),
        ("Schlüssel.png", "cp437"),
    ],
)
def test_names_in_code_pages(name, encoding):
    raw = name.encode(encoding)
    archive = Archive(in_code_page(renamed(b"a/" + raw), renamed(b"b.png")))
    assert {member.name for member in archive.members} == {f"a/{name}", "b.png"}
    assert archive.read(f"a/{name}") == b"x"


def test_a_name_that_unrar_adds_in_unicode_counts():
    raw = "Обувь.png".encode("cp866")
    field = b"\1" + struct.pack("<L", zlib.crc32(raw)) + "Обувь.png".encode()
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    assert Archive(in_code_page(renamed(raw, extra=extra))).members[0].name == "Обувь.png"
    other = extra[:5] + b"????" + extra[9:]  # of another name, as when a file was renamed
    assert Archive(in_code_page(renamed(raw, extra=other))).members[0].name != "Обувь.png"


def test_a_table_of_names_that_are_not_there_says_that_the_zip_is_in_a_code_page():
    table = ("path,label_id\nОбувь.png,9\n").encode()
    listed = renamed(b"labels.csv", table)
    with pytest.raises(LabelsError, match=r"line 2: .* whose names are not UTF-8; pack it again"):
        Archive(in_code_page(listed, renamed("Обувь.png".encode("cp866"))))
    archive = Archive(in_code_page(listed, renamed("Обувь.png".encode())))
    assert archive.members == (Member("Обувь.png", 9),)


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_are_found_however_they_are_written(forms):
    listed, packed_as = (unicodedata.normalize(form, "café.png") for form in forms)
    found = members(("labels.csv", f"path,label_id\n{listed},0"), packed_as)
    assert found == [(packed_as, 0, "")]


def edited(data: bytes, **fields) -> bytes:
    """The same with other values in the headers of its first member, local and central.

    Source: .ZIP File Format Specification 6.3.10 (PKWARE), sections 4.3.7 and 4.3.12.
    """
    result = bytearray(data)
    central = data.index(b"PK\x01\x02")
    places = {"flags": ("H", 6, 8), "method": ("H", 8, 10), "size": ("I", 22, 24)}
    for field, value in fields.items():
        kind, at_local, at_central = places[field]
        for place in (at_local, central + at_central):
            struct.pack_into(f"<{kind}", result, place, value)
    return bytes(result)


GOOD = packed("a.png", "b.png")
REFUSED = {
    "empty": (b"", "damaged or cut short"),
    "no zip": (b"PK\x03\x04 nonsense", "damaged or cut short"),
    "cut short": (GOOD[:-30], "damaged or cut short"),
    "no files": (packed(), "no pictures in it"),
    "encrypted": (edited(GOOD, flags=1), "'a.png' in the zip file is encrypted"),
    "absolute": (packed("/etc/passwd"), "the path '/etc/passwd', which leads out"),
    "drive": (packed("C:\\a.png"), r"the path 'C:/a.png', which leads out"),
    "up": (packed("ok.png", "a/../../b.png"), "the path 'a/../../b.png', which leads out"),
    "up, as on Windows": (packed("a\\..\\..\\b.png"), "which leads out"),
    "long": (packed("x/" * 30_000 + "a.png"), "which is too long"),
    "twice": (packed("a.png", "b.png").replace(b"b.png", b"a.png"), "'a.png' twice"),
    "twice, spelt otherwise": (packed("a.png", "./a.png"), "'a.png' twice"),
    "not UTF-8": (
        edited(packed("aaaa.png").replace(b"aaaa", b"\xff\xfe\xfd\xfc"), flags=0x800),
        "damaged or cut short (UnicodeDecodeError)",
    ),
    "many": (packed(*map(str, range(2_001))), "more than 2,000 files"),
    "bomb": (packed(("a.png", bytes(30 * 2**20))), "would unpack to 30 MB"),
    "bomb in parts": (
        packed(*((f"{at}.png", bytes(2**20)) for at in range(30))),
        "would unpack to 30 MB",
    ),
    "declared bomb": (edited(GOOD, size=2**32 - 2), "would unpack to 4,096 MB"),
    "encrypted table": (edited(packed("labels.csv", "a.png"), flags=1), "is encrypted"),
    "table of nothing": (packed(("labels.csv", "path,label_id\n"), "a.png"), "lists no picture"),
    "table too long": (packed(("labels.csv", b"\n" * (2**20 + 1)), "a.png"), "larger than 1 MB"),
    "table packed oddly": (edited(packed("labels.csv", "a.png"), method=12), "labels.csv: The fil"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_one_sentence(name):
    data, words = REFUSED[name]
    with pytest.raises(BadArchive) as caught:
        Archive(data)
    message = str(caught.value)
    assert words in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([("labels.csv", "path,label_id\na.png,11"), "a.png"], "line 2: the label is '11'"),
        ([("labels.csv", "path,label_id\nb.png,1"), "a.png"], "line 2: there is no file 'b.png'"),
        ([("labels.csv", "path,label_id\n../b.png,1"), "a.png"], "line 2: '../b.png' leads out"),
        ([("labels.csv", "path,label_id\n/b.png,1"), "a.png"], "line 2: '/b.png' leads out"),
        ([("labels.csv", "path,label_id\na.png,1\n./a.png,2"), "a.png"], "is on line 2 already"),
        ([("labels.csv", b"path,label_id\n\xff,1"), "a.png"], "line 2: this is not UTF-8"),
        (
            ["1_tshirt/a.png", "9_bag/b.png"],
            "'1_tshirt' has the number of Trouser and the name of T-shirt/top, whose number is 0",
        ),
    ],
)
def test_bad_labels_are_the_sentence_of_a_folder(content, words):
    with pytest.raises(LabelsError) as caught:
        Archive(packed(*content))
    assert words in str(caught.value)


def test_the_number_of_files_is_counted_and_not_believed(monkeypatch):
    data = bytearray(packed(*map(str, range(2_001))))
    end = data.rindex(b"PK\x05\x06")
    struct.pack_into("<HH", data, end + 8, 1, 1)
    monkeypatch.setattr(zips.zipfile, "ZipFile", None)  # it must not even be parsed
    with pytest.raises(BadArchive, match="more than 2,000 files"):
        Archive(bytes(data))


def test_a_large_file_is_refused(monkeypatch):
    monkeypatch.setattr(zips, "MAX_ZIP_BYTES", 100)
    with pytest.raises(BadArchive, match="at most 0 MB are taken"):
        Archive(GOOD)


def test_a_member_that_lies_about_its_size_is_refused_when_read():
    content = bytes(range(256)) * 40
    short = Archive(edited(packed(("a.png", content)), size=10))
    with pytest.raises(BadImage, match=r"damaged inside the zip file \(BadZipFile\)"):
        short.read("a.png")
    assert Archive(packed(("a.png", content))).read("a.png") == content


def test_bad_members_are_one_sentence_and_the_others_are_read():
    noise = bytes(range(256)) * 100
    data = packed(("a.png", noise), ("b.png", noise), ("inner", GOOD), ("b.zip", noise))
    broken = bytearray(data)
    start = broken.index(b"a.png") + len("a.png")
    broken[start + 20 : start + 60] = bytes(40)
    opened = Archive(bytes(broken))
    with pytest.raises(BadImage, match="damaged inside the zip file"):
        opened.read("a.png")
    with pytest.raises(BadImage, match="inside a zip file is not opened"):
        opened.read("inner")
    assert opened.read("b.png") == opened.read("b.zip") == noise
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with pytest.raises(BadImage, match="packed in a way that is not read"):
            Archive(packed(("a.png", noise), method=method)).read("a.png")


def test_a_member_is_never_read_beyond_its_limit():
    limit = packed(("a.png", bytes(MAX_BYTES)), ("b.png", bytes(MAX_BYTES + 1)), method=0)
    opened = Archive(limit)
    assert len(opened.read("a.png")) == MAX_BYTES
    with pytest.raises(BadImage, match="larger than 20 MB"):
        opened.read("b.png")


def test_it_scores_as_the_folder_that_was_packed(tmp_path, test_part):
    folder = tmp_path / "mine"
    folder.mkdir()
    rows = []
    for index in range(12):
        Image.fromarray(test_part.images[index]).save(folder / f"{index}.png")
        rows.append(Row(f"{index}.png", int(test_part.labels[index]), "ab"[index % 2]))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    rows.append(Row("broken.jpg", NOT_CLOTHING, "ü, x"))
    (folder / "labels.csv").write_bytes(write_table(rows))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for path in folder.iterdir():
            file.write(path, path.relative_to(tmp_path))
    opened = Archive(buffer.getvalue())
    pictures = [
        LabelledImage(member.name, member.label_id, member.kind, partial(answer_bytes, data))
        for member in opened.members
        for data in [opened.read(member.name)]
    ]
    classifier = load_classifier(find_run(DEFAULT_RUN))
    assert list(score_images(pictures, classifier)) == list(
        score_images(list_labelled_images(folder), classifier)
    )


def test_a_written_table_is_read_as_it_was():
    rows = [Row("a.png", 0, ""), Row('b", ü.png', -1, "one, two")]
    assert [row for _, row in read_table(write_table(rows), lambda name, line: name)] == rows


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_has_no_limit_is_not_opened_to_see_whether_it_is_a_picture(method):
    beside = ("scan", b"\x89PNG\r\n\x1a\n" + bytes(64))
    assert members(beside, "0/a.png") == [("0/a.png", 0, ""), ("scan", None, "")]
    assert members(beside, "0/a.png", method=method) == [("0/a.png", 0, "")]
