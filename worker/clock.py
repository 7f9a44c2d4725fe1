"""The clock of a worker process: delayed messages and those of the schedule are sent when they are due.

Every process has one; what is due is sent by whichever comes first. A clock sleeps until the next time that it knows
of, for five seconds at most. Of a message that is due sooner than that, one clock is told, and wakes up.
"""

import logging
from threading import Event, Thread

from towpath.channels.configured import AnyLayer, ConfiguredLayer, raw_layer
from towpath.layers.contract import ChannelLayer, Envelope, Reader, Received
from towpath.layers.delays import DELAY_CHANNEL, LOOK_SECONDS, WAKE_CHANNEL
from towpath.layers.errors import LayerUnavailable
from towpath.layers.in_flight import BatchId

from .delay_requests import keep_requested
from .hand import Hand
from .outage import Pauses
from .timetable import Timetable

logger = logging.getLogger(__name__)

#: Shortest sleep, in seconds: Redis takes a wait that rounds to nothing for one without an end.
SHORTEST_SECONDS = 0.01
#: Pause after a defect, in seconds: one that shows at once must not spin.
DEFECT_SECONDS = 1.0
#: What is taken at a time: requests to delay a message, and what wakes. One request, for it is settled by being kept.
LIMITS = {DELAY_CHANNEL: 1, WAKE_CHANNEL: 1}
#: How often a clock that is stopped is woken, in seconds: it may have begun to sleep just after the last wake.
WAKE_SECONDS = 0.1


class Clock:
    """A thread that sends what is due, and takes what `asgi.delay` asks for. Nothing it meets ends it but `stop`."""

    def __init__(self, channel_layer: AnyLayer) -> None:
        self._layer: ChannelLayer = raw_layer(channel_layer)
        schedule = channel_layer.schedule if isinstance(channel_layer, ConfiguredLayer) else ()
        self._timetable = Timetable(self._layer, schedule)
        self._stopping = Event()
        self._reader: Reader = self._layer.reader(list(LIMITS))
        #: Its lease is renewed with those of the workers: a request that it has taken is counted if the process stops.
        self.hand = Hand(self._reader.name)
        #: What was taken last, if it is not known whether it was kept.
        self._unkept: Received | None = None
        self._thread = Thread(target=self._run, name="towpath-clock", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the end; not longer than a look, if the layer does not answer."""
        self._stopping.set()
        for _ in range(int(LOOK_SECONDS / WAKE_SECONDS)):
            if not self._thread.is_alive():
                return
            self._wake()
            self._thread.join(WAKE_SECONDS)

    def tick(self) -> float:
        """Send what is due; return the seconds until the next look.

        Raises:
            LayerUnavailable: the layer is away.
        """
        nexts = [LOOK_SECONDS, self._layer.hand_on(), self._timetable.fire()]
        return max(SHORTEST_SECONDS, min(seconds for seconds in nexts if seconds is not None))

    def _run(self) -> None:
        pauses = Pauses()
        while not self._stopping.is_set():
            try:
                self._tick_and_sleep()
                pauses.reset()
            except LayerUnavailable as error:  # the workers say so
                logger.debug("Could not look what is due: %s", error)
                self._stopping.wait(pauses.next())
            except Exception:
                logger.exception("Could not look what is due; trying again in %.0f second", DEFECT_SECONDS)
                self._stopping.wait(DEFECT_SECONDS)
        self._close()

    def _tick_and_sleep(self) -> None:
        if self._unkept is None:
            self._unkept = self._reader.exchange([], LIMITS, self.tick())
        keep_requested(self._layer, self._unkept, BatchId(self._reader.name, self._reader.number))
        self._unkept = None

    def _wake(self) -> None:
        try:
            self._reader.wake()
        except LayerUnavailable as error:
            logger.debug("Could not wake the clock, which sleeps %.0f seconds at most: %s", LOOK_SECONDS, error)

    def _close(self) -> None:
        """Go, and wake another clock: this one may be the only one that knows what is due soon."""
        try:
            seconds = self._layer.hand_on()
            if seconds is not None and seconds < LOOK_SECONDS:
                self._layer.send_many([Envelope(WAKE_CHANNEL, {})])
        except LayerUnavailable as error:
            logger.debug("The clock stops while the layer is away: %s", error)
        try:
            self._reader.close()
        except LayerUnavailable as error:
            logger.debug("The clock's reader expires by itself, the layer is away: %s", error)
