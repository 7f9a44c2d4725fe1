"""The loop that takes messages and runs their consumers: receive, route, run, settle."""

from .limits import Limits
from .pool import EXIT_FORCED, EXIT_HUNG, EXIT_STOPPED, WorkerPool
from .signals import consumer_finished, consumer_started, worker_process_ready, worker_ready
from .worker import Worker

__all__ = [
    "EXIT_FORCED",
    "EXIT_HUNG",
    "EXIT_STOPPED",
    "Limits",
    "Worker",
    "WorkerPool",
    "consumer_finished",
    "consumer_started",
    "worker_process_ready",
    "worker_ready",
]
