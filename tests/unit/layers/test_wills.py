"""Last wills as the reaper publishes them: after all other events, with the latest session state, on any channel."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from towpath.layers.capacity import Capacities
from towpath.layers.contract import Envelope, Will
from towpath.layers.entries import EntryCodec
from towpath.layers.memory.store import Store
from towpath.layers.operations.groups import MARK_SECONDS
from towpath.layers.operations.in_flight import Acknowledge, Outstanding, Register
from towpath.layers.operations.leases import ExpiredOwner
from towpath.layers.operations.queues import Push, Take
from towpath.layers.operations.wills import AddWills, ReadWills, StoreSessionState
from towpath.layers.wills import LAST_TURN, Wills

INBOX = "interface.x!"
codec = EntryCodec()


class Cleanup:
    """An expired inbox in a memory store. `before` is called before operations of its kind are executed."""

    def __init__(self, **capacities: int) -> None:
        self.store = Store(60, 60, lambda: 0.0)
        self.before: dict[type, Callable[[], None]] = {}
        self._wills = Wills(codec, Capacities(100, capacities), self._execute)

    def add(self, local: str, channel: str = "last", after: Sequence[str] = ("first",)) -> Will:
        """Register a will."""
        will = Will(channel, {"reply_channel": INBOX + local}, tuple(after))
        self.store.execute([AddWills(INBOX, {local: codec.will(will)})])
        return will

    def store_state(self, local: str, state: bytes) -> None:
        """Store the session state of a connection."""
        self.store.execute([StoreSessionState(INBOX, local, state)])

    def run(self, seconds: float = 0) -> None:
        """Clean up, `seconds` after the expiry was noticed."""
        self._wills.clean_up(ExpiredOwner(INBOX, seconds))

    def published(self, channel: str = "last") -> list[Envelope]:
        """Take what is on a channel."""
        (batch,) = self.store.execute([Take([channel], [100])])
        return [] if batch is None else [codec.open_queue_entry(channel, entry) for entry in batch.entries]

    def left(self) -> list[str]:
        """Return the connections whose wills are registered."""
        return [stored.local for stored in self.store.execute([ReadWills(INBOX, 0, 100)])[0].wills]

    def _execute(self, operations: Sequence[Any]) -> Any:
        for operation in operations:
            self.before.pop(type(operation), lambda: None)()
        return self.store.execute(operations)


def test_a_will_has_the_session_state_that_was_stored_just_before_the_search_for_events() -> None:
    inbox = Cleanup()
    inbox.add("a")
    event = Envelope("first", {"reply_channel": f"{INBOX}a"}, 1)
    inbox.store.execute(
        [Register("reader"), Push("first", [codec.queue_body(event)], 10), Take(["first"], [1], "reader", 1)]
    )

    def settle() -> None:
        inbox.store_state("a", codec.session_state(b"new"))
        inbox.store.execute([Acknowledge("reader", 1)])

    inbox.before[Outstanding] = settle
    inbox.run()
    assert inbox.published() == [Envelope("last", {"reply_channel": f"{INBOX}a"}, LAST_TURN, b"new")]


def test_wills_of_a_full_channel_wait_alone() -> None:
    inbox = Cleanup(full=1)
    inbox.store.execute([Push("full", [b"other"], 1)])
    inbox.add("a", "full")
    will = inbox.add("b")
    inbox.run(MARK_SECONDS)
    assert [envelope.content for envelope in inbox.published()] == [will.content]
    assert inbox.left() == ["a"]


def test_a_will_that_cannot_be_read_keeps_no_other_and_is_logged_when_it_is_dropped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    inbox = Cleanup()
    inbox.store.execute([AddWills(INBOX, {"damaged": b"\xff"})])
    inbox.add("a")
    inbox.run()
    inbox.run(MARK_SECONDS)
    assert [envelope.content["reply_channel"] for envelope in inbox.published()] == [f"{INBOX}a"]
    assert [text for text in caplog.messages if "cannot be read" in text] == [
        f"1 last wills of inbox {INBOX} cannot be read and are dropped"
    ]
    assert inbox.left() == []


def test_a_will_goes_without_a_session_state_that_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    inbox = Cleanup()
    inbox.add("a")
    inbox.store_state("a", b"\xff")
    inbox.run()
    assert [envelope.session_state for envelope in inbox.published()] == [None]
    assert "The session state of a connection cannot be read" in caplog.text
