"""A world without sockets for the connection side: a clock that is turned by hand, an edge as strict as the contract.

Tests here may be coroutines: each runs in an event loop of its own.
"""

import asyncio
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pytest
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from towpath.interface.config import InterfaceConfig
from towpath.interface.http.response import checked_header
from towpath.interface.hub import Hub
from towpath.interface.inbox import Inbox
from towpath.interface.interfaces import RequestHead
from towpath.interface.websocket.begin import begin
from towpath.layers.codec import check_content
from towpath.layers.contract import Content, Envelope
from towpath.layers.errors import LayerUnavailable
from towpath.layers.inbox_events import InboxEvent, Lost, Settled
from towpath.layers.names import check_channel_name

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
HOST = b"example.com"


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine function."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


async def quiet() -> None:
    """Let everything that is ready run."""
    for _ in range(20):
        await asyncio.sleep(0)


class FakeEdge:
    """Accepts what the contract accepts. `full` channels refuse, `is_away` raises, `gate` holds sends back."""

    inbox = "interface.test!"
    expiry = 60.0

    def __init__(self) -> None:
        self.sent: list[Envelope] = []
        self.batches: list[list[Envelope]] = []
        self.full: set[str] = set()
        #: Connections whose event is queued or in flight, and what was asked of that.
        self.outstanding: set[str] = set()
        self.checks: list[tuple[dict[str, int], list[str]]] = []
        #: The send whose answer was lost; the next one must be the same.
        self.unanswered: list[Envelope] | None = None
        self.is_away = False
        #: Raises once the messages have been taken, as a lost answer does.
        self.loses_answer = False
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived: asyncio.Queue[Sequence[InboxEvent]] = asyncio.Queue()
        self.open_locals: set[str] = set()
        self.closed_locals: list[str] = []
        self.dropped: list[str] = []
        self.renewals = 0
        #: How many readers have a lease.
        self.readers = 1
        self.is_taken_for_dead = False
        self.is_open = False
        self._is_sending = False

    def edge(self) -> "FakeEdge":
        return self

    async def open(self) -> None:
        self._raise_if_away()
        self.is_open = True

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[bool]:
        assert not self._is_sending, "two sends at a time"
        self._is_sending = True
        try:
            await self.gate.wait()
            self._raise_if_away()
            if self.errors:
                raise self.errors.pop(0)
            for envelope in envelopes:
                check_channel_name(envelope.channel)
                check_content(envelope.content)
            if self.unanswered is not None:
                assert list(envelopes) == self.unanswered, "another send before the answer to the one before"
                self.unanswered = None
                return [envelope in self.sent for envelope in envelopes]
            self.batches.append(list(envelopes))
            accepted = [envelope.channel not in self.full for envelope in envelopes]
            self.sent += [envelope for envelope, ok in zip(envelopes, accepted, strict=True) if ok]
            if self.loses_answer:
                self.unanswered = list(envelopes)
                raise LayerUnavailable("the answer is lost")
            return accepted
        finally:
            self._is_sending = False

    async def receive(self) -> Sequence[InboxEvent]:
        self._raise_if_away()
        events = await self.arrived.get()
        self._raise_if_away()
        return events

    def opened(self, local: str) -> None:
        self.open_locals.add(local)

    def closed(self, local: str) -> None:
        self.open_locals.discard(local)
        self.closed_locals.append(local)

    async def renew(self) -> bool:
        self._raise_if_away()
        self.renewals += 1
        return not self.is_taken_for_dead

    async def check_turns(self, turns: Mapping[str, int], channels: Sequence[str]) -> Collection[str]:
        self._raise_if_away()
        self.checks.append((dict(turns), list(channels)))
        ends = [Lost(local, turn) for local, turn in turns.items() if local not in self.outstanding]
        if ends:
            self.arrived.put_nowait(ends)
        return self.outstanding & turns.keys()

    async def count_readers(self) -> int:
        self._raise_if_away()
        return self.readers

    async def drop_channel(self, channel: str) -> None:
        self._raise_if_away()
        self.dropped.append(channel)

    async def close(self) -> None:
        self._raise_if_away()
        self.is_open = False

    def channels(self) -> list[str]:
        """Name the channels of what was sent, in order."""
        return [envelope.channel for envelope in self.sent]

    def _raise_if_away(self) -> None:
        if self.is_away:
            raise LayerUnavailable("away")


