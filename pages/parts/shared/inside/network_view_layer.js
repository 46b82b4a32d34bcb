// The chosen layer: its maps or its list, and the pictures in which one number is chosen.
const settle = (ui) => { // a place to look at, where none was chosen yet
  const { view, layer } = ui;
  const most = (from, by) => {
    let best = from;
    for (let at = from; at < layer.small.length; at += by)
      if (layer.small[at] > layer.small[best]) best = at;
    return best;
  };
  if (isMaps(layer)) {
    const [, wide, deep] = layer.shape;
    view.map ??= strongest(layer)[0];
    if (!view.pixel) {
      const at = Math.floor(most(view.map, deep) / deep);
      view.pixel = [Math.floor(at / wide), at % wide];
    }
  } else view.unit ??= most(0, 1);
};
const now = (ui) => ({ ...ui.view, ...ui.hover });
const place = (ui, { map, pixel, unit }) => {
  const [, wide, deep] = ui.layer.shape;
  return isMaps(ui.layer) ? (pixel[0] * wide + pixel[1]) * deep + map : unit;
};
/** Two buttons, one of them pressed: the second where `second`; `choose` is told which is now. */
const toggle = (ui, label, words, second, choose, title = null) => el("span", { class: "toggle",
  role: "group", "aria-label": label, title }, ...words.map((text, at) => el("button", {
  type: "button", "aria-pressed": String(second === Boolean(at)),
  onclick: () => {
    choose(Boolean(at));
    drawLayer(ui);
    ui.panel.querySelectorAll(`[aria-label="${label}"] button`)[at].focus();
  },
}, text)));

const drawLayer = (ui) => {
  const { net, view } = ui;
  ui.layer = net.layers[view.layer];
  ui.hover = {};
  settle(ui);
  const { layer } = ui;
  const sources = layer.inputs.map((at) => net.layers[at]);
  const taken = sources.map(shapeOf).join(" and ");
  const facts = [
    taken ? `${taken} \u2192 ${shapeOf(layer)}` : shapeOf(layer),
    layer.weights && plural(layer.weights, "weight"),
    taken && `from ${sources.map((one) => one.title).join(" and ")}`,
  ];
  const relu = layer.relu ? toggle(ui, "ReLU", ["Before ReLU", "After ReLU"], !view.before,
    (after) => { view.before = !after; }) : "";
  const count = isMaps(layer) ? plural(layer.shape[2], "map")
    : layer.kind === "softmax" ? "10 probabilities"
    : plural(size(layer), layer.kind === "dense" ? "unit" : "number");
  const kernels = layer.kind === "conv" ? toggle(ui, "What the tiles show", ["Maps", "Kernels"],
    Boolean(view.kernels), (chosen) => { view.kernels = chosen; }, sources[0].shape[2] > 1
      ? "A kernel has weights for each map of the layer before; its picture is their mean."
      : null) : "";
  ui.maps = el("div", { class: isMaps(layer) ? "tiles" : "list" });
  ui.numbers = el("div", { class: "numbers" });
  ui.figures = el("div", { class: "figures" });
  ui.strip = el("div", {
    class: "strip", role: "group", "aria-label": "Maps that it is computed from" });
  ui.spoken = el("p", { class: "spoken", "aria-live": "polite" });
  // WebKit scrolls where the page is too short for a moment
  ui.panel.style.minHeight = `${ui.panel.offsetHeight}px`;
  setTimeout(() => { ui.panel.style.minHeight = ""; });
  ui.panel.replaceChildren(
    el("header", {}, el("h4", {}, layer.title),
      el("span", {}, facts.filter(Boolean).join(" \u00b7 "))),
    el("p", {}, layer.text),
    el("div", { class: `panes ${isMaps(layer) && layer.shape[2] > 1 ? "" : "alone"}` },
      el("div", {}, el("h5", {}, count, kernels, relu), ui.maps),
      el("div", { class: "calculation" }, el("h5", {}, "One number, taken apart"),
        ui.figures, ui.numbers, ui.strip, ui.spoken)),
  );
  if (isMaps(layer)) drawTiles(ui); else drawList(ui);
  drawFigures(ui);
  update(ui);
};

