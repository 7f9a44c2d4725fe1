"""The wills that inboxes have. Means the same as the scripts of the Redis layer; its owner holds the lock."""

from ..operations.wills import AddWills, ForgetWills, ReadWills, StoredWill, StoreSessionState, WillPage
from .part import Executors


class KnownWills:
    """Wills and session states by inbox and local part."""

    def __init__(self) -> None:
        self._wills: dict[str, dict[str, StoredWill]] = {}
        self.executors: Executors = {
            AddWills: self.add,
            StoreSessionState: self.store_session_state,
            ReadWills: self.page,
            ForgetWills: self.forget,
        }

    def add(self, add: AddWills) -> None:
        """Register wills."""
        for local, will in add.wills.items():
            self.register(add.inbox, local, will)

    def register(self, inbox: str, local: str, will: bytes) -> None:
        """Register a will; empty: take it away."""
        wills = self._wills.setdefault(inbox, {})
        if will:
            known = wills.get(local)
            wills[local] = StoredWill(local, will, known.session_state if known is not None else None)
        else:
            wills.pop(local, None)
        if not wills:
            del self._wills[inbox]

    def has(self, inbox: str, local: str) -> bool:
        """Return whether a connection has a will."""
        return local in self._wills.get(inbox, {})

    def store_session_state(self, store: StoreSessionState) -> None:
        """Write a session state."""
        wills = self._wills.get(store.inbox, {})
        known = wills.get(store.local)
        if known is not None:
            wills[store.local] = known._replace(session_state=store.session_state or None)

    def page(self, read: ReadWills) -> WillPage:
        """Return all, as one page."""
        return WillPage(list(self._wills.get(read.inbox, {}).values()), 0)

    def forget(self, forget: ForgetWills) -> None:
        """Forget all of an inbox."""
        self._wills.pop(forget.inbox, None)

    def clear(self) -> None:
        """Forget everything."""
        self._wills.clear()
