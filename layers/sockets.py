"""The WebSockets of an interface server as its store knows them, so that others can say their last word if it dies.

Kept up to date in round trips that happen anyway: a socket's card is written with its `websocket.connect` and taken
away with its `websocket.disconnect`; its state is written with the settlement that changes it. An event that changes
no state costs nothing.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .contract import Envelope
from .entries import EntryCodec

#: Channels of a socket's events, and its last one.
CONNECT, RECEIVE, DISCONNECT = "websocket.connect", "websocket.receive", "websocket.disconnect"


class Socket(NamedTuple):
    """What is stored of one: both parts as the codec sealed them. `state` None: it has none."""

    local: str
    card: bytes
    state: bytes | None


class SocketPage(NamedTuple):
    """Some sockets of an inbox, and where the next page begins: 0 after the last."""

    sockets: Sequence[Socket]
    next: int


class AddSockets(NamedTuple):
    """Write the cards of sockets, by local part; the inbox's sockets live another day. Result: None."""

    inbox: str
    cards: Mapping[str, bytes]


class RemoveSockets(NamedTuple):
    """Forget sockets with their states. Result: None."""

    inbox: str
    locals_: Sequence[str]


class Remember(NamedTuple):
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


class Peek(NamedTuple):
    """Read entries of a channel's queue without taking them. Result: list of bytes, oldest first."""

    channel: str
    begin: int
    limit: int


SocketOperation = AddSockets | RemoveSockets | Remember | Sockets | ForgetSockets | Peek


class OpenSockets:
    """The sockets of one edge: notices in what it sends which of them come and go."""

    def __init__(self, inbox: str, codec: EntryCodec) -> None:
        self._inbox = inbox
        self._codec = codec
        self._cards: dict[str, bytes] = {}
        #: Their connect was refused: to be forgotten with what is sent next.
        self._refused: list[str] = []

    def changes(self, envelopes: Sequence[Envelope], positions: Mapping[str, Sequence[int]]) -> list[SocketOperation]:
        """Return what to write along with these envelopes, of which `positions` says where each channel's are."""
        if CONNECT not in positions and DISCONNECT not in positions and not self._refused:
            return []
        changes: list[SocketOperation] = []
        connecting = {
            self._local(envelopes[position]): self._codec.stored(str(envelopes[position].content.get("path", "")))
            for position in positions.get(CONNECT, ())
        }
        gone = [*self._refused, *(self._local(envelopes[position]) for position in positions.get(DISCONNECT, ()))]
        if connecting:
            self._cards.update(connecting)
            changes.append(AddSockets(self._inbox, connecting))
        if gone:
            self._forget(gone)
            changes.append(RemoveSockets(self._inbox, gone))
        return changes

    def refuse(self, envelope: Envelope) -> None:
        """Note that a connect was refused, because its channel is full."""
        self._refused.append(self._local(envelope))

    def again(self) -> list[SocketOperation]:
        """Return what writes all cards again, after the store has lost them."""
        return [AddSockets(self._inbox, dict(self._cards))] if self._cards else []

    def keep(self) -> SocketOperation:
        """Return what keeps the store from forgetting them."""
        return AddSockets(self._inbox, {})

    def _forget(self, locals_: Sequence[str]) -> None:
        for local in locals_:
            self._cards.pop(local, None)
        self._refused = []

    def _local(self, envelope: Envelope) -> str:
        return str(envelope.content.get("reply_channel", "")).removeprefix(self._inbox)
