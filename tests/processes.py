"""Processes that tests start: their output is read while they run, and tests wait for lines of it."""

import os
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

#: Seconds until a missing reaction of a process is a failure; far above the time on a loaded machine.
PATIENCE_SECONDS = 60


class Process:
    """A process in a session of its own; its output, from both streams, is kept in order."""

    def __init__(self, command: list[str], folder: Path | None, environment: dict[str, str]) -> None:
        self._popen = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.output = ""
        self._has_ended = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The id of the process, and of the group that its children are in."""
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._popen.poll() is None

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until the process has written `text`, that often."""
        assert self.writes(text, times, PATIENCE_SECONDS), f"did not write {text!r}, but:\n{self.output}"

    def writes(self, text: str, times: int, seconds: float) -> bool:
        """Wait up to `seconds`; return whether the process has written `text`, that often."""
        with self._changed:
            self._changed.wait_for(lambda: self.output.count(text) >= times or self._has_ended, seconds)
            return self.output.count(text) >= times

    def send_signal(self, number: int) -> None:
        """Send a signal to the process and its children, as a terminal does."""
        os.killpg(self._popen.pid, number)

    def wait(self) -> int:
        """Wait until it has ended and all of its output is read; return its exit code."""
        code = self._popen.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        assert not self._reader.is_alive(), "a child of the process is still running"
        return code

    def kill(self) -> None:
        """End it with all its children, whatever it does."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._popen.stdout is not None
        with self._popen.stdout as lines:
            for line in lines:
                with self._changed:
                    self.output += line
                    self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()
