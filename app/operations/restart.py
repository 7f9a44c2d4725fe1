"""A rolling restart of workers: one process at a time gets SIGTERM; the next one once its successor has a lease.

The supervisor of this machine starts the successor. Sockets stay open; while one worker is replaced, the others run its
messages.
"""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from towpath.layers.errors import LayerUnavailable, TowpathError
from towpath.layers.survey import ProcessRecord, Survey

log = logging.getLogger(__name__)

#: Seconds in which a worker must finish its messages and be replaced: more than supervisors wait.
RESTART_SECONDS = 120.0
#: Seconds between two checks for the successor.
LOOK_SECONDS = 0.2


class RestartFailed(TowpathError):
    """Raised if a worker does not stop or has no successor; the remaining workers are not restarted."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Restarts the workers of this machine, each within `timeout_seconds`; `say` is called with each step.

    The worker whose process runs this (`own_pid`) is the last one, and ends without a wait for its successor.
    """

    survey: Survey
    timeout_seconds: float
    say: Callable[[str], object]
    host: str = socket.gethostname()
    own_pid: int = field(default_factory=os.getpid)

    def run(self) -> int:
        """Restart one after the other; return their number, without those that had ended before.

        Raises:
            RestartFailed: a worker could not be stopped, or no successor has started in time.
            LayerUnavailable: Redis did not answer before the first step.
        """
        workers, count = sorted(self.workers(), key=lambda worker: worker.pid == self.own_pid), 0
        for position, worker in enumerate(workers, 1):
            label = f"worker {worker.pid} ({position} of {len(workers)})"
            self.say(f"Stopping {label}")
            if worker.pid == self.own_pid:
                os.kill(worker.pid, signal.SIGTERM)
                return count + 1
            began = time.monotonic()
            count += self._replace(worker, label)
            self.say(f"Replaced {label} after {time.monotonic() - began:.1f} s")
        return count

    def workers(self) -> list[ProcessRecord]:
        """Return the workers of this machine that hold a lease: the ids of others may belong to other processes."""
        held = {owner for owner, _ in self.survey.leases()}
        return [
            record
            for record in self.survey.processes()
            if record.kind == "worker" and record.host == self.host and not held.isdisjoint(record.owners)
        ]

    def _replace(self, worker: ProcessRecord, label: str) -> bool:
        """Stop a worker and wait for its successor; return whether it had not ended before."""
        has_ended = False
        before = {record.id for record in self.workers()}
        try:
            if worker.state != "draining":  # a second signal would abort its consumers
                os.kill(worker.pid, signal.SIGTERM)
        except ProcessLookupError:  # its successor may already hold a lease: any worker that holds one will do
            self.say(f"{label} has ended already")
            before, has_ended = set(), True
        except PermissionError as error:
            raise RestartFailed(
                f"{label} belongs to another user: run this command as the user of the workers"
            ) from error
        deadline = time.monotonic() + self.timeout_seconds
        while not self._is_replaced(worker, before):
            if time.monotonic() > deadline:
                raise RestartFailed(
                    f"{label} was not replaced within {self.timeout_seconds:g} s: see the log of its supervisor. "
                    "The other workers were not restarted"
                )
            time.sleep(LOOK_SECONDS)
        return not has_ended

    def _is_replaced(self, worker: ProcessRecord, before: set[str]) -> bool:
        """Return whether the worker has ended and a new one holds a lease."""
        try:
            now = {record.id for record in self.workers()}
        except LayerUnavailable as error:
            log.warning("Waiting for Redis: %s", error)
            return False
        return worker.id not in now and not now <= before
