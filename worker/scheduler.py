"""The scheduler of a worker process: sends delayed messages, and those of the schedule, when they are due.

Every process has one, and each message is sent by one of them. A scheduler sleeps until the next time that it knows of,
for five seconds at most. If a message is due sooner than that, one scheduler is woken.
"""

import logging
from threading import Event, Thread

from towpath.channels.configured import AnyLayer, ConfiguredLayer, raw_layer
from towpath.layers.backoff import Backoff
from towpath.layers.contract import ChannelLayer, Envelope, Reader, Received
from towpath.layers.errors import LayerUnavailable
from towpath.layers.operations.delays import DELAY_CHANNEL, POLL_SECONDS, WAKE_CHANNEL
from towpath.layers.operations.in_flight import BatchId

from .delay_requests import keep_requested
from .in_flight import InFlightBatch
from .timetable import Timetable

logger = logging.getLogger(__name__)

#: Shortest sleep, in seconds: for Redis a wait that rounds to 0 never ends.
SHORTEST_SECONDS = 0.01
#: Pause after an unexpected error, in seconds, so that an error at each step does not spin.
DEFECT_SECONDS = 1.0
#: Most messages that are taken at a time: requests to delay a message, and wakeups. One: keeping a request settles it.
LIMITS = {DELAY_CHANNEL: 1, WAKE_CHANNEL: 1}
#: Seconds between two wakes of a stopping scheduler: it may have begun to sleep just after the last wake.
WAKE_SECONDS = 0.1


class Scheduler:
    """A thread that sends the messages that are due, and takes requests from `asgi.delay`. Only `stop` ends it."""

    def __init__(self, channel_layer: AnyLayer) -> None:
        self._layer: ChannelLayer = raw_layer(channel_layer)
        schedule = channel_layer.schedule if isinstance(channel_layer, ConfiguredLayer) else ()
        self._timetable = Timetable(self._layer, schedule)
        self._stopping = Event()
        self._reader: Reader = self._layer.reader(list(LIMITS))
        #: Its lease is renewed with those of the workers: a request that it has taken is counted if the process stops.
        self.in_flight = InFlightBatch(self._reader.name)
        self._has_lease = False
        #: The latest taken request, while it is unknown whether the layer kept it.
        self._unkept: Received | None = None
        self._thread = Thread(target=self._run, name="towpath-scheduler", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the end; at most `POLL_SECONDS`, if the layer does not answer."""
        self._stopping.set()
        for _ in range(int(POLL_SECONDS / WAKE_SECONDS)):
            if not self._thread.is_alive():
                return
            try:
                self._reader.wake()
            except LayerUnavailable as error:
                logger.debug("Could not wake the scheduler, which sleeps %.0f seconds at most: %s", POLL_SECONDS, error)
            self._thread.join(WAKE_SECONDS)

    def tick(self) -> float:
        """Send the messages that are due; return the seconds until the next step.

        Raises:
            LayerUnavailable: the layer is unavailable.
        """
        nexts = [POLL_SECONDS, self._layer.deliver_due(), self._timetable.fire()]
        return max(SHORTEST_SECONDS, min(seconds for seconds in nexts if seconds is not None))

    def _run(self) -> None:
        pauses = Backoff()
        while not self._stopping.is_set():
            try:
                self._tick_and_sleep()
                pauses.reset()
            except LayerUnavailable as error:  # the workers log it
                logger.debug("Could not send the messages that are due: %s", error)
                self._stopping.wait(pauses.next())
            except Exception:
                logger.exception("Could not send messages that are due; trying again in %.0f second", DEFECT_SECONDS)
                self._stopping.wait(DEFECT_SECONDS)
        self._close()

    def _tick_and_sleep(self) -> None:
        if not self._has_lease:  # without one, nothing would look after a request that it has taken
            self._layer.renew_leases([self._reader.name])
            self._has_lease = True
        if self._unkept is None:
            self._unkept = self._reader.exchange([], LIMITS, self.tick())
        keep_requested(self._layer, self._unkept, BatchId(self._reader.name, self._reader.number))
        self._unkept = None
        if self._reader.is_ended:
            # The lease had expired, and other processes have ended its name: continue under a new one.
            self._reader.close()
            self._reader = self._layer.reader(list(LIMITS))
            self.in_flight = InFlightBatch(self._reader.name)
            self._has_lease = False

    def _close(self) -> None:
        """Stop, and wake another scheduler: this one may be the only one that knows of a message that is due soon."""
        try:
            seconds = self._layer.deliver_due()
            if seconds is not None and seconds < POLL_SECONDS:
                self._layer.send_many([Envelope(WAKE_CHANNEL, {})])
        except LayerUnavailable as error:
            logger.debug("The scheduler stops while the layer is unavailable: %s", error)
        try:
            self._reader.close()
        except LayerUnavailable as error:
            logger.debug("The reader of the scheduler will expire, the layer is unavailable: %s", error)
