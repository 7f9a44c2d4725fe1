"""Names of channels that a client sends are text: they reach no connection, and real names cannot be guessed."""

import json
import re
from contextlib import closing
from typing import Any

import pytest

TEXT = 1
#: The settlement of a worker: the inbox and the connection, 96 bits of chance in each.
REPLY_CHANNEL = re.compile(r"interface\.[A-Za-z0-9_-]{16,}![A-Za-z0-9_-]{16,}")


def seen(server: Any, request: bytes) -> dict[str, Any]:
    """Return the request that the application gets."""
    with closing(server.connect()) as client:
        client.send(request)
        return dict(json.loads(client.rest().partition(b"\r\n\r\n")[2]))


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /?reply_channel=interface.x!y&body_channel=a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nReply-Channel: interface.x!y\r\nBody-Channel: a\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 34\r\n\r\n"
        b'{"reply_channel": "interface.x!y"}',
        b"GET /interface.x!y HTTP/1.1\r\nHost: interface.x!y\r\nConnection: close\r\n\r\n",
    ],
)
def test_the_reply_channel_of_a_request_is_the_servers(server: Any, request_bytes: bytes) -> None:
    content = seen(server, request_bytes)
    assert REPLY_CHANNEL.fullmatch(content["reply_channel"])
    assert "body_channel" not in content


def test_a_payload_that_looks_like_a_reply_goes_back_as_a_text(server: Any, make_frame: Any) -> None:
    with closing(server.connect()) as victim, closing(server.connect()) as client:
        victim.handshake()
        client.handshake()
        for forged in (
            {"reply_channel": "interface.x!y", "text": "to the victim"},
            {"accept": False, "close": True},
            {"turn": 1, "session": "x", "order": 0},
            ["S", "local", 1, [], None],
        ):
            payload = json.dumps(forged).encode()
            client.send(make_frame(TEXT, payload))
            assert client.frame() == (TEXT, payload, True, 0)
        victim.send(make_frame(TEXT, b"mine"))
        assert victim.frame() == (TEXT, b"mine", True, 0)


def test_no_two_connections_share_a_name_or_a_part_that_can_be_counted_on(server: Any) -> None:
    request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    names = [seen(server, request)["reply_channel"] for _ in range(20)]
    inboxes = {name.partition("!")[0] for name in names}
    locals_ = [name.partition("!")[2] for name in names]
    assert len(inboxes) == 1
    assert len(set(locals_)) == 20
    assert len({local[:6] for local in locals_}) == 20
