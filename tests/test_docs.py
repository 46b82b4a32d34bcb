"""What README and docs say is so: commands, files and code exist, numbers are those of the runs."""

import argparse
import gzip
import io
import json
import re
import sys
import tarfile

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from fmnist.cli import analyses
from fmnist.cli.main import _parser
from fmnist.collections.folders import list_labelled_images
from fmnist.metrics.report import wilson_interval
from fmnist.networks import architectures
from fmnist.networks.own_network import read_layers
from fmnist.runs.library import find_run
from pages.parts.shared import frame
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CLI = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(text: str, heading: str, language: str = "sh") -> list[str]:
    """The code blocks under a heading."""
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def test_the_readme_is_one_screen_or_four():
    assert len(README.splitlines()) <= 130


@pytest.mark.parametrize("heading", ["Open the app", "Run the tests"])
def test_each_of_the_two_commands_is_one_line(heading):
    (command,) = blocks(README, heading)
    assert command.count("\n") == 1
    assert command.startswith("python3 -m venv .venv && .venv/bin/python -m pip install -r ")


def test_ci_runs_the_readmes_own_test_command():
    script = (ROOT / ".ci" / "run").read_text()
    assert '"## Run the tests"' in script
    assert "README.md" in script


def test_every_command_shown_is_accepted():
    lines = re.search(r"```sh\n(.*?)```", CLI, re.DOTALL).group(1).splitlines()
    assert len(lines) >= 20
    for line in lines:
        words = line.split("#")[0].split()
        assert words[:3] == [".venv/bin/python", "-m", "fmnist"]
        _parser().parse_args(words[3:])


def test_the_layers_shown_are_a_network():
    (text,) = blocks(CLI, "Training", "json")
    assert len(read_layers(json.loads(text), batch_size=64)) == 5


def test_every_command_is_shown():
    commands = _parser()._subparsers._group_actions[0].choices
    assert all(f"-m fmnist {name}" in CLI for name in commands)


def test_every_command_in_the_results_is_accepted():
    commands = re.findall(r"`python -m fmnist ([^`]*)`", README + RESULTS)
    assert len(commands) > 20
    for command in commands:
        _parser().parse_args(command.replace("NAME", "cnn").split())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_named_exists(document):
    text = document.read_text(encoding="utf-8")
    for name in re.findall(r"\]\(([^):#]+)\)|src=\"([^\"]+)\"", text):
        assert (document.parent / "".join(name)).exists(), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_module_named_exists(document):
    text = document.read_text(encoding="utf-8").split("<!-- made by")[0]
    for name in re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", text):
        assert (ROOT / name).is_file() or (ROOT / "fmnist" / name).is_file() or "name" in name, name


def test_every_package_stands_in_the_readme():
    packages = {path.parent.name for path in (ROOT / "fmnist").glob("*/__init__.py")}
    assert len(packages) == 15
    layout = README.split("How the code is laid out\n")[1].split("\n\n[")[0]
    assert packages == set(re.findall(r"\b(\w+)/", layout)) & packages


