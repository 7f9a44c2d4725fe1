"""Bindings over WebSockets, under the import path of 1.x."""

from towpath.consumers.binding import WebsocketBinding, WebsocketBindingWithMembers

__all__ = ["WebsocketBinding", "WebsocketBindingWithMembers"]