const drawTiles = (ui) => {
  const { layer, view, maps } = ui;
  const [high, wide, deep] = layer.shape;
  if (deep === 1) { maps.closest("div:not(.tiles)").hidden = true; return; }
  const preview = (map) => { ui.hover = map === null ? {} : { map }; drawOutput(ui); update(ui); };
  const pick = (map) => {
    ui.hover = {};
    view.map = map;
    view.from = null;
    drawOutput(ui);
    update(ui);
    speak(ui);
  };
  maps.replaceChildren(...Array.from({ length: deep }, (_, map) => el("button", {
    type: "button", title: `Map ${map + 1}`, "aria-label": `Map ${map + 1} of ${deep}`,
    onclick: () => pick(map),
    onpointerenter: (event) => { if (event.pointerType === "mouse") preview(map); },
    onpointerleave: () => preview(null),
  }, view.kernels && known(ui) && layer.kind === "conv" ? paintKernel(ui, map)
    : paint(ui, el("canvas"), high, wide, (at) => drawn(ui, at * deep + map), layer.peak))));
  maps.onkeydown = (event) => {
    const tiles = [...maps.children];
    const columns = tiles.filter((tile) => tile.offsetTop === tiles[0].offsetTop).length;
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[keyOf(event)];
    if (!by) return;
    event.preventDefault();
    pick(Math.max(0, Math.min(deep - 1, view.map + by)));
    tiles[view.map].focus();
  };
};

// a kernel as a picture; of one for several maps, the mean over these
const paintKernel = (ui, map) => {
  const [high, wide] = ui.layer.size, count = high * wide;
  const deep = ui.inputs?.[0]?.source.shape[2] ?? ui.net.kernel.length / count / ui.layer.shape[2];
  const weights = repeat(count, (k) => repeat(deep, (from) =>
    ui.net.kernel[(map * count + k) * deep + from]).reduce((a, b) => a + b) / deep);
  return paint(ui, el("canvas"), high, wide, (at) => weights[at], peakOf(weights));
};

// what an entry of a list says: only the scores and probabilities are those of classes
const entryName = ({ layer, net }, unit) =>
  layer.classes ? net.classes[unit] : `Number ${unit + 1}`;

const drawList = (ui) => { // ten bars, or a long list as a rectangle
  const { layer, view, maps } = ui;
  const count = size(layer);
  const pick = (unit) => { ui.hover = {}; view.unit = unit; update(ui); speak(ui); };
  if (count === 10) {
    const values = Array.from({ length: 10 }, (_, at) => drawn(ui, at));
    const most = peakOf(values);
    const probability = layer.kind === "softmax";
    maps.classList.add("bars");
    maps.replaceChildren(...values.map((value, unit) => el("button", {
      type: "button", onclick: () => pick(unit),
      onpointerenter: () => { ui.hover = { unit }; update(ui); },
      onpointerleave: () => { ui.hover = {}; update(ui); },
    }, el("span", {}, entryName(ui, unit)),
    bar(value, most),
    el("span", {}, probability ? `${(100 * value).toFixed(1)} %` : say(value, 2)))));
    maps.onkeydown = (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[keyOf(event)];
      if (!by) return;
      event.preventDefault();
      pick(Math.max(0, Math.min(9, view.unit + by)));
      maps.children[view.unit].focus();
    };
    return;
  }
  const wide = across(count);
  const figure = pointed(ui, count / wide, wide, `${layer.title}: ${count} numbers`, {
    get: () => { const { unit } = now(ui); return [Math.floor(unit / wide), unit % wide]; },
    hover: (spot) => { ui.hover = spot ? { unit: spot[0] * wide + spot[1] } : {}; update(ui); },
    pick: (spot) => pick(spot[0] * wide + spot[1]),
  });
  paint(ui, figure.querySelector("canvas"), count / wide, wide, (at) => drawn(ui, at), layer.peak);
  ui.output = figure;
  maps.replaceChildren(figure);
};

