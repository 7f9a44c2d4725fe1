"""Operations about sockets as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

from collections.abc import Callable
from typing import Any

from ..keys import Keys
from ..operations.wills import AddSockets, ForgetSockets, PushWills, Socket, SocketPage, Sockets, StoreState
from . import scripts
from .scripts import Command

#: Sockets and their states live this long after the last sign of their interface server, in seconds: a day.
SOCKETS_SECONDS = 86_400
#: TTL of counters after their last change, in seconds: a day.
COUNTS_SECONDS = 86_400


class SocketCommands:
    """Writes the commands of `sockets` for one layer."""

    def __init__(self, keys: Keys, expiry: float, queue_milliseconds: int) -> None:
        self._keys = keys
        self._expiry = expiry
        self._queue_ms = queue_milliseconds
        self.writers: dict[type, Callable[[Any], Command]] = {
            AddSockets: self._add,
            StoreState: self._store_state,
            Sockets: self._sockets,
            ForgetSockets: self._forget,
            PushWills: self._push_wills,
        }

    def _both(self, inbox: str) -> tuple[str, str]:
        return self._keys.sockets(inbox), self._keys.states(inbox)

    def _add(self, add: AddSockets) -> Command:
        pairs = [part for pair in add.registrations.items() for part in pair]
        return scripts.ADD_SOCKETS.call([*self._both(add.inbox), self._keys.pushes(add.inbox)], SOCKETS_SECONDS, *pairs)

    def _store_state(self, store_state: StoreState) -> Command:
        return scripts.STORE_STATE.call(
            self._both(store_state.inbox), SOCKETS_SECONDS, store_state.local, store_state.state
        )

    def _sockets(self, sockets: Sockets) -> Command:
        return scripts.SOCKETS.call(self._both(sockets.inbox), sockets.begin, sockets.limit)

    def _forget(self, forget: ForgetSockets) -> Command:
        return "DEL", *self._both(forget.inbox)

    def _push_wills(self, push: PushWills) -> Command:
        channel = push.channel
        queue = self._keys.queue(channel), self._keys.counts(channel), self._keys.wakeup(channel)
        pairs = [part for will in push.wills for part in will]
        limits = push.capacity, self._expiry, self._queue_ms, COUNTS_SECONDS
        return scripts.PUSH_WILLS.call([*queue, *self._both(push.inbox)], *limits, *pairs)


def _page(_: Sockets, answer: Any) -> SocketPage:
    cursor, pairs, states = answer
    sockets = [
        Socket(local.decode(), registration, state)
        for local, registration, state in zip(pairs[::2], pairs[1::2], states, strict=True)
    ]
    return SocketPage(sockets, int(cursor))


socket_readers: dict[type, Callable[[Any, Any], object]] = {Sockets: _page, PushWills: lambda _, done: int(done)}
