"""The worker's signals, under the import path of 1.x."""

from towpath.worker.signals import consumer_finished, consumer_started, worker_process_ready, worker_ready

__all__ = ["consumer_finished", "consumer_started", "worker_process_ready", "worker_ready"]
