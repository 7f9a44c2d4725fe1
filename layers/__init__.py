"""Channel layers: the contract, its parts, and two implementations (`redis`, `memory`)."""

from .base import BaseChannelLayer
from .contract import ChannelLayer, Content, Edge, Envelope, GroupSend, Reader, Received, Send, Settlement, Taken
from .errors import (
    ChannelFull,
    ConfigurationError,
    DecodeError,
    EncodeError,
    InvalidName,
    LayerUnavailable,
    MessageTooLarge,
    TowpathError,
)
from .inbox_events import Grouped, InboxEvent, Kept, Lost, Replies, Settled

__all__ = [
    "BaseChannelLayer",
    "ChannelFull",
    "ChannelLayer",
    "ConfigurationError",
    "Content",
    "DecodeError",
    "Edge",
    "EncodeError",
    "Envelope",
    "GroupSend",
    "Grouped",
    "InboxEvent",
    "InvalidName",
    "Kept",
    "LayerUnavailable",
    "Lost",
    "MessageTooLarge",
    "Reader",
    "Received",
    "Replies",
    "Send",
    "Settled",
    "Settlement",
    "Taken",
    "TowpathError",
]
