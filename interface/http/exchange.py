"""One request and its response: from a checked head to `http.request`, and from replies to the wire.

| event | when | keys |
|---|---|---|
| `http.request` | the body is complete, or longer than `body_inline_max_bytes` | see `Exchange._request` |
| `http.disconnect` | the rest of a response is not wanted: the client left, or gets none | reply_channel, path |

Every request that is taken ends in exactly one way: its response, a page of the server's own, or the client's leaving.
"""

import logging
from enum import Enum
from typing import TYPE_CHECKING

from towpath.layers.contract import Content

from ..accesslog import no_log, without_secrets
from ..connections import TooManyConnections
from ..counters import Count
from .answer import Answer, Progress
from .body import BodyStream
from .response import BadResponse
from .seams import Conversation, Converse, RequestHead
from .wire import Wire

if TYPE_CHECKING:
    from ..hub import Hub

log = logging.getLogger(__name__)

REQUEST = "http.request"
DISCONNECT = "http.disconnect"

NO_ANSWER = "The application did not answer in time. Please try again in a moment."
NOT_NOW = "The application cannot take more requests right now. Please try again in a moment."
#: What the access log says where there was no response.
CLIENT_LEFT = 499


class Phase(Enum):
    """The life of an exchange. It only moves down this list, over some of them if need be."""

    READING = "the body, or its first part, is awaited"
    WAITING = "the application has the request"
    ANSWERING = "the response has begun"
    OVER = "the response is complete, or the client has gone"


