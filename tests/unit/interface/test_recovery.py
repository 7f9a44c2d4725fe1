"""After an outage all turns are looked for; a turn ends only if the layer says that nothing is left of its event."""

import pytest

from towpath.interface.conversation import LOOK_SECONDS, Conversation
from towpath.layers.errors import LayerUnavailable


async def outage(world, *owners):
    """Return conversations whose first event was out during an outage."""
    conversations = [Conversation(world.hub, owner) for owner in owners]
    for conversation in conversations:
        conversation.emit("a", {"reply_channel": conversation.reply_channel}, insist=True)
    await world.arrive()
    world.hub.availability.went_away(LayerUnavailable("away"))
    world.hub.availability.came_back()
    return conversations


async def test_all_turns_are_looked_for_at_once_and_those_without_an_event_end(make_world, make_owner):
    world, lost, queued = make_world(), make_owner(), make_owner()
    first, second = await outage(world, lost, queued)
    world.edge.outstanding = {second.local}
    await world.look()
    assert world.edge.checks == [({first.local: 1, second.local: 1}, ["a"])]
    assert (lost.heard, queued.heard) == (["lost"], [])


async def test_a_look_that_fails_is_repeated(make_world, make_owner):
    world, owner = make_world(), make_owner()
    await outage(world, owner)
    world.edge.is_away = True
    with pytest.raises(LayerUnavailable):
        await world.look()
    world.edge.is_away = False
    assert owner.heard == []
    await world.look()
    assert owner.heard == ["lost"]


async def test_turns_that_end_before_the_look_are_not_looked_for(make_world, make_owner):
    world, owner = make_world(), make_owner()
    (conversation,) = await outage(world, owner)
    conversation.emit("b", {"reply_channel": conversation.reply_channel}, insist=True)
    await world.settle()
    await world.look()
    assert world.edge.checks == []
    await world.advance(LOOK_SECONDS + 1)
    await world.look()
    assert world.edge.checks == [({conversation.local: 2}, ["b"])]


async def test_a_turn_is_looked_for_again_while_its_event_is_outstanding(make_world, make_owner):
    world, owner = make_world(), make_owner()
    (conversation,) = await outage(world, owner)
    world.edge.outstanding = {conversation.local}
    await world.look()
    await world.look()
    assert len(world.edge.checks) == 1
    world.edge.outstanding = set()
    await world.advance(LOOK_SECONDS + 1)
    await world.look()
    assert owner.heard == ["lost"]
