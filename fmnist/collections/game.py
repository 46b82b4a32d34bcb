"""Beat the network: a round of hard images, answered by a person and by a run."""

import numpy as np

from fmnist.collections.label_review import LabelReview

ROUND = 10  # images a round


def draw_round(probabilities: np.ndarray, labels: np.ndarray, seed: int) -> list[LabelReview]:
    """A round of `ROUND` images, half of them right.

    Drawn among the 500 right and the 500 wrong ones of the smallest margin between the label and
    the best other class, so that chance alone gets half of them and the run about half, too.
    (N, 10), (N,).
    """
    rows = np.arange(len(labels))
    others = probabilities.copy()
    others[rows, labels] = -1
    rival = others.argmax(axis=1)
    gap = probabilities[rows, labels] - others[rows, rival]
    answers = probabilities.argmax(axis=1)
    rng = np.random.default_rng(seed)
    chosen = []
    for right in (True, False):
        pool = np.flatnonzero((answers == labels) == right)
        hard = pool[np.argsort(np.abs(gap[pool]), kind="stable")][:500]
        chosen += list(rng.choice(hard, min(ROUND // 2, len(hard)), replace=False))
    turns = []
    for index in rng.permutation(chosen):
        pair = int(labels[index]), int(rival[index])
        swapped = rng.random() < 0.5
        turns.append(
            LabelReview(int(index), pair[0], int(answers[index]), pair[::-1] if swapped else pair)
        )
    return turns
