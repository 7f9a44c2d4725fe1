"""File operations beside the event loop: one thread runs them in the order of the calls.

A disk may take seconds for a write; sockets must not wait for it.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class Disk:
    """The thread starts with the first operation. Used from the event loop only."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None

    def run(self, work: Callable[[], T], done: Callable[[T | OSError], None]) -> None:
        """Run `work` in the thread; `done` gets its result, or its OSError, in the event loop.

        Another exception is logged with its traceback, and reaches `done` as an OSError.
        """
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="towpath-disk")
        loop = asyncio.get_running_loop()
        future = self._executor.submit(work)
        future.add_done_callback(partial(_report, loop, done))

    def close(self) -> None:
        """End the thread after the operations that were given to it."""
        if self._executor is not None:
            self._executor.shutdown(wait=False)
            self._executor = None


def _report(loop: asyncio.AbstractEventLoop, done: Callable[[T | OSError], None], future: "Future[T]") -> None:
    result: T | OSError = _result(future)
    if not loop.is_closed():
        loop.call_soon_threadsafe(done, result)


def _result(future: "Future[T]") -> T | OSError:
    error: BaseException | None = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, OSError):
        return error
    log.error("A file operation failed", exc_info=error)
    return OSError(f"a file operation failed: {error!r}")
