"""An open socket: frames to messages and back, bounds in both directions, and every way it can end."""

import logging

import pytest

from towpath.interface.conversation import LOOK_SECONDS
from towpath.interface.counters import Count
from towpath.interface.eventloop.deadlines import SLOTS_PER_SECOND
from towpath.interface.websocket.connection import CLOSE_SECONDS, CUT_OFF_SECONDS
from towpath.interface.websocket.output import BURST_MAX_BYTES, STALL_SECONDS
from towpath.layers.inbox_events import Grouped, Replies

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
#: What a server may send in a close frame (RFC 6455, section 7.4, and the IANA registry).
SENDABLE = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999]


def received(world):
    """Return the contents of the `websocket.receive` messages that have been sent."""
    return [sent.content for sent in world.edge.sent if sent.channel == "websocket.receive"]


def disconnects(world):
    """Return the codes of the `websocket.disconnect` messages that have been sent."""
    return [sent.content["code"] for sent in world.edge.sent if sent.channel == "websocket.disconnect"]


async def test_texts_and_bytes_become_messages_with_a_growing_order(make_world):
    world = make_world()
    client = await world.open_socket()
    client.text("ä")
    client.send(BINARY, b"\xff")
    client.text("")
    for _ in range(3):
        await world.arrive()
        await world.settle()
    reply_channel = world.edge.sent[0].content["reply_channel"]
    assert received(world) == [
        {"reply_channel": reply_channel, "path": "/chat/", "order": 1, "text": "ä"},
        {"reply_channel": reply_channel, "path": "/chat/", "order": 2, "bytes": b"\xff"},
        {"reply_channel": reply_channel, "path": "/chat/", "order": 3, "text": ""},
    ]


async def test_replies_become_frames_and_empty_ones_are_sent(make_world):
    world = make_world()
    client = await world.open_socket()
    client.text("go")
    await world.arrive()
    await world.settle({"text": "ä"}, {"bytes": b"\xff"}, {"text": ""}, {"bytes": b""}, {"accept": True}, {"text": "z"})
    assert client.frames() == [(TEXT, "ä".encode()), (BINARY, b"\xff"), (TEXT, b""), (BINARY, b""), (TEXT, b"z")]


async def test_fragments_and_pieces_make_one_message(make_world, make_frame):
    world = make_world()
    client = await world.open_socket()
    client.send(TEXT, "ä".encode()[:1], is_last=False)
    client.send(PING, b"x")
    client.send(0, b"", is_last=False)
    for byte in make_frame(0, "ä".encode()[1:]):
        client.send_raw(bytes([byte]))
    await world.arrive()
    assert [content["text"] for content in received(world)] == ["ä"]
    assert client.frames() == [(PONG, b"x")]


async def test_replies_that_are_none_are_logged_and_the_socket_goes_on(make_world, caplog):
    world = make_world()
    client = await world.open_socket()
    client.text("go")
    await world.arrive()
    await world.settle({"text": "a", "bytes": b"b"}, {"txt": "a"}, {}, {"text": "ok"})
    assert client.texts() == ["ok"]
    assert world.hub.counters.totals[Count.REPLIES_BAD] == 3
    assert "unknown key 'txt'" in caplog.text


async def test_a_group_message_is_encoded_once_and_written_to_each_open_member(make_world):
    world = make_world()
    clients = [await world.open_socket() for _ in range(3)]
    locals_ = [conversation.local for conversation in world.hub.connections]
    await world.arrive(Grouped("room", locals_, {"text": "hi"}), Grouped("room", locals_, {"bytes": b""}))
    assert [client.frames() for client in clients] == [[(TEXT, b"hi"), (BINARY, b"")]] * 3
    await world.arrive(Grouped("room", locals_, {"text": "bye", "close": 4000}))
    assert [client.frames() for client in clients] == [[(TEXT, b"bye"), (CLOSE, b"\x0f\xa0")]] * 3


