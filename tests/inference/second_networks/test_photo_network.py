"""The photo network: its answers to photographs, its names for the ten, and both together."""

import io
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from sklearn.datasets import load_sample_image

from fmnist.data import (
    BAG,
    BOOT,
    COAT,
    DRESS,
    PULLOVER,
    SANDAL,
    SHIRT,
    SNEAKER,
    TROUSER,
    TSHIRT,
    load,
)
from fmnist.errors import RunError
from fmnist.images.options import PreprocessingOptions
from fmnist.inference.answer import answer_bytes
from fmnist.inference.classifier import load_classifier
from fmnist.inference.second_networks import photo_network
from fmnist.inference.second_networks.networks import SecondNetworks, load_second_networks
from fmnist.inference.second_networks.photo_network import (
    SIDE,
    PhotoNetwork,
    PhotoPrediction,
    log_factors,
    make_views,
    predict_photo,
)
from fmnist.runs.library import find_run
from tests.inference.test_answer import PICTURES, on_a_floor, png

# the best guesses for two photographs, by a forward pass of the original weights in NumPy, float64
REFERENCE = {
    "china.jpg": {442: 0.2325, 449: 0.1152, 663: 0.0821},  # bell cote, boathouse, monastery
    "flower.jpg": {985: 0.1522},  # daisy
}


def imagenet(**shares):
    """One view with these probabilities, named "c" and the number; the rest is no clothing."""
    found = np.zeros(1000, np.float32)
    for name, share in shares.items():
        found[int(name.removeprefix("c"))] = share
    found[0] = 1 - found.sum()  # a tench
    return PhotoPrediction(found[np.newaxis])


