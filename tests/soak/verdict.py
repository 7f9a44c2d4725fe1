"""The result of a soak: its figures as a table, and its violations."""

from dataclasses import dataclass, field
from typing import Any

from .memory import Sample, growth

#: The roles of the processes.
ROLES = ("interface", "worker", "redis")
#: Counts of the traffic that must be 0.
LOSSES = (
    "answers lost", "answers out of order", "deliveries lost", "delayed texts lost", "texts doubled", "sockets lost",
    "handshakes refused",
)  # fmt: skip
#: Parts of the keys that remain after a run, for a day or as long as a process runs.
KEPT_KEYS = ("}:counts", "}:inflight", "}:pushes", "{leases}:", "{towpath.processes}:")
#: Growth that a process may have after the warm-up: a share of its memory, or, for small processes, MiB.
MOST_GROWTH, NOISE_MEBIBYTES = 0.15, 5.0


def is_kept(key: str) -> bool:
    """Return whether a key may remain in Redis after the last connection has ended."""
    return any(part in key for part in KEPT_KEYS)


@dataclass(slots=True)
class Soak:
    """Everything about one run; `traffic` is the last answer of the generator."""

    date: str
    machine: dict[str, str]
    minutes: float
    sockets: int
    seconds: float = 0.0
    traffic: dict[str, Any] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    bad_exits: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    connected: int = 0
    disconnected: int = 0
    keys_left: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """The counts of the traffic."""
        found: dict[str, int] = self.traffic.get("counts", {})
        return found

    def problems(self) -> list[str]:
        """Return the violations, one a line; empty if there are none."""
        counts = self.counts
        failed = [name for name in counts if "failed" in name or name.startswith("pages ") and name != "pages 200"]
        found = [f"{counts[name]:,} {name}" for name in (*LOSSES, *sorted(failed)) if counts.get(name)]
        if self.connected != self.disconnected:
            found.append(f"{self.connected:,} connects and {self.disconnected:,} disconnects were handled")
        found += [f"left in Redis: {key}" for key in self.keys_left]
        found += [f"ended with another code than 0: {exit}" for exit in self.bad_exits]
        found += self.ended
        found += [f"in a log: {line}" for line in self.complaints[:10]]
        return found + [text for role in ROLES if (text := self._grown(role))]

    def _grown(self, role: str) -> str | None:
        medians = growth(self.samples, role, self.seconds)
        if medians is None:
            return None
        first, last = medians
        if last <= max(first * (1 + MOST_GROWTH), first + NOISE_MEBIBYTES):
            return None
        return f"the memory of {role} grew from {first:.0f} to {last:.0f} MiB"

    def table(self) -> str:
        """Return the figures in Markdown."""
        counts = self.counts
        asked = sum(number for name, number in counts.items() if name.endswith(" asked"))
        problems = self.problems()
        rows = [
            ("time, sockets at once", f"{self.minutes:g} min, {self.sockets:,}"),
            ("replaced", f"{self.replaced['worker']} workers, {self.replaced['interface']} interface servers"),
            (
                "sockets in all",
                f"{counts.get('sockets', 0):,}; {counts.get('sent away with 1012', 0):,} sent away with 1012",
            ),
            ("connects and disconnects handled", f"{self.connected:,} and {self.disconnected:,}"),
            ("texts sent, answered in order", f"{asked:,}, {counts.get('answers', 0):,}"),
            ("unanswered when sent away", f"{counts.get('unanswered when sent away', 0):,}"),
            ("handshakes refused with 503 by a server that left", f"{counts.get('handshakes refused', 0):,}"),
            ("deliveries of group texts", f"{counts.get('group texts', 0):,}"),
            ("delayed texts", f"{counts.get('later texts', 0):,}"),
            ("pages", f"{counts.get('pages 200', 0):,}"),
            ("median answer, 99 %, longest", self._times()),
            *((f"memory of {role}, first and last third after warm-up", self._memory(role)) for role in ROLES),
            ("lost or wrong", "; ".join(problems) if problems else "nothing"),
        ]
        facts = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        lines = [f"{self.date}; {facts}.", "", "| figure | measured |", "|---|---|"]
        return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows)])

    def _times(self) -> str:
        names = ("p50_ms", "p99_ms", "longest_ms")
        return ", ".join(f"{self.traffic[name]:,.1f} ms" for name in names if name in self.traffic)

    def _memory(self, role: str) -> str:
        medians = growth(self.samples, role, self.seconds)
        return "the run was too short" if medians is None else f"{medians[0]:.0f} and {medians[1]:.0f} MiB a process"
