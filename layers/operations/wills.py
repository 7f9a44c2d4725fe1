"""The WebSockets of an interface server as its store knows them: others send their last event if its lease expires.

Kept up to date in round trips that happen anyway: a socket is registered by the push of its `websocket.connect`, and no
longer registered after the push of its `websocket.disconnect` (`Push.opens`, `Push.closes`); its state is written with
the settlement that changes it. An event that changes no state costs nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .operation import Operation


class Socket(NamedTuple):
    """The stored record of a WebSocket: both parts as the codec sealed them. `state` None: it has none."""

    local: str
    registration: bytes
    state: bytes | None


class SocketPage(NamedTuple):
    """Some sockets of an inbox, and where the next page begins: 0 after the last."""

    sockets: Sequence[Socket]
    next: int


@dataclass(slots=True)
class AddSockets(Operation[None]):
    """Write the registrations of sockets, by local part; renew the TTL of the inbox's sockets."""

    inbox: str
    registrations: Mapping[str, bytes]


@dataclass(slots=True)
class StoreState(Operation[None]):
    """Write the new state of a socket, if its inbox has it; empty: it has none any more."""

    inbox: str
    local: str
    state: bytes


@dataclass(slots=True)
class Sockets(Operation[SocketPage]):
    """Read about `limit` sockets of an inbox, from where the page before says."""

    inbox: str
    begin: int
    limit: int


@dataclass(slots=True)
class ForgetSockets(Operation[None]):
    """Forget all sockets of an inbox."""

    inbox: str


@dataclass(slots=True)
class PushWills(Operation[int]):
    """Append the last event of each socket to a channel's queue that holds fewer than `capacity`; forget the socket.

    `wills` are (local part, body). A socket that is not registered any more has had its last event: it is skipped.
    Result: how many are done, all or none (int).
    """

    inbox: str
    channel: str
    wills: Sequence[tuple[str, bytes]]
    capacity: int
