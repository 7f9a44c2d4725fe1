"""Eager transports: small writes bypass the poller, large ones and the ends of connections still take it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import protocol
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from towpath.interface.eventloop.eager import EagerTcpServer, EagerUnixServer, TurnEnd, make_eager

WAIT_SECONDS = 10
LARGE = 8 * 1024 * 1024


class Server(protocol.Protocol):
    """Keeps its end: when it was connected, and how it was lost."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.connected_to_client: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[Failure] = loop.create_future()

    def connectionMade(self) -> None:
        self.connected_to_client.set_result(None)

    def connectionLost(self, reason: Failure = protocol.connectionDone) -> None:
        self.lost.set_result(reason)


class Served:
    """A server on one connection, its reactor, and the client's streams."""

    def __init__(self, reactor: Any, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reactor = reactor
        self.server = server
        self.transport: Any = server.transport
        self.reader = reader
        self.writer = writer


@asynccontextmanager
async def served(unix_path: Path | None = None) -> AsyncIterator[Served]:
    """Listen as `make_eager` has it, and connect once."""
    reactor: Any = AsyncioSelectorReactor(asyncio.get_running_loop())
    server = Server()
    factory = protocol.Factory()
    factory.buildProtocol = lambda addr: server  # type: ignore[method-assign]
    if unix_path is None:
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        connecting = asyncio.open_connection("127.0.0.1", port.getHost().port, limit=2 * LARGE)
    else:
        port = reactor.listenUNIX(str(unix_path), factory)
        connecting = asyncio.open_unix_connection(str(unix_path), limit=2 * LARGE)
    make_eager(port, TurnEnd(asyncio.get_running_loop()))
    reader, writer = await connecting
    await asyncio.wait_for(server.connected_to_client, WAIT_SECONDS)
    try:
        yield Served(reactor, server, reader, writer)
    finally:
        writer.close()
        port.stopListening()
        transport: Any = server.transport
        transport.abortConnection()
        await asyncio.wait_for(asyncio.shield(server.lost), WAIT_SECONDS)
        for selectable in {*reactor.removeAll(), *reactor._internalReaders}:
            selectable.connectionLost(Failure(ConnectionDone()))


async def test_what_one_turn_writes_leaves_at_its_end_in_one_piece_without_the_poller() -> None:
    async with served() as it:
        assert isinstance(it.transport, EagerTcpServer)
        sent: list[bytes] = []
        write = it.transport.writeSomeData
        it.transport.writeSomeData = lambda data: sent.append(bytes(data)) or write(data)
        it.transport.write(b"one ")
        it.transport.write(b"two ")
        it.transport.write(b"three")
        assert sent == []
        assert it.reactor.getWriters() == []
        assert await asyncio.wait_for(it.reader.readexactly(13), WAIT_SECONDS) == b"one two three"
        assert sent == [b"one two three"]


async def test_a_unix_socket_writes_promptly_too(tmp_path: Path) -> None:
    async with served(tmp_path / "socket") as it:
        assert isinstance(it.transport, EagerUnixServer)
        it.transport.write(b"hello")
        assert it.reactor.getWriters() == []
        assert await asyncio.wait_for(it.reader.readexactly(5), WAIT_SECONDS) == b"hello"


async def test_what_a_socket_does_not_take_waits_for_the_poller_and_keeps_its_order() -> None:
    async with served() as it:
        payload = bytes(range(256)) * (LARGE // 256)
        it.writer.transport.pause_reading()  # type: ignore[attr-defined]
        it.transport.write(payload)
        while it.transport not in it.reactor.getWriters():
            await asyncio.sleep(0)
        it.transport.write(b"end")
        it.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert await asyncio.wait_for(it.reader.readexactly(LARGE + 3), WAIT_SECONDS) == payload + b"end"
        assert it.reactor.getWriters() == []


async def test_a_connection_ends_after_what_was_written() -> None:
    async with served() as it:
        it.transport.write(b"goodbye")
        it.transport.loseConnection()
        assert await asyncio.wait_for(it.reader.read(), WAIT_SECONDS) == b"goodbye"
        assert (await asyncio.wait_for(asyncio.shield(it.server.lost), WAIT_SECONDS)).check(ConnectionDone)


async def test_a_connection_that_ends_in_the_turn_of_a_write_is_left_alone() -> None:
    async with served() as it:
        it.transport.write(b"never sent")
        it.transport.abortConnection()
        await asyncio.wait_for(asyncio.shield(it.server.lost), WAIT_SECONDS)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(it.reader.read(), WAIT_SECONDS)


async def test_a_client_that_has_gone_is_noticed_by_writing() -> None:
    async with served() as it:
        it.transport.stopReading()
        it.writer.transport.abort()
        while not it.server.lost.done():
            it.transport.write(b"x" * 65536)
            await asyncio.sleep(0)
        assert it.reactor.getWriters() == []


async def test_a_producer_that_fails_ends_its_own_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        def pauseProducing(self) -> None: ...

        def resumeProducing(self) -> None:
            raise RuntimeError("no more")

        def stopProducing(self) -> None: ...

    async with served() as it:
        it.transport.registerProducer(Failing(), True)
        it.transport.producerPaused = True
        it.transport.write(b"x")
        await asyncio.wait_for(asyncio.shield(it.server.lost), WAIT_SECONDS)
        assert "no more" in caplog.text


async def test_ports_of_other_kinds_stay_as_they_are() -> None:
    class OtherPort:
        transport = object

    port = OtherPort()
    make_eager(port, TurnEnd(asyncio.get_running_loop()))
    assert port.transport is object
