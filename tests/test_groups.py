"""Which tests run, and where: pytest-xdist keeps those of a group in one process."""

import subprocess
import sys

TEST = """
import pytest

@pytest.mark.xdist_group("shared")
def test_it():
    pass
"""


def test_pytest_xdist_sees_the_groups(tmp_path):
    (tmp_path / "test_one.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-n", "1", "--dist", "loadgroup", "-v"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "test_it@shared" in done.stdout  # pytest 9.2.0 with pytest-xdist 3.8.0 loses it


def test_long_tests_run_only_where_they_are_asked_for(request):
    long = [item.nodeid for item in request.session.items if item.get_closest_marker("long")]
    assert not long or "long" in request.config.option.markexpr


def test_what_needs_a_server_is_slow(request):
    asking = [item for item in request.session.items if "server" in item.fixturenames]
    assert all(item.get_closest_marker("slow") for item in asking)
