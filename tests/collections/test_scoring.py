"""Labelled pictures of one's own: the two layouts, what is refused, the numbers, the command."""

import csv
import io
import json
import math
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import unicodedata
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from fmnist.cli.text import score_text
from fmnist.collections.folders import list_labelled_images
from fmnist.collections.labels import class_of
from fmnist.collections.scoring import (
    LabelledImage,
    ScoredImage,
    score_images,
    summarise_scores,
)
from fmnist.data import CLASS_NAMES, NOT_CLOTHING
from fmnist.errors import LabelsError
from fmnist.inference.answer import Answer, answer_bytes, answer_file
from fmnist.inference.classifier import load_classifier
from fmnist.runs.library import DEFAULT_RUN, find_run
from tests.conftest import ROOT, run_python

COMMAND = [sys.executable, "-m", "fmnist", "score"]
TALLY = {"n", "right", "accuracy", "interval"}
FILE = {"path", "label_id", "kind", "class_id", "verdict", "probability"}


def scored_alone(*arguments):
    """Run `python -m fmnist score` and return the finished process."""
    return run_python("-m", "fmnist", "score", *arguments)


@pytest.fixture(scope="module")
def classifier():
    return load_classifier(find_run(DEFAULT_RUN))


@pytest.fixture
def folder(tmp_path, test_part):
    """Sixty dataset images, three files that are no garment, one that is no picture; a table."""
    rows = ["path,label_id,source,kind"]
    for index in range(60):
        Image.fromarray(test_part.images[index]).save(tmp_path / f"{index:02}.png")
        rows.append(f"{index:02}.png,{test_part.labels[index]},dataset,{'ab'[index % 2]}")
    Image.new("RGB", (50, 50), "white").save(tmp_path / "blank.png")
    Image.fromarray(test_part.images[0]).save(tmp_path / "boot.png")  # labelled as no garment
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    (tmp_path / "text.png").write_text("no picture")
    rows += ["blank.png,-1,made,plain", "boot.png,-1,made,odd", "broken.jpg,-1,made,odd"]
    rows += ["text.png,3,made,a"]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def table(folder: Path, text: str | bytes) -> None:
    """Write labels.csv beside two pictures."""
    for name in ("a.png", "b.png"):
        Image.new("L", (28, 28)).save(folder / name)
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "labels.csv").write_bytes(data)


