"""A site for one scene: its consumers wait at gates that the scene opens, and time passes when the scene says so."""

import asyncio
import threading
from collections import defaultdict
from typing import Any

from towpath.channels import Message
from towpath.layers.contract import Envelope
from towpath.layers.operations.in_flight import InFlight, Record

from .conversation import TALLY, Consumers
from .faults import StoreFaults
from .invariants import DISCONNECT, Entry
from .site import Site, Talker, until
from .wire import Wire

#: Within which time a scene's next step has happened, in seconds; a loaded machine needs far less.
PATIENCE = 30.0
#: Consumers wait no longer than that, so that a scene that failed ends.
GATE_SECONDS = 60.0


class GatedConsumers(Consumers):
    """The consumers of the conversation; a text `hold KEY`, or a mark `hold KEY`, waits until KEY is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.gates: dict[str, threading.Event] = defaultdict(threading.Event)
        self.are_all_open = False

    def tally(self, message: Message) -> None:
        """Wait, if the mark says so, and note it."""
        what, _, key = message["mark"].partition(" ")
        super().tally(message)
        if what == "hold":
            self._wait(key)

    def _do(self, message: Message, what: str, mark: str) -> None:
        if what.startswith("hold"):
            self._wait(mark)
        super()._do(message, what.removeprefix("hold-"), mark)

    def _wait(self, key: str) -> None:
        if not self.are_all_open:
            self.gates[key].wait(GATE_SECONDS)


class Stage(Site):
    """A site whose consumers are gated."""

    def __init__(self, wire: Wire, store: StoreFaults, **options: Any) -> None:
        self._consumers = GatedConsumers()
        super().__init__(wire, self._consumers.routes(), **options)
        self._consumers.journal = self.journal
        self.store = store

    def open_gate(self, key: str) -> None:
        """Let the consumers that wait for this key go on."""
        self._consumers.gates[key].set()

    def open_all_gates(self) -> None:
        """Let all consumers go on, now and from now on."""
        self._consumers.are_all_open = True
        for gate in list(self._consumers.gates.values()):
            gate.set()

    async def leave(self) -> None:
        """Close all sockets that are open, and wait until workers have handled it."""
        self.open_all_gates()
        for talker in self.talkers:
            talker.close()
        if self._pools:
            await self.gone(*(talker.name for talker in self.talkers if talker.name))

    async def begun(self, talker: Talker, turn: int) -> None:
        """Wait until the consumer of a turn has begun."""
        await until(lambda: self.has_begun(talker, turn), PATIENCE, f"turn {turn} begins")

    def has_begun(self, talker: Talker, turn: int) -> bool:
        """Return whether the consumer of a turn has begun."""
        return any((entry.name, entry.turn) == (talker.name, turn) for entry in self.journal.of("begin"))

    async def answered(self, *talkers: Talker, seconds: float = PATIENCE) -> None:
        """Wait until everything that these clients have said is answered, or called lost."""
        for talker in talkers:
            await until(
                lambda: set(range(2, talker.sent + 2)) <= {*talker.done, *self.lost_of(talker.name)},  # noqa: B023
                seconds,
                f"everything that {talker.name[-6:]} said is answered; it said {talker.sent}, has {talker.done}",
            )

    async def gone(self, *names: str, seconds: float = PATIENCE) -> None:
        """Wait until the disconnects of these connections have been handled."""
        await until(
            lambda: set(names) <= {entry.name for entry in self.journal.of("end") if entry.kind == "disconnect"},
            seconds,
            f"{len(names)} disconnects are handled",
        )

    async def quiet(self) -> None:
        """Wait until the interface has sent everything and workers have taken everything that waits."""
        channels = ("websocket.connect", "websocket.receive", "websocket.disconnect", TALLY)
        await until(
            lambda: (
                self.hub.outbound.is_idle()
                and not self.hub.availability.is_away
                and not any(self.pending(channel) for channel in channels)
            ),
            PATIENCE,
            "the interface has sent everything and workers have taken it",
        )

    async def waiting(self, count: int, channel: str = "websocket.receive") -> None:
        """Wait until `count` messages wait on a channel."""
        await until(lambda: self.pending(channel) == count, PATIENCE, f"{count} messages wait on {channel}")

    def has_written(self, line: str, name: str) -> bool:
        """Return whether a command of this name was written over a line."""
        return any(name in write.names for write in list(self.wire.line(line).writes))

    def pass_time(self, seconds: float) -> None:
        """Advance the clock of the interface by `seconds`."""
        self.clock.jump(seconds)

    async def turn_of_the_loop(self) -> None:
        """Let the interface handle everything that is due, with its round trips to Redis."""
        await asyncio.sleep(0.05)

    async def drained(self) -> None:
        """Wait until workers have taken everything that waits, and nothing of them runs."""
        channels = ("websocket.connect", "websocket.receive", "websocket.disconnect")
        await until(
            lambda: (
                not any(self.pending(channel) for channel in channels)
                and len(self.journal.of("begin")) == len(self.journal.of("end", "put-off", "failed"))
            ),
            PATIENCE,
            "workers have handled everything",
        )

    def disconnects(self) -> list[Entry]:
        """Return the disconnects that have been handled."""
        return [entry for entry in self.journal.of("end") if entry.kind == DISCONNECT]

    async def renewed(self) -> None:
        """Wait until the interface has renewed its lease and a share of its marks."""
        line = self.wire.line("interface.out")
        leases = sum("lease" in write.names for write in line.writes)
        await until(
            lambda: sum("lease" in write.names for write in list(line.writes)) > leases + 1,
            PATIENCE,
            "a lease is renewed",
        )

    def wills_of(self, inbox: str) -> dict[bytes, bytes]:
        """Return the registered wills of an inbox, or of the inbox of a reply channel."""
        return self.store.client.hgetall(self.direct._keys.wills(inbox.partition("!")[0] + "!"))

    def marks_for_seconds(self, group: str) -> float:
        """Return in how many seconds the marks of a group expire."""
        return float(self.store.client.pttl(self.direct._keys.marks(group))) / 1000

    def forget_marks(self, group: str) -> None:
        """Let the store lose the marks of a group."""
        self.store.client.delete(self.direct._keys.marks(group))

    async def stop_worker_at(self, name: str, key: str) -> None:
        """Stop a worker process whose consumer waits at a gate: it takes nothing more when that is opened."""
        workers = self._pools[name].living()
        stopping = asyncio.ensure_future(self.stop_worker(name))
        await until(
            lambda: all(worker._stopping.is_set() for worker in workers), PATIENCE, "the process is told to stop"
        )
        self.open_gate(key)
        await stopping

    def in_flight(self, reader: str) -> int:
        """Return how many messages are in the record of a reader."""
        (record,) = self.direct._execute([InFlight(reader)])
        return len(record.entries) if isinstance(record, Record) else 0

    def counted(self, channel: str, what: str) -> int:
        """Return how many messages of a channel were `lost`, `expired` or `dropped`."""
        return int(self.direct.channel_statistics(channel)[f"messages_{what}_count"])

    def occupy(self, key: str) -> None:
        """Give a worker something to do until a gate is opened, so that other messages wait."""
        assert not self.direct.send_many([Envelope(TALLY, {"mark": f"hold {key}"})])

    async def occupied(self, key: str) -> None:
        """Wait until a worker does it."""
        await until(lambda: f"hold {key}" in self.journal.named, PATIENCE, f"a worker waits for {key}")

    def take_many(self, name: str, channel: str = "websocket.receive", count: int = 8) -> None:
        """Let the threads of a worker process take `count` messages of a channel at once, from now on."""
        for worker in self._pools[name].living():
            worker._batching.limits[channel] = count

    async def lose_interface(self) -> None:
        """End the interface server as SIGKILL does: nothing of it runs any more, and nothing was said to anybody."""
        self.clock.stop()
        await self.hub.tasks.cancel_all()
        for talker in self.talkers:
            talker.lose()
        for name in ("out", "in"):
            self.wire.line(f"interface.{name}").cut_all()
        self.server = None
