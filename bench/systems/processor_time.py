"""The processor time of processes, with what they started."""

import os
from collections.abc import Iterable
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def processor_seconds(pids: Iterable[int]) -> float:
    """Return the processor time that processes and what they started have used so far."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in with_children(pids)]
    return sum(int(field[11]) + int(field[12]) for field in fields) / TICKS_A_SECOND


def with_children(pids: Iterable[int]) -> list[int]:
    """Return the pids of processes and of all that they started."""
    family = list(pids)
    for pid in family:  # grows on the way
        family += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return family
