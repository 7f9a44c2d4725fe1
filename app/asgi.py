"""The configured channel layers, under the import path of 1.x. A project's `asgi.py` calls `get_channel_layer()`."""

from towpath.channels.configured import (
    ChannelLayerManager,
    ConfiguredLayer,
    InvalidChannelLayerError,
    channel_layers,
    get_channel_layer,
)

#: The name of 1.x.
ChannelLayerWrapper = ConfiguredLayer

__all__ = [
    "ChannelLayerManager",
    "ChannelLayerWrapper",
    "InvalidChannelLayerError",
    "channel_layers",
    "get_channel_layer",
]
