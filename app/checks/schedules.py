"""System check of the channels of schedules. Their shape is checked with the settings (E001)."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from towpath.channels.configured import LayerSettings
from towpath.layers.errors import ConfigurationError
from towpath.routing import Router

from .settings import sound_layers


def check_schedules(**_: Any) -> list[CheckMessage]:
    """Find schedules that send to a channel that no route takes (W009)."""
    return [message for alias, layer in sound_layers() if layer.schedule for message in _messages(alias, layer)]


def _messages(alias: str, layer: LayerSettings) -> Iterator[CheckMessage]:
    try:
        taken = Router(layer.routing).channels
    except ConfigurationError:
        return  # check_layers reports the error
    for entry in layer.schedule:
        if entry.channel not in taken:
            where = f"CHANNEL_LAYERS[{alias!r}]['SCHEDULE'][{entry.name!r}]"
            yield CheckWarning(
                f"{where} sends to {entry.channel!r}, and no route takes it.",
                hint="Add a route for the channel: messages that no worker takes are dropped when they expire.",
                id="towpath.W009",
            )
