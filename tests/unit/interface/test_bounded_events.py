"""Events of all WebSockets together are bounded: those under way wait for room, those that wait are shed."""

from towpath.interface.bounds.memory import SMALL_BYTES
from towpath.interface.counters import Count
from towpath.interface.turns import EVENT_OVERHEAD_BYTES, weight
from towpath.layers.inbox_events import Grouped, Replies, Settled

KIB = 1024
MIB = 1024 * KIB
RECEIVE, DISCONNECT = "websocket.receive", "websocket.disconnect"


async def open_sockets(world, count):
    clients = [await world.open_socket() for _ in range(count)]
    return list(zip(clients, list(world.hub.connections), strict=True))


async def settle(world, conversation, *replies):
    """Settle the turn of the latest event of a connection."""
    turns = [sent.turn for sent in world.edge.sent if sent.content.get("reply_channel") == conversation.reply_channel]
    await world.arrive(Settled(conversation.local, turns[-1], replies, None))


def received(world):
    return [len(sent.content["text"]) for sent in world.edge.sent if sent.channel == RECEIVE]


async def test_large_events_leave_while_there_is_room_for_them_among_those_under_way(make_world):
    world = make_world(events_max_bytes=100 * KIB)
    sockets = await open_sockets(world, 4)
    for client, _ in sockets:
        client.text("x" * 40 * KIB)
    await world.arrive()
    assert received(world) == [40 * KIB] * 2
    await settle(world, sockets[1][1])
    assert received(world) == [40 * KIB] * 3
    await settle(world, sockets[0][1])
    await settle(world, sockets[2][1])
    await settle(world, sockets[3][1])
    assert received(world) == [40 * KIB] * 4
    assert world.hub.events_under_way.used_bytes == 0


async def test_a_small_event_does_not_wait_behind_large_ones(make_world):
    world = make_world(events_max_bytes=50 * KIB)
    first, second, third = await open_sockets(world, 3)
    first[0].text("x" * 40 * KIB)
    second[0].text("x" * 40 * KIB)
    third[0].text("x" * 100)
    await world.arrive()
    assert received(world) == [40 * KIB, 100]


async def test_large_events_that_wait_leave_in_their_order(make_world):
    world = make_world(events_max_bytes=50 * KIB)
    sockets = await open_sockets(world, 3)
    for client, length in zip([client for client, _ in sockets], (40 * KIB, 45 * KIB, 8 * KIB), strict=True):
        client.text("x" * length)
    await world.arrive()
    assert received(world) == [40 * KIB], "the short one would overtake the one before it for ever"
    await settle(world, sockets[0][1])
    await settle(world, sockets[1][1])
    assert received(world) == [40 * KIB, 45 * KIB, 8 * KIB]


async def test_an_event_above_the_bound_leaves_when_nothing_else_is_under_way(make_world):
    world = make_world(events_max_bytes=20 * KIB)
    first, second = await open_sockets(world, 2)
    first[0].text("x" * 10 * KIB)
    second[0].text("x" * 40 * KIB)
    await world.arrive()
    assert received(world) == [10 * KIB]
    await settle(world, first[1])
    assert received(world) == [10 * KIB, 40 * KIB]
    await settle(world, second[1])
    assert world.hub.events_under_way.used_bytes == 0


async def test_an_event_of_a_client_that_leaves_while_it_waits_is_still_sent_and_then_its_disconnect(make_world):
    world = make_world(events_max_bytes=50 * KIB)
    first, second = await open_sockets(world, 2)
    first[0].text("x" * 40 * KIB)
    second[0].text("x" * 41 * KIB)
    await world.arrive()
    second[0].vanish()
    await settle(world, first[1])
    assert received(world) == [40 * KIB, 41 * KIB]
    await settle(world, second[1])
    assert world.edge.channels()[-1] == DISCONNECT
    assert world.hub.events_under_way.used_bytes == 0


