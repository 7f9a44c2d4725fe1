"""The messages of the contract: what is sent, what a worker takes and settles. Plain data."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..operations.in_flight import Source

#: Largest session state that a connection carries; a larger one is dropped, counted and logged by its owner.
SESSION_STATE_MAX_BYTES = 64 * 1024

#: A message as the user sees it: str keys; values are str, bytes, int, float, bool, None, list, dict.
Content = dict[str, Any]


class Will(NamedTuple):
    """The last event of a connection if its interface server expires: any process publishes it then, once, as it is.

    It is published after the connection's other events, all of which go to the channels `after`, and with its session
    state. An event that the connection itself sends to `channel` is its last one, and takes the will away.
    """

    channel: str
    content: Content
    after: tuple[str, ...]


class Envelope(NamedTuple):
    """A message for a channel, with its turn and session state.

    `turn` is the number of the connection's turn that ends when the message is settled; None if no connection waits.
    `session_state` is the opaque state of the connection, at most 64 KiB; None where there is none. `trace` is the
    context of a trace, such as `{"traceparent": "00-..."}`; None without tracing. `will` is sent to an edge with the
    first event of a connection: it is registered if the event is accepted.
    """

    channel: str
    content: Content
    turn: int | None = None
    session_state: bytes | None = None
    trace: dict[str, str] | None = None
    will: Will | None = None

    @property
    def reply_channel(self) -> str | None:
        """The channel that the answer to the message goes to, or None."""
        return name if isinstance(name := self.content.get("reply_channel"), str) else None


@dataclass(frozen=True, slots=True)
class GroupSend:
    """A message for every member of a group, but for the channels in `exclude`.

    `trace` is the context of its sender, as of an `Envelope`.
    """

    group: str
    content: Content
    trace: dict[str, str] | None = None
    exclude: tuple[str, ...] = ()


#: One send of a consumer: to a channel, or to a group.
Send = Envelope | GroupSend


class Delayed(NamedTuple):
    """A message that is put on its channel after `seconds`, by the store's clock: 0 to a year.

    `trace` is the context of its sender, as of an `Envelope`: the message begins a trace with a link to it.
    """

    channel: str
    content: Content
    seconds: float
    trace: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A message that `schedule` sends when `due`, in seconds since 1970 (UTC). `is_missed`: it passed unseen."""

    schedule: str
    channel: str
    content: Content
    due: float
    is_missed: bool = False


@dataclass(slots=True)
class Settlement:
    """The settlement of one run of a consumer: its held sends in call order, and the end of its turn.

    `turn` None means that no connection waits. `session_state` None leaves that of the connection, b"" clears it.
    `is_lost`: the consumer did not run, and the connection is notified; all other fields are ignored. `again` is the
    message itself, to be run later: its turn goes on. `replaces` is what is in flight of it, if it was taken by a
    worker.
    """

    sends: list[Send] = field(default_factory=list)
    reply_channel: str | None = None
    turn: int | None = None
    session_state: bytes | None = None
    is_lost: bool = False
    again: Envelope | None = None
    replaces: Source | None = None


class Taken(NamedTuple):
    """A message that a worker has taken. `raw` is the stored entry, for requeueing it unchanged."""

    envelope: Envelope
    raw: bytes


class Received(NamedTuple):
    """The answer to one exchange: messages to run, and messages too old to run (to be settled and logged).

    `now` is the store's clock at the take, in seconds.
    """

    taken: Sequence[Taken] = ()
    expired: Sequence[Taken] = ()
    now: float = 0.0


class Renewal(NamedTuple):
    """The answer to a renewal of leases: the readers that hold one, and the channels that are paused now."""

    held: Collection[str]
    paused: Collection[str]
