"""One worker: takes messages, runs their consumers, settles them. It has one thread; any thread may call `stop`.

The life of a message is `run_one`. `run` does the same with batches, and writes settlements with the exchange that
asks for the next messages. Every message that was taken is run, or requeued.

A worker whose lease has expired begins nothing: other processes may have counted its messages as lost. When its lease
is refused, it ends, and another one follows under a new name.
"""

import logging
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Event, get_ident
from typing import TYPE_CHECKING

from towpath.channels.configured import AnyLayer, ConfiguredLayer, raw_layer
from towpath.handler.view import ViewConsumer
from towpath.layers.backoff import Backoff, Outages
from towpath.layers.contract import Received, Settlement, Taken
from towpath.layers.errors import ConfigurationError, LayerUnavailable, PartlyRefused
from towpath.layers.operations.in_flight import BatchId, Source
from towpath.routing import Router

from .batching import Batching, is_overdue
from .expired import settlements_of_expired
from .in_flight import InFlightBatch
from .lease import WorkerLease
from .observer import Observer, observed_runner
from .paused import PausedChannels, unpaused
from .run import Callback, RunOptions
from .selection import select_channels
from .signals import announce, worker_ready
from .stop_signals import StopSignals

if TYPE_CHECKING:
    from .monitoring.runs import RunCounts

logger = logging.getLogger(__name__)

#: How long an exchange waits for messages, in seconds; `stop` ends it at once.
BLOCK_SECONDS = 5.0
#: Pause of a worker that holds no lease, in seconds: until one is renewed, it takes nothing.
NO_LEASE_PAUSE_SECONDS = 0.1
#: Seconds between two checks of a worker whose channels are all paused.
ALL_PAUSED_SECONDS = 0.5
#: For how long a worker that stops tries to settle, and how often, in seconds.
CLOSE_SECONDS = 2.0
CLOSE_PAUSE_SECONDS = 0.1


