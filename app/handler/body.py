"""A request body in pieces: a file whose bytes are requested from the interface server as they are read.

Only the pieces in flight are kept, so that the memory of a worker does not grow with the size of an upload. A request
on the reply channel names the end of the wanted bytes: `{"body_until": bytes in all}`. Each message on the body channel
is {"content": bytes, "more_content": bool}, or {"closed": True}: the client left.
"""

import time
from collections.abc import Callable
from io import RawIOBase
from typing import Any

from django.core.exceptions import BadRequest

from towpath.channels.configured import AnyLayer
from towpath.channels.exceptions import RequestAborted, RequestTimeout
from towpath.layers.contract import Content
from towpath.layers.errors import ChannelFull

#: Bytes read ahead for `readline` and small reads.
READ_AHEAD_BYTES = 64 * 1024
#: Bytes that are requested ahead of the received ones: three pieces of the interface server.
WINDOW_BYTES = 768 * 1024
#: Bytes of these that are received before more are requested: two pieces.
STEP_BYTES = 512 * 1024
#: Pause before the interface server is asked again, if its inbox was full, in seconds.
FULL_PAUSE_SECONDS = 0.05


#: Requests the body up to a number of bytes from the interface server; raises ChannelFull.
Ask = Callable[[int], object]


class BodyTimeout(RequestTimeout, BadRequest):
    """Raised by a read whose next piece was not received in time. A bad request, for which Django logs a warning."""


class BodyAborted(RequestAborted, BadRequest):
    """Raised by a read after the client has left in the middle of its body."""


class BodyChannel(RawIOBase):
    """The raw side of a body in pieces; `io.BufferedReader` makes a file of it.

    `failure` is the error that ended it early; every later read raises it again.
    """

    def __init__(self, first: bytes, layer: AnyLayer, channel: str, timeout_seconds: float, ask: Ask) -> None:
        self._piece = memoryview(first)
        self._layer = layer
        self._channel = channel
        self._timeout_seconds = timeout_seconds
        self._ask_for = ask
        self._received_bytes = self._asked_bytes = len(first)
        self._is_complete = False
        self.failure: BodyTimeout | BodyAborted | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with received bytes, waiting for the next piece if there are none; 0 is the end.

        Raises:
            BodyTimeout: the next piece was not received in time.
            BodyAborted: the client left.
            LayerUnavailable: the layer is unavailable.
        """
        while not self._piece and not self._is_complete:
            self._take(self._receive())
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def _receive(self) -> Content:
        if self.failure is not None:
            raise type(self.failure)(*self.failure.args)
        deadline = time.monotonic() + self._timeout_seconds
        if self._asked_bytes - self._received_bytes <= WINDOW_BYTES - STEP_BYTES:
            self._ask(deadline)
        while True:
            _, piece = self._layer.receive([self._channel], block=True)
            if piece is not None:
                return dict(piece)
            if time.monotonic() >= deadline:
                self.failure = BodyTimeout(f"no more of the request's body came in {self._timeout_seconds:g} seconds")
                raise self.failure
            self._ask(deadline)  # again: what was asked may be lost

    def _ask(self, deadline: float) -> None:
        """Request a window more than has been received."""
        self._asked_bytes = self._received_bytes + WINDOW_BYTES
        while True:
            try:
                self._ask_for(self._asked_bytes)
                return
            except ChannelFull:
                if time.monotonic() >= deadline:
                    return
            time.sleep(FULL_PAUSE_SECONDS)

    def _take(self, piece: Content) -> None:
        if piece.get("closed"):
            self.failure = BodyAborted("the client left before its request's body was complete")
            raise self.failure
        content = piece.get("content") or b""
        self._piece = memoryview(content)
        self._received_bytes += len(content)
        self._is_complete = not piece.get("more_content", False)
