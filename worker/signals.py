"""Signals before and after every consumer and at a worker's start. Exceptions of receivers are logged, not raised.

| signal | sender | when |
|---|---|---|
| consumer_started(environ) | Worker class | before each consumer; what receivers send is held like its own sends |
| consumer_finished | Worker class | after each consumer, also if it raised |
| worker_process_ready | WorkerPool | once per `runworker` process, before the first worker_ready |
| worker_ready | Worker | once per worker thread, before it takes its first message |
"""

import logging

from django.dispatch import Signal

logger = logging.getLogger(__name__)

consumer_started = Signal()
consumer_finished = Signal()
worker_ready = Signal()
worker_process_ready = Signal()


def announce(signal: Signal, sender: object, **named: object) -> None:
    """Send a signal, if it has receivers; their exceptions are logged, SystemExit and the like too."""
    if not signal.receivers:
        return
    try:
        signal.send_robust(sender, **named)  # Django logs what it catches
    except BaseException:
        logger.exception("A receiver of a worker's signal tried to end the worker")
