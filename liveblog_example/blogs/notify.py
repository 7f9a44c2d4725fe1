"""The one place that tells open pages about a change, whoever made it: a consumer, a view, the admin, a command."""

from typing import TYPE_CHECKING

from .payloads import change, frame, response, single

if TYPE_CHECKING:
    from .models import Entry


def announce(entry: "Entry") -> None:
    """Send a change to every open page of the blog; called when the change is committed."""
    payload = change(entry)
    entry.blog.readers.send(frame(payload))
    entry.blog.pollers.send(response(single(payload)))
