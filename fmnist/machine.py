"""What a measurement was made on: processor, memory and the versions of what did the work."""

import contextlib
import ctypes
import importlib.util
import os
import platform
from importlib import metadata
from pathlib import Path

import psutil

from fmnist.errors import RunError

NICENESS = 5  # a third of what others are given, where they want it
BACKENDS = ("tensorflow", "jax", "torch")  # of Keras; the first where none is asked for
PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "numpy", "scikit-learn", "streamlit")


def describe_machine() -> dict:
    """Processor model, logical cores and memory in GiB. No host name: runs are published."""
    return {
        "processor": _cpuinfo("model name") or platform.processor() or platform.machine(),
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


def check_can_train() -> None:
    """Raise RunError where what trains is left out, as it may be where networks only classify."""
    backend = os.environ.get("KERAS_BACKEND") or BACKENDS[0]
    if backend not in BACKENDS:
        raise RunError(f"KERAS_BACKEND is {backend!r}; choose one of {', '.join(BACKENDS)}.")
    if backend != BACKENDS[0] and importlib.util.find_spec(backend) is None:
        raise RunError(
            f"KERAS_BACKEND names {backend}, which is not installed here; install or unset it."
        )
    if importlib.util.find_spec("tensorflow") is None:
        raise RunError(
            "Training needs TensorFlow, which is not installed here: "
            "pip install -r requirements.txt."
        )


def multiplies_bfloat16() -> bool:
    """True where the processor is known to multiply 16-bit numbers (AVX512-BF16 or AMX)."""
    flags = _cpuinfo("flags").split()
    return "avx512_bf16" in flags or "amx_bf16" in flags


def available_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def step_back() -> None:
    """Let everything else on this machine go first: what a long work beside the pages owes them."""
    if hasattr(os, "nice"):  # not on Windows
        os.nice(NICENESS)
    # Linux with autogroups shares the cores out by session first, whatever a process' niceness
    # (sched(7)); the session is a person's terminal where a training was not given one of its own
    if hasattr(os, "getsid") and os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text(f"{NICENESS}\n", encoding="ascii")


def keep_memory() -> None:
    """Let this process keep freed memory for its next step instead of giving it back.

    TensorFlow frees and asks for the same megabytes in every step, and each time the system has to
    clear them. Does nothing where the C library is not glibc (mallopt(3)).
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        for option, value in ((-4, 0), (-1, 2**31 - 1), (-2, 64 * 2**20)):
            mallopt(option, value)  # M_MMAP_MAX, M_TRIM_THRESHOLD, M_TOP_PAD


def _cpuinfo(key: str) -> str:
    """What Linux says of the first processor; "" elsewhere."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(key):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return ""
