"""Consumers for what a project does not route itself.

A WebSocket on a path that nobody routes is refused: an accepted socket that nobody answers would stay open for nothing.
"""

from towpath.channels.exceptions import DenyConnection
from towpath.channels.message import Message

from .match import Consumer
from .route import Route


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
    raise DenyConnection(f"no route for a WebSocket on {message.get('path')!r}")


def default_routes(http_consumer: Consumer | str | None) -> list[Route]:
    """Return the routes that come behind the project's own; without `http_consumer` there is none for requests."""
    requests = [] if http_consumer is None else [Route("http.request", http_consumer)]
    return [
        *requests,
        Route("http.disconnect", null_consumer),
        Route("websocket.connect", deny_consumer),
        Route("websocket.receive", null_consumer),
        Route("websocket.disconnect", null_consumer),
    ]
