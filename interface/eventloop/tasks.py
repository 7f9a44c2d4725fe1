"""Background coroutines: referenced while they run, logged if they fail, cancelled at the end."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)

#: How often a task that does not end is cancelled again, and the seconds to wait for it each time.
CANCEL_TRIES = 20
CANCEL_WAIT_SECONDS = 0.1


class Tasks:
    """The background tasks of one interface server. Needs a running event loop."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run `work`; an exception that leaves it is logged with its traceback."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def cancel_all(self) -> None:
        """Cancel the tasks and wait until they have ended; a task that does not end is logged and left.

        One cancellation is not enough: before Python 3.12 `asyncio.wait_for`, which drivers use, loses a cancellation
        that arrives in the moment when its awaitable is done.
        """
        running = self._running - {asyncio.current_task()}
        for _ in range(CANCEL_TRIES):
            for task in running:
                task.cancel()
            if running:
                _, running = await asyncio.wait(running, timeout=CANCEL_WAIT_SECONDS)
        for task in running:
            log.error("The task %s does not end", task.get_name())

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("The task %s ended with an error", task.get_name(), exc_info=error)
