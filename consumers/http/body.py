"""A request body that comes in pieces: a file whose bytes are taken from the request's body channel as they are read.

Nothing is kept but the piece that is being read, so that the size of an upload is not the size of the worker.
Each message on the body channel is {"content": bytes, "more_content": bool}, or {"closed": True}: the client left.
"""

import time
from io import RawIOBase
from typing import Any

from django.core.exceptions import BadRequest

from towpath.channels.configured import AnyLayer
from towpath.channels.exceptions import RequestAborted, RequestTimeout
from towpath.layers.contract import Content

#: Bytes read ahead for `readline` and small reads.
READ_AHEAD_BYTES = 64 * 1024


class BodyTimeout(RequestTimeout, BadRequest):
    """Raised by a read whose next piece did not come in time. A bad request: Django logs a warning, not an error."""


class BodyAborted(RequestAborted, BadRequest):
    """Raised by a read after the client has left in the middle of its body."""


class BodyChannel(RawIOBase):
    """The raw side of a streamed body; `io.BufferedReader` makes a file of it.

    `failure` is what ended it early; every later read raises it again.
    """

    def __init__(self, first: bytes, layer: AnyLayer, channel: str, timeout_seconds: float) -> None:
        self._piece = memoryview(first)
        self._layer = layer
        self._channel = channel
        self._timeout_seconds = timeout_seconds
        self._is_complete = False
        self.failure: BodyTimeout | BodyAborted | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what there is, waiting for the next piece if there is nothing; 0 is the end.

        Raises:
            BodyTimeout: the next piece did not come in time.
            BodyAborted: the client left.
            LayerUnavailable: the layer is away.
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
        while True:
            _, piece = self._layer.receive([self._channel], block=True)
            if piece is not None:
                return dict(piece)
            if time.monotonic() >= deadline:
                self.failure = BodyTimeout(f"no more of the request's body came in {self._timeout_seconds:g} seconds")
                raise self.failure

    def _take(self, piece: Content) -> None:
        if piece.get("closed"):
            self.failure = BodyAborted("the client left before its request's body was complete")
            raise self.failure
        self._piece = memoryview(piece.get("content") or b"")
        self._is_complete = not piece.get("more_content", False)
