"""The events that an interface server reads from its inbox: plain data."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from .history.positions import Position


class Replies(NamedTuple):
    """Inbox event: messages for one connection outside of a settlement."""

    local: str
    contents: Sequence[dict[str, Any]]


class Settled(NamedTuple):
    """Inbox event: a consumer has run. Its replies, the new session state (None: as before), the turn it ends."""

    local: str
    turn: int
    replies: Sequence[dict[str, Any]]
    session_state: bytes | None


class Kept(NamedTuple):
    """Inbox event: the consumer of this turn is still running."""

    local: str
    turn: int


class Lost(NamedTuple):
    """Inbox event: the worker that had taken this turn's message has expired, so that the result is unknown; or the
    consumer did not run, because the message had waited too long.
    """

    local: str
    turn: int


class Grouped(NamedTuple):
    """Inbox event: a group message, the local members it is for, and the trace of its sender, if it has one.

    `position` is its place in the history of the group; None: the group has no history.
    """

    group: str
    locals: Sequence[str]
    content: dict[str, Any]
    trace: dict[str, Any] | None = None
    position: Position | None = None


class Gap(NamedTuple):
    """Inbox event: messages before `position` did not reach these members, and are no longer kept."""

    group: str
    locals: Sequence[str]
    position: Position


class Commanded(NamedTuple):
    """Inbox event: a command of an operator (see `commands`)."""

    content: dict[str, Any]


#: One event that an interface server reads from its inbox.
InboxEvent = Replies | Settled | Kept | Lost | Grouped | Gap | Commanded
