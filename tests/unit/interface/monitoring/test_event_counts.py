"""Events, handshakes and bytes are counted by classes of their own; the plain ones count nothing."""

from typing import Any

from towpath.interface.kinds import Kinds
from towpath.interface.monitoring.events import EventCounts, counted_conversation, counted_websocket
from towpath.interface.tracing import traced
from towpath.interface.websocket.begin import begin
from towpath.layers.monitoring import Histogram
from towpath.layers.protocol import EVENT_CHANNELS


def numbers(counts: EventCounts) -> dict[tuple[str, ...], float]:
    """Return the counts by the end of a metric's name and its labels; of histograms the number of observations."""
    found = {}
    for family in counts.families():
        for labels, value in family.samples:
            number = sum(value.counts) if isinstance(value, Histogram) else value
            found[(family.name.removeprefix("towpath_interface_"), *labels)] = number
    return found


async def scene(world: Any, counts: EventCounts, kinds: Kinds) -> None:
    """Open a socket, let it send two texts at once, answer them, and let it leave; refuse another one."""
    request = await world.shake_hands(begin=lambda *given: begin(*given, owner=kinds.socket_owner))
    world.clock.advance(0.2)
    await world.settle({"accept": True})
    for frame in (b"\x81\x83\0\0\0\0one", b"\x82\x82\0\0\0\0tw"):
        request.transport.protocol.dataReceived(frame)
    await world.arrive()
    world.clock.advance(0.5)
    await world.settle({"text": "12345"})
    await world.settle({"text": "1"})
    request.transport.lose("client", ConnectionError())
    await world.arrive()
    await world.shake_hands(begin=lambda *given: begin(*given, owner=kinds.socket_owner))
    await world.settle({"close": True})


async def test_the_life_of_a_socket_is_counted(make_world: Any) -> None:
    world = make_world()
    counts = EventCounts(world.clock.seconds)
    await scene(world, counts, Kinds(conversation=counted_conversation(counts), websocket=counted_websocket(counts)))
    found = numbers(counts)
    assert (found["websocket_bytes", "in"], found["websocket_bytes", "out"]) == (5, 2 + 5 + 2 + 1)
    assert (found["handshake_seconds", "accepted"], found["handshake_seconds", "refused"]) == (1, 1)
    assert (found["event_seconds", "websocket.connect"], found["event_seconds", "websocket.receive"]) == (2, 2)
    assert found["turn_wait_seconds",] == 1
    assert round(counts.waits.total_seconds, 6) == 0.5
    assert round(counts.handshakes["accepted"].total_seconds, 6) == 0.2


async def test_counts_and_traces_go_together(make_world: Any) -> None:
    world = make_world()
    counts = EventCounts(world.clock.seconds)
    kinds = traced(Kinds(conversation=counted_conversation(counts), websocket=counted_websocket(counts)))
    await scene(world, counts, kinds)
    assert numbers(counts)["event_seconds", "websocket.receive"] == 2
    assert round(counts.events["websocket.receive"].total_seconds, 6) == 0.5


async def test_a_socket_whose_waiting_events_are_dropped_is_counted_on(make_world: Any) -> None:
    counts, world = EventCounts(), make_world()
    kinds = Kinds(conversation=counted_conversation(counts), websocket=counted_websocket(counts))
    request = await world.shake_hands(begin=lambda *given: begin(*given, owner=kinds.socket_owner))
    await world.settle({"accept": True})
    for _ in range(5):
        request.transport.protocol.dataReceived(b"\x81\x83\0\0\0\0one")
    [conversation] = world.hub.connections
    conversation.shed()
    await world.arrive()
    await world.settle()
    assert numbers(counts)["event_seconds", "websocket.receive"] == 1


def test_the_labels_are_those_of_the_server() -> None:
    labels = {labels[0] for family in EventCounts().families() for labels, _ in family.samples if labels}
    assert labels == {*EVENT_CHANNELS, "accepted", "refused", "in", "out"}
