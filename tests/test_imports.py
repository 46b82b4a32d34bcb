"""What must not be imported where: the contracts of pyproject.toml, and no TensorFlow on a page."""

import ast
import importlib.util
import inspect
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fmnist
from tests.conftest import ROOT, run_python

MODULES = [module.name for module in pkgutil.walk_packages(fmnist.__path__, "fmnist.")]
PAGES = ["app.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py"))]

RUN_PAGES = """
import sys
from streamlit.testing.v1 import AppTest
for page in sys.argv[1:]:
    app = AppTest.from_file(page, default_timeout=300).run()
    assert not app.exception, app.exception
    assert app.title, f"{page} drew nothing"
    heavy = {"tensorflow", "keras", "distributed", "dask", "pi_heif"}
    heavy |= {"matplotlib", "scipy", "sklearn"}
    if page == "app.py":  # the first, and what a visitor to a new server waits for
        heavy |= {"altair", "pandas", "pyarrow"}
    heavy &= set(sys.modules)
    assert not heavy, f"{page} imported {heavy}"
    print(page)
"""


def test_importing_the_package_imports_no_tensorflow():
    code = "import fmnist, sys; print({'tensorflow', 'keras', 'streamlit'} & set(sys.modules))"
    assert run_python("-c", code, check=True).stdout == "set()\n"


def test_no_page_imports_tensorflow():
    done = run_python("-c", RUN_PAGES, *PAGES)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == PAGES


def lint(place: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter in a checkout."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(
        command, cwd=place, capture_output=True, text=True, timeout=120, check=False
    )


def test_packages_import_downwards_only():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "arrow", "named"),
    [
        (
            "fmnist/images/display.py",
            "from fmnist.inference import answer",
            "fmnist.inference.answer",
        ),
        ("fmnist/data.py", "import streamlit", "fmnist.data -> streamlit"),
        ("fmnist/analysis/mistakes.py", "import keras", "fmnist.analysis.mistakes -> keras"),
        (
            "pages/parts/report/export.py",
            "from pages.parts.train import live_view",
            "pages.parts.train",
        ),
    ],
)
def test_a_wrong_arrow_is_named(tmp_path, file, arrow, named):
    for source in ("fmnist", "pages"):
        shutil.copytree(
            ROOT / source,
            tmp_path / source,
            ignore=lambda _, names: (
                {name for name in names if "." in name and not name.endswith(".py")}
                | {"shipped", "__pycache__"}
            ),
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a") as text:
        text.write(f"\n{arrow}\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert named in done.stdout


def test_every_file_is_looked_at():
    files = [path for path in (ROOT / "fmnist").rglob("*.py") if path.parent != ROOT / "fmnist"]
    singles = [path for path in (ROOT / "fmnist").glob("*.py") if path.name != "__init__.py"]
    assert len(MODULES) == len(files) + len(singles)


def test_no_room_is_full():
    for folder in {
        path.parent for top in ("fmnist", "pages") for path in (ROOT / top).rglob("*.py")
    }:
        files = list(folder.glob("*.py"))
        assert len(files) <= (10 if folder == ROOT / "fmnist" else 12), folder
        assert all(len(path.read_text("utf-8").splitlines()) <= 300 for path in files), folder


@pytest.mark.parametrize("name", MODULES)
def test_what_has_no_underscore_is_documented(name):
    tree = ast.parse(Path(importlib.util.find_spec(name).origin).read_text("utf-8"))
    assert ast.get_docstring(tree)
    definitions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    for parent in definitions:
        if parent.name.startswith("_"):
            continue
        assert ast.get_docstring(parent), f"{name}.{parent.name} has no docstring"
        for node in parent.body if isinstance(parent, ast.ClassDef) else ():
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                kind = getattr(importlib.import_module(name), parent.name)
                # of an override, that of what it overrides
                documented = inspect.getdoc(getattr(kind, node.name))
                assert documented, f"{parent.name}.{node.name} has no docstring"
