"""The API of application code: sending messages, and the messages that consumers receive."""

from .channel import Channel
from .configured import (
    DEFAULT_CHANNEL_LAYER,
    ChannelLayerManager,
    ConfiguredLayer,
    InvalidChannelLayerError,
    channel_layers,
    get_channel_layer,
)
from .exceptions import (
    ChannelSocketException,
    ConsumeLater,
    DenyConnection,
    InvalidFrame,
    RequestAborted,
    RequestTimeout,
    ResponseLater,
    SendNotAvailableOnDemultiplexer,
    WebsocketCloseException,
)
from .group import Group
from .group_name import group_name
from .message import Message
from .outbox import Outbox

__all__ = [
    "DEFAULT_CHANNEL_LAYER",
    "Channel",
    "ChannelLayerManager",
    "ChannelSocketException",
    "ConfiguredLayer",
    "ConsumeLater",
    "DenyConnection",
    "Group",
    "InvalidChannelLayerError",
    "InvalidFrame",
    "Message",
    "Outbox",
    "RequestAborted",
    "RequestTimeout",
    "ResponseLater",
    "SendNotAvailableOnDemultiplexer",
    "WebsocketCloseException",
    "channel_layers",
    "get_channel_layer",
    "group_name",
]
