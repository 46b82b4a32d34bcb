// A network's layers in a row, and the chosen one taken apart: `fmnist/charts/layer_payload.py`
// says what `data` holds. What is there is drawn here; only another layer's numbers are asked for.
const STEP = 108; // pixels from one layer of the row to the next
const KEEPS_MAP = ["max_pool", "average_pool", "depthwise", "dropout", "relu", "add"];
let opened = 0; // which opening of the view was scrolled to

const el = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made[key] = value;
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};

const unpack = (data) => {
  const bytes = data.slice();
  const start = 4 + new DataView(bytes.buffer).getUint32(0, true);
  const net = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
  const read = (Kind, place) => place && new Kind(bytes.buffer, start + place[0], place[1]);
  for (const layer of net.layers) layer.small = read(Int8Array, layer.small);
  for (const name of ["values", "kernel", "bias", "views"]) net[name] = read(Float32Array, net[name]);
  net.best = read(Int32Array, net.best);
  net.from = net.from.map((place) => read(Float32Array, place));
  return net;
};

// orange above zero, blue below, the page's own ground at zero
const palette = (root) => {
  const style = getComputedStyle(root);
  const dot = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    dot.fillStyle = colour;
    dot.fillRect(0, 0, 1, 1);
    return [...dot.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  const ground = rgb(style.getPropertyValue("--st-secondary-background-color") || "#eee");
  const dark = ground[0] + ground[1] + ground[2] < 384;
  // below zero, above zero: from the ground through the first to the second
  const ends = dark ? [[[74, 126, 232], [190, 214, 255]], [[226, 124, 38], [255, 226, 168]]]
    : [[[92, 134, 240], [17, 46, 150]], [[238, 140, 58], [140, 44, 0]]];
  ["--less", "--more"].forEach((name, at) => root.style.setProperty(name, `rgb(${ends[at][0]})`));
  return Array.from({ length: 255 }, (_, at) => {
    const value = (at - 127) / 127;
    const [middle, end] = ends[+(value > 0)];
    const share = 2 * Math.abs(value) ** 0.7; // of the way to the middle; from 1 on, beyond it
    return ground.map((part, i) => Math.round(share < 1 ? part + (middle[i] - part) * share
      : middle[i] + (end[i] - middle[i]) * (share - 1)));
  });
};
const step = (value, peak) => 127 + Math.round(127 * Math.max(-1, Math.min(1, value / peak)));
const shade = (ui, value, peak) => ui.palette[step(value, peak)];
const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
  .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);

const paint = (ui, canvas, high, wide, value, peak, grey) => {
  canvas.width = wide;
  canvas.height = high;
  const image = new ImageData(wide, high);
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0; at < high * wide; at++) {
    const v = value(at);
    pixels[at] = grey ? 0xff000000 + 0x10101 * Math.round(255 * v) : ui.ink[step(v, peak)];
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
};

const isMaps = (layer) => layer.shape.length === 3;
const size = (layer) => layer.shape.reduce((a, b) => a * b, 1);
const across = (count) => { // columns of a list that is drawn as a rectangle
  for (let wide = Math.ceil(Math.sqrt(count)); wide < count; wide++) if (count % wide === 0) return wide;
  return count;
};
const say = (value, digits = 3) => value.toFixed(digits).replace("-", "\u2212");
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
const shapeOf = (layer) => layer.shape.join(" \u00d7 ");

// a layer's number at a place, as it is handed on or, where asked for, as it was before ReLU
const numberAt = (ui, at, before) => {
  const value = ui.net.values[at];
  return ui.layer.relu && !before ? Math.max(0, value) : value;
};
const known = (ui) => ui.net.chosen === ui.view.layer;
const drawn = (ui, at) => (known(ui) ? numberAt(ui, at, ui.view.before)
  : (ui.layer.small[at] * ui.layer.peak) / 127);
const smallAt = (layer, at) => (layer.small[at] * layer.peak) / 127;
const peakOf = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);

