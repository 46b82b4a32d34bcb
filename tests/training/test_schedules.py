"""The learning rate of every step, against Keras' own schedule and by hand."""

import numpy as np
import pytest

from fmnist.settings import TrainSettings
from fmnist.training.schedules import learning_rate, one_cycle, peak_rate

ONE_CYCLE = TrainSettings(epochs=10, schedule="one-cycle", learning_rate=0.003)


@pytest.mark.slow
def test_one_cycle_is_keras_warm_up_and_cosine():
    from keras.optimizers.schedules import CosineDecay

    steps = 43
    total, warmup = 10 * steps, 10 * steps // 5
    reference = CosineDecay(0.003 / 25, total - warmup, warmup_target=0.003, warmup_steps=warmup)
    for step in (0, 1, 40, 85, 86, 87, 200, 429):
        expected = float(np.asarray(reference(step)))
        assert learning_rate(ONE_CYCLE, step, steps) == pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_constant_and_step_by_hand():
    assert learning_rate(TrainSettings(), 12_345, 860) == 1e-3
    stepped = TrainSettings(epochs=8, schedule="step", learning_rate=0.08)
    rates = [learning_rate(stepped, epoch * 10, 10) for epoch in range(8)]
    assert rates == pytest.approx([0.08] * 4 + [0.008] * 2 + [0.0008] * 2)


def test_one_cycle_never_leaves_its_range_and_ends_near_zero():
    for epochs in (1, 2, 7):
        settings = TrainSettings(epochs=epochs, schedule="one-cycle")
        rates = [learning_rate(settings, step, 5) for step in range(5 * epochs)]
        assert max(rates) <= 1e-3
        assert min(rates) >= 0
        assert rates[-1] < 0.25e-3
        assert np.argmax(rates) == 5 * epochs // 5


def test_a_continued_run_begins_its_schedule_anew():
    longer = TrainSettings(epochs=15, continued=(10,), schedule="one-cycle", learning_rate=0.003)
    assert one_cycle(longer, 9) == (0, 10)
    assert one_cycle(longer, 10) == (10, 15)
    for step in (0, 7, 99):  # what was learnt before is learnt as it was
        assert learning_rate(longer, step, 10) == learning_rate(ONE_CYCLE, step, 10)
    assert learning_rate(longer, 100, 10) == pytest.approx(0.003 / 25)
    assert learning_rate(longer, 110, 10) == pytest.approx(0.003)


def test_a_changed_rate_counts_from_its_epoch_on():
    # in whatever order they were wished for; of two for one epoch the later wish counts
    settings = TrainSettings(rate_changes=((5, 1e-3), (5, 1e-5), (3, 1e-4)))
    assert [peak_rate(settings, epoch) for epoch in range(6)] == [
        1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5,
    ]  # fmt: skip
    assert learning_rate(settings, 2 * 860, 860) == 1e-4
