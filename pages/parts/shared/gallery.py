"""A gallery of small pictures to click: a component with one sheet and one button per picture.

Streamlit has no clickable image grid (streamlit issues 298, 1085, 6133).
"""

from fmnist.images.display import contact_sheet, data_uri
from pages.parts.shared.component import register_component, sent_value

SHEET_COLUMNS = 16

_component = register_component(__file__)


def gallery(
    images,
    ids: list[int],
    captions: list[str],
    labels: list[str],
    key: str,
    asked: int | None = None,
) -> int | None:
    """Show images (N, 28, 28) uint8 and return the id of the chosen one, or None.

    captions stand under the pictures, labels are read out and shown as tooltips. A choice that is
    not among `ids` (the page turned, or a browser sent nonsense) counts as none.
    asked: another number brings the gallery into view, for a click elsewhere has asked for it
    """
    selected = _known(sent_value(key, "selected"), ids)
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
        },
        on_selected_change=lambda: None,
    )
    return _known(sent_value(key, "selected"), ids)


def _known(sent: object, ids: list[int]) -> int | None:
    return sent if type(sent) is int and sent in ids else None  # True is no id