def names(folder: Path) -> list[tuple[str, int, str]]:
    return [
        (picture.name, picture.label_id, picture.kind) for picture in list_labelled_images(folder)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("path,label_id\na.png,0\nb.png,-1\n", [("a.png", 0, ""), ("b.png", -1, "")]),
        ("path,label_id,kind\na.png,9,photo", [("a.png", 9, "photo")]),
        ("kind,x, label_id ,path\r\nicon,?, 3 , b.png \r\n", [("b.png", 3, "icon")]),
        ("\n\r\n \n" * 3_000 + "path;label_id\na.png;1\n", [("a.png", 1, "")]),
        ("\ufeffpath,label_id\na.png,1\n\n , \nb.png,2\n", [("a.png", 1, ""), ("b.png", 2, "")]),
        ('path,label_id,kind\n"./a.png",1,"one, two"\n', [("./a.png", 1, "one, two")]),
        ("Path,LABEL,class,Kind\na.png,3,dress,photo\n", [("a.png", 3, "photo")]),
        ("Filename,label\na.png,Ankle boot\nb.png,ood\n", [("a.png", 9, ""), ("b.png", -1, "")]),
        ("class,label_id,image\n?,T-shirts,a.png\n", [("a.png", 0, "")]),
    ],
    ids=[
        "plain",
        "kind",
        "any order, other columns, spaces",
        "blank lines first",
        "BOM and blank lines",
        "quotes",
        "capitals, a number and a name",
        "other headings, names of classes",
        "the column's own name before another",
    ],
)
def test_a_table_is_read(tmp_path, text, expected):
    table(tmp_path, text)
    assert names(tmp_path) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "labels.csv, line 1: there is no column 'path'"),
        ("path|label_id\na.png|0", "labels.csv, line 1: there is no column 'path'"),
        ("path;label_id\na;b.png;0", "contains a semicolon in double quotes"),
        ("path,labels\na.png,0", "labels.csv, line 1: there is no column 'label_id'"),
        ("path,label_id\n", "labels.csv lists no picture; write a line for each or leave it out."),
        ("\n\nsomething,else\n", "labels.csv, line 3: there is no column 'path'"),
        ("path,label_id\na.png,0\nb.png,10", "line 3: the label is '10' and must be a class"),
        ("path,label_id\na.png,-2", "line 2: the label is '-2'"),
        ("path,label_id\na.png,", "line 2: the label is ''"),
        ("path,label_id\na.png,3.0", "line 2: the label is '3.0'"),
        ("path,label_id\na.png,hat", "line 2: the label is 'hat' and must be a class id from"),
        ("path,label_id\na.png,1_coat", "line 2: the label is '1_coat'"),
        ("path,label_id\na.png,٣", "line 2: the label is '٣'"),
        ("path,label_id\na.png,0\nb.png,0\n./a.png,0", "line 4: './a.png' is on line 2 already"),
        ("path,label_id\na.png", "line 2: it has 1 field under 2 columns"),
        ("path,label_id\na,b.png,0", "line 2: it has 3 fields under 2 columns"),
        ('path,label_id\n"a.png,0\n', "line 2: this is not CSV (unexpected end of data)"),
        (b"path,label_id\na.png,0\nb\xff.png,0\n", "line 3: this is not UTF-8; save the table"),
        (b"\xef\xbb\xbfpath,label_id\n\xe4.png,0\n", "line 2: this is not UTF-8"),
        ("path,label_id\né.png,0".encode("latin-1"), "line 2: this is not UTF-8"),
        ("path,label_id\né.png,0".encode("utf-16"), "line 2: there is no file 'é.png'"),
        ("path,label_id\nmissing.png,0", "line 2: there is no file 'missing.png' in the folder"),
        ("path,label_id\n.,0", "line 2: there is no file '.'"),
        ("path,label_id\na\0.png,0", r"line 2: there is no file 'a\x00.png'"),
        (f"path,label_id\n{'x' * 5000},0", f"line 2: there is no file '{'x' * 79}…'"),
        ("path,label_id\nring,0", "line 2: there is no file 'ring'"),
        ("path,label_id\npipe,0", "line 2: there is no file 'pipe'"),
        ("path,label_id\n../outside.png,0", "line 2: '../outside.png' leads out of the folder"),
        ("path,label_id\nlink.png,0", "line 2: 'link.png' leads out of the folder"),
        ("path,label_id\nup/outside.png,0", "line 2: 'up/outside.png' leads out of the folder"),
        ("path,label_id\n../nowhere.png,0", "line 2: '../nowhere.png' leads out of the folder"),
        ("path,label_id\n/etc/hostname,0", "line 2: '/etc/hostname' leads out of the folder"),
    ],
)
def test_a_bad_table_is_one_sentence_with_its_line(tmp_path, text, words):
    place = tmp_path / "inside"
    place.mkdir()
    Image.new("L", (28, 28)).save(tmp_path / "outside.png")
    (place / "link.png").symlink_to(tmp_path / "outside.png")
    (place / "up").symlink_to(tmp_path)
    (place / "ring").symlink_to(place / "ring")
    os.mkfifo(place / "pipe")
    table(place, text)
    with pytest.raises(LabelsError) as caught:
        list_labelled_images(place)
    message = str(caught.value)
    assert words in message
    assert message.endswith(".")
    assert "\n" not in message


def test_an_absolute_path_into_the_folder_is_refused_too(tmp_path):
    table(tmp_path, f"path,label_id\n{tmp_path / 'a.png'},0")
    with pytest.raises(LabelsError, match=r"line 2: .* leads out of the folder"):
        list_labelled_images(tmp_path)


