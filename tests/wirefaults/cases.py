"""Cases: one conversation each, in which writes of chosen numbers fail in one way."""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from towpath.layers.operations.leases import LeaseTimes

from .conversation import RESTARTED, Consumers, Script, hold
from .faults import StoreFaults, wire_faults
from .pace import TIMEOUT_SECONDS, hurried
from .site import Site
from .wire import Wire, Write

#: The lines of a site, by the connections that they carry.
LINES = {
    "an interface server's sends and leases": "interface.out",
    "an interface server's inbox": "interface.in",
    "a worker's exchanges": f"{RESTARTED}.exchange",
    "a worker's leases and signs of life": f"{RESTARTED}.heartbeat",
    "a worker's reaper": f"{RESTARTED}.reaper",
    "a worker's other calls": f"{RESTARTED}.calls",
    "a worker's clock": f"{RESTARTED}.clock",
}
#: Lines that have something to do only when others expire.
EXPIRING = (f"{RESTARTED}.heartbeat", f"{RESTARTED}.reaper")
#: Leases long enough for a loaded machine, and short enough to expire within a conversation.
SHORT_LEASES = LeaseTimes(reader_lease=2.0, inbox_lease=2.0, claim=1.0)
#: An answer that comes later than every timer that waits for it.
LATE_SECONDS = 2 * TIMEOUT_SECONDS
#: Faults that may lose messages: Redis refuses the write for a reason that the layer does not know.
LOSING = ("moved",)
SHORT = Script()
#: More than a line ever has.
MOST_WRITES = 20_000


@dataclass(frozen=True, slots=True)
class Case:
    """Let `fault` act on the writes of these numbers of each of these lines; `numbers` says which they are."""

    lines: Sequence[str]
    fault: str
    numbers: Sequence[int]
    script: Script = SHORT

    def __str__(self) -> str:
        first = ", ".join(map(str, self.numbers[:3])) + (", ..." if len(self.numbers) > 3 else "")
        return f"{self.fault}, writes {first} of {', '.join(self.lines)}, seed {self.script.seed}"


def every(first: int, stride: int) -> Sequence[int]:
    """Return the number of a write, and of each write at a fixed distance after it."""
    return range(first, MOST_WRITES, stride)


def some(chance: random.Random, one_in: int) -> Sequence[int]:
    """Return numbers of writes, about one in `one_in`, at random: no part of a site can keep in step with them."""
    return [number for number in range(1, MOST_WRITES) if chance.randrange(one_in) == 0]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a case: broken rules, failed writes, the number of writes on each line, and of lost turns."""

    violations: Sequence[str]
    struck: Sequence[tuple[str, Write]]
    writes: Sequence[int]
    lost: int
    seconds: float

    @property
    def struck_names(self) -> list[str]:
        """The failed writes: line, number and commands of each."""
        return [f"{line} {write.number}: {' '.join(write.names[:6])}" for line, write in self.struck]


def run(port: int, case: Case) -> Outcome:
    """Hold the conversation of a case on a Redis that is empty."""
    with closing(StoreFaults(port)) as store, hurried():
        store.client.flushall()
        began = time.monotonic()
        return asyncio.run(_run(port, case, store, began))


async def _run(port: int, case: Case, store: StoreFaults, began: float) -> Outcome:
    fault = wire_faults(store, LATE_SECONDS)[case.fault]
    with closing(Wire(port)) as wire:
        consumers = Consumers()
        times = SHORT_LEASES if case.script.expires else None
        site = Site(wire, consumers.routes(), times)
        consumers.journal = site.journal
        for name in case.lines:
            wire.line(name).plan(fault, *case.numbers)
        violations = await hold(site, case.script)
        lost = site.lost_turns.count
        if lost and case.fault not in LOSING and not case.script.expires:
            violations.append(f"{lost} turns were lost")
        lines = [wire.line(name) for name in case.lines]
        struck = [(line.name, write) for line in lines for write in line.struck]
        return Outcome(violations, struck, [len(line.writes) for line in lines], lost, time.monotonic() - began)


def every_write(port: int, line: str, fault: str, script: Script, sample: int = 1) -> Iterator[tuple[Case, Outcome]]:
    """Run a case for each write of a line, or one in `sample`, one at a time, until there is none of that number."""
    number = script.seed % sample + 1 - sample
    while True:
        number += sample
        case = Case([line], fault, [number], script)
        outcome = run(port, case)
        if not outcome.struck:
            return
        yield case, outcome
