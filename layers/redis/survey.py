"""The operator's view of Redis: see `towpath.layers.survey`. Blocking; each call is one or two round trips.

Nothing but groups is searched by pattern: processes are registered, channels are those that the caller names.
"""

import time
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from ..contract import Content
from ..entries import EntryCodec, sent_at
from ..errors import DecodeError, LayerUnavailable
from ..keys import Keys, group_of_marks
from ..names import is_inbox
from ..operations.delays import CountDelayed
from ..operations.pauses import Paused, ReadPaused
from ..operations.queues import ChannelState, Statistics
from ..survey import (
    STALE_SECONDS,
    GroupState,
    ProcessRecord,
    QueueState,
    StoreState,
    WaitingMessage,
    decoded_record,
)
from . import scripts
from .client import Client
from .group_count import GroupCount
from .scripts import Command
from .table import COUNTS_SECONDS

#: Keys that one step of the search for groups reads, few enough not to block Redis; and the most steps.
SCAN_COUNT, MOST_SCANS = 1000, 1000
#: Age at which a record that was not renewed is removed, and age at which all records expire, in seconds.
REMOVED_SECONDS = 60
RECORDS_SECONDS = 86_400


class RedisSurvey:
    """Reads the state of a layer from its Redis."""

    def __init__(self, client: Client, keys: Keys, codec: EntryCodec) -> None:
        self._client = client
        self._codec = codec
        self._keys = keys
        self._groups = GroupCount(keys, self._call)
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
        looks = [(Statistics(channel), CountDelayed(channel)) for channel in channels]
        results = self._client.execute([look for pair in looks for look in pair])
        return [
            _queue_state(channel, statistics.result_of(state), count.result_of(delayed))
            for channel, (statistics, count), state, delayed in zip(
                channels, looks, results[::2], results[1::2], strict=True
            )
        ]

    def paused(self) -> Paused:
        """Return the channels that are paused."""
        return self._client.execute([ReadPaused()])[0]

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

    def groups(self, limit: int) -> tuple[Sequence[GroupState], bool]:
        """Return up to `limit` groups, sorted by name, and whether there may be more."""
        found: set[bytes] = set()
        cursor: Any = b"0"
        for _ in range(MOST_SCANS):
            cursor, keys = self._call(("SCAN", cursor, "MATCH", self._keys.every_marks(), "COUNT", SCAN_COUNT))
            found.update(key for key in keys if self._keys.is_own(key))
            if cursor in (b"0", 0) or len(found) > limit:
                break
        is_cut = cursor not in (b"0", 0) or len(found) > limit
        return [self._group(key) for key in sorted(found)[:limit]], is_cut

    def _group(self, key: bytes) -> GroupState:
        group = group_of_marks(key)
        marks = [mark.decode() for mark in self._call(("ZRANGE", key, 0, -1))]
        inboxes = [mark for mark in marks if is_inbox(mark)]
        members = sum(int(self._call(("SCARD", self._keys.members(group, inbox)))) for inbox in inboxes)
        return GroupState(group, len(marks), members)

    def group_count(self) -> int | None:
        """Return the number of groups; None before the end of the first search."""
        return self._groups.look()

    def inbox_lengths(self, inboxes: Sequence[str]) -> Sequence[int]:
        """Return how many entries each inbox holds."""
        keys = [self._keys.inbox(inbox) for inbox in inboxes]
        return [int(length) for length in self._call(scripts.LENGTHS.eval(keys))] if keys else []

    def peek(self, channel: str, limit: int) -> Sequence[WaitingMessage]:
        """Return the oldest messages of a channel, and leave them there."""
        seconds, microseconds = self._call(("TIME",))
        now = int(seconds) + int(microseconds) / 1e6
        entries = self._call(scripts.READ_SOME.eval([self._keys.queue(channel)], 0, limit))
        return [_waiting(now, entry, self._content(channel, entry)) for entry in entries]

    def _content(self, channel: str, entry: bytes) -> Content | None:
        try:
            return self._codec.open_queue_entry(channel, entry, is_aged=True).content
        except DecodeError:
            return None

    def purge(self, channel: str) -> int:
        """Drop the messages that wait in a channel; return how many."""
        keys = [self._keys.queue(channel), self._keys.wakeup(channel), self._keys.counts(channel)]
        return int(self._call(scripts.PURGE.eval(keys, COUNTS_SECONDS)))

    def _call(self, command: Command) -> Any:
        answer = self._client.call(*command)
        if isinstance(answer, ResponseError):
            raise LayerUnavailable(f"{self._client.label} refused {command[0]}: {answer}") from answer
        return answer


def _waiting(now: float, entry: bytes, content: Content | None) -> WaitingMessage:
    """Return an entry; one that is not ours, and so without a message, has no age."""
    return WaitingMessage(0.0 if content is None else max(0.0, now - sent_at(entry)), content)


def _info(answer: bytes) -> dict[str, str]:
    lines = answer.decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _queue_state(channel: str, state: ChannelState, delayed: int) -> QueueState:
    counts = state.counters
    return QueueState(
        channel,
        depth=state.pending,
        oldest_seconds=state.oldest_age,
        delayed=delayed,
        lost=counts.get("lost", 0),
        expired=counts.get("expired", 0),
        full=counts.get("full", 0),
        sent=counts.get("sent", 0),
    )
