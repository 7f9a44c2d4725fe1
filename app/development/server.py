"""The life of `runserver`'s process: interface server and workers start together, and stop together, cleanly."""

import time
from threading import Lock, Thread, main_thread

from towpath.worker import WorkerPool
from towpath.worker.stop_signals import StopSignals

from .interface import InterfaceThread

#: Seconds that a stop waits for running consumers: a restart after an edit must not wait for one that hangs.
WORKERS_GRACE_SECONDS = 5.0
#: Seconds between two checks that the interface server still runs.
LOOK_SECONDS = 0.5


class DevelopmentServer:
    """An interface server, and the workers of the same layer; `pool` None where workers run elsewhere."""

    def __init__(self, interface: InterfaceThread, pool: WorkerPool | None) -> None:
        self._interface = interface
        self._pool = pool
        self._stopping = Lock()
        self._is_stopped = False

    def start(self) -> None:
        """Serve, and run consumers; raises the exceptions of `InterfaceThread.start`."""
        self._interface.start()
        if self._pool is not None:
            self._pool.start()
        Thread(target=self._stop_with_the_process, name="towpath-stop", daemon=False).start()

    def wait(self) -> None:
        """Return after a signal, or when the interface server has ended.

        Only the main thread receives signals. Under the reloader this is another one; there the process ends it.
        """
        with StopSignals() as signals:
            while self._interface.is_alive and not signals.wait(LOOK_SECONDS):
                pass

    def stop(self) -> None:
        """Stop both. The interface server first: it finishes responses while workers still make them."""
        with self._stopping:
            if self._is_stopped:
                return
            self._is_stopped = True
            self._interface.stop()
            if self._pool is not None:
                deadline = time.monotonic() + WORKERS_GRACE_SECONDS
                self._pool.stop(give_up=lambda: time.monotonic() > deadline)

    def _stop_with_the_process(self) -> None:
        """Stop when the main thread ends: the reloader ends it to begin again with new code, or at Ctrl-C.

        Python waits for this thread before it ends, since it is not a daemon: the one that started it may be.
        """
        main_thread().join()
        self.stop()
