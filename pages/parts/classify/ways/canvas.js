// What streamlit-drawable-canvas 0.13 cannot do itself. Its surface lies in another component's
// shadow root, which is a new one after Undo and Clear.
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  .dc-toolbar { display: none !important; } /* covers what is above and doubles the page's buttons */
  .canvas-container { touch-action: none; }
  .overlay { position: absolute; inset: 0; z-index: 15; width: 100%; height: 100%;
    pointer-events: none; mix-blend-mode: screen; }
  .overlay.trace { opacity: 0.35; }
  .bucket { position: absolute; inset: 0; z-index: 16; cursor: cell; }
  .going { opacity: 0.3; pointer-events: none; }
`);

const SENT = 250; // ms until the surface has sent a stroke
const LOST = 15000; // ms until a click has got lost, with its connection
const PATIENCE = 4000; // ms until a stroke should have been heard of
const STATE = "data-test-script-state"; // Streamlit's attribute that says whether the page is run
const WAITING = "No answer yet: the one shown is for an earlier drawing. The server is not heard from.";
const HEADER = 60; // pixels at the top of the window that Streamlit covers

export default function ({ data, parentElement, setTriggerValue }) {
  const hint = parentElement.querySelector(".hint");
  hint.textContent = data.hint;
  const place = document.querySelector(".st-key-surface");
  if (!place) return;
  let first = data.first;
  const memory = (parentElement.memory ??= {}); // wiped: the mount whose picture a stroke has wiped

  const show = (box) => {
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
    box.addEventListener("pointerdown", (event) => {
      if (event.target.className === "bucket") return; // it draws nothing
      memory.wiped = data.mount;
      overlay.remove();
    }, { capture: true });
  };
  // lies over the surface, so that a click draws nothing
  const lay = (box) => {
    let bucket = box.querySelector(".bucket");
    if (!data.fill) return bucket?.remove();
    if (!bucket) {
      bucket = document.createElement("div");
      bucket.className = "bucket";
      box.append(bucket);
    }
    bucket.onclick = ({ offsetX, offsetY }) =>
      setTriggerValue("fill", [offsetX / bucket.offsetWidth, offsetY / bucket.offsetHeight]);
  };

  const boxes = () =>
    [...place.querySelectorAll("*")]
      .map(({ shadowRoot }) => shadowRoot?.querySelector(".dc-container"))
      .filter(Boolean);
  const dress = () => {
    const found = boxes();
    for (const box of found) {
      const shadowRoot = box.getRootNode();
      if (!shadowRoot.adoptedStyleSheets.includes(sheet))
        shadowRoot.adoptedStyleSheets = [...shadowRoot.adoptedStyleSheets, sheet];
      show(box);
      lay(box);
    }
    if (first && found.some((box) => box.querySelector(".upper-canvas"))) {
      first = false;
      setTimeout(() => setTriggerValue("seen", true)); // once it is drawn
    }
    return found.length > 0;
  };
  // nobody is told when a shadow root has been filled, so it is looked for a while
  const seek = (until) => {
    clearTimeout(memory.timer);
    const found = dress();
    if (found && performance.now() >= until) return;
    memory.timer = setTimeout(seek, found ? 50 : 16, until);
  };
  const begin = () => seek(performance.now() + 3000);
  begin();
  memory.watch?.disconnect();
  memory.watch = new MutationObserver(begin);
  memory.watch.observe(place, { childList: true, subtree: true });

  // where the answer stands below the surface, as on a phone, both are in view after a stroke
  const bringAnswer = () => {
    const answer = document.querySelector(".st-key-draw [data-testid=stMetric]");
    const name = answer?.querySelector("[data-testid=stMetricValue]");
    if (!name || name.getBoundingClientRect().bottom <= window.innerHeight) return;
    const height = answer.getBoundingClientRect().bottom - place.getBoundingClientRect().top;
    if (height <= window.innerHeight - HEADER) answer.scrollIntoView({ block: "end" });
  };

  // a stroke of which the server has not heard, as without a network, is said to have no answer
  const wait = (waits) => {
    hint.textContent = waits ? WAITING : data.hint;
    hint.classList.toggle("waits", waits);
    place.closest(".st-key-draw")?.toggleAttribute("data-waits", waits);
  };
  const answered = () => {
    clearTimeout(memory.overdue);
    wait(false);
  };
  memory.heard?.disconnect();
  memory.heard = new MutationObserver(answered);
  memory.heard.observe(document.body, { attributeFilter: [STATE], subtree: true });

  memory.listeners?.abort();
  memory.listeners = new AbortController();
  const { signal } = memory.listeners;
  const listen = (kind, react) => document.addEventListener(kind, react, { capture: true, signal });
  listen("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "z") return;
    if (event.target.closest?.("input, textarea, [contenteditable=true]")) return;
    event.preventDefault();
    document.querySelector(".st-key-canvas_undo button")?.click();
  });

  // The surface sends a stroke a moment after its end, so Undo and Clear wait for that. The surface
  // that they replace takes no more strokes: they would go with it.
  listen("pointerdown", (event) => {
    memory.drawing = boxes().some((box) => event.composedPath().includes(box));
  });
  listen("pointerup", () => {
    if (memory.drawing) {
      memory.drawn = performance.now();
      setTimeout(bringAnswer); // the stroke ends first
      clearTimeout(memory.overdue);
      memory.overdue = setTimeout(wait, PATIENCE, true);
    }
    memory.drawing = false;
  });
  listen("click", (event) => {
    const button = event.target.closest?.(".st-key-canvas_undo button, .st-key-canvas_clear button");
    if (!button) return;
    for (const box of boxes()) {
      box.classList.add("going");
      setTimeout(() => box.classList.remove("going"), LOST);
    }
    const early = (memory.drawn ?? -SENT) + SENT - performance.now();
    if (early <= 0) return;
    event.stopPropagation();
    setTimeout(() => button.click(), early);
  });
  return () => {
    if (parentElement.isConnected) return; // a later call has replaced this one
    clearTimeout(memory.timer);
    clearTimeout(memory.overdue);
    memory.watch.disconnect();
    memory.heard.disconnect();
    memory.listeners.abort();
  };
}
