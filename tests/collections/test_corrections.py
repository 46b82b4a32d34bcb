"""Corrections: what is kept, in which layout, what is refused, and many at once."""

import csv
import hashlib
import inspect
import io
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from fmnist import access
from fmnist.collections import corrections
from fmnist.collections.archives import Archive
from fmnist.collections.folders import list_labelled_images
from fmnist.collections.labels import Row
from fmnist.collections.scoring import score_images
from fmnist.data import NOT_CLOTHING
from fmnist.errors import BadImage, CorrectionsError
from fmnist.files import replace_file
from fmnist.images.decoding import decode_image
from fmnist.inference.answer import answer_bytes
from fmnist.inference.classifier import load_classifier
from fmnist.runs.library import DEFAULT_RUN, find_run
from fmnist.runs.trash import Trash
from tests.conftest import ROOT


def picture(seed=0, size=(40, 30), **how) -> bytes:
    """A PNG that no other seed gives."""
    noise = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, **{"format": "PNG", **how})
    return buffer.getvalue()


def table() -> list[list[str]]:
    with (corrections.directory() / "labels.csv").open(newline="") as file:
        return list(csv.reader(file))


def files() -> set[str]:
    return {path.name for path in corrections.directory().iterdir()}


def purge(removed: corrections.Removed) -> None:
    kept = Trash()
    kept.add(removed)
    kept.purge()


def test_nothing_is_made_by_looking():
    assert corrections.kept() == []
    assert corrections.remove(["x"]).paths == ()
    assert not corrections.directory().exists()


def test_the_folder_lies_beside_the_runs_or_where_it_is_said(runs_dir, monkeypatch, tmp_path):
    assert corrections.directory() == runs_dir.parent.resolve() / "corrections"
    monkeypatch.setenv("FMNIST_CORRECTIONS", str(tmp_path / "elsewhere"))
    assert corrections.directory() == tmp_path.resolve() / "elsewhere"


def test_a_picture_is_kept_in_the_layout_of_score():
    kept = [corrections.keep(picture(1), 6, "upload"), corrections.keep(picture(2), -1, "camera")]
    assert corrections.kept() == kept
    assert table() == [
        ["path", "label_id", "kind"],
        [kept[0].path, "6", "upload"],
        [kept[1].path, "-1", "camera"],
    ]
    assert files() - {".lock"} == {"labels.csv", kept[0].path, kept[1].path}
    for row in kept:
        data = corrections.picture_of(row)
        assert row.path == f"{hashlib.sha256(data).hexdigest()}.png"
    listed = list_labelled_images(corrections.directory())
    assert [(file.name, file.label_id, file.kind) for file in listed] == kept


def test_the_same_picture_gets_the_new_label():
    first, second = (
        corrections.keep(picture(1), 6, "upload"),
        corrections.keep(picture(2), 1, "upload"),
    )
    again = corrections.keep(picture(1), NOT_CLOTHING, "camera")
    assert corrections.kept() == [Row(first.path, NOT_CLOTHING, "camera"), second]
    # and so does what was kept of it, uploaded again
    assert corrections.name_of(corrections.picture_of(again)) == first.path
    assert corrections.name_of(picture(1)) == first.path


def test_a_lost_picture_is_written_again():
    row = corrections.keep(picture(3), 0, "upload")
    (corrections.directory() / row.path).unlink()
    assert corrections.keep(picture(3), 0, "upload") == row
    assert decode_image(corrections.picture_of(row)).size


def test_a_colour_profile_is_not_kept():
    plain = corrections.keep(picture(3), 0, "upload")
    profiled = picture(3, icc_profile=b"a profile" * 1000)
    assert b"a profile" not in corrections.picture_of(corrections.keep(profiled, 0, "upload"))
    assert [row.path for row in corrections.kept()] == [plain.path]  # the same picture


def test_what_is_kept_has_the_same_pixels_and_nothing_else(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    exif[0x010F] = "a phone"
    photo = picture(3, (900, 600), format="JPEG", exif=exif, quality=95) + b"<script>more</script>"
    data = corrections.picture_of(corrections.keep(photo, 0, "camera"))
    assert b"a phone" in photo
    assert b"a phone" not in data
    assert b"script" not in data
    np.testing.assert_array_equal(np.asarray(decode_image(data)), np.asarray(decode_image(photo)))
    with Image.open(io.BytesIO(data)) as image:
        assert (image.size, dict(image.getexif())) == ((341, 512), {})


def test_kept_pictures_are_answered_as_before(test_part):
    classifier = load_classifier(find_run(DEFAULT_RUN))
    expected = []
    for index in range(6):
        buffer = io.BytesIO()
        Image.fromarray(255 - test_part.images[index]).resize((90, 120)).save(buffer, "JPEG")
        corrections.keep(buffer.getvalue(), int(test_part.labels[index]), "upload")
        answer = answer_bytes(buffer.getvalue(), classifier)
        expected.append((answer.class_id, answer.verdict, answer.probability))
    scored = score_images(list_labelled_images(corrections.directory()), classifier)
    assert [(file.class_id, file.verdict, file.probability) for file in scored] == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"\xff\xd8\xff nothing more",
        b"<html><script>alert(1)</script>",
    ],
)
def test_what_is_no_picture_is_not_kept(data):
    with pytest.raises(BadImage):
        corrections.keep(data, 0, "upload")
    assert not corrections.directory().exists()


