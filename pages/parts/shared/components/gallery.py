"""A gallery of small pictures to click: a component with one sheet and one button per picture.

Streamlit has no clickable image grid (streamlit issues 298, 1085, 6133).
"""

from collections.abc import Callable

from fmnist.images.display import contact_sheet, data_uri
from pages.parts.shared.components.component import register_component, sent_value

SHEET_COLUMNS = 16
TILE = 5.2

_component = register_component(__file__)


def gallery(
    images,
    ids: list[int],
    captions: list[str],
    labels: list[str],
    key: str,
    *,
    tile: float = TILE,
    strip: int = 2,
    choose: Callable[[int], None] | None = None,
    chosen: int | None = None,
    asked: int | str | None = None,
    arrows: bool = False,
) -> int | None:
    """Show images (N, H, W) uint8 and return the id of the chosen one, or None.

    captions stand under the pictures, labels are read out and shown as tooltips; tile: the least
    width of a picture in rem; strip: rows on a narrow screen, where the pictures are moved sideways
    above the chosen one. A choice that is not among `ids` (the page turned, or a browser sent
    nonsense) counts as none. Where `choose` is given it is called with each choice, and what is
    marked as chosen is the caller's. asked: another value brings what is chosen into view, for a
    click elsewhere has asked for it. arrows: whether arrow keys choose where `choose` is given, as
    they do without it.
    """

    def changed() -> None:
        if choose and (now := _known(sent_value(key, "picked"), ids)) is not None:
            choose(now)

    selected = chosen if choose else _known(sent_value(key, "selected"), ids)
    columns = min(SHEET_COLUMNS, max(1, len(ids)))
    _component(
        key=key,
        data={
            "sheet": data_uri(contact_sheet(images, columns)),
            "columns": columns,
            "rows": max(1, -(-len(ids) // columns)),
            "items": [
                {"id": id_, "caption": caption, "label": label}
                for id_, caption, label in zip(ids, captions, labels, strict=True)
            ],
            "selected": selected,
            "asked": asked,
            "ratio": images.shape[2] / images.shape[1],
            "tile": tile,
            "strip": strip,
            "asks": choose is not None,
            "arrows": arrows or choose is None,
        },
        on_selected_change=lambda: None,
        on_picked_change=changed,
    )
    return _known(sent_value(key, "selected"), ids)


def _known(sent: object, ids: list[int]) -> int | None:
    return sent if type(sent) is int and sent in ids else None  # True is no id
