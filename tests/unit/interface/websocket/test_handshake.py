"""A handshake is held until the application answers; every way it can end is answered, and told to the application."""

import logging
from typing import Any

import pytest

from towpath.interface.conversation import LOOK_SECONDS, UNANSWERED_SECONDS
from towpath.interface.counters import Count
from towpath.interface.websocket.handshake import choose_subprotocol, offered_subprotocols
from towpath.layers.inbox_events import Grouped
from towpath.layers.log_fields import fields_of


async def test_the_connect_message_has_all_keys(make_world):
    world = make_world()
    await world.shake_hands((b"x-two", b"1"), (b"x-two", b"2"), scheme="https", root_path="/site")
    (sent,) = world.edge.sent
    assert sent.channel == "websocket.connect"
    assert sent.turn == 1
    assert sent.content == {
        "reply_channel": sent.content["reply_channel"],
        "scheme": "wss",
        "path": "/chat/",
        "root_path": "/site",
        "query_string": b"room=1",
        "headers": [
            [b"host", b"example.com"],
            [b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="],
            [b"x-two", b"1"],
            [b"x-two", b"2"],
        ],
        "client": ["192.0.2.1", 4000],
        "server": ["192.0.2.2", 80],
        "order": 0,
    }


async def test_over_a_unix_socket_there_are_no_addresses(make_world):
    world = make_world()
    await world.shake_hands(client=None, server=None)
    assert world.edge.sent[0].content["client"] is None
    assert world.edge.sent[0].content["scheme"] == "ws"


async def test_an_accept_answers_101_with_the_accept_key_of_the_rfc_and_nothing_it_was_not_asked_for(make_world):
    world = make_world()
    request = await world.shake_hands((b"sec-websocket-extensions", b"permessage-deflate"), (b"x-evil", b"\x0bname: x"))
    await world.settle({"accept": True})
    head, _, rest = request.transport.take().partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"HTTP/1.1 101 Switching Protocols"
    assert set(head.lower().split(b"\r\n")[1:]) == {
        b"upgrade: websocket",
        b"connection: upgrade",
        b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=",
    }
    assert rest == b""
    assert request.transport.has_no_delay
    assert world.actions == ["connecting", "connected"]


async def test_what_the_client_sent_before_the_answer_is_handled_after_it(make_world, make_frame):
    world = make_world()
    request = await world.shake_hands()
    request.sent_early = make_frame(1, b"early")
    await world.settle({"accept": True, "text": "hello"})
    assert request.transport.take().endswith(b"\x81\x05hello")
    assert world.edge.sent[-1].content["text"] == "early"


@pytest.mark.parametrize("reply", [{"accept": False}, {"accept": False, "text": "a"}, {"close": True}, {"close": 4000}])
async def test_a_reject_is_403_and_followed_by_a_disconnect(make_world, reply):
    world = make_world()
    request = await world.shake_hands()
    await world.settle(reply)
    assert request.answer == 403
    sent = world.edge.sent[-1]
    assert sent.channel == "websocket.disconnect"
    assert sent.content == {
        "reply_channel": world.edge.sent[0].content["reply_channel"],
        "path": "/chat/",
        "code": 1006,
        "order": 1,
    }
    assert world.actions == ["connecting", "rejected"]
    assert len(world.hub.connections) == 0


@pytest.mark.parametrize(
    ("reply", "written"),
    [
        ({"text": "hi"}, b"\x81\x02hi"),
        ({"text": ""}, b"\x81\x00"),
        ({"accept": True, "bytes": b"hi", "close": 4001}, b"\x82\x02hi\x88\x02\x0f\xa1"),
        ({"text": "hi", "close": True}, b"\x81\x02hi\x88\x02\x03\xe8"),
    ],
)
async def test_data_accepts_and_follows_the_accept(make_world, reply, written):
    world = make_world()
    request = await world.shake_hands()
    await world.settle(reply)
    assert request.transport.take().partition(b"\r\n\r\n")[2] == written


async def test_a_full_connect_channel_is_503_without_a_disconnect(make_world):
    world = make_world()
    world.edge.full = {"websocket.connect"}
    request = await world.shake_hands()
    assert request.answer == 503
    assert world.edge.sent == []
    assert len(world.hub.connections) == 0
    assert world.hub.counters.totals[Count.EVENTS_REFUSED] == 1


async def test_an_absent_layer_is_503_and_a_connect_that_may_have_arrived_gets_its_disconnect(make_world):
    world = make_world()
    world.edge.loses_answer = True
    request = await world.shake_hands()
    await world.advance(UNANSWERED_SECONDS + 1)
    assert request.answer == 503
    second = await world.shake_hands()
    assert second.answer == 503
    world.edge.loses_answer = False
    world.hub.availability.came_back()
    await world.arrive()
    assert world.edge.channels() == ["websocket.connect"]
    await world.settle({"accept": True})
    assert world.edge.channels() == ["websocket.connect", "websocket.disconnect"]


@pytest.mark.parametrize("seconds", [5, 20])  # in 1.x a hidden limit of 5 s stood beside the one that was set
async def test_a_silent_application_costs_503_and_gets_a_disconnect(make_world, caplog, seconds):
    caplog.set_level(logging.INFO)
    world = make_world(websocket_handshake_timeout_seconds=seconds)
    request = await world.shake_hands()
    await world.advance(seconds - 0.1, step=0.7)
    assert request.answer is None
    await world.advance(0.2)
    assert request.answer == 503
    assert world.hub.counters.totals[Count.HANDSHAKES_SILENT] == 1
    await world.settle({"accept": True})  # the connect was still out
    assert world.edge.channels() == ["websocket.connect", "websocket.disconnect"]
    assert not request.is_taken


async def test_the_end_of_a_client_in_the_handshake_is_delivered_after_its_connect_has_run(make_world):
    world = make_world()
    request = await world.shake_hands()
    request.leave()
    await world.arrive()
    assert world.edge.channels() == ["websocket.connect"]
    await world.settle({"accept": True})
    assert world.edge.channels() == ["websocket.connect", "websocket.disconnect"]
    assert world.edge.sent[-1].content["code"] == 1006


async def test_a_connect_whose_turn_is_lost_is_503(make_world):
    world = make_world(websocket_handshake_timeout_seconds=1000)
    request = await world.shake_hands()
    await world.advance(LOOK_SECONDS + 1)
    await world.look()
    assert request.answer == 503
    assert world.edge.channels() == ["websocket.connect", "websocket.disconnect"]


@pytest.mark.parametrize("origin", [b"http://evil.com", b"null"])
async def test_a_foreign_origin_is_403_and_does_not_reach_the_application(make_world, origin):
    world = make_world()
    request = await world.shake_hands((b"origin", origin))
    assert request.answer == 403
    assert world.edge.sent == []
    assert world.actions == ["rejected"]


@pytest.mark.parametrize(
    ("headers", "changes", "status"),
    [
        ((), {"host": b"evil.com"}, 400),
        (((b"origin", b"http://evil.com"),), {"host": b"example.com"}, 403),
        ((), {"host": b"example.com", "path": "/" + "x" * 1100}, 414),
    ],
)
async def test_the_line_about_a_refused_handshake_has_its_path_and_client(
    make_world: Any, caplog: pytest.LogCaptureFixture, headers: Any, changes: Any, status: int
) -> None:
    caplog.set_level(logging.INFO)
    request = await make_world(allowed_hosts=("example.com",)).shake_hands(*headers, **changes)
    assert request.answer == status
    [record] = [record for record in caplog.records if f"with {status}" in record.getMessage()]
    fields = fields_of(record)
    assert fields["path"].startswith("/")
    assert fields["client"] == "192.0.2.1:4000"


async def test_a_page_whose_name_was_made_to_resolve_here_opens_no_socket(make_world, caplog):
    caplog.set_level(logging.INFO)
    world = make_world(allowed_hosts=("example.com",))
    rebound = {"host": b"evil.com:8000"}
    request = await world.shake_hands((b"origin", b"http://evil.com:8000"), **rebound)
    assert request.answer == 400
    assert (await world.shake_hands(**rebound)).answer == 400
    assert world.edge.sent == []
    assert "'evil.com:8000' is not a host of this site. To allow it, list it in --allowed-host or ALLOWED_HOSTS" in (
        caplog.text
    )
    assert (await world.shake_hands((b"origin", b"http://example.com"))).answer is None


@pytest.mark.parametrize(
    ("path", "answer"),
    [("/" + "x" * 1023, None), ("/" + "x" * 1024, 414), ("/" + "é" * 512, 414), ("/" + "x" * 31_000, 414)],
)
async def test_a_path_that_would_make_each_frame_large_is_414(make_world, caplog, path, answer):
    caplog.set_level(logging.INFO)
    world = make_world()
    request = await world.shake_hands(path=path)
    assert request.answer == answer
    assert len(world.edge.sent) == (1 if answer is None else 0)
    assert ("--websocket-path-max-bytes" in caplog.text) is (answer is not None)
    assert len(caplog.text) < 1000


async def test_the_longest_path_is_configurable(make_world):
    world = make_world(websocket_path_max_bytes=2000)
    assert (await world.shake_hands(path="/" + "x" * 1999)).answer is None


async def test_allowed_origins_widen(make_world):
    world = make_world(allowed_origins=("http://friend.com",))
    assert (await world.shake_hands((b"origin", b"http://friend.com"))).answer is None
    assert (await world.shake_hands((b"origin", b"http://evil.com"))).answer == 403


async def test_more_connections_than_allowed_are_503(make_world):
    world = make_world(max_connections=1)
    await world.shake_hands()
    assert (await world.shake_hands()).answer == 503
    assert world.hub.counters.totals[Count.CONNECTIONS_REFUSED] == 1


async def test_a_handshake_that_a_stopping_server_gets_is_answered_and_its_socket_sent_away(make_world):
    world = make_world()
    world.hub.is_stopping = True
    client = await world.open_socket()
    await world.advance(1)
    assert client.closed_with() == 1012


async def test_the_access_log_has_no_query_string(make_world):
    world = make_world()
    told = []
    world.hub.log_action = lambda *action: told.append(action)
    await world.shake_hands(target=b"/chat/?token=abc", query_string=b"token=abc")
    await world.settle({"accept": True})
    assert [details["path"] for _, _, details in told] == ["/chat/", "/chat/"]


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        ({"status": 200}, "nothing in it"),
        ({"accept": True, "typo": 1}, "unknown key 'typo'"),
        ({"close": 4401, "typo": "gone"}, "unknown key 'typo'"),
        ({"accept": "yes"}, "'accept' is a str"),
        ({"text": b"a"}, "'text' is a bytes"),
        ({"accept": True, "headers": [["a"]]}, "not a pair"),
        ({"accept": True, "headers": [["a", "b\x0bc"]]}, "would break"),
        ({"accept": True, "headers": [["Sec-WebSocket-Protocol", "chat"]]}, "belongs to the server"),
        ({"accept": True, "headers": [[b"connection", b"close"]]}, "belongs to the server"),
        ({"accept": True, "headers": [[b"Content-Length", b"5"]]}, "belongs to the server"),
        ({"accept": False, "status": 401, "headers": [["a b", "c"]]}, "would break"),
    ],
)
async def test_a_handshake_whose_answer_cannot_be_read_ends_at_once(make_world, caplog, reply, complaint):
    world = make_world()
    request = await world.shake_hands()
    await world.settle(reply)
    assert request.answer == 500
    assert not request.is_taken
    assert complaint in caplog.text
    assert world.hub.counters.totals[Count.REPLIES_BAD] == 1
    assert world.edge.channels() == ["websocket.connect", "websocket.disconnect"]
    assert len(world.hub.connections) == 0


