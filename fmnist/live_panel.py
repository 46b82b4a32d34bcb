"""Some images with what a learning network makes of them, as one piece of HTML.

A card an image: picture, label, the newest answer with its confidence, and a bar for each epoch,
as high as the probability of the label, green where the answer was right and orange where not. No
script, no address; all words are the classes' names and numbers.
"""

from html import escape

import numpy as np

from fmnist.charts import ANSWER, TRUE
from fmnist.data import CLASS_NAMES
from fmnist.display import data_uri
from fmnist.live_answers import Panel

__all__ = ["panel_html"]

LEAST = 6  # percent of its room that a bar is high at least, or its colour would be lost

CSS = """<style>
.lab { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.6rem, 1fr)); gap: 0.6rem;
  font-size: 0.75rem; line-height: 1.3; }
.lab figure { margin: 0; }
.lab img { display: block; width: 100%; aspect-ratio: 1; image-rendering: pixelated;
  box-sizing: border-box; border: 3px solid #94a3b8; border-radius: 0.4rem; background: black; }
.lab .right img { border-color: RIGHT; }
.lab .wrong img { border-color: WRONG; }
.lab .mark { font-weight: 700; }
.lab .right .mark { color: RIGHT; }
.lab .wrong .mark { color: WRONG; }
.lab figcaption { margin-top: 0.2rem; }
.lab .said { display: block; min-height: 2.6em; }
.lab .bars { position: relative; height: 1.5rem; border-bottom: 1px solid #94a3b8; }
.lab .bars span { position: absolute; bottom: 0; background: WRONG; }
.lab .bars .good { background: RIGHT; }
</style>""".replace("RIGHT", ANSWER).replace("WRONG", TRUE)


def panel_html(images: np.ndarray, labels: np.ndarray, panel: Panel, planned: int) -> str:
    """Cards for (P, 28, 28) uint8 images with (P,) labels; planned: epochs that the bars leave
    room for. Before the first epoch there is no answer yet."""
    cards = [
        _card(image, int(label), panel.epochs, panel.said[:, at], planned)
        for at, (image, label) in enumerate(zip(images, labels, strict=True))
    ]
    return f'{CSS}<div class="lab">{"".join(cards)}</div>'


def _card(image: np.ndarray, label: int, epochs: np.ndarray, said: np.ndarray, planned: int) -> str:
    """said: (S, 10) uint8."""
    name = escape(CLASS_NAMES[label])
    if len(said):
        answer = int(said[-1].argmax())
        kind, mark = ("right", "✓") if answer == label else ("wrong", "✗")
        words = f"{said[-1, answer] / 255:.0%}"
        words += f" {escape(CLASS_NAMES[answer])}" * (answer != label)
    else:
        kind, mark, words = "", "", "no answer yet"
    return (
        f'<figure class="{kind}"><img src="{data_uri(image)}" '
        f'alt="Validation image: {name}"><figcaption><b>{name}</b>'
        f"{_bars(label, epochs, said, planned)}"
        f'<span class="said"><span class="mark">{mark}</span> {words}</span></figcaption></figure>'
    )


def _bars(label: int, epochs: np.ndarray, said: np.ndarray, planned: int) -> str:
    slot = 100 / max(planned, 1)  # percent of the width that an epoch has
    bars, story = [], []
    # of many epochs only some are shown, and each then fills the place of those left out
    for before, epoch, values in zip([0, *epochs], epochs, said, strict=False):
        answer = int(values.argmax())
        words = escape(f"epoch {epoch}: {CLASS_NAMES[answer]} {values[answer] / 255:.0%}")
        story.append(words)
        bars.append(
            f'<span title="{words}" class="{"good" if answer == label else ""}" '
            f'style="left:{before * slot:.2f}%;width:{(epoch - before - 0.15) * slot:.2f}%;'
            f'height:{max(LEAST, values[label] / 2.55):.0f}%"></span>'
        )
    return f'<div class="bars" role="img" aria-label="{"; ".join(story)}">{"".join(bars)}</div>'