// where an entry of a list comes from, in words
const entry = (net, at, index) => {
  const layer = net.layers[at];
  const up = layer.inputs[0];
  if (layer.kind === "dropout" || layer.kind === "views") return entry(net, up, index);
  if (layer.kind === "global_max") return `largest of map ${index + 1}`;
  if (layer.kind === "global_average") return `mean of map ${index + 1}`;
  if (layer.kind === "dense") return `unit ${index + 1}`;
  if (layer.kind === "reshape" && isMaps(net.layers[up])) {
    const [, wide, deep] = net.layers[up].shape;
    const pixel = Math.floor(index / deep);
    return `map ${(index % deep) + 1}, row ${Math.floor(pixel / wide) + 1}, column ${(pixel % wide) + 1}`;
  }
  if (layer.kind === "concat") {
    for (const part of layer.inputs) {
      if (index < size(net.layers[part])) return entry(net, part, index);
      index -= size(net.layers[part]);
    }
  }
  return `number ${index + 1}`;
};

// ---- the row of layers -------------------------------------------------------------------------
const picture = (ui, layer, canvas) => {
  const [high, wide, deep] = layer.shape;
  if (layer.kind === "input") return paint(ui, canvas, high, wide, (at) => smallAt(layer, at), 1, true);
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
      const by = { ArrowRight: 1, ArrowLeft: -1, Home: -1e3, End: 1e3 }[event.key];
      if (!by) return;
      event.preventDefault();
      choose(ui, Math.max(0, Math.min(net.layers.length - 1, ui.view.layer + by)));
      row.querySelector("[aria-selected=true]").focus();
    };
  }
  row.querySelectorAll("button canvas").forEach((canvas, at) => picture(ui, net.layers[at], canvas));
  row.classList.toggle("arched", net.layers.some((layer, at) => layer.inputs.some((from) => from !== at - 1)));
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

const choose = (ui, at) => {
  if (at === ui.view.layer) return;
  const before = ui.net.layers[ui.view.layer];
  const after = ui.net.layers[at];
  const kept = isMaps(before) && isMaps(after) && before.shape[2] === after.shape[2];
  ui.view = { ...ui.view, layer: at, from: null, map: kept ? ui.view.map : null, pixel: null, unit: null };
  drawRow(ui);
  const way = ui.root.querySelector(".way"); // not scrollIntoView: it would move the page, too
  way.scrollTo({ left: at * STEP - way.clientWidth / 2 + STEP / 2, behavior: "smooth" });
  drawLayer(ui);
  ui.send("layer", at);
};

// ---- the chosen layer --------------------------------------------------------------------------
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

