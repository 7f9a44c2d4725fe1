"""Operations on the history of groups as Redis commands, and Redis's answers as results."""

import struct
from typing import Any

from ..history.positions import Position
from ..keys import Keys
from ..operations.history import Head, HistoryPage, Kept, Publish, Published, ReadHistory, record_seconds
from . import scripts
from .scripts import Command
from .table import Lifetimes, Row, Table

#: The time of a message, in front of its entry.
SENT_AT = struct.Struct(">d")


def _published(_: Publish, answer: Any) -> Published:
    epoch, offset, marks = answer
    return Published(epoch.decode(), int(offset), [mark.decode() for mark in marks])


def _page(_: ReadHistory, answer: Any) -> HistoryPage:
    epoch, newest, oldest, first, entries = answer
    kept = [
        Kept(offset, SENT_AT.unpack_from(entry)[0], entry[SENT_AT.size :])
        for offset, entry in enumerate(entries, int(first))
    ]
    return HistoryPage(epoch.decode(), int(newest), int(oldest), kept)


def _position(_: Head, answer: Any) -> Position | None:
    epoch, offset = answer
    return None if epoch is None or offset is None else Position(epoch.decode(), int(offset))


class HistoryCommands:
    """The operations of `history` for one layer."""

    def __init__(self, keys: Keys, _: Lifetimes) -> None:
        self._keys = keys

    def _publish(self, publish: Publish) -> Command:
        bounds = publish.bounds
        keys = [self._keys.marks(publish.group), self._keys.head(publish.group), self._keys.history(publish.group)]
        limits = bounds.messages, bounds.bytes, bounds.seconds, record_seconds(bounds)
        return scripts.PUBLISH.call(keys, *limits, publish.epoch, publish.entry, int(publish.is_repeated))

    def _read_history(self, read: ReadHistory) -> Command:
        keys = [self._keys.head(read.group), self._keys.history(read.group)]
        if read.bounds is None:
            return scripts.READ_HISTORY.call(keys, "", "", read.after, read.limit)
        return scripts.READ_HISTORY.call(keys, read.epoch, read.bounds.seconds, read.after, read.limit)

    def _head(self, head: Head) -> Command:
        return "HMGET", self._keys.head(head.group), "epoch", "offset"

    table: Table = {
        Publish: Row(_publish, _published),
        ReadHistory: Row(_read_history, _page),
        Head: Row(_head, _position),
    }
