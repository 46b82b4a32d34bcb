"""A public app: visitors look, its owner changes things. Actions are forged, without a button."""

import tomllib
from dataclasses import replace
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from fmnist import access
from fmnist.analysis.corruptions import read_corruptions, write_corruptions
from fmnist.cli.main import main
from fmnist.collections import corrections, notes
from fmnist.collections.notes import CANNOT_TELL, Vote
from fmnist.errors import AccessDenied
from fmnist.jobs import launch, queue, requests
from fmnist.runs import about
from fmnist.runs.library import find_run, runs_directory
from fmnist.runs.trash import DeletedRun, Trash, delete_run
from fmnist.settings import TrainSettings
from fmnist.sweeps import sweep
from fmnist.sweeps.plan import read_plan
from fmnist.sweeps.sweep import find_sweep, open_sweep
from pages.parts.shared import frame
from tests.conftest import ROOT

OWNER = {"is_logged_in": True, "email": "Me@Example.org", "email_verified": True}


@pytest.fixture(autouse=True)
def no_owner(monkeypatch):
    """Whoever a test makes the owner is none after it."""
    monkeypatch.setattr(access, "_is_owner", access._nobody)
    monkeypatch.setattr(access, "_find_person", access._everybody)


@pytest.fixture
def public(monkeypatch):
    monkeypatch.setenv("FMNIST_PUBLIC", "1")


def run():
    return find_run("robust")


def files() -> list[str]:
    """All that is kept: runs, corrections, notes."""
    return sorted(map(str, runs_directory().parent.rglob("*")))


