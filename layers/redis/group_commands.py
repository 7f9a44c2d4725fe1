"""Operations on groups as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

from ..keys import Keys
from ..operations.groups import MARK_SECONDS, Join, Leave, Marks, Members, Renew
from . import scripts
from .scripts import Command
from .table import Lifetimes, Row, Table, as_bool, as_names


class GroupCommands:
    """The operations of `groups` for one layer."""

    def __init__(self, keys: Keys, lives: Lifetimes) -> None:
        self._keys = keys
        self._group_expiry = lives.group_expiry

    def _join(self, join: Join) -> Command:
        keys = self._keys.marks(join.group), self._keys.members(join.group, join.mark)
        seconds = MARK_SECONDS if join.locals_ else self._group_expiry
        return scripts.JOIN.call(keys, join.mark, seconds, *join.locals_)

    def _leave(self, leave: Leave) -> Command:
        keys = self._keys.marks(leave.group), self._keys.members(leave.group, leave.mark)
        return scripts.LEAVE.call(keys, leave.mark, *leave.locals_)

    def _renew(self, renew: Renew) -> Command:
        keys = self._keys.marks(renew.group), self._keys.members(renew.group, renew.inbox)
        return scripts.RENEW.call(keys, renew.inbox, MARK_SECONDS)

    def _marks(self, marks: Marks) -> Command:
        return scripts.MARKS.call([self._keys.marks(marks.group)])

    def _members(self, members: Members) -> Command:
        return "SMEMBERS", self._keys.members(members.group, members.inbox)

    table: Table = {
        Join: Row(_join),
        Leave: Row(_leave),
        Renew: Row(_renew, as_bool),
        Marks: Row(_marks, as_names),
        Members: Row(_members, as_names),
    }
