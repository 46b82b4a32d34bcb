"""A thread of the training process that looks for what people ask of it (`control`)."""

import os
import threading
import time
from pathlib import Path

from fmnist.runs import control
from fmnist.runs.run import read_run, write_run_info
from fmnist.training.recorder import Recorder
from fmnist.training.steps import Stopped

POLL = 0.25  # seconds between looks
SIGN_OF_LIFE = 30.0  # seconds; for other machines on the same disk


class RequestWatcher:
    """Watches for requests while TensorFlow loads, too, until the end of a `with` block.

    Where that ends without an error, requests that came too late are taken back.
    """

    def __init__(self, path: Path, record: Recorder):
        """path: the run's folder."""
        self._path, self._record = path, record
        self._asked, self._paused = threading.Event(), threading.Event()
        self._over = threading.Event()
        self._turn = threading.Lock()  # either the training begins or the watcher ends the process
        self._begun = False
        self._seconds_paused = 0.0
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, error_type, *_):
        self._over.set()
        if error_type is None:
            control.withdraw_requests(self._path)

    def clock(self) -> float:
        """Seconds, of which none pass while the training is paused."""
        return time.monotonic() - self._seconds_paused

    def training_begins(self) -> None:
        """From here on a stop is the training loop's business."""
        with self._turn:
            self._begun = True

    def check(self) -> None:
        """Wait while paused; raise Stopped where asked to stop. Costs nothing where not."""
        if self._paused.is_set() and not self._asked.is_set():
            self._wait()
        if self._asked.is_set():
            raise Stopped

    def _wait(self) -> None:
        began = seen = time.monotonic()
        self._record("pause")
        write_run_info(self._path, state="paused")
        while self._paused.is_set() and not self._asked.wait(POLL):
            if time.monotonic() - seen > SIGN_OF_LIFE:
                seen = time.monotonic()
                (self._path / "run.json").touch()
        self._seconds_paused += time.monotonic() - began
        self._record("resume")
        write_run_info(self._path, state="running")

    def _watch(self) -> None:
        while not self._over.wait(POLL):
            if control.has_request(self._path, control.PAUSE):
                self._paused.set()
            else:
                self._paused.clear()
            if not control.has_request(self._path, control.STOP):
                continue
            self._asked.set()
            with self._turn:
                if not self._begun:
                    self._end_at_once()
            return

    def _end_at_once(self) -> None:
        """Nothing was learnt by this process, and an import cannot be interrupted."""
        self._record("end", state="stopped")
        control.withdraw_requests(self._path)
        run = read_run(self._path)
        done = run.count("epochs_done") or 0
        # one that had all of its epochs and was saved was to have more, and has not begun with them
        whole = run.settings is not None and done >= run.settings.epochs
        saved = "model.keras" in run.files and run.exported_epochs == done
        state = "finished" if whole and saved else "stopped"
        write_run_info(self._path, state=state, process=None, epochs_done=done)
        os._exit(0)
