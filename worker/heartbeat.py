"""The heartbeat of a worker process: connections whose consumers run long are told that somebody is still at work."""

import logging
from collections.abc import Callable, Sequence
from threading import Event, Thread

from towpath.layers.contract import ChannelLayer
from towpath.layers.errors import LayerUnavailable

from .hand import Hand

logger = logging.getLogger(__name__)

#: Time between two beats, and the age from which a turn is kept, in seconds. The interface waits five beats.
BEAT_SECONDS = 3.0


class Heartbeat:
    """A thread that keeps the turns in all `hands()`. It outlives the workers, and nothing it meets ends it."""

    def __init__(self, layer: ChannelLayer, hands: Callable[[], Sequence[Hand]]) -> None:
        self._layer = layer
        self._hands = hands
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="towpath-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the end; not longer than a beat, if the layer does not answer."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(BEAT_SECONDS)

    def beat(self) -> None:
        """Keep the turns of everything that runs longer than a beat; raises nothing."""
        try:
            turns = [turn for hand in self._hands() for turn in hand.turns_older_than(BEAT_SECONDS)]
            if turns:
                self._layer.keep_turns(turns)
        except LayerUnavailable as error:
            logger.debug("Could not keep running turns: %s", error)  # the workers say that the layer is away
        except Exception:
            logger.exception("Could not keep running turns; trying again in %.0f seconds", BEAT_SECONDS)

    def _run(self) -> None:
        while not self._stopping.wait(BEAT_SECONDS):
            self.beat()
