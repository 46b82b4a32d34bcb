const blob = (uri) => {
  const [head, text] = uri.split(",");
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: head.slice(5, head.indexOf(";")) });
};

const SEEN = 320; // pixels of the chosen image's part that are enough to see what it is
const STEPS = {
  ArrowLeft: (buttons) => -stepsOf(buttons)[0],
  ArrowRight: (buttons) => stepsOf(buttons)[0],
  ArrowUp: (buttons) => -stepsOf(buttons)[1],
  ArrowDown: (buttons) => stepsOf(buttons)[1],
};

// how many pictures further the next one on the right is, and the one below
function stepsOf(buttons) {
  if (getComputedStyle(buttons[0].parentElement).gridAutoFlow === "column")
    return [Number(buttons[0].parentElement.style.getPropertyValue("--strip")), 1];
  const wrapped = buttons.findIndex((button) => button.offsetTop > buttons[0].offsetTop);
  return [1, wrapped < 0 ? buttons.length : wrapped];
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".gallery");
  const { sheet, columns, rows, items, selected, asked, ratio, tile, strip, asks, arrows } = data;
  const part = (at, count) => (count > 1 ? (100 * at) / (count - 1) : 0) + "%";
  const words = items.map(({ id, label, caption }) => id + label + caption).join();
  if (root.sheet !== sheet || root.words !== words) {
    Object.assign(root, { sheet, words });
    // a short address: the sheet itself in 200 styles would be read 200 times
    if (root.address) URL.revokeObjectURL(root.address);
    root.address = URL.createObjectURL(blob(sheet));
    root.style.setProperty("--sheet", `url(${root.address})`);
    root.style.setProperty("--ratio", ratio);
    root.style.setProperty("--tile", `${tile}rem`);
    root.style.setProperty("--strip", strip);
    root.replaceChildren(...items.map(({ id, label, caption }, at) => {
      const picture = el("span", { class: "picture" });
      picture.style.backgroundSize = `${columns * 100}% ${rows * 100}%`;
      picture.style.backgroundPosition =
        `${part(at % columns, columns)} ${part(Math.floor(at / columns), rows)}`;
      return el("button", { type: "button", "data-id": id, "aria-label": label, title: label },
        picture, el("span", { class: "caption" }, caption));
    }));
  }
  const buttons = [...root.children];
  const mark = (id) => {
    const chosen = buttons.find((button) => button.dataset.id === String(id));
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button === chosen));
      button.tabIndex = button === (chosen ?? buttons[0]) ? 0 : -1; // one stop for the Tab key
    }
  };
  mark(selected);

  // the chosen image stands beside the gallery or below it; see frame.css
  const { host } = parentElement.getRootNode();
  const both = host?.closest('[class*="-beside"]');
  const bringIntoView = (whole) => {
    const chosen = both?.querySelector('[class*="-detail"]') ?? both;
    if (!chosen) return;
    const { top } = chosen.getBoundingClientRect();
    if (top < 0 || top + SEEN > innerHeight) whole.scrollIntoView({ block: "start" });
  };
  const choose = (button) => {
    mark(button.dataset.id); // at once; the rest follows
    // a trigger, because the page may have chosen another one since this was clicked last
    if (asks) setTriggerValue("picked", Number(button.dataset.id));
    else setStateValue("selected", Number(button.dataset.id));
    bringIntoView(both);
  };
  for (const button of buttons) button.onclick = () => choose(button);
  root.onkeydown = (event) => {
    const at = buttons.indexOf(event.target);
    const next = at < 0 ? undefined : buttons[at + (STEPS[keyOf(event)]?.(buttons) ?? NaN)];
    if (!next) return;
    event.preventDefault();
    next.focus();
    if (arrows) choose(next);
  };
  // with the words above it
  if (asked && root.asked !== asked) {
    const whole = host?.closest('[data-testid="stGridCell"]') ?? both;
    bringIntoView(whole);
    setTimeout(bringIntoView, 150, whole); // the page was too short as long as it was not drawn
  }
  root.asked = asked;
  return () => parentElement.isConnected || URL.revokeObjectURL(root.address);
}
