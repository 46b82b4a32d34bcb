"""The live part of a training: its history read on, its charts, its answers and its first layer."""

import itertools
import json
import os
import threading

import altair as alt
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, recall_score

from fmnist import epochs, history, lens_pictures, live, live_answers, live_charts, live_panel
from fmnist.curves import curves_table
from fmnist.data import CLASS_NAMES
from fmnist.epochs import confusion_at
from fmnist.lens import Lens
from fmnist.live import MOST_POINTS, follow, place, progress_text
from fmnist.settings import TrainSettings
from tests.test_history import DAMAGED, EPOCH, PROGRESS, VALIDATED

RECENT = {"recent_accuracy": 0.9, "recent_loss": 0.3, "learning_rate": 1e-3}


@pytest.fixture
def run(own_run):
    """A run with an empty history."""
    run = own_run()
    (run.path / "history.jsonl").unlink()
    return run


def append(run, *events):
    with (run.path / "history.jsonl").open("a") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)


def progress(epoch, batch=50, time=2.0, **values):
    return {**PROGRESS, "epoch": epoch, "batch": batch, "time": time, **values}


def epoch(number, time=2.0, **values):
    return {**VALIDATED, "epoch": number, "time": time, **values}


# --- reading on


def test_only_what_is_new_is_read(run, monkeypatch):
    assert follow(run) == live.Course()
    append(run, {"event": "start", "time": 0.0}, progress(1))
    assert follow(run).progress["epoch"] == 1
    parsed = []
    loads = json.loads
    monkeypatch.setattr(live.json, "loads", lambda line: parsed.append(line) or loads(line))
    assert follow(run) is follow(run)  # nothing new: not even another object
    assert parsed == []
    append(run, epoch(1), progress(2))
    course = follow(run)
    assert len(parsed) == 2
    assert [event["epoch"] for event in course.epochs] == [1]
    assert course.progress["epoch"] == 2
    assert [point["epoch"] for point in course.points] == [1, 2]


def test_a_line_counts_once_it_has_its_end(run):
    line = json.dumps(epoch(1))
    with (run.path / "history.jsonl").open("a") as file:
        file.write(line[:20])
        file.flush()
        assert follow(run).epochs == ()
        file.write(line[20:] + "\n")
        file.flush()
        assert len(follow(run).epochs) == 1


@pytest.mark.parametrize("line", DAMAGED)
def test_damaged_lines_are_left_out(run, line):
    text = line if isinstance(line, str) else json.dumps(line)
    (run.path / "history.jsonl").write_text(f"{text}\n{json.dumps(EPOCH)}\n{text}\n")
    assert follow(run).epochs == (EPOCH,)
    assert follow(run).points == ()


def test_another_file_in_its_place_is_read_from_the_beginning(run):
    append(run, epoch(1), epoch(2), progress(3))
    assert len(follow(run).epochs) == 2
    path = run.path / "history.jsonl"
    path.write_text(json.dumps(epoch(7)) + "\n")  # shorter
    assert [event["epoch"] for event in follow(run).epochs] == [7]
    path.write_text("".join(json.dumps(epoch(n)) + "\n" for n in range(1, 9)))  # longer
    assert len(follow(run).epochs) == 8
    path.unlink()
    assert follow(run) == live.Course()
    path.mkdir()
    assert follow(run) == live.Course()


def test_what_is_remembered_is_bounded_and_safe_for_threads(own_run):
    found = [own_run(f"r{n}") for n in range(live.FILES_KEPT + 4)]
    seen = []

    def look():
        for run in found:
            seen.append((run.name, len(follow(run).epochs)))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4 * len(found)
    assert {count for _, count in seen} == {10}
    assert len(live._files) == live.FILES_KEPT


# --- going on after a kill


KILLED = [
    {"event": "start", "time": 100.0},
    progress(1, 50, 105.0),
    epoch(1, 110.0),
    progress(2, 50, 115.0),
    epoch(2, 120.0, accuracy=0.1),
    progress(3, 20, 125.0),
    {"event": "start", "time": 500.0},
    {"event": "resumed", "epoch": 1, "time": 503.0},
    progress(2, 30, 506.0),
]


