"""Operations that are executed once however often they are asked for, on both stores: twice, late, and out of turn.

Each test repeats what a process does after an answer was lost, or what the store does with a write that it finds late.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest

from towpath.layers.base import BaseChannelLayer
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.operations.delays import CountDelayed, Delay
from towpath.layers.operations.in_flight import (
    Acknowledge,
    BatchId,
    CloseReader,
    CountLost,
    InFlight,
    Outstanding,
    Record,
    Register,
    Requeue,
    Seize,
    Source,
)
from towpath.layers.operations.inboxes import PushInbox
from towpath.layers.operations.operation import AnyOperation
from towpath.layers.operations.queues import (
    ENDED,
    FENCED,
    Batch,
    ChannelState,
    Count,
    Fence,
    Postpone,
    Push,
    PushNumber,
    Statistics,
    Take,
)
from towpath.layers.operations.wills import PushWills, ReadWills, StoredWill, WillPage
from towpath.layers.redis import RedisChannelLayer

Do = Callable[[AnyOperation], object]


@pytest.fixture(params=["memory", "redis"])
def do(request: pytest.FixtureRequest, redis_url: str) -> Iterator[Do]:
    """Execute one operation."""
    layer: BaseChannelLayer
    layer = MemoryChannelLayer() if request.param == "memory" else RedisChannelLayer(hosts=[redis_url], prefix="once:")
    with closing(layer):
        layer.flush()
        yield lambda operation: layer._execute([operation])[0]
        layer.flush()


def push(number: int, *bodies: bytes, capacity: int = 10) -> Push:
    return Push("a", bodies, capacity, PushNumber("in!", number))


def take(number: int, reader: str = "reader", count: int = 1) -> Take:
    return Take(["empty", "a"], [1, count], reader, number)


def bodies(found: object) -> list[bytes]:
    """Return the bodies of a batch or record."""
    assert found is None or isinstance(found, Batch | Record)
    return [entry[16:] for entry in found.entries] if found is not None else []


def queued(do: Do) -> list[bytes]:
    """Return the bodies that wait in the queue."""
    records = do(Outstanding(["a"]))
    assert isinstance(records, list)
    return [body for record in records if not record.number for body in bodies(record)]


def entries(found: object) -> Sequence[bytes]:
    assert isinstance(found, Batch | Record)
    return found.entries


def counted(do: Do, counter: str) -> int:
    state = do(Statistics("a"))
    assert isinstance(state, ChannelState)
    return state.counters.get(counter, 0)


def test_a_push_is_executed_once_and_its_result_is_known_again(do: Do) -> None:
    assert do(push(1, b"1", b"2", b"3", capacity=2)) == 2
    assert do(push(1, b"1", b"2", b"3", capacity=9)) == 2
    assert queued(do) == [b"1", b"2"]
    assert counted(do, "sent") == 2


def test_a_push_that_is_executed_late_changes_nothing(do: Do) -> None:
    do(push(1, b"1"))
    do(push(2, b"2"))
    do(push(1, b"1"))
    assert queued(do) == [b"1", b"2"]


def test_numbers_of_channels_and_writers_are_apart(do: Do) -> None:
    do(push(5, b"1"))
    assert do(Push("a", [b"2"], 10, PushNumber("other!", 1))) == 1
    assert do(Push("b", [b"3"], 10, PushNumber("in!", 5))) == 1
    assert queued(do) == [b"1", b"2"]


def test_a_push_without_a_number_is_executed_each_time(do: Do) -> None:
    for _ in range(2):
        assert do(Push("a", [b"1"], 10)) == 1
    assert queued(do) == [b"1", b"1"]


def test_pushes_of_a_fenced_writer_are_refused(do: Do) -> None:
    do(push(1, b"1"))
    do(Fence("in!"))
    assert [do(push(number, b"2")) for number in (1, 2)] == [FENCED, FENCED]
    assert queued(do) == [b"1"]


def test_a_counter_is_added_to_once(do: Do) -> None:
    for number in (1, 1, 2, 1):
        do(Count("a", "dropped", 3, PushNumber("reader", number)))
    assert counted(do, "dropped") == 6


def test_a_batch_is_taken_once_and_is_known_again(do: Do) -> None:
    do(push(1, b"1", b"2"))
    assert [bodies(do(take(1))) for _ in range(2)] == [[b"1"], [b"1"]]
    assert queued(do) == [b"2"]
    do(Acknowledge("reader", 1))
    assert bodies(do(take(2))) == [b"2"]


def test_a_batch_is_known_again_when_other_channels_are_asked(do: Do) -> None:
    do(push(1, b"1"))
    do(take(1))
    again = do(Take(["b"], [1], "reader", 1))
    assert isinstance(again, Batch)
    assert (again.channel, bodies(again)) == ("a", [b"1"])


def test_a_take_that_is_executed_late_takes_nothing(do: Do) -> None:
    do(push(1, b"1", b"2", b"3"))
    for number in (1, 2):
        do(Acknowledge("reader", number - 1))
        do(take(number))
    do(take(1))
    assert bodies(do(InFlight("reader"))) == [b"2"]
    do(Acknowledge("reader", 2))
    do(take(2))
    assert queued(do) == [b"3"]


def test_a_take_that_is_executed_late_after_an_empty_one_is_found_by_the_next(do: Do) -> None:
    do(push(1, b"1"))
    do(take(1))
    do(Acknowledge("reader", 1))
    assert do(take(2)) is None
    do(push(2, b"2"))
    do(take(2))  # of a connection that is gone
    assert bodies(do(take(2))) == [b"2"]


def test_nothing_is_taken_while_the_batch_before_is_not_settled(do: Do) -> None:
    do(push(1, b"1", b"2"))
    do(take(1))
    assert do(take(2)) is None
    assert bodies(do(InFlight("reader"))) == [b"1"]
    do(PushInbox("out!", [], 10, BatchId("reader", 1)))
    assert bodies(do(take(2))) == [b"2"]


@pytest.mark.parametrize("settle", [Acknowledge("reader", 2), PushInbox("out!", [b"S"], 10, BatchId("reader", 2))])
def test_a_batch_that_older_data_brings_back_is_settled_with_a_later_one(do: Do, settle: AnyOperation) -> None:
    """Redis may come back as it was before batch 1 was settled and batch 2 was taken."""
    do(push(1, b"1", b"2"))
    do(take(1))
    do(settle)
    assert bodies(do(take(3))) == [b"2"]


def test_a_batch_is_requeued_once(do: Do) -> None:
    do(push(1, b"1", b"2", b"3"))
    requeue = Requeue("reader", 1, "a", entries(do(take(1, count=2))))
    assert [do(requeue) for _ in range(2)] == [True, False]
    assert queued(do) == [b"1", b"2", b"3"]
    assert do(Seize("reader")) is None


def test_a_batch_that_was_settled_or_taken_away_is_not_requeued(do: Do) -> None:
    do(push(1, b"1", b"2", b"3"))
    first = entries(do(take(1)))
    do(Acknowledge("reader", 1))
    second = entries(do(take(2)))
    assert do(Requeue("reader", 1, "a", first)) is False
    do(Acknowledge("reader", 2))
    assert do(Requeue("reader", 2, "a", second)) is False
    third = entries(do(take(3)))
    assert bodies(do(Seize("reader"))) == [b"3"]
    assert do(Requeue("reader", 3, "a", third)) is False
    assert queued(do) == []


def test_a_part_of_a_batch_is_requeued_once_while_another_stays(do: Do) -> None:
    do(push(1, b"1", b"2", b"3"))
    batch = entries(do(take(1, count=3)))
    requeue = Requeue("reader", 1, "a", batch[2:], stay=batch[1:2])
    assert [do(requeue) for _ in range(2)] == [True, False]
    assert queued(do) == [b"3"]
    assert bodies(do(Seize("reader"))) == [b"2"]


def postpone(number: int, raw: bytes, body: bytes = b"again", batch: int = 1) -> Postpone:
    return Postpone(Source(BatchId("reader", batch), raw), "a", body, PushNumber("reader", number))


def test_a_message_is_postponed_once_and_the_rest_of_its_batch_stays_in_flight(do: Do) -> None:
    do(push(1, b"1", b"2", b"3"))
    batch = entries(do(take(1, count=2)))
    for _ in range(2):
        assert do(postpone(1, batch[0])) is True
        assert queued(do) == [b"3", b"again"]
        assert bodies(do(InFlight("reader"))) == [b"2"]
    assert do(postpone(2, batch[1], b"2 again")) is True
    assert queued(do) == [b"3", b"again", b"2 again"]
    assert do(Seize("reader")) is None
    assert counted(do, "sent") == 5


def test_a_message_that_was_settled_or_counted_as_lost_is_not_postponed(do: Do) -> None:
    do(push(1, b"1", b"2"))
    (first,) = entries(do(take(1)))
    do(Acknowledge("reader", 1))
    assert do(postpone(1, first)) is False
    (second,) = entries(do(take(2)))
    assert do(postpone(2, first, batch=2)) is False
    do(Seize("reader"))
    assert do(postpone(3, second, batch=2)) is False
    assert queued(do) == []


def test_what_is_in_flight_is_seized_and_counted_once(do: Do) -> None:
    do(push(1, b"1", b"2"))
    do(take(1))
    assert [bodies(do(Seize("reader"))) for _ in range(2)] == [[b"1"], [b"1"]]
    for _ in range(2):
        do(CountLost("reader", "a", 1))
    assert counted(do, "lost") == 1
    assert do(Seize("reader")) is None


@pytest.mark.parametrize("is_in_flight", [False, True])
def test_nothing_is_taken_under_the_name_of_a_reader_that_was_seized(do: Do, is_in_flight: bool) -> None:
    do(push(1, b"1", b"2"))
    if is_in_flight:
        do(take(1))
    do(Seize("reader"))
    assert [do(take(number)) for number in (1, 2, 3)] == [ENDED] * 3
    assert do(Seize("reader")) == do(Seize("reader"))
    do(CountLost("reader", "a", 1))
    do(Seize("reader"))  # of another reaper, late
    assert do(take(2)) == ENDED
    assert queued(do)[-1] == b"2"
    assert counted(do, "lost") == is_in_flight


def test_a_message_is_outstanding_until_it_is_settled_or_counted(do: Do) -> None:
    def found() -> list[tuple[int, list[bytes]]]:
        records = do(Outstanding(["a"]))
        assert isinstance(records, list)
        return [(record.number, bodies(record)) for record in records]

    do(Register("reader"))
    do(push(1, b"1", b"2"))
    assert found() == [(0, [b"1", b"2"])]
    do(take(1))
    assert found() == [(0, [b"2"]), (1, [b"1"])]
    do(Seize("reader"))
    assert found() == [(0, [b"2"]), (1, [b"1"])]
    do(CountLost("reader", "a", 1))
    assert found() == [(0, [b"2"])]
    do(Take(["a"], [1], "other", 1))
    do(Acknowledge("other", 1))
    assert found() == []


def test_a_take_of_a_closed_reader_finds_nothing(do: Do) -> None:
    do(push(1, b"1"))
    assert do(CloseReader("reader", 0)) is None
    assert do(take(1)) == ENDED
    assert queued(do) == [b"1"]


def test_a_batch_that_a_reader_has_not_seen_is_not_forgotten_when_it_closes(do: Do) -> None:
    do(push(1, b"1", b"2", b"3"))
    do(take(1))
    do(Acknowledge("reader", 1))
    unseen = do(take(2))
    assert [bodies(do(CloseReader("reader", 1))) for _ in range(2)] == [[b"2"], [b"2"]]
    assert do(Requeue("reader", 2, "a", entries(unseen))) is True
    assert do(CloseReader("reader", 1)) is None
    assert do(take(3)) == ENDED
    assert queued(do) == [b"2", b"3"]


def test_a_batch_that_a_reader_has_seen_is_forgotten_when_it_closes(do: Do) -> None:
    do(push(1, b"1", b"2"))
    do(take(1))
    assert do(CloseReader("reader", 1)) is None
    assert do(Seize("reader")) is None
    assert do(take(2)) == ENDED
    assert queued(do) == [b"2"]


def registered(do: Do) -> dict[str, bytes]:
    """Return the wills of an inbox."""
    page = do(ReadWills("in!", 0, 10))
    assert isinstance(page, WillPage)
    return {stored.local: stored.will for stored in page.wills}


def test_a_will_is_registered_with_the_first_event_and_published_once(do: Do) -> None:
    first = Push("a", [b"1", b"2", b"3"], 2, PushNumber("in!", 1), [(local, local.encode()) for local in "xyz"])
    assert do(first) == 2
    assert registered(do) == {"x": b"x", "y": b"y"}
    last = Push("d", [b"4", b"5"], 1, PushNumber("in!", 2), [("x", b""), ("y", b"")])
    assert do(last) == 1
    assert registered(do) == {"y": b"y"}
    do(first)
    assert registered(do) == {"y": b"y"}
    wills = PushWills("in!", "a", [("x", b"x gone"), ("y", b"y gone")], 10)
    assert [do(wills) for _ in range(2)] == [2, 2]
    assert registered(do) == {}
    assert queued(do) == [b"1", b"2", b"y gone"]


def test_events_of_one_push_register_wills_take_them_away_and_do_neither(do: Do) -> None:
    do(Push("a", [b"1", b"2"], 10, PushNumber("in!", 1), [("x", b"x"), ("y", b"y")]))
    mixed = Push("a", [b"3", b"4", b"5"], 10, PushNumber("in!", 2), [("z", b"z"), ("", b""), ("x", b"")])
    assert [do(mixed) for _ in range(2)] == [3, 3]
    assert registered(do) == {"y": b"y", "z": b"z"}
    assert queued(do) == [b"1", b"2", b"3", b"4", b"5"]


def test_a_will_waits_for_room(do: Do) -> None:
    do(Push("a", [b"1"], 10, PushNumber("in!", 1), [("x", b"x")]))
    assert do(PushWills("in!", "a", [("x", b"gone")], 1)) == 0
    page = do(ReadWills("in!", 0, 10))
    assert isinstance(page, WillPage)
    assert page.wills == [StoredWill("x", b"x", None)]


def test_a_delay_that_a_batch_asks_for_is_kept_once(do: Do) -> None:
    do(push(1, b"1"))
    do(take(1))
    for unique in (b"unique bytes", b"others of it"):
        assert do(Delay("target", unique + b"!", 60, 10, BatchId("reader", 1))) is True
    assert do(CountDelayed("target")) == 1
    assert do(Seize("reader")) is None