ACTIONS = {
    "start": lambda: launch.start_training(TrainSettings()),
    "resume": lambda: launch.resume_training(run(), more=1),
    "stop": lambda: requests.request_stop(run()),
    "pause": lambda: requests.request_pause(run()),
    "go on": lambda: requests.withdraw_pause(run()),
    "rate": lambda: requests.request_rate(run(), 0.001),
    "queue": lambda: queue.move_in_queue(run().path, 1),
    "sweep": lambda: sweep.start_sweep("seeds"),
    "stop a sweep": lambda: sweep.request_stop(find_sweep("seeds")),
    "remove a sweep": lambda: sweep.forget_sweep(find_sweep("seeds")),
    "star": lambda: about.set_star(run(), True),
    "note": lambda: about.set_note(run(), "mine"),
    "rename": lambda: about.rename_run(run(), "mine"),
    "delete": lambda: delete_run(run()),
    "correct": lambda: corrections.keep((ROOT / "docs/classify.png").read_bytes(), 3, "upload"),
    "remove": lambda: corrections.remove(["a" * 64 + ".png"]),
    "delete a set": lambda: corrections.delete_set(""),
    "tag": lambda: notes.tag([1], "mine"),
    "untag": lambda: notes.untag([1], "mine"),
    "vote": lambda: notes.add_vote(Vote(1, 2, 3, CANNOT_TELL)),
    "take back a vote": lambda: notes.take_back_vote(Vote(1, 2, 3, CANNOT_TELL)),
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_a_visitor_of_a_public_app_changes_nothing(action, public):
    corrections.directory().mkdir(parents=True)
    open_sweep(read_plan("seeds"))
    before = files()
    with pytest.raises(AccessDenied, match="only its owner"):
        action()
    assert files() == before


def test_a_deletion_is_not_undone_by_a_visitor(public, tmp_path):
    trash = Trash()
    deleted = DeletedRun("x", tmp_path, run().path / "y")
    trash.add(deleted)
    with pytest.raises(AccessDenied):
        trash.undo(deleted)
    assert trash.deleted == (deleted,)  # the owner still can


def test_what_a_visitor_measures_is_not_kept(public):
    copy = replace(run(), info={**run().info, "files": {"model.tflite": "f" * 64}})
    sheet = write_corruptions(copy, [("", 0, 9)], 10)
    assert sheet["plain"] == 9
    assert read_corruptions(copy) is None


def test_elsewhere_and_for_the_owner_it_is_changed(monkeypatch):
    notes.tag([1], "everybody")
    monkeypatch.setenv("FMNIST_PUBLIC", "1")
    access.set_owner_check(lambda: True)
    notes.tag([1], "owner")
    assert set(notes.tags()) == {"everybody", "owner"}


@pytest.mark.parametrize(
    ("value", "public"), [("1", True), ("yes", True), ("", False), ("0", False), (" No ", False)]
)
def test_when_it_is_public(value, public, monkeypatch):
    monkeypatch.setenv("FMNIST_PUBLIC", value)
    assert access.is_public() is public


def test_the_command_line_is_the_owners(public, capsys):
    assert main(["runs"]) == 0
    assert access.may_change()


@pytest.mark.parametrize(
    ("user", "owner"),
    [
        (OWNER, True),
        ({**OWNER, "email": "you@example.org"}, False),
        ({**OWNER, "is_logged_in": False}, False),
        ({**OWNER, "email_verified": False}, False),
        ({"is_logged_in": True, "email": "me@example.org"}, False),  # the provider does not say
        ({"is_logged_in": True, "email": None}, False),
        ({}, False),
    ],
)
def test_the_owner_signs_in_with_a_known_address(user, owner, public, monkeypatch):
    monkeypatch.setenv("FMNIST_OWNERS", "other@example.org, me@example.org")
    monkeypatch.setattr(frame, "st", SimpleNamespace(user=user))
    assert frame._is_owner() is owner


def test_without_an_address_nobody_is_the_owner(public, monkeypatch):
    monkeypatch.delenv("FMNIST_OWNERS", raising=False)
    monkeypatch.setattr(frame, "st", SimpleNamespace(user={**OWNER, "email": ""}))
    assert not frame._is_owner()


def test_what_one_keeps_who_has_signed_in_is_his_own():
    def keep() -> None:
        corrections.keep((ROOT / "docs/classify.png").read_bytes(), 3, "upload", "My set")
        notes.tag([1], "mine")
        notes.add_vote(Vote(1, 2, 3, CANNOT_TELL))

    def seen() -> tuple:
        return corrections.list_sets(), set(notes.tags()), len(notes.votes())

    nothing, everything = ([], set(), 0), (["My set"], {"mine"}, 1)
    access.set_person_finder(lambda: "one")
    assert access.keeps_own()
    keep()
    assert seen() == everything
    export = access.for_this_person(lambda: (corrections.export("My set"), notes.tags_csv()))
    mine = export()
    for other in ("", "two"):
        access.set_person_finder(lambda other=other: other)
        assert seen() == nothing
        assert export() == mine  # a download that was offered is that of who was offered it
        assert seen() == nothing
    keep()
    access.set_person_finder(access._everybody)
    assert seen() == nothing


def test_an_owner_of_a_public_app_keeps_for_everybody(public):
    access.set_owner_check(lambda: True)
    access.set_person_finder(lambda: "one")
    notes.tag([1], "owner")
    access.set_person_finder(access._everybody)
    assert set(notes.tags()) == {"owner"}


SIGNED_IN = {**OWNER, "iss": "https://id.example.org", "sub": "1"}


@pytest.mark.parametrize(
    ("user", "shared", "own"),
    [
        (SIGNED_IN, False, True),
        (SIGNED_IN, True, False),
        ({**SIGNED_IN, "is_logged_in": False}, False, False),
        (OWNER, False, False),  # the provider does not say who it is
        ({}, False, False),
    ],
)
def test_whose_folder_it_is(user, shared, own, monkeypatch):
    known = SimpleNamespace(user=user, session_state={frame.SHARED: shared})
    monkeypatch.setattr(frame, "st", known)
    monkeypatch.setattr(frame, "get_script_run_ctx", lambda **_: object())
    assert bool(person := frame._find_person()) is own
    for other in ({"sub": "2"}, {"iss": "https://other.example.org"}):
        known.user = {**user, **other}
        assert frame._find_person() != person or not own
    known.user = {**user, "email": "new@example.org"}
    assert frame._find_person() == person


def test_one_who_signs_in_sees_his_own_and_may_share():
    access.set_person_finder(frame._find_person)
    corrections.keep((ROOT / "docs/classify.png").read_bytes(), 3, "upload")
    app = AppTest.from_file(ROOT / "app.py", default_timeout=300)

    def saved() -> str:
        assert not app.run().exception
        return next(box.label for box in app.expander if "teaching" in box.label)

    app.user = {"is_logged_in": False}
    assert "(1 saved)" in saved()
    assert "Sign in" in {button.label for button in app.button}
    app = AppTest.from_file(ROOT / "app.py", default_timeout=300)
    app.user = SIGNED_IN
    assert "(0 saved)" in saved()
    app.toggle(key=frame.SHARED).set_value(True)
    assert "(1 saved)" in saved()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "lie where the app runs"),
        (" https://example.org/studio ", "are at <https://example.org/studio>"),
        ("javascript:alert(1)", "lie where the app runs"),
        ("https://a.org/> [x](y)", "lie where the app runs"),
    ],
)
def test_about_links_the_source_where_an_address_is_given(monkeypatch, address, words):
    monkeypatch.setenv("FMNIST_SOURCE", address)
    given = {}
    monkeypatch.setattr(frame.st, "set_page_config", lambda **how: given.update(how))
    frame.configure()
    assert given["menu_items"]["About"].endswith(f"The app's own source and licence (MIT) {words}.")


OFFERED = {  # page: its buttons and sections that change something
    "classify": {"Wrong? Correct it", "Corrections and teaching (0 saved)"},
    "train": {"Start training", "Delete", "Star", "Rename"},
    "mistakes": {"Star"},
}


@pytest.mark.parametrize("is_public", [False, True])
@pytest.mark.parametrize("page", OFFERED)
def test_pages_of_a_public_app_offer_no_change(page, is_public, own_run, monkeypatch):
    own_run("mine")
    monkeypatch.setenv("FMNIST_PUBLIC", str(int(is_public)))
    app = AppTest.from_file(ROOT / "pages" / f"{page}.py", default_timeout=300)
    app.session_state["runs_chosen"] = "mine"
    app.query_params["way"] = "Test image" if page == "mistakes" else "Draw"
    app.run()
    assert not app.exception
    shown = {one.label for one in [*app.button, *app.expander]}
    assert OFFERED[page] & shown == (set() if is_public else OFFERED[page] & shown)
    assert bool(OFFERED[page] & shown) is not is_public
    if page == "train":
        said = any("only its owner starts them" in info.value for info in app.info)
        assert said is is_public


def test_the_app_listens_on_this_computer_only():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["server"]["address"] == "127.0.0.1"
    assert set(config["server"]["allowedHosts"]) == {"localhost", "127.0.0.1", "[::1]"}