async def test_headers_and_cookies_of_an_accept_are_in_the_answer(make_world):
    world = make_world()
    request = await world.shake_hands((b"sec-websocket-protocol", b"chat"))
    cookies = [[b"Set-Cookie", b"a=1"], ("set-cookie", "city=хлеб"), [b"x-latin", b"caf\xe9"]]
    await world.settle({"accept": True, "subprotocol": "chat", "headers": cookies, "text": "a"})
    head, _, frames = request.transport.take().partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 101 Switching Protocols"
    assert b"Sec-WebSocket-Protocol: chat" in lines
    assert lines[-3:] == [b"Set-Cookie: a=1", "set-cookie: city=хлеб".encode(), b"x-latin: caf\xe9"]
    assert frames == b"\x81\x01a"


@pytest.mark.parametrize(
    ("reply", "response"),
    [
        ({"status": 404}, None),
        ({"status": 401, "headers": [["WWW-Authenticate", "Basic"]]}, ([(b"WWW-Authenticate", b"Basic")], b"")),
        ({"status": 429, "content": b"later"}, ([], b"later")),
        ({"headers": [[b"a", b"b"]], "content": b""}, ([(b"a", b"b")], b"")),
    ],
)
async def test_a_refusal_may_have_a_status_headers_and_content(make_world, reply, response):
    world = make_world()
    request = await world.shake_hands()
    await world.settle({"accept": False, **reply})
    assert request.answer == reply.get("status", 403)
    assert request.response == response
    assert world.edge.channels() == ["websocket.connect", "websocket.disconnect"]
    assert world.actions == ["connecting", "rejected"]