def test_links_inside_the_folder_are_followed(tmp_path):
    table(tmp_path, "path,label_id\nlink.png,4")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    assert names(tmp_path) == [("link.png", 4, "")]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        *((str(class_id), class_id) for class_id in range(10)),
        *((name.replace("/", "_"), class_id) for class_id, name in enumerate(CLASS_NAMES)),
        ("T-shirt_top", 0),
        ("tshirt", 0),
        ("0_tshirt", 0),
        ("TROUSER", 1),
        ("4 Coat", 4),
        ("6 June", None),  # the number decides
        ("T-shirts", 0),
        ("tee", 0),
        ("Pants", 1),
        ("dresses", 3),
        ("Ankle boots", 9),
        ("1_trousers", 1),
        ("ankle-boot", 9),
        ("9_boot", 9),
        ("07", 7),
        ("ood", -1),
        ("None", -1),
        ("-1", -1),
        ("-1_hats", -1),
        ("10", None),
        ("-2", None),
        ("2024-photos", None),
        *(
            ("9 photos", None),
            ("2 june", None),
            ("1st try", None),
            ("5-6 years", None),
            ("9 фото", None),
        ),
        *(("3_summer", 3), ("9 - boots", 9), ("7 ", 7), ("0.tshirt", 0)),
        ("hats", None),
        ("boot", 9),
        ("", None),
    ],
)
def test_names_of_subfolders(name, label):
    assert class_of(name) == label


