"""A network's .tflite file, opened by LiteRT."""

from pathlib import Path
from typing import Any

from fmnist.errors import RunError, hide_folders


def open_litert(path: Path, name: str, threads: int = 2, **options: Any) -> Any:
    """LiteRT's interpreter of a file, its tensors made; `options` as the interpreter takes them.

    Raises RunError with `name` ("The photo network") where the file cannot be used.
    """
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_path=str(path), num_threads=threads, **options)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise RunError(f"{name} cannot be loaded ({hide_folders(str(error))}).") from None
    return interpreter