@pytest.mark.parametrize(("label", "kind"), [(10, "upload"), (-2, "upload"), (0, "=1+1")])
def test_odd_labels_and_kinds_are_not_kept(label, kind):
    with pytest.raises(ValueError, match="no correction has the label"):
        corrections.keep(picture(), label, kind)
    assert not corrections.directory().exists()


def test_removing():
    rows = [corrections.keep(picture(seed), seed, "drawing") for seed in range(4)]
    gone = corrections.remove([rows[1].path, rows[3].path, "nobody.png", "../../x"])
    assert (gone.name, len(gone.paths)) == ("2 corrections", 2)
    assert corrections.kept() == [rows[0], rows[2]]
    purge(gone)
    assert files() - {".lock"} == {"labels.csv", rows[0].path, rows[2].path}
    assert len(corrections.remove([row.path for row in rows]).paths) == 2
    assert corrections.kept() == []
    with pytest.raises(CorrectionsError, match="cannot be read"):
        corrections.picture_of(rows[0])


def test_limits(monkeypatch):
    monkeypatch.setattr(corrections, "MAX_PICTURES", 2)
    rows = [corrections.keep(picture(seed), 0, "drawing") for seed in range(2)]
    with pytest.raises(CorrectionsError, match="no more than 2 are kept; remove some first"):
        corrections.keep(picture(2), 0, "drawing")
    corrections.keep(picture(1), 5, "drawing")  # takes no more room
    corrections.remove([rows[0].path])
    corrections.keep(picture(2), 0, "drawing")
    monkeypatch.setattr(corrections, "MAX_PICTURES", 9)
    monkeypatch.setattr(corrections, "MAX_TOTAL", 10_000)
    with pytest.raises(CorrectionsError, match="no more than 0 MB are kept; remove some first"):
        corrections.keep(picture(3), 0, "drawing")
    assert len(corrections.kept()) == 2


@pytest.mark.parametrize("place", ["anywhere", "labels.csv"])
def test_a_full_disk_is_one_sentence_and_changes_nothing(monkeypatch, place):
    row = corrections.keep(picture(1), 3, "upload")
    before = files()
    write = replace_file

    def full(path, fill):
        def fill_and_fail(part):
            fill(part)
            if place in ("anywhere", path.name):
                raise OSError(28, "No space left on device")

        write(path, fill_and_fail)

    monkeypatch.setattr(corrections, "replace_file", full)
    with pytest.raises(CorrectionsError, match=r"cannot be changed .* \(No space left on device\)"):
        corrections.keep(picture(2), 3, "upload")
    with pytest.raises(CorrectionsError, match="No space left"):
        corrections.keep(picture(1), 4, "upload")
    assert corrections.kept() == [row]
    assert files() == before


def test_a_correction_is_removed_from_a_full_disk(monkeypatch):
    rows = [corrections.keep(picture(number), 3, "upload") for number in range(3)]

    def full(path, fill):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(corrections, "replace_file", full)
        gone = corrections.remove([rows[0].path])
        assert rows[0].path not in files()
        assert corrections.kept() == rows[1:]
        assert len(Archive(corrections.export()).members) == 2
        gone.restore()
        assert corrections.kept() == rows
        purge(corrections.remove([rows[0].path]))
    corrections.remove([rows[1].path])  # and once there is room, the table says so, too
    assert corrections.kept() == rows[2:]
    assert len((corrections.directory() / "labels.csv").read_text().splitlines()) == 2


def test_what_a_killed_process_has_left_is_removed():
    row = corrections.keep(picture(1), 3, "upload")
    (corrections.directory() / ".part-x.png").write_bytes(bytes(1000))
    corrections.keep(picture(1), 4, "upload")
    assert {name for name in files() if name.endswith(".png")} == {row.path}


