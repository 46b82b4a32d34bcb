export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".rows");
  const { columns, rows, label, ticked } = data;
  const side = (at) => (at ? "" : "name") + (columns[at].number ? " number" : "");

  const tickOf = ({ name, title }) => {
    const tick = element("td", "", "tick");
    const box = element("input");
    box.type = "checkbox";
    box.setAttribute("aria-label", `Compare ${title}`);
    const room = element("label"); // a finger needs more than the box
    room.append(box);
    room.onclick = (event) => event.stopPropagation();
    box.onchange = () => {
      root.ticked = root.ticked.filter((other) => other !== name);
      if (box.checked) root.ticked.push(name);
      setTriggerValue("ticked", root.ticked);
    };
    tick.append(room);
    tick.onclick = (event) => event.stopPropagation();
    return tick;
  };

  const nameOf = ({ title, leads, starred }) => {
    const cell = element("th", "", side(0));
    cell.scope = "row";
    cell.title = title;
    const line = element("span");
    if (starred) {
      const star = element("i", "\u2605", "star");
      star.setAttribute("role", "img");
      star.setAttribute("aria-label", "Starred");
      line.append(star);
    }
    line.append(leads ? element("button", title) : title);
    cell.append(line);
    return cell;
  };

  const rowOf = (entry) => {
    const row = element("tr");
    row.dataset.name = entry.name;
    if (ticked) row.append(tickOf(entry));
    row.append(nameOf(entry), ...entry.cells.slice(1).map((text, at) => {
      const cell = element("td", text, side(at + 1));
      if (text.length > 24) cell.title = text;
      return cell;
    }));
    if (!entry.leads) return row;
    row.className = "leads";
    row.onclick = () => {
      root.chosen = root.chosen === entry.name ? null : entry.name;
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
    const cell = element("th", "", side(at));
    cell.scope = "col";
    sorted(cell, at);
    const button = element("button", column.title);
    button.title = (column.help ? column.help + " " : "") + "Click to sort.";
    button.onclick = () => {
      // numbers first from the top, then turned round
      root.turn = root.by === at ? -root.turn : column.number ? -1 : 1;
      root.by = at;
      root.querySelectorAll("thead th:not(.tick)").forEach(sorted);
      root.querySelector("tbody").replaceChildren(...body());
      mark();
    };
    cell.append(button);
    return cell;
  };

  const made = JSON.stringify([columns, rows, label]);
  if (root.made !== made) {
    root.made = made;
    const table = element("table");
    table.setAttribute("aria-label", label);
    const head = element("tr");
    if (ticked) {
      const corner = element("th", "", "tick");
      corner.scope = "col";
      corner.append(element("span", "Compare", "unseen"));
      head.append(corner);
    }
    head.append(...columns.map(heading));
    table.createTHead().append(head);
    table.createTBody().append(...body());
    root.replaceChildren(table);
  }
  root.chosen = data.chosen;
  root.ticked = [...(ticked ?? [])];
  mark();
}
