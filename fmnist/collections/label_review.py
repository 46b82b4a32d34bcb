"""Label review: where network and label disagree, people choose without knowing which is which.

A test image on which a run contradicts the label may be the run's mistake or the dataset's. It is
shown with both classes in an order that tells nothing. The votes correct the accuracy, as far as
they go: only images that somebody has looked at are counted otherwise.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from fmnist.analysis import label_issues
from fmnist.collections.notes import CANNOT_TELL, Vote
from fmnist.metrics.report import Counted


@dataclass(frozen=True)
class LabelReview:
    """A test image: its index, label and prediction, and two classes in the order to be shown."""

    index: int
    label: int
    answer: int
    shown: tuple[int, int]


def find_disputed_labels(probabilities: np.ndarray, labels: np.ndarray) -> list[LabelReview]:
    """All images whose label a run contradicts, the likeliest label issues first.

    (N, 10) probabilities, (N,) labels. Ordered by `label_issues.normalized_margin`. The
    index alone decides which class is shown first: it tells nothing and stays the same.
    """
    answers = probabilities.argmax(axis=1)
    order = np.argsort(label_issues.normalized_margin(probabilities, labels), kind="stable")
    found = []
    for index in order[answers[order] != labels[order]]:
        pair = int(labels[index]), int(answers[index])
        swapped = np.random.default_rng(int(index)).random() < 0.5
        found.append(LabelReview(int(index), *pair, pair[::-1] if swapped else pair))
    return found


def majority_vote(choices: list[int]) -> int:
    """The class that most of the choices name; CANNOT_TELL where most say so or it is a tie."""
    counted = Counter(choices).most_common(2)
    if not counted or (len(counted) == 2 and counted[0][1] == counted[1][1]):
        return CANNOT_TELL
    return counted[0][0]


@dataclass(frozen=True)
class AdjustedAccuracy(Counted):
    """What the votes do to a run's accuracy.

    reviewed: images with a vote on which the run contradicts the label; for_label, for_answer,
    undecided: how many of them went which way; right: of all n images, counted anew

    Only images that the run contradicts are ever reviewed, so votes can raise the accuracy and not
    lower it: it bounds from above what people would say of all images.
    """

    reviewed: int
    for_label: int
    for_answer: int
    undecided: int
    right: int
    n: int


def adjust_accuracy(answers: np.ndarray, labels: np.ndarray, votes: list[Vote]) -> AdjustedAccuracy:
    """Count a run's answers (N,) against (N,) labels, corrected by the votes.

    A vote counts for every run that gives the answer that was voted on; of several votes on an
    image the majority counts. An image nobody can tell counts as the dataset labels it.
    """
    given: dict[int, list[int]] = {}
    for vote in votes:
        if answers[vote.index] == vote.answer and labels[vote.index] == vote.label:
            given.setdefault(vote.index, []).append(vote.choice)
    went = {index: majority_vote(choices) for index, choices in given.items()}
    for_label = sum(choice == labels[index] for index, choice in went.items())
    for_answer = sum(choice == answers[index] for index, choice in went.items())
    undecided = len(went) - for_label - for_answer
    right = int((answers == labels).sum()) + for_answer
    return AdjustedAccuracy(len(went), for_label, for_answer, undecided, right, len(labels))
