"""The `websocket.disconnect` of each socket whose interface server has ended: once, however that ended."""

from typing import Any

import pytest

from towpath.interface.config import InterfaceConfig
from towpath.layers.contract import Envelope
from towpath.layers.operations.leases import LeaseTimes

from ...wirefaults.faults import answer_lost, not_executed, read_only
from ...wirefaults.site import CONFIG, until
from ...wirefaults.stage import PATIENCE, Stage

#: Longer than the second between two renewals, so that a running interface server keeps its lease.
SHORT_INBOX = LeaseTimes(inbox_lease=2.5, claim=1.0)


@pytest.mark.parametrize("fault", ["full", "answer lost", "not executed", "read-only"])
def test_the_disconnects_of_an_expired_interface_run_once_though_the_first_try_failed(play: Any, fault: str) -> None:
    faults = {"answer lost": answer_lost, "not executed": not_executed, "read-only": read_only}

    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talkers = [await stage.opened(f"/{number}/") for number in range(3)]
        stage.wire.line("a.reaper").plan_next(faults.get(fault, stage.store.full), "push_wills")
        await stage.lose_interface()
        await stage.gone(*(talker.name for talker in talkers))
        await until(lambda: not stage.wills_of(talkers[0].name), PATIENCE, "nothing of the sockets is left")

    play(scene, times=SHORT_INBOX)


def test_a_disconnect_that_a_full_channel_refused_runs_though_the_interface_is_killed(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talker = await stage.opened()
        await stage.stop_worker("a")
        assert not stage.direct.send_many([Envelope("websocket.disconnect", {"reply_channel": "other!a"})])
        talker.close()
        await until(
            lambda: stage.direct.channel_statistics("websocket.disconnect")["channel_full_count"],
            PATIENCE,
            "the disconnect is refused, since the channel is full",
        )
        await stage.lose_interface()
        stage.start_worker("b")
        await stage.gone(talker.name)

    play(scene, times=SHORT_INBOX, channel_capacity={"websocket.disconnect": 1})


def test_a_connect_that_a_full_channel_refused_has_no_disconnect_though_the_interface_is_killed(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        await stage.stop_worker("a")
        stage.connect("/waiting/")
        await stage.waiting(1, "websocket.connect")
        refused = stage.connect("/refused/")
        await until(lambda: refused.is_refused, PATIENCE, "the handshake is refused")
        inbox = stage.hub.edge.inbox
        await stage.lose_interface()
        stage.start_worker("b")
        await until(lambda: not stage.wills_of(inbox), PATIENCE, "nothing of the sockets is left")
        await until(stage.disconnects, PATIENCE, "the disconnect of the socket that was not refused runs")
        await stage.drained()
        assert len(stage.disconnects()) == 1

    play(scene, times=SHORT_INBOX, channel_capacity={"websocket.connect": 1})


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_consumer_that_runs_longer_than_the_grace_period_leaves_the_disconnect_to_others(
    play: Any, is_killed: bool
) -> None:
    async def scene(stage: Stage) -> None:
        await stage.start_interface()
        stage.start_worker("a")
        talker = await stage.opened()
        talker.say("hold first")
        await stage.begun(talker, 2)
        await stage.quiet()
        if is_killed:
            await stage.lose_interface()
        else:
            await stage.stop_interface()
        stage.open_gate("first")
        await stage.gone(talker.name)

    config = InterfaceConfig(**{**{name: getattr(CONFIG, name) for name in CONFIG.__slots__}, "grace_seconds": 0.2})
    play(scene, times=SHORT_INBOX, config=config)