class FakeOwner:
    """Writes down what a conversation tells it."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def deliver(self, content: Content) -> None:
        self.heard.append(content)

    def refused(self, channel: str) -> None:
        self.heard.append(("refused", channel))

    def lost(self, channel: str) -> None:
        self.heard.append(("lost", channel))

    def congested(self) -> None:
        self.heard.append("congested")

    def relieved(self) -> None:
        self.heard.append("relieved")

    def go_away(self) -> None:
        self.heard.append("go away")


class FakeTransport:
    """A TCP transport whose other end is the test."""

    def __init__(self) -> None:
        self.written = b""
        self.protocol: Any = None
        self.producer: Any = None
        self.is_reading = True
        self.end: str | None = None
        #: With this, loseConnection waits, as it does when the client does not read.
        self.is_stuck = False

    def write(self, data: bytes) -> None:
        assert type(data) is bytes
        if self.end is None:
            self.written += data

    def registerProducer(self, producer: object, streaming: bool) -> None:
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def pauseProducing(self) -> None:
        self.is_reading = False

    def resumeProducing(self) -> None:
        self.is_reading = True

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.has_no_delay = enabled

    def getPeer(self) -> None:
        return None

    def getHost(self) -> None:
        return None

    def loseConnection(self) -> None:
        if not self.is_stuck:
            self.lose("lost", ConnectionDone())

    def abortConnection(self) -> None:
        self.lose("aborted", ConnectionAborted())

    def lose(self, end: str, error: Exception) -> None:
        if self.end is None:
            self.end = end
            self.protocol.connectionLost(Failure(error))

    def take(self) -> bytes:
        """Return what was written since the last call."""
        written, self.written = self.written, b""
        return written


class FakeRequest:
    """A handshake that waits for its answer."""

    def __init__(self, head: RequestHead) -> None:
        self.head = head
        self.transport = FakeTransport()
        self.answer: int | None = None
        self.response: Any = None
        self.is_taken = False
        self.sent_early = b""
        self._left: Callable[[], None] | None = None

    def on_left(self, left: Callable[[], None]) -> None:
        self._left = left

    def respond_error(self, status: int, reason: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        assert not self.is_taken
        assert self.answer is None
        self.answer = status

    def respond(self, status: int, headers: Sequence[Any], content: bytes) -> None:
        checked = [checked_header(pair) for pair in headers]
        self.respond_error(status, "")
        self.response = checked, content

    def take_over(self, protocol: Any) -> bytes:
        if self.answer is not None:
            raise RuntimeError("answered")
        self.is_taken = True
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)
        return self.sent_early

    def leave(self) -> None:
        """The client disconnects before the answer."""
        self.answer = 0
        assert self._left is not None
        self._left()


class World:
    """A hub on a fake edge, and what tests do with it."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.edge = FakeEdge()
        self.actions: list[str] = []
        self.hub = Hub(InterfaceConfig(**options), self.edge, self.clock, self.edge.expiry, self._log_action)
        self.inbox = Inbox(self.hub)

    async def arrive(self, *events: InboxEvent) -> None:
        """Bring events to their connections, and let everything run."""
        for event in events:
            await self.inbox.dispatch(event)
        await quiet()

    async def settle(self, *replies: Content, session: bytes | None = None) -> None:
        """Settle the turn of the latest event that was accepted."""
        envelope = self.edge.sent[-1]
        assert envelope.turn is not None
        local = envelope.content["reply_channel"].partition("!")[2]
        await self.arrive(Settled(local, envelope.turn, replies, session))

    async def advance(self, seconds: float, step: float = 1.0) -> None:
        """Turn the clock."""
        while seconds > 0:
            self.clock.advance(min(step, seconds))
            seconds -= step
            await quiet()

    async def look(self) -> None:
        """Look for the turns that are late, as the server does each second, and bring what the edge says of them."""
        await self.hub.recovery.look()
        while not self.edge.arrived.empty():
            await self.arrive(*self.edge.arrived.get_nowait())

    async def shake_hands(self, *headers: tuple[bytes, bytes], **changes: Any) -> FakeRequest:
        """Begin a handshake."""
        request = FakeRequest(request_head(*headers, **changes))
        begin(self.hub, request)
        await quiet()
        return request

    async def open_socket(self, *headers: tuple[bytes, bytes]) -> "Client":
        """Open a socket: shake hands, accept."""
        request = await self.shake_hands(*headers)
        await self.settle({"accept": True})
        assert request.is_taken
        client = Client(request)
        assert client.head().startswith(b"HTTP/1.1 101 ")
        return client

    def _log_action(self, protocol: str, action: str, details: Any) -> None:
        self.actions.append(action)


