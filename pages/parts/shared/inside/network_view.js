// A network's layers in a row; `fmnist/inference/layer_payload.py` says what `data` holds. What is
// there is drawn at once; only another layer's numbers are asked for. The other parts of this
// script are the files network_view_*.js.
const STEP = 108; // pixels from one layer of the row to the next

const picture = (ui, layer, canvas) => {
  const [high, wide, deep] = layer.shape;
  if (layer.kind === "input")
    return paint(ui, canvas, high, wide, (at) => smallAt(layer, at), 1, true);
  if (isMaps(layer)) { // the four strongest maps
    const best = strongest(layer).slice(0, 4);
    return paint(ui, canvas, 2 * high + 1, 2 * wide + 1, (at) => {
      const y = Math.floor(at / (2 * wide + 1)), x = at % (2 * wide + 1);
      if (y === high || x === wide) return 0;
      const map = best[2 * (y > high) + (x > wide)];
      return map === undefined ? 0
        : smallAt(layer, ((y % (high + 1)) * wide + (x % (wide + 1))) * deep + map);
    }, layer.peak);
  }
  const count = size(layer);
  if (count === 10) { // bars
    const low = Math.min(0, ...layer.small);
    const top = Math.max(1, ...layer.small);
    return paint(ui, canvas, 30, 30, (at) => {
      const unit = Math.floor(at / 90), share = (at % 30) / 30, gap = Math.floor(at / 30) % 3 === 2;
      const zero = -low / (top - low), end = (layer.small[unit] - low) / (top - low);
      const inside = share >= Math.min(zero, end) && share < Math.max(zero, end);
      return gap || !inside ? 0 : 0.37 * Math.sign(layer.small[unit]);
    }, 1);
  }
  const columns = across(count);
  return paint(ui, canvas, count / columns, columns, (at) => smallAt(layer, at), layer.peak);
};

const strongest = (layer) => {
  const deep = layer.shape[2];
  const sums = new Float32Array(deep);
  layer.small.forEach((value, at) => { sums[at % deep] += Math.abs(value); });
  return [...sums.keys()].sort((a, b) => sums[b] - sums[a]);
};

const drawRow = (ui) => {
  const { net, root } = ui;
  const row = root.querySelector(".layers");
  if (ui.made !== net.key + net.layers.length) {
    ui.made = net.key + net.layers.length;
    row.style.setProperty("--step", `${STEP}px`);
    row.replaceChildren(
      document.createElementNS("http://www.w3.org/2000/svg", "svg"),
      ...net.layers.map((layer, at) => el("button", {
        type: "button", role: "tab", "data-layer": at, title: layer.text,
        "aria-label": `${layer.title}, ${shapeOf(layer)}`, onclick: () => choose(ui, at),
      }, el("canvas"), el("b", {}, layer.title), el("small", {}, shapeOf(layer)))),
    );
    row.onkeydown = (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1, Home: -1e3, End: 1e3 }[keyOf(event)];
      if (!by) return;
      event.preventDefault();
      choose(ui, Math.max(0, Math.min(net.layers.length - 1, ui.view.layer + by)));
      row.querySelector("[aria-selected=true]").focus();
    };
  }
  row.querySelectorAll("button canvas")
    .forEach((canvas, at) => picture(ui, net.layers[at], canvas));
  const skips = (layer, at) => layer.inputs.some((from) => from !== at - 1);
  row.classList.toggle("arched", net.layers.some(skips));
  markRow(ui);
};

const markRow = (ui) => {
  const { net, root, view } = ui;
  const row = root.querySelector(".layers");
  const sources = net.layers[view.layer].inputs;
  row.querySelectorAll("button").forEach((button, at) => {
    button.setAttribute("aria-selected", String(at === view.layer));
    button.tabIndex = at === view.layer ? 0 : -1;
    button.classList.toggle("source", sources.includes(at));
  });
  const middle = (at) => at * STEP + (STEP - 14) / 2;
  const svg = row.querySelector("svg");
  svg.setAttribute("width", net.layers.length * STEP);
  svg.replaceChildren(...net.layers.flatMap((layer, at) => layer.inputs.map((from) => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", at === from + 1
      ? `M${from * STEP + STEP - 14} 64h12m-4-4l4 4l-4 4`
      : `M${middle(from)} 22C${middle(from) + 20} 2 ${middle(at) - 20} 2 ${middle(at)} 22`);
    if (at === view.layer) path.setAttribute("class", "on");
    return path;
  })));
};

const smoothly = () =>
  (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");

const choose = (ui, at) => {
  if (at === ui.view.layer) return;
  stop(ui);
  const before = ui.net.layers[ui.view.layer];
  const after = ui.net.layers[at];
  const kept = isMaps(before) && isMaps(after) && before.shape[2] === after.shape[2];
  const map = kept ? ui.view.map : null;
  ui.view = { ...ui.view, layer: at, map, from: null, pixel: null, unit: null };
  drawRow(ui);
  const way = ui.root.querySelector(".way"); // not scrollIntoView: it would move the page, too
  way.scrollTo({ left: at * STEP - way.clientWidth / 2 + STEP / 2, behavior: smoothly() });
  drawLayer(ui);
  ui.send("layer", at);
};

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".inside");
  const ui = (root.ui ??= { root, panel: root.querySelector("section"), view: {}, hover: {} });
  ui.net = unpack(data);
  ui.send = setStateValue;
  ui.palette = palette(root);
  ui.ink = Uint32Array.from(ui.palette, ([r, g, b]) => 0xff000000 + (b << 16) + (g << 8) + r);
  if (ui.key !== ui.net.key) {
    stop(ui);
    ui.key = ui.net.key;
    ui.view = { layer: ui.net.chosen, before: false };
  }
  const buttons = () => [...root.querySelectorAll("button, [tabindex]")];
  const focused = buttons().indexOf(root.getRootNode().activeElement);
  drawRow(ui);
  drawLayer(ui);
  buttons()[focused]?.focus({ preventScroll: true });
  // which opening of the view was scrolled to; this script is read anew with each mount
  if (ui.net.opened > (window.fmnistInsideOpened ?? 0)) {
    root.scrollIntoView({ behavior: smoothly(), block: "start" });
    root.querySelector("[aria-selected=true]").focus({ preventScroll: true });
    window.fmnistInsideOpened = ui.net.opened;
  }
  return () => parentElement.isConnected || stop(ui); // or a later call has replaced this one
}
