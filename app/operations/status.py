"""The state of a site: Redis, interface servers, workers, queues. It takes a few round trips, and scans no keys."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from towpath.layers.operations.delays import DELAY_CHANNEL
from towpath.layers.survey import ProcessRecord, QueueState, StoreState, Survey

from .pausing import paused_state, process_name
from .table import table


@dataclass(frozen=True, slots=True)
class Status:
    """The processes of a site. `is_alive`: a lease is held; the record of a killed process remains for 16 s."""

    store: StoreState
    processes: Sequence[ProcessRecord]
    queues: Sequence[QueueState]
    held: frozenset[str]
    #: The paused channels, with the remaining seconds; None: until they are resumed.
    paused: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def interfaces(self) -> list[ProcessRecord]:
        """The interface servers."""
        return [record for record in self.processes if record.kind == "interface"]

    @property
    def workers(self) -> list[ProcessRecord]:
        """The worker processes."""
        return [record for record in self.processes if record.kind == "worker"]

    def is_alive(self, record: ProcessRecord) -> bool:
        """Return whether a process holds a lease."""
        return not self.held.isdisjoint(record.owners)

    def as_json(self, now: float) -> dict[str, Any]:
        """Return the status as plain data; times in seconds, sizes in bytes."""

        def process(record: ProcessRecord) -> dict[str, Any]:
            uptime = round(now - record.started_at, 1)
            return {**asdict(record), "uptime_seconds": uptime, "is_alive": self.is_alive(record)}

        return {
            "redis": asdict(self.store),
            "interfaces": [process(record) for record in self.interfaces],
            "workers": [process(record) for record in self.workers],
            "queues": [asdict(queue) for queue in self.queues],
            "paused": dict(self.paused),
            "leases": len(self.held),
        }


def read_status(survey: Survey, channels: Iterable[str]) -> Status:
    """Read the status of a site; `channels` are those of the project's routing, those of its workers are added.

    Raises:
        LayerUnavailable: Redis does not answer.
    """
    processes = survey.processes()
    paused = survey.paused()
    names = {*channels, DELAY_CHANNEL, *paused, *(channel for record in processes for channel in record.channels)}
    held = frozenset(owner for owner, _ in survey.leases())
    return Status(survey.store(), processes, survey.queues(sorted(names)), held, paused)


def report(status: Status, now: float | None = None) -> str:
    """Return the status as text."""
    now = time.time() if now is None else now
    lines = [redis_line(status.store), ""]
    lines += _processes(status, "Interface servers", status.interfaces, now)
    lines += _processes(status, "Workers", status.workers, now)
    rows = [
        [queue.channel, str(queue.depth), f"{queue.oldest_seconds:.1f} s", *map(str, _counts(queue)), state]
        for queue in status.queues
        if (state := paused_state(queue.channel, status.paused)) or queue.depth or any(_counts(queue))
    ]
    empty = len(status.queues) - len(rows)
    head = ["Queues", "waiting", "oldest", "delayed", "lost", "expired", "refused", "state"]
    return "\n".join([*lines, *table(head, rows), f"{empty} queues are empty"])


def redis_line(store: StoreState) -> str:
    """Return the state of Redis as one line."""
    limit = f" of {_size(store.memory_limit_bytes)}" if store.memory_limit_bytes else ", without a limit"
    return (
        f"Redis {store.version}: {_size(store.memory_bytes)}{limit} ({store.eviction_policy}), "
        f"{store.clients} clients, {store.latency_seconds * 1000:.1f} ms"
    )


def _processes(status: Status, title: str, records: Sequence[ProcessRecord], now: float) -> list[str]:
    names = sorted({name for record in records for name in record.numbers})
    rows = [
        [
            process_name(record),
            record.version,
            duration(now - record.started_at),
            record.state if status.is_alive(record) else "no lease",
            *(f"{record.numbers.get(name, 0):g}" for name in names),
        ]
        for record in records
    ]
    slow = [f"  slow: {line}" for record in records for line in record.slow]
    return [*table([title, "version", "up for", "state", *names], rows), *slow, ""]


def _counts(queue: QueueState) -> tuple[int, int, int, int]:
    return queue.delayed, queue.lost, queue.expired, queue.full


def duration(seconds: float) -> str:
    """Return a duration with its two largest units."""
    minutes, rest = divmod(int(max(0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days}d {hours}h" if days else f"{hours}h {minutes}m" if hours else f"{minutes}m {rest}s"


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB"
