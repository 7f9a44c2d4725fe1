"""How many threads of a worker process wait for clients: a share, so that no client's network stops the others.

A thread waits for a client only while it reads an upload as it comes (`route(..., stream_uploads=True)`), or sends a
response of which the interface server keeps as much as it may. Everything else waits at the interface server.
"""

from threading import Lock, get_ident


class NetworkWaits:
    """The threads that wait for clients: at most half of those that there are, and at least one."""

    def __init__(self, threads: int = 0) -> None:
        self._lock = Lock()
        self._threads = threads
        #: Thread -> how often it has entered.
        self._waiting: dict[int, int] = {}

    @property
    def threads(self) -> int:
        """How many worker threads the process has."""
        return self._threads

    @property
    def max_count(self) -> int:
        """How many threads may wait."""
        return max(1, self._threads // 2)

    def add_threads(self, count: int) -> None:
        """Note that the process has more worker threads; fewer, if `count` is below 0."""
        with self._lock:
            self._threads += count

    def enter(self) -> bool:
        """Let this thread wait for a client; return False if as many as may do already. One that does may again."""
        thread = get_ident()
        with self._lock:
            if thread not in self._waiting and len(self._waiting) >= self.max_count:
                return False
            self._waiting[thread] = self._waiting.get(thread, 0) + 1
            return True

    def leave(self) -> None:
        """End what `enter` has begun in this thread."""
        thread = get_ident()
        with self._lock:
            self._waiting[thread] -= 1
            if not self._waiting[thread]:
                del self._waiting[thread]


#: Of this process.
network_waits = NetworkWaits()