async def test_what_is_abandoned_is_not_under_way_any_more(make_world):
    world = make_world(events_max_bytes=50 * KIB)
    first, second, third = await open_sockets(world, 3)
    for client, _ in (first, second, third):
        client.text("x" * 40 * KIB)
    await world.arrive()
    second[1].abandon()
    first[1].abandon()
    await world.arrive()
    assert received(world) == [40 * KIB] * 2
    third[1].abandon()
    assert world.hub.events_under_way.used_bytes == 0
    assert world.hub.memory.held_bytes == 0


async def test_large_heads_of_handshakes_count_as_under_way(make_world):
    world = make_world(events_max_bytes=50 * KIB)
    requests = [await world.shake_hands((b"x", b"y" * 20 * KIB)) for _ in range(3)]
    assert world.edge.channels() == ["websocket.connect"] * 2
    await world.settle({"accept": True})
    assert world.edge.channels() == ["websocket.connect"] * 3
    assert [request.is_taken for request in requests] == [False, True, False]


async def test_events_that_wait_are_shed_with_their_connection_when_all_are_too_many(make_world):
    world = make_world(buffers_max_bytes=100 * KIB)
    sockets = await open_sockets(world, 4)
    for client, _ in sockets:
        client.text("first")
        client.text("x" * 30 * KIB)
    await world.arrive()
    assert [len(client.frames()) for client, _ in sockets] == [1, 0, 0, 0]
    assert world.hub.counters.totals[Count.BUFFERS_SHED] == 1
    assert world.hub.counters.totals[Count.EVENTS_DROPPED] == 1
    sockets[0][0].close()
    for _, conversation in sockets:
        await settle(world, conversation)
    assert received(world) == [5] * 4 + [30 * KIB] * 3
    assert world.edge.channels().count(DISCONNECT) == 1
    assert world.hub.memory.held_bytes == 0


async def test_an_event_that_waits_for_room_is_shed_too(make_world):
    world = make_world(events_max_bytes=30 * KIB, buffers_max_bytes=70 * KIB)
    sockets = await open_sockets(world, 4)
    for client, _ in sockets:
        client.text("x" * 25 * KIB)
    await world.arrive()
    assert [len(client.frames()) for client, _ in sockets] == [0, 1, 0, 0]
    sockets[1][0].close()
    await world.arrive()
    for index in (0, 2, 3):
        await settle(world, sockets[index][1])
    assert received(world) == [25 * KIB] * 3
    assert world.edge.channels().count(DISCONNECT) == 1
    assert world.hub.events_under_way.used_bytes == 0


async def test_while_memory_is_short_a_client_is_not_read_as_long_as_one_of_its_events_waits(make_world):
    world = make_world(buffers_max_bytes=100 * KIB)
    (large, _), (small, conversation) = await open_sockets(world, 2)
    for client in (large, small):
        client.text("first")
    large.text("x" * 60 * KIB)
    small.text("second")
    await world.arrive()
    assert not small.transport.is_reading
    await settle(world, conversation)
    assert small.transport.is_reading


def test_text_beyond_ascii_weighs_what_it_takes_in_memory():
    """One letter of two or four bytes makes all of a str so wide."""
    assert weight({"text": "x" * 1000}) == EVENT_OVERHEAD_BYTES + 1000
    assert weight({"text": "x" * 1000 + "\N{GRINNING FACE}"}) > 4000


def test_headers_have_a_weight():
    assert weight({"headers": [(b"x", b"y" * 1000), (b"z", b"")]}) == EVENT_OVERHEAD_BYTES + 1002


async def test_small_events_are_not_counted(make_world):
    length = SMALL_BYTES - EVENT_OVERHEAD_BYTES - 100
    world = make_world(events_max_bytes=1)
    for client, _ in await open_sockets(world, 3):
        client.text("x" * length)
    await world.arrive()
    assert received(world) == [length] * 3


async def test_a_socket_that_is_shed_collects_nothing_more_of_its_message(make_world):
    world = make_world(buffers_max_bytes=50 * KIB)
    ((client, _),) = await open_sockets(world, 1)
    client.send(1, b"x" * 40 * KIB, is_last=False)
    assert client.transport.end is None
    client.send(0, b"x" * 20 * KIB, is_last=False)
    assert client.closed_with() == 1013
    client.send(0, b"x" * 40 * KIB, is_last=False)
    assert world.hub.memory.held_bytes == 0
    assert len(client.transport.protocol._received) == 0
    await world.advance(2)
    assert client.transport.end == "aborted"
    assert world.edge.channels()[-1] == DISCONNECT


