"""What is known of the machine, and how a training behaves on it."""

import os
import platform
from pathlib import Path

import pytest

from fmnist import machine
from tests.conftest import run_python

STEP_BACK = """
import os
from pathlib import Path
from fmnist import machine
before = os.nice(0)
machine.step_back()
group = Path("/proc/self/autogroup")
print(os.nice(0) - before, group.read_text().split()[-1] if group.exists() else "none")
"""


@pytest.mark.skipif(not hasattr(os, "nice"), reason="this system has no niceness")
def test_a_training_beside_the_pages_steps_back_and_so_does_its_session():
    # in a session of its own, as trainings are
    done = run_python("-c", STEP_BACK, start_new_session=True, check=True)
    niceness, group = done.stdout.split()
    assert int(niceness) == min(machine.NICENESS, 19 - os.nice(0))
    assert group in ("none", str(machine.NICENESS))


@pytest.mark.skipif(not hasattr(os, "nice"), reason="this system has no niceness")
def test_a_terminal_in_which_a_training_is_started_is_as_quick_as_before():
    code = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {STEP_BACK!r}], check=True)"
    )
    done = run_python("-c", code, start_new_session=True, check=True)
    assert done.stdout.split()[1] in ("none", "0")


KEPT = """
import sys
import numpy as np
from fmnist import machine
if sys.argv[1] == "kept":
    machine.keep_memory()
faults = lambda: int(open("/proc/self/stat").read().rpartition(")")[2].split()[7])
once = np.ones(4_000_000)
del once
before = faults()
for _ in range(5):
    again = np.ones(4_000_000)
    del again
print(faults() - before)
"""


def page_faults(how: str) -> int:
    """How often the system was asked for a page of 160 MB that were freed just before."""
    return int(run_python("-c", KEPT, how, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left alone")
def test_freed_memory_is_kept_for_the_next_step():
    assert page_faults("kept") < page_faults("given back") / 5


def test_memory_can_be_kept_where_the_c_library_is_another(monkeypatch):
    asked = []

    def missing(name):
        asked.append(name)
        raise OSError("cannot open shared object file")

    monkeypatch.setattr(machine.ctypes, "CDLL", missing)
    machine.keep_memory()
    assert asked == ["libc.so.6"]


@pytest.mark.parametrize(
    ("flags", "able"),
    [
        ("fpu sse2 avx512f avx512_bf16 amx_tile", True),
        ("fpu sse2 amx_bf16 amx_tile", True),
        ("fpu sse2 avx512f avx512_vnni amx_int8", False),
        (None, False),  # no Linux
    ],
)
def test_the_processors_own_flags_say_whether_it_multiplies_bfloat16(monkeypatch, flags, able):
    def read_text(path):
        assert path == Path("/proc/cpuinfo")
        if flags is None:
            raise FileNotFoundError
        return f"processor\t: 0\nmodel name\t: avx512_bf16 9000\nflags\t\t: {flags}\nbugs\t\t:\n"

    monkeypatch.setattr(machine.Path, "read_text", read_text)
    assert machine.multiplies_bfloat16() == able


def test_a_machine_is_described_without_its_name():
    found = machine.describe_machine()
    assert found["cores"] >= 1
    assert found["memory_gib"] > 0
    assert os.uname().nodename not in str(found) if hasattr(os, "uname") else True
    assert {"python", "tensorflow", "keras", "streamlit"} <= machine.versions().keys()


def test_without_tensorflow_a_training_is_one_sentence(tmp_path):
    code = (
        "import sys; sys.modules['tensorflow'] = None; import importlib.util as util; "
        "find = util.find_spec; "
        "util.find_spec = lambda name: None if name == 'tensorflow' else find(name); "
        "from fmnist.cli.main import main; sys.exit(main(['train', '--name', 'mine']))"
    )
    done = run_python("-c", code, env={**os.environ, "FMNIST_RUNS": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "fmnist: Training needs TensorFlow, which is not installed here: "
        "pip install -r requirements.txt."
    )
    assert not list(tmp_path.iterdir())  # no run that could never begin
