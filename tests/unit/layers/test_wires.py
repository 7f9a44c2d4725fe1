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