async def test_output_counts_until_the_end_of_the_closing_handshake(make_world):
    world = make_world(buffers_max_bytes=100 * KIB)
    ((client, conversation),) = await open_sockets(world, 1)
    client.transport.producer.pauseProducing()
    client.transport.is_stuck = True
    await world.arrive(Replies(conversation.local, [{"bytes": bytes(60 * KIB)}]))
    client.close()
    assert world.hub.memory.held_bytes >= 60 * KIB
    client.vanish()
    assert world.hub.memory.held_bytes == 0


async def test_shared_frames_are_counted_above_the_bound_of_a_client_only(make_world):
    world = make_world(output_buffer_max_bytes=100 * KIB, buffers_max_bytes=MIB)
    sockets = await open_sockets(world, 3)
    for client, _ in sockets:
        client.transport.producer.pauseProducing()
    members = [conversation.local for _, conversation in sockets]
    for _ in range(3):
        await world.arrive(Grouped("room", members, {"bytes": bytes(30 * KIB)}))
    assert world.hub.memory.held_bytes == 0
    await world.arrive(Grouped("room", members, {"bytes": bytes(30 * KIB)}))
    assert 3 * 20 * KIB < world.hub.memory.held_bytes < 3 * 21 * KIB
    await world.arrive(Replies(members[0], [{"bytes": bytes(30 * KIB)}]))
    assert world.hub.memory.held_bytes > 3 * 20 * KIB + 30 * KIB


async def test_output_below_the_bound_of_a_client_counts_if_it_is_its_own(make_world):
    world = make_world(buffers_max_bytes=100 * KIB)
    sockets = await open_sockets(world, 3)
    for client, conversation in sockets:
        client.transport.producer.pauseProducing()
        await world.arrive(Replies(conversation.local, [{"bytes": bytes(40 * KIB)}]))
    assert [client.transport.end for client, _ in sockets] == ["aborted", None, None]
    assert world.hub.counters.totals[Count.BUFFERS_SHED] == 1
    assert world.edge.sent[-1].content["code"] == 1013
    sockets[1][0].transport.producer.resumeProducing()
    assert len(sockets[1][0].frames()) == 1
    assert world.hub.memory.held_bytes < 41 * KIB


async def settle_with_state(world, client, conversation, length):
    """Let a consumer keep a state of this length for a connection."""
    client.text("x")
    await world.arrive()
    turn = max(sent.turn for sent in world.edge.sent if sent.content["reply_channel"] == conversation.reply_channel)
    await world.arrive(Settled(conversation.local, turn, (), bytes(length)))


async def test_states_of_sessions_are_bounded_in_all(make_world):
    world = make_world(buffers_max_bytes=200 * KIB)
    sockets = await open_sockets(world, 5)
    for client, conversation in sockets:
        await settle_with_state(world, client, conversation, 60 * KIB)
    is_closed = [any(opcode == 8 for opcode, _ in client.frames()) for client, _ in sockets]
    assert is_closed == [True, True, False, False, False]
    assert world.hub.memory.held_bytes <= 200 * KIB
    await settle_with_state(world, *sockets[4], 10)
    assert world.hub.memory.held_bytes <= 140 * KIB


async def test_a_state_counts_with_each_event_that_carries_it_but_for_the_disconnect(make_world):
    world = make_world(events_max_bytes=100 * KIB)
    sockets = await open_sockets(world, 3)
    for client, conversation in sockets:
        await settle_with_state(world, client, conversation, 45 * KIB)
    for client, _ in sockets:
        client.text("second")
    await world.arrive()
    assert received(world) == [1, 1, 1, 6, 6]
    assert world.hub.events_under_way.used_bytes <= 100 * KIB
    await settle(world, sockets[0][1])
    assert received(world) == [1, 1, 1, 6, 6, 6]
    await settle(world, sockets[1][1])
    sockets[1][0].vanish()
    await world.arrive()
    assert world.edge.channels()[-1] == DISCONNECT