const drawLayer = (ui) => {
  const { net, view } = ui;
  ui.layer = net.layers[view.layer];
  ui.hover = {};
  settle(ui);
  const { layer } = ui;
  const sources = layer.inputs.map((at) => net.layers[at]);
  const facts = [
    sources.map(shapeOf).concat(shapeOf(layer)).join(sources.length > 1 ? ", " : " \u2192 "),
    layer.weights ? plural(layer.weights, "weight") : null,
    layer.kind === "input" || layer.kind === "dropout" ? null : `from ${sources.map((one) => one.title).join(" and ")}`,
  ];
  if (sources.length > 1) facts[0] = `${sources.map(shapeOf).join(" and ")} \u2192 ${shapeOf(layer)}`;
  const toggle = layer.relu ? el("span", { class: "toggle", role: "group", "aria-label": "ReLU" },
    ...["Before ReLU", "After ReLU"].map((words, after) => el("button", {
      type: "button", "aria-pressed": String(after ? !view.before : Boolean(view.before)),
      onclick: () => {
        view.before = !after;
        drawLayer(ui);
        ui.panel.querySelectorAll(".toggle button")[after].focus();
      },
    }, words))) : "";
  const count = isMaps(layer) ? plural(layer.shape[2], layer.kind === "input" ? "channel" : "map") : layer.kind === "softmax" ? "10 probabilities" : plural(size(layer), layer.kind === "dense" ? "unit" : "number");
  ui.maps = el("div", { class: isMaps(layer) ? "tiles" : "list" });
  ui.numbers = el("div", { class: "numbers" });
  ui.figures = el("div", { class: "figures" });
  ui.strip = el("div", { class: "strip", role: "group", "aria-label": "Maps that it is computed from" });
  ui.spoken = el("p", { class: "spoken", "aria-live": "polite" });
  ui.panel.replaceChildren(
    el("header", {}, el("h4", {}, layer.title), el("span", {}, facts.filter(Boolean).join(" \u00b7 "))),
    el("p", {}, layer.text),
    el("div", { class: `panes ${isMaps(layer) && layer.shape[2] > 1 ? "" : "alone"}` },
      el("div", {}, el("h5", {}, count, toggle), ui.maps),
      el("div", { class: "calculation" }, el("h5", {}, "One number, taken apart"), ui.figures, ui.numbers, ui.strip, ui.spoken)),
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
  }, paint(ui, el("canvas"), high, wide, (at) => drawn(ui, at * deep + map), layer.peak))));
  maps.onkeydown = (event) => {
    const tiles = [...maps.children];
    const columns = tiles.filter((tile) => tile.offsetTop === tiles[0].offsetTop).length;
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (!by) return;
    event.preventDefault();
    pick(Math.max(0, Math.min(deep - 1, view.map + by)));
    tiles[view.map].focus();
  };
};

const drawList = (ui) => { // ten bars, or a long list as a rectangle
  const { layer, net, view, maps } = ui;
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
    }, el("span", {}, net.classes[unit]),
    el("i", {}, el("u", { class: value < 0 ? "less" : "", style: `width:${(100 * Math.abs(value)) / most}%` })),
    el("span", {}, probability ? `${(100 * value).toFixed(1)} %` : say(value, 2)))));
    maps.onkeydown = (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
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
    "aria-roledescription": "picture with a cursor", "aria-label": `${label}. The arrow keys move the cursor.` },
  canvas, el("div", { class: "mark cursor" }));
  const spot = (event) => {
    const box = canvas.getBoundingClientRect();
    const at = (part, whole, count) => Math.max(0, Math.min(count - 1, Math.floor((part / whole) * count)));
    return [at(event.clientY - box.top, box.height, high), at(event.clientX - box.left, box.width, wide)];
  };
  stage.onpointermove = (event) => { if (event.pointerType === "mouse") hover(spot(event)); };
  stage.onpointerleave = () => hover(null);
  stage.onclick = (event) => { stop(ui); pick(spot(event)); };
  stage.onkeydown = (event) => {
    const by = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
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
    pick: (pixel) => { ui.hover = {}; ui.view.pixel = pixel; ui.view.from = null; update(ui); speak(ui); },
  });
  ui.words = el("figcaption");
  const play = el("button", { type: "button", class: "play", onclick: () => slide(ui) }, "\u25b6 Slide the window");
  figures.append(el("figure", {}, ui.output, ui.words), ["input", "dropout"].includes(layer.kind) ? "" : play);
  drawOutput(ui);
};
const drawOutput = (ui) => {
  if (!isMaps(ui.layer)) return;
  const [high, wide, deep] = ui.layer.shape;
  const { map } = now(ui);
  paint(ui, ui.output.querySelector("canvas"), high, wide, (at) => drawn(ui, at * deep + map), ui.layer.peak, ui.layer.kind === "input");
};
const stop = (ui) => { clearInterval(ui.timer); ui.timer = null; };
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
};
const speak = (ui) => { ui.spoken.textContent = ui.said ?? ""; };