// a picture in which one pixel is chosen: by a click, a finger or the arrow keys
const pointed = (ui, high, wide, label, { get, hover, pick }) => {
  const canvas = el("canvas");
  const stage = el("div", { class: "stage", tabindex: 0, role: "application",
    "aria-roledescription": "picture with a cursor",
    "aria-label": `${label}. The arrow keys move the cursor.` },
  canvas, el("div", { class: "mark cursor" }));
  const spot = (event) => {
    const box = canvas.getBoundingClientRect();
    const at = (part, count) => Math.max(0, Math.min(count - 1, Math.floor(part * count)));
    return [at((event.clientY - box.top) / box.height, high),
      at((event.clientX - box.left) / box.width, wide)];
  };
  stage.onpointermove = (event) => { if (event.pointerType === "mouse") hover(spot(event)); };
  stage.onpointerleave = () => hover(null);
  stage.onclick = (event) => { stop(ui); pick(spot(event)); };
  stage.onkeydown = (event) => {
    const by = {
      ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[keyOf(event)];
    if (!by) return;
    event.preventDefault();
    stop(ui);
    const [y, x] = get();
    pick([Math.max(0, Math.min(high - 1, y + by[0])), Math.max(0, Math.min(wide - 1, x + by[1]))]);
  };
  return stage;
};
const putMark = (mark, y, x, h, w, high, wide) => {
  Object.assign(mark.style, { top: `${(100 * y) / high}%`, left: `${(100 * x) / wide}%`,
    height: `${(100 * h) / high}%`, width: `${(100 * w) / wide}%` });
};

const drawFigures = (ui) => {
  const { net, layer, figures } = ui;
  figures.replaceChildren();
  ui.inputs = layer.inputs.map((at) => {
    const source = net.layers[at];
    const stage = el("div", { class: "stage" }, el("canvas"));
    const words = el("figcaption");
    if (isMaps(source)) figures.append(el("figure", {}, stage, words));
    return { source, stage, words, map: null };
  });
  if (!isMaps(layer)) return;
  const [high, wide] = layer.shape;
  ui.output = pointed(ui, high, wide, layer.title, {
    get: () => now(ui).pixel,
    hover: (pixel) => { if (!ui.timer) { ui.hover = pixel ? { pixel } : {}; update(ui); } },
    pick: (pixel) => {
      ui.hover = {};
      ui.view.pixel = pixel;
      ui.view.from = null;
      update(ui);
      speak(ui);
    },
  });
  ui.words = el("figcaption");
  figures.append(el("figure", {}, ui.output, ui.words));
  if (["conv", "depthwise", "max_pool", "average_pool"].includes(layer.kind)) {
    const play = { type: "button", class: "play", onclick: () => slide(ui) };
    ui.play = el("button", play, ui.timer ? STOP : SLIDE);
    figures.append(ui.play);
  }
  drawOutput(ui);
};
const drawOutput = (ui) => {
  if (!isMaps(ui.layer)) return;
  const [high, wide, deep] = ui.layer.shape;
  const { map } = now(ui);
  paint(ui, ui.output.querySelector("canvas"), high, wide, (at) => drawn(ui, at * deep + map),
    ui.layer.peak, ui.layer.kind === "input");
};
const SLIDE = "\u25b6 Slide the window", STOP = "\u25a0 Stop";
const stop = (ui) => {
  clearInterval(ui.timer);
  ui.timer = null;
  if (ui.play) ui.play.textContent = SLIDE;
};
const slide = (ui) => { // the window moves over the picture, as the network's own does
  if (ui.timer) { stop(ui); return; }
  const [high, wide] = ui.layer.shape;
  let at = 0;
  ui.timer = setInterval(() => {
    if (at >= high * wide || !ui.output.isConnected) { stop(ui); return; }
    ui.view.pixel = [Math.floor(at / wide), at % wide];
    at += 1;
    update(ui);
  }, 40);
  ui.play.textContent = STOP;
};
const speak = (ui) => { ui.spoken.textContent = ui.said ?? ""; };

// what belongs to the number that is chosen or pointed at
const update = (ui) => {
  const { layer, view } = ui;
  const at = now(ui);
  if (isMaps(layer)) {
    const [high, wide] = layer.shape;
    [...ui.maps.children].forEach((tile, map) => {
      tile.setAttribute("aria-pressed", String(map === view.map));
      tile.tabIndex = map === view.map ? 0 : -1;
    });
    putMark(ui.output.querySelector(".mark"), ...at.pixel, 1, 1, high, wide);
  } else if (size(layer) === 10) {
    [...ui.maps.children].forEach((bar, unit) => {
      bar.setAttribute("aria-pressed", String(unit === at.unit));
      bar.tabIndex = unit === view.unit ? 0 : -1;
    });
  } else {
    const wide = across(size(layer));
    putMark(ui.output.querySelector(".mark"), Math.floor(at.unit / wide), at.unit % wide, 1, 1,
      size(layer) / wide, wide);
  }
  if (!known(ui)) {
    ui.numbers.replaceChildren(el("p", { class: "hint" }, "The numbers are on their way \u2026"));
    return;
  }
  const value = numberAt(ui, place(ui, at), view.before);
  const which = isMaps(layer) && layer.shape[2] > 1 ? `Map ${at.map + 1}, row` : "Row";
  const where = isMaps(layer) ? `${which} ${at.pixel[0] + 1}, column ${at.pixel[1] + 1}`
    : entryName(ui, at.unit);
  ui.said = `${where}: ${say(value)}`;
  if (isMaps(layer))
    ui.words.replaceChildren(where, el("br"), el("b", { class: "value" }, say(value)));
  ui.numbers.replaceChildren(...TAKEN_APART[layer.kind](ui, at).filter(Boolean));
};
