"""Sequences of faults that the explorer found, on both stores: the tests order the steps of the real processes."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from towpath.channels import ConsumeLater, Message
from towpath.layers.base import BaseChannelLayer
from towpath.layers.contract import Envelope
from towpath.layers.errors import LayerUnavailable, PartlyRefused
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.operations.in_flight import Acknowledge, CloseReader, Requeue, Seize
from towpath.layers.operations.leases import Expire
from towpath.layers.operations.operation import AnyOperation
from towpath.layers.operations.queues import Take
from towpath.layers.redis import RedisChannelLayer
from towpath.routing import Router, route
from towpath.worker import Worker
from towpath.worker.lease import WorkerLease


@pytest.fixture(params=["memory", "redis"])
def layer(request: pytest.FixtureRequest, redis_url: str) -> Iterator[BaseChannelLayer]:
    layer: BaseChannelLayer
    layer = MemoryChannelLayer() if request.param == "memory" else RedisChannelLayer(hosts=[redis_url], prefix="two:")
    readers: list[Any] = []
    make_reader = layer.reader

    def reader(channels: Sequence[str]) -> Any:
        readers.append(make_reader(channels))
        return readers[-1]

    layer.reader = reader  # type: ignore[method-assign]
    with closing(layer):
        layer.flush()
        yield layer
        layer.flush()
    if request.param == "redis":
        for left in readers:  # those of killed workers are closed by no code
            left._connection.disconnect()


class Scheduler:
    """A clock that the test sets, in seconds."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Between:
    """Calls functions before, or instead of, what a reader executes: by the type of an operation of the list."""

    def __init__(self, reader: Any) -> None:
        self._execute = reader._execute
        self.before: dict[type, Any] = {}
        self.after: dict[type, Any] = {}
        reader._execute = self

    def __call__(self, operations: Sequence[AnyOperation], *rest: Any) -> Sequence[object]:
        """Execute operations, with what the test has planned for one of them, once."""
        kinds = [type(operation) for operation in operations]
        for kind in kinds:
            self.before.pop(kind, _nothing)(operations)
        results: Sequence[object] = self._execute(operations, *rest)
        for kind in kinds:
            self.after.pop(kind, _nothing)(operations)
        return results


def _nothing(operations: Sequence[AnyOperation]) -> None:
    """Plan nothing."""


def refuse(operations: Sequence[AnyOperation]) -> None:
    """Refuse operations as a store does whose memory is full."""
    raise PartlyRefused("memory is full", [None] * len(operations), is_clean=True)


def unanswered(operations: Sequence[AnyOperation]) -> None:
    """Lose a write with its connection."""
    raise LayerUnavailable("the connection was reset")


def send(layer: BaseChannelLayer, *numbers: int) -> None:
    assert not layer.send_many([Envelope("jobs", {"n": number}) for number in numbers])


def test_messages_whose_requeueing_is_refused_after_the_lease_was_renewed_are_requeued_by_the_next_exchange(
    layer: BaseChannelLayer,
) -> None:
    ran: list[int] = []
    clock = Scheduler()
    lease = WorkerLease(8.0, clock)

    def consumer(message: Message) -> None:
        ran.append(message.content["n"])

    def expire_and_renew(operations: Sequence[AnyOperation]) -> None:
        clock.now += 60
        lease.renewed(clock.now)

    worker = Worker(layer, Router([route("jobs", consumer)]), lease=lease, signal_handlers=False)
    lease.renewed(clock.now)
    send(layer, 1)
    between = Between(worker._reader)
    between.before[Requeue] = refuse
    between.after[Take] = expire_and_renew
    worker.run_batch(0)
    assert ran == []
    worker.run_batch(0)
    worker.run_batch(0)
    assert ran == [1]
    assert layer.channel_statistics("jobs")["messages_lost_count"] == 0


