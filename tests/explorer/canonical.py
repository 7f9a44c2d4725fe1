"""One canonical state for all equivalent states: they differ in the names of workers, or in numbers of batches.

Workers are interchangeable, so they are named in the order of their states. A number of a batch or push is only
compared with numbers of the same worker or server, so all are counted from the latest. A reader that has ended is
dropped if the store holds nothing of it that counts.
"""

from collections.abc import Callable
from typing import Any

from towpath.layers.entries import EntryCodec
from towpath.layers.memory.in_flight import LAST_NUMBER
from towpath.layers.names import is_inbox
from towpath.layers.operations.in_flight import Acknowledge, BatchId, Requeue
from towpath.layers.operations.queues import Push, Take

from .context import Context, State
from .frozen import Interned
from .servers import ServerState, turn_out
from .workers import WorkerState

#: Position of the name of a reader in an operation; a number of its batches follows.
_NUMBERED = {BatchId: 1, Acknowledge: 1, Requeue: 1, Take: 3}

#: Results that are kept.
MOST_CACHED = 1_000_000
#: Old name of a worker, new name, and the difference of its numbers of batches.
Names = tuple[tuple[str, str, int], ...]


class Canonical:
    """Finds the canonical states."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lists, self._answers = context.calls.lists, context.calls.answers
        self._contents, self._workers, self._servers = context.calls.contents, context.workers, context.servers
        self._parts, self._cores, self._names = Interned(), Interned(), Interned()
        self._cache: dict[tuple[Any, ...], Any] = {}

    def of(self, state: State) -> State:
        """Return the canonical state of a state."""
        content, server, runs, network, histories, *workers = state
        key: tuple[Any, ...] = ("server", content, server, network)
        content, server = self._cache.get(key) or self._cached(key, self._of_server, content, server, network)
        mentioned = self._cached(("mentioned", network, runs), self._mentioned, network, runs) if network or runs else 0
        found = []
        for number in workers:
            key = content, number, mentioned
            found.append(self._cache.get(key) or self._cached(key, self._core, content, number, mentioned))
        order = sorted(range(len(found)), key=found.__getitem__)
        alive = tuple([(found[place][2], f"w{rank}", found[place][3]) for rank, place in enumerate(order, 1)])
        key = "names", content, alive, mentioned
        names = self._cache.get(key) or self._cached(key, self._with_others, content, alive, mentioned)
        if names[1]:
            return content, server, runs, network, histories, *workers
        return (
            self._cached(("content", content, names[0]), self._renamed_content, content, names[0]),
            server,
            self._cached(("runs", runs, names[0]), self._renamed_runs, runs, names[0]) if mentioned else runs,
            self._cached(("network", network, names[0]), self._renamed_network, network, names[0])
            if mentioned
            else network,
            self._cached(("histories", histories, names[0]), self._renamed_histories, histories, names[0]),
            *[
                self._cached(("worker", workers[place], names[0]), self._renamed_worker, workers[place], names[0])
                for place in order
            ],
        )

    def trim(self) -> None:
        """Forget results that can be computed again, if they are many."""
        if len(self._cache) > MOST_CACHED:
            self._cache.clear()

    def _cached(self, key: tuple[Any, ...], work: Callable[..., Any], *arguments: Any) -> Any:
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = work(*arguments)
        return found

    # The server

    def _of_server(self, content: int, server: int, network: int) -> tuple[int, int]:
        late = [self._lists[number] for number in self._context.networks[network]]
        return self._count_pushes(self._without_echoes(content, self._servers[server]), server, late)

    def _without_echoes(self, content: int, server: ServerState | None) -> int:
        """Drop the entries that the server would ignore: ends of turns that are not out, or have ended by then."""
        parts = self._contents[content]
        inboxes = []
        for inbox, entries in parts[2]:
            if server is not None and inbox == f"interface.{server.incarnation}!":
                turns = dict(out for each in server.conversations if (out := turn_out(each)) is not None)
                left = []
                for entry in entries:
                    local, turn = self._cached(("entry", entry), _turn_of, entry)
                    if turns.get(local) == turn:
                        left.append(entry)
                        del turns[local]
                if left:
                    inboxes.append((inbox, tuple(left)))
        return self._contents.number((*parts[:2], tuple(inboxes), *parts[3:]))

    def _count_pushes(self, content: int, server: int, late: list[Any]) -> tuple[int, int]:
        """Count pushes from the latest: earlier pushes are not repeated any more."""
        parts = self._contents[content]
        known, fenced = parts[6]
        if any(_is_numbered(each) for each in late):
            return content, server
        state: ServerState | None = self._servers[server]
        latest, left = None, [(writer, last) for writer, last in known if not is_inbox(writer)]
        if state is not None:
            kind, latest, *rest = state.edge
            inbox = f"interface.{state.incarnation}!"
            server = self._servers.number(state._replace(edge=(kind, 1, *rest)))
            for writer, last in known:
                now = tuple((channel, (1, accepted)) for channel, (number, accepted) in last if number == latest)
                if writer == inbox and now:
                    left.append((writer, now))
        return self._contents.number((*parts[:6], (tuple(sorted(left)), fenced))), server

    # Workers

    def _mentioned(self, network: int, runs: int) -> int:
        """Return the number of the set of strings in late operations and in answers to reapers, plus 1."""
        strings: set[str] = set()
        for number in self._context.networks[network]:
            _collect(self._lists[number], strings)
        for run in self._context.runs[runs]:
            for answer in run:
                _collect(self._answers[answer], strings)
        return self._names.number(frozenset(strings)) + 1

    def _is_mentioned(self, name: str, mentioned: int) -> bool:
        return bool(mentioned) and name in self._names[mentioned - 1]

    def _core(self, content: int, number: int, mentioned: int) -> tuple[int, int, str, int]:
        """Return the sort key of a worker, its name, and the difference of its numbers."""
        worker: WorkerState = self._workers[number]
        is_kept = worker.is_closing or self._is_mentioned(worker.name, mentioned)
        less = 0 if is_kept else max(0, worker.head[3][1] - 1)
        state = self._cached(("nameless", number, less), self._nameless, worker, less)
        part = self._part(self._contents[content], worker.name, less)
        return state, self._parts.number(part), worker.name, less

    def _nameless(self, worker: WorkerState, less: int) -> int:
        return self._cores.number(self._moved(worker, {worker.name: ("", less)}, less)) + 1

    def _renamed_histories(self, histories: int, names: Names) -> int:
        return self._context.histories.number(_renamed(self._context.histories[histories], _by_old(names)))

    def _renamed_network(self, network: int, names: Names) -> int:
        late = [_renamed(self._lists[number], _by_old(names)) for number in self._context.networks[network]]
        return self._context.networks.number(tuple(sorted(map(self._lists.number, late))))

    def _renamed_runs(self, runs: int, names: Names) -> int:
        found = [
            [_renamed(self._answers[answer], _by_old(names)) for answer in run] for run in self._context.runs[runs]
        ]
        return self._context.runs.number(tuple(sorted(tuple(map(self._answers.number, run)) for run in found)))

    def _renamed_worker(self, number: int, names: Names) -> int:
        worker: WorkerState = self._workers[number]
        found = _by_old(names)
        return self._workers.number(self._moved(worker, found, found[worker.name][1]))

    def _moved(self, worker: WorkerState, names: dict[str, tuple[str, int]], less: int) -> WorkerState:
        moved = _renamed(tuple(worker), names)
        kind, settlement, is_away, values, is_registered = moved[1]
        head = kind, settlement, is_away, (values[0], values[1] - less, *values[2:]), is_registered
        return WorkerState(moved[0], head, *moved[2:])

    def _part(self, content: Any, name: str, less: int) -> tuple[Any, ...]:
        """Return the part of a store that belongs to a reader."""
        (living, dead, graves), (records, settled, seized, registered), (known, _) = content[3], content[5], content[6]
        return (
            tuple(is_held for owner, is_held in living if owner == name),
            tuple(is_due for owner, is_due in dead if owner == name),
            name in graves,
            tuple(_less(record, less) for reader, record in records if reader == name),
            tuple(number - less for reader, number in settled if reader == name),
            tuple(_less(record, less) for reader, record in seized if reader == name),
            name in registered,
            tuple(last for writer, last in known if writer == name),
        )

    def _with_others(self, content: int, alive: Names, mentioned: int) -> tuple[Names, bool]:
        """Return the new names of all readers, and whether nothing changes.

        Readers that have ended, and of which nothing is left, have no new name.
        """
        parts = self._contents[content]
        (living, dead, graves), (records, settled, seized, registered), (known, _) = parts[3], parts[5], parts[6]
        pairs = (*living, *dead, *records, *settled, *seized, *known)
        held = {name for name, _ in pairs} | {*graves, *registered}
        others = {name for name in held if not is_inbox(name)} - {old for old, _, _ in alive}
        unsettled = {name for name, record in records if record[1]} | {name for name, _ in seized}
        needed = unsettled | {name for name, _ in (*living, *dead)}
        kept = [name for name in others if name in needed or self._is_mentioned(name, mentioned)]
        kept.sort(key=lambda name: (repr(self._part(parts, name, 0)), name))
        names = (*alive, *[(name, f"d{rank}", 0) for rank, name in enumerate(kept, 1)])
        is_same = len(kept) == len(others) and all(old == new and not less for old, new, less in names)
        return names, is_same

    def _renamed_content(self, content: int, names: Names) -> int:
        queues, lost, inboxes, lives, wills, records, (known, fenced) = self._contents[content]
        found = _by_old(names)

        def new(name: str) -> tuple[str, int] | None:
            return (name, 0) if is_inbox(name) else found.get(name)

        def pairs(part: Any, change: Callable[[Any, int], Any] = lambda value, less: value) -> Any:
            moved = [(after, value) for name, value in part if (after := new(name)) is not None]
            return tuple(sorted((name, change(value, less)) for (name, less), value in moved))

        def each(part: Any) -> Any:
            return tuple(sorted(after[0] for name in part if (after := new(name)) is not None))

        living, dead, graves = lives
        unsettled, settled, seized, registered = records
        changed = (
            (pairs(living), pairs(dead), each(graves)),
            wills,
            (
                pairs(unsettled, _less),
                pairs(settled, lambda number, less: max(0, number - less)),
                pairs(seized, _less),
                each(registered),
            ),
            (pairs(known), fenced),
        )
        return self._contents.number((queues, lost, inboxes, *changed))


def _turn_of(entry: bytes) -> tuple[str, int]:
    _, fields = EntryCodec().open_inbox_entry(entry)
    return fields[0], fields[1]


def _by_old(names: Names) -> dict[str, tuple[str, int]]:
    return {old: (new, less) for old, new, less in names}


def _less(record: tuple[Any, ...], less: int) -> tuple[Any, ...]:
    channel, entries, number = record
    return channel, entries, number if number == LAST_NUMBER else number - less


def _is_numbered(operations: Any) -> bool:
    """Return whether a list of operations has a push of a server."""
    return any(each[0] is Push and each[4] is not None and is_inbox(each[4][1]) for each in operations)


def _renamed(value: Any, names: dict[str, tuple[str, int]]) -> Any:
    if type(value) is str:
        return names[value][0] if value in names else value
    if not isinstance(value, tuple):
        return value
    items = [_renamed(item, names) for item in value]
    place = _NUMBERED.get(value[0]) if value and isinstance(value[0], type) else None
    if place is not None and value[place] in names:
        items[place + 1] = value[place + 1] - names[value[place]][1]
    return tuple(items) if type(value) is tuple else type(value)(*items)


def _collect(value: Any, strings: set[str]) -> None:
    if type(value) is str:
        strings.add(value)
    elif isinstance(value, tuple):
        for item in value:
            _collect(item, strings)
