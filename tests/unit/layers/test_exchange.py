"""The reader's exchange when the store fails or is full: what is kept, what is dropped, what is said."""

import logging
from collections.abc import Sequence

import pytest

from towpath.layers import exchange
from towpath.layers.capacity import Capacities
from towpath.layers.contract import Envelope, Settlement
from towpath.layers.entries import HEADER, EntryCodec, Kind
from towpath.layers.errors import LayerUnavailable, PartlyRefused
from towpath.layers.exchange import BaseReader, Waiting
from towpath.layers.operations.in_flight import Acknowledge, BatchId, CloseReader, Record, Register, Requeue, Source
from towpath.layers.operations.inboxes import PushInbox
from towpath.layers.operations.leases import ReleaseLease
from towpath.layers.operations.operation import AnyOperation
from towpath.layers.operations.queues import UNLIMITED, Batch, Count, Postpone, Push, PushNumber, Take
from towpath.layers.sending import Sender

codec = EntryCodec()
OWN = "interface.x!me"


class ScriptedReader(BaseReader):
    """A reader whose store does what the test says, and records what it was asked."""

    def __init__(self, *channels: str) -> None:
        super().__init__(channels, codec, Sender(codec, Capacities(100)))
        self.is_away = False
        self.is_full = False
        self.is_out_of_memory = False
        #: How many lists of operations are executed before the store goes away; 0 or less: it stays.
        self.away_after = 0
        #: Operations that it refuses for ever.
        self.refused: tuple[type, ...] = ()
        self.batches: list[Batch] = []
        #: What the store says is in flight.
        self.record: Record | None = None
        self.executed: list[AnyOperation] = []
        #: All that was asked for, answered or not.
        self.asked: list[AnyOperation] = []
        #: What each list of operations was to be followed by.
        self.waits: list[Waiting | None] = []

    def wake(self) -> None:
        pass

    def _execute(self, operations: Sequence[AnyOperation], then: Waiting | None = None) -> Sequence[object]:
        self.waits.append(then)
        self.asked += operations
        if self.is_away:
            raise LayerUnavailable("away")
        self.away_after -= 1
        self.is_away = self.away_after == 0
        results = [self._answer(operation) for operation in operations]
        if self.is_out_of_memory and any(isinstance(operation, PushInbox) for operation in operations):
            refused = [isinstance(operation, PushInbox) for operation in operations]
            kept = [None if is_refused else result for is_refused, result in zip(refused, results, strict=True)]
            raise PartlyRefused("out of memory", kept, is_clean=True)
        if any(isinstance(operation, self.refused) for operation in operations):
            pairs = zip(operations, results, strict=True)
            kept = [None if isinstance(operation, self.refused) else result for operation, result in pairs]
            raise PartlyRefused("moved", kept)
        self.executed += [operation for operation in operations if not isinstance(operation, Register)]
        return results

    def _answer(self, operation: AnyOperation) -> object:
        match operation:
            case Push(bodies=bodies):
                return 0 if self.is_full else len(bodies)
            case PushInbox():
                return 0
            case Take():
                return self.batches.pop(0) if self.batches else None
            case CloseReader(number=number):
                return self.record if self.record is not None and self.record.number > number else None
            case Postpone():
                return True
            case Requeue():
                self.record = None
                return True
        return None

    def _waited(self) -> Batch | None:
        return self.batches.pop(0) if self.batches else None


def settled(reader: ScriptedReader) -> list[bytes]:
    return [entry for push in reader.executed if isinstance(push, PushInbox) for entry in push.entries]


def counted(reader: ScriptedReader) -> list[tuple[str, str, int]]:
    return [
        (operation.channel, operation.counter, operation.amount)
        for operation in reader.executed
        if isinstance(operation, Count)
    ]


def test_what_is_owed_and_the_next_take_are_one_step() -> None:
    reader = ScriptedReader("a")
    reader.exchange([Settlement([Envelope(OWN, {})], OWN, 1)], {"a": 4})
    assert [type(operation) for operation in reader.executed] == [PushInbox, Take]


def test_settlements_are_kept_while_the_store_is_unavailable_and_written_by_the_next_exchange() -> None:
    reader = ScriptedReader("a")
    reader.is_away = True
    with pytest.raises(LayerUnavailable):
        reader.exchange([Settlement([Envelope(OWN, {"n": 1})], OWN, 1)], {"a": 1})
    with pytest.raises(LayerUnavailable):
        reader.exchange([Settlement([], OWN, 2)], {"a": 1})
    reader.is_away = False
    reader.exchange([], {"a": 1})
    assert settled(reader) == [codec.settled("me", 1, [{"n": 1}], None), codec.settled("me", 2, [], None)]
    reader.exchange([], {})
    assert len(settled(reader)) == 2