class Client:
    """The other end of an open socket."""

    def __init__(self, request: FakeRequest) -> None:
        self.transport = request.transport
        self._received = b""

    def head(self) -> bytes:
        """Return the answer to the handshake."""
        self._received += self.transport.take()
        head, mark, self._received = self._received.partition(b"\r\n\r\n")
        assert mark
        return head

    def frames(self) -> list[tuple[int, bytes]]:
        """Return (opcode, payload) of what came since the last call."""
        data, found = self._received + self.transport.take(), []
        while data:
            opcode, length, begin = data[0] & 15, data[1], 2
            if length >= 126:
                begin = 4 if length == 126 else 10
                length = int.from_bytes(data[2:begin], "big")
            found.append((opcode, data[begin : begin + length]))
            data = data[begin + length :]
        self._received = b""
        return found

    def texts(self) -> list[str]:
        """Return the texts that came since the last call; nothing else may have come."""
        frames = self.frames()
        assert all(opcode == 1 for opcode, _ in frames), frames
        return [payload.decode() for _, payload in frames]

    def send(self, opcode: int, payload: bytes = b"", *, is_last: bool = True, is_masked: bool = True) -> None:
        """Send one frame."""
        self.send_raw(frame(opcode, payload, is_last=is_last, is_masked=is_masked))

    def send_raw(self, data: bytes) -> None:
        """Send bytes."""
        if self.transport.end is None:
            self.transport.protocol.dataReceived(data)

    def text(self, text: str) -> None:
        """Send a text."""
        self.send(1, text.encode())

    def close(self, code: int = 1000) -> None:
        """Send a close frame."""
        self.send(8, code.to_bytes(2, "big"))

    def vanish(self) -> None:
        """Drop the TCP connection."""
        self.transport.lose("client", ConnectionDone())

    def closed_with(self) -> int:
        """Return the code of the close frame that has come last."""
        opcode, payload = self.frames()[-1]
        assert opcode == 8
        return int.from_bytes(payload[:2], "big")


def frame(opcode: int, payload: bytes, *, is_last: bool = True, is_masked: bool = True) -> bytes:
    """Return a client's frame, masked with zeros."""
    first, mask = opcode | (128 if is_last else 0), 128 if is_masked else 0
    if len(payload) < 126:
        head = bytes([first, mask | len(payload)])
    elif len(payload) < 65536:
        head = bytes([first, mask | 126]) + len(payload).to_bytes(2, "big")
    else:
        head = bytes([first, mask | 127]) + len(payload).to_bytes(8, "big")
    return head + (b"\0\0\0\0" if is_masked else b"") + payload


def request_head(*headers: tuple[bytes, bytes], **changes: Any) -> RequestHead:
    """Return the head of a handshake."""
    options: dict[str, Any] = {
        "method": "GET",
        "path": "/chat/",
        "target": b"/chat/?room=1",
        "query_string": b"room=1",
        "headers": ((b"host", HOST), (b"sec-websocket-key", KEY), *headers),
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "client": ("192.0.2.1", 4000),
        "server": ("192.0.2.2", 80),
        "host": HOST,
    }
    return RequestHead(**{**options, **changes})


@pytest.fixture
def make_world() -> Callable[..., World]:
    """Make a world with these options; inside a running loop."""
    return World


@pytest.fixture
def make_owner() -> Callable[[], FakeOwner]:
    """Make an owner that writes down what it hears."""
    return FakeOwner


@pytest.fixture
def make_head() -> Callable[..., RequestHead]:
    """Make the head of a handshake."""
    return request_head


@pytest.fixture
def make_frame() -> Callable[..., bytes]:
    """Make a client's frame."""
    return frame
