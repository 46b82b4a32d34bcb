"""Draw the packages into docs/architecture.md, from the code itself.

    .venv/bin/python docs/make_architecture.py

What stands between the two markers is made anew; a test fails where it is out of date.
"""

import ast
import sys
from collections import Counter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- made by docs/make_architecture.py -->\n", "<!-- end of what is made -->\n"
PACKAGES = [  # from the top down, as in the contract in pyproject.toml
    *("cli", "bench", "charts", "planning", "collections", "sweeps", "jobs", "analysis"),
    *("training", "inference", "runs", "images", "augmentation", "networks", "metrics"),
]
SINGLE = ["settings", "setting_fields", "data", "files", "machine", "processes", "access", "errors"]


def first_sentence(path: Path) -> str:
    """What a module's docstring says in its first line."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]


def draw_graph() -> str:
    """The packages as a Mermaid graph; arrows that another way already implies are left out."""
    graph = grimp.build_graph("fmnist")
    room = {
        module: module.split(".")[1] for module in graph.modules if module.count(".") and module
    }
    weights = Counter(
        (room[a], room[b])
        for a in room
        for b in graph.find_modules_directly_imported_by(a)
        if b in room and room[a] != room[b] and room[b] in PACKAGES and room[a] in PACKAGES
    )
    direct = {a: {b for (x, b) in weights if x == a} for a in PACKAGES}

    def reached(start: str, skip: str) -> set[str]:
        found, todo = set(), [n for n in direct[start] if n != skip]
        while todo:
            if (name := todo.pop()) not in found:
                found.add(name)
                todo += direct[name]
        return found

    lines = [
        f"    {a} --> {b}"
        for a in PACKAGES
        for b in PACKAGES
        if b in direct[a] and b not in reached(a, b)
    ]
    return "```mermaid\nflowchart TD\n" + "\n".join(lines) + "\n```\n"


def list_modules() -> str:
    """Every package with what its docstring says, and every module with its first line."""
    parts = []
    for name in PACKAGES:
        folder = ROOT / "fmnist" / name
        parts.append(f"### {name}/\n\n{first_sentence(folder / '__init__.py')}\n")
        parts.append(
            "".join(
                f"- `{path.relative_to(folder)}`: {first_sentence(path)}\n"
                for path in sorted(folder.rglob("*.py"))
                if path.name != "__init__.py"
            )
        )
    parts.append("### Single modules\n")
    parts.append(
        "".join(f"- `{n}.py`: {first_sentence(ROOT / 'fmnist' / f'{n}.py')}\n" for n in SINGLE)
    )
    parts.append("### pages/\n")
    parts.append(
        "".join(
            f"- `{path.relative_to(ROOT / 'pages')}`: {first_sentence(path)}\n"
            for path in sorted((ROOT / "pages").rglob("*.py"))
            if path.name != "__init__.py"
        )
    )
    return "\n".join(parts)


def made() -> str:
    """Everything between the markers."""
    return draw_graph() + "\n" + list_modules()


def main() -> None:
    """Write it into the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    DOCUMENT.write_text(head + BEGIN + made() + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
