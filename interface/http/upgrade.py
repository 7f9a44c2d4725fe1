"""A WebSocket handshake in HTTP (RFC 6455, 4.2.1): detected, validated, and kept until it is answered."""

import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.protocol import Protocol

from ..interfaces import RequestHead
from .answer import DATE
from .headers import BadRequest, ParsedHead, tokens
from .pages import page
from .request_id import add_request_id
from .response import Ending, Part, response_head
from .wire import Wire

log = logging.getLogger(__name__)

VERSION = b"13"
#: Sent with 426, so that a client of another version learns the supported one (RFC 6455, 4.4).
VERSION_HEADERS = ((b"Sec-WebSocket-Version", VERSION), (b"Upgrade", b"websocket"))
#: 16 bytes in base64 (RFC 6455, 4.1).
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")

TakeOver = Callable[[Protocol], bytes]


class WrongVersion(BadRequest):
    """Raised when the client uses another version of the WebSocket protocol: answer with `VERSION_HEADERS`."""


def wants_websocket(head: ParsedHead) -> bool:
    """Return whether a request is a WebSocket handshake, valid or not."""
    values = [value for name, value in head.headers if name == b"upgrade"]
    return bool(values) and b"websocket" in tokens(values)


def check_handshake(head: ParsedHead) -> None:
    """Check a request that `wants_websocket`.

    Raises:
        BadRequest: the handshake is not valid.
        WrongVersion: it is valid in another version.
    """
    if head.method != "GET" or head.version != "1.1" or head.length != 0:
        raise BadRequest("a WebSocket handshake is a GET of HTTP/1.1 without a body")
    if b"upgrade" not in tokens(_values(head, b"connection")):
        raise BadRequest("a WebSocket handshake has Connection: Upgrade")
    keys = _values(head, b"sec-websocket-key")
    if len(keys) != 1 or _KEY.fullmatch(keys[0]) is None:
        raise BadRequest("Sec-WebSocket-Key is not valid")
    if _values(head, b"sec-websocket-version") != [VERSION]:
        raise WrongVersion("this version of the WebSocket protocol is not supported", 426)


def _values(head: ParsedHead, wanted: bytes) -> list[bytes]:
    return [value for name, value in head.headers if name == wanted]


class Handshake:
    """A valid handshake that is not answered yet (see `interfaces.UpgradeRequest`); occupies its wire."""

    def __init__(self, wire: Wire, head: RequestHead, take_over: TakeOver) -> None:
        self.head = head
        self._wire = wire
        self._take_over = take_over
        self._left: Callable[[], None] | None = None
        self._is_open = True

    def on_left(self, left: Callable[[], None]) -> None:
        """Call `left` if the client disconnects before the answer."""
        self._left = left

    def respond_error(self, status: int, reason: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Answer with a small HTML page and close the connection; nothing happens if the client has left."""
        if self._is_open:
            self._is_open = False
            response, content = page(status, reason, "", headers, DATE.now())
            add_request_id(response.headers, self.head)
            self._wire.start(response, content, is_last=True)

    def respond(self, status: int, headers: Sequence[Any], content: bytes) -> None:
        """Answer with a response of the application's and close the connection; see `interfaces.UpgradeRequest`.

        Raises:
            BadResponse: a header is not valid; nothing is answered.
        """
        part = Part(status, headers, content, more_content=False, flow_channel=None)
        head = response_head(part, self.head.method, self.head.http_version, DATE.now())
        if self._is_open:
            self._is_open = False
            add_request_id(head.headers, self.head)
            has_content = head.ending is not Ending.NO_BODY
            self._wire.start(head._replace(is_last=True), content if has_content else b"", is_last=True)

    def take_over(self, protocol: Protocol) -> bytes:
        """Take the transport from HTTP; see `interfaces.UpgradeRequest`.

        Raises:
            RuntimeError: the client has left, or the request is answered.
        """
        if not self._is_open:
            raise RuntimeError("the WebSocket handshake is over: its client has left, or was answered")
        self._is_open = False
        return self._take_over(protocol)

    def client_left(self) -> None:
        """Notify the owner of the handshake."""
        if self._is_open:
            self._is_open = False
            if self._left is not None:
                self._left()

    def timed_out(self) -> None:
        """Never called: the owner of the handshake has a timer."""

    def drained(self) -> None:
        """Nothing waits for this."""

    def body_received(self, data: bytes) -> None:
        """Never called: a handshake has no body."""

    def body_complete(self) -> None:
        """Never called: a handshake has no body."""
