"""Redis is stopped while clients talk, for longer than an answer is waited for."""

import signal
from collections.abc import Callable
from typing import Any

import pytest

#: The shortest time for an answer that a layer takes, in seconds, and a longer one.
TIMEOUT_SECONDS, STOPPED_SECONDS = 5.5, 7.5


@pytest.fixture
def server(start_redis: Callable[[], Any]) -> Any:
    """A Redis of the test's own."""
    return start_redis()


@pytest.fixture
def redis_url(server: Any) -> str:
    """Where it is."""
    return str(server.url)


def test_a_redis_that_is_stopped_longer_than_answers_are_waited_for_doubles_nothing(
    talking: Any, within_patience: Any, server: Any
) -> None:
    """Requests of clients that no longer wait are executed when it continues."""
    talking.configure(connection_kwargs={"socket_timeout": TIMEOUT_SECONDS})
    _, port = talking.interface()
    talking.worker("--threads", "2")
    talking.worker("--threads", "2")

    def fault() -> None:
        server._process.send_signal(signal.SIGSTOP)
        talking.pass_seconds(STOPPED_SECONDS)
        server._process.send_signal(signal.SIGCONT)

    within_patience(talking.during(port, fault))
    assert "\n".join(talking.broken_rules()) == ""