def test_what_was_lost_is_not_shown(run):
    append(run, *KILLED)
    course = follow(run)
    assert [event["epoch"] for event in course.epochs] == [1]
    assert [(point["epoch"], point["batch"]) for point in course.points] == [(1, 50), (2, 30)]
    table = curves_table([run])
    assert table["epoch"].tolist() == [1.0, 1.0, 1.3]
    # read at once or line by line
    whole = history.standing(history.read_history(run))
    assert [e["epoch"] for e in whole if e["event"] in ("epoch", "progress")] == [1, 1, 2]


def test_resumed_before_the_first_epoch_forgets_all(run):
    append(run, progress(1), {"event": "resumed", "epoch": 0, "time": 3.0})
    assert follow(run).points == ()
    assert follow(run).progress is None
    assert curves_table([run]).empty


def test_time_lost_or_paused_does_not_count(run):
    append(run, *KILLED)
    # ten seconds until epoch 1, and what came after the second start
    assert follow(run).seconds == pytest.approx(10 + 6)
    assert follow(run).elapsed(516.0) == pytest.approx(26)
    append(run, {"event": "pause", "time": 507.0})
    assert follow(run).elapsed(900.0) == pytest.approx(17)
    append(run, {"event": "resume", "time": 900.0}, progress(2, 40, 903.0))
    assert follow(run).elapsed(903.0) == pytest.approx(20)
    append(run, {"event": "finishing", "time": 905.0}, {"event": "end", "time": 950.0})
    assert follow(run).elapsed(2000.0) == pytest.approx(22)


def test_a_refused_wish_stands_until_the_next(run):
    append(run, {"event": "refused", "message": "too high", "time": 1.0})
    assert follow(run).refused == "too high"
    append(run, {"event": "rate", "epoch": 2, "learning_rate": 0.1, "time": 2.0})
    assert follow(run).refused == ""


# --- thinning


def long_history(epochs_planned, batches, until):
    for number in range(1, until + 1):
        for batch in range(1, batches + 1):
            yield progress(number, batch, epochs=epochs_planned, batches=batches)
        yield epoch(number)


def test_thousands_of_points_are_thinned_and_those_shown_stay(run):
    events = list(long_history(10, 800, 10))
    append(run, *events[:4000])
    before = [place(point) for point in follow(run).points]
    append(run, *events[4000:])
    after = [place(point) for point in follow(run).points]
    assert 0.8 * MOST_POINTS < len(after) <= MOST_POINTS + 1
    assert after[: len(before) - 1] == before[:-1]  # only the newest moved
    assert after == sorted(after)
    assert after[-1] == pytest.approx(9.999)
    assert follow(run).progress["batch"] == 800


def test_points_of_hostile_plans_are_bounded(run):
    events = [progress(number, 1, epochs=1, batches=1) for number in range(1, 3 * MOST_POINTS)]
    append(run, *events)
    assert len(follow(run).points) <= 2 * MOST_POINTS + 1


# --- charts


@pytest.mark.parametrize(
    "spec",
    [
        live_charts.learning_spec("accuracy", 7),
        live_charts.learning_spec("loss", 1),
        live_charts.rate_spec(300),
        live_charts.class_spec(),
    ],
)
def test_specifications_are_sound_and_hold_no_data(spec):
    text = json.dumps(spec)
    assert '"data"' not in text
    assert '"datasets"' not in text
    alt.Chart.from_dict({**spec, "data": {"values": []}})  # checked against Vega-Lite's schema


def test_the_axis_is_that_of_the_planned_epochs():
    layer = live_charts.learning_spec("accuracy", 7)["layer"][0]
    assert layer["encoding"]["x"]["scale"]["domain"] == [0, 7]
    assert live_charts.learning_spec("accuracy", 7) is live_charts.learning_spec("accuracy", 7)


def test_rows_are_epochs_and_smoothed_values_within(run):
    append(run, progress(1, **RECENT), epoch(1), progress(2, **RECENT), progress(3, 60))
    table = live_charts.learning_table(follow(run))
    rows = [tuple(row) for row in table.to_numpy()]
    assert rows == [
        (1.0, "training", 0.7, 0.9),
        (1.0, "validation", 0.8, 0.6),
        (0.5, "within epochs", 0.9, 0.3),
        (1.5, "within epochs", 0.9, 0.3),
        (2.6, "within epochs", 0.81, 0.5),  # an old history's mean over the epoch so far
    ]


