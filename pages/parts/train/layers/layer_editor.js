const WAIT = 300; // ms after a key, before the server is asked
const LARGEST = 28; // pixels of the picture

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".editor");
  const [list, adding, totals] = [".list", ".add", ".totals"].map((name) =>
    root.querySelector(name));
  const kinds = Object.fromEntries(data.kinds.map((kind) => [kind.kind, kind]));

  const send = () => {
    clearTimeout(root.timer);
    root.revision += 1;
    show();
    const { version, revision, layers } = root;
    setTriggerValue("layers", { version, revision, layers });
  };
  const sendSoon = () => {
    clearTimeout(root.timer);
    root.timer = setTimeout(send, WAIT);
  };

  const fresh = (kind, old = {}) => ({ kind, ...Object.fromEntries(kinds[kind].fields.map(
    ({ name, value }) => [name, name in old ? old[name] : value])) });
  const replace = (layers) => {
    root.layers = layers;
    draw();
    send();
  };

  const control = (layer, { name, help, value, choices, limits, step }) => {
    const take = (input) => {
      layer[name] = choices || input.value === "" ? input.value : Number(input.value);
    };
    const onchange = ({ target }) => { take(target); send(); };
    const oninput = ({ target }) => { take(target); sendSoon(); };
    const input = choices
      ? el("select", { onchange }, ...Object.entries(choices).map(([choice, title]) =>
        el("option", { value: choice, title }, choice)))
      : el("input", { type: "number", step, min: limits[0], max: limits[1], onchange, oninput });
    input.value = layer[name] ?? value;
    return el("label", { title: help }, el("span", {}, name), input);
  };

  const button = (text, label, onclick, more) =>
    el("button", { type: "button", "aria-label": label, title: label, onclick, ...more }, text);

  const drag = (handle, layer) => {
    handle.onpointerdown = (event) => {
      if (!event.isPrimary || event.button) return;
      event.preventDefault(); // or it would mark text
      handle.setPointerCapture(event.pointerId);
      handle.closest("li").classList.add("dragged");
      handle.onpointermove = ({ clientY }) => {
        const rows = [...list.children].slice(0, root.layers.length);
        const to = rows.findIndex((row) => {
          const { top, bottom } = row.getBoundingClientRect();
          return clientY >= top && clientY < bottom;
        });
        const at = root.layers.indexOf(layer);
        if (to < 0 || to === at) return;
        root.layers.splice(to, 0, ...root.layers.splice(at, 1));
        // moved around it: an element that is itself moved loses the pointer
        const row = rows[at];
        if (to < at) rows.slice(to, at).reverse().forEach((other) => row.after(other));
        else rows.slice(at + 1, to + 1).forEach((other) => row.before(other));
        root.moved = true;
      };
    };
    handle.onpointerup = handle.onpointercancel = () => {
      handle.onpointermove = null;
      handle.closest("li").classList.remove("dragged");
      if (root.moved) replace(root.layers);
      root.moved = false;
    };
  };

  const rowOf = (layer, at) => {
    const place = el("span", { class: "place" }, at + 1);
    const volume = el("span", { class: "volume", "aria-hidden": "true" }, el("i"));
    const [what, tools] = ["what", "tools"].map((name) => el("div", { class: name }));
    const result = el("div", { class: "result" }, el("span", { class: "shape" }),
      ...["parameters", "multiplications"].map((unit) =>
        el("span", { class: "number", "data-unit": unit })));
    const item = el("li", {}, el("div", { class: "row" }, place, volume, what, result, tools),
      el("p", { class: "fault" }));
    if (!layer) {
      item.className = "fixed";
      what.append(el("span", { class: "kind" }, "dense 10 with softmax"), " ",
        el("span", {}, "the ten probabilities; this layer is fixed"));
      return item;
    }
    const onchange = () => {
      root.next = [at, ".kind"];
      replace(root.layers.map((one) => (one === layer ? fresh(kind.value, layer) : one)));
    };
    const kind = el("select", { class: "kind", "aria-label": `Kind of layer ${at + 1}`,
      title: kinds[layer.kind]?.help ?? "", onchange },
    ...data.kinds.map((one) => el("option", { value: one.kind }, one.title)));
    kind.value = layer.kind;
    what.append(kind, ...(kinds[layer.kind]?.fields ?? []).map((field) => control(layer, field)));
    place.classList.add("handle");
    place.title = "Drag to move this layer";
    drag(place, layer);
    const step = (by, name) => () => {
      const layers = root.layers.filter((one) => one !== layer);
      layers.splice(at + by, 0, layer);
      root.next = [at + by, name];
      replace(layers);
    };
    const off = (where) => (at === where ? "" : null);
    tools.append(button("\u2191", `Move layer ${at + 1} up`, step(-1, ".up"),
      { class: "up", disabled: off(0) }),
    button("\u2193", `Move layer ${at + 1} down`, step(1, ".down"),
      { class: "down", disabled: off(root.layers.length - 1) }),
    button("\u2715", `Remove layer ${at + 1}`, () => {
      root.next = [Math.max(0, Math.min(at, root.layers.length - 2)), ".tools :last-child"];
      replace(root.layers.filter((one) => one !== layer));
    }));
    return item;
  };

  const draw = () => {
    list.replaceChildren(...root.layers.map(rowOf), rowOf(null, root.layers.length));
    const [at, name] = root.next ?? [];
    root.next = null;
    const row = list.children[at];
    (row?.querySelector(`${name}:not(:disabled)`) ?? row?.querySelector("button:not(:disabled)"))
      ?.focus();
  };

  const showVolume = (volume, sides) => {
    volume.className = sides?.length === 1 ? "volume flat" : "volume";
    const drawn = volume.firstChild;
    volume.style.visibility = sides ? "visible" : "hidden";
    if (!sides) return;
    const [side, , channels = 1] = sides;
    const deep = sides.length === 1 ? 0 : Math.round(Math.log2(channels));
    const size = sides.length === 1 ? 4 + 3 * Math.log2(side) : 3 + (side / LARGEST) * 20;
    drawn.style.setProperty("--side", `${Math.min(size, 32)}px`);
    drawn.style.setProperty("--shift", `${deep * 1.5}px`);
    drawn.style.setProperty("--deep", Array.from({ length: deep }, (_, at) => {
      const colour = `color-mix(in srgb, var(--st-primary-color) ${at % 2 ? 55 : 25}%, `;
      return `${(at + 1) * 1.5}px ${-(at + 1) * 1.5}px ${colour}var(--st-background-color))`;
    }).join(", ") || "none");
  };

  const show = () => {
    const current = data.revision === root.revision;
    root.classList.toggle("stale", !current);
    [...list.children].forEach((item, at) => {
      const step = current ? data.steps[at] : null;
      const fault = current && data.at === at ? data.fault : "";
      const [shape, ...sums] = item.querySelectorAll(".shape, .number");
      for (const cell of [shape, ...sums]) cell.classList.toggle("stale", !current);
      if (current) {
        shape.textContent = step?.shape ?? "";
        sums[0].textContent = step?.parameters ?? "";
        sums[1].textContent = step?.multiplications ?? "";
        showVolume(item.querySelector(".volume"), step?.sides);
      }
      item.classList.toggle("faulty", Boolean(fault));
      item.querySelector(".fault").textContent = fault;
      item.querySelector(".fault").hidden = !fault;
    });
    if (!current) return;
    totals.replaceChildren(...data.totals.map(([name, value]) =>
      el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  };

  if (root.version !== data.version) {
    root.version = data.version;
    root.revision = data.revision;
    root.layers = structuredClone(data.layers);
    clearTimeout(root.timer);
    adding.replaceChildren(...data.kinds.map(({ kind, title, help }) =>
      button(`+ ${title}`, `Add ${title}: ${help}`, () => {
        const layers = [...root.layers];
        // what needs a picture goes before the layer after which there is none
        // and what makes a list of it before the first dense layer, which needs one
        const row = layers.findIndex((one) => kinds[one.kind]?.flattens);
        const dense = layers.findIndex((one) => one.kind === "dense");
        const { picture, flattens } = kinds[kind];
        const place = row < 0 && flattens ? dense : picture ? row : -1;
        const at = place >= 0 ? place : layers.length;
        layers.splice(at, 0, fresh(kind));
        root.next = [at, ".kind"];
        replace(layers);
        list.children[at].classList.add("added");
      })));
    draw();
  }
  show();
}
