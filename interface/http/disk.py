"""File operations beside the event loop: one thread runs them in the order of the calls.

A disk may take seconds for a write; sockets must not wait for it.
"""

import asyncio
import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

# `Any`: the operation and its report agree on a type, the queue holds all of them.
_Operation = tuple[asyncio.AbstractEventLoop, Callable[[], Any], Callable[[Any], None]]


class Disk:
    """The thread starts with the first operation. Used from the event loop only."""

    def __init__(self) -> None:
        self._operations: SimpleQueue[_Operation | None] = SimpleQueue()
        self._thread: Thread | None = None

    def run(self, work: Callable[[], T], done: Callable[[T | OSError], None]) -> None:
        """Run `work` in the thread; `done` gets its result, or its OSError, in the event loop.

        Another exception is logged with its traceback, and reaches `done` as an OSError.
        """
        if self._thread is None:
            self._thread = Thread(target=_work, args=(self._operations,), name="towpath-disk", daemon=True)
            self._thread.start()
        self._operations.put((asyncio.get_running_loop(), work, done))

    def close(self) -> None:
        """End the thread after the operations that were given to it."""
        if self._thread is not None:
            self._thread = None
            self._operations.put(None)


def _work(operations: "SimpleQueue[_Operation | None]") -> None:
    while (operation := operations.get()) is not None:
        loop, work, done = operation
        result = _result(work)
        if not loop.is_closed():
            loop.call_soon_threadsafe(done, result)


def _result(work: Callable[[], T]) -> T | OSError:
    try:
        return work()
    except OSError as error:
        return error
    except Exception as error:
        log.exception("A file operation failed")
        return OSError(f"a file operation failed: {error!r}")
