"""The result of routing, and the protocol of routing objects."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from towpath.channels.message import Message

#: A plain function or class that takes a message and the named groups of its route.
Consumer = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Match:
    """The consumer for a message and its keyword arguments; it unpacks into these two.

    `ordered` False: the connection's next event need not wait until the consumer has run. `stream_uploads`: it gets
    requests whose body is still being received.
    """

    consumer: Consumer
    kwargs: dict[str, Any]
    ordered: bool = True
    stream_uploads: bool = False

    def __iter__(self) -> Iterator[Any]:
        yield self.consumer
        yield self.kwargs


@runtime_checkable
class Routing(Protocol):
    """A routing object: one of ours, or the project's own, which may answer with a (consumer, kwargs) tuple."""

    def match(self, message: Message) -> Match | tuple[Consumer, dict[str, Any]] | None:
        """Return the consumer for a message on one of the channels, or None."""

    def channel_names(self) -> Collection[str]:
        """Return the channels whose messages this object may match."""
