"""The channel of a request's body: pieces are sent to the consumer that reads them, as far as it has asked for them.

| message on the body channel | meaning |
|---|---|
| `{"content": bytes, "more_content": bool, "offset": int}` | a piece, and its place in the body |
| `{"closed": True}` | no more pieces: the client has disconnected, or the request has ended |

One piece is in flight at a time, and only after it was asked for. So the store holds a few pieces for each running
consumer, independent of the number of clients and the length of their bodies.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from towpath.layers.contract import Content
from towpath.layers.names import new_channel_name
from towpath.layers.protocol import BODY_CHANNEL

from ..outbound import Outcome

if TYPE_CHECKING:
    from ..hub import Hub

#: The largest piece, in bytes.
PIECE_MAX_BYTES = 256 * 1024
#: Pauses between tries while the body channel is full: the first and the longest, in seconds.
LEAST_PAUSE_SECONDS = 0.005
MOST_PAUSE_SECONDS = 0.2
#: Tries to send `closed` to a consumer that does not read.
LAST_TRIES = 50


class Piece(NamedTuple):
    """The next bytes of a body. `is_last`: nothing follows them."""

    content: bytes
    is_last: bool


#: Returns the next piece, of at most the given number of bytes, or None if it has not been received yet.
Take = Callable[[int], Piece | None]


class BodyChannel:
    """Sends one body to its consumer. `failed` is called when a piece may be lost because the layer was unavailable."""

    __slots__ = (
        "name", "_hub", "_take", "_failed", "offset", "_until", "_is_busy", "_is_complete", "_is_closed",
        "_pause_seconds", "_tries_left",
    )  # fmt: skip

    def __init__(self, hub: "Hub", take: Take, failed: Callable[[], None]) -> None:
        self.name = new_channel_name(BODY_CHANNEL)
        self._hub = hub
        self._take = take
        self._failed = failed
        #: Bytes of the body that have been sent.
        self.offset = 0
        #: The byte up to which the consumer has asked for the body; 0 before it reads.
        self._until = 0
        self._is_busy = False
        #: The last piece has been accepted.
        self._is_complete = False
        self._is_closed = False
        self._pause_seconds = LEAST_PAUSE_SECONDS
        self._tries_left = LAST_TRIES

    def allow(self, until: int) -> None:
        """Send the body up to byte `until` when it is received; a number below an earlier one changes nothing."""
        self._until = max(self._until, until)
        self.send()

    def send(self) -> None:
        """Send the next piece, if the consumer has asked for it and it has been received."""
        if self._is_busy or self._is_closed or self._is_complete or not self._until:
            return
        piece = self._take(min(PIECE_MAX_BYTES, self._until - self.offset))
        if piece is not None and (piece.content or piece.is_last):
            self._post({"content": piece.content, "more_content": not piece.is_last, "offset": self.offset})
            self.offset += len(piece.content)

    def close(self, *, is_awaited: bool) -> None:
        """Send nothing more, and drop the channel. `is_awaited`: the consumer may wait, and is notified."""
        if self._is_closed or self._is_complete:
            return
        self._is_closed = True
        if not is_awaited:
            self._tries_left = 0
        if not self._is_busy:
            self._drop()

    def _post(self, message: Content) -> None:
        self._is_busy = True
        self._hub.post(self.name, message, lambda outcome: self._posted(message, outcome))

    def _posted(self, message: Content, outcome: Outcome) -> None:
        self._is_busy = False
        if self._is_closed:
            self._drop()
        elif outcome is Outcome.ACCEPTED:
            self._pause_seconds = LEAST_PAUSE_SECONDS
            self._is_complete = not message["more_content"]
            self.send()
        elif outcome is Outcome.FULL:
            self._is_busy = True
            self._later(lambda: self._post_again(message))
        else:
            self._failed()

    def _post_again(self, message: Content) -> None:
        if self._is_closed:
            self._is_busy = False
            self._drop()
        else:
            self._post(message)

    def _drop(self) -> None:
        self._hub.drop_channel(self.name, self._tell_closed)

    def _tell_closed(self) -> None:
        if self._tries_left > 0:
            self._tries_left -= 1
            self._hub.post(self.name, {"closed": True}, self._told_closed)

    def _told_closed(self, outcome: Outcome) -> None:
        if outcome is not Outcome.ACCEPTED:
            self._later(self._tell_closed)

    def _later(self, call: Callable[[], None]) -> None:
        self._hub.clock.callLater(self._pause_seconds, call)
        self._pause_seconds = min(self._pause_seconds * 2, MOST_PAUSE_SECONDS)