// ---- one number --------------------------------------------------------------------------------
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
    putMark(ui.output.querySelector(".mark"), Math.floor(at.unit / wide), at.unit % wide, 1, 1, size(layer) / wide, wide);
  }
  if (!known(ui)) {
    ui.numbers.replaceChildren(el("p", { class: "hint" }, "The numbers are on their way \u2026"));
    return;
  }
  const value = numberAt(ui, place(ui, at), view.before);
  const where = isMaps(layer)
    ? `${layer.shape[2] > 1 ? `Map ${at.map + 1}, row` : "Row"} ${at.pixel[0] + 1}, column ${at.pixel[1] + 1}`
    : size(layer) === 10 ? ui.net.classes[at.unit] : `Number ${at.unit + 1}`;
  ui.said = `${where}: ${say(value)}`;
  if (isMaps(layer)) ui.words.replaceChildren(where, el("br"), el("b", { class: "value" }, say(value)));
  ui.numbers.replaceChildren(...TAKEN_APART[layer.kind](ui, at).filter(Boolean));
};

// a small table of numbers, each on its colour
const matrix = (ui, title, high, wide, value, peak, chosen = -1, grey = false) => {
  const cells = Array.from({ length: high * wide }, (_, at) => {
    const v = value(at);
    const colour = v === null ? null : grey ? Array(3).fill(Math.round(255 * v)) : shade(ui, v, peak);
    return el("span", {
      class: `cell${at === chosen ? " chosen" : ""}${v === null ? " outside" : ""}`,
      title: v === null ? "outside the picture: 0" : v.toFixed(5),
      style: colour && `background:rgb(${colour});color:${light(colour) > 0.179 ? "#000" : "#fff"}`,
    }, v === null ? "0" : say(v, 2));
  });
  return el("figure", { class: "matrix" }, el("figcaption", {}, title),
    el("div", { style: `grid-template-columns:repeat(${wide},1fr)`, class: wide > 3 ? "many" : "" }, ...cells));
};
const sign = (words) => el("span", { class: "sign", "aria-hidden": "true" }, words);
// name and number of each part of a sum, and what it comes to
const sum = (...parts) => el("p", { class: "sum" }, ...parts.filter(Boolean).flatMap(([sign, words, value], at) => [
  at || sign === "\u2212" ? el("span", { class: "operator" }, sign) : "",
  el("span", { class: "part" }, el("b", {}, typeof value === "number" ? say(value) : value), el("small", {}, words)),
]));
const total = (ui, before, words = "sum") => [["=", words, before],
  ui.layer.relu && ["\u2192", "after ReLU", Math.max(0, before)]].filter(Boolean);

const windowOf = ({ layer }, [y, x]) => [
  y * layer.stride[0] - layer.padding[0], x * layer.stride[1] - layer.padding[1], ...layer.size];
const sourceAt = (ui, y, x, map, which = 0) => {
  const [high, wide, deep] = ui.inputs[which].source.shape;
  return y < 0 || x < 0 || y >= high || x >= wide ? null : ui.net.from[which][(y * wide + x) * deep + map];
};
// draw the map that a number comes from, with a frame around the part
const showInput = (ui, map, frame, which = 0) => {
  const input = ui.inputs[which];
  const { source, stage } = input;
  const [high, wide, deep] = source.shape;
  const grey = ui.net.layers[0] === source || (deep === 1 && source.kind === "dropout");
  if (input.map !== map) {
    input.map = map;
    const values = ui.net.from[which];
    paint(ui, stage.querySelector("canvas"), high, wide, (at) => values[at * deep + map], source.peak, grey);
    input.words.textContent = deep > 1 ? `${source.title}, map ${map + 1}` : source.title;
  }
  let mark = stage.querySelector(".mark");
  if (!mark) stage.append((mark = el("div", { class: "mark" })));
  putMark(mark, ...frame, high, wide);
  return grey;
};
const pictureOf = (ui) => ui.inputs[0].source === ui.net.layers[0];

