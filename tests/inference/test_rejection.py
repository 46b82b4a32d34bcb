"""Calibration and verdicts, against SciPy and numbers worked out by hand."""

import dataclasses
import itertools
import json

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from fmnist import data
from fmnist.augmentation import outliers, sketches
from fmnist.errors import RunError
from fmnist.files import sha256_of, write_json
from fmnist.inference import classifier, rejection
from fmnist.inference.classifier import fit_rejection, load_classifier
from fmnist.inference.rejection import RejectionPolicy
from fmnist.metrics.calibration import expected_calibration_error, risk_coverage
from fmnist.runs.library import find_run
from fmnist.runs.run import read_run, write_run_info


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(0, 3, (500, 10))


def test_calibrated_divides_the_logits(logits):
    policy = RejectionPolicy(temperature=2.5)
    expected = softmax(logits / 2.5, axis=1)
    got = policy.calibrate(softmax(logits, axis=1))
    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert np.array_equal(got.argmax(axis=1), logits.argmax(axis=1))


def test_the_temperature_is_found_again(logits):
    # labels drawn from the softmax at temperature 1; the network's logits are 3 times too large
    rng = np.random.default_rng(1)
    logits = np.repeat(logits, 20, axis=0) / 3
    labels = np.array([rng.choice(10, p=row) for row in softmax(logits, axis=1)])
    found = rejection.fit_temperature(softmax(3 * logits, axis=1), labels)
    assert found == pytest.approx(3, rel=0.1)
    of_true = log_softmax(3 * logits / found, axis=1)[np.arange(len(labels)), labels]
    for other in (0.8 * found, 1.2 * found):
        worse = log_softmax(3 * logits / other, axis=1)[np.arange(len(labels)), labels]
        assert worse.mean() < of_true.mean()


def test_ece_by_hand():
    probabilities = np.zeros((4, 10))
    probabilities[:, 0] = [0.95, 0.95, 0.65, 0.65]
    labels = np.array([0, 1, 0, 0])
    # half of the answers: 0.95 sure and half right; the other half: 0.65 sure and all right
    assert expected_calibration_error(probabilities, labels) == pytest.approx(
        0.5 * 0.45 + 0.5 * 0.35
    )


def test_ece_of_a_perfect_network_is_zero():
    assert expected_calibration_error(np.eye(10), np.arange(10)) == 0


def test_trade_off_counts_who_is_answered():
    confidence, right = np.array([0.2, 0.5, 0.9, 1.0]), np.array([False, True, False, True])
    rows = risk_coverage(confidence, right, points=10)
    assert rows[0] == [0.0, 1.0, 0.5]
    assert rows[6] == [pytest.approx(0.6), 0.5, 0.5]
    assert all(a[1] >= b[1] for a, b in itertools.pairwise(rows))


def test_verdicts_follow_both_lines():
    policy = RejectionPolicy(
        confidence_threshold=0.7, ood_threshold=0.5, weights=(1.0, 0.0), bias=0.0
    )
    probabilities = np.full((3, 10), 0.2 / 9)
    probabilities[:, 3] = [0.8, 0.8, 0.8]
    probabilities[1] = 0.1
    features = np.array([[2.0, 9], [2.0, 9], [-2.0, 9]], np.float32)
    assert list(policy.decide(probabilities, features)) == ["confident", "unsure", "not_clothing"]


def test_drawings_have_thresholds_of_their_own():
    probabilities = np.full((3, 10), 0.2 / 9)
    probabilities[:, 3] = 0.8
    features = np.array([[2.0], [0.0], [-2.0]], np.float32)  # garment scores 0.88, 0.5, 0.12
    policy = RejectionPolicy(
        confidence_threshold=0.7, ood_threshold=0.6, weights=(1.0,), drawn_ood_threshold=0.3
    )
    photos = ["confident", "not_clothing", "not_clothing"]
    assert list(policy.decide(probabilities, features)) == photos
    drawn = ["confident", "confident", "not_clothing"]
    assert list(policy.decide(probabilities, features, drawn=True)) == drawn
    stricter = dataclasses.replace(policy, drawn_confidence_threshold=0.9)
    drawn = ["unsure", "unsure", "not_clothing"]
    assert list(stricter.decide(probabilities, features, drawn=True)) == drawn
    assert list(stricter.decide(probabilities, features)) == photos


