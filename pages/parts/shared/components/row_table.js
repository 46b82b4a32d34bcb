export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".rows");
  const { columns, rows, label, ticked } = data;
  const side = (at) => (at ? "" : "name") + (columns[at].number ? " number" : "");

  const tickOf = ({ name, title }) => {
    const onchange = ({ target }) => {
      if (!root.sent.length) root.sent.push(JSON.stringify(root.ticked));
      root.ticked = root.ticked.filter((other) => other !== name);
      if (target.checked) root.ticked.push(name);
      root.sent.push(JSON.stringify(root.ticked));
      setTriggerValue("ticked", root.ticked);
    };
    const box = el("input", { type: "checkbox", "aria-label": `Compare ${title}`, onchange });
    return el("td", { class: "tick", onclick: (event) => event.stopPropagation() },
      el("label", {}, box)); // a finger needs more than the box
  };

  const nameOf = ({ title, leads, starred }) => {
    const star = starred ? el("i", { class: "star", role: "img", "aria-label": "Starred" }, "\u2605")
      : "";
    return el("th", { class: side(0), scope: "row", title },
      el("span", {}, star, leads ? el("button", {}, title) : title));
  };

  const rowOf = (entry) => {
    const cells = entry.cells.slice(1).map((text, at) =>
      el("td", { class: side(at + 1), title: text.length > 24 ? text : null }, text));
    const row = el("tr", { "data-name": entry.name },
      ...(ticked ? [tickOf(entry)] : []), nameOf(entry), ...cells);
    if (!entry.leads) return row;
    row.className = "leads";
    row.onclick = ({ detail }) => {
      if (detail > 1) return; // the second click of a double one would take the first back
      root.chosen = root.chosen === entry.name ? null : entry.name;
      root.awaited = root.chosen;
      mark(); // at once; the rest of the page follows
      setTriggerValue("chosen", root.chosen ?? "");
    };
    return row;
  };

  const body = () => {
    const order = rows.filter((row) => row.leads);
    if (root.by !== undefined) {
      const value = (row) => [row.values[root.by]].flat()[0];
      const none = (row) => value(row) === null || value(row) === "";
      order.sort((a, b) => none(a) - none(b) // what has none stays below
        || root.turn * (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
    }
    order.push(...rows.filter((row) => !row.leads)); // so do sums and means
    return order.map(rowOf);
  };

  const mark = () => {
    for (const row of root.querySelectorAll("tbody tr")) {
      row.setAttribute("aria-selected", String(row.dataset.name === root.chosen));
      if (ticked) row.querySelector("input").checked = root.ticked.includes(row.dataset.name);
    }
  };

  const sorted = (cell, at) => {
    if (root.by === at) cell.setAttribute("aria-sort", root.turn > 0 ? "ascending" : "descending");
    else cell.removeAttribute("aria-sort");
  };

  const heading = (column, at) => {
    const onclick = () => {
      // numbers first from the top, then turned round
      root.turn = root.by === at ? -root.turn : column.number ? -1 : 1;
      root.by = at;
      root.querySelectorAll("thead th:not(.tick)").forEach(sorted);
      root.querySelector("tbody").replaceChildren(...body());
      mark();
    };
    const title = (column.help ? column.help + " " : "") + "Click to sort.";
    const cell = el("th", { class: side(at), scope: "col" },
      el("button", { title, onclick }, column.title));
    sorted(cell, at);
    return cell;
  };

  const made = JSON.stringify([columns, rows, label]);
  if (root.made !== made) {
    root.made = made;
    const corner = el("th", { class: "tick", scope: "col" },
      el("span", { class: "unseen" }, "Compare"));
    const head = el("tr", {}, ...(ticked ? [corner] : []), ...columns.map(heading));
    root.replaceChildren(el("table", { "aria-label": label },
      el("thead", {}, head), el("tbody", {}, ...body())));
  }
  root.chosen = data.chosen;
  // what answers an earlier tick, or comes between, knows nothing of the last one
  const answered = (root.sent ??= []).lastIndexOf(JSON.stringify(ticked ?? []));
  if (answered < 0 || answered === root.sent.length - 1) {
    root.ticked = [...(ticked ?? [])];
    root.sent = [];
  }
  mark();
  if (data.detail && root.awaited && root.awaited === data.chosen) {
    root.awaited = null;
    // no further than needed: the table should stay in view, too; it grows while it is drawn
    const show = () => document.querySelector(`.st-key-${data.detail}`)
      ?.scrollIntoView({ block: "nearest" });
    for (const wait of [100, 400]) setTimeout(show, wait);
  }
}
