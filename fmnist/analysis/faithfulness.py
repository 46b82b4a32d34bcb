"""Whether an explanation marks what the network used: the deletion curve.

Source: Petsiuk et al., "RISE", arXiv 1806.07421, section 4 ("causal metrics", deletion). The
marked pixels are blanked first and the answer's probability is watched: the sooner it falls, the
smaller the area under the curve. The comparison is with blanking pixels in a random order. Only
pixels of the garment count in both, because blanking black ones changes nothing and would make any
map look good.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import bootstrap

from fmnist.analysis.occlusion import occlusion_map
from fmnist.inference.classifier import Classifier
from fmnist.metrics.report import wilson_interval

STEPS = 20
RESAMPLES = 2_000


@dataclass(frozen=True)
class Faithfulness:
    """What deletion says about a run's maps on n images. Areas are mean probabilities, 0..1.

    `faithfulness --json` prints these names.

    marked_area, random_area: mean area with the marked pixels, and random ones, blanked first
    difference: random_area - marked_area; difference_interval: its 95 % bootstrap interval
    better: images where the marked pixels have the smaller area; share, interval: of n, Wilson 95 %
    """

    n: int
    marked_area: float
    random_area: float
    difference: float
    difference_interval: tuple[float, float]
    better: int
    share: float
    interval: tuple[float, float]


def deletion_stages(pixels: np.ndarray, order: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """Blank the garment of (28, 28) uint8 in equal steps: (steps + 1, 28, 28) uint8.

    order: (28, 28), any real dtype; the garment's highest values are blanked first. The first stage
    is the picture itself, the last one is black.
    """
    rows, columns = np.nonzero(pixels)
    first = np.argsort(-order[rows, columns], kind="stable")
    rows, columns = rows[first], columns[first]
    stages = np.repeat(pixels[np.newaxis], steps + 1, axis=0)
    for step, count in enumerate(np.linspace(0, len(rows), steps + 1).round().astype(int)):
        stages[step, rows[:count], columns[:count]] = 0
    return stages


def area_under_deletion(curve: np.ndarray) -> np.ndarray:
    """Area under curves (..., steps + 1) over the share blanked, 0..1, by the trapezoid rule."""
    return np.trapezoid(curve, dx=1 / (curve.shape[-1] - 1), axis=-1)


def measure_deletion(
    images: Iterable[np.ndarray], classifier: Classifier, seed: int
) -> Iterator[tuple[float, float]]:
    """For each (28, 28) uint8 the area with marked and with random pixels blanked first.

    The seed fixes the random orders. Nothing is computed before it is asked for.
    """
    rng = np.random.default_rng(seed)
    for pixels in images:
        class_id = int(classifier(pixels[np.newaxis])[0][0].argmax())
        marked = deletion_stages(pixels, occlusion_map(pixels, classifier, class_id))
        chance = deletion_stages(pixels, rng.random((28, 28)))
        probabilities, _ = classifier(np.concatenate([marked, chance]))
        curves = probabilities[:, class_id].astype(np.float64).reshape(2, -1)
        yield tuple(area_under_deletion(curves).tolist())


def summarise_deletion(areas: np.ndarray, seed: int) -> Faithfulness:
    """Compare the areas (N, 2) of `measure_deletion`, N >= 2; the seed fixes the bootstrap."""
    marked, chance = areas.T
    gains, n = chance - marked, len(areas)
    better = int((gains > 0).sum())
    resampled = bootstrap(
        (gains,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=50,  # 4 MB at a time for 10,000 images
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = resampled.confidence_interval
    return Faithfulness(
        n=n,
        marked_area=float(marked.mean()),
        random_area=float(chance.mean()),
        difference=float(gains.mean()),
        difference_interval=(float(low), float(high)),
        better=better,
        share=better / n,
        interval=wilson_interval(better, n),
    )
