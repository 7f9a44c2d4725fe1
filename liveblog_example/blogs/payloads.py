"""The messages to the page. The HTML of an entry comes from the template that the page itself is rendered with.

A change is {"kind": "post" or "chat" or "deleted", "id", "revision", "html"}; `id` is that of the element on the page.
A snapshot is {"kind": "snapshot", "after", "revision", "entries"}: all changes after one revision up to another.
"""

import json
from typing import Any

from django.template.loader import render_to_string

from .models import Blog, Entry

#: A page that missed more changes than this must reload instead.
CHANGES_AT_MOST = 200

TEMPLATES = {"post": ("post", "blogs/_post.html"), "chatline": ("chat", "blogs/_chat_line.html")}

Payload = dict[str, Any]


def change(entry: Entry) -> Payload:
    """Return the current state of an entry as a change."""
    described = {"id": entry.dom_id, "revision": entry.revision}
    if entry.removed:
        return {"kind": "deleted", **described}
    kind, template = TEMPLATES[entry._meta.model_name or ""]
    return {"kind": kind, **described, "html": render_to_string(template, {"entry": entry}).strip()}


def snapshot(blog: Blog, since: int) -> Payload:
    """Return a snapshot of all changes after revision `since`."""
    if not 0 <= blog.revision - since <= CHANGES_AT_MOST:
        return {"kind": "reload"}
    missed = [
        entry
        for entries in (blog.posts, blog.chatlines)
        for entry in entries.filter(revision__gt=since).select_related("author", "blog")
    ]
    missed.sort(key=lambda entry: entry.revision)
    return {"kind": "snapshot", "after": since, "revision": blog.revision, "entries": [change(one) for one in missed]}


def single(entry: Payload) -> Payload:
    """Return one change as a snapshot, for pages that poll."""
    revision = entry["revision"]
    return {"kind": "snapshot", "after": revision - 1, "revision": revision, "entries": [entry]}


def frame(payload: Payload) -> dict[str, Any]:
    """Return the payload as a message to a WebSocket."""
    return {"text": json.dumps(payload)}


def response(payload: Payload, status: int = 200) -> dict[str, Any]:
    """Return the payload as a whole HTTP response: a message to the reply channel of a request."""
    headers = [[b"Content-Type", b"application/json"], [b"Cache-Control", b"no-store"]]
    return {"status": status, "headers": headers, "content": json.dumps(payload).encode()}