class Exchange:
    """An owner of a conversation and the occupant of a wire."""

    __slots__ = (
        "head", "_wire", "_hub", "_converse", "_conversation", "_phase", "_is_body_complete", "_gathered",
        "_received_bytes", "_body", "_answer", "_began",
    )  # fmt: skip

    def __init__(self, hub: "Hub", converse: Converse, wire: Wire, head: RequestHead) -> None:
        self.head = head
        self._hub = hub
        self._converse = converse
        self._wire = wire
        self._phase = Phase.READING
        self._conversation: Conversation | None = None
        self._is_body_complete = False
        self._gathered: list[bytes] = []
        self._received_bytes = 0
        self._body: BodyStream | None = None
        self._answer = Answer(hub, wire, head)
        self._began = hub.clock.seconds()

    def begin(self, length: int | None, expects_continue: bool) -> None:
        """Take the request; `length` of its body in bytes, None if only its end will tell."""
        config = self._hub.config
        if length == 0:
            self._is_body_complete = True
            self._ask(b"")
            return
        if length is not None and config.body_max_bytes is not None and length > config.body_max_bytes:
            self._refuse_body()
            return
        if expects_continue:
            self._wire.send_continue()
        self._wire.set_deadline(config.body_timeout_seconds)
        if length is not None and length > config.body_inline_max_bytes:
            self._stream_body()

    # The body

    def body_received(self, data: bytes) -> None:
        """Gather a short body; pass a long one on."""
        config = self._hub.config
        self._received_bytes += len(data)
        if config.body_max_bytes is not None and self._received_bytes > config.body_max_bytes:
            self._refuse_body()
            return
        if self._phase is not Phase.ANSWERING:
            self._wire.set_deadline(config.body_timeout_seconds)
        if self._body is not None:
            self._body.feed(data)
            return
        self._gathered.append(data)
        if self._received_bytes > config.body_inline_max_bytes:
            self._stream_body()

    def body_complete(self) -> None:
        """Ask the application, if it has not been asked; then it is its turn."""
        self._is_body_complete = True
        if self._body is None:
            body, self._gathered = b"".join(self._gathered), []
            self._ask(body)
            return
        self._body.complete()
        if self._phase is Phase.WAITING:
            self._wire.set_deadline(self._hub.config.http_timeout_seconds)

    def _stream_body(self) -> None:
        first, self._gathered = b"".join(self._gathered), []
        self._body = BodyStream(self._hub, len(first), self._pause_body, self._resume_body, self._body_failed)
        self._ask(first)

    def _pause_body(self) -> None:
        self._wire.pause_body()
        if self._phase is Phase.WAITING:
            self._wire.set_deadline(self._hub.config.http_timeout_seconds)

    def _resume_body(self) -> None:
        if self._phase is Phase.OVER:
            return
        if self._phase is Phase.WAITING and not self._is_body_complete:
            self._wire.set_deadline(self._hub.config.body_timeout_seconds)
        self._wire.resume_body()

    def _body_failed(self) -> None:
        if self._phase is not Phase.OVER:
            self._give_up(503, NOT_NOW)

    def _refuse_body(self) -> None:
        self._give_up(413, f"A request's body may have {self._hub.config.body_max_bytes} bytes.")

    # The question

    def _ask(self, body: bytes) -> None:
        try:
            conversation = self._conversation = self._converse(self)
        except TooManyConnections as error:
            log.info("%s %r is refused: %s", self.head.method, self.head.path, error)
            self._hub.counters.add(Count.CONNECTIONS_REFUSED)
            self._fail(503, NOT_NOW)
            return
        self._phase = Phase.WAITING
        if self._is_body_complete:
            self._wire.set_deadline(self._hub.config.http_timeout_seconds)
        conversation.emit(REQUEST, self._request(conversation.reply_channel, body), insist=False)

    def _request(self, reply_channel: str, body: bytes) -> Content:
        head = self.head
        content: Content = {
            "reply_channel": reply_channel,
            "http_version": head.http_version,
            "method": head.method,
            "scheme": head.scheme,
            "path": head.path,
            "root_path": head.root_path,
            "query_string": head.query_string,
            "headers": head.headers,
            "body": body,
            "client": head.client,
            "server": head.server,
        }
        if self._body is not None:
            content["body_channel"] = self._body.channel
        return content

    # The answer

    def deliver(self, content: Content) -> None:
        """Write what the application replied; what comes after the last part is ignored."""
        if self._phase is Phase.OVER:
            return
        try:
            progress = self._answer.take(content)
        except BadResponse as error:
            log.error("%s %r: the reply is not a response: %s", self.head.method, self.head.path, error)
            self._hub.counters.add(Count.REPLIES_BAD)
            self._fail(500, "")
            return
        if progress is Progress.NOT_BEGUN:
            return
        self._phase = Phase.ANSWERING
        if progress is Progress.COMPLETE:
            self._end()
        elif progress is Progress.COMPLETE_EARLY:
            self._end_early()
        elif progress is Progress.TOO_SLOW:
            self._cut_slow_client()

    def drained(self) -> None:
        """Let the sender go on."""
        if self._phase is Phase.ANSWERING:
            self._answer.drained()

    def _cut_slow_client(self) -> None:
        log.info("%s %r is cut off: the client takes too little", self.head.method, self.head.path)
        self._hub.counters.add(Count.SLOW_CLIENTS)
        self._wire.abort()
        self._leave()

    # The ends

    def _end(self) -> None:
        """The response is complete, as far as the server is concerned."""
        self._phase = Phase.OVER
        if self._body is not None:
            self._body.abandon()
        if self._conversation is not None:
            self._conversation.close()
        self._log_complete()

    def _end_early(self) -> None:
        """The response is complete, and its sender, which has more of it, is to stop."""
        self._phase = Phase.OVER
        if self._body is not None:
            self._body.abandon()
        self._stop_sender()

    def _leave(self) -> None:
        """The client will not see the end of the response."""
        self._phase = Phase.OVER
        if self._body is not None and not self._body.is_over:
            self._body.client_left()
        self._stop_sender()

    def _stop_sender(self) -> None:
        self._answer.client_left()
        if self._conversation is not None:
            left: Content = {"reply_channel": self._conversation.reply_channel, "path": self.head.path}
            self._conversation.close(DISCONNECT, left)
        self._log_complete()

    def client_left(self) -> None:
        """Tell whoever works for a client that has gone."""
        if self._phase is not Phase.OVER:
            self._leave()

    def timed_out(self) -> None:
        """End what takes too long: 408 for the client's fault, 503 for the application's; cut off a response."""
        if self._phase is Phase.ANSWERING:
            self._cut_slow_client()
        elif self._is_body_complete or (self._body is not None and self._body.is_paused):
            log.warning("%s %r: no response in time", self.head.method, self.head.path)
            self._give_up(503, NO_ANSWER)
        else:
            self._give_up(408, "The request's body did not come in time.")

    def refused(self, channel: str) -> None:
        """Answer 503: nobody takes the request."""
        self._fail(503, NOT_NOW)

    def lost(self, channel: str) -> None:
        """Answer 503, or cut off the response that a worker left behind."""
        if self._phase is not Phase.OVER:
            self._give_up(503, NO_ANSWER)

    def congested(self) -> None:
        """Nothing to do: an exchange has two events at most."""

    def relieved(self) -> None:
        """Nothing to do: an exchange has two events at most."""

    def go_away(self) -> None:
        """Finish, and let the connection end with this response."""
        self._wire.close_after_response()

    def _give_up(self, status: int, detail: str) -> None:
        """End an exchange that the application may still be working for: tell it, too."""
        if self._answer.has_begun:
            self._wire.abort()
        else:
            self._answer.write_page(status, detail)
        self._leave()

    def _fail(self, status: int, detail: str) -> None:
        """End an exchange that nobody works for any more."""
        if self._answer.has_begun:
            self._wire.abort()
            self._leave()
        else:
            self._answer.write_page(status, detail)
            self._end()

    def _log_complete(self) -> None:
        if self._hub.log_action is no_log:
            return
        client = self.head.client
        details = {
            "method": self.head.method,
            "path": without_secrets(self.head.target.decode("ascii")),
            "status": self._answer.status or CLIENT_LEFT,
            "size": self._answer.content_bytes,
            "time_taken": self._hub.clock.seconds() - self._began,
            "client": None if client is None else f"{client[0]}:{client[1]}",
        }
        self._hub.log_action("http", "complete", details)
