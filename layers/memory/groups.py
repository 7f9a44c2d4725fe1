"""Groups' marks and members, in memory. Not thread-safe: `Store` holds the lock."""

from ..operations import LEASE_SECONDS, Join, Leave, Renew


class Groups:
    """What Redis keeps in sorted sets and sets. Times are seconds of one clock, given with each call."""

    def __init__(self, group_expiry: float) -> None:
        self._group_expiry = group_expiry
        #: Group -> mark -> when it dies.
        self._marks: dict[str, dict[str, float]] = {}
        #: (group, inbox) -> local parts, as keys.
        self._members: dict[tuple[str, str], dict[str, None]] = {}

    def join(self, join: Join, now: float) -> None:
        """Mark that a group has these members."""
        life = min(LEASE_SECONDS, self._group_expiry) if join.locals_ else self._group_expiry
        self._living(join.group, now)
        self._marks.setdefault(join.group, {})[join.mark] = now + life
        if join.locals_:
            self._members.setdefault((join.group, join.mark), {}).update(dict.fromkeys(join.locals_))

    def leave(self, leave: Leave) -> None:
        """Take members out; the last takes the mark along."""
        members = self._members.get((leave.group, leave.mark), {})
        for local in leave.locals_:
            members.pop(local, None)
        if not members:
            self._forget(leave.group, leave.mark)

    def renew(self, renew: Renew, now: float) -> bool:
        """Renew a mark; False if it is not known any more."""
        if renew.inbox not in self._living(renew.group, now):
            return False
        self._marks[renew.group][renew.inbox] = now + LEASE_SECONDS
        return True

    def marks(self, group: str, now: float) -> list[str]:
        """Return the living marks of a group."""
        return list(self._living(group, now))

    def members(self, group: str, inbox: str) -> list[str]:
        """Return a group's members in one inbox."""
        return list(self._members.get((group, inbox), ()))

    def _living(self, group: str, now: float) -> dict[str, float]:
        marks = self._marks.get(group, {})
        for mark in [mark for mark, dies_at in marks.items() if dies_at <= now]:
            self._forget(group, mark)
        return self._marks.get(group, {})

    def _forget(self, group: str, mark: str) -> None:
        self._members.pop((group, mark), None)
        marks = self._marks.get(group, {})
        marks.pop(mark, None)
        if not marks:
            self._marks.pop(group, None)
