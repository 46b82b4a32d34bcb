"""Mistakes: the test images a run gets wrong: a gallery, a map, a label review and a game."""

from pages.parts.mistakes import game_view, label_review_view, map_view, mistakes_gallery
from pages.parts.shared import frame
from pages.parts.shared.widgets import show_view

VIEWS = {
    "Gallery": mistakes_gallery.show,
    "Map": map_view.show,
    "Label review": label_review_view.show,
    "Beat the network": game_view.show,
}

run = frame.open_page(
    "Mistakes",
    "The test images that this model gets wrong, to look at one by one.",
    "10,000 images were kept apart while the network learnt. These are the ones it answers "
    "differently from their label. Some are hard for people too, and some labels are wrong: review "
    "them, or try to beat the network yourself.",
    terms="Test images, Label, Loss, Margin",
)
show_view("What to do with them", VIEWS, "do", run)
