"""No payload, cookie or token is in any log at any level: real traffic with marks in it, and all that was logged."""

import socket
import struct
from contextlib import closing, suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

MARK = "Zeichen"

URLS = """
from django.http import HttpResponse
from django.urls import path

def login(request):
    response = HttpResponse("answer-Zeichen-" + request.body.decode())
    response.set_cookie("sessionid", "set-cookie-Zeichen")
    return response

def broken(request):
    raise RuntimeError("a view failed")

urlpatterns = [path("login/", login), path("broken/", broken)]
"""

CONSUMERS = """
from towpath import Channel, Group

def connect(message):
    message.reply_channel.send({"accept": True})
    Group("room").add(message.reply_channel)
    message.channel_session["state"] = "session-Zeichen"

connect.channel_session = True

def receive(message):
    text = message["text"] if message.content.get("text") is not None else "binary"
    if text.startswith("raise"):
        raise RuntimeError("a consumer failed")
    if text.startswith("key"):
        Channel(message.reply_channel.name).send({"txt": text})
    if text.startswith("both"):
        message.reply_channel.send({"text": text, "bytes": text.encode()})
    if text.startswith("type"):
        message.reply_channel.send({"text": text, "when": object()})
    if text.startswith("message"):
        message.reply_channel.send([text])
    if text.startswith("number"):
        Channel("nobody").send({1: text})
    if text.startswith("large"):
        Channel("nobody").send({"text": text * 2_000_000})
    if text.startswith("full"):
        for _ in range(3):
            Channel("narrow").send({"text": text})
    Group("room").send({"text": "group-" + text})
    message.reply_channel.send({"text": "reply-" + text})
"""

ROUTES = """
from towpath import route
from towpath.sessions import channel_session
from consumers import connect, receive
channel_routing = [
    route("websocket.connect", channel_session(connect), path=r"^/chat/$"),
    route("websocket.receive", receive, path=r"^/chat/$"),
]
"""

#: Texts of clients that consumers accept, and one that makes a consumer fail.
TEXTS = ["plain", "raise", "key", "both", "type", "message", "number", "large", "full"]
HEADERS = {
    "Cookie": f"sessionid=cookie-{MARK}",
    "Authorization": f"Bearer authorization-{MARK}",
    "X-CSRFToken": f"header-{MARK}",
}


@pytest.fixture
def stack_at_debug(stack: Any) -> Any:
    """The stack, with every log at its most verbose."""
    stack.configure(channel_capacity={"narrow": 1})
    stack.project.edit("settings.py", '"level": "INFO"', '"level": "DEBUG"')
    for name, text in {"urls.py": URLS, "consumers.py": CONSUMERS, "routes.py": ROUTES}.items():
        stack.project.write(name, text)
    return stack


def test_no_mark_of_the_traffic_is_in_any_log(stack_at_debug: Any) -> None:
    stack = stack_at_debug
    access_log = stack.project.folder / "access.log"
    worker = stack.worker("-v", "3")
    interface, port = stack.interface("-v", "2", "--access-log", str(access_log), "--max-message-bytes", "70000")
    speak_http(port)
    speak_websocket(port)
    speak_nonsense(port)
    worker.wait_for("a consumer failed")
    worker.wait_for("a view failed")
    worker.wait_for("text or bytes, not both")
    interface.wait_for("unknown key 'txt'")
    with suppress(ConnectionError):  # the server may be faster
        stack.layer.send("websocket.receive", {"text": f"foreign-{MARK}"})
    for process in (interface, worker):
        process.send_signal(15)
        process.wait()
        assert MARK not in process.output, lines_with_marks(process.output)
    lines = access_log.read_text()
    assert "/login/" in lines
    assert "WSCONNECT" in lines
    assert MARK not in lines


def lines_with_marks(output: str) -> list[str]:
    """Return the lines that say too much."""
    return [line for line in output.splitlines() if MARK in line]


def speak_http(port: int) -> None:
    """Send requests whose every part but the path is a secret."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    body = f"password=body-{MARK}"
    for target in (f"/login/?token=query-{MARK}&api_key=query-{MARK}", "/broken/", f"/nobody/?password={MARK}"):
        head = f"POST {target} HTTP/1.1\r\nHost: a\r\n{fields}Connection: close\r\n"
        raw(port, f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        raw(port, f"{head}Transfer-Encoding: chunked\r\n\r\nchunk-{MARK}\r\n".encode())
        raw(port, f"{head}Transfer-Encoding: chunked\r\n\r\n5;{MARK}\x00\r\nhello".encode())
        raw(port, f"{head}Content-Length: 1000\r\n\r\n{body}".encode())


def speak_websocket(port: int) -> None:
    """Send texts, bytes and wrong frames with marks."""
    address = f"ws://127.0.0.1:{port}/chat/?token=query-{MARK}"
    with connect(address, additional_headers=HEADERS, subprotocols=[f"bearer.{MARK}"]) as client:  # type: ignore[list-item]
        for text in TEXTS:
            client.send(f"{text}-{MARK}")
            client.send(f"plain-{MARK}")
            while client.recv(60) != f"reply-plain-{MARK}":
                pass
        client.send(f"bytes-{MARK}".encode())
        client.ping(f"ping-{MARK}")
        client.close(4000, f"reason-{MARK}")
    wrong = [
        b"\x81\xfd\0\0\0\0" + MARK.encode(),
        b"\xf1\x87\0\0\0\0" + MARK.encode(),
        b"\x81\x89\0\0\0\0" + MARK.encode() + b"\xff\xff",
        b"\x88\x89\0\0\0\0" + struct.pack("!H", 999) + MARK.encode(),
        b"\x82\xff" + struct.pack("!Q", 80_000) + b"\0\0\0\0" + MARK.encode() * 8,
    ]
    for frame in wrong:
        with suppress(ConnectionClosed, OSError), connect(address, additional_headers=HEADERS) as client:
            client.socket.sendall(frame)
            client.socket.shutdown(socket.SHUT_WR)
            while True:
                client.recv(60)
    for headers in ({**HEADERS, "Origin": "https://evil.example"}, {**HEADERS, "Sec-WebSocket-Version": "8"}):
        with pytest.raises(InvalidStatus):
            connect(address, additional_headers=headers)


def speak_nonsense(port: int) -> None:
    """Send heads that are none, with marks."""
    for head in (
        f"{MARK}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: a\r\nCookie: {MARK}\x0b\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: a\r\nAuthorization {MARK}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: {MARK}@a\r\n\r\n",
        f"GET /?token={MARK} HTTP/7.1\r\nHost: a\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: a\r\nX: {MARK * 10_000}\r\n\r\n",
    ):
        raw(port, head.encode())


def raw(port: int, request: bytes) -> None:
    """Send a request and wait for the end of the answer, whatever it is."""
    with closing(socket.create_connection(("127.0.0.1", port), 60)) as client, suppress(ConnectionError):
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass
