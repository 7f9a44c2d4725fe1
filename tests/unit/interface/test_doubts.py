"""After an outage, a turn that nobody seems to have ends soon; one that may still be taken, or that runs, does not."""

from towpath.interface.conversation import Conversation
from towpath.interface.doubts import DOUBT_SECONDS, Doubts
from towpath.layers.contract import Kept
from towpath.layers.errors import LayerUnavailable


async def outage(world, *channels):
    """Return the doubts after an outage in which the turns of conversations were out, and the conversations."""
    doubts = Doubts(world.hub)
    conversations = []
    for channel in channels:
        conversations.append(Conversation(world.hub, world.owners.pop()))
        conversations[-1].emit(channel, {"reply_channel": conversations[-1].reply_channel}, insist=True)
    await world.arrive()
    world.hub.availability.went_away(LayerUnavailable("away"))
    world.hub.availability.came_back()
    return doubts, conversations


async def test_a_turn_without_a_sign_of_life_is_lost_soon(make_world, make_owner):
    world = make_world()
    world.owners = [owner := make_owner()]
    doubts, _ = await outage(world, "a")
    await doubts.look()
    await world.advance(DOUBT_SECONDS - 1)
    assert owner.heard == []
    await world.advance(2)
    assert owner.heard == [("lost", "a")]


async def test_a_turn_whose_consumer_runs_is_kept(make_world, make_owner):
    world = make_world()
    world.owners = [owner := make_owner()]
    doubts, (conversation,) = await outage(world, "a")
    await doubts.look()
    await world.advance(DOUBT_SECONDS - 1)
    await world.arrive(Kept(conversation.local, 1))
    await world.advance(DOUBT_SECONDS)
    await world.settle({"n": 1})
    assert owner.heard == [{"n": 1}]


async def test_as_long_as_something_waits_on_a_channel_its_turns_are_not_doubted(make_world, make_owner):
    world = make_world()
    world.owners = [owner := make_owner()]
    doubts, _ = await outage(world, "a")
    world.edge.backlog = {"a"}
    await doubts.look()
    await world.advance(2 * DOUBT_SECONDS)
    assert owner.heard == []
    world.edge.backlog = set()
    await doubts.look()
    await world.advance(DOUBT_SECONDS + 1)
    assert owner.heard == [("lost", "a")]


async def test_turns_that_begin_after_the_outage_are_not_doubted(make_world, make_owner):
    world = make_world()
    world.owners = [owner := make_owner()]
    doubts, (conversation,) = await outage(world, "a")
    conversation.emit("b", {"reply_channel": conversation.reply_channel}, insist=True)
    await world.settle()
    await doubts.look()
    await world.advance(2 * DOUBT_SECONDS)
    assert owner.heard == []
