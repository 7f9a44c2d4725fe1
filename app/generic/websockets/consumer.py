"""A WebSocket as a class: connect, receive, disconnect, and its groups."""

from collections.abc import Collection, Mapping
from typing import Any

from towpath.auth import channel_and_http_session_user_from_http, channel_session_user_from_http
from towpath.channels import Channel, Group, Message, SendNotAvailableOnDemultiplexer
from towpath.layers.contract import Content
from towpath.layers.errors import ConfigurationError
from towpath.layers.protocol import CONNECT, DISCONNECT, RECEIVE
from towpath.sessions import enforce_ordering

from ..base import BaseConsumer, Decorator
from .frames import close_status, frame
from .multiplexer import WebsocketMultiplexer


class WebsocketConsumer(BaseConsumer):
    """Handles one WebSocket; override `connect`, `receive` and `disconnect`.

    A class that overrides `connect` accepts the socket there: `self.message.reply_channel.send({"accept": True})`.
    `path` is the socket's path.
    """

    method_mapping: Mapping[str, str] = {
        CONNECT: "raw_connect",
        RECEIVE: "raw_receive",
        DISCONNECT: "raw_disconnect",
    }
    #: `message.user`: who is logged in to the browser; kept in the connection's session.
    http_user: bool = False
    #: The same, and `message.http_session` at every event.
    http_user_and_session: bool = False
    #: Opens `message.channel_session`, as in 1.x. Events of a connection are in order without it.
    strict_ordering: bool = False
    #: Groups that each socket is in while it is open.
    groups: Collection[str] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if getattr(cls, "slight_ordering", False):
            raise ConfigurationError(
                f"{cls.__qualname__}.slight_ordering was removed: take it out, events of a connection are in order"
            )
        if isinstance(cls.groups, str | bytes):
            raise ConfigurationError(f"{cls.__qualname__}.groups is a list of names: write [{cls.groups!r}]")

    def __init__(self, message: Message, **kwargs: Any) -> None:
        self.path = message.get("path")
        super().__init__(message, **kwargs)

    # What subclasses define.

    # `*args` here and below: a type checker then lets overrides name the arguments of their route.

    def connection_groups(self, *args: Any, **kwargs: Any) -> Collection[str]:
        """Return the names of the groups that this socket is in while it is open."""
        return self.groups or ()

    def connect(self, message: Message, *args: Any, **kwargs: Any) -> None:
        """Accept the socket."""
        if self._multiplexer() is None:  # the demultiplexer has accepted for all its streams
            self._reply({"accept": True})

    def receive(self, *args: Any, **kwargs: Any) -> None:
        """Handle a frame: override it as `receive(self, text=None, bytes=None, **kwargs)`; one of the two is given."""

    def disconnect(self, message: Message, *args: Any, **kwargs: Any) -> None:
        """Handle the end of the socket, which has left its groups."""

    # What they call.

    def send(self, text: str | None = None, bytes: bytes | None = None, close: bool | int = False) -> None:
        """Send a frame to the socket, and close it after that with True or a code.

        Raises:
            ValueError: there is no frame, or text and bytes, or the code is not one that a server may send.
            TypeError: `text` is not str, or `bytes` not bytes.
            SendNotAvailableOnDemultiplexer: the socket has several streams; their `multiplexer` sends.
        """
        self._send(frame(text, bytes, close))

    @classmethod
    def group_send(
        cls, name: str, text: str | None = None, bytes: bytes | None = None, close: bool | int = False
    ) -> None:
        """Send a frame to every socket in a group of the default layer; raises as `send` does."""
        Group(name).send(frame(text, bytes, close))

    def close(self, status: bool | int = True, reason: str | None = None) -> None:
        """Close the socket, normally (True) or with a code, and with a reason of at most 123 bytes of UTF-8.

        Raises:
            ValueError: `status` is neither True nor a code that a server may send, or the reason is too long.
        """
        content: Content = {"close": close_status(status)}
        self._reply(content if reason is None else {**content, "reason": reason})

    # What the worker calls.

    def raw_connect(self, message: Message, **kwargs: Any) -> None:
        """Join the groups, then connect: a snapshot that `connect` reads misses nothing."""
        for group in self._groups(message, kwargs):
            group.add(self._connection())
        self.connect(message, **kwargs)

    def raw_receive(self, message: Message, **kwargs: Any) -> None:
        """Call the handler with the content of the frame."""
        text = message.get("text")
        if text is not None:
            self.receive(text=text, **kwargs)
        else:
            self.receive(bytes=message.get("bytes"), **kwargs)

    def raw_disconnect(self, message: Message, **kwargs: Any) -> None:
        """Leave the groups, then disconnect."""
        for group in self._groups(message, kwargs):
            group.discard(self._connection())
        self.disconnect(message, **kwargs)

    def _groups(self, message: Message, kwargs: Mapping[str, Any]) -> list[Group]:
        names = self.connection_groups(**kwargs)
        if isinstance(names, str | bytes):
            raise ConfigurationError(
                f"{type(self).__qualname__}.connection_groups returns a list of names, such as [{names!r}], not a name"
            )
        return [Group(name, channel_layer=message.channel_layer) for name in names]

    def _decorator(self) -> Decorator | None:
        if self.http_user_and_session:
            return channel_and_http_session_user_from_http
        if self.http_user:
            return channel_session_user_from_http
        return super()._decorator() or (enforce_ordering if self.strict_ordering else None)

    def _multiplexer(self) -> WebsocketMultiplexer | None:
        found = self.kwargs.get("multiplexer")
        return found if isinstance(found, WebsocketMultiplexer) else None

    def _send(self, content: Content) -> None:
        if self._multiplexer() is not None:
            raise SendNotAvailableOnDemultiplexer(
                f"{type(self).__qualname__} is one stream of several on its socket: take the keyword argument "
                "multiplexer in its methods, and call multiplexer.send(payload)"
            )
        self._reply(content)

    def _reply(self, content: Content) -> None:
        self._connection().send(content)

    def _connection(self) -> Channel:
        """Return the reply channel.

        Raises:
            ValueError: the message has none.
        """
        if self.message.reply_channel is None:
            raise ValueError(f"a message on {self.message.channel_name!r} has no reply_channel to answer on")
        return self.message.reply_channel
