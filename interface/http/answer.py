"""The response of one exchange on its way out: its parts checked against each other, its client's pace kept."""

from enum import Enum
from typing import TYPE_CHECKING

from towpath.layers.contract import Content

from .flow import FlowNotices
from .pages import page
from .response import BadResponse, DateHeader, Ending, Part, ResponseHead, parse_part, response_head
from .seams import RequestHead
from .wire import Wire

if TYPE_CHECKING:
    from ..hub import Hub

DATE = DateHeader()


class Progress(Enum):
    """Where a response is after a part of it."""

    NOT_BEGUN = "its sender works on it, and asks to be notified when the client leaves"
    MORE = "more is to come"
    COMPLETE = "this was the last part"
    COMPLETE_EARLY = "it has no content, so that the parts to come are not wanted"
    TOO_SLOW = "the client takes too little, and its sender does not wait"


class Answer:
    """Writes a response, part by part, or a page of the server's own in its place."""

    __slots__ = ("_flow", "_head", "_hub", "_is_drain_awaited", "_request", "_wire", "content_bytes")

    def __init__(self, hub: "Hub", wire: Wire, request: RequestHead) -> None:
        self._hub = hub
        self._wire = wire
        self._request = request
        self._head: ResponseHead | None = None
        self._flow: FlowNotices | None = None
        self._is_drain_awaited = False
        self.content_bytes = 0

    @property
    def has_begun(self) -> bool:
        """Tell whether the head is written."""
        return self._head is not None

    @property
    def status(self) -> int | None:
        """The status; None before the head is written."""
        return None if self._head is None else self._head.status

    def take(self, message: Content) -> Progress:
        """Write what a response message holds.

        Raises:
            BadResponse: it is none, or does not go with those before it; nothing of it is written.
        """
        head = self._head
        if head is None and message.keys() == {"flow_channel"} and isinstance(message["flow_channel"], str):
            self._flow = FlowNotices(self._hub, message["flow_channel"])
            return Progress.NOT_BEGUN
        part = parse_part(message, is_first=head is None)
        if head is None:
            head = response_head(part, self._request.method, self._request.http_version, DATE.now())
            content = self._counted(head, part)
            self._head = head
            self._wire.set_deadline(None)
            if head.ending is Ending.NO_BODY and part.more_content:
                self._note_flow_channel(part)
                self._wire.start(head, b"", is_last=True)
                return Progress.COMPLETE_EARLY
            self._wire.start(head, content, is_last=not part.more_content)
        else:
            self._wire.write(self._counted(head, part), is_last=not part.more_content)
        return self._written(part) if part.more_content else Progress.COMPLETE

    def write_page(self, status: int, detail: str) -> None:
        """Write a page in place of a response that has not begun."""
        head, content = page(status, None, detail, (), DATE.now())
        self._head = head
        self.content_bytes = len(content)
        self._wire.set_deadline(None)
        self._wire.start(head, b"" if self._request.method == "HEAD" else content, is_last=True)

    def drained(self) -> None:
        """What was written has left: let the sender go on."""
        self._is_drain_awaited = False
        self._wire.set_deadline(None)
        self._tell_sent()

    def client_left(self) -> None:
        """Tell the sender that nobody takes more."""
        if self._flow is not None:
            self._flow.closed()

    def _counted(self, head: ResponseHead, part: Part) -> bytes:
        """Return the content that goes on the wire, after comparing its length with what was announced."""
        if head.ending is Ending.NO_BODY:
            return b""
        total = self.content_bytes + len(part.content)
        if head.length is not None and (total > head.length or (not part.more_content and total != head.length)):
            raise BadResponse(f"content-length was {head.length}, but the content has {total} bytes")
        self.content_bytes = total
        return part.content

    def _note_flow_channel(self, part: Part) -> None:
        if part.flow_channel is not None and (self._flow is None or self._flow.channel != part.flow_channel):
            self._flow = FlowNotices(self._hub, part.flow_channel)

    def _written(self, part: Part) -> Progress:
        self._note_flow_channel(part)
        if self._wire.waiting_bytes == 0:
            self._tell_sent()
        elif self._flow is None and self._wire.waiting_bytes > self._hub.config.output_buffer_max_bytes:
            return Progress.TOO_SLOW
        elif not self._is_drain_awaited:
            self._is_drain_awaited = True
            self._wire.set_deadline(self._hub.config.http_timeout_seconds)
        return Progress.MORE

    def _tell_sent(self) -> None:
        if self._flow is not None:
            self._flow.sent(self.content_bytes)
