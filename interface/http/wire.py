"""The seam between a request and what carries it: a connection of HTTP/1, or one stream of HTTP/2. No logic."""

from typing import Protocol

from .response import ResponseHead


class Wire(Protocol):
    """Carries one request and its response."""

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the response that have not left for the client; 0 also where they are too few to wait for."""

    def start(self, head: ResponseHead, content: bytes, *, is_last: bool) -> None:
        """Write a response's head and the first, or the only, of its content."""

    def write(self, content: bytes, *, is_last: bool) -> None:
        """Write more content."""

    def abort(self) -> None:
        """Cut the response off so that the client can tell; the occupant hears nothing."""

    def send_continue(self) -> None:
        """Tell a client that waits for it to send the body."""

    def pause_body(self) -> None:
        """Stop reading the request's body."""

    def resume_body(self) -> None:
        """Go on reading it."""

    def set_deadline(self, seconds: float | None) -> None:
        """Let the occupant hear `timed_out` in so many seconds from now; None calls it off."""

    def close_after_response(self) -> None:
        """Take no further request on this connection."""


class Occupant(Protocol):
    """Who has a wire: what it hears. Nothing after its response is complete, and nothing after `client_left`."""

    def body_received(self, data: bytes) -> None:
        """Take some of the body."""

    def body_complete(self) -> None:
        """All of the body has come; not called for a request without one."""

    def drained(self) -> None:
        """What was written has left for the client; called after `waiting_bytes` was above 0."""

    def timed_out(self) -> None:
        """The deadline has passed."""

    def client_left(self) -> None:
        """The client has gone before the response was complete."""
