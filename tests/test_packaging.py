"""`pip install .` gives the package, the dataset, the shipped runs and a console command."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from packaging.version import Version

from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def read_pins(*names: str) -> dict[str, Version]:
    """What requirement files pin: package -> version."""
    lines = (line for name in names for line in (ROOT / name).read_text("utf-8").splitlines())
    pins = [re.match(r"([\w.-]+)==([^\s;]+)", line) for line in lines]
    return {pin[1].lower(): Version(pin[2]) for pin in pins if pin}


def test_no_pinned_version_has_a_known_weakness():
    pins = read_pins("requirements.txt", "requirements-dev.txt")
    known = (ROOT / ".ci" / "advisories.txt").read_text("utf-8").splitlines()
    for line in known:
        if not line.startswith("#"):
            package, mended, advisory = line.split()
            assert pins[package] >= Version(mended), f"{package}: {advisory}"


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """An environment with nothing but the project, and what it needs from this environment."""
    place = tmp_path_factory.mktemp("installed")
    source = place / "source"
    kept = subprocess.run(
        [
            "git",
            "ls-files",
            "-z",
            "fmnist",
            "pyproject.toml",
            "requirements.txt",
            "README.md",
            "LICENSE",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, kept):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    subprocess.run([sys.executable, "-m", "venv", place / "env"], check=True)
    python = place / "env" / "bin" / "python"
    inside = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    command = [python, "-m", "pip", "install", "-q", "--no-deps", source]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    # its dependencies, which would take minutes to install anew
    Path(inside, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place / "env" / "bin"


def run(installed: Path, *arguments: str, cwd: Path) -> str:
    """What `fmnist` prints, away from the checkout."""
    environment = {k: v for k, v in os.environ.items() if k not in ("FMNIST_RUNS", "PYTHONPATH")}
    done = subprocess.run(
        [installed / "fmnist", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_command_lists_the_shipped_runs(installed, tmp_path):
    assert [line.split()[0] for line in run(installed, "runs", cwd=tmp_path).splitlines()] == [
        "robust",
        "accurate",
        "seed-cnn",
    ]


def test_the_installed_command_classifies(installed, tmp_path):
    picture = ROOT / "docs" / "classify.png"
    answer = json.loads(run(installed, "classify", str(picture), "--json", cwd=tmp_path))
    assert answer["verdict"] in ("confident", "unsure", "not_clothing")


def test_the_whole_dataset_is_installed(installed, tmp_path):
    code = "from fmnist import data; print(len(data.load('train').labels), data.__file__)"
    done = subprocess.run(
        [installed / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    count, file = done.stdout.split()
    assert count == "60000"
    assert Path(file).is_relative_to(installed.parent)
