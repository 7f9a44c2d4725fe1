"""Refusals of Redis where nothing is executed for a sender: waits and reads."""

import asyncio
from typing import Any

import pytest
from redis.exceptions import ResponseError

from towpath.layers.errors import LayerUnavailable
from towpath.layers.redis import RedisChannelLayer


@pytest.fixture
def layer() -> Any:
    return RedisChannelLayer(hosts=["redis://127.0.0.1:1/0"])


def test_a_wait_that_is_refused_names_redis_and_why(layer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer._client, "call", lambda *command: ResponseError("LOADING the dataset"))
    with pytest.raises(LayerUnavailable, match=r"Redis at redis://127\.0\.0\.1:1/0 refused to wait: LOADING"):
        layer._wait_for_entry(["words"], [], 1)


@pytest.mark.parametrize("refused", [0, 1])
def test_a_read_that_is_refused_does(layer: Any, refused: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def exchange(commands: Any, silent: int = 0) -> list[Any]:
        if len(commands) == 1:  # the look without a wait
            return [[]]
        answers: list[Any] = [b"OK", None, []][-len(commands) :]
        answers[-1 - refused] = ResponseError("NOPERM this user has no permissions")
        return answers

    async def read() -> None:
        edge = layer.edge()
        monkeypatch.setattr(edge._into, "exchange", exchange)
        await edge._read_inbox()

    with pytest.raises(LayerUnavailable, match="refused to read the inbox: NOPERM"):
        asyncio.run(read())
