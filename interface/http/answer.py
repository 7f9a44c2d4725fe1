"""The response of one exchange on its way to the client: validates its parts, and sends at the client's pace.

Content that the client has not read yet is kept in memory and on disk (`spool`), and sent in blocks. The sender is done
when it has sent the response, so a client that reads slowly does not occupy a worker. The sender is notified of the
bytes taken (`flow`); it waits while the kept part of its response has reached its bound.
"""

import math
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from towpath.layers.contract import Content

from ..eventloop.clock import Timer
from ..interfaces import RequestHead
from .flow import FlowNotices
from .pages import page
from .request_id import add_request_id
from .response import BadResponse, DateHeader, Ending, Part, ResponseHead, parse_part, response_head
from .spool import Spool
from .wire import BLOCK_BYTES, Wire

if TYPE_CHECKING:
    from ..hub import Hub

DATE = DateHeader()
#: The sender waits for the disk while more bytes than this are being written to it.
BACKLOG_MAX_BYTES = 1024 * 1024
#: Bytes that a sender may have in flight; they are kept in memory in addition to those that may wait there.
WINDOW_BYTES = 1024 * 1024
#: A fast client does not need the disk: its sender waits while more than this number of bytes is kept, for this number
#: of seconds at most.
QUICK_BYTES = 256 * 1024
QUICK_SECONDS = 0.02


class Progress(Enum):
    """The state of a response after one of its parts."""

    NOT_BEGUN = "its sender works on it, and asks to be notified when the client leaves"
    MORE = "more is to come"
    COMPLETE = "this was the last part"
    COMPLETE_EARLY = "it has no content, so that further parts are not used"
    TOO_SLOW = "the client takes too little, and its sender does not wait"
    NO_ROOM = "it cannot be kept for its client, and nothing of it is written"


