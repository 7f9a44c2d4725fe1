"""Operations on the history of a group: publish into it, and read it. Plain data (see `operation`).

A group's messages have offsets, 1, 2, 3 and so on, within an epoch. An epoch begins when the store has no record of the
group: it is new, it was idle for longer than its record lives, or the store has lost its data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..history.bounds import HistoryBounds
from ..history.positions import Position
from .operation import Operation

#: Offset of `ReadHistory` that stands for the newest messages.
NEWEST = -1


class Published(NamedTuple):
    """The place of a message in the history of its group, and the marks of the group at that moment."""

    epoch: str
    offset: int
    marks: Sequence[str]


@dataclass(slots=True)
class Publish(Operation[Published]):
    """Give a message the next offset of its group, keep it, trim the history, and list the unexpired marks.

    `entry` begins with its random bytes. `epoch` is the name of the epoch if one begins. `is_repeated`: it may have
    been published already, because an answer was lost; then the result is the place that it has.
    """

    group: str
    entry: bytes
    bounds: HistoryBounds
    epoch: str
    is_repeated: bool = False


class Kept(NamedTuple):
    """A message that a group keeps: when it was published (seconds, the store's clock), and its entry."""

    offset: int
    sent_at: float
    entry: bytes


class HistoryPage(NamedTuple):
    """Some messages of a group, oldest first; the newest offset of the group, and the oldest that it keeps.

    `oldest` is `newest + 1` if it keeps none.
    """

    epoch: str
    newest: int
    oldest: int
    kept: Sequence[Kept]


@dataclass(slots=True)
class ReadHistory(Operation[HistoryPage]):
    """Read up to `limit` messages of a group after an offset, or the last ones (`NEWEST`); renew the group's record.

    `epoch` is the name of the epoch if one begins. Without `bounds` none begins, and the bounds are those of the last
    publish; the epoch of a group without a record is empty then.
    """

    group: str
    bounds: HistoryBounds | None
    epoch: str
    after: int
    limit: int


@dataclass(slots=True)
class Head(Operation[Position | None]):
    """Read the epoch and the newest offset of a group. Result: None if the store has no record of it."""

    group: str


def record_seconds(bounds: HistoryBounds) -> float:
    """Return the TTL of a group's epoch and offset: longer than that of any of its messages."""
    return 2 * bounds.seconds + 60
