"""The Lua scripts of the layer, one file an operation, loaded once per process."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files
from typing import Any

#: A Redis command with its arguments.
Command = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A script's source, and the digest by which Redis knows it."""

    source: str
    digest: str

    def call(self, keys: Sequence[str], *arguments: Any) -> Command:
        """Return the command that runs it."""
        return "EVALSHA", self.digest, len(keys), *keys, *arguments

    def eval(self, keys: Sequence[str], *arguments: Any) -> Command:
        """Return a command that runs it whether Redis knows it or not."""
        return "EVAL", self.source, len(keys), *keys, *arguments


def _load(*names: str) -> Script:
    """Read a script from its file, or from several: functions first. Comments stay here."""
    texts = [files(__package__).joinpath(f"{name}.lua").read_text(encoding="utf-8") for name in names]
    lines = [line for text in texts for line in text.splitlines() if not line.lstrip().startswith("--")]
    source = "\n".join(lines)
    return Script(source, sha1(source.encode(), usedforsecurity=False).hexdigest())


PUSH = _load("ring", "push")
TAKE = _load("ring", "take")
PUT_BACK = _load("ring", "put_back")
COUNT = _load("count")
STATISTICS = _load("statistics")
PUSH_INBOX = _load("push_inbox")
DROP_READ = _load("drop_read")
LEASE = _load("lease")
JOIN = _load("join")
LEAVE = _load("leave")
RENEW = _load("renew")
MARKS = _load("marks")
CLAIM = _load("claim")
REVISIT = _load("revisit")
BURY = _load("bury")
ADD_SOCKETS = _load("add_sockets")
REMOVE_SOCKETS = _load("remove_sockets")
REMEMBER = _load("remember")
SOCKETS = _load("sockets")
DELAY = _load("delay")
ENTER = _load("ring", "enter")
LOOK_UP = _load("look_up")
HAND_ON = _load("ring", "hand_on")
END_VISIT = _load("end_visit")
FIRE = _load("ring", "fire")

ALL = (
    *(PUSH, TAKE, PUT_BACK, COUNT, STATISTICS, PUSH_INBOX, JOIN, LEAVE, RENEW, MARKS),
    *(LEASE, CLAIM, REVISIT, BURY),
    *(ADD_SOCKETS, REMOVE_SOCKETS, REMEMBER, SOCKETS),
    *(DELAY, ENTER, LOOK_UP, HAND_ON, END_VISIT, FIRE),
)