async def test_group_messages_wait_for_the_accept_and_follow_its_replies(make_world):
    world = make_world()
    request = await world.shake_hands()
    local = world.edge.sent[0].content["reply_channel"].partition("!")[2]
    await world.arrive(Grouped("room", [local], {"accept": True, "text": "b"}), Grouped("room", [local], {"text": "c"}))
    assert not request.is_taken
    await world.settle({"accept": True}, {"text": "a"})
    assert request.transport.take().partition(b"\r\n\r\n")[2] == b"\x81\x01a\x81\x01b\x81\x01c"
    await world.arrive(Grouped("room", [local], {"text": "d"}))
    assert request.transport.take() == b"\x81\x01d"


async def test_group_messages_that_wait_are_dropped_with_a_refusal(make_world):
    world = make_world()
    request = await world.shake_hands()
    local = world.edge.sent[0].content["reply_channel"].partition("!")[2]
    await world.arrive(Grouped("room", [local], {"text": "b"}))
    await world.settle({"accept": False})
    assert request.answer == 403
    assert request.transport.written == b""


async def test_group_messages_that_wait_are_bounded(make_world):
    world = make_world(output_buffer_max_bytes=230)
    request = await world.shake_hands()
    local = world.edge.sent[0].content["reply_channel"].partition("!")[2]
    for _ in range(3):
        await world.arrive(Grouped("room", [local], {"text": "x" * 48}))
    assert world.hub.counters.totals[Count.GROUP_MESSAGES_DROPPED] == 1
    await world.settle({"accept": True})
    assert request.transport.take().count(b"x" * 48) == 2


