"""An edge in memory that accepts only what the contract of layers allows, and the recording owner of a conversation."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from towpath.interface.interfaces import GroupMessage
from towpath.layers.codec import check_content
from towpath.layers.contract import Content, Envelope
from towpath.layers.errors import LayerUnavailable
from towpath.layers.inbox_events import InboxEvent, Lost
from towpath.layers.names import check_channel_name


class FakeEdge:
    """Accepts what the contract accepts. `full` channels refuse, `is_away` raises, `gate` holds sends back."""

    inbox = "interface.test!"
    expiry = 60.0
    group_count = 0

    def __init__(self) -> None:
        self.sent: list[Envelope] = []
        self.batches: list[list[Envelope]] = []
        self.full: set[str] = set()
        #: Connections whose event is queued or in flight, and the requests for them.
        self.outstanding: set[str] = set()
        self.checks: list[tuple[dict[str, int], list[str]]] = []
        #: The send whose answer was lost; the next one must be the same.
        self.unanswered: list[Envelope] | None = None
        self.is_away = False
        #: Raises once the messages have been taken, as a lost answer does.
        self.loses_answer = False
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived: asyncio.Queue[Sequence[InboxEvent]] = asyncio.Queue()
        self.open_locals: set[str] = set()
        self.closed_locals: list[str] = []
        self.dropped: list[str] = []
        self.groups: dict[str, Sequence[str]] = {}
        self.renewals = 0
        #: How many readers have a lease.
        self.readers = 1
        self.is_taken_for_dead = False
        self.is_open = False
        self._is_sending = False

    def edge(self) -> "FakeEdge":
        return self

    async def open(self) -> None:
        self._raise_if_away()
        self.is_open = True

    async def fill(self) -> Sequence[InboxEvent]:
        return await asyncio.Future()

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[bool]:
        assert not self._is_sending, "two sends at a time"
        self._is_sending = True
        try:
            await self.gate.wait()
            self._raise_if_away()
            if self.errors:
                raise self.errors.pop(0)
            for envelope in envelopes:
                check_channel_name(envelope.channel)
                check_content(envelope.content)
            if self.unanswered is not None:
                assert list(envelopes) == self.unanswered, "another send before the answer to the one before"
                self.unanswered = None
                return [envelope in self.sent for envelope in envelopes]
            self.batches.append(list(envelopes))
            accepted = [envelope.channel not in self.full for envelope in envelopes]
            self.sent += [envelope for envelope, ok in zip(envelopes, accepted, strict=True) if ok]
            if self.loses_answer:
                self.unanswered = list(envelopes)
                raise LayerUnavailable("the answer is lost")
            return accepted
        finally:
            self._is_sending = False

    async def receive(self) -> Sequence[InboxEvent]:
        self._raise_if_away()
        events = await self.arrived.get()
        self._raise_if_away()
        return events

    def opened(self, local: str) -> None:
        self.open_locals.add(local)

    def members(self, group: str) -> Sequence[str]:
        return self.groups.get(group, ())

    def closed(self, local: str) -> None:
        self.open_locals.discard(local)
        self.closed_locals.append(local)

    async def renew(self) -> bool:
        self._raise_if_away()
        self.renewals += 1
        return not self.is_taken_for_dead

    async def check_turns(self, turns: Mapping[str, int], channels: Sequence[str]) -> Collection[str]:
        self._raise_if_away()
        self.checks.append((dict(turns), list(channels)))
        ends = [Lost(local, turn) for local, turn in turns.items() if local not in self.outstanding]
        if ends:
            self.arrived.put_nowait(ends)
        return self.outstanding & turns.keys()

    async def count_readers(self) -> int:
        self._raise_if_away()
        return self.readers

    async def drop_channel(self, channel: str) -> None:
        self._raise_if_away()
        self.dropped.append(channel)

    async def close(self) -> None:
        self._raise_if_away()
        self.is_open = False

    def channels(self) -> list[str]:
        """Return the channels of the sent events, in order."""
        return [envelope.channel for envelope in self.sent]

    def _raise_if_away(self) -> None:
        if self.is_away:
            raise LayerUnavailable("away")


class FakeOwner:
    """Records the calls of a conversation."""

    is_socket = is_open = False

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def deliver(self, content: Content) -> None:
        self.heard.append(content)

    def deliver_group(self, message: GroupMessage) -> None:
        self.deliver(message.content)

    def replied(self) -> None:
        """Nothing waits for this."""

    def refused(self) -> None:
        self.heard.append("refused")

    def lost(self) -> None:
        self.heard.append("lost")

    def failed(self) -> None:
        self.heard.append("failed")

    def shed(self) -> None:
        self.heard.append("shed")

    def abort(self) -> None:
        self.heard.append("abort")

    def congested(self) -> None:
        self.heard.append("congested")

    def relieved(self) -> None:
        self.heard.append("relieved")

    def go_away(self) -> None:
        self.heard.append("go away")

    def log_fields(self) -> dict[str, object]:
        return {"path": "/"}
