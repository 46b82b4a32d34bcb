"""A table whose rows lead somewhere: a click or Enter on a row says which one it was.

`st.dataframe` can choose rows too, but its client waits 150 ms before it sends a choice, and its
boxes are drawn on a canvas, where neither a finger on a phone nor a screen reader finds them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

CSS = """
.rows { width: 100%; overflow-x: auto; border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius); }
.rows table { width: 100%; border-collapse: collapse; font-family: var(--st-font);
  font-size: 0.875rem; color: var(--st-text-color); font-variant-numeric: tabular-nums; }
.rows th, .rows td { padding: 0.42rem 0.42rem; text-align: left; white-space: nowrap; }
.rows th:first-child { padding-left: 0.6rem; }
.rows th:last-child, .rows td:last-child { padding-right: 0.6rem; }
.rows .number { text-align: right; }
.rows thead { background: var(--st-dataframe-header-background-color); }
.rows thead button { all: unset; cursor: pointer; opacity: 0.75; }
.rows thead button:hover { opacity: 1; }
.rows tbody tr { border-top: 1px solid var(--st-border-color-light); }
.rows tbody th { font-weight: 400; }
.rows tbody th button { all: unset; cursor: pointer; }
.rows tbody tr.leads { cursor: pointer; }
.rows tbody tr.leads:hover { background: var(--st-secondary-background-color); }
.rows tbody tr[aria-selected="true"] { background: var(--st-secondary-background-color);
  box-shadow: inset 3px 0 var(--st-primary-color); }
.rows button:focus-visible { outline: 2px solid var(--st-primary-color); }
"""

JS = """
const element = (name, text, className) => {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".rows");
  const { columns, rows, selected, label } = data;
  const side = (at) => (columns[at].number ? "number" : "");

  const body = () => {
    const order = rows.map((_, at) => at).filter((at) => rows[at].leads);
    if (root.by !== undefined) {
      const value = (at) => [rows[at].values[root.by]].flat()[0];
      order.sort((a, b) => root.turn * (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
    }
    rows.forEach((row, at) => row.leads || order.push(at));  // sums and means stay below
    return order.map((at) => {
      const row = document.createElement("tr");
      row.dataset.at = at;
      row.className = rows[at].leads ? "leads" : "";
      row.append(...rows[at].cells.map((text, column) => {
        const cell = element(column ? "td" : "th", "", side(column));
        if (column) cell.textContent = text;
        else {
          cell.scope = "row";
          cell.append(rows[at].leads ? element("button", text) : text);
        }
        return cell;
      }));
      return row;
    });
  };

  const mark = () => {
    for (const row of root.querySelectorAll("tbody tr")) {
      const chosen = Number(row.dataset.at) === root.selected;
      row.setAttribute("aria-selected", String(chosen));
      if (!row.classList.contains("leads")) continue;
      row.onclick = () => {
        root.selected = chosen ? null : Number(row.dataset.at);
        mark();  // at once; the pictures follow
        setTriggerValue("chosen", chosen ? -1 : Number(row.dataset.at));
      };
    }
  };

  const made = JSON.stringify([columns, rows, label]);
  if (root.made !== made) {
    root.made = made;
    root.by = undefined;
    const table = document.createElement("table");
    table.setAttribute("aria-label", label);
    const head = document.createElement("tr");
    head.append(...columns.map((column, at) => {
      const cell = element("th", "", side(at));
      cell.scope = "col";
      const button = element("button", column.title);
      button.title = (column.help ? column.help + " " : "") + "Click to sort.";
      button.onclick = () => {
        // numbers first from the top, then turned round
        root.turn = root.by === at ? -root.turn : column.number ? -1 : 1;
        root.by = at;
        for (const other of head.children) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", root.turn > 0 ? "ascending" : "descending");
        table.tBodies[0].replaceChildren(...body());
        mark();
      };
      cell.append(button);
      return cell;
    }));
    table.createTHead().append(head);
    table.createTBody().append(...body());
    root.replaceChildren(table);
  }
  root.selected = selected;
  mark();
}
"""

_component = st.components.v2.component(
    "fmnist_rows", html='<div class="rows"></div>', css=CSS, js=JS
)


@dataclass(frozen=True)
class Column:
    """A column: its title, how its values are written, and a word about it.

    Numbers stand on the right and are sorted from the highest first. A tuple is sorted by its first
    member, None is left out.
    """

    title: str
    text: Callable[[object], str] = str
    help: str = ""


def row_table(
    columns: dict[str, Column],
    rows: list[dict],
    *,
    key: str,
    label: str,
    on_choose: Callable[[int | None], None],
    selected: int | None = None,
    leading: int | None = None,
) -> None:
    """Show `rows`, at least one: column name -> value. A click calls `on_choose`, then the page.

    on_choose: called with the row's place in `rows`, None where the chosen one was clicked again
    selected: place of the row to be marked as chosen; leading: how many rows, from the first on,
    can be chosen, None for all; label: read out for the table
    """
    leading = len(rows) if leading is None else leading
    numeric = {name: not isinstance(rows[0][name], str) for name in columns}

    def chosen() -> None:
        at = st.session_state[key].get("chosen")
        # a browser may send anything
        on_choose(at if type(at) is int and 0 <= at < leading else None)

    _component(
        key=key,
        data={
            "columns": [
                {"title": column.title, "help": column.help, "number": numeric[name]}
                for name, column in columns.items()
            ],
            "rows": [
                {
                    "cells": [
                        "" if row[name] is None else column.text(row[name])
                        for name, column in columns.items()
                    ],
                    "values": [row[name] for name in columns],
                    "leads": at < leading,
                }
                for at, row in enumerate(rows)
            ],
            "selected": selected,
            "label": label,
        },
        on_chosen_change=chosen,
    )
