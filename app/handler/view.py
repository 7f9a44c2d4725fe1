"""The consumer of `http.request` that passes requests to Django's views."""

from collections.abc import Iterator
from contextlib import closing
from threading import Lock
from typing import TYPE_CHECKING, cast

from django.http import StreamingHttpResponse

from towpath.channels import Channel, Message
from towpath.layers.contract import Content
from towpath.routing.unrouted import shown_path

from .asynchronous import send_async_stream
from .flow import ResponseStream
from .handler import AsgiHandler
from .response import has_content, last_resort_response, replies
from .streams import streams

if TYPE_CHECKING:
    from collections.abc import Generator


class ViewConsumer:
    """Answers `http.request` messages through Django. Its handler is made with the first message, one for all threads.

    A complete response is one held reply, which is sent with the settlement. A streamed one is sent part by part while
    it is made, and keeps its worker thread until the client has taken it.
    """

    handler_class = AsgiHandler

    def __init__(self) -> None:
        self._handler: AsgiHandler | None = None
        self._lock = Lock()

    def __call__(self, message: Message, **kwargs: object) -> None:
        """Answer a request. Parameters that routing found in its path are not used: Django resolves it again.

        Raises:
            ValueError: the message has no reply channel.
            Exception: an error of the middleware, after an error page was sent; a broken iterator.
        """
        reply_channel = message.reply_channel
        if reply_channel is None:
            raise ValueError(f"a request on {message.channel_name!r} has no reply_channel to answer on")
        try:
            handler = self.load()
        except Exception:
            for content in replies(last_resort_response(), "GET"):
                reply_channel.send(content)
            raise
        if type(handler).__call__ is not AsgiHandler.__call__:  # of the project's own
            _send_replies(handler(message), message, reply_channel)
            return
        method = message.content["method"].upper()
        with handler.responding(message) as response:
            if isinstance(response, StreamingHttpResponse) and response.is_async and has_content(response, method):
                with streams.running(shown_path(message)):
                    _stream_async(response, reply_channel, handler.chunk_size)
            else:
                _send_replies(handler.contents(response, method), message, reply_channel)

    def load(self) -> AsgiHandler:
        """Make the handler, with the project's middleware, at the first call."""
        if self._handler is None:
            with self._lock:
                if self._handler is None:
                    self._handler = self.handler_class()
        return self._handler


def _send_replies(contents: Iterator[Content], message: Message, reply_channel: Channel) -> None:
    with closing(cast("Generator[Content]", contents)):
        for content in contents:
            if content.get("more_content", False):
                with streams.running(shown_path(message)):
                    _stream_replies(content, contents, reply_channel)
                return
            reply_channel.send(content)


def _stream_async(response: StreamingHttpResponse, reply_channel: Channel, chunk_bytes: int) -> None:
    stream = ResponseStream(reply_channel, has_length=response.has_header("Content-Length"))
    is_complete = False
    try:
        is_complete = send_async_stream(response, stream, chunk_bytes)
    except Exception:
        if not stream.has_begun:
            is_complete = True  # with an error page
            for content in replies(last_resort_response(), "GET"):
                reply_channel.send(content)
        raise
    finally:
        if not is_complete:
            stream.abandon()
        stream.close()


def _stream_replies(first: Content, others: Iterator[Content], reply_channel: Channel) -> None:
    has_length = any(name.lower() == b"content-length" for name, _ in first.get("headers", ()))
    stream = ResponseStream(reply_channel, has_length=has_length)
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
