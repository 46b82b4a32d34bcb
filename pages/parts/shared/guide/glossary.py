"""The glossary: the field's terms that the pages use, each in one or two plain sentences."""

TERMS = {
    "Accuracy": "The share of images that a network answers as they are labelled.",
    "Augmentation": "Training images are changed a little each time (shifted, mirrored, partly "
    "covered), so that the network learns what does not matter.",
    "Batch": "The images that a network learns from at once, before it changes its numbers.",
    "Calibration": "Whether probabilities can be believed: of all answers with 80 %, about 80 % "
    "should be right.",
    "Class": "One of the ten kinds of garment, such as Sandal, between which a network chooses.",
    "Confusion matrix": "A table of what is taken for what. Each row is a true class, each column "
    "an answer; right answers lie on the diagonal.",
    "Convolution": "A layer that moves small kernels over a picture and computes one number at "
    "each place: how well that part fits the kernel.",
    "Coverage": "The share of pictures that are answered at all, where unsure answers are held "
    "back. Fewer answers, fewer mistakes.",
    "ECE": "Expected calibration error: by how much probabilities and accuracy differ on average, "
    "over groups of answers that are about equally sure. 0 is best.",
    "Epoch": "One pass through all training images. A training takes many.",
    "Feature map": "What one kernel makes of a whole picture: a picture again, bright where the "
    "kernel fits.",
    "Interval": "A 95 % interval: repeated on other images of the same kind, a measurement would "
    "mostly lie within it. The fewer images, the wider.",
    "Kernel": "A small square of learnt numbers, often 3 × 3, that is multiplied with each part of "
    "a picture in turn.",
    "Label": "The class that people gave an image. Some labels are wrong.",
    "Learning rate": "How far the numbers of a network are changed at each step. Too high, and it "
    "never settles; too low, and it takes for ever.",
    "Logit": "The score of a class before it becomes a probability. It may be any number.",
    "Loss": "How wrong the probabilities are, as one number: it is large where a wrong class was "
    "given a high probability. Training makes it smaller.",
    "Margin": "The probability of the best class minus that of the second. A small one means that "
    "the network hesitates.",
    "OOD": "Out of distribution: a picture unlike all that was learnt from, such as a cat. Any "
    "answer to it would be wrong, so the app declines.",
    "Overfitting": "Learning the training images by heart: they are answered better and better, "
    "while new images are not.",
    "Parameters": "The numbers that training changes; all that the network knows is in them.",
    "Pooling": "A layer that keeps the largest number of each small square, which makes a feature "
    "map smaller.",
    "ReLU": "Negative numbers become 0, others stay. Without such a bend, many layers could do no "
    "more than one.",
    "Softmax": "The formula that turns ten logits into ten probabilities, which add up to 1.",
    "Stride": "By how many pixels a kernel moves at each step. With 2, the feature map has half "
    "the width and height.",
    "Temperature scaling": "Dividing the logits by one number, chosen on validation images, so "
    "that the probabilities become calibrated. The best class stays the same.",
    "Test images": "10,000 images that no network learns from. Each training is tested on them "
    "once, at its end.",
    "Training images": "The 55,000 images that a network learns from.",
    "TTA": "Test-time augmentation: a picture is classified in several variants (mirrored, "
    "rotated), and the mean of the answers counts.",
    "Validation images": "5,000 images that a network does not learn from. They show, while it "
    "learns, how well it answers new images, and settings are chosen by them.",
}


def explain(terms: str) -> str:
    """The glossary as Markdown: a page's own terms, between commas, then all others."""
    own = [term for term in terms.split(", ") if term]
    others = sorted(TERMS.keys() - set(own), key=str.lower)
    parts = {"On this page": own, "On other pages": others}
    return "\n\n".join(
        f"**{title}**\n\n" + "\n".join(f"- **{term}**: {TERMS[term]}" for term in listed)
        for title, listed in parts.items()
        if listed
    )