def test_the_packages_are_drawn_as_they_are(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import make_architecture

    text = make_architecture.DOCUMENT.read_text(encoding="utf-8")
    drawn = text.split(make_architecture.BEGIN)[1].split(make_architecture.END)[0]
    assert drawn == make_architecture.made(), "run: python docs/make_architecture.py"
    named = set(re.findall(r"^- `([\w/]+\.py)`", drawn, re.MULTILINE))
    files = [*(ROOT / "fmnist").glob("*/*.py")]
    assert {path.name for path in files} - {"__init__.py"} <= named


@pytest.mark.parametrize("name", ["seed-cnn", "robust", "accurate"])
def test_numbers_are_those_of_the_shipped_runs(name):
    run = find_run(name)
    accuracy = run.scores["test_accuracy"]
    low, high = wilson_interval(round(accuracy * 10_000), 10_000)
    for text in (README, RESULTS):
        assert f"{100 * accuracy:.2f} % of n = 10,000 test images" in text
        assert f"{run.info['parameters']:,}" in text
    assert f"(95 % interval {100 * low:.2f} to {100 * high:.2f} %)" in RESULTS
    assert f"{100 * run.scores['validation_accuracy']:.2f} % of n = 5,000" in RESULTS


def test_loss_and_training_times_are_those_of_the_shipped_runs():
    seed, robust, accurate = map(find_run, ("seed-cnn", "robust", "accurate"))
    assert f"{seed.scores['test_loss']:.4f}" in RESULTS
    assert f"{seed.info['train_seconds']:.0f} s for ten epochs" in RESULTS
    for run in (robust, accurate):
        assert f"{run.info['train_seconds']:,.0f} s for {run.settings.epochs} epochs" in RESULTS


# --- what CONTRIBUTING.md shows


@pytest.mark.slow
def test_the_network_shown_can_be_built(monkeypatch):
    monkeypatch.setattr(architectures, "NETWORKS", dict(architectures.NETWORKS))
    (code,) = blocks(CONTRIBUTING, "Add a network", "python")
    exec(code, vars(architectures))
    model = architectures.NETWORKS["dense"].builder()
    assert model.output_shape == (None, 10)
    assert f"{model.count_params():,} parameters" in code


def test_the_command_shown_runs():
    (code,) = blocks(CONTRIBUTING, "Add a command", "python")
    module = dict(vars(analyses))  # with what its commands use
    exec(code, module)
    parser = argparse.ArgumentParser()
    module["add_to"](parser.add_subparsers())
    options = parser.parse_args(["name"])
    assert options.run_command(options) == 0


def test_the_page_shown_is_in_the_menu(tmp_path):
    (code,) = blocks(CONTRIBUTING, "Add a page", "python")
    (tmp_path / "name.py").write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "import streamlit as st\nfrom pages.parts.shared import frame\n"
        "run = frame.open_page('Name', 'One line.', 'An idea.')\nst.header(run.name)\n"
    )
    script = (
        "from pathlib import Path\nimport streamlit as st\n"
        f"PAGES_DIR = Path({str(tmp_path)!r})\n"
        f"page = st.navigation([{code}])\nfrom pages.parts.shared import frame\n"
        "frame.draw_head()\npage.run()\n"
    )
    (tmp_path / "app.py").write_text(script)
    app = AppTest.from_file(str(tmp_path / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert app.title[0].value == "Name"
    assert app.header[0].value == "robust"
    assert frame.__name__ in sys.modules


def test_doodles_become_a_labelled_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import make_quick_draw

    drawing = np.zeros((28, 28))
    drawing[4, 2:27] = 1
    drawing[4:20, 27] = 0.25  # a line along the edge; the package has lost its other 0.75
    kinds = [*make_quick_draw.GARMENTS, *make_quick_draw.OTHER_CLOTHES]
    with tarfile.open(tmp_path / "package.tgz", "w:gz") as archive:
        for kind in [*kinds, *make_quick_draw.OTHER_THINGS]:
            line = json.dumps(drawing.ravel().tolist())
            data = gzip.compress(f"{line}\n{line}\n{line}\n".encode())
            member = tarfile.TarInfo(f"package/src/drawings/{kind}.ndjson.gz")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    assert make_quick_draw.restore_edges(drawing)[10].tolist() == [0] * 27 + [0.25, 0.75]
    make_quick_draw.main(tmp_path / "package.tgz", tmp_path)
    assert "chosen: 66 drawings" in capsys.readouterr().out  # two of each of 33 kinds
    chosen, kept = (list_labelled_images(tmp_path / part) for part in ("chosen", "kept"))
    assert (len(chosen), len(kept)) == (66, 33)
    assert {picture.label_id for picture in kept} == {-1, 0, 1, 2, 4, 5, 7, 8}
    pixels = np.asarray(Image.open(tmp_path / "chosen" / "t-shirt-000.png"))
    assert pixels.shape == (330, 330)
    assert pixels.max() == 255
    rows, columns = np.nonzero(pixels < 128)  # from the line's first point to its last
    corner = np.array([rows.min(), columns.min(), columns.max()])
    assert abs(corner - [65, 45, 305]).max() < 10  # the middle of its pixels, a stroke's half wide
