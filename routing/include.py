"""Routing inside routing: a list of routes behind prefixes that they do not see, and the forms of a ROUTING value."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from towpath.channels.message import Message

from .errors import RoutingError
from .filters import Filters, Pattern
from .match import Match, Routing
from .naming import imported
from .route import Route, route
from .table import Table


class Include:
    """Other routing, whose routes see the message without the prefixes that were matched here."""

    def __init__(self, routing: object, **filters: Pattern) -> None:
        self._owner = f"include({routing!r})" if isinstance(routing, str) else "include([...])"
        self._routing = routing
        self._filters = Filters(filters, self._owner, is_prefix=True)
        self._table: Table | None = None
        self._is_resolving = False

    def resolve(self) -> None:
        """Import the dotted paths, here and in the routes inside.

        Raises:
            RoutingError: a path cannot be imported, is not a routing, or includes itself.
        """
        self._table = self._resolved()

    def _resolved(self) -> Table:
        if self._is_resolving:
            raise RoutingError(f"{self._owner} includes itself")
        self._is_resolving = True
        try:
            return Table(routing_objects(self._routing, self._owner))
        finally:
            self._is_resolving = False

    @property
    def filters(self) -> Mapping[str, Pattern]:
        """The prefixes as the project wrote them."""
        return self._filters.patterns

    @property
    def table(self) -> Table:
        """The routes inside, by channel."""
        if self._table is None:
            self._table = self._resolved()
        return self._table

    def channel_names(self) -> Collection[str]:
        """Return the channels of all routes inside."""
        return self.table.channels

    def match(self, message: Message) -> Match | None:
        """Return the first match inside, if the prefixes match; its keyword arguments win over the prefixes'."""
        if not self._filters:
            return self.table.match(message)
        cut = self._filters.cut(message.content)
        if cut is None:
            return None
        content, kwargs = cut
        found = self.table.match(Message(content, message.channel_name, message.channel_layer, message.turn))
        return None if found is None else replace(found, kwargs={**kwargs, **found.kwargs})

    def __repr__(self) -> str:
        return f"<{self._owner}>"


def include(routing: object, **filters: Pattern) -> Include:
    """Put other routing (a list, a dict, or the dotted path of one) behind prefixes that all have to match.

    The routes inside match the rest: behind `path="/sites/<slug:site>"` a route is `path="/<slug:room>/"`.

    Raises:
        RoutingError: a filter is wrong.
    """
    return Include(routing, **filters)


def routing_objects(routing: object, owner: str) -> list[Routing]:
    """Return the routing objects of a list, a dict `{channel: consumer}`, one object, or the dotted path of these.

    Raises:
        RoutingError: it is something else, or cannot be imported.
    """
    if isinstance(routing, str):
        return routing_objects(imported(routing, owner), f"{owner}: {routing}")
    if isinstance(routing, Mapping):
        routing = [route(channel, consumer) for channel, consumer in routing.items()]
    if isinstance(routing, Sequence) and not isinstance(routing, bytes):
        return [found for entry in routing for found in _entry(entry, owner)]
    return _entry(routing, owner)


def _entry(entry: object, owner: str) -> list[Routing]:
    if isinstance(entry, (list, tuple)):
        return routing_objects(entry, owner)
    if not isinstance(entry, Routing):
        raise RoutingError(f"{owner}: {entry!r} is not a routing: use route(), route_class() or include()")
    if isinstance(entry, (Route, Include)):
        entry.resolve()
    return [entry]
