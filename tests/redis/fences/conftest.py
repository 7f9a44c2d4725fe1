"""Scenes on a stage: a site in this process whose connections to Redis fail as the scene says."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from ...wirefaults.faults import StoreFaults
from ...wirefaults.pace import hurried
from ...wirefaults.stage import Stage
from ...wirefaults.wire import Wire

Scene = Callable[[Stage], Awaitable[None]]
Play = Callable[..., None]


@pytest.fixture
def store(redis_server: Any, redis_url: str) -> Iterator[StoreFaults]:
    """Faults of the Redis that the run's tests share."""
    with closing(StoreFaults(redis_server.port)) as faults:
        yield faults


@pytest.fixture
def play(redis_server: Any, store: StoreFaults) -> Play:
    """Play a scene; options are those of `Stage`. Whatever happens in it must keep the rules of `invariants`."""

    async def played(scene: Scene, options: dict[str, Any]) -> None:
        with closing(Wire(redis_server.port)) as wire:
            stage = Stage(wire, store, **options)
            try:
                await scene(stage)
                await stage.leave()
            except AssertionError as error:
                raise AssertionError(f"{error}\nbroken rules: {stage.journal.violations()}") from error
            finally:
                stage.open_all_gates()
                await stage.close()
            assert stage.journal.violations() == []

    def run(scene: Scene, **options: Any) -> None:
        with hurried():
            asyncio.run(played(scene, options))

    return run
