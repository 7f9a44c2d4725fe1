"""The operator's view of Redis: see `towpath.layers.survey`. Blocking; each call is one or two round trips.

Nothing is searched by pattern: processes are registered, channels are those that the caller names.
"""

import time
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from ..delays import CountDelayed
from ..errors import LayerUnavailable
from ..keys import Keys
from ..operations import ChannelState, Statistics
from ..survey import STALE_SECONDS, ProcessRecord, QueueState, StoreState, decoded_record
from . import scripts
from .client import Client
from .scripts import Command

#: Records that were not renewed for so long are removed, and all of them after a day without any, in seconds.
REMOVED_SECONDS = 60
RECORDS_SECONDS = 86_400


class RedisSurvey:
    """Looks at one layer's Redis."""

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._seen, self._records = keys.processes("seen"), keys.processes("records")

    def register(self, record: ProcessRecord) -> None:
        """Write or renew the record of a process."""
        keys = [self._seen, self._records]
        self._call(scripts.REGISTER_PROCESS.eval(keys, record.id, record.encoded(), REMOVED_SECONDS, RECORDS_SECONDS))

    def unregister(self, record: ProcessRecord) -> None:
        """Remove the record of a process that stops."""
        self._call(("ZREM", self._seen, record.id))
        self._call(("HDEL", self._records, record.id))

    def processes(self) -> Sequence[ProcessRecord]:
        """Return the records that are not stale, sorted by kind, host and start."""
        answer = self._call(scripts.PROCESSES.eval([self._seen, self._records], STALE_SECONDS))
        records = [decoded_record(text) for text in answer if text is not None]
        found = [record for record in records if record is not None]
        return sorted(found, key=lambda record: (record.kind, record.host, record.started_at))

    def leases(self) -> Sequence[tuple[str, float]]:
        """Return the owners whose leases have not expired, and the seconds until they do."""
        answer = self._call(scripts.LEASES.eval([self._keys.leases("held")]))
        return [(owner.decode(), float(left)) for owner, left in zip(answer[::2], answer[1::2], strict=True)]

    def queues(self, channels: Sequence[str]) -> Sequence[QueueState]:
        """Return the states of channels, in their order."""
        looks = [look for channel in channels for look in (Statistics(channel), CountDelayed(channel))]
        results = self._client.execute(looks)
        return [
            _queue_state(channel, state, delayed)
            for channel, state, delayed in zip(channels, results[::2], results[1::2], strict=True)
        ]

    def store(self) -> StoreState:
        """Return the version, the memory and the latency of Redis."""
        self._call(("PING",))  # so that the connection is open
        asked_at = time.perf_counter()
        self._call(("PING",))
        latency = time.perf_counter() - asked_at
        info: dict[str, str] = {}
        for section in ("server", "memory", "clients"):
            info.update(_info(self._call(("INFO", section))))
        return StoreState(
            version=info.get("valkey_version") or info.get("redis_version", "?"),
            memory_bytes=int(info.get("used_memory", 0)),
            memory_limit_bytes=int(info.get("maxmemory", 0)),
            eviction_policy=info.get("maxmemory_policy", "?"),
            clients=int(info.get("connected_clients", 0)),
            latency_seconds=latency,
        )

    def _call(self, command: Command) -> Any:
        answer = self._client.call(*command)
        if isinstance(answer, ResponseError):
            raise LayerUnavailable(f"{self._client.label} refused {command[0]}: {answer}") from answer
        return answer


def _info(answer: bytes) -> dict[str, str]:
    lines = answer.decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _queue_state(channel: str, state: object, delayed: object) -> QueueState:
    assert isinstance(state, ChannelState) and isinstance(delayed, int)
    counts = state.counters
    return QueueState(
        channel,
        depth=state.pending,
        oldest_seconds=state.oldest_age,
        delayed=delayed,
        lost=counts.get("lost", 0),
        expired=counts.get("expired", 0),
        full=counts.get("full", 0),
    )
