"""Routes: the consumer for the messages of some channels.

A dotted path stays a string until `resolve()`, which the router calls when it is built, so that a routing module can be
imported before the modules of its consumers.
"""

from collections.abc import Collection, Iterable, Mapping
from inspect import iscoroutinefunction
from typing import Any

from towpath.channels.message import Message
from towpath.layers.errors import InvalidName
from towpath.layers.names import check_channel_name

from .errors import RoutingError
from .filters import Filters, Pattern
from .match import Consumer, Match
from .naming import imported, name_of


class Route:
    """Channels, filters, and the consumer for the messages that match them."""

    def __init__(
        self,
        channels: str | Iterable[str],
        consumer: Consumer | str,
        ordered: bool = True,
        stream_uploads: bool = False,
        **filters: Pattern,
    ) -> None:
        names = [channels] if isinstance(channels, str) else list(channels)
        self._owner = f"route({', '.join(map(repr, names))} -> {_shown(consumer)})"
        self._channels = frozenset(_checked(name, self._owner) for name in names)
        self._prepare(consumer, ordered, stream_uploads, filters)

    def _prepare(
        self, consumer: Consumer | str, ordered: bool, stream_uploads: bool, filters: Mapping[str, Pattern]
    ) -> None:
        for name, value in {"ordered": ordered, "stream_uploads": stream_uploads}.items():
            if not isinstance(value, bool):
                raise RoutingError(f"{self._owner}: {name} is True or False, not {value!r}; it cannot be a filter")
        self._consumer = consumer
        self._ordered = ordered
        self._stream_uploads = stream_uploads
        self._filters = Filters(filters, self._owner)

    @property
    def filters(self) -> Mapping[str, Pattern]:
        """The filters as the project wrote them."""
        return self._filters.patterns

    @property
    def consumer(self) -> Consumer:
        """The consumer itself; a dotted path is imported at the first use."""
        if isinstance(self._consumer, str):
            self._consumer = _callable(imported(self._consumer, self._owner), self._owner)
        return self._consumer

    def resolve(self) -> None:
        """Import the consumer if it is a dotted path.

        Raises:
            RoutingError: it cannot be imported, or is not callable.
        """
        _callable(self.consumer, self._owner)

    def channel_names(self) -> Collection[str]:
        """Return the channels of this route."""
        return self._channels

    def match(self, message: Message) -> Match | None:
        """Return the consumer if channel and filters match."""
        kwargs = self._filters.match(message.content)
        if kwargs is None or message.channel_name not in self.channel_names():
            return None
        return Match(self.consumer, kwargs, self._ordered, self._stream_uploads)

    def __repr__(self) -> str:
        return f"<{self._owner}>"


class RouteClass(Route):
    """A class consumer that says by its `channel_names()` which channels it handles."""

    def __init__(
        self, consumer: Consumer | str, ordered: bool = True, stream_uploads: bool = False, **filters: Pattern
    ) -> None:
        self._owner = f"route_class({_shown(consumer)})"
        self._channels = frozenset()
        self._prepare(consumer, ordered, stream_uploads, filters)
        if not isinstance(consumer, str):
            self.resolve()

    def resolve(self) -> None:
        """Import the class and ask it for its channels.

        Raises:
            RoutingError: it cannot be imported, or has no `channel_names()`.
        """
        super().resolve()
        names = getattr(self.consumer, "channel_names", None)
        if not callable(names):
            raise RoutingError(f"{self._owner}: the consumer has no channel_names() that says what it handles")
        self._channels = frozenset(_checked(name, self._owner) for name in names())

    def channel_names(self) -> Collection[str]:
        """Return the channels of the class."""
        if not self._channels:
            self.resolve()
        return self._channels


def route(
    channels: str | Iterable[str],
    consumer: Consumer | str,
    ordered: bool = True,
    stream_uploads: bool = False,
    **filters: Pattern,
) -> Route:
    """Send messages on `channels` whose values match all `filters` to `consumer`, a callable or a dotted path.

    A filter is a regular expression for the value of that key; `path` may be in Django's path syntax instead, with a
    parameter such as `<slug:room>`. Named groups and parameters become keyword arguments of the consumer. With
    `ordered` False the next event of the connection does not wait for this one. With `stream_uploads` True a consumer
    of `http.request` gets a request while its body, longer than 1 MiB, is still being received, and its reads wait for
    the client; without, it gets the request when the body is complete.

    Raises:
        RoutingError: a channel name or a filter is wrong.
    """
    return Route(channels, consumer, ordered, stream_uploads, **filters)


def route_class(
    consumer: Consumer | str, ordered: bool = True, stream_uploads: bool = False, **filters: Pattern
) -> RouteClass:
    """Send messages on the channels that `consumer.channel_names()` returns to that class.

    Raises:
        RoutingError: the class has no `channel_names()`, or a filter is wrong.
    """
    return RouteClass(consumer, ordered, stream_uploads, **filters)


def _checked(name: object, owner: str) -> str:
    try:
        return check_channel_name(name)
    except InvalidName as error:
        raise RoutingError(f"{owner}: {error}") from error


def _callable(consumer: Any, owner: str) -> Consumer:
    if not callable(consumer):
        raise RoutingError(f"{owner}: the consumer {consumer!r} cannot be called")
    if iscoroutinefunction(consumer) or iscoroutinefunction(type(consumer).__call__):
        raise RoutingError(f"{owner}: the consumer is an async function; consumers are plain functions")
    return consumer  # type: ignore[no-any-return]


def _shown(consumer: object) -> str:
    return repr(consumer) if isinstance(consumer, str) else name_of(consumer)
