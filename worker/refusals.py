"""Replies that refuse a WebSocket handshake; while DEBUG is on, their body says why."""

from django.conf import settings

from towpath.layers.contract import Content

_HEADERS = [["content-type", "text/plain; charset=utf-8"], ["x-content-type-options", "nosniff"]]


def refusal(status: int, reason: str) -> Content:
    """Return the reply. It ends a handshake, and has no effect on a WebSocket that is open already."""
    if not settings.DEBUG:
        return {"accept": False, "status": status}
    return {"accept": False, "status": status, "headers": _HEADERS, "content": f"{reason}\n".encode(errors="replace")}