def test_a_place_that_is_no_folder_is_one_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("FMNIST_CORRECTIONS", str(tmp_path / "file"))
    with pytest.raises(CorrectionsError, match=r"cannot be changed .* \(File exists\)"):
        corrections.keep(picture(), 0, "upload")
    with pytest.raises(CorrectionsError, match=r"cannot be read \(Not a directory\)"):
        corrections.kept()


@pytest.mark.parametrize("path", ["../runs/x.png", "photo.png", "/etc/hostname", "a" * 64])
def test_a_damaged_table_is_one_sentence_and_stays_as_it_is(path):
    row = corrections.keep(picture(1), 3, "upload")
    damaged = f"path,label_id,kind\n{row.path},3,upload\n{path},1,upload\n"
    (corrections.directory() / "labels.csv").write_text(damaged)
    for act in (
        corrections.kept,
        lambda: corrections.keep(picture(2), 0, "upload"),
        lambda: corrections.remove([path, row.path]),
    ):
        with pytest.raises(CorrectionsError, match=r"damaged: labels.csv, line 3: .* no name"):
            act()
    assert (corrections.directory() / "labels.csv").read_text() == damaged


def test_the_export_can_be_uploaded_again():
    rows = [corrections.keep(picture(seed), seed - 1, "drawing") for seed in range(4)]
    (corrections.directory() / rows[2].path).unlink()  # removed by others meanwhile
    opened = Archive(corrections.export())
    assert [tuple(vars(member).values()) for member in opened.members] == [
        tuple(row) for row in rows if row != rows[2]
    ]
    assert opened.read(rows[0].path) == corrections.picture_of(rows[0])


WRITER = f"""
import io, sys
import numpy as np
from PIL import Image
from fmnist.collections import corrections

{inspect.getsource(picture)}
for seed in range(5):
    corrections.keep(picture(seed), seed, "upload")  # the same for all writers
    corrections.keep(picture(int(sys.argv[1]) * 100 + seed), seed, "drawing")
corrections.remove([corrections.name_of(picture(int(sys.argv[1]) * 100))])
"""


