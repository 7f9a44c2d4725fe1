"""The head of an HTTP/1 request: the only place where client headers are read. Bytes in, plain data out, no IO.

Everything that two parsers could read differently is refused with 400 (RFC 9112, sections 2.2, 3, 5 and 6): request
smuggling begins there. Names that hold `_` are dropped, because a CGI-like environment cannot distinguish them from
names with `-`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple
from urllib.parse import unquote_to_bytes

Headers = tuple[tuple[bytes, bytes], ...]
Version = Literal["1.0", "1.1", "2"]

#: A Content-Length of more digits is a mistake, or an attack on the next parser.
LENGTH_MAX_DIGITS = 18

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# The characters of UTF-8 that may hold the byte 0x85, byte by byte (RFC 3629, section 4); U+0085, C2 85, is not listed.
_TAIL = rb"[\x80-\xbf]"
_CHARACTERS = (
    (rb"[\xc3-\xdf]", _TAIL),
    (rb"\xe0", rb"[\xa0-\xbf]", _TAIL),
    (rb"[\xe1-\xec\xee\xef]", _TAIL, _TAIL),
    (rb"\xed", rb"[\x80-\x9f]", _TAIL),
    (rb"\xf0", rb"[\x90-\xbf]", _TAIL, _TAIL),
    (rb"[\xf1-\xf3]", _TAIL, _TAIL, _TAIL),
    (rb"\xf4", rb"[\x80-\x8f]", _TAIL, _TAIL),
)
_INSIDE_CHARACTER = b"|".join(
    b"(?<=" + b"".join(character[:at]) + b")(?=" + b"".join(character[at:]) + b")"
    for character in _CHARACTERS
    for at in range(1, len(character))
)
_PLAIN_VALUE = rb"[\t\x20-\x7e\x80-\x84\x86-\xff]*"
#: A header's value: HTAB, SP, VCHAR and obs-text. Some libraries split lines at NEL, as at VT, FF, FS, GS and RS: the
#: byte 0x85 is valid only as part of another character of UTF-8. The lookahead keeps values without it fast.
VALUE = _PLAIN_VALUE + rb"(?:(?=\x85)(?:(?:" + _INSIDE_CHARACTER + rb")\x85" + _PLAIN_VALUE + rb")*)?"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([\x21-\x7e]+) HTTP/(\d\.\d)")
HEADER_LINE = re.compile(rb"(" + _TOKEN + rb"):(" + VALUE + rb")")
_NAME = re.compile(_TOKEN)
_VALUE_ONLY = re.compile(VALUE)
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]*)(/[^?]*)?(?:\?(.*))?")
_FRAMING = frozenset((b"host", b"content-length", b"transfer-encoding", b"connection", b"expect"))
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._~!$&'()*+,;=%\-]*)(?::\d{0,5})?")


class BadRequest(Exception):
    """Raised when a request is malformed or ambiguous. Holds the status of the answer."""

    def __init__(self, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


class ParsedHead(NamedTuple):
    """A validated head of a request. `length` of the body in bytes; None if it is not announced."""

    method: str
    target: bytes
    path: str
    query_string: bytes
    version: Version
    headers: Headers
    host: bytes
    length: int | None
    is_last: bool
    #: The client waits for a 100 before it sends the body.
    expects_continue: bool


def parse_head(lines: Sequence[bytes], headers_max_count: int) -> ParsedHead:
    """Parse the lines of an HTTP/1 head, without their line ends and without the empty one.

    Raises:
        BadRequest: it is malformed or ambiguous (400), has too many headers (431), or names a coding or a version that
            is not supported (501, 505).
    """
    method, target, version = _parse_request_line(lines[0])
    if len(lines) - 1 > headers_max_count:
        raise BadRequest(f"more than {headers_max_count} headers", 431)
    headers = _parse_header_lines(lines[1:])
    return checked_head(method, target, version, headers)


def checked_head(method: bytes, target: bytes, version: Version, headers: Sequence[tuple[bytes, bytes]]) -> ParsedHead:
    """Check the rules that concern several headers, and join them with the request line.

    Raises:
        BadRequest: as `parse_head` does.
    """
    framing = _framing(headers)
    path, query_string, authority = split_target(target, method)
    host = _host(framing.get(b"host", ()), version)
    if authority is not None and authority != host:
        host = authority
        headers = [(b"host", authority), *(pair for pair in headers if pair[0] != b"host")]
    return ParsedHead(
        method=method.decode("ascii").upper(),
        target=target,
        path=path,
        query_string=query_string,
        version=version,
        headers=tuple(headers),
        host=host,
        length=_body_length(framing, version),
        is_last=version == "1.0" or (b"connection" in framing and b"close" in tokens(framing[b"connection"])),
        expects_continue=b"expect" in framing and version != "1.0" and _expects_continue(framing[b"expect"]),
    )


def _framing(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    """Collect the headers that decide on the end and the recipient of a message; most heads have one or two of them."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        if name in _FRAMING:
            found.setdefault(name, []).append(value)
    return found


