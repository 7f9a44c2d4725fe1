"""The public names of Towpath, resolved at first use: `import towpath.interface` must not import Django."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from towpath.channels import (
        DEFAULT_CHANNEL_LAYER,
        Channel,
        Group,
        Message,
        channel_layers,
        get_channel_layer,
        group_name,
    )
    from towpath.routing import include, route, route_class

__version__ = "0.1.0"

# Type checkers read it, so it is a literal.
__all__ = [
    "DEFAULT_CHANNEL_LAYER",
    "Channel",
    "Group",
    "Message",
    "__version__",
    "channel_layers",
    "get_channel_layer",
    "group_name",
    "include",
    "route",
    "route_class",
]

#: Public name -> module that defines it.
_HOMES = {
    "Channel": "towpath.channels",
    "Group": "towpath.channels",
    "Message": "towpath.channels",
    "channel_layers": "towpath.channels",
    "get_channel_layer": "towpath.channels",
    "group_name": "towpath.channels",
    "DEFAULT_CHANNEL_LAYER": "towpath.channels",
    "route": "towpath.routing",
    "route_class": "towpath.routing",
    "include": "towpath.routing",
}

if not TYPE_CHECKING:  # with it, type checkers would accept every name

    def __getattr__(name):
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
