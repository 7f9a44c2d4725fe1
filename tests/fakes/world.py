"""The connection side without sockets: a hub on a fake edge, a clock that tests advance, and WebSocket clients."""

import asyncio
from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock

from towpath.interface.config import InterfaceConfig
from towpath.interface.hub import Hub
from towpath.interface.inbox import Inbox
from towpath.interface.websocket.begin import begin
from towpath.interface.websocket.sockets import SocketFactory
from towpath.layers.contract import Content
from towpath.layers.inbox_events import InboxEvent, Settled

from .edge import FakeEdge
from .frames import frame
from .handshake import FakeRequest, request_head


class World:
    """A hub on a fake edge, and what tests do with it."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.edge = FakeEdge()
        self.actions: list[str] = []
        self.hub = Hub(InterfaceConfig(**options), self.edge, self.clock, self.edge.expiry, self._log_action)
        self.inbox = Inbox(self.hub)
        self.sockets = SocketFactory(self.hub.config, self.clock, self.hub.memory)

    async def arrive(self, *events: InboxEvent) -> None:
        """Bring events to their connections, and let everything run."""
        for event in events:
            await self.inbox.dispatch(event)
        await quiet()

    async def settle(self, *replies: Content, session_state: bytes | None = None) -> None:
        """Settle the turn of the latest event that was accepted."""
        envelope = self.edge.sent[-1]
        assert envelope.turn is not None
        local = envelope.content["reply_channel"].partition("!")[2]
        await self.arrive(Settled(local, envelope.turn, replies, session_state))

    async def advance(self, seconds: float, step: float = 1.0) -> None:
        """Turn the clock."""
        while seconds > 0:
            self.clock.advance(min(step, seconds))
            seconds -= step
            await quiet()

    async def look(self) -> None:
        """Look up the late turns, as the server does each second, and deliver the edge's answers."""
        await self.hub.recovery.look()
        while not self.edge.arrived.empty():
            await self.arrive(*self.edge.arrived.get_nowait())

    async def shake_hands(
        self, *headers: tuple[bytes, bytes], begin: Callable[..., None] = begin, **changes: Any
    ) -> FakeRequest:
        """Begin a handshake."""
        request = FakeRequest(request_head(*headers, **changes))
        begin(self.hub, self.sockets, request)
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

    def send(self, opcode: int, payload: bytes = b"", *, is_last: bool = True) -> None:
        """Send one frame."""
        self.send_raw(frame(opcode, payload, is_last=is_last))

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

    def close_reason(self) -> str:
        """Return the reason of the close frame that has come last."""
        return self.frames()[-1][1][2:].decode()


async def quiet() -> None:
    """Let everything that is ready run."""
    for _ in range(20):
        await asyncio.sleep(0)
