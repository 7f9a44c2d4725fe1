"""A channel as application code sees it: a name to send messages to. Nothing here receives messages."""

from collections.abc import Callable
from datetime import timedelta

from towpath.layers.codec import check_content
from towpath.layers.contract import Content, Envelope
from towpath.layers.names import check_channel_name

from .configured import DEFAULT_CHANNEL_LAYER, AnyLayer, channel_layers
from .delays import send_later
from .outbox import hold_channel_send, note_immediate_send, snapshot
from .transactions import open_transaction, send_at_commit


class Channel:
    """A named channel of one layer: `channel_layer`, or the one the settings call `alias`.

    Raises:
        InvalidName: `name` is not a channel name.
    """

    __slots__ = ("channel_layer", "name")

    def __init__(
        self, name: str | bytes, alias: str = DEFAULT_CHANNEL_LAYER, channel_layer: AnyLayer | None = None
    ) -> None:
        self.name = check_channel_name(name.decode("ascii", "replace") if isinstance(name, bytes) else name)
        self.channel_layer: AnyLayer = channel_layers[alias] if channel_layer is None else channel_layer

    def send(self, content: Content, immediately: bool = False, delay: timedelta | None = None) -> None:
        """Send a message; it waits for the end of the consumer and of the transaction, unless it goes `immediately`.

        A transaction is an open `transaction.atomic()`; its rollback drops what waits for it. With a `delay`, of up to
        a year, the layer keeps the message for that time, beginning when it would have left.

        Raises:
            EncodeError: `content` is not a dict of values that can be encoded (a TypeError that names the key).
            ChannelFull: the channel is at its capacity and the send was not held.
            TypeError, ValueError: `delay` is not a timedelta, or out of its bounds.
            MessageTooLarge, LayerUnavailable: the same, for a send that was not held.
        """
        if delay is not None:
            send_later(self.channel_layer, self.name, content, delay, immediately)
        elif immediately:
            self.channel_layer.send(self.name, content)
            note_immediate_send()
        elif (transaction := open_transaction()) is not None:
            check_content(content)
            send_at_commit(transaction, self.channel_layer, Envelope(self.name, snapshot(content)))
        elif not hold_channel_send(self.channel_layer, self.name, content):
            self.channel_layer.send(self.name, content)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Channel({self.name!r})"


class ReplyChannel(Channel):
    """The reply channel of a message from an interface server: replies are checked by `check` at the call."""

    __slots__ = ("_check",)

    def __init__(self, name: str, channel_layer: AnyLayer, check: Callable[[Content], None]) -> None:
        super().__init__(name, channel_layer=channel_layer)
        self._check = check

    def send(self, content: Content, immediately: bool = False, delay: timedelta | None = None) -> None:
        """Send a reply, as `Channel.send` does.

        Raises:
            InvalidReply: it is not a valid reply; names the wrong key.
        """
        if isinstance(content, dict):  # anything else is refused by `Channel.send`
            self._check(content)
        super().send(content, immediately, delay)
