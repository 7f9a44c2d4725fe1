"""The workers of one process: threads that are kept alive, stopped together, and the process that runs them.

`run` is a worker process. `start` and `stop` are for a host with its own life, such as `runserver`.
"""

import logging
import os
from collections.abc import Callable, Collection, Sequence
from threading import Event, Lock, Thread

from towpath.channels.configured import AnyLayer, raw_layer
from towpath.handler.network import network_waits
from towpath.layers.backoff import Outages
from towpath.layers.errors import ConfigurationError, LayerUnavailable
from towpath.routing import Router

from .database import close_connections
from .heartbeat import Heartbeat
from .in_flight import InFlightBatch
from .interfaces import Monitor
from .lease import WorkerLease
from .limits import Limits
from .observer import Observer
from .paused import PausedChannels
from .registration import Registration
from .run import Callback
from .scheduler import Scheduler
from .selection import select_channels
from .signals import announce, worker_process_ready
from .slow import SlowConsumers
from .stop_signals import StopSignals
from .worker import Worker, default_router

logger = logging.getLogger(__name__)

#: Exit code after a clean stop.
EXIT_STOPPED = 0
#: Exit code when a second signal cut running consumers off.
EXIT_FORCED = 75
#: Exit code when a consumer exceeded its time and was aborted.
EXIT_HUNG = 70
#: Seconds between two checks of the limits of a process.
LOOK_SECONDS = 1.0
#: Pause before a worker that failed is replaced, in seconds: one that fails at once must not spin.
REPLACE_PAUSE_SECONDS = 1.0
#: Seconds between two wakes of the workers of a stopping pool: one may have begun to wait just after the last wake.
WAKE_SECONDS = 0.1