const drawStrip = (ui, shares, chosen) => {
  const { source } = ui.inputs[0];
  const [high, wide, deep] = source.shape;
  if (ui.strip.children.length !== deep) {
    const values = ui.net.from[0];
    ui.strip.replaceChildren(...Array.from({ length: deep }, (_, map) => el("button", {
      type: "button",
      onclick: () => { ui.view.from = map; update(ui); },
    }, paint(ui, el("canvas"), high, wide, (at) => values[at * deep + map], source.peak), el("i"))));
    ui.strip.onkeydown = (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const from = [...ui.strip.children].findIndex((tile) => tile.tabIndex === 0) + by;
      ui.view.from = Math.max(0, Math.min(deep - 1, from));
      update(ui);
      ui.strip.children[ui.view.from].focus();
    };
  }
  const most = peakOf(shares);
  [...ui.strip.children].forEach((tile, map) => {
    const share = shares[map];
    tile.tabIndex = map === chosen ? 0 : -1;
    tile.setAttribute("aria-pressed", String(map === chosen));
    tile.setAttribute("aria-label", `Map ${map + 1} adds ${say(share)}`);
    tile.title = `Map ${map + 1}: ${say(share)}`;
    tile.lastChild.className = share < 0 ? "less" : "";
    tile.lastChild.style.height = `${(14 * Math.abs(share)) / most}px`;
    tile.style.opacity = 0.35 + 0.65 * Math.min(1, (2 * Math.abs(share)) / most);
  });
};

const convolve = (ui, at) => {
  const { net, layer } = ui;
  const deep = ui.inputs[0].source.shape[2];
  const own = layer.kind === "depthwise";
  const [top, left, high, wide] = windowOf(ui, at.pixel);
  const weight = (k, map) => (own ? net.kernel[k * deep + map]
    : net.kernel[(at.map * high * wide + k) * deep + map]);
  const input = (k, map) => sourceAt(ui, top + Math.floor(k / wide), left + (k % wide), map);
  const count = high * wide;
  const shares = new Float64Array(deep);
  for (let map = 0; map < deep; map++) {
    if (own && map !== at.map) continue;
    for (let k = 0; k < count; k++) shares[map] += (input(k, map) ?? 0) * weight(k, map);
  }
  const largest = shares.reduce((best, share, map) => (Math.abs(share) > Math.abs(shares[best]) ? map : best), 0);
  const from = own ? at.map : at.from ?? largest;
  const bias = net.bias?.[at.map] ?? 0;
  const others = shares.reduce((all, share, map) => (map === from ? all : all + share), 0);
  const before = shares[from] + others + bias;
  const grey = showInput(ui, from, [top, left, high, wide]);
  if (deep > 1 && !own) drawStrip(ui, shares, from);
  const products = Array.from({ length: count }, (_, k) => (input(k, from) ?? 0) * weight(k, from));
  const weights = products.map((_, k) => weight(k, from));
  return [
    el("div", { class: "matrices" },
      matrix(ui, "window", high, wide, (k) => input(k, from), ui.inputs[0].source.peak, -1, grey), sign("\u00d7"),
      matrix(ui, "kernel", high, wide, (k) => weights[k], peakOf(weights)), sign("="),
      matrix(ui, "products", high, wide, (k) => products[k], peakOf(products))),
    sum(["", deep > 1 && !own ? `map ${from + 1}: sum of the products` : "sum of the products", shares[from]],
      deep > 1 && !own && ["+", `the other ${deep - 1} maps`, others], ["+", "bias", bias], ...total(ui, before)),
    deep > 1 && !own && el("p", { class: "hint" }, "What each map of the layer before adds here; blue takes away. Choose one to see its products."),
  ];
};

