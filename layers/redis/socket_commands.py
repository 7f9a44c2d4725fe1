"""Operations about sockets as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

from collections.abc import Callable
from typing import Any

from ..keys import Keys
from ..sockets import AddSockets, ForgetSockets, Peek, Remember, RemoveSockets, Socket, SocketPage, Sockets
from . import scripts
from .scripts import Command

#: Sockets and their states live this long after the last sign of their interface server, in seconds: a day.
SOCKETS_SECONDS = 86_400


class SocketCommands:
    """Writes the commands of `sockets` for one layer."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self.writers: dict[type, Callable[[Any], Command]] = {
            AddSockets: self._add,
            RemoveSockets: self._remove,
            Remember: self._remember,
            Sockets: self._sockets,
            ForgetSockets: self._forget,
            Peek: self._peek,
        }

    def _both(self, inbox: str) -> tuple[str, str]:
        return self._keys.sockets(inbox), self._keys.states(inbox)

    def _add(self, add: AddSockets) -> Command:
        pairs = [part for pair in add.cards.items() for part in pair]
        return scripts.ADD_SOCKETS.call(self._both(add.inbox), SOCKETS_SECONDS, *pairs)

    def _remove(self, remove: RemoveSockets) -> Command:
        return scripts.REMOVE_SOCKETS.call(self._both(remove.inbox), *remove.locals_)

    def _remember(self, remember: Remember) -> Command:
        return scripts.REMEMBER.call(self._both(remember.inbox), SOCKETS_SECONDS, remember.local, remember.state)

    def _sockets(self, sockets: Sockets) -> Command:
        return scripts.SOCKETS.call(self._both(sockets.inbox), sockets.begin, sockets.limit)

    def _forget(self, forget: ForgetSockets) -> Command:
        return "DEL", *self._both(forget.inbox)

    def _peek(self, peek: Peek) -> Command:
        return "LRANGE", self._keys.queue(peek.channel), peek.begin, peek.begin + peek.limit - 1


def _page(_: Sockets, answer: Any) -> SocketPage:
    cursor, pairs, states = answer
    sockets = [
        Socket(local.decode(), card, state) for local, card, state in zip(pairs[::2], pairs[1::2], states, strict=True)
    ]
    return SocketPage(sockets, int(cursor))


socket_readers: dict[type, Callable[[Any, Any], object]] = {Sockets: _page, Peek: lambda _, entries: list(entries)}
