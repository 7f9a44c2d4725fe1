"""A repeated action of a worker process, in a thread of its own. Only `stop` ends it."""

import logging
import random
from collections.abc import Callable
from threading import Event, Thread

from towpath.layers.errors import LayerUnavailable

logger = logging.getLogger(__name__)


class Repeating:
    """Calls `act` every `seconds`. Its errors are logged, LayerUnavailable at DEBUG: workers log it at WARNING.

    `purpose` completes the sentence "Could not ...".
    """

    def __init__(self, act: Callable[[], None], seconds: float, purpose: str, spread: float = 0.0) -> None:
        """`spread` is the share by which each pause is lengthened or shortened, at random."""
        self._act = act
        self._seconds = seconds
        self._spread = spread
        self._purpose = purpose
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=f"towpath-{act.__name__}", daemon=True)

    def start(self) -> None:
        """Begin; the first call comes after `seconds`."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the end; not longer than `seconds`, if the layer does not answer."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(self._seconds)

    def now(self) -> None:
        """Call it now, in this thread; raises nothing."""
        try:
            self._act()
        except LayerUnavailable as error:
            logger.debug("Could not %s: %s", self._purpose, error)
        except Exception:
            logger.exception("Could not %s; trying again in %.0f seconds", self._purpose, self._seconds)

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds * random.uniform(1 - self._spread, 1 + self._spread)):
            self.now()