def test_the_first_seconds_do_not_squeeze_the_finished_epochs(run):
    start = progress(1, 1, recent_accuracy=0.1, recent_loss=2.3)
    append(run, start)
    table = live_charts.learning_table(follow(run))
    assert table[["accuracy", "loss"]].to_numpy().tolist() == [[0.1, 2.3]]  # all there is
    append(run, epoch(1))
    table = live_charts.learning_table(follow(run))
    assert table[table["part"] == "within epochs"][["accuracy", "loss"]].isna().all(axis=None)


def test_an_empty_history_gives_empty_tables_with_types(run):
    for table in (
        live_charts.learning_table(follow(run)),
        live_charts.rate_table(follow(run), []),
    ):
        assert table.empty
        assert table["epoch"].dtype == float


def test_planned_rates_are_those_of_every_step():
    settings = TrainSettings(epochs=3, batch_size=10, schedule="step", learning_rate=0.01)
    rows = live_charts.planned_rates(settings, 95)  # ten steps an epoch, the last one smaller
    assert len(rows) == 30
    rates = {round(at, 3): rate for at, _, rate in rows}
    assert rates[0.0] == rates[1.4] == 0.01
    assert rates[1.5] == pytest.approx(0.001)
    assert rates[2.9] == pytest.approx(0.0001)
    assert len(live_charts.planned_rates(TrainSettings(epochs=1000), 55_000)) <= 240


def test_used_rates_are_those_of_the_history(run):
    append(run, progress(1, **RECENT), progress(2))
    table = live_charts.rate_table(follow(run), [(0.0, "planned", 0.5)])
    assert table.to_numpy().tolist() == [[0.0, "planned", 0.5], [0.5, "used", 0.001]]


def test_right_in_each_class_is_scikit_learns_recall():
    rng = np.random.default_rng(0)
    labels, answers = rng.integers(0, 10, (2, 400))
    confusion = confusion_matrix(labels, answers, labels=range(10))
    table = live_charts.class_table(confusion)
    np.testing.assert_allclose(table["right"], recall_score(labels, answers, average=None))
    assert table["before"].isna().all()
    assert live_charts.class_table(confusion, confusion)["before"].equals(table["right"])
    assert (live_charts.class_table(np.zeros((10, 10), int))["right"] == 0).all()


def test_progress_in_words(run):
    assert progress_text(follow(run), 4) == (0.0, "Starting takes some ten seconds")
    append(run, progress(3))
    share, words = progress_text(follow(run), 4)
    assert share == pytest.approx(2.5 / 4)
    assert words == "Epoch 3 of 4, batch 50 of 100"
    append(run, epoch(3), {"event": "start", "time": 9.0}, {"event": "resumed", "epoch": 3})
    assert progress_text(follow(run), 6) == (0.5, "Starting takes some ten seconds")


def test_settings_in_a_line():
    words = live.settings_text(TrainSettings(fraction=0.3, epochs=1, mirror=True))
    assert words == "Plain CNN · 1 epoch · batch 64 · rate 0.001 · 30% of the images · mirror"
    assert "all 60,000 images" in live.settings_text(TrainSettings(holdout=False))


# --- answers to the validation images


def said(seed):
    return np.random.default_rng(seed).dirichlet(np.ones(10), 5_000)


def test_newest_answers_are_those_that_were_kept(run):
    assert live_answers.kept(run).epochs == 0
    assert live_answers.latest(run, 0).shape == (0, 5_000, 10)
    for number in (1, 2, 3):
        epochs.keep(run.path, number, said(number), epochs.VALIDATION_FILE)
    everything = epochs.read(run, epochs.VALIDATION_FILE)
    kept = live_answers.kept(run)
    assert kept.epochs == 3
    np.testing.assert_array_equal(live_answers.latest(run, 3), everything[1:])
    np.testing.assert_array_equal(live_answers.latest(run, 1), everything[:1])
    # written anew, as a training does that goes on: the same length and yet something new
    os.utime(run.path / epochs.VALIDATION_FILE, ns=(1, 1))
    assert live_answers.kept(run) != kept


