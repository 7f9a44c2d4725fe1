"""The three sides of a channel layer.

Blocking side (`ChannelLayer`): any process of the project sends, and test code or scripts receive.
Reading side (`Reader`): one worker thread takes messages and settles them.
Edge side (`Edge`): the interface server's event loop sends events and reads its inbox.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from ..administration import Administration
from ..asgi1 import Asgi1Attributes
from ..history.messages import KeepsHistory
from ..inbox_events import InboxEvent
from ..operations.in_flight import BatchId
from ..operations.leases import LeaseTimes
from ..operations.schedules import Fired
from .messages import Content, Delayed, Envelope, GroupSend, Received, Renewal, Scheduled, Send, Settlement, Taken

AnySend = TypeVar("AnySend", Envelope | GroupSend, Delayed)


class SendTracing(Protocol):
    """The traces of one process's sends."""

    def sending(self, sends: Sequence[AnySend]) -> AbstractContextManager[Sequence[AnySend]]:
        """Yield the messages with the context of the current trace; they are written inside."""


class Reader(Protocol):
    """The reading side of a layer, for one worker thread. Used by that thread alone, but for `wake`.

    Taken messages are in flight until they are settled or requeued, so that losses are known if the worker stops. Its
    `name` is an argument of `ChannelLayer.renew_leases`; a reader without a lease never expires.
    """

    name: str
    #: Number of the batch that `exchange` returned last; 0 before the first.
    number: int
    #: Its lease has expired, and others have ended its name: no more messages are taken. Another reader must follow it.
    is_ended: bool
    #: Called when the settlements of an exchange are written, before it waits; None calls nothing.
    written: Callable[[], None] | None

    def exchange(
        self, settlements: Sequence[Settlement], limits: Mapping[str, int], block_seconds: float = 0
    ) -> Received:
        """Write all `settlements`, then take messages, in one round trip without sends to named channels.

        `limits` are the most messages to take from each channel (absent: none is taken from it); all messages of one
        answer are from one channel, and channels take turns. Waits up to `block_seconds` if all are empty. A send to a
        channel that stays full for two seconds is dropped, counted and logged.

        Raises:
            LayerUnavailable: the store is unavailable. The settlements are kept, and written by the next call, once; a
                batch that was taken is returned by it.
        """

    def requeue(self, taken: Sequence[Taken]) -> bool:
        """Put messages of the last batch that were not run back to the front of their channel, oldest first.

        The rest of the batch is settled with it. Return False if the batch is no longer in flight: the lease of this
        reader had expired, and others have counted the batch as lost.

        Raises:
            PartlyRefused: the store refused; the messages are still in flight. They are requeued by the next call of
                `exchange` or `close`, unless `withdraw_requeue` is called before.
            LayerUnavailable: the store is unavailable. The messages are requeued by the next call of `exchange` or
                `close`.
        """

    def withdraw_requeue(self) -> None:
        """Run messages whose requeueing was refused: they are not requeued, and the next exchange settles them."""

    def adopt(self, other: "Reader") -> None:
        """Write with the next exchange what another reader of this layer has not written yet; its thread hangs."""

    def wake(self) -> None:
        """End a wait of `exchange` in another thread, without losing messages that it is about to receive."""

    def close(self) -> None:
        """Write the kept settlements, if the store answers, release the lease and close the connection."""


class Edge(Protocol):
    """The event loop's side: one per interface process, used from that loop only.

    `inbox` is this process's channel prefix, `interface.<id>!`; a connection's reply channel is `inbox + local`.
    """

    inbox: str

    async def open(self) -> None:
        """Reach the store and announce the inbox.

        Raises:
            LayerUnavailable: it cannot be reached.
        """

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[bool]:
        """Send all in one round trip, in order; return for each whether it was accepted (False: channel full).

        Raises:
            LayerUnavailable: the store is unavailable; it is unknown whether the messages arrived. The next call must
                pass the same envelopes: it returns their outcomes, and sends none twice.
            PartlyRefused: the outcome of each: True, False, or None, which with `is_clean` means: not accepted.
        """

    async def receive(self) -> Sequence[InboxEvent]:
        """Wait for the next inbox events, at most a few seconds (then empty). Joins and leaves are handled inside.

        Raises:
            LayerUnavailable: the store is unavailable.
        """

    async def fill(self) -> Sequence[InboxEvent]:
        """Wait until messages of groups with a history are missing; read some from the history, and return the events.

        The events of `receive` and of this method are handled in the order in which the calls return. Call it again
        and again, beside `receive`.

        Raises:
            LayerUnavailable: the store is unavailable. Nothing is lost: the next call reads the same.
        """

    def opened(self, local: str) -> None:
        """Allow connection `local` to join groups."""

    def members(self, group: str) -> Sequence[str]:
        """Return the connections of this process in a group, by their local parts."""

    @property
    def group_count(self) -> int:
        """The number of groups that have members here."""

    def closed(self, local: str) -> None:
        """Take connection `local` out of all its groups; written to the store with the next `renew` or sooner."""

    async def renew(self) -> bool:
        """Renew the lease and a share of the groups' marks; call it every second.

        False: the lease had expired, and others have published the wills of its connections. All its connections
        have ended and must send nothing more; `inbox` has a new name, for new ones.

        Raises:
            LayerUnavailable: the store is unavailable.
        """

    async def check_turns(self, turns: Mapping[str, int], channels: Sequence[str]) -> Collection[str]:
        """Look up the events of turns, by local part, which were sent to `channels`; return the locals that have one.

        A turn whose event is neither queued nor in flight is over. Its settlement is in the inbox, or lost: a `Lost`
        event of the turn follows there.

        Raises:
            LayerUnavailable: the store is unavailable.
        """

    async def count_readers(self) -> int:
        """Return the number of readers that hold a lease: threads of workers, of which a process has one or more.

        Raises:
            LayerUnavailable: the store is unavailable.
        """

    async def drop_channel(self, channel: str) -> None:
        """Delete a single-reader channel and its messages."""

    async def close(self) -> None:
        """Take the inbox and its marks out of the store; if wills are registered, let it expire."""


class ChannelLayer(Asgi1Attributes, KeepsHistory, ABC):
    """The blocking side, for any thread. Method names and meanings are those of the 1.x layers."""

    expiry: float
    group_expiry: float
    capacity: int
    #: When leases expire; all processes on one store use the same.
    lease_times: LeaseTimes = LeaseTimes()
    #: Returns the options of interface servers that the project's settings give; None: the layer was made without them.
    interface_options: Callable[[], Mapping[str, Any]] | None = None
    #: Traces the sends of this process that are not part of a settlement; None: they are not traced.
    tracing: SendTracing | None = None

    @abstractmethod
    def send(self, channel: str, message: Content) -> None:
        """Put a message on a channel.

        Raises:
            ChannelFull: the channel is at its capacity.
            EncodeError, MessageTooLarge, InvalidName: the message or name cannot be sent.
            LayerUnavailable: the store is unavailable.
        """

    @abstractmethod
    def send_many(self, sends: Sequence[Send]) -> Sequence[Send]:
        """Send all, in order, in at most two round trips; return the ones refused because their channel is full."""

    @abstractmethod
    def send_later(self, sends: Sequence[Delayed], batch: BatchId | None = None) -> Sequence[Delayed]:
        """Keep messages until they are due, in one round trip; return those refused: too many wait for their channels.

        With the `batch` of the reader that requested it, they are kept once, also if this is called again.

        Raises:
            ValueError: a delay is below 0 or longer than a year.
            EncodeError, MessageTooLarge, InvalidName, LayerUnavailable: as with `send`.
        """

    @abstractmethod
    def deliver_due(self) -> float | None:
        """Put delayed messages that are due on their channels; return the seconds until the next is due (None: never).

        Any process may, at any time: each message is delivered once. A full channel is tried again every second.

        Raises:
            LayerUnavailable: the store is unavailable.
        """

    @abstractmethod
    def fire(self, scheduled: Scheduled) -> Fired:
        """Send a schedule's message, unless this or another process has sent it for this time or a later one.

        Raises:
            EncodeError, MessageTooLarge, InvalidName, LayerUnavailable: as with `send`.
        """

    @abstractmethod
    def receive(self, channels: Sequence[str], block: bool = False) -> tuple[str, Content] | tuple[None, None]:
        """Take one message from the channels, or (None, None); with `block`, wait for up to five seconds.

        `name!` reads everything sent to `name!anything`, group messages too; the full channel name is returned.

        Raises:
            InvalidName: a channel has a local part after `!`.
        """

    @abstractmethod
    def new_channel(self, pattern: str) -> str:
        """Return an unused single-reader channel name; `pattern` ends in `?`."""

    @abstractmethod
    def group_add(self, group: str, channel: str) -> None:
        """Add a channel to a group. A plain channel stays for `group_expiry` seconds, a `!` one until it closes."""

    @abstractmethod
    def group_discard(self, group: str, channel: str) -> None:
        """Discard a channel from a group; no error if it is not a member."""

    @abstractmethod
    def group_channels(self, group: str) -> list[str]:
        """List a group's channels, in no order."""

    @abstractmethod
    def send_group(self, group: str, message: Content, exclude: Sequence[str] = ()) -> None:
        """Send to every member not in `exclude`: one entry per process that holds members. Never raises ChannelFull."""

    @abstractmethod
    def flush(self) -> None:
        """Delete all messages, groups and statistics of this layer's prefix."""

    @abstractmethod
    def global_statistics(self) -> dict[str, int]:
        """Return `messages_count`, `channel_full_count` and `messages_expired_count` over all channels."""

    @abstractmethod
    def channel_statistics(self, channel: str) -> dict[str, int | float]:
        """Return the counts of one channel, with `messages_pending` and `messages_max_age` (seconds)."""

    @abstractmethod
    def drop_channel(self, channel: str) -> None:
        """Delete a single-reader channel and its messages."""

    @abstractmethod
    def keep_turns(self, turns: Sequence[tuple[str, int]]) -> None:
        """Notify the owners of (reply channel, turn) pairs that their consumers are still running."""

    @abstractmethod
    def renew_leases(self, readers: Sequence[str]) -> Renewal:
        """Renew the leases of readers, every two seconds. Those that are not in the answer had expired.

        Raises:
            LayerUnavailable: the store is unavailable.
        """

    @abstractmethod
    def lose(self, reader: str, number: int, running: Sequence[Taken], unrun: Sequence[Taken]) -> None:
        """Clean up after a reader that hangs, as `reap` does: count `running` as lost, requeue `unrun`.

        Raises:
            LayerUnavailable: the store is unavailable.
        """

    @abstractmethod
    def reap(self) -> None:
        """Clean up after expired owners: end the turns of messages that readers had taken, publish last wills.

        Every worker process calls it every two seconds; each owner is claimed by one of them. Raises LayerUnavailable.
        """

    @abstractmethod
    def reader(self, channels: Sequence[str]) -> Reader:
        """Return a new reader of these channels, for one worker thread."""

    @abstractmethod
    def edge(self) -> Edge:
        """Return a new edge with an inbox of its own, for one interface process."""

    @abstractmethod
    def administration(self) -> Administration:
        """Return the sender of orders to the processes of this layer."""

    @abstractmethod
    def close(self) -> None:
        """Close all connections to the store; the next call opens new ones."""
