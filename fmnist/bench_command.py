"""`python -m fmnist bench`: how long things take on this machine. Nothing here is a test."""

import io
import json
import time

import numpy as np

from fmnist import runs

__all__ = ["add_to"]

PHOTOS = {"1 megapixel": (1152, 868), "12 megapixels": (4000, 3000)}  # width, height
JPEG_QUALITY = 90


def add_to(commands) -> None:
    """Add the command to argparse's subcommands."""
    bench = commands.add_parser(
        "bench",
        help="measure speed on this machine",
        description="Measure speed on this machine. Close other programs first.",
    )
    kinds = bench.add_subparsers(title="what to measure", required=True, metavar="WHAT")
    answers = kinds.add_parser(
        "answers",
        help="from a picture's bytes to its answer",
        description="Time from a JPEG's bytes to its answer, all renderings, vote and verdict "
        "included, and beside it model.predict of the same network on a plain resize. The photos "
        "are made here: garments of the test set, enlarged, on a textured floor.",
    )
    answers.add_argument("--run", default=runs.DEFAULT_RUN, help="name of the run to answer")
    answers.add_argument("--photos", type=int, default=30, metavar="N", help="of each size (30)")
    answers.add_argument("--json", action="store_true", help="print one JSON object")
    answers.set_defaults(run_command=_answers)
    pages = kinds.add_parser(
        "pages",
        help="from a click to the page it leads to",
        description="Time from a click in a browser to the last change it makes on the Report and "
        "Mistakes pages, in an installed Chromium or Chrome. The app is started for it, with no "
        "runs but the shipped ones.",
    )
    pages.add_argument("--run", default=runs.DEFAULT_RUN, help="name of the shipped run to show")
    pages.add_argument("--times", type=int, default=20, metavar="N", help="of each click (20)")
    pages.add_argument("--json", action="store_true", help="print one JSON object")
    pages.set_defaults(run_command=_pages)


def _pages(options, parser) -> int:
    from tqdm import tqdm

    from fmnist import machine, pages_bench

    if options.times < 1:
        parser.error(f"argument --times: {options.times} is below 1")
    bar = tqdm(
        pages_bench.measure(options.run, options.times),
        total=len(pages_bench.INTERACTIONS),
        unit="click",
        disable=None,
        leave=False,
    )
    times = dict(bar)
    result = {
        "run": options.run,
        "times": options.times,
        "milliseconds": {name: _summary(values) for name, values in times.items()},
        "machine": machine.describe_machine(),
        "versions": machine.versions(),
    }
    words = f"{options.run}, {options.times} times each"
    print(json.dumps(result) if options.json else _text(result, words, "from click to page"))
    return 0


def _summary(milliseconds: list[float]) -> dict[str, float]:
    return {
        "median": round(float(np.median(milliseconds)), 1),
        "p95": round(float(np.quantile(milliseconds, 0.95)), 1),
    }


def photo(garment: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> bytes:
    """A JPEG of (28, 28) uint8 as a coloured garment on a noisy floor; size is width, height."""
    import cv2

    width, height = size
    floor = cv2.resize(rng.integers(90, 160, (24, 32, 3), np.uint8), size)
    noise = rng.integers(0, 16, (height // 4, width // 4, 3), np.uint8)
    picture = floor + cv2.resize(noise, size, interpolation=cv2.INTER_NEAREST)
    side = int(0.8 * height)
    cloth = cv2.resize(garment, (side, side), interpolation=cv2.INTER_CUBIC)[..., np.newaxis]
    top, left = (height - side) // 2, (width - side) // 2
    place = picture[top : top + side, left : left + side]
    dye = np.uint8([60, 40, 140])
    place[:] = np.where(cloth > 12, (cloth.astype(np.uint16) * dye // 255).astype(np.uint8), place)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def _answers(options, parser) -> int:
    from tqdm import tqdm

    from fmnist import machine
    from fmnist.answers import answer_bytes
    from fmnist.classifier import for_command
    from fmnist.data import load

    if options.photos < 1:
        parser.error(f"argument --photos: {options.photos} is below 1")
    rng = np.random.default_rng(0)
    test = load("test")
    classifier = for_command(options.run)
    times, sizes = {}, {}
    for name, size in PHOTOS.items():
        pictures = [
            photo(test.images[index], size, rng)
            for index in rng.integers(0, len(test.images), options.photos)
        ]
        sizes[name] = int(np.median([len(picture) for picture in pictures]))
        answer_bytes(pictures[0], classifier)  # the first call of anything is slower
        bar = tqdm(pictures, desc=name, unit="photo", disable=None, leave=False)
        times[name] = _timed(lambda picture: answer_bytes(picture, classifier), bar)
    times["model.predict, plain resize, 1 megapixel"] = _predict(options, test, rng)
    result = {
        "run": options.run,
        "photos": options.photos,
        "bytes": sizes,
        "milliseconds": {
            name: _summary([1000 * value for value in values]) for name, values in times.items()
        },
        "machine": machine.describe_machine(),
        "versions": machine.versions(),
    }
    words = f"{options.run}, {options.photos} photos of each size"
    print(json.dumps(result) if options.json else _text(result, words, "from bytes to answer"))
    return 0


def _timed(work, pictures) -> list[float]:
    seconds = []
    for picture in pictures:
        began = time.perf_counter()
        work(picture)
        seconds.append(time.perf_counter() - began)
    return seconds


def _predict(options, test, rng: np.random.Generator) -> list[float]:
    """What most programs do: Pillow opens and resizes, `model.predict` answers one image."""
    from PIL import Image

    from fmnist.data import scale
    from fmnist.quiet import quiet

    with quiet():
        import keras

        model = keras.models.load_model(runs.keras_file(runs.find(options.run)), compile=False)

    def work(picture: bytes) -> None:
        small = Image.open(io.BytesIO(picture)).convert("L").resize((28, 28))
        model.predict(scale(255 - np.asarray(small)[np.newaxis]), verbose=0)

    pictures = [
        photo(test.images[index], PHOTOS["1 megapixel"], rng)
        for index in rng.integers(0, len(test.images), options.photos)
    ]
    work(pictures[0])
    return _timed(work, pictures)


def _text(result: dict, words: str, what: str) -> str:
    described = result["machine"]
    lines = [
        f"{words}; {described['processor']}, {described['cores']} cores, "
        f"{described['memory_gib']} GiB",
        f"{what:42}{'median':>10}{'95 %':>10}",
    ]
    lines += [
        f"{name:42}{values['median']:7.1f} ms{values['p95']:7.1f} ms"
        for name, values in result["milliseconds"].items()
    ]
    return "\n".join(lines)
