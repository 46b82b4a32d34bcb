// Reading the numbers, and drawing them in colours.
const unpack = (data) => {
  const bytes = data.slice();
  const start = 4 + new DataView(bytes.buffer).getUint32(0, true);
  const net = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
  const read = (Kind, place) => place && new Kind(bytes.buffer, start + place[0], place[1]);
  for (const layer of net.layers) layer.small = read(Int8Array, layer.small);
  for (const name of ["values", "kernel", "bias", "views"])
    net[name] = read(Float32Array, net[name]);
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
  let wide = Math.ceil(Math.sqrt(count));
  while (count % wide) wide++;
  return wide;
};
const say = (value, digits = 3) =>
  value.toFixed(digits).replace(/^-(0\.0+)$/, "$1").replace("-", "\u2212");
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
const shapeOf = (layer) => layer.shape.join(" \u00d7 ");

// a layer's number at a place, as it is handed on or, where asked for, as it was before ReLU
const numberAt = (ui, at, before) => {
  const value = ui.net.values[at];
  return ui.layer.relu && !before ? Math.max(0, value) : value;
};
const known = (ui) => ui.net.chosen === ui.view.layer;
const drawn = (ui, at) => (known(ui) ? numberAt(ui, at, ui.view.before) : smallAt(ui.layer, at));
const smallAt = (layer, at) => (layer.small[at] * layer.peak) / 127;
const peakOf = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);

// where an entry of a list comes from, in words
const entry = (net, at, index) => {
  const layer = net.layers[at];
  const up = layer.inputs[0];
  const same = ["dropout", "views", "batch_norm", "relu", "tanh", "sigmoid"];
  if (same.includes(layer.kind)) return entry(net, up, index);
  if (layer.kind === "global_max") return `largest of map ${index + 1}`;
  if (layer.kind === "global_average") return `mean of map ${index + 1}`;
  if (layer.kind === "dense") return `unit ${index + 1}`;
  if (layer.kind === "reshape" && isMaps(net.layers[up])) {
    const [, wide, deep] = net.layers[up].shape;
    const pixel = Math.floor(index / deep);
    const [row, column] = [Math.floor(pixel / wide) + 1, (pixel % wide) + 1];
    return `map ${(index % deep) + 1}, row ${row}, column ${column}`;
  }
  if (layer.kind === "concat") {
    for (const part of layer.inputs) {
      if (index < size(net.layers[part])) return entry(net, part, index);
      index -= size(net.layers[part]);
    }
  }
  return `number ${index + 1}`;
};

const repeat = (count, make) => Array.from({ length: count }, (_, at) => make(at));
const bar = (value, most) => el("i", {}, el("u", {
  class: value < 0 ? "less" : "", style: `width:${(100 * Math.abs(value)) / most}%` }));