@pytest.mark.parametrize("name", REFERENCE)
def test_it_says_of_photographs_what_the_original_weights_say(name):
    photo = Image.fromarray(load_sample_image(name))
    view = np.asarray(photo.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    (found,) = load_second_networks().photo(view[np.newaxis])
    assert found.sum() == pytest.approx(1, abs=1e-3)
    for number, probability in REFERENCE[name].items():
        assert found[number] == pytest.approx(probability, abs=0.01)  # weights of 16 bits
    assert found.argmax() == next(iter(REFERENCE[name]))


def test_threads_do_not_mix_their_answers():
    views = np.random.default_rng(0).integers(0, 256, (4, SIDE, SIDE, 3), np.uint8)
    network = load_second_networks().photo
    expected, found = network(views), {}
    threads = [
        threading.Thread(target=lambda at=at: found.update({at: network(views[at : at + 1])}))
        for at in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for at in range(4):
        np.testing.assert_allclose(found[at][0], expected[at], atol=1e-6)


def test_what_was_asked_is_known_and_kept_in_bounds(monkeypatch):
    network = PhotoNetwork()
    asked = []

    def answer(scaled, wanted):
        asked.append(wanted)
        return [np.full((1, 1000), scaled[0, 0, 0, 0] * 128 + 127)]

    monkeypatch.setattr(network, "_network", (answer, [0]))
    views = [
        np.full((1, SIDE, SIDE, 3), shade, np.uint8) for shade in range(photo_network.KEPT + 1)
    ]
    assert [network(view)[0, 0] for view in (*views, views[-1])] == [*range(17), 16]
    assert len(asked) == 17
    network(views[0])  # forgotten
    assert len(asked) == 18


def test_a_damaged_file_is_one_sentence(tmp_path):
    (tmp_path / "model.tflite").write_bytes(b"no network")
    for path in (tmp_path / "model.tflite", tmp_path / "gone.tflite"):
        with pytest.raises(RunError, match="The photo network cannot be loaded"):
            PhotoNetwork(path)(np.zeros((1, SIDE, SIDE, 3), np.uint8))


def test_each_number_is_the_name_that_is_meant():
    # from the list of ImageNet's classes (ILSVRC 2012, in the usual order)
    names = {"cowboy boot": 514, "jean": 608, "jersey": 610, "running shoe": 770, "sandal": 774}
    names |= {"gown": 578, "purse": 748, "backpack": 414, "trench coat": 869, "sweatshirt": 841}
    names |= {"swimming trunks": 842, "Windsor tie": 906, "miniskirt": 655, "overskirt": 689}
    expected = [BOOT, TROUSER, TSHIRT, SNEAKER, SANDAL, DRESS, BAG, BAG, COAT, PULLOVER]
    expected += [TROUSER, SHIRT, DRESS, DRESS]
    found = [imagenet(**{f"c{number}": 0.9}).class_id for number in names.values()]
    assert found == expected


def test_names_are_sorted_and_factors_are_those_of_the_product():
    said = imagenet(c608=0.5, c770=0.25)
    assert said.names[:2] == [("jeans", 0.5), ("running shoe", 0.25)]
    assert len(said.names) == 41
    alone = said.combine(np.full(10, 0.1, np.float32))  # the other network has no opinion
    factors = np.exp(log_factors(said.imagenet))
    np.testing.assert_allclose(alone, factors / factors.sum(), rtol=1e-5)


def test_views_are_the_middle_the_middle_closer_and_the_whole_picture():
    picture = Image.new("RGBA", (400, 200), (10, 200, 30, 255))
    picture.paste((250, 0, 0, 255), (150, 50, 250, 150))
    middle, closer, whole = make_views(picture)
    assert middle.shape == closer.shape == whole.shape == (SIDE, SIDE, 3)
    assert tuple(whole[0, 0]) == tuple(whole[SIDE // 2, 0]) == (10, 200, 30)  # the edge's colour
    shares = [(view[..., 0] > 128).mean() for view in (middle, closer, whole)]
    assert shares == pytest.approx([100**2 / 200**2, 100**2 / 140**2, 100**2 / 400**2], abs=0.02)
    of_square = make_views(picture.crop((100, 0, 300, 200)))
    np.testing.assert_array_equal(of_square, [middle, closer])  # the whole is the middle
    clear = make_views(Image.new("RGBA", (4_000, 3_000), (0, 0, 0, 0)))
    assert (clear == 255).all()  # what shows through is white, as everywhere here


def test_names_become_probabilities_of_the_ten():
    photo = imagenet(c774=0.4, c770=0.2, c630=0.17)
    assert photo.clothing == pytest.approx(0.77)
    assert photo.probabilities.sum() == pytest.approx(0.77)
    assert photo.probabilities[SANDAL] == pytest.approx(0.4 / 1.4)
    assert photo.probabilities[SNEAKER] == pytest.approx(0.4 * 0.2 / 1.4 + 0.2 + 0.17 / 1.5)
    assert (photo.class_id, photo.class_name) == (SNEAKER, "Sneaker")
    assert photo.to_dict()["clothing"] == photo.clothing
    assert len(photo.to_dict()["probabilities"]) == 10


def by_hand(photo, fashion_mnist):
    """The combination, name by name."""
    named = [0.0] * 10
    for numbers, fits in photo_network._NAMES:
        for number in numbers:
            probability = float(photo.by_view[:, number].mean())
            for class_id, fit in fits.items():
                named[class_id] += probability * fit / sum(fits.values())
    product = [(n + 0.003) * (f + 0.01) ** 0.3 for n, f in zip(named, fashion_mnist, strict=True)]
    return [value / sum(product) for value in product]


def test_both_together_as_by_hand():
    rng = np.random.default_rng(1)
    for _ in range(20):
        by_view = rng.dirichlet(np.full(1000, 0.02), 3).astype(np.float32)
        fashion_mnist = rng.dirichlet(np.full(10, 0.3)).astype(np.float32)
        together = PhotoPrediction(by_view).combine(fashion_mnist)
        assert together.sum() == pytest.approx(1, abs=1e-5)
        expected = by_hand(PhotoPrediction(by_view), fashion_mnist)
        np.testing.assert_allclose(together, expected, atol=1e-5)


def of(class_id, probability=0.82):
    """What the Fashion-MNIST network says that takes something for this class."""
    found = np.full(10, (1 - probability) / 9, np.float32)
    found[class_id] = probability
    return found


def test_each_decides_where_it_knows_better():
    # no clothing by name: the Fashion-MNIST network alone
    assert imagenet().combine(of(SHIRT)).argmax() == SHIRT
    # a name of one class counts whatever the other says
    assert imagenet(c774=0.9).combine(of(SHIRT)).argmax() == SANDAL
    # a name of several is divided: a suit's is a coat's, a shirt's or a trouser's
    suit = imagenet(c834=0.9).combine(of(SHIRT))
    assert suit.argmax() == SHIRT
    assert suit[[COAT, TROUSER]].min() > suit[[TSHIRT, PULLOVER, BAG]].max()


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        # a cloak, a poncho, a vestment, ties, a lab coat, a trench coat: a shirt's, too
        ((501, 735, 887, 457, 906, 617, 869), (SHIRT, COAT)),
        ((842, 834, 775, 885, 911), (TROUSER,)),  # trunks, suit, sarong, velvet, wool
        ((474, 841), (PULLOVER, COAT)),  # cardigan, sweatshirt
    ],
)
def test_a_name_gives_way_to_what_the_other_sees(names, classes):
    for name in names:
        for class_id in classes:
            photo = imagenet(**{f"c{name}": 0.9})
            assert photo.combine(of(class_id, 0.991))[class_id] > 0.35
            assert photo.combine(of(BAG, 0.991))[BAG] < 0.05


@pytest.mark.parametrize(
    ("named", "fashion_mnist", "alone", "verdict"),
    [
        ({"c514": 0.7}, BOOT, "unsure", "confident"),  # both agree
        ({"c514": 0.7}, BOOT, "not_clothing", "confident"),  # the photo network saw a boot
        ({"c514": 0.7}, BAG, "confident", "confident"),  # one is sure enough for both
        ({"c514": 0.3}, BAG, "unsure", "confident"),  # 0.80 of both together
        ({"c514": 0.29}, BOOT, "confident", "unsure"),  # too little clothing to be sure
        ({"c514": 0.2, "c774": 0.3}, BAG, "confident", "unsure"),  # 0.45: boot or sandal
        ({"c514": 0.06}, BOOT, "not_clothing", "unsure"),  # one of them takes it for a garment
        ({"c514": 0.04}, BOOT, "not_clothing", "not_clothing"),
        ({"c655": 0.29, "c578": 0.3}, DRESS, "confident", "confident"),  # a gown
        ({"c655": 0.31, "c578": 0.3}, DRESS, "confident", "unsure"),  # or a miniskirt
        ({"c842": 0.31, "c608": 0.3}, TROUSER, "confident", "unsure"),  # trunks or jeans
    ],
)
def test_verdicts_of_both(named, fashion_mnist, alone, verdict):
    assert imagenet(**named).decide(of(fashion_mnist, 0.991), alone) == verdict


def test_less_will_do_where_both_agree_and_the_garment_was_cut_out():
    own = of(SNEAKER, 0.7)
    photo = imagenet(c770=0.15, c514=0.3, c774=0.2)  # a sneaker, a boot, a sandal
    assert photo_network.AGREED < photo.combine(own)[SNEAKER] < photo_network.THRESHOLD
    bare = imagenet(c770=0.1, c514=0.3, c774=0.3)
    assert bare.combine(own).max() < photo_network.AGREED
    for prediction, verdict, cut_out, expected in (
        (photo, "confident", True, True),
        (photo, "confident", False, False),
        (photo, "unsure", True, False),
        (bare, "confident", True, False),
    ):
        decided = prediction.decide(own, verdict, cut_out)
        assert decided == ("confident" if expected else "unsure")
    other = of(SANDAL, 0.25)  # together it is a boot, which the Fashion-MNIST network does not say
    assert photo_network.AGREED < photo.combine(other)[BOOT] < photo_network.THRESHOLD
    assert photo.decide(other, "confident", True) == "unsure"


def test_each_view_must_say_so():
    sneaker, boot = imagenet(c770=0.9).by_view, imagenet(c514=0.9).by_view
    agreed = PhotoPrediction(np.concatenate([sneaker, sneaker, sneaker]))
    assert agreed.decide(of(SNEAKER), "unsure") == "confident"
    split = PhotoPrediction(np.concatenate([sneaker, sneaker, boot]))
    assert split.combine(of(SNEAKER))[SNEAKER] > photo_network.THRESHOLD
    assert split.decide(of(SNEAKER), "unsure") == "unsure"


# --- in an answer


class Recorder:
    """A photo network that remembers what it was shown and sees sandals everywhere."""

    def __init__(self):
        self.views = []

    def __call__(self, views):
        self.views.append(views)
        found = np.zeros((len(views), 1000), np.float32)
        found[:, 774], found[:, 0] = 0.9, 0.1
        return found


@pytest.fixture(scope="module")
def classifier():
    return load_classifier(find_run("robust"))


def test_a_photo_is_shown_to_both(classifier):
    network = Recorder()
    answer = answer_bytes(PICTURES[4], classifier, second=SecondNetworks(network))
    alone = answer_bytes(PICTURES[4], classifier)
    assert len(network.views) == 1  # once, however many ways to 28x28 there are
    assert answer.second.class_id == answer.class_id == SANDAL
    assert answer.alone.to_dict() == alone.to_dict()
    assert (answer.verdict, answer.message) == ("confident", f"Sandal ({answer.probability:.0%})")
    assert answer.probability == pytest.approx(answer.probabilities[SANDAL])
    np.testing.assert_array_equal(answer.pixels, alone.pixels)
    said = answer.to_dict()
    assert said["photo"]["class_name"] == "Sandal"
    assert said["fashion_mnist"]["class_name"] == alone.class_name
    assert said["fashion_mnist"]["probabilities"] == alone.to_dict()["probabilities"]


def test_a_tip_where_both_cannot_tell(classifier):
    answer = answer_bytes(PICTURES[4], classifier, second=SecondNetworks(Recorder()))
    assert answer.tip is None  # it is sure
    unsure = replace(answer, verdict="unsure")
    assert "One shoe" in unsure.tip
    shirt = replace(unsure, class_id=SHIRT)
    assert "whole garment" in shirt.tip
    decided = replace(shirt.preprocessed.decided, segment="worn")
    worn = replace(shirt, preprocessed=replace(shirt.preprocessed, decided=decided))
    assert "without a person" in worn.tip
    assert "bag" in replace(unsure, class_id=BAG).tip
    assert replace(unsure, second=None).tip is None


def test_without_it_nothing_changes(classifier):
    answer = answer_bytes(PICTURES[0], classifier)
    said = answer.to_dict()
    assert answer.alone is answer
    assert said["photo"] is None
    assert {name: said[name] for name in said["fashion_mnist"]} == said["fashion_mnist"]


def drawing():
    image = Image.new("L", (300, 300))
    image.paste(255, (100, 40, 200, 260))
    return png(image)


@pytest.mark.parametrize(
    ("picture", "options"),
    [
        (drawing(), {}),
        (png(Image.effect_noise((60, 60), 60)), {}),  # a thumbnail
        (on_a_floor(0), {"crop": (0.4, 0.4, 0.5, 0.5)}),  # 30 by 40 pixels
        (on_a_floor(0), {"method": "resize"}),
        (on_a_floor(0), {"method": "published"}),
        (png(Image.new("RGB", (300, 300), "white")), {}),  # nothing found
        (b"no picture", {}),
    ],
    ids=["drawing", "thumbnail", "crop", "resize", "published", "empty", "refused"],
)
def test_it_is_not_asked(classifier, picture, options):
    network = Recorder()
    how = PreprocessingOptions(**options)
    assert answer_bytes(picture, classifier, how, SecondNetworks(network)).second is None
    assert network.views == []


@pytest.mark.parametrize("filters", [Image.Resampling.BICUBIC, Image.Resampling.NEAREST])
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_neither_counts_for_an_image_of_the_dataset_enlarged(classifier, filters, form):
    asked = []
    networks = SecondNetworks(asked.append, load_second_networks().drawing)
    for image in load("test").images[:20]:
        buffer = io.BytesIO()
        Image.fromarray(image).resize((280, 280), filters).save(buffer, form, quality=90)
        assert answer_bytes(buffer.getvalue(), classifier, second=networks).second is None
    assert asked == []


def test_an_enlarged_digit_is_no_garment_though_it_is_as_small(classifier):
    sign = Image.new("L", (28, 28))
    ImageDraw.Draw(sign).text((6, 0), "4", 255, ImageFont.load_default(26))
    sign = sign.filter(ImageFilter.GaussianBlur(0.7))  # as soft as those of MNIST
    large = png(sign.resize((280, 280), Image.Resampling.BICUBIC))
    for picture in (large, png(sign.resize((40, 40), Image.Resampling.BICUBIC)), png(sign)):
        answer = answer_bytes(picture, classifier, second=load_second_networks())
        assert answer.verdict == "not_clothing"


def test_it_sees_what_was_cropped(classifier):
    network = Recorder()
    options = PreprocessingOptions(crop=(0.25, 0.0, 0.75, 1.0))
    answer = answer_bytes(on_a_floor(0), classifier, options, SecondNetworks(network))
    assert answer.second is not None
    picture = Image.open(io.BytesIO(on_a_floor(0))).convert("RGBA")
    expected = make_views(picture.crop(options.crop_in_pixels(*picture.size)))
    np.testing.assert_array_equal(network.views[0], expected)


def test_the_steps_of_both_answers_can_be_dropped(classifier):
    answer = answer_bytes(PICTURES[0], classifier, second=SecondNetworks(Recorder()))
    answer = answer.without_steps()
    assert answer.preprocessed.steps == answer.alone.preprocessed.steps == ()
    assert replace(answer, second=None).alone is answer.fashion_mnist


def test_a_real_photo_without_clothing_is_none(classifier):
    photo = Image.fromarray(load_sample_image("china.jpg"))
    assert predict_photo(photo.convert("RGBA"), load_second_networks().photo).clothing < 0.05
    answer = answer_bytes(png(photo), classifier, second=load_second_networks())
    assert answer.verdict != "confident"
