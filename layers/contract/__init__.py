"""The contract of every channel layer: its messages, and its three sides."""

from .messages import (
    SESSION_STATE_MAX_BYTES,
    Content,
    Delayed,
    Envelope,
    GroupSend,
    Received,
    Renewal,
    Scheduled,
    Send,
    Settlement,
    Taken,
    Will,
)
from .sides import AnySend, ChannelLayer, Edge, Reader, SendTracing

__all__ = [
    "SESSION_STATE_MAX_BYTES",
    "AnySend",
    "ChannelLayer",
    "Content",
    "Delayed",
    "Edge",
    "Envelope",
    "GroupSend",
    "Reader",
    "Received",
    "Renewal",
    "Scheduled",
    "Send",
    "SendTracing",
    "Settlement",
    "Taken",
    "Will",
]
