"""The wills of the connections of an interface server: others publish them if its lease expires.

Kept up to date in round trips that happen anyway: a will is registered by the push of the first event of a connection,
and taken away by the push of the last one (`Push.wills`). The session state of the connection is written with the
settlement that changes it. An event that changes neither costs nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .operation import Operation


class StoredWill(NamedTuple):
    """The will of a connection, and its session state, both as the codec sealed them. None: it has no state."""

    local: str
    will: bytes
    session_state: bytes | None


class WillPage(NamedTuple):
    """Some wills of an inbox, and where the next page begins: 0 after the last."""

    wills: Sequence[StoredWill]
    next: int


@dataclass(slots=True)
class AddWills(Operation[None]):
    """Register wills, by local part; renew the TTL of all wills of the inbox."""

    inbox: str
    wills: Mapping[str, bytes]


@dataclass(slots=True)
class StoreSessionState(Operation[None]):
    """Write the new session state of a connection, if it has a will; empty: it has no state any more."""

    inbox: str
    local: str
    session_state: bytes


@dataclass(slots=True)
class ReadWills(Operation[WillPage]):
    """Read about `limit` wills of an inbox, or `READ_BYTES` of them, from where the page before says."""

    inbox: str
    begin: int
    limit: int


@dataclass(slots=True)
class ForgetWills(Operation[None]):
    """Forget all wills of an inbox, and the session states."""

    inbox: str


@dataclass(slots=True)
class PushWills(Operation[int]):
    """Append the last event of each connection to a queue that holds fewer than `capacity`; take its will away.

    `events` are (local part, body). A connection without a will has had its last event: it is skipped. Result: how many
    are done, all or none (int).
    """

    inbox: str
    channel: str
    events: Sequence[tuple[str, bytes]]
    capacity: int
