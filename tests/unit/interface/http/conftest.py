"""HTTP servers in memory, from `tests/fakes`."""

import pytest

from ....fakes.http_server import Client, Server


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def make_server() -> type[Server]:
    return Server


@pytest.fixture
def client(server: Server) -> Client:
    return server.connect()
