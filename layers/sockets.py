"""The WebSockets of an interface server as its store knows them: others send their last event if its lease expires.

Kept up to date in round trips that happen anyway: a socket is registered by the push of its `websocket.connect`, and no
longer registered after the push of its `websocket.disconnect` (`Push.opens`, `Push.closes`); its state is written with
the settlement that changes it. An event that changes no state costs nothing.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

#: Channels of a socket's events, and its last one.
CONNECT, RECEIVE, DISCONNECT = "websocket.connect", "websocket.receive", "websocket.disconnect"


class Socket(NamedTuple):
    """The stored record of a WebSocket: both parts as the codec sealed them. `state` None: it has none."""

    local: str
    registration: bytes
    state: bytes | None


class SocketPage(NamedTuple):
    """Some sockets of an inbox, and where the next page begins: 0 after the last."""

    sockets: Sequence[Socket]
    next: int


class AddSockets(NamedTuple):
    """Write the registrations of sockets, by local part; renew the TTL of the inbox's sockets. Result: None."""

    inbox: str
    registrations: Mapping[str, bytes]


class StoreState(NamedTuple):
    """Write the new state of a socket, if its inbox has it; empty: it has none any more. Result: None."""

    inbox: str
    local: str
    state: bytes


class Sockets(NamedTuple):
    """Read about `limit` sockets of an inbox, from where the page before says. Result: `SocketPage`."""

    inbox: str
    begin: int
    limit: int


class ForgetSockets(NamedTuple):
    """Forget all sockets of an inbox. Result: None."""

    inbox: str


class PushWills(NamedTuple):
    """Append the last event of each socket to a channel's queue that holds fewer than `capacity`; forget the socket.

    `wills` are (local part, body). A socket that is not registered any more has had its last event: it is skipped.
    Result: how many are done, all or none (int).
    """

    inbox: str
    channel: str
    wills: Sequence[tuple[str, bytes]]
    capacity: int


SocketOperation = AddSockets | StoreState | Sockets | ForgetSockets | PushWills
