"""Data binding: changes of models reach groups of sockets, and frames of sockets change models."""

from .actions import CREATE, DELETE, UPDATE
from .base import Binding, BindingMetaclass
from .querysets import BoundManager, BoundQuerySet
from .websockets import WebsocketBinding, WebsocketBindingWithMembers

__all__ = [
    "CREATE",
    "DELETE",
    "UPDATE",
    "Binding",
    "BindingMetaclass",
    "BoundManager",
    "BoundQuerySet",
    "WebsocketBinding",
    "WebsocketBindingWithMembers",
]
