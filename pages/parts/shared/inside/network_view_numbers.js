// One number, taken apart: the window, kernel and products, or what else it is computed from.
// a small table of numbers, each on its colour
const matrix = (ui, title, high, wide, value, peak, chosen = -1, grey = false) => {
  const cells = Array.from({ length: high * wide }, (_, at) => {
    const v = value(at);
    const colour = v === null ? null
      : grey ? Array(3).fill(Math.round(255 * v)) : shade(ui, v, peak);
    return el("span", {
      class: `cell${at === chosen ? " chosen" : ""}${v === null ? " outside" : ""}`,
      title: v === null ? "outside the picture: 0" : v.toFixed(5),
      style: colour && `background:rgb(${colour});color:${light(colour) > 0.179 ? "#000" : "#fff"}`,
    }, v === null ? "0" : say(v, 2));
  });
  return el("figure", { class: "matrix" }, el("figcaption", {}, title),
    el("div", {
      style: `grid-template-columns:repeat(${wide},1fr)`, class: wide > 3 ? "many" : "",
    }, ...cells));
};
const sign = (words) => el("span", { class: "sign", "aria-hidden": "true" }, words);
// name and number of each part of a sum, and what it comes to
const sum = (...parts) => el("p", { class: "sum" },
  ...parts.filter(Boolean).map(([operator, words, value]) => el("span", { class: "term" },
    operator && el("span", {}, operator),
    el("span", { class: "part" },
      el("b", {}, typeof value === "number" ? say(value) : value), el("small", {}, words)))));
const total = (ui, before) => [["=", "sum", before],
  ui.layer.relu && ["\u2192", "after ReLU", Math.max(0, before)]].filter(Boolean);

const windowOf = ({ layer }, [y, x]) => [
  y * layer.stride[0] - layer.padding[0], x * layer.stride[1] - layer.padding[1], ...layer.size];
