"""Operations about wills as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

from typing import Any

from ..keys import Keys
from ..operations.wills import AddWills, ForgetWills, PushWills, ReadWills, StoredWill, StoreSessionState, WillPage
from . import scripts
from .scripts import Command
from .table import COUNTS_SECONDS, Lifetimes, Row, Table, as_int

#: Wills and session states live this long after the last renewal of their interface server, in seconds: a day.
WILLS_SECONDS = 86_400


def _page(_: ReadWills, answer: Any) -> WillPage:
    cursor, pairs, states = answer
    wills = [
        StoredWill(local.decode(), will, state)
        for local, will, state in zip(pairs[::2], pairs[1::2], states, strict=True)
    ]
    return WillPage(wills, int(cursor))


class WillCommands:
    """The operations of `wills` for one layer."""

    def __init__(self, keys: Keys, lives: Lifetimes) -> None:
        self._keys = keys
        self._expiry, self._queue_ms = lives.expiry, lives.queue_ms

    def _both(self, inbox: str) -> tuple[str, str]:
        return self._keys.wills(inbox), self._keys.states(inbox)

    def _add(self, add: AddWills) -> Command:
        pairs = [part for pair in add.wills.items() for part in pair]
        return scripts.ADD_WILLS.call([*self._both(add.inbox), self._keys.pushes(add.inbox)], WILLS_SECONDS, *pairs)

    def _store_session_state(self, store: StoreSessionState) -> Command:
        arguments = WILLS_SECONDS, store.local, store.session_state
        return scripts.STORE_SESSION_STATE.call(self._both(store.inbox), *arguments)

    def _read(self, read: ReadWills) -> Command:
        return scripts.READ_WILLS.call(self._both(read.inbox), read.begin, read.limit)

    def _forget(self, forget: ForgetWills) -> Command:
        return "DEL", *self._both(forget.inbox)

    def _push(self, push: PushWills) -> Command:
        channel = push.channel
        queue = self._keys.queue(channel), self._keys.counts(channel), self._keys.wakeup(channel)
        pairs = [part for event in push.events for part in event]
        limits = push.capacity, self._expiry, self._queue_ms, COUNTS_SECONDS
        return scripts.PUSH_WILLS.call([*queue, *self._both(push.inbox)], *limits, *pairs)

    table: Table = {
        AddWills: Row(_add),
        StoreSessionState: Row(_store_session_state),
        ReadWills: Row(_read, _page),
        ForgetWills: Row(_forget),
        PushWills: Row(_push, as_int),
    }
