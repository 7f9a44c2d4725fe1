"""Responses without content, whatever the application says: 204, 205, 304, and all to HEAD, on HTTP/1.1 and 2."""

import http.client
import io
from typing import Any

import pytest

from .test_http2 import Http2Client

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"
FLOW = "http.response.flow?x"
JSON = {"headers": [[b"Content-Type", b"application/json"], [b"Content-Length", b"11"]], "content": b'{"a": "b"} '}
#: (method, status) -> the length that the head announces.
CASES = [("GET", 204, None), ("GET", 205, b"0"), ("GET", 304, None), ("HEAD", 200, b"11"), ("HEAD", 404, b"11"),
         ("HEAD", 204, None), ("HEAD", 205, b"0"), ("HEAD", 304, None)]  # fmt: skip


class Response(http.client.HTTPResponse):
    """The response as a client that knows HTTP/1.1 reads it; `rest` is left for the next response."""

    def __init__(self, data: bytes, method: str) -> None:
        stream = io.BytesIO(data)
        stream.close = lambda: None  # type: ignore[method-assign]
        super().__init__(_Socket(stream), method=method)  # type: ignore[arg-type]
        self.begin()
        self.content = self.read()
        self.rest = stream.read()


class _Socket:
    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream

    def makefile(self, mode: str) -> io.BytesIO:
        return self._stream


@pytest.mark.parametrize(("method", "status", "length"), CASES)
@pytest.mark.parametrize("streams", [False, True])
def test_the_next_response_follows_at_once_on_http_1(
    server: Any, client: Any, method: str, status: int, length: bytes | None, streams: bool
) -> None:
    client.send(b"%s / HTTP/1.1\r\nHost: h\r\n\r\n" % method.encode())
    server.conversation.reply(status=status, more_content=streams, **JSON)
    client.send(GET)
    server.conversation.reply(status=200, content=b"next")
    response = Response(client.received(), method)
    assert (response.status, response.content) == (status, b"")
    assert response.headers.get("Content-Length") == (None if length is None else length.decode())
    assert response.headers.get("Transfer-Encoding") is None
    assert Response(response.rest, "GET").content == b"next"
    assert not client.is_closed


@pytest.mark.parametrize(("method", "status", "length"), CASES)
@pytest.mark.parametrize("streams", [False, True])
def test_the_stream_ends_with_the_head_on_http_2(
    server: Any, method: str, status: int, length: bytes | None, streams: bool
) -> None:
    http2 = Http2Client(server)
    stream = http2.ask(method=method)
    server.conversation.reply(status=status, more_content=streams, **JSON)
    http2.flush()
    headers, content, has_ended = http2.response(stream)
    assert (headers[":status"], content, has_ended) == (str(status), b"", True)
    assert headers.get("content-length") == (None if length is None else length.decode())


@pytest.mark.parametrize("status", [204, 205, 304])
@pytest.mark.parametrize("headers", [[], [[b"content-length", b"0"]], [[b"Content-Length", b"99"]]])
def test_a_wrong_length_is_not_announced(server: Any, client: Any, status: int, headers: list[list[bytes]]) -> None:
    client.send(GET)
    server.conversation.reply(status=status, headers=headers)
    response = Response(client.received(), "GET")
    assert response.headers.get_all("Content-Length", []) == (["0"] if status == 205 else [])


def test_head_gets_the_length_of_content_that_is_there_as_a_whole(server: Any, client: Any) -> None:
    client.send(HEAD)
    server.conversation.reply(status=200, content=b"hello")
    assert Response(client.received(), "HEAD").headers["Content-Length"] == "5"


def test_the_sender_of_content_that_is_not_wanted_is_stopped(server: Any, client: Any) -> None:
    client.send(HEAD)
    conversation = server.conversation
    conversation.reply(status=200, content=b"a", more_content=True, flow_channel=FLOW)
    assert [(post.channel, post.content) for post in server.hub.posts] == [(FLOW, {"closed": True})]
    assert conversation.is_closed
    assert [channel for channel, _ in conversation.events] == ["http.request", "http.disconnect"]
    conversation.reply(content=b"b", more_content=True)
    assert not client.is_closed


@pytest.mark.parametrize("status", [100, 101, 102, 103, 199])
def test_an_interim_status_is_not_a_response(server: Any, client: Any, status: int) -> None:
    client.send(GET)
    server.conversation.reply(status=status, content=b"")
    assert Response(client.received(), "GET").status == 500


def test_a_refused_head_request_gets_no_page_on_http_2(server: Any) -> None:
    http2 = Http2Client(server)
    stream = http2.ask(method="HEAD", path="/a#b")
    headers, content, has_ended = http2.response(stream)
    assert (headers[":status"], content, has_ended) == ("400", b"", True)
