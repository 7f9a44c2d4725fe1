"""The blocking side of a layer over the operations of its store, shared by Redis and memory.

A layer adds `_execute`, `_wait_for_entry`, `_flush_store`, `_counted_channels`, and its reader and edge.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from re import Pattern

from .administration import Administration
from .capacity import Capacities
from .codec import check_content
from .contract import ChannelLayer, Content, Delayed, Envelope, GroupSend, Renewal, Scheduled, Send, Taken
from .delaying import Delayer
from .encryption import Cipher, NoCipher
from .entries import EntryCodec
from .errors import ChannelFull, ConfigurationError
from .history.bounds import Histories
from .history.messages import GroupHistory
from .history.positions import Positions, checked_keys
from .history.reading import HistoryReader
from .names import check_channel_name, check_group_name, is_inbox, new_channel_name, split_local
from .operations.delays import CountDelayed
from .operations.groups import Join, Leave, Marks, Members
from .operations.in_flight import BatchId
from .operations.inboxes import INBOX_CAPACITY, PushInbox
from .operations.leases import Lease, LeaseState
from .operations.operation import AnyOperation, Operation, Result
from .operations.pauses import ReadPaused
from .operations.queues import Drop, Statistics
from .operations.schedules import Fired
from .plan import Plan, Planner, inbox_entries, plain_member_sends
from .reaping import Reaper
from .receiving import Receiver
from .sending import Sender


class BaseChannelLayer(ChannelLayer):
    """Names, capacities, encoding and the order of operations, for any store."""

    def __init__(
        self,
        expiry: float = 60,
        group_expiry: float = 86400,
        capacity: int = 100,
        channel_capacity: Mapping[str | Pattern[str], int] | None = None,
        cipher: Cipher | None = None,
        group_history: Mapping[str | Pattern[str], object] | None = None,
        position_keys: Sequence[str | bytes] | None = None,
    ) -> None:
        self.expiry = _positive("expiry", expiry)
        self.group_expiry = _positive("group_expiry", group_expiry)
        self.capacity = capacity
        self.extensions = list(self.extensions)
        self._capacities = Capacities(capacity, channel_capacity)
        self._codec = EntryCodec(cipher or NoCipher())
        self._histories = Histories(group_history)
        if position_keys is not None:
            keys = checked_keys(position_keys)
            self.position_keys = lambda: keys
        self._positions = Positions(lambda: self.position_keys())
        self._planner = Planner(self._codec, self._histories)
        self._sender = Sender(self._codec, self._capacities, self._histories)
        self._receiver = Receiver(self._codec, self._execute, self._wait_for_entry)
        self._reaper = Reaper(self._codec, self._capacities, self._execute)
        self._history_reader = HistoryReader(self._codec, self._histories, self._positions, self._execute)
        self._delayer = Delayer(self._codec, self._capacities, self._execute)

    # Sending

    def send(self, channel: str, message: Content) -> None:
        """Put a message on a channel (see `ChannelLayer.send`)."""
        if self.send_many([Envelope(channel, message)]):
            raise ChannelFull(f"channel {channel!r} is full: {self._capacities.of(channel)} messages wait in it")

    def send_group(self, group: str, message: Content, exclude: Sequence[str] = ()) -> None:
        """Send to every member; refusals of full channels are counted, not raised."""
        self.send_many([GroupSend(group, message, exclude=tuple(exclude))])

    def send_many(self, sends: Sequence[Send]) -> Sequence[Send]:
        """Send all in order; return those refused."""
        if self.tracing is None:
            return self._send_many(sends)
        with self.tracing.sending(sends) as traced:
            return self._send_many(traced)

    def _send_many(self, sends: Sequence[Send]) -> Sequence[Send]:
        plan = Plan()
        for send in sends:
            _check_send(send)
            self._planner.add_send(plan, send)
        look_ups = self._sender.look_ups(plan)
        pushes = self._sender.queue_pushes(plan)
        results = self._execute([*pushes, *look_ups]) if pushes or look_ups else ()
        found = results[len(pushes) :]
        refused = [(push.channel, len(push.bodies)) for push in self._sender.refused(pushes, results)]
        return [*_last_sends(sends, refused), *self._write_inboxes(sends, plan, found)]

    def _write_inboxes(self, sends: Sequence[Send], plan: Plan, found: Sequence[object]) -> Sequence[Send]:
        marks, published = self._sender.marks(plan, found), self._sender.published(plan, found)
        operations: list[AnyOperation] = list(self._sender.pushes(plain_member_sends(plan, marks, published)))
        entries = inbox_entries(plan, marks, published)
        operations += [PushInbox(inbox, new, INBOX_CAPACITY) for inbox, new in entries.items()]
        if not operations:
            return ()
        results = self._execute(operations)
        self._sender.log_refused_deliveries(operations, results)
        full = [
            (operation.inbox, operation.result_of(result))
            for operation, result in zip(operations, results, strict=True)
            if isinstance(operation, PushInbox) and result
        ]
        return _last_sends(sends, full)

    def new_channel(self, pattern: str) -> str:
        """Return an unused single-reader channel name."""
        return new_channel_name(pattern)

    def drop_channel(self, channel: str) -> None:
        """Delete a channel's messages."""
        self._execute([Drop(check_channel_name(channel))])

    def keep_turns(self, turns: Sequence[tuple[str, int]]) -> None:
        """Notify the owners of turns that their consumers are still running."""
        entries: dict[str, list[bytes]] = {}
        for reply_channel, turn in turns:
            inbox, local = split_local(reply_channel)
            entries.setdefault(inbox, []).append(self._codec.kept(local, turn))
        if entries:
            self._execute([PushInbox(inbox, new, INBOX_CAPACITY) for inbox, new in entries.items()])

    # Later

    def send_later(self, sends: Sequence[Delayed], batch: BatchId | None = None) -> Sequence[Delayed]:
        """Keep messages until they are due; return those refused."""
        if self.tracing is None:
            return self._delayer.keep(sends, batch)
        with self.tracing.sending(sends) as traced:
            return self._delayer.keep(traced, batch)

    def deliver_due(self) -> float | None:
        """Deliver the messages that are due; return the seconds until the next one is."""
        return self._delayer.deliver_due()

    def fire(self, scheduled: Scheduled) -> Fired:
        """Send a schedule's message once for each time it is due."""
        return self._delayer.fire(scheduled)

    # Leases

    def renew_leases(self, readers: Sequence[str]) -> Renewal:
        """Renew leases; return the readers that hold one, and the channels that are paused."""
        leases = [Lease(reader, self.lease_times) for reader in readers]
        pauses = ReadPaused()
        *states, paused = self._execute_leases([*leases, pauses])
        held = {reader for reader, state in zip(readers, states, strict=True) if state is not LeaseState.EXPIRED}
        return Renewal(held, set(pauses.result_of(paused)))

    def lose(self, reader: str, number: int, running: Sequence[Taken], unrun: Sequence[Taken]) -> None:
        """Count the running message of a reader that hangs as lost, and requeue those that it has not begun."""
        self._reaper.lose(reader, number, running, unrun)

    def reap(self) -> None:
        """Clean up after expired readers and inboxes."""
        self._reaper.reap(self.lease_times)

    def administration(self) -> Administration:
        """Return the sender of orders, which do not wait for other calls."""
        return Administration(self._execute_leases, self._codec.command)

    # Receiving

    def receive(self, channels: Sequence[str], block: bool = False) -> tuple[str, Content] | tuple[None, None]:
        """Take one message (see `ChannelLayer.receive`)."""
        return self._receiver.receive(channels, block)

    # Groups

    def group_add(self, group: str, channel: str) -> None:
        """Add a channel to a group."""
        check_group_name(group)
        inbox, local = split_local(check_channel_name(channel))
        if is_inbox(inbox) and self._histories.of(group) is not None:
            self._history_reader.join(group, inbox, local)
        elif is_inbox(inbox):
            entry = self._codec.join(group, local)
            self._execute([Join(group, inbox, (local,)), PushInbox(inbox, [entry], INBOX_CAPACITY)])
        else:
            self._execute([Join(group, channel)])

    def group_discard(self, group: str, channel: str) -> None:
        """Discard a channel from a group."""
        check_group_name(group)
        inbox, local = split_local(check_channel_name(channel))
        if is_inbox(inbox):
            entry = self._codec.leave(group, local)
            self._execute([Leave(group, inbox, (local,)), PushInbox(inbox, [entry], INBOX_CAPACITY)])
        else:
            self._execute([Leave(group, channel)])

    def group_channels(self, group: str) -> list[str]:
        """List a group's channels."""
        marks = self._execute([Marks(check_group_name(group))])[0]
        inboxes = [mark for mark in marks if is_inbox(mark)]
        channels = [mark for mark in marks if not is_inbox(mark)]
        members = self._execute([Members(group, inbox) for inbox in inboxes]) if inboxes else ()
        for inbox, locals_ in zip(inboxes, members, strict=True):
            channels += [inbox + local for local in locals_]
        return channels

    def group_add_since(self, group: str, channel: str, since: str) -> bool:
        """Add a connection to a group, and replay the messages after a position (see `KeepsHistory`)."""
        inbox, local = split_local(check_channel_name(channel))
        if not is_inbox(inbox):
            raise ValueError(f"since is for a reply channel of a connection, not for channel {channel!r}")
        return self._history_reader.join(check_group_name(group), inbox, local, since)

    def group_history(self, group: str, since: str | None = None, limit: int | None = None) -> GroupHistory:
        """Return the messages that a group keeps (see `KeepsHistory`)."""
        return self._history_reader.history(group, since, limit)

    def group_position(self, group: str) -> str:
        """Return the position behind the newest message of a group."""
        return self._history_reader.position(group)

    # Statistics

    def channel_statistics(self, channel: str) -> dict[str, int | float]:
        """Return one channel's counts (see `ChannelLayer.channel_statistics`)."""
        statistics, delayed = Statistics(check_channel_name(channel)), CountDelayed(channel)
        results = self._execute([statistics, delayed])
        state = statistics.result_of(results[0])
        return {
            **_statistics(state.counters),
            "messages_pending": state.pending,
            "messages_max_age": state.oldest_age,
            "messages_delayed": delayed.result_of(results[1]),
        }

    def global_statistics(self) -> dict[str, int]:
        """Return the sums of all channels' counts."""
        channels = self._counted_channels()
        states = self._execute([Statistics(channel) for channel in channels]) if channels else ()
        totals: dict[str, int] = {}
        for state in states:
            for name, count in state.counters.items():
                totals[name] = totals.get(name, 0) + count
        return _statistics(totals)

    def flush(self) -> None:
        """Delete all keys under this layer's prefix, and the messages that this process has read."""
        self._flush_store()
        self._receiver.forget()

    # Defined by each layer

    @abstractmethod
    def _execute(self, operations: Sequence[Operation[Result]]) -> Sequence[Result]:
        """Execute in order, in one round trip; one result each.

        Raises:
            LayerUnavailable: the store is unavailable.
        """

    def _execute_leases(self, leases: Sequence[Operation[Result]]) -> Sequence[Result]:
        """Execute renewals of leases, which must not wait for other operations."""
        return self._execute(leases)

    @abstractmethod
    def _flush_store(self) -> None:
        """Delete all stored data of this layer."""

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
        for channel in send.exclude:
            check_channel_name(channel)
    else:
        check_channel_name(send.channel)
    check_content(send.content)


def _last_sends(sends: Sequence[Send], refused: Sequence[tuple[str, int]]) -> list[Send]:
    """Return the last refused sends to each channel or inbox: a full one refuses the newest."""
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
        "messages_lost_count": counters.get("lost", 0),
        "messages_delayed_count": counters.get("delayed", 0),
    }
