"""One WebSocket between its client and the application: its handshake, frames to messages, replies to frames.

| message | keys |
|---|---|
| `websocket.connect` | see `handshake`; `order` 0 |
| `websocket.receive` | `reply_channel`, `path`, `text` or `bytes`, `order` from 1 |
| `websocket.disconnect` | `reply_channel`, `path`, `code`, `order`; one for each connect but those refused |

Replies: see `replies`. The server's close codes: 1011 an error, 1012 shutdown, 1013 a slow client.
"""

import logging
from functools import partial
from random import random
from typing import TYPE_CHECKING

from towpath.layers import protocol
from towpath.layers.client_log import ClientLines
from towpath.layers.contract import Content
from towpath.layers.log_fields import about

from ..accesslog import no_log
from ..conversation import Conversation
from ..counters import Count
from ..eventloop.deadlines import Deadline
from ..http.pages import reason_of as reason_phrase
from ..http.response import BadResponse
from ..interfaces import GroupMessage, RequestHead, UpgradeRequest
from .early import EarlyReplies
from .ending import disconnect_content, fields_of, last_will, log_end, reason_of
from .group_replies import shared_reply
from .handshake import action_details, choose_subprotocol, connect_content, header_lines, offered_subprotocols, shown
from .keepalive import Due, Keepalive
from .output import Progress
from .protocol import Socket
from .replies import BadReply, Reply, State, Step, parse_reply, plain_frame, steps
from .sockets import SocketFactory

if TYPE_CHECKING:
    from ..hub import Hub

log = logging.getLogger(__name__)
log.addFilter(ClientLines())


#: Seconds from a close frame of either side to the end of the TCP connection; then it is aborted.
CLOSE_SECONDS = 5.0
#: The factor by which this is extended for a client that continues to read.
CLOSE_EXTENSIONS = 12
#: The same for a client that does not read.
CUT_OFF_SECONDS = 1.0


