const blob = (uri) => {
  const [head, text] = uri.split(",");
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: head.slice(5, head.indexOf(";")) });
};

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".gallery");
  const { sheet, columns, rows, items, selected, ratio, tile, asks } = data;
  const part = (at, count) => (count > 1 ? (100 * at) / (count - 1) : 0) + "%";
  const made = sheet.length + ":" + items.map((item) => item.label + item.caption).join();
  if (root.dataset.made !== made) {
    root.dataset.made = made;
    // a short address: the sheet itself in 200 styles would be read 200 times
    if (root.address) URL.revokeObjectURL(root.address);
    root.address = URL.createObjectURL(blob(sheet));
    root.style.setProperty("--sheet", `url(${root.address})`);
    root.style.setProperty("--ratio", ratio);
    root.style.setProperty("--tile", `${tile}rem`);
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
    // a trigger, because the page may have chosen another one since this was clicked last
    button.onclick = () => asks
      ? setTriggerValue("picked", Number(button.dataset.id))
      : setStateValue("selected", Number(button.dataset.id));
  }
}
