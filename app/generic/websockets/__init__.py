"""Consumers of WebSockets as classes: text and bytes, JSON, and streams of JSON."""

from .consumer import WebsocketConsumer
from .demultiplexer import WebsocketDemultiplexer
from .json_consumer import JsonWebsocketConsumer
from .multiplexer import WebsocketMultiplexer

__all__ = [
    "JsonWebsocketConsumer",
    "WebsocketConsumer",
    "WebsocketDemultiplexer",
    "WebsocketMultiplexer",
]
