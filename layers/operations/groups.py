"""Operations on groups: marks of inboxes and plain channels, and members. Plain data (see `operation`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from .operation import Operation

#: Seconds that an inbox's mark in a group outlives its last renewal.
MARK_SECONDS = 50
#: Seconds between two renewals of the same mark: one may fail before it expires.
RENEW_SECONDS = 20


@dataclass(slots=True)
class Join(Operation[None]):
    """Mark that a group has members in an inbox (`locals_` names them), or a plain channel (`locals_` empty).

    The mark of an inbox expires after `MARK_SECONDS` unless renewed; that of a plain channel after `group_expiry`.
    """

    group: str
    mark: str
    locals_: Sequence[str] = ()


@dataclass(slots=True)
class Leave(Operation[None]):
    """Remove members of an inbox, or a plain channel, from a group; with the last one the mark is removed."""

    group: str
    mark: str
    locals_: Sequence[str] = ()


@dataclass(slots=True)
class Renew(Operation[bool]):
    """Renew an inbox's mark in a group. Result: False if the store does not know it any more (then `Join` again)."""

    group: str
    inbox: str


@dataclass(slots=True)
class Marks(Operation[list[str]]):
    """List the unexpired marks of a group: inboxes (ending in `!`) and plain channels."""

    group: str


@dataclass(slots=True)
class Members(Operation[list[str]]):
    """List a group's members in one inbox, by local part."""

    group: str
    inbox: str