const pool = (ui, at) => {
  const { layer } = ui;
  const all = layer.kind.startsWith("global");
  const map = all ? at.unit : at.map;
  const [top, left, high, wide] = all ? [0, 0, ...layer.size] : windowOf(ui, at.pixel);
  const values = Array.from({ length: high * wide }, (_, k) => sourceAt(ui, top + Math.floor(k / wide), left + (k % wide), map));
  const inside = values.filter((value) => value !== null);
  const largest = layer.kind.endsWith("max") || layer.kind === "max_pool";
  const result = largest ? Math.max(...inside) : inside.reduce((a, b) => a + b, 0) / inside.length;
  showInput(ui, map, [top, left, high, wide]);
  return [
    values.length <= 64 && el("div", { class: "matrices" }, matrix(ui, "window", high, wide, (k) => values[k], ui.inputs[0].source.peak, largest ? values.indexOf(result) : -1)),
    sum(["", `${largest ? "largest" : "mean"} of ${values.length}`, result]),
  ];
};

const weigh = (ui, at) => { // a unit of a dense layer
  const { net, layer } = ui;
  const count = net.best.length / size(layer);
  const from = layer.inputs[0];
  const total_ = net.values[at.unit], bias = net.bias?.[at.unit] ?? 0;
  const rows = Array.from({ length: count }, (_, k) => {
    const index = net.best[at.unit * count + k];
    const input = net.from[0][index], weight = net.kernel[at.unit * count + k];
    return { name: entry(net, from, index), index, input, weight, product: input * weight };
  }).filter((row) => row.product !== 0);
  const most = peakOf(rows.map((row) => row.product));
  const others = net.from[0].length - rows.length;
  const listed = rows.reduce((all, row) => all + row.product, 0);
  return [
    markSources(ui, rows),
    el("table", {},
      el("caption", {}, `What changes ${size(layer) === 10 ? net.classes[at.unit] : `unit ${at.unit + 1}`} most`),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, el("th", { scope: "row" }, row.name),
        el("td", {}, `${say(row.input, 2)} \u00d7 ${say(row.weight, 2)}`),
        el("td", {}, el("i", {}, el("u", { class: row.product < 0 ? "less" : "", style: `width:${(100 * Math.abs(row.product)) / most}%` }))),
        el("td", {}, say(row.product, 2)))))),
    sum(["", `these ${rows.length}`, listed], ["+", `the other ${others.toLocaleString("en")}`, total_ - bias - listed], ["+", "bias", bias], ...total(ui, total_)),
  ];
};
// the list that a unit looks at, with frames around what counts most
const markSources = (ui, rows) => {
  const values = ui.net.from[0];
  const wide = across(values.length), high = values.length / wide;
  const stage = el("div", { class: "stage wide" }, paint(ui, el("canvas"), high, wide, (at) => values[at], peakOf(values)));
  for (const row of rows) {
    const mark = el("div", { class: `mark dot${row.product < 0 ? " less" : ""}` });
    putMark(mark, Math.floor(row.index / wide), row.index % wide, 1, 1, high, wide);
    stage.append(mark);
  }
  return el("figure", {}, stage, el("figcaption", {}, `${ui.inputs[0].source.title}: framed is what counts most here`));
};

