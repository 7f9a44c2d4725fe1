"""An open asyncio connection to Redis: commands leave in one write, answers come straight from hiredis.

redis-py opens the connection (names, TLS, AUTH, SELECT) and then hands its transport over. Its own reading, with
streams and a task and a timeout for each answer, would cost more than all other work of an interface server.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import hiredis

from .answers import ErrorAnswers

#: What hiredis returns when the next answer is not complete; no answer is this object.
_INCOMPLETE = object()


class AsyncWire(asyncio.Protocol):
    """One exchange at a time. After an error or a cancellation it is closed, since its answers would be out of step."""

    def __init__(self, timeout_seconds: float | None, closed: Callable[[], None]) -> None:
        """`timeout_seconds` bounds each exchange, None does not; `closed` is called once, when it ends."""
        self._timeout_seconds = timeout_seconds
        self._closed = closed
        self._transport: asyncio.Transport | None = None
        self._errors = ErrorAnswers()
        self._reader = hiredis.Reader(replyError=self._errors, notEnoughData=_INCOMPLETE)
        self._answers: list[Any] = []
        self._expected = 0
        self._done: asyncio.Future[list[Any]] | None = None
        #: When the last exchange has begun, by the clock of the event loop.
        self._began_at = 0.0
        #: Checks the timeout; not made anew for each exchange, which would cost more than all else here.
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_misled(self) -> bool:
        """Return whether the server is a replica."""
        return self._errors.is_misled

    def take_over(self, transport: asyncio.Transport) -> None:
        """Become the protocol of an open transport on which no answer is awaited."""
        self._transport = transport
        transport.set_protocol(self)

    async def exchange(self, data: bytes, expected: int) -> list[Any]:
        """Write packed commands and return their answers, `expected` in number; error answers are among them.

        Raises:
            OSError: the connection failed, or Redis exceeded the timeout.
            hiredis.ProtocolError: the bytes are not Redis's protocol.
        """
        if self._transport is None:
            raise ConnectionError("the connection is closed")
        loop = asyncio.get_running_loop()
        self._done = loop.create_future()
        self._expected = expected
        self._began_at = loop.time()
        if self._timer is None and self._timeout_seconds:
            self._timer = loop.call_later(self._timeout_seconds, self._check_time, loop)
        self._transport.write(data)
        try:
            return await self._done
        except BaseException:
            self.close()
            raise
        finally:
            self._done = None

    def close(self) -> None:
        """Close the connection; an exchange that waits fails."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
            self._end()
        self._fail(ConnectionError("the connection was closed"))

    def data_received(self, data: bytes) -> None:
        """Take bytes from Redis."""
        reader, answers = self._reader, self._answers
        reader.feed(data)
        try:
            while (answer := reader.gets()) is not _INCOMPLETE:
                answers.append(answer)
        except hiredis.ProtocolError as error:
            self._fail(error)
            return
        if len(answers) >= self._expected and self._done is not None and not self._done.done():
            self._answers = []
            self._done.set_result(answers)

    def connection_lost(self, exc: Exception | None) -> None:
        """Redis or the network has ended the connection."""
        transport, self._transport = self._transport, None
        if transport is not None:
            self._end()
        self._fail(exc if isinstance(exc, OSError) else ConnectionError("Redis closed the connection"))

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._closed()

    def _check_time(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._done is None or self._timeout_seconds is None:
            return
        left_seconds = self._began_at + self._timeout_seconds - loop.time()
        if left_seconds > 0:
            self._timer = loop.call_later(left_seconds, self._check_time, loop)
        else:
            self._fail(TimeoutError(f"no answer within {self._timeout_seconds} seconds"))

    def _fail(self, error: Exception) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)
