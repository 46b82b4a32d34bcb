"""A list of layers to change: a component, for widgets in rows would ask the server to move one."""

import json
from collections.abc import Callable

from fmnist.networks.layers import KINDS, fields_of, shape_text
from fmnist.networks.own_network import MOST_BYTES, CheckedLayers
from pages.parts.shared.components.component import register_component, sent_value

_component = register_component(__file__)


def layer_editor(
    layers: list,
    checked: CheckedLayers,
    totals: dict[str, str],
    *,
    key: str,
    version: int,
    revision: int,
    on_change: Callable[[list, int, int], None],
) -> None:
    """Show layers, as their JSON holds them, with what was found of them.

    totals: name -> value, shown below; version: another one replaces what the browser shows by
    `layers`; revision: that of the browser's last change. A change calls `on_change` with the
    layers, which may be anything, the version that they were made of, and their revision.
    """

    def change() -> None:
        sent = sent_value(key, "layers")
        if not isinstance(sent, dict) or not isinstance(sent.get("layers"), list):
            return
        made_of, number = sent.get("version"), sent.get("revision")
        if type(made_of) is type(number) is int and len(json.dumps(sent)) <= MOST_BYTES:
            on_change(sent["layers"], made_of, number)

    _component(
        key=key,
        data={
            "kinds": _KINDS,
            "layers": layers,
            "steps": [
                {
                    "shape": shape_text(step.shape),
                    "sides": step.shape,
                    "parameters": f"{step.parameters:,}" if step.parameters else "",
                    "multiplications": f"{step.multiplications:,}" if step.multiplications else "",
                }
                for step in checked.steps
            ],
            "at": checked.at,
            "fault": checked.fault,
            "totals": list(totals.items()),
            "version": version,
            "revision": revision,
        },
        on_layers_change=change,
    )


# the kinds of layers as the browser needs them
_KINDS = [
    {
        "kind": name,
        "title": kind.title,
        "help": kind.__doc__,
        "picture": kind.picture,
        "flattens": kind.flattens,
        "fields": [
            {
                "name": field.name,
                "help": field.help,
                "value": default,
                "limits": field.limits,
                "choices": dict(field.choices) or None,
                "step": 1 if field.kind is int else 0.05,
            }
            for field, default in zip(
                fields_of(kind).values(), list(kind().to_dict().values())[1:], strict=True
            )
        ],
    }
    for name, kind in KINDS.items()
]
