"""Rules that hold for the events of every connection, whatever fails: a journal of events, and the rules it breaks.

Consumers, clients and the interface's log write entries, in one process or, as lines of a file, in several; the clock
is that of the machine. `violations` reads them when all is over, and names each rule that was broken:

1. never two consumers of a connection at a time;
2. no event runs twice, but for those that were put off (`ConsumeLater`), each attempt once;
3. no event runs after a later one;
4. no event begins after its turn was called lost;
5. nothing runs after `websocket.disconnect`, which runs exactly once for each connection whose connect was taken;
6. replies come at most once, in the order of their turns; a turn that has run and was not lost has its reply, unless
   the server ended the socket (`ended`) before the reply of that turn or of a later one came;
7. the connection's state is the one that its last consumer left, unless a turn was lost;
8. a group message reaches a member at most once, in the order of its sender.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import NamedTuple

CONNECT, RECEIVE, DISCONNECT = "connect", "receive", "disconnect"
#: Greater than every turn: others say a disconnect with the turn 0.
LAST = 1 << 60


class Entry(NamedTuple):
    """One thing that happened. `name` is a connection's reply channel; `state` how many of its events had been run."""

    at: float
    what: str
    name: str
    turn: int
    kind: str = ""
    attempt: int = 0
    state: int | None = None

    @property
    def place(self) -> int:
        """Where the event stands among those of its connection."""
        return LAST if self.kind == DISCONNECT else self.turn

    def line(self) -> str:
        """Return the entry as a line of a file."""
        state = "-" if self.state is None else self.state
        return f"{self.at!r} {self.what} {self.name} {self.turn} {self.kind or '-'} {self.attempt} {state}\n"


def read_line(line: str) -> Entry:
    """Return the entry of a line."""
    at, what, name, turn, kind, attempt, state = line.split()
    return Entry(float(at), what, name, int(turn), kind, int(attempt), None if state == "-" else int(state))


@dataclass
class Journal:
    """Entries from all threads of this process, and lines that other processes have written."""

    entries: list[Entry] = field(default_factory=list)
    #: Group messages that members have heard: member -> (sender, number) in order.
    groups: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    #: Marks that arrived on a named channel.
    named: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def note(self, what: str, name: str, turn: int, kind: str = "", attempt: int = 0, state: int | None = None) -> None:
        """Note something that happens now."""
        with self._lock:
            self.entries.append(Entry(time.monotonic(), what, name, turn, kind, attempt, state))

    def read(self, path: Path) -> None:
        """Read the entries that other processes have written."""
        self.entries += [read_line(line) for line in path.read_text().splitlines()] if path.exists() else []

    def of(self, *what: str) -> list[Entry]:
        """Return the entries of these kinds, oldest first."""
        with self._lock:
            return sorted(entry for entry in self.entries if entry.what in what)

    def violations(self) -> list[str]:
        """Return every rule that was broken, with where."""
        return violations(self.entries) + [
            wrong for member, heard in self.groups.items() for wrong in _group_order(member, heard)
        ]


def violations(entries: Iterable[Entry]) -> list[str]:
    """Return the rules that the events and replies of connections break."""
    by_name: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(entries):
        by_name[entry.name].append(entry)
    found = []
    for name, own in by_name.items():
        for rule in (_overlaps, _doubles, _disorder, _after_lost, _disconnects, _replies, _states):
            found += [f"{name[-6:]}: {wrong}" for wrong in rule(own)]
    return found


def _overlaps(entries: Sequence[Entry]) -> Iterable[str]:
    running: list[Entry] = []
    for entry in entries:
        if entry.what == "begin":
            if running:
                yield f"{_said(entry)} began while {_said(running[-1])} was running"
            running.append(entry)
        elif entry.what in ("end", "put-off", "failed"):
            running = [other for other in running if (other.place, other.attempt) != (entry.place, entry.attempt)]


def _doubles(entries: Sequence[Entry]) -> Iterable[str]:
    seen = set()
    for entry in _begun(entries):
        key = entry.place, entry.attempt
        if key in seen:
            yield f"{_said(entry)} ran twice"
        seen.add(key)


def _disorder(entries: Sequence[Entry]) -> Iterable[str]:
    latest: Entry | None = None
    for entry in _begun(entries):
        if latest is not None and entry.place < latest.place:
            yield f"{_said(entry)} ran after {_said(latest)}"
        latest = entry if latest is None or entry.place > latest.place else latest


def _after_lost(entries: Sequence[Entry]) -> Iterable[str]:
    lost: dict[int, float] = {}
    for entry in entries:
        if entry.what == "lost":
            lost.setdefault(entry.turn, entry.at)
        elif entry.what == "begin" and entry.turn in lost:
            yield f"{_said(entry)} began {entry.at - lost[entry.turn]:.3f} s after it was called lost"


def _disconnects(entries: Sequence[Entry]) -> Iterable[str]:
    begun = list(_begun(entries))
    count = sum(entry.kind == DISCONNECT for entry in begun)
    if any(entry.kind == CONNECT for entry in begun) and count != 1:
        yield f"websocket.disconnect ran {count} times"
    if count and not any(entry.kind == CONNECT for entry in begun) and any(e.what == "heard" for e in entries):
        yield "websocket.disconnect ran without a websocket.connect"
    if count and begun[-1].kind != DISCONNECT:
        yield f"{_said(begun[-1])} ran after websocket.disconnect"


def _replies(entries: Sequence[Entry]) -> Iterable[str]:
    heard = [entry.turn for entry in entries if entry.what == "heard"]
    if not heard:
        return  # no client of the test has this connection
    if heard != sorted(set(heard)):
        yield f"replies came in the order {heard}"
    closed_at = min((entry.at for entry in entries if entry.what == "closed"), default=float("inf"))
    lost = {entry.turn for entry in entries if entry.what == "lost"}
    if any(entry.kind == DISCONNECT and entry.turn == 0 for entry in entries):
        return  # others have ended it, since its interface server had expired
    last = heard[-1] if any(entry.what == "ended" for entry in entries) else LAST
    ran = [
        entry
        for entry in entries
        if entry.what == "end" and entry.kind == RECEIVE and entry.at < closed_at and entry.turn <= last
    ]
    for entry in ran:
        if entry.turn not in heard and entry.turn not in lost:
            yield f"{_said(entry)} has run, and its reply did not come"


def _states(entries: Sequence[Entry]) -> Iterable[str]:
    if any(entry.what == "lost" for entry in entries):
        return
    run = 0
    for entry in entries:
        if entry.what == "begin" and entry.state is not None and entry.state != run:
            yield f"{_said(entry)} found the state of {entry.state} runs, after {run}"
        run += entry.what == "end"


def _group_order(member: str, heard: Sequence[tuple[str, int]]) -> Iterable[str]:
    latest: dict[str, int] = {}
    for sender, number in heard:
        if number <= latest.get(sender, -1):
            yield f"{member[-6:]}: group message {number} of {sender[-6:]} came after {latest[sender]}"
        latest[sender] = max(number, latest.get(sender, -1))


def _begun(entries: Sequence[Entry]) -> Iterable[Entry]:
    return (entry for entry in entries if entry.what == "begin")


def _said(entry: Entry) -> str:
    attempt = f" (attempt {entry.attempt})" if entry.attempt else ""
    return f"{entry.kind} {entry.turn}{attempt}"
