"""The project's routing, checked and indexed: the channels of a worker, and the consumer of a message."""

from towpath.channels.message import Message

from .defaults import default_routes
from .include import routing_objects
from .listing import ListedRoute, check_paths, listed_routes
from .match import Consumer, Match
from .table import Table


class Router:
    """Routes messages by a ROUTING value: a list, a dict `{channel: consumer}`, or the dotted path of one.

    Raises:
        RoutingError: a part of it is not a routing, or cannot be imported; names the route.
    """

    def __init__(self, routing: object) -> None:
        objects = routing_objects(routing, "ROUTING")
        check_paths(objects)
        self.root = Table(objects)

    @property
    def channels(self) -> set[str]:
        """The channels to listen on."""
        return self.root.channels

    def add_route(self, route: object) -> None:
        """Append a route, or a list of routes.

        Raises:
            RoutingError: it is not a routing.
        """
        objects = routing_objects(route, "add_route")
        check_paths(objects)
        for entry in objects:
            self.root.append(entry)

    def check_default(self, http_consumer: Consumer | str | None = None) -> None:
        """Append routes for messages that the project does not route itself; `http_consumer` None: not for requests."""
        self.add_route(default_routes(self, http_consumer))

    def listed(self) -> list[ListedRoute]:
        """Return all routes with their prefixes, in the order they are tried."""
        return list(listed_routes(self.root.objects))

    def match(self, message: Message) -> Match | None:
        """Return the consumer of the first route that matches, or None."""
        return self.root.match(message)
