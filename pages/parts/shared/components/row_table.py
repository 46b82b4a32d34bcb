"""A table of rows to choose by a click or Enter, with boxes that tick several.

`st.dataframe` waits 150 ms before it sends a choice and draws its boxes on a canvas, where a screen
reader does not find them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pages.parts.shared.components.component import register_component, sent_value

MOST_TICKED = 8  # curves in one chart; more are a tangle

_component = register_component(__file__)


@dataclass(frozen=True)
class Column:
    """A column: its title, how its values are written, and a word about it.

    Numbers stand on the right and are sorted from the highest first. A tuple is sorted by its first
    member; None is left out and stays below.
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
    chosen: str | None,
    on_choose: Callable[[str | None], None],
    leading: int | None = None,
    ticked: list[str] | None = None,
    on_tick: Callable[[list[str]], None] | None = None,
    detail: str | None = None,
) -> None:
    """Show `rows`: column name -> value, and "starred" where a star stands before the name,
    "title" where that stands for it.

    The first column is the row's name, by which rows are told apart. label: read out for the table;
    leading: how many rows can be chosen, None for all; ticked: rows with ticked boxes, None for a
    table without boxes. A click calls `on_choose` with the row's name, None where it was chosen
    already; a tick calls `on_tick` with the last `MOST_TICKED` names in the order of their ticks.
    detail: key of the container below that shows the chosen row, which a click brings into view
    """
    first = next(iter(columns))
    names = {row[first] for row in rows[:leading]}

    def choose() -> None:
        name = sent_value(key, "chosen")
        # a browser may send anything
        on_choose(name if isinstance(name, str) and name in names else None)

    def tick() -> None:
        if on_tick:
            on_tick(known(sent_value(key, "ticked"), names))

    _component(
        key=key,
        data={
            "columns": [
                {
                    "title": column.title,
                    "help": column.help,
                    "number": any(not isinstance(row[name], str | None) for row in rows),
                }
                for name, column in columns.items()
            ],
            "rows": [
                {
                    "name": row[first],
                    "title": row.get("title", row[first]),
                    "leads": row[first] in names,
                    "starred": row.get("starred", False),
                    "cells": [
                        "" if row[name] is None else column.text(row[name])
                        for name, column in columns.items()
                    ],
                    # by which it is sorted: what is seen
                    "values": [row.get("title", row[first]), *(row[n] for n in [*columns][1:])],
                }
                for row in rows
            ],
            "chosen": chosen if chosen in names else None,
            "ticked": None if ticked is None else [name for name in ticked if name in names],
            "label": label,
            "detail": detail,
        },
        on_chosen_change=choose,
        on_ticked_change=tick,
    )


def known(sent: object, names: set[str]) -> list[str]:
    """The names that a browser has sent, as far as they are some: each once, the last ones."""
    sent = sent if isinstance(sent, list) else []
    found = dict.fromkeys(name for name in sent if isinstance(name, str) and name in names)
    return list(found)[-MOST_TICKED:]
