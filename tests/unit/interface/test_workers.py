"""An interface server notices that no worker takes messages from its layer."""

import logging

from towpath.interface.config import InterfaceConfig
from towpath.interface.server import InterfaceServer

MISSING = "No worker takes messages from its layer: requests and WebSockets wait, and end with 503."


async def served(make_world):
    """Start a server on a fake edge; return the world and the server."""
    world = make_world()
    server = InterfaceServer(world.clock, world.edge, InterfaceConfig(grace_seconds=0), [])
    world.edge.readers = 0
    await server.start()
    await world.arrive()
    return world, server


async def test_a_layer_without_workers_is_logged_once_and_so_is_the_first_worker(make_world, caplog):
    world, server = await served(make_world)
    await world.advance(8)
    assert server.hub.workers.is_missing
    assert caplog.records == []
    await world.advance(30)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message.startswith(MISSING.replace("its layer", str(world.edge)))
    world.edge.readers = 2
    await world.advance(6)
    assert caplog.messages[1:] == [f"A worker takes messages from {world.edge} again"]
    assert not server.hub.workers.is_missing
    await server.stop()


async def test_a_restart_of_all_workers_is_not_logged(make_world, caplog):
    world, server = await served(make_world)
    for _ in range(5):
        world.edge.readers = 1
        await world.advance(6)
        world.edge.readers = 0
        await world.advance(8)
    assert caplog.records == []
    await server.stop()


async def test_no_warning_about_workers_while_the_layer_is_unavailable(make_world, caplog):
    world, server = await served(make_world)
    world.edge.is_away = True
    await world.advance(60)
    assert [message for message in caplog.messages if "worker" in message] == []
    world.edge.is_away = False
    await server.stop()
