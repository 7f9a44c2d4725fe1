"""The blocking side of a layer over the operations of its store: everything that Redis and memory share.

A layer adds `_execute`, `_wait_for_entry`, `flush`, `_counted_channels`, and its reader and edge.
"""

import random
import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from re import Pattern
from typing import cast

from .capacity import Capacities
from .codec import check_content
from .contract import ChannelLayer, Content, Envelope, Grouped, GroupSend, InboxEvent, Replies, Send, Settled
from .encryption import Cipher, NoCipher
from .entries import EntryCodec, is_expired
from .errors import ChannelFull, ConfigurationError, InvalidName
from .inbox import Inbox
from .names import check_channel_name, check_group_name, is_inbox, new_channel_name, split_local
from .operations import (
    INBOX_CAPACITY,
    INBOX_READ,
    Batch,
    ChannelState,
    Count,
    Drop,
    Join,
    Leave,
    Marks,
    Members,
    Operation,
    PushInbox,
    Statistics,
    Take,
    TakeInbox,
)
from .plan import Plan, Planner, inbox_entries, plain_member_sends
from .sending import Sender

#: How long a blocking receive waits, in seconds.
RECEIVE_SECONDS = 5.0


class BaseChannelLayer(ChannelLayer):
    """Names, capacities, encoding and the order of operations, for any store."""

    def __init__(
        self,
        expiry: float = 60,
        group_expiry: float = 86400,
        capacity: int = 100,
        channel_capacity: Mapping[str | Pattern[str], int] | None = None,
        cipher: Cipher | None = None,
    ) -> None:
        self.expiry = _positive("expiry", expiry)
        self.group_expiry = _positive("group_expiry", group_expiry)
        self.capacity = capacity
        self._capacities = Capacities(capacity, channel_capacity)
        self._codec = EntryCodec(cipher or NoCipher())
        self._planner = Planner(self._codec)
        self._sender = Sender(self._codec, self._capacities)
        self._inboxes: dict[str, Inbox] = {}
        self._inbox_messages: deque[tuple[str, Content]] = deque()
        self._receive_lock = threading.Lock()

    # Sending

    def send(self, channel: str, message: Content) -> None:
        """Put a message on a channel (see `ChannelLayer.send`)."""
        if self.send_many([Envelope(channel, message)]):
            raise ChannelFull(f"channel {channel!r} is full: {self._capacities.of(channel)} messages wait in it")

    def send_group(self, group: str, message: Content) -> None:
        """Send to every member; what full channels refuse is counted, not raised."""
        self.send_many([GroupSend(group, message)])

    def send_many(self, sends: Sequence[Send]) -> Sequence[Send]:
        """Send all in order; return those refused."""
        plan = Plan()
        for send in sends:
            _check_send(send)
            self._planner.add_send(plan, send)
        look_ups = [Marks(group) for group in plan.groups]
        pushes = self._sender.queue_pushes(plan)
        results = self._execute([*pushes, *look_ups]) if pushes or look_ups else ()
        marks = self._sender.marks(look_ups, results[len(pushes) :])
        refused = [(push.channel, len(push.bodies)) for push in self._sender.refused(pushes, results)]
        return [*_last_sends(sends, refused), *self._write_inboxes(sends, plan, marks)]

    def _write_inboxes(self, sends: Sequence[Send], plan: Plan, marks: Mapping[str, Sequence[str]]) -> Sequence[Send]:
        operations: list[Operation] = list(self._sender.pushes(plain_member_sends(plan, marks)))
        entries = inbox_entries(plan, marks)
        operations += [PushInbox(inbox, new, INBOX_CAPACITY) for inbox, new in entries.items()]
        if not operations:
            return ()
        results = self._execute(operations)
        self._sender.log_refused_deliveries(operations, results)
        full = [
            (operation.inbox, cast(int, result))
            for operation, result in zip(operations, results, strict=True)
            if isinstance(operation, PushInbox) and result
        ]
        return _last_sends(sends, full)

    def new_channel(self, pattern: str) -> str:
        """Return an unused single-reader channel name."""
        return new_channel_name(pattern)

    def drop_channel(self, channel: str) -> None:
        """Forget a channel's messages."""
        self._execute([Drop(check_channel_name(channel))])

    def keep_turns(self, turns: Sequence[tuple[str, int]]) -> None:
        """Tell the owners of turns that they are still running."""
        entries: dict[str, list[bytes]] = {}
        for reply_channel, turn in turns:
            inbox, local = split_local(reply_channel)
            entries.setdefault(inbox, []).append(self._codec.kept(local, turn))
        if entries:
            self._execute([PushInbox(inbox, new, INBOX_CAPACITY) for inbox, new in entries.items()])

    # Receiving

    def receive(self, channels: Sequence[str], block: bool = False) -> tuple[str, Content] | tuple[None, None]:
        """Take one message (see `ChannelLayer.receive`)."""
        queues, inboxes = _split_receivable(channels)
        with self._receive_lock:
            found = self._receive_now(queues, inboxes)
        if found is None and block:
            found = self._wait_and_receive(queues, inboxes)
        return found if found is not None else (None, None)

    def _receive_now(self, queues: Sequence[str], inboxes: Sequence[str]) -> tuple[str, Content] | None:
        found = self._pop_inbox_message(inboxes)
        if found is not None:
            return found
        for inbox in inboxes:
            entries = cast("list[bytes]", self._execute([TakeInbox(inbox, INBOX_READ)])[0])
            self._read_inbox(inbox, entries)
        found = self._pop_inbox_message(inboxes)
        return found if found is not None or not queues else self._receive_from_queues(queues)

    def _receive_from_queues(self, queues: Sequence[str]) -> tuple[str, Content] | None:
        while True:
            batch = self._execute([Take(queues, [1] * len(queues))])[0]
            if not isinstance(batch, Batch):
                return None
            entry = batch.entries[0]
            if not is_expired(entry, batch.now):
                return batch.channel, self._codec.open_queue_entry(batch.channel, entry).content
            self._execute([Count(batch.channel, "expired", 1)])

    def _wait_and_receive(self, queues: Sequence[str], inboxes: Sequence[str]) -> tuple[str, Content] | None:
        waited = self._wait_for_entry(queues, inboxes, RECEIVE_SECONDS)
        if waited is None:
            return None
        name, entry = waited
        if not is_inbox(name):
            return name, self._codec.open_queue_entry(name, entry).content
        with self._receive_lock:
            self._read_inbox(name, [entry])
            return self._receive_now(queues, inboxes)

    def _read_inbox(self, inbox: str, entries: Sequence[bytes]) -> None:
        reader = self._inboxes.setdefault(inbox, Inbox(inbox, self._codec))
        for event in reader.events(entries):
            self._inbox_messages.extend(_messages_of(inbox, event))

    def _pop_inbox_message(self, inboxes: Sequence[str]) -> tuple[str, Content] | None:
        for index, (channel, content) in enumerate(self._inbox_messages):
            if split_local(channel)[0] in inboxes:
                del self._inbox_messages[index]
                return channel, content
        return None

    # Groups

    def group_add(self, group: str, channel: str) -> None:
        """Add a channel to a group."""
        check_group_name(group)
        inbox, local = split_local(check_channel_name(channel))
        if is_inbox(inbox):
            entry = self._codec.join(group, local)
            self._execute([Join(group, inbox, (local,)), PushInbox(inbox, [entry], INBOX_CAPACITY)])
        else:
            self._execute([Join(group, channel)])

    def group_discard(self, group: str, channel: str) -> None:
        """Take a channel out of a group."""
        check_group_name(group)
        inbox, local = split_local(check_channel_name(channel))
        if is_inbox(inbox):
            entry = self._codec.leave(group, local)
            self._execute([Leave(group, inbox, (local,)), PushInbox(inbox, [entry], INBOX_CAPACITY)])
        else:
            self._execute([Leave(group, channel)])

    def group_channels(self, group: str) -> list[str]:
        """List a group's channels."""
        marks = cast("list[str]", self._execute([Marks(check_group_name(group))])[0])
        inboxes = [mark for mark in marks if is_inbox(mark)]
        channels = [mark for mark in marks if not is_inbox(mark)]
        members = self._execute([Members(group, inbox) for inbox in inboxes]) if inboxes else ()
        for inbox, locals_ in zip(inboxes, members, strict=True):
            channels += [inbox + local for local in cast("list[str]", locals_)]
        return channels

    # Statistics

    def channel_statistics(self, channel: str) -> dict[str, int | float]:
        """Return one channel's counts (see `ChannelLayer.channel_statistics`)."""
        state = self._execute([Statistics(check_channel_name(channel))])[0]
        assert isinstance(state, ChannelState)
        return {
            **_statistics(state.counters),
            "messages_pending": state.pending,
            "messages_max_age": state.oldest_age,
        }

    def global_statistics(self) -> dict[str, int]:
        """Return the sums of all channels' counts."""
        channels = self._counted_channels()
        states = self._execute([Statistics(channel) for channel in channels]) if channels else ()
        totals: dict[str, int] = {}
        for state in states:
            assert isinstance(state, ChannelState)
            for name, count in state.counters.items():
                totals[name] = totals.get(name, 0) + count
        return _statistics(totals)

    # What a layer adds

    @abstractmethod
    def _execute(self, operations: Sequence[Operation]) -> Sequence[object]:
        """Execute in order, in one round trip; one result each.

        Raises:
            LayerUnavailable: the store is away.
        """

    @abstractmethod
    def _wait_for_entry(
        self, queues: Sequence[str], inboxes: Sequence[str], seconds: float
    ) -> tuple[str, bytes] | None:
        """Wait for one entry of any of these; return the channel's or inbox's name and the entry."""

    @abstractmethod
    def _counted_channels(self) -> list[str]:
        """Return the names of all channels that have counters."""


