"""The table of runs: a click on a row says which run is looked at, ticks which are compared.

An own table for the reasons of `row_table`: `st.dataframe` draws its boxes on a canvas, where
neither a finger on a phone nor a screen reader finds them. Runs are told apart by name, so that
another order or another list leaves the choice as it is.
"""

from collections.abc import Callable

import streamlit as st

from pages.parts.row_table import Column

MOST_COMPARED = 8  # curves in one chart; more are a tangle

CSS = """
.runs { width: 100%; max-height: 26rem; overflow: auto; border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius); container-type: inline-size; }
.runs table { width: 100%; border-collapse: separate; border-spacing: 0;
  font-family: var(--st-font); font-size: 0.875rem; color: var(--st-text-color);
  font-variant-numeric: tabular-nums; }
.runs th, .runs td { padding: 0.42rem 0.5rem; text-align: left; white-space: nowrap; }
.runs td { max-width: 18rem; overflow: hidden; text-overflow: ellipsis; }
.runs .number { text-align: right; }
.runs thead th { position: sticky; top: 0; z-index: 2; font-weight: 400;
  background: var(--st-secondary-background-color); }
.runs thead button { all: unset; cursor: pointer; opacity: 0.8; }
.runs thead button:hover { opacity: 1; }
.runs tbody tr > * { border-top: 1px solid var(--st-border-color-light);
  background: var(--st-background-color); }
.runs tbody th { font-weight: 400; }
.runs .name span { display: flex; gap: 0.25rem; max-width: 18rem; }
.runs .name span button { all: unset; cursor: pointer; overflow: hidden; text-overflow: ellipsis; }
.runs tbody tr { cursor: pointer; }
.runs tbody tr:hover > *, .runs tbody tr[aria-selected="true"] > * {
  background: var(--st-secondary-background-color); }
.runs tbody tr[aria-selected="true"] .tick { box-shadow: inset 3px 0 var(--st-primary-color); }
/* which run it is stays in sight while the rest is scrolled sideways */
.runs .tick { position: sticky; left: 0; z-index: 1; padding: 0; min-width: 2.4rem;
  cursor: default; }
.runs .name { position: sticky; left: 2.4rem; z-index: 1; padding-left: 0; }
.runs thead .tick, .runs thead .name { z-index: 3; }
.runs .tick label { display: block; padding: 0.42rem 0 0.42rem 0.8rem; cursor: pointer; }
.runs .tick input { margin: 0; width: 1rem; height: 1rem; vertical-align: middle;
  accent-color: var(--st-primary-color); cursor: pointer; }
.runs .star { color: var(--st-orange-color, #d97706); flex: none; }
.runs button:focus-visible, .runs input:focus-visible {
  outline: 2px solid var(--st-primary-color); }
@container (max-width: 32rem) {
  .runs .name span { max-width: 9rem; }
  .runs th, .runs td { padding-top: 0.6rem; padding-bottom: 0.6rem; }
}
"""

