"""Limits after which a worker process is replaced. They are checked once a second, never between messages.

None of the limits is set by default. A process that reaches one ends with an exit code; a supervisor starts the next.
"""

import random
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from towpath.layers.errors import ConfigurationError

#: Processes retire after up to this share fewer messages, at random, so that they do not all retire at once.
SPREAD = 0.1
_STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on the messages and the memory of a process, and on the time of a consumer; None: no limit.

    Raises:
        ConfigurationError: one is not above 0.
    """

    messages: int | None = None
    memory_mebibytes: int | None = None
    message_seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("messages", "memory_mebibytes", "message_seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigurationError(f"the limit {name} of a worker process is a number above 0, not {value!r}")

    def spread(self) -> "Limits":
        """Return the limits of one process: of messages, up to a tenth fewer."""
        if self.messages is None:
            return self
        fewer = int(self.messages * random.uniform(0, SPREAD))
        return Limits(self.messages - fewer, self.memory_mebibytes, self.message_seconds)

    def reached(self, handled: int) -> str | None:
        """Return which limit is reached after this number of messages; None if none is."""
        if self.messages is not None and handled >= self.messages:
            return f"{handled} messages were handled"
        if self.memory_mebibytes is not None and (used := resident_mebibytes()) >= self.memory_mebibytes:
            return f"{used} MiB of memory are in use, and {self.memory_mebibytes} are allowed"
        return None


def resident_mebibytes() -> int:
    """Return the memory of this process in bytes; its peak if the system does not report the current value."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * resource.getpagesize() // 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 2**20 if sys.platform == "darwin" else peak // 2**10
