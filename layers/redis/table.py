"""The table of a family of operations: how each is written as a command of Redis, and how the answer is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, NamedTuple

from .scripts import Command

#: TTL of counters after their last change, in seconds: a day.
COUNTS_SECONDS = 86_400
#: TTL of an in-flight record, in seconds: a day. It is counted as lost long before that.
RECORD_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """The expiry of messages and groups of one layer in seconds, and the TTL of what holds them in milliseconds."""

    expiry: float
    group_expiry: float
    #: A queue outlives its messages, so that a worker that starts late counts and settles those that have expired.
    queue_ms: int = field(init=False)
    inbox_ms: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "queue_ms", ceil(self.expiry * 2000) + 60_000)
        object.__setattr__(self, "inbox_ms", ceil(self.expiry * 1000) + 1000)


class Row(NamedTuple):
    """The method that writes an operation, and the function that reads its answer; None: it has no result."""

    write: Callable[[Any, Any], Command]
    read: Callable[[Any, Any], object] | None = None


Table = Mapping[type, Row]


def as_int(_: object, answer: Any) -> int:
    """Read a number."""
    return int(answer)


def as_bool(_: object, answer: Any) -> bool:
    """Read whether something was done or known."""
    return bool(answer)


def as_names(_: object, answer: Any) -> list[str]:
    """Read a list of names."""
    return [name.decode() for name in answer]


def as_clock(seconds: bytes, microseconds: bytes) -> float:
    """Read the time of the store, in seconds."""
    return int(seconds) + int(microseconds) / 1_000_000
