"""What a measurement was made on: processor, memory and the versions of what did the work."""

import platform
from importlib import metadata
from pathlib import Path

import psutil

__all__ = ["describe_machine", "versions"]

PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "numpy", "scikit-learn", "streamlit")


def describe_machine() -> dict:
    """Processor model, logical cores and memory in GiB. No host name: runs are published."""
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict:
    """Package name -> installed version, with Python's own; packages not installed are left out."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine()
