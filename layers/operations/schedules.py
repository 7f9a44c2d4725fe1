"""The operation of a schedule: send a message once for each time it is due, however many processes try."""

from dataclasses import dataclass
from enum import IntEnum

from .operation import Operation


class Fired(IntEnum):
    """The result of firing a schedule."""

    NO = 0  # the schedule was fired for this time or a later one
    YES = 1
    FIRST = 2  # the schedule is new: it begins with its next time
    FULL = 3  # the channel is; nothing is recorded, so it can be tried again
    EARLY = 4  # by the store's clock the time has not come


@dataclass(slots=True)
class Fire(Operation[Fired]):
    """Append a body to a channel's queue, if its schedule has not done so for `due` (seconds since 1970, UTC).

    `is_missed`: the time passed while this process did not look; then it counts only if the schedule is known.
    """

    channel: str
    schedule: str
    due: float
    body: bytes
    capacity: int
    is_missed: bool
