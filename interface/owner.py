"""An owner of a conversation that is a WebSocket: it takes group messages as frames, encoded once for all members."""

from typing import Protocol, TypeGuard, runtime_checkable

from .interfaces import Owner
from .websocket.replies import Reply


@runtime_checkable
class SocketOwner(Owner, Protocol):
    """Owners that are not this get group messages through `deliver`."""

    @property
    def is_open(self) -> bool:
        """Return whether the socket is open, neither in its handshake nor at its end."""

    def deliver_group(self, reply: Reply) -> None:
        """Take a group message; one that comes before the accept waits for it."""

    def replied(self) -> None:
        """All replies of one inbox event have been delivered: what waited for the accept may follow them."""

    def failed(self) -> None:
        """Handling something for this connection raised, and it was logged: close with 1011."""

    def shed(self) -> None:
        """Close with 1013: a buffer of this connection is one of the largest, and the process holds too much."""

    def abort(self) -> None:
        """End the connection at once."""


#: Class of an owner -> whether it is a socket's: looking through a protocol's members costs more than a request may.
_known: dict[type, bool] = {}


def is_socket_owner(owner: Owner) -> TypeGuard[SocketOwner]:
    """Return whether an owner is a WebSocket; looked up once for each class."""
    kind = type(owner)
    if kind not in _known:
        _known[kind] = isinstance(owner, SocketOwner)
    return _known[kind]