async def test_a_bad_group_message_is_logged_once_and_reaches_no_socket(make_world, caplog):
    world = make_world()
    clients = [await world.open_socket() for _ in range(3)]
    locals_ = [conversation.local for conversation in world.hub.connections]
    await world.arrive(Grouped("room", locals_, {"status": 200}))
    assert [client.frames() for client in clients] == [[]] * 3
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


# Closing.


@pytest.mark.parametrize(("close", "code"), [(True, 1000), *((code, code) for code in SENDABLE)])
async def test_the_application_closes_after_its_data(make_world, close, code):
    world = make_world()
    client = await world.open_socket()
    client.text("go")
    await world.arrive()
    await world.settle({"text": "bye", "close": close})
    assert client.frames() == [(TEXT, b"bye"), (CLOSE, code.to_bytes(2, "big"))]
    client.text("too late")
    client.close(code)
    assert client.transport.end == "lost"
    await world.arrive()
    assert disconnects(world) == [code]
    assert len(received(world)) == 1
    assert world.actions[-1] == "disconnected"


async def test_a_close_has_its_reason(make_world):
    world = make_world()
    clients = [await world.open_socket() for _ in range(2)]
    locals_ = [conversation.local for conversation in world.hub.connections]
    await world.arrive(Replies(locals_[0], [{"text": "bye", "close": 4401, "reason": "gone"}]))
    await world.arrive(Grouped("room", locals_[1:], {"close": True, "reason": "é" * 61}))
    assert clients[0].frames() == [(TEXT, b"bye"), (CLOSE, b"\x11\x31gone")]
    assert clients[1].frames() == [(CLOSE, b"\x03\xe8" + "é".encode() * 61)]


@pytest.mark.parametrize("reply", [{"close": 4401, "typo": 1}, {"close": "4401"}, {"close": 4401, "reason": "x" * 124}])
async def test_a_close_that_cannot_be_read_closes_with_1011(make_world, caplog, reply):
    world = make_world()
    clients = [await world.open_socket() for _ in range(2)]
    locals_ = [conversation.local for conversation in world.hub.connections]
    await world.arrive(Replies(locals_[0], [reply]), Grouped("room", locals_[1:], reply))
    assert [client.closed_with() for client in clients] == [1011, 1011]
    assert caplog.text.count("is a close with 1011") == 2


@pytest.mark.parametrize("close", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, -1])
async def test_a_close_code_that_is_not_allowed_is_logged_and_closes_with_1011(make_world, caplog, close):
    world = make_world()
    client = await world.open_socket()
    client.text("go")
    await world.arrive()
    await world.settle({"close": close})
    assert client.closed_with() == 1011
    assert "is not allowed" in caplog.text


@pytest.mark.parametrize(("code", "told"), [(1000, 1000), (4321, 4321)])
async def test_the_clients_close_is_answered_with_its_code_and_told(make_world, code, told):
    world = make_world()
    client = await world.open_socket()
    client.text("last words")
    client.close(code)
    assert client.closed_with() == code
    assert client.transport.end == "lost"
    await world.arrive()
    await world.settle({"text": "too late"})
    assert disconnects(world) == [told]
    assert world.edge.sent[-1].content["order"] == 2
    assert world.hub.clock.getDelayedCalls() == []
    assert len(world.hub.connections) == 0


async def test_a_close_without_a_code_is_reported_as_1005(make_world):
    world = make_world()
    client = await world.open_socket()
    client.send(CLOSE)
    await world.arrive()
    assert disconnects(world) == [1005]


async def test_a_client_that_vanishes_is_reported_as_1006(make_world):
    world = make_world()
    client = await world.open_socket()
    client.vanish()
    await world.arrive()
    assert disconnects(world) == [1006]
    assert world.hub.clock.getDelayedCalls() == []


async def test_a_close_that_is_not_answered_is_aborted_and_told_with_our_code(make_world):
    world = make_world()
    client = await world.open_socket()
    client.text("go")
    await world.arrive()
    await world.settle({"close": 4000})
    await world.advance(CLOSE_SECONDS - 0.1)
    assert client.transport.end is None
    await world.advance(0.2)
    assert client.transport.end == "aborted"
    assert disconnects(world) == [4000]


