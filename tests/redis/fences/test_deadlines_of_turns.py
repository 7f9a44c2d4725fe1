"""A timer of the interface ends a turn only if its event is in no queue and in no worker's record."""

from typing import Any

from towpath.layers.contract import Envelope

from ...wirefaults.faults import not_executed
from ...wirefaults.site import until
from ...wirefaults.stage import PATIENCE, Stage

#: A turn goes on within that time, whatever is lost, in seconds.
RECOVERY_SECONDS = 10.0


def test_an_event_that_was_requeued_waits_for_a_worker_as_long_as_any_other(play: Any) -> None:
    """No fault: a worker process that has given a sign of life for its batch requeues the rest, and stops."""

    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talkers = [await stage.opened(f"/{number}/") for number in range(2)]
        stage.occupy("room")
        await stage.occupied("room")
        stage.take_many("a")
        talkers[0].say("hold first")
        await stage.waiting(1)
        talkers[1].say("echo second")
        talkers[1].say("echo third")
        await stage.waiting(2)
        stage.open_gate("room")
        await stage.begun(talkers[0], 2)
        await until(lambda: stage.has_written("a.heartbeat", "push_inbox"), PATIENCE, "the turns are kept")
        await stage.stop_worker_at("a", "first")
        await stage.waiting(1)
        stage.pass_time(20.0)
        await stage.turn_of_the_loop()
        stage.start_worker("b")
        stage.start_worker("c")
        await stage.answered(*talkers)
        assert talkers[1].done == [2, 3]

    play(scene)


def test_an_event_that_is_put_off_waits_as_long_as_any_other(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talker = await stage.opened()
        talker.say("hold-later first")
        talker.say("echo second")
        await stage.begun(talker, 2)
        await stage.quiet()
        stage.pass_time(40.0)
        await stage.stop_worker_at("a", "first")
        await stage.waiting(1)
        stage.pass_time(40.0)
        await stage.turn_of_the_loop()
        stage.start_worker("b")
        stage.start_worker("c")
        await stage.answered(talker)
        assert talker.done == [2, 3]

    play(scene)


def test_an_event_that_is_put_off_onto_a_full_channel_keeps_or_ends_its_turn(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talker = await stage.opened()
        talker.say("hold-later first")
        talker.say("echo second")
        await stage.begun(talker, 2)
        for number in range(2):
            assert not stage.direct.send_many([Envelope("websocket.receive", stranger(number))])
        stage.open_gate("first")
        await stage.answered(talker, seconds=RECOVERY_SECONDS)
        assert len(stage.lost_of(talker.name)) == stage.counted("websocket.receive", "dropped")
        assert talker.done[-1] == 3

    play(scene, channel_capacity={"websocket.receive": 2})


def test_an_event_that_the_store_has_lost_ends_its_turn_though_its_channel_is_never_empty(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talker = await stage.opened()
        await stage.stop_worker("a")
        talker.say("echo first")
        talker.say("echo second")
        await stage.waiting(1)
        stage.direct.drop_channel("websocket.receive")
        assert not stage.direct.send_many([Envelope("websocket.receive", stranger(number)) for number in range(3)])
        stage.wire.line("interface.out").plan_next(not_executed)
        await until(lambda: stage.hub.availability.is_away, PATIENCE, "the store is unavailable")
        await until(lambda: not stage.hub.availability.is_away, PATIENCE, "the store is available")
        for _ in range(int(RECOVERY_SECONDS)):
            stage.pass_time(1.0)
            await stage.turn_of_the_loop()
        await until(lambda: stage.lost_of(talker.name) == {2}, PATIENCE, "the turn is lost")
        stage.start_worker("b")
        await stage.answered(talker)
        assert talker.done == [3]

    play(scene)


def stranger(number: int) -> dict[str, object]:
    """Return the event of a socket of another interface server."""
    return {"reply_channel": f"interface.other!{number}", "path": "/other/", "order": 1, "text": "echo other"}
