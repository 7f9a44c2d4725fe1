"""From response messages to response heads: validation, the server's own headers, and the framing of the body. No IO.

| key of a response message | type | meaning |
|---|---|---|
| `status` | int, 200 to 599 | only in the first message, and there always |
| `headers` | list of [name, value], bytes, or str, which is sent as UTF-8 | only in the first message |
| `content` | bytes | |
| `more_content` | bool | False, or absent: this is the last message |
| `flow_channel` | str | the channel of the notices about the bytes taken (see `flow`) |
| `closed` | True | no more parts: the sender has failed |

Before a response, `flow_channel` alone asks for a notice if the client leaves.
"""

import re
import time
from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

from twisted.web.http import datetimeToString

from towpath.layers.contract import Content

from .headers import LENGTH_MAX_DIGITS, VALUE

Headers = list[tuple[bytes, bytes]]

#: Statuses whose responses end with their head (RFC 9112, section 6.3); a length would be of another response.
ENDS_WITH_HEAD = frozenset((204, 304))
#: The status whose response has no content and says so by its length, since clients wait for one (RFC 9110, 15.3.6).
RESET_CONTENT = 205

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(VALUE)
#: Headers that belong to one connection: the server writes its own.
_OF_THE_CONNECTION = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"))


class BadResponse(ValueError):
    """Raised when the application's reply is not a response message. Says what is wrong with it."""


class Ending(Enum):
    """The framing of a body, which gives its end."""

    LENGTH = "content-length"
    CHUNKED = "transfer-encoding"
    CLOSE = "the connection closes"
    FRAME = "a flag of HTTP/2"
    NO_BODY = "there is none"


class ResponseHead(NamedTuple):
    """A response's head, ready to be written. `length` is the announced one; None if there is none."""

    status: int
    headers: Headers
    ending: Ending
    length: int | None
    #: The application asked for the connection to be closed.
    is_last: bool


class Part(NamedTuple):
    """One response message, checked. `status` None: a later part."""

    status: int | None
    headers: Sequence[Any]
    content: bytes
    more_content: bool
    flow_channel: str | None


def parse_part(message: Content, *, is_first: bool) -> Part:
    """Check a response message.

    Raises:
        BadResponse: a key is missing, not wanted here, or of a wrong type; or the sender gives up.
    """
    status, content = message.get("status"), message.get("content", b"")
    flow_channel = message.get("flow_channel")
    if message.get("closed"):
        raise BadResponse("the application gave up")
    if is_first and (type(status) is not int or not 200 <= status <= 599):
        raise BadResponse(f"status is {status!r}: a response begins with an int from 200 to 599")
    if not is_first and status is not None:
        raise BadResponse("status in a later part of a response")
    if not isinstance(content, bytes):
        raise BadResponse(f"content is a {type(content).__name__}, not bytes")
    if flow_channel is not None and not isinstance(flow_channel, str):
        raise BadResponse(f"flow_channel is a {type(flow_channel).__name__}, not a str")
    headers = message.get("headers") or ()
    if not isinstance(headers, (list, tuple)):
        raise BadResponse(f"headers is a {type(headers).__name__}, not a list")
    return Part(status, headers, content, bool(message.get("more_content")), flow_channel)


def response_head(part: Part, method: str, http_version: str, date: bytes) -> ResponseHead:
    """Join the application's headers with those that the server adds: length or coding, and the date.

    Raises:
        BadResponse: a header is not a pair of bytes, would break the head, or announces a wrong length.
    """
    status = part.status or 500
    headers, found = _checked(part.headers)
    length = _announced(found)
    has_no_content = method == "HEAD" or status in ENDS_WITH_HEAD or status == RESET_CONTENT
    if has_no_content:
        length = _length_without_content(part, status, length, headers)
    elif length is None and not part.more_content:
        length = len(part.content)
        headers.append((b"Content-Length", b"%d" % length))
    elif length is not None and not part.more_content and length != len(part.content):
        raise BadResponse(f"content-length is {length}, but the content has {len(part.content)} bytes")
    if b"date" not in found:
        headers.append((b"Date", date))
    ending = Ending.NO_BODY if has_no_content else _ending(length, http_version)
    if ending is Ending.CHUNKED:
        headers.append((b"Transfer-Encoding", b"chunked"))
    return ResponseHead(status, headers, ending, length, b"close" in found.get(b"connection", b"").lower())


def _length_without_content(part: Part, status: int, length: int | None, headers: Headers) -> int | None:
    """Add the headers of a response without content, whatever the application sent; return the length."""
    if status in ENDS_WITH_HEAD or status == RESET_CONTENT:
        headers[:] = [pair for pair in headers if pair[0].lower() != b"content-length"]
        length = None if status in ENDS_WITH_HEAD else 0
    elif length is None and part.content and not part.more_content:
        length = len(part.content)  # to HEAD: what GET would get
    else:
        return length
    if length is not None:
        headers.append((b"Content-Length", b"%d" % length))
    return length


def _checked(pairs: Sequence[Any]) -> tuple[Headers, dict[bytes, bytes]]:
    """Return the headers to send, and the ones that mean something to the server, by lower-case name."""
    headers: Headers = []
    found: dict[bytes, bytes] = {}
    for pair in pairs:
        name, value = checked_header(pair)
        key = name.lower()
        if key == b"content-length" and key in found:
            raise BadResponse("more than one content-length")
        if key in (b"content-length", b"date", b"connection"):
            found[key] = value
        if key not in _OF_THE_CONNECTION:
            headers.append((name, value))
    return headers, found


def checked_header(pair: Any) -> tuple[bytes, bytes]:
    """Return the name and value of a header as bytes; str is encoded as UTF-8.

    Raises:
        BadResponse: it is not such a pair, or would break the head.
    """
    if not isinstance(pair, (list, tuple)) or len(pair) != 2:
        raise BadResponse("a header is not a pair [name, value]")
    name, value = (part.encode() if isinstance(part, str) else part for part in pair)
    if not isinstance(name, bytes) or not isinstance(value, bytes):
        raise BadResponse(f"the header {name!r} is neither bytes nor str")
    if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
        raise BadResponse(f"the header {name!r} would break the response's head")
    return name, value


def _announced(found: dict[bytes, bytes]) -> int | None:
    value = found.get(b"content-length")
    if value is None:
        return None
    if not value.isdigit() or len(value) > LENGTH_MAX_DIGITS:
        raise BadResponse(f"content-length is {value!r}, not a number")
    return int(value)


def _ending(length: int | None, http_version: str) -> Ending:
    if http_version == "2":
        return Ending.FRAME
    if length is not None:
        return Ending.LENGTH
    return Ending.CHUNKED if http_version == "1.1" else Ending.CLOSE


class DateHeader:
    """The value of the Date header, made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._value = b""

    def now(self) -> bytes:
        """Return the time as an HTTP date."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._value = datetimeToString(second)
        return self._value
