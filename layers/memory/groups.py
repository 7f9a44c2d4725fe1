"""Groups: their marks and their members. Means the same as the scripts of the Redis layer; its owner holds the lock."""

from collections.abc import Callable

from ..operations.groups import MARK_SECONDS, Join, Leave, Marks, Members, Renew
from .expiring import Expiring
from .part import Executors

#: The local parts of a group's members in one inbox, in the order of joining; none for a plain channel.
Locals = dict[str, None]


class Groups:
    """Every group's marks, each with a life of its own. A group lives as long as its longest mark."""

    def __init__(self, clock: Callable[[], float], group_expiry_seconds: float) -> None:
        self._group_expiry = group_expiry_seconds
        self._groups: Expiring[Expiring[Locals]] = Expiring(clock, lambda: Expiring(clock, dict))
        self.executors: Executors = {
            Join: self.join,
            Leave: self.leave,
            Renew: self.renew,
            Marks: self.marks,
            Members: self.members,
        }

    def join(self, join: Join) -> None:
        """Mark an inbox, with members, or a plain channel."""
        life = MARK_SECONDS if join.locals_ else self._group_expiry
        mark = self._groups.touch(join.group, life).touch(join.mark, life)
        mark.update(dict.fromkeys(join.locals_))

    def leave(self, leave: Leave) -> None:
        """Take members, or a plain channel, out; the last one takes the mark along."""
        marks = self._groups.get(leave.group)
        mark = marks.get(leave.mark) if marks is not None else None
        if marks is None or mark is None:
            return
        for local in leave.locals_:
            mark.pop(local, None)
        if not mark:
            marks.pop(leave.mark)
        if not len(marks):
            self._groups.pop(leave.group)

    def renew(self, renew: Renew) -> bool:
        """Renew an inbox's mark; say whether it was known."""
        marks = self._groups.get(renew.group)
        if marks is None or marks.get(renew.inbox) is None:
            return False
        self._groups.touch(renew.group, MARK_SECONDS).touch(renew.inbox, MARK_SECONDS)
        return True

    def marks(self, marks: Marks) -> list[str]:
        """List a group's living marks."""
        return list(self._groups.get(marks.group) or ())

    def members(self, members: Members) -> list[str]:
        """List a group's members in one inbox."""
        marks = self._groups.get(members.group)
        return list((marks.get(members.inbox) if marks is not None else None) or ())

    def clear(self) -> None:
        """Forget everything."""
        self._groups.clear()