def test_drawings_have_a_garment_score_of_their_own_and_doubtful_ones_are_not_confident():
    probabilities = np.full((3, 10), 0.2 / 9)
    probabilities[:, 3] = 0.8
    features = np.array([[2.0], [0.0], [-2.0]], np.float32)
    policy = RejectionPolicy(
        confidence_threshold=0.7,
        weights=(0.0,),
        drawn_ood_threshold=0.3,
        drawn_doubt_threshold=0.6,
        drawn_weights=(-1.0,),
        drawn_bias=0.0,
    )
    assert policy.garment_score(features, drawn=True) == pytest.approx([0.1192, 0.5, 0.8808], 1e-3)
    drawn = ["not_clothing", "unsure", "confident"]
    assert list(policy.decide(probabilities, features, drawn=True)) == drawn
    assert list(policy.decide(probabilities, features)) == ["confident"] * 3


def test_what_was_fitted_without_drawings_is_read():
    values = RejectionPolicy().to_dict()
    for name in [name for name in values if name.startswith("drawn_")]:
        del values[name]
    assert RejectionPolicy.from_dict(values) == RejectionPolicy()
    with pytest.raises(ValueError, match="not the values"):
        RejectionPolicy.from_dict({**values, "drawn_ood_threshold": "low"})


def test_it_is_read_as_it_was_written():
    measured = {**dict.fromkeys(rejection.MEASURED, 0.5), "risk_coverage": [[0.0, 1.0, 0.9]]}
    policy = RejectionPolicy(
        *(("as prepared", "mirrored"), 1.5, 0.6, 0.3, (0.5, -1.0), 0.25, measured),
        *(0.7, 0.1, 0.2, (0.25, 0.75), -0.5),
    )
    assert RejectionPolicy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temperature": 0}, "above 0"),
        ({"temperature": "warm"}, "not the values"),
        ({"bias": float("nan")}, "finite"),
        ({"tta_variants": []}, "TTA variants"),
        ({"tta_variants": ["upside down"]}, "TTA variants"),
        ({"weights": 3}, "not the values"),
        ({"drawn_weights": [float("inf")]}, "finite"),
        ({"tta_variants": [[1]]}, "not the values"),
        ({"tta_variants": ["mirrored", "mirrored"]}, "TTA variants"),
        ({"temperature": 10**400}, "not the values"),
        ({"measured": {"n": 5}}, "measured"),
    ],
)
def test_what_is_no_policy_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        RejectionPolicy.from_dict({**RejectionPolicy().to_dict(), **change})


def test_what_is_no_table_is_refused():
    with pytest.raises(ValueError, match="not the values"):
        RejectionPolicy.from_dict([])


def test_fit_on_a_run_keeps_its_promises(own_run):
    """With 1,000 validation images: the shares that are not answered, and the outliers."""
    run = own_run("mine")
    train = data.load("train")
    held_out = data.split(train.labels)[1][::5]
    fit_rejection(run, train.images[held_out], train.labels[held_out])
    policy = load_classifier(find_run("mine")).policy
    assert policy.measured["n"] == 1000
    assert policy.measured["outliers_not_confident"] > 0.85
    assert "as prepared" in policy.tta_variants
    assert "negated" not in policy.tta_variants  # this network was shown none
    assert policy.measured["accuracy"] > 0.9
    assert 0 < policy.drawn_ood_threshold < policy.ood_threshold


