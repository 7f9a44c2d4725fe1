"""The project's routing, checked and indexed: what a worker listens to, and who handles a message."""

from towpath.channels.message import Message

from .defaults import default_routes
from .include import routing_objects
from .match import Consumer, Match
from .table import Table


class Router:
    """Routes messages by a ROUTING value: a list, a dict `{channel: consumer}`, or the dotted path of one.

    Raises:
        RoutingError: something in it is no routing, or cannot be imported; names the route.
    """

    def __init__(self, routing: object) -> None:
        self.root = Table(routing_objects(routing, "ROUTING"))

    @property
    def channels(self) -> set[str]:
        """The channels to listen on."""
        return self.root.channels

    def add_route(self, route: object) -> None:
        """Put one more route, or a list of them, behind all others.

        Raises:
            RoutingError: it is no routing.
        """
        for entry in routing_objects(route, "add_route"):
            self.root.append(entry)

    def check_default(self, http_consumer: Consumer | str | None = None) -> None:
        """Add the routes for what the project does not route itself; `http_consumer` None: requests stay unrouted."""
        self.add_route(default_routes(http_consumer))

    def match(self, message: Message) -> Match | None:
        """Return the consumer of the first route that matches, or None."""
        return self.root.match(message)
