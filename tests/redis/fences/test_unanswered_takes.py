"""A worker takes or requeues messages, and the answer is lost: its in-flight record tells their state."""

from typing import Any

import pytest

from towpath.layers.contract import Envelope

from ...wirefaults.faults import answer_lost, last_answer_lost, moved, not_executed, read_only
from ...wirefaults.site import until
from ...wirefaults.stage import PATIENCE, TALLY, Stage
from ...wirefaults.wire import Fault

#: A turn goes on within that time, whatever is lost, in seconds.
RECOVERY_SECONDS = 5.0


@pytest.mark.parametrize("fault", [answer_lost, last_answer_lost])
def test_an_event_whose_take_was_not_answered_runs(play: Any, fault: Fault) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talker = await stage.opened()
        stage.wire.line("a.exchange").plan_next(fault, "take")
        talker.say("echo first")
        talker.say("echo second")
        talker.say("echo third")
        await stage.answered(talker, seconds=RECOVERY_SECONDS)
        assert talker.done == [2, 3, 4]

    play(scene)


def test_a_disconnect_whose_take_was_not_answered_runs(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talker = await stage.opened()
        stage.wire.line("a.exchange").plan_next(answer_lost, "take")
        talker.say("echo first")
        await stage.answered(talker)
        talker.close()
        await stage.gone(talker.name, seconds=RECOVERY_SECONDS)

    play(scene)


@pytest.mark.parametrize("fault", [answer_lost, not_executed])
def test_a_batch_whose_requeue_was_not_answered_runs_once(play: Any, fault: Fault) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talkers = [await stage.opened(f"/{number}/") for number in range(3)]
        stage.occupy("room")
        await stage.occupied("room")
        stage.take_many("a")
        talkers[0].say("hold first")
        for talker in talkers[1:]:
            talker.say("echo rest")
        await stage.waiting(3)
        stage.wire.line("a.exchange").plan_next(fault, "requeue")
        stage.open_gate("room")
        await stage.begun(talkers[0], 2)
        stage.start_worker("b")
        stage.open_gate("first")
        await stage.answered(*talkers)
        await stage.quiet()
        assert [talker.done for talker in talkers] == [[2], [2], [2]]

    play(scene)


@pytest.mark.parametrize("fault", [answer_lost, not_executed, read_only, moved])
def test_a_message_that_is_put_off_runs_again_though_that_was_not_answered(play: Any, fault: Fault) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        stage.start_worker("b")
        talker = await stage.opened()
        for name in ("a", "b"):
            stage.wire.line(f"{name}.exchange").plan_next(fault, "postpone")
        talker.say("later first")
        talker.say("later second")
        await stage.answered(talker, seconds=RECOVERY_SECONDS)
        assert talker.done == [2, 3]

    play(scene)


@pytest.mark.parametrize("fault", [answer_lost, not_executed, read_only, moved])
def test_a_held_send_whose_push_was_not_answered_arrives_once_or_is_counted(play: Any, fault: Fault) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talker = await stage.opened()
        stage.wire.line("a.exchange").plan_next(fault, "push")
        talker.say("named first")
        talker.say("echo second")
        await stage.answered(talker, seconds=RECOVERY_SECONDS)
        await stage.quiet()
        counted = stage.counted(TALLY, "dropped") + stage.counted(TALLY, "lost")
        assert len(stage.journal.named) + counted == 1

    play(scene)


def test_a_request_for_a_delay_whose_take_was_not_answered_is_kept(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        await stage.opened()
        stage.wire.line("a.clock").plan_next(answer_lost, "take")
        for mark, milliseconds in ("much later", 60_000), ("soon", 10):
            request = {"channel": TALLY, "content": {"mark": mark}, "delay": milliseconds}
            assert not stage.direct.send_many([Envelope("asgi.delay", request)])
            await until(lambda: not stage.pending("asgi.delay"), PATIENCE, "the request is taken")
        assert stage.wire.line("a.clock").struck
        await until(lambda: stage.journal.named == ["soon"], PATIENCE, "the delayed message runs")

    play(scene)
