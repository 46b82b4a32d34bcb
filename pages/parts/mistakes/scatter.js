const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".map");
  const [legend, field] = [root.querySelector(".legend"), root.querySelector(".field")];
  const canvas = field.querySelector("canvas");
  const [hover, pen] = [field.querySelector(".hover"), canvas.getContext("2d")];
  const memory = (root.memory ??= { hidden: new Set(), onlyMisses: false, lasso: [] });
  const places = new Uint16Array(bytes(data.places).buffer);
  const [colour, label, answer] = [data.colour, data.label, data.answer].map(bytes);
  const count = colour.length;
  const shown = (at) => !memory.hidden.has(colour[at])
    && !(memory.onlyMisses && label[at] === answer[at]);
  let [width, height] = [0, 0];
  const x = (at) => 8 + (places[2 * at] / 65535) * (width - 16);
  const y = (at) => height - 8 - (places[2 * at + 1] / 65535) * (height - 16);

  function draw() {
    width = field.clientWidth;
    height = Math.min(620, Math.max(320, width * 0.62));
    const ratio = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    canvas.style.height = height + "px";
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const size = width < 500 ? 1.4 : 2;
    for (let at = 0; at < count; at++) {
      if (!shown(at)) continue;
      pen.globalAlpha = label[at] === answer[at] ? 0.55 : 1;
      pen.fillStyle = data.colours[colour[at]];
      pen.fillRect(x(at) - size / 2, y(at) - size / 2, size, size);
    }
    pen.lineWidth = 1.2;
    for (let at = 0; at < count; at++) {
      if (!shown(at) || label[at] === answer[at]) continue;
      pen.strokeStyle = data.colours[colour[at]];
      pen.beginPath();
      pen.arc(x(at), y(at), 1.7 * size, 0, 7);
      pen.stroke();
    }
    pen.globalAlpha = 1;
    if (memory.lasso.length > 1) {
      const style = getComputedStyle(root);
      pen.strokeStyle = style.color;
      pen.fillStyle = style.getPropertyValue("--st-primary-color");
      pen.beginPath();
      for (const [u, v] of memory.lasso)
        pen.lineTo(8 + u * (width - 16), height - 8 - v * (height - 16));
      pen.closePath();
      pen.stroke();
      pen.globalAlpha = 0.12;
      pen.fill();
      pen.globalAlpha = 1;
    }
  }

  // name, colour, whether it is shown, and what a click changes
  const entries = [
    ...data.names.map((name, id) => [name, data.colours[id], () => !memory.hidden.has(id), () => {
      if (!memory.hidden.delete(id)) memory.hidden.add(id);
    }]),
    ["only mistakes", null, () => memory.onlyMisses, () => {
      memory.onlyMisses = !memory.onlyMisses;
    }],
  ];

  function list() {
    if (!legend.children.length) {
      legend.replaceChildren(...entries.map(([name, hue]) => {
        const dot = el("b");
        if (hue) dot.style.background = hue;
        else dot.style.border = "1.5px solid currentColor";
        return el("button", { type: "button" }, dot, name);
      }));
    }
    entries.forEach(([, , pressed, toggle], at) => {
      const button = legend.children[at];
      button.setAttribute("aria-pressed", String(pressed()));
      button.onclick = () => {
        toggle();
        list();
        draw();
        if (memory.lasso.length > 2) sendRegion(); // which has other images now
      };
    });
  }

  function sendRegion() {
    const { lasso, hidden, onlyMisses } = memory;
    setStateValue("chosen", { lasso, hidden: [...hidden], onlyMisses });
  }

  function nearest(event) {
    const box = canvas.getBoundingClientRect();
    const [u, v] = [event.clientX - box.left, event.clientY - box.top];
    let [best, found] = [144, -1]; // within 12 pixels
    for (let at = 0; at < count; at++) {
      if (!shown(at)) continue;
      const away = (x(at) - u) ** 2 + (y(at) - v) ** 2;
      if (away < best) [best, found] = [away, at];
    }
    return found;
  }

  function point(event) {
    const at = nearest(event);
    hover.hidden = at < 0;
    if (at < 0) return;
    const picture = hover.querySelector("i");
    const [column, row] = [at % data.columns, Math.floor(at / data.columns)];
    picture.style.backgroundImage = `url(${data.sheet})`;
    picture.style.backgroundSize = `${84 * data.columns}px auto`;
    picture.style.backgroundPosition = `-${84 * column}px -${84 * row}px`;
    const words = label[at] === answer[at] ? data.names[label[at]]
      : `${data.names[label[at]]}, taken for ${data.names[answer[at]]}`;
    hover.querySelector("span").textContent = `#${at} ${words}`;
    hover.style.left = Math.max(0, Math.min(x(at) + 12, width - hover.offsetWidth - 4)) + "px";
    const above = y(at) > height / 2;
    hover.style.top = (above ? y(at) - hover.offsetHeight - 10 : y(at) + 10) + "px";
  }

  let drawing = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const inside = (value) => Math.round(1e4 * Math.min(1, Math.max(0, value))) / 1e4;
    return [inside((event.clientX - box.left - 8) / (width - 16)),
      inside(1 - (event.clientY - box.top - 8) / (height - 16))];
  };
  canvas.onpointerdown = (event) => {
    if (!event.isPrimary || event.button) return;
    canvas.setPointerCapture(event.pointerId);
    drawing = {
      from: [event.clientX, event.clientY], path: [place(event)], pointer: event.pointerId };
    hover.hidden = true;
  };
  canvas.onpointermove = (event) => {
    if (!drawing) return point(event);
    if (event.pointerId !== drawing.pointer) return; // a palm, a second finger
    const last = drawing.last ?? drawing.from;
    if (Math.hypot(event.clientX - last[0], event.clientY - last[1]) < 4) return;
    drawing.last = [event.clientX, event.clientY];
    drawing.path.push(place(event));
    memory.lasso = drawing.path;
    draw();
  };
  canvas.onpointerup = (event) => {
    if (event.pointerId !== drawing?.pointer) return;
    const path = drawing.path;
    drawing = null;
    if (path.length > 2) return sendRegion();
    memory.lasso = [];
    draw();
    const at = nearest(event);
    setStateValue("chosen", at < 0 ? null : { index: at });
  };
  canvas.onpointercancel = () => { drawing = null; memory.lasso = []; draw(); };
  canvas.onpointerleave = () => { hover.hidden = true; };

  list();
  draw();
  root.watch?.disconnect(); // that of the data before, whose end nobody told us
  root.watch = new ResizeObserver(() => { if (field.clientWidth !== width) draw(); });
  root.watch.observe(field);
  const watch = root.watch;
  return () => watch.disconnect();
}