def test_everything_that_is_owed_is_written_once_after_the_first_step_failed() -> None:
    reader = ScriptedReader("a")
    reader.is_away = True
    with pytest.raises(LayerUnavailable):
        reader.exchange([Settlement([Envelope("work", {}), Envelope(OWN, {"n": 1})], OWN, 1)], {})
    reader.is_away = False
    reader.close()
    assert settled(reader) == [codec.settled("me", 1, [{"n": 1}], None)]
    assert [push.bodies for push in reader.executed if isinstance(push, Push)] == [
        [codec.queue_body(Envelope("work", {}))]
    ]


def test_plans_whose_first_step_failed_in_turn_are_written_in_their_order() -> None:
    reader = ScriptedReader("a")
    reader.is_away = True
    for number in (1, 2, 3):
        with pytest.raises(LayerUnavailable):
            reader.exchange([Settlement([Envelope("work", {"n": number})], OWN, number)], {})
    reader.is_away = False
    reader.exchange([], {})
    pushed = [body for push in reader.executed if isinstance(push, Push) for body in push.bodies]
    assert pushed == [codec.queue_body(Envelope("work", {"n": number})) for number in (1, 2, 3)]
    assert settled(reader) == [codec.settled("me", number, [], None) for number in (1, 2, 3)]


def test_a_push_that_was_not_answered_is_asked_for_again_with_its_number() -> None:
    reader = ScriptedReader("a")
    for is_away in (True, True, False):
        reader.is_away = is_away
        try:
            reader.exchange([Settlement([Envelope("work", {})])] if not reader.asked else [], {})
        except LayerUnavailable:
            pass
    reader.exchange([Settlement([Envelope("work", {})])], {})
    numbers = [operation.number for operation in reader.asked if isinstance(operation, Push)]
    assert numbers == [PushNumber(reader.name, 1)] * 3 + [PushNumber(reader.name, 2)]


def test_deliveries_that_were_not_answered_are_written_again_as_they_were() -> None:
    reader = ScriptedReader("a")
    reader.is_away = True
    with pytest.raises(LayerUnavailable):
        reader.exchange([Settlement([Envelope("interface.y!other", {})]), Settlement([], OWN, 1)], {})
    reader.is_away = False
    reader.exchange([], {})
    assert [entry[:1] for entry in settled(reader)] == [Kind.DELIVERY, Kind.SETTLED]
    assert settled(reader) == [
        entry for push in reader.asked[:4] if isinstance(push, PushInbox) for entry in push.entries
    ]


def test_a_message_that_is_to_run_again_is_never_refused() -> None:
    reader = ScriptedReader("a")
    reader.exchange([Settlement(again=Envelope("a", {"n": 1}, 3, b"state"))], {})
    push = reader.executed[0]
    assert isinstance(push, Push)
    assert (push.capacity, push.bodies) == (UNLIMITED, [codec.queue_body(Envelope("a", {"n": 1}, 3, b"state"))])


def to_run_again(reader: ScriptedReader) -> Settlement:
    return Settlement(again=Envelope("a", {"n": 1}), replaces=Source(BatchId(reader.name, 1), b"raw"))


def test_a_message_in_flight_that_is_to_run_again_is_postponed_before_its_batch_is_settled() -> None:
    reader = ScriptedReader("a")
    reader.number = 1
    reader.exchange([to_run_again(reader), Settlement([], OWN, 1)], {"a": 1})
    assert [type(operation) for operation in reader.executed] == [Postpone, PushInbox, Take]


def test_a_message_that_cannot_be_postponed_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "INSIST_SECONDS", 0.0)
    reader = ScriptedReader("a")
    reader.refused = (Postpone,)
    reader.exchange([to_run_again(reader)], {})
    assert counted(reader) == [("a", "dropped", 1)]


def test_messages_are_requeued_after_what_is_to_run_again_has_left_their_batch() -> None:
    reader = ScriptedReader("a")
    raws = [HEADER.pack(99.0, 159.0) + codec.queue_body(Envelope("a", {"n": n})) for n in range(2)]
    reader.batches = [Batch("a", 100.0, raws)]
    taken = reader.exchange([], {"a": 2}).taken
    reader.is_away = True
    with pytest.raises(LayerUnavailable):
        reader.exchange([to_run_again(reader)], {})
    with pytest.raises(LayerUnavailable):
        reader.requeue(taken[1:])
    reader.is_away = False
    reader.exchange([], {"a": 1})
    assert [type(operation) for operation in reader.executed[1:]] == [Postpone, Requeue, Take]


def test_a_send_and_a_message_that_is_to_run_again_on_one_channel_have_numbers_of_their_own() -> None:
    reader = ScriptedReader("a")
    reader.exchange([Settlement([Envelope("a", {"n": 1})], again=Envelope("a", {"n": 2}))], {})
    numbers = [operation.number for operation in reader.executed if isinstance(operation, Push)]
    assert len(set(numbers)) == 2


