"""The bound on threads of a worker process that wait for clients, so that slow clients do not stop the others.

A thread waits for a client only while it reads an upload that arrives (`route(..., stream_uploads=True)`), or sends a
response whose kept part has reached its bound at the interface server. All other waiting is the interface server's.
"""

from threading import Lock, get_ident


class NetworkWaits:
    """The threads that wait for clients: at most half of those that there are, and at least one."""

    def __init__(self, threads: int = 0) -> None:
        self._lock = Lock()
        self._threads = threads
        #: Thread -> the number of its entries.
        self._waiting: dict[int, int] = {}

    @property
    def threads(self) -> int:
        """The number of worker threads of the process."""
        return self._threads

    @property
    def max_count(self) -> int:
        """The number of threads that may wait."""
        return max(1, self._threads // 2)

    def add_threads(self, count: int) -> None:
        """Note that the process has more worker threads; fewer, if `count` is below 0."""
        with self._lock:
            self._threads += count

    def enter(self) -> bool:
        """Let this thread wait for a client; return False at the bound. A waiting thread may enter again."""
        thread = get_ident()
        with self._lock:
            if thread not in self._waiting and len(self._waiting) >= self.max_count:
                return False
            self._waiting[thread] = self._waiting.get(thread, 0) + 1
            return True

    def leave(self) -> None:
        """End the latest `enter` of this thread."""
        thread = get_ident()
        with self._lock:
            self._waiting[thread] -= 1
            if not self._waiting[thread]:
                del self._waiting[thread]


#: Of this process.
network_waits = NetworkWaits()
