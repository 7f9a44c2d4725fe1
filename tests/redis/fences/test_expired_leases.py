"""Processes whose lease has expired while they go on: they begin nothing, and take nothing from others."""

import time
from typing import Any

import pytest

from towpath.layers.operations.leases import LeaseTimes

from ...wirefaults.faults import deaf, not_executed
from ...wirefaults.site import until
from ...wirefaults.stage import PATIENCE, Stage

#: Leases that expire within a test.
SHORT_READER = LeaseTimes(reader_lease=0.8)
#: Longer than the second between two renewals, so that a running interface server keeps its lease.
SHORT_INBOX = LeaseTimes(inbox_lease=2.5)


@pytest.mark.parametrize("is_requeue_refused", [False, True])
def test_a_worker_whose_lease_has_expired_begins_and_requeues_nothing_of_its_batch(
    play: Any, is_requeue_refused: bool
) -> None:
    """To others it is stopped in the middle of a batch, and its messages are counted as lost."""

    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talkers = [await stage.opened(f"/{number}/") for number in range(2)]
        stage.occupy("room")
        await stage.occupied("room")
        stage.take_many("a")
        talkers[0].say("hold first")
        await stage.waiting(1)
        talkers[1].say("hold second")
        await stage.waiting(2)
        stage.open_gate("room")
        await stage.begun(talkers[0], 2)
        stage.wire.line("a.heartbeat").become(deaf)
        stage.start_worker("b")
        await until(lambda: stage.counted("websocket.receive", "lost") == 2, PATIENCE, "the batch is counted as lost")
        await until(lambda: stage.turns_lost() == 2, PATIENCE, "its turns end")
        talkers[1].say("echo third")
        await stage.begun(talkers[1], 3)
        await stage.answered(talkers[1])
        if is_requeue_refused:
            stage.wire.line("a.exchange").plan_next(not_executed, "requeue")
        stage.open_gate("second")
        stage.open_gate("first")
        await stage.quiet()
        stage.wire.line("a.heartbeat").become(None)
        await stage.answered(*talkers)

    play(scene, times=SHORT_READER)


def test_a_silent_connection_does_not_cost_a_worker_its_lease(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        stage.start_worker("b")
        talker = await stage.opened()
        talker.say("hold first")
        await stage.begun(talker, 2)
        heartbeats = [stage.wire.line(f"{name}.heartbeat") for name in ("a", "b")]
        for line in heartbeats:
            line.plan_next(deaf)
        await until(lambda: all(line.struck for line in heartbeats), PATIENCE, "a lease is not answered")
        counts = [len(line.writes) for line in heartbeats]
        await until(
            lambda: (
                stage.turns_lost() or all(len(line.writes) > n + 2 for line, n in zip(heartbeats, counts, strict=True))
            ),
            PATIENCE,
            "leases are renewed over other connections",
        )
        stage.open_gate("first")
        await stage.answered(talker)
        assert talker.done == [2]
        assert stage.counted("websocket.receive", "lost") == 0

    play(scene, times=LeaseTimes(reader_lease=4.0))


def test_an_interface_whose_lease_has_expired_sends_nothing_more(play: Any) -> None:
    """Frames and ends that waited in its sockets while it was stopped are read before it asks for its lease."""

    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talkers = [await stage.opened(f"/{number}/") for number in range(3)]
        names = {talker.name for talker in talkers}
        block_until(lambda: {entry.name for entry in stage.journal.of("end") if entry.kind == "disconnect"} == names)
        talkers[0].say("echo late")
        talkers[1].close()
        await until(lambda: not len(stage.hub.connections), PATIENCE, "the interface cuts off its connections")
        await stage.quiet()

    play(scene, times=SHORT_INBOX)


def block_until(condition: Any) -> None:
    """Keep the event loop of the interface from doing anything until a condition holds, as SIGSTOP does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the lease has not expired"
        time.sleep(0.01)
