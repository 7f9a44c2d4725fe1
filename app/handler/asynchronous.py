"""Asynchronous views, middleware and iterators in a worker's thread: each ends when its client has left.

asgiref's `async_to_sync` runs them in an event loop of their own, and their synchronous parts (the ORM) in the worker's
thread. A check every second finds out whether the client has left or the worker stops; then the view is cancelled, and
its `finally` blocks run.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpResponse, StreamingHttpResponse

from towpath.channels import Channel
from towpath.layers.contract import Content

from .client_watch import ClientWatch
from .flow import ResponseStream
from .response import HttpResponseLater, chunks_of, response_head

logger = logging.getLogger(__name__)

#: Seconds between two checks that the client of a stream is still connected. The head of a stream without a part is
#: sent at the first check.
LOOK_SECONDS = 1.0
#: Seconds that a view may continue in a stopping worker; then it is cancelled and answered with 503.
STOP_SECONDS = 30.0
#: Seconds to wait for the end of a cancelled view.
CANCEL_SECONDS = 5.0


def ending_with_its_client(function: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    """Return a synchronous function for a coroutine function whose first argument is a request.

    If the client leaves before it ends, it is cancelled; nothing is answered then.
    """

    @wraps(function, updated=())  # its attributes may mark it as a coroutine function
    def run(request: Any, *args: Any, **kwargs: Any) -> Any:
        return async_to_sync(_run_watched)(function, request, args, kwargs)

    return run


async def _run_watched(function: Callable[..., Awaitable[Any]], request: Any, args: Any, kwargs: Any) -> Any:
    task = asyncio.ensure_future(function(request, *args, **kwargs))
    watch: ClientWatch | None = None
    try:
        while not (await asyncio.wait({task}, timeout=LOOK_SECONDS))[0]:
            if watch is None:
                watch = await sync_to_async(_begin_to_watch)(request.reply_channel)
            if not await sync_to_async(watch.is_wanted)():
                await _cancel(task)
                if watch.is_gone:
                    return HttpResponseLater()
                headers = {"Retry-After": "5"}  # this worker stops
                return HttpResponse("Service Unavailable", status=503, content_type="text/plain", headers=headers)
        return task.result()
    finally:
        await _cancel(task)
        if watch is not None:
            await sync_to_async(watch.close)()


def _begin_to_watch(reply_channel: Channel) -> ClientWatch:
    """Request notices from the interface server before there is a response."""
    watch = ClientWatch(reply_channel, STOP_SECONDS)
    reply_channel.send({"flow_channel": watch.flow_channel}, immediately=True)
    return watch


def send_async_stream(response: StreamingHttpResponse, stream: ResponseStream, chunk_bytes: int) -> bool:
    """Send each part when it is available; return whether all were sent.

    The head is sent with the first part, or without one after `LOOK_SECONDS`.

    Raises:
        Exception: of the iterator.
    """
    return async_to_sync(_send_parts)(response, stream, chunk_bytes)


async def _send_parts(response: StreamingHttpResponse, stream: ResponseStream, chunk_bytes: int) -> bool:
    iterator: AsyncIterator[bytes] = aiter(response)
    send = sync_to_async(stream.send)
    head: Content = response_head(response)
    try:
        while (part := await _next_part(iterator, stream, head)) is not None:
            for chunk in chunks_of(part, chunk_bytes):
                if not await send({**head, "content": chunk, "more_content": True}):
                    return False
                head.clear()
        return await send({**head, "content": b""})
    except _NotWanted:
        return False
    finally:
        await _close(iterator)


async def _next_part(iterator: AsyncIterator[bytes], stream: ResponseStream, head: Content) -> bytes | None:
    """Return the next part, None after the last one. `head` is sent first if the part takes long.

    Raises:
        _NotWanted: the client has left.
    """
    task = asyncio.ensure_future(anext(iterator))
    try:
        while not (await asyncio.wait({task}, timeout=LOOK_SECONDS))[0]:
            if head:
                is_wanted = await sync_to_async(stream.send)({**head, "content": b"", "more_content": True})
                head.clear()
            else:
                is_wanted = await sync_to_async(stream.is_wanted)()
            if not is_wanted:
                raise _NotWanted
        return task.result()
    except StopAsyncIteration:
        return None
    finally:
        await _cancel(task)


class _NotWanted(Exception):
    """Raised when the client of a response has left before its next part."""


async def _cancel(task: "asyncio.Future[Any]") -> None:
    """Cancel a task that has not ended, and wait for its `finally` blocks; their exceptions are logged."""
    if task.done():
        return
    task.cancel()
    await asyncio.wait({task}, timeout=CANCEL_SECONDS)
    if not task.done():
        logger.warning("An asynchronous view or iterator goes on for %g seconds after its cancellation", CANCEL_SECONDS)
    elif not task.cancelled() and (error := task.exception()) is not None:
        logger.error("An asynchronous view or iterator raised after its cancellation", exc_info=error)


async def _close(iterator: AsyncIterator[bytes]) -> None:
    close = getattr(iterator, "aclose", None)
    if close is not None:
        await close()
