"""The operator's view of a store that several processes share: its processes, its queues. Plain data.

Each process registers itself with a record, every few seconds; a record that is not renewed is stale.
"""

import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from typing import Any, Protocol

from .contract import Content
from .names import random_token
from .operations.pauses import Paused

#: Time between two renewals of a record, and the age at which it is stale, in seconds.
RENEW_SECONDS = 5.0
STALE_SECONDS = 16.0


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """The report of a process about itself; `channels` are those that a worker takes messages from."""

    #: `interface` or `worker`.
    kind: str
    id: str = field(default_factory=random_token)
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    version: str = field(default_factory=lambda: version("towpath"))
    #: Seconds since the epoch, by the clock of the process's machine.
    started_at: float = field(default_factory=time.time)
    #: The names under which it holds leases: the inbox of an interface server, the readers of a worker.
    owners: Sequence[str] = ()
    channels: Sequence[str] = ()
    #: Current numbers, such as `sockets`, `threads` and `busy`.
    numbers: Mapping[str, float] = field(default_factory=dict)
    #: `serving`, `draining`, or the reason why it is not ready.
    state: str = "serving"
    #: Descriptions of the consumers that have run for too long.
    slow: Sequence[str] = ()
    #: The paused channels of a worker.
    paused: Sequence[str] = ()

    def encoded(self) -> bytes:
        """Return the record as JSON."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()


def decoded_record(text: bytes) -> ProcessRecord | None:
    """Return the record that a process has written; None if another release wrote it in another form."""
    try:
        found: Any = json.loads(text)
        known = {each.name for each in fields(ProcessRecord)}
        values: Any = {name: value for name, value in found.items() if name in known}
        for name in ("owners", "channels", "slow", "paused"):
            values[name] = tuple(values.get(name, ()))
        return ProcessRecord(**values)
    except (ValueError, TypeError, AttributeError):
        return None


@dataclass(frozen=True, slots=True)
class QueueState:
    """The messages that wait in a channel, and the age of the oldest in seconds; `delayed` are not due yet."""

    channel: str
    depth: int
    oldest_seconds: float
    delayed: int
    lost: int
    expired: int
    full: int
    #: Messages taken from the channel since it was counted first.
    sent: int = 0


@dataclass(frozen=True, slots=True)
class StoreState:
    """A Redis: its version, memory in bytes (`limit` 0: none), policy, and the round trip to it in seconds."""

    version: str
    memory_bytes: int
    memory_limit_bytes: int
    eviction_policy: str
    clients: int
    latency_seconds: float


@dataclass(frozen=True, slots=True)
class GroupState:
    """A group: the number of interface servers and plain channels that have members, and of members on sockets."""

    group: str
    marks: int
    members: int


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message in a queue, and its age in seconds; `content` None: it cannot be decoded."""

    age_seconds: float
    content: Content | None


class Survey(Protocol):
    """Reads the store, and registers processes in it. Each method raises `LayerUnavailable` if it is unavailable."""

    def register(self, record: ProcessRecord) -> None:
        """Write or renew the record of a process."""

    def unregister(self, record: ProcessRecord) -> None:
        """Remove the record of a process that stops."""

    def processes(self) -> Sequence[ProcessRecord]:
        """Return the records that are not stale."""

    def leases(self) -> Sequence[tuple[str, float]]:
        """Return the owners whose leases have not expired, inboxes and readers, and the seconds until they do."""

    def queues(self, channels: Sequence[str]) -> Sequence[QueueState]:
        """Return the states of channels, in their order."""

    def paused(self) -> Paused:
        """Return the channels that are paused, with the seconds that are left; None: until they are resumed."""

    def store(self) -> StoreState:
        """Return the state of the store itself."""

    def groups(self, limit: int) -> tuple[Sequence[GroupState], bool]:
        """Return up to `limit` groups, and whether there may be more. A bounded search through the keys."""

    def group_count(self) -> int | None:
        """Return the number of groups, by a search of which each call does a bounded part; None before its end."""

    def inbox_lengths(self, inboxes: Sequence[str]) -> Sequence[int]:
        """Return how many entries wait in each inbox, with those that its owner has read and is writing to clients."""

    def peek(self, channel: str, limit: int) -> Sequence[WaitingMessage]:
        """Return the oldest messages of a channel, and leave them there."""

    def purge(self, channel: str) -> int:
        """Drop the messages that wait in a channel; return how many. They are counted as dropped."""


def survey_of(layer: object) -> Survey | None:
    """Return the survey of a layer; None if its store belongs to one process."""
    make = getattr(layer, "survey", None)
    survey: Survey | None = None if make is None else make()
    return survey
