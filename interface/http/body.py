"""A request body on its way over a body channel, in pieces, no faster than the application takes them.

| message on the body channel | meaning |
|---|---|
| `{"content": bytes, "more_content": bool, "offset": int}` | a piece, and where in the body it begins |
| `{"closed": True}` | the client left before the body was complete |

One piece is under way at a time. While it is, at most `WAITING_MAX_BYTES` are held; then the client is paused.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from towpath.layers.contract import Content
from towpath.layers.names import new_channel_name

if TYPE_CHECKING:
    from ..hub import Hub

CHANNEL_PATTERN = "http.request.body?"
#: Largest piece: ten thousand of them are a gibibyte, and a layer holds a hundred of them with ease.
PIECE_MAX_BYTES = 128 * 1024
#: Bytes held while a piece is under way, before the client is paused.
WAITING_MAX_BYTES = 256 * 1024
#: Pauses between tries while the body channel is full: the first and the longest, in seconds.
LEAST_PAUSE_SECONDS = 0.005
MOST_PAUSE_SECONDS = 0.2
#: Tries to tell an application that does not read that the client has left.
LAST_TRIES = 50


class BodyStream:
    """The part of a body that does not travel in `http.request` itself.

    `pause` and `resume` are called to stop reading from the client and to go on; `failed` when the layer went away and
    nobody knows whether a piece arrived: the request cannot be saved.
    """

    def __init__(
        self,
        hub: "Hub",
        offset: int,
        pause: Callable[[], None],
        resume: Callable[[], None],
        failed: Callable[[], None],
    ) -> None:
        self.channel = new_channel_name(CHANNEL_PATTERN)
        self._hub = hub
        self._offset = offset
        self._pause = pause
        self._resume = resume
        self._failed = failed
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._is_complete = False
        self._is_paused = False
        self._is_busy = False
        self._is_over = False
        self._client_left = False
        self._pause_seconds = LEAST_PAUSE_SECONDS
        self._tries_left = LAST_TRIES

    @property
    def is_over(self) -> bool:
        """Tell whether the last piece has been taken, or will never be."""
        return self._is_over

    @property
    def is_paused(self) -> bool:
        """Tell whether the application is what the body waits for."""
        return self._is_paused

    def feed(self, data: bytes) -> None:
        """Take what came from the client."""
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        self._send()
        if self._waiting_bytes >= WAITING_MAX_BYTES and not self._is_paused and not self._is_over:
            self._is_paused = True
            self._pause()

    def complete(self) -> None:
        """Hear that everything has come."""
        self._is_complete = True
        self._send()

    def client_left(self) -> None:
        """Hear that the rest will not come; what waits is dropped."""
        self._client_left = True
        self._drop_waiting()
        self._send()

    def abandon(self) -> None:
        """Hear that nobody wants the rest: the response is complete. The channel is given up."""
        if not self._is_over:
            self._is_over = True
            self._drop_waiting()
            self._hub.drop_channel(self.channel)

    def _drop_waiting(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0

    def _send(self) -> None:
        if self._is_busy or self._is_over:
            return
        if self._client_left:
            self._post({"closed": True})
        elif self._waiting or self._is_complete:
            self._post(self._next_piece())

    def _next_piece(self) -> Content:
        waiting = b"".join(self._waiting)
        content, rest = waiting[:PIECE_MAX_BYTES], waiting[PIECE_MAX_BYTES:]
        self._waiting = [rest] if rest else []
        self._waiting_bytes = len(rest)
        piece = {"content": content, "more_content": bool(rest) or not self._is_complete, "offset": self._offset}
        self._offset += len(content)
        return piece

    def _post(self, message: Content) -> None:
        self._is_busy = True
        self._hub.post(self.channel, message, lambda outcome: self._posted(message, outcome))

    def _posted(self, message: Content, outcome: bool | None) -> None:
        if self._is_over:
            return
        if outcome is True:
            self._taken(message)
        elif outcome is None and not self._client_left:
            self._is_over = True
            self._failed()
        else:
            self._retry(message)

    def _taken(self, message: Content) -> None:
        self._is_busy = False
        self._pause_seconds = LEAST_PAUSE_SECONDS
        if not message.get("more_content"):
            self._is_over = True
            return
        self._send()
        if self._is_paused and self._waiting_bytes < WAITING_MAX_BYTES:
            self._is_paused = False
            self._resume()

    def _retry(self, message: Content) -> None:
        if self._client_left:
            message = {"closed": True}
            self._tries_left -= 1
            if self._tries_left <= 0:
                self.abandon()
                return
        self._hub.clock.callLater(self._pause_seconds, self._post_again, message)
        self._pause_seconds = min(self._pause_seconds * 2, MOST_PAUSE_SECONDS)

    def _post_again(self, message: Content) -> None:
        if not self._is_over:
            self._post(message)