class WorkerPool:
    """`threads` workers of one layer, which share router and options (see `Worker`).

    `run` ends by itself when the process has reached one of its `limits`. `observe` makes an observer of each worker.

    Raises:
        ConfigurationError: `threads` is not a positive number, there is no routing, or no channel remains.
    """

    def __init__(
        self,
        channel_layer: AnyLayer,
        threads: int = 1,
        router: Router | None = None,
        *,
        callback: Callback | None = None,
        message_retries: int = 10,
        only_channels: Sequence[str] | None = None,
        exclude_channels: Sequence[str] | None = None,
        limits: Limits | None = None,
        slow_seconds: float | None = None,
        monitor: Monitor | None = None,
        observe: Callable[[], Observer] | None = None,
    ) -> None:
        check_threads(threads)
        self.channel_layer = channel_layer
        self.router = default_router(channel_layer) if router is None else router
        self.channels = select_channels(self.router.channels, only_channels, exclude_channels)
        self._limits = Limits() if limits is None else limits
        #: The outages of the layer, and the consumers that run for longer than `slow_seconds`.
        self.outage = Outages()
        self.slow = SlowConsumers(slow_seconds)
        self._paused = PausedChannels()
        self._registered_paused: frozenset[str] = frozenset()
        self._callback, self._message_retries = callback, message_retries
        self._monitor, self._observe = monitor, observe
        if monitor is not None:
            monitor.attach(self)
        self._workers: dict[int, Worker] = {}
        #: How many messages workers have handled that have ended and been replaced.
        self._handled = 0
        self._lock, self._stopping = Lock(), Event()
        self._threads = [
            Thread(target=self._keep_worker, args=(index,), name=f"towpath-worker-{index}", daemon=True)
            for index in range(threads)
        ]
        self._heartbeat = Heartbeat(raw_layer(channel_layer), self._batches, self._note_paused)
        self._scheduler = Scheduler(channel_layer)
        self._registration: Registration | None = None

    def _new_worker(self) -> Worker:
        return Worker(
            self.channel_layer,
            self.router,
            callback=self._callback,
            message_retries=self._message_retries,
            only_channels=self.channels,
            signal_handlers=False,
            outage=self.outage,
            lease=WorkerLease(raw_layer(self.channel_layer).lease_times.reader_lease),
            runs=None if self._monitor is None else self._monitor.new_runs(),
            observers=() if self._observe is None else (self._observe(),),
            paused=self._paused,
        )

    def run(self, install_signals: bool = True, signals: StopSignals | None = None) -> int:
        """Work until SIGTERM, SIGINT or `stop`, or until a limit is reached; finish the messages in flight.

        `signals` have been caught by the caller already, before the pool was made. A second signal ends the process at
        once with `EXIT_FORCED`: consumers that hang in threads of others would keep it from ending otherwise. So does
        a consumer that exceeds its time, with `EXIT_HUNG`.

        Returns:
            The exit code.
        """
        if signals is not None:
            return self._work(signals)
        with StopSignals(install_signals) as caught:
            return self._work(caught)

    def _work(self, signals: StopSignals) -> int:
        signals.exit_code = None
        if signals.is_waiting():
            return EXIT_STOPPED
        if self._monitor is not None:
            self._monitor.start()
        announce(worker_process_ready, self)
        self._registration = Registration(self)
        self.start()
        self._registration.start()
        limits = self._limits.spread()
        while not (self._stopping.is_set() or signals.wait(LOOK_SECONDS) or self._is_at_its_limit(limits)):
            self.slow.look(self.living())
        if self.stop(give_up=lambda: signals.is_waiting() or self._is_held_up()):
            self._registration.stop()
            if self._monitor is not None:
                self._monitor.stop()
            return EXIT_STOPPED
        exit_code = EXIT_FORCED if signals.is_waiting() else EXIT_HUNG
        if exit_code == EXIT_FORCED:
            logger.warning("A second signal: ending at once, running consumers are cut off")
        else:
            self._abandon_workers()
        logging.shutdown()
        os._exit(exit_code)

    def _is_at_its_limit(self, limits: Limits) -> bool:
        """Return whether a limit is reached, so that a new process must follow; it is logged."""
        with self._lock:
            workers = list(self._workers.values())
            handled = self._handled + sum(worker.handled for worker in workers)
        reason = limits.reached(handled)
        if reason is not None:
            logger.warning("Retiring: %s", reason)
        return reason is not None or any(self._hangs(worker) for worker in workers)

    def _hangs(self, worker: Worker) -> bool:
        seconds = self._limits.message_seconds
        return seconds is not None and worker.in_flight.is_older_than(seconds)

    def _is_held_up(self) -> bool:
        """Return whether all workers that have not ended hang."""
        workers = self.living()
        return bool(workers) and all(self._hangs(worker) for worker in workers)

    def _abandon_workers(self) -> None:
        for worker in self.living():
            logger.error(
                "A consumer has run for more than %s seconds; its process ends. It is at:\n%s",
                *(self._limits.message_seconds, worker.whereabouts()),
            )
            try:
                worker.abandon()
            except LayerUnavailable as error:
                logger.error("Could not settle for a worker that hangs, others will: %s", error)

    def start(self) -> None:
        """Start the workers, the heartbeat that keeps their turns, and the scheduler."""
        logger.info("Starting %d workers on channels %s", len(self._threads), ", ".join(self.channels))
        network_waits.add_threads(len(self._threads))
        self._heartbeat.start()
        self._scheduler.start()
        for thread in self._threads:
            thread.start()

    def stop(self, give_up: Callable[[], bool] = lambda: False) -> bool:
        """Take no more messages, finish and settle those in flight. False if `give_up()` ended it before.

        The order: workers first, woken until each has ended; then the scheduler; then the heartbeat, which keeps the
        turns of consumers that take long to finish.
        """
        logger.info("Stopping: finishing what was taken")
        self._stopping.set()
        for thread in self._threads:
            while thread.is_alive():
                if give_up():
                    return False
                for worker in self.living():
                    worker.stop()
                thread.join(WAKE_SECONDS)
        self._scheduler.stop()
        self._heartbeat.stop()
        network_waits.add_threads(-len(self._threads))
        return True

    @property
    def thread_count(self) -> int:
        """The number of worker threads."""
        return len(self._threads)

    @property
    def is_stopping(self) -> bool:
        """Return whether the pool is stopping."""
        return self._stopping.is_set()

    @property
    def paused(self) -> frozenset[str]:
        """The paused channels of this pool from which none of its workers takes any more."""
        applied = [worker.left_out for worker in self.living()]
        return frozenset.intersection(*applied) & frozenset(self.channels) if applied else frozenset()

    def _note_paused(self, channels: Collection[str]) -> None:
        """Wake the workers that wait on other channels than they are to; once all have begun anew, say so."""
        self._paused.note(channels)
        for worker in self.living():
            if worker.left_out != self._paused.names:
                worker.wake()
        paused = self.paused
        if paused != self._registered_paused and self._registration is not None:
            self._registered_paused = paused
            self._registration.now()

    def _batches(self) -> list[InFlightBatch]:
        return [*(worker.in_flight for worker in self.living()), self._scheduler.in_flight]

    def living(self) -> list[Worker]:
        """Return the workers that run; from any thread."""
        with self._lock:
            return list(self._workers.values())

    def _keep_worker(self, index: int) -> None:
        """Run a worker in this thread, and another one if it fails, until the pool stops."""
        while not self._stopping.is_set():
            try:
                self._run_worker(index)
            except BaseException:
                logger.exception("Worker %d failed and is replaced in %.1f seconds", index, REPLACE_PAUSE_SECONDS)
                self._stopping.wait(REPLACE_PAUSE_SECONDS)
        close_connections()

    def _run_worker(self, index: int) -> None:
        worker = self._new_worker()
        with self._lock:
            self._workers[index] = worker
        try:
            worker.ready()
            self._heartbeat.beat()  # before it takes anything, it is known to live
            if self._registration is not None:
                self._registration.now()
            worker.run()
        finally:
            with self._lock:
                del self._workers[index]
                self._handled += worker.handled


def check_threads(threads: int) -> None:
    """Check the number of threads of a worker process.

    Raises:
        ConfigurationError: it is below 1.
    """
    if threads < 1:
        raise ConfigurationError(f"a worker process has at least one thread, not {threads!r}")
