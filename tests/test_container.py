"""The container's image: what is copied and installed is enough, also without TensorFlow."""

import re

from tests.conftest import ROOT, run_python

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")

CLASSIFY = """
import sys
for name in sys.argv[1:]:
    sys.modules[name] = None  # cannot be imported
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=300).run()
assert not app.exception, app.exception
print(app.metric[0].value)
"""


def left_out() -> list[str]:
    """The packages of requirements.txt that an image without training is made without."""
    (pattern,) = re.findall(r"grep -Ev '(.+)' requirements.txt", DOCKERFILE)
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    return [line.split("==")[0] for line in lines if re.search(pattern, line)]


def test_an_image_without_training_has_no_tensorflow():
    assert left_out() == ["tensorflow", "keras"]


def test_what_is_copied_classifies_a_drawing_without_what_is_left_out(tmp_path):
    kept = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for name in (line[1:] for line in kept if line.startswith("!")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "start.py").write_text(CLASSIFY)
    done = run_python("start.py", *left_out(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "T-shirt/top"


def test_the_address_that_is_asked_for_health_is_the_one_that_is_published():
    (port,) = re.findall(r"EXPOSE (\d+)", DOCKERFILE)
    assert f"http://127.0.0.1:{port}/_stcore/health" in DOCKERFILE
    assert "\nUSER 1000\n" in DOCKERFILE