def test_a_message_that_a_late_take_finds_while_its_reader_closes_is_requeued(layer: BaseChannelLayer) -> None:
    reader: Any = layer.reader(["jobs"])
    send(layer, 1)
    assert taken(reader) == [1]

    def take_late(operations: Sequence[AnyOperation]) -> None:
        send(layer, 2)
        layer._execute([Acknowledge(reader.name, 1), Take(["jobs"], [1], reader.name, 2)])

    Between(reader).before[CloseReader] = take_late
    reader.close()
    with closing(layer.reader(["jobs"])) as other:
        assert taken(other) == [2]


@pytest.fixture
def expired(layer: BaseChannelLayer) -> Any:
    """A reader whose lease has expired."""
    reader = layer.reader(["jobs"])
    layer.renew_leases([reader.name])
    layer._execute([Expire(reader.name)])
    return reader


def test_a_message_is_not_taken_by_a_reader_that_was_looked_after_and_is_killed_then(
    layer: BaseChannelLayer, expired: Any
) -> None:
    """Its wait ends between two steps of the reaper."""
    send(layer, 1)
    Between(layer._reaper).after[Seize] = lambda operations: taken(expired)
    layer.reap()
    with closing(layer.reader(["jobs"])) as other:
        assert taken(other) == [1]


def test_a_reaper_that_was_stopped_takes_nothing_from_a_worker_that_goes_on(
    layer: BaseChannelLayer, expired: Any
) -> None:
    layer.reap()
    send(layer, 1)
    assert layer.renew_leases([expired.name]).held == set()
    assert taken(expired) == []
    with closing(layer.reader(["jobs"])) as follower:
        assert layer.renew_leases([follower.name]).held == {follower.name}
        assert taken(follower) == [1]
        layer._execute([Seize(expired.name)])  # of the first reaper, which goes on after its claim has expired
        assert follower.requeue(())
    assert layer.channel_statistics("jobs")["messages_lost_count"] == 0


def test_the_batch_of_a_worker_that_fails_while_the_store_is_unavailable_is_counted_or_requeued(
    layer: BaseChannelLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(envelope: Envelope) -> None:
        raise ZeroDivisionError

    worker = Worker(layer, Router([route("jobs", fail)]), signal_handlers=False)
    monkeypatch.setattr(worker._runner, "run", fail)
    worker._batching.limits["jobs"] = 2
    send(layer, 1, 2)
    Between(layer._reaper).before[Requeue] = unanswered
    with pytest.raises(ZeroDivisionError):
        worker.run()
    assert layer.channel_statistics("jobs")["messages_lost_count"] == 1
    with closing(layer.reader(["jobs"])) as other:
        assert taken(other) == [2]


@pytest.fixture
def putting_off(layer: BaseChannelLayer) -> Worker:
    """A worker that has taken a message and has run its consumer, which raised ConsumeLater."""

    def consumer(message: Message) -> None:
        raise ConsumeLater

    worker = Worker(layer, Router([route("jobs", consumer)]), signal_handlers=False)
    send(layer, 1)
    worker.run_batch(0)
    return worker


def test_a_message_that_is_to_run_again_is_not_counted_as_lost_when_its_worker_is_killed(
    layer: BaseChannelLayer, putting_off: Worker
) -> None:
    Between(putting_off._reader).before[Take] = unanswered  # the second write
    putting_off.run_batch(0)
    layer.lose(putting_off.in_flight.name, 1, [], [])
    assert layer.channel_statistics("jobs")["messages_lost_count"] == 0
    with closing(layer.reader(["jobs"])) as other:
        assert taken(other) == [1]


def test_a_message_that_was_counted_as_lost_does_not_run_again(
    layer: BaseChannelLayer, putting_off: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    layer.lose(putting_off.in_flight.name, 1, [], [])
    putting_off.run_batch(0)
    assert layer.channel_statistics("jobs")["messages_lost_count"] == 1
    assert "was counted as lost" in caplog.text
    with closing(layer.reader(["jobs"])) as other:
        assert taken(other) == []


def taken(reader: Any) -> list[int]:
    """Take a batch; return the numbers of its messages."""
    return [item.envelope.content["n"] for item in reader.exchange([], {"jobs": 4}).taken]