def _parse_request_line(line: bytes) -> tuple[bytes, bytes, Version]:
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise BadRequest("the request line is not valid")
    method, target, version = match.groups()
    if version == b"1.1":
        return method, target, "1.1"
    if version == b"1.0":
        return method, target, "1.0"
    raise BadRequest("this version of HTTP is not spoken here", 505)


def _parse_header_lines(lines: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    headers = []
    for line in lines:
        match = HEADER_LINE.fullmatch(line)
        if match is None:
            raise BadRequest(_what_is_wrong(line))
        name, value = match.groups()
        if b"_" not in name:
            headers.append((name.lower(), value.strip(b" \t")))
    return headers


def _what_is_wrong(line: bytes) -> str:
    if line[:1] in (b" ", b"\t"):
        return "a header is folded over several lines"
    name, colon, _ = line.partition(b":")
    if not colon or _NAME.fullmatch(name) is None:
        return "a header's name is not valid"
    return "a header's value holds a control character"


def check_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Check headers that arrive as pairs (HTTP/2), and drop names with `_`.

    Raises:
        BadRequest: a name or value holds a byte that it must not.
    """
    checked = []
    for name, value in headers:
        if _NAME.fullmatch(name) is None or _VALUE_ONLY.fullmatch(value) is None:
            raise BadRequest("a header is not valid")
        if b"_" not in name:
            checked.append((name.lower(), value.strip(b" \t")))
    return checked


def split_target(target: bytes, method: bytes) -> tuple[str, bytes, bytes | None]:
    """Split a request target (RFC 9112, 3.2) into its decoded path, its raw query string and its authority.

    The authority is None where the target has none. `*`, of OPTIONS, is a path of its own.

    Raises:
        BadRequest: no such form, or its path is not percent-encoded UTF-8.
    """
    if target.startswith(b"/"):
        raw, _, query_string = target.partition(b"?")
        return decode_path(raw), query_string, None
    if target == b"*" and method == b"OPTIONS":
        return "*", b"", None
    match = _ABSOLUTE.fullmatch(target)
    if match is None or not match[1] or _HOST.fullmatch(match[1]) is None:
        raise BadRequest("the request target is not valid")
    return decode_path(match[2] or b"/"), match[3] or b"", match[1]


def decode_path(raw: bytes) -> str:
    """Percent-decode a path.

    Raises:
        BadRequest: it is not ASCII, has a fragment, or does not decode to UTF-8.
    """
    if not raw.isascii() or b"#" in raw:
        raise BadRequest("the request target is not valid")
    if b"%" not in raw:
        return raw.decode("ascii")
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("the path is not UTF-8") from None


def tokens(values: Iterable[bytes]) -> set[bytes]:
    """Return the comma-separated tokens of a header's values, in lower case."""
    return {token.strip(b" \t").lower() for value in values for token in value.split(b",")}


def _host(hosts: Sequence[bytes], version: Version) -> bytes:
    if len(hosts) > 1:
        raise BadRequest("more than one Host header")
    if not hosts:
        if version == "1.0":
            return b""
        raise BadRequest("no Host header")
    if _HOST.fullmatch(hosts[0]) is None:
        raise BadRequest("the Host header is not valid")
    return hosts[0]


def _body_length(framing: dict[bytes, list[bytes]], version: Version) -> int | None:
    lengths, codings = framing.get(b"content-length"), framing.get(b"transfer-encoding")
    if codings is not None:
        if version != "1.1" or lengths is not None:
            raise BadRequest("the length of the body is not clear")
        if len(codings) != 1 or codings[0].lower() != b"chunked":
            raise BadRequest("this transfer coding is not understood here", 501)
        return None
    if lengths is None:
        return 0
    (length, *others) = lengths
    if others or not length.isdigit() or len(length) > LENGTH_MAX_DIGITS:
        raise BadRequest("the length of the body is not clear")
    return int(length)


def _expects_continue(values: Sequence[bytes]) -> bool:
    return any(value.lower() == b"100-continue" for value in values)
