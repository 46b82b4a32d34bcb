"""Tags and votes: kept, counted, exported, and damaged files left as they are."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from fmnist.collections import notes
from fmnist.collections.notes import CANNOT_TELL, Vote
from fmnist.errors import NotesError


def test_they_lie_beside_the_runs(runs_dir, monkeypatch, tmp_path):
    assert notes.directory() == runs_dir.parent / "notes"
    monkeypatch.setenv("FMNIST_NOTES", str(tmp_path / "mine"))
    assert notes.directory() == tmp_path / "mine"


def test_tags_come_and_go():
    assert notes.tags() == {}
    notes.tag([5, 3], notes.STAR)
    notes.tag([3, 9_999], "  odd   collar ")
    notes.tag([7], notes.STAR)
    assert notes.tags() == {"odd collar": [3, 9_999], "starred": [3, 5, 7]}
    notes.untag([3, 4], "starred")
    notes.untag([3, 9_999], "odd collar")
    assert notes.tags() == {"starred": [5, 7]}
    assert notes.tags_csv() == "index,tag\n5,starred\n7,starred\n"


@pytest.mark.parametrize("name", ["", "   ", "x" * 41])
def test_a_tag_needs_a_name(name):
    with pytest.raises(NotesError, match="1 to 40 characters"):
        notes.tag([1], name)


def test_there_is_an_end_to_tags(monkeypatch):
    monkeypatch.setattr(notes, "MAX_TAGS", 2)
    notes.tag([1], "a")
    notes.tag([1], "b")
    notes.tag([2], "b")
    with pytest.raises(NotesError, match="no more are kept"):
        notes.tag([1], "c")


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"a": [10000]}', '{"a": ["1"]}', '{"a": 5}', "1e9"]
)
def test_damaged_tags_are_said_to_be_so_and_left_alone(content):
    notes.tag([1], "a")
    path = notes.directory() / "tags.json"
    path.write_text(content)
    for use in (notes.tags, lambda: notes.tag([2], "b"), lambda: notes.untag([1], "a")):
        with pytest.raises(NotesError, match="damaged"):
            use()
    assert path.read_text() == content


def test_a_folder_that_cannot_be_written_is_one_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FMNIST_NOTES", str(tmp_path / "file" / "notes"))
    with pytest.raises(NotesError, match="cannot be changed"):
        notes.tag([1], "a")


def test_many_at_once_lose_nothing():
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: notes.tag([i], "many"), range(40)))
        list(pool.map(lambda i: notes.add_vote(Vote(i, 0, 6, 6)), range(40)))
    assert notes.tags()["many"] == list(range(40))
    assert sorted(vote.index for vote in notes.votes()) == list(range(40))


@pytest.mark.parametrize(
    "values", [(10_000, 0, 6, 6), (-1, 0, 6, 6), (1, 0, 0, 0), (1, 0, 6, 5), (1, 0, 10, 0)]
)
def test_votes_that_are_none_are_refused(values):
    with pytest.raises(ValueError, match="a vote is"):
        Vote(*values)


def test_votes_are_kept_and_exported_and_torn_lines_left_out():
    notes.add_vote(Vote(12, 0, 6, 6))
    notes.add_vote(Vote(12, 0, 6, CANNOT_TELL))
    with (notes.directory() / "votes.jsonl").open("a") as file:
        file.write('{"index":5}\n{"index":1,"label":0,"answer":6,"choice":3,"time":1}\n{"ind')
    kept = notes.votes()
    assert [(v.index, v.choice) for v in kept] == [(12, 6), (12, -1)]
    assert all(v.time > 1e9 for v in kept)
    rows = list(csv.DictReader(io.StringIO(notes.votes_csv())))
    assert [(row["index"], row["label"], row["answer"], row["choice"]) for row in rows] == [
        ("12", "0", "6", "6"),
        ("12", "0", "6", "-1"),
    ]
    assert json.loads((notes.directory() / "votes.jsonl").read_text().splitlines()[0])


def test_of_the_same_votes_that_one_is_taken_back():
    first = notes.add_vote(Vote(12, 0, 6, 6))
    second = notes.add_vote(Vote(12, 0, 6, 0))
    with (notes.directory() / "votes.jsonl").open("a") as file:
        file.write('{"index":5}\n')  # not ours, and left alone
    notes.take_back_vote(first)
    assert notes.votes() == [second]
    notes.take_back_vote(first)
    notes.take_back_vote(second)
    assert (notes.directory() / "votes.jsonl").read_text() == '{"index":5}\n'
    (notes.directory() / "votes.jsonl").unlink()
    notes.take_back_vote(second)
    assert notes.votes() == []


def test_a_vote_after_a_torn_line_is_not_lost():
    notes.add_vote(Vote(1, 0, 6, 6))
    with (notes.directory() / "votes.jsonl").open("a") as file:
        file.write('{"ind')  # a full disk, or a killed process
    notes.add_vote(Vote(2, 0, 6, 0))
    assert [vote.index for vote in notes.votes()] == [1, 2]


@pytest.mark.parametrize("time", ['"=1+1"', "1e999", "null", "true"])
def test_a_vote_has_a_time(time):
    notes.add_vote(Vote(1, 0, 6, 6))
    line = f'{{"index": 2, "label": 0, "answer": 6, "choice": 6, "time": {time}}}\n'
    with (notes.directory() / "votes.jsonl").open("a") as file:
        file.write(line)
    assert [vote.index for vote in notes.votes()] == [1]


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)"])
def test_a_tag_is_no_formula_in_a_spreadsheet(name):
    notes.tag([3], name)
    rows = list(csv.reader(io.StringIO(notes.tags_csv())))
    assert rows == [["index", "tag"], ["3", f"'{name}"]]
