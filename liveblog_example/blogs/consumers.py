"""The consumers of a blog's WebSocket and of its long poll: plain functions, run by workers, a few lines each."""

import json
from typing import Any

from django.http import QueryDict
from towpath import Message
from towpath.auth import channel_session_user, channel_session_user_from_http

from .actions import Refused, perform
from .models import Blog
from .payloads import frame, response, snapshot

#: The close code for a blog that does not exist; 4000 to 4999 are for applications (RFC 6455, section 7.4.2).
NO_SUCH_BLOG = 4404


@channel_session_user_from_http
def connect(message: Message, slug: str) -> None:
    """Accept a page, then send the changes that it missed since it was rendered.

    It joins first and reads second: a post in between arrives twice, and the page recognizes it by its revision.
    """
    blog = Blog.objects.filter(slug=slug).first()
    if blog is None:
        gone = {"kind": "ended", "text": "There is no such blog."}
        message.reply_channel.send({"accept": True, **frame(gone), "close": NO_SUCH_BLOG})
        return
    message.reply_channel.send({"accept": True})
    blog.readers.add(message.reply_channel)
    blog.refresh_from_db()
    message.reply_channel.send(frame(snapshot(blog, number(message, "since", blog.revision))))


@channel_session_user
def receive(message: Message, slug: str) -> None:
    """Execute the action of the page, and answer with its `ref`."""
    action = decode(message.get("text"))
    try:
        perform(message.user, Blog.objects.get(slug=slug), action)
    except Refused as refusal:
        answer = {"kind": "refused", "text": str(refusal)}
    else:
        answer = {"kind": "done"}
    message.reply_channel.send(frame({**answer, "ref": action.get("ref")}))


def poll(message: Message, slug: str) -> None:
    """Answer at once if there are changes after `since`; otherwise the blog's next change answers.

    A request without an answer ends with the timeout of the page, which repeats it after 25 seconds, or of the server.
    """
    blog = Blog.objects.filter(slug=slug).first()
    if blog is None:
        message.reply_channel.send(response({"kind": "ended", "text": "There is no such blog."}, status=404))
        return
    blog.pollers.add(message.reply_channel)
    blog.refresh_from_db()
    missed = snapshot(blog, number(message, "since", blog.revision))
    if missed.get("entries") != [] or not number(message, "wait", 1):
        message.reply_channel.send(response(missed))


def decode(text: str | None) -> dict[str, Any]:
    """Return the action in a frame; empty if it is not a JSON object."""
    try:
        action = json.loads(text or "")
    except ValueError:
        return {}
    return action if isinstance(action, dict) else {}


def number(message: Message, name: str, default: int) -> int:
    """Return a whole number from the query string."""
    value = QueryDict(message.get("query_string", b"")).get(name, "")
    return int(value) if value.isdecimal() and value.isascii() and len(value) < 19 else default