def _positive(option: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise ConfigurationError(f"{option} is a number of seconds above 0, not {value!r}")
    return value


def _check_send(send: Send) -> None:
    if isinstance(send, GroupSend):
        check_group_name(send.group)
    else:
        check_channel_name(send.channel)
    check_content(send.content)


def _split_receivable(channels: Sequence[str]) -> tuple[list[str], list[str]]:
    queues, inboxes = [], []
    for channel in channels:
        inbox, local = split_local(check_channel_name(channel))
        if local:
            raise InvalidName(f"receive() takes {inbox!r} and returns the full names; not {channel!r}")
        (inboxes if is_inbox(inbox) else queues).append(channel)
    random.shuffle(queues)
    return queues, inboxes


def _messages_of(inbox: str, event: InboxEvent) -> list[tuple[str, Content]]:
    match event:
        case Replies(local, contents) | Settled(local=local, replies=contents):
            return [(inbox + local, content) for content in contents]
        case Grouped(locals=locals_, content=content):
            return [(inbox + local, content) for local in locals_]
    return []


def _last_sends(sends: Sequence[Send], refused: Sequence[tuple[str, int]]) -> list[Send]:
    """Return the last so many sends to each channel or inbox: a full one refuses the newest."""
    left = dict(refused)
    found: list[Send] = []
    for send in reversed(sends):
        if isinstance(send, Envelope):
            target = split_local(send.channel)[0] if is_inbox(send.channel) else send.channel
            if left.get(target, 0) > 0:
                left[target] -= 1
                found.append(send)
    found.reverse()
    return found


def _statistics(counters: Mapping[str, int]) -> dict[str, int]:
    return {
        "messages_count": counters.get("sent", 0),
        "channel_full_count": counters.get("full", 0),
        "messages_expired_count": counters.get("expired", 0),
        "messages_dropped_count": counters.get("dropped", 0),
    }
