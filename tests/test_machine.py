"""What is known of the machine, and how a training behaves on it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fmnist import machine
from tests.conftest import ROOT

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
    done = subprocess.run(
        [sys.executable, "-c", STEP_BACK],
        cwd=ROOT,
        start_new_session=True,  # as trainings have
        capture_output=True,
        text=True,
        check=True,
    )
    niceness, group = done.stdout.split()
    assert int(niceness) == min(machine.NICENESS, 19 - os.nice(0))
    assert group in ("none", str(machine.NICENESS))


def test_memory_can_be_kept_anywhere():
    code = "from fmnist import machine; machine.keep_memory(); print('alive')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.split() == [b"alive"]


def test_the_processors_own_flags_say_whether_it_multiplies_bfloat16():
    info = Path("/proc/cpuinfo")
    flags = info.read_text().split() if info.exists() else []
    assert machine.multiplies_bfloat16() == bool({"avx512_bf16", "amx_bf16"} & set(flags))


def test_a_machine_is_described_without_its_name():
    found = machine.describe_machine()
    assert found["cores"] >= 1
    assert found["memory_gib"] > 0
    assert os.uname().nodename not in str(found) if hasattr(os, "uname") else True
    assert {"python", "tensorflow", "keras", "streamlit"} <= machine.versions().keys()
