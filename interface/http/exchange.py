"""One request and its response: from a checked head to `http.request`, and from replies to the wire.

| event | when | keys |
|---|---|---|
| `http.request` | the body is complete | see `request_message` |
| `http.request`, an offer | the body is long and incomplete | the same, with `body_is_complete` False |
| `http.disconnect` | the rest of a response is useless: the client left, or gets none | reply_channel, path |

An offer is for consumers that read a body while it arrives. Any other consumer declines it (`body_whole`), and gets the
request when the body is complete. So no worker waits for a client, unless its consumer asks for that.

Every accepted request ends in exactly one way: a response, a page of the server's own, or the client's disconnection.
"""

import logging
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from towpath.layers.client_log import ClientLines
from towpath.layers.contract import Content
from towpath.layers.log_fields import about
from towpath.layers.protocol import HTTP_DISCONNECT, HTTP_REQUEST

from ..accesslog import no_log, without_secrets
from ..connections import TooManyConnections
from ..counters import Count
from ..interfaces import Converse, Emitter, GroupMessage, RequestHead
from .answer import Answer, Progress
from .body import RequestBody
from .request_message import request_message
from .response import BadResponse
from .wire import Wire

if TYPE_CHECKING:
    from ..hub import Hub

log = logging.getLogger(__name__)
log.addFilter(ClientLines())

NO_ANSWER = "The application did not answer in time. Please try again in a moment."
NOT_NOW = "The application cannot take more requests right now. Please try again in a moment."
NO_ROOM = "The server has no room for this request right now. Please try again in a moment."
#: The status in the access log if there was no response.
CLIENT_LEFT = 499
#: Received bytes of a body before it is offered: a shorter one is complete soon, or never.
OFFER_BYTES = 1024 * 1024


class Phase(IntEnum):
    """The phases of an exchange. It only moves down this list, and may skip some."""

    READING = 0  # the body is awaited
    WAITING = 1  # the application has the request
    ANSWERING = 2  # the response has begun
    LEAVING = 3  # the response is complete, and the client has not taken all of it
    OVER = 4  # the client has the response, or has disconnected


class Offer(Enum):
    """Whether a consumer may read the body while it arrives."""

    NONE = "it was not offered"
    OUT = "no consumer has answered the offer"
    DECLINED = "the request is sent when the body is complete"
    TAKEN = "a consumer reads it, or answers without it"


