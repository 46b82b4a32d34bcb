"""Files that appear whole or not at all."""

import hashlib
import json

import pytest

from fmnist.files import append_json_line, read_json_lines, replace_file, sha256_of, write_json


def test_replace_file_leaves_the_old_one_when_writing_fails(tmp_path):
    path = tmp_path / "value.txt"
    path.write_text("old")

    def fail(part):
        part.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        replace_file(path, fail)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["value.txt"]


def test_temporary_name_keeps_the_suffix_and_the_folder(tmp_path):
    seen = []
    replace_file(tmp_path / "a.keras", lambda part: seen.append(part) or part.touch())
    assert seen[0].suffix == ".keras"
    assert seen[0].parent == tmp_path
    assert (tmp_path / "a.keras").stat().st_mode & 0o777 == 0o644


def test_write_json_refuses_what_is_no_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_lines_come_back_and_torn_ones_are_left_out(tmp_path):
    path = tmp_path / "history.jsonl"
    append_json_line(path, {"event": "start"})
    append_json_line(path, {"event": "epoch", "epoch": 1})
    with path.open("a") as file:
        file.write('not json\n[1, 2]\n{"event": "pro')
    assert read_json_lines(path) == [{"event": "start"}, {"event": "epoch", "epoch": 1}]
    assert json.loads(path.read_text().splitlines()[0]) == {"event": "start"}


def test_missing_file_has_no_lines(tmp_path):
    assert read_json_lines(tmp_path / "none") == []


def test_sha256_of(tmp_path):
    (tmp_path / "a").write_bytes(b"garment")
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"garment").hexdigest()
