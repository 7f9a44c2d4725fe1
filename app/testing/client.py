"""A simulated connection: a test sends its events, runs their consumers in its own thread, and reads the replies."""

from contextlib import closing
from typing import Any
from weakref import WeakValueDictionary

from towpath.channels import Group, Message
from towpath.channels.configured import DEFAULT_CHANNEL_LAYER, ConfiguredLayer, channel_layers
from towpath.channels.events import interface_form, is_event
from towpath.layers.codec import check_content
from towpath.layers.contract import Content, Envelope
from towpath.layers.errors import ChannelFull, InvalidName
from towpath.layers.names import check_channel_name, random_token
from towpath.routing import Consumer

from .consuming import consume, router_of, take
from .replies import next_message

#: Reply channel -> client, which keeps the session state of the connection.
_clients: "WeakValueDictionary[str, Client]" = WeakValueDictionary()


class Client:
    """A connection of the layer `alias`. `reply_channel` is its name, such as `inbox!local`; None makes one up.

    The state of the connection travels as it does behind an interface server.
    """

    def __init__(self, alias: str = DEFAULT_CHANNEL_LAYER, reply_channel: str | None = None) -> None:
        if reply_channel is None:
            reply_channel = f"test.{random_token()}!{random_token()}"
        elif check_channel_name(reply_channel).endswith(("!", "?")):
            raise InvalidName(
                f"a reply channel is the name of one connection, such as 'test!one', not {reply_channel!r}"
            )
        self.alias = alias
        self.reply_channel = reply_channel
        self._session_state: bytes | None = None
        self._turn = 0
        _clients[self.reply_channel] = self

    @property
    def channel_layer(self) -> ConfiguredLayer:
        """The layer."""
        return channel_layers[self.alias]

    def send(self, to: str, content: Content | None = None) -> None:
        """Put a message on a channel as an interface server does, at once; `reply_channel` is added.

        Raises:
            ChannelFull: the channel is at its capacity.
            EncodeError: `content` is not a dict of values that can be encoded.
            MalformedEvent: an event of an interface server lacks a key, or has a value of the wrong type.
        """
        content = {} if content is None else content
        check_content(content)
        message = {"reply_channel": self.reply_channel, **content}
        if is_event(to):
            message = interface_form(to, message)
        self._turn += 1
        if self.channel_layer.send_many([Envelope(check_channel_name(to), message, self._turn, self._session_state)]):
            raise ChannelFull(f"channel {to!r} is full")

    def consume(self, channel: str, fail_on_none: bool = True) -> Any:
        """Run the consumer of the channel's next message; return what it returns.

        Its sends, replies, group changes and state take effect when it ends, as in a worker. Its errors are raised
        here, with its own traceback, after the actions of a worker.

        Raises:
            AssertionError: there is no message, or none of the routes matches it. With `fail_on_none` False the first
                returns None, and the second acts as a worker does.
            MalformedEvent: an event that was sent by hand lacks a key, or has a value of the wrong type.
        """
        layer = self.channel_layer
        with closing(layer.reader([channel])) as reader:
            envelope = take(reader, channel)
            if envelope is None:
                if fail_on_none:
                    raise AssertionError(f"there is no message on {channel!r}")
                return None
            if is_event(channel):
                envelope = envelope._replace(content=interface_form(channel, envelope.content))
            owner = _clients.get(str(envelope.content.get("reply_channel")))
            if owner is not None:
                envelope = envelope._replace(session_state=owner._session_state)
            if fail_on_none:
                self._check_route(envelope)
            consumed = consume(layer, reader, envelope)
        if owner is not None and consumed.session_state is not None:
            owner._session_state = consumed.session_state or None
        if consumed.error is not None:
            raise consumed.error
        return consumed.result

    def send_and_consume(self, channel: str, content: Content | None = None, fail_on_none: bool = True) -> Any:
        """Send a message, and run the consumer of the channel's next one."""
        self.send(channel, content)
        return self.consume(channel, fail_on_none)

    def receive(self) -> Any:
        """Return the content of the next reply or group message to this connection; None if there is none."""
        message = next_message(self.channel_layer, self.reply_channel)
        return None if message is None else message.content

    def get_next_message(self, channel: str) -> Message | None:
        """Take a channel's next message without consuming it; None if there is none."""
        return next_message(self.channel_layer, channel)

    def get_consumer_by_channel(self, channel: str) -> Consumer | None:
        """Return the consumer for a message on a channel with a reply channel only."""
        message = Message({"reply_channel": self.reply_channel}, channel, self.channel_layer)
        match = router_of(self.channel_layer).match(message)
        return match.consumer if match is not None else None

    def join_group(self, name: str) -> None:
        """Add this connection to a group."""
        Group(name, channel_layer=self.channel_layer).add(self.reply_channel)

    def _check_route(self, envelope: Envelope) -> None:
        message = Message.from_envelope(envelope, self.channel_layer)
        if router_of(self.channel_layer).match(message) is None:
            path = envelope.content.get("path")
            raise AssertionError(f"no route matches a message on {envelope.channel!r} (path {path!r})")
