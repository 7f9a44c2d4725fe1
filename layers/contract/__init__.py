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
)
from .sides import ChannelLayer, Edge, Reader

__all__ = [
    "SESSION_STATE_MAX_BYTES",
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
    "Settlement",
    "Taken",
]