@pytest.mark.parametrize(
    ("offered", "reply", "chosen"),
    [
        (b"b, a", {"accept": True, "subprotocol": "a"}, b"a"),
        (b"b, a, c", {"accept": True}, b"a"),
        (b"b", {"accept": True}, None),
        (b"b", {"accept": True, "subprotocol": "zzz"}, None),
    ],
)
async def test_the_subprotocol_is_the_applications_or_the_first_configured_one(
    make_world, caplog, offered, reply, chosen
):
    world = make_world(ws_protocols=("c", "a"))
    request = await world.shake_hands((b"sec-websocket-protocol", offered))
    await world.settle(reply)
    head = request.transport.take()
    assert (b"Sec-WebSocket-Protocol: " in head) is (chosen is not None)
    if chosen is not None:
        assert b"\r\nSec-WebSocket-Protocol: " + chosen + b"\r\n" in head
    assert ("was not offered" in caplog.text) is (reply.get("subprotocol") == "zzz")


def test_subprotocols_that_are_no_tokens_are_not_offered(make_head):
    head = make_head((b"sec-websocket-protocol", b"a, b\x0bc, "), (b"sec-websocket-protocol", b"d,\xe4"))
    assert offered_subprotocols(head) == ["a", "d"]
    assert choose_subprotocol(["a"], "d", ["a"]) is None


async def test_an_error_while_accepting_is_logged_and_ends_the_connection(make_world, caplog):
    world = make_world()
    request = await world.shake_hands()
    request.take_over = lambda protocol: 1 / 0
    await world.settle({"accept": True})
    assert request.answer == 500
    assert "ZeroDivisionError" in caplog.text
    assert world.edge.channels() == ["websocket.connect", "websocket.disconnect"]
