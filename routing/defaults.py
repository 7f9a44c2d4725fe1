"""Consumers for messages that a project does not route itself.

A WebSocket on a path without a route is refused: an accepted socket without a consumer would stay open for nothing.
"""

from towpath.channels.exceptions import DenyConnection
from towpath.channels.message import Message
from towpath.layers.protocol import CONNECT, DISCONNECT, HTTP_DISCONNECT, HTTP_REQUEST, RECEIVE

from .match import Consumer
from .route import Route
from .unrouted import ListingRouter, UnroutedConsumer


def null_consumer(message: Message, **kwargs: object) -> None:
    """Do nothing."""


def connect_consumer(message: Message, **kwargs: object) -> None:
    """Accept the WebSocket."""
    if message.reply_channel is not None:
        message.reply_channel.send({"accept": True})


def deny_consumer(message: Message, **kwargs: object) -> None:
    """Refuse the WebSocket.

    Raises:
        DenyConnection: always.
    """
    raise DenyConnection("its route refuses every WebSocket")


def default_routes(router: ListingRouter, http_consumer: Consumer | str | None) -> list[Route]:
    """Return the routes that come behind those of `router`; without `http_consumer` there is none for requests."""
    unrouted = UnroutedConsumer(router)
    requests = [] if http_consumer is None else [Route(HTTP_REQUEST, http_consumer)]
    return [
        *requests,
        Route(HTTP_DISCONNECT, null_consumer),
        Route(CONNECT, unrouted),
        Route(RECEIVE, unrouted),
        Route(DISCONNECT, null_consumer),
    ]
