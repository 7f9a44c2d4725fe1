"""The exceptions of consumers and views, under the import path of 1.x, and the errors of the layers."""

from towpath.channels.exceptions import (
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
from towpath.layers.errors import (
    BadPosition,
    ChannelFull,
    ConfigurationError,
    DecodeError,
    EncodeError,
    InvalidName,
    InvalidReply,
    LayerUnavailable,
    MessageTooLarge,
    NoHistory,
    TowpathError,
)

__all__ = [
    "BadPosition",
    "ChannelFull",
    "ChannelSocketException",
    "ConfigurationError",
    "ConsumeLater",
    "DecodeError",
    "DenyConnection",
    "EncodeError",
    "InvalidFrame",
    "InvalidName",
    "InvalidReply",
    "LayerUnavailable",
    "MessageTooLarge",
    "NoHistory",
    "RequestAborted",
    "RequestTimeout",
    "ResponseLater",
    "SendNotAvailableOnDemultiplexer",
    "TowpathError",
    "WebsocketCloseException",
]
