"""Reapers of a worker whose lease has expired while it goes on: they count and delete only the record they read."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from towpath.layers.contract import Envelope, Settlement
from towpath.layers.inbox_events import Lost
from towpath.layers.operations.leases import LeaseTimes

from ...wirefaults.site import until
from ...wirefaults.stage import PATIENCE, Stage
from ...wirefaults.wire import Relay, Write, honest


def test_a_reaper_deletes_only_the_record_that_it_has_read(play: Any) -> None:
    """It reads the record of message 1; the worker settles that and takes 2; the reaper writes; the worker ends."""

    async def scene(stage: Stage) -> None:
        edge = stage.direct.edge()
        await edge.open()
        edge.opened("c")
        reader = stage.direct.reader(["jobs"])
        stage.direct.renew_leases([reader.name])
        for turn in (1, 2):
            stage.direct.send_many([Envelope("jobs", {"reply_channel": f"{edge.inbox}c"}, turn)])
        assert [item.envelope.turn for item in reader.exchange([], {"jobs": 1}).taken] == [1]
        reached, may_write = threading.Event(), threading.Event()
        stage.wire.line("reaper.reaper").plan_next(after(reached, may_write), "seize")
        layer = stage.layer("reaper")
        reaping = asyncio.ensure_future(asyncio.to_thread(reap_until, stage, layer, reached.is_set))
        await until(reached.is_set, PATIENCE, "the reaper has read the record")
        taken = reader.exchange([Settlement([], f"{edge.inbox}c", 1)], {"jobs": 1}).taken
        assert [item.envelope.turn for item in taken] == [2]
        may_write.set()
        await reaping
        await asyncio.to_thread(reap_until, stage, layer, lambda: not stage.in_flight(reader.name))
        events: list[Any] = []
        while not any(isinstance(event, Lost) and event.turn == 2 for event in events):
            received = await edge.receive()
            assert received, f"the connection of message 2 was not told; it has {events}"
            events += received
        assert stage.counted("jobs", "lost") == 1
        await edge.close()

    play(scene, times=LeaseTimes(reader_lease=0.3, claim=0.3))


def after(reached: threading.Event, may_write: threading.Event) -> Callable[[Relay, Write], None]:
    """Return a fault that lets Redis have a write when it may."""

    def waiting(relay: Relay, write: Write) -> None:
        reached.set()
        assert may_write.wait(PATIENCE)
        honest(relay, write)

    return waiting


def reap_until(stage: Stage, layer: Any, condition: Callable[[], bool]) -> None:
    """Look after expired leases, as a worker process does, until a condition holds; the reaper itself has a lease."""
    for _ in range(int(PATIENCE / 0.05)):
        stage.direct.renew_leases(["a living reader"])
        layer.reap()
        if condition():
            return
        threading.Event().wait(0.05)
    raise AssertionError("the condition does not hold")
