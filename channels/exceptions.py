"""Exceptions by which a consumer or view decides about its message. The worker's `verdicts` acts on them.

TowpathError
 ├─ ConsumeLater               the message goes back to the end of its channel
 ├─ DenyConnection             the WebSocket handshake is answered with 403
 ├─ ChannelSocketException     another action on the connection: see `run`
 │   └─ WebsocketCloseException
 ├─ InvalidFrame               the client sent a frame that its consumer cannot read: one line in the log
 ├─ SendNotAvailableOnDemultiplexer   the socket has several streams: say which
 ├─ ResponseLater              other code answers the request later
 ├─ RequestTimeout             the client was too slow with its body
 └─ RequestAborted             the client left before its body was complete
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from towpath.layers.contract import Content
from towpath.layers.errors import TowpathError
from towpath.layers.protocol import SENDABLE as SENDABLE  # exported for consumers
from towpath.layers.protocol import is_sendable as is_sendable
from towpath.layers.replies import check_websocket_reply

if TYPE_CHECKING:
    from .message import Message


class ConsumeLater(TowpathError):
    """Raised by a consumer that cannot handle its message yet; it runs again later, a bounded number of times."""


class DenyConnection(TowpathError):
    """Raised by a consumer of `websocket.connect` to refuse the handshake; its text is for the log.

    `status` (403 if it is None), `headers` and `content` are those of the HTTP response that refuses it.

    Raises:
        InvalidReply: they are not those of a refusal (see `towpath.layers.replies`).
    """

    def __init__(
        self,
        *args: object,
        status: int | None = None,
        headers: Sequence[Sequence[str | bytes]] | None = None,
        content: bytes | None = None,
    ) -> None:
        super().__init__(*args)
        parts = {"status": status, "headers": headers, "content": content}
        given = {key: value for key, value in parts.items() if value is not None}
        #: The reply that refuses the handshake; None for the usual one.
        self.reply: Content | None = {"accept": False, **given} if given else None
        if self.reply is not None:
            check_websocket_reply(self.reply)


class ChannelSocketException(TowpathError):
    """Raised by a consumer to act on the connection; subclasses define the action in `run`."""

    def run(self, message: "Message") -> None:
        """Act on the connection of `message`; sends are held, as in the consumer."""
        raise NotImplementedError(f"{type(self).__name__} has to define run(message)")


class WebsocketCloseException(ChannelSocketException):
    """Raised by a WebSocket consumer to close the socket, with `code` or the normal closure, and with `reason`.

    Raises:
        ValueError: `code` is neither None nor one that a server may send (see `towpath.layers.protocol`), or
            `reason` is not a str of at most 123 bytes of UTF-8.
    """

    def __init__(self, code: int | None = None, reason: str | None = None) -> None:
        if code is not None and not is_sendable(code):
            raise ValueError(f"a WebSocket is closed with None, or a code of {SENDABLE}, not {code!r}")
        super().__init__(code)
        self.code = code
        self.reply: Content = {"close": True if code is None else code}
        if reason is not None:
            self.reply["reason"] = reason
        check_websocket_reply(self.reply)

    def run(self, message: "Message") -> None:
        """Close the socket after what the consumer sent before."""
        if message.reply_channel is None:
            raise ValueError(f"a message on {message.channel_name!r} has no connection that could be closed")
        message.reply_channel.send(self.reply)


class InvalidFrame(TowpathError, ValueError):
    """Raised for a frame that its consumer cannot read: a mistake of the client, logged without a traceback.

    The text is logged up to a bound: say what is wrong, without the client's data.
    """


class SendNotAvailableOnDemultiplexer(TowpathError):
    """Raised by `send` where a socket has several streams and the frame would belong to none of them."""


class ResponseLater(TowpathError):
    """Raised by a view whose response is sent by other code on the request's reply channel."""


class RequestTimeout(TowpathError):
    """Raised while a request's body is read and its next part does not come in time; answered with 408."""


class RequestAborted(TowpathError):
    """Raised while a request's body is read and the client has left."""