def test_subfolders_are_read(tmp_path):
    for name in ("ood/x.png", "9_boot/b.PNG", "9_boot/deep/a.jpg", "Ankle boot/c", "bag/.hidden"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    hidden = ("bag/Icon\r", "bag/@eaDir/x.png/y.jpg", "bag/Picasa.ini", "bag/1.AAE", "bag/1.mov")
    for name in (".git/x.png", "__MACOSX/y.png", "bag/.cache/z.png", "bag/Thumbs.db", *hidden):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("#recycle/x.png", "notes.txt", "bag/1.jpg.json", "bag/1.xmp", "bag/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / "bag" / "pipe")
    assert names(tmp_path) == [
        ("9_boot/b.PNG", 9, ""),
        ("9_boot/deep/a.jpg", 9, ""),
        ("Ankle boot/c", 9, ""),
        ("ood/x.png", NOT_CLOTHING, ""),
    ]
    for name in ("loose.JPG", "._loose.JPG", ".hidden.png"):  # beside: answered and not scored
        (tmp_path / name).touch()
    assert [name for name, label, _ in names(tmp_path) if label is None] == ["loose.JPG"]
    (tmp_path / "link.png").symlink_to(ROOT / "README.md")
    with pytest.raises(LabelsError, match=r"'link.png' leads out of the folder"):
        list_labelled_images(tmp_path)


def test_a_table_is_found_however_it_is_written(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "Labels.CSV").write_text("path,label_id\na.png,4\n")
    assert names(tmp_path) == [("a.png", 4, "")]


def test_a_table_is_not_read_outside_of_the_folder(tmp_path):
    (tmp_path / "secret.csv").write_text("path,label_id\nTOP-SECRET,4\n")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "labels.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(LabelsError, match=r"The file 'labels.csv' leads out of the folder\.$"):
        list_labelled_images(tmp_path / "inside")


def test_bad_folders_are_one_sentence(tmp_path):
    with pytest.raises(LabelsError, match=r"There is no folder '.*nowhere'\."):
        list_labelled_images(tmp_path / "nowhere")
    with pytest.raises(LabelsError, match=r"'x{5000}' cannot be read .File name too long"):
        list_labelled_images(Path("x" * 5000))
    with pytest.raises(LabelsError, match=r"has no labelled pictures; .* one subfolder per class"):
        list_labelled_images(tmp_path)
    (tmp_path / "bag").mkdir()
    with pytest.raises(LabelsError, match=r"has no labelled pictures"):
        list_labelled_images(tmp_path)
    (tmp_path / "bag" / "link.png").symlink_to(ROOT / "README.md")
    with pytest.raises(LabelsError, match=r"'bag/link.png' leads out of the folder"):
        list_labelled_images(tmp_path)
    (tmp_path / "bag").rename(tmp_path / "Hats")
    (tmp_path / "Hats" / "link.png").unlink()
    (tmp_path / "Hats" / "a.png").touch()
    with pytest.raises(LabelsError, match=r"No class is called 'Hats': .* 'ood'"):
        list_labelled_images(tmp_path)


@pytest.mark.parametrize("name", ["1_tshirt", "0 Ankle boots", "6 coat", "-1 bags", "3_none"])
def test_a_number_and_a_name_that_contradict_each_other_are_refused(name):
    with pytest.raises(LabelsError, match=r"has the number of .* and the name of .*one class\."):
        class_of(name)


def test_a_subfolder_of_no_class_is_said_and_answered_and_not_scored(command, tmp_path, test_part):
    for index, name in ((0, "9/a.png"), (1, "hats/b.png"), (2, "hats/c.png")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(test_part.images[index]).save(tmp_path / name)
    done = command("score", tmp_path, "--teach", tmp_path)
    assert done.returncode == 0
    assert "No class is called 'hats': pictures in such subfolders" in done.stderr
    assert "accuracy 100.0% (95 % interval 20.7% to 100.0%, n = 1)" in done.stdout
    assert "\nhats/b.png: " in done.stdout
    result = json.loads(command("score", tmp_path, "--json").stdout)
    assert (result["n"], result["not_clothing"]["n"]) == (1, 0)
    assert [file["label_id"] for file in result["files"]] == [9, None, None]


def test_paths_are_found_as_other_systems_write_them(tmp_path):
    nfd, nfc = unicodedata.normalize("NFD", "é.png"), unicodedata.normalize("NFC", "é.png")
    for name in ("pics", "pics/è"):
        (tmp_path / unicodedata.normalize("NFD", name)).mkdir()
    for name in (f"pics/{nfd}", unicodedata.normalize("NFD", "pics/è/ü.png")):
        (tmp_path / name).touch()
    table(tmp_path, f"path,label_id\npics\\{nfc},0\n.\\pics\\è\\ü.png,1\na.png,2\n")
    assert [label for _, label, _ in names(tmp_path)] == [0, 1, 2]
    table(tmp_path, f"path,label_id\npics\\{nfc},0\npics/{nfd},1\n")
    with pytest.raises(LabelsError, match=r"line 3: .* is on line 2 already"):
        names(tmp_path)
    for path in ("..\\a.png", "..\\ä.png"):
        table(tmp_path, f"path,label_id\n{path},0\n")
        with pytest.raises(LabelsError, match="leads out of the folder"):
            names(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", ",;\t")
def test_a_table_is_read_as_spreadsheets_save_it(tmp_path, encoding, delimiter):
    (tmp_path / "Schuhe über.png").touch()
    rows = (("path", "label_id", "kind"), ("Schuhe über.png", "9", "photo"), ("a.png", "0", "x"))
    text = "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"
    table(tmp_path, text.encode(encoding))
    assert names(tmp_path) == [("Schuhe über.png", 9, "photo"), ("a.png", 0, "x")]


def test_both_layouts_give_the_answers_of_classify(folder, classifier, tmp_path_factory):
    by_table = list(score_images(list_labelled_images(folder), classifier))
    other = tmp_path_factory.mktemp("other")
    for file in by_table:
        (other / str(file.label_id)).mkdir(exist_ok=True)
        (folder / file.path).rename(other / str(file.label_id) / file.path)
    by_subfolder = list(score_images(list_labelled_images(other), classifier))
    told = {(file.path, file.label_id, file.verdict, file.class_id) for file in by_table}
    assert told == {
        (Path(file.path).name, file.label_id, file.verdict, file.class_id) for file in by_subfolder
    }
    for file in by_subfolder:
        answer = answer_file(other / file.path, classifier)
        assert (file.class_id, file.verdict) == (answer.class_id, answer.verdict)
        assert (file.probability, file.message) == (answer.probability, answer.message)


def test_pictures_may_come_from_a_zip_file(folder, classifier):
    archive = zipfile.ZipFile(io.BytesIO(), "w")
    archive.write(folder / "00.png", "boot.png")
    pictures = [LabelledImage("boot.png", 9, "", partial(answer_bytes, archive.read("boot.png")))]
    (file,) = score_images(pictures, classifier)
    assert (file.path, file.class_id, file.right) == ("boot.png", 9, True)


def test_pictures_are_answered_one_at_a_time():
    opened = []

    def answer(name, classifier):
        opened.append(name)
        return Answer("refused", "no")

    files = score_images(
        (LabelledImage(name, 0, "", partial(answer, name)) for name in "abc"), None
    )
    next(files)
    assert opened == ["a"]


def score_answer(path, label, answer, probability=0.9, verdict="confident", kind=""):
    """A result by hand; answer None stands for a refused file."""
    if answer is None:
        return ScoredImage(path, label, kind, None, "refused", None, "No picture.")
    return ScoredImage(path, label, kind, answer, verdict, probability, "")


BY_HAND = [
    score_answer("a", 0, 0, 0.95, kind="photo"),
    score_answer("b", 0, 6, 0.99, kind="photo"),  # wrong, confident
    score_answer("c", 0, 0, 0.5, "unsure", kind="icon"),
    score_answer("d", 6, 0, 0.4, "unsure", kind="icon"),  # wrong
    score_answer("e", 6, None, kind="photo"),  # refused: wrong
    ScoredImage("f", 6, "photo", None, "nothing_found", None, ""),  # wrong
    score_answer("g", 8, 8, 0.8),
    score_answer("h", -1, 8, 0.97, kind="cat"),  # not rejected
    score_answer("i", -1, 8, 0.3, "unsure", kind="cat"),
    score_answer("j", -1, 8, 0.3, "not_clothing", kind="dog"),
    ScoredImage("k", -1, "dog", None, "nothing_found", None, ""),
    score_answer("l", -1, None, kind="dog"),  # refused: left out
]


def test_numbers_by_hand():
    summary = summarise_scores(BY_HAND)
    assert (summary.garments.n, summary.garments.right) == (7, 3)
    assert summary.garments.share == pytest.approx(3 / 7)
    assert {kind: (tally.n, tally.right) for kind, tally in summary.kinds.items()} == {
        "": (1, 1),
        "icon": (2, 1),
        "photo": (4, 1),
    }
    classes = {name: (tally.n, tally.right) for name, tally in summary.classes.items() if tally.n}
    assert classes == {"T-shirt/top": (3, 2), "Shirt": (3, 0), "Bag": (1, 1)}
    assert list(summary.classes) == list(CLASS_NAMES)
    assert (summary.confident.n, summary.confident.right) == (3, 2)
    assert (summary.others.n, summary.others.right) == (4, 3)
    assert {kind: (tally.n, tally.right) for kind, tally in summary.other_kinds.items()} == {
        "cat": (2, 1),
        "dog": (2, 2),
    }
    assert summary.verdicts == {
        "confident": 4,
        "unsure": 3,
        "not_clothing": 1,
        "nothing_found": 2,
        "refused": 2,
    }
    assert [file.path for file in summary.worst] == ["b", "h", "d"]
    assert [file.path for file in summarise_scores(BY_HAND, limit_worst=1).worst] == ["b"]
    assert [file.path for file in summary.refused] == ["e", "l"]
    assert not any(file.right for file in summary.refused)
    expected = np.zeros((10, 11), int)
    expected[0, 0], expected[0, 6], expected[6, 0], expected[6, 10], expected[8, 8] = 2, 1, 1, 2, 1
    np.testing.assert_array_equal(summary.confusion, expected)


def test_a_name_is_no_formula_in_a_spreadsheet():
    summary = summarise_scores([score_answer('=HYPERLINK("http://x")/a.png', 0, 6, 0.5, kind="+1")])
    rows = list(csv.DictReader(io.StringIO(summary.to_csv())))
    expected = {"path": '\'=HYPERLINK("http://x")/a.png', "label_id": "0", "kind": "'+1"}
    assert rows == [expected | {"class_id": "6", "verdict": "confident", "probability": "0.5"}]
    assert len(list(csv.reader(io.StringIO(summarise_scores(BY_HAND).to_csv())))) == 13
    assert summarise_scores([]).to_csv().strip() == ""


def test_a_garment_that_is_called_no_clothing_has_no_answer():
    files = [score_answer("a", 8, 8, 0.8, "not_clothing"), score_answer("b", 8, 8, 0.8)]
    summary = summarise_scores(files)
    assert (summary.garments.n, summary.garments.right) == (2, 1)
    assert (summary.confusion[8, 8], summary.confusion[8, 10]) == (1, 1)
    assert summary.worst == []  # nothing was answered that could be wrong
    assert files[0].to_dict()["class_id"] == 8  # the closest is told all the same


def test_the_fashion_mnist_network_alone_is_counted_beside_both():
    files = [
        replace(score_answer("a", 7, 7), alone=score_answer("a", 7, 5)),
        replace(score_answer("b", 7, 7), alone=score_answer("b", 7, 7, 0.4, "not_clothing")),
        replace(score_answer("c", -1, 7, 0.3, "unsure"), alone=score_answer("c", -1, 7)),
        score_answer("d", 8, 8),  # a drawing: only one network was asked
    ]
    summary = summarise_scores(files)
    assert (summary.garments.right, summary.alone.garments.right) == (3, 1)
    assert (summary.others.right, summary.alone.others.right) == (1, 0)
    found = summary.to_dict()
    assert found["fashion_mnist"]["n"] == 3
    assert found["fashion_mnist"]["classes"]["Sneaker"] == {**found["classes"]["Sneaker"]} | {
        "right": 0,
        "accuracy": 0.0,
        "interval": summary.alone.classes["Sneaker"].interval,
    }
    text = score_text("x", summary)
    assert "x: accuracy 100.0% (" in text
    assert "the Fashion-MNIST network alone: 33.3% (" in text
    sneaker = next(line for line in text.splitlines() if line.startswith("Sneaker  "))
    assert sneaker.endswith(" 0.0%")
    assert summarise_scores(files[3:]).alone is None
    assert "alone" not in score_text("x", summarise_scores(files[3:]))


def test_interval_is_wilsons():
    n, z = 7, 1.959963984540054
    share = 3 / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert summarise_scores(BY_HAND).garments.interval == pytest.approx(
        (middle - half, middle + half)
    )


def test_numbers_are_scikit_learns():
    random = np.random.default_rng(0)
    labels, answers = random.integers(0, 10, (2, 500))
    summary = summarise_scores(
        score_answer(str(index), int(label), int(answer))
        for index, (label, answer) in enumerate(zip(labels, answers, strict=True))
    )
    assert summary.garments.share == pytest.approx(accuracy_score(labels, answers))
    np.testing.assert_array_equal(summary.confusion[:, :10], confusion_matrix(labels, answers))
    np.testing.assert_allclose(
        [tally.share for tally in summary.classes.values()],
        recall_score(labels, answers, average=None),
    )


def test_no_picture_of_a_sort_is_no_number():
    empty = summarise_scores([]).to_dict()
    assert (empty["n"], empty["accuracy"], empty["interval"]) == (0, None, None)
    assert empty["not_clothing"]["share"] is None
    assert empty["confident"]["share"] is None
    assert "accuracy - (n = 0)" in score_text("nothing", summarise_scores([]))
    only_others = summarise_scores(file for file in BY_HAND if file.label_id == NOT_CLOTHING)
    assert "not clothing: rejected 75.0% (95 % interval" in score_text("x", only_others)


def test_names_cannot_steer_the_terminal():
    files = [score_answer("\x1b[2J\n\udcff", 0, 1, kind="\x1b[31m"), score_answer("ünï", 0, 1)]
    text = score_text("\x1b]0;t", summarise_scores(files))
    assert "\x1b" not in text
    assert r"\x1b[2J\n\udcff: T-shirt/top, taken for Trouser (90%)" in text
    assert "ünï: " in text
    text.encode()


def test_json_keeps_its_contract(command, folder, test_part):
    done = command("score", folder, "--json", "--limit-worst", "2")
    assert done.returncode == 0
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result.keys() == {
        "folder",
        "run",
        *TALLY,
        "kinds",
        "classes",
        "confident",
        "not_clothing",
        "verdicts",
        "fashion_mnist",
        "confusion_matrix",
        "refused",
        "worst",
        "files",
    }
    assert (result["folder"], result["run"], result["n"]) == (str(folder), DEFAULT_RUN, 61)
    files = result["files"]
    assert len(files) == 64
    assert all(file.keys() == FILE for file in [*files, *result["worst"]])
    none = [file for file in files if file["verdict"] in ("not_clothing", "refused")]
    answers = [None if file in none else file["class_id"] for file in files[:60]]
    right = int((np.array(answers) == test_part.labels[:60]).sum())
    assert right >= 50
    assert (result["right"], result["accuracy"]) == (right, pytest.approx(right / 61))
    assert result["interval"][0] < result["accuracy"] < result["interval"][1]
    assert result["kinds"].keys() == {"a", "b"}
    assert result["kinds"]["a"]["n"] == 31
    assert result["classes"].keys() == set(CLASS_NAMES)
    tallies = [*result["kinds"].values(), *result["classes"].values()]
    assert all(tally.keys() == TALLY for tally in tallies)
    assert sum(tally["right"] for tally in result["classes"].values()) == right
    confident = [file for file in files if file["label_id"] >= 0 and file["verdict"] == "confident"]
    assert result["confident"].keys() == {"share", *TALLY}
    assert result["confident"]["n"] == len(confident)
    assert result["confident"]["share"] == pytest.approx(len(confident) / 61)
    others = result["not_clothing"]
    assert others.keys() == {"n", "rejected", "share", "interval", "kinds"}
    assert (others["n"], others["rejected"], others["share"]) == (2, 1, 0.5)
    assert {kind: tally["rejected"] for kind, tally in others["kinds"].items()} == {
        "odd": 0,
        "plain": 1,
    }
    assert sum(result["verdicts"].values()) == 64
    matrix = np.array(result["confusion_matrix"])
    assert matrix.shape == (10, 11)
    assert matrix.trace() == right
    assert matrix[:, 10].sum() == sum(file["label_id"] >= 0 for file in none)
    assert matrix[3, 10] > 0  # text.png
    assert [(file["path"], file["label_id"]) for file in result["refused"]] == [
        ("broken.jpg", -1),
        ("text.png", 3),
    ]
    assert all(file["message"].endswith(".") for file in result["refused"])
    assert "boot.png" in [file["path"] for file in result["worst"]]  # sure, and labelled as none
    assert len(result["worst"]) <= 2


def test_words(command, folder):
    done = scored_alone(folder)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith(f"{folder} with {DEFAULT_RUN}: accuracy ")
    for words in (
        "n = 61)",
        "of 61 (",
        "; accuracy among them ",
        "not clothing: rejected 50.0% (95 % interval 9.5% to 90.5%, n = 2)",
        "1 nothing_found, 2 refused",
        "\nplain ",
        "no answer)\nT-shirt/top ",
        "\nboot.png: not clothing, taken for Ankle boot (",
        "\ntext.png: This file can't be read as an image",
    ):
        assert words in done.stdout
    assert "worst cases" not in command("score", folder, "--limit-worst", "0").stdout


def test_the_run_is_chosen(command, folder, own_run):
    own_run("mine")
    assert json.loads(command("score", folder, "--run", "mine", "--json").stdout)["run"] == "mine"
    for arguments in ([folder, "--run", "nobody"], [folder / "nowhere"]):
        done = command("score", *arguments)
        assert done.returncode == 1
        assert done.stderr.startswith("fmnist: ")
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""


def test_terminal_gets_a_bar_and_ctrl_c_one_sentence(tmp_path):
    place = tmp_path / "9_boot"
    place.mkdir()
    # a picture without a plain background takes long enough that the work cannot be over first
    Image.effect_noise((256, 256), 60).save(place / "0.png")
    for index in range(1, 5_000):
        os.link(place / "0.png", place / f"{index}.png")
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 80))
    process = subprocess.Popen(
        [*COMMAND, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=follower,
    )
    os.close(follower)
    shown = b""
    try:
        # not while it still imports: Python ends by the signal where that was in an exec'd text
        while not re.search(rb" [1-9]\d*/5000 ", shown):
            shown += os.read(leader, 4096)  # ends with OSError where the process does
        process.send_signal(signal.SIGINT)
        while True:
            shown += os.read(leader, 4096)
    except OSError:
        pass
    finally:
        os.close(leader)
        out, _ = process.communicate(timeout=300)
    assert process.returncode == 1, shown
    assert out == b""
    assert shown.rstrip().endswith(b"fmnist: interrupted.")
    assert b"Traceback" not in shown
