"""The consumer of `http.request` that gives requests to Django's views."""

from collections.abc import Iterator
from contextlib import closing
from threading import Lock
from typing import TYPE_CHECKING, cast

from towpath.channels import Channel, Message
from towpath.layers.contract import Content

from .flow import ResponseStream
from .handler import AsgiHandler
from .response import last_resort_response, replies

if TYPE_CHECKING:
    from collections.abc import Generator


class ViewConsumer:
    """Answers `http.request` messages through Django. Its handler is made with the first message, one for all threads.

    A response that is there as a whole is one held reply, which leaves with the settlement. A streamed one leaves part
    by part while it is made, and keeps its worker thread until the client has taken it.
    """

    handler_class = AsgiHandler

    def __init__(self) -> None:
        self._handler: AsgiHandler | None = None
        self._lock = Lock()

    def __call__(self, message: Message, **kwargs: object) -> None:
        """Answer a request. What routing found in its path is not used: Django resolves it again.

        Raises:
            ValueError: the message has no reply channel.
            Exception: anything that left the middleware, after an error page was sent; a broken iterator.
        """
        reply_channel = message.reply_channel
        if reply_channel is None:
            raise ValueError(f"a request on {message.channel.name!r} has no reply_channel to answer on")
        try:
            handler = self.load()
        except Exception:
            for content in replies(last_resort_response(), "GET"):
                reply_channel.send(content)
            raise
        with closing(cast("Generator[Content]", handler(message))) as contents:
            _send_replies(contents, reply_channel)

    def load(self) -> AsgiHandler:
        """Make the handler, with the project's middleware, if this was not done yet."""
        if self._handler is None:
            with self._lock:
                if self._handler is None:
                    self._handler = self.handler_class()
        return self._handler


def _send_replies(contents: Iterator[Content], reply_channel: Channel) -> None:
    for content in contents:
        if content.get("more_content", False):
            _stream_replies(content, contents, reply_channel)
            return
        reply_channel.send(content)


def _stream_replies(first: Content, others: Iterator[Content], reply_channel: Channel) -> None:
    stream = ResponseStream(reply_channel)
    is_complete = False
    try:
        goes_on = stream.send(first)
        while goes_on:
            content = next(others, None)
            if content is None:
                is_complete = True
                return
            goes_on = stream.send(content)
    finally:
        if not is_complete:
            stream.abandon()
        stream.close()
