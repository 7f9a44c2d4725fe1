"""Operations on the history of groups as Redis commands, and Redis's answers as results."""

import struct
from typing import Any

from ..keys import Keys
from ..operations.history import HistoryPage, Kept, Publish, Published, ReadHistory, record_seconds
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
        lives = record_seconds(read.bounds), read.bounds.seconds
        return scripts.READ_HISTORY.call(keys, read.epoch, *lives, read.after, read.limit)

    table: Table = {
        Publish: Row(_publish, _published),
        ReadHistory: Row(_read_history, _page),
    }
