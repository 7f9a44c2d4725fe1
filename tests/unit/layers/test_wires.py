"""Open connections of redis-py are taken over; others are an error, and so are ended ones."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from towpath.layers.redis.async_wire import AsyncWire
from towpath.layers.redis.wires import opened_socket, opened_transport


@pytest.mark.parametrize(
    ("take_over", "opener"),
    [(opened_socket, SimpleNamespace(_sock=None)), (opened_transport, SimpleNamespace(_writer=None))],
)
def test_a_connection_that_ended_while_it_was_opened(take_over: Any, opener: Any) -> None:
    with pytest.raises(ConnectionError, match="has ended while it was opened"):
        take_over(opener)


def test_a_closed_wire_exchanges_nothing() -> None:
    wire = AsyncWire(1, lambda: None)
    wire.close()
    with pytest.raises(ConnectionError, match="the connection is closed"):
        asyncio.run(wire.exchange(b"PING", 1))


class Transport:
    """A transport to a Redis that answers when a test says so."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_aborted = False

    def set_protocol(self, protocol: object) -> None:
        pass

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def abort(self) -> None:
        self.is_aborted = True


def test_an_exchange_without_an_answer_ends_after_the_timeout_though_others_were_answered_before() -> None:
    """One timer serves all exchanges of a connection: it counts from the beginning of the one that waits."""

    async def exchanges() -> None:
        ended: list[bool] = []
        wire, transport = AsyncWire(0.2, lambda: ended.append(True)), Transport()
        wire.take_over(transport)  # type: ignore[arg-type]
        loop = asyncio.get_running_loop()
        began = loop.time()
        while loop.time() < began + 0.15:  # the timer is from the first of these
            asked = asyncio.ensure_future(wire.exchange(b"PING", 1))
            await asyncio.sleep(0)
            wire.data_received(b"+PONG\r\n")
            assert await asked == [b"PONG"]
        began = loop.time()
        with pytest.raises(TimeoutError, match=r"no answer within 0\.2 seconds"):
            await wire.exchange(b"PING", 1)
        assert loop.time() - began >= 0.19
        assert (transport.is_aborted, ended) == (True, [True])

    asyncio.run(exchanges())


def test_a_wire_without_exchanges_keeps_no_timer() -> None:
    async def one_exchange() -> None:
        wire = AsyncWire(0.05, lambda: None)
        wire.take_over(Transport())  # type: ignore[arg-type]
        asked = asyncio.ensure_future(wire.exchange(b"PING", 1))
        await asyncio.sleep(0)
        wire.data_received(b"+PONG\r\n")
        await asked
        while wire._timer is not None:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(one_exchange(), 30))
