"""Consumers as classes: one instance for each message, and a method for each kind of it."""

from .base import BaseConsumer
from .demultiplexer import WebsocketDemultiplexer
from .json_websockets import JsonWebsocketConsumer
from .multiplexer import WebsocketMultiplexer
from .websockets import WebsocketConsumer

__all__ = [
    "BaseConsumer",
    "JsonWebsocketConsumer",
    "WebsocketConsumer",
    "WebsocketDemultiplexer",
    "WebsocketMultiplexer",
]