def test_a_held_send_to_a_channel_that_stays_full_is_dropped_counted_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(exchange, "INSIST_SECONDS", 0.0)
    reader = ScriptedReader("a")
    reader.is_full = True
    with caplog.at_level(logging.ERROR):
        reader.exchange([Settlement([Envelope("work", {}), Envelope(OWN, {})], OWN, 1)], {})
    assert counted(reader) == [("work", "dropped", 1)]
    assert settled(reader) == [codec.settled("me", 1, [{}], None)]
    assert "channel 'work' stayed full" in caplog.text


def test_a_settlement_is_kept_when_the_store_goes_while_a_full_channel_is_tried_again() -> None:
    reader = ScriptedReader("a")
    reader.is_full = True
    reader.away_after = 1
    with pytest.raises(LayerUnavailable):
        reader.exchange([Settlement([Envelope("work", {})], OWN, 1)], {})
    reader.is_away = False
    reader.exchange([], {})
    assert settled(reader) == [codec.settled("me", 1, [], None)]


def batch_in_flight(reader: ScriptedReader) -> bytes:
    """Let the store give a batch while it refuses a settlement; return the entry that is in flight then."""
    raw = HEADER.pack(99.0, 159.0) + codec.queue_body(Envelope("a", {"n": 1}))
    reader.batches = [Batch("a", 100.0, [raw])]
    reader.is_out_of_memory = True
    with pytest.raises(LayerUnavailable):
        reader.exchange([Settlement([], OWN, 1)], {"a": 1})
    reader.is_out_of_memory = False
    return raw


def test_a_batch_that_was_taken_while_a_settlement_was_refused_is_asked_for_again() -> None:
    reader = ScriptedReader("a")
    raw = batch_in_flight(reader)
    reader.batches = [Batch("a", 100.0, [raw])]
    assert [item.raw for item in reader.exchange([], {"a": 1}).taken] == [raw]
    reader.exchange([], {"a": 1})
    assert [operation.number for operation in reader.asked if isinstance(operation, Take)] == [1, 1, 2]
    assert settled(reader) == [codec.settled("me", 1, [], None)]


def test_a_batch_that_was_not_returned_is_requeued_when_the_reader_closes() -> None:
    reader = ScriptedReader("a")
    raw = batch_in_flight(reader)
    reader.record = Record("a", [raw], 1)
    reader.close()
    close = CloseReader(reader.name, 0)
    ends = [close, Requeue(reader.name, 1, "a", [raw]), close, ReleaseLease(reader.name)]
    assert reader.executed[-4:] == ends
    assert list(map(type, reader.executed[-4:])) == list(map(type, ends))  # tuples of one shape are equal


def test_a_batch_that_was_returned_is_not_requeued_when_the_reader_closes() -> None:
    reader = ScriptedReader("a")
    raw = batch_in_flight(reader)
    reader.batches = [Batch("a", 100.0, [raw])]
    assert len(reader.exchange([], {"a": 1}).taken) == 1
    reader.record = Record("a", [raw], 1)
    reader.close()
    assert not any(isinstance(operation, Requeue) for operation in reader.executed)


def test_what_was_too_old_is_counted_when_the_reader_closes() -> None:
    reader = ScriptedReader("a")
    reader.batches = [Batch("a", 100.0, [HEADER.pack(30.0, 90.0) + codec.queue_body(Envelope("a", {}))])]
    reader.exchange([], {"a": 4})
    reader.close()
    assert counted(reader) == [("a", "expired", 1)]


def test_what_is_too_old_is_reported_apart_and_counted_with_the_next_exchange() -> None:
    reader = ScriptedReader("a")
    body = codec.queue_body(Envelope("a", {"n": 1}, 5))
    reader.batches = [Batch("a", 100.0, [HEADER.pack(30.0, 90.0) + body, HEADER.pack(99.0, 159.0) + body])]
    received = reader.exchange([], {"a": 4})
    assert [len(received.taken), len(received.expired)] == [1, 1]
    assert received.expired[0].envelope.turn == 5
    reader.exchange([], {})
    assert counted(reader) == [("a", "expired", 1)]


def test_a_damaged_entry_is_skipped_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    reader = ScriptedReader("a")
    good = HEADER.pack(99.0, 159.0) + codec.queue_body(Envelope("a", {}))
    reader.batches = [Batch("a", 100.0, [b"", b"junk", good[:18], HEADER.pack(1.0, 2e9) + b"\x93\xc0\xc0\xc0", good])]
    with caplog.at_level(logging.WARNING):
        assert len(reader.exchange([], {"a": 8}).taken) == 1
    reader.exchange([], {})
    assert counted(reader) == [("a", "undecodable", 4)]
    assert "Skipped an entry of channel 'a'" in caplog.text