JS = """
const element = (name, text, className) => {
  const made = document.createElement(name);
  made.textContent = text ?? "";
  if (className) made.className = className;
  return made;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".runs");
  const { columns, rows, label } = data;
  const side = (at) => (columns[at].number ? "number" : "");

  const rowOf = (run) => {
    const row = document.createElement("tr");
    row.dataset.name = run.name;
    const tick = element("td", "", "tick");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.setAttribute("aria-label", `Compare ${run.name}`);
    const room = document.createElement("label");  // a finger needs more than the box
    room.append(box);
    room.onclick = (event) => event.stopPropagation();
    box.onchange = () => {
      root.compared = root.compared.filter((name) => name !== run.name);
      if (box.checked) root.compared.push(run.name);
      setTriggerValue("compared", root.compared);
    };
    tick.append(room);
    tick.onclick = (event) => event.stopPropagation();
    const name = element("th", "", "name");
    name.scope = "row";
    name.title = run.name;
    const line = document.createElement("span");
    if (run.starred) {
      const star = element("i", "\\u2605", "star");
      star.setAttribute("role", "img");
      star.setAttribute("aria-label", "Starred");
      line.append(star);
    }
    line.append(element("button", run.name));
    name.append(line);
    row.append(tick, name, ...run.cells.map((text, at) => {
      const cell = element("td", text, side(at));
      if (text.length > 24) cell.title = text;
      return cell;
    }));
    row.onclick = () => {
      root.chosen = root.chosen === run.name ? null : run.name;
      mark();  // at once; the rest of the page follows
      setTriggerValue("chosen", root.chosen ?? "");
    };
    return row;
  };

  const body = () => {
    const order = [...rows];
    if (root.by !== undefined) {
      const value = (run) => (root.by < 0 ? run.name : run.values[root.by]);
      const none = (run) => value(run) === null || value(run) === "";
      order.sort((a, b) => none(a) - none(b)  // what has none stays below
        || root.turn * (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
    }
    return order.map(rowOf);
  };

  const mark = () => {
    for (const row of root.querySelectorAll("tbody tr")) {
      row.setAttribute("aria-selected", String(row.dataset.name === root.chosen));
      row.querySelector("input").checked = root.compared.includes(row.dataset.name);
    }
  };

  const heading = (title, help, at, className) => {
    const cell = element("th", "", className);
    cell.scope = "col";
    const button = element("button", title);
    button.title = (help ? help + " " : "") + "Click to sort.";
    button.onclick = () => {
      // numbers first from the top, then turned round
      root.turn = root.by === at ? -root.turn : at >= 0 && columns[at].number ? -1 : 1;
      root.by = at;
      for (const other of cell.parentElement.children) other.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", root.turn > 0 ? "ascending" : "descending");
      root.querySelector("tbody").replaceChildren(...body());
      mark();
    };
    cell.append(button);
    return cell;
  };

  const made = JSON.stringify([columns, rows, label]);
  if (root.made !== made) {
    root.made = made;
    const table = document.createElement("table");
    table.setAttribute("aria-label", label);
    const head = document.createElement("tr");
    const corner = element("th", "", "tick");
    corner.setAttribute("aria-label", "Compare");
    head.append(corner, heading("Run", "", -1, "name"),
      ...columns.map((column, at) => heading(column.title, column.help, at, side(at))));
    table.createTHead().append(head);
    if (root.by !== undefined) {
      head.children[root.by + 2].setAttribute(
        "aria-sort", root.turn > 0 ? "ascending" : "descending");
    }
    const rowsPart = table.createTBody();
    rowsPart.append(...body());
    root.replaceChildren(table);
  }
  root.chosen = data.chosen;
  root.compared = [...data.compared];
  mark();
}
"""

_component = st.components.v2.component(
    "fmnist_runs", html='<div class="runs"></div>', css=CSS, js=JS
)


def run_table(
    columns: dict[str, Column],
    rows: list[dict],
    *,
    key: str,
    label: str,
    chosen: str | None,
    compared: list[str],
    on_choose: Callable[[str | None], None],
    on_compare: Callable[[list[str]], None],
) -> None:
    """Show `rows`: column name -> value, and "name" and "starred". Numbers stand on the right.

    chosen: the run whose row is marked; compared: those that are ticked; label: read out for the
    table. A click on a row calls `on_choose` with its name, None where it was chosen already; a
    tick calls `on_compare` with the names in the order they were ticked, MOST_COMPARED at most.
    """
    names = {row["name"] for row in rows}

    def choose() -> None:
        name = st.session_state[key].get("chosen")
        # a browser may send anything
        on_choose(name if isinstance(name, str) and name in names else None)

    def compare() -> None:
        on_compare(known(st.session_state[key].get("compared"), names))

    _component(
        key=key,
        data={
            "columns": [
                {
                    "title": column.title,
                    "help": column.help,
                    "number": any(type(row[name]) in (int, float) for row in rows),
                }
                for name, column in columns.items()
            ],
            "rows": [
                {
                    "name": row["name"],
                    "starred": row["starred"],
                    "cells": [
                        "" if row[name] is None else column.text(row[name])
                        for name, column in columns.items()
                    ],
                    "values": [row[name] for name in columns],
                }
                for row in rows
            ],
            "chosen": chosen if chosen in names else None,
            "compared": [name for name in compared if name in names],
            "label": label,
        },
        on_chosen_change=choose,
        on_compared_change=compare,
    )


def known(sent: object, names: set[str]) -> list[str]:
    """The names that a browser has sent, as far as they are some: each once, the last ones."""
    sent = sent if isinstance(sent, list) else []
    found = dict.fromkeys(name for name in sent if isinstance(name, str) and name in names)
    return list(found)[-MOST_COMPARED:]