def test_many_processes_and_threads_lose_nothing():
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(at)], cwd=ROOT, env=dict(os.environ))
        for at in (1, 2)
    ]

    def write(at):
        for seed in range(5):
            corrections.keep(picture(at * 100 + seed), seed, "camera")

    threads = [threading.Thread(target=write, args=(at,)) for at in (3, 4, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(300) for process in processes] == [0, 0]
    expected = [*range(5), *range(101, 105), *range(201, 205)]
    expected += [at * 100 + seed for at in (3, 4, 5) for seed in range(5)]
    names = {corrections.name_of(picture(seed)) for seed in expected}
    assert {row.path for row in corrections.kept()} == names
    shown = {name for name in files() if not name.startswith(".")}
    assert shown == {"labels.csv", *names}


def test_sets_are_kept_apart():
    unnamed = corrections.keep(picture(1), 6, "upload")
    shirts = corrections.keep(picture(1), 0, "upload", "my shirts")
    corrections.keep(picture(2), 4, "camera", "Coats-2")
    assert corrections.list_sets() == ["Coats-2", "my shirts"]
    assert corrections.kept() == [unnamed]
    assert corrections.kept("my shirts") == [shirts]
    assert Archive(corrections.export("my shirts")).members[0].label_id == 0
    listed = list_labelled_images(corrections.directory("my shirts"))
    assert [(file.name, file.label_id, file.kind) for file in listed] == [shirts]

    purge(corrections.remove([shirts.path], "my shirts"))
    assert corrections.kept("my shirts") == []
    assert corrections.picture_of(unnamed)
    purge(corrections.delete_set("Coats-2"))
    assert corrections.list_sets() == ["my shirts"]
    assert not corrections.directory("Coats-2").exists()
    corrections.delete_set("Coats-2")  # as after somebody else's click
    corrections.directory("my shirts").joinpath("labels.csv").write_text("nonsense")
    assert corrections.list_sets() == ["my shirts"]
    purge(corrections.delete_set("my shirts"))
    assert {path.name for path in (corrections.directory() / "sets").iterdir()} == set()
    corrections.keep(picture(1), 0, "upload", "my shirts")
    corrections.delete_set("")
    assert corrections.kept() == []
    assert corrections.list_sets() == ["my shirts"]


def test_a_damaged_set_comes_back_once_no_other_has_its_name():
    row = corrections.keep(picture(1), 3, "upload", "shirts")
    (corrections.directory("shirts") / "labels.csv").write_text("nonsense")
    kept, gone = Trash(), corrections.delete_set("shirts")
    kept.add(gone)
    corrections.keep(picture(2), 3, "upload", "shirts")
    with pytest.raises(CorrectionsError, match="“shirts” is damaged and cannot come back"):
        kept.undo(gone)
    corrections.delete_set("shirts")
    kept.undo(gone)
    assert (corrections.directory("shirts") / row.path).exists()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_was_removed_from_a_set_comes_back_though_that_was_deleted_then(order):
    rows = [corrections.keep(picture(seed), seed, "drawing", "shirts") for seed in range(3)]
    kept = Trash()
    kept.add(corrections.remove([rows[0].path], "shirts"))
    kept.add(corrections.delete_set("shirts"))
    gone = kept.deleted
    for at in order:
        kept.undo(gone[at])
    assert {*corrections.kept("shirts")} == {*rows}
    assert all(corrections.picture_of(row, "shirts") for row in rows)


@pytest.mark.parametrize("of", ["", "shirts"])
@pytest.mark.parametrize("whole", [False, True])
def test_what_was_removed_comes_back(of, whole):
    rows = [corrections.keep(picture(seed), seed, "drawing", of) for seed in range(4)]
    names = [row.path for row in rows[1:3]]
    before = {row: corrections.picture_of(row, of) for row in rows}
    gone = corrections.delete_set(of) if whole else corrections.remove(names, of)
    left = [] if whole else [rows[0], rows[3]]
    assert corrections.kept(of) == left
    assert corrections.list_sets() == ([] if whole or not of else [of])
    kept = Trash()
    kept.add(gone)
    # a set is begun anew meanwhile, with one of the pictures and another
    again = [corrections.keep(picture(seed), 9, "upload", of) for seed in (1, 7)]
    kept.undo(gone)
    back = [row for row in rows if row.path != again[0].path and row not in left]
    assert corrections.kept(of) == [*left, *again, *back]
    assert all(corrections.picture_of(row, of) == before[row] for row in back)
    assert not list(corrections.directory().rglob(".trash-*"))
    # and once more, into nothing
    gone = corrections.delete_set(of)
    gone.restore()
    assert corrections.kept(of) == [*left, *again, *back]


def test_what_was_removed_comes_back_only_where_there_is_room(monkeypatch):
    rows = [corrections.keep(picture(seed), seed, "drawing") for seed in range(2)]
    gone = corrections.remove([row.path for row in rows])
    other = corrections.keep(picture(5), 5, "drawing")
    with monkeypatch.context() as patch:
        patch.setattr(corrections, "MAX_PICTURES", 2)
        with pytest.raises(CorrectionsError, match="no more than 2"):
            gone.restore()
    assert corrections.kept() == [other]
    gone.restore()
    assert corrections.kept() == [other, *rows]


def test_only_what_was_removed_a_day_ago_is_purged_for_others():
    rows = [corrections.keep(picture(seed), seed, "drawing") for seed in range(2)]
    corrections.keep(picture(), 1, "drawing", "shirts")
    old, new = (corrections.remove([row.path]) for row in rows)
    of_a_set = corrections.delete_set("shirts")
    for path in (*old.paths, *of_a_set.paths):
        os.utime(path, (0, 0))
    corrections.purge_old_corrections()
    left = [path for gone in (old, new, of_a_set) for path in gone.paths if path.exists()]
    assert left == [*new.paths]


def test_what_somebody_has_removed_is_purged_whoever_comes(monkeypatch):
    monkeypatch.setattr(access, "_person", lambda: "a" * 32)
    name = corrections.keep(picture(1), 6, "upload").path
    removed = corrections.remove([name])
    for path in removed.paths:
        os.utime(path, (0, 0))
    monkeypatch.setattr(access, "_person", lambda: "")
    assert removed.paths[0].is_relative_to(corrections.directory() / "people")
    corrections.purge_old_corrections()
    assert not any(path.exists() for path in removed.paths)


@pytest.mark.parametrize("name", ["../runs", "a/b", ".hidden", " ", "x" * 41, "end ", "ü", "a\n"])
def test_a_set_has_a_harmless_name(name):
    for attempt in (
        lambda: corrections.keep(picture(1), 6, "upload", name),
        lambda: corrections.kept(name),
        lambda: corrections.delete_set(name),
    ):
        with pytest.raises(CorrectionsError, match="1 to 40 letters"):
            attempt()
    assert not corrections.directory().exists()


def test_there_are_not_endlessly_many_sets(monkeypatch):
    monkeypatch.setattr(corrections, "MAX_SETS", 2)
    for name in ("a", "b"):
        corrections.keep(picture(1), 6, "upload", name)
    with pytest.raises(CorrectionsError, match="There are 2 sets"):
        corrections.keep(picture(1), 6, "upload", "c")
    corrections.keep(picture(2), 6, "upload", "a")
    assert corrections.list_sets() == ["a", "b"]