class Worker:
    """Runs the consumers of a layer's routing, or of `router`.

    `callback(channel, message)` sees each message before its consumer; `message_retries` bounds ConsumeLater;
    `only_channels` and `exclude_channels` are globs over the router's channels. With `signal_handlers`, `run` ends with
    SIGTERM or SIGINT if it is called in the main thread. Runs are counted in `runs`; `observers` watch them.

    Raises:
        ConfigurationError: there is no routing, or no channel remains to listen to.
    """

    def __init__(
        self,
        channel_layer: AnyLayer,
        router: Router | None = None,
        *,
        callback: Callback | None = None,
        message_retries: int = 10,
        signal_handlers: bool = True,
        only_channels: Sequence[str] | None = None,
        exclude_channels: Sequence[str] | None = None,
        outage: Outages | None = None,
        lease: WorkerLease | None = None,
        runs: "RunCounts | None" = None,
        observers: Sequence[Observer] = (),
        paused: PausedChannels | None = None,
    ) -> None:
        self.channel_layer = channel_layer
        self.router = default_router(channel_layer) if router is None else router
        self.channels = select_channels(self.router.channels, only_channels, exclude_channels)
        self._stopping = Event()
        options = RunOptions(message_retries, callback, type(self), stopping=self._stopping)
        self._batching = Batching(self.channels)
        if runs is not None:
            options = replace(options, failed=runs.failed)
            observers = (runs, *observers)
        self._runner = observed_runner(observers)(channel_layer, self.router, options, self._end_turn)
        self._reader = raw_layer(channel_layer).reader(self.channels)
        self._observers = observers
        if observers:
            self._reader.written = observers[0].written if len(observers) == 1 else self._note_written
        self.in_flight = InFlightBatch(self._reader.name, lease)
        self._lease = lease
        #: The term of the lease in which the last batch was taken.
        self._term = 0
        self._outage = Outages() if outage is None else outage
        self._paused = PausedChannels() if paused is None else paused
        #: The paused channels that the last exchange, or the wait that is under way, left out.
        self.left_out: frozenset[str] = frozenset()
        self._pauses = Backoff()
        self._is_away = False
        self._signal_handlers = signal_handlers
        self._settlements: list[Settlement] = []
        #: How many messages it has run or given back.
        self.handled = 0
        self._is_abandoned = False
        #: Its lease was refused, and all its settlements are written.
        self._is_over = False
        #: The message that was running when a defect ended this worker, and the messages that had not begun.
        self._failed: tuple[Sequence[Taken], Sequence[Taken]] = (), ()
        self._thread_id = 0

    def ready(self) -> None:
        """Send the signal `worker_ready`: this worker is about to take messages."""
        announce(worker_ready, self)

    def run(self) -> None:
        """Handle messages until `stop`, or until the lease is refused; then settle all messages that were run."""
        self._thread_id = get_ident()
        with StopSignals(self._signal_handlers) as signals:
            try:
                while not (self._is_over or self._stopping.is_set() or signals.is_waiting()):
                    self.run_batch()
            except BaseException:  # a defect: this worker will be replaced, and what it has not run is not lost
                self._failed = self.in_flight.split()
                raise
            finally:
                self._close()

    def run_one(self, block_seconds: float = 0) -> bool:
        """Receive a message, route it, run its consumer, settle; return whether there was one.

        Raises:
            LayerUnavailable: the layer is unavailable; settlements are kept for the next call.
        """
        received = self._exchange(dict.fromkeys(self.channels, 1), block_seconds)
        self._run_all(received)
        self._settle()
        self._reader.requeue(())
        return bool(received.taken)

    def run_batch(self, block_seconds: float = BLOCK_SECONDS) -> None:
        """Settle the last batch and run the next; pause instead if the layer is unavailable."""
        if self._reader.is_ended or self._lease is not None and self._lease.is_refused:
            self._leave()
            return
        if self._lease is not None and not self._lease.is_held:
            self._wait_for_lease()
            return
        self.left_out = paused = self._paused.names
        limits = unpaused(self._batching.limits, paused) if paused else self._batching.limits
        if not limits:
            self._wait_for_resume()
            return
        try:
            # After an outage do not wait in the first exchange: the layer must be known to be available at once.
            received = self._exchange(limits, 0 if self._is_away else block_seconds)
        except LayerUnavailable as error:
            self._note_outage(error)
            self._stopping.wait(self._pauses.next())
            return
        self._note_answer()
        self._run_all(received)

    def stop(self) -> None:
        """Take no more messages; `run` returns when those taken are settled. Call it repeatedly until it has.

        A wait that begins between the check of the flag and the wake is not ended by that wake.
        """
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """End a wait for messages; from any thread."""
        try:
            self._reader.wake()
        except LayerUnavailable as error:
            logger.debug("Could not wake a worker, which waits %.0f seconds at most: %s", BLOCK_SECONDS, error)

    def whereabouts(self) -> str:
        """Return where its thread is now: files and lines, innermost last."""
        frame = sys._current_frames().get(self._thread_id)
        return "".join(traceback.format_stack(frame)) if frame is not None else "(its thread has ended)"

    def abandon(self) -> None:
        """Settle and requeue the rest of a hung worker's batch, from another thread: the process ends after this.

        Its message is lost. Messages that ran before it are settled, the others are requeued.

        Raises:
            LayerUnavailable: the layer is unavailable; its whole batch will be counted as lost.
        """
        self._is_abandoned = True
        layer = raw_layer(self.channel_layer)
        rescuer = layer.reader(self.channels)
        rescuer.adopt(self._reader)
        rescuer.exchange(self._settlements, {})
        rescuer.close()
        layer.lose(self.in_flight.name, self.in_flight.number, *self.in_flight.split())

    def _exchange(self, limits: Mapping[str, int], block_seconds: float = 0) -> Received:
        settlements, self._settlements = self._settlements, []
        self.in_flight.empty()
        if self._lease is not None:
            self._term = self._lease.term
        try:
            received = self._reader.exchange(settlements, limits, block_seconds)
        except LayerUnavailable:
            raise
        except Exception:  # a defect: this worker will be replaced, but no connection shall hang for it
            self._settlements = [Settlement([], item.reply_channel, item.turn) for item in settlements]
            raise
        if received.expired:
            self._settlements += settlements_of_expired(received.expired)
        return received

    def _run_all(self, received: Received) -> None:
        """Run the messages of a batch in order; those that would wait too long are requeued for other workers."""
        taken = received.taken
        if not taken:
            return
        self.in_flight.fill(taken, self._reader.number)
        for observer in self._observers:
            observer.taken(received)
        channel = taken[0].envelope.channel
        started = before = time.perf_counter()
        for done, item in enumerate(taken, 1):
            if not self._may_begin():
                self._requeue(taken[done - 1 :])
                break
            self.in_flight.begun = done
            settlement = self._runner.run(item.envelope)  # which may write earlier settlements
            if self._is_abandoned:
                return
            if settlement.again is not None:
                settlement.replaces = Source(BatchId(self.in_flight.name, self._reader.number), item.raw)
            self._settlements.append(settlement)
            now = time.perf_counter()
            self._batching.observe(channel, now - before)
            for observer in self._observers:
                observer.ran(channel, now - before, now)
            if done < len(taken) and is_overdue(now - before, now - started) and self._requeue(taken[done:]):
                break
            before = now
        self._batching.adjust(channel)
        self.handled += len(taken)

    def _note_written(self) -> None:
        for observer in self._observers:
            observer.written()

    def _wait_for_lease(self) -> None:
        """Write the settlement without a take, whose messages would be counted as lost."""
        try:
            self._settle()
        except LayerUnavailable as error:
            self._note_outage(error)
        else:
            self._note_outage(LayerUnavailable(f"the lease of worker {self.in_flight.name} could not be renewed"))
        self._stopping.wait(NO_LEASE_PAUSE_SECONDS)

    def _wait_for_resume(self) -> None:
        """Take nothing, since all its channels are paused; settle the last batch."""
        try:
            self._settle()
            self._reader.requeue(())
        except LayerUnavailable as error:
            self._note_outage(error)
        else:
            self._note_answer()
        self._stopping.wait(ALL_PAUSED_SECONDS)

    def _leave(self) -> None:
        """Write settlements, then end: others have ended the name of this worker, or are about to."""
        try:
            self._settle()
            self._reader.exchange([], {})  # writes what was not answered
        except LayerUnavailable as error:
            self._note_outage(error)
            self._stopping.wait(NO_LEASE_PAUSE_SECONDS)
            return
        if self._is_away:
            self._outage.ended()
        logger.warning("The lease of worker %s had expired: another worker follows it", self.in_flight.name)
        self._is_over = True

    def _may_begin(self) -> bool:
        """Return whether the lease has been held without a gap since before the batch was taken."""
        lease = self._lease
        return lease is None or lease.is_held and lease.term == self._term

    def _requeue(self, rest: Sequence[Taken]) -> bool:
        """Settle, and requeue the rest of the batch; False if it is to be run here, because the store takes nothing."""
        try:
            self._settle()
        except LayerUnavailable as error:  # the reader keeps settlements for the next exchange
            self._note_outage(error)
        try:
            if not self._reader.requeue(rest):
                logger.error(
                    "The lease of worker %s had expired: %d messages of channel %s are lost and counted by others",
                    *(self.in_flight.name, len(rest), rest[0].envelope.channel),
                )
        except PartlyRefused as error:
            self._note_outage(error)
            if self._may_begin():
                self._reader.withdraw_requeue()
                self.in_flight.fill(rest, self._reader.number)
                return False
        except LayerUnavailable as error:  # the reader requeues them with the next exchange
            self._note_outage(error)
        self.in_flight.empty()
        return True

    def _note_outage(self, error: LayerUnavailable) -> None:
        self._outage.began(error)
        self._is_away = True

    def _note_answer(self) -> None:
        if self._is_away:
            self._is_away = False
            self._pauses.reset()
            self._outage.ended()

    def _end_turn(self, settlement: Settlement) -> None:
        """End the turn of a connection before its consumer runs."""
        settlements, self._settlements = [*self._settlements, settlement], []
        self.in_flight.drop(settlement.reply_channel)
        try:
            self._reader.exchange(settlements, {})
        except LayerUnavailable as error:  # the reader keeps settlements for the next exchange
            self._note_outage(error)

    def _settle(self) -> None:
        """Write settlements without asking for more."""
        self.in_flight.empty()
        if self._settlements:
            settlements, self._settlements = self._settlements, []
            self._reader.exchange(settlements, {})

    def _close(self) -> None:
        """Settle and close, repeatedly for a bounded time: refused settlements would be lost with this process."""
        deadline = time.monotonic() + CLOSE_SECONDS
        while True:
            try:
                self._close_once()
                return
            except LayerUnavailable as error:
                if time.monotonic() >= deadline:
                    logger.error("Lost settlements of a worker that stops, the layer is unavailable: %s", error)
                    return  # its lease expires, and what it had in flight is counted
            time.sleep(CLOSE_PAUSE_SECONDS)

    def _close_once(self) -> None:
        running, unrun = self._failed
        if running or unrun:
            self._settle()
            raw_layer(self.channel_layer).lose(self.in_flight.name, self.in_flight.number, running, unrun)
            self._failed = (), ()
        try:
            self._settle()
        finally:
            self._reader.close()  # which writes once more what the settling could not


def default_router(channel_layer: AnyLayer) -> Router:
    """Return the router of a configured layer, with the default routes and Django's views behind it.

    Raises:
        ConfigurationError: the layer has no routing, or a wrong one.
    """
    if not isinstance(channel_layer, ConfiguredLayer):
        raise ConfigurationError("a worker on a bare layer needs a router; channel_layers[alias] brings its own")
    router = Router(channel_layer.routing)
    router.check_default(http_consumer=ViewConsumer())
    return router
