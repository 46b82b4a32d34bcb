// What streamlit-drawable-canvas 0.13 cannot do itself. Its surface lies in another component's
// shadow root, which is a new one after Undo and Clear.
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  .dc-toolbar { display: none !important; } /* covers what is above and doubles the page's buttons */
  .canvas-container { touch-action: none; }
  .overlay { position: absolute; inset: 0; z-index: 15; width: 100%; height: 100%;
    pointer-events: none; mix-blend-mode: screen; }
  .overlay.trace { opacity: 0.35; }
`);

export default function ({ data, parentElement }) {
  parentElement.querySelector(".hint").textContent = data.hint;
  const place = document.querySelector(".st-key-surface");
  if (!place) return;
  const memory = (parentElement.memory ??= {}); // wiped: the mount whose picture a stroke has wiped

  const show = (root) => {
    const box = root.querySelector(".dc-container");
    if (!box) return;
    const old = box.querySelector(".overlay");
    const picture = data.mount === memory.wiped && !data.trace ? null : data.picture;
    if ((old?.src ?? null) === picture) return;
    old?.remove();
    if (!picture) return;
    const overlay = new Image();
    overlay.src = picture;
    overlay.alt = "";
    overlay.className = data.trace ? "overlay trace" : "overlay";
    box.append(overlay);
    if (data.trace) return;
    box.addEventListener("pointerdown", () => {
      memory.wiped = data.mount;
      overlay.remove();
    }, { capture: true, once: true });
  };

  const dress = () => {
    for (const element of place.querySelectorAll("*")) {
      const root = element.shadowRoot;
      if (!root?.querySelector(".canvas-root")) continue;
      if (!root.adoptedStyleSheets.includes(sheet)) {
        root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
        new MutationObserver(() => root.dress()).observe(root, { childList: true, subtree: true });
      }
      root.dress = () => show(root);
      root.dress();
    }
  };
  dress();
  memory.watch?.disconnect();
  memory.watch = new MutationObserver(dress);
  memory.watch.observe(place, { childList: true, subtree: true });

  document.removeEventListener("keydown", memory.undo);
  memory.undo = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "z") return;
    if (event.target.closest?.("input, textarea, [contenteditable=true]")) return;
    event.preventDefault();
    document.querySelector(".st-key-canvas_undo button")?.click();
  };
  document.addEventListener("keydown", memory.undo);
  return () => {
    memory.watch.disconnect();
    document.removeEventListener("keydown", memory.undo);
  };
}
