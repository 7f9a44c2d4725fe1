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
    texts = [files(__package__).joinpath("lua").joinpath(f"{name}.lua").read_text(encoding="utf-8") for name in names]
    lines = [line for text in texts for line in text.splitlines() if not line.lstrip().startswith("--")]
    source = "\n".join(lines)
    return Script(source, sha1(source.encode(), usedforsecurity=False).hexdigest())


PUSH = _load("append", "notify", "push")
FENCE = _load("fence")
TAKE = _load("record", "unpack_record", "notify", "pop_some", "take")
REGISTER = _load("register")
ACKNOWLEDGE = _load("acknowledge")
REQUEUE = _load("record", "notify", "requeue")
POSTPONE = _load("record", "unpack_record", "notify", "postpone")
SEIZE = _load("seize")
COUNT_LOST = _load("count_lost")
CLOSE_READER = _load("close_reader")
OUTSTANDING = _load("outstanding")
COUNT = _load("count")
STATISTICS = _load("statistics")
PUSH_INBOX = _load("append", "push_inbox")
TAKE_INBOX = _load("pop_some", "take_inbox")
READ_SOME = _load("read_some")
DROP_READ = _load("drop_read")
LEASE = _load("lease")
EXPIRE = _load("expire")
COUNT_READERS = _load("count_readers")
JOIN = _load("join")
LEAVE = _load("leave")
RENEW = _load("renew")
MARKS = _load("marks")
PUBLISH = _load("publish")
READ_HISTORY = _load("read_history")
CLAIM = _load("claim")
DELAY_CLAIM = _load("delay_claim")
ADD_WILLS = _load("add_wills")
PUSH_WILLS = _load("notify", "push_wills")
STORE_SESSION_STATE = _load("store_session_state")
READ_WILLS = _load("read_wills")
DELAY = _load("delay")
ADD_DUE = _load("notify", "add_due")
FIND_DUE = _load("find_due")
DELIVER_DUE = _load("notify", "deliver_due")
END_DELIVERY = _load("end_delivery")
FIRE = _load("notify", "fire")
REGISTER_PROCESS = _load("register_process")
PROCESSES = _load("processes")
LEASES = _load("leases")
PURGE = _load("purge")
LENGTHS = _load("lengths")
PAUSE = _load("pause")
RESUME = _load("resume")
PAUSED = _load("paused")

ALL = (
    *(PUSH, FENCE, TAKE, COUNT, STATISTICS, PUSH_INBOX, TAKE_INBOX, JOIN, LEAVE, RENEW, MARKS),
    *(PUBLISH, READ_HISTORY),
    *(REGISTER, ACKNOWLEDGE, REQUEUE, POSTPONE, SEIZE, COUNT_LOST, CLOSE_READER, OUTSTANDING),
    *(LEASE, EXPIRE, COUNT_READERS, CLAIM, DELAY_CLAIM),
    *(ADD_WILLS, PUSH_WILLS, STORE_SESSION_STATE, READ_WILLS),
    *(PAUSE, RESUME, PAUSED),
    *(DELAY, ADD_DUE, FIND_DUE, DELIVER_DUE, END_DELIVERY, FIRE),
)