async def test_a_connection_that_cannot_be_flushed_after_the_close_is_aborted(make_world):
    world = make_world()
    client = await world.open_socket()
    client.transport.is_stuck = True
    client.close()
    await world.advance(CLOSE_SECONDS - 0.1)
    assert client.transport.end is None
    await world.advance(0.2)
    assert client.transport.end == "aborted"
    assert len(disconnects(world)) == 1


# Bad input.


async def test_a_message_over_the_bound_closes_with_1009(make_world):
    world = make_world(max_message_bytes=100)
    client = await world.open_socket()
    client.text("x" * 100)
    assert client.frames() == []
    client.text("x" * 101)
    assert client.closed_with() == 1009
    client.text("ignored")
    client.close(1009)
    await world.arrive()
    await world.settle()
    assert len(received(world)) == 1
    assert disconnects(world) == [1009]


async def test_fragments_over_the_bound_close_with_1009(make_world):
    world = make_world(max_message_bytes=100)
    client = await world.open_socket()
    client.send(BINARY, b"x" * 60, is_last=False)
    client.send(0, b"x" * 60, is_last=False)
    assert client.closed_with() == 1009


async def test_an_endless_frame_is_not_kept_and_ends_by_time(make_world):
    world = make_world(max_message_bytes=100)
    client = await world.open_socket()
    client.send_raw(b"\x82\xff" + (1 << 40).to_bytes(8, "big") + b"\0\0\0\0")
    assert client.closed_with() == 1009
    for _ in range(10):
        client.send_raw(b"x" * 65536)
    assert len(client.transport.protocol.data) < 65536
    await world.advance(CLOSE_SECONDS + 0.1)
    assert client.transport.end == "aborted"
    assert disconnects(world) == [1009]


async def test_text_that_is_not_utf8_closes_with_1007(make_world):
    world = make_world()
    client = await world.open_socket()
    client.send(TEXT, b"\xff")
    assert client.closed_with() == 1007
    client.close(1007)
    await world.arrive()
    assert received(world) == []
    assert disconnects(world) == [1007]


@pytest.mark.parametrize("fragments", [[b"\xc3"], [b"\xc3", b"x"]])
async def test_text_that_ends_or_breaks_within_a_character_closes_with_1007(make_world, fragments):
    world = make_world()
    client = await world.open_socket()
    client.send(TEXT, fragments[0], is_last=len(fragments) == 1)
    if len(fragments) > 1:
        client.send(0, fragments[1])
    assert client.closed_with() == 1007


@pytest.mark.parametrize(
    "data",
    [
        b"\x81\x01a",  # not masked
        b"\xc1\x80\0\0\0\0",  # a reserved bit, no extension was agreed
        b"\x83\x80\0\0\0\0",  # a reserved opcode
        b"\x80\x80\0\0\0\0",  # a continuation of nothing
        b"\x89\xfe\x00\x7e\0\0\0\0",  # a long control frame
        b"\x09\x80\0\0\0\0",  # a control frame in fragments
        b"\x88\x81\0\0\0\0a",  # a close of one byte
        b"\x88\x82\0\0\0\0\x03\xe7",  # a close code of 999
    ],
)
async def test_a_violation_of_the_protocol_closes_with_1002_and_reads_no_more(make_world, data):
    world = make_world()
    client = await world.open_socket()
    client.send_raw(data + b"\x81\x81\0\0\0\0a")
    assert client.closed_with() == 1002
    assert client.transport.end == "lost"
    await world.arrive()
    assert received(world) == []
    assert disconnects(world) == [1002]


async def test_many_tiny_pieces_and_empty_fragments_take_no_more_memory_than_the_message(make_world):
    world = make_world()
    client = await world.open_socket()
    client.send(BINARY, b"", is_last=False)
    for _ in range(1000):
        client.send(0, b"", is_last=False)
    protocol = client.transport.protocol
    assert len(protocol.message_data) == 0
    assert not protocol.frame_data


