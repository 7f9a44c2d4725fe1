"""A group as application code sees it: channels that get the same messages."""

from towpath.layers.contract import Content
from towpath.layers.names import check_group_name

from .channel import Channel
from .configured import DEFAULT_CHANNEL_LAYER, AnyLayer, channel_layers
from .outbox import hold_group_send


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

    def add(self, channel: Channel | str) -> None:
        """Add a channel at once, also inside a consumer: who joins and then reads its snapshot misses nothing."""
        self.channel_layer.group_add(self.name, channel.name if isinstance(channel, Channel) else channel)

    def discard(self, channel: Channel | str) -> None:
        """Take a channel out at once; no error if it is not a member."""
        self.channel_layer.group_discard(self.name, channel.name if isinstance(channel, Channel) else channel)

    def send(self, content: Content, immediately: bool = False) -> None:
        """Send a message to every member; inside a consumer it is held until that ends, unless it goes `immediately`.

        Raises:
            ValueError: `content` is not a dict.
            EncodeError: it holds a value that cannot travel; names the key.
            MessageTooLarge, LayerUnavailable: of the layer, for a send that was not held.
        """
        if not isinstance(content, dict):
            raise ValueError(f"a message to a group is a dict, not {content!r}")
        if immediately or not hold_group_send(self.channel_layer, self.name, content):
            self.channel_layer.send_group(self.name, content)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Group({self.name!r})"