const sourceAt = (ui, y, x, map, which = 0) => {
  const [high, wide, deep] = ui.inputs[which].source.shape;
  const outside = y < 0 || x < 0 || y >= high || x >= wide;
  return outside ? null : ui.net.from[which][(y * wide + x) * deep + map];
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
    paint(ui, stage.querySelector("canvas"), high, wide, (at) => values[at * deep + map],
      source.peak, grey);
    input.words.textContent = deep > 1 ? `${source.title}, map ${map + 1}` : source.title;
  }
  let mark = stage.querySelector(".mark");
  if (!mark) stage.append((mark = el("div", { class: "mark" })));
  putMark(mark, ...frame, high, wide);
  return grey;
};
const drawStrip = (ui, shares, chosen) => {
  const { source } = ui.inputs[0];
  const [high, wide, deep] = source.shape;
  if (ui.strip.children.length !== deep) {
    const values = ui.net.from[0];
    ui.strip.replaceChildren(...Array.from({ length: deep }, (_, map) => el("button", {
      type: "button",
      onclick: () => { ui.view.from = map; update(ui); },
    }, paint(ui, el("canvas"), high, wide, (at) => values[at * deep + map], source.peak),
    el("i"))));
    ui.strip.onkeydown = (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[keyOf(event)];
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
  const { source } = ui.inputs[0];
  const deep = source.shape[2];
  const own = layer.kind === "depthwise"; // a kernel for each map
  const mixed = deep > 1 && !own;
  const [top, left, high, wide] = windowOf(ui, at.pixel);
  const count = high * wide;
  const weight = (k, map) => (own ? net.kernel[k * deep + map]
    : net.kernel[(at.map * count + k) * deep + map]);
  const input = (k, map) => sourceAt(ui, top + Math.floor(k / wide), left + (k % wide), map);
  const product = (k, map) => (input(k, map) ?? 0) * weight(k, map);
  const shares = repeat(deep, (map) => (own && map !== at.map ? 0
    : repeat(count, (k) => product(k, map)).reduce((a, b) => a + b)));
  const largest = shares.map(Math.abs).indexOf(peakOf(shares));
  const from = own ? at.map : at.from ?? Math.max(0, largest);
  const bias = net.bias?.[at.map] ?? 0;
  const others = shares.reduce((all, share, map) => (map === from ? all : all + share), 0);
  const grey = showInput(ui, from, [top, left, high, wide]);
  if (mixed) drawStrip(ui, shares, from);
  const weights = repeat(count, (k) => weight(k, from));
  const products = repeat(count, (k) => product(k, from));
  const summed = mixed ? `map ${from + 1}: sum of the products` : "sum of the products";
  return [
    el("div", { class: "matrices" },
      matrix(ui, "window", high, wide, (k) => input(k, from), source.peak, -1, grey),
      sign("\u00d7"),
      matrix(ui, "kernel", high, wide, (k) => weights[k], peakOf(weights)),
      sign("="),
      matrix(ui, "products", high, wide, (k) => products[k], peakOf(products))),
    sum(["", summed, shares[from]],
      mixed && ["+", `the other ${deep - 1} maps`, others],
      ["+", "bias", bias],
      ...total(ui, shares[from] + others + bias)),
    mixed && hint("What each map of the layer before adds here; blue takes away. Choose one to "
      + "see its products."),
  ];
};

const pool = (ui, at) => {
  const { kind } = ui.layer;
  const all = kind.startsWith("global");
  const map = all ? at.unit : at.map;
  const [top, left, high, wide] = all ? [0, 0, ...ui.layer.size] : windowOf(ui, at.pixel);
  const values = repeat(high * wide, (k) =>
    sourceAt(ui, top + Math.floor(k / wide), left + (k % wide), map));
  const inside = values.filter((value) => value !== null);
  const largest = kind === "max_pool" || kind === "global_max";
  const result = largest ? Math.max(...inside)
    : inside.reduce((a, b) => a + b, 0) / inside.length;
  showInput(ui, map, [top, left, high, wide]);
  const { peak } = ui.inputs[0].source;
  const chosen = largest ? values.indexOf(result) : -1;
  return [
    values.length <= 64 && el("div", { class: "matrices" },
      matrix(ui, "window", high, wide, (k) => values[k], peak, chosen)),
    sum(["", `${largest ? "largest" : "mean"} of ${inside.length}`, result]),
  ];
};

const weigh = (ui, at) => { // a unit of a dense layer
  const { net, layer } = ui;
  const count = net.best.length / size(layer);
  const from = layer.inputs[0];
  const result = net.values[at.unit], bias = net.bias?.[at.unit] ?? 0;
  const rows = repeat(count, (k) => {
    const index = net.best[at.unit * count + k];
    const input = net.from[0][index], weight = net.kernel[at.unit * count + k];
    return { name: entry(net, from, index), index, input, weight, product: input * weight };
  }).filter((row) => row.product !== 0);
  const most = peakOf(rows.map((row) => row.product));
  const listed = rows.reduce((all, row) => all + row.product, 0);
  const others = (net.from[0].length - rows.length).toLocaleString("en");
  const unit = layer.classes ? net.classes[at.unit] : `unit ${at.unit + 1}`;
  return [
    showList(ui, rows, "the framed numbers count most here"),
    el("table", {},
      el("caption", {}, `What changes ${unit} most`),
      el("tbody", {}, ...rows.map(({ name, input, weight, product }) => line({}, name,
        `${say(input, 2)} \u00d7 ${say(weight, 2)}`, bar(product, most), say(product, 2))))),
    sum(["", `these ${rows.length}`, listed],
      ["+", `the other ${others}`, result - bias - listed],
      ["+", "bias", bias],
      ...total(ui, result)),
  ];
};

const hint = (words) => el("p", { class: "hint" }, words);
const line = (attributes, head, ...cells) => el("tr", attributes,
  el("th", { scope: "row" }, head), ...cells.map((cell) => el("td", {}, cell)));

// a list that a number is computed from, with frames around some of its entries
const showList = (ui, rows, words, which = 0) => {
  const values = ui.net.from[which];
  const wide = across(values.length), high = values.length / wide;
  const stage = el("div", { class: "stage wide" },
    paint(ui, el("canvas"), high, wide, (at) => values[at], peakOf(values)));
  for (const { index, product } of rows) {
    const mark = el("div", { class: `mark dot${product < 0 ? " less" : ""}` });
    putMark(mark, Math.floor(index / wide), index % wide, 1, 1, high, wide);
    stage.append(mark);
  }
  const title = ui.inputs[which].source.title;
  return el("figure", {}, stage, el("figcaption", {}, words ? `${title}: ${words}` : title));
};

const passOn = (ui, at) => { // the number at the same place of the layer before
  if (isMaps(ui.layer)) {
    showInput(ui, at.map, [...at.pixel, 1, 1]);
    return [];
  }
  return size(ui.layer) === 10 ? [] : [showList(ui, [{ index: at.unit }])];
};

const squeeze = (ui, at) => [...passOn(ui, at), sum(
  ["", "before", ui.net.from[0][place(ui, at)]],
  ["\u2192", `after ${ui.layer.kind}`, numberAt(ui, place(ui, at))])];

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
    return [
      sum(["", "of 255", String(Math.round(255 * value))], ["=", "brightness, 0 to 1", value]),
      hint("Choose a pixel, or the next layer in the row above."),
    ];
  },
  dropout: (ui, at) => [
    ...passOn(ui, at), sum(["", "passed on as it is", numberAt(ui, place(ui, at))])],
  relu: (ui, at) => {
    const before = ui.net.values[place(ui, at)];
    return [...passOn(ui, at), sum(["", "before", before], ...total(ui, before).slice(1))];
  },
  tanh: squeeze,
  sigmoid: squeeze,
  batch_norm: (ui, at) => {
    const before = ui.net.from[0][place(ui, at)], channel = isMaps(ui.layer) ? at.map : at.unit;
    const by = ui.net.kernel[channel], bias = ui.net.bias?.[channel] ?? 0;
    const what = isMaps(ui.layer) ? "map" : "number";
    return [...passOn(ui, at), sum(["", "before", before], ["\u00d7", `factor of this ${what}`, by],
      ["+", "its shift", bias], ...total(ui, before * by + bias))];
  },
  reshape: (ui, at) => {
    const { source } = ui.inputs[0];
    if (isMaps(source)) {
      const [, wide, deep] = source.shape;
      const pixel = Math.floor(at.unit / deep);
      showInput(ui, at.unit % deep, [Math.floor(pixel / wide), pixel % wide, 1, 1]);
    }
    const from = entry(ui.net, ui.view.layer, at.unit);
    return [sum(["", `number ${at.unit + 1} is ${from}`, numberAt(ui, at.unit)])];
  },
  concat: (ui, at) => {
    let index = at.unit;
    const lists = isMaps(ui.layer) ? [] : ui.net.from.map((values, which) => {
      const shown = showList(ui, index >= 0 && index < values.length ? [{ index }] : [], "", which);
      index -= values.length;
      return shown;
    });
    const from = isMaps(ui.layer) ? "taken over" : entry(ui.net, ui.view.layer, at.unit);
    return [
      el("div", { class: "figures" }, ...lists),
      sum(["", from, numberAt(ui, place(ui, at))]),
    ];
  },
  add: (ui, at) => {
    const [one, two] = ui.net.from.map((values) => values[place(ui, at)]);
    if (isMaps(ui.layer))
      for (const which of [0, 1]) showInput(ui, at.map, [...at.pixel, 1, 1], which);
    const [first, second] = ui.inputs.map(({ source }) => source.title);
    return [sum(["", first, one], ["+", second, two], ...total(ui, one + two))];
  },
  views: (ui, at) => {
    const count = ui.net.views.length / size(ui.layer);
    const values = repeat(count, (view) => ui.net.views[view * size(ui.layer) + at.unit]);
    const name = `${entry(ui.net, ui.layer.inputs[0], at.unit)}, in ${count} views`;
    const share = ui.layer.rate !== 1;
    return [
      el("div", { class: "matrices" },
        matrix(ui, name, 1, count, (k) => values[k], peakOf(values))),
      sum(["", "sum of the views", values.reduce((a, b) => a + b, 0)],
        share && ["\u00d7", "a share of each", ui.layer.rate],
        share && ["=", "mean", numberAt(ui, at.unit)]),
    ];
  },
  softmax: (ui, at) => {
    const scores = [...ui.net.from[0]];
    const top = Math.max(...scores); // taken off, the shares stay the same and nothing overflows
    const powers = scores.map((score) => Math.exp(score - top));
    const all = powers.reduce((a, b) => a + b, 0);
    const heads = ["Class", "Score", "e^(score \u2212 highest)", "Probability"];
    return [
      el("table", {},
        el("thead", {}, el("tr", {}, ...heads.map((words) => el("th", { scope: "col" }, words)))),
        el("tbody", {}, ...scores.map((score, unit) => line(
          unit === at.unit ? { class: "chosen" } : {}, ui.net.classes[unit], say(score, 2),
          powers[unit].toFixed(4), `${(100 * powers[unit] / all).toFixed(1)} %`)))),
      sum(["", ui.net.classes[at.unit], powers[at.unit]],
        ["\u00f7", "sum of all ten", all],
        ["=", "probability", powers[at.unit] / all]),
    ];
  },
  other: () => [hint("This operation is shown, not taken apart.")],
};
