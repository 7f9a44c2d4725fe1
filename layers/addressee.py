"""The reply channel of a message."""

from .contract import Envelope


def reply_channel_of(envelope: Envelope) -> str | None:
    """Return where the answer to a message goes, or None."""
    name = envelope.content.get("reply_channel")
    return name if isinstance(name, str) else None