class Exchange:
    """An owner of a conversation and the occupant of a wire."""

    is_socket = is_open = False

    __slots__ = (
        "head", "_wire", "_hub", "_converse", "_conversation", "_phase", "_body", "_offer", "_answer", "_began",
    )  # fmt: skip

    def __init__(self, hub: "Hub", converse: Converse, wire: Wire, head: RequestHead) -> None:
        self.head = head
        self._hub = hub
        self._converse = converse
        self._wire = wire
        self._phase = Phase.READING
        self._conversation: Emitter | None = None
        #: None for a request without one.
        self._body: RequestBody | None = None
        self._offer = Offer.NONE
        self._answer = Answer(hub, wire, head, self._advanced)
        self._began = hub.clock.seconds()

    def begin(self, length: int | None, expects_continue: bool) -> None:
        """Take the request; `length` of its body in bytes, None if it is not announced."""
        max_bytes, requests = self._hub.config.body_max_bytes, self._hub.requests
        requests.overdraw(1)
        if requests.used_amount > requests.max_amount:
            self._refuse_one_too_many(f"{requests.max_amount} requests are open, no more are allowed (max_connections)")
        elif length == 0:
            self._ask()
        elif length is not None and max_bytes is not None and length > max_bytes:
            self._refuse_body()
        else:
            self._body = RequestBody(self._hub, self._wire, self._time_body, self._body_failed)
            if expects_continue:
                self._wire.send_continue()
            self._time_body()

    # The body

    def body_received(self, data: bytes) -> None:
        """Keep received bytes, within the bounds of one request and of all."""
        body, max_bytes = self._body, self._hub.config.body_max_bytes
        if body is None or self._phase >= Phase.LEAVING:
            return
        if max_bytes is not None and body.received_bytes + len(data) > max_bytes:
            self._refuse_body()
            return
        body.feed(data)
        if not body.has_room:
            self._log(logging.INFO, " is refused: no room for its body")
            self._hub.counters.add(Count.STORAGE_FULL)
            self._give_up(503, NO_ROOM)
            return
        self._time_body()
        if self._offer is Offer.NONE and body.received_bytes > OFFER_BYTES:
            self._offer = Offer.OUT
            self._emit_request()

    def body_complete(self) -> None:
        """Send the request to the application; if it has the offer of the body, wait for the consumer's answer."""
        if self._body is None or self._phase >= Phase.LEAVING:
            return
        self._body.complete()
        self._time_body()
        if self._offer is Offer.NONE or self._offer is Offer.DECLINED:
            self._ask()

    def _time_body(self) -> None:
        """Set the deadline: the client's while its body is awaited, else the application's."""
        if self._body is not None and self._phase < Phase.ANSWERING:
            self._wire.set_deadline(self._body.seconds_left())

    def _body_failed(self) -> None:
        if self._phase < Phase.LEAVING:
            self._give_up(503, NOT_NOW)

    def _refuse_body(self) -> None:
        self._give_up(413, f"A request's body may have {self._hub.config.body_max_bytes} bytes.")

    # The request

    def _ask(self) -> None:
        """Send the request, whose body is complete."""
        self._phase = Phase.WAITING
        self._wire.set_deadline(self._hub.config.http_timeout_seconds)
        self._emit_request()

    def _emit_request(self) -> None:
        conversation = self._conversation
        if conversation is None:
            try:
                conversation = self._conversation = self._converse(self)
            except TooManyConnections as error:
                self._refuse_one_too_many(str(error))
                return
        message = request_message(self.head, self._body, conversation.reply_channel)
        conversation.emit(HTTP_REQUEST, message, insist=False)

    def _refuse_one_too_many(self, reason: str) -> None:
        self._log(logging.INFO, " is refused: %s", reason)
        self._hub.counters.add(Count.CONNECTIONS_REFUSED)
        self._fail(503, NOT_NOW)

    def _answer_about_body(self, body: RequestBody, content: Content) -> bool:
        """Take a consumer's message about the body; return False if it is a part of the response."""
        if content.get("body_whole"):
            self._decline_offer(body)
            return True
        until = content.get("body_until")
        if type(until) is not int:
            return False
        if self._offer is Offer.OUT:
            self._offer = Offer.TAKEN
            self._phase = Phase.WAITING
            body.is_live = True
        self._time_body()  # the consumer is at work
        body.allow(until)
        return True

    def _decline_offer(self, body: RequestBody) -> None:
        if self._offer is Offer.OUT:
            self._offer = Offer.DECLINED
            if body.is_complete:
                self._ask()

    # The response

    def deliver(self, content: Content) -> None:
        """Write a reply of the application; replies after the last part are ignored."""
        if self._phase >= Phase.LEAVING:
            return
        if self._body is not None and self._answer_about_body(self._body, content):
            return
        try:
            progress = self._answer.take(content)
        except BadResponse as error:
            self._log(logging.ERROR, ": the reply is not a response: %s", error)
            self._hub.counters.add(Count.REPLIES_BAD)
            self._fail(500, "")
            return
        self._offer = Offer.TAKEN
        if progress is Progress.NOT_BEGUN:
            return
        if progress is Progress.NO_ROOM:
            self._hub.counters.add(Count.STORAGE_FULL)
            self._fail(503, NO_ROOM)
            return
        self._phase = Phase.ANSWERING
        if progress is Progress.COMPLETE:
            self._end()
        elif progress is Progress.COMPLETE_EARLY:
            self._leave()
        elif progress is Progress.TOO_SLOW:
            self._cut_slow_client()

    def deliver_group(self, message: GroupMessage) -> None:
        """Take a group message as any other."""
        self.deliver(message.content)

    def replied(self) -> None:
        """Nothing waits for this."""

    def drained(self) -> None:
        """Write more of the response, and let its sender continue."""
        if Phase.ANSWERING <= self._phase <= Phase.LEAVING:
            self._answer.drained()

    def _advanced(self) -> None:
        """Continue after a part of the response was sent to the client, or its kept content was lost."""
        if self._phase is Phase.OVER:
            return
        if self._answer.is_broken:
            self._wire.abort()
            self._leave()
        elif self._phase is Phase.LEAVING and self._answer.has_left:
            self._finish()

    def _cut_slow_client(self) -> None:
        self._log(logging.INFO, " is cut off: the client takes too little")
        self._hub.counters.add(Count.SLOW_CLIENTS)
        self._wire.abort()
        self._leave()

    # The ends

    def _end(self) -> None:
        """End the application's part: its response is complete; the client may not have all of it."""
        self._phase = Phase.LEAVING
        if self._body is not None:
            self._body.close(is_awaited=False)
        if self._conversation is not None:
            self._conversation.close()
        if self._answer.has_left:
            self._finish()

    def _leave(self) -> None:
        """End an exchange whose client does not get the rest of the response, or gets none; its sender stops."""
        self._answer.client_left()
        if self._phase < Phase.LEAVING:
            if self._body is not None:
                self._body.close(is_awaited=self._conversation is not None)
            if self._conversation is not None:
                left: Content = {"reply_channel": self._conversation.reply_channel, "path": self.head.path}
                self._conversation.close(HTTP_DISCONNECT, left)
        self._finish()

    def _finish(self) -> None:
        self._phase = Phase.OVER
        self._answer.close()
        self._hub.requests.give_back(1)
        self._log_complete()

    def client_left(self) -> None:
        """Notify the consumer that the client has left."""
        if self._phase is not Phase.OVER:
            self._leave()

    def timed_out(self) -> None:
        """End an exchange that takes too long: 408 for a slow client, 503 for a slow application, or a cut response."""
        body = self._body
        if self._phase >= Phase.ANSWERING:
            self._cut_slow_client()
        elif body is None or body.is_complete or body.is_paused:
            self._log(logging.WARNING, ": no response in time")
            self._give_up(503, NO_ANSWER)
        else:
            self._give_up(408, "The request's body did not come in time.")

    def refused(self) -> None:
        """Answer 503: no worker takes the request. An offer that is refused counts as declined."""
        if self._offer is Offer.OUT and self._body is not None:
            self._decline_offer(self._body)
        else:
            self._fail(503, NOT_NOW)

    def lost(self) -> None:
        """Answer 503, or abort the incomplete response of a worker. An offer that is lost counts as declined."""
        if self._phase >= Phase.LEAVING:
            return
        if self._offer is Offer.OUT and self._body is not None:
            self._decline_offer(self._body)
        else:
            self._give_up(503, NO_ANSWER)

    def failed(self) -> None:
        """Answer 503, or abort the response."""
        if self._phase < Phase.LEAVING:
            self._give_up(503, NO_ANSWER)

    abort = shed = failed

    def congested(self) -> None:
        """Nothing to do: an exchange has three events at most."""

    def relieved(self) -> None:
        """Nothing to do: an exchange has three events at most."""

    def go_away(self) -> None:
        """Finish, and let the connection end with this response."""
        self._wire.close_after_response()

    def _give_up(self, status: int, detail: str) -> None:
        """End an exchange, and notify the application, which may still work for it."""
        if self._answer.has_begun:
            self._wire.abort()
        else:
            self._answer.write_page(status, detail)
        self._leave()

    def _fail(self, status: int, detail: str) -> None:
        """End an exchange without a consumer."""
        if self._answer.has_begun:
            self._wire.abort()
            self._leave()
        else:
            self._answer.write_page(status, detail)
            self._end()

    def _log(self, level: int, line: str, *arguments: object) -> None:
        log.log(level, f"%.20s %.200r{line}", self.head.method, self.head.path, *arguments, extra=about(self))

    @property
    def is_streaming(self) -> bool:
        """Return whether the response has begun and is not complete."""
        return self._phase is Phase.ANSWERING

    def log_fields(self) -> dict[str, object]:
        """Return what log lines say of this connection."""
        conversation = self._conversation
        connection = None if conversation is None else conversation.reply_channel
        return {"connection": connection, **self.head.log_fields()}

    def _log_complete(self) -> None:
        if self._hub.log_action is no_log:
            return
        details = {
            **self.log_fields(),
            "method": self.head.method,
            "path": without_secrets(self.head.target.decode("ascii")),
            "status": self._answer.status or CLIENT_LEFT,
            "size": self._answer.content_bytes,
            "time_taken": self._hub.clock.seconds() - self._began,
        }
        self._hub.log_action("http", "complete", details)
