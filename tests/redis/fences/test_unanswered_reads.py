"""An interface server reads its inbox, and the connection is reset: entries that look alike are distinguished."""

import asyncio
from typing import Any

import pytest

from towpath.layers.contract import Settlement
from towpath.layers.errors import LayerUnavailable
from towpath.layers.inbox_events import Replies, Settled

from ...wirefaults.site import until
from ...wirefaults.stage import PATIENCE, Stage

#: Longer than the compared part of an entry: only the end of a text tells two ticks apart.
TICK = "tick " * 20


def test_the_next_tick_of_a_ticker_is_read_though_the_drop_of_the_last_was_not_answered(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        edge = stage.layer("reading").edge()
        await edge.open()
        edge.opened("c")
        heard: list[str] = []
        for number in range(4):
            if number:
                await reset_during_wait(stage, edge)
            stage.direct.send(f"{edge.inbox}c", {"text": f"{TICK}{number}"})
            heard += [event.contents[0]["text"] for event in await edge.receive() if isinstance(event, Replies)]
        await edge.close()
        assert heard == [f"{TICK}{number}" for number in range(4)]

    play(scene)


def test_settlements_before_the_next_tick_are_read_though_the_drop_was_not_answered(play: Any) -> None:
    async def scene(stage: Stage) -> None:
        edge = stage.layer("reading").edge()
        await edge.open()
        edge.opened("c")
        heard: list[Any] = []
        reader = stage.direct.reader(["jobs"])
        for number in range(3):
            if number:
                await reset_during_wait(stage, edge)
            reader.exchange([Settlement([], f"{edge.inbox}c", number)], {})
            stage.direct.send(f"{edge.inbox}c", {"text": f"{TICK}{number}"})
            heard += [type(event) for event in await edge.receive()]
        await edge.close()
        assert heard == [Settled, Replies] * 3

    play(scene)


async def reset_during_wait(stage: Stage, edge: Any) -> None:
    """Let the edge drop the entries it has read, and reset its connection while it waits for more."""
    line = stage.wire.line("reading.in")
    line.plan_next(stage.store.reset_while_it_waits)
    with pytest.raises(LayerUnavailable, match="is unavailable"):
        await asyncio.wait_for(edge.receive(), PATIENCE)
    await until(lambda: line.struck, PATIENCE, "the connection is reset")
