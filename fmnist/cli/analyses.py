"""`python -m fmnist faithfulness`, `map`, `analyse`, `duplicates`: what takes a minute or more."""

import json
from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from fmnist.cli.options import Commands, add_command, add_json, add_number, add_run, progress_bar
from fmnist.errors import RunError
from fmnist.runs.library import find_run

if TYPE_CHECKING:
    import numpy as np

    from fmnist.analysis.faithfulness import Faithfulness

TEST_IMAGES = 10_000
IMAGES = 2_000  # about a minute on two cores; all of them take six


def add_to(commands: Commands) -> None:
    """Add the command to argparse's subcommands."""
    command = add_command(
        commands,
        "faithfulness",
        _faithfulness,
        "check that the parts marked under 'Why this answer' are those that count",
        "Blank the marked pixels of test images first, then random pixels of the garment, and "
        "compare how soon the answer's probability falls (the area under the deletion curve: "
        "smaller is better).",
    )
    add_run(command)
    words = f"how many test images, drawn at random; {TEST_IMAGES} for all"
    add_number(command, "--images", IMAGES, words, 2, TEST_IMAGES)
    add_number(command, "--seed", 0, "seed for the images, the random orders and the interval", 0)
    add_json(command)

    projection = add_command(
        commands,
        "map",
        _map,
        "lay out the test set by a run's features, for the Mistakes page",
        "Compute the features of the 10,000 test images and lay them out in two dimensions by "
        "t-SNE (about a minute). The result is kept in the folder of own runs.",
    )
    add_run(projection)

    analyse = add_command(
        commands,
        "analyse",
        _analyse,
        "compute now what the pages would compute on first use",
        "Compute now, and keep, what the pages would otherwise compute on first use: an index of "
        "the training images by their features, the nearest of them of each test image, the map of "
        "the test set, and the accuracy on corrupted images (some minutes). Shipped runs come with "
        "all of it.",
    )
    add_run(analyse)

    duplicates = add_command(
        commands,
        "duplicates",
        _duplicates,
        "find images of the dataset that are the same or nearly so",
        "Compare all pairs of the 70,000 images (about a minute) and print how many are nearly the "
        "same. With --json: the table of pairs that the Dataset page shows.",
    )
    add_json(duplicates)


def _faithfulness(options: Namespace) -> int:
    # here, because every command builds the parser and most need none of these
    import numpy as np

    from fmnist.analysis.faithfulness import measure_deletion, summarise_deletion
    from fmnist.data import load
    from fmnist.inference.classifier import load_classifier_for_command

    classifier = load_classifier_for_command(options.run)
    images = load("test").images
    chosen = np.random.default_rng(options.seed).choice(len(images), options.images, replace=False)
    with progress_bar(images[chosen], "image") as bar:
        areas = np.array(list(measure_deletion(bar, classifier, options.seed)))
    result = summarise_deletion(areas, options.seed)
    if options.json:
        fields = {"run": options.run, "seed": options.seed, **asdict(result)}
        print(json.dumps(fields), flush=True)
    else:
        print(_text(options.run, result), flush=True)
    return 0


def _text(name: str, result: "Faithfulness") -> str:
    low, high = result.difference_interval
    least, most = result.interval
    return "\n".join(
        [
            f"{name}: area under the deletion curve, n = {result.n:,} test images",
            f"marked pixels first   {result.marked_area:.4f}",
            f"random pixels first   {result.random_area:.4f}",
            f"difference            {result.difference:.4f} "
            f"(95 % interval {low:.4f} to {high:.4f})",
            f"marked beats random   {result.share:.1%} of the images "
            f"(95 % interval {least:.1%} to {most:.1%})",
        ]
    )


def _map(options: Namespace) -> int:
    from fmnist.data import load
    from fmnist.inference.classifier import load_classifier_for_command

    classifier = load_classifier_for_command(options.run)
    _, features = classifier(load("test").images)
    return _lay_out(features, options.run)


def _lay_out(features: "np.ndarray", name: str) -> int:
    """Keep the map of the test images' features (N, F) float32 with the run of that name."""
    from fmnist.analysis import projection

    places = projection.project_tsne(features)
    try:
        projection.write_projection(find_run(name), places)
    except OSError as error:
        raise RunError(f"The map cannot be kept ({error.strerror}).") from None
    print(f"{name}: {len(places):,} test images laid out.")
    return 0


def _analyse(options: Namespace) -> int:
    from fmnist.analysis import corruptions, neighbours, training_distance
    from fmnist.data import load
    from fmnist.inference.classifier import load_classifier_for_command

    run, test = find_run(options.run), load("test")
    classifier = load_classifier_for_command(options.run)
    known = neighbours.TrainingFeatures(run, classifier)
    for _ in progress_bar(iter(known.advance, 1.0), "500 training images"):
        pass
    try:
        known.write_index(run)
    except OSError as error:
        raise RunError(f"The index cannot be kept ({error.strerror}).") from None
    _, features = classifier(test.images)
    steps = training_distance.measure_training_distance(features, known)
    *_, distances = progress_bar(steps, "250 test images")
    training_distance.write_training_distance(run, distances)
    results = corruptions.measure_corruptions(classifier, test.images, test.labels)
    corruptions.write_corruptions(run, progress_bar(results, "corruption"), len(test.labels))
    return _lay_out(features, options.run)


def _duplicates(options: Namespace) -> int:
    from fmnist.analysis.dataset import duplicates
    from fmnist.analysis.dataset.catalogue import load_catalogue

    catalogue = load_catalogue()
    images = catalogue.take(range(len(catalogue.labels)))
    found = duplicates.find_duplicate_pairs(images)
    with progress_bar(found, "image", len(images)) as bar:
        pairs = duplicates.collect_pairs(bar)
    print(duplicates.pairs_json(pairs) if options.json else duplicates.pairs_text(pairs, catalogue))
    return 0
