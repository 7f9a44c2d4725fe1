"""Each end of a WebSocket is logged with its code, whose decision it was, and why; with its connection and user."""

import logging

import pytest
from twisted.internet.error import ConnectionDone

from towpath.interface.accesslog import no_log
from towpath.layers.codec import pack
from towpath.layers.log_fields import fields_of


async def ended(world, client, *, by):
    """End a socket, and let what follows happen."""
    await by(world, client)
    await world.advance(90, step=10.0)


async def by_client(world, client):
    client.send(8, (4000).to_bytes(2, "big") + b"bye\n" + b"x" * 100)


async def by_leaving(world, client):
    client.vanish()


async def by_application(world, client):
    client.text("log out")
    await world.arrive()
    await world.settle({"close": 4401, "reason": "logged out"})
    client.close(4401)


async def by_silence(world, client):
    await world.advance(60, step=10.0)


async def by_violation(world, client):
    client.send_raw(b"\x81\x01x")  # not masked


async def by_shutdown(world, client):
    for conversation in world.hub.connections:
        conversation.owner.go_away()
    client.close(1012)


async def by_slowness(world, client):
    for conversation in world.hub.connections:
        conversation.owner.cut_off()


async def by_bad_utf8(world, client):
    client.send(1, b"\xff")
    client.vanish()


CASES = [
    (by_client, 4000, "client: closed", logging.DEBUG),
    (by_leaving, 1006, "client: the connection was lost", logging.DEBUG),
    (by_application, 4401, "application: logged out", logging.INFO),
    (by_silence, 1006, "server: no pong", logging.INFO),
    (by_violation, 1002, "server: ", logging.INFO),
    (by_shutdown, 1012, "server: server restart", logging.INFO),
    (by_slowness, 1013, "server: reads too slowly", logging.INFO),
    (by_bad_utf8, 1007, "server: ", logging.INFO),
]


@pytest.mark.parametrize(("by", "code", "reason", "level"), CASES, ids=[case[0].__name__ for case in CASES])
async def test_an_end_is_logged_once_with_its_reason(make_world, caplog, by, code, reason, level):
    caplog.set_level(logging.DEBUG, "towpath")
    world, told = make_world(ping_interval_seconds=20, ping_timeout_seconds=20), []
    world.hub.log_action = lambda protocol, action, details: told.append((action, details))
    client = await world.open_socket()
    client.text("hello")
    await world.arrive()
    await world.settle(session_state=pack({"_auth_user_id": "17"}))
    await ended(world, client, by=by)
    [(_, details)] = [each for each in told if each[0] == "disconnected"]
    assert (details["code"], details["user"]) == (code, "17")
    assert details["reason"].startswith(reason)
    [record] = [record for record in caplog.records if "was closed with" in record.msg]
    assert (record.levelno, record.getMessage().isprintable()) == (level, True)
    fields = fields_of(record)
    assert fields["connection"].startswith("interface.test!")
    assert (fields["path"], fields["client"], fields["user"]) == ("/chat/", "192.0.2.1:4000", "17")


async def test_a_refused_handshake_is_logged_with_status_and_reason(make_world):
    world, told = make_world(allowed_origins=("https://example.com",), websocket_path_max_bytes=20), []
    world.hub.log_action = lambda protocol, action, details: told.append((action, details))
    await world.shake_hands((b"origin", b"https://evil.example"))
    await world.shake_hands((b"origin", b"https://example.com"))
    await world.settle({"accept": False})
    await world.shake_hands((b"origin", b"https://example.com"))
    await world.advance(6)
    rejected = [(details["status"], details["reason"]) for action, details in told if action == "rejected"]
    assert rejected == [
        (403, "server: Forbidden"),
        (403, "application: refused"),
        (503, "server: Service Unavailable"),
    ]


async def test_a_state_that_is_not_a_session_has_no_user(make_world):
    world = make_world()
    world.hub.log_action = no_log
    client = await world.open_socket()
    [conversation] = world.hub.connections
    assert conversation.user_id is None
    for state in (b"\xc1", pack([1]), pack({"user": 1}), b"\xff" * 10):
        client.text("hello")
        await world.arrive()
        await world.settle(session_state=state)
        assert conversation.user_id is None


async def test_the_id_of_a_handshake_is_in_its_message_its_answer_and_its_lines(make_world):
    world, told = make_world(), []
    world.hub.log_action = lambda protocol, action, details: told.append((action, details["request_id"]))
    request = await world.shake_hands(request_id=(b"X-Request-ID", b"a1"))
    assert world.edge.sent[-1].content["request_id"] == "a1"
    await world.settle({"accept": True, "headers": [[b"X-Request-ID", b"of the application"], [b"X-A", b"b"]]})
    head = request.transport.take().partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert [line for line in head if line.startswith((b"X-", b"x-"))] == [b"X-A: b", b"X-Request-ID: a1"]
    request.transport.lose("client", ConnectionDone())
    await world.arrive()
    assert told == [("connecting", "a1"), ("connected", "a1"), ("disconnected", "a1")]
