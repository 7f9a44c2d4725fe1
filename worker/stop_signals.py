"""SIGTERM and SIGINT as events to wait for. Once work has begun, the handlers only note the signal."""

import signal
from queue import Empty, SimpleQueue
from threading import current_thread, main_thread
from types import FrameType

#: What a supervisor and Ctrl-C send.
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """Catches stop signals inside a `with` block, and restores the earlier handlers at its end.

    `install` False, or a thread that is not the main one, catches nothing. Handlers write to a SimpleQueue, because the
    interrupted code could hold the lock of anything else.
    """

    #: A signal ends the process at once, with this exit code: nothing has been taken yet. None: who waits ends it.
    exit_code: int | None = None

    def __init__(self, install: bool = True) -> None:
        self._is_installed = install and current_thread() is main_thread()
        self._came: SimpleQueue[int] = SimpleQueue()
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> "StopSignals":
        if self._is_installed:
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *raised: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def wait(self, seconds: float) -> bool:
        """Wait for a signal; return whether one arrived. Each is reported once."""
        try:
            self._came.get(timeout=seconds)
        except Empty:
            return False
        return True

    def is_waiting(self) -> bool:
        """Return whether a signal has arrived that was not reported yet."""
        return not self._came.empty()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came.put(number)
        if self.exit_code is not None:
            raise SystemExit(self.exit_code)
