"""The sockets that inboxes have. Means the same as the scripts of the Redis layer; its owner holds the lock."""

from collections.abc import Sequence

from ..operations.wills import AddSockets, ForgetSockets, Socket, SocketPage, Sockets, StoreState


class KnownSockets:
    """Registrations and states by inbox and local part."""

    def __init__(self) -> None:
        self._sockets: dict[str, dict[str, Socket]] = {}

    def add(self, add: AddSockets) -> None:
        """Write registrations."""
        sockets = self._sockets.setdefault(add.inbox, {}) if add.registrations else {}
        for local, registration in add.registrations.items():
            known = sockets.get(local)
            sockets[local] = Socket(local, registration, known.state if known is not None else None)

    def open(self, inbox: str, opened: Sequence[tuple[str, bytes]]) -> None:
        """Register sockets that open."""
        self.add(AddSockets(inbox, dict(opened)))

    def close(self, inbox: str, locals_: Sequence[str]) -> None:
        """Forget sockets that close."""
        sockets = self._sockets.get(inbox, {})
        for local in locals_:
            sockets.pop(local, None)
        if not sockets:
            self._sockets.pop(inbox, None)

    def has(self, inbox: str, local: str) -> bool:
        """Return whether a socket is registered."""
        return local in self._sockets.get(inbox, {})

    def store_state(self, store_state: StoreState) -> None:
        """Write a state."""
        sockets = self._sockets.get(store_state.inbox, {})
        known = sockets.get(store_state.local)
        if known is not None:
            sockets[store_state.local] = known._replace(state=store_state.state or None)

    def page(self, sockets: Sockets) -> SocketPage:
        """Return all, as one page."""
        return SocketPage(list(self._sockets.get(sockets.inbox, {}).values()), 0)

    def forget(self, forget: ForgetSockets) -> None:
        """Forget all of an inbox."""
        self._sockets.pop(forget.inbox, None)

    def clear(self) -> None:
        """Forget everything."""
        self._sockets.clear()
