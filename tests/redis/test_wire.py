"""The wire of the fault tests: the commands that Redis executes and the answers of the client, for each fault."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from redis import Connection, Redis
from redis.exceptions import ConnectionError, TimeoutError

from towpath.layers.redis import RedisChannelLayer

from ..wirefaults import faults
from ..wirefaults.faults import StoreFaults
from ..wirefaults.wire import Line, Wire

LOST = (ConnectionError, OSError)
INCREMENT = ("INCR", "count")


@pytest.fixture
def direct(redis_url: str) -> Iterator[Any]:
    """Redis, without a wire."""
    with closing(Redis.from_url(redis_url, protocol=2)) as client:
        yield client


@pytest.fixture
def line(redis_server: Any, direct: Any) -> Iterator[Line]:
    """A line to Redis."""
    with closing(Wire(redis_server.port)) as wire:
        yield wire.line("tested")


@pytest.fixture
def store(redis_server: Any) -> Iterator[StoreFaults]:
    """Faults of that Redis."""
    with closing(StoreFaults(redis_server.port)) as store:
        yield store


@pytest.fixture
def connection(line: Line) -> Iterator[Connection]:
    """A connection over the line, which waits a second for an answer."""
    opened = Connection(port=int(line.url.split(":")[2].partition("/")[0]), socket_timeout=1, protocol=2)
    opened.connect()
    yield opened
    opened.disconnect()


@pytest.fixture
def ask(connection: Connection) -> Callable[..., list[Any]]:
    """Write commands at once and return their answers; errors that Redis answers are among them."""

    def asked(*commands: tuple[Any, ...], answers: int | None = None) -> list[Any]:
        connection.send_packed_command(connection.pack_commands(commands))
        found = []
        for _ in range(len(commands) if answers is None else answers):
            try:
                found.append(connection.read_response(disconnect_on_error=False))
            except Exception as error:
                if type(error) in (ConnectionError, TimeoutError):
                    raise
                found.append(error)
        return found

    return asked


def test_writes_are_counted_and_answered_in_step(line: Line, ask: Any) -> None:
    assert ask(INCREMENT, INCREMENT) == [1, 2]
    assert ask(("CLIENT", "REPLY", "SKIP"), INCREMENT, INCREMENT, answers=1) == [4]
    assert ask(INCREMENT) == [5]
    assert [(write.number, write.names) for write in line.writes] == [
        (1, ["INCR", "INCR"]),
        (2, ["CLIENT", "INCR", "INCR"]),
        (3, ["INCR"]),
    ]


def test_a_large_write_is_one_write(line: Line, ask: Any) -> None:
    assert ask(("SET", "large", b"x" * (1 << 22)), INCREMENT) == [b"OK", 1]
    assert len(line.writes) == 1


def test_a_fault_acts_on_the_write_it_is_planned_for(line: Line, ask: Any, direct: Any) -> None:
    line.plan(faults.not_executed, 2)
    assert ask(INCREMENT) == [1]
    with pytest.raises(LOST):
        ask(INCREMENT)
    assert direct.get("count") == b"1"
    assert [write.number for write in line.struck] == [2]


def test_an_answer_that_is_lost_was_executed(line: Line, ask: Any, direct: Any) -> None:
    line.plan_next(faults.answer_lost)
    with pytest.raises(LOST):
        ask(INCREMENT, INCREMENT)
    assert direct.get("count") == b"2"


def test_only_the_last_answer_is_lost(line: Line, ask: Any, direct: Any) -> None:
    line.plan_next(faults.last_answer_lost)
    assert ask(INCREMENT, INCREMENT, INCREMENT, answers=2) == [1, 2]
    with pytest.raises(LOST):
        ask(answers=1)
    assert direct.get("count") == b"3"


def test_a_reset_during_a_wait_leaves_what_came_before_it_executed(
    line: Line, ask: Any, direct: Any, store: StoreFaults
) -> None:
    line.plan_next(store.reset_while_it_waits)
    assert ask(INCREMENT, ("BLPOP", "list", 5), INCREMENT, answers=1) == [1]
    with pytest.raises(LOST):
        ask(answers=1)
    assert direct.get("count") == b"1"


def test_an_answer_that_is_late_comes_in_step(line: Line, ask: Any) -> None:
    line.plan_next(faults.late(0.05))
    assert ask(INCREMENT, INCREMENT) == [1, 2]


@pytest.mark.parametrize(("fault", "executed"), [(faults.silent, b"1"), (faults.deaf, None)])
def test_a_silent_connection_stays_open_and_others_work(
    line: Line, ask: Any, direct: Any, fault: Any, executed: bytes | None
) -> None:
    line.plan_next(fault)
    with pytest.raises(TimeoutError):
        ask(INCREMENT)
    assert direct.get("count") == executed
    with closing(Redis.from_url(line.url, protocol=2)) as other:
        assert other.ping()


def test_a_replica_executes_commands_that_only_read(line: Line, ask: Any, direct: Any) -> None:
    direct.rpush("list", "entry")
    line.plan_next(faults.read_only)
    refused, listed = ask(INCREMENT, ("LRANGE", "list", 0, -1))
    assert str(refused).startswith("You can't write against a read only replica")
    assert listed == [b"entry"]


def test_a_moved_command_is_not_executed(line: Line, ask: Any, direct: Any) -> None:
    line.plan_next(faults.moved)
    (refused,) = ask(INCREMENT)
    assert "1234" in str(refused)
    assert direct.get("count") is None


def test_a_refused_command_takes_its_request_for_silence_along(line: Line, ask: Any, direct: Any) -> None:
    direct.rpush("list", "entry")
    line.plan_next(faults.read_only)
    assert ask(("CLIENT", "REPLY", "SKIP"), INCREMENT, ("LRANGE", "list", 0, -1), answers=1) == [[b"entry"]]
    assert ask(INCREMENT) == [1]


def test_a_full_store_refuses_a_write_and_has_room_again(line: Line, ask: Any, store: StoreFaults) -> None:
    line.plan_next(store.full)
    (refused,) = ask(("SET", "key", "value"))
    assert "used memory" in str(refused)
    assert ask(("SET", "key", "value")) == [b"OK"]


def test_scripts_are_named_and_can_be_forgotten(line: Line, store: StoreFaults) -> None:
    with closing(RedisChannelLayer(hosts=[line.url], prefix="wire:")) as layer:
        layer.send("channel", {})
        line.plan_next(store.scripts_forgotten, "push")
        layer.send("channel", {})
        assert layer.channel_statistics("channel")["messages_pending"] == 2
    assert [write.names[-1] for write in line.struck] == ["push"]
