"""The memory of every process, sampled while the soak runs, and its growth."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
#: The share of the time, at its beginning, in which memory may grow: caches fill, sockets open.
WARM_UP_SHARE = 0.2
#: A process begins small: samples of a process younger than this, in seconds, are ignored.
YOUNG_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident memory of a process at a time in seconds since the start; its age counts from its first sample."""

    seconds: float
    role: str
    pid: int
    mebibytes: float
    age_seconds: float

    def row(self) -> dict[str, float | str]:
        """Return it for JSON."""
        return asdict(self)


class Sampler:
    """Samples processes, with their ages."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self._known: dict[int, float] = {}

    def sample(self, seconds: float, by_role: dict[str, list[int]]) -> None:
        """Sample all running processes."""
        for role, pids in by_role.items():
            for pid in pids:
                mebibytes = resident_mebibytes(pid)
                if mebibytes is not None:
                    since = self._known.setdefault(pid, seconds)
                    self.samples.append(Sample(seconds, role, pid, mebibytes, seconds - since))


def resident_mebibytes(pid: int) -> float | None:
    """Return how much memory a process has; None if it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
    return pages * PAGE_BYTES / 2**20 if pages else None


def growth(samples: Sequence[Sample], role: str, whole_seconds: float) -> tuple[float, float] | None:
    """Return the median memory of a role's processes in the first third after the warm-up, and in the last third.

    None if one of them has no samples.
    """
    begin = whole_seconds * WARM_UP_SHARE
    third = (whole_seconds - begin) / 3
    grown = [sample for sample in samples if sample.role == role and sample.age_seconds >= YOUNG_SECONDS]
    first = [sample.mebibytes for sample in grown if begin <= sample.seconds < begin + third]
    last = [sample.mebibytes for sample in grown if sample.seconds >= whole_seconds - third]
    return (median(first), median(last)) if first and last else None
