"""A gallery of small pictures that can be clicked or walked through with the keyboard.

Streamlit has no clickable image grid (streamlit issues 298, 1085, 6133), so this is a small
component: one contact sheet for all pictures, one real button for each.
"""

import streamlit as st

from fmnist.display import contact_sheet, data_uri

SHEET_COLUMNS = 16

CSS = """
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.2rem, 1fr));
  gap: 0.5rem; font-family: var(--st-font); }
.gallery button { display: flex; flex-direction: column; padding: 0.3rem; cursor: pointer;
  border: 2px solid transparent;
  border-radius: var(--st-base-radius); background: var(--st-secondary-background-color);
  color: var(--st-text-color); font: inherit; font-size: 0.75rem; line-height: 1.25;
  content-visibility: auto; contain-intrinsic-size: auto 7rem; }
.gallery button:hover { border-color: var(--st-border-color); }
.gallery button:focus-visible { outline: 2px solid var(--st-primary-color); }
.gallery button[aria-pressed="true"] { border-color: var(--st-primary-color); }
.gallery .picture { width: 100%; aspect-ratio: 1; image-rendering: pixelated;
  background-image: var(--sheet); background-repeat: no-repeat;
  border-radius: calc(var(--st-base-radius) * 0.6); }
.gallery .caption { width: 100%; margin-top: 0.25rem; overflow-wrap: anywhere; }
"""

JS = """
const blob = (uri) => {
  const [head, text] = uri.split(",");
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: head.slice(5, head.indexOf(";")) });
};

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".gallery");
  const { sheet, columns, rows, items, selected } = data;
  const part = (at, count) => (count > 1 ? (100 * at) / (count - 1) : 0) + "%";
  const made = sheet.length + ":" + items.map((item) => item.label + item.caption).join();
  if (root.dataset.made !== made) {
    root.dataset.made = made;
    // a short address: the sheet itself in 200 styles would be read 200 times
    if (root.address) URL.revokeObjectURL(root.address);
    root.address = URL.createObjectURL(blob(sheet));
    root.style.setProperty("--sheet", `url(${root.address})`);
    root.replaceChildren(...items.map((item, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.id = item.id;
      button.setAttribute("aria-label", item.label);
      button.title = item.label;
      const picture = document.createElement("span");
      picture.className = "picture";
      picture.style.backgroundSize = `${columns * 100}% ${rows * 100}%`;
      picture.style.backgroundPosition =
        `${part(at % columns, columns)} ${part(Math.floor(at / columns), rows)}`;
      const caption = document.createElement("span");
      caption.className = "caption";
      caption.textContent = item.caption;
      button.append(picture, caption);
      return button;
    }));
  }
  for (const button of root.children) {
    button.setAttribute("aria-pressed", String(button.dataset.id === String(selected)));
    button.onclick = () => setStateValue("selected", Number(button.dataset.id));
  }
}
"""

_component = st.components.v2.component(
    "fmnist_gallery", html='<div class="gallery"></div>', css=CSS, js=JS
)


def gallery(images, ids: list[int], captions: list[str], labels: list[str], key: str) -> int | None:
    """Show images (N, 28, 28) uint8 and return the id of the chosen one, or None.

    captions stand under the pictures, labels are read out and shown as tooltips. A choice that is
    not among `ids` (the page turned, or a browser sent nonsense) counts as none.
    """
    state = st.session_state.get(key) or {}
    selected = state.get("selected")
    selected = selected if selected in ids else None
    columns = min(SHEET_COLUMNS, max(1, len(ids)))
    result = _component(
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
        },
        on_selected_change=lambda: None,
    )
    chosen = result.get("selected")
    return chosen if chosen in ids else None
