"""A group as application code sees it: channels that get the same messages."""

from collections.abc import Callable, Sequence

from towpath.layers.codec import check_content
from towpath.layers.contract import Content, GroupSend
from towpath.layers.history.messages import GroupHistory
from towpath.layers.names import check_channel_name, check_group_name

from .channel import Channel
from .configured import DEFAULT_CHANNEL_LAYER, AnyLayer, channel_layers, raw_layer
from .outbox import hold_group_send, snapshot
from .transactions import at_commit, open_transaction, send_at_commit


class Group:
    """A named group of one layer: `channel_layer`, or the one the settings call `alias`.

    Raises:
        InvalidName: `name` is not a group name.
    """

    __slots__ = ("channel_layer", "name")

    def __init__(
        self, name: str | bytes, alias: str = DEFAULT_CHANNEL_LAYER, channel_layer: AnyLayer | None = None
    ) -> None:
        self.name = check_group_name(name.decode("ascii", "replace") if isinstance(name, bytes) else name)
        self.channel_layer: AnyLayer = channel_layers[alias] if channel_layer is None else channel_layer

    def history(self, since: str | None = None, limit: int | None = None) -> GroupHistory:
        """Return the messages that the group keeps: all, or those after position `since`; at most `limit`.

        With a `limit`, the first ones after `since`, or without `since` the last ones. Held messages, which wait for
        the end of this consumer or of a transaction, are not among them.

        Raises:
            NoHistory: no history is configured for this group; says what to write.
            BadPosition: `since` is not a position of this group.
            LayerUnavailable: of the layer.
        """
        return raw_layer(self.channel_layer).group_history(self.name, since, limit)

    def position(self) -> str:
        """Return the position behind the newest message: signed text, opaque, for a page or `history(since=...)`.

        Take it before the data that a page shows is read: what is sent meanwhile is then after it.

        Raises:
            NoHistory: no history is configured for this group; says what to write.
            LayerUnavailable: of the layer.
        """
        return raw_layer(self.channel_layer).group_position(self.name)

    def add(self, channel: Channel | str, immediately: bool = False, since: str | None = None) -> bool:
        """Add a channel at once, also inside a consumer: a member that joins and then reads a snapshot misses nothing.

        Inside `transaction.atomic()` it waits for the commit, unless it is done `immediately`.

        `since` is a position of a group with a history: the connection first gets the messages after it, in order, and
        then every later one. It is added at once, also inside `atomic()`. Return False if messages after `since` are no
        longer kept: only later ones follow then, and the client has to load its data again. Otherwise return True.

        Raises:
            InvalidName: `channel` is not a channel name.
            NoHistory: with `since`, if no history is configured for this group; says what to write.
            BadPosition: `since` is not a position of this group.
            ValueError: with `since`, if `channel` is not a reply channel of a connection.
        """
        if since is not None:
            name = channel.name if isinstance(channel, Channel) else channel
            return raw_layer(self.channel_layer).group_add_since(self.name, name, since)
        self._change(self.channel_layer.group_add, channel, immediately)
        return True

    def discard(self, channel: Channel | str, immediately: bool = False) -> None:
        """Discard a channel, at the time at which `add` would add it; no error if it is not a member.

        Raises:
            InvalidName: `channel` is not a channel name.
        """
        self._change(self.channel_layer.group_discard, channel, immediately)

    def send(
        self, content: Content, immediately: bool = False, exclude: Channel | str | Sequence[Channel | str] = ()
    ) -> None:
        """Send a message to every member; it waits as one to a channel does, unless it goes `immediately`.

        `exclude`: a channel, or several, that do not get it, such as `message.reply_channel` of the sender.

        Raises:
            ValueError: `content` is not a dict.
            InvalidName: what is in `exclude` is not a channel name.
            EncodeError: it holds a value that cannot be encoded; names the key.
            MessageTooLarge, LayerUnavailable: of the layer, for a send that was not held.
        """
        if not isinstance(content, dict):
            raise ValueError(f"a message to a group is a dict, not {content!r}")
        excluded = _names(exclude)
        if immediately:
            self._send(content, excluded)
        elif (transaction := open_transaction()) is not None:
            check_content(content)
            send_at_commit(transaction, self.channel_layer, GroupSend(self.name, snapshot(content), exclude=excluded))
        elif not hold_group_send(self.channel_layer, self.name, content, excluded):
            self._send(content, excluded)

    def _send(self, content: Content, exclude: tuple[str, ...]) -> None:
        if exclude:
            self.channel_layer.send_group(self.name, content, exclude)
        else:  # as layers do that know no exclusions
            self.channel_layer.send_group(self.name, content)

    def _change(self, change: Callable[[str, str], None], channel: Channel | str, immediately: bool) -> None:
        name = channel.name if isinstance(channel, Channel) else channel
        transaction = None if immediately else open_transaction()
        if transaction is None:
            change(self.name, name)
        else:
            check_channel_name(name)
            at_commit(transaction, lambda: change(self.name, name))

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Group({self.name!r})"


def _names(channels: Channel | str | Sequence[Channel | str]) -> tuple[str, ...]:
    if not channels:
        return ()
    given = (channels,) if isinstance(channels, (str, Channel)) else channels
    return tuple([check_channel_name(channel.name if isinstance(channel, Channel) else channel) for channel in given])
