"""The front door. Names are resolved on first use, so that `towpath.interface` loads without Django."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: Public name -> module that defines it.
_HOMES = {
    "Channel": "towpath.channels",
    "Group": "towpath.channels",
    "Message": "towpath.channels",
    "channel_layers": "towpath.channels",
    "get_channel_layer": "towpath.channels",
    "DEFAULT_CHANNEL_LAYER": "towpath.channels",
    "route": "towpath.routing",
    "route_class": "towpath.routing",
    "include": "towpath.routing",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