async def test_an_error_in_our_handling_of_a_frame_is_logged_and_closes_with_1011(make_world, caplog, monkeypatch):
    world = make_world()
    client = await world.open_socket()
    client.transport.protocol._owner.heard = lambda: None
    client.transport.protocol._owner._path = object()  # cannot be sent
    client.text("a")
    await world.arrive()
    assert "cannot be sent" in caplog.text  # lost, counted; the socket goes on
    monkeypatch.setattr(client.transport.protocol._owner, "received", None)
    client.text("b")
    assert "Handling a message" in caplog.text
    assert client.closed_with() == 1011


async def test_an_error_in_a_reply_is_logged_and_closes_with_1011(make_world, caplog, monkeypatch):
    world = make_world()
    client = await world.open_socket()
    client.text("a")
    await world.arrive()
    monkeypatch.setattr("towpath.interface.websocket.connection.plain_frame", lambda content: 1 / 0)
    await world.settle({"text": "a"})
    assert "ZeroDivisionError" in caplog.text
    assert client.closed_with() == 1011


# Pressure.


async def test_a_client_that_talks_faster_than_workers_work_is_not_read_any_more(make_world, make_frame):
    world = make_world(incoming_max_events=4)
    client = await world.open_socket()
    client.send_raw(b"".join(make_frame(TEXT, str(number).encode()) for number in range(100)))
    assert not client.transport.is_reading
    protocol = client.transport.protocol
    assert protocol._owner._order == 6  # one is out, four may wait, the fifth was too many
    for _ in range(100):
        await world.arrive()
        await world.settle()
    assert [content["text"] for content in received(world)] == [str(number) for number in range(100)]
    assert client.transport.is_reading
    assert protocol.data == b""


async def test_a_close_behind_held_frames_is_delivered_after_them(make_world, make_frame):
    world = make_world(incoming_max_events=1)
    client = await world.open_socket()
    frames = [make_frame(TEXT, b"x") for _ in range(5)]
    client.send_raw(b"".join(frames) + make_frame(CLOSE, b"\x03\xe8"))
    for _ in range(6):
        await world.arrive()
        if not disconnects(world):
            await world.settle()
    assert len(received(world)) == 5
    assert disconnects(world) == [1000]


async def test_a_paused_socket_is_pinged_but_not_dropped(make_world, make_frame):
    world = make_world(incoming_max_events=1, ping_interval_seconds=20, ping_timeout_seconds=30)
    client = await world.open_socket()
    world.edge.full = {"websocket.receive"}
    client.send_raw(make_frame(TEXT, b"x") * 10)
    await world.advance(300)
    assert client.transport.end is None
    assert [opcode for opcode, _ in client.frames()] == [PING] * 15
    world.edge.full = set()
    await world.advance(1)
    for _ in range(10):
        await world.settle()
    assert client.transport.is_reading
    await world.advance(52)
    assert client.transport.end == "aborted"  # now its pong is demanded


async def test_a_slow_reader_is_cut_off_and_others_notice_nothing(make_world, caplog):
    caplog.set_level(logging.INFO)
    world = make_world(output_buffer_max_bytes=1000)
    slow, quick = await world.open_socket(), await world.open_socket()
    locals_ = [conversation.local for conversation in world.hub.connections]
    slow.transport.producer.pauseProducing()
    for _ in range(11):
        await world.arrive(Grouped("room", locals_, {"text": "x" * 98}))
    await world.advance(STALL_SECONDS - 1)
    assert slow.frames() == []
    await world.advance(2)
    assert slow.closed_with() == 1013
    assert len(quick.texts()) == 11
    assert world.hub.counters.totals[Count.SLOW_CLIENTS] == 1
    await world.arrive(Grouped("room", locals_, {"text": "more"}))
    assert slow.frames() == []
    await world.advance(CUT_OFF_SECONDS + 0.1)
    assert slow.transport.end == "aborted"
    assert disconnects(world) == [1013]


