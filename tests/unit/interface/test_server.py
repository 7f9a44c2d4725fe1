"""An interface server starts in order, survives an absent layer, and leaves within its grace period."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from towpath.interface.config import InterfaceConfig
from towpath.interface.server import InterfaceServer
from towpath.interface.websocket.draining import LEAST_AT_A_TIME, drain, split
from towpath.layers.errors import LayerUnavailable
from towpath.layers.inbox_events import Settled

WAIT_SECONDS = 10


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition of real time."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.005)


async def echo(edge: Any) -> None:
    """Work as the simplest application does: accept, send back, settle."""
    done = 0
    while True:
        await until_more(edge, done)
        for envelope in edge.sent[done:]:
            done += 1
            local = envelope.content["reply_channel"].partition("!")[2]
            replies = {
                "websocket.connect": [{"accept": True}],
                "websocket.receive": [{"text": envelope.content.get("text")}],
                "http.request": [{"status": 200, "headers": [], "content": b"hello"}],
            }.get(envelope.channel, [])
            edge.arrived.put_nowait([Settled(local, envelope.turn, replies, None)])


async def until_more(edge: Any, done: int) -> None:
    while len(edge.sent) == done:
        await asyncio.sleep(0.002)


@asynccontextmanager
async def serving(edge: Any, *, with_workers: bool = True, **options: Any) -> AsyncIterator[InterfaceServer]:
    """Serve on a free port, on the loop that runs."""
    reactor = AsyncioSelectorReactor(asyncio.get_running_loop())
    reactor.startRunning(installSignalHandlers=False)
    endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    server = InterfaceServer(reactor, edge, InterfaceConfig(**options), [endpoint])
    await server.start()
    worker = asyncio.create_task(echo(edge)) if with_workers else None
    try:
        yield server
    finally:
        server.force()
        await server.stop()
        if worker is not None:
            worker.cancel()
        for reader in {*reactor.removeAll(), *reactor._internalReaders}:
            reader.connectionLost(Failure(ConnectionDone()))


def url(server: InterfaceServer) -> str:
    return f"ws://127.0.0.1:{server.ports[0].getHost().port}/chat/"


async def test_a_real_client_is_served_and_sent_away_with_1012(make_world):
    edge = make_world().edge
    async with serving(edge) as server:
        async with connect(url(server)) as client:
            for text in ("one", "two", ""):
                await client.send(text)
                assert await client.recv() == text
            stopping = asyncio.create_task(server.stop())
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
        await stopping
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        assert edge.sent[-1].content["code"] == 1012
        assert len(server.hub.connections) == 0
        assert not edge.is_open
        assert server.ports == []


async def test_a_server_that_stops_lets_its_clients_come_back_at_a_bounded_rate(make_world):
    edge = make_world().edge
    async with serving(edge, drain_reconnects=1) as server:
        async with connect(url(server)), connect(url(server)):
            stopping = asyncio.create_task(server.stop())
            await asyncio.wait_for(stopping, 30)
            assert server.hub.reconnect_seconds == 2.0


async def test_a_handshake_that_waits_is_503_when_the_server_stops(make_world):
    edge = make_world().edge
    async with serving(edge, with_workers=False, grace_seconds=0.5) as server:
        waiting = asyncio.create_task(connect(url(server)).__aenter__())
        await until(lambda: edge.sent)
        await server.stop()
        with pytest.raises(InvalidStatus) as refused:
            await waiting
        assert refused.value.response.status_code == 503


async def test_an_expired_server_aborts_all_connections_and_accepts_new_ones(make_world):
    edge = make_world().edge
    async with serving(edge) as server, connect(url(server)) as client:
        await client.send("before")
        assert await client.recv() == "before"
        edge.is_taken_for_dead = True
        with pytest.raises(ConnectionClosed):
            await client.recv()
        edge.is_taken_for_dead = False
        assert [envelope.channel for envelope in edge.sent] == ["websocket.connect", "websocket.receive"]
        assert len(server.hub.connections) == 0
        async with connect(url(server)) as another:
            await another.send("after")
            assert await another.recv() == "after"


async def test_a_request_of_an_expired_server_is_503(make_world):
    edge = make_world().edge
    async with serving(edge, with_workers=False) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.ports[0].getHost().port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        await until(lambda: edge.sent)
        edge.is_taken_for_dead = True
        response = await asyncio.wait_for(reader.read(), WAIT_SECONDS)
        assert response.startswith(b"HTTP/1.1 503")
        assert len(edge.sent) == 1
        writer.close()


async def test_a_response_in_flight_is_finished(make_world):
    edge = make_world().edge
    async with serving(edge, with_workers=False) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.ports[0].getHost().port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: edge.sent)
        stopping = asyncio.create_task(server.stop())
        await until(lambda: not server.ports)
        worker = asyncio.create_task(echo(edge))
        response = await asyncio.wait_for(reader.read(), WAIT_SECONDS)
        await stopping
        worker.cancel()
        writer.close()
        assert response.startswith(b"HTTP/1.1 200 ")
        assert response.endswith(b"hello")


async def test_a_client_that_does_not_answer_the_close_is_aborted_within_the_grace_period(make_world):
    edge = make_world().edge
    async with serving(edge, grace_seconds=0.5) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.ports[0].getHost().port)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        await asyncio.wait_for(server.stop(), 2)
        assert [sent.content["code"] for sent in edge.sent if sent.channel == "websocket.disconnect"] == [1012]
        assert len(server.hub.connections) == 0
        writer.close()


async def test_force_does_not_wait(make_world):
    edge = make_world().edge
    async with serving(edge, grace_seconds=1000) as server:
        async with connect(url(server)) as client:
            edge.full = {"websocket.disconnect"}
            stopping = asyncio.create_task(server.stop())
            with pytest.raises(ConnectionClosed):
                await client.recv()
            server.force()
            await asyncio.wait_for(stopping, WAIT_SECONDS)


# Twisted leaves the socket that it could not bind to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_an_address_that_is_taken_fails_the_start_and_leaves_nothing_behind(make_world):
    edge, other = make_world().edge, make_world().edge
    async with serving(edge) as server:
        reactor: Any = server._clock
        taken = TCP4ServerEndpoint(reactor, server.ports[0].getHost().port, interface="127.0.0.1")
        second = InterfaceServer(reactor, other, InterfaceConfig(), [taken])
        with pytest.raises(CannotListenError):
            await second.start()
        assert not other.is_open


# Without sockets, by a clock that is turned by hand.


async def test_without_its_layer_a_server_does_not_start(make_world):
    edge = make_world().edge
    edge.is_away = True
    server = InterfaceServer(Clock(), edge, InterfaceConfig(), [])
    with pytest.raises(LayerUnavailable):
        await server.start()
    with pytest.raises(RuntimeError, match="not been started"):
        _ = server.hub
    await server.stop()


async def test_the_lease_is_renewed_every_second_and_growing_pauses_wait_for_an_absent_layer(make_world, caplog):
    world = make_world()
    server = InterfaceServer(world.clock, world.edge, InterfaceConfig(grace_seconds=0), [])
    await server.start()
    await world.arrive()
    await world.advance(5)
    assert world.edge.renewals == 6
    asked = []
    world.edge.renew_once = world.edge.renew
    world.edge.is_away = True

    async def renew():
        asked.append(world.clock.seconds())
        return await world.edge.renew_once()

    world.edge.renew = renew
    await world.advance(60, step=0.05)
    gaps = [after - before for before, after in pairwise(asked)]
    assert gaps[0] < 0.3
    assert 2 * gaps[0] < max(gaps) < 0.6
    assert len(caplog.messages) == 1
    world.edge.is_away = False
    await world.advance(6, step=0.05)
    assert len(caplog.messages) == 2
    assert not server.hub.availability.is_away
    await server.stop()
    assert not world.edge.is_open


async def test_the_inbox_is_read_again_when_the_layer_is_back(make_world, make_owner):
    from towpath.interface.conversation import Conversation

    world = make_world()
    server = InterfaceServer(world.clock, world.edge, InterfaceConfig(grace_seconds=0), [])
    await server.start()
    world.edge.is_away = True
    world.edge.arrived.put_nowait([])
    await world.advance(3)
    assert server.hub.availability.is_away
    world.edge.is_away = False
    await world.advance(10)
    owner = make_owner()
    conversation = Conversation(server.hub, owner)
    conversation.emit("a", {}, insist=True)
    await world.arrive()
    world.edge.arrived.put_nowait([Settled(conversation.local, 1, [{"n": 1}], None)])
    await world.arrive()
    assert owner.heard == [{"n": 1}]
    conversation.close()
    await server.stop()


async def test_an_error_of_the_layer_does_not_end_the_loops(make_world, caplog):
    world = make_world()
    server = InterfaceServer(world.clock, world.edge, InterfaceConfig(grace_seconds=0), [])
    receive, renew = world.edge.receive, world.edge.renew

    async def fails():
        world.edge.receive, world.edge.renew = receive, renew
        raise ZeroDivisionError("ours")

    world.edge.receive = world.edge.renew = fails
    await server.start()
    await world.advance(3)
    assert "ZeroDivisionError" in caplog.text
    world.edge.arrived.put_nowait([])
    await world.arrive()
    assert world.edge.arrived.empty()
    assert world.edge.renewals >= 1
    await server.stop()


async def test_losses_are_reported_while_it_runs_and_an_edge_that_cannot_close_is_only_logged(make_world, caplog):
    caplog.set_level(logging.INFO)
    from towpath.interface.counters import Count

    world = make_world()
    server = InterfaceServer(world.clock, world.edge, InterfaceConfig(grace_seconds=0), [])
    await server.start()
    server.hub.counters.add(Count.TURNS_LOST, "websocket.receive")
    await world.advance(2)
    assert "1 websocket.receive, 1 in all" in caplog.text
    world.edge.is_away = True
    await server.stop()
    assert "could not be taken out of the store" in caplog.text


class FakeSocket:
    """Counts when it is sent away."""

    def __init__(self, world: Any, *, is_open: bool = True) -> None:
        self._world = world
        self.is_open = is_open
        self.left_at: float | None = None

    def go_away(self) -> None:
        self.left_at = self._world.clock.seconds()
        self.is_open = False


async def test_sockets_are_sent_away_spread_over_time(make_world):
    world = make_world()
    sockets = [FakeSocket(world) for _ in range(1000)]
    handshake = FakeSocket(world, is_open=False)
    leaving = asyncio.create_task(drain([handshake, *sockets], world.clock, 5.0))
    await world.arrive()
    await world.advance(6, step=0.05)
    await leaving
    moments = [socket.left_at for socket in sockets]
    assert handshake.left_at is None
    assert None not in moments
    assert moments == sorted(moments)
    assert len(set(moments)) > 40
    assert max(moments) <= 5.0


def test_few_sockets_take_little_time():
    assert [len(group) for group in split([None] * 30, steps=100)] == [LEAST_AT_A_TIME, 10]
    assert split([], steps=1) == []
    assert [len(group) for group in split([None] * 1000, steps=1)] == [1000]
