"""A real Redis for the tests that need one: started once a run, on a free port, with nothing kept on disk."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from towpath.layers import client_log

from .redis_server import NO_SERVER, RedisServer, find_redis

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in what a shell runs in the background: the processes of tests would inherit that, and outlive Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: The folders with files that take a minute or more.
LONG = ("e2e", "faults", "redis", "hostile", "structure")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files, else in the random order: at the end of a run no processor is to wait for them."""
    folder = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(folder).parts[0] not in LONG)


@pytest.fixture(autouse=True)
def unbounded_client_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log every line about a client in this process: earlier tests do not use up its bound."""
    monkeypatch.setattr(client_log, "SECONDS_A_LINE", 1e-9)


@pytest.fixture(scope="session")
def start_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RedisServer]]:
    """Start another Redis, with options if any, for tests that stop or restart it; all of them end with the run."""
    servers: list[RedisServer] = []

    def start(*options: str) -> RedisServer:
        binary = find_redis()
        if binary is None:
            pytest.skip(NO_SERVER)
        server = RedisServer(binary, tmp_path_factory.mktemp("redis"), options)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def redis_server(start_redis: Callable[[], RedisServer]) -> RedisServer:
    """The Redis that the run's tests share."""
    return start_redis()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Where the shared Redis is; it is empty when the test begins."""
    redis_server.flush()
    return redis_server.url
