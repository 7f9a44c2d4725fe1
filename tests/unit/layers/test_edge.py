"""The edge between an event loop and a store: what is sent, renewed, announced and taken away."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from towpath.layers import edge as edge_module
from towpath.layers.capacity import Capacities
from towpath.layers.contract import Envelope, Will
from towpath.layers.edge import BaseEdge
from towpath.layers.entries import EntryCodec
from towpath.layers.errors import LayerUnavailable, PartlyRefused
from towpath.layers.history.positions import Position
from towpath.layers.operations.groups import RENEW_SECONDS, Join, Leave, Renew
from towpath.layers.operations.history import ReadHistory
from towpath.layers.operations.inboxes import CloseInbox
from towpath.layers.operations.leases import Expire, Lease, LeaseState, ReleaseLease
from towpath.layers.operations.operation import AnyOperation
from towpath.layers.operations.queues import FENCED, Fence, Push, PushNumber
from towpath.layers.operations.wills import AddWills, ForgetWills

codec = EntryCodec()


class ScriptedEdge(BaseEdge):
    """An edge whose store does what the test says, and records what it was asked."""

    def __init__(self) -> None:
        super().__init__(codec, Capacities(2, {}))
        self.entries: list[bytes] = []
        self.executed: list[AnyOperation] = []
        self.is_known = True
        #: An inbox whose lease has expired.
        self.dead = ""
        self.is_away = self.cancels = self.is_full_of_memory = self.is_fenced = False
        #: Groups whose mark the store has forgotten.
        self.forgotten: set[str] = set()

    async def _execute(self, operations: Sequence[AnyOperation]) -> Sequence[object]:
        if self.is_away:
            raise LayerUnavailable("away")
        if self.cancels:
            raise asyncio.CancelledError
        self.executed += operations
        if self.is_full_of_memory:
            raise PartlyRefused("full", [None] * len(operations), is_clean=True)
        return [self._answer(operation) for operation in operations]

    def _answer(self, operation: AnyOperation) -> object:
        if isinstance(operation, Push) and self.is_fenced:
            return FENCED
        if isinstance(operation, Renew) and operation.group in self.forgotten:
            return False
        if isinstance(operation, Push):
            return min(len(operation.bodies), operation.capacity)
        if isinstance(operation, Lease):
            return (
                LeaseState.EXPIRED
                if operation.owner == self.dead
                else LeaseState.HELD
                if self.is_known
                else LeaseState.NEW
            )
        return self.is_known if isinstance(operation, Renew) else None

    async def _read_inbox(self) -> Sequence[bytes]:
        entries, self.entries = self.entries, []
        return entries

    def join(self, group: str, *locals_: str) -> None:
        for local in locals_:
            self.opened(local)
            self.entries.append(codec.join(group, local))
        asyncio.run(self.receive())

    def done(self, kind: type) -> list[AnyOperation]:
        return [operation for operation in self.executed if isinstance(operation, kind)]


#: The will of a connection in these tests.
WILL = Will("last", {"path": "/path/"}, ("first", "more"))


def event(edge: ScriptedEdge, channel: str, local: str, will: Will | None = None) -> Envelope:
    """Return an event of a connection."""
    return Envelope(channel, {"reply_channel": edge.inbox + local}, 1, will=will)


def connect(edge: ScriptedEdge, local: str) -> Envelope:
    """Return the first event of a connection, with its will."""
    return event(edge, "first", local, WILL)


@pytest.fixture
def edge() -> ScriptedEdge:
    return ScriptedEdge()


def test_each_inbox_has_a_name_of_its_own(edge: ScriptedEdge) -> None:
    assert edge.inbox != ScriptedEdge().inbox
    assert edge.inbox.startswith("interface.")
    assert edge.inbox.endswith("!")


def test_a_full_channel_refuses_its_last_messages_and_no_other_channels(edge: ScriptedEdge) -> None:
    envelopes = [Envelope("a", {}), Envelope("b", {}), Envelope("a", {}), Envelope("a", {}), Envelope("b", {})]
    assert asyncio.run(edge.send(envelopes)) == [True, True, True, False, True]


def test_who_closed_is_taken_out_with_the_next_renewal(edge: ScriptedEdge) -> None:
    edge.join("room", "a", "b")
    edge.closed("a")
    asyncio.run(edge.renew())
    assert edge.done(Leave) == [Leave("room", edge.inbox, ["a"])]


def test_leaves_are_not_forgotten_while_the_store_is_unavailable(edge: ScriptedEdge) -> None:
    edge.join("room", "a", "b")
    edge.closed("a")
    edge.is_away = True
    with pytest.raises(LayerUnavailable):
        asyncio.run(edge.renew())
    edge.closed("b")
    edge.is_away = False
    asyncio.run(edge.renew())
    assert edge.done(Leave) == [Leave("room", edge.inbox, ["a", "b"])]


def test_a_join_that_came_too_late_is_undone_in_the_store(edge: ScriptedEdge) -> None:
    edge.entries = [codec.join("room", "gone")]
    asyncio.run(edge.receive())
    asyncio.run(edge.renew())
    assert edge.done(Leave) == [Leave("room", edge.inbox, ["gone"])]


def test_every_mark_is_renewed_once_in_a_round(edge: ScriptedEdge) -> None:
    for number in range(50):
        edge.join(f"room{number}", "a")
    for _ in range(RENEW_SECONDS):
        asyncio.run(edge.renew())
    renewed = [operation.group for operation in edge.done(Renew) if isinstance(operation, Renew)]
    assert set(renewed[:50]) == {f"room{number}" for number in range(50)}
    assert len(renewed) <= 60


def test_a_late_event_loop_renews_more_marks_at_a_time(edge: ScriptedEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(edge_module.time, "monotonic", lambda: now)
    for number in range(200):
        edge.join(f"room{number}", "a")
    asyncio.run(edge.renew())
    assert len(edge.done(Renew)) == 10
    now += 5
    asyncio.run(edge.renew())
    assert len(edge.done(Renew)) == 60


def test_marks_the_store_has_lost_are_announced_again(edge: ScriptedEdge) -> None:
    asyncio.run(edge.open())
    edge.join("room", "a", "b")
    asyncio.run(edge.send([connect(edge, "a")]))
    edge.is_known = False
    edge.executed.clear()
    assert asyncio.run(edge.renew()) is True
    assert edge.done(AddWills)[-1] == AddWills(edge.inbox, {"a": codec.will(WILL)})
    assert edge.done(Join) == [Join("room", edge.inbox, ("a", "b"))]


def test_all_groups_are_announced_when_the_mark_of_one_has_expired(
    edge: ScriptedEdge, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(edge.open())
    for number in range(50):
        edge.join(f"room{number}", "a")
    edge.forgotten = {"room0"}
    with caplog.at_level("WARNING"):
        asyncio.run(edge.renew())
    assert {operation.group for operation in edge.done(Join) if isinstance(operation, Join)} == {
        f"room{number}" for number in range(50)
    }
    assert "announcing 50 groups" in caplog.text


def test_closing_takes_marks_and_inbox_out_of_the_store(edge: ScriptedEdge) -> None:
    edge.join("room", "a")
    asyncio.run(edge.close())
    assert [type(operation) for operation in edge.executed[-5:]] == [
        Leave,
        Fence,
        CloseInbox,
        ForgetWills,
        ReleaseLease,
    ]
    assert edge.executed[-5] == Leave("room", edge.inbox, ("a",))


def test_an_edge_that_closes_with_wills_left_expires(edge: ScriptedEdge) -> None:
    asyncio.run(edge.send([connect(edge, "a")]))
    asyncio.run(edge.close())
    assert [type(operation) for operation in edge.executed[-3:]] == [Fence, CloseInbox, Expire]


def test_an_edge_that_closes_with_an_unanswered_send_expires(edge: ScriptedEdge) -> None:
    edge.is_away = True
    with pytest.raises(LayerUnavailable):
        asyncio.run(edge.send([connect(edge, "a")]))
    edge.is_away = False
    asyncio.run(edge.close())
    assert isinstance(edge.executed[-1], Expire)


def test_an_edge_whose_push_was_refused_as_fenced_leaves_its_wills_to_others(edge: ScriptedEdge) -> None:
    edge.is_away = True
    with pytest.raises(LayerUnavailable):
        asyncio.run(edge.send([connect(edge, "a")]))
    edge.is_away, edge.is_fenced = False, True
    with pytest.raises(PartlyRefused):
        asyncio.run(edge.send([connect(edge, "a")]))
    asyncio.run(edge.close())
    assert isinstance(edge.executed[-1], Expire)


def test_a_will_is_registered_by_the_first_event_and_taken_away_by_one_on_its_channel(edge: ScriptedEdge) -> None:
    asyncio.run(edge.send([connect(edge, "a"), event(edge, "more", "a")]))
    asyncio.run(edge.send([event(edge, "last", "a")]))
    pushes = [operation for operation in edge.executed if isinstance(operation, Push)]
    assert [type(operation) for operation in edge.executed] == [Push] * 3
    assert [push.wills for push in pushes] == [[("a", codec.will(WILL))], (), [("a", b"")]]
    asyncio.run(edge.close())
    assert isinstance(edge.executed[-1], ReleaseLease)


def test_events_with_and_without_wills_share_a_push(edge: ScriptedEdge) -> None:
    asyncio.run(edge.send([event(edge, "first", "plain"), connect(edge, "a")]))
    (push,) = edge.executed
    assert isinstance(push, Push)
    assert push.wills == [("", b""), ("a", codec.will(WILL))]


def test_connections_of_different_protocols_have_wills_on_different_channels(edge: ScriptedEdge) -> None:
    stream = Will("stream.last", {"reason": "expired"}, ("stream.first",))
    asyncio.run(edge.send([connect(edge, "a"), event(edge, "stream.first", "b", stream)]))
    asyncio.run(edge.send([event(edge, "stream.last", "b")]))
    edge.is_known = False
    asyncio.run(edge.open())
    asyncio.run(edge.renew())
    assert edge.done(AddWills)[-1] == AddWills(edge.inbox, {"a": codec.will(WILL)})


def test_a_connection_whose_first_event_is_refused_is_not_announced_again(edge: ScriptedEdge) -> None:
    asyncio.run(edge.open())
    assert asyncio.run(edge.send([connect(edge, local) for local in "abc"])) == [True, True, False]
    edge.is_known = False
    asyncio.run(edge.renew())
    assert edge.done(AddWills)[-1] == AddWills(edge.inbox, dict.fromkeys("ab", codec.will(WILL)))


def test_a_send_that_was_not_answered_keeps_its_number(edge: ScriptedEdge) -> None:
    receive = event(edge, "more", "a")
    edge.is_away = True
    for _ in range(2):
        with pytest.raises(LayerUnavailable) as raised:
            asyncio.run(edge.send([receive]))
        assert not isinstance(raised.value, PartlyRefused)
    edge.is_away = False
    edge.is_full_of_memory = True  # a refusal now does not say that the first one was refused
    with pytest.raises(LayerUnavailable) as raised:
        asyncio.run(edge.send([receive]))
    assert not isinstance(raised.value, PartlyRefused)
    edge.is_full_of_memory = False
    assert asyncio.run(edge.send([receive])) == [True]
    assert asyncio.run(edge.send([receive])) == [True]
    assert [push.number for push in edge.done(Push) if isinstance(push, Push)] == [
        PushNumber(edge.inbox, number) for number in (1, 1, 2)
    ]


def test_a_send_that_is_cancelled_is_not_answered_and_its_wills_are_left_to_others(edge: ScriptedEdge) -> None:
    edge.cancels = True
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(edge.send([connect(edge, "a")]))
    edge.cancels = False
    asyncio.run(edge.close())
    assert isinstance(edge.executed[-1], Expire)


def test_an_edge_whose_pushes_are_refused_for_ever_begins_again(edge: ScriptedEdge) -> None:
    asyncio.run(edge.open())
    before = edge.inbox
    edge.is_fenced = True
    with pytest.raises(PartlyRefused) as refusal:
        asyncio.run(edge.send([connect(edge, "a")]))
    assert (refusal.value.is_clean, list(refusal.value.results)) == (True, [None])
    assert asyncio.run(edge.renew()) is False
    assert edge.inbox != before


def test_an_expired_edge_begins_again_with_another_inbox(edge: ScriptedEdge) -> None:
    asyncio.run(edge.open())
    edge.join("room", "a")
    edge.dead = before = edge.inbox
    assert asyncio.run(edge.renew()) is False
    assert edge.inbox != before
    edge.is_known = False
    edge.executed.clear()
    assert asyncio.run(edge.renew()) is True
    assert edge.done(Join) == []


def test_the_records_of_groups_with_a_history_are_renewed_with_their_marks() -> None:
    edge = ScriptedEdge()
    edge.join("plain", "a")
    edge.entries.append(codec.join_at("room", "a", Position("0123456789abcdef", 0), has_gap=False))
    asyncio.run(edge.receive())
    for _ in range(2):
        asyncio.run(edge.renew())
    assert {renew.group for renew in edge.done(Renew) if isinstance(renew, Renew)} == {"plain", "room"}
    records = [(read.group, read.limit) for read in edge.done(ReadHistory) if isinstance(read, ReadHistory)]
    assert records == [("room", 0)]
