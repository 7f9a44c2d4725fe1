"""From the channel and content of a message to the consumer that handles it."""

from .defaults import connect_consumer, deny_consumer, null_consumer
from .errors import RoutingError
from .include import Include, include
from .listing import ListedRoute
from .match import Consumer, Match, Routing
from .naming import name_of
from .route import Route, RouteClass, route, route_class
from .router import Router

__all__ = [
    "Consumer",
    "Include",
    "ListedRoute",
    "Match",
    "Route",
    "RouteClass",
    "Router",
    "Routing",
    "RoutingError",
    "connect_consumer",
    "deny_consumer",
    "include",
    "name_of",
    "null_consumer",
    "route",
    "route_class",
]