async def test_a_burst_is_not_a_slow_client(make_world):
    world = make_world(output_buffer_max_bytes=1000)
    client = await world.open_socket()
    client.text("go")
    await world.arrive()
    client.transport.producer.pauseProducing()
    await world.settle(*({"text": "x" * 1000} for _ in range(300)))
    client.transport.producer.resumeProducing()
    await world.advance(10)
    assert client.texts() == ["x" * 1000] * 300
    assert world.hub.counters.totals.get(Count.SLOW_CLIENTS, 0) == 0


async def test_a_client_that_takes_something_now_and_then_is_not_slow(make_world):
    world = make_world(output_buffer_max_bytes=1000, ping_interval_seconds=None)
    client = await world.open_socket()
    (conversation,) = world.hub.connections
    for _ in range(5):
        client.transport.producer.pauseProducing()
        await world.arrive(Grouped("room", [conversation.local], {"text": "x" * 2000}))
        await world.advance(STALL_SECONDS - 1)
        client.transport.producer.resumeProducing()
    await world.advance(STALL_SECONDS + 1)
    assert len(client.texts()) == 5


async def test_more_than_a_run_can_send_is_cut_off_at_once(make_world):
    world = make_world(output_buffer_max_bytes=1000)
    client = await world.open_socket()
    (conversation,) = world.hub.connections
    client.transport.producer.pauseProducing()
    for _ in range(17):
        await world.arrive(Grouped("room", [conversation.local], {"bytes": bytes(BURST_MAX_BYTES // 16)}))
    assert client.closed_with() == 1013


async def test_bursts_of_many_clients_are_bounded_together(make_world):
    world = make_world(output_buffer_max_bytes=1000, buffers_max_bytes=100_000)
    clients = [await world.open_socket() for _ in range(4)]
    locals_ = [conversation.local for conversation in world.hub.connections]
    for client in clients:
        client.transport.producer.pauseProducing()
    for local in locals_:
        await world.arrive(Grouped("room", [local], {"text": "x" * 30_000}))
    assert [client.transport.end for client in clients] == ["aborted", None, None, None]
    assert world.hub.counters.totals[Count.BUFFERS_SHED] == 1
    clients[1].transport.producer.resumeProducing()
    clients[3].vanish()
    await world.arrive(Grouped("room", locals_[2:3], {"text": "y" * 30_000}))
    clients[2].transport.producer.resumeProducing()
    assert clients[2].texts() == ["x" * 30_000, "y" * 30_000]


async def test_what_waits_is_sent_in_order_before_the_answer_to_a_close(make_world):
    world = make_world()
    client = await world.open_socket()
    client.text("go")
    await world.arrive()
    client.transport.producer.pauseProducing()
    await world.settle({"text": "a"}, {"text": "b"})
    client.send(PING, b"c")
    client.close()
    assert client.frames() == [(TEXT, b"a"), (TEXT, b"b"), (PONG, b"c"), (CLOSE, b"\x03\xe8")]
    assert client.transport.end == "lost"


async def test_a_client_that_stops_while_it_closes_is_aborted(make_world):
    world = make_world()
    client = await world.open_socket()
    client.text("go")
    await world.arrive()
    client.transport.producer.pauseProducing()
    await world.settle({"text": "x"}, {"close": True})
    await world.advance(CLOSE_SECONDS + 1)
    assert client.transport.end == "aborted"


async def test_a_reader_that_catches_up_is_not_cut_off(make_world):
    world = make_world(output_buffer_max_bytes=1000)
    client = await world.open_socket()
    (conversation,) = world.hub.connections
    for _ in range(5):
        client.transport.producer.pauseProducing()
        for _ in range(9):
            await world.arrive(Grouped("room", [conversation.local], {"text": "x" * 98}))
        client.transport.producer.resumeProducing()
    assert len(client.texts()) == 45
    assert client.transport.end is None


async def test_pings_of_a_client_that_does_not_read_are_bounded_too(make_world):
    world = make_world(output_buffer_max_bytes=1000)
    client = await world.open_socket()
    client.transport.producer.pauseProducing()
    for _ in range(20):
        client.send(PING, b"x" * 98)
    assert client.closed_with() == 1013


# Time.


async def test_silence_is_pinged_and_a_pong_keeps_the_socket(make_world):
    world = make_world(ping_interval_seconds=20, ping_timeout_seconds=30)
    client = await world.open_socket()
    for _ in range(5):
        await world.advance(20 + 1 / SLOTS_PER_SECOND)
        assert client.frames() == [(PING, b"")]
        world.clock.advance(0.001)
        client.send(PONG)
    await world.advance(20 + 1 / SLOTS_PER_SECOND)
    assert client.frames() == [(PING, b"")]
    await world.advance(31)
    assert client.transport.end == "aborted"
    assert disconnects(world) == [1006]


async def test_without_limits_an_open_socket_has_no_timer(make_world):
    world = make_world(ping_interval_seconds=None, ping_timeout_seconds=None)
    await world.open_socket()
    await world.advance(200)
    assert world.clock.getDelayedCalls() == []


@pytest.mark.parametrize("limit", ["websocket_idle_timeout_seconds", "websocket_timeout_seconds"])
async def test_an_idle_and_an_old_socket_are_closed_with_1000(make_world, limit):
    world = make_world(ping_interval_seconds=None, **{limit: 60})
    client = await world.open_socket()
    await world.advance(59)
    assert client.frames() == []
    await world.advance(2)
    assert client.closed_with() == 1000


async def test_messages_either_way_keep_a_socket_from_being_idle(make_world):
    world = make_world(ping_interval_seconds=None, websocket_idle_timeout_seconds=60)
    client = await world.open_socket()
    (conversation,) = world.hub.connections
    for _ in range(3):
        await world.advance(40)
        client.text("a")
        await world.advance(40)
        await world.arrive(Grouped("room", [conversation.local], {"text": "b"}))
    assert client.texts() == ["b"] * 3


async def test_a_lost_turn_leaves_the_socket_open(make_world):
    world = make_world(ping_interval_seconds=None)
    client = await world.open_socket()
    client.text("a")
    client.text("b")
    await world.advance(LOOK_SECONDS + 1)
    await world.look()
    assert [content["text"] for content in received(world)] == ["a", "b"]
    await world.settle({"text": "ok"})
    assert client.texts() == ["ok"]
    assert world.hub.counters.totals[Count.TURNS_LOST] == 1


# Shutdown.


async def test_a_socket_that_is_sent_away_gets_1012_and_what_its_client_still_says_counts(make_world):
    world = make_world()
    client = await world.open_socket()
    (conversation,) = world.hub.connections
    conversation.owner.go_away()
    assert client.closed_with() == 1012
    client.text("crossed the close")
    client.close(1012)
    await world.arrive()
    await world.settle({"text": "too late"})
    assert [content["text"] for content in received(world)] == ["crossed the close"]
    assert disconnects(world) == [1012]


async def test_sockets_that_are_sent_away_are_asked_to_come_back_at_different_times(make_world, monkeypatch):
    world = make_world()
    clients = [await world.open_socket() for _ in range(2)]
    world.hub.reconnect_seconds = 30.0
    for conversation, chance in zip(list(world.hub.connections), (0.5, 0.25), strict=True):
        monkeypatch.setattr("towpath.interface.websocket.connection.random", lambda chance=chance: chance)
        conversation.owner.go_away()
    assert [client.close_reason() for client in clients] == [
        "server restart, retry after 15.00 s",
        "server restart, retry after 7.50 s",
    ]


async def test_a_handshake_is_not_sent_away_but_has_an_end_with_the_grace_period(make_world):
    world = make_world()
    request = await world.shake_hands()
    (conversation,) = world.hub.connections
    conversation.owner.go_away()
    assert request.answer is None
    conversation.owner.abort()
    assert request.answer == 503
    await world.settle()
    assert disconnects(world) == [1006]
