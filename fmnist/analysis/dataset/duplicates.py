"""Pairs of images that are the same or nearly so, within and across training and test part.

All 2.4 billion pairs are looked at, in about a minute, without leaving one out: two images can be
alike only where their sums are, and those of blocks of 4x4 pixels. What `python -m fmnist
duplicates --json` prints lies beside this file and is what pages read.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fmnist.analysis.dataset.catalogue import Catalogue, dissimilarity
from fmnist.data import PART_SIZES

SHIPPED = Path(__file__).with_name("near_duplicates.json")
COMMAND = "python -m fmnist duplicates --json"
MOST = 0.04  # dissimilarity; above it most pairs are two plain garments of the same cut
BLOCK = 4  # pixels


@dataclass(frozen=True)
class DuplicatePairs:
    """K pairs of images, the most alike first; read-only.

    numbers: (K, 2) int64, as in the catalogue, the lower one first
    dissimilarities: (K,) float32, 0 (the same pixels) to `most`
    """

    numbers: np.ndarray
    dissimilarities: np.ndarray
    most: float

    def across(self) -> np.ndarray:
        """Which pairs have one image in the training part and one in the test part: (K,) bool."""
        in_test = self.numbers >= PART_SIZES["train"]
        return in_test[:, 0] != in_test[:, 1]

    def partners(self, number: int) -> list[int]:
        """The numbers of the images that are nearly the same as that one, the most alike first."""
        pairs = self.numbers[(self.numbers == number).any(axis=1)]
        return [int(pair[pair != number][0]) for pair in pairs]


def find_duplicate_pairs(
    images: np.ndarray, most: float = MOST
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of images (N, 28, 28) uint8 whose `dissimilarity` is `most` or less, 0 < most < 1.

    Yields N times what was found with one of the images and those that are brighter: its index
    and theirs, (k, 2) int64, and the dissimilarities, (k,) float32.
    """
    sums = images.sum(axis=(1, 2), dtype=np.int64)
    order = np.argsort(sums, kind="stable")
    sums = sums[order]
    side = 28 // BLOCK
    blocks = images.reshape(-1, side, BLOCK, side, BLOCK).sum(axis=(2, 4), dtype=np.int16)
    blocks = blocks.reshape(len(images), -1)[order]
    # of b - a <= most (a + b) follows b <= a (1 + most) / (1 - most)
    ends = np.searchsorted(sums, sums * (1 + most) / (1 - most), side="right")
    for row, end in enumerate(ends):
        others = slice(row + 1, end)
        gaps = np.abs(blocks[others] - blocks[row]).sum(axis=1, dtype=np.int64)
        rows = np.flatnonzero(gaps <= most * (sums[others] + sums[row])) + row + 1
        found = dissimilarity(images[order[rows]], images[order[row]])
        near = found <= most
        pairs = np.stack([np.full(near.sum(), order[row]), order[rows[near]]], axis=1)
        yield np.sort(pairs, axis=1), found[near]


def collect_pairs(
    found: Iterable[tuple[np.ndarray, np.ndarray]], most: float = MOST
) -> DuplicatePairs:
    """What `find_duplicate_pairs` yields as one table, the most alike first."""
    pairs, dissimilarities = (np.concatenate(columns) for columns in zip(*found, strict=True))
    order = np.lexsort((pairs[:, 1], pairs[:, 0], dissimilarities))
    return DuplicatePairs(pairs[order], dissimilarities[order], most)


def pairs_json(pairs: DuplicatePairs) -> str:
    """The table as JSON, a pair a line."""
    rows = [
        f"[{first}, {second}, {value:.4f}]"
        for (first, second), value in zip(pairs.numbers, pairs.dissimilarities, strict=True)
    ]
    head = f'{{"command": "{COMMAND}", "most": {pairs.most}, "pairs": [\n'
    return head + ",\n".join(rows) + "\n]}"


def pairs_text(pairs: DuplicatePairs, catalogue: Catalogue) -> str:
    """How many pairs there are of which kind, as plain text."""
    rows = {
        f"pairs with a dissimilarity of {pairs.most} or less": len(pairs.numbers),
        "with the same pixels": int((pairs.dissimilarities == 0).sum()),
        "across training and test part": int(pairs.across().sum()),
        "test images in those": len(find_leaks(pairs)),
        "with two different labels": int(differing_labels(pairs, catalogue).sum()),
    }
    return "\n".join(f"{count:>6,}  {words}" for words, count in rows.items())


@cache
def load_duplicate_pairs() -> DuplicatePairs:
    """The table that ships with the project."""
    kept = json.loads(SHIPPED.read_text("utf-8"))
    table = np.array(kept["pairs"], np.float64).reshape(-1, 3)
    arrays = table[:, :2].astype(np.int64), table[:, 2].astype(np.float32)
    for array in arrays:
        array.flags.writeable = False
    return DuplicatePairs(*arrays, kept["most"])


def find_leaks(pairs: DuplicatePairs) -> np.ndarray:
    """Which test images, by their place in that part, have one in the training part: (K,) int64."""
    return np.unique(pairs.numbers[pairs.across()].max(axis=1)) - PART_SIZES["train"]


def differing_labels(pairs: DuplicatePairs, catalogue: Catalogue) -> np.ndarray:
    """Which pairs carry two different labels, of which one at most is right: (K,) bool."""
    labels = catalogue.labels[pairs.numbers]
    return labels[:, 0] != labels[:, 1]
