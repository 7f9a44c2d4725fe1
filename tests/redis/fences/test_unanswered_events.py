"""An interface server sends an event, and the answer is lost: whether the event is on its channel is asked again."""

from typing import Any

import pytest

from ...wirefaults.faults import answer_lost, moved, not_executed
from ...wirefaults.site import until
from ...wirefaults.stage import PATIENCE, Stage


def test_an_event_whose_push_was_not_answered_keeps_its_turn(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        stage.start_worker("b")
        talker = await stage.opened()
        stage.wire.line("interface.out").plan_next(answer_lost, "push")
        talker.say("hold first")
        talker.say("echo second")
        await stage.begun(talker, 2)
        await stage.quiet()
        stage.open_gate("first")
        await stage.answered(talker)
        assert talker.done == [2, 3]

    play(scene)


def test_an_event_whose_push_was_not_executed_is_sent_again(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talker = await stage.opened()
        stage.wire.line("interface.out").plan_next(not_executed, "push")
        talker.say("echo first")
        talker.say("echo second")
        await stage.answered(talker)
        assert talker.done == [2, 3]

    play(scene)


def test_a_connect_whose_push_was_not_answered_is_answered_and_has_one_disconnect(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        stage.wire.line("interface.out").plan_next(answer_lost, "push")
        talker = stage.connect("/first/")
        await until(lambda: talker.is_open or talker.is_refused, PATIENCE, "the handshake is answered")
        talker.close()
        await until(stage.disconnects, PATIENCE, "the disconnect runs")
        await stage.drained()
        assert len(stage.disconnects()) == 1

    play(scene)


@pytest.mark.parametrize("fault", [answer_lost, not_executed, moved])
def test_a_disconnect_whose_push_was_not_answered_runs_once(play: Any, fault: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talker = await stage.opened()
        stage.wire.line("interface.out").plan_next(fault, "push")
        talker.close()
        await until(lambda: not len(stage.hub.connections), PATIENCE, "the connection ends")
        await stage.gone(talker.name)
        await stage.quiet()

    play(scene)


def test_a_disconnect_does_not_overtake_an_event_whose_push_was_not_answered(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        stage.start_worker("b")
        talker = await stage.opened()
        stage.wire.line("interface.out").plan_next(answer_lost, "push")
        talker.say("hold first")
        talker.close()
        await stage.begun(talker, 2)
        await stage.quiet()
        stage.open_gate("first")
        await stage.gone(talker.name)

    play(scene)
