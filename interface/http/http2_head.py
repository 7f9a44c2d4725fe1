"""The head of an HTTP/2 request: checked as one of HTTP/1 is. No IO."""

from typing import Any

from .headers import BadRequest, ParsedHead, check_headers, checked_head


# `Any`: the types of frames' headers differ between versions of the library.
def parse_http2_head(headers: list[Any], head_max_bytes: int, headers_max_count: int) -> ParsedHead:
    """Check the headers of a HEADERS frame as those of HTTP/1 are checked.

    Raises:
        BadRequest: they are malformed, ambiguous, or too many.
    """
    if sum(len(name) + len(value) for name, value in headers) > head_max_bytes or len(headers) > headers_max_count:
        raise BadRequest("the head is too long", 431)
    pseudo = {bytes(name): bytes(value) for name, value in headers if name[:1] == b":"}
    plain = check_headers((bytes(name), bytes(value)) for name, value in headers if name[:1] != b":")
    method, target = pseudo.get(b":method", b""), pseudo.get(b":path", b"")
    authority = pseudo.get(b":authority")
    if authority is not None:
        plain = [(b"host", authority), *(pair for pair in plain if pair[0] != b"host")]
    if not target.startswith(b"/") and target != b"*":
        raise BadRequest("the request target is not valid")
    return checked_head(method, target, "2", _with_one_cookie(plain))


def _with_one_cookie(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Join what HTTP/2 may split (RFC 9113, 8.2.3)."""
    crumbs = [value for name, value in headers if name == b"cookie"]
    if len(crumbs) < 2:
        return headers
    return [*(pair for pair in headers if pair[0] != b"cookie"), (b"cookie", b"; ".join(crumbs))]
