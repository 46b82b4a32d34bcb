"""A network's .tflite file, run by LiteRT."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from fmnist.errors import RunError, hide_folders


class LiteRT:
    """LiteRT's interpreter of a file. May be shared by threads: calls wait for one another.

    outputs: the details of its output tensors, by name
    """

    def __init__(self, path: Path, name: str, threads: int = 2, **options: Any):
        """Open it; `options` as the interpreter takes them.

        Raises RunError with `name` ("The photo network") where the file cannot be used.
        """
        from ai_edge_litert.interpreter import Interpreter

        try:
            self.interpreter = Interpreter(model_path=str(path), num_threads=threads, **options)
            self.interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise RunError(f"{name} cannot be loaded ({hide_folders(str(error))}).") from None
        self.outputs = {one["name"]: one for one in self.interpreter.get_output_details()}
        self._input = self.interpreter.get_input_details()[0]
        self._shape = tuple(self._input["shape"])
        self._lock = threading.Lock()  # an interpreter's tensors belong to one call at a time

    def __call__(self, inputs: np.ndarray, tensors: Iterable[int]) -> list[np.ndarray]:
        """Copies of some tensors, given by their indices, for a batch of inputs."""
        with self._lock:
            if inputs.shape != self._shape:
                self.interpreter.resize_tensor_input(self._input["index"], inputs.shape)
                self.interpreter.allocate_tensors()
                self._shape = inputs.shape
            self.interpreter.set_tensor(self._input["index"], inputs)
            self.interpreter.invoke()
            return [self.interpreter.get_tensor(index) for index in tensors]