class WebSocket:
    """Owns a conversation and, once accepted, a socket."""

    #: The client's progress in reading at the last ping, at the close, or at the last check.
    _progress: Progress | None = None
    _extensions_left = CLOSE_EXTENSIONS
    conversation_class = Conversation
    is_socket = True
    #: Why the server or the application closes it.
    _reason = ""

    def __init__(self, hub: "Hub", sockets: SocketFactory, request: UpgradeRequest, key: str) -> None:
        """Register with the hub.

        Raises:
            TooManyConnections: the process has as many as it may.
        """
        self._hub = hub
        self._sockets = sockets
        #: The handshake; None once it is answered, since its headers are most of what an idle socket would hold.
        self._request: UpgradeRequest | None = request
        self._key = key
        self._path = request.head.path
        self._details = action_details(request.head)
        self._order = 0
        self._socket: Socket | None = None
        self._state = State.HANDSHAKE
        self._early = EarlyReplies(hub.config.output_buffer_max_bytes)
        self._keepalive = Keepalive(sockets.limits, hub.clock.seconds())
        #: One deadline for all: the answer to the handshake, keep-alive, the end of the close.
        self._deadline = Deadline(hub.deadlines, self._time_is_up)
        self._conversation = self.conversation_class(hub, self)

        request.on_left(partial(self._end, protocol.ABNORMAL_CLOSURE))

    def begin(self, head: RequestHead) -> None:
        """Emit `websocket.connect`."""
        self._log_action("connecting")
        self._deadline.set(self._hub.config.websocket_handshake_timeout_seconds)
        reply_channel = self._conversation.reply_channel
        content, will = connect_content(head, reply_channel), last_will(reply_channel, self._path)
        self._conversation.emit(protocol.CONNECT, content, insist=False, will=will)

    # Called by the conversation.

    @property
    def is_open(self) -> bool:
        """Return whether the socket is open in both directions."""
        return self._state is State.OPEN

    @property
    def facts(self) -> tuple[str, str | None, float]:
        """The path, the address of the client, and when it came, by the clock of the process."""
        return self._path, self._details["client"], self._keepalive.opened_at

    def deliver(self, content: Content) -> None:
        """Take one reply of the application."""
        if self._state is State.OPEN and (frame := plain_frame(content)) is not None:
            self._send(frame)
            return
        try:
            reply = parse_reply(content)
        except BadReply as error:
            self._take_bad_reply(error, error.instead)
        else:
            self._carry_out(reply)

    def deliver_group(self, message: GroupMessage) -> None:
        """Take a group message: it never accepts, and waits for the accept if it comes before it."""
        self._take_from_group(message.shared or shared_reply(message, self._hub.counters))

    def _take_from_group(self, reply: Reply) -> None:
        if self._state is State.OPEN and not self._early:
            if reply.frame is not None:
                self._send(reply.frame, is_shared=True)
            if reply.close is not None:
                self._carry_out(Reply(close=reply.close, reason=reply.reason))
        elif self._state in (State.HANDSHAKE, State.OPEN) and not self._early.keep(reply):
            self._hub.counters.add(Count.GROUP_MESSAGES_DROPPED)

    def replied(self) -> None:
        """Send the group messages of the handshake: all replies of the connect consumer have been sent."""
        if self._early and self._state is State.OPEN:
            for reply in self._early.take():
                self._take_from_group(reply)

    def refused(self) -> None:
        """The connect event was not taken."""
        self._answer_error(503, "Service Unavailable")
        self._close_conversation(None)

    def lost(self) -> None:
        """A turn was lost: a handshake is answered 503, since no answer will come; the loss of a frame is counted."""
        if self._state is State.HANDSHAKE:
            self._refuse(503, "Service Unavailable")

    def congested(self) -> None:
        """Stop reading."""
        if self._socket is not None:
            self._socket.hold()

    def relieved(self) -> None:
        """Go on reading."""
        if self._socket is not None:
            self._keepalive.resumed(self._hub.clock.seconds())
            self._socket.release()
            self._look_after()

    def go_away(self) -> None:
        """Close because the server drains. A handshake is completed first: its client would read this as a refusal."""
        seconds = random() * self._hub.reconnect_seconds
        self._close(protocol.SERVICE_RESTART, f"server restart, retry after {seconds:.2f} s", State.LEAVING)

    def failed(self) -> None:
        """Something of ours raised."""
        if self._state is State.HANDSHAKE:
            self._refuse(500, "Internal Server Error")
        else:
            self._close(protocol.INTERNAL_ERROR, "internal error")

    def abort(self) -> None:
        """The grace period is over."""
        if self._socket is not None:
            self._socket.abort()
        elif self._state is State.HANDSHAKE:
            self._refuse(503, "Service Unavailable")

    # Called by the socket.

    def heard(self) -> None:
        """The client is alive."""
        self._keepalive.heard_at = self._hub.clock.seconds()

    def received(self, payload: bytearray, is_binary: bool) -> None:
        """Emit a message of the client; one that follows a close of the application is dropped."""
        if self._state is not State.OPEN and self._state is not State.LEAVING:
            return
        self._keepalive.talked_at = self._keepalive.heard_at
        self._order += 1
        conversation = self._conversation
        content: Content = {"reply_channel": conversation.reply_channel, "path": self._path, "order": self._order}
        if is_binary:
            content["bytes"] = bytes(payload)
        else:
            content["text"] = payload.decode()
        conversation.emit(protocol.RECEIVE, content, insist=True)

    def closing(self) -> None:
        """Bound the rest of the closing handshake, which has begun from either side."""
        if self._state is State.OPEN:
            self._state = State.CLOSING
            self._deadline.set(CLOSE_SECONDS)

    def cut_off(self) -> None:
        """Close a client that does not read."""
        self._hub.counters.add(Count.SLOW_CLIENTS)
        self._close(protocol.TRY_AGAIN_LATER, "reads too slowly")
        self._deadline.set(CUT_OFF_SECONDS)

    def shed(self) -> None:
        """Close with 1013, or abort if that would wait behind other output: all buffers together exceed their bound."""
        self._hub.counters.add(Count.BUFFERS_SHED)
        is_writable = self._state is State.OPEN and self._socket is not None and self._socket.is_writable
        self._close(protocol.TRY_AGAIN_LATER, "too much waits")
        if is_writable:
            self._deadline.set(CUT_OFF_SECONDS)
        else:
            self.abort()

    def disconnected(self, code: int) -> None:
        """The connection has gone."""
        self._end(code)
        self._socket = None  # its transport's buffers are freed now, not with the next collection of cycles

    # Replies.

    def _carry_out(self, reply: Reply) -> None:
        for step in steps(self._state, reply):
            if step is Step.REJECT:
                self._refuse_for_application(reply)
            elif step is Step.ACCEPT:
                self._accept(reply)
            elif step is Step.SEND and reply.frame is not None:
                self._send(reply.frame)
            elif step is Step.CLOSE and reply.close is not None:
                self._close_for_application(reply.close, reply.reason)

    def _take_bad_reply(self, error: ValueError, instead: Reply | None = None) -> None:
        """Log a reply that cannot be carried out; a handshake, which nothing else would end, is answered with 500."""
        is_handshake = self._state is State.HANDSHAKE
        outcome = "answered with 500" if is_handshake else "ignored" if instead is None else "a close with 1011"
        log.error("A reply is %s: %s", outcome, error, extra=about(self))
        self._hub.counters.add(Count.REPLIES_BAD)
        if is_handshake:
            self._refuse(500, "Internal Server Error")
        elif instead is not None:
            self._carry_out(instead)

    def _accept(self, reply: Reply) -> None:
        request, wanted = self._request, reply.subprotocol
        if request is None:
            return
        try:
            lines = header_lines(reply.headers, request.head)
        except BadResponse as error:
            self._take_bad_reply(error)
            return
        offered = offered_subprotocols(request.head)
        subprotocol = choose_subprotocol(offered, wanted, self._hub.config.ws_protocols)
        if wanted is not None and subprotocol is None:
            log.error("Subprotocol %r was not offered: accepting without one", wanted, extra=about(self))
        extensions = request.head.all(b"sec-websocket-extensions")
        self._socket = socket = self._sockets.socket(self, subprotocol, extensions)
        sent_early = request.take_over(socket)
        self._request = None
        self._state = State.OPEN
        socket.open(self._key, lines)
        self._keepalive.resumed(self._hub.clock.seconds())
        self._look_after()
        self._log_action("connected")
        if sent_early:
            socket.dataReceived(sent_early)
        if self._hub.is_stopping:
            self._hub.clock.callLater(0, self.go_away)  # behind the replies that came with the accept

    def _send(self, frame: bytes, is_shared: bool = False) -> None:
        if self._socket is not None and self._state is State.OPEN:
            self._keepalive.talked_at = self._hub.clock.seconds()
            self._socket.send_frame(frame, is_shared)

    def _close_for_application(self, code: int, reason: str) -> None:
        if protocol.is_sendable(code):
            self._close(code, reason, by="application")
            return
        log.error("Close code %d is not allowed (%s): closing with 1011", code, protocol.SENDABLE, extra=about(self))
        self._hub.counters.add(Count.REPLIES_BAD)
        self._close(protocol.INTERNAL_ERROR, "internal error")

    def _close(self, code: int, reason: str = "", state: State = State.CLOSING, by: str = "server") -> None:
        if self._socket is None or self._state is not State.OPEN:
            return
        self._state = state
        self._reason = f"{by}: {reason or 'no reason given'}"
        self._deadline.set(CLOSE_SECONDS)
        self._socket.sendCloseFrame(code, reason.encode() or None)
        self._note_progress()

    # The end.

    def _refuse_for_application(self, reply: Reply) -> None:
        request, self._reason = self._request, "application: refused"
        if request is None or not reply.headers and reply.content is None:
            self._refuse(reply.status, reason_phrase(reply.status))
            return
        try:
            request.respond(reply.status, reply.headers, reply.content or b"")
        except BadResponse as error:
            self._take_bad_reply(error)
            return
        self._request = None
        self._log_action("rejected", status=reply.status, reason=self._reason)
        self._end(protocol.ABNORMAL_CLOSURE)

    def _refuse(self, status: int, reason: str) -> None:
        self._answer_error(status, reason)
        self._end(protocol.ABNORMAL_CLOSURE)

    def _answer_error(self, status: int, reason: str) -> None:
        request, self._request = self._request, None
        if request is not None:
            self._reason = self._reason or f"server: {reason}"
            self._log_action("rejected", status=status, reason=self._reason)
            request.respond_error(status, reason)

    def _end(self, code: int) -> None:
        if self._state is State.CLOSED:
            return
        if self._socket is not None:
            reason = self._reason or reason_of(self._socket, code)
            log_end(self, code, reason)
            self._log_action("disconnected", code=code, reason=reason)
        self._close_conversation(code)

    def _close_conversation(self, code: int | None) -> None:
        """Close the conversation, with a `websocket.disconnect` if there is a code."""
        self._state = State.CLOSED
        self._deadline.stop()
        self._early.take()
        conversation = self._conversation
        if code is None:
            conversation.close()
            return
        content = disconnect_content(conversation.reply_channel, self._path, code)
        conversation.close(protocol.DISCONNECT, {**content, "order": self._order + 1})

    # Time.

    def _time_is_up(self) -> None:
        if self._state is State.HANDSHAKE:
            if self._hub.workers.is_missing:
                reason = "no worker takes messages from the layer"
            else:
                reason = f"no consumer has answered it for {self._hub.config.websocket_handshake_timeout_seconds:g} s"
            log.info("Refused a WebSocket on %s with 503: %s", shown(self._path), reason, extra=about(self))
            self._hub.counters.add(Count.HANDSHAKES_SILENT)
            self._refuse(503, "Service Unavailable")
        elif self._state is State.OPEN:
            self._look_after()
        elif self._extensions_left > 0 and self._note_progress():
            self._extensions_left -= 1
            self._deadline.set(CLOSE_SECONDS)
        else:
            self.abort()

    def _look_after(self) -> None:
        """Ping or close after silence or at an age, and set the next deadline."""
        if self._socket is None or self._state is not State.OPEN:
            return
        now, is_reading = self._hub.clock.seconds(), not self._socket.is_held
        due = self._keepalive.check(now, is_reading)
        if due is Due.PING:
            self._socket.sendPing()
            self._note_progress()
        elif due is Due.DROP and self._note_progress():
            self._keepalive.heard_at = now  # the ping waits behind what the client is still taking
        elif due is Due.DROP:
            self._reason = "server: no pong"
            self._socket.abort()
        elif due in (Due.CLOSE_IDLE, Due.CLOSE_OLD):
            self._close(protocol.NORMAL_CLOSURE, due.value)
        if self._state is State.OPEN:
            self._deadline.set(self._keepalive.next_check(now, is_reading))

    def _note_progress(self) -> bool:
        """Return whether the client has read anything since the last call."""
        progress = None if self._socket is None else self._socket.output_progress
        before, self._progress = self._progress, progress
        return progress is not None and before is not None and progress > before

    def log_fields(self) -> dict[str, object]:
        """Return what log lines say of this connection."""
        return fields_of(self._conversation, self._path, self._details)

    def _log_action(self, action: str, **more: object) -> None:
        if self._hub.log_action is not no_log:
            self._hub.log_action("websocket", action, {**self.log_fields(), **self._details, **more})
