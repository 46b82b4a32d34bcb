"""What must not be imported where: no TensorFlow in the web process, no Streamlit in fmnist."""

import ast
import importlib
import pkgutil
import subprocess
import sys

import pytest

import fmnist
from tests.conftest import ROOT

MODULES = [f"fmnist.{module.name}" for module in pkgutil.iter_modules(fmnist.__path__)]
PAGES = ["app.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py"))]

RUN_PAGES = """
import sys
from streamlit.testing.v1 import AppTest
for page in sys.argv[1:]:
    app = AppTest.from_file(page, default_timeout=300).run()
    assert not app.exception, app.exception
    assert app.title, f"{page} drew nothing"
    heavy = {"tensorflow", "keras"} & set(sys.modules)
    assert not heavy, f"{page} imported {heavy}"
    print(page)
"""


def fresh(code, *arguments):
    """Run code in a new interpreter and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_imports_no_tensorflow():
    code = "import fmnist, sys; print({'tensorflow', 'keras', 'streamlit'} & set(sys.modules))"
    assert fresh(code) == "set()"


def test_no_page_imports_tensorflow():
    assert fresh(RUN_PAGES, *PAGES).split() == PAGES


@pytest.mark.parametrize("name", MODULES)
def test_package_knows_no_streamlit(name):
    path = ROOT / f"{name.replace('.', '/')}.py"
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert not imported & {"streamlit", "streamlit_drawable_canvas", "pages"}


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_public_names_exist_and_are_documented(name):
    module = importlib.import_module(name)
    assert module.__doc__
    for public in module.__all__:
        value = getattr(module, public)
        if callable(value):
            assert value.__doc__, f"{name}.{public} has no docstring"