def test_messages_are_requeued_in_their_order() -> None:
    reader = ScriptedReader("a")
    raws = [HEADER.pack(99.0, 159.0) + codec.queue_body(Envelope("a", {"n": n})) for n in range(3)]
    reader.batches = [Batch("a", 100.0, raws)]
    assert reader.requeue(reader.exchange([], {"a": 3}).taken[1:])
    assert reader.executed[-1] == Requeue(reader.name, 1, "a", raws[1:])


def test_messages_whose_requeueing_was_not_answered_are_requeued_by_the_next_exchange() -> None:
    reader = ScriptedReader("a")
    raw = HEADER.pack(99.0, 159.0) + codec.queue_body(Envelope("a", {}))
    reader.batches = [Batch("a", 100.0, [raw])]
    taken = reader.exchange([], {"a": 1}).taken
    reader.is_away = True
    with pytest.raises(LayerUnavailable):
        reader.requeue(taken)
    reader.is_away = False
    reader.exchange([], {"a": 1})
    assert reader.executed[-2] == Requeue(reader.name, 1, "a", [raw])
    assert isinstance(reader.executed[-1], Take)


def test_a_requeue_that_was_executed_is_not_repeated_because_a_settlement_before_it_was_refused() -> None:
    reader = ScriptedReader("a")
    reader.batches = [Batch("a", 100.0, [HEADER.pack(99.0, 159.0) + codec.queue_body(Envelope("a", {}))])]
    taken = reader.exchange([], {"a": 1}).taken
    reader.is_out_of_memory = True
    with pytest.raises(PartlyRefused):
        reader.exchange([Settlement([], OWN, 1)], {})
    assert reader.requeue(taken)
    reader.is_out_of_memory = False
    reader.exchange([], {})
    assert sum(isinstance(operation, Requeue) for operation in reader.asked) == 1
    assert settled(reader) == [codec.settled("me", 1, [], None)]


def test_the_channel_that_gave_a_batch_is_asked_last() -> None:
    reader = ScriptedReader("a", "b", "c")
    reader.batches = [Batch(channel, 0.0, []) for channel in ("a", "b", "a", "c")]
    for _ in range(5):
        reader.exchange([], {"a": 1, "b": 1, "c": 1})
    takes = [operation.channels for operation in reader.executed if isinstance(operation, Take)]
    assert [take[-1] for take in takes[1:]] == ["a", "b", "a", "c"]
    assert takes[-1] == ("b", "a", "c")


def batch_of(number: int) -> Batch:
    return Batch("a", 0.0, [HEADER.pack(0.0, 60.0) + codec.queue_body(Envelope("a", {"n": n})) for n in range(number)])


def test_while_messages_come_one_at_a_time_what_is_owed_and_the_wait_are_one_step() -> None:
    reader = ScriptedReader("a")
    reader.batches = [batch_of(1), batch_of(1)]
    for _ in range(2):
        reader.exchange([Settlement([], OWN, 1)], {"a": 8}, 5)
    assert [wait is not None and wait.seconds for wait in reader.waits] == [5, 5]
    assert [type(operation) for operation in reader.executed] == [PushInbox, PushInbox]
    assert [operation.settles for operation in reader.executed] == [BatchId(reader.name, 0), BatchId(reader.name, 1)]


def test_after_more_than_one_message_a_take_goes_before_the_wait() -> None:
    reader = ScriptedReader("a")
    reader.batches = [batch_of(2)]
    reader.exchange([], {"a": 8}, 5)
    reader.waits.clear()
    reader.executed.clear()
    reader.exchange([Settlement([], OWN, 1)], {"a": 8}, 5)
    assert [wait is None for wait in reader.waits] == [True, False]
    assert [type(operation) for operation in reader.executed] == [PushInbox, Take]
    assert reader.executed[0].settles == BatchId(reader.name, 1)  # type: ignore[union-attr]


def test_a_wait_settles_the_last_batch_with_the_last_entries_or_by_itself() -> None:
    reader = ScriptedReader("a")
    reader.exchange([], {"a": 8}, 5)
    assert reader.executed == []
    reader.batches = [batch_of(1)]
    reader.exchange([], {"a": 8}, 5)
    settlements = [Settlement([Envelope(f"interface.{inbox}!me", {})]) for inbox in "xy"]
    reader.exchange(settlements, {"a": 8}, 5)
    assert [operation.settles for operation in reader.executed if isinstance(operation, PushInbox)] == [
        None,
        BatchId(reader.name, 1),
    ]
    reader.exchange([], {"a": 8}, 5)
    assert reader.executed[-1] == Acknowledge(reader.name, 1)


def test_an_exchange_that_may_not_wait_does_not() -> None:
    reader = ScriptedReader("a")
    reader.exchange([], {"a": 8})
    assert reader.waits == [None]
