"""Signals before and after each consumer, and at a worker's start. Exceptions of receivers are logged, never raised."""

import logging

from django.dispatch import Signal

logger = logging.getLogger(__name__)

#: Sent by the class `Worker`, with `environ`, before each consumer; messages that receivers send are held like its own.
consumer_started = Signal()
#: Sent by the class `Worker` after each consumer, also if it raised.
consumer_finished = Signal()
#: Sent by a `Worker` once for each worker thread, before it takes its first message.
worker_ready = Signal()
#: Sent by `WorkerPool` once for each `runworker` process, before the first `worker_ready`.
worker_process_ready = Signal()


def announce(signal: Signal, sender: object, **named: object) -> None:
    """Send a signal, if it has receivers; their exceptions are logged, SystemExit and the like too."""
    if not signal.receivers:
        return
    try:
        signal.send_robust(sender, **named)  # Django logs what it catches
    except BaseException:
        logger.exception("A receiver of a worker's signal tried to end the worker")