class Answer:
    """Writes a response, part by part, or a page of the server's own in its place.

    `advanced` is called when kept content has been sent or lost.
    """

    __slots__ = (
        "_advanced", "_ahead_max_bytes", "_flow", "_has_last", "_head", "_hub", "_is_slow", "_is_timed", "_patience",
        "_request", "_spool", "_wire", "content_bytes", "has_left",
    )  # fmt: skip

    def __init__(self, hub: "Hub", wire: Wire, request: RequestHead, advanced: Callable[[], None]) -> None:
        self._hub = hub
        self._wire = wire
        self._request = request
        self._advanced = advanced
        self._head: ResponseHead | None = None
        self._flow: FlowNotices | None = None
        self._spool: Spool | None = None
        #: Bytes that may be kept for the client before the sender waits.
        self._ahead_max_bytes: float = hub.config.response_spool_max_bytes
        self._has_last = False
        self._is_timed = False
        #: The client did not take the kept content in time: the sender no longer waits for it.
        self._is_slow = False
        self._patience: Timer | None = None
        #: The end of the response has been written.
        self.has_left = False
        self.content_bytes = 0

    @property
    def has_begun(self) -> bool:
        """Whether the head is written."""
        return self._head is not None

    @property
    def status(self) -> int | None:
        """The status; None before the head is written."""
        return None if self._head is None else self._head.status

    @property
    def is_broken(self) -> bool:
        """Whether content that was kept on disk cannot be read."""
        return self._spool is not None and self._spool.is_broken

    def take(self, message: Content) -> Progress:
        """Write the content of a response message, or keep it for the client.

        Raises:
            BadResponse: it is not a response message, or contradicts those before it; nothing of it is written.
        """
        head = self._head
        if head is None and message.keys() == {"flow_channel"} and isinstance(message["flow_channel"], str):
            self._flow = FlowNotices(self._hub, message["flow_channel"])
            return Progress.NOT_BEGUN
        part = parse_part(message, is_first=head is None)
        is_last = not part.more_content
        if head is None:
            head = response_head(part, self._request.method, self._request.http_version, DATE.now())
            add_request_id(head.headers, self._request)
            content = self._counted(head, part)
            if head.ending is Ending.NO_BODY and part.more_content:
                self._note_flow_channel(part)
                self._begin(head, b"", True)
                return Progress.COMPLETE_EARLY
            if len(content) > BLOCK_BYTES and not self._hub.spools.has_room(len(content)):
                return Progress.NO_ROOM
            self._begin(head, content, is_last)
        else:
            self._write(self._counted(head, part), is_last)
        return Progress.COMPLETE if is_last else self._went_on(part)

    def write_page(self, status: int, detail: str) -> None:
        """Write a page in place of a response that has not begun."""
        head, content = page(status, None, detail, (), DATE.now())
        add_request_id(head.headers, self._request)
        self._head = head
        self.content_bytes = len(content)
        self.has_left = True
        self._wire.set_deadline(None)
        self._wire.start(head, b"" if self._request.method == "HEAD" else content, is_last=True)

    def drained(self) -> None:
        """Write more kept content: the last block has been sent."""
        self._is_timed = False
        self._wire.set_deadline(None)
        self._pump()
        self._tell_sent()
        self._advanced()

    def client_left(self) -> None:
        """Notify the sender that the client has disconnected."""
        if self._flow is not None:
            self._flow.closed()

    def close(self) -> None:
        """Forget what is kept."""
        if self._spool is not None:
            self._spool.close()
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _begin(self, head: ResponseHead, content: bytes, is_last: bool) -> None:
        self._head = head
        if head.length is not None:
            self._ahead_max_bytes = math.inf  # its length is known, and only the bound of the process applies
        self._wire.set_deadline(None)
        if len(content) <= BLOCK_BYTES:
            self.has_left = is_last
            self._wire.start(head, content, is_last=is_last)
        else:
            self._wire.start(head, content[:BLOCK_BYTES], is_last=False)
            self._keep(content[BLOCK_BYTES:], is_last)

    def _counted(self, head: ResponseHead, part: Part) -> bytes:
        """Return the content to send, after comparing its length with the announced one."""
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

    def _write(self, content: bytes, is_last: bool) -> None:
        is_empty = self._spool is None or not self._spool.waiting_bytes
        if is_empty and len(content) <= BLOCK_BYTES and self._wire.is_writable:
            self.has_left = is_last
            self._wire.write(content, is_last=is_last)
        else:
            self._keep(content, is_last)

    def _keep(self, content: bytes, is_last: bool) -> None:
        if self._spool is None:
            memory_max_bytes = self._hub.config.output_buffer_max_bytes + WINDOW_BYTES
            self._spool = self._hub.spools.spool(memory_max_bytes, self._changed)
        self._has_last = is_last
        if content:
            self._spool.append(content)
        self._pump()

    def _pump(self) -> None:
        """Write blocks of kept content while the wire accepts them."""
        spool = self._spool
        while spool is not None and self._wire.is_writable and not self.has_left:
            block = spool.take(BLOCK_BYTES)
            is_last = self._has_last and not spool.waiting_bytes
            if not block and not is_last:
                break
            self.has_left = is_last
            self._wire.write(block, is_last=is_last)
        self._time()

    def _changed(self) -> None:
        """Continue after more kept content was loaded into memory, or written to disk."""
        if not self.has_left:
            self._pump()
            self._tell_sent()
        self._advanced()

    def _time(self) -> None:
        """Set the deadline by which the client must have taken the written content."""
        if not self._is_timed and not self.has_left and not self._wire.is_writable:
            self._is_timed = True
            self._wire.set_deadline(self._hub.config.send_timeout_seconds)

    def _went_on(self, part: Part) -> Progress:
        self._note_flow_channel(part)
        self._time()
        if self._flow is not None:
            self._tell_sent()
        elif self._is_client_late():
            return Progress.TOO_SLOW
        return Progress.MORE

    def _tell_sent(self) -> None:
        """Let the sender continue, unless it has to wait for the disk or for the client."""
        flow, spool = self._flow, self._spool
        if flow is None:
            return
        if self._is_client_late():
            flow.wait()
        elif spool is None or (spool.backlog_bytes <= BACKLOG_MAX_BYTES and not self._is_patient(spool)):
            flow.sent(self.content_bytes)

    def _is_patient(self, spool: Spool) -> bool:
        """Return whether the sender waits for a moment, since the client may be fast enough."""
        if not spool.waiting_bytes:
            self._is_slow = False
        if self._is_slow or spool.waiting_bytes <= QUICK_BYTES:
            return False
        if self._patience is None:
            self._patience = self._hub.clock.callLater(QUICK_SECONDS, self._lose_patience)
        return True

    def _lose_patience(self) -> None:
        self._patience = None
        self._is_slow = self._spool is not None and self._spool.waiting_bytes > QUICK_BYTES
        self._tell_sent()

    def _is_client_late(self) -> bool:
        """Return whether the kept part of the response has reached its bound."""
        spool = self._spool
        return spool is not None and (spool.is_full or spool.waiting_bytes > self._ahead_max_bytes)
