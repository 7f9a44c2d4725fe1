"""The Lua scripts of the layer, one file an operation, loaded once per process."""

from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Script:
    """A script's source, and the digest by which Redis knows it."""

    source: str
    digest: str


def _load(name: str) -> Script:
    source = files(__package__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
    return Script(source, sha1(source.encode(), usedforsecurity=False).hexdigest())


PUSH = _load("push")
TAKE = _load("take")
PUT_BACK = _load("put_back")
COUNT = _load("count")
STATISTICS = _load("statistics")
PUSH_INBOX = _load("push_inbox")
LEASE = _load("lease")
JOIN = _load("join")
LEAVE = _load("leave")
RENEW = _load("renew")
MARKS = _load("marks")

ALL = (PUSH, TAKE, PUT_BACK, COUNT, STATISTICS, PUSH_INBOX, LEASE, JOIN, LEAVE, RENEW, MARKS)