const TAKEN_APART = {
  conv: convolve,
  depthwise: convolve,
  max_pool: pool,
  average_pool: pool,
  global_max: pool,
  global_average: pool,
  dense: weigh,
  input: (ui, at) => {
    const value = numberAt(ui, place(ui, at));
    return [sum(["", "of 255", String(Math.round(255 * value))], ["=", "brightness, 0 to 1", value]),
      el("p", { class: "hint" }, "Choose a pixel, or the next layer in the row above.")];
  },
  dropout: (ui, at) => {
    if (isMaps(ui.layer)) showInput(ui, at.map, [...at.pixel, 1, 1]);
    return [sum(["", "passed on as it is", numberAt(ui, place(ui, at))])];
  },
  relu: (ui, at) => {
    if (isMaps(ui.layer)) showInput(ui, at.map, [...at.pixel, 1, 1]);
    const before = ui.net.values[place(ui, at)];
    return [sum(["", "before", before], ["\u2192", "after ReLU", Math.max(0, before)])];
  },
  reshape: (ui, at) => {
    const { source } = ui.inputs[0];
    if (isMaps(source)) {
      const [, wide, deep] = source.shape;
      const pixel = Math.floor(at.unit / deep);
      showInput(ui, at.unit % deep, [Math.floor(pixel / wide), pixel % wide, 1, 1]);
    }
    return [sum(["", `number ${at.unit + 1} is ${entry(ui.net, ui.view.layer, at.unit)}`, numberAt(ui, at.unit)])];
  },
  concat: (ui, at) => [sum(["", `number ${at.unit + 1} is the ${entry(ui.net, ui.view.layer, at.unit)}`, numberAt(ui, at.unit)])],
  add: (ui, at) => {
    const maps = isMaps(ui.layer);
    const [one, two] = ui.net.from.map((values) => values[place(ui, at)]);
    if (maps) for (const which of [0, 1]) showInput(ui, at.map, [...at.pixel, 1, 1], which);
    return [sum(["", ui.inputs[0].source.title, one], ["+", ui.inputs[1].source.title, two], ...total(ui, one + two))];
  },
  views: (ui, at) => {
    const count = ui.net.views.length / size(ui.layer);
    const values = Array.from({ length: count }, (_, view) => ui.net.views[view * size(ui.layer) + at.unit]);
    return [
      el("div", { class: "matrices" }, matrix(ui, `${entry(ui.net, ui.layer.inputs[0], at.unit)}, in ${count} views`, 1, count, (k) => values[k], peakOf(values))),
      sum(["", "sum of the views", values.reduce((a, b) => a + b, 0)], ui.layer.rate !== 1 && ["\u00d7", "a share of each", ui.layer.rate], ui.layer.rate !== 1 && ["=", "mean", numberAt(ui, at.unit)]),
    ];
  },
  softmax: (ui, at) => {
    const scores = [...ui.net.from[0]];
    const top = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - top)); // the same shares, and never too large
    const all = powers.reduce((a, b) => a + b, 0);
    return [
      el("table", {}, el("thead", {}, el("tr", {}, ...["Class", "Score", "e^(score \u2212 highest)", "Probability"].map((words) => el("th", { scope: "col" }, words)))),
        el("tbody", {}, ...scores.map((score, unit) => el("tr", unit === at.unit ? { class: "chosen" } : {},
          el("th", { scope: "row" }, ui.net.classes[unit]), el("td", {}, say(score, 2)), el("td", {}, powers[unit].toFixed(4)), el("td", {}, `${(100 * powers[unit] / all).toFixed(1)} %`))))),
      sum(["", ui.net.classes[at.unit], powers[at.unit]], ["\u00f7", "sum of all ten", all], ["=", "probability", powers[at.unit] / all]),
    ];
  },
  other: () => [el("p", { class: "hint" }, "This operation is shown, not taken apart.")],
};

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".inside");
  const ui = (root.ui ??= { root, panel: root.querySelector("section"), view: {}, hover: {} });
  ui.net = unpack(data);
  ui.send = setStateValue;
  ui.palette = palette(root);
  ui.ink = Uint32Array.from(ui.palette, ([r, g, b]) => 0xff000000 + (b << 16) + (g << 8) + r);
  if (ui.key !== ui.net.key) {
    ui.key = ui.net.key;
    ui.view = { layer: ui.net.chosen, before: false };
  }
  const focused = root.getRootNode().activeElement?.getAttribute("aria-label");
  drawRow(ui);
  drawLayer(ui);
  if (focused) [...root.querySelectorAll("[aria-label]")].find((one) => one.getAttribute("aria-label") === focused)?.focus({ preventScroll: true });
  if (ui.net.opened > opened) root.scrollIntoView({ behavior: "smooth", block: "start" });
  opened = ui.net.opened;
  return () => stop(ui);
}
