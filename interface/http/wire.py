"""The interface between an exchange and its carrier: a connection of HTTP/1, or a stream of HTTP/2. No logic."""

from typing import Protocol

from .response import ResponseHead

#: Bytes that are written at a time: the most that one response holds outside of its bounds.
BLOCK_BYTES = 64 * 1024


class Wire(Protocol):
    """Carries one request and its response."""

    @property
    def is_writable(self) -> bool:
        """Whether another block may be written: the unsent bytes are few."""

    def start(self, head: ResponseHead, content: bytes, *, is_last: bool) -> None:
        """Write a response's head and the first part of its content, or all of it."""

    def write(self, content: bytes, *, is_last: bool) -> None:
        """Write more content: a block while `is_writable`."""

    def abort(self) -> None:
        """Abort the response so that the client detects it; the occupant is not called."""

    def send_continue(self) -> None:
        """Send 100 Continue to a client that waits for it."""

    def pause_body(self) -> None:
        """Stop reading the request's body."""

    def resume_body(self) -> None:
        """Go on reading it."""

    def set_deadline(self, seconds: float | None) -> None:
        """Call `timed_out` of the occupant after `seconds`; None cancels that."""

    def close_after_response(self) -> None:
        """Take no further request on this connection."""


class Occupant(Protocol):
    """The owner of a wire. It is not called after the end of its response is written, nor after `client_left`."""

    def body_received(self, data: bytes) -> None:
        """Take some of the body."""

    def body_complete(self) -> None:
        """The whole body has been received; not called for a request without one."""

    def drained(self) -> None:
        """All written bytes have been sent to the client; called after `is_writable` was False."""

    def timed_out(self) -> None:
        """The deadline has passed."""

    def client_left(self) -> None:
        """The client has disconnected before the response was complete."""