def test_panel_follows_two_images_of_each_class(run):
    labels = np.random.default_rng(0).integers(0, 10, 5_000)
    chosen = live_answers.places(labels)
    assert labels[chosen].tolist() == np.repeat(np.arange(10), 2).tolist()
    for class_id in range(10):
        assert chosen[2 * class_id] == np.flatnonzero(labels == class_id)[0]
    for number in (1, 2, 3):
        epochs.keep(run.path, number, said(number), epochs.VALIDATION_FILE)
    everything = epochs.read(run, epochs.VALIDATION_FILE)
    panel = live_answers.panel(run, 3, chosen, 10)
    assert panel.epochs.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(panel.said, everything[:, chosen])
    # the file was shortened meanwhile
    assert live_answers.panel(run, 9, chosen, 10).epochs.tolist() == [1, 2, 3]
    (run.path / epochs.VALIDATION_FILE).unlink()
    assert live_answers.panel(run, 3, chosen, 10).said.shape == (0, 20, 10)


def test_panel_of_many_epochs_is_thinned_and_those_shown_stay(run):
    size = live_answers.SIZE
    with (run.path / epochs.VALIDATION_FILE).open("wb") as file:
        file.truncate(100 * size)  # sparse
    shown = [live_answers.panel(run, n, np.arange(2), 100).epochs.tolist() for n in range(1, 101)]
    assert shown[0] == [1]
    assert all(each[-1] == at for at, each in enumerate(shown, 1))
    assert max(map(len, shown)) <= live_answers.SHOWN
    for earlier, later in itertools.pairwise(shown):
        assert set(earlier[:-1]) <= set(later)


def test_panel_in_html_says_what_was_answered():
    images = np.zeros((2, 28, 28), np.uint8)
    answers = np.zeros((2, 2, 10), np.uint8)
    answers[0, :, 4] = 204  # both were coats
    answers[1, 0, 4] = 153
    answers[1, 1, 6] = 255
    panel = live_answers.Panel(np.array([1, 2]), answers)
    html = live_panel.panel_html(images, np.array([6, 6]), panel, 10)
    first, second = html.split("<figure")[1:]
    assert 'class="wrong"' in first
    assert "✗</span> 60% Coat" in first
    assert 'aria-label="epoch 1: Coat 80%; epoch 2: Coat 60%"' in first
    assert "good" not in first
    assert 'class="right"' in second
    assert "✓</span> 100%" in second
    assert second.count('class="good"') == 1
    # bars end at the planned epochs' share of the width
    assert "left:10.00%;width:8.50%" in second
    assert "height:100%" in second

    empty = live_answers.Panel(np.array([], int), np.zeros((0, 2, 10), np.uint8))
    assert live_panel.panel_html(images, np.array([6, 6]), empty, 10).count("no answer yet") == 2


def test_confusion_of_the_newest_epoch(run):
    epochs.keep(run.path, 1, said(0), epochs.VALIDATION_FILE)
    labels = np.random.default_rng(1).integers(0, 10, 5_000)
    (newest,) = live_answers.latest(run, 1)
    expected = confusion_matrix(labels, (said(0) * 255).round().argmax(axis=1), labels=range(10))
    np.testing.assert_array_equal(confusion_at(newest, labels), expected)
    assert len(CLASS_NAMES) == len(expected)


# --- the first layer


def test_tiles_stand_in_order_with_hard_edges():
    pictures = np.arange(5 * 28 * 28).reshape(5, 28, 28).astype(np.uint8)
    sheet = lens_pictures.tiles(pictures, ground=7, columns=3)
    step = 28 * 3 + lens_pictures.GAP
    assert sheet.shape == (2 * step - lens_pictures.GAP, 3 * step - lens_pictures.GAP)
    fifth = sheet[step : step + 84, step : step + 84]
    np.testing.assert_array_equal(fifth[1::3, 2::3], pictures[4])
    assert (sheet[84 : 84 + lens_pictures.GAP] == 7).all()


def test_sheets_of_a_lens():
    filters = np.zeros((2, 3, 3), np.float32)
    filters[1, 0, 0], filters[1, 2, 2] = -2, 1
    activations = np.zeros((2, 14, 14), np.float32)
    activations[0, 0, 0], activations[1, 0, 0] = 4, 1
    lens = Lens(filters, activations)
    sheet = lens_pictures.filter_sheet(lens)
    assert set(np.unique(sheet[:84, :84])) == {128}  # a filter of nothing
    second = sheet[:84, 84 + lens_pictures.GAP :][:, :84]
    assert (second[0, 0], second[40, 40], second[83, 83]) == (28, 128, 178)
    found = lens_pictures.activation_sheet(lens)
    assert (found[0, 0], found[0, 84 + lens_pictures.GAP], found[50, 50]) == (255, 128, 0)