def test_of_the_drawings_answered_with_confidence_so_many_are_right(monkeypatch):
    """Labels drawn from a softmax; the network's logits are half as large again."""
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 6, (20_000, 10))
    labels = (softmax(logits, axis=1).cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    sure = softmax(1.5 * logits, axis=1).astype(np.float32)
    images = np.zeros((20_000, 28, 28), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.divmod(np.arange(20_000), 256)

    def predict(pixels):
        rows = 256 * pixels[:, 0, 0].astype(int) + pixels[:, 0, 1]
        return sure[rows], np.ones((len(rows), 1), np.float32)

    monkeypatch.setattr(sketches, "draw_sketches", lambda images, labels, rng: images)
    monkeypatch.setattr(outliers, "make_drawn_outliers", lambda number, rng: images[:number])
    thousand = images[:1_000], labels[:1_000]
    fitted = rejection._fit_to_drawings(RejectionPolicy(), predict, thousand, thousand, rng)
    answered = fitted.decide(sure, np.ones((20_000, 1)), drawn=True) == "confident"
    right = sure.argmax(axis=1) == labels
    assert right[answered].mean() == pytest.approx(rejection.LEAST_DRAWN_RIGHT, abs=0.004)
    assert answered.mean() > 0.3
    assert right[~answered].mean() < 0.8


def test_the_garment_score_of_drawings_tells_them_from_drawn_outliers(monkeypatch):
    """One feature that is 2 for drawn garments, -2 for outliers, and 0.7 of noise on both."""
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 0.7, 3_000)
    images = np.zeros((3_000, 28, 28), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.divmod(np.arange(3_000), 256)
    labels = np.arange(3_000) % 10

    def predict(pixels):
        at = 256 * pixels[:, 0, 0].astype(int) + pixels[:, 0, 1]
        features = np.where(at < 2_000, 2, -2) + noise[at]
        sure = np.full((len(at), 10), 0.002, np.float32)
        sure[np.arange(len(at)), labels[at]] = 0.982
        return sure, features[:, np.newaxis].astype(np.float32)

    monkeypatch.setattr(sketches, "draw_sketches", lambda images, labels, rng: images)
    monkeypatch.setattr(outliers, "make_drawn_outliers", lambda number, rng: images[-1_000:])
    seen, left = (images[:1_000], labels[:1_000]), (images[1_000:2_000], labels[1_000:2_000])
    policy = rejection._fit_to_drawings(RejectionPolicy(), predict, seen, left, rng)
    probabilities, features = predict(images)
    scores = policy.garment_score(features, drawn=True)
    assert scores[:2_000].min() > np.median(scores[2_000:])
    verdicts = policy.decide(probabilities, features, drawn=True)
    assert np.mean(verdicts[1_000:2_000] == "not_clothing") == pytest.approx(0.01, abs=0.002)
    assert np.mean(verdicts[1_000:2_000] == "confident") == pytest.approx(0.95, abs=0.002)
    assert np.mean(verdicts[2_000:] == "not_clothing") > 0.99
    assert set(policy.decide(probabilities, features)) == {"confident"}  # photos


def test_a_changed_file_is_told(own_run):
    run = own_run("mine")
    (run.path / "verdict.json").write_text("{}")
    digest = sha256_of(run.path / "verdict.json")
    write_run_info(run.path, files={**run.files, "verdict.json": digest})
    with pytest.raises(RunError, match=r"verdict\.json was changed"):
        load_classifier(find_run("mine"))
    write_run_info(run.path, files={**run.files, "verdict.json": "0" * 64})
    with pytest.raises(RunError, match=r"verdict\.json was changed"):
        load_classifier(find_run("mine"))


def test_a_run_that_is_fitted_anew_meanwhile_is_not_damaged(own_run):
    """A page read the run, then a command fitted it; and the other way round."""
    run = own_run("mine")
    path = run.path / "verdict.json"
    write_json(path, RejectionPolicy(temperature=2.0).to_dict())
    write_run_info(run.path, files={**run.files, "verdict.json": sha256_of(path)})
    before = read_run(run.path)
    write_json(path, RejectionPolicy(temperature=3.0).to_dict())
    with pytest.raises(RunError, match=r"verdict\.json was changed"):
        load_classifier(before)
    write_run_info(run.path, files={**run.files, "verdict.json": sha256_of(path)})
    assert load_classifier(before).policy.temperature == 3.0


def test_a_folder_that_cannot_be_written_is_one_sentence(own_run, monkeypatch):
    run = own_run("mine")
    monkeypatch.setattr(classifier, "fit_rejection_policy", lambda *_: RejectionPolicy())

    def refuse(path, value):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(classifier, "write_json", refuse)
    with pytest.raises(RunError, match=r"'mine' cannot be written \(Permission denied\)"):
        fit_rejection(run, np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8))


def test_former_names_are_read():
    policy = RejectionPolicy(("as prepared",), 1.5, 0.6, 0.3, (0.5, -1.0), 0.25)
    former = {
        "views": ["as prepared"],
        "temperature": 1.5,
        "confident_from": 0.6,
        "clothing_from": 0.3,
        "weights": [0.5, -1.0],
        "bias": 0.25,
        "measured": {},
    }
    assert RejectionPolicy.from_dict(former) == policy
